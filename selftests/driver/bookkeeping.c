// SPDX-License-Identifier: MIT
/*
 * What the kernel keeps for a user beside its memory: tables, mappings, fences and callbacks have
 * a bound, tables_user_mib, code and rings another, code_user_mib, and leave the others enough. Nor do many
 * callbacks keep a processor.
 */
#include <pthread.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "../../userlib/visa/build.h"
#include "../lib/harness.h"

#include "cgroup.h"
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

#define LOADERS	8	/* threads, each of which loads an image so often */
#define LOADS	3

/* A kernel of @n instructions, each of which the engine decodes into four of twice the size. */
static void *large_image(uint32_t n, size_t *size)
{
	struct visa_build b = {};
	struct vgpu_code_kernel *k = visa_push(&b, VGPU_SEC_KERNELS);
	struct vgpu_code_func *f = visa_push(&b, VGPU_SEC_FUNCS);
	void *image;

	k->grid_pre = VGPU_NO_PC;
	k->block_pre = VGPU_NO_PC;
	k->vregs = 2;
	k->sregs = 1;
	f->count = n;
	f->id = VGPU_NO_PC;
	visa_string(&b, "k", &k->name);
	for (uint32_t i = 0; i < n; i++) {
		struct vgpu_insn *in = visa_push(&b, VGPU_SEC_INSNS);

		in->op = !i ? VGPU_OP_SETMODE : i < n - 1 ? VGPU_OP_F2H : VGPU_OP_EXIT;
		if (in->op == VGPU_OP_SETMODE)
			in->imm = VGPU_RZ;
		else if (in->op == VGPU_OP_F2H)
			in->mod = VGPU_RZ | VGPU_CVT_SAT;
	}
	image = visa_finish(&b, size);
	visa_build_free(&b);
	return image;
}

struct loader {
	pthread_t thread;
	const void *image;
	size_t size;
	int loaded;
	int rc;
};

/* One after the other, in a context of its own; that there is no room now is nothing bad. */
static void *load_some(void *arg)
{
	struct loader *l = arg;
	int fd = dev_open();
	struct vgpu_code_load c = {
		.size = sizeof(c), .image = (uintptr_t)l->image, .image_size = l->size,
	};

	l->rc = ctx_create(fd, &c.ctx);
	for (int i = 0; i < LOADS && !l->rc; i++) {
		l->rc = xioctl(fd, VGPU_IOCTL_CODE_LOAD, &c);
		if (!l->rc) {
			l->loaded++;
			l->rc = destroy(fd, c.handle);
		} else if (l->rc == -EDQUOT) {
			l->rc = 0;
		}
	}
	close(fd);
	return NULL;
}

/* All of them in a control group, and then one alone: how often that had room, or 255. */
static int load_at_once(const void *image, size_t size)
{
	struct loader l[LOADERS] = {}, alone = { .image = image, .size = size };
	int rc = put(GROUP "/cgroup.procs", "0");

	for (int i = 0; !rc && i < LOADERS; i++) {
		l[i].image = image;
		l[i].size = size;
		rc = pthread_create(&l[i].thread, NULL, load_some, &l[i]);
	}
	for (int i = 0; !rc && i < LOADERS; i++) {
		pthread_join(l[i].thread, NULL);
		rc = l[i].rc;
	}
	if (!rc)
		load_some(&alone);
	return rc || alone.rc ? 255 : alone.loaded;
}

/*
 * An image of which one fits, and one that does not when it is decoded: however many load them at the same time, there
 * is never more than the bound, but for what the process itself takes.
 */
TEST_F_TIMEOUT(kept, code_while_it_is_loaded, 240)
{
	static const uint32_t insns[] = { 100000, 400000 };
	uint32_t ctx;
	int rc;
	long first = codes(self->fd, &ctx, &rc);

	ASSERT_EQ(0, destroy(self->fd, ctx));
	for (int i = 0; i < 2; i++) {
		unsigned long long peak;
		size_t size;
		void *image = large_image(insns[i], &size);
		int st = -1;
		pid_t pid;

		if (!make_group())
			SKIP(return, "no control groups for memory");
		pid = fork();
		if (!pid)
			_exit(load_at_once(image, size));
		EXPECT_EQ(pid, waitpid(pid, &st, 0));
		peak = group_number(GROUP "/memory.peak");
		EXPECT_EQ(0, remove_group());
		free(image);
		ASSERT_TRUE(WIFEXITED(st));
		ASSERT_NE(255, WEXITSTATUS(st));
		EXPECT_EQ(i ? 0 : LOADS, WEXITSTATUS(st));
		EXPECT_GT(peak, i ? 0 : 12 * MIB);
		EXPECT_LT(peak, (16 + 4) * MIB)
			TH_LOG("%u instructions: at most %llu KiB", insns[i], peak / KIB);
		printf("# %u instructions: at most %llu KiB\n", insns[i], peak / KIB);
	}
	/* All is given back, to the byte. */
	EXPECT_EQ(first, codes(self->fd, &ctx, &rc));
	ASSERT_EQ(0, destroy(self->fd, ctx));
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
