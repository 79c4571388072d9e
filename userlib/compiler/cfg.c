// SPDX-License-Identifier: MIT
/* Blocks and edges from the instruction list; reverse post order. */
#include "ir.h"

/* Through forward references to the label that is defined. */
static struct ir_label *resolve(struct ir_label *l)
{
	while (l->same)
		l = l->same;
	return l;
}

static bool ends_block(const struct ir_insn *i)
{
	u32 flags = ir_op_flags(i->op);

	/* a guarded trap is an ordinary instruction, and falls through */
	return flags & OPF_TERM && !(i->op == OP_TRAP && i->guard);
}

static bool targets(const struct ir_insn *at, struct ir_label *l)
{
	return resolve(l)->at == at;
}

static bool is_target(const struct ir_body *b, const struct ir_insn *at)
{
	for (const struct ir_insn *i = b->insns; i; i = i->next)
		if (i->op == OP_BRA && targets(at, i->ops[0].label))
			return true;
	for (u32 k = 0; k < b->ntables; k++)
		for (u32 j = 0; b->tables[k]->labels && j < b->tables[k]->n; j++)
			if (targets(at, b->tables[k]->labels[j]))
				return true;
	return false;
}

/*
 * Nothing may branch to the entry block: phis there would have no place for
 * what comes in from outside. If something does, a block goes before it.
 */
static void clear_entry(struct ir_body *b)
{
	struct ir_insn *old = b->insns, *i;
	struct ir_label *l;

	if (!is_target(b, old))
		return;
	l = arena_new(&b->arena, struct ir_label);
	l->name = "entry";
	l->at = old;
	l->defined = true;
	i = ir_insn_new(b, OP_BRA, 1, old->line);
	i->m.uni = UNI;
	i->ops[0].kind = OPND_BLOCK;
	i->ops[0].label = l;
	i->next = old;
	old->prev = i;
	b->insns = i;
	b->ninsns++;
}

/* Instructions that start a block get scratch.u = 1. */
static void mark_leader(struct ir_label *l)
{
	resolve(l)->at->scratch.u = 1;
}

static u32 mark_leaders(struct ir_body *b)
{
	u32 n = 0;

	for (struct ir_insn *i = b->insns; i; i = i->next)
		i->scratch.u = !i->prev || ends_block(i->prev);
	for (struct ir_insn *i = b->insns; i; i = i->next)
		if (i->op == OP_BRA)
			mark_leader(i->ops[0].label);
	for (u32 k = 0; k < b->ntables; k++)
		for (u32 j = 0; b->tables[k]->labels && j < b->tables[k]->n; j++)
			mark_leader(b->tables[k]->labels[j]);
	for (struct ir_insn *i = b->insns; i; i = i->next)
		n += i->scratch.u;
	return n;
}

static void make_blocks(struct ir_body *b, u32 n)
{
	struct ir_block *blk = NULL;
	struct ir_insn *next;

	b->blocks = arena_array(&b->arena, n, struct ir_block *);
	for (struct ir_insn *i = b->insns; i; i = next) {
		next = i->next;
		if (i->scratch.u) {
			blk = arena_new(&b->arena, struct ir_block);
			blk->id = b->nblocks;
			b->blocks[b->nblocks++] = blk;
		}
		i->scratch.u = 0;
		i->next = NULL;
		i->prev = NULL;
		ir_append(blk, i);
	}
	b->insns = NULL;
	b->insns_last = NULL;
}

static struct ir_block *block_of(struct ir_label *l)
{
	l = resolve(l);
	l->block = l->at->block;
	if (!l->block->label)
		l->block->label = l;
	return l->block;
}

static void resolve_targets(struct ir_body *b)
{
	for (u32 k = 0; k < b->ntables; k++) {
		struct ir_table *t = b->tables[k];

		if (!t->labels)
			continue;
		t->blocks = arena_array(&b->arena, t->n, struct ir_block *);
		for (u32 j = 0; j < t->n; j++)
			t->blocks[j] = block_of(t->labels[j]);
	}
	for (u32 k = 0; k < b->nblocks; k++) {
		struct ir_insn *i = b->blocks[k]->last;

		if (i->op == OP_BRA)
			i->ops[0].block = block_of(i->ops[0].label);
	}
}

