// SPDX-License-Identifier: MIT
// Device assert: the message on stderr (checked by inside.sh), the sticky error.
#include "check.h"
#include <cassert>

__global__ void checked(int *p, int limit)
{
	assert((int)threadIdx.x < limit);
	p[threadIdx.x] = 1;
}

int main()
{
	int *d = device_array<int>(64);

	checked<<<1, 32>>>(d, 32);
	check_result(cudaDeviceSynchronize() == cudaSuccess, "an assert that holds");
	checked<<<1, 64>>>(d, 63);
	check_result(cudaDeviceSynchronize() == cudaErrorAssert, "one that fails gives cudaErrorAssert");
	void *p;
	check_result(cudaMalloc(&p, 16) == cudaErrorAssert, "and is sticky");
	return check_end();
}
