/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * The contract between vgpu_drm.ko and user space: the ioctls of a render node that are not DRM's own.
 */
#ifndef _UAPI_VGPU_DRM_H
#define _UAPI_VGPU_DRM_H

#ifdef __KERNEL__
#include <drm/drm.h>
#else
#include <drm.h>	/* libdrm's: pkg-config --cflags libdrm */
#endif

/**
 * DOC: The ioctls of a render node
 *
 * The driver's name is "vgpu".  The node of a device hands out memory: GEM objects in the VRAM of the device,
 * which PRIME shares with processes and drivers.  Work is submitted through /dev/vgpuN
 * (vgpu_ioctl.h); a descriptor of that file joins the two where an ioctl asks for one.
 *
 * Structs grow at their end only; DRM extends a shorter one with zeros.  Members named ``flags`` and ``pad``
 * must be zero.  Members marked [out] are written on success.
 *
 * ============== ===========================================================================
 * errno          meaning
 * ============== ===========================================================================
 * EINVAL         non-zero flags or pad, a bad value, a descriptor or handle of another kind or device
 * ENOENT         no such GEM handle, queue or syncobj
 * EBADF          no such descriptor
 * EPERM          the queue belongs to another process
 * ENODEV         the device is lost or was removed
 * ENOSPC         VRAM is full; GEM_MMAP: the handle is above 8388607
 * ENOMEM         the machine has no memory for it
 * EBUSY          ATTACH: the file is another client's already
 * EDQUOT         FENCE: too many wait for the queue, or of the user
 * EOPNOTSUPP     memory of another driver that the CPU cannot reach, or that only its owner can map; part of a buffer
 * ============== ===========================================================================
 */

#define VGPU_DRM_UAPI_VERSION	1

#define DRM_VGPU_GET_PARAM	0x00
#define DRM_VGPU_GEM_CREATE	0x01
#define DRM_VGPU_GEM_MMAP	0x02
#define DRM_VGPU_GEM_IMPORT	0x03
#define DRM_VGPU_GEM_EXPORT	0x04
#define DRM_VGPU_FENCE		0x05
#define DRM_VGPU_ATTACH		0x06

/* Values of drm_vgpu_get_param.param */
#define DRM_VGPU_PARAM_UAPI	0	/* VGPU_DRM_UAPI_VERSION of the kernel */
#define DRM_VGPU_PARAM_INDEX	1	/* N of /dev/vgpuN */
#define DRM_VGPU_PARAM_PCI	2	/* domain << 16 | bus << 8 | device << 3 | function */
#define DRM_VGPU_PARAM_VRAM	3	/* bytes of memory */
#define DRM_VGPU_PARAM_FREE	4	/* bytes that an allocation could get now */

/**
 * struct drm_vgpu_get_param - a fact about the device
 * @param: DRM_VGPU_PARAM_*
 * @pad: zero
 * @value: [out] its value
 */
struct drm_vgpu_get_param {
	__u32 param;
	__u32 pad;
	__u64 value;
};

/**
 * struct drm_vgpu_gem_create - zeroed memory in VRAM
 * @size: [in/out] bytes, rounded up to pages
 * @flags: zero
 * @handle: [out] GEM handle
 */
struct drm_vgpu_gem_create {
	__u64 size;
	__u32 flags;
	__u32 handle;
};

/**
 * struct drm_vgpu_gem_mmap - where mmap() of the render node finds an object
 * @handle: GEM handle
 * @flags: zero
 * @offset: [out] for mmap() of this open node, with MAP_SHARED; that of a later page is as many bytes behind it
 *	(not of memory that came by PRIME from another driver)
 */
struct drm_vgpu_gem_mmap {
	__u32 handle;
	__u32 flags;
	__u64 offset;
};

/**
 * struct drm_vgpu_gem_import - a handle for the memory of a buffer of /dev/vgpuN, or a part of it
 * @fd: what VGPU_IOCTL_SHARE gave with VGPU_SHARE_FD, of a buffer of this device
 * @flags: zero
 * @offset: first byte, a multiple of 4 KiB
 * @size: [in/out] bytes, a multiple of 4 KiB; 0 for all behind @offset
 * @handle: [out] GEM handle of a new object with that very memory
 * @pad: zero
 */
struct drm_vgpu_gem_import {
	__s32 fd;
	__u32 flags;
	__u64 offset;
	__u64 size;
	__u32 handle;
	__u32 pad;
};

/**
 * struct drm_vgpu_gem_export - the way back: for VGPU_IOCTL_OPEN_SHARED with VGPU_SHARE_FD
 * @handle: GEM handle, not of a part of a buffer (EOPNOTSUPP).  That of an object that came by PRIME from
 *	another driver works too, if the CPU can reach its memory: kernels then compute on it
 * @flags: zero
 * @fd: [out] descriptor that keeps the memory
 * @pad: zero
 */
struct drm_vgpu_gem_export {
	__u32 handle;
	__u32 flags;
	__s32 fd;
	__u32 pad;
};

/**
 * struct drm_vgpu_fence - put a queue's progress into a syncobj, as a fence
 * @fd: descriptor of the /dev/vgpuN that the queue is of
 * @queue: handle of the queue there; its context is the caller's
 * @value: number of the packet that signals the fence when it has completed
 * @point: of the timeline syncobj; 0 for one that is no timeline
 * @syncobj: handle of it
 * @flags: zero
 *
 * Its fence signals with an error when the context ends first (EIO) or after the module parameter
 * fence_timeout_ms (ETIMEDOUT): DRM does not allow fences that may never signal, and a kernel
 * may run for ever.  DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD makes a sync_file of it.
 */
struct drm_vgpu_fence {
	__s32 fd;
	__u32 queue;
	__u64 value;
	__u64 point;
	__u32 syncobj;
	__u32 flags;
};

/**
 * struct drm_vgpu_attach - count what an open /dev/vgpuN uses for this client, in its fdinfo
 * @fd: descriptor of it; of this device
 * @flags: zero
 */
struct drm_vgpu_attach {
	__s32 fd;
	__u32 flags;
};

#define DRM_IOCTL_VGPU_GET_PARAM \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_VGPU_GET_PARAM, struct drm_vgpu_get_param)
#define DRM_IOCTL_VGPU_GEM_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_VGPU_GEM_CREATE, struct drm_vgpu_gem_create)
#define DRM_IOCTL_VGPU_GEM_MMAP \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_VGPU_GEM_MMAP, struct drm_vgpu_gem_mmap)
#define DRM_IOCTL_VGPU_GEM_IMPORT \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_VGPU_GEM_IMPORT, struct drm_vgpu_gem_import)
#define DRM_IOCTL_VGPU_GEM_EXPORT \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_VGPU_GEM_EXPORT, struct drm_vgpu_gem_export)
#define DRM_IOCTL_VGPU_FENCE \
	DRM_IOW(DRM_COMMAND_BASE + DRM_VGPU_FENCE, struct drm_vgpu_fence)
#define DRM_IOCTL_VGPU_ATTACH \
	DRM_IOW(DRM_COMMAND_BASE + DRM_VGPU_ATTACH, struct drm_vgpu_attach)

#endif
