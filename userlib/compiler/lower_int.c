// SPDX-License-Identifier: MIT
/* Selection of integer arithmetic. */
#include "lower.h"

enum {
	SCALAR_OK = 1, /* the scalar unit has it */
	NEEDS_EXT = 2, /* the upper half of a 16-bit source matters */
};

/* A PTX opcode and its vISA forms: 32 bit, 64 bit, scalar; unsigned, signed. */
struct int_form {
	u16 ptx;
	u8 mul; /* enum ir_mod_mul that it must carry, or 0 */
	u8 flags;
	u16 v[2], w[2], s[2];
};

#define F(ptx, mul, flags, vu, vs, wu, ws, su, ss)                                                    \
	{                                                                                             \
		OP_##ptx, mul, flags, { VGPU_OP_##vu, VGPU_OP_##vs }, { VGPU_OP_##wu, VGPU_OP_##ws }, \
		{                                                                                     \
			VGPU_OP_##su, VGPU_OP_##ss                                                    \
		}                                                                                     \
	}

static const struct int_form forms[] = {
	F(ADD, 0, SCALAR_OK, IADD, IADD, LADD, LADD, SADD, SADD),
	F(SUB, 0, SCALAR_OK, ISUB, ISUB, LSUB, LSUB, SSUB, SSUB),
	F(MUL, MUL_LO, SCALAR_OK, IMUL, IMUL, LMUL, LMUL, SMUL, SMUL),
	F(MUL, MUL_HI, SCALAR_OK | NEEDS_EXT, IMULHU, IMULHS, LMULHU, LMULHS, SMULHU, SMULHS),
	F(MAD, MUL_LO, SCALAR_OK, IMAD, IMAD, LMAD, LMAD, SMAD, SMAD),
	F(DIV, 0, SCALAR_OK | NEEDS_EXT, IDIVU, IDIVS, LDIVU, LDIVS, SDIVU, SDIVS),
	F(REM, 0, SCALAR_OK | NEEDS_EXT, IREMU, IREMS, LREMU, LREMS, SREMU, SREMS),
	F(MIN, 0, SCALAR_OK | NEEDS_EXT, IMINU, IMINS, LMINU, LMINS, SMINU, SMINS),
	F(MAX, 0, SCALAR_OK | NEEDS_EXT, IMAXU, IMAXS, LMAXU, LMAXS, SMAXU, SMAXS),
	F(ABS, 0, NEEDS_EXT, IABS, IABS, LABS, LABS, NOP, NOP),
	F(SAD, 0, NEEDS_EXT, ISADU, ISAD, NOP, NOP, NOP, NOP),
};

static const struct int_form *find(const struct ir_insn *i)
{
	u32 k;

	for (k = 0; k < sizeof(forms) / sizeof(forms[0]); k++)
		if (forms[k].ptx == i->op && forms[k].mul == i->m.mul)
			return &forms[k];
	return NULL;
}

static bool is_plain_int(const struct ir_insn *i)
{
	char c = i->ntypes ? ir_type_class(i->types[0]) : 0;

	return (c == 'U' || c == 'S' || c == 'B') && i->types[0] != T_U16X2 && i->types[0] != T_S16X2 &&
	       i->types[0] != T_U8X4 && i->types[0] != T_S8X4;
}

