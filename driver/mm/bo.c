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
	const struct vgpu_piece *p = &bo->pieces[index / VGPU_HUGE_PAGES];
	unsigned long i = index % VGPU_HUGE_PAGES;

	return p->huge ? p->huge + i : p->small[i];
}

static void note_peak(struct vgpu_ctx *ctx, s64 used)
{
	s64 peak = atomic64_read(&ctx->usage.vram_peak);

	while (used > peak && !atomic64_try_cmpxchg(&ctx->usage.vram_peak, &peak, used))
		;
}

static bool charge(struct vgpu_ctx *ctx, u64 bytes)
{
	struct vgpu_device *dev = ctx->dev;

	if (atomic64_add_return(bytes, &dev->cnt.vram_used) > dev->vram_bytes) {
		atomic64_sub(bytes, &dev->cnt.vram_used);
		return false;
	}
	note_peak(ctx, atomic64_add_return(bytes, &ctx->cnt.vram_used));
	return true;
}

static void detach(struct vgpu_obj *obj)
{
	struct vgpu_bo *bo = container_of(obj, struct vgpu_bo, obj);

	vgpu_as_unmap_all(obj->ctx->as, &bo->maps);
}

static void free_bo(struct vgpu_obj *obj)
{
	struct vgpu_bo *bo = container_of(obj, struct vgpu_bo, obj);
	unsigned long i;

	for (i = 0; i < bo->npieces; i++) {
		vgpu_vram_free(&bo->pieces[i]);
		cond_resched();
	}
	kvfree(bo->pieces);
	vgpu_count(obj->ctx, vram_used, -(s64)bo->length);
	kfree(bo);
}

static const struct vgpu_obj_ops bo_ops = { .detach = detach, .free = free_bo };

/* Back all of it. */
static int populate(struct vgpu_bo *bo)
{
	unsigned long pages = bo->length >> PAGE_SHIFT, i, n;
	int rc = 0;

	n = DIV_ROUND_UP(pages, VGPU_HUGE_PAGES);
	bo->pieces = kvcalloc(n, sizeof(*bo->pieces), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!bo->pieces)
		return -ENOMEM;
	bo->npieces = n;
	for (i = 0; i < n && !rc; i++) {
		rc = vgpu_vram_alloc(&bo->pieces[i],
				     min_t(unsigned long, pages, VGPU_HUGE_PAGES));
		pages -= min_t(unsigned long, pages, VGPU_HUGE_PAGES);
		cond_resched();
	}
	return rc;
}

static struct vgpu_bo *make(struct vgpu_ctx *ctx, const struct vgpu_bo_create *c)
{
	struct vgpu_bo *bo;

	if (vgpu_inject_alloc_fails(ctx->dev))
		return ERR_PTR(-ENOSPC);
	if (c->length > ctx->dev->vram_bytes || !charge(ctx, c->length))
		return ERR_PTR(-ENOSPC);
	bo = kzalloc(sizeof(*bo), GFP_KERNEL_ACCOUNT);
	if (!bo) {
		vgpu_count(ctx, vram_used, -(s64)c->length);
		return ERR_PTR(-ENOMEM);
	}
	vgpu_obj_init(&bo->obj, VGPU_OBJ_BO, ctx, &bo_ops);
	bo->length = c->length;
	bo->flags = c->flags;
	INIT_LIST_HEAD(&bo->maps);
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
	rc = populate(bo);
	if (!rc)
		rc = vgpu_obj_publish(vf, &bo->obj, &c->handle);
	if (rc)
		vgpu_obj_put(&bo->obj);
	return rc;
}
