// SPDX-License-Identifier: GPL-2.0
/*
 * Jobs: packets that take time. Handing out blocks to workers, fairly, and
 * noticing the end.
 */
#include <linux/slab.h>

#include "../core/trace.h"
#include "internal.h"

#define ASK_AGAIN_NS	(20 * NSEC_PER_MSEC)	/* for memory, by a launch that once had none for one more block */

/**
 * vgpu_job_init - set up a job
 * @job: zeroed
 * @q: its queue
 * @ops: its kind
 * @seqno: its packet
 * @total: blocks or pieces, at least 1
 */
void vgpu_job_init(struct vgpu_job *job, struct vgpu_queue *q, const struct vgpu_job_ops *ops,
		   u64 seqno, u64 total)
{
	INIT_LIST_HEAD(&job->link);
	INIT_LIST_HEAD(&job->ready);
	job->ranges = RB_ROOT_CACHED;
	job->spinning = RB_ROOT_CACHED;
	job->queue = q;
	job->priority = q->priority;
	job->dev = q->obj.ctx->dev;
	job->ops = ops;
	job->seqno = seqno;
	job->total = total;
	job->chunk = 1;
	job->max_resident = UINT_MAX;
	job->most_resident = UINT_MAX;
}

/** vgpu_job_free - free a job nobody is inside of */
void vgpu_job_free(struct vgpu_job *job)
{
	struct vgpu_unit *u, *next;

	list_for_each_entry_safe(u, next, &job->ready, link)
		vgpu_unit_free(u);
	vgpu_units_free(&job->ranges);
	vgpu_units_free(&job->spinning);
	vgpu_device_run_end(job->dev);
	job->ops->free(job);
}

/** vgpu_jobs_free - free the jobs of a list; before their queues' last references go */
void vgpu_jobs_free(struct list_head *jobs)
{
	struct vgpu_job *job, *next;

	list_for_each_entry_safe(job, next, jobs, link)
		vgpu_job_free(job);
}

/* ---- under sched.lock */

static struct vgpu_sched_ctx *ctx_of(const struct vgpu_job *job)
{
	return job->queue->obj.ctx->sched;
}

/*
 * Whether one more unit may have memory. Each job may have one, so that all get on; and where as many
 * wait as there are workers, others would soon wait as well.
 */
static bool may_grow(const struct vgpu_job *job)
{
	if (job->awaiting >= vgpu_sched.nworkers || job->resident >= job->max_resident)
		return false;
	return !job->resident || !job->unit_bytes || job->all_at_once ||
		ctx_of(job)->resident_bytes + job->unit_bytes <= VGPU_RESIDENT_BYTES;
}

/*
 * Blocks begin in their order, so that one may wait for any before it: of those that have not begun, none does while
 * one before it waits. Else it could take the last room there is, and both wait for ever. Where there is plenty, workers need not
 * wait for each other to know who got some.
 */
static bool in_order(const struct vgpu_job *job)
{
	return !job->unbacked && (!atomic_read(&job->beginning) || !vgpu_unit_scarce(job));
}

static bool can_begin(const struct vgpu_job *job)
{
	if (!in_order(job))
		return false;
	return (job->next < job->total || !RB_EMPTY_ROOT(&job->ranges.rb_root)) && may_grow(job);
}

/* Something that gets on, as far as is known. */
static bool has_fresh_work(const struct vgpu_job *job)
{
	return !list_empty(&job->ready) || can_begin(job);
}

/*
 * Blocks that wait for others do not use up the launch's time, and a processor that is needed for it, while others get their
 * memory: it is those they wait for, as often as not.
 */
static bool can_spin(const struct vgpu_job *job)
{
	return !job->unbacked && !RB_EMPTY_ROOT(&job->spinning.rb_root);
}

static bool has_work(const struct vgpu_job *job)
{
	return !job->stopped && (has_fresh_work(job) || can_spin(job));
}

static void grow(struct vgpu_job *job)
{
	job->resident++;
	ctx_of(job)->resident_bytes += job->unit_bytes;
}

static void shrink(struct vgpu_job *job, unsigned int units)
{
	job->resident -= units;
	ctx_of(job)->resident_bytes -= units * job->unit_bytes;
}

/* Nobody has this unit now. @spinning: its block waits for others, see vgpu_job_park() */
static void keep(struct vgpu_job *job, struct vgpu_unit *unit, bool spinning)
{
	if (unit->mem && !spinning)
		list_add_tail(&unit->link, &job->ready);
	else
		vgpu_units_add(unit->mem ? &job->spinning : &job->ranges, unit);
}

