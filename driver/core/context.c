// SPDX-License-Identifier: GPL-2.0
/*
 * Contexts: made for one mm, ended with it, with the file, by DESTROY or by a
 * fault.
 */
#include <linux/capability.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "../mm/mm.h"
#include "../sched/sched.h"
#include "ioctl.h"
#include "user.h"
#include "vgpu.h"

#define MAX_CTX_PER_DEVICE	4096
#define LOOK_AT_ONCE		64
#define ORPHAN_JIFFIES		(HZ / 20)
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

/* Some of vgpu_ctx_each(), those after number *@after; whether there may be more. */
static bool look_at_some(struct vgpu_device *dev, u64 *after, u64 last,
			 bool (*look)(struct vgpu_ctx *ctx, void *arg), void *arg)
{
	unsigned int left = LOOK_AT_ONCE;
	struct vgpu_ctx *ctx;
	bool more = false;

	spin_lock(&dev->ctx_lock);
	list_for_each_entry(ctx, &dev->contexts, dev_link) {
		if (ctx->number <= *after)
			continue;
		if (ctx->number > last || !look(ctx, arg))
			break;
		*after = ctx->number;
		more = !--left;
		if (more)
			break;
	}
	spin_unlock(&dev->ctx_lock);
	return more;
}

/**
 * vgpu_ctx_each - look at the contexts of a device, in the order in which they were made
 * @dev: device
 * @look: called with each under the device's ctx_lock, which it must not hold for long; it says whether to go on
 * @arg: for it
 *
 * The lock is everybody's who makes or ends a context. It is given back now and then, so that it is held for tens of
 * microseconds at most; contexts that end or begin meanwhile may be missed.
 */
void vgpu_ctx_each(struct vgpu_device *dev, bool (*look)(struct vgpu_ctx *ctx, void *arg), void *arg)
{
	u64 after = 0, last = READ_ONCE(dev->ctx_number);

	while (look_at_some(dev, &after, last, look, arg))
		cond_resched();
}

/*
 * A context born by @then that has not ended, with a reference, or NULL. What ends it may take long, and as long as its
 * owner likes: not under the lock, which everybody needs.
 */
static struct vgpu_ctx *next_alive(struct vgpu_device *dev, u64 then)
{
	struct vgpu_ctx *ctx, *found = NULL;

	spin_lock(&dev->ctx_lock);
	list_for_each_entry(ctx, &dev->contexts, dev_link) {
		if (ctx->usage.born_ns > then || vgpu_ctx_dead(ctx) ||
		    !kref_get_unless_zero(&ctx->obj.ref))
			continue;
		found = ctx;
		break;
	}
	spin_unlock(&dev->ctx_lock);
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

	while ((ctx = next_alive(dev, now))) {
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

	spin_lock(&dev->ctx_lock);
	list_for_each_entry(ctx, &dev->contexts, dev_link) {
		any = !vgpu_ctx_dead(ctx);
		if (any)
			break;
	}
	spin_unlock(&dev->ctx_lock);
	return any;
}

/* A context that has ended and may hold memory, with a reference, or NULL. */
static struct vgpu_ctx *next_dead(struct vgpu_device *dev)
{
	struct vgpu_ctx *ctx;

	spin_lock(&dev->ctx_lock);
	list_for_each_entry(ctx, &dev->contexts, dev_link) {
		if (vgpu_ctx_dead(ctx) && !ctx->emptied && kref_get_unless_zero(&ctx->obj.ref)) {
			ctx->emptied = true;
			spin_unlock(&dev->ctx_lock);
			return ctx;
		}
	}
	spin_unlock(&dev->ctx_lock);
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

static void mark_dead(struct vgpu_ctx *ctx)
{
	spin_lock(&ctx->state_lock);
	WRITE_ONCE(ctx->dead, true);
	spin_unlock(&ctx->state_lock);
}

/**
 * vgpu_ctx_stop - end a context in order
 * @ctx: context
 *
 * Does not wait for its running blocks: they stop within a slice.
 */
void vgpu_ctx_stop(struct vgpu_ctx *ctx)
{
	mark_dead(ctx);
	vgpu_sched_ctx_stop(ctx);
}

/**
 * vgpu_ctx_kill - end a context in order and wait until nothing of it runs
 * @ctx: context
 */
void vgpu_ctx_kill(struct vgpu_ctx *ctx)
{
	vgpu_ctx_stop(ctx);
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
	spin_lock(&dev->ctx_lock);
	vgpu_client_ctx_end(ctx);
	list_del_init(&ctx->dev_link);
	atomic_dec(&dev->cnt.contexts);
	spin_unlock(&dev->ctx_lock);
}

/* Nothing of it runs or is used any more. It ends with its mm, with its handle, or both, one after the other. */
static void leave_device(struct vgpu_ctx *ctx)
{
	if (list_empty(&ctx->dev_link))
		return;
	vgpu_monitor_ctx_end(ctx);
	delist(ctx->dev, ctx);
}

/* Its process is gone, and its file is held by another one, or the process has not come to closing it yet. */
static void end_orphan(struct work_struct *work)
{
	struct vgpu_ctx *ctx = container_of(to_delayed_work(work), struct vgpu_ctx, orphan);
	int nice = vgpu_chores_begin();

	end(ctx);
	leave_device(ctx);
	vgpu_chores_end(nice);
}

/**
 * vgpu_ctx_orphan - the mm of a context ends, and the context will
 * @ctx: context
 *
 * In an SRCU section of all that watch an mm, on the whole machine: so nothing is waited for, nor is it done here what takes
 * long. As a rule the process closes the file next, and does it; who does not is helped a little later.
 */
void vgpu_ctx_orphan(struct vgpu_ctx *ctx)
{
	mark_dead(ctx);
	vgpu_end_later(&ctx->orphan, ORPHAN_JIFFIES);
}

/* On return the mm's end does not concern the context any more. */
static void unwatch_mm(struct vgpu_ctx *ctx)
{
	vgpu_watch_remove(ctx);
	cancel_delayed_work_sync(&ctx->orphan);
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
	INIT_DELAYED_WORK(&ctx->orphan, end_orphan);
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

/* Whether there are so many that the rest is the administrator's. */
static bool scarce(const struct vgpu_device *dev)
{
	return atomic_read(&dev->cnt.contexts) >= MAX_CTX_PER_DEVICE - CTX_FOR_ADMIN;
}

/* Under ctx_lock. */
static bool room(const struct vgpu_device *dev, bool admin)
{
	return !scarce(dev) || (admin && atomic_read(&dev->cnt.contexts) < MAX_CTX_PER_DEVICE);
}

static int enlist(struct vgpu_device *dev, struct vgpu_ctx *ctx)
{
	bool admin = scarce(dev) && capable(CAP_SYS_ADMIN);
	int rc = 0;

	spin_lock(&dev->ctx_lock);
	if (!admitted(dev, ctx))
		rc = -EBUSY;
	else if (!room(dev, admin))
		rc = -EDQUOT;
	if (!rc) {
		atomic_inc(&dev->cnt.contexts);
		ctx->number = ++dev->ctx_number;
		list_add_tail(&ctx->dev_link, &dev->contexts);
	}
	spin_unlock(&dev->ctx_lock);
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
	rc = vgpu_watch_add(ctx);
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
