// SPDX-License-Identifier: MIT
// cuBLASLt: matrix products with a bias and an activation in one call.
//
//	lt [--every N]
#include <cublasLt.h>
#include "gemm.h"

struct lt_kind {
	const char *name;
	cudaDataType in, out, bias;
	cublasComputeType_t compute;
	double input;	/* relative error of narrowed inputs */
};

static const lt_kind kinds[] = {
	{ "lt-f16", CUDA_R_16F, CUDA_R_16F, CUDA_R_16F, CUBLAS_COMPUTE_32F, 0 },
	{ "lt-bf16", CUDA_R_16BF, CUDA_R_16BF, CUDA_R_16BF, CUBLAS_COMPUTE_32F, 0 },
	{ "lt-f32", CUDA_R_32F, CUDA_R_32F, CUDA_R_32F, CUBLAS_COMPUTE_32F, 0 },
	{ "lt-tf32", CUDA_R_32F, CUDA_R_32F, CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_TF32, 0x1p-10 },
};

struct epilogue {
	const char *name;
	cublasLtEpilogue_t value;
	bool bias, relu, gelu;
};

static const epilogue epilogues[] = {
	{ "plain", CUBLASLT_EPILOGUE_DEFAULT, false, false, false },
	{ "bias", CUBLASLT_EPILOGUE_BIAS, true, false, false },
	{ "relu", CUBLASLT_EPILOGUE_RELU, false, true, false },
	{ "relu+bias", CUBLASLT_EPILOGUE_RELU_BIAS, true, true, false },
	{ "gelu", CUBLASLT_EPILOGUE_GELU, false, false, true },
	{ "gelu+bias", CUBLASLT_EPILOGUE_GELU_BIAS, true, false, true },
};

static double gelu(double x)
{
	return 0.5 * x * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
}

static const size_t WORKSPACE = 16 << 20;

static cublasLtHandle_t lt_handle()
{
	static cublasLtHandle_t h;

	if (!h) {
		CB(cublasLtCreate(&h));
		printf("# cuBLASLt %zu\n", cublasLtGetVersion());
	}
	return h;
}

static void *workspace()
{
	static void *p;

	if (!p)
		CU(cudaMalloc(&p, WORKSPACE));
	return p;
}

/* D = epilogue(alpha op(A) op(B) + beta C), by the first algorithm that the library proposes. */
static cublasStatus_t matmul(const lt_kind &k, const epilogue &e, const gemm_shape &s, const matrix &a,
			     const matrix &b, const matrix &c, const matrix &d, const matrix &bias)
{
	cublasOperation_t ta = s.ta ? CUBLAS_OP_T : CUBLAS_OP_N, tb = s.tb ? CUBLAS_OP_T : CUBLAS_OP_N;
	cublasLtMatrixLayout_t la, lb, lc, ld;
	cublasLtMatmulPreference_t pref;
	cublasLtMatmulHeuristicResult_t found;
	float alpha = s.alpha, beta = s.beta;
	cublasLtMatmulDesc_t desc;
	cublasStatus_t r;
	int n = 0;

	CB(cublasLtMatmulDescCreate(&desc, k.compute, CUDA_R_32F));
	CB(cublasLtMatmulDescSetAttribute(desc, CUBLASLT_MATMUL_DESC_TRANSA, &ta, sizeof(ta)));
	CB(cublasLtMatmulDescSetAttribute(desc, CUBLASLT_MATMUL_DESC_TRANSB, &tb, sizeof(tb)));
	CB(cublasLtMatmulDescSetAttribute(desc, CUBLASLT_MATMUL_DESC_EPILOGUE, &e.value, sizeof(e.value)));
	if (e.bias) {
		CB(cublasLtMatmulDescSetAttribute(desc, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &bias.device,
						  sizeof(bias.device)));
		CB(cublasLtMatmulDescSetAttribute(desc, CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, &k.bias,
						  sizeof(k.bias)));
	}
	CB(cublasLtMatrixLayoutCreate(&la, k.in, a.rows, a.cols, a.ld));
	CB(cublasLtMatrixLayoutCreate(&lb, k.in, b.rows, b.cols, b.ld));
	CB(cublasLtMatrixLayoutCreate(&lc, k.out, c.rows, c.cols, c.ld));
	CB(cublasLtMatrixLayoutCreate(&ld, k.out, d.rows, d.cols, d.ld));
	CB(cublasLtMatmulPreferenceCreate(&pref));
	CB(cublasLtMatmulPreferenceSetAttribute(pref, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &WORKSPACE,
						sizeof(WORKSPACE)));
	r = cublasLtMatmulAlgoGetHeuristic(lt_handle(), desc, la, lb, lc, ld, pref, 1, &found, &n);
	if (r == CUBLAS_STATUS_SUCCESS)
		r = cublasLtMatmul(lt_handle(), desc, &alpha, a.device, la, b.device, lb, &beta, c.device, lc,
				   d.device, ld, &found.algo, workspace(), WORKSPACE, 0);
	cublasLtMatmulPreferenceDestroy(pref);
	cublasLtMatrixLayoutDestroy(la);
	cublasLtMatrixLayoutDestroy(lb);
	cublasLtMatrixLayoutDestroy(lc);
	cublasLtMatrixLayoutDestroy(ld);
	cublasLtMatmulDescDestroy(desc);
	return r;
}