/** vgpu_job_over_locked - nobody is inside of a job, nor will be; its queue is still there */
void vgpu_job_over_locked(struct vgpu_job *job)
{
	vgpu_job_unlink(job);
	shrink(job, job->resident);
}

/** vgpu_job_unlink - hand out nothing of it */
void vgpu_job_unlink(struct vgpu_job *job)
{
	vgpu_turn_leave(ctx_of(job), job);
}

/* pick() knows of pauses. */
static void link_job(struct vgpu_job *job)
{
	bool fresh = has_fresh_work(job);

	if (!has_work(job))
		return;
	if (!list_empty(&job->link)) {
		if (!fresh || job->level == job->priority - VGPU_PRIORITY_GREATEST)
			return;
		vgpu_job_unlink(job);	/* it yields no more */
	}
	vgpu_turn_join(ctx_of(job), job, !fresh);
}

/* What a worker was handed. */
struct share {
	struct vgpu_job *job;
	struct vgpu_unit *unit;
	u64 first;
	u64 count;
};

/* There was no memory for one more, see vgpu_job_defer(): there may be some now. */
static void ask_again(struct vgpu_job *job, u64 now)
{
	if (job->resident < job->max_resident || job->max_resident == job->most_resident)
		return;
	job->max_resident++;
	job->asked_ns = now;
}

/*
 * Of units whose blocks wait for others: each in turn; but when a block has ended, the first one, which is
 * likely to have waited for that.
 */
static struct vgpu_unit *take_spinning(struct vgpu_job *job)
{
	struct vgpu_unit *u;

	if (job->done != job->noticed) {
		job->noticed = job->done;
		return vgpu_units_take(&job->spinning, 0);
	}
	u = vgpu_units_take(&job->spinning, job->tried);
	job->tried = u->first + 1;
	return u;
}

static void take(struct vgpu_job *job, struct share *sh)
{
	sh->job = job;
	sh->unit = NULL;
	job->busy++;
	if (!list_empty(&job->ready)) {
		sh->unit = list_first_entry(&job->ready, struct vgpu_unit, link);
		list_del_init(&sh->unit->link);
	} else if (!can_begin(job)) {
		sh->unit = take_spinning(job);
	} else if (!RB_EMPTY_ROOT(&job->ranges.rb_root)) {
		sh->unit = vgpu_units_take(&job->ranges, 0);
	} else {
		sh->first = job->next;
		sh->count = min(READ_ONCE(job->chunk), job->total - job->next);
		job->next += sh->count;
	}
	if (!sh->unit || !sh->unit->mem) {	/* gets memory now */
		if (job->unit_bytes)
			atomic_inc(&job->beginning);
		grow(job);
	}
}

/* The next context; those of devices that are held up step aside until let go. */
static struct vgpu_sched_ctx *next_ctx(void)
{
	struct vgpu_sched_ctx *s;

	for (;;) {
		s = vgpu_turn_next();
		if (!s || !vgpu_pause_holds(s->ctx->dev))
			return s;
		vgpu_turn_rest(s);
		vgpu_pause_hold(s);
	}
}

/*
 * The next share: users in turn, in each its contexts, in each its jobs. The room that a job was to have
 * for one more unit may have gone to another job of its context: then it steps aside until
 * one of its own units comes back, of which there is one.
 */
static bool pick(struct share *sh)
{
	struct vgpu_sched_ctx *s;
	struct vgpu_job *job;

	for (;;) {
		s = next_ctx();
		if (!s)
			return false;
		job = vgpu_turn_job(s);
		if (has_work(job))
			break;
		WARN_ON_ONCE(!job->resident);
		vgpu_job_unlink(job);
	}
	take(job, sh);
	vgpu_turn_taken(s);
	vgpu_job_unlink(job);
	link_job(job);
	return true;
}

/* ---- end of under sched.lock */

/**
 * vgpu_job_publish - let the workers have a job
 * @job: job; may be finished and gone on return, its queue too
 */
