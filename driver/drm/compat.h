/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences between the kernels that vgpu_drm.ko is built for (6.1 to 7.x), so that no
 * other file of this folder asks for a version.
 */
#ifndef _VGPU_DRM_COMPAT_H
#define _VGPU_DRM_COMPAT_H

#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_prime.h>
#include <linux/dma-buf.h>
#include <linux/version.h>

/* PRIME became what every GEM driver does in 6.6. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#define VGPU_DRM_PRIME
#else
#define VGPU_DRM_PRIME \
	.prime_handle_to_fd = drm_gem_prime_handle_to_fd, \
	.prime_fd_to_handle = drm_gem_prime_fd_to_handle, \
	.gem_prime_mmap = drm_gem_prime_mmap,
#endif

/* A driver has a date until 6.14; before that it must have one. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 14, 0)
#define VGPU_DRM_DATE(date)
#else
#define VGPU_DRM_DATE(text) .date = (text),
#endif

/* fb_create() is told the format since 6.17. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 17, 0)
#define VGPU_FB_ARGS	const struct drm_format_info *info, const struct drm_mode_fb_cmd2 *cmd
#else
#define VGPU_FB_ARGS	const struct drm_mode_fb_cmd2 *cmd
#endif

/* Until 6.2 dma_buf_vmap() was called without the reservation's lock. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define dma_buf_vmap_unlocked	dma_buf_vmap
#define dma_buf_vunmap_unlocked	dma_buf_vunmap
#endif

#endif
