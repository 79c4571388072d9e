// SPDX-License-Identifier: GPL-2.0
/*
 * Samples: what share of each tenth of a second a device, and each process on
 * it, was executing.
 */
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../sched/sched.h"
#include "ioctl.h"
#include "vgpu.h"

static u32 permille(u64 part, u64 whole)
{
	return whole ? div64_u64(min(part, whole) * 1000, whole) : 0;
}

static struct vgpu_mark read_mark(struct vgpu_device *dev)
{
	return (struct vgpu_mark) {
		.now_ns = ktime_get_ns(),
		.active_ns = vgpu_device_active_ns(dev),
		.busy_ns = atomic64_read(&dev->cnt.busy_ns),
		.mem_busy_ns = atomic64_read(&dev->cnt.mem_busy_ns),
	};
}

/* What the counters gained. A reading of active_ns can go back by a packet. */
static struct vgpu_mark gain(const struct vgpu_mark *now, const struct vgpu_mark *then)
{
	return (struct vgpu_mark) {
		.now_ns = now->now_ns - then->now_ns,
		.active_ns = now->active_ns > then->active_ns ?
			     now->active_ns - then->active_ns : 0,
		.busy_ns = now->busy_ns - then->busy_ns,
		.mem_busy_ns = now->mem_busy_ns - then->mem_busy_ns,
	};
}

/* One context's part of an interval, and what it gained in it. */
static void take_ctx(struct vgpu_monitor *mon, struct vgpu_ctx *ctx, const struct vgpu_mark *all)
{
	u64 busy = atomic64_read(&ctx->cnt.busy_ns), mem = atomic64_read(&ctx->cnt.mem_busy_ns);
	u64 mine = busy - ctx->usage.busy_ns, copied = mem - ctx->usage.mem_busy_ns;
	u64 time = all->now_ns * max(vgpu_sched_workers(), 1u);
	unsigned int slot = mon->nprocess % VGPU_PROCESS_SAMPLES;
	u32 part = permille(mine, max(all->busy_ns, mine));
	struct pid *old;

	if (!mine)
		return;
	ctx->usage.busy_ns = busy;
	ctx->usage.mem_busy_ns = mem;
	WRITE_ONCE(ctx->usage.active_ns, ctx->usage.active_ns + div_u64(all->active_ns * part, 1000));
	mon->process[slot] = (struct vgpu_sample) {
		.time_ns = ktime_get_real_ns(),
		.interval_ns = all->now_ns,
		.busy_permille = permille(all->active_ns, all->now_ns) * part / 1000,
		.mem_permille = permille(copied, time),
	};
	old = mon->process_pids[slot];
	mon->process_pids[slot] = get_pid(ctx->pid);
	mon->nprocess++;
	put_pid(old);
}

/* A step of the device: the lock is held. */
static void step(struct vgpu_monitor *mon)
{
	struct vgpu_mark now = read_mark(mon->dev), all = gain(&now, &mon->mark);
	struct vgpu_sample *s = &mon->device[mon->ndevice % VGPU_DEVICE_SAMPLES];

	mon->mark = now;
	vgpu_sensors_step(mon->dev, all.now_ns, all.active_ns, all.busy_ns);
	*s = (struct vgpu_sample) {
		.time_ns = ktime_get_real_ns(),
		.interval_ns = all.now_ns,
		.busy_permille = permille(all.active_ns, all.now_ns),
		.mem_permille = permille(all.mem_busy_ns,
					 all.now_ns * max(vgpu_sched_workers(), 1u)),
	};
	vgpu_sensors_sample(mon->dev, s);
	mon->ndevice++;
}

/* A context's part of the last step, unless it was taken; the lock is held. */
static void catch_up(struct vgpu_monitor *mon, struct vgpu_ctx *ctx)
{
	if (ctx->usage.steps != mon->steps)
		take_ctx(mon, ctx, &mon->gained);
	ctx->usage.steps = mon->steps;
}

static bool step_ctx(struct vgpu_ctx *ctx, void *arg)
{
	struct vgpu_monitor *mon = arg;

	spin_lock(&mon->lock);
	catch_up(mon, ctx);
	spin_unlock(&mon->lock);
	return true;
}

/* A step of the processes: by the tick, and so by one at a time. */
static void step_processes(struct vgpu_monitor *mon)
{
	struct vgpu_mark now = read_mark(mon->dev);
	bool busy;

	spin_lock(&mon->lock);
	mon->gained = gain(&now, &mon->process_mark);
	mon->process_mark = now;
	busy = mon->gained.busy_ns;
	mon->steps += busy;
	spin_unlock(&mon->lock);
	if (busy)
		vgpu_ctx_each(mon->dev, step_ctx, mon);
}

static void tick(struct work_struct *work)
{
	struct vgpu_monitor *mon = container_of(to_delayed_work(work), struct vgpu_monitor, tick);
	bool more;

	vgpu_monitor_refresh(mon->dev);
	step_processes(mon);
	spin_lock(&mon->lock);
	more = atomic_read(&mon->dev->cnt.contexts);
	mon->ticking = more;
	spin_unlock(&mon->lock);
	if (more)
		schedule_delayed_work(&mon->tick, nsecs_to_jiffies(VGPU_SAMPLE_NS));
}

