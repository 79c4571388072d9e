// SPDX-License-Identifier: MIT
/* Streams: queues, default streams, and the order between them. */
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
	s->priority = priority < CU_PRIORITY_GREATEST ? CU_PRIORITY_GREATEST :
		      priority > CU_PRIORITY_LEAST ? CU_PRIORITY_LEAST : priority;
	s->id = __atomic_fetch_add(&next_id, 1, __ATOMIC_RELAXED);
	pthread_mutex_lock(&ctx->lock);
	s->next = ctx->streams;
	ctx->streams = s;
	pthread_mutex_unlock(&ctx->lock);
	*out = s;
	return CUDA_SUCCESS;
}

static CUresult get_legacy(CUcontext ctx, CUstream *s)
{
	CUresult r = CUDA_SUCCESS;
	CUstream fresh = NULL;

	*s = __atomic_load_n(&ctx->legacy, __ATOMIC_ACQUIRE);
	if (*s)
		return CUDA_SUCCESS;
	pthread_mutex_lock(&ctx->dev->lock);
	if (!ctx->legacy) {
		r = cu_stream_create(ctx, CU_STREAM_DEFAULT_LEGACY, 0, 0, &fresh);
		if (!r)
			__atomic_store_n(&ctx->legacy, fresh, __ATOMIC_RELEASE);
	}
	*s = ctx->legacy;
	pthread_mutex_unlock(&ctx->dev->lock);
	return r;
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
	if (!ctx->ended)
		__atomic_store_n(&ctx->ended, &q->ring.kernel->error, __ATOMIC_RELEASE);
	*out = q;
	return CUDA_SUCCESS;
}

