/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How handlers are written.
 *
 * An instruction NAME has two handlers: f_NAME for warps with all lanes active and
 * no guard, m_NAME for all else.  Control and scalar instructions have only
 * f_NAME.  Most vector instructions are an expression over one lane, which the
 * OP1/OP2/OP3 macros turn into loops that the compiler vectorizes; what it does
 * not do well is in vec_*.h.
 *
 * Why tail calls: with retpolines an indirect jump costs the same from one place
 * or from many, but a call also needs a return, which costs as much again on
 * kernels that patch returns; and the state lives in argument registers.
 */
#ifndef VGPU_ENGINE_INTERP_H
#define VGPU_ENGINE_INTERP_H

#include "exec.h"
#include "scalar.h"

/* What only some sets have, see vec_avx512.h */
#ifndef ENG_HAVE_LANES
#define ENG_HAVE_LANES	0	/* addresses of lanes checked by registers */
#define ENG_HAVE_F2H	0	/* conversion to halves by registers */
#endif
#ifndef ENG_HAVE_ROW_FLOATS
#define ENG_HAVE_ROW_FLOATS 0	/* sums and products of rows */
#endif
#ifndef ENG_HAVE_BYTES
#define ENG_HAVE_BYTES	0	/* records by bytes */
#endif
#ifndef ENG_HAVE_PAIRS
#define ENG_HAVE_PAIRS	0	/* handlers of pairs */
#endif
#ifndef ENG_HAVE_CHAINS
#define ENG_HAVE_CHAINS	0	/* rows that stay in registers within one */
#endif
#ifndef ENG_HAVE_FP16
#define ENG_HAVE_FP16	0	/* arithmetic of halves */
#define ENG_HAVE_VNNI	0	/* products of bytes */
#define ENG_HAVE_GATHER	0	/* gathers and scatters */
#endif

#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__clang__) && \
	!defined(__SANITIZE_THREAD__) && !defined(ENG_NO_TAIL)
#define ENG_TAIL 1
#else
#define ENG_TAIL 0
#endif

#define HANDLER(NAME)								\
	static const struct eng_op *NAME(const struct eng_op *ip, struct eng_warp *w, \
					 const struct eng_table *table)

/* A handler under another name, for what begins as it does */
#define SAME_AS(NAME, OLD)							\
	static const struct eng_op *NAME(const struct eng_op *, struct eng_warp *, \
					 const struct eng_table *)		\
		__attribute__((__alias__(#OLD)));

/* The same handler under the masked name, for variants of control and scalars */
#define SAME_MASKED(NAME)	SAME_AS(m_##NAME, f_##NAME)

#if ENG_TAIL
#define NEXT_AT(AT) do {							\
	const struct eng_op *_at = (AT);					\
										\
	return table->h[_at->h](_at, w, table);					\
} while (0)
/* the one @N further on: its handler is read first, so that IP needs no other register */
#define NEXT_BEHIND(N) do {							\
	unsigned long _h = ip[N].h;						\
										\
	__asm__("" : "+r"(ip), "+r"(_h));					\
	ip += (N);								\
	return table->h[_h](ip, w, table);					\
} while (0)
/* where the running fragment may be another one now */
#define NEXT_ANY(AT) do {							\
	const struct eng_op *_at = (AT);					\
	const struct eng_table *_t = w->table;					\
										\
	if (unlikely(!_at))							\
		return NULL;							\
	return _t->h[_at->h](_at, w, _t);					\
} while (0)
#else
#define NEXT_AT(AT)	do { (void)table; return (AT); } while (0)
#define NEXT_BEHIND(N)	NEXT_AT(ip + (N))
#define NEXT_ANY(AT)	do { (void)table; return (AT); } while (0)
#endif
#define NEXT()		NEXT_BEHIND(1)

#define LEAVE(WHY, AT) do {							\
	w->exit = (WHY);							\
	w->ip = (AT);								\
	return NULL;								\
} while (0)

/* An operand in the warp, and one that may be the immediate */
#define AT(T, F)	((T *)((u32 *)w + ip->F))
/* A source of a body, see OP_PAIR: a row in the warp, or in registers */
#define SRC(T, F)	((const T *)row_##F)
#define AT_SEL(T, F, BIT) \
	((const T *)((const u32 *)(ip->sel & (BIT) ? (const void *)ip : (const void *)w) + ip->F))

/* The immediate, where a handler is for that alone */
#define AT_IMM(T) ((const T *)&ip->imm)

/* A convergence point for @members, which no other one of the warp is taken for (frag.c, members_of()) */
static __always_inline u64 new_point(struct eng_warp *w, u32 members)
{
	return members | (u64)++w->points << 32;
}

/* Lanes that a guarded or partly active instruction acts on */
static __always_inline u32 guarded(const struct eng_warp *w, const struct eng_op *ip)
{
	u32 p = w->p[ip->g & ENG_GUARD_SLOT];

	return w->mask & (p ^ (0 - (u32)(ip->g >> 7)));
}

