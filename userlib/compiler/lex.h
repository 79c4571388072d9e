/* SPDX-License-Identifier: MIT */
/* PTX tokens. Zero copy: a token points into the text. */
#ifndef VGPU_COMPILER_LEX_H
#define VGPU_COMPILER_LEX_H

#include <stdbool.h>

#include "arena.h"

enum tok_kind {
	TOK_EOF,
	TOK_IDENT,  /* name, %reg, $L_1, _ ; no dots */
	TOK_DOT,    /* .directive or .suffix, "::" parts included */
	TOK_INT,    /* value in u; uns if a U suffix or too big for s64 */
	TOK_F32,    /* 0f…: bits in u */
	TOK_F64,    /* 0d… or decimal: bits in u */
	TOK_STRING, /* without its quotes, escapes as written */
	TOK_PUNCT,  /* one of ( ) [ ] { } < > , ; : = + - * / % & | ^ ! ~ ? @ */
	TOK_SHL,
	TOK_SHR,
	TOK_LE,
	TOK_GE,
	TOK_EQ,
	TOK_NE,
	TOK_ANDAND,
	TOK_OROR,
	TOK_BAD, /* not PTX; p points at it */
};

/**
 * struct token - one token
 * @kind: enum tok_kind
 * @punct: the character of TOK_PUNCT
 * @uns: TOK_INT is unsigned
 * @glued: nothing stands between it and the token before
 * @len: bytes at @p
 * @line: line number, from 1
 * @u: value of a number
 * @p: where it is in the text
 */
struct token {
	u8 kind;
	char punct;
	bool uns, glued;
	u32 len, line;
	const char *p;
	u64 u;
};

/**
 * struct lexer - where in the text we are
 * @p: next byte
 * @end: end of the text
 * @line: line of @p
 */
struct lexer {
	const char *p, *end;
	u32 line;
};

void lex_init(struct lexer *l, const char *text, size_t len, u32 line);
void lex_next(struct lexer *l, struct token *t);

static inline int tok_is(const struct token *t, char punct)
{
	return t->kind == TOK_PUNCT && t->punct == punct;
}

#endif
