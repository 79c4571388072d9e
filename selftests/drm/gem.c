// SPDX-License-Identifier: MIT
/* The render node and its memory: found, made, mapped, gone. */
#include <pthread.h>
#include "node_fixture.h"

TEST_F(node, libdrm_finds_it)
{
	struct vgpu_device_info info = { .size = sizeof(info) };
	drmVersionPtr v = drmGetVersion(self->fd);
	drmDevicePtr d;
	struct stat st;

	ASSERT_NE(NULL, v);
	EXPECT_STREQ("vgpu", v->name);
	EXPECT_STREQ("virtual GPU", v->desc);
	drmFreeVersion(v);
	ASSERT_EQ(0, fstat(self->fd, &st));
	EXPECT_TRUE(S_ISCHR(st.st_mode));
	EXPECT_EQ(226, major(st.st_rdev));
	/* Not for everybody: whom udev's rules for render nodes let in. */
	EXPECT_EQ(0, st.st_mode & 07);
	ASSERT_EQ(0, xioctl(self->gpu, VGPU_IOCTL_DEVICE_INFO, &info));
	ASSERT_EQ(0, drmGetDevice2(self->fd, DRM_DEVICE_GET_PCI_REVISION, &d));
	EXPECT_EQ(DRM_BUS_PCI, d->bustype);
	EXPECT_EQ(info.pci_domain, d->businfo.pci->domain);
	EXPECT_EQ(info.pci_bus, d->businfo.pci->bus);
	EXPECT_EQ(info.pci_device, d->businfo.pci->dev);
	EXPECT_EQ(info.pci_ids, (uint32_t)d->deviceinfo.pci->device_id << 16 | d->deviceinfo.pci->vendor_id);
	EXPECT_EQ(info.pci_revision, d->deviceinfo.pci->revision_id);
	drmFreeDevice(&d);
}

TEST_F(node, capabilities)
{
	uint64_t v = 0;

	EXPECT_EQ(0, drmGetCap(self->fd, DRM_CAP_PRIME, &v));
	EXPECT_EQ(DRM_PRIME_CAP_IMPORT | DRM_PRIME_CAP_EXPORT, v);
	EXPECT_EQ(0, drmGetCap(self->fd, DRM_CAP_SYNCOBJ, &v));
	EXPECT_EQ(1, v);
	EXPECT_EQ(0, drmGetCap(self->fd, DRM_CAP_SYNCOBJ_TIMELINE, &v));
	EXPECT_EQ(1, v);
}

TEST_F(node, parameters)
{
	struct vgpu_device_info info = { .size = sizeof(info) };
	struct drm_vgpu_get_param p = { .param = DRM_VGPU_PARAM_INDEX, .pad = 1 };
	uint64_t v;

	ASSERT_EQ(0, xioctl(self->gpu, VGPU_IOCTL_DEVICE_INFO, &info));
	EXPECT_EQ(0, get_param(self->fd, DRM_VGPU_PARAM_UAPI, &v));
	EXPECT_EQ(VGPU_DRM_UAPI_VERSION, v);
	EXPECT_EQ(0, get_param(self->fd, DRM_VGPU_PARAM_INDEX, &v));
	EXPECT_EQ(info.index, v);
	EXPECT_EQ(0, get_param(self->fd, DRM_VGPU_PARAM_PCI, &v));
	EXPECT_EQ((uint64_t)info.pci_domain << 16 | info.pci_bus << 8 | info.pci_device << 3 | info.pci_function, v);
	EXPECT_EQ(0, get_param(self->fd, DRM_VGPU_PARAM_VRAM, &v));
	EXPECT_EQ(info.vram_bytes, v);
	EXPECT_EQ(0, get_param(self->fd, DRM_VGPU_PARAM_FREE, &v));
	EXPECT_GT(v, 0);
	EXPECT_LE(v, info.vram_bytes);
	EXPECT_EQ(-EINVAL, get_param(self->fd, 99, &v));
	EXPECT_EQ(-EINVAL, xioctl(self->fd, DRM_IOCTL_VGPU_GET_PARAM, &p));
}

