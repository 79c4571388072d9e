/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Devices coming and going: for main.c, and for what adds and removes devices at run
 * time (driver/configfs, a module of its own).
 */
#ifndef _VGPU_CORE_DEVICE_H
#define _VGPU_CORE_DEVICE_H

#include <linux/types.h>

struct vgpu_device;
struct vgpu_model;

/**
 * struct vgpu_device_config - a device to be
 * @index: its number, below 0 for the first that is free
 * @model: its profile
 * @vram_bytes: its memory, 0 for the profile's
 */
struct vgpu_device_config {
	int index;
	const struct vgpu_model *model;
	u64 vram_bytes;
};

int vgpu_device_add(const struct vgpu_device_config *config);
int vgpu_device_remove(unsigned int index, bool force);

int vgpu_devices_init(void);
void vgpu_devices_exit(void);
int vgpu_nodes_init(void);
void vgpu_nodes_exit(void);
int vgpu_node_add(struct vgpu_device *dev);
void vgpu_node_remove(struct vgpu_device *dev);

#endif
