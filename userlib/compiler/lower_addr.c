// SPDX-License-Identifier: MIT
/*
 * Selection of addresses: a sum is taken apart into a scalar base, one
 * 32-bit lane offset, and a constant, wherever the definitions show it.
 */
#include "launch.h"
#include "lower.h"

#define MAX_BASES 4
#define MAX_DEPTH 24

/**
 * struct sum - an address taken apart
 * @base: scalars, and room for an @off that an instruction has none for
 * @lane: the offset that differs between lanes, extended, then shifted
 * @off: constant
 * @opaque: it cannot be written so
 * @dry: only to find that out: nothing is emitted
 * @nbases: how many at @base
 * @shift: of @lane
 * @sext: @lane is signed
 */
struct sum {
	struct mopnd base[MAX_BASES + 1];
	u32 nbases;
	bool dry;
	const struct ir_operand *lane;
	u8 shift;
	bool sext;
	s64 off;
	bool opaque;
};

/* ---- variables ---- */

static struct mopnd hidden_param(struct low *l, u32 offset, u32 width)
{
	struct mopnd d;
	struct minsn *i;
	u32 r;

	if (cache_find(l, CACHE_BASE, offset, width, &r))
		return mo_reg(r);
	d = low_temp(l, MC_S);
	i = low_op(l, VGPU_OP_SLD, d, mo_absent(), NO, mo_num(VGPU_MD_WIDTH(width) | VGPU_MD_ALIGN(width)));
	i->mod = VGPU_SPACE_PARAM;
	i->imm = l->unit->hidden + offset;
	cache_add(l, CACHE_BASE, offset, width, d.reg);
	return d;
}

struct mopnd low_hidden(struct low *l, u32 n)
{
	if (n >= sizeof(struct vgpucc_hidden) / 4)
		return mo_imm(0);
	return hidden_param(l, 4 * n, 2);
}

/* Offset in the lane's frame of what lives there. */
static s64 frame_offset(struct low *l, const struct ir_var *v)
{
	const struct ir_proto *p = &l->b->func->proto;

	switch (v->space == SP_PARAM ? v->pkind : PARAM_NONE) {
	case PARAM_FUNC:
		return v->offset;
	case PARAM_RET:
		return ((p->param_size + 15) & ~15ull) + v->offset;
	default:
		return l->var_offset[v->id];
	}
}

static bool in_frame(const struct ir_var *v)
{
	return v->space == SP_LOCAL || (v->space == SP_PARAM && v->pkind != PARAM_ENTRY);
}

struct mopnd low_var_address(struct low *l, const struct ir_var *v, s64 off, bool generic)
{
	struct mopnd base;
	s64 o;

	if (in_frame(v)) {
		o = frame_offset(l, v) + off;
		if (l->b->func->entry)
			return mo_imm((generic ? VGPU_WINDOW_LOCAL : 0) + o);
		base = low_s2(l, VGPU_OP_SADD, false, mo_phys(MC_S, M_STACK_REG), mo_imm(o));
		return generic ? low_s2(l, VGPU_OP_SOR, false, base, low_const64(l, VGPU_WINDOW_LOCAL)) : base;
	}
	switch (v->space) {
	case SP_SHARED:
		return mo_imm((generic ? VGPU_WINDOW_SHARED : 0) + unit_shared(l->unit, v) + off);
	case SP_PARAM:
		return mo_imm((generic ? VGPU_WINDOW_PARAM : 0) + v->offset + off);
	case SP_GLOBAL:
	case SP_CONST:
		base = hidden_param(l, offsetof(struct vgpucc_hidden, globals), 3);
		o = layout_offset(l->b->mod, v) + off;
		return o ? low_s2(l, VGPU_OP_SADD, false, base, mo_imm(o)) : base;
	default:
		low_refuse(l, "variable '%s' in space %s is not supported", v->name, ir_space_name(v->space));
	}
}

/* ---- spaces ---- */

static enum vgpu_space space_of_var(const struct ir_var *v)
{
	if (in_frame(v))
		return VGPU_SPACE_LOCAL;
	switch (v->space) {
	case SP_SHARED:
		return VGPU_SPACE_SHARED;
	case SP_PARAM:
		return VGPU_SPACE_PARAM;
	default:
		return VGPU_SPACE_GLOBAL;
	}
}

/* The space that a generic pointer was made from, if its making is in sight. */
static enum vgpu_space infer(const struct ir_reg *r, u32 depth)
{
	const struct ir_insn *d = r->def;

