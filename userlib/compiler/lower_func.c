// SPDX-License-Identifier: MIT
/*
 * Selection of a whole function: machine blocks (critical edges get one of
 * their own), places of variables, and the walk over all instructions.
 */
#include <string.h>

#include "back.h"
#include "lower.h"

/* ---- blocks ---- */

struct maker {
	struct low *l;
	struct mfunc *f;
	u32 n;
};

static struct mblock *new_block(struct maker *k, struct ir_block *ir)
{
	struct mblock *b = arena_new(k->f->arena, struct mblock);

	b->id = k->n;
	b->ir = ir;
	b->loop_depth = ir->loop_depth;
	k->f->blocks[k->n++] = b;
	return b;
}

static bool critical(const struct ir_block *from, const struct ir_block *to)
{
	return from->nsuccs > 1 && to->npreds > 1;
}

/* Which entry of to->preds is edge @k of @from: the how-manieth such edge it is. */
static u32 pred_slot(const struct ir_block *from, u32 k)
{
	const struct ir_block *to = from->succs[k];
	u32 nth = 0, j;

	for (j = 0; j < k; j++)
		nth += from->succs[j] == to;
	for (j = 0; j < to->npreds; j++)
		if (to->preds[j] == from && !nth--)
			return j;
	return 0;
}

static void connect(struct low *l, struct mblock *b, struct mblock **edges)
{
	struct ir_block *ir = b->ir;
	u32 k;

	b->nsuccs = ir->nsuccs;
	b->succs = arena_array(l->f->arena, ir->nsuccs + 1, struct mblock *);
	for (k = 0; k < ir->nsuccs; k++) {
		struct mblock *to = l->blocks[ir->succs[k]->id], *from = b;

		if (edges[k]) {
			struct mblock *e = edges[k];

			e->nsuccs = 1;
			e->succs = arena_array(l->f->arena, 1, struct mblock *);
			e->succs[0] = to;
			e->npreds = 1;
			e->preds = arena_array(l->f->arena, 1, struct mblock *);
			e->preds[0] = b;
			e->idom = b;
			b->succs[k] = e;
			from = e;
		} else {
			b->succs[k] = to;
		}
		to->preds[pred_slot(ir, k)] = from;
	}
}

static void link_tree(struct mfunc *f)
{
	u32 k = f->nblocks;

	while (k--) {
		struct mblock *b = f->blocks[k];

		if (!b->idom)
			continue;
		b->dom_next = b->idom->dom_first;
		b->idom->dom_first = b;
	}
}

static void make_blocks(struct low *l)
{
	struct ir_body *b = l->b;
	struct maker mk = { .l = l, .f = l->f };
	struct mblock ***edges = arena_array(&b->arena, b->nblocks + 1, struct mblock **);
	u32 total = 0, k, j;

	for (k = 0; k < b->nblocks; k++)
		total += 1 + b->blocks[k]->nsuccs;
	l->f->blocks = arena_array(&b->arena, total, struct mblock *);
	l->blocks = arena_array(&b->arena, b->nblocks + 1, struct mblock *);
	for (k = 0; k < b->nblocks; k++) {
		struct ir_block *ir = b->blocks[k];

		l->blocks[k] = new_block(&mk, ir);
		edges[k] = arena_array(&b->arena, ir->nsuccs + 1, struct mblock *);
		for (j = 0; j < ir->nsuccs; j++) {
			if (!critical(ir, ir->succs[j]))
				continue;
			edges[k][j] = new_block(&mk, ir);
			if (ir->succs[j]->loop_depth < ir->loop_depth)
				edges[k][j]->loop_depth = ir->succs[j]->loop_depth;
		}
	}
	l->f->nblocks = mk.n;
	for (k = 0; k < b->nblocks; k++) {
		struct mblock *m = l->blocks[k];

		m->npreds = b->blocks[k]->npreds;
		m->preds = arena_array(&b->arena, m->npreds + 1, struct mblock *);
		if (b->blocks[k]->idom)
			m->idom = l->blocks[b->blocks[k]->idom->id];
	}
	for (k = 0; k < b->nblocks; k++)
		connect(l, l->blocks[k], edges[k]);
	link_tree(l->f);
}

