// SPDX-License-Identifier: MIT
/* Who holds what, and that it ends: fork, kill, exit, close. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../lib/harness.h"

#include "dev.h"

FIXTURE(life)
{
	int fd;
	struct vgpu_device_status before;
};

FIXTURE_SETUP(life)
{
	self->fd = dev_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(0, status(self->fd, &self->before));
}

FIXTURE_TEARDOWN(life)
{
	close(self->fd);
}

/* A process that is using the device: memory of each kind and a queue full of work. */
static void busy(int fd, uint32_t *ctx_out)
{
	uint32_t ctx, bo, h, fence;
	uint64_t va;
	struct queue q, blocked;
	struct vgpu_pkt_fill fill;
	struct vgpu_pkt_fence wait;
	void *p = mmap(NULL, 4 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (ctx_create(fd, &ctx) || bo_mapped(fd, ctx, 16 * MIB, &bo, &va) ||
	    host_register(fd, ctx, p, 4 * MIB, 0, &h) || queue_create(fd, ctx, 256, &q) ||
	    queue_create(fd, ctx, 64, &blocked) || fence_create(fd, ctx, 0, &fence))
		_exit(1);
	if (bo_mmap(fd, bo, 16 * MIB, PROT_READ | PROT_WRITE) == MAP_FAILED)
		_exit(2);
	wait = pkt_fence(VGPU_PKT_WAIT, fence, 1);
	submit(&blocked, &wait);
	fill = pkt_fill(va, 5, 4, 4 * MIB);
	for (int i = 0; i < 200; i++)
		submit(&q, &fill);
	*ctx_out = ctx;
}

TEST_F(life, killed_while_busy)
{
	for (int i = 0; i < 5; i++) {
		int ready[2];
		pid_t pid;
		uint32_t ctx;

		ASSERT_EQ(0, pipe(ready));
		pid = fork();
		if (!pid) {
			busy(dev_open(), &ctx);
			(void)!write(ready[1], "x", 1);
			pause();
		}
		ASSERT_EQ(0, kill_when_ready(pid, ready));
		EXPECT_TRUE(all_freed(self->fd, &self->before));
	}
}

/* Whether the module was told how much a user's rings and code may take: bookkeeping.c looks at that. */
static bool rings_are_bounded(void)
{
	FILE *f = fopen("/sys/module/vgpu/parameters/code_user_mib", "r");
	unsigned long mib = 0;

	if (!f || fscanf(f, "%lu", &mib) != 1)
		mib = 0;
	if (f)
		fclose(f);
	return mib;
}

#define MANY_CTX	10
#define MANY_RINGS	1000

/* Contexts full of rings that want to be looked at, and mapped as their users do. */
static void ring_many(int say)
{
	struct vgpu_queue_create c;
	struct vgpu_doorbell d = { .size = sizeof(d) };
	uint32_t ctx, first[MANY_CTX];
	int fd[MANY_CTX];

	for (int i = 0; i < MANY_CTX; i++) {
		fd[i] = dev_open();
		if (ctx_create(fd[i], &ctx))
			_exit(1);
		for (int j = 0; j < MANY_RINGS; j++) {
			c = (struct vgpu_queue_create){ .size = sizeof(c), .ctx = ctx, .slots = 64 };
			if (xioctl(fd[i], VGPU_IOCTL_QUEUE_CREATE, &c) ||
			    mmap(NULL, c.user_length, PROT_READ | PROT_WRITE, MAP_SHARED, fd[i],
				 c.user_offset) == MAP_FAILED ||
			    mmap(NULL, c.kernel_length, PROT_READ, MAP_SHARED, fd[i], c.kernel_offset) == MAP_FAILED)
				_exit(2);
			if (!j)
				first[i] = c.handle;
		}
	}
	(void)!write(say, "x", 1);
	for (;;)
		for (int j = 0; j < MANY_RINGS; j++)
			for (int i = 0; i < MANY_CTX; i++) {
				d.queue = first[i] + j;
				if (xioctl(fd[i], VGPU_IOCTL_DOORBELL, &d))
					_exit(3);
			}
}

TEST_F_TIMEOUT(life, killed_with_many_rings, 120)
{
	uint64_t start = now_ns(), made, took;
	int ready[2], st;
	pid_t pid;
	char c;

	if (rings_are_bounded())
		SKIP(return, "code_user_mib is for fewer rings");
	ASSERT_EQ(0, pipe(ready));
	pid = fork();
	if (!pid)
		ring_many(ready[1]);
	close(ready[1]);	/* so that its end is seen where it did not get so far */
	ASSERT_EQ(1, read(ready[0], &c, 1));
	close(ready[0]);
	made = now_ns() - start;
	start = now_ns();
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &st, 0));
	EXPECT_TRUE(WIFSIGNALED(st));
	EXPECT_TRUE(all_freed(self->fd, &self->before));
	took = now_ns() - start;
	/* Or as long as it took to make them, on a machine that is slow. */
	EXPECT_LT(took, made > SECOND ? made : SECOND)
		TH_LOG("made in %llu ms, free in %llu", made / 1000000ull, took / 1000000ull);
}

