// SPDX-License-Identifier: GPL-2.0
/*
 * planted - bugs on purpose, one per load, to prove that a bed sees them.
 *
 * Never for a machine that matters: each bug is real.
 */
#include "driver/core/tally.c" /* its pr_fmt() with it: what it says is what vgpu.ko says */

#undef pr_fmt
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/version.h>
#include <linux/vmalloc.h>

#include "driver/sched/fpu.h"

static char *bug = "none";
module_param(bug, charp, 0444);
MODULE_PARM_DESC(bug, "what goes wrong at load: none, or a name in the table of planted.c");

/* Forgets a kmalloc and a vmalloc: kmemleak, or the kernel's allocation tags at rmmod. */
static int leak(void)
{
	char *small = kmalloc(1000, GFP_KERNEL);
	char *large = vmalloc(3 * PAGE_SIZE);

	if (small)
		memset(small, 0xa5, 1000);
	if (large)
		memset(large, 0xa5, 3 * PAGE_SIZE);
	return 0;
}

/* Forgets what vgpu.ko's own counters know of: they, which are in here as they are there, say so at unload. */
static int told_leak(void)
{
	char *p = vgpu_counted(VGPU_KIND_BO, kmalloc(1000, GFP_KERNEL));

	return p ? 0 : -ENOMEM;
}

/* Sleeps in an FPU section. */
static int fpu_sleep(void)
{
	struct vgpu_fpu_section s;

	vgpu_fpu_begin(&s);
	msleep(20);
	vgpu_fpu_end(&s, 0);
	return 0;
}

/* Leaves a section with the preemption count that it did not begin with. */
static int fpu_preempt(void)
{
	struct vgpu_fpu_section s;

	vgpu_fpu_begin(&s);
	preempt_disable();
	vgpu_fpu_end(&s, 0);
	preempt_enable();
	return 0;
}

/* Leaves a section with the interrupts that it disabled. */
static int fpu_irqs(void)
{
	struct vgpu_fpu_section s;

	vgpu_fpu_begin(&s);
	local_irq_disable();
	vgpu_fpu_end(&s, 0);
	local_irq_enable();
	return 0;
}

/* Ends a section on another CPU than the one where it began: with preemption enabled, and again disabled there. */
static int fpu_cpu(void)
{
	struct vgpu_fpu_section s;
	unsigned int other;
	int rc = -ENODEV;

	vgpu_fpu_begin(&s);
	preempt_enable();
	other = cpumask_any_but(cpu_online_mask, s.cpu);
	if (other < nr_cpu_ids)
		rc = set_cpus_allowed_ptr(current, cpumask_of(other));
	preempt_disable();
	vgpu_fpu_end(&s, 0);
	return rc;
}

/* Leaves a section with a floating-point exception unmasked: the next one is an oops. */
static int fpu_modes(void)
{
	static const u32 unmasked = 0x1f00;
	struct vgpu_fpu_section s;

	vgpu_fpu_begin(&s);
	asm volatile("ldmxcsr %0" : : "m"(unmasked));
	vgpu_fpu_end(&s, 0);
	return 0;
}

/* Keeps a value in a vector register from one section to the next. */
static int fpu_keep(void)
{
	struct vgpu_fpu_section s;
	unsigned long kept = 4711, found;

	vgpu_fpu_begin(&s);
	asm volatile("movq %0, %%xmm15" : : "r"(kept));
	vgpu_fpu_end(&s, 0);
	vgpu_fpu_begin(&s);
	asm volatile("movq %%xmm15, %0" : "=r"(found));
	vgpu_fpu_end(&s, 0);
	WARN(found != kept, "a register was lost between two FPU sections\n");
	return 0;
}

/*
 * Stays in a section for milliseconds; who ends it is told how long it was, of executed time, and
 * on a busy host a delay, calibrated by the clock at boot, executes for a fraction of its length.
 */
static int fpu_long(void)
{
	struct vgpu_fpu_section s;
	u64 ns = ktime_get_ns();

	vgpu_fpu_begin(&s);
	mdelay(20);
	ns = vgpu_fpu_end(&s, ktime_get_ns() - ns);
	WARN(ns > VGPU_FPU_MOST_NS, "an FPU section of %llu ns\n", ns);
	return 0;
}

/* Writes one byte behind a slab object and one behind a vmalloc area's last page. */
static int oob(void)
{
	volatile char *small = kmalloc(120, GFP_KERNEL);
	volatile char *large = vmalloc(PAGE_SIZE + 100);

	if (small)
		small[120] = 1;
	if (large)
		large[PAGE_SIZE + 100] = 1;
	kfree((void *)small);
	vfree((void *)large);
	return 0;
}

static DEFINE_MUTEX(lock_a);
static DEFINE_MUTEX(lock_b);

/* Takes two mutexes in both orders, one after the other, so nothing hangs. */
static int lock_order(void)
{
	mutex_lock(&lock_a);
	mutex_lock(&lock_b);
	mutex_unlock(&lock_b);
	mutex_unlock(&lock_a);

	mutex_lock(&lock_b);
	mutex_lock(&lock_a);
	mutex_unlock(&lock_a);
	mutex_unlock(&lock_b);
	return 0;
}

static unsigned long shared_word;

static int racer(void *unused)
{
	while (!kthread_should_stop()) {
		shared_word++;
		cond_resched();
	}
	return 0;
}

/* Two threads add to one word without a lock or an annotation, for two seconds. */
static int race(void)
{
	struct task_struct *t[2];
	int i;

	for (i = 0; i < 2; i++)
		t[i] = kthread_run(racer, NULL, "planted/%d", i);
	msleep(2000);
	for (i = 0; i < 2; i++)
		if (!IS_ERR(t[i]))
			kthread_stop(t[i]);
	return 0;
}

/* Reads through a wild pointer: an oops in insmod's own context. */
static int oops(void)
{
	return *(volatile int *)16;
}

/* A WARN, which taints and goes on. */
static int warn(void)
{
	WARN(1, "planted warning\n");
	return 0;
}

/* Holds a reference on itself: rmmod fails. */
static int busy(void)
{
	__module_get(THIS_MODULE);
	return 0;
}

/* Does not come back: its CPU is lost. */
static int hang(void)
{
	preempt_disable();
	for (;;)
		cpu_relax();
	return 0;
}

static int none(void)
{
	return 0;
}

static const struct {
	const char *name;
	int (*run)(void);
} bugs[] = {
	{ "none", none },
	{ "leak", leak },
	{ "told-leak", told_leak },
	{ "fpu-sleep", fpu_sleep },
	{ "fpu-preempt", fpu_preempt },
	{ "fpu-irqs", fpu_irqs },
	{ "fpu-cpu", fpu_cpu },
	{ "fpu-modes", fpu_modes },
	{ "fpu-keep", fpu_keep },
	{ "fpu-long", fpu_long },
	{ "oob", oob },
	{ "lock-order", lock_order },
	{ "race", race },
	{ "oops", oops },
	{ "warn", warn },
	{ "busy", busy },
	{ "hang", hang },
};

static int __init planted_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(bugs); i++)
		if (!strcmp(bug, bugs[i].name))
			return bugs[i].run();
	pr_err("no bug named %s\n", bug);
	return -EINVAL;
}

static void __exit planted_exit(void)
{
	vgpu_tally_tell(VGPU_KIND_OF_VGPU);
}

module_init(planted_init);
module_exit(planted_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Planted bugs that prove the test beds");