static void finish_edges(struct low *l)
{
	u32 k;

	for (k = 0; k < l->f->nblocks; k++) {
		struct mblock *b = l->f->blocks[k];
		struct minsn *i;

		if (b == l->blocks[b->ir->id])
			continue;
		i = minsn_new(l->f, VGPU_OP_BRA, 0);
		i->target = b->succs[0];
		minsn_append(b, i);
	}
}

/* ---- which values are scalars ---- */

struct scalar_check {
	struct low *l;
	bool ok;
};

static void check_source(struct ir_reg **slot, bool def, struct ir_operand *op, void *ctx)
{
	struct scalar_check *c = ctx;

	(void)op;
	if (!def && *slot && (*slot)->type != T_PRED && !c->l->scalar[(*slot)->id] && (*slot)->def)
		c->ok = false;
}

static bool reads_lanes(const struct ir_insn *i)
{
	u32 k;

	/* tid.y: uniform by shape, but read as a vector first */
	for (k = 1; k < i->nops; k++)
		if (i->ops[k].kind == OPND_SREG && i->op != OP_MOV)
			return true;
	return false;
}

static bool may_be_scalar(struct low *l, struct ir_insn *i)
{
	struct scalar_check c = { .l = l, .ok = true };

	if (i->op == OP_PHI) {
		ir_walk(i, check_source, &c);
		return c.ok;
	}
	if (i->op == OP_LD) /* its address is brought to a scalar if need be */
		return true;
	ir_walk(i, check_source, &c);
	return c.ok && !reads_lanes(i);
}

static void clear_scalar(struct ir_reg **slot, bool def, struct ir_operand *op, void *ctx)
{
	struct scalar_check *c = ctx;

	(void)op;
	if (def && *slot && c->l->scalar[(*slot)->id]) {
		c->l->scalar[(*slot)->id] = 0;
		c->ok = false;
	}
}

static void choose_scalars(struct low *l)
{
	struct scalar_check c = { .l = l };
	struct ir_insn *i;
	u32 k;

	for (k = 0; k < l->b->nregs; k++) {
		const struct ir_reg *r = l->b->regs[k];
		const struct ir_insn *d = r->def;

		l->scalar[k] = l->uni->uniform[k] && d && r->type != T_PRED && ir_type_bits(r->type) <= 64 &&
			       (d->op == OP_PHI || has_scalar_form(d));
	}
	do {
		spend(&l->b->arena, &l->f->steps, l->b->ninsns);
		c.ok = true;
		for (k = 0; k < l->b->nrpo; k++)
			for (i = l->b->rpo[k]->first; i; i = i->next)
				if (!may_be_scalar(l, i))
					ir_walk(i, clear_scalar, &c);
	} while (!c.ok);
}

/* ---- variables of the body ---- */

static u64 align_to(u64 v, u64 a)
{
	return (v + a - 1) & ~(a - 1);
}

static void place_variables(struct low *l)
{
	const struct ir_proto *p = &l->b->func->proto;
	u64 at = l->unit->dynamic ? STACK_POINTER_ROOM : 0;
	u32 k;

	if (!l->b->func->entry) {
		at = align_to(p->param_size, 16);
		for (k = 0; k < p->nrets; k++)
			at = align_to(at, p->rets[k]->align ? p->rets[k]->align : 1) + p->rets[k]->size;
	}
	l->var_offset = arena_array(&l->b->arena, l->b->nvars + 1, u32);
	for (k = 0; k < l->b->nvars; k++) {
		const struct ir_var *v = l->b->vars[k];
		u32 align = v->align ? v->align : 1;

		if (v->space != SP_LOCAL && v->space != SP_PARAM)
			continue;
		if (align > 16 && !l->b->func->entry)
			align = 16;
		at = align_to(at, align);
		l->var_offset[v->id] = at;
		at += v->size;
		if (at > (512u << 10))
			low_refuse(l, "local variables of more than 512 KiB");
	}
	l->f->frame = at;
}

/* ---- instructions ---- */

typedef bool (*lower_fn)(struct low *l, struct ir_insn *i);

static const lower_fn subjects[] = {
	lower_int,    lower_bits, lower_float,  lower_half, lower_compare, lower_move,  lower_cvt,   lower_memory,
	lower_atomic, lower_lane, lower_matrix, lower_wmma, lower_call,    lower_stack, lower_video, lower_async,
};