static int reset_device(int fd)
{
	struct vgpu_reset r = { .size = sizeof(r), .flags = VGPU_RESET_FORCE };

	return xioctl(fd, VGPU_IOCTL_RESET, &r);
}

/* Of a context that a reset has ended the memory is free at once, but for what is mapped; the rest tells why. */
TEST_F(life, reset_frees_memory)
{
	struct vgpu_device_status st;
	struct vgpu_fault f;
	uint32_t ctx, bo, mapped;
	struct queue q;
	uint64_t va;
	int fd = dev_open();
	char *p;

	ASSERT_EQ(0, ctx_create(fd, &ctx));
	ASSERT_EQ(0, bo_mapped(fd, ctx, 64 * MIB, &bo, &va));
	ASSERT_EQ(0, bo_create(fd, ctx, MIB, &mapped));
	ASSERT_EQ(0, queue_create(fd, ctx, 64, &q));
	p = bo_mmap(fd, mapped, MIB, PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, reset_device(self->fd));
	ASSERT_EQ(0, status(self->fd, &st));
	EXPECT_EQ(self->before.vram_used + MIB, st.vram_used);
	p[MIB - 1] = 1;
	munmap(p, MIB);
	ASSERT_EQ(0, status(self->fd, &st));
	EXPECT_EQ(self->before.vram_used, st.vram_used);
	EXPECT_EQ(-ENOENT, destroy(fd, bo));
	EXPECT_EQ(-EIO, wait_value(fd, q.handle, 1, SECOND));
	EXPECT_EQ(-EIO, bo_create(fd, ctx, MIB, &bo));
	EXPECT_EQ(0, fault_query(fd, ctx, &f));
	EXPECT_EQ(VGPU_FAULT_RESET, f.kind);
	EXPECT_EQ(0, ctx_create(fd, &ctx));
	EXPECT_EQ(0, bo_create(fd, ctx, MIB, &bo));
	munmap(q.user, q.user_length);
	munmap((void *)q.kernel, 4096);
	close(fd);
	EXPECT_TRUE(all_freed(self->fd, &self->before));
}

/* Resets while contexts are made, filled and ended by others. */
TEST_F_TIMEOUT(life, reset_and_end, 60)
{
	pid_t pid[3];
	uint64_t end = now_ns() + 3 * SECOND;

	for (int i = 0; i < 3; i++) {
		pid[i] = fork();
		if (!pid[i])
			for (;;) {
				int fd = dev_open();
				uint32_t ctx, bo;
				uint64_t va;

				if (!ctx_create(fd, &ctx))
					for (int k = 0; k < 3; k++)
						bo_mapped(fd, ctx, 4 * MIB, &bo, &va);
				if (now_ns() & 1024)
					destroy(fd, ctx);
				close(fd);
			}
	}
	while (now_ns() < end)
		EXPECT_EQ(0, reset_device(self->fd));
	for (int i = 0; i < 3; i++) {
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
	EXPECT_TRUE(all_freed(self->fd, &self->before));
}

TEST_F(life, closed_while_busy)
{
	for (int i = 0; i < 5; i++) {
		uint32_t ctx;
		int st;
		pid_t pid = fork();

		if (!pid) {
			int fd = dev_open();

			busy(fd, &ctx);
			close(fd);
			_exit(0);
		}
		ASSERT_EQ(pid, waitpid(pid, &st, 0));
		EXPECT_EQ(0, st);
		EXPECT_TRUE(all_freed(self->fd, &self->before));
	}
}

TEST_F(life, destroyed_while_busy)
{
	pid_t pid = fork();
	int st;

	if (!pid) {
		uint32_t ctx;
		int fd = dev_open();

		for (int i = 0; i < 5; i++) {
			busy(fd, &ctx);
			if (destroy(fd, ctx))
				_exit(1);
		}
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &st, 0));
	EXPECT_EQ(0, st);
	EXPECT_TRUE(all_freed(self->fd, &self->before));
}

