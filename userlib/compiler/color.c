// SPDX-License-Identifier: MIT
/*
 * Register allocation over SSA: one walk down the dominator tree that gives
 * each value a place where it is defined, exact in the number of registers.
 * Groups (vector loads, matrix fragments) get consecutive places; where a
 * group is read whose members are scattered, copies go before the reader.
 */
#include <string.h>

#include "alloc.h"

#define FREE M_NOREG
#define TEMP (M_NOREG - 1) /* taken for the current instruction only */

/*
 * A register less than there are: cycles of phi copies need it. W registers
 * are pairs of V registers, but never share them: lanes of one pair lie where
 * other lanes of its V registers do, and fragments of a warp run different
 * code at the same time. Emission puts the W registers behind all V registers.
 */
static const u32 file_size[MC_COUNT] = {
	[MC_S] = VGPU_MAX_SREGS - 1,
	[MC_V] = VGPU_MAX_VREGS - 2,
	[MC_W] = VGPU_MAX_VREGS / 2 - 1,
	[MC_P] = VGPU_MAX_PREGS - 1,
};

struct color {
	struct mfunc *f;
	u32 own[MC_COUNT][VGPU_MAX_VREGS];
	u32 *last, *last_block; /* by register: last use in this block */
	u32 *out_block;         /* live out of this block */
	u32 block;              /* stamp of the block, from 1 */
	u32 seq;
	enum mclass failed;
	bool fail;
};

static u32 file_base(const struct mfunc *f, enum mclass file)
{
	return file == MC_S && f->stack ? M_STACK_REG + 1 : 0;
}

static bool run_free(const struct color *c, enum mclass file, u32 base, u32 n)
{
	u32 i;

	if (base < file_base(c->f, file) || base + n > file_size[file])
		return false;
	for (i = 0; i < n; i++)
		if (c->own[file][base + i] != FREE)
			return false;
	return true;
}

static u32 find_run(struct color *c, enum mclass cls, u32 n)
{
	u32 b;

	for (b = file_base(c->f, cls); b + n <= file_size[cls]; b++)
		if (run_free(c, cls, b, n))
			return b;
	if (!c->fail) {
		c->fail = true;
		c->failed = cls;
	}
	return M_NOPHYS;
}

static void take(struct color *c, enum mclass cls, u32 phys, u32 owner)
{
	c->own[cls][phys] = owner;
	if (phys + 1 > c->f->nphys[cls])
		c->f->nphys[cls] = phys + 1;
}

static void release(struct color *c, u32 v)
{
	const struct mvreg *r = &c->f->vregs[v];

	if (r->phys != M_NOPHYS && c->own[r->cls][r->phys] == v)
		c->own[r->cls][r->phys] = FREE;
}

static void assign(struct color *c, u32 v, u32 phys)
{
	if (phys == M_NOPHYS)
		return;
	c->f->vregs[v].phys = phys;
	take(c, c->f->vregs[v].cls, phys, v);
}

static bool dies(const struct color *c, u32 v, u32 seq)
{
	return c->out_block[v] != c->block && c->last_block[v] == c->block && c->last[v] <= seq;
}

static bool unused(const struct color *c, u32 v)
{
	return c->out_block[v] != c->block && c->last_block[v] != c->block;
}

/* Where a value would best go: its group's place, or its partner's. */
static u32 wish(struct color *c, u32 v)
{
	const struct mvreg *r = &c->f->vregs[v];
	u32 j;

	if (r->hint != M_NOREG) {
		u32 p = c->f->vregs[r->hint].phys;

		if (p != M_NOPHYS && c->f->vregs[r->hint].cls == r->cls && run_free(c, r->cls, p, 1))
			return p;
	}
	if (!r->tuple)
		return M_NOPHYS;
	for (j = 0; j < r->tuple_n; j++) {
		u32 m = r->tuple[j], p;

		if (m == M_NOREG || m == v || c->f->vregs[m].phys == M_NOPHYS)
			continue;
		p = c->f->vregs[m].phys + (int)r->tuple_i - (int)j;
		if ((int)p >= 0 && p < file_size[r->cls] && run_free(c, r->cls, p, 1))
			return p;
		return M_NOPHYS;
	}
	/* first of its group: leave room for the others */
	{
		bool fail = c->fail;
		u32 b = find_run(c, r->cls, r->tuple_n);

		c->fail = fail;
		return b == M_NOPHYS ? b : b + r->tuple_i;
	}
}

