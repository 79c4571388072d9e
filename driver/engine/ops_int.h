/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handlers: moves and 32-bit integers.
 */
#include "num_int.h"

/* A single value in every lane: moves and operands that have no handler of their own */
HANDLER(f_BCAST)
{
	row_set32(AT(u32, d), *AT_SEL(u32, a, ENG_SEL_A));
	NEXT();
}

HANDLER(m_BCAST)
{
	ROW(u32, r);

	row_set32(r, *AT_SEL(u32, a, ENG_SEL_A));
	row_commit32(AT(u32, d), r, guarded(w, ip));
	NEXT();
}

OP1(MOV, u32, u32, a)

/* The usual ones at once: thread indices of blocks whose rows are whole warps, lanes */
static __always_inline bool sreg_quick(const struct eng_warp *w, u32 which, u32 *d)
{
	u32 first = which == VGPU_SREG_LANEID ? 0 : w->tid[0];
	int l;

	if (which == VGPU_SREG_LANEID || (which == VGPU_SREG_TID_X && w->straight))
		LANES d[l] = first + (u32)l;
	else if (which <= VGPU_SREG_TID_Z && w->straight)
		row_set32(d, w->tid[which - VGPU_SREG_TID_X]);
	else
		return false;
	return true;
}

static __always_inline void sreg_row(const struct eng_warp *w, u32 which, u32 *d)
{
	if (!sreg_quick(w, which, d))
		eng_sreg_row(w, which, d);
}

static noinline const struct eng_op *x_SREGV(const struct eng_op *ip, struct eng_warp *w,
					     const struct eng_table *table)
{
	eng_sreg_row(w, ip->imm, AT(u32, d));
	NEXT();
}

HANDLER(f_SREGV)
{
	if (likely(sreg_quick(w, ip->imm, AT(u32, d))))
		NEXT();
	return x_SREGV(ip, w, table);
}

static noinline void sreg_part(struct eng_warp *w, const struct eng_op *ip)
{
	ROW(u32, r);

	sreg_row(w, ip->imm, r);
	row_commit32(AT(u32, d), r, guarded(w, ip));
}

HANDLER(m_SREGV)
{
	sreg_part(w, ip);
	NEXT();
}

/* How a thread finds its place: its index, and a sum of that with a single value (fuse.c). Returns the first lane's sum */
static __always_inline u32 thread_place(struct eng_warp *w, const struct eng_op *ip)
{
	u32 *d = AT(u32, d), first = w->tid[0], from;
	int l;

	if (ip[1].d != ip->d)
		LANES d[l] = first + (u32)l;
	ip++;
	from = first + *AT_SEL(u32, b, ENG_SEL_B);
	d = AT(u32, d);
	LANES d[l] = from + (u32)l;
	return from;
}

HANDLER(f_SREGV_IADD)
{
	if (unlikely(!w->straight))
		return x_SREGV(ip, w, table);
	thread_place(w, ip);
	NEXT_BEHIND(2);
}
SAME_AS(m_SREGV_IADD, m_SREGV)

