// SPDX-License-Identifier: MIT
/* Queue fences in syncobjs and sync_files, and what fdinfo says of a client. */
#include <linux/sync_file.h>
#include <sys/eventfd.h>

#include "node.h"
#include "../lib/harness.h"

/* A queue that waits for a fence of the host's: what comes behind it completes when we say so. */
FIXTURE(fence) {
	int fd;
	int gpu;
	uint32_t ctx;
	uint32_t gate;
	struct queue q;
	uint64_t packet;
	uint32_t syncobj;
};

FIXTURE_SETUP(fence)
{
	struct vgpu_pkt_fence wait;
	struct vgpu_pkt_header nop[VGPU_SLOT_BYTES / sizeof(struct vgpu_pkt_header)] = {
		{ .type = VGPU_PKT_NOP, .slots = 1 },
	};

	self->fd = node_open();
	ASSERT_GE(self->fd, 0);
	self->gpu = dev_open();
	ASSERT_GE(self->gpu, 0);
	ASSERT_EQ(0, ctx_create(self->gpu, &self->ctx));
	ASSERT_EQ(0, fence_create(self->gpu, self->ctx, 0, &self->gate));
	ASSERT_EQ(0, queue_create(self->gpu, self->ctx, 64, &self->q));
	wait = pkt_fence(VGPU_PKT_WAIT, self->gate, 1);
	ASSERT_NE(0, submit(&self->q, &wait));
	self->packet = submit(&self->q, nop);
	ASSERT_EQ(2, self->packet);
	ASSERT_EQ(0, drmSyncobjCreate(self->fd, 0, &self->syncobj));
}

FIXTURE_TEARDOWN(fence)
{
	close(self->gpu);
	close(self->fd);
}

static int put(FIXTURE_DATA(fence) *self, uint64_t value, uint64_t point)
{
	return put_fence(self->fd, self->gpu, self->q.handle, value, self->syncobj, point);
}

static int ready(int sync_file, int ms)
{
	struct pollfd p = { .fd = sync_file, .events = POLLIN };

	return poll(&p, 1, ms) == 1 && p.revents & POLLIN;
}

/* 1 signalled, 0 not yet, or the error it signalled with */
static int state(int sync_file, struct sync_fence_info *fence)
{
	struct sync_file_info i = { .num_fences = 1, .sync_fence_info = (uintptr_t)fence };

	memset(fence, 0, sizeof(*fence));
	return ioctl(sync_file, SYNC_IOC_FILE_INFO, &i) ? -errno : i.status;
}

TEST_F(fence, sync_file)
{
	struct sync_fence_info info;
	int file;

	ASSERT_EQ(0, put(self, self->packet, 0));
	ASSERT_EQ(0, drmSyncobjExportSyncFile(self->fd, self->syncobj, &file));
	EXPECT_FALSE(ready(file, 100));
	EXPECT_EQ(0, state(file, &info));
	EXPECT_STREQ("vgpu", info.driver_name);
	EXPECT_STREQ("queue", info.obj_name);
	ASSERT_EQ(0, fence_signal(self->gpu, self->gate, 1));
	EXPECT_TRUE(ready(file, 10000));
	EXPECT_EQ(1, state(file, &info));
	EXPECT_EQ(1, info.status);
	close(file);
}

TEST_F(fence, syncobj)
{
	int64_t at_once = 0, soon = now_ns() + 10 * SECOND;

	ASSERT_EQ(0, put(self, self->packet, 0));
	EXPECT_NE(0, drmSyncobjWait(self->fd, &self->syncobj, 1, at_once, 0, NULL));
	EXPECT_EQ(ETIME, errno);
	ASSERT_EQ(0, fence_signal(self->gpu, self->gate, 1));
	EXPECT_EQ(0, drmSyncobjWait(self->fd, &self->syncobj, 1, soon, 0, NULL));
	/* What has completed long ago: signalled at once. */
	ASSERT_EQ(0, drmSyncobjReset(self->fd, &self->syncobj, 1));
	ASSERT_EQ(0, put(self, 1, 0));
	EXPECT_EQ(0, drmSyncobjWait(self->fd, &self->syncobj, 1, at_once, 0, NULL));
}

