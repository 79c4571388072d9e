// SPDX-License-Identifier: MIT
/*
 * Selection of shadows (shadow.c): beside the value in every lane, the scalar that it is
 * with a pattern of lanes; and the addresses that are said with them.
 */
#include "lower.h"
#include "shadow.h"

static const struct affine *info(const struct low *l, const struct ir_reg *r)
{
	return &l->shadows->aff->of[r->id];
}

/**
 * struct shade - a shadow in the making
 * @v: scalar or immediate
 * @off: added to it; kept apart so that accesses near each other have one base. Words have none
 */
struct shade {
	struct mopnd v;
	s64 off;
};

static struct shade shade_of(struct low *l, const struct ir_operand *o)
{
	struct shade s = { .off = 0 };

	if (o->kind == OPND_REG && l->shadows->kind[o->reg->id] == SHADOW_CONSTANT) {
		s.v = mo_imm((u64)info(l, o->reg)->c);
	} else if (o->kind == OPND_REG && l->shadows->kind[o->reg->id] != SHADOW_SCALAR) {
		s.v = mo_reg(l->shadow[o->reg->id].reg);
		s.off = l->shadow[o->reg->id].off;
	} else {
		s.v = low_src(l, o);
		if (s.v.kind != MO_IMM)
			s.v = low_to_scalar(l, s.v);
	}
	return s;
}

static struct shade plus(struct low *l, bool narrow, struct shade s, s64 k)
{
	if (!narrow)
		s.off = (s64)((u64)s.off + (u64)k);
	else if (k)
		s.v = low_s2(l, VGPU_OP_SADD, true, s.v, mo_imm((u64)k));
	return s;
}

/* In one piece, for what is more than a sum */
static struct mopnd whole(struct low *l, bool narrow, struct shade s)
{
	return s.off ? low_s2(l, VGPU_OP_SADD, narrow, s.v, mo_imm((u64)s.off)) : s.v;
}

/* ---- one instruction ---- */

static struct shade add(struct low *l, bool narrow, struct shade x, struct shade y)
{
	if (y.v.kind == MO_IMM)
		return plus(l, narrow, x, (s64)((u64)y.v.imm + (u64)y.off));
	if (x.v.kind == MO_IMM)
		return plus(l, narrow, y, (s64)((u64)x.v.imm + (u64)x.off));
	x.v = low_s2(l, VGPU_OP_SADD, narrow, x.v, y.v);
	return plus(l, narrow, x, y.off);
}

static struct shade times(struct low *l, bool narrow, struct shade x, s64 m)
{
	x.v = low_s2(l, VGPU_OP_SMUL, narrow, x.v, mo_imm((u64)m));
	x.off = (s64)((u64)x.off * (u64)m);
	return x;
}

/* One is a constant. */
static struct shade product(struct low *l, const struct ir_insn *i, bool narrow)
{
	struct shade x = shade_of(l, &i->ops[1]), y = shade_of(l, &i->ops[2]);

	if (x.v.kind == MO_IMM) {
		struct shade swap = x;

		x = y;
		y = swap;
	}
	if (i->m.mul == MUL_WIDE) /* neither wraps nor is negative, see exact_product() */
		x.v = low_sext(l, x.v, VGPU_EXT_S32);
	x = times(l, narrow, x, (s64)y.v.imm);
	if (i->op == OP_MAD)
		x = add(l, narrow, x, shade_of(l, &i->ops[3]));
	return plus(l, narrow, x, shadow_addend(l->shadows, i));
}

static struct shade sum(struct low *l, const struct ir_insn *i, bool narrow)
{
	struct shade x = shade_of(l, &i->ops[1]), y = shade_of(l, &i->ops[2]);
	s64 k = shadow_addend(l->shadows, i);

	if (i->op == OP_SHL)
		x = times(l, narrow, x, (s64)(1ull << y.v.imm));
	else if (i->op == OP_ADD)
		x = add(l, narrow, x, y);
	else if (y.v.kind == MO_IMM)
		k -= (s64)y.v.imm;
	else {
		x.v = low_s2(l, VGPU_OP_SSUB, narrow, x.v, y.v);
		k -= y.off;
	}
	return plus(l, narrow, x, k);
}

/* Shifts and masks work on the part that the lanes have in common, which their own does not touch. */
static struct shade common_bits(struct low *l, const struct ir_insn *i, bool narrow)
{
	s64 own = info(l, i->ops[1].reg)->c, new = info(l, i->ops[0].reg)->c;
	struct shade x = shade_of(l, &i->ops[1]), by = shade_of(l, &i->ops[2]);

	if (i->op == OP_OR || i->op == OP_XOR) /* with what the common part has not */
		return plus(l, narrow, x, new - own);
	x.v = whole(l, narrow, plus(l, narrow, x, -own));
	x.off = 0;
	if (i->op == OP_AND)
		x.v = low_s2(l, VGPU_OP_SAND, narrow, x.v, by.v);
	else
		x.v = low_s2(l, type_is_signed(i->types[0]) ? VGPU_OP_SSHRS : VGPU_OP_SSHRU, narrow, x.v, by.v);
	return plus(l, narrow, x, new);
}

static struct shade converted(struct low *l, const struct ir_insn *i)
{
	u32 to = ir_type_bits(i->ops[0].reg->type), from = ir_type_bits(i->ops[1].reg->type);
	struct shade x = shade_of(l, &i->ops[1]);

