/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handlers: f32.  Rounding and flushing are MXCSR's, saturation is a step of its own
 * (decode.c puts FSAT behind the instruction).
 */
#include "num_float.h"
#include "num_approx.h"

OP1_COLD(FSAT, u32, u32, num_sat32(a))

#if ENG_HAVE_ROW_FLOATS
#define FLOATS(NAME, ROW_OP, EXPR)						\
OP_PAIR(NAME, u32, true, ROW_OP(dst, SRC(u32, a), SRC(u32, b), false))		\
OP_PAIR(NAME##_B, u32, true, ROW_OP(dst, SRC(u32, a), AT_SEL(u32, b, ENG_SEL_B), true))
#else
#define FLOATS(NAME, ROW_OP, EXPR) OP2B(NAME, u32, u32, u32, num_out32(EXPR))
#endif
FLOATS(FADD, row_fadd32, num_f32(a) + num_f32(b))
FLOATS(FSUB, row_fsub32, num_f32(a) - num_f32(b))
FLOATS(FMUL, row_fmul32, num_f32(a) * num_f32(b))

#if ENG_HAVE_FMA
#define FFMA(NAME, B, ONEB, C, ONEC)						\
OP_PAIR(NAME, u32, true, row_fma32(dst, SRC(u32, a), B, ONEB, C, ONEC))
FFMA(FFMA, SRC(u32, b), false, SRC(u32, c), false)
FFMA(FFMA_B, AT_SEL(u32, b, ENG_SEL_B), true, SRC(u32, c), false)
FFMA(FFMA_C, SRC(u32, b), false, AT_SEL(u32, c, ENG_SEL_C), true)
#define FMA32(a, b, c) __builtin_fmaf(a, b, c)
#else
/* Two roundings with the first one to odd; the first needs to-nearest mode. */
static noinline void fma_sums(double *s, const u32 *pa, const u32 *pb, bool oneb,
			      const u32 *pc, bool onec)
{
	int l;

	for (l = 0; l < ENG_LANES; l++)
		s[l] = num_odd_sum((double)num_f32(pa[l]) * num_f32(pb[oneb ? 0 : l]),
				   num_f32(pc[onec ? 0 : l]));
}

static noinline void fma_narrow(u32 *d, const double *s)
{
	int l;

	for (l = 0; l < ENG_LANES; l++)
		d[l] = num_out32((float)s[l]);
}

/* Zeros by cancellation have the sign of the mode, which the sums did not know. */
static noinline void fma_zeros(double *s, const u32 *pa, const u32 *pb, bool oneb,
			       const u32 *pc, bool onec)
{
	int l;

	for (l = 0; l < ENG_LANES; l++)
		if (s[l] == 0)
			s[l] = (double)num_f32(pa[l]) * num_f32(pb[oneb ? 0 : l]) +
			       num_f32(pc[onec ? 0 : l]);
}

static noinline void fma_row(struct eng_warp *w, const struct eng_op *ip, u32 *d, const u32 *pa,
			     const u32 *pb, bool oneb, const u32 *pc, bool onec)
{
	bool directed = ip->fmode & VGPU_FMODE_ROUND;
	ROW(double, s);

	if (directed)
		eng_set_mode(w, ip->fmode & VGPU_FMODE_FTZ);
	fma_sums(s, pa, pb, oneb, pc, onec);
	if (directed) {
		eng_set_mode(w, ip->fmode);
		fma_zeros(s, pa, pb, oneb, pc, onec);
	}
	fma_narrow(d, s);
}

static noinline void fma_masked(struct eng_warp *w, const struct eng_op *ip, const u32 *pa,
				const u32 *pb, bool oneb, const u32 *pc, bool onec)
{
	ROW(u32, r);

	fma_row(w, ip, r, pa, pb, oneb, pc, onec);
	row_commit32(AT(u32, d), r, guarded(w, ip));
}

#define SOFT_FMA(NAME, B, ONEB, C, ONEC)					\
HANDLER(f_##NAME)								\
{										\
	fma_row(w, ip, AT(u32, d), AT(u32, a), B, ONEB, C, ONEC);		\
	NEXT();									\
}										\
HANDLER(m_##NAME)								\
{										\
	fma_masked(w, ip, AT(u32, a), B, ONEB, C, ONEC);			\
	NEXT();									\
}
SOFT_FMA(FFMA, AT(u32, b), false, AT(u32, c), false)
SOFT_FMA(FFMA_B, AT_SEL(u32, b, ENG_SEL_B), true, AT(u32, c), false)
SOFT_FMA(FFMA_C, AT(u32, b), false, AT_SEL(u32, c, ENG_SEL_C), true)
/* to nearest only */
#define FMA32(a, b, c) ((float)num_odd_sum((double)(a) * (b), c))
#endif

OP1(FNEG, u32, u32, num_sign32(num_flush_if(a, M) ^ 0x80000000))
OP1(FABS, u32, u32, num_sign32(num_flush_if(a, M) & 0x7fffffff))
OP2_MOST(FMIN, u32, u32, u32, 0, num_minmax32(a, b, M, false))
OP2_MOST(FMAX, u32, u32, u32, 0, num_minmax32(a, b, M, true))
OP2_COLD(FDIV, u32, u32, u32, num_out32(num_f32(a) / num_f32(b)))
OP2_COLD(FDIVA, u32, u32, u32, num_out32(num_f32(a) / num_f32(b)))
OP1_COLD(FRCP, u32, u32, num_out32(1.0f / num_f32(a)))
OP1_COLD(FSQRT, u32, u32, num_out32(__builtin_sqrtf(num_f32(a))))
OP1_COLD(FRCPA, u32, u32, num_out32(1.0f / num_f32(a)))
OP1_COLD(FRSQA, u32, u32, num_out32(1.0f / __builtin_sqrtf(num_f32(a))))
OP1_COLD(FSQRTA, u32, u32, num_out32(__builtin_sqrtf(num_f32(a))))
OP1_COLD(FSINA, u32, u32, num_sincos(a, 0))
OP1_COLD(FCOSA, u32, u32, num_sincos(a, 1))
OP1_COLD(FLG2A, u32, u32, num_lg2(a))
OP1_COLD(FEX2A, u32, u32, num_ex2(a))
OP1_COLD(FTANHA, u32, u32, num_tanh(a))
OP2_COLD(FCOPYSIGN, u32, u32, u32, (a & 0x80000000) | (b & 0x7fffffff))

#define FSETP(NAME, ROW_OP)							\
OP_PRED(NAME, ROW_OP(AT(u32, a), AT(u32, b), false) ^ ip->y)			\
OP_PRED(NAME##_B, ROW_OP(AT(u32, a), AT_SEL(u32, b, ENG_SEL_B), true) ^ ip->y)
OP_PRED(FSETP, row_feq32(AT(u32, a), AT(u32, b), false) ^ ip->y)
OP_PRED(FSETP_EQ_B, row_feq32(AT(u32, a), AT_SEL(u32, b, ENG_SEL_B), true) ^ ip->y)
FSETP(FSETP_NE, row_fne32)
FSETP(FSETP_LT, row_flt32)
FSETP(FSETP_LE, row_fle32)
FSETP(FSETP_GT, row_fgt32)
FSETP(FSETP_GE, row_fge32)
/* ordered: both sides matter */
OP_PRED(FSETP_NUM, row_fnum32(AT(u32, a), AT(u32, b), false) ^ ip->y)
OP_PRED(FSETP_NUM_B, row_fnum32(AT(u32, a), AT_SEL(u32, b, ENG_SEL_B), true) ^ ip->y)

static __always_inline u32 testp32(const u32 *a, u32 how)
{
	u32 l, bits = 0;

	for (l = 0; l < ENG_LANES; l++)
		bits |= (u32)num_testp32(a[l], how) << l;
	return bits;
}
OP_PRED(FTESTP, testp32(AT(u32, a), ip->mod))

/* The sum stays in D. */
static __always_inline void scaleacc(u32 *d, const u32 *old, const u32 *pa, const u32 *pb,
				     const u32 *pc)
{
	int l;

	LANES {
		float p = (float)(s32)pa[l] * num_f32(pb[l]);

		d[l] = num_out32(FMA32(p, num_f32(pc[l]), num_f32(old[l])));
	}
}
OP_PAIR(FSCALEACC, u32, true,
	w->fuel -= ENG_DEAR;	/* with denormals it takes very long */
	scaleacc(dst, AT(u32, d), SRC(u32, a), SRC(u32, b), SRC(u32, c)))
