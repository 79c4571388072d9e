// SPDX-License-Identifier: MIT
// cuSPARSE: a matrix in CSR form times a vector and times a matrix.
#include <cusparse.h>
#include "../../cuda/check.h"

#define CS(call)                                                                       \
	do {                                                                           \
		cusparseStatus_t s_ = (call);                                          \
		if (s_ != CUSPARSE_STATUS_SUCCESS) {                                   \
			printf("# %s: %s\n", #call, cusparseGetErrorString(s_));       \
			return false;                                                  \
		}                                                                      \
	} while (0)

struct csr {
	int rows, cols;
	std::vector<int> start, column;
	std::vector<float> value;
};

/* Rows of 0 to 40 elements. */
static csr make(int rows, int cols)
{
	csr m = { rows, cols, { 0 }, {}, {} };
	uint32_t seed = 5;

	for (int i = 0; i < rows; i++) {
		int step = 1 + check_random(seed) % 40, first = check_random(seed) % step;

		for (int j = first, k = 0; j < cols && k < 40 && i % 7; j += step, k++) {
			m.column.push_back(j);
			m.value.push_back((int32_t)check_random(seed) / 2147483648.f);
		}
		m.start.push_back(m.column.size());
	}
	return m;
}

static bool near(const csr &m, const std::vector<float> &x, const std::vector<float> &y,
		 const std::vector<float> &was, int columns, float alpha, float beta)
{
	for (int c = 0; c < columns; c++)
		for (int i = 0; i < m.rows; i++) {
			double sum = 0, mag = 0;
			int n = m.start[i + 1] - m.start[i];

			for (int k = m.start[i]; k < m.start[i + 1]; k++) {
				double p = (double)m.value[k] * x[(size_t)c * m.cols + m.column[k]];

				sum += p;
				mag += fabs(p);
			}
			size_t at = (size_t)c * m.rows + i;
			double want = alpha * sum + beta * was[at];
			double bound = ((n + 2) * fabs(alpha) * mag + 3 * fabs(beta * was[at])) * ldexp(1, -24);

			if (!(fabs(y[at] - want) <= bound)) {
				printf("# (%d,%d) is %g, not %g\n", i, c, y[at], want);
				return false;
			}
		}
	return true;
}

static bool spmv(cusparseHandle_t h, const csr &m, bool matrix)
{
	const int columns = matrix ? 9 : 1;
	float alpha = 1.5, beta = -0.5, *x, *y, *value = to_device(m.value);
	int *start = to_device(m.start), *column = to_device(m.column);
	std::vector<float> hx((size_t)m.cols * columns), hy((size_t)m.rows * columns);
	cusparseDnMatDescr_t mx, my;
	cusparseDnVecDescr_t vx, vy;
	cusparseSpMatDescr_t a;
	size_t bytes = 0;
	void *buffer;

	for (size_t i = 0; i < hx.size(); i++)
		hx[i] = (float)(i % 17) / 16 - 0.5f;
	for (size_t i = 0; i < hy.size(); i++)
		hy[i] = (float)(i % 5);
	x = to_device(hx);
	y = to_device(hy);
	CS(cusparseCreateCsr(&a, m.rows, m.cols, m.value.size(), start, column, value, CUSPARSE_INDEX_32I,
			     CUSPARSE_INDEX_32I, CUSPARSE_INDEX_BASE_ZERO, CUDA_R_32F));
	if (matrix) {
		CS(cusparseCreateDnMat(&mx, m.cols, columns, m.cols, x, CUDA_R_32F, CUSPARSE_ORDER_COL));
		CS(cusparseCreateDnMat(&my, m.rows, columns, m.rows, y, CUDA_R_32F, CUSPARSE_ORDER_COL));
		CS(cusparseSpMM_bufferSize(h, CUSPARSE_OPERATION_NON_TRANSPOSE, CUSPARSE_OPERATION_NON_TRANSPOSE,
					   &alpha, a, mx, &beta, my, CUDA_R_32F, CUSPARSE_SPMM_ALG_DEFAULT, &bytes));
		CU(cudaMalloc(&buffer, bytes + 16));
		CS(cusparseSpMM(h, CUSPARSE_OPERATION_NON_TRANSPOSE, CUSPARSE_OPERATION_NON_TRANSPOSE, &alpha, a,
				mx, &beta, my, CUDA_R_32F, CUSPARSE_SPMM_ALG_DEFAULT, buffer));
	} else {
		CS(cusparseCreateDnVec(&vx, m.cols, x, CUDA_R_32F));
		CS(cusparseCreateDnVec(&vy, m.rows, y, CUDA_R_32F));
		CS(cusparseSpMV_bufferSize(h, CUSPARSE_OPERATION_NON_TRANSPOSE, &alpha, a, vx, &beta, vy,
					   CUDA_R_32F, CUSPARSE_SPMV_ALG_DEFAULT, &bytes));
		CU(cudaMalloc(&buffer, bytes + 16));
		CS(cusparseSpMV(h, CUSPARSE_OPERATION_NON_TRANSPOSE, &alpha, a, vx, &beta, vy, CUDA_R_32F,
				CUSPARSE_SPMV_ALG_DEFAULT, buffer));
	}
	if (cudaDeviceSynchronize() != cudaSuccess) {
		printf("# %s\n", cudaGetErrorString(cudaGetLastError()));
		return false;
	}
	return near(m, hx, from_device(y, hy.size()), hy, columns, alpha, beta);
}

int main()
{
	cusparseHandle_t h;

	if (cusparseCreate(&h) != CUSPARSE_STATUS_SUCCESS) {
		printf("Bail out! cusparseCreate\n");
		return 1;
	}
	check_result(spmv(h, make(1000, 777), false), "SpMV, CSR");
	check_result(spmv(h, make(333, 1500), true), "SpMM, CSR");
	cusparseDestroy(h);
	return check_end();
}
