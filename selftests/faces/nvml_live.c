// SPDX-License-Identifier: MIT
/*
 * NVML while a process works, faults and ends: samples, sensors, events, accounting, modes. The work
 * is a child's, because monitoring tools look at others.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "../../userlib/libnvidia-ml/nvml.h"
#include "../../userlib/libvgpu/libvgpu.h"
#include "tap.h"

#define BYTES		(16ull << 20)
#define SECOND		1000000000ull

static void *lib;
static nvmlDevice_t gpu;

/* A function of the library by its name, called with whatever the test passes. */
#define CALL(name, ...)	(((nvmlReturn_t (*)())sym(name))(__VA_ARGS__))

static nvmlReturn_t missing(void)
{
	return NVML_ERROR_FUNCTION_NOT_FOUND;
}

static void *sym(const char *name)
{
	void *p = dlsym(lib, name);

	return p ? p : (void *)missing;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

static void sleep_ms(unsigned int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/* The child's work: fills memory for a time. */
static int work(uint64_t ns)
{
	uint64_t end = clock_ns(CLOCK_MONOTONIC) + ns;
	struct vgpu_pkt_fill fill = {
		.hdr = { .type = VGPU_PKT_FILL, .slots = 1 },
		.width = BYTES / 4, .height = 1, .value = 1, .unit = 4,
	};
	struct vgpu_ring ring;
	struct vgpu_dev dev;
	uint32_t ctx, bo;

	if (vgpu_devices_open(&dev, 1) != 1 || vgpu_ctx_create(&dev, &ctx) ||
	    vgpu_bo_create(&dev, ctx, BYTES, 0, &bo) || vgpu_ring_open(&dev, ctx, 64, 0, &ring))
		return 1;
	struct vgpu_va_map map = { .size = sizeof(map), .bo = bo };

	if (ioctl(dev.fd, VGPU_IOCTL_VA_MAP, &map))
		return 2;
	fill.dst = map.va;
	while (clock_ns(CLOCK_MONOTONIC) < end)
		if (vgpu_ring_packet(&ring, &fill))
			return 3;
	return vgpu_ring_wait(&ring, ring.packets, VGPU_WAIT_FOREVER) ? 4 : 0;
}

static pid_t start_work(uint64_t ns)
{
	pid_t pid = fork();

	if (!pid)
		_exit(work(ns));
	return pid;
}

static bool ended_well(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && !status;
}

static unsigned int number(const char *function)
{
	unsigned int n = 0xdeadbeef;

	tap_equal(CALL(function, gpu, &n), NVML_SUCCESS, function);
	return n;
}

static unsigned int clock_mhz(const char *function, unsigned int type)
{
	unsigned int n = 0;

	tap_equal(CALL(function, gpu, type, &n), NVML_SUCCESS, function);
	return n;
}

/* All three versions of the process list, and the detailed one, name the child and its memory. */
static void process_lists(pid_t child)
{
	nvmlProcessDetail_v1_t detail[8];
	nvmlProcessDetailList_v1_t list = {
		.version = NVML_STRUCT_VERSION(nvmlProcessDetailList_v1_t, 1),
		.numProcArrayEntries = 8, .procArray = detail,
	};
	nvmlProcessInfo_v1_t v1[8];
	nvmlProcessInfo_t v3[8];
	unsigned int n = 8;

	tap(!CALL("nvmlDeviceGetComputeRunningProcesses", gpu, &n, v1) && n == 1 &&
	    v1[0].pid == (unsigned int)child && v1[0].usedGpuMemory == BYTES, "processes, version 1");
	n = 8;
	tap(!CALL("nvmlDeviceGetComputeRunningProcesses_v2", gpu, &n, v3) && n == 1 &&
	    v3[0].pid == (unsigned int)child && v3[0].usedGpuMemory == BYTES, "processes, version 2");
	n = 8;
	tap(!CALL("nvmlDeviceGetComputeRunningProcesses_v3", gpu, &n, v3) && n == 1 &&
	    v3[0].pid == (unsigned int)child && v3[0].usedGpuMemory == BYTES, "processes, version 3");
	tap(!CALL("nvmlDeviceGetRunningProcessDetailList", gpu, &list) && list.numProcArrayEntries == 1 &&
	    detail[0].pid == (unsigned int)child && detail[0].usedGpuMemory == BYTES, "processes in detail");
}

static void shares_of_processes(pid_t child, unsigned long long since_us)
{
	nvmlProcessUtilizationSample_t s[8];
	nvmlProcessUtilizationInfo_v1_t i[8];
	nvmlProcessesUtilizationInfo_v1_t all = {
		.version = NVML_STRUCT_VERSION(nvmlProcessesUtilizationInfo_v1_t, 1),
		.processSamplesCount = 8, .lastSeenTimeStamp = since_us, .procUtilArray = i,
	};
	unsigned int n = 0;

	tap_equal(CALL("nvmlDeviceGetProcessUtilization", gpu, NULL, &n, since_us), NVML_ERROR_INSUFFICIENT_SIZE,
		  "shares of processes: asks for room");
	tap_equal(n, 1, "for one process");
	n = 8;
	tap_equal(CALL("nvmlDeviceGetProcessUtilization", gpu, s, &n, since_us), NVML_SUCCESS, "shares of processes");
	tap(n == 1 && s[0].pid == (unsigned int)child && s[0].smUtil >= 5 && s[0].smUtil <= 100 &&
	    s[0].memUtil <= 100 && s[0].timeStamp > since_us, "the child's: %u %%", s[0].smUtil);
	tap(!CALL("nvmlDeviceGetProcessesUtilizationInfo", gpu, &all) && all.processSamplesCount == 1 &&
	    i[0].pid == (unsigned int)child && i[0].smUtil >= 5, "and in the newer struct");
	n = 8;
	tap_equal(CALL("nvmlDeviceGetProcessUtilization", gpu, s, &n, ~0ull), NVML_ERROR_NOT_FOUND,
		  "none of the future");
}

static void samples_of_device(unsigned long long since_us)
{
	unsigned int n = 0, type = 99, busy = 0;
	static nvmlSample_t s[1024];

	tap(!CALL("nvmlDeviceGetSamples", gpu, NVML_SAMPLES_GPU_UTILIZATION, since_us, &type, &n, NULL) && n >= 16 &&
	    n <= 1024, "room for samples: %u", n);
	tap_equal(CALL("nvmlDeviceGetSamples", gpu, NVML_SAMPLES_GPU_UTILIZATION, since_us, &type, &n, s),
		  NVML_SUCCESS, "samples");
	tap(n >= 2 && type == NVML_VALUE_UINT, "%u of them", n);
	for (unsigned int i = 0; i < n; i++) {
		if (s[i].timeStamp <= (i ? s[i - 1].timeStamp : since_us) || s[i].sampleValue.uiVal > 100)
			tap(false, "sample %u: %llu, %u %%", i, s[i].timeStamp, s[i].sampleValue.uiVal);
		if (s[i].sampleValue.uiVal > busy)
			busy = s[i].sampleValue.uiVal;
	}
	tap(busy >= 10, "a busy one: %u %%", busy);
	n = 1;
	tap(!CALL("nvmlDeviceGetSamples", gpu, NVML_SAMPLES_TOTAL_POWER, since_us, &type, &n, s) && n == 1 &&
	    s[0].sampleValue.uiVal > 1000, "one of power: %u mW", s[0].sampleValue.uiVal);
	tap_equal(CALL("nvmlDeviceGetSamples", gpu, 77, 0ull, &type, &n, s), NVML_ERROR_INVALID_ARGUMENT,
		  "samples of an unknown kind");
}

static void sensors_under_load(const struct vgpu_device_info *info)
{
	unsigned long long reasons = ~0ull, energy = 0, later = 0;
	unsigned int limit = number("nvmlDeviceGetPowerManagementLimit"), power = number("nvmlDeviceGetPowerUsage");
	unsigned int t = 0, p;

	/* On a crowded host the workers can have nothing of a tenth of a second. */
	for (int i = 0; i < 10 && power <= limit / 10; i++) {
		sleep_ms(100);
		CALL("nvmlDeviceGetPowerUsage", gpu, &p);
		power = p > power ? p : power;
	}
	tap(power > limit / 10 && power <= limit, "power: %u of %u mW", power, limit);
	tap(!CALL("nvmlDeviceGetTemperature", gpu, NVML_TEMPERATURE_GPU, &t) && t >= 30 && t < 87,
	    "temperature: %u", t);
	tap_equal(number("nvmlDeviceGetPerformanceState"), 0, "working: P0");
	tap_equal(clock_mhz("nvmlDeviceGetClockInfo", NVML_CLOCK_SM), info->clock_khz / 1000, "SM clock");
	tap_equal(clock_mhz("nvmlDeviceGetClockInfo", NVML_CLOCK_MEM), info->mem_clock_khz / 1000, "memory clock");
	tap(!CALL("nvmlDeviceGetCurrentClocksThrottleReasons", gpu, &reasons) && !(reasons & NVML_CLOCKS_GPU_IDLE),
	    "clocks are not low for want of work: %llx", reasons);
	CALL("nvmlDeviceGetTotalEnergyConsumption", gpu, &energy);
	sleep_ms(250);
	CALL("nvmlDeviceGetTotalEnergyConsumption", gpu, &later);
	/* Between a tenth and all of the limit, for a bit more or less than that time. */
	tap(later - energy >= limit / 10 * 0.1 && later - energy < limit * 10.0, "energy: %llu mJ", later - energy);
}

/* In one call: energy, the number of single-bit errors, and a field that is none. */
static void field_values(void)
{
	nvmlFieldValue_t v[3] = { { .fieldId = 83 }, { .fieldId = 3 }, { .fieldId = 9999 } };

	tap_equal(CALL("nvmlDeviceGetFieldValues", gpu, 3, v), NVML_SUCCESS, "field values");
	tap(v[0].nvmlReturn == NVML_SUCCESS && v[0].valueType == NVML_VALUE_ULL && v[0].value.ullVal > 0,
	    "energy as a field: %llu mJ", v[0].value.ullVal);
	tap(v[1].nvmlReturn == NVML_SUCCESS && !v[1].value.ullVal, "errors as a field");
	tap_equal(v[2].nvmlReturn, NVML_ERROR_NOT_SUPPORTED, "an unknown field");
	tap_equal(CALL("nvmlDeviceGetFieldValues", gpu, 0, v), NVML_ERROR_INVALID_ARGUMENT, "no fields");
}

static void under_load(const struct vgpu_device_info *info)
{
	unsigned long long since_us = clock_ns(CLOCK_REALTIME) / 1000;
	pid_t child = start_work(3 * SECOND);
	nvmlUtilization_t util = { 0, 0 };
	unsigned int kib = ~0u;
	nvmlBAR1Memory_t bar1;

	sleep_ms(1000);
	tap_equal(CALL("nvmlDeviceGetUtilizationRates", gpu, &util), NVML_SUCCESS, "utilization");
	/* A busy host may keep the child from all work for as long as a sample takes, but not again and again. */
	for (int i = 0; i < 5 && util.gpu < 10; i++) {
		sleep_ms(100);
		CALL("nvmlDeviceGetUtilizationRates", gpu, &util);
	}
	tap(util.gpu >= 10 && util.gpu <= 100 && util.memory <= 100, "%u %%, memory %u %%", util.gpu, util.memory);
	process_lists(child);
	shares_of_processes(child, since_us);
	samples_of_device(since_us);
	sensors_under_load(info);
	field_values();
	tap(!CALL("nvmlDeviceGetPcieThroughput", gpu, NVML_PCIE_UTIL_RX_BYTES, &kib) && !kib,
	    "filling memory is no traffic on the bus: %u KiB/s", kib);
	tap(!CALL("nvmlDeviceGetBAR1MemoryInfo", gpu, &bar1) && bar1.bar1Used + bar1.bar1Free == bar1.bar1Total,
	    "BAR1: %llu of %llu", bar1.bar1Used, bar1.bar1Total);
	tap(ended_well(child), "the child is done");
	for (int i = 0; i < 25; i++) {
		sleep_ms(100);
		CALL("nvmlDeviceGetUtilizationRates", gpu, &util);
	}
	tap(!util.gpu && !util.memory, "idle again");
	tap_equal(number("nvmlDeviceGetPerformanceState"), 8, "idle: P8");
	tap(clock_mhz("nvmlDeviceGetClockInfo", NVML_CLOCK_SM) < info->clock_khz / 1000, "lower clocks");
}

static void accounting(void)
{
	nvmlAccountingStats_t stats;
	unsigned int pids[8], n = 8;
	pid_t child;

	tap_equal(CALL("nvmlDeviceSetAccountingMode", gpu, NVML_FEATURE_ENABLED), NVML_SUCCESS, "accounting on");
	tap_equal(number("nvmlDeviceGetAccountingMode"), NVML_FEATURE_ENABLED, "it is");
	child = start_work(SECOND);
	sleep_ms(500);
	tap(!CALL("nvmlDeviceGetAccountingStats", gpu, child, &stats) && stats.isRunning && !stats.time,
	    "account of a process that runs");
	tap(ended_well(child), "it ends");
	tap_equal(CALL("nvmlDeviceGetAccountingStats", gpu, child, &stats), NVML_SUCCESS, "account of an ended process");
	tap(!stats.isRunning && stats.maxMemoryUsage == BYTES && stats.time >= 900 && stats.time < 60000 &&
	    stats.gpuUtilization >= 5 && stats.gpuUtilization <= 100,
	    "%llu ms, %u %%, %llu bytes", stats.time, stats.gpuUtilization, stats.maxMemoryUsage);
	tap(!CALL("nvmlDeviceGetAccountingPids", gpu, &n, pids) && n == 1 && pids[0] == (unsigned int)child,
	    "list of the accounted");
	tap_equal(CALL("nvmlDeviceGetAccountingStats", gpu, 1u, &stats), NVML_ERROR_NOT_FOUND, "not accounted");
	tap_equal(CALL("nvmlDeviceClearAccountingPids", gpu), NVML_SUCCESS, "forgotten");
	tap_equal(CALL("nvmlDeviceGetAccountingStats", gpu, child, &stats), NVML_ERROR_NOT_FOUND, "it is");
	tap_equal(CALL("nvmlDeviceSetAccountingMode", gpu, NVML_FEATURE_DISABLED), NVML_SUCCESS, "accounting off");
}

static void modes(void)
{
	int status;

	tap_equal(number("nvmlDeviceGetComputeMode"), NVML_COMPUTEMODE_DEFAULT, "compute mode default");
	tap_equal(CALL("nvmlDeviceSetComputeMode", gpu, NVML_COMPUTEMODE_PROHIBITED), NVML_SUCCESS, "prohibited");
	tap_equal(number("nvmlDeviceGetComputeMode"), NVML_COMPUTEMODE_PROHIBITED, "it is");
	tap(!ended_well(start_work(SECOND / 100)), "no context can be made");
	tap_equal(CALL("nvmlDeviceSetComputeMode", gpu, NVML_COMPUTEMODE_DEFAULT), NVML_SUCCESS, "default again");
	tap(ended_well(start_work(SECOND / 100)), "a context can be made");
	tap_equal(CALL("nvmlDeviceSetComputeMode", gpu, 9u), NVML_ERROR_INVALID_ARGUMENT, "no such mode");
	tap_equal(CALL("nvmlDeviceSetPersistenceMode", gpu, NVML_FEATURE_ENABLED), NVML_SUCCESS, "persistence on");
	tap_equal(number("nvmlDeviceGetPersistenceMode"), NVML_FEATURE_ENABLED, "it is");
	CALL("nvmlDeviceSetPersistenceMode", gpu, NVML_FEATURE_DISABLED);
	if (!fork())
		_exit(setresuid(65534, 65534, 65534) ||
		      CALL("nvmlDeviceSetPersistenceMode", gpu, 1u) != NVML_ERROR_NO_PERMISSION ||
		      CALL("nvmlDeviceSetComputeMode", gpu, 3u) != NVML_ERROR_NO_PERMISSION ||
		      CALL("nvmlDeviceSetAccountingMode", gpu, 1u) != NVML_ERROR_NO_PERMISSION ||
		      CALL("nvmlDeviceClearEccErrorCounts", gpu, 0u) != NVML_ERROR_NO_PERMISSION);
	wait(&status);
	tap_equal(status, 0, "for root only");
}

/* ----------------------------------------------------------------- events */

/* A child that ends its context with a packet that is none: Xid 32. */
static pid_t start_fault(void)
{
	const struct vgpu_pkt_fill bad = { .hdr = { .type = 999, .slots = 1 } };
	struct vgpu_ring ring;
	struct vgpu_dev dev;
	pid_t pid = fork();
	uint32_t ctx;

	if (pid)
		return pid;
	sleep_ms(300);
	if (vgpu_devices_open(&dev, 1) != 1 || vgpu_ctx_create(&dev, &ctx) ||
	    vgpu_ring_open(&dev, ctx, 64, 0, &ring) || vgpu_ring_packet(&ring, &bad))
		_exit(1);
	vgpu_ring_wait(&ring, ring.packets, VGPU_WAIT_FOREVER);
	_exit(0);
}

static nvmlEventSet_t new_set(unsigned long long types)
{
	nvmlEventSet_t set = NULL;

	tap_equal(CALL("nvmlEventSetCreate", &set), NVML_SUCCESS, "an event set");
	tap_equal(CALL("nvmlDeviceRegisterEvents", gpu, types, set), NVML_SUCCESS, "events of the device");
	return set;
}

static void *free_later(void *set)
{
	sleep_ms(200);
	CALL("nvmlEventSetFree", set);
	return NULL;
}

static void events(void)
{
	nvmlEventSet_t a = new_set(NVML_EVENT_XID_CRITICAL);
	nvmlEventSet_t b = new_set(NVML_EVENT_XID_CRITICAL | NVML_EVENT_DOUBLE_BIT_ECC);
	nvmlEventSet_t ecc = new_set(NVML_EVENT_SINGLE_BIT_ECC);
	unsigned long long types = 0, start = clock_ns(CLOCK_MONOTONIC);
	nvmlEventData_t e = { 0 };
	nvmlEventData_v1_t old = { 0 };
	pthread_t thread;
	pid_t child;

	tap(!CALL("nvmlDeviceGetSupportedEventTypes", gpu, &types) && types & NVML_EVENT_XID_CRITICAL,
	    "supported types: %llx", types);
	tap_equal(CALL("nvmlDeviceRegisterEvents", gpu, 0x80ull, a), NVML_ERROR_NOT_SUPPORTED, "an event it has not");
	tap_equal(CALL("nvmlEventSetWait_v2", a, &e, 200u), NVML_ERROR_TIMEOUT, "nothing happens");
	tap(clock_ns(CLOCK_MONOTONIC) - start >= SECOND / 5, "for that time");
	child = start_fault();
	tap_equal(CALL("nvmlEventSetWait_v2", a, &e, 20000u), NVML_SUCCESS, "something happens");
	tap(e.eventType == NVML_EVENT_XID_CRITICAL && e.eventData == 32 && e.device == gpu, "Xid %llu", e.eventData);
	tap(!CALL("nvmlEventSetWait", b, &old, 1000u) && old.eventType == NVML_EVENT_XID_CRITICAL &&
	    old.eventData == 32, "another set tells it too, in the older struct");
	tap_equal(CALL("nvmlEventSetWait_v2", a, &e, 0u), NVML_ERROR_TIMEOUT, "once");
	tap_equal(CALL("nvmlEventSetWait_v2", ecc, &e, 0u), NVML_ERROR_TIMEOUT, "not to who did not ask");
	tap(ended_well(child), "the child is done");
	pthread_create(&thread, NULL, free_later, b);
	tap_equal(CALL("nvmlEventSetWait_v2", b, &e, 20000u), NVML_ERROR_INVALID_ARGUMENT, "freed under a waiter");
	pthread_join(thread, NULL);
	tap_equal(CALL("nvmlEventSetFree", b), NVML_ERROR_INVALID_ARGUMENT, "freed twice");
	tap_equal(CALL("nvmlEventSetFree", a), NVML_SUCCESS, "freed");
	/* The third ends with the library. */
}

/* ------------------------------------------------------------------- rest */

static void errors_of_memory(void)
{
	unsigned long long n = 99;
	unsigned int now = 9, pending = 9, a = 9, b = 9, c = 9, d = 9;

	tap(!CALL("nvmlDeviceGetEccMode", gpu, &now, &pending) && now == 1 && pending == 1, "ECC is on");
	for (unsigned int error = 0; error < 2; error++)
		for (unsigned int counter = 0; counter < 2; counter++)
			tap(!CALL("nvmlDeviceGetTotalEccErrors", gpu, error, counter, &n) && !n, "no errors: %llu", n);
	tap_equal(CALL("nvmlDeviceGetTotalEccErrors", gpu, 2u, 0u, &n), NVML_ERROR_INVALID_ARGUMENT, "no such error");
	tap_equal(CALL("nvmlDeviceClearEccErrorCounts", gpu, NVML_VOLATILE_ECC), NVML_SUCCESS, "cleared");
	tap(!CALL("nvmlDeviceGetRetiredPages", gpu, 1u, &a, NULL) && !a, "no retired pages");
	tap(!CALL("nvmlDeviceGetRemappedRows", gpu, &a, &b, &c, &d) && !(a | b | c | d), "no remapped rows");
}

static void places(void)
{
	unsigned long set[16] = { 0 };
	unsigned int level = 99, n = 99;
	int same = 0;

	tap(!CALL("nvmlDeviceGetTopologyCommonAncestor", gpu, gpu, &level) && !level, "itself is near");
	tap_equal(CALL("nvmlDeviceGetTopologyCommonAncestor", gpu, NULL, &level), NVML_ERROR_INVALID_ARGUMENT,
		  "near to what is none");
	tap(!CALL("nvmlDeviceGetTopologyNearestGpus", gpu, 30u, &n, NULL) && !n, "no other device");
	tap(!CALL("nvmlDeviceOnSameBoard", gpu, gpu, &same) && same == 1, "on the same board");
	tap(!CALL("nvmlDeviceGetCpuAffinity", gpu, 16u, set) && set[0] & 1, "processors: %lx", set[0]);
	tap_equal(number("nvmlDeviceGetMultiGpuBoard"), 0, "alone on its board");
	tap(number("nvmlDeviceGetPcieSpeed") >= 8000, "speed of the link");
}

/* --------------------------------------------------------------- injected */

static nvmlEventData_t next_event(nvmlEventSet_t set)
{
	nvmlEventData_t e = { 0 };

	CALL("nvmlEventSetWait_v2", set, &e, 2000u);
	return e;
}

static unsigned long long ecc(unsigned int error, unsigned int counter)
{
	unsigned long long n = 99;

	CALL("nvmlDeviceGetTotalEccErrors", gpu, error, counter, &n);
	return n;
}

static void injected_errors(const struct vgpu_dev *dev, nvmlEventSet_t set)
{
	nvmlEventData_t e;

	tap_equal(vgpu_dev_inject(dev, VGPU_INJECT_ECC_SINGLE, 3), 0, "three corrected errors");
	e = next_event(set);
	tap(e.eventType == NVML_EVENT_SINGLE_BIT_ECC && e.device == gpu, "an event of single-bit errors");
	tap_equal(ecc(NVML_MEMORY_ERROR_CORRECTED, NVML_VOLATILE_ECC), 3, "counted");
	tap_equal(vgpu_dev_inject(dev, VGPU_INJECT_ECC_DOUBLE, 0), 0, "an uncorrected error");
	e = next_event(set);
	tap(e.eventType == NVML_EVENT_DOUBLE_BIT_ECC, "an event of double-bit errors");
	e = next_event(set);
	tap(e.eventType == NVML_EVENT_XID_CRITICAL && e.eventData == 48, "and Xid 48: %llu", e.eventData);
	tap_equal(ecc(NVML_MEMORY_ERROR_UNCORRECTED, NVML_AGGREGATE_ECC), 1, "counted");
	CALL("nvmlDeviceClearEccErrorCounts", gpu, NVML_VOLATILE_ECC);
	tap(!ecc(0, NVML_VOLATILE_ECC) && !ecc(1, NVML_VOLATILE_ECC) && ecc(0, NVML_AGGREGATE_ECC) == 3,
	    "cleared, not forgotten");
}

static void injected_heat(const struct vgpu_dev *dev)
{
	unsigned long long reasons = 0;
	unsigned int t = 0;

	tap_equal(vgpu_dev_inject(dev, VGPU_INJECT_THERMAL, 89), 0, "89 degrees");
	tap(!CALL("nvmlDeviceGetTemperature", gpu, NVML_TEMPERATURE_GPU, &t) && t == 89, "temperature: %u", t);
	tap(!CALL("nvmlDeviceGetCurrentClocksEventReasons", gpu, &reasons) && reasons & NVML_CLOCKS_SW_THERMAL,
	    "clocks are low for the heat: %llx", reasons);
	tap_equal(vgpu_dev_inject(dev, VGPU_INJECT_THROTTLE, VGPU_THROTTLE_POWER), 0, "a power cap");
	tap(!CALL("nvmlDeviceGetCurrentClocksEventReasons", gpu, &reasons) && reasons & NVML_CLOCKS_SW_POWER_CAP,
	    "and for the power: %llx", reasons);
	tap_equal(vgpu_dev_inject(dev, VGPU_INJECT_CLEAR, 0), 0, "taken back");
}

/* Xid 79: everything but what never changes says so, until the device is reset. */
static void lost_device(const struct vgpu_dev *dev, nvmlEventSet_t set)
{
	nvmlMemory_t memory;
	nvmlDevice_t other;
	nvmlEventData_t e;
	char name[96];

	tap_equal(vgpu_dev_inject(dev, VGPU_INJECT_LOST, 0), 0, "the device falls off the bus");
	e = next_event(set);
	tap(e.eventType == NVML_EVENT_XID_CRITICAL && e.eventData == 79, "Xid 79: %llu", e.eventData);
	tap_equal(CALL("nvmlDeviceGetMemoryInfo", gpu, &memory), NVML_ERROR_GPU_IS_LOST, "memory");
	tap_equal(CALL("nvmlDeviceGetHandleByIndex_v2", 0u, &other), NVML_ERROR_GPU_IS_LOST, "handle");
	tap_equal(CALL("nvmlDeviceGetName", gpu, name, 96u), NVML_SUCCESS, "its name is still known");
	tap_equal(vgpu_dev_reset(dev, 0), 0, "reset");
	tap_equal(CALL("nvmlDeviceGetMemoryInfo", gpu, &memory), NVML_SUCCESS, "memory again");
}

static void injected(const struct vgpu_dev *dev)
{
	nvmlEventSet_t set = new_set(NVML_EVENT_XID_CRITICAL | NVML_EVENT_SINGLE_BIT_ECC | NVML_EVENT_DOUBLE_BIT_ECC);

	injected_errors(dev, set);
	injected_heat(dev);
	lost_device(dev, set);
	tap_equal(CALL("nvmlEventSetFree", set), NVML_SUCCESS, "freed");
}

/* Of devices that could not be opened for want of descriptors nothing is known. */
static void no_descriptors(void)
{
	struct rlimit most, none;

	getrlimit(RLIMIT_NOFILE, &most);
	none = most;
	for (rlim_t n = 3; n < 64; n++) {	/* from none to one too few */
		int r;

		none.rlim_cur = n;
		setrlimit(RLIMIT_NOFILE, &none);
		r = CALL("nvmlInit_v2");
		setrlimit(RLIMIT_NOFILE, &most);
		if (!r) {
			tap(n > 3, "with %lu descriptors NVML begins", (unsigned long)n);
			CALL("nvmlShutdown");
			return;
		}
		if (r != NVML_ERROR_INSUFFICIENT_RESOURCES) {
			tap(false, "with %lu descriptors: %d", (unsigned long)n, r);
			return;
		}
	}
	tap(false, "never");
}

int main(void)
{
	struct vgpu_dev dev;

	lib = dlopen("libnvidia-ml.so.1", RTLD_NOW);
	if (!tap(lib && vgpu_devices_open(&dev, 1) == 1, "library and device") ||
	    !tap(!CALL("nvmlInit_v2") && !CALL("nvmlDeviceGetHandleByIndex_v2", 0u, &gpu), "NVML sees it"))
		return tap_end();
	under_load(&dev.info);
	accounting();
	modes();
	events();
	errors_of_memory();
	places();
	injected(&dev);
	tap_equal(CALL("nvmlShutdown"), NVML_SUCCESS, "shutdown");
	no_descriptors();
	return tap_end();
}
