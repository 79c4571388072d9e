/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handlers of pairs, made from what the others are made from (q_NAME, o_NAME: interp.h).
 *
 * The second element of the program stays what it was: who jumps there, or is stopped
 * there, executes it alone.  What cannot be done at once goes on in the handler of the
 * instruction that it is, so that faults and missing pages are found where they belong.
 */

#define PAIR_ROWS(FIRST, SECOND)						\
HANDLER(f_ROWS_##FIRST##_##SECOND)						\
{										\
	if (unlikely(!q_##FIRST(w, ip)))					\
		return f_##FIRST(ip, w, table);					\
	if (unlikely(!q_##SECOND(w, ip + 1)))					\
		return f_##SECOND(ip + 1, w, table);				\
	NEXT_BEHIND(2);							\
}

#define PAIR_LOAD(FIRST, SECOND)						\
HANDLER(f_LOAD_##FIRST##_##SECOND)						\
{										\
	q_##FIRST(w, ip);							\
	return f_##SECOND(ip + 1, w, table);					\
}

#define PAIR_UNIT(FIRST, SECOND)						\
HANDLER(f_UNIT_##FIRST##_##SECOND)						\
{										\
	if (unlikely(!q_##FIRST(w, ip)))					\
		return f_##FIRST(ip, w, table);					\
	return f_##SECOND(ip + 1, w, table);					\
}

/* The result goes to memory, too: somebody else may want it. */
#if ENG_HAVE_CHAINS
#define PAIR_CHAIN(KIND, FIRST, SECOND, A, B, C)				\
static __always_inline void second_##KIND##_##FIRST##_##SECOND(			\
	struct eng_warp *w, const struct eng_op *ip, const u32 *r)		\
{										\
	o_##SECOND(w, ip, AT(u32, d), A, B, C);					\
}										\
HANDLER(f_##KIND##_##FIRST##_##SECOND)						\
{										\
	ROW(u32, r);								\
										\
	o_##FIRST(w, ip, r, AT(u32, a), AT(u32, b), AT(u32, c));		\
	row_copy32(AT(u32, d), r);						\
	second_##KIND##_##FIRST##_##SECOND(w, ip + 1, r);			\
	NEXT_BEHIND(2);								\
}
#define PAIR_A(F, S)	PAIR_CHAIN(A, F, S, r, AT(u32, b), AT(u32, c))
#define PAIR_B(F, S)	PAIR_CHAIN(B, F, S, AT(u32, a), r, AT(u32, c))
#define PAIR_C(F, S)	PAIR_CHAIN(C, F, S, AT(u32, a), AT(u32, b), r)
#else
#define PAIR_CHAIN(KIND, FIRST, SECOND)					\
HANDLER(f_##KIND##_##FIRST##_##SECOND)						\
{										\
	q_##FIRST(w, ip);							\
	q_##SECOND(w, ip + 1);							\
	NEXT_BEHIND(2);							\
}
#define PAIR_A(F, S)	PAIR_CHAIN(A, F, S)
#define PAIR_B(F, S)	PAIR_CHAIN(B, F, S)
#define PAIR_C(F, S)	PAIR_CHAIN(C, F, S)
#endif

/*
 * Four-bit numbers times bytes, as matrix products of packed weights have it: both nibbles of each byte by AND,
 * shift and AND, and a product of each with a row of its own (fuse.c). What is not there any more behind the last
 * is never written. Signed bytes of which a mask leaves no sign are as good as unsigned ones, which VNNI takes as they are.
 */
#if ENG_HAVE_CHAINS
#define NIBBLES(NAME, C, ONE)							\
HANDLER(f_AND_##NAME)								\
{										\
	u32 dots = ip[3].d, end = ip[4].d;					\
	ROW(u32, low);								\
	ROW(u32, high);								\
	ROW(u32, dot);								\
										\
	o_AND_I(w, ip, low, AT(u32, a), NULL, NULL);				\
	if (ip->d != dots && ip->d != end)					\
		row_copy32(AT(u32, d), low);					\
	ip++;									\
	o_SHRU_I(w, ip, high, AT(u32, a), NULL, NULL);				\
	ip++;									\
	o_AND_I(w, ip, high, high, NULL, NULL);					\
	if (ip->d != end)							\
		row_copy32(AT(u32, d), high);					\
	ip++;									\
	row_dp4a(dot, low, AT(u32, b), C, ONE, false, true);			\
	if (dots != end)							\
		row_copy32(AT(u32, d), dot);					\
	ip++;									\
	row_dp4a(AT(u32, d), high, AT(u32, b), dot, false, false, true);	\
	NEXT();									\
}										\
SAME_AS(m_AND_##NAME, m_AND_I)

/* The product of two halves: the scales of what was multiplied */
HANDLER(f_H2F_PRODUCT)
{
	u32 end = ip[2].d;
	ROW(u32, x);
	ROW(u32, y);

	o_H2F_RN(w, ip, x, AT(u32, a), NULL, NULL);
	if (ip->d != end)
		row_copy32(AT(u32, d), x);
	ip++;
	o_H2F_RN(w, ip, y, AT(u32, a), NULL, NULL);
	if (ip->d != end)
		row_copy32(AT(u32, d), y);
	ip++;
	o_FMUL(w, ip, AT(u32, d), x, y, NULL);
	NEXT();
}
#else
SAME_AS(f_H2F_PRODUCT, f_H2F_RN)
#define NIBBLES(NAME, C, ONE)							\
SAME_AS(f_AND_##NAME, f_AND_I)						\
SAME_AS(m_AND_##NAME, m_AND_I)
#endif
SAME_AS(m_H2F_PRODUCT, m_H2F_RN)
NIBBLES(NIBBLES, AT_IMM(u32), true)
NIBBLES(NIBBLES_C, AT(u32, c), false)

#if ENG_HAVE_PAIRS
#define EF(KIND, FIRST, SECOND) PAIR_##KIND(FIRST, SECOND)
#include "pairs.h"
#undef EF
#define PAIR_HANDLER(KIND, FIRST, SECOND) f_##KIND##_##FIRST##_##SECOND
#else
/* the first one alone: the second one follows */
#define PAIR_HANDLER(KIND, FIRST, SECOND) f_##FIRST
#endif
