// SPDX-License-Identifier: GPL-2.0
/*
 * Decoding what accesses memory: the form of its addresses and the handler for that; and what
 * works across lanes or on matrices.
 */
#include "decode.h"

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
		uop = eng_find_variant(in->op, word ? IS_W32 : IS_W16);
	} else if (form == VGPU_MD_FORM_SV && word && VGPU_MD_GET_SHIFT(in->c) == 2) {
		uop = eng_find_variant(in->op, IS_SV32);
	} else if (form == VGPU_MD_FORM_SV && one && width == 1 && VGPU_MD_GET_SHIFT(in->c) == 1 &&
		   !(in->c & VGPU_MD_SIGNED)) {
		uop = eng_find_variant(in->op, IS_SV16);
	} else if (form == VGPU_MD_FORM_S) {
		uop = word ? eng_find_variant(in->op, IS_S32) : 0;
		if (!uop)
			uop = eng_find_variant(in->op, IS_S);
	} else if (form == VGPU_MD_FORM_SP) {
		const struct eng_pattern *pat = &e->prog->patterns[in->b];
		bool row = word && pat->kind == ENG_PAT_STRIDE && pat->stride == 4;

		/* those of records do not ask any more whether it is weak and aligned */
		bool plain = !e->op.sel && !(pat->bits & e->op.c);

		if (!row && word)
			uop = eng_find_variant(in->op, IS_REC32 + (plain ? pat->record[0].kind : 0));
		else if (one && width == 1 && !(in->c & VGPU_MD_SIGNED))
			uop = eng_find_variant(in->op, IS_REC16 + (plain ? pat->record[1].kind : 0));
		if (!uop)
			uop = eng_find_variant(in->op, row ? IS_ROW : IS_SP);
	}
	if (uop)
		set_handler(e, uop);
}

/* Several elements that a card moves at once, so that others see all of them or none. */
static bool is_whole(u16 md)
{
	u32 count = VGPU_MD_GET_COUNT(md), log = VGPU_MD_GET_WIDTH(md) + count;

	return count && VGPU_MD_GET_ALIGN(md) == log && 1U << log <= ENG_MOST_WHOLE;
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
	if (e->op.sel && is_whole(in->c))
		e->op.md |= ENG_MD_WHOLE;
	set_form_handler(e);
}

void eng_decode_memory(struct emitter *e)
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
void eng_decode_lane(struct emitter *e)
{
	enum op_field f;

	put_plain(e);
	for (f = OPF_A; f < OPF_COUNT; f++) {
		if (e->info->kind[f] != OPK_X && e->info->kind[f] != OPK_Y)
			continue;
		if (f != OPF_A && get(e, f) == VGPU_SRC_IMM) {
			put_single(e, f);
		} else {
			put_source_at(e, f, place_sync(f, e->info->kind[f] == OPK_Y));
			e->op.md |= bit(f);
		}
	}
}

void eng_decode_matrix(struct emitter *e)
{
	put_plain(e);
	if (e->in->op != VGPU_OP_MMA && e->in->op != VGPU_OP_MMASP)
		return;
	if (e->in->c == VGPU_NONE)
		e->op.sel = 1;
	else
		e->op.c = place_v(e->in->c);
}
