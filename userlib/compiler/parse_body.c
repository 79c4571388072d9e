// SPDX-License-Identifier: MIT
/* A function's body: scopes, declarations, labels, instructions. */
#include <stdlib.h>

#include "parse.h"

static void add_body_var(struct parser *p, struct ir_var *v)
{
	struct ir_body *b = p->b;

	if (v->space == SP_PARAM)
		v->pkind = PARAM_CALL;
	if (!v->size && !(v->array && v->linkage == LINK_EXTERN))
		perr(p, v->line, "variable '%s' has no size", v->name);
	v->id = b->nvars;
	PUSH(p, b->vars, b->nvars, b->vars_cap, v);
	declare(p, v->name, strlen(v->name), v->line, SYM_VAR, v);
	v->name = unique_name(p, v->name);
}

/* .loc file line column {, function_name label {+ n}} {, inlined_at f l c} */
static void skip_loc(struct parser *p)
{
	next(p);
	while (p->t.kind == TOK_INT)
		next(p);
	while (accept(p, ',')) {
		if (at_word(p, "function_name")) {
			next(p);
			if (p->t.kind != TOK_IDENT)
				perr_token(p, "label");
			next(p);
			if (accept(p, '+'))
				next(p);
		} else if (at_word(p, "inlined_at")) {
			next(p);
			while (p->t.kind == TOK_INT)
				next(p);
		} else {
			perr_token(p, "function_name or inlined_at");
		}
	}
}

static enum ir_linkage take_linkage(struct parser *p)
{
	enum ir_linkage link = at_dot(p, ".extern")  ? LINK_EXTERN :
			       at_dot(p, ".visible") ? LINK_VISIBLE :
			       at_dot(p, ".weak")    ? LINK_WEAK :
						       LINK_LOCAL;

	if (link != LINK_LOCAL)
		next(p);
	return link;
}

static void parse_directive(struct parser *p)
{
	enum ir_linkage link;

	if (at_dot(p, ".loc")) {
		skip_loc(p);
		return;
	}
	if (at_dot(p, ".pragma")) {
		skip_pragma(p);
		return;
	}
	if (at_dot(p, ".file")) {
		skip_file(p);
		return;
	}
	link = take_linkage(p);
	if (at_dot(p, ".reg"))
		parse_reg_decl(p);
	else if (space_of(&p->t))
		parse_var_decl(p, link, add_body_var);
	else
		perr_token(p, "directive");
}

/* "name:" here? Looks one token ahead; "::" is none. */
static bool at_label(struct parser *p)
{
	const char *q = p->lx.p;

	if (p->t.kind != TOK_IDENT)
		return false;
	if (q < p->lx.end && *q == ':')
		return true;
	if (q < p->lx.end && (*q == ' ' || *q == '\t')) {
		struct lexer ahead = p->lx;
		struct token t;

		lex_next(&ahead, &t);
		return tok_is(&t, ':');
	}
	return false;
}

static void parse_label(struct parser *p)
{
	struct token name = p->t;

	next(p);
	expect(p, ':');
	if (p->t.kind == TOK_DOT && parse_table(p, name.p, name.len))
		return;
	label_define(p, name.p, name.len, name.line);
}

static void parse_statements(struct parser *p)
{
	for (;;) {
		if (p->t.kind == TOK_EOF) {
			if (p->syms->depth)
				perr_token(p, "'}'");
			return;
		}
		if (p->t.kind == TOK_DOT) {
			parse_directive(p);
		} else if (at(p, '{')) {
			if (p->syms->depth >= MAX_NESTING)
				perr(p, p->t.line, "scopes nested too deeply");
			p->syms->depth++;
			next(p);
		} else if (at(p, '}')) {
			if (!p->syms->depth)
				perr_token(p, "statement");
			close_scope(p, p->t.line);
			next(p);
		} else if (at(p, ';')) {
			next(p);
		} else if (at_label(p)) {
			parse_label(p);
		} else {
			parse_insn(p);
		}
	}
}

