// SPDX-License-Identifier: MIT
/* What share of the time devices and processes were executing: the kernel's samples. */
#include <errno.h>
#include <stdlib.h>
#include "device.h"

#define PERIOD_US 100000 /* of the kernel's samples */

/* All that is later than a client's time stamp in whole microseconds. */
static uint64_t after_ns(uint64_t us)
{
	return us < UINT64_MAX / 1000 - 1 ? us * 1000 + 999 : UINT64_MAX;
}

static unsigned int whole_percent(unsigned int permille)
{
	return (permille + 5) / 10;
}

/* The device's newest sample; before the first one nothing has happened. */
static nvmlReturn_t newest(struct nvml_device *d, nvmlUtilization_t *util)
{
	struct vgpu_sample s = { 0 };
	int r = vgpu_dev_newest_sample(&d->dev, &s);

	if (r && r != -EAGAIN)
		return nvml_error(r);
	util->gpu = whole_percent(s.busy_permille);
	util->memory = whole_percent(s.mem_permille);
	return NVML_SUCCESS;
}

/*
 * Gpu is the share of the last sample's time in which something was executing;
 * memory the share of the workers' time that went into copying and filling.
 */
EXPORT nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device, nvmlUtilization_t *util)
{
	nvmlReturn_t r = nvml_enter_device(device, util);

	if (r != NVML_SUCCESS)
		return r;
	return nvml_leave(newest(device, util));
}

/* Graphics (0) and frame buffer (1) are present, video and bus are not. */
EXPORT nvmlReturn_t nvmlDeviceGetDynamicPstatesInfo(nvmlDevice_t device, nvmlGpuDynamicPstatesInfo_t *info)
{
	nvmlReturn_t r = nvml_enter_device(device, info);
	nvmlUtilization_t util;

	if (r != NVML_SUCCESS)
		return r;
	r = newest(device, &util);
	if (r != NVML_SUCCESS)
		return nvml_leave(r);
	*info = (nvmlGpuDynamicPstatesInfo_t){
		.utilization = { { 1, util.gpu, 0, 0 }, { 1, util.memory, 0, 0 } },
	};
	return nvml_leave(NVML_SUCCESS);
}

/* -------------------------------------------------------- units not there */

/* Encoders, decoders and the like: there are none, so none is ever busy. */
#define NEVER_BUSY(function)                                                                           \
	EXPORT nvmlReturn_t function(nvmlDevice_t device, unsigned int *util, unsigned int *period_us) \
	{                                                                                              \
		nvmlReturn_t r = nvml_enter_device(device, util);                                      \
                                                                                                       \
		if (r != NVML_SUCCESS)                                                                 \
			return r;                                                                      \
		if (!period_us)                                                                        \
			return nvml_leave(NVML_ERROR_INVALID_ARGUMENT);                                \
		*util = 0;                                                                             \
		*period_us = PERIOD_US;                                                                \
		return nvml_leave(NVML_SUCCESS);                                                       \
	}

NEVER_BUSY(nvmlDeviceGetEncoderUtilization)
NEVER_BUSY(nvmlDeviceGetDecoderUtilization)
NEVER_BUSY(nvmlDeviceGetJpgUtilization)
NEVER_BUSY(nvmlDeviceGetOfaUtilization)

NVML_LISTS_NONE(nvmlDeviceGetEncoderSessions)
NVML_LISTS_NONE(nvmlDeviceGetFBCSessions)

EXPORT nvmlReturn_t nvmlDeviceGetEncoderStats(nvmlDevice_t device, unsigned int *sessions, unsigned int *fps,
					      unsigned int *latency_us)
{
	nvmlReturn_t r = nvml_enter_device(device, sessions);

	if (r != NVML_SUCCESS)
		return r;
	if (!fps || !latency_us)
		return nvml_leave(NVML_ERROR_INVALID_ARGUMENT);
	*sessions = 0;
	*fps = 0;
	*latency_us = 0;
	return nvml_leave(NVML_SUCCESS);
}

