// SPDX-License-Identifier: MIT
// Tiled matrix multiply with dynamic shared memory.
#include "check.h"

__global__ void matmul(const float *a, const float *b, float *c, int m, int n, int k, int tile)
{
	extern __shared__ float sh[];
	float *ta = sh, *tb = sh + tile * tile;
	int row = blockIdx.y * tile + threadIdx.y, col = blockIdx.x * tile + threadIdx.x;
	float s = 0;

	for (int k0 = 0; k0 < k; k0 += tile) {
		int ka = k0 + threadIdx.x, kb = k0 + threadIdx.y;

		ta[threadIdx.y * tile + threadIdx.x] = row < m && ka < k ? a[row * k + ka] : 0;
		tb[threadIdx.y * tile + threadIdx.x] = kb < k && col < n ? b[kb * n + col] : 0;
		__syncthreads();
		for (int i = 0; i < tile; i++)
			s = fmaf(ta[threadIdx.y * tile + i], tb[i * tile + threadIdx.x], s);
		__syncthreads();
	}
	if (row < m && col < n)
		c[row * n + col] = s;
}

static bool run(int m, int n, int k, int tile)
{
	std::vector<float> a(m * k), b(k * n);
	uint32_t s = 7;

	for (float &x : a)
		x = (int)(check_random(s) % 201) * 0.01f - 1;
	for (float &x : b)
		x = (int)(check_random(s) % 201) * 0.01f - 1;
	float *da = to_device(a), *db = to_device(b), *dc = device_array<float>(m * n);
	dim3 grid((n + tile - 1) / tile, (m + tile - 1) / tile), block(tile, tile);

	RUN(matmul<<<grid, block, 2 * tile * tile * sizeof(float)>>>(da, db, dc, m, n, k, tile));
	std::vector<float> c = from_device(dc, m * n);
	bool good = true;

	for (int i = 0; i < m; i++)
		for (int j = 0; j < n; j++) {
			float w = 0;

			for (int l = 0; l < k; l++)
				w = fmaf(a[i * k + l], b[l * n + j], w);
			good &= w == c[i * n + j];
		}
	CU(cudaFree(da));
	CU(cudaFree(db));
	CU(cudaFree(dc));
	return good;
}

int main()
{
	check_result(run(64, 64, 64, 16), "64x64x64, tile 16");
	check_result(run(33, 65, 17, 16), "33x65x17, tile 16");
	check_result(run(50, 40, 70, 10), "50x40x70, tile 10 (warps that are not full)");
	check_result(run(128, 96, 160, 32), "128x96x160, tile 32");
	return check_end();
}
