// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/nvidiaN, /dev/nvidiactl and /dev/nvidia-uvm.
 *
 * A card's node is the device's own, under the name and number that programs
 * and containers look for.  The other two can only be opened: their ioctls are
 * the private language of NVIDIA's libraries and kernel modules.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/printk.h>

#include "../core/vgpu.h"
#include "internal.h"

/* Minors of nvidia-uvm and nvidia-uvm-tools under their dynamic major. */
#define UVM_MINORS	2

static const char * const uvm_names[UVM_MINORS] = {
	"nvidia-uvm", "nvidia-uvm-tools",
};

static struct {
	struct class *class;
	dev_t uvm;
	struct cdev ctl_cdev;
	struct cdev uvm_cdev;
	struct cdev card_cdev;
} nodes;

static int foreign_open(struct inode *inode, struct file *file)
{
	return vgpu_loaded() ?: nonseekable_open(inode, file);
}

static long foreign_ioctl(struct file *file, unsigned int cmd,
			  unsigned long arg)
{
	pr_info_once("ioctl %#x on %pD: NVIDIA's own libraries cannot use a vgpu, ours must be installed as libcuda.so.1\n",
		     cmd, file);
	return -ENOTTY;
}

static const struct file_operations foreign_fops = {
	.owner = THIS_MODULE,
	.open = foreign_open,
	.unlocked_ioctl = foreign_ioctl,
	.compat_ioctl = foreign_ioctl,
};

static char *node_mode(VGPU_DEVNODE_CONST struct device *dev, umode_t *mode)
{
	if (mode)
		*mode = NVIDIA_NODE_MODE;
	return NULL;
}

static int make_class(void)
{
	nodes.class = vgpu_class_create("nvidia");
	if (IS_ERR(nodes.class))
		return PTR_ERR(nodes.class);
	nodes.class->devnode = node_mode;
	return 0;
}

/* A character device with @count minors and, where there are names, a node for each. */
static int make_nodes(struct cdev *cdev, const struct file_operations *fops,
		      dev_t first, unsigned int count,
		      const char * const *names)
{
	struct device *node;
	unsigned int i;
	int err;

	cdev_init(cdev, fops);
	cdev->owner = THIS_MODULE;
	err = cdev_add(cdev, first, count);
	if (err)
		return err;
	for (i = 0; names && i < count; i++) {
		node = device_create(nodes.class, NULL, first + i, NULL, "%s",
				     names[i]);
		if (IS_ERR(node))
			goto undo;
	}
	return 0;

undo:
	while (i--)
		device_destroy(nodes.class, first + i);
	cdev_del(cdev);
	return PTR_ERR(node);
}

static void remove_nodes(struct cdev *cdev, dev_t first, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		device_destroy(nodes.class, first + i);
	cdev_del(cdev);
}

static int reserve_numbers(void)
{
	int err;

	err = register_chrdev_region(MKDEV(NVIDIA_MAJOR, 0),
				     NVIDIA_CARD_MINORS, "nvidia");
	if (err)
		return err;
	err = register_chrdev_region(MKDEV(NVIDIA_MAJOR, NVIDIA_CTL_MINOR), 1,
				     "nvidiactl");
	if (err)
		goto err_cards;
	err = alloc_chrdev_region(&nodes.uvm, 0, UVM_MINORS, "nvidia-uvm");
	if (err)
		goto err_ctl;
	return 0;

err_ctl:
	unregister_chrdev_region(MKDEV(NVIDIA_MAJOR, NVIDIA_CTL_MINOR), 1);
err_cards:
	unregister_chrdev_region(MKDEV(NVIDIA_MAJOR, 0), NVIDIA_CARD_MINORS);
	return err;
}

static void release_numbers(void)
{
	unregister_chrdev_region(nodes.uvm, UVM_MINORS);
	unregister_chrdev_region(MKDEV(NVIDIA_MAJOR, NVIDIA_CTL_MINOR), 1);
	unregister_chrdev_region(MKDEV(NVIDIA_MAJOR, 0), NVIDIA_CARD_MINORS);
}

static int make_common_nodes(void)
{
	static const char * const ctl_name[] = { "nvidiactl" };
	dev_t ctl = MKDEV(NVIDIA_MAJOR, NVIDIA_CTL_MINOR);
	int err;

	err = make_nodes(&nodes.ctl_cdev, &foreign_fops, ctl, 1, ctl_name);
	if (err)
		return err;
	err = make_nodes(&nodes.uvm_cdev, &foreign_fops, nodes.uvm, UVM_MINORS,
			 uvm_names);
	if (err)
		goto err_ctl;
	/* One for all cards, whose nodes come and go. */
	err = make_nodes(&nodes.card_cdev, &vgpu_fops, MKDEV(NVIDIA_MAJOR, 0),
			 VGPU_MAX_DEVICES, NULL);
	if (err)
		goto err_uvm;
	return 0;

err_uvm:
	remove_nodes(&nodes.uvm_cdev, nodes.uvm, UVM_MINORS);
err_ctl:
	remove_nodes(&nodes.ctl_cdev, ctl, 1);
	return err;
}

/**
 * nvidia_nodes_init - take NVIDIA's numbers, make the nodes common to all cards
 *
 * Return: 0, -EBUSY when the major is in use, or another negative errno.
 */
int nvidia_nodes_init(void)
{
	int err;

	err = reserve_numbers();
	if (err)
		return err;
	err = make_class();
	if (err)
		goto err_numbers;
	err = make_common_nodes();
	if (err)
		goto err_class;
	return 0;

err_class:
	class_destroy(nodes.class);
err_numbers:
	release_numbers();
	return err;
}

/**
 * nvidia_nodes_exit - undo nvidia_nodes_init()
 */
void nvidia_nodes_exit(void)
{
	cdev_del(&nodes.card_cdev);
	remove_nodes(&nodes.uvm_cdev, nodes.uvm, UVM_MINORS);
	remove_nodes(&nodes.ctl_cdev, MKDEV(NVIDIA_MAJOR, NVIDIA_CTL_MINOR), 1);
	class_destroy(nodes.class);
	release_numbers();
}

/**
 * nvidia_nodes_add - make /dev/nvidiaN
 * @dev: device N
 *
 * Return: 0 or a negative errno.
 */
int nvidia_nodes_add(struct vgpu_device *dev)
{
	return PTR_ERR_OR_ZERO(device_create(nodes.class, NULL,
					     MKDEV(NVIDIA_MAJOR, dev->index), NULL,
					     "nvidia%u", dev->index));
}

/**
 * nvidia_nodes_del - remove /dev/nvidiaN
 * @dev: device N
 */
void nvidia_nodes_del(struct vgpu_device *dev)
{
	device_destroy(nodes.class, MKDEV(NVIDIA_MAJOR, dev->index));
}
