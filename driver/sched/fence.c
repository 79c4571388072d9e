// SPDX-License-Identifier: GPL-2.0
/*
 * Fences, and waiting for them and for queues: by ioctl, and from driver/drm. By eventfd: eventfd.c.
 */
#include <linux/file.h>
#include <linux/hrtimer.h>
#include <linux/slab.h>

#include "../core/face.h"
#include "../core/ioctl.h"
#include "../core/user.h"
#include "internal.h"

static void detach(struct vgpu_obj *obj)
{
	struct vgpu_fence_obj *f = container_of(obj, struct vgpu_fence_obj, obj);

	vgpu_sched_ctx_remove_tl(obj->ctx, &f->tl);
	vgpu_tl_kill(&f->tl);
}

static void free_fence(struct vgpu_obj *obj)
{
	vgpu_user_free(obj->ctx->user, VGPU_KIND_FENCE, container_of(obj, struct vgpu_fence_obj, obj),
		       sizeof(struct vgpu_fence_obj));
}

static const struct vgpu_obj_ops fence_ops = { .detach = detach, .free = free_fence };

/** vgpu_obj_timeline - the timeline of a fence or queue, NULL for other objects */
struct vgpu_timeline *vgpu_obj_timeline(struct vgpu_obj *obj)
{
	if (obj->type == VGPU_OBJ_FENCE)
		return &container_of(obj, struct vgpu_fence_obj, obj)->tl;
	if (obj->type == VGPU_OBJ_QUEUE)
		return &vgpu_to_queue(obj)->tl;
	return NULL;
}

int vgpu_ioctl_fence_create(struct vgpu_file *vf, void *arg)
{
	struct vgpu_fence_create *c = arg;
	struct vgpu_fence_obj *f;
	struct vgpu_ctx *ctx;
	int rc;

	if (c->flags)
		return -EINVAL;
	ctx = vgpu_ctx_get(vf, c->ctx);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	f = vgpu_user_zalloc(ctx->user, VGPU_KIND_FENCE, sizeof(*f));
	if (IS_ERR(f)) {
		vgpu_ctx_put(ctx);
		return PTR_ERR(f);
	}
	vgpu_obj_init(&f->obj, VGPU_OBJ_FENCE, ctx, &fence_ops);
	vgpu_ctx_put(ctx);
	vgpu_tl_init(&f->tl, c->value);
	rc = vgpu_sched_ctx_add_tl(ctx, &f->tl);
	if (!rc) {
		rc = vgpu_obj_publish(vf, &f->obj, &c->handle);
		if (rc)
			vgpu_sched_ctx_remove_tl(ctx, &f->tl);
	}
	if (rc)
		vgpu_obj_put(&f->obj);
	return rc;
}

int vgpu_ioctl_fence_signal(struct vgpu_file *vf, void *arg)
{
	struct vgpu_fence_signal *s = arg;
	struct vgpu_obj *obj = vgpu_obj_get(vf, s->fence, VGPU_OBJ_FENCE);

	if (IS_ERR(obj))
		return PTR_ERR(obj);
	vgpu_tl_signal(vgpu_obj_timeline(obj), s->value);
	vgpu_due_signal(obj->ctx->sched);	/* in the caller's time, as far as nobody else does */
	vgpu_obj_put(obj);
	return 0;
}

/** vgpu_waitable_get - a queue or fence of the calling process; -ENOENT, -EPERM, -EINVAL for other kinds */
struct vgpu_obj *vgpu_waitable_get(struct vgpu_file *vf, u32 handle)
{
	struct vgpu_obj *obj = vgpu_obj_find(vf, handle);
	int rc = 0;

	if (IS_ERR(obj))
		return obj;
	if (obj->ctx->mm != current->mm)
		rc = -EPERM;
	else if (!vgpu_obj_timeline(obj))
		rc = -EINVAL;
	if (!rc)
		return obj;
	vgpu_obj_put(obj);
	return ERR_PTR(rc);
}

