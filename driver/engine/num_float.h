/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Floats of one lane: bit patterns, packing with any rounding, exact fma where the
 * CPU has none.  Everything here gives the same bits in every handler set.
 */
#ifndef VGPU_ENGINE_NUM_FLOAT_H
#define VGPU_ENGINE_NUM_FLOAT_H

#include "scalar.h"

#define NUM_F32_NAN	0x7fffffffU
#define NUM_F64_NAN	0xfff8000000000000ULL
#define NUM_F16_NAN	0x7fffU
#define NUM_BF16_NAN	0x7fffU
#define NUM_F32_INF	0x7f800000U
#define NUM_F64_INF	0x7ff0000000000000ULL

static __always_inline float num_f32(u32 bits)
{
	union { u32 u; float f; } v = { .u = bits };

	return v.f;
}

static __always_inline u32 num_bits32(float f)
{
	union { float f; u32 u; } v = { .f = f };

	return v.u;
}

static __always_inline double num_f64(u64 bits)
{
	union { u64 u; double f; } v = { .u = bits };

	return v.f;
}

static __always_inline u64 num_bits64(double f)
{
	union { double f; u64 u; } v = { .f = f };

	return v.u;
}

/* Results of f32 and f64 arithmetic */
static __always_inline u32 num_out32(float f)
{
	return f != f ? NUM_F32_NAN : num_bits32(f);
}

static __always_inline u64 num_out64(double f)
{
	return f != f ? NUM_F64_NAN : num_bits64(f);
}

static __always_inline bool num_nan32(u32 a)
{
	return (a & 0x7fffffff) > NUM_F32_INF;
}

static __always_inline bool num_nan64(u64 a)
{
	return (a & ~(1ULL << 63)) > NUM_F64_INF;
}

static __always_inline u32 num_flush32(u32 a)
{
	return a & NUM_F32_INF ? a : a & 0x80000000;
}

static __always_inline u32 num_flush_if(u32 a, u32 mod)
{
	return mod & ENG_MOD_FTZ ? num_flush32(a) : a;
}

/* neg and abs: NaN is canonical, as the hardware has it */
static __always_inline u32 num_sign32(u32 a)
{
	return num_nan32(a) ? NUM_F32_NAN : a;
}

static __always_inline u32 num_sat32(u32 a)
{
	/* negative ones and NaN, then what exceeds 1.0 */
	a = (s32)a < 0 || num_nan32(a) ? 0 : a;
	return a > 0x3f800000 ? 0x3f800000 : a;
}

static __always_inline u64 num_sat64(u64 a)
{
	const u64 one = 0x3ff0000000000000ULL;

	a = (s64)a < 0 || num_nan64(a) ? 0 : a;
	return a > one ? one : a;
}

/* A value that compares as a signed integer does, -0 below +0 */
static __always_inline s32 num_order32(u32 a)
{
	return (s32)(a ^ ((u32)((s32)a >> 31) & 0x7fffffff));
}

static __always_inline s64 num_order64(u64 a)
{
	return (s64)(a ^ ((u64)((s64)a >> 63) & ~(1ULL << 63)));
}

static __always_inline u32 num_minmax32(u32 a, u32 b, u32 mod, bool max)
{
	u32 sign = 0, r, na, nb;

	a = num_flush_if(a, mod);
	b = num_flush_if(b, mod);
	na = num_nan32(a);
	nb = num_nan32(b);
	if (mod & VGPU_MINMAX_XORSIGN) {
		sign = (a ^ b) & 0x80000000;
		a &= 0x7fffffff;
		b &= 0x7fffffff;
	}
	r = (num_order32(a) < num_order32(b)) != max ? a : b;
	r = na ? b : nb ? a : r;
	r |= sign;
	return (na && nb) || (mod & VGPU_MINMAX_NAN && (na || nb)) ? NUM_F32_NAN : r;
}

static __always_inline u64 num_minmax64(u64 a, u64 b, bool max)
{
	u64 r = (num_order64(a) < num_order64(b)) != max ? a : b;
	bool na = num_nan64(a), nb = num_nan64(b);

	r = na ? b : nb ? a : r;
	return na && nb ? NUM_F64_NAN : r;
}

