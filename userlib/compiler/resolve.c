// SPDX-License-Identifier: MIT
/*
 * Linking: the names of several PTX texts, in the manner and the words of NVIDIA's linker.
 *
 * What is .extern, .visible, .weak or .common is one thing in all texts: of what is defined twice the stronger
 * counts, of two that are weak the first. What is none of these belongs to its text, which goes on calling it
 * by its name; in the module it gets another one where that is taken.
 */
#include <stdio.h>
#include <string.h>

#include "diag.h"
#include "resolve.h"
#include "symtab.h"
#include "unit.h"

#define CONSTANT_BANK 0x10000

_Noreturn static void wrong(struct ir_module *m, struct diag *d, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

_Noreturn static void wrong(struct ir_module *m, struct diag *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	diag_verror(d, 0, fmt, ap);
	va_end(ap);
	m->bad_link = true;
	arena_bail(&m->arena, ARENA_BAIL_DIAG);
}

void resolve_begin(struct ir_module *m)
{
	m->shared = arena_new(&m->arena, struct ir_symtab);
	symtab_init(m->shared, &m->arena, 1024);
}

static struct ir_sym *find(const struct ir_symtab *t, const char *name)
{
	return symtab_find(t, name, strlen(name), false);
}

static struct ir_part *part_of(const struct ir_sym *s)
{
	return s->kind == SYM_VAR ? s->var->part : s->func->part;
}

/* ---- what counts ---- */

enum strength { MENTIONED, COMMON, WEAK, STRONG };

static enum strength var_strength(const struct ir_var *v)
{
	switch (v->linkage) {
	case LINK_EXTERN:
		return MENTIONED;
	case LINK_COMMON:
		return v->init ? STRONG : COMMON;
	case LINK_WEAK:
		return WEAK;
	default:
		return STRONG;
	}
}

/* An alias is as strong as what it stands for, which is never weak. */
static enum strength func_strength(const struct ir_func *f)
{
	if (f->alias)
		return STRONG;
	if (!f->text)
		return MENTIONED;
	return f->linkage == LINK_WEAK ? WEAK : STRONG;
}

static bool same_space(const struct ir_var *a, const struct ir_var *b)
{
	return a->space == b->space && (ir_type_class(a->type) == 'X') == (ir_type_class(b->type) == 'X');
}

static bool same_sizes(struct ir_var **a, u32 na, struct ir_var **b, u32 nb)
{
	if (na != nb)
		return false;
	for (u32 i = 0; i < na; i++)
		if (a[i]->size != b[i]->size)
			return false;
	return true;
}

static bool same_proto(const struct ir_proto *a, const struct ir_proto *b)
{
	return same_sizes(a->rets, a->nrets, b->rets, b->nrets) &&
	       same_sizes(a->params, a->nparams, b->params, b->nparams);
}

/* ---- part after part ---- */

static void other_kind(struct ir_module *m, struct diag *d, const struct ir_sym *old, const char *name,
		       const struct ir_part *part)
{
	wrong(m, d, "Memory space doesn't match for '%s' in '%s', first specified in '%s'", name, part->name,
	      part_of(old)->name);
}

static void defined_twice(struct ir_module *m, struct diag *d, const struct ir_sym *old, const char *name,
			  const struct ir_part *part)
{
	wrong(m, d, "Multiple definition of '%s' in '%s', first defined in '%s'", name, part->name, part_of(old)->name);
}

/* Arrays without a size have any. Of .common ones the largest counts, and what is defined in their place has room for it. */
static void check_size(struct ir_module *m, const struct ir_var *old, const struct ir_var *v, struct diag *d)
{
	const struct ir_var *common = var_strength(old) == COMMON ? old : v, *other = common == old ? v : old;

	if (!old->size || !v->size || old->size == v->size)
		return;
	if (var_strength(common) != COMMON || var_strength(other) == MENTIONED)
		wrong(m, d, "Size doesn't match for '%s' in '%s', first specified in '%s'", v->name, v->part->name,
		      old->part->name);
	if (var_strength(other) != COMMON && common->size > other->size)
		wrong(m, d, "Common symbol '%s' in file '%s' has larger size than initialization", v->name,
		      common->part->name);
}

static void add_var(struct ir_module *m, struct ir_var *v, struct diag *d)
{
	struct ir_sym *s = find(m->shared, v->name);
	struct ir_var *old;
	u32 align;

	if (!s) {
		symtab_add(m->shared, v->name, strlen(v->name), SYM_VAR, v);
		return;
	}
	old = s->var;
	if (s->kind != SYM_VAR || !same_space(old, v))
		other_kind(m, d, s, v->name, v->part);
	check_size(m, old, v, d);
	if (old->managed != v->managed)
		wrong(m, d, "Managed attribute doesn't match for '%s' in '%s', first specified in '%s'", v->name,
		      v->part->name, old->part->name);
	if (var_strength(old) == STRONG && var_strength(v) == STRONG)
		defined_twice(m, d, s, v->name, v->part);
	/* who declares it with more may access it so */
	align = old->align > v->align ? old->align : v->align;
	if (var_strength(v) > var_strength(old) ||
	    (var_strength(v) == var_strength(old) && v->linkage != LINK_WEAK && v->size > old->size))
		s->var = v;
	s->var->align = align;
}

/* Of kernels, which nobody calls, those that are weak have parameters of one size. */
static void check_proto(struct ir_module *m, const struct ir_func *old, const struct ir_func *f, struct diag *d)
{
	const struct ir_func *defined = func_strength(old) == MENTIONED && func_strength(f) != MENTIONED ? f : old;

	if (!f->entry && !same_proto(&old->proto, &f->proto))
		wrong(m, d, "Prototype doesn't match for '%s' in '%s', first defined in '%s'", f->name, f->part->name,
		      defined->part->name);
	if (f->entry && func_strength(old) == WEAK && func_strength(f) == WEAK &&
	    old->proto.param_size != f->proto.param_size)
		wrong(m, d, "Duplicate weak parameter bank for '%s' is not the same size", f->name);
}

static void add_func(struct ir_module *m, struct ir_func *f, struct diag *d)
{
	struct ir_sym *s = find(m->shared, f->name);
	struct ir_func *old;

	if (!s) {
		symtab_add(m->shared, f->name, strlen(f->name), SYM_FUNC, f);
		return;
	}
	old = s->func;
	if (s->kind != SYM_FUNC)
		other_kind(m, d, s, f->name, f->part);
	if (old->entry != f->entry)
		wrong(m, d, "Function '%s' not declared __global__ in all source files", f->name);
	if (func_strength(old) == STRONG && func_strength(f) == STRONG)
		defined_twice(m, d, s, f->name, f->part);
	check_proto(m, old, f, d);
	if (func_strength(f) > func_strength(old))
		s->func = f;
}

void resolve_part(struct ir_module *m, const struct ir_part *part, struct diag *d)
{
	for (u32 k = part->first_var; k < m->nvars; k++)
		if (m->vars[k]->linkage != LINK_LOCAL)
			add_var(m, m->vars[k], d);
	for (u32 k = part->first_func; k < m->nfuncs; k++) {
		struct ir_func *f = m->funcs[k];

		if (func_strength(f) == MENTIONED) /* as if it were said to be elsewhere */
			f->linkage = LINK_EXTERN;
		if (f->linkage != LINK_LOCAL)
			add_func(m, f, d);
	}
}

/* ---- all together ---- */

/* What a variable of a part stands for. */
static struct ir_var *meant_var(const struct ir_module *m, struct ir_var *v)
{
	return v->linkage == LINK_LOCAL ? v : find(m->shared, v->name)->var;
}

static struct ir_func *meant_func(const struct ir_module *m, struct ir_func *f)
{
	return f->linkage == LINK_LOCAL ? f : find(m->shared, f->name)->func;
}

static void redirect_names(const struct ir_module *m, struct ir_part *part)
{
	for (struct ir_sym *s = part->syms->newest; s; s = s->older) {
		if (s->kind == SYM_VAR)
			s->var = meant_var(m, s->var);
		else
			s->func = meant_func(m, s->func);
	}
}

static bool in_runtime(const char *name, struct diag *d)
{
	const struct ir_module *rt = runtime_module(d);

	return rt && ir_module_func(rt, name);
}

static void redirect_relocs(struct ir_module *m, const struct ir_var *v, struct diag *d)
{
	for (struct ir_reloc *r = v->relocs; r; r = r->next) {
		const char *missing = NULL;

		if (r->var) {
			r->var = meant_var(m, r->var);
			if (r->var->linkage == LINK_EXTERN)
				missing = r->var->name;
		} else {
			r->func = meant_func(m, r->func);
			if (func_strength(r->func) == MENTIONED && !in_runtime(r->func->name, d))
				missing = r->func->name;
		}
		if (missing)
			wrong(m, d, "Undefined reference to '%s' in '%s'", missing, v->part->name);
	}
}

/* Only what is meant stays. */
static void keep(struct ir_module *m)
{
	u32 nvars = 0, nfuncs = 0;

	for (u32 k = 0; k < m->nvars; k++) {
		if (meant_var(m, m->vars[k]) != m->vars[k])
			continue;
		m->vars[k]->id = nvars;
		m->vars[nvars++] = m->vars[k];
	}
	for (u32 k = 0; k < m->nfuncs; k++) {
		if (meant_func(m, m->funcs[k]) != m->funcs[k])
			continue;
		m->funcs[k]->id = nfuncs;
		m->funcs[nfuncs++] = m->funcs[k];
	}
	m->nvars = nvars;
	m->nfuncs = nfuncs;
}

/* Also of those that nobody uses. */
static void check_constants(struct ir_module *m, struct diag *d)
{
	u64 size = 0;

	for (u32 k = 0; k < m->nvars; k++)
		if (m->vars[k]->space == SP_CONST && m->vars[k]->linkage != LINK_EXTERN)
			size += m->vars[k]->size;
	if (size > CONSTANT_BANK)
		wrong(m, d, "File uses too much global constant data (0x%llx bytes, 0x%x max)",
		      (unsigned long long)size, CONSTANT_BANK);
}

/* @name, or with a number behind it that nothing has. @n: the last one that was given. */
static const char *free_name(struct ir_module *m, const char *name, u32 *n)
{
	size_t len = strlen(name);
	char *other;

	if (!find(m->syms, name))
		return name;
	other = arena_alloc(&m->arena, len + 12);
	do
		sprintf(other, "%s$%u", name, ++*n);
	while (find(m->syms, other));
	return other;
}

/* By its own name each of them can be asked for; what all texts know has the first claim to it. */
static void name_all(struct ir_module *m)
{
	u32 n = 0;

	m->syms = arena_new(&m->arena, struct ir_symtab);
	symtab_init(m->syms, &m->arena, 1024);
	for (int local = 0; local < 2; local++) {
		for (u32 k = 0; k < m->nvars; k++) {
			struct ir_var *v = m->vars[k];

			if ((v->linkage == LINK_LOCAL) != local)
				continue;
			v->name = free_name(m, v->name, &n);
			symtab_add(m->syms, v->name, strlen(v->name), SYM_VAR, v);
		}
		for (u32 k = 0; k < m->nfuncs; k++) {
			struct ir_func *f = m->funcs[k];

			if ((f->linkage == LINK_LOCAL) != local)
				continue;
			f->name = free_name(m, f->name, &n);
			symtab_add(m->syms, f->name, strlen(f->name), SYM_FUNC, f);
		}
	}
}

void resolve_end(struct ir_module *m, struct diag *d)
{
	for (u32 k = 0; k < m->nparts; k++)
		redirect_names(m, m->parts[k]);
	keep(m);
	check_constants(m, d);
	for (u32 k = 0; k < m->nvars; k++)
		redirect_relocs(m, m->vars[k], d);
	name_all(m);
	find_taken(m);
}
