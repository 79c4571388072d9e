// SPDX-License-Identifier: MIT
// Launch limits: exceeding one is an error of the launch, and the context goes on.
#include "check.h"

__global__ void nothing(int *p) { if (p) *p = 1; }
__global__ void __launch_bounds__(128) bounded(int *p) { *p = 2; }

__global__ void much_local(int *p)
{
	volatile char local[400000];

	local[threadIdx.x] = 1;
	*p = local[threadIdx.x];
}

static bool refused(dim3 g, dim3 b, size_t shared, cudaError_t want)
{
	nothing<<<g, b, shared>>>(NULL);
	cudaError_t e = cudaGetLastError();

	if (e != want)
		printf("# got %s\n", cudaGetErrorName(e));
	return e == want;
}

/* CUDA 12's runtime calls a shape that cannot be so. */
static const cudaError_t bad_shape = CUDART_VERSION < 13000 ? cudaErrorInvalidConfiguration : cudaErrorInvalidValue;

int main()
{
	int *d = device_array<int>(1);
	cudaDeviceProp prop;

	CU(cudaGetDeviceProperties(&prop, 0));
	check_result(refused(1, 1025, 0, bad_shape), "1025 threads");
	check_result(refused(1, dim3(1, 1, 65), 0, bad_shape), "65 in z");
	check_result(refused(dim3(1, 65536), 1, 0, bad_shape), "grid of 65536 in y");
	check_result(refused(1, 32, 1 << 20, cudaErrorInvalidValue), "1 MiB of shared memory");
	check_result(refused(1, 32, prop.sharedMemPerBlock + 1, cudaErrorInvalidValue), "one byte too many without opting in");
	CU(cudaFuncSetAttribute(nothing, cudaFuncAttributeMaxDynamicSharedMemorySize, prop.sharedMemPerBlockOptin));
	check_result(refused(1, 32, prop.sharedMemPerBlockOptin, cudaSuccess), "all of it, having opted in");
	check_result(refused(0, 32, 0, bad_shape), "an empty grid");
	bounded<<<1, 256>>>(d);
	check_result(cudaGetLastError() == cudaErrorInvalidValue, "more than __launch_bounds__");
	/* A card needs it for as many threads as it can have: an H200 has enough. */
	much_local<<<1, 1024>>>(d);
	cudaError_t e = cudaGetLastError();
	check_result(e == cudaErrorMemoryAllocation || (!e && prop.totalGlobalMem > 64ul << 30),
		     "400,000 bytes of local memory for each of 1024 threads");
	RUN(nothing<<<dim3(3, 2, 2), dim3(4, 4, 4)>>>(d));
	int v;
	CU(cudaMemcpy(&v, d, sizeof(v), cudaMemcpyDeviceToHost));
	check_result(v == 1, "the context goes on");
	return check_end();
}
