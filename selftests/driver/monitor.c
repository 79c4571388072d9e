// SPDX-License-Identifier: MIT
/* What monitoring tools ask for: samples, sensors, accounting, compute modes. */
#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>

#include "../lib/harness.h"

#include "dev.h"

#define BYTES	(16 * MIB)

FIXTURE(monitor)
{
	int fd;
};

static int set(int fd, uint32_t what, uint64_t value)
{
	struct vgpu_device_set s = { .size = sizeof(s), .what = what, .value = value };

	return xioctl(fd, VGPU_IOCTL_DEVICE_SET, &s);
}

FIXTURE_SETUP(monitor)
{
	self->fd = dev_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(0, set(self->fd, VGPU_SET_ACCOUNTING, 0));
}

FIXTURE_TEARDOWN(monitor)
{
	set(self->fd, VGPU_SET_COMPUTE_MODE, VGPU_COMPUTE_DEFAULT);
	set(self->fd, VGPU_SET_ACCOUNTING, 0);
	close(self->fd);
}

static int sensors(int fd, struct vgpu_sensors *s)
{
	*s = (struct vgpu_sensors) { .size = sizeof(*s) };
	return xioctl(fd, VGPU_IOCTL_SENSORS, s);
}

static int samples(int fd, uint32_t kind, uint64_t after, struct vgpu_sample *to, uint32_t *count)
{
	struct vgpu_samples q = {
		.size = sizeof(q), .kind = kind, .after_ns = after, .samples = (uintptr_t)to,
		.count = *count, .entry_size = sizeof(*to),
	};
	int rc = xioctl(fd, VGPU_IOCTL_SAMPLES, &q);

	*count = q.count;
	return rc;
}

static int accounts(int fd, struct vgpu_account *to, uint32_t *count)
{
	struct vgpu_accounts q = {
		.size = sizeof(q), .accounts = (uintptr_t)to, .count = *count,
		.entry_size = sizeof(*to),
	};
	int rc = xioctl(fd, VGPU_IOCTL_ACCOUNTS, &q);

	*count = q.count;
	return rc;
}

static uint64_t real_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

/* Keep the workers filling memory for a time, in a context of its own. */
static int work(int fd, uint64_t ns)
{
	uint64_t va, end = now_ns() + ns;
	uint32_t ctx, bo;
	struct queue q;
	int rc = ctx_create(fd, &ctx);

	rc = rc ? rc : bo_mapped(fd, ctx, BYTES, &bo, &va);
	rc = rc ? rc : queue_create(fd, ctx, 256, &q);
	while (!rc && now_ns() < end) {
		struct vgpu_pkt_fill p = pkt_fill(va, 1, 4, BYTES / 4);

		for (int i = 0; i < 8; i++)
			submit(&q, &p);
		rc = queue_sync(&q);
	}
	if (!rc)
		munmap(q.user, q.user_length);
	return rc ? rc : destroy(fd, ctx);
}

TEST_F(monitor, samples_of_the_device)
{
	static struct vgpu_sample s[256];
	uint64_t start = real_ns(), all = 0;
	uint32_t n = 256, busy = 0;

	ASSERT_EQ(0, work(self->fd, SECOND));
	ASSERT_EQ(0, samples(self->fd, VGPU_SAMPLES_DEVICE, start, s, &n));
	ASSERT_GE(n, 3);
	for (uint32_t i = 0; i < n; i++) {
		EXPECT_GT(s[i].time_ns, i ? s[i - 1].time_ns : start);
		EXPECT_LE(s[i].busy_permille, 1000);
		EXPECT_LE(s[i].mem_permille, 1000);
		EXPECT_EQ(0, s[i].pid);
		EXPECT_GT(s[i].power_mw, 0);
		all += s[i].interval_ns;
		if (s[i].busy_permille > busy)
			busy = s[i].busy_permille;
	}
	EXPECT_GT(busy, 500);
	EXPECT_GT(all, SECOND / 2);
	/* Fewer than there are: the newest of them. */
	uint64_t last = s[n - 1].time_ns;
	uint32_t room = 1;
	ASSERT_EQ(0, samples(self->fd, VGPU_SAMPLES_DEVICE, start, s, &room));
	EXPECT_GE(room, n);
	EXPECT_GE(s[0].time_ns, last);
	/* None of the future. */
	n = 256;
	ASSERT_EQ(0, samples(self->fd, VGPU_SAMPLES_DEVICE, ~0ull, s, &n));
	EXPECT_EQ(0, n);
}

