/* SPDX-License-Identifier: MIT */
/*
 * What the programs of this suite share: matrices that lie on both sides, a reference in double
 * precision, and the comparison of a result with it.
 *
 * The bound on the error of a sum of products, sum(a*b) over k, is that of rounding error
 * analysis: of every order of summation with k roundings of relative size u,
 *
 *	|error| <= g * sum(|a||b|),	g = k*u / (1 - k*u)
 *
 * and, roundings being as often up as down, with a probability of failure below 1e-7 a sum
 * (Higham and Mary, SIAM J. Sci. Comput. 41, 2019, with lambda = 6),
 *
 *	g = exp(6*sqrt(k)*u + k*u*u/(1 - u)) - 1.
 *
 * The smaller of both is taken. To it come the roundings of the inputs (where the computation
 * narrows them), of alpha and beta, and of the result.
 */
#ifndef SELFTESTS_CLIENTS_RIG_H
#define SELFTESTS_CLIENTS_RIG_H

#include <string>
#include <vector>
#include <cublas_v2.h>
#include "../../cuda/check.h"
#include "numbers.h"

#define CB(call)                                                                   \
	do {                                                                       \
		cublasStatus_t s_ = (call);                                        \
		if (s_ != CUBLAS_STATUS_SUCCESS) {                                 \
			printf("Bail out! %s:%d: %s: %s\n", __FILE__, __LINE__,    \
			       #call, cublasGetStatusString(s_));                  \
			exit(1);                                                   \
		}                                                                  \
	} while (0)

/* A column-major matrix, or @batch of them one behind the other, on the host and the device. */
struct matrix {
	cudaDataType type;
	int rows, cols, ld, batch;
	std::vector<char> host;
	void *device;

	/* Random values in [-1, 1], integers in [-128, 127]; NaN between the columns. */
	matrix(cudaDataType type, int rows, int cols, int ld, int batch, uint32_t &seed);
	~matrix();
	matrix(const matrix &) = delete;
	size_t stride() const { return (size_t)ld * cols; }
	double at(int r, int c, int b = 0) const
	{
		return number_get(type, host.data(), b * stride() + (size_t)c * ld + r);
	}
	void set(int r, int c, int b, double v)
	{
		number_put(type, host.data(), b * stride() + (size_t)c * ld + r, v);
	}
	/* All elements one value: NaN where nothing may read them. */
	void fill(double v);
	void upload();
	/* What the device holds now. */
	std::vector<char> download() const;
	void *device_at(int b) const
	{
		return (char *)device + b * stride() * number_size(type);
	}
};

/* How a product is computed, apart from what its matrices hold. */
struct numerics {
	double sum;	/* roundoff of the accumulator */
	double input;	/* relative error of each input, where it is narrowed first */
	double input_tiny;	/* the same where it underflows */
};

/* The factor g above for sums of @k products. */
double sum_bound(double u, int k);

/* What came out and what was expected; the result of a comparison. */
struct comparison {
	double worst = 0;	/* error / bound */
	std::string text;	/* of the worst element, or what else is wrong */
	bool good = true;

	void element(int r, int c, int b, double got, double want, double bound);
	void fail(const std::string &what);
};

/*
 * Whether @got, a download of @m, is @want (rows x cols, dense, a batch) within @bound, element by
 * element, and nothing between the columns was written.
 */
comparison compare(const matrix &m, const std::vector<char> &got,
		   const std::vector<double> &want, const std::vector<double> &bound);

/* One TAP line for a comparison, and the largest error seen of each @kind at the end. */
void report(const std::string &kind, const std::string &what, const comparison &c);
/* One that was not done, and why. */
void report_skip(const std::string &kind, const std::string &what, const char *reason);
int report_end();

/*
 * cuBLAS 13.10 has kernels for a matrix by a vector as machine code only (Documentation/libcuda.rst): products
 * that go that way, and the solver of triangles by way of them, fail with EXECUTION_FAILED and nothing else.
 */
bool machine_code_only(cublasStatus_t status);

cublasHandle_t handle();

#endif
