// SPDX-License-Identifier: MIT
/*
 * What one has many of does not delay others. Measured is not how long a launch takes, which is the
 * machine's matter too, but how much the workers do for others meanwhile.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "../lib/harness.h"

#include "cgroup.h"
#include "gpu.h"

#define LAUNCHES	15
#define TURN_NS		1000000
#define RINGS		1000
#define CONTEXTS	100

FIXTURE(fair)
{
	struct gpu g;
};

FIXTURE_SETUP(fair)
{
	ASSERT_EQ(0, gpu_open(&self->g));
}

FIXTURE_TEARDOWN(fair)
{
	close(self->g.fd);
}

static int by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static uint64_t busy_ns(struct gpu *g)
{
	struct vgpu_device_status st;

	return status(g->fd, &st) ? 0 : st.busy_ns;
}

/* Lower quartile: a host that is busy adds to some, what makes a launch wait adds to all. */
static uint64_t quartile(uint64_t *t)
{
	qsort(t, LAUNCHES, sizeof(*t), by_size);
	return t[LAUNCHES / 4];
}

/* Quartile of the turns that workers take while a small launch waits for its own; ~0 when one fails. */
static uint64_t turns(struct gpu *g)
{
	struct launch l = launch(g, COUNT, 1, 32, g->va, 0);
	uint64_t t[LAUNCHES];

	for (int i = 0; i < LAUNCHES; i++) {
		t[i] = busy_ns(g);
		run(g, &l);
		if (wait_value(g->fd, g->q.handle, g->q.seqno, 60 * SECOND))
			return ~0ull;
		t[i] = busy_ns(g) - t[i];
	}
	return quartile(t) / TURN_NS;
}

/* ---- others: processes that say when they are there, and go on until killed */

struct other {
	pid_t pid;
	int said;
};

static int other(struct other *o, uid_t uid, void (*be)(int n, int say), int n)
{
	int p[2];
	char c;

	if (pipe(p))
		return -errno;
	o->pid = fork();
	if (!o->pid) {
		if (uid && setuid(uid))
			_exit(1);
		be(n, p[1]);
		_exit(1);
	}
	close(p[1]);
	if (read(p[0], &c, 1) != 1)
		return -EIO;
	close(p[0]);
	return 0;
}

static void kill_other(struct other *o)
{
	kill(o->pid, SIGKILL);
	waitpid(o->pid, NULL, 0);
}

static void say(int fd)
{
	if (write(fd, "x", 1) != 1)
		_exit(1);
}

/* n contexts with a kernel that never ends in each. */
static void endless(int n, int fd)
{
	struct launch l;
	struct gpu g;

	while (n--) {
		if (gpu_open(&g))
			_exit(1);
		l = launch(&g, ENDLESS, 1, 32, g.va, 0);
		run(&g, &l);
	}
	say(fd);
	for (;;)
		pause();
}

static void fill_with_nops(struct queue *q)
{
	struct vgpu_pkt_header *h = (void *)((char *)q->user + VGPU_QUEUE_SLOTS_OFFSET);

	for (uint32_t i = 0; i < q->slots; i++)
		h[i * VGPU_SLOT_BYTES / sizeof(*h)] = (struct vgpu_pkt_header){
			.type = VGPU_PKT_NOP, .slots = 1 };
}

static void refill(struct queue *q)
{
	uint64_t head = __atomic_load_n(&q->kernel->head, __ATOMIC_ACQUIRE);

	__atomic_store_n(&q->user->tail, head + q->slots, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&q->kernel->flags, __ATOMIC_RELAXED) & VGPU_QUEUE_NEED_WAKEUP)
		doorbell(q);
}

/* Rings of one context that a thread keeps full, beside a kernel that never ends. */
struct rings {
	struct gpu g;
	struct queue q[RINGS];
	atomic_bool over;
};

static void *keep_full(void *arg)
{
	struct rings *r = arg;

	for (int i = 0; !r->over; i = (i + 1) % RINGS)
		refill(&r->q[i]);
	return NULL;
}

