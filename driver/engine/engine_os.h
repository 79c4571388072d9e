/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the engine needs of its host: types, memory, time, logging and the FPU.
 * In the kernel these are the kernel's own; in user space, thin equivalents.
 */
#ifndef VGPU_ENGINE_OS_H
#define VGPU_ENGINE_OS_H

#ifdef __KERNEL__
#include <linux/kernel.h>
#include <linux/types.h>
#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/ktime.h>
#include <linux/atomic.h>
#include <linux/refcount.h>
#include <linux/sched/signal.h>
#include <linux/sort.h>

#include "../core/tally.h"

void *vgpu_zalloc(size_t bytes);	/* mm/vram.c */
void *vgpu_zalloc_snug(size_t bytes);

static inline void *engine_alloc(size_t n)
{
	return vgpu_zalloc(n);
}

/* No more than that, for what is charged. */
static inline void *engine_alloc_snug(size_t n)
{
	return vgpu_zalloc_snug(n);
}

static inline void engine_free(const void *p)
{
	kvfree(p);
}

/* CODE or LAUNCH: n more that are not destroyed. */
#define engine_count(what, n) vgpu_tally_add(VGPU_KIND_ENGINE_##what, n)

static inline void engine_sort(void *base, size_t n, size_t size,
			       int (*cmp)(const void *, const void *))
{
	sort(base, n, size, cmp, NULL);
}

static inline u64 engine_time_ns(void)
{
	return ktime_get_real_ns();
}

/* Never runs backwards, as the time of day may */
static inline u64 engine_uptime_ns(void)
{
	return ktime_get_ns();
}

static inline bool engine_interrupted(void)
{
	cond_resched();
	return fatal_signal_pending(current);
}
#else
#include "engine_user.h"
#endif

/* A clock that costs a few ns and counts at some constant rate, for one CPU to compare. */
static inline u64 engine_ticks(void)
{
	return __builtin_ia32_rdtsc();
}

#endif /* VGPU_ENGINE_OS_H */
