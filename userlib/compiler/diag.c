// SPDX-License-Identifier: MIT
/* The compiler's log: bounded, with line and reason, in CUDA's wording. */
#include <stdio.h>
#include <string.h>

#include "diag.h"

#define MAX_LOGGED_ERRORS 64
#define MAX_WHERE         400  /* bytes: a path, most of the time */
#define MAX_TEXT          2048 /* names of C++ are long */

void diag_init(struct diag *d, char *buf, size_t size)
{
	memset(d, 0, sizeof(*d));
	d->buf = buf;
	d->size = buf ? size : 0;
	if (d->size)
		buf[0] = 0;
}

static void put(struct diag *d, const char *msg)
{
	size_t n = strlen(msg), room;

	if (!d->size)
		return;
	room = d->size - 1 - d->len;
	if (n > room) {
		n = room;
		d->truncated = true;
	}
	memcpy(d->buf + d->len, msg, n);
	d->len += n;
	d->buf[d->len] = 0;
}

static void say(struct diag *d, unsigned int line, const char *fmt, va_list ap)
{
	char text[MAX_TEXT], msg[MAX_WHERE + 40 + MAX_TEXT];
	const char *where = d->where ? d->where : "";

	vsnprintf(text, sizeof(text), fmt, ap);
	if (line)
		snprintf(msg, sizeof(msg), "%.*s%sptx line %u; error : %s\n", MAX_WHERE, where, d->where ? ", " : "",
			 line, text);
	else
		snprintf(msg, sizeof(msg), "%.*s%serror : %s\n", MAX_WHERE, where, d->where ? "; " : "", text);
	if (!d->first[0])
		snprintf(d->first, sizeof(d->first), "%.*s", (int)strcspn(msg, "\n"), msg);
	put(d, msg);
}

void diag_verror(struct diag *d, unsigned int line, const char *fmt, va_list ap)
{
	if (!d)
		return;
	if (d->errors++ < MAX_LOGGED_ERRORS)
		say(d, line, fmt, ap);
}

void diag_error(struct diag *d, unsigned int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	diag_verror(d, line, fmt, ap);
	va_end(ap);
}
