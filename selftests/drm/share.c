// SPDX-License-Identifier: MIT
/* Memory that is shared: with contexts of the device, with other processes, with other drivers. */
#include "node_fixture.h"

/* A buffer of a context becomes a GEM object: the same memory. */
TEST_F(node, buffer_to_gem)
{
	uint64_t va, size, used;
	struct vgpu_share s;
	uint32_t bo, handle;
	char *p, word[6];

	ASSERT_EQ(0, bo_mapped(self->gpu, self->ctx, 2 * MIB + 64 * KIB, &bo, &va));
	ASSERT_EQ(0, share(self->gpu, bo, VGPU_SHARE_FD, &s));
	used = vram_used(self->gpu);
	ASSERT_EQ(0, gem_import(self->fd, s.fd, &handle, &size));
	close(s.fd);
	EXPECT_EQ(used, vram_used(self->gpu));
	EXPECT_EQ(2 * MIB + 64 * KIB, size);
	p = gem_mmap(self->fd, handle, size);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, to_gpu(self->gpu, self->ctx, va + 2 * MIB + 100, "hello", 6));
	EXPECT_STREQ("hello", p + 2 * MIB + 100);
	strcpy(p + 5000, "world");
	ASSERT_EQ(0, from_gpu(self->gpu, self->ctx, va + 5000, word, 6));
	EXPECT_STREQ("world", word);
	/* It outlives the buffer and its context. */
	ASSERT_EQ(0, destroy(self->gpu, self->ctx));
	EXPECT_STREQ("world", p + 5000);
	munmap(p, size);
	EXPECT_EQ(0, gem_close(self->fd, handle));
}

TEST_F(node, gem_to_buffer)
{
	uint32_t handle, bo;
	struct vgpu_share s = { .flags = VGPU_SHARE_FD };
	uint64_t va = 0, size;
	struct queue q;
	uint32_t *p;

	ASSERT_EQ(0, gem_create(self->fd, 4 * MIB, &handle));
	p = gem_mmap(self->fd, handle, 4 * MIB);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, gem_export(self->fd, handle, &s.fd));
	ASSERT_EQ(0, gem_close(self->fd, handle));
	ASSERT_EQ(0, open_shared(self->gpu, self->ctx, &s, &bo));
	ASSERT_EQ(0, gem_import(self->fd, s.fd, &handle, &size));
	EXPECT_EQ(4 * MIB, size);
	close(s.fd);
	ASSERT_EQ(0, va_map(self->gpu, bo, 0, 0, 0, &va));
	ASSERT_EQ(0, queue_create(self->gpu, self->ctx, 64, &q));
	struct vgpu_pkt_fill f = pkt_fill(va, 0x12345678, 4, MIB);

	ASSERT_NE(0, submit(&q, &f));
	ASSERT_EQ(0, queue_sync(&q));
	for (size_t i = 0; i < MIB; i += 1024)
		ASSERT_EQ(0x12345678, p[i]);
	EXPECT_EQ(0x12345678, p[MIB - 1]);
	munmap(p, 4 * MIB);
}

/* Part of a buffer, and no more of it. */
TEST_F(node, part_of_a_buffer)
{
	struct drm_vgpu_gem_import i = { 0 };
	uint32_t bo, again;
	struct vgpu_share s;
	uint64_t va;
	int buf, fd;
	char *p;

	ASSERT_EQ(0, bo_mapped(self->gpu, self->ctx, 4 * MIB, &bo, &va));
	ASSERT_EQ(0, share(self->gpu, bo, VGPU_SHARE_FD, &s));
	i = (struct drm_vgpu_gem_import){ .fd = s.fd, .offset = 2 * MIB - 8192, .size = 16384 };
	ASSERT_EQ(0, xioctl(self->fd, DRM_IOCTL_VGPU_GEM_IMPORT, &i));
	ASSERT_EQ(0, to_gpu(self->gpu, self->ctx, va + 2 * MIB + 50, "second half", 12));
	p = gem_mmap(self->fd, i.handle, 16384);
	ASSERT_NE(MAP_FAILED, p);
	EXPECT_STREQ("second half", p + 8192 + 50);
	munmap(p, 16384);
	EXPECT_EQ(MAP_FAILED, gem_mmap(self->fd, i.handle, 20480));
	ASSERT_EQ(0, prime_export(self->fd, i.handle, &buf));
	EXPECT_EQ(16384, lseek(buf, 0, SEEK_END));
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, buf, 8192);
	ASSERT_NE(MAP_FAILED, p);
	EXPECT_STREQ("second half", p + 50);
	munmap(p, 4096);
	ASSERT_EQ(0, prime_import(self->fd, buf, &again));
	EXPECT_EQ(-EOPNOTSUPP, gem_export(self->fd, again, &fd));
	close(buf);
	i = (struct drm_vgpu_gem_import){ .fd = s.fd, .offset = 4096 };
	ASSERT_EQ(0, xioctl(self->fd, DRM_IOCTL_VGPU_GEM_IMPORT, &i));
	EXPECT_EQ(4 * MIB - 4096, i.size);
	static const struct { uint64_t offset, size; } bad[] = {
		{ 4 * MIB, 0 }, { 4 * MIB, 4096 }, { 0, 4 * MIB + 4096 }, { 4096, 4 * MIB }, { 1, 4096 },
		{ 0, 1 }, { ~0xfffull, 8192 }, { 4096, ~0xfffull }, { ~0ull, ~0ull },
	};
	for (size_t k = 0; k < sizeof(bad) / sizeof(*bad); k++) {
		i = (struct drm_vgpu_gem_import){ .fd = s.fd, .offset = bad[k].offset, .size = bad[k].size };
		EXPECT_EQ(-EINVAL, xioctl(self->fd, DRM_IOCTL_VGPU_GEM_IMPORT, &i));
	}
	close(s.fd);
}

