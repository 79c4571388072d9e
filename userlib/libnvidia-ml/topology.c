// SPDX-License-Identifier: MIT
/* Where devices are: to each other, to the processors, and what goes over the bus. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "device.h"

/* A second device whose handle is checked while the first one's call is under way. */
static bool is_device(nvmlDevice_t d)
{
	for (int i = 0; i < nvml_count(); i++)
		if (d == nvml_device_at(i))
			return true;
	return false;
}

/* All devices are on the module's own host bridge. */
static unsigned int level(const struct nvml_device *a, const struct nvml_device *b)
{
	if (a == b)
		return NVML_TOPOLOGY_INTERNAL;
	return a->dev.info.pci_domain == b->dev.info.pci_domain ? NVML_TOPOLOGY_HOSTBRIDGE : NVML_TOPOLOGY_SYSTEM;
}

EXPORT nvmlReturn_t nvmlDeviceGetTopologyCommonAncestor(nvmlDevice_t a, nvmlDevice_t b, unsigned int *out)
{
	nvmlReturn_t r = nvml_enter_device(a, out);

	if (r != NVML_SUCCESS)
		return r;
	if (!is_device(b))
		return nvml_leave(NVML_ERROR_INVALID_ARGUMENT);
	*out = level(a, b);
	return nvml_leave(NVML_SUCCESS);
}

/* The others at exactly this level. Without an array: how many. */
EXPORT nvmlReturn_t nvmlDeviceGetTopologyNearestGpus(nvmlDevice_t device, unsigned int want, unsigned int *count,
						     nvmlDevice_t *array)
{
	nvmlReturn_t r = nvml_enter_device(device, count);
	unsigned int n = 0, room;

	if (r != NVML_SUCCESS)
		return r;
	room = array ? *count : 0;
	for (int i = 0; i < nvml_count(); i++) {
		nvmlDevice_t other = nvml_device_at(i);

		if (other == device || level(device, other) != want)
			continue;
		if (n < room)
			array[n] = other;
		n++;
	}
	*count = array && n > room ? room : n;
	return nvml_leave(NVML_SUCCESS);
}

/* Every device reaches the memory of all others, and not by NVLink: reads, writes, atomics, over the bus. */
EXPORT nvmlReturn_t nvmlDeviceGetP2PStatus(nvmlDevice_t a, nvmlDevice_t b, unsigned int index, unsigned int *status)
{
	nvmlReturn_t r = nvml_enter_device(a, status);

	if (r != NVML_SUCCESS)
		return r;
	if (!is_device(b) || a == b || index > NVML_P2P_CAPS_PCI)
		return nvml_leave(NVML_ERROR_INVALID_ARGUMENT);
	*status = index == NVML_P2P_CAPS_NVLINK ? NVML_P2P_STATUS_NOT_SUPPORTED : NVML_P2P_STATUS_OK;
	return nvml_leave(NVML_SUCCESS);
}

EXPORT nvmlReturn_t nvmlDeviceOnSameBoard(nvmlDevice_t a, nvmlDevice_t b, int *same)
{
	nvmlReturn_t r = nvml_enter_device(a, same);

	if (r != NVML_SUCCESS)
		return r;
	if (!is_device(b))
		return nvml_leave(NVML_ERROR_INVALID_ARGUMENT);
	*same = a == b;
	return nvml_leave(NVML_SUCCESS);
}

/* -------------------------------------------------------------- processors */

/* The processors near a device, as sysfs has them: "0-3,8". */
static nvmlReturn_t local_cpus(const struct nvml_device *d, cpu_set_t *cpus)
{
	const struct vgpu_device_info *i = &d->dev.info;
	char path[96], list[4096], *next;
	FILE *f;

	CPU_ZERO(cpus);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%04x:%02x:%02x.%x/local_cpulist", i->pci_domain, i->pci_bus,
		 i->pci_device, i->pci_function);
	f = fopen(path, "re");
	if (!f)
		return NVML_ERROR_NOT_SUPPORTED;
	next = fgets(list, sizeof(list), f);
	fclose(f);
	for (char *part = next ? strsep(&next, ",") : NULL; part; part = strsep(&next, ",")) {
		unsigned int from, to;
		int n = sscanf(part, "%u-%u", &from, &to);

		if (n < 1)
			break;
		for (to = n == 2 ? to : from; from <= to && from < CPU_SETSIZE; from++)
			CPU_SET(from, cpus);
	}
	return CPU_COUNT(cpus) ? NVML_SUCCESS : NVML_ERROR_UNKNOWN;
}

