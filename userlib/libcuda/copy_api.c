// SPDX-License-Identifier: MIT
/* cuMemcpy*. */
#include "copy.h"

CUDA_API_SYNC(cuMemcpy, CU_ARGS(CUdeviceptr dst, CUdeviceptr src, size_t bytes), CU_ARGS(dst, src, bytes))
{
	return cu_copy_line(stream, dst, CU_SIDE_ANY, src, CU_SIDE_ANY, bytes, true);
}

CUDA_API_STREAM(cuMemcpyAsync, CU_ARGS(CUdeviceptr dst, CUdeviceptr src, size_t bytes, CUstream stream),
		CU_ARGS(dst, src, bytes, stream))
{
	return cu_copy_line(stream, dst, CU_SIDE_ANY, src, CU_SIDE_ANY, bytes, false);
}

CUDA_API_SYNC(cuMemcpyHtoD_v2, CU_ARGS(CUdeviceptr dst, const void *src, size_t bytes), CU_ARGS(dst, src, bytes))
{
	return cu_copy_line(stream, dst, CU_SIDE_DEVICE, (uintptr_t)src, CU_SIDE_HOST, bytes, true);
}

CUDA_API_STREAM(cuMemcpyHtoDAsync_v2, CU_ARGS(CUdeviceptr dst, const void *src, size_t bytes, CUstream stream),
		CU_ARGS(dst, src, bytes, stream))
{
	return cu_copy_line(stream, dst, CU_SIDE_DEVICE, (uintptr_t)src, CU_SIDE_HOST, bytes, false);
}

CUDA_API_SYNC(cuMemcpyDtoH_v2, CU_ARGS(void *dst, CUdeviceptr src, size_t bytes), CU_ARGS(dst, src, bytes))
{
	return cu_copy_line(stream, (uintptr_t)dst, CU_SIDE_HOST, src, CU_SIDE_DEVICE, bytes, true);
}

CUDA_API_STREAM(cuMemcpyDtoHAsync_v2, CU_ARGS(void *dst, CUdeviceptr src, size_t bytes, CUstream stream),
		CU_ARGS(dst, src, bytes, stream))
{
	return cu_copy_line(stream, (uintptr_t)dst, CU_SIDE_HOST, src, CU_SIDE_DEVICE, bytes, false);
}

CUDA_API_SYNC(cuMemcpyDtoD_v2, CU_ARGS(CUdeviceptr dst, CUdeviceptr src, size_t bytes), CU_ARGS(dst, src, bytes))
{
	return cu_copy_line(stream, dst, CU_SIDE_DEVICE, src, CU_SIDE_DEVICE, bytes, true);
}

CUDA_API_STREAM(cuMemcpyDtoDAsync_v2, CU_ARGS(CUdeviceptr dst, CUdeviceptr src, size_t bytes, CUstream stream),
		CU_ARGS(dst, src, bytes, stream))
{
	return cu_copy_line(stream, dst, CU_SIDE_DEVICE, src, CU_SIDE_DEVICE, bytes, false);
}

/* The contexts are found by the addresses. NULL stands for the current one, which the stream is of. */
static bool is_context(CUcontext ctx)
{
	return !ctx || cu_context_alive(ctx);
}

CUDA_API_SYNC(cuMemcpyPeer,
	      CU_ARGS(CUdeviceptr dst, CUcontext dst_ctx, CUdeviceptr src, CUcontext src_ctx, size_t bytes),
	      CU_ARGS(dst, dst_ctx, src, src_ctx, bytes))
{
	if (!is_context(dst_ctx) || !is_context(src_ctx))
		return CUDA_ERROR_INVALID_CONTEXT;
	return cu_copy_line(stream, dst, CU_SIDE_DEVICE, src, CU_SIDE_DEVICE, bytes, true);
}

CUDA_API_STREAM(cuMemcpyPeerAsync,
		CU_ARGS(CUdeviceptr dst, CUcontext dst_ctx, CUdeviceptr src, CUcontext src_ctx, size_t bytes,
			CUstream stream),
		CU_ARGS(dst, dst_ctx, src, src_ctx, bytes, stream))
{
	if (!is_context(dst_ctx) || !is_context(src_ctx))
		return CUDA_ERROR_INVALID_CONTEXT;
	return cu_copy_line(stream, dst, CU_SIDE_DEVICE, src, CU_SIDE_DEVICE, bytes, false);
}

/* One side of a described copy: its address and what it is said to be. */
static CUresult side_of(unsigned int type, const void *host, CUdeviceptr device, uint64_t *address, enum cu_side *side)
{
	switch (type) {
	case CU_MEMORYTYPE_HOST:
		*address = (uintptr_t)host;
		*side = CU_SIDE_HOST;
		return CUDA_SUCCESS;
	case CU_MEMORYTYPE_DEVICE:
		*address = device;
		*side = CU_SIDE_DEVICE;
		return CUDA_SUCCESS;
	case CU_MEMORYTYPE_UNIFIED:
		*address = device;
		*side = CU_SIDE_ANY;
		return CUDA_SUCCESS;
	case CU_MEMORYTYPE_ARRAY:
		return cu_refuse("copies of CUDA arrays");
	default:
		return CUDA_ERROR_INVALID_VALUE;
	}
}

bool cu_box_pitches(const struct cu_box *b, size_t row, size_t rows, size_t *pitch, size_t *slice)
{
	*pitch = row ? row : b->width;
	if (*pitch < b->width || (rows && rows < b->height))
		return false;
	return !__builtin_mul_overflow(*pitch, rows ? rows : b->height, slice);
}