	if (to == from || x.v.kind == MO_IMM)
		return x;
	x.v = low_sext(l, whole(l, false, x), to > from ? VGPU_EXT_S32 : VGPU_EXT_U32);
	x.off = 0;
	return x;
}

static struct shade linear(struct low *l, const struct ir_insn *i)
{
	bool narrow = ir_type_bits(i->ops[0].reg->type) == 32;

	switch (i->op) {
	case OP_MOV:
	case OP_CVTA:
		return shade_of(l, &i->ops[1]);
	case OP_CVT:
		return converted(l, i);
	case OP_MUL:
	case OP_MAD:
		return product(l, i, narrow);
	case OP_SHR:
	case OP_AND:
	case OP_OR:
	case OP_XOR:
		return common_bits(l, i, narrow);
	default:
		return sum(l, i, narrow);
	}
}

static u32 pattern(struct low *l, const struct lanes *p)
{
	return object_pattern(l->unit->object, p->n);
}

/* Finds the scalar when the program runs; lanes that have another one come again. */
static struct shade anchor(struct low *l, const struct ir_insn *i)
{
	bool narrow = ir_type_bits(i->ops[0].reg->type) == 32;
	struct mopnd d = low_temp(l, MC_S), v;
	struct minsn *m;

	v = low_vector(l, low_src(l, &i->ops[0]), narrow ? MC_V : MC_W);
	m = low_op2(l, narrow ? VGPU_OP_SBASE : VGPU_OP_SBASEW, d, v,
		    mo_num((u16)pattern(l, info(l, i->ops[0].reg)->lanes)));
	l->f->vregs[d.reg].narrow = narrow;
	if (!l->anchor[i->block->id])
		l->anchor[i->block->id] = m;
	return (struct shade){ .v = d };
}

static bool is_wanted(const struct low *l, const struct ir_insn *i)
{
	return i->nops && i->ops[0].def && i->ops[0].kind == OPND_REG && i->ops[0].reg->def == i &&
	       l->shadows->wanted[i->ops[0].reg->id];
}

static struct shade first_thread(struct low *l, const struct ir_operand *o)
{
	struct mopnd s = low_t1(l, VGPU_OP_SFIRST, MC_S, low_src(l, o));

	/* whole warps of a row: the first thread's number ends in zeros */
	return (struct shade){ .v = low_s2(l, VGPU_OP_SAND, true, s, mo_imm(~(u64)(LANES - 1))) };
}

void low_shadow(struct low *l, struct ir_insn *i)
{
	struct low_shadow *to;
	struct shade s;

	if (!is_wanted(l, i))
		return;
	switch (l->shadows->kind[i->ops[0].reg->id]) {
	case SHADOW_LINEAR:
		s = linear(l, i);
		break;
	case SHADOW_THREAD:
		s = first_thread(l, &i->ops[0]);
		break;
	case SHADOW_ANCHOR:
		s = anchor(l, i);
		break;
	default:
		return;
	}
	to = &l->shadow[i->ops[0].reg->id];
	to->reg = low_to_scalar(l, s.v).reg;
	to->off = s.off;
}

/* ---- phis ---- */

void low_shadow_phis(struct low *l, struct ir_block *b)
{
	struct ir_insn *i;
	struct minsn *m;

	for (i = b->first; i && i->op == OP_PHI; i = i->next) {
		if (!is_wanted(l, i) || l->shadows->kind[i->ops[0].reg->id] != SHADOW_LINEAR)
			continue;
		m = minsn_new(l->f, MOP_PHI, i->line);
		m->d = low_temp(l, MC_S);
		m->args = arena_array(l->f->arena, l->block->npreds + 1, struct mopnd);
		minsn_append(l->block, m);
		l->f->vregs[m->d.reg].narrow = ir_type_bits(i->ops[0].reg->type) == 32;
		l->shadow[i->ops[0].reg->id].reg = m->d.reg;
	}
	for (i = b->first; i && i->op == OP_PHI; i = i->next)
		if (is_wanted(l, i) && l->shadows->kind[i->ops[0].reg->id] == SHADOW_ANCHOR)
			low_shadow(l, i);
}

struct mopnd low_shadow_argument(struct low *l, const struct ir_operand *o, bool narrow)
{
	struct mopnd v = whole(l, narrow, shade_of(l, o));

	if (v.kind == MO_IMM && narrow)
		v.imm = (u64)(s64)(s32)v.imm;
	return v;
}

/* ---- addresses ---- */

void low_shadow_address(struct low *l, const struct ir_mem *m, struct low_addr *out)
{
	const struct ir_operand o = { .kind = OPND_REG, .reg = m->reg };
	const struct lanes *lanes = info(l, m->reg)->lanes;
	bool narrow = ir_type_bits(m->reg->type) == 32;
	struct shade s = shade_of(l, &o);

	s.off = (s64)((u64)s.off + (u64)m->off);
	if (s.v.kind == MO_IMM) {
		s.off = (s64)((u64)s.off + s.v.imm);
		s.v = mo_absent();
	}
	if (narrow) /* bits above mean nothing */
		s.off = (s32)s.off;
	if (s.off != (s32)s.off) {
		s.v = s.v.kind == MO_ABSENT ? low_const64(l, (u64)s.off) : whole(l, false, s);
		s.off = 0;
	}
	out->a = s.v;
	out->off = s.off;
	out->form = VGPU_MD_FORM_S;
	if (lanes != l->shadows->aff->zero) {
		out->form = VGPU_MD_FORM_SP;
		out->b = mo_num((u16)pattern(l, lanes));
	}
}
