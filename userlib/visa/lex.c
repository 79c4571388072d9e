// SPDX-License-Identifier: MIT
/*
 * Tokens of vISA text.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "lex.h"

bool lex_blank(const char **p)
{
	while (**p == ' ' || **p == '\t' || **p == '\r')
		(*p)++;
	return !**p || **p == '\n' || ((*p)[0] == '/' && (*p)[1] == '/');
}

bool lex_char(const char **p, char c)
{
	if (lex_blank(p) || **p != c)
		return false;
	(*p)++;
	return true;
}

bool lex_text(const char **p, const char *text)
{
	size_t n = strlen(text);

	if (lex_blank(p) || strncmp(*p, text, n))
		return false;
	*p += n;
	return true;
}

static bool word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '%' || c == '$';
}

bool lex_word(const char **p, char out[LEX_WORD])
{
	size_t n = 0;

	if (lex_blank(p))
		return false;
	while (word_char((*p)[n]) && n < LEX_WORD - 1)
		n++;
	memcpy(out, *p, n);
	out[n] = '\0';
	*p += n;
	return n && !word_char(**p);
}

bool lex_number(const char **p, int64_t *out)
{
	const char *at = *p;
	bool minus;
	char *end;

	if (lex_blank(&at))
		return false;
	minus = *at == '-';
	if (*at == '-' || *at == '+')
		at++;
	if (!isdigit((unsigned char)*at))
		return false;
	*out = strtoull(at, &end, at[0] == '0' && (at[1] | 32) == 'x' ? 16 : 10);
	if (minus)
		*out = -(uint64_t)*out;
	*p = end;
	return true;
}

bool lex_string(const char **p, char out[LEX_WORD])
{
	size_t n = 0;

	if (!lex_char(p, '"'))
		return false;
	while ((*p)[n] && (*p)[n] != '"' && (*p)[n] != '\n')
		n++;
	if ((*p)[n] != '"' || n >= LEX_WORD)
		return false;
	memcpy(out, *p, n);
	out[n] = '\0';
	*p += n + 1;
	return true;
}

bool lex_register(const char **p, char file, uint32_t *index)
{
	const char *at = *p;
	char *end;

	if (lex_blank(&at) || *at != file || !isdigit((unsigned char)at[1]))
		return false;
	*index = strtoul(at + 1, &end, 10);
	if (word_char(*end) && *end != '.')
		return false;
	*p = end;
	return true;
}
