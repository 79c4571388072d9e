// SPDX-License-Identifier: MIT
// half and bfloat16: scalar and paired arithmetic, conversions.
#include "check.h"
#include <cuda_fp16.h>
#include <cuda_bf16.h>

__global__ void halves(const float *x, const float *y, float *out, int n)
{
	int t = blockIdx.x * blockDim.x + threadIdx.x;

	if (t >= n)
		return;
	__half a = __float2half_rn(x[t]), b = __float2half_rn(y[t]);
	__half2 p = __halves2half2(a, b), q = __hfma2(p, p, p);

	out[t * 6 + 0] = __half2float(a);
	out[t * 6 + 1] = __half2float(__hadd(a, b));
	out[t * 6 + 2] = __half2float(__hmul(a, b));
	out[t * 6 + 3] = __low2float(q);
	out[t * 6 + 4] = __high2float(q);
	out[t * 6 + 5] = __hlt(a, b) ? 1.0f : 0.0f;
}

__global__ void bfloats(const float *x, const float *y, float *out, int n)
{
	int t = blockIdx.x * blockDim.x + threadIdx.x;

	if (t >= n)
		return;
	__nv_bfloat16 a = __float2bfloat16_rn(x[t]), b = __float2bfloat16_rn(y[t]);
	__nv_bfloat162 q = __hfma2(__halves2bfloat162(a, b), __halves2bfloat162(b, b),
				   __halves2bfloat162(a, a));

	out[t * 6 + 0] = __bfloat162float(a);
	out[t * 6 + 1] = __bfloat162float(__hadd(a, b));
	out[t * 6 + 2] = __bfloat162float(__hmul(a, b));
	out[t * 6 + 3] = __low2float(q);
	out[t * 6 + 4] = __high2float(q);
	out[t * 6 + 5] = __hlt(a, b) ? 1.0f : 0.0f;
}

/* Rounds to nearest even at @keep bits of mantissa with the least exponent @emin. */
static double round_to(double v, int keep, int emin)
{
	int e;

	if (v == 0 || !std::isfinite(v))
		return v;
	frexp(v, &e);
	e -= 1;
	if (e < emin)
		e = emin;
	return ldexp(nearbyint(ldexp(v, keep - e)), e - keep);
}

static bool check_set(const std::vector<float> &r, const std::vector<float> &x,
		      const std::vector<float> &y, int keep, int emin, bool bf)
{
	bool good = true;

	for (size_t i = 0; i < x.size(); i++) {
		double a = round_to(x[i], keep, emin), b = round_to(y[i], keep, emin);
		double f0 = bf ? a * b + a : a * a + a, f1 = bf ? b * b + a : b * b + b;

		good &= r[i * 6] == a && r[i * 6 + 1] == round_to(a + b, keep, emin) &&
			r[i * 6 + 2] == round_to(a * b, keep, emin) &&
			r[i * 6 + 3] == round_to(f0, keep, emin) &&
			r[i * 6 + 4] == round_to(f1, keep, emin) && r[i * 6 + 5] == (a < b);
	}
	return good;
}

int main()
{
	const int n = 2048;
	std::vector<float> x(n), y(n);
	uint32_t s = 5;

	for (int i = 0; i < n; i++) {
		x[i] = ((int)(check_random(s) % 20001) - 10000) * 0.00321f;
		y[i] = ((int)(check_random(s) % 20001) - 10000) * 0.0007f;
	}
	float *dx = to_device(x), *dy = to_device(y), *d = device_array<float>(n * 6);

	RUN(halves<<<n / 64, 64>>>(dx, dy, d, n));
	check_result(check_set(from_device(d, n * 6), x, y, 10, -14, false), "half");
	RUN(bfloats<<<n / 64, 64>>>(dx, dy, d, n));
	check_result(check_set(from_device(d, n * 6), x, y, 7, -126, true), "bfloat16");
	return check_end();
}
