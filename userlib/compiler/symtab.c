// SPDX-License-Identifier: MIT
/* Scoped symbol table: chained hash, innermost first, popped newest first. */
#include <string.h>

#include "ptx_tables.h"
#include "symtab.h"

void symtab_init(struct ir_symtab *t, struct arena *a, u32 nbuckets)
{
	memset(t, 0, sizeof(*t));
	t->arena = a;
	t->nbuckets = nbuckets;
	t->buckets = arena_array(a, nbuckets, struct ir_sym *);
}

struct ir_sym *symtab_find(const struct ir_symtab *t, const char *name, size_t len, bool label)
{
	u32 hash = ptx_hash(name, len);
	struct ir_sym *s = t->buckets[hash & (t->nbuckets - 1)];

	for (; s; s = s->chain)
		if (s->hash == hash && s->len == len && (s->kind == SYM_LABEL) == label && !memcmp(s->name, name, len))
			return s;
	return NULL;
}

/* Oldest first into the new buckets, so that chains stay newest first. */
static void rehash(struct ir_symtab *t)
{
	u32 n = t->nbuckets * 4, i = t->nsyms;
	struct ir_sym **all = arena_array(t->arena, t->nsyms, struct ir_sym *);
	struct ir_sym *s;

	for (s = t->newest; s; s = s->older)
		all[--i] = s;
	t->buckets = arena_array(t->arena, n, struct ir_sym *);
	t->nbuckets = n;
	for (i = 0; i < t->nsyms; i++) {
		struct ir_sym **b = &t->buckets[all[i]->hash & (n - 1)];

		all[i]->chain = *b;
		*b = all[i];
	}
}

struct ir_sym *symtab_add(struct ir_symtab *t, const char *name, size_t len, enum sym_kind kind, void *p)
{
	struct ir_sym *s = arena_new(t->arena, struct ir_sym), **b;

	if (t->nsyms >= t->nbuckets * 2)
		rehash(t);
	s->name = name;
	s->len = len;
	s->hash = ptx_hash(name, len);
	s->depth = t->depth;
	s->kind = kind;
	s->p = p;
	b = &t->buckets[s->hash & (t->nbuckets - 1)];
	s->chain = *b;
	*b = s;
	s->older = t->newest;
	t->newest = s;
	t->nsyms++;
	return s;
}

struct ir_sym *symtab_pop(struct ir_symtab *t)
{
	struct ir_sym *s = t->newest;

	if (!s || s->depth < t->depth)
		return NULL;
	t->newest = s->older;
	t->buckets[s->hash & (t->nbuckets - 1)] = s->chain;
	t->nsyms--;
	return s;
}
