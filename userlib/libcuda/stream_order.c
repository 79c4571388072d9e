// SPDX-License-Identifier: MIT
/*
 * Order between streams: what a stream has to wait for before its next packet,
 * written into its ring as far as there is room.  How much that is has no
 * bound (a legacy stream follows every blocking one), so it is written bit by
 * bit: each queue remembers what it waits for, or what waits for it.
 */
#include <stdlib.h>
#include "stream.h"

/* A point that comes before whatever is submitted next. */
struct cu_entry {
	struct cu_entry *next;
	struct cu_point point;
	uint64_t number;
};

/* True with a wait written, or needless; false when the ring is full, or *r. */
static bool follow(CUstream s, struct cu_point p, uint32_t keep, CUresult *r)
{
	if (p.queue == s->queue || cu_point_done(p))
		return true;
	if (vgpu_ring_free(&s->queue->ring) <= keep)
		return false;
	*r = cu_submit_wait(s, p);
	return !*r;
}

static bool to_follow(const struct cu_queue *q, enum cu_follower who, uint64_t packet)
{
	return packet > q->followed[who] && (who != CU_FOLLOWER_LEGACY || q->blocking);
}

/* What is left to follow from this queue on, as it is now. */
static CUresult fix_rest(struct cu_follow *f, struct cu_queue *from, enum cu_follower who)
{
	size_t n = 0;

	for (struct cu_queue *q = from; q; q = q->next)
		n += to_follow(q, who, q->ring.packets);
	f->rest = malloc(n * sizeof(*f->rest));
	if (!f->rest)
		return CUDA_ERROR_OUT_OF_MEMORY;
	for (struct cu_queue *q = from; q; q = q->next)
		if (to_follow(q, who, q->ring.packets))
			f->rest[f->count++] = (struct cu_point){ q, q->ring.packets };
	return CUDA_SUCCESS;
}

static bool follow_rest(CUstream s, struct cu_follow *f, enum cu_follower who, uint32_t keep, CUresult *r)
{
	for (; f->at < f->count; f->at++) {
		struct cu_point p = f->rest[f->at];

		if (!to_follow(p.queue, who, p.packet))
			continue;
		if (!follow(s, p, keep, r))
			return false;
		p.queue->followed[who] = p.packet;
	}
	return true;
}

/*
 * A stream that follows others: the legacy one all blocking ones, the gathering one all.  What they have when
 * the ring is full for the first time is what the call follows: they may be given more for ever.
 */
static bool follow_streams(CUstream s, struct cu_follow *f, enum cu_follower who, uint32_t keep, CUresult *r)
{
	if (f->rest)
		return follow_rest(s, f, who, keep, r);
	for (struct cu_queue *q = s->ctx->queues; q; q = q->next) {
		struct cu_point p = { q, q->ring.packets };

		if (!to_follow(q, who, p.packet))
			continue;
		if (!follow(s, p, keep, r)) {
			if (!*r)
				*r = fix_rest(f, q, who);
			return false;
		}
		q->followed[who] = p.packet;
	}
	return true;
}

/* Every blocking stream follows the legacy one. */
static bool follow_legacy(CUstream s, uint32_t keep, CUresult *r)
{
	CUstream legacy = s->ctx->legacy;
	struct cu_point p;

	if (!legacy || (s->flags & CU_STREAM_NON_BLOCKING))
		return true;
	p = cu_stream_point(legacy);
	if (p.packet <= s->queue->seen_legacy)
		return true;
	if (!follow(s, p, keep, r))
		return false;
	s->queue->seen_legacy = p.packet;
	return true;
}

/* Entries, oldest first; those that are done go. */
static bool follow_entries(CUstream s, uint32_t keep, CUresult *r)
{
	struct cu_entry **at = &s->ctx->entries;

	while (*at) {
		struct cu_entry *e = *at;

		if (cu_point_done(e->point)) {
			*at = e->next;
			free(e);
			continue;
		}
		if (e->number > s->queue->entered) {
			if (!follow(s, e->point, keep, r))
				return false;
			s->queue->entered = e->number;
		}
		at = &e->next;
	}
	return true;
}

CUresult cu_stream_follow(CUstream s, struct cu_follow *f, uint32_t keep, bool *ready)
{
	CUresult r = CUDA_SUCCESS;
	bool all;

	if (s->kind == CU_STREAM_AFTER_ALL)
		all = follow_streams(s, f, CU_FOLLOWER_ALL, keep, &r);
	else if (s->kind == CU_STREAM_DEFAULT_LEGACY)
		all = follow_entries(s, keep, &r) && follow_streams(s, f, CU_FOLLOWER_LEGACY, keep, &r);
	else
		all = follow_entries(s, keep, &r) && follow_legacy(s, keep, &r);
	*ready = all && vgpu_ring_free(&s->queue->ring) >= keep;
	return r;
}

/* Of one queue the newest point is enough, so that there are never more entries than queues. */
CUresult cu_streams_wait(CUcontext ctx, struct cu_point p)
{
	struct cu_entry *e = malloc(sizeof(*e)), **at = &ctx->entries;
	bool covered = cu_point_done(p);

	if (!e)
		return CUDA_ERROR_OUT_OF_MEMORY;
	pthread_mutex_lock(&ctx->lock);
	while (*at) {
		struct cu_entry *old = *at;

		if (old->point.queue == p.queue && old->point.packet < p.packet) {
			*at = old->next;
			free(old);
			continue;
		}
		covered |= old->point.queue == p.queue;
		at = &old->next;
	}
	*e = (struct cu_entry){ NULL, p, ++ctx->entry_count };
	if (covered)
		free(e);
	else
		*at = e;
	pthread_mutex_unlock(&ctx->lock);
	return CUDA_SUCCESS;
}

void cu_entries_destroy(CUcontext ctx)
{
	while (ctx->entries) {
		struct cu_entry *e = ctx->entries;

		ctx->entries = e->next;
		free(e);
	}
}