static void set_succs(struct ir_body *b, struct ir_block *blk)
{
	struct ir_insn *i = blk->last;
	struct ir_block *fall = blk->id + 1 < b->nblocks ? b->blocks[blk->id + 1] : NULL;
	const struct ir_table *t = i->op == OP_BRX_IDX ? i->ops[1].table : NULL;
	bool falls = !ends_block(i) || i->guard;
	u32 n = t ? t->n : 1;

	blk->succs = arena_array(&b->arena, n + 1, struct ir_block *);
	if (i->op == OP_BRA)
		blk->succs[blk->nsuccs++] = i->ops[0].block;
	for (u32 k = 0; t && k < t->n; k++)
		blk->succs[blk->nsuccs++] = t->blocks[k];
	/* close_body() in the parser sees to it that the last never falls */
	if (falls && fall)
		blk->succs[blk->nsuccs++] = fall;
}

static void set_preds(struct ir_body *b)
{
	for (u32 k = 0; k < b->nblocks; k++)
		for (u32 j = 0; j < b->blocks[k]->nsuccs; j++)
			b->blocks[k]->succs[j]->npreds++;
	for (u32 k = 0; k < b->nblocks; k++) {
		b->blocks[k]->preds = arena_array(&b->arena, b->blocks[k]->npreds, struct ir_block *);
		b->blocks[k]->npreds = 0;
	}
	for (u32 k = 0; k < b->nblocks; k++) {
		for (u32 j = 0; j < b->blocks[k]->nsuccs; j++) {
			struct ir_block *s = b->blocks[k]->succs[j];

			s->preds[s->npreds++] = b->blocks[k];
		}
	}
}

/* Depth first with a stack of its own: bodies may have many blocks in a row. */
static void set_rpo(struct ir_body *b)
{
	struct ir_block **stack = arena_array(&b->arena, b->nblocks, struct ir_block *);
	u32 *next = arena_array(&b->arena, b->nblocks, u32);
	u32 sp = 0, post = 0;

	b->rpo = arena_array(&b->arena, b->nblocks, struct ir_block *);
	for (u32 k = 0; k < b->nblocks; k++)
		b->blocks[k]->rpo = IR_UNREACHABLE;
	stack[sp++] = b->blocks[0];
	b->blocks[0]->rpo = 0;
	while (sp) {
		struct ir_block *blk = stack[sp - 1];

		if (next[blk->id] < blk->nsuccs) {
			struct ir_block *s = blk->succs[next[blk->id]++];

			if (s->rpo == IR_UNREACHABLE) {
				s->rpo = 0;
				stack[sp++] = s;
			}
			continue;
		}
		b->rpo[post++] = blk;
		sp--;
	}
	b->nrpo = post;
	for (u32 k = 0; k < post / 2; k++) {
		struct ir_block *t = b->rpo[k];

		b->rpo[k] = b->rpo[post - 1 - k];
		b->rpo[post - 1 - k] = t;
	}
	for (u32 k = 0; k < post; k++)
		b->rpo[k]->rpo = k;
}

/* Blocks that nothing reaches go, so that no pass must think of them. */
static void drop_unreachable(struct ir_body *b)
{
	u32 n = 0;

	if (b->nrpo == b->nblocks)
		return;
	for (u32 k = 0; k < b->nblocks; k++) {
		struct ir_block *blk = b->blocks[k];
		u32 m = 0;

		if (blk->rpo == IR_UNREACHABLE)
			continue;
		for (u32 j = 0; j < blk->npreds; j++)
			if (blk->preds[j]->rpo != IR_UNREACHABLE)
				blk->preds[m++] = blk->preds[j];
		blk->npreds = m;
		b->blocks[n++] = blk;
	}
	b->nblocks = n;
	for (u32 k = 0; k < n; k++)
		b->blocks[k]->id = k;
}

void ir_cfg(struct ir_body *b)
{
	clear_entry(b);
	make_blocks(b, mark_leaders(b));
	resolve_targets(b);
	for (u32 k = 0; k < b->nblocks; k++)
		set_succs(b, b->blocks[k]);
	set_preds(b);
	set_rpo(b);
	drop_unreachable(b);
	b->has_cfg = true;
}
