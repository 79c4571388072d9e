// SPDX-License-Identifier: GPL-2.0
/*
 * The worker threads: what they do next, how they spin, sleep and wake.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/freezer.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/sched/isolation.h>
#include <linux/sched/stat.h>
#include <linux/slab.h>

#include "../core/face.h"
#include "../core/params.h"
#include "internal.h"

#define SPIN_NS	50000u	/* how long to look for work before sleeping */
#define KICKS_NS	250000u	/* how long to look at kicked rings before a turn on a job */

struct vgpu_sched vgpu_sched;

/** vgpu_sched_workers - how many worker threads there are */
unsigned int vgpu_sched_workers(void)
{
	return vgpu_sched.nworkers;
}
EXPORT_SYMBOL_VGPU(vgpu_sched_workers);

/* A sleeping worker, rather not one that the caller keeps off its CPU. */
static struct vgpu_worker *choose_idle(void)
{
	struct vgpu_worker *w = list_first_entry(&vgpu_sched.idle, struct vgpu_worker, link);

	if (w->cpu == smp_processor_id() && !list_is_last(&w->link, &vgpu_sched.idle))
		w = list_next_entry(w, link);
	return w;
}

/** vgpu_wake_workers - wake up to @n sleeping workers; under sched.lock */
void vgpu_wake_workers(unsigned int n)
{
	struct vgpu_worker *w;

	while (n-- && vgpu_sched.nidle) {
		w = choose_idle();
		list_del_init(&w->link);
		vgpu_sched.nidle--;
		w->sleeping = false;
		wake_up_process(w->task);
	}
}

/** vgpu_workers_drop_spares - a context has gone, or memory is short: nobody keeps any that is not in use */
void vgpu_workers_drop_spares(void)
{
	unsigned int i;

	vgpu_unit_drop_shared();
	spin_lock(&vgpu_sched.lock);
	for (i = 0; i < vgpu_sched.nworkers; i++)
		WRITE_ONCE(vgpu_sched.worker[i]->drop, true);
	vgpu_wake_workers(vgpu_sched.nworkers);
	spin_unlock(&vgpu_sched.lock);
}

/* Under the lock. */
static bool work_waits(void)
{
	return !list_empty(&vgpu_sched.kicks) || !list_empty(&vgpu_sched.runnable);
}

/* A queue that was kicked, PUMPING from now on, and whether there are more. */
static struct vgpu_queue *next_kick(bool *more)
{
	struct vgpu_queue *q;

	spin_lock(&vgpu_sched.lock);
	vgpu_poll_rings_locked();
	q = vgpu_turn_next_kick();
	*more = !list_empty(&vgpu_sched.kicks);
	if (q) {
		WRITE_ONCE(q->state, VGPU_Q_PUMPING);
		if (work_waits())
			vgpu_wake_workers(1);
	}
	spin_unlock(&vgpu_sched.lock);
	return q;
}

static bool step(struct vgpu_worker *w)
{
	bool any = false, more;
	struct vgpu_queue *q;
	u64 end = 0;

	while ((q = next_kick(&more))) {
		any = true;
		if (more && !end)
			end = ktime_get_ns() + KICKS_NS;
		vgpu_queue_pump(w, q);
		if (!more || ktime_get_ns() > end)
			break;
		cond_resched();
	}
	return vgpu_job_step(w) || any;
}

static bool may_spin(void)
{
	return single_task_running() && !need_resched() && !kthread_should_stop();
}

/* Look for work for a while. Returns whether there may be some. */
static bool spin(void)
{
	u64 end = ktime_get_ns() + SPIN_NS;
	bool found = false;

	spin_lock(&vgpu_sched.lock);
	vgpu_sched.nspinning++;
	spin_unlock(&vgpu_sched.lock);
	while (!found && may_spin() && ktime_get_ns() < end) {
		cpu_relax();
		if (!spin_trylock(&vgpu_sched.lock))
			continue;
		found = vgpu_poll_rings_locked() || work_waits();
		spin_unlock(&vgpu_sched.lock);
	}
	spin_lock(&vgpu_sched.lock);
	vgpu_sched.nspinning--;
	spin_unlock(&vgpu_sched.lock);
	return found;
}

