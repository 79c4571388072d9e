// SPDX-License-Identifier: MIT
/*
 * Which values get shadows, and how: computed beside them where each step is exact, else by an
 * anchor, at which the program finds the scalar and lanes that have another one part.
 *
 * Lanes that parted have scalars of their own until they meet, at the latest where all ways
 * from the anchor meet. So what comes from an anchor must not be used behind that place. Right or
 * wrong does not depend on anything else here: whether anchors are worth it is a guess.
 */
#include <string.h>

#include "../../uapi/vgpu_isa.h"
#include "back.h"
#include "shadow.h"

#define MAX_DEPTH  100
#define MAX_ROUNDS 8
#define COST       6 /* of an anchor; gains are in the same unit, about a nanosecond */

/**
 * struct access - a load or store whose address has a pattern
 * @gain: what it is worth each time
 * @i: the instruction
 * @m: its address
 */
struct access {
	struct ir_insn *i;
	struct ir_mem *m;
	u32 gain;
};

struct plan {
	const struct shadow_input *in;
	struct shadows *s;
	struct access *access;
	u32 naccess, cap;
	struct ir_insn **made; /* definitions of the linear ones, in the order of discovery */
	u32 nmade, made_cap;
	struct ir_block **stack;
	u8 *used; /* by register id: something reads it */
	u64 steps;
};

static const struct affine *info(const struct plan *p, const struct ir_reg *r)
{
	return &p->s->aff->of[r->id];
}

/* ---- operands ---- */

/**
 * struct term - an operand of a linear instruction
 * @r: NULL: a constant or a variable, the same in all lanes
 * @lanes: its pattern
 * @constant: it is @value
 * @value: where it is constant
 */
struct term {
	const struct ir_reg *r;
	const struct lanes *lanes;
	bool constant;
	s64 value;
};

static bool get_term(const struct plan *p, const struct ir_operand *o, struct term *t)
{
	const struct affine *x;

	*t = (struct term){ .lanes = p->s->aff->zero };
	switch (o->kind) {
	case OPND_IMM:
		t->constant = true;
		t->value = (s64)o->imm;
		return true;
	case OPND_VAR:
		return true;
	case OPND_REG:
		break;
	default:
		return false;
	}
	if (o->neg || o->inv || !o->reg->def)
		return false;
	x = info(p, o->reg);
	t->r = o->reg;
	t->lanes = x->lanes;
	t->constant = x->lanes == p->s->aff->zero && x->align == PURE;
	t->value = x->c;
	return x->lanes;
}

/* ---- exact steps ---- */

/* Does the pattern of the result come from those of @x times @m and @y times @n? */
static bool adds_up(const struct lanes *out, const struct lanes *x, s64 m, const struct lanes *y, s64 n, u32 bits)
{
	u64 all = bits == 32 ? 0xffffffff : ~0ull, d;
	u32 k;

	for (k = 1; k < LANES; k++) {
		d = (u64)(x->n[k] - x->n[0]) * (u64)m - (u64)(out->n[k] - out->n[0]);
		if (y)
			d += (u64)(y->n[k] - y->n[0]) * (u64)n;
		if (d & all)
			return false;
	}
	return true;
}

/* A word that is the same when it is extended, whatever way, and so is its shadow with its sign */
static bool small(const struct plan *p, const struct term *t)
{
	if (t->r)
		return info(p, t->r)->max <= 0x7fffffff && t->lanes->span < VGPU_PATTERN_SPAN;
	return t->constant && t->value >= 0 && t->value <= 0x7fffffff;
}

