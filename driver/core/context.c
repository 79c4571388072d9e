// SPDX-License-Identifier: GPL-2.0
/*
 * Contexts: made for one mm, ended with it, with the file, by DESTROY or by a
 * fault.
 */
#include <linux/capability.h>
#include <linux/mmu_notifier.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "../mm/mm.h"
#include "../sched/sched.h"
#include "ioctl.h"
#include "user.h"
#include "vgpu.h"

#define MAX_CTX_PER_DEVICE	4096
#define CTX_FOR_ADMIN		64	/* of these, so that a few users together do not keep an administrator out */

/**
 * vgpu_ctx_get - take a reference on a context, for an ioctl
 * @vf: file
 * @handle: its handle
 *
 * Return: the context or an error as vgpu_obj_get() gives.
 */
struct vgpu_ctx *vgpu_ctx_get(struct vgpu_file *vf, u32 handle)
{
	struct vgpu_obj *obj = vgpu_obj_get(vf, handle, VGPU_OBJ_CTX);

	return IS_ERR(obj) ? ERR_CAST(obj) : container_of(obj, struct vgpu_ctx, obj);
}

/** vgpu_ctx_usable - 0, or -EIO once the context has ended */
int vgpu_ctx_usable(struct vgpu_ctx *ctx)
{
	return vgpu_ctx_dead(ctx) ? -EIO : 0;
}

/* Mark a context dead and stop it. Returns whether it was alive. */
static bool stop_with(struct vgpu_ctx *ctx, const struct vgpu_fault *f)
{
	bool first;

	spin_lock(&ctx->state_lock);
	first = !ctx->dead;
	if (first) {
		ctx->fault = *f;
		WRITE_ONCE(ctx->dead, true);
	}
	spin_unlock(&ctx->state_lock);
	if (!first)
		return false;
	atomic64_inc(&ctx->dev->cnt.faults);
	vgpu_sched_ctx_stop(ctx);
	wake_up_all(&ctx->dev->pause.wait);
	return true;
}

/**
 * vgpu_ctx_fault - end a context because of a fault
 * @ctx: context
 * @f: what happened; its Xid is that of its kind unless it says another
 *
 * Does not wait for its running blocks: they stop within a slice. Only the first fault counts.
 *
 * Return: whether this was it.
 */
bool vgpu_ctx_fault(struct vgpu_ctx *ctx, const struct vgpu_fault *f)
{
	struct vgpu_fault copy = *f;

	copy.xid = f->xid ?: vgpu_fault_xid(f->kind);
	copy.time_ns = ktime_get_real_ns();
	copy.ctx = ctx->obj.handle;
	if (!stop_with(ctx, &copy))
		return false;
	vgpu_event_post(ctx->dev, &copy, ctx);
	spin_lock(&ctx->state_lock);
	ctx->fault.event = copy.event;
	spin_unlock(&ctx->state_lock);
	return true;
}

/** vgpu_ctx_error - the kind of fault that ended a context, VGPU_FAULT_NONE where none did; under sched.lock or not */
u32 vgpu_ctx_error(struct vgpu_ctx *ctx)
{
	u32 kind;

	spin_lock(&ctx->state_lock);
	kind = ctx->fault.kind;
	spin_unlock(&ctx->state_lock);
	return kind;
}

/*
 * A context born by @then, of @mm or of whom it may be for NULL, that has not ended, with a reference, or NULL. What ends it may
 * take long, and as long as its owner likes: not under the lock, which everybody needs.
 */
static struct vgpu_ctx *next_alive(struct vgpu_device *dev, const struct mm_struct *mm, u64 then)
{
	struct vgpu_ctx *ctx, *found = NULL;

	mutex_lock(&dev->ctx_lock);
	list_for_each_entry(ctx, &dev->contexts, dev_link) {
		if ((mm && ctx->mm != mm) || ctx->usage.born_ns > then || vgpu_ctx_dead(ctx) ||
		    !kref_get_unless_zero(&ctx->obj.ref))
			continue;
		found = ctx;
		break;
	}
	mutex_unlock(&dev->ctx_lock);
	return found;
}

