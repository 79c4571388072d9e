// SPDX-License-Identifier: MIT
/*
 * Loops: which blocks lie in which, as one bit set a loop. First the natural
 * ones, then what they leave: cycles that can be entered at several places.
 */
#include <string.h>

#include "analysis.h"
#include "back.h"

static void grow_body(struct ir_body *b, struct ir_loop *l, struct ir_block *latch, struct ir_block **stack)
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

static void find_natural(struct ir_body *b, struct ir_loops *ls)
{
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
}

/* ---- tangles ---- */

/**
 * struct walk - the graph without the edges back to the header of a natural loop
 * @b: the body
 * @stack: of blocks still to be looked at
 * @left: by block id: it is behind a cycle of this graph, or in one
 * @ahead: by block id: reached from the block at hand
 * @behind: by block id: the block at hand is reached from there
 * @steps: see spend()
 */
struct walk {
	struct ir_body *b;
	struct ir_block **stack;
	u8 *left, *ahead, *behind;
	u64 steps;
};

static bool goes_back(const struct ir_block *from, const struct ir_block *to)
{
	return ir_dominates(to, from);
}

/* Take away what has no predecessors, again and again: true, if something is left. */
static bool peel(struct walk *w)
{
	u32 *in = arena_array(&w->b->arena, w->b->nblocks + 1, u32), n = 0, sp = 0, k, j;

	for (k = 0; k < w->b->nrpo; k++) {
		struct ir_block *x = w->b->rpo[k];

		w->left[x->id] = 1;
		for (j = 0; j < x->nsuccs; j++)
			in[x->succs[j]->id] += !goes_back(x, x->succs[j]);
	}
	w->stack[sp++] = w->b->rpo[0];
	while (sp) {
		struct ir_block *x = w->stack[--sp];

		w->left[x->id] = 0;
		n++;
		for (j = 0; j < x->nsuccs; j++)
			if (!goes_back(x, x->succs[j]) && !--in[x->succs[j]->id])
				w->stack[sp++] = x->succs[j];
	}
	return n < w->b->nrpo;
}

static void reach(struct walk *w, struct ir_block *from, bool forward, u8 *seen)
{
	u32 sp = 0, k;

	spend(&w->b->arena, &w->steps, w->b->nblocks);
	memset(seen, 0, w->b->nblocks);
	w->stack[sp++] = from;
	while (sp) {
		struct ir_block *x = w->stack[--sp];
		u32 n = forward ? x->nsuccs : x->npreds;

		spend(&w->b->arena, &w->steps, n);
		for (k = 0; k < n; k++) {
			struct ir_block *to = forward ? x->succs[k] : x->preds[k];

			if (seen[to->id] || (forward ? goes_back(x, to) : goes_back(to, x)))
				continue;
			seen[to->id] = 1;
			w->stack[sp++] = to;
		}
	}
}

/* The blocks that @h comes round through, and the natural loops that begin among them. */
static void add_tangle(struct walk *w, struct ir_loops *ls, struct ir_block *h)
{
	struct ir_loop *l = arena_new(&w->b->arena, struct ir_loop);
	u32 words = w->b->nblocks / 64 + 1, k, j;

	l->header = h;
	l->body = arena_array(&w->b->arena, words, u64);
	for (k = 0; k < w->b->nblocks; k++) {
		if (!w->ahead[k] || !w->behind[k])
			continue;
		l->body[k / 64] |= 1ull << k % 64;
		w->left[k] = 0;
	}
	for (k = 0; k < ls->n; k++) {
		if (!loop_has(l, ls->loops[k]->header))
			continue;
		spend(&w->b->arena, &w->steps, words);
		for (j = 0; j < words; j++)
			l->body[j] |= ls->loops[k]->body[j];
	}
	ls->tangles[ls->ntangles++] = l;
}

static void find_tangles(struct ir_body *b, struct ir_loops *ls)
{
	struct walk w = {
		.b = b,
		.stack = arena_array(&b->arena, b->nblocks + 1, struct ir_block *),
		.left = arena_array(&b->arena, b->nblocks + 1, u8),
		.ahead = arena_array(&b->arena, b->nblocks + 1, u8),
		.behind = arena_array(&b->arena, b->nblocks + 1, u8),
	};
	u32 k;

	if (!peel(&w))
		return;
	ls->tangles = arena_array(&b->arena, b->nblocks + 1, struct ir_loop *);
	for (k = 0; k < b->nrpo; k++) {
		struct ir_block *h = b->rpo[k];

		if (!w.left[h->id])
			continue;
		reach(&w, h, true, w.ahead);
		if (!w.ahead[h->id])
			continue;
		reach(&w, h, false, w.behind);
		add_tangle(&w, ls, h);
	}
}

struct ir_loops *find_loops(struct ir_body *b)
{
	struct ir_loops *ls = arena_new(&b->arena, struct ir_loops);

	find_natural(b, ls);
	find_tangles(b, ls);
	return ls;
}
