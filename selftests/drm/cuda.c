// SPDX-License-Identifier: MIT
/*
 * Device memory of a CUDA program as a dma-buf: cuMemGetHandleForAddressRange.
 *	cuda with	there is a render node
 *	cuda without	there is none: refused
 */
#include <dlfcn.h>
#include "node.h"

#define ATTRIBUTE_DMA_BUF_SUPPORTED	124
#define INVALID_VALUE			1
#define NOT_SUPPORTED			801

typedef unsigned long long devptr;

static struct {
	int (*init)(unsigned int flags);
	int (*attribute)(int *value, int attribute, int device);
	int (*create)(void **ctx, unsigned int flags, int device);
	int (*destroy)(void *ctx);
	int (*alloc)(devptr *p, size_t size);
	int (*alloc_managed)(devptr *p, size_t size, unsigned int flags);
	int (*free)(devptr p);
	int (*to_device)(devptr to, const void *from, size_t size);
	int (*to_host)(void *to, devptr from, size_t size);
	int (*handle)(void *handle, devptr p, size_t size, int type, unsigned long long flags);
} cu;

static int number, failed;

static void ok(int good, const char *what)
{
	printf("%sok %d %s\n", good ? "" : "not ", ++number, what);
	failed |= !good;
}

static int load(void)
{
	void *l = dlopen("libcuda.so.1", RTLD_NOW);
	static const char *const names[] = {
		"cuInit", "cuDeviceGetAttribute", "cuCtxCreate_v2", "cuCtxDestroy_v2", "cuMemAlloc_v2",
		"cuMemAllocManaged", "cuMemFree_v2", "cuMemcpyHtoD_v2", "cuMemcpyDtoH_v2",
		"cuMemGetHandleForAddressRange",
	};

	for (size_t i = 0; l && i < sizeof(names) / sizeof(*names); i++)
		if (!(((void **)&cu)[i] = dlsym(l, names[i])))
			l = NULL;
	return l ? 0 : -1;
}

static void with(devptr p, void *ctx)
{
	int fd = -1, render = node_open();
	char word[16] = "";
	uint32_t handle;
	devptr managed;
	char *m;

	ok(!cu.handle(&fd, p, 4 << 20, 1, 0) && lseek(fd, 0, SEEK_END) == 4 << 20, "a whole allocation");
	cu.to_device(p + (1 << 20) + 4096, "from cuda", 10);
	m = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ok(m != MAP_FAILED && !strcmp(m + (1 << 20) + 4096, "from cuda"), "is seen in the dma-buf");
	strcpy(m + 8192, "to cuda");
	cu.to_host(word, p + 8192, 8);
	ok(!strcmp(word, "to cuda"), "and the other way");
	munmap(m, 4 << 20);
	ok(!prime_import(render, fd, &handle), "another client of DRM imports it");
	close(fd);
	ok(!cu.handle(&fd, p + (1 << 20), 8192, 1, 0) && lseek(fd, 0, SEEK_END) == 8192, "a part");
	ok(cu.handle(&handle, p, (4 << 20) + 4096, 1, 0) == INVALID_VALUE, "not more than there is");
	ok(cu.handle(&handle, p + 1, 4096, 1, 0) == INVALID_VALUE, "not from within a page");
	ok(cu.handle(&handle, p, 0, 1, 0) == INVALID_VALUE, "not nothing");
	ok(cu.handle(&handle, p, 4096, 2, 0) == INVALID_VALUE, "not of another type");
	ok(cu.handle(&handle, p, 4096, 1, 6) == INVALID_VALUE, "not with unknown flags");
	ok(!cu.alloc_managed(&managed, 1 << 20, 1) && cu.handle(&handle, managed, 4096, 1, 0) == NOT_SUPPORTED,
	   "not managed memory");
	/* It outlives allocation and context. */
	cu.free(p);
	cu.destroy(ctx);
	m = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
	ok(m != MAP_FAILED && !strcmp(m + 4096, "from cuda"), "it outlives the context");
}

int main(int argc, char **argv)
{
	int supported = -1, fd, wanted = argc > 1 && !strcmp(argv[1], "with");
	void *ctx;
	devptr p;

	if (load() || cu.init(0))
		return 1;
	/* A daemon's render node may get the number 0. */
	close(0);
	ok(!cu.attribute(&supported, ATTRIBUTE_DMA_BUF_SUPPORTED, 0) && supported == wanted, "the attribute");
	if (cu.create(&ctx, 0, 0) || cu.alloc(&p, 4 << 20))
		return 1;
	if (wanted)
		with(p, ctx);
	else
		ok(cu.handle(&fd, p, 4096, 1, 0) == NOT_SUPPORTED, "refused");
	printf("1..%d\n", number);
	return failed;
}
