// SPDX-License-Identifier: MIT
// __nanosleep, clock64, %globaltimer.
#include "check.h"
#include <ctime>

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
	long long c1 = clock64();

	for (int i = 0; i < 20; i++)
		__nanosleep(100000);
	out[0] = clock64() - c0;
	out[1] = globaltimer() - g0;
	out[2] = s0 - (unsigned)c0;
	out[3] = g0;
	out[4] = c1 - c0;
}

int main()
{
	long long *d = device_array<long long>(5), now = time(NULL);

	RUN(times<<<1, 1>>>(d));
	std::vector<long long> t = from_device(d, 5);
	printf("# clock64 %lld, globaltimer %lld ns\n", t[0], t[1]);
	/* 0.2 to 10 GHz, over milliseconds */
	check_result(t[0] > t[1] / 5 && t[0] < t[1] * 10, "the clock goes as fast as a processor's");
	check_result(t[4] >= 0 && (unsigned long long)t[2] <= (unsigned long long)t[4],
		     "clock between two looks at clock64 is between their lower halves");
	check_result(t[1] >= 1000000 && t[1] < 2000000000, "20 sleeps of 0.1 ms take 1 ms to 2 s");
	check_result(llabs(t[3] / 1000000000 - now) < 3600, "globaltimer is nanoseconds since 1970");
	return check_end();
}
