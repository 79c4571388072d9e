// SPDX-License-Identifier: GPL-2.0
/*
 * Objects and their handles: one xarray a file, a reference a user.
 */
#include <linux/sched.h>

#include "face.h"
#include "ioctl.h"
#include "vgpu.h"

#define MAX_OBJS_PER_FILE	65536
#define MAX_HANDLE		((1u << 20) - 1)	/* fits the mmap cookies, see mm/mmap.c */

/**
 * vgpu_obj_init - set up the head of an object, with one reference
 * @obj: the object
 * @type: what it is
 * @ctx: context it belongs to, takes a reference; the object itself for a context
 * @ops: how it ends
 */
void vgpu_obj_init(struct vgpu_obj *obj, enum vgpu_obj_type type,
		   struct vgpu_ctx *ctx, const struct vgpu_obj_ops *ops)
{
	kref_init(&obj->ref);
	obj->type = type;
	obj->handle = 0;
	obj->gone = false;
	obj->ctx = ctx;
	obj->ops = ops;
	if (type != VGPU_OBJ_CTX)
		kref_get(&ctx->obj.ref);
}

static void release(struct kref *ref)
{
	struct vgpu_obj *obj = container_of(ref, struct vgpu_obj, ref);
	struct vgpu_ctx *ctx = obj->type == VGPU_OBJ_CTX ? NULL : obj->ctx;

	obj->ops->free(obj);
	if (ctx)
		vgpu_ctx_put(ctx);
}

/** vgpu_obj_put - drop a reference; may sleep when it is the last */
void vgpu_obj_put(struct vgpu_obj *obj)
{
	kref_put(&obj->ref, release);
}
EXPORT_SYMBOL_VGPU(vgpu_obj_put);

/**
 * vgpu_obj_publish - give an object a handle
 * @vf: file
 * @obj: object; its first reference becomes the handle's, on success only
 * @handle: where the handle goes
 *
 * From here on another thread may destroy it: take a reference before if the
 * object is still needed. Handles are handed out round robin, so that a stale one is
 * not soon valid again.
 *
 * Return: 0, -EDQUOT, -ENOMEM, or -EIO where the context's objects have been ended: nobody
 * would end this one.
 */
int vgpu_obj_publish(struct vgpu_file *vf, struct vgpu_obj *obj, u32 *handle)
{
	u32 id;
	int rc;

	if (atomic_inc_return(&vf->nobjs) > MAX_OBJS_PER_FILE) {
		atomic_dec(&vf->nobjs);
		return -EDQUOT;
	}
	xa_lock(&vf->objs);
	rc = __xa_alloc_cyclic(&vf->objs, &id, obj, XA_LIMIT(1, MAX_HANDLE),
			       &vf->next, VGPU_GFP);
	/* After the allocation, which may have let go of the lock. */
	if (rc >= 0 && obj->ctx->closed) {
		__xa_erase(&vf->objs, id);
		rc = -EIO;
	}
	if (rc >= 0) {
		obj->handle = id;
		*handle = id;
	}
	xa_unlock(&vf->objs);
	if (rc >= 0)
		return 0;
	atomic_dec(&vf->nobjs);
	return rc == -EBUSY ? -EDQUOT : rc;
}

/**
 * vgpu_obj_find - take a reference on whatever a handle names
 * @vf: file
 * @handle: handle
 *
 * Return: the object, or ERR_PTR(-ENOENT).
 */
struct vgpu_obj *vgpu_obj_find(struct vgpu_file *vf, u32 handle)
{
	struct vgpu_obj *obj;

	xa_lock(&vf->objs);
	obj = xa_load(&vf->objs, handle);
	if (obj && !kref_get_unless_zero(&obj->ref))
		obj = NULL;
	xa_unlock(&vf->objs);
	return obj ?: ERR_PTR(-ENOENT);
}

/**
 * vgpu_obj_get - take a reference on an object, for an ioctl
 * @vf: file
 * @handle: handle
 * @type: what it must be
 *
 * Return: the object; -ENOENT, -EINVAL for another type, -EPERM for another
 * process's.
 */
struct vgpu_obj *vgpu_obj_get(struct vgpu_file *vf, u32 handle, enum vgpu_obj_type type)
{
	struct vgpu_obj *obj = vgpu_obj_find(vf, handle);
	int rc = 0;

	if (IS_ERR(obj))
		return obj;
	if (obj->ctx->mm != current->mm)
		rc = -EPERM;
	else if (obj->type != type)
		rc = -EINVAL;
	if (!rc)
		return obj;
	vgpu_obj_put(obj);
	return ERR_PTR(rc);
}