void vgpu_job_publish(struct vgpu_job *job)
{
	struct vgpu_queue *q = job->queue;
	bool drop = false;

	vgpu_device_run_begin(q->obj.ctx->dev);
	job->began_ns = ktime_get_ns();
	trace_vgpu_start(q->obj.ctx, q->obj.handle, job->seqno, job->name, job->total,
			 job->threads);
	spin_lock(&vgpu_sched.lock);
	if (q->stop) {
		drop = true;
	} else {
		WRITE_ONCE(q->state, VGPU_Q_BUSY);
		q->rekick = false;
		q->job = job;
		link_job(job);
		if (job->total > 1)
			vgpu_wake_workers(min_t(u64, job->total - 1, VGPU_MAX_WORKERS));
	}
	spin_unlock(&vgpu_sched.lock);
	if (!drop)
		return;
	vgpu_job_free(job);
	vgpu_queue_settle(q, VGPU_Q_DEAD);
}

/**
 * vgpu_job_began - blocks that were handed out have memory: where it is scarce the next may begin now, see in_order()
 * @job: job; the caller is inside of it
 */
void vgpu_job_began(struct vgpu_job *job)
{
	if (!atomic_dec_and_test(&job->beginning) || !vgpu_unit_scarce(job))
		return;
	spin_lock(&vgpu_sched.lock);
	link_job(job);
	if (!list_empty(&job->link))
		vgpu_wake_workers(1);
	spin_unlock(&vgpu_sched.lock);
}

/**
 * vgpu_job_fault - a job has failed: end its context
 * @job: job; the caller is inside of it
 * @f: what happened; queue and packet are filled in
 */
void vgpu_job_fault(struct vgpu_job *job, struct vgpu_fault *f)
{
	f->queue = job->queue->obj.handle;
	f->seqno = job->seqno;
	spin_lock(&vgpu_sched.lock);
	WRITE_ONCE(job->stopped, true);
	vgpu_job_unlink(job);
	spin_unlock(&vgpu_sched.lock);
	vgpu_ctx_fault(job->queue->obj.ctx, f);
}

/**
 * vgpu_job_park - give a unit back
 * @job: job
 * @unit: unit with something left to do
 * @spinning: its block waits for others: let those go first
 */
void vgpu_job_park(struct vgpu_job *job, struct vgpu_unit *unit, bool spinning)
{
	spin_lock(&vgpu_sched.lock);
	keep(job, unit, spinning);
	link_job(job);
	spin_unlock(&vgpu_sched.lock);
}

/**
 * vgpu_job_defer - there is no memory for one more unit
 * @job: job; the caller is inside of it
 * @first: first block of those that were to have it
 * @count: and how many
 *
 * Return: whether they can wait until another unit of the job is done.
 */
bool vgpu_job_defer(struct vgpu_job *job, u64 first, u64 count)
{
	struct vgpu_unit *range = vgpu_unit_range(first, count);
	bool can = false;

	if (!range)
		return false;
	spin_lock(&vgpu_sched.lock);
	if (job->resident > 1 && !job->all_at_once && !job->stopped) {
		job->max_resident = job->resident - 1;
		job->asked_ns = ktime_get_ns();
		keep(job, range, false);
		if (!has_work(job))
			vgpu_job_unlink(job);
		can = true;
	}
	spin_unlock(&vgpu_sched.lock);
	if (!can)
		vgpu_unit_free(range);
	return can;
}

/**
 * vgpu_job_await - give a unit back that cannot go on before a chore is done
 * @job: job; the caller is inside of it
 * @unit: unit with something left to do
 * @fn: the chore, ends with vgpu_job_back()
 */
void vgpu_job_await(struct vgpu_job *job, struct vgpu_unit *unit,
		    void (*fn)(struct vgpu_chore *c))
{
	unit->job = job;
	spin_lock(&vgpu_sched.lock);
	job->busy++;
	job->awaiting++;
	if (job->unit_bytes && !unit->mem) {
		job->unbacked++;
		atomic_dec(&job->beginning);
	}
	if (!has_work(job))
		vgpu_job_unlink(job);
	spin_unlock(&vgpu_sched.lock);
	vgpu_chore(ctx_of(job), &unit->chore, fn);
}

/* What to do after a share. */
enum next {
	AGAIN,	/* another share of the same job */
	LEFT,	/* the job is no longer ours */
	OVER,	/* the job is over, and ours alone */
};

/*
 * A share is done. Time, not shares, is what contexts get equally: a worker stays with
 * a job that has more to hand out until its turn is over.
 */
static enum next after(struct share *sh, u64 done, bool kept_unit, u64 began, u64 now, bool turn_over)
{
	struct vgpu_job *job = sh->job;
	struct vgpu_queue *q = job->queue;
	struct vgpu_device *dev = q->obj.ctx->dev;
	enum next next = LEFT;

