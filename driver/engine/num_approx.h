/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PTX's approximations (ex2, lg2, sin, cos, tanh and the seeds of f64 division), one
 * lane, from bits to bits.
 *
 * They compute in double with multiplications, additions and divisions alone, so
 * that every handler set gives the same bits and nothing needs a fused
 * multiply-add, and without branches, so that loops over lanes vectorize.  The
 * errors stay far inside PTX's bounds.  The division, reciprocal and square root
 * approximations are the exact instructions: nothing is faster on this hardware
 * that would be the same everywhere.
 *
 * Float mode: conversions between float and double flush as the mode says.
 * Rounding must be to nearest.
 */
#ifndef VGPU_ENGINE_NUM_APPROX_H
#define VGPU_ENGINE_NUM_APPROX_H

#define NUM_NAN32	0x7fffffffU
#define NUM_NAN64	0xfff8000000000000ULL

static __always_inline float approx_float(u32 u)
{
	float f;

	__builtin_memcpy(&f, &u, 4);
	return f;
}

static __always_inline u32 approx_bits(float f)
{
	u32 u;

	__builtin_memcpy(&u, &f, 4);
	return u;
}

static __always_inline double approx_double(u64 u)
{
	double f;

	__builtin_memcpy(&f, &u, 8);
	return f;
}

static __always_inline u64 approx_bits64(double f)
{
	u64 u;

	__builtin_memcpy(&u, &f, 8);
	return u;
}

/* f's bits, a NaN made the canonical one */
static __always_inline u32 approx_result(double f)
{
	u32 u = approx_bits((float)f);

	return f == f ? u : NUM_NAN32;
}

#define APPROX_MAGIC	0x1.8p52	/* adding it rounds to an integer, kept in the low bits */

/* 2^x; NaN for NaN */
static __always_inline double approx_exp2(double x)
{
	double c = x > 200 ? 200.0 : x;
	double t, f, p;
	u64 scale;

	c = c < -200 ? -200.0 : c;
	t = c + APPROX_MAGIC;
	f = c - (t - APPROX_MAGIC);
	scale = (approx_bits64(t) + 1023) << 52;
	/* Taylor: |f| <= 1/2, the first term left out is 2^-27.5 */
	p = 1.52527338040598403e-05;
	p = p * f + 1.54035303933816100e-04;
	p = p * f + 1.33335581464284434e-03;
	p = p * f + 9.61812910762847716e-03;
	p = p * f + 5.55041086648215800e-02;
	p = p * f + 2.40226506959100712e-01;
	p = p * f + 6.93147180559945309e-01;
	p = p * f + 1.0;
	return p * approx_double(scale);
}

/* log2(x): -inf for 0, NaN below */
static __always_inline double approx_log2(double x)
{
	u64 u = approx_bits64(x);
	/* the exponent such that m lies in [sqrt(1/2), sqrt(2)) */
	u64 up = u - 0x3fe6a09e667f3bcdULL;
	double e = (double)(s32)((s64)up >> 52);
	double m = approx_double(u - (up & 0xfff0000000000000ULL));
	double s = (m - 1) / (m + 1), q = s * s, p, r;

	p = 3.20598897975326e-01;		/* 2 / (9 ln 2) */
	p = p * q + 4.12198583111132e-01;	/* 2 / (7 ln 2) */
	p = p * q + 5.77078016355585e-01;
	p = p * q + 9.61796693925976e-01;
	p = p * q + 2.88539008177792681;
	r = e + p * s;
	r = x == 0 ? -__builtin_inf() : r;
	r = x < 0 ? __builtin_nan("") : r;
	return x == __builtin_inf() || x != x ? x : r;
}

/* sin(x + @quarter * pi / 2) for |x| up to some 2^30; beyond, a value in [-1, 1] */
static __always_inline double approx_sin(double x, u32 quarter)
{
	double t = x * 6.36619772367581343e-01 + APPROX_MAGIC, k = t - APPROX_MAGIC;
	u32 n = (u32)approx_bits64(t) + quarter;
	double r = (x - k * 1.57079632673412561) - k * 6.07710050650619225e-11;
	double q, s, c, v;

	r = r > 0.8 ? 0.8 : r;
	r = r < -0.8 ? -0.8 : r;
	q = r * r;
	s = 2.75573192239858907e-06;
	s = s * q - 1.98412698412698413e-04;
	s = s * q + 8.33333333333333333e-03;
	s = s * q - 1.66666666666666667e-01;
	s = s * q * r + r;
	c = -2.75573192239858907e-07;
	c = c * q + 2.48015873015873016e-05;
	c = c * q - 1.38888888888888889e-03;
	c = c * q + 4.16666666666666667e-02;
	c = c * q - 0.5;
	c = c * q + 1.0;
	v = n & 1 ? c : s;
	v = n & 2 ? -v : v;
	return x - x == 0 ? v : __builtin_nan("");
}

static __always_inline double approx_tanh(double x)
{
	double a = x < 0 ? -x : x;
	double e = approx_exp2(a * 2.88539008177792681);	/* e^2a */
	double r = a < 0x1p-7 ? a - a * a * a * 3.33333333333333333e-01 : 1 - 2 / (e + 1);

	r = x < 0 ? -r : r;
	return x == 0 || x != x ? x : r;
}

static __always_inline u32 num_fex2_a(u32 a)
{
	return approx_result(approx_exp2(approx_float(a)));
}

static __always_inline u32 num_flg2_a(u32 a)
{
	return approx_result(approx_log2(approx_float(a)));
}

static __always_inline u32 num_fsin_a(u32 a)
{
	u32 r = approx_result(approx_sin(approx_float(a), 0));

	return approx_float(a) == 0 ? a & 0x80000000 : r;	/* keeps the sign of zero */
}

static __always_inline u32 num_fcos_a(u32 a)
{
	return approx_result(approx_sin(approx_float(a), 1));
}

static __always_inline u32 num_ftanh_a(u32 a)
{
	return approx_result(approx_tanh(approx_float(a)));
}

static __always_inline u32 num_frsq_a(u32 a)
{
	float r = 1.0f / __builtin_sqrtf(approx_float(a));

	return r == r ? approx_bits(r) : NUM_NAN32;
}

/* The 20-bit seeds: low half zero, denormals are zeros */
static __always_inline u64 approx_seed(double r)
{
	u64 u = approx_bits64(r);
	u64 small = (u << 1 >> 53) == 0 ? u & 0x8000000000000000ULL : u & 0xffffffff00000000ULL;

	return r == r ? small : NUM_NAN64;
}

static __always_inline double approx_flush64(u64 a)
{
	return approx_double((a << 1 >> 53) == 0 ? a & 0x8000000000000000ULL : a);
}

static __always_inline u64 num_drcp_a(u64 a)
{
	return approx_seed(1.0 / approx_flush64(a));
}

static __always_inline u64 num_drsq_a(u64 a)
{
	return approx_seed(1.0 / __builtin_sqrt(approx_flush64(a)));
}

#endif /* VGPU_ENGINE_NUM_APPROX_H */
