// SPDX-License-Identifier: MIT
/*
 * Preambles: scalars that are the same in the whole grid, or in a whole block,
 * are computed once there instead of once a warp.
 *
 * Such instructions move to the head of the kernel's first block, those of the grid
 * before those of the block, and are marked; allocation sees them as any others.
 * What still stands there in a row when code is emitted becomes the preambles
 * (emit.c), so that whatever allocation puts in between only ends them earlier.
 */
#include <string.h>

#include "mir.h"

#define MAX_EXPORTS 36 /* scalars that live from there on */

enum level { LEVEL_NONE, LEVEL_GRID, LEVEL_BLOCK };

struct preamble {
	struct mfunc *f;
	u8 *level;    /* by register */
	u8 *exported; /* by register: read by what stays */
	u32 nexports;
	struct minsn **moved;
	u32 nmoved;
};

static u32 operand_level(const struct preamble *p, const struct mopnd *o, u32 least)
{
	u32 l;

	switch (o->kind) {
	case MO_REG:
		l = p->level[o->reg];
		return !l || !least ? LEVEL_NONE : l > least ? l : least;
	case MO_PHYS:
	case MO_GROUP:
		return LEVEL_NONE;
	default:
		return least;
	}
}

static u32 special_level(u32 sreg)
{
	switch (sreg) {
	case VGPU_SREG_NTID_X ... VGPU_SREG_NTID_Z:
	case VGPU_SREG_NCTAID_X ... VGPU_SREG_NCTAID_Z:
	case VGPU_SREG_NWARPID:
	case VGPU_SREG_NSMID:
	case VGPU_SREG_GRIDID:
	case VGPU_SREG_DYN_SMEM:
	case VGPU_SREG_TOTAL_SMEM:
	case VGPU_SREG_LOCAL_SIZE:
		return LEVEL_GRID;
	case VGPU_SREG_CTAID_X ... VGPU_SREG_CTAID_Z:
		return LEVEL_BLOCK;
	default:
		return LEVEL_NONE;
	}
}

/* Where an instruction may be done once; NONE: nowhere. */
static u32 level_of(const struct preamble *p, const struct minsn *i)
{
	if (i->op >= VGPU_OP_COUNT || i->d.kind != MO_REG || i->guard != M_NOREG || i->pdef != M_NOREG ||
	    i->puse != M_NOREG || i->prior || i->flags)
		return LEVEL_NONE;
	switch (i->op) {
	case VGPU_OP_SREGS:
		return special_level(i->imm);
	case VGPU_OP_SLD:
		/* at a constant place, so that it cannot fault where the code would not */
		return i->mod == VGPU_SPACE_PARAM && i->a.kind == MO_ABSENT ? LEVEL_GRID : LEVEL_NONE;
	case VGPU_OP_SSEL:
	case VGPU_OP_SSETP:
		return LEVEL_NONE;
	default:
		if (mop_table[i->op].cls != MOC_SCALAR)
			return LEVEL_NONE;
		return operand_level(p, &i->a, operand_level(p, &i->b, operand_level(p, &i->c, LEVEL_GRID)));
	}
}

/* A constant by itself is as quick where it is used, unless that is in a loop. */
static bool worthwhile(const struct minsn *i)
{
	return i->op != VGPU_OP_SMOVI || i->block->loop_depth;
}

static void classify(struct preamble *p)
{
	struct minsn *i;
	u32 b;

	for (b = 0; b < p->f->nblocks; b++)
		for (i = p->f->blocks[b]->first; i; i = i->next)
			if (level_of(p, i))
				p->level[i->d.reg] = level_of(p, i);
}

static void export(struct preamble *p, u32 r)
{
	if (p->level[r] && !p->exported[r]) {
		p->exported[r] = 1;
		p->nexports++;
	}
}

static bool moves(const struct preamble *p, const struct minsn *i)
{
	return i->op < VGPU_OP_COUNT && i->d.kind == MO_REG && p->level[i->d.reg] && !mop_d_is_use(i->op);
}

/* What code that stays reads. */
static void find_exports(struct preamble *p)
{
	u32 b, n, k, uses[M_MAX_USES];
	struct minsn *i;

	p->nexports = 0;
	memset(p->exported, 0, p->f->nvregs);
	for (b = 0; b < p->f->nblocks; b++) {
		for (i = p->f->blocks[b]->first; i; i = i->next) {
			if (i->op == MOP_PHI) {
				for (k = 0; k < i->block->npreds; k++)
					if (i->args[k].kind == MO_REG)
						export(p, i->args[k].reg);
				continue;
			}
			if (moves(p, i))
				continue;
			n = minsn_uses(i, uses);
			for (k = 0; k < n; k++)
				export(p, uses[k]);
		}
	}
}

