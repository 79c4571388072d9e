// SPDX-License-Identifier: MIT
/* Names that programs choose, made fit for a terminal and for JSON. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "names.h"

/* The bytes of the UTF-8 character that a text begins with, and which; 0: it begins with none. */
static int character(const unsigned char *p, size_t bytes, uint32_t *c)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t least;
	} forms[] = { { 0x80, 0, 0 }, { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 } };
	size_t n = 0;

	while (n < 4 && (*p & forms[n].mask) != forms[n].lead)
		n++;
	if (n == 4 || n >= bytes)
		return 0;
	*c = *p & ~forms[n].mask;
	for (size_t i = 1; i <= n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (p[i] & 0x3f);
	}
	if (*c < forms[n].least || *c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000))
		return 0;
	return n + 1;
}

/* What a terminal obeys: control characters, and those that say where lines end and which way they run. */
static bool is_command(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200e && c < 0x2010) || (c >= 0x2028 && c < 0x202f) ||
	       (c >= 0x2066 && c < 0x206a);
}

/* Bytes that are commands or no UTF-8 are U+FFFD each in JSON, which escapes what is below 0x20 by itself, else \xNN. */
static const char *fit(const char *name, size_t most, char *to, bool json)
{
	size_t bytes = strnlen(name, most);
	char *at = to;

	while (bytes) {
		uint32_t c = 0;
		int n = character((const unsigned char *)name, bytes, &c);
		bool plain = n && (!is_command(c) || (json && c < 0x20));

		for (n = n ? n : 1; n; n--, bytes--, name++) {
			if (plain)
				*at++ = *name;
			else if (json)
				at = mempcpy(at, "\xef\xbf\xbd", 3);
			else
				at += sprintf(at, "\\x%02x", (unsigned char)*name);
		}
	}
	*at = 0;
	return to;
}

/**
 * names_show - a name as text: bytes that are commands or no UTF-8 are \xNN
 * @name: the name, ended by a zero or by @most
 * @most: how long it may be
 * @to: where it goes, NAMES_ROOM(@most) bytes
 *
 * Return: @to.
 */
const char *names_show(const char *name, size_t most, char *to)
{
	return fit(name, most, to, false);
}

/**
 * names_utf8 - a name as UTF-8 for JSON: each byte that is no UTF-8, or of a command that JSON does not escape, is U+FFFD
 * @name: the name, ended by a zero or by @most
 * @most: how long it may be
 * @to: where it goes, NAMES_ROOM(@most) bytes
 *
 * Return: @to.
 */
const char *names_utf8(const char *name, size_t most, char *to)
{
	return fit(name, most, to, true);
}
