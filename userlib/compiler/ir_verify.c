// SPDX-License-Identifier: MIT
/*
 * The IR verifier, run between passes: links, blocks and edges, operands
 * against the opcode table, and in SSA one def that dominates each use.
 * What it finds is a bug of the pass before it, never of the PTX.
 */
#include <stdarg.h>
#include <string.h>

#include "ptx_tables.h"

#define MAX_FAULTS 8

struct verify {
	struct ir_body *b;
	struct diag *d;
	const char *after;
	unsigned int faults;
	struct ir_insn *i;
	struct ir_block *blk;
};

__attribute__((format(printf, 2, 3))) static void fault(struct verify *v, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if (v->faults++ >= MAX_FAULTS)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	diag_error(v->d, v->i ? v->i->line : 0, "IR after %s, '%s' BB%u %s: %s", v->after, v->b->func->name,
		   v->blk ? v->blk->id : 0, v->i ? ir_op_name(v->i->op) : "", text);
}

/* ---- blocks ---- */

static bool known(struct verify *v, const struct ir_block *blk)
{
	return blk && blk->id < v->b->nblocks && v->b->blocks[blk->id] == blk;
}

/*
 * Edges in the successor lists are those in the predecessor lists: compared
 * by number and by a sum over the sources, in time linear in the edges.
 */
static void check_edges(struct verify *v)
{
	struct ir_body *b = v->b;
	u64 *sum = arena_array(&b->arena, b->nblocks, u64);
	u32 *count = arena_array(&b->arena, b->nblocks, u32);

	for (u32 k = 0; k < b->nblocks; k++) {
		v->blk = b->blocks[k];
		for (u32 j = 0; j < v->blk->nsuccs; j++) {
			if (!known(v, v->blk->succs[j])) {
				fault(v, "successor is not in the body");
				return;
			}
			count[v->blk->succs[j]->id]++;
			sum[v->blk->succs[j]->id] += (k + 1) * 0x9e3779b97f4a7c15ull;
		}
	}
	for (u32 k = 0; k < b->nblocks; k++) {
		v->blk = b->blocks[k];
		for (u32 j = 0; j < v->blk->npreds; j++) {
			count[k]--;
			sum[k] -= (v->blk->preds[j]->id + 1) * 0x9e3779b97f4a7c15ull;
		}
		if (count[k] || sum[k])
			fault(v, "predecessors do not match the edges");
		if (!k != !v->blk->npreds)
			fault(v, k ? "unreachable block" : "entry has predecessors");
	}
}

static u32 wanted_succs(const struct ir_block *blk)
{
	const struct ir_insn *i = blk->last;
	u32 falls = i->guard ? 1 : 0;

	switch (i->op) {
	case OP_BRA:
		return 1 + falls;
	case OP_BRX_IDX:
		return i->ops[1].table->n + falls;
	case OP_RET:
	case OP_EXIT:
		return falls;
	case OP_TRAP:
		return falls;
	default:
		return 1;
	}
}

static bool ends(const struct ir_insn *i)
{
	return ir_op_flags(i->op) & OPF_TERM && !(i->op == OP_TRAP && i->guard);
}

static void check_block(struct verify *v)
{
	struct ir_block *blk = v->blk;
	bool body = false;

	v->i = NULL;
	if (!blk->first || !blk->last) {
		fault(v, "empty block");
		return;
	}
	for (struct ir_insn *i = blk->first; i; i = i->next) {
		v->i = i;
		if (i->block != blk)
			fault(v, "instruction belongs to another block");
		if (i->next ? i->next->prev != i : blk->last != i)
			fault(v, "instruction list is broken");
		if (i->op == OP_PHI && body)
			fault(v, "phi behind an instruction");
		body |= i->op != OP_PHI;
		if (i->next && ends(i))
			fault(v, "terminator inside a block");
	}
	v->i = blk->last;
	if (blk->nsuccs != wanted_succs(blk))
		fault(v, "%u successors, %u are wanted", blk->nsuccs, wanted_succs(blk));
}

/* ---- operands ---- */