/**
 * vgpu_ctx_fault_all - end every context of a device because of an event that was announced
 * @dev: device
 * @f: the event; contexts that are made from now on are not concerned
 */
void vgpu_ctx_fault_all(struct vgpu_device *dev, const struct vgpu_fault *f)
{
	u64 now = ktime_get_ns();
	struct vgpu_ctx *ctx;

	while ((ctx = next_alive(dev, NULL, now))) {
		struct vgpu_fault copy = *f;

		copy.ctx = ctx->obj.handle;
		stop_with(ctx, &copy);
		vgpu_ctx_put(ctx);
	}
}

/** vgpu_ctx_any_alive - whether a device has a context that has not ended */
bool vgpu_ctx_any_alive(struct vgpu_device *dev)
{
	struct vgpu_ctx *ctx;
	bool any = false;

	mutex_lock(&dev->ctx_lock);
	list_for_each_entry(ctx, &dev->contexts, dev_link)
		any |= !vgpu_ctx_dead(ctx);
	mutex_unlock(&dev->ctx_lock);
	return any;
}

/* A context that has ended and may hold memory, with a reference, or NULL. */
static struct vgpu_ctx *next_dead(struct vgpu_device *dev)
{
	struct vgpu_ctx *ctx;

	mutex_lock(&dev->ctx_lock);
	list_for_each_entry(ctx, &dev->contexts, dev_link) {
		if (vgpu_ctx_dead(ctx) && !ctx->emptied && kref_get_unless_zero(&ctx->obj.ref)) {
			ctx->emptied = true;
			mutex_unlock(&dev->ctx_lock);
			return ctx;
		}
	}
	mutex_unlock(&dev->ctx_lock);
	return NULL;
}

/**
 * vgpu_ctx_empty_dead - end the buffers of contexts that have ended and whose processes live on
 * @dev: device
 *
 * Of what a process has mapped the memory stays until it unmaps it.
 */
void vgpu_ctx_empty_dead(struct vgpu_device *dev)
{
	struct vgpu_ctx *ctx;

	while ((ctx = next_dead(dev))) {
		mutex_lock(&ctx->end_lock);
		if (!ctx->detached)
			vgpu_obj_destroy_memory(ctx->file, ctx);
		mutex_unlock(&ctx->end_lock);
		vgpu_ctx_put(ctx);
		cond_resched();
	}
}

static void stop(struct vgpu_ctx *ctx)
{
	spin_lock(&ctx->state_lock);
	WRITE_ONCE(ctx->dead, true);
	spin_unlock(&ctx->state_lock);
	vgpu_sched_ctx_stop(ctx);
}

/**
 * vgpu_ctx_kill - end a context in order and wait until nothing of it runs
 * @ctx: context
 */
void vgpu_ctx_kill(struct vgpu_ctx *ctx)
{
	stop(ctx);
	vgpu_sched_ctx_drain(ctx);
}

/* Its process is gone, or its handle: free all it holds. The context itself lives while it has references. */
static void end(struct vgpu_ctx *ctx)
{
	vgpu_ctx_kill(ctx);
	vgpu_obj_destroy_ctx(ctx->file, ctx);
}

static void delist(struct vgpu_device *dev, struct vgpu_ctx *ctx)
{
	mutex_lock(&dev->ctx_lock);
	vgpu_client_ctx_end(ctx);
	list_del_init(&ctx->dev_link);
	atomic_dec(&dev->cnt.contexts);
	mutex_unlock(&dev->ctx_lock);
}

/* Nothing of it runs or is used any more. It ends with its mm, with its handle, or both, one after the other. */
static void leave_device(struct vgpu_ctx *ctx)
{
	if (list_empty(&ctx->dev_link))
		return;
	vgpu_monitor_ctx_end(ctx);
	delist(ctx->dev, ctx);
}