/* The slope of GELU is at most 1.13; its tanh may be approximate, with a relative error of 2^-10.9. */
static void finish(const epilogue &e, double out, double tiny, double &want, double &bound)
{
	if (e.gelu) {
		bound = 1.13 * bound + fabs(want) * ldexp(1, -11);
		want = gelu(want);
	} else if (e.relu && want < 0) {
		want = 0;
	}
	bound += out * (fabs(want) + bound) + tiny;
}

static void reference(const lt_kind &k, const epilogue &e, const gemm_shape &s, const matrix &a,
		      const matrix &b, const matrix &c, const matrix &bias, std::vector<double> &want,
		      std::vector<double> &bound)
{
	double u = ldexp(1, -24), g = sum_bound(u, s.k), in = 2 * k.input + k.input * k.input;

	for (int j = 0; j < s.n; j++)
		for (int i = 0; i < s.m; i++) {
			double sum = 0, mag = 0, add = s.beta * c.at(i, j), w, err, out = 0, tiny = 0;

			for (int l = 0; l < s.k; l++) {
				double p = (s.ta ? a.at(l, i) : a.at(i, l)) * (s.tb ? b.at(j, l) : b.at(l, j));

				sum += p;
				mag += fabs(p);
			}
			mag *= fabs(s.alpha);
			w = s.alpha * sum + add;
			err = mag * (in + (1 + in) * g) + 4 * u * (mag + fabs(add));
			/* The epilogue may be a kernel of its own, which reads what the product wrote. */
			if (e.value != CUBLASLT_EPILOGUE_DEFAULT) {
				out = number_roundoff(k.out);
				tiny = number_tiny(k.out);
			}
			err += out * (fabs(w) + err) + tiny;
			if (e.bias) {
				w += bias.at(i, 0);
				err += 2 * u * fabs(w);
			}
			finish(e, number_roundoff(k.out), number_tiny(k.out), w, err);
			want.push_back(w);
			bound.push_back(err);
		}
}

static void run(const lt_kind &k, const epilogue &e, const gemm_shape &s, uint32_t seed)
{
	matrix a(k.in, s.ta ? s.k : s.m, s.ta ? s.m : s.k, s.lda, 1, seed);
	matrix b(k.in, s.tb ? s.n : s.k, s.tb ? s.k : s.n, s.ldb, 1, seed);
	matrix c(k.out, s.m, s.n, s.ldc, 1, seed), d(k.out, s.m, s.n, s.ldc, 1, seed);
	matrix bias(k.bias, s.m, 1, s.m, 1, seed);
	std::vector<double> want, bound;
	comparison result;
	cublasStatus_t status = matmul(k, e, s, a, b, c, d, bias);
	cudaError_t error = cudaDeviceSynchronize();

	if (status != CUBLAS_STATUS_SUCCESS || error != cudaSuccess) {
		result.fail(std::string(cublasGetStatusString(status)) + ", " + cudaGetErrorString(error));
	} else {
		reference(k, e, s, a, b, c, bias, want, bound);
		result = compare(d, d.download(), want, bound);
	}
	report(k.name, std::string(e.name) + " " + gemm_text(s), result);
	if (error != cudaSuccess) {
		printf("Bail out! the context is lost\n");
		exit(1);
	}
}

/* Dimensions that are multiples of 8 take other kernels than odd ones. */
static gemm_shape shape(int number, uint32_t &seed)
{
	static const int sizes[] = { 8, 16, 24, 40, 64, 72, 128, 136, 200, 256 };
	int odd = number % 3 == 2;
	gemm_shape s = {};

	s.m = sizes[check_random(seed) % 10] - odd;
	s.n = sizes[check_random(seed) % 10] - odd * 3;
	s.k = sizes[check_random(seed) % 10] - odd;
	s.ta = check_random(seed) & 1;
	s.tb = check_random(seed) & 1;
	s.lda = (s.ta ? s.k : s.m) + (odd ? 1 : 8 * (number & 1));
	s.ldb = (s.tb ? s.n : s.k) + (odd ? 2 : 8 * (number & 1));
	s.ldc = s.m + (odd ? 1 : 8 * (number & 1));
	s.alpha = number & 2 ? 1 : 0.75;
	s.beta = number & 4 ? -0.5 : 0;
	s.batch = 1;
	return s;
}

int main(int argc, char **argv)
{
	int every = argc > 2 && !strcmp(argv[1], "--every") ? atoi(argv[2]) : 1, number = 0;
	uint32_t seed = 99;

	for (const lt_kind &k : kinds)
		for (const epilogue &e : epilogues)
			for (int i = 0; i < 12; i++, number++) {
				gemm_shape s = shape(i, seed);

				if (number % every == 0)
					run(k, e, s, number + 1);
			}
	return report_end();
}
