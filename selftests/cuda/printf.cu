// SPDX-License-Identifier: MIT
// Device printf: what inside.sh compares is the standard output itself.
#include <cstdio>
#include <cuda_runtime.h>

__device__ const char *names[] = { "zero", "one", "two" };

__global__ void hello(float f)
{
	if (threadIdx.x < 3)
		printf("thread %d of block %d: %s %5.2f %lld %c%% [%-6u|%06x] %e\n", threadIdx.x,
		       blockIdx.x, names[threadIdx.x], f * threadIdx.x, -1LL << (40 + threadIdx.x),
		       'a' + threadIdx.x, 7u * threadIdx.x, 0xbeefu, 12345.678);
}

__global__ void many(int n)
{
	for (int i = 0; i < n; i++)
		printf("line %d\n", i);
}

__global__ void plain()
{
	printf("no arguments\n");
}

// What it returns is how many arguments there were.
__global__ void counted()
{
	int three = printf("%d %s 100%% %f\n", 1, "two", 3.0), none = printf("none\n"), width = printf("[%*d]\n", 5, 7);

	printf("returned %d, %d, %d\n", three, none, width);
}

int main()
{
	hello<<<1, 32>>>(1.5f);
	cudaDeviceSynchronize();
	plain<<<1, 1>>>();
	many<<<1, 1>>>(5);
	counted<<<1, 1>>>();
	cudaError_t e = cudaDeviceSynchronize();

	fflush(stdout);
	return e != cudaSuccess;
}
