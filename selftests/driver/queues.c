// SPDX-License-Identifier: MIT
/* Rings, packets, fences, waiting. */
#include <pthread.h>
#include <sys/eventfd.h>

#include "../lib/harness.h"

#include "dev.h"

FIXTURE(queue)
{
	int fd;
	uint32_t ctx;
	uint32_t bo;
	uint64_t va;
	struct queue q;
};

#define BYTES	(8 * MIB)

FIXTURE_SETUP(queue)
{
	self->fd = dev_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(0, ctx_create(self->fd, &self->ctx));
	ASSERT_EQ(0, bo_mapped(self->fd, self->ctx, BYTES, &self->bo, &self->va));
	ASSERT_EQ(0, queue_create(self->fd, self->ctx, 64, &self->q));
}

FIXTURE_TEARDOWN(queue)
{
	close(self->fd);
}

static uint32_t peek(int fd, uint32_t ctx, uint64_t va)
{
	uint32_t x = 0xdeadbeef;

	from_gpu(fd, ctx, va, &x, 4);
	return x;
}

#define PEEK(offset)	peek(self->fd, self->ctx, self->va + (offset))

TEST_F(queue, fill)
{
	static const struct { uint32_t unit, value, want; } t[] = {
		{ 4, 0x12345678, 0x12345678 },
		{ 2, 0xffffabcd, 0xabcdabcd },
		{ 1, 0xffffff5a, 0x5a5a5a5a },
		{ 4, 0x01010101, 0x01010101 },
	};

	for (unsigned int i = 0; i < 4; i++) {
		struct vgpu_pkt_fill p = pkt_fill(self->va, t[i].value, t[i].unit,
						  BYTES / t[i].unit);

		ASSERT_NE(0, submit(&self->q, &p));
		ASSERT_EQ(0, queue_sync(&self->q));
		EXPECT_EQ(t[i].want, PEEK(0));
		EXPECT_EQ(t[i].want, PEEK(BYTES / 2 + 4));
		EXPECT_EQ(t[i].want, PEEK(BYTES - 4));
	}
}

TEST_F(queue, fill_odd_ends)
{
	struct vgpu_pkt_fill p = pkt_fill(self->va + 2, 0xbeef, 2, 3);

	ASSERT_NE(0, submit(&self->q, &p));
	p = pkt_fill(self->va + 17, 0x77, 1, 2);
	ASSERT_NE(0, submit(&self->q, &p));
	ASSERT_EQ(0, queue_sync(&self->q));
	EXPECT_EQ(0xbeef0000, PEEK(0));
	EXPECT_EQ(0xbeefbeef, PEEK(4));
	EXPECT_EQ(0, PEEK(8));
	EXPECT_EQ(0x00777700, PEEK(16));
}

TEST_F(queue, fill_2d)
{
	struct vgpu_pkt_fill p = pkt_fill(self->va + 4, 7, 4, 1);

	p.height = 5000;
	p.pitch = 16;
	ASSERT_NE(0, submit(&self->q, &p));
	ASSERT_EQ(0, queue_sync(&self->q));
	for (int i = 0; i < 5000; i += 99) {
		EXPECT_EQ(0, PEEK(16 * i));
		EXPECT_EQ(7, PEEK(16 * i + 4));
		EXPECT_EQ(0, PEEK(16 * i + 8));
	}
	EXPECT_EQ(7, PEEK(16 * 4999 + 4));
	EXPECT_EQ(0, PEEK(16 * 5000 + 4));
}

TEST_F(queue, copy)
{
	uint32_t *p = malloc(BYTES / 2), *r = malloc(BYTES / 2);
	struct vgpu_pkt_copy c = pkt_copy(self->va + BYTES / 2 + 1, self->va + 3, BYTES / 2 - 7);

	for (unsigned int i = 0; i < BYTES / 8; i++)
		p[i] = i * 2654435761u;
	ASSERT_EQ(0, to_gpu(self->fd, self->ctx, self->va, p, BYTES / 2));
	ASSERT_NE(0, submit(&self->q, &c));
	ASSERT_EQ(0, queue_sync(&self->q));
	ASSERT_EQ(0, from_gpu(self->fd, self->ctx, self->va + BYTES / 2 + 1, r, BYTES / 2 - 7));
	EXPECT_EQ(0, memcmp((char *)p + 3, r, BYTES / 2 - 7));
	free(p);
	free(r);
}

