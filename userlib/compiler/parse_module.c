// SPDX-License-Identifier: MIT
/*
 * The top level of a PTX text: version and target, variables, function
 * headers. Bodies are skipped (index.c) and parsed when they are needed.
 */
#include <stdlib.h>

#include "parse.h"
#include "parse_module.h"
#include "parts.h"
#include "resolve.h"

/**
 * struct modparse - the parser with what only the top level needs
 * @p: first, because callbacks get &p
 * @shared_of: the function whose .shared variables are being measured
 */
struct modparse {
	struct parser p;
	struct ir_func *shared_of;
};

/* An extern declaration and the definition are one variable. */
static bool merge_var(struct parser *p, struct ir_var *v)
{
	struct ir_sym *s = symtab_find(p->syms, v->name, strlen(v->name), false);
	struct ir_var *old;
	u32 id;

	if (!s)
		return false;
	old = s->kind == SYM_VAR ? s->var : NULL;
	check_var_again(p, old, v);
	if (old->linkage == LINK_EXTERN) {
		id = old->id;
		*old = *v;
		old->id = id;
	}
	return true;
}

static void add_module_var(struct parser *p, struct ir_var *v)
{
	struct ir_module *m = p->mod;

	if (v->space == SP_PARAM)
		perr(p, v->line, ".param variable outside a function");
	if (!v->size && v->linkage != LINK_EXTERN && v->space != SP_SHARED)
		perr(p, v->line, "variable '%s' has no size", v->name);
	v->part = p->part;
	if (merge_var(p, v))
		return;
	v->id = m->nvars;
	PUSH(p, m->vars, m->nvars, m->vars_cap, v);
	symtab_add(p->syms, v->name, strlen(v->name), SYM_VAR, v);
}

/* ---- functions ---- */

static void parse_triple(struct parser *p, u32 out[3])
{
	for (int i = 0; i < 3; i++) {
		s64 n = parse_int_expr(p);

		if (n < 1 || n > 0x7fffffff)
			perr(p, p->t.line, "launch bound out of range");
		out[i] = n;
		if (!accept(p, ','))
			break;
	}
	for (int i = 0; i < 3; i++)
		if (!out[i])
			out[i] = 1;
}

static u32 parse_bound(struct parser *p)
{
	s64 n = parse_int_expr(p);

	if (n < 0 || n > 0x7fffffff)
		perr(p, p->t.line, "launch bound out of range");
	return n;
}

static void parse_perf(struct parser *p, struct ir_func *f)
{
	struct token t = p->t;

#define IS(s) tok_text(&t, s, sizeof(s) - 1)
	if (IS(".pragma")) {
		skip_pragma(p);
		return;
	}
	next(p);
	if (IS(".maxntid"))
		parse_triple(p, f->perf.maxntid);
	else if (IS(".reqntid"))
		parse_triple(p, f->perf.reqntid);
	else if (IS(".reqnctapercluster"))
		parse_triple(p, f->perf.reqcluster);
	else if (IS(".minnctapersm"))
		f->perf.minnctapersm = parse_bound(p);
	else if (IS(".maxnctapersm"))
		f->perf.maxnctapersm = parse_bound(p);
	else if (IS(".maxnreg"))
		f->perf.maxnreg = parse_bound(p);
	else if (IS(".maxclusterrank"))
		f->perf.maxclusterrank = parse_bound(p);
	else if (IS(".abi_preserve") || IS(".abi_preserve_control"))
		parse_bound(p);
	else if (IS(".explicitcluster"))
		f->perf.explicit_cluster = true;
	else if (IS(".blocksareclusters"))
		f->perf.blocks_are_clusters = true;
	else if (IS(".noreturn"))
		f->perf.noreturn = true;
	else
		perr(p, t.line, "unknown directive '%.*s'", (int)(t.len < 64 ? t.len : 64), t.p);
	if (f->perf.maxntid[0] && f->perf.reqntid[0])
		perr(p, t.line, ".maxntid and .reqntid of one kernel");
#undef IS
}

/* The function of that name, declared before or new. */
static struct ir_func *get_func(struct parser *p, const char *name, bool entry, u32 line)
{
	struct ir_sym *s = symtab_find(p->syms, name, strlen(name), false);
	struct ir_module *m = p->mod;
	struct ir_func *f;

	if (s) {
		if (s->kind != SYM_FUNC || s->func->entry != entry)
			perr(p, line, "'%s' is declared twice", name);
		return s->func;
	}
	f = arena_new(p->a, struct ir_func);
	f->name = name;
	f->entry = entry;
	f->part = p->part;
	f->id = m->nfuncs;
	PUSH(p, m->funcs, m->nfuncs, m->funcs_cap, f);
	symtab_add(p->syms, name, strlen(name), SYM_FUNC, f);
	return f;
}

