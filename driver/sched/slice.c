// SPDX-License-Identifier: GPL-2.0
/*
 * Slices: the stretches in which a worker holds translations of GPU
 * addresses and, for the engine, the FPU.
 *
 * Who takes memory away clears the table first and then waits until every
 * worker that may have read the old entry has ended its slice.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>

#include "internal.h"

#define SPINS		200	/* looks before sleeping: most slices are nearly over */
#define TELLING_NS	10000

static unsigned int longest_fpu_us;
module_param(longest_fpu_us, uint, 0644);
MODULE_PARM_DESC(longest_fpu_us, "the longest FPU section so far, in us; to be set to 0 and read again");

/* Workers race for it; one that loses was as long within a section's time. */
static void note_section(u64 ns)
{
	unsigned int us = min_t(u64, ns / NSEC_PER_USEC, UINT_MAX);

	if (us > READ_ONCE(longest_fpu_us))
		WRITE_ONCE(longest_fpu_us, us);
	/* Executed time, so less often a busy host's fault */
	if (IS_ENABLED(CONFIG_UML) && ns > VGPU_FPU_MOST_NS)
		pr_warn_ratelimited("FPU section of %u us, more than %u\n", us, VGPU_FPU_MOST_NS / 1000);
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
	w->ticks_start = engine_ticks();
	w->fpu = fpu;
	if (fpu)
		vgpu_fpu_begin(&w->section);
}

/**
 * vgpu_slice_ticks - engine_ticks() at some time of this slice
 * @w: this worker
 * @ns: after its beginning
 *
 * Return: ticks, by the rate of the slices before.
 */
u64 vgpu_slice_ticks(const struct vgpu_worker *w, u32 ns)
{
	return w->ticks_start + (u64)ns * w->tick_rate / 1024;
}

/* How many ticks that was; of stretches long enough to tell, and of clocks that go. */
static void measure_ticks(struct vgpu_worker *w, u64 ns)
{
	u64 ticks = engine_ticks() - w->ticks_start;

	if (ns >= TELLING_NS && ns < NSEC_PER_SEC && ticks >> 40 == 0)
		w->tick_rate = clamp_t(u64, div64_u64(ticks * 1024, ns), 64, 16384);
}

/**
 * vgpu_slice_end - end a slice
 * @w: this worker
 *
 * Return: how long it was, in ns.
 */
u64 vgpu_slice_end(struct vgpu_worker *w)
{
	u64 ns = ktime_get_ns() - w->slice_start;

	measure_ticks(w, ns);
	if (w->fpu)
		note_section(vgpu_fpu_end(&w->section, ns));
	smp_store_release(&w->slice_as, NULL);	/* every access before it */
	return ns;
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
