// SPDX-License-Identifier: MIT
/* Processes that are killed while they hold memory and fences of others: all of it is free within a second. */
#include <pthread.h>
#include <signal.h>

#include "node_fixture.h"

#define OBJECTS	32		/* of each kind */
#define BYTES	(256 * KIB)

/* How often a module is held; those who hold it for a moment let go a grace period later. */
static long held(const char *module)
{
	char path[64];
	long n = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", module);
	f = fopen(path, "r");
	if (f && fscanf(f, "%ld", &n) != 1)
		n = -1;
	if (f)
		fclose(f);
	return n;
}

/* Whether no more is in use than before, and nobody holds the modules who did not; within a second. */
static bool all_let_go(int gpu, const struct vgpu_device_status *before, long node, long device)
{
	uint64_t end = now_ns() + SECOND;

	if (!all_freed(gpu, before))
		return false;
	while (held("vgpu_drm") > node || held("vgpu") > device) {
		if (now_ns() > end) {
			printf("# held: vgpu_drm %ld times, not %ld; vgpu %ld, not %ld\n", held("vgpu_drm"),
			       node, held("vgpu"), device);
			return false;
		}
		usleep(10000);
	}
	return true;
}

/* Memory of one open of the node in another, some of it mapped, some of it kept by its descriptor alone. */
static int import_prime(int from, int to)
{
	for (int i = 0; i < OBJECTS; i++) {
		uint32_t handle, imported;
		char *p;
		int buf;

		if (gem_create(from, BYTES, &handle) || prime_export(from, handle, &buf) ||
		    prime_import(to, buf, &imported))
			return -1;
		if (i % 2) {
			close(buf);
			p = gem_mmap(to, imported, BYTES);
		} else {
			p = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, buf, 0);
		}
		if (p == MAP_FAILED || (i % 4 && gem_close(from, handle)))
			return -1;
		p[4096] = i;
	}
	return 0;
}

/* Buffers of a context as GEM objects, and GEM objects as buffers of it. */
static int import_buffers(int fd, int gpu, uint32_t ctx)
{
	struct vgpu_share s;
	uint64_t va, size;
	uint32_t bo, handle;

	for (int i = 0; i < OBJECTS; i++) {
		if (bo_mapped(gpu, ctx, BYTES, &bo, &va) || share(gpu, bo, VGPU_SHARE_FD, &s) ||
		    gem_import(fd, s.fd, &handle, &size))
			return -1;
		close(s.fd);
		s = (struct vgpu_share){ .flags = VGPU_SHARE_FD };
		va = 0;
		if (gem_create(fd, BYTES, &handle) || gem_export(fd, handle, &s.fd) ||
		    open_shared(gpu, ctx, &s, &bo) || va_map(gpu, bo, 0, 0, 0, &va))
			return -1;
	}
	return 0;
}

struct pending {
	int fd;
	uint32_t syncobj;
};

/* Somebody waits for what will not happen. */
static void *sleeper(void *arg)
{
	struct pending *p = arg;

	drmSyncobjWait(p->fd, &p->syncobj, 1, INT64_MAX, 0, NULL);
	return NULL;
}

/* Syncobjs with fences of a packet that will not be: plain ones, timelines, exported both ways, waited for. */
static int hold_fences(int fd, int gpu, uint32_t ctx)
{
	static struct pending p[OBJECTS];
	pthread_t t;
	struct queue q;
	int file, obj;

	if (queue_create(gpu, ctx, 64, &q))
		return -1;
	for (int i = 0; i < OBJECTS; i++) {
		p[i].fd = fd;
		if (drmSyncobjCreate(fd, 0, &p[i].syncobj) ||
		    put_fence(fd, gpu, q.handle, 1000, p[i].syncobj, i % 2 ? 10 + i : 0) ||
		    drmSyncobjHandleToFD(fd, p[i].syncobj, &obj))
			return -1;
		if (i % 2 == 0 && drmSyncobjExportSyncFile(fd, p[i].syncobj, &file))
			return -1;
		if (i % 8 == 0 && pthread_create(&t, NULL, sleeper, &p[i]))
			return -1;
	}
	return 0;
}

static void hold_all(int say)
{
	int from = node_open(), to = node_open(), gpu = dev_open();
	uint32_t ctx;

	if (from < 0 || to < 0 || ctx_create(gpu, &ctx))
		_exit(1);
	if (import_prime(from, to))
		_exit(2);
	if (import_buffers(to, gpu, ctx))
		_exit(3);
	if (hold_fences(to, gpu, ctx))
		_exit(4);
	(void)!write(say, "x", 1);
	pause();
}

