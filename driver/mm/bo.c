// SPDX-License-Identifier: GPL-2.0
/*
 * Buffer objects: VRAM with a handle.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "../core/ioctl.h"
#include "mm.h"

/**
 * vgpu_bo_get - take a reference on a buffer, for an ioctl
 * @vf: file
 * @handle: its handle
 */
struct vgpu_bo *vgpu_bo_get(struct vgpu_file *vf, u32 handle)
{
	struct vgpu_obj *obj = vgpu_obj_get(vf, handle, VGPU_OBJ_BO);

	return IS_ERR(obj) ? ERR_CAST(obj) : container_of(obj, struct vgpu_bo, obj);
}

/**
 * vgpu_bo_page - a page of a buffer
 * @bo: buffer
 * @index: page number, below its length
 */
struct page *vgpu_bo_page(const struct vgpu_bo *bo, unsigned long index)
{
	const struct vgpu_piece *p = &bo->store->pieces[index / VGPU_HUGE_PAGES];
	unsigned long i = index % VGPU_HUGE_PAGES;

	return p->huge ? p->huge + i : p->small[i];
}

static void note_peak(struct vgpu_ctx *ctx, s64 used)
{
	s64 peak = atomic64_read(&ctx->usage.vram_peak);

	while (used > peak && !atomic64_try_cmpxchg(&ctx->usage.vram_peak, &peak, used))
		;
}

/* What does not fit is never added, not even for a moment: others would be refused meanwhile. */
static bool charge(struct vgpu_ctx *ctx, u64 bytes)
{
	struct vgpu_device *dev = ctx->dev;
	s64 used = atomic64_read(&dev->cnt.vram_used);

	do {
		if (used + bytes > dev->vram_bytes)
			return false;
	} while (!atomic64_try_cmpxchg(&dev->cnt.vram_used, &used, used + bytes));
	note_peak(ctx, atomic64_add_return(bytes, &ctx->cnt.vram_used));
	return true;
}

static void free_store(struct kref *ref)
{
	struct vgpu_store *store = container_of(ref, struct vgpu_store, ref);
	unsigned long i;

	for (i = 0; i < store->npieces; i++) {
		vgpu_vram_free(&store->pieces[i]);
		cond_resched();
	}
	kvfree(store->pieces);
	atomic64_sub(store->length, &store->dev->cnt.vram_used);
	vgpu_device_put(store->dev);
	kfree(store);
}

/** vgpu_store_put - drop a reference; may sleep when it is the last */
void vgpu_store_put(struct vgpu_store *store)
{
	kref_put(&store->ref, free_store);
}

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

	if (!bo->opened)
		atomic64_sub(bo->length, &obj->ctx->cnt.vram_used);
	vgpu_store_put(bo->store);
	kfree(bo);
}

static const struct vgpu_obj_ops bo_ops = { .detach = detach, .free = free_bo };

/* Back all of it. */
static int populate(struct vgpu_store *store)
{
	unsigned long pages = store->length >> PAGE_SHIFT, i, n;
	int rc = 0;

	n = DIV_ROUND_UP(pages, VGPU_HUGE_PAGES);
	store->pieces = kvcalloc(n, sizeof(*store->pieces), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!store->pieces)
		return -ENOMEM;
	store->npieces = n;
	for (i = 0; i < n && !rc; i++) {
		rc = vgpu_vram_alloc(&store->pieces[i],
				     min_t(unsigned long, pages, VGPU_HUGE_PAGES));
		pages -= min_t(unsigned long, pages, VGPU_HUGE_PAGES);
		cond_resched();
	}
	return rc;
}

/* The device's VRAM has been charged for it. */
static struct vgpu_store *make_store(struct vgpu_device *dev, u64 length)
{
	struct vgpu_store *store = kzalloc(sizeof(*store), GFP_KERNEL_ACCOUNT);

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
	struct vgpu_bo *bo = kzalloc(sizeof(*bo), GFP_KERNEL_ACCOUNT);

	if (!bo)
		return NULL;
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
 * Return: the buffer, not published yet; NULL without memory.
 */
struct vgpu_bo *vgpu_bo_open(struct vgpu_ctx *ctx, struct vgpu_store *store)
{
	struct vgpu_bo *bo = make_bo(ctx, store);

	if (bo)
		bo->opened = true;
	return bo;
}

static struct vgpu_bo *make(struct vgpu_ctx *ctx, const struct vgpu_bo_create *c)
{
	struct vgpu_store *store;
	struct vgpu_bo *bo;

	if (vgpu_inject_alloc_fails(ctx->dev))
		return ERR_PTR(-ENOSPC);
	if (c->length > ctx->dev->vram_bytes || !charge(ctx, c->length))
		return ERR_PTR(-ENOSPC);
	store = make_store(ctx->dev, c->length);
	if (!store) {
		vgpu_count(ctx, vram_used, -(s64)c->length);
		return ERR_PTR(-ENOMEM);
	}
	bo = make_bo(ctx, store);
	if (!bo) {
		atomic64_sub(c->length, &ctx->cnt.vram_used);
		vgpu_store_put(store);
		return ERR_PTR(-ENOMEM);
	}
	bo->flags = c->flags;
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
