/* SPDX-License-Identifier: MIT */
/* What the tests of memory begin with: a render node and a context of its device. */
#ifndef SELFTESTS_DRM_NODE_FIXTURE_H
#define SELFTESTS_DRM_NODE_FIXTURE_H

#include "node.h"
#include "../lib/harness.h"

FIXTURE(node) {
	int fd;		/* render node */
	int gpu;	/* /dev/vgpu0 */
	uint32_t ctx;
};

FIXTURE_SETUP(node)
{
	self->fd = node_open();
	ASSERT_GE(self->fd, 0);
	self->gpu = dev_open();
	ASSERT_GE(self->gpu, 0);
	ASSERT_EQ(0, ctx_create(self->gpu, &self->ctx));
}

FIXTURE_TEARDOWN(node)
{
	close(self->gpu);
	close(self->fd);
}

static inline uint64_t vram_used(int gpu)
{
	struct vgpu_device_status st;

	return status(gpu, &st) ? ~0ull : st.vram_used;
}

#endif
