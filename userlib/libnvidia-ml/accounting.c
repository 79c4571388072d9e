// SPDX-License-Identifier: MIT
/* Accounting: what processes have used, also after they have ended. */
#include <stdlib.h>
#include "device.h"

EXPORT nvmlReturn_t nvmlDeviceGetAccountingMode(nvmlDevice_t device, unsigned int *mode)
{
	struct vgpu_device_status s;
	nvmlReturn_t r = nvml_enter_status(device, mode, &s);

	if (r != NVML_SUCCESS)
		return r;
	*mode = s.accounting;
	return nvml_leave(NVML_SUCCESS);
}

EXPORT nvmlReturn_t nvmlDeviceSetAccountingMode(nvmlDevice_t device, unsigned int mode)
{
	nvmlReturn_t r = nvml_enter_device(device, &mode);

	if (r != NVML_SUCCESS)
		return r;
	if (mode > NVML_FEATURE_ENABLED)
		return nvml_leave(NVML_ERROR_INVALID_ARGUMENT);
	return nvml_leave(nvml_error(vgpu_dev_set(&device->dev, VGPU_SET_ACCOUNTING, mode)));
}

EXPORT nvmlReturn_t nvmlDeviceClearAccountingPids(nvmlDevice_t device)
{
	nvmlReturn_t r = nvml_enter_device(device, device);

	if (r != NVML_SUCCESS)
		return r;
	return nvml_leave(nvml_error(vgpu_dev_set(&device->dev, VGPU_SET_CLEAR_ACCOUNTS, 0)));
}

EXPORT nvmlReturn_t nvmlDeviceGetAccountingBufferSize(nvmlDevice_t device, unsigned int *size)
{
	nvmlReturn_t r = nvml_enter_device(device, size);
	struct vgpu_account *list;
	uint32_t limit = 0;
	int n;

	if (r != NVML_SUCCESS)
		return r;
	n = vgpu_dev_accounts(&device->dev, &list, &limit);
	if (n < 0)
		return nvml_leave(nvml_error(n));
	free(list);
	*size = limit;
	return nvml_leave(NVML_SUCCESS);
}

EXPORT nvmlReturn_t nvmlDeviceGetAccountingPids(nvmlDevice_t device, unsigned int *count, unsigned int *pids)
{
	nvmlReturn_t r = nvml_enter_device(device, count);
	struct vgpu_account *list;
	uint32_t limit;
	int n, kept = 0;

	if (r != NVML_SUCCESS)
		return r;
	n = vgpu_dev_accounts(&device->dev, &list, &limit);
	if (n < 0)
		return nvml_leave(nvml_error(n));
	for (int i = 0; i < n; i++) /* those that the caller's pid namespace sees */
		if (list[i].pid)
			list[kept++] = list[i];
	r = nvml_room(kept, count, pids);
	for (int i = 0; r == NVML_SUCCESS && i < kept; i++)
		pids[i] = list[i].pid;
	free(list);
	return nvml_leave(r);
}

/* Times are in milliseconds, the start in microseconds; a process that runs has no time yet, as NVML has it. */
static void fill(nvmlAccountingStats_t *to, const struct vgpu_account *a, unsigned int workers)
{
	*to = (nvmlAccountingStats_t){
		.gpuUtilization = nvml_percent(a->active_ns, a->time_ns),
		.memoryUtilization = nvml_percent(a->mem_busy_ns, a->time_ns * (workers ? workers : 1)),
		.maxMemoryUsage = a->vram_peak,
		.time = a->running ? 0 : a->time_ns / 1000000,
		.startTime = a->start_ns / 1000,
		.isRunning = a->running,
	};
}

/* A pid can come twice in time: the newest is meant. */
EXPORT nvmlReturn_t nvmlDeviceGetAccountingStats(nvmlDevice_t device, unsigned int pid, nvmlAccountingStats_t *stats)
{
	nvmlReturn_t r = nvml_enter_device(device, stats);
	struct vgpu_account *list;
	uint32_t limit;
	int n;

	if (r != NVML_SUCCESS)
		return r;
	n = vgpu_dev_accounts(&device->dev, &list, &limit);
	if (n < 0)
		return nvml_leave(nvml_error(n));
	r = NVML_ERROR_NOT_FOUND;
	for (int i = n - 1; r != NVML_SUCCESS && i >= 0; i--) {
		if (!pid || list[i].pid != pid)
			continue;
		fill(stats, &list[i], device->dev.info.workers);
		r = NVML_SUCCESS;
	}
	free(list);
	return nvml_leave(r);
}
