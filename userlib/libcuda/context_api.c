// SPDX-License-Identifier: MIT
/* cuCtx*. */
#include "capture.h"
#include "context.h"
#include "print.h"
#include "stream.h"

static CUresult create(CUcontext *out, unsigned int flags, CUdevice device)
{
	struct cu_device *d;
	CUcontext ctx;
	CUresult r = cu_device_get(device, &d);

	if (r)
		return r;
	if (!out || !cu_context_flags_valid(flags))
		return CUDA_ERROR_INVALID_VALUE;
	r = cu_context_create(d, flags, &ctx);
	if (r)
		return r;
	r = cu_stack_push(ctx);
	if (r)
		cu_context_destroy(ctx);
	else
		*out = ctx;
	return r;
}

CUDA_API(cuCtxCreate_v2, CU_ARGS(CUcontext *ctx, unsigned int flags, CUdevice device), CU_ARGS(ctx, flags, device))
{
	return create(ctx, flags, device);
}

CUDA_API(cuCtxCreate_v3, CU_ARGS(CUcontext *ctx, void *affinity, int count, unsigned int flags, CUdevice device),
	 CU_ARGS(ctx, affinity, count, flags, device))
{
	if (count < 0 || (count && !affinity))
		return CUDA_ERROR_INVALID_VALUE;
	return count ? CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY : create(ctx, flags, device);
}

/* Parameters: a list of execution affinities, its length, a share with graphics. */
struct create_params {
	void *affinity;
	int count;
	void *cig;
};

CUDA_API(cuCtxCreate_v4, CU_ARGS(CUcontext *ctx, struct create_params *p, unsigned int flags, CUdevice device),
	 CU_ARGS(ctx, p, flags, device))
{
	if (p && p->count)
		return CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY;
	return p && p->cig ? CUDA_ERROR_NOT_SUPPORTED : create(ctx, flags, device);
}

CUDA_API(cuCtxDestroy_v2, CU_ARGS(CUcontext ctx), CU_ARGS(ctx))
{
	CUresult r = cu_ready();
	CUcontext popped;

	if (r)
		return r;
	if (!ctx)
		return CUDA_ERROR_INVALID_VALUE;
	if (!cu_context_alive(ctx) || ctx->primary || !cu_claim(ctx))
		return CUDA_ERROR_INVALID_CONTEXT;
	if (cu_stack_top() == ctx)
		cu_stack_pop(&popped);
	cu_context_destroy(ctx);
	return CUDA_SUCCESS;
}

CUDA_API(cuCtxAttach, CU_ARGS(CUcontext *ctx, unsigned int flags), CU_ARGS(ctx, flags))
{
	CUresult r;

	if (!ctx || flags)
		return CUDA_ERROR_INVALID_VALUE;
	r = cu_current(ctx);
	if (!r)
		(*ctx)->uses++;
	return r;
}

CUDA_API(cuCtxDetach, CU_ARGS(CUcontext ctx), CU_ARGS(ctx))
{
	if (!cu_context_alive(ctx) || ctx->primary)
		return CUDA_ERROR_INVALID_CONTEXT;
	return --ctx->uses ? CUDA_SUCCESS : do_cuCtxDestroy_v2(ctx);
}

CUDA_API(cuCtxPushCurrent_v2, CU_ARGS(CUcontext ctx), CU_ARGS(ctx))
{
	CUresult r = cu_ready();

	if (r)
		return r;
	if (!ctx)
		return CUDA_ERROR_INVALID_VALUE;
	return cu_context_alive(ctx) ? cu_stack_push(ctx) : CUDA_ERROR_INVALID_CONTEXT;
}

CUDA_API(cuCtxPopCurrent_v2, CU_ARGS(CUcontext *ctx), CU_ARGS(ctx))
{
	CUcontext popped;
	CUresult r = cu_ready();

	if (!r)
		r = cu_stack_pop(&popped);
	if (!r && ctx)
		*ctx = popped;
	return r;
}

