// SPDX-License-Identifier: MIT
/*
 * Convergence barriers: where the lanes of a divergent branch must meet again
 * (its immediate post-dominator), bsync waits for those that bssy noted at
 * the nearest place before that all of them pass. Left out, it costs speed
 * only; but lanes that meet keep one scalar file, so that a meeting must be of
 * those that were one fragment when the members were noted.
 */
#include <string.h>

#include "back.h"
#include "lower.h"

/**
 * struct cycle - the blocks through which a branch comes round to itself
 * without passing the place where its lanes are to meet
 * @in: by block id
 * @any: there are such blocks
 * @waits: something in them may wait for other lanes
 * @spins: by block id: something in it may
 * @behind: scratch, by block id
 * @stack: scratch
 */
struct cycle {
	u8 *in, *spins, *behind;
	struct ir_block **stack;
	bool any, waits;
};

/*
 * Spinning on memory: lanes that wait at the meeting place may hold what it
 * waits for. An atomic whose old value nobody reads is no waiting.
 */
static bool may_spin(const struct low *l, const struct ir_insn *i)
{
	u32 flags = ir_op_flags(i->op);

	if (i->op == OP_RED || (i->op == OP_ATOM && (i->ops[0].kind == OPND_NONE ||
						     (i->ops[0].kind == OPND_REG && !l->used[i->ops[0].reg->id]))))
		return false;
	if (flags & (OPF_ATOMIC | OPF_CALL) || i->op == OP_NANOSLEEP)
		return true;
	return flags & OPF_LOAD && (i->m.sem > SEM_WEAK || i->m.cop == COP_CV);
}

/* Blocks reached from @from by @succs or preds, not through @stop. */
static void spread(struct low *l, struct ir_block *from, const struct ir_block *stop, bool forward, u8 *seen,
		   struct ir_block **stack)
{
	u32 sp = 0, k;

	stack[sp++] = from;
	while (sp) {
		struct ir_block *b = stack[--sp];
		struct ir_block **next = forward ? b->succs : b->preds;

		spend(&l->b->arena, &l->f->steps, 1);
		for (k = 0; k < (forward ? b->nsuccs : b->npreds); k++) {
			if (next[k] == stop || seen[next[k]->id])
				continue;
			seen[next[k]->id] = 1;
			stack[sp++] = next[k];
		}
	}
}

static void find_cycle(struct low *l, struct ir_block *b, struct ir_block *j, struct cycle *c)
{
	u32 n = l->b->nblocks, k;
	u8 *ahead = c->in, *behind = c->behind;

	memset(ahead, 0, n);
	memset(behind, 0, n);
	c->any = false;
	c->waits = false;
	spend(&l->b->arena, &l->f->steps, n);
	spread(l, b, j, true, ahead, c->stack);
	if (!ahead[b->id]) {
		memset(ahead, 0, n);
		return;
	}
	spread(l, b, j, false, behind, c->stack);
	for (k = 0; k < n; k++) {
		ahead[k] &= behind[k];
		if (!ahead[k])
			continue;
		c->any = true;
		c->waits |= c->spins[k];
	}
}

static void find_spins(const struct low *l, u8 *spins)
{
	const struct ir_insn *i;
	u32 k;

	for (k = 0; k < l->b->nblocks; k++)
		for (i = l->b->blocks[k]->first; i; i = i->next)
			spins[k] |= may_spin(l, i);
}

/* Every turn of every loop that @j is in passes @d, too. */
static bool same_loops(const struct low *l, const struct ir_block *d, const struct ir_block *j)
{
	u32 k;

	for (k = 0; k < l->loops->n; k++)
		if (loop_has(l->loops->loops[k], j) && !loop_has(l->loops->loops[k], d))
			return false;
	return true;
}

/* Can lanes come by @b twice without passing @other? Loops tell, where they have one entry each. */
static bool comes_round(struct low *l, struct ir_block *b, const struct ir_block *other, struct cycle *c)
{
	if (!tangled(l->loops, b))
		return false;
	memset(c->behind, 0, l->b->nblocks);
	spend(&l->b->arena, &l->f->steps, l->b->nblocks);
	spread(l, b, other, true, c->behind, c->stack);
	return c->behind[b->id];
}

/*
 * Where the members are noted: the nearest block that all paths to @j pass,
 * once for each time that @j is passed. NULL: there is none, or lanes might
 * wait for each other for ever.
 */
static struct ir_block *gather_at(struct low *l, struct ir_block *b, struct ir_block *j, struct cycle *c)
{
	struct ir_block *d = j->idom;
	u32 k;

	find_cycle(l, b, j, c);
	if (c->waits)
		return NULL;
	while (d && c->in[d->id])
		d = d->idom;
	for (k = 0; d && k < l->loops->n; k++)
		if (loop_has(l->loops->loops[k], d) && !loop_has(l->loops->loops[k], j))
			d = l->loops->loops[k]->header->idom;
	while (d && comes_round(l, d, j, c))
		d = d->idom;
	return d && d != j && same_loops(l, d, j) && !comes_round(l, j, d, c) ? d : NULL;
}

