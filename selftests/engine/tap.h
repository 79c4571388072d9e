/* SPDX-License-Identifier: MIT */
/*
 * The engine's tests report in TAP.
 */
#ifndef ENGINE_TAP_H
#define ENGINE_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

/* one count for all files of a program */
__attribute__((weak)) unsigned int tap_count, tap_failed;

/** tap_result() - report one test; returns @ok */
__attribute__((format(printf, 2, 3), unused))
static bool tap_result(bool ok, const char *fmt, ...)
{
	va_list args;

	printf("%sok %u - ", ok ? "" : "not ", ++tap_count);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	tap_failed += !ok;
	return ok;
}

/** tap_end() - print the plan; returns the exit status */
__attribute__((unused)) static int tap_end(void)
{
	printf("1..%u\n", tap_count);
	return tap_failed != 0;
}

#endif /* ENGINE_TAP_H */
