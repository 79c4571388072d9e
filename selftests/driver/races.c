// SPDX-License-Identifier: MIT
/*
 * Ends that meet something on its way: an object being made, a file being closed, a job
 * being freed. What goes wrong here is mostly seen by the kasan kernel only.
 */
#include <pthread.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../lib/harness.h"

#include "gpu.h"

FIXTURE(races)
{
	int fd;
	struct vgpu_device_status before;
};

FIXTURE_SETUP(races)
{
	self->fd = dev_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(0, status(self->fd, &self->before));
}

FIXTURE_TEARDOWN(races)
{
	close(self->fd);
}

/* A context of its own in a file that it does not keep; ends once @go is closed. */
static void guest(int fd, int ready, int go)
{
	uint32_t ctx, h;
	char c;

	if (ctx_create(fd, &ctx))
		_exit(1);
	for (int i = 0; i < 300; i++)
		if (fence_create(fd, ctx, 0, &h))
			_exit(2);
	close(fd);
	(void)!write(ready, "x", 1);
	(void)!read(go, &c, 1);
	_exit(0);
}

/* The end of a process ends its context's objects while the file's last close walks them. */
TEST_F_TIMEOUT(races, closed_while_another_process_ends, 300)
{
	for (int i = 0; i < 100; i++) {
		int ready[2], go[2], st, fd = dev_open();
		pid_t pid;
		char c;

		ASSERT_GE(fd, 0);
		ASSERT_EQ(0, pipe(ready));
		ASSERT_EQ(0, pipe(go));
		pid = fork();
		if (!pid) {
			close(go[1]);
			guest(fd, ready[1], go[0]);
		}
		close(ready[1]);
		ASSERT_EQ(1, read(ready[0], &c, 1));
		close(go[1]);
		usleep(i % 10 * 100);
		close(fd);
		ASSERT_EQ(pid, waitpid(pid, &st, 0));
		ASSERT_EQ(0, st);
		close(ready[0]);
		close(go[0]);
	}
	EXPECT_TRUE(all_freed(self->fd, &self->before));
}

/* ---- objects made for a context that ends */

struct making {
	int fd;
	uint32_t ctx;
	int what;
	struct vgpu_share share;
	void *memory;
	void *image;
	size_t size;
	atomic_int made;
};

enum { BUFFER, HOST, SHARED, CODE, QUEUE, FENCE, KINDS };

static int make(struct making *m, uint32_t *h)
{
	struct vgpu_queue_create q = { .size = sizeof(q), .ctx = m->ctx, .slots = 1024 };
	int rc;

	switch (m->what) {
	case BUFFER:
		return bo_create(m->fd, m->ctx, 8 * MIB, h);
	case HOST:
		return host_register(m->fd, m->ctx, m->memory, 4 * MIB, 0, h);
	case SHARED:
		return open_shared(m->fd, m->ctx, &m->share, h);
	case CODE:
		return code_load(m->fd, m->ctx, m->image, m->size, h);
	case QUEUE:
		rc = xioctl(m->fd, VGPU_IOCTL_QUEUE_CREATE, &q);
		*h = q.handle;
		return rc;
	default:
		return fence_create(m->fd, m->ctx, 0, h);
	}
}

/*
 * One after the other until there is no context any more. Where it takes long to end, on a busy machine, not as many as one can:
 * what is freed of UML's address space comes back later, and the host has so many mappings for it.
 */
static void *maker(void *arg)
{
	struct making *m = arg;
	uint32_t h, last = 0;
	int rc;

	while (!(rc = make(m, &h))) {
		if (++m->made > 200)
			usleep(500);
		if (last)
			destroy(m->fd, last);
		last = h;
		if (m->what == HOST) {	/* one at a time at an address */
			destroy(m->fd, h);
			last = 0;
		}
	}
	/* Anything else than that it has ended is none of these calls' business. */
	return (void *)(intptr_t)(rc == -EIO || rc == -ENOENT || rc == -ECANCELED ? 0 : rc);
}

