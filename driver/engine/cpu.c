// SPDX-License-Identifier: GPL-2.0
/*
 * What this CPU, with this system's saved state, can run.  Asked of the processor
 * itself, so that kernel, user space and User-Mode Linux all get the same answer.
 */
#include "cpu.h"

struct cpuid {
	u32 a, b, c, d;
};

static struct cpuid ask(u32 leaf, u32 sub)
{
	struct cpuid r;

	__asm__ volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d)
			 : "a"(leaf), "c"(sub));
	return r;
}

/* Register state that the system saves: bit 2 ymm; 5, 6, 7 the parts of AVX-512 */
static u32 saved_state(void)
{
	u32 lo, hi;

	if (!(ask(1, 0).c >> 27 & 1))
		return 0;
	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return lo;
}

bool eng_cpu_sse2(void)
{
	return true;	/* part of x86-64 */
}

bool eng_cpu_avx2(void)
{
	const u32 want1 = 1U << 12 | 1U << 28 | 1U << 29;	/* fma, avx, f16c */
	const u32 want7 = 1U << 3 | 1U << 5 | 1U << 8;		/* bmi1, avx2, bmi2 */

	return (saved_state() & 6) == 6 && ask(0, 0).a >= 7 &&
	       (ask(1, 0).c & want1) == want1 && (ask(7, 0).b & want7) == want7;
}

bool eng_cpu_avx512(void)
{
	const u32 want7 = 1U << 16 | 1U << 17 | 1U << 30 | 1U << 31;	/* f, dq, bw, vl */

	return eng_cpu_avx2() && (saved_state() & 0xe6) == 0xe6 &&
	       (ask(7, 0).b & want7) == want7;
}

bool eng_cpu_avx512vnni(void)
{
	const u32 want7 = 1U << 1 | 1U << 11;	/* vbmi, vnni */

	return eng_cpu_avx512() && (ask(7, 0).c & want7) == want7;
}

/*
 * Every processor with FP16 is newer than Gather Data Sampling (INTEL-SA-00828), so
 * that its gathers neither leak nor are slowed down by microcode.
 */
bool eng_cpu_avx512fp16(void)
{
	return eng_cpu_avx512vnni() && ask(7, 0).d >> 23 & 1;
}
