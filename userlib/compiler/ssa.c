// SPDX-License-Identifier: MIT
/*
 * Pruned SSA. Compilers hand us registers that nearly all have one def which
 * dominates every use: those stay as they are. Only the others get phis and
 * versions, so the cost follows the number of true variables.
 */
#include "ir.h"

/* Bound on steps through blocks per body: hostile input is refused, not run. */
#define MAX_STEPS 400000000u

/* Defs of a register that needs versions: two, or one that counts as two. */
enum { MANY = 2 };

/**
 * struct var - a register that needs versions
 * @reg: the register as written
 * @cur: its value where the renaming walk stands; NULL: undefined
 * @undef: the version without a def, made when first used
 * @versions: made so far
 * @defs: blocks that define it, @ndefs of them
 * @uses: blocks that use it before defining it, @nuses of them
 * @ndefs: how many at @defs
 * @nuses: how many at @uses
 * @defs_cap: room at @defs
 * @uses_cap: room at @uses
 */
struct var {
	struct ir_reg *reg, *cur, *undef;
	u32 versions;
	u32 *defs, *uses;
	u32 ndefs, nuses, defs_cap, uses_cap;
};

struct ssa {
	struct ir_body *b;
	struct var *vars;
	u32 nvars;
	u32 *var_of; /* by register id: index + 1, or 0 */
	u32 *ndefs;  /* by register id */
	u32 **df;    /* dominance frontier by block id */
	u32 *ndf, *df_cap;
	u32 *live;    /* by block id: variable + 1 last found live in */
	u32 *has_phi; /* likewise, for phis */
	u32 *queued;  /* likewise, for the work list */
	u32 *work;
	u64 steps;
	struct diag *d;
	/* renaming */
	struct undo {
		struct var *v;
		struct ir_reg *old;
	} * undo;
	u32 nundo, undo_cap;
};

static void step(struct ssa *s)
{
	if (++s->steps > MAX_STEPS) {
		diag_error(s->d, s->b->func->line, "'%s' is too complex: SSA construction", s->b->func->name);
		arena_bail(&s->b->arena, ARENA_BAIL_DIAG);
	}
}

#define PUSH(a, arr, n, cap, x)                                                    \
	do {                                                                       \
		if ((n) == (cap)) {                                                \
			u32 cap_ = (cap) ? (cap)*2 : 4;                            \
			(arr) = arena_grow((a), (arr), (n), cap_, sizeof(*(arr))); \
			(cap) = cap_;                                              \
		}                                                                  \
		(arr)[(n)++] = (x);                                                \
	} while (0)

/* ---- which registers need it ---- */

struct where {
	struct ssa *s;
	struct ir_insn *i;
};

/* A def under a guard keeps the value before it: around a loop, its own. */
static void count_def(struct ir_reg **slot, bool def, struct ir_operand *op, void *ctx)
{
	struct where *w = ctx;

	(void)op;
	if (def)
		w->s->ndefs[(*slot)->id] += w->i->guard ? MANY : 1;
}

static void set_def(struct ir_reg **slot, bool def, struct ir_operand *op, void *ctx)
{
	struct where *w = ctx;

	(void)op;
	if (def && w->s->ndefs[(*slot)->id] == 1)
		(*slot)->def = w->i;
}

/* A use that the one def does not dominate makes it a variable. */
static void check_use(struct ir_reg **slot, bool def, struct ir_operand *op, void *ctx)
{
	struct where *w = ctx;
	struct ir_insn *d = (*slot)->def;
	u32 *n = &w->s->ndefs[(*slot)->id];

	(void)op;
	if (def || *n != 1 || !d)
		return;
	if (d->block == w->i->block ? d->id >= w->i->id : !ir_dominates(d->block, w->i->block))
		*n = MANY;
}

static void for_all(struct ssa *s, ir_walk_fn fn)
{
	for (u32 k = 0; k < s->b->nblocks; k++) {
		for (struct ir_insn *i = s->b->blocks[k]->first; i; i = i->next) {
			struct where w = { s, i };

			ir_walk(i, fn, &w);
		}
	}
}

static void find_vars(struct ssa *s)
{
	struct ir_body *b = s->b;
	u32 n = 0;

	s->ndefs = arena_array(&b->arena, b->nregs, u32);
	s->var_of = arena_array(&b->arena, b->nregs, u32);
	for_all(s, count_def);
	/* parameters are defined on entry */
	for (u32 k = 0; k < b->nparam_regs; k++)
		if (s->ndefs[b->param_regs[k]->id])
			s->ndefs[b->param_regs[k]->id] += MANY;
	ir_number(b);
	for_all(s, set_def);
	for_all(s, check_use);
	for (u32 k = 0; k < b->nregs; k++)
		n += s->ndefs[k] > 1;
	s->vars = arena_array(&b->arena, n, struct var);
	for (u32 k = 0; k < b->nregs; k++) {
		if (s->ndefs[k] < 2)
			continue;
		b->regs[k]->def = NULL;
		s->vars[s->nvars].reg = b->regs[k];
		s->var_of[k] = ++s->nvars;
	}
}