static void end_under_maker(struct __test_metadata *_metadata, struct making *m)
{
	pthread_t t;
	void *rc;

	m->made = 0;
	ASSERT_EQ(0, ctx_create(m->fd, &m->ctx));
	ASSERT_EQ(0, pthread_create(&t, NULL, maker, m));
	while (!m->made)
		usleep(50);
	usleep(rand() % 1000);
	EXPECT_EQ(0, destroy(m->fd, m->ctx));
	pthread_join(t, &rc);
	EXPECT_EQ(NULL, rc) TH_LOG("kind %d: %ld", m->what, (long)rc);
}

/* The file stays open: what was published too late would stay, and be seen here. */
TEST_F_TIMEOUT(races, made_while_the_context_ends, 600)
{
	struct making m = { .fd = self->fd };
	uint32_t owner, bo, probe;
	struct visa_error err;
	int left = 0;

	ASSERT_EQ(0, visa_assemble(source, &m.image, &m.size, &err));
	m.memory = mmap(NULL, 4 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, m.memory);
	memset(m.memory, 1, 4 * MIB);
	ASSERT_EQ(0, ctx_create(self->fd, &owner));
	ASSERT_EQ(0, bo_create(self->fd, owner, 64 * KIB, &bo));
	ASSERT_EQ(0, share(self->fd, bo, VGPU_SHARE_FD, &m.share));
	for (m.what = 0; m.what < KINDS; m.what++) {
		uint32_t first;

		ASSERT_EQ(0, fence_create(self->fd, owner, 0, &first));
		for (int i = 0; i < 40; i++)
			end_under_maker(_metadata, &m);
		ASSERT_EQ(0, fence_create(self->fd, owner, 0, &probe));
		/* Handles rise: each one between that still works is left over. */
		for (uint32_t h = first + 1; h < probe; h++)
			left += !destroy(self->fd, h);
		EXPECT_EQ(0, left) TH_LOG("kind %d", m.what);
	}
	ASSERT_EQ(0, destroy(self->fd, owner));
	close(m.share.fd);
	free(m.image);
	munmap(m.memory, 4 * MIB);
	EXPECT_TRUE(all_freed(self->fd, &self->before));
}

/* ---- a job whose queue goes */

#define NQUEUES	48
#define NFENCES	2000	/* what a stop has to do between letting queues go and freeing their jobs */

struct ending {
	int fd;
	uint32_t queue;
	uint32_t until;
};

/* Destroys a queue as soon as its context has ended. */
static void *ender(void *arg)
{
	struct ending *e = arg;

	wait_value(e->fd, e->until, ~0ull, 20 * SECOND);
	destroy(e->fd, e->queue);
	return NULL;
}

TEST_F_TIMEOUT(races, job_after_its_queue, 300)
{
	for (int round = 0; round < 3; round++) {
		struct ending e[NQUEUES];
		struct queue q[NQUEUES];
		pthread_t t[NQUEUES];
		struct launch l;
		struct gpu g;
		uint32_t first, f;

		ASSERT_EQ(0, gpu_open(&g));
		ASSERT_EQ(0, fence_create(g.fd, g.ctx, 0, &first));
		for (int i = 0; i < NFENCES; i++)
			ASSERT_EQ(0, fence_create(g.fd, g.ctx, 0, &f));
		/* More than workers: some are parked at any time, with nobody inside. */
		for (int i = 0; i < NQUEUES; i++) {
			ASSERT_EQ(0, queue_create(g.fd, g.ctx, 64, &q[i]));
			l = launch(&g, ENDLESS, 1, 32, g.va, 0);
			submit(&q[i], &l);
			e[i] = (struct ending){ g.fd, q[i].handle, first };
			munmap(q[i].user, q[i].user_length);
			munmap((void *)q[i].kernel, 4096);
			ASSERT_EQ(0, pthread_create(&t[i], NULL, ender, &e[i]));
		}
		usleep(20000);
		l = launch(&g, TRAP, 1, 32, g.va, 0);
		run(&g, &l);
		EXPECT_EQ(-EIO, queue_sync(&g.q));
		for (int i = 0; i < NQUEUES; i++)
			pthread_join(t[i], NULL);
		munmap(g.q.user, g.q.user_length);
		munmap((void *)g.q.kernel, 4096);
		close(g.fd);
	}
	EXPECT_TRUE(all_freed(self->fd, &self->before));
}