/* How often workers have looked at a ring: each time they take 64 packets. */
static uint64_t looks(const struct rings *r)
{
	uint64_t n = 0;

	for (int i = 0; i < RINGS; i++)
		n += r->q[i].kernel->done;
	return n / 64;
}

/* Contexts take turns, of the same process, too. */
TEST_F_TIMEOUT(fair, rings_of_a_context, 200)
{
	struct launch l = launch(&self->g, COUNT, 1, 32, self->g.va, 0), endless;
	struct rings *r = calloc(1, sizeof(*r));
	uint64_t n[LAUNCHES];
	pthread_t thread;

	ASSERT_EQ(0, gpu_open(&r->g));
	for (int i = 0; i < RINGS; i++) {
		ASSERT_EQ(0, queue_create(r->g.fd, r->g.ctx, 1024, &r->q[i]));
		fill_with_nops(&r->q[i]);
		refill(&r->q[i]);
	}
	endless = launch(&r->g, ENDLESS, 1, 32, r->g.va, 0);
	run(&r->g, &endless);
	ASSERT_EQ(0, pthread_create(&thread, NULL, keep_full, r));
	for (int i = 0; i < LAUNCHES; i++) {
		n[i] = looks(r);
		run(&self->g, &l);
		ASSERT_EQ(0, wait_value(self->g.fd, self->g.q.handle, self->g.q.seqno, 60 * SECOND));
		n[i] = looks(r) - n[i];
	}
	r->over = true;
	pthread_join(thread, NULL);
	EXPECT_EQ(0, r->q[0].kernel->error);
	EXPECT_LT(quartile(n), RINGS / 2);
	close(r->g.fd);
	free(r);
}

/* Users take turns. */
TEST_F_TIMEOUT(fair, contexts_of_a_user, 200)
{
	struct other o = {};

	ASSERT_EQ(0, other(&o, 1000, endless, CONTEXTS));
	EXPECT_LT(turns(&self->g), CONTEXTS / 3);
	kill_other(&o);
}

/* ---- contexts of all users */

static void have_contexts(int n, int fd)
{
	int dev = dev_open();
	uint32_t ctx;

	while (n-- && !ctx_create(dev, &ctx))
		;
	say(fd);
	for (;;)
		pause();
}

/* Users who together have all that they may leave some for an administrator. */
TEST_F_TIMEOUT(fair, contexts_of_all_users, 200)
{
	struct other o[4] = {};
	uint32_t ctx;
	pid_t pid;
	int st;

	for (int i = 0; i < 4; i++)
		ASSERT_EQ(0, other(&o[i], 1000 + i, have_contexts, 2000));
	EXPECT_EQ(0, ctx_create(self->g.fd, &ctx));
	pid = fork();
	if (!pid)
		_exit(setuid(1004) || ctx_create(dev_open(), &ctx) != -EDQUOT);
	EXPECT_EQ(pid, waitpid(pid, &st, 0));
	EXPECT_EQ(0, st);
	for (int i = 0; i < 4; i++)
		kill_other(&o[i]);
}

/* ---- queues that wait for a value in memory */

#define WAITERS	900	/* in each of n contexts */

static struct vgpu_pkt_wait_value never(const struct gpu *g)
{
	return (struct vgpu_pkt_wait_value){
		.hdr = { .type = VGPU_PKT_WAIT_VALUE, .slots = 1 },
		.src = g->va, .value = 1, .unit = 4, .condition = VGPU_WAIT_EQ,
	};
}

static void wait_in_vain(int n, int fd)
{
	struct vgpu_pkt_wait_value p;
	struct queue q;
	struct gpu g;

	while (n--) {
		if (gpu_open(&g))
			_exit(1);
		p = never(&g);
		for (int i = 0; i < WAITERS; i++) {
			if (queue_create(g.fd, g.ctx, 64, &q) || !submit(&q, &p))
				_exit(1);
			munmap(q.user, q.user_length);
			munmap((void *)q.kernel, 4096);
		}
	}
	say(fd);
	for (;;)
		pause();
}

