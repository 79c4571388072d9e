// SPDX-License-Identifier: GPL-2.0
/*
 * One handler for what often follows each other: it executes this instruction and the
 * next one or two, and goes on behind them.
 *
 * Those stay what they are: who jumps to one of them executes it from there on, a handler
 * that cannot do all at once does the first alone, and faults name the instruction that they
 * belong to.
 */
#include "exec.h"

static bool is(const struct eng_op *op, u32 uop)
{
	return op->h == 2 * uop;	/* without a guard */
}

/* The predicate that @op makes decides the branch @bra */
static bool decides(const struct eng_op *op, const struct eng_op *bra)
{
	return bra->h / 2 == VGPU_OP_BRA && ENG_WORD(p) + (bra->g & ENG_GUARD_SLOT) == op->d;
}

static u32 fuse_compare(const struct eng_op *op)
{
	static const u16 made[][2] = {
		{ EV_SETPI_EQ_B, EV_SETPI_EQ_IF }, { EV_SETPI_LTS_B, EV_SETPI_LTS_IF },
		{ EV_SETPI_GTS_B, EV_SETPI_GTS_IF }, { EV_SETPI_LTU_B, EV_SETPI_LTU_IF },
		{ EV_SETPI_GTU_B, EV_SETPI_GTU_IF },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(made); i++)
		if (is(op, made[i][0]))
			return made[i][1];
	return 0;
}

/* A thread's place @op, its comparison and the branch that this decides */
static u32 fuse_place(const struct eng_op *op)
{
	const struct eng_op *compare = op + 2;

	if (!(is(compare, EV_SETPI_LTS_B) || is(compare, EV_SETPI_LTU_B)) ||
	    compare->a != op[1].d || !is(op + 3, VGPU_OP_BSSY) || !decides(compare, op + 4))
		return EV_SREGV_IADD;
	return is(compare, EV_SETPI_LTS_B) ? EV_SREGV_LTS_IF : EV_SREGV_LTU_IF;
}

/* What is computed of two loads @op and stored by their index */
static u32 fuse_two(const struct eng_op *op)
{
	static const struct {
		u16 op, uop;
		bool c;		/* the second row is C, not B */
		bool reverse;	/* the first row is the second load's */
	} made[] = {
		{ VGPU_OP_FADD, EV_LDG_TWO_FADD, false, false },
		{ VGPU_OP_FADD, EV_LDG_TWO_FADD, false, true },
		{ VGPU_OP_FSUB, EV_LDG_TWO_FSUB, false, false },
		{ VGPU_OP_FMUL, EV_LDG_TWO_FMUL, false, false },
		{ VGPU_OP_FMUL, EV_LDG_TWO_FMUL, false, true },
		{ EV_FFMA_B, EV_LDG_TWO_FFMA, true, false },
		{ EV_FFMA_B, EV_LDG_TWO_FFMA_REV, true, true },
	};
	const struct eng_op *sum = op + 2, *store = op + 3;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(made); i++)
		if (is(sum, made[i].op) && sum->a == op[made[i].reverse].d &&
		    (made[i].c ? sum->c : sum->b) == op[!made[i].reverse].d)
			break;
	if (i == ARRAY_SIZE(made) || !is(store, EV_STG_SV32) || store->sel ||
	    store->d != sum->d || store->b != op->b || sum->d == op->b || op[1].d == op->b ||
	    op[1].d == op->d)
		return EV_LDG_SV32_TWO;
	return made[i].uop;
}

