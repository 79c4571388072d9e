// SPDX-License-Identifier: MIT
/*
 * The IR as text, close enough to PTX that what the parser made can be
 * parsed again; SSA versions are written %r1.3.
 */
#include "ptx_tables.h"

static void print_reg(const struct ir_reg *r, FILE *f)
{
	if (!r) {
		fputs("undef", f);
		return;
	}
	fputs(r->name, f);
	if (r->sub)
		fprintf(f, ".%u", r->sub);
}

static void print_imm(const struct ir_operand *o, FILE *f)
{
	if (o->type == T_F32)
		fprintf(f, "0f%08X", (u32)o->imm);
	else if (o->type == T_F64)
		fprintf(f, "0d%016llX", (unsigned long long)o->imm);
	else if (ir_type_class(o->type) == 'U' && o->imm >> 63)
		fprintf(f, "%lluU", (unsigned long long)o->imm);
	else
		fprintf(f, "%lld", (long long)o->imm);
}

static void print_offset(s64 off, FILE *f)
{
	if (off)
		fprintf(f, "+%lld", (long long)off);
}

static void print_operand(const struct ir_operand *o, FILE *f);

static void print_mem(const struct ir_mem *m, FILE *f)
{
	fputc('[', f);
	if (m->reg)
		print_reg(m->reg, f);
	else if (m->var)
		fputs(m->var->name, f);
	if (m->reg || m->var)
		print_offset(m->off, f);
	else
		fprintf(f, "%lld", (long long)m->off);
	for (u32 k = 0; k < m->nextra; k++) {
		fputs(", ", f);
		print_operand(&m->extra[k], f);
	}
	fputc(']', f);
}

static void print_list(const struct ir_operand *o, char open, char close, FILE *f)
{
	fputc(open, f);
	for (u32 k = 0; k < o->nelem; k++) {
		if (k)
			fputs(", ", f);
		print_operand(&o->elem[k], f);
	}
	fputc(close, f);
}

static void print_sel(const struct ir_operand *o, FILE *f)
{
	if (o->sel >= SEL_LIST(1)) {
		fputs(o->sel & SEL_HALVES ? ".h" : ".b", f);
		for (int k = SEL_COUNT(o->sel) - 1; k >= 0; k--)
			fputc('0' + SEL_PART(o->sel, k), f);
	} else if (o->sel >= SEL_H0) {
		fprintf(f, ".h%d", o->sel - SEL_H0);
	} else if (o->sel) {
		fprintf(f, ".b%d", o->sel - SEL_B0);
	}
}

static void print_block_name(const struct ir_block *blk, FILE *f)
{
	fprintf(f, "BB%u", blk->id);
}

static void print_operand(const struct ir_operand *o, FILE *f)
{
	if (o->inv)
		fputc('!', f);
	if (o->neg)
		fputc('-', f);
	switch (o->kind) {
	case OPND_NONE:
		fputc('_', f);
		break;
	case OPND_REG:
		print_reg(o->reg, f);
		print_sel(o, f);
		break;
	case OPND_IMM:
		print_imm(o, f);
		break;
	case OPND_SREG:
		fputs(ir_sreg_name(o->sreg), f);
		break;
	case OPND_VAR:
		fputs(o->var->name, f);
		print_offset(o->off, f);
		break;
	case OPND_FUNC:
		fputs(o->func->name, f);
		break;
	case OPND_BLOCK:
		print_block_name(o->block, f);
		break;
	case OPND_MEM:
		print_mem(o->mem, f);
		break;
	case OPND_VEC:
		print_list(o, '{', '}', f);
		break;
	case OPND_TABLE:
		fputs(o->table->name, f);
		break;
	}
}

static void print_call(const struct ir_insn *i, FILE *f)
{
	fputc(' ', f);
	if (i->ops[0].kind == OPND_VEC) {
		print_list(&i->ops[0], '(', ')', f);
		fputs(", ", f);
	}
	print_operand(&i->ops[1], f);
	if (i->ops[2].kind == OPND_VEC) {
		fputs(", ", f);
		print_list(&i->ops[2], '(', ')', f);
	}
	if (i->ops[3].kind == OPND_TABLE) {
		fputs(", ", f);
		print_operand(&i->ops[3], f);
	}
}

