// SPDX-License-Identifier: GPL-2.0
/*
 * Queue fences: a packet's completion as a dma_fence, in a syncobj and so in a sync_file.
 *
 * The kernel's rule is that every dma_fence signals in finite time, whatever user space does; a kernel of a
 * user's has no such bound. So a fence waits for so long and then signals with ETIMEDOUT; and only
 * queues have fences here, not the values that user space itself signals.
 *
 * A fence is settled once: by the queue's callback, or by the timeout when it could take the
 * callback back. Whoever it is, the rest is left to a work item, for queues are put where
 * one may sleep. Fences can outlive everything but this module, which each holds.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <drm/drm_syncobj.h>
#include <linux/dma-fence-chain.h>
#include <linux/dma-fence.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "../sched/sched.h"
#include "internal.h"

#define MAX_TIMEOUT_MS	(24 * 3600 * 1000)

static unsigned int fence_timeout_ms = 60000;
module_param(fence_timeout_ms, uint, 0444);
MODULE_PARM_DESC(fence_timeout_ms, "after which a queue fence signals with an error");

static struct workqueue_struct *wq;

/**
 * struct fence - a packet of a queue that will complete
 * @base: the kernel's part
 * @lock: for it
 * @waiter: in the queue's timeline until it is settled
 * @queue: referenced until it is settled
 * @timeout: gives up
 * @settled: signals, and lets go of the queue
 */
struct fence {
	struct dma_fence base;
	spinlock_t lock;
	struct vgpu_tl_waiter waiter;
	struct vgpu_obj *queue;
	struct delayed_work timeout;
	struct work_struct settled;
};

static struct fence *to_fence(struct dma_fence *base)
{
	return container_of(base, struct fence, base);
}

static const char *driver_name(struct dma_fence *base)
{
	return VGPU_NAME;
}

static const char *timeline_name(struct dma_fence *base)
{
	return "queue";
}

static void free_fence(struct rcu_head *rcu)
{
	kfree(to_fence(container_of(rcu, struct dma_fence, rcu)));
	vgpu_tally_drm(VGPU_KIND_DRM_FENCE, -1);
	module_put(THIS_MODULE);	/* unload waits for us with rcu_barrier() */
}

static void release(struct dma_fence *base)
{
	/* Our last caller may be inside here when the module may go: not before a grace period. */
	rcu_read_lock();
	call_rcu(&base->rcu, free_fence);
	rcu_read_unlock();
}

static const struct dma_fence_ops ops = {
	.get_driver_name = driver_name,
	.get_timeline_name = timeline_name,
	.release = release,
};

/*
 * Called once, by whoever took the waiter off the timeline, which may hold that one's lock: who waits for the
 * fence is woken elsewhere, for there may be many.
 */
static void settle(struct fence *f, int error)
{
	if (error)
		dma_fence_set_error(&f->base, error);
	queue_work(wq, &f->settled);
}

/* Under the timeline's lock. */
static void reached(struct vgpu_tl_waiter *w)
{
	struct fence *f = container_of(w, struct fence, waiter);

	settle(f, vgpu_queue_done(f->queue) < w->value ? -EIO : 0);
}

static void arm(struct fence *f)
{
	queue_delayed_work(wq, &f->timeout, msecs_to_jiffies(fence_timeout_ms));
}

static void give_up(struct work_struct *work)
{
	struct fence *f = container_of(to_delayed_work(work), struct fence, timeout);

	if (vgpu_queue_unwatch(f->queue, &f->waiter))
		settle(f, -ETIMEDOUT);
	else if (!dma_fence_is_signaled(&f->base))	/* it does not even wait yet, or let_go() comes */
		arm(f);
}

static void let_go(struct work_struct *work)
{
	struct fence *f = container_of(work, struct fence, settled);

	dma_fence_signal(&f->base);
	cancel_delayed_work_sync(&f->timeout);
	vgpu_queue_unkeep(f->queue, sizeof(*f));
	vgpu_obj_put(f->queue);
	dma_fence_put(&f->base);
}

/* Counted for the queue's user until it is settled: from then on it is what a fence of any driver is. */
static struct fence *alloc(struct vgpu_obj *queue)
{
	struct fence *f;