static void spell(const struct ir_insn *i, char *out, size_t size)
{
	size_t n;
	u32 k;

	n = snprintf(out, size, "%s", ir_op_name(i->op));
	for (k = 0; k < GRP_COUNT && n < size; k++)
		if (i->m.group[k])
			n += snprintf(out + n, size - n, ".%s", ir_mod_name(k, i->m.group[k]));
	for (k = 0; k < i->ntypes && n < size; k++)
		n += snprintf(out + n, size - n, ".%s", ir_type_name(i->types[k]));
}

static void lower_insn(struct low *l, struct ir_insn *i)
{
	char name[160];
	u32 k;

	l->insn = i;
	for (k = 0; k < sizeof(subjects) / sizeof(subjects[0]); k++)
		if (subjects[k](l, i))
			return;
	spell(i, name, sizeof(name));
	if (ir_op_flags(i->op) & OPF_TEX)
		low_refuse(l, "textures and surfaces are not supported (%s)", name);
	if (i->op == OP_MULTIMEM_LD || i->op == OP_MULTIMEM_ST || i->op == OP_MULTIMEM_RED)
		low_refuse(l, "multicast memory is not supported (%s)", name);
	if (i->m.rnd == RND_RS)
		low_refuse(l, "stochastic rounding belongs to other compute capabilities (%s)", name);
	low_refuse(l, "instruction %s is not supported", name);
}

static void lower_phi(struct low *l, struct ir_insn *i)
{
	struct mblock *b = l->block;
	struct minsn *m;

	l->insn = i;
	m = minsn_new(l->f, MOP_PHI, i->line);
	m->d = low_dst(l, &i->ops[0]);
	m->args = arena_array(l->f->arena, b->npreds + 1, struct mopnd);
	minsn_append(b, m);
}

/* What a phi takes goes before the jump that ends the predecessor. */
static struct minsn *begin_edge(struct low *l, struct mblock *pred)
{
	struct minsn *end = pred->last && pred->last->op == VGPU_OP_BRA ? pred->last : NULL;

	l->block = pred;
	if (end)
		minsn_remove(end);
	memset(l->cache, 0, sizeof(l->cache));
	l->insn = NULL;
	return end;
}

static void end_edge(struct low *l, struct minsn *end)
{
	if (end)
		minsn_append(l->block, end);
}

static bool undefined(const struct low *l, const struct ir_operand *o)
{
	return o->kind == OPND_NONE || (o->kind == OPND_REG && !o->reg->def && l->val[o->reg->id] == M_NOREG);
}

/* Arguments, once everything has its register; converted at the predecessor's end. */
static void fill_phi(struct low *l, struct mblock *b, struct minsn *m, struct ir_insn *i)
{
	enum mclass cls = low_class(l, &m->d);
	u32 k;

	for (k = 0; k < b->npreds; k++) {
		struct ir_operand *o = &i->ops[1 + k];
		struct mopnd v = NO;
		struct minsn *end;

		if (undefined(l, o))
			continue;
		end = begin_edge(l, b->preds[k]);
		if (cls == MC_P)
			v = low_pred(l, o, false);
		else
			v = low_src(l, o);
		if (v.kind == MO_REG && low_class(l, &v) != cls)
			v = cls == MC_S ? low_to_scalar(l, v) : low_vector(l, v, cls);
		m->args[k] = v;
		end_edge(l, end);
	}
}

static void fill_shadow_phi(struct low *l, struct mblock *b, struct ir_insn *i)
{
	struct minsn *m = b->first, *end;
	u32 k;

	while (m->d.reg != l->shadow[i->ops[0].reg->id].reg)
		m = m->next;
	for (k = 0; k < b->npreds; k++) {
		if (undefined(l, &i->ops[1 + k]))
			continue;
		end = begin_edge(l, b->preds[k]);
		m->args[k] = low_shadow_argument(l, &i->ops[1 + k], ir_type_bits(i->ops[0].reg->type) == 32);
		end_edge(l, end);
	}
}

static void fill_phis(struct low *l)
{
	u32 k;

	for (k = 0; k < l->b->nrpo; k++) {
		struct mblock *b = l->blocks[l->b->rpo[k]->id];
		struct ir_insn *i = l->b->rpo[k]->first;
		struct minsn *m = b->first;

		while (m && m->op != MOP_PHI)
			m = m->next;
		for (; i && i->op == OP_PHI; i = i->next, m = m->next) {
			fill_phi(l, b, m, i);
			if (l->shadows->wanted[i->ops[0].reg->id] &&
			    l->shadows->kind[i->ops[0].reg->id] == SHADOW_LINEAR)
				fill_shadow_phi(l, b, i);
		}
	}
}

