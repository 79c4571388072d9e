// SPDX-License-Identifier: MIT
/* Making, linking and walking instructions. */
#include "ir.h"

struct ir_reg *ir_reg_new(struct ir_body *b, enum ir_type type, const char *name)
{
	struct ir_reg *r = arena_new(&b->arena, struct ir_reg);

	if (b->nregs == b->regs_cap) {
		u32 cap = b->regs_cap ? b->regs_cap * 2 : 64;

		b->regs = arena_grow(&b->arena, b->regs, b->nregs, cap, sizeof(*b->regs));
		b->regs_cap = cap;
	}
	r->id = b->nregs;
	r->type = type;
	r->name = name;
	b->regs[b->nregs++] = r;
	return r;
}

struct ir_insn *ir_insn_new(struct ir_body *b, enum ir_op op, unsigned int nops, u32 line)
{
	struct ir_insn *i = arena_new(&b->arena, struct ir_insn);

	i->op = op;
	i->nops = nops;
	i->line = line;
	if (nops)
		i->ops = arena_array(&b->arena, nops, struct ir_operand);
	return i;
}

void ir_insert_before(struct ir_insn *at, struct ir_insn *insn)
{
	insn->block = at->block;
	insn->next = at;
	insn->prev = at->prev;
	if (at->prev)
		at->prev->next = insn;
	else
		at->block->first = insn;
	at->prev = insn;
}

void ir_insert_after(struct ir_insn *at, struct ir_insn *insn)
{
	insn->block = at->block;
	insn->prev = at;
	insn->next = at->next;
	if (at->next)
		at->next->prev = insn;
	else
		at->block->last = insn;
	at->next = insn;
}

void ir_append(struct ir_block *blk, struct ir_insn *insn)
{
	if (blk->last) {
		ir_insert_after(blk->last, insn);
		return;
	}
	insn->block = blk;
	insn->next = NULL;
	insn->prev = NULL;
	blk->first = insn;
	blk->last = insn;
}

void ir_prepend(struct ir_block *blk, struct ir_insn *insn)
{
	if (blk->first)
		ir_insert_before(blk->first, insn);
	else
		ir_append(blk, insn);
}

void ir_remove(struct ir_insn *insn)
{
	if (insn->prev)
		insn->prev->next = insn->next;
	else
		insn->block->first = insn->next;
	if (insn->next)
		insn->next->prev = insn->prev;
	else
		insn->block->last = insn->prev;
	insn->next = NULL;
	insn->prev = NULL;
	insn->block = NULL;
}

u32 ir_number(struct ir_body *b)
{
	u32 n = 0;

	for (u32 k = 0; k < b->nblocks; k++)
		for (struct ir_insn *i = b->blocks[k]->first; i; i = i->next)
			i->id = n++;
	return n;
}

/* Sources and address bases in @o; destinations are left for the second round. */
static void walk_uses(struct ir_operand *o, ir_walk_fn fn, void *ctx)
{
	switch (o->kind) {
	case OPND_REG:
		if (!o->def)
			fn(&o->reg, false, o, ctx);
		else if (o->prior)
			fn(&o->prior, false, o, ctx);
		break;
	case OPND_MEM:
		if (o->mem->reg)
			fn(&o->mem->reg, false, o, ctx);
		for (u32 k = 0; k < o->mem->nextra; k++)
			walk_uses(&o->mem->extra[k], fn, ctx);
		break;
	case OPND_VEC:
		for (u32 k = 0; k < o->nelem; k++)
			walk_uses(&o->elem[k], fn, ctx);
		break;
	}
}

static void walk_defs(struct ir_operand *o, ir_walk_fn fn, void *ctx)
{
	if (!o->def)
		return;
	if (o->kind == OPND_REG)
		fn(&o->reg, true, o, ctx);
	else if (o->kind == OPND_VEC)
		for (u32 k = 0; k < o->nelem; k++)
			walk_defs(&o->elem[k], fn, ctx);
}

void ir_walk(struct ir_insn *insn, ir_walk_fn fn, void *ctx)
{
	if (insn->guard)
		fn(&insn->guard, false, NULL, ctx);
	for (u32 k = 0; k < insn->nops; k++)
		walk_uses(&insn->ops[k], fn, ctx);
	for (u32 k = 0; k < insn->nops; k++)
		walk_defs(&insn->ops[k], fn, ctx);
}
