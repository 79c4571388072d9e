/* SPDX-License-Identifier: MIT */
/*
 * Memory: one table of all allocations of the process.  Device, pinned and
 * managed memory of all contexts share one address space with the host, so
 * that an address tells what it is.
 */
#ifndef VGPU_MEMORY_H
#define VGPU_MEMORY_H

#include "context.h"
#include "slab.h"

enum cu_mem_kind {
	CU_MEM_DEVICE,     /* cuMemAlloc */
	CU_MEM_POOL,       /* cuMemAllocAsync */
	CU_MEM_MAPPED,     /* cuMemMap */
	CU_MEM_MODULE,     /* variables of a module */
	CU_MEM_HOST,       /* cuMemHostAlloc */
	CU_MEM_REGISTERED, /* cuMemHostRegister */
	CU_MEM_MANAGED,    /* cuMemAllocManaged */
	CU_MEM_GRAPH,      /* a graph's allocation node */
	CU_MEM_IPC,        /* another process's, cuIpcOpenMemHandle */
};

/* Memory shown in one more context: host memory that is registered there, a buffer of its own for other memory. */
struct cu_registration {
	struct cu_registration *next;
	CUcontext ctx;
	uint32_t handle;
};

/**
 * struct cu_mem - an allocation
 * @base: address
 * @size: bytes as asked for
 * @span: bytes of addresses taken, whole pages
 * @kind: what it is
 * @ctx: context it belongs to
 * @bo: buffer object, for what lies in device memory
 * @flags: as the call that made it took them
 * @id: never the same for two allocations
 * @shared: managed memory
 * @registrations: the contexts that have it, for host memory; beside its own for other memory
 * @offset: CU_MEM_MAPPED: where in the buffer it begins; CU_MEM_REGISTERED: where in its first page
 * @pool: CU_MEM_POOL
 * @readonly: GPU writes fault
 * @sync: what CU_POINTER_ATTRIBUTE_SYNC_MEMOPS was set to; synchronous copies here are always ordered with all work
 * @of_module: variables of a module: not the program's to free
 * @ending: claimed by the call that frees it
 */
struct cu_mem {
	uint64_t base;
	size_t size, span;
	enum cu_mem_kind kind;
	CUcontext ctx;
	uint32_t bo;
	unsigned int flags;
	uint64_t id;
	struct cu_shared shared;
	struct cu_registration *registrations;
	uint64_t offset;
	CUmemoryPool pool;
	bool readonly, sync, of_module, ending;
};

/* GPU addresses (va.c): the library chooses them, so that no two contexts use the same. */
uint64_t cu_va_reserve(size_t size, size_t align, uint64_t wish);
void cu_va_release(uint64_t va, size_t size);

/* The table (memory.c). */
CUresult cu_mem_insert(struct cu_mem *m);
void cu_mem_remove(struct cu_mem *m);
/* A copy of the entry that holds an address; false when there is none. */
bool cu_mem_find(uint64_t address, struct cu_mem *copy);
/* Note CU_POINTER_ATTRIBUTE_SYNC_MEMOPS for the entry that holds an address; false when there is none. */
bool cu_mem_set_sync(uint64_t address, bool sync);
/* The same as cu_mem_find(); *here says whether kernels and packets of that context reach it. */
bool cu_mem_find_in(uint64_t address, CUcontext ctx, struct cu_mem *copy, bool *here);
/* Show a context's memory to another, and no more (peer.c). */
CUresult cu_mem_show(CUcontext owner, CUcontext ctx);
void cu_mem_hide(CUcontext owner, CUcontext ctx);
/* Show all memory of a pool. */
CUresult cu_mem_show_pool(CUmemoryPool pool, CUcontext ctx);
/* Show one allocation. */
CUresult cu_mem_show_one(struct cu_mem *m, CUcontext ctx, bool readonly);
/*
 * To end the allocation that begins there, if it is one of these kinds (bits by enum cu_mem_kind) and the
 * program's: of several calls one gets it, the others NULL.  cu_mem_keep(): it goes on all the same.
 */
struct cu_mem *cu_mem_claim(uint64_t base, unsigned int kinds);
void cu_mem_keep(struct cu_mem *m);
/* Memory of a pool is given out: it is an allocation of its own, of that size, until it is returned. */
void cu_mem_lend(struct cu_mem *m, CUmemoryPool pool, size_t size);
void cu_mem_return(struct cu_mem *m);
/* Claimed memory of cuMemAlloc is the program's no more, as if it had been returned to a pool. */
void cu_mem_disown(struct cu_mem *m);

static inline bool cu_mem_is_host(const struct cu_mem *m)
{
	return m->kind == CU_MEM_HOST || m->kind == CU_MEM_REGISTERED;
}

/* Device memory with an address, in the table. */
CUresult cu_mem_new(CUcontext ctx, enum cu_mem_kind kind, size_t size, struct cu_mem **m);
void cu_mem_free(struct cu_mem *m);
/* Wait for all that was submitted in any context that has the memory. */
void cu_mem_synchronize(const struct cu_mem *m);
/* The same in two steps: an address in the table, then the memory behind it. */
CUresult cu_mem_reserve(CUcontext ctx, enum cu_mem_kind kind, size_t size, struct cu_mem **m);
CUresult cu_mem_back(struct cu_mem *m);
void cu_mem_unback(struct cu_mem *m);

void cu_memory_context_new(CUcontext ctx);
void cu_memory_context_gone(CUcontext ctx);

/* graph_mem.c: cuMemFree of a graph's memory, now or in stream order; a context ends. */
CUresult cu_graph_mem_free(CUdeviceptr p, struct cu_point point);
void cu_graph_mem_context_gone(CUcontext ctx);

/* managed.c: what was said of memory that ends. */
void cu_managed_gone(const struct cu_mem *m);

/* vmm.c: mappings in a context that begins, memory of one that ends. */
void cu_vmm_context_new(CUcontext ctx);
void cu_vmm_context_gone(CUcontext ctx);

/* Host memory (host_memory.c). */
CUresult cu_host_register_all(struct cu_mem *m);
CUresult cu_host_register_in(struct cu_mem *m, CUcontext ctx);
void cu_host_release(struct cu_mem *m);

#endif