static void drop_spare(struct vgpu_worker *w)
{
	if (!READ_ONCE(w->drop))
		return;
	WRITE_ONCE(w->drop, false);
	vgpu_unit_free(w->unit);
	w->unit = NULL;
}

static void doze(struct vgpu_worker *w)
{
	bool sleep;

	spin_lock(&vgpu_sched.lock);
	if (!vgpu_sched.nspinning)
		vgpu_unpoll_locked();
	/* The state before the look: who stops the thread or freezes it takes no lock of ours. */
	set_current_state(TASK_IDLE | TASK_FREEZABLE);
	sleep = !work_waits() && !READ_ONCE(w->drop) && !kthread_should_stop();
	if (sleep) {
		list_add(&w->link, &vgpu_sched.idle);
		vgpu_sched.nidle++;
		w->sleeping = true;
	} else {
		__set_current_state(TASK_RUNNING);
	}
	spin_unlock(&vgpu_sched.lock);
	if (!sleep)
		return;
	schedule();
	__set_current_state(TASK_RUNNING);
	/* Woken by something else than vgpu_wake_workers(). */
	spin_lock(&vgpu_sched.lock);
	if (w->sleeping) {
		list_del_init(&w->link);
		vgpu_sched.nidle--;
		w->sleeping = false;
	}
	spin_unlock(&vgpu_sched.lock);
}

static int worker(void *arg)
{
	struct vgpu_worker *w = arg;

	set_freezable();	/* nothing may write to memory while it is being saved */
	while (!kthread_should_stop()) {
		try_to_freeze();
		drop_spare(w);
		if (step(w))
			cond_resched();
		else if (!spin())
			doze(w);
	}
	return 0;
}

/* ---- start and end */

static int hotplug_state;

/* A CPU comes back: so do its workers, which ran elsewhere meanwhile. */
static int came_back(unsigned int cpu)
{
	unsigned int i;

	for (i = 0; i < vgpu_sched.nworkers; i++)
		if (vgpu_sched.worker[i]->cpu == cpu)
			set_cpus_allowed_ptr(vgpu_sched.worker[i]->task, cpumask_of(cpu));
	return 0;
}

/* All but those that were isolated (isolcpus=, cpusets): whoever wants a worker there names them. */
static void cpus_of_everybody(struct cpumask *mask)
{
	unsigned int cpu;

	rcu_read_lock();
	for_each_online_cpu(cpu)
		if (housekeeping_test_cpu(cpu, HK_TYPE_DOMAIN))
			cpumask_set_cpu(cpu, mask);
	rcu_read_unlock();
}

static int cpus_for_workers(struct cpumask *mask)
{
	int rc = 0;

	if (*vgpu_params.cpus)
		rc = cpulist_parse(vgpu_params.cpus, mask);
	else
		cpus_of_everybody(mask);
	if (rc) {
		pr_err("cpus=%s is no list of this machine's CPUs\n", vgpu_params.cpus);
		return -EINVAL;
	}
	if (!cpumask_and(mask, mask, cpu_online_mask)) {
		pr_err("cpus=%s names no CPU that is online\n", vgpu_params.cpus);
		return -EINVAL;
	}
	return 0;
}

static int start(unsigned int index, int cpu)
{
	struct vgpu_worker *w = vgpu_counted(VGPU_KIND_WORKER, kvzalloc(sizeof(*w), GFP_KERNEL));

	if (!w)
		return -ENOMEM;
	w->index = index;
	w->cpu = cpu;
	w->tick_rate = VGPU_TICK_RATE_FIRST;
	INIT_LIST_HEAD(&w->link);
	w->task = kthread_create(worker, w, "vgpu/%u", index);
	if (IS_ERR(w->task)) {
		int rc = PTR_ERR(w->task);

		vgpu_counted_free(VGPU_KIND_WORKER, w);
		return rc;
	}
	set_user_nice(w->task, vgpu_params.nice);
	/* Not set_cpus_allowed_ptr(): since 6.14 a thread that is not bound is given its node's CPUs when it first runs. */
	kthread_bind(w->task, cpu);
	vgpu_sched.worker[index] = w;
	vgpu_sched.nworkers = index + 1;
	return 0;
}