TEST_F(queue, copy_2d)
{
	struct vgpu_pkt_copy c = pkt_copy(self->va + MIB, self->va, 12);
	uint32_t x[300];

	for (int i = 0; i < 300; i++)
		x[i] = i;
	c.height = 60;
	c.src_pitch = 20;
	c.dst_pitch = 4096;
	ASSERT_EQ(0, to_gpu(self->fd, self->ctx, self->va, x, sizeof(x)));
	ASSERT_NE(0, submit(&self->q, &c));
	ASSERT_EQ(0, queue_sync(&self->q));
	for (uint32_t row = 0; row < 60; row++) {
		EXPECT_EQ(5 * row, PEEK(MIB + 4096 * row));
		EXPECT_EQ(5 * row + 2, PEEK(MIB + 4096 * row + 8));
		EXPECT_EQ(0, PEEK(MIB + 4096 * row + 12));
	}
}

TEST_F(queue, copy_registered_memory)
{
	size_t n = 3 * MIB;
	uint32_t h, *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct vgpu_pkt_copy in, out;

	for (unsigned int i = 0; i < n / 4; i++)
		p[i] = i ^ 0xabcd;
	ASSERT_EQ(0, host_register(self->fd, self->ctx, p, n, 0, &h));
	in = pkt_copy(self->va, (uintptr_t)p, n);
	ASSERT_NE(0, submit(&self->q, &in));
	ASSERT_EQ(0, queue_sync(&self->q));
	memset(p, 0, n);
	out = pkt_copy((uintptr_t)p, self->va, n);
	ASSERT_NE(0, submit(&self->q, &out));
	ASSERT_EQ(0, queue_sync(&self->q));
	for (unsigned int i = 0; i < n / 4; i++)
		ASSERT_EQ(i ^ 0xabcd, p[i]);
}

TEST_F(queue, in_order_and_wrapping)
{
	for (uint32_t i = 1; i <= 1000; i++) {
		struct vgpu_pkt_fill p = pkt_fill(self->va + 4 * (i & 7), i, 4, 1);

		while (!submit(&self->q, &p))
			ASSERT_EQ(0, wait_value(self->fd, self->q.handle, self->q.seqno - 30,
						20 * SECOND));
	}
	ASSERT_EQ(0, queue_sync(&self->q));
	EXPECT_EQ(1000, self->q.kernel->done);
	EXPECT_EQ(1000, self->q.kernel->head);
	for (uint32_t i = 993; i <= 1000; i++)
		EXPECT_EQ(i, PEEK(4 * (i & 7)));
}

TEST_F(queue, empty_work_completes)
{
	struct vgpu_pkt_fill f = pkt_fill(self->va, 1, 4, 0);
	struct vgpu_pkt_copy c = pkt_copy(self->va, self->va, 0);
	struct vgpu_pkt_fence nop = pkt_fence(VGPU_PKT_NOP, 0, 0);

	ASSERT_NE(0, submit(&self->q, &f));
	ASSERT_NE(0, submit(&self->q, &c));
	ASSERT_NE(0, submit(&self->q, &nop));
	EXPECT_EQ(0, queue_sync(&self->q));
}

TEST_F(queue, kernel_area_is_read_only)
{
	struct vgpu_queue_create c = { .size = sizeof(c), .ctx = self->ctx, .slots = 64 };
	void *p;

	ASSERT_EQ(0, xioctl(self->fd, VGPU_IOCTL_QUEUE_CREATE, &c));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd,
				   c.kernel_offset));
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->fd, c.kernel_offset);
	ASSERT_NE(MAP_FAILED, p);
	EXPECT_NE(0, mprotect(p, 4096, PROT_READ | PROT_WRITE));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 8192, PROT_READ, MAP_SHARED, self->fd, c.kernel_offset));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->fd, c.user_offset));
	EXPECT_EQ(0, destroy(self->fd, c.handle));
}

TEST_F(queue, fences_between_queues)
{
	struct vgpu_pkt_fence wait, signal;
	struct vgpu_pkt_fill fill = pkt_fill(self->va, 42, 4, 1);
	struct queue b;
	uint32_t fence;

	ASSERT_EQ(0, queue_create(self->fd, self->ctx, 64, &b));
	ASSERT_EQ(0, fence_create(self->fd, self->ctx, 5, &fence));
	wait = pkt_fence(VGPU_PKT_WAIT, fence, 6);
	ASSERT_NE(0, submit(&b, &wait));
	ASSERT_NE(0, submit(&b, &fill));
	EXPECT_EQ(-ETIME, wait_value(self->fd, b.handle, 1, SECOND / 20));
	EXPECT_EQ(0, PEEK(0));
	signal = pkt_fence(VGPU_PKT_SIGNAL, fence, 6);
	ASSERT_NE(0, submit(&self->q, &signal));
	EXPECT_EQ(0, queue_sync(&b));
	EXPECT_EQ(42, PEEK(0));
	/* A queue as the thing waited for, value not yet there. */
	wait = pkt_fence(VGPU_PKT_WAIT, b.handle, 3);
	ASSERT_NE(0, submit(&self->q, &wait));
	EXPECT_EQ(-ETIME, wait_value(self->fd, self->q.handle, 2, SECOND / 20));
	ASSERT_NE(0, submit(&b, &fill));
	EXPECT_EQ(0, queue_sync(&self->q));
}

