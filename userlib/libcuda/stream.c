// SPDX-License-Identifier: MIT
/* Streams: their queues, default streams, submission and waiting. */
#include <errno.h>
#include <stdlib.h>
#include "callback.h"
#include "capture.h"
#include "memory.h"
#include "print.h"
#include "retire.h"
#include "stream.h"

static uint64_t next_id = 1;

/* A default stream of a thread; it may have ended with its context. */
struct own {
	uint64_t ctx_id;
	CUstream stream;
};

/* The calling thread's, one for each context it used one in. */
static __thread struct own *own;
static __thread size_t own_count;

static pthread_key_t own_key;
static pthread_once_t own_once = PTHREAD_ONCE_INIT;

/* Context numbers do not come again, and nobody else destroys the stream. */
static bool own_lives(const struct own *o)
{
	return cu_is(o->stream, CU_STREAM) && cu_context_alive(o->stream->ctx) && o->stream->ctx->id == o->ctx_id;
}

/* A thread ends: its streams finish what they have and their queues serve others. */
static void thread_ends(void *list)
{
	for (size_t i = 0; i < own_count; i++)
		if (own_lives(&own[i]))
			cu_stream_destroy(own[i].stream);
	own = NULL;
	own_count = 0;
	free(list);
}

static void own_key_create(void)
{
	pthread_key_create(&own_key, thread_ends);
}

CUresult cu_stream_create(CUcontext ctx, enum cu_stream_kind kind, unsigned int flags, int priority, CUstream *out)
{
	CUstream s = cu_object_new(CU_STREAM, sizeof(*s));

	if (!s)
		return CUDA_ERROR_OUT_OF_MEMORY;
	s->ctx = ctx;
	s->kind = kind;
	s->flags = flags;
	s->priority = cu_priority_within(priority);
	s->hints.sync_policy = CU_SYNC_POLICY_DEFAULT;
	s->hints.domains.of_remote = 1;
	s->id = __atomic_fetch_add(&next_id, 1, __ATOMIC_RELAXED);
	pthread_mutex_lock(&ctx->lock);
	s->next = ctx->streams;
	ctx->streams = s;
	pthread_mutex_unlock(&ctx->lock);
	*out = s;
	return CUDA_SUCCESS;
}

/* A stream that a context has one of, made when it is first asked for. */
static CUresult get_one(CUcontext ctx, CUstream *at, enum cu_stream_kind kind, unsigned int flags, CUstream *s)
{
	CUresult r = CUDA_SUCCESS;
	CUstream fresh = NULL;

	*s = __atomic_load_n(at, __ATOMIC_ACQUIRE);
	if (*s)
		return CUDA_SUCCESS;
	pthread_mutex_lock(&ctx->dev->lock);
	if (!*at) {
		r = cu_stream_create(ctx, kind, flags, 0, &fresh);
		if (!r)
			__atomic_store_n(at, fresh, __ATOMIC_RELEASE);
	}
	*s = *at;
	pthread_mutex_unlock(&ctx->dev->lock);
	return r;
}

static CUresult get_legacy(CUcontext ctx, CUstream *s)
{
	return get_one(ctx, &ctx->legacy, CU_STREAM_DEFAULT_LEGACY, 0, s);
}

/* A place for one more: that of a stream whose context has ended, or a new one. */
static struct own *own_place(void)
{
	struct own *list;

	for (size_t i = 0; i < own_count; i++)
		if (!own_lives(&own[i]))
			return &own[i];
	list = realloc(own, (own_count + 1) * sizeof(*own));
	if (!list)
		return NULL;
	own = list;
	own[own_count] = (struct own){ 0 };
	pthread_once(&own_once, own_key_create);
	pthread_setspecific(own_key, own);
	return &own[own_count++];
}

