// SPDX-License-Identifier: MIT
/* VRAM, GPU addresses, mappings, registered memory, copies by ioctl. */
#include <fcntl.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "../lib/harness.h"

#include "cgroup.h"
#include "dev.h"

FIXTURE(mem)
{
	int fd;
	uint32_t ctx;
	struct vgpu_device_status before;
};

FIXTURE_SETUP(mem)
{
	self->fd = dev_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(0, status(self->fd, &self->before));
	ASSERT_EQ(0, ctx_create(self->fd, &self->ctx));
}

FIXTURE_TEARDOWN(mem)
{
	struct vgpu_device_status after;

	ASSERT_EQ(0, destroy(self->fd, self->ctx));
	ASSERT_EQ(0, status(self->fd, &after));
	EXPECT_EQ(self->before.vram_used, after.vram_used);
	EXPECT_EQ(self->before.pinned_bytes, after.pinned_bytes);
	EXPECT_EQ(self->before.contexts, after.contexts);
	close(self->fd);
}

/* Bytes that tell their place. */
static void pattern(uint32_t *p, size_t n, uint32_t seed)
{
	for (size_t i = 0; i < n / 4; i++)
		p[i] = (uint32_t)(i * 2654435761u) ^ seed;
}

TEST_F(mem, starts_zeroed)
{
	uint32_t bo;
	uint64_t va;
	size_t n = 3 * MIB + 4 * KIB;
	uint8_t *p = malloc(n);

	ASSERT_EQ(0, bo_mapped(self->fd, self->ctx, n, &bo, &va));
	memset(p, 0x5a, n);
	ASSERT_EQ(0, from_gpu(self->fd, self->ctx, va, p, n));
	for (size_t i = 0; i < n; i++)
		ASSERT_EQ(0, p[i]);
	free(p);
}

TEST_F(mem, copy_in_and_out)
{
	static const uint64_t sizes[] = { 1, 100, 4096, 5000, 2 * MIB, 5 * MIB + 12 };
	uint32_t bo, *p, *q;
	uint64_t va;

	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		uint64_t n = sizes[i];

		p = malloc(n + 4);
		q = calloc(1, n + 4);
		pattern(p, n + 4, i);
		ASSERT_EQ(0, bo_mapped(self->fd, self->ctx, n + 13, &bo, &va));
		ASSERT_EQ(0, to_gpu(self->fd, self->ctx, va + 13, p, n));
		ASSERT_EQ(0, from_gpu(self->fd, self->ctx, va + 13, q, n));
		EXPECT_EQ(0, memcmp(p, q, n));
		ASSERT_EQ(0, destroy(self->fd, bo));
		free(p);
		free(q);
	}
}

/* Buffers smaller than 2 MiB are made of blocks of many sizes; a copy may begin and end in any. */
TEST_F(mem, copies_over_blocks)
{
	uint64_t n = 2 * MIB - 4 * KIB;
	uint32_t *p = malloc(n), *q = malloc(n), bo;
	uint64_t va;

	pattern(p, n, 1);
	for (uint64_t size = 12 * KIB; size <= n; size = size * 2 + 4 * KIB) {
		for (uint64_t at = 0; at < size / 2; at += size / 16 * 4 + 4) {
			ASSERT_EQ(0, bo_mapped(self->fd, self->ctx, size, &bo, &va));
			ASSERT_EQ(0, to_gpu(self->fd, self->ctx, va + at, p, size - at));
			ASSERT_EQ(0, from_gpu(self->fd, self->ctx, va + at, q, size - at));
			EXPECT_EQ(0, memcmp(p, q, size - at));
		}
	}
	free(p);
	free(q);
}

TEST_F(mem, copy_2d)
{
	uint8_t host[10 * 16], back[10 * 16] = { 0 };
	uint32_t bo;
	uint64_t va;
	struct vgpu_mem_copy c = {
		.size = sizeof(c), .direction = VGPU_COPY_TO_GPU, .ctx = self->ctx,
		.user_ptr = (uintptr_t)host, .width = 7, .height = 10,
		.gpu_pitch = 4096, .user_pitch = 16,
	};

	for (unsigned int i = 0; i < sizeof(host); i++)
		host[i] = i;
	ASSERT_EQ(0, bo_mapped(self->fd, self->ctx, 64 * KIB, &bo, &va));
	c.gpu_va = va + 3;
	ASSERT_EQ(0, xioctl(self->fd, VGPU_IOCTL_MEM_COPY, &c));
	EXPECT_EQ(70, c.done);
	for (int row = 0; row < 10; row++) {
		ASSERT_EQ(0, from_gpu(self->fd, self->ctx, va + 4096 * row, back, 16));
		EXPECT_EQ(0, back[2]);
		EXPECT_EQ(0, memcmp(back + 3, host + 16 * row, 7));
		EXPECT_EQ(0, back[10]);
	}
}

