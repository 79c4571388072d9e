/* SPDX-License-Identifier: MIT */
/* Virtual memory management: what its two files share. */
#ifndef VGPU_VMM_H
#define VGPU_VMM_H

#include "memory.h"

enum { CU_VMM_GRANULARITY = 2 << 20 };

/**
 * struct cu_allocation - what a CUmemGenericAllocationHandle points to
 * @obj: type
 * @next: in the list of all
 * @ctx: context of its buffer, NULL while it waits for one
 * @bo: buffer object
 * @fd: keeps the memory meanwhile, else -1
 * @size: bytes
 * @uses: handles and mappings
 * @handles: how often it was created, imported or retained, and not released
 * @prop: as it was asked for
 */
struct cu_allocation {
	struct cu_object obj;
	struct cu_allocation *next;
	CUcontext ctx;
	uint32_t bo;
	int fd;
	size_t size;
	unsigned int uses;
	unsigned int handles;
	CUmemAllocationProp prop;
};

/* Guards all memory, mappings and reservations; taken before the locks of contexts and of the table. */
extern pthread_mutex_t cu_vmm_lock;

/* All with the lock held. */
struct cu_allocation *cu_allocation_get(CUmemGenericAllocationHandle handle);
void cu_allocation_put(struct cu_allocation *a);
/* Give memory that waits for one a context of its device, not that one. */
CUresult cu_allocation_adopt(struct cu_allocation *a, CUcontext except);
/* A context ends, in which no memory is mapped any more. */
void cu_allocations_leave(CUcontext ctx);

/* The context in which memory of a device is made. */
CUresult cu_vmm_context_on(int device, CUcontext *ctx);

#endif
