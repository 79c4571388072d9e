// SPDX-License-Identifier: MIT
/* What is asked of a pool: its attributes, who has access, and other processes. */
#include <errno.h>
#include <string.h>
#include "ipc.h"
#include "ipc_abi.h"
#include "pool.h"

CUDA_API(cuMemPoolTrimTo, CU_ARGS(CUmemoryPool pool, size_t keep), CU_ARGS(pool, keep))
{
	CUresult r = cu_ready_in_health();

	if (r)
		return r;
	if (!cu_is_pool(pool))
		return CUDA_ERROR_INVALID_VALUE;
	cu_pool_trim(pool, keep);
	return CUDA_SUCCESS;
}

/* The reuse switches are ints, the others 64 bit. */
static bool is_switch(int attribute)
{
	return attribute <= CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES;
}

CUDA_API(cuMemPoolGetAttribute, CU_ARGS(CUmemoryPool pool, int attribute, void *value), CU_ARGS(pool, attribute, value))
{
	if (!cu_is_pool(pool) || !value || attribute < 1 || attribute > CU_MEMPOOL_ATTR_USED_MEM_HIGH)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&pool->lock);
	memcpy(value, &pool->attributes[attribute], is_switch(attribute) ? 4 : 8);
	pthread_mutex_unlock(&pool->lock);
	return CUDA_SUCCESS;
}

CUDA_API(cuMemPoolSetAttribute, CU_ARGS(CUmemoryPool pool, int attribute, void *value), CU_ARGS(pool, attribute, value))
{
	uint64_t v = 0;
	bool mark;

	if (!cu_is_pool(pool) || !value || attribute < 1 || attribute > CU_MEMPOOL_ATTR_USED_MEM_HIGH)
		return CUDA_ERROR_INVALID_VALUE;
	memcpy(&v, value, is_switch(attribute) ? 4 : 8);
	if (attribute == CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT || attribute == CU_MEMPOOL_ATTR_USED_MEM_CURRENT)
		return CUDA_ERROR_INVALID_VALUE;
	/* High water marks can only be reset to where the water is. */
	mark = attribute == CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH || attribute == CU_MEMPOOL_ATTR_USED_MEM_HIGH;
	if (mark && v)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&pool->lock);
	pool->attributes[attribute] = mark ? pool->attributes[attribute - 1] : v;
	pthread_mutex_unlock(&pool->lock);
	return CUDA_SUCCESS;
}

CUDA_API(cuMemPoolSetAccess, CU_ARGS(CUmemoryPool pool, const CUmemAccessDesc *desc, size_t count),
	 CU_ARGS(pool, desc, count))
{
	CUresult r = CUDA_SUCCESS;

	if (!cu_is_pool(pool) || (count && !desc))
		return CUDA_ERROR_INVALID_VALUE;
	for (size_t i = 0; i < count && !r; i++) {
		int id = desc[i].location.id;
		bool none = desc[i].flags == CU_MEM_ACCESS_FLAGS_PROT_NONE;

		if (desc[i].location.type != CU_MEM_LOCATION_TYPE_DEVICE)
			return CUDA_ERROR_INVALID_VALUE;
		if (id < 0 || id >= cu_device_count || (none && id == pool->dev->ordinal))
			return CUDA_ERROR_INVALID_DEVICE;
		/* Its own device has all access, as it has to. */
		if (id == pool->dev->ordinal && desc[i].flags == CU_MEM_ACCESS_FLAGS_PROT_READ)
			return CUDA_ERROR_NOT_SUPPORTED;
		if (id == pool->dev->ordinal)
			continue;
		pthread_mutex_lock(&pool->lock);
		pool->peers = none ? pool->peers & ~(1ull << id) : pool->peers | 1ull << id;
		pthread_mutex_unlock(&pool->lock);
		if (!none && cu_pool_context(id))
			r = cu_mem_show_pool(pool, cu_pool_context(id));
	}
	return r;
}