CUDA_API(cuCtxSetCurrent, CU_ARGS(CUcontext ctx), CU_ARGS(ctx))
{
	CUresult r = cu_ready();

	if (r)
		return r;
	if (ctx && !cu_is(ctx, CU_CONTEXT))
		return CUDA_ERROR_INVALID_CONTEXT;
	cu_stack_set(ctx);
	return CUDA_SUCCESS;
}

CUDA_API(cuCtxGetCurrent, CU_ARGS(CUcontext *ctx), CU_ARGS(ctx))
{
	CUresult r = cu_ready();

	if (!ctx)
		return CUDA_ERROR_INVALID_VALUE;
	*ctx = r ? NULL : cu_stack_top();
	return r;
}

static CUresult get_device(CUdevice *device, CUcontext ctx)
{
	CUresult r = cu_context_get(ctx, &ctx);

	if (!r && !device)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		*device = ctx->dev->ordinal;
	return r;
}

CUDA_API(cuCtxGetDevice, CU_ARGS(CUdevice *device), CU_ARGS(device))
{
	return get_device(device, NULL);
}

CUDA_API(cuCtxGetDevice_v2, CU_ARGS(CUdevice *device, CUcontext ctx), CU_ARGS(device, ctx))
{
	return get_device(device, ctx);
}

CUDA_API(cuCtxGetFlags, CU_ARGS(unsigned int *flags), CU_ARGS(flags))
{
	CUcontext ctx;
	CUresult r = cu_current(&ctx);

	if (!r && !flags)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		*flags = ctx->flags | CU_CTX_MAP_HOST; /* as with every context of today's drivers */
	return r;
}

CUDA_API(cuCtxSetFlags, CU_ARGS(unsigned int flags), CU_ARGS(flags))
{
	CUcontext ctx;
	CUresult r = cu_current(&ctx);

	if (!r && !cu_context_flags_valid(flags))
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		ctx->flags = flags;
	return r;
}

CUDA_API(cuCtxGetId, CU_ARGS(CUcontext ctx, unsigned long long *id), CU_ARGS(ctx, id))
{
	CUresult r = cu_context_get(ctx, &ctx);

	if (!r && !id)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		*id = ctx->id;
	return r;
}

CUDA_API(cuCtxGetApiVersion, CU_ARGS(CUcontext ctx, unsigned int *version), CU_ARGS(ctx, version))
{
	CUresult r = cu_context_get(ctx, &ctx);

	if (!r && !version)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		*version = 3020; /* of every context, the primary one too */
	return r;
}

static CUresult synchronize(CUcontext ctx)
{
	CUresult r = cu_context_get(ctx, &ctx);

	if (!r)
		r = cu_context_health(ctx);
	if (!r)
		r = cu_capture_barred_context(ctx);
	if (!r)
		r = cu_capture_unsafe();
	return r ? r : cu_context_synchronize(ctx);
}

CUDA_API(cuCtxSynchronize, CU_ARGS(void), )
{
	return synchronize(NULL);
}

CUDA_API(cuCtxSynchronize_v2, CU_ARGS(CUcontext ctx), CU_ARGS(ctx))
{
	return synchronize(ctx);
}

CUDA_API(cuCtxGetStreamPriorityRange, CU_ARGS(int *least, int *greatest), CU_ARGS(least, greatest))
{
	CUcontext ctx;
	CUresult r = cu_current(&ctx);

	if (r)
		return r;
	if (least)
		*least = CU_PRIORITY_LEAST;
	if (greatest)
		*greatest = CU_PRIORITY_GREATEST;
	return CUDA_SUCCESS;
}

CUDA_API(cuCtxGetLimit, CU_ARGS(size_t *value, unsigned int limit), CU_ARGS(value, limit))
{
	CUcontext ctx;
	CUresult r = cu_current(&ctx);

	if (r)
		return r;
	if (!value)
		return CUDA_ERROR_INVALID_VALUE;
	if (limit >= CU_LIMITS)
		return CUDA_ERROR_INVALID_VALUE;
	if (limit == CU_LIMIT_DEV_RUNTIME_SYNC_DEPTH || limit == CU_LIMIT_CIG_SHMEM_FALLBACK_ENABLED)
		return CUDA_ERROR_UNSUPPORTED_LIMIT;
	*value = ctx->limits[limit];
	return CUDA_SUCCESS;
}

