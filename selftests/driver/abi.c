// SPDX-License-Identifier: MIT
/* The contract's rules: sizes, flags, reserved members, handles. */
#include "../lib/harness.h"

#include "dev.h"

FIXTURE(abi)
{
	int fd;
	uint32_t ctx;
};

FIXTURE_SETUP(abi)
{
	self->fd = dev_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(0, ctx_create(self->fd, &self->ctx));
}

FIXTURE_TEARDOWN(abi)
{
	close(self->fd);
}

/* Every ioctl with the size of its struct. */
static const struct op {
	const char *name;
	unsigned long cmd;
	size_t size;
} ops[] = {
	{ "DEVICE_INFO", VGPU_IOCTL_DEVICE_INFO, sizeof(struct vgpu_device_info) },
	{ "DEVICE_STATUS", VGPU_IOCTL_DEVICE_STATUS, sizeof(struct vgpu_device_status) },
	{ "PROCESS_LIST", VGPU_IOCTL_PROCESS_LIST, sizeof(struct vgpu_process_list) },
	{ "FAULT_QUERY", VGPU_IOCTL_FAULT_QUERY, sizeof(struct vgpu_fault_query) },
	{ "EVENT_QUERY", VGPU_IOCTL_EVENT_QUERY, sizeof(struct vgpu_event_query) },
	{ "SENSORS", VGPU_IOCTL_SENSORS, sizeof(struct vgpu_sensors) },
	{ "SAMPLES", VGPU_IOCTL_SAMPLES, sizeof(struct vgpu_samples) },
	{ "ACCOUNTS", VGPU_IOCTL_ACCOUNTS, sizeof(struct vgpu_accounts) },
	{ "DEVICE_SET", VGPU_IOCTL_DEVICE_SET, sizeof(struct vgpu_device_set) },
	{ "INJECT", VGPU_IOCTL_INJECT, sizeof(struct vgpu_inject) },
	{ "RESET", VGPU_IOCTL_RESET, sizeof(struct vgpu_reset) },
	{ "DESTROY", VGPU_IOCTL_DESTROY, sizeof(struct vgpu_destroy) },
	{ "CTX_CREATE", VGPU_IOCTL_CTX_CREATE, sizeof(struct vgpu_ctx_create) },
	{ "BO_CREATE", VGPU_IOCTL_BO_CREATE, sizeof(struct vgpu_bo_create) },
	{ "BO_MMAP", VGPU_IOCTL_BO_MMAP, sizeof(struct vgpu_bo_mmap) },
	{ "VA_MAP", VGPU_IOCTL_VA_MAP, sizeof(struct vgpu_va_map) },
	{ "VA_UNMAP", VGPU_IOCTL_VA_UNMAP, sizeof(struct vgpu_va_unmap) },
	{ "HOST_REGISTER", VGPU_IOCTL_HOST_REGISTER, sizeof(struct vgpu_host_register) },
	{ "MEM_COPY", VGPU_IOCTL_MEM_COPY, sizeof(struct vgpu_mem_copy) },
	{ "SHARE", VGPU_IOCTL_SHARE, sizeof(struct vgpu_share) },
	{ "OPEN_SHARED", VGPU_IOCTL_OPEN_SHARED, sizeof(struct vgpu_open_shared) },
	{ "CODE_LOAD", VGPU_IOCTL_CODE_LOAD, sizeof(struct vgpu_code_load) },
	{ "KERNEL_INFO", VGPU_IOCTL_KERNEL_INFO, sizeof(struct vgpu_kernel_info) },
	{ "QUEUE_CREATE", VGPU_IOCTL_QUEUE_CREATE, sizeof(struct vgpu_queue_create) },
	{ "DOORBELL", VGPU_IOCTL_DOORBELL, sizeof(struct vgpu_doorbell) },
	{ "FENCE_CREATE", VGPU_IOCTL_FENCE_CREATE, sizeof(struct vgpu_fence_create) },
	{ "FENCE_SIGNAL", VGPU_IOCTL_FENCE_SIGNAL, sizeof(struct vgpu_fence_signal) },
	{ "WAIT", VGPU_IOCTL_WAIT, sizeof(struct vgpu_wait) },
	{ "EVENTFD", VGPU_IOCTL_EVENTFD, sizeof(struct vgpu_eventfd) },
};
#define NOPS	(sizeof(ops) / sizeof(*ops))