/* Take the handle away; whoever gets the object here ends it. */
static bool unpublish(struct vgpu_file *vf, struct vgpu_obj *obj)
{
	bool mine;

	xa_lock(&vf->objs);
	mine = xa_load(&vf->objs, obj->handle) == obj;
	if (mine)
		__xa_erase(&vf->objs, obj->handle);
	xa_unlock(&vf->objs);
	if (mine)
		atomic_dec(&vf->nobjs);
	return mine;
}

/* Consumes no reference of the caller, only the handle's. */
static void end(struct vgpu_file *vf, struct vgpu_obj *obj)
{
	if (!unpublish(vf, obj))
		return;
	WRITE_ONCE(obj->gone, true);
	if (obj->ops->detach)
		obj->ops->detach(obj);
	vgpu_obj_put(obj);
}

/* The next object from *@id on that is wanted, with a reference: others may end it at any time. */
static struct vgpu_obj *next(struct vgpu_file *vf, unsigned long *id,
			     bool (*wanted)(const struct vgpu_obj *obj, const struct vgpu_ctx *ctx),
			     const struct vgpu_ctx *ctx)
{
	struct vgpu_obj *obj;

	xa_lock(&vf->objs);
	obj = xa_find(&vf->objs, id, ULONG_MAX, XA_PRESENT);
	while (obj && (!wanted(obj, ctx) || !kref_get_unless_zero(&obj->ref)))
		obj = xa_find_after(&vf->objs, id, ULONG_MAX, XA_PRESENT);
	xa_unlock(&vf->objs);
	return obj;
}

static void end_all(struct vgpu_file *vf,
		    bool (*wanted)(const struct vgpu_obj *obj, const struct vgpu_ctx *ctx),
		    const struct vgpu_ctx *ctx)
{
	unsigned long id = 0;
	struct vgpu_obj *obj;

	while ((obj = next(vf, &id, wanted, ctx))) {
		end(vf, obj);
		vgpu_obj_put(obj);
		cond_resched();
	}
}

static bool is_part(const struct vgpu_obj *obj, const struct vgpu_ctx *ctx)
{
	return obj->ctx == ctx && obj->type != VGPU_OBJ_CTX;
}

static bool is_bo(const struct vgpu_obj *obj, const struct vgpu_ctx *ctx)
{
	return obj->ctx == ctx && obj->type == VGPU_OBJ_BO;
}

static bool is_ctx(const struct vgpu_obj *obj, const struct vgpu_ctx *ctx)
{
	return obj->type == VGPU_OBJ_CTX;
}

static void close_ctx(struct vgpu_file *vf, struct vgpu_ctx *ctx)
{
	xa_lock(&vf->objs);
	ctx->closed = true;
	xa_unlock(&vf->objs);
}

/**
 * vgpu_obj_destroy_ctx - end every object of a context, but not the context
 * @vf: file
 * @ctx: context
 *
 * Afterwards no object can be published for it: an ioctl that is still making one fails.
 */
void vgpu_obj_destroy_ctx(struct vgpu_file *vf, struct vgpu_ctx *ctx)
{
	close_ctx(vf, ctx);
	end_all(vf, is_part, ctx);
}

/**
 * vgpu_obj_destroy_memory - end every buffer of a context that has ended
 * @vf: file
 * @ctx: context
 *
 * Afterwards no object can be published for it. The others stay, for queries and for who waits.
 */
void vgpu_obj_destroy_memory(struct vgpu_file *vf, struct vgpu_ctx *ctx)
{
	close_ctx(vf, ctx);
	end_all(vf, is_bo, ctx);
}

/* The DESTROY ioctl. */
int vgpu_ioctl_destroy(struct vgpu_file *vf, void *arg)
{
	struct vgpu_destroy *d = arg;
	struct vgpu_obj *obj = vgpu_obj_find(vf, d->handle);

	if (IS_ERR(obj))
		return PTR_ERR(obj);
	if (obj->ctx->mm != current->mm) {
		vgpu_obj_put(obj);
		return -EPERM;
	}
	end(vf, obj);
	vgpu_obj_put(obj);
	return 0;
}

/* All, before the first is waited for: what the others execute and have to do would make that take the longer. */
static void stop_all(struct vgpu_file *vf)
{
	unsigned long id = 0;
	struct vgpu_obj *obj;

	while ((obj = next(vf, &id, is_ctx, NULL))) {
		vgpu_ctx_stop(obj->ctx);
		vgpu_obj_put(obj);
		id++;
		cond_resched();
	}
}

/**
 * vgpu_obj_destroy_all - the file is closed: contexts, and all that is theirs
 * @vf: file; no other user any more but ends of mms, which a context's end waits for
 */
void vgpu_obj_destroy_all(struct vgpu_file *vf)
{
	stop_all(vf);
	end_all(vf, is_ctx, NULL);
	WARN_ON_ONCE(!xa_empty(&vf->objs));
	xa_destroy(&vf->objs);
}