/* What is not possible is brought into range without a word; so it is on a card. */
static size_t clamp_size(size_t value, size_t least, size_t most)
{
	if (value > most)
		value = most;
	return value < least ? least : value;
}

static CUresult set_limit(CUcontext ctx, unsigned int limit, size_t value)
{
	switch (limit) {
	case CU_LIMIT_STACK_SIZE:
		if (value > ctx->dev->dev.info.max_local_bytes)
			return CUDA_ERROR_INVALID_VALUE;
		ctx->limits[limit] = (value + 15) & ~(size_t)15;
		return CUDA_SUCCESS;
	case CU_LIMIT_PRINTF_FIFO_SIZE:
		if (ctx->print)
			return CUDA_ERROR_INVALID_VALUE;
		ctx->limits[limit] = clamp_size(value, 512 << 10, 2ull << 30);
		return CUDA_SUCCESS;
	case CU_LIMIT_MALLOC_HEAP_SIZE:
		if (ctx->heap)
			return CUDA_ERROR_INVALID_VALUE;
		ctx->limits[limit] = clamp_size(value, 4 << 20, ctx->dev->dev.info.vram_bytes / 4);
		return CUDA_SUCCESS;
	case CU_LIMIT_MAX_L2_FETCH_GRANULARITY:
		if (value > 128)
			return CUDA_ERROR_INVALID_VALUE;
		ctx->limits[limit] = value; /* a hint */
		return CUDA_SUCCESS;
	case CU_LIMIT_PERSISTING_L2_CACHE_SIZE: /* as the attribute says, there is none */
		return value ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
	case CU_LIMIT_SHMEM_SIZE:
	case CU_LIMIT_CIG_ENABLED:
		return CUDA_ERROR_NOT_PERMITTED;
	default:
		return limit < CU_LIMITS ? CUDA_ERROR_UNSUPPORTED_LIMIT : CUDA_ERROR_INVALID_VALUE;
	}
}

CUDA_API(cuCtxSetLimit, CU_ARGS(unsigned int limit, size_t value), CU_ARGS(limit, value))
{
	CUcontext ctx;
	CUresult r = cu_current(&ctx);

	if (r)
		return r;
	pthread_mutex_lock(&ctx->lock);
	r = set_limit(ctx, limit, value);
	pthread_mutex_unlock(&ctx->lock);
	return r;
}

/* Preferences: there is one kind of cache and one kind of bank. */
static CUresult get_preference(unsigned int *config, unsigned int what)
{
	CUcontext ctx;
	CUresult r = cu_current(&ctx);

	if (!r && !config)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		*config = what;
	return r;
}

CUDA_API(cuCtxGetCacheConfig, CU_ARGS(unsigned int *config), CU_ARGS(config))
{
	return get_preference(config, 0);
}

CUDA_API(cuCtxSetCacheConfig, CU_ARGS(unsigned int config), CU_ARGS(config))
{
	CUcontext ctx;

	return config > 3 ? CUDA_ERROR_INVALID_VALUE : cu_current(&ctx);
}

CUDA_API(cuCtxGetSharedMemConfig, CU_ARGS(unsigned int *config), CU_ARGS(config))
{
	return get_preference(config, 1);
}

CUDA_API(cuCtxSetSharedMemConfig, CU_ARGS(unsigned int config), CU_ARGS(config))
{
	CUcontext ctx;

	return config > 2 ? CUDA_ERROR_INVALID_VALUE : cu_current(&ctx);
}

CUDA_API(cuCtxResetPersistingL2Cache, CU_ARGS(void), )
{
	CUcontext ctx;

	return cu_current(&ctx);
}

CUDA_API(cuCtxGetExecAffinity, CU_ARGS(void *affinity, int type), CU_ARGS(affinity, type))
{
	CUcontext ctx;
	CUresult r = cu_current(&ctx);

	if (!r && (!affinity || type))
		r = CUDA_ERROR_INVALID_VALUE;
	return r ? r : CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY;
}