/* The child has the file, but the context is not its own; when the parent dies it is gone. */
TEST_F(life, fork_with_a_live_context)
{
	int to_child[2], from_child[2], st;
	pid_t parent, child;
	int report[8];

	ASSERT_EQ(0, pipe(to_child));
	ASSERT_EQ(0, pipe(from_child));
	parent = fork();
	if (!parent) {
		int fd = dev_open();
		uint32_t ctx, mine, bo;
		uint64_t va;
		char c;

		busy(fd, &ctx);
		if (bo_mapped(fd, ctx, 4096, &bo, &va))
			_exit(3);
		child = fork();
		if (child)
			pause();
		report[0] = bo_create(fd, ctx, 4096, &mine);
		report[1] = from_gpu(fd, ctx, va, &mine, 4);
		report[2] = destroy(fd, ctx);
		report[3] = bo_mmap(fd, bo, 4096, PROT_READ) == MAP_FAILED ? -errno : 0;
		report[4] = ctx_create(fd, &mine);
		report[5] = bo_create(fd, mine, 4096, &bo);
		report[6] = destroy(fd, mine);
		report[7] = getpid();
		(void)!write(from_child[1], report, sizeof(report));
		(void)!read(to_child[0], &c, 1);
		_exit(0);
	}
	close(to_child[0]);
	close(from_child[1]);
	ASSERT_EQ(sizeof(report), (size_t)read(from_child[0], report, sizeof(report)));
	EXPECT_EQ(-EPERM, report[0]);
	EXPECT_EQ(-EPERM, report[1]);
	EXPECT_EQ(-EPERM, report[2]);
	EXPECT_EQ(-EPERM, report[3]);
	EXPECT_EQ(0, report[4]);
	EXPECT_EQ(0, report[5]);
	EXPECT_EQ(0, report[6]);
	kill(parent, SIGKILL);
	ASSERT_EQ(parent, waitpid(parent, &st, 0));
	/* The child still holds the file: the context's memory is freed all the same. */
	EXPECT_TRUE(memory_freed(self->fd, &self->before));
	EXPECT_EQ(0, kill(report[7], 0));
	ASSERT_EQ(1, write(to_child[1], "x", 1));
	close(to_child[1]);
	EXPECT_TRUE(all_freed(self->fd, &self->before));
	close(from_child[0]);
}

TEST_F_TIMEOUT(life, thousand_opens, 200)
{
	for (int i = 0; i < 1000; i++) {
		int fd = dev_open();
		uint32_t ctx, bo;
		uint64_t va;
		struct queue q;

		ASSERT_GE(fd, 0);
		ASSERT_EQ(0, ctx_create(fd, &ctx));
		if (i % 10 == 0) {
			ASSERT_EQ(0, bo_mapped(fd, ctx, 2 * MIB, &bo, &va));
			ASSERT_EQ(0, queue_create(fd, ctx, 64, &q));
			munmap(q.user, q.user_length);
			munmap((void *)q.kernel, 4096);
		}
		close(fd);
	}
	EXPECT_TRUE(all_freed(self->fd, &self->before));
}

TEST_F_TIMEOUT(life, bounds, 200)
{
	uint32_t ctx, h;
	int rc = 0, n, fd = dev_open();

	for (n = 0; n < 5000 && !rc; n++)
		rc = ctx_create(fd, &ctx);
	EXPECT_EQ(-EDQUOT, rc);
	close(fd);
	ASSERT_EQ(0, ctx_create(self->fd, &ctx));
	rc = 0;
	for (n = 0; n < 70000 && !rc; n++)
		rc = fence_create(self->fd, ctx, 0, &h);
	EXPECT_EQ(-EDQUOT, rc);
	ASSERT_EQ(0, destroy(self->fd, ctx));
	ASSERT_EQ(0, ctx_create(self->fd, &ctx));
	for (rc = 0, n = 0; n < 3000 && !rc; n++) {
		struct vgpu_queue_create c = { .size = sizeof(c), .ctx = ctx, .slots = 64 };

		rc = xioctl(self->fd, VGPU_IOCTL_QUEUE_CREATE, &c);
	}
	EXPECT_EQ(-EDQUOT, rc);
	if (!rings_are_bounded())
		EXPECT_EQ(1025, n);
	ASSERT_EQ(0, destroy(self->fd, ctx));
	EXPECT_TRUE(all_freed(self->fd, &self->before));
}