/* Sleep until reached, dead, deadline or signal. */
static int sleep_on(struct vgpu_timeline *tl, u64 value, u64 deadline)
{
	ktime_t expires = ns_to_ktime(min_t(u64, deadline, KTIME_MAX));
	DEFINE_WAIT(wait);
	int rc = 0;

	while (!vgpu_tl_reached(tl, value)) {
		prepare_to_wait(&tl->wait, &wait, TASK_INTERRUPTIBLE);
		if (vgpu_tl_reached(tl, value))
			break;
		if (signal_pending(current)) {
			rc = -ERESTARTSYS;
			break;
		}
		if (!schedule_hrtimeout(deadline == U64_MAX ? NULL : &expires, HRTIMER_MODE_ABS)) {
			rc = vgpu_tl_reached(tl, value) ? 0 : -ETIME;
			break;
		}
	}
	finish_wait(&tl->wait, &wait);
	return rc;
}

int vgpu_ioctl_wait(struct vgpu_file *vf, void *arg)
{
	struct vgpu_wait *a = arg;
	struct vgpu_timeline *tl;
	struct vgpu_obj *obj;
	int rc = 0;

	if (a->flags || a->reserved)
		return -EINVAL;
	obj = vgpu_waitable_get(vf, a->handle);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	tl = vgpu_obj_timeline(obj);
	if (!vgpu_tl_reached(tl, a->value))
		rc = a->deadline_ns ? sleep_on(tl, a->value, a->deadline_ns) : -ETIME;
	a->reached = READ_ONCE(tl->value);
	if (!rc && a->reached < a->value)
		rc = -EIO;
	vgpu_obj_put(obj);
	return rc;
}

/**
 * vgpu_queue_from_fd - a queue of the calling process
 * @dev: device it must be of
 * @fd: descriptor of the open device it was made in
 * @handle: its handle there
 *
 * Return: it, with a reference; -EBADF, -ENOENT, -EPERM, -EINVAL for another kind of file or
 * handle or another device.
 */
struct vgpu_obj *vgpu_queue_from_fd(struct vgpu_device *dev, int fd, u32 handle)
{
	struct vgpu_file *vf;
	struct file *file = vgpu_file_from_fd(fd, &vf);
	struct vgpu_obj *obj;

	if (IS_ERR(file))
		return ERR_CAST(file);
	obj = vf->dev == dev ? vgpu_obj_get(vf, handle, VGPU_OBJ_QUEUE) : ERR_PTR(-EINVAL);
	fput(file);
	return obj;
}
EXPORT_SYMBOL_VGPU(vgpu_queue_from_fd);

/** vgpu_queue_keep - count bytes for the user of a queue, see vgpu_user_keep() */
bool vgpu_queue_keep(struct vgpu_obj *queue, size_t bytes)
{
	return vgpu_user_keep(queue->ctx->user, bytes);
}
EXPORT_SYMBOL_VGPU(vgpu_queue_keep);

/** vgpu_queue_unkeep - undo vgpu_queue_keep() */
void vgpu_queue_unkeep(struct vgpu_obj *queue, size_t bytes)
{
	vgpu_user_unkeep(queue->ctx->user, bytes);
}
EXPORT_SYMBOL_VGPU(vgpu_queue_unkeep);

/**
 * vgpu_queue_watch - have a callback when a packet of a queue has completed
 * @queue: queue, referenced until the callback has run
 * @w: waiter, value (the packet's number) and fn set
 *
 * Return: 0 when it will be called; 1 when it will not, for the packet has completed or never will;
 * -EDQUOT when too many wait.
 */
int vgpu_queue_watch(struct vgpu_obj *queue, struct vgpu_tl_waiter *w)
{
	return vgpu_tl_add(vgpu_obj_timeline(queue), w);
}
EXPORT_SYMBOL_VGPU(vgpu_queue_watch);

/** vgpu_queue_unwatch - whether the callback of a waiter had not run, and now never will */
bool vgpu_queue_unwatch(struct vgpu_obj *queue, struct vgpu_tl_waiter *w)
{
	return vgpu_tl_cancel(vgpu_obj_timeline(queue), w);
}
EXPORT_SYMBOL_VGPU(vgpu_queue_unwatch);

/** vgpu_queue_done - number of the last packet that has completed; in callbacks, too */
u64 vgpu_queue_done(struct vgpu_obj *queue)
{
	return READ_ONCE(vgpu_obj_timeline(queue)->value);
}
EXPORT_SYMBOL_VGPU(vgpu_queue_done);