static bool exact_product(const struct plan *p, const struct ir_insn *i, const struct lanes *out)
{
	bool wide = i->m.mul == MUL_WIDE, more = i->op == OP_MAD;
	struct term x, y, z;

	if ((!wide && i->m.mul != MUL_LO) || !get_term(p, &i->ops[1], &x) || !get_term(p, &i->ops[2], &y) ||
	    (more && !get_term(p, &i->ops[3], &z)))
		return false;
	if (x.constant) {
		struct term swap = x;

		x = y;
		y = swap;
	}
	/* what is extended must not wrap between lanes */
	if (!y.constant || (wide && (!small(p, &x) || !small(p, &y))))
		return false;
	return adds_up(out, x.lanes, y.value, more ? z.lanes : NULL, 1, ir_type_bits(i->ops[0].reg->type));
}

static bool exact_two(const struct plan *p, const struct ir_insn *i, const struct lanes *out)
{
	u32 bits = ir_type_bits(i->ops[0].reg->type);
	struct term x, y;
	const struct affine *ax;

	if (!get_term(p, &i->ops[1], &x) || !get_term(p, &i->ops[2], &y))
		return false;
	switch (i->op) {
	case OP_ADD:
		return adds_up(out, x.lanes, 1, y.lanes, 1, bits);
	case OP_SUB:
		return adds_up(out, x.lanes, 1, y.lanes, -1, bits);
	case OP_SHL:
		return y.constant && y.value >= 0 && y.value < bits &&
		       adds_up(out, x.lanes, (s64)(1ull << y.value), NULL, 0, bits);
	case OP_SHR:
	case OP_AND:
		break;
	case OP_OR:
	case OP_XOR:
		/* with a constant below what is common */
		if (!y.constant || y.r)
			return false;
		break;
	default:
		return false;
	}
	ax = x.r ? info(p, x.r) : NULL;
	if (!ax || !y.constant || y.r || !affine_apart(ax) || ax->align == PURE)
		return false;
	if (i->op == OP_SHR)
		return y.value >= 0 && y.value < bits;
	return i->op == OP_AND || (y.value >= 0 && y.value < (s64)1 << ax->align);
}

static bool exact_cvt(const struct plan *p, const struct ir_insn *i, const struct lanes *out)
{
	struct term x;

	if (!get_term(p, &i->ops[1], &x) || x.lanes != out || !x.r)
		return false;
	return ir_type_bits(i->ops[0].reg->type) <= ir_type_bits(x.r->type) || small(p, &x);
}

static bool exact_phi(const struct plan *p, const struct ir_insn *i, const struct lanes *out)
{
	struct term x;
	u32 k;

	if (p->in->u->join[i->block->id])
		return false;
	for (k = 1; k < i->nops; k++)
		if (i->ops[k].kind != OPND_NONE && (!get_term(p, &i->ops[k], &x) || x.lanes != out))
			return false;
	return true;
}

/* Can the shadow of what @i defines be computed from those of its operands? */
static bool exact(const struct plan *p, const struct ir_insn *i, const struct lanes *out)
{
	struct term x;

	switch (i->op) {
	case OP_PHI:
		return exact_phi(p, i, out);
	case OP_MOV:
	case OP_CVTA:
		return get_term(p, &i->ops[1], &x) && x.r && x.lanes == out;
	case OP_CVT:
		return exact_cvt(p, i, out);
	case OP_MUL:
	case OP_MAD:
		return exact_product(p, i, out);
	case OP_ADD:
	case OP_SUB:
	case OP_SHL:
	case OP_SHR:
	case OP_AND:
	case OP_OR:
	case OP_XOR:
		return exact_two(p, i, out);
	default:
		return false;
	}
}

/* ---- kinds ---- */

/*
 * Where lanes that parted in @x are to meet: where others come to, too, or at the latest behind
 * the loop. Lanes that met before @x part there anew, and meet there as well.
 */
static struct ir_block *meeting_of(const struct ir_block *x)
{
	struct ir_block *j = x->ipdom;

	while (j && ir_dominates(x, j) && j->loop_depth >= x->loop_depth)
		j = j->ipdom;
	return j;
}

