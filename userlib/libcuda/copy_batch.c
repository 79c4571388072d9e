// SPDX-License-Identifier: MIT
/*
 * cuMemcpyBatchAsync and cuMemcpy3DBatchAsync: many copies in one call, without
 * a promised order among them.  Hints of locations say nothing new: addresses tell.
 */
#include "copy.h"

enum { ORDER_STREAM = 1, ORDER_DURING_API_CALL, ORDER_ANY };
enum { OPERAND_POINTER = 1, OPERAND_ARRAY };

typedef struct {
	int srcAccessOrder;
	CUmemLocation srcLocHint, dstLocHint;
	unsigned int flags;
} CUmemcpyAttributes;

typedef struct {
	int type;
	union {
		struct {
			CUdeviceptr ptr;
			size_t rowLength, layerHeight;
			CUmemLocation locHint;
		} ptr;
		struct {
			CUarray array;
			size_t x, y, z;
		} array;
	};
} CUmemcpy3DOperand;

typedef struct {
	CUmemcpy3DOperand src, dst;
	size_t width, height, depth;
	int srcAccessOrder;
	unsigned int flags;
} CUDA_MEMCPY3D_BATCH_OP;

/* The default stream of all threads is not for batches. */
static bool is_legacy(CUstream stream)
{
	return !stream || stream == CU_STREAM_LEGACY;
}

static CUresult check_attributes(const CUmemcpyAttributes *a, const size_t *indices, size_t nattrs, size_t count)
{
	if (!a || !indices || !nattrs || nattrs > count || indices[0])
		return CUDA_ERROR_INVALID_VALUE;
	for (size_t i = 0; i < nattrs; i++)
		if (a[i].srcAccessOrder < ORDER_STREAM || a[i].srcAccessOrder > ORDER_ANY || a[i].flags > 1 ||
		    (i && indices[i] <= indices[i - 1]) || indices[i] >= count)
			return CUDA_ERROR_INVALID_VALUE;
	return CUDA_SUCCESS;
}

/* *fail: which one is to blame, or SIZE_MAX for the call as a whole. */
static CUresult batch(CUdeviceptr *dst, CUdeviceptr *src, size_t *sizes, size_t count, CUmemcpyAttributes *attrs,
		      size_t *indices, size_t nattrs, size_t *fail, CUstream stream)
{
	CUresult r;

	*fail = SIZE_MAX;
	if (!dst || !src || !sizes || !count || is_legacy(stream))
		return CUDA_ERROR_INVALID_VALUE;
	r = check_attributes(attrs, indices, nattrs, count);
	for (size_t i = 0; i < count && !r; i++) {
		r = sizes[i] ? cu_copy_line(stream, dst[i], CU_SIDE_ANY, src[i], CU_SIDE_ANY, sizes[i], false) :
			       CUDA_ERROR_INVALID_VALUE;
		if (r)
			*fail = i;
	}
	return r;
}

CUDA_API_STREAM(cuMemcpyBatchAsync,
		CU_ARGS(CUdeviceptr *dst, CUdeviceptr *src, size_t *sizes, size_t count, CUmemcpyAttributes *attrs,
			size_t *indices, size_t nattrs, size_t *fail, CUstream stream),
		CU_ARGS(dst, src, sizes, count, attrs, indices, nattrs, fail, stream))
{
	size_t none;

	return batch(dst, src, sizes, count, attrs, indices, nattrs, fail ? fail : &none, stream);
}

CUDA_API_STREAM(cuMemcpyBatchAsync_v2,
		CU_ARGS(CUdeviceptr *dst, CUdeviceptr *src, size_t *sizes, size_t count, CUmemcpyAttributes *attrs,
			size_t *indices, size_t nattrs, CUstream stream),
		CU_ARGS(dst, src, sizes, count, attrs, indices, nattrs, stream))
{
	size_t none;

	return batch(dst, src, sizes, count, attrs, indices, nattrs, &none, stream);
}

/* A row length or layer height of 0 means that of the extent. */
static CUresult box_of(const CUDA_MEMCPY3D_BATCH_OP *op, struct cu_box *b)
{
	if (op->src.type == OPERAND_ARRAY || op->dst.type == OPERAND_ARRAY)
		return cu_refuse("copies of CUDA arrays");
	if (op->src.type != OPERAND_POINTER || op->dst.type != OPERAND_POINTER || op->flags > 1 ||
	    op->srcAccessOrder < ORDER_STREAM || op->srcAccessOrder > ORDER_ANY)
		return CUDA_ERROR_INVALID_VALUE;
	*b = (struct cu_box){
		.dst = op->dst.ptr.ptr,
		.src = op->src.ptr.ptr,
		.dst_side = CU_SIDE_ANY,
		.src_side = CU_SIDE_ANY,
		.width = op->width,
		.height = op->height,
		.depth = op->depth,
	};
	if (!cu_box_pitches(b, op->dst.ptr.rowLength, op->dst.ptr.layerHeight, &b->dst_pitch, &b->dst_slice) ||
	    !cu_box_pitches(b, op->src.ptr.rowLength, op->src.ptr.layerHeight, &b->src_pitch, &b->src_slice))
		return CUDA_ERROR_INVALID_VALUE;
	return CUDA_SUCCESS;
}

static CUresult batch_3d(size_t count, CUDA_MEMCPY3D_BATCH_OP *ops, size_t *fail, unsigned long long flags,
			 CUstream stream)
{
	CUresult r = CUDA_SUCCESS;
	struct cu_box b;

	*fail = SIZE_MAX;
	if (!count || !ops || flags || is_legacy(stream))
		return CUDA_ERROR_INVALID_VALUE;
	for (size_t i = 0; i < count && !r; i++) {
		r = box_of(&ops[i], &b);
		if (!r)
			r = cu_copy(stream, &b, false);
		if (r)
			*fail = i;
	}
	return r;
}

CUDA_API_STREAM(cuMemcpy3DBatchAsync,
		CU_ARGS(size_t count, CUDA_MEMCPY3D_BATCH_OP *ops, size_t *fail, unsigned long long flags,
			CUstream stream),
		CU_ARGS(count, ops, fail, flags, stream))
{
	size_t none;

	return batch_3d(count, ops, fail ? fail : &none, flags, stream);
}

CUDA_API_STREAM(cuMemcpy3DBatchAsync_v2,
		CU_ARGS(size_t count, CUDA_MEMCPY3D_BATCH_OP *ops, unsigned long long flags, CUstream stream),
		CU_ARGS(count, ops, flags, stream))
{
	size_t none;

	return batch_3d(count, ops, &none, flags, stream);
}
