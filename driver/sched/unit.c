// SPDX-License-Identifier: GPL-2.0
/*
 * Units: memory for a block in flight, one spare kept by each worker.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "../core/params.h"
#include "internal.h"

#define ALIGNMENT	128	/* what the engine wants of a block's memory */
#define SPARE_BYTES	(32ul << 20)	/* a larger one is not kept */

static atomic64_t all_bytes;	/* of the units of all workers and launches */

static void reset(struct vgpu_unit *u, u64 first, u64 count)
{
	INIT_LIST_HEAD(&u->link);
	INIT_LIST_HEAD(&u->chore.link);
	u->first = first;
	u->count = count;
	u->cta = NULL;
	u->turns = 0;
}

/* What can be had at once. */
static void *quick_zalloc(size_t bytes)
{
	if (bytes > KMALLOC_MAX_SIZE || vgpu_vram_machine_free() < bytes)
		return NULL;
	return kzalloc(bytes, GFP_NOWAIT | __GFP_ACCOUNT | __GFP_NORETRY | __GFP_NOWARN);
}

static struct vgpu_unit *alloc(size_t bytes, bool may_wait)
{
	size_t all = sizeof(struct vgpu_unit) + bytes + ALIGNMENT;
	struct vgpu_unit *u;

	if (!vgpu_charge(&all_bytes, bytes, (u64)vgpu_params.block_limit_mib << 20))
		return NULL;
	u = may_wait ? vgpu_zalloc(all) : quick_zalloc(all);
	if (!u) {
		atomic64_sub(bytes, &all_bytes);
		return NULL;
	}
	u->bytes = bytes;
	u->mem = PTR_ALIGN((u8 *)(u + 1), ALIGNMENT);
	return u;
}

/** vgpu_unit_free - free a unit, with memory or without, or NULL */
void vgpu_unit_free(struct vgpu_unit *u)
{
	if (u)
		atomic64_sub(u->bytes, &all_bytes);
	kvfree(u);
}

/** vgpu_unit_owner - a worker turns to a context: nothing that another one trained is left */
void vgpu_unit_owner(struct vgpu_worker *w, struct vgpu_sched_ctx *s)
{
	if (w->owner == s->id)
		return;
	vgpu_branch_barrier();
	w->owner = s->id;
}

/**
 * vgpu_unit_get - a unit with memory for blocks of a job
 * @w: this worker
 * @job: the job, whose context pays
 * @bytes: memory of a block
 * @first: its first block
 * @count: and how many
 *
 * The spare is taken where it was the same context's, so that no data of another
 * is ever seen. Return: the unit or NULL: then vgpu_unit_wait() may have one.
 */
struct vgpu_unit *vgpu_unit_get(struct vgpu_worker *w, struct vgpu_job *job, size_t bytes,
				u64 first, u64 count)
{
	struct vgpu_sched_ctx *s = job->queue->obj.ctx->sched;
	struct vgpu_unit *u = w->unit;
	struct mem_cgroup *old;

	w->unit = NULL;
	if (u && (u->owner != s->id || u->bytes < bytes)) {
		vgpu_unit_free(u);
		u = NULL;
	}
	if (!u) {
		old = set_active_memcg(s->memcg);
		u = alloc(bytes, false);
		set_active_memcg(old);
		if (!u)
			return NULL;
		u->owner = s->id;
	}
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
 * Return: the unit or NULL.
 */
struct vgpu_unit *vgpu_unit_wait(struct vgpu_job *job, size_t bytes, u64 first, u64 count)
{
	struct vgpu_unit *u = alloc(bytes, true);

	if (!u)
		return NULL;
	u->owner = job->queue->obj.ctx->sched->id;
	reset(u, first, count);
	return u;
}

/** vgpu_unit_put - keep a unit as the worker's spare, if it is not too large for that */
void vgpu_unit_put(struct vgpu_worker *w, struct vgpu_unit *u)
{
	vgpu_unit_free(w->unit);
	w->unit = u->bytes <= SPARE_BYTES ? u : NULL;
	if (!w->unit)
		vgpu_unit_free(u);
}

/** vgpu_unit_range - blocks without memory, NULL without memory for that */
struct vgpu_unit *vgpu_unit_range(u64 first, u64 count)
{
	struct vgpu_unit *u = kzalloc(sizeof(*u), VGPU_GFP);

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
