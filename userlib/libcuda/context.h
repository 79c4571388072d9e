/* SPDX-License-Identifier: MIT */
/* Contexts, and which of them is current to the calling thread. */
#ifndef VGPU_CONTEXT_H
#define VGPU_CONTEXT_H

#include <pthread.h>
#include "api.h"
#include "device.h"
#include "object.h"

struct cu_callbacks;
struct cu_entry;
struct cu_held_word;
struct cu_stage;
struct cu_local;
struct cu_print;
struct cu_slab;

enum { CU_LIMITS = 10, CU_STACK = 1024 };

/**
 * struct CUctx_st - a context
 * @obj: type
 * @dev: device
 * @handle: the kernel's; 0 while the context is not active
 * @id: never the same for two contexts of a process
 * @primary: the device's primary context: outlives its activity
 * @flags: as cuCtxCreate took them
 * @uses: cuCtxAttach and cuCtxDetach
 * @error: what ended it, or CUDA_SUCCESS
 * @ended: a word of the kernel's, not zero once it has ended the context; NULL before the first queue
 * @lock: guards what follows and the writing sides of all queues
 * @next: in the list of all contexts
 * @streams: all streams, the default ones included
 * @legacy: the legacy default stream, once used
 * @gather: the stream that follows all others, once used
 * @queues: all queues, those of destroyed streams included
 * @closed_callbacks: threads of destroyed streams that run host functions
 * @modules: what is loaded
 * @locals: values that runtimes attach to a context
 * @limits: by CU_LIMIT_*
 * @print: output of kernels
 * @heap: memory of the device side malloc, 0 before its first use
 * @slabs: memory of small things both sides see
 * @entries: points that come before whatever is submitted next (cuCtxWaitEvent), oldest first
 * @entry_count: how many there have been
 * @stage: where small pageable copies wait for their turn, or NULL
 * @held_words: words that packets in streams still read or write
 * @held_count: how many these are
 * @held_most: when there are so many they are looked through
 */
struct CUctx_st {
	struct cu_object obj;
	struct cu_device *dev;
	uint32_t handle;
	uint64_t id;
	bool primary;
	unsigned int flags, uses;
	CUresult error;
	const uint32_t *ended;
	pthread_mutex_t lock;
	struct CUctx_st *next;
	struct CUstream_st *streams, *legacy, *gather;
	struct cu_queue *queues;
	struct cu_callbacks *closed_callbacks;
	struct CUmod_st *modules;
	struct cu_local *locals;
	size_t limits[CU_LIMITS];
	struct cu_print *print;
	CUdeviceptr heap;
	struct cu_slab *slabs;
	struct cu_entry *entries;
	uint64_t entry_count;
	struct cu_stage *stage;
	struct cu_held_word *held_words;
	unsigned int held_count, held_most;
};

/* The current context in good health; otherwise why not (sticky errors included). */
CUresult cu_current(CUcontext *ctx);
/* The current context, even one that ended in an error. */
CUresult cu_current_any(CUcontext *ctx);
/* A context given by handle, or the current one for NULL. */
CUresult cu_context_get(CUcontext handle, CUcontext *ctx);
bool cu_context_alive(CUcontext ctx);
/* Known ones, and of the ways to wait one or none. */
bool cu_context_flags_valid(unsigned int flags);
/* What ended a context, also when nothing of it was running then. */
CUresult cu_context_health(CUcontext ctx);
/* Initialized, and the current context, if there is one, in good health. */
CUresult cu_ready_in_health(void);

CUresult cu_context_create(struct cu_device *dev, unsigned int flags, CUcontext *ctx);
CUresult cu_context_activate(CUcontext ctx);
void cu_context_deactivate(CUcontext ctx);
void cu_context_destroy(CUcontext ctx);
CUresult cu_context_synchronize(CUcontext ctx);
void cu_contexts_each(void (*visit)(CUcontext ctx, void *data), void *data);

/* What a negative errno means in this context; finds out the fault behind -EIO. */
CUresult cu_check(CUcontext ctx, int err);
/* A device's primary context: as it is, or with one more use of it. */
CUresult cu_primary_get(struct cu_device *d, CUcontext *ctx);
CUresult cu_primary_retain(struct cu_device *d, CUcontext *ctx);
/* Drop one use, or all of them. */
CUresult cu_primary_release(struct cu_device *d);
CUresult cu_primary_reset(struct cu_device *d);

/* The calling thread's stack of contexts (context_stack.c). */
CUcontext cu_stack_top(void);
void cu_stack_set(CUcontext ctx);
CUresult cu_stack_push(CUcontext ctx);
CUresult cu_stack_pop(CUcontext *ctx);

/* Values that runtimes attach to a context (context_local.c). */
typedef void (*cu_local_destroy)(CUcontext ctx, void *key, void *value);
CUresult cu_local_put(CUcontext ctx, void *key, void *value, cu_local_destroy destroy);
CUresult cu_local_get(CUcontext ctx, void *key, void **value);
CUresult cu_local_delete(CUcontext ctx, void *key);
void cu_local_destroy_all(CUcontext ctx);

#endif
