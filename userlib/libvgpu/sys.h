/* SPDX-License-Identifier: MIT */
/* The system calls of libvgpu, in one place: a test puts its own device here. */
#ifndef LIBVGPU_SYS_H
#define LIBVGPU_SYS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct vgpu_device_info;

/* 0 or a negative errno; restarted on EINTR, which keeps [in/out] members as the kernel left them. */
int vgpu_sys_ioctl(int fd, unsigned long request, void *arg);
/* Every name in /dev, until the function returns non-zero. */
int vgpu_sys_nodes(int (*fn)(const char *name, void *data), void *data);
int vgpu_sys_open(const char *path);
void vgpu_sys_close(int fd);
int vgpu_sys_mmap(int fd, void *where, size_t size, int prot, off_t offset, void **p);
void vgpu_sys_munmap(void *p, size_t size);
/* The path of the render node of a device; -ENOENT when there is none, or no libdrm. */
int vgpu_sys_render_node(const struct vgpu_device_info *info, char *path, size_t size);
/* Account an open device for an open render node; -ENODEV when that is another driver's. */
int vgpu_sys_render_attach(int render, int device);
/* A dma-buf of part of what a descriptor of VGPU_IOCTL_SHARE keeps. */
int vgpu_sys_render_dmabuf(int render, int memory, uint64_t offset, uint64_t size, int *fd);

#endif