/* Parameters and results are names of the body's outermost scope. */
static void declare_params(struct parser *p, struct ir_var **v, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		if (v[i]->reg) { /* a copy of this body's own */
			struct ir_reg *r = ir_reg_new(p->b, v[i]->reg->type, v[i]->name);

			symtab_add(p->syms, v[i]->name, strlen(v[i]->name), SYM_REG, r);
			PUSH(p, p->b->param_regs, p->b->nparam_regs, p->b->param_regs_cap, r);
		} else {
			symtab_add(p->syms, v[i]->name, strlen(v[i]->name), SYM_VAR, v[i]);
		}
	}
}

/* Results that are registers are read by every ret. */
void add_ret_values(struct parser *p, struct ir_insn *ret)
{
	const struct ir_proto *proto = &p->b->func->proto;
	struct ir_operand *v;
	u32 n = 0;

	for (u32 k = 0; k < proto->nrets; k++)
		n += proto->rets[k]->reg != NULL;
	if (!n)
		return;
	ret->nops = 1;
	ret->ops = arena_new(p->a, struct ir_operand);
	v = arena_array(p->a, n, struct ir_operand);
	for (u32 k = 0; k < n; k++) { /* results are declared first */
		v[k].kind = OPND_REG;
		v[k].reg = p->b->param_regs[k];
		v[k].type = v[k].reg->type;
	}
	ret->ops[0].kind = OPND_VEC;
	ret->ops[0].elem = v;
	ret->ops[0].nelem = n;
}

/* Control must not run off the end: an implicit ret. */
static void close_body(struct parser *p)
{
	struct ir_insn *last = p->b->insns_last, *ret;
	struct ir_label *l, *n;

	if (last && !p->labels_here && !last->guard && ir_op_flags(last->op) & OPF_NORETURN)
		return;
	ret = ir_insn_new(p->b, OP_RET, 0, last ? last->line : p->b->func->text_line);
	add_ret_values(p, ret);
	ret->prev = last;
	if (last)
		last->next = ret;
	else
		p->b->insns = ret;
	p->b->insns_last = ret;
	p->b->ninsns++;
	for (l = p->labels_here; l; l = n) {
		n = l->next;
		l->next = NULL;
		l->at = ret;
	}
}

static void parse_body(struct parser *p, struct ir_func *f)
{
	struct ir_symtab syms, printed;

	symtab_init(&syms, p->a, 256);
	symtab_init(&printed, p->a, 256);
	p->syms = &syms;
	p->printed = &printed;
	declare_params(p, f->proto.rets, f->proto.nrets);
	declare_params(p, f->proto.params, f->proto.nparams);
	lex_init(&p->lx, f->text, f->text_len, f->text_line);
	next(p);
	parse_statements(p);
	close_body(p);
	close_scope(p, p->t.line);
	p->syms = NULL;
	p->printed = NULL;
}

/* False with an error logged; a frame of its own, for setjmp's sake. */
static bool try_parse(struct parser *p)
{
	struct ir_func *f = p->b->func;
	jmp_buf bail;
	int why = setjmp(bail);

	if (why) {
		p->a->bail = NULL;
		if (why == ARENA_BAIL_NOMEM)
			diag_error(p->d, f->line, "'%s' needs more memory than the limit of %zu MiB", f->name,
				   p->a->limit >> 20);
		return false;
	}
	p->a->bail = &bail;
	if (!f->text)
		perr(p, f->line, "'%s' has no body", f->name);
	parse_body(p, f);
	ir_cfg(p->b);
	p->a->bail = NULL;
	return true;
}

struct ir_body *ir_body_parse(const struct ir_module *m, struct ir_func *f, size_t limit, struct diag *d)
{
	struct ir_body *b = calloc(1, sizeof(*b));
	struct parser p = { .part = f->part, .d = d, .b = b };

	ptx_tables_init();
	if (!b) {
		diag_error(d, 0, "out of memory");
		return NULL;
	}
	arena_init(&b->arena, limit);
	b->mod = m;
	b->func = f;
	p.a = &b->arena;
	if (try_parse(&p))
		return b;
	ir_body_free(b);
	return NULL;
}

void ir_body_free(struct ir_body *b)
{
	if (!b)
		return;
	arena_free(&b->arena);
	free(b);
}
