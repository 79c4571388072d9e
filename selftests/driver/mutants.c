// SPDX-License-Identifier: MIT
/*
 * Code objects cut short and with bytes changed: each is refused with a message or runs to
 * some end that the kernel survives, while another context goes on. VGPU_MUTANTS says how
 * many (default 400), VGPU_SEED which.
 */
#include <stdio.h>
#include <string.h>

#include "../lib/harness.h"

#include "gpu.h"

#define PATIENCE_NS	(SECOND / 50)	/* a mutant may well be endless */

FIXTURE(mutants)
{
	struct gpu g;
	void *image;
	size_t size;
	uint64_t random;
	unsigned int accepted, refused;
};

FIXTURE_SETUP(mutants)
{
	const char *seed = getenv("VGPU_SEED");
	struct visa_error err;

	ASSERT_EQ(0, gpu_open(&self->g));
	ASSERT_EQ(0, visa_assemble(source, &self->image, &self->size, &err));
	self->random = seed ? strtoull(seed, NULL, 0) : 0x9e3779b97f4a7c15;
}

FIXTURE_TEARDOWN(mutants)
{
	free(self->image);
	close(self->g.fd);
}

static uint64_t next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

/* Loads an image into a context of its own and runs each of its kernels for a moment. */
static bool try(struct __test_metadata *_metadata, const void *image, size_t size)
{
	char log[256] = "";
	struct vgpu_code_load c = {
		.size = sizeof(c), .image = (uintptr_t)image, .image_size = size,
		.log = (uintptr_t)log, .log_size = sizeof(log),
	};
	struct gpu g = { .fd = dev_open() };
	int rc;

	EXPECT_EQ(0, ctx_create(g.fd, &g.ctx));
	c.ctx = g.ctx;
	rc = xioctl(g.fd, VGPU_IOCTL_CODE_LOAD, &c);
	if (rc) {
		EXPECT_EQ(-EBADMSG, rc);
		EXPECT_NE(0, log[0]);
		close(g.fd);
		return false;
	}
	g.code = c.handle;
	EXPECT_EQ(0, bo_mapped(g.fd, g.ctx, 4 * MIB, &g.bo, &g.va));
	for (uint32_t kernel = COUNT; kernel <= PHASES; kernel++) {
		struct launch l = launch(&g, kernel, 3, 64, g.va, 100);

		if (queue_create(g.fd, g.ctx, 64, &g.q))
			break;	/* the context has ended */
		submit(&g.q, &l);
		wait_value(g.fd, g.q.handle, 1, PATIENCE_NS);
		munmap(g.q.user, g.q.user_length);
		munmap((void *)g.q.kernel, 4096);
		destroy(g.fd, g.q.handle);
	}
	close(g.fd);
	return true;
}

static void others_go_on(struct __test_metadata *_metadata, struct gpu *g)
{
	struct launch l = launch(g, COUNT, 10, 64, g->va, 0);
	uint32_t before = peek(g, 0);

	run(g, &l);
	EXPECT_EQ(0, queue_sync(&g->q));
	EXPECT_EQ(before + 1, peek(g, 0));
}

TEST_F_TIMEOUT(mutants, cut_short, 300)
{
	size_t step = self->size / 100 + 1;

	for (size_t n = 1; n < self->size; n += n < 64 || n > self->size - 64 ? 1 : step)
		EXPECT_FALSE(try(_metadata, self->image, n));
	EXPECT_TRUE(try(_metadata, self->image, self->size));
	others_go_on(_metadata, &self->g);
}

/* A name that would begin a line of its own and switch a terminal's colours. */
TEST_F(mutants, name_in_the_log)
{
	static const char name[] = "\n\x1b[7m";
	char *at = memmem(self->image, self->size, "store", 6), *log;
	struct gpu g = { .fd = dev_open() };
	struct launch l;

	ASSERT_NE(NULL, at);
	memcpy(at, name, 5);
	ASSERT_EQ(0, ctx_create(g.fd, &g.ctx));
	ASSERT_EQ(0, bo_mapped(g.fd, g.ctx, 4 * MIB, &g.bo, &g.va));
	ASSERT_EQ(0, queue_create(g.fd, g.ctx, 64, &g.q));
	ASSERT_EQ(0, code_load(g.fd, g.ctx, self->image, self->size, &g.code));
	l = launch(&g, STORE, 1, 64, 8, 0);
	sleep(6);	/* the log takes ten faults in five seconds; others came before */
	submit(&g.q, &l);
	EXPECT_EQ(-EIO, queue_sync(&g.q));
	log = kernel_log();
	EXPECT_EQ(NULL, strstr(log, "kernel '\n"));
	EXPECT_NE(NULL, strstr(log, "kernel '\\n\\e[7m' block"));
	free(log);
	close(g.fd);
}

TEST_F_TIMEOUT(mutants, bytes_changed, 3600)
{
	const char *s = getenv("VGPU_MUTANTS");
	unsigned int count = s ? strtoul(s, NULL, 0) : 400;
	uint8_t *mutant = malloc(self->size);

	for (unsigned int i = 0; i < count; i++) {
		/* One change in two of three: more leave it valid, and those are run. */
		unsigned int changes = i % 3 ? 1 : 2 + next_random(&self->random) % 3;

		memcpy(mutant, self->image, self->size);
		for (unsigned int k = 0; k < changes; k++) {
			uint64_t r = next_random(&self->random);

			mutant[(r >> 16) % self->size] ^= 1 << (r & 7);
		}
		if (try(_metadata, mutant, self->size))
			self->accepted++;
		else
			self->refused++;
		if (i % 64 == 0)
			others_go_on(_metadata, &self->g);
	}
	TH_LOG("%u accepted and run, %u refused", self->accepted, self->refused);
	/* Both happen, or this tests nothing. */
	EXPECT_GT(self->accepted, 0);
	EXPECT_GT(self->refused, 0);
	free(mutant);
}

TEST_HARNESS_MAIN
