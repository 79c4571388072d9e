// SPDX-License-Identifier: MIT
/*
 * 64 threads in one context: memory, copies, streams, events, pools, graphs and their memory, mappings, libraries, all at
 * once. What one of them makes it ends; but pools and handles of others are seen while these end them.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
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

/* Whether a word of memory can be set and read back. */
static bool holds(CUdeviceptr p, uint32_t word, CUstream s)
{
	uint32_t got = ~word;

	return !cuMemsetD32Async(p, word, 4, s) && !cuMemcpyDtoHAsync_v2(&got, p, 4, s) && !cuStreamSynchronize(s) && got == word;
}

/* A pool of one's own, which is the device's for a while; others allocate from it then, or from the one before. */
static bool one_pool(int seed, CUstream s)
{
	CUmemPoolProps props = { .allocType = CU_MEM_ALLOCATION_TYPE_PINNED,
				 .location = { CU_MEM_LOCATION_TYPE_DEVICE, 0 } };
	uint64_t keep = seed % 2 ? UINT64_MAX : 0, used = 0;
	CUmemoryPool pool, now;
	CUdeviceptr p, q;
	bool good = !cuMemPoolCreate(&pool, &props) &&
		    !cuMemPoolSetAttribute(pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &keep) &&
		    !cuMemAllocFromPoolAsync(&p, SIZE, pool, s) && holds(p, seed, s);

	if (!good)
		return false;
	good = (seed % 4 || !cuDeviceSetMemPool(0, pool)) && !cuDeviceGetMemPool(&now, 0) &&
	       !cuMemAllocAsync(&q, SIZE, s) && holds(q, seed + 1, s) && !cuMemFreeAsync(q, s);
	good = good && !cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_USED_MEM_CURRENT, &used) && used >= SIZE;
	good = !cuMemFreeAsync(p, s) && good && !cuMemPoolTrimTo(pool, 0);
	return !cuMemPoolDestroy(pool) && good;
}

/* The newest handle of any thread, which may have ended since. */
static CUmemGenericAllocationHandle newest;

/* Memory of a handle at two addresses, exported and imported. */
static bool one_mapping(int seed, CUstream s)
{
	const CUmemAllocationProp want = { .type = CU_MEM_ALLOCATION_TYPE_PINNED,
					   .requestedHandleTypes = CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR,
					   .location = { CU_MEM_LOCATION_TYPE_DEVICE, 0 } };
	const CUmemAccessDesc access = { .location = { CU_MEM_LOCATION_TYPE_DEVICE, 0 },
					 .flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE };
	const size_t size = 2 << 20;
	CUmemGenericAllocationHandle h, again, got;
	CUmemAllocationProp prop;
	unsigned long long flags;
	CUdeviceptr p;
	CUresult r;
	bool good;
	int fd;

	if (cuMemCreate(&h, size, &want, 0) || cuMemAddressReserve(&p, 2 * size, 0, 0, 0))
		return false;
	r = cuMemGetAllocationPropertiesFromHandle(&prop, __atomic_exchange_n(&newest, h, __ATOMIC_RELAXED));
	good = (!r || r == CUDA_ERROR_INVALID_VALUE) && !cuMemExportToShareableHandle(&fd, h, 1, 0) &&
	       !cuMemImportFromShareableHandle(&again, (void *)(intptr_t)fd, 1) && !close(fd) &&
	       !cuMemMap(p, size, 0, h, 0) && !cuMemMap(p + size, size, 0, again, 0) &&
	       !cuMemSetAccess(p, 2 * size, &access, 1) && !cuMemGetAccess(&flags, &access.location, p + size) && flags == 3;
	good = good && holds(p, seed, s) && !cuMemsetD32Async(p, seed + 1, 4, s) && !cuStreamSynchronize(s) &&
	       !cuMemRetainAllocationHandle(&got, (void *)(uintptr_t)(p + size)) && got == again && !cuMemRelease(got) &&
	       !cuMemRelease(again) && !cuMemUnmap(p, size) && holds(p + size, seed + 2, s) && !cuMemUnmap(p + size, size);
	return !cuMemRelease(h) && !cuMemAddressFree(p, 2 * size) && good;
}

/* A graph with memory of its own, launched again and again, which others trim. */
static bool one_graph_memory(int seed, CUstream s)
{
	uint32_t got[4];
	CUgraphExec exec;
	bool good = true;
	CUdeviceptr p;
	CUgraph g;

	if (cuStreamBeginCapture_v2(s, CU_STREAM_CAPTURE_MODE_RELAXED) || cuMemAllocAsync(&p, SIZE, s) ||
	    cuMemsetD32Async(p, seed, 4, s) || cuMemcpyDtoHAsync_v2(got, p, 16, s) || cuMemFreeAsync(p, s) ||
	    cuStreamEndCapture(s, &g) || cuGraphInstantiateWithFlags(&exec, g, 0))
		return false;
	for (int i = 0; i < 3 && good; i++) {
		memset(got, 0, sizeof(got));
		good = !cuGraphLaunch(exec, s) && !cuStreamSynchronize(s) && got[3] == (uint32_t)seed &&
		       (i == 1 || !cuDeviceGraphMemTrim(0));
	}
	return !cuGraphExecDestroy(exec) && !cuGraphDestroy(g) && good;
}

static bool one_library(int seed, CUstream s)
{
	static const char text[] = ".version 8.0\n.target sm_80\n.address_size 64\n.visible .global .u32 word[4];\n"
				   ".visible .entry k() { ret; }\n";
	CUlibrary lib;
	CUmodule mod;
	CUdeviceptr p;
	bool good;

	if (seed % 8)
		return true;
	if (cuLibraryLoadData(&lib, text, NULL, NULL, 0, NULL, NULL, 0))
		return false;
	good = !cuLibraryGetModule(&mod, lib) && !cuModuleGetGlobal_v2(&p, NULL, mod, "word") && holds(p, seed, s);
	return !cuLibraryUnload(lib) && good;
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
		good = good && one_round(seed + i, s, e, in, out) && one_graph(seed + i, s, e, in, out) &&
		       one_pool(seed + i, s) && one_mapping(seed + i, s) && one_graph_memory(seed + i, s) &&
		       one_library(seed + i, s);
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
