/* SPDX-License-Identifier: MIT */
/*
 * The shortest way from a test to the ioctls: no library between, so that bad
 * input can be made as well as good. Every call returns 0 or -errno.
 */
#ifndef SELFTESTS_DRIVER_DEV_H
#define SELFTESTS_DRIVER_DEV_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../uapi/vgpu_ioctl.h"

#define NODE	"/dev/vgpu0"
#define UNUSED	__attribute__((unused))
#define KIB	1024ul
#define MIB	(1024ul * KIB)

static inline int dev_open(void)
{
	return open(NODE, O_RDWR | O_CLOEXEC);
}

static inline int xioctl(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) ? -errno : 0;
}

/* The kernel's log, to be freed. */
static inline char *kernel_log(void)
{
	int size = klogctl(10 /* SIZE_BUFFER */, NULL, 0);
	char *log = calloc(1, size + 1);

	klogctl(3 /* READ_ALL */, log, size);
	return log;
}

static inline uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static inline int ctx_create(int fd, uint32_t *ctx)
{
	struct vgpu_ctx_create c = { .size = sizeof(c) };
	int rc = xioctl(fd, VGPU_IOCTL_CTX_CREATE, &c);

	*ctx = c.handle;
	return rc;
}

static inline int destroy(int fd, uint32_t handle)
{
	struct vgpu_destroy d = { .size = sizeof(d), .handle = handle };

	return xioctl(fd, VGPU_IOCTL_DESTROY, &d);
}

static inline int bo_create(int fd, uint32_t ctx, uint64_t length, uint32_t *bo)
{
	struct vgpu_bo_create c = { .size = sizeof(c), .ctx = ctx, .length = length };
	int rc = xioctl(fd, VGPU_IOCTL_BO_CREATE, &c);

	*bo = c.handle;
	return rc;
}

static inline int va_map(int fd, uint32_t bo, uint32_t flags, uint64_t offset,
			 uint64_t length, uint64_t *va)
{
	struct vgpu_va_map m = {
		.size = sizeof(m), .flags = flags, .bo = bo, .offset = offset,
		.length = length, .va = *va,
	};
	int rc = xioctl(fd, VGPU_IOCTL_VA_MAP, &m);

	*va = m.va;
	return rc;
}

static inline int va_unmap(int fd, uint32_t ctx, uint64_t va)
{
	struct vgpu_va_unmap u = { .size = sizeof(u), .ctx = ctx, .va = va };

	return xioctl(fd, VGPU_IOCTL_VA_UNMAP, &u);
}

/* A buffer and its address in one. */
static inline int bo_mapped(int fd, uint32_t ctx, uint64_t length, uint32_t *bo, uint64_t *va)
{
	int rc = bo_create(fd, ctx, length, bo);

	*va = 0;
	return rc ? rc : va_map(fd, *bo, 0, 0, 0, va);
}

static inline int mem_copy(int fd, uint32_t ctx, uint32_t direction, uint64_t va, void *p,
			   uint64_t n)
{
	struct vgpu_mem_copy c = {
		.size = sizeof(c), .direction = direction, .ctx = ctx, .gpu_va = va,
		.user_ptr = (uintptr_t)p, .width = n,
	};

	return xioctl(fd, VGPU_IOCTL_MEM_COPY, &c);
}

static inline int to_gpu(int fd, uint32_t ctx, uint64_t va, const void *p, uint64_t n)
{
	return mem_copy(fd, ctx, VGPU_COPY_TO_GPU, va, (void *)p, n);
}

static inline int from_gpu(int fd, uint32_t ctx, uint64_t va, void *p, uint64_t n)
{
	return mem_copy(fd, ctx, VGPU_COPY_FROM_GPU, va, p, n);
}

static inline int host_register(int fd, uint32_t ctx, void *p, uint64_t n, uint32_t flags,
				uint32_t *handle)
{
	struct vgpu_host_register r = {
		.size = sizeof(r), .flags = flags, .ctx = ctx,
		.address = (uintptr_t)p, .length = n,
	};
	int rc = xioctl(fd, VGPU_IOCTL_HOST_REGISTER, &r);

	*handle = r.handle;
	return rc;
}

/* @at: what goes instead of what is there, or NULL */
static inline void *bo_mmap_at(int fd, uint32_t bo, void *at, uint64_t n, int prot)
{
	struct vgpu_bo_mmap m = { .size = sizeof(m), .handle = bo };
	int rc = xioctl(fd, VGPU_IOCTL_BO_MMAP, &m);

	return rc ? MAP_FAILED : mmap(at, n, prot, MAP_SHARED | (at ? MAP_FIXED : 0), fd, m.offset);
}

