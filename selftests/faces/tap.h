/* SPDX-License-Identifier: MIT */
/* TAP for C programs of this suite: a line a check, the plan at the end. */
#ifndef FACES_TAP_H
#define FACES_TAP_H

#include <stdbool.h>
#include <stdio.h>

static int tap_count, tap_failed;

__attribute__((unused, format(printf, 2, 3)))
static bool tap(bool good, const char *fmt, ...)
{
	char text[256];
	__builtin_va_list ap;

	__builtin_va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	__builtin_va_end(ap);
	printf("%sok %d - %s\n", good ? "" : "not ", ++tap_count, text);
	tap_failed += !good;
	return good;
}

/* A check of two numbers that says both when they differ. */
#define tap_equal(got, want, name)						\
	do {									\
		long long g_ = (long long)(got), w_ = (long long)(want);	\
		if (!tap(g_ == w_, "%s", name))					\
			printf("# got %lld, not %lld\n", g_, w_);		\
	} while (0)

__attribute__((unused))
static int tap_end(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed != 0;
}

#endif
