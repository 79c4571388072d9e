// SPDX-License-Identifier: GPL-2.0
/*
 * Ends that have a thread of their own. What a process holds may take long to end, and as long as somebody else likes: pages of
 * a file that a process serves are locked by it, memory of a control group above its limit is waited for. A process that
 * ends its own waits for that itself. This is for those that nobody may be kept waiting for.
 */
#include <linux/workqueue.h>

#include "vgpu.h"

static struct workqueue_struct *ends;

/** vgpu_end_later - have work done after so many jiffies, by a thread that may be kept waiting */
void vgpu_end_later(struct delayed_work *work, unsigned long delay)
{
	queue_delayed_work(ends, work, delay);
}

/** vgpu_ends_init - before the first file: 0 or -ENOMEM */
int vgpu_ends_init(void)
{
	/* One who is kept waiting keeps no other. */
	ends = alloc_workqueue("vgpu_ends", WQ_UNBOUND, WQ_MAX_ACTIVE);
	return ends ? 0 : -ENOMEM;
}

/** vgpu_ends_exit - after the last file; waits for what is being ended */
void vgpu_ends_exit(void)
{
	destroy_workqueue(ends);
}