static void print_phi(const struct ir_insn *i, FILE *f)
{
	fputc(' ', f);
	print_operand(&i->ops[0], f);
	for (u32 k = 1; k < i->nops; k++) {
		fputs(k > 1 ? ", " : " = ", f);
		fputc('[', f);
		if (i->ops[k].kind == OPND_REG)
			print_reg(i->ops[k].reg, f);
		else
			fputs("undef", f);
		fputs(", ", f);
		print_block_name(i->block->preds[k - 1], f);
		fputc(']', f);
	}
}

/* Modifiers that go before the types, in the order of ptx_mods.def. */
static void print_mnemonic(const struct ir_insn *i, FILE *f)
{
	fputs(ir_op_name(i->op), f);
	for (unsigned int g = 0; g < GRP_COUNT; g++)
		if (i->m.group[g])
			fprintf(f, ".%s", ir_mod_name(g, i->m.group[g]));
	for (unsigned int k = 0; k < i->ntypes; k++)
		fprintf(f, ".%s", ir_type_name(i->types[k]));
}

static bool printed(const struct ir_body *b, const struct ir_insn *i, unsigned int k)
{
	/* the values that ret reads are no PTX; in SSA one wants to see them */
	if (i->op == OP_RET)
		return b->ssa;
	/* "_" is written for a destination that is not optional */
	return i->ops[k].kind != OPND_NONE || !ptx_op(i->op)->opnds[k].optional;
}

static void print_priors(const struct ir_operand *o, FILE *f)
{
	if (!o->def)
		return;
	if (o->kind == OPND_REG) {
		fputs(" prior ", f);
		print_reg(o->prior, f);
	}
	for (u32 k = 0; o->kind == OPND_VEC && k < o->nelem; k++)
		print_priors(&o->elem[k], f);
}

void ir_print_insn(const struct ir_body *b, const struct ir_insn *i, FILE *f)
{
	bool first = true;

	if (i->guard) {
		fputs(i->guard_not ? "@!" : "@", f);
		print_reg(i->guard, f);
		fputc(' ', f);
	}
	print_mnemonic(i, f);
	if (i->op == OP_PHI) {
		print_phi(i, f);
	} else if (i->op == OP_CALL) {
		print_call(i, f);
	} else {
		for (unsigned int k = 0; k < i->nops; k++) {
			if (!printed(b, i, k))
				continue;
			fputs(first ? " " : ptx_op(i->op)->opnds[k].bar ? "|" : ", ", f);
			first = false;
			print_operand(&i->ops[k], f);
		}
	}
	fputc(';', f);
	if (b->ssa && i->guard)
		for (unsigned int k = 0; k < i->nops; k++)
			print_priors(&i->ops[k], f);
}

/* ---- declarations ---- */

const char *ir_space_name(enum ir_space s)
{
	static const char *const names[] = {
		[SP_NONE] = "generic", [SP_GLOBAL] = "global", [SP_CONST] = "const", [SP_SHARED] = "shared",
		[SP_LOCAL] = "local",  [SP_PARAM] = "param",   [SP_TEX] = "tex",
	};

	return s <= SP_TEX ? names[s] : "?";
}

static void print_var(const struct ir_var *v, FILE *f)
{
	if (v->reg) {
		fprintf(f, ".reg .%s %s", ir_type_name(v->type), v->name);
		return;
	}
	fprintf(f, ".%s .align %u ", ir_space_name(v->space), v->align);
	if (v->managed)
		fputs(".attribute(.managed) ", f);
	if (v->vec > 1)
		fprintf(f, ".v%u ", v->vec);
	fprintf(f, ".%s %s", ir_type_name(v->type), v->name);
	if (v->array && !v->count)
		fputs("[]", f);
	else if (v->array)
		fprintf(f, "[%llu]", (unsigned long long)v->count);
}

static const char *linkage(enum ir_linkage l)
{
	static const char *const names[] = {
		[LINK_LOCAL] = "",      [LINK_EXTERN] = ".extern ", [LINK_VISIBLE] = ".visible ",
		[LINK_WEAK] = ".weak ", [LINK_COMMON] = ".common ",
	};

	return names[l];
}

static void print_params(struct ir_var **v, u32 n, FILE *f)
{
	fputc('(', f);
	for (u32 k = 0; k < n; k++) {
		if (k)
			fputs(", ", f);
		print_var(v[k], f);
	}
	fputc(')', f);
}

static void print_triple(const char *name, const u32 v[3], FILE *f)
{
	if (v[0])
		fprintf(f, "\n.%s %u, %u, %u", name, v[0], v[1], v[2]);
}

