// SPDX-License-Identifier: GPL-2.0
/* Stands in for NVIDIA's driver: holds the first number of its major. */
#include <linux/fs.h>
#include <linux/module.h>

static int __init busy_init(void)
{
	return register_chrdev_region(MKDEV(195, 0), 1, "busy195");
}

static void __exit busy_exit(void)
{
	unregister_chrdev_region(MKDEV(195, 0), 1);
}

module_init(busy_init);
module_exit(busy_exit);
MODULE_DESCRIPTION("test: major 195 is in use");
MODULE_LICENSE("GPL");
