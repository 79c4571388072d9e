// SPDX-License-Identifier: MIT
/*
 * Every allocation fails once: each step of a whole life is tried with the first, second,
 * third… allocation in it failing, until none is left to fail. Nothing may leak or break.
 */
#include <stdio.h>

#include "../lib/harness.h"

#include "failnth.h"
#include "gpu.h"

struct world {
	int fd;
	uint32_t ctx;
	uint32_t bo;
	uint64_t va;
	uint32_t host;
	uint32_t fence;
	uint32_t code;
	struct queue q;
	void *mapped;
	void *memory;
	void *image;
	size_t size;
};

static int step_open(struct world *w)
{
	w->fd = dev_open();
	return w->fd < 0 ? -errno : 0;
}

static int step_ctx(struct world *w)
{
	return ctx_create(w->fd, &w->ctx);
}

static int step_bo(struct world *w)
{
	return bo_create(w->fd, w->ctx, 2 * MIB + 64 * KIB, &w->bo);
}

static int step_map(struct world *w)
{
	w->va = 0;
	return va_map(w->fd, w->bo, 0, 0, 0, &w->va);
}

static int step_mmap(struct world *w)
{
	w->mapped = bo_mmap(w->fd, w->bo, 2 * MIB, PROT_READ | PROT_WRITE);
	return w->mapped == MAP_FAILED ? -errno : 0;
}

static int step_host(struct world *w)
{
	return host_register(w->fd, w->ctx, w->memory, 64 * KIB, 0, &w->host);
}

static int step_fence(struct world *w)
{
	return fence_create(w->fd, w->ctx, 0, &w->fence);
}

static int step_queue(struct world *w)
{
	return queue_create(w->fd, w->ctx, 64, &w->q);
}

static int step_code(struct world *w)
{
	return code_load(w->fd, w->ctx, w->image, w->size, &w->code);
}

static int step_info(struct world *w)
{
	struct vgpu_kernel_info k = { .size = sizeof(k), .code = w->code, .threads = 64 };
	struct vgpu_process p[4];
	struct vgpu_process_list l = {
		.size = sizeof(l), .count = 4, .processes = (uintptr_t)p, .entry_size = sizeof(*p),
	};
	int rc = xioctl(w->fd, VGPU_IOCTL_KERNEL_INFO, &k);

	return rc ? rc : xioctl(w->fd, VGPU_IOCTL_PROCESS_LIST, &l);
}

static int step_copy(struct world *w)
{
	uint64_t x = 5;
	int rc = to_gpu(w->fd, w->ctx, w->va + 12, &x, 8);

	return rc ? rc : from_gpu(w->fd, w->ctx, w->va + 12, &x, 8);
}

static const struct failnth_step steps[] = {
	{ "open", step_open }, { "context", step_ctx }, { "buffer", step_bo },
	{ "map", step_map }, { "mmap", step_mmap }, { "host", step_host },
	{ "fence", step_fence }, { "queue", step_queue }, { "code", step_code },
	{ "info", step_info }, { "copy", step_copy },
};
#define NSTEPS	(sizeof(steps) / sizeof(*steps))

/* All steps, of which @which has its @nth allocation fail. Returns whether there was one. */
static bool life(struct __test_metadata *_metadata, struct world *w, unsigned int which,
		 unsigned int nth)
{
	bool hit;

	w->mapped = MAP_FAILED;
	w->fd = -1;
	memset(&w->q, 0, sizeof(w->q));
	hit = failnth_walk(_metadata, steps, w, which, nth);
	if (w->mapped != MAP_FAILED)
		munmap(w->mapped, 2 * MIB);
	if (w->q.user && w->q.user != MAP_FAILED)
		munmap(w->q.user, w->q.user_length);
	if (w->q.kernel && w->q.kernel != MAP_FAILED)
		munmap((void *)w->q.kernel, 4096);
	if (w->fd >= 0)
		close(w->fd);
	return hit;
}

TEST(each_allocation_fails_once)
{
	struct vgpu_device_status before, after;
	struct visa_error err;
	struct world w = { 0 };
	unsigned int nth, failed = 0;
	int fd = dev_open();

	if (!failnth_open())
		SKIP(return, "the kernel has no fail-nth");
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, visa_assemble(source, &w.image, &w.size, &err));
	w.memory = mmap(NULL, 64 * KIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(w.memory, 1, 64 * KIB);
	ASSERT_EQ(0, status(fd, &before));
	for (unsigned int i = 0; i < NSTEPS; i++) {
		for (nth = 1; nth < 400 && life(_metadata, &w, i, nth); nth++)
			failed++;
		TH_LOG("%s: %u allocations", steps[i].name, nth - 1);
		ASSERT_EQ(0, status(fd, &after));
		EXPECT_EQ(before.vram_used, after.vram_used);
		EXPECT_EQ(before.pinned_bytes, after.pinned_bytes);
		EXPECT_EQ(before.contexts, after.contexts);
		EXPECT_EQ(before.queues, after.queues);
	}
	EXPECT_GT(failed, 30);
	close(fd);
}

TEST_HARNESS_MAIN
