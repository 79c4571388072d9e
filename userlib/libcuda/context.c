// SPDX-License-Identifier: MIT
/* The life of contexts. */
#include <errno.h>
#include <string.h>
#include "context.h"
#include "error.h"
#include "fault.h"
#include "ipc.h"
#include "memory.h"
#include "module.h"
#include "peer.h"
#include "pool.h"
#include "print.h"
#include "retire.h"
#include "slab.h"
#include "stage.h"
#include "stream.h"

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct CUctx_st *contexts;
static uint64_t next_id = 1;

/* What a new context has; the stack is what calls and recursion use. */
static const size_t default_limits[CU_LIMITS] = {
	[CU_LIMIT_STACK_SIZE] = CU_STACK,
	[CU_LIMIT_PRINTF_FIFO_SIZE] = 1 << 20,
	[CU_LIMIT_MALLOC_HEAP_SIZE] = 8 << 20,
	[CU_LIMIT_DEV_RUNTIME_SYNC_DEPTH] = 0,
	[CU_LIMIT_DEV_RUNTIME_PENDING_LAUNCH_COUNT] = 0,
	[CU_LIMIT_MAX_L2_FETCH_GRANULARITY] = 64,
};

bool cu_context_alive(CUcontext ctx)
{
	return cu_is(ctx, CU_CONTEXT) && __atomic_load_n(&ctx->handle, __ATOMIC_ACQUIRE);
}

CUresult cu_current_any(CUcontext *ctx)
{
	CUresult r = cu_ready();

	if (r)
		return r;
	*ctx = cu_stack_top();
	if (!*ctx)
		return CUDA_ERROR_INVALID_CONTEXT;
	return cu_context_alive(*ctx) ? CUDA_SUCCESS : CUDA_ERROR_CONTEXT_IS_DESTROYED;
}

CUresult cu_current(CUcontext *ctx)
{
	CUresult r = cu_current_any(ctx);

	return r ? r : cu_context_health(*ctx);
}

static CUresult ask_kernel(CUcontext ctx)
{
	struct vgpu_fault fault;

	if (vgpu_fault_query(&ctx->dev->dev, ctx->handle, &fault) || !fault.kind)
		return CUDA_SUCCESS;
	return cu_check(ctx, -EIO);
}

CUresult cu_context_health(CUcontext ctx)
{
	const __u32 *ended = __atomic_load_n(&ctx->ended, __ATOMIC_ACQUIRE);
	CUresult r = __atomic_load_n(&ctx->error, __ATOMIC_ACQUIRE);

	if (r)
		return r;
	if (!ended) /* no queue yet, so there is no word of the kernel's to look at */
		return ask_kernel(ctx);
	return __atomic_load_n(ended, __ATOMIC_ACQUIRE) ? cu_check(ctx, -EIO) : CUDA_SUCCESS;
}

CUresult cu_ready_in_health(void)
{
	CUresult r = cu_ready();
	CUcontext ctx = r ? NULL : cu_stack_top();

	return ctx && cu_context_alive(ctx) ? cu_context_health(ctx) : r;
}

CUresult cu_context_get(CUcontext handle, CUcontext *ctx)
{
	if (!handle)
		return cu_current_any(ctx);
	*ctx = handle;
	return cu_context_alive(handle) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT;
}

/* Make the kernel's side of a context. */
CUresult cu_context_activate(CUcontext ctx)
{
	uint32_t handle;
	int r;

	cu_device_account(ctx->dev);
	r = vgpu_ctx_create(&ctx->dev->dev, &handle);

	if (r == -EBUSY) /* the device's compute mode admits no other process */
		return CUDA_ERROR_DEVICE_UNAVAILABLE;
	if (r)
		return cu_error_from_errno(r);
	memcpy(ctx->limits, default_limits, sizeof(ctx->limits));
	ctx->error = CUDA_SUCCESS;
	pthread_mutex_lock(&list_lock);
	ctx->id = next_id++;
	ctx->handle = handle;
	ctx->next = contexts;
	contexts = ctx;
	pthread_mutex_unlock(&list_lock);
	cu_memory_context_new(ctx);
	cu_vmm_context_new(ctx);
	return CUDA_SUCCESS;
}

static CUcontext context_new(struct cu_device *dev, unsigned int flags)
{
	CUcontext ctx = cu_object_new(CU_CONTEXT, sizeof(*ctx));

	if (!ctx)
		return NULL;
	ctx->dev = dev;
	ctx->flags = flags;
	ctx->uses = 1;
	pthread_mutex_init(&ctx->lock, NULL);
	return ctx;
}