/* Part of the processors' time in which nobody had anything to do, in percent, over a second. */
static int idle_percent(void)
{
	unsigned long long v[2][5];

	for (int i = 0; i < 2; i++) {
		FILE *f = fopen("/proc/stat", "r");
		int n = f ? fscanf(f, "cpu %llu %llu %llu %llu %llu", &v[i][0], &v[i][1], &v[i][2], &v[i][3], &v[i][4]) : 0;

		if (f)
			fclose(f);
		if (n != 5)
			return -1;
		if (!i)
			sleep(1);
	}
	for (int k = 0; k < 5; k++)
		v[1][k] -= v[0][k];
	return v[1][3] * 100 / (v[1][0] + v[1][1] + v[1][2] + v[1][3] + v[1][4] ?: 1);
}

/* However many wait, they leave most of the processors, and one who waits alone still is seen to soon. */
TEST_F_TIMEOUT(fair, many_wait_for_values, 200)
{
	struct vgpu_pkt_wait_value p = never(&self->g);
	uint64_t t[LAUNCHES];
	struct other o = {};
	int idle = 0;

	ASSERT_EQ(0, other(&o, 1000, wait_in_vain, 4));
	for (int i = 0; i < 5 && idle < 60; i++)
		idle = idle_percent();
	EXPECT_GE(idle, 60);
	for (int i = 0; i < LAUNCHES; i++) {
		ASSERT_EQ(0, to_gpu(self->g.fd, self->g.ctx, self->g.va, &(uint32_t){ 0 }, 4));
		ASSERT_NE(0, submit(&self->g.q, &p));
		EXPECT_EQ(-ETIME, wait_value(self->g.fd, self->g.q.handle, self->g.q.seqno, SECOND / 20));
		ASSERT_EQ(0, to_gpu(self->g.fd, self->g.ctx, self->g.va, &(uint32_t){ 1 }, 4));
		t[i] = now_ns();
		ASSERT_EQ(0, queue_sync(&self->g.q));
		t[i] = now_ns() - t[i];
	}
	EXPECT_LT(quartile(t), SECOND / 10);
	kill_other(&o);
}

/* ---- priorities, within a context */

enum { LEVELS = VGPU_PRIORITY_LEAST - VGPU_PRIORITY_GREATEST + 1, MANY = 30 };

static int queue_of(struct gpu *g, int priority, struct queue *q)
{
	return queue_create_priority(g->fd, g->ctx, 64, priority, q);
}

TEST_F(fair, range_of_priorities)
{
	struct queue q;

	EXPECT_EQ(-EINVAL, queue_of(&self->g, VGPU_PRIORITY_GREATEST - 1, &q));
	EXPECT_EQ(-EINVAL, queue_of(&self->g, VGPU_PRIORITY_LEAST + 1, &q));
	for (int p = VGPU_PRIORITY_GREATEST; p <= VGPU_PRIORITY_LEAST; p++)
		EXPECT_EQ(0, queue_of(&self->g, p, &q));
}

/*
 * A launch in each level, submitted least first, all let go at once: they end in the order of their priority.
 * @own: it is the launch's, and the queues have them the other way round
 */
static int times_of_levels(struct gpu *g, bool own, uint64_t t[LEVELS])
{
	struct vgpu_pkt_timestamp stamp = { .hdr = { .type = VGPU_PKT_TIMESTAMP, .slots = 1 } };
	struct launch l = launch(g, WORK, 64, 32, g->va + 4096, patience() < 10 ? 200000 : 20000);
	struct vgpu_pkt_fence wait;
	struct queue q[LEVELS];
	uint32_t fence;
	int rc = fence_create(g->fd, g->ctx, 0, &fence);

	wait = pkt_fence(VGPU_PKT_WAIT, fence, 1);
	for (int i = 0; i < LEVELS && !rc; i++) {
		rc = queue_of(g, own ? VGPU_PRIORITY_GREATEST + i : VGPU_PRIORITY_LEAST - i, &q[i]);
		l.p.hdr.flags = own ? VGPU_LAUNCH_PRIORITY : 0;
		l.p.priority = own ? VGPU_PRIORITY_LEAST - i : 0;
		stamp.dst = g->va + 8 * i;
		if (!rc && (!submit(&q[i], &wait) || !submit(&q[i], &l) || !submit(&q[i], &stamp)))
			rc = -EIO;
	}
	if (!rc)
		rc = fence_signal(g->fd, fence, 1);
	for (int i = 0; i < LEVELS && !rc; i++)
		rc = queue_sync(&q[i]);
	return rc ? rc : from_gpu(g->fd, g->ctx, g->va, t, LEVELS * sizeof(*t));
}

