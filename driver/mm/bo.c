// SPDX-License-Identifier: GPL-2.0
/*
 * Buffer objects: VRAM with a handle.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "../core/ioctl.h"
#include "../core/user.h"
#include "mm.h"

/**
 * vgpu_bo_get - take a reference on a buffer, for an ioctl
 * @vf: file
 * @handle: its handle
 *
 * Return: the buffer, or as vgpu_obj_get() an ERR_PTR().
 */
struct vgpu_bo *vgpu_bo_get(struct vgpu_file *vf, u32 handle)
{
	struct vgpu_obj *obj = vgpu_obj_get(vf, handle, VGPU_OBJ_BO);

	return IS_ERR(obj) ? ERR_CAST(obj) : container_of(obj, struct vgpu_bo, obj);
}

/** vgpu_store_length - bytes, a multiple of 4 KiB */
u64 vgpu_store_length(const struct vgpu_store *store)
{
	return store->length;
}
EXPORT_SYMBOL_VGPU(vgpu_store_length);

/**
 * vgpu_store_page - a page of memory that is ours
 * @store: memory
 * @index: page number, below its length; of a sparse one a page that is backed
 *
 * Return: the page, no reference taken.
 */
struct page *vgpu_store_page(const struct vgpu_store *store, unsigned long index)
{
	const struct vgpu_piece *p = &store->pieces[index / VGPU_HUGE_PAGES];
	unsigned long i = index % VGPU_HUGE_PAGES;

	return p->huge ? p->huge + i : p->small[i];
}
EXPORT_SYMBOL_VGPU(vgpu_store_page);

static void note_peak(struct vgpu_ctx *ctx, s64 used)
{
	s64 peak = atomic64_read(&ctx->usage.vram_peak);

	while (used > peak && !atomic64_try_cmpxchg(&ctx->usage.vram_peak, &peak, used))
		;
}

static void free_store(struct kref *ref)
{
	struct vgpu_store *store = container_of(ref, struct vgpu_store, ref);
	unsigned long i;

	for (i = 0; i < store->npieces; i++) {
		vgpu_vram_free(&store->pieces[i]);
		cond_resched();
	}
	vgpu_sparse_fini(store);
	vgpu_counted_free(VGPU_KIND_PIECES, store->pieces);
	if (store->ops) {
		store->ops->release(store->priv);
		module_put(store->ops->owner);
	} else {
		atomic64_sub(store->length, &store->dev->cnt.vram_used);
	}
	vgpu_device_put(store->dev);
	vgpu_counted_free(VGPU_KIND_STORE, store);
}

/** vgpu_store_put - drop a reference; may sleep when it is the last */
void vgpu_store_put(struct vgpu_store *store)
{
	kref_put(&store->ref, free_store);
}
EXPORT_SYMBOL_VGPU(vgpu_store_put);

static void detach(struct vgpu_obj *obj)
{
	struct vgpu_bo *bo = container_of(obj, struct vgpu_bo, obj);

	if (!bo->opened)
		vgpu_store_unlist(bo->store);
	vgpu_as_unmap_all(obj->ctx->as, &bo->maps);
}

static void free_bo(struct vgpu_obj *obj)
{
	struct vgpu_bo *bo = container_of(obj, struct vgpu_bo, obj);

	if (!bo->opened) {
		vgpu_sparse_uncount(bo->store);
		atomic64_sub(bo->length, &obj->ctx->cnt.vram_used);
	}
	vgpu_store_put(bo->store);
	vgpu_user_free(obj->ctx->user, VGPU_KIND_BO, bo, sizeof(*bo));
}

static const struct vgpu_obj_ops bo_ops = { .detach = detach, .free = free_bo };

/* Back all of it; of a sparse one the end that is no whole piece. */
static int populate(struct vgpu_store *store)
{
	unsigned long pages = store->length >> PAGE_SHIFT, i, n;
	int rc = 0;

	n = DIV_ROUND_UP(pages, VGPU_HUGE_PAGES);
	store->pieces = vgpu_counted(VGPU_KIND_PIECES, vgpu_zalloc(n * sizeof(*store->pieces)));	/* far below 2^64: within VRAM */
	if (!store->pieces)
		return -ENOMEM;
	store->npieces = n;
	if (store->sparse)
		return vgpu_store_back_range(store, ALIGN_DOWN(store->length, VGPU_HUGE_SIZE),
					     store->length % VGPU_HUGE_SIZE);
	for (i = 0; i < n && !rc; i++) {
		rc = vgpu_vram_alloc(&store->pieces[i],
				     min_t(unsigned long, pages, VGPU_HUGE_PAGES));
		pages -= min_t(unsigned long, pages, VGPU_HUGE_PAGES);
		cond_resched();
	}
	return rc;
}

static struct vgpu_store *make_store(struct vgpu_device *dev, u64 length)
{
	struct vgpu_store *store = vgpu_counted(VGPU_KIND_STORE, vgpu_zalloc(sizeof(*store)));

	if (!store)
		return NULL;
	kref_init(&store->ref);
	kref_get(&dev->ref);
	store->dev = dev;
	store->length = length;
	INIT_HLIST_NODE(&store->node);
	return store;
}

