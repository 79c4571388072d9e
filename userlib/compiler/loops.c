// SPDX-License-Identifier: MIT
/* Natural loops: which blocks lie in which loop, as one bit set a loop. */
#include "analysis.h"

static void grow_body(struct ir_body *b, struct ir_loop *l, struct ir_block *latch,
		      struct ir_block **stack)
{
	u32 sp = 0, k;

	if (loop_has(l, latch))
		return;
	l->body[latch->id / 64] |= 1ull << latch->id % 64;
	stack[sp++] = latch;
	while (sp) {
		struct ir_block *x = stack[--sp];

		for (k = 0; k < x->npreds; k++) {
			struct ir_block *p = x->preds[k];

			if (loop_has(l, p))
				continue;
			l->body[p->id / 64] |= 1ull << p->id % 64;
			stack[sp++] = p;
		}
	}
	(void)b;
}

struct ir_loops *find_loops(struct ir_body *b)
{
	struct ir_loops *ls = arena_new(&b->arena, struct ir_loops);
	struct ir_block **stack = arena_array(&b->arena, b->nblocks + 1, struct ir_block *);
	u32 k, p;

	ls->loops = arena_array(&b->arena, b->nblocks + 1, struct ir_loop *);
	for (k = 0; k < b->nrpo; k++) {
		struct ir_block *h = b->rpo[k];
		struct ir_loop *l = NULL;

		for (p = 0; p < h->npreds; p++) {
			if (!ir_dominates(h, h->preds[p]))
				continue;
			if (!l) {
				l = arena_new(&b->arena, struct ir_loop);
				l->header = h;
				l->body = arena_array(&b->arena, b->nblocks / 64 + 1, u64);
				l->body[h->id / 64] |= 1ull << h->id % 64;
				ls->loops[ls->n++] = l;
			}
			grow_body(b, l, h->preds[p], stack);
		}
	}
	return ls;
}
