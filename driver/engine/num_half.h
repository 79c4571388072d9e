/* SPDX-License-Identifier: GPL-2.0 */
/*
 * f16 and bf16 of one lane.  Sums and products go through f32, which holds enough
 * bits that rounding twice is rounding once; fma goes through a sum rounded to odd.
 * Runs in the default float environment.
 */
#ifndef VGPU_ENGINE_NUM_HALF_H
#define VGPU_ENGINE_NUM_HALF_H

#include "num_approx.h"

static __always_inline float num_from_h(u32 h)
{
	u32 m = h & 0x7fff, sign = (h & 0x8000) << 16;
	u32 normal = (m << 13) + (m >= 0x7c00 ? 224U << 23 : 112U << 23);
	u32 small = num_bits32((float)(s32)m * 0x1p-24f);

	return num_f32((m < 0x400 ? small : normal) | sign);
}

/* To nearest even */
static __always_inline u32 num_to_h(float f)
{
	u32 a = num_bits32(f), sign = a >> 16 & 0x8000, normal, small, r;

	a &= 0x7fffffff;
	normal = (a + 0xfff + (a >> 13 & 1) - (112U << 23)) >> 13;
	small = num_bits32(num_f32(a) + 0.5f) - 0x3f000000;
	r = a < 0x38800000 ? small : normal;
	r = a >= 0x477ff000 ? 0x7c00 : r;
	return a > NUM_F32_INF ? NUM_F16_NAN : r | sign;
}

static __always_inline float num_from_b(u32 b)
{
	return num_f32(b << 16);
}

static __always_inline u32 num_to_b(float f)
{
	u32 a = num_bits32(f);

	return num_nan32(a) ? NUM_BF16_NAN : (a + 0x7fff + (a >> 16 & 1)) >> 16;
}

/* To nearest even, from a double that was rounded to odd */
static __always_inline u32 num_d_to_b(double d)
{
	u64 a = num_bits64(d);
	u32 sign = (u32)(a >> 48) & 0x8000, normal, small, r;

	a &= ~(1ULL << 63);
	normal = (u32)((a + ((1ULL << 44) - 1) + (a >> 45 & 1)) >> 45) - (896U << 7);
	small = (u32)num_bits64(num_f64(a) + 0x1p-81);
	r = a < 0x3810000000000000ULL ? small : normal;
	/* beyond 2^128, or rounded up to it */
	r = a >= 0x47eff00000000000ULL ? 0x7f80 : r;
	return a > NUM_F64_INF ? NUM_BF16_NAN : r | sign;
}

static __always_inline u32 num_flush_h(u32 h, u32 mod)
{
	return mod & VGPU_H_FTZ && !(h & 0x7c00) ? h & 0x8000 : h;
}

static __always_inline u32 num_flush_b(u32 h, u32 mod)
{
	return mod & VGPU_H_FTZ && !(h & 0x7f80) ? h & 0x8000 : h;
}

/*
 * A result that is still to be rounded: tiny is what 11 bits of precision and any exponent round to below
 * 2^-14, as hardware has it, although rounding to a denormal's precision may carry up to 2^-14.
 */
static __always_inline float num_flush_tiny_h(float f, u32 mod)
{
	u32 a = num_bits32(f);

	return mod & VGPU_H_FTZ && (a & 0x7fffffff) < 0x387ff000 ? num_f32(a & 0x80000000) : f;
}

/* What the modifier does to a result; @one is 1.0, @inf infinity.  relu keeps NaN. */
static __always_inline u32 num_finish_half(u32 r, u32 mod, u32 one, u32 inf)
{
	bool nan = (r & 0x7fff) > inf;

	if (mod & VGPU_H_SAT) {
		r = nan || r & 0x8000 ? 0 : r;
		r = r > one ? one : r;
	} else if (mod & VGPU_H_RELU) {
		r = !nan && r & 0x8000 ? 0 : r;
	}
	return r;
}

/* neg and abs: NaN is canonical, as the hardware has it */
static __always_inline u32 num_half_sign(u32 r, u32 inf)
{
	return (r & 0x7fff) > inf ? 0x7fff : r;
}

static __always_inline u32 num_out_h(float f, u32 mod)
{
	return num_finish_half(num_to_h(num_flush_tiny_h(f, mod)), mod, 0x3c00, 0x7c00);
}

static __always_inline u32 num_out_b(u32 r, u32 mod)
{
	return num_finish_half(num_flush_b(r, mod), mod, 0x3f80, 0x7f80);
}

static __always_inline float num_in_h(u32 h, u32 mod)
{
	return num_from_h(num_flush_h(h, mod));
}

static __always_inline float num_in_b(u32 h, u32 mod)
{
	return num_from_b(num_flush_b(h, mod));
}

static __always_inline u32 num_h_fma(u32 a, u32 b, u32 c, u32 mod)
{
	return num_out_h(num_odd_sum32(num_in_h(a, mod) * num_in_h(b, mod), num_in_h(c, mod)),
			 mod);
}

static __always_inline u32 num_b_fma(u32 a, u32 b, u32 c, u32 mod)
{
	double p = (double)num_in_b(a, mod) * num_in_b(b, mod);

	return num_out_b(num_d_to_b(num_odd_sum(p, num_in_b(c, mod))), mod);
}

/* Both formats order alike; @inf tells them apart */
static __always_inline u32 num_half_minmax(u32 a, u32 b, u32 mod, u32 inf, bool max)
{
	u32 ma = a & 0x7fff, mb = b & 0x7fff, sign = 0, r;
	s32 oa, ob;
	bool na, nb;

	if (mod & VGPU_H_FTZ) {
		a = a & inf ? a : a & 0x8000;
		b = b & inf ? b : b & 0x8000;
	}
	na = ma > inf;
	nb = mb > inf;
	if (mod & VGPU_H_XORSIGN) {
		sign = (a ^ b) & 0x8000;
		a &= 0x7fff;
		b &= 0x7fff;
	}
	oa = a & 0x8000 ? -1 - (s32)(a & 0x7fff) : (s32)a;
	ob = b & 0x8000 ? -1 - (s32)(b & 0x7fff) : (s32)b;
	r = (oa < ob) != max ? a : b;
	r = na ? b : nb ? a : r;
	r |= sign;
	return (na && nb) || (mod & VGPU_H_NAN && (na || nb)) ? 0x7fff : r;
}

/* Where the result is a denormal the hardware rounds toward zero. */
static __always_inline u32 num_h_ex2(u32 h, u32 mod)
{
	float r = (float)num_exp2(num_clamp(num_in_h(h, mod), -200.0, 200.0));
	u32 small = (u32)(s32)(r < 0x1p-14f ? r * 0x1p24f : 0);

	return r < 0x1p-14f ? num_flush_h(small, mod) : num_out_h(r, mod);
}

static __always_inline u32 num_b_ex2(u32 h, u32 mod)
{
	float r = (float)num_exp2(num_clamp(num_in_b(h, mod), -200.0, 200.0));

	return num_out_b(num_to_b(r), mod);
}

#endif /* VGPU_ENGINE_NUM_HALF_H */