	if (!vgpu_queue_keep(queue, sizeof(*f)))
		return ERR_PTR(-EDQUOT);
	f = kzalloc(sizeof(*f), VGPU_GFP);
	if (f) {
		vgpu_tally_drm(VGPU_KIND_DRM_FENCE, 1);
		return f;
	}
	vgpu_queue_unkeep(queue, sizeof(*f));
	return ERR_PTR(-ENOMEM);
}

/*
 * The fence of a packet, with a reference for the caller; takes over that on the queue, also
 * when it fails. It has a timeline to itself, so that fences of one packet may be merged.
 */
static struct dma_fence *make(struct vgpu_obj *queue, u64 value)
{
	struct fence *f = alloc(queue);
	int rc;

	if (IS_ERR(f)) {
		vgpu_obj_put(queue);
		return ERR_CAST(f);
	}
	spin_lock_init(&f->lock);
	INIT_DELAYED_WORK(&f->timeout, give_up);
	INIT_WORK(&f->settled, let_go);
	INIT_LIST_HEAD(&f->waiter.link);
	f->queue = queue;
	f->waiter.value = value;
	f->waiter.fn = reached;
	__module_get(THIS_MODULE);
	dma_fence_init(&f->base, &ops, &f->lock, dma_fence_context_alloc(1), 1);
	dma_fence_get(&f->base);	/* the timeline's, put by let_go() */
	/* Before it can be settled: that cancels the timeout, which must not be armed afterwards. */
	arm(f);
	rc = vgpu_queue_watch(queue, &f->waiter);
	if (rc > 0) {
		reached(&f->waiter);
		dma_fence_signal(&f->base);	/* it was over before the caller asked */
	} else if (rc) {
		settle(f, rc);
	}
	if (rc >= 0)
		return &f->base;
	dma_fence_put(&f->base);
	return ERR_PTR(rc);
}

/* Put it into the syncobj; @chain is there for a point of a timeline. */
static void attach(struct drm_syncobj *syncobj, struct dma_fence_chain *chain,
		   struct dma_fence *fence, u64 point)
{
	if (point)
		drm_syncobj_add_point(syncobj, chain, fence, point);
	else
		drm_syncobj_replace_fence(syncobj, fence);
	dma_fence_put(fence);
}

static int export(struct drm_syncobj *syncobj, struct vgpu_device *dev,
		  const struct drm_vgpu_fence *a)
{
	struct dma_fence_chain *chain = a->point ? dma_fence_chain_alloc() : NULL;
	struct vgpu_obj *queue;
	struct dma_fence *fence;

	if (a->point && !chain)
		return -ENOMEM;
	queue = vgpu_queue_from_fd(dev, a->fd, a->queue);
	fence = IS_ERR(queue) ? ERR_CAST(queue) : make(queue, a->value);
	if (IS_ERR(fence)) {
		dma_fence_chain_free(chain);
		return PTR_ERR(fence);
	}
	attach(syncobj, chain, fence, a->point);
	return 0;
}

/** vgpu_drm_fence - the FENCE ioctl */
int vgpu_drm_fence(struct drm_device *ddev, void *arg, struct drm_file *file)
{
	struct drm_vgpu_fence *a = arg;
	struct drm_syncobj *syncobj;
	int rc;

	if (a->flags || !a->value)
		return -EINVAL;
	syncobj = drm_syncobj_find(file, a->syncobj);
	if (!syncobj)
		return -ENOENT;
	rc = export(syncobj, vgpu_drm_device(ddev), a);
	drm_syncobj_put(syncobj);
	return rc;
}

/** vgpu_drm_fences_init - make the work queue */
int vgpu_drm_fences_init(void)
{
	if (!fence_timeout_ms || fence_timeout_ms > MAX_TIMEOUT_MS) {
		pr_err("fence_timeout_ms: 1 to %u\n", MAX_TIMEOUT_MS);
		return -EINVAL;
	}
	/* Whoever waits for a fence may be the one who makes memory free. */
	wq = alloc_workqueue("vgpu_drm", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	return wq ? 0 : -ENOMEM;
}

/** vgpu_drm_fences_exit - no fence is left; wait for who freed the last */
void vgpu_drm_fences_exit(void)
{
	destroy_workqueue(wq);
	rcu_barrier();
}
