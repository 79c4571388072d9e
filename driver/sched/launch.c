// SPDX-License-Identifier: GPL-2.0
/*
 * Launch packets: the grid's blocks run in the engine, a slice at a time.
 */
#include <linux/slab.h>

#include "../core/params.h"
#include "fault.h"
#include "internal.h"
#include "limit.h"

#define SLICE_NS	50000u			/* after which no block begins */
#define RUN_NS		75000u			/* and none goes on: VGPU_FPU_MOST_NS */
#define CHUNK_NS	50000u			/* blocks handed out at once take about this */
#define MAX_CHUNK	256u
#define PATIENCE_TURNS	8u			/* of a block, before others of the grid begin */
#define RUN_BUDGET	(1u << 20)		/* should the clock ever stand still */
#define DEFAULT_STACK	1024u
#define STARVE_NS	(30 * NSEC_PER_SEC)	/* how long a launch waits for memory of its first block */
#define RETRY_MIN_MS	10u			/* how often it looks, at first */
#define RETRY_MAX_MS	500u			/* and in the end, or where many wait */

struct launch {
	struct vgpu_job job;
	struct vgpu_code *code;
	struct engine_launch *engine;
	u32 kernel;
	size_t cta_bytes;
	bool cooperative;
	struct list_head starving;	/* blocks that wait for memory, by their units; under sched.lock */
	u64 limit_ns;		/* of all workers together */
	atomic64_t charged_ns;	/* towards it, see limit.h */
	bool timed_out;
};

static struct launch *to_launch(struct vgpu_job *job)
{
	return container_of(job, struct launch, job);
}

/* ---- faults */

static void fault(struct launch *l, const struct engine_fault *e)
{
	struct vgpu_fault f = {
		.kind = vgpu_stop_fault(e),
		.lane = e->lane,
		.address = e->address,
		.access_bytes = e->size,
		.write = e->write,
		.pc = e->pc,
		.line = e->line,
		.code = l->code->obj.handle,
		.kernel = l->kernel,
		.detail = e->code,
	};

	memcpy(f.block, e->ctaid, sizeof(f.block));
	memcpy(f.thread, e->tid, sizeof(f.thread));
	strscpy(f.kernel_name, engine_code_kernel_name(l->code->engine, l->kernel),
		sizeof(f.kernel_name));
	vgpu_job_fault(&l->job, &f);
}

static void engine_failed(struct launch *l)
{
	struct engine_fault e;

	engine_launch_fault(l->engine, &e);
	if (vgpu_stop_is_news(&e))
		fault(l, &e);
}

static void out_of_memory(struct launch *l, int error)
{
	struct vgpu_fault f = { .kind = VGPU_FAULT_MEMORY, .lane = ~0u, .detail = error };

	vgpu_job_fault(&l->job, &f);
}

static void bring_page(struct vgpu_chore *c)
{
	struct vgpu_unit *u = container_of(c, struct vgpu_unit, chore);
	struct launch *l = to_launch(u->job);
	int rc = vgpu_as_touch(l->job.queue->obj.ctx->as, u->va);

	if (rc)
		out_of_memory(l, rc);
	vgpu_job_back(&l->job, u, u);
}

/* A block touched memory that is to be brought first; the unit's others need not wait for it. */
static void await_page(struct launch *l, struct vgpu_unit *u)
{
	bool write;

	u->va = engine_cta_page(u->cta, &write);
	vgpu_unit_split(&l->job, u);
	vgpu_job_await(&l->job, u, bring_page);
}

static atomic_t starving;	/* launches that wait for memory of their first block */

static void bring_memory(struct vgpu_chore *c);

/* When to look again: the later the longer it has waited, and the more others do, so that many take no more time. */
static unsigned long next_look(u64 waited)
{
	u64 ms = max_t(u64, div_u64(waited, 8 * NSEC_PER_MSEC), atomic_read(&starving) / 8);

	return msecs_to_jiffies(clamp_t(u64, ms, RETRY_MIN_MS, RETRY_MAX_MS));
}