	spin_lock(&vgpu_sched.lock);
	if (READ_ONCE(dev->pause.percent) != 100)
		vgpu_pause_charge(dev, began, now);
	job->busy--;
	job->done += done;
	if (now > job->asked_ns + ASK_AGAIN_NS)
		ask_again(job, now);
	if (!kept_unit)
		shrink(job, 1);
	if (!job->busy && (job->done == job->total || job->stopped)) {
		next = OVER;
		vgpu_job_over_locked(job);
		q->job = NULL;
		WRITE_ONCE(q->state, VGPU_Q_PUMPING);
	} else if (!turn_over && has_work(job) && !vgpu_pause_holds(dev)) {
		next = AGAIN;
		take(job, sh);
		if (!has_work(job))
			vgpu_job_unlink(job);
	} else {
		link_job(job);
	}
	spin_unlock(&vgpu_sched.lock);
	return next;
}

/* The job is over, and its queue PUMPING, by us. */
static void finish(struct vgpu_worker *w, struct vgpu_job *job)
{
	struct vgpu_queue *q = job->queue;
	bool complete = job->done == job->total;

	trace_vgpu_end(q->obj.ctx, q->obj.handle, job->seqno, job->name,
		       ktime_get_ns() - job->began_ns, atomic64_read(&job->exec_ns), complete);
	if (complete && job->ops->complete)
		job->ops->complete(job);
	if (complete)
		vgpu_queue_complete(q, job->seqno);
	vgpu_job_free(job);
	if (complete)
		vgpu_queue_pump(w, q);
	else
		vgpu_queue_settle(q, VGPU_Q_DEAD);
}

/**
 * vgpu_job_back - the chore of vgpu_job_await() is done
 * @job: job; may be gone on return, its queue too
 * @was: the unit that was given back then; ends here, where it is not what goes on
 * @unit: what goes on: with memory or a mere range. NULL: nothing
 */
void vgpu_job_back(struct vgpu_job *job, struct vgpu_unit *was, struct vgpu_unit *unit)
{
	bool over;

	spin_lock(&vgpu_sched.lock);
	job->busy--;
	job->awaiting--;
	if (job->unit_bytes && !was->mem)
		job->unbacked--;
	if (!unit || !unit->mem)
		shrink(job, 1);
	if (was == unit)
		was = NULL;
	if (unit && !job->stopped) {
		keep(job, unit, false);
		unit = NULL;
	}
	over = job->stopped && !job->busy;
	if (over) {
		vgpu_job_over_locked(job);
		job->queue->job = NULL;
		WRITE_ONCE(job->queue->state, VGPU_Q_PUMPING);
	} else {
		link_job(job);
		vgpu_wake_workers(1);
	}
	spin_unlock(&vgpu_sched.lock);
	vgpu_unit_free(was);
	vgpu_unit_free(unit);
	if (over)
		finish(NULL, job);	/* not complete: no worker is needed */
}

static bool begin_turn(struct share *sh)
{
	bool have;

	spin_lock(&vgpu_sched.lock);
	have = pick(sh);
	if (have && !list_empty(&vgpu_sched.runnable))
		vgpu_wake_workers(1);
	/* A sleeper could take new work at once, this one will be busy: ask for doorbells. */
	if (have && vgpu_sched.nidle && !vgpu_sched.nspinning) {
		vgpu_unpoll_locked();
		if (!list_empty(&vgpu_sched.kicks))	/* one had work meanwhile */
			vgpu_wake_workers(1);
	}
	spin_unlock(&vgpu_sched.lock);
	return have;
}

/**
 * vgpu_job_step - take a turn on some job
 * @w: this worker
 *
 * Return: whether there was one.
 */
bool vgpu_job_step(struct vgpu_worker *w)
{
	u64 began = ktime_get_ns(), end = began + VGPU_QUANTUM_NS, now, done;
	enum next next;
	struct share sh;
	bool parked;

	if (!begin_turn(&sh))
		return false;
	do {
		parked = false;
		done = sh.job->ops->run(w, sh.job, sh.unit, sh.first, sh.count, &parked);
		now = ktime_get_ns();
		next = after(&sh, done, parked, began, now, parked || now > end);
		began = now;
	} while (next == AGAIN);
	if (next == OVER)
		finish(w, sh.job);
	return true;
}
