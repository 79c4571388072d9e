// SPDX-License-Identifier: MIT
/* Launches: blocks, faults, fairness, cooperation. Kernels: kernels.visa. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "../lib/harness.h"

#include "../../uapi/vgpu_isa.h"
#include "gpu.h"

FIXTURE(launch)
{
	struct gpu g;
};

FIXTURE_SETUP(launch)
{
	ASSERT_EQ(0, gpu_open(&self->g));
}

FIXTURE_TEARDOWN(launch)
{
	close(self->g.fd);
}

TEST_F(launch, every_block_once)
{
	static const uint32_t grids[] = { 1, 2, 7, 64, 1000, 50000 };
	uint32_t *r = malloc(50000 * 4), sum = 0;

	for (unsigned int i = 0; i < 6; i++) {
		struct launch l = launch(&self->g, COUNT, grids[i], 64, self->g.va, 0);

		run(&self->g, &l);
	}
	ASSERT_EQ(0, queue_sync(&self->g.q));
	ASSERT_EQ(0, from_gpu(self->g.fd, self->g.ctx, self->g.va, r, 50000 * 4));
	for (uint32_t i = 0; i < 50000; i++) {
		sum = 0;
		for (unsigned int k = 0; k < 6; k++)
			sum += i < grids[k] ? i + 1 : 0;
		ASSERT_EQ(sum, r[i]);
	}
	free(r);
}

TEST_F(launch, many_in_a_row)
{
	struct launch l = launch(&self->g, COUNT, 3, 32, self->g.va, 0);

	for (int i = 0; i < 500; i++)
		run(&self->g, &l);
	ASSERT_EQ(0, queue_sync(&self->g.q));
	EXPECT_EQ(500, peek(&self->g, 0));
	EXPECT_EQ(1500, peek(&self->g, 8));
}

TEST_F(launch, kernel_info)
{
	struct vgpu_kernel_info k = { .size = sizeof(k), .code = self->g.code, .kernel = MEET };

	ASSERT_EQ(0, xioctl(self->g.fd, VGPU_IOCTL_KERNEL_INFO, &k));
	EXPECT_STREQ("meet", k.name);
	EXPECT_EQ(16, k.param_bytes);
	EXPECT_EQ(0, k.coop_blocks);
	k.threads = 64;
	ASSERT_EQ(0, xioctl(self->g.fd, VGPU_IOCTL_KERNEL_INFO, &k));
	EXPECT_GT(k.coop_blocks, 0);
	EXPECT_GT(k.cta_bytes, 0);
	k.kernel = 100;
	EXPECT_EQ(-EINVAL, xioctl(self->g.fd, VGPU_IOCTL_KERNEL_INFO, &k));
	k.kernel = 0;
	k.threads = 2000;
	EXPECT_EQ(-EINVAL, xioctl(self->g.fd, VGPU_IOCTL_KERNEL_INFO, &k));
	k.threads = 64;
	k.launch_local_bytes = (512 << 10) + 1;
	EXPECT_EQ(-EINVAL, xioctl(self->g.fd, VGPU_IOCTL_KERNEL_INFO, &k));
	k.launch_local_bytes = 0;
	k.reserved = 1;
	EXPECT_EQ(-EINVAL, xioctl(self->g.fd, VGPU_IOCTL_KERNEL_INFO, &k));
	/* As it was before version 8: the memory behind is not the struct's. */
	k.size = offsetof(struct vgpu_kernel_info, launch_local_bytes);
	EXPECT_EQ(0, xioctl(self->g.fd, VGPU_IOCTL_KERNEL_INFO, &k));
}

/* As many blocks as KERNEL_INFO says meet; one more does not fit. */
static void meet_and_one_more(struct __test_metadata *_metadata, struct gpu *g, const struct vgpu_kernel_info *k)
{
	struct launch l = launch(g, k->kernel, k->coop_blocks, k->threads, g->va, 0);
	struct vgpu_fault f;

	l.p.hdr.flags = VGPU_LAUNCH_COOPERATIVE;
	l.p.local_bytes = k->launch_local_bytes;
	run(g, &l);
	ASSERT_EQ(0, queue_sync(&g->q));
	EXPECT_EQ(k->coop_blocks, peek(g, 0));
	l.p.grid[0]++;
	run(g, &l);
	EXPECT_EQ(-EIO, queue_sync(&g->q));
	ASSERT_EQ(0, fault_query(g->fd, g->ctx, &f));
	EXPECT_EQ(VGPU_FAULT_PACKET, f.kind);
	EXPECT_EQ(-E2BIG, f.detail);
}