TEST_F(mem, copy_outside_is_refused)
{
	uint8_t b[64];
	uint32_t bo;
	uint64_t va;

	ASSERT_EQ(0, bo_mapped(self->fd, self->ctx, 4096, &bo, &va));
	EXPECT_EQ(-EFAULT, to_gpu(self->fd, self->ctx, va + 4096, b, 1));
	EXPECT_EQ(-EFAULT, to_gpu(self->fd, self->ctx, va + 4090, b, 64));
	EXPECT_EQ(-EFAULT, from_gpu(self->fd, self->ctx, va - 1, b, 1));
	EXPECT_EQ(-EFAULT, from_gpu(self->fd, self->ctx, 0, b, 1));
	EXPECT_EQ(-EFAULT, from_gpu(self->fd, self->ctx, 1ull << 60, b, 1));
	EXPECT_EQ(-EFAULT, from_gpu(self->fd, self->ctx, va, (void *)8, 1));
	EXPECT_EQ(-EINVAL, from_gpu(self->fd, self->ctx, va, b, ~0ull));
	EXPECT_EQ(-EINVAL, from_gpu(self->fd, self->ctx, ~0ull, b, 2));
	/* User pointers into the kernel. */
	EXPECT_EQ(-EFAULT, to_gpu(self->fd, self->ctx, va, (void *)0xffff888000000000ul, 64));
	EXPECT_EQ(-EFAULT, from_gpu(self->fd, self->ctx, va, (void *)0xffff888000000000ul, 64));
}

TEST_F(mem, read_only_mapping)
{
	uint32_t bo;
	uint64_t va = 0, rw = 0;
	uint32_t x = 7;

	ASSERT_EQ(0, bo_create(self->fd, self->ctx, 4096, &bo));
	ASSERT_EQ(0, va_map(self->fd, bo, VGPU_VA_READONLY, 0, 0, &va));
	ASSERT_EQ(0, va_map(self->fd, bo, 0, 0, 0, &rw));
	EXPECT_EQ(-EFAULT, to_gpu(self->fd, self->ctx, va, &x, 4));
	EXPECT_EQ(0, to_gpu(self->fd, self->ctx, rw, &x, 4));
	x = 0;
	EXPECT_EQ(0, from_gpu(self->fd, self->ctx, va, &x, 4));
	EXPECT_EQ(7, x);
}

TEST_F(mem, fixed_addresses)
{
	uint32_t bo;
	uint64_t va = 0x900000001000ull, other;

	ASSERT_EQ(0, bo_create(self->fd, self->ctx, 6 * MIB, &bo));
	ASSERT_EQ(0, va_map(self->fd, bo, VGPU_VA_FIXED, 0, 0, &va));
	EXPECT_EQ(0x900000001000ull, va);
	other = va + 4096;
	EXPECT_EQ(-EEXIST, va_map(self->fd, bo, VGPU_VA_FIXED, 0, 4096, &other));
	other = va - 4096;
	EXPECT_EQ(-EEXIST, va_map(self->fd, bo, VGPU_VA_FIXED, 0, 8192, &other));
	EXPECT_EQ(0, va_map(self->fd, bo, VGPU_VA_FIXED, 0, 4096, &other));
	other = (1ull << 48) - 4096;
	EXPECT_EQ(-EINVAL, va_map(self->fd, bo, VGPU_VA_FIXED, 0, 8192, &other));
	EXPECT_EQ(0, va_map(self->fd, bo, VGPU_VA_FIXED, 0, 4096, &other));
	other = 1ull << 48;
	EXPECT_EQ(-EINVAL, va_map(self->fd, bo, VGPU_VA_FIXED, 0, 4096, &other));
	other = 4097;
	EXPECT_EQ(-EINVAL, va_map(self->fd, bo, VGPU_VA_FIXED, 0, 4096, &other));
	other = 0;
	EXPECT_EQ(-EINVAL, va_map(self->fd, bo, VGPU_VA_FIXED, 0, 4096, &other));
	EXPECT_EQ(-EINVAL, va_unmap(self->fd, self->ctx, va + 4096));
	EXPECT_EQ(0, va_unmap(self->fd, self->ctx, va));
	EXPECT_EQ(-EINVAL, va_unmap(self->fd, self->ctx, va));
}

