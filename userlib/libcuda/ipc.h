/* SPDX-License-Identifier: MIT */
/* Memory and events between processes. */
#ifndef VGPU_IPC_H
#define VGPU_IPC_H

#include "event.h"
#include "slab.h"

/* What an interprocess event is: slots in a page that all its processes have. */
struct cu_ipc_event;

CUresult cu_ipc_event_new(CUcontext ctx, struct cu_ipc_event **e);
void cu_ipc_event_free(CUcontext ctx, struct cu_ipc_event *e);
/* Record it in a stream of that context, between begin and end of a submission. */
CUresult cu_ipc_event_submit(struct cu_ipc_event *e, CUstream s);
/* The newest record was made by this process: the event's own point tells. */
bool cu_ipc_event_is_ours(const struct cu_ipc_event *e);
bool cu_ipc_event_done(const struct cu_ipc_event *e);
/* A stream waits for the newest record, between begin and end. */
CUresult cu_ipc_event_wait(const struct cu_ipc_event *e, CUstream s);
/* The calling thread waits. */
CUresult cu_ipc_event_sleep(const struct cu_ipc_event *e, CUcontext ctx);

/* A context ends, and what it had opened with it. */
void cu_ipc_context_gone(CUcontext ctx);

#endif
