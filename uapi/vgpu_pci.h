/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * What a vgpu says about itself in PCI config space.
 *
 * The device has no BAR, because there is no memory behind one: identity and
 * live counters are in a vendor-specific extended capability (VSEC) and can
 * be read with any PCI tool by whoever may read extended config space.
 */
#ifndef _UAPI_VGPU_PCI_H
#define _UAPI_VGPU_PCI_H

#include <linux/types.h>

#define VGPU_PCI_VENDOR		0x10de
#define VGPU_PCI_VSEC_ID	0x7667		/* "vg" */
#define VGPU_PCI_VSEC_REV	1
#define VGPU_PCI_MAGIC		0x55504756u	/* "VGPU" */

/**
 * struct vgpu_pci_vsec - the vendor-specific extended capability
 * @cap: PCI Express extended capability header, id 0x000b
 * @vsec: VGPU_PCI_VSEC_ID | VGPU_PCI_VSEC_REV << 16 | length << 20
 * @magic: VGPU_PCI_MAGIC
 * @index: device index, as in /dev/vgpuN
 * @isa_version: vISA version (major << 16 | minor)
 * @cc: compute capability (major << 16 | minor)
 * @sm_count: multiprocessors
 * @workers: worker threads that execute its blocks
 * @uuid: GPU UUID
 * @seq: reading it takes a snapshot of every counter below and counts up
 * @contexts: live contexts
 * @vram_total: bytes
 * @vram_used: bytes allocated
 * @active_ns: time during which at least one packet was executing
 * @now_ns: time of the snapshot, CLOCK_MONOTONIC
 * @launches: kernels completed
 * @faults: contexts ended by a fault
 * @utilization: share of the time between the last two snapshots that were at
 *	least 50 ms apart in which the device was active, in 1/1000
 * @seq_end: @seq again, without taking a snapshot
 *
 * To read the counters: read @seq, the counters, @seq_end; if @seq_end is not
 * @seq another reader took a snapshot meanwhile: start again. All is little
 * endian and is to be read in aligned dwords.
 */
struct vgpu_pci_vsec {
	__u32 cap;
	__u32 vsec;
	__u32 magic;
	__u32 index;
	__u32 isa_version;
	__u32 cc;
	__u32 sm_count;
	__u32 workers;
	__u8 uuid[16];
	__u32 seq;
	__u32 contexts;
	__u64 vram_total;
	__u64 vram_used;
	__u64 active_ns;
	__u64 now_ns;
	__u64 launches;
	__u64 faults;
	__u32 utilization;
	__u32 seq_end;
};

#endif
