// SPDX-License-Identifier: MIT
/* Emission: allocated machine IR becomes instruction words of the object. */
#include "object.h"

struct emit {
	struct object *o;
	struct mfunc *f;
	u32 frame;
	u32 pc; /* of the instruction at hand, from the function's start */
};

static u8 class_of(const struct emit *e, const struct mopnd *o)
{
	if (o->kind == MO_REG)
		return e->f->vregs[o->reg].cls;
	if (o->kind == MO_GROUP)
		return e->f->vregs[o->group[0]].cls;
	return o->cls;
}

/* W registers are pairs behind the V registers. */
static u16 register_of(const struct emit *e, u8 cls, u16 phys)
{
	return cls == MC_W ? e->f->wbase + 2 * phys : phys;
}

static u16 place_of(const struct emit *e, const struct mopnd *o)
{
	switch (o->kind) {
	case MO_REG:
		return register_of(e, class_of(e, o), e->f->vregs[o->reg].phys);
	case MO_PHYS:
	case MO_GROUP:
		return register_of(e, class_of(e, o), o->num);
	case MO_NUM:
		return o->num;
	case MO_ABSENT:
		return VGPU_NONE;
	default:
		return 0;
	}
}

static u16 field(const struct emit *e, u8 kind, const struct mopnd *o)
{
	if (o->kind == MO_IMM)
		return VGPU_SRC_IMM;
	if ((kind == MK_X || kind == MK_Y) && (o->kind == MO_REG || o->kind == MO_PHYS) && class_of(e, o) == MC_S)
		return VGPU_SRC_SCALAR | place_of(e, o);
	return place_of(e, o);
}

static u32 immediate(const struct emit *e, const struct minsn *i)
{
	const struct mopnd *ops[] = { &i->a, &i->b, &i->c };
	u32 k, v = i->imm;

	for (k = 0; k < 3 && mop_table[i->op].imm == MI_SRC; k++)
		if (ops[k]->kind == MO_IMM)
			v = (u32)ops[k]->imm;
	if (i->flags & MF_FRAME)
		v += e->frame;
	return v;
}

static u8 guard_of(const struct emit *e, const struct minsn *i)
{
	if (i->guard == M_NOREG)
		return 0;
	return VGPU_GUARD | e->f->vregs[i->guard].phys | (i->guard_not ? VGPU_GUARD_NOT : 0);
}

static u8 mod_of(const struct emit *e, const struct minsn *i)
{
	u8 mod = i->mod;

	switch (i->op) {
	case VGPU_OP_IADDC:
	case VGPU_OP_ISUBC:
	case VGPU_OP_LADDC:
	case VGPU_OP_LSUBC:
		return VGPU_CARRY_IN(i->puse == M_NOREG ? VGPU_CARRY_NOP : e->f->vregs[i->puse].phys) |
		       VGPU_CARRY_OUT(i->pdef == M_NOREG ? VGPU_CARRY_NOP : e->f->vregs[i->pdef].phys);
	case VGPU_OP_SHFL:
	case VGPU_OP_SHFLV:
		if (i->pdef != M_NOREG)
			mod |= VGPU_SHFL_PRED | VGPU_SHFL_PREDREG(e->f->vregs[i->pdef].phys);
		return mod;
	default:
		return mod;
	}
}

static void put_insn(struct emit *e, const struct minsn *i)
{
	const struct mop_info *info = &mop_table[i->op];
	struct vgpu_insn in = {
		.op = i->op,
		.guard = guard_of(e, i),
		.mod = mod_of(e, i),
		.d = field(e, info->kind[0], &i->d),
		.a = field(e, info->kind[1], &i->a),
		.b = field(e, info->kind[2], &i->b),
		.c = field(e, info->kind[3], &i->c),
		.imm = immediate(e, i),
	};

	object_insn(e->o, &in, i->line);
}

static struct minsn *label_after(const struct minsn *i)
{
	struct minsn *l = i->next;

	while (l && l->op != MOP_LABEL)
		l = l->next;
	return l;
}

/* An unguarded jump to the block that follows is no instruction. */
static bool is_void(const struct emit *e, const struct minsn *i)
{
	(void)e;
	if (i->op == MOP_LABEL)
		return true;
	if (i->op == VGPU_OP_MOV || i->op == VGPU_OP_MOVW || i->op == VGPU_OP_SMOV) {
		/* a copy onto itself; a scalar one may truncate */
		return i->guard == M_NOREG && !i->mod && i->a.kind != MO_IMM &&
		       class_of(e, &i->a) == class_of(e, &i->d) && place_of(e, &i->a) == place_of(e, &i->d);
	}
	return i->op == VGPU_OP_BRA && i->guard == M_NOREG && !(i->flags & MF_SKIP) && !i->next &&
	       i->target->id == i->block->id + 1;
}

static void number(struct emit *e)
{
	struct minsn *i;
	u32 b, pc = 0;

	for (b = 0; b < e->f->nblocks; b++) {
		e->f->blocks[b]->start = pc;
		for (i = e->f->blocks[b]->first; i; i = i->next) {
			i->seq = pc;
			pc += !is_void(e, i);
		}
	}
}

static void put_tables(struct emit *e, u32 base)
{
	u32 t, k;

	for (t = 0; t < e->f->njump; t++) {
		struct mtable *j = &e->f->jump[t];
		u32 *pcs = arena_array(e->f->arena, j->n + 1, u32);

		for (k = 0; k < j->n; k++)
			pcs[k] = base + j->blocks[k]->start;
		j->index = object_table(e->o, pcs, j->n);
	}
}

static u32 target_pc(const struct minsn *i)
{
	return i->flags & MF_SKIP ? label_after(i)->seq : i->target->start;
}

/*
 * The marked instructions at the head of a kernel, which become a preamble. The float
 * mode may have been set before them. What does not fit stays where it is.
 */
static u32 put_preamble(struct emit *e, u8 flag)
{
	struct minsn *i = e->f->blocks[0]->first, *next;
	u32 start = e->o->ninsns;

	if (i && i->op == VGPU_OP_SETMODE)
		i = i->next;
	for (; i && i->flags & flag && e->o->ninsns - start < VGPU_MAX_PREAMBLE - 1; i = next) {
		next = i->next;
		put_insn(e, i);
		minsn_remove(i);
	}
	if (e->o->ninsns == start)
		return VGPU_NO_PC;
	object_insn(e->o, &(struct vgpu_insn){ .op = VGPU_OP_EXIT }, 0);
	return start;
}

bool emit_function(struct object *o, struct mfunc *f, u32 index)
{
	struct emit e = { .o = o, .f = f };
	struct minsn *i;
	u32 base, b;

	if (!index) {
		o->kernel.grid_pre = put_preamble(&e, MF_GRID);
		o->kernel.block_pre = put_preamble(&e, MF_BLOCK);
	}
	base = o->ninsns;
	e.frame = ((f->save_base + f->save_size) + 15) & ~15u;
	f->frame = e.frame;
	number(&e);
	put_tables(&e, base);
	for (b = 0; b < f->nblocks; b++) {
		for (i = f->blocks[b]->first; i; i = i->next) {
			if (is_void(&e, i))
				continue;
			if (i->op == VGPU_OP_BRA || i->op == VGPU_OP_SBR)
				i->imm = base + target_pc(i);
			if (i->op == VGPU_OP_BRX)
				i->b = mo_num(f->jump[i->b.num].index);
			put_insn(&e, i);
		}
	}
	o->funcs[index].start = base;
	o->funcs[index].count = o->ninsns - base;
	return o->ninsns <= VGPU_CODE_MAX_INSNS;
}
