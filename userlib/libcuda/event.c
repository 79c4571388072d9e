// SPDX-License-Identifier: MIT
/* Events. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include "capture.h"
#include "callback.h"
#include "event.h"
#include "ipc.h"
#include "print.h"
#include "retire.h"
#include "slab.h"

enum { EVENT_FLAGS = CU_EVENT_BLOCKING_SYNC | CU_EVENT_DISABLE_TIMING | CU_EVENT_INTERPROCESS };

enum {
	NS_PER_S = 1000000000,
	LOOK_NS = 100000000
}; /* how long another context is waited for before looking at the own one */

CUresult cu_event_get(CUevent e)
{
	CUresult r = cu_ready();

	if (r)
		return r;
	if (!cu_is(e, CU_EVENT))
		return CUDA_ERROR_INVALID_HANDLE;
	if (!cu_context_alive(e->ctx) || e->ctx->id != e->ctx_id)
		return CUDA_ERROR_CONTEXT_IS_DESTROYED;
	return cu_context_health(e->ctx);
}

static CUresult event_new(CUcontext ctx, unsigned int flags, CUevent *event)
{
	CUevent e = cu_object_new(CU_EVENT, sizeof(*e));

	if (!e)
		return CUDA_ERROR_OUT_OF_MEMORY;
	e->ctx = ctx;
	e->ctx_id = ctx->id;
	e->flags = flags;
	*event = e;
	return CUDA_SUCCESS;
}

CUresult cu_event_open(CUcontext ctx, struct cu_ipc_event *ipc, CUevent *event)
{
	CUresult r = event_new(ctx, CU_EVENT_DISABLE_TIMING | CU_EVENT_INTERPROCESS, event);

	if (!r)
		(*event)->ipc = ipc;
	return r;
}

CUDA_API(cuEventCreate, CU_ARGS(CUevent *event, unsigned int flags), CU_ARGS(event, flags))
{
	struct cu_ipc_event *ipc = NULL;
	CUcontext ctx;
	CUresult r = cu_current(&ctx);

	if (r)
		return r;
	if (!event || (flags & ~EVENT_FLAGS) || ((flags & CU_EVENT_INTERPROCESS) && !(flags & CU_EVENT_DISABLE_TIMING)))
		return CUDA_ERROR_INVALID_VALUE;
	if (!(flags & CU_EVENT_INTERPROCESS))
		return event_new(ctx, flags, event);
	r = cu_ipc_event_new(ctx, &ipc);
	if (!r)
		r = event_new(ctx, flags, event);
	if (!r)
		(*event)->ipc = ipc;
	else if (ipc)
		cu_ipc_event_free(ctx, ipc);
	return r;
}

static void free_ipc(CUcontext ctx, void *ipc)
{
	cu_ipc_event_free(ctx, ipc);
}

static CUresult destroy(CUevent e)
{
	CUresult r = cu_event_get(e);

	if (r == CUDA_ERROR_INVALID_HANDLE || r == CUDA_ERROR_NOT_INITIALIZED)
		return r;
	if (!cu_claim(e))
		return CUDA_ERROR_INVALID_HANDLE;
	if (r != CUDA_ERROR_CONTEXT_IS_DESTROYED && e->time) {
		/* A stamp still to come would land in the word's next life. */
		pthread_mutex_lock(&e->ctx->lock);
		cu_word_free_at(e->ctx, e->time, e->point);
		pthread_mutex_unlock(&e->ctx->lock);
	}
	if (r != CUDA_ERROR_CONTEXT_IS_DESTROYED && e->ipc) {
		/* A record still to come is written to the page. */
		cu_retire(e->ctx, e->ctx, e->point, free_ipc, e->ipc);
	}
	cu_capture_forget(e);
	cu_object_free(e);
	return r == CUDA_ERROR_CONTEXT_IS_DESTROYED ? CUDA_SUCCESS : r;
}

CUDA_API(cuEventDestroy_v2, CU_ARGS(CUevent event), CU_ARGS(event))
{
	return destroy(event);
}

