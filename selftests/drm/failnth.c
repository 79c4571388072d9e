// SPDX-License-Identifier: MIT
/*
 * Every allocation fails once, as in ../driver/failnth.c: each step of a render node's life is tried with the
 * first, second, third… allocation in it failing. Nothing may leak or break. Not among them: what calls dma_buf_vmap(),
 * which warns when an exporter fails, whichever it is.
 */
#include "node.h"
#include "../lib/harness.h"
#include "../driver/failnth.h"

struct world {
	char path[64];
	int gpu, other;
	int fd, buf, memory;
	uint32_t ctx, handle, again, syncobj;
	struct queue q;
	void *mapped;
};

static int step_open(struct world *w)
{
	w->fd = open(w->path, O_RDWR | O_CLOEXEC);
	return w->fd < 0 ? -errno : 0;
}

static int step_create(struct world *w)
{
	return gem_create(w->fd, 64 * KIB, &w->handle);
}

static int step_mmap(struct world *w)
{
	w->mapped = gem_mmap(w->fd, w->handle, 64 * KIB);
	return w->mapped == MAP_FAILED ? -errno : 0;
}

static int step_export(struct world *w)
{
	return gem_export(w->fd, w->handle, &w->memory);
}

static int step_import(struct world *w)
{
	uint64_t size;

	return gem_import(w->fd, w->memory, &w->again, &size);
}

static int step_prime_export(struct world *w)
{
	return prime_export(w->fd, w->handle, &w->buf);
}

/* By another device's node: as another driver's, with a scatter table. */
static int step_prime_import(struct world *w)
{
	int rc = prime_import(w->other, w->buf, &w->again);

	if (!rc)
		gem_close(w->other, w->again);
	return rc;
}

static int step_attach(struct world *w)
{
	return attach(w->fd, w->gpu);
}

static int step_syncobj(struct world *w)
{
	return drmSyncobjCreate(w->fd, 0, &w->syncobj) ? -errno : 0;
}

static int step_fence(struct world *w)
{
	return put_fence(w->fd, w->gpu, w->q.handle, 1, w->syncobj, 0);
}

static int step_point(struct world *w)
{
	return put_fence(w->fd, w->gpu, w->q.handle, 2, w->syncobj, 7);
}

static int step_fdinfo(struct world *w)
{
	return fdinfo(w->fd, "drm-total-vram") == ~0ull ? -ENOMEM : 0;
}

static const struct failnth_step steps[] = {
	{ "open", step_open }, { "create", step_create }, { "mmap", step_mmap }, { "export", step_export },
	{ "import", step_import }, { "prime export", step_prime_export },
	{ "prime import", step_prime_import }, { "attach", step_attach },
	{ "syncobj", step_syncobj }, { "fence", step_fence }, { "point", step_point }, { "fdinfo", step_fdinfo },
};
#define NSTEPS	(sizeof(steps) / sizeof(*steps))

/* All steps, of which @which has its @nth allocation fail. Returns whether there was one. */
static bool life(struct __test_metadata *_metadata, struct world *w, unsigned int which, unsigned int nth)
{
	bool hit;

	w->fd = w->buf = w->memory = -1;
	w->mapped = MAP_FAILED;
	w->gpu = dev_open();
	EXPECT_EQ(0, ctx_create(w->gpu, &w->ctx));
	EXPECT_EQ(0, queue_create(w->gpu, w->ctx, 64, &w->q));
	hit = failnth_walk(_metadata, steps, w, which, nth);
	if (w->mapped != MAP_FAILED)
		munmap(w->mapped, 64 * KIB);
	munmap(w->q.user, w->q.user_length);
	munmap((void *)w->q.kernel, 4096);
	close(w->gpu);
	close(w->buf);
	close(w->memory);
	close(w->fd);
	return hit;
}

/* The render nodes of devices 0 and 1 by their PCI slots. */
static int paths(char *first, char *second)
{
	drmDevicePtr list[32];
	int n = drmGetDevices2(0, list, 32), found = 0;

	for (int i = 0; i < n; i++) {
		int slot = list[i]->bustype == DRM_BUS_PCI ? list[i]->businfo.pci->dev : -1;

		if (slot < 0 || slot > 1 || list[i]->deviceinfo.pci->vendor_id != 0x10de)
			continue;
		snprintf(slot ? second : first, 64, "%s", list[i]->nodes[DRM_NODE_RENDER]);
		found++;
	}
	if (n > 0)
		drmFreeDevices(list, n);
	return found == 2 ? 0 : -ENODEV;
}

/* Only a fixture's test can have more than half a minute. */
FIXTURE(each) {
	int nothing;
};

FIXTURE_SETUP(each)
{
}

FIXTURE_TEARDOWN(each)
{
}

TEST_F_TIMEOUT(each, allocation_fails_once, 300)
{
	struct vgpu_device_status before, after;
	unsigned int nth, failed = 0;
	struct world w = { 0 };
	char second[64];
	int gpu = dev_open();

	if (!failnth_open())
		SKIP(return, "the kernel has no fail-nth");
	ASSERT_EQ(0, paths(w.path, second));
	w.other = open(second, O_RDWR | O_CLOEXEC);
	ASSERT_GE(w.other, 0);
	ASSERT_EQ(0, status(gpu, &before));
	for (unsigned int i = 0; i < NSTEPS; i++) {
		for (nth = 1; nth < 400 && life(_metadata, &w, i, nth); nth++)
			failed++;
		TH_LOG("%s: %u allocations", steps[i].name, nth - 1);
		/* A fence lets go of its queue a moment later. */
		for (int k = 0; k < 100 && !status(gpu, &after) && after.vram_used != before.vram_used; k++)
			usleep(10000);
		EXPECT_EQ(before.vram_used, after.vram_used);
		EXPECT_EQ(before.contexts, after.contexts);
		EXPECT_EQ(before.queues, after.queues);
	}
	EXPECT_GT(failed, 30);
	close(w.other);
	close(gpu);
}

TEST_HARNESS_MAIN
