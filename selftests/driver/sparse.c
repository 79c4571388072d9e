// SPDX-License-Identifier: MIT
/* A device that claims a TiB: what is touched has memory, and its end is an error. */
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "../lib/harness.h"

#include "cgroup.h"
#include "gpu.h"

#define GIB	(1ull << 30)
#define PIECE	(2 * MIB)

FIXTURE(sparse)
{
	struct gpu g;
	struct vgpu_device_status before;
};

FIXTURE_SETUP(sparse)
{
	ASSERT_EQ(0, gpu_open(&self->g));
	ASSERT_EQ(0, status(self->g.fd, &self->before));
	ASSERT_EQ(1024 * GIB, self->before.vram_total);
}

/* All memory is back; the rest of the machine takes and gives some meanwhile. */
FIXTURE_TEARDOWN(sparse)
{
	struct vgpu_device_status after;
	int fd = dev_open();

	ASSERT_EQ(0, destroy(self->g.fd, self->g.ctx));
	close(self->g.fd);
	ASSERT_EQ(0, status(fd, &after));
	EXPECT_EQ(0, after.vram_used);
	EXPECT_GT(after.vram_free + 64 * MIB, self->before.vram_free);
	close(fd);
}

static uint32_t word(struct gpu *g, uint64_t va)
{
	uint32_t x = 0xdeadbeef;

	from_gpu(g->fd, g->ctx, va, &x, 4);
	return x;
}

TEST_F(sparse, larger_than_the_machine)
{
	uint32_t bo, x = 0x600d;
	struct vgpu_device_status st;
	uint64_t va;

	ASSERT_EQ(0, bo_mapped(self->g.fd, self->g.ctx, 700 * GIB, &bo, &va));
	ASSERT_EQ(0, status(self->g.fd, &st));
	EXPECT_EQ(self->before.vram_used + 700 * GIB, st.vram_used);
	EXPECT_EQ(-ENOSPC, bo_create(self->g.fd, self->g.ctx, 400 * GIB, &bo));
	for (uint64_t at = 0; at < 700 * GIB; at += 77 * GIB + 4) {
		EXPECT_EQ(0, word(&self->g, va + at));
		ASSERT_EQ(0, to_gpu(self->g.fd, self->g.ctx, va + at, &x, 4));
		EXPECT_EQ(x, word(&self->g, va + at));
		EXPECT_EQ(0, word(&self->g, va + at + 4));
	}
	EXPECT_EQ(-EFAULT, from_gpu(self->g.fd, self->g.ctx, va + 700 * GIB, &x, 4));
}

/* Every lane touches a piece of its own: the block goes on once for each, and adds once. */
TEST_F(sparse, kernels_touch)
{
	struct launch l;
	uint32_t bo;
	uint64_t va;

	ASSERT_EQ(0, bo_mapped(self->g.fd, self->g.ctx, 100 * GIB, &bo, &va));
	l = launch(&self->g, SCATTER, 2, 32, va + 1024, PIECE);
	for (int i = 0; i < 3; i++)
		run(&self->g, &l);
	ASSERT_EQ(0, queue_sync(&self->g.q));
	for (int i = 0; i < 64; i++)
		EXPECT_EQ(3, word(&self->g, va + 1024 + i * PIECE));
	EXPECT_EQ(0, word(&self->g, va + 1024 + 64 * PIECE));
}

