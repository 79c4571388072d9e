/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handlers: f16 and bf16 pairs.
 */
#include "num_half.h"

#define LO(x)	((x) & 0xffff)
#define HI(x)	((x) >> 16)
#define PAIR1(F) (F(LO(a), M) | F(HI(a), M) << 16)
#define PAIR2(F) (F(LO(a), LO(b), M) | F(HI(a), HI(b), M) << 16)
#define PAIR3(F) (F(LO(a), LO(b), LO(c), M) | F(HI(a), HI(b), HI(c), M) << 16)

/* saturation to [0, 1] of a conversion's lone result */
OP1_COLD(HSAT, u32, u32, num_finish_half(LO(a), VGPU_H_SAT, 0x3c00, 0x7c00))
OP1_COLD(BSAT, u32, u32, num_finish_half(LO(a), VGPU_H_SAT, 0x3f80, 0x7f80))

#define H_ADD(x, y, m)	num_out_h(num_in_h(x, m) + num_in_h(y, m), m)
#define H_SUB(x, y, m)	num_out_h(num_in_h(x, m) - num_in_h(y, m), m)
#define H_MUL(x, y, m)	num_out_h(num_in_h(x, m) * num_in_h(y, m), m)
#define H_MIN(x, y, m)	num_half_minmax(x, y, m, 0x7c00, false)
#define H_MAX(x, y, m)	num_half_minmax(x, y, m, 0x7c00, true)
#define H_NEG(x, m)	num_half_sign(num_flush_h(x, m) ^ 0x8000, 0x7c00)
#define H_ABS(x, m)	num_half_sign(num_flush_h(x, m) & 0x7fff, 0x7c00)
#define H_TANH(x, m)	num_to_h((float)num_tanh64(num_from_h(x)))
#define B_ADD(x, y, m)	num_out_b(num_to_b(num_in_b(x, m) + num_in_b(y, m)), m)
#define B_SUB(x, y, m)	num_out_b(num_to_b(num_in_b(x, m) - num_in_b(y, m)), m)
#define B_MUL(x, y, m)	num_out_b(num_to_b(num_in_b(x, m) * num_in_b(y, m)), m)
#define B_MIN(x, y, m)	num_half_minmax(x, y, m, 0x7f80, false)
#define B_MAX(x, y, m)	num_half_minmax(x, y, m, 0x7f80, true)
#define B_NEG(x, m)	num_half_sign(num_flush_b(x, m) ^ 0x8000, 0x7f80)
#define B_ABS(x, m)	num_half_sign(num_flush_b(x, m) & 0x7fff, 0x7f80)
#define B_TANH(x, m)	num_to_b((float)num_tanh64(num_from_b(x)))

