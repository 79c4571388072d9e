/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The instruction table as data: one row an opcode, from uapi/vgpu_isa_ops.h.
 */
#ifndef VGPU_ENGINE_OPTABLE_H
#define VGPU_ENGINE_OPTABLE_H

#include "engine_os.h"
#include "../../uapi/vgpu_isa.h"

/* What the letters of the columns D, A, B and C stand for. */
enum op_kind {
	OPK__,		/* unused: the field is zero */
	OPK_V,		/* 32-bit vector register */
	OPK_W,		/* 64-bit vector register */
	OPK_X,		/* 32-bit source: V, scalar or immediate */
	OPK_Y,		/* 64-bit source: W, scalar or immediate */
	OPK_S,		/* scalar register */
	OPK_T,		/* scalar source: S or immediate */
	OPK_P,		/* predicate register */
	OPK_R,		/* depends on the modifier or the descriptor */
	OPK_G,		/* register group */
	OPK_M,		/* memory descriptor */
	OPK_N,		/* number */
};

enum op_mod {
	OPM_NONE, OPM_SCMP, OPM_BAR, OPM_BARRED, OPM_FENCE, OPM_S32, OPM_EXT,
	OPM_SPACE, OPM_CARRY, OPM_LUT, OPM_PRMT, OPM_BFI, OPM_BMSK, OPM_SZEXT,
	OPM_BFIND, OPM_DPSIGN, OPM_CMP, OPM_SAT, OPM_MINMAX, OPM_FCMP, OPM_TESTP,
	OPM_HMOD, OPM_CVT, OPM_CVTI, OPM_Q8, OPM_SHFL, OPM_VOTE, OPM_REDUX,
	OPM_ORDER, OPM_ATOM, OPM_CPASYNC, OPM_LDSM, OPM_MMASC, OPM_MBAR, OPM_BULK,
	OPM_COUNT
};

enum op_imm {
	OPI_ZERO, OPI_NUM, OPI_TARGET, OPI_FUNC, OPI_SRC, OPI_FMODE, OPI_SREG,
	OPI_OFFSET, OPI_SHFL, OPI_ATOMIC, OPI_CPOFF, OPI_MMA,
};

enum op_class {
	OPC_CTRL, OPC_SCALAR, OPC_SMEM, OPC_SVEC, OPC_ALU, OPC_LANE, OPC_MEM,
	OPC_MAT,
};

enum op_field { OPF_D, OPF_A, OPF_B, OPF_C, OPF_COUNT };

/**
 * struct op_info - one row of the instruction table
 * @name: mnemonic
 * @kind: enum op_kind of D, A, B and C
 * @mod: enum op_mod
 * @imm: enum op_imm
 * @class: enum op_class
 */
struct op_info {
	const char *name;
	u8 kind[OPF_COUNT];
	u8 mod;
	u8 imm;
	u8 class;
};

extern const struct op_info op_table[VGPU_OP_COUNT];

/**
 * struct mma_info - one row of VGPU_MMA_KINDS
 * @name: the kind's name
 * @m: rows of A, C and D
 * @n: columns of B, C and D
 * @k: columns of A, rows of B
 * @ab: enum mma_type of A and B
 * @cd: enum mma_type of C and D
 * @regs_a: V registers of one A fragment
 * @regs_b: of one B fragment
 * @regs_c: of one C or D fragment
 */
struct mma_info {
	const char *name;
	u8 m, n;
	u16 k;
	u8 ab, cd;
	u8 regs_a, regs_b, regs_c;
};

enum mma_type {
	MMAT_F64, MMAT_F32, MMAT_F16, MMAT_BF16, MMAT_TF32, MMAT_I8, MMAT_I4,
	MMAT_B1, MMAT_F8, MMAT_F4, MMAT_S32,
};

extern const struct mma_info mma_table[VGPU_MMA_COUNT];

/**
 * struct sreg_info - one row of VGPU_SREGS
 * @name: PTX name
 * @uniform: the same for all lanes of a warp
 * @wide: 64 bit
 */
struct sreg_info {
	const char *name;
	u8 uniform;
	u8 wide;
};

extern const struct sreg_info sreg_table[VGPU_SREG_COUNT];

static inline u16 op_operand(const struct vgpu_insn *in, enum op_field f)
{
	switch (f) {
	case OPF_D:
		return in->d;
	case OPF_A:
		return in->a;
	case OPF_B:
		return in->b;
	default:
		return in->c;
	}
}

/** op_has_form() - a load, a store or cp.async: its C is a memory descriptor with a form */
static inline bool op_has_form(const struct op_info *op)
{
	return op->kind[OPF_C] == OPK_M && op->class == OPC_MEM;
}

#endif /* VGPU_ENGINE_OPTABLE_H */