CUresult cu_context_create(struct cu_device *dev, unsigned int flags, CUcontext *out)
{
	CUcontext ctx = context_new(dev, flags);
	CUresult r;

	if (!ctx)
		return CUDA_ERROR_OUT_OF_MEMORY;
	r = cu_context_activate(ctx);
	if (r)
		cu_object_free(ctx);
	else
		*out = ctx;
	return r;
}

static void unlist(CUcontext ctx)
{
	struct CUctx_st **c = &contexts;

	pthread_mutex_lock(&list_lock);
	while (*c && *c != ctx)
		c = &(*c)->next;
	if (*c)
		*c = ctx->next;
	pthread_mutex_unlock(&list_lock);
}

void cu_contexts_each(void (*visit)(CUcontext ctx, void *data), void *data)
{
	pthread_mutex_lock(&list_lock);
	for (CUcontext c = contexts; c; c = c->next)
		visit(c, data);
	pthread_mutex_unlock(&list_lock);
}

/* Let everything in a context go; the handle of a primary one stays valid. */
void cu_context_deactivate(CUcontext ctx)
{
	uint32_t handle = ctx->handle;

	cu_context_synchronize(ctx);
	cu_local_destroy_all(ctx);
	cu_pools_context_gone(ctx);
	cu_retired_context_gone(ctx);
	cu_vmm_context_gone(ctx);
	cu_graph_mem_context_gone(ctx);
	cu_ipc_context_gone(ctx);
	cu_peer_context_gone(ctx);
	unlist(ctx);
	__atomic_store_n(&ctx->handle, 0, __ATOMIC_RELEASE);
	ctx->ended = NULL;
	cu_streams_destroy(ctx);
	cu_modules_destroy(ctx);
	cu_print_destroy(ctx);
	cu_memory_context_gone(ctx);
	cu_stage_destroy(ctx);
	cu_slabs_destroy(ctx);
	ctx->heap = 0;
	vgpu_destroy(&ctx->dev->dev, handle);
}

void cu_context_destroy(CUcontext ctx)
{
	cu_context_deactivate(ctx);
	pthread_mutex_destroy(&ctx->lock);
	cu_object_free(ctx);
}

CUresult cu_context_synchronize(CUcontext ctx)
{
	CUresult r = cu_streams_synchronize(ctx);

	cu_print_flush(ctx);
	cu_retired_free(ctx);
	if (!r)
		cu_pools_settle(ctx);
	return r;
}

/* The first to notice a fault finds out what it was. */
static CUresult context_fault(CUcontext ctx)
{
	CUresult none = CUDA_SUCCESS, error;
	struct vgpu_fault fault;

	if (ctx->error)
		return ctx->error;
	error = vgpu_fault_query(&ctx->dev->dev, ctx->handle, &fault) ? CUDA_ERROR_LAUNCH_FAILED :
									cu_fault_result(&fault);
	if (__atomic_compare_exchange_n(&ctx->error, &none, error, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		cu_print_flush(ctx);
		if (error != CUDA_ERROR_ASSERT)
			cu_fault_log(&fault);
	}
	return ctx->error;
}

CUresult cu_check(CUcontext ctx, int err)
{
	/* A device that is gone has ended its contexts before it refuses anything. */
	return err == -EIO || err == -ENODEV ? context_fault(ctx) : cu_error_from_errno(err);
}

/* The primary context of a device, active or not; with its lock held. */
static CUresult primary_new(struct cu_device *d)
{
	CUcontext ctx;

	if (d->primary)
		return CUDA_SUCCESS;
	ctx = context_new(d, d->primary_flags);
	if (!ctx)
		return CUDA_ERROR_OUT_OF_MEMORY;
	ctx->primary = true;
	d->primary = ctx;
	return CUDA_SUCCESS;
}

CUresult cu_primary_get(struct cu_device *d, CUcontext *ctx)
{
	CUresult r;

	pthread_mutex_lock(&d->primary_lock);
	r = primary_new(d);
	*ctx = d->primary;
	pthread_mutex_unlock(&d->primary_lock);
	return r;
}

bool cu_context_flags_valid(unsigned int flags)
{
	unsigned int wait = flags & CU_CTX_SCHED_MASK;

	return !(flags & ~CU_CTX_FLAGS_MASK) && !(wait & (wait - 1));
}

CUresult cu_primary_retain(struct cu_device *d, CUcontext *ctx)
{
	CUresult r;

	pthread_mutex_lock(&d->primary_lock);
	r = primary_new(d);
	if (!r && !cu_context_alive(d->primary)) {
		d->primary->flags = d->primary_flags;
		r = cu_context_activate(d->primary);
	}
	if (!r) {
		d->primary_refs++;
		*ctx = d->primary;
	}
	pthread_mutex_unlock(&d->primary_lock);
	return r;
}
