// SPDX-License-Identifier: MIT
// cuBLAS: triangular systems, matrix times vector, and sums over vectors.
//
//	level2 [--every N] [KIND]
#include "gemm.h"

static int every = 1;
static const char *only;

static bool wanted(const char *kind, int number)
{
	return (!only || !strcmp(only, kind)) && number % every == 0;
}

/* What a call and the wait for its end say; false ends the comparison. */
static cublasStatus_t last;

static bool done(cublasStatus_t status, comparison &c)
{
	cudaError_t e = cudaDeviceSynchronize();

	last = status;
	if (status == CUBLAS_STATUS_SUCCESS && e == cudaSuccess)
		return true;
	c.fail(std::string(cublasGetStatusString(status)) + ", " + cudaGetErrorString(e));
	return false;
}

static void finish(const char *kind, const char *text, const comparison &c)
{
	if (machine_code_only(last))
		report_skip(kind, text, "cuBLAS chose a kernel that has no PTX");
	else
		report(kind, text, c);
}

/*
 * Triangular: 1.5 .. 2.5 on the diagonal (or anything, where it is taken for one), in each row at
 * most 1/2 in all beside it, NaN in the half that must not be read. Then the norm of |inv(A)||A|
 * is at most 4, by which the inversion of blocks (as cuBLAS does) may raise the error.
 */
static const double TRIANGLE = 4;

static void make_triangle(matrix &a, bool lower, bool unit, uint32_t &seed)
{
	for (int j = 0; j < a.cols; j++)
		for (int i = 0; i < a.rows; i++) {
			double r = (int32_t)check_random(seed) / 2147483648.0;

			if (i == j)
				a.set(i, j, 0, unit ? NAN : 2 + r / 2);
			else
				a.set(i, j, 0, lower == (i > j) ? r / 2 / a.rows : NAN);
		}
	a.upload();
}

struct trsm_case {
	bool left, lower, trans, unit;
	int m, n;
};

/* op(A) as a full matrix of the order @k. */
static std::vector<double> full(const matrix &a, const trsm_case &s, int k)
{
	std::vector<double> f((size_t)k * k);

	for (int j = 0; j < k; j++)
		for (int i = 0; i < k; i++) {
			double v = i == j ? s.unit ? 1 : a.at(i, i) : s.lower == (i > j) ? a.at(i, j) : 0;

			f[s.trans ? (size_t)i * k + j : (size_t)j * k + i] = v;
		}
	return f;
}

/* The residual of what came out, against its bound, element by element. */
static void check_solution(const trsm_case &s, const matrix &a, const matrix &b, const std::vector<char> &x,
			   double alpha, comparison &c)
{
	int k = s.left ? s.m : s.n;
	double u = number_roundoff(b.type), g = TRIANGLE * sum_bound(u, k + 2);
	std::vector<double> f = full(a, s, k);

	for (int j = 0; j < s.n; j++)
		for (int i = 0; i < s.m; i++) {
			long double sum = 0;
			double mag = 0, want = alpha * b.at(i, j);

			for (int l = 0; l < k; l++) {
				double t = s.left ? f[(size_t)l * k + i] : f[(size_t)j * k + l];
				double v = number_get(b.type, x.data(), s.left ? (size_t)j * b.ld + l :
						      (size_t)l * b.ld + i);

				sum += (long double)t * v;
				mag += fabs(t * v);
			}
			c.element(i, j, 0, (double)sum, want, g * mag + 2 * u * fabs(want));
		}
}

