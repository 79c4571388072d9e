// SPDX-License-Identifier: GPL-2.0
/*
 * The modifier byte: which bits and values each instruction admits.
 */
#include "verify.h"

/* Rounding modes of a conversion, as sets. */
#define ROUNDS_NONE	(1 << VGPU_RN)
#define ROUNDS_IEEE	(1 << VGPU_RN | 1 << VGPU_RZ | 1 << VGPU_RM | 1 << VGPU_RP)
#define ROUNDS_NZ	(1 << VGPU_RN | 1 << VGPU_RZ)
#define ROUNDS_TF32	(1 << VGPU_RN | 1 << VGPU_RZ | 1 << VGPU_RNA)

/**
 * struct cvt_rule - what a conversion admits
 * @op: enum vgpu_op
 * @flags: VGPU_CVT_* bits above the rounding
 * @rounds: roundings
 */
struct cvt_rule {
	u16 op;
	u8 flags;
	u8 rounds;
};

#define SAT	VGPU_CVT_SAT
#define FTZ	VGPU_CVT_FTZ
#define RELU	VGPU_CVT_RELU
#define INT	VGPU_CVT_INT
#define HIGH	VGPU_CVT_HIGH
#define UNSIGNED VGPU_CVT_HIGH

static const struct cvt_rule cvt_rules[] = {
	{ VGPU_OP_F2F,	SAT | FTZ | INT,	ROUNDS_IEEE },
	{ VGPU_OP_D2D,	SAT | INT,		ROUNDS_IEEE },
	{ VGPU_OP_H2H,	SAT | INT,		ROUNDS_IEEE },
	{ VGPU_OP_F2D,	SAT | FTZ,		ROUNDS_NONE },
	{ VGPU_OP_D2F,	SAT | FTZ,		ROUNDS_IEEE },
	{ VGPU_OP_F2I,	FTZ,			ROUNDS_IEEE },
	{ VGPU_OP_F2U,	FTZ,			ROUNDS_IEEE },
	{ VGPU_OP_F2L,	FTZ,			ROUNDS_IEEE },
	{ VGPU_OP_F2UL,	FTZ,			ROUNDS_IEEE },
	{ VGPU_OP_D2I,	0,			ROUNDS_IEEE },
	{ VGPU_OP_D2U,	0,			ROUNDS_IEEE },
	{ VGPU_OP_D2L,	0,			ROUNDS_IEEE },
	{ VGPU_OP_D2UL,	0,			ROUNDS_IEEE },
	{ VGPU_OP_I2F,	SAT,			ROUNDS_IEEE },
	{ VGPU_OP_U2F,	SAT,			ROUNDS_IEEE },
	{ VGPU_OP_L2F,	SAT,			ROUNDS_IEEE },
	{ VGPU_OP_UL2F,	SAT,			ROUNDS_IEEE },
	{ VGPU_OP_I2D,	SAT,			ROUNDS_NONE },
	{ VGPU_OP_U2D,	SAT,			ROUNDS_NONE },
	{ VGPU_OP_L2D,	SAT,			ROUNDS_IEEE },
	{ VGPU_OP_UL2D,	SAT,			ROUNDS_IEEE },
	{ VGPU_OP_H2F,	SAT | FTZ | HIGH,	ROUNDS_NONE },
	{ VGPU_OP_B2F,	SAT | FTZ | HIGH,	ROUNDS_NONE },
	{ VGPU_OP_F2H,	SAT | FTZ | RELU,	ROUNDS_IEEE },
	{ VGPU_OP_F2B,	SAT | FTZ | RELU,	ROUNDS_IEEE },
	{ VGPU_OP_F2H2,	SAT | FTZ | RELU,	ROUNDS_NZ },
	{ VGPU_OP_F2B2,	SAT | FTZ | RELU,	ROUNDS_NZ },
	{ VGPU_OP_D2H,	SAT,			ROUNDS_IEEE },
	{ VGPU_OP_H2D,	SAT,			ROUNDS_NONE },
	{ VGPU_OP_H2I,	0,			ROUNDS_IEEE },
	{ VGPU_OP_I2H,	SAT | UNSIGNED,		ROUNDS_IEEE },
	{ VGPU_OP_I2B,	SAT | UNSIGNED,		ROUNDS_IEEE },
	{ VGPU_OP_F2TF32, SAT | RELU,		ROUNDS_TF32 },
};

#undef SAT
#undef FTZ
#undef RELU
#undef INT
#undef HIGH
#undef UNSIGNED

static bool cvt_ok(u16 op, u8 mod)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cvt_rules); i++) {
		const struct cvt_rule *r = &cvt_rules[i];

		if (r->op != op)
			continue;
		if (mod & ~(r->flags | VGPU_CVT_ROUND))
			return false;
		if (!(r->rounds >> (mod & VGPU_CVT_ROUND) & 1))
			return false;
		/* a copy does not round */
		if ((r->flags & VGPU_CVT_INT) && !(mod & VGPU_CVT_INT))
			return (mod & VGPU_CVT_ROUND) == VGPU_RN;
		return true;
	}
	return false;
}