CUDA_API(cuEventDestroy, CU_ARGS(CUevent event), CU_ARGS(event))
{
	return destroy(event);
}

/* Ask for a time stamp here; an older one still to come keeps its own word until it has come. */
static CUresult submit_stamp(CUevent e, CUstream s)
{
	struct vgpu_pkt_timestamp packet = {
		.hdr = { .type = VGPU_PKT_TIMESTAMP, .slots = 1 },
	};

	if (!e->time || !cu_point_done(e->point)) {
		uint64_t *word = cu_word_new(s->ctx);

		if (!word)
			return CUDA_ERROR_OUT_OF_MEMORY;
		if (e->time)
			cu_word_free_at(s->ctx, e->time, e->point);
		e->time = word;
	}
	packet.dst = (uintptr_t)e->time;
	return cu_submit(s, &packet);
}

CUresult cu_event_submit(CUevent e, CUstream s)
{
	CUresult r = CUDA_SUCCESS;

	if (s->ctx != e->ctx)
		r = CUDA_ERROR_INVALID_HANDLE;
	else if (e->ipc)
		r = cu_ipc_event_submit(e->ipc, s);
	else if (!(e->flags & CU_EVENT_DISABLE_TIMING))
		r = submit_stamp(e, s);
	if (!r) {
		e->point = cu_stream_point(s);
		e->recorded = true;
		cu_capture_forget(e);
	}
	return r;
}

/* In a capture: what the event stands for, or a node that records it at each launch. */
static CUresult capture(CUevent e, CUstream s, bool external)
{
	struct cu_node_params p;
	CUresult r;

	if (!external)
		return cu_capture_record(s, e);
	r = cu_node_event_from(&p, e);
	return r ? r : cu_capture_add(s, CU_GRAPH_NODE_EVENT_RECORD, &p, NULL);
}

CUresult cu_event_record(CUevent e, CUstream stream, bool external)
{
	CUstream s;
	CUresult r = cu_event_get(e);

	if (!r && cu_capture_of(stream, &s))
		return s->ctx == e->ctx ? capture(e, s, external) : CUDA_ERROR_INVALID_HANDLE;
	if (!r)
		r = cu_submit_begin(stream, &s);
	if (r)
		return r;
	r = cu_event_submit(e, s);
	cu_submit_end(s);
	return r;
}

CUDA_API_STREAM(cuEventRecord, CU_ARGS(CUevent event, CUstream stream), CU_ARGS(event, stream))
{
	return cu_event_record(event, stream, false);
}

static CUresult record_with_flags(CUevent event, CUstream stream, unsigned int flags)
{
	CUresult r = cu_event_get(event);
	CUstream s;

	if (flags & ~CU_EVENT_RECORD_EXTERNAL)
		return CUDA_ERROR_INVALID_VALUE;
	if (!r && flags)
		r = cu_stream_get(stream, &s);
	if (!r && flags && !cu_stream_captures(s))
		r = CUDA_ERROR_ILLEGAL_STATE; /* external to a capture that there is not */
	return r ? r : cu_event_record(event, stream, flags);
}

CU_EXPORT CUresult cuEventRecordWithFlags_ptsz(CUevent event, CUstream stream, unsigned int flags);

CUDA_API(cuEventRecordWithFlags, CU_ARGS(CUevent event, CUstream stream, unsigned int flags),
	 CU_ARGS(event, stream, flags))
{
	return record_with_flags(event, stream, flags);
}

CUresult cuEventRecordWithFlags_ptsz(CUevent event, CUstream stream, unsigned int flags)
{
	return CU_CALL("cuEventRecordWithFlags_ptsz", record_with_flags(event, CU_PTSZ(stream), flags));
}

/* Where an event was last recorded. */
static struct cu_point event_point(CUevent e)
{
	struct cu_point p;

	pthread_mutex_lock(&e->ctx->lock);
	p = e->point;
	pthread_mutex_unlock(&e->ctx->lock);
	return p;
}