EXPORT nvmlReturn_t nvmlDeviceGetCpuAffinity(nvmlDevice_t device, unsigned int words, unsigned long *set)
{
	nvmlReturn_t r = nvml_enter_device(device, set);
	cpu_set_t cpus;

	if (r != NVML_SUCCESS)
		return r;
	if (!words)
		return nvml_leave(NVML_ERROR_INVALID_ARGUMENT);
	r = local_cpus(device, &cpus);
	if (r != NVML_SUCCESS)
		return nvml_leave(r);
	memset(set, 0, words * sizeof(*set));
	for (unsigned int i = 0; i < CPU_SETSIZE && i / (8 * sizeof(*set)) < words; i++)
		if (CPU_ISSET(i, &cpus))
			set[i / (8 * sizeof(*set))] |= 1ul << i % (8 * sizeof(*set));
	return nvml_leave(NVML_SUCCESS);
}

/* Near a node (0) and a socket (1) are the same here. */
EXPORT nvmlReturn_t nvmlDeviceGetCpuAffinityWithinScope(nvmlDevice_t device, unsigned int words, unsigned long *set,
							unsigned int scope)
{
	return nvmlDeviceGetCpuAffinity(device, scope <= 1 ? words : 0, set);
}

EXPORT nvmlReturn_t nvmlDeviceSetCpuAffinity(nvmlDevice_t device)
{
	nvmlReturn_t r = nvml_enter_device(device, device);
	cpu_set_t cpus;

	if (r != NVML_SUCCESS)
		return r;
	r = local_cpus(device, &cpus);
	if (r == NVML_SUCCESS && sched_setaffinity(0, sizeof(cpus), &cpus))
		r = nvml_error(-errno);
	return nvml_leave(r);
}

EXPORT nvmlReturn_t nvmlDeviceClearCpuAffinity(nvmlDevice_t device)
{
	nvmlReturn_t r = nvml_enter_device(device, device);
	cpu_set_t cpus;

	if (r != NVML_SUCCESS)
		return r;
	memset(&cpus, 0xff, sizeof(cpus));
	return nvml_leave(sched_setaffinity(0, sizeof(cpus), &cpus) ? nvml_error(-errno) : NVML_SUCCESS);
}

/* --------------------------------------------------------------------- bus */

#define SHORTEST_NS 20000000ull   /* a reading over less says little */
#define LONGEST_NS  2000000000ull /* one over more is not of now */

static nvmlReturn_t traffic(struct nvml_device *d, unsigned int which, uint64_t *bytes, uint64_t *now)
{
	struct vgpu_device_status s;
	nvmlReturn_t r = nvml_status(d, &s);

	if (r != NVML_SUCCESS)
		return r;
	*bytes = which == NVML_PCIE_UTIL_TX_BYTES ? s.from_gpu_bytes : s.to_gpu_bytes;
	*now = s.now_ns;
	return NVML_SUCCESS;
}

/* Bytes since the last reading, if that was lately, else over the shortest time; in KiB a second. */
static nvmlReturn_t throughput(struct nvml_device *d, unsigned int which, unsigned int *out)
{
	const struct timespec wait = { .tv_nsec = SHORTEST_NS };
	uint64_t was = d->traffic_bytes[which], then = d->traffic_ns[which], bytes, now;
	nvmlReturn_t r = traffic(d, which, &bytes, &now);

	if (r != NVML_SUCCESS)
		return r;
	if (now - then < SHORTEST_NS || now - then > LONGEST_NS) {
		was = bytes;
		then = now;
		nanosleep(&wait, NULL);
		r = traffic(d, which, &bytes, &now);
		if (r != NVML_SUCCESS || now <= then)
			return r == NVML_SUCCESS ? NVML_ERROR_UNKNOWN : r;
	}
	*out = (unsigned __int128)(bytes - was) * 1000000000 / (now - then) / 1024;
	d->traffic_bytes[which] = bytes;
	d->traffic_ns[which] = now;
	return NVML_SUCCESS;
}

/* Copies between host memory and the device; what kernels read and write by themselves does not count. */
EXPORT nvmlReturn_t nvmlDeviceGetPcieThroughput(nvmlDevice_t device, unsigned int which, unsigned int *kib_s)
{
	nvmlReturn_t r = nvml_enter_device(device, kib_s);

	if (r != NVML_SUCCESS)
		return r;
	if (which > NVML_PCIE_UTIL_RX_BYTES)
		return nvml_leave(NVML_ERROR_INVALID_ARGUMENT);
	return nvml_leave(throughput(device, which, kib_s));
}
