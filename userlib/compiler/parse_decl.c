// SPDX-License-Identifier: MIT
/* Declarations: variables, registers, parameters and results. */
#include "parse.h"

#define MAX_ALIGN  (1u << 20)
#define MAX_PARAMS 4096
#define MAX_RANGE  (1u << 22)

enum ir_space space_of(const struct token *t)
{
	static const struct {
		const char *name;
		enum ir_space space;
	} names[] = {
		{ ".global", SP_GLOBAL }, { ".const", SP_CONST }, { ".shared", SP_SHARED },
		{ ".local", SP_LOCAL },   { ".param", SP_PARAM }, { ".tex", SP_TEX },
	};

	if (t->kind != TOK_DOT)
		return SP_NONE;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (tok_text(t, names[i].name, strlen(names[i].name)))
			return names[i].space;
	return SP_NONE;
}

void skip_pragma(struct parser *p)
{
	next(p);
	do {
		if (p->t.kind != TOK_STRING)
			perr_token(p, "pragma string");
		next(p);
	} while (accept(p, ','));
	expect(p, ';');
}

/* .file N "name" {, timestamp, size} */
void skip_file(struct parser *p)
{
	next(p);
	if (p->t.kind != TOK_INT)
		perr_token(p, "file number");
	next(p);
	if (p->t.kind != TOK_STRING)
		perr_token(p, "file name");
	next(p);
	while (accept(p, ',')) {
		if (p->t.kind != TOK_INT)
			perr_token(p, "integer");
		next(p);
	}
}

static u32 alignment(struct parser *p)
{
	u32 line = p->t.line;
	s64 n;

	next(p);
	n = parse_int_expr(p);
	if (n <= 0 || n > MAX_ALIGN || n & (n - 1))
		perr(p, line, "alignment %lld is not a power of two up to %u", (long long)n, MAX_ALIGN);
	return n;
}

/* What stands between a state space and the first name. */
struct spec {
	enum ir_space space, ptr_space;
	enum ir_type type;
	u32 align, ptr_align;
	u8 vec, bank;
	bool is_ptr, managed, reg;
};

/* .attribute(.managed), .attribute(.unified(u1, u2)) */
static void parse_attribute(struct parser *p, struct spec *s)
{
	next(p);
	expect(p, '(');
	do {
		if (at_dot(p, ".managed"))
			s->managed = true;
		else if (!at_dot(p, ".unified"))
			perr_token(p, "variable attribute");
		next(p);
		if (accept(p, '(')) {
			parse_int_expr(p);
			expect(p, ',');
			parse_int_expr(p);
			expect(p, ')');
		}
	} while (accept(p, ','));
	expect(p, ')');
}

/* .ptr {.space} {.align N}; its .align is not the parameter's own */
static void parse_ptr(struct parser *p, struct spec *s)
{
	s->is_ptr = true;
	next(p);
	if (space_of(&p->t)) {
		s->ptr_space = space_of(&p->t);
		next(p);
	}
	if (at_dot(p, ".align"))
		s->ptr_align = alignment(p);
}

static void parse_spec(struct parser *p, struct spec *s)
{
	enum ir_type t;

	memset(s, 0, sizeof(*s));
	s->vec = 1;
	for (; p->t.kind == TOK_DOT;) {
		if (at_dot(p, ".align")) {
			s->align = alignment(p);
			continue;
		}
		if (at_dot(p, ".attribute")) {
			parse_attribute(p, s);
			continue;
		}
		if (at_dot(p, ".ptr")) {
			parse_ptr(p, s);
			continue;
		}
		t = ptx_find_type(p->t.p + 1, p->t.len - 1);
		if (at_dot(p, ".reg"))
			s->reg = true;
		else if (at_dot(p, ".v2"))
			s->vec = 2;
		else if (at_dot(p, ".v4"))
			s->vec = 4;
		else if (t && !s->type)
			s->type = t;
		else if (space_of(&p->t) && !s->space && !s->reg)
			s->space = space_of(&p->t);
		else
			perr_token(p, "declaration");
		next(p);
		/* .const[3] */
		if (s->space == SP_CONST && at(p, '[')) {
			next(p);
			s->bank = parse_int_expr(p);
			expect(p, ']');
		}
	}
	if (!s->type)
		perr_token(p, "type");
}