/* ---- where they are defined, where they are wanted ---- */

struct local {
	struct ssa *s;
	struct ir_block *blk;
	bool guarded;
	u32 *defined; /* by variable: block id + 1 of the last def seen */
};

static void note(struct ir_reg **slot, bool def, struct ir_operand *op, void *ctx)
{
	struct local *l = ctx;
	struct ssa *s = l->s;
	u32 v = s->var_of[(*slot)->id], id = l->blk->id;
	struct var *var;

	(void)op;
	if (!v)
		return;
	var = &s->vars[v - 1];
	/* a guarded def also wants the value before it */
	if ((!def || l->guarded) && l->defined[v - 1] != id + 1 && (!var->nuses || var->uses[var->nuses - 1] != id))
		PUSH(&s->b->arena, var->uses, var->nuses, var->uses_cap, id);
	if (def && l->defined[v - 1] != id + 1) {
		l->defined[v - 1] = id + 1;
		PUSH(&s->b->arena, var->defs, var->ndefs, var->defs_cap, id);
	}
}

static void find_defs_uses(struct ssa *s)
{
	struct local l = { .s = s };

	l.defined = arena_array(&s->b->arena, s->nvars, u32);
	for (u32 k = 0; k < s->b->nblocks; k++) {
		l.blk = s->b->blocks[k];
		for (struct ir_insn *i = l.blk->first; i; i = i->next) {
			l.guarded = i->guard;
			ir_walk(i, note, &l);
		}
	}
}

/* ---- dominance frontiers ---- */

static void find_frontiers(struct ssa *s)
{
	struct ir_body *b = s->b;

	s->df = arena_array(&b->arena, b->nblocks, u32 *);
	s->ndf = arena_array(&b->arena, b->nblocks, u32);
	s->df_cap = arena_array(&b->arena, b->nblocks, u32);
	for (u32 k = 0; k < b->nblocks; k++) {
		struct ir_block *blk = b->blocks[k];

		if (blk->npreds < 2)
			continue;
		for (u32 j = 0; j < blk->npreds; j++) {
			struct ir_block *r = blk->preds[j];

			for (; r && r != blk->idom; r = r->idom) {
				u32 n = s->ndf[r->id];

				step(s);
				if (!n || s->df[r->id][n - 1] != k)
					PUSH(&b->arena, s->df[r->id], s->ndf[r->id], s->df_cap[r->id], k);
			}
		}
	}
}

/* ---- phis ---- */

/* Blocks where variable @v (index + 1) is live on entry get live[] == v. */
static void find_live(struct ssa *s, u32 v)
{
	struct var *var = &s->vars[v - 1];
	u32 n = 0;

	/* defs without upward use stop the walk; queued[] marks them */
	for (u32 k = 0; k < var->ndefs; k++)
		s->queued[var->defs[k]] = v;
	for (u32 k = 0; k < var->nuses; k++) {
		s->live[var->uses[k]] = v;
		s->work[n++] = var->uses[k];
	}
	while (n) {
		struct ir_block *blk = s->b->blocks[s->work[--n]];

		for (u32 j = 0; j < blk->npreds; j++) {
			u32 p = blk->preds[j]->id;

			step(s);
			if (s->live[p] == v || s->queued[p] == v)
				continue;
			s->live[p] = v;
			s->work[n++] = p;
		}
	}
}

static void add_phi(struct ssa *s, struct ir_block *blk, struct ir_reg *r)
{
	struct ir_insn *i = ir_insn_new(s->b, OP_PHI, 1 + blk->npreds, 0);

	i->ntypes = 1;
	i->types[0] = r->type;
	for (u32 k = 0; k < i->nops; k++)
		i->ops[k].type = r->type;
	i->ops[0].kind = OPND_REG;
	i->ops[0].def = true;
	i->ops[0].reg = r;
	i->line = blk->first ? blk->first->line : 0;
	ir_prepend(blk, i);
}

static void place_phis(struct ssa *s, u32 v)
{
	struct var *var = &s->vars[v - 1];
	u32 n = 0;

	find_live(s, v);
	/* queued[] now holds exactly the blocks with defs: the start */
	for (u32 k = 0; k < var->ndefs; k++)
		s->work[n++] = var->defs[k];
	while (n) {
		u32 x = s->work[--n];

		for (u32 j = 0; j < s->ndf[x]; j++) {
			u32 y = s->df[x][j];

			step(s);
			if (s->has_phi[y] == v || s->live[y] != v)
				continue;
			s->has_phi[y] = v;
			add_phi(s, s->b->blocks[y], var->reg);
			if (s->queued[y] != v) {
				s->queued[y] = v;
				s->work[n++] = y;
			}
		}
	}
}

/* ---- renaming ---- */

static struct ir_reg *version(struct ssa *s, struct var *v, struct ir_insn *def)
{
	struct ir_reg *r = ir_reg_new(s->b, v->reg->type, v->reg->name);

	r->var = v->reg;
	r->sub = ++v->versions;
	r->def = def;
	return r;
}

