// SPDX-License-Identifier: GPL-2.0
/*
 * The character devices /dev/vgpuN: one for all numbers, which outlives the devices, so
 * that opening one that is being removed finds either it or nothing.
 */
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/fs.h>

#include "device.h"
#include "vgpu.h"

static struct class *class;
static struct cdev cdev;
static dev_t region;

static char *devnode(VGPU_DEVNODE_CONST struct device *dev, umode_t *mode)
{
	if (mode)
		*mode = 0666;
	return NULL;
}

/** vgpu_nodes_init - take a major number and make the class */
int vgpu_nodes_init(void)
{
	int rc = alloc_chrdev_region(&region, 0, VGPU_MAX_DEVICES, VGPU_NAME);

	if (rc)
		return rc;
	class = vgpu_class_create(VGPU_NAME);
	rc = PTR_ERR_OR_ZERO(class);
	if (rc)
		goto err_region;
	class->devnode = devnode;
	cdev_init(&cdev, &vgpu_fops);
	cdev.owner = THIS_MODULE;
	rc = cdev_add(&cdev, region, VGPU_MAX_DEVICES);
	if (rc)
		goto err_class;
	return 0;
err_class:
	class_destroy(class);
err_region:
	unregister_chrdev_region(region, VGPU_MAX_DEVICES);
	return rc;
}

/** vgpu_nodes_exit - give all back */
void vgpu_nodes_exit(void)
{
	cdev_del(&cdev);
	class_destroy(class);
	unregister_chrdev_region(region, VGPU_MAX_DEVICES);
}

/** vgpu_node_add - make /dev/vgpuN */
int vgpu_node_add(struct vgpu_device *dev)
{
	dev->dev = device_create(class, NULL, MKDEV(MAJOR(region), dev->index), NULL,
				 VGPU_NAME "%u", dev->index);
	return PTR_ERR_OR_ZERO(dev->dev);
}

/** vgpu_node_remove - remove /dev/vgpuN */
void vgpu_node_remove(struct vgpu_device *dev)
{
	device_destroy(class, MKDEV(MAJOR(region), dev->index));
	dev->dev = NULL;
}
