// SPDX-License-Identifier: MIT
// What a CUDA program feels: launches, latency, bandwidth. Prints "name value unit" lines.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <algorithm>
#include <vector>
#include <chrono>
#include <unistd.h>
#include <cuda_runtime.h>

#define CU(call)                                                                         \
	do {                                                                             \
		cudaError_t e_ = (call);                                                 \
		if (e_ != cudaSuccess) {                                                 \
			fprintf(stderr, "%s: %s\n", #call, cudaGetErrorString(e_));      \
			exit(1);                                                         \
		}                                                                        \
	} while (0)

__global__ void empty() {}

__global__ void saxpy(float a, const float *x, float *y, int n)
{
	int i = blockIdx.x * blockDim.x + threadIdx.x;

	if (i < n)
		y[i] = a * x[i] + y[i];
}

__global__ void triad(float a, const float *x, const float *z, float *y, int n)
{
	int i = blockIdx.x * blockDim.x + threadIdx.x;

	if (i < n)
		y[i] = x[i] + a * z[i];
}

static double now()
{
	return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/* Best of @reps runs of @f, in seconds. */
template <class F> static double best(int reps, F f)
{
	double t = 1e9;

	for (int i = 0; i < reps; i++) {
		double t0 = now();

		f();
		t = std::min(t, now() - t0);
	}
	return t;
}

/* Launches of a kernel that does nothing. */
static void launches()
{
	const int row = 500;
	std::vector<double> call;
	double t0 = now(), t;

	empty<<<1, 32>>>();
	CU(cudaDeviceSynchronize());
	printf("first_launch_ms %.2f ms\n", (now() - t0) * 1e3);

	/* many short runs: one of them is undisturbed even on a busy machine */
	t = best(40, [&] {
		for (int i = 0; i < row; i++)
			empty<<<1, 32>>>();
		CU(cudaDeviceSynchronize());
	});
	printf("launch_us %.3f us\n", t / row * 1e6);
	t = best(40, [&] {
		for (int i = 0; i < 50; i++) {
			empty<<<1, 32>>>();
			CU(cudaDeviceSynchronize());
		}
	});
	printf("launch_sync_us %.3f us\n", t / 50 * 1e6);

	/* The call alone: with a worker awake it writes a packet, else it rings the doorbell, too. */
	t = best(40, [&] {
		for (int i = 0; i < 20; i++)
			empty<<<1, 32>>>();
	});
	printf("launch_call_us %.3f us\n", t / 20 * 1e6);
	for (int i = 0; i < 50; i++) {
		CU(cudaDeviceSynchronize());
		usleep(5000);
		t0 = now();
		empty<<<1, 32>>>();
		call.push_back(now() - t0);
	}
	CU(cudaDeviceSynchronize());
	std::nth_element(call.begin(), call.begin() + 25, call.end());
	printf("launch_call_asleep_us %.3f us\n", call[25] * 1e6);
}

int main(int argc, char **argv)
{
	const int n = 16 << 20;
	const size_t bytes = (size_t)n * sizeof(float);
	float *x, *y, *z;
	double t0 = now(), t;

	CU(cudaMalloc(&x, bytes));
	CU(cudaMalloc(&y, bytes));
	CU(cudaMalloc(&z, bytes));
	CU(cudaMemset(x, 0, bytes));
	CU(cudaMemset(y, 0, bytes));
	CU(cudaMemset(z, 0, bytes));
	printf("start_ms %.1f ms\n", (now() - t0) * 1e3);
	launches();
	if (argc > 1 && !strcmp(argv[1], "launches"))
		return 0;

	saxpy<<<n / 256, 256>>>(2, x, y, n);
	triad<<<n / 256, 256>>>(2, x, z, y, n);
	CU(cudaDeviceSynchronize());
	t = best(15, [&] {
		saxpy<<<n / 256, 256>>>(2, x, y, n);
		CU(cudaDeviceSynchronize());
	});
	printf("saxpy_gbs %.3f GB/s\n", 3.0 * bytes / t * 1e-9);
	t = best(15, [&] {
		triad<<<n / 256, 256>>>(2, x, z, y, n);
		CU(cudaDeviceSynchronize());
	});
	printf("triad_gbs %.3f GB/s\n", 3.0 * bytes / t * 1e-9);

	std::vector<float> h(n, 1);
	void *pinned;

	CU(cudaMallocHost(&pinned, bytes));
	std::fill((float *)pinned, (float *)pinned + n, 1.0f);
	t = best(3, [&] { CU(cudaMemcpy(x, h.data(), bytes, cudaMemcpyHostToDevice)); });
	printf("h2d_pageable_gbs %.3f GB/s\n", bytes / t * 1e-9);
	t = best(3, [&] { CU(cudaMemcpy(h.data(), x, bytes, cudaMemcpyDeviceToHost)); });
	printf("d2h_pageable_gbs %.3f GB/s\n", bytes / t * 1e-9);
	t = best(3, [&] { CU(cudaMemcpy(x, pinned, bytes, cudaMemcpyHostToDevice)); });
	printf("h2d_pinned_gbs %.3f GB/s\n", bytes / t * 1e-9);
	t = best(3, [&] {
		CU(cudaMemcpy(y, x, bytes, cudaMemcpyDeviceToDevice));
		CU(cudaDeviceSynchronize());
	});
	printf("d2d_gbs %.3f GB/s (bytes read and written)\n", 2.0 * bytes / t * 1e-9);
	return 0;
}
