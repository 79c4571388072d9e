// SPDX-License-Identifier: GPL-2.0
/*
 * From verified instructions to what the handlers execute.
 *
 * Each instruction becomes one element of the program, with its operands as places
 * in struct eng_warp; besides, single values that an instruction's handler cannot
 * take are broadcast before it, and the float environment is put right around what
 * must not see the float mode.
 */
#include "exec.h"
#include "fuel.h"

#define FUEL_EVERY	256	/* straight code counts that often; a power of two */
#define CALL_COST	8
#define MAX_PARTS	8	/* elements that one instruction may become */

static u16 place_v(u32 reg)
{
	return ENG_WORD(v) + reg * ENG_LANES;
}

static u16 place_s(u32 reg)
{
	return ENG_WORD(s) + 2 * reg;
}

static u16 place_p(u32 reg)
{
	return ENG_WORD(p) + reg;
}

static u16 place_tmp(enum op_field f)
{
	return ENG_WORD(tmp) + (f - OPF_A) * 2 * ENG_LANES;
}

/* A scalar that is always zero: predicate slots beyond the true one */
#define PLACE_ZERO	(ENG_WORD(p) + 18)

/**
 * struct emitter - the instruction being decoded
 * @code: the object
 * @prog: the program
 * @in: the instruction
 * @info: its row of the table
 * @pc: its index
 * @out: elements made from it
 * @n: how many
 * @op: the main one, emitted last
 */
struct emitter {
	const struct engine_code *code;
	const struct engine_prog *prog;
	const struct vgpu_insn *in;
	const struct op_info *info;
	u32 pc;
	struct eng_op *out;
	u32 n;
	struct eng_op op;
};

static void set_handler(struct emitter *e, u32 uop)
{
	e->op.h = 2 * uop + !!(e->in->guard & VGPU_GUARD);
}

static struct eng_op *emit(struct emitter *e, u32 uop)
{
	struct eng_op *op = &e->out[e->n++];

	*op = (struct eng_op) {
		.h = 2 * uop, .g = ENG_GUARD_TRUE, .pc = e->pc, .fmode = e->op.fmode,
	};
	return op;
}

/* ---- operands -------------------------------------------------------------------------- */

static u16 get(const struct emitter *e, enum op_field f)
{
	return op_operand(e->in, f);
}

static void put(struct emitter *e, enum op_field f, u16 place)
{
	switch (f) {
	case OPF_D:
		e->op.d = place;
		break;
	case OPF_A:
		e->op.a = place;
		break;
	case OPF_B:
		e->op.b = place;
		break;
	default:
		e->op.c = place;
		break;
	}
}

static u8 bit(enum op_field f)
{
	return 1U << (f - OPF_A);
}

static bool is_single(const struct emitter *e, enum op_field f)
{
	u8 kind = e->info->kind[f];

	return (kind == OPK_X || kind == OPK_Y) && (get(e, f) & VGPU_SRC_KIND) != VGPU_SRC_REG;
}

static bool is_immediate(const struct emitter *e, enum op_field f)
{
	return is_single(e, f) && (get(e, f) & VGPU_SRC_KIND) == VGPU_SRC_IMM;
}

/* Operand @f stays a single value: a scalar's place, or the immediate. */
static void put_single(struct emitter *e, enum op_field f)
{
	if (is_immediate(e, f)) {
		put(e, f, ENG_OP_IMM);
		e->op.sel |= bit(f);
	} else {
		put(e, f, place_s(get(e, f) & VGPU_SRC_INDEX));
	}
}

static void put_row(struct emitter *e, enum op_field f)
{
	put(e, f, place_v(get(e, f) & VGPU_SRC_INDEX));
}

/* Operand @f, a single value, becomes a row first. */
static void put_broadcast(struct emitter *e, enum op_field f)
{
	struct eng_op *b = emit(e, e->info->kind[f] == OPK_Y ? EU_BCASTW : EU_BCAST);

	b->d = place_tmp(f);
	if ((get(e, f) & VGPU_SRC_KIND) == VGPU_SRC_IMM) {
		b->a = ENG_OP_IMM;
		b->sel = ENG_SEL_A;
		b->imm = e->op.imm;
		b->x = e->op.x;
	} else {
		b->a = place_s(get(e, f) & VGPU_SRC_INDEX);
	}
	put(e, f, place_tmp(f));
}

