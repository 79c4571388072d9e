// SPDX-License-Identifier: MIT
// Advice on managed memory, and small copies that do not wait for their stream.
#include "check.h"
#include <atomic>

static void CUDART_CB hold(void *gate)
{
	while (!((std::atomic<int> *)gate)->load())
		;
}

static int ask(cudaMemRangeAttribute a, const void *p, size_t n)
{
	int v = -99;

	CU(cudaMemRangeGetAttribute(&v, sizeof(v), a, p, n));
	return v;
}

static cudaMemLocation device0()
{
	cudaMemLocation l = {};

	l.type = cudaMemLocationTypeDevice;
	return l;
}

static void advise(char *p, size_t n, cudaMemoryAdvise what)
{
#if CUDART_VERSION >= 13000
	CU(cudaMemAdvise(p, n, what, device0()));
#else
	CU(cudaMemAdvise_v2(p, n, what, device0()));
#endif
}

static void advice()
{
	const size_t page = 4096;
	int by[3];
	char *p;

	CU(cudaMallocManaged(&p, 16 * page));
	check_result(ask(cudaMemRangeAttributeReadMostly, p, 16 * page) == 0 &&
		     ask(cudaMemRangeAttributePreferredLocation, p, 16 * page) == cudaInvalidDeviceId,
		     "nothing was said yet");
	advise(p, 8 * page, cudaMemAdviseSetReadMostly);
	check_result(ask(cudaMemRangeAttributeReadMostly, p, 8 * page) == 1 &&
		     ask(cudaMemRangeAttributeReadMostly, p + page, 100) == 1 &&
		     ask(cudaMemRangeAttributeReadMostly, p, 8 * page + 1) == 0, "advice holds for its pages");
	advise(p + 2 * page, page, cudaMemAdviseUnsetReadMostly);
	check_result(ask(cudaMemRangeAttributeReadMostly, p, 2 * page) == 1 &&
		     ask(cudaMemRangeAttributeReadMostly, p, 3 * page) == 0 &&
		     ask(cudaMemRangeAttributeReadMostly, p + 3 * page, 5 * page) == 1, "a page taken back");
	advise(p + 4 * page, 8 * page, cudaMemAdviseSetPreferredLocation);
	advise(p, 16 * page, cudaMemAdviseSetAccessedBy);
	check_result(ask(cudaMemRangeAttributePreferredLocation, p + 4 * page, 8 * page) == 0 &&
		     ask(cudaMemRangeAttributePreferredLocation, p, 8 * page) == cudaInvalidDeviceId, "preferred location");
	CU(cudaMemRangeGetAttribute(by, sizeof(by), cudaMemRangeAttributeAccessedBy, p, 16 * page));
	check_result(by[0] == 0 && by[1] == cudaInvalidDeviceId && by[2] == cudaInvalidDeviceId, "accessed by");
#if CUDART_VERSION >= 13000
	CU(cudaMemPrefetchAsync(p, 16 * page, device0(), 0, 0));
#else
	CU(cudaMemPrefetchAsync_v2(p, 16 * page, device0(), 0, 0));
#endif
	check_result(ask(cudaMemRangeAttributeLastPrefetchLocation, p, 16 * page) == 0, "last prefetch");
	CU(cudaFree(p));
	CU(cudaMallocManaged(&p, 16 * page));
	check_result(ask(cudaMemRangeAttributeReadMostly, p, page) == 0, "advice ends with its memory");
	CU(cudaFree(p));
}

/* Pageable memory may be changed at once; the copy happens in its turn. */
static void staged()
{
	static std::atomic<int> gate(0);
	int *d = device_array<int>(64 * 256), small[64], back[64];
	cudaStream_t s;
	bool good = true;

	CU(cudaStreamCreateWithFlags(&s, cudaStreamNonBlocking));
	CU(cudaDeviceSynchronize());
	CU(cudaLaunchHostFunc(s, hold, &gate));
	for (int i = 0; i < 256; i++) {
		for (int &x : small)
			x = i;
		CU(cudaMemcpyAsync(d + 64 * i, small, sizeof(small), cudaMemcpyHostToDevice, s));
	}
	check_result(cudaStreamQuery(s) == cudaErrorNotReady, "256 small copies of pageable memory do not wait");
	gate = 1;
	CU(cudaStreamSynchronize(s));
	for (int i = 0; i < 256; i++) {
		CU(cudaMemcpy(back, d + 64 * i, sizeof(back), cudaMemcpyDeviceToHost));
		for (int x : back)
			good &= x == i;
	}
	check_result(good, "and copy what was there when they were called");

	std::vector<int> large(64 * 256), got;
	for (int round = 0; round < 40; round++) {
		for (size_t i = 0; i < large.size(); i++)
			large[i] = round * 7 + i;
		CU(cudaMemcpyAsync(d, large.data(), large.size() * sizeof(int), cudaMemcpyHostToDevice, s));
	}
	CU(cudaStreamSynchronize(s));
	got = from_device(d, large.size());
	check_result(got == large, "larger ones, more than there is room for");
	CU(cudaStreamDestroy(s));
	CU(cudaFree(d));
}

int main()
{
	advice();
	staged();
	return check_end();
}