static int start_all(const struct cpumask *mask)
{
	unsigned int want = vgpu_params.workers ?: cpumask_weight(mask), i;
	int cpu = -1, rc = 0;

	/* The parameter is no more than that, a machine may have more CPUs. */
	want = min_t(unsigned int, want, VGPU_MAX_WORKERS);
	if (want > cpumask_weight(mask))
		pr_info("workers=%u: more than the %u CPUs that they share\n", want, cpumask_weight(mask));
	for (i = 0; i < want && !rc; i++) {
		cpu = cpumask_next(cpu, mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(mask);
		rc = start(i, cpu);
	}
	if (!rc)
		for (i = 0; i < want; i++)
			wake_up_process(vgpu_sched.worker[i]->task);
	return rc;
}

static void destroy_work_queues(void)
{
	if (vgpu_sched.due)
		destroy_workqueue(vgpu_sched.due);
	if (vgpu_sched.chores)
		destroy_workqueue(vgpu_sched.chores);
	if (vgpu_sched.wq)
		destroy_workqueue(vgpu_sched.wq);
}

/** vgpu_sched_exit - end the workers; nothing is queued any more */
void vgpu_sched_exit(void)
{
	if (hotplug_state > 0)
		cpuhp_remove_state_nocalls(hotplug_state);
	while (vgpu_sched.nworkers) {
		struct vgpu_worker *w = vgpu_sched.worker[--vgpu_sched.nworkers];

		kthread_stop(w->task);
		vgpu_unit_free(w->unit);
		vgpu_counted_free(VGPU_KIND_WORKER, w);
	}
	vgpu_look_exit();
	destroy_work_queues();
}

/* All or none. */
static int make_work_queues(void)
{
	/* Fences of vgpu_drm depend on queues that are looked at again by it. */
	vgpu_sched.wq = alloc_workqueue("vgpu", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	vgpu_sched.chores = alloc_workqueue("vgpu_chores", WQ_UNBOUND, WQ_MAX_ACTIVE);
	/* Whoever lets go of a context waits for it: vgpu_drm's fences do, and must not for what needs memory. */
	vgpu_sched.due = alloc_workqueue("vgpu_due", WQ_UNBOUND | WQ_MEM_RECLAIM, WQ_MAX_ACTIVE);
	if (vgpu_sched.wq && vgpu_sched.chores && vgpu_sched.due)
		return 0;
	destroy_work_queues();
	return -ENOMEM;
}

/** vgpu_sched_init - start the workers */
int vgpu_sched_init(void)
{
	cpumask_var_t mask;
	int rc;

	spin_lock_init(&vgpu_sched.lock);
	INIT_LIST_HEAD(&vgpu_sched.kicks);
	INIT_LIST_HEAD(&vgpu_sched.polled);
	INIT_LIST_HEAD(&vgpu_sched.runnable);
	INIT_LIST_HEAD(&vgpu_sched.idle);
	vgpu_look_init();
	if (!zalloc_cpumask_var(&mask, GFP_KERNEL))
		return -ENOMEM;
	rc = make_work_queues();
	if (rc) {
		free_cpumask_var(mask);
		return rc;
	}
	rc = cpus_for_workers(mask);
	if (!rc)
		rc = start_all(mask);
	free_cpumask_var(mask);
	if (!rc) {
		hotplug_state = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "vgpu:online",
							  came_back, NULL);
		rc = min(hotplug_state, 0);
	}
	if (rc)
		vgpu_sched_exit();
	return rc;
}
