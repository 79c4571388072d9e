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

CUresult cu_primary_release(struct cu_device *d, bool all)
{
	CUresult r = CUDA_SUCCESS;

	pthread_mutex_lock(&d->primary_lock);
	if (!d->primary_refs) {
		r = all ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT;
	} else if (all || d->primary_refs == 1) {
		cu_context_deactivate(d->primary);
		d->primary_refs = 0;
	} else {
		d->primary_refs--;
	}
	pthread_mutex_unlock(&d->primary_lock);
	return r;
}

static CUresult release(CUdevice device, bool all)
{
	struct cu_device *d;
	CUresult r = cu_device_get(device, &d);

	return r ? r : cu_primary_release(d, all);
}

CUDA_API(cuDevicePrimaryCtxRelease_v2, CU_ARGS(CUdevice device), CU_ARGS(device))
{
	return release(device, false);
}

CUDA_API(cuDevicePrimaryCtxRelease, CU_ARGS(CUdevice device), CU_ARGS(device))
{
	return release(device, false);
}

CUDA_API(cuDevicePrimaryCtxReset_v2, CU_ARGS(CUdevice device), CU_ARGS(device))
{
	return release(device, true);
}

CUDA_API(cuDevicePrimaryCtxReset, CU_ARGS(CUdevice device), CU_ARGS(device))
{
	return release(device, true);
}

static CUresult set_flags(CUdevice device, unsigned int flags)
{
	struct cu_device *d;
	CUresult r = cu_device_get(device, &d);

	if (r)
		return r;
	if ((flags & ~CU_CTX_FLAGS_MASK) || (flags & CU_CTX_SCHED_MASK) == 7)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&d->primary_lock);
	d->primary_flags = flags;
	if (d->primary_refs)
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
	*active = d->primary_refs != 0;
	pthread_mutex_unlock(&d->primary_lock);
	return CUDA_SUCCESS;
}
