// SPDX-License-Identifier: MIT
/* The render node of a device, where vgpu_drm.ko has made one. */
#include <errno.h>
#include "libvgpu.h"
#include "sys.h"

/**
 * vgpu_dev_render_node - where it is
 * @dev: device
 * @path: room for the node's path
 * @size: how much
 *
 * Return: 0, -ENOENT when there is none or no libdrm.
 */
int vgpu_dev_render_node(const struct vgpu_dev *dev, char *path, size_t size)
{
	return vgpu_sys_render_node(&dev->info, path, size);
}

/**
 * vgpu_dev_account - be seen as a client of the device by what reads the fdinfo of render nodes
 * @dev: device
 *
 * Keeps the node open until the device is closed, if this process may open it; without one nothing happens.
 */
void vgpu_dev_account(struct vgpu_dev *dev)
{
	char path[64];
	int fd;

	if (dev->render >= 0 || vgpu_sys_render_node(&dev->info, path, sizeof(path)))
		return;
	fd = vgpu_sys_open(path);
	if (fd < 0)
		return;
	if (vgpu_sys_render_attach(fd, dev->fd))
		vgpu_sys_close(fd);
	else
		dev->render = fd;
}

/**
 * vgpu_bo_dmabuf - part of a buffer as a dma-buf, which keeps the memory
 * @dev: device, whose render node vgpu_dev_account() has opened
 * @bo: buffer
 * @offset: first byte, a multiple of 4 KiB
 * @size: bytes, likewise
 * @fd: descriptor
 *
 * Return: 0, -EOPNOTSUPP without a render node, -EINVAL when it is another device's memory.
 */
int vgpu_bo_dmabuf(const struct vgpu_dev *dev, uint32_t bo, uint64_t offset, uint64_t size, int *fd)
{
	int memory, r;

	if (dev->render < 0)
		return -EOPNOTSUPP;
	r = vgpu_bo_share_fd(dev, bo, &memory);
	if (r)
		return r;
	r = vgpu_sys_render_dmabuf(dev->render, memory, offset, size, fd);
	vgpu_sys_close(memory);
	return r;
}