TEST_F(launch, cooperative)
{
	struct vgpu_kernel_info k = {
		.size = sizeof(k), .code = self->g.code, .kernel = MEET, .threads = 64,
	};

	ASSERT_EQ(0, xioctl(self->g.fd, VGPU_IOCTL_KERNEL_INFO, &k));
	meet_and_one_more(_metadata, &self->g, &k);
}

/* What KERNEL_INFO says of a launch with much local memory is what such a launch may be. */
TEST_F(launch, cooperative_with_a_stack)
{
	struct vgpu_kernel_info k = {
		.size = sizeof(k), .code = self->g.code, .kernel = SQUAT, .threads = 64,
	};
	uint32_t without;

	ASSERT_EQ(0, xioctl(self->g.fd, VGPU_IOCTL_KERNEL_INFO, &k));
	without = k.coop_blocks;
	k.launch_local_bytes = 256 << 10;
	ASSERT_EQ(0, xioctl(self->g.fd, VGPU_IOCTL_KERNEL_INFO, &k));
	ASSERT_GT(k.coop_blocks, 0);
	EXPECT_LT(k.coop_blocks, without);
	meet_and_one_more(_metadata, &self->g, &k);
}

TEST_F(launch, spinning_blocks_let_others_run)
{
	struct launch l = launch(&self->g, MEET, 40, 32, self->g.va, 0);

	run(&self->g, &l);
	EXPECT_EQ(0, queue_sync(&self->g.q));
}

/*
 * Many more blocks than there is room for, each waiting for the one before it, with work of any length first: what scans
 * of whole arrays rest on. A block that began before one that it waits for would take its room.
 */
TEST_F(launch, each_block_waits_for_the_one_before)
{
	static const unsigned int blocks[] = { 3000, 1000, 500 }, work[] = { 0, 100, 10000 };
	struct launch l;

	for (unsigned int i = 0; i < 3; i++) {
		l = launch(&self->g, CHAIN, blocks[i], 32, self->g.va + i * MIB, work[i]);
		run(&self->g, &l);
		ASSERT_EQ(0, queue_sync(&self->g.q));
		EXPECT_EQ(1, peek(&self->g, i * MIB + 4 * (blocks[i] - 1)));
	}
}

/* The same where memory for few blocks, or one, can be had at the same time: it is not a later one that has it. */
TEST_F(launch, each_block_waits_with_little_memory)
{
	struct launch l;

	for (unsigned int i = 0; i < 60; i++) {
		l = launch(&self->g, AMPLE, 20, 64, self->g.va + i * 4 * KIB, i * 10);
		l.p.local_bytes = 12 * KIB;
		run(&self->g, &l);
		ASSERT_EQ(0, queue_sync(&self->g.q));
		EXPECT_EQ(1, peek(&self->g, i * 4 * KIB + 4 * 19));
	}
}

/*
 * Blocks that have their memory do not keep others from getting theirs, which takes long: all of it has to be emptied. Nor does the
 * launch run into its limit meanwhile.
 */
TEST_F(launch, cooperative_with_large_blocks)
{
	struct launch l = launch(&self->g, SQUAT, 8, 128, self->g.va, 0);

	l.p.local_bytes = 64 * KIB;
	l.p.hdr.flags = VGPU_LAUNCH_COOPERATIVE;
	run(&self->g, &l);
	EXPECT_EQ(0, queue_sync(&self->g.q));
	EXPECT_EQ(8, peek(&self->g, 0));
}

TEST_F(launch, queues_side_by_side)
{
	struct launch endless = launch(&self->g, ENDLESS, 8, 32, 0, 0);
	struct launch l;
	struct gpu b = self->g;

	ASSERT_EQ(0, queue_create(b.fd, b.ctx, 256, &b.q));
	run(&self->g, &endless);
	for (int i = 0; i < 10; i++) {
		l = launch(&b, COUNT, 100, 32, b.va, 0);
		run(&b, &l);
		ASSERT_EQ(0, queue_sync(&b.q));
	}
	EXPECT_EQ(10, peek(&b, 0));
	EXPECT_EQ(0, self->g.q.kernel->done);
	/* Destroying the queue ends what runs in it, and no more. */
	EXPECT_EQ(0, destroy(self->g.fd, self->g.q.handle));
	run(&b, &l);
	EXPECT_EQ(0, queue_sync(&b.q));
}

