// SPDX-License-Identifier: MIT
/*
 * Copies and fills at their limits: extents that wrap or do not fit, more slices than a ring holds, and
 * memory that lies in several mappings.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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

/* ---- extents */

enum { BYTES = 65536 };

static CUresult plane(CUdeviceptr to, CUdeviceptr from, size_t pitch, size_t x, size_t y, size_t height, bool at_dst)
{
	CUDA_MEMCPY2D c = {
		.srcMemoryType = CU_MEMORYTYPE_DEVICE, .srcDevice = from, .srcPitch = 64,
		.dstMemoryType = CU_MEMORYTYPE_DEVICE, .dstDevice = to, .dstPitch = 64,
		.WidthInBytes = 64, .Height = height,
	};

	if (at_dst) {
		c.dstPitch = pitch;
		c.dstXInBytes = x;
		c.dstY = y;
	} else {
		c.srcPitch = pitch;
		c.srcXInBytes = x;
		c.srcY = y;
	}
	return cuMemcpy2D_v2(&c);
}

static const struct {
	const char *what;
	size_t pitch, x, y, height;
	CUresult r;
} planes[] = {
	{ "that fits", 64, 0, 0, 4, CUDA_SUCCESS },
	{ "within wider rows", 96, 32, 2, 4, CUDA_SUCCESS },
	{ "one row, without a pitch", 0, 32, 0, 1, CUDA_SUCCESS },
	{ "without a pitch", 0, 0, 1, 4, CUDA_SUCCESS },
	{ "past the end of its row", 64, 32, 0, 4, CUDA_ERROR_INVALID_VALUE },
	{ "one row past its end", 64, 32, 0, 1, CUDA_ERROR_INVALID_VALUE },
	{ "wider than its pitch", 32, 0, 0, 4, CUDA_ERROR_INVALID_VALUE },
	{ "one row wider than its pitch", 32, 0, 0, 1, CUDA_ERROR_INVALID_VALUE },
	{ "left of its row", 64, -4096, 0, 1, CUDA_ERROR_INVALID_VALUE },
	{ "left of memory", 0, -4096, 0, 1, CUDA_ERROR_INVALID_VALUE },
	{ "above memory", 64, 0, -1, 1, CUDA_ERROR_INVALID_VALUE },
	{ "as far down as wraps", 64, 0, ((size_t)1 << 58) + 1, 1, CUDA_ERROR_INVALID_VALUE },
	{ "too high", 64, 0, 0, BYTES / 64, CUDA_ERROR_INVALID_VALUE },
	{ "as high as wraps", 64, 0, 0, ((size_t)1 << 58) + 1, CUDA_ERROR_INVALID_VALUE },
};

static void test_planes(void)
{
	CUdeviceptr a, b;

	cuMemAlloc_v2(&a, BYTES);
	cuMemAlloc_v2(&b, BYTES);
	for (size_t i = 0; i < sizeof(planes) / sizeof(*planes); i++)
		for (int at_dst = 0; at_dst < 2; at_dst++)
			ok(plane(b + BYTES / 2, a + BYTES / 2, planes[i].pitch, planes[i].x, planes[i].y,
				 planes[i].height, at_dst) == planes[i].r, "%s %s",
			   at_dst ? "to" : "from", planes[i].what);
	cuMemFree_v2(a);
	cuMemFree_v2(b);
}

