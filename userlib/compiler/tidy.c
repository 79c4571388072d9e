// SPDX-License-Identifier: MIT
/*
 * Tidying machine IR before allocation: copies go to their users, what a block
 * has computed already is not computed again, and a half taken from the upper
 * part of a word is taken by the conversion that reads it.
 */
#include <string.h>

#include "mir.h"

#define SLOTS 256 /* instructions of a block that are remembered; a power of two */

/**
 * struct tidy - the pass
 * @map: by register: what users read instead
 * @grouped: by register: member of a group, which wants registers of its own
 * @slot: what the block at hand has computed
 * @round: in which block
 * @f: the function
 * @now: the round of the block at hand
 */
struct tidy {
	struct mfunc *f;
	u32 *map;
	u8 *grouped;
	struct minsn *slot[SLOTS];
	u32 round[SLOTS], now;
};

/* ---- renaming ---- */

static void rename_operand(struct tidy *t, struct mopnd *o)
{
	u32 k;

	if (o->kind == MO_REG)
		o->reg = t->map[o->reg];
	else if (o->kind == MO_GROUP)
		for (k = 0; k < o->n; k++)
			if (o->group[k] != M_NOREG)
				o->group[k] = t->map[o->group[k]];
}

static void rename_uses(struct tidy *t, struct minsn *i)
{
	u32 defs[M_MAX_DEFS], n, k;

	if (i->op == MOP_PHI) {
		for (k = 0; k < i->block->npreds; k++)
			rename_operand(t, &i->args[k]);
		return;
	}
	if (mop_d_is_use(i->op))
		rename_operand(t, &i->d);
	rename_operand(t, &i->a);
	rename_operand(t, &i->b);
	if (!(i->flags & MF_C_DEF))
		rename_operand(t, &i->c);
	if (i->guard != M_NOREG)
		i->guard = t->map[i->guard];
	if (i->puse != M_NOREG)
		i->puse = t->map[i->puse];
	n = i->prior ? minsn_defs(i, defs) : 0;
	for (k = 0; k < n; k++)
		if (i->prior[k] != M_NOREG)
			i->prior[k] = t->map[i->prior[k]];
}

static void mark_group(struct tidy *t, const struct mopnd *o)
{
	u32 k;

	for (k = 0; o->kind == MO_GROUP && k < o->n; k++)
		if (o->group[k] != M_NOREG)
			t->grouped[o->group[k]] = 1;
}

/* ---- copies ---- */

static bool plain(const struct minsn *i)
{
	return i->op < VGPU_OP_COUNT && i->guard == M_NOREG && i->pdef == M_NOREG && i->puse == M_NOREG && !i->prior &&
	       !i->flags && i->d.kind == MO_REG;
}

static bool is_copy(const struct tidy *t, const struct minsn *i)
{
	if (i->op != VGPU_OP_MOV && i->op != VGPU_OP_MOVW && i->op != VGPU_OP_SMOV)
		return false;
	return plain(i) && !i->mod && i->a.kind == MO_REG && t->f->vregs[i->a.reg].cls == t->f->vregs[i->d.reg].cls &&
	       !t->grouped[i->a.reg] && !t->grouped[i->d.reg];
}

/* ---- what was computed before ---- */

static bool pure(const struct tidy *t, const struct minsn *i)
{
	if (!plain(i) || t->grouped[i->d.reg])
		return false;
	switch (i->op) {
	case VGPU_OP_SREGV:
	case VGPU_OP_SREGS:
		return i->imm <= VGPU_SREG_LANEID;
	case VGPU_OP_SREGW:
		return false;
	default:
		return mop_table[i->op].cls == MOC_ALU || mop_table[i->op].cls == MOC_SCALAR;
	}
}