static bool is_end(const struct ir_insn *i)
{
	u32 flags = ir_op_flags(i->op);

	return !i->next && flags & OPF_TERM && !(i->op == OP_TRAP && i->guard);
}

static void guarded_trap(struct low *l, struct ir_insn *i)
{
	l->insn = i;
	low_op(l, VGPU_OP_TRAP, NO, NO, NO, NO)->imm = VGPU_TRAP_PTX;
	low_guard(l, l->block->last);
}

static void lower_block(struct low *l, struct ir_block *b)
{
	struct ir_insn *i;

	l->block = l->blocks[b->id];
	l->carry = M_NOREG;
	memset(l->cache, 0, sizeof(l->cache));
	for (i = b->first; i && i->op == OP_PHI; i = i->next)
		lower_phi(l, i);
	low_shadow_phis(l, b);
	for (; i && !is_end(i); i = i->next) {
		if (i->op == OP_TRAP)
			guarded_trap(l, i);
		else
			lower_insn(l, i);
		low_shadow(l, i);
	}
	lower_control(l, b);
}

static void enter(struct low *l)
{
	struct minsn *m;

	l->block = l->blocks[0];
	l->insn = NULL;
	if (l->b->func->entry) {
		if (!l->f->stack)
			return;
		m = minsn_new(l->f, VGPU_OP_SMOVI, 0);
		m->d = mo_phys(MC_S, M_STACK_REG);
		m->b = mo_num(0);
		m->c = mo_num(0);
		minsn_append(l->block, m);
		enter_stack(l);
		return;
	}
	l->f->link = mreg_new(l->f, MC_V);
	low_op1(l, VGPU_OP_MOV, mo_reg(l->f->link), mo_phys(MC_V, M_LINK_REG));
	enter_stack(l);
	load_parameters(l);
}

static bool makes_calls(const struct ir_body *b)
{
	const struct ir_insn *i;
	u32 k;

	for (k = 0; k < b->nblocks; k++)
		for (i = b->blocks[k]->first; i; i = i->next)
			if (i->op == OP_CALL)
				return true;
	return false;
}

static enum plain_form plain_form(void *l, const struct ir_mem *m)
{
	return low_plain_form(l, m);
}

static void choose_shadows(struct low *l)
{
	struct shadow_input in = {
		.b = l->b,
		.loops = l->loops,
		.u = l->uni,
		.shape = l->unit->opt->shape,
		.patterns = VGPU_CODE_MAX_PATTERNS - l->unit->object->npatterns,
		.form = plain_form,
		.ctx = l,
	};

	l->shadows = plan_shadows(&in);
	l->shadow = arena_array(&l->b->arena, l->b->nregs + 1, struct low_shadow);
	l->anchor = arena_array(&l->b->arena, l->b->nblocks + 1, struct minsn *);
}

struct mfunc *lower_function(struct unit *u, struct ir_body *b, u32 index)
{
	struct low *l = arena_new(&b->arena, struct low);
	u32 k;

	(void)index;
	l->unit = u;
	l->b = b;
	l->f = arena_new(&b->arena, struct mfunc);
	l->f->arena = &b->arena;
	l->f->diag = u->diag;
	l->f->name = b->func->name;
	l->f->entry = b->func->entry;
	l->f->has_calls = makes_calls(b);
	l->f->stack = !b->func->entry || l->f->has_calls || u->dynamic;
	l->loops = find_loops(b);
	l->uni = analyse_uniformity(b, l->loops, u->opt->shape);
	l->scalar = arena_array(&b->arena, b->nregs + 1, u8);
	l->val = arena_array(&b->arena, b->nregs + 1, u32);
	for (k = 0; k < b->nregs; k++)
		l->val[k] = M_NOREG;
	choose_scalars(l);
	choose_shadows(l);
	make_blocks(l);
	place_variables(l);
	enter(l);
	/* dominators first, so that every value has its class before its uses */
	for (k = 0; k < b->nrpo; k++)
		lower_block(l, b->rpo[k]);
	finish_edges(l);
	fill_phis(l);
	insert_convergence(l);
	return l->f;
}
