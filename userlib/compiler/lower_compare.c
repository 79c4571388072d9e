// SPDX-License-Identifier: MIT
/* Selection of comparisons and of what chooses by them. */
#include "lower.h"

/* Integer comparison, signed or unsigned by the type. */
static u8 int_cmp(const struct ir_insn *i, bool is_signed)
{
	switch (i->m.cmp) {
	case CMP_EQ:
		return VGPU_CMP_EQ;
	case CMP_NE:
		return VGPU_CMP_NE;
	case CMP_LT:
		return is_signed ? VGPU_CMP_LT : VGPU_CMP_LTU;
	case CMP_LE:
		return is_signed ? VGPU_CMP_LE : VGPU_CMP_LEU;
	case CMP_GT:
		return is_signed ? VGPU_CMP_GT : VGPU_CMP_GTU;
	case CMP_GE:
		return is_signed ? VGPU_CMP_GE : VGPU_CMP_GEU;
	case CMP_LO:
		return VGPU_CMP_LTU;
	case CMP_LS:
		return VGPU_CMP_LEU;
	case CMP_HI:
		return VGPU_CMP_GTU;
	default:
		return VGPU_CMP_GEU;
	}
}

static u8 float_cmp(const struct ir_insn *i)
{
	static const u8 map[] = {
		[CMP_EQ] = VGPU_FCMP_EQ,   [CMP_NE] = VGPU_FCMP_NE,   [CMP_LT] = VGPU_FCMP_LT,
		[CMP_LE] = VGPU_FCMP_LE,   [CMP_GT] = VGPU_FCMP_GT,   [CMP_GE] = VGPU_FCMP_GE,
		[CMP_EQU] = VGPU_FCMP_EQU, [CMP_NEU] = VGPU_FCMP_NEU, [CMP_LTU] = VGPU_FCMP_LTU,
		[CMP_LEU] = VGPU_FCMP_LEU, [CMP_GTU] = VGPU_FCMP_GTU, [CMP_GEU] = VGPU_FCMP_GEU,
		[CMP_NUM] = VGPU_FCMP_NUM, [CMP_NAN] = VGPU_FCMP_NAN,
	};

	return i->m.cmp < sizeof(map) ? map[i->m.cmp] : 0;
}

static void compare_int(struct low *l, struct ir_insn *i, struct mopnd p, struct mopnd a, struct mopnd b, u8 type)
{
	unsigned int bits = ir_type_bits(type);
	u8 cmp = int_cmp(i, type_is_signed(type));

	if (bits < 32) {
		/* bit types compare for equality only: any extension does */
		u8 t = ir_type_class(type) == 'B' ? (bits == 8 ? T_U8 : T_U16) : type;

		a = low_extend(l, a, t);
		b = low_extend(l, b, t);
	}
	if (low_is_scalar(l, &a) && low_is_scalar(l, &b) && (a.kind != MO_IMM || b.kind != MO_IMM) && !l->insn->guard) {
		if (bits <= 32 && a.kind == MO_IMM)
			a.imm = (u64)(s64)(s32)a.imm;
		if (bits <= 32 && b.kind == MO_IMM)
			b.imm = (u64)(s64)(s32)b.imm;
		low_op2(l, VGPU_OP_SSETP, p, a, b)->mod = cmp | (bits <= 32 ? VGPU_SCMP_32 : 0);
		return;
	}
	low_op2(l, bits == 64 ? VGPU_OP_SETPL : VGPU_OP_SETPI, p, a, b)->mod = cmp;
}

/* The bare comparison into @p, unguarded. @high: the upper of a pair. */
static void compare(struct low *l, struct ir_insn *i, u8 type, bool high, struct mopnd p, struct mopnd a,
		    struct mopnd b)
{
	struct minsn *m;

	switch (type) {
	case T_F32:
		m = low_op2(l, VGPU_OP_FSETP, p, a, b);
		m->mode = i->m.ftz ? VGPU_FMODE_FTZ : 0;
		m->mod = float_cmp(i);
		break;
	case T_F64:
		m = low_op2(l, VGPU_OP_DSETP, p, a, b);
		m->mode = 0;
		m->mod = float_cmp(i);
		break;
	case T_F16:
	case T_F16X2:
		m = low_op2(l, VGPU_OP_HSETP, p, a, b);
		m->mod = float_cmp(i) | (i->m.ftz ? VGPU_FCMP_FTZ : 0) | (high ? VGPU_FCMP_HIGH : 0);
		break;
	case T_BF16:
	case T_BF16X2:
		m = low_op2(l, VGPU_OP_BSETP, p, a, b);
		m->mod = float_cmp(i) | (high ? VGPU_FCMP_HIGH : 0);
		break;
	default:
		compare_int(l, i, p, a, b, type);
		break;
	}
}

