// SPDX-License-Identifier: MIT
/*
 * What one has many of does not delay others. Measured is not how long a launch takes, which is the
 * machine's matter too, but how much the workers do for others meanwhile.
 */
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "gpu.h"

#define LAUNCHES	15
#define TURN_NS		1000000
#define MOST		30	/* turns of others; one of each ring or context would be 100 and more */

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

static int by_time(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static uint64_t busy_ns(struct gpu *g)
{
	struct vgpu_device_status st;

	return status(g->fd, &st) ? 0 : st.busy_ns;
}

/* Median of the turns that workers take while a small launch waits for its own; ~0 when one fails. */
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
	qsort(t, LAUNCHES, sizeof(*t), by_time);
	return t[LAUNCHES / 2] / TURN_NS;
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

/* A kernel that never ends, and n rings of one context that are never empty. */
static void rings(int n, int fd)
{
	struct queue *q = calloc(n, sizeof(*q));
	struct launch l;
	struct gpu g;

	if (gpu_open(&g))
		_exit(1);
	for (int i = 0; i < n; i++) {
		if (queue_create(g.fd, g.ctx, 1024, &q[i]))
			_exit(1);
		fill_with_nops(&q[i]);
	}
	l = launch(&g, ENDLESS, 1, 32, g.va, 0);
	run(&g, &l);
	for (int i = 0; i < n; i++)
		refill(&q[i]);
	say(fd);
	for (int i = 0;; i = (i + 1) % n)
		refill(&q[i]);
}

static void against(struct __test_metadata *_metadata, struct gpu *g, uid_t uid,
		    void (*be)(int n, int say), int n)
{
	uint64_t most;
	struct other o = {};

	ASSERT_EQ(0, other(&o, uid, be, n));
	most = turns(g);
	kill_other(&o);
	EXPECT_LT(most, MOST);
}

/* Of the same user: contexts take turns. */
TEST_F_TIMEOUT(fair, rings_of_a_context, 200)
{
	against(_metadata, &self->g, 0, rings, 1000);
}

/* Users take turns. */
TEST_F_TIMEOUT(fair, contexts_of_a_user, 200)
{
	against(_metadata, &self->g, 1000, endless, 100);
}

TEST_HARNESS_MAIN