TEST_F(node, create_map_close)
{
	uint64_t before = vram_used(self->gpu);
	uint32_t handle;
	uint8_t *p;

	ASSERT_EQ(0, gem_create(self->fd, 3 * MIB + 1, &handle));
	EXPECT_EQ(before + 3 * MIB + 4096, vram_used(self->gpu));
	p = gem_mmap(self->fd, handle, 3 * MIB + 4096);
	ASSERT_NE(MAP_FAILED, p);
	for (size_t i = 0; i < 3 * MIB + 4096; i += 4096) {
		ASSERT_EQ(0, p[i]);
		p[i] = i >> 12;
	}
	for (size_t i = 0; i < 3 * MIB + 4096; i += 4096)
		ASSERT_EQ((uint8_t)(i >> 12), p[i]);
	/* A mapping keeps the memory. */
	EXPECT_EQ(0, gem_close(self->fd, handle));
	EXPECT_EQ(-EINVAL, gem_close(self->fd, handle));
	EXPECT_EQ(before + 3 * MIB + 4096, vram_used(self->gpu));
	EXPECT_EQ(5, p[5 << 12]);
	EXPECT_EQ(0, munmap(p, 3 * MIB + 4096));
	EXPECT_EQ(before, vram_used(self->gpu));
}

TEST_F(node, close_frees_all)
{
	uint64_t before = vram_used(self->gpu);
	int fd = node_open();
	uint32_t handle;

	ASSERT_GE(fd, 0);
	for (int i = 0; i < 20; i++)
		ASSERT_EQ(0, gem_create(fd, 64 * KIB, &handle));
	EXPECT_EQ(before + 20 * 64 * KIB, vram_used(self->gpu));
	close(fd);
	EXPECT_EQ(before, vram_used(self->gpu));
}

TEST_F(node, bad_creation)
{
	struct drm_vgpu_gem_create c = { .size = 4096, .flags = 1 };
	uint64_t vram, before = vram_used(self->gpu);
	uint32_t handle;

	EXPECT_EQ(-EINVAL, xioctl(self->fd, DRM_IOCTL_VGPU_GEM_CREATE, &c));
	c = (struct drm_vgpu_gem_create){ .size = 4096, .handle = 1 };
	EXPECT_EQ(-EINVAL, xioctl(self->fd, DRM_IOCTL_VGPU_GEM_CREATE, &c));
	EXPECT_EQ(-EINVAL, gem_create(self->fd, 0, &handle));
	EXPECT_EQ(-EINVAL, gem_create(self->fd, ~0ull, &handle));
	EXPECT_EQ(-EINVAL, gem_create(self->fd, VGPU_VA_END + 1, &handle));
	EXPECT_EQ(-ENOSPC, gem_create(self->fd, VGPU_VA_END, &handle));
	ASSERT_EQ(0, get_param(self->fd, DRM_VGPU_PARAM_VRAM, &vram));
	EXPECT_EQ(-ENOSPC, gem_create(self->fd, vram + 1, &handle));
	EXPECT_EQ(before, vram_used(self->gpu));
	EXPECT_EQ(-EFAULT, xioctl(self->fd, DRM_IOCTL_VGPU_GEM_CREATE, (void *)8));
}