/**
 * struct vgpu_watch - ends a context with its mm
 * @mn: on the mm
 * @lock: held while the context is ended by either side
 * @ctx: the context, NULL once its handle is gone: this may outlive it until an SRCU grace period has passed
 *
 * Waiting for that period instead (mmu_notifier_unregister()) takes some 20 ms, for each context.
 */
struct vgpu_watch {
	struct mmu_notifier mn;
	struct mutex lock;
	struct vgpu_ctx *ctx;
};

/* Before the first of them is waited for: what the others execute would make that take the longer. */
static void stop_all_of(struct vgpu_device *dev, const struct mm_struct *mm)
{
	struct vgpu_ctx *ctx;

	while ((ctx = next_alive(dev, mm, U64_MAX))) {
		stop(ctx);
		vgpu_ctx_put(ctx);
	}
}

static void mm_release(struct mmu_notifier *mn, struct mm_struct *mm)
{
	struct vgpu_watch *w = container_of(mn, struct vgpu_watch, mn);

	mutex_lock(&w->lock);
	if (w->ctx) {
		if (!vgpu_ctx_dead(w->ctx))
			stop_all_of(w->ctx->dev, mm);
		end(w->ctx);
		leave_device(w->ctx);
	}
	mutex_unlock(&w->lock);
}

/* In atomic context. */
static void free_watch(struct mmu_notifier *mn)
{
	vgpu_counted_free(VGPU_KIND_WATCH, container_of(mn, struct vgpu_watch, mn));
}

static const struct mmu_notifier_ops mn_ops = {
	.release = mm_release,
	.free_notifier = free_watch,
};

static int watch_mm(struct vgpu_ctx *ctx)
{
	struct vgpu_watch *w = vgpu_counted(VGPU_KIND_WATCH, vgpu_zalloc(sizeof(*w)));
	int rc;

	if (!w)
		return -ENOMEM;
	mutex_init(&w->lock);
	w->ctx = ctx;
	w->mn.ops = &mn_ops;
	rc = mmu_notifier_register(&w->mn, ctx->mm);
	if (rc)
		vgpu_counted_free(VGPU_KIND_WATCH, w);
	else
		ctx->watch = w;
	return rc;
}

/* On return the mm's end does not concern the context any more. */
static void unwatch_mm(struct vgpu_ctx *ctx)
{
	struct vgpu_watch *w = ctx->watch;

	mutex_lock(&w->lock);
	w->ctx = NULL;
	mutex_unlock(&w->lock);
	mmu_notifier_put(&w->mn);
}

/** vgpu_ctx_exit - the module goes: nothing of a context that has gone is left behind */
void vgpu_ctx_exit(void)
{
	mmu_notifier_synchronize();
}

/* Whoever took a reference from the device's list looks at the file no more. */
static void leave_file(struct vgpu_ctx *ctx)
{
	mutex_lock(&ctx->end_lock);
	ctx->detached = true;
	mutex_unlock(&ctx->end_lock);
}

static void detach(struct vgpu_obj *obj)
{
	struct vgpu_ctx *ctx = container_of(obj, struct vgpu_ctx, obj);

	unwatch_mm(ctx);
	leave_file(ctx);
	end(ctx);
	leave_device(ctx);
}

static void free_ctx(struct vgpu_obj *obj)
{
	struct vgpu_ctx *ctx = container_of(obj, struct vgpu_ctx, obj);

	if (ctx->sched)
		vgpu_sched_ctx_free(ctx);
	if (ctx->as)
		vgpu_as_free(ctx->as);
	vgpu_user_remove_ctx(ctx->user);
	vgpu_device_put(ctx->dev);
	mmdrop(ctx->mm);
	put_pid(ctx->pid);
	vgpu_counted_free(VGPU_KIND_CTX, ctx);
}

static const struct vgpu_obj_ops ctx_ops = { .detach = detach, .free = free_ctx };

static struct vgpu_ctx *make(struct vgpu_file *vf)
{
	struct vgpu_user *user = vgpu_user_add_ctx();
	struct vgpu_ctx *ctx;
	struct vgpu_as *as;
	int rc;

