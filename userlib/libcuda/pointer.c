// SPDX-License-Identifier: MIT
/* cuPointer*: what an address is. */
#include <string.h>
#include "memory.h"

/* The size of each attribute's value, to zero it for an address that is nothing. */
static size_t attribute_size(int attribute)
{
	switch (attribute) {
	case CU_POINTER_ATTRIBUTE_CONTEXT:
	case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
	case CU_POINTER_ATTRIBUTE_HOST_POINTER:
	case CU_POINTER_ATTRIBUTE_BUFFER_ID:
	case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
	case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
	case CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE:
	case CU_POINTER_ATTRIBUTE_MAPPING_SIZE:
	case CU_POINTER_ATTRIBUTE_MAPPING_BASE_ADDR:
	case CU_POINTER_ATTRIBUTE_MEMORY_BLOCK_ID:
	case CU_POINTER_ATTRIBUTE_ALLOWED_HANDLE_TYPES:
		return 8;
	case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
	case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
	case CU_POINTER_ATTRIBUTE_ACCESS_FLAGS:
	/* Answers of yes or no are ints: the runtime reads all four bytes. */
	case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS:
	case CU_POINTER_ATTRIBUTE_IS_MANAGED:
	case CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE:
	case CU_POINTER_ATTRIBUTE_MAPPED:
	case CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE:
	case CU_POINTER_ATTRIBUTE_IS_HW_DECOMPRESS_CAPABLE:
		return 4;
	default:
		return 0;
	}
}

static uint64_t attribute_value(const struct cu_mem *m, int attribute, uint64_t p)
{
	bool host = cu_mem_is_host(m);

	switch (attribute) {
	case CU_POINTER_ATTRIBUTE_CONTEXT:
		return (uintptr_t)m->ctx;
	case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
		return host ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE;
	case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
		return p;
	case CU_POINTER_ATTRIBUTE_HOST_POINTER:
		return host || m->kind == CU_MEM_MANAGED ? p : 0;
	case CU_POINTER_ATTRIBUTE_BUFFER_ID:
	case CU_POINTER_ATTRIBUTE_MEMORY_BLOCK_ID:
		return m->id;
	case CU_POINTER_ATTRIBUTE_IS_MANAGED:
		return m->kind == CU_MEM_MANAGED;
	case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
		return m->ctx->dev->ordinal;
	case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
	case CU_POINTER_ATTRIBUTE_MAPPING_BASE_ADDR:
		return m->base;
	case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
		return m->size;
	case CU_POINTER_ATTRIBUTE_MAPPING_SIZE:
		return m->span;
	case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS:
		return m->sync;
	case CU_POINTER_ATTRIBUTE_MAPPED:
		return 1;
	case CU_POINTER_ATTRIBUTE_ACCESS_FLAGS:
		return m->readonly ? CU_MEM_ACCESS_FLAGS_PROT_READ : CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
	case CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE:
		return (uintptr_t)m->pool;
	default:
		return 0;
	}
}

static void store(void *to, uint64_t value, size_t size)
{
	memcpy(to, &value, size); /* little endian */
}

CUDA_API(cuPointerGetAttribute, CU_ARGS(void *data, int attribute, CUdeviceptr p), CU_ARGS(data, attribute, p))
{
	size_t size = attribute_size(attribute);
	struct cu_mem m;
	CUresult r = cu_ready_in_health();

	if (r)
		return r;
	if (attribute == CU_POINTER_ATTRIBUTE_P2P_TOKENS)
		return cu_refuse("CU_POINTER_ATTRIBUTE_P2P_TOKENS");
	if (!data || !size || !cu_mem_find(p, &m))
		return CUDA_ERROR_INVALID_VALUE;
	if (attribute == CU_POINTER_ATTRIBUTE_HOST_POINTER && !attribute_value(&m, attribute, p))
		return CUDA_ERROR_INVALID_VALUE;
	store(data, attribute_value(&m, attribute, p), size);
	return CUDA_SUCCESS;
}

/* All at once; an address that is nothing gets zeros, as its device -2 (CU_DEVICE_INVALID), and no error. */
CUDA_API(cuPointerGetAttributes, CU_ARGS(unsigned int count, const int *attributes, void **data, CUdeviceptr p),
	 CU_ARGS(count, attributes, data, p))
{
	struct cu_mem m;
	CUresult r = cu_ready_in_health();
	bool known;

	if (r)
		return r;
	if (!count || !attributes || !data)
		return CUDA_ERROR_INVALID_VALUE;
	for (unsigned int i = 0; i < count; i++)
		if (!attribute_size(attributes[i]) || !data[i])
			return CUDA_ERROR_INVALID_VALUE;
	known = cu_mem_find(p, &m);
	for (unsigned int i = 0; i < count; i++) {
		uint64_t none = attributes[i] == CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL ? -2 : 0;

		store(data[i], known ? attribute_value(&m, attributes[i], p) : none, attribute_size(attributes[i]));
		cu_trace("pointer attribute %d of 0x%llx is 0x%llx", attributes[i], p,
			 (unsigned long long)(known ? attribute_value(&m, attributes[i], p) : none));
	}
	return CUDA_SUCCESS;
}

/* SYNC_MEMOPS is all that can be set; the value is an int, of which any other than zero is one. */
CUDA_API(cuPointerSetAttribute, CU_ARGS(const void *data, int attribute, CUdeviceptr p), CU_ARGS(data, attribute, p))
{
	CUresult r = cu_ready_in_health();
	int on;

	if (r)
		return r;
	if (!data || attribute != CU_POINTER_ATTRIBUTE_SYNC_MEMOPS)
		return CUDA_ERROR_INVALID_VALUE;
	memcpy(&on, data, sizeof(on));
	return cu_mem_set_sync(p, on) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}
