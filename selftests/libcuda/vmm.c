// SPDX-License-Identifier: MIT
/* Addresses, memory and mappings as three things: what goes together, what is refused, what comes back. */
#include <string.h>
#include <unistd.h>
#include "../compiler/tap.h"
#include "cuda.h"
#include "host_device.h"

enum { PAGE = 2 << 20 };

static const CUmemAllocationProp prop = {
	.type = CU_MEM_ALLOCATION_TYPE_PINNED, .location = { CU_MEM_LOCATION_TYPE_DEVICE, 0 },
};

static CUmemAccessDesc access_of(int flags)
{
	return (CUmemAccessDesc){ .location = { CU_MEM_LOCATION_TYPE_DEVICE, 0 }, .flags = flags };
}

static size_t free_bytes(void)
{
	size_t left, total;

	cuMemGetInfo_v2(&left, &total);
	return left;
}

/* Whether a stretch of memory takes bytes and gives them back, in the current context. */
static bool works(CUdeviceptr p)
{
	static unsigned char value;
	unsigned char back[2] = { 0, 0 };

	value++;
	return !cuMemsetD8_v2(p, value, PAGE) && !cuMemcpyDtoH_v2(&back[0], p, 1) &&
	       !cuMemcpyDtoH_v2(&back[1], p + PAGE - 1, 1) && back[0] == value && back[1] == value;
}

static void test_granularity(void)
{
	CUmemAllocationProp on_host = prop;
	size_t size = 0;

	on_host.location.type = CU_MEM_LOCATION_TYPE_HOST;
	ok(!cuMemGetAllocationGranularity(&size, &on_host, 1) && size == PAGE &&
	   cuMemGetAllocationGranularity(&size, &on_host, 2) == CUDA_ERROR_INVALID_VALUE &&
	   cuMemGetAllocationGranularity(&size, NULL, 0) == CUDA_ERROR_INVALID_VALUE,
	   "one granularity for all kinds of memory");
}

static void test_reservations(void)
{
	CUmemGenericAllocationHandle h;
	CUdeviceptr v, mem;

	ok(!cuMemCreate(&h, PAGE, &prop, 0) && !cuMemAddressReserve(&v, 2 * PAGE, 0, 0, 0), "memory, addresses");
	ok(cuMemMap(v, 2 * PAGE, 0, h, 0) == CUDA_ERROR_NOT_SUPPORTED, "more than the memory has");
	ok(cuMemMap(v + 2 * PAGE, PAGE, 0, h, 0) == CUDA_ERROR_INVALID_VALUE, "map past the reserved addresses");
	ok(cuMemMap(v, PAGE, (size_t)-PAGE, h, 0) == CUDA_ERROR_NOT_SUPPORTED, "an offset that wraps");
	ok(cuMemMap(v, PAGE, 4096, h, 0) == CUDA_ERROR_NOT_SUPPORTED, "an offset within a page");
	ok(!cuMemMap(v + PAGE, PAGE, 0, h, 0) && cuMemMap(v + PAGE, PAGE, 0, h, 0) == CUDA_ERROR_INVALID_VALUE,
	   "map once, not twice");
	ok(!cuMemUnmap(v + PAGE, PAGE) && !cuMemAddressFree(v, 2 * PAGE), "and back");
	ok(cuMemMap(v, PAGE, 0, h, 0) == CUDA_ERROR_INVALID_VALUE, "addresses that were given back");
	ok(cuMemMap(0x10000000, PAGE, 0, h, 0) == CUDA_ERROR_INVALID_VALUE, "the host's addresses");
	ok(cuMemMap((CUdeviceptr)-PAGE, PAGE, 0, h, 0) == CUDA_ERROR_INVALID_VALUE, "the last addresses there are");

	ok(!cuMemAlloc_v2(&mem, PAGE) && cuMemMap(mem, PAGE, 0, h, 0) == CUDA_ERROR_INVALID_VALUE,
	   "what cuMemAlloc gave is not mapped over");
	ok(cuMemAddressFree(mem, PAGE) == CUDA_ERROR_INVALID_VALUE && works(mem) && !cuMemFree_v2(mem),
	   "nor are its addresses given back while it lives");
	ok(!cuMemRelease(h), "release");
}

