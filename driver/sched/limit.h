/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What counts towards a launch's time limit.
 *
 * The clock goes on where the machine stands still: a guest that is paused, a host that runs others. A slice's own work is
 * less than VGPU_FPU_MOST_NS, but more where a processor is emulated. So how long a slice took is believed up to a part of the
 * limit: no pause ends a launch by itself, and what is endless ends however slow the machine is.
 */
#ifndef _VGPU_SCHED_LIMIT_H
#define _VGPU_SCHED_LIMIT_H

#include <linux/minmax.h>
#include <linux/types.h>

#define VGPU_LIMIT_SLICES	4u	/* of each worker, before a launch is over its limit */

/**
 * vgpu_limit_charge - what a slice counts
 * @ns: how long it took
 * @limit_ns: the limit of one worker; a launch's is that of all workers that it has
 *
 * A pause meets one slice of each worker at most.
 *
 * Return: ns, nothing where there is no limit.
 */
static inline u64 vgpu_limit_charge(u64 ns, u64 limit_ns)
{
	return min(ns, limit_ns / VGPU_LIMIT_SLICES);
}

#endif
