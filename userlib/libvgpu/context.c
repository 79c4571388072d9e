// SPDX-License-Identifier: MIT
/* Contexts, handles, code objects. */
#include <string.h>
#include "libvgpu.h"
#include "sys.h"

/** vgpu_ctx_create - a context of the calling process */
int vgpu_ctx_create(const struct vgpu_dev *dev, uint32_t *ctx)
{
	struct vgpu_ctx_create c = { .size = sizeof(c) };
	int r = vgpu_sys_ioctl(dev->fd, VGPU_IOCTL_CTX_CREATE, &c);

	*ctx = r ? 0 : c.handle;
	return r;
}

/** vgpu_destroy - let go of any handle */
int vgpu_destroy(const struct vgpu_dev *dev, uint32_t handle)
{
	struct vgpu_destroy d = { .size = sizeof(d), .handle = handle };

	return vgpu_sys_ioctl(dev->fd, VGPU_IOCTL_DESTROY, &d);
}

/** vgpu_fault_query - what ended a context; kind VGPU_FAULT_NONE when nothing did */
int vgpu_fault_query(const struct vgpu_dev *dev, uint32_t ctx, struct vgpu_fault *fault)
{
	struct vgpu_fault_query q = {
		.size = sizeof(q),
		.ctx = ctx,
		.fault_size = sizeof(*fault),
		.fault = (uintptr_t)fault,
	};

	memset(fault, 0, sizeof(*fault));
	return vgpu_sys_ioctl(dev->fd, VGPU_IOCTL_FAULT_QUERY, &q);
}

/**
 * vgpu_code_load - verify and load a code object
 * @dev: device
 * @ctx: context
 * @image: its bytes
 * @size: how many
 * @log: where the verifier's message goes
 * @log_size: room there
 * @code: the handle
 *
 * Return: 0 or a negative errno.
 */
int vgpu_code_load(const struct vgpu_dev *dev, uint32_t ctx, const void *image, size_t size, char *log, size_t log_size,
		   uint32_t *code)
{
	struct vgpu_code_load l = {
		.size = sizeof(l),
		.ctx = ctx,
		.image = (uintptr_t)image,
		.image_size = size,
		.log = (uintptr_t)log,
		.log_size = log_size,
	};
	int r;

	if (log_size)
		log[0] = 0;
	r = vgpu_sys_ioctl(dev->fd, VGPU_IOCTL_CODE_LOAD, &l);
	*code = r ? 0 : l.handle;
	return r;
}

/** vgpu_kernel_info - @info names code and kernel (and a block's shape); the rest is filled in */
int vgpu_kernel_info(const struct vgpu_dev *dev, struct vgpu_kernel_info *info)
{
	info->size = sizeof(*info);
	return vgpu_sys_ioctl(dev->fd, VGPU_IOCTL_KERNEL_INFO, info);
}
