// SPDX-License-Identifier: MIT
/*
 * Reference model: conversions, by exact numbers that are rounded once.
 */
#include <math.h>
#include "ref.h"

static const struct ref_format small[] = {
	[VGPU_Q8_E4M3] = { 3, 4, false, false },
	[VGPU_Q8_E5M2] = { 2, 5, true, false },
	[VGPU_Q8_E2M3] = { 3, 2, false, true },
	[VGPU_Q8_E3M2] = { 2, 3, false, true },
	[VGPU_Q8_E2M1] = { 1, 2, false, true },
};

static u8 rounding(const struct ref *r)
{
	return r->in->mod & VGPU_CVT_ROUND;
}

static bool flag(const struct ref *r, u8 bit)
{
	return r->in->mod & bit;
}

static struct ref_number from_single(const struct ref *r, u64 bits)
{
	return ref_from_f32(flag(r, VGPU_CVT_FTZ) ? ref_flush(bits) : (u32)bits);
}

static struct ref_number from_half(const struct ref *r, const struct ref_format *f)
{
	return ref_from_format((flag(r, VGPU_CVT_HIGH) ? r->a >> 16 : r->a) & 0xffff, f);
}

/* [0, 1], NaN to +0 */
static struct ref_number saturate(struct ref_number n)
{
	const struct ref_number one = { .mant = 1 };

	if (n.nan || n.sign || (!n.inf && !n.mant))
		return (struct ref_number){ 0 };
	return n.inf || ref_double(ref_to_f64(n, VGPU_RZ)) >= 1 ? one : n;
}

/* Rounding a value beyond [0, 1] does not bring it in, and one inside stays inside. */
static struct ref_number maybe_saturate(const struct ref *r, struct ref_number n)
{
	return flag(r, VGPU_CVT_SAT) ? saturate(n) : n;
}

static u32 to_single(const struct ref *r, struct ref_number n)
{
	u32 bits = ref_to_format(maybe_saturate(r, n), &ref_single, rounding(r));

	return flag(r, VGPU_CVT_FTZ) ? ref_flush(bits) : bits;
}

static u64 to_double(const struct ref *r, struct ref_number n)
{
	return ref_to_f64(maybe_saturate(r, n), rounding(r));
}

/* F2H2 and F2B2 saturate to the largest number, the others to [0, 1]. */
static u16 to_half(const struct ref *r, struct ref_number n, const struct ref_format *f, bool finite)
{
	u16 inf = ((1u << f->exp_bits) - 1) << f->bits, bits;

	if (flag(r, VGPU_CVT_RELU) && n.sign && !n.nan)
		n = (struct ref_number){ 0 };
	if (!finite)
		n = maybe_saturate(r, n);
	bits = ref_to_format(n, f, rounding(r));
	if (finite && flag(r, VGPU_CVT_SAT) && (bits & 0x7fff) == inf)
		bits--;
	return n.nan ? NAN16 : bits;
}

/* To an integral value of the same format; -0 and the sign stay. */
static struct ref_number integral(const struct ref *r, struct ref_number n)
{
	struct ref_number d = n;

	if (n.nan || n.inf || n.exp >= 0)
		return n;
	d.sign = false;
	d.mant = ref_to_int((struct ref_number){ .mant = n.mant, .exp = n.exp },
			    n.sign && rounding(r) == VGPU_RM ? VGPU_RP :
			    n.sign && rounding(r) == VGPU_RP ? VGPU_RM : rounding(r),
			    64, false, 0);
	d.exp = 0;
	d.sign = n.sign;
	return d;
}

#define RUN(OP, EXPR)	static void run_##OP(struct ref *r) { r->d = (EXPR); }
#define INTEGER(OP, FROM, BITS, SIGNED, NAN_)						\
	RUN(OP, BITS == 32 ? (u32)ref_to_int(FROM, rounding(r), BITS, SIGNED, NAN_) :	\
		(u64)ref_to_int(FROM, rounding(r), BITS, SIGNED, NAN_))