TEST_F(monitor, samples_of_two_processes)
{
	static struct vgpu_sample s[512];
	uint32_t n = 512, busy[2] = { };
	uint64_t start = real_ns();
	pid_t pid[2];
	int st;

	for (int i = 0; i < 2; i++) {
		pid[i] = fork();
		if (!pid[i])
			_exit(work(dev_open(), SECOND) != 0);
	}
	for (int i = 0; i < 2; i++) {
		waitpid(pid[i], &st, 0);
		EXPECT_EQ(0, st);
	}
	ASSERT_EQ(0, samples(self->fd, VGPU_SAMPLES_PROCESS, start, s, &n));
	ASSERT_GE(n, 2);
	for (uint32_t i = 0; i < n && i < 512; i++)
		for (int k = 0; k < 2; k++)
			if (s[i].pid == (uint32_t)pid[k] && s[i].busy_permille > busy[k])
				busy[k] = s[i].busy_permille;
	/* Each got a good part of it, and neither all of it while the other was there. */
	EXPECT_GT(busy[0], 100);
	EXPECT_GT(busy[1], 100);
	EXPECT_LE(busy[0], 1000);
	EXPECT_LE(busy[1], 1000);
}

TEST_F(monitor, sensors_follow_the_load)
{
	struct vgpu_reset reset = { .size = sizeof(reset), .flags = VGPU_RESET_FORCE };
	struct vgpu_sensors idle, busy, later;

	/* What ran before may have left it warm. */
	ASSERT_EQ(0, xioctl(self->fd, VGPU_IOCTL_RESET, &reset));
	ASSERT_EQ(0, sensors(self->fd, &idle));
	EXPECT_LE(idle.temperature_mdeg, idle.slowdown_mdeg);
	EXPECT_LT(idle.slowdown_mdeg, idle.shutdown_mdeg);
	ASSERT_EQ(0, work(self->fd, SECOND));
	ASSERT_EQ(0, sensors(self->fd, &busy));
	EXPECT_EQ(0, busy.pstate);
	EXPECT_GT(busy.energy_uj, idle.energy_uj);
	EXPECT_GT(busy.temperature_mdeg, idle.temperature_mdeg);
	EXPECT_FALSE(busy.throttle & VGPU_THROTTLE_IDLE);
	EXPECT_GE(busy.fan_percent, 30);
	EXPECT_LE(busy.fan_percent, 100);
	/* A card without work calms down, one after the other. */
	for (int i = 0; i < 200; i++) {
		usleep(100000);
		ASSERT_EQ(0, sensors(self->fd, &later));
		if (later.throttle & VGPU_THROTTLE_IDLE && later.pstate == 8 && later.power_mw < 12000)
			break;
	}
	EXPECT_TRUE(later.throttle & VGPU_THROTTLE_IDLE);
	EXPECT_EQ(8, later.pstate);
	EXPECT_LT(later.clock_khz, busy.clock_khz);
	EXPECT_LT(later.mem_clock_khz, busy.mem_clock_khz);
	EXPECT_LT(later.power_mw, 12000);
}

