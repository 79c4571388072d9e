// SPDX-License-Identifier: MIT
/* Selection of logic, shifts, bit fields and permutations. */
#include "lower.h"

/* ---- logic ---- */

static const struct logic {
	u16 ptx, v, w, s;
	u8 lut;
} logics[] = {
	{ OP_AND, VGPU_OP_AND, VGPU_OP_LAND, VGPU_OP_SAND, 0xc0 },
	{ OP_OR, VGPU_OP_OR, VGPU_OP_LOR, VGPU_OP_SOR, 0xfc },
	{ OP_XOR, VGPU_OP_XOR, VGPU_OP_LXOR, VGPU_OP_SXOR, 0x3c },
};

static void logic_pred(struct low *l, struct ir_insn *i, u8 lut)
{
	struct mopnd a = low_pred(l, &i->ops[1], false), b = low_pred(l, &i->ops[2], false);
	struct minsn *m = low_op3(l, VGPU_OP_PLOP3, low_dst(l, &i->ops[0]), a, b, b);

	m->mod = lut;
	low_final(l, m);
}

static bool lower_logic(struct low *l, struct ir_insn *i)
{
	const struct logic *g = NULL;
	struct mopnd d, a, b;
	bool wide;
	u32 k;

	for (k = 0; k < 3; k++)
		if (logics[k].ptx == i->op)
			g = &logics[k];
	if (!g)
		return false;
	if (i->types[0] == T_PRED) {
		logic_pred(l, i, g->lut);
		return true;
	}
	wide = ir_type_bits(i->types[0]) == 64;
	d = low_dst(l, &i->ops[0]);
	a = low_src(l, &i->ops[1]);
	b = low_src(l, &i->ops[2]);
	if (low_class(l, &d) == MC_S) {
		if (!wide && a.kind == MO_IMM)
			a.imm = (u64)(s64)(s32)a.imm;
		if (!wide && b.kind == MO_IMM)
			b.imm = (u64)(s64)(s32)b.imm;
		low_op2(l, g->s, d, a, b)->mod = wide ? 0 : VGPU_S32;
	} else {
		low_final(l, low_op2(l, wide ? g->w : g->v, d, a, b));
	}
	return true;
}

static void lower_not(struct low *l, struct ir_insn *i)
{
	bool wide = ir_type_bits(i->types[0]) == 64;
	struct mopnd d, a;
	struct minsn *m;

	if (i->types[0] == T_PRED) {
		a = low_pred(l, &i->ops[1], false);
		m = low_op3(l, VGPU_OP_PLOP3, low_dst(l, &i->ops[0]), a, a, a);
		m->mod = 0x0f;
		low_final(l, m);
		return;
	}
	d = low_dst(l, &i->ops[0]);
	a = low_src(l, &i->ops[1]);
	if (low_class(l, &d) == MC_S)
		low_op2(l, VGPU_OP_SXOR, d, a, mo_imm(~0ull))->mod = wide ? 0 : VGPU_S32;
	else
		low_final(l, low_op1(l, wide ? VGPU_OP_LNOT : VGPU_OP_NOT, d, a));
}

static void lower_cnot(struct low *l, struct ir_insn *i)
{
	bool wide = ir_type_bits(i->types[0]) == 64;
	struct mopnd p = low_temp(l, MC_P), d = low_dst(l, &i->ops[0]);
	struct mopnd a = low_extend(l, low_src(l, &i->ops[1]), i->types[0] == T_B16 ? T_U16 : i->types[0]);

	low_op2(l, wide ? VGPU_OP_SETPL : VGPU_OP_SETPI, p, a, mo_imm(0))->mod = VGPU_CMP_EQ;
	low_final(l, low_op3(l, wide ? VGPU_OP_SELW : VGPU_OP_SEL, d, mo_imm(1), mo_imm(0), p));
}

/* LOP3's result, and with a boolean operator also a predicate: result != 0 op c. */
static void lower_lop3(struct low *l, struct ir_insn *i)
{
	struct mopnd d = low_dst(l, &i->ops[0]);
	struct minsn *m;

	m = low_op3(l, VGPU_OP_LOP3, d, low_src(l, &i->ops[2]), low_src(l, &i->ops[3]), low_src(l, &i->ops[4]));
	m->mod = (u8)i->ops[5].imm;
	low_final(l, m);
	if (i->ops[1].kind == OPND_REG) {
		struct mopnd p = low_temp(l, MC_P);
		struct mopnd c = low_pred(l, &i->ops[6], false);

		low_op2(l, VGPU_OP_SETPI, p, d, mo_imm(0))->mod = VGPU_CMP_NE;
		m = low_op3(l, VGPU_OP_PLOP3, low_dst(l, &i->ops[1]), p, c, c);
		m->mod = i->m.boolop == BOOL_AND ? 0xc0 : i->m.boolop == BOOL_OR ? 0xfc : 0x3c;
		low_final(l, m);
	}
}

