// SPDX-License-Identifier: MIT
// __nanosleep, clock64, %globaltimer.
#include "check.h"

__device__ static unsigned long long globaltimer()
{
	unsigned long long t;

	asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(t));
	return t;
}

__global__ void times(long long *out)
{
	long long c0 = clock64(), g0 = globaltimer();
	unsigned s0 = clock();

	for (int i = 0; i < 20; i++)
		__nanosleep(100000);
	out[0] = clock64() - c0;
	out[1] = globaltimer() - g0;
	out[2] = (unsigned)clock() - s0;
	out[3] = g0;
}

int main()
{
	long long *d = device_array<long long>(4);

	RUN(times<<<1, 1>>>(d));
	std::vector<long long> t = from_device(d, 4);
	printf("# clock64 %lld, globaltimer %lld ns\n", t[0], t[1]);
	check_result(t[0] > 0 && t[2] > 0, "the clock advances");
	check_result(t[1] >= 1000000 && t[1] < 2000000000, "20 sleeps of 0.1 ms take 1 ms to 2 s");
	check_result(t[3] > 1000000000000000000LL, "globaltimer is nanoseconds since 1970");
	return check_end();
}