/* Threads that use, destroy and end the same things at once. */
struct race {
	int fd;
	uint32_t ctx;
	volatile uint64_t va;
	volatile bool stop;
};

static void *mapper(void *arg)
{
	struct race *r = arg;
	uint32_t bo;
	uint64_t va;
	int x = 0;

	while (!r->stop) {
		if (bo_mapped(r->fd, r->ctx, 2 * MIB + 4096, &bo, &va))
			continue;
		to_gpu(r->fd, r->ctx, va + 2 * MIB - 2, &x, 4);
		destroy(r->fd, bo);
	}
	return NULL;
}

static void *guesser(void *arg)
{
	struct race *r = arg;
	unsigned int seed = 1;
	uint64_t va = 0;

	while (!r->stop) {
		uint32_t h = rand_r(&seed) % 4096;

		if (h == r->ctx)
			continue;
		va_map(r->fd, h, 0, 0, 0, &va);
		if (h % 3 == 0)
			destroy(r->fd, h);
	}
	return NULL;
}

static void *submitter(void *arg)
{
	struct race *r = arg;
	struct vgpu_pkt_fence nop = pkt_fence(VGPU_PKT_NOP, 0, 0);
	struct queue q;

	while (!r->stop) {
		if (queue_create(r->fd, r->ctx, 64, &q))
			continue;
		for (int i = 0; i < 20; i++)
			submit(&q, &nop);
		wait_value(r->fd, q.handle, 10, SECOND / 10);
		destroy(r->fd, q.handle);
		munmap(q.user, q.user_length);
		munmap((void *)q.kernel, 4096);
	}
	return NULL;
}

TEST_F_TIMEOUT(life, threads_at_once, 60)
{
	void *(*fn[])(void *) = { mapper, mapper, guesser, submitter };
	pthread_t t[4];
	struct race r = { .fd = dev_open() };

	ASSERT_EQ(0, ctx_create(r.fd, &r.ctx));
	for (int i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_create(&t[i], NULL, fn[i], &r));
	sleep(3);
	/* End the context under them. */
	EXPECT_EQ(0, destroy(r.fd, r.ctx));
	usleep(200000);
	r.stop = true;
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	close(r.fd);
	EXPECT_TRUE(all_freed(self->fd, &self->before));
}

static void *unmapper(void *arg)
{
	struct race *r = arg;
	uint64_t va;

	while (!r->stop) {
		va = r->va;
		if (va)
			va_unmap(r->fd, r->ctx, va);
	}
	return NULL;
}

/* A mapping may be gone before the call that made it returns; its address is right all the same. */
TEST_F_TIMEOUT(life, unmapped_while_mapping, 60)
{
	struct race r = { .fd = dev_open() };
	uint64_t va, first, end;
	pthread_t t;
	uint32_t bo;

	ASSERT_EQ(0, ctx_create(r.fd, &r.ctx));
	ASSERT_EQ(0, bo_mapped(r.fd, r.ctx, 4096, &bo, &first));
	ASSERT_EQ(0, va_unmap(r.fd, r.ctx, first));
	ASSERT_EQ(0, pthread_create(&t, NULL, unmapper, &r));
	for (end = now_ns() + 2 * SECOND; now_ns() < end; ) {
		va = 0;
		if (va_map(r.fd, bo, 0, 0, 4096, &va))
			continue;
		r.va = va;
		/* What lies in freed memory is no page below the end of the address space. */
		if (!va || va % 4096 || va >= VGPU_VA_END) {
			EXPECT_EQ(first, va);
			break;
		}
	}
	r.stop = true;
	pthread_join(t, NULL);
	close(r.fd);
	EXPECT_TRUE(all_freed(self->fd, &self->before));
}

