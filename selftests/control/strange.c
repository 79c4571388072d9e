// SPDX-License-Identifier: MIT
/*
 * strange: a process and a kernel of its whose names are commands to a terminal and no UTF-8. The kernel has
 * faulted when it says "ready"; it goes at a line.
 */
#include <sys/prctl.h>
#include "../../userlib/visa/visa.h"
#include "../driver/dev.h"

/* ESC [ 3 1 m, back to the line's begin, a byte that begins nothing, an e acute, CSI as UTF-8 has it */
#define NAME "X\033[31m\r\xff\xc3\xa9\xc2\x9b"

static const char source[] = ".kernel \"" NAME "\" func=f vregs=4 sregs=4 param=16\n"
			     ".func f\n"
			     "\ttrap 0\n"
			     "\texit\n"
			     ".end\n";

static int load(int fd, uint32_t ctx, uint32_t *code)
{
	struct vgpu_code_load c = { .size = sizeof(c), .ctx = ctx };
	struct visa_error err;
	void *image;
	size_t size;
	int rc;

	if (visa_assemble(source, &image, &size, &err)) {
		fprintf(stderr, "%u: %s\n", err.line, err.text);
		return -EINVAL;
	}
	c.image = (uintptr_t)image;
	c.image_size = size;
	rc = xioctl(fd, VGPU_IOCTL_CODE_LOAD, &c);
	free(image);
	*code = c.handle;
	return rc;
}

int main(void)
{
	struct {
		struct vgpu_pkt_launch p;
		uint64_t param[8];
	} l = { .p = { .hdr = { .type = VGPU_PKT_LAUNCH, .slots = 3 }, .grid = { 1, 1, 1 }, .block = { 1, 1, 1 }, .param_bytes = 16 } };
	int fd = dev_open(), rc;
	struct queue q;
	uint32_t ctx;
	char line[8];

	prctl(PR_SET_NAME, NAME);
	rc = ctx_create(fd, &ctx);
	rc = rc ? rc : queue_create(fd, ctx, 64, &q);
	rc = rc ? rc : load(fd, ctx, &l.p.code);
	if (rc) {
		fprintf(stderr, "%s\n", strerror(-rc));
		return 1;
	}
	submit(&q, &l);
	rc = queue_sync(&q);
	puts(rc == -EIO ? "ready" : "no fault");
	fflush(stdout);
	return !fgets(line, sizeof(line), stdin);
}