static struct ir_reg *value(struct ssa *s, struct var *v)
{
	if (v->cur)
		return v->cur;
	if (!v->undef)
		v->undef = version(s, v, NULL);
	return v->undef;
}

static void define(struct ssa *s, struct var *v, struct ir_reg *r)
{
	struct undo u = { v, v->cur };

	PUSH(&s->b->arena, s->undo, s->nundo, s->undo_cap, u);
	v->cur = r;
}

static struct var *var_of(struct ssa *s, const struct ir_reg *r)
{
	/* versions made here have ids past the table, and need nothing */
	u32 v = r->var ? 0 : s->var_of[r->id];

	return v ? &s->vars[v - 1] : NULL;
}

static void rename_slot(struct ir_reg **slot, bool def, struct ir_operand *op, void *ctx)
{
	struct where *w = ctx;
	struct ssa *s = w->s;
	struct var *v = var_of(s, *slot);

	if (!v)
		return;
	if (!def) {
		*slot = value(s, v);
		return;
	}
	if (w->i->guard)
		op->prior = v->cur;
	*slot = version(s, v, w->i);
	define(s, v, *slot);
}

static void rename_block(struct ssa *s, struct ir_block *blk)
{
	for (struct ir_insn *i = blk->first; i; i = i->next) {
		struct where w = { s, i };
		struct var *v;

		if (i->op != OP_PHI) {
			ir_walk(i, rename_slot, &w);
			continue;
		}
		v = var_of(s, i->ops[0].reg);
		i->ops[0].reg = version(s, v, i);
		define(s, v, i->ops[0].reg);
	}
}

/* Values at the end of the block that enters by edge @j. */
static void fill_edge(struct ssa *s, struct ir_block *to, u32 j)
{
	for (struct ir_insn *i = to->first; i && i->op == OP_PHI; i = i->next) {
		struct ir_reg *r = i->ops[0].reg;
		struct var *v = var_of(s, r->var ? r->var : r);

		step(s);
		if (!v->cur)
			continue;
		i->ops[1 + j].kind = OPND_REG;
		i->ops[1 + j].reg = v->cur;
	}
}

/* This block's values into the phis of its successors. */
static void fill_phis(struct ssa *s, struct ir_block *blk)
{
	for (u32 k = 0; k < blk->nsuccs; k++) {
		struct ir_block *to = blk->succs[k];

		if (!to->first || to->first->op != OP_PHI)
			continue;
		for (u32 j = 0; j < to->npreds; j++) {
			step(s);
			if (to->preds[j] == blk)
				fill_edge(s, to, j);
		}
	}
}

static void roll_back(struct ssa *s, u32 mark)
{
	while (s->nundo > mark) {
		struct undo *u = &s->undo[--s->nundo];

		u->v->cur = u->old;
	}
}

/* Down the dominator tree with a stack of undo marks. */
static void rename_all(struct ssa *s)
{
	u32 *marks = arena_array(&s->b->arena, s->b->nblocks + 1, u32);
	struct ir_block *blk = s->b->blocks[0];
	u32 depth = 0;

	for (;;) {
		marks[depth] = s->nundo;
		rename_block(s, blk);
		fill_phis(s, blk);
		if (blk->dom_first) {
			blk = blk->dom_first;
			depth++;
			continue;
		}
		while (!blk->dom_next) {
			roll_back(s, marks[depth]);
			blk = blk->idom;
			if (!blk)
				return;
			depth--;
		}
		roll_back(s, marks[depth]);
		blk = blk->dom_next;
	}
}

static void ssa(struct ir_body *b, struct diag *d)
{
	struct ssa s = { .b = b, .d = d };

	find_vars(&s);
	find_defs_uses(&s);
	find_frontiers(&s);
	s.live = arena_array(&b->arena, b->nblocks, u32);
	s.has_phi = arena_array(&b->arena, b->nblocks, u32);
	s.queued = arena_array(&b->arena, b->nblocks, u32);
	s.work = arena_array(&b->arena, 2 * (size_t)b->nblocks, u32);
	for (u32 v = 1; v <= s.nvars; v++)
		place_phis(&s, v);
	for (u32 k = 0; k < b->nparam_regs; k++) {
		struct var *v = var_of(&s, b->param_regs[k]);

		if (v)
			v->cur = v->reg;
	}
	rename_all(&s);
	b->ssa = true;
}

bool ir_body_ssa(struct ir_body *b, struct diag *d)
{
	jmp_buf bail;
	int why = setjmp(bail);

	if (why) {
		b->arena.bail = NULL;
		if (why == ARENA_BAIL_NOMEM)
			diag_error(d, b->func->line, "'%s' needs more memory than the limit of %zu MiB", b->func->name,
				   b->arena.limit >> 20);
		return false;
	}
	b->arena.bail = &bail;
	if (!ir_verify(b, d, "parse"))
		goto out;
	ir_legalize(b);
	ir_dom(b);
	ssa(b, d);
	if (!ir_verify(b, d, "ssa"))
		goto out;
	b->arena.bail = NULL;
	return true;
out:
	b->arena.bail = NULL;
	return false;
}