/* Under sched.lock. */
static void starve_no_more(struct vgpu_unit *range)
{
	list_del_init(&range->link);
	vgpu_chore_locked(range->job->queue->obj.ctx->sched, &range->chore, bring_memory);
}

static void look_again(struct work_struct *work)
{
	spin_lock(&vgpu_sched.lock);
	starve_no_more(container_of(to_delayed_work(work), struct vgpu_unit, later));
	spin_unlock(&vgpu_sched.lock);
}

/* Under sched.lock. */
static void starve_for(struct launch *l, struct vgpu_unit *range, unsigned long delay)
{
	list_add_tail(&range->link, &l->starving);
	queue_delayed_work(vgpu_sched.wq, &range->later, delay);
}

/*
 * Nothing of the launch has memory, so nothing of it will give any back. That of others will come
 * free: wait, where it can suffice. No thread does meanwhile, other chores of the context go on. Returns whether it waits.
 */
static bool starve(struct launch *l, struct vgpu_unit *range)
{
	u64 now = ktime_get_ns(), waited;
	bool stopped;

	if (l->cta_bytes > vgpu_params.block_user_mib << 20)
		return false;
	if (!range->since) {
		range->since = now;
		atomic_inc(&starving);
		vgpu_workers_drop_spares();
		INIT_DELAYED_WORK(&range->later, look_again);
	}
	waited = now - range->since;
	if (waited > STARVE_NS)
		return false;
	spin_lock(&vgpu_sched.lock);
	stopped = l->job.stopped;
	if (!stopped)
		starve_for(l, range, next_look(waited));
	spin_unlock(&vgpu_sched.lock);
	return !stopped;
}

static void bring_memory(struct vgpu_chore *c)
{
	struct vgpu_unit *range = container_of(c, struct vgpu_unit, chore), *u;
	struct launch *l = to_launch(range->job);

	u = READ_ONCE(l->job.stopped) ? NULL : vgpu_unit_wait(&l->job, l->cta_bytes, range->first, range->count);
	if (!u && !vgpu_job_defer(&l->job, range->first, range->count)) {
		if (starve(l, range))
			return;
		if (!READ_ONCE(l->job.stopped))
			out_of_memory(l, -ENOMEM);
	}
	if (range->since)
		atomic_dec(&starving);
	vgpu_job_back(&l->job, range, u);
}

/* There is no memory at once for blocks that are to begin. Returns false where not even for saying so. */
static bool await_memory(struct launch *l, u64 first, u64 count)
{
	struct vgpu_unit *range = vgpu_unit_range(first, count);

	if (range)
		vgpu_job_await(&l->job, range, bring_memory);
	return range;
}

/* ---- running */

static u64 worker_limit_ns(void)
{
	return (u64)vgpu_params.time_limit_ms * NSEC_PER_MSEC;
}

/* One slice: blocks of the unit one after the other. Adds to *@done. */
static enum engine_status slice(struct vgpu_worker *w, struct launch *l,
				struct vgpu_unit *u, u64 *done)
{
	struct vgpu_ctx *ctx = l->job.queue->obj.ctx;
	struct engine_cta *ended = NULL;
	enum engine_status st;
	u64 ns, last, until, n = 0;

	vgpu_slice_begin(w, ctx->as, true);
	last = vgpu_slice_ticks(w, SLICE_NS);
	until = vgpu_slice_ticks(w, RUN_NS);
	do {
		if (!u->cta && ended) {
			u->cta = ended;
			engine_cta_next(u->cta, u->first);
		} else if (!u->cta) {
			u->cta = engine_cta_begin(l->engine, u->first, w->index, u->mem);
		}
		st = engine_run_until(u->cta, RUN_BUDGET, until);
		if (st != ENGINE_DONE)
			break;
		ended = u->cta;
		u->cta = NULL;
		u->turns = 0;
		u->first++;
		u->count--;
		n++;
	} while (u->count && engine_ticks() < last);
	engine_cta_end(u->cta ?: ended);
	ns = vgpu_slice_end(w);
	atomic64_add(ns, &l->job.exec_ns);
	atomic64_add(vgpu_limit_charge(ns, worker_limit_ns()), &l->charged_ns);
	vgpu_count(ctx, busy_ns, ns);
	vgpu_count(ctx, blocks, n);
	*done += n;
	return st;
}