TEST_F(monitor, accounting)
{
	static struct vgpu_account a[512];
	uint64_t start = real_ns(), took;
	uint32_t n = 512;
	pid_t pid;
	int st;

	ASSERT_EQ(0, accounts(self->fd, a, &n));
	EXPECT_EQ(0, n);
	ASSERT_EQ(0, set(self->fd, VGPU_SET_ACCOUNTING, 1));
	pid = fork();
	if (!pid)
		_exit(work(dev_open(), SECOND / 2) || work(dev_open(), SECOND / 10));
	waitpid(pid, &st, 0);
	took = real_ns() - start;
	ASSERT_EQ(0, st);
	n = 512;
	ASSERT_EQ(0, accounts(self->fd, a, &n));
	ASSERT_EQ(1, n);
	EXPECT_EQ(pid, a[0].pid);
	EXPECT_EQ(0, a[0].running);
	EXPECT_EQ(2 * BYTES, a[0].vram_peak);
	EXPECT_GE(a[0].time_ns, SECOND / 2);
	EXPECT_LE(a[0].time_ns, took);
	EXPECT_GT(a[0].busy_ns, 0);
	EXPECT_GE(a[0].busy_ns, a[0].mem_busy_ns);
	EXPECT_GT(a[0].active_ns, 0);
	EXPECT_LE(a[0].active_ns, a[0].time_ns);
	EXPECT_LE(start, a[0].start_ns);
	EXPECT_LE(a[0].start_ns + a[0].time_ns, real_ns());
	/* One that runs. */
	uint32_t ctx;
	ASSERT_EQ(0, ctx_create(self->fd, &ctx));
	n = 512;
	ASSERT_EQ(0, accounts(self->fd, a, &n));
	ASSERT_EQ(2, n);
	EXPECT_EQ(getpid(), a[1].pid);
	EXPECT_EQ(1, a[1].running);
	/* The ended are forgotten on demand, the others not. */
	ASSERT_EQ(0, set(self->fd, VGPU_SET_CLEAR_ACCOUNTS, 0));
	n = 0;
	ASSERT_EQ(0, accounts(self->fd, NULL, &n));
	EXPECT_EQ(1, n);
}

/* More processes than are remembered: the oldest go. */
TEST_F(monitor, accounting_is_bounded)
{
	static struct vgpu_account a[512];
	uint32_t n = 512;

	ASSERT_EQ(0, set(self->fd, VGPU_SET_ACCOUNTING, 1));
	for (int i = 0; i < 140; i++) {
		uint32_t ctx;
		int fd, st;

		if (!fork()) {
			fd = dev_open();
			_exit(ctx_create(fd, &ctx) != 0);
		}
		wait(&st);
		ASSERT_EQ(0, st);
	}
	ASSERT_EQ(0, accounts(self->fd, a, &n));
	EXPECT_EQ(128, n);
}

/* In a pid namespace of its own, as in a container: 0 when there is a process without a number or a name. */
static int look_from_elsewhere(void)
{
	struct vgpu_process p = {};
	struct vgpu_process_list l = { .size = sizeof(l), .count = 1, .processes = (uintptr_t)&p, .entry_size = sizeof(p) };

	if (xioctl(dev_open(), VGPU_IOCTL_PROCESS_LIST, &l))
		return 1;
	return l.count != 1 || p.pid || p.comm[0] || p.contexts != 1;
}

TEST_F(monitor, process_that_one_does_not_see)
{
	uint32_t ctx;
	int st;

	ASSERT_EQ(0, ctx_create(self->fd, &ctx));
	if (!fork()) {
		if (unshare(CLONE_NEWPID))
			_exit(2);
		if (!fork())
			_exit(look_from_elsewhere());
		wait(&st);
		_exit(WEXITSTATUS(st));
	}
	wait(&st);
	EXPECT_EQ(0, WEXITSTATUS(st));
}

static int ctx_elsewhere(void)
{
	int st;

	if (!fork()) {
		uint32_t ctx;

		_exit(-ctx_create(dev_open(), &ctx));
	}
	wait(&st);
	return -WEXITSTATUS(st);
}

TEST_F(monitor, compute_modes)
{
	struct vgpu_device_status st;
	uint32_t ctx, more;

	ASSERT_EQ(0, set(self->fd, VGPU_SET_COMPUTE_MODE, VGPU_COMPUTE_EXCLUSIVE));
	ASSERT_EQ(0, status(self->fd, &st));
	EXPECT_EQ(VGPU_COMPUTE_EXCLUSIVE, st.compute_mode);
	EXPECT_EQ(0, ctx_elsewhere());
	ASSERT_EQ(0, ctx_create(self->fd, &ctx));
	EXPECT_EQ(0, ctx_create(self->fd, &more));
	EXPECT_EQ(-EBUSY, ctx_elsewhere());
	ASSERT_EQ(0, set(self->fd, VGPU_SET_COMPUTE_MODE, VGPU_COMPUTE_PROHIBITED));
	EXPECT_EQ(-EBUSY, ctx_create(self->fd, &more));
	ASSERT_EQ(0, set(self->fd, VGPU_SET_COMPUTE_MODE, VGPU_COMPUTE_DEFAULT));
	EXPECT_EQ(0, ctx_elsewhere());
	EXPECT_EQ(0, ctx_create(self->fd, &more));
}