TEST_F(mem, parts_of_a_buffer)
{
	uint32_t bo, x = 0x12345678, y = 0;
	uint64_t whole = 0, part = 0;

	ASSERT_EQ(0, bo_create(self->fd, self->ctx, 8 * MIB, &bo));
	ASSERT_EQ(0, va_map(self->fd, bo, 0, 0, 0, &whole));
	ASSERT_EQ(0, va_map(self->fd, bo, 0, 3 * MIB, 2 * MIB, &part));
	ASSERT_EQ(0, to_gpu(self->fd, self->ctx, part + MIB + 4, &x, 4));
	ASSERT_EQ(0, from_gpu(self->fd, self->ctx, whole + 4 * MIB + 4, &y, 4));
	EXPECT_EQ(x, y);
	EXPECT_EQ(-EINVAL, va_map(self->fd, bo, 0, 7 * MIB, 2 * MIB, &part));
	EXPECT_EQ(-EINVAL, va_map(self->fd, bo, 0, 8 * MIB, 0, &part));
	EXPECT_EQ(-EINVAL, va_map(self->fd, bo, 0, 100, 4096, &part));
}

TEST_F(mem, destroy_unmaps)
{
	uint32_t bo, x;
	uint64_t va;

	ASSERT_EQ(0, bo_mapped(self->fd, self->ctx, 4 * MIB, &bo, &va));
	ASSERT_EQ(0, destroy(self->fd, bo));
	EXPECT_EQ(-EFAULT, from_gpu(self->fd, self->ctx, va, &x, 4));
	EXPECT_EQ(-ENOENT, destroy(self->fd, bo));
}

TEST_F(mem, many_small_mappings)
{
	static uint32_t bo[600];
	static uint64_t va[600];
	uint32_t x;

	for (int i = 0; i < 600; i++) {
		ASSERT_EQ(0, bo_mapped(self->fd, self->ctx, 4096, &bo[i], &va[i]));
		x = i;
		ASSERT_EQ(0, to_gpu(self->fd, self->ctx, va[i] + 8, &x, 4));
	}
	for (int i = 0; i < 600; i += 2)
		ASSERT_EQ(0, destroy(self->fd, bo[i]));
	for (uint32_t i = 1; i < 600; i += 2) {
		ASSERT_EQ(0, from_gpu(self->fd, self->ctx, va[i] + 8, &x, 4));
		EXPECT_EQ(i, x);
	}
}

TEST_F(mem, mmap_shows_the_same_bytes)
{
	uint32_t bo, x = 0;
	uint64_t va;
	uint32_t *p;

	ASSERT_EQ(0, bo_mapped(self->fd, self->ctx, 5 * MIB, &bo, &va));
	p = bo_mmap(self->fd, bo, 5 * MIB, PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, p);
	p[MIB] = 77;
	ASSERT_EQ(0, from_gpu(self->fd, self->ctx, va + 4 * MIB, &x, 4));
	EXPECT_EQ(77, x);
	x = 78;
	ASSERT_EQ(0, to_gpu(self->fd, self->ctx, va + 4 * MIB, &x, 4));
	EXPECT_EQ(78, p[MIB]);
	/* The memory lives as long as the mapping. */
	ASSERT_EQ(0, destroy(self->fd, bo));
	EXPECT_EQ(78, p[MIB]);
	EXPECT_EQ(0, munmap(p, 5 * MIB));
}

