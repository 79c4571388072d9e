/* SPDX-License-Identifier: MIT */
/* Staging memory: small pageable copies to the device need not wait for their stream. */
#ifndef VGPU_STAGE_H
#define VGPU_STAGE_H

#include "stream.h"

/* The largest copy that is staged. */
enum { CU_STAGE_MAX = 64 << 10 };

/*
 * Room for that many bytes, seen by both sides, or NULL when there is none
 * now.  The context's lock is held; cu_stage_until() follows under the same hold.
 */
void *cu_stage_get(CUcontext ctx, size_t size);
/* The room just got is in use until that point. */
void cu_stage_until(CUcontext ctx, struct cu_point point);
void cu_stage_destroy(CUcontext ctx);

#endif
