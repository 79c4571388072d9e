// SPDX-License-Identifier: GPL-2.0
/*
 * Units: memory for a block in flight. A spare is kept by each worker, a large one for all, and one that a worker has
 * besides its own.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "../core/params.h"
#include "../core/user.h"
#include "internal.h"

#define ALIGNMENT	128	/* what the engine wants of a block's memory */
#define STEP_BYTES	(1ul << VGPU_HUGE_SHIFT)	/* taken from the system at once */
#define SPARE_BYTES	(32ul << 20)	/* of larger ones a single spare is kept */

#define SCARCE_JIFFIES	HZ	/* for how long memory is taken to be short that once was */

static atomic64_t all_bytes;	/* of the units of all workers and launches */
static unsigned long short_at;	/* jiffies when memory for one could not be had */
static struct vgpu_unit *large_spare;
static struct vgpu_unit *second_spare;	/* of a worker that has one of its own: others must not wait for a chore meanwhile */

static void reset(struct vgpu_unit *u, u64 first, u64 count)
{
	INIT_LIST_HEAD(&u->link);
	INIT_LIST_HEAD(&u->chore.link);
	u->first = first;
	u->count = count;
	u->cta = NULL;
	u->turns = 0;
	u->since = 0;
}

/* ---- counting */

static bool charge(struct vgpu_user *user, size_t bytes)
{
	if (!vgpu_user_hold_block(user, bytes))
		return false;
	if (vgpu_charge(&all_bytes, bytes, (u64)vgpu_params.block_limit_mib << 20))
		return true;
	vgpu_user_unhold_block(user, bytes);
	return false;
}

static void uncharge(struct vgpu_user *user, size_t bytes)
{
	vgpu_user_unhold_block(user, bytes);
	atomic64_sub(bytes, &all_bytes);
}

/**
 * vgpu_unit_scarce - how much memory there is for units
 * @job: job that wants some
 *
 * Return: whether two workers might ask where there is enough for one.
 */
bool vgpu_unit_scarce(const struct vgpu_job *job)
{
	u64 most = 2 * vgpu_sched.nworkers * (u64)job->unit_bytes;

	return atomic64_read(&all_bytes) + most > (u64)vgpu_params.block_limit_mib << 20 ||
		vgpu_user_blocks(job->queue->obj.ctx->user) + most > (u64)vgpu_params.block_user_mib << 20 ||
		time_before(jiffies, READ_ONCE(short_at) + SCARCE_JIFFIES);
}

/* A spare counts for all, but for nobody: the user may go before it does. */
static void disown(struct vgpu_unit *u)
{
	if (u->user)
		vgpu_user_unhold_block(u->user, u->bytes);
	u->user = NULL;
}

/* ---- small units: one allocation, and the unit is its head */

/* What can be had at once. */
static void *quick_zalloc(size_t bytes)
{
	if (bytes > KMALLOC_MAX_SIZE || vgpu_vram_machine_free() < bytes)
		return NULL;
	return kzalloc(bytes, GFP_NOWAIT | __GFP_ACCOUNT | __GFP_NORETRY | __GFP_NOWARN);
}

static struct vgpu_unit *small_unit(size_t bytes, bool may_wait)
{
	size_t all = sizeof(struct vgpu_unit) + bytes + ALIGNMENT;
	struct vgpu_unit *u = vgpu_counted(VGPU_KIND_UNIT, may_wait ? vgpu_zalloc(all) : quick_zalloc(all));

	if (u)
		u->mem = PTR_ALIGN((u8 *)(u + 1), ALIGNMENT);
	return u;
}

/* ---- large units: pieces of 2 MiB, mapped in a row */

/* Its pages in a table, for vmap(). */
static void list_pages(const struct vgpu_unit *u, struct page **pages, unsigned long npages)
{
	unsigned long i;

	for (i = 0; i < npages; i++) {
		const struct vgpu_piece *p = &u->pieces[i / VGPU_HUGE_PAGES];
		unsigned int k = i % VGPU_HUGE_PAGES;

		pages[i] = p->huge ? p->huge + k : p->small[k];
	}
}

