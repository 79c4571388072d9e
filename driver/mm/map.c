// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls VA_MAP, VA_UNMAP and BO_MMAP.
 */
#include <linux/log2.h>
#include <linux/mm.h>

#include "../core/ioctl.h"
#include "mm.h"

/* The members that need no object. */
static int check(const struct vgpu_va_map *a)
{
	u64 align = a->align;

	if ((a->flags & ~(VGPU_VA_FIXED | VGPU_VA_READONLY)) || a->reserved)
		return -EINVAL;
	if (!IS_ALIGNED(a->offset | a->length, VGPU_PAGE_SIZE))
		return -EINVAL;
	if (align && (!is_power_of_2(align) || align < VGPU_PAGE_SIZE || align > VGPU_VA_SPLIT / 2))
		return -EINVAL;
	if (!(a->flags & VGPU_VA_FIXED))
		return 0;
	if (!a->va || !IS_ALIGNED(a->va, max(align, VGPU_PAGE_SIZE)) || a->va >= VGPU_VA_END)
		return -EINVAL;
	return 0;
}

static int clip(const struct vgpu_bo *bo, struct vgpu_va_map *a)
{
	if (a->offset >= bo->length)
		return -EINVAL;
	if (!a->length)
		a->length = bo->length - a->offset;
	if (a->length > bo->length - a->offset)
		return -EINVAL;
	if ((a->flags & VGPU_VA_FIXED) && a->length > VGPU_VA_END - a->va)
		return -EINVAL;
	return 0;
}

/* What cannot be an absent leaf: pieces that lie across leaves, or are not shown whole. */
static int back_fragments(const struct vgpu_bo *bo, const struct vgpu_va_map *a, u64 align)
{
	/* An address to be chosen is known to be a multiple of @align and no more. */
	bool whole = a->flags & VGPU_VA_FIXED || IS_ALIGNED(align, VGPU_HUGE_SIZE);
	u64 at = a->flags & VGPU_VA_FIXED ? a->va : 0, end = a->offset + a->length;
	u64 first = ALIGN(a->offset, VGPU_HUGE_SIZE), last = ALIGN_DOWN(end, VGPU_HUGE_SIZE);
	int rc;

	if (!bo->store->sparse)
		return 0;
	if (!whole || first >= last || !IS_ALIGNED(at - a->offset, VGPU_HUGE_SIZE))
		return vgpu_store_back_range(bo->store, a->offset, a->length);
	rc = vgpu_store_back_range(bo->store, a->offset, first - a->offset);
	return rc ?: vgpu_store_back_range(bo->store, last, end - last);
}

static int map(struct vgpu_bo *bo, struct vgpu_va_map *a)
{
	struct vgpu_as *as = bo->obj.ctx->as;
	struct vgpu_mapping *m = vgpu_mapping_alloc(as);
	u64 align = a->align;
	int rc;

	if (IS_ERR(m))
		return PTR_ERR(m);
	if (!align)
		align = a->length >= VGPU_HUGE_SIZE ? VGPU_HUGE_SIZE : VGPU_PAGE_SIZE;
	rc = back_fragments(bo, a, align);
	if (rc)
		goto out;
	m->va = a->va;
	m->length = a->length;
	m->readonly = a->flags & VGPU_VA_READONLY;
	m->obj = &bo->obj;
	m->offset = a->offset;
	rc = a->flags & VGPU_VA_FIXED ? vgpu_as_map(as, m) :
		vgpu_as_map_anywhere(as, m, align, &a->va);
out:
	if (rc)
		vgpu_mapping_free(as, m);
	return rc;
}

int vgpu_ioctl_va_map(struct vgpu_file *vf, void *arg)
{
	struct vgpu_va_map *a = arg;
	struct vgpu_bo *bo;
	int rc = check(a);

	if (rc)
		return rc;
	bo = vgpu_bo_get(vf, a->bo);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	rc = vgpu_ctx_usable(bo->obj.ctx);
	if (!rc)
		rc = clip(bo, a);
	if (!rc)
		rc = map(bo, a);
	vgpu_obj_put(&bo->obj);
	return rc;
}

/** vgpu_va_map_told - nobody knows of a mapping whose address could not be told: it goes */
void vgpu_va_map_told(struct vgpu_file *vf, void *arg, bool told)
{
	struct vgpu_va_map *a = arg;
	struct vgpu_bo *bo;

	if (told)
		return;
	bo = vgpu_bo_get(vf, a->bo);
	if (IS_ERR(bo))
		return;
	vgpu_as_unmap(bo->obj.ctx->as, a->va, a->length);
	vgpu_obj_put(&bo->obj);
}

int vgpu_ioctl_va_unmap(struct vgpu_file *vf, void *arg)
{
	struct vgpu_va_unmap *a = arg;
	struct vgpu_ctx *ctx = vgpu_ctx_get(vf, a->ctx);
	int rc;

	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	rc = vgpu_as_unmap(ctx->as, a->va, a->length);
	vgpu_ctx_put(ctx);
	return rc;
}

int vgpu_ioctl_bo_mmap(struct vgpu_file *vf, void *arg)
{
	struct vgpu_bo_mmap *a = arg;
	struct vgpu_bo *bo = vgpu_bo_get(vf, a->handle);

	if (IS_ERR(bo))
		return PTR_ERR(bo);
	a->offset = vgpu_cookie(a->handle);
	a->length = bo->length;
	vgpu_obj_put(&bo->obj);
	return 0;
}
