// SPDX-License-Identifier: MIT
// cuBLAS: products of matrices in every type and layout, against a reference in double precision.
//
//	gemm [--every N] [KIND [M N K TA TB LDA LDB LDC ALPHA BETA BATCH]]
//
// Without arguments all shapes of all kinds; --every N takes each N-th shape of a kind, another
// one for each kind; with a shape that one alone.
#include "gemm.h"
#include <cublasLt.h>

static const gemm_kind kinds[] = {
	{ "sgemm", CUDA_R_32F, CUDA_R_32F, CUBLAS_COMPUTE_32F, PLAIN, 0 },
	{ "dgemm", CUDA_R_64F, CUDA_R_64F, CUBLAS_COMPUTE_64F, PLAIN, 0 },
	{ "f16", CUDA_R_16F, CUDA_R_16F, CUBLAS_COMPUTE_32F, EX, 0 },
	{ "f16-f32", CUDA_R_16F, CUDA_R_32F, CUBLAS_COMPUTE_32F, EX, 0 },
	{ "f16-acc16", CUDA_R_16F, CUDA_R_16F, CUBLAS_COMPUTE_16F, EX, 0 },
	{ "bf16", CUDA_R_16BF, CUDA_R_16BF, CUBLAS_COMPUTE_32F, EX, 0 },
	{ "bf16-f32", CUDA_R_16BF, CUDA_R_32F, CUBLAS_COMPUTE_32F, EX, 0 },
	{ "tf32", CUDA_R_32F, CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_TF32, EX, 0 },
	{ "int8", CUDA_R_8I, CUDA_R_32I, CUBLAS_COMPUTE_32I, EX, 0 },
	{ "int8-f32", CUDA_R_8I, CUDA_R_32F, CUBLAS_COMPUTE_32F, EX, 0 },
	{ "sgemm-strided", CUDA_R_32F, CUDA_R_32F, CUBLAS_COMPUTE_32F, STRIDED, 3 },
	{ "sgemm-pointers", CUDA_R_32F, CUDA_R_32F, CUBLAS_COMPUTE_32F, POINTERS, 3 },
	{ "dgemm-strided", CUDA_R_64F, CUDA_R_64F, CUBLAS_COMPUTE_64F, STRIDED, 2 },
	{ "f16-strided", CUDA_R_16F, CUDA_R_16F, CUBLAS_COMPUTE_32F, STRIDED, 5 },
	{ "f16-pointers", CUDA_R_16F, CUDA_R_16F, CUBLAS_COMPUTE_32F, POINTERS, 4 },
	{ "bf16-pointers", CUDA_R_16BF, CUDA_R_16BF, CUBLAS_COMPUTE_32F, POINTERS, 2 },
};

// What an alpha, beta and a pointer to a scalar look like in a computation's own type.
struct scalar {
	char bytes[8] = {};

	scalar(cublasComputeType_t c, double v)
	{
		number_put(c == CUBLAS_COMPUTE_64F ? CUDA_R_64F :
			   c == CUBLAS_COMPUTE_32I ? CUDA_R_32I :
			   c == CUBLAS_COMPUTE_16F ? CUDA_R_16F : CUDA_R_32F, bytes, 0, v);
	}
};

static numerics numerics_of(const gemm_kind &k)
{
	switch (k.compute) {
	case CUBLAS_COMPUTE_64F:
		return { ldexp(1, -53), 0, 0 };
	case CUBLAS_COMPUTE_16F:
		return { ldexp(1, -11), 0, 0 };
	case CUBLAS_COMPUTE_32I:
		return { 0, 0, 0 };
	case CUBLAS_COMPUTE_32F_FAST_TF32:
		return { ldexp(1, -24), ldexp(1, -10), 0 };
	default:
		return { ldexp(1, -24), 0, 0 };
	}
}

static const void *pointers_of(const matrix &m)
{
	std::vector<void *> p;

	for (int b = 0; b < m.batch; b++)
		p.push_back(m.device_at(b));
	return to_device(p);
}

static cublasStatus_t call(const gemm_kind &k, const gemm_shape &s, const matrix &a,
			   const matrix &b, const matrix &c)
{
	cublasOperation_t ta = s.ta ? CUBLAS_OP_T : CUBLAS_OP_N, tb = s.tb ? CUBLAS_OP_T : CUBLAS_OP_N;
	scalar alpha(k.compute, s.alpha), beta(k.compute, s.beta);
	const void *pa, *pb, *pc;
	cublasStatus_t r;

	switch (k.how) {
	case PLAIN:
		if (k.in == CUDA_R_64F)
			return cublasDgemm(handle(), ta, tb, s.m, s.n, s.k, (double *)alpha.bytes,
					   (double *)a.device, s.lda, (double *)b.device, s.ldb,
					   (double *)beta.bytes, (double *)c.device, s.ldc);
		return cublasSgemm(handle(), ta, tb, s.m, s.n, s.k, (float *)alpha.bytes,
				   (float *)a.device, s.lda, (float *)b.device, s.ldb,
				   (float *)beta.bytes, (float *)c.device, s.ldc);
	case EX:
		return cublasGemmEx(handle(), ta, tb, s.m, s.n, s.k, alpha.bytes, a.device, k.in, s.lda,
				    b.device, k.in, s.ldb, beta.bytes, c.device, k.out, s.ldc,
				    k.compute, CUBLAS_GEMM_DEFAULT);
	case STRIDED:
		return cublasGemmStridedBatchedEx(handle(), ta, tb, s.m, s.n, s.k, alpha.bytes, a.device,
						  k.in, s.lda, a.stride(), b.device, k.in, s.ldb,
						  b.stride(), beta.bytes, c.device, k.out, s.ldc,
						  c.stride(), s.batch, k.compute,
						  CUBLAS_GEMM_DEFAULT);
	default:
		pa = pointers_of(a);
		pb = pointers_of(b);
		pc = pointers_of(c);
		r = cublasGemmBatchedEx(handle(), ta, tb, s.m, s.n, s.k, alpha.bytes,
					(const void *const *)pa, k.in, s.lda,
					(const void *const *)pb, k.in, s.ldb, beta.bytes,
					(void *const *)pc, k.out, s.ldc, s.batch, k.compute,
					CUBLAS_GEMM_DEFAULT);
		cudaFree((void *)pa);
		cudaFree((void *)pb);
		cudaFree((void *)pc);
		return r;
	}
}

