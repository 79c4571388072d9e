// SPDX-License-Identifier: MIT
/*
 * Spilling: where more values live than a file holds, the cheapest ones move
 * out for their whole life: predicates and scalars into vector registers,
 * vectors into the local frame.
 */
#include <stdlib.h>

#include "alloc.h"
#include "back.h"

#define FEW 8 /* evictions for which the best is searched each time */

/* What may be evicted, and how gladly. */
struct rank {
	double score;
	u32 v;
};

struct spill {
	struct mfunc *f;
	const u32 *limit;
	u32 *cost, *span; /* by register: weighted uses, blocks it lives in */
	u32 *home;        /* by register: M_NOREG, or vector register / frame offset */
	u32 *live, *pos;  /* the values alive now, and where each is in @live */
	u32 nlive;
	struct rank *ranks; /* room for all registers, or NULL: see evict_most() */
	u32 pressure[MC_COUNT], peak[MC_COUNT];
	u32 moved;
	bool words; /* predicates have become words */
	u32 nregs;  /* registers before any reload was made */
	u32 zero;   /* a scalar that is zero, made at entry */
};

static u32 weight(u32 depth)
{
	static const u32 w[] = { 1, 8, 64, 512, 4096 };

	return w[depth < 4 ? depth : 4];
}

static void measure(struct spill *s)
{
	u32 regs[M_MAX_USES], n, k, b;
	struct minsn *i;

	for (b = 0; b < s->f->nblocks; b++) {
		struct mblock *blk = s->f->blocks[b];

		for (k = 0; k < blk->nlivein; k++)
			s->span[blk->livein[k]]++;
		for (i = blk->first; i; i = i->next) {
			n = minsn_uses(i, regs);
			for (k = 0; k < n; k++)
				s->cost[regs[k]] += weight(blk->loop_depth);
			n = minsn_defs(i, regs);
			for (k = 0; k < n; k++)
				s->cost[regs[k]] += weight(blk->loop_depth);
		}
	}
}

static void set_live(struct spill *s, u32 v)
{
	const struct mvreg *r = &s->f->vregs[v];

	if (s->pos[v] || s->home[v] != M_NOREG)
		return;
	s->live[s->nlive] = v;
	s->pos[v] = ++s->nlive;
	s->pressure[r->cls]++;
	if (s->pressure[r->cls] > s->peak[r->cls])
		s->peak[r->cls] = s->pressure[r->cls];
}

static void set_dead(struct spill *s, u32 v)
{
	const struct mvreg *r = &s->f->vregs[v];
	u32 p = s->pos[v], last;

	if (!p)
		return;
	last = s->live[--s->nlive];
	s->live[p - 1] = last;
	s->pos[last] = p;
	s->pos[v] = 0;
	s->pressure[r->cls]--;
}

/* Cheap to reload, long to live. */
static double score(const struct spill *s, u32 v)
{
	return (double)(s->span[v] + 1) / (s->cost[v] + 1);
}

/* The first of the best, or M_NOREG. */
static u32 choose(struct spill *s, enum mclass file)
{
	u32 k, best = M_NOREG;
	double most = 0;

	spend(s->f->arena, &s->f->steps, s->nlive);
	for (k = 0; k < s->nlive; k++) {
		u32 v = s->live[k];
		double x;

		if (s->f->vregs[v].cls != file || s->f->vregs[v].pinned)
			continue;
		x = score(s, v);
		if (best == M_NOREG || x > most) {
			best = v;
			most = x;
		}
	}
	return best;
}

static int by_rank(const void *a, const void *b)
{
	const struct rank *x = a, *y = b;

	if (x->score != y->score)
		return x->score < y->score ? 1 : -1;
	return x->v < y->v ? -1 : x->v > y->v;
}

static u32 frame_slot(struct mfunc *f, u32 size)
{
	u32 off = (f->frame + size - 1) & ~(size - 1);

	f->frame = off + size;
	return off;
}

static void evict(struct spill *s, u32 v)
{
	struct mfunc *f = s->f;
	enum mclass cls = f->vregs[v].cls;
	u32 home;

	set_dead(s, v);
	if (cls == MC_P || (cls == MC_S && f->vregs[v].narrow))
		home = mreg_new(f, MC_V);
	else if (cls == MC_S)
		home = mreg_new(f, MC_W);
	else
		home = frame_slot(f, cls == MC_W ? 8 : 4);
	s->home[v] = home;
	s->moved++;
	s->words |= cls == MC_P;
}

/*
 * Many at once, as at the end of a block whose successor has many phis: ranked
 * once, for one search each is quadratic.
 */