TEST_F(fence, timeline)
{
	int64_t soon = now_ns() + 10 * SECOND;
	uint64_t point = 5, seen = 99;

	ASSERT_EQ(0, put(self, 1, 3));
	ASSERT_EQ(0, put(self, self->packet, 5));
	EXPECT_EQ(0, drmSyncobjQuery(self->fd, &self->syncobj, &seen, 1));
	EXPECT_EQ(0, seen);
	EXPECT_NE(0, drmSyncobjTimelineWait(self->fd, &self->syncobj, &point, 1, 0, 0, NULL));
	ASSERT_EQ(0, fence_signal(self->gpu, self->gate, 1));
	EXPECT_EQ(0, drmSyncobjTimelineWait(self->fd, &self->syncobj, &point, 1, soon, 0, NULL));
	EXPECT_EQ(0, drmSyncobjQuery(self->fd, &self->syncobj, &seen, 1));
	EXPECT_EQ(5, seen);
}

/* Who waits is told when the work will never be done. */
TEST_F(fence, the_context_ends)
{
	struct sync_fence_info info;
	int file;

	ASSERT_EQ(0, put(self, self->packet, 0));
	ASSERT_EQ(0, drmSyncobjExportSyncFile(self->fd, self->syncobj, &file));
	ASSERT_EQ(0, destroy(self->gpu, self->ctx));
	EXPECT_TRUE(ready(file, 10000));
	EXPECT_EQ(-EIO, state(file, &info));
	close(file);
}

TEST_F(fence, the_owner_is_killed)
{
	struct sync_fence_info info;
	int sock[2], file, st;
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		int fd = node_open(), gpu = dev_open();
		uint32_t ctx, obj;
		struct queue q;

		if (ctx_create(gpu, &ctx) || queue_create(gpu, ctx, 64, &q) || drmSyncobjCreate(fd, 0, &obj) ||
		    put_fence(fd, gpu, q.handle, 1000, obj, 0) || drmSyncobjExportSyncFile(fd, obj, &file))
			_exit(1);
		send_fd(sock[1], file);
		pause();
	}
	file = receive_fd(sock[0]);
	ASSERT_GE(file, 0);
	EXPECT_EQ(0, state(file, &info));
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, &st, 0));
	EXPECT_TRUE(ready(file, 10000));
	EXPECT_EQ(-EIO, state(file, &info));
	close(file);
}

/* Whatever user space does, a dma_fence signals in finite time. */
TEST_F(fence, times_out)
{
	struct sync_fence_info info;
	unsigned int ms = 0;
	FILE *f = fopen("/sys/module/vgpu_drm/parameters/fence_timeout_ms", "r");
	int file;

	ASSERT_NE(NULL, f);
	ASSERT_EQ(1, fscanf(f, "%u", &ms));
	fclose(f);
	if (ms > 10000)
		SKIP(return, "it would take too long: fence_timeout_ms");
	ASSERT_EQ(0, put(self, self->packet, 0));
	ASSERT_EQ(0, drmSyncobjExportSyncFile(self->fd, self->syncobj, &file));
	EXPECT_FALSE(ready(file, ms / 2));
	EXPECT_TRUE(ready(file, ms * 4));
	EXPECT_EQ(-ETIMEDOUT, state(file, &info));
	/* The queue does not care. */
	ASSERT_EQ(0, fence_signal(self->gpu, self->gate, 1));
	EXPECT_EQ(0, queue_sync(&self->q));
	close(file);
}