/* Executed time is over the limit: said once. */
static bool over_limit(struct launch *l, struct vgpu_unit *u)
{
	if (!l->limit_ns || atomic64_read(&l->charged_ns) < l->limit_ns)
		return false;
	/* between two blocks: the next one, or the last one that was */
	engine_launch_stop_at(l->engine, u->cta, u->count ? u->first : u->first - 1,
			      VGPU_STOP_TIMEOUT);
	engine_failed(l);
	return true;
}

/* Grow and shrink what is handed out at once; racing writers do no harm. */
static void adapt_chunk(struct launch *l, u64 ns, u64 blocks)
{
	struct vgpu_job *job = &l->job;
	u64 fair = div_u64(job->total, 4 * vgpu_sched.nworkers) ?: 1;
	u64 chunk = READ_ONCE(job->chunk);

	if (l->cooperative || !blocks)
		return;
	if (ns < CHUNK_NS)
		chunk = min3(chunk * 2, fair, (u64)MAX_CHUNK);
	else if (ns > 2 * CHUNK_NS)
		chunk = max(chunk / 2, 1ull);
	WRITE_ONCE(job->chunk, chunk);
}

/*
 * Whether a block that stopped at the end of a slice should let others of its grid go
 * first. Blocks normally run to their end, one after the other, for the cache's sake; but
 * one that takes long may be waiting for another that has not begun.
 */
static bool seems_to_wait(struct launch *l, struct vgpu_unit *u)
{
	if (!l->cooperative && ++u->turns < PATIENCE_TURNS)
		return false;
	u->turns = 0;
	return true;
}

/* Slices until the unit is done, yields, or others should have a turn. */
static bool run_unit(struct vgpu_worker *w, struct launch *l, struct vgpu_unit *u, u64 *done)
{
	u64 start = ktime_get_ns();
	enum engine_status st;

	for (;;) {
		st = slice(w, l, u, done);
		cond_resched();
		if (READ_ONCE(l->job.stopped))
			return false;
		if (st == ENGINE_FAULT) {
			engine_failed(l);
			return false;
		}
		if (st == ENGINE_NEED_PAGE) {
			await_page(l, u);
			return true;
		}
		if (over_limit(l, u))
			return false;
		if (!u->count) {
			adapt_chunk(l, ktime_get_ns() - start, *done);
			return false;
		}
		if (st == ENGINE_YIELD || l->cooperative ||
		    ktime_get_ns() - start > VGPU_QUANTUM_NS)
			break;
	}
	vgpu_unit_split(&l->job, u);
	if (!u->count)
		return false;
	vgpu_job_park(&l->job, u, st == ENGINE_YIELD || seems_to_wait(l, u));
	return true;
}

static u64 run(struct vgpu_worker *w, struct vgpu_job *job, struct vgpu_unit *u,
	       u64 first, u64 count, bool *parked)
{
	struct launch *l = to_launch(job);
	bool begins = !u || !u->mem;
	u64 done = 0;

	vgpu_unit_owner(w, job->queue->obj.ctx->sched);
	if (u && !u->mem) {	/* a range without memory */
		first = u->first;
		count = u->count;
		vgpu_unit_free(u);
		u = NULL;
	}
	if (!u)
		u = vgpu_unit_get(w, job, l->cta_bytes, first, count);
	if (!u) {
		*parked = await_memory(l, first, count);
		if (!*parked)
			out_of_memory(l, -ENOMEM);
		return 0;
	}
	if (begins)
		vgpu_job_began(job);
	*parked = run_unit(w, l, u, &done);
	if (!*parked)
		vgpu_unit_put(w, u);
	return done;
}

