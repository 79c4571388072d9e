/* SPDX-License-Identifier: MIT */
/* What a link makes: its PTX texts in one, each whole and with its name. */
#ifndef VGPU_COMPILER_PARTS_H
#define VGPU_COMPILER_PARTS_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct part_text - one of them
 * @name: @name_len bytes, as the caller of the link has it
 * @text: @text_len bytes
 * @name_len: bytes at @name
 * @text_len: bytes at @text
 */
struct part_text {
	const char *name, *text;
	size_t name_len, text_len;
};

/* Whether a text is such a one. */
bool parts_begin(const char *text, size_t len);
/* Where the first part of it begins. */
const char *parts_first(const char *text);
/* The part at @at, which is not @end. Return: where the next one begins; NULL: it is damaged. */
const char *parts_next(const char *at, const char *end, struct part_text *t);
/* All in one, NUL-terminated, malloc()ed; NULL: out of memory. */
char *parts_join(const struct part_text *t, unsigned int n, size_t *len);

#endif