TEST_F(node, bad_mapping)
{
	struct drm_vgpu_gem_mmap m = { .flags = 1 };
	int other = node_open();
	uint64_t offset;
	uint32_t handle;

	ASSERT_EQ(0, gem_create(self->fd, 64 * KIB, &handle));
	m.handle = handle;
	EXPECT_EQ(-EINVAL, xioctl(self->fd, DRM_IOCTL_VGPU_GEM_MMAP, &m));
	EXPECT_EQ(-ENOENT, gem_offset(self->fd, handle + 1, &offset));
	EXPECT_EQ(-ENOENT, gem_offset(self->fd, 0, &offset));
	EXPECT_EQ(-ENOENT, gem_offset(other, handle, &offset));
	ASSERT_EQ(0, gem_offset(self->fd, handle, &offset));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 64 * KIB, PROT_READ, MAP_PRIVATE, self->fd, offset));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 68 * KIB, PROT_READ, MAP_SHARED, self->fd, offset));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->fd, 0));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 64 * KIB, PROT_READ, MAP_SHARED, other, offset));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->fd, offset + 64 * KIB));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 8192, PROT_READ, MAP_SHARED, self->fd, offset + 60 * KIB));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->fd, offset - 4096));
	close(other);
}

TEST_F(node, unknown_ioctl)
{
	uint64_t x[8] = { 0 };

	EXPECT_EQ(-EINVAL, xioctl(self->fd, DRM_IOWR(DRM_COMMAND_BASE + 7, x), x));
	EXPECT_EQ(-EINVAL, xioctl(self->fd, DRM_IOWR(DRM_COMMAND_END - 1, x), x));
	EXPECT_NE(0, xioctl(self->fd, VGPU_IOCTL_CTX_CREATE, x));
}

/* The card shows nothing, and says so to whoever wants to show something on it. */
TEST_F(node, no_framebuffers)
{
	struct drm_mode_fb_cmd2 f = { .pixel_format = 0x34325258 };	/* XR24 */
	struct drm_mode_create_blob b = { .data = (uintptr_t)&f, .length = sizeof(f) };
	int card = node_open_as(DRM_NODE_PRIMARY);

	ASSERT_GE(card, 0);
	EXPECT_EQ(-EINVAL, xioctl(card, DRM_IOCTL_MODE_ADDFB2, &f));
	f.width = 64;
	f.height = 64;
	f.pitches[0] = 256;
	EXPECT_GT(0, xioctl(card, DRM_IOCTL_MODE_ADDFB2, &f));
	/* Nor is there anything to describe to it, in memory that nobody would be charged for. */
	EXPECT_EQ(-EOPNOTSUPP, xioctl(card, DRM_IOCTL_MODE_CREATEPROPBLOB, &b));
	close(card);
}

/* No global names, with which one object would get handles without end, on either node. */
TEST_F(node, no_global_names)
{
	static const int types[] = { DRM_NODE_PRIMARY, DRM_NODE_RENDER };
	struct drm_gem_flink name = { 0 };
	struct drm_gem_open again = { 0 };

	for (int i = 0; i < 2; i++) {
		int fd = node_open_as(types[i]);

		ASSERT_GE(fd, 0);
		ASSERT_EQ(0, gem_create(fd, 4096, &name.handle));
		EXPECT_EQ(-EOPNOTSUPP, xioctl(fd, DRM_IOCTL_GEM_FLINK, &name));
		again.name = name.name ? name.name : 1;
		EXPECT_EQ(-EOPNOTSUPP, xioctl(fd, DRM_IOCTL_GEM_OPEN, &again));
		close(fd);
	}
}

/* A later page than the first; and what is mapped neither grows nor changes with its handle's next owner. */
TEST_F(node, part_of_an_object)
{
	uint32_t handle, next;
	uint64_t offset;
	char *p, *q;

	ASSERT_EQ(0, gem_create(self->fd, 2 * MIB + 64 * KIB, &handle));
	ASSERT_EQ(0, gem_offset(self->fd, handle, &offset));
	p = gem_mmap(self->fd, handle, 2 * MIB + 64 * KIB);
	q = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd, offset + 2 * MIB);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_NE(MAP_FAILED, q);
	strcpy(p + 2 * MIB + 4096, "second page");
	EXPECT_STREQ("second page", q + 4096);
	EXPECT_EQ(MAP_FAILED, mremap(q, 8192, 12288, MREMAP_MAYMOVE));
	ASSERT_EQ(0, gem_close(self->fd, handle));
	ASSERT_EQ(0, gem_create(self->fd, 64 * KIB, &next));
	EXPECT_EQ(handle, next);
	EXPECT_STREQ("second page", q + 4096);
	*(q + 5) = 1;
	EXPECT_EQ(1, p[2 * MIB + 5]);
	munmap(p, 2 * MIB + 64 * KIB);
	munmap(q, 8192);
}