TEST_F(abi, sizes)
{
	uint32_t buf[4096 / 4 + 4];

	for (const struct op *op = ops; op < ops + NOPS; op++) {
		TH_LOG("%s", op->name);
		memset(buf, 0, sizeof(buf));
		/* Too short, absurdly long, longer with something in it. */
		buf[0] = 0;
		EXPECT_EQ(-EINVAL, xioctl(self->fd, op->cmd, buf));
		buf[0] = 4;
		EXPECT_EQ(-EINVAL, xioctl(self->fd, op->cmd, buf));
		buf[0] = 4097;
		EXPECT_EQ(-E2BIG, xioctl(self->fd, op->cmd, buf));
		buf[0] = 0xffffffff;
		EXPECT_EQ(-E2BIG, xioctl(self->fd, op->cmd, buf));
		buf[0] = op->size + 4;
		buf[op->size / 4] = 1;
		EXPECT_EQ(-E2BIG, xioctl(self->fd, op->cmd, buf));
		EXPECT_EQ(-EFAULT, xioctl(self->fd, op->cmd, NULL));
		EXPECT_EQ(-EFAULT, xioctl(self->fd, op->cmd, (void *)0xffff888000000000ul));
	}
}

TEST_F(abi, longer_structs_are_taken)
{
	struct { struct vgpu_device_status st; uint64_t later[4]; } a = { .st.size = sizeof(a) };

	a.later[0] = 0;
	ASSERT_EQ(0, xioctl(self->fd, VGPU_IOCTL_DEVICE_STATUS, &a));
	EXPECT_EQ(sizeof(a), a.st.size);
	EXPECT_EQ(1, a.st.contexts);
}

TEST_F(abi, unknown_numbers)
{
	uint32_t buf[64] = { sizeof(buf) };

	for (unsigned int nr = 0; nr < 256; nr++) {
		bool known = false;

		for (const struct op *op = ops; op < ops + NOPS; op++)
			known |= op->cmd == _IO(VGPU_IOC_TYPE, nr);
		if (!known)
			EXPECT_EQ(-ENOTTY, xioctl(self->fd, _IO(VGPU_IOC_TYPE, nr), buf));
	}
	EXPECT_EQ(-ENOTTY, xioctl(self->fd, 0, buf));
	EXPECT_EQ(-ENOTTY, xioctl(self->fd, 0xffffffff, buf));
	EXPECT_EQ(-ENOTTY, xioctl(self->fd, _IO('F', 0xd2), buf));
	EXPECT_EQ(-ENOTTY, xioctl(self->fd, _IOWR(VGPU_IOC_TYPE, 0, uint32_t), buf));
}

