/* SPDX-License-Identifier: GPL-2.0 */
/* The parts of driver/nvidia; private to it. */
#ifndef _VGPU_NVIDIA_INTERNAL_H
#define _VGPU_NVIDIA_INTERNAL_H

#include <linux/types.h>

struct vgpu_device;

#define NVIDIA_MAJOR		195
/* Minors of cards are 0 to 247; the ones above are NVIDIA's own. */
#define NVIDIA_CARD_MINORS	248
#define NVIDIA_CTL_MINOR	255
#define NVIDIA_NODE_MODE	0666

int nvidia_nodes_init(void);
void nvidia_nodes_exit(void);
int nvidia_nodes_add(struct vgpu_device *dev);
void nvidia_nodes_del(struct vgpu_device *dev);

int nvidia_proc_init(void);
void nvidia_proc_exit(void);
int nvidia_proc_add(struct vgpu_device *dev);
void nvidia_proc_del(struct vgpu_device *dev);

#endif
