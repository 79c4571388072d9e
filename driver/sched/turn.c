// SPDX-License-Identifier: GPL-2.0
/*
 * Whose turn it is. Users in turn, in each its contexts in turn: for kicked rings that are
 * to be looked at, and for jobs. So what one has many of (rings, contexts) delays itself, not others.
 */
#include "internal.h"

/** vgpu_sched_user_init - a user's part */
void vgpu_sched_user_init(struct vgpu_sched_user *u)
{
	INIT_LIST_HEAD(&u->run_link);
	INIT_LIST_HEAD(&u->runnable);
	INIT_LIST_HEAD(&u->kick_link);
	INIT_LIST_HEAD(&u->kicked);
}

/* ---- jobs, under sched.lock */

/** vgpu_turn_run - a context has a job with something to hand out */
void vgpu_turn_run(struct vgpu_sched_ctx *s)
{
	struct vgpu_sched_user *u = s->user;

	if (!list_empty(&s->link))
		return;
	list_add_tail(&s->link, &u->runnable);
	if (list_empty(&u->run_link))
		list_add_tail(&u->run_link, &vgpu_sched.runnable);
}

/** vgpu_turn_rest - it has none, or its device is held up */
void vgpu_turn_rest(struct vgpu_sched_ctx *s)
{
	list_del_init(&s->link);
	if (list_empty(&s->user->runnable))
		list_del_init(&s->user->run_link);
}

/** vgpu_turn_next - the context whose turn it is, or NULL */
struct vgpu_sched_ctx *vgpu_turn_next(void)
{
	struct vgpu_sched_user *u;

	u = list_first_entry_or_null(&vgpu_sched.runnable, struct vgpu_sched_user, run_link);
	return u ? list_first_entry(&u->runnable, struct vgpu_sched_ctx, link) : NULL;
}

/** vgpu_turn_taken - it has had it */
void vgpu_turn_taken(struct vgpu_sched_ctx *s)
{
	list_move_tail(&s->link, &s->user->runnable);
	list_move_tail(&s->user->run_link, &vgpu_sched.runnable);
}

/* ---- kicked rings, under sched.lock */

static struct vgpu_sched_ctx *ctx_of(const struct vgpu_queue *q)
{
	return q->obj.ctx->sched;
}

/** vgpu_turn_kick - a queue wants its ring looked at */
void vgpu_turn_kick(struct vgpu_queue *q)
{
	struct vgpu_sched_ctx *s = ctx_of(q);
	struct vgpu_sched_user *u = s->user;

	list_add_tail(&q->link, &s->kicked);
	if (list_empty(&s->kick_link))
		list_add_tail(&s->kick_link, &u->kicked);
	if (list_empty(&u->kick_link))
		list_add_tail(&u->kick_link, &vgpu_sched.kicks);
}

/** vgpu_turn_unkick - it does not, or no longer; also of one that never did */
void vgpu_turn_unkick(struct vgpu_queue *q)
{
	struct vgpu_sched_ctx *s = ctx_of(q);

	list_del_init(&q->link);
	if (list_empty(&s->kicked))
		list_del_init(&s->kick_link);
	if (list_empty(&s->user->kicked))
		list_del_init(&s->user->kick_link);
}

/** vgpu_turn_next_kick - the queue whose turn it is, or NULL; not kicked any more */
struct vgpu_queue *vgpu_turn_next_kick(void)
{
	struct vgpu_sched_user *u;
	struct vgpu_sched_ctx *s;
	struct vgpu_queue *q;

	u = list_first_entry_or_null(&vgpu_sched.kicks, struct vgpu_sched_user, kick_link);
	if (!u)
		return NULL;
	s = list_first_entry(&u->kicked, struct vgpu_sched_ctx, kick_link);
	q = list_first_entry(&s->kicked, struct vgpu_queue, link);
	list_move_tail(&s->kick_link, &u->kicked);
	list_move_tail(&u->kick_link, &vgpu_sched.kicks);
	vgpu_turn_unkick(q);
	return q;
}