static bool is_jump(const struct minsn *i)
{
	return i->op == VGPU_OP_BRA || i->op == VGPU_OP_SBR || i->op == VGPU_OP_BRX;
}

/* At the block's end: lanes that parted at an anchor in it (shadow.h) are not taken for one fragment. */
static void put_bssy(struct low *l, struct mblock *b, u32 mask)
{
	struct minsn *at = NULL, *i, *n = minsn_new(l->f, VGPU_OP_BSSY, 0);

	n->d = mo_reg(mask);
	for (i = b->last; i && is_jump(i) && !(i->flags & MF_SKIP); i = i->prev)
		at = i;
	if (at) {
		n->line = at->line;
		minsn_before(at, n);
	} else {
		minsn_append(b, n);
	}
}

static void put_bsync(struct low *l, struct mblock *b, u32 mask)
{
	struct minsn *i = b->first, *n = minsn_new(l->f, VGPU_OP_BSYNC, 0);

	n->a = mo_reg(mask);
	while (i && i->op == MOP_PHI)
		i = i->next;
	if (i) {
		n->line = i->line;
		minsn_before(i, n);
	} else {
		minsn_append(b, n);
	}
}

static void note_use(struct ir_reg **slot, bool def, struct ir_operand *op, void *ctx)
{
	struct low *l = ctx;

	(void)op;
	if (!def && *slot)
		l->used[(*slot)->id] = 1;
}

static void note_uses(struct low *l)
{
	struct ir_insn *i;
	u32 k;

	l->used = arena_array(&l->b->arena, l->b->nregs + 1, u8);
	for (k = 0; k < l->b->nrpo; k++)
		for (i = l->b->rpo[k]->first; i; i = i->next)
			ir_walk(i, note_use, l);
}

/*
 * Does a phi at @j have a shadow from an anchor behind @d? Lanes that parted there came by one way, so that
 * nothing else tells them from those that others gather for.
 */
static bool parted_since(const struct low *l, const struct ir_block *d, const struct ir_block *j)
{
	const struct shadows *s = l->shadows;
	const struct ir_insn *i;
	u64 deps;

	for (i = j->first; i && i->op == OP_PHI; i = i->next) {
		if (!s->wanted[i->ops[0].reg->id] || s->kind[i->ops[0].reg->id] != SHADOW_LINEAR)
			continue;
		for (deps = s->deps[i->ops[0].reg->id]; deps; deps &= deps - 1)
			if (!ir_dominates(s->anchor[__builtin_ctzll(deps)].b, d))
				return true;
	}
	return false;
}

/* Lanes that part in @b are to meet at @j. */
static void meet_at(struct low *l, struct ir_block *b, struct ir_block *j, struct cycle *c, u8 *done)
{
	struct ir_block *d;
	u32 mask;

	if (!j || done[j->id])
		return;
	d = gather_at(l, b, j, c);
	if (!d || parted_since(l, d, j))
		return;
	done[j->id] = 1;
	mask = mreg_new(l->f, MC_S);
	put_bssy(l, l->blocks[d->id], mask);
	put_bsync(l, l->blocks[j->id], mask);
}

/*
 * May lanes that parted at an anchor in @b spin before they meet, on what those hold that wait there already? Nothing
 * but anchors gathers lanes of a branch's one side behind a loop.
 */
static bool spins_apart(const struct low *l, const struct ir_block *b, const struct cycle *c)
{
	const struct shadows *s = l->shadows;
	u32 a, k;

	for (a = 0; a < s->nanchors && s->anchor[a].b != b; a++)
		;
	for (k = 0; a < s->nanchors && k < l->b->nblocks; k++)
		if (c->spins[k] && s->anchor[a].region[k / 64] >> k % 64 & 1 &&
		    l->b->blocks[k]->loop_depth > b->loop_depth)
			return true;
	return false;
}

void insert_convergence(struct low *l)
{
	u8 *done = arena_array(&l->b->arena, l->b->nblocks + 1, u8);
	struct cycle c = {
		.in = arena_array(&l->b->arena, l->b->nblocks + 1, u8),
		.spins = arena_array(&l->b->arena, l->b->nblocks + 1, u8),
		.behind = arena_array(&l->b->arena, l->b->nblocks + 1, u8),
		.stack = arena_array(&l->b->arena, l->b->nblocks + 1, struct ir_block *),
	};
	u32 k;

	note_uses(l);
	find_spins(l, c.spins);
	for (k = 0; k < l->b->nrpo; k++) {
		struct ir_block *b = l->b->rpo[k];

		if (l->anchor[b->id] && !spins_apart(l, b, &c))
			meet_at(l, b, l->shadows->meeting[b->id], &c, done);
		if (l->uni->divergent[b->id])
			meet_at(l, b, b->ipdom, &c, done);
	}
}