INTEGER(F2I, from_single(r, r->a), 32, true, 0)
INTEGER(F2U, from_single(r, r->a), 32, false, 0)
INTEGER(F2L, from_single(r, r->a), 64, true, 1ull << 63)
INTEGER(F2UL, from_single(r, r->a), 64, false, 1ull << 63)
INTEGER(D2I, ref_from_f64(r->a), 32, true, 1u << 31)
INTEGER(D2U, ref_from_f64(r->a), 32, false, 1u << 31)
INTEGER(D2L, ref_from_f64(r->a), 64, true, 1ull << 63)
INTEGER(D2UL, ref_from_f64(r->a), 64, false, 1ull << 63)

RUN(I2F, to_single(r, ref_from_int((s64)(s32)r->a, true)))
RUN(U2F, to_single(r, ref_from_int((u32)r->a, false)))
RUN(L2F, to_single(r, ref_from_int(r->a, true)))
RUN(UL2F, to_single(r, ref_from_int(r->a, false)))
RUN(I2D, to_double(r, ref_from_int((s64)(s32)r->a, true)))
RUN(U2D, to_double(r, ref_from_int((u32)r->a, false)))
RUN(L2D, to_double(r, ref_from_int(r->a, true)))
RUN(UL2D, to_double(r, ref_from_int(r->a, false)))
RUN(F2D, to_double(r, from_single(r, r->a)))
RUN(D2F, to_single(r, ref_from_f64(r->a)))
RUN(H2F, to_single(r, from_half(r, &ref_f16)))
RUN(H2D, to_double(r, ref_from_format(r->a & 0xffff, &ref_f16)))
RUN(F2H, to_half(r, from_single(r, r->a), &ref_f16, false))
RUN(F2B, to_half(r, from_single(r, r->a), &ref_bf16, false))
RUN(F2H2, to_half(r, from_single(r, r->b), &ref_f16, true) |
	  (u32)to_half(r, from_single(r, r->a), &ref_f16, true) << 16)
RUN(F2B2, to_half(r, from_single(r, r->b), &ref_bf16, true) |
	  (u32)to_half(r, from_single(r, r->a), &ref_bf16, true) << 16)
RUN(D2H, to_half(r, ref_from_f64(r->a), &ref_f16, false))

static void run_I2H(struct ref *r)
{
	r->d = to_half(r, ref_from_int(r->a, !flag(r, VGPU_CVT_HIGH)), &ref_f16, false);
}

static void run_I2B(struct ref *r)
{
	r->d = to_half(r, ref_from_int(r->a, !flag(r, VGPU_CVT_HIGH)), &ref_bf16, false);
}

/* NaN: zero for the types below 64 bit, 2^63 for those. */
static void run_H2I(struct ref *r)
{
	static const u8 bits[] = { 8, 8, 16, 16, 32, 32, 64, 64 };
	u32 kind = r->in->b;
	u64 nan = bits[kind] == 64 ? 1ull << 63 : 0;

	r->d = ref_to_int(ref_from_format(r->a & 0xffff, &ref_f16), rounding(r), bits[kind],
			  !(kind & 1), nan);
}

static void run_F2F(struct ref *r)
{
	struct ref_number n = from_single(r, r->a);

	if (flag(r, VGPU_CVT_INT))
		n = integral(r, n);
	r->d = ref_to_format(maybe_saturate(r, n), &ref_single, VGPU_RN);
}

static void run_D2D(struct ref *r)
{
	struct ref_number n = ref_from_f64(r->a);

	if (flag(r, VGPU_CVT_INT))
		n = integral(r, n);
	r->d = ref_to_f64(maybe_saturate(r, n), VGPU_RN);
}

static void run_H2H(struct ref *r)
{
	struct ref_number n = ref_from_format(r->a & 0xffff, &ref_f16);

	if (flag(r, VGPU_CVT_INT))
		n = integral(r, n);
	n = maybe_saturate(r, n);
	r->d = n.nan ? NAN16 : ref_to_format(n, &ref_f16, VGPU_RN);
}

/* The same exponents as f32: NaN stays as it is. */
static void run_B2F(struct ref *r)
{
	struct ref_number n = from_half(r, &ref_bf16);

	if (n.nan && !flag(r, VGPU_CVT_SAT) && !flag(r, VGPU_CVT_FTZ))
		r->d = (u32)(flag(r, VGPU_CVT_HIGH) ? r->a & 0xffff0000 : r->a << 16);
	else
		r->d = to_single(r, n);
}