EXPORT nvmlReturn_t nvmlDeviceGetFBCStats(nvmlDevice_t device, nvmlFBCStats_t *stats)
{
	nvmlReturn_t r = nvml_enter_device(device, stats);

	if (r != NVML_SUCCESS)
		return r;
	*stats = (nvmlFBCStats_t){ 0 };
	return nvml_leave(NVML_SUCCESS);
}

/* ---------------------------------------------------------------- samples */

/* A sample's value of an NVML sampling type; false for those that are not known. */
static bool sample_value(const struct vgpu_sample *s, unsigned int type, unsigned int *value)
{
	switch (type) {
	case NVML_SAMPLES_TOTAL_POWER:
		*value = s->power_mw;
		return true;
	case NVML_SAMPLES_GPU_UTILIZATION:
		*value = whole_percent(s->busy_permille);
		return true;
	case NVML_SAMPLES_MEMORY_UTILIZATION:
		*value = whole_percent(s->mem_permille);
		return true;
	case NVML_SAMPLES_PROCESSOR_CLK:
		*value = s->clock_khz / 1000;
		return true;
	case NVML_SAMPLES_MEMORY_CLK:
		*value = s->mem_clock_khz / 1000;
		return true;
	case NVML_SAMPLES_ENC_UTILIZATION:
	case NVML_SAMPLES_DEC_UTILIZATION:
	case NVML_SAMPLES_JPG_UTILIZATION:
	case NVML_SAMPLES_OFA_UTILIZATION:
		*value = 0;
		return true;
	}
	return false;
}

static bool has_sensor(const struct nvml_device *d, unsigned int type)
{
	return type != NVML_SAMPLES_TOTAL_POWER || d->dev.info.power_limit_mw;
}

/*
 * Oldest first; with too little room, the oldest are kept for the next call, as
 * clients go on from the last time stamp they got. Without an array the call tells the most there can be.
 */