static void evict_most(struct spill *s, enum mclass file)
{
	u32 k, n = 0, excess = s->pressure[file] - s->limit[file];

	if (!s->ranks)
		s->ranks = arena_array(s->f->arena, s->nregs + 1, struct rank);
	spend(s->f->arena, &s->f->steps, 8 * (u64)s->nlive);
	for (k = 0; k < s->nlive; k++) {
		u32 v = s->live[k];

		if (s->f->vregs[v].cls == file && !s->f->vregs[v].pinned)
			s->ranks[n++] = (struct rank){ score(s, v), v };
	}
	qsort(s->ranks, n, sizeof(*s->ranks), by_rank);
	for (k = 0; k < n && k < excess; k++)
		evict(s, s->ranks[k].v);
}

static void relieve(struct spill *s)
{
	u32 k, v;

	for (k = 0; k < MC_COUNT; k++) {
		if (s->pressure[k] > s->limit[k] && s->pressure[k] - s->limit[k] > FEW)
			evict_most(s, k);
		while (s->pressure[k] > s->limit[k]) {
			v = choose(s, k);
			if (v == M_NOREG)
				break;
			evict(s, v);
		}
	}
}

static void scan_block(struct spill *s, struct mblock *b)
{
	u32 regs[M_MAX_USES], n, k;
	struct minsn *i;

	for (k = 0; k < b->nliveout; k++)
		set_live(s, b->liveout[k]);
	relieve(s);
	for (i = b->last; i && i->op != MOP_PHI; i = i->prev) {
		n = minsn_defs(i, regs);
		for (k = 0; k < n; k++)
			set_live(s, regs[k]); /* dead results take a place, too */
		relieve(s);
		for (k = 0; k < n; k++)
			set_dead(s, regs[k]);
		n = minsn_uses(i, regs);
		for (k = 0; k < n; k++)
			set_live(s, regs[k]);
		relieve(s);
	}
	for (; i; i = i->prev)
		set_live(s, i->d.reg);
	relieve(s);
	while (s->nlive)
		set_dead(s, s->live[s->nlive - 1]);
}

/* ---- rewriting ---- */

static bool spilled(const struct spill *s, u32 v)
{
	return v < s->nregs && s->home[v] != M_NOREG;
}

static struct minsn *reload(struct spill *s, u32 v, u32 to, u32 line)
{
	struct mfunc *f = s->f;
	enum mclass cls = f->vregs[v].cls;
	struct minsn *i;

	if (cls == MC_V || cls == MC_W)
		return frame_access(f, VGPU_OP_LDL, cls == MC_W, mo_reg(to), s->home[v], line);
	if (cls == MC_P) {
		i = minsn_new(f, VGPU_OP_SETPI, line);
		i->mod = VGPU_CMP_NE;
		i->b = mo_imm(0);
	} else {
		i = minsn_new(f, f->vregs[v].narrow ? VGPU_OP_SFIRST : VGPU_OP_SFIRSTW, line);
	}
	i->d = mo_reg(to);
	i->a = mo_reg(s->home[v]);
	return i;
}

/*
 * A predicate as a word: not zero where it holds. One immediate fits, so the
 * word where it does not hold comes from a scalar that is zero.
 */
static struct minsn *save_predicate(struct spill *s, u32 from, u32 line)
{
	struct minsn *i = minsn_new(s->f, VGPU_OP_SEL, line);

	i->a = mo_imm(1);
	i->b = mo_reg(s->zero);
	i->c = mo_reg(from);
	return i;
}

static struct minsn *save(struct spill *s, u32 v, u32 from, u32 line)
{
	struct mfunc *f = s->f;
	enum mclass cls = f->vregs[v].cls;
	struct minsn *i;

	if (cls == MC_V || cls == MC_W)
		return frame_access(f, VGPU_OP_STL, cls == MC_W, mo_reg(from), s->home[v], line);
	if (cls == MC_P) {
		i = save_predicate(s, from, line);
	} else {
		i = minsn_new(f, f->vregs[v].narrow ? VGPU_OP_MOV : VGPU_OP_MOVW, line);
		i->a = mo_reg(from);
	}
	i->d = mo_reg(s->home[v]);
	return i;
}

static u32 fresh(struct spill *s, u32 v)
{
	u32 n = mreg_new(s->f, s->f->vregs[v].cls);

	s->f->vregs[n].narrow = s->f->vregs[v].narrow;
	s->f->vregs[n].pinned = true;
	return n;
}

/* A reloaded register for @v before @at; @memo: one reload an instruction. */
static u32 use_of(struct spill *s, struct minsn *at, u32 v, u32 (*memo)[2], u32 *nmemo)
{
	u32 k, r;

	for (k = 0; k < *nmemo; k++)
		if (memo[k][0] == v)
			return memo[k][1];
	r = fresh(s, v);
	minsn_before(at, reload(s, v, r, at->line));
	memo[*nmemo][0] = v;
	memo[(*nmemo)++][1] = r;
	return r;
}

