/* SPDX-License-Identifier: MIT */
/* A context that can launch the kernels of kernels.visa. */
#ifndef SELFTESTS_DRIVER_GPU_H
#define SELFTESTS_DRIVER_GPU_H

#include <stdio.h>

#include "../../userlib/visa/visa.h"
#include "dev.h"

enum { COUNT, MEET, ENDLESS, STORE, WORK, RECURSE, TRAP, ASSERT, PHASES, SCATTER, HOG, ROOMY, SQUAT, DENORMALS, ROOTS,
       BREAKS, SYNCS, PARTIAL, BULK, IDLE, LITTER, CHAIN, AMPLE, KERNELS };

static const char source[] = {
#include "kernels.inc"
};

/* A context with memory, a queue and the kernels. */
struct gpu {
	int fd;
	uint32_t ctx;
	uint32_t bo;
	uint64_t va;
	uint32_t code;
	struct queue q;
};

static inline int code_load(int fd, uint32_t ctx, const void *image, size_t size, uint32_t *code)
{
	char log[256] = "";
	struct vgpu_code_load c = {
		.size = sizeof(c), .ctx = ctx, .image = (uintptr_t)image, .image_size = size,
		.log = (uintptr_t)log, .log_size = sizeof(log),
	};
	int rc = xioctl(fd, VGPU_IOCTL_CODE_LOAD, &c);

	if (rc)
		printf("# %s\n", log);
	*code = c.handle;
	return rc;
}

static inline int gpu_open(struct gpu *g)
{
	struct visa_error err;
	void *image;
	size_t size;
	int rc;

	if (visa_assemble(source, &image, &size, &err)) {
		printf("# kernels.visa:%u: %s\n", err.line, err.text);
		return -EINVAL;
	}
	g->fd = dev_open();
	rc = ctx_create(g->fd, &g->ctx);
	rc = rc ? rc : bo_mapped(g->fd, g->ctx, 4 * MIB, &g->bo, &g->va);
	rc = rc ? rc : queue_create(g->fd, g->ctx, 256, &g->q);
	rc = rc ? rc : code_load(g->fd, g->ctx, image, size, &g->code);
	free(image);
	return rc;
}

/* All of it: a ring's mappings would keep the file. */
static inline void gpu_close(struct gpu *g)
{
	munmap(g->q.user, g->q.user_length);
	munmap((void *)g->q.kernel, 4096);
	close(g->fd);
}

struct launch {
	struct vgpu_pkt_launch p;
	uint64_t param[8];
};

static inline struct launch launch(const struct gpu *g, uint32_t kernel, uint32_t grid, uint32_t block,
			    uint64_t address, uint32_t number)
{
	struct launch l = {
		.p = {
			.hdr = { .type = VGPU_PKT_LAUNCH, .slots = 3 },
			.code = g->code, .kernel = kernel, .grid = { grid, 1, 1 },
			.block = { block, 1, 1 }, .param_bytes = 16,
		},
		.param = { address, number },
	};

	return l;
}

static inline uint64_t run(struct gpu *g, const struct launch *l)
{
	uint64_t n = submit(&g->q, l);

	while (!n) {
		wait_value(g->fd, g->q.handle, g->q.seqno - 10, 20 * SECOND);
		n = submit(&g->q, l);
	}
	return n;
}

static inline uint32_t peek(struct gpu *g, uint64_t offset)
{
	uint32_t x = 0xdeadbeef;

	from_gpu(g->fd, g->ctx, g->va + offset, &x, 4);
	return x;
}

/* Bytes that the machine has available. */
static inline uint64_t available(void)
{
	char text[4096] = "";
	FILE *f = fopen("/proc/meminfo", "r");
	const char *at;

	(void)!fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	at = strstr(text, "MemAvailable:");
	return at ? strtoull(at + 13, NULL, 10) * KIB : 0;
}

#endif