	if (!d || depth > MAX_DEPTH)
		return VGPU_SPACE_GENERIC;
	switch (d->op) {
	case OP_CVTA:
		if (d->m.to)
			return VGPU_SPACE_GENERIC;
		switch (d->m.space) {
		case SPC_SHARED:
		case SPC_SHARED_CTA:
			return VGPU_SPACE_SHARED;
		case SPC_LOCAL:
			return VGPU_SPACE_LOCAL;
		case SPC_GLOBAL:
		case SPC_CONST:
			return VGPU_SPACE_GLOBAL;
		default:
			return VGPU_SPACE_GENERIC;
		}
	case OP_ADD:
	case OP_SUB:
	case OP_MOV:
		if (d->ops[1].kind == OPND_REG && infer(d->ops[1].reg, depth + 1) != VGPU_SPACE_GENERIC)
			return infer(d->ops[1].reg, depth + 1);
		if (d->op == OP_ADD && d->ops[2].kind == OPND_REG)
			return infer(d->ops[2].reg, depth + 1);
		return VGPU_SPACE_GENERIC;
	default:
		return VGPU_SPACE_GENERIC;
	}
}

enum vgpu_space low_space(struct low *l, const struct ir_insn *i, const struct ir_mem *m)
{
	(void)l;
	switch (i->m.space) {
	case SPC_GLOBAL:
	case SPC_CONST:
		return VGPU_SPACE_GLOBAL;
	case SPC_SHARED:
	case SPC_SHARED_CTA:
	case SPC_SHARED_CLUSTER:
		return VGPU_SPACE_SHARED;
	case SPC_LOCAL:
		return VGPU_SPACE_LOCAL;
	case SPC_PARAM:
	case SPC_PARAM_ENTRY:
	case SPC_PARAM_FUNC:
		if (m->var)
			return space_of_var(m->var);
		return l->b->func->entry || i->m.space == SPC_PARAM_ENTRY ? VGPU_SPACE_PARAM : VGPU_SPACE_LOCAL;
	default:
		if (m->var)
			return space_of_var(m->var);
		return m->reg ? infer(m->reg, 0) : VGPU_SPACE_GENERIC;
	}
}

/* ---- taking apart ---- */

/* Addresses wrap around. */
static void add_offset(struct sum *s, u64 off)
{
	s->off = (s64)((u64)s->off + off);
}

static void add_base(struct sum *s, struct mopnd v)
{
	if (v.kind == MO_IMM)
		add_offset(s, v.imm);
	else if (s->nbases == MAX_BASES)
		s->opaque = true;
	else
		s->base[s->nbases++] = v;
}

static void add_lane(struct sum *s, const struct ir_operand *o, bool sext, u32 shift)
{
	if (s->lane || shift > 4)
		s->opaque = true;
	s->lane = o;
	s->sext = sext;
	s->shift = shift;
}

static bool power_of_two(u64 v, u32 *log)
{
	if (!v || v & (v - 1))
		return false;
	*log = __builtin_ctzll(v);
	return true;
}

static bool is_scalar_value(struct low *l, const struct ir_operand *o)
{
	return o->kind == OPND_IMM || o->kind == OPND_VAR ||
	       (o->kind == OPND_REG && (l->scalar[o->reg->id] || !o->reg->def));
}

static void add_scalar(struct low *l, struct sum *s, const struct ir_operand *o)
{
	if (!s->dry)
		add_base(s, low_src(l, o));
	else if (o->kind != OPND_IMM)
		add_base(s, mo_absent());
}

static void take_apart(struct low *l, const struct ir_operand *o, struct sum *s, u32 depth);

/* An extended 32-bit value, shifted left by @shift. */
static void take_extended(struct low *l, const struct ir_reg *r, struct sum *s, u32 shift)
{
	const struct ir_insn *d = r->def;

	if (d && d->op == OP_CVT && !d->guard && !d->m.sat && (d->types[0] == T_S64 || d->types[0] == T_U64) &&
	    (d->types[1] == T_S32 || d->types[1] == T_U32) && d->ops[1].kind == OPND_REG &&
	    ir_type_bits(d->ops[1].reg->type) == 32 && !l->scalar[d->ops[1].reg->id])
		add_lane(s, &d->ops[1], d->types[1] == T_S32, shift);
	else
		s->opaque = true;
}

