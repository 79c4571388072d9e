// SPDX-License-Identifier: GPL-2.0
/* vgpu_configfs.ko for kernels without configfs: it can be built, and says why it cannot be used. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/printk.h>

static int __init load(void)
{
	pr_err("this kernel has no configfs: devices can only be made at load (gpus=N)\n");
	return -EOPNOTSUPP;
}

module_init(load);
MODULE_DESCRIPTION("virtual GPUs: no devices at run time in this kernel");
MODULE_LICENSE("GPL");
