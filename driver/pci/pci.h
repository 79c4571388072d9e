/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The PCI face: a host bridge of our own with one PCI Express function for
 * each virtual device.
 *
 * Everything here is called by the core with its own serialization of add and
 * remove; only config space reads come from elsewhere.
 */
#ifndef _VGPU_PCI_PCI_H
#define _VGPU_PCI_PCI_H

#include <linux/types.h>

struct pci_dev;
struct vgpu_model;

/** Devices that fit on the bus. */
#define VGPU_PCI_MAX	32

/**
 * struct vgpu_pci_counters - live figures of a device
 * @contexts: live contexts
 * @vram_total: bytes
 * @vram_used: bytes allocated
 * @active_ns: time during which at least one packet was executing
 * @launches: kernels completed
 * @faults: contexts ended by a fault
 */
struct vgpu_pci_counters {
	u32 contexts;
	u64 vram_total;
	u64 vram_used;
	u64 active_ns;
	u64 launches;
	u64 faults;
};

/**
 * struct vgpu_pci_desc - what the core tells about a device
 * @index: device index; also its slot on the bus
 * @model: its profile
 * @uuid: 16 bytes
 * @serial: device serial number
 * @isa_version: vISA version
 * @sm_count: multiprocessors
 * @workers: worker threads
 * @sample: fills in the counters; called with interrupts off under a raw
 *	spinlock, so it may only read memory and atomics
 * @priv: for @sample
 */
struct vgpu_pci_desc {
	unsigned int index;
	const struct vgpu_model *model;
	const u8 *uuid;
	u64 serial;
	u32 isa_version;
	u32 sm_count;
	u32 workers;
	void (*sample)(void *priv, struct vgpu_pci_counters *out);
	void *priv;
};

/**
 * struct vgpu_pci_address - where a device is
 * @domain: as lspci prints it
 * @bus: bus number
 * @device: slot
 * @function: function
 */
struct vgpu_pci_address {
	u32 domain;
	u8 bus;
	u8 device;
	u8 function;
};

int vgpu_pci_init(void);
void vgpu_pci_exit(void);
int vgpu_pci_add(const struct vgpu_pci_desc *desc);
void vgpu_pci_del(unsigned int index);
void vgpu_pci_lost(unsigned int index, bool lost);
bool vgpu_pci_is_ours(const struct pci_dev *pdev);
void *vgpu_pci_priv(const struct pci_dev *pdev);
void vgpu_pci_address(unsigned int index, struct vgpu_pci_address *out);

#endif
