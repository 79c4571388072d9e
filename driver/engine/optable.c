// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The instruction, matrix and special-register tables.
 */
#include "optable.h"

const struct op_info op_table[VGPU_OP_COUNT] = {
#define VGPU_OP(NAME, TEXT, D, A, B, C, MOD, IMM, CLASS, MEANING)		\
	[VGPU_OP_##NAME] = {							\
		.name = TEXT,							\
		.kind = { OPK_##D, OPK_##A, OPK_##B, OPK_##C },			\
		.mod = OPM_##MOD, .imm = OPI_##IMM, .class = OPC_##CLASS,	\
	},
#include "../../uapi/vgpu_isa_ops.h"
#undef VGPU_OP
};

const struct mma_info mma_table[VGPU_MMA_COUNT] = {
#define _(NAME, M, N, K, AB, CD, RA, RB, RC)					\
	[VGPU_MMA_##NAME] = {							\
		.name = #NAME, .m = M, .n = N, .k = K,				\
		.ab = MMAT_##AB, .cd = MMAT_##CD,				\
		.regs_a = RA, .regs_b = RB, .regs_c = RC,			\
	},
	VGPU_MMA_KINDS(_)
#undef _
};

const struct sreg_info sreg_table[VGPU_SREG_COUNT] = {
#define _(NAME, TEXT, UNIFORM, WIDE)						\
	[VGPU_SREG_##NAME] = { .name = TEXT, .uniform = UNIFORM, .wide = WIDE },
	VGPU_SREGS(_)
#undef _
};