static __always_inline bool num_testp32(u32 a, u32 how)
{
	u32 m = a & 0x7fffffff;

	switch (how) {
	case VGPU_TESTP_FINITE:		return m < NUM_F32_INF;
	case VGPU_TESTP_INFINITE:	return m == NUM_F32_INF;
	case VGPU_TESTP_NUMBER:		return m <= NUM_F32_INF;
	case VGPU_TESTP_NAN:		return m > NUM_F32_INF;
	case VGPU_TESTP_NORMAL:		return m >= 0x00800000 && m < NUM_F32_INF;
	default:			return m && m < 0x00800000;
	}
}

static __always_inline bool num_testp64(u64 a, u32 how)
{
	u64 m = a & ~(1ULL << 63), least = 1ULL << 52;

	switch (how) {
	case VGPU_TESTP_FINITE:		return m < NUM_F64_INF;
	case VGPU_TESTP_INFINITE:	return m == NUM_F64_INF;
	case VGPU_TESTP_NUMBER:		return m <= NUM_F64_INF;
	case VGPU_TESTP_NAN:		return m > NUM_F64_INF;
	case VGPU_TESTP_NORMAL:		return m >= least && m < NUM_F64_INF;
	default:			return m && m < least;
	}
}

/* ---- packing ----------------------------------------------------------------------- */

/**
 * num_pack() - round +-@m * 2^@e into a format
 * @sign: 0 or 1
 * @m: not 0; its lowest bit may stand for all that was lost below it
 * @e: exponent
 * @rm: enum vgpu_round
 * @frac: explicit fraction bits
 * @bias: exponent bias; the largest biased exponent is 2 * @bias + 1, infinity's
 *
 * Return: magnitude bits without the sign.
 */
static __always_inline u64 num_pack(u32 sign, u64 m, s32 e, u32 rm, u32 frac, s32 bias)
{
	u64 inf = (u64)(2 * bias + 1) << frac, q, rem, bits;
	u32 lead = (u32)__builtin_clzll(m), drop = 63 - frac;
	s32 top = 63 - (s32)lead + e;
	bool up, away = rm == VGPU_RP ? !sign : rm == VGPU_RM ? sign : false;

	m <<= lead;
	if (top > bias)		/* beyond the largest */
		return rm == VGPU_RN || rm == VGPU_RNA || away ? inf : inf - 1;
	if (top < 1 - bias) {
		u32 more = (u32)(1 - bias - top);

		drop = more > 64 ? 65 : drop + more > 65 ? 65 : drop + more;
	}
	q = drop > 63 ? 0 : m >> drop;
	rem = drop > 64 ? 1 : drop == 64 ? m : m << (64 - drop);
	up = rm == VGPU_RN ? rem > 1ULL << 63 || (rem == 1ULL << 63 && q & 1) :
	     rm == VGPU_RNA ? rem >> 63 : away && rem;
	q += up;
	bits = top < 1 - bias ? q : ((u64)(top + bias - 1) << frac) + q;
	if (bits >= inf)
		return rm == VGPU_RN || rm == VGPU_RNA || away ? inf : inf - 1;
	return bits;
}

/**
 * struct num_parts - a finite number taken apart: +-m * 2^e
 * @sign: 1: negative
 * @m: the significand with its hidden bit, an integer
 * @e: exponent of its last bit
 */
struct num_parts {
	u32 sign;
	u64 m;
	s32 e;
};

static __always_inline struct num_parts num_parts32(u32 a)
{
	u32 exp = a >> 23 & 0xff, m = a & 0x7fffff;

	return (struct num_parts) {
		.sign = a >> 31, .m = exp ? m | 0x800000 : m, .e = (s32)(exp ? exp : 1) - 150,
	};
}

static __always_inline struct num_parts num_parts64(u64 a)
{
	u32 exp = a >> 52 & 0x7ff;
	u64 m = a & ((1ULL << 52) - 1);

	return (struct num_parts) {
		.sign = (u32)(a >> 63), .m = exp ? m | 1ULL << 52 : m,
		.e = (s32)(exp ? exp : 1) - 1075,
	};
}

/* Finite or infinite @a in another format; @frac, @bias as num_pack(); NaN is the caller's */
static __always_inline u64 num_repack(struct num_parts p, bool infinite, u32 rm, u32 frac,
				      s32 bias)
{
	if (infinite)
		return (u64)(2 * bias + 1) << frac;
	return p.m ? num_pack(p.sign, p.m, p.e, rm, frac, bias) : 0;
}

/* ---- exact fma ------------------------------------------------------------------------ */

