/* SPDX-License-Identifier: MIT */
/* A whole file. */
#ifndef SELFTESTS_COMPILER_SLURP_H
#define SELFTESTS_COMPILER_SLURP_H

#include <stdio.h>
#include <stdlib.h>

/* Its bytes and a NUL behind them, to be freed; NULL where it cannot be read. */
static inline char *slurp(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	char *p;

	if (!f)
		return NULL;
	fseek(f, 0, SEEK_END);
	*len = ftell(f);
	rewind(f);
	p = calloc(1, *len + 1);
	if (p && fread(p, 1, *len, f) != *len) {
		free(p);
		p = NULL;
	}
	fclose(f);
	return p;
}

#endif
