/* SPDX-License-Identifier: MIT */
/* Events: points in streams, with the time at which they were passed. */
#ifndef VGPU_EVENT_H
#define VGPU_EVENT_H

#include "stream.h"

/**
 * struct CUevent_st - an event
 * @obj: type
 * @ctx: context it was created in
 * @ctx_id: that context's id: a primary context can end and begin again
 * @flags: CU_EVENT_*
 * @recorded: it was recorded at least once
 * @point: where, when last recorded
 * @time: word for the time stamp, NULL without timing
 * @ipc: shared with other processes, or NULL
 * @capture_id: it was last recorded in this capture, else 0 (under capture.c's lock)
 * @frontier: the nodes it stands for then
 */
struct CUevent_st {
	struct cu_object obj;
	CUcontext ctx;
	uint64_t ctx_id;
	unsigned int flags;
	bool recorded;
	struct cu_point point;
	uint64_t *time;
	struct cu_ipc_event *ipc;
	uint64_t capture_id;
	struct cu_frontier frontier;
};

struct cu_ipc_event;

CUresult cu_event_get(CUevent e);
/* An event that another process made; takes ipc over on success. */
CUresult cu_event_open(CUcontext ctx, struct cu_ipc_event *ipc, CUevent *event);
CUresult cu_event_record(CUevent e, CUstream stream, bool external);
CUresult cu_event_wait(CUevent e, CUstream stream, bool external);
/* Between the begin and the end of a submission to a stream of the event's context. */
CUresult cu_event_submit(CUevent e, CUstream s);
/* Let a stream wait for a point of another context (between begin and end): its host thread does. */
CUresult cu_submit_wait_elsewhere(CUstream s, CUcontext ctx, uint64_t ctx_id, struct cu_point p);

#endif