static void place(struct color *c, u32 v)
{
	u32 p = wish(c, v);

	if (p == M_NOPHYS)
		p = find_run(c, c->f->vregs[v].cls, 1);
	assign(c, v, p);
}

/* ---- copies ---- */

static struct minsn *move(struct color *c, enum mclass cls, u32 to, u32 from, u32 line)
{
	static const u16 op[MC_COUNT] = {
		VGPU_OP_SMOV,
		VGPU_OP_MOV,
		VGPU_OP_MOVW,
		VGPU_OP_PLOP3,
	};
	struct minsn *i = minsn_new(c->f, op[cls], line);

	i->flags = MF_ALLOC;
	i->d = mo_phys(cls, to);
	i->a = mo_phys(cls, from);
	if (cls == MC_P) {
		i->mod = 0xf0;
		i->b = i->a;
		i->c = i->a;
	}
	return i;
}

/* ---- groups ---- */

static bool group_in_place(const struct color *c, const struct mopnd *o)
{
	u32 base = c->f->vregs[o->group[0]].phys, i;

	for (i = 1; i < o->n; i++)
		if (c->f->vregs[o->group[i]].phys != base + i)
			return false;
	return true;
}

static void fix_group_use(struct color *c, struct minsn *at, struct mopnd *o)
{
	enum mclass cls;
	u32 base, i;

	if (o->kind != MO_GROUP)
		return;
	cls = c->f->vregs[o->group[0]].cls;
	if (group_in_place(c, o)) {
		o->num = c->f->vregs[o->group[0]].phys;
		return;
	}
	base = find_run(c, cls, o->n);
	o->num = base;
	if (base == M_NOPHYS)
		return;
	for (i = 0; i < o->n; i++) {
		take(c, cls, base + i, TEMP);
		minsn_before(at, move(c, cls, base + i, c->f->vregs[o->group[i]].phys, at->line));
	}
}

static void drop_temps(struct color *c)
{
	u32 i;

	for (i = 0; i < VGPU_MAX_VREGS; i++) {
		if (c->own[MC_V][i] == TEMP)
			c->own[MC_V][i] = FREE;
		if (c->own[MC_W][i] == TEMP)
			c->own[MC_W][i] = FREE;
	}
}

/* A group of results: where its reader, its partner or the old C lies, else anywhere. */
static u32 group_wish(struct color *c, struct minsn *at, const struct mopnd *o)
{
	const struct mvreg *r = &c->f->vregs[o->group[0]];
	u32 p;

	p = wish(c, o->group[0]);
	if (p != M_NOPHYS && run_free(c, r->cls, p, o->n))
		return p;
	if (at->c.kind == MO_GROUP && at->c.n == o->n && c->f->vregs[at->c.group[0]].cls == r->cls &&
	    run_free(c, r->cls, at->c.num, o->n))
		return at->c.num;
	return find_run(c, r->cls, o->n);
}

static void place_group(struct color *c, struct minsn *at, struct mopnd *o)
{
	u32 base = group_wish(c, at, o), i;

	o->num = base;
	if (base == M_NOPHYS)
		return;
	for (i = 0; i < o->n; i++)
		assign(c, o->group[i], base + i);
}

/* ---- values that a false guard keeps ---- */

/*
 * A result with an old value shares its place, if the old value ends here;
 * else it gets the old value's copy first. The sources are still in place.
 */