struct callback {
	int fd;
	uint32_t ctx;
	uint32_t begin;
	uint32_t end;
	uint64_t va;
};

static void *callback_thread(void *arg)
{
	struct callback *c = arg;
	uint32_t x = 1234;

	if (wait_value(c->fd, c->begin, 1, 20 * SECOND))
		return NULL;
	to_gpu(c->fd, c->ctx, c->va, &x, 4);
	fence_signal(c->fd, c->end, 1);
	return c;
}

TEST_F(queue, host_callback)
{
	struct callback cb = { .fd = self->fd, .ctx = self->ctx, .va = self->va };
	struct vgpu_pkt_fence p;
	struct vgpu_pkt_copy c = pkt_copy(self->va + 64, self->va, 4);
	pthread_t t;
	void *ret;

	ASSERT_EQ(0, fence_create(self->fd, self->ctx, 0, &cb.begin));
	ASSERT_EQ(0, fence_create(self->fd, self->ctx, 0, &cb.end));
	ASSERT_EQ(0, pthread_create(&t, NULL, callback_thread, &cb));
	p = pkt_fence(VGPU_PKT_SIGNAL, cb.begin, 1);
	ASSERT_NE(0, submit(&self->q, &p));
	p = pkt_fence(VGPU_PKT_WAIT, cb.end, 1);
	ASSERT_NE(0, submit(&self->q, &p));
	ASSERT_NE(0, submit(&self->q, &c));
	ASSERT_EQ(0, queue_sync(&self->q));
	EXPECT_EQ(1234, PEEK(64));
	pthread_join(t, &ret);
	EXPECT_NE(NULL, ret);
}

TEST_F(queue, timestamps)
{
	struct vgpu_pkt_timestamp p = {
		.hdr = { .type = VGPU_PKT_TIMESTAMP, .slots = 1 }, .dst = self->va,
	};
	uint64_t before = now_ns(), t[2];

	ASSERT_NE(0, submit(&self->q, &p));
	p.dst += 8;
	ASSERT_NE(0, submit(&self->q, &p));
	ASSERT_EQ(0, queue_sync(&self->q));
	ASSERT_EQ(0, from_gpu(self->fd, self->ctx, self->va, t, 16));
	EXPECT_LE(before, t[0]);
	EXPECT_LE(t[0], t[1]);
	EXPECT_LE(t[1], now_ns());
}

TEST_F(queue, wait_for_a_value)
{
	struct vgpu_pkt_wait_value p = {
		.hdr = { .type = VGPU_PKT_WAIT_VALUE, .slots = 1 }, .src = self->va,
		.value = 3, .unit = 4, .condition = VGPU_WAIT_GEQ,
	};
	uint32_t x = 2;

	ASSERT_NE(0, submit(&self->q, &p));
	ASSERT_EQ(0, to_gpu(self->fd, self->ctx, self->va, &x, 4));
	EXPECT_EQ(-ETIME, wait_value(self->fd, self->q.handle, 1, SECOND / 20));
	x = 4;
	ASSERT_EQ(0, to_gpu(self->fd, self->ctx, self->va, &x, 4));
	EXPECT_EQ(0, queue_sync(&self->q));
}

TEST_F(queue, eventfd)
{
	int efd = eventfd(0, EFD_NONBLOCK);
	struct vgpu_eventfd e = { .size = sizeof(e), .handle = self->q.handle, .value = 2, .fd = efd };
	struct vgpu_pkt_fence nop = pkt_fence(VGPU_PKT_NOP, 0, 0);
	struct pollfd pfd = { .fd = efd, .events = POLLIN };
	uint64_t n;

	ASSERT_EQ(0, xioctl(self->fd, VGPU_IOCTL_EVENTFD, &e));
	ASSERT_NE(0, submit(&self->q, &nop));
	ASSERT_EQ(0, queue_sync(&self->q));
	EXPECT_EQ(0, poll(&pfd, 1, 0));
	ASSERT_NE(0, submit(&self->q, &nop));
	EXPECT_EQ(1, poll(&pfd, 1, 10000));
	EXPECT_EQ(8, read(efd, &n, 8));
	/* Reached already: at once. And never reached: left behind with the file. */
	ASSERT_EQ(0, xioctl(self->fd, VGPU_IOCTL_EVENTFD, &e));
	EXPECT_EQ(1, poll(&pfd, 1, 0));
	e.value = 1000;
	ASSERT_EQ(0, xioctl(self->fd, VGPU_IOCTL_EVENTFD, &e));
	e.fd = self->fd;
	EXPECT_EQ(-EINVAL, xioctl(self->fd, VGPU_IOCTL_EVENTFD, &e));
	e.fd = -1;
	EXPECT_EQ(-EBADF, xioctl(self->fd, VGPU_IOCTL_EVENTFD, &e));
}