/* Makes a context and a child that holds its file, and dies. */
static void leave_a_file(void)
{
	uint32_t ctx;
	int fd = open(NODE, O_RDWR);

	if (ctx_create(fd, &ctx))
		_exit(1);
	if (!fork())
		for (;;)
			pause();
	_exit(0);
}

/* Whoever holds its file: a process that has ended uses no device, soon after. */
TEST_F(monitor, context_of_a_process_that_has_ended)
{
	struct vgpu_process_list l = { .size = sizeof(l), .entry_size = sizeof(struct vgpu_process) };
	struct vgpu_device_status before;
	uint32_t ctx;
	pid_t pid;
	int rc;

	ASSERT_EQ(0, set(self->fd, VGPU_SET_COMPUTE_MODE, VGPU_COMPUTE_EXCLUSIVE));
	ASSERT_EQ(0, status(self->fd, &before));
	EXPECT_EQ(0, before.contexts);
	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		leave_a_file();
	}
	ASSERT_EQ(pid, waitpid(pid, &rc, 0));
	EXPECT_EQ(0, rc);
	EXPECT_TRUE(all_freed(self->fd, &before));
	EXPECT_EQ(0, xioctl(self->fd, VGPU_IOCTL_PROCESS_LIST, &l));
	EXPECT_EQ(0, l.count);
	EXPECT_EQ(0, ctx_create(self->fd, &ctx));
	kill(-pid, SIGKILL);
	EXPECT_EQ(0, set(self->fd, VGPU_SET_COMPUTE_MODE, VGPU_COMPUTE_DEFAULT));
}

TEST_F(monitor, only_root_sets)
{
	int st;

	if (!fork()) {
		if (setresuid(65534, 65534, 65534))
			_exit(99);
		for (uint32_t what = VGPU_SET_COMPUTE_MODE; what <= VGPU_SET_CLEAR_ECC; what++)
			if (set(self->fd, what, 0) != -EPERM)
				_exit(what + 1);
		_exit(0);
	}
	wait(&st);
	EXPECT_EQ(0, st);
	EXPECT_EQ(-EINVAL, set(self->fd, VGPU_SET_COMPUTE_MODE, 3));
	EXPECT_EQ(-EINVAL, set(self->fd, VGPU_SET_PERSISTENCE, 2));
	EXPECT_EQ(-EINVAL, set(self->fd, VGPU_SET_CLEAR_ECC, 2));
	EXPECT_EQ(-EINVAL, set(self->fd, VGPU_SET_CLEAR_ECC + 1, 0));
}

TEST_F(monitor, copies_by_direction_and_mapped_buffers)
{
	struct vgpu_device_status before, st;
	static char data[MIB];
	uint32_t ctx, bo;
	uint64_t va;
	char *p;

	ASSERT_EQ(0, ctx_create(self->fd, &ctx));
	ASSERT_EQ(0, bo_mapped(self->fd, ctx, MIB, &bo, &va));
	ASSERT_EQ(0, status(self->fd, &before));
	ASSERT_EQ(0, to_gpu(self->fd, ctx, va, data, MIB));
	ASSERT_EQ(0, from_gpu(self->fd, ctx, va, data, MIB / 2));
	ASSERT_EQ(0, status(self->fd, &st));
	EXPECT_EQ(MIB, st.to_gpu_bytes - before.to_gpu_bytes);
	EXPECT_EQ(MIB / 2, st.from_gpu_bytes - before.from_gpu_bytes);
	p = bo_mmap(self->fd, bo, MIB, PROT_READ);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, status(self->fd, &st));
	EXPECT_EQ(MIB, st.mapped_bytes - before.mapped_bytes);
	/* A mapping in two pieces is still one buffer. */
	ASSERT_EQ(0, munmap(p + MIB / 4, MIB / 4));
	ASSERT_EQ(0, status(self->fd, &st));
	EXPECT_EQ(MIB, st.mapped_bytes - before.mapped_bytes);
	ASSERT_EQ(0, munmap(p, MIB));
	ASSERT_EQ(0, status(self->fd, &st));
	EXPECT_EQ(before.mapped_bytes, st.mapped_bytes);
}

TEST_HARNESS_MAIN
