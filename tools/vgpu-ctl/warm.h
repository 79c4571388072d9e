/* SPDX-License-Identifier: MIT */
/* Compiling all kernels of a library beforehand. */
#ifndef VGPU_CTL_WARM_H
#define VGPU_CTL_WARM_H

#include <stdbool.h>
#include "../../userlib/cache/cache.h"

/**
 * struct warm_options - what to compile
 * @cc: compute capability, 0: 12.0
 * @kernel: only kernels whose name holds this, NULL: all
 * @threads: how many compile, 0: one a CPU
 * @json: print JSON, an object a library
 */
struct warm_options {
	unsigned int cc;
	const char *kernel;
	int threads;
	bool json;
};

/* Compiles, prints what was done. Return: an exit status. */
int cache_warm(struct vgpu_cache *c, const char *file, const struct warm_options *opt);

#endif
