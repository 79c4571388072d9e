/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Devices coming and going: for main.c, and for what adds and removes devices at run
 * time (driver/configfs, a module of its own).
 */
#ifndef _VGPU_CORE_DEVICE_H
#define _VGPU_CORE_DEVICE_H

#include <linux/types.h>

struct vgpu_device;

/**
 * struct vgpu_device_config - a device to be
 * @index: its number, below 0 for the first that is free
 * @model: its profile, NULL for that of the module parameters
 * @vram_bytes: its memory, 0 for the profile's
 */
struct vgpu_device_config {
	int index;
	const char *model;
	u64 vram_bytes;
};

int vgpu_device_add(const struct vgpu_device_config *config);
int vgpu_device_remove(unsigned int index, bool force);
bool vgpu_device_model_exists(const char *model);

int vgpu_devices_init(void);
void vgpu_devices_exit(void);
int vgpu_nodes_init(void);
void vgpu_nodes_exit(void);
int vgpu_node_add(struct vgpu_device *dev);
void vgpu_node_remove(struct vgpu_device *dev);

#endif