/* [N][M]…: false for an unsized first dimension */
static void parse_dims(struct parser *p, struct ir_var *v)
{
	u32 line = p->t.line;
	s64 n;

	v->count = 1;
	while (accept(p, '[')) {
		if (at(p, ']')) {
			if (v->array)
				perr_token(p, "array size");
			v->count = 0;
			v->array = true;
			next(p);
			continue;
		}
		n = parse_int_expr(p);
		expect(p, ']');
		if (n < 0 || __builtin_mul_overflow(v->count, (u64)n, &v->count) || v->count > 1ull << 40)
			perr(p, line, "array size out of range");
		v->array = true;
	}
}

static struct ir_var *make_var(struct parser *p, const struct spec *s, enum ir_linkage link)
{
	struct ir_var *v = arena_new(p->a, struct ir_var);
	u64 elem = (u64)ir_type_bytes(s->type) * s->vec;

	v->line = p->t.line;
	v->name = take_name(p, "variable name");
	v->space = s->space;
	v->linkage = link;
	v->type = s->type;
	v->vec = s->vec;
	v->bank = s->bank;
	v->is_ptr = s->is_ptr;
	v->ptr_space = s->ptr_space;
	v->ptr_align = s->ptr_align;
	v->managed = s->managed;
	v->align = s->align > elem ? s->align : elem;
	if (s->align)
		v->align = s->align;
	parse_dims(p, v);
	if (__builtin_mul_overflow(v->count, elem, &v->size) || v->size > 1ull << 40)
		perr(p, v->line, "variable '%s' is too large", v->name);
	return v;
}

void parse_var_decl(struct parser *p, enum ir_linkage link, void (*add)(struct parser *p, struct ir_var *v))
{
	struct spec s;

	parse_spec(p, &s);
	if (!s.space)
		perr_token(p, "state space");
	if (s.type == T_PRED || ir_type_bits(s.type) % 8)
		perr(p, p->t.line, "variable of type .%s", ir_type_name(s.type));
	do {
		struct ir_var *v = make_var(p, &s, link);

		if (at(p, '='))
			parse_initializer(p, v);
		add(p, v);
	} while (accept(p, ','));
	expect(p, ';');
}

/* ---- registers ---- */

static struct ir_reg *body_reg(struct parser *p, enum ir_type type, const char *name)
{
	struct ir_body *b = p->b;
	struct ir_reg *r = arena_new(p->a, struct ir_reg);

	r->type = type;
	r->name = unique_name(p, name);
	if (!b) /* a register parameter, seen while indexing */
		return r;
	r->id = b->nregs;
	PUSH(p, b->regs, b->nregs, b->regs_cap, r);
	return r;
}

static struct reg_vec *make_vec(struct parser *p, enum ir_type type, u32 n, const char *name)
{
	struct reg_vec *v = arena_new(p->a, struct reg_vec);

	v->n = n;
	for (u32 i = 0; i < n; i++)
		v->elem[i] = body_reg(p, type, arena_printf(p->a, "%s_%c", name, "xyzw"[i]));
	return v;
}

static void parse_range(struct parser *p, const struct spec *s, const char *name, u32 line)
{
	struct reg_range *r = arena_new(p->a, struct reg_range);
	u64 n = parse_count(p);

	expect(p, '>');
	if (n > MAX_RANGE)
		perr(p, line, "register range of %llu", (unsigned long long)n);
	r->prefix = name;
	r->type = s->type;
	r->vec = s->vec;
	r->count = n;
	declare(p, name, strlen(name), line, SYM_REGRANGE, r);
}

void parse_reg_decl(struct parser *p)
{
	struct spec s;

	parse_spec(p, &s);
	if (s.space || s.is_ptr || ir_type_class(s.type) == 'X')
		perr_token(p, "register type");
	do {
		u32 line = p->t.line;
		const char *name = take_name(p, "register name");

		if (accept(p, '<'))
			parse_range(p, &s, name, line);
		else if (s.vec > 1)
			declare(p, name, strlen(name), line, SYM_REGVEC, make_vec(p, s.type, s.vec, name));
		else
			declare(p, name, strlen(name), line, SYM_REG, body_reg(p, s.type, name));
	} while (accept(p, ','));
	expect(p, ';');
}

