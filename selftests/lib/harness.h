/* SPDX-License-Identifier: MIT */
/*
 * The kernel's kselftest_harness.h, whose time limits here are against hanging only: a kernel that watches each access
 * takes ten times as long, and every machine may share what it runs on. What has to be quick is measured by a test itself.
 */
#ifndef SELFTESTS_HARNESS_H
#define SELFTESTS_HARNESS_H

/*
 * Why an assertion failed belongs to the TAP, beside the result: what stands on standard error nobody finds again.
 * ksft_print_header() makes standard output flush each line, so that a child which aborts loses none.
 */
#define TH_LOG_STREAM stdout
#include "kselftest_harness.h"

/* How many times longer than on an idle machine of one's own things may take. */
static inline int patience(void)
{
	const char *kernel = getenv("VGPU_KERNEL") ?: "";

	return !strcmp(kernel, "kasan") || !strcmp(kernel, "kcsan") ? 10 : 4;
}

/* Is there time for what does a thing many thousand times? Not in such a kernel, but in make test-long. */
static inline int has_time(void)
{
	return patience() < 10 || *(getenv("VGPU_TEST_LONG") ?: "");
}

/* After the harness's constructors, which have priorities. */
static void __attribute__((constructor)) be_patient(void)
{
	for (struct __fixture_metadata *f = __fixture_list; f; f = f->next)
		for (struct __test_metadata *t = f->tests; t; t = t->next)
			t->timeout *= patience();
}

#endif