static void put_source(struct emitter *e, enum op_field f)
{
	if (is_single(e, f))
		put_broadcast(e, f);
	else
		put_row(e, f);
}

static void put_scalar(struct emitter *e, enum op_field f)
{
	u16 val = get(e, f);

	if ((val & VGPU_SRC_KIND) == VGPU_SRC_IMM) {
		put(e, f, ENG_OP_IMM);
		e->op.sel |= bit(f);
	} else {
		put(e, f, place_s(val));
	}
}

/* Operands whose kind says all; X and Y are left to the caller. */
static void put_plain(struct emitter *e)
{
	enum op_field f;

	for (f = OPF_D; f < OPF_COUNT; f++) {
		u16 val = get(e, f);

		switch (e->info->kind[f]) {
		case OPK_V:
		case OPK_W:
		case OPK_G:
			put(e, f, place_v(val));
			break;
		case OPK_S:
			put(e, f, place_s(val));
			break;
		case OPK_T:
			put_scalar(e, f);
			break;
		case OPK_P:
			put(e, f, place_p(val));
			break;
		case OPK_N:
			put(e, f, val);
			break;
		default:
			break;
		}
	}
}

/* ---- special cases of handlers ------------------------------------------------------------ */

#define IS_B		ENG_SEL_B
#define IS_C		ENG_SEL_C
#define IS_32		0x80
#define IS_I		0x8a
#define IS_S		0x81
#define IS_SP		0x82
#define IS_ROW		0x83
#define IS_W32		0x85
#define IS_W16		0x86
#define IS_SV32		0x87
#define IS_S32		0x88
#define IS_SV16		0x89
/* by enum eng_record_kind */
#define IS_REC32	0x90
#define IS_REC32_D2	0x91
#define IS_REC32_D4	0x92
#define IS_REC32_W2	0x93
#define IS_REC32_W3	0x94
#define IS_REC16	0x98
#define IS_REC16_D2	0x99
#define IS_REC16_D4	0x9a
#define IS_REC16_W2	0x9b
#define IS_REC16_W3	0x9c
/* found otherwise */
#define IS_IADD		0
#define IS_EXIT		0
#define IS_SV32_TWO	0
#define IS_TWIN_WW_D4	0
#define IS_TWIN_WW_W3	0
#define IS_TWIN_WH_D4	0
#define IS_TWIN_WH_W3	0
#define IS_TWIN_HW_D4	0
#define IS_TWIN_HW_W3	0
#define IS_TWIN_HH_D4	0
#define IS_TWIN_HH_W3	0
#define IS_EQ_IF	0
#define IS_LTS_IF	0
#define IS_GTS_IF	0
#define IS_LTU_IF	0
#define IS_GTU_IF	0
#define IS_RN		0
#define IS_HI		0
#define IS_IDX		0
#define IS_IDX_C	0
#define IS_US		0
#define IS_SU		0
#define IS_SS		0
#define IS_SSI		0
#define IS_EQ		0
#define IS_NE		0
#define IS_LT		0
#define IS_LE		0
#define IS_GT		0
#define IS_GE		0
#define IS_NUM		0
#define IS_LTS		0
#define IS_GTS		0
#define IS_LTU		0
#define IS_GTU		0
#define IS_EQ_B		0
#define IS_NE_B		0
#define IS_LT_B		0
#define IS_LE_B		0
#define IS_GT_B		0
#define IS_GE_B		0
#define IS_NUM_B	0
#define IS_LTS_B	0
#define IS_GTS_B	0
#define IS_LTU_B	0
#define IS_GTU_B	0

static const struct variant {
	u16 op, uop;
	u8 when;
} variants[] = {
#define EV(NAME, VARIANT) { VGPU_OP_##NAME, EV_##NAME##_##VARIANT, IS_##VARIANT },
#include "variants.h"
#undef EV
};