static __always_inline void row_copy(void *d, const void *r, size_t size)
{
	if (size == 8)
		row_copy64(d, r);
	else
		row_copy32(d, r);
}

static __always_inline void row_commit(void *d, const void *r, size_t size, u32 m)
{
	if (size == 8)
		row_commit64(d, r, m);
	else
		row_commit32(d, r, m);
}

#define ROW(T, NAME)	T NAME[ENG_LANES] __aligned(64)
#define LANES		_Pragma("GCC ivdep") for (l = 0; l < ENG_LANES; l++)

/*
 * What an instruction does, apart from handlers, so that one handler can do two (ops_pairs.h):
 *
 * o_NAME computes @dst from rows, wherever those are.  q_NAME executes all of it for all
 * lanes, or does nothing and returns false: then its handler is to be asked.
 */
#define BODY(NAME, TD, FILL)							\
static __always_inline void o_##NAME(struct eng_warp *w, const struct eng_op *ip, TD *dst, \
				     const void *row_a, const void *row_b, const void *row_c) \
{										\
	FILL;									\
}

/*
 * OPn(NAME, type of D, of A, ..., expression in a, b, c; M is the modifier).
 * Where all have one size, D may be written as the loop goes: rows are the same or
 * disjoint.  Else all of D is made before any of it is written.
 */
