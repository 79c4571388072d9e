// SPDX-License-Identifier: MIT
/* First versions of calls whose later version differs in nothing that matters to 64-bit programs. */
#include "api.h"
#include "context.h"

CUresult cuCtxDestroy_v2(CUcontext ctx);
CUresult cuCtxPopCurrent_v2(CUcontext *ctx);
CUresult cuCtxPushCurrent_v2(CUcontext ctx);
CUresult cuDeviceGetDefaultMemPool(CUmemoryPool *pool, CUdevice device);
CUresult cuDeviceGetMemPool(CUmemoryPool *pool, CUdevice device);
CUresult cuDeviceSetMemPool(CUdevice device, CUmemoryPool pool);

CUDA_API(cuCtxDestroy, CU_ARGS(CUcontext ctx), CU_ARGS(ctx))
{
	return cuCtxDestroy_v2(ctx);
}

CUDA_API(cuCtxPopCurrent, CU_ARGS(CUcontext *ctx), CU_ARGS(ctx))
{
	return cuCtxPopCurrent_v2(ctx);
}

CUDA_API(cuCtxPushCurrent, CU_ARGS(CUcontext ctx), CU_ARGS(ctx))
{
	return cuCtxPushCurrent_v2(ctx);
}

/* Pools by location: those of devices. */
static CUresult check_location(const CUmemLocation *location, int type)
{
	if (!location || type != CU_MEM_ALLOCATION_TYPE_PINNED)
		return CUDA_ERROR_INVALID_VALUE;
	return location->type == CU_MEM_LOCATION_TYPE_DEVICE ? CUDA_SUCCESS : cu_refuse("memory pools on the host");
}

CUDA_API(cuMemGetDefaultMemPool, CU_ARGS(CUmemoryPool *pool, CUmemLocation *location, int type),
	 CU_ARGS(pool, location, type))
{
	CUresult r = check_location(location, type);

	return r ? r : cuDeviceGetDefaultMemPool(pool, location->id);
}

CUDA_API(cuMemGetMemPool, CU_ARGS(CUmemoryPool *pool, CUmemLocation *location, int type), CU_ARGS(pool, location, type))
{
	CUresult r = check_location(location, type);

	return r ? r : cuDeviceGetMemPool(pool, location->id);
}

CUDA_API(cuMemSetMemPool, CU_ARGS(CUmemLocation *location, int type, CUmemoryPool pool), CU_ARGS(location, type, pool))
{
	CUresult r = check_location(location, type);

	return r ? r : cuDeviceSetMemPool(location->id, pool);
}
