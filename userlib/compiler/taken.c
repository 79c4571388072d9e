// SPDX-License-Identifier: MIT
/*
 * Which functions of linked texts a pointer may lead to. A kernel that calls by pointer is compiled with all of these; what
 * a library brings beside them, and may call what is nowhere, stays out.
 */
#include "parse.h"
#include "resolve.h"

static void take(struct ir_func *f)
{
	f->direct = false;
	if (f->alias)
		f->alias->direct = false;
}

/* Past "call.uni (results), name" up to the name; @t: what stands behind the "call". */
static void skip_call(struct lexer *lx, struct token *t)
{
	while (t->kind == TOK_DOT)
		lex_next(lx, t);
	if (!tok_is(t, '('))
		return;
	while (!tok_is(t, ')') && t->kind != TOK_EOF)
		lex_next(lx, t);
	lex_next(lx, t);
	if (tok_is(t, ','))
		lex_next(lx, t);
}

/* Each name that is not the one of a call is an address, or something else of that name in the body: no harm. */
static void scan(const struct ir_func *f)
{
	struct lexer lx;
	struct token t, name;

	lex_init(&lx, f->text, f->text_len, 1);
	lex_next(&lx, &t);
	while (t.kind != TOK_EOF) {
		struct ir_sym *s;

		name = t;
		lex_next(&lx, &t);
		if (name.kind != TOK_IDENT)
			continue;
		if (tok_text(&name, "call", 4) && (t.kind == TOK_DOT || t.kind == TOK_IDENT || tok_is(&t, '('))) {
			skip_call(&lx, &t);
			if (t.kind == TOK_IDENT)
				lex_next(&lx, &t);
			continue;
		}
		s = symtab_find(f->part->syms, name.p, name.len, false);
		if (s && s->kind == SYM_FUNC)
			take(s->func);
	}
}

void find_taken(struct ir_module *m)
{
	for (u32 k = 0; k < m->nfuncs; k++)
		m->funcs[k]->direct = true;
	for (u32 k = 0; k < m->nvars; k++)
		for (const struct ir_reloc *r = m->vars[k]->relocs; r; r = r->next)
			if (r->func)
				take(r->func);
	for (u32 k = 0; k < m->nfuncs; k++)
		if (m->funcs[k]->text)
			scan(m->funcs[k]);
}
