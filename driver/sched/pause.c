// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that are held up: one that hangs gets no worker at all, a slow one gets none
 * for a while after each stretch of work. The workers themselves never wait, so other devices
 * go on as ever.
 *
 * A held-up device's contexts wait on its own list instead of their users';
 * they are moved there when a worker comes across them. With a time limit (time_limit_ms) a watchdog ends
 * those that have waited for so long for a device that hangs.
 */
#include <linux/jiffies.h>
#include <linux/math64.h>

#include "../core/params.h"
#include "internal.h"

#define XID_HANG	109	/* what a card's watchdog says: context switch timeout */
#define GAP_NS		1000000ull	/* without work for longer: a new stretch */
#define MAX_REST_NS	10000000000ull	/* rests owed beyond this are forgiven */

/** vgpu_pause_holds - whether a device gets no workers now; under sched.lock */
bool vgpu_pause_holds(const struct vgpu_device *dev)
{
	return dev->pause.hung || dev->pause.resting;
}

/** vgpu_pause_hold - a context of a device that is held up steps aside; under sched.lock, in no list */
void vgpu_pause_hold(struct vgpu_sched_ctx *s)
{
	s->held_ns = ktime_get_ns();
	list_add_tail(&s->link, &s->ctx->dev->pause.contexts);
}

/* Under sched.lock. */
static void let_go(struct vgpu_device *dev)
{
	struct vgpu_sched_ctx *s, *next;

	if (vgpu_pause_holds(dev) || list_empty(&dev->pause.contexts))
		return;
	list_for_each_entry_safe(s, next, &dev->pause.contexts, link) {
		list_del_init(&s->link);
		vgpu_turn_run(s);
	}
	vgpu_wake_workers(vgpu_sched.nworkers);
}

static void end_rest(struct work_struct *work)
{
	struct vgpu_pause *p = container_of(to_delayed_work(work), struct vgpu_pause, work);
	u64 now = ktime_get_ns();

	spin_lock(&vgpu_sched.lock);
	if (p->resting) {
		p->resting = false;
		p->debt_ns -= min(p->debt_ns, now - p->rest_began);
		p->last = 0;
		let_go(container_of(p, struct vgpu_device, pause));
	}
	spin_unlock(&vgpu_sched.lock);
}

static u64 limit_ns(void)
{
	return (u64)vgpu_params.time_limit_ms * NSEC_PER_MSEC;
}

static void strike(struct vgpu_ctx *ctx)
{
	struct vgpu_fault f = { .kind = VGPU_FAULT_TIMEOUT, .xid = XID_HANG, .lane = ~0u };

	vgpu_ctx_fault(ctx, &f);
}

/* A context that has waited for too long, with a reference, or NULL. */
static struct vgpu_ctx *overdue(struct vgpu_device *dev)
{
	u64 now = ktime_get_ns();
	struct vgpu_sched_ctx *s;

	spin_lock(&vgpu_sched.lock);
	if (dev->pause.hung)
		list_for_each_entry(s, &dev->pause.contexts, link)
			if (now >= max(s->held_ns, dev->pause.hung_since) + limit_ns() &&
			    !vgpu_ctx_dead(s->ctx) && kref_get_unless_zero(&s->ctx->obj.ref)) {
				spin_unlock(&vgpu_sched.lock);
				return s->ctx;
			}
	spin_unlock(&vgpu_sched.lock);
	return NULL;
}

static void watch(struct work_struct *work)
{
	struct vgpu_pause *p = container_of(work, struct vgpu_pause, watchdog.work);
	struct vgpu_ctx *ctx;

	while ((ctx = overdue(container_of(p, struct vgpu_device, pause)))) {
		strike(ctx);
		vgpu_ctx_put(ctx);
		cond_resched();
	}
	spin_lock(&vgpu_sched.lock);
	if (p->hung)
		queue_delayed_work(vgpu_sched.wq, &p->watchdog, nsecs_to_jiffies(limit_ns() / 4) + 1);
	spin_unlock(&vgpu_sched.lock);
}

