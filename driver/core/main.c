// SPDX-License-Identifier: GPL-2.0
/*
 * Load and unload: the order in which the parts come up and go down.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/module.h>

#include "../engine/engine.h"
#include "../nvidia/nvidia.h"
#include "../pci/pci.h"
#include "../sched/sched.h"
#include "device.h"
#include "params.h"
#include "vgpu.h"

/* One step of loading and how to take it back; either may be missing. */
struct step {
	const char *what;
	int (*init)(void);
	void (*exit)(void);
};

static int start_engine(void)
{
	int rc = engine_init(vgpu_params.isa);

	if (rc == -ENODEV)
		pr_err("isa=%s is a handler set that this CPU cannot run\n", vgpu_params.isa);
	else if (rc)
		pr_err("isa=%s is none of auto, avx512fp16, avx512vnni, avx512, avx2, portable\n", vgpu_params.isa);
	return rc;
}

static const struct step steps[] = {
	{ "parameters",	vgpu_params_check,	NULL },
	{ "engine",	start_engine,		engine_exit },
	{ "watches",	NULL,			vgpu_watch_exit },
	{ "workers",	vgpu_sched_init,	vgpu_sched_exit },
	{ "pci",	vgpu_pci_init,		vgpu_pci_exit },
	{ "nodes",	vgpu_nodes_init,	vgpu_nodes_exit },
	{ "nvidia",	vgpu_nvidia_init,	vgpu_nvidia_exit },
	{ "devices",	vgpu_devices_init,	vgpu_devices_exit },
	{ "ends",	vgpu_ends_init,		vgpu_ends_exit },
};

static DECLARE_COMPLETION(loaded);
static bool failed;

/**
 * vgpu_loaded - a node is being opened
 *
 * Nodes appear before all devices are there, and a module that fails to load is freed whoever
 * holds it: so nobody gets a file before it is certain that this one does not.
 *
 * Return: 0; -ENODEV when it has failed, -EINTR when the caller is killed while it waits.
 */
int vgpu_loaded(void)
{
	if (wait_for_completion_killable(&loaded))
		return -EINTR;
	return READ_ONCE(failed) ? -ENODEV : 0;
}

/* Those in vgpu_loaded() leave; the nodes are gone. One reference is that of loading itself. */
static void wait_for_openers(void)
{
#ifdef CONFIG_MODULE_UNLOAD
	while (module_refcount(THIS_MODULE) > 1)
		usleep_range(1000, 2000);
#endif
}

static void undo(int n)
{
	while (n--)
		if (steps[n].exit)
			steps[n].exit();
	vgpu_tally_tell(VGPU_KIND_OF_VGPU);
}

static int __init vgpu_load(void)
{
	int i, rc;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		rc = steps[i].init ? steps[i].init() : 0;
		if (rc) {
			pr_err("cannot start: %s: error %d\n", steps[i].what, rc);
			WRITE_ONCE(failed, true);
			complete_all(&loaded);
			undo(i);
			wait_for_openers();
			return rc;
		}
	}
	complete_all(&loaded);
	pr_info("%u device%s, %s, %u workers, %s engine\n", vgpu_device_count(),
		vgpu_device_count() == 1 ? "" : "s", vgpu_params.model->name,
		vgpu_sched_workers(), engine_isa());
	return 0;
}

static void __exit vgpu_unload(void)
{
	undo(ARRAY_SIZE(steps));
}

module_init(vgpu_load);
module_exit(vgpu_unload);
MODULE_DESCRIPTION("virtual GPU that executes in the kernel");
MODULE_VERSION(VGPU_MODULE_VERSION);
MODULE_LICENSE("GPL");