OP2BI(IADD, u32, u32, u32, a + b)
OP2B(ISUB, u32, u32, u32, a - b)
OP2_COLD(IADDSAT, u32, u32, u32, num_addsat(a, b))
OP2_COLD(ISUBSAT, u32, u32, u32, num_subsat(a, b))
OP2B(IMUL, u32, u32, u32, a * b)
OP2_COLD(IMULHS, u32, u32, u32, (u32)((s64)(s32)a * (s32)b >> 32))
OP2_COLD(IMULHU, u32, u32, u32, (u32)((u64)a * b >> 32))
OP3BC(IMAD, u32, u32, u32, u32, a * b + c)
OP2B(IMULWS, u64, u32, u32, (u64)((s64)(s32)a * (s32)b))
OP2B(IMULWU, u64, u32, u32, (u64)a * b)
OP3(IMADWS, u64, u32, u32, u64, (u64)((s64)(s32)a * (s32)b) + c)
OP3(IMADWU, u64, u32, u32, u64, (u64)a * b + c)
OP2_COLD(IDIVS, u32, u32, u32, num_divs(a, b))
OP2_COLD(IDIVU, u32, u32, u32, num_divu(a, b))
OP2_COLD(IREMS, u32, u32, u32, num_rems(a, b))
OP2_COLD(IREMU, u32, u32, u32, num_remu(a, b))
OP1_COLD(IABS, u32, u32, (s32)a < 0 ? 0 - a : a)
OP2B(IMINS, u32, u32, u32, (s32)a < (s32)b ? a : b)
OP2B(IMINU, u32, u32, u32, a < b ? a : b)
OP2B(IMAXS, u32, u32, u32, (s32)a > (s32)b ? a : b)
OP2B(IMAXU, u32, u32, u32, a > b ? a : b)
OP3_COLD(ISAD, u32, u32, u32, u32, c + ((s32)a > (s32)b ? a - b : b - a))
OP3_COLD(ISADU, u32, u32, u32, u32, c + (a > b ? a - b : b - a))
OP2BI(AND, u32, u32, u32, a & b)
OP2BI(OR, u32, u32, u32, a | b)
OP2BI(XOR, u32, u32, u32, a ^ b)
OP1(NOT, u32, u32, ~a)
#if ENG_HAVE_LOP3
#define LOP3(NAME, B, ONEB, C, ONEC)						\
OP_PAIR(NAME, u32, true, row_lop3(dst, SRC(u32, a), B, ONEB, C, ONEC, ip->mod))
LOP3(LOP3, SRC(u32, b), false, SRC(u32, c), false)
LOP3(LOP3_B, AT_SEL(u32, b, ENG_SEL_B), true, SRC(u32, c), false)
LOP3(LOP3_C, SRC(u32, b), false, AT_SEL(u32, c, ENG_SEL_C), true)
#else
OP3BC(LOP3, u32, u32, u32, u32, num_lop3(a, b, c, M))
#endif