/*
 * What is no number becomes the canonical one; rounded away from zero it only loses its low bits, and
 * where only finite ones are wanted, steps back: so does an H100.
 */
static void run_F2TF32(struct ref *r)
{
	struct ref_number n = ref_from_f32(r->a);
	u32 bits;

	if (n.nan) {
		r->d = rounding(r) != VGPU_RNA ? 0x7fffe000 :
		       (r->a & ~0x1fffu) - (flag(r, VGPU_CVT_SAT) ? 0x2000 : 0);
		return;
	}

	if (flag(r, VGPU_CVT_RELU) && n.sign && !n.nan)
		n = (struct ref_number){ 0 };
	bits = ref_to_format(n, &ref_tf32, rounding(r));
	if (flag(r, VGPU_CVT_SAT) && !n.nan && (bits & 0x3ffff) == 0x3fc00)
		bits--;
	r->d = bits << 13;
}

/* ---- small floats ---------------------------------------------------------------- */

static double magnitude(struct ref_number n)
{
	return fabs(ref_double(ref_to_f64(n, VGPU_RZ)));	/* exact for f32 and f16 */
}

/* Overflow and infinity: the largest number, or what the format has beyond it. */
static u8 to_small(const struct ref *r, struct ref_number n)
{
	const struct ref_format *f = &small[r->in->mod & VGPU_Q8_TYPE];
	u8 sign = (u8)(n.sign << (f->bits + f->exp_bits));
	u8 all = (1u << (f->bits + f->exp_bits)) - 1;
	u8 max = f->no_nan ? all : f->has_inf ? ((all >> f->bits) << f->bits) - 1 : all - 1;
	u8 beyond = flag(r, VGPU_Q8_SATFINITE) || f->no_nan ? max : f->has_inf ? max + 1 : all;
	int emin = 2 - (1 << (f->exp_bits - 1)), e;
	double v, unit;
	u8 bits = 0;

	if (n.nan)
		return f->no_nan ? max : all;
	if (flag(r, VGPU_Q8_RELU) && n.sign)
		return 0;
	if (n.inf)
		return sign | beyond;
	v = magnitude(n);
	frexp(v, &e);
	e = v == 0 || e - 1 < emin ? emin : e - 1;
	unit = ldexp(1, e - f->bits);
	v = nearbyint(v / unit) * unit;
	if (v > magnitude(ref_from_format(max, f)))
		return sign | beyond;
	while (magnitude(ref_from_format(bits, f)) != v)
		bits++;
	return sign | bits;
}

/* A power of two, rounded toward zero or up; what is no positive number is NaN. */
static u8 to_scale(const struct ref *r, struct ref_number n)
{
	double v = magnitude(n), m;
	int e;

	if (n.nan)
		return 0xff;
	if (n.inf)
		return flag(r, VGPU_Q8_SATFINITE) ? 0xfe : 0xff;
	m = frexp(v, &e);
	if (v == 0)
		return 0;
	e += 126 + (flag(r, VGPU_Q8_RP) && m != 0.5);
	if (e < 0)
		return 0;
	return e > 254 ? flag(r, VGPU_Q8_SATFINITE) ? 0xfe : 0xff : e;
}

static u32 small_pair(const struct ref *r, struct ref_number high, struct ref_number low)
{
	switch (r->in->mod & VGPU_Q8_TYPE) {
	case VGPU_Q8_UE8M0:
		return to_scale(r, high) << 8 | to_scale(r, low);
	case VGPU_Q8_E2M1:
		return to_small(r, high) << 4 | to_small(r, low);
	default:
		return to_small(r, high) << 8 | to_small(r, low);
	}
}

static void run_F2Q8(struct ref *r)
{
	r->d = small_pair(r, ref_from_f32(r->a), ref_from_f32(r->b));
}

/* Scales of negative numbers are not defined; neither is what is below the least one. */
static bool check_F2Q8(const struct ref *r, u64 got)
{
	struct ref copy = *r;
	u64 mask = ~0ull;

	run_F2Q8(&copy);
	if ((r->in->mod & VGPU_Q8_TYPE) == VGPU_Q8_UE8M0) {
		if (r->a >> 31 || !(r->a & 0x7f800000))
			mask &= ~0xff00ull;
		if (r->b >> 31 || !(r->b & 0x7f800000))
			mask &= ~0xffull;
	}
	return !((copy.d ^ got) & mask);
}

