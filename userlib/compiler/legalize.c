// SPDX-License-Identifier: MIT
/*
 * Before SSA: what later passes do not know is put in terms of what they do. Registers of
 * 128 bits become two of 64, and the carry flag lives in a register between blocks.
 */
#include "ir.h"

/* ---- 128 bits ---- */

struct halves {
	struct ir_reg *lo, *hi;
};

struct wide {
	struct ir_body *b;
	struct halves *of; /* by register id */
};

static bool is_wide(const struct ir_operand *o)
{
	return o->kind == OPND_REG && ir_type_bits(o->reg->type) == 128;
}

static struct ir_operand half(const struct ir_reg *r, bool def)
{
	return (struct ir_operand){ .kind = OPND_REG, .type = T_B64, .def = def, .reg = (struct ir_reg *)r };
}

/* {lo, hi} in place of a register */
static void split_operand(struct wide *w, struct ir_operand *o)
{
	struct halves h = w->of[o->reg->id];
	bool def = o->def;

	o->kind = OPND_VEC;
	o->type = T_B64;
	o->nelem = 2;
	o->off = 0;
	o->elem = arena_array(&w->b->arena, 2, struct ir_operand);
	o->elem[0] = half(h.lo, def);
	o->elem[1] = half(h.hi, def);
}

/* Half @k of a mov's operand: of a register, or of the list that makes it up. */
static struct ir_operand part(struct wide *w, const struct ir_operand *o, u32 k)
{
	struct ir_operand p;
	u32 n;

	if (o->kind == OPND_REG)
		return half(k ? w->of[o->reg->id].hi : w->of[o->reg->id].lo, o->def);
	n = o->nelem / 2;
	if (n == 1)
		return o->elem[k];
	p = *o;
	p.nelem = n;
	p.elem = o->elem + k * n;
	return p;
}

static void split_mov(struct wide *w, struct ir_insn *i)
{
	struct ir_insn *hi;

	if (i->ops[0].kind == OPND_NONE || i->ops[1].kind == OPND_NONE)
		return;
	hi = ir_insn_new(w->b, OP_MOV, i->nops, i->line);
	hi->guard = i->guard;
	hi->guard_not = i->guard_not;
	hi->ntypes = 1;
	hi->types[0] = T_B64;
	hi->ops[0] = part(w, &i->ops[0], 1);
	hi->ops[1] = part(w, &i->ops[1], 1);
	i->ops[0] = part(w, &i->ops[0], 0);
	i->ops[1] = part(w, &i->ops[1], 0);
	i->types[0] = T_B64;
	ir_insert_after(i, hi);
	/* a part that nobody wants */
	if (hi->ops[0].kind == OPND_NONE)
		ir_remove(hi);
	if (i->ops[0].kind == OPND_NONE)
		ir_remove(i);
}

static void split_insn(struct wide *w, struct ir_insn *i)
{
	u32 k;

	if (i->op == OP_MOV) {
		if (is_wide(&i->ops[0]) || is_wide(&i->ops[1]))
			split_mov(w, i);
		return;
	}
	for (k = 0; k < i->nops; k++)
		if (is_wide(&i->ops[k]))
			split_operand(w, &i->ops[k]);
	if ((i->op == OP_LD || i->op == OP_ST || i->op == OP_LDU) && i->types[0] == T_B128) {
		i->types[0] = T_B64;
		i->m.vec = VEC_V2;
	}
}

static void split_wide(struct ir_body *b)
{
	struct wide w = { .b = b };
	struct ir_insn *i, *next;
	u32 k, n = b->nregs;

	for (k = 0; k < n && ir_type_bits(b->regs[k]->type) != 128; k++)
		;
	if (k == n)
		return;
	w.of = arena_array(&b->arena, n, struct halves);
	for (k = 0; k < n; k++)
		if (ir_type_bits(b->regs[k]->type) == 128) {
			w.of[k].lo = ir_reg_new(b, T_B64, b->regs[k]->name);
			w.of[k].hi = ir_reg_new(b, T_B64, b->regs[k]->name);
		}
	for (k = 0; k < b->nblocks; k++)
		for (i = b->blocks[k]->first; i; i = next) {
			next = i->next;
			split_insn(&w, i);
		}
}

/* ---- the carry ---- */

/* With a guard, what sets it keeps it where the guard does not hold. */
static bool takes_carry(const struct ir_insn *i)
{
	return (i->m.cc && i->guard) || i->op == OP_ADDC || i->op == OP_SUBC || i->op == OP_MADC;
}

static bool crosses(const struct ir_body *b)
{
	const struct ir_insn *i;
	bool have;
	u32 k;

	for (k = 0; k < b->nblocks; k++)
		for (i = b->blocks[k]->first, have = false; i; i = i->next) {
			if (takes_carry(i) && !have)
				return true;
			have |= i->m.cc != 0;
		}
	return false;
}

static struct ir_insn *add(struct ir_body *b, enum ir_op op, const struct ir_insn *near, struct ir_reg *d)
{
	struct ir_insn *i = ir_insn_new(b, op, 3, near->line);

	i->ntypes = 1;
	i->types[0] = T_U32;
	i->ops[0] = (struct ir_operand){ .kind = OPND_REG, .type = T_U32, .def = true, .reg = d };
	i->ops[1] = (struct ir_operand){ .kind = OPND_IMM, .type = T_U32 };
	i->ops[2] = i->ops[1];
	return i;
}

/* Behind what sets the flag, it goes to @flag; before a block's first use, it comes from there. */
static void keep_carry(struct ir_body *b)
{
	struct ir_reg *flag, *none;
	struct ir_insn *i, *last, *get;
	bool have;
	u32 k;

	if (!crosses(b))
		return;
	flag = ir_reg_new(b, T_U32, "%carry");
	none = ir_reg_new(b, T_U32, "%none");
	for (k = 0; k < b->nblocks; k++) {
		last = NULL;
		for (i = b->blocks[k]->first, have = false; i; i = i->next) {
			if (takes_carry(i) && !have) {
				get = add(b, OP_ADD, i, none);
				get->m.cc = CC;
				get->ops[1] = (struct ir_operand){ .kind = OPND_REG, .type = T_U32, .reg = flag };
				get->ops[2].imm = 0xffffffff;
				ir_insert_before(i, get);
				have = true;
			}
			if (i->m.cc) {
				have = true;
				last = i;
			}
		}
		if (last)
			ir_insert_after(last, add(b, OP_ADDC, last, flag));
	}
}

void ir_legalize(struct ir_body *b)
{
	split_wide(b);
	keep_carry(b);
}