static void add_shared(struct parser *p, struct ir_var *v)
{
	struct ir_func *f = ((struct modparse *)p)->shared_of;
	u64 at;

	if (v->linkage == LINK_EXTERN)
		return;
	at = (f->shared_size + v->align - 1) & ~(u64)(v->align - 1);
	f->shared_size = at + v->size;
	if (f->shared_size > 1u << 30)
		perr(p, v->line, "'%s' declares too much .shared memory", f->name);
}

/* Sizes of the .shared variables that the scan saw. */
static void measure_shared(struct parser *p, struct ir_func *f, const struct body_scan *s)
{
	struct modparse *mp = (struct modparse *)p;
	struct lexer save = p->lx;
	struct token save_t = p->t;
	u32 n = s->nshared;

	mp->shared_of = f;
	if (n > sizeof(s->shared) / sizeof(s->shared[0]))
		perr(p, f->line, "'%s' declares more than %zu .shared variables", f->name,
		     sizeof(s->shared) / sizeof(s->shared[0]));
	for (u32 i = 0; i < n; i++) {
		lex_init(&p->lx, s->shared[i], s->close - s->shared[i], s->shared_line[i]);
		next(p);
		parse_var_decl(p, LINK_LOCAL, add_shared);
	}
	p->lx = save;
	p->t = save_t;
}

static void skip_body(struct parser *p, struct ir_func *f)
{
	static __thread struct body_scan s; /* 5 KiB: too big to clear each time */
	const char *text = p->t.p + 1;      /* behind the '{' */

	scan_body(text, p->lx.end, p->t.line, &s);
	if (!s.close)
		perr(p, p->t.line, "body of '%s' is not closed", f->name);
	f->text = text;
	f->text_len = s.close - text;
	f->text_line = p->t.line;
	if (s.nshared)
		measure_shared(p, f, &s);
	p->lx.p = s.close + 1;
	p->lx.line = s.line;
	next(p);
}

static void skip_parens(struct parser *p)
{
	unsigned int depth = 0;

	do {
		if (at(p, '('))
			depth++;
		else if (at(p, ')'))
			depth--;
		else if (p->t.kind == TOK_EOF || !depth)
			perr_token(p, "'('");
		next(p);
	} while (depth);
}

static void parse_func(struct parser *p, enum ir_linkage link)
{
	bool entry = at_dot(p, ".entry"), noreturn = false;
	struct ir_proto proto;
	struct ir_func *f;
	const char *name;
	u32 line = p->t.line;

	next(p);
	while (at_dot(p, ".noreturn") || at_dot(p, ".attribute")) {
		bool attr = at_dot(p, ".attribute");

		noreturn |= !attr;
		next(p);
		if (attr)
			skip_parens(p);
	}
	parse_proto(p, &proto, entry, &name);
	f = get_func(p, name, entry, line);
	if (f->line)
		check_proto_again(p, &f->proto, &proto, name, line);
	if (!f->text) {
		proto.noreturn = f->proto.noreturn;
		f->proto = proto;
		f->linkage = link;
		f->line = line;
	}
	while (p->t.kind == TOK_DOT)
		parse_perf(p, f);
	f->perf.noreturn |= noreturn;
	f->proto.noreturn |= f->perf.noreturn;
	if (accept(p, ';'))
		return;
	if (!at(p, '{'))
		perr_token(p, "function body or ';'");
	if (f->text)
		perr(p, line, "'%s' is defined twice", name);
	check_param_names(p, &f->proto);
	skip_body(p, f);
}

/* ---- the rest ---- */

/* .section .debug_info { … }: dropped */
static void skip_section(struct parser *p)
{
	static __thread struct body_scan s;

	while (!at(p, '{')) {
		if (p->t.kind != TOK_DOT && p->t.kind != TOK_IDENT)
			perr_token(p, "section");
		next(p);
	}
	scan_body(p->t.p + 1, p->lx.end, p->t.line, &s);
	if (!s.close)
		perr(p, p->t.line, "section is not closed");
	p->lx.p = s.close + 1;
	p->lx.line = s.line;
	next(p);
}

static void parse_alias(struct parser *p)
{
	u32 line = p->t.line;
	const char *name, *target;
	struct ir_sym *s;

	next(p);
	name = take_name(p, "alias");
	expect(p, ',');
	target = take_name(p, "function");
	expect(p, ';');
	s = symtab_find(p->syms, target, strlen(target), false);
	if (!s || s->kind != SYM_FUNC)
		perr(p, line, ".alias of unknown function '%s'", target);
	get_func(p, name, false, line)->alias = s->func;
}

