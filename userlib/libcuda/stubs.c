// SPDX-License-Identifier: MIT
/* The symbols that are exported and refused by name, and the debuggers' variables. */
#include "api.h"

#define WORKS(symbol, name, version)
#define REFUSED(symbol, name, version)     \
	CU_EXPORT CUresult symbol(void);   \
	CUresult symbol(void)              \
	{                                  \
		return cu_refuse(#symbol); \
	}
#define DATA(symbol, size)                  \
	CU_EXPORT extern char symbol[size]; \
	char symbol[size] __attribute__((aligned(8)));
#include "api.def"
