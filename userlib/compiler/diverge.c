// SPDX-License-Identifier: MIT
/*
 * Divergence analysis: which values, and which branches, are the same for
 * all lanes that execute them together.
 *
 * Optimistic: everything is uniform until a reason is found. Reasons are
 * special registers that differ between lanes, loads that may, joins of
 * divergent branches, values carried out of a loop that lanes leave at
 * different times, and whatever is made in a tangle where lanes part or meet.
 */
#include "analysis.h"
#include "back.h"

#define JOINED 0x80000000u

struct diverge {
	struct ir_body *b;
	struct uniformity *u;
	const struct ir_loops *loops;
	enum vgpucc_shape_class shape;
	u32 *start; /* users of a register (CSR) */
	struct ir_insn **users;
	struct ir_insn **work;
	u32 nwork, cap;
	u32 *label; /* by block id, for the branch at hand */
	u32 *stamp; /* by block id: label is of this branch */
	u32 round;
	u64 steps;
	struct ir_block **queue;
	u8 *queued;
	u8 *tangled; /* by number: tangle handled */
};

bool sreg_uniform(enum ir_sreg s, enum vgpucc_shape_class shape)
{
	switch (s) {
	case SREG_TID_X:
	case SREG_LANEID:
	case SREG_LANEMASK_EQ:
	case SREG_LANEMASK_LE:
	case SREG_LANEMASK_LT:
	case SREG_LANEMASK_GE:
	case SREG_LANEMASK_GT:
	case SREG_CLOCK:
	case SREG_CLOCK_HI:
	case SREG_CLOCK64:
	case SREG_GLOBALTIMER:
	case SREG_GLOBALTIMER_LO:
	case SREG_GLOBALTIMER_HI:
		return false;
	case SREG_TID_Y:
	case SREG_TID_Z:
		return shape != VGPUCC_SHAPE_GENERAL;
	default:
		return true;
	}
}

/* ---- users ---- */

struct count {
	u32 *n;
	struct ir_insn *insn;
	struct ir_insn **users;
};

static void count_use(struct ir_reg **slot, bool def, struct ir_operand *op, void *ctx)
{
	struct count *c = ctx;

	(void)op;
	if (def || !*slot)
		return;
	if (c->users)
		c->users[c->n[(*slot)->id]] = c->insn;
	c->n[(*slot)->id]++;
}

static void for_all(struct ir_body *b, ir_walk_fn fn, struct count *c)
{
	u32 k;

	for (k = 0; k < b->nrpo; k++)
		for (c->insn = b->rpo[k]->first; c->insn; c->insn = c->insn->next)
			ir_walk(c->insn, fn, c);
}

static void index_users(struct diverge *d)
{
	struct count c = { 0 };
	u32 v, sum = 0, n = d->b->nregs;

	c.n = arena_array(&d->b->arena, n + 1, u32);
	d->start = arena_array(&d->b->arena, n + 1, u32);
	for_all(d->b, count_use, &c);
	for (v = 0; v < n; v++) {
		d->start[v] = sum;
		sum += c.n[v];
		c.n[v] = d->start[v];
	}
	d->start[n] = sum;
	d->users = arena_array(&d->b->arena, sum + 1, struct ir_insn *);
	c.users = d->users;
	for_all(d->b, count_use, &c);
}

/* ---- marking ---- */

static void queue_insn(struct diverge *d, struct ir_insn *i)
{
	if (d->nwork == d->cap) {
		d->work = arena_grow(&d->b->arena, d->work, d->cap, d->cap * 2, sizeof(*d->work));
		d->cap *= 2;
	}
	d->work[d->nwork++] = i;
}

static void mark_reg(struct diverge *d, struct ir_reg *r)
{
	u32 k;

	if (!r || !d->u->uniform[r->id])
		return;
	d->u->uniform[r->id] = 0;
	for (k = d->start[r->id]; k < d->start[r->id + 1]; k++)
		queue_insn(d, d->users[k]);
}

static void mark_def(struct ir_reg **slot, bool def, struct ir_operand *op, void *ctx)
{
	(void)op;
	if (def)
		mark_reg(ctx, *slot);
}

static void mark_defs(struct diverge *d, struct ir_insn *i)
{
	ir_walk(i, mark_def, d);
}

/* ---- reasons of an instruction's own ---- */

static bool is_const_operand(const struct ir_operand *o, u64 value)
{
	return o->kind == OPND_IMM && (u32)o->imm == (u32)value;
}

/* Loads whose result may be taken once for all lanes, if the address is. */
static bool load_is_uniform(const struct ir_insn *i)
{
	if ((i->m.sem && i->m.sem != SEM_WEAK) || i->m.cop == COP_CV)
		return false;
	switch (i->m.space) {
	case SPC_GLOBAL:
	case SPC_CONST:
	case SPC_SHARED:
	case SPC_SHARED_CTA:
	case SPC_SHARED_CLUSTER:
		return true;
	default: /* a generic address may be local: the same, but another for each lane */
		return false;
	}
}

