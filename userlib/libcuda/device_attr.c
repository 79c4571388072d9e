// SPDX-License-Identifier: MIT
/* Device attributes: the device's own figures, and what this library can do. */
#include "compat.h"
#include "device.h"
#include "error.h"

enum source { ABSENT, CONSTANT, INFO };

struct attribute {
	unsigned char source;
	int value; /* or the offset in struct vgpu_device_info */
};

#define IS(v)               \
	{                   \
		CONSTANT, v \
	}
#define FROM(member)                                            \
	{                                                       \
		INFO, offsetof(struct vgpu_device_info, member) \
	}

/*
 * By number.  Those not named are 0: limits of textures and surfaces, which
 * are refused by name, and abilities that this device does not have.
 */
static const struct attribute attributes[CU_DEVICE_ATTRIBUTE_MAX] = {
	[CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK] = FROM(max_threads_block),
	[CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X] = FROM(max_block_dim[0]),
	[CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y] = FROM(max_block_dim[1]),
	[CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z] = FROM(max_block_dim[2]),
	[CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X] = FROM(max_grid_dim[0]),
	[CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y] = FROM(max_grid_dim[1]),
	[CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z] = FROM(max_grid_dim[2]),
	[CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK] = FROM(shared_block),
	[CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY] = FROM(const_bytes),
	[CU_DEVICE_ATTRIBUTE_WARP_SIZE] = FROM(warp_size),
	[CU_DEVICE_ATTRIBUTE_MAX_PITCH] = IS(0x7fffffff),
	[CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK] = FROM(regs_block),
	[CU_DEVICE_ATTRIBUTE_CLOCK_RATE] = FROM(clock_khz),
	[CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT] = IS(512),
	[CU_DEVICE_ATTRIBUTE_GPU_OVERLAP] = IS(1),
	[CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT] = FROM(sm_count),
	[CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY] = IS(1),
	[CU_DEVICE_ATTRIBUTE_CONCURRENT_KERNELS] = IS(1),
	[CU_DEVICE_ATTRIBUTE_PCI_BUS_ID] = FROM(pci_bus),
	[CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID] = FROM(pci_device),
	[CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE] = FROM(mem_clock_khz),
	[CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH] = FROM(mem_bus_bits),
	[CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE] = FROM(l2_bytes),
	[CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR] = FROM(max_threads_sm),
	[CU_DEVICE_ATTRIBUTE_ASYNC_ENGINE_COUNT] = IS(1),
	[CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING] = IS(1),
	[CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID] = FROM(pci_domain),
	[CU_DEVICE_ATTRIBUTE_STREAM_PRIORITIES_SUPPORTED] = IS(1),
	[CU_DEVICE_ATTRIBUTE_GLOBAL_L1_CACHE_SUPPORTED] = IS(1),
	[CU_DEVICE_ATTRIBUTE_LOCAL_L1_CACHE_SUPPORTED] = IS(1),
	[CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR] = FROM(shared_sm),
	[CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR] = FROM(regs_sm),
	[CU_DEVICE_ATTRIBUTE_MANAGED_MEMORY] = IS(1),
	/* Vectors of 16 floats or 8 doubles take the same time. */
	[CU_DEVICE_ATTRIBUTE_HOST_NATIVE_ATOMIC_SUPPORTED] = IS(1),
	[CU_DEVICE_ATTRIBUTE_SINGLE_TO_DOUBLE_PRECISION_PERF_RATIO] = IS(2),
	[CU_DEVICE_ATTRIBUTE_CONCURRENT_MANAGED_ACCESS] = IS(1),
	[CU_DEVICE_ATTRIBUTE_COMPUTE_PREEMPTION_SUPPORTED] = IS(1),
	[CU_DEVICE_ATTRIBUTE_CAN_USE_HOST_POINTER_FOR_REGISTERED_MEM] = IS(1),
	[CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH] = IS(1),
	[CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN] = FROM(shared_block_optin),
	[CU_DEVICE_ATTRIBUTE_HOST_REGISTER_SUPPORTED] = IS(1),
	[CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED] = IS(1),
	[CU_DEVICE_ATTRIBUTE_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR_SUPPORTED] = IS(1),
	[CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR] = FROM(max_blocks_sm),
	[CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK] = FROM(shared_reserved),
	[CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED] = IS(1),
	[CU_DEVICE_ATTRIBUTE_MEM_SYNC_DOMAIN_COUNT] = IS(CU_MEM_SYNC_DOMAINS), /* a fence orders all of them */
	[CU_DEVICE_ATTRIBUTE_TENSOR_MAP_ACCESS_SUPPORTED] = IS(1),
	[CU_DEVICE_ATTRIBUTE_NUMA_ID] = IS(-1),
	[CU_DEVICE_ATTRIBUTE_HOST_NUMA_ID] = IS(-1),
	[CU_DEVICE_ATTRIBUTE_GPU_PCI_DEVICE_ID] = FROM(pci_ids),
	[CU_DEVICE_ATTRIBUTE_GPU_PCI_SUBSYSTEM_ID] = FROM(pci_subsys),
};

