/* SPDX-License-Identifier: GPL-2.0 */
/* Start and end of the devices, for main.c only. */
#ifndef _VGPU_CORE_DEVICE_H
#define _VGPU_CORE_DEVICE_H

struct vgpu_device;

int vgpu_devices_init(void);
void vgpu_devices_exit(void);
int vgpu_nodes_init(void);
void vgpu_nodes_exit(void);
int vgpu_node_add(struct vgpu_device *dev);
void vgpu_node_remove(struct vgpu_device *dev);

#endif