/* .version 8.5, lexed as a float or as digits */
static void parse_version(struct parser *p)
{
	unsigned int major = 0, minor = 0;
	const char *s, *end;

	next(p);
	if (p->t.kind != TOK_F64 && p->t.kind != TOK_INT)
		perr_token(p, "version number");
	s = p->t.p;
	end = s + p->t.len;
	for (; s < end && *s != '.' && major < 1000; s++)
		major = major * 10 + (*s - '0');
	for (s++; s < end && *s >= '0' && *s <= '9' && minor < 100; s++)
		minor = minor * 10 + (*s - '0');
	p->part->isa = major * 100 + minor;
	if (p->part->isa > p->mod->isa)
		p->mod->isa = p->part->isa;
	if (p->part->isa < 100 || p->part->isa >= PTX_ISA_END)
		perr(p, p->t.line, "PTX version %u.%u is not supported", major, minor);
	next(p);
}

/* A target came with a version of PTX; one that is not known here is left to the choice of code. */
static void check_target(struct parser *p)
{
	static const struct {
		u32 arch;
		char variant;
		u32 isa;
	} targets[] = {
#define TARGET(arch, variant, isa) { arch, variant, isa },
#include "ptx_targets.def"
#undef TARGET
	};
	const struct ir_part *t = p->part;

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		if (targets[i].arch == t->target && targets[i].variant == t->variant && t->isa < targets[i].isa)
			perr(p, p->t.line, "target sm_%u%.1s needs PTX version %u.%u or later, not %u.%u", t->target,
			     &t->variant, targets[i].isa / 100, targets[i].isa % 100, t->isa / 100, t->isa % 100);
}

/* .target sm_90a, debug, … */
static void parse_target(struct parser *p)
{
	do {
		next(p);
		if (p->t.kind != TOK_IDENT)
			perr_token(p, "target");
		if (p->t.len > 3 && p->t.len < 12 && !memcmp(p->t.p, "sm_", 3)) {
			char *end, buf[16] = { 0 };

			memcpy(buf, p->t.p + 3, p->t.len - 3);
			p->part->target = strtoul(buf, &end, 10);
			p->part->variant = *end;
			check_target(p);
		}
		next(p);
	} while (at(p, ','));
}

static void parse_address_size(struct parser *p)
{
	u32 line = p->t.line;
	s64 n;

	next(p);
	n = parse_int_expr(p);
	if (n != 32 && n != 64)
		perr(p, line, ".address_size %lld", (long long)n);
	if (n == 32)
		perr(p, line, "32-bit addresses are not supported");
	p->mod->addr_size = n;
}

static enum ir_linkage parse_linkage(struct parser *p)
{
	static const struct {
		const char *name;
		enum ir_linkage link;
	} names[] = {
		{ ".extern", LINK_EXTERN },
		{ ".visible", LINK_VISIBLE },
		{ ".weak", LINK_WEAK },
		{ ".common", LINK_COMMON },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (tok_text(&p->t, names[i].name, strlen(names[i].name))) {
			next(p);
			return names[i].link;
		}
	}
	return LINK_LOCAL;
}

static void parse_top(struct parser *p)
{
	enum ir_linkage link;

	if (p->t.kind != TOK_DOT)
		perr_token(p, "directive");
	if (at_dot(p, ".version"))
		parse_version(p);
	else if (at_dot(p, ".target"))
		parse_target(p);
	else if (at_dot(p, ".address_size"))
		parse_address_size(p);
	else if (at_dot(p, ".file"))
		skip_file(p);
	else if (at_dot(p, ".pragma"))
		skip_pragma(p);
	else if (at_dot(p, ".section"))
		skip_section(p);
	else if (at_dot(p, ".alias"))
		parse_alias(p);
	else {
		link = parse_linkage(p);
		if (at_dot(p, ".entry") || at_dot(p, ".func"))
			parse_func(p, link);
		else if (space_of(&p->t))
			parse_var_decl(p, link, add_module_var);
		else
			perr_token(p, "directive");
	}
}

/* Another name of a function is one for code that is there, and stays when texts are linked. */
static void check_aliases(struct parser *p)
{
	for (u32 k = p->part->first_func; k < p->mod->nfuncs; k++) {
		const struct ir_func *f = p->mod->funcs[k], *to = f->alias;

		if (!to)
			continue;
		if (to->linkage == LINK_WEAK || to->linkage == LINK_EXTERN)
			perr(p, f->line, "Function '%s' with %s scope cannot be aliased", to->name,
			     to->linkage == LINK_WEAK ? ".weak" : ".extern");
		if (to->alias || !to->text)
			perr(p, f->line, "Function '%s' has no body to be aliased", to->name);
	}
}

