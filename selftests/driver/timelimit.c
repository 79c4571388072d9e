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
	close(g.fd);
}

TEST_HARNESS_MAIN
