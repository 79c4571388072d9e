// SPDX-License-Identifier: MIT
/* What ends while something else still uses it: contexts, pools, events, streams. */
#include <stdlib.h>
#include <string.h>
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

int main(void)
{
	cuInit(0);
	ok(!cuCtxCreate_v2(&ctx, 0, 0), "a context");
	test_freed_elsewhere();
	ok(!cuCtxDestroy_v2(ctx) && !host_device_objects(), "nothing is left in the device");
	return tap_done();
}