/* Two TiB of them, which is twice what DRM has offsets for: others still get theirs. */
TEST_F(node, offsets_do_not_run_out)
{
	int other = node_open(), i;
	uint64_t va, size, offset;
	struct vgpu_share s;
	uint32_t bo, handle;
	char *p;

	if (!has_time())
		SKIP(return, "16,384 imports take long here");
	ASSERT_EQ(0, bo_mapped(self->gpu, self->ctx, 128 * MIB, &bo, &va));
	ASSERT_EQ(0, share(self->gpu, bo, VGPU_SHARE_FD, &s));
	for (i = 0; i < 16384; i++)
		if (gem_import(self->fd, s.fd, &handle, &size) || gem_offset(self->fd, handle, &offset))
			break;
	EXPECT_EQ(16384, i);
	ASSERT_EQ(0, gem_create(other, 64 * KIB, &handle));
	p = gem_mmap(other, handle, 64 * KIB);
	ASSERT_NE(MAP_FAILED, p);
	EXPECT_EQ(0, *p);
	munmap(p, 64 * KIB);
	close(s.fd);
	close(other);
}

/* A child process adds one to each page; 0, or what went wrong. */
static int add_one(uint8_t *p, size_t pages)
{
	for (size_t i = 0; i < pages; i++) {
		if (p[i << 12] != (uint8_t)i)
			return 1;
		p[i << 12]++;
	}
	return 0;
}

/* A mapping is a child's too, with the same pages; under user-mode Linux, which copies it wrongly, a child has none. */
TEST_F(node, mapped_in_a_child)
{
	static const size_t sizes[] = { 1, 16, 32, 100, 512, 1024 };
	const char *bed = getenv("VGPU_BED");
	bool inherits = !bed || strcmp(bed, "uml");

	for (size_t k = 0; k < sizeof(sizes) / sizeof(*sizes); k++) {
		uint32_t handle;
		uint8_t *p;
		pid_t pid;
		int st;

		ASSERT_EQ(0, gem_create(self->fd, sizes[k] * 4096, &handle));
		p = gem_mmap(self->fd, handle, sizes[k] * 4096);
		ASSERT_NE(MAP_FAILED, p);
		for (size_t i = 0; i < sizes[k]; i++)
			p[i << 12] = i;
		pid = fork();
		if (!pid) {
			signal(SIGSEGV, SIG_DFL);
			_exit(add_one(p, sizes[k]));
		}
		ASSERT_EQ(pid, waitpid(pid, &st, 0));
		EXPECT_EQ(inherits ? 0 : SIGSEGV, st & ~0x80);
		for (size_t i = 0; i < sizes[k]; i++)
			ASSERT_EQ((uint8_t)(i + inherits), p[i << 12]);
		EXPECT_EQ(0, munmap(p, sizes[k] * 4096));
		EXPECT_EQ(0, gem_close(self->fd, handle));
	}
}