static nvmlReturn_t samples(struct nvml_device *d, unsigned int type, uint64_t after_us, unsigned int *count,
			    nvmlSample_t *array)
{
	struct vgpu_sample *list;
	unsigned int value;
	uint32_t limit;
	int n = vgpu_dev_samples(&d->dev, VGPU_SAMPLES_DEVICE, after_ns(after_us), &list, &limit);

	if (n < 0)
		return nvml_error(n);
	if (!array)
		*count = limit;
	else if ((unsigned int)n < *count)
		*count = n;
	for (unsigned int i = 0; array && i < *count; i++) {
		sample_value(&list[i], type, &value);
		array[i].timeStamp = list[i].time_ns / 1000;
		array[i].sampleValue.ullVal = 0;
		array[i].sampleValue.uiVal = value;
	}
	free(list);
	return array && !*count ? NVML_ERROR_NOT_FOUND : NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetSamples(nvmlDevice_t device, unsigned int type, unsigned long long after_us,
					 unsigned int *value_type, unsigned int *count, nvmlSample_t *array)
{
	nvmlReturn_t r = nvml_enter_device(device, count);
	struct vgpu_sample none = { 0 };
	unsigned int value;

	if (r != NVML_SUCCESS)
		return r;
	if (!value_type || type >= NVML_SAMPLES_TYPES)
		return nvml_leave(NVML_ERROR_INVALID_ARGUMENT);
	if (!sample_value(&none, type, &value) || !has_sensor(device, type))
		return nvml_leave(NVML_ERROR_NOT_SUPPORTED);
	*value_type = NVML_VALUE_UINT;
	return nvml_leave(samples(device, type, after_us, count, array));
}

/* One process's samples, added up. */
struct sum {
	uint32_t pid;
	uint64_t time_ns, interval_ns, busy, mem;
};

/* Fold samples into processes: shares weighted by time over all of the time that the samples span. */
static int fold(const struct vgpu_sample *list, int n, struct sum *sums)
{
	int count = 0;

	for (int i = 0; i < n; i++) {
		struct sum *s = sums;

		if (!list[i].pid) /* outside the caller's pid namespace */
			continue;
		while (s < sums + count && s->pid != list[i].pid)
			s++;
		if (s == sums + count)
			count++;
		s->pid = list[i].pid;
		s->time_ns = list[i].time_ns;
		s->interval_ns += list[i].interval_ns;
		s->busy += list[i].busy_permille * list[i].interval_ns;
		s->mem += list[i].mem_permille * list[i].interval_ns;
	}
	for (int i = 0; i < count; i++) {
		sums[i].busy /= sums[i].interval_ns ? sums[i].interval_ns : 1;
		sums[i].mem /= sums[i].interval_ns ? sums[i].interval_ns : 1;
	}
	return count;
}

/* The processes with samples after a time; *@sums is to be freed. Returns how many, or a negative errno. */
static int process_sums(struct nvml_device *d, uint64_t after_us, struct sum **sums)
{
	struct vgpu_sample *list;
	uint32_t limit;
	int n = vgpu_dev_samples(&d->dev, VGPU_SAMPLES_PROCESS, after_ns(after_us), &list, &limit);

	*sums = NULL;
	if (n <= 0)
		return n;
	*sums = calloc(n, sizeof(**sums));
	n = *sums ? fold(list, n, *sums) : -ENOMEM;
	free(list);
	return n;
}

EXPORT nvmlReturn_t nvmlDeviceGetProcessUtilization(nvmlDevice_t device, nvmlProcessUtilizationSample_t *array,
						    unsigned int *count, unsigned long long after_us)
{
	nvmlReturn_t r = nvml_enter_device(device, count);
	struct sum *sums;
	int n;

	if (r != NVML_SUCCESS)
		return r;
	n = process_sums(device, after_us, &sums);
	if (n < 0)
		return nvml_leave(nvml_error(n));
	r = nvml_room(n, count, array);
	for (int i = 0; r == NVML_SUCCESS && i < n; i++)
		array[i] = (nvmlProcessUtilizationSample_t){
			.pid = sums[i].pid,
			.timeStamp = sums[i].time_ns / 1000,
			.smUtil = whole_percent(sums[i].busy),
			.memUtil = whole_percent(sums[i].mem),
		};
	free(sums);
	if (!array)
		r = NVML_ERROR_INSUFFICIENT_SIZE; /* asked how many there are */
	return nvml_leave(r == NVML_SUCCESS && !n ? NVML_ERROR_NOT_FOUND : r);
}

EXPORT nvmlReturn_t nvmlDeviceGetProcessesUtilizationInfo(nvmlDevice_t device, nvmlProcessesUtilizationInfo_v1_t *info)
{
	nvmlReturn_t r = nvml_enter_device(device, info);
	struct sum *sums;
	int n;

	if (r != NVML_SUCCESS)
		return r;
	if (info->version != NVML_STRUCT_VERSION(nvmlProcessesUtilizationInfo_v1_t, 1))
		return nvml_leave(NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
	n = process_sums(device, info->lastSeenTimeStamp, &sums);
	if (n < 0)
		return nvml_leave(nvml_error(n));
	r = nvml_room(n, &info->processSamplesCount, info->procUtilArray);
	for (int i = 0; r == NVML_SUCCESS && i < n; i++)
		info->procUtilArray[i] = (nvmlProcessUtilizationInfo_v1_t){
			.timeStamp = sums[i].time_ns / 1000,
			.pid = sums[i].pid,
			.smUtil = whole_percent(sums[i].busy),
			.memUtil = whole_percent(sums[i].mem),
		};
	free(sums);
	return nvml_leave(r == NVML_SUCCESS && !n ? NVML_ERROR_NOT_FOUND : r);
}