bool has_scalar_form(const struct ir_insn *i)
{
	const struct int_form *f;

	if (i->guard)
		return false;
	switch (i->op) {
	case OP_MOV:
		return i->types[0] != T_PRED && i->ops[0].kind == OPND_REG && i->ops[1].kind != OPND_VEC &&
		       ir_type_bits(i->types[0]) <= 64;
	case OP_CVTA:
		return true;
	case OP_AND:
	case OP_OR:
	case OP_XOR:
	case OP_NOT:
		return i->types[0] != T_PRED;
	case OP_SHL:
	case OP_SHR:
	case OP_POPC:
	case OP_CLZ:
		return true;
	case OP_NEG:
		return is_plain_int(i);
	case OP_SELP:
		return ir_type_bits(i->types[0]) <= 64;
	case OP_CVT:
		return is_plain_int(i) && i->ntypes == 2 && !i->m.sat &&
		       (ir_type_class(i->types[1]) == 'U' || ir_type_class(i->types[1]) == 'S');
	case OP_LD:
		return i->ops[0].kind == OPND_REG && ir_type_bits(i->types[0]) <= 64;
	case OP_MUL:
	case OP_MAD:
		if (i->m.mul == MUL_WIDE)
			return is_plain_int(i) && !i->m.cc && !i->m.sat;
		break;
	default:
		break;
	}
	f = find(i);
	return f && f->flags & SCALAR_OK && is_plain_int(i) && !i->m.cc && !i->m.sat && !i->m.relu;
}

static struct mopnd source(struct low *l, const struct ir_insn *i, u32 k, bool ext)
{
	return ext ? low_ext(l, &i->ops[k], i->types[0]) : low_src(l, &i->ops[k]);
}

static void lower_form(struct low *l, struct ir_insn *i, const struct int_form *f)
{
	unsigned int bits = ir_type_bits(i->types[0]);
	bool s = type_is_signed(i->types[0]), ext = bits == 16 && f->flags & NEEDS_EXT;
	/* the high half of a 16-bit product lies in the middle of the 32-bit one */
	bool middle = bits == 16 && i->m.mul == MUL_HI;
	struct mopnd d = low_dst(l, &i->ops[0]), src[3] = { NO, NO, NO };
	u32 k, op;

	for (k = 1; k < i->nops && k < 4; k++)
		if (i->ops[k].kind != OPND_NONE)
			src[k - 1] = source(l, i, k, ext);
	if (low_class(l, &d) == MC_S) {
		if (middle) {
			src[0] = low_s2(l, VGPU_OP_SMUL, true, src[0], src[1]);
			low_op2(l, s ? VGPU_OP_SSHRS : VGPU_OP_SSHRU, d, src[0], mo_imm(16))->mod = VGPU_S32;
			return;
		}
		for (k = 0; k < 3 && bits <= 32; k++)
			if (src[k].kind == MO_IMM)
				src[k].imm = (u64)(s64)(s32)src[k].imm;
		low_op3(l, f->s[s], d, src[0], src[1], src[2])->mod = bits <= 32 ? VGPU_S32 : 0;
		return;
	}
	op = bits == 64 ? f->w[s] : f->v[s];
	if (op == VGPU_OP_NOP)
		low_refuse(l, "%s.%s is not supported", ir_op_name(i->op), ir_type_name(i->types[0]));
	if (middle) {
		src[0] = low_t2(l, VGPU_OP_IMUL, MC_V, src[0], src[1]);
		low_final(l, low_op2(l, s ? VGPU_OP_SHRS : VGPU_OP_SHRU, d, src[0], mo_imm(16)));
		return;
	}
	/*
	 * blockIdx * blockDim + threadIdx, the first line of most kernels: a product that is the same in
	 * all lanes is the scalar unit's, often once a block, and leaves the lanes an addition.
	 */
	if (op == VGPU_OP_IMAD && low_is_scalar(l, &src[0]) && low_is_scalar(l, &src[1])) {
		struct mopnd product = low_s2(l, VGPU_OP_SMUL, true, src[0], src[1]);

		low_final(l, low_op2(l, VGPU_OP_IADD, d, src[2], product));
		return;
	}
	low_final(l, low_op3(l, op, d, src[0], src[1], src[2]));
}

/* ---- wide products ---- */