CUDA_API(cuEventQuery, CU_ARGS(CUevent event), CU_ARGS(event))
{
	struct cu_point p;
	CUresult r = cu_event_get(event);

	if (!r)
		r = cu_capture_event_barred(event);
	if (r)
		return r;
	if (event->ipc && !cu_ipc_event_is_ours(event->ipc))
		return cu_ipc_event_done(event->ipc) ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY;
	p = event_point(event);
	if (cu_point_done(p))
		return CUDA_SUCCESS;
	if (p.queue->ring.kernel->error)
		return cu_point_wait(event->ctx, p);
	return CUDA_ERROR_NOT_READY;
}

CUDA_API(cuEventSynchronize, CU_ARGS(CUevent event), CU_ARGS(event))
{
	CUresult r = cu_event_get(event);

	if (!r)
		r = cu_capture_event_barred(event);
	if (r)
		return r;
	if (event->ipc && !cu_ipc_event_is_ours(event->ipc))
		return cu_ipc_event_sleep(event->ipc, event->ctx);
	return cu_point_wait(event->ctx, event_point(event));
}

static CUresult elapsed(float *ms, CUevent start, CUevent end)
{
	CUresult r = cu_event_get(start);

	if (!r)
		r = cu_event_get(end);
	if (r)
		return r;
	if (!ms)
		return CUDA_ERROR_INVALID_VALUE;
	if (cu_capture_event_gone(start) || cu_capture_event_gone(end))
		return CUDA_ERROR_INVALID_VALUE;
	if (start->capture_id || end->capture_id)
		return CUDA_ERROR_CAPTURED_EVENT;
	if (!start->recorded || !end->recorded || !start->time || !end->time || start->ctx != end->ctx)
		return CUDA_ERROR_INVALID_HANDLE;
	if (!cu_point_done(event_point(start)) || !cu_point_done(event_point(end)))
		return CUDA_ERROR_NOT_READY;
	*ms = (int64_t)(*end->time - *start->time) * 1e-6;
	return CUDA_SUCCESS;
}

CUDA_API(cuEventElapsedTime, CU_ARGS(float *ms, CUevent start, CUevent end), CU_ARGS(ms, start, end))
{
	return elapsed(ms, start, end);
}

CUDA_API(cuEventElapsedTime_v2, CU_ARGS(float *ms, CUevent start, CUevent end), CU_ARGS(ms, start, end))
{
	return elapsed(ms, start, end);
}

/* A point of another context, for the stream's host thread to wait for. */
struct elsewhere {
	CUcontext ctx;
	uint64_t ctx_id;
	struct cu_point point;
};