/** vgpu_monitor_refresh - make a step of the device if the last one is old enough */
void vgpu_monitor_refresh(struct vgpu_device *dev)
{
	struct vgpu_monitor *mon = dev->mon;

	spin_lock(&mon->lock);
	if (ktime_get_ns() - mon->mark.now_ns >= VGPU_SAMPLE_NS * 9 / 10)
		step(mon);
	spin_unlock(&mon->lock);
}

/** vgpu_monitor_ctx_begin - a context is on the device's list now */
void vgpu_monitor_ctx_begin(struct vgpu_ctx *ctx)
{
	struct vgpu_monitor *mon = ctx->dev->mon;
	bool first;

	/* The interval so far had no part of it. */
	vgpu_monitor_refresh(ctx->dev);
	spin_lock(&mon->lock);
	ctx->usage.steps = mon->steps;
	first = !mon->ticking;
	mon->ticking = true;
	if (first)
		mon->process_mark = read_mark(ctx->dev);
	spin_unlock(&mon->lock);
	if (first)
		schedule_delayed_work(&mon->tick, nsecs_to_jiffies(VGPU_SAMPLE_NS));
}

/**
 * vgpu_monitor_ctx_end - a context is about to leave the device's list
 * @ctx: context; nothing of it runs any more
 *
 * Its last sample ends here, and its account is closed.
 */
void vgpu_monitor_ctx_end(struct vgpu_ctx *ctx)
{
	struct vgpu_monitor *mon = ctx->dev->mon;
	struct vgpu_mark now, all;

	spin_lock(&mon->lock);
	catch_up(mon, ctx);
	now = read_mark(ctx->dev);
	all = gain(&now, &mon->process_mark);
	if (all.now_ns)
		take_ctx(mon, ctx, &all);
	if (mon->accounting)
		vgpu_account_add(ctx);
	spin_unlock(&mon->lock);
}

/** vgpu_monitor_init - set up a new device's monitor */
void vgpu_monitor_init(struct vgpu_device *dev)
{
	struct vgpu_monitor *mon = dev->mon;

	spin_lock_init(&mon->lock);
	INIT_DELAYED_WORK(&mon->tick, tick);
	mon->dev = dev;
	mon->mark = read_mark(dev);
	vgpu_sensors_init(dev);
}

/** vgpu_monitor_exit - let go of what a monitor holds; the device has no files any more */
void vgpu_monitor_exit(struct vgpu_device *dev)
{
	struct vgpu_monitor *mon = dev->mon;
	int i;

	cancel_delayed_work_sync(&mon->tick);
	for (i = 0; i < VGPU_PROCESS_SAMPLES; i++)
		put_pid(mon->process_pids[i]);
	vgpu_account_forget(mon);
}

/* ---- the SAMPLES ioctl */

/* The sample that is number @n of its kind, as the caller may see it. */
static struct vgpu_sample sample_at(struct vgpu_monitor *mon, u32 kind, u64 n)
{
	struct vgpu_sample s;

	if (kind == VGPU_SAMPLES_DEVICE)
		return mon->device[n % VGPU_DEVICE_SAMPLES];
	s = mon->process[n % VGPU_PROCESS_SAMPLES];
	s.pid = pid_vnr(mon->process_pids[n % VGPU_PROCESS_SAMPLES]);
	return s;
}

/* The newest samples after @after_ns, oldest first: how many there are, the last @room of them put into @to. */
static u32 collect(struct vgpu_monitor *mon, const struct vgpu_samples *q, u32 limit,
		   struct vgpu_sample *to, u32 room)
{
	u64 end = q->kind == VGPU_SAMPLES_DEVICE ? mon->ndevice : mon->nprocess;
	u64 first = end > limit ? end - limit : 0, n;
	u32 count;

	while (first < end && sample_at(mon, q->kind, first).time_ns <= q->after_ns)
		first++;
	count = end - first;
	for (n = end - min(count, room); n < end; n++)
		*to++ = sample_at(mon, q->kind, n);
	return count;
}

int vgpu_ioctl_samples(struct vgpu_file *vf, void *arg)
{
	struct vgpu_samples *q = arg;
	struct vgpu_sample *tab;
	u32 room;
	int rc;

	if (q->reserved || q->kind > VGPU_SAMPLES_PROCESS)
		return -EINVAL;
	q->limit = q->kind == VGPU_SAMPLES_DEVICE ? VGPU_DEVICE_SAMPLES : VGPU_PROCESS_SAMPLES;
	room = min(q->count, q->limit);
	tab = vgpu_counted(VGPU_KIND_SCRATCH, kvcalloc(room + 1, sizeof(*tab), VGPU_GFP));
	if (!tab)
		return -ENOMEM;
	vgpu_monitor_refresh(vf->dev);
	spin_lock(&vf->dev->mon->lock);
	q->count = collect(vf->dev->mon, q, q->limit, tab, room);
	spin_unlock(&vf->dev->mon->lock);
	rc = vgpu_copy_array(q->samples, q->entry_size, tab, sizeof(*tab), min(room, q->count));
	vgpu_counted_free(VGPU_KIND_SCRATCH, tab);
	return rc;
}