TEST_F(node, bad_import_and_export)
{
	struct drm_vgpu_gem_import i = { .fd = -1, .flags = 1 };
	struct drm_vgpu_gem_export e = { .flags = 1 };
	int null = open("/dev/null", O_RDWR), fd, buf;
	uint32_t handle;
	uint64_t size;

	EXPECT_EQ(-EINVAL, xioctl(self->fd, DRM_IOCTL_VGPU_GEM_IMPORT, &i));
	i = (struct drm_vgpu_gem_import){ .fd = -1, .pad = 1 };
	EXPECT_EQ(-EINVAL, xioctl(self->fd, DRM_IOCTL_VGPU_GEM_IMPORT, &i));
	EXPECT_EQ(-EBADF, gem_import(self->fd, -1, &handle, &size));
	EXPECT_EQ(-EBADF, gem_import(self->fd, 1 << 20, &handle, &size));
	EXPECT_EQ(-EINVAL, gem_import(self->fd, null, &handle, &size));
	EXPECT_EQ(-EINVAL, gem_import(self->fd, self->fd, &handle, &size));
	EXPECT_EQ(-EINVAL, gem_import(self->fd, self->gpu, &handle, &size));
	ASSERT_EQ(0, gem_create(self->fd, 4096, &handle));
	ASSERT_EQ(0, prime_export(self->fd, handle, &buf));
	EXPECT_EQ(-EINVAL, gem_import(self->fd, buf, &handle, &size));
	EXPECT_EQ(-ENOENT, gem_export(self->fd, 77, &fd));
	EXPECT_EQ(-EINVAL, xioctl(self->fd, DRM_IOCTL_VGPU_GEM_EXPORT, &e));
	e = (struct drm_vgpu_gem_export){ .pad = 1 };
	EXPECT_EQ(-EINVAL, xioctl(self->fd, DRM_IOCTL_VGPU_GEM_EXPORT, &e));
	EXPECT_EQ(-EINVAL, prime_import(self->fd, null, &handle));
	EXPECT_EQ(-ENOENT, prime_export(self->fd, 77, &fd));
	close(buf);
	close(null);
}

/* What an import takes of the kernel's memory counts for the user, who may have so much of it. */
TEST_F_TIMEOUT(node, imports_are_bounded, 100)
{
	uint32_t first, handle;
	uint64_t size;
	int fd, rc = 0;
	long n = 0;

	if (!has_time())
		SKIP(return, "ten thousands of imports take minutes here");
	ASSERT_EQ(0, gem_create(self->fd, 4096, &first));
	ASSERT_EQ(0, gem_export(self->fd, first, &fd));
	while (!rc && n < 1000000) {
		rc = gem_import(self->fd, fd, &handle, &size);
		n++;
	}
	EXPECT_EQ(-EDQUOT, rc);
	EXPECT_LT(10000, n);
	close(self->fd);
	self->fd = node_open();
	EXPECT_EQ(0, gem_import(self->fd, fd, &handle, &size));
	close(fd);
}

/* An object as another device's node has it, by PRIME: its handle there, 0 where that fails. */
static uint32_t shown_to(int other, int fd, uint32_t handle)
{
	uint32_t there = 0;
	int buf;

	if (prime_export(fd, handle, &buf))
		return 0;
	if (prime_import(other, buf, &there))
		there = 0;
	close(buf);
	return there;
}

