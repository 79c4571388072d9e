/* SPDX-License-Identifier: MIT */
/*
 * The kernel's fail-nth: one allocation of the calling thread fails, the n-th from now on. To be included behind
 * kselftest_harness.h.
 */
#ifndef SELFTESTS_DRIVER_FAILNTH_H
#define SELFTESTS_DRIVER_FAILNTH_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int failnth_fd = -1;

/* Whether the kernel has it. */
static inline bool failnth_open(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%ld/fail-nth", syscall(SYS_gettid));
	failnth_fd = open(path, O_RDWR | O_CLOEXEC);
	return failnth_fd >= 0;
}

static inline void failnth_set(unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	if (pwrite(failnth_fd, text, len, 0) != len)
		perror("fail-nth");
}

/* Whether the n-th allocation was reached; stops failing. */
static inline bool failnth_hit(void)
{
	char text[16] = "";

	if (pread(failnth_fd, text, sizeof(text) - 1, 0) <= 0)
		return false;
	failnth_set(0);
	return atoi(text) == 0;
}

/* An allocation that failed may have been done without; else these are what it may lead to. */
static inline bool failnth_fine(int rc, bool hit)
{
	return !rc || (hit && (rc == -ENOMEM || rc == -ENOSPC || rc == -EFAULT));
}

struct world;	/* what a program's steps make, its own */

/* A step of a life, which returns 0 or a negative errno. */
struct failnth_step {
	const char *name;
	int (*fn)(struct world *w);
};

/* All steps up to @which, whose @nth allocation fails. Returns whether it has so many. */
static inline bool failnth_walk(struct __test_metadata *_metadata, const struct failnth_step *steps,
				struct world *w, unsigned int which, unsigned int nth)
{
	bool hit = false;
	int rc = 0;

	for (unsigned int i = 0; i <= which && !rc; i++) {
		if (i == which)
			failnth_set(nth);
		rc = steps[i].fn(w);
		if (i == which)
			hit = failnth_hit();
		EXPECT_TRUE(i == which || !rc);
	}
	EXPECT_TRUE(failnth_fine(rc, hit))
		TH_LOG("%s %u: %d", steps[which].name, nth, rc);
	return hit;
}

#endif
