/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Module parameters as the rest of the driver reads them: set at load,
 * checked once, constant afterwards.
 */
#ifndef _VGPU_CORE_PARAMS_H
#define _VGPU_CORE_PARAMS_H

#include <linux/types.h>

struct vgpu_model;

/**
 * struct vgpu_params - the checked parameters
 * @gpus:		number of devices
 * @vram_mib:		memory of each, 0: the model's
 * @workers:		worker threads, 0: one a CPU
 * @cpus:		list of CPUs for them, "" for all
 * @nice:		their nice value
 * @model:		profile of the devices
 * @time_limit_ms:	limit of a launch in executed time, 0: none
 * @isa:		handler set of the engine
 * @nvidia_nodes:	"auto", "on" or "off"
 * @pin_limit_mib:	cap on registered host memory, all processes together
 * @pin_user_mib:	cap of one user without CAP_IPC_LOCK
 * @block_limit_mib:	cap on the memory of blocks in flight, of all launches together
 * @block_user_mib:	part of it that one user may have
 * @tables_user_mib:	cap on what the kernel keeps of one user's tables, mappings, objects, callbacks
 * @code_user_mib:	cap on one user's code objects and rings
 * @reserve_mib:	memory of the machine that VRAM never takes
 */
struct vgpu_params {
	unsigned int gpus;
	unsigned int vram_mib;
	unsigned int workers;
	const char *cpus;
	int nice;
	const struct vgpu_model *model;
	unsigned int time_limit_ms;
	const char *isa;
	const char *nvidia_nodes;
	unsigned long pin_limit_mib;
	unsigned long pin_user_mib;
	unsigned long block_limit_mib;
	unsigned long block_user_mib;
	unsigned long tables_user_mib;
	unsigned long code_user_mib;
	unsigned long reserve_mib;
};

extern struct vgpu_params vgpu_params;

int vgpu_params_check(void);

#endif
