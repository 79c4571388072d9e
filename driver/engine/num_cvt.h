/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Conversions of one lane.  Rounding is an argument; runs in the default float
 * environment.
 */
#ifndef VGPU_ENGINE_NUM_CVT_H
#define VGPU_ENGINE_NUM_CVT_H

#include "num_half.h"

#define CVT_RM(mod)	((mod) & VGPU_CVT_ROUND)

static __always_inline u32 num_cvt_in(u32 a, u32 mod)
{
	return mod & VGPU_CVT_FTZ ? num_flush32(a) : a;
}

/* ---- to integral values ------------------------------------------------------------- */

static __always_inline float num_rint32(float x, u32 rm)
{
	float big = num_f32((num_bits32(x) & 0x80000000) | 0x4b000000);	/* +-2^23 */
	float t = (num_bits32(x) & 0x7fffffff) < 0x4b000000 ? (x + big) - big : x;

	if (rm == VGPU_RM)
		t = t > x ? t - 1.0f : t;
	else if (rm == VGPU_RP)
		t = t < x ? t + 1.0f : t;
	else if (rm == VGPU_RZ)
		t = x < 0 ? (t < x ? t + 1.0f : t) : (t > x ? t - 1.0f : t);
	return num_f32((num_bits32(t) & 0x7fffffff) | (num_bits32(x) & 0x80000000));
}

static __always_inline double num_rint64(double x, u32 rm)
{
	const u64 sign = 1ULL << 63;
	double big = num_f64((num_bits64(x) & sign) | 0x4330000000000000ULL);	/* +-2^52 */
	double t = (num_bits64(x) & ~sign) < 0x4330000000000000ULL ? (x + big) - big : x;

	if (rm == VGPU_RM)
		t = t > x ? t - 1.0 : t;
	else if (rm == VGPU_RP)
		t = t < x ? t + 1.0 : t;
	else if (rm == VGPU_RZ)
		t = x < 0 ? (t < x ? t + 1.0 : t) : (t > x ? t - 1.0 : t);
	return num_f64((num_bits64(t) & ~sign) | (num_bits64(x) & sign));
}

/* ---- floats to integers: @x is integral or infinite or NaN ---------------------------- */

static __always_inline u32 num_to_s32(float x)
{
	s32 v = (s32)(x >= 0x1p31f || x < -0x1p31f || x != x ? 0.0f : x);

	v = x >= 0x1p31f ? 0x7fffffff : v;
	v = x < -0x1p31f ? (s32)0x80000000 : v;
	return (u32)v;		/* NaN: 0 */
}

static __always_inline u32 num_to_u32(float x)
{
	float in = x >= 0x1p32f || x <= 0 || x != x ? 0.0f : x;
	u32 v = in >= 0x1p31f ? (u32)(s32)(in - 0x1p31f) + 0x80000000 : (u32)(s32)in;

	return x >= 0x1p32f ? ENG_ALL : v;
}

static __always_inline u64 num_to_s64(double x)
{
	s64 v = (s64)(x >= 0x1p63 || x < -0x1p63 || x != x ? 0.0 : x);

	v = x >= 0x1p63 ? 0x7fffffffffffffffLL : v;
	return x < -0x1p63 || x != x ? 1ULL << 63 : (u64)v;
}

static __always_inline u64 num_to_u64(double x)
{
	double in = x >= 0x1p64 || x <= 0 || x != x ? 0.0 : x;
	u64 v = in >= 0x1p63 ? (u64)(s64)(in - 0x1p63) + (1ULL << 63) : (u64)(s64)in;

	v = x >= 0x1p64 ? ~0ULL : v;
	return x != x ? 1ULL << 63 : v;
}

static __always_inline u32 num_d_to_s32(double x)
{
	s32 v = (s32)(x >= 0x1p31 || x < -0x1p31 || x != x ? 0.0 : x);

	v = x >= 0x1p31 ? 0x7fffffff : v;
	return x < -0x1p31 || x != x ? 0x80000000 : (u32)v;
}