static void wide_scalar(struct low *l, struct ir_insn *i, struct mopnd d)
{
	unsigned int bits = ir_type_bits(i->types[0]);
	bool s = type_is_signed(i->types[0]);
	u8 ext = bits == 16 ? (s ? VGPU_EXT_S16 : VGPU_EXT_U16) : s ? VGPU_EXT_S32 : VGPU_EXT_U32;
	struct mopnd v[2];
	u32 k;

	for (k = 0; k < 2; k++) {
		v[k] = low_src(l, &i->ops[1 + k]);
		if (v[k].kind != MO_IMM)
			v[k] = low_sext(l, low_to_scalar(l, v[k]), ext);
		else if (bits == 16)
			v[k] = low_extend(l, v[k], i->types[0]);
		else
			v[k].imm = s ? (u64)(s64)(s32)v[k].imm : (u32)v[k].imm;
	}
	if (i->op == OP_MAD)
		low_op3(l, VGPU_OP_SMAD, d, v[0], v[1], low_src(l, &i->ops[3]));
	else
		low_op2(l, VGPU_OP_SMUL, d, v[0], v[1]);
}

static void lower_wide(struct low *l, struct ir_insn *i)
{
	bool s = type_is_signed(i->types[0]);
	struct mopnd d = low_dst(l, &i->ops[0]), a, b;

	if (low_class(l, &d) == MC_S) {
		wide_scalar(l, i, d);
		return;
	}
	a = low_ext(l, &i->ops[1], i->types[0]);
	b = low_ext(l, &i->ops[2], i->types[0]);
	if (ir_type_bits(i->types[0]) == 16) {
		if (i->op == OP_MAD)
			low_final(l, low_op3(l, VGPU_OP_IMAD, d, a, b, low_src(l, &i->ops[3])));
		else
			low_final(l, low_op2(l, VGPU_OP_IMUL, d, a, b));
	} else if (i->op == OP_MAD) {
		low_final(l, low_op3(l, s ? VGPU_OP_IMADWS : VGPU_OP_IMADWU, d, a, b, low_src(l, &i->ops[3])));
	} else {
		low_final(l, low_op2(l, s ? VGPU_OP_IMULWS : VGPU_OP_IMULWU, d, a, b));
	}
}

/* ---- carries ---- */

/*
 * CC.CF is one flag for both: a subtraction leaves it set where it did not borrow, and takes a clear one as a borrow (so
 * the processors have it, and nvcc's 128-bit division counts on it). The engine's subtractions have borrows. This makes the
 * flag the one or the other.
 */
static void flag_becomes(struct low *l, bool borrow)
{
	struct mopnd p = mo_reg(l->carry), d;

	if (l->carry == M_NOREG || l->borrow == borrow)
		return;
	d = low_temp(l, MC_P);
	low_op3(l, VGPU_OP_PLOP3, d, p, p, p)->mod = 0x0f;
	l->carry = d.reg;
	l->borrow = borrow;
}

/* add.cc, addc, mad.lo.cc, madc.hi …: the product first, then one addition. */
static void lower_carry(struct low *l, struct ir_insn *i)
{
	bool wide = ir_type_bits(i->types[0]) == 64, s = type_is_signed(i->types[0]);
	bool sub = i->op == OP_SUB || i->op == OP_SUBC;
	bool in = i->op == OP_ADDC || i->op == OP_SUBC || i->op == OP_MADC;
	struct mopnd d = low_dst(l, &i->ops[0]), a = low_src(l, &i->ops[1]);
	struct mopnd b = low_src(l, &i->ops[2]);
	u32 defs[M_MAX_DEFS];
	struct minsn *m;

	if (i->op == OP_MAD || i->op == OP_MADC) {
		u16 op = i->m.mul == MUL_HI ? (wide ? (s ? VGPU_OP_LMULHS : VGPU_OP_LMULHU) :
						      (s ? VGPU_OP_IMULHS : VGPU_OP_IMULHU)) :
					      (wide ? VGPU_OP_LMUL : VGPU_OP_IMUL);

		a = low_t2(l, op, wide ? MC_W : MC_V, a, b);
		b = low_src(l, &i->ops[3]);
	}
	flag_becomes(l, sub);
	m = low_op2(l, sub ? (wide ? VGPU_OP_LSUBC : VGPU_OP_ISUBC) : (wide ? VGPU_OP_LADDC : VGPU_OP_IADDC), d, a, b);
	if (in) {
		if (l->carry == M_NOREG)
			low_refuse(l, "%s without a carry set in the same block", ir_op_name(i->op));
		m->puse = l->carry;
	}
	if (!i->m.cc) {
		low_final(l, m);
		return;
	}
	m->pdef = low_temp(l, MC_P).reg;
	low_final(l, m);
	/* lanes without the guard keep the flag as it was */
	if (m->prior)
		m->prior[minsn_defs(m, defs) - 1] = l->carry;
	l->carry = m->pdef;
	l->borrow = sub;
}