/* Or until the stream's own context has ended, which need not wait for another's. */
static void sleep_until(const struct elsewhere *w, CUcontext ctx)
{
	const struct vgpu_ring *ring = &w->point.queue->ring;
	struct timespec now;

	do {
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (vgpu_ring_wait(ring, w->point.packet, now.tv_sec * NS_PER_S + now.tv_nsec + LOOK_NS) == -ETIME &&
		 !cu_context_health(ctx));
	cu_print_flush(w->ctx);
	cu_retired_free(w->ctx);
}

static void sleep_elsewhere(CUstream stream, CUresult status, void *data)
{
	struct elsewhere *w = data;

	if (!status && cu_context_alive(w->ctx) && w->ctx->id == w->ctx_id)
		sleep_until(w, stream->ctx);
	free(w);
}

/* Queues of another context cannot be waited for in the ring. */
CUresult cu_submit_wait_elsewhere(CUstream s, CUcontext ctx, uint64_t ctx_id, struct cu_point p)
{
	struct elsewhere *w;
	CUresult r;

	if (cu_point_done(p))
		return CUDA_SUCCESS;
	w = malloc(sizeof(*w));
	if (!w)
		return CUDA_ERROR_OUT_OF_MEMORY;
	*w = (struct elsewhere){ ctx, ctx_id, p };
	r = cu_callback_submit(s, s, NULL, sleep_elsewhere, w);
	if (r)
		free(w);
	return r;
}

static CUresult wait_elsewhere(CUevent e, struct cu_point p, CUstream s)
{
	if (e->ipc && !cu_ipc_event_is_ours(e->ipc))
		return cu_refuse("waiting for another process's event in a stream of another context");
	return cu_submit_wait_elsewhere(s, e->ctx, e->ctx_id, p);
}

CUresult cu_event_wait(CUevent e, CUstream stream, bool external)
{
	struct cu_node_params params;
	struct cu_point p;
	bool handled;
	CUstream s;
	CUresult r = cu_event_get(e);

	if (!r)
		r = cu_stream_get(stream, &s);
	if (!r && external && !cu_stream_captures(s))
		r = CUDA_ERROR_ILLEGAL_STATE;
	if (!r)
		r = cu_capture_wait(s, e, external, &handled);
	if (r || handled)
		return r;
	if (cu_stream_captures(s)) {
		r = cu_node_event_from(&params, e);
		return r ? r : cu_capture_add(s, CU_GRAPH_NODE_WAIT_EVENT, &params, NULL);
	}
	p = event_point(e);
	r = cu_submit_begin(stream, &s);
	if (r)
		return r;
	if (s->ctx != e->ctx)
		r = wait_elsewhere(e, p, s);
	else if (e->ipc && !cu_ipc_event_is_ours(e->ipc))
		r = cu_ipc_event_wait(e->ipc, s);
	else
		r = cu_submit_wait(s, p);
	cu_submit_end(s);
	return r;
}

static CUresult wait_event(CUstream stream, CUevent event, unsigned int flags)
{
	if (flags & ~CU_EVENT_WAIT_EXTERNAL)
		return CUDA_ERROR_INVALID_VALUE;
	return cu_event_wait(event, stream, flags);
}

CU_EXPORT CUresult cuStreamWaitEvent_ptsz(CUstream stream, CUevent event, unsigned int flags);

CUDA_API(cuStreamWaitEvent, CU_ARGS(CUstream stream, CUevent event, unsigned int flags), CU_ARGS(stream, event, flags))
{
	return wait_event(stream, event, flags);
}

CUresult cuStreamWaitEvent_ptsz(CUstream stream, CUevent event, unsigned int flags)
{
	return CU_CALL("cuStreamWaitEvent_ptsz", wait_event(CU_PTSZ(stream), event, flags));
}

/* All that was submitted to a context so far, as one point of a stream that follows all others. */
CUDA_API(cuCtxRecordEvent, CU_ARGS(CUcontext ctx, CUevent event), CU_ARGS(ctx, event))
{
	CUresult r = ctx ? cu_context_get(ctx, &ctx) : CUDA_ERROR_INVALID_CONTEXT;
	CUstream s;

	if (!r)
		r = cu_event_get(event);
	if (r)
		return r;
	if (event->ctx != ctx || ctx != cu_stack_top())
		return CUDA_ERROR_INVALID_HANDLE;
	r = cu_capture_barred_context(ctx);
	if (r)
		return r;
	r = cu_submit_begin_after_all(ctx, &s);
	if (r)
		return r;
	r = cu_event_submit(event, s);
	cu_submit_end(s);
	return r;
}

/* What is submitted to the context from now on comes after the event. */
CUDA_API(cuCtxWaitEvent, CU_ARGS(CUcontext ctx, CUevent event), CU_ARGS(ctx, event))
{
	CUresult r = ctx ? cu_context_get(ctx, &ctx) : CUDA_ERROR_INVALID_CONTEXT;

	if (!r)
		r = cu_event_get(event);
	if (!r)
		r = cu_capture_barred_context(ctx);
	if (r)
		return r;
	if (event->capture_id)
		return cu_capture_event_barred(event) ? CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED : CUDA_SUCCESS;
	if (event->ctx != ctx || event->ipc)
		return cu_refuse("cuCtxWaitEvent for an event of another context or process");
	return cu_streams_wait(ctx, event_point(event));
}
