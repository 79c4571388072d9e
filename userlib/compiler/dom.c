// SPDX-License-Identifier: MIT
/*
 * Dominators, post-dominators and natural loops, after Cooper, Harvey and
 * Kennedy: iterate over reverse post order until nothing changes.
 */
#include "ir.h"

/* A graph by number: node 0 is the root, numbers are a reverse post order. */
struct graph {
	u32 n;
	u32 *first; /* preds of k: pred[first[k]] … pred[first[k + 1] - 1] */
	u32 *pred;
	u32 *idom;
};

#define NONE 0xffffffffu

static u32 intersect(const u32 *idom, u32 a, u32 b)
{
	while (a != b) {
		while (a > b)
			a = idom[a];
		while (b > a)
			b = idom[b];
	}
	return a;
}

static void dominators(struct graph *g)
{
	bool changed = true;

	for (u32 k = 0; k < g->n; k++)
		g->idom[k] = NONE;
	g->idom[0] = 0;
	while (changed) {
		changed = false;
		for (u32 k = 1; k < g->n; k++) {
			u32 d = NONE;

			for (u32 j = g->first[k]; j < g->first[k + 1]; j++) {
				u32 p = g->pred[j];

				if (g->idom[p] != NONE)
					d = d == NONE ? p : intersect(g->idom, p, d);
			}
			if (d != g->idom[k]) {
				g->idom[k] = d;
				changed = true;
			}
		}
	}
}

static void graph_init(struct ir_body *b, struct graph *g, u32 n, u32 edges)
{
	g->n = n;
	g->first = arena_array(&b->arena, n + 1, u32);
	g->pred = arena_array(&b->arena, edges, u32);
	g->idom = arena_array(&b->arena, n, u32);
}

static u32 count_edges(const struct ir_body *b)
{
	u32 n = 0;

	for (u32 k = 0; k < b->nblocks; k++)
		n += b->blocks[k]->nsuccs;
	return n;
}

/* ---- dominators ---- */

static void set_idoms(struct ir_body *b)
{
	struct graph g;
	u32 at = 0;

	graph_init(b, &g, b->nrpo, count_edges(b));
	for (u32 k = 0; k < b->nrpo; k++) {
		struct ir_block *blk = b->rpo[k];

		g.first[k] = at;
		for (u32 j = 0; j < blk->npreds; j++)
			g.pred[at++] = blk->preds[j]->rpo;
	}
	g.first[b->nrpo] = at;
	dominators(&g);
	for (u32 k = 0; k < b->nrpo; k++) {
		b->rpo[k]->idom = NULL;
		b->rpo[k]->dom_first = NULL;
		b->rpo[k]->dom_next = NULL;
	}
	for (u32 k = b->nrpo - 1; k; k--) { /* children in ascending order */
		struct ir_block *blk = b->rpo[k], *d = b->rpo[g.idom[k]];

		blk->idom = d;
		blk->dom_next = d->dom_first;
		d->dom_first = blk;
	}
}

/* Preorder intervals, walking child and sibling links. */
static void number_tree(struct ir_body *b)
{
	struct ir_block *blk = b->blocks[0];
	u32 pre = 0, post = 0;

	blk->dom_pre = pre++;
	for (;;) {
		if (blk->dom_first) {
			blk = blk->dom_first;
			blk->dom_pre = pre++;
			continue;
		}
		blk->dom_post = post++;
		while (!blk->dom_next) {
			blk = blk->idom;
			if (!blk)
				return;
			blk->dom_post = post++;
		}
		blk = blk->dom_next;
		blk->dom_pre = pre++;
	}
}

bool ir_dominates(const struct ir_block *a, const struct ir_block *b)
{
	return a->dom_pre <= b->dom_pre && a->dom_post >= b->dom_post;
}

/* ---- post-dominators ---- */

/*
 * Reverse post order of the reversed graph, from a virtual exit that follows
 * every block without successors. num[id] is a block's number; blocks that
 * reach no exit (endless loops) get NONE.
 */
