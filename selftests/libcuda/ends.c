// SPDX-License-Identifier: MIT
/* What ends while something else still uses it: contexts, pools, events, streams. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "../compiler/tap.h"
#include "cuda.h"
#include "host_device.h"

static CUcontext ctx;

/* Memory of one context, freed in a stream of another that then ends. */
static void test_freed_elsewhere(void)
{
	uint64_t keep = UINT64_MAX, none = 0;
	CUdeviceptr p, q, x;
	CUmemoryPool pool;
	CUcontext other;
	CUstream s, t;

	cuDeviceGetDefaultMemPool(&pool, 0);
	cuMemPoolSetAttribute(pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &keep);
	cuStreamCreate(&s, 0);
	cuMemAllocAsync(&p, 100, s);
	cuCtxCreate_v2(&other, 0, 0);
	cuStreamCreate(&t, 0);
	cuMemAlloc_v2(&x, 4096);
	cuMemsetD32Async(x, 0, 1024, t);
	ok(!cuMemFreeAsync(p, t) && !cuCtxDestroy_v2(other), "freed in a stream of a context that ends");
	ok(!cuMemAllocAsync(&q, 100, s) && q == p && !cuMemsetD32Async(q, 1, 25, s), "given out again");
	ok(!cuMemFreeAsync(q, s) && !cuCtxSynchronize() && !cuMemPoolTrimTo(pool, 0), "and back to the device");
	cuMemPoolSetAttribute(pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &none);
	cuStreamDestroy_v2(s);
}

/* What a stream waits for until the test lets it go on. */
static void wait_for_gate(void *gate)
{
	while (!__atomic_load_n((int *)gate, __ATOMIC_ACQUIRE))
		usleep(100);
}

static size_t free_bytes(void)
{
	size_t n, total;

	cuCtxSynchronize();
	cuMemGetInfo_v2(&n, &total);
	return n;
}

/* A pool with memory in use, and with memory whose free is still to come. */
static void test_pool(void)
{
	CUmemPoolProps props = { .allocType = CU_MEM_ALLOCATION_TYPE_PINNED,
				 .location = { CU_MEM_LOCATION_TYPE_DEVICE, 0 } };
	CUmemoryPool pool, next;
	CUdeviceptr p, q;
	CUcontext other;
	size_t before;
	int gate = 0;
	CUstream s;

	cuStreamCreate(&s, CU_STREAM_NON_BLOCKING);
	cuStreamSynchronize(s);
	before = free_bytes();
	cuMemPoolCreate(&pool, &props);
	cuMemAllocFromPoolAsync(&p, 100000, pool, s);
	cuMemAllocFromPoolAsync(&q, 200000, pool, s);
	cuLaunchHostFunc(s, wait_for_gate, &gate);
	cuMemFreeAsync(q, s);
	ok(!cuMemPoolDestroy(pool), "a pool is destroyed while its memory is used");
	ok(cuMemPoolDestroy(pool) == CUDA_ERROR_INVALID_VALUE && cuMemPoolTrimTo(pool, 0) == CUDA_ERROR_INVALID_VALUE &&
	   cuMemAllocFromPoolAsync(&q, 100, pool, s) == CUDA_ERROR_INVALID_VALUE, "its handle is none any more");
	__atomic_store_n(&gate, 1, __ATOMIC_RELEASE);
	ok(free_bytes() < before && !cuMemsetD8_v2(p, 3, 100000), "the memory lives");
	ok(!cuMemFreeAsync(p, s) && free_bytes() == before, "until it is freed");
	ok(!cuMemPoolCreate(&next, &props) && next == pool && !cuMemPoolDestroy(next), "then the pool ends");

	cuMemPoolCreate(&pool, &props);
	cuCtxCreate_v2(&other, 0, 0);
	cuMemAllocFromPoolAsync(&p, 100, pool, NULL);
	cuMemPoolDestroy(pool);
	cuCtxDestroy_v2(other);
	cuCtxSynchronize();
	ok(!cuMemPoolCreate(&next, &props) && next == pool && !cuMemPoolDestroy(next), "or when its memory's context has");
	cuStreamDestroy_v2(s);
}

