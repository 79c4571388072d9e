// SPDX-License-Identifier: MIT
/*
 * Simplification over SSA: copies and constants go straight to their users,
 * and integer operations on constants are done here. What is left without
 * users is for dead-code removal to find.
 */
#include "back.h"

/* What a register's users may read instead. */
struct known {
	enum { UNKNOWN, CONSTANT, COPY } kind;
	u64 value;
	struct ir_reg *reg;
};

struct simplify {
	struct ir_body *b;
	struct known *known; /* by register id */
	struct ir_insn *insn;
};

static bool plain_mov(const struct ir_insn *i)
{
	if (i->op == OP_CVTA)
		return !i->guard && (i->m.space == SPC_GLOBAL || i->m.space == SPC_CONST) &&
		       i->ops[0].kind == OPND_REG && i->ops[1].kind == OPND_REG;
	return i->op == OP_MOV && !i->guard && i->ops[0].kind == OPND_REG && ir_type_bits(i->types[0]) <= 64;
}

static u64 truncate(u64 v, unsigned int bits)
{
	return bits >= 64 ? v : v & ((1ull << bits) - 1);
}

/* ---- folding ---- */

bool fold2(const struct ir_insn *i, u64 a, u64 b, u64 *r)
{
	unsigned int bits = ir_type_bits(i->types[0]);

	switch (i->op) {
	case OP_ADD:
		*r = a + b;
		return true;
	case OP_SUB:
		*r = a - b;
		return true;
	case OP_AND:
		*r = a & b;
		return true;
	case OP_OR:
		*r = a | b;
		return true;
	case OP_XOR:
		*r = a ^ b;
		return true;
	case OP_SHL:
		*r = (u32)b >= bits ? 0 : a << (u32)b;
		return true;
	case OP_MUL:
		if (i->m.mul != MUL_LO)
			return false;
		*r = a * b;
		return true;
	default:
		return false;
	}
}

static bool foldable(const struct ir_insn *i)
{
	char c = i->ntypes ? ir_type_class(i->types[0]) : 0;

	return (c == 'U' || c == 'S' || c == 'B') && !i->guard && !i->m.sat && !i->m.cc && !i->m.relu &&
	       i->types[0] != T_U16X2 && i->types[0] != T_S16X2 && i->types[0] != T_U8X4 && i->types[0] != T_S8X4 &&
	       ir_type_bits(i->types[0]) >= 16 && ir_type_bits(i->types[0]) <= 64;
}

static u64 sign_extend(u64 v, unsigned int bits)
{
	return bits >= 64 ? v : (u64)((s64)(v << (64 - bits)) >> (64 - bits));
}

/* Turns the instruction into a mov of a constant, if it computes one. */
static void fold(struct ir_insn *i)
{
	unsigned int bits;
	u64 r;

	if (i->nops < 3 || !foldable(i) || i->ops[0].kind != OPND_REG || i->ops[1].kind != OPND_IMM ||
	    i->ops[2].kind != OPND_IMM)
		return;
	if (i->nops > 3 && i->ops[3].kind != OPND_NONE)
		return;
	bits = ir_type_bits(i->types[0]);
	if (!fold2(i, i->ops[1].imm, i->ops[2].imm, &r))
		return;
	i->op = OP_MOV;
	i->m.mul = 0;
	i->ops[1].imm = sign_extend(truncate(r, bits), bits);
	i->ops[2].kind = OPND_NONE;
	i->nops = 2;
}

/* ---- uses ---- */

static bool takes_constant(const struct ir_insn *i, const struct ir_operand *op)
{
	/* the positions that must be registers: predicates, branch indices, fragments */
	if (op->type == T_PRED || i->op == OP_BRX_IDX)
		return false;
	return !(ir_op_flags(i->op) & OPF_VIDEO);
}

static void replace(struct ir_reg **slot, bool def, struct ir_operand *op, void *ctx)
{
	struct simplify *s = ctx;
	const struct known *k;

	if (def || !*slot)
		return;
	k = &s->known[(*slot)->id];
	if (k->kind == COPY) {
		*slot = k->reg;
		k = &s->known[k->reg->id];
	}
	if (k->kind == CONSTANT && op && op->kind == OPND_REG && !op->def && &op->reg == slot &&
	    takes_constant(s->insn, op)) {
		op->kind = OPND_IMM;
		op->imm = k->value;
		op->off = 0;
	}
}

static void learn(struct simplify *s, struct ir_insn *i)
{
	struct known *k;
	struct ir_reg *d;

	if (!plain_mov(i))
		return;
	d = i->ops[0].reg;
	k = &s->known[d->id];
	if (i->ops[1].kind == OPND_IMM && d->type != T_PRED) {
		k->kind = CONSTANT;
		k->value = i->ops[1].imm;
	} else if (i->ops[1].kind == OPND_REG && !i->ops[1].inv && i->ops[1].reg->def &&
		   (d->type == T_PRED) == (i->ops[1].reg->type == T_PRED) &&
		   ir_type_bits(d->type) == ir_type_bits(i->ops[1].reg->type)) {
		const struct known *from = &s->known[i->ops[1].reg->id];

		k->kind = COPY;
		k->reg = from->kind == COPY ? from->reg : i->ops[1].reg;
	}
}

void simplify(struct ir_body *b)
{
	struct simplify s = { .b = b };
	struct ir_insn *i;
	u32 k;

	s.known = arena_array(&b->arena, b->nregs + 1, struct known);
	for (k = 0; k < b->nrpo; k++) {
		for (i = b->rpo[k]->first; i; i = i->next) {
			s.insn = i;
			if (i->op != OP_PHI)
				ir_walk(i, replace, &s);
			fold(i);
			learn(&s, i);
		}
	}
	/* phis last: their arguments may come from below */
	for (k = 0; k < b->nrpo; k++) {
		for (i = b->rpo[k]->first; i && i->op == OP_PHI; i = i->next) {
			s.insn = i;
			ir_walk(i, replace, &s);
		}
	}
}
