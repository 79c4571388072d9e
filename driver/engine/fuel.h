/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What instructions cost beyond the 1 that each takes: budgets are to mean time. Only
 * those that are listed stop to be counted; the rest takes at most about 150 ns, with
 * denormals, and most of it 2.
 *
 * About 10 ns each, the worst of all sets but the portable one, where a quarter of it is right;
 * measured with the worst of many random operands (Documentation/driver.rst says
 * what FPU sections come to with them).
 */
#ifndef VGPU_ENGINE_FUEL_H
#define VGPU_ENGINE_FUEL_H

#include "optable.h"

static const u16 dear_insns[VGPU_OP_COUNT] = {
	[VGPU_OP_FSQRT] = 400, [VGPU_OP_FSQRTA] = 400, [VGPU_OP_FRSQA] = 400,
	[VGPU_OP_DSQRT] = 400, [VGPU_OP_DRSQA] = 400, [VGPU_OP_FNS] = 400,
	[VGPU_OP_MATCHANY] = 20, [VGPU_OP_MATCHALL] = 20,
	[VGPU_OP_MATCHANYW] = 100, [VGPU_OP_MATCHALLW] = 100,
	[VGPU_OP_DRCP] = 50, [VGPU_OP_DDIV] = 30, [VGPU_OP_REDUX] = 60,
};

/* Where the modifier asks for more than the processor does itself: saturation, relu, a mode. */
static const u16 dear_modified[VGPU_OP_COUNT] = {
	[VGPU_OP_HFMA] = 40, [VGPU_OP_HADD] = 25, [VGPU_OP_HSUB] = 25, [VGPU_OP_HMUL] = 25,
	[VGPU_OP_BFMA] = 30, [VGPU_OP_PRMT] = 20, [VGPU_OP_F2H2] = 20, [VGPU_OP_F2B2] = 20,
};

/* Matrices, beyond what their handlers take (ops_mma.h) */
static const u16 dear_matrices[VGPU_MMA_COUNT] = {
	[VGPU_MMA_M16N8K16_F64] = 400,
	[VGPU_MMA_M16N8K32_F8_F16] = 250, [VGPU_MMA_M16N8K32_F8_F32] = 250,
	[VGPU_MMA_M16N8K64_F4_F32] = 650, [VGPU_MMA_M8N8K4_F16_F16] = 250,
	[VGPU_MMA_M8N8K4_F16_F32] = 250,
	[VGPU_MMA_SP_M16N8K128_I4] = 280, [VGPU_MMA_SP_M16N8K64_F8_F16] = 650,
	[VGPU_MMA_SP_M16N8K64_F8_F32] = 650, [VGPU_MMA_SP_M16N8K128_F4_F32] = 1000,
};

#define DEAR_SCALED	4096	/* a scaled product takes up to 180 us: the clock after each */

static u32 dear(const struct vgpu_insn *in)
{
	if (in->op == VGPU_OP_MMASC)
		return DEAR_SCALED;
	if (op_table[in->op].imm == OPI_MMA)
		return dear_matrices[in->imm & VGPU_MMA_KIND];
	return dear_insns[in->op] + (in->mod ? dear_modified[in->op] : 0);
}

#endif /* VGPU_ENGINE_FUEL_H */