static void parse_all(struct parser *p)
{
	next(p);
	if (!at_dot(p, ".version"))
		perr_token(p, ".version");
	p->mod->is_ptx = true;
	while (p->t.kind != TOK_EOF) {
		parse_top(p);
		/* stray ';' after a variable's initializer and such */
		while (accept(p, ';'))
			;
	}
	if (!p->part->target)
		perr(p, 0, "no .target sm_…");
	check_aliases(p);
}

/* ---- texts ---- */

/* A symbol takes a line at least: a table for as many as a short text may have. */
static u32 table_size(size_t len)
{
	u32 n = 16;

	while (n < 1024 && n < len / 256)
		n *= 2;
	return n;
}

/* @t->name: NULL: the whole module. Its errors name it. */
static struct ir_part *parse_part(struct ir_module *m, const struct part_text *t, struct diag *d)
{
	struct modparse mp = { .p = { .a = &m->arena, .d = d, .mod = m } };
	struct ir_part *part = arena_new(&m->arena, struct ir_part);

	if (t->name)
		part->name = arena_strndup(&m->arena, t->name, t->name_len);
	part->first_var = m->nvars;
	part->first_func = m->nfuncs;
	part->syms = arena_new(&m->arena, struct ir_symtab);
	symtab_init(part->syms, &m->arena, t->name ? table_size(t->text_len) : 1024);
	PUSH(&mp.p, m->parts, m->nparts, m->parts_cap, part);
	mp.p.part = part;
	mp.p.syms = part->syms;
	if (d)
		d->where = part->name;
	lex_init(&mp.p.lx, t->text, t->text_len, 1);
	parse_all(&mp.p);
	if (d)
		d->where = NULL;
	if (part->target > m->target) {
		m->target = part->target;
		m->target_variant = part->variant;
	}
	return part;
}

static void parse_parts(struct ir_module *m, struct diag *d)
{
	const char *at = parts_first(m->text), *end = m->text + m->text_len;
	struct part_text t;

	m->is_ptx = true;
	resolve_begin(m);
	while (at < end) {
		at = parts_next(at, end, &t);
		if (!at) {
			diag_error(d, 0, "linked PTX is damaged");
			arena_bail(&m->arena, ARENA_BAIL_DIAG);
		}
		resolve_part(m, parse_part(m, &t, d), d);
	}
	resolve_end(m, d);
}

/* What a text, or texts, become: in a frame of its own, for setjmp's sake. */
static int guarded(struct ir_module *m, const struct part_text *t, struct diag *d,
		   void (*parse)(struct ir_module *m, const struct part_text *t, struct diag *d))
{
	jmp_buf bail;
	int why;

	ptx_tables_init();
	m->addr_size = 64;
	why = setjmp(bail);
	m->arena.bail = why ? NULL : &bail;
	if (!why)
		parse(m, t, d);
	else if (why == ARENA_BAIL_NOMEM)
		diag_error(d, 0, "module needs more memory than its limit");
	if (d)
		d->where = NULL;
	m->arena.bail = NULL;
	return why;
}

static void parse_text(struct ir_module *m, const struct part_text *t, struct diag *d)
{
	m->text = t->text;
	m->text_len = t->text_len;
	if (parts_begin(m->text, m->text_len))
		parse_parts(m, d);
	else
		m->syms = parse_part(m, t, d)->syms;
	ir_module_layout(m);
}

int ir_module_parse(struct ir_module *m, const char *text, size_t len, struct diag *d)
{
	const struct part_text t = { .text = text, .text_len = len };

	return guarded(m, &t, d, parse_text);
}

static void parse_more(struct ir_module *m, const struct part_text *t, struct diag *d)
{
	if (!m->shared)
		resolve_begin(m);
	resolve_part(m, parse_part(m, t, d), d);
}

int ir_module_add(struct ir_module *m, const struct part_text *t, struct diag *d)
{
	return guarded(m, t, d, parse_more);
}

struct ir_var *ir_module_var(const struct ir_module *m, const char *name)
{
	struct ir_sym *s = symtab_find(m->syms, name, strlen(name), false);

	return s && s->kind == SYM_VAR ? s->var : NULL;
}

struct ir_func *ir_module_func(const struct ir_module *m, const char *name)
{
	struct ir_sym *s = symtab_find(m->syms, name, strlen(name), false);

	return s && s->kind == SYM_FUNC ? s->func : NULL;
}
