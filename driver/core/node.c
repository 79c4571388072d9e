// SPDX-License-Identifier: GPL-2.0
/*
 * The character devices /dev/vgpuN.
 */
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/fs.h>

#include "device.h"
#include "vgpu.h"

static struct class *class;
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
	if (IS_ERR(class)) {
		unregister_chrdev_region(region, VGPU_MAX_DEVICES);
		return PTR_ERR(class);
	}
	class->devnode = devnode;
	return 0;
}

/** vgpu_nodes_exit - give both back */
void vgpu_nodes_exit(void)
{
	class_destroy(class);
	unregister_chrdev_region(region, VGPU_MAX_DEVICES);
}

/** vgpu_node_add - make /dev/vgpuN; it can be opened when this returns */
int vgpu_node_add(struct vgpu_device *dev)
{
	dev_t devt = MKDEV(MAJOR(region), dev->index);
	int rc;

	cdev_init(&dev->cdev, &vgpu_fops);
	dev->cdev.owner = THIS_MODULE;
	rc = cdev_add(&dev->cdev, devt, 1);
	if (rc)
		return rc;
	dev->dev = device_create(class, NULL, devt, dev, VGPU_NAME "%u", dev->index);
	if (IS_ERR(dev->dev)) {
		cdev_del(&dev->cdev);
		return PTR_ERR(dev->dev);
	}
	return 0;
}

/** vgpu_node_remove - remove /dev/vgpuN */
void vgpu_node_remove(struct vgpu_device *dev)
{
	device_destroy(class, dev->dev->devt);
	cdev_del(&dev->cdev);
}
