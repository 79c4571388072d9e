// SPDX-License-Identifier: GPL-2.0
/*
 * Registered host memory: pinned, and mapped at the same GPU address.
 */
#include <linux/capability.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "../core/ioctl.h"
#include "../core/params.h"
#include "../core/user.h"
#include "compat.h"
#include "mm.h"

#define PIN_BATCH	4096
#define PIN_TRIES	10

static atomic64_t pinned_pages;	/* by all processes */

/* What does not fit is never added, not even for a moment: others would be refused meanwhile. */
static int charge(struct vgpu_ctx *ctx, unsigned long pages)
{
	u64 cap = (u64)vgpu_params.pin_limit_mib << (20 - PAGE_SHIFT);
	u64 own = (u64)vgpu_params.pin_user_mib << (20 - PAGE_SHIFT);

	if (!vgpu_user_pin(ctx->user, pages, capable(CAP_IPC_LOCK) ? cap : own))
		return -EDQUOT;
	if (!vgpu_charge(&pinned_pages, pages, cap)) {
		vgpu_user_unpin(ctx->user, pages);
		return -EDQUOT;
	}
	atomic64_add(pages, &ctx->mm->pinned_vm);
	return 0;
}

static void uncharge(struct vgpu_ctx *ctx, unsigned long pages)
{
	atomic64_sub(pages, &ctx->mm->pinned_vm);
	atomic64_sub(pages, &pinned_pages);
	vgpu_user_unpin(ctx->user, pages);
}

static void detach(struct vgpu_obj *obj)
{
	struct vgpu_host *h = container_of(obj, struct vgpu_host, obj);

	vgpu_as_unmap_all(obj->ctx->as, &h->maps);
}

static void unpin(struct vgpu_host *h)
{
	unpin_user_pages_dirty_lock(h->pages, h->npages, h->writable);
	vgpu_tally_add(VGPU_KIND_PINNED, -(long)h->npages);
}

/* Returns how many pages fewer are kept. */
static unsigned long unpin_all(struct vgpu_ctx *ctx, struct vgpu_host *h)
{
	unsigned long fewer = h->npages - vgpu_huge_uncover(&ctx->huge, h->pages, h->npages);

	unpin(h);
	return fewer;
}

static void free_host(struct vgpu_obj *obj)
{
	struct vgpu_host *h = container_of(obj, struct vgpu_host, obj);

	vgpu_count(obj->ctx, pinned, -((s64)h->npages << PAGE_SHIFT));
	uncharge(obj->ctx, unpin_all(obj->ctx, h));
	vgpu_counted_free(VGPU_KIND_SCRATCH, h->pages);
	vgpu_user_free(obj->ctx->user, VGPU_KIND_HOST, h, sizeof(*h));
}

static const struct vgpu_obj_ops host_ops = { .detach = detach, .free = free_host };

/* A page of a buffer would keep two MiB of VRAM when the buffer is gone and counts no more. */
static bool show_vram(struct page *const *pages, long n)
{
	for (long i = 0; i < n; i++)
		if (vgpu_vram_has(pages[i]))
			return true;
	return false;
}

/*
 * Bring @n pages in, or fewer: how many. Who provides them may be the process itself, and take as long as it likes. Nothing is
 * pinned meanwhile.
 */
static unsigned long bring(const struct vgpu_host *h, unsigned long va, unsigned long n)
{
	size_t left = h->writable ? fault_in_safe_writeable((char __user *)va, n << PAGE_SHIFT) :
				    fault_in_readable((char __user *)va, n << PAGE_SHIFT);

	return n - DIV_ROUND_UP(left, PAGE_SIZE);
}

/* Pages that are there, and their mapping while it is looked at what they are: it keeps a buffer of which it shows some. */
static long pin_present(const struct vgpu_host *h, unsigned long va, unsigned long n, struct page **pages)
{
	unsigned int gup = FOLL_WRITE | FOLL_NOFAULT;
	long pinned = -EFAULT;

	if (mmap_read_lock_killable(current->mm))
		return -EINTR;
	if (!h->writable)
		gup = vgpu_pin_to_read(va, &n);
	if (!h->writable || vgpu_may_pin_to_write(va, &n))
		pinned = vgpu_pin_pages(va, n, gup, pages);
	if (pinned > 0 && show_vram(pages, pinned)) {
		unpin_user_pages(pages, pinned);
		pinned = -EINVAL;
	}
	mmap_read_unlock(current->mm);
	return pinned;
}

/* Pin @n pages from page @first on, or fewer: how many, or an error. What was brought may go before it is pinned, but not often. */
static long pin_some(const struct vgpu_host *h, unsigned long first, unsigned long n)
{
	unsigned long va = h->va + (first << PAGE_SHIFT);
	unsigned int i;
	long pinned = -EFAULT;

	for (i = 0; i < PIN_TRIES && (pinned == -EFAULT || !pinned); i++) {
		if (fatal_signal_pending(current))
			return -EINTR;
		n = bring(h, va, n);
		if (!n)
			return -EFAULT;
		pinned = pin_present(h, va, n, h->pages + first);
	}
	return pinned ?: -EFAULT;
}

