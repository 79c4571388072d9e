// SPDX-License-Identifier: MIT
/* Initializers: numbers and addresses into bytes and relocations. */
#include "parse.h"

#define MAX_INIT (256u << 20)

/* Where the next element goes. */
struct init {
	struct ir_var *v;
	u64 at, elem, cap, max;
	struct ir_reloc **tail;
};

static void reserve(struct parser *p, struct init *in, u64 bytes)
{
	struct ir_var *v = in->v;
	u64 need = in->at + bytes, cap;

	if (need > in->max)
		perr(p, p->t.line, "too many initializers for '%s'", v->name);
	if (need > in->cap) {
		cap = in->cap * 2 > need ? in->cap * 2 : need;
		if (cap < 64)
			cap = 64;
		if (cap > in->max)
			cap = in->max;
		v->init = arena_grow(p->a, v->init, v->init_len, cap, 1);
		in->cap = cap;
	}
	if (need > v->init_len)
		v->init_len = need;
}

static void put_const(struct parser *p, struct init *in, const struct cval *c)
{
	u64 bits;

	reserve(p, in, in->elem);
	bits = const_bits(p, c, in->v->type, p->t.line);
	memcpy(in->v->init + in->at, &bits, in->elem < 8 ? in->elem : 8);
	in->at += in->elem;
}

/* sym, sym + n, sym - n, optionally in generic(…); @r->size, shift are set */
static void put_symbol(struct parser *p, struct init *in, struct ir_reloc *r)
{
	struct ir_sym *s;

	if (at_word(p, "generic")) {
		next(p);
		expect(p, '(');
		r->generic = true;
	}
	if (p->t.kind != TOK_IDENT)
		perr_token(p, "constant or symbol");
	s = symtab_find(p->part->syms, p->t.p, p->t.len, false);
	if (s && s->kind == SYM_VAR)
		r->var = s->var;
	else if (s && s->kind == SYM_FUNC)
		r->func = s->func;
	else
		perr(p, p->t.line, "initializer of '%s' names an unknown symbol '%.*s'", in->v->name,
		     (int)(p->t.len < 128 ? p->t.len : 128), p->t.p);
	next(p);
	if (r->generic)
		expect(p, ')');
	if (at(p, '+') || at(p, '-'))
		r->addend = parse_int_expr(p);
	reserve(p, in, in->elem);
	r->offset = in->at;
	in->at += in->elem;
	*in->tail = r;
	in->tail = &r->next;
}

/* 0xFF00(sym): one byte of an address, into a byte array */
static void put_masked(struct parser *p, struct init *in, u64 mask)
{
	struct ir_reloc *r = arena_new(p->a, struct ir_reloc);
	unsigned int shift = mask ? __builtin_ctzll(mask) & ~7u : 0;

	if (!mask || mask >> shift != 0xff || in->elem != 1)
		perr(p, p->t.line, "address mask is not one byte");
	r->size = 1;
	r->shift = shift;
	expect(p, '(');
	put_symbol(p, in, r);
	expect(p, ')');
}

static void put_value(struct parser *p, struct init *in)
{
	struct ir_reloc *r;
	struct cval c;

	if (p->t.kind == TOK_IDENT && !at_word(p, "WARP_SZ")) {
		if (in->elem != 8 && in->elem != 4)
			perr(p, p->t.line, "address in an initializer of .%s", ir_type_name(in->v->type));
		r = arena_new(p->a, struct ir_reloc);
		r->size = in->elem;
		put_symbol(p, in, r);
		return;
	}
	c = parse_expr(p);
	if (c.kind == TOK_INT && at(p, '('))
		put_masked(p, in, c.u);
	else
		put_const(p, in, &c);
}

/*
 * Inner braces of a multidimensional array may give less than a row; without
 * the dimensions at hand they are taken as continuing, which is how every
 * known generator writes them.
 */
static void put_list(struct parser *p, struct init *in)
{
	if (++p->depth > MAX_NESTING)
		perr(p, p->t.line, "initializer nested too deeply");
	expect(p, '{');
	while (!at(p, '}')) {
		if (at(p, '{'))
			put_list(p, in);
		else
			put_value(p, in);
		if (!accept(p, ','))
			break;
	}
	expect(p, '}');
	p->depth--;
}

/* Sampler, texture and surface properties: { name = value, … } */
static void skip_properties(struct parser *p)
{
	expect(p, '{');
	while (!at(p, '}')) {
		if (p->t.kind == TOK_EOF || at(p, ';') || at(p, '{'))
			perr_token(p, "'}'");
		next(p);
	}
	next(p);
}

void parse_initializer(struct parser *p, struct ir_var *v)
{
	struct init in = { .v = v, .tail = &v->relocs };

	next(p);
	if (ir_type_class(v->type) == 'X') {
		skip_properties(p);
		return;
	}
	if (v->space != SP_GLOBAL && v->space != SP_CONST)
		perr(p, v->line, "initializer of a variable outside .global and .const");
	in.elem = ir_type_bytes(v->type);
	in.max = v->size ? v->size : MAX_INIT;
	if (in.max > MAX_INIT)
		in.max = MAX_INIT;
	if (at(p, '{'))
		put_list(p, &in);
	else
		put_value(p, &in);
	if (!v->size) { /* name[] = {…} */
		v->size = v->init_len;
		v->count = v->init_len / (in.elem * v->vec);
	}
}