static void check_reg(struct verify *v, const struct ir_operand *o, const struct ptx_opnd *tok)
{
	u32 wide = tok && tok->role == 'd' ? OPF_WIDE_DST : OPF_WIDE_SRC;
	unsigned int have, want = ir_type_bits(o->type);

	if (!o->reg || o->reg->id >= v->b->nregs || v->b->regs[o->reg->id] != o->reg) {
		fault(v, "register is not the body's");
		return;
	}
	have = ir_type_bits(o->reg->type);
	if (o->type == T_NONE || v->i->op == OP_CALL)
		return;
	if ((o->reg->type == T_PRED) != (o->type == T_PRED))
		fault(v, "'%s' used as .%s", o->reg->name, ir_type_name(o->type));
	else if (have != want && !(have > want && (want < 16 || ir_op_flags(v->i->op) & wide)))
		fault(v, "'%s' is .%s, used as .%s", o->reg->name, ir_type_name(o->reg->type), ir_type_name(o->type));
	if (o->inv && o->type != T_PRED)
		fault(v, "'!' on '%s'", o->reg->name);
}

static void check_operand(struct verify *v, const struct ir_operand *o, const struct ptx_opnd *tok)
{
	switch (o->kind) {
	case OPND_NONE:
	case OPND_SREG:
	case OPND_VAR:
	case OPND_FUNC:
		break;
	case OPND_IMM:
		if (o->def)
			fault(v, "constant is written");
		if (!o->type)
			fault(v, "constant without a type");
		break;
	case OPND_REG:
		check_reg(v, o, tok);
		break;
	case OPND_VEC:
		for (u32 k = 0; k < o->nelem; k++) {
			if (o->elem[k].def != o->def)
				fault(v, "vector is written in part");
			check_operand(v, &o->elem[k], tok);
		}
		break;
	case OPND_MEM:
		if (o->def)
			fault(v, "address is written");
		if (o->mem->reg && ir_type_bits(o->mem->reg->type) < 32)
			fault(v, "address register is too small");
		break;
	case OPND_BLOCK:
		if (!known(v, o->block))
			fault(v, "branch target is not in the body");
		break;
	case OPND_TABLE:
		if (v->i->op != OP_CALL && v->i->op != OP_BRX_IDX)
			fault(v, "table in the wrong place");
		break;
	default:
		fault(v, "operand of kind %u", o->kind);
	}
}

static void check_position(struct verify *v, u32 k, const struct ptx_opnd *tok)
{
	const struct ir_operand *o = &v->i->ops[k];
	char r = tok->role;

	if (o->kind == OPND_NONE) {
		if (!tok->optional && r != 'd')
			fault(v, "operand %u is missing", k);
		return;
	}
	if ((r == 'm' || r == 't') != (o->kind == OPND_MEM))
		fault(v, "operand %u: address or not", k);
	if (o->kind != OPND_NONE && o->def != (r == 'd'))
		fault(v, "operand %u: written or not", k);
	if (r == 'b' && o->kind != OPND_BLOCK)
		fault(v, "operand %u is no block", k);
	if (r == 'T' && o->kind != OPND_TABLE)
		fault(v, "operand %u is no table", k);
	if (r == 'i' && o->kind != OPND_IMM)
		fault(v, "operand %u is no constant", k);
}

static void check_phi(struct verify *v)
{
	struct ir_insn *i = v->i;

	if (!v->b->ssa)
		fault(v, "phi outside SSA");
	if (i->nops != 1 + v->blk->npreds) {
		fault(v, "phi has %u sources, %u are wanted", i->nops - 1, v->blk->npreds);
		return;
	}
	for (u32 k = 0; k < i->nops; k++) {
		if (i->ops[k].kind != OPND_REG && (k == 0 || i->ops[k].kind != OPND_NONE))
			fault(v, "phi operand %u", k);
		else
			check_operand(v, &i->ops[k], NULL);
	}
}