/* Pin all pages; on an error none stays pinned. */
static int pin(struct vgpu_host *h, unsigned long npages)
{
	unsigned long done = 0;
	long n = 0;

	while (done < npages) {
		n = pin_some(h, done, min_t(unsigned long, npages - done, PIN_BATCH));
		if (n < 0)
			break;
		done += n;
		cond_resched();
	}
	if (done == npages) {
		vgpu_tally_add(VGPU_KIND_PINNED, npages);
		h->npages = npages;
		return 0;
	}
	unpin_user_pages(h->pages, done);
	return n;
}

/* Pin all pages, which are charged for, and charge for what they keep besides. */
static int pin_and_charge(struct vgpu_ctx *ctx, struct vgpu_host *h, unsigned long npages)
{
	int rc = pin(h, npages);
	long more;

	if (rc)
		return rc;
	rc = vgpu_huge_cover(&ctx->huge, h->pages, npages, &more);
	if (rc) {
		unpin(h);
		return rc;
	}
	if (more < 0)
		uncharge(ctx, -more);
	rc = more > 0 ? charge(ctx, more) : 0;
	if (rc)
		unpin_all(ctx, h);
	else
		vgpu_count(ctx, pinned, (s64)npages << PAGE_SHIFT);
	return rc;
}

static int map(struct vgpu_host *h)
{
	struct vgpu_as *as = h->obj.ctx->as;
	struct vgpu_mapping *m = vgpu_mapping_alloc(as);
	int rc;

	if (IS_ERR(m))
		return PTR_ERR(m);
	m->va = h->va;
	m->length = (u64)h->npages << PAGE_SHIFT;
	m->readonly = !h->writable;
	m->obj = &h->obj;
	rc = vgpu_as_map(as, m);
	if (rc)
		vgpu_mapping_free(as, m);
	return rc;
}

static struct vgpu_host *make(struct vgpu_ctx *ctx, u64 va, unsigned long npages, bool writable)
{
	struct vgpu_host *h;
	int rc = charge(ctx, npages);

	if (rc)
		return ERR_PTR(rc);
	h = vgpu_user_zalloc(ctx->user, VGPU_KIND_HOST, sizeof(*h));
	rc = PTR_ERR_OR_ZERO(h);
	if (rc)
		goto uncharge;
	rc = -ENOMEM;
	h->va = va;
	h->writable = writable;
	INIT_LIST_HEAD(&h->maps);
	h->pages = vgpu_counted(VGPU_KIND_SCRATCH, vgpu_zalloc(npages * sizeof(*h->pages)));	/* far below 2^64: charge() has looked */
	if (h->pages)
		rc = pin_and_charge(ctx, h, npages);
	if (rc)
		goto free;
	vgpu_obj_init(&h->obj, VGPU_OBJ_HOST, ctx, &host_ops);
	return h;
free:
	vgpu_counted_free(VGPU_KIND_SCRATCH, h->pages);
	vgpu_user_free(ctx->user, VGPU_KIND_HOST, h, sizeof(*h));
uncharge:
	uncharge(ctx, npages);
	return ERR_PTR(rc);
}

static int register_range(struct vgpu_file *vf, struct vgpu_ctx *ctx,
			  struct vgpu_host_register *a)
{
	u64 start = a->address & PAGE_MASK, end = PAGE_ALIGN(a->address + a->length);
	struct vgpu_host *h;
	int rc = vgpu_ctx_usable(ctx);

	if (rc)
		return rc;
	h = make(ctx, start, (end - start) >> PAGE_SHIFT, !(a->flags & VGPU_HOST_READONLY));
	if (IS_ERR(h))
		return PTR_ERR(h);
	rc = map(h);
	if (!rc)
		rc = vgpu_obj_publish(vf, &h->obj, &a->handle);
	if (rc) {
		detach(&h->obj);
		vgpu_obj_put(&h->obj);
	}
	return rc;
}

int vgpu_ioctl_host_register(struct vgpu_file *vf, void *arg)
{
	struct vgpu_host_register *a = arg;
	struct vgpu_ctx *ctx;
	int rc;

	if ((a->flags & ~VGPU_HOST_READONLY) || !a->length ||
	    a->address >= VGPU_VA_SPLIT || a->length > VGPU_VA_SPLIT - a->address)
		return -EINVAL;
	ctx = vgpu_ctx_get(vf, a->ctx);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	rc = register_range(vf, ctx, a);
	vgpu_ctx_put(ctx);
	return rc;
}