static bool share_prior(struct color *c, u32 d, u32 p, u32 seq)
{
	struct mfunc *f = c->f;

	if (!dies(c, p, seq) || f->vregs[p].cls != f->vregs[d].cls)
		return false;
	if (c->own[f->vregs[p].cls][f->vregs[p].phys] != p)
		return false; /* already passed on */
	assign(c, d, f->vregs[p].phys);
	return true;
}

static void copy_prior(struct color *c, struct minsn *at, u32 d, u32 p)
{
	struct mfunc *f = c->f;

	if (f->vregs[d].phys == M_NOPHYS || f->vregs[p].phys == M_NOPHYS)
		return;
	minsn_before(at, move(c, f->vregs[d].cls, f->vregs[d].phys, f->vregs[p].phys, at->line));
}

static void place_guarded(struct color *c, struct minsn *i, const u32 *defs, u32 nd)
{
	u32 k;

	if (i->d.kind == MO_GROUP && !mop_d_is_use(i->op)) {
		/* in one run, apart from all sources */
		place_group(c, i, &i->d);
		for (k = 0; k < nd; k++)
			if (i->prior[k] != M_NOREG && !c->fail)
				copy_prior(c, i, defs[k], i->prior[k]);
		return;
	}
	for (k = 0; k < nd; k++) {
		if (i->prior[k] == M_NOREG) {
			place(c, defs[k]);
		} else if (!share_prior(c, defs[k], i->prior[k], i->seq)) {
			place(c, defs[k]);
			if (!c->fail)
				copy_prior(c, i, defs[k], i->prior[k]);
		}
	}
}

/* ---- one instruction, one block ---- */

static void color_insn(struct color *c, struct minsn *i)
{
	u32 uses[M_MAX_USES], defs[M_MAX_DEFS], nu, nd, k;
	bool d_use = mop_d_is_use(i->op);

	nu = minsn_uses(i, uses);
	nd = minsn_defs(i, defs);
	if (d_use)
		fix_group_use(c, i, &i->d);
	fix_group_use(c, i, &i->a);
	fix_group_use(c, i, &i->b);
	fix_group_use(c, i, &i->c);
	if (c->fail)
		return;
	if (i->prior)
		place_guarded(c, i, defs, nd);
	for (k = 0; k < nu; k++)
		if (dies(c, uses[k], i->seq))
			release(c, uses[k]);
	if (i->op == VGPU_OP_CALL || i->op == VGPU_OP_CALLI)
		call_save(c->f, i, c->own[MC_S], c->own[MC_V], c->own[MC_W], c->own[MC_P]);
	if (!i->prior) {
		if (i->d.kind == MO_GROUP && !d_use) {
			/* a matrix product may overwrite its addend */
			if (i->c.kind == MO_GROUP && i->c.num != M_NOPHYS)
				drop_temps(c);
			place_group(c, i, &i->d);
			for (k = i->d.n; k < nd; k++)
				place(c, defs[k]);
		} else {
			for (k = 0; k < nd; k++)
				place(c, defs[k]);
		}
	}
	drop_temps(c);
	for (k = 0; k < nd; k++)
		if (unused(c, defs[k]))
			release(c, defs[k]);
}

static void note_uses(struct color *c, struct mblock *b)
{
	u32 uses[M_MAX_USES], n, k, seq = 0;
	struct minsn *i;

	for (k = 0; k < b->nliveout; k++)
		c->out_block[b->liveout[k]] = c->block;
	for (i = b->first; i; i = i->next)
		i->seq = ++seq;
	for (i = b->first; i; i = i->next) {
		n = minsn_uses(i, uses);
		for (k = 0; k < n; k++) {
			c->last[uses[k]] = i->seq;
			c->last_block[uses[k]] = c->block;
		}
	}
}

static void color_phis(struct color *c, struct mblock *b)
{
	struct minsn *i;
	u32 k;

	for (i = b->first; i && i->op == MOP_PHI; i = i->next) {
		u32 v = i->d.reg;

		if (unused(c, v))
			continue;
		for (k = 0; k < b->npreds && c->f->vregs[v].hint == M_NOREG; k++)
			if (i->args[k].kind == MO_REG && c->f->vregs[i->args[k].reg].phys != M_NOPHYS &&
			    c->f->vregs[i->args[k].reg].cls == c->f->vregs[v].cls)
				c->f->vregs[v].hint = i->args[k].reg;
		place(c, v);
	}
}