static __always_inline u32 num_d_to_u32(double x)
{
	double in = x >= 0x1p32 || x <= 0 || x != x ? 0.0 : x;
	u32 v = in >= 0x1p31 ? (u32)(s32)(in - 0x1p31) + 0x80000000 : (u32)(s32)in;

	v = x >= 0x1p32 ? ENG_ALL : v;
	return x != x ? 0x80000000 : v;
}

/* f16 to one of eight integer types, extended to 64 bit; NaN: 0 for the small, 2^63 */
static __always_inline u64 num_h_to_int(u32 h, u32 rm, u32 kind)
{
	double x = num_rint64(num_from_h(h & 0xffff), rm), lo, hi;

	switch (kind) {
	case VGPU_INT_S8:	lo = -128.0, hi = 127.0; break;
	case VGPU_INT_U8:	lo = 0.0, hi = 255.0; break;
	case VGPU_INT_S16:	lo = -32768.0, hi = 32767.0; break;
	case VGPU_INT_U16:	lo = 0.0, hi = 65535.0; break;
	case VGPU_INT_S32:	lo = -0x1p31, hi = 0x1.fffffffcp+30; break;
	case VGPU_INT_U32:	lo = 0.0, hi = 0x1.fffffffep+31; break;
	case VGPU_INT_S64:	return num_to_s64(x);
	default:		return num_to_u64(x);
	}
	if (x != x)
		return 0;
	return (u64)(s64)num_clamp(x, lo, hi);
}

/* ---- integers to floats --------------------------------------------------------------- */

static __always_inline u32 num_int_to_32(u64 v, bool is_signed, u32 rm)
{
	u32 sign = is_signed && (s64)v < 0;

	v = sign ? 0 - v : v;
	return v ? sign << 31 | (u32)num_pack(sign, v, 0, rm, 23, 127) : 0;
}

static __always_inline u64 num_int_to_64(u64 v, bool is_signed, u32 rm)
{
	u32 sign = is_signed && (s64)v < 0;

	v = sign ? 0 - v : v;
	return v ? (u64)sign << 63 | num_pack(sign, v, 0, rm, 52, 1023) : 0;
}

static __always_inline u32 num_int_to_half(u64 v, u32 mod, u32 frac, s32 bias)
{
	u32 sign = !(mod & VGPU_CVT_HIGH) && (s64)v < 0;

	v = sign ? 0 - v : v;
	return v ? sign << 15 | (u32)num_pack(sign, v, 0, CVT_RM(mod), frac, bias) : 0;
}

/* ---- floats to smaller floats ------------------------------------------------------------ */

static __always_inline u32 num_d_to_f(u64 a, u32 mod)
{
	struct num_parts p = num_parts64(a);
	u32 r;

	if (num_nan64(a))
		return NUM_F32_NAN;
	r = (u32)num_repack(p, (a & ~(1ULL << 63)) == NUM_F64_INF, CVT_RM(mod), 23, 127);
	return num_cvt_in(p.sign << 31 | r, mod);
}

/* MOD's relu; saturation to [0, 1] is a step of its own */
static __always_inline u32 num_relu_half(u32 r, u32 mod, u32 inf)
{
	bool nan = (r & 0x7fff) > inf;

	return mod & VGPU_CVT_RELU && (nan || r & 0x8000) ? (nan ? 0x7fff : 0) : r;
}

static __always_inline u32 num_f_to_half(u32 a, u32 mod, u32 frac, s32 bias)
{
	u32 inf = (u32)(2 * bias + 1) << frac, r;
	struct num_parts p;

	a = num_cvt_in(a, mod);
	p = num_parts32(a);
	r = p.sign << 15 | (u32)num_repack(p, (a & 0x7fffffff) == NUM_F32_INF, CVT_RM(mod),
					   frac, bias);
	r = num_nan32(a) ? 0x7fff : r;
	return num_relu_half(r, mod, inf);
}