/* Who waits for memory stops, too: else whoever ends a context had to wait for each of them. */
static void stop(struct vgpu_job *job)
{
	struct launch *l = to_launch(job);
	struct vgpu_unit *u, *next;

	engine_launch_stop(l->engine, VGPU_STOP_KILLED);
	list_for_each_entry_safe(u, next, &l->starving, link)
		if (cancel_delayed_work(&u->later))	/* else it is about to look */
			starve_no_more(u);
}

static void count_done(struct vgpu_job *job)
{
	vgpu_count(job->queue->obj.ctx, launches, 1);
}

static void free_launch(struct vgpu_job *job)
{
	struct launch *l = to_launch(job);

	if (l->engine)
		engine_launch_destroy(l->engine);
	vgpu_obj_put(&l->code->obj);
	vgpu_counted_free(VGPU_KIND_LAUNCH, l);
}

static const struct vgpu_job_ops launch_ops = {
	.run = run,
	.stop = stop,
	.complete = count_done,
	.free = free_launch,
};

/* ---- admission */

/* Blocks of a shape that the model's multiprocessors hold together. */
static u64 resident_blocks(struct vgpu_device *dev, u32 threads, u32 shared, size_t bytes)
{
	const struct vgpu_arch *a = dev->model->arch;
	u64 room = min(VGPU_RESIDENT_BYTES, (u64)vgpu_params.block_user_mib << 20), blocks;
	u32 sm = a->blocks_per_sm;

	sm = min(sm, a->threads_per_sm / round_up(threads, 32));
	sm = min(sm, a->shared_per_sm / (shared + a->shared_reserved ?: 1));
	blocks = (u64)sm * dev->sm_count;
	return bytes ? min(blocks, div_u64(room, bytes)) : blocks;
}

/*
 * Blocks of a launch in flight at most: as many as @fit together, or as keep all workers busy. Never more than may have memory at
 * the same time: those that have some could wait for the one that gets none.
 */
static unsigned int most_resident(u64 fit, size_t bytes)
{
	u64 room = div_u64((u64)vgpu_params.block_user_mib << 20, bytes);

	return max(1ull, min(max_t(u64, fit, vgpu_sched.nworkers), room));
}

static int check_shape(struct vgpu_device *dev, const struct vgpu_pkt_launch *p,
		       const struct vgpu_code_kernel *k, u32 *threads)
{
	const struct vgpu_arch *a = dev->model->arch;
	u64 n = (u64)p->block[0] * p->block[1];

	if (!p->block[0] || !p->block[1] || !p->block[2] ||
	    p->block[0] > ENGINE_MAX_THREADS || p->block[1] > ENGINE_MAX_THREADS ||
	    p->block[2] > ENGINE_MAX_BLOCK_Z)
		return -EINVAL;
	n *= p->block[2];
	if (n > min_t(u32, a->threads_per_block, ENGINE_MAX_THREADS))
		return -EINVAL;
	if (p->dyn_shared > a->shared_optin || k->shared_size > a->shared_optin - p->dyn_shared)
		return -EINVAL;
	*threads = n;
	return 0;
}

static int check(const struct vgpu_pkt_launch *p)
{
	if (memchr_inv(p->reserved, 0, sizeof(p->reserved)))
		return -EINVAL;
	if (p->hdr.flags & VGPU_LAUNCH_PRIORITY ?
	    p->priority < VGPU_PRIORITY_GREATEST || p->priority > VGPU_PRIORITY_LEAST : p->priority)
		return -EINVAL;
	if (p->param_bytes > VGPU_MAX_PARAM_BYTES ||
	    p->hdr.slots != 2 + DIV_ROUND_UP(p->param_bytes, VGPU_SLOT_BYTES))
		return -EINVAL;
	return p->local_bytes > ENGINE_MAX_LOCAL ? -EINVAL : 0;
}