/*
 * Too many: what is a single instruction without sources stays where it is used, outside
 * of loops first; then all of that kind.
 */
static void keep_some(struct preamble *p, u32 depth)
{
	struct minsn *i;
	u32 b;

	for (b = 0; b < p->f->nblocks; b++) {
		for (i = p->f->blocks[b]->first; i; i = i->next) {
			if (p->nexports <= MAX_EXPORTS)
				return;
			if (!moves(p, i) || !p->exported[i->d.reg] || i->block->loop_depth > depth)
				continue;
			if (i->op != VGPU_OP_SLD && i->op != VGPU_OP_SREGS && i->op != VGPU_OP_SMOVI)
				continue;
			p->level[i->d.reg] = LEVEL_NONE;
			p->nexports--;
		}
	}
}

/* Whoever reads what stays must stay, too. */
static void settle(struct preamble *p)
{
	struct minsn *i;
	bool changed;
	u32 b;

	do {
		changed = false;
		for (b = 0; b < p->f->nblocks; b++) {
			for (i = p->f->blocks[b]->first; i; i = i->next) {
				if (!moves(p, i) || level_of(p, i))
					continue;
				p->level[i->d.reg] = LEVEL_NONE;
				changed = true;
			}
		}
	} while (changed);
}

/* Single constants that nothing moved needs. */
static void drop_constants(struct preamble *p)
{
	u32 b, n, k, uses[M_MAX_USES];
	struct minsn *i;
	u8 *needed = arena_array(p->f->arena, p->f->nvregs + 1, u8);

	for (b = 0; b < p->f->nblocks; b++) {
		for (i = p->f->blocks[b]->first; i; i = i->next) {
			n = moves(p, i) ? minsn_uses(i, uses) : 0;
			for (k = 0; k < n; k++)
				needed[uses[k]] = 1;
		}
	}
	for (b = 0; b < p->f->nblocks; b++)
		for (i = p->f->blocks[b]->first; i; i = i->next)
			if (moves(p, i) && !worthwhile(i) && !needed[i->d.reg])
				p->level[i->d.reg] = LEVEL_NONE;
}

static void collect_level(struct preamble *p, u32 level, u8 flag)
{
	struct minsn *i, *next;
	u32 b;

	for (b = 0; b < p->f->nblocks; b++) {
		for (i = p->f->blocks[b]->first; i; i = next) {
			next = i->next;
			if (!moves(p, i) || p->level[i->d.reg] != level)
				continue;
			minsn_remove(i);
			i->flags |= flag;
			p->moved[p->nmoved++] = i;
		}
	}
}

static void put_first(struct mblock *b, struct minsn **list, u32 n)
{
	struct minsn *at = b->first;
	u32 k;

	for (k = 0; k < n; k++) {
		if (at)
			minsn_before(at, list[k]);
		else
			minsn_append(b, list[k]);
	}
}

/*
 * Code is in an order in which definitions come before uses wherever blocks lie behind
 * those that dominate them; what does not is left alone, because it is classified once.
 */
void mir_preambles(struct mfunc *f)
{
	struct preamble p = { .f = f };
	u32 round;

	/* a loop through the first block would run it again */
	if (!f->entry || f->blocks[0]->npreds)
		return;
	p.level = arena_array(f->arena, f->nvregs + 1, u8);
	p.exported = arena_array(f->arena, f->nvregs + 1, u8);
	p.moved = arena_array(f->arena, f->ninsns + f->nvregs + 1, struct minsn *);
	classify(&p);
	drop_constants(&p);
	settle(&p);
	find_exports(&p);
	for (round = 0; round < 3 && p.nexports > MAX_EXPORTS; round++) {
		keep_some(&p, round ? ~0u : 0);
		settle(&p);
		find_exports(&p);
	}
	if (p.nexports > MAX_EXPORTS)
		return;
	collect_level(&p, LEVEL_GRID, MF_GRID);
	collect_level(&p, LEVEL_BLOCK, MF_BLOCK);
	put_first(f->blocks[0], p.moved, p.nmoved);
}