/* On a device that claims a TiB: what is touched, not what is charged. */
TEST_F(node, resident_is_what_is_backed)
{
	uint32_t bo, handle;
	struct vgpu_share s;
	uint64_t va, v, before;
	struct drm_vgpu_gem_import i = { 0 };

	ASSERT_EQ(0, get_param(self->fd, DRM_VGPU_PARAM_VRAM, &v));
	if (v < 1ull << 40)
		SKIP(return, "the device claims no more than there is");
	ASSERT_EQ(0, attach(self->fd, self->gpu));
	before = fdinfo(self->fd, "drm-resident-vram");
	ASSERT_EQ(0, bo_mapped(self->gpu, self->ctx, 100 * 1024 * MIB, &bo, &va));
	EXPECT_EQ(before, fdinfo(self->fd, "drm-resident-vram"));
	EXPECT_LE(100 * 1024 * 1024, fdinfo(self->fd, "drm-total-vram"));
	ASSERT_EQ(0, to_gpu(self->gpu, self->ctx, va + 50 * 1024 * MIB, "x", 1));
	ASSERT_EQ(0, to_gpu(self->gpu, self->ctx, va + 70 * 1024 * MIB, "x", 1));
	EXPECT_EQ(before + 4096, fdinfo(self->fd, "drm-resident-vram"));
	/* Imported, it has memory, and is counted as the handle's as well. */
	ASSERT_EQ(0, share(self->gpu, bo, VGPU_SHARE_FD, &s));
	i.fd = s.fd;
	i.size = 4 * MIB;
	ASSERT_EQ(0, xioctl(self->fd, DRM_IOCTL_VGPU_GEM_IMPORT, &i));
	EXPECT_EQ(before + 3 * 4096, fdinfo(self->fd, "drm-resident-vram"));
	handle = i.handle;
	/* The buffer ends, the descriptor keeps what it was. */
	ASSERT_EQ(0, destroy(self->gpu, bo));
	EXPECT_EQ(before + 4096, fdinfo(self->fd, "drm-resident-vram"));
	ASSERT_EQ(0, gem_close(self->fd, handle));
	EXPECT_EQ(before, fdinfo(self->fd, "drm-resident-vram"));
	close(s.fd);
}

/* Handles and mappings come and go in four threads on one file. */
static void *churn(void *arg)
{
	int fd = *(int *)arg, buf;
	uint32_t handle, again;
	long bad = 0;

	for (int i = 0; i < 60; i++) {
		char *p;

		if (gem_create(fd, (1 + i % 5) * 64 * KIB, &handle)) {
			bad++;
			continue;
		}
		p = gem_mmap(fd, handle, 64 * KIB);
		/* Others may have closed it, for they close what they guess. */
		if (p != MAP_FAILED)
			p[4096] = 1;
		gem_close(fd, (i * 7) % 40);
		if (!prime_export(fd, handle, &buf)) {
			if (!prime_import(fd, buf, &again) && again != handle)
				gem_close(fd, again);
			close(buf);
		}
		gem_close(fd, handle);
		if (p != MAP_FAILED)
			munmap(p, 64 * KIB);
	}
	return (void *)bad;
}

TEST_F(node, races)
{
	uint64_t before = vram_used(self->gpu);
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_create(&t[i], NULL, churn, &self->fd));
	for (int i = 0; i < 4; i++) {
		void *bad;

		pthread_join(t[i], &bad);
		EXPECT_EQ(NULL, bad);
	}
	close(self->fd);
	self->fd = node_open();
	EXPECT_EQ(before, vram_used(self->gpu));
}

TEST_F(node, a_lost_device)
{
	struct vgpu_inject lose = { .size = sizeof(lose), .kind = VGPU_INJECT_LOST };
	struct vgpu_reset reset = { .size = sizeof(reset) };
	uint32_t handle, more;
	uint64_t v;
	char *p;

	ASSERT_EQ(0, gem_create(self->fd, 4096, &handle));
	p = gem_mmap(self->fd, handle, 4096);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, xioctl(self->gpu, VGPU_IOCTL_INJECT, &lose));
	EXPECT_EQ(-ENODEV, gem_create(self->fd, 4096, &more));
	EXPECT_EQ(-ENODEV, node_open() < 0 ? -errno : 0);
	EXPECT_EQ(0, get_param(self->fd, DRM_VGPU_PARAM_INDEX, &v));
	*p = 1;
	EXPECT_EQ(0, gem_close(self->fd, handle));
	munmap(p, 4096);
	ASSERT_EQ(0, xioctl(self->gpu, VGPU_IOCTL_RESET, &reset));
	EXPECT_EQ(0, gem_create(self->fd, 4096, &more));
}

TEST_HARNESS_MAIN
