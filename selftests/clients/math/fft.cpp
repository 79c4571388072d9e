// SPDX-License-Identifier: MIT
// cuFFT of CUDA 11, which carries PTX: transforms of one and two dimensions against a sum in double
// precision.  One of its 16 modules has machine code only: the pass behind real transforms of
// such lengths as 500.
#include <complex>
#include <cufft.h>
#include "../../cuda/check.h"

typedef std::complex<double> complex;

#define CF(call)                                              \
	do {                                                  \
		cufftResult r_ = (call);                      \
		if (r_ != CUFFT_SUCCESS) {                    \
			printf("# %s: %d\n", #call, (int)r_); \
			return false;                         \
		}                                             \
	} while (0)

/* X[k] = sum x[j] e^(sign 2 pi i j k / n) over n values that lie @stride apart. */
static std::vector<complex> dft(const std::vector<complex> &x, size_t at, size_t n, size_t stride, int sign)
{
	std::vector<complex> out(n);

	for (size_t k = 0; k < n; k++)
		for (size_t j = 0; j < n; j++)
			out[k] += x[at + j * stride] * std::polar(1.0, sign * 2 * M_PI * (double)(j * k % n) / n);
	return out;
}

/* Rows, then columns. */
static std::vector<complex> reference(std::vector<complex> x, int rows, int cols, int sign)
{
	for (int r = 0; r < rows; r++) {
		std::vector<complex> y = dft(x, (size_t)r * cols, cols, 1, sign);
		std::copy(y.begin(), y.end(), x.begin() + (size_t)r * cols);
	}
	for (int c = 0; c < cols && rows > 1; c++) {
		std::vector<complex> y = dft(x, c, rows, cols, sign);
		for (int r = 0; r < rows; r++)
			x[(size_t)r * cols + c] = y[r];
	}
	return x;
}

/* The error of a transform's result is about u log2(n) of its norm; 8 times that is admitted. */
static bool near(const std::vector<cufftComplex> &got, const std::vector<complex> &want)
{
	double norm = 0, worst = 0, bound;

	for (const complex &w : want)
		norm += std::norm(w);
	bound = 8 * ldexp(1, -24) * (1 + log2((double)want.size())) * sqrt(norm / want.size());
	for (size_t i = 0; i < got.size(); i++)
		worst = std::max(worst, std::abs(complex(got[i].x, got[i].y) - want[i]));
	printf("# error %.3g, bound %.3g\n", worst, bound);
	return worst <= bound;
}

static bool transform(int rows, int cols, int sign)
{
	size_t n = (size_t)rows * cols;
	std::vector<cufftComplex> x(n);
	std::vector<complex> exact(n);
	uint32_t seed = 11;
	cufftHandle plan;

	for (size_t i = 0; i < n; i++) {
		x[i].x = (int32_t)check_random(seed) / 2147483648.f;
		x[i].y = (int32_t)check_random(seed) / 2147483648.f;
		exact[i] = complex(x[i].x, x[i].y);
	}
	cufftComplex *p = to_device(x);
	if (rows > 1)
		CF(cufftPlan2d(&plan, rows, cols, CUFFT_C2C));
	else
		CF(cufftPlan1d(&plan, cols, CUFFT_C2C, 1));
	CF(cufftExecC2C(plan, p, p, sign < 0 ? CUFFT_FORWARD : CUFFT_INVERSE));
	if (cudaDeviceSynchronize() != cudaSuccess) {
		printf("# %s\n", cudaGetErrorString(cudaGetLastError()));
		return false;
	}
	CF(cufftDestroy(plan));
	return near(from_device(p, n), reference(exact, rows, cols, sign));
}

static bool real(int n)
{
	std::vector<cufftReal> x(n);
	std::vector<complex> exact(n);
	uint32_t seed = 12;
	cufftHandle plan;

	for (int i = 0; i < n; i++)
		exact[i] = x[i] = (int32_t)check_random(seed) / 2147483648.f;
	cufftReal *p = to_device(x);
	cufftComplex *q = device_array<cufftComplex>(n / 2 + 1);
	CF(cufftPlan1d(&plan, n, CUFFT_R2C, 1));
	CF(cufftExecR2C(plan, p, q));
	CF(cufftDestroy(plan));
	exact = reference(exact, 1, n, -1);
	exact.resize(n / 2 + 1);
	return near(from_device(q, n / 2 + 1), exact);
}

int main()
{
	static const int sizes[][2] = { { 1, 8 }, { 1, 256 }, { 1, 1024 }, { 1, 360 }, { 1, 1000 }, { 1, 97 }, { 1, 4096 },
					{ 32, 48 }, { 17, 64 } };
	char text[80];

	for (auto &s : sizes)
		for (int sign : { -1, 1 }) {
			snprintf(text, sizeof(text), "%s %dx%d", sign < 0 ? "forward" : "inverse", s[0], s[1]);
			check_result(transform(s[0], s[1], sign), text);
		}
	check_result(real(512), "real, 512");
	check_result(real(1000), "real, 1000");
	return check_end();
}
