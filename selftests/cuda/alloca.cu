// SPDX-License-Identifier: MIT
// alloca: memory on a thread's own stack, of a size that each thread chooses, in functions that call
// themselves; with a larger stack more of it.
#include <algorithm>
#include "check.h"

/* Merge sort of the first @n of @a by copies of its halves. */
__device__ __noinline__ void sort(int *a, int n)
{
	if (n < 2)
		return;
	int l = n / 2, r = n - l;
	int *left = (int *)alloca(l * sizeof(int)), *right = (int *)alloca(r * sizeof(int));

	for (int i = 0; i < l; i++)
		left[i] = a[i];
	for (int i = 0; i < r; i++)
		right[i] = a[l + i];
	sort(left, l);
	sort(right, r);
	for (int i = 0, j = 0, k = 0; k < n; k++)
		a[k] = j == r || (i < l && left[i] <= right[j]) ? left[i++] : right[j++];
}

/* Thread t sorts @n + t % 8 numbers of its own. */
__global__ void sorts(int *data, int most, int n)
{
	int t = blockIdx.x * blockDim.x + threadIdx.x;

	sort(data + t * most, n + t % 8);
}

/* Pascal's triangle: the middle of row @t + 1, modulo 2^32, in one row that grows. */
__global__ void pascal(unsigned *out)
{
	int t = threadIdx.x, n = t + 2;
	unsigned *row = (unsigned *)alloca(n * sizeof(unsigned));

	row[0] = 1;
	for (int i = 1; i < n; i++) {
		row[i] = 0;
		for (int k = i; k > 0; k--)
			row[k] += row[k - 1];
	}
	out[t] = row[n / 2];
}

static bool sorted(int n, int threads)
{
	int most = n + 8;
	std::vector<int> h(most * threads), want;

	for (size_t i = 0; i < h.size(); i++)
		h[i] = (int)(i * 2654435761u) >> 8;
	want = h;
	for (int t = 0; t < threads; t++)
		std::sort(want.begin() + t * most, want.begin() + t * most + n + t % 8);

	int *d = device_array<int>(h.size());

	CU(cudaMemcpy(d, h.data(), h.size() * sizeof(int), cudaMemcpyHostToDevice));
	RUN(sorts<<<threads / 50, 50>>>(d, most, n));
	CU(cudaMemcpy(h.data(), d, h.size() * sizeof(int), cudaMemcpyDeviceToHost));
	CU(cudaFree(d));
	return h == want;
}

int main()
{
	unsigned *d = device_array<unsigned>(96), h[96], want[97] = { 1 };
	bool good = true;

	RUN(pascal<<<1, 96>>>(d));
	CU(cudaMemcpy(h, d, sizeof(h), cudaMemcpyDeviceToHost));
	for (int n = 1; n <= 96; n++) {
		for (int k = n; k > 0; k--)
			want[k] += want[k - 1];
		good = good && h[n - 1] == want[(n + 1) / 2];
	}
	check_result(good, "a row of each thread's own length");
	check_result(sorted(20, 100), "a recursion that copies what it sorts");
	CU(cudaDeviceSetLimit(cudaLimitStackSize, 48 << 10));
	check_result(sorted(1000, 50), "more of it with a larger stack");
	return check_end();
}
