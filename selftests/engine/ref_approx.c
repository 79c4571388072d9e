// SPDX-License-Identifier: MIT
/*
 * Reference model: approximations, judged by their error bounds.
 */
#include <math.h>
#include "ref.h"

static float in32(const struct ref *r, u64 bits)
{
	return ref_float(r->mode & VGPU_FMODE_FTZ ? ref_flush(bits) : (u32)bits);
}

/**
 * struct bound - how far off a result may be
 * @relative: relative to the exact value
 * @absolute: in addition
 * @tiny: least magnitude of a normal number of the format
 * @ftz: results below @tiny may be zero
 */
struct bound {
	double relative, absolute, tiny;
	bool ftz;
};

static bool near(double got, double want, const struct bound *b)
{
	double room = fabs(want) * b->relative + b->absolute;

	if (isnan(want))
		return isnan(got);
	if (isinf(want))
		return got == want;
	if (b->ftz && fabs(want) <= b->tiny * 1.01 && got == 0)
		return true;
	return fabs(got - want) <= room;
}

static double clamp(const struct ref *r, double x)
{
	if (op_table[r->in->op].mod != OPM_SAT || !(r->in->mod & VGPU_SAT))
		return x;
	return !(x > 0) ? 0 : x > 1 ? 1 : x;
}

/* A result that the f32 range turns into infinity or a denormal. */
static double in_range(double x)
{
	return fabs(x) >= 0x1.ffffffp127 ? copysign(INFINITY, x) : x;
}

static bool check(const struct ref *r, u64 got, double want, double relative, double absolute)
{
	/* a denormal's last place is 2^-149 */
	const struct bound b = { relative, absolute + 0x1p-148, 0x1p-126,
				 r->mode & VGPU_FMODE_FTZ };

	if (isnan(want) && !(op_table[r->in->op].mod == OPM_SAT && r->in->mod & VGPU_SAT))
		return got == NAN32;
	return near(ref_float(got), clamp(r, in_range(want)), &b);
}

static bool check_FDIVA(const struct ref *r, u64 got)
{
	return check(r, got, (double)in32(r, r->a) / in32(r, r->b), 0x1p-22, 0);
}

static bool check_FRCPA(const struct ref *r, u64 got)
{
	return check(r, got, 1.0 / in32(r, r->a), 0x1p-23, 0);
}

static bool check_FRSQA(const struct ref *r, u64 got)
{
	float a = in32(r, r->a);

	return check(r, got, a == 0 ? copysign(INFINITY, a) : 1.0 / sqrt(a), exp2(-22.9), 0);
}

static bool check_FSQRTA(const struct ref *r, u64 got)
{
	return check(r, got, sqrt(in32(r, r->a)), 0x1p-23, 0);
}

/* Beyond some periods the hardware's error grows without a bound. */
static bool check_sine(const struct ref *r, u64 got, double (*f)(double))
{
	float a = in32(r, r->a);

	if (isinf(a) || isnan(a))
		return check(r, got, NAN, 0, 0);
	if (fabsf(a) > 100)
		return fabs(ref_float(got)) <= 1;
	return check(r, got, f(a), 0, 0x1p-20);
}

static bool check_FSINA(const struct ref *r, u64 got)
{
	return check_sine(r, got, sin);
}

static bool check_FCOSA(const struct ref *r, u64 got)
{
	return check_sine(r, got, cos);
}

static bool check_FLG2A(const struct ref *r, u64 got)
{
	return check(r, got, log2(in32(r, r->a)), 0x1p-22, 0x1p-22);
}

static bool check_FEX2A(const struct ref *r, u64 got)
{
	return check(r, got, exp2(in32(r, r->a)), 0x1p-22, 0);
}

static bool check_FTANHA(const struct ref *r, u64 got)
{
	return check(r, got, tanh(in32(r, r->a)), 0x1p-10, 0);
}

/* The seeds flush and have 20 bits, the result's low word is zero. */
static bool check_seed(u64 got, double want, double relative)
{
	const struct bound b = { relative, 0, 0x1p-1022, true };

	if (isnan(want))
		return got == NAN64;
	if (fabs(want) > 0x1.fp1023 && isinf(ref_double(got)))
		return true;
	return near(ref_double(got), want, &b);
}

static double flushed(u64 bits)
{
	return bits & 0x7ff0000000000000ull ? ref_double(bits) : ref_double(bits & 1ull << 63);
}

static bool check_DRCPA(const struct ref *r, u64 got)
{
	return check_seed(got, 1 / flushed(r->a), 0x1p-20);
}

static bool check_DRSQA(const struct ref *r, u64 got)
{
	double a = ref_double(r->a);

	if (a == 0)
		return check_seed(got, copysign(INFINITY, a), 0);
	return check_seed(got, 1 / sqrt(a), 0x1p-50);
}

static bool check_halves(const struct ref *r, u64 got, const struct ref_format *f,
			 double (*fn)(double), const struct bound *b)
{
	int shift;

	for (shift = 0; shift < 32; shift += 16) {
		struct ref_number in = ref_from_format(r->a >> shift & 0xffff, f);
		struct ref_number out = ref_from_format(got >> shift & 0xffff, f);
		double want = in.nan ? NAN : fn(ref_double(ref_to_f64(in, VGPU_RN)));
		double max = f->exp_bits == 5 ? 65520 : 0x1.ffp127;

		if (fabs(want) >= max)
			want = copysign(INFINITY, want);
		if (isnan(want) && (got >> shift & 0xffff) != NAN16)
			return false;
		if (!near(ref_double(ref_to_f64(out, VGPU_RN)), want, b) && !isnan(want))
			return false;
	}
	return true;
}

static bool check_HEX2A(const struct ref *r, u64 got)
{
	static const struct bound b = { 0x1p-9, 0x1p-24, 0x1p-14, false };

	return check_halves(r, got, &ref_f16, exp2, &b);
}

static bool check_HTANHA(const struct ref *r, u64 got)
{
	static const struct bound b = { 0, 0x1p-10, 0x1p-14, false };

	return check_halves(r, got, &ref_f16, tanh, &b);
}

static bool check_BEX2A(const struct ref *r, u64 got)
{
	static const struct bound b = { 0x1p-7, 0, 0x1p-126, true };

	return check_halves(r, got, &ref_bf16, exp2, &b);
}

static bool check_BTANHA(const struct ref *r, u64 got)
{
	static const struct bound b = { 0, 0x1p-7, 0x1p-126, false };

	return check_halves(r, got, &ref_bf16, tanh, &b);
}

#define ROW(OP, TYPE)	{ VGPU_OP_##OP, NULL, check_##OP, TYPE }
const struct ref_row ref_approx[] = {
	ROW(FDIVA, REF_F32), ROW(FRCPA, REF_F32), ROW(FRSQA, REF_F32), ROW(FSQRTA, REF_F32),
	ROW(FSINA, REF_F32), ROW(FCOSA, REF_F32), ROW(FLG2A, REF_F32), ROW(FEX2A, REF_F32),
	ROW(FTANHA, REF_F32), ROW(DRCPA, REF_F64), ROW(DRSQA, REF_F64), ROW(HEX2A, REF_F16),
	ROW(HTANHA, REF_F16), ROW(BEX2A, REF_BF16), ROW(BTANHA, REF_BF16),
};
const size_t ref_approx_count = ARRAY_SIZE(ref_approx);
