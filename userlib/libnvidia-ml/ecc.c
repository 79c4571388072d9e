// SPDX-License-Identifier: MIT
/* Memory errors: the kernel's counters, which only injected errors move. */
#include "device.h"

static bool has_ecc(const struct nvml_device *d)
{
	return d->dev.info.features & VGPU_FEATURE_ECC;
}

/* Begin a call on a device with ECC. */
static nvmlReturn_t enter_ecc(nvmlDevice_t device, const void *out)
{
	nvmlReturn_t r = nvml_enter_device(device, out);

	if (r != NVML_SUCCESS || has_ecc(device))
		return r;
	return nvml_leave(NVML_ERROR_NOT_SUPPORTED);
}

/* ECC cannot be switched off. */
EXPORT nvmlReturn_t nvmlDeviceGetEccMode(nvmlDevice_t device, unsigned int *current, unsigned int *pending)
{
	nvmlReturn_t r = enter_ecc(device, current);

	if (r != NVML_SUCCESS)
		return r;
	if (!pending)
		return nvml_leave(NVML_ERROR_INVALID_ARGUMENT);
	*current = NVML_FEATURE_ENABLED;
	*pending = NVML_FEATURE_ENABLED;
	return nvml_leave(NVML_SUCCESS);
}

EXPORT nvmlReturn_t nvmlDeviceGetDefaultEccMode(nvmlDevice_t device, unsigned int *mode)
{
	nvmlReturn_t r = enter_ecc(device, mode);

	if (r != NVML_SUCCESS)
		return r;
	*mode = NVML_FEATURE_ENABLED;
	return nvml_leave(NVML_SUCCESS);
}

nvmlReturn_t nvml_ecc_count(struct nvml_device *d, unsigned int error, unsigned int counter, unsigned long long *count)
{
	struct vgpu_device_status s;
	nvmlReturn_t r;

	if (!has_ecc(d))
		return NVML_ERROR_NOT_SUPPORTED;
	if (error > NVML_MEMORY_ERROR_UNCORRECTED || counter > NVML_AGGREGATE_ECC)
		return NVML_ERROR_INVALID_ARGUMENT;
	r = nvml_status(d, &s);
	if (r == NVML_SUCCESS)
		*count = error == NVML_MEMORY_ERROR_CORRECTED ? s.ecc_single[counter] : s.ecc_double[counter];
	return r;
}

EXPORT nvmlReturn_t nvmlDeviceGetTotalEccErrors(nvmlDevice_t device, unsigned int error, unsigned int counter,
						unsigned long long *count)
{
	nvmlReturn_t r = nvml_enter_device(device, count);

	if (r != NVML_SUCCESS)
		return r;
	return nvml_leave(nvml_ecc_count(device, error, counter, count));
}

/* All errors are of the device's memory; caches and registers have none. */
EXPORT nvmlReturn_t nvmlDeviceGetMemoryErrorCounter(nvmlDevice_t device, unsigned int error, unsigned int counter,
						    unsigned int location, unsigned long long *count)
{
	nvmlReturn_t r = nvml_enter_device(device, count);
	unsigned long long n;

	if (r != NVML_SUCCESS)
		return r;
	if (location >= NVML_MEMORY_LOCATION_COUNT)
		return nvml_leave(NVML_ERROR_INVALID_ARGUMENT);
	r = nvml_ecc_count(device, error, counter, &n);
	if (r == NVML_SUCCESS)
		*count = location == NVML_MEMORY_LOCATION_DRAM ? n : 0;
	return nvml_leave(r);
}

EXPORT nvmlReturn_t nvmlDeviceGetDetailedEccErrors(nvmlDevice_t device, unsigned int error, unsigned int counter,
						   nvmlEccErrorCounts_t *counts)
{
	nvmlReturn_t r = nvml_enter_device(device, counts);
	unsigned long long n;

	if (r != NVML_SUCCESS)
		return r;
	r = nvml_ecc_count(device, error, counter, &n);
	if (r == NVML_SUCCESS)
		*counts = (nvmlEccErrorCounts_t){ .deviceMemory = n };
	return nvml_leave(r);
}

EXPORT nvmlReturn_t nvmlDeviceClearEccErrorCounts(nvmlDevice_t device, unsigned int counter)
{
	nvmlReturn_t r = enter_ecc(device, &counter);

	if (r != NVML_SUCCESS)
		return r;
	if (counter > NVML_AGGREGATE_ECC)
		return nvml_leave(NVML_ERROR_INVALID_ARGUMENT);
	return nvml_leave(nvml_error(vgpu_dev_set(&device->dev, VGPU_SET_CLEAR_ECC, counter)));
}

/* Injected errors break no page and no row, so none is ever taken out of service. */

static nvmlReturn_t no_pages(nvmlDevice_t device, unsigned int cause, unsigned int *count)
{
	nvmlReturn_t r = enter_ecc(device, count);

	if (r != NVML_SUCCESS)
		return r;
	if (cause >= NVML_PAGE_RETIREMENT_CAUSE_COUNT)
		return nvml_leave(NVML_ERROR_INVALID_ARGUMENT);
	*count = 0;
	return nvml_leave(NVML_SUCCESS);
}

EXPORT nvmlReturn_t nvmlDeviceGetRetiredPages(nvmlDevice_t device, unsigned int cause, unsigned int *count,
					      unsigned long long *addresses)
{
	(void)addresses;
	return no_pages(device, cause, count);
}

EXPORT nvmlReturn_t nvmlDeviceGetRetiredPages_v2(nvmlDevice_t device, unsigned int cause, unsigned int *count,
						 unsigned long long *addresses, unsigned long long *times)
{
	(void)addresses;
	(void)times;
	return no_pages(device, cause, count);
}

EXPORT nvmlReturn_t nvmlDeviceGetRetiredPagesPendingStatus(nvmlDevice_t device, unsigned int *pending)
{
	nvmlReturn_t r = enter_ecc(device, pending);

	if (r != NVML_SUCCESS)
		return r;
	*pending = NVML_FEATURE_DISABLED;
	return nvml_leave(NVML_SUCCESS);
}

/* Rows are remapped from compute capability 8.0 on; pages were retired before. */
EXPORT nvmlReturn_t nvmlDeviceGetRemappedRows(nvmlDevice_t device, unsigned int *corrected, unsigned int *uncorrected,
					      unsigned int *pending, unsigned int *failed)
{
	nvmlReturn_t r = enter_ecc(device, corrected);

	if (r != NVML_SUCCESS)
		return r;
	if (!uncorrected || !pending || !failed)
		return nvml_leave(NVML_ERROR_INVALID_ARGUMENT);
	if (device->dev.info.cc_major < 8)
		return nvml_leave(NVML_ERROR_NOT_SUPPORTED);
	*corrected = 0;
	*uncorrected = 0;
	*pending = 0;
	*failed = 0;
	return nvml_leave(NVML_SUCCESS);
}