CUDA_API(cuMemPoolGetAccess, CU_ARGS(unsigned int *flags, CUmemoryPool pool, CUmemLocation *location),
	 CU_ARGS(flags, pool, location))
{
	bool has;

	if (!cu_is_pool(pool) || !flags || !location || location->type != CU_MEM_LOCATION_TYPE_DEVICE ||
	    location->id < 0 || location->id >= cu_device_count)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&pool->lock);
	has = location->id == pool->dev->ordinal || pool->peers >> location->id & 1;
	pthread_mutex_unlock(&pool->lock);
	*flags = has ? CU_MEM_ACCESS_FLAGS_PROT_READWRITE : CU_MEM_ACCESS_FLAGS_PROT_NONE;
	return CUDA_SUCCESS;
}

/* ---- for other processes */

/* The descriptor tells the pool's device and nothing else: allocations are exported one by one. */
CUDA_API(cuMemPoolExportToShareableHandle, CU_ARGS(void *out, CUmemoryPool pool, int type, unsigned long long flags),
	 CU_ARGS(out, pool, type, flags))
{
	const struct vgpu_dev *dev;
	CUcontext ctx;
	uint32_t bo;
	int err, fd;

	if (!cu_is_pool(pool) || !out || flags || type != CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR ||
	    !(pool->shareable & type) || pool->imported)
		return CUDA_ERROR_INVALID_VALUE;
	ctx = cu_pool_context(pool->dev->ordinal);
	if (!ctx)
		return CUDA_ERROR_INVALID_CONTEXT;
	dev = &ctx->dev->dev;
	err = vgpu_bo_create(dev, ctx->handle, VGPU_PAGE_SIZE, 0, &bo);
	if (!err) {
		err = vgpu_bo_share_fd(dev, bo, &fd);
		vgpu_destroy(dev, bo);
	}
	if (err)
		return cu_check(ctx, err);
	*(int *)out = fd;
	return CUDA_SUCCESS;
}

CUDA_API(cuMemPoolImportFromShareableHandle,
	 CU_ARGS(CUmemoryPool *pool, void *from, int type, unsigned long long flags), CU_ARGS(pool, from, type, flags))
{
	struct cu_device *d = NULL;
	uint32_t bo, index;
	uint64_t size;
	CUcontext ctx;
	CUresult r = cu_current(&ctx);
	int err;

	if (!r && (!pool || flags || type != CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR))
		r = CUDA_ERROR_INVALID_VALUE;
	if (r)
		return r;
	err = vgpu_bo_open_fd(&ctx->dev->dev, ctx->handle, (int)(intptr_t)from, &bo, &size, &index);
	if (err)
		return err == -EBADF ? CUDA_ERROR_INVALID_VALUE : cu_check(ctx, err);
	vgpu_destroy(&ctx->dev->dev, bo);
	for (int i = 0; i < cu_device_count; i++)
		if (cu_device_at(i)->dev.info.index == index)
			d = cu_device_at(i);
	if (!d)
		return CUDA_ERROR_INVALID_DEVICE; /* of a device that this process does not see */
	*pool = cu_pool_new(d);
	if (*pool)
		(*pool)->imported = true;
	return *pool ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

CUDA_API(cuMemPoolExportPointer, CU_ARGS(CUipcMemHandle *data, CUdeviceptr p), CU_ARGS(data, p))
{
	struct cu_ipc_name name;
	struct cu_mem m;
	CUresult r = cu_ready();

	if (r)
		return r;
	if (!data || !cu_mem_find(p, &m) || m.kind != CU_MEM_POOL || !m.pool || !m.pool->shareable)
		return CUDA_ERROR_INVALID_VALUE;
	r = cu_ipc_name_memory(&m, &name);
	if (r)
		return r;
	memset(data, 0, sizeof(*data));
	memcpy(data, &name, sizeof(name));
	return CUDA_SUCCESS;
}

CUDA_API(cuMemPoolImportPointer, CU_ARGS(CUdeviceptr *p, CUmemoryPool pool, const CUipcMemHandle *data),
	 CU_ARGS(p, pool, data))
{
	struct cu_ipc_name name;
	CUcontext ctx;
	CUresult r = cu_current(&ctx);

	if (r)
		return r;
	if (!p || !data || !cu_is_pool(pool) || !pool->imported)
		return CUDA_ERROR_INVALID_VALUE;
	memcpy(&name, data, sizeof(name));
	return cu_ipc_open_memory(ctx, &name, true, p);
}
