// SPDX-License-Identifier: MIT
/*
 * What a few libraries must be told for them to choose kernels that run here.
 *
 * We execute PTX.  NVIDIA's math libraries carry machine code for the devices
 * they know and PTX for those they do not know yet: told compute capability
 * 13.0 they take their forward-compatibility kernels, every one of which has
 * PTX.  They ask through the runtime inside themselves, so that the asker is
 * known by the object its code lies in.  A library stands here only after it
 * was measured (Documentation/libcuda.rst).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#include "compat.h"

/*
 * The first that fits.  cuBLAS 13.10 would have its products of f16 and bf16 made from CUDA Tile IR on a device
 * that is new to it; told 11.1 it takes PTX.  It is known by a function that 13.1 has not.
 */
static const struct {
	const char *prefix;  /* of the file's name, without its folder */
	const char *exports; /* it or what it needs exports this, or NULL */
	int major, minor;
} table[] = {
	{ "libcublasLt.so", "cublasLtMatmulAlgoGetHeuristicForStream", 11, 1 },
	{ "libcublas.so", NULL, 13, 0 },
	{ "libcublasLt.so", NULL, 13, 0 },
};

/* A mapped object is asked by the name it was mapped by; nothing is loaded. */
static bool exports(const char *path, const char *symbol)
{
	void *h = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);
	bool has = h && dlsym(h, symbol);

	if (h)
		dlclose(h);
	return has;
}

bool cu_compat_cc(const void *caller, int *major, int *minor)
{
	const char *name;
	Dl_info info;

	if (!dladdr(caller, &info) || !info.dli_fname)
		return false;
	name = strrchr(info.dli_fname, '/');
	name = name ? name + 1 : info.dli_fname;
	for (unsigned int i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strncmp(name, table[i].prefix, strlen(table[i].prefix)) ||
		    (table[i].exports && !exports(info.dli_fname, table[i].exports)))
			continue;
		*major = table[i].major;
		*minor = table[i].minor;
		return true;
	}
	return false;
}
