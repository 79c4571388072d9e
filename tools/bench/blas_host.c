// SPDX-License-Identifier: MIT
/*
 * The peer of blas.cpp: Debian's OpenBLAS on the host's own processors, as many threads as it
 * takes. It has no product of half-precision matrices; sgemm is what a user would call.
 *
 *	blas_host [SIZE...]
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROW_MAJOR = 101, PLAIN = 111, TRANSPOSED = 112 };

typedef void (*sgemm_t)(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda,
			const float *b, int ldb, float beta, float *c, int ldc);
typedef void (*dgemm_t)(int order, int ta, int tb, int m, int n, int k, double alpha, const double *a, int lda,
			const double *b, int ldb, double beta, double *c, int ldc);

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
	static const char *const sizes[] = { "512", "1024" };
	void *lib = dlopen("libopenblas.so.0", RTLD_NOW);
	sgemm_t sgemm = lib ? (sgemm_t)dlsym(lib, "cblas_sgemm") : NULL;
	dgemm_t dgemm = lib ? (dgemm_t)dlsym(lib, "cblas_dgemm") : NULL;

	if (!sgemm || !dgemm) {
		fprintf(stderr, "no OpenBLAS here\n");
		return 0;
	}
	for (int s = 0; s < (argc > 1 ? argc - 1 : 2); s++) {
		int n = atoi(argc > 1 ? argv[s + 1] : sizes[s]);
		double best[2] = { 1e9, 1e9 }, *a = calloc(3 * (size_t)n * n, sizeof(*a));
		float *f = (float *)a;

		if (!a)
			return 1;
		for (int i = 0; i < 10; i++) {
			double t = now();

			sgemm(ROW_MAJOR, TRANSPOSED, PLAIN, n, n, n, 1, f, n, f + n * n, n, 0, f + 2 * n * n, n);
			t = now() - t;
			best[0] = t < best[0] ? t : best[0];
			t = now();
			dgemm(ROW_MAJOR, TRANSPOSED, PLAIN, n, n, n, 1, a, n, a + n * n, n, 0, a + 2 * n * n, n);
			t = now() - t;
			best[1] = t < best[1] ? t : best[1];
		}
		printf("openblas_sgemm_%d %.3f GFLOP/s\n", n, 2e-9 * n * n * n / best[0]);
		printf("openblas_dgemm_%d %.3f GFLOP/s\n", n, 2e-9 * n * n * n / best[1]);
		free(a);
	}
	return 0;
}
