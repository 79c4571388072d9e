// SPDX-License-Identifier: GPL-2.0
/*
 * GEM objects: memory of the device with a handle of DRM's, which PRIME shares; and other drivers'
 * memory that came by PRIME.
 *
 * Exporters may move or hide the pages behind a scatter table, so imported memory is used
 * through vmap and mmap of its exporter only.
 *
 * The offset that mmap() is given is a cookie, as that of /dev/vgpuN: the handle in the upper bits, the
 * byte in the object in the lower ones. DRM's own offsets are one TiB for all that use a device: one client could take them all.
 */
#include <drm/drm_gem.h>
#include <drm/drm_prime.h>
#include <linux/dma-buf.h>
#include <linux/iosys-map.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "internal.h"

#define KEPT		1024u	/* bytes that an object, its handle and its place in mmap() take of the kernel's memory */
#define FAULT_AROUND	16ul	/* pages entered at a time */
#define COOKIE_SHIFT	40
#define COOKIE_PAGES	(1ul << (COOKIE_SHIFT - PAGE_SHIFT))
#define MAX_COOKIE	(LLONG_MAX >> COOKIE_SHIFT)	/* the greatest handle in one */

static unsigned long npages(const struct drm_gem_object *obj)
{
	return obj->size >> PAGE_SHIFT;
}

/* A page of an object of ours. */
static struct page *page_of(struct drm_gem_object *obj, unsigned long i)
{
	struct vgpu_gem *gem = vgpu_to_gem(obj);

	return vgpu_store_page(gem->store, gem->first + i);
}

/* All pages of an object of ours, for kvfree(). */
static struct page **pages_of(struct drm_gem_object *obj)
{
	struct page **pages = kvmalloc_array(npages(obj), sizeof(*pages), VGPU_GFP);
	unsigned long i;

	for (i = 0; pages && i < npages(obj); i++)
		pages[i] = page_of(obj, i);
	return pages;
}

static void free_gem(struct drm_gem_object *obj)
{
	struct vgpu_gem *gem = vgpu_to_gem(obj);

	if (obj->import_attach)
		drm_prime_gem_destroy(obj, gem->sgt);
	drm_gem_object_release(obj);
	if (gem->store)
		vgpu_store_put(gem->store);
	vgpu_user_put(gem->user, KEPT);
	kfree(gem);
	vgpu_tally_drm(VGPU_KIND_GEM, -1);
}

static struct sg_table *get_sg_table(struct drm_gem_object *obj)
{
	struct page **pages = pages_of(obj);
	struct sg_table *sgt;

	if (!pages)
		return ERR_PTR(-ENOMEM);
	sgt = drm_prime_pages_to_sg(obj->dev, pages, npages(obj));
	kvfree(pages);
	return sgt;
}

/* Only for objects of ours: who imports one of another driver's is handed that driver's dma-buf. */
static int vmap_gem(struct drm_gem_object *obj, struct iosys_map *map)
{
	struct page **pages;
	void *kaddr;

	if (obj->import_attach)
		return -EOPNOTSUPP;
	pages = pages_of(obj);
	if (!pages)
		return -ENOMEM;
	kaddr = vmap(pages, npages(obj), VM_MAP, PAGE_KERNEL);
	kvfree(pages);
	if (!kaddr)
		return -ENOMEM;
	iosys_map_set_vaddr(map, kaddr);
	return 0;
}

static void vunmap_gem(struct drm_gem_object *obj, struct iosys_map *map)
{
	vunmap(map->vaddr);
}

/*
 * Pages are entered when they are touched, with their neighbours; also anew after the device was unplugged:
 * what is mapped stays readable.
 */
static vm_fault_t fault(struct vm_fault *vmf)
{
	struct drm_gem_object *obj = vmf->vma->vm_private_data;
	struct vgpu_gem *gem = vgpu_to_gem(obj);
	unsigned long i = vmf->pgoff % COOKIE_PAGES;

	if (i >= npages(obj))
		return VM_FAULT_SIGBUS;
	return vgpu_store_fault(vmf, gem->store, gem->first + i, min(FAULT_AROUND, npages(obj) - i));
}

