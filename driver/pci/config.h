/* SPDX-License-Identifier: GPL-2.0 */
/* Config space of one function; private to driver/pci. */
#ifndef _VGPU_PCI_CONFIG_H
#define _VGPU_PCI_CONFIG_H

#include <linux/types.h>

#include "pci.h"

#define VGPU_CFG_SIZE	4096

/**
 * struct vgpu_cfg - config space of one device
 * @space: the bytes a reader sees
 * @writable: the bits a writer can change
 * @sample: the core's counters
 * @priv: for @sample
 * @lost: the device does not answer, see vgpu_pci_lost()
 * @seq: snapshots taken
 * @base_ns: when the present utilization interval began
 * @base_active_ns: the active time at that moment
 *
 * Not locked: the bus holds its own lock around every access.
 */
struct vgpu_cfg {
	u8 space[VGPU_CFG_SIZE];
	u8 writable[VGPU_CFG_SIZE];
	void (*sample)(void *priv, struct vgpu_pci_counters *out);
	void *priv;
	bool lost;
	u32 seq;
	u64 base_ns;
	u64 base_active_ns;
};

void vgpu_cfg_init(struct vgpu_cfg *cfg, const struct vgpu_pci_desc *desc);
u32 vgpu_cfg_read(struct vgpu_cfg *cfg, u64 now_ns, unsigned int where,
		  unsigned int size);
void vgpu_cfg_write(struct vgpu_cfg *cfg, unsigned int where,
		    unsigned int size, u32 val);

#endif