/* Of two neighbours the last blocks may end the other way round when the host stops a worker: not again and again. */
static void every_level(struct __test_metadata *_metadata, struct gpu *g, bool own)
{
	uint64_t t[LEVELS];
	int late = 1;

	for (int tries = 0; late && tries < 5; tries++) {
		ASSERT_EQ(0, times_of_levels(g, own, t));
		late = 0;
		for (int i = 1; i < LEVELS; i++) {
			late += t[i] >= t[i - 1];
			if (t[i] >= t[i - 1])
				TH_LOG("try %d: priority %d ended later than the one below", tries, -i);
		}
	}
	EXPECT_EQ(0, late);
}

TEST_F_TIMEOUT(fair, every_level, 200)
{
	every_level(_metadata, &self->g, false);
}

TEST_F_TIMEOUT(fair, every_launch, 200)
{
	every_level(_metadata, &self->g, true);
}

/* Kernels that never end in so many queues of a priority. */
static int endless_ones(struct gpu *g, int n, int priority)
{
	struct launch l = launch(g, ENDLESS, 1, 32, g->va, 0);
	int rc = 0;

	while (n-- && !rc) {
		struct queue q;

		rc = queue_of(g, priority, &q);
		if (!rc && !submit(&q, &l))
			rc = -EIO;
	}
	return rc;
}

/* Whoever is of greater priority than many waits for none of them but those that have a worker. */
TEST_F_TIMEOUT(fair, greater_priority, 200)
{
	ASSERT_EQ(0, endless_ones(&self->g, MANY, VGPU_PRIORITY_LEAST));
	ASSERT_EQ(0, queue_of(&self->g, VGPU_PRIORITY_LEAST - 1, &self->g.q));
	EXPECT_LT(turns(&self->g), MANY / 2);
}

/* And who is of less waits until each of them has had a turn and one is due to the oldest, but not for ever. */
TEST_F_TIMEOUT(fair, less_priority, 200)
{
	ASSERT_EQ(0, endless_ones(&self->g, MANY, VGPU_PRIORITY_GREATEST));
	EXPECT_LT(turns(&self->g), 20 * MANY);
}

/* Kernels of the greatest priority that wait, by looking, for others of the least: these come to it. */
TEST_F_TIMEOUT(fair, greater_waits_for_less, 200)
{
	struct queue q[MANY];

	for (int i = 0; i < MANY; i++) {
		struct launch l = launch(&self->g, MEET, 1, 32, self->g.va + 4 * i, 0);

		ASSERT_EQ(0, to_gpu(self->g.fd, self->g.ctx, self->g.va + 4 * i, &(int32_t){ -1 }, 4));
		ASSERT_EQ(0, queue_of(&self->g, VGPU_PRIORITY_GREATEST, &q[i]));
		ASSERT_NE(0, submit(&q[i], &l));
	}
	for (int i = 0; i < MANY; i++) {
		struct launch l = launch(&self->g, WORK, 1, 32, self->g.va + 4 * i, 1000);

		run(&self->g, &l);
	}
	EXPECT_EQ(0, wait_value(self->g.fd, self->g.q.handle, self->g.q.seqno, 60 * SECOND));
	for (int i = 0; i < MANY; i++)
		EXPECT_EQ(0, wait_value(self->g.fd, q[i].handle, 1, 60 * SECOND));
}

/* ---- the memory of blocks */

#define SQUATS	5

/* Whether its block has begun. An emulated machine takes long to empty 64 MiB, more so a busy one. */
static bool squats(struct gpu *g)
{
	uint64_t end = now_ns() + (emulated() ? 2 * SECOND : SECOND / 2);

	while (now_ns() < end) {
		if (peek(g, 0) == SQUATS + 1)
			return true;
		usleep(1000);
	}
	return false;
}

