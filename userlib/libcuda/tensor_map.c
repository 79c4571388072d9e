// SPDX-License-Identifier: MIT
/*
 * cuTensorMap*: descriptions of tensors in memory for cp.async.bulk.tensor. What is allowed is what
 * the CUDA Driver API's "Tensor Map Object Management" says and an H100's driver does
 * (selftests/golden/tensor.cpp); the layout is struct vgpu_tensor_map.
 */
#include <string.h>
#include "../../uapi/vgpu_isa.h"
#include "api.h"
#include "error.h"

#define BOX_MAX    256
#define STEP_MAX   8
#define DIM_MAX    (1ull << 32)
#define STRIDE_MAX (1ull << 40)

/* Arguments as cuda.h numbers them. */
enum { INTERLEAVE_32B = 2, SWIZZLE_128B = 3, SWIZZLE_LAST = 6, TYPE_PACKED_LAST = 15, PROMOTION_LAST = 3 };

/* cuda.h's types, as PTX's tensormap.replace numbers them, and log2 of their bytes. */
static const struct {
	uint8_t type, log2;
	bool is_float;
} types[] = {
	{ VGPU_TENSOR_U8, 0, false },      { VGPU_TENSOR_U16, 1, false },    { VGPU_TENSOR_U32, 2, false },
	{ VGPU_TENSOR_S32, 2, false },     { VGPU_TENSOR_U64, 3, false },    { VGPU_TENSOR_S64, 3, false },
	{ VGPU_TENSOR_F16, 1, true },      { VGPU_TENSOR_F32, 2, true },     { VGPU_TENSOR_F64, 3, true },
	{ VGPU_TENSOR_BF16, 1, true },     { VGPU_TENSOR_F32_FTZ, 2, true }, { VGPU_TENSOR_TF32, 2, true },
	{ VGPU_TENSOR_TF32_FTZ, 2, true },
};
#define TYPES (sizeof(types) / sizeof(types[0]))

/* Dimensions, box and steps into @m; false: not allowed. */
static bool measure(struct vgpu_tensor_map *m, uint32_t rank, const uint64_t *dim, const uint64_t *stride,
		    const uint32_t *box, const uint32_t *step)
{
	for (uint32_t k = 0; k < rank; k++) {
		if (!dim[k] || dim[k] > DIM_MAX || !box[k] || box[k] > BOX_MAX || !step[k] || step[k] > STEP_MAX)
			return false;
		m->dim[k] = (uint32_t)dim[k]; /* 2^32 is 0 */
		m->box[k] = box[k];
		m->step[k] = step[k];
		if (!k)
			continue;
		if (stride[k - 1] & 15 || stride[k - 1] >= STRIDE_MAX)
			return false;
		m->stride[k - 1] = stride[k - 1];
	}
	return true;
}

/* What is not done here, by name; 0 where all is well. */
static CUresult refused(uint32_t type, uint32_t interleave, uint32_t swizzle)
{
	if (type >= TYPES)
		return cu_refuse("tensor maps of elements of less than a byte");
	if (interleave)
		return cu_refuse("tensor maps that are interleaved");
	if (swizzle > SWIZZLE_128B)
		return cu_refuse("tensor maps swizzled in units of more than 16 bytes");
	return CUDA_SUCCESS;
}

/*
 * cuTensorMapEncodeTiled: writes the 128 bytes at @map. Strides are in bytes and of all dimensions but the
 * innermost, box and steps in elements; @promotion is about caches and changes nothing here.
 */
CUDA_API(cuTensorMapEncodeTiled,
	 CU_ARGS(void *map, uint32_t type, uint32_t rank, void *address, const uint64_t *dim, const uint64_t *stride,
		 const uint32_t *box, const uint32_t *step, uint32_t interleave, uint32_t swizzle, uint32_t promotion,
		 uint32_t fill),
	 CU_ARGS(map, type, rank, address, dim, stride, box, step, interleave, swizzle, promotion, fill))
{
	struct vgpu_tensor_map m = { .magic = VGPU_TENSOR_MAGIC, .address = (uintptr_t)address };
	uint32_t row;
	CUresult r;

	if (!map || (uintptr_t)map & 63 || !rank || rank > VGPU_TENSOR_RANKS || !dim || (rank > 1 && !stride) || !box ||
	    !step || m.address & 15 || type > TYPE_PACKED_LAST || interleave > INTERLEAVE_32B ||
	    swizzle > SWIZZLE_LAST || promotion > PROMOTION_LAST || fill > 1 || (interleave && rank < 3))
		return CUDA_ERROR_INVALID_VALUE;
	r = refused(type, interleave, swizzle);
	if (r)
		return r;
	if ((fill && !types[type].is_float) || !measure(&m, rank, dim, stride, box, step))
		return CUDA_ERROR_INVALID_VALUE;
	row = box[0] << types[type].log2;
	if (row & 15 || (swizzle && row > 16u << swizzle))
		return CUDA_ERROR_INVALID_VALUE;
	m.rank = rank - 1;
	m.type = types[type].type;
	m.swizzle = swizzle;
	m.fill = fill;
	memcpy(map, &m, sizeof(m));
	return CUDA_SUCCESS;
}

/* cuTensorMapReplaceAddress: the same tensor somewhere else. */
CUDA_API(cuTensorMapReplaceAddress, CU_ARGS(void *map, void *address), CU_ARGS(map, address))
{
	struct vgpu_tensor_map *m = map;

	if (!m || (uintptr_t)m & 63 || m->magic != VGPU_TENSOR_MAGIC || (uintptr_t)address & 15)
		return CUDA_ERROR_INVALID_VALUE;
	m->address = (uintptr_t)address;
	return CUDA_SUCCESS;
}