#if ENG_HAVE_FP16
/* BODY(destination) where nothing modifies the result, else the general way */
#define HALF_ROWS(NAME, GENERAL, BODY)						\
static noinline void b_##NAME(struct eng_warp *w, const struct eng_op *ip, u32 m) \
{										\
	ROW(u32, r);								\
										\
	GENERAL;								\
	row_commit32(AT(u32, d), r, m);						\
}										\
HANDLER(f_##NAME)								\
{										\
	if (likely(!ip->mod))							\
		BODY(AT(u32, d));						\
	else									\
		b_##NAME(w, ip, ENG_ALL);					\
	NEXT();									\
}										\
HANDLER(m_##NAME)								\
{										\
	u32 m = guarded(w, ip);							\
	ROW(u32, r);								\
										\
	if (likely(!ip->mod)) {							\
		BODY(r);							\
		row_commit32(AT(u32, d), r, m);					\
	} else {								\
		b_##NAME(w, ip, m);						\
	}									\
	NEXT();									\
}
#define HALF2(NAME, EXPR, FAST)							\
OP2_EXPR(NAME, u32, u32, u32, EXPR)						\
HALF_ROWS(NAME, e_##NAME(r, AT(u32, a), AT(u32, b), false, ip->mod), FAST)
#define DO_HADD(D)	row_hadd(D, AT(u32, a), AT(u32, b))
#define DO_HSUB(D)	row_hsub(D, AT(u32, a), AT(u32, b))
#define DO_HMUL(D)	row_hmul(D, AT(u32, a), AT(u32, b))
#define DO_HFMA(D)	row_hfma(D, AT(u32, a), AT(u32, b), AT(u32, c))
HALF2(HADD, PAIR2(H_ADD), DO_HADD)
HALF2(HSUB, PAIR2(H_SUB), DO_HSUB)
HALF2(HMUL, PAIR2(H_MUL), DO_HMUL)
OP3_EXPR(HFMA, u32, u32, u32, u32, PAIR3(num_h_fma))
HALF_ROWS(HFMA, e_HFMA(r, AT(u32, a), AT(u32, b), false, AT(u32, c), false, ip->mod), DO_HFMA)
#else
OP2_MOST(HADD, u32, u32, u32, 0, PAIR2(H_ADD))
OP2_MOST(HSUB, u32, u32, u32, 0, PAIR2(H_SUB))
OP2_MOST(HMUL, u32, u32, u32, 0, PAIR2(H_MUL))
OP3_MOST(HFMA, u32, u32, u32, u32, 0, PAIR3(num_h_fma))
#endif
OP2_MOST(HMIN, u32, u32, u32, 0, PAIR2(H_MIN))
OP2_MOST(HMAX, u32, u32, u32, 0, PAIR2(H_MAX))
OP1_MOST(HNEG, u32, u32, 0, PAIR1(H_NEG))
OP1_MOST(HABS, u32, u32, 0, PAIR1(H_ABS))
OP1_MOST(HEX2A, u32, u32, 0, PAIR1(num_h_ex2))
OP1_MOST(HTANHA, u32, u32, 0, PAIR1(H_TANH))
OP2_MOST(BADD, u32, u32, u32, 0, PAIR2(B_ADD))
OP2_MOST(BSUB, u32, u32, u32, 0, PAIR2(B_SUB))
OP2_MOST(BMUL, u32, u32, u32, 0, PAIR2(B_MUL))
OP3_MOST(BFMA, u32, u32, u32, u32, 0, PAIR3(num_b_fma))
OP2_MOST(BMIN, u32, u32, u32, 0, PAIR2(B_MIN))
OP2_MOST(BMAX, u32, u32, u32, 0, PAIR2(B_MAX))
OP1_MOST(BNEG, u32, u32, 0, PAIR1(B_NEG))
OP1_MOST(BABS, u32, u32, 0, PAIR1(B_ABS))
OP1_MOST(BEX2A, u32, u32, 0, PAIR1(num_b_ex2))
OP1_MOST(BTANHA, u32, u32, 0, PAIR1(B_TANH))

static __always_inline bool fcmp(float x, float y, u32 how)
{
	bool nan = x != x || y != y;

	switch (how) {
	case VGPU_FCMP_EQ:	return x == y;
	case VGPU_FCMP_NE:	return x < y || x > y;
	case VGPU_FCMP_LT:	return x < y;
	case VGPU_FCMP_LE:	return x <= y;
	case VGPU_FCMP_GT:	return x > y;
	case VGPU_FCMP_GE:	return x >= y;
	case VGPU_FCMP_EQU:	return nan || x == y;
	case VGPU_FCMP_NEU:	return !(x == y);
	case VGPU_FCMP_LTU:	return nan || x < y;
	case VGPU_FCMP_LEU:	return nan || x <= y;
	case VGPU_FCMP_GTU:	return nan || x > y;
	case VGPU_FCMP_GEU:	return nan || x >= y;
	case VGPU_FCMP_NUM:	return !nan;
	default:		return nan;
	}
}

static noinline u32 half_compare(const u32 *a, const u32 *b, u32 mod, bool bf)
{
	u32 l, bits = 0, shift = mod & VGPU_FCMP_HIGH ? 16 : 0, how = mod & 15;
	u32 flush = mod & VGPU_FCMP_FTZ ? VGPU_H_FTZ : 0;

	for (l = 0; l < ENG_LANES; l++) {
		u32 x = LO(a[l] >> shift), y = LO(b[l] >> shift);
		float fx = bf ? num_in_b(x, flush) : num_in_h(x, flush);
		float fy = bf ? num_in_b(y, flush) : num_in_h(y, flush);

		bits |= (u32)fcmp(fx, fy, how) << l;
	}
	return bits;
}
OP_PRED(HSETP, half_compare(AT(u32, a), AT(u32, b), ip->mod, false))
OP_PRED(BSETP, half_compare(AT(u32, a), AT(u32, b), ip->mod, true))
