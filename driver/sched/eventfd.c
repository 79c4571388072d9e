// SPDX-License-Identifier: GPL-2.0
/*
 * Eventfds that are signalled when a queue or fence has reached a value. What is due is only put aside where
 * timelines are locked, and signalled by a work item of the context or by who raised the fence.
 */
#include <linux/eventfd.h>
#include <linux/list_sort.h>
#include <linux/slab.h>

#include "../core/ioctl.h"
#include "../core/user.h"
#include "internal.h"

#define DUE_BATCH	4096	/* sorted at a time */

/**
 * struct efd_waiter - an eventfd that waits for a timeline
 * @w: in the timeline, until it is due;
 * @link: in vgpu_sched_ctx.due, and then in a batch of vgpu_due_signal()
 * @efd: the eventfd
 * @ctx: context of the timeline, which signals all that are due before it goes
 */
struct efd_waiter {
	struct vgpu_tl_waiter w;
	struct list_head link;
	struct eventfd_ctx *efd;
	struct vgpu_ctx *ctx;
};

/* What is counted: also what the eventfd takes, which may live on for its waiter only. */
#define EFD_BYTES	(sizeof(struct efd_waiter) + 128)

static void efd_free(struct efd_waiter *e)
{
	vgpu_user_unkeep(e->ctx->user, EFD_BYTES);
	eventfd_ctx_put(e->efd);
	vgpu_counted_free(VGPU_KIND_EVENTFD, e);
}

static struct efd_waiter *efd_make(struct vgpu_ctx *ctx, int fd)
{
	struct efd_waiter *e;
	int rc = -ENOMEM;

	if (!vgpu_user_keep(ctx->user, EFD_BYTES))
		return ERR_PTR(-EDQUOT);
	e = vgpu_counted(VGPU_KIND_EVENTFD, vgpu_zalloc(sizeof(*e)));
	if (!e)
		goto unkeep;
	e->ctx = ctx;
	e->efd = eventfd_ctx_fdget(fd);
	if (!IS_ERR(e->efd))
		return e;
	rc = PTR_ERR(e->efd);
	vgpu_counted_free(VGPU_KIND_EVENTFD, e);
unkeep:
	vgpu_user_unkeep(ctx->user, EFD_BYTES);
	return ERR_PTR(rc);
}

/*
 * Under the timeline's lock, where an eventfd is not signalled: that walks through all who watch it, and there may
 * be very many, of it and of the others that are due.
 */
static void efd_due(struct vgpu_tl_waiter *w)
{
	struct efd_waiter *e = container_of(w, struct efd_waiter, w);
	struct vgpu_sched_ctx *s = e->ctx->sched;

	spin_lock(&s->due_lock);
	list_add_tail(&e->link, &s->due);
	spin_unlock(&s->due_lock);
	queue_work(vgpu_sched.due, &s->due_work);
}

static int by_efd(void *priv, const struct list_head *a, const struct list_head *b)
{
	return list_entry(a, struct efd_waiter, link)->efd > list_entry(b, struct efd_waiter, link)->efd;
}

/* The next of those that are due, oldest first; whether there are any. */
static bool take_due(struct vgpu_sched_ctx *s, struct list_head *batch)
{
	struct list_head *last = &s->due;
	int n;

	spin_lock(&s->due_lock);
	for (n = 0; n < DUE_BATCH && last->next != &s->due; n++)
		last = last->next;
	list_cut_position(batch, &s->due, last);
	spin_unlock(&s->due_lock);
	return n;
}

/**
 * vgpu_due_signal - signal the eventfds of a context that are due
 * @s: the scheduler's part of the context
 *
 * May sleep. What is due for one eventfd at the same time is one signal: so what they all take is bounded by how many
 * watch them.
 */
void vgpu_due_signal(struct vgpu_sched_ctx *s)
{
	struct efd_waiter *e, *next;
	LIST_HEAD(batch);

	while (take_due(s, &batch)) {
		list_sort(NULL, &batch, by_efd);
		list_for_each_entry_safe(e, next, &batch, link) {
			if (list_is_last(&e->link, &batch) || next->efd != e->efd) {
				vgpu_eventfd_signal(e->efd);
				cond_resched();
			}
			list_del(&e->link);
			efd_free(e);
		}
		cond_resched();
	}
}

static void due_work(struct work_struct *work)
{
	vgpu_due_signal(container_of(work, struct vgpu_sched_ctx, due_work));
}

/** vgpu_due_init - a context's eventfds that are to be signalled */
void vgpu_due_init(struct vgpu_sched_ctx *s)
{
	spin_lock_init(&s->due_lock);
	INIT_LIST_HEAD(&s->due);
	INIT_WORK(&s->due_work, due_work);
}

/** vgpu_due_fini - no timeline is left; on return all is signalled and freed */
void vgpu_due_fini(struct vgpu_sched_ctx *s)
{
	flush_work(&s->due_work);
}

static int arm(struct vgpu_obj *obj, const struct vgpu_eventfd *a)
{
	struct efd_waiter *e = efd_make(obj->ctx, a->fd);
	int rc;

	if (IS_ERR(e))
		return PTR_ERR(e);
	e->w.value = a->value;
	e->w.fn = efd_due;
	rc = vgpu_tl_add(vgpu_obj_timeline(obj), &e->w);
	if (rc > 0)
		vgpu_eventfd_signal(e->efd);
	if (rc)
		efd_free(e);
	return min(rc, 0);
}

int vgpu_ioctl_eventfd(struct vgpu_file *vf, void *arg)
{
	struct vgpu_eventfd *a = arg;
	struct vgpu_obj *obj;
	int rc;

	if (a->flags)
		return -EINVAL;
	obj = vgpu_waitable_get(vf, a->handle);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	rc = arm(obj, a);
	vgpu_obj_put(obj);
	return rc;
}