/* Pages that a process gives back, or others look at and hold, are the device's memory all the same. */
TEST_F(mem, mmap_pages_given_back_and_held)
{
	struct iovec some = { 0 };
	char held[16384] = { 0 };
	int fd[2];
	uint32_t bo;
	uint64_t va;
	char *p, *moved;

	ASSERT_EQ(0, bo_mapped(self->fd, self->ctx, 3 * MIB, &bo, &va));
	p = bo_mmap(self->fd, bo, 3 * MIB, PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, p);
	memset(p, 5, 3 * MIB);
	ASSERT_EQ(0, madvise(p, 3 * MIB, MADV_DONTNEED));
	EXPECT_EQ(5, p[0]);
	EXPECT_EQ(5, p[3 * MIB - 1]);
	moved = mmap(NULL, MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_EQ(moved, mremap(p + MIB, MIB, MIB, MREMAP_MAYMOVE | MREMAP_FIXED, moved));
	p[0] = 1;
	moved[1] = 6;
	p[2 * MIB] = 7;
	ASSERT_EQ(0, madvise(moved, MIB, MADV_DONTNEED));
	ASSERT_EQ(0, madvise(p + 2 * MIB, MIB, MADV_DONTNEED));
	EXPECT_EQ(6, moved[1]);
	EXPECT_EQ(7, p[2 * MIB]);

	/* A pipe has them after all of it has gone. */
	ASSERT_EQ(0, pipe(fd));
	some = (struct iovec){ moved, sizeof(held) };
	ASSERT_EQ(sizeof(held), vmsplice(fd[1], &some, 1, 0));
	ASSERT_EQ(0, munmap(moved, MIB));
	ASSERT_EQ(0, munmap(p, MIB));
	ASSERT_EQ(0, munmap(p + 2 * MIB, MIB));
	ASSERT_EQ(0, va_unmap(self->fd, self->ctx, va));
	ASSERT_EQ(0, destroy(self->fd, bo));
	ASSERT_EQ(0, bo_mapped(self->fd, self->ctx, 3 * MIB, &bo, &va));
	ASSERT_EQ(sizeof(held), read(fd[0], held, sizeof(held)));
	EXPECT_EQ(5, held[0]);
	EXPECT_EQ(6, held[1]);
	EXPECT_EQ(5, held[sizeof(held) - 1]);
	close(fd[0]);
	close(fd[1]);
}

TEST_F(mem, mmap_bounds)
{
	struct vgpu_bo_mmap m = { .size = sizeof(m) };
	uint32_t bo;
	void *p;

	ASSERT_EQ(0, bo_create(self->fd, self->ctx, 64 * KIB, &bo));
	m.handle = bo;
	ASSERT_EQ(0, xioctl(self->fd, VGPU_IOCTL_BO_MMAP, &m));
	EXPECT_EQ(64 * KIB, m.length);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 68 * KIB, PROT_READ, MAP_SHARED, self->fd, m.offset));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 8 * KIB, PROT_READ, MAP_SHARED, self->fd,
				   m.offset + 60 * KIB));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4 * KIB, PROT_READ, MAP_PRIVATE, self->fd, m.offset));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4 * KIB, PROT_READ, MAP_SHARED, self->fd, 0));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4 * KIB, PROT_READ, MAP_SHARED, self->fd,
				   m.offset + (1ull << 40)));
	p = mmap(NULL, 4 * KIB, PROT_READ, MAP_SHARED, self->fd, m.offset + 60 * KIB);
	ASSERT_NE(MAP_FAILED, p);
	munmap(p, 4 * KIB);
}

TEST_F(mem, managed_same_address)
{
	uint32_t bo, x = 0;
	uint64_t va;
	uint32_t *p;

	ASSERT_EQ(0, bo_create(self->fd, self->ctx, 4 * MIB, &bo));
	p = bo_mmap(self->fd, bo, 4 * MIB, PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, p);
	va = (uintptr_t)p;
	ASSERT_EQ(0, va_map(self->fd, bo, VGPU_VA_FIXED, 0, 0, &va));
	p[5] = 99;
	ASSERT_EQ(0, from_gpu(self->fd, self->ctx, (uintptr_t)&p[5], &x, 4));
	EXPECT_EQ(99, x);
	munmap(p, 4 * MIB);
}

TEST_F(mem, registered_memory)
{
	size_t n = 3 * MIB;
	uint32_t h, h2, x = 0;
	uint32_t *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, p);
	pattern(p, n, 1);
	ASSERT_EQ(0, host_register(self->fd, self->ctx, p, n, 0, &h));
	EXPECT_EQ(-EEXIST, host_register(self->fd, self->ctx, p + 1024, 4096, 0, &h2));
	ASSERT_EQ(0, from_gpu(self->fd, self->ctx, (uintptr_t)&p[300000], &x, 4));
	EXPECT_EQ(p[300000], x);
	x = 5;
	ASSERT_EQ(0, to_gpu(self->fd, self->ctx, (uintptr_t)&p[17], &x, 4));
	EXPECT_EQ(5, p[17]);
	EXPECT_EQ(-EINVAL, va_unmap(self->fd, self->ctx, (uintptr_t)p));
	ASSERT_EQ(0, destroy(self->fd, h));
	EXPECT_EQ(-EFAULT, from_gpu(self->fd, self->ctx, (uintptr_t)&p[17], &x, 4));
	munmap(p, n);
	EXPECT_EQ(-EFAULT, host_register(self->fd, self->ctx, p, n, 0, &h));
}