// alpha * op(A) * op(B) + beta * C for each element, and the bound on its error.
static void reference(const gemm_kind &k, const gemm_shape &s, const matrix &a, const matrix &b,
		      const matrix &c, std::vector<double> &want, std::vector<double> &bound)
{
	numerics num = numerics_of(k);
	double in = 2 * num.input + num.input * num.input, g = sum_bound(num.sum, s.k), out, tiny;
	std::vector<double> ra((size_t)s.m * s.k), rb((size_t)s.k * s.n);

	out = number_roundoff(k.out);
	tiny = number_tiny(k.out) + (k.compute == CUBLAS_COMPUTE_16F ? s.k * number_tiny(CUDA_R_16F) : 0);
	for (int z = 0; z < s.batch; z++) {
		for (int i = 0; i < s.m; i++)
			for (int l = 0; l < s.k; l++)
				ra[(size_t)i * s.k + l] = s.ta ? a.at(l, i, z) : a.at(i, l, z);
		for (int j = 0; j < s.n; j++)
			for (int l = 0; l < s.k; l++)
				rb[(size_t)j * s.k + l] = s.tb ? b.at(j, l, z) : b.at(l, j, z);
		for (int j = 0; j < s.n; j++)
			for (int i = 0; i < s.m; i++) {
				const double *pa = &ra[(size_t)i * s.k], *pb = &rb[(size_t)j * s.k];
				double sum = 0, mag = 0, cc = s.beta ? s.beta * c.at(i, j, z) : 0;
				for (int l = 0; l < s.k; l++) {
					sum += pa[l] * pb[l];
					mag += fabs(pa[l] * pb[l]);
				}
				mag *= fabs(s.alpha);
				double w = s.alpha * sum + cc;
				double e = mag * (in + (1 + in) * g) + 3 * num.sum * (mag + fabs(cc));
				want.push_back(w);
				bound.push_back(e + out * (fabs(w) + e) + tiny);
			}
	}
}

/*
 * For about half of the shapes of 8-bit integers, cuBLAS told of a device that it does not know
 * prefers a kernel of which its fatbin has machine code only, and reports NOT_SUPPORTED (it would
 * on any card that is newer than it). Those are skipped; that not all are is checked.
 */
static int whole_done, whole_skipped;

static void run(const gemm_kind &k, const gemm_shape &s, uint32_t seed)
{
	matrix a(k.in, s.ta ? s.k : s.m, s.ta ? s.m : s.k, s.lda, s.batch, seed);
	matrix b(k.in, s.tb ? s.n : s.k, s.tb ? s.k : s.n, s.ldb, s.batch, seed);
	matrix c(k.out, s.m, s.n, s.ldc, s.batch, seed);
	std::vector<double> want, bound;
	cublasStatus_t status;
	comparison result;
	cudaError_t error;

	if (s.beta == 0 && k.out != CUDA_R_32I)
		c.fill(NAN);	/* which must not be read */
	status = call(k, s, a, b, c);
	error = cudaDeviceSynchronize();
	if (k.compute == CUBLAS_COMPUTE_32I && status == CUBLAS_STATUS_NOT_SUPPORTED) {
		whole_skipped++;
		report_skip(k.name, gemm_text(s), "cuBLAS chose a kernel that has no PTX");
		return;
	}
	if ((s.m == 1 || s.n == 1) && machine_code_only(status)) {
		report_skip(k.name, gemm_text(s), "cuBLAS chose a kernel that has no PTX");
		return;
	}
	whole_done += k.compute == CUBLAS_COMPUTE_32I;
	if (status != CUBLAS_STATUS_SUCCESS || error != cudaSuccess) {
		result.fail(std::string(cublasGetStatusString(status)) + ", " +
			    cudaGetErrorString(error));
	} else {
		reference(k, s, a, b, c, want, bound);
		result = compare(c, c.download(), want, bound);
	}
	report(k.name, gemm_text(s), result);
	if (error != cudaSuccess) {
		printf("Bail out! the context is lost\n");
		exit(1);
	}
}

int main(int argc, char **argv)
{
	int every = 1, n = 0, number = 0;

	if (argc > 2 && !strcmp(argv[1], "--every")) {
		every = atoi(argv[2]);
		argc -= 2;
		argv += 2;
	}
	for (const gemm_kind &k : kinds) {
		number++;
		if (argc > 1 && strcmp(argv[1], k.name))
			continue;
		if (argc > 12) {
			run(k, gemm_parse(argv + 2), 1);
			continue;
		}
		n = number;
		for (const gemm_shape &s : gemm_shapes(k))
			if (n++ % every == 0)
				run(k, s, n * 40503u + 1);
	}
	/* cuBLAS 13.10 is another matter (Documentation/libcuda.rst) */
	if (whole_skipped && cublasLtGetVersion() < 131000)
		check_result(whole_done * 2 >= whole_skipped, "a third of the integer products at least");
	return report_end();
}