static bool map(struct vgpu_unit *u, unsigned long npages)
{
	struct page **pages = vgpu_counted(VGPU_KIND_SCRATCH, vgpu_zalloc(npages * sizeof(*pages)));

	if (!pages)
		return false;
	list_pages(u, pages, npages);
	u->mem = vmap(pages, npages, VM_MAP, PAGE_KERNEL);
	vgpu_counted_free(VGPU_KIND_SCRATCH, pages);
	return u->mem;
}

/* Its memory, a step at a time: the job may be over before, and the time is its context's. */
static bool back(struct vgpu_unit *u, struct vgpu_job *job, unsigned long npages)
{
	unsigned long left = npages;
	unsigned int i;
	int rc = 0;
	u64 ns;

	for (i = 0; i < u->npieces && !rc && !READ_ONCE(job->stopped); i++) {
		unsigned int n = min_t(unsigned long, left, VGPU_HUGE_PAGES);

		ns = ktime_get_ns();
		rc = vgpu_vram_alloc(&u->pieces[i], n);
		ns = ktime_get_ns() - ns;
		left -= n;
		atomic64_add(ns, &job->exec_ns);
		vgpu_count(job->queue->obj.ctx, busy_ns, ns);
		cond_resched();
	}
	return !rc && !left;
}

static void free_large(struct vgpu_unit *u)
{
	unsigned int i;

	vunmap(u->mem);
	for (i = 0; i < u->npieces; i++) {
		vgpu_vram_free(&u->pieces[i]);
		cond_resched();
	}
	atomic64_sub(u->bytes, &all_bytes);
	vgpu_counted_free(VGPU_KIND_PIECES, u->pieces);
	vgpu_counted_free(VGPU_KIND_UNIT, u);
}

static void free_later(struct work_struct *work)
{
	int nice = vgpu_chores_begin();

	free_large(container_of(to_delayed_work(work), struct vgpu_unit, later));
	vgpu_chores_end(nice);
}

/* Of memory that has been counted. */
static struct vgpu_unit *large_unit(struct vgpu_job *job, size_t bytes)
{
	unsigned long npages = DIV_ROUND_UP(bytes, PAGE_SIZE);
	struct vgpu_unit *u = vgpu_counted(VGPU_KIND_UNIT, vgpu_zalloc(sizeof(*u)));

	if (!u)
		return NULL;
	u->npieces = DIV_ROUND_UP(bytes, STEP_BYTES);
	u->pieces = vgpu_counted(VGPU_KIND_PIECES, vgpu_zalloc(u->npieces * sizeof(*u->pieces)));
	if (u->pieces && vgpu_vram_machine_free() >= bytes && back(u, job, npages) &&
	    map(u, npages))
		return u;
	if (!u->pieces)
		u->npieces = 0;
	free_large(u);	/* of no bytes yet: the caller uncharges them */
	return NULL;
}

/** vgpu_unit_free - free a unit, with memory or without, or NULL; what takes long later */
void vgpu_unit_free(struct vgpu_unit *u)
{
	if (!u)
		return;
	disown(u);
	if (u->pieces) {
		INIT_DELAYED_WORK(&u->later, free_later);
		queue_delayed_work(vgpu_sched.chores, &u->later, 0);
		return;
	}
	atomic64_sub(u->bytes, &all_bytes);
	vgpu_counted_free(VGPU_KIND_UNIT, u);
}

/* ---- spares */

/** vgpu_unit_drop_shared - the spares that no worker keeps go back to the system */
void vgpu_unit_drop_shared(void)
{
	vgpu_unit_free(xchg(&large_spare, NULL));
	vgpu_unit_free(xchg(&second_spare, NULL));
}

static struct vgpu_unit *swap_spare(struct vgpu_worker *w, size_t bytes, struct vgpu_unit *u)
{
	if (bytes > SPARE_BYTES)
		return xchg(&large_spare, u);
	swap(w->unit, u);
	return u;
}

/* The spare, where it was the same context's, so that no data of another is ever seen. */
static struct vgpu_unit *take_spare(struct vgpu_worker *w, struct vgpu_sched_ctx *s, size_t bytes)
{
	struct vgpu_unit *u = swap_spare(w, bytes, NULL);

