// SPDX-License-Identifier: MIT
/* Finding the devices that this process may open. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "libvgpu.h"
#include "sys.h"

static const char mark[] __attribute__((used)) = VGPU_LIBRARY_MARK;

/* "vgpu3" and "nvidia3" name devices; "nvidiactl" and "nvidia-uvm" do not. */
static bool is_node(const char *name)
{
	if (!strncmp(name, "vgpu", 4))
		name += 4;
	else if (!strncmp(name, "nvidia", 6))
		name += 6;
	else
		return false;
	if (!isdigit((unsigned char)*name))
		return false;
	while (isdigit((unsigned char)*name))
		name++;
	return !*name;
}

/* Open one node; fails on what is not ours, such as a real card's. */
static int dev_open(const char *path, struct vgpu_dev *dev)
{
	int fd = vgpu_sys_open(path), r;

	if (fd < 0)
		return fd;
	memset(dev, 0, sizeof(*dev));
	dev->fd = fd;
	dev->render = -1;
	dev->info.size = sizeof(dev->info);
	r = vgpu_sys_ioctl(fd, VGPU_IOCTL_DEVICE_INFO, &dev->info);
	if (r)
		vgpu_sys_close(fd);
	return r;
}

static int dev_cmp(const void *a, const void *b)
{
	const struct vgpu_dev *x = a, *y = b;

	return (x->info.index > y->info.index) - (x->info.index < y->info.index);
}

/* Both names of a device may exist, and either may be forbidden. */
static bool have_index(const struct vgpu_dev *devs, int count, uint32_t index)
{
	for (int i = 0; i < count; i++)
		if (devs[i].info.index == index)
			return true;
	return false;
}

/* @error: why it ends early: no descriptor or no memory is left, which says nothing about devices */
struct found {
	struct vgpu_dev *devs;
	int count, max;
	int error;
};

static int visit(const char *name, void *data)
{
	struct found *f = data;
	struct vgpu_dev *dev = &f->devs[f->count];
	char path[300];
	int r;

	if (!is_node(name))
		return 0;
	snprintf(path, sizeof(path), "/dev/%s", name);
	r = dev_open(path, dev);
	if (r == -EMFILE || r == -ENFILE || r == -ENOMEM)
		f->error = r;
	if (r)
		return f->error;
	if (have_index(f->devs, f->count, dev->info.index))
		vgpu_sys_close(dev->fd);
	else
		f->count++;
	return f->count == f->max;
}

/**
 * vgpu_devices_open - open every device this process may use
 * @devs: room for them; in order of their index
 * @max: how many fit
 *
 * Return: the number opened; 0 when there is none, or none that may be opened; a negative errno, and none
 * is open, when the process or the machine has no descriptor or no memory left.
 */
int vgpu_devices_open(struct vgpu_dev *devs, int max)
{
	struct found f = { .devs = devs, .max = max };

	int r = vgpu_sys_nodes(visit, &f);

	if (f.error || r) {
		while (f.count--)
			vgpu_dev_close(&devs[f.count]);
		return f.error ? f.error : r;
	}
	qsort(devs, f.count, sizeof(*devs), dev_cmp);
	return f.count;
}

/** vgpu_dev_close - let go of a device and of every handle made on it */
void vgpu_dev_close(struct vgpu_dev *dev)
{
	if (dev->render >= 0)
		vgpu_sys_close(dev->render);
	vgpu_sys_close(dev->fd);
	dev->render = -1;
	dev->fd = -1;
}

/** vgpu_dev_status - the live counters of a device */
int vgpu_dev_status(const struct vgpu_dev *dev, struct vgpu_device_status *status)
{
	memset(status, 0, sizeof(*status));
	status->size = sizeof(*status);
	return vgpu_sys_ioctl(dev->fd, VGPU_IOCTL_DEVICE_STATUS, status);
}
