// SPDX-License-Identifier: MIT
/* cuInit and the cuDevice* queries. */
#include <stdio.h>
#include <string.h>
#include "context.h"
#include "device.h"
#include "proc_address.h"

CUDA_API(cuInit, CU_ARGS(unsigned int flags), CU_ARGS(flags))
{
	return flags ? CUDA_ERROR_INVALID_VALUE : cu_init();
}

CUDA_API(cuDriverGetVersion, CU_ARGS(int *version), CU_ARGS(version))
{
	if (!version)
		return CUDA_ERROR_INVALID_VALUE;
	*version = CUDA_API_VERSION_REPORTED;
	return CUDA_SUCCESS;
}

CUDA_API(cuGetProcAddress_v2, CU_ARGS(const char *name, void **address, int version, cuuint64_t flags, int *status),
	 CU_ARGS(name, address, version, flags, status))
{
	CUresult r = cu_get_proc_address(name, address, version, flags, status);

	return r == CUDA_ERROR_NOT_FOUND ? CUDA_SUCCESS : r; /* the status and the NULL say it */
}

CUDA_API(cuGetProcAddress, CU_ARGS(const char *name, void **address, int version, cuuint64_t flags),
	 CU_ARGS(name, address, version, flags))
{
	return cu_get_proc_address(name, address, version, flags, NULL);
}

CUDA_API(cuDeviceGet, CU_ARGS(CUdevice *device, int ordinal), CU_ARGS(device, ordinal))
{
	struct cu_device *d;
	CUresult r = cu_device_get(ordinal, &d);

	if (!r && !device)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		*device = ordinal;
	return r;
}

CUDA_API(cuDeviceGetCount, CU_ARGS(int *count), CU_ARGS(count))
{
	if (!count)
		return CUDA_ERROR_INVALID_VALUE;
	*count = cu_device_count;
	return cu_ready();
}

CUDA_API(cuDeviceGetName, CU_ARGS(char *name, int length, CUdevice device), CU_ARGS(name, length, device))
{
	struct cu_device *d;
	CUresult r = cu_device_get(device, &d);

	if (!r && (!name || length <= 0))
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		snprintf(name, length, "%.*s", VGPU_NAME_LEN, d->dev.info.name);
	return r;
}

static CUresult get_uuid(CUuuid *uuid, CUdevice device)
{
	struct cu_device *d;
	CUresult r = cu_device_get(device, &d);

	if (!r && !uuid)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		memcpy(uuid, d->dev.info.uuid, sizeof(*uuid));
	return r;
}

CUDA_API(cuDeviceGetUuid, CU_ARGS(CUuuid *uuid, CUdevice device), CU_ARGS(uuid, device))
{
	return get_uuid(uuid, device);
}

CUDA_API(cuDeviceGetUuid_v2, CU_ARGS(CUuuid *uuid, CUdevice device), CU_ARGS(uuid, device))
{
	return get_uuid(uuid, device);
}

CUDA_API(cuDeviceTotalMem_v2, CU_ARGS(size_t *bytes, CUdevice device), CU_ARGS(bytes, device))
{
	struct cu_device *d;
	CUresult r = cu_device_get(device, &d);

	if (!r && !bytes)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		*bytes = d->dev.info.vram_bytes;
	return r;
}

/* By hand: what it says depends on the caller's own code, see compat.c. */
CU_EXPORT CUresult cuDeviceGetAttribute(int *value, int attribute, CUdevice device);

CUresult cuDeviceGetAttribute(int *value, int attribute, CUdevice device)
{
	const void *caller = __builtin_return_address(0);
	uint64_t start = cu_unlikely(cu_tracing) ? cu_trace_now() : 0;
	struct cu_device *d;
	CUresult r = cu_device_get(device, &d);

	if (!r && !value)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		r = cu_device_attribute_for(d, attribute, caller, value);
	if (cu_unlikely(cu_tracing)) {
		cu_trace_call("cuDeviceGetAttribute", r, start);
		cu_trace("attribute %d is %d", attribute, r ? 0 : *value);
	}
	return r;
}

CUDA_API(cuDeviceComputeCapability, CU_ARGS(int *major, int *minor, CUdevice device), CU_ARGS(major, minor, device))
{
	struct cu_device *d;
	CUresult r = cu_device_get(device, &d);

	if (!r && (!major || !minor))
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r) {
		*major = d->cc_major;
		*minor = d->cc_minor;
	}
	return r;
}