TEST_F_TIMEOUT(node, killed_with_imports_and_syncobjs, 120)
{
	long node = held("vgpu_drm"), device = held("vgpu");
	struct vgpu_device_status before;
	int ready[2], st;
	pid_t pid;
	char c;

	ASSERT_LE(0, node);
	ASSERT_EQ(0, status(self->gpu, &before));
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, pipe(ready));
		pid = fork();
		if (!pid)
			hold_all(ready[1]);
		close(ready[1]);
		ASSERT_EQ(1, read(ready[0], &c, 1));
		close(ready[0]);
		EXPECT_EQ(before.vram_used + 3 * OBJECTS * BYTES, vram_used(self->gpu));
		EXPECT_LT(node + OBJECTS, held("vgpu_drm"));
		EXPECT_LT(device, held("vgpu"));
		kill(pid, SIGKILL);
		ASSERT_EQ(pid, waitpid(pid, &st, 0));
		EXPECT_TRUE(all_let_go(self->gpu, &before, node, device));
	}
}

/* Who made it is killed: whom it was given to has it still, and it is free when that one lets go. */
TEST_F_TIMEOUT(node, maker_is_killed, 60)
{
	struct vgpu_device_status before;
	int sock[2], ready[2], buf;
	uint32_t handle;
	pid_t pid;
	char *p;

	ASSERT_EQ(0, status(self->gpu, &before));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	ASSERT_EQ(0, pipe(ready));
	pid = fork();
	if (!pid) {
		int fd = node_open();

		if (gem_create(fd, MIB, &handle) || prime_export(fd, handle, &buf))
			_exit(1);
		p = gem_mmap(fd, handle, MIB);
		if (p == MAP_FAILED)
			_exit(2);
		strcpy(p + 5000, "from the dead");
		send_fd(sock[1], buf);
		(void)!write(ready[1], "x", 1);
		pause();
	}
	buf = receive_fd(sock[0]);
	ASSERT_GE(buf, 0);
	ASSERT_EQ(0, prime_import(self->fd, buf, &handle));
	close(buf);
	ASSERT_EQ(0, kill_when_ready(pid, ready));
	close(sock[0]);
	close(sock[1]);
	p = gem_mmap(self->fd, handle, MIB);
	ASSERT_NE(MAP_FAILED, p);
	EXPECT_STREQ("from the dead", p + 5000);
	EXPECT_EQ(before.vram_used + MIB, vram_used(self->gpu));
	munmap(p, MIB);
	ASSERT_EQ(0, gem_close(self->fd, handle));
	EXPECT_TRUE(all_freed(self->gpu, &before));
}

/* Wait until a process sleeps, for a while. */
static bool asleep(pid_t pid)
{
	char path[64], line[256], *state;
	bool is = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (int i = 0; i < 1000 && !is; i++) {
		f = fopen(path, "r");
		state = f && fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
		is = state && state[1] && state[2] == 'S';
		if (f)
			fclose(f);
		usleep(10000);
	}
	return is;
}

/* The other way: it is killed while it waits for a fence of somebody else's, who does not notice. */
TEST_F_TIMEOUT(node, waiter_is_killed, 60)
{
	struct vgpu_pkt_fence wait;
	int ready[2], file, st;
	struct queue q;
	uint32_t gate, obj;
	pid_t pid;
	char c;

	ASSERT_EQ(0, fence_create(self->gpu, self->ctx, 0, &gate));
	ASSERT_EQ(0, queue_create(self->gpu, self->ctx, 64, &q));
	wait = pkt_fence(VGPU_PKT_WAIT, gate, 1);
	ASSERT_NE(0, submit(&q, &wait));
	ASSERT_EQ(0, drmSyncobjCreate(self->fd, 0, &obj));
	ASSERT_EQ(0, put_fence(self->fd, self->gpu, q.handle, q.seqno, obj, 0));
	ASSERT_EQ(0, drmSyncobjHandleToFD(self->fd, obj, &file));
	ASSERT_EQ(0, pipe(ready));
	pid = fork();
	if (!pid) {
		struct pending p = { .fd = node_open() };

		if (drmSyncobjFDToHandle(p.fd, file, &p.syncobj))
			_exit(1);
		(void)!write(ready[1], "x", 1);
		sleeper(&p);
		_exit(2);
	}
	close(file);
	close(ready[1]);
	ASSERT_EQ(1, read(ready[0], &c, 1));
	close(ready[0]);
	EXPECT_TRUE(asleep(pid));
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, &st, 0));
	EXPECT_TRUE(WIFSIGNALED(st));
	EXPECT_NE(0, drmSyncobjWait(self->fd, &obj, 1, 0, 0, NULL));
	EXPECT_EQ(ETIME, errno);
	ASSERT_EQ(0, fence_signal(self->gpu, gate, 1));
	EXPECT_EQ(0, drmSyncobjWait(self->fd, &obj, 1, now_ns() + 10 * SECOND, 0, NULL));
}

TEST_HARNESS_MAIN
