// SPDX-License-Identifier: MIT
/* Operands as they are written; what they must be is parse_sig.c's matter. */
#include "parse.h"

static void parse_mem(struct parser *p, struct raw_opnd *o);

/* %tid.x: the name and its component in one */
static int sreg_with_component(const struct token *name, const struct token *dot)
{
	char buf[48];

	if (name->len + dot->len >= sizeof(buf))
		return -1;
	memcpy(buf, name->p, name->len);
	memcpy(buf + name->len, dot->p, dot->len);
	return ptx_find_sreg(buf, name->len + dot->len);
}

/* .x .y .z .w .r .g .b .a of a vector register */
static struct ir_reg *component(struct parser *p, struct reg_vec *v)
{
	const char *names = "xyzwrgba", *c;

	c = p->t.len == 2 ? strchr(names, p->t.p[1]) : NULL;
	if (!c || !*c || (u32)((c - names) & 3) >= v->n)
		perr_token(p, "vector component");
	next(p);
	return v->elem[(c - names) & 3];
}

/* .b0, .h1, or a list such as .b7654 of SIMD video instructions */
static void selector(struct parser *p, struct raw_opnd *o)
{
	const char *s = p->t.p + 1;
	u32 n = p->t.len - 1;
	char max = *s == 'b' ? (n == 2 ? '3' : '7') : *s == 'h' ? (n == 2 ? '1' : '3') : 0;

	if (!max || n < 2 || n > (*s == 'b' ? 5 : 3))
		perr_token(p, "byte or half selector");
	for (u32 i = 1; i < n; i++)
		if (s[i] < '0' || s[i] > max)
			perr_token(p, "byte or half selector");
	if (n == 2) {
		o->op.sel = (*s == 'b' ? SEL_B0 : SEL_H0) + (s[1] - '0');
	} else {
		o->op.sel = SEL_LIST(n - 1) | (*s == 'h' ? SEL_HALVES : 0);
		for (u32 i = 1; i < n; i++)
			o->op.sel |= (s[i] - '0') << 3 * (n - 1 - i);
	}
	next(p);
}

static void vector_register(struct parser *p, struct raw_opnd *o, struct reg_vec *v)
{
	if (p->t.kind == TOK_DOT && p->t.glued) {
		o->op.kind = OPND_REG;
		o->op.reg = component(p, v);
		return;
	}
	o->op.kind = OPND_VEC;
	o->op.nelem = v->n;
	o->op.elem = arena_array(p->a, v->n, struct ir_operand);
	for (u32 i = 0; i < v->n; i++) {
		o->op.elem[i].kind = OPND_REG;
		o->op.elem[i].reg = v->elem[i];
	}
}

static void scalar_register(struct parser *p, struct raw_opnd *o, struct ir_reg *r)
{
	o->op.kind = OPND_REG;
	o->op.reg = r;
	if (p->t.kind == TOK_DOT && p->t.glued)
		selector(p, o);
}

/* name, name + const */
static void variable(struct parser *p, struct raw_opnd *o, struct ir_var *v)
{
	o->op.kind = OPND_VAR;
	o->op.var = v;
	if (at(p, '+') || at(p, '-'))
		o->op.off = parse_int_expr(p);
}

/* Whether @name, which has been read, is a special register. */
static bool special_register(struct parser *p, struct raw_opnd *o, const struct token *name)
{
	int sreg = -1;

	if (*name->p != '%')
		return false;
	if (p->t.kind == TOK_DOT && p->t.glued) {
		sreg = sreg_with_component(name, &p->t);
		if (sreg >= 0)
			next(p);
	}
	if (sreg < 0)
		sreg = ptx_find_sreg(name->p, name->len);
	if (sreg < 0)
		return false;
	o->op.kind = OPND_SREG;
	o->op.sreg = sreg;
	return true;
}

/* @member: the one of the range that the name says, NULL where it says the range's own */
static void ranged_register(struct parser *p, struct raw_opnd *o, int line, const struct ir_sym *s, void *member)
{
	if (!member)
		perr(p, line, "'%s' is a range of registers", s->name);
	if (s->range->vec > 1)
		vector_register(p, o, member);
	else
		scalar_register(p, o, member);
}

static void name_operand(struct parser *p, struct raw_opnd *o)
{
	struct token name = p->t;
	struct ir_sym *s;
	void *ranged;

	next(p);
	if (name.len == 1 && *name.p == '_') {
		o->op.kind = OPND_NONE;
		return;
	}
	s = find_name(p, name.p, name.len, &ranged);
	if (!s && special_register(p, o, &name))
		return;
	if (!s)
		perr(p, name.line, "unknown symbol '%.*s'", (int)(name.len < 256 ? name.len : 256), name.p);
	switch (s->kind) {
	case SYM_REG:
		scalar_register(p, o, s->reg);
		break;
	case SYM_REGVEC:
		vector_register(p, o, s->vec);
		break;
	case SYM_REGRANGE:
		ranged_register(p, o, name.line, s, ranged);
		break;
	case SYM_VAR:
		variable(p, o, s->var);
		break;
	case SYM_FUNC:
		o->op.kind = OPND_FUNC;
		o->op.func = s->func;
		break;
	case SYM_TABLE:
		o->op.kind = OPND_TABLE;
		o->op.table = s->table;
		break;
	}
}

