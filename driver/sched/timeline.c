// SPDX-License-Identifier: GPL-2.0
/*
 * Timelines: 64-bit values that grow, with sleepers and callbacks.
 */
#include "internal.h"

#define MAX_WAITERS	4096	/* bounds the work under the lock */

/** vgpu_tl_init - set up a timeline */
void vgpu_tl_init(struct vgpu_timeline *tl, u64 value)
{
	spin_lock_init(&tl->lock);
	tl->value = value;
	tl->dead = false;
	tl->nwaiters = 0;
	init_waitqueue_head(&tl->wait);
	INIT_LIST_HEAD(&tl->waiters);
	INIT_LIST_HEAD(&tl->ctx_link);
}

static bool due(const struct vgpu_timeline *tl, u64 value)
{
	return tl->dead || tl->value >= value;
}

static void fire(struct vgpu_timeline *tl)
{
	struct vgpu_tl_waiter *w, *next;

	list_for_each_entry_safe(w, next, &tl->waiters, link) {
		if (!due(tl, w->value))
			continue;
		list_del_init(&w->link);
		tl->nwaiters--;
		w->fn(w);
	}
}

/**
 * vgpu_tl_signal - raise the value
 * @tl: timeline
 * @value: new value; ignored when lower than the present one
 */
void vgpu_tl_signal(struct vgpu_timeline *tl, u64 value)
{
	spin_lock(&tl->lock);
	if (value > tl->value) {
		WRITE_ONCE(tl->value, value);
		if (tl->nwaiters)
			fire(tl);
	}
	spin_unlock(&tl->lock);
	if (wq_has_sleeper(&tl->wait))
		wake_up_all(&tl->wait);
}

/** vgpu_tl_kill - it will not grow any more: let everybody go */
void vgpu_tl_kill(struct vgpu_timeline *tl)
{
	spin_lock(&tl->lock);
	WRITE_ONCE(tl->dead, true);
	fire(tl);
	spin_unlock(&tl->lock);
	wake_up_all(&tl->wait);
}

/** vgpu_tl_reached - whether the value has been reached, or never will be */
bool vgpu_tl_reached(struct vgpu_timeline *tl, u64 value)
{
	return READ_ONCE(tl->value) >= value || READ_ONCE(tl->dead);
}

/**
 * vgpu_tl_add - have a callback when a value is reached
 * @tl: timeline
 * @w: waiter, value and fn set
 *
 * Return: 0 when it will be called, 1 when the value is reached already (it will
 * not be called), -EDQUOT when too many wait.
 */
int vgpu_tl_add(struct vgpu_timeline *tl, struct vgpu_tl_waiter *w)
{
	int rc = 0;

	spin_lock(&tl->lock);
	if (due(tl, w->value)) {
		INIT_LIST_HEAD(&w->link);
		rc = 1;
	} else if (tl->nwaiters >= MAX_WAITERS) {
		INIT_LIST_HEAD(&w->link);
		rc = -EDQUOT;
	} else {
		list_add_tail(&w->link, &tl->waiters);
		tl->nwaiters++;
	}
	spin_unlock(&tl->lock);
	return rc;
}

/**
 * vgpu_tl_cancel - take a waiter back; its callback is not running afterwards
 * @tl: timeline
 * @w: a waiter of it, or one that was never added
 *
 * Return: whether it was still waiting; else its callback has run, or it was never added.
 */
bool vgpu_tl_cancel(struct vgpu_timeline *tl, struct vgpu_tl_waiter *w)
{
	bool waiting;

	spin_lock(&tl->lock);
	waiting = !list_empty(&w->link);
	if (waiting) {
		list_del_init(&w->link);
		tl->nwaiters--;
	}
	spin_unlock(&tl->lock);
	return waiting;
}
