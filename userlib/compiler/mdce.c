// SPDX-License-Identifier: MIT
/* Dead code: instructions without effect whose results nothing reads go. */
#include "mir.h"

struct dce {
	struct mfunc *f;
	struct minsn **def;
	u32 *work;
	u32 n;
	u8 *live;
};

static bool has_effect(const struct minsn *i)
{
	if (i->flags & MF_SIDE)
		return true;
	if (i->op >= VGPU_OP_COUNT)
		return i->op == MOP_LABEL;
	switch (mop_table[i->op].cls) {
	case MOC_CTRL:
		return i->op != VGPU_OP_BSSY;
	case MOC_LANE:
		return true; /* they wait for other lanes */
	case MOC_MEM:
		switch (i->op) {
		case VGPU_OP_LDG:
		case VGPU_OP_LDS:
		case VGPU_OP_LDL:
		case VGPU_OP_LDX:
			return i->mod != VGPU_ORDER_WEAK && i->mod != VGPU_ORDER_NC;
		case VGPU_OP_LDP:
		case VGPU_OP_ISSPACE:
			return false;
		default:
			return true;
		}
	default:
		return i->d.kind == MO_PHYS;
	}
}

static void need(struct dce *d, u32 r)
{
	if (r == M_NOREG || d->live[r])
		return;
	d->live[r] = 1;
	d->work[d->n++] = r;
}

static void need_uses(struct dce *d, const struct minsn *i)
{
	u32 uses[M_MAX_USES], n, k;

	if (i->op == MOP_PHI) {
		for (k = 0; k < i->block->npreds; k++)
			if (i->args[k].kind == MO_REG)
				need(d, i->args[k].reg);
		return;
	}
	n = minsn_uses(i, uses);
	for (k = 0; k < n; k++)
		need(d, uses[k]);
}

static bool any_live(const struct dce *d, const struct minsn *i)
{
	u32 defs[M_MAX_DEFS], n = minsn_defs(i, defs), k;

	for (k = 0; k < n; k++)
		if (d->live[defs[k]])
			return true;
	return false;
}

void mir_dce(struct mfunc *f)
{
	struct dce d = { .f = f };
	u32 defs[M_MAX_DEFS], n, k, b;
	struct minsn *i, *next;

	d.def = arena_array(f->arena, f->nvregs + 1, struct minsn *);
	d.work = arena_array(f->arena, f->nvregs + 1, u32);
	d.live = arena_array(f->arena, f->nvregs + 1, u8);
	for (b = 0; b < f->nblocks; b++) {
		for (i = f->blocks[b]->first; i; i = i->next) {
			n = minsn_defs(i, defs);
			for (k = 0; k < n; k++)
				d.def[defs[k]] = i;
		}
	}
	for (b = 0; b < f->nblocks; b++)
		for (i = f->blocks[b]->first; i; i = i->next)
			if (has_effect(i))
				need_uses(&d, i);
	while (d.n) {
		i = d.def[d.work[--d.n]];
		if (i)
			need_uses(&d, i);
	}
	for (b = 0; b < f->nblocks; b++) {
		for (i = f->blocks[b]->first; i; i = next) {
			next = i->next;
			if (!has_effect(i) && !any_live(&d, i))
				minsn_remove(i);
		}
	}
}
