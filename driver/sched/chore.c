// SPDX-License-Identifier: GPL-2.0
/*
 * Chores: what a context needs and may have to wait for, memory above all. Threads of a work queue do
 * them, one of a context at a time: a worker that waited would keep all contexts waiting, for as long as one's
 * memory takes to be had, or another thread of that one holds a lock.
 */
#include <linux/memcontrol.h>
#include <linux/sched/mm.h>

#include "../core/params.h"
#include "internal.h"

#define CHORE_NICE	10	/* beyond that of workers */

static int chore_nice(int nice)
{
	return max(nice, min(vgpu_params.nice + CHORE_NICE, MAX_NICE));
}

/* The next chore, and that the one before is done; @was: what the thread is when it has none. */
static struct vgpu_chore *next(struct vgpu_sched_ctx *s, int was)
{
	struct vgpu_chore *c;

	spin_lock(&vgpu_sched.lock);
	c = list_first_entry_or_null(&s->chores, struct vgpu_chore, link);
	if (c) {
		list_del_init(&c->link);
		set_user_nice(current, s->hurries ? was : chore_nice(was));
	}
	WRITE_ONCE(s->doing, c);
	s->chore_task = c ? current : NULL;
	spin_unlock(&vgpu_sched.lock);
	wake_up_all(&s->chore_done);
	return c;
}

/**
 * vgpu_chores_begin - a thread of the work queue turns to what belongs to one context
 *
 * Any number of contexts may have some to do at the same time. Workers, who take turns for all, come first.
 *
 * Return: for vgpu_chores_end().
 */
int vgpu_chores_begin(void)
{
	int nice = task_nice(current);

	set_user_nice(current, chore_nice(nice));
	return nice;
}

/** vgpu_chores_end - the thread is as it was */
void vgpu_chores_end(int nice)
{
	set_user_nice(current, nice);
}

static void work(struct work_struct *work)
{
	struct vgpu_sched_ctx *s = container_of(work, struct vgpu_sched_ctx, chore_work);
	struct mem_cgroup *old = set_active_memcg(s->memcg);
	int nice = task_nice(current);
	struct vgpu_chore *c;

	while ((c = next(s, nice))) {
		c->fn(c);
		cond_resched();
	}
	vgpu_chores_end(nice);
	set_active_memcg(old);
}

/** vgpu_chores_init - a context's part */
void vgpu_chores_init(struct vgpu_sched_ctx *s)
{
	INIT_LIST_HEAD(&s->chores);
	init_waitqueue_head(&s->chore_done);
	INIT_WORK(&s->chore_work, work);
}

/** vgpu_chore_locked - vgpu_chore() under sched.lock: before it is let go nobody can do the chore, and the context not end */
void vgpu_chore_locked(struct vgpu_sched_ctx *s, struct vgpu_chore *c, void (*fn)(struct vgpu_chore *c))
{
	c->fn = fn;
	list_add_tail(&c->link, &s->chores);
	queue_work(vgpu_sched.chores, &s->chore_work);
}

/**
 * vgpu_chore - have something done that may wait
 * @s: context; a queue of it is BUSY or PUMPING until the chore is done, and so keeps it
 * @c: the chore
 * @fn: does it and goes on with what needed it; @c may be gone then
 */
void vgpu_chore(struct vgpu_sched_ctx *s, struct vgpu_chore *c, void (*fn)(struct vgpu_chore *c))
{
	spin_lock(&vgpu_sched.lock);
	vgpu_chore_locked(s, c, fn);
	spin_unlock(&vgpu_sched.lock);
}

/** vgpu_chores_hurry_locked - vgpu_chores_hurry() under sched.lock */
void vgpu_chores_hurry_locked(struct vgpu_sched_ctx *s)
{
	s->hurries++;
	if (s->chore_task)
		set_user_nice(s->chore_task, min(task_nice(s->chore_task), vgpu_params.nice));
}

/**
 * vgpu_chores_hurry - somebody who ends waits for chores of a context: they are done as what workers do
 * @s: context
 *
 * Only by such a one, and until vgpu_chores_calm(): else this was a way to have processors beyond one's turns.
 */
void vgpu_chores_hurry(struct vgpu_sched_ctx *s)
{
	spin_lock(&vgpu_sched.lock);
	vgpu_chores_hurry_locked(s);
	spin_unlock(&vgpu_sched.lock);
}

/** vgpu_chores_calm - the end of vgpu_chores_hurry() */
void vgpu_chores_calm(struct vgpu_sched_ctx *s)
{
	spin_lock(&vgpu_sched.lock);
	s->hurries--;
	spin_unlock(&vgpu_sched.lock);
}

/** vgpu_chore_forget - on return a chore has been done, or never will be; may sleep */
void vgpu_chore_forget(struct vgpu_sched_ctx *s, struct vgpu_chore *c)
{
	spin_lock(&vgpu_sched.lock);
	list_del_init(&c->link);
	spin_unlock(&vgpu_sched.lock);
	/* Not for those that others of the context go on adding. */
	vgpu_wait_for_chores(s, s->chore_done, READ_ONCE(s->doing) != c);
}