/* Both nibbles of @op's bytes, without a sign, and their products, which read no row that was just written but as A and C; or 0 */
static u32 fuse_nibbles(const struct eng_op *op)
{
	const struct eng_op *high = op + 2, *dot = op + 3, *last = op + 4;
	bool row;

	if (!is(op, EV_AND_I) || !is(op + 1, EV_SHRU_I) || op[1].a != op->a || op->d == op->a ||
	    !is(high, EV_AND_I) || high->a != op[1].d || high->d != op[1].d || high->d == op->d ||
	    (op->imm | high->imm) & 0x80808080)
		return 0;
	row = is(dot, EV_DP4A_SS);
	if (!(row || is(dot, EV_DP4A_SSI)) || dot->a != op->d || dot->b == op->d ||
	    dot->b == high->d || dot->d == high->d || (row && (dot->c == op->d || dot->c == high->d)))
		return 0;
	if (!is(last, EV_DP4A_SS) || last->a != high->d || last->c != dot->d || last->b == op->d ||
	    last->b == high->d || last->b == dot->d)
		return 0;
	return row ? EV_AND_NIBBLES_C : EV_AND_NIBBLES;
}

/* Two halves and their product */
static bool is_product(const struct eng_op *op)
{
	const struct eng_op *y = op + 1, *product = op + 2;

	return is(op, EV_H2F_RN) && is(y, EV_H2F_RN) && y->a != op->d && y->d != op->d &&
	       is(product, VGPU_OP_FMUL) &&
	       ((product->a == op->d && product->b == y->d) || (product->a == y->d && product->b == op->d));
}

/* The handler for @op and what follows, or 0; at the end stands what is nobody's part */
static u32 fused(const struct eng_op *op, bool chains)
{
	const struct eng_op *next = op + 1;

	if (is(op, VGPU_OP_SREGV) && op->imm == VGPU_SREG_TID_X &&
	    (is(next, EV_IADD_B) || is(next, EV_IADD_I)) && next->a == op->d)
		return fuse_place(op);
	if (is(op, VGPU_OP_BSYNC) && is(next, VGPU_OP_EXIT))
		return EV_BSYNC_EXIT;
	if (is(op, EV_LDG_SV32) && is(next, EV_LDG_SV32) && next->b == op->b &&
	    op->d != op->b && !op->sel && !next->sel)
		return chains ? fuse_two(op) : EV_LDG_SV32_TWO;
	if (chains && is(op, EV_AND_I))
		return fuse_nibbles(op);
	if (chains && is_product(op))
		return EV_H2F_PRODUCT;
	if (is(next, VGPU_OP_BSSY) && decides(op, next + 1))
		return fuse_compare(op);
	return 0;
}

/* ---- pairs by their names (pairs.h) ------------------------------------------------------ */

/* Those of instructions, and of variants */
enum {
#define VGPU_OP(NAME, TEXT, D, A, B, C, MOD, IMM, CLASS, MEANING) NAME_##NAME = VGPU_OP_##NAME,
#include "../../uapi/vgpu_isa_ops.h"
#undef VGPU_OP
#define EV(NAME, VARIANT) NAME_##NAME##_##VARIANT = EV_##NAME##_##VARIANT,
#include "variants.h"
#undef EV
};

enum kind { KIND_ROWS, KIND_LOAD, KIND_UNIT, KIND_A, KIND_B, KIND_C };	/* the last three: chained */

