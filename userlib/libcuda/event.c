// SPDX-License-Identifier: MIT
/* Events. */
#include "event.h"
#include "print.h"
#include "slab.h"

enum { EVENT_FLAGS = CU_EVENT_BLOCKING_SYNC | CU_EVENT_DISABLE_TIMING | CU_EVENT_INTERPROCESS };

CUresult cu_event_get(CUevent e)
{
	CUresult r = cu_ready();

	if (r)
		return r;
	if (!cu_is(e, CU_EVENT))
		return CUDA_ERROR_INVALID_HANDLE;
	if (!cu_context_alive(e->ctx) || e->ctx->id != e->ctx_id)
		return CUDA_ERROR_CONTEXT_IS_DESTROYED;
	return __atomic_load_n(&e->ctx->error, __ATOMIC_ACQUIRE);
}

CUDA_API(cuEventCreate, CU_ARGS(CUevent *event, unsigned int flags), CU_ARGS(event, flags))
{
	CUcontext ctx;
	CUevent e;
	CUresult r = cu_current(&ctx);

	if (r)
		return r;
	if (!event || (flags & ~EVENT_FLAGS) ||
	    ((flags & CU_EVENT_INTERPROCESS) && !(flags & CU_EVENT_DISABLE_TIMING)))
		return CUDA_ERROR_INVALID_VALUE;
	if (flags & CU_EVENT_INTERPROCESS)
		return cu_refuse("CU_EVENT_INTERPROCESS");
	e = cu_object_new(CU_EVENT, sizeof(*e));
	if (!e)
		return CUDA_ERROR_OUT_OF_MEMORY;
	e->ctx = ctx;
	e->ctx_id = ctx->id;
	e->flags = flags;
	*event = e;
	return CUDA_SUCCESS;
}

static CUresult destroy(CUevent e)
{
	CUresult r = cu_event_get(e);

	if (r == CUDA_ERROR_INVALID_HANDLE || r == CUDA_ERROR_NOT_INITIALIZED)
		return r;
	if (r != CUDA_ERROR_CONTEXT_IS_DESTROYED && e->time) {
		/* A stamp still to come would land in the word's next life. */
		if (!e->ctx->error)
			cu_point_wait(e->ctx, e->point);
		pthread_mutex_lock(&e->ctx->lock);
		cu_word_free(e->ctx, e->time);
		pthread_mutex_unlock(&e->ctx->lock);
	}
	cu_object_free(e);
	return CUDA_SUCCESS;
}

CUDA_API(cuEventDestroy_v2, CU_ARGS(CUevent event), CU_ARGS(event))
{
	return destroy(event);
}

CUDA_API(cuEventDestroy, CU_ARGS(CUevent event), CU_ARGS(event))
{
	return destroy(event);
}

/* Ask for a time stamp here; an older one still to come keeps its own word. */
static CUresult submit_stamp(CUevent e, CUstream s)
{
	struct vgpu_pkt_timestamp packet = {
		.hdr = { .type = VGPU_PKT_TIMESTAMP, .slots = 1 },
	};

	if (!e->time || !cu_point_done(e->point)) {
		uint64_t *word = cu_word_new(s->ctx);

		if (!word)
			return CUDA_ERROR_OUT_OF_MEMORY;
		e->time = word;
	}
	packet.dst = (uintptr_t)e->time;
	return cu_submit(s, &packet);
}

CUresult cu_event_record(CUevent e, CUstream stream)
{
	CUstream s;
	CUresult r = cu_event_get(e);

	if (!r)
		r = cu_submit_begin(stream, &s);
	if (r)
		return r;
	if (s->ctx != e->ctx)
		r = CUDA_ERROR_INVALID_HANDLE;
	else if (!(e->flags & CU_EVENT_DISABLE_TIMING))
		r = submit_stamp(e, s);
	if (!r) {
		e->point = cu_stream_point(s);
		e->recorded = true;
	}
	cu_submit_end(s);
	return r;
}

CUDA_API_STREAM(cuEventRecord, CU_ARGS(CUevent event, CUstream stream), CU_ARGS(event, stream))
{
	return cu_event_record(event, stream);
}

/* Flag 1 (external) only matters to stream capture. */
static CUresult record_with_flags(CUevent event, CUstream stream, unsigned int flags)
{
	return flags > 1 ? CUDA_ERROR_INVALID_VALUE : cu_event_record(event, stream);
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

	if (r)
		return r;
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

	return r ? r : cu_point_wait(event->ctx, event_point(event));
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

CUresult cu_event_wait(CUevent e, CUstream stream)
{
	struct cu_point p;
	CUstream s;
	CUresult r = cu_event_get(e);

	if (r)
		return r;
	p = event_point(e);
	/* Queues of another context cannot be waited for in the ring. */
	r = cu_stream_get(stream, &s);
	if (!r && s->ctx != e->ctx)
		return cu_point_wait(e->ctx, p);
	if (!r)
		r = cu_submit_begin(stream, &s);
	if (r)
		return r;
	r = cu_submit_wait(s, p);
	cu_submit_end(s);
	return r;
}

static CUresult wait_event(CUstream stream, CUevent event, unsigned int flags)
{
	return flags > 1 ? CUDA_ERROR_INVALID_VALUE : cu_event_wait(event, stream);
}

CU_EXPORT CUresult cuStreamWaitEvent_ptsz(CUstream stream, CUevent event, unsigned int flags);

CUDA_API(cuStreamWaitEvent, CU_ARGS(CUstream stream, CUevent event, unsigned int flags),
	 CU_ARGS(stream, event, flags))
{
	return wait_event(stream, event, flags);
}

CUresult cuStreamWaitEvent_ptsz(CUstream stream, CUevent event, unsigned int flags)
{
	return CU_CALL("cuStreamWaitEvent_ptsz", wait_event(CU_PTSZ(stream), event, flags));
}

/* All that was submitted to a context so far, as one point of its legacy stream. */
CUDA_API(cuCtxRecordEvent, CU_ARGS(CUcontext ctx, CUevent event), CU_ARGS(ctx, event))
{
	CUresult r = cu_context_get(ctx, &ctx);
	CUstream s, other;

	if (!r)
		r = cu_event_get(event);
	if (r)
		return r;
	if (event->ctx != ctx || ctx != cu_stack_top())
		return CUDA_ERROR_INVALID_HANDLE;
	r = cu_submit_begin(CU_STREAM_LEGACY, &s);
	if (r)
		return r;
	for (other = ctx->streams; other && !r; other = other->next)
		if (other != s)
			r = cu_submit_wait(s, cu_stream_point(other));
	if (!r && !(event->flags & CU_EVENT_DISABLE_TIMING))
		r = submit_stamp(event, s);
	if (!r) {
		event->point = cu_stream_point(s);
		event->recorded = true;
	}
	cu_submit_end(s);
	return r;
}
