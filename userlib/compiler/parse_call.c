// SPDX-License-Identifier: MIT
/* Calls, call prototypes, and tables of call and branch targets. */
#include "parse.h"

#define MAX_TARGETS 65536

/* Results or arguments: registers, parameters, constants in '(' ')'. */
static void parse_list(struct parser *p, struct ir_operand *list, bool def)
{
	u32 n = 0, cap = 0;
	struct ir_operand *v = NULL;

	expect(p, '(');
	while (!at(p, ')')) {
		struct raw_opnd o;

		parse_operand(p, &o);
		if (n >= MAX_VEC)
			perr(p, o.line, "more than %u arguments", MAX_VEC);
		if (o.op.kind != OPND_REG && o.op.kind != OPND_VAR && (def || o.op.kind != OPND_IMM))
			perr(p, o.line, "wrong kind of %s", def ? "result" : "argument");
		if (o.op.kind == OPND_VAR && (o.op.var->space != SP_PARAM || o.op.off))
			perr(p, o.line, "'%s' is no parameter", o.op.var->name);
		if (o.op.inv || o.op.neg || o.op.sel)
			perr(p, o.line, "wrong kind of argument");
		/* Constants get the type of the parameter: fit_args(). */
		if (o.is_imm) {
			struct cval *c = arena_new(p->a, struct cval);

			*c = o.imm;
			o.op.imm = (uintptr_t)c;
		}
		o.op.def = def;
		PUSH(p, v, n, cap, o.op);
		if (!accept(p, ','))
			break;
	}
	expect(p, ')');
	list->kind = OPND_VEC;
	list->elem = v;
	list->nelem = n;
	list->def = def;
}

/* Sizes of arguments or results against the prototype. */
static void fit_args(struct parser *p, struct ir_operand *list, struct ir_var **params, u32 n, u32 line,
		     const char *what)
{
	u32 have = list->kind == OPND_VEC ? list->nelem : 0;

	/* an empty last parameter (param[]) takes what is left: variadic */
	if (params && have != n && !(n && params[n - 1]->array && !params[n - 1]->count && have + 1 >= n))
		perr(p, line, "call has %u %ss, %u are wanted", have, what, n);
	for (u32 k = 0; k < have; k++) {
		struct ir_operand *e = &list->elem[k];
		const struct ir_var *v = k < n && params ? params[k] : NULL;

		e->type = v ? v->type : T_NONE;
		if (e->kind == OPND_IMM)
			e->imm = const_bits(p, (struct cval *)(uintptr_t)e->imm, v ? v->type : T_B64, line);
		else if (e->kind == OPND_REG && v && ir_type_bits(e->reg->type) < ir_type_bits(v->type))
			perr(p, line, "%s %u of the call is too narrow", what, k + 1);
		else if (e->kind == OPND_VAR && v && v->size && e->var->size != v->size)
			perr(p, line, "%s %u of the call is %llu bytes, %llu are wanted", what, k + 1,
			     (unsigned long long)e->var->size, (unsigned long long)v->size);
		if (e->kind == OPND_REG && !v)
			e->type = e->reg->type;
	}
}

static const struct ir_proto *proto_of(const struct ir_insn *i)
{
	if (i->ops[1].kind == OPND_FUNC)
		return &i->ops[1].func->proto;
	if (i->ops[3].kind == OPND_TABLE)
		return i->ops[3].table->proto;
	return NULL;
}

