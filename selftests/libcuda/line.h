/* SPDX-License-Identifier: MIT */
/* What kernels' printf prints, in memory. */
#ifndef SELFTESTS_LINE_H
#define SELFTESTS_LINE_H

#include <stdlib.h>
#include "../../userlib/libcuda/format.h"

/* Its @length bytes, a NUL behind them, for free(). */
static inline char *line_of(const char *format, const void *args, size_t args_size, cu_format_string *string, size_t *length)
{
	char *line;
	FILE *to = open_memstream(&line, length);

	if (!to)
		exit(1);
	cu_format(to, format, args, args_size, string, NULL);
	if (fclose(to))
		exit(1);
	return line;
}

#endif
