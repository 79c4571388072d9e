// SPDX-License-Identifier: MIT
/* The writing side of a queue: packets into the ring, the doorbell, waiting. */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include "libvgpu.h"
#include "sys.h"

/* How long a wait looks at the queue's page before it asks the kernel. */
#define SPIN_NS                   20000

#define KERNEL_LOAD(ring, member) __atomic_load_n(&(ring)->kernel->member, __ATOMIC_ACQUIRE)

/** vgpu_ring_open - create a queue and map its two areas */
int vgpu_ring_open(const struct vgpu_dev *dev, uint32_t ctx, uint32_t slots, int priority, struct vgpu_ring *ring)
{
	struct vgpu_queue_create c = { .size = sizeof(c), .ctx = ctx, .slots = slots, .priority = priority };
	void *user, *kernel;
	int r;

	if (c.slots > dev->info.max_ring_slots)
		c.slots = dev->info.max_ring_slots;
	r = vgpu_sys_ioctl(dev->fd, VGPU_IOCTL_QUEUE_CREATE, &c);
	if (r)
		return r;
	r = vgpu_sys_mmap(dev->fd, NULL, c.user_length, PROT_READ | PROT_WRITE, c.user_offset, &user);
	if (r)
		goto destroy;
	r = vgpu_sys_mmap(dev->fd, NULL, c.kernel_length, PROT_READ, c.kernel_offset, &kernel);
	if (r)
		goto unmap;
	*ring = (struct vgpu_ring){
		.dev = dev,
		.handle = c.handle,
		.slots = c.slots,
		.user = user,
		.kernel = kernel,
	};
	return 0;
unmap:
	vgpu_sys_munmap(user, c.user_length);
destroy:
	vgpu_destroy(dev, c.handle);
	return r;
}

/** vgpu_ring_close - destroy a queue; what has not run does not run any more */
void vgpu_ring_close(struct vgpu_ring *ring)
{
	vgpu_destroy(ring->dev, ring->handle);
	vgpu_sys_munmap(ring->user, VGPU_QUEUE_SLOTS_OFFSET + (size_t)ring->slots * VGPU_SLOT_BYTES);
	vgpu_sys_munmap((void *)ring->kernel, VGPU_PAGE_SIZE);
	ring->handle = 0;
}

/** vgpu_ring_done - the number of the last packet completed */
uint64_t vgpu_ring_done(const struct vgpu_ring *ring)
{
	return KERNEL_LOAD(ring, done);
}

/** vgpu_ring_free - slots that can be written now */
uint32_t vgpu_ring_free(const struct vgpu_ring *ring)
{
	return ring->slots - (ring->tail - KERNEL_LOAD(ring, head));
}

/**
 * vgpu_ring_reserve - wait until that many slots are free
 * @ring: the ring
 * @slots: how many
 *
 * Return: 0, -EIO when the context has ended, -EINVAL for a packet larger than the ring.
 */
int vgpu_ring_reserve(struct vgpu_ring *ring, uint32_t slots)
{
	if (slots > ring->slots)
		return -EINVAL;
	for (;;) {
		int r;

		if (KERNEL_LOAD(ring, error))
			return -EIO;
		if (ring->tail + slots - KERNEL_LOAD(ring, head) <= ring->slots)
			return 0;
		/* A packet that ends has left the ring. */
		r = vgpu_wait(ring->dev, ring->handle, vgpu_ring_done(ring) + 1, VGPU_WAIT_FOREVER);
		if (r)
			return r;
	}
}

/** vgpu_ring_write - bytes of the packet being written, @offset from its start; wraps at the end */
void vgpu_ring_write(struct vgpu_ring *ring, uint32_t offset, const void *data, size_t size)
{
	uint8_t *slots = (uint8_t *)ring->user + VGPU_QUEUE_SLOTS_OFFSET;
	size_t bytes = (size_t)ring->slots * VGPU_SLOT_BYTES;
	size_t at = (ring->tail * VGPU_SLOT_BYTES + offset) % bytes;
	size_t first = size < bytes - at ? size : bytes - at;

	memcpy(slots + at, data, first);
	memcpy(slots, (const uint8_t *)data + first, size - first);
}

/** vgpu_ring_commit - hand written packets over; the number of the last is then ring->packets */
int vgpu_ring_commit(struct vgpu_ring *ring, uint32_t slots, uint32_t packets)
{
	ring->tail += slots;
	ring->packets += packets;
	__atomic_store_n(&ring->user->tail, ring->tail, __ATOMIC_RELEASE);
	atomic_thread_fence(memory_order_seq_cst);
	if (KERNEL_LOAD(ring, flags) & VGPU_QUEUE_NEED_WAKEUP) {
		struct vgpu_doorbell d = { .size = sizeof(d), .queue = ring->handle };

		return vgpu_sys_ioctl(ring->dev->fd, VGPU_IOCTL_DOORBELL, &d);
	}
	return 0;
}

/** vgpu_ring_packet - reserve, write and commit a packet of one slot */
int vgpu_ring_packet(struct vgpu_ring *ring, const void *packet)
{
	int r = vgpu_ring_reserve(ring, 1);

	if (r)
		return r;
	vgpu_ring_write(ring, 0, packet, VGPU_SLOT_BYTES);
	return vgpu_ring_commit(ring, 1, 1);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/**
 * vgpu_ring_wait - until a packet is done
 * @ring: queue
 * @packet: its number
 * @deadline_ns: CLOCK_MONOTONIC; 0 only looks, VGPU_WAIT_FOREVER waits
 *
 * Return: 0, -ETIME, -EIO when the context ended before.
 */
int vgpu_ring_wait(const struct vgpu_ring *ring, uint64_t packet, uint64_t deadline_ns)
{
	uint64_t until;

	if (vgpu_ring_done(ring) >= packet)
		return 0;
	if (!deadline_ns)
		return KERNEL_LOAD(ring, error) ? -EIO : -ETIME;
	for (until = now_ns() + SPIN_NS; now_ns() < until;) {
		for (int i = 0; i < 64; i++)
			__builtin_ia32_pause();
		if (vgpu_ring_done(ring) >= packet)
			return 0;
		if (KERNEL_LOAD(ring, error))
			return -EIO;
	}
	return vgpu_wait(ring->dev, ring->handle, packet, deadline_ns);
}