static CUresult get_own(CUcontext ctx, CUstream *s)
{
	struct own *place;
	CUresult r;

	for (size_t i = 0; i < own_count; i++) {
		if (own[i].ctx_id == ctx->id) {
			*s = own[i].stream;
			return CUDA_SUCCESS;
		}
	}
	place = own_place();
	if (!place)
		return CUDA_ERROR_OUT_OF_MEMORY;
	r = cu_stream_create(ctx, CU_STREAM_DEFAULT_THREAD, 0, 0, s);
	if (!r)
		*place = (struct own){ ctx->id, *s };
	return r;
}

CUresult cu_stream_get(CUstream handle, CUstream *s)
{
	CUcontext ctx;
	CUresult r;

	if ((uintptr_t)handle > 2) {
		r = cu_ready();
		if (!r && (!cu_is(handle, CU_STREAM) || !cu_context_alive(handle->ctx)))
			r = CUDA_ERROR_INVALID_HANDLE;
		*s = handle;
		return r ? r : cu_context_health(handle->ctx);
	}
	r = cu_current(&ctx);
	if (r)
		return r;
	return handle == CU_STREAM_PER_THREAD ? get_own(ctx, s) : get_legacy(ctx, s);
}

static CUresult queue_new(CUstream s, uint32_t slots, struct cu_queue **out)
{
	CUcontext ctx = s->ctx;
	struct cu_queue *q = calloc(1, sizeof(*q));
	int r;

	if (!q)
		return CUDA_ERROR_OUT_OF_MEMORY;
	r = vgpu_ring_open(&ctx->dev->dev, ctx->handle, slots, s->priority, &q->ring);
	if (r) {
		free(q);
		return cu_check(ctx, r);
	}
	q->priority = s->priority;
	q->stream = s;
	q->blocking = !(s->flags & CU_STREAM_NON_BLOCKING);
	q->next = ctx->queues;
	ctx->queues = q;
	if (!ctx->ended)
		__atomic_store_n(&ctx->ended, &q->ring.kernel->error, __ATOMIC_RELEASE);
	*out = q;
	return CUDA_SUCCESS;
}

/* A queue that a destroyed stream has left and that has nothing to do, or a new one; the context's lock is held. */
static CUresult queue_for(CUstream s)
{
	for (struct cu_queue *q = s->ctx->queues; q; q = q->next) {
		if (!q->stream && q->priority == s->priority && vgpu_ring_done(&q->ring) == q->ring.packets) {
			q->stream = s;
			q->blocking = !(s->flags & CU_STREAM_NON_BLOCKING);
			for (int i = 0; i < CU_FOLLOWERS; i++)
				q->followed[i] = q->ring.packets;
			s->queue = q;
			return CUDA_SUCCESS;
		}
	}
	return queue_new(s, CU_RING_SLOTS, &s->queue);
}

struct cu_point cu_stream_point(CUstream s)
{
	return (struct cu_point){ s->queue, s->queue ? s->queue->ring.packets : 0 };
}

bool cu_point_done(struct cu_point p)
{
	return !p.queue || vgpu_ring_done(&p.queue->ring) >= p.packet;
}

CUresult cu_submit(CUstream s, const void *packet)
{
	int r = vgpu_ring_packet(&s->queue->ring, packet);

	return r ? cu_check(s->ctx, r) : CUDA_SUCCESS;
}

CUresult cu_submit_wait(CUstream s, struct cu_point p)
{
	struct vgpu_pkt_fence packet = {
		.hdr = { .type = VGPU_PKT_WAIT, .slots = 1 },
	};

	if (p.queue == s->queue || cu_point_done(p))
		return CUDA_SUCCESS;
	packet.handle = p.queue->ring.handle;
	packet.value = p.packet;
	return cu_submit(s, &packet);
}

/*
 * Another queue for a stream, with that many slots at least; the context's
 * lock is held.  It waits for the old one, so whoever follows the stream by
 * its new packets follows all.
 */
