// SPDX-License-Identifier: MIT
// __nanosleep, clock64, %globaltimer; clock64 against the clock rate that the device states.
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

// A delay as programs write it: so many ticks of the stated rate.
__global__ void delay(long long ticks, long long *out)
{
	long long c0 = clock64(), g0 = globaltimer();

	while (clock64() - c0 < ticks)
		;
	out[0] = clock64() - c0;
	out[1] = globaltimer() - g0;
}

static void check_rate()
{
	long long *d = device_array<long long>(2);
	int khz;

	CU(cudaDeviceGetAttribute(&khz, cudaDevAttrClockRate, 0));
	RUN(delay<<<1, 1>>>(20LL * khz, d));	// a card leaves its idle clock
	RUN(delay<<<1, 1>>>(30LL * khz, d));
	std::vector<long long> t = from_device(d, 2);
	double measured = t[0] * 1e6 / t[1];
	printf("# %lld ticks in %lld ns: %.0f kHz, stated %d\n", t[0], t[1], measured, khz);
	check_result(t[1] >= 20000000 && fabs(measured / khz - 1) < 0.03, "clock64 runs at the stated clock rate");
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
	check_rate();
	return check_end();
}
