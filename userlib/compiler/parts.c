// SPDX-License-Identifier: MIT
/*
 * What a link makes: a first line that says so, then each text behind a line with the bytes of its name and
 * of itself. Texts are not touched: what one of them leaves open, a comment for one, ends with it, and lines
 * keep their numbers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parts.h"

#define MAGIC      "!<linked PTX>\n"
#define MAX_HEADER 48

bool parts_begin(const char *text, size_t len)
{
	return len >= strlen(MAGIC) && !memcmp(text, MAGIC, strlen(MAGIC));
}

const char *parts_first(const char *text)
{
	return text + strlen(MAGIC);
}

/* Digits up to @stop; NULL: there are none, or too many. */
static const char *number(const char *at, const char *end, char stop, size_t *n)
{
	const char *p = at;

	*n = 0;
	for (; p < end && *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(*n, (size_t)10, n) || __builtin_add_overflow(*n, (size_t)(*p - '0'), n))
			return NULL;
	return p > at && p < end && *p == stop ? p + 1 : NULL;
}

const char *parts_next(const char *at, const char *end, struct part_text *t)
{
	at = number(at, end, ' ', &t->name_len);
	if (at)
		at = number(at, end, '\n', &t->text_len);
	if (!at || t->name_len > (size_t)(end - at))
		return NULL;
	t->name = at;
	at += t->name_len;
	if (t->text_len > (size_t)(end - at))
		return NULL;
	t->text = at;
	return at + t->text_len;
}

char *parts_join(const struct part_text *t, unsigned int n, size_t *len)
{
	size_t size = sizeof(MAGIC);
	char *all, *at;

	for (unsigned int i = 0; i < n; i++)
		if (__builtin_add_overflow(size, t[i].name_len + MAX_HEADER, &size) ||
		    __builtin_add_overflow(size, t[i].text_len, &size))
			return NULL;
	all = malloc(size);
	if (!all)
		return NULL;
	at = all + sprintf(all, "%s", MAGIC);
	for (unsigned int i = 0; i < n; i++) {
		at += sprintf(at, "%zu %zu\n", t[i].name_len, t[i].text_len);
		memcpy(at, t[i].name, t[i].name_len);
		at += t[i].name_len;
		memcpy(at, t[i].text, t[i].text_len);
		at += t[i].text_len;
	}
	*at = 0;
	*len = at - all;
	return all;
}