static void color_block(struct color *c, struct mblock *b)
{
	struct minsn *i, *next;
	u32 k;

	c->block++;
	memset(c->own, 0xff, sizeof(c->own));
	for (k = 0; k < b->nlivein; k++) {
		const struct mvreg *r = &c->f->vregs[b->livein[k]];

		if (r->phys != M_NOPHYS)
			take(c, r->cls, r->phys, b->livein[k]);
	}
	note_uses(c, b);
	color_phis(c, b);
	for (i = b->first; i && !c->fail; i = next) {
		next = i->next;
		if (i->op != MOP_PHI)
			color_insn(c, i);
	}
}

/* ---- wishes ---- */

static void note_tuple(struct mfunc *f, const struct mopnd *o)
{
	u32 i;

	if (o->kind != MO_GROUP || o->n < 2)
		return;
	for (i = 0; i < o->n; i++) {
		struct mvreg *r = &f->vregs[o->group[i]];

		if (r->tuple)
			continue;
		r->tuple = o->group;
		r->tuple_n = o->n;
		r->tuple_i = i;
	}
}

static void note_hints(struct mfunc *f)
{
	struct minsn *i;
	u32 b, k;

	for (b = 0; b < f->nblocks; b++) {
		struct mblock *blk = f->blocks[b];

		for (i = blk->first; i; i = i->next) {
			if (i->op == MOP_PHI) {
				for (k = 0; k < blk->npreds; k++)
					if (i->args[k].kind == MO_REG && f->vregs[i->args[k].reg].hint == M_NOREG)
						f->vregs[i->args[k].reg].hint = i->d.reg;
				continue;
			}
			note_tuple(f, &i->c);
			note_tuple(f, &i->a);
			note_tuple(f, &i->b);
			note_tuple(f, &i->d);
		}
	}
}

/* Undo what an attempt that failed has left. */
static void strip(struct mfunc *f)
{
	struct minsn *i, *next;
	u32 b;

	for (b = 0; b < f->nblocks; b++) {
		for (i = f->blocks[b]->first; i; i = next) {
			next = i->next;
			if (i->flags & MF_ALLOC)
				minsn_remove(i);
			else if (i->op == VGPU_OP_CALLI && i->args)
				i->a = i->args[0];
		}
	}
}

static void forget(struct mfunc *f)
{
	u32 v;

	strip(f);

	for (v = 0; v < f->nvregs; v++) {
		f->vregs[v].phys = M_NOPHYS;
		f->vregs[v].hint = M_NOREG;
		f->vregs[v].tuple = NULL;
	}
	memset(f->nphys, 0, sizeof(f->nphys));
	f->nphys[MC_S] = 1;
	f->nphys[MC_V] = 1;
}

/* Children before siblings, without recursion: the tree may be deep. */
static struct mblock *next_in_tree(struct mblock *b)
{
	if (b->dom_first)
		return b->dom_first;
	while (b && !b->dom_next)
		b = b->idom;
	return b ? b->dom_next : NULL;
}

/* Return: true, or false with the file that ran out. */
bool color_function(struct mfunc *f, enum mclass *failed)
{
	struct color *c = arena_new(f->arena, struct color);
	struct mblock *b;

	c->f = f;
	c->last = arena_array(f->arena, f->nvregs + 1, u32);
	c->last_block = arena_array(f->arena, f->nvregs + 1, u32);
	c->out_block = arena_array(f->arena, f->nvregs + 1, u32);
	forget(f);
	note_hints(f);
	f->save_base = (f->frame + 15) & ~15u;
	f->save_size = 0;
	for (b = f->blocks[0]; b && !c->fail; b = next_in_tree(b))
		color_block(c, b);
	*failed = c->fail ? c->failed : MC_V;
	return !c->fail;
}
