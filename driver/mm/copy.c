// SPDX-License-Identifier: GPL-2.0
/*
 * MEM_COPY: between user memory and the GPU address space, in the caller's own
 * time, without a bounce buffer.
 */
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "../core/ioctl.h"
#include "../sched/sched.h"
#include "mm.h"

#define PIECE	(256u << 10)	/* between looks at signals and other tasks */

/* Last byte of the rows must be representable; the translation checks the rest. */
static bool shape_ok(u64 base, u64 width, u64 height, u64 pitch)
{
	u64 extent;

	if (check_mul_overflow(height - 1, pitch, &extent) ||
	    check_add_overflow(extent, width, &extent) ||
	    check_add_overflow(extent, base, &extent))
		return false;
	return true;
}

static int check(struct vgpu_mem_copy *c)
{
	u64 total;

	if (c->flags || c->direction > VGPU_COPY_FROM_GPU)
		return -EINVAL;
	c->height = c->height ?: 1;
	if (check_mul_overflow(c->width, c->height, &total) || c->done > total)
		return -EINVAL;
	if (!c->width)
		return 0;
	if (c->height == 1) {
		c->gpu_pitch = 0;
		c->user_pitch = 0;
	} else if (c->gpu_pitch < c->width || c->user_pitch < c->width) {
		return -EINVAL;
	}
	if (!shape_ok(c->gpu_va, c->width, c->height, c->gpu_pitch) ||
	    !shape_ok(c->user_ptr, c->width, c->height, c->user_pitch))
		return -EINVAL;
	return 0;
}

/* Bytes to the end of the compound page: the kernel's check of user copies goes no further. */
static u64 left_in_page(const void *p)
{
	const struct page *head;

	if (is_vmalloc_addr(p))
		return ~0ull;
	head = compound_head(virt_to_page(p));
	return page_size((struct page *)head) - (p - page_address(head));
}

/*
 * Copy up to @want bytes of one row; returns how many, 0 after bringing memory, or an error. What lies
 * there is held by its object, not by the lock: a page fault may take as long as user space likes.
 */
static ssize_t copy_some(struct vgpu_as *as, const struct vgpu_mem_copy *c,
			 u64 gpu, u64 user, u64 want)
{
	bool to_gpu = c->direction == VGPU_COPY_TO_GPU;
	struct vgpu_obj *obj;
	u64 span, held;
	unsigned long left;
	void *p;

	if (down_read_killable(&as->lock))
		return -EINTR;
	p = vgpu_as_translate(as, gpu, to_gpu, &span);
	obj = IS_ERR(p) ? NULL : vgpu_as_hold(as, gpu, &held);
	up_read(&as->lock);
	if (IS_ERR(p))
		return p == ERR_PTR(-EAGAIN) ? vgpu_as_touch(as, gpu) : PTR_ERR(p);
	if (WARN_ON_ONCE(!obj))		/* what translates is mapped */
		return -EFAULT;
	/* Pieces that happen to be neighbours may be of several objects. */
	want = min3(min3(want, span, held), left_in_page(p), (u64)PIECE);
	if (to_gpu)
		left = copy_from_user(p, u64_to_user_ptr(user), want);
	else
		left = copy_to_user(u64_to_user_ptr(user), p, want);
	vgpu_obj_put(obj);
	return left ? -EFAULT : want;
}

static int copy_all(struct vgpu_as *as, struct vgpu_mem_copy *c)
{
	u64 total = c->width * c->height;
	u64 row = c->width ? c->done / c->width : 0;
	u64 col = c->done - row * c->width;

	while (c->done < total) {
		ssize_t n = copy_some(as, c, c->gpu_va + row * c->gpu_pitch + col,
				      c->user_ptr + row * c->user_pitch + col,
				      c->width - col);

		if (n < 0)
			return n;
		c->done += n;
		col += n;
		if (col == c->width) {
			row++;
			col = 0;
		}
		if (c->done < total && signal_pending(current))
			return -ERESTARTSYS;
		cond_resched();
	}
	return 0;
}

int vgpu_ioctl_mem_copy(struct vgpu_file *vf, void *arg)
{
	struct vgpu_mem_copy *c = arg;
	struct vgpu_ctx *ctx;
	u64 before;
	int rc = check(c);

	if (rc)
		return rc;
	ctx = vgpu_ctx_get(vf, c->ctx);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	before = c->done;
	rc = vgpu_pause_wait(ctx);	/* a device that hangs copies nothing */
	if (rc)
		goto put;
	if (c->direction == VGPU_COPY_TO_GPU)
		rc = vgpu_ctx_usable(ctx);
	if (!rc)
		rc = copy_all(ctx->as, c);
	vgpu_count(ctx, copied_bytes, c->done - before);
	atomic64_add(c->done - before, c->direction == VGPU_COPY_TO_GPU ?
		     &vf->dev->to_gpu_bytes : &vf->dev->from_gpu_bytes);
put:
	vgpu_ctx_put(ctx);
	return rc;
}