/* ---- mappings */

#define NMAPS		20000
#define NBUFFERS	2000

/* How long the ends of some buffers take, each mapped as often, in ns; 0 when something fails. */
static uint64_t ends(struct gpu *g, int buffers, int maps)
{
	uint64_t va, start;
	uint32_t bo[NBUFFERS];

	for (int i = 0; i < buffers; i++) {
		if (bo_create(g->fd, g->ctx, 4096, &bo[i]))
			return 0;
		for (int k = 0; k < maps; k++) {
			va = 0;
			if (va_map(g->fd, bo[i], 0, 0, 0, &va))
				return 0;
		}
	}
	start = now_ns();
	for (int i = 0; i < buffers; i++)
		if (destroy(g->fd, bo[i]))
			return 0;
	return now_ns() - start;
}

/*
 * Kernels run all the while, so each wait for their slices takes some time: there must be few. Many mappings of a
 * buffer are far cheaper to end than as many buffers, each with one.
 */
TEST_F_TIMEOUT(races, many_mappings_go_at_once, 300)
{
	uint64_t singly, at_once = ~0ull, t;
	struct launch l;
	struct gpu g;

	if (!has_time())
		SKIP(return, "times are compared, which say nothing here");
	ASSERT_EQ(0, gpu_open(&g));
	l = launch(&g, ENDLESS, 8, 32, g.va, 0);
	run(&g, &l);
	singly = ends(&g, NBUFFERS, 1);
	ASSERT_NE(0, singly);
	for (int i = 0; i < 3; i++) {	/* a busy host makes one long */
		t = ends(&g, 1, NMAPS);
		ASSERT_NE(0, t);
		at_once = t < at_once ? t : at_once;
	}
	EXPECT_LT(at_once / NMAPS, singly / NBUFFERS / 3)
		TH_LOG("%llu ns each, singly %llu", (unsigned long long)at_once / NMAPS,
		       (unsigned long long)singly / NBUFFERS);
	gpu_close(&g);
	EXPECT_TRUE(all_freed(self->fd, &self->before));
}

/* A page of this process that nobody gets before provide(). */
static int withhold(int uffd, void *page)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (uintptr_t)page, 4096 }, .mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	return ioctl(uffd, UFFDIO_API, &api) ?: ioctl(uffd, UFFDIO_REGISTER, &reg);
}

/* 0 when somebody waits for it. */
static int waits(int uffd)
{
	struct pollfd pfd = { .fd = uffd, .events = POLLIN };
	struct uffd_msg msg;

	return poll(&pfd, 1, 20000) != 1 || read(uffd, &msg, sizeof(msg)) != sizeof(msg);
}

static int provide(int uffd, void *page)
{
	struct uffdio_zeropage zero = { .range = { (uintptr_t)page, 4096 } };

	return ioctl(uffd, UFFDIO_ZEROPAGE, &zero);
}

struct copying {
	struct gpu *g;
	void *page;
	atomic_int rc;
};

static void *copier(void *arg)
{
	struct copying *c = arg;

	c->rc = to_gpu(c->g->fd, c->g->ctx, c->g->va, c->page, 4096);
	return NULL;
}