/* ---- at the same time */

/* How many workers were in blocks on average, in hundredths, while any was: worker time in the device's busy time. */
static unsigned int workers_inside(int fd)
{
	struct vgpu_device_status from, to;

	if (status(fd, &from) || usleep(200000) || status(fd, &to) || to.active_ns <= from.active_ns)
		return 0;
	return (to.busy_ns - from.busy_ns) * 100 / (to.active_ns - from.active_ns);
}

/* The most that it comes to; where there is one worker, three looks tell. */
static unsigned int most_inside(int fd, unsigned int workers)
{
	unsigned int most = 0, now;

	for (int i = 0; i < (workers == 1 ? 3 : 50) && most <= 150; i++) {
		now = workers_inside(fd);
		most = now > most ? now : most;
	}
	return most;
}

/*
 * Two kernels of one block each: each block is in one worker's hands, so that more than one at a time is both at once. By the
 * machine's own clock, and so in an emulated one, too. Where there is one worker they take turns, and the measure says so;
 * where there are more than the bed's two processors, both may be in hands that share one.
 */
TEST_F(launch, two_kernels_at_the_same_time)
{
	struct launch endless = launch(&self->g, ENDLESS, 1, 32, 0, 0);
	struct vgpu_device_info info = { .size = sizeof(info) };
	struct gpu b = self->g;
	unsigned int most;

	ASSERT_EQ(0, xioctl(b.fd, VGPU_IOCTL_DEVICE_INFO, &info));
	ASSERT_EQ(0, queue_create(b.fd, b.ctx, 256, &b.q));
	run(&self->g, &endless);
	run(&b, &endless);
	most = most_inside(b.fd, info.workers);
	TH_LOG("%u workers: %u hundredths inside", info.workers, most);
	EXPECT_GT(most, 10);
	if (info.workers == 1) {
		EXPECT_LT(most, 130);
	} else if (info.workers == 2) {
		EXPECT_GT(most, 150);
	}
}

/* Of the machine, not only those that its processes are shown. */
static unsigned int processors(void)
{
	FILE *f = fopen("/proc/stat", "r");
	unsigned int n = 0;
	char line[4096];

	while (f && fgets(line, sizeof(line), f))
		n += !strncmp(line, "cpu", 3) && line[3] >= '0' && line[3] <= '9';
	if (f)
		fclose(f);
	return n;
}

/* One grid, whose blocks end and begin all the while: all workers have some at once, be there more of them than processors or not. */
TEST_F(launch, blocks_of_a_grid_at_the_same_time)
{
	struct launch l = launch(&self->g, WORK, 1u << 30, 32, self->g.va, 5000);
	struct vgpu_device_info info = { .size = sizeof(info) };
	unsigned int most, cpus = processors();

	ASSERT_EQ(0, xioctl(self->g.fd, VGPU_IOCTL_DEVICE_INFO, &info));
	run(&self->g, &l);
	most = most_inside(self->g.fd, info.workers);
	TH_LOG("%u workers, %u processors: %u hundredths inside", info.workers, cpus, most);
	EXPECT_GT(peek(&self->g, 0), 1);
	EXPECT_GT(most, 10);
	if (info.workers == 1) {
		EXPECT_LT(most, 130);
	} else if (cpus > 1) {
		EXPECT_GT(most, 150);
	}
}

/* ---- the length of FPU sections */

#define SECTION_US	700	/* VGPU_FPU_MOST_NS: a section's own work is less */
#define SECTION_NODE	"/sys/module/vgpu/parameters/longest_fpu_us"

/* The driver's count: the longest since it was set to 0. */
static unsigned int longest_section(void)
{
	unsigned int us = ~0u;
	FILE *f = fopen(SECTION_NODE, "r");

	if (!f || fscanf(f, "%u", &us) != 1)
		us = ~0u;
	if (f)
		fclose(f);
	return us;
}