	if (!u && bytes > STEP_BYTES && bytes <= SPARE_BYTES)
		u = xchg(&second_spare, NULL);
	if (!u)
		return NULL;
	if (u->owner == s->id && u->bytes >= bytes &&
	    vgpu_user_hold_block(s->ctx->user, u->bytes)) {
		u->user = s->ctx->user;
		return u;
	}
	vgpu_unit_free(u);
	return NULL;
}

/** vgpu_unit_owner - a worker turns to a context: nothing that another one trained is left */
void vgpu_unit_owner(struct vgpu_worker *w, struct vgpu_sched_ctx *s)
{
	if (w->owner == s->id)
		return;
	vgpu_branch_barrier();
	w->owner = s->id;
}

static struct vgpu_unit *own(struct vgpu_unit *u, struct vgpu_sched_ctx *s, size_t bytes)
{
	if (!u) {
		uncharge(s->ctx->user, bytes);
		return NULL;
	}
	u->bytes = bytes;
	u->owner = s->id;
	u->user = s->ctx->user;
	return u;
}

/**
 * vgpu_unit_get - a unit with memory for blocks of a job
 * @w: this worker
 * @job: the job, whose context pays
 * @bytes: memory of a block
 * @first: its first block
 * @count: and how many
 *
 * Return: the unit or NULL: then vgpu_unit_wait() may have one.
 */
struct vgpu_unit *vgpu_unit_get(struct vgpu_worker *w, struct vgpu_job *job, size_t bytes,
				u64 first, u64 count)
{
	struct vgpu_sched_ctx *s = job->queue->obj.ctx->sched;
	struct vgpu_unit *u = take_spare(w, s, bytes);
	struct mem_cgroup *old;

	if (!u) {
		if (!charge(s->ctx->user, bytes))
			return NULL;
		old = set_active_memcg(s->memcg);
		u = own(small_unit(bytes, false), s, bytes);
		set_active_memcg(old);
	}
	if (u)
		reset(u, first, count);
	return u;
}

/**
 * vgpu_unit_wait - a unit with memory for blocks of a job, in a chore of its context
 * @job: the job
 * @bytes: memory of a block
 * @first: its first block
 * @count: and how many
 *
 * Return: the unit or NULL, also when the job has been stopped.
 */
struct vgpu_unit *vgpu_unit_wait(struct vgpu_job *job, size_t bytes, u64 first, u64 count)
{
	struct vgpu_sched_ctx *s = job->queue->obj.ctx->sched;
	struct vgpu_unit *u;

	if (!charge(s->ctx->user, bytes)) {
		WRITE_ONCE(short_at, jiffies);
		return NULL;
	}
	u = own(bytes > STEP_BYTES ? large_unit(job, bytes) : small_unit(bytes, true), s, bytes);
	if (u)
		reset(u, first, count);
	else
		WRITE_ONCE(short_at, jiffies);
	return u;
}

/** vgpu_unit_put - keep a unit as a spare */
void vgpu_unit_put(struct vgpu_worker *w, struct vgpu_unit *u)
{
	disown(u);
	u = swap_spare(w, u->bytes, u);
	if (u && u->bytes > STEP_BYTES && u->bytes <= SPARE_BYTES)
		u = xchg(&second_spare, u);
	vgpu_unit_free(u);
}

/** vgpu_unit_range - blocks without memory, NULL without memory for that */
struct vgpu_unit *vgpu_unit_range(u64 first, u64 count)
{
	struct vgpu_unit *u = vgpu_counted(VGPU_KIND_UNIT, kzalloc(sizeof(*u), VGPU_GFP));

	if (u)
		reset(u, first, count);
	return u;
}

/**
 * vgpu_unit_split - give the blocks of a unit that have not begun back to its job
 * @job: the job
 * @u: unit; where a block of it is in flight, that one stays
 *
 * Return: false without memory; then nothing has changed.
 */
bool vgpu_unit_split(struct vgpu_job *job, struct vgpu_unit *u)
{
	u64 keep = u->cta ? 1 : 0;
	struct vgpu_unit *rest;

	if (u->count == keep)
		return true;
	rest = vgpu_unit_range(u->first + keep, u->count - keep);
	if (!rest)
		return false;
	u->count = keep;
	vgpu_job_park(job, rest, false);
	return true;
}
