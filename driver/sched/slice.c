// SPDX-License-Identifier: GPL-2.0
/*
 * Slices: the stretches in which a worker holds translations of GPU
 * addresses and, for the engine, the FPU.
 *
 * Who takes memory away clears the table first and then waits until every
 * worker that may have read the old entry has ended its slice.
 */
#include <linux/delay.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <asm/fpu/api.h>

#include "internal.h"

#define SPINS	200	/* looks before sleeping: most slices are nearly over */

/* UML's FPU section is empty: keep its rule, that nothing may sleep, all the same. */
static void fpu_begin(void)
{
	preempt_disable();
	kernel_fpu_begin();
}

static void fpu_end(void)
{
	kernel_fpu_end();
	preempt_enable();
}

/**
 * vgpu_slice_begin - start a slice
 * @w: this worker
 * @as: address space that will be translated in
 * @fpu: floating point will be used: no sleeping until the end
 */
void vgpu_slice_begin(struct vgpu_worker *w, struct vgpu_as *as, bool fpu)
{
	WRITE_ONCE(w->slice_seq, w->slice_seq + 1);
	WRITE_ONCE(w->slice_as, as);
	smp_mb();	/* pairs with vgpu_sched_quiesce(): seen before any lookup */
	w->slice_start = ktime_get_ns();
	w->fpu = fpu;
	if (fpu)
		fpu_begin();
}

/**
 * vgpu_slice_end - end a slice
 * @w: this worker
 *
 * Return: how long it was, in ns.
 */
u64 vgpu_slice_end(struct vgpu_worker *w)
{
	if (w->fpu)
		fpu_end();
	smp_store_release(&w->slice_as, NULL);	/* every access before it */
	return ktime_get_ns() - w->slice_start;
}

static bool inside(struct vgpu_worker *w, struct vgpu_as *as, u64 seq)
{
	/* pairs with vgpu_slice_end() */
	return smp_load_acquire(&w->slice_as) == as && READ_ONCE(w->slice_seq) == seq;
}

/**
 * vgpu_sched_quiesce - wait until no worker uses a translation of before
 * @as: address space in which entries were cleared
 */
void vgpu_sched_quiesce(struct vgpu_as *as)
{
	unsigned int i, spin;

	smp_mb();	/* the cleared entries before the look at the workers */
	for (i = 0; i < vgpu_sched.nworkers; i++) {
		struct vgpu_worker *w = vgpu_sched.worker[i];
		u64 seq = READ_ONCE(w->slice_seq);

		for (spin = 0; inside(w, as, seq); spin++) {
			if (spin < SPINS)
				cpu_relax();
			else
				usleep_range(20, 60);
		}
	}
}
