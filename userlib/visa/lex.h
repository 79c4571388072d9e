/* SPDX-License-Identifier: MIT */
/*
 * One line of vISA text, taken apart from left to right.
 */
#ifndef VISA_LEX_H
#define VISA_LEX_H

#include <stdbool.h>
#include <stdint.h>

#define LEX_WORD 128

/** lex_blank() - skip blanks; true at the end of the line or a comment */
bool lex_blank(const char **p);
/** lex_char() - take @c, after blanks, if it is next */
bool lex_char(const char **p, char c);
/** lex_text() - take @text, after blanks, if it is next */
bool lex_text(const char **p, const char *text);
/** lex_word() - take letters, digits, '_', '.', '%' and '$' */
bool lex_word(const char **p, char out[LEX_WORD]);
/** lex_number() - take a decimal or hexadecimal number with an optional sign */
bool lex_number(const char **p, int64_t *out);
/** lex_string() - take a "string" without escapes */
bool lex_string(const char **p, char out[LEX_WORD]);
/** lex_register() - take @file and a number, such as v12 */
bool lex_register(const char **p, char file, uint32_t *index);

#endif /* VISA_LEX_H */
