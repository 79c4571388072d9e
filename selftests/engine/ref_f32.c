// SPDX-License-Identifier: MIT
/*
 * Reference model: f32, with the host's arithmetic under the mode's rounding.
 */
#include <fenv.h>
#include <math.h>
#include "ref.h"

/* An f32 input, as the mode sees it. */
static float in32(const struct ref *r, u64 bits)
{
	return ref_float(r->mode & VGPU_FMODE_FTZ ? ref_flush(bits) : (u32)bits);
}

/* Clamped to [0, 1]; NaN becomes +0. */
static u32 saturate(u32 bits)
{
	float f = ref_float(bits);

	if (!(f > 0))
		return 0;
	return f > 1 ? 0x3f800000 : bits;
}

static u32 finish(const struct ref *r, float f, bool tiny)
{
	u32 bits = ref_bits(f);

	if (ref_nan32(bits))
		bits = NAN32;
	else if (r->mode & VGPU_FMODE_FTZ)
		bits = tiny ? bits & 0x80000000 : ref_flush(bits);
	if (op_table[r->in->op].mod == OPM_SAT && r->in->mod & VGPU_SAT)
		bits = saturate(bits);
	return bits;
}

/*
 * Flushing looks at the result as if exponents had no end: what only becomes
 * the smallest normal by being rounded to a denormal's precision is flushed.
 * Scaled by 2^64 the same operation shows that.
 */
static bool tiny_after(float scaled)
{
	return fabsf(scaled) < 0x1p-126f * 0x1p64f;
}

#define R(OP, EXPR, SCALED)								\
static void run_##OP(struct ref *r)							\
{											\
	volatile float a = in32(r, r->a), b = in32(r, r->b), c = in32(r, r->c);		\
	volatile float d, scaled;							\
											\
	(void)b, (void)c;								\
	ref_round_begin(r->mode & VGPU_FMODE_ROUND);					\
	d = (EXPR);									\
	scaled = (SCALED);								\
	ref_round_end();								\
	r->d = finish(r, d, isnormal(d) && fabsf(d) < 0x1p-125f && tiny_after(scaled));	\
}

R(FADD, a + b, INFINITY)
R(FSUB, a - b, INFINITY)
R(FMUL, a * b, a * 0x1p32f * (b * 0x1p32f))
R(FFMA, fmaf(a, b, c), fmaf(a * 0x1p32f, b * 0x1p32f, c * 0x1p64f))
R(FDIV, a / b, a * 0x1p64f / b)
R(FRCP, 1.0f / a, 0x1p64f / a)
R(FSQRT, sqrtf(a), INFINITY)

static void run_FNEG(struct ref *r)
{
	u32 a = r->mode & VGPU_FMODE_FTZ ? ref_flush(r->a) : (u32)r->a;

	r->d = ref_nan32(a) ? NAN32 : a ^ 0x80000000;
}

static void run_FABS(struct ref *r)
{
	u32 a = r->mode & VGPU_FMODE_FTZ ? ref_flush(r->a) : (u32)r->a;

	r->d = ref_nan32(a) ? NAN32 : a & 0x7fffffff;
}

/* Whether a is the lesser: by value, and -0 before +0. */
static bool less(u32 a, u32 b)
{
	float fa = ref_float(a), fb = ref_float(b);

	return fa < fb || (fa == fb && a >> 31 > b >> 31);
}

static u32 pick(const struct ref *r, bool maximum)
{
	bool ftz = r->mode & VGPU_FMODE_FTZ;
	u32 a = ftz ? ref_flush(r->a) : (u32)r->a, b = ftz ? ref_flush(r->b) : (u32)r->b;
	u32 sign = (a ^ b) & 0x80000000, d;

	if (r->in->mod & VGPU_MINMAX_XORSIGN) {
		a &= 0x7fffffff;
		b &= 0x7fffffff;
	}
	if (ref_nan32(a) || ref_nan32(b)) {
		if (r->in->mod & VGPU_MINMAX_NAN || (ref_nan32(a) && ref_nan32(b)))
			return NAN32;
		d = ref_nan32(a) ? b : a;
	} else {
		d = less(a, b) != maximum ? a : b;
	}
	return r->in->mod & VGPU_MINMAX_XORSIGN ? d | sign : d;
}

static void run_FMIN(struct ref *r)
{
	r->d = pick(r, false);
}

static void run_FMAX(struct ref *r)
{
	r->d = pick(r, true);
}

static void run_FCOPYSIGN(struct ref *r)
{
	r->d = (u32)((r->b & 0x7fffffff) | (r->a & 0x80000000));
}

static void run_FSETP(struct ref *r)
{
	r->p = ref_compare(in32(r, r->a), in32(r, r->b), r->in->mod);
}

static void run_FTESTP(struct ref *r)
{
	int class = fpclassify(ref_float(r->a));
	const bool result[VGPU_TESTP_COUNT] = {
		[VGPU_TESTP_FINITE] = class != FP_NAN && class != FP_INFINITE,
		[VGPU_TESTP_INFINITE] = class == FP_INFINITE,
		[VGPU_TESTP_NUMBER] = class != FP_NAN, [VGPU_TESTP_NAN] = class == FP_NAN,
		[VGPU_TESTP_NORMAL] = class == FP_NORMAL,
		[VGPU_TESTP_SUBNORMAL] = class == FP_SUBNORMAL,
	};

	r->p = result[r->in->mod];
}

/* D = fma(fmul(cvt(A as s32), B), C, D), each step to nearest, flushing as the mode does. */
static void run_FSCALEACC(struct ref *r)
{
	struct ref mul = *r, fma = *r;
	float a = (s32)(u32)r->a;

	mul.mode &= VGPU_FMODE_FTZ;
	fma.mode = mul.mode;
	mul.a = ref_bits(a);
	run_FMUL(&mul);
	fma.a = mul.d;
	fma.b = r->c;
	fma.c = r->d;
	run_FFMA(&fma);
	r->d = fma.d;
}

#define ROW(OP)	{ VGPU_OP_##OP, run_##OP, NULL, REF_F32 }
const struct ref_row ref_f32[] = {
	ROW(FADD), ROW(FSUB), ROW(FMUL), ROW(FFMA), ROW(FNEG), ROW(FABS), ROW(FMIN), ROW(FMAX),
	ROW(FDIV), ROW(FRCP), ROW(FSQRT), ROW(FCOPYSIGN), ROW(FSETP), ROW(FTESTP), ROW(FSCALEACC),
};
const size_t ref_f32_count = ARRAY_SIZE(ref_f32);
