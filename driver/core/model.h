/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Model profiles: which card a virtual device claims to be.
 *
 * A model is a row of constants: it never changes at run time and nothing in
 * it is measured.  Everything that is measured (memory used, utilization)
 * lives in struct vgpu_device.
 */
#ifndef _VGPU_CORE_MODEL_H
#define _VGPU_CORE_MODEL_H

#include <linux/types.h>

/**
 * struct vgpu_arch - limits that follow from a compute capability
 * @cc_major:		compute capability, major number
 * @cc_minor:		compute capability, minor number
 * @name:		NVIDIA's name of the architecture
 * @threads_per_block:	largest block, in threads
 * @threads_per_sm:	resident threads of one multiprocessor
 * @blocks_per_sm:	resident blocks of one multiprocessor
 * @regs_per_sm:	32-bit registers of one multiprocessor (and of a block)
 * @shared_per_sm:	shared memory of one multiprocessor, bytes
 * @shared_optin:	shared memory a block may have on request, bytes
 * @shared_default:	shared memory a block may have without asking, bytes
 * @shared_reserved:	shared memory the driver keeps of each block, bytes
 * @fp32_per_fp64:	ratio of single to double precision throughput
 * @cores_per_sm:	FP32 lanes of one multiprocessor
 */
struct vgpu_arch {
	u8 cc_major;
	u8 cc_minor;
	const char *name;
	u16 threads_per_block;
	u16 threads_per_sm;
	u16 blocks_per_sm;
	u32 regs_per_sm;
	u32 shared_per_sm;
	u32 shared_optin;
	u32 shared_default;
	u32 shared_reserved;
	u16 fp32_per_fp64;
	u16 cores_per_sm;
};

/**
 * struct vgpu_model - one profile
 * @id:			what the module parameter "model" calls it
 * @name:		the name that CUDA and NVML report
 * @arch:		limits of its compute capability
 * @device_id:		PCI device id (the vendor is always 10de)
 * @subsys_vendor:	PCI subsystem vendor id
 * @subsys_id:		PCI subsystem id
 * @revision:		PCI revision id
 * @sm_count:		multiprocessors; 0 = a multiple of the workers
 * @vram_mib:		memory in MiB; 0 = a share of the machine's
 * @l2_bytes:		size of the L2 cache
 * @clock_khz:		highest multiprocessor clock
 * @mem_clock_khz:	highest memory clock
 * @mem_bus_bits:	width of the memory bus
 * @power_limit_mw:	power limit; 0 = not a figure of this profile
 * @pcie_gen:		PCI Express generation, 3 to 5
 * @pcie_width:		PCI Express lanes
 *
 * The clocks of the generic profiles are a documented constant (1 GHz), not a
 * reading: there is no card whose figures they could be.
 */
struct vgpu_model {
	const char *id;
	const char *name;
	const struct vgpu_arch *arch;
	u16 device_id;
	u16 subsys_vendor;
	u16 subsys_id;
	u8 revision;
	u16 sm_count;
	u32 vram_mib;
	u32 l2_bytes;
	u32 clock_khz;
	u32 mem_clock_khz;
	u16 mem_bus_bits;
	u32 power_limit_mw;
	u8 pcie_gen;
	u8 pcie_width;
};

/** Multiprocessors a worker stands for in a profile without a fixed number. */
#define VGPU_SM_PER_WORKER	4

/** Length of a device's UUID. */
#define VGPU_MODEL_UUID_LEN	16

const struct vgpu_model *vgpu_model_find(const char *model, const char *cc);
const struct vgpu_model *vgpu_model_at(unsigned int i);
u32 vgpu_model_sms(const struct vgpu_model *m, unsigned int workers);
u64 vgpu_model_vram(const struct vgpu_model *m, u64 ram_bytes);
u32 vgpu_model_features(const struct vgpu_model *m);
void vgpu_model_uuid(const struct vgpu_model *m, unsigned int index,
		     u8 uuid[VGPU_MODEL_UUID_LEN]);

#endif
