// SPDX-License-Identifier: MIT
// Matrix products through NVIDIA's cuBLAS on the device: "name value unit" lines, GFLOP/s of the
// best of some calls, square matrices of the size in the name.
//
//	blas [SIZE...]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cublas_v2.h>
#include <cuda_runtime.h>

#define CU(call)                                                              \
	do {                                                                  \
		int e_ = (int)(call);                                         \
		if (e_) {                                                     \
			fprintf(stderr, "%s: %d\n", #call, e_);               \
			exit(1);                                              \
		}                                                             \
	} while (0)

struct kind {
	const char *name;
	cudaDataType in, out;
	cublasComputeType_t compute;
	size_t bytes;		/* of an element of the larger type */
};

static const kind kinds[] = {
	{ "sgemm", CUDA_R_32F, CUDA_R_32F, CUBLAS_COMPUTE_32F, 4 },
	{ "sgemm_tf32", CUDA_R_32F, CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_TF32, 4 },
	{ "hgemm", CUDA_R_16F, CUDA_R_16F, CUBLAS_COMPUTE_32F, 2 },
	{ "hgemm_acc16", CUDA_R_16F, CUDA_R_16F, CUBLAS_COMPUTE_16F, 2 },
	{ "bf16gemm", CUDA_R_16BF, CUDA_R_16BF, CUBLAS_COMPUTE_32F, 2 },
	{ "int8gemm", CUDA_R_8I, CUDA_R_32I, CUBLAS_COMPUTE_32I, 4 },
	{ "dgemm", CUDA_R_64F, CUDA_R_64F, CUBLAS_COMPUTE_64F, 8 },
};

static double now()
{
	return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/* One, in the type of a computation's scalars. */
static const void *one(cublasComputeType_t c)
{
	static const double d = 1;
	static const float f = 1;
	static const int i = 1;
	static const unsigned short h = 0x3c00;

	return c == CUBLAS_COMPUTE_64F ? (const void *)&d : c == CUBLAS_COMPUTE_32I ? (const void *)&i :
	       c == CUBLAS_COMPUTE_16F ? (const void *)&h : (const void *)&f;
}

int main(int argc, char **argv)
{
	static const char *const sizes[] = { "512", "1024" };
	static const double zero = 0;
	cublasHandle_t handle;
	void *a, *b, *c;

	CU(cublasCreate(&handle));
	for (int s = 0; s < (argc > 1 ? argc - 1 : 2); s++) {
		int n = atoi(argc > 1 ? argv[s + 1] : sizes[s]);

		for (const kind &k : kinds) {
			double best = 1e9, start = now();

			CU(cudaMalloc(&a, n * n * k.bytes));
			CU(cudaMalloc(&b, n * n * k.bytes));
			CU(cudaMalloc(&c, n * n * k.bytes));
			CU(cudaMemset(a, 0, n * n * k.bytes));
			CU(cudaMemset(b, 0, n * n * k.bytes));
			for (int i = 0; i < 8 && now() - start < 8; i++) {
				double t = now();

				CU(cublasGemmEx(handle, CUBLAS_OP_T, CUBLAS_OP_N, n, n, n, one(k.compute),
						a, k.in, n, b, k.in, n, &zero, c, k.out, n, k.compute,
						CUBLAS_GEMM_DEFAULT));
				CU(cudaDeviceSynchronize());
				best = std::min(best, now() - t);
			}
			printf("cublas_%s_%d %.3f GFLOP/s\n", k.name, n, 2e-9 * n * n * n / best);
			fflush(stdout);
			CU(cudaFree(a));
			CU(cudaFree(b));
			CU(cudaFree(c));
		}
	}
	CU(cublasDestroy(handle));
	return 0;
}