/* The tables by which the kernel sees another driver's memory count, too: it can be the same memory again and again. */
TEST_F_TIMEOUT(node, views_are_bounded, 100)
{
	const uint32_t few = 100, many = 1000;	/* KiB; the view takes 384 */
	int fd, view, other = node_open_of(1, DRM_NODE_RENDER);
	uint32_t first, large, there, last = 0, handle;
	uint64_t size;

	if (!has_time())
		SKIP(return, "ten thousands of imports take minutes here");
	ASSERT_GE(other, 0);
	ASSERT_EQ(0, gem_create(self->fd, 192 * MIB, &large));
	there = shown_to(other, self->fd, large);
	ASSERT_NE(0, there);
	ASSERT_EQ(0, gem_create(self->fd, 4096, &first));
	ASSERT_EQ(0, gem_export(self->fd, first, &fd));
	while (!gem_import(self->fd, fd, &handle, &size))
		last = handle;
	ASSERT_LT(10000, last);
	for (uint32_t i = 0; i < few; i++)
		ASSERT_EQ(0, gem_close(self->fd, last - i));
	EXPECT_EQ(-EDQUOT, gem_export(other, there, &view));
	for (uint32_t i = few; i < many; i++)
		ASSERT_EQ(0, gem_close(self->fd, last - i));
	EXPECT_EQ(0, gem_export(other, there, &view));
	close(view);
	close(other);
	close(fd);
}

TEST_F(node, prime_in_one_process)
{
	uint32_t handle, again;
	int other = node_open(), buf;
	char *p, *q;

	ASSERT_EQ(0, gem_create(self->fd, 2 * MIB, &handle));
	ASSERT_EQ(0, prime_export(self->fd, handle, &buf));
	ASSERT_EQ(0, prime_import(self->fd, buf, &again));
	EXPECT_EQ(handle, again);
	EXPECT_EQ(2 * MIB, lseek(buf, 0, SEEK_END));
	p = gem_mmap(self->fd, handle, 2 * MIB);
	q = mmap(NULL, 2 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED, buf, 0);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_NE(MAP_FAILED, q);
	strcpy(p + MIB, "through the node");
	EXPECT_STREQ("through the node", q + MIB);
	munmap(q, 2 * MIB);
	/* Part of it, not at its beginning. */
	q = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, buf, MIB);
	ASSERT_NE(MAP_FAILED, q);
	EXPECT_STREQ("through the node", q);
	munmap(q, 4096);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 2 * MIB, PROT_READ, MAP_SHARED, buf, 4096));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, buf, 0));
	ASSERT_EQ(0, prime_import(other, buf, &again));
	close(buf);
	close(self->fd);
	self->fd = other;
	q = gem_mmap(other, again, 2 * MIB);
	ASSERT_NE(MAP_FAILED, q);
	EXPECT_STREQ("through the node", q + MIB);
	munmap(p, 2 * MIB);
	munmap(q, 2 * MIB);
}

/* The other process: what it finds in the buffer, and what it leaves there. */
static int partner(int sock)
{
	int fd = node_open(), buf = receive_fd(sock);
	uint32_t handle;
	char *p;

	if (fd < 0 || buf < 0 || prime_import(fd, buf, &handle))
		return 1;
	close(buf);
	p = gem_mmap(fd, handle, 64 * KIB);
	if (p == MAP_FAILED || strcmp(p + 40000, "to the child"))
		return 2;
	strcpy(p, "to the parent");
	return 0;
}

TEST_F(node, two_processes_share)
{
	int sock[2], buf, st;
	uint32_t handle;
	pid_t pid;
	char *p;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid)
		_exit(partner(sock[1]));
	ASSERT_EQ(0, gem_create(self->fd, 64 * KIB, &handle));
	p = gem_mmap(self->fd, handle, 64 * KIB);
	ASSERT_NE(MAP_FAILED, p);
	strcpy(p + 40000, "to the child");
	ASSERT_EQ(0, prime_export(self->fd, handle, &buf));
	ASSERT_EQ(0, send_fd(sock[0], buf));
	close(buf);
	ASSERT_EQ(pid, waitpid(pid, &st, 0));
	EXPECT_EQ(0, st);
	EXPECT_STREQ("to the parent", p);
}

static int vgem_open(void)
{
	for (int i = 0; i < 16; i++) {
		char path[32];
		drmVersionPtr v;
		int fd, is;

		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		v = drmGetVersion(fd);
		is = v && !strcmp(v->name, "vgem");
		drmFreeVersion(v);
		if (is)
			return fd;
		close(fd);
	}
	return -1;
}

static void *dumb_mmap(int fd, uint32_t handle, uint64_t size)
{
	struct drm_mode_map_dumb m = { .handle = handle };

	if (drmIoctl(fd, DRM_IOCTL_MODE_MAP_DUMB, &m))
		return MAP_FAILED;
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, m.offset);
}