static struct vgpu_bo *make_bo(struct vgpu_ctx *ctx, struct vgpu_store *store)
{
	struct vgpu_bo *bo = vgpu_user_zalloc(ctx->user, VGPU_KIND_BO, sizeof(*bo));

	if (IS_ERR(bo))
		return bo;
	vgpu_obj_init(&bo->obj, VGPU_OBJ_BO, ctx, &bo_ops);
	bo->length = store->length;
	bo->store = store;
	INIT_LIST_HEAD(&bo->maps);
	return bo;
}

/**
 * vgpu_bo_open - one more buffer of memory that there is
 * @ctx: context it belongs to
 * @store: memory; the buffer takes over the caller's reference on success
 *
 * Return: the buffer, not published yet; -EDQUOT, -ENOMEM.
 */
struct vgpu_bo *vgpu_bo_open(struct vgpu_ctx *ctx, struct vgpu_store *store)
{
	struct vgpu_bo *bo = make_bo(ctx, store);

	if (!IS_ERR(bo))
		bo->opened = true;
	return bo;
}

/* Charged, not backed yet. */
static struct vgpu_store *reserve(struct vgpu_device *dev, u64 length)
{
	struct vgpu_store *store;

	if (vgpu_inject_alloc_fails(dev))
		return ERR_PTR(-ENOSPC);
	if (length > dev->vram_bytes || !vgpu_charge(&dev->cnt.vram_used, length, dev->vram_bytes))
		return ERR_PTR(-ENOSPC);
	store = make_store(dev, length);
	if (store)
		return store;
	atomic64_sub(length, &dev->cnt.vram_used);
	return ERR_PTR(-ENOMEM);
}

/**
 * vgpu_store_create - zeroed memory that belongs to no context
 * @dev: device whose VRAM it is
 * @length: bytes, a multiple of 4 KiB, not 0
 *
 * Return: it, with a reference; -ENOSPC, -ENOMEM, -EINTR.
 */
struct vgpu_store *vgpu_store_create(struct vgpu_device *dev, u64 length)
{
	struct vgpu_store *store = reserve(dev, length);
	int rc;

	if (IS_ERR(store))
		return store;
	rc = populate(store);
	if (!rc)
		return store;
	vgpu_store_put(store);
	return ERR_PTR(rc);
}
EXPORT_SYMBOL_VGPU(vgpu_store_create);

/**
 * vgpu_store_wrap - memory that is not ours, for contexts to open
 * @dev: device that is to compute on it
 * @kaddr: where the kernel has it, a multiple of 4 KiB
 * @length: bytes, a multiple of 4 KiB, not 0
 * @ops: how it is let go, from here on when this fails, too
 * @priv: for it
 *
 * Return: it, with a reference; -ENOMEM.
 */
struct vgpu_store *vgpu_store_wrap(struct vgpu_device *dev, void *kaddr, u64 length,
				   const struct vgpu_store_ops *ops, void *priv)
{
	struct vgpu_store *store = make_store(dev, length);

	if (!store) {
		ops->release(priv);
		return ERR_PTR(-ENOMEM);
	}
	__module_get(ops->owner);	/* which is calling us */
	store->kaddr = kaddr;
	store->ops = ops;
	store->priv = priv;
	return store;
}
EXPORT_SYMBOL_VGPU(vgpu_store_wrap);

static struct vgpu_bo *make(struct vgpu_ctx *ctx, const struct vgpu_bo_create *c)
{
	struct vgpu_store *store = reserve(ctx->dev, c->length);
	struct vgpu_bo *bo;

	if (IS_ERR(store))
		return ERR_CAST(store);
	bo = make_bo(ctx, store);
	if (IS_ERR(bo)) {
		vgpu_store_put(store);
		return bo;
	}
	bo->flags = c->flags;
	if (vgpu_sparse_wanted(ctx->dev, c->length, c->flags))
		vgpu_sparse_init(store, ctx);
	note_peak(ctx, atomic64_add_return(c->length, &ctx->cnt.vram_used));
	return bo;
}

int vgpu_ioctl_bo_create(struct vgpu_file *vf, void *arg)
{
	struct vgpu_bo_create *c = arg;
	struct vgpu_ctx *ctx;
	struct vgpu_bo *bo;
	int rc;

	if ((c->flags & ~(VGPU_BO_MANAGED | VGPU_BO_NO_CLEAR)) || c->reserved ||
	    !c->length || c->length > VGPU_VA_END)
		return -EINVAL;
	c->length = PAGE_ALIGN(c->length);
	ctx = vgpu_ctx_get(vf, c->ctx);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	rc = vgpu_ctx_usable(ctx);
	bo = rc ? ERR_PTR(rc) : make(ctx, c);
	vgpu_ctx_put(ctx);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	rc = populate(bo->store);
	if (!rc)
		rc = vgpu_obj_publish(vf, &bo->obj, &c->handle);
	if (rc)
		vgpu_obj_put(&bo->obj);
	return rc;
}
