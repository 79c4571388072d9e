// SPDX-License-Identifier: MIT
/* The virtual devices on the PCI bus, and what their config space says. */
#include <endian.h>
#include <limits.h>
#include <pciaccess.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "vgpu-ctl.h"

#define EXT_CAPS_START 0x100
#define EXT_CAPS_END   0x1000
#define EXT_CAP_VENDOR 0x000b
/* Another reader can take a snapshot while we read: see vgpu_pci.h. */
#define VSEC_TRIES 16

/* A capability list is at most this long; a longer one is a loop. */
#define MAX_CAPS ((EXT_CAPS_END - EXT_CAPS_START) / 4)

static bool read_dword(struct pci_device *pdev, uint32_t where, uint32_t *val)
{
	return !pci_device_cfg_read_u32(pdev, val, where);
}

/* Offset of our capability in extended config space, 0 without one. */
static uint32_t vsec_find(struct pci_device *pdev)
{
	uint32_t where = EXT_CAPS_START, cap, vsec, magic;

	for (int i = 0; i < MAX_CAPS; i++) {
		if (where < EXT_CAPS_START || where > EXT_CAPS_END - 12)
			return 0;
		if (!read_dword(pdev, where, &cap))
			return 0;
		if ((cap & 0xffff) == EXT_CAP_VENDOR && read_dword(pdev, where + 4, &vsec) &&
		    (vsec & 0xffff) == VGPU_PCI_VSEC_ID && read_dword(pdev, where + 8, &magic) &&
		    magic == VGPU_PCI_MAGIC)
			return where;
		where = cap >> 20 & ~3u;
	}
	return 0;
}

static void vsec_to_host(struct vgpu_pci_vsec *v)
{
	v->cap = le32toh(v->cap);
	v->vsec = le32toh(v->vsec);
	v->magic = le32toh(v->magic);
	v->index = le32toh(v->index);
	v->isa_version = le32toh(v->isa_version);
	v->cc = le32toh(v->cc);
	v->sm_count = le32toh(v->sm_count);
	v->workers = le32toh(v->workers);
	v->seq = le32toh(v->seq);
	v->contexts = le32toh(v->contexts);
	v->vram_total = le64toh(v->vram_total);
	v->vram_used = le64toh(v->vram_used);
	v->active_ns = le64toh(v->active_ns);
	v->now_ns = le64toh(v->now_ns);
	v->launches = le64toh(v->launches);
	v->faults = le64toh(v->faults);
	v->utilization = le32toh(v->utilization);
	v->seq_end = le32toh(v->seq_end);
}

static bool vsec_read(struct pci_device *pdev, struct vgpu_pci_vsec *vsec)
{
	uint32_t where = vsec_find(pdev);
	pciaddr_t got;

	if (!where)
		return false;
	for (int i = 0; i < VSEC_TRIES; i++) {
		if (pci_device_cfg_read(pdev, vsec, where, sizeof(*vsec), &got) || got != sizeof(*vsec))
			return false;
		vsec_to_host(vsec);
		if (vsec->seq == vsec->seq_end)
			return true;
	}
	return false;
}

/* Everybody may see who drives a device, also who may not read all config. */
static bool driven_by_vgpu(const struct pci_device *pdev)
{
	char path[128], target[PATH_MAX];
	const char *name;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%04x:%02x:%02x.%u/driver", pdev->domain, pdev->bus,
		 pdev->dev, pdev->func);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = 0;
	name = strrchr(target, '/');
	return name && !strcmp(name, "/vgpu");
}

static void take(struct pci_device *pdev, struct gpu *gpu)
{
	memset(gpu, 0, sizeof(*gpu));
	gpu->on_bus = true;
	gpu->domain = pdev->domain;
	gpu->bus = pdev->bus;
	gpu->device = pdev->dev;
	gpu->function = pdev->func;
	gpu->vendor_id = pdev->vendor_id;
	gpu->device_id = pdev->device_id;
	gpu->subsys_vendor = pdev->subvendor_id;
	gpu->subsys_id = pdev->subdevice_id;
	gpu->have_vsec = vsec_read(pdev, &gpu->vsec);
}

/**
 * pci_find - the virtual devices on the bus
 * @gpus: room for them
 * @max: how many fit
 *
 * Return: how many were found.
 */
int pci_find(struct gpu *gpus, int max)
{
	const struct pci_id_match match = {
		.vendor_id = VGPU_PCI_VENDOR,
		.device_id = PCI_MATCH_ANY,
		.subvendor_id = PCI_MATCH_ANY,
		.subdevice_id = PCI_MATCH_ANY,
		.device_class = 0x030200,
		.device_class_mask = 0xffff00,
	};
	struct pci_device_iterator *it;
	struct pci_device *pdev;
	int n = 0;

	if (pci_system_init())
		return 0;
	it = pci_id_match_iterator_create(&match);
	while (it && n < max && (pdev = pci_device_next(it))) {
		if (!driven_by_vgpu(pdev))
			continue;
		if (!pci_device_probe(pdev))
			take(pdev, &gpus[n++]);
	}
	pci_iterator_destroy(it);
	pci_system_cleanup();
	return n;
}
