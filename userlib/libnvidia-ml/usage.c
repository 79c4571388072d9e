// SPDX-License-Identifier: MIT
/* Who has how much: memory and processes. */
#include <stdlib.h>
#include <string.h>
#include "device.h"

EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory)
{
	struct vgpu_device_status s;
	nvmlReturn_t r = nvml_enter_status(device, memory, &s);

	if (r != NVML_SUCCESS)
		return r;
	memory->total = s.vram_total;
	memory->free = s.vram_free;
	memory->used = s.vram_used;
	return nvml_leave(NVML_SUCCESS);
}

/* Reserved is what nobody has allocated and the machine could not give now. */
EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory)
{
	struct vgpu_device_status s;
	nvmlReturn_t r = nvml_enter_status(device, memory, &s);

	if (r != NVML_SUCCESS)
		return r;
	if (memory->version != NVML_STRUCT_VERSION(nvmlMemory_v2_t, 2))
		return nvml_leave(NVML_ERROR_FUNCTION_NOT_FOUND); /* what cards say here */
	memory->total = s.vram_total;
	memory->free = s.vram_free;
	memory->used = s.vram_used;
	memory->reserved = s.vram_used + s.vram_free < s.vram_total ? s.vram_total - s.vram_used - s.vram_free : 0;
	return nvml_leave(NVML_SUCCESS);
}

/* Every byte of a device's memory may be mapped; used are the buffers that some process has mapped. */
EXPORT nvmlReturn_t nvmlDeviceGetBAR1MemoryInfo(nvmlDevice_t device, nvmlBAR1Memory_t *bar1)
{
	struct vgpu_device_status s;
	nvmlReturn_t r = nvml_enter_status(device, bar1, &s);

	if (r != NVML_SUCCESS)
		return r;
	bar1->bar1Total = s.vram_total;
	bar1->bar1Used = s.mapped_bytes < s.vram_total ? s.mapped_bytes : s.vram_total;
	bar1->bar1Free = bar1->bar1Total - bar1->bar1Used;
	return nvml_leave(NVML_SUCCESS);
}

/* -------------------------------------------------------------- processes */

/* Processes outside the caller's pid namespace have no pid that it could use. */
static int drop_foreign(struct vgpu_process *list, int n)
{
	int kept = 0;

	for (int i = 0; i < n; i++)
		if (list[i].pid)
			list[kept++] = list[i];
	return kept;
}

static void put_v1(void *array, int i, const struct vgpu_process *p)
{
	nvmlProcessInfo_v1_t *to = (nvmlProcessInfo_v1_t *)array + i;

	to->pid = p->pid;
	to->usedGpuMemory = p->vram_used;
}

static void put_v2(void *array, int i, const struct vgpu_process *p)
{
	nvmlProcessInfo_t *to = (nvmlProcessInfo_t *)array + i;

	to->pid = p->pid;
	to->usedGpuMemory = p->vram_used;
	to->gpuInstanceId = NVML_NO_INSTANCE;
	to->computeInstanceId = NVML_NO_INSTANCE;
}

typedef void (*put_fn)(void *array, int i, const struct vgpu_process *p);

static nvmlReturn_t processes(nvmlDevice_t device, unsigned int *count, void *array, put_fn put)
{
	nvmlReturn_t r = nvml_enter_device(device, count);
	struct vgpu_process *list;
	int n;

	if (r != NVML_SUCCESS)
		return r;
	n = vgpu_dev_processes(&device->dev, &list);
	if (n < 0)
		return nvml_leave(nvml_error(n));
	n = drop_foreign(list, n);
	r = nvml_room(n, count, array);
	for (int i = 0; r == NVML_SUCCESS && i < n; i++)
		put(array, i, &list[i]);
	free(list);
	return nvml_leave(r);
}

EXPORT nvmlReturn_t nvmlDeviceGetComputeRunningProcesses(nvmlDevice_t device, unsigned int *count,
							 nvmlProcessInfo_v1_t *array)
{
	return processes(device, count, array, put_v1);
}

EXPORT nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v2(nvmlDevice_t device, unsigned int *count,
							    nvmlProcessInfo_t *array)
{
	return processes(device, count, array, put_v2);
}

EXPORT nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t device, unsigned int *count,
							    nvmlProcessInfo_t *array)
{
	return processes(device, count, array, put_v2);
}

static void put_detail(void *array, int i, const struct vgpu_process *p)
{
	nvmlProcessDetail_v1_t *to = (nvmlProcessDetail_v1_t *)array + i;

	to->pid = p->pid;
	to->usedGpuMemory = p->vram_used;
	to->gpuInstanceId = NVML_NO_INSTANCE;
	to->computeInstanceId = NVML_NO_INSTANCE;
	to->usedGpuCcProtectedMemory = 0;
}

/* Compute processes are mode 0; graphics (1) and MPS (2) do not exist here. */
EXPORT nvmlReturn_t nvmlDeviceGetRunningProcessDetailList(nvmlDevice_t device, nvmlProcessDetailList_v1_t *list)
{
	nvmlReturn_t r = nvml_enter_device(device, list);

	if (r != NVML_SUCCESS)
		return r;
	if (list->version != NVML_STRUCT_VERSION(nvmlProcessDetailList_v1_t, 1))
		return nvml_leave(NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
	if (list->mode > 2)
		return nvml_leave(NVML_ERROR_INVALID_ARGUMENT);
	if (list->mode) {
		list->numProcArrayEntries = 0;
		return nvml_leave(NVML_SUCCESS);
	}
	nvml_leave(NVML_SUCCESS);
	return processes(device, &list->numProcArrayEntries, list->procArray, put_detail);
}

/* There are no graphics and no MPS processes: the device does neither. */
NVML_LISTS_NONE(nvmlDeviceGetGraphicsRunningProcesses)
NVML_LISTS_NONE(nvmlDeviceGetGraphicsRunningProcesses_v2)
NVML_LISTS_NONE(nvmlDeviceGetGraphicsRunningProcesses_v3)
NVML_LISTS_NONE(nvmlDeviceGetMPSComputeRunningProcesses)
NVML_LISTS_NONE(nvmlDeviceGetMPSComputeRunningProcesses_v2)
NVML_LISTS_NONE(nvmlDeviceGetMPSComputeRunningProcesses_v3)