static u8 bool_lut(const struct ir_insn *i, bool complement)
{
	/* A: the comparison, B: the other predicate */
	switch (i->m.boolop) {
	case BOOL_AND:
		return complement ? 0x0c : 0xc0;
	case BOOL_OR:
		return complement ? 0xcf : 0xfc;
	default:
		return complement ? 0xc3 : 0x3c;
	}
}

/* One result: (a cmp b), perhaps complemented, perhaps joined with @c. */
static void put_pred(struct low *l, struct ir_insn *i, const struct ir_operand *dst, struct mopnd t, struct mopnd c,
		     bool complement)
{
	bool joined = c.kind != MO_NONE;
	struct minsn *m;

	if (dst->kind != OPND_REG)
		return;
	m = low_op3(l, VGPU_OP_PLOP3, low_dst(l, dst), t, joined ? c : t, joined ? c : t);
	m->mod = joined ? bool_lut(i, complement) : complement ? 0x0f : 0xf0;
	low_final(l, m);
}

static void lower_setp(struct low *l, struct ir_insn *i)
{
	struct mopnd a = low_src(l, &i->ops[2]), b = low_src(l, &i->ops[3]), t, c = NO;
	bool pair = i->types[0] == T_F16X2 || i->types[0] == T_BF16X2;
	bool simple = i->ops[0].kind == OPND_REG && i->ops[1].kind == OPND_NONE && i->ops[4].kind == OPND_NONE;

	if (simple && !i->guard) {
		compare(l, i, i->types[0], false, low_dst(l, &i->ops[0]), a, b);
		return;
	}
	t = low_temp(l, MC_P);
	compare(l, i, i->types[0], false, t, a, b);
	if (i->ops[4].kind != OPND_NONE)
		c = low_pred(l, &i->ops[4], false);
	put_pred(l, i, &i->ops[0], t, c, false);
	if (pair) {
		t = low_temp(l, MC_P);
		compare(l, i, i->types[0], true, t, a, b);
		put_pred(l, i, &i->ops[1], t, c, false);
	} else {
		put_pred(l, i, &i->ops[1], t, c, true);
	}
}

/* A truth value as set writes it: all ones, or 1.0. */
static u64 true_value(u8 t)
{
	switch (t) {
	case T_F32:
		return 0x3f800000;
	case T_F16:
		return 0x3c00;
	case T_BF16:
		return 0x3f80;
	default:
		return 0xffffffff;
	}
}

static struct mopnd set_half(struct low *l, struct ir_insn *i, struct mopnd a, struct mopnd b, struct mopnd c,
			     bool high, u64 one)
{
	struct mopnd t = low_temp(l, MC_P), u;

	compare(l, i, i->types[1], high, t, a, b);
	if (c.kind != MO_NONE) {
		u = low_temp(l, MC_P);
		low_op3(l, VGPU_OP_PLOP3, u, t, c, c)->mod = bool_lut(i, false);
		t = u;
	}
	return low_t3(l, VGPU_OP_SEL, MC_V, mo_imm(one), mo_imm(0), t);
}

static void lower_set(struct low *l, struct ir_insn *i)
{
	struct mopnd a = low_src(l, &i->ops[1]), b = low_src(l, &i->ops[2]), c = NO, lo, hi;
	bool pair = i->types[1] == T_F16X2 || i->types[1] == T_BF16X2;
	u64 one;

	if (i->ops[3].kind != OPND_NONE)
		c = low_pred(l, &i->ops[3], false);
	if (!pair) {
		low_copy(l, &i->ops[0], set_half(l, i, a, b, c, false, true_value(i->types[0])));
		return;
	}
	one = i->types[0] == T_F16X2 ? 0x3c00 : i->types[0] == T_BF16X2 ? 0x3f80 : 0xffff;
	lo = set_half(l, i, a, b, c, false, one);
	hi = set_half(l, i, a, b, c, true, one);
	low_final(l, low_op3(l, VGPU_OP_PRMT, low_dst(l, &i->ops[0]), lo, hi, mo_imm(0x5410)));
}