static void forget_sections(void)
{
	FILE *f = fopen(SECTION_NODE, "w");

	if (f) {
		fputs("0", f);
		fclose(f);
	}
}

/*
 * The longest section of a launch, in us. A busy host takes its processor away, which looks the same, but not
 * every time: the best of some. ~0 when a launch fails.
 */
static unsigned int sections_of(struct gpu *g, uint32_t kernel, uint32_t number)
{
	struct launch l = launch(g, kernel, 4, 32, 0, number);
	unsigned int best = ~0u, us;

	for (int i = 0; i < 40 && best >= SECTION_US / 2; i++) {
		forget_sections();
		run(g, &l);
		if (queue_sync(&g->q))
			return ~0u;
		us = longest_section();
		best = us && us < best ? us : best;
	}
	return best;
}

/* What the scheduler has learned from cheap instructions does not hold for dear ones. */
TEST_F_TIMEOUT(launch, short_sections_whatever_the_mix, 120)
{
	if (emulated())
		SKIP(return, "emulated, an instruction takes a thousand times as long");
	EXPECT_LT(sections_of(&self->g, PHASES, 100000), SECTION_US);
}

/* What is dear by itself counts so: eight thousand in a row would be 14 ms. */
TEST_F_TIMEOUT(launch, short_sections_of_dear_instructions, 120)
{
	if (emulated())
		SKIP(return, "emulated, an instruction takes a thousand times as long");
	EXPECT_LT(sections_of(&self->g, ROOTS, 1000), SECTION_US);
}

/* What is dear with some operands only does not, but there are few between looks at the clock. */
TEST_F_TIMEOUT(launch, short_sections_of_denormals, 120)
{
	if (emulated())
		SKIP(return, "emulated, an instruction takes a thousand times as long");
	EXPECT_LT(sections_of(&self->g, DENORMALS, 5000), SECTION_US);
}

/* What takes the longer the more fragments there are: a warp of 32 that part and wait. */
TEST_F_TIMEOUT(launch, short_sections_of_parted_lanes, 120)
{
	if (emulated())
		SKIP(return, "emulated, an instruction takes a thousand times as long");
	EXPECT_LT(sections_of(&self->g, BREAKS, 1000), SECTION_US);
	EXPECT_LT(sections_of(&self->g, SYNCS, 50), SECTION_US);
}

TEST_F(launch, contexts_share)
{
	struct launch endless = launch(&self->g, ENDLESS, 1000, 32, 0, 0), l;
	struct gpu b;

	ASSERT_EQ(0, gpu_open(&b));
	run(&self->g, &endless);
	for (int i = 0; i < 10; i++) {
		l = launch(&b, COUNT, 1000, 32, b.va, 0);
		run(&b, &l);
		ASSERT_EQ(0, queue_sync(&b.q));
	}
	EXPECT_EQ(0, destroy(self->g.fd, self->g.ctx));
	close(b.fd);
}

/*
 * Killed in the middle of a kernel that never ends, a process leaves nothing for a second: from the signal, the
 * process's own end with it. Emulated, that end is most of it, and a minute is allowed.
 */
TEST_F_TIMEOUT(launch, killed_in_a_kernel, 400)
{
	const uint64_t most = emulated() ? 60 * SECOND : SECOND;
	struct vgpu_device_status before, st;
	uint64_t killed;
	int ready[2];

	ASSERT_EQ(0, status(self->g.fd, &before));
	for (int i = 0; i < 5; i++) {
		pid_t pid;

		ASSERT_EQ(0, pipe(ready));
		pid = fork();
		if (!pid) {
			struct gpu g;
			struct launch l;

			if (gpu_open(&g))
				_exit(1);
			l = launch(&g, ENDLESS, 1000, 1024, 0, 0);
			run(&g, &l);
			while (!status(g.fd, &st) && st.running == before.running)
				;
			(void)!write(ready[1], "x", 1);
			pause();
		}
		ASSERT_EQ(0, kill_when_ready_at(pid, ready, &killed));
		EXPECT_TRUE(all_freed(self->g.fd, &before));
		EXPECT_LT(now_ns() - killed, most);
	}
}

