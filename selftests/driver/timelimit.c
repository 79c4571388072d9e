// SPDX-License-Identifier: MIT
/* A module with time_limit_ms: endless kernels end, and what waits for a device that hangs. */
#include "../lib/harness.h"

#include "gpu.h"

FIXTURE(limited)
{
	struct gpu g;
};

FIXTURE_SETUP(limited)
{
	struct vgpu_device_info i = { .size = sizeof(i) };

	ASSERT_EQ(0, gpu_open(&self->g));
	ASSERT_EQ(0, xioctl(self->g.fd, VGPU_IOCTL_DEVICE_INFO, &i));
	if (!i.time_limit_ms)
		SKIP(return, "no time limit");
}

FIXTURE_TEARDOWN(limited)
{
	close(self->g.fd);
}

/* Short launches one after the other, together for longer than any of them may. */
static int short_ones(struct gpu *g, uint64_t ns)
{
	struct launch l = launch(g, COUNT, 100, 32, g->va, 0);
	uint64_t end = now_ns() + ns;
	int rc;

	do {
		for (int n = 0; n < 100; n++)
			run(g, &l);
		rc = queue_sync(&g->q);
	} while (!rc && now_ns() < end);
	return rc;
}

/* Not even where the host stops a worker for a second, which counts as a quarter of the limit. */
TEST_F(limited, short_kernels_do_not_end)
{
	struct vgpu_device_info i = { .size = sizeof(i) };
	struct vgpu_fault f;
	int rc;

	ASSERT_EQ(0, xioctl(self->g.fd, VGPU_IOCTL_DEVICE_INFO, &i));
	rc = short_ones(&self->g, 3 * SECOND / 1000 * i.time_limit_ms);
	ASSERT_EQ(0, fault_query(self->g.fd, self->g.ctx, &f));
	EXPECT_EQ(0, rc)
		TH_LOG("fault %d in line %d of %s", f.kind, f.line, f.kernel_name);
}

TEST_F(limited, endless_kernel_ends)
{
	struct vgpu_fault f;
	struct launch l;

	l = launch(&self->g, ENDLESS, 4, 32, self->g.va, 0);
	run(&self->g, &l);
	EXPECT_EQ(-EIO, queue_sync(&self->g.q));
	ASSERT_EQ(0, fault_query(self->g.fd, self->g.ctx, &f));
	EXPECT_EQ(VGPU_FAULT_TIMEOUT, f.kind);
	EXPECT_EQ(8, f.xid);
	EXPECT_STREQ("endless", f.kernel_name);
	/* Where it stood: in some block's loop. */
	EXPECT_EQ(7, f.line);
	EXPECT_NE(0, f.pc);
	EXPECT_LT(f.block[0], 4);
	EXPECT_LT(f.thread[0], 32);
	EXPECT_LT(f.lane, 32);
}

/* Many blocks that are short themselves: the launch is over the limit all the same, between two of them. */
TEST_F(limited, many_short_blocks_end)
{
	struct vgpu_fault f;
	struct launch l;

	l = launch(&self->g, WORK, 100000000, 32, self->g.va, 100);
	run(&self->g, &l);
	EXPECT_EQ(-EIO, queue_sync(&self->g.q));
	ASSERT_EQ(0, fault_query(self->g.fd, self->g.ctx, &f));
	EXPECT_EQ(VGPU_FAULT_TIMEOUT, f.kind);
	EXPECT_NE(0, f.pc);
	EXPECT_NE(0, f.block[0]);
	EXPECT_LT(f.block[0], 100000000);
}

static int inject(int fd, uint32_t kind)
{
	struct vgpu_inject a = { .size = sizeof(a), .kind = kind };

	return xioctl(fd, VGPU_IOCTL_INJECT, &a);
}

/* A launch and a copy by ioctl, each from a context of its own; who asks for nothing is left alone. */
TEST_F(limited, a_hang_ends_who_waits_for_it)
{
	struct vgpu_fault f;
	struct gpu idle;
	struct launch l;
	uint32_t ctx, bo, word = 0;
	uint64_t va;

	ASSERT_EQ(0, gpu_open(&idle));
	ASSERT_EQ(0, ctx_create(self->g.fd, &ctx));
	ASSERT_EQ(0, bo_mapped(self->g.fd, ctx, MIB, &bo, &va));
	ASSERT_EQ(0, inject(self->g.fd, VGPU_INJECT_HANG));
	l = launch(&self->g, COUNT, 1, 32, self->g.va, 0);
	run(&self->g, &l);
	EXPECT_EQ(-EIO, queue_sync(&self->g.q));
	ASSERT_EQ(0, fault_query(self->g.fd, self->g.ctx, &f));
	EXPECT_EQ(VGPU_FAULT_TIMEOUT, f.kind);
	EXPECT_EQ(109, f.xid);
	EXPECT_EQ(-EIO, to_gpu(self->g.fd, ctx, va, &word, 4));
	ASSERT_EQ(0, fault_query(self->g.fd, ctx, &f));
	EXPECT_EQ(109, f.xid);
	ASSERT_EQ(0, fault_query(idle.fd, idle.ctx, &f));
	EXPECT_EQ(VGPU_FAULT_NONE, f.kind);
	ASSERT_EQ(0, inject(self->g.fd, VGPU_INJECT_CLEAR));
	l = launch(&idle, COUNT, 1, 32, idle.va, 0);
	run(&idle, &l);
	EXPECT_EQ(0, queue_sync(&idle.q));
	close(idle.fd);
}

TEST_HARNESS_MAIN
