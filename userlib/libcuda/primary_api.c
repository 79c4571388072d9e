// SPDX-License-Identifier: MIT
/* cuDevicePrimaryCtx*. */
#include "context.h"

CUDA_API(cuDevicePrimaryCtxRetain, CU_ARGS(CUcontext *ctx, CUdevice device), CU_ARGS(ctx, device))
{
	struct cu_device *d;
	CUresult r = cu_device_get(device, &d);

	if (!r && !ctx)
		r = CUDA_ERROR_INVALID_VALUE;
	return r ? r : cu_primary_retain(d, ctx);
}

/* A context that is gone is asleep until it is retained again. With the lock held. */
static void sleep_primary(struct cu_device *d)
{
	if (cu_context_alive(d->primary))
		cu_context_deactivate(d->primary);
}

CUresult cu_primary_release(struct cu_device *d)
{
	CUresult r = CUDA_SUCCESS;

	pthread_mutex_lock(&d->primary_lock);
	if (!d->primary_refs)
		r = CUDA_ERROR_INVALID_CONTEXT;
	else if (!--d->primary_refs)
		sleep_primary(d);
	pthread_mutex_unlock(&d->primary_lock);
	return r;
}

/* Who has retained it has so still, as on a card: each of them releases what is not there. */
CUresult cu_primary_reset(struct cu_device *d)
{
	pthread_mutex_lock(&d->primary_lock);
	sleep_primary(d);
	pthread_mutex_unlock(&d->primary_lock);
	return CUDA_SUCCESS;
}

static CUresult on_device(CUdevice device, CUresult (*fn)(struct cu_device *d))
{
	struct cu_device *d;
	CUresult r = cu_device_get(device, &d);

	return r ? r : fn(d);
}

CUDA_API(cuDevicePrimaryCtxRelease_v2, CU_ARGS(CUdevice device), CU_ARGS(device))
{
	return on_device(device, cu_primary_release);
}

CUDA_API(cuDevicePrimaryCtxRelease, CU_ARGS(CUdevice device), CU_ARGS(device))
{
	return on_device(device, cu_primary_release);
}

CUDA_API(cuDevicePrimaryCtxReset_v2, CU_ARGS(CUdevice device), CU_ARGS(device))
{
	return on_device(device, cu_primary_reset);
}

CUDA_API(cuDevicePrimaryCtxReset, CU_ARGS(CUdevice device), CU_ARGS(device))
{
	return on_device(device, cu_primary_reset);
}

static CUresult set_flags(CUdevice device, unsigned int flags)
{
	struct cu_device *d;
	CUresult r = cu_device_get(device, &d);

	if (r)
		return r;
	if (!cu_context_flags_valid(flags))
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&d->primary_lock);
	d->primary_flags = flags;
	if (cu_context_alive(d->primary))
		d->primary->flags = flags;
	pthread_mutex_unlock(&d->primary_lock);
	return CUDA_SUCCESS;
}

CUDA_API(cuDevicePrimaryCtxSetFlags_v2, CU_ARGS(CUdevice device, unsigned int flags), CU_ARGS(device, flags))
{
	return set_flags(device, flags);
}

CUDA_API(cuDevicePrimaryCtxSetFlags, CU_ARGS(CUdevice device, unsigned int flags), CU_ARGS(device, flags))
{
	return set_flags(device, flags);
}

CUDA_API(cuDevicePrimaryCtxGetState, CU_ARGS(CUdevice device, unsigned int *flags, int *active),
	 CU_ARGS(device, flags, active))
{
	struct cu_device *d;
	CUresult r = cu_device_get(device, &d);

	if (!r && (!flags || !active))
		r = CUDA_ERROR_INVALID_VALUE;
	if (r)
		return r;
	pthread_mutex_lock(&d->primary_lock);
	*flags = d->primary_flags;
	*active = cu_context_alive(d->primary);
	pthread_mutex_unlock(&d->primary_lock);
	return CUDA_SUCCESS;
}
