// SPDX-License-Identifier: MIT
/*
 * Jumps, tidied once the copies are in place: blocks that only jump are
 * passed by, and of two ways out the one that follows falls through.
 */
#include "mir.h"

static bool only_jumps(const struct mblock *b)
{
	const struct minsn *i = b->first;

	return i && i == b->last && i->op == VGPU_OP_BRA && i->guard == M_NOREG && i->target != b;
}

static struct mblock *past(struct mblock *b)
{
	u32 hops = 0;

	while (only_jumps(b) && hops++ < 8)
		b = b->first->target;
	return b;
}

static void drop_blocks(struct mfunc *f)
{
	u32 k, n = 0;

	for (k = 0; k < f->nblocks; k++)
		f->blocks[k]->mark = k == 0;
	for (k = 0; k < f->nblocks; k++) {
		struct minsn *i;

		for (i = f->blocks[k]->first; i; i = i->next)
			if (i->target)
				i->target->mark = 1;
	}
	for (k = 0; k < f->njump; k++) {
		u32 j;

		for (j = 0; j < f->jump[k].n; j++)
			f->jump[k].blocks[j]->mark = 1;
	}
	/* a block that nothing names is reached by falling, if at all; jumps end all here */
	for (k = 0; k < f->nblocks; k++) {
		if (!f->blocks[k]->mark && only_jumps(f->blocks[k]))
			continue;
		f->blocks[k]->id = n;
		f->blocks[n++] = f->blocks[k];
	}
	f->nblocks = n;
}

static const u8 opposite[VGPU_CMP_COUNT] = {
	[VGPU_CMP_EQ] = VGPU_CMP_NE,   [VGPU_CMP_NE] = VGPU_CMP_EQ,   [VGPU_CMP_LT] = VGPU_CMP_GE,
	[VGPU_CMP_GE] = VGPU_CMP_LT,   [VGPU_CMP_LE] = VGPU_CMP_GT,   [VGPU_CMP_GT] = VGPU_CMP_LE,
	[VGPU_CMP_LTU] = VGPU_CMP_GEU, [VGPU_CMP_GEU] = VGPU_CMP_LTU, [VGPU_CMP_LEU] = VGPU_CMP_GTU,
	[VGPU_CMP_GTU] = VGPU_CMP_LEU,
};

/* "@p bra next; bra other" becomes "@!p bra other". */
static void invert(struct mblock *b)
{
	struct minsn *last = b->last, *cond = last ? last->prev : NULL;
	struct mblock *t;

	if (!cond || last->op != VGPU_OP_BRA || last->guard != M_NOREG || cond->flags & MF_SKIP || !cond->target ||
	    cond->target->id != b->id + 1)
		return;
	if (cond->op == VGPU_OP_SBR)
		cond->mod = opposite[cond->mod & 0xf] | (cond->mod & VGPU_SCMP_32);
	else if (cond->op == VGPU_OP_BRA && cond->guard != M_NOREG)
		cond->guard_not = !cond->guard_not;
	else
		return;
	t = cond->target;
	cond->target = last->target;
	last->target = t;
}

void mir_tidy_jumps(struct mfunc *f)
{
	struct minsn *i;
	u32 k, j;

	for (k = 0; k < f->nblocks; k++)
		for (i = f->blocks[k]->first; i; i = i->next)
			if (i->target)
				i->target = past(i->target);
	for (k = 0; k < f->njump; k++)
		for (j = 0; j < f->jump[k].n; j++)
			f->jump[k].blocks[j] = past(f->jump[k].blocks[j]);
	drop_blocks(f);
	for (k = 0; k < f->nblocks; k++)
		invert(f->blocks[k]);
}
