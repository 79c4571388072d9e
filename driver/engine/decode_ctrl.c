// SPDX-License-Identifier: GPL-2.0
/*
 * Decoding control and scalar instructions: targets as distances between elements, and the
 * fuel that a way back takes.
 */
#include "decode.h"

#define CALL_COST	8

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
	struct cmp_rule rule = eng_int_rules[e->in->mod & ~VGPU_SCMP_32];
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

void eng_decode_control(struct emitter *e)
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

void eng_decode_scalar(struct emitter *e)
{
	u32 uop;

	put_plain(e);
	if (e->in->op == VGPU_OP_SMOVI)
		e->op.x = (u32)e->in->c << 16 | e->in->b;
	if (e->in->op == VGPU_OP_SBASE || e->in->op == VGPU_OP_SBASEW)
		e->op.y = e->in->b * sizeof(struct eng_pattern);
	if (e->info->mod == OPM_S32 && e->in->mod & VGPU_S32) {
		uop = eng_find_variant(e->in->op, IS_32);
		set_handler(e, uop);
	}
}
