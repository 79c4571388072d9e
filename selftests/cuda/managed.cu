// SPDX-License-Identifier: MIT
// Advice on managed memory.
#include "check.h"

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

int main()
{
	advice();
	return check_end();
}