static void run_H2Q8(struct ref *r)
{
	r->d = small_pair(r, ref_from_format(r->a >> 16 & 0xffff, &ref_f16),
			  ref_from_format(r->a & 0xffff, &ref_f16));
}

static u16 half_of_small(const struct ref *r, u8 bits)
{
	const struct ref_format *f = &small[r->in->mod & VGPU_Q8_TYPE];
	struct ref_number n = ref_from_format(bits & ((2u << (f->bits + f->exp_bits)) - 1), f);

	if (n.nan)
		return NAN16;
	if (flag(r, VGPU_Q8_RELU) && n.sign)
		return 0;
	return ref_to_format(n, &ref_f16, VGPU_RN);
}

static void run_Q82H(struct ref *r)
{
	int shift = (r->in->mod & VGPU_Q8_TYPE) == VGPU_Q8_E2M1 ? 4 : 8;
	u8 mask = (1u << shift) - 1;

	r->d = half_of_small(r, r->a & mask) |
	       (u32)half_of_small(r, r->a >> shift & mask) << 16;
}

static u16 bf16_of_scale(u8 bits)
{
	return bits == 0xff ? NAN16 : bits ? bits << 7 : 0x40;
}

static void run_Q82B(struct ref *r)
{
	r->d = bf16_of_scale(r->a) | (u32)bf16_of_scale(r->a >> 8) << 16;
}

/* A plain copy may keep NaN's bits. */
static bool check_copy(const struct ref *r, u64 got)
{
	struct ref copy = *r;
	bool plain = !(r->in->mod & (VGPU_CVT_INT | VGPU_CVT_SAT));

	if (r->in->op == VGPU_OP_F2F) {
		run_F2F(&copy);
		return got == copy.d || (plain && ref_nan32(got) && ref_nan32(r->a));
	}
	if (r->in->op == VGPU_OP_D2D) {
		run_D2D(&copy);
		return got == copy.d || (plain && ref_nan64(got) && ref_nan64(r->a));
	}
	run_H2H(&copy);
	return (u16)got == copy.d || (plain && copy.d == NAN16 && (got & 0x7fff) > 0x7c00);
}

/* The high half of a lone f16 or bf16 means nothing. */
#define ROW(OP, TYPE)	{ VGPU_OP_##OP, run_##OP, NULL, TYPE }
const struct ref_row ref_cvt[] = {
	ROW(F2I, REF_F32), ROW(F2U, REF_F32), ROW(F2L, REF_F32), ROW(F2UL, REF_F32),
	ROW(D2I, REF_F64), ROW(D2U, REF_F64), ROW(D2L, REF_F64), ROW(D2UL, REF_F64),
	ROW(I2F, REF_I32), ROW(U2F, REF_I32), ROW(L2F, REF_I64), ROW(UL2F, REF_I64),
	ROW(I2D, REF_I32), ROW(U2D, REF_I32), ROW(L2D, REF_I64), ROW(UL2D, REF_I64),
	ROW(F2D, REF_F32), ROW(D2F, REF_F64), ROW(H2F, REF_F16), ROW(B2F, REF_BF16),
	ROW(H2D, REF_F16), ROW(F2H, REF_F32), ROW(F2B, REF_F32), ROW(F2H2, REF_F32),
	ROW(F2B2, REF_F32), ROW(D2H, REF_F64), ROW(I2H, REF_I64), ROW(I2B, REF_I64),
	ROW(H2I, REF_F16), ROW(F2TF32, REF_F32),
	ROW(H2Q8, REF_F16), ROW(Q82H, REF_F8), ROW(Q82B, REF_F8),
	{ VGPU_OP_F2Q8, NULL, check_F2Q8, REF_F32 },
	{ VGPU_OP_F2F, NULL, check_copy, REF_F32 },
	{ VGPU_OP_D2D, NULL, check_copy, REF_F64 },
	{ VGPU_OP_H2H, NULL, check_copy, REF_F16 },
};
const size_t ref_cvt_count = ARRAY_SIZE(ref_cvt);