/* A launch that must end the context; what is known about it. */
static void faults(struct __test_metadata *_metadata, struct gpu *other, uint32_t kernel,
		   uint64_t address, uint32_t number, struct vgpu_fault *f)
{
	struct gpu g;
	struct launch l;

	ASSERT_EQ(0, gpu_open(&g));
	l = launch(&g, kernel, 3, 64, address ? address : g.va, number);
	run(&g, &l);
	EXPECT_EQ(-EIO, queue_sync(&g.q));
	ASSERT_EQ(0, fault_query(g.fd, g.ctx, f));
	EXPECT_EQ(g.code, f->code);
	EXPECT_EQ(kernel, f->kernel);
	EXPECT_EQ(1, f->seqno);
	EXPECT_EQ((uint32_t)getpid(), f->pid);
	/* Sticky here, unknown elsewhere. */
	EXPECT_EQ(-EIO, wait_value(g.fd, g.q.handle, 2, SECOND));
	l = launch(other, COUNT, 10, 64, other->va, 0);
	run(other, &l);
	EXPECT_EQ(0, queue_sync(&other->q));
	close(g.fd);
}

TEST_F(launch, illegal_address)
{
	struct vgpu_fault f;

	faults(_metadata, &self->g, STORE, 0x9000dead0000ull, 4, &f);
	EXPECT_EQ(VGPU_FAULT_ADDRESS, f.kind);
	EXPECT_EQ(31, f.xid);
	EXPECT_EQ(0x9000dead0010ull, f.address);
	EXPECT_EQ(4, f.access_bytes);
	EXPECT_EQ(1, f.write);
	EXPECT_EQ(37, f.thread[0]);
	EXPECT_EQ(5, f.lane);
	EXPECT_EQ(42, f.line);
	EXPECT_STREQ("store", f.kernel_name);
	faults(_metadata, &self->g, STORE, 8, 0, &f);
	EXPECT_EQ(VGPU_FAULT_ADDRESS, f.kind);
	faults(_metadata, &self->g, STORE, ~0ull << 47, 0, &f);
	EXPECT_EQ(VGPU_FAULT_ADDRESS, f.kind);
}

/* Generic addresses of the shared, local and parameter windows, where a global one is asked for; beyond them is nothing. */
TEST_F(launch, address_of_another_space)
{
	static const uint64_t windows[] = { VGPU_WINDOW_SHARED, VGPU_WINDOW_LOCAL, VGPU_WINDOW_PARAM };
	struct vgpu_fault f;

	for (int i = 0; i < 3; i++) {
		faults(_metadata, &self->g, STORE, windows[i], 4, &f);
		EXPECT_EQ(VGPU_FAULT_ADDRESS_SPACE, f.kind);
		EXPECT_EQ(13, f.xid);
		EXPECT_EQ(windows[i] + 16, f.address);
	}
	faults(_metadata, &self->g, STORE, windows[2] + windows[0], 4, &f);
	EXPECT_EQ(VGPU_FAULT_ADDRESS, f.kind);
	faults(_metadata, &self->g, STORE, windows[0] - 16 * 64, 0, &f);
	EXPECT_EQ(VGPU_FAULT_ADDRESS, f.kind);
}

/* What copies in bulk takes any address, but a lane's own memory lies in no one piece. */
TEST_F(launch, local_memory_in_bulk)
{
	struct launch good = launch(&self->g, BULK, 1, 32, self->g.va, 64);
	struct vgpu_fault f;

	faults(_metadata, &self->g, BULK, VGPU_WINDOW_LOCAL, 64, &f);
	EXPECT_EQ(VGPU_FAULT_LOCAL, f.kind);
	EXPECT_EQ(13, f.xid);
	EXPECT_EQ(VGPU_WINDOW_LOCAL, f.address);
	EXPECT_STREQ("bulk", f.kernel_name);
	faults(_metadata, &self->g, BULK, VGPU_WINDOW_SHARED + 64, 64, &f);
	EXPECT_EQ(VGPU_FAULT_SHARED, f.kind);
	run(&self->g, &good);
	EXPECT_EQ(0, queue_sync(&self->g.q));
}

TEST_F(launch, misaligned_address)
{
	struct vgpu_fault f;

	faults(_metadata, &self->g, STORE, 0x9000dead0001ull, 4, &f);
	EXPECT_EQ(VGPU_FAULT_MISALIGNED, f.kind);
}

