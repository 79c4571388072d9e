/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whom the lanes of a warp name at an instruction that waits for its members (PTX ISA, .sync instructions).
 */
#ifndef ENGINE_MEMBERS_H
#define ENGINE_MEMBERS_H

#include "warp.h"

/* eng_members - the members that each lane names at @ip, an instruction @op; NULL: those of a fragment all name the same */
static __always_inline const u32 *eng_members(const struct eng_warp *w, const struct eng_op *ip, u32 op)
{
	switch (op) {
	case VGPU_OP_BARWARP:
		return ip->md & ENG_ROW_A ? (const u32 *)w + ip->a : NULL;
	case VGPU_OP_SHFL:
		return ip->imm & VGPU_SHFL_FULL || ip->sel & ENG_SEL_C ? NULL : (const u32 *)w + ip->c;
	case VGPU_OP_VOTE:
	case VGPU_OP_BALLOT:
	case VGPU_OP_ELECT:
	case VGPU_OP_MATCHANY:
	case VGPU_OP_MATCHALL:
	case VGPU_OP_MATCHANYW:
	case VGPU_OP_MATCHALLW:
	case VGPU_OP_REDUX:
		return ip->sel & ENG_SEL_B ? NULL : (const u32 *)w + ip->b;
	default:
		return NULL;
	}
}

#endif
