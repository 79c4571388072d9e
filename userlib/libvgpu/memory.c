// SPDX-License-Identifier: MIT
/* Buffer objects, GPU addresses, host memory, copies at once. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include "libvgpu.h"
#include "sys.h"

/** vgpu_bo_create - a zeroed piece of VRAM */
int vgpu_bo_create(const struct vgpu_dev *dev, uint32_t ctx, uint64_t size, uint32_t flags, uint32_t *bo)
{
	struct vgpu_bo_create c = { .size = sizeof(c), .flags = flags, .ctx = ctx, .length = size };
	int r = vgpu_sys_ioctl(dev->fd, VGPU_IOCTL_BO_CREATE, &c);

	*bo = r ? 0 : c.handle;
	return r;
}

/**
 * vgpu_bo_mmap - show a buffer to the process
 * @dev: device
 * @bo: buffer
 * @where: an address range to replace, or NULL for any
 * @size: bytes
 * @p: where it is
 *
 * Return: 0 or a negative errno.
 */
int vgpu_bo_mmap(const struct vgpu_dev *dev, uint32_t bo, void *where, uint64_t size, void **p)
{
	struct vgpu_bo_mmap m = { .size = sizeof(m), .handle = bo };
	int r = vgpu_sys_ioctl(dev->fd, VGPU_IOCTL_BO_MMAP, &m);

	if (r)
		return r;
	if (size > m.length)
		return -EINVAL;
	return vgpu_sys_mmap(dev->fd, where, size, PROT_READ | PROT_WRITE, m.offset, p);
}

/** vgpu_bo_share_fd - a file descriptor that keeps a buffer's memory and opens it elsewhere */
int vgpu_bo_share_fd(const struct vgpu_dev *dev, uint32_t bo, int *fd)
{
	struct vgpu_share s = { .size = sizeof(s), .flags = VGPU_SHARE_FD, .handle = bo };
	int r = vgpu_sys_ioctl(dev->fd, VGPU_IOCTL_SHARE, &s);

	*fd = r ? -1 : s.fd;
	return r;
}

/** vgpu_bo_share_token - what opens a buffer's memory elsewhere while the buffer exists */
int vgpu_bo_share_token(const struct vgpu_dev *dev, uint32_t bo, uint8_t token[VGPU_TOKEN_LEN])
{
	struct vgpu_share s = { .size = sizeof(s), .flags = VGPU_SHARE_TOKEN, .handle = bo };
	int r = vgpu_sys_ioctl(dev->fd, VGPU_IOCTL_SHARE, &s);

	if (!r)
		memcpy(token, s.token, VGPU_TOKEN_LEN);
	return r;
}

static int open_shared(const struct vgpu_dev *dev, struct vgpu_open_shared *o, uint32_t *bo, uint64_t *size,
		       uint32_t *device)
{
	int r = vgpu_sys_ioctl(dev->fd, VGPU_IOCTL_OPEN_SHARED, o);

	*bo = r ? 0 : o->handle;
	*size = r ? 0 : o->length;
	if (device)
		*device = o->device;
	return r;
}

/**
 * vgpu_bo_open_fd - a buffer of a context, with the memory that a descriptor stands for
 * @dev: device of the context
 * @ctx: context
 * @fd: descriptor
 * @bo: the buffer
 * @size: its bytes
 * @device: index of the device whose memory it is, or NULL
 *
 * Return: 0 or a negative errno.
 */
int vgpu_bo_open_fd(const struct vgpu_dev *dev, uint32_t ctx, int fd, uint32_t *bo, uint64_t *size, uint32_t *device)
{
	struct vgpu_open_shared o = { .size = sizeof(o), .flags = VGPU_SHARE_FD, .ctx = ctx, .fd = fd };

	return open_shared(dev, &o, bo, size, device);
}

/** vgpu_bo_open_token - the same by a token */
int vgpu_bo_open_token(const struct vgpu_dev *dev, uint32_t ctx, const uint8_t token[VGPU_TOKEN_LEN], uint32_t *bo,
		       uint64_t *size, uint32_t *device)
{
	struct vgpu_open_shared o = { .size = sizeof(o), .flags = VGPU_SHARE_TOKEN, .ctx = ctx };

	memcpy(o.token, token, VGPU_TOKEN_LEN);
	return open_shared(dev, &o, bo, size, device);
}

/** vgpu_va_map - map part of a buffer at exactly @va */
int vgpu_va_map(const struct vgpu_dev *dev, uint32_t bo, uint64_t offset, uint64_t size, uint64_t va, uint32_t flags)
{
	struct vgpu_va_map m = {
		.size = sizeof(m),
		.flags = flags | VGPU_VA_FIXED,
		.bo = bo,
		.offset = offset,
		.length = size,
		.va = va,
	};

	return vgpu_sys_ioctl(dev->fd, VGPU_IOCTL_VA_MAP, &m);
}

/** vgpu_va_unmap - undo one vgpu_va_map() */
int vgpu_va_unmap(const struct vgpu_dev *dev, uint32_t ctx, uint64_t va, uint64_t size)
{
	struct vgpu_va_unmap m = { .size = sizeof(m), .ctx = ctx, .va = va, .length = size };

	return vgpu_sys_ioctl(dev->fd, VGPU_IOCTL_VA_UNMAP, &m);
}

/** vgpu_host_register - pin host memory; the GPU sees it at the same address */
int vgpu_host_register(const struct vgpu_dev *dev, uint32_t ctx, void *p, uint64_t size, uint32_t flags,
		       uint32_t *handle)
{
	struct vgpu_host_register h = {
		.size = sizeof(h),
		.flags = flags,
		.ctx = ctx,
		.address = (uintptr_t)p,
		.length = size,
	};
	int r = vgpu_sys_ioctl(dev->fd, VGPU_IOCTL_HOST_REGISTER, &h);

	*handle = r ? 0 : h.handle;
	return r;
}

/** vgpu_mem_copy - copy between process and GPU memory, not ordered with any queue */
int vgpu_mem_copy(const struct vgpu_dev *dev, struct vgpu_mem_copy *copy)
{
	copy->size = sizeof(*copy);
	copy->done = 0;
	return vgpu_sys_ioctl(dev->fd, VGPU_IOCTL_MEM_COPY, copy);
}