static bool same_operand(const struct mopnd *x, const struct mopnd *y)
{
	if (x->kind != y->kind)
		return false;
	switch (x->kind) {
	case MO_REG:
		return x->reg == y->reg;
	case MO_IMM:
		return x->imm == y->imm;
	case MO_NUM:
		return x->num == y->num;
	case MO_PHYS:
	case MO_GROUP:
		return false;
	default:
		return true;
	}
}

static bool same(const struct tidy *t, const struct minsn *x, const struct minsn *y)
{
	return x->op == y->op && x->mod == y->mod && x->mode == y->mode && x->imm == y->imm &&
	       t->f->vregs[x->d.reg].cls == t->f->vregs[y->d.reg].cls && same_operand(&x->a, &y->a) &&
	       same_operand(&x->b, &y->b) && same_operand(&x->c, &y->c);
}

static u64 mix(u64 h, const struct mopnd *o)
{
	u64 v = o->kind == MO_REG ? o->reg : o->kind == MO_IMM ? o->imm : o->num;

	return (h ^ (v + o->kind)) * 0x9e3779b97f4a7c15ull;
}

static struct minsn *earlier(struct tidy *t, struct minsn *i)
{
	u64 h = (u64)i->op << 48 | (u64)i->mod << 40 | i->imm;
	u32 k;

	h = mix(mix(mix(h, &i->a), &i->b), &i->c);
	k = h >> 40 & (SLOTS - 1);
	if (t->round[k] == t->now && same(t, t->slot[k], i))
		return t->slot[k];
	t->slot[k] = i;
	t->round[k] = t->now;
	return NULL;
}

/* ---- halves ---- */

static void take_upper_half(struct tidy *t, struct minsn *i)
{
	struct minsn *d;

	if (i->op != VGPU_OP_H2F || i->mod || i->a.kind != MO_REG)
		return;
	d = t->f->vregs[i->a.reg].def;
	if (d && d->op == VGPU_OP_SHRU && plain(d) && d->a.kind == MO_REG && t->f->vregs[d->a.reg].cls == MC_V &&
	    d->b.kind == MO_IMM && d->b.imm == 16) {
		i->a = d->a;
		i->mod = VGPU_CVT_HIGH;
	}
}

static void tidy_block(struct tidy *t, struct mblock *b)
{
	struct minsn *i, *next, *old;

	t->now++;
	for (i = b->first; i; i = next) {
		next = i->next;
		if (i->op == MOP_LABEL) /* what was skipped was not computed by all */
			t->now++;
		rename_uses(t, i);
		take_upper_half(t, i);
		if (is_copy(t, i)) {
			t->map[i->d.reg] = i->a.reg;
			minsn_remove(i);
			continue;
		}
		old = pure(t, i) ? earlier(t, i) : NULL;
		if (old) {
			t->map[i->d.reg] = old->d.reg;
			minsn_remove(i);
		}
	}
}

void mir_tidy(struct mfunc *f)
{
	struct tidy *t = arena_new(f->arena, struct tidy);
	u32 b, k, defs[M_MAX_DEFS], n;
	struct minsn *i;

	t->f = f;
	t->map = arena_array(f->arena, f->nvregs + 1, u32);
	t->grouped = arena_array(f->arena, f->nvregs + 1, u8);
	for (k = 0; k < f->nvregs; k++)
		t->map[k] = k;
	for (b = 0; b < f->nblocks; b++) {
		for (i = f->blocks[b]->first; i; i = i->next) {
			mark_group(t, &i->d);
			mark_group(t, &i->a);
			mark_group(t, &i->b);
			mark_group(t, &i->c);
			n = minsn_defs(i, defs);
			for (k = 0; k < n; k++)
				f->vregs[defs[k]].def = i;
		}
	}
	for (b = 0; b < f->nblocks; b++)
		tidy_block(t, f->blocks[b]);
	/* phis, and what stands before its definition */
	for (b = 0; b < f->nblocks; b++)
		for (i = f->blocks[b]->first; i; i = i->next)
			rename_uses(t, i);
}