/** vgpu_pause_init - a device that gets on */
void vgpu_pause_init(struct vgpu_device *dev)
{
	struct vgpu_pause *p = &dev->pause;

	INIT_LIST_HEAD(&p->contexts);
	INIT_DELAYED_WORK(&p->work, end_rest);
	INIT_DELAYED_WORK(&p->watchdog, watch);
	init_waitqueue_head(&p->wait);
	p->percent = 100;
}

/** vgpu_pause_exit - the device goes; nothing of it is queued any more */
void vgpu_pause_exit(struct vgpu_device *dev)
{
	cancel_delayed_work_sync(&dev->pause.work);
}

/**
 * vgpu_pause_hang - hold a device up until told otherwise, or no longer
 * @dev: device, in the table of devices: the watchdog, which may drop a context's last reference, must not
 *	drop the last one of the device. Does not hang any more when it leaves the table
 * @hang: which
 */
void vgpu_pause_hang(struct vgpu_device *dev, bool hang)
{
	struct vgpu_pause *p = &dev->pause;

	spin_lock(&vgpu_sched.lock);
	if (hang && !p->hung)
		p->hung_since = ktime_get_ns();
	WRITE_ONCE(p->hung, hang);
	if (hang && limit_ns())
		queue_delayed_work(vgpu_sched.wq, &p->watchdog, nsecs_to_jiffies(limit_ns()));
	let_go(dev);
	spin_unlock(&vgpu_sched.lock);
	if (hang)
		return;
	wake_up_all(&p->wait);
	cancel_delayed_work_sync(&p->watchdog);
}

/**
 * vgpu_pause_wait - wait while the device of a context hangs
 * @ctx: context
 *
 * Return: 0 when it does not, or is gone, or the context has ended; -ERESTARTSYS for a signal; -EIO after the time
 * limit, which ends the context.
 */
int vgpu_pause_wait(struct vgpu_ctx *ctx)
{
	struct vgpu_device *dev = ctx->dev;
	long left = limit_ns() ? nsecs_to_jiffies(limit_ns()) + 1 : MAX_SCHEDULE_TIMEOUT;

	left = wait_event_interruptible_timeout(dev->pause.wait, !READ_ONCE(dev->pause.hung) ||
						vgpu_device_gone(dev) || vgpu_ctx_dead(ctx), left);
	if (left)
		return min(left, 0L);
	strike(ctx);
	return -EIO;
}

/**
 * vgpu_pause_speed - how slow a device is
 * @dev: device
 * @percent: time that its work takes, 100 at full speed
 */
void vgpu_pause_speed(struct vgpu_device *dev, u32 percent)
{
	struct vgpu_pause *p = &dev->pause;

	spin_lock(&vgpu_sched.lock);
	WRITE_ONCE(p->percent, percent);
	p->debt_ns = 0;
	p->last = 0;
	if (percent == 100) {
		p->resting = false;
		let_go(dev);
	}
	spin_unlock(&vgpu_sched.lock);
}

/**
 * vgpu_pause_charge - a worker has worked for a device; under sched.lock
 * @dev: device
 * @from: since when
 * @to: until when, ktime_get_ns()
 *
 * Counts the time during which at least one worker did, and lets the device rest for what a
 * slower one would have taken in addition. Rests are whole ticks; the time over or under is carried.
 */
void vgpu_pause_charge(struct vgpu_device *dev, u64 from, u64 to)
{
	struct vgpu_pause *p = &dev->pause;

	if (p->percent == 100 || p->resting)
		return;
	if (from > p->last + GAP_NS || !p->last)
		p->began = from;
	p->last = to;
	if (to <= p->began)
		return;
	p->debt_ns += div_u64((to - p->began) * (p->percent - 100), 100);
	p->debt_ns = min(p->debt_ns, MAX_REST_NS);
	p->began = to;
	if (p->debt_ns < TICK_NSEC)
		return;
	p->resting = true;
	p->rest_began = to;
	mod_delayed_work(vgpu_sched.wq, &p->work, nsecs_to_jiffies(p->debt_ns));
}