static void trsm(cudaDataType t, const trsm_case &s, uint32_t seed)
{
	const char *kind = t == CUDA_R_64F ? "dtrsm" : "strsm";
	int k = s.left ? s.m : s.n;
	matrix a(t, k, k, k + seed % 3, 1, seed), b(t, s.m, s.n, s.m + seed % 5, 1, seed);
	cublasSideMode_t side = s.left ? CUBLAS_SIDE_LEFT : CUBLAS_SIDE_RIGHT;
	cublasFillMode_t fill = s.lower ? CUBLAS_FILL_MODE_LOWER : CUBLAS_FILL_MODE_UPPER;
	cublasOperation_t op = s.trans ? CUBLAS_OP_T : CUBLAS_OP_N;
	cublasDiagType_t diag = s.unit ? CUBLAS_DIAG_UNIT : CUBLAS_DIAG_NON_UNIT;
	double alpha = 1.25;
	float alphaf = 1.25;
	comparison c;
	char text[80];

	make_triangle(a, s.lower, s.unit, seed);
	if (done(t == CUDA_R_64F ?
		 cublasDtrsm(handle(), side, fill, op, diag, s.m, s.n, &alpha, (double *)a.device, a.ld,
			     (double *)b.device, b.ld) :
		 cublasStrsm(handle(), side, fill, op, diag, s.m, s.n, &alphaf, (float *)a.device, a.ld,
			     (float *)b.device, b.ld), c))
		check_solution(s, a, b, b.download(), alpha, c);
	snprintf(text, sizeof(text), "%s %s %s %s %dx%d", s.left ? "left" : "right",
		 s.lower ? "lower" : "upper", s.trans ? "T" : "N", s.unit ? "unit" : "non-unit", s.m, s.n);
	finish(kind, text, c);
}

/* y = alpha op(A) x + beta y with strides of both signs. */
struct gemv_case {
	int m, n, incx, incy;
	bool trans;
	double alpha, beta;
};

static int place(int i, int n, int inc)
{
	return inc > 0 ? i * inc : (i - (n - 1)) * inc;
}

static void gemv(cudaDataType t, const gemv_case &s, uint32_t seed)
{
	int nx = s.trans ? s.m : s.n, ny = s.trans ? s.n : s.m;
	matrix a(t, s.m, s.n, s.m + seed % 4, 1, seed);
	matrix x(t, 1, nx * abs(s.incx), 1, 1, seed), y(t, 1, ny * abs(s.incy), 1, 1, seed);
	cublasOperation_t op = s.trans ? CUBLAS_OP_T : CUBLAS_OP_N;
	double u = number_roundoff(t), g = sum_bound(u, nx);
	float alphaf = s.alpha, betaf = s.beta;
	comparison c;
	char text[80];

	if (done(t == CUDA_R_64F ?
		 cublasDgemv(handle(), op, s.m, s.n, &s.alpha, (double *)a.device, a.ld, (double *)x.device,
			     s.incx, &s.beta, (double *)y.device, s.incy) :
		 cublasSgemv(handle(), op, s.m, s.n, &alphaf, (float *)a.device, a.ld, (float *)x.device,
			     s.incx, &betaf, (float *)y.device, s.incy), c)) {
		std::vector<char> got = y.download();

		for (int i = 0; i < ny; i++) {
			long double sum = 0;
			int at = place(i, ny, s.incy);
			double mag = 0, was = s.beta * y.at(0, at);

			for (int l = 0; l < nx; l++) {
				double p = (s.trans ? a.at(l, i) : a.at(i, l)) * x.at(0, place(l, nx, s.incx));

				sum += p;
				mag += fabs(p);
			}
			c.element(i, 0, 0, number_get(t, got.data(), at), (double)(s.alpha * sum + was),
				  fabs(s.alpha) * mag * g + 4 * u * (fabs(s.alpha) * mag + fabs(was)));
		}
	}
	snprintf(text, sizeof(text), "%s %dx%d incx %d incy %d alpha %g beta %g", s.trans ? "T" : "N", s.m,
		 s.n, s.incx, s.incy, s.alpha, s.beta);
	finish(t == CUDA_R_64F ? "dgemv" : "sgemv", text, c);
}