static u64 *region_of(struct plan *p, const struct ir_block *x, const struct ir_block *meeting)
{
	u64 *r = arena_array(&p->in->b->arena, p->in->b->nblocks / 64 + 1, u64);
	u32 sp = 0, k;

	r[x->id / 64] |= 1ull << x->id % 64;
	p->stack[sp++] = (struct ir_block *)x;
	while (sp) {
		struct ir_block *b = p->stack[--sp];

		spend(&p->in->b->arena, &p->steps, 1 + b->nsuccs);
		for (k = 0; k < b->nsuccs; k++) {
			struct ir_block *to = b->succs[k];

			if (to == meeting || r[to->id / 64] >> to->id % 64 & 1)
				continue;
			r[to->id / 64] |= 1ull << to->id % 64;
			p->stack[sp++] = to;
		}
	}
	return r;
}

static bool in_region(const struct plan *p, u64 deps, const struct ir_block *b)
{
	for (; deps; deps &= deps - 1)
		if (!(p->s->anchor[__builtin_ctzll(deps)].region[b->id / 64] >> b->id % 64 & 1))
			return false;
	return true;
}

static void set_anchor(struct plan *p, const struct ir_reg *r)
{
	struct shadows *s = p->s;
	u32 k = s->nanchors;

	s->kind[r->id] = SHADOW_NONE;
	if (info(p, r)->lanes->span >= VGPU_PATTERN_SPAN || k == MAX_ANCHORS || tangled(p->in->loops, r->def->block))
		return;
	s->meeting[r->def->block->id] = meeting_of(r->def->block);
	s->anchor[k].b = r->def->block;
	s->anchor[k].region = region_of(p, r->def->block, s->meeting[r->def->block->id]);
	s->deps[r->id] = 1ull << k;
	s->kind[r->id] = SHADOW_ANCHOR;
	s->nanchors++;
}

static void classify(struct plan *p, const struct ir_reg *r, u32 depth);

struct parts {
	struct plan *p;
	const struct ir_insn *i;
	u32 depth;
	bool ok;
};

static void look_at(struct ir_reg **slot, bool def, struct ir_operand *op, void *ctx)
{
	struct parts *c = ctx;
	struct plan *p = c->p;

	(void)op;
	if (def || !*slot || !c->ok)
		return;
	if (!p->in->u->uniform[(*slot)->id] &&
	    affine_staying(p->s->aff, p->in->u, (*slot)->def->block, c->i->block) != STAYS) {
		c->ok = false;
		return;
	}
	classify(p, *slot, c->depth + 1);
	c->ok = p->s->kind[(*slot)->id] != SHADOW_NONE;
}

static void note_made(struct plan *p, struct ir_insn *i)
{
	if (p->nmade == p->made_cap) {
		u32 cap = p->made_cap ? p->made_cap * 2 : 64;

		p->made = arena_grow(&p->in->b->arena, p->made, p->made_cap, cap, sizeof(*p->made));
		p->made_cap = cap;
	}
	p->made[p->nmade++] = i;
}

static bool is_thread(const struct ir_insn *d)
{
	return d->op == OP_MOV && d->ops[1].kind == OPND_SREG && d->ops[1].sreg == SREG_TID_X;
}

static void classify(struct plan *p, const struct ir_reg *r, u32 depth)
{
	const struct affine *x = info(p, r);
	struct parts c = { .p = p, .i = r->def, .depth = depth, .ok = true };
	u8 *kind = &p->s->kind[r->id];

	if (*kind || !x->lanes || !r->def)
		return;
	spend(&p->in->b->arena, &p->steps, 1);
	if (x->align == PURE) { /* uniform ones, too: factors and counts of shifts are to be numbers */
		*kind = SHADOW_CONSTANT;
	} else if (p->in->u->uniform[r->id]) {
		*kind = SHADOW_SCALAR;
	} else if (is_thread(r->def)) {
		*kind = SHADOW_THREAD;
	} else if (depth < MAX_DEPTH && exact(p, r->def, x->lanes)) {
		*kind = SHADOW_LINEAR; /* for phis that come round to it */
		ir_walk(r->def, look_at, &c);
		if (c.ok)
			note_made(p, r->def);
		else
			set_anchor(p, r);
	} else {
		set_anchor(p, r);
	}
}