/* The call stack that a launch's local memory leaves beside the kernel's own. */
static u32 stack_size(u32 local_bytes, const struct vgpu_code_kernel *k)
{
	if (!local_bytes)
		return DEFAULT_STACK;
	return local_bytes > k->local_size ? round_down(local_bytes - k->local_size, 16) : 0;
}

/* The grid's preamble may read the GPU's memory: hence a slice, in which it may sleep. */
static int create_engine(struct vgpu_worker *w, struct launch *l, struct vgpu_ctx *ctx,
			 const struct vgpu_pkt_launch *p, const struct vgpu_code_kernel *k)
{
	struct engine_params ep = {
		.code = l->code->engine,
		.kernel = p->kernel,
		.grid = { p->grid[0], p->grid[1], p->grid[2] },
		.block = { p->block[0], p->block[1], p->block[2] },
		.dynamic_shared = p->dyn_shared,
		.stack_size = stack_size(p->local_bytes, k),
		.param = p + 1,
		.param_size = p->param_bytes,
		.grid_id = l->job.seqno,
		.sm_count = ctx->dev->sm_count,
		.clock_khz = ctx->dev->model->clock_khz,
		.mem = &vgpu_as_engine_ops,
		.as = ctx->as,
	};
	int rc;

	vgpu_slice_begin(w, ctx->as, false);
	rc = engine_launch_create(&ep, &l->engine);
	vgpu_slice_end(w);
	return rc;
}

/* Everything after the code object has been found. */
static int prepare(struct vgpu_worker *w, struct launch *l, struct vgpu_queue *q,
		   const struct vgpu_pkt_launch *p, u64 seqno)
{
	struct vgpu_ctx *ctx = q->obj.ctx;
	const struct vgpu_code_kernel *k;
	u64 blocks, fit;
	u32 threads;
	int rc;

	if (p->kernel >= engine_code_kernels(l->code->engine))
		return -EINVAL;
	k = engine_code_kernel(l->code->engine, p->kernel);
	rc = check_shape(ctx->dev, p, k, &threads);
	if (!rc)
		rc = create_engine(w, l, ctx, p, k);
	if (rc)
		return rc;
	l->kernel = p->kernel;
	l->cta_bytes = engine_cta_bytes(l->engine);
	blocks = engine_launch_blocks(l->engine);
	if (l->cta_bytes > VGPU_MAX_BLOCK_BYTES)
		return -EDQUOT;
	fit = resident_blocks(ctx->dev, threads, p->dyn_shared + k->shared_size, l->cta_bytes);
	l->cooperative = p->hdr.flags & VGPU_LAUNCH_COOPERATIVE;
	if (l->cooperative && blocks > fit)
		return -E2BIG;
	vgpu_job_init(&l->job, q, &launch_ops, seqno, blocks);
	INIT_LIST_HEAD(&l->starving);
	l->job.name = engine_code_kernel_name(l->code->engine, l->kernel);
	l->job.threads = threads;
	l->job.unit_bytes = l->cta_bytes;
	l->job.all_at_once = l->cooperative;
	if (p->hdr.flags & VGPU_LAUNCH_PRIORITY)
		l->job.priority = p->priority;
	l->job.most_resident = most_resident(fit, l->cta_bytes);
	l->job.max_resident = l->job.most_resident;
	l->limit_ns = worker_limit_ns() * min_t(u64, blocks, vgpu_sched.nworkers);
	return 0;
}

/* This launch fails because an administrator wants it to. */
static int injected(struct launch *l, struct vgpu_queue *q)
{
	struct vgpu_fault f = {
		.kind = VGPU_FAULT_INJECTED,
		.lane = ~0u,
		.code = l->code->obj.handle,
		.kernel = l->kernel,
		.queue = q->obj.handle,
		.seqno = q->seqno,
	};

	strscpy(f.kernel_name, engine_code_kernel_name(l->code->engine, l->kernel),
		sizeof(f.kernel_name));
	vgpu_ctx_fault(q->obj.ctx, &f);
	return -ECANCELED;
}