static CUresult move(CUstream s, uint32_t slots)
{
	struct cu_queue *old = s->queue;
	CUresult r = slots > CU_RING_SLOTS ? queue_new(s, slots, &s->queue) : queue_for(s);

	if (r)
		return r;
	r = cu_submit_wait(s, (struct cu_point){ old, old->ring.packets });
	old->stream = NULL;
	for (int i = 0; i < CU_FOLLOWERS; i++)
		old->followed[i] = old->ring.packets;
	for (struct cu_queue *q = s->ctx->queues; q && s == s->ctx->legacy; q = q->next)
		q->seen_legacy = 0;
	return r;
}

/* A queue of the stream's priority with room for that; the context's lock is held. */
static CUresult fit(CUstream s, uint32_t slots)
{
	uint32_t most = s->ctx->dev->dev.info.max_ring_slots, want = CU_RING_SLOTS, have;
	CUresult r;

	if (!s->queue) {
		r = queue_for(s);
		if (r)
			return r;
	}
	have = s->queue->ring.slots;
	if (cu_unlikely(2 * slots > have))
		while (want < 2 * (uint64_t)slots && want < most)
			want *= 2;
	if (want > have)
		return move(s, want);
	if (!cu_unlikely(s->queue->priority != s->priority))
		return CUDA_SUCCESS;
	r = move(s, have);
	if (!r || cu_context_health(s->ctx))
		return r;
	s->priority = s->queue->priority; /* a hint that cannot be followed is not tried at each submission */
	return CUDA_SUCCESS;
}

/* Wait, without the lock, until something has left a full ring; the lock is held again afterwards. */
static CUresult let_drain(CUstream s)
{
	CUcontext ctx = s->ctx;
	struct cu_queue *q = s->queue;
	uint64_t next = vgpu_ring_done(&q->ring) + 1;
	int err;

	pthread_mutex_unlock(&ctx->lock);
	err = vgpu_wait(q->ring.dev, q->ring.handle, next, VGPU_WAIT_FOREVER);
	pthread_mutex_lock(&ctx->lock);
	return err ? cu_check(ctx, err) : CUDA_SUCCESS;
}

/* Slots that the packets of a call may need beside those it asks for: an event's, a host function's. */
enum { ROOM = 16 };

/*
 * The context's lock is held on success.  What the stream must follow is
 * written before, however much that is: whenever the ring is full the lock is
 * let go, for what the ring waits for may wait for another thread's call.
 */
static CUresult begin(CUstream s, uint32_t slots, bool may_wait)
{
	uint32_t keep = slots + ROOM;
	struct cu_follow f = { 0 };
	bool ready = false;
	CUresult r;

	pthread_mutex_lock(&s->ctx->lock);
	r = fit(s, keep);
	while (!r) {
		uint32_t most = s->queue->ring.slots / 2;

		r = cu_stream_follow(s, &f, keep < most ? keep : most, &ready);
		if (r || ready)
			break;
		r = may_wait ? let_drain(s) : CUDA_ERROR_NOT_READY;
	}
	if (cu_unlikely(f.rest))
		free(f.rest);
	if (r)
		pthread_mutex_unlock(&s->ctx->lock);
	return r;
}

CUresult cu_submit_begin_room(CUstream handle, uint32_t slots, CUstream *out)
{
	CUresult r = cu_stream_get(handle, out);

	if (!r && cu_unlikely(cu_captures_active()))
		r = cu_capture_barred(*out);
	return r ? r : begin(*out, slots, true);
}

CUresult cu_submit_begin_after_all(CUcontext ctx, CUstream *out)
{
	CUresult r = get_one(ctx, &ctx->gather, CU_STREAM_AFTER_ALL, CU_STREAM_NON_BLOCKING, out);

	return r ? r : begin(*out, 1, true);
}

CUresult cu_submit_begin_legacy(CUcontext ctx, CUstream *out)
{
	CUresult r = get_legacy(ctx, out);

	return r ? r : begin(*out, 1, true);
}

CUresult cu_submit_begin(CUstream handle, CUstream *out)
{
	return cu_submit_begin_room(handle, 1, out);
}

