/* SPDX-License-Identifier: GPL-2.0 */
/* Config space of one function; private to driver/pci. */
#ifndef _VGPU_PCI_CONFIG_H
#define _VGPU_PCI_CONFIG_H

#include <linux/types.h>

struct vgpu_model;

#define VGPU_CFG_SIZE	4096

/**
 * struct vgpu_cfg_counters - live figures of a device
 * @contexts: live contexts
 * @vram_total: bytes
 * @vram_used: bytes allocated
 * @active_ns: time during which at least one packet was executing
 * @launches: kernels completed
 * @faults: contexts ended by a fault
 */
struct vgpu_cfg_counters {
	u32 contexts;
	u64 vram_total;
	u64 vram_used;
	u64 active_ns;
	u64 launches;
	u64 faults;
};

/**
 * struct vgpu_cfg_desc - what config space says about a device
 * @index: device index
 * @model: its profile
 * @uuid: 16 bytes
 * @serial: device serial number
 * @isa_version: vISA version
 * @sm_count: multiprocessors
 * @workers: worker threads
 * @sample: fills in the counters; called in atomic context
 * @priv: for @sample
 */
struct vgpu_cfg_desc {
	u32 index;
	const struct vgpu_model *model;
	const u8 *uuid;
	u64 serial;
	u32 isa_version;
	u32 sm_count;
	u32 workers;
	void (*sample)(void *priv, struct vgpu_cfg_counters *out);
	void *priv;
};

/**
 * struct vgpu_cfg - config space of one device
 * @space: the bytes a reader sees
 * @writable: the bits a writer can change
 * @sample: the core's counters
 * @priv: for @sample
 * @seq: snapshots taken
 * @base_ns: when the present utilization interval began
 * @base_active_ns: the active time at that moment
 *
 * Not locked: the bus holds its own lock around every access.
 */
struct vgpu_cfg {
	u8 space[VGPU_CFG_SIZE];
	u8 writable[VGPU_CFG_SIZE];
	void (*sample)(void *priv, struct vgpu_cfg_counters *out);
	void *priv;
	u32 seq;
	u64 base_ns;
	u64 base_active_ns;
};

void vgpu_cfg_init(struct vgpu_cfg *cfg, const struct vgpu_cfg_desc *desc);
u32 vgpu_cfg_read(struct vgpu_cfg *cfg, u64 now_ns, unsigned int where,
		  unsigned int size);
void vgpu_cfg_write(struct vgpu_cfg *cfg, unsigned int where,
		    unsigned int size, u32 val);

#endif