static void test_gaps(void)
{
	CUmemAccessDesc access = access_of(CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
	CUmemGenericAllocationHandle h;
	CUdeviceptr v;

	ok(!cuMemCreate(&h, 2 * PAGE, &prop, 0) && !cuMemAddressReserve(&v, 5 * PAGE, 0, 0, 0) &&
	   !cuMemMap(v + PAGE, 2 * PAGE, 0, h, 0), "a mapping between gaps");
	ok(cuMemSetAccess(v, 4 * PAGE, &access, 1) == CUDA_ERROR_INVALID_VALUE &&
	   !cuMemSetAccess(v + PAGE, 2 * PAGE, &access, 1) && works(v + PAGE), "access to gaps there is none");
	ok(cuMemUnmap(v, 2 * PAGE) == CUDA_ERROR_INVALID_VALUE &&
	   cuMemUnmap(v + 2 * PAGE, 2 * PAGE) == CUDA_ERROR_INVALID_VALUE &&
	   works(v + 2 * PAGE), "half a mapping does not end");
	ok(cuMemUnmap(v, 6 * PAGE) == CUDA_ERROR_INVALID_VALUE && works(v + PAGE), "nor one among what is not reserved");
	ok(!cuMemUnmap(v, 4 * PAGE) && cuMemsetD8_v2(v + PAGE, 1, 1) == CUDA_ERROR_INVALID_VALUE, "a whole one does");
	ok(!cuMemAddressFree(v, 5 * PAGE) && !cuMemRelease(h), "and back");
}

static void test_access(void)
{
	CUmemAccessDesc good = access_of(CU_MEM_ACCESS_FLAGS_PROT_READWRITE), bad[2] = { good, good };
	CUmemGenericAllocationHandle h;
	CUdeviceptr v;

	cuMemCreate(&h, PAGE, &prop, 0);
	cuMemAddressReserve(&v, PAGE, 0, 0, 0);
	ok(!cuMemMap(v, PAGE, 0, h, 0), "map");
	bad[1].flags = 2;
	ok(cuMemSetAccess(v, PAGE, bad, 2) == CUDA_ERROR_INVALID_VALUE, "write-only access is none");
	ok(cuMemsetD8_v2(v, 1, 1) == CUDA_ERROR_INVALID_VALUE, "and nothing of the call is done");
	bad[0].flags = 77;
	ok(cuMemSetAccess(v, PAGE, bad, 1) == CUDA_ERROR_INVALID_VALUE, "nor is this access");
	ok(cuMemSetAccess(v + PAGE, PAGE, &good, 1) == CUDA_ERROR_INVALID_VALUE &&
	   cuMemSetAccess(v, 2 * PAGE, &good, 1) == CUDA_ERROR_INVALID_VALUE &&
	   cuMemSetAccess(v, (size_t)-PAGE, &good, 1) == CUDA_ERROR_INVALID_VALUE, "access to what is not mapped");
	ok(!cuMemSetAccess(v, PAGE, &good, 1) && works(v), "access");
	good.flags = CU_MEM_ACCESS_FLAGS_PROT_NONE;
	ok(!cuMemSetAccess(v, PAGE, &good, 1) && cuMemsetD8_v2(v, 1, 1) == CUDA_ERROR_INVALID_VALUE, "and none");
	ok(!cuMemUnmap(v, PAGE) && !cuMemAddressFree(v, PAGE) && !cuMemRelease(h), "and back");
}

/*
 * Two handles of one memory: the made one (0) or the retained one is released first; the
 * last before or after unmapping.
 */
static bool comes_back(int first, bool early)
{
	CUmemAccessDesc access = access_of(CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
	CUmemGenericAllocationHandle h[2];
	size_t before = free_bytes();
	bool good;
	CUdeviceptr v;

	good = !cuMemCreate(&h[0], PAGE, &prop, 0) && !cuMemAddressReserve(&v, PAGE, 0, 0, 0) &&
	       !cuMemMap(v, PAGE, 0, h[0], 0) && !cuMemSetAccess(v, PAGE, &access, 1) &&
	       !cuMemRetainAllocationHandle(&h[1], (void *)(v + 4096));
	good = good && !cuMemRelease(h[first]);
	if (early)
		good = good && !cuMemRelease(h[!first]) && cuMemRelease(h[!first]) && works(v);
	good = good && !cuMemUnmap(v, PAGE);
	if (!early)
		good = good && before - free_bytes() >= PAGE && !cuMemRelease(h[!first]);
	return good && !cuMemAddressFree(v, PAGE) && free_bytes() == before && cuMemRelease(h[0]) &&
	       cuMemRelease(h[1]);
}

static void test_handles(void)
{
	CUmemGenericAllocationHandle h;

	ok(cuMemRetainAllocationHandle(&h, &h) == CUDA_ERROR_INVALID_VALUE, "no handle for what is not mapped");
	ok(comes_back(0, true), "made and retained handle, released while mapped");
	ok(comes_back(1, true), "the other way round");
	ok(comes_back(0, false), "the last one released after unmapping");
	ok(comes_back(1, false), "the other way round");
}

static bool holds(CUdeviceptr p, unsigned char value)
{
	unsigned char back = ~value;

	return !cuMemcpyDtoH_v2(&back, p + PAGE - 1, 1) && back == value;
}

/* Memory is the device's: contexts come and go. */
static void test_contexts(CUcontext ctx)
{
	CUmemAccessDesc access = access_of(CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
	CUmemAccessDesc none = access_of(CU_MEM_ACCESS_FLAGS_PROT_NONE);
	CUmemAllocationProp shared = prop;
	CUmemGenericAllocationHandle h, unmapped, again;
	size_t before = free_bytes();
	unsigned long long flags = 99;
	CUcontext maker, late;
	CUdeviceptr v;
	int fd = -1;

	shared.requestedHandleTypes = CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR;
	ok(!cuCtxCreate_v2(&maker, 0, 0) && !cuMemCreate(&h, PAGE, &shared, 0) &&
	   !cuMemCreate(&unmapped, PAGE, &shared, 0) && !cuMemAddressReserve(&v, 2 * PAGE, 0, 0, 0) &&
	   !cuMemMap(v, PAGE, 0, h, 0) && !cuMemSetAccess(v, PAGE, &access, 1), "memory made in one context");
	ok(works(v) && !cuCtxSetCurrent(ctx) && works(v), "works in another");
	ok(!cuCtxCreate_v2(&late, 0, 0) && works(v) && !cuMemsetD8_v2(v, 77, PAGE), "and in one made later");
	ok(!cuMemSetAccess(v, PAGE, &none, 1) && cuMemsetD8_v2(v, 1, 1) == CUDA_ERROR_INVALID_VALUE &&
	   !cuMemGetAccess(&flags, &access.location, v) && !flags, "access taken is taken in all");
	ok(!cuMemSetAccess(v, PAGE, &access, 1) && holds(v, 77) && !cuMemGetAccess(&flags, &access.location, v) &&
	   flags == CU_MEM_ACCESS_FLAGS_PROT_READWRITE, "and given again");
	ok(!cuCtxDestroy_v2(maker) && holds(v, 77) && works(v), "it outlives the context in which it was made");
	ok(!cuMemMap(v + PAGE, PAGE, 0, unmapped, 0) && !cuMemSetAccess(v + PAGE, PAGE, &access, 1) &&
	   works(v + PAGE), "so does what was not mapped");
	cuMemsetD8_v2(v, 55, PAGE);
	ok(!cuCtxDestroy_v2(late) && !cuCtxDestroy_v2(ctx) && !cuMemExportToShareableHandle(&fd, h, 1, 0),
	   "and all contexts");
	ok(cuMemSetAccess(v, PAGE, &access, 1) == CUDA_ERROR_INVALID_CONTEXT, "there is none to map it in");
	ok(!cuCtxCreate_v2(&late, 0, 0) && holds(v, 55) && works(v) && works(v + PAGE), "until there is");
	cuMemsetD8_v2(v, 33, PAGE);
	ok(!cuMemImportFromShareableHandle(&again, (void *)(intptr_t)fd, 1) && !cuMemUnmap(v, 2 * PAGE) &&
	   !cuMemMap(v, PAGE, 0, again, 0) && !cuMemSetAccess(v, PAGE, &access, 1) && holds(v, 33),
	   "the same by a file descriptor");
	ok(!cuMemUnmap(v, PAGE) && !cuMemAddressFree(v, 2 * PAGE) && !cuMemRelease(h) && !cuMemRelease(again) &&
	   !cuMemRelease(unmapped) && !close(fd), "and back");
	ok(free_bytes() == before, "all of it");
	ok(!cuCtxDestroy_v2(late) && !host_device_objects(), "nothing is left in the device");
}

/* Much work in the current context on memory of another, none of it waited for. */
static bool fill_often(CUdeviceptr p)
{
	bool good = true;

	for (int i = 0; i < 64; i++)
		good = good && !cuMemsetD32Async(p, i, PAGE / 4, NULL);
	return good;
}

/* Memory that ends is waited for in every context that has it, not only in its own. */
static void test_work_elsewhere(CUcontext home)
{
	CUmemAccessDesc access = access_of(CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
	CUmemAccessDesc none = access_of(CU_MEM_ACCESS_FLAGS_PROT_NONE);
	CUmemGenericAllocationHandle h;
	CUdeviceptr v, managed;
	CUcontext other;
	void *host;

	ok(!cuCtxSetCurrent(home) && !cuMemCreate(&h, PAGE, &prop, 0) && !cuMemAddressReserve(&v, PAGE, 0, 0, 0) &&
	   !cuMemMap(v, PAGE, 0, h, 0) && !cuMemSetAccess(v, PAGE, &access, 1) &&
	   !cuMemAllocManaged(&managed, PAGE, CU_MEM_ATTACH_GLOBAL) && !cuMemHostAlloc(&host, PAGE, 0),
	   "memory of one context");
	ok(!cuCtxCreate_v2(&other, 0, 0) && fill_often(v) && !cuMemSetAccess(v, PAGE, &none, 1) &&
	   !cuCtxSynchronize(), "access is taken after the work of another");
	ok(!cuMemSetAccess(v, PAGE, &access, 1) && fill_often(v) && !cuMemUnmap(v, PAGE) && !cuCtxSynchronize(),
	   "mappings end after it");
	ok(fill_often(managed) && !cuMemFree_v2(managed) && !cuCtxSynchronize(), "so does managed memory");
	ok(fill_often((uintptr_t)host) && !cuMemFreeHost(host) && !cuCtxSynchronize(), "and pinned memory");
	ok(!cuMemAddressFree(v, PAGE) && !cuMemRelease(h) && !cuCtxDestroy_v2(other), "and back");
}

int main(void)
{
	CUcontext ctx;

	if (cuInit(0) || cuCtxCreate_v2(&ctx, 0, 0))
		return 1;
	test_granularity();
	test_reservations();
	test_gaps();
	test_access();
	test_handles();
	test_work_elsewhere(ctx);
	test_contexts(ctx);
	return tap_done();
}