/* An event with a time stamp still to come: recorded again, destroyed. */
static void test_event(void)
{
	/* A few slabs of words in all, each time no more than a ring holds. */
	enum { ROUNDS = 50, RECORDS = 400 };
	int before, gate = 0;
	CUevent e, f, g;
	float ms = -1;
	CUstream s;

	cuStreamCreate(&s, CU_STREAM_NON_BLOCKING);
	cuEventCreate(&e, 0);
	cuEventCreate(&f, 0);
	cuLaunchHostFunc(s, wait_for_gate, &gate);
	cuEventRecord(e, s);
	ok(cuEventQuery(e) == CUDA_ERROR_NOT_READY && !cuEventDestroy_v2(e), "an event is destroyed before it comes");
	/* Its word must not be the next event's before the stamp has come. */
	cuEventCreate(&g, 0);
	cuEventRecord(f, s);
	cuEventRecord(g, s);
	__atomic_store_n(&gate, 1, __ATOMIC_RELEASE);
	ok(!cuStreamSynchronize(s) && !cuEventElapsedTime(&ms, f, g) && ms >= 0 && ms < 1000, "others keep their time");
	before = host_device_objects();
	for (int i = 0; i < ROUNDS; i++) {
		gate = 0;
		cuLaunchHostFunc(s, wait_for_gate, &gate);
		for (int k = 0; k < RECORDS; k++)
			cuEventRecord(f, s);
		__atomic_store_n(&gate, 1, __ATOMIC_RELEASE);
		cuStreamSynchronize(s);
	}
	ok(host_device_objects() == before, "recording one event again and again takes no more memory");
	cuEventDestroy_v2(f);
	cuEventDestroy_v2(g);
	cuStreamDestroy_v2(s);
}

