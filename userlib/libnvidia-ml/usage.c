// SPDX-License-Identifier: MIT
/* What is going on: memory, utilization, processes; all from the kernel's counters. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "device.h"

/* Answers over less are too coarse; a reading is repeated until this has passed. */
#define UTIL_INTERVAL_NS	100000000ull
/* The first reading after init cannot wait for that long, and needs some time to look at. */
#define FIRST_INTERVAL_NS	5000000ull

EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory)
{
	nvmlReturn_t r = nvml_enter_device(device, memory);
	struct vgpu_device_status s;

	if (r != NVML_SUCCESS)
		return r;
	r = nvml_status(device, &s);
	if (r != NVML_SUCCESS)
		return nvml_leave(r);
	memory->total = s.vram_total;
	memory->free = s.vram_free;
	memory->used = s.vram_used;
	return nvml_leave(NVML_SUCCESS);
}

/* Reserved is what nobody has allocated and the machine could not give now. */
EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory)
{
	nvmlReturn_t r = nvml_enter_device(device, memory);
	struct vgpu_device_status s;

	if (r != NVML_SUCCESS)
		return r;
	if (memory->version != NVML_STRUCT_VERSION(nvmlMemory_v2_t, 2))
		return nvml_leave(NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
	r = nvml_status(device, &s);
	if (r != NVML_SUCCESS)
		return nvml_leave(r);
	memory->total = s.vram_total;
	memory->free = s.vram_free;
	memory->used = s.vram_used;
	memory->reserved = s.vram_used + s.vram_free < s.vram_total ?
			   s.vram_total - s.vram_used - s.vram_free : 0;
	return nvml_leave(NVML_SUCCESS);
}

static unsigned int percent(uint64_t part, uint64_t whole)
{
	uint64_t p = whole ? part * 100 / whole : 0;

	return p < 100 ? p : 100;
}

/* Let time pass until the interval that began at @d->base is long enough. */
static nvmlReturn_t wait_for_interval(struct nvml_device *d, struct vgpu_device_status *now)
{
	nvmlReturn_t r = nvml_status(d, now);
	struct timespec t = { 0 };

	if (r != NVML_SUCCESS || now->now_ns - d->base.now_ns >= FIRST_INTERVAL_NS)
		return r;
	t.tv_nsec = FIRST_INTERVAL_NS - (now->now_ns - d->base.now_ns);
	nanosleep(&t, NULL);
	return nvml_status(d, now);
}

static nvmlReturn_t update_utilization(struct nvml_device *d)
{
	uint32_t workers = d->dev.info.workers ? d->dev.info.workers : 1;
	struct vgpu_device_status now;
	uint64_t interval;
	nvmlReturn_t r;

	r = d->have_util ? nvml_status(d, &now) : wait_for_interval(d, &now);
	if (r != NVML_SUCCESS)
		return r;
	interval = now.now_ns - d->base.now_ns;
	if (d->have_util && interval < UTIL_INTERVAL_NS)
		return NVML_SUCCESS;
	d->util.gpu = percent(now.active_ns - d->base.active_ns, interval);
	d->util.memory = percent(now.mem_busy_ns - d->base.mem_busy_ns, interval * workers);
	d->have_util = true;
	d->base = now;
	return NVML_SUCCESS;
}

/*
 * Gpu is the share of the time since the last reading (or init) in which
 * something was executing; memory the share of the workers' time that went into
 * copying and filling.
 */
EXPORT nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device, nvmlUtilization_t *util)
{
	nvmlReturn_t r = nvml_enter_device(device, util);

	if (r != NVML_SUCCESS)
		return r;
	r = update_utilization(device);
	if (r == NVML_SUCCESS)
		*util = device->util;
	return nvml_leave(r);
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
	unsigned int room;
	int n;

	if (r != NVML_SUCCESS)
		return r;
	room = array ? *count : 0;
	n = vgpu_dev_processes(&device->dev, &list);
	if (n < 0)
		return nvml_leave(nvml_error(n));
	n = drop_foreign(list, n);
	*count = n;
	r = (unsigned int)n <= room ? NVML_SUCCESS : NVML_ERROR_INSUFFICIENT_SIZE;
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

/* There are no graphics and no MPS processes: the device does neither. */
#define NO_PROCESSES(function)								\
EXPORT nvmlReturn_t function(nvmlDevice_t device, unsigned int *count, void *array)	\
{											\
	nvmlReturn_t r = nvml_enter_device(device, count);				\
											\
	(void)array;									\
	if (r != NVML_SUCCESS)								\
		return r;								\
	*count = 0;									\
	return nvml_leave(NVML_SUCCESS);						\
}

NO_PROCESSES(nvmlDeviceGetGraphicsRunningProcesses)
NO_PROCESSES(nvmlDeviceGetGraphicsRunningProcesses_v2)
NO_PROCESSES(nvmlDeviceGetGraphicsRunningProcesses_v3)
NO_PROCESSES(nvmlDeviceGetMPSComputeRunningProcesses)
NO_PROCESSES(nvmlDeviceGetMPSComputeRunningProcesses_v2)
NO_PROCESSES(nvmlDeviceGetMPSComputeRunningProcesses_v3)
