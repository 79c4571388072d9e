// SPDX-License-Identifier: MIT
/*
 * Reference model: f64, with the host's arithmetic under the mode's rounding.
 */
#include <fenv.h>
#include <math.h>
#include "ref.h"

#define R(OP, EXPR)									\
static void run_##OP(struct ref *r)							\
{											\
	volatile double a = ref_double(r->a), b = ref_double(r->b), c = ref_double(r->c); \
	volatile double d;								\
											\
	(void)b, (void)c;								\
	ref_round_begin(r->mode & VGPU_FMODE_ROUND);					\
	d = (EXPR);									\
	ref_round_end();								\
	r->d = isnan(d) ? NAN64 : ref_bits64(d);					\
}

R(DADD, a + b)
R(DSUB, a - b)
R(DMUL, a * b)
R(DFMA, fma(a, b, c))
R(DDIV, a / b)
R(DRCP, 1.0 / a)
R(DSQRT, sqrt(a))

#define SIGN	(1ull << 63)

static void run_DNEG(struct ref *r)
{
	r->d = r->a ^ SIGN;
}

static void run_DABS(struct ref *r)
{
	r->d = r->a & ~SIGN;
}

static void run_DCOPYSIGN(struct ref *r)
{
	r->d = (r->b & ~SIGN) | (r->a & SIGN);
}

static u64 pick(u64 a, u64 b, bool maximum)
{
	double fa = ref_double(a), fb = ref_double(b);
	bool less = fa < fb || (fa == fb && a >> 63 > b >> 63);

	if (isnan(fa))
		return isnan(fb) ? NAN64 : b;
	if (isnan(fb))
		return a;
	return less != maximum ? a : b;
}

static void run_DMIN(struct ref *r)
{
	r->d = pick(r->a, r->b, false);
}

static void run_DMAX(struct ref *r)
{
	r->d = pick(r->a, r->b, true);
}

static void run_DSETP(struct ref *r)
{
	r->p = ref_compare(ref_double(r->a), ref_double(r->b), r->in->mod);
}

static void run_DTESTP(struct ref *r)
{
	int class = fpclassify(ref_double(r->a));
	const bool result[VGPU_TESTP_COUNT] = {
		[VGPU_TESTP_FINITE] = class != FP_NAN && class != FP_INFINITE,
		[VGPU_TESTP_INFINITE] = class == FP_INFINITE,
		[VGPU_TESTP_NUMBER] = class != FP_NAN, [VGPU_TESTP_NAN] = class == FP_NAN,
		[VGPU_TESTP_NORMAL] = class == FP_NORMAL,
		[VGPU_TESTP_SUBNORMAL] = class == FP_SUBNORMAL,
	};

	r->p = result[r->in->mod];
}

#define ROW(OP)	{ VGPU_OP_##OP, run_##OP, NULL, REF_F64 }
const struct ref_row ref_f64[] = {
	ROW(DADD), ROW(DSUB), ROW(DMUL), ROW(DFMA), ROW(DNEG), ROW(DABS), ROW(DMIN), ROW(DMAX),
	ROW(DDIV), ROW(DRCP), ROW(DSQRT), ROW(DCOPYSIGN), ROW(DSETP), ROW(DTESTP),
};
const size_t ref_f64_count = ARRAY_SIZE(ref_f64);
