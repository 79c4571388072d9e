// SPDX-License-Identifier: MIT
// Vector add: the first program of everyone.
#include "check.h"

__global__ void add(const float *a, const float *b, float *c, int n)
{
	int i = blockIdx.x * blockDim.x + threadIdx.x;

	if (i < n)
		c[i] = a[i] + b[i];
}

static bool run(int n, int block)
{
	std::vector<float> a(n), b(n);

	for (int i = 0; i < n; i++) {
		a[i] = i * 0.5f;
		b[i] = 3.0f - i;
	}
	float *da = to_device(a), *db = to_device(b), *dc = device_array<float>(n);
	cudaEvent_t start, end;
	float ms;

	CU(cudaEventCreate(&start));
	CU(cudaEventCreate(&end));
	CU(cudaEventRecord(start));
	RUN(add<<<(n + block - 1) / block, block>>>(da, db, dc, n));
	CU(cudaEventRecord(end));
	CU(cudaEventSynchronize(end));
	CU(cudaEventElapsedTime(&ms, start, end));
	printf("# %d elements in blocks of %d: %.3f ms\n", n, block, ms);
	std::vector<float> c = from_device(dc, n);
	bool good = true;

	for (int i = 0; i < n; i++)
		good &= c[i] == a[i] + b[i];
	CU(cudaFree(da));
	CU(cudaFree(db));
	CU(cudaFree(dc));
	return good;
}

int main()
{
	cudaDeviceProp prop;
	int n;

	CU(cudaGetDeviceCount(&n));
	CU(cudaGetDeviceProperties(&prop, 0));
	printf("# %d device(s); 0 is %s, compute capability %d.%d, %zu MiB\n", n, prop.name,
	       prop.major, prop.minor, (size_t)prop.totalGlobalMem >> 20);
	check_result(run(1, 1), "one element");
	check_result(run(1000, 256), "1000 elements in blocks of 256");
	check_result(run(12345, 96), "12345 elements in blocks of 96");
	check_result(run(777, 33), "777 elements in blocks of 33");
	check_result(run(1 << 20, 256), "a million elements");
	return check_end();
}