/* Contexts of another process that end @how: by and by, with their file, with files of their own. How long until nothing is left. */
static int end_many(int fd, const struct vgpu_device_status *before, int how, uint64_t *took)
{
	int ready[2], own = -1;
	uint32_t ctx;
	pid_t pid;

	*took = now_ns();
	if (pipe(ready))
		return -errno;
	pid = fork();
	for (int i = 0; !pid && i < 200; i++) {
		if (own < 0 || how == 2)
			own = dev_open();
		if (ctx_create(own, &ctx) || (!how && destroy(own, ctx)))
			_exit(1);
	}
	if (!pid) {
		(void)!write(ready[1], "x", 1);
		pause();
	}
	if (kill_when_ready(pid, ready) || !all_freed(fd, before))
		return -EIO;
	*took = now_ns() - *took;
	return 0;
}

/* Nothing waits for each context by itself: not who destroys them, nor who closes a file, nor who ends a process. */
TEST_F_TIMEOUT(life, many_contexts_end, 120)
{
	/* An emulated machine takes as long by itself, and a busy one now and then. */
	uint64_t took, most = emulated() ? ~0ull : 2 * SECOND;

	for (int how = 0; how < 3; how++) {
		took = ~0ull;
		for (int tries = 0; !tries || (took > most && tries < 5); tries++)
			ASSERT_EQ(0, end_many(self->fd, &self->before, how, &took));
		EXPECT_LE(took, most);
	}
}

/* A fault of user 1000, as @uid sees it: 0 when all of it is told, 1 when what is its own is not. */
static int looked_at_by(int uid, uint64_t after)
{
	static const uint32_t none[3];
	struct vgpu_fault newest, next;
	struct vgpu_event_query e = {
		.size = sizeof(e), .after = after, .fault_size = sizeof(next), .fault = (uintptr_t)&next,
	};
	int fd;

	if (setuid(uid))
		return 10;
	fd = dev_open();
	if (fault_query(fd, 0, &newest) || xioctl(fd, VGPU_IOCTL_EVENT_QUERY, &e))
		return 11;
	/* That, why and when there was one is told to all. */
	if (newest.kind != VGPU_FAULT_COPY || next.kind != VGPU_FAULT_COPY || newest.xid != 31 ||
	    next.xid != 31 || !newest.pid || !newest.time_ns || newest.detail != next.detail)
		return 12;
	if (newest.address != next.address || newest.write != next.write || newest.seqno != next.seqno)
		return 13;
	if (newest.address)
		return newest.address == 0x4321000 && newest.write == 1 && newest.seqno == 1 ? 0 : 14;
	return newest.write || newest.seqno || newest.pc || newest.line || newest.kernel_name[0] ||
	       newest.access_bytes || memcmp(newest.block, none, sizeof(none)) ? 15 : 1;
}

TEST_F(life, another_users_fault)
{
	static const struct { int uid, sees; } who[] = { { 0, 0 }, { 1000, 0 }, { 2000, 1 } };
	int st;
	pid_t pid = fork();

	if (!pid) {
		struct vgpu_pkt_fill bad = pkt_fill(0x4321000, 1, 4, 4);
		struct queue q;
		uint32_t ctx;
		int fd;

		if (setuid(1000))
			_exit(1);
		fd = dev_open();
		if (ctx_create(fd, &ctx) || queue_create(fd, ctx, 64, &q) || !submit(&q, &bad))
			_exit(2);
		_exit(queue_sync(&q) == -EIO ? 0 : 3);
	}
	ASSERT_EQ(pid, waitpid(pid, &st, 0));
	ASSERT_EQ(0, st);
	for (int i = 0; i < 3; i++) {
		pid = fork();
		if (!pid)
			_exit(looked_at_by(who[i].uid, self->before.last_event));
		ASSERT_EQ(pid, waitpid(pid, &st, 0));
		EXPECT_EQ(who[i].sees, WEXITSTATUS(st));
	}
}

TEST_F(life, module_in_use_stays)
{
	EXPECT_NE(0, syscall(SYS_delete_module, "vgpu", O_NONBLOCK));
	EXPECT_EQ(EWOULDBLOCK, errno);
}

TEST_HARNESS_MAIN