TEST_F(fence, bad_input)
{
	struct drm_vgpu_fence f = { .fd = self->gpu, .queue = self->q.handle, .value = 1,
				    .syncobj = self->syncobj, .flags = 1 };
	uint32_t bo;

	EXPECT_EQ(-EINVAL, xioctl(self->fd, DRM_IOCTL_VGPU_FENCE, &f));
	EXPECT_EQ(-EINVAL, put(self, 0, 0));
	EXPECT_EQ(-ENOENT, put_fence(self->fd, self->gpu, self->q.handle, 1, 999, 0));
	EXPECT_EQ(-ENOENT, put_fence(self->fd, self->gpu, 999, 1, self->syncobj, 1));
	EXPECT_EQ(-EINVAL, put_fence(self->fd, self->gpu, self->gate, 1, self->syncobj, 0));
	ASSERT_EQ(0, bo_create(self->gpu, self->ctx, 4096, &bo));
	EXPECT_EQ(-EINVAL, put_fence(self->fd, self->gpu, bo, 1, self->syncobj, 0));
	EXPECT_EQ(-EBADF, put_fence(self->fd, -1, self->q.handle, 1, self->syncobj, 0));
	EXPECT_EQ(-EINVAL, put_fence(self->fd, self->fd, self->q.handle, 1, self->syncobj, 0));
	EXPECT_EQ(-EINVAL, put_fence(self->fd, 0, self->q.handle, 1, self->syncobj, 0));
	/* A queue is its process's. */
	pid_t pid = fork();
	int st = -1;

	if (!pid)
		_exit(put(self, 1, 0) == -EPERM ? 0 : 1);
	waitpid(pid, &st, 0);
	EXPECT_EQ(0, st);
}

/* How many wait for a queue is bounded, and all are let go with it. */
TEST_F_TIMEOUT(fence, many, 200)
{
	int rc = 0, n;

	/* DRM walks all points of a timeline at each new one: a few of them will do. */
	for (n = 0; n < 10000 && !rc; n++)
		rc = put(self, 1ull << 40, n < 200 ? 1 + n : 0);
	EXPECT_EQ(-EDQUOT, rc);
	EXPECT_GT(n, 1000);
	ASSERT_EQ(0, destroy(self->gpu, self->ctx));
	EXPECT_EQ(-ENOENT, put(self, 1, 0));
}

/* ---- fdinfo */

static void text_of(int fd, char *text, size_t size)
{
	char path[64];
	int f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = open(path, O_RDONLY);
	memset(text, 0, size);
	if (f < 0 || read(f, text, size - 1) < 0)
		*text = 0;
	close(f);
}

TEST_F(fence, fdinfo_of_a_client)
{
	struct vgpu_device_info info = { .size = sizeof(info) };
	char text[2048], pdev[64];
	int other = node_open();
	uint32_t handle;

	ASSERT_EQ(0, xioctl(self->gpu, VGPU_IOCTL_DEVICE_INFO, &info));
	text_of(self->fd, text, sizeof(text));
	snprintf(pdev, sizeof(pdev), "drm-pdev:\t%04x:%02x:%02x.%x\n", info.pci_domain, info.pci_bus,
		 info.pci_device, info.pci_function);
	EXPECT_NE(NULL, strstr(text, "drm-driver:\tvgpu\n"));
	EXPECT_NE(NULL, strstr(text, pdev));
	EXPECT_NE(~0ull, fdinfo(self->fd, "drm-client-id"));
	EXPECT_NE(fdinfo(other, "drm-client-id"), fdinfo(self->fd, "drm-client-id"));
	EXPECT_EQ(info.workers, fdinfo(self->fd, "drm-engine-capacity-compute"));
	EXPECT_EQ(0, fdinfo(self->fd, "drm-total-vram"));
	ASSERT_EQ(0, gem_create(self->fd, 3 * MIB, &handle));
	EXPECT_EQ(3072, fdinfo(self->fd, "drm-total-vram"));
	EXPECT_EQ(3072, fdinfo(self->fd, "drm-memory-vram"));
	EXPECT_EQ(3072, fdinfo(self->fd, "drm-resident-vram"));
	EXPECT_EQ(0, fdinfo(self->fd, "drm-shared-vram"));
	EXPECT_EQ(0, fdinfo(other, "drm-total-vram"));
	close(other);
}

TEST_F(fence, fdinfo_of_shared_memory)
{
	int other = node_open(), buf;
	uint32_t handle, again;

	ASSERT_EQ(0, gem_create(self->fd, MIB, &handle));
	ASSERT_EQ(0, prime_export(self->fd, handle, &buf));
	ASSERT_EQ(0, prime_import(other, buf, &again));
	close(buf);
	EXPECT_EQ(1024, fdinfo(self->fd, "drm-shared-vram"));
	EXPECT_EQ(1024, fdinfo(other, "drm-total-vram"));
	EXPECT_EQ(1024, fdinfo(other, "drm-shared-vram"));
	close(other);
}

