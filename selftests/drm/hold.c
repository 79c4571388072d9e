// SPDX-License-Identifier: MIT
/*
 * hold WHAT: keep something of a render node while the script does things to modules and devices.
 *	node	the open file, memory, a mapping
 *	buffer	a dma-buf only
 *	fence	a sync_file only, of a packet that completed
 * Says "ready", waits for a line; "node" then says what still works.
 *
 * hold all: use every node there is for two seconds, whatever happens to it.
 */
#include "node.h"

static int hold_fence(int fd)
{
	struct vgpu_pkt_header nop[VGPU_SLOT_BYTES / sizeof(struct vgpu_pkt_header)] = {
		{ .type = VGPU_PKT_NOP, .slots = 1 },
	};
	int gpu = dev_open(), file = -1;
	uint32_t ctx, obj;
	struct queue q;

	if (ctx_create(gpu, &ctx) || queue_create(gpu, ctx, 64, &q) || !submit(&q, nop) || queue_sync(&q) ||
	    drmSyncobjCreate(fd, 0, &obj) || put_fence(fd, gpu, q.handle, 1, obj, 0) ||
	    drmSyncobjExportSyncFile(fd, obj, &file))
		return -1;
	munmap(q.user, q.user_length);
	munmap((void *)q.kernel, 4096);
	close(gpu);
	return file;
}

static void use(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC), buf;
	uint32_t handle;
	uint64_t v;
	char *p;

	if (fd < 0)
		return;
	get_param(fd, DRM_VGPU_PARAM_FREE, &v);
	if (!gem_create(fd, 64 * KIB, &handle)) {
		p = gem_mmap(fd, handle, 64 * KIB);
		if (p != MAP_FAILED) {
			memset(p, 1, 64 * KIB);
			munmap(p, 64 * KIB);
		}
		if (!prime_export(fd, handle, &buf))
			close(buf);
	}
	fdinfo(fd, "drm-total-vram");
	close(fd);
}

static int use_all(void)
{
	uint64_t end = now_ns() + 2 * SECOND;
	char path[32];

	while (now_ns() < end)
		for (int i = 128; i < 144; i++) {
			snprintf(path, sizeof(path), "/dev/dri/renderD%d", i);
			use(path);
		}
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "node";
	uint32_t handle, more;
	int fd, kept = -1;
	volatile char *p;
	char line[16];

	if (!strcmp(what, "all"))
		return use_all();
	fd = node_open();
	if (fd < 0 || gem_create(fd, 64 * KIB, &handle))
		return 1;
	p = gem_mmap(fd, handle, 64 * KIB);
	if (p == MAP_FAILED)
		return 1;
	p[4096] = 7;
	if (strcmp(what, "node")) {
		if (!strcmp(what, "fence"))
			kept = hold_fence(fd);
		else if (prime_export(fd, handle, &kept))
			return 1;
		if (kept < 0)
			return 1;
		munmap((void *)p, 64 * KIB);
		close(fd);
	}
	puts("ready");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	if (kept >= 0) {
		close(kept);
		return 0;
	}
	printf("mapped %d\n", p[4096]);
	p[8192] = 8;
	printf("written %d\n", p[8192]);
	printf("ioctl %s\n", strerror(-gem_create(fd, 4096, &more)));
	printf("close %s\n", strerror(-gem_close(fd, handle)));
	return 0;
}
