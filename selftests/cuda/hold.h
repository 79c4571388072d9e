/* SPDX-License-Identifier: MIT */
/* A kernel that holds what comes after it in its stream. */
#ifndef SELFTESTS_CUDA_HOLD_H
#define SELFTESTS_CUDA_HOLD_H

// Until the gate is opened, or for five seconds, so that nothing can hang.
static __device__ void wait_at(volatile int *gate)
{
	unsigned long long start, now;

	asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(start));
	do {
		__nanosleep(1000);
		asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
	} while (!*gate && now - start < 5000000000);
}

// Holds its stream.
static __global__ void hold(volatile int *gate)
{
	wait_at(gate);
}

#endif