TEST_F(mem, registered_read_only)
{
	uint32_t h, x = 1;
	void *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT_EQ(-EFAULT, host_register(self->fd, self->ctx, p, 4096, 0, &h));
	ASSERT_EQ(0, host_register(self->fd, self->ctx, p, 4096, VGPU_HOST_READONLY, &h));
	EXPECT_EQ(-EFAULT, to_gpu(self->fd, self->ctx, (uintptr_t)p, &x, 4));
	EXPECT_EQ(0, from_gpu(self->fd, self->ctx, (uintptr_t)p, &x, 4));
	EXPECT_EQ(0, x);
}

/* ---- registered for reading only: the GPU sees what is written afterwards */

#define PAIR	(2 * 4096)	/* bytes of each such mapping */

static uint8_t *anonymous(int prot)
{
	return mmap(NULL, PAIR, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* A file of two pages, whose descriptor is in *file. */
static uint8_t *file_mapping(int prot, int flags, int *file)
{
	*file = memfd_create("pages", 0);
	if (ftruncate(*file, PAIR) || pwrite(*file, "the file's", 11, 0) != 11)
		return MAP_FAILED;
	return mmap(NULL, PAIR, prot, flags, *file, 0);
}

/* Register, write to both pages, and compare what the GPU sees; 0 or the line that failed. */
static int seen_when_written(int fd, uint32_t ctx, uint8_t *p)
{
	uint8_t got[PAIR];
	uint32_t h;

	if (p == MAP_FAILED || host_register(fd, ctx, p, PAIR, VGPU_HOST_READONLY, &h))
		return __LINE__;
	if (mprotect(p, PAIR, PROT_READ | PROT_WRITE))
		return __LINE__;
	strcpy((char *)p, "written");
	memset(p + 4096, 0x5a, 4096);
	if (from_gpu(fd, ctx, (uintptr_t)p, got, PAIR) || memcmp(got, p, PAIR))
		return __LINE__;
	/* It is read-only for the GPU, whatever the pages are. */
	if (to_gpu(fd, ctx, (uintptr_t)p, got, 1) != -EFAULT)
		return __LINE__;
	return destroy(fd, h) ? __LINE__ : 0;
}

TEST_F(mem, read_only_before_the_first_write)
{
	const int rw = PROT_READ | PROT_WRITE;
	int file;
	uint8_t *p;

	EXPECT_EQ(0, seen_when_written(self->fd, self->ctx, anonymous(rw))) TH_LOG("untouched");
	EXPECT_EQ(0, seen_when_written(self->fd, self->ctx, anonymous(PROT_READ))) TH_LOG("not to be written yet");
	p = anonymous(rw);
	p[0] = p[4096] = 1;
	EXPECT_EQ(0, seen_when_written(self->fd, self->ctx, p)) TH_LOG("touched");
	p = anonymous(rw);
	EXPECT_EQ(0, p[0] + p[4096]);
	EXPECT_EQ(0, seen_when_written(self->fd, self->ctx, p)) TH_LOG("read");
	p = aligned_alloc(4096, MIB);
	EXPECT_EQ(0, seen_when_written(self->fd, self->ctx, p)) TH_LOG("malloc");
	free(p);
	p = file_mapping(rw, MAP_PRIVATE, &file);
	EXPECT_EQ(0, seen_when_written(self->fd, self->ctx, p)) TH_LOG("a file's");
	p = file_mapping(PROT_READ, MAP_PRIVATE, &file);
	EXPECT_EQ(0, seen_when_written(self->fd, self->ctx, p)) TH_LOG("a file's, not to be written yet");
}

/* The first write after a fork gives one of the two another page: not what was registered. */
TEST_F(mem, read_only_with_a_child)
{
	uint8_t *p = anonymous(PROT_READ | PROT_WRITE);
	pid_t pid;

	p[0] = p[4096] = 1;
	pid = fork();
	if (!pid) {
		pause();
		_exit(0);
	}
	EXPECT_EQ(0, seen_when_written(self->fd, self->ctx, p));
	kill(pid, SIGKILL);
	EXPECT_EQ(pid, waitpid(pid, NULL, 0));
}

/* A shared mapping's pages are the file's, also where this process must not write: none are made for it. */
TEST_F(mem, read_only_of_a_shared_file)
{
	char got[16] = "";
	uint32_t h;
	int file;
	uint8_t *p = file_mapping(PROT_READ, MAP_SHARED, &file);

	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, host_register(self->fd, self->ctx, p, PAIR, VGPU_HOST_READONLY, &h));
	ASSERT_EQ(0, from_gpu(self->fd, self->ctx, (uintptr_t)p, got, sizeof(got)));
	EXPECT_STREQ("the file's", got);
	EXPECT_EQ(6, pwrite(file, "all's", 6, 0));
	ASSERT_EQ(0, from_gpu(self->fd, self->ctx, (uintptr_t)p, got, sizeof(got)));
	EXPECT_STREQ("all's", got);
	EXPECT_EQ(0, destroy(self->fd, h));
	munmap(p, PAIR);
	close(file);
}

/* One range of several mappings, each of its own kind; and one that may not be read in it. */
TEST_F(mem, read_only_of_many_kinds)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	uint8_t *p = mmap(NULL, 5 * PAIR, PROT_READ | PROT_WRITE, flags, -1, 0);
	uint8_t got[5 * PAIR];
	uint32_t h;
	int file;

	ASSERT_NE(MAP_FAILED, p);
	munmap(file_mapping(PROT_READ, MAP_SHARED, &file), PAIR);
	ASSERT_EQ(p + PAIR, mmap(p + PAIR, PAIR, PROT_READ, MAP_SHARED | MAP_FIXED, file, 0));
	ASSERT_EQ(p + 3 * PAIR, mmap(p + 3 * PAIR, PAIR, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file, 0));
	ASSERT_EQ(0, mprotect(p + 2 * PAIR, PAIR, PROT_NONE));
	EXPECT_EQ(-EFAULT, host_register(self->fd, self->ctx, p, 5 * PAIR, VGPU_HOST_READONLY, &h));
	ASSERT_EQ(0, mprotect(p + 2 * PAIR, PAIR, PROT_READ));
	ASSERT_EQ(0, host_register(self->fd, self->ctx, p, 5 * PAIR, VGPU_HOST_READONLY, &h));
	ASSERT_EQ(0, mprotect(p + 2 * PAIR, PAIR, PROT_READ | PROT_WRITE));
	for (int i = 0; i < 5; i++)
		if (i != 1)
			memset(p + i * PAIR, 0x50 + i, PAIR);
	EXPECT_EQ(6, pwrite(file, "all's", 6, 0));
	ASSERT_EQ(0, from_gpu(self->fd, self->ctx, (uintptr_t)p, got, sizeof(got)));
	EXPECT_EQ(0, memcmp(p, got, sizeof(got)));
	EXPECT_EQ(0, destroy(self->fd, h));
	munmap(p, 5 * PAIR);
	close(file);
}