/*
 * Blocks that never end, each in a context of its own, in all the memory that the user may have for that: large ones until one
 * does not begin, then smaller ones, n of each size at most.
 */
static void hoard(int n, int fd)
{
	struct launch l;
	struct gpu g;

	for (uint32_t local = 512 * KIB; local >= 8 * KIB; local /= 4) {
		for (int i = 0; i < n; i++) {
			if (gpu_open(&g))
				_exit(1);
			l = launch(&g, SQUAT, 1, 128, g.va, 0);
			l.p.local_bytes = local;
			to_gpu(g.fd, g.ctx, g.va, &(uint32_t){ SQUATS }, 4);
			run(&g, &l);
			if (!squats(&g))
				break;
		}
	}
	say(fd);
	for (;;)
		pause();
}

static struct launch large_block(struct gpu *g)
{
	struct launch l = launch(g, ROOMY, 1, 128, g->va, 10);

	l.p.local_bytes = 64 * KIB;
	return l;
}

/* One user's blocks leave some for another's. */
TEST_F_TIMEOUT(fair, memory_of_blocks, 200)
{
	struct launch l = large_block(&self->g);
	struct other o = {};

	ASSERT_EQ(0, other(&o, 1000, hoard, 32));
	run(&self->g, &l);
	EXPECT_EQ(0, wait_value(self->g.fd, self->g.q.handle, self->g.q.seqno, 20 * SECOND));
	kill_other(&o);
}

/* Two that leave none: a launch waits until one of them goes. */
TEST_F_TIMEOUT(fair, wait_for_memory_of_blocks, 200)
{
	struct launch l = large_block(&self->g);
	struct other o[2] = {};

	ASSERT_EQ(0, other(&o[0], 1000, hoard, 32));
	ASSERT_EQ(0, other(&o[1], 1001, hoard, 32));
	run(&self->g, &l);
	EXPECT_EQ(-ETIME, wait_value(self->g.fd, self->g.q.handle, self->g.q.seqno, SECOND));
	kill_other(&o[1]);
	EXPECT_EQ(0, wait_value(self->g.fd, self->g.q.handle, self->g.q.seqno, 20 * SECOND));
	kill_other(&o[0]);
}

/* Who waits for it can end at once: a queue, and a process. */
TEST_F_TIMEOUT(fair, end_while_waiting_for_memory, 200)
{
	struct launch l = large_block(&self->g);
	struct vgpu_device_status before;
	struct other o[2] = {};
	struct queue q;

	ASSERT_EQ(0, status(self->g.fd, &before));
	ASSERT_EQ(0, other(&o[0], 1000, hoard, 32));
	ASSERT_EQ(0, other(&o[1], 1001, hoard, 32));
	ASSERT_EQ(0, queue_create(self->g.fd, self->g.ctx, 64, &q));
	submit(&q, &l);
	EXPECT_EQ(-ETIME, wait_value(self->g.fd, q.handle, 1, SECOND / 2));
	EXPECT_EQ(0, destroy(self->g.fd, q.handle));
	l = launch(&self->g, COUNT, 1, 32, self->g.va, 0);
	run(&self->g, &l);
	EXPECT_EQ(0, queue_sync(&self->g.q));	/* it was no fault */
	kill_other(&o[1]);	/* some of its contexts wait, too */
	kill_other(&o[0]);
	EXPECT_TRUE(all_freed(self->g.fd, &before));
}

/* A process of n contexts whose launches want more memory than their user may have, most of them for seconds. */
static void crowd(int n, int fd)
{
	struct launch l;
	struct queue q;
	struct gpu g;

	for (int i = 0; i < n; i++) {
		if (gpu_open(&g))
			_exit(1);
		l = launch(&g, SQUAT, 64, 1024, g.va, 0);
		l.p.local_bytes = 16 * KIB;
		for (int k = 0; k < 16; k++) {
			if (queue_create(g.fd, g.ctx, 64, &q))
				_exit(2);
			submit(&q, &l);
		}
	}
	sleep(4);
	say(fd);
	for (;;)
		pause();
}

/*
 * It need not wait for each of them to look for memory again (which took 12 s), nor behind what another one keeps the
 * workers busy with.
 */
