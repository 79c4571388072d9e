// SPDX-License-Identifier: GPL-2.0
/*
 * Open render nodes, and what their fdinfo tells (Documentation/gpu/drm-usage-stats.rst).
 *
 * All keys are printed here, on every kernel alike: DRM's own helpers came and changed between 6.1 and 6.12.
 */
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <linux/pci.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "internal.h"

static atomic64_t last_id = ATOMIC64_INIT(0);

/** vgpu_drm_open - a render node is being opened */
int vgpu_drm_open(struct drm_device *ddev, struct drm_file *file)
{
	struct vgpu_drm_file *df = kzalloc(sizeof(*df), VGPU_GFP);
	int rc = -ENOMEM;

	if (!df)
		return -ENOMEM;
	df->client = vgpu_client_create();
	if (df->client)
		rc = vgpu_device_use(vgpu_drm_device(ddev));
	if (rc) {
		vgpu_client_put(df->client);
		kfree(df);
		return rc;
	}
	vgpu_tally_drm(VGPU_KIND_DRM_FILE, 1);
	df->id = atomic64_inc_return(&last_id);
	file->driver_priv = df;
	return 0;
}

/** vgpu_drm_postclose - it is closed, and its handles are gone */
void vgpu_drm_postclose(struct drm_device *ddev, struct drm_file *file)
{
	struct vgpu_drm_file *df = file->driver_priv;

	vgpu_client_put(df->client);
	kfree(df);
	vgpu_tally_drm(VGPU_KIND_DRM_FILE, -1);
	vgpu_device_close(vgpu_drm_device(ddev));
}

/** vgpu_drm_attach - the ATTACH ioctl */
int vgpu_drm_attach(struct drm_device *ddev, void *arg, struct drm_file *file)
{
	struct drm_vgpu_attach *a = arg;
	struct vgpu_drm_file *df = file->driver_priv;

	if (a->flags)
		return -EINVAL;
	return vgpu_client_attach(df->client, vgpu_drm_device(ddev), a->fd);
}

/* What the handles of a client hold; other drivers' memory is only shared with us. */
struct holds {
	u64 own;
	u64 shared;
	u64 foreign;
};

static int add_handle(int id, void *p, void *data)
{
	struct drm_gem_object *obj = p;
	struct holds *h = data;

	if (!obj)	/* a handle in the making */
		return 0;
	if (obj->import_attach)
		h->foreign += obj->size;
	else if (!vgpu_to_gem(obj)->own || obj->handle_count > 1 || obj->dma_buf)
		h->shared += obj->size;
	else
		h->own += obj->size;
	return 0;
}

static void kib(struct seq_file *m, const char *key, const char *region, u64 bytes)
{
	seq_printf(m, "drm-%s-%s:\t%llu KiB\n", key, region, bytes >> 10);
}

/** vgpu_drm_fdinfo - /proc/PID/fdinfo/N of a render node */
void vgpu_drm_fdinfo(struct seq_file *m, struct file *filp)
{
	struct drm_file *file = filp->private_data;
	struct drm_device *ddev = file->minor->dev;
	struct vgpu_drm_file *df = file->driver_priv;
	struct vgpu_client_usage use;
	struct holds h = {};
	u64 vram;

	vgpu_client_usage(df->client, vgpu_drm_device(ddev), &use);
	spin_lock(&file->table_lock);
	idr_for_each(&file->object_idr, add_handle, &h);
	spin_unlock(&file->table_lock);
	vram = h.own + h.shared + use.vram;

	seq_printf(m, "drm-driver:\t%s\n", ddev->driver->name);
	seq_printf(m, "drm-client-id:\t%llu\n", df->id);
	seq_printf(m, "drm-pdev:\t%s\n", pci_name(to_pci_dev(ddev->dev)));
	/* Worker time, all workers together: as many engines of one kind. */
	seq_printf(m, "drm-engine-compute:\t%llu ns\n", use.busy_ns);
	seq_printf(m, "drm-engine-capacity-compute:\t%u\n", vgpu_sched_workers());
	/* What has handles has memory; and none of it ever goes elsewhere. */
	kib(m, "total", "vram", vram);
	kib(m, "shared", "vram", h.shared);
	kib(m, "resident", "vram", vram - use.absent);
	kib(m, "memory", "vram", vram);
	kib(m, "total", "system", h.foreign);
	kib(m, "shared", "system", h.foreign);
	kib(m, "memory", "system", h.foreign);
	seq_printf(m, "vgpu-contexts:\t%u\n", use.contexts);
}