TEST_F(launch, stack_overflow)
{
	struct vgpu_fault f;

	faults(_metadata, &self->g, RECURSE, 0, 0, &f);
	EXPECT_EQ(VGPU_FAULT_STACK, f.kind);
	EXPECT_STREQ("recurse", f.kernel_name);
}

/* Of no whole warp, and of more threads than any block has; a number that is good is none. */
TEST_F(launch, illegal_instruction)
{
	static const uint32_t threads[] = { 33, 1056 };
	struct launch good = launch(&self->g, PARTIAL, 1, 64, self->g.va, 64);
	struct vgpu_fault f;

	for (int i = 0; i < 2; i++) {
		faults(_metadata, &self->g, PARTIAL, 0, threads[i], &f);
		EXPECT_EQ(VGPU_FAULT_INSTRUCTION, f.kind);
		EXPECT_EQ(13, f.xid);
		EXPECT_EQ(7, f.line);
		EXPECT_STREQ("partial", f.kernel_name);
	}
	run(&self->g, &good);
	EXPECT_EQ(0, queue_sync(&self->g.q));
}

TEST_F(launch, trap_and_assert)
{
	struct vgpu_fault f;

	faults(_metadata, &self->g, TRAP, 0, 0, &f);
	EXPECT_EQ(VGPU_FAULT_TRAP, f.kind);
	faults(_metadata, &self->g, ASSERT, 0, 0, &f);
	EXPECT_EQ(VGPU_FAULT_ASSERT, f.kind);
}

TEST_F(launch, read_only_memory)
{
	struct launch l;
	struct vgpu_fault f;
	uint64_t va = 0;

	ASSERT_EQ(0, va_map(self->g.fd, self->g.bo, VGPU_VA_READONLY, 0, 0, &va));
	l = launch(&self->g, STORE, 1, 64, va, 0);
	run(&self->g, &l);
	EXPECT_EQ(-EIO, queue_sync(&self->g.q));
	ASSERT_EQ(0, fault_query(self->g.fd, self->g.ctx, &f));
	EXPECT_EQ(VGPU_FAULT_READONLY, f.kind);
}

/* Limits of a launch, each exceeded alone. */
TEST_F(launch, bad_shapes)
{
	struct launch good = launch(&self->g, COUNT, 1, 64, self->g.va, 0), l;
	struct vgpu_fault f;

	for (int i = 0; i < 12; i++) {
		struct gpu g;

		ASSERT_EQ(0, gpu_open(&g));
		l = good;
		l.p.code = g.code;
		switch (i) {
		case 0: l.p.block[0] = 1025; break;
		case 1: l.p.block[0] = 0; break;
		case 2: l.p.block[0] = 32; l.p.block[1] = 33; break;
		case 3: l.p.block[0] = 1; l.p.block[2] = 65; break;
		case 4: l.p.grid[0] = 0; break;
		case 5: l.p.grid[1] = 65536; break;
		case 6: l.p.dyn_shared = 1 << 20; break;
		case 7: l.p.local_bytes = 1 << 20; break;
		case 8: l.p.kernel = 99; break;
		case 9: l.p.code = g.ctx; break;
		case 10: l.p.param_bytes = 8; break;
		case 11: l.p.grid[0] = 0x80000000u; break;
		}
		run(&g, &l);
		EXPECT_EQ(-EIO, queue_sync(&g.q)) TH_LOG("case %d", i);
		ASSERT_EQ(0, fault_query(g.fd, g.ctx, &f));
		EXPECT_EQ(VGPU_FAULT_PACKET, f.kind) TH_LOG("case %d", i);
		close(g.fd);
	}
}

TEST_F(launch, code_destroyed_while_running)
{
	struct launch l = launch(&self->g, WORK, 64, 32, self->g.va, 200000);

	run(&self->g, &l);
	while (!__atomic_load_n(&self->g.q.kernel->started, __ATOMIC_ACQUIRE))
		usleep(100);
	usleep(5000);
	EXPECT_EQ(0, destroy(self->g.fd, self->g.code));
	EXPECT_EQ(0, queue_sync(&self->g.q));
	EXPECT_EQ(64, peek(&self->g, 0));
}

