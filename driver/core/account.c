// SPDX-License-Identifier: GPL-2.0
/*
 * Accounting: what processes have used, those that have ended included.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "ioctl.h"
#include "vgpu.h"

#define MAX_RUNNING	4096

static void add_ctx(struct vgpu_account *a, struct vgpu_ctx *ctx)
{
	u64 age = ktime_get_ns() - ctx->usage.born_ns, born = ktime_get_real_ns() - age;

	if (!a->start_ns || born < a->start_ns)
		a->start_ns = born;
	a->time_ns = ktime_get_real_ns() - a->start_ns;
	a->active_ns += ctx->usage.active_ns;
	a->busy_ns += atomic64_read(&ctx->cnt.busy_ns);
	a->mem_busy_ns += atomic64_read(&ctx->cnt.mem_busy_ns);
	a->vram_peak += atomic64_read(&ctx->usage.vram_peak);
	a->launches += atomic64_read(&ctx->cnt.launches);
}

static u64 oldest(const struct vgpu_monitor *mon)
{
	return mon->naccounts > VGPU_ACCOUNTS ? mon->naccounts - VGPU_ACCOUNTS : 0;
}

/** vgpu_account_add - remember a context that ends; the monitor's lock is held */
void vgpu_account_add(struct vgpu_ctx *ctx)
{
	struct vgpu_monitor *mon = ctx->dev->mon;
	struct pid *old;
	u64 n;

	for (n = oldest(mon); n < mon->naccounts; n++)
		if (mon->account_pids[n % VGPU_ACCOUNTS] == ctx->pid)
			break;
	if (n == mon->naccounts) {
		old = mon->account_pids[n % VGPU_ACCOUNTS];
		mon->account_pids[n % VGPU_ACCOUNTS] = get_pid(ctx->pid);
		memset(&mon->accounts[n % VGPU_ACCOUNTS], 0, sizeof(*mon->accounts));
		mon->naccounts++;
		put_pid(old);
	}
	add_ctx(&mon->accounts[n % VGPU_ACCOUNTS], ctx);
}

/** vgpu_account_forget - forget those that have ended; the monitor's lock is held, or it ends */
void vgpu_account_forget(struct vgpu_monitor *mon)
{
	int i;

	for (i = 0; i < VGPU_ACCOUNTS; i++) {
		put_pid(mon->account_pids[i]);
		mon->account_pids[i] = NULL;
	}
	mon->naccounts = 0;
}

/* Those that have ended, then those that run; a process that has contexts is in the second part only. */
static u32 gather(struct vgpu_device *dev, struct vgpu_account *tab, struct pid **pids, u32 room)
{
	struct vgpu_monitor *mon = dev->mon;
	struct vgpu_ctx *ctx;
	u32 n = 0, i;
	u64 k;

	for (k = oldest(mon); k < mon->naccounts && n < room; k++, n++) {
		tab[n] = mon->accounts[k % VGPU_ACCOUNTS];
		pids[n] = mon->account_pids[k % VGPU_ACCOUNTS];
	}
	mutex_lock(&dev->ctx_lock);
	list_for_each_entry(ctx, &dev->contexts, dev_link) {
		for (i = 0; i < n && pids[i] != ctx->pid; i++)
			;
		if (i == room)
			break;
		if (i == n) {
			memset(&tab[n], 0, sizeof(*tab));
			pids[n++] = ctx->pid;
		}
		add_ctx(&tab[i], ctx);
		tab[i].running = 1;
	}
	mutex_unlock(&dev->ctx_lock);
	for (i = 0; i < n; i++)
		tab[i].pid = pid_vnr(pids[i]);
	return n;
}

int vgpu_ioctl_accounts(struct vgpu_file *vf, void *arg)
{
	struct vgpu_monitor *mon = vf->dev->mon;
	struct vgpu_accounts *q = arg;
	struct vgpu_account *tab;
	struct pid **pids;
	u32 room = VGPU_ACCOUNTS + min(atomic_read(&vf->dev->cnt.contexts) + 16, MAX_RUNNING);
	u32 n = 0;
	int rc = -ENOMEM;

	tab = vgpu_counted(VGPU_KIND_SCRATCH, kvcalloc(room, sizeof(*tab), VGPU_GFP));
	pids = vgpu_counted(VGPU_KIND_SCRATCH, kvcalloc(room, sizeof(*pids), VGPU_GFP));
	if (tab && pids) {
		vgpu_monitor_refresh(vf->dev);
		mutex_lock(&mon->lock);
		if (mon->accounting)
			n = gather(vf->dev, tab, pids, room);
		mutex_unlock(&mon->lock);
		rc = vgpu_copy_array(q->accounts, q->entry_size, tab, sizeof(*tab),
				     min(n, q->count));
		q->count = n;
		q->limit = VGPU_ACCOUNTS;
	}
	vgpu_counted_free(VGPU_KIND_SCRATCH, pids);
	vgpu_counted_free(VGPU_KIND_SCRATCH, tab);
	return rc;
}
