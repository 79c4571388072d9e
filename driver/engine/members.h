/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whom the lanes of a warp name at an instruction that waits for its members (PTX ISA, .sync instructions).
 */
#ifndef ENGINE_MEMBERS_H
#define ENGINE_MEMBERS_H

#include "warp.h"

/* X(NAME, SELECTOR, FIELD): the operand that has the members where its selector does not say that all name IMM */
#define ENG_MEMBERS(X)		\
	X(VOTE, ENG_SEL_B, b)		\
	X(BALLOT, ENG_SEL_B, b)		\
	X(ELECT, ENG_SEL_B, b)		\
	X(MATCHANY, ENG_SEL_B, b)	\
	X(MATCHALL, ENG_SEL_B, b)	\
	X(MATCHANYW, ENG_SEL_B, b)	\
	X(MATCHALLW, ENG_SEL_B, b)	\
	X(REDUX, ENG_SEL_B, b)		\
	X(SHFL, ENG_SEL_C, c)

/* eng_members - the members that each lane names at @ip, an instruction @op; NULL: those of a fragment all name the same */
static __always_inline const u32 *eng_members(const struct eng_warp *w, const struct eng_op *ip, u32 op)
{
#define ROW_OF(name, selector, field)	\
	case VGPU_OP_##name: return ip->sel & (selector) ? NULL : (const u32 *)w + ip->field;

	if (op == VGPU_OP_SHFL && ip->imm & VGPU_SHFL_FULL)
		return NULL;
	switch (op) {
	case VGPU_OP_BARWARP:
		return ip->md & ENG_ROW_A ? (const u32 *)w + ip->a : NULL;
	ENG_MEMBERS(ROW_OF)
	default:
		return NULL;
	}
#undef ROW_OF
}

#endif