/* A copy that waits for a page of user memory, as long as that process likes, holds nobody else up. */
TEST_F_TIMEOUT(races, copy_that_waits_for_a_page, 60)
{
	struct copying c = { .rc = 1 };
	uint64_t start;
	struct gpu g;
	pthread_t t;
	uint32_t bo;
	uint64_t va;
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (uffd < 0)
		SKIP(return, "the kernel has no userfaultfd");
	ASSERT_EQ(0, gpu_open(&g));
	c.g = &g;
	c.page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_EQ(0, withhold(uffd, c.page));
	ASSERT_EQ(0, pthread_create(&t, NULL, copier, &c));
	ASSERT_EQ(0, waits(uffd));
	start = now_ns();
	EXPECT_EQ(0, bo_mapped(g.fd, g.ctx, 4096, &bo, &va));
	EXPECT_EQ(0, va_unmap(g.fd, g.ctx, va));
	/* Even what it copies into can go: the memory stays until it is done. */
	EXPECT_EQ(0, destroy(g.fd, g.bo));
	EXPECT_LT(now_ns() - start, 10 * SECOND);
	EXPECT_EQ(1, c.rc);
	EXPECT_EQ(0, provide(uffd, c.page));
	pthread_join(t, NULL);
	EXPECT_EQ(0, c.rc);
	close(uffd);
	munmap(c.page, 4096);
	gpu_close(&g);
	EXPECT_TRUE(all_freed(self->fd, &self->before));
}

struct registering {
	struct gpu *g;
	char *pages;
	atomic_int rc;
};

static void *registrar(void *arg)
{
	struct registering *r = arg;
	uint32_t handle;

	r->rc = host_register(r->g->fd, r->g->ctx, r->pages, 8192, 0, &handle);
	return NULL;
}

/* A page of a buffer and one that is waited for are registered. Meanwhile the buffer ends: nobody holds its memory, nor gets it. */
TEST_F_TIMEOUT(races, registers_a_buffer_that_ends, 60)
{
	struct registering r = { .rc = 1 };
	struct gpu g;
	pthread_t t;
	uint32_t bo;
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (uffd < 0)
		SKIP(return, "the kernel has no userfaultfd");
	ASSERT_EQ(0, gpu_open(&g));
	r.g = &g;
	r.pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_EQ(0, bo_create(g.fd, g.ctx, 2 * MIB, &bo));
	ASSERT_EQ(r.pages, bo_mmap_at(g.fd, bo, r.pages, 4096, PROT_READ | PROT_WRITE));
	*r.pages = 1;
	ASSERT_EQ(0, withhold(uffd, r.pages + 4096));
	ASSERT_EQ(0, pthread_create(&t, NULL, registrar, &r));
	ASSERT_EQ(0, waits(uffd));
	EXPECT_EQ(0, munmap(r.pages, 4096));
	EXPECT_EQ(0, destroy(g.fd, bo));
	EXPECT_EQ(0, provide(uffd, r.pages + 4096));
	pthread_join(t, NULL);
	EXPECT_EQ(-EFAULT, r.rc);
	close(uffd);
	munmap(r.pages + 4096, 4096);
	gpu_close(&g);
	EXPECT_TRUE(all_freed(self->fd, &self->before));
}

/* ---- contexts that are not made to the end, while the device is reset */

#define MOST_OBJECTS	65536	/* of a file */

/* A process that resets the device again and again; shared with it. */
struct resetting {
	pid_t pid;
	bool lose;	/* before each */
	atomic_int rc;
	atomic_int times;
	atomic_bool stop;
};

static void reset_again(struct resetting *r)
{
	struct vgpu_inject lost = { .size = sizeof(lost), .kind = VGPU_INJECT_LOST };
	struct vgpu_reset reset = { .size = sizeof(reset), .flags = VGPU_RESET_FORCE };
	int fd = dev_open(), rc = 0;
	cpu_set_t all;

	/* A test that fails leaves no device that is reset for ever. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* In UML, too, at the same time as the others. */
	memset(&all, 0xff, sizeof(all));
	sched_setaffinity(0, sizeof(all), &all);
	while (!r->stop && !rc) {
		if (r->lose)
			rc = xioctl(fd, VGPU_IOCTL_INJECT, &lost);
		rc = rc ? rc : xioctl(fd, VGPU_IOCTL_RESET, &reset);
		r->rc = rc;
		r->times++;
	}
	_exit(0);
}