#if ENG_HAVE_SHIFTS
#define SHIFT(NAME, ROW_OP, EXPR)						\
OP_PAIR(NAME, u32, true, ROW_OP(dst, SRC(u32, a), SRC(u32, b), false))		\
OP_PAIR(NAME##_B, u32, true, ROW_OP(dst, SRC(u32, a), AT_SEL(u32, b, ENG_SEL_B), true)) \
OP_PAIR(NAME##_I, u32, true, ROW_OP(dst, SRC(u32, a), AT_IMM(u32), true))
#else
#define SHIFT(NAME, ROW_OP, EXPR) OP2BI(NAME, u32, u32, u32, EXPR)
#endif
SHIFT(SHL, row_shl32, num_shl(a, b))
SHIFT(SHRU, row_shru32, num_shru(a, b))
SHIFT(SHRS, row_shrs32, num_shrs(a, b))

OP3(SHFLW, u32, u32, u32, u32, num_shfl(a, b, c & 31))
OP3(SHFRW, u32, u32, u32, u32, num_shfr(a, b, c & 31))
OP3_COLD(SHFLC, u32, u32, u32, u32, num_shfl(a, b, c > 32 ? 32 : c))
OP3_COLD(SHFRC, u32, u32, u32, u32, num_shfr(a, b, c > 32 ? 32 : c))
OP3_COLD(PRMT, u32, u32, u32, u32, num_prmt(a, b, c, M))
/* the default mode, which is nearly all there is */
#if ENG_HAVE_PRMT
#define PRMT_IDX(NAME, C, ONEC)							\
OP_PAIR(NAME, u32, true, row_prmt(dst, SRC(u32, a), SRC(u32, b), C, ONEC))
PRMT_IDX(PRMT_IDX, SRC(u32, c), false)
PRMT_IDX(PRMT_IDX_C, AT_SEL(u32, c, ENG_SEL_C), true)
#else
OP3_EXPR(PRMT_IDX, u32, u32, u32, u32, num_prmt(a, b, c, VGPU_PRMT_IDX))
OP_COLD(PRMT_IDX, u32, e_PRMT_IDX(dst, AT(u32, a), AT(u32, b), false, AT(u32, c), false, 0))
OP_COLD(PRMT_IDX_C, u32, e_PRMT_IDX(dst, AT(u32, a), AT(u32, b), false,
				    AT_SEL(u32, c, ENG_SEL_C), true, 0))
#endif
OP3_COLD(BFES, u32, u32, u32, u32, num_bfes(a, b, c))
OP3(BFEU, u32, u32, u32, u32, num_bfeu(a, b, c))
OP3_COLD(BFI, u32, u32, u32, u32, num_bfi(a, b, c))
OP2_COLD(BMSK, u32, u32, u32, num_bmsk(a, b, M))
OP2_COLD(SZEXT, u32, u32, u32, num_szext(a, b, M))
OP1_COLD(POPC, u32, u32, num_popc(a))
OP1_COLD(CLZ, u32, u32, num_clz(a))
OP1_COLD(BFINDS, u32, u32, num_bfind((s32)a < 0 ? ~a : a, M))
OP1_COLD(BFINDU, u32, u32, num_bfind(a, M))
OP1_COLD(BREV, u32, u32, num_brev(a))
OP3_COLD(FNS, u32, u32, u32, u32, num_fns(a, b, (s32)c))
OP1_COLD(EXT8S, u32, u32, (u32)(s8)a)
OP1_COLD(EXT8U, u32, u32, (u8)a)
OP1_COLD(EXT16S, u32, u32, (u32)(s16)a)
OP1_COLD(EXT16U, u32, u32, (u16)a)
OP3_COLD(CLAMPI, u32, u32, u32, u32, num_clampi(a, b, c))
#define DP4A(NAME, C, ONEC, SA, SB)						\
OP_PAIR(NAME, u32, true, row_dp4a(dst, SRC(u32, a), SRC(u32, b), C, ONEC, SA, SB))
DP4A(DP4A, SRC(u32, c), false, false, false)
DP4A(DP4A_US, SRC(u32, c), false, false, true)
DP4A(DP4A_SU, SRC(u32, c), false, true, false)
DP4A(DP4A_SS, SRC(u32, c), false, true, true)
DP4A(DP4A_SSI, AT_IMM(u32), true, true, true)
OP3_COLD(DP2A, u32, u32, u32, u32, num_dp2a(a, b, c, M))

OP_PAIR(SEL, u32, true, row_select32(dst, SRC(u32, a), SRC(u32, b), *AT(const u32, c)))

/* @y inverts */
#define SETP(NAME, ROW_OP, T)							\
OP_PRED(NAME, ROW_OP(AT(T, a), AT(T, b), false) ^ ip->y)			\
OP_PRED(NAME##_B, ROW_OP(AT(T, a), AT_SEL(T, b, ENG_SEL_B), true) ^ ip->y)
OP_PRED(SETPI, row_eq32(AT(u32, a), AT(u32, b), false) ^ ip->y)
OP_PRED(SETPI_EQ_B, row_eq32(AT(u32, a), AT_SEL(u32, b, ENG_SEL_B), true) ^ ip->y)
SETP(SETPI_LTS, row_lts32, u32)
SETP(SETPI_GTS, row_gts32, u32)
SETP(SETPI_LTU, row_ltu32, u32)
SETP(SETPI_GTU, row_gtu32, u32)

/*
 * How a kernel looks at its bounds: comparison with a single value, BSSY, a branch by the
 * outcome (fuse.c). Where lanes are missing, one after the other.
 */
#define DECIDE(LANES_OF) do {							\
	u32 _p = (LANES_OF) ^ ip->y;						\
										\
	*AT(u32, d) = _p;							\
	ip++;									\
	*AT(u64, d) = new_point(w, ENG_ALL);					\
	ip++;									\
	BRANCH(_p ^ (0 - (u32)(ip->g >> 7)), ENG_ALL);				\
} while (0)
#define SETP_IF(NAME, ROW_OP)							\
HANDLER(f_SETPI_##NAME##_IF)							\
{										\
	DECIDE(ROW_OP(AT(u32, a), AT_SEL(u32, b, ENG_SEL_B), true));		\
}										\
SAME_AS(m_SETPI_##NAME##_IF, m_SETPI_##NAME##_B)
SETP_IF(EQ, row_eq32)
SETP_IF(LTS, row_lts32)
SETP_IF(GTS, row_gts32)
SETP_IF(LTU, row_ltu32)
SETP_IF(GTU, row_gtu32)

/*
 * The lanes whose number, from @from on upwards, is below @end; both are unsigned.  Signed numbers
 * with the top bit flipped are in the same order, and count up alike.
 */
static __always_inline u32 lanes_below(u32 from, u32 end)
{
	u32 left = end - from;

	if (unlikely(from > 0 - (u32)ENG_LANES))	/* they pass zero */
		return (end > from ? (1U << min_t(u32, left, 0 - from)) - 1 : 0) |
		       (u32)(((1ULL << min_t(u32, end, ENG_LANES)) - 1) << (0 - from));
	if (end <= from)
		return 0;
	return left < ENG_LANES ? (1U << left) - 1 : ENG_ALL;
}

/* A thread's place, and the comparison of that with the bounds: numbers that count up need no row to be compared. */
#define PLACE_IF(NAME, FLIP)							\
HANDLER(f_SREGV_##NAME##_IF)							\
{										\
	u32 from;								\
										\
	if (unlikely(!w->straight))						\
		return x_SREGV(ip, w, table);					\
	from = thread_place(w, ip);						\
	ip += 2;								\
	DECIDE(lanes_below(from ^ (FLIP), *AT_SEL(u32, b, ENG_SEL_B) ^ (FLIP)));	\
}										\
SAME_AS(m_SREGV_##NAME##_IF, m_SREGV)
PLACE_IF(LTS, 0x80000000)
PLACE_IF(LTU, 0)

OP_PRED(PLOP3, num_lop3(*AT(u32, a), *AT(u32, b), *AT(u32, c), ip->mod))

/* Carries: nibbles of the modifier name predicates; decode puts none where NOP says so */
static __always_inline u32 carry_in(const struct eng_warp *w, const struct eng_op *ip)
{
	u32 p = ip->mod >> 4;

	return p == VGPU_CARRY_NOP ? 0 : w->p[p];
}

static __always_inline void carry_out(struct eng_warp *w, const struct eng_op *ip, u32 bits,
				      u32 m)
{
	u32 p = ip->mod & 15;

	if (p != VGPU_CARRY_NOP)
		w->p[p] = (w->p[p] & ~m) | (bits & m);
}

#define CARRY(NAME, T, EXPR, OUT)						\
static __always_inline u32 e_##NAME(const struct eng_warp *w, const struct eng_op *ip, T *r) \
{										\
	const T *pa = AT(const T, a), *pb = AT(const T, b);			\
	u32 in = carry_in(w, ip), out = 0;					\
	int l;									\
										\
	for (l = 0; l < ENG_LANES; l++) {					\
		T a = pa[l], b = pb[l], i = in >> l & 1, v = (EXPR);		\
										\
		out |= (u32)(OUT) << l;						\
		r[l] = v;							\
	}									\
	return out;								\
}										\
HANDLER(f_##NAME)								\
{										\
	ROW(T, r);								\
	u32 out = e_##NAME(w, ip, r);						\
										\
	row_copy(AT(T, d), r, sizeof(T));					\
	carry_out(w, ip, out, ENG_ALL);						\
	NEXT();									\
}										\
HANDLER(m_##NAME)								\
{										\
	ROW(T, r);								\
	u32 m = guarded(w, ip), out = e_##NAME(w, ip, r);			\
										\
	row_commit(AT(T, d), r, sizeof(T), m);					\
	carry_out(w, ip, out, m);						\
	NEXT();									\
}
CARRY(IADDC, u32, a + b + i, v < a || (i && v == a))
CARRY(ISUBC, u32, a - b - i, a < b || (i && a == b))
CARRY(LADDC, u64, a + b + i, v < a || (i && v == a))
CARRY(LSUBC, u64, a - b - i, a < b || (i && a == b))
