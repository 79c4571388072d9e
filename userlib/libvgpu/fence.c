// SPDX-License-Identifier: MIT
/* Fences, and waiting for fences and queues. */
#include "libvgpu.h"
#include "sys.h"

/** vgpu_fence_create - a 64-bit value that only grows */
int vgpu_fence_create(const struct vgpu_dev *dev, uint32_t ctx, uint64_t value, uint32_t *fence)
{
	struct vgpu_fence_create c = { .size = sizeof(c), .ctx = ctx, .value = value };
	int r = vgpu_sys_ioctl(dev->fd, VGPU_IOCTL_FENCE_CREATE, &c);

	*fence = r ? 0 : c.handle;
	return r;
}

/** vgpu_fence_signal - raise a fence from the host */
int vgpu_fence_signal(const struct vgpu_dev *dev, uint32_t fence, uint64_t value)
{
	struct vgpu_fence_signal s = { .size = sizeof(s), .fence = fence, .value = value };

	return vgpu_sys_ioctl(dev->fd, VGPU_IOCTL_FENCE_SIGNAL, &s);
}

/** vgpu_wait - until a queue or fence has reached @value, or CLOCK_MONOTONIC @deadline_ns */
int vgpu_wait(const struct vgpu_dev *dev, uint32_t handle, uint64_t value, uint64_t deadline_ns)
{
	struct vgpu_wait w = {
		.size = sizeof(w),
		.handle = handle,
		.value = value,
		.deadline_ns = deadline_ns,
	};

	return vgpu_sys_ioctl(dev->fd, VGPU_IOCTL_WAIT, &w);
}