static void vector(struct parser *p, struct raw_opnd *o)
{
	struct ir_operand *v = NULL;
	u32 n = 0, cap = 0;

	if (++p->depth > MAX_NESTING)
		perr(p, p->t.line, "vector nested too deeply");
	next(p);
	do {
		struct raw_opnd e;

		parse_operand(p, &e);
		if (n >= MAX_VEC)
			perr(p, e.line, "vector of more than %u elements", MAX_VEC);
		/* The type comes later; the constant waits in imm, off its kind. */
		if (e.is_imm) {
			struct cval *c = arena_new(p->a, struct cval);

			*c = e.imm;
			e.op.imm = (uintptr_t)c;
		}
		PUSH(p, v, n, cap, e.op);
	} while (accept(p, ','));
	expect(p, '}');
	p->depth--;
	o->op.kind = OPND_VEC;
	o->op.elem = v;
	o->op.nelem = n;
}

/* '!' before a predicate; any other '!' belongs to a constant expression. */
static bool negated_name(struct parser *p, char punct)
{
	struct lexer ahead = p->lx;
	struct token t;

	if (!at(p, punct))
		return false;
	lex_next(&ahead, &t);
	return t.kind == TOK_IDENT && !tok_text(&t, "WARP_SZ", 7);
}

void parse_operand(struct parser *p, struct raw_opnd *o)
{
	memset(o, 0, sizeof(*o));
	o->line = p->t.line;
	if (at(p, '[')) {
		parse_mem(p, o);
	} else if (at(p, '{')) {
		vector(p, o);
	} else if (negated_name(p, '!')) {
		next(p);
		name_operand(p, o);
		o->op.inv = true;
	} else if (negated_name(p, '-')) {
		next(p);
		name_operand(p, o);
		o->op.neg = true;
	} else if (p->t.kind == TOK_IDENT && !at_word(p, "WARP_SZ")) {
		name_operand(p, o);
	} else {
		o->op.kind = OPND_IMM;
		o->is_imm = true;
		o->imm = parse_expr(p);
	}
}

/* ---- [address] ---- */

/* Coordinates and offsets: 32-bit registers or constants. */
static void resolve_element(struct parser *p, struct ir_operand *e, u32 line)
{
	e->type = T_B32;
	if (e->kind == OPND_IMM)
		e->imm = const_bits(p, (struct cval *)(uintptr_t)e->imm, T_B32, line);
	else if (e->kind != OPND_REG)
		perr(p, line, "coordinate is neither register nor constant");
}

/* What follows the first ',' in the brackets of a texture or tensor. */
static void mem_extras(struct parser *p, struct ir_mem *m)
{
	u32 cap = 0;

	while (accept(p, ',')) {
		struct raw_opnd o;

		parse_operand(p, &o);
		if (m->nextra >= 8)
			perr(p, o.line, "too many operands in brackets");
		if (o.is_imm)
			o.op.imm = const_bits(p, &o.imm, T_S32, o.line);
		for (u32 i = 0; o.op.kind == OPND_VEC && i < o.op.nelem; i++)
			resolve_element(p, &o.op.elem[i], o.line);
		PUSH(p, m->extra, m->nextra, cap, o.op);
	}
}

static void mem_base(struct parser *p, struct ir_mem *m)
{
	struct raw_opnd o;

	memset(&o, 0, sizeof(o));
	o.line = p->t.line;
	name_operand(p, &o);
	switch (o.op.kind) {
	case OPND_REG:
		m->reg = o.op.reg;
		break;
	case OPND_VAR:
		m->var = o.op.var;
		m->off = o.op.off;
		break;
	default:
		perr(p, o.line, "address is neither register, variable nor constant");
	}
	if (at(p, '+') || at(p, '-')) {
		/* "+ reg" is no address form: parse_expr will say so */
		m->off = (u64)m->off + (u64)parse_int_expr(p);
	}
}

static void parse_mem(struct parser *p, struct raw_opnd *o)
{
	struct ir_mem *m = arena_new(p->a, struct ir_mem);

	if (++p->depth > MAX_NESTING)
		perr(p, p->t.line, "address nested too deeply");
	next(p);
	if (p->t.kind == TOK_IDENT && !at_word(p, "WARP_SZ"))
		mem_base(p, m);
	else
		m->off = parse_int_expr(p);
	mem_extras(p, m);
	expect(p, ']');
	p->depth--;
	o->op.kind = OPND_MEM;
	o->op.mem = m;
}

/* ---- labels ---- */

struct ir_label *label_use(struct parser *p, const char *name, size_t len)
{
	struct ir_sym *s = symtab_find(p->syms, name, len, true);
	struct ir_label *l;

	/* An outer label may be meant, or an inner one yet to come. */
	if (s && s->depth == p->syms->depth)
		return s->label;
	l = arena_new(p->a, struct ir_label);
	l->name = arena_strndup(p->a, name, len);
	l->line = p->t.line;
	symtab_add(p->syms, l->name, len, SYM_LABEL, l);
	return l;
}

void label_define(struct parser *p, const char *name, size_t len, u32 line)
{
	struct ir_label *l = label_use(p, name, len);

	check_label(p, name, len, line);
	if (l->defined)
		perr(p, line, "label '%s' is defined twice", l->name);
	l->defined = true;
	l->line = line;
	l->next = p->labels_here;
	p->labels_here = l;
}

void close_scope(struct parser *p, u32 line)
{
	struct ir_label *open = NULL, *l;
	struct ir_sym *s;

	while ((s = symtab_pop(p->syms))) {
		if (s->kind != SYM_LABEL || s->label->defined)
			continue;
		if (!p->syms->depth)
			perr(p, s->label->line ? s->label->line : line, "undefined label '%s'", s->name);
		s->label->next = open;
		open = s->label;
	}
	if (!p->syms->depth)
		return;
	p->syms->depth--;
	for (; open; open = l) {
		l = open->next;
		open->next = NULL;
		open->same = label_use(p, open->name, strlen(open->name));
	}
}