TEST_F(sparse, packets_touch)
{
	struct vgpu_pkt_timestamp t = { .hdr = { .type = VGPU_PKT_TIMESTAMP, .slots = 1 } };
	struct vgpu_pkt_fill f;
	struct vgpu_pkt_copy c;
	uint32_t bo;
	uint64_t va;

	ASSERT_EQ(0, bo_mapped(self->g.fd, self->g.ctx, 100 * GIB, &bo, &va));
	f = pkt_fill(va + PIECE - 64, 0x11223344, 4, (2 * PIECE + 128) / 4);
	submit(&self->g.q, &f);
	c = pkt_copy(va + 50 * GIB - 100, va + PIECE - 100, 2 * PIECE + 200);
	submit(&self->g.q, &c);
	t.dst = va + 99 * GIB;
	submit(&self->g.q, &t);
	ASSERT_EQ(0, queue_sync(&self->g.q));
	EXPECT_EQ(0, word(&self->g, va + 50 * GIB - 68));
	EXPECT_EQ(0x11223344, word(&self->g, va + 50 * GIB - 64));
	EXPECT_EQ(0x11223344, word(&self->g, va + 50 * GIB + 2 * PIECE + 60));
	EXPECT_EQ(0, word(&self->g, va + 50 * GIB + 2 * PIECE + 64));
	EXPECT_NE(0, word(&self->g, va + 99 * GIB));
}

/* Free is what neither has memory nor is promised any, whether it was touched; the rest of the machine takes and gives some, too. */
TEST_F(sparse, free_memory)
{
	const uint64_t some = 128 * MIB, noise = 32 * MIB;
	uint64_t before, va;
	struct vgpu_device_status st;
	uint32_t bo, x = 1;

	ASSERT_EQ(0, status(self->g.fd, &st));
	before = st.vram_free;
	ASSERT_EQ(0, bo_mapped(self->g.fd, self->g.ctx, some, &bo, &va));
	for (int touched = 0; touched < 2; touched++) {
		ASSERT_EQ(0, status(self->g.fd, &st));
		EXPECT_GT(st.vram_free + some + noise, before);
		EXPECT_LT(st.vram_free + some, before + noise);
		for (uint64_t at = 0; at < some; at += PIECE)
			ASSERT_EQ(0, to_gpu(self->g.fd, self->g.ctx, va + at, &x, 4));
	}
	ASSERT_EQ(0, destroy(self->g.fd, bo));
	ASSERT_EQ(0, status(self->g.fd, &st));
	EXPECT_GT(st.vram_free + noise, before);
	ASSERT_EQ(0, bo_create(self->g.fd, self->g.ctx, 1000 * GIB, &bo));
	ASSERT_EQ(0, status(self->g.fd, &st));
	EXPECT_EQ(0, st.vram_free);
}

/* More than the machine has can be mapped, and takes what is touched. */
TEST_F(sparse, user_mappings_touch)
{
	uint32_t bo, x = 9, *p;
	uint64_t va, free;

	ASSERT_EQ(0, bo_mapped(self->g.fd, self->g.ctx, 500 * GIB, &bo, &va));
	free = available();
	p = bo_mmap(self->g.fd, bo, 500 * GIB, PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, (void *)p);
	for (uint64_t at = 0; at < 500 * GIB; at += 49 * GIB + 4100) {
		EXPECT_EQ(0, p[at / 4]);
		p[at / 4] = ++x;
		EXPECT_EQ(x, word(&self->g, va + (at & ~3ull)));
	}
	EXPECT_GT(available() + 256 * MIB, free);
	x = 77;
	ASSERT_EQ(0, to_gpu(self->g.fd, self->g.ctx, va + 7 * GIB, &x, 4));
	EXPECT_EQ(77, p[7 * GIB / 4]);
	munmap(p, 500 * GIB);
	/* Not at its beginning, up to its end. */
	ASSERT_EQ(0, bo_create(self->g.fd, self->g.ctx, 3 * PIECE + 8 * KIB, &bo));
	p = bo_mmap(self->g.fd, bo, 3 * PIECE + 8 * KIB, PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, (void *)p);
	for (uint64_t at = 3 * PIECE + 4 * KIB; at; at -= 4 * KIB)
		p[at / 4] = at;
	for (uint64_t at = 3 * PIECE + 4 * KIB; at; at -= 4 * KIB)
		ASSERT_EQ(at, p[at / 4]);
	munmap(p, 3 * PIECE + 8 * KIB);
}