static bool q8_ok(u16 op, u8 mod)
{
	u8 type = mod & VGPU_Q8_TYPE;
	bool scale = type == VGPU_Q8_UE8M0;

	if (type >= VGPU_Q8_COUNT || mod & 0x80)
		return false;
	if (scale ? mod & VGPU_Q8_RELU : mod & VGPU_Q8_RP)
		return false;
	switch (op) {
	case VGPU_OP_F2Q8:
		return true;
	case VGPU_OP_H2Q8:
		return !scale;
	case VGPU_OP_Q82H:
		return !scale && !(mod & VGPU_Q8_SATFINITE);
	default:	/* Q82B: exact, so no flags */
		return mod == VGPU_Q8_UE8M0;
	}
}

static bool fcmp_ok(u16 op, u8 mod)
{
	u8 flags = 0;

	if (op == VGPU_OP_HSETP)
		flags = VGPU_FCMP_HIGH | VGPU_FCMP_FTZ;
	else if (op == VGPU_OP_BSETP)
		flags = VGPU_FCMP_HIGH;
	return (mod & ~flags) < VGPU_FCMP_COUNT;
}

/* Flags of the half instructions, by what each computes. */
static bool hmod_ok(u16 op, u8 mod)
{
	u8 flags;

	switch (op) {
	case VGPU_OP_HADD:
	case VGPU_OP_HSUB:
	case VGPU_OP_HMUL:
		flags = VGPU_H_FTZ | VGPU_H_SAT;
		break;
	case VGPU_OP_HFMA:
		flags = VGPU_H_FTZ | VGPU_H_SAT | VGPU_H_RELU;
		break;
	case VGPU_OP_HMIN:
	case VGPU_OP_HMAX:
		flags = VGPU_H_FTZ | VGPU_H_NAN | VGPU_H_XORSIGN;
		break;
	case VGPU_OP_HNEG:
	case VGPU_OP_HABS:
		flags = VGPU_H_FTZ;
		break;
	case VGPU_OP_BADD:
	case VGPU_OP_BSUB:
	case VGPU_OP_BMUL:
		flags = VGPU_H_SAT;
		break;
	case VGPU_OP_BFMA:
		flags = VGPU_H_SAT | VGPU_H_RELU;
		break;
	case VGPU_OP_BMIN:
	case VGPU_OP_BMAX:
		flags = VGPU_H_NAN | VGPU_H_XORSIGN;
		break;
	default:	/* bf16 keeps denormals; ex2 and tanh have no say */
		flags = 0;
		break;
	}
	return !(mod & ~flags);
}

static bool atom_ok(u16 insn, u8 mod)
{
	static const u16 ops[VGPU_AT_COUNT] = {
#define A(x) (1 << VGPU_ATOM_##x)
		[VGPU_AT_U32] = (1 << VGPU_ATOM_COUNT) - 1,
		[VGPU_AT_S32] = A(ADD) | A(MIN) | A(MAX),
		[VGPU_AT_U64] = ((1 << VGPU_ATOM_COUNT) - 1) & ~(A(INC) | A(DEC)),
		[VGPU_AT_S64] = A(ADD) | A(MIN) | A(MAX),
		[VGPU_AT_F32] = A(ADD) | A(EXCH) | A(CAS),
		[VGPU_AT_F64] = A(ADD) | A(EXCH) | A(CAS),
		[VGPU_AT_F16] = A(ADD) | A(MIN) | A(MAX),
		[VGPU_AT_F16X2] = A(ADD) | A(MIN) | A(MAX),
		[VGPU_AT_BF16] = A(ADD) | A(MIN) | A(MAX),
		[VGPU_AT_BF16X2] = A(ADD) | A(MIN) | A(MAX),
		[VGPU_AT_B16] = A(EXCH) | A(CAS),
		[VGPU_AT_B128] = A(EXCH) | A(CAS),
#undef A
	};
	u8 op = mod & 0x0f, type = mod >> 4;

	/* reductions in bulk combine */
	if ((insn == VGPU_OP_BULKRED || insn == VGPU_OP_TENSORRED) && (op == VGPU_ATOM_EXCH || op == VGPU_ATOM_CAS))
		return false;
	return type < VGPU_AT_COUNT && op < VGPU_ATOM_COUNT && ops[type] >> op & 1;
}

static bool shfl_ok(u8 mod)
{
	return !(mod & 0x08) && ((mod & VGPU_SHFL_PRED) || !(mod & 0xf0));
}

static bool redux_ok(u8 mod)
{
	u8 op = mod & ~VGPU_REDUX_NAN;

	if (op >= VGPU_REDUX_COUNT)
		return false;
	return !(mod & VGPU_REDUX_NAN) || op >= VGPU_REDUX_FMIN;
}