/* A buffer's memory goes with the buffer: a page that was registered would keep it, counted as a page. */
TEST_F(mem, registered_buffer)
{
	uint32_t bo, host, other;
	int fd = dev_open();
	char *p;

	ASSERT_EQ(0, ctx_create(fd, &other));
	ASSERT_EQ(0, bo_create(self->fd, self->ctx, 4 * MIB, &bo));
	p = bo_mmap(self->fd, bo, 4 * MIB, PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, p);
	EXPECT_EQ(-EINVAL, host_register(self->fd, self->ctx, p, 4096, 0, &host));
	EXPECT_EQ(-EINVAL, host_register(self->fd, self->ctx, p, 4 * MIB, 0, &host));
	EXPECT_EQ(-EINVAL, host_register(fd, other, p + 2 * MIB, 4096, VGPU_HOST_READONLY, &host));
	/* Nothing is left of it. */
	munmap(p, 4 * MIB);
	ASSERT_EQ(p, mmap(p, 4 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	EXPECT_EQ(0, host_register(self->fd, self->ctx, p, 4 * MIB, 0, &host));
	EXPECT_EQ(0, destroy(self->fd, host));
	munmap(p, 4 * MIB);
	close(fd);
}

TEST_F(mem, out_of_vram)
{
	struct vgpu_device_status st;
	uint32_t bo, n = 0;
	uint64_t step;
	int rc;

	ASSERT_EQ(0, status(self->fd, &st));
	EXPECT_EQ(-ENOSPC, bo_create(self->fd, self->ctx, st.vram_total + 4096, &bo));
	EXPECT_EQ(-ENOSPC, bo_create(self->fd, self->ctx, 1ull << 47, &bo));
	EXPECT_EQ(-EINVAL, bo_create(self->fd, self->ctx, ~0ull, &bo));
	step = st.vram_free / 6 & ~(2 * MIB - 1);
	while (!(rc = bo_create(self->fd, self->ctx, step, &bo)) && n < 100)
		n++;
	EXPECT_EQ(-ENOSPC, rc);
	EXPECT_GE(n, 4);
	ASSERT_EQ(0, status(self->fd, &st));
	EXPECT_LT(st.vram_free, step);
}

/* Two contexts, here of two files, see one memory; it lives until both are gone. */
/* ---- a memory control group at its limit */

/* Mapped once in a GiB, a page costs two of the table. Returns 0 when there was no more of them. */
static int map_until_full(void)
{
	int fd = dev_open(), rc = 0;
	uint32_t ctx, bo;

	if (put(GROUP "/cgroup.procs", "0") || fd < 0 || ctx_create(fd, &ctx) || bo_create(fd, ctx, 4096, &bo))
		return 1;
	if (mlockall(MCL_CURRENT))	/* pages of our own that we share with the parent till we write them */
		return 1;
	if (put(GROUP "/memory.max", "16777216"))
		return 2;
	for (uint64_t i = 0; !rc && i < 60000; i++) {
		uint64_t va = VGPU_VA_SPLIT + (i << 30);

		rc = va_map(fd, bo, VGPU_VA_FIXED, 0, 4096, &va);
	}
	return rc == -ENOMEM ? 0 : 3;
}

/* The call fails; the group's OOM killer has nothing to do. */
TEST_F(mem, small_things_end_with_an_error)
{
	int st = -1;
	pid_t pid;

	if (!make_group())
		SKIP(return, "no control groups for memory");
	pid = fork();
	if (!pid)
		_exit(map_until_full());
	EXPECT_EQ(pid, waitpid(pid, &st, 0));
	EXPECT_EQ(0, st) TH_LOG("status 0x%x", st);
	EXPECT_EQ(0, remove_group());
}

TEST_F(mem, shared_between_contexts)
{
	struct vgpu_device_status st;
	struct vgpu_share s[2];
	uint32_t bo, other, ctx, value = 0x11223344, got = 0;
	int fd = dev_open();
	uint64_t va, vb = 0;

	ASSERT_EQ(0, ctx_create(fd, &ctx));
	ASSERT_EQ(0, bo_mapped(self->fd, self->ctx, 5 * MIB, &bo, &va));
	ASSERT_EQ(0, share(self->fd, bo, VGPU_SHARE_FD, &s[0]));
	ASSERT_EQ(0, share(self->fd, bo, VGPU_SHARE_TOKEN, &s[1]));
	EXPECT_EQ(5 * MIB, s[0].length);
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, open_shared(fd, ctx, &s[i], &other));
		vb = 0;
		ASSERT_EQ(0, va_map(fd, other, 0, 0, 0, &vb));
		value += i;
		ASSERT_EQ(0, to_gpu(self->fd, self->ctx, va + 3 * MIB, &value, 4));
		ASSERT_EQ(0, from_gpu(fd, ctx, vb + 3 * MIB, &got, 4));
		EXPECT_EQ(value, got);
	}
	ASSERT_EQ(0, status(fd, &st));
	EXPECT_EQ(self->before.vram_used + 5 * MIB, st.vram_used);
	ASSERT_EQ(0, destroy(self->fd, bo));
	EXPECT_EQ(-ENOENT, open_shared(fd, ctx, &s[1], &bo));
	ASSERT_EQ(0, from_gpu(fd, ctx, vb + 3 * MIB, &got, 4));
	EXPECT_EQ(value, got);
	ASSERT_EQ(0, open_shared(fd, ctx, &s[0], &bo));
	ASSERT_EQ(0, destroy(fd, ctx));
	ASSERT_EQ(0, status(fd, &st));
	EXPECT_EQ(self->before.vram_used + 5 * MIB, st.vram_used);
	close(s[0].fd);
	close(fd);
}

