// SPDX-License-Identifier: MIT
/* What an administrator sets: compute mode, persistence; and what cannot be set: MIG. */
#include "device.h"

EXPORT nvmlReturn_t nvmlDeviceGetComputeMode(nvmlDevice_t device, unsigned int *mode)
{
	static const unsigned int modes[] = {
		[VGPU_COMPUTE_DEFAULT] = NVML_COMPUTEMODE_DEFAULT,
		[VGPU_COMPUTE_EXCLUSIVE] = NVML_COMPUTEMODE_EXCLUSIVE_PROCESS,
		[VGPU_COMPUTE_PROHIBITED] = NVML_COMPUTEMODE_PROHIBITED,
	};
	struct vgpu_device_status s;
	nvmlReturn_t r = nvml_enter_status(device, mode, &s);

	if (r != NVML_SUCCESS)
		return r;
	if (s.compute_mode >= sizeof(modes) / sizeof(*modes))
		return nvml_leave(NVML_ERROR_UNKNOWN);
	*mode = modes[s.compute_mode];
	return nvml_leave(NVML_SUCCESS);
}

/* Exclusive to a thread (1) has not been supported since CUDA 8. */
EXPORT nvmlReturn_t nvmlDeviceSetComputeMode(nvmlDevice_t device, unsigned int mode)
{
	static const unsigned int modes[] = {
		[NVML_COMPUTEMODE_DEFAULT] = VGPU_COMPUTE_DEFAULT,
		[NVML_COMPUTEMODE_PROHIBITED] = VGPU_COMPUTE_PROHIBITED,
		[NVML_COMPUTEMODE_EXCLUSIVE_PROCESS] = VGPU_COMPUTE_EXCLUSIVE,
	};
	nvmlReturn_t r = nvml_enter_device(device, &mode);

	if (r != NVML_SUCCESS)
		return r;
	if (mode > NVML_COMPUTEMODE_EXCLUSIVE_PROCESS)
		return nvml_leave(NVML_ERROR_INVALID_ARGUMENT);
	if (mode == 1)
		return nvml_leave(NVML_ERROR_NOT_SUPPORTED);
	return nvml_leave(nvml_error(vgpu_dev_set(&device->dev, VGPU_SET_COMPUTE_MODE, modes[mode])));
}

EXPORT nvmlReturn_t nvmlDeviceGetPersistenceMode(nvmlDevice_t device, unsigned int *mode)
{
	struct vgpu_device_status s;
	nvmlReturn_t r = nvml_enter_status(device, mode, &s);

	if (r != NVML_SUCCESS)
		return r;
	*mode = s.persistence;
	return nvml_leave(NVML_SUCCESS);
}

EXPORT nvmlReturn_t nvmlDeviceSetPersistenceMode(nvmlDevice_t device, unsigned int mode)
{
	nvmlReturn_t r = nvml_enter_device(device, &mode);

	if (r != NVML_SUCCESS)
		return r;
	if (mode > NVML_FEATURE_ENABLED)
		return nvml_leave(NVML_ERROR_INVALID_ARGUMENT);
	return nvml_leave(nvml_error(vgpu_dev_set(&device->dev, VGPU_SET_PERSISTENCE, mode)));
}

/* -------------------------------------------------------------------- MIG */

EXPORT nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned int *current, unsigned int *pending)
{
	nvmlReturn_t r = nvml_enter_device(device, current);

	if (r != NVML_SUCCESS)
		return r;
	if (!pending)
		return nvml_leave(NVML_ERROR_INVALID_ARGUMENT);
	*current = NVML_FEATURE_DISABLED;
	*pending = NVML_FEATURE_DISABLED;
	return nvml_leave(NVML_SUCCESS);
}

#define NO_MIG(function)                                                     \
	EXPORT nvmlReturn_t function(nvmlDevice_t device, unsigned int *out) \
	{                                                                    \
		nvmlReturn_t r = nvml_enter_device(device, out);             \
                                                                             \
		if (r != NVML_SUCCESS)                                       \
			return r;                                            \
		*out = 0;                                                    \
		return nvml_leave(NVML_SUCCESS);                             \
	}

NO_MIG(nvmlDeviceGetMaxMigDeviceCount)
NO_MIG(nvmlDeviceIsMigDeviceHandle)

EXPORT nvmlReturn_t nvmlDeviceGetMigDeviceHandleByIndex(nvmlDevice_t device, unsigned int index, nvmlDevice_t *mig)
{
	nvmlReturn_t r = nvml_enter_device(device, mig);

	(void)index;
	return r == NVML_SUCCESS ? nvml_leave(NVML_ERROR_NOT_FOUND) : r;
}

/* Performance metrics of the GPM kind: asked for by version 1 of the struct, and not there. */
EXPORT nvmlReturn_t nvmlGpmQueryDeviceSupport(nvmlDevice_t device, nvmlGpmSupport_t *support)
{
	nvmlReturn_t r = nvml_enter_device(device, support);

	if (r != NVML_SUCCESS)
		return r;
	if (support->version != 1)
		return nvml_leave(NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
	support->isSupportedDevice = 0;
	return nvml_leave(NVML_SUCCESS);
}
