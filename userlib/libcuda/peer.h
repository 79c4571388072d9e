/* SPDX-License-Identifier: MIT */
/* Memory of one context that another one reaches. */
#ifndef VGPU_PEER_H
#define VGPU_PEER_H

#include "memory.h"

/*
 * Show an allocation at its own address in one more context.  The caller owns
 * the allocation, or holds the table's lock.
 */
CUresult cu_peer_map(struct cu_mem *m, CUcontext ctx, bool readonly);
/* A new allocation: all contexts that may reach its context's memory get it. */
CUresult cu_peer_new_memory(struct cu_mem *m);
/* Device memory that peers reach once access is enabled (pools and mappings have their own rules). */
static inline bool cu_peer_reaches(const struct cu_mem *m)
{
	return m->kind == CU_MEM_DEVICE || m->kind == CU_MEM_MODULE || m->kind == CU_MEM_POOL;
}

void cu_peer_context_gone(CUcontext ctx);

#endif