static void test_volumes(void)
{
	const size_t far = (size_t)1 << 32;
	CUDA_MEMCPY3D c = {
		.srcMemoryType = CU_MEMORYTYPE_DEVICE, .srcPitch = 64, .srcHeight = 4,
		.dstMemoryType = CU_MEMORYTYPE_DEVICE, .dstPitch = 64, .dstHeight = 4,
		.WidthInBytes = 64, .Height = 4, .Depth = 4,
	};
	CUDA_MEMCPY3D d;

	cuMemAlloc_v2(&c.srcDevice, BYTES);
	cuMemAlloc_v2(&c.dstDevice, BYTES);
#define REFUSED(what, ...) \
	(d = c, __VA_ARGS__, ok(cuMemcpy3D_v2(&d) == CUDA_ERROR_INVALID_VALUE && \
				cuMemcpy3DAsync_v2(&d, NULL) == CUDA_ERROR_INVALID_VALUE, "refused: " what))
	ok(!cuMemcpy3D_v2(&c) && !cuMemcpy3DAsync_v2(&c, NULL), "a volume");
	REFUSED("slices of as many bytes as wraps to none",
		(d.srcPitch = d.dstPitch = d.srcHeight = d.dstHeight = far, d.Height = 1, d.Depth = far << 30));
	REFUSED("from slices of as many bytes as wraps to none",
		(d.srcPitch = d.srcHeight = far, d.WidthInBytes = 16, d.Height = 1));
	REFUSED("from slices of fewer rows", d.srcHeight = 3);
	REFUSED("to slices of fewer rows", d.dstHeight = 3);
	REFUSED("from past the end of slices", d.srcY = 1);
	REFUSED("to past the end of slices", d.dstY = 1);
	REFUSED("from past the end of rows", d.srcXInBytes = 1);
	REFUSED("to past the end of rows", d.dstXInBytes = 1);
	REFUSED("from as deep as wraps", d.srcZ = ((size_t)1 << 56) + 1);
	REFUSED("to as deep as wraps", d.dstZ = ((size_t)1 << 56) + 1);
	REFUSED("deeper than memory", d.Depth = BYTES);
	REFUSED("as deep as wraps", d.Depth = ((size_t)1 << 56) + 1);
#undef REFUSED
	cuMemFree_v2(c.srcDevice);
	cuMemFree_v2(c.dstDevice);
}

/* ---- sizes that wrap elsewhere */

static void test_ranges(void)
{
	const CUmemLocation here = { CU_MEM_LOCATION_TYPE_DEVICE, 0 };
	CUdeviceptr m;
	int value;
	void *h;

	cuMemAllocManaged(&m, 8192, CU_MEM_ATTACH_GLOBAL);
	ok(!cuMemAdvise_v2(m, 8192, 1, here) && !cuMemPrefetchAsync_v2(m + 4096, 4096, here, 0, NULL),
	   "advice for managed memory");
	for (size_t length = -1; length; length = length == (size_t)-1 ? (size_t)-4096 : 0)
		ok(cuMemAdvise_v2(m + 4096, length, 1, here) == CUDA_ERROR_INVALID_VALUE &&
		   cuMemPrefetchAsync_v2(m + 4096, length, here, 0, NULL) == CUDA_ERROR_INVALID_VALUE &&
		   cuMemRangeGetAttribute(&value, sizeof(value), 1, m + 4096, length) == CUDA_ERROR_INVALID_VALUE,
		   "not for %zd bytes", length);
	ok(cuMemAdvise_v2(m + 4096, 2 << 20, 1, here) == CUDA_ERROR_INVALID_VALUE, "nor past the end");
	cuMemFree_v2(m);
	ok(cuMemHostAlloc(&h, -1, 0) == CUDA_ERROR_OUT_OF_MEMORY && cuMemHostAlloc(&h, -4097, 0) ==
	   CUDA_ERROR_OUT_OF_MEMORY && cuMemHostAlloc(&h, -(2ul << 20), 0) == CUDA_ERROR_OUT_OF_MEMORY,
	   "no pinned memory of sizes that wrap");
}

/* ---- neighbouring mappings */

enum { PIECE = 2 << 20, AT = PIECE - 1000, LEN = 4000 };

/* Addresses for three pieces; the first two are mapped. */
struct pieces {
	CUdeviceptr base;
	CUmemGenericAllocationHandle h[2];
};

static bool map_pieces(struct pieces *p)
{
	CUmemAllocationProp prop = { .type = 1, .location = { CU_MEM_LOCATION_TYPE_DEVICE, 0 } };
	CUmemAccessDesc access = { { CU_MEM_LOCATION_TYPE_DEVICE, 0 }, CU_MEM_ACCESS_FLAGS_PROT_READWRITE };
	bool good = !cuMemAddressReserve(&p->base, 3 * PIECE, 0, 0, 0);

	for (int i = 0; i < 2 && good; i++)
		good = !cuMemCreate(&p->h[i], PIECE, &prop, 0) &&
		       !cuMemMap(p->base + (size_t)i * PIECE, PIECE, 0, p->h[i], 0);
	return good && !cuMemSetAccess(p->base, 2 * PIECE, &access, 1);
}

