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

static const struct {
	const char *prefix;	/* of the file's name, without its folder */
	int major, minor;
} table[] = {
	{ "libcublas.so", 13, 0 },
	{ "libcublasLt.so", 13, 0 },
};

bool cu_compat_cc(const void *caller, int *major, int *minor)
{
	const char *name;
	Dl_info info;

	if (!dladdr(caller, &info) || !info.dli_fname)
		return false;
	name = strrchr(info.dli_fname, '/');
	name = name ? name + 1 : info.dli_fname;
	for (unsigned int i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strncmp(name, table[i].prefix, strlen(table[i].prefix)))
			continue;
		*major = table[i].major;
		*minor = table[i].minor;
		return true;
	}
	return false;
}