static struct resetting *start_resets(struct __test_metadata *_metadata, bool lose)
{
	struct resetting *r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, r);
	r->lose = lose;
	r->pid = fork();
	if (!r->pid)
		reset_again(r);
	ASSERT_GT(r->pid, 0);
	while (!r->times)
		usleep(50);
	return r;
}

static void stop_resets(struct __test_metadata *_metadata, struct resetting *r)
{
	r->stop = true;
	waitpid(r->pid, NULL, 0);
	EXPECT_EQ(0, r->rc);
	munmap(r, sizeof(*r));
}

/* A file with as many objects as it may have: a context is then made and enlisted, but finds no handle. */
static int full_file(struct __test_metadata *_metadata, uint32_t *ctx, uint32_t *fence)
{
	int rc, n = 1, fd = dev_open();

	ASSERT_EQ(0, ctx_create(fd, ctx));
	while (!(rc = fence_create(fd, *ctx, 0, fence)) && n <= MOST_OBJECTS)
		n++;
	ASSERT_EQ(-EDQUOT, rc);
	ASSERT_EQ(MOST_OBJECTS, n);
	return fd;
}

/* A context that is enlisted and not published yet is ended by a reset; then its maker gives up. */
TEST_F_TIMEOUT(races, contexts_without_a_handle_in_a_reset, 300)
{
	int fd;
	uint32_t ctx, fence, other, bo;
	struct vgpu_device_status st;
	struct resetting *r;
	uint64_t va, end, x = 5;

	fd = full_file(_metadata, &ctx, &fence);
	r = start_resets(_metadata, false);
	for (end = now_ns() + 3 * SECOND; now_ns() < end || r->times < 20; )
		ASSERT_EQ(-EDQUOT, ctx_create(fd, &other));
	stop_resets(_metadata, r);
	ASSERT_EQ(0, status(fd, &st));
	EXPECT_EQ(self->before.contexts + 1, st.contexts);
	/* There is room again. */
	EXPECT_EQ(0, destroy(fd, ctx));
	ASSERT_EQ(0, ctx_create(fd, &ctx));
	EXPECT_EQ(0, bo_mapped(fd, ctx, MIB, &bo, &va));
	EXPECT_EQ(0, to_gpu(fd, ctx, va, &x, sizeof(x)));
	close(fd);
	EXPECT_TRUE(all_freed(self->fd, &self->before));
}

/* The device is lost between the beginning of a creation and its end, and comes back; every other file goes then. */
TEST_F_TIMEOUT(races, contexts_of_a_device_that_is_lost, 60)
{
	struct resetting *r = start_resets(_metadata, true);
	uint64_t va, x = 5, end = now_ns() + 3 * SECOND;
	uint32_t ctx = 0, bo;
	int fd, rc;

	for (int i = 0; now_ns() < end || r->times < 20; i++) {
		fd = i % 2 ? self->fd : dev_open();
		rc = fd < 0 ? -errno : ctx_create(fd, &ctx);
		/* It was lost before, or when the context was there: that has ended. */
		ASSERT_TRUE(!rc || rc == -ENODEV || rc == -EIO) TH_LOG("%d", rc);
		if (!rc)
			bo_create(fd, ctx, 64 * KIB, &bo);
		if (fd >= 0 && fd != self->fd)
			close(fd);
		else if (!rc)
			ASSERT_EQ(0, destroy(fd, ctx));
	}
	stop_resets(_metadata, r);
	ASSERT_EQ(0, ctx_create(self->fd, &ctx));
	EXPECT_EQ(0, bo_mapped(self->fd, ctx, MIB, &bo, &va));
	EXPECT_EQ(0, to_gpu(self->fd, ctx, va, &x, sizeof(x)));
	EXPECT_EQ(0, destroy(self->fd, ctx));
	EXPECT_TRUE(all_freed(self->fd, &self->before));
}

TEST_HARNESS_MAIN