TEST_F(mem, sharing_refused)
{
	struct vgpu_share s = { .flags = VGPU_SHARE_FD };
	uint32_t bo, other;

	ASSERT_EQ(0, bo_create(self->fd, self->ctx, 4096, &bo));
	s.fd = -1;
	EXPECT_EQ(-EBADF, open_shared(self->fd, self->ctx, &s, &other));
	s.fd = self->fd;
	EXPECT_EQ(-EINVAL, open_shared(self->fd, self->ctx, &s, &other));
	s.flags = VGPU_SHARE_TOKEN;
	EXPECT_EQ(-ENOENT, open_shared(self->fd, self->ctx, &s, &other));
	EXPECT_EQ(-EINVAL, share(self->fd, bo, VGPU_SHARE_FD | VGPU_SHARE_TOKEN, &s));
	EXPECT_EQ(-EINVAL, share(self->fd, self->ctx, VGPU_SHARE_FD, &s));
	ASSERT_EQ(0, share(self->fd, bo, VGPU_SHARE_TOKEN, &s));
	EXPECT_EQ(-EINVAL, open_shared(self->fd, bo, &s, &other));
	ASSERT_EQ(0, open_shared(self->fd, self->ctx, &s, &other));
	EXPECT_EQ(-EINVAL, share(self->fd, other, VGPU_SHARE_TOKEN, &s));
	ASSERT_EQ(0, share(self->fd, other, VGPU_SHARE_FD, &s));
	close(s.fd);
}

