// SPDX-License-Identifier: MIT
/*
 * Nodes that are opened while the module loads: the file is there when the module is, and when it
 * fails to load nobody has one. The module must not be there at the start.
 */
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#include "../lib/harness.h"

#include "dev.h"
#include "failnth.h"

#define PARAMETERS	"vram=64 gpus=3"
#define TAIL		24	/* the last allocations of a load, for the last nodes; PCI, before them, does not survive a failure */

/* What the openers and the loader share. */
struct shared {
	atomic_bool stop;	/* openers end */
	atomic_bool loading;
	atomic_uint opened;	/* files that work */
	atomic_uint broken;	/* that do not */
	atomic_uint refused;	/* none, of a load that was going on */
};

static struct shared *shared;
static const char * const nodes[] = { NODE, "/dev/nvidia0", "/dev/nvidiactl" };
#define NNODES	(sizeof(nodes) / sizeof(*nodes))

/* What a file of a node that was opened is good for; nvidiactl's knows no ioctl. */
static bool works(int fd, unsigned int node)
{
	struct vgpu_device_status st;

	return node == NNODES - 1 ? ioctl(fd, 1, 0) && errno == ENOTTY : !status(fd, &st);
}

/* Opens as soon as there is something to open, and keeps it until the load has ended. */
static void opener(unsigned int node)
{
	cpu_set_t all;

	/* not behind the one that loads */
	memset(&all, 0xff, sizeof(all));
	sched_setaffinity(0, sizeof(all), &all);
	while (!atomic_load(&shared->stop)) {
		bool early = atomic_load(&shared->loading);
		int fd = open(nodes[node], O_RDWR | O_CLOEXEC);

		if (fd < 0 && errno == ENODEV && early)
			atomic_fetch_add(&shared->refused, 1);
		if (fd < 0)
			continue;
		while (atomic_load(&shared->loading))
			sched_yield();
		atomic_fetch_add(works(fd, node) ? &shared->opened : &shared->broken, 1);
		close(fd);
		/* rmmod's turn */
		while (!access(nodes[node], F_OK) && !atomic_load(&shared->stop))
			sched_yield();
	}
	_exit(0);
}

static int load(void)
{
	int fd = open(getenv("VGPU_KO") ?: "vgpu.ko", O_RDONLY | O_CLOEXEC);
	int rc;

	atomic_store(&shared->loading, true);
	rc = syscall(SYS_finit_module, fd, PARAMETERS, 0) ? -errno : 0;
	atomic_store(&shared->loading, false);
	close(fd);
	return rc;
}

/* Openers close theirs soon. */
static int unload(void)
{
	int rc;

	for (int i = 0; i < 2000; i++) {
		rc = syscall(SYS_delete_module, "vgpu", O_NONBLOCK) ? -errno : 0;
		if (rc != -EAGAIN && rc != -EBUSY)
			break;
		usleep(1000);
	}
	return rc;
}

FIXTURE(loading)
{
	pid_t opener[NNODES];
};

FIXTURE_SETUP(loading)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, shared);
	for (unsigned int i = 0; i < NNODES; i++) {
		self->opener[i] = fork();
		ASSERT_GE(self->opener[i], 0);
		if (!self->opener[i])
			opener(i);
	}
}

FIXTURE_TEARDOWN(loading)
{
	int st;

	atomic_store(&shared->stop, true);
	for (unsigned int i = 0; i < NNODES; i++) {
		EXPECT_EQ(self->opener[i], waitpid(self->opener[i], &st, 0));
		EXPECT_EQ(0, st);
	}
	EXPECT_EQ(0, atomic_load(&shared->broken));
	TH_LOG("%u opened, %u refused", atomic_load(&shared->opened), atomic_load(&shared->refused));
	munmap(shared, sizeof(*shared));
}

TEST_F(loading, what_is_opened_works)
{
	for (int i = 0; i < 5; i++) {
		ASSERT_EQ(0, load());
		for (int ms = 0; ms < 5000 && atomic_load(&shared->opened) < 1 + i; ms++)
			usleep(1000);
		ASSERT_EQ(0, unload());
	}
	EXPECT_GE(atomic_load(&shared->opened), 5);
}

/* How many allocations a load makes that succeeds. */
static unsigned int allocations(struct __test_metadata *_metadata)
{
	const unsigned int many = 1000000;
	char text[16] = "";

	failnth_set(many);
	EXPECT_EQ(0, load());
	EXPECT_LT(0, pread(failnth_fd, text, sizeof(text) - 1, 0));
	failnth_set(0);
	EXPECT_EQ(0, unload());
	return many - atoi(text);
}

/* The first devices' nodes are there when the last one's cannot be made. */
TEST_F(loading, a_load_that_fails_leaves_nobody_a_file)
{
	unsigned int total, left, failures = 0;
	int rc;

	if (!failnth_open())
		SKIP(return, "the kernel has no fail-nth");
	total = allocations(_metadata);
	ASSERT_GT(total, TAIL);
	for (left = 0; left < TAIL; left++) {
		failnth_set(total - left);
		rc = load();
		failnth_set(0);
		EXPECT_TRUE(!rc || rc == -ENOMEM)
			TH_LOG("allocation %u of %u: %d", total - left, total, rc);
		if (rc)
			failures++;
		else
			ASSERT_EQ(0, unload());
	}
	TH_LOG("%u allocations, %u of %u loads failed", total, failures, TAIL);
	EXPECT_GE(failures, 5);
	EXPECT_GE(atomic_load(&shared->refused), 1);
}

TEST_HARNESS_MAIN