	if (IS_ERR(user))
		return ERR_CAST(user);
	ctx = vgpu_counted(VGPU_KIND_CTX, vgpu_zalloc(sizeof(*ctx)));
	if (!ctx) {
		vgpu_user_remove_ctx(user);
		return ERR_PTR(-ENOMEM);
	}
	ctx->user = user;
	vgpu_obj_init(&ctx->obj, VGPU_OBJ_CTX, ctx, &ctx_ops);
	ctx->file = vf;
	ctx->dev = vf->dev;
	kref_get(&ctx->dev->ref);
	INIT_LIST_HEAD(&ctx->dev_link);
	spin_lock_init(&ctx->state_lock);
	mutex_init(&ctx->end_lock);
	vgpu_huge_init(&ctx->huge);
	ctx->mm = current->mm;
	mmgrab(ctx->mm);
	ctx->pid = get_pid(task_tgid(current));
	get_task_comm(ctx->comm, current->group_leader);
	ctx->usage.born_ns = ktime_get_ns();
	as = vgpu_as_create(user);
	rc = PTR_ERR_OR_ZERO(as);
	if (!rc) {
		ctx->as = as;
		rc = vgpu_sched_ctx_init(ctx);
	}
	if (!rc)
		return ctx;
	vgpu_ctx_put(ctx);
	return ERR_PTR(rc);
}

/* Whether the device's compute mode admits a context; under ctx_lock. */
static bool admitted(struct vgpu_device *dev, const struct vgpu_ctx *ctx)
{
	const struct vgpu_ctx *other;

	if (dev->mon->compute_mode == VGPU_COMPUTE_PROHIBITED)
		return false;
	if (dev->mon->compute_mode == VGPU_COMPUTE_EXCLUSIVE)
		list_for_each_entry(other, &dev->contexts, dev_link)
			if (other->pid != ctx->pid)
				return false;
	return true;
}

/* Under ctx_lock. */
static bool room(const struct vgpu_device *dev)
{
	int have = atomic_read(&dev->cnt.contexts);

	if (have < MAX_CTX_PER_DEVICE - CTX_FOR_ADMIN)
		return true;
	return have < MAX_CTX_PER_DEVICE && capable(CAP_SYS_ADMIN);
}

static int enlist(struct vgpu_device *dev, struct vgpu_ctx *ctx)
{
	int rc = 0;

	mutex_lock(&dev->ctx_lock);
	if (!admitted(dev, ctx))
		rc = -EBUSY;
	else if (!room(dev))
		rc = -EDQUOT;
	if (!rc) {
		atomic_inc(&dev->cnt.contexts);
		list_add_tail(&ctx->dev_link, &dev->contexts);
	}
	mutex_unlock(&dev->ctx_lock);
	return rc;
}

static int publish(struct vgpu_file *vf, struct vgpu_ctx *ctx, u32 *handle)
{
	int rc = enlist(vf->dev, ctx);

	if (rc)
		return rc;
	vgpu_monitor_ctx_begin(ctx);
	/* Who loses the device says so before it ends what is on the list. */
	rc = vgpu_device_gone(vf->dev) ? -ENODEV : vgpu_obj_publish(vf, &ctx->obj, handle);
	if (rc)
		delist(vf->dev, ctx);
	return rc;
}

int vgpu_ioctl_ctx_create(struct vgpu_file *vf, void *arg)
{
	struct vgpu_ctx_create *c = arg;
	struct vgpu_ctx *ctx;
	int rc;

	if (c->flags || c->reserved)
		return -EINVAL;
	if (!current->mm)
		return -EPERM;
	ctx = make(vf);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	rc = watch_mm(ctx);
	if (rc)
		goto put;
	rc = publish(vf, ctx, &c->handle);
	if (!rc)
		return 0;
	unwatch_mm(ctx);
	leave_file(ctx);
put:
	vgpu_ctx_put(ctx);
	return rc;
}
