// SPDX-License-Identifier: GPL-2.0
/*
 * Watches: contexts end with the address space they were made in, whoever holds their files.
 *
 * There is one for each address space: registering it takes all of the address space's locks, and the mutex that
 * everybody on the machine takes who does this.
 */
#include <linux/mmu_notifier.h>
#include <linux/slab.h>

#include "../mm/mm.h"
#include "vgpu.h"

/**
 * struct vgpu_watch - of an mm
 * @mn: on the mm
 * @lock: protects
 * @contexts: struct vgpu_ctx.mm_link of those made in it that have a handle
 */
struct vgpu_watch {
	struct mmu_notifier mn;
	spinlock_t lock;
	struct list_head contexts;
};

static void mm_release(struct mmu_notifier *mn, struct mm_struct *mm)
{
	struct vgpu_watch *w = container_of(mn, struct vgpu_watch, mn);
	struct vgpu_ctx *ctx;

	spin_lock(&w->lock);
	list_for_each_entry(ctx, &w->contexts, mm_link)
		vgpu_ctx_orphan(ctx);
	spin_unlock(&w->lock);
}

static struct mmu_notifier *alloc_watch(struct mm_struct *mm)
{
	struct vgpu_watch *w = vgpu_counted(VGPU_KIND_WATCH, vgpu_zalloc(sizeof(*w)));

	if (!w)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&w->lock);
	INIT_LIST_HEAD(&w->contexts);
	return &w->mn;
}

/* In atomic context, when an SRCU grace period has passed: the last context may have gone before. */
static void free_watch(struct mmu_notifier *mn)
{
	vgpu_counted_free(VGPU_KIND_WATCH, container_of(mn, struct vgpu_watch, mn));
}

static const struct mmu_notifier_ops mn_ops = {
	.release = mm_release,
	.alloc_notifier = alloc_watch,
	.free_notifier = free_watch,
};

/** vgpu_watch_add - end a context, by vgpu_ctx_orphan(), with its mm, which is the caller's: 0 or a negative errno */
int vgpu_watch_add(struct vgpu_ctx *ctx)
{
	struct mmu_notifier *mn = mmu_notifier_get(&mn_ops, ctx->mm);
	struct vgpu_watch *w;

	if (IS_ERR(mn))
		return PTR_ERR(mn);
	w = container_of(mn, struct vgpu_watch, mn);
	spin_lock(&w->lock);
	list_add(&ctx->mm_link, &w->contexts);
	spin_unlock(&w->lock);
	ctx->watch = w;
	return 0;
}

/** vgpu_watch_remove - undo vgpu_watch_add() */
void vgpu_watch_remove(struct vgpu_ctx *ctx)
{
	struct vgpu_watch *w = ctx->watch;

	spin_lock(&w->lock);
	list_del(&ctx->mm_link);
	spin_unlock(&w->lock);
	/* Waiting for it instead takes some 20 ms, for each context. */
	mmu_notifier_put(&w->mn);
}

/** vgpu_watch_exit - the module goes: nothing of a watch that has gone is left behind */
void vgpu_watch_exit(void)
{
	mmu_notifier_synchronize();
}
