/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel facilities that the engine uses, for its user-space builds.
 */
#ifndef VGPU_ENGINE_USER_H
#define VGPU_ENGINE_USER_H

#include <errno.h>
#include <linux/types.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s8 s8;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64;

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define ALIGN(x, a)	(((x) + ((a) - 1)) & ~((__typeof__(x))(a) - 1))
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define BUILD_BUG_ON(c)	_Static_assert(!(c), #c)
#define container_of(p, type, member) \
	((type *)((char *)(p) - offsetof(type, member)))
#define min(a, b) ({ __typeof__(a) _x = (a); __typeof__(b) _y = (b); _x < _y ? _x : _y; })
#define max(a, b) ({ __typeof__(a) _x = (a); __typeof__(b) _y = (b); _x > _y ? _x : _y; })
#define min_t(t, a, b)	({ t _x = (a), _y = (b); _x < _y ? _x : _y; })
#define max_t(t, a, b)	({ t _x = (a), _y = (b); _x > _y ? _x : _y; })
#define READ_ONCE(x)	(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#define barrier()	__asm__ volatile("" ::: "memory")
#define cmpxchg(p, o, n) __sync_val_compare_and_swap(p, o, n)
#define fallthrough	__attribute__((__fallthrough__))
#ifndef __always_inline
#define __always_inline	inline __attribute__((__always_inline__))
#endif
#ifndef noinline
#define noinline	__attribute__((__noinline__))
#endif
#ifndef __maybe_unused
#define __maybe_unused	__attribute__((__unused__))
#endif
#ifndef __aligned
#define __aligned(n)	__attribute__((__aligned__(n)))
#endif
#ifndef __packed
#define __packed	__attribute__((__packed__))
#endif
#ifndef __printf
#define __printf(a, b)	__attribute__((__format__(printf, a, b)))
#endif

typedef struct { int refs; } refcount_t;

static inline void refcount_set(refcount_t *r, int n)
{
	__atomic_store_n(&r->refs, n, __ATOMIC_RELAXED);
}

static inline void refcount_inc(refcount_t *r)
{
	__atomic_fetch_add(&r->refs, 1, __ATOMIC_RELAXED);
}

static inline bool refcount_dec_and_test(refcount_t *r)
{
	return __atomic_sub_fetch(&r->refs, 1, __ATOMIC_ACQ_REL) == 0;
}

typedef struct { s64 counter; } atomic64_t;

static inline void atomic64_set(atomic64_t *v, s64 i)
{
	__atomic_store_n(&v->counter, i, __ATOMIC_RELAXED);
}

static inline s64 atomic64_read(const atomic64_t *v)
{
	return __atomic_load_n(&v->counter, __ATOMIC_RELAXED);
}

static inline void atomic64_add(s64 i, atomic64_t *v)
{
	__atomic_fetch_add(&v->counter, i, __ATOMIC_RELAXED);
}

static inline u32 hweight32(u32 x)
{
	return (u32)__builtin_popcount(x);
}

static inline unsigned int __ffs(unsigned long x)
{
	return (unsigned int)__builtin_ctzl(x);
}

/* Aligned to a cache line, zeroed; 0 bytes give a pointer that can be freed. */
static inline void *engine_alloc(size_t n)
{
	size_t size = ALIGN(n + !n, (size_t)64);
	void *p = size < n ? NULL : aligned_alloc(64, size);

	return p ? memset(p, 0, size) : NULL;
}

static inline void *engine_alloc_snug(size_t n)
{
	return engine_alloc(n);
}

/* Here a sanitizer looks for leaks. */
#define engine_count(what, n) do { } while (0)

static inline void engine_free(const void *p)
{
	free((void *)p);
}

static inline void engine_sort(void *base, size_t n, size_t size,
			       int (*cmp)(const void *, const void *))
{
	if (n)
		qsort(base, n, size, cmp);
}

static inline u64 engine_time_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (u64)ts.tv_sec * 1000000000ULL + (u64)ts.tv_nsec;
}

static inline u64 engine_uptime_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000000000ULL + (u64)ts.tv_nsec;
}

static inline bool engine_interrupted(void)
{
	return false;
}

#endif /* VGPU_ENGINE_USER_H */