#define OP_PAIR(NAME, TD, SAME, FILL)						\
BODY(NAME, TD, FILL)								\
static __always_inline bool q_##NAME(struct eng_warp *w, const struct eng_op *ip) \
{										\
	ROW(TD, r);								\
										\
	o_##NAME(w, ip, (SAME) ? AT(TD, d) : r, AT(void, a), AT(void, b), AT(void, c)); \
	if (!(SAME))								\
		row_copy(AT(TD, d), r, sizeof(TD));				\
	return true;								\
}										\
HANDLER(f_##NAME)								\
{										\
	q_##NAME(w, ip);							\
	NEXT();									\
}										\
HANDLER(m_##NAME)								\
{										\
	ROW(TD, r);								\
										\
	o_##NAME(w, ip, r, AT(void, a), AT(void, b), AT(void, c));		\
	row_commit(AT(TD, d), r, sizeof(TD), guarded(w, ip));			\
	NEXT();									\
}

/*
 * The same for what is rare or long: one body out of line, for both handlers.
 */
#define OP_COLD(NAME, TD, FILL)							\
static noinline void b_##NAME(struct eng_warp *w, const struct eng_op *ip, u32 m) \
{										\
	ROW(TD, r);								\
	TD *dst = r;								\
										\
	FILL;									\
	row_commit(AT(TD, d), r, sizeof(TD), m);				\
}										\
HANDLER(f_##NAME)								\
{										\
	b_##NAME(w, ip, ENG_ALL);						\
	NEXT();									\
}										\
HANDLER(m_##NAME)								\
{										\
	b_##NAME(w, ip, guarded(w, ip));					\
	NEXT();									\
}

#define OP1_EXPR(NAME, TD, TA, EXPR)						\
static __always_inline void e_##NAME(TD *d, const TA *pa, u32 M)		\
{										\
	int l;									\
										\
	LANES {									\
		TA a = pa[l];							\
										\
		d[l] = (EXPR);							\
	}									\
	(void)M;								\
}

#define OP1(NAME, TD, TA, EXPR)							\
OP1_EXPR(NAME, TD, TA, EXPR)							\
OP_PAIR(NAME, TD, sizeof(TD) == sizeof(TA), e_##NAME(dst, SRC(TA, a), ip->mod))
#define OP1_COLD(NAME, TD, TA, EXPR)						\
OP1_EXPR(NAME, TD, TA, EXPR)							\
OP_COLD(NAME, TD, e_##NAME(dst, AT(TA, a), ip->mod))
/* with a loop for modifier MOST of its own, free of decisions */
#define OP1_MOST(NAME, TD, TA, MOST, EXPR)					\
OP1_EXPR(NAME, TD, TA, EXPR)							\
OP_COLD(NAME, TD,								\
	if (ip->mod == (MOST))							\
		e_##NAME(dst, AT(TA, a), MOST);					\
	else									\
		e_##NAME(dst, AT(TA, a), ip->mod))

#define OP2_EXPR(NAME, TD, TA, TB, EXPR)					\
static __always_inline void e_##NAME(TD *d, const TA *pa, const TB *pb, bool oneb, u32 M) \
{										\
	TB b0 = pb[0];								\
	int l;									\
										\
	LANES {									\
		TA a = pa[l];							\
		TB b = oneb ? b0 : pb[l];					\
										\
		d[l] = (EXPR);							\
	}									\
	(void)M;								\
}
#define SAME2(TD, TA, TB) (sizeof(TD) == sizeof(TA) && sizeof(TD) == sizeof(TB))
/* A and B are rows */
#define OP2(NAME, TD, TA, TB, EXPR)						\
OP2_EXPR(NAME, TD, TA, TB, EXPR)						\
OP_PAIR(NAME, TD, SAME2(TD, TA, TB), e_##NAME(dst, SRC(TA, a), SRC(TB, b), false, ip->mod))
#define OP2_COLD(NAME, TD, TA, TB, EXPR)					\
OP2_EXPR(NAME, TD, TA, TB, EXPR)						\
OP_COLD(NAME, TD, e_##NAME(dst, AT(TA, a), AT(TB, b), false, ip->mod))
#define OP2_MOST(NAME, TD, TA, TB, MOST, EXPR)					\
OP2_EXPR(NAME, TD, TA, TB, EXPR)						\
OP_COLD(NAME, TD,								\
	if (ip->mod == (MOST))							\
		e_##NAME(dst, AT(TA, a), AT(TB, b), false, MOST);		\
	else									\
		e_##NAME(dst, AT(TA, a), AT(TB, b), false, ip->mod))
/* besides, B can be a single value (EV(NAME, B) in variants.h) */
#define OP2B(NAME, TD, TA, TB, EXPR)						\
OP2(NAME, TD, TA, TB, EXPR)							\
OP_PAIR(NAME##_B, TD, SAME2(TD, TA, TB),					\
	e_##NAME(dst, SRC(TA, a), AT_SEL(TB, b, ENG_SEL_B), true, ip->mod))

/* besides, for B the immediate (EV(NAME, I)) */
#define OP2BI(NAME, TD, TA, TB, EXPR)						\
OP2B(NAME, TD, TA, TB, EXPR)							\
OP_PAIR(NAME##_I, TD, SAME2(TD, TA, TB), e_##NAME(dst, SRC(TA, a), AT_IMM(TB), true, ip->mod))

#define OP3_EXPR(NAME, TD, TA, TB, TC, EXPR)					\
static __always_inline void e_##NAME(TD *d, const TA *pa, const TB *pb, bool oneb, \
				     const TC *pc, bool onec, u32 M)		\
{										\
	TB b0 = pb[0];								\
	TC c0 = pc[0];								\
	int l;									\
										\
	LANES {									\
		TA a = pa[l];							\
		TB b = oneb ? b0 : pb[l];					\
		TC c = onec ? c0 : pc[l];					\
										\
		d[l] = (EXPR);							\
	}									\
	(void)M;								\
}
#define SAME3(TD, TA, TB, TC) (SAME2(TD, TA, TB) && sizeof(TD) == sizeof(TC))
#define OP3(NAME, TD, TA, TB, TC, EXPR)						\
OP3_EXPR(NAME, TD, TA, TB, TC, EXPR)						\
OP_PAIR(NAME, TD, SAME3(TD, TA, TB, TC),					\
	e_##NAME(dst, SRC(TA, a), SRC(TB, b), false, SRC(TC, c), false, ip->mod))
#define OP3_COLD(NAME, TD, TA, TB, TC, EXPR)					\
OP3_EXPR(NAME, TD, TA, TB, TC, EXPR)						\
OP_COLD(NAME, TD, e_##NAME(dst, AT(TA, a), AT(TB, b), false, AT(TC, c), false, ip->mod))
#define OP3_MOST(NAME, TD, TA, TB, TC, MOST, EXPR)				\
OP3_EXPR(NAME, TD, TA, TB, TC, EXPR)						\
OP_COLD(NAME, TD,								\
	if (ip->mod == (MOST))							\
		e_##NAME(dst, AT(TA, a), AT(TB, b), false, AT(TC, c), false, MOST); \
	else									\
		e_##NAME(dst, AT(TA, a), AT(TB, b), false, AT(TC, c), false, ip->mod))
/* besides, B or C can be a single value (EV(NAME, B) and EV(NAME, C)) */
#define OP3BC(NAME, TD, TA, TB, TC, EXPR)					\
OP3(NAME, TD, TA, TB, TC, EXPR)							\
OP_PAIR(NAME##_B, TD, SAME3(TD, TA, TB, TC),					\
	e_##NAME(dst, SRC(TA, a), AT_SEL(TB, b, ENG_SEL_B), true, SRC(TC, c), false, ip->mod)) \
OP_PAIR(NAME##_C, TD, SAME3(TD, TA, TB, TC),					\
	e_##NAME(dst, SRC(TA, a), SRC(TB, b), false, AT_SEL(TC, c, ENG_SEL_C), true, ip->mod))

/* A predicate D from @BITS, a u32 */
#define OP_PRED(NAME, BITS)							\
HANDLER(f_##NAME)								\
{										\
	*AT(u32, d) = (BITS);							\
	NEXT();									\
}										\
HANDLER(m_##NAME)								\
{										\
	u32 m = guarded(w, ip), *d = AT(u32, d);				\
										\
	*d = (*d & ~m) | ((BITS) & m);						\
	NEXT();									\
}

#endif /* VGPU_ENGINE_INTERP_H */
