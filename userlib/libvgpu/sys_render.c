// SPDX-License-Identifier: MIT
/*
 * What libvgpu asks of libdrm. It is loaded when it is needed and where it is installed: libcuda.so.1 goes into
 * containers and old systems that have none, and works there.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xf86drm.h>
#include "../../uapi/vgpu_drm.h"
#include "libvgpu.h"
#include "sys.h"

#define MAX_NODES 64

struct libdrm {
	void *handle;
	__typeof__(drmGetDevices2) *get_devices;
	__typeof__(drmFreeDevices) *free_devices;
	__typeof__(drmGetVersion) *get_version;
	__typeof__(drmFreeVersion) *free_version;
};

static int libdrm_open(struct libdrm *l)
{
	if (access("/dev/dri", X_OK))
		return -ENOENT;
	l->handle = dlopen("libdrm.so.2", RTLD_NOW | RTLD_LOCAL);
	if (!l->handle)
		return -ENOENT;
	l->get_devices = (__typeof__(l->get_devices))dlsym(l->handle, "drmGetDevices2");
	l->free_devices = (__typeof__(l->free_devices))dlsym(l->handle, "drmFreeDevices");
	l->get_version = (__typeof__(l->get_version))dlsym(l->handle, "drmGetVersion");
	l->free_version = (__typeof__(l->free_version))dlsym(l->handle, "drmFreeVersion");
	if (l->get_devices && l->free_devices && l->get_version && l->free_version)
		return 0;
	dlclose(l->handle);
	return -ENOENT;
}

static bool is_device(const drmDevicePtr d, const struct vgpu_device_info *info)
{
	return d->bustype == DRM_BUS_PCI && d->available_nodes & 1 << DRM_NODE_RENDER &&
	       d->businfo.pci->domain == info->pci_domain && d->businfo.pci->bus == info->pci_bus &&
	       d->businfo.pci->dev == info->pci_device && d->businfo.pci->func == info->pci_function;
}

int vgpu_sys_render_node(const struct vgpu_device_info *info, char *path, size_t size)
{
	drmDevicePtr list[MAX_NODES];
	struct libdrm l;
	int r = libdrm_open(&l), n;

	if (r)
		return r;
	r = -ENOENT;
	n = l.get_devices(0, list, MAX_NODES);
	for (int i = 0; i < n && r; i++)
		if (is_device(list[i], info))
			r = snprintf(path, size, "%s", list[i]->nodes[DRM_NODE_RENDER]) < (int)size ? 0 : -ERANGE;
	if (n > 0)
		l.free_devices(list, n);
	dlclose(l.handle);
	return r;
}

int vgpu_sys_render_attach(int render, int device)
{
	struct drm_vgpu_attach a = { .fd = device };
	struct libdrm l;
	drmVersionPtr v;
	bool ours;
	int r = libdrm_open(&l);

	if (r)
		return r;
	/* The number of the ioctl means something else to any other driver. */
	v = l.get_version(render);
	ours = v && !strcmp(v->name, "vgpu");
	if (v)
		l.free_version(v);
	dlclose(l.handle);
	return ours ? vgpu_sys_ioctl(render, DRM_IOCTL_VGPU_ATTACH, &a) : -ENODEV;
}

int vgpu_sys_render_dmabuf(int render, int memory, uint64_t offset, uint64_t size, int *fd)
{
	struct drm_vgpu_gem_import i = { .fd = memory, .offset = offset, .size = size };
	struct drm_prime_handle p = { .flags = DRM_CLOEXEC | DRM_RDWR, .fd = -1 };
	struct drm_gem_close c = { 0 };
	int r = vgpu_sys_ioctl(render, DRM_IOCTL_VGPU_GEM_IMPORT, &i);

	if (r)
		return r;
	p.handle = c.handle = i.handle;
	r = vgpu_sys_ioctl(render, DRM_IOCTL_PRIME_HANDLE_TO_FD, &p);
	vgpu_sys_ioctl(render, DRM_IOCTL_GEM_CLOSE, &c); /* the dma-buf holds it now */
	*fd = p.fd;
	return r;
}