static bool unmap_pieces(struct pieces *p)
{
	return !cuMemUnmap(p->base, PIECE) && !cuMemUnmap(p->base + PIECE, PIECE) && !cuMemRelease(p->h[0]) &&
	       !cuMemRelease(p->h[1]) && !cuMemAddressFree(p->base, 3 * PIECE);
}

/* What lies around the seam is that, and its neighbours are untouched. */
static bool holds(CUdeviceptr p, const unsigned char *want, size_t n)
{
	unsigned char *got = malloc(n);
	bool good = true;

	for (size_t i = 0; i < n && good; i += 500)	/* by pieces that lie in one mapping each */
		good = !cuMemcpyDtoH_v2(got + i, p + i, n - i < 500 ? n - i : 500);
	good = good && !memcmp(got, want, n);
	free(got);
	return good;
}

/* A line of LEN bytes over the seam, by every way there is. */
static void test_lines(CUdeviceptr seam, CUdeviceptr other, CUstream s)
{
	unsigned char in[LEN], out[LEN];
	unsigned char *pinned;

	cuMemHostAlloc((void **)&pinned, LEN, 0);
	memset(in, 0x5a, LEN);
	ok(!cuMemsetD8_v2(seam, 0x5a, LEN) && !cuCtxSynchronize() && holds(seam, in, LEN), "a fill");
	for (int i = 0; i < LEN; i++)
		in[i] = i * 13 + (i >> 8);
	ok(!cuMemcpyHtoD_v2(seam, in, LEN) && holds(seam, in, LEN), "from pageable memory");
	memset(out, 0, LEN);
	ok(!cuMemcpyDtoH_v2(out, seam, LEN) && !memcmp(in, out, LEN), "to pageable memory");
	ok(!cuMemcpyDtoDAsync_v2(other, seam, LEN, s) && !cuStreamSynchronize(s) && holds(other, in, LEN),
	   "from one seam to another");
	memset(out, 7, LEN);
	memset(pinned, 7, LEN);
	ok(!cuMemcpyHtoDAsync_v2(seam, out, LEN, s) && !cuStreamSynchronize(s) && holds(seam, out, LEN),
	   "from pageable memory, asynchronously");
	ok(!cuMemcpyHtoDAsync_v2(other, pinned, LEN, s) && !cuStreamSynchronize(s) && holds(other, pinned, LEN),
	   "from pinned memory, asynchronously");
	cuMemcpyHtoD_v2(seam, in, LEN);
	ok(!cuMemcpyDtoHAsync_v2(pinned, seam, LEN, s) && !cuStreamSynchronize(s) && !memcmp(pinned, in, LEN),
	   "to pinned memory, asynchronously");
	cuMemFreeHost(pinned);
}

/* Four rows of 500 bytes, 1000 from each to the next; the seam lies in one of them. */
static void test_rows(CUdeviceptr seam, CUdeviceptr other)
{
	unsigned char in[LEN], want[LEN] = { 0 };
	CUDA_MEMCPY2D c = {
		.srcMemoryType = CU_MEMORYTYPE_HOST, .srcHost = in, .srcPitch = 1000,
		.dstMemoryType = CU_MEMORYTYPE_DEVICE, .dstDevice = seam - 250, .dstPitch = 1000,
		.WidthInBytes = 500, .Height = 4,
	};

	for (int i = 0; i < LEN; i++) {
		in[i] = i * 11 + (i >> 8) + 1;
		want[i] = i % 1000 < 500 ? in[i] : 0;
	}
	ok(!cuMemsetD8_v2(seam - 250, 0, LEN) && !cuMemcpy2D_v2(&c) && holds(seam - 250, want, LEN), "rows");
	c.srcMemoryType = CU_MEMORYTYPE_DEVICE;
	c.srcDevice = c.dstDevice;
	c.dstDevice = other - 250;
	ok(!cuMemsetD8_v2(other - 250, 0, LEN) && !cuMemcpy2D_v2(&c) && !cuCtxSynchronize() &&
	   holds(other - 250, want, LEN), "rows from one seam to another");
	for (int i = 0; i < LEN; i++)
		want[i] = i % 1000 < 500 ? 0x77 : want[i];
	ok(!cuMemsetD2D8_v2(other - 250, 1000, 0x77, 500, 4) && !cuCtxSynchronize() && holds(other - 250, want, LEN),
	   "a fill of rows");
}