TEST_F(node, vgem_imports_ours)
{
	int vgem = vgem_open(), buf;
	uint32_t handle, theirs;
	char *p, *q;

	if (vgem < 0)
		SKIP(return, "there is no vgem");
	ASSERT_EQ(0, gem_create(self->fd, 3 * MIB, &handle));
	p = gem_mmap(self->fd, handle, 3 * MIB);
	ASSERT_NE(MAP_FAILED, p);
	strcpy(p + 2 * MIB + 4096, "from vgpu");
	ASSERT_EQ(0, prime_export(self->fd, handle, &buf));
	ASSERT_EQ(0, prime_import(vgem, buf, &theirs));
	close(buf);
	ASSERT_EQ(0, gem_close(self->fd, handle));
	/* A dumb buffer that was imported has no mapping of its own: out of vgem again. */
	ASSERT_EQ(0, prime_export(vgem, theirs, &buf));
	q = mmap(NULL, 3 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED, buf, 0);
	close(buf);
	ASSERT_NE(MAP_FAILED, q);
	EXPECT_STREQ("from vgpu", q + 2 * MIB + 4096);
	strcpy(q + 12288, "from vgem");
	EXPECT_STREQ("from vgem", p + 12288);
	munmap(p, 3 * MIB);
	munmap(q, 3 * MIB);
	close(vgem);
}

/* A fill by the GPU over the border of two pieces shows in the other device's mapping. */
static int fill_shows(int gpu, uint32_t ctx, uint64_t va, const uint32_t *p)
{
	struct vgpu_pkt_fill f = pkt_fill(va + 2 * MIB - 4096, 0xabcdef01, 4, 2048);
	struct queue queue;
	int rc = queue_create(gpu, ctx, 64, &queue);

	if (rc || !submit(&queue, &f))
		return rc ?: -EIO;
	rc = queue_sync(&queue);
	if (rc)
		return rc;
	return p[(2 * MIB - 4096) / 4] == 0xabcdef01 && p[(2 * MIB + 4092) / 4] == 0xabcdef01 &&
		!p[(2 * MIB + 4096) / 4];
}

TEST_F(node, ours_imports_vgem)
{
	struct drm_mode_create_dumb c = { .width = 1024, .height = 1024, .bpp = 32 };
	struct vgpu_share s = { .flags = VGPU_SHARE_FD };
	uint64_t va = 0, used = vram_used(self->gpu), size;
	int vgem = vgem_open(), buf;
	uint32_t handle, bo, x;
	uint32_t *p, *q;

	if (vgem < 0)
		SKIP(return, "there is no vgem");
	ASSERT_EQ(0, drmIoctl(vgem, DRM_IOCTL_MODE_CREATE_DUMB, &c));
	ASSERT_EQ(4 * MIB, c.size);
	p = dumb_mmap(vgem, c.handle, 4 * MIB);
	ASSERT_NE(MAP_FAILED, p);
	p[5000] = 42;
	ASSERT_EQ(0, prime_export(vgem, c.handle, &buf));
	ASSERT_EQ(0, prime_import(self->fd, buf, &handle));
	close(buf);
	EXPECT_EQ(used, vram_used(self->gpu));
	/* By the CPU, */
	q = gem_mmap(self->fd, handle, 4 * MIB);
	ASSERT_NE(MAP_FAILED, q);
	EXPECT_EQ(42, q[5000]);
	q[6000] = 43;
	EXPECT_EQ(43, p[6000]);
	EXPECT_EQ(MAP_FAILED, mremap(q, 4 * MIB, 8 * MIB, MREMAP_MAYMOVE));
	munmap(q, 4 * MIB);
	ASSERT_EQ(0, gem_offset(self->fd, handle, &size));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->fd, size + 20480));
	/* and by the GPU. */
	ASSERT_EQ(0, gem_export(self->fd, handle, &s.fd));
	EXPECT_EQ(-EOPNOTSUPP, gem_import(self->fd, s.fd, &x, &size));
	ASSERT_EQ(0, open_shared(self->gpu, self->ctx, &s, &bo));
	close(s.fd);
	EXPECT_EQ(0, gem_close(self->fd, handle));
	EXPECT_EQ(MAP_FAILED, bo_mmap(self->gpu, bo, 4 * MIB, PROT_READ));
	EXPECT_EQ(EOPNOTSUPP, errno);
	ASSERT_EQ(0, va_map(self->gpu, bo, 0, 0, 0, &va));
	ASSERT_EQ(0, from_gpu(self->gpu, self->ctx, va + 4 * 6000, &x, 4));
	EXPECT_EQ(43, x);
	EXPECT_EQ(1, fill_shows(self->gpu, self->ctx, va, p));
	EXPECT_EQ(used, vram_used(self->gpu));
	munmap(p, 4 * MIB);
	close(vgem);
}

TEST_HARNESS_MAIN
