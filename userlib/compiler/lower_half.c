// SPDX-License-Identifier: MIT
/* Selection of f16 and bf16 arithmetic, and of packed 16-bit integers. */
#include "lower.h"

static const struct half_form {
	u16 ptx, h, b;
} half_forms[] = {
	{ OP_ADD, VGPU_OP_HADD, VGPU_OP_BADD },   { OP_SUB, VGPU_OP_HSUB, VGPU_OP_BSUB },
	{ OP_MUL, VGPU_OP_HMUL, VGPU_OP_BMUL },   { OP_FMA, VGPU_OP_HFMA, VGPU_OP_BFMA },
	{ OP_MIN, VGPU_OP_HMIN, VGPU_OP_BMIN },   { OP_MAX, VGPU_OP_HMAX, VGPU_OP_BMAX },
	{ OP_NEG, VGPU_OP_HNEG, VGPU_OP_BNEG },   { OP_ABS, VGPU_OP_HABS, VGPU_OP_BABS },
	{ OP_EX2, VGPU_OP_HEX2A, VGPU_OP_BEX2A }, { OP_TANH, VGPU_OP_HTANHA, VGPU_OP_BTANHA },
};

static u8 half_mod(const struct ir_insn *i)
{
	bool bf = i->types[0] == T_BF16 || i->types[0] == T_BF16X2;
	/* bf16 never flushes; of ex2 PTX says that both give denormals */
	bool ftz = i->m.ftz && !bf && i->op != OP_EX2;

	return (ftz ? VGPU_H_FTZ : 0) | (i->m.sat == SAT ? VGPU_H_SAT : 0) | (i->m.relu ? VGPU_H_RELU : 0) |
	       (i->m.nan ? VGPU_H_NAN : 0) | (i->m.xorsign ? VGPU_H_XORSIGN : 0);
}

/* All ones where a half of @v is the NaN that stands for an element outside of a tensor */
static struct mopnd outside(struct low *l, struct mopnd v, u32 h)
{
	struct mopnd p = low_temp(l, MC_P);
	struct minsn *m;

	v = low_t2(l, VGPU_OP_AND, MC_V, low_t2(l, VGPU_OP_SHRU, MC_V, v, mo_imm(16 * h)), mo_imm(0xffff));
	m = low_op2(l, VGPU_OP_SETPI, p, v, mo_imm(0x7ff7));
	m->mod = VGPU_CMP_EQ;
	return low_t3(l, VGPU_OP_SEL, MC_V, low_vector(l, mo_imm(0xffffu << 16 * h), MC_V), mo_imm(0), p);
}

/* fma.oob: zero where a factor is an element outside of a tensor */
static void fma_outside(struct low *l, struct ir_insn *i, u16 op, struct mopnd *s)
{
	bool pair = i->types[0] == T_F16X2 || i->types[0] == T_BF16X2;
	struct mopnd v[2] = { low_vector(l, s[0], MC_V), low_vector(l, s[1], MC_V) };
	struct mopnd r = low_temp(l, MC_V), gone = mo_imm(0);
	u32 k, h;

	low_op3(l, op, r, v[0], v[1], s[2])->mod = VGPU_H_RELU * !!i->m.relu;
	for (h = 0; h < (pair ? 2u : 1u); h++)
		for (k = 0; k < 2; k++)
			gone = low_t2(l, VGPU_OP_OR, MC_V, outside(l, v[k], h), gone);
	gone = low_t1(l, VGPU_OP_NOT, MC_V, gone);
	low_final(l, low_op2(l, VGPU_OP_AND, low_dst(l, &i->ops[0]), r, gone));
}

static bool lower_halves(struct low *l, struct ir_insn *i)
{
	bool bf = i->types[0] == T_BF16 || i->types[0] == T_BF16X2;
	struct mopnd s[3] = { NO, NO, NO };
	struct minsn *m;
	u16 op;
	u32 k, n;

	for (k = 0; k < sizeof(half_forms) / sizeof(half_forms[0]); k++)
		if (half_forms[k].ptx == i->op)
			break;
	if (k == sizeof(half_forms) / sizeof(half_forms[0]))
		return false;
	if (i->m.rnd && i->m.rnd != RND_RN)
		low_refuse(l, "%s.%s.%s is not supported", ir_op_name(i->op), ir_mod_name(GRP_rnd, i->m.rnd),
			   ir_type_name(i->types[0]));
	op = bf ? half_forms[k].b : half_forms[k].h;
	for (n = 1; n < i->nops && n < 4; n++)
		if (i->ops[n].kind != OPND_NONE)
			s[n - 1] = low_src(l, &i->ops[n]);
	if ((i->op == OP_MIN || i->op == OP_MAX) && s[2].kind != MO_NONE) {
		struct mopnd t = low_temp(l, MC_V);

		low_op2(l, op, t, s[0], s[1])->mod = half_mod(i);
		s[0] = t;
		s[1] = s[2];
		s[2] = NO;
	}
	if (i->m.oob) {
		fma_outside(l, i, op, s);
		return true;
	}
	m = low_op3(l, op, low_dst(l, &i->ops[0]), s[0], s[1], s[2]);
	m->mod = half_mod(i);
	low_final(l, m);
	return true;
}

/* ---- u16x2, s16x2: each half by itself ---- */

static struct mopnd half_of(struct low *l, struct mopnd v, bool high, bool s)
{
	if (high)
		return low_t2(l, s ? VGPU_OP_SHRS : VGPU_OP_SHRU, MC_V, v, mo_imm(16));
	return low_t1(l, s ? VGPU_OP_EXT16S : VGPU_OP_EXT16U, MC_V, v);
}

static bool lower_int_pair(struct low *l, struct ir_insn *i)
{
	bool s = i->types[0] == T_S16X2;
	struct mopnd a, b, r[2];
	u16 op;
	u32 h;

	switch (i->op) {
	case OP_ADD:
		op = VGPU_OP_IADD;
		break;
	case OP_SUB:
		op = VGPU_OP_ISUB;
		break;
	case OP_MIN:
		op = s ? VGPU_OP_IMINS : VGPU_OP_IMINU;
		break;
	case OP_MAX:
		op = s ? VGPU_OP_IMAXS : VGPU_OP_IMAXU;
		break;
	default:
		return false;
	}
	if (i->m.sat)
		return false;
	a = low_src(l, &i->ops[1]);
	b = low_src(l, &i->ops[2]);
	for (h = 0; h < 2; h++) {
		r[h] = low_t2(l, op, MC_V, half_of(l, a, h, s), half_of(l, b, h, s));
		if (i->m.relu)
			r[h] = low_t2(l, VGPU_OP_IMAXS, MC_V, r[h], mo_imm(0));
	}
	low_final(l, low_op3(l, VGPU_OP_PRMT, low_dst(l, &i->ops[0]), r[0], r[1], mo_imm(0x5410)));
	return true;
}

bool lower_half(struct low *l, struct ir_insn *i)
{
	if (!i->ntypes)
		return false;
	switch (i->types[0]) {
	case T_F16:
	case T_F16X2:
	case T_BF16:
	case T_BF16X2:
		return lower_halves(l, i);
	case T_U16X2:
	case T_S16X2:
		return lower_int_pair(l, i);
	default:
		return false;
	}
}
