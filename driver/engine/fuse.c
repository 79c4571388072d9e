// SPDX-License-Identifier: GPL-2.0
/*
 * One handler for what often follows each other: it executes this instruction and the
 * next one or two, and goes on behind them.
 *
 * Those stay what they are: who jumps to one of them executes it from there on, a handler
 * that cannot do all at once does the first alone, and faults name the instruction that they
 * belong to.
 */
#include "exec.h"

static bool is(const struct eng_op *op, u32 uop)
{
	return op->h == 2 * uop;	/* without a guard */
}

/* The predicate that @op makes decides the branch @bra */
static bool decides(const struct eng_op *op, const struct eng_op *bra)
{
	return bra->h / 2 == VGPU_OP_BRA && ENG_WORD(p) + (bra->g & ENG_GUARD_SLOT) == op->d;
}

static u32 fuse_compare(const struct eng_op *op)
{
	static const u16 made[][2] = {
		{ EV_SETPI_EQ_B, EV_SETPI_EQ_IF }, { EV_SETPI_LTS_B, EV_SETPI_LTS_IF },
		{ EV_SETPI_GTS_B, EV_SETPI_GTS_IF }, { EV_SETPI_LTU_B, EV_SETPI_LTU_IF },
		{ EV_SETPI_GTU_B, EV_SETPI_GTU_IF },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(made); i++)
		if (is(op, made[i][0]))
			return made[i][1];
	return 0;
}

/* The handler for @op and what follows, or 0; at the end stands what is nobody's part */
static u32 fused(const struct eng_op *op)
{
	const struct eng_op *next = op + 1;

	if (is(op, VGPU_OP_SREGV) && op->imm == VGPU_SREG_TID_X && is(next, EV_IADD_B) &&
	    next->a == op->d)
		return EV_SREGV_IADD;
	if (is(op, VGPU_OP_BSSY) && next->h / 2 == VGPU_OP_BRA)
		return EV_BSSY_BRA;
	if (is(op, VGPU_OP_BSYNC) && is(next, VGPU_OP_EXIT))
		return EV_BSYNC_EXIT;
	if (is(op, EV_LDG_SV32) && is(next, EV_LDG_SV32) && next->b == op->b &&
	    op->d != op->b && !op->sel && !next->sel)
		return EV_LDG_SV32_TWO;
	if (is(next, VGPU_OP_BSSY) && decides(op, next + 1))
		return fuse_compare(op);
	return 0;
}

void eng_fuse(struct engine_prog *prog)
{
	u32 i, uop;

	for (i = 0; i < prog->count; i++) {
		uop = fused(&prog->ops[i]);
		if (uop)
			prog->ops[i].h = 2 * uop;
	}
}