/* ---- the rest ---- */

static void lower_neg(struct low *l, struct ir_insn *i)
{
	bool wide = ir_type_bits(i->types[0]) == 64;
	struct mopnd d = low_dst(l, &i->ops[0]), a = low_src(l, &i->ops[1]);

	if (low_class(l, &d) == MC_S)
		low_op2(l, VGPU_OP_SSUB, d, mo_imm(0), a)->mod = wide ? 0 : VGPU_S32;
	else
		low_final(l, low_op2(l, wide ? VGPU_OP_LSUB : VGPU_OP_ISUB, d, mo_imm(0), a));
}

static void lower_24(struct low *l, struct ir_insn *i)
{
	bool s = type_is_signed(i->types[0]);
	u16 ext = s ? VGPU_OP_BFES : VGPU_OP_BFEU;
	struct mopnd d = low_dst(l, &i->ops[0]), a, b;

	a = low_t3(l, ext, MC_V, low_src(l, &i->ops[1]), mo_imm(0), mo_imm(24));
	b = low_t3(l, ext, MC_V, low_src(l, &i->ops[2]), mo_imm(0), mo_imm(24));
	if (i->m.mul == MUL_HI) { /* bits 47:16 of the product */
		a = low_t2(l, s ? VGPU_OP_IMULWS : VGPU_OP_IMULWU, MC_W, a, b);
		a = low_t2(l, VGPU_OP_LSHRU, MC_W, a, mo_imm(16));
		a = low_t1(l, VGPU_OP_UNPKLO, MC_V, a);
	} else {
		a = low_t2(l, VGPU_OP_IMUL, MC_V, a, b);
	}
	if (i->op == OP_MAD24)
		low_final(l, low_op2(l, i->m.sat ? VGPU_OP_IADDSAT : VGPU_OP_IADD, d, a, low_src(l, &i->ops[3])));
	else
		low_copy(l, &i->ops[0], a);
}

static void lower_dp(struct low *l, struct ir_insn *i)
{
	struct mopnd d = low_dst(l, &i->ops[0]);
	struct minsn *m;

	m = low_op3(l, i->op == OP_DP4A ? VGPU_OP_DP4A : VGPU_OP_DP2A, d, low_src(l, &i->ops[1]),
		    low_src(l, &i->ops[2]), low_src(l, &i->ops[3]));
	m->mod = (type_is_signed(i->types[0]) ? VGPU_DP_A_SIGNED : 0) |
		 (type_is_signed(i->types[1]) ? VGPU_DP_B_SIGNED : 0) | (i->m.mul == MUL_HI ? VGPU_DP_HIGH : 0);
	low_final(l, m);
}

static void lower_add_sat(struct low *l, struct ir_insn *i)
{
	low_final(l, low_op2(l, i->op == OP_ADD ? VGPU_OP_IADDSAT : VGPU_OP_ISUBSAT, low_dst(l, &i->ops[0]),
			     low_src(l, &i->ops[1]), low_src(l, &i->ops[2])));
}