TEST_F_TIMEOUT(fair, killed_while_its_launches_wait_for_memory, 60)
{
	uint64_t most = (emulated() ? 16 : 5) * SECOND, took;
	struct other o = {}, busy = {};
	struct vgpu_device_status before;

	ASSERT_EQ(0, other(&busy, 1001, endless, 4));
	do {
		ASSERT_EQ(0, status(self->g.fd, &before));
	} while (before.running < 4);
	ASSERT_EQ(0, other(&o, 1000, crowd, 32));
	took = now_ns();
	kill_other(&o);
	EXPECT_TRUE(all_freed(self->g.fd, &before));
	took = now_ns() - took;
	kill_other(&busy);
	EXPECT_LT(took, most);
	TH_LOG("free in %llu ms", took / 1000000ull);
}

/*
 * A process that gets a processor only when nobody else wants it, on one that others of its group keep busy; with n fences in each of
 * its contexts, which take a while to end.
 */
static void idle_one(int n, int fd)
{
	struct sched_param none = {};
	uint32_t ctx, fence;
	cpu_set_t first;
	int gpu;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (setpgid(0, 0) || sched_setaffinity(0, sizeof(first), &first))
		_exit(1);
	for (int i = 0; i < 6; i++) {
		gpu = dev_open();
		if (ctx_create(gpu, &ctx))
			_exit(2);
		for (int k = 0; k < n; k++)
			if (fence_create(gpu, ctx, 0, &fence))
				_exit(3);
	}
	for (int i = 0; i < 2; i++)
		if (!fork())
			for (;;)
				;
	if (sched_setscheduler(0, SCHED_IDLE, &none))
		_exit(4);
	say(fd);
	for (;;)
		pause();
}

static void use_device(void)
{
	uint32_t ctx;
	int gpu = dev_open();

	_exit(ctx_create(gpu, &ctx) != 0);
}

/* How long the slowest of the contexts takes that come and go for six seconds, and of the processes that have one. */
static uint64_t slowest_context(struct __test_metadata *_metadata, int gpu)
{
	uint64_t begin, t, worst = 0;
	uint32_t ctx;
	pid_t pid;
	int rc;

	for (begin = now_ns(); now_ns() < begin + 6 * SECOND;) {
		t = now_ns();
		EXPECT_EQ(0, ctx_create(gpu, &ctx));
		EXPECT_EQ(0, destroy(gpu, ctx));
		t = now_ns() - t;
		worst = t > worst ? t : worst;
		t = now_ns();
		pid = fork();
		if (!pid)
			use_device();
		EXPECT_EQ(pid, waitpid(pid, &rc, 0));
		EXPECT_EQ(0, rc);
		t = now_ns() - t;
		worst = t > worst ? t : worst;
	}
	TH_LOG("a context takes up to %llu ms", worst / 1000000ull);
	return worst;
}

/* Its end is its own concern: others' contexts come and go meanwhile. */
TEST_F_TIMEOUT(fair, end_without_a_processor, 60)
{
	struct other o = {};
	uint64_t worst;

	ASSERT_EQ(0, other(&o, 1000, idle_one, has_time() ? 30000 : 3000));
	kill(o.pid, SIGKILL);
	worst = slowest_context(_metadata, self->g.fd);
	kill(-o.pid, SIGKILL);
	kill_other(&o);
	EXPECT_GT(4 * SECOND, worst);
}

static int ask(int gpu, unsigned int what)
{
	static struct vgpu_process processes[100];
	static struct vgpu_account accounts[300];
	static struct vgpu_sample samples[512];
	struct vgpu_process_list p = { .size = sizeof(p), .count = 100, .processes = (uintptr_t)processes,
				       .entry_size = sizeof(*processes) };
	struct vgpu_accounts a = { .size = sizeof(a), .count = 300, .accounts = (uintptr_t)accounts,
				   .entry_size = sizeof(*accounts) };
	struct vgpu_samples s = { .size = sizeof(s), .kind = VGPU_SAMPLES_PROCESS, .count = 512, .samples = (uintptr_t)samples,
				  .entry_size = sizeof(*samples) };
	struct vgpu_sensors t = { .size = sizeof(t) };
	uint32_t ctx;

	switch (what % 5) {
	case 0: return xioctl(gpu, VGPU_IOCTL_PROCESS_LIST, &p);
	case 1: return xioctl(gpu, VGPU_IOCTL_ACCOUNTS, &a);
	case 2: return xioctl(gpu, VGPU_IOCTL_SAMPLES, &s);
	case 3: return xioctl(gpu, VGPU_IOCTL_SENSORS, &t);
	}
	return ctx_create(gpu, &ctx) ?: destroy(gpu, ctx);
}

