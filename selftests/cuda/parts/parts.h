/* SPDX-License-Identifier: MIT */
/* What the sources of one program know of each other's device code. */
#ifndef SELFTESTS_CUDA_PARTS_H
#define SELFTESTS_CUDA_PARTS_H

enum { N = 64, RESULTS = N + 4 }; // threads have one each

extern __device__ int table[4];
extern __constant__ int factor;

/* Of two.cu. */
__device__ int scale(int x, double by);

struct shape {
	__device__ virtual int corners() const;
};
__device__ shape *square();

/* Functions of both, and one that calls what it is given. */
typedef int (*operation)(int);
extern __device__ operation operations[2];
__device__ int both(operation f, int x);

/* One for all, wherever it is made: of that, how often it was called. */
template <class T> __device__ __noinline__ T counted(T x)
{
	static __device__ int calls;

	atomicAdd(&calls, 1);
	return x + (T)atomicAdd(&calls, 0);
}

/* Of one.cu. */
__device__ int negative(int x);
extern "C" __global__ void run(int *out);

#endif