static void lower_selp(struct low *l, struct ir_insn *i)
{
	bool wide = ir_type_bits(i->types[0]) == 64;
	struct mopnd d = low_dst(l, &i->ops[0]), a = low_src(l, &i->ops[1]);
	struct mopnd b = low_src(l, &i->ops[2]), p = low_pred(l, &i->ops[3], false);

	if (low_class(l, &d) == MC_S) {
		if (!wide && a.kind == MO_IMM)
			a.imm = (u64)(s64)(s32)a.imm;
		if (!wide && b.kind == MO_IMM)
			b.imm = (u64)(s64)(s32)b.imm;
		low_op3(l, VGPU_OP_SSEL, d, a, b, p)->mod = wide ? 0 : VGPU_S32;
	} else {
		low_final(l, low_op3(l, wide ? VGPU_OP_SELW : VGPU_OP_SEL, d, a, b, p));
	}
}

/* slct: a if c >= 0, else b; NaN chooses b. */
static void lower_slct(struct low *l, struct ir_insn *i)
{
	bool wide = ir_type_bits(i->types[0]) == 64;
	struct mopnd p = low_temp(l, MC_P), c = low_src(l, &i->ops[3]);
	struct minsn *m;

	if (i->types[1] == T_F32) {
		m = low_op2(l, VGPU_OP_FSETP, p, c, mo_imm(0));
		m->mod = VGPU_FCMP_GE;
		m->mode = i->m.ftz ? VGPU_FMODE_FTZ : 0;
	} else {
		low_op2(l, VGPU_OP_SETPI, p, c, mo_imm(0))->mod = VGPU_CMP_GE;
	}
	low_final(l, low_op3(l, wide ? VGPU_OP_SELW : VGPU_OP_SEL, low_dst(l, &i->ops[0]), low_src(l, &i->ops[1]),
			     low_src(l, &i->ops[2]), p));
}

/* Zeros count as normal: finite and not subnormal. */
static void testp_normal(struct low *l, struct ir_insn *i)
{
	u16 op = i->types[0] == T_F64 ? VGPU_OP_DTESTP : VGPU_OP_FTESTP;
	struct mopnd finite = low_temp(l, MC_P), sub = low_temp(l, MC_P);
	struct mopnd v = low_src(l, &i->ops[1]);
	struct minsn *m;

	m = low_op1(l, op, finite, v);
	m->mod = VGPU_TESTP_FINITE;
	m->mode = 0;
	m = low_op1(l, op, sub, v);
	m->mod = VGPU_TESTP_SUBNORMAL;
	m->mode = 0;
	m = low_op3(l, VGPU_OP_PLOP3, low_dst(l, &i->ops[0]), finite, sub, sub);
	m->mod = 0x30;
	low_final(l, m);
}

static void lower_testp(struct low *l, struct ir_insn *i)
{
	static const u8 map[] = {
		[TESTP_FINITE] = VGPU_TESTP_FINITE,       [TESTP_INFINITE] = VGPU_TESTP_INFINITE,
		[TESTP_NUMBER] = VGPU_TESTP_NUMBER,       [TESTP_NOTANUMBER] = VGPU_TESTP_NAN,
		[TESTP_SUBNORMAL] = VGPU_TESTP_SUBNORMAL,
	};
	bool wide = i->types[0] == T_F64;
	struct minsn *m =
		low_op1(l, wide ? VGPU_OP_DTESTP : VGPU_OP_FTESTP, low_dst(l, &i->ops[0]), low_src(l, &i->ops[1]));

	m->mod = map[i->m.testp];
	m->mode = 0;
	low_final(l, m);
}

bool lower_compare(struct low *l, struct ir_insn *i)
{
	switch (i->op) {
	case OP_SETP:
		lower_setp(l, i);
		return true;
	case OP_SET:
		lower_set(l, i);
		return true;
	case OP_SELP:
		lower_selp(l, i);
		return true;
	case OP_SLCT:
		lower_slct(l, i);
		return true;
	case OP_TESTP:
		if (i->m.testp == TESTP_NORMAL)
			testp_normal(l, i);
		else
			lower_testp(l, i);
		return true;
	default:
		return false;
	}
}
