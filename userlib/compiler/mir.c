// SPDX-License-Identifier: MIT
/* Machine IR: making, linking and walking instructions. */
#include "mir.h"

const struct mop_info mop_table[VGPU_OP_COUNT] = {
#define VGPU_OP(NAME, TEXT, D, A, B, C, MOD, IMM, CLASS, MEANING) \
	[VGPU_OP_##NAME] = {                                      \
		.name = TEXT,                                     \
		.kind = { MK_##D, MK_##A, MK_##B, MK_##C },       \
		.imm = MI_##IMM,                                  \
		.cls = MOC_##CLASS,                               \
	},
#include "../../uapi/vgpu_isa_ops.h"
#undef VGPU_OP
};

u32 mreg_new(struct mfunc *f, enum mclass cls)
{
	struct mvreg *v;

	if (f->nvregs == f->vregs_cap) {
		u32 cap = f->vregs_cap ? f->vregs_cap * 2 : 256;

		f->vregs = arena_grow(f->arena, f->vregs, f->vregs_cap, cap, sizeof(*f->vregs));
		f->vregs_cap = cap;
	}
	v = &f->vregs[f->nvregs];
	v->cls = cls;
	v->phys = M_NOPHYS;
	v->hint = M_NOREG;
	return f->nvregs++;
}

struct minsn *minsn_new(struct mfunc *f, u16 op, u32 line)
{
	struct minsn *i = arena_new(f->arena, struct minsn);

	i->op = op;
	i->mode = MODE_ANY;
	i->guard = M_NOREG;
	i->pdef = M_NOREG;
	i->puse = M_NOREG;
	i->line = line;
	f->ninsns++;
	return i;
}

void minsn_append(struct mblock *b, struct minsn *i)
{
	i->block = b;
	i->prev = b->last;
	i->next = NULL;
	if (b->last)
		b->last->next = i;
	else
		b->first = i;
	b->last = i;
}

void minsn_before(struct minsn *at, struct minsn *i)
{
	i->block = at->block;
	i->prev = at->prev;
	i->next = at;
	if (at->prev)
		at->prev->next = i;
	else
		at->block->first = i;
	at->prev = i;
}

void minsn_after(struct minsn *at, struct minsn *i)
{
	i->block = at->block;
	i->next = at->next;
	i->prev = at;
	if (at->next)
		at->next->prev = i;
	else
		at->block->last = i;
	at->next = i;
}

void minsn_remove(struct minsn *i)
{
	if (i->prev)
		i->prev->next = i->next;
	else
		i->block->first = i->next;
	if (i->next)
		i->next->prev = i->prev;
	else
		i->block->last = i->prev;
}

bool mop_d_is_use(u16 op)
{
	switch (op) {
	case VGPU_OP_STG:
	case VGPU_OP_STS:
	case VGPU_OP_STL:
	case VGPU_OP_STX:
	case VGPU_OP_STMATRIX:
	case VGPU_OP_CPASYNC: /* D is the shared address */
		return true;
	default:
		return false;
	}
}

static u32 collect(const struct mopnd *o, u32 *out, u32 n)
{
	u32 i;

	if (o->kind == MO_REG) {
		out[n++] = o->reg;
	} else if (o->kind == MO_GROUP) {
		for (i = 0; i < o->n; i++)
			if (o->group[i] != M_NOREG)
				out[n++] = o->group[i];
	}
	return n;
}

u32 minsn_defs(const struct minsn *i, u32 *out)
{
	u32 n = 0;

	if (i->op == MOP_PHI || !mop_d_is_use(i->op))
		n = collect(&i->d, out, n);
	if (i->flags & MF_C_DEF)
		n = collect(&i->c, out, n);
	if (i->pdef != M_NOREG)
		out[n++] = i->pdef;
	return n;
}

u32 minsn_uses(const struct minsn *i, u32 *out)
{
	u32 n = 0, k, nd;

	if (i->op == MOP_PHI)
		return 0;
	if (i->guard != M_NOREG)
		out[n++] = i->guard;
	if (mop_d_is_use(i->op))
		n = collect(&i->d, out, n);
	n = collect(&i->a, out, n);
	n = collect(&i->b, out, n);
	if (!(i->flags & MF_C_DEF))
		n = collect(&i->c, out, n);
	if (i->puse != M_NOREG)
		out[n++] = i->puse;
	if (i->prior) {
		u32 defs[M_MAX_DEFS];

		nd = minsn_defs(i, defs);
		for (k = 0; k < nd; k++)
			if (i->prior[k] != M_NOREG)
				out[n++] = i->prior[k];
	}
	return n;
}
