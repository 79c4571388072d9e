/* SPDX-License-Identifier: GPL-2.0 */
/* What a device's contexts are to be told as: entries of processes, of any struct that begins with a pid. */
#ifndef _VGPU_CORE_GATHER_H
#define _VGPU_CORE_GATHER_H

#include <linux/types.h>

struct pid;

/**
 * struct vgpu_gathered - entries, of contexts first and of processes in the end
 * @tab: entries; each begins with a u32 for the pid
 * @entry: bytes of one
 * @pids: whose they are, referenced
 * @n: how many there are
 * @room: how many there may be
 */
struct vgpu_gathered {
	void *tab;
	size_t entry;
	struct pid **pids;
	u32 n;
	u32 room;
};

int vgpu_gather_begin(struct vgpu_gathered *g, size_t entry, u32 room);
void *vgpu_gather_next(struct vgpu_gathered *g, struct pid *pid);
void vgpu_gather_fold(struct vgpu_gathered *g, void (*add)(void *entry, const void *more));
void vgpu_gather_forget(struct vgpu_gathered *g);
void vgpu_gather_end(struct vgpu_gathered *g);

#endif
