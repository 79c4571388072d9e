/* SPDX-License-Identifier: MIT */
/* Region allocator: everything a compilation makes dies with one call. */
#ifndef VGPU_COMPILER_ARENA_H
#define VGPU_COMPILER_ARENA_H

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;
typedef unsigned __int128 u128;

struct arena_chunk;

/**
 * struct arena - a region with a byte limit and one way out
 * @chunks: what was taken from malloc, newest first
 * @ptr: next free byte of the newest chunk
 * @end: end of the newest chunk
 * @used: bytes taken from malloc
 * @limit: bound on @used
 * @bail: armed by the owner; allocation failure and fatal diagnostics
 *	longjmp here, so that passes need no error paths for memory
 */
struct arena {
	struct arena_chunk *chunks;
	char *ptr, *end;
	size_t used, limit;
	jmp_buf *bail;
};

/* Values that a bail passes through longjmp. */
enum arena_bail { ARENA_BAIL_DIAG = 1, ARENA_BAIL_NOMEM = 2 };

void arena_init(struct arena *a, size_t limit);
void arena_free(struct arena *a);
/* Zeroed memory, aligned to 16; never NULL. */
void *arena_alloc(struct arena *a, size_t size);
/* @n elements of @size, the product checked. */
void *arena_calloc(struct arena *a, size_t n, size_t size);
/* Grow an array from @old to @n elements by copying. */
void *arena_grow(struct arena *a, void *p, size_t old, size_t n, size_t size);
/* NUL-terminated copy of @len bytes. */
char *arena_strndup(struct arena *a, const char *s, size_t len);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
_Noreturn void arena_bail(struct arena *a, enum arena_bail why);

#define arena_new(a, type)      ((type *)arena_alloc(a, sizeof(type)))
#define arena_array(a, n, type) ((type *)arena_calloc(a, n, sizeof(type)))

#endif