/**
 * vgpu_launch_create - check a launch packet and make it a job
 * @w: this worker
 * @q: queue
 * @p: the packet, parameters behind it
 * @seqno: its number
 * @out: the job
 *
 * Return: 0 or an errno that says why the packet is refused.
 */
int vgpu_launch_create(struct vgpu_worker *w, struct vgpu_queue *q,
		       const struct vgpu_pkt_launch *p, u64 seqno, struct vgpu_job **out)
{
	struct vgpu_obj *obj;
	struct launch *l;
	int rc = check(p);

	if (rc)
		return rc;
	obj = vgpu_obj_find(q->obj.ctx->file, p->code);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	rc = -EINVAL;
	if (obj->type != VGPU_OBJ_CODE || obj->ctx != q->obj.ctx)
		goto put;
	rc = -ENOMEM;
	l = vgpu_counted(VGPU_KIND_LAUNCH, vgpu_zalloc_reserved(sizeof(*l)));
	if (!l)
		goto put;
	l->code = container_of(obj, struct vgpu_code, obj);
	rc = prepare(w, l, q, p, seqno);
	if (!rc && vgpu_inject_launch_fails(q->obj.ctx->dev))
		rc = injected(l, q);
	if (!rc)
		*out = &l->job;
	else
		free_launch(&l->job);
	return rc;
put:
	vgpu_obj_put(obj);
	return rc;
}

static int no_memory(void *as, u64 va, bool write, struct engine_span *span)
{
	return -EFAULT;
}

/* Memory of a block, by a launch that never runs; 0 for a shape the kernel refuses. */
static size_t block_bytes(struct vgpu_device *dev, struct vgpu_code *code,
			  const struct vgpu_kernel_info *k)
{
	static const struct engine_mem_ops ops = { .translate = no_memory };
	const struct vgpu_code_kernel *ck = engine_code_kernel(code->engine, k->kernel);
	struct engine_launch *launch;
	struct engine_params ep = {
		.code = code->engine,
		.kernel = k->kernel,
		.grid = { 1, 1, 1 },
		.block = { k->threads, 1, 1 },
		.dynamic_shared = k->dyn_shared,
		.stack_size = stack_size(k->launch_local_bytes, ck),
		.param_size = k->param_bytes,
		.sm_count = dev->sm_count,
		.mem = &ops,
	};
	void *params = vgpu_counted(VGPU_KIND_SCRATCH, kvzalloc(k->param_bytes + 1, VGPU_GFP));
	size_t bytes = 0;

	if (ck->req[0])
		memcpy(ep.block, ck->req, sizeof(ep.block));
	ep.param = params;
	if (params && !engine_launch_create(&ep, &launch)) {
		bytes = engine_cta_bytes(launch);
		engine_launch_destroy(launch);
	}
	vgpu_counted_free(VGPU_KIND_SCRATCH, params);
	return bytes;
}

/**
 * vgpu_sched_occupancy - how many blocks of a kernel can be resident
 * @dev: device
 * @code: code object
 * @k: threads, dyn_shared and launch_local_bytes given, cta_bytes and coop_blocks filled in
 */
void vgpu_sched_occupancy(struct vgpu_device *dev, struct vgpu_code *code,
			  struct vgpu_kernel_info *k)
{
	u32 optin = dev->model->arch->shared_optin;

	if (k->dyn_shared > optin || k->static_shared > optin - k->dyn_shared)
		return;
	k->cta_bytes = block_bytes(dev, code, k);
	if (k->cta_bytes)
		k->coop_blocks = resident_blocks(dev, k->threads,
						 k->dyn_shared + k->static_shared,
						 k->cta_bytes);
}