static void rewrite_uses(struct spill *s, struct minsn *i, struct mopnd *o, u32 (*memo)[2], u32 *nmemo)
{
	u32 k;

	if (o->kind == MO_REG && spilled(s, o->reg)) {
		o->reg = use_of(s, i, o->reg, memo, nmemo);
	} else if (o->kind == MO_GROUP) {
		for (k = 0; k < o->n; k++)
			if (spilled(s, o->group[k]))
				o->group[k] = use_of(s, i, o->group[k], memo, nmemo);
	}
}

static void rewrite_defs(struct spill *s, struct minsn *i, struct mopnd *o)
{
	u32 k, r;

	for (k = 0; k < (o->kind == MO_GROUP ? o->n : o->kind == MO_REG ? 1u : 0u); k++) {
		u32 *slot = o->kind == MO_GROUP ? &o->group[k] : &o->reg;

		if (!spilled(s, *slot))
			continue;
		r = fresh(s, *slot);
		minsn_after(i, save(s, *slot, r, i->line));
		*slot = r;
	}
}

static void rewrite_pred(struct spill *s, struct minsn *i, u32 *slot, bool def, u32 (*memo)[2], u32 *nmemo)
{
	u32 r;

	if (*slot == M_NOREG || !spilled(s, *slot))
		return;
	if (!def) {
		*slot = use_of(s, i, *slot, memo, nmemo);
		return;
	}
	r = fresh(s, *slot);
	minsn_after(i, save(s, *slot, r, i->line));
	*slot = r;
}

static void rewrite_insn(struct spill *s, struct minsn *i)
{
	u32 memo[M_MAX_USES][2], nmemo = 0, defs[M_MAX_DEFS], nd, k;
	bool d_use = mop_d_is_use(i->op);

	nd = minsn_defs(i, defs);
	for (k = 0; i->prior && k < nd; k++)
		if (i->prior[k] != M_NOREG && spilled(s, i->prior[k]))
			i->prior[k] = use_of(s, i, i->prior[k], memo, &nmemo);
	rewrite_pred(s, i, &i->guard, false, memo, &nmemo);
	rewrite_pred(s, i, &i->puse, false, memo, &nmemo);
	rewrite_uses(s, i, &i->a, memo, &nmemo);
	rewrite_uses(s, i, &i->b, memo, &nmemo);
	if (!(i->flags & MF_C_DEF))
		rewrite_uses(s, i, &i->c, memo, &nmemo);
	if (d_use)
		rewrite_uses(s, i, &i->d, memo, &nmemo);
	rewrite_pred(s, i, &i->pdef, true, memo, &nmemo);
	if (i->flags & MF_C_DEF)
		rewrite_defs(s, i, &i->c);
	if (!d_use)
		rewrite_defs(s, i, &i->d);
}

/* Before the jump that ends a predecessor. */
static void put_at_end(struct mblock *b, struct minsn *i)
{
	if (b->last && b->last->op == VGPU_OP_BRA)
		minsn_before(b->last, i);
	else
		minsn_append(b, i);
}

static u32 phi_argument(struct spill *s, struct minsn *phi, u32 k)
{
	struct mblock *p = phi->block->preds[k];
	const struct mopnd *o = &phi->args[k];
	enum mclass cls = s->f->vregs[phi->d.reg].cls;
	struct mopnd value = *o;
	struct minsn *i;
	u32 r;

	if (o->kind == MO_REG && !spilled(s, o->reg))
		return o->reg;
	r = fresh(s, phi->d.reg);
	if (o->kind == MO_REG) {
		put_at_end(p, reload(s, o->reg, r, phi->line));
		return r;
	}
	if (cls == MC_W && (s64)o->imm != (s32)o->imm) {
		u32 c = mreg_new(s->f, MC_S);

		i = minsn_new(s->f, VGPU_OP_SMOVI, phi->line);
		i->d = mo_reg(c);
		i->b = mo_num(o->imm >> 32 & 0xffff);
		i->c = mo_num(o->imm >> 48);
		i->imm = (u32)o->imm;
		put_at_end(p, i);
		value = mo_reg(c);
	}
	i = minsn_new(s->f, cls == MC_W ? VGPU_OP_MOVW : VGPU_OP_MOV, phi->line);
	i->d = mo_reg(r);
	i->a = value;
	put_at_end(p, i);
	return r;
}

/*
 * A phi in memory: predecessors leave the value in a slot of its own, from
 * where the block takes it home. With one slot for both, a predecessor that
 * still reads the old value for another phi would find the new one.
 */