static inline void *bo_mmap(int fd, uint32_t bo, uint64_t n, int prot)
{
	return bo_mmap_at(fd, bo, NULL, n, prot);
}

/* flags: VGPU_SHARE_*; the descriptor or the token is in *s. */
static inline int share(int fd, uint32_t bo, uint32_t flags, struct vgpu_share *s)
{
	*s = (struct vgpu_share){ .size = sizeof(*s), .flags = flags, .handle = bo };
	return xioctl(fd, VGPU_IOCTL_SHARE, s);
}

static inline int open_shared(int fd, uint32_t ctx, const struct vgpu_share *s, uint32_t *bo)
{
	struct vgpu_open_shared o = { .size = sizeof(o), .flags = s->flags, .ctx = ctx, .fd = s->fd };
	int rc;

	memcpy(o.token, s->token, sizeof(o.token));
	rc = xioctl(fd, VGPU_IOCTL_OPEN_SHARED, &o);
	*bo = o.handle;
	return rc;
}

static inline int status(int fd, struct vgpu_device_status *st)
{
	memset(st, 0, sizeof(*st));
	st->size = sizeof(*st);
	return xioctl(fd, VGPU_IOCTL_DEVICE_STATUS, st);
}

/* ---- queues */

struct queue {
	int fd;
	uint32_t handle;
	uint32_t slots;
	uint64_t seqno;
	struct vgpu_queue_user *user;
	const struct vgpu_queue_kernel *kernel;
	uint64_t user_length;
	unsigned int doorbells;
};

static inline int queue_create_priority(int fd, uint32_t ctx, uint32_t slots, int priority, struct queue *q)
{
	struct vgpu_queue_create c = { .size = sizeof(c), .ctx = ctx, .slots = slots, .priority = priority };
	int rc = xioctl(fd, VGPU_IOCTL_QUEUE_CREATE, &c);

	memset(q, 0, sizeof(*q));
	if (rc)
		return rc;
	q->fd = fd;
	q->handle = c.handle;
	q->slots = slots;
	q->user_length = c.user_length;
	q->user = mmap(NULL, c.user_length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, c.user_offset);
	q->kernel = mmap(NULL, c.kernel_length, PROT_READ, MAP_SHARED, fd, c.kernel_offset);
	if (q->user != MAP_FAILED && q->kernel != MAP_FAILED)
		return 0;
	rc = -errno;
	/* One that stayed would keep the file, and all that it holds. */
	if (q->user != MAP_FAILED)
		munmap(q->user, q->user_length);
	if (q->kernel != MAP_FAILED)
		munmap((void *)q->kernel, c.kernel_length);
	return rc;
}

static inline int queue_create(int fd, uint32_t ctx, uint32_t slots, struct queue *q)
{
	return queue_create_priority(fd, ctx, slots, 0, q);
}

static inline int doorbell(struct queue *q)
{
	struct vgpu_doorbell d = { .size = sizeof(d), .queue = q->handle };

	q->doorbells++;
	return xioctl(q->fd, VGPU_IOCTL_DOORBELL, &d);
}

/* Put a packet into the ring; returns its number, 0 when the ring is full. */
static inline uint64_t submit(struct queue *q, const void *packet)
{
	const struct vgpu_pkt_header *h = packet;
	uint8_t *ring = (uint8_t *)q->user + VGPU_QUEUE_SLOTS_OFFSET;
	uint64_t tail = q->user->tail;

	if (tail + h->slots - __atomic_load_n(&q->kernel->head, __ATOMIC_ACQUIRE) > q->slots)
		return 0;
	for (uint32_t i = 0; i < h->slots; i++)
		memcpy(ring + ((tail + i) & (q->slots - 1)) * VGPU_SLOT_BYTES,
		       (const uint8_t *)packet + i * VGPU_SLOT_BYTES, VGPU_SLOT_BYTES);
	__atomic_store_n(&q->user->tail, tail + h->slots, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&q->kernel->flags, __ATOMIC_RELAXED) & VGPU_QUEUE_NEED_WAKEUP)
		doorbell(q);
	return ++q->seqno;
}

#define SECOND	1000000000ull

