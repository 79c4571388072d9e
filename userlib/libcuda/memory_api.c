// SPDX-License-Identifier: MIT
/* cuMemAlloc and its relatives, managed memory, questions about memory. */
#include <errno.h>
#include <stdlib.h>
#include "capture.h"
#include "error.h"
#include "ipc.h"
#include "memory.h"
#include "pool.h"
#include "retire.h"
#include "stream.h"

static CUresult alloc(CUdeviceptr *p, size_t size)
{
	struct cu_mem *m;
	CUcontext ctx;
	CUresult r = cu_current_unsafe(&ctx);

	if (r)
		return r;
	if (!p || !size)
		return CUDA_ERROR_INVALID_VALUE;
	r = cu_mem_new(ctx, CU_MEM_DEVICE, size, &m);
	if (r == CUDA_ERROR_OUT_OF_MEMORY && cu_retired_wait(ctx))
		r = cu_mem_new(ctx, CU_MEM_DEVICE, size, &m);
	if (!r)
		*p = m->base;
	return r;
}

CUDA_API(cuMemAlloc_v2, CU_ARGS(CUdeviceptr *p, size_t size), CU_ARGS(p, size))
{
	CUresult r = alloc(p, size);

	if (cu_unlikely(cu_tracing))
		cu_trace("%zu bytes at 0x%llx", size, r ? 0 : *p);
	return r;
}

CUDA_API(cuMemAllocPitch_v2, CU_ARGS(CUdeviceptr *p, size_t *pitch, size_t width, size_t height, unsigned int element),
	 CU_ARGS(p, pitch, width, height, element))
{
	size_t row = (width + 511) & ~(size_t)511;
	CUresult r;

	if (!pitch || !width || !height || row < width || (element != 4 && element != 8 && element != 16))
		return CUDA_ERROR_INVALID_VALUE;
	if (row > SIZE_MAX / height)
		return CUDA_ERROR_OUT_OF_MEMORY;
	r = alloc(p, row * height);
	if (!r)
		*pitch = row;
	return r;
}

/* Managed memory is every context's; one that cannot have it faults when it touches it. */
static void show_managed(CUcontext ctx, void *data)
{
	if (cu_mem_show_one(data, ctx, false))
		cu_log("managed memory could not be shown to another context");
}

CUDA_API(cuMemAllocManaged, CU_ARGS(CUdeviceptr *p, size_t size, unsigned int flags), CU_ARGS(p, size, flags))
{
	struct cu_mem *m;
	CUcontext ctx;
	CUresult r = cu_current_unsafe(&ctx);

	if (r)
		return r;
	if (!p || !size || (flags != CU_MEM_ATTACH_GLOBAL && flags != CU_MEM_ATTACH_HOST))
		return CUDA_ERROR_INVALID_VALUE;
	m = calloc(1, sizeof(*m));
	if (!m)
		return CUDA_ERROR_OUT_OF_MEMORY;
	m->kind = CU_MEM_MANAGED;
	m->ctx = ctx;
	m->size = size;
	m->flags = flags;
	r = cu_shared_new(ctx, size, &m->shared);
	if (!r) {
		m->base = (uintptr_t)m->shared.p;
		m->span = m->shared.size;
		m->bo = m->shared.bo;
		r = cu_mem_insert(m);
		if (r)
			cu_shared_free(ctx, &m->shared);
		else
			cu_contexts_each(show_managed, m);
	}
	if (r)
		free(m);
	else
		*p = m->base;
	return r;
}

CUDA_API(cuMemFree_v2, CU_ARGS(CUdeviceptr p), CU_ARGS(p))
{
	struct cu_mem *m;
	CUcontext ctx;
	CUresult r = cu_current_any(&ctx);

	if (r == CUDA_ERROR_INVALID_CONTEXT) /* none is needed: memory knows its own */
		r = CUDA_SUCCESS;
	if (!r)
		r = cu_capture_unsafe();
	if (r || !p)
		return r;
	m = cu_mem_claim(p, 1 << CU_MEM_DEVICE | 1 << CU_MEM_POOL | 1 << CU_MEM_MANAGED | 1 << CU_MEM_GRAPH);
	if (!m)
		return cu_ipc_close_memory(p, true, NULL, (struct cu_point){ 0 });
	/* What was submitted before may use it to its end. */
	cu_mem_synchronize(m);
	ctx = ctx ? ctx : m->ctx;
	if (m->kind == CU_MEM_GRAPH) {
		cu_mem_keep(m);
		return cu_graph_mem_free(p, (struct cu_point){ 0 });
	}
	if (m->kind == CU_MEM_POOL)
		return cu_pool_free_now(m);
	cu_mem_free(m);
	return cu_context_health(ctx);
}

CUDA_API(cuMemGetInfo_v2, CU_ARGS(size_t *free_bytes, size_t *total), CU_ARGS(free_bytes, total))
{
	struct vgpu_device_status status;
	CUcontext ctx;
	CUresult r = cu_current(&ctx);
	int err;

	if (r)
		return r;
	cu_retired_free(ctx);
	err = vgpu_dev_status(&ctx->dev->dev, &status);
	if (!err && status.state & (VGPU_STATE_LOST | VGPU_STATE_REMOVED))
		err = -ENODEV;
	if (err)
		return cu_check(ctx, err);
	if (free_bytes)
		*free_bytes = status.vram_free;
	if (total)
		*total = status.vram_total;
	return CUDA_SUCCESS;
}

CUDA_API(cuMemGetAddressRange_v2, CU_ARGS(CUdeviceptr *base, size_t *size, CUdeviceptr p), CU_ARGS(base, size, p))
{
	struct cu_mem m;
	CUcontext ctx;
	CUresult r = cu_current(&ctx);

	if (r)
		return r;
	if (!cu_mem_find(p, &m) || p - m.base >= m.size)
		return CUDA_ERROR_NOT_FOUND;
	if (base)
		*base = m.base;
	if (size)
		*size = m.size;
	return CUDA_SUCCESS;
}
