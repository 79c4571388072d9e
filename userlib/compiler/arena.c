// SPDX-License-Identifier: MIT
/* Region allocator: chunks from malloc, bumped through, freed together. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

#define CHUNK_MIN (64 * 1024)
#define CHUNK_MAX (4 * 1024 * 1024)
#define ALIGN     16

struct arena_chunk {
	struct arena_chunk *next;
	size_t size;
	char data[] __attribute__((aligned(ALIGN)));
};

void arena_init(struct arena *a, size_t limit)
{
	memset(a, 0, sizeof(*a));
	a->limit = limit;
}

void arena_free(struct arena *a)
{
	struct arena_chunk *c = a->chunks, *next;

	for (; c; c = next) {
		next = c->next;
		free(c);
	}
	a->chunks = NULL;
	a->ptr = NULL;
	a->end = NULL;
	a->used = 0;
}

_Noreturn void arena_bail(struct arena *a, enum arena_bail why)
{
	if (!a->bail)
		abort(); /* a caller that armed nothing is a bug here */
	longjmp(*a->bail, why);
}

static void chunk_add(struct arena *a, size_t want)
{
	/* Chunks double with use, so that small bodies stay small. */
	size_t size = a->used < CHUNK_MIN ? CHUNK_MIN : a->used;
	struct arena_chunk *c;

	if (size > CHUNK_MAX)
		size = CHUNK_MAX;
	if (size < want)
		size = want;
	if (size > a->limit || a->used > a->limit - size)
		arena_bail(a, ARENA_BAIL_NOMEM);
	c = malloc(sizeof(*c) + size);
	if (!c)
		arena_bail(a, ARENA_BAIL_NOMEM);
	c->next = a->chunks;
	c->size = size;
	a->chunks = c;
	a->used += size;
	a->ptr = c->data;
	a->end = c->data + size;
}

void *arena_alloc(struct arena *a, size_t size)
{
	void *p;

	if (size > SIZE_MAX / 2)
		arena_bail(a, ARENA_BAIL_NOMEM);
	size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if ((size_t)(a->end - a->ptr) < size || !a->ptr)
		chunk_add(a, size ? size : ALIGN);
	p = a->ptr;
	a->ptr += size;
	return memset(p, 0, size);
}

void *arena_calloc(struct arena *a, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		arena_bail(a, ARENA_BAIL_NOMEM);
	return arena_alloc(a, bytes);
}

void *arena_grow(struct arena *a, void *p, size_t old, size_t n, size_t size)
{
	void *q = arena_calloc(a, n, size);

	if (old)
		memcpy(q, p, old * size);
	return q;
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *p = arena_alloc(a, len + 1);

	memcpy(p, s, len);
	return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	char buf[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	if (n < 0)
		n = 0;
	if (n >= (int)sizeof(buf))
		n = sizeof(buf) - 1;
	return arena_strndup(a, buf, n);
}
