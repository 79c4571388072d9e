/* SPDX-License-Identifier: MIT */
/* Launches. */
#ifndef VGPU_LAUNCH_H
#define VGPU_LAUNCH_H

#include "module.h"
#include "stream.h"

/**
 * struct cu_launch - a launch as all its entry points see it
 * @grid: blocks
 * @block: threads
 * @dynamic: dynamic shared memory, bytes
 * @cooperative: all blocks are resident together
 * @params: one pointer a parameter, or NULL
 * @extra: the packed form, or NULL
 */
struct cu_launch {
	unsigned int grid[3], block[3];
	unsigned int dynamic;
	bool cooperative;
	void **params, **extra;
};

CUresult cu_launch(CUfunction handle, const struct cu_launch *l, CUstream stream);

#endif