/* ---- what comes from which anchors ---- */

static void add_deps(struct ir_reg **slot, bool def, struct ir_operand *op, void *ctx)
{
	struct parts *c = ctx;

	(void)op;
	if (!def && *slot)
		c->p->s->deps[c->i->ops[0].reg->id] |= c->p->s->deps[(*slot)->id];
}

static void settle(struct plan *p)
{
	bool changed = true;
	u32 k;

	while (changed) {
		changed = false;
		spend(&p->in->b->arena, &p->steps, p->nmade);
		for (k = 0; k < p->nmade; k++) {
			struct parts c = { .p = p, .i = p->made[k] };
			u32 id = p->made[k]->ops[0].reg->id;
			u64 old = p->s->deps[id];

			if (p->s->kind[id] != SHADOW_LINEAR)
				continue;
			ir_walk(p->made[k], add_deps, &c);
			changed |= p->s->deps[id] != old;
		}
	}
}

/* Is what a linear one reads still of one scalar there? */
static bool reads_in_time(const struct plan *p, const struct ir_insn *i)
{
	u32 k;

	for (k = 1; k < i->nops; k++) {
		u64 deps = i->ops[k].kind == OPND_REG ? p->s->deps[i->ops[k].reg->id] : 0;

		if (i->ops[k].kind == OPND_REG && p->s->kind[i->ops[k].reg->id] == SHADOW_NONE)
			return false;
		if (!in_region(p, deps, i->block) || (i->op == OP_PHI && !in_region(p, deps, i->block->preds[k - 1])))
			return false;
	}
	return true;
}

/* Those that read too late become anchors themselves. */
static bool mend(struct plan *p)
{
	bool changed = false;
	u32 k;

	for (k = 0; k < p->nmade; k++) {
		const struct ir_reg *r = p->made[k]->ops[0].reg;

		if (p->s->kind[r->id] != SHADOW_LINEAR || reads_in_time(p, p->made[k]))
			continue;
		set_anchor(p, r);
		changed = true;
	}
	/* what came from them, comes from fewer now: anew */
	for (k = 0; changed && k < p->nmade; k++)
		if (p->s->kind[p->made[k]->ops[0].reg->id] == SHADOW_LINEAR)
			p->s->deps[p->made[k]->ops[0].reg->id] = 0;
	return changed;
}

/* ---- accesses ---- */

static bool by_words(const struct lanes *l, u32 bytes)
{
	u32 k;

	for (k = 0; k < LANES; k++)
		if (l->n[k] != (s64)k * bytes)
			return false;
	return true;
}

/* What a pattern saves, in about nanoseconds: 0: nothing */
static u32 gain_of(const struct plan *p, const struct ir_insn *i, const struct ir_mem *m)
{
	const struct ir_operand *data = &i->ops[i->op == OP_LD ? 0 : 1];
	u32 n = data->kind == OPND_VEC ? data->nelem : 1;
	const struct lanes *l = info(p, m->reg)->lanes;
	bool row = by_words(l, n * ir_type_bytes(i->types[0])), load = i->op == OP_LD;

	switch (p->in->form(p->in->ctx, m)) {
	case PLAIN_WHOLE:
		if (row || n > 1)
			return load ? 3 : 2;
		return load ? 8 : 4;
	case PLAIN_OFFSET:
		if (row)
			return 0;
		return n == 1 && load ? 4 : 1;
	default:
		return 0;
	}
}

static struct ir_mem *address_of(struct ir_insn *i)
{
	struct ir_operand *o;

