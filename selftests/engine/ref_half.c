// SPDX-License-Identifier: MIT
/*
 * Reference model: f16 and bf16, two a register.
 */
#include <math.h>
#include "ref.h"

/**
 * struct half - one of the two halves of an instruction
 * @f: the format
 * @mod: VGPU_H_*
 */
struct half {
	const struct ref_format *f;
	u8 mod;
};

static u16 flush(const struct half *h, u16 x)
{
	u16 exp = ((1u << h->f->exp_bits) - 1) << h->f->bits;

	return h->mod & VGPU_H_FTZ && !(x & exp) ? x & 0x8000 : x;
}

static bool is_nan(const struct half *h, u16 x)
{
	return ref_from_format(x, h->f).nan;
}

static double value(const struct half *h, u16 x)
{
	struct ref_number n = ref_from_format(flush(h, x), h->f);

	if (n.nan)
		return NAN;
	return ref_double(ref_to_f64(n, VGPU_RN));
}

static u16 saturate(const struct half *h, u16 x)
{
	u16 one = (u16)(((1u << (h->f->exp_bits - 1)) - 1) << h->f->bits);

	if (is_nan(h, x) || x & 0x8000)
		return 0;
	return x > one ? one : x;
}

/* Rounded to the format's precision, with any exponent, it is below the smallest normal number. */
static bool tiny(const struct half *h, double odd)
{
	struct ref_format wide = *h->f;
	struct ref_number n;

	wide.exp_bits = 11;
	n = ref_from_format(ref_to_format(ref_from_f64(ref_bits64(odd)), &wide, VGPU_RN), &wide);
	return fabs(ref_double(ref_to_f64(n, VGPU_RN))) < 0x1p-14;
}

static u16 finish(const struct half *h, double odd)
{
	u16 x = isnan(odd) ? NAN16 : ref_to_format(ref_from_f64(ref_bits64(odd)), h->f, VGPU_RN);

	if (h->mod & VGPU_H_FTZ && h->f->exp_bits == 5 && tiny(h, odd))
		x &= 0x8000;
	x = flush(h, x);
	if (h->mod & VGPU_H_SAT)
		return saturate(h, x);
	if (h->mod & VGPU_H_RELU && x & 0x8000)
		return 0;	/* NaN stays */
	return x;
}

static u16 add(const struct half *h, u16 a, u16 b, u16 c)
{
	(void)c;
	return finish(h, ref_fma_odd(value(h, a), 1, value(h, b)));
}

static u16 sub(const struct half *h, u16 a, u16 b, u16 c)
{
	(void)c;
	return finish(h, ref_fma_odd(value(h, b), -1, value(h, a)));
}

static u16 mul(const struct half *h, u16 a, u16 b, u16 c)
{
	(void)c;
	return finish(h, value(h, a) * value(h, b));	/* exact in double */
}

static u16 fma_half(const struct half *h, u16 a, u16 b, u16 c)
{
	return finish(h, ref_fma_odd(value(h, a), value(h, b), value(h, c)));
}

static u16 pick(const struct half *h, u16 a, u16 b, bool maximum)
{
	u16 sign = (a ^ b) & 0x8000, d;
	bool less;

	a = flush(h, a);
	b = flush(h, b);
	if (h->mod & VGPU_H_XORSIGN) {
		a &= 0x7fff;
		b &= 0x7fff;
	}
	if (is_nan(h, a) || is_nan(h, b)) {
		if (h->mod & VGPU_H_NAN || (is_nan(h, a) && is_nan(h, b)))
			return NAN16;
		d = is_nan(h, a) ? b : a;
	} else {
		less = value(h, a) < value(h, b) ||
		       (value(h, a) == value(h, b) && a >> 15 > b >> 15);
		d = less != maximum ? a : b;
	}
	return h->mod & VGPU_H_XORSIGN ? d | sign : d;
}

static u16 minimum(const struct half *h, u16 a, u16 b, u16 c)
{
	(void)c;
	return pick(h, a, b, false);
}

static u16 maximum(const struct half *h, u16 a, u16 b, u16 c)
{
	(void)c;
	return pick(h, a, b, true);
}

static u16 negative(const struct half *h, u16 a, u16 b, u16 c)
{
	(void)b, (void)c;
	return is_nan(h, a) ? NAN16 : flush(h, a) ^ 0x8000;
}

static u16 absolute(const struct half *h, u16 a, u16 b, u16 c)
{
	(void)b, (void)c;
	return is_nan(h, a) ? NAN16 : flush(h, a) & 0x7fff;
}

static void both(struct ref *r, const struct ref_format *f,
		 u16 (*run)(const struct half *h, u16 a, u16 b, u16 c))
{
	const struct half h = { f, r->in->mod };

	r->d = run(&h, r->a, r->b, r->c) |
	       (u32)run(&h, r->a >> 16, r->b >> 16, r->c >> 16) << 16;
}

#define PAIR(H, B, RUN)									\
static void run_##H(struct ref *r) { both(r, &ref_f16, RUN); }				\
static void run_##B(struct ref *r) { both(r, &ref_bf16, RUN); }

PAIR(HADD, BADD, add)
PAIR(HSUB, BSUB, sub)
PAIR(HMUL, BMUL, mul)
PAIR(HFMA, BFMA, fma_half)
PAIR(HMIN, BMIN, minimum)
PAIR(HMAX, BMAX, maximum)
PAIR(HNEG, BNEG, negative)
PAIR(HABS, BABS, absolute)

static void compare(struct ref *r, const struct ref_format *f)
{
	const struct half h = { f, r->in->mod & VGPU_FCMP_FTZ ? VGPU_H_FTZ : 0 };
	int shift = r->in->mod & VGPU_FCMP_HIGH ? 16 : 0;

	r->p = ref_compare(value(&h, r->a >> shift), value(&h, r->b >> shift), r->in->mod & 0x1f);
}

static void run_HSETP(struct ref *r)
{
	compare(r, &ref_f16);
}

static void run_BSETP(struct ref *r)
{
	compare(r, &ref_bf16);
}

#define ROW(OP, TYPE)	{ VGPU_OP_##OP, run_##OP, NULL, TYPE }
#define BOTH(H, B)	ROW(H, REF_F16), ROW(B, REF_BF16)
const struct ref_row ref_half[] = {
	BOTH(HADD, BADD), BOTH(HSUB, BSUB), BOTH(HMUL, BMUL), BOTH(HFMA, BFMA), BOTH(HMIN, BMIN),
	BOTH(HMAX, BMAX), BOTH(HNEG, BNEG), BOTH(HABS, BABS), BOTH(HSETP, BSETP),
};
const size_t ref_half_count = ARRAY_SIZE(ref_half);