TEST_F(fence, fdinfo_of_work)
{
	uint64_t va, busy, more;
	int other = node_open();
	struct vgpu_pkt_fill f;
	uint32_t bo;

	EXPECT_EQ(0, fdinfo(self->fd, "vgpu-contexts"));
	ASSERT_EQ(0, attach(self->fd, self->gpu));
	ASSERT_EQ(0, attach(self->fd, self->gpu));
	EXPECT_EQ(-EBUSY, attach(other, self->gpu));
	EXPECT_EQ(-EBADF, attach(other, -1));
	EXPECT_EQ(-EINVAL, attach(other, other));
	EXPECT_EQ(1, fdinfo(self->fd, "vgpu-contexts"));
	EXPECT_EQ(0, fdinfo(other, "vgpu-contexts"));
	ASSERT_EQ(0, bo_mapped(self->gpu, self->ctx, 8 * MIB, &bo, &va));
	EXPECT_EQ(8192, fdinfo(self->fd, "drm-total-vram"));
	f = pkt_fill(va, 1, 1, 8 * MIB);
	ASSERT_NE(0, submit(&self->q, &f));
	ASSERT_EQ(0, fence_signal(self->gpu, self->gate, 1));
	ASSERT_EQ(0, queue_sync(&self->q));
	busy = fdinfo(self->fd, "drm-engine-compute");
	EXPECT_GT(busy, 10000);
	EXPECT_LT(busy, 60 * SECOND);
	EXPECT_EQ(0, fdinfo(other, "drm-engine-compute"));
	/* What ended contexts did is not forgotten, what they held is. */
	ASSERT_EQ(0, destroy(self->gpu, self->ctx));
	more = fdinfo(self->fd, "drm-engine-compute");
	EXPECT_GE(more, busy);
	EXPECT_EQ(0, fdinfo(self->fd, "drm-total-vram"));
	close(self->gpu);
	self->gpu = -1;
	EXPECT_EQ(more, fdinfo(self->fd, "drm-engine-compute"));
	close(other);
}

TEST_F(fence, bad_attach)
{
	struct drm_vgpu_attach a = { .fd = self->gpu, .flags = 1 };

	EXPECT_EQ(-EINVAL, xioctl(self->fd, DRM_IOCTL_VGPU_ATTACH, &a));
	EXPECT_EQ(0, fdinfo(self->fd, "vgpu-contexts"));
}

/* ---- a context whose last reference is a fence's */

#define NEVENTFDS	800
#define NFENCES		400

/* Many fences of a queue, and many eventfds that are due when all of it ends. */
static void end_with_much_due(struct __test_metadata *_metadata, FIXTURE_DATA(fence) *self, const int *efd)
{
	struct vgpu_eventfd e = { .size = sizeof(e), .value = 5 };
	int gpu = dev_open();
	uint32_t ctx, gate;
	struct queue q;

	ASSERT_EQ(0, ctx_create(gpu, &ctx));
	ASSERT_EQ(0, fence_create(gpu, ctx, 0, &gate));
	ASSERT_EQ(0, queue_create(gpu, ctx, 64, &q));
	e.handle = gate;
	for (int i = 0; i < NEVENTFDS; i++) {
		e.fd = efd[i];
		ASSERT_EQ(0, xioctl(gpu, VGPU_IOCTL_EVENTFD, &e));
	}
	for (int i = 0; i < NFENCES; i++)
		ASSERT_EQ(0, put_fence(self->fd, gpu, q.handle, 1, self->syncobj, 0));
	munmap(q.user, q.user_length);
	munmap((void *)q.kernel, 4096);
	close(gpu);
}

/* What it waits for then is not done by a work queue on which it must not wait: the kernel would say so. */
TEST_F_TIMEOUT(fence, keeps_a_context_with_much_due, 120)
{
	int efd[NEVENTFDS];

	for (int i = 0; i < NEVENTFDS; i++) {
		efd[i] = eventfd(0, 0);
		ASSERT_GE(efd[i], 0);
	}
	for (int i = 0; i < (has_time() ? 60 : 6); i++)
		end_with_much_due(_metadata, self, efd);
	for (int i = 0; i < NEVENTFDS; i++)
		close(efd[i]);
}

TEST_HARNESS_MAIN