static unsigned long parameter(const char *name)
{
	char path[128], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), "/sys/module/vgpu/parameters/%s", name);
	fd = open(path, O_RDONLY);
	(void)!read(fd, text, sizeof(text) - 1);
	close(fd);
	return strtoul(text, NULL, 10);
}

/* How many MiB of 32 can be registered, as some user. */
static int pin_as(int uid)
{
	uint32_t ctx, h;
	int n, fd = dev_open();
	char *p = mmap(NULL, 32 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (setresuid(uid, uid, uid) || ctx_create(fd, &ctx))
		return 99;
	madvise(p, 32 * MIB, MADV_NOHUGEPAGE);	/* which would count whole */
	for (n = 0; n < 32; n++)
		if (host_register(fd, ctx, p + n * MIB, MIB, 0, &h))
			break;
	return n;
}

/* One user's share is not all users'; who may lock memory has more. */
TEST_F(mem, pinned_by_a_user)
{
	unsigned long cap = parameter("pin_limit_mib"), own = parameter("pin_user_mib");
	int all = cap ? cap : 32, mine = own ? own : all > 1 ? all * 3 / 4 : 1;
	const struct { int uid, want; } t[] = { { 65534, mine }, { 65533, mine }, { 0, all }, { 65534, mine } };
	int st;

	if (!cap && !own)
		SKIP(return, "the module has no small pin_limit_mib or pin_user_mib");
	for (unsigned int i = 0; i < 4; i++) {
		if (!fork())
			_exit(pin_as(t[i].uid));
		wait(&st);
		EXPECT_EQ(t[i].want, WEXITSTATUS(st)) TH_LOG("user %d", t[i].uid);
	}
}

/* How many registrations of one page each, of a huge page of its own, the user may have; the others of these pages are unmapped. */
static int huge_pages_as(int uid, int most)
{
	uint32_t ctx, h;
	int fd, n;

	if (setuid(uid))
		return 255;
	fd = dev_open();
	if (ctx_create(fd, &ctx))
		return 254;
	for (n = 0; n < most; n++) {
		char *p = mmap(NULL, 4 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		char *at = (char *)(((uintptr_t)p + 2 * MIB - 1) & ~(2 * MIB - 1));

		madvise(at, 2 * MIB, MADV_HUGEPAGE);
		*at = 1;
		if (host_register(fd, ctx, at, 4096, 0, &h))
			break;
		munmap(p, at - p);
		munmap(at + 4096, 2 * MIB - 4096);
	}
	return n;
}

/* A pinned page keeps the huge page that it is of, so that counts. */
TEST_F(mem, huge_pages_count_whole)
{
	unsigned long own = parameter("pin_user_mib");
	int st;

	if (!own)
		SKIP(return, "the module has no small pin_user_mib");
	if (system("grep -qs '\\[always]\\|\\[madvise]' /sys/kernel/mm/transparent_hugepage/enabled"))
		SKIP(return, "the kernel has no huge pages of this kind");
	if (!fork())
		_exit(huge_pages_as(65534, 64));
	wait(&st);
	TH_LOG("%d pages, each of a huge one", WEXITSTATUS(st));
	EXPECT_EQ(own / 2, WEXITSTATUS(st));
}

TEST_HARNESS_MAIN