/* call{.uni} {(results),} target {, (arguments)} {, prototype or targets} */
void parse_call_operands(struct parser *p, struct ir_insn *i)
{
	const struct ir_proto *proto;
	struct raw_opnd o;

	if (at(p, '(')) {
		parse_list(p, &i->ops[0], true);
		expect(p, ',');
	}
	parse_operand(p, &o);
	if (o.op.kind != OPND_FUNC && o.op.kind != OPND_REG)
		perr(p, o.line, "call target is neither function nor register");
	if (o.op.kind == OPND_REG && ir_type_bits(o.op.reg->type) != 64 && ir_type_bits(o.op.reg->type) != 32)
		perr(p, o.line, "call target register is neither 32 nor 64 bits");
	i->ops[1] = o.op;
	i->ops[1].type = o.op.kind == OPND_REG ? o.op.reg->type : T_B64;
	if (accept(p, ',')) {
		if (at(p, '(')) {
			parse_list(p, &i->ops[2], false);
			if (!accept(p, ','))
				goto done;
		}
		parse_operand(p, &o);
		if (o.op.kind != OPND_TABLE || o.op.table->labels)
			perr(p, o.line, "prototype or call targets expected");
		i->ops[3] = o.op;
	}
done:
	if (i->ops[1].kind == OPND_REG && i->ops[3].kind != OPND_TABLE)
		perr(p, i->line, "indirect call without prototype or targets");
	proto = proto_of(i);
	fit_args(p, &i->ops[0], proto ? proto->rets : NULL, proto ? proto->nrets : 0, i->line, "result");
	fit_args(p, &i->ops[2], proto ? proto->params : NULL, proto ? proto->nparams : 0, i->line, "argument");
	if (proto && !proto->nrets && i->ops[0].kind == OPND_VEC && i->ops[0].nelem)
		perr(p, i->line, "call of a function without results wants one");
	if (proto && !proto->nparams && i->ops[2].kind == OPND_VEC && i->ops[2].nelem)
		perr(p, i->line, "call of a function without parameters has some");
}

/* ---- tables ---- */

static void add_label(struct parser *p, struct ir_table *t, u32 *cap, const char *name, size_t len)
{
	if (t->n >= MAX_TARGETS)
		perr(p, t->line, "more than %u branch targets", MAX_TARGETS);
	PUSH(p, t->labels, t->n, *cap, label_use(p, name, len));
}

/* L1, L2, …; also L<4> for L0, L1, L2, L3 */
static void branch_targets(struct parser *p, struct ir_table *t)
{
	u32 cap = 0;

	do {
		struct token name = p->t;
		u64 count;

		if (name.kind != TOK_IDENT)
			perr_token(p, "label");
		next(p);
		if (!accept(p, '<')) {
			add_label(p, t, &cap, name.p, name.len);
			continue;
		}
		count = parse_count(p);
		expect(p, '>');
		for (u64 k = 0; k < count; k++) {
			const char *s = arena_printf(p->a, "%.*s%llu", (int)(name.len < 400 ? name.len : 400), name.p,
						     (unsigned long long)k);

			add_label(p, t, &cap, s, strlen(s));
		}
	} while (accept(p, ','));
}

static void call_targets(struct parser *p, struct ir_table *t)
{
	u32 cap = 0;

	do {
		struct raw_opnd o;

		parse_operand(p, &o);
		if (o.op.kind != OPND_FUNC)
			perr(p, o.line, "function expected in .calltargets");
		if (t->n >= MAX_TARGETS)
			perr(p, o.line, "more than %u call targets", MAX_TARGETS);
		PUSH(p, t->funcs, t->n, cap, o.op.func);
		t->proto = &o.op.func->proto;
	} while (accept(p, ','));
}

static void call_prototype(struct parser *p, struct ir_table *t)
{
	const char *name;

	t->proto = arena_new(p->a, struct ir_proto);
	parse_proto(p, t->proto, false, &name);
	while (p->t.kind == TOK_DOT) {
		bool count = at_dot(p, ".abi_preserve") || at_dot(p, ".abi_preserve_control");

		if (at_dot(p, ".noreturn"))
			t->proto->noreturn = true;
		else if (!count)
			perr_token(p, "';'");
		next(p);
		if (count)
			parse_int_expr(p);
	}
}

/* After "label:", if a table directive stands there. */
bool parse_table(struct parser *p, const char *label, size_t len)
{
	bool branch = at_dot(p, ".branchtargets"), call = at_dot(p, ".calltargets");
	struct ir_body *b = p->b;
	struct ir_table *t;

	if (!branch && !call && !at_dot(p, ".callprototype"))
		return false;
	t = arena_new(p->a, struct ir_table);
	t->name = arena_strndup(p->a, label, len);
	t->line = p->t.line;
	next(p);
	if (branch)
		branch_targets(p, t);
	else if (call)
		call_targets(p, t);
	else
		call_prototype(p, t);
	expect(p, ';');
	declare(p, t->name, len, t->line, SYM_TABLE, t);
	PUSH(p, b->tables, b->ntables, b->tables_cap, t);
	return true;
}
