// SPDX-License-Identifier: GPL-2.0
/*
 * Whose turn it is. Users in turn, in each its contexts in turn: for kicked rings that are
 * to be looked at, and for jobs. So what one has many of (rings, contexts) delays itself, not others.
 * Within a context the jobs of the greatest priority take turns; one turn in eight goes to the job that has waited
 * longest, so that none starves and none waits for ever for one of less priority.
 */
#include "internal.h"

/** vgpu_sched_user_init - a user's part */
void vgpu_sched_user_init(struct vgpu_sched_user *u)
{
	INIT_LIST_HEAD(&u->run_link);
	INIT_LIST_HEAD(&u->runnable);
	INIT_LIST_HEAD(&u->kick_link);
	INIT_LIST_HEAD(&u->kicked);
	INIT_LIST_HEAD(&u->look_link);
	INIT_LIST_HEAD(&u->looking);
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

/** vgpu_turn_init - a context's part */
void vgpu_turn_init(struct vgpu_sched_ctx *s)
{
	unsigned int i;

	for (i = 0; i < VGPU_PRIORITIES; i++)
		INIT_LIST_HEAD(&s->jobs[i]);
}

/**
 * vgpu_turn_join - a job has something to hand out
 * @s: its context
 * @job: job, in no list
 * @yields: all its blocks wait for others, which may be of any priority: it gets no more turns than the least of those
 */
void vgpu_turn_join(struct vgpu_sched_ctx *s, struct vgpu_job *job, bool yields)
{
	unsigned int level = job->priority - VGPU_PRIORITY_GREATEST;

	if (yields && s->levels)
		level = max_t(unsigned int, level, __fls(s->levels));
	job->level = level;
	job->since = s->turns;
	list_add_tail(&job->link, &s->jobs[level]);
	s->levels |= BIT(level);
	vgpu_turn_run(s);
}

/** vgpu_turn_leave - it has nothing to hand out, or never had */
void vgpu_turn_leave(struct vgpu_sched_ctx *s, struct vgpu_job *job)
{
	list_del_init(&job->link);
	if (list_empty(&s->jobs[job->level]))
		s->levels &= ~BIT(job->level);
	if (!s->levels)
		vgpu_turn_rest(s);
}

static struct vgpu_job *first_job(struct vgpu_sched_ctx *s, unsigned int level)
{
	return list_first_entry(&s->jobs[level], struct vgpu_job, link);
}

/** vgpu_turn_job - the job whose turn it is, of a context that has some */
struct vgpu_job *vgpu_turn_job(struct vgpu_sched_ctx *s)
{
	unsigned int level = __ffs(s->levels);
	struct vgpu_job *job = first_job(s, level);

	if (++s->turns % VGPU_OLDEST_EVERY)
		return job;
	for_each_set_bit_from(level, &s->levels, VGPU_PRIORITIES)
		if (first_job(s, level)->since < job->since)
			job = first_job(s, level);
	return job;
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