static void *open_soon(void *gate)
{
	usleep(50000);
	__atomic_store_n((int *)gate, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* Memory of cuMemAlloc, freed in a stream that still has to come to it. */
static void test_plain(void)
{
	const size_t large = 700 << 20;		/* of 1 GiB */
	CUdeviceptr p, q;
	pthread_t thread;
	CUcontext other;
	CUstream s, t;
	size_t before;
	int gate = 0;

	cuStreamCreate(&s, CU_STREAM_NON_BLOCKING);
	cuStreamSynchronize(s);
	before = free_bytes();
	cuMemAlloc_v2(&p, 4 << 20);
	cuLaunchHostFunc(s, wait_for_gate, &gate);
	cuMemsetD32Async(p, 1, 1 << 20, s);
	ok(!cuMemFreeAsync(p, s) && cuStreamQuery(s) == CUDA_ERROR_NOT_READY, "plain memory is freed without waiting");
	ok(cuMemFreeAsync(p, s) == CUDA_ERROR_INVALID_VALUE && cuMemAlloc_v2(&q, 4 << 20) == CUDA_SUCCESS && q != p,
	   "once, and its address is taken until the stream is there");
	__atomic_store_n(&gate, 1, __ATOMIC_RELEASE);
	ok(!cuStreamSynchronize(s) && !cuMemFree_v2(q) && cuMemFree_v2(p) == CUDA_ERROR_INVALID_VALUE &&
	   free_bytes() == before, "then it is back");

	gate = 0;
	cuMemAlloc_v2(&p, large);
	cuLaunchHostFunc(s, wait_for_gate, &gate);
	cuMemFreeAsync(p, s);
	pthread_create(&thread, NULL, open_soon, &gate);
	ok(!cuMemAlloc_v2(&q, large) && gate, "an allocation that needs it waits for it");
	pthread_join(thread, NULL);
	cuMemFree_v2(q);

	gate = 0;
	cuMemAlloc_v2(&p, 4 << 20);
	cuCtxCreate_v2(&other, 0, 0);
	cuStreamCreate(&t, CU_STREAM_NON_BLOCKING);
	cuLaunchHostFunc(t, wait_for_gate, &gate);
	ok(!cuMemFreeAsync(p, t), "in a stream of another context");
	pthread_create(&thread, NULL, open_soon, &gate);
	ok(!cuCtxDestroy_v2(other) && free_bytes() == before, "that ends");
	pthread_join(thread, NULL);
	cuStreamDestroy_v2(s);
}

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

/* Much that is freed while its streams are held up: the last of it costs what the first did. */
static void test_many_freed(void)
{
	enum { N = 12000, PART = 1000 };
	static CUdeviceptr p[N];
	CUstream s[2];
	double ms[N / PART];
	bool good = true;
	size_t before;
	int gate = 0;

	before = free_bytes();
	for (int i = 0; i < 2; i++) {
		cuStreamCreate(&s[i], CU_STREAM_NON_BLOCKING);
		cuLaunchHostFunc(s[i], wait_for_gate, &gate);
	}
	for (int i = 0; i < N; i++)
		good = good && !cuMemAlloc_v2(&p[i], 256);
	for (int i = 0; i < N; i += PART) {
		ms[i / PART] = -cpu_ms();
		for (int k = i; k < i + PART; k++)
			good = good && !cuMemFreeAsync(p[k], s[k & 1]);
		ms[i / PART] += cpu_ms();
	}
	printf("# %d frees: %.2f ms, the last ones %.2f ms\n", PART, ms[0], ms[N / PART - 1]);
	ok(good && ms[N / PART - 1] < 5 * ms[0] + 5, "much is freed behind what does not end, each at the same price");
	__atomic_store_n(&gate, 1, __ATOMIC_RELEASE);
	for (int i = 0; i < 2; i++)
		ok(!cuStreamSynchronize(s[i]) && !cuStreamDestroy_v2(s[i]), "its stream ends");
	ok(free_bytes() == before, "and all of it is back");
}

/* An event of several processes with a record still to come. */
static void test_ipc_event(void)
{
	int before, gate = 0;
	CUstream s;
	CUevent e;

	cuStreamCreate(&s, CU_STREAM_NON_BLOCKING);
	cuLaunchHostFunc(s, wait_for_gate, &gate);
	before = host_device_objects();
	cuEventCreate(&e, CU_EVENT_DISABLE_TIMING | CU_EVENT_INTERPROCESS);
	ok(!cuEventRecord(e, s) && !cuEventDestroy_v2(e) && cuStreamQuery(s) == CUDA_ERROR_NOT_READY &&
	   host_device_objects() > before, "an interprocess event is destroyed before it comes");
	__atomic_store_n(&gate, 1, __ATOMIC_RELEASE);
	ok(!cuStreamSynchronize(s) && host_device_objects() == before, "its page goes when it has");
	cuStreamDestroy_v2(s);
}

static void add_one(void *count)
{
	__atomic_add_fetch((int *)count, 1, __ATOMIC_RELAXED);
}

/* A stream whose host functions are still to come. */
static void test_stream(void)
{
	int gate = 0, count = 0, before;
	CUstream s;

	cuCtxSynchronize();
	before = host_device_objects();
	cuStreamCreate(&s, CU_STREAM_NON_BLOCKING);
	cuLaunchHostFunc(s, wait_for_gate, &gate);
	cuLaunchHostFunc(s, add_one, &count);
	ok(!cuStreamDestroy_v2(s) && !count, "a stream is destroyed before its host functions have run");
	__atomic_store_n(&gate, 1, __ATOMIC_RELEASE);
	ok(!cuCtxSynchronize() && count == 1, "they run all the same");
	for (int i = 0; i < 100; i++) {
		cuStreamCreate(&s, CU_STREAM_NON_BLOCKING);
		cuLaunchHostFunc(s, add_one, &count);
		cuStreamDestroy_v2(s);
		cuCtxSynchronize();
	}
	ok(count == 101 && host_device_objects() < before + 20, "their threads are let go");
}

/* A thread's own streams: those of contexts that ended must not push out those of contexts that live. */
static void test_own_streams(void)
{
	enum { CONTEXTS = 20 };
	CUcontext many[CONTEXTS];
	bool good = true;
	int gate = 0;

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < CONTEXTS; i++) {
			good = good && !cuCtxCreate_v2(&many[i], 0, 0) && !cuStreamSynchronize(CU_STREAM_PER_THREAD);
			if (round == 0)
				cuCtxDestroy_v2(many[i]);
			else if (i == 0)
				cuLaunchHostFunc(CU_STREAM_PER_THREAD, wait_for_gate, &gate);
		}
	}
	cuCtxSetCurrent(many[0]);
	ok(good && cuStreamQuery(CU_STREAM_PER_THREAD) == CUDA_ERROR_NOT_READY,
	   "a thread's stream in one context outlives those in others");
	__atomic_store_n(&gate, 1, __ATOMIC_RELEASE);
	ok(!cuStreamSynchronize(CU_STREAM_PER_THREAD) && !cuStreamQuery(CU_STREAM_PER_THREAD), "and ends");
	for (int i = CONTEXTS - 1; i >= 0; i--)
		cuCtxDestroy_v2(many[i]);
	cuCtxSetCurrent(ctx);
}

int main(void)
{
	alarm(120);	/* what waits for what is held would hang */
	cuInit(0);
	ok(!cuCtxCreate_v2(&ctx, 0, 0), "a context");
	test_freed_elsewhere();
	test_pool();
	test_event();
	test_ipc_event();
	test_plain();
	test_many_freed();
	test_stream();
	test_own_streams();
	ok(!cuCtxDestroy_v2(ctx) && !host_device_objects(), "nothing is left in the device");
	return tap_done();
}