static u32 find_variant(u32 op, u8 when)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(variants); i++)
		if (variants[i].op == op && variants[i].when == when)
			return variants[i].uop;
	return 0;
}

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
			*uop = find_variant(e->in->op, IS_I);
		if (!*uop)
			*uop = find_variant(e->in->op, bit(f));
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

static void decode_alu(struct emitter *e)
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

/**
 * struct cmp_rule - how a comparison is made
 * @prim: primitive comparison
 * @invert: of its outcome
 */
struct cmp_rule {
	u8 prim;
	bool invert;
};

enum { EQ, LTS, GTS, LTU, GTU, INT_PRIMS };

static const struct cmp_rule int_rules[VGPU_CMP_COUNT] = {
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
	{ VGPU_OP_SETPI, int_rules, int_mirror,
	  { VGPU_OP_SETPI, EV_SETPI_LTS, EV_SETPI_GTS, EV_SETPI_LTU, EV_SETPI_GTU },
	  { EV_SETPI_EQ_B, EV_SETPI_LTS_B, EV_SETPI_GTS_B, EV_SETPI_LTU_B, EV_SETPI_GTU_B } },
	{ VGPU_OP_SETPL, int_rules, int_mirror,
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

/* ---- control ---------------------------------------------------------------------------------- */

static void set_target(struct emitter *e, u32 target)
{
	/* the main element comes last, behind @n others */
	u32 here = e->prog->first[e->pc] + e->n;

	e->op.x = e->prog->first[target] - here;
	if (target <= e->pc) {
		u32 len = e->pc - target + 1;
		u32 counted = e->pc / FUEL_EVERY - target / FUEL_EVERY;

		e->op.y = max_t(s32, (s32)(len - counted * FUEL_EVERY), 1);
	}
}

static void decode_sbr(struct emitter *e)
{
	struct cmp_rule rule = int_rules[e->in->mod & ~VGPU_SCMP_32];
	static const u16 uops[INT_PRIMS] = {
		VGPU_OP_SBR, EV_SBR_LTS, EV_SBR_LTS, EV_SBR_LTU, EV_SBR_LTU,
	};
	bool swap = rule.prim == GTS || rule.prim == GTU;

	e->op.a = place_s(swap ? e->in->b : e->in->a);
	e->op.b = place_s(swap ? e->in->a : e->in->b);
	e->op.c = rule.invert;
	e->op.imm = e->in->mod & VGPU_SCMP_32 ? 32 : 0;
	set_handler(e, uops[rule.prim]);
	set_target(e, e->in->imm);
}

/* X operands of control: a row, a scalar or the immediate, read by eng_source(). */
static void put_any(struct emitter *e, enum op_field f)
{
	if (is_single(e, f)) {
		put_single(e, f);
	} else {
		put_row(e, f);
		e->op.md |= bit(f);
	}
}

static void decode_control(struct emitter *e)
{
	enum op_field f;

	put_plain(e);
	for (f = OPF_A; f < OPF_COUNT; f++)
		if (e->info->kind[f] == OPK_X)
			put_any(e, f);
	switch (e->in->op) {
	case VGPU_OP_BRA:
		set_target(e, e->in->imm);
		break;
	case VGPU_OP_SBR:
		decode_sbr(e);
		break;
	case VGPU_OP_CALL:
		set_target(e, e->code->funcs[e->in->imm].start);
		e->op.y = CALL_COST;
		break;
	case VGPU_OP_CALLI:
	case VGPU_OP_RET:
		e->op.y = CALL_COST;
		break;
	case VGPU_OP_BRX:
		e->op.y = e->in->b;
		e->op.x = CALL_COST;
		break;
	case VGPU_OP_EXIT:
		e->op.y = (e->pc & (FUEL_EVERY - 1)) + 1;
		break;
	case VGPU_OP_BARRED:
		e->op.d = e->in->mod == VGPU_BARRED_POPC ? place_v(e->in->d) : place_p(e->in->d);
		break;
	}
}

static void decode_scalar(struct emitter *e)
{
	u32 uop;

	put_plain(e);
	if (e->in->op == VGPU_OP_SMOVI)
		e->op.x = (u32)e->in->c << 16 | e->in->b;
	if (e->info->mod == OPM_S32 && e->in->mod & VGPU_S32) {
		uop = find_variant(e->in->op, IS_32);
		set_handler(e, uop);
	}
}

/* ---- memory, lanes, matrices -------------------------------------------------------------------- */

static u32 space_of_op(const struct vgpu_insn *in)
{
	switch (in->op) {
	case VGPU_OP_LDS:
	case VGPU_OP_STS:
	case VGPU_OP_ATOMS:
	case VGPU_OP_LDMATRIX:
	case VGPU_OP_STMATRIX:
	case VGPU_OP_MBAR:
		return VGPU_SPACE_SHARED;
	case VGPU_OP_LDL:
	case VGPU_OP_STL:
		return VGPU_SPACE_LOCAL;
	case VGPU_OP_LDP:
		return VGPU_SPACE_PARAM;
	case VGPU_OP_LDX:
	case VGPU_OP_STX:
	case VGPU_OP_ATOMX:
		return VGPU_SPACE_GENERIC;
	case VGPU_OP_SLD:
		return in->mod;
	default:
		return VGPU_SPACE_GLOBAL;
	}
}

static u16 place_base(u16 reg)
{
	return reg == VGPU_NONE ? PLACE_ZERO : place_s(reg);
}

/*
 * Accesses whose shape is known have handlers of their own: one address for all
 * lanes, a pattern, and above all a row of consecutive 32-bit words.
 */
static void set_form_handler(struct emitter *e)
{
	const struct vgpu_insn *in = e->in;
	u32 form = VGPU_MD_FORM(in->c), width = VGPU_MD_GET_WIDTH(in->c), uop = 0;
	bool one = !VGPU_MD_GET_COUNT(in->c), word = one && width == 2;

	if (form == VGPU_MD_FORM_W && one && width < 3) {
		uop = find_variant(in->op, word ? IS_W32 : IS_W16);
	} else if (form == VGPU_MD_FORM_SV && word && VGPU_MD_GET_SHIFT(in->c) == 2) {
		uop = find_variant(in->op, IS_SV32);
	} else if (form == VGPU_MD_FORM_SV && one && width == 1 && VGPU_MD_GET_SHIFT(in->c) == 1 &&
		   !(in->c & VGPU_MD_SIGNED)) {
		uop = find_variant(in->op, IS_SV16);
	} else if (form == VGPU_MD_FORM_S) {
		uop = word ? find_variant(in->op, IS_S32) : 0;
		if (!uop)
			uop = find_variant(in->op, IS_S);
	} else if (form == VGPU_MD_FORM_SP) {
		const struct eng_pattern *pat = &e->prog->patterns[in->b];
		bool row = word && pat->kind == ENG_PAT_STRIDE && pat->stride == 4;

		/* those of records do not ask any more whether it is weak and aligned */
		bool plain = !e->op.sel && !(pat->bits & e->op.c);

		if (!row && word)
			uop = find_variant(in->op, IS_REC32 + (plain ? pat->record[0].kind : 0));
		else if (one && width == 1 && !(in->c & VGPU_MD_SIGNED))
			uop = find_variant(in->op, IS_REC16 + (plain ? pat->record[1].kind : 0));
		if (!uop)
			uop = find_variant(in->op, row ? IS_ROW : IS_SP);
	}
	if (uop)
		set_handler(e, uop);
}

/* Loads, stores, cp.async: address form and data group */
static void decode_access(struct emitter *e)
{
	const struct vgpu_insn *in = e->in;

	e->op.md = in->c;
	e->op.c = (1U << VGPU_MD_GET_ALIGN(in->c)) - 1;
	e->op.d = e->info->kind[OPF_D] == OPK_S ? place_s(in->d) : place_v(in->d);
	if (e->info->class == OPC_SMEM) {
		e->op.a = place_base(in->a);
		return;
	}
	switch (VGPU_MD_FORM(in->c)) {
	case VGPU_MD_FORM_W:
		e->op.a = place_v(in->a);
		e->op.b = place_v(in->op == VGPU_OP_CPASYNC ? in->b : 0);
		break;
	case VGPU_MD_FORM_SV:
		e->op.a = place_base(in->a);
		e->op.b = place_v(in->b);
		break;
	case VGPU_MD_FORM_SP:
		e->op.a = place_base(in->a);
		e->op.y = in->b * sizeof(struct eng_pattern);
		break;
	default:
		e->op.a = place_base(in->a);
		break;
	}
	if (e->info->mod == OPM_ORDER && in->mod >= VGPU_ORDER_RELAXED)
		e->op.sel = 1;
	set_form_handler(e);
}

static void decode_memory(struct emitter *e)
{
	const struct vgpu_insn *in = e->in;

	if (e->info->kind[OPF_C] == OPK_M) {
		decode_access(e);
	} else if (e->info->imm == OPI_ATOMIC) {
		e->op.a = place_v(in->a);
		e->op.b = place_v(in->b);
		e->op.c = in->c == VGPU_NONE ? place_tmp(OPF_C) : place_v(in->c);
		e->op.d = in->d == VGPU_NONE ? place_tmp(OPF_A) : place_v(in->d);
		e->op.sel = in->d != VGPU_NONE;
	} else {
		put_plain(e);
	}
	if (e->info->mod == OPM_MBAR) {
		bool test = (in->mod & VGPU_MBAR_OP) >= VGPU_MBAR_TEST;

		e->op.d = test ? place_p(in->d) : in->d == VGPU_NONE ? place_tmp(OPF_A) :
			  place_v(in->d);
		e->op.b = in->b == VGPU_NONE ? PLACE_ZERO : place_v(in->b);
	}
	e->op.x = space_of_op(in);
}

/* A's single values are made rows; member masks may stay immediate. */
static void decode_lane(struct emitter *e)
{
	enum op_field f;

	put_plain(e);
	for (f = OPF_A; f < OPF_COUNT; f++) {
		if (e->info->kind[f] != OPK_X && e->info->kind[f] != OPK_Y)
			continue;
		if (f != OPF_A && get(e, f) == VGPU_SRC_IMM) {
			put_single(e, f);
		} else {
			put_source(e, f);
			e->op.md |= bit(f);
		}
	}
}

static void decode_matrix(struct emitter *e)
{
	put_plain(e);
	if (e->in->op != VGPU_OP_MMA && e->in->op != VGPU_OP_MMASP)
		return;
	if (e->in->c == VGPU_NONE)
		e->op.sel = 1;
	else
		e->op.c = place_v(e->in->c);
}

/* ---- one instruction -------------------------------------------------------------------------------- */

/*
 * Instructions on f16 and integers whose result no flushing of f32 denormals changes, as all
 * that they compute with is larger than those or zero, or, rounded to nearest, ends as zero.
 */
static bool minds_rounding_only(const struct vgpu_insn *in)
{
	switch (in->op) {
	case VGPU_OP_HADD:
	case VGPU_OP_HSUB:
	case VGPU_OP_HMUL:
	case VGPU_OP_HFMA:
	case VGPU_OP_H2F:
		return true;
	case VGPU_OP_F2H:
	case VGPU_OP_F2H2:
	case VGPU_OP_I2F:
	case VGPU_OP_U2F:
		return !(in->mod & VGPU_CVT_ROUND);
	default:
		return false;
	}
}

/* The float environment that an instruction wants while mode @mode is in force */
static u32 environment(const struct vgpu_insn *in, const struct op_info *info, u32 mode)
{
	if (info->class == OPC_MAT || info->mod == OPM_ATOM || info->mod == OPM_REDUX)
		return 0;
	if (minds_rounding_only(in))
		return mode & VGPU_FMODE_FTZ;
	if (in->op >= VGPU_OP_HADD && in->op <= VGPU_OP_Q82B)
		return 0;
	if (in->op >= VGPU_OP_FRCPA && in->op <= VGPU_OP_FTANHA)
		return mode & VGPU_FMODE_FTZ;
	if (in->op == VGPU_OP_DRCPA || in->op == VGPU_OP_DRSQA || in->op == VGPU_OP_FDIVA ||
	    in->op == VGPU_OP_FSCALEACC)
		return mode & VGPU_FMODE_FTZ;
	return mode;
}

/* The step that saturates this instruction's result to [0, 1], or 0 */
static u32 saturation(const struct vgpu_insn *in, const struct op_info *info)
{
	if (info->mod == OPM_SAT)
		return in->mod & VGPU_SAT ? EU_FSAT : 0;
	if ((info->mod != OPM_CVT && info->mod != OPM_CVTI) || !(in->mod & VGPU_CVT_SAT))
		return 0;
	switch (in->op) {
	case VGPU_OP_F2H2:	/* these saturate to finite values, by themselves */
	case VGPU_OP_F2B2:
	case VGPU_OP_F2TF32:
		return 0;
	case VGPU_OP_F2B:
	case VGPU_OP_I2B:
		return EU_BSAT;
	case VGPU_OP_F2H:
	case VGPU_OP_D2H:
	case VGPU_OP_H2H:
	case VGPU_OP_I2H:
		return EU_HSAT;
	default:
		return info->kind[OPF_D] == OPK_W ? EU_DSAT : EU_FSAT;
	}
}

/* Instructions that move bits only, and yet flush where the mode says so */
static bool flushes_itself(u32 op)
{
	return op == VGPU_OP_FNEG || op == VGPU_OP_FABS || op == VGPU_OP_FMIN ||
	       op == VGPU_OP_FMAX;
}

static void decode_main(struct emitter *e)
{
	const struct cmp_set *cmp;

	switch (e->info->class) {
	case OPC_CTRL:
		decode_control(e);
		break;
	case OPC_SCALAR:
	case OPC_SVEC:
		decode_scalar(e);
		break;
	case OPC_SMEM:
	case OPC_MEM:
		decode_memory(e);
		break;
	case OPC_LANE:
		decode_lane(e);
		break;
	case OPC_MAT:
		decode_matrix(e);
		break;
	default:
		cmp = find_cmp(e->in->op);
		if (cmp)
			decode_compare(e, cmp);
		else
			decode_alu(e);
		break;
	}
}

/* Makes the elements of instruction @pc; returns how many. */
static u32 decode_insn(const struct engine_code *code, const struct engine_prog *prog, u32 pc,
		       struct eng_op *out)
{
	const struct vgpu_insn *in = &code->insns[pc];
	struct emitter e = {
		.code = code, .prog = prog, .in = in, .info = &op_table[in->op], .pc = pc,
		.out = out,
	};
	u32 mode = code->fmode[pc], env = environment(in, e.info, mode), sat, fuel = dear(in);

	e.op = (struct eng_op) {
		.mod = in->mod, .imm = in->imm, .pc = pc, .fmode = mode, .g = ENG_GUARD_TRUE,
	};
	set_handler(&e, in->op);
	if (in->guard & VGPU_GUARD)
		e.op.g = (in->guard & VGPU_GUARD_PRED) |
			 (in->guard & VGPU_GUARD_NOT ? ENG_GUARD_NOT : 0);
	if (e.info->imm == OPI_SRC)
		e.op.x = (u32)((s32)in->imm >> 31);
	if ((pc & (FUEL_EVERY - 1)) == FUEL_EVERY - 1)
		fuel += FUEL_EVERY;
	if (fuel)
		emit(&e, EU_FUEL)->y = fuel;
	if (env != mode)
		emit(&e, EU_FPENV)->imm = env;
	if (mode & VGPU_FMODE_FTZ && flushes_itself(in->op))
		e.op.mod |= ENG_MOD_FTZ;
	decode_main(&e);
	out[e.n++] = e.op;
	sat = saturation(in, e.info);
	if (sat) {
		struct eng_op *op = emit(&e, sat);

		op->h += !!(in->guard & VGPU_GUARD);
		op->g = e.op.g;
		op->a = e.op.d;
		op->d = e.op.d;
	}
	if (env != mode)
		emit(&e, EU_FPENV)->imm = mode;
	return e.n;
}

/* ---- the whole ------------------------------------------------------------------------------------------ */

/* V registers that code after a call in function @func may touch */
static u32 registers_of(const struct engine_code *code, u32 func)
{
	u32 i, n = 0;

	for (i = 0; i < code->kernel_count; i++)
		if (code->kernels[i].func == func)
			n = max_t(u32, n, code->kernels[i].vregs);
	return n;
}

static int find_return_points(const struct engine_code *code, struct engine_prog *prog)
{
	u32 pc, f = VGPU_NO_PC, n = 0;

	for (pc = 0; pc + 1 < code->insn_count; pc++) {
		u16 op = code->insns[pc].op;
		u32 in;

		if (op != VGPU_OP_CALL && op != VGPU_OP_CALLI)
			continue;
		if (!prog->need)
			prog->need = engine_alloc(code->insn_count * sizeof(*prog->need));
		if (!prog->need)
			return -ENOMEM;
		in = engine_code_func(code, pc);
		if (in != f) {
			f = in;
			n = registers_of(code, f);
		}
		prog->need[pc + 1] = 1 + n;
	}
	return 0;
}

static int decode_all(struct engine_code *code, struct engine_prog *prog)
{
	struct eng_op scratch[MAX_PARTS];
	u32 pc, at = 0, i;
	int ret;

	for (i = 0; i < code->pattern_count; i++)
		eng_pattern_prepare(&prog->patterns[i], &code->patterns[i], prog->isa->bytes);
	for (pc = 0; pc < code->insn_count; pc++) {
		prog->first[pc] = at;
		at += decode_insn(code, prog, pc, scratch);
		if (!(pc & 0xffff) && engine_interrupted())
			return -EINTR;
	}
	prog->count = at;
	prog->ops = engine_alloc(((size_t)at + 1) * sizeof(*prog->ops));
	if (!prog->ops)
		return -ENOMEM;
	for (pc = 0, at = 0; pc < code->insn_count; pc++) {
		u32 n = decode_insn(code, prog, pc, scratch);

		memcpy(&prog->ops[at], scratch, n * sizeof(*scratch));
		at += n;
		if (!(pc & 0xffff) && engine_interrupted())
			return -EINTR;
	}
	prog->ops[at] = (struct eng_op) { .h = 2 * EU_LOST };
	for (i = 0; i < code->target_count; i++)
		prog->tables[i] = prog->first[code->targets[i]];
	ret = eng_fuse(prog);
	return ret ? ret : find_return_points(code, prog);
}

int engine_decode(struct engine_code *code)
{
	struct engine_prog *prog = engine_alloc(sizeof(*prog));
	int ret = -ENOMEM;

	BUILD_BUG_ON(sizeof(struct eng_op) != 32);
	BUILD_BUG_ON(offsetof(struct eng_op, x) != offsetof(struct eng_op, imm) + 4);
	BUILD_BUG_ON(ENG_WORD(v) + VGPU_MAX_VREGS * ENG_LANES > 0xffff);
	if (!prog)
		return -ENOMEM;
	code->prog = prog;
	prog->isa = eng_isa_now();
	prog->first = engine_alloc(code->insn_count * sizeof(u32));
	prog->tables = engine_alloc(code->target_count * sizeof(u32));
	prog->patterns = engine_alloc(code->pattern_count * sizeof(*prog->patterns));
	if (prog->first && prog->tables && prog->patterns)
		ret = decode_all(code, prog);
	if (ret) {
		engine_decode_free(code);
		return ret;
	}
	code->prog_bytes = sizeof(*prog) + (prog->count + 1ULL) * sizeof(*prog->ops) +
			   code->insn_count * (sizeof(u32) + (prog->need ? sizeof(u16) : 0)) +
			   code->target_count * sizeof(u32) +
			   code->pattern_count * sizeof(*prog->patterns) +
			   prog->twin_count * sizeof(*prog->twins);
	return 0;
}

void engine_decode_free(struct engine_code *code)
{
	struct engine_prog *prog = code->prog;

	if (!prog)
		return;
	engine_free(prog->need);
	engine_free(prog->twins);
	engine_free(prog->patterns);
	engine_free(prog->tables);
	engine_free(prog->first);
	engine_free(prog->ops);
	engine_free(prog);
	code->prog = NULL;
}