/* "%r" and 57 to "%r57"; printf would show in profiles. */
static const char *numbered(struct parser *p, const char *prefix, u32 idx)
{
	size_t len = strlen(prefix);
	char digits[12], *name;
	unsigned int n = 0;

	do
		digits[n++] = '0' + idx % 10;
	while (idx /= 10);
	name = arena_alloc(p->a, len + n + 1);
	memcpy(name, prefix, len);
	while (n)
		name[len++] = digits[--n];
	return name;
}

/* %r57 of .reg .b32 %r<100>: the register, made when first named. */
static void *range_get(struct parser *p, struct reg_range *r, u32 idx)
{
	if (!r->regs)
		r->regs = arena_array(p->a, r->count, void *);
	if (!r->regs[idx]) {
		const char *name = numbered(p, r->prefix, idx);

		r->regs[idx] =
			r->vec > 1 ? (void *)make_vec(p, r->type, r->vec, name) : (void *)body_reg(p, r->type, name);
	}
	return r->regs[idx];
}

size_t number_at(const char *name, size_t len)
{
	size_t n = len;

	while (n && name[n - 1] >= '0' && name[n - 1] <= '9')
		n--;
	return n && len - n <= 7 && (n == len || name[n] != '0' || len - n == 1) ? n : len;
}

u32 number_of(const char *digits, size_t n)
{
	u32 idx = 0;

	while (n--)
		idx = idx * 10 + (*digits++ - '0');
	return idx;
}

struct ir_sym *find_name(struct parser *p, const char *name, size_t len, void **ranged)
{
	struct ir_sym *s = symtab_find(p->syms, name, len, false), *r;
	size_t n = number_at(name, len);

	*ranged = NULL;
	if (n < len) {
		r = symtab_find(p->syms, name, n, false);
		if (r && r->kind == SYM_REGRANGE && (!s || r->depth > s->depth)) {
			u32 idx = number_of(name + n, len - n);

			if (idx < r->range->count) {
				*ranged = range_get(p, r->range, idx);
				return r;
			}
		}
	}
	if (!s && p->syms != p->part->syms)
		s = symtab_find(p->part->syms, name, len, false);
	return s;
}

/* ---- parameters and results ---- */

static struct ir_var *parse_param(struct parser *p, enum ir_param_kind kind)
{
	struct ir_var *v;
	struct spec s;

	parse_spec(p, &s);
	if (s.space != SP_PARAM && !s.reg)
		perr_token(p, ".param");
	s.space = SP_PARAM;
	v = make_var(p, &s, LINK_LOCAL);
	v->pkind = kind;
	if (s.reg) {
		v->reg = arena_new(p->a, struct ir_reg);
		v->reg->type = s.type;
		v->reg->name = v->name;
	}
	return v;
}

static void parse_param_list(struct parser *p, struct ir_var ***vars, u32 *n, enum ir_param_kind kind)
{
	u32 cap = 0;

	expect(p, '(');
	if (accept(p, ')'))
		return;
	do {
		struct ir_var *v = parse_param(p, kind);

		if (*n >= MAX_PARAMS)
			perr(p, v->line, "more than %u parameters", MAX_PARAMS);
		v->id = *n;
		PUSH(p, *vars, *n, cap, v);
	} while (accept(p, ','));
	expect(p, ')');
}

/* Offsets of parameters, or of results, as C lays out a struct. Returns the size of all. */
static u64 lay_out(struct parser *p, struct ir_var **vars, u32 n, const char *what)
{
	u64 at = 0;

	for (u32 i = 0; i < n; i++) {
		struct ir_var *v = vars[i];

		at = (at + v->align - 1) & ~(u64)(v->align - 1);
		v->offset = at;
		at += v->size;
		if (at > 1u << 30)
			perr(p, v->line, "%s are too large", what);
	}
	return at;
}

void parse_proto(struct parser *p, struct ir_proto *proto, bool entry, const char **name)
{
	memset(proto, 0, sizeof(*proto));
	if (!entry && at(p, '('))
		parse_param_list(p, &proto->rets, &proto->nrets, PARAM_RET);
	*name = take_name(p, "function name");
	if (at(p, '('))
		parse_param_list(p, &proto->params, &proto->nparams, entry ? PARAM_ENTRY : PARAM_FUNC);
	lay_out(p, proto->rets, proto->nrets, "results");
	proto->param_size = lay_out(p, proto->params, proto->nparams, "parameters");
}