static bool source_differs(struct diverge *d, const struct ir_insn *i)
{
	u32 k;

	for (k = 0; k < i->nops; k++)
		if (!i->ops[k].def && i->ops[k].kind == OPND_SREG && !sreg_uniform(i->ops[k].sreg, d->shape))
			return true;
	return false;
}

static bool differs_by_itself(struct diverge *d, const struct ir_insn *i)
{
	u32 flags = ir_op_flags(i->op);

	if (flags & (OPF_CALL | OPF_ATOMIC | OPF_TEX | OPF_MMA))
		return true;
	switch (i->op) {
	case OP_LD:
		/* a function's parameters lie in the lane's own frame */
		if (i->m.space == SPC_PARAM || i->m.space == SPC_PARAM_ENTRY || i->m.space == SPC_PARAM_FUNC)
			return !d->b->func->entry || (i->ops[1].mem->var && i->ops[1].mem->var->pkind != PARAM_ENTRY);
		return !load_is_uniform(i);
	case OP_ADDC: /* the carry is no operand that could tell */
	case OP_SUBC:
	case OP_MADC:
	case OP_LDU:
	case OP_SHFL:
	case OP_SHFL_SYNC:
	case OP_MATCH_ANY:
	case OP_ELECT:
	case OP_ACTIVEMASK:
	case OP_LDMATRIX:
	case OP_MOVMATRIX:
	case OP_VOTE:
	case OP_ALLOCA:
	case OP_STACKSAVE:
		return true;
	case OP_VOTE_SYNC:
	case OP_MATCH_ALL:
	case OP_REDUX:
		return !is_const_operand(&i->ops[i->nops - 1], 0xffffffff);
	default:
		return source_differs(d, i);
	}
}

/* Results that are the same in all lanes whatever the sources are. */
static bool unites(const struct ir_insn *i)
{
	switch (i->op) {
	case OP_VOTE_SYNC:
	case OP_REDUX:
	case OP_MATCH_ALL:
	case OP_BAR_RED:
	case OP_BAR_CTA_RED:
	case OP_BARRIER_RED:
	case OP_BARRIER_CTA_RED:
		return true;
	default:
		return false;
	}
}

/* ---- tangles ---- */

/*
 * Lanes that go different ways may come by in different turns of a tangle
 * wherever it is; no place in it tells one turn from the next. So nothing
 * that is made in it counts as the same.
 */
static void go_apart(struct diverge *d, const struct ir_block *b)
{
	struct ir_insn *i;
	u32 k, t;

	spend(&d->b->arena, &d->steps, d->loops->ntangles);
	for (t = 0; t < d->loops->ntangles; t++) {
		if (d->tangled[t] || !loop_has(d->loops->tangles[t], b))
			continue;
		d->tangled[t] = 1;
		spend(&d->b->arena, &d->steps, d->b->nrpo);
		for (k = 0; k < d->b->nrpo; k++)
			if (loop_has(d->loops->tangles[t], d->b->rpo[k]))
				for (i = d->b->rpo[k]->first; i; i = i->next)
					mark_defs(d, i);
	}
}

/* ---- joins of a divergent branch ---- */

static bool note_branch(struct diverge *d, struct branches **list, const struct ir_block *b)
{
	struct branches *n;
	bool first = !*list;

	if (!first && (*list)->n > MAX_BRANCHES)
		return false;
	n = arena_new(&d->b->arena, struct branches);
	n->b = b;
	n->next = *list;
	n->n = first ? 1 : n->next->n + 1;
	*list = n;
	return first;
}

static void join_at(struct diverge *d, struct ir_block *j, const struct ir_block *from)
{
	struct ir_insn *i;

	if (!note_branch(d, &d->u->join[j->id], from))
		return;
	go_apart(d, j);
	for (i = j->first; i && i->op == OP_PHI; i = i->next)
		mark_defs(d, i);
}

/* Labels: 1 + the number of the way taken; a join has its own, above all ways. */
static void reach(struct diverge *d, struct ir_block *from, struct ir_block *to, u32 label, u32 *tail)
{
	if (d->stamp[to->id] != d->round) {
		d->stamp[to->id] = d->round;
		d->label[to->id] = label;
	} else if (d->label[to->id] != label && d->label[to->id] != JOINED + to->id) {
		d->label[to->id] = JOINED + to->id;
		join_at(d, to, from);
	} else {
		return;
	}
	if (!d->queued[to->id]) {
		d->queued[to->id] = 1;
		d->queue[(*tail)++ % d->b->nblocks] = to;
	}
}

static void spread(struct diverge *d, struct ir_block *from)
{
	u32 head = 0, tail = 0, k;

	d->round++;
	for (k = 0; k < from->nsuccs; k++)
		reach(d, from, from->succs[k], 1 + k, &tail);
	while (head != tail) {
		struct ir_block *b = d->queue[head++ % d->b->nblocks];

		d->queued[b->id] = 0;
		spend(&d->b->arena, &d->steps, 1 + b->nsuccs);
		if (b == from || b == from->ipdom)
			continue;
		for (k = 0; k < b->nsuccs; k++)
			reach(d, from, b->succs[k], d->label[b->id], &tail);
	}
}