static void print_header(const struct ir_func *fn, FILE *f)
{
	fprintf(f, "%s%s ", linkage(fn->linkage), fn->entry ? ".entry" : ".func");
	if (fn->proto.nrets) {
		print_params(fn->proto.rets, fn->proto.nrets, f);
		fputc(' ', f);
	}
	fputs(fn->name, f);
	print_params(fn->proto.params, fn->proto.nparams, f);
	print_triple("maxntid", fn->perf.maxntid, f);
	print_triple("reqntid", fn->perf.reqntid, f);
	print_triple("reqnctapercluster", fn->perf.reqcluster, f);
	if (fn->perf.minnctapersm)
		fprintf(f, "\n.minnctapersm %u", fn->perf.minnctapersm);
	if (fn->perf.maxnreg)
		fprintf(f, "\n.maxnreg %u", fn->perf.maxnreg);
	if (fn->perf.noreturn)
		fputs("\n.noreturn", f);
}

void ir_print_module(const struct ir_module *m, FILE *f, bool sizes)
{
	fprintf(f, ".version %u.%u\n.target sm_%u", m->isa / 100, m->isa % 100, m->target);
	if (m->target_variant)
		fputc(m->target_variant, f);
	fprintf(f, "\n.address_size %u\n", m->addr_size);
	for (u32 k = 0; k < m->nvars; k++) {
		fputs(linkage(m->vars[k]->linkage), f);
		print_var(m->vars[k], f);
		fputs(";\n", f);
	}
	for (u32 k = 0; k < m->nfuncs; k++) {
		print_header(m->funcs[k], f);
		fputs(";", f);
		if (sizes && m->funcs[k]->text)
			fprintf(f, "\t// %llu bytes, line %u", (unsigned long long)m->funcs[k]->text_len,
				m->funcs[k]->text_line);
		fputc('\n', f);
	}
}

static void print_table(const struct ir_table *t, FILE *f)
{
	fprintf(f, "\t%s: ", t->name);
	if (t->blocks) {
		fputs(".branchtargets ", f);
		for (u32 k = 0; k < t->n; k++)
			fprintf(f, "%sBB%u", k ? ", " : "", t->blocks[k]->id);
	} else if (t->funcs) {
		fputs(".calltargets ", f);
		for (u32 k = 0; k < t->n; k++)
			fprintf(f, "%s%s", k ? ", " : "", t->funcs[k]->name);
	} else {
		fputs(".callprototype ", f);
		print_params(t->proto->rets, t->proto->nrets, f);
		fputs(" _ ", f);
		print_params(t->proto->params, t->proto->nparams, f);
		if (t->proto->noreturn)
			fputs(" .noreturn", f);
	}
	fputs(";\n", f);
}

static void print_block(const struct ir_body *b, const struct ir_block *blk, FILE *f)
{
	fprintf(f, "BB%u:", blk->id);
	if (blk->label || blk->npreds) {
		fputs("\t//", f);
		if (blk->label)
			fprintf(f, " %s", blk->label->name);
		fputs(" preds", f);
		for (u32 k = 0; k < blk->npreds; k++)
			fprintf(f, " BB%u", blk->preds[k]->id);
	}
	if (b->has_dom && blk->idom)
		fprintf(f, ", idom BB%u", blk->idom->id);
	if (b->has_dom && blk->loop)
		fprintf(f, ", loop BB%u depth %u", blk->loop->id, blk->loop_depth);
	fputc('\n', f);
	for (const struct ir_insn *i = blk->first; i; i = i->next) {
		fputc('\t', f);
		ir_print_insn(b, i, f);
		fputc('\n', f);
	}
}

void ir_print_body(const struct ir_body *b, FILE *f)
{
	print_header(b->func, f);
	fputs("\n{\n", f);
	/* registers that are parameters come first */
	for (u32 k = b->nparam_regs; !b->ssa && k < b->nregs; k++)
		fprintf(f, "\t.reg .%s %s;\n", ir_type_name(b->regs[k]->type), b->regs[k]->name);
	for (u32 k = 0; k < b->nvars; k++) {
		fputc('\t', f);
		print_var(b->vars[k], f);
		fputs(";\n", f);
	}
	for (u32 k = 0; k < b->ntables; k++)
		print_table(b->tables[k], f);
	for (u32 k = 0; k < b->nblocks; k++)
		print_block(b, b->blocks[k], f);
	fputs("}\n", f);
}
