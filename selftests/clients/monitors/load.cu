// SPDX-License-Identifier: MIT
/* load SECONDS: holds 96 MiB and keeps the device busy, copying now and then, as a program that trains would. */
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>
#include <cuda_runtime.h>

#define N	(8u << 20)

static __global__ void step(float *x, const float *y, unsigned int n, int rounds)
{
	for (unsigned int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
		float v = x[i];

		for (int r = 0; r < rounds; r++)
			v = v * 0.999f + y[i];
		x[i] = v;
	}
}

static double now()
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
	double end = now() + (argc > 1 ? atof(argv[1]) : 10);
	std::vector<float> host(N, 1.0f);
	float *x, *y, *z;

	if (cudaMalloc(&x, N * sizeof(float)) || cudaMalloc(&y, N * sizeof(float)) || cudaMalloc(&z, N * sizeof(float)) ||
	    cudaMemcpy(x, host.data(), N * sizeof(float), cudaMemcpyHostToDevice) ||
	    cudaMemcpy(y, host.data(), N * sizeof(float), cudaMemcpyHostToDevice)) {
		printf("cannot begin: %s\n", cudaGetErrorString(cudaGetLastError()));
		return 1;
	}
	while (now() < end) {
		for (int i = 0; i < 4; i++)
			step<<<64, 256>>>(x, y, N, 16);
		if (cudaMemcpy(z, x, N * sizeof(float), cudaMemcpyDeviceToDevice) ||
		    cudaMemcpy(host.data(), z, 1 << 20, cudaMemcpyDeviceToHost) || cudaDeviceSynchronize()) {
			printf("%s\n", cudaGetErrorString(cudaGetLastError()));
			return 1;
		}
	}
	return 0;
}