static void take_product(struct low *l, const struct ir_insn *d, struct sum *s)
{
	u32 log;

	if ((d->types[0] != T_S32 && d->types[0] != T_U32) || d->ops[1].kind != OPND_REG ||
	    d->ops[2].kind != OPND_IMM || !power_of_two((u32)d->ops[2].imm, &log) ||
	    (d->types[0] == T_S32 && log == 31) || l->scalar[d->ops[1].reg->id])
		s->opaque = true;
	else
		add_lane(s, &d->ops[1], d->types[0] == T_S32, log);
}

/* Whether the sum that an address is can be followed through this instruction. */
static bool is_open(const struct ir_insn *d)
{
	switch (d->op) {
	case OP_ADD:
		return !d->m.cc && !d->m.sat;
	case OP_SUB:
		return !d->m.cc && !d->m.sat && d->ops[2].kind == OPND_IMM;
	case OP_CVTA:
		return d->m.space == SPC_GLOBAL || d->m.space == SPC_CONST;
	case OP_MUL:
	case OP_MAD:
		return d->m.mul == MUL_WIDE;
	case OP_SHL:
		return d->ops[1].kind == OPND_REG && d->ops[2].kind == OPND_IMM && d->ops[2].imm <= 4;
	case OP_MOV:
	case OP_CVT:
		return true;
	default:
		return false;
	}
}

static void take_def(struct low *l, const struct ir_insn *d, struct sum *s, u32 depth)
{
	if (!d || d->guard || depth > MAX_DEPTH || !is_open(d)) {
		s->opaque = true;
		return;
	}
	switch (d->op) {
	case OP_ADD:
		take_apart(l, &d->ops[1], s, depth + 1);
		take_apart(l, &d->ops[2], s, depth + 1);
		break;
	case OP_SUB:
		take_apart(l, &d->ops[1], s, depth + 1);
		add_offset(s, -d->ops[2].imm);
		break;
	case OP_MUL:
		take_product(l, d, s);
		break;
	case OP_MAD:
		take_product(l, d, s);
		take_apart(l, &d->ops[3], s, depth + 1);
		break;
	case OP_SHL:
		take_extended(l, d->ops[1].reg, s, d->ops[2].imm);
		break;
	case OP_CVT:
		take_extended(l, d->ops[0].reg, s, 0);
		break;
	default: /* mov, cvta */
		take_apart(l, &d->ops[1], s, depth + 1);
		break;
	}
}

static void take_apart(struct low *l, const struct ir_operand *o, struct sum *s, u32 depth)
{
	if (s->opaque)
		return;
	if (is_scalar_value(l, o))
		add_scalar(l, s, o);
	else if (o->kind != OPND_REG)
		s->opaque = true;
	else
		take_def(l, o->reg->def, s, depth);
}

/* The same for 32-bit addresses: sums and shifts wrap as the address does. */
static void take_apart32(struct low *l, const struct ir_operand *o, struct sum *s, u32 depth)
{
	const struct ir_insn *d;

	if (is_scalar_value(l, o)) {
		add_scalar(l, s, o);
		return;
	}
	d = o->kind == OPND_REG ? o->reg->def : NULL;
	if (d && !d->guard && depth < MAX_DEPTH && d->op == OP_ADD && !d->m.cc && !d->m.sat) {
		take_apart32(l, &d->ops[1], s, depth + 1);
		take_apart32(l, &d->ops[2], s, depth + 1);
	} else if (d && !d->guard && d->op == OP_SHL && d->ops[2].kind == OPND_IMM && d->ops[2].imm <= 4 &&
		   d->ops[1].kind == OPND_REG && !l->scalar[d->ops[1].reg->id] && !s->lane) {
		add_lane(s, &d->ops[1], false, d->ops[2].imm);
	} else {
		add_lane(s, o, false, 0);
	}
}

/* ---- putting together ---- */

static struct mopnd join_bases(struct low *l, struct sum *s)
{
	struct mopnd v;
	u32 k, r;

	if (s->off != (s32)s->off) {
		s->base[s->nbases++] = low_const64(l, s->off);
		s->off = 0;
	}
	if (!s->nbases)
		return mo_absent();
	v = low_to_scalar(l, s->base[0]);
	for (k = 1; k < s->nbases; k++) {
		struct mopnd b = low_to_scalar(l, s->base[k]);

		if (v.kind == MO_REG && b.kind == MO_REG && cache_find(l, CACHE_BASE, ~(u64)v.reg, b.reg, &r)) {
			v = mo_reg(r);
			continue;
		}
		struct mopnd t = low_s2(l, VGPU_OP_SADD, false, v, b);

		if (v.kind == MO_REG && b.kind == MO_REG)
			cache_add(l, CACHE_BASE, ~(u64)v.reg, b.reg, t.reg);
		v = t;
	}
	return v;
}