/* One half of F2H2, F2B2: saturation is to the largest finite value there */
static __always_inline u32 num_f_to_half2(u32 a, u32 mod, u32 frac, s32 bias)
{
	u32 r = num_f_to_half(a, mod, frac, bias), inf = (u32)(2 * bias + 1) << frac;

	if (mod & VGPU_CVT_SAT && (r & 0x7fff) == inf)
		r -= 1;
	return r;
}

static __always_inline u32 num_d_to_h(u64 a, u32 mod)
{
	struct num_parts p = num_parts64(a);

	if (num_nan64(a))
		return NUM_F16_NAN;
	return p.sign << 15 | (u32)num_repack(p, (a & ~(1ULL << 63)) == NUM_F64_INF,
					      CVT_RM(mod), 10, 15);
}

static __always_inline u32 num_f_to_tf32(u32 a, u32 mod)
{
	u32 rm = CVT_RM(mod), sign = a & 0x80000000, m = a & 0x7fffffff, r;

	if (m > NUM_F32_INF) {
		if (rm != VGPU_RNA)
			return 0x7fffe000;
		/* the low bits only go; hardware's satfinite steps back whatever is not finite */
		return (a & ~0x1fffU) - (mod & VGPU_CVT_SAT ? 0x2000 : 0);
	}
	r = m;
	if (rm == VGPU_RNA)
		r += 0x1000;
	else if (rm == VGPU_RN)
		r += 0xfff + (r >> 13 & 1);
	r &= ~0x1fffU;
	r = r > NUM_F32_INF ? NUM_F32_INF : r;
	if (mod & VGPU_CVT_SAT && r == NUM_F32_INF)
		r = 0x7f7fe000;
	return mod & VGPU_CVT_RELU && sign ? 0 : r | sign;
}

/* ---- small floats ---------------------------------------------------------------------------- */

/**
 * struct num_small - a format of at most 8 bits
 * @frac: fraction bits
 * @bias: exponent bias
 * @max: largest finite magnitude
 * @inf: infinity's magnitude, or 0
 * @nan: the canonical NaN's magnitude, or 0 where there is none
 * @sign: position of the sign bit
 */
struct num_small {
	u8 frac, bias, max, inf, nan, sign;
};

static const struct num_small num_small[VGPU_Q8_UE8M0] = {
	[VGPU_Q8_E4M3] = { 3, 7, 0x7e, 0, 0x7f, 7 },
	[VGPU_Q8_E5M2] = { 2, 15, 0x7b, 0x7c, 0x7f, 7 },
	[VGPU_Q8_E2M3] = { 3, 1, 0x1f, 0, 0, 5 },
	[VGPU_Q8_E3M2] = { 2, 3, 0x1f, 0, 0, 5 },
	[VGPU_Q8_E2M1] = { 1, 1, 0x07, 0, 0, 3 },
};

/* Finite non-zero magnitude to a small type, to nearest even */
static __always_inline u32 num_small_pack(const struct num_small *t, struct num_parts p)
{
	/* a wider bias field than the type has, so that overflow shows */
	u64 m = p.m;
	u32 lead = (u32)__builtin_clzll(m), drop = 63 - t->frac, q;
	s32 top = 63 - (s32)lead + p.e;
	u64 rem;

	m <<= lead;
	if (top > 20)
		return 0xff;
	if (top < 1 - t->bias) {
		u32 more = (u32)(1 - t->bias - top);

		drop = more > 64 ? 65 : drop + more > 65 ? 65 : drop + more;
	}
	q = drop > 63 ? 0 : (u32)(m >> drop);
	rem = drop > 64 ? 1 : drop == 64 ? m : m << (64 - drop);
	q += rem > 1ULL << 63 || (rem == 1ULL << 63 && q & 1);
	if (top < 1 - t->bias)
		return q;
	return (((u32)(top + t->bias - 1)) << t->frac) + q;
}

