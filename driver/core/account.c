// SPDX-License-Identifier: GPL-2.0
/*
 * Accounting: what processes have used, those that have ended included.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "gather.h"
#include "ioctl.h"
#include "vgpu.h"

#define MAX_RUNNING	4096

static void add_ctx(struct vgpu_account *a, struct vgpu_ctx *ctx)
{
	u64 age = ktime_get_ns() - ctx->usage.born_ns, born = ktime_get_real_ns() - age;

	if (!a->start_ns || born < a->start_ns)
		a->start_ns = born;
	a->time_ns = ktime_get_real_ns() - a->start_ns;
	a->active_ns += READ_ONCE(ctx->usage.active_ns);
	a->busy_ns += atomic64_read(&ctx->cnt.busy_ns);
	a->mem_busy_ns += atomic64_read(&ctx->cnt.mem_busy_ns);
	a->vram_peak += atomic64_read(&ctx->usage.vram_peak);
	a->launches += atomic64_read(&ctx->cnt.launches);
}

static u64 oldest(const struct vgpu_monitor *mon)
{
	return mon->naccounts > VGPU_ACCOUNTS ? mon->naccounts - VGPU_ACCOUNTS : 0;
}

/** vgpu_account_add - remember a context that ends, and is no running one any more; the monitor's lock is held */
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
	WRITE_ONCE(ctx->usage.closed, true);
	WRITE_ONCE(mon->closed, mon->closed + 1);
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

static void take_ended(struct vgpu_monitor *mon, struct vgpu_gathered *g)
{
	struct vgpu_account *a;
	u64 k;

	for (k = oldest(mon); k < mon->naccounts; k++) {
		a = vgpu_gather_next(g, mon->account_pids[k % VGPU_ACCOUNTS]);
		if (!a)
			break;
		*a = mon->accounts[k % VGPU_ACCOUNTS];
	}
}

static bool take_ctx(struct vgpu_ctx *ctx, void *gathered)
{
	struct vgpu_account *a;

	/* One whose account is closed is among the ended ones, or will be: see gather(). */
	if (READ_ONCE(ctx->usage.closed))
		return true;
	a = vgpu_gather_next(gathered, ctx->pid);
	if (!a)
		return false;
	add_ctx(a, ctx);
	a->running = 1;
	return true;
}

static void add(void *entry, const void *other)
{
	const struct vgpu_account *more = other;
	struct vgpu_account *a = entry;

	a->running |= more->running;
	a->start_ns = min(a->start_ns, more->start_ns);
	a->time_ns = ktime_get_real_ns() - a->start_ns;
	a->active_ns += more->active_ns;
	a->busy_ns += more->busy_ns;
	a->mem_busy_ns += more->mem_busy_ns;
	a->vram_peak += more->vram_peak;
	a->launches += more->launches;
}

/* Whether it is all of one moment: an account that was closed between the two looks is in neither. */
static bool gather_once(struct vgpu_device *dev, struct vgpu_gathered *g)
{
	struct vgpu_monitor *mon = dev->mon;
	bool accounting;
	u64 closed;

	spin_lock(&mon->lock);
	closed = mon->closed;
	accounting = mon->accounting;
	if (accounting)
		take_ended(mon, g);
	spin_unlock(&mon->lock);
	if (accounting)
		vgpu_ctx_each(dev, take_ctx, g);
	return READ_ONCE(mon->closed) == closed;
}

static void gather(struct vgpu_device *dev, struct vgpu_gathered *g)
{
	unsigned int tries = 4;

	while (!gather_once(dev, g) && --tries)
		vgpu_gather_forget(g);
	vgpu_gather_fold(g, add);
}

int vgpu_ioctl_accounts(struct vgpu_file *vf, void *arg)
{
	struct vgpu_accounts *q = arg;
	struct vgpu_gathered g;
	int rc = vgpu_gather_begin(&g, sizeof(struct vgpu_account),
				   VGPU_ACCOUNTS + min(atomic_read(&vf->dev->cnt.contexts) + 16, MAX_RUNNING));

	if (!rc) {
		gather(vf->dev, &g);
		rc = vgpu_copy_array(q->accounts, q->entry_size, g.tab, g.entry, min(g.n, q->count));
		q->count = g.n;
		q->limit = VGPU_ACCOUNTS;
	}
	vgpu_gather_end(&g);
	return rc;
}
