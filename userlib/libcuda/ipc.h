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

/*
 * Memory by name: the name of an allocation; another process's allocation by it,
 * in the current context.  pooled: freed with cuMemFree or cuMemFreeAsync.
 */
struct cu_ipc_name;
struct cu_mem;
CUresult cu_ipc_name_memory(const struct cu_mem *m, struct cu_ipc_name *name);
CUresult cu_ipc_open_memory(CUcontext ctx, const struct cu_ipc_name *name, bool pooled, CUdeviceptr *p);
/* Let it go once: at a stream's point; without one, all that was submitted before may use it to its end. */
CUresult cu_ipc_close_memory(CUdeviceptr p, bool pooled, CUstream s, struct cu_point at);

/* A context ends, and what it had opened with it. */
void cu_ipc_context_gone(CUcontext ctx);

#endif