struct leave {
	struct diverge *d;
	const struct ir_loop *loop;
};

static bool used_outside(struct diverge *d, struct ir_reg *r, const struct ir_loop *l)
{
	u32 k, p;

	spend(&d->b->arena, &d->steps, d->start[r->id + 1] - d->start[r->id]);
	for (k = d->start[r->id]; k < d->start[r->id + 1]; k++) {
		struct ir_insn *u = d->users[k];

		if (u->op != OP_PHI) {
			if (!loop_has(l, u->block))
				return true;
			continue;
		}
		/* a phi outside reads it on an edge that leaves the loop */
		if (loop_has(l, u->block))
			continue;
		for (p = 1; p < u->nops; p++)
			if (u->ops[p].kind == OPND_REG && u->ops[p].reg == r)
				return true;
	}
	return false;
}

/*
 * Lanes leave this loop at different times. Within it a value is uniform
 * still; outside, lanes hold it from different iterations. Values have one
 * place for both, so those used outside become divergent.
 */
static void mark_leaver(struct ir_reg **slot, bool def, struct ir_operand *op, void *ctx)
{
	struct leave *l = ctx;

	(void)op;
	if (def && *slot && l->d->u->uniform[(*slot)->id] && used_outside(l->d, *slot, l->loop))
		mark_reg(l->d, *slot);
}

static void leave_loop(struct diverge *d, const struct ir_loop *loop, const struct ir_block *from)
{
	struct leave l = { .d = d, .loop = loop };
	struct ir_insn *i;
	u32 k;

	if (!note_branch(d, &d->u->leave[loop->header->id], from))
		return;
	for (k = 0; k < d->b->nrpo; k++) {
		spend(&d->b->arena, &d->steps, 1);
		if (!loop_has(loop, d->b->rpo[k]))
			continue;
		for (i = d->b->rpo[k]->first; i; i = i->next)
			ir_walk(i, mark_leaver, &l);
	}
}

static void branch_diverges(struct diverge *d, struct ir_block *b)
{
	u32 k;

	if (d->u->divergent[b->id])
		return;
	d->u->divergent[b->id] = 1;
	spread(d, b);
	go_apart(d, b);
	spend(&d->b->arena, &d->steps, d->loops->n);
	for (k = 0; k < d->loops->n; k++) {
		const struct ir_loop *l = d->loops->loops[k];

		if (loop_has(l, b) && (!b->ipdom || !loop_has(l, b->ipdom)))
			leave_loop(d, l, b);
	}
}

/* ---- the fixed point ---- */

struct any {
	struct diverge *d;
	bool differs;
};

static void see_use(struct ir_reg **slot, bool def, struct ir_operand *op, void *ctx)
{
	struct any *a = ctx;

	(void)op;
	if (!def && *slot && !a->d->u->uniform[(*slot)->id])
		a->differs = true;
}

static void visit(struct diverge *d, struct ir_insn *i)
{
	struct any a = { .d = d };

	ir_walk(i, see_use, &a);
	if (!a.differs)
		return;
	if (ir_op_flags(i->op) & OPF_TERM) {
		if (i->op == OP_BRA || i->op == OP_BRX_IDX)
			branch_diverges(d, i->block);
		return;
	}
	if (!unites(i) || i->guard)
		mark_defs(d, i);
}

struct uniformity *analyse_uniformity(struct ir_body *b, const struct ir_loops *loops, enum vgpucc_shape_class shape)
{
	struct diverge *d = arena_new(&b->arena, struct diverge);
	struct ir_insn *i;
	u32 k;

	d->b = b;
	d->loops = loops;
	d->shape = shape;
	d->u = arena_new(&b->arena, struct uniformity);
	d->u->uniform = arena_array(&b->arena, b->nregs + 1, u8);
	d->u->divergent = arena_array(&b->arena, b->nblocks + 1, u8);
	d->u->join = arena_array(&b->arena, b->nblocks + 1, struct branches *);
	d->u->leave = arena_array(&b->arena, b->nblocks + 1, struct branches *);
	d->label = arena_array(&b->arena, b->nblocks + 1, u32);
	d->stamp = arena_array(&b->arena, b->nblocks + 1, u32);
	d->queue = arena_array(&b->arena, b->nblocks + 1, struct ir_block *);
	d->queued = arena_array(&b->arena, b->nblocks + 1, u8);
	d->tangled = arena_array(&b->arena, loops->ntangles + 1, u8);
	d->cap = 256;
	d->work = arena_array(&b->arena, d->cap, struct ir_insn *);
	for (k = 0; k < b->nregs; k++)
		d->u->uniform[k] = 1;
	index_users(d);
	for (k = 0; k < b->nregs; k++)
		if (!b->regs[k]->def && !b->func->entry)
			mark_reg(d, b->regs[k]);
	for (k = 0; k < b->nrpo; k++)
		for (i = b->rpo[k]->first; i; i = i->next)
			if (differs_by_itself(d, i))
				mark_defs(d, i);
	while (d->nwork)
		visit(d, d->work[--d->nwork]);
	return d->u;
}
