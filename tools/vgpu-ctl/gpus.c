// SPDX-License-Identifier: MIT
/* Devices found on the bus and devices found by their nodes, put together. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "vgpu-ctl.h"

/* How long utilization is watched. */
#define INTERVAL_NS 100000000l

void uuid_print(const uint8_t uuid[16], char text[48])
{
	char *p = text + sprintf(text, "GPU-");

	for (int i = 0; i < 16; i++)
		p += sprintf(p, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
}

void address_print(const struct gpu *gpu, char text[24])
{
	snprintf(text, 24, "%04x:%02x:%02x.%u", gpu->domain, gpu->bus, gpu->device, gpu->function);
}

static struct gpu *find_address(struct gpu *gpus, int count, const struct vgpu_device_info *info)
{
	for (int i = 0; i < count; i++)
		if (gpus[i].domain == info->pci_domain && gpus[i].bus == info->pci_bus &&
		    gpus[i].device == info->pci_device && gpus[i].function == info->pci_function)
			return &gpus[i];
	return NULL;
}

/* A device whose PCI function is hidden here, as in some containers. */
static void take_without_bus(struct gpu *gpu, const struct vgpu_device_info *info)
{
	memset(gpu, 0, sizeof(*gpu));
	gpu->domain = info->pci_domain;
	gpu->bus = info->pci_bus;
	gpu->device = info->pci_device;
	gpu->function = info->pci_function;
	gpu->vendor_id = info->pci_ids & 0xffff;
	gpu->device_id = info->pci_ids >> 16;
	gpu->subsys_vendor = info->pci_subsys & 0xffff;
	gpu->subsys_id = info->pci_subsys >> 16;
}

/**
 * gpus_open - find every device and open those that may be opened
 * @gpus: room for them
 * @max: how many fit
 *
 * Return: how many there are.
 */
int gpus_open(struct gpu *gpus, int max)
{
	struct vgpu_dev devs[VGPU_MAX_DEVICES];
	int n = pci_find(gpus, max);
	int opened = vgpu_devices_open(devs, VGPU_MAX_DEVICES);

	for (int i = 0; i < opened; i++) {
		struct gpu *gpu = find_address(gpus, n, &devs[i].info);

		if (!gpu && n < max) {
			gpu = &gpus[n++];
			take_without_bus(gpu, &devs[i].info);
		}
		if (!gpu) {
			vgpu_dev_close(&devs[i]);
			continue;
		}
		gpu->dev = devs[i];
		gpu->is_open = true;
	}
	return n;
}

static void measure_end(struct gpu *gpu)
{
	struct vgpu_device_status before = gpu->status;
	uint64_t ns, active;

	if (vgpu_dev_status(&gpu->dev, &gpu->status))
		return;
	ns = gpu->status.now_ns - before.now_ns;
	active = gpu->status.active_ns - before.active_ns;
	gpu->util = ns ? active * 1000 / ns : 0;
	if (gpu->util > 1000)
		gpu->util = 1000;
	gpu->process_count = vgpu_dev_processes(&gpu->dev, &gpu->processes);
}

/**
 * gpus_measure - read the counters; takes a tenth of a second
 * @gpus: devices
 * @count: how many
 */
void gpus_measure(struct gpu *gpus, int count)
{
	const struct timespec interval = { .tv_nsec = INTERVAL_NS };
	bool any = false;

	for (int i = 0; i < count; i++) {
		if (!gpus[i].is_open)
			continue;
		any = true;
		vgpu_dev_status(&gpus[i].dev, &gpus[i].status);
	}
	if (any)
		nanosleep(&interval, NULL);
	for (int i = 0; i < count; i++)
		if (gpus[i].is_open)
			measure_end(&gpus[i]);
}

/** gpus_close - let go of what gpus_open() and gpus_measure() took */
void gpus_close(struct gpu *gpus, int count)
{
	for (int i = 0; i < count; i++) {
		free(gpus[i].processes);
		if (gpus[i].is_open)
			vgpu_dev_close(&gpus[i].dev);
	}
}