/* Eight groups at a time: most instructions have one or two modifiers. */
static void check_modifiers(struct verify *v, const struct ptx_op *op)
{
	const union ir_mods *m = &v->i->m;
	u64 word;

	for (u32 g = 0; g < GRP_COUNT; g++) {
		if (g % 8 == 0 && g + 8 <= GRP_COUNT) {
			memcpy(&word, &m->group[g], sizeof(word));
			if (!word) {
				g += 7;
				continue;
			}
		}
		if (m->group[g] && !(op->allowed >> g & 1))
			fault(v, "modifier .%s", ir_mod_name(g, m->group[g]));
	}
}

static void check_insn(struct verify *v)
{
	struct ir_insn *i = v->i;
	const struct ptx_op *op = ptx_op(i->op);

	if (i->op == OP_NONE || i->op >= OP_COUNT) {
		fault(v, "opcode %u", i->op);
		return;
	}
	if (i->op == OP_PHI) {
		check_phi(v);
		return;
	}
	if (i->guard && i->guard->type != T_PRED)
		fault(v, "guard is no predicate");
	/* ret carries register results beyond its signature */
	if (i->nops != op->nopnds && !(i->op == OP_RET && i->nops == 1)) {
		fault(v, "%u operands, %u are wanted", i->nops, op->nopnds);
		return;
	}
	check_modifiers(v, op);
	if (i->ntypes < op->min_types || i->ntypes > op->max_types)
		fault(v, "%u types", i->ntypes);
	for (u32 k = 0; k < i->nops; k++) {
		const struct ptx_opnd *tok = k < op->nopnds ? &op->opnds[k] : NULL;

		if (tok)
			check_position(v, k, tok);
		check_operand(v, &i->ops[k], tok);
	}
}

/* ---- SSA ---- */

static void check_ssa(struct ir_reg **slot, bool def, struct ir_operand *op, void *ctx)
{
	struct verify *v = ctx;
	struct ir_reg *r = *slot;

	(void)op;
	if (def) {
		if (r->def != v->i)
			fault(v, "'%s.%u' is written here, but defined elsewhere", r->name, r->sub);
		return;
	}
	if (!r->def || v->i->op == OP_PHI)
		return;
	if (!r->def->block)
		fault(v, "'%s.%u' is defined by a removed instruction", r->name, r->sub);
	else if (r->def->block == v->blk ? r->def->id >= v->i->id : !ir_dominates(r->def->block, v->blk))
		fault(v, "use of '%s.%u' is not dominated by its def", r->name, r->sub);
}

static void check_phi_ssa(struct verify *v)
{
	struct ir_insn *i = v->i;

	for (u32 k = 1; k < i->nops; k++) {
		struct ir_reg *r = i->ops[k].kind == OPND_REG ? i->ops[k].reg : NULL;

		if (r && r->def && r->def->block && !ir_dominates(r->def->block, v->blk->preds[k - 1]))
			fault(v, "phi source '%s.%u' is not defined at the end of BB%u", r->name, r->sub,
			      v->blk->preds[k - 1]->id);
	}
}

static void check_all_ssa(struct verify *v)
{
	ir_number(v->b);
	for (u32 k = 0; k < v->b->nblocks; k++) {
		v->blk = v->b->blocks[k];
		for (v->i = v->blk->first; v->i; v->i = v->i->next) {
			ir_walk(v->i, check_ssa, v);
			if (v->i->op == OP_PHI)
				check_phi_ssa(v);
		}
	}
}

bool ir_verify(struct ir_body *b, struct diag *d, const char *after)
{
	struct verify v = { .b = b, .d = d, .after = after };

	if (!b->has_cfg || !b->nblocks) {
		fault(&v, "no blocks");
		return false;
	}
	for (u32 k = 0; k < b->nblocks; k++) {
		v.blk = b->blocks[k];
		if (v.blk->id != k)
			fault(&v, "block number %u at %u", v.blk->id, k);
	}
	check_edges(&v);
	for (u32 k = 0; k < b->nblocks; k++) {
		v.blk = b->blocks[k];
		check_block(&v);
		if (v.faults)
			return false;
		for (v.i = v.blk->first; v.i; v.i = v.i->next)
			check_insn(&v);
	}
	if (b->ssa && !v.faults)
		check_all_ssa(&v);
	return !v.faults;
}
