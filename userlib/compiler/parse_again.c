// SPDX-License-Identifier: MIT
/*
 * Names that are declared again: what a text may say twice, and what it may not.
 *
 * In one scope a name is one thing. At the top level an .extern declaration and the definition are
 * one variable, and prototypes and the definition one function, if they agree. All else is refused, as NVIDIA's
 * assembler does.
 */
#include "parse.h"

static void twice(struct parser *p, u32 line, const char *name)
{
	perr(p, line, "'%s' is declared twice", name);
}

static struct ir_sym *here(struct parser *p, const char *name, size_t len, bool label)
{
	struct ir_sym *s = symtab_find(p->syms, name, len, label);

	return s && s->depth == p->syms->depth ? s : NULL;
}

/* %r57 of its own beside %r<100>: "%r<" is a symbol with the lowest number, for a range that comes later. */
static void declare_numbered(struct parser *p, const char *name, size_t len, u32 line)
{
	size_t n = number_at(name, len);
	struct ir_sym *range, *lowest;
	const char *key;
	u32 idx;

	if (n == len)
		return;
	idx = number_of(name + n, len - n);
	range = here(p, name, n, false);
	if (range && range->kind == SYM_REGRANGE && idx < range->range->count)
		twice(p, line, name);
	key = arena_printf(p->a, "%.*s<", (int)n, name);
	lowest = here(p, key, n + 1, false);
	if (!lowest)
		lowest = symtab_add(p->syms, key, n + 1, SYM_LOWEST, NULL);
	else if (lowest->number <= idx)
		return;
	lowest->number = idx;
}

static void declare_range(struct parser *p, const char *name, size_t len, u32 line, const struct reg_range *r)
{
	struct ir_sym *lowest = here(p, arena_printf(p->a, "%s<", name), len + 1, false);

	if (lowest && lowest->number < r->count)
		perr(p, line, "'%s%llu' is declared twice", name, (unsigned long long)lowest->number);
}

void declare(struct parser *p, const char *name, size_t len, u32 line, enum sym_kind kind, void *what)
{
	struct ir_sym *label = here(p, name, len, true);

	if (here(p, name, len, false) || (label && label->label->defined))
		twice(p, line, name);
	if (kind == SYM_REG || kind == SYM_REGVEC)
		declare_numbered(p, name, len, line);
	else if (kind == SYM_REGRANGE)
		declare_range(p, name, len, line, what);
	symtab_add(p->syms, name, len, kind, what);
}

void check_label(struct parser *p, const char *name, size_t len, u32 line)
{
	if (here(p, name, len, false))
		twice(p, line, arena_strndup(p->a, name, len));
}

/* Every kernel of a large library comes by here when it is opened: names are hashed once. */
static void add_params(struct parser *p, struct ir_var **v, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		struct ir_sym *s = symtab_add(p->syms, v[i]->name, strlen(v[i]->name), SYM_VAR, v[i]), *old;

		for (old = s->chain; old && old->depth == s->depth; old = old->chain)
			if (old->hash == s->hash && old->len == s->len && !memcmp(old->name, s->name, s->len))
				twice(p, v[i]->line, v[i]->name);
	}
}

void check_param_names(struct parser *p, const struct ir_proto *proto)
{
	p->syms->depth++;
	add_params(p, proto->rets, proto->nrets);
	add_params(p, proto->params, proto->nparams);
	while (symtab_pop(p->syms))
		;
	p->syms->depth--;
}

/* An array without a size has any. */
static bool same_type(const struct ir_var *a, const struct ir_var *b)
{
	return a->type == b->type && a->vec == b->vec && (!a->count || !b->count || a->size == b->size);
}

void check_var_again(struct parser *p, const struct ir_var *old, const struct ir_var *v)
{
	if (!old || old->space != v->space || (old->linkage != LINK_EXTERN && v->linkage != LINK_EXTERN))
		twice(p, v->line, v->name);
	if (!same_type(old, v))
		perr(p, v->line, "'%s' is declared twice, with different types", v->name);
}

static bool same_params(struct ir_var **a, u32 na, struct ir_var **b, u32 nb)
{
	if (na != nb)
		return false;
	for (u32 i = 0; i < na; i++)
		if (!same_type(a[i], b[i]) || a[i]->align != b[i]->align || !a[i]->reg != !b[i]->reg)
			return false;
	return true;
}

void check_proto_again(struct parser *p, const struct ir_proto *old, const struct ir_proto *proto, const char *name,
		       u32 line)
{
	if (!same_params(old->rets, old->nrets, proto->rets, proto->nrets) ||
	    !same_params(old->params, old->nparams, proto->params, proto->nparams))
		perr(p, line, "'%s' is declared twice, with different parameters", name);
}