/* A mapping whose pieces begin in the middle of a table of the processor's, so that one more takes no table. */
static volatile char *mmap_askew(int fd, uint32_t bo)
{
	struct vgpu_bo_mmap m = { .size = sizeof(m), .handle = bo };
	uintptr_t at = (uintptr_t)mmap(NULL, 4 * PIECE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (xioctl(fd, VGPU_IOCTL_BO_MMAP, &m))
		return MAP_FAILED;
	at = (at + PIECE - 1) / PIECE * PIECE + PIECE / 2;
	return mmap((void *)at, 2 * PIECE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, m.offset);
}

/* Touches a page for which its group can pay nothing, not even the few KiB beside it. */
static void touch_beyond(void)
{
	uint32_t ctx, bo, small;
	int fd = dev_open(), at = open(GROUP "/memory.current", O_RDONLY);
	char current[32] = "";
	volatile char *p;
	uint64_t va = 0;

	/* A core dump's first allocation would have the kernel kill us otherwise, before SIGBUS does. */
	prctl(PR_SET_DUMPABLE, 0);
	if (put(GROUP "/cgroup.procs", "0") || mlockall(MCL_CURRENT) || ctx_create(fd, &ctx) ||
	    bo_create(fd, ctx, 2 * PIECE, &bo))
		_exit(1);
	p = mmap_askew(fd, bo);
	p[PIECE / 4 * 3] = 1;
	if (read(at, current, sizeof(current) - 1) <= 0 || put(GROUP "/memory.max", current))
		_exit(2);
	while (!bo_create(fd, ctx, 4 * KIB, &small))
		;
	do {	/* what the group has left is used up by tables */
		va += GIB;
	} while (!va_map(fd, bo, VGPU_VA_FIXED, 0, 4 * KIB, &va));
	p[PIECE / 4 * 5] = 1;
	_exit(3);
}

/* Who touches what cannot be had is told so: nobody tries again and again. */
TEST_F(sparse, user_mapping_of_a_group_at_its_limit)
{
	int st;

	if (!make_group())
		SKIP(return, "no control groups for memory");
	for (int i = 0; i < 5; i++) {
		uint64_t end = now_ns() + 10 * SECOND;
		pid_t pid = fork();

		if (!pid)
			touch_beyond();
		st = -1;
		while (!waitpid(pid, &st, WNOHANG) && now_ns() < end)
			usleep(1000);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		ASSERT_EQ(SIGBUS, st) TH_LOG("status 0x%x", st);
		ASSERT_EQ(0, put(GROUP "/memory.max", "max"));
	}
	EXPECT_EQ(0, remove_group());
}

/* Shown in any way, it is one memory. */
TEST_F(sparse, many_mappings)
{
	struct gpu *g = &self->g;
	uint64_t va = 0, odd = 0, part = 0, far;
	uint32_t bo, other, x = 7, *p;
	struct vgpu_share s;
	uint32_t ctx;
	int fd = dev_open();

	ASSERT_EQ(0, bo_create(g->fd, g->ctx, 9 * PIECE + 12 * KIB, &bo));
	ASSERT_EQ(0, va_map(g->fd, bo, 0, 0, 0, &va));
	ASSERT_EQ(0, va_map(g->fd, bo, VGPU_VA_READONLY, PIECE + 4 * KIB, 5 * PIECE, &odd));
	ASSERT_EQ(0, va_map(g->fd, bo, 0, PIECE, 2 * PIECE + 8 * KIB, &part));
	ASSERT_EQ(0, ctx_create(fd, &ctx));
	ASSERT_EQ(0, share(g->fd, bo, VGPU_SHARE_FD, &s));
	ASSERT_EQ(0, open_shared(fd, ctx, &s, &other));
	far = 0;
	ASSERT_EQ(0, va_map(fd, other, 0, 0, 0, &far));
	p = bo_mmap(g->fd, bo, 9 * PIECE + 12 * KIB, PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, (void *)p);
	for (uint64_t at = PIECE + 4 * KIB; at < 3 * PIECE; at += PIECE / 8 + 4, x++) {
		uint32_t y = 0;

		ASSERT_EQ(0, to_gpu(g->fd, g->ctx, va + at, &x, 4));
		EXPECT_EQ(x, word(g, odd + at - PIECE - 4 * KIB));
		EXPECT_EQ(x, word(g, part + at - PIECE));
		ASSERT_EQ(0, from_gpu(fd, ctx, far + at, &y, 4));
		EXPECT_EQ(x, y);
		EXPECT_EQ(x, p[at / 4]);
	}
	EXPECT_EQ(-EFAULT, to_gpu(g->fd, g->ctx, odd, &x, 4));
	munmap(p, 9 * PIECE + 12 * KIB);
	close(s.fd);
	close(fd);
}

/* An alignment below a piece's: nothing may be absent in the middle of a leaf. */
TEST_F(sparse, small_alignment)
{
	struct gpu *g = &self->g;
	uint32_t bo, x = 5;

	ASSERT_EQ(0, bo_create(g->fd, g->ctx, 4 * PIECE, &bo));
	for (int i = 0; i < 3; i++) {
		struct vgpu_va_map m = {
			.size = sizeof(m), .bo = bo, .offset = MIB, .length = 2 * PIECE, .align = MIB,
		};

		ASSERT_EQ(0, xioctl(g->fd, VGPU_IOCTL_VA_MAP, &m));
		ASSERT_EQ(0, to_gpu(g->fd, g->ctx, m.va + MIB, &x, 4));
		EXPECT_EQ(x, word(g, m.va + MIB));
	}
}

/* Within a second. */
static bool memory_is_back(int fd, uint64_t bytes)
{
	struct vgpu_device_status st = { 0 };

	for (int i = 0; i < 100 && st.vram_free < bytes; i++) {
		usleep(10000);
		status(fd, &st);
	}
	return st.vram_free >= bytes;
}

/* By its own writes; the other context then still computes. */
TEST_F_TIMEOUT(sparse, the_machine_ends, 300)
{
	struct gpu other;
	struct launch l;
	struct vgpu_fault f;
	uint32_t bo, spare, x = 1;
	uint64_t va, at = 0;
	int rc = 0;

	ASSERT_EQ(0, gpu_open(&other));
	ASSERT_EQ(0, bo_mapped(self->g.fd, self->g.ctx, 16 * PIECE, &spare, &va));
	for (int i = 0; i < 16; i++)
		ASSERT_EQ(0, to_gpu(self->g.fd, self->g.ctx, va + i * PIECE, &x, 4));
	ASSERT_EQ(0, bo_mapped(self->g.fd, self->g.ctx, 100 * GIB, &bo, &va));
	for (; !rc && at < 100 * GIB; at += PIECE)
		rc = to_gpu(self->g.fd, self->g.ctx, va + at, &x, 4);
	EXPECT_EQ(-ENOSPC, rc);
	/* Enough for blocks, not for all that they touch. */
	ASSERT_EQ(0, destroy(self->g.fd, spare));
	l = launch(&self->g, SCATTER, 4, 32, va + 10 * GIB, PIECE);
	run(&self->g, &l);
	EXPECT_EQ(-EIO, queue_sync(&self->g.q));
	ASSERT_EQ(0, fault_query(self->g.fd, self->g.ctx, &f));
	EXPECT_EQ(VGPU_FAULT_MEMORY, f.kind);
	EXPECT_EQ(-ENOSPC, f.detail);
	ASSERT_EQ(0, destroy(self->g.fd, bo));
	/* A worker that was just looking for memory lets go of the buffer when it has given up. */
	EXPECT_TRUE(memory_is_back(other.fd, self->before.vram_free / 2));
	l = launch(&other, COUNT, 3, 32, other.va, 0);
	run(&other, &l);
	EXPECT_EQ(0, queue_sync(&other.q));
	EXPECT_EQ(1, peek(&other, 0));
	ASSERT_EQ(0, destroy(other.fd, other.ctx));
	close(other.fd);
}

/* ---- what a context waits for, no worker does */

#define NMAPS		40000
#define MAX_WORKERS	256

/* The state files of the workers' threads; returns how many. */
static int find_workers(int *fd)
{
	char path[64], name[32];
	int n = 0;

	for (int pid = 2; pid < 4096 && n < MAX_WORKERS; pid++) {
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%d/comm", pid);
		f = fopen(path, "r");
		if (!f)
			continue;
		if (fgets(name, sizeof(name), f) && !strncmp(name, "vgpu/", 5)) {
			snprintf(path, sizeof(path), "/proc/%d/stat", pid);
			fd[n++] = open(path, O_RDONLY);
		}
		fclose(f);
	}
	return n;
}

/* Whether a thread waits for something: "D", where one that has nothing to do is "I". */
static bool waits(int fd)
{
	char stat[256] = "";
	char *end;

	pread(fd, stat, sizeof(stat) - 1, 0);
	end = strrchr(stat, ')');
	return end && end[1] == ' ' && end[2] == 'D';
}

struct end {
	int fd;
	uint32_t bo;
	volatile bool began, over;
};

/* With the lock of its address space held for most of the time. */
static void *end_of_many(void *arg)
{
	struct end *e = arg;

	e->began = true;
	destroy(e->fd, e->bo);
	e->over = true;
	return NULL;
}

/* A kernel touches memory while another thread of its process has the address space locked. */
TEST_F_TIMEOUT(sparse, workers_do_not_wait, 300)
{
	struct end e = { .fd = self->g.fd };
	int worker[MAX_WORKERS], n = find_workers(worker), waited = 0, looks = 0;
	struct launch l;
	uint64_t va;
	uint32_t bo;
	pthread_t t;

	ASSERT_LT(0, n);
	ASSERT_EQ(0, bo_mapped(e.fd, self->g.ctx, 100 * GIB, &bo, &va));
	ASSERT_EQ(0, bo_create(e.fd, self->g.ctx, 4096, &e.bo));
	for (int i = 0; i < NMAPS; i++) {
		uint64_t any = 0;

		ASSERT_EQ(0, va_map(e.fd, e.bo, 0, 0, 0, &any));
	}
	l = launch(&self->g, SCATTER, 8, 32, va, PIECE / 4);
	ASSERT_EQ(0, pthread_create(&t, NULL, end_of_many, &e));
	while (!e.began)
		sched_yield();
	run(&self->g, &l);
	while (!e.over) {
		for (int i = 0; i < n; i++)
			waited += waits(worker[i]);
		looks++;
	}
	pthread_join(t, NULL);
	ASSERT_EQ(0, queue_sync(&self->g.q));
	EXPECT_EQ(0, waited) TH_LOG("in %d of %d looks at %d workers", waited, looks, n);
	for (int i = 0; i < n; i++)
		close(worker[i]);
}

/* Several at once touch the same pieces; nobody loses what another wrote. */
TEST_F(sparse, races)
{
	struct vgpu_share s;
	uint32_t bo, ctx;
	uint64_t va;

	ASSERT_EQ(0, bo_mapped(self->g.fd, self->g.ctx, 256 * PIECE, &bo, &va));
	ASSERT_EQ(0, share(self->g.fd, bo, VGPU_SHARE_FD, &s));
	for (uint32_t k = 1; k <= 4; k++) {
		if (fork())
			continue;
		int fd = dev_open();
		uint32_t b;
		uint64_t v = 0;
		int bad = ctx_create(fd, &ctx) || open_shared(fd, ctx, &s, &b) ||
			  va_map(fd, b, 0, 0, 0, &v);

		for (uint64_t i = 0; !bad && i < 256; i++)
			bad = to_gpu(fd, ctx, v + i * PIECE + k * 64, &k, 4);
		_exit(bad);
	}
	for (int k = 0, st; k < 4; k++) {
		ASSERT_LT(0, wait(&st));
		EXPECT_EQ(0, st);
	}
	for (uint64_t i = 0; i < 256; i++)
		for (uint32_t k = 1; k <= 4; k++)
			ASSERT_EQ(k, word(&self->g, va + i * PIECE + k * 64));
	close(s.fd);
}

TEST_HARNESS_MAIN
