/* SPDX-License-Identifier: MIT */
/*
 * Stream capture: what is submitted to a stream becomes nodes of a graph.
 *
 * A capture begins in one stream; others join it by waiting for an event that
 * was recorded in it, and must be joined again before it ends.  A call that
 * would connect captured work with work that runs, or look at captured work,
 * invalidates the capture.  All state is behind one lock; while nothing is
 * captured all checks are one load.
 */
#ifndef VGPU_CAPTURE_H
#define VGPU_CAPTURE_H

#include "event.h"
#include "graph.h"
#include "stream.h"

extern unsigned int cu_capture_count;

static inline bool cu_captures_active(void)
{
	return __atomic_load_n(&cu_capture_count, __ATOMIC_ACQUIRE) != 0;
}

/* Whether a stream's work is captured; also in a capture that was invalidated. */
static inline bool cu_stream_captures(CUstream s)
{
	return cu_captures_active() && __atomic_load_n(&s->capture, __ATOMIC_ACQUIRE);
}

/* The same for a handle; the stream behind it is in *s then. */
static inline bool cu_capture_of(CUstream handle, CUstream *s)
{
	return cu_unlikely(cu_captures_active()) && !cu_stream_get(handle, s) && cu_stream_captures(*s);
}

/*
 * A call that cannot be captured meets a stream: CUDA_SUCCESS, or what is wrong
 * with it; captures that it conflicts with are invalidated.
 */
CUresult cu_capture_barred(CUstream s);
/* The same for a call about a whole context. */
CUresult cu_capture_barred_context(CUcontext ctx);
/*
 * A potentially unsafe call, such as an allocation: forbidden by captures as
 * their modes and the calling thread's say.
 */
CUresult cu_capture_unsafe(void);
/* The current context, for such a call. */
CUresult cu_current_unsafe(CUcontext *ctx);
/* An event is looked at: an error when it was recorded in a capture. */
CUresult cu_capture_event_barred(CUevent e);
/* Whether an event was recorded in a capture that has ended, or is invalid: it stands for nothing. */
bool cu_capture_event_gone(CUevent e);

/* Append a node to a stream's capture.  Takes the parameters over in any case. */
CUresult cu_capture_add(CUstream s, enum cu_node_type type, struct cu_node_params *p, CUgraphNode *node);
/* Record an event in a capturing stream. */
CUresult cu_capture_record(CUstream s, CUevent e);
/* Forget that an event was recorded in a capture. */
void cu_capture_forget(CUevent e);
/*
 * A stream waits for an event.  *handled is set when that concerned a capture
 * and nothing is left to do.
 */
CUresult cu_capture_wait(CUstream s, CUevent e, bool external, bool *handled);
/* A stream is destroyed. */
void cu_capture_leave(CUstream s);

/* What a program may ask of a stream's capture; valid until the stream's next call. */
struct cu_capture_info {
	int status;
	uint64_t id;
	CUgraph graph;
	const CUgraphNode *nodes;
	size_t count;
};

/* Begin a capture, into a graph of its own for NULL, after these nodes of the graph. */
CUresult cu_capture_begin(CUstream s, CUgraph graph, const CUgraphNode *nodes, size_t count, int mode);
CUresult cu_capture_end(CUstream s, CUgraph *graph);
CUresult cu_capture_info(CUstream s, struct cu_capture_info *info);
CUresult cu_capture_update(CUstream s, const CUgraphNode *nodes, size_t count, bool replace);
/* The calling thread's mode: sets it and returns the old one. */
int cu_capture_exchange_mode(int mode);

#endif