static void phi_to_memory(struct spill *s, struct minsn *i)
{
	bool wide = s->f->vregs[i->d.reg].cls == MC_W;
	struct mblock *b = i->block;
	struct minsn *at = i;
	u32 in = frame_slot(s->f, wide ? 8 : 4), k, r;

	for (k = 0; k < b->npreds; k++) {
		if (i->args[k].kind == MO_NONE)
			continue;
		r = phi_argument(s, i, k);
		put_at_end(b->preds[k], frame_access(s->f, VGPU_OP_STL, wide, mo_reg(r), in, i->line));
	}
	while (at->next && at->next->op == MOP_PHI)
		at = at->next;
	r = fresh(s, i->d.reg);
	minsn_after(at, save(s, i->d.reg, r, i->line));
	minsn_after(at, frame_access(s->f, VGPU_OP_LDL, wide, mo_reg(r), in, i->line));
	minsn_remove(i);
}

/* A spilled phi becomes one of its vector home; spilled arguments come back. */
static void rewrite_phi(struct spill *s, struct minsn *i)
{
	struct mblock *b = i->block;
	bool moved = spilled(s, i->d.reg);
	u32 v = i->d.reg, k;

	if (moved && (s->f->vregs[v].cls == MC_V || s->f->vregs[v].cls == MC_W)) {
		phi_to_memory(s, i);
		return;
	}
	for (k = 0; k < b->npreds; k++) {
		struct mopnd *o = &i->args[k];
		struct minsn *n;
		u32 r;

		if (o->kind == MO_REG && spilled(s, o->reg)) {
			if (moved) {
				/* the copy on the edge goes from home to home */
				o->reg = s->home[o->reg];
				continue;
			}
			r = fresh(s, o->reg);
			n = reload(s, o->reg, r, i->line);
			put_at_end(b->preds[k], n);
			o->reg = r;
		} else if (moved && o->kind == MO_REG) {
			r = mreg_new(s->f, s->f->vregs[s->home[v]].cls);
			n = save(s, v, o->reg, i->line);
			n->d.reg = r;
			put_at_end(b->preds[k], n);
			o->reg = r;
		}
	}
	if (moved)
		i->d.reg = s->home[v];
}

static void rewrite(struct spill *s)
{
	struct minsn *i, *next;
	u32 b;

	for (b = 0; b < s->f->nblocks; b++) {
		for (i = s->f->blocks[b]->first; i; i = next) {
			next = i->next;
			if (i->op == MOP_PHI)
				rewrite_phi(s, i);
			else
				rewrite_insn(s, i);
		}
	}
}

static void note_defs(struct mfunc *f)
{
	u32 regs[M_MAX_DEFS], n, k, b;
	struct minsn *i;

	for (b = 0; b < f->nblocks; b++) {
		for (i = f->blocks[b]->first; i; i = i->next) {
			n = minsn_defs(i, regs);
			for (k = 0; k < n; k++)
				f->vregs[regs[k]].def = i;
		}
	}
}

static void make_zero(struct spill *s)
{
	struct mblock *b = s->f->blocks[0];
	struct minsn *i = minsn_new(s->f, VGPU_OP_SMOVI, 0);

	s->zero = mreg_new(s->f, MC_S);
	s->f->vregs[s->zero].pinned = true;
	i->d = mo_reg(s->zero);
	i->b = mo_num(0);
	i->c = mo_num(0);
	if (b->first)
		minsn_before(b->first, i);
	else
		minsn_append(b, i);
}

static struct spill *start(struct mfunc *f, const u32 *limit)
{
	struct spill *s = arena_new(f->arena, struct spill);
	u32 v;

	s->f = f;
	s->limit = limit;
	s->nregs = f->nvregs;
	s->cost = arena_array(f->arena, s->nregs + 1, u32);
	s->span = arena_array(f->arena, s->nregs + 1, u32);
	s->home = arena_array(f->arena, s->nregs + 1, u32);
	s->live = arena_array(f->arena, s->nregs + 1, u32);
	s->pos = arena_array(f->arena, s->nregs + 1, u32);
	for (v = 0; v < s->nregs; v++)
		s->home[v] = M_NOREG;
	return s;
}

void spill_pressure(struct mfunc *f, u32 *peak)
{
	static const u32 none[MC_COUNT] = { ~0u, ~0u, ~0u, ~0u };
	struct spill *s = start(f, none);
	u32 b;

	for (b = 0; b < f->nblocks; b++)
		scan_block(s, f->blocks[b]);
	for (b = 0; b < MC_COUNT; b++)
		peak[b] = s->peak[b];
}

u32 spill_excess(struct mfunc *f, const u32 *limit)
{
	struct spill *s = start(f, limit);
	u32 b;

	note_defs(f);
	measure(s);
	for (b = 0; b < f->nblocks; b++)
		scan_block(s, f->blocks[b]);
	if (s->words)
		make_zero(s);
	if (s->moved)
		rewrite(s);
	return s->moved;
}
