/* SPDX-License-Identifier: MIT */
/*
 * libvgpu: devices, contexts, memory and queues of vgpu.ko for user space.
 *
 * A thin layer over uapi/vgpu_ioctl.h: finding devices, calls with EINTR and
 * EAGAIN handled, and the writing side of a queue's ring.  Everything returns
 * 0 or a negative errno of that contract.  No state besides the structs here,
 * no locks: callers serialize the use of one queue.
 */
#ifndef LIBVGPU_H
#define LIBVGPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../../uapi/vgpu_ioctl.h"

#define VGPU_MAX_DEVICES  64
#define VGPU_WAIT_FOREVER (~0ull)
/* Stands in every library that this one is part of, so that `vgpu-ctl doctor' knows them. */
#define VGPU_LIBRARY_MARK "a library of the vgpu project"

/**
 * struct vgpu_dev - an open device
 * @fd: its file
 * @render: its render node, opened by vgpu_dev_account(), else -1
 * @info: what never changes
 */
struct vgpu_dev {
	int fd;
	int render;
	struct vgpu_device_info info;
};

/**
 * struct vgpu_ring - the writing side of a queue
 * @dev: device it belongs to
 * @handle: queue handle
 * @slots: size of the ring
 * @tail: slots written so far
 * @packets: packets written so far: the number of the newest one
 * @user: user area
 * @kernel: kernel area
 */
struct vgpu_ring {
	const struct vgpu_dev *dev;
	uint32_t handle;
	uint32_t slots;
	uint64_t tail;
	uint64_t packets;
	struct vgpu_queue_user *user;
	const struct vgpu_queue_kernel *kernel;
};

/* devices.c */
int vgpu_devices_open(struct vgpu_dev *devs, int max);
void vgpu_dev_close(struct vgpu_dev *dev);
int vgpu_dev_status(const struct vgpu_dev *dev, struct vgpu_device_status *status);

/* render.c */
int vgpu_dev_render_node(const struct vgpu_dev *dev, char *path, size_t size);
void vgpu_dev_account(struct vgpu_dev *dev);
int vgpu_bo_dmabuf(const struct vgpu_dev *dev, uint32_t bo, uint64_t offset, uint64_t size, int *fd);

/* status.c */
int vgpu_dev_processes(const struct vgpu_dev *dev, struct vgpu_process **list);
int vgpu_dev_event(const struct vgpu_dev *dev, uint64_t *after, uint32_t *lost, struct vgpu_fault *fault);
int vgpu_dev_inject(const struct vgpu_dev *dev, uint32_t kind, uint64_t value);
int vgpu_dev_reset(const struct vgpu_dev *dev, bool force);

/* monitor.c */
int vgpu_dev_sensors(const struct vgpu_dev *dev, struct vgpu_sensors *sensors);
int vgpu_dev_samples(const struct vgpu_dev *dev, uint32_t kind, uint64_t after_ns, struct vgpu_sample **list,
		     uint32_t *limit);
int vgpu_dev_newest_sample(const struct vgpu_dev *dev, struct vgpu_sample *sample);
int vgpu_dev_accounts(const struct vgpu_dev *dev, struct vgpu_account **list, uint32_t *limit);
int vgpu_dev_set(const struct vgpu_dev *dev, uint32_t what, uint64_t value);

/* context.c */
int vgpu_ctx_create(const struct vgpu_dev *dev, uint32_t *ctx);
int vgpu_destroy(const struct vgpu_dev *dev, uint32_t handle);
int vgpu_fault_query(const struct vgpu_dev *dev, uint32_t ctx, struct vgpu_fault *fault);
int vgpu_code_load(const struct vgpu_dev *dev, uint32_t ctx, const void *image, size_t size, char *log, size_t log_size,
		   uint32_t *code);
int vgpu_kernel_info(const struct vgpu_dev *dev, struct vgpu_kernel_info *info);

/* memory.c */
int vgpu_bo_create(const struct vgpu_dev *dev, uint32_t ctx, uint64_t size, uint32_t flags, uint32_t *bo);
int vgpu_bo_mmap(const struct vgpu_dev *dev, uint32_t bo, void *where, uint64_t size, void **p);
int vgpu_bo_share_fd(const struct vgpu_dev *dev, uint32_t bo, int *fd);
int vgpu_bo_share_token(const struct vgpu_dev *dev, uint32_t bo, uint8_t token[VGPU_TOKEN_LEN]);
int vgpu_bo_open_fd(const struct vgpu_dev *dev, uint32_t ctx, int fd, uint32_t *bo, uint64_t *size, uint32_t *device);
int vgpu_bo_open_token(const struct vgpu_dev *dev, uint32_t ctx, const uint8_t token[VGPU_TOKEN_LEN], uint32_t *bo,
		       uint64_t *size, uint32_t *device);
int vgpu_va_map(const struct vgpu_dev *dev, uint32_t bo, uint64_t offset, uint64_t size, uint64_t va, uint32_t flags);
int vgpu_va_unmap(const struct vgpu_dev *dev, uint32_t ctx, uint64_t va, uint64_t size);
int vgpu_host_register(const struct vgpu_dev *dev, uint32_t ctx, void *p, uint64_t size, uint32_t flags,
		       uint32_t *handle);
int vgpu_mem_copy(const struct vgpu_dev *dev, struct vgpu_mem_copy *copy);

/* ring.c */
int vgpu_ring_open(const struct vgpu_dev *dev, uint32_t ctx, uint32_t slots, int priority, struct vgpu_ring *ring);
void vgpu_ring_close(struct vgpu_ring *ring);
int vgpu_ring_reserve(struct vgpu_ring *ring, uint32_t slots);
void vgpu_ring_write(struct vgpu_ring *ring, uint32_t offset, const void *data, size_t size);
int vgpu_ring_commit(struct vgpu_ring *ring, uint32_t slots, uint32_t packets);
uint32_t vgpu_ring_free(const struct vgpu_ring *ring);
int vgpu_ring_packet(struct vgpu_ring *ring, const void *packet);
uint64_t vgpu_ring_done(const struct vgpu_ring *ring);
int vgpu_ring_wait(const struct vgpu_ring *ring, uint64_t packet, uint64_t deadline_ns);

/* fence.c */
int vgpu_fence_create(const struct vgpu_dev *dev, uint32_t ctx, uint64_t value, uint32_t *fence);
int vgpu_fence_signal(const struct vgpu_dev *dev, uint32_t fence, uint64_t value);
int vgpu_wait(const struct vgpu_dev *dev, uint32_t handle, uint64_t value, uint64_t deadline_ns);

#endif