/* ---- shifts ---- */

static void lower_shift(struct low *l, struct ir_insn *i)
{
	unsigned int bits = ir_type_bits(i->types[0]);
	bool left = i->op == OP_SHL, s = !left && type_is_signed(i->types[0]);
	struct mopnd d = low_dst(l, &i->ops[0]), a = low_src(l, &i->ops[1]);
	struct mopnd n = low_src(l, &i->ops[2]);
	u16 op;

	if (bits == 16 && !left)
		a = low_extend(l, a, s ? T_S16 : T_U16);
	if (n.kind == MO_IMM) {
		n.imm = (u32)n.imm;
		if (n.imm > bits)
			n.imm = bits;
	}
	if (low_class(l, &d) == MC_S) {
		/* the amount is unsigned 32 bit: clean its upper half for 64-bit shifts */
		if (n.kind != MO_IMM && bits == 64)
			n = low_sext(l, low_to_scalar(l, n), VGPU_EXT_U32);
		op = left ? VGPU_OP_SSHL : s ? VGPU_OP_SSHRS : VGPU_OP_SSHRU;
		low_op2(l, op, d, a, n)->mod = bits == 64 ? 0 : VGPU_S32;
		return;
	}
	if (bits == 64)
		op = left ? VGPU_OP_LSHL : s ? VGPU_OP_LSHRS : VGPU_OP_LSHRU;
	else
		op = left ? VGPU_OP_SHL : s ? VGPU_OP_SHRS : VGPU_OP_SHRU;
	low_final(l, low_op2(l, op, d, a, n));
}

static void lower_shf(struct low *l, struct ir_insn *i)
{
	bool left = i->m.dir == DIR_L, clamp = i->m.wrap == WRAP_CLAMP;
	u16 op = left ? (clamp ? VGPU_OP_SHFLC : VGPU_OP_SHFLW) : (clamp ? VGPU_OP_SHFRC : VGPU_OP_SHFRW);

	low_final(l, low_op3(l, op, low_dst(l, &i->ops[0]), low_src(l, &i->ops[1]), low_src(l, &i->ops[2]),
			     low_src(l, &i->ops[3])));
}

/* ---- counting ---- */

static void lower_count(struct low *l, struct ir_insn *i)
{
	bool wide = ir_type_bits(i->types[0]) == 64, pop = i->op == OP_POPC;
	struct mopnd d = low_dst(l, &i->ops[0]), a = low_src(l, &i->ops[1]);

	if (low_class(l, &d) == MC_S) {
		low_op1(l, pop ? VGPU_OP_SPOPC : VGPU_OP_SCLZ, d, a)->mod = wide ? 0 : VGPU_S32;
		return;
	}
	low_final(l,
		  low_op1(l, pop ? (wide ? VGPU_OP_LPOPC : VGPU_OP_POPC) : (wide ? VGPU_OP_LCLZ : VGPU_OP_CLZ), d, a));
}

static void lower_bfind(struct low *l, struct ir_insn *i)
{
	bool wide = ir_type_bits(i->types[0]) == 64, s = type_is_signed(i->types[0]);
	struct minsn *m =
		low_op1(l, wide ? (s ? VGPU_OP_LBFINDS : VGPU_OP_LBFINDU) : (s ? VGPU_OP_BFINDS : VGPU_OP_BFINDU),
			low_dst(l, &i->ops[0]), low_src(l, &i->ops[1]));

	m->mod = i->m.shiftamt ? VGPU_BFIND_SHIFTAMT : 0;
	low_final(l, m);
}

/* ---- fields ---- */

/*
 * PTX leaves positions and lengths beyond 255 open; hardware takes the low
 * byte for 32-bit fields, and all bits for 64-bit ones.
 */
static struct mopnd field_source(struct low *l, const struct ir_operand *o, bool wide)
{
	struct mopnd v = low_src(l, o);

	if (!wide)
		return v;
	if (v.kind == MO_IMM)
		return mo_imm((u32)v.imm > 255 ? 255 : (u32)v.imm);
	return low_t2(l, VGPU_OP_IMINU, MC_V, v, mo_imm(255));
}

static void lower_bfe(struct low *l, struct ir_insn *i)
{
	bool wide = ir_type_bits(i->types[0]) == 64, s = type_is_signed(i->types[0]);

	low_final(l, low_op3(l, wide ? (s ? VGPU_OP_LBFES : VGPU_OP_LBFEU) : (s ? VGPU_OP_BFES : VGPU_OP_BFEU),
			     low_dst(l, &i->ops[0]), low_src(l, &i->ops[1]), field_source(l, &i->ops[2], wide),
			     field_source(l, &i->ops[3], wide)));
}