/* Where a side begins: the row and the slice that it lies in, if given, hold all of it. */
static bool begin_at(const struct cu_box *b, size_t row, size_t rows, size_t x, size_t y, size_t z, size_t *pitch,
		     size_t *slice, uint64_t *address)
{
	size_t lines, slices;

	return cu_box_pitches(b, row, rows, pitch, slice) && (!row || x <= row - b->width) &&
	       (!rows || y <= rows - b->height) && !__builtin_mul_overflow(y, *pitch, &lines) &&
	       !__builtin_mul_overflow(z, *slice, &slices) && !__builtin_add_overflow(*address, x, address) &&
	       !__builtin_add_overflow(*address, lines, address) && !__builtin_add_overflow(*address, slices, address);
}

CUresult cu_box_from_3d(const CUDA_MEMCPY3D *c, struct cu_box *b)
{
	CUresult r;

	*b = (struct cu_box){ .width = c->WidthInBytes, .height = c->Height, .depth = c->Depth };
	r = side_of(c->dstMemoryType, c->dstHost, c->dstDevice, &b->dst, &b->dst_side);
	if (!r)
		r = side_of(c->srcMemoryType, c->srcHost, c->srcDevice, &b->src, &b->src_side);
	if (r)
		return r;
	if (!begin_at(b, c->dstPitch, c->dstHeight, c->dstXInBytes, c->dstY, c->dstZ, &b->dst_pitch, &b->dst_slice,
		      &b->dst) ||
	    !begin_at(b, c->srcPitch, c->srcHeight, c->srcXInBytes, c->srcY, c->srcZ, &b->src_pitch, &b->src_slice,
		      &b->src))
		return CUDA_ERROR_INVALID_VALUE;
	return CUDA_SUCCESS;
}

static unsigned int type_of(enum cu_side side)
{
	return side == CU_SIDE_HOST   ? CU_MEMORYTYPE_HOST :
	       side == CU_SIDE_DEVICE ? CU_MEMORYTYPE_DEVICE :
					CU_MEMORYTYPE_UNIFIED;
}

CUDA_MEMCPY3D cu_box_to_3d(const struct cu_box *b)
{
	CUDA_MEMCPY3D c = {
		.dstMemoryType = type_of(b->dst_side),
		.srcMemoryType = type_of(b->src_side),
		.dstPitch = b->dst_pitch,
		.srcPitch = b->src_pitch,
		.WidthInBytes = b->width,
		.Height = b->height,
		.Depth = b->depth,
	};

	if (b->dst_side == CU_SIDE_HOST)
		c.dstHost = (void *)b->dst;
	else
		c.dstDevice = b->dst;
	if (b->src_side == CU_SIDE_HOST)
		c.srcHost = (const void *)b->src;
	else
		c.srcDevice = b->src;
	if (b->depth > 1) {
		c.dstHeight = b->dst_slice / b->dst_pitch;
		c.srcHeight = b->src_slice / b->src_pitch;
	}
	return c;
}

static CUresult copy_3d(CUstream stream, const CUDA_MEMCPY3D *c, bool wait)
{
	struct cu_box b;
	CUresult r = c ? cu_box_from_3d(c, &b) : CUDA_ERROR_INVALID_VALUE;

	return r ? r : cu_copy(stream, &b, wait);
}

static CUresult copy_2d(CUstream stream, const CUDA_MEMCPY2D *c, bool wait)
{
	CUDA_MEMCPY3D box;

	if (!c)
		return CUDA_ERROR_INVALID_VALUE;
	box = (CUDA_MEMCPY3D){
		.srcXInBytes = c->srcXInBytes,
		.srcY = c->srcY,
		.srcMemoryType = c->srcMemoryType,
		.srcHost = c->srcHost,
		.srcDevice = c->srcDevice,
		.srcPitch = c->srcPitch,
		.dstXInBytes = c->dstXInBytes,
		.dstY = c->dstY,
		.dstMemoryType = c->dstMemoryType,
		.dstHost = c->dstHost,
		.dstDevice = c->dstDevice,
		.dstPitch = c->dstPitch,
		.WidthInBytes = c->WidthInBytes,
		.Height = c->Height,
		.Depth = 1,
	};
	return copy_3d(stream, &box, wait);
}

CUDA_API_SYNC(cuMemcpy2D_v2, CU_ARGS(const CUDA_MEMCPY2D *copy), CU_ARGS(copy))
{
	return copy_2d(stream, copy, true);
}

CUDA_API_SYNC(cuMemcpy2DUnaligned_v2, CU_ARGS(const CUDA_MEMCPY2D *copy), CU_ARGS(copy))
{
	return copy_2d(stream, copy, true);
}

CUDA_API_STREAM(cuMemcpy2DAsync_v2, CU_ARGS(const CUDA_MEMCPY2D *copy, CUstream stream), CU_ARGS(copy, stream))
{
	return copy_2d(stream, copy, false);
}

CUDA_API_SYNC(cuMemcpy3D_v2, CU_ARGS(const CUDA_MEMCPY3D *copy), CU_ARGS(copy))
{
	return copy_3d(stream, copy, true);
}

CUDA_API_STREAM(cuMemcpy3DAsync_v2, CU_ARGS(const CUDA_MEMCPY3D *copy, CUstream stream), CU_ARGS(copy, stream))
{
	return copy_3d(stream, copy, false);
}

CUDA_API_SYNC(cuMemcpy3DPeer, CU_ARGS(const CUDA_MEMCPY3D *copy), CU_ARGS(copy))
{
	return copy_3d(stream, copy, true);
}

CUDA_API_STREAM(cuMemcpy3DPeerAsync, CU_ARGS(const CUDA_MEMCPY3D *copy, CUstream stream), CU_ARGS(copy, stream))
{
	return copy_3d(stream, copy, false);
}
