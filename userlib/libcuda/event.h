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
 */
struct CUevent_st {
	struct cu_object obj;
	CUcontext ctx;
	uint64_t ctx_id;
	unsigned int flags;
	bool recorded;
	struct cu_point point;
	uint64_t *time;
};

CUresult cu_event_get(CUevent e);
CUresult cu_event_record(CUevent e, CUstream stream);
CUresult cu_event_wait(CUevent e, CUstream stream);

#endif
