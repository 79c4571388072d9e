// SPDX-License-Identifier: MIT
/*
 * Liveness of virtual registers, value by value: from each use walk up to the
 * definition. Time and memory are linear in the size of the result.
 */
#include "back.h"
#include "mir.h"

struct live {
	struct mfunc *f;
	u32 *start, *blocks; /* use blocks grouped by register (CSR) */
	u32 *stack;
	u32 cap;
};

static void list_add(struct mfunc *f, u32 **list, u32 *n, u32 *cap, u32 v)
{
	if (*n == *cap) {
		u32 c = *cap ? *cap * 2 : 16;

		*list = arena_grow(f->arena, *list, *cap, c, sizeof(u32));
		*cap = c;
	}
	(*list)[(*n)++] = v;
}

static bool list_ends_with(const u32 *list, u32 n, u32 v)
{
	return n && list[n - 1] == v;
}

/* A phi's argument is used at the end of the predecessor. */
#define USE_AT_END 0x80000000u

static void count_or_fill(struct live *l, bool fill, u32 *pos)
{
	u32 uses[M_MAX_USES], n, k, b;
	struct minsn *i;

	for (b = 0; b < l->f->nblocks; b++) {
		struct mblock *blk = l->f->blocks[b];

		for (i = blk->first; i; i = i->next) {
			if (i->op == MOP_PHI) {
				for (k = 0; k < blk->npreds; k++) {
					if (i->args[k].kind != MO_REG)
						continue;
					if (fill)
						l->blocks[pos[i->args[k].reg]] = blk->preds[k]->id | USE_AT_END;
					pos[i->args[k].reg]++;
				}
				continue;
			}
			n = minsn_uses(i, uses);
			for (k = 0; k < n; k++) {
				if (fill)
					l->blocks[pos[uses[k]]] = b;
				pos[uses[k]]++;
			}
		}
	}
}

static void index_uses(struct live *l)
{
	u32 *pos = arena_array(l->f->arena, l->f->nvregs + 1, u32);
	u32 v, sum = 0;

	l->start = arena_array(l->f->arena, l->f->nvregs + 1, u32);
	count_or_fill(l, false, pos);
	for (v = 0; v < l->f->nvregs; v++) {
		l->start[v] = sum;
		sum += pos[v];
		pos[v] = l->start[v];
	}
	l->start[v] = sum;
	l->blocks = arena_array(l->f->arena, sum + 1, u32);
	count_or_fill(l, true, pos);
}

static void push(struct live *l, u32 *sp, u32 block)
{
	if (*sp == l->cap) {
		l->stack = arena_grow(l->f->arena, l->stack, l->cap, l->cap * 2, sizeof(u32));
		l->cap *= 2;
	}
	l->stack[(*sp)++] = block;
}

static void walk_value(struct live *l, u32 v, const struct mblock *def)
{
	struct mfunc *f = l->f;
	u32 u, sp = 0, k;

	for (u = l->start[v]; u < l->start[v + 1]; u++) {
		struct mblock *b = f->blocks[l->blocks[u] & ~USE_AT_END];

		if (l->blocks[u] & USE_AT_END && !list_ends_with(b->liveout, b->nliveout, v))
			list_add(f, &b->liveout, &b->nliveout, &b->liveout_cap, v);
		if (b != def)
			push(l, &sp, b->id);
		while (sp) {
			b = f->blocks[l->stack[--sp]];
			spend(f->arena, &f->steps, 1);
			if (b == def || list_ends_with(b->livein, b->nlivein, v))
				continue;
			list_add(f, &b->livein, &b->nlivein, &b->livein_cap, v);
			for (k = 0; k < b->npreds; k++) {
				struct mblock *p = b->preds[k];

				if (!list_ends_with(p->liveout, p->nliveout, v))
					list_add(f, &p->liveout, &p->nliveout, &p->liveout_cap, v);
				push(l, &sp, p->id);
			}
		}
	}
}

void mir_liveness(struct mfunc *f)
{
	struct live l = { .f = f, .cap = 64 };
	u32 defs[M_MAX_DEFS], n, k, b, v;
	struct mblock **def = arena_array(f->arena, f->nvregs + 1, struct mblock *);
	struct minsn *i;

	l.stack = arena_array(f->arena, l.cap, u32);
	for (b = 0; b < f->nblocks; b++) {
		f->blocks[b]->nlivein = 0;
		f->blocks[b]->nliveout = 0;
		for (i = f->blocks[b]->first; i; i = i->next) {
			n = minsn_defs(i, defs);
			for (k = 0; k < n; k++)
				def[defs[k]] = f->blocks[b];
		}
	}
	index_uses(&l);
	for (v = 0; v < f->nvregs; v++)
		if (def[v])
			walk_value(&l, v, def[v]);
}
