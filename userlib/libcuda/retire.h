/* SPDX-License-Identifier: MIT */
/* What packets still use when it is freed, or its owner destroyed. */
#ifndef VGPU_RETIRE_H
#define VGPU_RETIRE_H

#include "memory.h"
#include "stream.h"

/* Lets something of a context go; without locks held. */
typedef void cu_release(CUcontext owner, void *data);

/* Release what belongs to one context once a point of another, or the same, is done; waits only without memory for the note. */
void cu_retire(CUcontext owner, CUcontext user, struct cu_point p, cu_release *release, void *data);
/* The same for an allocation, which the program does not own any more. */
void cu_retire_memory(struct cu_mem *m, CUcontext user, struct cu_point p);
/* Release what is done by now.  True when there was some. */
bool cu_retired_free(CUcontext owner);
/* Wait for what the context's own packets still use, and release it.  True when there was some. */
bool cu_retired_wait(CUcontext owner);
/* A context that has nothing to do any more ends: its own is released, and others' need not wait for it. */
void cu_retired_context_gone(CUcontext ctx);

#endif
