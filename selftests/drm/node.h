/* SPDX-License-Identifier: MIT */
/* The render node for a test: found by libdrm, used through ioctls. Every call returns 0 or -errno. */
#ifndef SELFTESTS_DRM_NODE_H
#define SELFTESTS_DRM_NODE_H

#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <xf86drm.h>

#include "../../uapi/vgpu_drm.h"
#include "../driver/dev.h"

/* An open of a node of a device, DRM_NODE_RENDER or _PRIMARY; below 0 when there is none. */
static inline int node_open_of(int device, int type)
{
	drmDevicePtr list[32];
	int n = drmGetDevices2(0, list, 32), fd = -ENODEV;

	for (int i = 0; i < n && fd < 0; i++)
		if (list[i]->bustype == DRM_BUS_PCI && list[i]->deviceinfo.pci->vendor_id == 0x10de &&
		    list[i]->businfo.pci->dev == device && list[i]->available_nodes & 1 << type)
			fd = open(list[i]->nodes[type], O_RDWR | O_CLOEXEC);
	if (n > 0)
		drmFreeDevices(list, n);
	return fd;
}

static inline int node_open_as(int type)
{
	return node_open_of(0, type);
}

static inline int node_open(void)
{
	return node_open_as(DRM_NODE_RENDER);
}

static inline int get_param(int fd, uint32_t param, uint64_t *value)
{
	struct drm_vgpu_get_param p = { .param = param };
	int rc = xioctl(fd, DRM_IOCTL_VGPU_GET_PARAM, &p);

	*value = p.value;
	return rc;
}

static inline int gem_create(int fd, uint64_t size, uint32_t *handle)
{
	struct drm_vgpu_gem_create c = { .size = size };
	int rc = xioctl(fd, DRM_IOCTL_VGPU_GEM_CREATE, &c);

	*handle = c.handle;
	return rc;
}

static inline int gem_close(int fd, uint32_t handle)
{
	struct drm_gem_close c = { .handle = handle };

	return xioctl(fd, DRM_IOCTL_GEM_CLOSE, &c);
}

static inline int gem_offset(int fd, uint32_t handle, uint64_t *offset)
{
	struct drm_vgpu_gem_mmap m = { .handle = handle };
	int rc = xioctl(fd, DRM_IOCTL_VGPU_GEM_MMAP, &m);

	*offset = m.offset;
	return rc;
}

static inline void *gem_mmap(int fd, uint32_t handle, uint64_t size)
{
	uint64_t offset;

	if (gem_offset(fd, handle, &offset))
		return MAP_FAILED;
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
}

static inline int gem_import(int fd, int memory, uint32_t *handle, uint64_t *size)
{
	struct drm_vgpu_gem_import i = { .fd = memory };
	int rc = xioctl(fd, DRM_IOCTL_VGPU_GEM_IMPORT, &i);

	*handle = i.handle;
	*size = i.size;
	return rc;
}

static inline int gem_export(int fd, uint32_t handle, int *memory)
{
	struct drm_vgpu_gem_export e = { .handle = handle };
	int rc = xioctl(fd, DRM_IOCTL_VGPU_GEM_EXPORT, &e);

	*memory = rc ? -1 : e.fd;
	return rc;
}

static inline int prime_export(int fd, uint32_t handle, int *buf)
{
	return drmPrimeHandleToFD(fd, handle, DRM_CLOEXEC | DRM_RDWR, buf) ? -errno : 0;
}

static inline int prime_import(int fd, int buf, uint32_t *handle)
{
	return drmPrimeFDToHandle(fd, buf, handle) ? -errno : 0;
}

static inline int put_fence(int fd, int gpu, uint32_t queue, uint64_t value, uint32_t syncobj,
			    uint64_t point)
{
	struct drm_vgpu_fence f = {
		.fd = gpu, .queue = queue, .value = value, .syncobj = syncobj, .point = point,
	};

	return xioctl(fd, DRM_IOCTL_VGPU_FENCE, &f);
}

static inline int attach(int fd, int gpu)
{
	struct drm_vgpu_attach a = { .fd = gpu };

	return xioctl(fd, DRM_IOCTL_VGPU_ATTACH, &a);
}

/* The number behind a key of a descriptor's fdinfo; ~0 when the key is not there. */
static inline uint64_t fdinfo(int fd, const char *key)
{
	char path[64], line[256];
	size_t n = strlen(key);
	uint64_t v = ~0ull;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, n) && line[n] == ':')
			v = strtoull(line + n + 1, NULL, 10);
	if (f)
		fclose(f);
	return v;
}

static inline int send_fd(int sock, int fd)
{
	char byte = 0, room[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec v = { &byte, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	return sendmsg(sock, &m, 0) == 1 ? 0 : -errno;
}

static inline int receive_fd(int sock)
{
	char byte, room[CMSG_SPACE(sizeof(int))];
	struct iovec v = { &byte, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room) };
	int fd;

	if (recvmsg(sock, &m, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&m))
		return -EIO;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(int));
	return fd;
}

#endif
