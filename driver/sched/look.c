// SPDX-License-Identifier: GPL-2.0
/*
 * Queues that wait for a value in memory (WAIT_VALUE): nobody says when it changes, so they look again and again. One
 * that waits alone looks each jiffy. Of many only some do: users in turn, in each its queues in turn, so that
 * however many wait, looking takes a small part of a processor, and who has many delays himself.
 */
#include "internal.h"

#define LOOKS_A_SECOND	8000u
#define LOOKS		(LOOKS_A_SECOND / HZ ?: 1)	/* a jiffy */

/* The queue whose turn it is, or NULL; in no list any more. */
static struct vgpu_queue *next(void)
{
	struct vgpu_sched_user *u;
	struct vgpu_queue *q;

	u = list_first_entry_or_null(&vgpu_sched.looks, struct vgpu_sched_user, look_link);
	if (!u)
		return NULL;
	q = list_first_entry(&u->looking, struct vgpu_queue, look_link);
	list_move_tail(&u->look_link, &vgpu_sched.looks);
	vgpu_look_forget_locked(q);
	return q;
}

static void arm(void)
{
	queue_delayed_work(vgpu_sched.wq, &vgpu_sched.look, 1);
}

/* A worker looks, and puts the queue at the end of the list when it still has to wait. */
static void look(struct work_struct *work)
{
	unsigned int n = LOOKS;
	struct vgpu_queue *q;

	spin_lock(&vgpu_sched.lock);
	while (n-- && (q = next()))
		vgpu_queue_kick_locked(q);
	if (!list_empty(&vgpu_sched.looks))
		arm();
	spin_unlock(&vgpu_sched.lock);
}

/** vgpu_look_init - before the first queue */
void vgpu_look_init(void)
{
	INIT_LIST_HEAD(&vgpu_sched.looks);
	INIT_DELAYED_WORK(&vgpu_sched.look, look);
}

/** vgpu_look_exit - after the last queue */
void vgpu_look_exit(void)
{
	cancel_delayed_work_sync(&vgpu_sched.look);
}

/**
 * vgpu_look_again - have a queue kicked when it is its turn to look at memory again
 * @q: queue, PUMPING
 */
void vgpu_look_again(struct vgpu_queue *q)
{
	struct vgpu_sched_user *u = q->obj.ctx->sched->user;

	spin_lock(&vgpu_sched.lock);
	if (list_empty(&q->look_link)) {
		list_add_tail(&q->look_link, &u->looking);
		if (list_empty(&u->look_link))
			list_add_tail(&u->look_link, &vgpu_sched.looks);
		arm();
	}
	spin_unlock(&vgpu_sched.lock);
}

/** vgpu_look_forget_locked - a queue need not look again; also of one that never had to; under sched.lock */
void vgpu_look_forget_locked(struct vgpu_queue *q)
{
	struct vgpu_sched_user *u = q->obj.ctx->sched->user;

	list_del_init(&q->look_link);
	if (list_empty(&u->looking))
		list_del_init(&u->look_link);
}