/* mad.hi, sad.64, min and max with relu, three-operand min and max. */
static bool lower_odd(struct low *l, struct ir_insn *i)
{
	bool wide = ir_type_bits(i->types[0]) == 64, s = type_is_signed(i->types[0]);
	enum mclass cls = wide ? MC_W : MC_V;
	struct mopnd d, a, b;
	u16 op;

	if (i->op == OP_MAD && i->m.mul == MUL_HI && i->m.sat && i->types[0] == T_S32) {
		a = low_t2(l, VGPU_OP_IMULHS, MC_V, low_src(l, &i->ops[1]), low_src(l, &i->ops[2]));
		low_final(l, low_op2(l, VGPU_OP_IADDSAT, low_dst(l, &i->ops[0]), a, low_src(l, &i->ops[3])));
		return true;
	}
	if (i->op == OP_MAD && i->m.mul == MUL_HI && !i->m.sat && ir_type_bits(i->types[0]) > 16) {
		d = low_dst(l, &i->ops[0]);
		op = wide ? (s ? VGPU_OP_LMULHS : VGPU_OP_LMULHU) : (s ? VGPU_OP_IMULHS : VGPU_OP_IMULHU);
		a = low_t2(l, op, cls, low_src(l, &i->ops[1]), low_src(l, &i->ops[2]));
		low_final(l, low_op2(l, wide ? VGPU_OP_LADD : VGPU_OP_IADD, d, a, low_src(l, &i->ops[3])));
		return true;
	}
	if (i->op == OP_MAD && i->m.mul == MUL_HI && !i->m.sat) { /* 16 bits */
		a = low_t2(l, VGPU_OP_IMUL, MC_V, low_ext(l, &i->ops[1], i->types[0]),
			   low_ext(l, &i->ops[2], i->types[0]));
		a = low_t2(l, s ? VGPU_OP_SHRS : VGPU_OP_SHRU, MC_V, a, mo_imm(16));
		low_final(l, low_op2(l, VGPU_OP_IADD, low_dst(l, &i->ops[0]), a, low_src(l, &i->ops[3])));
		return true;
	}
	if (i->op == OP_SAD && wide) {
		d = low_dst(l, &i->ops[0]);
		a = low_src(l, &i->ops[1]);
		b = low_src(l, &i->ops[2]);
		a = low_t2(l, VGPU_OP_LSUB, MC_W, low_t2(l, s ? VGPU_OP_LMAXS : VGPU_OP_LMAXU, MC_W, a, b),
			   low_t2(l, s ? VGPU_OP_LMINS : VGPU_OP_LMINU, MC_W, a, b));
		low_final(l, low_op2(l, VGPU_OP_LADD, d, a, low_src(l, &i->ops[3])));
		return true;
	}
	if ((i->op == OP_MIN || i->op == OP_MAX) && i->m.relu && !wide) {
		d = low_dst(l, &i->ops[0]);
		op = i->op == OP_MIN ? VGPU_OP_IMINS : VGPU_OP_IMAXS;
		a = low_t2(l, op, MC_V, low_ext(l, &i->ops[1], i->types[0]), low_ext(l, &i->ops[2], i->types[0]));
		low_final(l, low_op2(l, VGPU_OP_IMAXS, d, a, mo_imm(0)));
		return true;
	}
	return false;
}

bool lower_int(struct low *l, struct ir_insn *i)
{
	const struct int_form *f;

	if (i->op == OP_DP4A || i->op == OP_DP2A) {
		lower_dp(l, i);
		return true;
	}
	if (!is_plain_int(i))
		return false;
	switch (i->op) {
	case OP_MUL24:
	case OP_MAD24:
		lower_24(l, i);
		return true;
	case OP_NEG:
		lower_neg(l, i);
		return true;
	case OP_ADDC:
	case OP_SUBC:
	case OP_MADC:
		lower_carry(l, i);
		return true;
	case OP_ADD:
	case OP_SUB:
		if (i->m.sat) {
			lower_add_sat(l, i);
			return true;
		}
		/* fall through */
	case OP_MAD:
	case OP_MUL:
		if (i->m.cc) {
			lower_carry(l, i);
			return true;
		}
		if (i->m.mul == MUL_WIDE) {
			lower_wide(l, i);
			return true;
		}
		break;
	default:
		break;
	}
	if (lower_odd(l, i))
		return true;
	f = find(i);
	if (!f || i->m.relu || i->m.sat)
		return false;
	lower_form(l, i, f);
	return true;
}
