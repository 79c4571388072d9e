// SPDX-License-Identifier: MIT
/* The parser's tokens, names and errors. */
#include <stdarg.h>

#include "parse.h"

_Noreturn void perr(struct parser *p, u32 line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	diag_verror(p->d, line, fmt, ap);
	va_end(ap);
	arena_bail(p->a, ARENA_BAIL_DIAG);
}

/* As much of a token as is fit for a message. */
static const char *show(const struct token *t, char *buf, size_t size)
{
	size_t n = t->len < size - 1 ? t->len : size - 1;

	if (t->kind == TOK_EOF)
		return "end of text";
	for (size_t i = 0; i < n; i++)
		buf[i] = t->p[i] >= ' ' && t->p[i] < 127 ? t->p[i] : '?';
	buf[n] = 0;
	return buf;
}

_Noreturn void perr_token(struct parser *p, const char *wanted)
{
	char buf[48];

	perr(p, p->t.line, "syntax error at '%s': %s expected", show(&p->t, buf, sizeof(buf)), wanted);
}

bool accept(struct parser *p, char punct)
{
	if (!at(p, punct))
		return false;
	next(p);
	return true;
}

void expect(struct parser *p, char punct)
{
	char want[4] = { '\'', punct, '\'' };

	if (!accept(p, punct))
		perr_token(p, want);
}

const char *take_name(struct parser *p, const char *what)
{
	const char *s;

	if (p->t.kind != TOK_IDENT)
		perr_token(p, what);
	s = arena_strndup(p->a, p->t.p, p->t.len);
	next(p);
	return s;
}

const char *unique_name(struct parser *p, const char *name)
{
	if (!p->printed)
		return name;
	if (symtab_find(p->printed, name, strlen(name), false))
		name = arena_printf(p->a, "%s$%u", name, p->printed->nsyms);
	symtab_add(p->printed, name, strlen(name), SYM_VAR, NULL);
	return name;
}