static const struct pair {
	u16 first, second, uop;
	u16 kind;
} pairs[] = {
#define EF(KIND, FIRST, SECOND) \
	{ NAME_##FIRST, NAME_##SECOND, EF_##KIND##_##FIRST##_##SECOND, KIND_##KIND },
#include "pairs.h"
#undef EF
};

/* Whether the second of two finds the first one's result where the pair's handler says */
static bool chained(const struct pair *p, const struct eng_op *op)
{
	switch (p->kind) {
	case KIND_A:
		return op[1].a == op[0].d && !(op[1].sel & ENG_SEL_A);
	case KIND_B:
		return op[1].b == op[0].d && !(op[1].sel & ENG_SEL_B);
	case KIND_C:
		return op[1].c == op[0].d && !(op[1].sel & ENG_SEL_C);
	default:
		return true;
	}
}

/* The pair that begins at @op, or NULL; of control, a guard is the handler's own matter. */
static const struct pair *find_pair(const struct eng_op *op)
{
	u32 i, second = op[1].h;

	if (second / 2 == VGPU_OP_BRA)
		second &= ~1U;
	for (i = 0; i < ARRAY_SIZE(pairs); i++)
		if (op->h == 2 * pairs[i].first && second == 2 * pairs[i].second &&
		    chained(&pairs[i], op))
			return &pairs[i];
	return NULL;
}

/* Rather the next two, if those go through registers */
static bool better(const struct pair *here, const struct pair *next)
{
	return next && here->kind < KIND_A && next->kind >= KIND_A;
}

/* The handler of the pair that begins at element @i, or 0 */
static u32 paired(const struct engine_prog *prog, u32 i)
{
	const struct eng_op *op = &prog->ops[i];
	const struct pair *here = prog->isa->pairs ? find_pair(op) : NULL;

	if (!here || (i + 1 < prog->count && better(here, find_pair(op + 1))))
		return 0;
	return here->uop;
}

/* ---- two loads by record from one base (pattern.c) ---------------------------------------- */

/* 0, or for a load by record in global memory without a guard the bytes of its elements */
static u32 record_bytes(const struct eng_op *op)
{
	if (is(op, EV_LDG_REC32_D2) || is(op, EV_LDG_REC32_D4) || is(op, EV_LDG_REC32_W2) ||
	    is(op, EV_LDG_REC32_W3))
		return 4;
	if (is(op, EV_LDG_REC16_D2) || is(op, EV_LDG_REC16_D4) || is(op, EV_LDG_REC16_W2) ||
	    is(op, EV_LDG_REC16_W3))
		return 2;
	return 0;
}

static bool may_be_twins(const struct eng_op *op)
{
	return record_bytes(op) && record_bytes(op + 1) && op[0].a == op[1].a;
}

static u32 twin_handler(const struct eng_op *op, u32 kind)
{
	static const u16 made[2][2][2] = {
		{ { EV_LDG_TWIN_WW_W3, EV_LDG_TWIN_WW_D4 },
		  { EV_LDG_TWIN_WH_W3, EV_LDG_TWIN_WH_D4 } },
		{ { EV_LDG_TWIN_HW_W3, EV_LDG_TWIN_HW_D4 },
		  { EV_LDG_TWIN_HH_W3, EV_LDG_TWIN_HH_D4 } },
	};

	return made[record_bytes(op) == 2][record_bytes(op + 1) == 2][kind == ENG_REC_D4];
}

static int fuse_twins(struct engine_code *code)
{
	struct engine_prog *prog = code->prog;
	struct eng_op *op = prog->ops;
	u32 i, n = 0;

	for (i = 0; i < prog->count; i++)
		n += may_be_twins(&op[i]);
	/* B, which this form does not use, is to say where each lies; X says the memory, for the slow way */
	n = min_t(u32, n, 0x10000 * ENG_TWIN_UNIT / sizeof(*prog->twins));
	if (!n)
		return 0;
	prog->twins = engine_code_alloc(code, n * sizeof(*prog->twins));
	if (!prog->twins)
		return -ENOMEM;
	for (i = 0; i < prog->count && prog->twin_count < n; i++) {
		struct eng_twin *t = &prog->twins[prog->twin_count];

		if (!may_be_twins(&op[i]) || !eng_twin_prepare(t, &op[i], prog))
			continue;
		op[i].h = 2 * twin_handler(&op[i], t->kind);
		op[i].b = prog->twin_count++ * (sizeof(*t) / ENG_TWIN_UNIT);
		i++;
		if (engine_interrupted())
			return -EINTR;
	}
	return 0;
}

int eng_fuse(struct engine_code *code)
{
	struct engine_prog *prog = code->prog;
	u32 i, uop;
	int ret = prog->isa->pairs ? fuse_twins(code) : 0;

	if (ret)
		return ret;
	for (i = 0; i < prog->count; i++) {
		uop = fused(&prog->ops[i], prog->isa->chains);
		if (!uop)
			uop = paired(prog, i);
		if (uop)
			prog->ops[i].h = 2 * uop;
		if (!(i & 0xffff) && engine_interrupted())
			return -EINTR;
	}
	return 0;
}
