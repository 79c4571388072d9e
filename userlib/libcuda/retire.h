/* SPDX-License-Identifier: MIT */
/* What packets still use when its owner is destroyed. */
#ifndef VGPU_RETIRE_H
#define VGPU_RETIRE_H

#include "memory.h"
#include "stream.h"

/* Free memory of a context once a point of it is done; without waiting, if there is memory for the note. */
void cu_retire(CUcontext ctx, struct cu_mem *m, struct cu_point p);
/* Free what is done by now. */
void cu_retired_free(CUcontext ctx);
/* The context ends, and what is left of such memory with it. */
void cu_retired_forget(CUcontext ctx);

#endif
