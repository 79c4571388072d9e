/* SPDX-License-Identifier: MIT */
/* Stream-ordered allocation. */
#ifndef VGPU_POOL_H
#define VGPU_POOL_H

#include "memory.h"

struct cu_pool_block;

/**
 * struct CUmempool_st - a pool
 * @obj: type
 * @dev: its device
 * @shareable: CU_MEM_HANDLE_TYPE_*, as it was asked for
 * @imported: another process's: names what is imported, allocates nothing
 * @lock: guards what follows
 * @destroyed: the handle is invalid; the pool ends when nothing of it is left
 * @lent: allocations that are not freed yet
 * @blocks: freed ones
 * @peers: the devices that have its memory beside its own, a bit each
 * @attributes: by CU_MEMPOOL_ATTR_*
 * @next: in the list of all pools
 */
struct CUmempool_st {
	struct cu_object obj;
	struct cu_device *dev;
	unsigned int shareable;
	bool imported;
	pthread_mutex_t lock;
	bool destroyed;
	size_t lent;
	struct cu_pool_block *blocks;
	uint64_t peers;
	uint64_t attributes[CU_MEMPOOL_ATTR_USED_MEM_HIGH + 1];
	CUmemoryPool next;
};

static inline bool cu_is_pool(CUmemoryPool p)
{
	return cu_is(p, CU_POOL) && !__atomic_load_n(&p->destroyed, __ATOMIC_ACQUIRE);
}

/* A pool of that device with nothing in it, or NULL. */
CUmemoryPool cu_pool_new(struct cu_device *dev);
/* The context of a device that has access: the current one if it is of that device; or NULL. */
CUcontext cu_pool_context(int device);

/* cuMemFree on memory of a pool. */
CUresult cu_pool_free_now(struct cu_mem *m);
void cu_pool_trim(CUmemoryPool p, uint64_t keep);
/* Memory that was not freed ends with its context. */
void cu_pool_memory_gone(struct cu_mem *m);
void cu_pools_settle(CUcontext ctx);
void cu_pools_context_gone(CUcontext ctx);

#endif
