/* SPDX-License-Identifier: MIT */
/* Stream-ordered allocation. */
#ifndef VGPU_POOL_H
#define VGPU_POOL_H

#include "memory.h"

/* cuMemFree on memory of a pool. */
CUresult cu_pool_free_now(struct cu_mem *m);
void cu_pool_trim(CUmemoryPool p, uint64_t keep);
/* Memory that was not freed ends with its context. */
void cu_pool_memory_gone(struct cu_mem *m);
void cu_pools_settle(CUcontext ctx);
void cu_pools_context_gone(CUcontext ctx);

#endif