/*
 * a * b + c in double, rounded to odd: rounding that once more to at most 51 bits
 * gives the correctly rounded result.  Needs rounding to nearest in MXCSR.
 */
static __always_inline double num_odd_sum(double p, double c)
{
	double s = p + c, t = s - p, err = (p - (s - t)) + (c - t);
	u64 bits = num_bits64(s);
	bool inexact = err > 0 || err < 0;
	u64 step = (err > 0) == (s > 0) ? 1 : ~0ULL;

	return num_f64(inexact && !(bits & 1) ? bits + step : bits);
}

/* The same in f32, for products that f32 holds exactly */
static __always_inline float num_odd_sum32(float p, float c)
{
	float s = p + c, t = s - p, err = (p - (s - t)) + (c - t);
	u32 bits = num_bits32(s);
	bool inexact = err > 0 || err < 0;
	u32 step = (err > 0) == (s > 0) ? 1 : ENG_ALL;

	return num_f32(inexact && !(bits & 1) ? bits + step : bits);
}

static __always_inline unsigned __int128 num_shift_jam(unsigned __int128 v, u32 n)
{
	if (!n)
		return v;
	if (n > 127)
		return v != 0;
	return v >> n | ((v << (128 - n)) != 0);
}

/* Finite, non-zero product and addend, both with their top bit at 125 or 126 */
static inline u64 num_soft_sum(u32 sp, unsigned __int128 p, s32 ep, u32 sc,
			       unsigned __int128 c, s32 ec, u32 rm)
{
	u32 sign = sp, lead;
	unsigned __int128 r;
	s32 e = ep > ec ? ep : ec;

	p = num_shift_jam(p, (u32)(e - ep));
	c = num_shift_jam(c, (u32)(e - ec));
	if (sp == sc) {
		r = p + c;
	} else if (p >= c) {
		r = p - c;
	} else {
		r = c - p;
		sign = sc;
	}
	if (!r)
		return rm == VGPU_RM ? 1ULL << 63 : 0;
	lead = r >> 64 ? (u32)__builtin_clzll((u64)(r >> 64)) :
			 64 + (u32)__builtin_clzll((u64)r);
	if (lead < 64) {
		r = num_shift_jam(r, 64 - lead);
		e += (s32)(64 - lead);
	}
	return (u64)sign << 63 | num_pack(sign, (u64)r, e, rm, 52, 1023);
}

/* a * b + c in f64, in integers */
static inline u64 num_soft_fma64(u64 a, u64 b, u64 c, u32 rm)
{
	u64 ma = a & ~(1ULL << 63), mb = b & ~(1ULL << 63), mc = c & ~(1ULL << 63);
	u32 sp = (u32)((a ^ b) >> 63), sc = (u32)(c >> 63);
	struct num_parts pa, pb, pc;
	u32 la, lb, lc;

	if (ma > NUM_F64_INF || mb > NUM_F64_INF || mc > NUM_F64_INF)
		return NUM_F64_NAN;
	if (ma == NUM_F64_INF || mb == NUM_F64_INF) {
		if (!ma || !mb || (mc == NUM_F64_INF && sp != sc))
			return NUM_F64_NAN;
		return (u64)sp << 63 | NUM_F64_INF;
	}
	if (mc == NUM_F64_INF)
		return c;
	if (!ma || !mb) {
		if (mc)
			return c;
		return (u64)(sp == sc ? sp : rm == VGPU_RM) << 63;
	}
	pa = num_parts64(a);
	pb = num_parts64(b);
	pc = num_parts64(c);
	la = (u32)__builtin_clzll(pa.m);
	lb = (u32)__builtin_clzll(pb.m);
	if (!mc) {	/* far below the product, and nothing */
		pc.m = 0;
		lc = 0;
	} else {
		lc = (u32)__builtin_clzll(pc.m);
	}
	/* fractions at bit 62 each, so that the product has its top at 124 or 125 */
	return num_soft_sum(sp, (unsigned __int128)(pa.m << (la - 1)) * (pb.m << (lb - 1)),
			    pa.e - (s32)la + 1 + pb.e - (s32)lb + 1, sc,
			    (unsigned __int128)(pc.m << lc) << 61,
			    mc ? pc.e - (s32)lc - 61 : -100000, rm);
}

#endif /* VGPU_ENGINE_NUM_FLOAT_H */
