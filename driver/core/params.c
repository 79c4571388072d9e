// SPDX-License-Identifier: GPL-2.0
/*
 * Module parameters: declared, checked and given defaults in one place.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/mm.h>
#include <linux/module.h>

#include "../sched/sched.h"
#include "params.h"
#include "vgpu.h"

static unsigned int gpus = 1;
module_param(gpus, uint, 0444);
MODULE_PARM_DESC(gpus, "number of devices (0 to 16)");

static unsigned int vram;
module_param(vram, uint, 0444);
MODULE_PARM_DESC(vram, "memory of each device in MiB (0: the model's, or half of the machine's)");

static unsigned int workers;
module_param(workers, uint, 0444);
MODULE_PARM_DESC(workers, "worker threads, at most 256 (0: one a CPU)");

static char *cpus = "";
module_param(cpus, charp, 0444);
MODULE_PARM_DESC(cpus, "CPUs of the workers, such as 0-3,6 (empty: all that are not isolated)");

static int nice;
module_param(nice, int, 0444);
MODULE_PARM_DESC(nice, "nice value of the workers (-20 to 19)");

static char *model = "";
module_param(model, charp, 0444);
MODULE_PARM_DESC(model, "profile of the devices, such as generic-12.0, h100 or t4");

static char *cc = "";
module_param(cc, charp, 0444);
MODULE_PARM_DESC(cc, "compute capability, picks a profile when model does not: 7.5, 8.0, 8.6, 8.9, 9.0, 12.0");

static unsigned int time_limit_ms;
module_param(time_limit_ms, uint, 0444);
MODULE_PARM_DESC(time_limit_ms, "limit of a kernel's executed time in ms (0: none)");

static char *isa = "auto";
module_param(isa, charp, 0444);
MODULE_PARM_DESC(isa, "engine's handler set: auto, avx512fp16, avx512vnni, avx512, avx2, portable");

static char *nvidia_nodes = "auto";
module_param(nvidia_nodes, charp, 0444);
MODULE_PARM_DESC(nvidia_nodes, "NVIDIA's device nodes: auto (when major 195 is free and no card of NVIDIA is there), on, off");

static unsigned long pin_limit_mib;
module_param(pin_limit_mib, ulong, 0444);
MODULE_PARM_DESC(pin_limit_mib, "cap on registered host memory in MiB (0: half of the machine's)");

static unsigned long pin_user_mib;
module_param(pin_user_mib, ulong, 0444);
MODULE_PARM_DESC(pin_user_mib, "part of it that one user without CAP_IPC_LOCK may have in MiB (0: three quarters, at least 1)");

static unsigned long reserve_mib;
module_param(reserve_mib, ulong, 0444);
MODULE_PARM_DESC(reserve_mib, "memory that is never given to VRAM in MiB (0: 1/32 of the machine's, at least 64)");

static unsigned long block_limit_mib;
module_param(block_limit_mib, ulong, 0444);
MODULE_PARM_DESC(block_limit_mib, "cap on the memory of blocks in flight in MiB (0: a quarter of the machine's)");

static unsigned long block_user_mib;
module_param(block_user_mib, ulong, 0444);
MODULE_PARM_DESC(block_user_mib, "part of it that one user may have in MiB (0: three quarters, at least 1)");

static unsigned long tables_user_mib;
module_param(tables_user_mib, ulong, 0444);
MODULE_PARM_DESC(tables_user_mib, "cap on one user's GPU page tables, mappings, objects and callbacks in MiB (0: 1/32 of the machine's memory, at least 64)");

static unsigned long code_user_mib;
module_param(code_user_mib, ulong, 0444);
MODULE_PARM_DESC(code_user_mib, "cap on one user's code objects and rings in MiB (0: a quarter of the machine's memory, at least 64)");

struct vgpu_params vgpu_params;

static bool one_of(const char *s, const char *a, const char *b, const char *c)
{
	return sysfs_streq(s, a) || sysfs_streq(s, b) || sysfs_streq(s, c);
}

/* The profile; which of the two names is wrong is said, or that they do not go together. */
static int check_model(struct vgpu_params *p)
{
	p->model = vgpu_model_find(model, cc);
	if (p->model)
		return 0;
	if (!vgpu_model_find(model, NULL))
		pr_err("model=%s is no profile\n", model);
	else if (!vgpu_model_find(NULL, cc))
		pr_err("cc=%s is no profile's compute capability\n", cc);
	else
		pr_err("model=%s has another compute capability than cc=%s\n", model, cc);
	return -EINVAL;
}

