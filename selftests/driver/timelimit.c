// SPDX-License-Identifier: MIT
/* A module with time_limit_ms: endless kernels end. */
#include "kselftest_harness.h"

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

TEST_F(limited, endless_kernel_ends)
{
	struct vgpu_fault f;
	struct launch l;

	/* Short ones do not. */
	l = launch(&self->g, COUNT, 100, 32, self->g.va, 0);
	for (int n = 0; n < 100; n++)
		run(&self->g, &l);
	ASSERT_EQ(0, queue_sync(&self->g.q));
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

TEST_HARNESS_MAIN
