// SPDX-License-Identifier: MIT
// f64 and 64-bit integer arithmetic against the CPU, bit for bit where both are IEEE.
#include "check.h"

struct row {
	double add, mul, fma, div, sqrt, rint, floor;
	long long sdiv, srem, mulhi, shr, from_d;
	unsigned long long udiv, urem, umulhi, shl, rot;
	int clz, popc, ffs;
	double from_l, exp;
	float narrow;
};

__host__ __device__ static void ints(row &r, long long a, long long b)
{
	unsigned long long ua = a, ub = b;

	r.sdiv = a / b;
	r.srem = a % b;
	r.udiv = ua / ub;
	r.urem = ua % ub;
	r.shr = a >> (ub & 63);
	r.shl = ua << (ub & 63);
	r.rot = ua >> 13 | ua << 51;
}

__global__ void compute(const double *x, const double *y, const long long *a, const long long *b,
			row *out, int n)
{
	int t = blockIdx.x * blockDim.x + threadIdx.x;

	if (t >= n)
		return;
	row r;

	r.add = __dadd_rn(x[t], y[t]);
	r.mul = __dmul_rn(x[t], y[t]);
	r.fma = fma(x[t], y[t], 1.5);
	r.div = x[t] / y[t];
	r.sqrt = sqrt(fabs(x[t]));
	r.rint = rint(x[t]);
	r.floor = floor(y[t]);
	r.exp = exp(x[t] * 1e-3);
	r.narrow = (float)x[t];
	r.from_d = (long long)(x[t] * 1e6);
	r.from_l = (double)a[t];
	ints(r, a[t], b[t]);
	r.mulhi = __mul64hi(a[t], b[t]);
	r.umulhi = __umul64hi(a[t], b[t]);
	r.clz = __clzll(a[t]);
	r.popc = __popcll(a[t]);
	r.ffs = __ffsll(b[t]);
	out[t] = r;
}

static bool same(double a, double b)
{
	return !memcmp(&a, &b, 8) || (a != a && b != b);
}

int main()
{
	const int n = 4096;
	std::vector<double> x(n), y(n);
	std::vector<long long> a(n), b(n);
	uint32_t s = 11;

	for (int i = 0; i < n; i++) {
		x[i] = ((int32_t)check_random(s)) / 65536.0;
		y[i] = ((int32_t)check_random(s)) / 16777216.0 + 1e-9;
		a[i] = (long long)((unsigned long long)check_random(s) << 32 | check_random(s));
		b[i] = (long long)((unsigned long long)check_random(s) << 32 | check_random(s)) >> (i % 60);
		if (!b[i])
			b[i] = 3;
	}
	double *dx = to_device(x), *dy = to_device(y);
	long long *da = to_device(a), *db = to_device(b);
	row *dr = device_array<row>(n);

	RUN(compute<<<n / 128, 128>>>(dx, dy, da, db, dr, n));
	std::vector<row> r = from_device(dr, n);
	bool f = true, div = true, i64 = true, bits = true, cvt = true, ex = true;

	for (int i = 0; i < n; i++) {
		row w;

		ints(w, a[i], b[i]);
		f &= same(r[i].add, x[i] + y[i]) && same(r[i].mul, x[i] * y[i]) &&
		     same(r[i].fma, fma(x[i], y[i], 1.5)) && same(r[i].rint, rint(x[i])) &&
		     same(r[i].floor, floor(y[i]));
		div &= same(r[i].div, x[i] / y[i]) && same(r[i].sqrt, sqrt(fabs(x[i])));
		i64 &= r[i].sdiv == w.sdiv && r[i].srem == w.srem && r[i].udiv == w.udiv &&
		       r[i].urem == w.urem && r[i].shr == w.shr && r[i].shl == w.shl &&
		       r[i].rot == w.rot && r[i].mulhi == (long long)((__int128)a[i] * b[i] >> 64) &&
		       r[i].umulhi == (unsigned long long)((unsigned __int128)(unsigned long long)a[i] *
							   (unsigned long long)b[i] >> 64);
		bits &= r[i].clz == (a[i] ? __builtin_clzll(a[i]) : 64) &&
			r[i].popc == __builtin_popcountll(a[i]) && r[i].ffs == __builtin_ffsll(b[i]);
		cvt &= r[i].from_l == (double)a[i] && r[i].from_d == (long long)(x[i] * 1e6) &&
		       r[i].narrow == (float)x[i];
		ex &= fabs(r[i].exp - exp(x[i] * 1e-3)) <= 4e-16 * exp(x[i] * 1e-3);
	}
	check_result(f, "f64 add, mul, fma, rint, floor");
	check_result(div, "f64 division and square root, correctly rounded");
	check_result(ex, "exp within 2 ulp");
	check_result(i64, "64-bit integer division, remainder, shifts, high products");
	check_result(bits, "clz, popc, ffs");
	check_result(cvt, "conversions between f64, f32 and 64-bit integers");
	return check_end();
}