/* CU_COMPUTEMODE_*: what an administrator set (nvmlDeviceSetComputeMode) and the kernel enforces. */
static CUresult compute_mode(struct cu_device *d, int *value)
{
	static const int modes[] = {
		[VGPU_COMPUTE_DEFAULT] = 0,
		[VGPU_COMPUTE_EXCLUSIVE] = 3,
		[VGPU_COMPUTE_PROHIBITED] = 2,
	};
	struct vgpu_device_status s;
	int r = vgpu_dev_status(&d->dev, &s);

	if (r)
		return cu_error_from_errno(r);
	*value = s.compute_mode < sizeof(modes) / sizeof(*modes) ? modes[s.compute_mode] : 0;
	return CUDA_SUCCESS;
}

/**
 * cu_device_account - be seen as a client of the device's render node
 * @d: device
 *
 * Return: whether there is one; device memory leaves as a dma-buf through it.
 */
bool cu_device_account(struct cu_device *d)
{
	bool open;

	pthread_mutex_lock(&d->lock);
	vgpu_dev_account(&d->dev);
	open = d->dev.render >= 0;
	pthread_mutex_unlock(&d->lock);
	return open;
}

CUresult cu_device_attribute(struct cu_device *d, int attribute, int *value)
{
	const struct attribute *a;

	if (attribute <= 0 || attribute >= CU_DEVICE_ATTRIBUTE_MAX)
		return CUDA_ERROR_INVALID_VALUE;
	a = &attributes[attribute];
	if (attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
		*value = d->cc_major;
	else if (attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)
		*value = d->cc_minor;
	else if (attribute == CU_DEVICE_ATTRIBUTE_KERNEL_EXEC_TIMEOUT)
		*value = d->dev.info.time_limit_ms != 0;
	else if (attribute == CU_DEVICE_ATTRIBUTE_ECC_ENABLED)
		*value = d->dev.info.features & VGPU_FEATURE_ECC ? 1 : 0;
	else if (attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_MODE)
		return compute_mode(d, value);
	else if (attribute == CU_DEVICE_ATTRIBUTE_DMA_BUF_SUPPORTED)
		*value = cu_device_account(d);
	else if (a->source == INFO)
		*value = *(const int *)((const char *)&d->dev.info + a->value);
	else
		*value = a->value;
	return CUDA_SUCCESS;
}

/* As the code at @caller is to be told, see compat.c. */
CUresult cu_device_attribute_for(struct cu_device *d, int attribute, const void *caller, int *value)
{
	bool major = attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR;
	int cc[2];

	if ((major || attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR) &&
	    cu_compat_cc(caller, &cc[0], &cc[1])) {
		*value = cc[!major];
		return CUDA_SUCCESS;
	}
	return cu_device_attribute(d, attribute, value);
}