/* Memory taken away under a running kernel: it faults, nothing else. */
TEST_F(launch, unmapped_while_running)
{
	struct launch l = launch(&self->g, MEET, 2000, 32, self->g.va, 0);
	struct vgpu_fault f;
	uint32_t zero = 0;

	/* More blocks than can be resident: they wait for ever. */
	run(&self->g, &l);
	usleep(50000);
	ASSERT_EQ(0, to_gpu(self->g.fd, self->g.ctx, self->g.va, &zero, 4));
	ASSERT_EQ(0, destroy(self->g.fd, self->g.bo));
	EXPECT_EQ(-EIO, queue_sync(&self->g.q));
	ASSERT_EQ(0, fault_query(self->g.fd, self->g.ctx, &f));
	EXPECT_EQ(VGPU_FAULT_ADDRESS, f.kind);
}

/* More state of blocks than the machine has memory for: that context ends, and no process. */
TEST_F_TIMEOUT(launch, blocks_beyond_the_memory, 120)
{
	struct queue q;
	struct vgpu_fault f;
	struct launch l;
	struct gpu g;
	char *log;

	ASSERT_EQ(0, gpu_open(&g));
	l = launch(&g, HOG, 1, 256, g.va, 0);
	l.p.local_bytes = 512 * KIB;	/* 128 MiB a block, which stays */
	for (int i = 0; i < 24; i++) {
		if (queue_create(g.fd, g.ctx, 64, &q))
			break;
		submit(&q, &l);
		usleep(10000);
		/* A ring's mappings would keep the file. */
		munmap(q.user, q.user_length);
		munmap((void *)q.kernel, 4096);
	}
	EXPECT_EQ(-EIO, wait_value(g.fd, g.q.handle, 1, 60 * SECOND));
	ASSERT_EQ(0, fault_query(g.fd, g.ctx, &f));
	EXPECT_EQ(VGPU_FAULT_MEMORY, f.kind);
	log = kernel_log();
	EXPECT_EQ(NULL, strstr(log, "oom-killer"));
	EXPECT_EQ(NULL, strstr(log, "Out of memory: "));
	free(log);
	l = launch(&self->g, COUNT, 10, 64, self->g.va, 0);
	run(&self->g, &l);
	EXPECT_EQ(0, queue_sync(&self->g.q));
	gpu_close(&g);
}

/* A context with blocks that stay, and take what memory there is for more */
static int squatter(struct gpu *g)
{
	struct launch l;
	int rc = gpu_open(g);

	if (rc)
		return rc;
	l = launch(g, HOG, 1000, 128, g->va, 0);
	l.p.local_bytes = 64 * KIB;	/* 8 MiB a block */
	run(g, &l);
	return 0;
}

/* While others have the memory for blocks, a launch gets on with few of them; when they have ended, with all it had. */
TEST_F_TIMEOUT(launch, grows_again_when_there_is_memory, 60)
{
	struct vgpu_device_info info = { .size = sizeof(info) };
	struct launch l = launch(&self->g, ROOMY, 1u << 30, 128, self->g.va, 2000);
	unsigned int before, after;
	struct gpu other[6];

	ASSERT_EQ(0, xioctl(self->g.fd, VGPU_IOCTL_DEVICE_INFO, &info));
	l.p.local_bytes = 64 * KIB;
	run(&self->g, &l);
	before = most_inside(self->g.fd, info.workers);
	for (int i = 0; i < 6; i++)
		ASSERT_EQ(0, squatter(&other[i]));
	sleep(2);
	for (int i = 0; i < 6; i++)
		gpu_close(&other[i]);
	usleep(500000);
	after = most_inside(self->g.fd, info.workers);
	TH_LOG("%u hundredths of a worker inside before, %u after", before, after);
	EXPECT_GT(peek(&self->g, 0), 1);
	EXPECT_GT(after, before > 150 ? 150 : 10);
}

