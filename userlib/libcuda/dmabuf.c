// SPDX-License-Identifier: MIT
/* Device memory as a dma-buf, for other drivers: by way of the device's render node. */
#include <errno.h>
#include "error.h"
#include "memory.h"

enum { PAGE = 4096 };

/* Memory that is a buffer, or part of one, of the context's own device. */
static bool can_leave(const struct cu_mem *m)
{
	return m->bo && (m->kind == CU_MEM_DEVICE || m->kind == CU_MEM_MAPPED);
}

CUDA_API(cuMemGetHandleForAddressRange,
	 CU_ARGS(void *handle, CUdeviceptr p, size_t size, int type, unsigned long long flags),
	 CU_ARGS(handle, p, size, type, flags))
{
	CUresult r = cu_ready();
	struct cu_mem m;
	int fd, err;

	if (r)
		return r;
	if (!handle || !size || p % PAGE || size % PAGE || type != CU_MEM_RANGE_HANDLE_TYPE_DMA_BUF_FD || flags)
		return CUDA_ERROR_INVALID_VALUE;
	if (!cu_mem_find(p, &m) || size > m.span - (p - m.base))
		return CUDA_ERROR_INVALID_VALUE;
	if (!can_leave(&m))
		return CUDA_ERROR_NOT_SUPPORTED;
	err = vgpu_bo_dmabuf(&m.ctx->dev->dev, m.bo, m.offset + (p - m.base), size, &fd);
	/* Memory of another device that was opened here has its own device's node. */
	if (err == -EOPNOTSUPP || err == -EINVAL)
		return CUDA_ERROR_NOT_SUPPORTED;
	if (err)
		return cu_check(m.ctx, err);
	*(int *)handle = fd;
	return CUDA_SUCCESS;
}