static const struct vm_operations_struct vm_ops = {
	.fault = fault,
	.open = drm_gem_vm_open,
	.close = drm_gem_vm_close,
};

/*
 * A child process has it too, as with all of DRM's memory; but not in user-mode Linux. Pages of a compound page that
 * lie side by side are copied to a child several at a time, and its set_ptes() adds the number that are left, and not
 * one, to the address of each: the child would get other people's pages (arch/um/include/asm/pgtable.h, up to 7.3 at least).
 */
#define FORK_FLAGS	(IS_ENABLED(CONFIG_UML) ? VM_DONTCOPY : 0)

/* An object of ours, through its node or its dma-buf. */
static int mmap_gem(struct drm_gem_object *obj, struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	vgpu_vm_flags(vma, VM_MIXEDMAP | VM_DONTEXPAND | VM_DONTDUMP | FORK_FLAGS, 0);
	return 0;
}

/*
 * The mapping becomes its exporter's, who is not asked whether it may grow. Exporters that use DRM's
 * shmem helpers show the beginning whatever the offset is: so only that can be had.
 */
static int mmap_foreign(struct drm_gem_object *obj, struct vm_area_struct *vma, unsigned long first)
{
	int rc;

	if (first || !(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	rc = dma_buf_mmap(obj->import_attach->dmabuf, vma, 0);
	if (!rc)
		vgpu_vm_flags(vma, VM_DONTEXPAND | VM_DONTDUMP, 0);
	return rc;
}

static int mmap_at(struct drm_gem_object *obj, struct vm_area_struct *vma)
{
	unsigned long first = vma->vm_pgoff % COOKIE_PAGES, end = min(npages(obj), COOKIE_PAGES);

	if (first >= end || vma_pages(vma) > end - first)
		return -EINVAL;
	if (obj->import_attach)
		return mmap_foreign(obj, vma, first);
	return drm_gem_mmap_obj(obj, obj->size, vma);
}

/** vgpu_drm_mmap - mmap() of a node, with an offset of GEM_MMAP */
int vgpu_drm_mmap(struct file *filp, struct vm_area_struct *vma)
{
	struct drm_file *file = filp->private_data;
	struct drm_gem_object *obj;
	int rc;

	if (drm_dev_is_unplugged(file->minor->dev))
		return -ENODEV;
	obj = drm_gem_object_lookup(file, vma->vm_pgoff / COOKIE_PAGES);
	if (!obj)
		return -EINVAL;
	rc = mmap_at(obj, vma);
	drm_gem_object_put(obj);	/* the mapping has its own, or the dma-buf's */
	return rc;
}

static const struct drm_gem_object_funcs funcs = {
	.free = free_gem,
	.get_sg_table = get_sg_table,
	.vmap = vmap_gem,
	.vunmap = vunmap_gem,
	.mmap = mmap_gem,
	.vm_ops = &vm_ops,
};

static struct vgpu_gem *alloc_gem(void)
{
	struct vgpu_user *user = vgpu_user_get(KEPT);
	struct vgpu_gem *gem;

	if (IS_ERR(user))
		return ERR_CAST(user);
	gem = kzalloc(sizeof(*gem), VGPU_GFP);
	if (!gem) {
		vgpu_user_put(user, KEPT);
		return ERR_PTR(-ENOMEM);
	}
	vgpu_tally_drm(VGPU_KIND_GEM, 1);
	gem->user = user;
	return gem;
}

/* Takes over @store, also when it fails. */
static struct vgpu_gem *make(struct drm_device *ddev, struct vgpu_store *store, size_t size)
{
	struct vgpu_gem *gem = alloc_gem();

	if (IS_ERR(gem)) {
		if (store)
			vgpu_store_put(store);
		return gem;
	}
	gem->store = store;
	gem->base.funcs = &funcs;
	drm_gem_private_object_init(ddev, &gem->base, size);
	return gem;
}

/* The handle holds the object from here on. */
static int publish(struct drm_file *file, struct vgpu_gem *gem, u32 *handle)
{
	int rc = drm_gem_handle_create(file, &gem->base, handle);

	drm_gem_object_put(&gem->base);
	return rc;
}

/** vgpu_gem_import_sg - another driver's memory becomes a GEM object */
struct drm_gem_object *vgpu_gem_import_sg(struct drm_device *ddev, struct dma_buf_attachment *attach,
					  struct sg_table *sgt)
{
	struct vgpu_gem *gem;

	if (!attach->dmabuf->size || !PAGE_ALIGNED(attach->dmabuf->size))
		return ERR_PTR(-EINVAL);
	gem = make(ddev, NULL, attach->dmabuf->size);
	if (IS_ERR(gem))
		return ERR_CAST(gem);
	gem->sgt = sgt;
	return &gem->base;
}

/** vgpu_drm_gem_create - the GEM_CREATE ioctl */
int vgpu_drm_gem_create(struct drm_device *ddev, void *arg, struct drm_file *file)
{
	struct vgpu_device *dev = vgpu_drm_device(ddev);
	struct drm_vgpu_gem_create *a = arg;
	struct vgpu_store *store;
	struct vgpu_gem *gem;

	if (a->flags || a->handle || !a->size || a->size > VGPU_VA_END)
		return -EINVAL;
	if (vgpu_device_gone(dev))
		return -ENODEV;
	a->size = PAGE_ALIGN(a->size);
	store = vgpu_store_create(dev, a->size);
	if (IS_ERR(store))
		return PTR_ERR(store);
	gem = make(ddev, store, a->size);
	if (IS_ERR(gem))
		return PTR_ERR(gem);
	gem->own = true;
	return publish(file, gem, &a->handle);
}

/** vgpu_drm_gem_mmap - the GEM_MMAP ioctl */
int vgpu_drm_gem_mmap(struct drm_device *ddev, void *arg, struct drm_file *file)
{
	struct drm_vgpu_gem_mmap *a = arg;
	struct drm_gem_object *obj;

	if (a->flags)
		return -EINVAL;
	obj = drm_gem_object_lookup(file, a->handle);
	if (!obj)
		return -ENOENT;
	drm_gem_object_put(obj);
	if (a->handle > MAX_COOKIE)
		return -ENOSPC;
	a->offset = (u64)a->handle << COOKIE_SHIFT;
	return 0;
}

/* The part that is asked for; all that is behind the offset for size 0. */
static int clip(struct drm_vgpu_gem_import *a, u64 length)
{
	if (!PAGE_ALIGNED(a->offset) || !PAGE_ALIGNED(a->size) || a->offset >= length)
		return -EINVAL;
	if (!a->size)
		a->size = length - a->offset;
	return a->size > length - a->offset ? -EINVAL : 0;
}

/** vgpu_drm_gem_import - the GEM_IMPORT ioctl */
int vgpu_drm_gem_import(struct drm_device *ddev, void *arg, struct drm_file *file)
{
	struct vgpu_device *dev = vgpu_drm_device(ddev);
	struct drm_vgpu_gem_import *a = arg;
	struct vgpu_store *store;
	struct vgpu_gem *gem;
	int rc;

	if (a->flags || a->handle || a->pad)
		return -EINVAL;
	if (vgpu_device_gone(dev))
		return -ENODEV;
	store = vgpu_store_from_fd(dev, a->fd);
	if (IS_ERR(store))
		return PTR_ERR(store);
	rc = clip(a, vgpu_store_length(store));
	if (!rc)
		rc = vgpu_store_back_range(store, a->offset, a->size);
	if (rc) {
		vgpu_store_put(store);
		return rc;
	}
	gem = make(ddev, store, a->size);
	if (IS_ERR(gem))
		return PTR_ERR(gem);
	gem->first = a->offset >> PAGE_SHIFT;
	return publish(file, gem, &a->handle);
}

/* Another driver's memory as the kernel sees it, while a store wraps it. */
struct view {
	struct dma_buf *buf;
	struct iosys_map map;
	struct vgpu_user *user;
};

/* What a view takes of the kernel's memory, the tables of the processor's above all: an exporter may make them anew for each. */
static size_t view_bytes(const struct dma_buf *buf)
{
	return sizeof(struct view) + PAGE_SIZE + (buf->size >> PAGE_SHIFT) * sizeof(long);
}

static struct view *alloc_view(struct dma_buf *buf)
{
	struct vgpu_user *user = vgpu_user_get(view_bytes(buf));
	struct view *v;

	if (IS_ERR(user))
		return ERR_CAST(user);
	v = kzalloc(sizeof(*v), VGPU_GFP);
	if (!v) {
		vgpu_user_put(user, view_bytes(buf));
		return ERR_PTR(-ENOMEM);
	}
	vgpu_tally_drm(VGPU_KIND_DRM_VIEW, 1);
	get_dma_buf(buf);
	v->buf = buf;
	v->user = user;
	return v;
}

static void free_view(struct view *v)
{
	vgpu_user_put(v->user, view_bytes(v->buf));
	dma_buf_put(v->buf);
	kfree(v);
	vgpu_tally_drm(VGPU_KIND_DRM_VIEW, -1);
}

static void release_view(void *priv)
{
	struct view *v = priv;

	dma_buf_vunmap_unlocked(v->buf, &v->map);
	free_view(v);
}

static const struct vgpu_store_ops view_ops = {
	.owner = THIS_MODULE,
	.release = release_view,
};

static struct vgpu_store *wrap(struct vgpu_device *dev, struct dma_buf *buf)
{
	struct view *v = alloc_view(buf);
	int rc;

	if (IS_ERR(v))
		return ERR_CAST(v);
	rc = dma_buf_vmap_unlocked(buf, &v->map);
	if (rc) {
		free_view(v);
		return ERR_PTR(rc == -EINVAL || rc == -ENODEV ? -EOPNOTSUPP : rc);
	}
	/* The engine reads and writes memory, not registers. */
	if (v->map.is_iomem || !PAGE_ALIGNED(v->map.vaddr)) {
		release_view(v);
		return ERR_PTR(-EOPNOTSUPP);
	}
	return vgpu_store_wrap(dev, v->map.vaddr, buf->size, &view_ops, v);
}

/* Who was given a part does not get at the rest. */
static bool is_part(struct drm_gem_object *obj)
{
	struct vgpu_store *store = vgpu_to_gem(obj)->store;

	return store && obj->size != vgpu_store_length(store);
}

/** vgpu_drm_gem_export - the GEM_EXPORT ioctl */
int vgpu_drm_gem_export(struct drm_device *ddev, void *arg, struct drm_file *file)
{
	struct drm_vgpu_gem_export *a = arg;
	struct vgpu_device *dev = vgpu_drm_device(ddev);
	struct vgpu_store *store = NULL;
	struct drm_gem_object *obj;
	int rc = 0;

	if (a->flags || a->pad)
		return -EINVAL;
	if (vgpu_device_gone(dev))
		return -ENODEV;
	obj = drm_gem_object_lookup(file, a->handle);
	if (!obj)
		return -ENOENT;
	if (is_part(obj)) {
		rc = -EOPNOTSUPP;
	} else if (obj->import_attach) {
		store = wrap(dev, obj->import_attach->dmabuf);
		rc = PTR_ERR_OR_ZERO(store);
	}
	if (!rc) {
		a->fd = vgpu_store_fd(store ?: vgpu_to_gem(obj)->store);
		rc = min(a->fd, 0);
	}
	if (!IS_ERR_OR_NULL(store))
		vgpu_store_put(store);	/* the descriptor holds it */
	drm_gem_object_put(obj);
	return rc;
}