CUDA_API(cuDeviceGetProperties, CU_ARGS(CUdevprop *prop, CUdevice device), CU_ARGS(prop, device))
{
	const struct vgpu_device_info *i;
	struct cu_device *d;
	CUresult r = cu_device_get(device, &d);

	if (!r && !prop)
		r = CUDA_ERROR_INVALID_VALUE;
	if (r)
		return r;
	i = &d->dev.info;
	*prop = (CUdevprop){
		.maxThreadsPerBlock = i->max_threads_block,
		.maxThreadsDim = { i->max_block_dim[0], i->max_block_dim[1], i->max_block_dim[2] },
		.maxGridSize = { i->max_grid_dim[0], i->max_grid_dim[1], i->max_grid_dim[2] },
		.sharedMemPerBlock = i->shared_block,
		.totalConstantMemory = i->const_bytes,
		.SIMDWidth = i->warp_size,
		.memPitch = 0x7fffffff,
		.regsPerBlock = i->regs_block,
		.clockRate = i->clock_khz,
		.textureAlign = 512,
	};
	return CUDA_SUCCESS;
}

CUDA_API(cuDeviceGetPCIBusId, CU_ARGS(char *id, int length, CUdevice device), CU_ARGS(id, length, device))
{
	const struct vgpu_device_info *i;
	struct cu_device *d;
	CUresult r = cu_device_get(device, &d);
	int n;

	if (!r && (!id || length <= 0))
		r = CUDA_ERROR_INVALID_VALUE;
	if (r)
		return r;
	i = &d->dev.info;
	n = snprintf(id, length, "%04X:%02X:%02X.%X", i->pci_domain, i->pci_bus, i->pci_device, i->pci_function);
	return n < length ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

/* "domain:bus:device.function", of which domain and function may be left out. */
static bool parse_pci_id(const char *text, unsigned int *id)
{
	id[0] = id[3] = 0;
	return sscanf(text, "%x:%x:%x.%x", &id[0], &id[1], &id[2], &id[3]) >= 3 ||
	       (id[0] = 0, sscanf(text, "%x:%x.%x", &id[1], &id[2], &id[3]) >= 2);
}

CUDA_API(cuDeviceGetByPCIBusId, CU_ARGS(CUdevice *device, const char *id), CU_ARGS(device, id))
{
	unsigned int want[4];
	CUresult r = cu_ready();

	if (r)
		return r;
	if (!device || !id || !parse_pci_id(id, want))
		return CUDA_ERROR_INVALID_VALUE;
	for (int i = 0; i < cu_device_count; i++) {
		const struct vgpu_device_info *info = &cu_device_at(i)->dev.info;

		if (info->pci_domain == want[0] && info->pci_bus == want[1] && info->pci_device == want[2] &&
		    info->pci_function == want[3]) {
			*device = i;
			return CUDA_SUCCESS;
		}
	}
	return CUDA_ERROR_INVALID_DEVICE;
}

/* Every device reaches the memory of all others, its own without being asked. */
CUDA_API(cuDeviceCanAccessPeer, CU_ARGS(int *can, CUdevice device, CUdevice peer), CU_ARGS(can, device, peer))
{
	struct cu_device *d;
	CUresult r = cu_device_get(device, &d);

	if (!r)
		r = cu_device_get(peer, &d);
	if (!r && !can)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		*can = device != peer;
	return r;
}

CUDA_API(cuDeviceGetP2PAttribute, CU_ARGS(int *value, int attribute, CUdevice source, CUdevice target),
	 CU_ARGS(value, attribute, source, target))
{
	struct cu_device *d;
	CUresult r = cu_device_get(source, &d);

	if (!r)
		r = cu_device_get(target, &d);
	if (!r && (!value || attribute < 1 || attribute > 5))
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r && source == target)
		r = CUDA_ERROR_INVALID_DEVICE;
	if (!r)
		*value = attribute == CU_DEVICE_P2P_ATTRIBUTE_ACCESS_SUPPORTED ||
			 attribute == CU_DEVICE_P2P_ATTRIBUTE_NATIVE_ATOMIC_SUPPORTED;
	return r;
}

CUDA_API(cuDeviceGetExecAffinitySupport, CU_ARGS(int *supported, int type, CUdevice device),
	 CU_ARGS(supported, type, device))
{
	struct cu_device *d;
	CUresult r = cu_device_get(device, &d);

	if (!r && (!supported || type))
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		*supported = 0;
	return r;
}