static void test_neighbours(void)
{
	struct pieces p, q;
	unsigned char in[LEN] = { 0 };
	CUdeviceptr end;
	CUstream s;

	cuStreamCreate(&s, CU_STREAM_NON_BLOCKING);
	ok(map_pieces(&p) && map_pieces(&q), "two pairs of mappings, side by side");
	test_lines(p.base + AT, q.base + AT, s);
	test_rows(p.base + AT, q.base + AT);
	end = p.base + 2ull * PIECE - LEN / 2;
	ok(cuMemsetD8_v2(end, 1, LEN) == CUDA_ERROR_INVALID_VALUE &&
	   cuMemcpyHtoD_v2(end, in, LEN) == CUDA_ERROR_INVALID_VALUE &&
	   cuMemcpyDtoH_v2(in, end, LEN) == CUDA_ERROR_INVALID_VALUE &&
	   cuMemcpyDtoDAsync_v2(end, q.base, LEN, s) == CUDA_ERROR_INVALID_VALUE &&
	   cuMemcpyDtoDAsync_v2(q.base, end, LEN, s) == CUDA_ERROR_INVALID_VALUE,
	   "not past the last one, though the address is reserved");
	ok(!cuMemUnmap(p.base + PIECE, PIECE) && cuMemsetD8_v2(p.base + AT, 1, LEN) == CUDA_ERROR_INVALID_VALUE &&
	   !cuMemMap(p.base + PIECE, PIECE, 0, p.h[1], 0) &&
	   cuMemsetD8_v2(p.base + AT, 1, LEN) == CUDA_ERROR_INVALID_VALUE,
	   "nor into one that is gone, or that has no access");
	ok(unmap_pieces(&p) && unmap_pieces(&q) && !cuStreamDestroy_v2(s), "and back");
}

/* ---- memory that is not there */

static sigjmp_buf out_of_it;

static void jump_out(int signal)
{
	(void)signal;
	siglongjmp(out_of_it, 1);
}

/* A program that survives the fault goes on: nothing is locked. */
static void test_nowhere(void)
{
	struct sigaction jump = { .sa_handler = jump_out, .sa_flags = SA_NODEFER }, old;
	char *nowhere = mmap(NULL, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	volatile int faults = 0;
	unsigned char word[4];
	CUdeviceptr p;
	CUstream s;

	cuStreamCreate(&s, 0);
	cuMemAlloc_v2(&p, 1 << 20);
	sigaction(SIGSEGV, &jump, &old);
	for (volatile int i = 0; i < 3; i++) {
		if (sigsetjmp(out_of_it, 1))
			faults++;
		else
			cuMemcpyHtoDAsync_v2(p, nowhere + 1000 * i, 100 << 4 * i, s);
	}
	sigaction(SIGSEGV, &old, NULL);
	ok(faults == 3, "a copy from nowhere is a fault of the program");
	ok(!cuMemsetD32Async(p, 0x05050505, 1, s) && !cuMemcpyHtoDAsync_v2(p, "ab", 2, s) && !cuMemcpyDtoH_v2(word, p, 4) &&
	   !memcmp(word, "ab\5\5", 4) && !cuStreamDestroy_v2(s) && !cuMemFree_v2(p), "which may go on after it");
	munmap(nowhere, 1 << 20);
}

int main(void)
{
	alarm(120);	/* for what would wait for ever */
	ok(!cuInit(0) && !cuDevicePrimaryCtxRetain(&ctx, 0) && !cuCtxSetCurrent(ctx), "start");
	test_full_ring();
	test_planes();
	test_volumes();
	test_ranges();
	test_neighbours();
	test_nowhere();
	ok(!cuDevicePrimaryCtxRelease_v2(0) && !host_device_objects(), "nothing is left in the device");
	return tap_done();
}
