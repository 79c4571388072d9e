// SPDX-License-Identifier: GPL-2.0
/*
 * Decoding arithmetic: which operand stays a single value, and which handler takes it so;
 * comparisons, of which handlers know some and the others are made from those.
 */
#include "decode.h"

/* A and B may change places. */
static bool commutes(u32 op)
{
	switch (op) {
	case VGPU_OP_IADD:
	case VGPU_OP_IMUL:
	case VGPU_OP_IMULWS:
	case VGPU_OP_IMULWU:
	case VGPU_OP_IMAD:
	case VGPU_OP_IMINS:
	case VGPU_OP_IMINU:
	case VGPU_OP_IMAXS:
	case VGPU_OP_IMAXU:
	case VGPU_OP_AND:
	case VGPU_OP_OR:
	case VGPU_OP_XOR:
	case VGPU_OP_LADD:
	case VGPU_OP_LMUL:
	case VGPU_OP_LMAD:
	case VGPU_OP_LAND:
	case VGPU_OP_LOR:
	case VGPU_OP_LXOR:
	case VGPU_OP_FADD:
	case VGPU_OP_FMUL:
	case VGPU_OP_FFMA:
	case VGPU_OP_DADD:
	case VGPU_OP_DMUL:
	case VGPU_OP_DFMA:
		return true;
	default:
		return false;
	}
}

static void swap_ab(struct vgpu_insn *in)
{
	u16 a = in->a;

	in->a = in->b;
	in->b = a;
}

/* The operand that stays a single value because a handler takes it so, or OPF_COUNT */
static enum op_field pick_single(const struct emitter *e, u32 *uop)
{
	enum op_field f;

	*uop = 0;
	for (f = OPF_B; f < OPF_COUNT; f++) {
		if (!is_single(e, f))
			continue;
		if (f == OPF_B && is_immediate(e, f))
			*uop = eng_find_variant(e->in->op, IS_I);
		if (!*uop)
			*uop = eng_find_variant(e->in->op, bit(f));
		if (*uop)
			return f;
	}
	return OPF_COUNT;
}

/* Instructions whose modifier chooses the handler; 0 for all others */
static u32 pick_by_modifier(const struct emitter *e, enum op_field *single)
{
	static const u16 dp4a[4] = { VGPU_OP_DP4A, EV_DP4A_SU, EV_DP4A_US, EV_DP4A_SS };
	bool one = is_single(e, OPF_C);

	if (!e->in->mod && (e->in->op == VGPU_OP_I2F || e->in->op == VGPU_OP_H2F)) {
		*single = OPF_COUNT;
		return e->in->op == VGPU_OP_I2F ? EV_I2F_RN : EV_H2F_RN;
	}
	if (e->in->op == VGPU_OP_H2F && e->in->mod == VGPU_CVT_HIGH) {
		*single = OPF_COUNT;
		return EV_H2F_HI;
	}
	if (e->in->op == VGPU_OP_PRMT && e->in->mod == VGPU_PRMT_IDX) {
		*single = one ? OPF_C : OPF_COUNT;
		return one ? EV_PRMT_IDX_C : EV_PRMT_IDX;
	}
	if (e->in->op != VGPU_OP_DP4A)
		return 0;
	one = is_immediate(e, OPF_C) && e->in->mod == (VGPU_DP_A_SIGNED | VGPU_DP_B_SIGNED);
	*single = one ? OPF_C : OPF_COUNT;
	return one ? EV_DP4A_SSI : dp4a[e->in->mod];
}

static void decode_arithmetic(struct emitter *e)
{
	struct vgpu_insn swapped = *e->in;
	enum op_field f, single;
	u32 uop;

	/* a single value moved to a row is a broadcast, and no more */
	if ((e->in->op == VGPU_OP_MOV || e->in->op == VGPU_OP_MOVW) && is_single(e, OPF_A)) {
		put_plain(e);
		set_handler(e, e->in->op == VGPU_OP_MOV ? EU_BCAST : EU_BCASTW);
		put_single(e, OPF_A);
		return;
	}
	if (commutes(e->in->op) && is_single(e, OPF_A) && !is_single(e, OPF_B)) {
		swap_ab(&swapped);
		e->in = &swapped;
	}
	put_plain(e);
	uop = pick_by_modifier(e, &single);
	if (!uop)
		single = pick_single(e, &uop);
	if (uop)
		set_handler(e, uop);
	for (f = OPF_A; f < OPF_COUNT; f++) {
		if (e->info->kind[f] != OPK_X && e->info->kind[f] != OPK_Y)
			continue;
		if (f == single)
			put_single(e, f);
		else
			put_source(e, f);
	}
	if (e->in->op == VGPU_OP_H2I)
		e->op.b = e->in->b;
}

/* ---- comparisons -------------------------------------------------------------------------- */