static void leave_room_for_one(int say)
{
	struct launch l;
	struct gpu g;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (setgid(4001) || setuid(4001) || gpu_open(&g))
		_exit(1);
	l = launch(&g, HOG, 1, 128, g.va, 0);
	l.p.local_bytes = 462 * KIB;	/* 58 MiB */
	run(&g, &l);
	usleep(500000);
	if (write(say, "x", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

/*
 * Another user leaves memory for one block or two (inside.sh: of 64 MiB). It is the first of those that have not begun that gets it,
 * whatever worker has just ended one.
 */
TEST_F_TIMEOUT(launch, the_last_room_is_the_first_ones, 120)
{
	struct launch l;
	pid_t pid;
	int p[2];
	char c;

	ASSERT_EQ(0, pipe(p));
	pid = fork();
	if (!pid)
		leave_room_for_one(p[1]);
	close(p[1]);
	ASSERT_EQ(1, read(p[0], &c, 1));
	close(p[0]);
	for (unsigned int i = 0; i < 40; i++) {
		l = launch(&self->g, AMPLE, 20, 64, self->g.va + i * 4 * KIB, 0);
		l.p.local_bytes = 64 * KIB;	/* 4 MiB a block */
		run(&self->g, &l);
		ASSERT_EQ(0, queue_sync(&self->g.q));
		EXPECT_EQ(1, peek(&self->g, i * 4 * KIB + 4 * 19));
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Large blocks of several launches: more than may be in flight, so they take turns at the memory. */
TEST_F_TIMEOUT(launch, blocks_take_turns_at_the_memory, 120)
{
	struct launch l = launch(&self->g, ROOMY, 40, 32, self->g.va, 2000);
	struct queue q[4];

	l.p.local_bytes = 512 * KIB;	/* 16 MiB a block */
	for (int i = 0; i < 4; i++) {
		ASSERT_EQ(0, queue_create(self->g.fd, self->g.ctx, 64, &q[i]));
		submit(&q[i], &l);
	}
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(0, wait_value(self->g.fd, q[i].handle, 1, 60 * SECOND));
	EXPECT_EQ(160, peek(&self->g, 0));
}

/* Worker time of a launch; ~0 when it fails. */
static uint64_t cost(struct gpu *g, const struct launch *l)
{
	struct vgpu_device_status a, b;

	status(g->fd, &a);
	run(g, l);
	if (queue_sync(&g->q))
		return ~0ull;
	status(g->fd, &b);
	return b.busy_ns - a.busy_ns;
}

/* Bringing a large block's memory is time of its context's, and the next launch finds it there. */
TEST_F(launch, large_block)
{
	struct launch l = launch(&self->g, ROOMY, 1, 256, self->g.va, 10);
	uint64_t first, again = ~0ull, t;

	l.p.local_bytes = 512 * KIB;	/* 128 MiB */
	first = cost(&self->g, &l);
	ASSERT_NE(~0ull, first);
	for (int i = 0; i < 5; i++) {
		t = cost(&self->g, &l);
		again = t < again ? t : again;
	}
	EXPECT_GT(first, 4 * again);
	EXPECT_EQ(6, peek(&self->g, 0));
}

/* A block's memory may hold what its context's others left there, but nothing of the kernel's, such as pointers. */
TEST_F(launch, nothing_of_the_kernel_in_memory)
{
	const uint32_t words = 2048;	/* of a lane: as much as the warps of IDLE */
	struct launch idle = launch(&self->g, IDLE, 64, 1024, self->g.va, 0);
	struct launch look = launch(&self->g, LITTER, 64, 32, self->g.va, words * 4);

	look.p.local_bytes = words * 4;
	run(&self->g, &idle);
	run(&self->g, &look);
	ASSERT_EQ(0, queue_sync(&self->g.q));
	EXPECT_EQ(0, peek(&self->g, 0));
}

TEST_F(launch, counters)
{
	struct launch l = launch(&self->g, WORK, 64, 32, self->g.va, 5000);
	struct vgpu_device_status a, b;

	ASSERT_EQ(0, status(self->g.fd, &a));
	run(&self->g, &l);
	ASSERT_EQ(0, queue_sync(&self->g.q));
	ASSERT_EQ(0, status(self->g.fd, &b));
	EXPECT_EQ(1, b.launches - a.launches);
	EXPECT_EQ(64, b.blocks - a.blocks);
	EXPECT_GT(b.busy_ns, a.busy_ns);
	EXPECT_GT(b.active_ns, a.active_ns);
	EXPECT_LE(b.active_ns - a.active_ns, b.now_ns - a.now_ns + 1000000);
}

TEST_HARNESS_MAIN
