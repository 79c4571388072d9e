// SPDX-License-Identifier: GPL-2.0
/* vgpu_drm.ko for kernels without DRM: it can be built, and says why it cannot be used. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/printk.h>

static int __init load(void)
{
	pr_err("this kernel has no DRM: there can be no render nodes\n");
	return -EOPNOTSUPP;
}

module_init(load);
MODULE_DESCRIPTION("virtual GPUs: no render nodes in this kernel");
MODULE_LICENSE("GPL");