static __always_inline u32 num_to_small(u32 a, u32 mod)
{
	const struct num_small *t = &num_small[mod & VGPU_Q8_TYPE];
	struct num_parts p = num_parts32(a);
	u32 r, sign = p.sign;

	if (num_nan32(a))
		return t->nan ? t->nan : t->max;
	r = (a & 0x7fffffff) == NUM_F32_INF ? 0xff : p.m ? num_small_pack(t, p) : 0;
	if (r > t->max)
		r = mod & VGPU_Q8_SATFINITE || !t->nan ? t->max : t->inf ? t->inf : t->nan;
	if (mod & VGPU_Q8_RELU && sign)
		return 0;
	return r | sign << t->sign;
}

static __always_inline float num_from_small(u32 v, u32 type)
{
	const struct num_small *t = &num_small[type];
	u32 m = v & ((1U << t->sign) - 1), exp = m >> t->frac, f = m & ((1U << t->frac) - 1);
	u32 sign = v >> t->sign & 1, bits;

	if (t->nan && m > t->max && m != t->inf)
		return num_f32(NUM_F32_NAN);
	if (t->inf && m == t->inf)
		return num_f32(NUM_F32_INF | sign << 31);
	if (exp)
		bits = ((exp + 127 - t->bias) << 23) + (f << (23 - t->frac));
	else	/* f * 2^(1 - bias - frac) */
		bits = num_bits32((float)(s32)f *
				  num_f32((u32)(127 + 1 - t->bias - t->frac) << 23));
	return num_f32(bits | sign << 31);
}

/* A power of two by its exponent alone; toward zero or up */
static __always_inline u32 num_to_ue8m0(u32 a, u32 mod)
{
	u32 m = a & 0x7fffffff, exp = m >> 23, f = m & 0x7fffff;

	if (num_nan32(a))
		return 0xff;
	if (m == NUM_F32_INF)
		return mod & VGPU_Q8_SATFINITE ? 0xfe : 0xff;
	if (a >> 31)
		return 0;
	if (!exp) {	/* 2^-127 is the least; half of the least normal is just that */
		return mod & VGPU_Q8_RP && f > 0x400000 ? 1 : 0;
	}
	exp += mod & VGPU_Q8_RP && f;
	return exp > 0xfe ? (mod & VGPU_Q8_SATFINITE ? 0xfe : 0xff) : exp;
}

static __always_inline u32 num_q8(u32 a, u32 mod)
{
	return (mod & VGPU_Q8_TYPE) == VGPU_Q8_UE8M0 ? num_to_ue8m0(a, mod) :
						       num_to_small(a, mod);
}

/* Two small values lie in a byte each, or in a nibble each where four bits do */
static __always_inline u32 num_q8_pair(u32 hi, u32 lo, u32 mod)
{
	return (mod & VGPU_Q8_TYPE) == VGPU_Q8_E2M1 ? hi << 4 | lo : hi << 8 | lo;
}

static __always_inline u32 num_q8_part(u32 v, u32 mod, u32 high)
{
	if ((mod & VGPU_Q8_TYPE) == VGPU_Q8_E2M1)
		return v >> (high ? 4 : 0) & 0xf;
	return v >> (high ? 8 : 0) & 0xff;
}

static __always_inline u32 num_q82h(u32 v, u32 mod, u32 high)
{
	u32 r = num_to_h(num_from_small(num_q8_part(v, mod, high), mod & VGPU_Q8_TYPE));

	return num_relu_half(r, mod & VGPU_Q8_RELU ? VGPU_CVT_RELU : 0, 0x7c00);
}

static __always_inline u32 num_q82b(u32 v, u32 high)
{
	u32 e = v >> (high ? 8 : 0) & 0xff;

	return e == 0xff ? NUM_BF16_NAN : e ? e << 7 : 0x0040;	/* 2^-127 is a denormal */
}

#endif /* VGPU_ENGINE_NUM_CVT_H */
