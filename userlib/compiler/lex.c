// SPDX-License-Identifier: MIT
/* The PTX lexer: bytes to tokens, comments skipped, lines counted. */
#define _GNU_SOURCE
#include <locale.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lex.h"

/* The host program's locale must not change what "1.5" means. */
static locale_t c_locale;

static void make_locale(void)
{
	c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

enum { C_START = 1, C_IDENT = 2, C_DIGIT = 4, C_SPACE = 8, C_HEX = 16 };

/* '%' starts a name only before a name character: see lex_next(). */
static const u8 cclass[256] = {
	['a' ... 'f'] = C_START | C_IDENT | C_HEX,
	['g' ... 'z'] = C_START | C_IDENT,
	['A' ... 'F'] = C_START | C_IDENT | C_HEX,
	['G' ... 'Z'] = C_START | C_IDENT,
	['_'] = C_START | C_IDENT,
	['$'] = C_START | C_IDENT,
	['0' ... '9'] = C_IDENT | C_DIGIT | C_HEX,
	[' '] = C_SPACE,
	['\t'] = C_SPACE,
	['\r'] = C_SPACE,
	['\f'] = C_SPACE,
	['\v'] = C_SPACE,
};

static inline bool is(const char *p, const char *end, u8 class)
{
	return p < end && cclass[(u8)*p] & class;
}

void lex_init(struct lexer *l, const char *text, size_t len, u32 line)
{
	l->p = text;
	l->end = text + len;
	l->line = line;
}

/* Past a block comment; an unclosed one runs to the end. */
static const char *skip_block_comment(struct lexer *l, const char *p)
{
	for (; p < l->end; p++) {
		if (*p == '\n')
			l->line++;
		else if (*p == '*' && p + 1 < l->end && p[1] == '/')
			return p + 2;
	}
	return p;
}

static void skip_space(struct lexer *l)
{
	const char *p = l->p;

	for (;;) {
		while (is(p, l->end, C_SPACE))
			p++;
		if (p >= l->end)
			break;
		if (*p == '\n') {
			l->line++;
			p++;
		} else if (*p == '/' && p + 1 < l->end && p[1] == '/') {
			const char *nl = memchr(p, '\n', l->end - p);

			p = nl ? nl : l->end;
		} else if (*p == '/' && p + 1 < l->end && p[1] == '*') {
			p = skip_block_comment(l, p + 2);
		} else {
			break;
		}
	}
	l->p = p;
}

static unsigned int digit(char c)
{
	return c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
}

/* Digits of @base up to the first that is none; overflow makes a bad token. */
static const char *integer(struct token *t, const char *p, const char *end, unsigned int base)
{
	const char *start = p;
	u64 v = 0;

	for (; is(p, end, base == 16 ? C_HEX : C_DIGIT); p++) {
		unsigned int dgt = digit(*p);

		if (dgt >= base)
			break;
		if (__builtin_mul_overflow(v, (u64)base, &v) || __builtin_add_overflow(v, (u64)dgt, &v))
			t->kind = TOK_BAD;
	}
	if (p == start)
		t->kind = TOK_BAD;
	t->u = v;
	return p;
}

/* 0fXXXXXXXX and 0dXXXXXXXXXXXXXXXX: exactly 8 or 16 hex digits. */
static const char *hex_float(struct token *t, const char *p, const char *end)
{
	unsigned int n = (p[1] | 32) == 'f' ? 8 : 16;
	const char *q = p + 2;
	u64 v = 0;

	for (; n && is(q, end, C_HEX); q++, n--)
		v = v << 4 | digit(*q);
	t->kind = n ? TOK_BAD : (p[1] | 32) == 'f' ? TOK_F32 : TOK_F64;
	t->u = v;
	return q;
}

static const char *decimal_float(struct token *t, const char *p, const char *end)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	const char *q = p;
	char buf[64], *stop;
	double v;

	while (is(q, end, C_DIGIT))
		q++;
	if (q < end && *q == '.')
		q++;
	while (is(q, end, C_DIGIT))
		q++;
	if (q < end && (*q | 32) == 'e') {
		const char *e = q + 1;

		if (e < end && (*e == '+' || *e == '-'))
			e++;
		if (is(e, end, C_DIGIT)) {
			while (is(e, end, C_DIGIT))
				e++;
			q = e;
		}
	}
	t->kind = TOK_F64;
	if ((size_t)(q - p) >= sizeof(buf)) {
		t->kind = TOK_BAD;
		return q;
	}
	memcpy(buf, p, q - p);
	buf[q - p] = 0;
	pthread_once(&once, make_locale);
	v = c_locale ? strtod_l(buf, &stop, c_locale) : strtod(buf, &stop);
	memcpy(&t->u, &v, sizeof(v));
	return q;
}

