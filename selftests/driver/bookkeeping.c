// SPDX-License-Identifier: MIT
/*
 * What the kernel keeps for a user beside its memory: tables, mappings, fences and callbacks have
 * a bound, tables_user_mib, code and rings another, code_user_mib, and leave the others enough. Nor do many
 * callbacks keep a processor.
 */
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "../lib/harness.h"

#include "gpu.h"

#define MOST	(64 * MIB)	/* the bound is 16 MiB each: inside.sh */
#define CONTEXTS	8
#define RING_MOST	65536
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
		struct queue q;
		uint64_t va;
		int fd;

		if (setuid(1000))
			_exit(1);
		fd = dev_open();
		if (ctx_create(fd, &ctx) || bo_mapped(fd, ctx, 8 * MIB, &bo, &va) ||
		    fence_create(fd, ctx, 0, &fence) || queue_create(fd, ctx, 1024, &q))
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

	for (int round = 0; round < 1 + has_time(); round++) {
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

/* Rings in many contexts, until there may be no more: how many. */
static long rings(int fd, uint32_t slots, uint32_t *ctx, int *rc)
{
	long n = 0;

	for (int c = 0; c < CONTEXTS; c++) {
		*rc = ctx_create(fd, &ctx[c]);
		for (int i = 0; !*rc && i < 500; i++) {
			struct vgpu_queue_create q = { .size = sizeof(q), .ctx = ctx[c], .slots = slots };

			*rc = xioctl(fd, VGPU_IOCTL_QUEUE_CREATE, &q);
			n += !*rc;
		}
		if (*rc)
			break;
	}
	return n;
}

/* Code objects likewise. */
static long codes(int fd, uint32_t *ctx, int *rc)
{
	struct visa_error err;
	void *image;
	size_t size;
	long n = 0;

	if (visa_assemble(source, &image, &size, &err)) {
		*rc = -EINVAL;
		return 0;
	}
	*rc = ctx_create(fd, ctx);
	while (!*rc && n < 20000) {
		uint32_t code;

		*rc = code_load(fd, *ctx, image, size, &code);
		n += !*rc;
	}
	free(image);
	return n;
}

TEST_F_TIMEOUT(kept, rings_of_a_user, 120)
{
	uint64_t start = available();
	uint32_t ctx[CONTEXTS] = {};
	long first = 0;

	for (uint32_t slots = 64; slots <= RING_MOST; slots *= 1024) {
		for (int round = 0; round < 2; round++) {
			int rc;
			long n = rings(self->fd, slots, ctx, &rc);

			EXPECT_EQ(-EDQUOT, rc);
			EXPECT_GT(n, 0);
			EXPECT_LT((int64_t)(start - available()), (int64_t)MOST);
			EXPECT_EQ(0, as_another());
			if (!round)
				first = n;
			EXPECT_EQ(first, n);
			for (int c = 0; c < CONTEXTS && ctx[c]; c++)
				ASSERT_EQ(0, destroy(self->fd, ctx[c]));
			memset(ctx, 0, sizeof(ctx));
		}
	}
}

TEST_F_TIMEOUT(kept, code_of_a_user, 120)
{
	uint64_t start = available();
	long first = 0;

	for (int round = 0; round < 2; round++) {
		uint32_t ctx, other;
		int rc;
		long n = codes(self->fd, &ctx, &rc);

		EXPECT_EQ(-EDQUOT, rc);
		EXPECT_GT(n, 10);
		EXPECT_LT((int64_t)(start - available()), (int64_t)MOST);
		/* Another context has no more, another user has. */
		EXPECT_EQ(0, codes(self->fd, &other, &rc));
		EXPECT_EQ(-EDQUOT, rc);
		EXPECT_EQ(0, as_another());
		if (!round)
			first = n;
		EXPECT_EQ(first, n);
		ASSERT_EQ(0, destroy(self->fd, ctx));
		ASSERT_EQ(0, destroy(self->fd, other));
	}
}

#define WATCHERS	64	/* epolls, each of as many descriptors of one eventfd */
#define CALLBACKS	4000

/* An eventfd that 4096 watch: each signal walks through them. */
static int watched_eventfd(void)
{
	int efd = eventfd(0, EFD_NONBLOCK), dups[WATCHERS];

	for (int i = 0; i < WATCHERS; i++)
		dups[i] = dup(efd);
	for (int i = 0; i < WATCHERS; i++) {
		int ep = epoll_create1(0);

		for (int k = 0; k < WATCHERS; k++) {
			struct epoll_event ev = { .events = EPOLLIN };

			if (epoll_ctl(ep, EPOLL_CTL_ADD, dups[k], &ev))
				return -1;
		}
	}
	return efd;
}

/* What a signal takes at most, of a few. */
static uint64_t signal_ns(int efd)
{
	uint64_t most = 0, one = 1, t;

	for (int i = 0; i < 5; i++) {
		t = now_ns();
		(void)!write(efd, &one, 8);
		t = now_ns() - t;
		most = t > most ? t : most;
		(void)!read(efd, &one, 8);
		one = 1;
	}
	return most;
}

TEST_F_TIMEOUT(kept, many_callbacks_fire, 120)
{
	struct rlimit limit;
	struct queue q;
	uint64_t each, n, t;
	int efd[2];

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	for (int i = 0; i < 2; i++) {
		efd[i] = watched_eventfd();
		ASSERT_GE(efd[i], 0);
	}
	each = signal_ns(efd[0]);
	ASSERT_EQ(0, queue_create(self->fd, self->ctx, 64, &q));
	/* By the host, by a worker, by the end of the context. */
	for (int by = 0; by < 3; by++) {
		struct vgpu_pkt_fence p;
		uint32_t fence;

		ASSERT_EQ(0, fence_create(self->fd, self->ctx, 0, &fence));
		for (int i = 0; i < CALLBACKS; i++) {
			struct vgpu_eventfd e = {
				.size = sizeof(e), .handle = fence, .value = 1, .fd = efd[i & 1],
			};

			ASSERT_EQ(0, xioctl(self->fd, VGPU_IOCTL_EVENTFD, &e));
		}
		t = now_ns();
		if (by == 0) {
			ASSERT_EQ(0, fence_signal(self->fd, fence, 1));
		} else if (by == 1) {
			p = pkt_fence(VGPU_PKT_SIGNAL, fence, 1);
			ASSERT_NE(0, submit(&q, &p));
			ASSERT_EQ(0, queue_sync(&q));
		} else {
			ASSERT_EQ(0, destroy(self->fd, self->ctx));
		}
		for (int i = 0; i < 2; i++) {
			struct pollfd pfd = { .fd = efd[i], .events = POLLIN };

			EXPECT_EQ(1, poll(&pfd, 1, 10000));
		}
		/* Not 4000 walks, but one of each eventfd, or a few when they come in parts. */
		EXPECT_LT(now_ns() - t, 100 * each + SECOND);
		usleep(50000);
		for (int i = 0; i < 2; i++)
			EXPECT_EQ(8, read(efd[i], &n, 8));
	}
}

TEST_HARNESS_MAIN
