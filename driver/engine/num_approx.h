/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Approximations of one lane.  All work in double with plain multiplications and
 * additions in a fixed order, so that no CPU's own approximation or fma shows, and
 * round once at the end; the errors are far below what PTX admits.  They expect
 * rounding to nearest in MXCSR; flush-to-zero acts on their f32 side only.
 */
#ifndef VGPU_ENGINE_NUM_APPROX_H
#define VGPU_ENGINE_NUM_APPROX_H

#include "num_float.h"

/* Adding this leaves the nearest integer in the low bits. */
#define NUM_ROUNDER	0x1.8p52

static __always_inline double num_clamp(double x, double lo, double hi)
{
	/* NaN stays */
	x = x > hi ? hi : x;
	return x < lo ? lo : x;
}

/* 2^x for |x| <= 1000, relative error below 2^-31 */
static __always_inline double num_exp2(double x)
{
	double t = x + NUM_ROUNDER, f = x - (t - NUM_ROUNDER);
	double scale = num_f64((num_bits64(t) - num_bits64(NUM_ROUNDER) + 1023) << 52);
	double r = 0x1.62c0223a5c824p-20;	/* ln(2)^k / k!, from k = 8 down */

	r = r * f + 0x1.ffcbfc588b0c7p-17;
	r = r * f + 0x1.430912f86c787p-13;
	r = r * f + 0x1.5d87fe78a6731p-10;
	r = r * f + 0x1.3b2ab6fba4e77p-7;
	r = r * f + 0x1.c6b08d704a0c0p-5;
	r = r * f + 0x1.ebfbdff82c58fp-3;
	r = r * f + 0x1.62e42fefa39efp-1;
	r = r * f + 1.0;
	return r * scale;
}

static __always_inline u32 num_ex2(u32 a)
{
	return num_out32((float)num_exp2(num_clamp(num_f32(a), -200.0, 200.0)));
}

static __always_inline u32 num_lg2(u32 a)
{
	double x = num_f32(a), s, q, r;
	u64 bits = num_bits64(x);
	/* mantissa in [sqrt(1/2), sqrt(2)), exponent counted from there */
	u64 off = bits - 0x3fe6a09e667f3bcdULL;
	s64 k = (s64)off >> 52;
	double m = num_f64(bits - ((u64)k << 52));
	/* int to double without an instruction that older sets lack */
	double e = num_f64((u64)k + num_bits64(NUM_ROUNDER)) - NUM_ROUNDER;

	s = (m - 1.0) / (m + 1.0);
	q = s * s;
	r = 0x1.0c9a84994022dp-2;	/* 2 / ln(2) / k, from k = 11 down */
	r = r * q + 0x1.484b13d7c02a9p-2;
	r = r * q + 0x1.a61762a7aded9p-2;
	r = r * q + 0x1.2776c50ef9bfep-1;
	r = r * q + 0x1.ec709dc3a03fdp-1;
	r = r * q + 0x1.71547652b82fep+1;
	r = r * s + e;
	r = x == num_f64(NUM_F64_INF) ? x : r;
	r = x == 0 ? num_f64(NUM_F64_INF | 1ULL << 63) : r;
	return x < 0 || x != x ? NUM_F32_NAN : num_out32((float)r);
}

/* sin(x + quarter * pi / 2) */
static __always_inline u32 num_sincos(u32 a, u64 quarter)
{
	double x = num_f32(a);
	double t = num_clamp(x, -0x1p40, 0x1p40) * 0x1.45f306dc9c883p-1 + NUM_ROUNDER;
	double k = t - NUM_ROUNDER, r, q, sine, cosine;
	u64 n = num_bits64(t) + quarter;

	/* pi/2 in three parts, the first two so short that products are exact */
	r = x - k * 0x1.921fb544p+0;
	r = r - k * 0x1.0b4611a6p-34;
	r = r - k * 0x1.3198a2e037073p-69;
	r = num_clamp(r, -0.8, 0.8);	/* beyond reduction's range: still a sine */
	q = r * r;
	sine = 0x1.71de3a556c734p-19;		/* 1/9!, -1/7!, ... */
	sine = sine * q - 0x1.a01a01a01a01ap-13;
	sine = sine * q + 0x1.1111111111111p-7;
	sine = sine * q - 0x1.5555555555555p-3;
	sine = r * (sine * q + 1.0);
	cosine = 0x1.a01a01a01a01ap-16;		/* 1/8!, -1/6!, ... */
	cosine = cosine * q - 0x1.6c16c16c16c17p-10;
	cosine = cosine * q + 0x1.5555555555555p-5;
	cosine = cosine * q - 0.5;
	cosine = cosine * q + 1.0;
	r = n & 1 ? cosine : sine;
	r = num_f64(num_bits64(r) ^ n >> 1 << 63);
	return x - x != 0 ? NUM_F32_NAN : num_out32((float)r);
}

static __always_inline double num_tanh64(double x)
{
	double e = num_exp2(num_clamp(x, -40.0, 40.0) * 0x1.71547652b82fep+1);
	double big = 1.0 - 2.0 / (e + 1.0);
	double q = x * x;
	double small = x * (1.0 + q * (-0x1.5555555555555p-2 + q * 0x1.1111111111111p-3));

	return x < 0x1p-4 && x > -0x1p-4 ? small : big;
}

static __always_inline u32 num_tanh(u32 a)
{
	return num_out32((float)num_tanh64(num_f32(a)));
}

#endif /* VGPU_ENGINE_NUM_APPROX_H */