/* Position in the low byte, length in the second byte of one operand. */
static struct mopnd field_of(struct low *l, struct mopnd pos, struct mopnd len)
{
	if (pos.kind == MO_IMM && len.kind == MO_IMM)
		return mo_imm((pos.imm & 0xff) | (len.imm & 0xff) << 8);
	return low_t3(l, VGPU_OP_BFI, MC_V, len, pos, mo_imm(8 | 8 << 8));
}

static void lower_bfi(struct low *l, struct ir_insn *i)
{
	bool wide = ir_type_bits(i->types[0]) == 64;
	struct mopnd at = field_of(l, field_source(l, &i->ops[3], wide), field_source(l, &i->ops[4], wide));

	low_final(l, low_op3(l, wide ? VGPU_OP_LBFI : VGPU_OP_BFI, low_dst(l, &i->ops[0]), low_src(l, &i->ops[1]),
			     low_src(l, &i->ops[2]), at));
}

static void lower_two(struct low *l, struct ir_insn *i, u16 op, u8 mod)
{
	struct minsn *m = low_op2(l, op, low_dst(l, &i->ops[0]), low_src(l, &i->ops[1]), low_src(l, &i->ops[2]));

	m->mod = mod;
	low_final(l, m);
}

static void lower_three(struct low *l, struct ir_insn *i, u16 op, u8 mod)
{
	struct minsn *m = low_op3(l, op, low_dst(l, &i->ops[0]), low_src(l, &i->ops[1]), low_src(l, &i->ops[2]),
				  low_src(l, &i->ops[3]));

	m->mod = mod;
	low_final(l, m);
}

static u8 prmt_mode(const struct ir_insn *i)
{
	switch (i->m.prmt) {
	case PRMT_F4E:
		return VGPU_PRMT_F4E;
	case PRMT_B4E:
		return VGPU_PRMT_B4E;
	case PRMT_RC8:
		return VGPU_PRMT_RC8;
	case PRMT_ECL:
		return VGPU_PRMT_ECL;
	case PRMT_ECR:
		return VGPU_PRMT_ECR;
	case PRMT_RC16:
		return VGPU_PRMT_RC16;
	default:
		return VGPU_PRMT_IDX;
	}
}

static void lower_prmt(struct low *l, struct ir_insn *i)
{
	lower_three(l, i, VGPU_OP_PRMT, prmt_mode(i));
}

static void lower_fns(struct low *l, struct ir_insn *i)
{
	lower_three(l, i, VGPU_OP_FNS, 0);
}

static void lower_brev(struct low *l, struct ir_insn *i)
{
	bool wide = ir_type_bits(i->types[0]) == 64;

	low_final(l, low_op1(l, wide ? VGPU_OP_LBREV : VGPU_OP_BREV, low_dst(l, &i->ops[0]), low_src(l, &i->ops[1])));
}

static void lower_szext(struct low *l, struct ir_insn *i)
{
	lower_two(l, i, VGPU_OP_SZEXT,
		  (type_is_signed(i->types[0]) ? VGPU_SZEXT_SIGNED : 0) |
			  (i->m.wrap == WRAP_WRAP ? VGPU_SZEXT_WRAP : 0));
}

static void lower_bmsk(struct low *l, struct ir_insn *i)
{
	lower_two(l, i, VGPU_OP_BMSK, i->m.wrap == WRAP_WRAP ? VGPU_BMSK_WRAP : 0);
}

bool lower_bits(struct low *l, struct ir_insn *i)
{
	static void (*const lower[])(struct low * l, struct ir_insn * i) = {
		[OP_NOT] = lower_not,     [OP_CNOT] = lower_cnot, [OP_LOP3] = lower_lop3,  [OP_SHL] = lower_shift,
		[OP_SHR] = lower_shift,   [OP_SHF] = lower_shf,   [OP_POPC] = lower_count, [OP_CLZ] = lower_count,
		[OP_BFIND] = lower_bfind, [OP_BREV] = lower_brev, [OP_BFE] = lower_bfe,    [OP_BFI] = lower_bfi,
		[OP_SZEXT] = lower_szext, [OP_BMSK] = lower_bmsk, [OP_PRMT] = lower_prmt,  [OP_FNS] = lower_fns,
	};

	if (i->op >= sizeof(lower) / sizeof(lower[0]) || !lower[i->op])
		return lower_logic(l, i);
	lower[i->op](l, i);
	return true;
}
