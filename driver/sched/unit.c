// SPDX-License-Identifier: GPL-2.0
/*
 * Units: memory for a block in flight, one spare kept by each worker.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "internal.h"

#define ALIGNMENT	128	/* what the engine wants of a block's memory */

static void reset(struct vgpu_unit *u, u64 first, u64 count)
{
	INIT_LIST_HEAD(&u->link);
	u->first = first;
	u->count = count;
	u->cta = NULL;
	u->turns = 0;
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
 * is ever seen. Return: the unit or NULL.
 */
struct vgpu_unit *vgpu_unit_get(struct vgpu_worker *w, struct vgpu_job *job, size_t bytes,
				u64 first, u64 count)
{
	struct vgpu_sched_ctx *s = job->queue->obj.ctx->sched;
	struct vgpu_unit *u = w->unit;
	struct mem_cgroup *old;

	if (w->owner != s->id) {
		vgpu_branch_barrier();
		w->owner = s->id;
	}
	w->unit = NULL;
	if (u && (u->owner != s->id || u->bytes < bytes)) {
		kvfree(u);
		u = NULL;
	}
	if (!u) {
		old = set_active_memcg(s->memcg);
		u = kvzalloc(sizeof(*u) + bytes + ALIGNMENT, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
		set_active_memcg(old);
		if (!u)
			return NULL;
		u->owner = s->id;
		u->bytes = bytes;
		u->mem = PTR_ALIGN((u8 *)(u + 1), ALIGNMENT);
	}
	reset(u, first, count);
	return u;
}

/** vgpu_unit_put - keep a unit as the worker's spare */
void vgpu_unit_put(struct vgpu_worker *w, struct vgpu_unit *u)
{
	kvfree(w->unit);
	w->unit = u;
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
	rest = kzalloc(sizeof(*rest), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!rest)
		return false;
	reset(rest, u->first + keep, u->count - keep);
	u->count = keep;
	vgpu_job_park(job, rest, false);
	return true;
}
