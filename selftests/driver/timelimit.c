// SPDX-License-Identifier: MIT
/* A module with time_limit_ms: endless kernels end. */
#include "kselftest_harness.h"

#include "gpu.h"

TEST(endless_kernel_ends)
{
	struct vgpu_device_info i = { .size = sizeof(i) };
	struct vgpu_fault f;
	struct launch l;
	struct gpu g;

	ASSERT_EQ(0, gpu_open(&g));
	ASSERT_EQ(0, xioctl(g.fd, VGPU_IOCTL_DEVICE_INFO, &i));
	if (!i.time_limit_ms)
		SKIP(return, "no time limit");
	/* Short ones do not. */
	l = launch(&g, COUNT, 100, 32, g.va, 0);
	for (int n = 0; n < 100; n++)
		run(&g, &l);
	ASSERT_EQ(0, queue_sync(&g.q));
	l = launch(&g, ENDLESS, 4, 32, g.va, 0);
	run(&g, &l);
	EXPECT_EQ(-EIO, queue_sync(&g.q));
	ASSERT_EQ(0, fault_query(g.fd, g.ctx, &f));
	EXPECT_EQ(VGPU_FAULT_TIMEOUT, f.kind);
	EXPECT_EQ(8, f.xid);
	EXPECT_STREQ("endless", f.kernel_name);
	/* Where it stood: in some block's loop. */
	EXPECT_EQ(7, f.line);
	EXPECT_NE(0, f.pc);
	EXPECT_LT(f.block[0], 4);
	EXPECT_LT(f.thread[0], 32);
	EXPECT_LT(f.lane, 32);
	close(g.fd);
}

/* Many blocks that are short themselves: the launch is over the limit all the same, between two of them. */
TEST(many_short_blocks_end)
{
	struct vgpu_device_info i = { .size = sizeof(i) };
	struct vgpu_fault f;
	struct launch l;
	struct gpu g;

	ASSERT_EQ(0, gpu_open(&g));
	ASSERT_EQ(0, xioctl(g.fd, VGPU_IOCTL_DEVICE_INFO, &i));
	if (!i.time_limit_ms)
		SKIP(return, "no time limit");
	l = launch(&g, WORK, 100000000, 32, g.va, 100);
	run(&g, &l);
	EXPECT_EQ(-EIO, queue_sync(&g.q));
	ASSERT_EQ(0, fault_query(g.fd, g.ctx, &f));
	EXPECT_EQ(VGPU_FAULT_TIMEOUT, f.kind);
	EXPECT_NE(0, f.pc);
	EXPECT_NE(0, f.block[0]);
	EXPECT_LT(f.block[0], 100000000);
	close(g.fd);
}

TEST_HARNESS_MAIN
