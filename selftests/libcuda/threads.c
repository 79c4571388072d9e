// SPDX-License-Identifier: MIT
/* 64 threads in one context: memory, copies, streams, events, pools, graphs, all at once. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "../compiler/tap.h"
#include "cuda.h"
#include "host_device.h"

enum { THREADS = 64, SIZE = 8192 };

static CUcontext ctx;
static int rounds = 20;

static void count_up(void *data)
{
	__atomic_add_fetch((int *)data, 1, __ATOMIC_RELAXED);
}

static bool one_round(int seed, CUstream s, CUevent e, unsigned char *in, unsigned char *out)
{
	CUdeviceptr a, b;
	bool good;
	int ran = 0;

	memset(in, seed, SIZE);
	memset(out, 0, SIZE);
	good = !cuMemAlloc_v2(&a, SIZE) && !cuMemAllocAsync(&b, SIZE, s) &&
	       !cuMemcpyHtoDAsync_v2(a, in, SIZE, s) && !cuMemcpyDtoDAsync_v2(b, a, SIZE, s) &&
	       !cuLaunchHostFunc(s, count_up, &ran) && !cuEventRecord(e, s) &&
	       !cuStreamWaitEvent(CU_STREAM_PER_THREAD, e, 0) &&
	       !cuMemcpyDtoHAsync_v2(out, b, SIZE, CU_STREAM_PER_THREAD) &&
	       !cuStreamSynchronize(CU_STREAM_PER_THREAD) && !cuEventQuery(e);
	good = good && ran == 1 && !memcmp(in, out, SIZE);
	return !cuMemFreeAsync(b, s) && !cuMemFree_v2(a) && good;
}

/* A copy there and back, captured, instantiated, launched, updated and launched again. */
static bool one_graph(int seed, CUstream s, CUevent e, unsigned char *in, unsigned char *out)
{
	CUgraphExecUpdateResultInfo info;
	CUgraphExec exec = NULL;
	bool good = true;
	CUdeviceptr a;
	CUgraph g;
	int ran = 0;

	if (cuMemAlloc_v2(&a, SIZE))
		return false;
	for (int i = 0; i < 2 && good; i++) {
		memset(in, seed + i, SIZE);
		good = !cuStreamBeginCapture_v2(s, CU_STREAM_CAPTURE_MODE_RELAXED) &&
		       !cuMemcpyHtoDAsync_v2(a, in, SIZE - i, s) && !cuLaunchHostFunc(s, count_up, &ran) &&
		       !cuEventRecord(e, s) && !cuStreamWaitEvent(CU_STREAM_PER_THREAD, e, 0) &&
		       !cuMemsetD32Async(a, seed, 1, CU_STREAM_PER_THREAD) &&
		       !cuEventRecord(e, CU_STREAM_PER_THREAD) && !cuStreamWaitEvent(s, e, 0) &&
		       !cuMemcpyDtoHAsync_v2(out, a, SIZE - i, s) && !cuStreamEndCapture(s, &g);
		if (!good)
			break;
		good = !(exec ? cuGraphExecUpdate_v2(exec, g, &info) : cuGraphInstantiateWithFlags(&exec, g, 0)) &&
		       !cuGraphDestroy(g) && !cuGraphLaunch(exec, s) && !cuStreamSynchronize(s);
		good = good && ran == i + 1 && *(int *)out == seed && !memcmp(in + 4, out + 4, SIZE - i - 4);
	}
	return !cuMemFree_v2(a) && (!exec || !cuGraphExecDestroy(exec)) && good;
}

static void *hammer(void *arg)
{
	unsigned char *in = malloc(SIZE), *out = malloc(SIZE);
	int seed = (intptr_t)arg;
	bool good = !cuCtxSetCurrent(ctx);
	CUstream s = NULL;
	CUevent e = NULL;

	for (int i = 0; i < rounds && good; i++) {
		if (i % 5 == 0)
			good = !cuStreamCreate(&s, i % 2) && !cuEventCreate(&e, i % 4 ? 0 : CU_EVENT_DISABLE_TIMING);
		good = good && one_round(seed + i, s, e, in, out) && one_graph(seed + i, s, e, in, out);
		if (i % 5 == 4)
			good = good && !cuEventDestroy_v2(e) && !cuStreamDestroy_v2(s);
	}
	free(in);
	free(out);
	return (void *)(intptr_t)good;
}

int main(int argc, char **argv)
{
	pthread_t thread[THREADS];
	int good = 0;

	if (argc > 1)
		rounds = atoi(argv[1]);
	ok(!cuInit(0) && !cuDevicePrimaryCtxRetain(&ctx, 0), "start");
	for (intptr_t i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, hammer, (void *)i);
	for (int i = 0; i < THREADS; i++) {
		void *r;

		pthread_join(thread[i], &r);
		good += r != NULL;
	}
	ok(good == THREADS, "%d of %d threads saw what they wrote", good, THREADS);
	ok(!cuDevicePrimaryCtxRelease_v2(0) && !host_device_objects(), "nothing is left in the device");
	return tap_done();
}