static void from_sum(struct low *l, struct sum *s, struct low_addr *out)
{
	out->a = join_bases(l, s);
	out->off = s->off;
	out->form = VGPU_MD_FORM_S;
	if (s->lane) {
		out->form = VGPU_MD_FORM_SV;
		out->b = low_vector(l, low_src(l, s->lane), MC_V);
		out->shift = s->shift;
		out->sext = s->sext;
	}
}

/* The low 32 bits of an address, as a vector register. */
static struct mopnd low_half(struct low *l, struct mopnd v)
{
	if (v.kind == MO_IMM)
		return low_vector(l, mo_imm((u32)v.imm), MC_V);
	if (low_class(l, &v) == MC_W)
		return low_t1(l, VGPU_OP_UNPKLO, MC_V, v);
	return low_vector(l, v, MC_V);
}

static void whole_address(struct low *l, const struct ir_mem *m, enum vgpu_space space, struct low_addr *out)
{
	bool wide = space == VGPU_SPACE_GENERIC || space == VGPU_SPACE_GLOBAL;
	struct ir_operand o = { .kind = OPND_REG, .reg = m->reg };
	struct mopnd v;

	if (m->var)
		v = low_var_address(l, m->var, 0, space == VGPU_SPACE_GENERIC);
	else
		v = m->reg ? low_src(l, &o) : mo_imm(0);
	out->form = VGPU_MD_FORM_W;
	out->off = m->off;
	if (out->off != (s32)out->off) {
		v = low_t2(l, VGPU_OP_LADD, MC_W, v, mo_imm(out->off));
		out->off = 0;
	}
	out->a = wide ? low_vector(l, v, MC_W) : low_half(l, v);
}

/* A frame variable in a function: the stack pointer is the base. */
static bool frame_address(struct low *l, const struct ir_mem *m, struct low_addr *out)
{
	if (!m->var || !in_frame(m->var) || m->reg)
		return false;
	out->form = VGPU_MD_FORM_S;
	out->a = l->b->func->entry ? mo_absent() : mo_phys(MC_S, M_STACK_REG);
	out->off = frame_offset(l, m->var) + m->off;
	return out->off == (s32)out->off;
}

void low_address(struct low *l, const struct ir_mem *m, enum vgpu_space space, bool whole, struct low_addr *out)
{
	bool wide = space == VGPU_SPACE_GENERIC || space == VGPU_SPACE_GLOBAL;
	struct ir_operand o = { .kind = OPND_REG, .reg = m->reg };
	struct sum s = { .off = m->off };

	*out = (struct low_addr){ .space = space };
	if (m->shadow && !whole) {
		low_shadow_address(l, m, out);
		return;
	}
	if (whole) {
		whole_address(l, m, space, out);
		return;
	}
	if (space == VGPU_SPACE_LOCAL && frame_address(l, m, out))
		return;
	if (m->var)
		add_base(&s, low_var_address(l, m->var, 0, space == VGPU_SPACE_GENERIC));
	if (m->reg && wide)
		take_apart(l, &o, &s, 0);
	else if (m->reg && ir_type_bits(m->reg->type) == 32)
		take_apart32(l, &o, &s, 0);
	else if (m->reg && l->scalar[m->reg->id])
		add_base(&s, low_src(l, &o));
	else if (m->reg)
		s.opaque = true;
	/* bits above a 32-bit address mean nothing */
	if (!wide)
		s.off = (s32)s.off;
	if (s.opaque)
		whole_address(l, m, space, out);
	else
		from_sum(l, &s, out);
}

enum plain_form low_plain_form(struct low *l, const struct ir_mem *m)
{
	const struct ir_operand o = { .kind = OPND_REG, .reg = m->reg };
	struct sum s = { .dry = true };

	if (ir_type_bits(m->reg->type) == 32)
		take_apart32(l, &o, &s, 0);
	else
		take_apart(l, &o, &s, 0);
	return s.opaque ? PLAIN_WHOLE : s.lane ? PLAIN_OFFSET : PLAIN_SCALAR;
}