static bool space_ok(u16 op, u8 mod)
{
	if (mod >= VGPU_SPACE_COUNT)
		return false;
	/* a scalar has no lane whose local memory it could be */
	if (op == VGPU_OP_SLD)
		return mod != VGPU_SPACE_LOCAL;
	return mod != VGPU_SPACE_GENERIC;
}

static bool bar_ok(u8 mod)
{
	return mod <= VGPU_BAR_ARRIVE || mod == (VGPU_BAR_CLUSTER | VGPU_BAR_ARRIVE) ||
	       mod == (VGPU_BAR_CLUSTER | VGPU_BAR_WAIT);
}

static bool mbar_ok(u8 mod)
{
	u8 what = mod & VGPU_MBAR_OP;

	if (what >= VGPU_MBAR_COUNT || mod & ~(VGPU_MBAR_OP | VGPU_MBAR_TRY))
		return false;
	return !(mod & VGPU_MBAR_TRY) || what >= VGPU_MBAR_TEST;
}

/* Bytes are transposed by themselves; packed elements are loaded only. */
static bool ldsm_ok(u16 op, u8 mod)
{
	u8 packed = mod & (VGPU_LDSM_B6 | VGPU_LDSM_B4);

	if (mod & 0xc0 || (mod & VGPU_LDSM_NUM) > 2)
		return false;
	if (packed && (op == VGPU_OP_STMATRIX || packed == (VGPU_LDSM_B6 | VGPU_LDSM_B4)))
		return false;
	if (mod & VGPU_LDSM_TRANS)
		return !packed && !(mod & VGPU_LDSM_BYTES);
	return op == VGPU_OP_STMATRIX || !(mod & VGPU_LDSM_BYTES) || (mod & VGPU_LDSM_NUM) < 2;
}

/* Both scale vectors along k and byte selectors fill the byte up to bit 6. */
static bool mmasc_ok(u8 mod)
{
	return !(mod & 0x80) && (mod & 3) < 3;	/* see also verify_mma.c */
}

/* Modifiers that are one small number: how many values each has. */
static u32 mod_limit(u16 op, u8 kind)
{
	switch (kind) {
	case OPM_NONE:
	case OPM_BFI:
		return 1;
	case OPM_S32:
	case OPM_BMSK:
	case OPM_BFIND:
	case OPM_SAT:
	case OPM_CPASYNC:
		return 2;
	case OPM_BARRED:
		return VGPU_BARRED_COUNT;
	case OPM_FENCE:
		return VGPU_FENCE_COUNT;
	case OPM_EXT:
		return VGPU_EXT_COUNT;
	case OPM_PRMT:
		return VGPU_PRMT_COUNT;
	case OPM_SZEXT:
	case OPM_MINMAX:
		return 4;
	case OPM_DPSIGN:
		return op == VGPU_OP_DP2A ? 8 : 4;
	case OPM_CMP:
		return VGPU_CMP_COUNT;
	case OPM_TESTP:
		return VGPU_TESTP_COUNT;
	case OPM_VOTE:
		return VGPU_VOTE_COUNT;
	case OPM_ORDER:
		return VGPU_ORDER_COUNT;
	case OPM_BULK:
		return VGPU_BULK_COUNT;
	default:	/* LUT, CARRY: every value, their operands are checked */
		return 256;
	}
}

static bool mod_ok(const struct vgpu_insn *in, u8 kind)
{
	u8 mod = in->mod;

	switch (kind) {
	case OPM_SCMP:
		return (mod & ~VGPU_SCMP_32) < VGPU_CMP_COUNT;
	case OPM_FCMP:
		return fcmp_ok(in->op, mod);
	case OPM_HMOD:
		return hmod_ok(in->op, mod);
	case OPM_CVT:
	case OPM_CVTI:
		return cvt_ok(in->op, mod);
	case OPM_Q8:
		return q8_ok(in->op, mod);
	case OPM_SHFL:
		return shfl_ok(mod);
	case OPM_REDUX:
		return redux_ok(mod);
	case OPM_SPACE:
		return space_ok(in->op, mod);
	case OPM_ATOM:
		return atom_ok(in->op, mod);
	case OPM_LDSM:
		return ldsm_ok(in->op, mod);
	case OPM_MMASC:
		return mmasc_ok(mod) && (in->op == VGPU_OP_MMASC || !mod ||
					 in->imm & VGPU_MMA_SCALED);
	case OPM_BAR:
		return bar_ok(mod);
	case OPM_MBAR:
		return mbar_ok(mod);
	default:
		return mod < mod_limit(in->op, kind);
	}
}

enum engine_refusal verify_mod(const struct vgpu_insn *in, const struct op_info *op)
{
	if (mod_ok(in, op->mod))
		return REFUSE_NOTHING;
	switch (op->mod) {
	case OPM_ATOM:
		return REFUSE_ATOM_TYPE;
	case OPM_SPACE:
		return REFUSE_SPACE;
	default:
		return REFUSE_MOD;
	}
}
