/* SPDX-License-Identifier: GPL-2.0 */
/*
 * FPU sections: between begin and end the vector registers belong to the caller,
 * nothing sleeps, and nothing is kept in a register from one to the next.
 *
 * On x86, kernel_fpu_begin() and _end() are the kernel's and enforce that themselves.
 * In UML both are empty macros and a kernel thread has the registers all the time, so
 * that a broken rule would show on users' machines only: there the section's two ends
 * play the kernel's part and check what it relies on.
 */
#ifndef _VGPU_FPU_H
#define _VGPU_FPU_H

#include <linux/irqflags.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/time64.h>
#include <asm/fpu/api.h>

#define VGPU_FPU_MOST_NS	700000u	/* no section's own work is more, whatever the code: Documentation/driver.rst */

/**
 * struct vgpu_fpu_section - what the end of a section compares (UML only)
 * @preempt: preempt_count() within
 * @cpu: where it began
 * @cpu_start: executed time of this CPU then, ns
 */
struct vgpu_fpu_section {
	int preempt;
	int cpu;
	u64 cpu_start;
};

#ifdef CONFIG_UML

#define VGPU_MXCSR_DEFAULT	0x1f80u	/* all exceptions masked, round to nearest */
#define VGPU_MXCSR_MASKS	0x1f80u
#define VGPU_MXCSR_POISON	0x5f80u	/* rounds up: whoever relies on it computes wrong */
#define VGPU_FPU_POISON		0xffbad0bau	/* a signalling NaN, and no sane integer */

/*
 * The host's time for this CPU's thread. On a busy host the wall clock says how long
 * others ran, too. The kernel part of UML is an ordinary process to the host.
 */
static inline u64 vgpu_fpu_cpu_ns(void)
{
	s64 ts[2] = { 0, 0 };
	long rc;

	/* clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts) */
	asm volatile("syscall" : "=a"(rc) : "0"(228L), "D"(3L), "S"(ts)
		     : "rcx", "r11", "memory");
	return rc ? 0 : ts[0] * NSEC_PER_SEC + ts[1];
}

/* 0: SSE only, 1: AVX, 2: AVX-512; of this processor, with what its system saves. */
static inline int vgpu_fpu_width(void)
{
	u32 a = 1, b, c = 0, d, lo, hi;

	asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	if (!(c >> 27 & 1) || !(c >> 28 & 1))	/* osxsave, avx */
		return 0;
	asm volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	if ((lo & 6) != 6)
		return 0;
	a = 7;
	c = 0;
	asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return (lo & 0xe6) == 0xe6 && (b >> 16 & 1) ? 2 : 1;
}

#define VGPU_REGS_LOW	"0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15"
#define VGPU_REGS_HIGH	"16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"

/* Every vector and mask register, and the modes: no one's any more. */
static inline void vgpu_fpu_poison(void)
{
	static int width = -1;
	static const u32 bad[4] = {
		VGPU_FPU_POISON, VGPU_FPU_POISON, VGPU_FPU_POISON, VGPU_FPU_POISON };
	static const u32 mode = VGPU_MXCSR_POISON;

	if (READ_ONCE(width) < 0)	/* cpuid traps to a hypervisor: once */
		WRITE_ONCE(width, vgpu_fpu_width());

	switch (READ_ONCE(width)) {
	case 2:
		asm volatile(".irp n," VGPU_REGS_LOW "," VGPU_REGS_HIGH "\n\t"
			     "vpbroadcastd %0, %%zmm\\n\n\t.endr\n\t"
			     ".irp n,1,2,3,4,5,6,7\n\tkmovw %%esp, %%k\\n\n\t.endr"
			     : : "m"(bad[0]));
		break;
	case 1:
		asm volatile(".irp n," VGPU_REGS_LOW "\n\t"
			     "vbroadcastss %0, %%ymm\\n\n\t.endr" : : "m"(bad[0]));
		break;
	default:
		asm volatile(".irp n," VGPU_REGS_LOW "\n\t"
			     "movups %0, %%xmm\\n\n\t.endr" : : "m"(bad));
	}
	asm volatile("ldmxcsr %0" : : "m"(mode));
}

static inline void vgpu_fpu_begin(struct vgpu_fpu_section *s)
{
	static const u32 mode = VGPU_MXCSR_DEFAULT;

	preempt_disable();
	asm volatile("ldmxcsr %0" : : "m"(mode) : "memory");
	s->preempt = preempt_count();
	s->cpu = smp_processor_id();
	s->cpu_start = vgpu_fpu_cpu_ns();
}

/**
 * vgpu_fpu_end - end a section and check how it was kept
 * @s: the section
 * @ns: how long it was, by the clock
 *
 * Return: how long it was: where that seems too much, of executed time.
 */
static inline u64 vgpu_fpu_end(struct vgpu_fpu_section *s, u64 ns)
{
	u32 mode;

	asm volatile("stmxcsr %0" : "=m"(mode) : : "memory");
	vgpu_fpu_poison();
	WARN_ONCE(preempt_count() != s->preempt, "FPU section: preempt count %d became %d\n",
		  s->preempt, preempt_count());
	WARN_ONCE(irqs_disabled(), "FPU section: interrupts stay disabled\n");
	WARN_ONCE(smp_processor_id() != s->cpu, "FPU section: began on CPU %d, ends on %d\n",
		  s->cpu, smp_processor_id());
	WARN_ONCE((mode & VGPU_MXCSR_MASKS) != VGPU_MXCSR_MASKS,
		  "FPU section: exceptions unmasked, MXCSR %#x\n", mode);
	if (ns > VGPU_FPU_MOST_NS)
		ns = vgpu_fpu_cpu_ns() - s->cpu_start;
	preempt_enable();
	return ns;
}

#else

static inline void vgpu_fpu_begin(struct vgpu_fpu_section *s)
{
	kernel_fpu_begin();
}

static inline u64 vgpu_fpu_end(struct vgpu_fpu_section *s, u64 ns)
{
	kernel_fpu_end();
	return ns;
}

#endif /* CONFIG_UML */

#endif