	if (i->op != OP_LD && i->op != OP_ST)
		return NULL;
	o = &i->ops[i->op == OP_LD];
	if (o->kind != OPND_MEM || !o->mem->reg || o->mem->var || o->mem->nextra)
		return NULL;
	return ir_type_bits(i->types[0]) <= 64 ? o->mem : NULL;
}

static bool space_fits(const struct ir_insn *i, const struct ir_mem *m)
{
	u32 bits = ir_type_bits(m->reg->type);

	switch (i->m.space) {
	case SPC_GLOBAL:
		return bits == 64;
	case SPC_SHARED:
	case SPC_SHARED_CTA:
		return bits == 32;
	default:
		return false;
	}
}

/* Halves that were put together are still loaded alone, by what nobody reads. */
static bool is_read(const struct plan *p, const struct ir_insn *i)
{
	return i->op == OP_ST || i->ops[0].kind != OPND_REG || p->used[i->ops[0].reg->id];
}

static void consider(struct plan *p, struct ir_insn *i)
{
	struct ir_mem *m = address_of(i);
	const struct affine *x;
	u32 gain;

	if (!m || !space_fits(i, m) || p->in->u->uniform[m->reg->id] || !is_read(p, i))
		return;
	x = info(p, m->reg);
	if (!x->lanes || x->lanes->span >= VGPU_PATTERN_SPAN || !m->reg->def ||
	    affine_staying(p->s->aff, p->in->u, m->reg->def->block, i->block) != STAYS)
		return;
	gain = gain_of(p, i, m);
	if (!gain)
		return;
	classify(p, m->reg, 0);
	if (p->naccess == p->cap) {
		u32 cap = p->cap ? p->cap * 2 : 64;

		p->access = arena_grow(&p->in->b->arena, p->access, p->cap, cap, sizeof(*p->access));
		p->cap = cap;
	}
	p->access[p->naccess++] = (struct access){ i, m, gain };
}

static u32 frequency(const struct ir_block *b)
{
	return 1u << 2 * (b->loop_depth < 6 ? b->loop_depth : 6);
}

static bool usable(const struct plan *p, const struct access *a)
{
	const struct shadows *s = p->s;
	u64 deps = s->deps[a->m->reg->id];

	if (s->kind[a->m->reg->id] == SHADOW_NONE || !in_region(p, deps, a->i->block))
		return false;
	for (; deps; deps &= deps - 1)
		if (!s->anchor[__builtin_ctzll(deps)].used)
			return false;
	return true;
}

/* Anchors that save less than they cost go, and with them what needs them, until none is left of that kind. */
static void weigh(struct plan *p)
{
	u64 gain[MAX_ANCHORS], deps;
	bool changed = true;
	u32 k;

	for (k = 0; k < p->s->nanchors; k++)
		p->s->anchor[k].used = true;
	while (changed) {
		changed = false;
		memset(gain, 0, sizeof(gain));
		for (k = 0; k < p->naccess; k++) {
			const struct access *a = &p->access[k];

			deps = p->s->deps[a->m->reg->id];
			if (!deps || !usable(p, a))
				continue;
			u32 share = (u32)__builtin_popcountll(deps);

			for (; deps; deps &= deps - 1)
				gain[__builtin_ctzll(deps)] += 16 * a->gain * frequency(a->i->block) / share;
		}
		for (k = 0; k < p->s->nanchors; k++) {
			struct anchor *x = &p->s->anchor[k];

			if (!x->used || gain[k] > 16 * COST * (u64)frequency(x->b))
				continue;
			x->used = false;
			changed = true;
		}
	}
}

/* ---- what selection is to make ---- */

static void want(struct ir_reg **slot, bool def, struct ir_operand *op, void *ctx)
{
	struct parts *c = ctx;
	struct shadows *s = c->p->s;

	(void)op;
	if (def || !*slot || s->wanted[(*slot)->id])
		return;
	s->wanted[(*slot)->id] = 1;
	c->ok = true;
}