/* As above, with n contexts; four of it ask for all that there is to ask for, and make contexts, whenever they may. */
static void idle_askers(int n, int fd)
{
	struct sched_param none = {};
	uint32_t ctx;
	cpu_set_t first;
	int gpu = dev_open();

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (setpgid(0, 0) || sched_setaffinity(0, sizeof(first), &first))
		_exit(1);
	for (int i = 0; i < n; i++)
		if (ctx_create(gpu, &ctx))
			_exit(2);
	for (int i = 0; i < 2; i++)
		if (!fork())
			for (;;)
				;
	for (int i = 0; i < 4; i++) {
		if (fork())
			continue;
		/* The first context of a process takes a mutex of the kernel's own, mm_all_locks_mutex: while it still runs. */
		gpu = dev_open();
		if (ctx_create(gpu, &ctx) || sched_setscheduler(0, SCHED_IDLE, &none))
			_exit(3);
		for (unsigned int k = i;; k++)
			if (ask(gpu, k))
				_exit(4);
	}
	say(fd);
	for (;;)
		pause();
}

/* Who asks and is kept from running keeps nobody else from anything. (It did for 8 s, with a kernel that preempts fully.) */
TEST_F_TIMEOUT(fair, questions_without_a_processor, 60)
{
	struct other o = {};
	uint64_t worst;

	ASSERT_EQ(0, other(&o, 1000, idle_askers, 400));
	worst = slowest_context(_metadata, self->g.fd);
	kill(-o.pid, SIGKILL);
	kill_other(&o);
	EXPECT_GT(4 * SECOND, worst);
}

/* ---- control groups */

/* Rings of several contexts that are never empty; its group is above what it may have. */
static void beyond(int n, int fd)
{
	struct gpu g[8];
	struct queue q[64];
	struct launch l;

	if (put(GROUP "/cgroup.procs", "0"))
		_exit(1);
	for (int i = 0; i < 8; i++)
		if (gpu_open(&g[i]))
			_exit(1);
	for (int i = 0; i < n; i++)
		if (queue_create(g[i % 8].fd, g[i % 8].ctx, 64, &q[i]))
			_exit(1);
	say(fd);
	for (int i = 0;; i = (i + 1) % n) {
		l = launch(&g[i % 8], IDLE, 4, 32, g[i % 8].va, 0);
		submit(&q[i], &l);
	}
}

/* How long the slowest of many launches takes; ~0 when one fails. */
static uint64_t slowest(struct gpu *g, uint64_t ns)
{
	struct launch l = launch(g, IDLE, 1, 32, g->va, 0);
	uint64_t begin = now_ns(), end = begin, t, worst = 0;

	while (end - begin < ns) {
		t = end;
		run(g, &l);
		if (queue_sync(&g->q))
			return ~0ull;
		end = now_ns();
		worst = end - t > worst ? end - t : worst;
	}
	return worst;
}

/* Who allocates for a group above its limit is put to sleep, for two seconds at worst: no worker is. */
TEST_F_TIMEOUT(fair, a_group_above_its_limit, 60)
{
	struct other o = {};

	if (emulated())
		SKIP(return, "a launch takes long there anyhow");
	if (!make_group())
		SKIP(return, "no control groups for memory");
	ASSERT_EQ(0, other(&o, 0, beyond, 64));
	ASSERT_EQ(0, put(GROUP "/memory.high", "0"));
	EXPECT_GT(SECOND, slowest(&self->g, 6 * SECOND));
	kill_other(&o);
	EXPECT_EQ(0, remove_group());
}

TEST_HARNESS_MAIN