static inline int wait_value(int fd, uint32_t handle, uint64_t value, uint64_t timeout_ns)
{
	struct vgpu_wait w = {
		.size = sizeof(w), .handle = handle, .value = value,
		.deadline_ns = timeout_ns == ~0ull ? ~0ull : now_ns() + timeout_ns,
	};

	return xioctl(fd, VGPU_IOCTL_WAIT, &w);
}

static inline int queue_sync(struct queue *q)
{
	return wait_value(q->fd, q->handle, q->seqno, 100 * SECOND);	/* against hanging only */
}

static inline struct vgpu_pkt_fill pkt_fill(uint64_t dst, uint32_t value, uint32_t unit, uint64_t n)
{
	return (struct vgpu_pkt_fill){
		.hdr = { .type = VGPU_PKT_FILL, .slots = 1 },
		.dst = dst, .width = n, .height = 1, .value = value, .unit = unit,
	};
}

static inline struct vgpu_pkt_copy pkt_copy(uint64_t dst, uint64_t src, uint64_t n)
{
	return (struct vgpu_pkt_copy){
		.hdr = { .type = VGPU_PKT_COPY, .slots = 1 },
		.dst = dst, .src = src, .width = n, .height = 1,
	};
}

static inline struct vgpu_pkt_fence pkt_fence(uint32_t type, uint32_t handle, uint64_t value)
{
	return (struct vgpu_pkt_fence){
		.hdr = { .type = type, .slots = 1 }, .handle = handle, .value = value,
	};
}

static inline int fence_create(int fd, uint32_t ctx, uint64_t value, uint32_t *fence)
{
	struct vgpu_fence_create c = { .size = sizeof(c), .ctx = ctx, .value = value };
	int rc = xioctl(fd, VGPU_IOCTL_FENCE_CREATE, &c);

	*fence = c.handle;
	return rc;
}

static inline int fence_signal(int fd, uint32_t fence, uint64_t value)
{
	struct vgpu_fence_signal s = { .size = sizeof(s), .fence = fence, .value = value };

	return xioctl(fd, VGPU_IOCTL_FENCE_SIGNAL, &s);
}

/* A child that writes to @ready when it is where it is to be, and then is killed, at @when: 0 when both have happened. */
static inline int kill_when_ready_at(pid_t pid, const int ready[2], uint64_t *when)
{
	bool came;
	char c;
	int st;

	close(ready[1]);
	came = read(ready[0], &c, 1) == 1;
	close(ready[0]);
	*when = now_ns();
	kill(pid, SIGKILL);
	return waitpid(pid, &st, 0) == pid && came ? 0 : -1;
}

static inline int kill_when_ready(pid_t pid, const int ready[2])
{
	uint64_t when;

	return kill_when_ready_at(pid, ready, &when);
}

/* Not user-mode Linux: what takes a microsecond there takes up to a millisecond. */
static inline bool emulated(void)
{
	return strcmp(getenv("VGPU_BED") ?: "", "uml");
}

/*
 * No more than before is in use within a second: so many looks, not so much time, for what stops the machine stops this
 * process, too. An emulated one has four, that its processes may end.
 */
static inline bool all_freed(int fd, const struct vgpu_device_status *before)
{
	int looks = emulated() ? 400 : 100;
	struct vgpu_device_status st;

	do {
		status(fd, &st);
		if (st.contexts <= before->contexts && st.vram_used <= before->vram_used &&
		    st.pinned_bytes <= before->pinned_bytes && st.queues <= before->queues &&
		    st.running <= before->running)
			return true;
		usleep(10000);
	} while (--looks);
	printf("# left: %u contexts, %llu bytes, %llu pinned, %u queues, %u running\n",
	       st.contexts, st.vram_used, st.pinned_bytes, st.queues, st.running);
	return false;
}

/* Likewise, but for contexts whose file another process still holds. */
static inline bool memory_freed(int fd, const struct vgpu_device_status *before)
{
	struct vgpu_device_status st = *before;

	for (int i = 0; i < 100; i++) {
		status(fd, &st);
		if (st.vram_used == before->vram_used && st.queues == before->queues)
			return true;
		usleep(10000);
	}
	return false;
}

static inline int fault_query(int fd, uint32_t ctx, struct vgpu_fault *f)
{
	struct vgpu_fault_query q = {
		.size = sizeof(q), .ctx = ctx, .fault_size = sizeof(*f), .fault = (uintptr_t)f,
	};

	memset(f, 0xff, sizeof(*f));
	return xioctl(fd, VGPU_IOCTL_FAULT_QUERY, &q);
}

#endif
