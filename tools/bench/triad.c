// SPDX-License-Identifier: MIT
/*
 * STREAM's triad and copy in the host's own code, THREADS threads: the peer for bandwidth. Bytes are
 * counted as STREAM counts them (two read, one written; one read, one written).
 */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t n = 16 << 20;

static double best_triad(float *y, const float *x, const float *z)
{
	double best = 1e9;

	for (int r = 0; r < 8; r++) {
		double t = omp_get_wtime();

#pragma omp parallel for simd schedule(static)
		for (size_t i = 0; i < n; i++)
			y[i] = x[i] + 2 * z[i];
		t = omp_get_wtime() - t;
		best = t < best ? t : best;
	}
	return best;
}

static double best_copy(float *y, const float *x)
{
	double best = 1e9;

	for (int r = 0; r < 8; r++) {
		double t = omp_get_wtime();

#pragma omp parallel for simd schedule(static)
		for (size_t i = 0; i < n; i++)
			y[i] = x[i];
		t = omp_get_wtime() - t;
		best = t < best ? t : best;
	}
	return best;
}

int main(void)
{
	float *x = aligned_alloc(64, n * 4), *y = aligned_alloc(64, n * 4), *z = aligned_alloc(64, n * 4);

	if (!x || !y || !z)
		return 1;
#pragma omp parallel for schedule(static)
	for (size_t i = 0; i < n; i++)
		x[i] = y[i] = z[i] = i;
	printf("threads %d\n", omp_get_max_threads());
	printf("host_triad_gbs %.3f GB/s\n", 3.0 * n * 4 / best_triad(y, x, z) * 1e-9);
	printf("host_copy_gbs %.3f GB/s\n", 2.0 * n * 4 / best_copy(y, x) * 1e-9);
	return y[7] < 0;
}