static const char *number(struct token *t, const char *p, const char *end)
{
	const char *q = p;

	t->kind = TOK_INT;
	if (*p == '0' && p + 1 < end) {
		switch (p[1] | 32) {
		case 'x':
			q = integer(t, p + 2, end, 16);
			goto suffix;
		case 'b':
			q = integer(t, p + 2, end, 2);
			goto suffix;
		case 'f':
		case 'd':
			return hex_float(t, p, end);
		}
	}
	while (is(q, end, C_DIGIT))
		q++;
	if (q < end && (*q == '.' || (*q | 32) == 'e'))
		return decimal_float(t, p, end);
	q = integer(t, p, end, *p == '0' ? 8 : 10);
suffix:
	if (q < end && *q == 'U') {
		t->uns = true;
		q++;
	}
	if (t->u >> 63)
		t->uns = true;
	if (is(q, end, C_IDENT))
		t->kind = TOK_BAD;
	return q;
}

/* ".name", with "::" joining further names. */
static const char *dotted(const char *p, const char *end)
{
	p++;
	for (;;) {
		while (is(p, end, C_IDENT))
			p++;
		if (end - p < 3 || p[0] != ':' || p[1] != ':' || !is(p + 2, end, C_IDENT))
			return p;
		p += 2;
	}
}

static const char *string(struct lexer *l, struct token *t, const char *p)
{
	const char *q = p + 1;

	for (; q < l->end && *q != '"'; q++) {
		if (*q == '\\' && q + 1 < l->end)
			q++;
		if (*q == '\n')
			l->line++;
	}
	t->kind = q < l->end ? TOK_STRING : TOK_BAD;
	t->p = p + 1;
	t->len = q - p - 1;
	return q < l->end ? q + 1 : q;
}

static const char *punct(struct token *t, const char *p, const char *end)
{
	static const struct {
		char s[3];
		u8 kind;
	} pairs[] = {
		{ "<<", TOK_SHL }, { ">>", TOK_SHR }, { "<=", TOK_LE },     { ">=", TOK_GE },
		{ "==", TOK_EQ },  { "!=", TOK_NE },  { "&&", TOK_ANDAND }, { "||", TOK_OROR },
	};

	if (p + 1 < end && memchr("<>=!&|", *p, 6)) {
		for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
			if (p[0] == pairs[i].s[0] && p[1] == pairs[i].s[1]) {
				t->kind = pairs[i].kind;
				return p + 2;
			}
		}
	}
	t->kind = *p && strchr("()[]{}<>,;:=+-*/%&|^!~?@", *p) ? TOK_PUNCT : TOK_BAD;
	t->punct = *p;
	return p + 1;
}

void lex_next(struct lexer *l, struct token *t)
{
	const char *before = l->p, *p, *end = l->end;

	skip_space(l);
	p = l->p;
	t->glued = p == before;
	t->uns = false;
	t->punct = 0;
	t->line = l->line;
	t->p = p;
	t->u = 0;
	if (p >= end) {
		t->kind = TOK_EOF;
		t->len = 0;
		return;
	}
	if (cclass[(u8)*p] & C_START || (*p == '%' && is(p + 1, end, C_START))) {
		t->kind = TOK_IDENT;
		for (p++; is(p, end, C_IDENT); p++)
			;
	} else if (*p == '.' && is(p + 1, end, C_IDENT)) {
		t->kind = TOK_DOT;
		p = dotted(p, end);
	} else if (cclass[(u8)*p] & C_DIGIT) {
		p = number(t, p, end);
	} else if (*p == '"') {
		l->p = string(l, t, p);
		return;
	} else {
		p = punct(t, p, end);
	}
	t->len = p - l->p;
	l->p = p;
}
