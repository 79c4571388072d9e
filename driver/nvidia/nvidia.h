/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The face that programs written for NVIDIA's driver look for: /dev/nvidia*
 * and /proc/driver/nvidia.
 *
 * The module parameter nvidia_nodes says whether to show it. In its default,
 * "auto", it is left out when NVIDIA's own driver or a real card is there.
 */
#ifndef _VGPU_NVIDIA_NVIDIA_H
#define _VGPU_NVIDIA_NVIDIA_H

struct vgpu_device;

int vgpu_nvidia_init(void);
void vgpu_nvidia_exit(void);
int vgpu_nvidia_add(struct vgpu_device *dev);
void vgpu_nvidia_del(struct vgpu_device *dev);

#endif