/* A queue that a destroyed stream has left and that has nothing to do, or a new one. */
static CUresult queue_for(CUstream s)
{
	CUcontext ctx = s->ctx;
	struct cu_queue **q, *found;

	for (q = &ctx->idle_queues; *q; q = &(*q)->next) {
		found = *q;
		if (found->priority == s->priority &&
		    vgpu_ring_done(&found->ring) == found->ring.packets) {
			*q = found->next;
			s->seen_legacy = 0;
			s->legacy_seen = found->ring.packets;
			s->queue = found;
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

/* The legacy stream follows every blocking stream. */
static CUresult legacy_follows(CUstream legacy)
{
	CUresult r = CUDA_SUCCESS;

	for (CUstream s = legacy->ctx->streams; s && !r; s = s->next) {
		struct cu_point p = cu_stream_point(s);

		if (s == legacy || (s->flags & CU_STREAM_NON_BLOCKING) || p.packet <= s->legacy_seen)
			continue;
		r = cu_submit_wait(legacy, p);
		s->legacy_seen = p.packet;
	}
	return r;
}

/* Every blocking stream follows the legacy one. */
static CUresult follows_legacy(CUstream s)
{
	CUstream legacy = s->ctx->legacy;
	struct cu_point p;

	if (!legacy || (s->flags & CU_STREAM_NON_BLOCKING))
		return CUDA_SUCCESS;
	p = cu_stream_point(legacy);
	if (p.packet <= s->seen_legacy)
		return CUDA_SUCCESS;
	s->seen_legacy = p.packet;
	return cu_submit_wait(s, p);
}

/*
 * A larger ring for a stream; the context's lock is held.  The new queue waits
 * for the old one, so whoever follows the stream by its new packets follows all.
 */
static CUresult widen(CUstream s, uint32_t slots)
{
	uint32_t most = s->ctx->dev->dev.info.max_ring_slots, want = CU_RING_SLOTS;
	struct cu_queue *old = s->queue;
	CUresult r;

	while (want < 2 * (uint64_t)slots && want < most)
		want *= 2;
	if (want <= old->ring.slots)
		return CUDA_SUCCESS;
	r = queue_new(s, want, &s->queue);
	if (r)
		return r;
	r = cu_submit_wait(s, (struct cu_point){ old, old->ring.packets });
	old->next = s->ctx->idle_queues;
	s->ctx->idle_queues = old;
	s->legacy_seen = 0;
	for (CUstream other = s->ctx->streams; other && s == s->ctx->legacy; other = other->next)
		other->seen_legacy = 0;
	return r;
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

/* Slots that what goes before a packet may need: waits for other streams. */
enum { ROOM = 16 };

/* A point that the streams of a context wait for before they begin. */
struct cu_entry {
	struct cu_entry *next;
	struct cu_point point;
};

/* A stream gets its queue; the context's lock is held. */
static CUresult enter(CUstream s)
{
	struct cu_entry **at = &s->ctx->entries;
	CUresult r = queue_for(s);

	while (!r && *at) {
		struct cu_entry *e = *at;

		if (cu_point_done(e->point)) {
			*at = e->next;
			free(e);
		} else {
			r = cu_submit_wait(s, e->point);
			at = &e->next;
		}
	}
	return r;
}

CUresult cu_streams_wait(CUcontext ctx, struct cu_point p)
{
	struct cu_entry *e = malloc(sizeof(*e));
	CUresult r = CUDA_SUCCESS;

	if (!e)
		return CUDA_ERROR_OUT_OF_MEMORY;
	pthread_mutex_lock(&ctx->lock);
	for (CUstream s = ctx->streams; s && !r; s = s->next)
		if (s->queue)
			r = cu_submit_wait(s, p);
	*e = (struct cu_entry){ ctx->entries, p };
	ctx->entries = e;
	pthread_mutex_unlock(&ctx->lock);
	return r;
}

CUresult cu_submit_begin_room(CUstream handle, uint32_t slots, CUstream *out)
{
	CUstream s;
	CUresult r = cu_stream_get(handle, &s);

	if (!r && cu_unlikely(cu_captures_active()))
		r = cu_capture_barred(s);
	if (r)
		return r;
	pthread_mutex_lock(&s->ctx->lock);
	if (!s->queue)
		r = enter(s);
	if (!r && 2 * (slots + ROOM) > s->queue->ring.slots)
		r = widen(s, slots + ROOM);
	while (!r && vgpu_ring_free(&s->queue->ring) < slots + ROOM &&
	       s->queue->ring.slots >= slots + ROOM)
		r = let_drain(s);
	if (!r)
		r = s->kind == CU_STREAM_DEFAULT_LEGACY ? legacy_follows(s) : follows_legacy(s);
	if (r)
		pthread_mutex_unlock(&s->ctx->lock);
	*out = s;
	return r;
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

/* Wait for all streams of a context, newest first; one at a time, for the list may change. */
CUresult cu_streams_synchronize(CUcontext ctx)
{
	CUresult r = cu_context_health(ctx);

	while (!r) {
		struct cu_point p = { 0 };

		pthread_mutex_lock(&ctx->lock);
		for (CUstream s = ctx->streams; s && !p.queue; s = s->next)
			if (!cu_point_done(cu_stream_point(s)))
				p = cu_stream_point(s);
		for (struct cu_queue *q = ctx->idle_queues; q && !p.queue; q = q->next)
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
	for (CUstream s = ctx->streams; s; s = s->next)
		if (!cu_point_done(cu_stream_point(s)))
			return false;
	for (struct cu_queue *q = ctx->idle_queues; q; q = q->next)
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
	/* What the legacy stream has not seen of it, it must still follow. */
	if (s->queue && !(s->flags & CU_STREAM_NON_BLOCKING) && ctx->legacy && ctx->legacy != s &&
	    ctx->legacy->queue && !ctx->error && cu_stream_point(s).packet > s->legacy_seen)
		cu_submit_wait(ctx->legacy, cu_stream_point(s));
	workspace = s->workspace;
	point = cu_stream_point(s);
	cu_callbacks_close(s->callbacks, point);
	if (s->queue) {
		s->queue->next = ctx->idle_queues;
		ctx->idle_queues = s->queue;
	}
	pthread_mutex_unlock(&ctx->lock);
	if (workspace && cu_context_alive(ctx))
		cu_retire(ctx, workspace, point);
	cu_object_free(s);
}

/* The context ends: its kernel side takes the queues along. */
void cu_streams_destroy(CUcontext ctx)
{
	ctx->legacy = NULL;
	while (ctx->streams)
		cu_stream_destroy(ctx->streams);
	cu_callbacks_destroy(ctx);
	while (ctx->entries) {
		struct cu_entry *e = ctx->entries;

		ctx->entries = e->next;
		free(e);
	}
	while (ctx->idle_queues) {
		struct cu_queue *q = ctx->idle_queues;

		ctx->idle_queues = q->next;
		vgpu_ring_close(&q->ring);
		free(q);
	}
}
