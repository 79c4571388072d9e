// SPDX-License-Identifier: GPL-2.0
/*
 * A context's part in the scheduler: its queues, and how they are stopped.
 */
#include <linux/memcontrol.h>
#include <linux/slab.h>

#include "../core/user.h"
#include "internal.h"

static atomic64_t next_id = ATOMIC64_INIT(1);

/** vgpu_sched_ctx_init - 0 or -ENOMEM */
int vgpu_sched_ctx_init(struct vgpu_ctx *ctx)
{
	struct vgpu_sched_ctx *s = vgpu_counted(VGPU_KIND_SCHED_CTX, vgpu_zalloc(sizeof(*s)));

	if (!s)
		return -ENOMEM;
	s->user = vgpu_user_sched(ctx->user);
	s->ctx = ctx;
	INIT_LIST_HEAD(&s->link);
	vgpu_turn_init(s);
	INIT_LIST_HEAD(&s->kick_link);
	INIT_LIST_HEAD(&s->kicked);
	INIT_LIST_HEAD(&s->queues);
	INIT_LIST_HEAD(&s->timelines);
	vgpu_chores_init(s);
	vgpu_due_init(s);
	mutex_init(&s->tl_lock);
	init_waitqueue_head(&s->drained);
	s->id = atomic64_inc_return(&next_id);
	s->memcg = get_mem_cgroup_from_mm(ctx->mm);
	ctx->sched = s;
	return 0;
}

/** vgpu_sched_ctx_free - the last reference is gone */
void vgpu_sched_ctx_free(struct vgpu_ctx *ctx)
{
	struct vgpu_sched_ctx *s = ctx->sched;

	vgpu_due_fini(s);
	vgpu_workers_drop_spares();
	mem_cgroup_put(s->memcg);
	vgpu_counted_free(VGPU_KIND_SCHED_CTX, s);
}

/**
 * vgpu_sched_ctx_add_tl - have a timeline killed with the context
 * @ctx: context
 * @tl: timeline, in no list yet
 *
 * Return: 0, -EIO when the context has ended.
 */
int vgpu_sched_ctx_add_tl(struct vgpu_ctx *ctx, struct vgpu_timeline *tl)
{
	struct vgpu_sched_ctx *s = ctx->sched;
	int rc = 0;

	mutex_lock(&s->tl_lock);
	if (vgpu_ctx_dead(ctx))
		rc = -EIO;
	else
		list_add_tail(&tl->ctx_link, &s->timelines);
	mutex_unlock(&s->tl_lock);
	return rc;
}

/** vgpu_sched_ctx_remove_tl - undo vgpu_sched_ctx_add_tl() */
void vgpu_sched_ctx_remove_tl(struct vgpu_ctx *ctx, struct vgpu_timeline *tl)
{
	mutex_lock(&ctx->sched->tl_lock);
	list_del_init(&tl->ctx_link);
	mutex_unlock(&ctx->sched->tl_lock);
}

static void kill_timelines(struct vgpu_sched_ctx *s)
{
	struct vgpu_timeline *tl;

	mutex_lock(&s->tl_lock);
	list_for_each_entry(tl, &s->timelines, ctx_link) {
		vgpu_tl_kill(tl);
		cond_resched();
	}
	mutex_unlock(&s->tl_lock);
}

/**
 * vgpu_sched_ctx_stop - stop all queues of a context that has been marked dead
 * @ctx: context
 *
 * Does not wait for workers that are inside; they leave within a slice.
 */
void vgpu_sched_ctx_stop(struct vgpu_ctx *ctx)
{
	struct vgpu_sched_ctx *s = ctx->sched;
	struct vgpu_queue *q, *next;
	LIST_HEAD(dead);

	spin_lock(&vgpu_sched.lock);
	vgpu_chores_hurry_locked(s);	/* for good: there will be no new ones, and these end soon */
	list_for_each_entry_safe(q, next, &s->queues, ctx_link)
		vgpu_queue_stop_locked(q, &dead);
	spin_unlock(&vgpu_sched.lock);
	kill_timelines(s);
	vgpu_jobs_free(&dead);
}

/** vgpu_sched_ctx_drain - wait until nothing of a stopped context runs */
void vgpu_sched_ctx_drain(struct vgpu_ctx *ctx)
{
	struct vgpu_sched_ctx *s = ctx->sched;

	wait_event(s->drained, !READ_ONCE(s->live));
	/* Whoever was last may still be waking us, under the lock. */
	spin_lock(&vgpu_sched.lock);
	spin_unlock(&vgpu_sched.lock);
	flush_work(&s->chore_work);	/* what nobody waits for any more */
}