TEST_F(queue, waits)
{
	struct vgpu_wait w = { .size = sizeof(w), .handle = self->q.handle, .value = 1 };
	struct vgpu_pkt_fence nop = pkt_fence(VGPU_PKT_NOP, 0, 0);

	EXPECT_EQ(-ETIME, xioctl(self->fd, VGPU_IOCTL_WAIT, &w));
	w.deadline_ns = 1;
	EXPECT_EQ(-ETIME, xioctl(self->fd, VGPU_IOCTL_WAIT, &w));
	ASSERT_NE(0, submit(&self->q, &nop));
	w.deadline_ns = ~0ull;
	EXPECT_EQ(0, xioctl(self->fd, VGPU_IOCTL_WAIT, &w));
	EXPECT_EQ(1, w.reached);
	w.handle = self->bo;
	EXPECT_EQ(-EINVAL, xioctl(self->fd, VGPU_IOCTL_WAIT, &w));
}

TEST_F(queue, destroy_while_blocked)
{
	struct vgpu_pkt_fence wait;
	struct queue b;
	uint32_t fence;

	ASSERT_EQ(0, queue_create(self->fd, self->ctx, 64, &b));
	ASSERT_EQ(0, fence_create(self->fd, self->ctx, 0, &fence));
	wait = pkt_fence(VGPU_PKT_WAIT, fence, 1);
	ASSERT_NE(0, submit(&b, &wait));
	wait = pkt_fence(VGPU_PKT_WAIT, b.handle, 99);
	ASSERT_NE(0, submit(&self->q, &wait));
	EXPECT_EQ(-ETIME, wait_value(self->fd, b.handle, 1, SECOND / 50));
	/* What waits for a destroyed queue goes on. */
	EXPECT_EQ(0, destroy(self->fd, b.handle));
	EXPECT_EQ(0, queue_sync(&self->q));
	EXPECT_EQ(0, destroy(self->fd, fence));
}

/* A fill of what is not mapped ends a context of its own. */
static void fails(struct __test_metadata *_metadata, int fd)
{
	struct vgpu_pkt_fill bad = pkt_fill(4096, 1, 1, 1);
	struct vgpu_fault f;
	struct queue q;
	uint32_t ctx;

	ASSERT_EQ(0, ctx_create(fd, &ctx));
	ASSERT_EQ(0, queue_create(fd, ctx, 64, &q));
	ASSERT_NE(0, submit(&q, &bad));
	EXPECT_EQ(-EIO, queue_sync(&q));
	ASSERT_EQ(0, fault_query(fd, ctx, &f));
	EXPECT_EQ(VGPU_FAULT_COPY, f.kind);
	EXPECT_EQ(0, destroy(fd, ctx));
	munmap(q.user, q.user_length);
	munmap((void *)q.kernel, 4096);
}

TEST_F(queue, one_context_fails_another_goes_on)
{
	struct vgpu_pkt_fill good = pkt_fill(self->va, 1, 4, MIB);

	for (int i = 0; i < 20; i++) {
		ASSERT_NE(0, submit(&self->q, &good));
		fails(_metadata, self->fd);
	}
	EXPECT_EQ(0, queue_sync(&self->q));
	EXPECT_EQ(1, PEEK(4 * MIB - 4));
}

TEST_F(queue, events)
{
	struct vgpu_fault f;
	struct vgpu_event_query e = {
		.size = sizeof(e), .fault_size = sizeof(f), .fault = (uintptr_t)&f,
	};
	struct pollfd pfd = { .fd = dev_open(), .events = POLLPRI };
	struct vgpu_device_status st;

	ASSERT_EQ(0, status(self->fd, &st));
	EXPECT_EQ(0, poll(&pfd, 1, 0));
	fails(_metadata, self->fd);
	EXPECT_EQ(1, poll(&pfd, 1, 1000));
	e.after = st.last_event;
	ASSERT_EQ(0, xioctl(pfd.fd, VGPU_IOCTL_EVENT_QUERY, &e));
	EXPECT_EQ(st.last_event + 1, e.after);
	EXPECT_EQ(VGPU_FAULT_COPY, f.kind);
	EXPECT_EQ(31, f.xid);
	EXPECT_EQ((uint32_t)getpid(), f.pid);
	EXPECT_EQ(4096, f.address);
	EXPECT_EQ(1, f.write);
	EXPECT_EQ(0, poll(&pfd, 1, 0));
	EXPECT_EQ(-EAGAIN, xioctl(pfd.fd, VGPU_IOCTL_EVENT_QUERY, &e));
	close(pfd.fd);
}

TEST_HARNESS_MAIN