static u32 reverse_order(struct ir_body *b, u32 *num, struct ir_block **order)
{
	struct ir_block **stack = arena_array(&b->arena, b->nblocks + 1, struct ir_block *);
	u32 *next = arena_array(&b->arena, b->nblocks, u32);
	u32 n = 0;

	for (u32 k = 0; k < b->nblocks; k++)
		num[k] = NONE;
	for (u32 k = 0; k < b->nblocks; k++) {
		u32 sp = 0;

		if (b->blocks[k]->nsuccs)
			continue;
		num[k] = 0;
		stack[sp++] = b->blocks[k];
		while (sp) {
			struct ir_block *blk = stack[sp - 1];

			if (next[blk->id] == blk->npreds) {
				order[n++] = blk; /* post order for now */
				sp--;
				continue;
			}
			blk = blk->preds[next[blk->id]++];
			if (num[blk->id] == NONE) {
				num[blk->id] = 0;
				stack[sp++] = blk;
			}
		}
	}
	for (u32 k = 0; k < n; k++)
		num[order[k]->id] = n - k; /* the exit is 0 */
	return n;
}

static void set_ipdoms(struct ir_body *b)
{
	u32 *num = arena_array(&b->arena, b->nblocks, u32);
	struct ir_block **order = arena_array(&b->arena, b->nblocks, struct ir_block *);
	u32 n = reverse_order(b, num, order), at = 0;
	struct graph g;

	graph_init(b, &g, n + 1, count_edges(b) + b->nblocks);
	g.first[0] = 0;
	for (u32 k = 1; k <= n; k++) {
		struct ir_block *blk = order[n - k];

		g.first[k] = at;
		if (!blk->nsuccs)
			g.pred[at++] = 0;
		for (u32 j = 0; j < blk->nsuccs; j++)
			if (num[blk->succs[j]->id] != NONE)
				g.pred[at++] = num[blk->succs[j]->id];
	}
	g.first[n + 1] = at;
	dominators(&g);
	for (u32 k = 0; k < b->nblocks; k++)
		b->blocks[k]->ipdom = NULL;
	for (u32 k = 1; k <= n; k++)
		if (g.idom[k])
			order[n - k]->ipdom = order[n - g.idom[k]];
}

/* ---- loops ---- */

/* The outermost loop found so far that contains @blk, or NULL. */
static struct ir_block *outermost(struct ir_block *blk)
{
	struct ir_block *h = blk->loop;

	while (h && h->loop_parent)
		h = h->loop_parent;
	return h;
}

/* Everything that reaches the latches of @h without passing @h. */
static void fill_loop(struct ir_block *h, struct ir_block **work)
{
	u32 n = 0;

	for (u32 j = 0; j < h->npreds; j++)
		if (ir_dominates(h, h->preds[j]))
			work[n++] = h->preds[j];
	h->loop = h;
	while (n) {
		struct ir_block *blk = work[--n], *inner = outermost(blk);

		if (inner == h)
			continue;
		if (inner) { /* a whole inner loop at once */
			inner->loop_parent = h;
			blk = inner;
		} else {
			blk->loop = h;
		}
		for (u32 j = 0; j < blk->npreds; j++)
			if (outermost(blk->preds[j]) != h && ir_dominates(h, blk->preds[j]))
				work[n++] = blk->preds[j];
	}
}

static void set_loops(struct ir_body *b)
{
	u32 edges = count_edges(b);
	struct ir_block **work = arena_array(&b->arena, edges + 1, struct ir_block *);

	for (u32 k = 0; k < b->nblocks; k++) {
		b->blocks[k]->loop = NULL;
		b->blocks[k]->loop_parent = NULL;
	}
	/* inner headers have higher numbers than the headers around them */
	for (u32 k = b->nrpo; k-- > 0;) {
		struct ir_block *h = b->rpo[k];

		for (u32 j = 0; j < h->npreds; j++) {
			if (ir_dominates(h, h->preds[j])) {
				fill_loop(h, work);
				break;
			}
		}
	}
	for (u32 k = 0; k < b->nrpo; k++) {
		struct ir_block *blk = b->rpo[k], *h = blk->loop;

		/* headers come before their blocks in reverse post order */
		if (h == blk)
			blk->loop_depth = (h->loop_parent ? h->loop_parent->loop_depth : 0) + 1;
		else
			blk->loop_depth = h ? h->loop_depth : 0;
	}
}

void ir_dom(struct ir_body *b)
{
	set_idoms(b);
	number_tree(b);
	set_ipdoms(b);
	set_loops(b);
	b->has_dom = true;
}