const struct cmp_rule eng_int_rules[VGPU_CMP_COUNT] = {
	[VGPU_CMP_EQ] = { EQ }, [VGPU_CMP_NE] = { EQ, true },
	[VGPU_CMP_LT] = { LTS }, [VGPU_CMP_GE] = { LTS, true },
	[VGPU_CMP_GT] = { GTS }, [VGPU_CMP_LE] = { GTS, true },
	[VGPU_CMP_LTU] = { LTU }, [VGPU_CMP_GEU] = { LTU, true },
	[VGPU_CMP_GTU] = { GTU }, [VGPU_CMP_LEU] = { GTU, true },
};
static const u8 int_mirror[INT_PRIMS] = { EQ, GTS, LTS, GTU, LTU };

enum { FEQ, FNE, FLT, FLE, FGT, FGE, FNUM, FLOAT_PRIMS };

static const struct cmp_rule float_rules[VGPU_FCMP_COUNT] = {
	[VGPU_FCMP_EQ] = { FEQ }, [VGPU_FCMP_NEU] = { FEQ, true },
	[VGPU_FCMP_NE] = { FNE }, [VGPU_FCMP_EQU] = { FNE, true },
	[VGPU_FCMP_LT] = { FLT }, [VGPU_FCMP_GEU] = { FLT, true },
	[VGPU_FCMP_LE] = { FLE }, [VGPU_FCMP_GTU] = { FLE, true },
	[VGPU_FCMP_GT] = { FGT }, [VGPU_FCMP_LEU] = { FGT, true },
	[VGPU_FCMP_GE] = { FGE }, [VGPU_FCMP_LTU] = { FGE, true },
	[VGPU_FCMP_NUM] = { FNUM }, [VGPU_FCMP_NAN] = { FNUM, true },
};
static const u8 float_mirror[FLOAT_PRIMS] = { FEQ, FNE, FGT, FGE, FLT, FLE, FNUM };

/**
 * struct cmp_set - handlers of a comparing instruction
 * @op: VGPU_OP_*
 * @rules: by comparison: its primitive, and whether the result is negated
 * @mirror: by primitive: the one that it becomes when A and B change places
 * @rows: by primitive
 * @single: with B a single value; 0 where there is none
 */
struct cmp_set {
	u16 op;
	const struct cmp_rule *rules;
	const u8 *mirror;
	u16 rows[FLOAT_PRIMS];
	u16 single[FLOAT_PRIMS];
};

static const struct cmp_set cmp_sets[] = {
	{ VGPU_OP_SETPI, eng_int_rules, int_mirror,
	  { VGPU_OP_SETPI, EV_SETPI_LTS, EV_SETPI_GTS, EV_SETPI_LTU, EV_SETPI_GTU },
	  { EV_SETPI_EQ_B, EV_SETPI_LTS_B, EV_SETPI_GTS_B, EV_SETPI_LTU_B, EV_SETPI_GTU_B } },
	{ VGPU_OP_SETPL, eng_int_rules, int_mirror,
	  { VGPU_OP_SETPL, EV_SETPL_LTS, EV_SETPL_GTS, EV_SETPL_LTU, EV_SETPL_GTU },
	  { EV_SETPL_EQ_B, EV_SETPL_LTS_B, EV_SETPL_GTS_B, EV_SETPL_LTU_B, EV_SETPL_GTU_B } },
	{ VGPU_OP_FSETP, float_rules, float_mirror,
	  { VGPU_OP_FSETP, EV_FSETP_NE, EV_FSETP_LT, EV_FSETP_LE, EV_FSETP_GT, EV_FSETP_GE,
	    EV_FSETP_NUM },
	  { EV_FSETP_EQ_B, EV_FSETP_NE_B, EV_FSETP_LT_B, EV_FSETP_LE_B, EV_FSETP_GT_B,
	    EV_FSETP_GE_B, EV_FSETP_NUM_B } },
	{ VGPU_OP_DSETP, float_rules, float_mirror,
	  { VGPU_OP_DSETP, EV_DSETP_NE, EV_DSETP_LT, EV_DSETP_LE, EV_DSETP_GT, EV_DSETP_GE,
	    EV_DSETP_NUM },
	  { 0 } },
};

static const struct cmp_set *find_cmp(u32 op)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cmp_sets); i++)
		if (cmp_sets[i].op == op)
			return &cmp_sets[i];
	return NULL;
}

static void decode_compare(struct emitter *e, const struct cmp_set *set)
{
	struct cmp_rule rule = set->rules[e->in->mod];
	struct vgpu_insn swapped = *e->in;

	if (is_single(e, OPF_A) && !is_single(e, OPF_B)) {
		swap_ab(&swapped);
		e->in = &swapped;
		rule.prim = set->mirror[rule.prim];
	}
	put_plain(e);
	e->op.y = rule.invert ? ENG_ALL : 0;
	if (is_single(e, OPF_B) && set->single[rule.prim]) {
		set_handler(e, set->single[rule.prim]);
		put_single(e, OPF_B);
	} else {
		set_handler(e, set->rows[rule.prim]);
		put_source(e, OPF_B);
	}
	put_source(e, OPF_A);
}

void eng_decode_alu(struct emitter *e)
{
	const struct cmp_set *cmp = find_cmp(e->in->op);

	if (cmp)
		decode_compare(e, cmp);
	else
		decode_arithmetic(e);
}