/* Sums, and the largest element, of vectors of one length. */
static void vectors(int n, uint32_t seed)
{
	matrix x(CUDA_R_32F, 1, n, 1, 1, seed), y(CUDA_R_32F, 1, n, 1, 1, seed);
	double dot = 0, mag = 0, asum = 0, square = 0, top = -1, g = sum_bound(ldexp(1, -24), n);
	float result[3] = {}, alpha = -0.5;
	int largest = 0, want = 0;
	comparison c;

	for (int i = 0; i < n; i++) {
		dot += x.at(0, i) * y.at(0, i);
		mag += fabs(x.at(0, i) * y.at(0, i));
		asum += fabs(x.at(0, i));
		square += x.at(0, i) * x.at(0, i);
		if (fabs(x.at(0, i)) > top) {
			top = fabs(x.at(0, i));
			want = i + 1;
		}
	}
	if (done(cublasSdot(handle(), n, (float *)x.device, 1, (float *)y.device, 1, &result[0]), c) &&
	    done(cublasSasum(handle(), n, (float *)x.device, 1, &result[1]), c) &&
	    done(cublasSnrm2(handle(), n, (float *)x.device, 1, &result[2]), c) &&
	    done(cublasIsamax(handle(), n, (float *)x.device, 1, &largest), c) &&
	    done(cublasSaxpy(handle(), n, &alpha, (float *)x.device, 1, (float *)y.device, 1), c)) {
		std::vector<char> got = y.download();

		c.element(0, 0, 0, result[0], dot, g * mag + ldexp(mag, -23));
		c.element(0, 0, 1, result[1], asum, g * asum + ldexp(asum, -23));
		c.element(0, 0, 2, result[2], sqrt(square), (g + ldexp(1, -22)) * sqrt(square));
		c.element(0, 0, 3, largest, want, 0);
		for (int i = 0; i < n; i++)
			c.element(0, i, 4, number_get(CUDA_R_32F, got.data(), i),
				  y.at(0, i) + alpha * x.at(0, i), ldexp(2, -24));
	}
	report("vectors", "dot, asum, nrm2, amax, axpy of " + std::to_string(n), c);
}

int main(int argc, char **argv)
{
	static const int orders[][2] = { { 1, 1 }, { 5, 3 }, { 17, 40 }, { 32, 32 }, { 33, 7 }, { 64, 65 },
					 { 100, 130 }, { 129, 31 }, { 200, 64 }, { 257, 5 } };
	static const int strides[] = { 1, 2, -1, 3, -2 };
	static const int sizes[] = { 1, 3, 31, 32, 65, 128, 200, 513, 1000 };
	uint32_t seed = 7;
	int number = 0;

	if (argc > 2 && !strcmp(argv[1], "--every")) {
		every = atoi(argv[2]);
		argc -= 2;
		argv += 2;
	}
	only = argc > 1 ? argv[1] : NULL;
	for (cudaDataType t : { CUDA_R_32F, CUDA_R_64F })
		for (auto &o : orders)
			for (int form = 0; form < 16; form++, number++)
				if (wanted(t == CUDA_R_64F ? "dtrsm" : "strsm", number))
					trsm(t, { !(form & 1), !(form & 2), !!(form & 4), !!(form & 8), o[0], o[1] },
					     number + 1);
	for (cudaDataType t : { CUDA_R_32F, CUDA_R_64F })
		for (int m : sizes)
			for (int n : sizes) {
				gemv_case s = { m, n, strides[check_random(seed) % 5], strides[check_random(seed) % 5],
						!(check_random(seed) & 1), 0.75, check_random(seed) & 1 ? -1.5 : 0 };

				if (wanted(t == CUDA_R_64F ? "dgemv" : "sgemv", number++))
					gemv(t, s, number);
			}
	for (int n : { 1, 33, 1000, 4097, 100000 })
		if (wanted("vectors", every * number++))
			vectors(n, number);
	return report_end();
}
