// SPDX-License-Identifier: MIT
/*
 * Float modes: each block begins and ends in the function's commonest mode;
 * setmode goes where an instruction needs another one. Calls and returns
 * happen in the default mode.
 */
#include "mir.h"

#define MODES 8

/* What a mode must be at this instruction, or MODE_ANY. */
static u8 mode_of(const struct minsn *i)
{
	switch (i->op) {
	case VGPU_OP_CALL:
	case VGPU_OP_CALLI:
	case VGPU_OP_RET:
		return 0;
	default:
		return i->mode;
	}
}

static u8 commonest(const struct mfunc *f)
{
	u64 count[MODES] = { 0 };
	const struct minsn *i;
	u32 b, m, best = 0;

	for (b = 0; b < f->nblocks; b++)
		for (i = f->blocks[b]->first; i; i = i->next)
			if (mode_of(i) != MODE_ANY)
				count[mode_of(i)] += 1 + 8 * f->blocks[b]->loop_depth;
	for (m = 1; m < MODES; m++)
		if (count[m] > count[best])
			best = m;
	return best;
}

static void set_before(struct mfunc *f, struct minsn *at, u8 mode)
{
	struct minsn *i = minsn_new(f, VGPU_OP_SETMODE, at->line);

	i->imm = mode;
	minsn_before(at, i);
}

static bool is_jump(const struct minsn *i)
{
	return i->op == VGPU_OP_BRA || i->op == VGPU_OP_SBR || i->op == VGPU_OP_BRX;
}

/* The first of the jumps at the block's end; NULL: it falls through. */
static struct minsn *jumps(struct mblock *b)
{
	struct minsn *i = b->last, *first = NULL;

	while (i && is_jump(i) && !(i->flags & MF_SKIP)) {
		first = i;
		i = i->prev;
	}
	return first;
}

static void append_mode(struct mfunc *f, struct mblock *b, u8 mode)
{
	struct minsn *at = jumps(b), *i = minsn_new(f, VGPU_OP_SETMODE, 0);

	i->imm = mode;
	if (at)
		minsn_before(at, i);
	else
		minsn_append(b, i);
}

static void do_block(struct mfunc *f, struct mblock *b, u8 home)
{
	struct minsn *i = b->first, *end = jumps(b);
	u8 now = home;

	if (b == f->blocks[0] && home) {
		struct minsn *s = minsn_new(f, VGPU_OP_SETMODE, 0);

		s->imm = home;
		if (i)
			minsn_before(i, s);
		else
			minsn_append(b, s);
	}
	for (; i && i != end; i = i->next) {
		u8 want = mode_of(i);

		/* skipped stretches must not change the mode for those who skip */
		if (is_jump(i) || i->op == MOP_LABEL)
			want = home;
		if (want == MODE_ANY || want == now)
			continue;
		set_before(f, i, want);
		now = want;
	}
	if (now != home && (b->nsuccs || !b->last))
		append_mode(f, b, home);
}

void mir_modes(struct mfunc *f)
{
	u8 home = commonest(f);
	u32 b;

	for (b = 0; b < f->nblocks; b++)
		do_block(f, f->blocks[b], home);
}
