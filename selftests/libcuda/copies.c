// SPDX-License-Identifier: MIT
/* Copies at their limits: more slices than a ring holds. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../compiler/tap.h"
#include "cuda.h"
#include "host_device.h"

static CUcontext ctx;

/* ---- more slices than a ring holds */

enum { SLICES = 20000, ROW = 16 };

struct slices {
	CUDA_MEMCPY3D box;
	CUstream s;
	CUresult r;
};

static void *copy_slices(void *arg)
{
	struct slices *c = arg;

	c->r = cuCtxSetCurrent(ctx);
	if (!c->r)
		c->r = cuMemcpy3DAsync_v2(&c->box, c->s);
	return NULL;
}

/* The stream stands still, so that the ring fills up, until another stream of the context lets it go on. */
static void test_full_ring(void)
{
	size_t size = (size_t)SLICES * 2 * ROW;
	unsigned char *in = malloc(size), *out = calloc(1, size);
	struct slices c = { .r = 999 };
	CUdeviceptr a, b;
	pthread_t thread;
	bool good = true;
	CUstream other;
	uint32_t *word;

	for (size_t i = 0; i < size; i++)
		in[i] = i * 7 + (i >> 8);
	cuStreamCreate(&c.s, CU_STREAM_NON_BLOCKING);
	cuStreamCreate(&other, CU_STREAM_NON_BLOCKING);
	cuMemHostAlloc((void **)&word, 4096, 0);
	*word = 0;
	cuMemAlloc_v2(&a, size);
	cuMemAlloc_v2(&b, size);
	ok(!cuMemcpyHtoD_v2(a, in, size) && !cuMemsetD8_v2(b, 0, size) && !cuCtxSynchronize(), "slices");
	c.box = (CUDA_MEMCPY3D){
		.srcMemoryType = CU_MEMORYTYPE_DEVICE, .srcDevice = a, .srcPitch = ROW, .srcHeight = 2,
		.dstMemoryType = CU_MEMORYTYPE_DEVICE, .dstDevice = b, .dstPitch = ROW, .dstHeight = 2,
		.WidthInBytes = ROW, .Height = 1, .Depth = SLICES,
	};
	cuStreamWaitValue32_v2(c.s, (uintptr_t)word, 1, 1);
	pthread_create(&thread, NULL, copy_slices, &c);
	usleep(200000);
	ok(!cuStreamWriteValue32_v2(other, (uintptr_t)word, 1, 0), "another stream is not held up by a full ring");
	pthread_join(thread, NULL);
	ok(!c.r && !cuStreamSynchronize(c.s) && !cuMemcpyDtoH_v2(out, b, size), "the copy goes on");
	for (size_t z = 0; z < SLICES && good; z++)
		good = !memcmp(in + z * 2 * ROW, out + z * 2 * ROW, ROW) && !out[z * 2 * ROW + ROW];
	ok(good, "all of %d slices are there, and nothing between them", SLICES);
	cuMemFree_v2(a);
	cuMemFree_v2(b);
	cuMemFreeHost(word);
	cuStreamDestroy_v2(c.s);
	cuStreamDestroy_v2(other);
	free(in);
	free(out);
}

int main(void)
{
	alarm(120);	/* for what would wait for ever */
	ok(!cuInit(0) && !cuDevicePrimaryCtxRetain(&ctx, 0) && !cuCtxSetCurrent(ctx), "start");
	test_full_ring();
	ok(!cuDevicePrimaryCtxRelease_v2(0) && !host_device_objects(), "nothing is left in the device");
	return tap_done();
}
