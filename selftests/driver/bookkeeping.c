// SPDX-License-Identifier: MIT
/*
 * What the kernel keeps for a user beside its memory: tables, mappings, fences and callbacks have
 * a bound, tables_user_mib, and leave the others enough.
 */
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "dev.h"

#define MOST	(128 * MIB)	/* of a bed, whose bound is 64 MiB */
#define SCATTER	(1ull << 30)	/* apart: each with tables of its own */

FIXTURE(kept)
{
	int fd;
	uint32_t ctx;
	struct vgpu_device_status before;
};

FIXTURE_SETUP(kept)
{
	self->fd = dev_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(0, status(self->fd, &self->before));
	ASSERT_EQ(0, ctx_create(self->fd, &self->ctx));
}

FIXTURE_TEARDOWN(kept)
{
	close(self->fd);
}

static uint64_t available(void)
{
	char text[4096] = "";
	FILE *f = fopen("/proc/meminfo", "r");
	const char *at;

	(void)!fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	at = strstr(text, "MemAvailable:");
	return at ? strtoull(at + 13, NULL, 10) * KIB : 0;
}

/* One page at addresses that have no table in common; returns how often, the error in *rc. */
static long scatter(int fd, uint32_t bo, int *rc)
{
	for (long n = 0;; n++) {
		uint64_t va = (1ull << 40) + n * SCATTER;

		*rc = va_map(fd, bo, VGPU_VA_FIXED, 0, 4 * KIB, &va);
		if (*rc)
			return n;
	}
}

/* Another user is not concerned. */
static int as_another(void)
{
	int st;
	pid_t pid = fork();

	if (!pid) {
		uint32_t ctx, bo, fence;
		uint64_t va;
		int fd;

		if (setuid(1000))
			_exit(1);
		fd = dev_open();
		if (ctx_create(fd, &ctx) || bo_mapped(fd, ctx, 8 * MIB, &bo, &va) ||
		    fence_create(fd, ctx, 0, &fence))
			_exit(2);
		_exit(0);
	}
	return waitpid(pid, &st, 0) == pid ? st : -1;
}

TEST_F_TIMEOUT(kept, tables, 120)
{
	uint64_t start = available();
	long first = 0;

	for (int round = 0; round < 3; round++) {
		uint32_t bo;
		long n;
		int rc;

		ASSERT_EQ(0, bo_create(self->fd, self->ctx, 4 * KIB, &bo));
		n = scatter(self->fd, bo, &rc);
		EXPECT_EQ(-EDQUOT, rc);
		EXPECT_GT(n, 1000);
		EXPECT_LT((int64_t)(start - available()), (int64_t)MOST);
		EXPECT_EQ(0, as_another());
		/* All is given back, to the byte. */
		if (!round)
			first = n;
		EXPECT_EQ(first, n);
		ASSERT_EQ(0, destroy(self->fd, bo));
	}
	EXPECT_LT(first, 30000);
}

TEST_F_TIMEOUT(kept, tables_of_many_contexts, 120)
{
	uint64_t start = available();
	uint32_t bo, ctx;
	int rc = 0, made = 0;
	uint64_t va;

	/* Those of one context count for the next one. */
	for (; made < 900 && !rc; made++) {
		rc = ctx_create(self->fd, &ctx);
		rc = rc ? rc : bo_create(self->fd, ctx, 4 * KIB, &bo);
		for (long i = 0; i < 64 && !rc; i++) {
			va = (1ull << 40) + i * SCATTER;
			rc = va_map(self->fd, bo, VGPU_VA_FIXED, 0, 4 * KIB, &va);
		}
	}
	EXPECT_EQ(-EDQUOT, rc);
	EXPECT_GT(made, 10);
	EXPECT_LT((int64_t)(start - available()), (int64_t)MOST);
}

/* Fences, each with as many callbacks as it takes, until there is an error. */
static long callbacks(int fd, uint32_t ctx, int *rc)
{
	int efd = eventfd(0, EFD_CLOEXEC);
	long n = 0;

	*rc = 0;
	while (!*rc && n < 2000000) {
		uint32_t fence;

		*rc = fence_create(fd, ctx, 0, &fence);
		for (int i = 0; i < 4096 && !*rc; i++) {
			struct vgpu_eventfd e = {
				.size = sizeof(e), .handle = fence, .value = 1, .fd = efd,
			};

			*rc = xioctl(fd, VGPU_IOCTL_EVENTFD, &e);
			n += !*rc;
		}
	}
	close(efd);
	return n;
}

TEST_F_TIMEOUT(kept, callbacks, 240)
{
	long first = 0;

	for (int round = 0; round < 2; round++) {
		uint64_t start = available();
		uint32_t ctx;
		long n;
		int rc;

		ASSERT_EQ(0, ctx_create(self->fd, &ctx));
		n = callbacks(self->fd, ctx, &rc);
		EXPECT_EQ(-EDQUOT, rc);
		EXPECT_GT(n, 4096);
		EXPECT_LT((int64_t)(start - available()), (int64_t)MOST);
		EXPECT_EQ(0, as_another());
		if (!round)
			first = n;
		EXPECT_EQ(first, n);
		ASSERT_EQ(0, destroy(self->fd, ctx));
	}
}

/* Each process of a user counts. */
TEST_F_TIMEOUT(kept, processes_of_a_user, 120)
{
	uint32_t bo;
	int st, rc;
	pid_t pid;

	ASSERT_EQ(0, bo_create(self->fd, self->ctx, 4 * KIB, &bo));
	scatter(self->fd, bo, &rc);
	ASSERT_EQ(-EDQUOT, rc);
	pid = fork();
	if (!pid) {
		uint32_t ctx, other;
		uint64_t va;
		int fd = dev_open();

		rc = ctx_create(fd, &ctx);
		rc = rc ? rc : bo_mapped(fd, ctx, 4 * KIB, &other, &va);
		_exit(rc == -EDQUOT ? 0 : 1);
	}
	ASSERT_EQ(pid, waitpid(pid, &st, 0));
	EXPECT_EQ(0, st);
	/* What is taken back can be had again. */
	ASSERT_EQ(0, destroy(self->fd, bo));
	ASSERT_EQ(0, bo_create(self->fd, self->ctx, 4 * KIB, &bo));
	EXPECT_GT(scatter(self->fd, bo, &rc), 1000);
}

TEST_HARNESS_MAIN
