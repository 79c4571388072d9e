// SPDX-License-Identifier: GPL-2.0
/*
 * The devices: made at load from the parameters, gone at unload.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "../mm/mm.h"
#include "../pci/pci.h"
#include "../sched/sched.h"
#include "device.h"
#include "params.h"
#include "vgpu.h"
#include "../../uapi/vgpu_isa.h"

static struct vgpu_device *devices[VGPU_MAX_DEVICES];
static unsigned int ndevices;

/** vgpu_device_count - how many devices there are */
unsigned int vgpu_device_count(void)
{
	return smp_load_acquire(&ndevices);	/* pairs with add() */
}

/** vgpu_device_at - the device with an index, or NULL */
struct vgpu_device *vgpu_device_at(unsigned int index)
{
	return index < vgpu_device_count() ? devices[index] : NULL;
}

/** vgpu_device_run_begin - a packet starts executing */
void vgpu_device_run_begin(struct vgpu_device *dev)
{
	spin_lock(&dev->active_lock);
	if (atomic_inc_return(&dev->cnt.running) == 1)
		WRITE_ONCE(dev->active_since, ktime_get_ns());
	spin_unlock(&dev->active_lock);
}

/** vgpu_device_run_end - a packet has ended */
void vgpu_device_run_end(struct vgpu_device *dev)
{
	spin_lock(&dev->active_lock);
	if (atomic_dec_and_test(&dev->cnt.running))
		WRITE_ONCE(dev->active_ns, dev->active_ns +
			   ktime_get_ns() - dev->active_since);
	spin_unlock(&dev->active_lock);
}

/**
 * vgpu_device_active_ns - time during which at least one packet was executing
 * @dev: device
 *
 * Takes no lock, so that config space reads may ask; a reading at the moment
 * of a change can be off by one packet.
 */
u64 vgpu_device_active_ns(struct vgpu_device *dev)
{
	u64 ns = READ_ONCE(dev->active_ns);

	if (atomic_read(&dev->cnt.running)) {
		u64 now = ktime_get_ns(), since = READ_ONCE(dev->active_since);

		if (now > since)
			ns += now - since;
	}
	return ns;
}

/** vgpu_device_vram_free - bytes that an allocation could get now */
u64 vgpu_device_vram_free(struct vgpu_device *dev)
{
	u64 used = atomic64_read(&dev->cnt.vram_used);
	u64 left = used < dev->vram_bytes ? dev->vram_bytes - used : 0;

	return min(left, vgpu_vram_machine_free());
}

/* Counters for config space: memory reads only. */
static void sample(void *priv, struct vgpu_pci_counters *out)
{
	struct vgpu_device *dev = priv;

	out->contexts = atomic_read(&dev->cnt.contexts);
	out->vram_total = dev->vram_bytes;
	out->vram_used = atomic64_read(&dev->cnt.vram_used);
	out->active_ns = vgpu_device_active_ns(dev);
	out->launches = atomic64_read(&dev->cnt.launches);
	out->faults = atomic64_read(&dev->cnt.faults);
}

static int add_to_bus(struct vgpu_device *dev)
{
	const struct vgpu_pci_desc desc = {
		.index = dev->index,
		.model = dev->model,
		.uuid = dev->uuid,
		.serial = dev->serial,
		.isa_version = VGPU_ISA_VERSION,
		.sm_count = dev->sm_count,
		.workers = vgpu_sched_workers(),
		.sample = sample,
		.priv = dev,
	};

	return vgpu_pci_add(&desc);
}

static struct vgpu_device *make(unsigned int index)
{
	const struct vgpu_model *m = vgpu_params.model;
	struct vgpu_device *dev = kvzalloc(sizeof(*dev), GFP_KERNEL);

	if (!dev)
		return NULL;
	dev->mon = kvzalloc(sizeof(*dev->mon), GFP_KERNEL);
	if (!dev->mon) {
		kvfree(dev);
		return NULL;
	}
	dev->index = index;
	dev->model = m;
	vgpu_model_uuid(m, index, dev->uuid);
	dev->serial = ((u64)m->device_id << 32) | (index + 1);
	dev->sm_count = vgpu_model_sms(m, vgpu_sched_workers());
	dev->vram_bytes = vgpu_params.vram_mib ? (u64)vgpu_params.vram_mib << 20 :
		vgpu_model_vram(m, (u64)totalram_pages() << PAGE_SHIFT);
	spin_lock_init(&dev->active_lock);
	mutex_init(&dev->ctx_lock);
	INIT_LIST_HEAD(&dev->contexts);
	spin_lock_init(&dev->event_lock);
	init_waitqueue_head(&dev->event_wait);
	vgpu_monitor_init(dev);
	return dev;
}

static void free_device(struct vgpu_device *dev)
{
	int i;

	vgpu_monitor_exit(dev);
	for (i = 0; i < VGPU_EVENT_RING; i++)
		put_pid(dev->event_pids[i]);
	kvfree(dev->mon);
	kvfree(dev);
}

static int add(unsigned int index)
{
	struct vgpu_device *dev = make(index);
	int rc;

	if (!dev)
		return -ENOMEM;
	rc = add_to_bus(dev);
	if (rc)
		goto free;
	devices[index] = dev;
	smp_store_release(&ndevices, index + 1);	/* the device before its count */
	rc = vgpu_node_add(dev);
	if (!rc)
		return 0;
	ndevices = index;
	devices[index] = NULL;
	vgpu_pci_del(index);
free:
	free_device(dev);
	return rc;
}

static void remove_last(void)
{
	struct vgpu_device *dev = devices[ndevices - 1];

	vgpu_node_remove(dev);
	vgpu_pci_del(dev->index);
	devices[--ndevices] = NULL;
	free_device(dev);
}

/** vgpu_devices_exit - remove all devices */
void vgpu_devices_exit(void)
{
	while (ndevices)
		remove_last();
	vgpu_nodes_exit();
}

/** vgpu_devices_init - make the devices that the parameters ask for */
int vgpu_devices_init(void)
{
	unsigned int i;
	int rc = vgpu_nodes_init();

	if (rc)
		return rc;
	for (i = 0; i < vgpu_params.gpus && !rc; i++)
		rc = add(i);
	if (rc)
		vgpu_devices_exit();
	return rc;
}
