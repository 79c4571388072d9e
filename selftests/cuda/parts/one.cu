// SPDX-License-Identifier: MIT
/* A kernel that needs what two.cu has, and has a function, a variable and a string called as two.cu's are. */
#include <cstdio>
#include "parts.h"

static __device__ int secret = 5;
extern __shared__ char dynamic[];

static __device__ __noinline__ int helper(int x)
{
	__shared__ int own[N];

	own[threadIdx.x] = x;
	__syncthreads();
	return own[N - 1 - threadIdx.x] + secret;
}

static __device__ int more(int x) { return x + 1; }

__device__ int negative(int x) { return -x; }

__device__ int shape::corners() const { return 0; }

extern "C" __global__ void run(int *out)
{
	int i = threadIdx.x;

	dynamic[i] = i;
	__syncthreads();
	out[i] = scale(helper(i), 0.5) + table[i & 3] * factor;
	if (!i) {
		printf("# one\n");
		out[N] = counted(0);
		out[N + 1] = square()->corners();
		out[N + 2] = both(more, 2);
		out[N + 3] = operations[0](3) + 1000 * operations[1](4);
		secret++;
	}
}
