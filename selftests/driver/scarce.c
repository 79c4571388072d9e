// SPDX-License-Identifier: MIT
/*
 * A process without a GPU takes the machine's memory down to the reserve (a large one: inside.sh). Launches
 * of others wait until there is some, as the documentation says; nobody's context ends.
 */
#include "../lib/harness.h"

#include "gpu.h"

static uint64_t reserve(void)
{
	unsigned long long mib = 0;
	FILE *f = fopen("/sys/module/vgpu/parameters/reserve_mib", "r");

	if (!f || fscanf(f, "%llu", &mib) != 1)
		mib = 0;
	if (f)
		fclose(f);
	return mib * MIB;
}

/* Take memory until 8 MiB of the reserve are gone. */
static void hog(int say)
{
	while (available() + 8 * MIB > reserve()) {
		char *p = mmap(NULL, 4 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			_exit(1);
		memset(p, 1, 4 * MIB);
	}
	if (write(say, "x", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

TEST(launch_waits_for_memory)
{
	struct launch small, large;
	int ready[2], st;
	struct gpu g;
	uint32_t bo;
	pid_t pid;
	char c;

	ASSERT_GT(reserve(), 64 * MIB);
	ASSERT_EQ(0, gpu_open(&g));
	small = launch(&g, COUNT, 1, 32, g.va, 1);
	large = launch(&g, ROOMY, 1, 128, g.va, 10);
	large.p.local_bytes = 64 * KIB;
	ASSERT_EQ(0, pipe(ready));
	pid = fork();
	if (!pid)
		hog(ready[1]);
	close(ready[1]);
	ASSERT_EQ(1, read(ready[0], &c, 1));
	close(ready[0]);
	EXPECT_NE(0, bo_create(g.fd, g.ctx, 4 * MIB, &bo));	/* it is scarce indeed */
	run(&g, &small);
	run(&g, &large);
	EXPECT_EQ(-ETIME, wait_value(g.fd, g.q.handle, g.q.seqno, 3 * SECOND));
	kill(pid, SIGKILL);
	waitpid(pid, &st, 0);
	EXPECT_EQ(0, queue_sync(&g.q));
	close(g.fd);
}

TEST_HARNESS_MAIN