#define REFUSED(NAME, type, member, ...) do {					\
	type s = { .size = sizeof(s), __VA_ARGS__ };				\
										\
	memset(&s.member, 0x80, sizeof(s.member));				\
	EXPECT_EQ(-EINVAL, xioctl(self->fd, VGPU_IOCTL_##NAME, &s))		\
		TH_LOG("%s.%s", #NAME, #member);				\
} while (0)

TEST_F(abi, flags_and_reserved_members)
{
	uint32_t bo, fence;
	struct queue q;

	ASSERT_EQ(0, bo_create(self->fd, self->ctx, 4096, &bo));
	ASSERT_EQ(0, queue_create(self->fd, self->ctx, 64, &q));
	ASSERT_EQ(0, fence_create(self->fd, self->ctx, 0, &fence));
	REFUSED(DEVICE_INFO, struct vgpu_device_info, reserved);
	REFUSED(DEVICE_STATUS, struct vgpu_device_status, reserved[3]);
	REFUSED(PROCESS_LIST, struct vgpu_process_list, reserved, .entry_size = 64);
	REFUSED(FAULT_QUERY, struct vgpu_fault_query, reserved);
	REFUSED(EVENT_QUERY, struct vgpu_event_query, flags);
	REFUSED(SENSORS, struct vgpu_sensors, flags);
	REFUSED(SENSORS, struct vgpu_sensors, reserved);
	REFUSED(SAMPLES, struct vgpu_samples, kind, .entry_size = sizeof(struct vgpu_sample));
	REFUSED(SAMPLES, struct vgpu_samples, reserved, .entry_size = sizeof(struct vgpu_sample));
	REFUSED(SAMPLES, struct vgpu_samples, entry_size);
	REFUSED(ACCOUNTS, struct vgpu_accounts, entry_size);
	REFUSED(DEVICE_SET, struct vgpu_device_set, what);
	REFUSED(DEVICE_SET, struct vgpu_device_set, value);
	REFUSED(INJECT, struct vgpu_inject, flags);
	REFUSED(INJECT, struct vgpu_inject, reserved);
	REFUSED(INJECT, struct vgpu_inject, kind);
	REFUSED(INJECT, struct vgpu_inject, value);
	REFUSED(RESET, struct vgpu_reset, flags);
	REFUSED(CTX_CREATE, struct vgpu_ctx_create, flags);
	REFUSED(CTX_CREATE, struct vgpu_ctx_create, reserved);
	REFUSED(BO_CREATE, struct vgpu_bo_create, flags, .ctx = self->ctx, .length = 1);
	REFUSED(BO_CREATE, struct vgpu_bo_create, reserved, .ctx = self->ctx, .length = 1);
	REFUSED(VA_MAP, struct vgpu_va_map, flags, .bo = bo);
	REFUSED(VA_MAP, struct vgpu_va_map, reserved, .bo = bo);
	REFUSED(VA_MAP, struct vgpu_va_map, align, .bo = bo);
	REFUSED(HOST_REGISTER, struct vgpu_host_register, flags, .ctx = self->ctx,
		.address = (uintptr_t)self, .length = 1);
	REFUSED(MEM_COPY, struct vgpu_mem_copy, flags, .ctx = self->ctx);
	REFUSED(MEM_COPY, struct vgpu_mem_copy, direction, .ctx = self->ctx);
	REFUSED(SHARE, struct vgpu_share, flags);
	REFUSED(OPEN_SHARED, struct vgpu_open_shared, flags, .ctx = self->ctx);
	REFUSED(CODE_LOAD, struct vgpu_code_load, flags, .ctx = self->ctx, .image_size = 8);
	REFUSED(QUEUE_CREATE, struct vgpu_queue_create, flags, .ctx = self->ctx, .slots = 64);
	REFUSED(QUEUE_CREATE, struct vgpu_queue_create, slots, .ctx = self->ctx);
	REFUSED(QUEUE_CREATE, struct vgpu_queue_create, priority, .ctx = self->ctx, .slots = 64);
	REFUSED(FENCE_CREATE, struct vgpu_fence_create, flags, .ctx = self->ctx);
	REFUSED(WAIT, struct vgpu_wait, flags, .handle = fence);
	REFUSED(WAIT, struct vgpu_wait, reserved, .handle = fence);
	REFUSED(EVENTFD, struct vgpu_eventfd, flags, .handle = fence);
}

/* A handle of the wrong kind, of nobody, of another file, and one that was closed. */
static int with_handle(int fd, unsigned int i, uint32_t h)
{
	uint32_t x;
	uint64_t va = 0;
	struct vgpu_bo_mmap m = { .size = sizeof(m), .handle = h };
	struct vgpu_code_load c = { .size = sizeof(c), .ctx = h, .image = (uintptr_t)&x,
				    .image_size = 4 };
	struct vgpu_kernel_info k = { .size = sizeof(k), .code = h };
	struct vgpu_doorbell d = { .size = sizeof(d), .queue = h };
	struct vgpu_eventfd e = { .size = sizeof(e), .handle = h, .fd = -1 };
	struct vgpu_fault f;
	struct queue q;

	switch (i) {
	case 0: return bo_create(fd, h, 4096, &x);
	case 1: return xioctl(fd, VGPU_IOCTL_BO_MMAP, &m);
	case 2: return va_map(fd, h, 0, 0, 0, &va);
	case 3: return va_unmap(fd, h, 4096);
	case 4: return host_register(fd, h, &x, 4, 0, &x);
	case 5: return to_gpu(fd, h, 4096, &x, 4);
	case 6: return xioctl(fd, VGPU_IOCTL_CODE_LOAD, &c);
	case 7: return xioctl(fd, VGPU_IOCTL_KERNEL_INFO, &k);
	case 8: return queue_create(fd, h, 64, &q);
	case 9: return xioctl(fd, VGPU_IOCTL_DOORBELL, &d);
	case 10: return fence_create(fd, h, 0, &x);
	case 11: return fence_signal(fd, h, 1);
	case 12: return wait_value(fd, h, 1, 0);
	case 13: return xioctl(fd, VGPU_IOCTL_EVENTFD, &e);
	case 14: return fault_query(fd, h, &f);
	}
	return 1;
}

TEST_F(abi, handles)
{
	uint32_t other_ctx, other_bo, closed, bo;
	int other = dev_open(), rc;

	ASSERT_EQ(0, ctx_create(other, &other_ctx));
	for (int i = 0; i < 50; i++)
		ASSERT_EQ(0, bo_create(other, other_ctx, 4096, &other_bo));
	ASSERT_EQ(0, bo_create(self->fd, self->ctx, 4096, &closed));
	ASSERT_EQ(0, bo_create(self->fd, self->ctx, 4096, &bo));
	ASSERT_EQ(0, destroy(self->fd, closed));
	for (unsigned int i = 0; i < 15; i++) {
		TH_LOG("case %u", i);
		if (i != 14)	/* context 0 there means the device */
			EXPECT_EQ(-ENOENT, with_handle(self->fd, i, 0));
		EXPECT_EQ(-ENOENT, with_handle(self->fd, i, other_bo));
		EXPECT_EQ(-ENOENT, with_handle(self->fd, i, closed));
		EXPECT_EQ(-ENOENT, with_handle(self->fd, i, 0xffffffff));
		rc = with_handle(self->fd, i, i == 1 || i == 2 ? self->ctx : bo);
		EXPECT_EQ(-EINVAL, rc);
	}
	EXPECT_EQ(-ENOENT, destroy(self->fd, closed));
	EXPECT_EQ(-ENOENT, destroy(self->fd, other_bo));
	EXPECT_EQ(-ENOENT, destroy(self->fd, 0));
	close(other);
}

TEST_F(abi, device_info)
{
	struct vgpu_device_info i = { .size = sizeof(i) };

	ASSERT_EQ(0, xioctl(self->fd, VGPU_IOCTL_DEVICE_INFO, &i));
	EXPECT_EQ(VGPU_UAPI_VERSION, i.uapi_version);
	EXPECT_EQ(0x10de, i.pci_ids & 0xffff);
	EXPECT_GE(i.cc_major, 7);
	EXPECT_GT(i.sm_count, 0);
	EXPECT_EQ(32, i.warp_size);
	EXPECT_GT(i.vram_bytes, 0);
	EXPECT_EQ(1ull << 47, i.va_start);
	EXPECT_GT(i.workers, 0);
	EXPECT_NE(0, i.name[0]);
	EXPECT_NE(0, i.uuid[0]);
}

TEST_F(abi, processes)
{
	struct vgpu_process p[64];
	struct vgpu_process_list l = {
		.size = sizeof(l), .count = 64, .processes = (uintptr_t)p, .entry_size = sizeof(*p),
	};
	uint32_t bo;
	bool found = false;

	ASSERT_EQ(0, bo_create(self->fd, self->ctx, 3 * MIB, &bo));
	ASSERT_EQ(0, xioctl(self->fd, VGPU_IOCTL_PROCESS_LIST, &l));
	for (unsigned int i = 0; i < l.count && i < 64; i++) {
		if (p[i].pid != (uint32_t)getpid())
			continue;
		found = true;
		EXPECT_EQ(3 * MIB, p[i].vram_used);
		EXPECT_EQ(1, p[i].contexts);
		EXPECT_EQ(0, p[i].last_error);
	}
	EXPECT_TRUE(found);
	l.entry_size = 0;
	EXPECT_EQ(-EINVAL, xioctl(self->fd, VGPU_IOCTL_PROCESS_LIST, &l));
	l.entry_size = sizeof(*p);
	l.processes = 8;
	EXPECT_EQ(-EFAULT, xioctl(self->fd, VGPU_IOCTL_PROCESS_LIST, &l));
}

TEST_F(abi, code_that_is_none)
{
	char log[256] = "", image[256] = "not a code object";
	struct vgpu_code_load c = {
		.size = sizeof(c), .ctx = self->ctx, .image = (uintptr_t)image,
		.image_size = sizeof(image), .log = (uintptr_t)log, .log_size = sizeof(log),
	};

	EXPECT_EQ(-EBADMSG, xioctl(self->fd, VGPU_IOCTL_CODE_LOAD, &c));
	EXPECT_NE(0, log[0]);
	c.log_size = 3;
	memset(log, 'x', sizeof(log));
	EXPECT_EQ(-EBADMSG, xioctl(self->fd, VGPU_IOCTL_CODE_LOAD, &c));
	EXPECT_EQ(0, log[2]);
	EXPECT_EQ('x', log[3]);
	c.log = 0;
	EXPECT_EQ(-EBADMSG, xioctl(self->fd, VGPU_IOCTL_CODE_LOAD, &c));
	c.image = 8;
	EXPECT_EQ(-EFAULT, xioctl(self->fd, VGPU_IOCTL_CODE_LOAD, &c));
	c.image_size = 1ull << 40;
	EXPECT_EQ(-EDQUOT, xioctl(self->fd, VGPU_IOCTL_CODE_LOAD, &c));
	c.image_size = 0;
	EXPECT_EQ(-EINVAL, xioctl(self->fd, VGPU_IOCTL_CODE_LOAD, &c));
}

/* The call on a struct that the kernel can read and not write. */
static int untold(int fd, unsigned long cmd, const void *arg, size_t size)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int rc;

	memcpy(page, arg, size);
	mprotect(page, 4096, PROT_READ);
	rc = xioctl(fd, cmd, page);
	munmap(page, 4096);
	return rc;
}

#define UNTOLD(NAME, ...) ({						\
	struct vgpu_##NAME _a = { .size = sizeof(_a), __VA_ARGS__ };	\
	uint32_t _first, _after;					\
									\
	ASSERT_EQ(0, fence_create(self->fd, self->ctx, 0, &_first));	\
	EXPECT_EQ(-EFAULT, untold(self->fd, cmd, &_a, sizeof(_a)));	\
	ASSERT_EQ(0, fence_create(self->fd, self->ctx, 0, &_after));	\
	/* Handles rise: one was given, and is none any more. */	\
	EXPECT_EQ(_first + 2, _after) TH_LOG(#NAME);			\
	EXPECT_EQ(-ENOENT, destroy(self->fd, _first + 1)) TH_LOG(#NAME); \
})

/* What nobody could be told of does not stay. */
TEST_F(abi, answer_that_cannot_be_written)
{
	struct vgpu_device_status before, after;
	void *p = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct vgpu_va_map m = { .size = sizeof(m), .flags = VGPU_VA_FIXED };
	struct vgpu_share s = { .size = sizeof(s), .flags = VGPU_SHARE_FD }, told;
	unsigned long cmd;
	int lowest;

	ASSERT_EQ(0, bo_create(self->fd, self->ctx, MIB, &m.bo));
	ASSERT_EQ(0, share(self->fd, m.bo, VGPU_SHARE_FD, &told));
	ASSERT_EQ(0, status(self->fd, &before));
	cmd = VGPU_IOCTL_CTX_CREATE;
	UNTOLD(ctx_create, .flags = 0);
	cmd = VGPU_IOCTL_BO_CREATE;
	UNTOLD(bo_create, .ctx = self->ctx, .length = MIB);
	cmd = VGPU_IOCTL_HOST_REGISTER;
	UNTOLD(host_register, .ctx = self->ctx, .address = (uintptr_t)p, .length = MIB);
	cmd = VGPU_IOCTL_OPEN_SHARED;
	UNTOLD(open_shared, .ctx = self->ctx, .flags = VGPU_SHARE_FD, .fd = told.fd);
	cmd = VGPU_IOCTL_QUEUE_CREATE;
	UNTOLD(queue_create, .ctx = self->ctx, .slots = 64);
	cmd = VGPU_IOCTL_FENCE_CREATE;
	UNTOLD(fence_create, .ctx = self->ctx);
	ASSERT_EQ(0, status(self->fd, &after));
	EXPECT_EQ(before.contexts, after.contexts);
	EXPECT_EQ(before.vram_used, after.vram_used);
	EXPECT_EQ(before.pinned_bytes, after.pinned_bytes);
	EXPECT_EQ(before.queues, after.queues);

	/* A mapping is gone when its address can be taken. */
	m.va = VGPU_VA_SPLIT + (1ull << 40);
	EXPECT_EQ(-EFAULT, untold(self->fd, VGPU_IOCTL_VA_MAP, &m, sizeof(m)));
	EXPECT_EQ(0, xioctl(self->fd, VGPU_IOCTL_VA_MAP, &m));

	lowest = dup(0);
	s.handle = m.bo;
	EXPECT_EQ(-EFAULT, untold(self->fd, VGPU_IOCTL_SHARE, &s, sizeof(s)));
	close(lowest);
	EXPECT_EQ(lowest, dup(0));
	EXPECT_EQ(-1, fcntl(lowest + 1, F_GETFD));
	close(lowest);
	close(told.fd);
	munmap(p, MIB);
}

TEST_HARNESS_MAIN