static int check_numbers(void)
{
	if (gpus > VGPU_MAX_DEVICES) {
		pr_err("gpus=%u is not within 0 to %u\n", gpus, VGPU_MAX_DEVICES);
		return -EINVAL;
	}
	if (workers > VGPU_MAX_WORKERS) {
		pr_err("workers=%u is not within 0 to %u\n", workers, VGPU_MAX_WORKERS);
		return -EINVAL;
	}
	if (nice < -20 || nice > 19) {
		pr_err("nice=%d is not within -20 to 19\n", nice);
		return -EINVAL;
	}
	return 0;
}

/* Sizes in MiB: what is more than addresses reach is a mistake, and would overflow in bytes. */
static int check_sizes(unsigned long ram_mib)
{
	const struct {
		const char *name;
		unsigned long mib;
	} sizes[] = {
		{ "vram", vram },
		{ "pin_limit_mib", pin_limit_mib },
		{ "pin_user_mib", pin_user_mib },
		{ "block_limit_mib", block_limit_mib },
		{ "block_user_mib", block_user_mib },
		{ "tables_user_mib", tables_user_mib },
		{ "code_user_mib", code_user_mib },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		if (sizes[i].mib > VGPU_MAX_MIB) {
			pr_err("%s=%lu is not within 0 to %lu\n", sizes[i].name, sizes[i].mib, VGPU_MAX_MIB);
			return -EINVAL;
		}
	}
	if (reserve_mib >= ram_mib) {
		pr_err("reserve_mib=%lu leaves nothing of the machine's %lu\n", reserve_mib, ram_mib);
		return -EINVAL;
	}
	return 0;
}

/* One user's part of a cap for all: never nothing, for then nobody could do anything. */
static unsigned long most_of(unsigned long mib)
{
	return max(1UL, mib * 3 / 4);
}

/**
 * vgpu_params_check - check what insmod was given and fill in defaults
 *
 * cpus and isa are checked by those that know what the machine has: the scheduler and the engine.
 *
 * Return: 0, or -EINVAL after saying which parameter is wrong and why.
 */
int vgpu_params_check(void)
{
	unsigned long ram_mib = totalram_pages() >> (20 - PAGE_SHIFT);
	struct vgpu_params *p = &vgpu_params;
	int rc;

	rc = check_model(p);
	if (!rc)
		rc = check_numbers();
	if (!rc)
		rc = check_sizes(ram_mib);
	if (rc)
		return rc;
	if (!*nvidia_nodes)
		nvidia_nodes = "auto";
	if (!one_of(nvidia_nodes, "auto", "on", "off")) {
		pr_err("nvidia_nodes=%s is none of auto, on, off\n", nvidia_nodes);
		return -EINVAL;
	}
	p->gpus = gpus;
	p->vram_mib = vram;
	p->workers = workers;
	p->cpus = cpus;
	p->nice = nice;
	p->time_limit_ms = time_limit_ms;
	p->isa = isa;
	p->nvidia_nodes = nvidia_nodes;
	p->pin_limit_mib = pin_limit_mib ?: ram_mib / 2;
	p->pin_user_mib = pin_user_mib ?: most_of(p->pin_limit_mib);
	p->block_limit_mib = block_limit_mib ?: ram_mib / 4;
	p->block_user_mib = block_user_mib ?: most_of(p->block_limit_mib);
	p->tables_user_mib = tables_user_mib ?: max(64UL, ram_mib / 32);
	p->code_user_mib = code_user_mib ?: max(64UL, ram_mib / 4);
	p->reserve_mib = reserve_mib ?: max(64UL, ram_mib / 32);
	return 0;
}
