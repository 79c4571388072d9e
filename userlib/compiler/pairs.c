// SPDX-License-Identifier: MIT
/*
 * Halves that lie side by side in memory and are put together in a register are
 * loaded as one word, which needs no more alignment than they did.
 */
#include "back.h"

#define MAX_BETWEEN 256 /* instructions looked at between load and use */
#define DISTURBS    (OPF_STORE | OPF_ATOMIC | OPF_CONV | OPF_BARRIER | OPF_SIDE | OPF_FENCE | OPF_CALL)

static bool half_load(const struct ir_insn *i, const struct ir_insn *user)
{
	return i && i->op == OP_LD && !i->guard && i->block == user->block && ir_type_bits(i->types[0]) == 16 &&
	       i->ops[0].kind == OPND_REG && i->ops[1].kind == OPND_MEM && (!i->m.sem || i->m.sem == SEM_WEAK) &&
	       i->m.cop != COP_CV && !i->align && !i->ops[1].mem->nextra;
}

/* Nothing between them may write what is loaded. */
static bool undisturbed(const struct ir_insn *from, const struct ir_insn *to)
{
	u32 n;

	if (from->m.nc)
		return true;
	for (n = 0; from != to; from = from->next, n++)
		if (!from || n == MAX_BETWEEN || (ir_op_flags(from->op) & DISTURBS))
			return false;
	return true;
}

static bool side_by_side(const struct ir_insn *lo, const struct ir_insn *hi)
{
	const struct ir_mem *x = lo->ops[1].mem, *y = hi->ops[1].mem;

	return lo->m.space == hi->m.space && lo->m.nc == hi->m.nc && x->reg == y->reg && x->var == y->var &&
	       y->off == x->off + 2;
}

static struct ir_insn *load_of(const struct ir_operand *o)
{
	return o->kind == OPND_REG && !o->inv && !o->neg ? o->reg->def : NULL;
}

/* mov.b32 d, {lo, hi} */
static void join(struct ir_insn *i)
{
	struct ir_insn *lo, *hi;

	if (i->op != OP_MOV || i->guard || i->ops[0].kind != OPND_REG || ir_type_bits(i->ops[0].reg->type) != 32 ||
	    i->ops[1].kind != OPND_VEC || i->ops[1].nelem != 2)
		return;
	lo = load_of(&i->ops[1].elem[0]);
	hi = load_of(&i->ops[1].elem[1]);
	if (!half_load(lo, i) || !half_load(hi, i) || !side_by_side(lo, hi) || !undisturbed(lo, i) ||
	    !undisturbed(hi, i))
		return;
	i->op = OP_LD;
	i->m = lo->m;
	i->types[0] = T_B32;
	i->ntypes = 1;
	i->nops = 2; /* without a cache hint */
	i->ops[1] = lo->ops[1];
	i->align = 2;
}

void join_loads(struct ir_body *b)
{
	struct ir_insn *i;
	u32 k;

	for (k = 0; k < b->nrpo; k++)
		for (i = b->rpo[k]->first; i; i = i->next)
			join(i);
}
