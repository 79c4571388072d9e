// SPDX-License-Identifier: MIT
/*
 * Convergence barriers: where the lanes of a divergent branch must meet again
 * (its immediate post-dominator), bsync waits for those that bssy noted at
 * the nearest place before that all of them pass. Only speed depends on it.
 */
#include "lower.h"

/* In @d's loops but not in @j's: lanes would note their mask once a turn. */
static const struct ir_loop *loop_between(const struct low *l, const struct ir_block *d,
					  const struct ir_block *j)
{
	u32 k;

	/* outer before inner: the first is the outermost */
	for (k = 0; k < l->loops->n; k++)
		if (loop_has(l->loops->loops[k], d) && !loop_has(l->loops->loops[k], j))
			return l->loops->loops[k];
	return NULL;
}

static struct ir_block *gather_at(const struct low *l, struct ir_block *j)
{
	const struct ir_loop *loop;
	struct ir_block *d = j->idom;

	while (d && (loop = loop_between(l, d, j)) != NULL)
		d = loop->header->idom;
	return d;
}

static bool heads_loop_of(const struct low *l, const struct ir_block *j,
			  const struct ir_block *b)
{
	u32 k;

	for (k = 0; k < l->loops->n; k++)
		if (l->loops->loops[k]->header == j && loop_has(l->loops->loops[k], b))
			return true;
	return false;
}

static bool is_jump(const struct minsn *i)
{
	return i->op == VGPU_OP_BRA || i->op == VGPU_OP_SBR || i->op == VGPU_OP_BRX;
}

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

void insert_convergence(struct low *l)
{
	u8 *done = arena_array(&l->b->arena, l->b->nblocks + 1, u8);
	u32 k, mask;

	for (k = 0; k < l->b->nrpo; k++) {
		struct ir_block *b = l->b->rpo[k], *j = b->ipdom, *d;

		if (!l->uni->divergent[b->id] || !j || done[j->id] || heads_loop_of(l, j, b))
			continue;
		d = gather_at(l, j);
		if (!d)
			continue;
		done[j->id] = 1;
		mask = mreg_new(l->f, MC_S);
		l->f->vregs[mask].narrow = true;
		put_bssy(l, l->blocks[d->id], mask);
		put_bsync(l, l->blocks[j->id], mask);
	}
}
