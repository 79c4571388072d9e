// SPDX-License-Identifier: MIT
/* Copies between contexts in the legacy default stream: what they wait for, and what they leave alone. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../compiler/tap.h"
#include "cuda.h"
#include "host_device.h"

CUresult cuMemcpyDtoD_v2(CUdeviceptr dst, CUdeviceptr src, size_t bytes);
CUresult cuMemsetD32_v2(CUdeviceptr dst, unsigned int value, size_t count);

enum { BYTES = 4096, NON_BLOCKING = 1, WAIT_EQ = 1, THREAD_LOCAL = 1, PER_THREAD = 2 };

static CUcontext here, there;
static CUdeviceptr mine, theirs;

static unsigned int word(CUcontext ctx, CUdeviceptr p)
{
	unsigned int w = 0;

	cuCtxSetCurrent(ctx);
	cuMemcpyDtoH_v2(&w, p, sizeof(w));
	return w;
}

/* More than is carried at a time, by rows with gaps and without, and to the last byte. */
static void test_large(void)
{
	enum { WIDTH = 2500000, HEIGHT = 3, PITCH = WIDTH + 4096 };
	unsigned char *from = malloc(PITCH * HEIGHT), *to = calloc(PITCH, HEIGHT);
	CUDA_MEMCPY2D c = { .srcMemoryType = CU_MEMORYTYPE_DEVICE, .dstMemoryType = CU_MEMORYTYPE_DEVICE };
	CUdeviceptr p, q;
	bool good;

	for (int i = 0; i < PITCH * HEIGHT; i++)
		from[i] = i * 2654435761u >> 13;
	cuCtxSetCurrent(there);
	cuMemAlloc_v2(&q, PITCH * HEIGHT);
	cuMemcpyHtoD_v2(q, from, PITCH * HEIGHT);
	cuCtxSetCurrent(here);
	cuMemAlloc_v2(&p, PITCH * HEIGHT);
	good = !cuMemcpyDtoD_v2(p, q, PITCH * HEIGHT) && !cuMemcpyDtoH_v2(to, p, PITCH * HEIGHT);
	ok(good && !memcmp(from, to, PITCH * HEIGHT), "a copy of several pieces");
	cuMemsetD8_v2(p, 0, PITCH * HEIGHT);
	c.srcDevice = q;
	c.dstDevice = p;
	c.srcPitch = c.dstPitch = PITCH;
	c.WidthInBytes = WIDTH;
	c.Height = HEIGHT;
	good = !cuMemcpy2D_v2(&c) && !cuMemcpyDtoH_v2(to, p, PITCH * HEIGHT);
	for (int i = 0; i < PITCH * HEIGHT; i++)
		good &= to[i] == (i % PITCH < WIDTH ? from[i] : 0);
	ok(good, "rows of several pieces");
	cuMemFree_v2(p);
	cuMemFree_v2(q);
	free(from);
	free(to);
}

static int step;

static void *capturing(void *result)
{
	CUresult *r = result;
	CUgraph graph = NULL;
	CUstream s;

	cuCtxSetCurrent(there);
	cuStreamCreate(&s, 0);
	cuStreamBeginCapture_v2(s, THREAD_LOCAL);
	cuMemsetD32Async(theirs, 1, 10, s);
	__atomic_store_n(&step, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&step, __ATOMIC_ACQUIRE) != 2)
		usleep(100);
	*r = cuStreamEndCapture(s, &graph);
	cuGraphDestroy(graph);
	cuStreamDestroy_v2(s);
	return NULL;
}

static void test_captures(void)
{
	CUresult captured = 1;
	unsigned int w = 4;
	pthread_t t;
	bool good;

	pthread_create(&t, NULL, capturing, &captured);
	while (__atomic_load_n(&step, __ATOMIC_ACQUIRE) != 1)
		usleep(100);
	cuCtxSetCurrent(here);
	good = !cuMemcpyDtoD_v2(mine, theirs, BYTES) && !cuMemcpyDtoDAsync_v2(mine, theirs, BYTES, NULL) &&
	       !cuMemcpyHtoD_v2(theirs, &w, sizeof(w)) && !cuCtxSynchronize();
	ok(good, "copies while another thread captures in the other context");
	__atomic_store_n(&step, 2, __ATOMIC_RELEASE);
	pthread_join(t, NULL);
	ok(!captured, "whose capture goes on");
}

/* A context of its own that ends by a fault; its memory is managed. */
static void test_ended(void)
{
	CUdeviceptr p, m;
	CUcontext other;
	CUstream s;
	bool good;

	cuCtxCreate_v2(&other, 0, 0);
	cuMemAlloc_v2(&p, BYTES);
	cuMemAllocManaged(&m, BYTES, 1);
	cuStreamCreate(&s, NON_BLOCKING);
	host_device_fail_next_copy();
	cuMemcpyDtoDAsync_v2(p, p + BYTES / 2, 64, s);
	ok(cuStreamSynchronize(s), "a context ends");
	cuCtxSetCurrent(here);
	good = !cuMemcpyDtoDAsync_v2(mine, m, BYTES, NULL) && !cuMemcpyDtoDAsync_v2(m, mine, BYTES, (CUstream)PER_THREAD);
	ok(good && !cuCtxSynchronize(), "its managed memory is copied in others");
	cuCtxDestroy_v2(other);
}

/* A copy waits in this context, and so does what the other one is given after it; then the other one ends. */
static void test_ends_waiting(void)
{
	unsigned int *gate;
	CUstream key, s;
	CUcontext other;
	CUdeviceptr p;

	cuCtxCreate_v2(&other, 0, 0);
	cuMemAlloc_v2(&p, BYTES);
	cuMemsetD32_v2(p, 9, BYTES / 4);
	cuStreamCreate(&s, NON_BLOCKING);
	cuCtxSetCurrent(here);
	cuStreamCreate(&key, NON_BLOCKING);
	cuMemHostAlloc((void **)&gate, sizeof(*gate), 1);
	*gate = 0;
	cuStreamWaitValue32_v2(NULL, (uintptr_t)gate, 1, WAIT_EQ);
	ok(!cuMemcpyDtoD_v2(mine, p, BYTES), "a copy that waits, and nobody for it");
	usleep(10000);
	cuCtxSetCurrent(other);
	host_device_fail_next_copy();
	cuMemcpyDtoDAsync_v2(p, p + BYTES / 2, 64, s);
	ok(cuStreamSynchronize(s), "the other context ends");
	ok(!cuCtxDestroy_v2(other), "and is destroyed, while this one's stream stands still");
	cuCtxSetCurrent(here);
	cuStreamWriteValue32_v2(key, (uintptr_t)gate, 1, 0);
	ok(!cuCtxSynchronize(), "which goes on");
	cuStreamDestroy_v2(key);
	cuMemFreeHost(gate);
}

int main(void)
{
	alarm(120);	/* what waits for what is held would hang */
	cuInit(0);
	cuCtxCreate_v2(&there, 0, 0);
	cuMemAlloc_v2(&theirs, BYTES);
	cuMemsetD32_v2(theirs, 6, BYTES / 4);
	cuCtxSynchronize();
	cuCtxCreate_v2(&here, 0, 0);
	ok(!cuMemAlloc_v2(&mine, BYTES), "two contexts");
	ok(!cuMemcpyDtoD_v2(mine, theirs, BYTES) && word(here, mine) == 6, "a copy");
	test_large();
	test_captures();
	test_ended();
	test_ends_waiting();
	cuCtxDestroy_v2(here);
	ok(!cuCtxDestroy_v2(there) && !host_device_objects(), "nothing is left in the device");
	return tap_done();
}
