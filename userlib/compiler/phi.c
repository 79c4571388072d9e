// SPDX-License-Identifier: MIT
/*
 * Out of SSA: after allocation each phi becomes copies at the ends of its
 * predecessors, all at once on each edge (reads before writes).
 */
#include "alloc.h"
#include "back.h"

/* One copy of an edge: @dst from register @src, or from @imm. */
struct copy {
	u8 cls;
	bool from_imm, done;
	u16 dst, src;
	u64 imm;
	u32 line;
};

struct edge {
	struct mfunc *f;
	struct mblock *pred;
	struct copy *copies;
	u32 n;
	u32 readers[MC_COUNT][VGPU_MAX_VREGS]; /* pending reads, by file and register */
};

static void emit_insn(struct edge *e, struct minsn *i)
{
	struct minsn *last = e->pred->last;

	if (last && last->op == VGPU_OP_BRA)
		minsn_before(last, i);
	else
		minsn_append(e->pred, i);
}

/* 64-bit constants that no immediate holds go through a scalar. */
static void emit_const(struct edge *e, const struct copy *c)
{
	struct minsn *i;
	bool fits = c->cls == MC_V || (s64)c->imm == (s32)c->imm;

	if (c->cls == MC_S || !fits) {
		i = minsn_new(e->f, VGPU_OP_SMOVI, c->line);
		i->d = mo_phys(MC_S, c->cls == MC_S ? c->dst : e->f->nphys[MC_S]);
		i->b = mo_num(c->imm >> 32 & 0xffff);
		i->c = mo_num(c->imm >> 48);
		i->imm = (u32)c->imm;
		emit_insn(e, i);
		if (c->cls == MC_S)
			return;
		e->f->scratch[MC_S] = true;
	}
	i = minsn_new(e->f, c->cls == MC_W ? VGPU_OP_MOVW : VGPU_OP_MOV, c->line);
	i->d = mo_phys(c->cls, c->dst);
	i->a = fits ? mo_imm(c->imm) : mo_phys(MC_S, e->f->nphys[MC_S]);
	emit_insn(e, i);
}

static void emit_move(struct edge *e, u8 cls, u16 dst, u16 src, u32 line)
{
	static const u16 op[MC_COUNT] = {
		VGPU_OP_SMOV,
		VGPU_OP_MOV,
		VGPU_OP_MOVW,
		VGPU_OP_PLOP3,
	};
	struct minsn *i = minsn_new(e->f, op[cls], line);

	i->d = mo_phys(cls, dst);
	i->a = mo_phys(cls, src);
	if (cls == MC_P) {
		i->mod = 0xf0;
		i->b = i->a;
		i->c = i->a;
	}
	emit_insn(e, i);
}

static void reading(struct edge *e, const struct copy *c, int by)
{
	if (!c->from_imm)
		e->readers[c->cls][c->src] += by;
}

/* Nobody else still reads what this copy overwrites. */
static bool ready(struct edge *e, struct copy *c)
{
	return !e->readers[c->cls][c->dst];
}

/* Take the source of @c out of a cycle. */
static void break_cycle(struct edge *e, struct copy *c)
{
	u16 temp = c->cls == MC_P ? VGPU_MAX_PREGS - 1 : e->f->nphys[c->cls];

	e->f->scratch[c->cls] = true;
	emit_move(e, c->cls, temp, c->src, c->line);
	reading(e, c, -1);
	c->src = temp;
	reading(e, c, 1);
}

static void sequence(struct edge *e)
{
	u32 left = 0, k;
	bool progress;

	for (k = 0; k < e->n; k++) {
		struct copy *c = &e->copies[k];

		if (c->from_imm || c->src == c->dst)
			continue;
		reading(e, c, 1);
		left++;
	}
	while (left) {
		spend(e->f->arena, &e->f->steps, e->n);
		progress = false;
		for (k = 0; k < e->n; k++) {
			struct copy *c = &e->copies[k];

			if (c->done || c->from_imm || c->src == c->dst || !ready(e, c))
				continue;
			emit_move(e, c->cls, c->dst, c->src, c->line);
			reading(e, c, -1);
			c->done = true;
			progress = true;
			left--;
		}
		for (k = 0; !progress && k < e->n; k++) {
			struct copy *c = &e->copies[k];

			if (c->done || c->from_imm || c->src == c->dst)
				continue;
			break_cycle(e, c);
			progress = true;
		}
	}
	for (k = 0; k < e->n; k++)
		if (e->copies[k].from_imm)
			emit_const(e, &e->copies[k]);
}

static void lower_edge(struct edge *e, struct mblock *b, u32 k)
{
	struct mfunc *f = e->f;
	struct minsn *i;

	e->pred = b->preds[k];
	e->n = 0;
	for (i = b->first; i && i->op == MOP_PHI; i = i->next) {
		const struct mvreg *d = &f->vregs[i->d.reg];
		const struct mopnd *a = &i->args[k];
		struct copy *c = &e->copies[e->n];

		if (d->phys == M_NOPHYS || a->kind == MO_NONE)
			continue;
		*c = (struct copy){ .cls = d->cls, .dst = d->phys, .line = i->line };
		if (a->kind == MO_IMM) {
			c->from_imm = true;
			c->imm = a->imm;
		} else {
			c->src = f->vregs[a->reg].phys;
		}
		e->n++;
	}
	sequence(e);
}

void mir_lower_phis(struct mfunc *f)
{
	struct edge *e = arena_new(f->arena, struct edge);
	u32 b, k, n, most = 0;
	struct minsn *i;

	e->f = f;
	for (b = 0; b < f->nblocks; b++) {
		n = 0;
		for (i = f->blocks[b]->first; i && i->op == MOP_PHI; i = i->next)
			n++;
		if (n > most)
			most = n;
	}
	e->copies = arena_array(f->arena, most + 1, struct copy);
	for (b = 0; b < f->nblocks; b++) {
		struct mblock *blk = f->blocks[b];

		if (!blk->first || blk->first->op != MOP_PHI)
			continue;
		for (k = 0; k < blk->npreds; k++)
			lower_edge(e, blk, k);
		while (blk->first && blk->first->op == MOP_PHI)
			minsn_remove(blk->first);
	}
	for (k = 0; k < MC_COUNT; k++)
		f->nphys[k] += f->scratch[k];
}