static void want_parts(struct plan *p)
{
	struct parts c = { .p = p, .ok = true };
	u32 k;

	while (c.ok) {
		c.ok = false;
		spend(&p->in->b->arena, &p->steps, p->nmade);
		for (k = p->nmade; k-- > 0;) {
			u32 id = p->made[k]->ops[0].reg->id;

			if (p->s->wanted[id] && p->s->kind[id] == SHADOW_LINEAR)
				ir_walk(p->made[k], want, &c);
		}
	}
}

static void note_use(struct ir_reg **slot, bool def, struct ir_operand *op, void *ctx)
{
	struct plan *p = ctx;

	(void)op;
	if (!def && *slot)
		p->used[(*slot)->id] = 1;
}

static void find_accesses(struct plan *p)
{
	const struct ir_body *b = p->in->b;
	struct ir_insn *i;
	u32 k;

	for (k = 0; k < b->nrpo; k++)
		for (i = b->rpo[k]->first; i; i = i->next)
			ir_walk(i, note_use, p);
	for (k = 0; k < b->nrpo; k++)
		for (i = b->rpo[k]->first; i; i = i->next)
			consider(p, i);
}

/* Anchors that read in time, or false: there is no end to it. */
static bool find_anchors(struct plan *p)
{
	u32 round;

	for (round = 0; round < MAX_ROUNDS; round++) {
		settle(p);
		if (!mend(p))
			return true;
	}
	return false;
}

struct shadows *plan_shadows(const struct shadow_input *in)
{
	struct arena *arena = &in->b->arena;
	struct plan *p = arena_new(arena, struct plan);
	struct shadows *s = arena_new(arena, struct shadows);
	struct parts c = { .p = p };
	u32 k;

	p->in = in;
	p->s = s;
	s->aff = analyse_affinity(in->b, in->loops, in->u, in->shape);
	s->kind = arena_array(arena, in->b->nregs + 1, u8);
	s->wanted = arena_array(arena, in->b->nregs + 1, u8);
	s->deps = arena_array(arena, in->b->nregs + 1, u64);
	s->meeting = arena_array(arena, in->b->nblocks + 1, struct ir_block *);
	p->stack = arena_array(arena, in->b->nblocks + 1, struct ir_block *);
	p->used = arena_array(arena, in->b->nregs + 1, u8);
	find_accesses(p);
	if (!find_anchors(p) || p->naccess + s->nanchors > in->patterns)
		return s;
	weigh(p);
	for (k = 0; k < p->naccess; k++) {
		if (!usable(p, &p->access[k]))
			continue;
		p->access[k].m->shadow = true;
		want(&p->access[k].m->reg, false, NULL, &c);
	}
	want_parts(p);
	return s;
}

s64 shadow_addend(const struct shadows *s, const struct ir_insn *i)
{
	struct plan p = { .s = (struct shadows *)s };
	const struct lanes *out = info(&p, i->ops[0].reg)->lanes;
	struct term x, y, z = { .lanes = s->aff->zero };
	u64 k;

	get_term(&p, &i->ops[1], &x);
	get_term(&p, &i->ops[2], &y);
	if (i->op == OP_MAD)
		get_term(&p, &i->ops[3], &z);
	if ((i->op == OP_MUL || i->op == OP_MAD) && x.constant)
		k = (u64)y.lanes->n[0] * (u64)x.value;
	else if (i->op == OP_MUL || i->op == OP_MAD)
		k = (u64)x.lanes->n[0] * (u64)y.value;
	else if (i->op == OP_SHL)
		k = (u64)x.lanes->n[0] << y.value;
	else if (i->op == OP_SUB)
		k = (u64)x.lanes->n[0] - (u64)y.lanes->n[0];
	else
		k = (u64)x.lanes->n[0] + (u64)y.lanes->n[0];
	return (s64)(k + (u64)z.lanes->n[0] - (u64)out->n[0]);
}
