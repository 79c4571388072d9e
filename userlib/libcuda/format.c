// SPDX-License-Identifier: MIT
/* printf with arguments that lie packed in memory. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "format.h"

struct state {
	FILE *to;
	const uint8_t *args;
	size_t args_size, at;
};

/* One conversion, without its length modifiers. */
struct conversion {
	char flags[8];
	int width, precision; /* -1: none */
	bool wide;            /* ll, l, j, z, t: 64 bit */
	int narrow;           /* h: 1, hh: 2 */
	char kind;
};

/* The next argument of that many bytes; false when there is none. */
static bool next(struct state *s, size_t bytes, uint64_t *value)
{
	size_t at = (s->at + bytes - 1) & ~(bytes - 1);

	if (at + bytes > s->args_size)
		return false;
	*value = 0;
	memcpy(value, s->args + at, bytes);
	s->at = at + bytes;
	return true;
}

/* More than a line holds: the host's printf walks through all that it is told, seven seconds for INT_MAX. */
enum { NUMBER_MAX = 9999 };

/* "*" or digits. */
static const char *parse_number(struct state *s, const char *f, int *n)
{
	uint64_t v;

	if (*f == '*') {
		*n = next(s, 4, &v) ? (int)v : 0;
		f++;
	} else {
		for (*n = 0; *f >= '0' && *f <= '9'; f++)
			if (*n <= NUMBER_MAX)
				*n = 10 * *n + *f - '0';
	}
	if (*n > NUMBER_MAX)
		*n = NUMBER_MAX;
	if (*n < -NUMBER_MAX)
		*n = -NUMBER_MAX;
	return f;
}

/* What follows a "%". */
static const char *parse(struct state *s, const char *f, struct conversion *c)
{
	size_t n = 0;

	*c = (struct conversion){ .width = -1, .precision = -1 };
	for (; *f && strchr("-+ #0", *f); f++)
		if (n < sizeof(c->flags) - 1)
			c->flags[n++] = *f;
	if (*f == '*' || (*f >= '1' && *f <= '9'))
		f = parse_number(s, f, &c->width);
	if (c->width < -1) {
		if (n < sizeof(c->flags) - 1)
			c->flags[n++] = '-';
		c->width = -c->width;
	}
	if (*f == '.')
		f = parse_number(s, f + 1, &c->precision);
	for (; *f && strchr("hljztL", *f); f++) {
		if (*f == 'h')
			c->narrow++;
		else
			c->wide = true;
	}
	c->kind = *f;
	return *f ? f + 1 : f;
}

static uint64_t extend(const struct conversion *c, uint64_t v)
{
	bool is_signed = c->kind == 'd' || c->kind == 'i';

	if (c->wide)
		return v;
	if (c->narrow == 1)
		return is_signed ? (uint64_t)(int16_t)v : (uint16_t)v;
	if (c->narrow >= 2)
		return is_signed ? (uint64_t)(int8_t)v : (uint8_t)v;
	return is_signed ? (uint64_t)(int32_t)v : (uint32_t)v;
}

/* Build a conversion for the host's own printf, and let it do the work. */
static void convert(struct state *s, const struct conversion *c, uint64_t v, const char *text)
{
	char spec[64];
	double d;
	int n = snprintf(spec, sizeof(spec), "%%%s", c->flags);

	if (c->width >= 0)
		n += snprintf(spec + n, sizeof(spec) - n, "%d", c->width);
	if (c->precision >= 0)
		n += snprintf(spec + n, sizeof(spec) - n, ".%d", c->precision);
	switch (c->kind) {
	case 's':
		snprintf(spec + n, sizeof(spec) - n, "s");
		fprintf(s->to, spec, text);
		break;
	case 'c':
		snprintf(spec + n, sizeof(spec) - n, "c");
		fprintf(s->to, spec, (int)v);
		break;
	case 'p':
		snprintf(spec + n, sizeof(spec) - n, "p");
		fprintf(s->to, spec, (void *)(uintptr_t)v);
		break;
	case 'a':
	case 'A':
	case 'e':
	case 'E':
	case 'f':
	case 'F':
	case 'g':
	case 'G':
		snprintf(spec + n, sizeof(spec) - n, "%c", c->kind);
		memcpy(&d, &v, sizeof(d));
		fprintf(s->to, spec, d);
		break;
	default:
		snprintf(spec + n, sizeof(spec) - n, "ll%c", c->kind);
		fprintf(s->to, spec, extend(c, v));
	}
}

/* A string of the device's, or what C libraries print for none. */
static void convert_string(struct state *s, const struct conversion *c, uint64_t v, cu_format_string *string,
			   void *data)
{
	char *text = v ? string(data, v) : NULL;

	convert(s, c, v, v ? (text ? text : "") : "(null)");
	free(text);
}

void cu_format(FILE *to, const char *format, const uint8_t *args, size_t args_size, cu_format_string *string,
	       void *data)
{
	struct state s = { .to = to, .args = args, .args_size = args_size };

	while (*format) {
		size_t plain = strcspn(format, "%");
		struct conversion c;
		uint64_t v;

		fwrite(format, 1, plain, to);
		format += plain;
		if (!*format)
			break;
		format = parse(&s, format + 1, &c);
		if (c.kind == '%') {
			putc('%', to);
		} else if (c.kind && strchr("diouxXcaAeEfFgGsp", c.kind)) {
			bool eight = c.wide || strchr("aAeEfFgGsp", c.kind);

			if (!next(&s, eight ? 8 : 4, &v))
				continue;
			if (c.kind == 's')
				convert_string(&s, &c, v, string, data);
			else
				convert(&s, &c, v, NULL);
		}
	}
}