void cu_submit_end(CUstream s)
{
	pthread_mutex_unlock(&s->ctx->lock);
}

CUresult cu_point_wait(CUcontext ctx, struct cu_point p)
{
	CUresult r = CUDA_SUCCESS;

	if (p.queue) {
		int err = vgpu_ring_wait(&p.queue->ring, p.packet, VGPU_WAIT_FOREVER);

		if (err)
			r = cu_check(ctx, err);
	}
	cu_print_flush(ctx);
	cu_retired_free(ctx);
	return r ? r : __atomic_load_n(&ctx->error, __ATOMIC_ACQUIRE);
}

CUresult cu_stream_synchronize(CUstream handle)
{
	struct cu_point p;
	CUstream s;
	CUresult r = cu_submit_begin(handle, &s);

	if (r)
		return r;
	p = cu_stream_point(s);
	cu_submit_end(s);
	return cu_point_wait(s->ctx, p);
}

CUresult cu_stream_query(CUstream handle)
{
	struct cu_point p;
	CUstream s;
	CUresult r = cu_stream_get(handle, &s);

	if (!r && cu_unlikely(cu_captures_active()))
		r = cu_capture_barred(s);
	if (!r)
		r = begin(s, 1, false);
	if (r)
		return r;
	p = cu_stream_point(s);
	cu_submit_end(s);
	if (cu_point_done(p))
		return CUDA_SUCCESS;
	return p.queue->ring.kernel->error ? cu_point_wait(s->ctx, p) : CUDA_ERROR_NOT_READY;
}

/* Wait for all streams of a context, newest first; one at a time, for the list may change. */
CUresult cu_streams_synchronize(CUcontext ctx)
{
	CUresult r = cu_context_health(ctx);

	while (!r) {
		struct cu_point p = { 0 };

		pthread_mutex_lock(&ctx->lock);
		for (struct cu_queue *q = ctx->queues; q && !p.queue; q = q->next)
			if (vgpu_ring_done(&q->ring) < q->ring.packets)
				p = (struct cu_point){ q, q->ring.packets };
		pthread_mutex_unlock(&ctx->lock);
		if (!p.queue)
			break;
		r = cu_point_wait(ctx, p);
	}
	return r;
}

/* Nothing runs or waits in this context; its lock is held. */
bool cu_streams_idle(CUcontext ctx)
{
	for (struct cu_queue *q = ctx->queues; q; q = q->next)
		if (vgpu_ring_done(&q->ring) < q->ring.packets)
			return false;
	return true;
}

void cu_stream_destroy(CUstream s)
{
	CUcontext ctx = s->ctx;
	struct cu_mem *workspace;
	struct CUstream_st **at;
	struct cu_point point;

	cu_capture_leave(s);
	pthread_mutex_lock(&ctx->lock);
	for (at = &ctx->streams; *at && *at != s; at = &(*at)->next)
		;
	if (*at)
		*at = s->next;
	workspace = s->workspace;
	point = cu_stream_point(s);
	cu_callbacks_close(s->callbacks, point);
	/* What the legacy stream has not seen of it, it follows all the same. */
	if (s->queue)
		s->queue->stream = NULL;
	pthread_mutex_unlock(&ctx->lock);
	if (workspace && cu_context_alive(ctx))
		cu_retire_memory(workspace, ctx, point);
	cu_object_free(s);
}

/* The context ends: its kernel side takes the queues along. */
void cu_streams_destroy(CUcontext ctx)
{
	ctx->legacy = NULL;
	ctx->gather = NULL;
	while (ctx->streams)
		cu_stream_destroy(ctx->streams);
	cu_callbacks_destroy(ctx);
	cu_entries_destroy(ctx);
	while (ctx->queues) {
		struct cu_queue *q = ctx->queues;

		ctx->queues = q->next;
		vgpu_ring_close(&q->ring);
		free(q);
	}
}
