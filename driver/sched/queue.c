// SPDX-License-Identifier: GPL-2.0
/*
 * Queues: making and ending them, their mapped areas, their states.
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "../core/ioctl.h"
#include "../core/user.h"
#include "internal.h"

#define MAX_QUEUES_PER_CTX	1024
#define LAUNCH_BYTES		4096	/* of the packet that executes, beside its parameters */

static size_t user_bytes(const struct vgpu_queue *q)
{
	return VGPU_QUEUE_SLOTS_OFFSET + (size_t)q->slots * VGPU_SLOT_BYTES;
}

/*
 * What counts for the user: that of a launch too, which takes from the machine's reserve. A ring has one at a time,
 * with no more parameters than it holds.
 */
static size_t held_bytes(const struct vgpu_queue *q)
{
	return sizeof(*q) + user_bytes(q) + PAGE_SIZE + LAUNCH_BYTES +
		min_t(size_t, q->slots, VGPU_PACKET_SLOTS) * VGPU_SLOT_BYTES;
}

/** vgpu_queue_has_work - whether user space has moved the tail */
bool vgpu_queue_has_work(struct vgpu_queue *q)
{
	return READ_ONCE(q->user->tail) != q->head;
}

/* ---- states, all under sched.lock; who waits for one to be DEAD looks without */

static void set_flags(struct vgpu_queue *q, u32 flags)
{
	WRITE_ONCE(q->kernel->flags, flags);
}

static void unlink_queue(struct vgpu_queue *q)
{
	vgpu_turn_unkick(q);
	if (q->polled) {
		q->polled = false;
		vgpu_sched.npolled--;
	}
}

static void to_kicked(struct vgpu_queue *q)
{
	unlink_queue(q);
	WRITE_ONCE(q->state, VGPU_Q_KICKED);
	set_flags(q, 0);
	vgpu_turn_kick(q);
}

static void to_dead(struct vgpu_queue *q)
{
	struct vgpu_sched_ctx *s = q->obj.ctx->sched;

	unlink_queue(q);
	vgpu_look_forget_locked(q);
	WRITE_ONCE(q->state, VGPU_Q_DEAD);
	list_del_init(&q->ctx_link);
	WRITE_ONCE(s->live, s->live - 1);
	if (!s->live)
		wake_up_all(&s->drained);
	wake_up_all(&q->tl.wait);
}

/* Nobody will look at the tail: say so, then look once more. */
static void to_asleep(struct vgpu_queue *q)
{
	unlink_queue(q);
	set_flags(q, VGPU_QUEUE_NEED_WAKEUP);
	smp_mb();	/* pairs with user space's barrier between tail and flags */
	if (vgpu_queue_has_work(q))
		to_kicked(q);
}

static void to_idle(struct vgpu_queue *q)
{
	WRITE_ONCE(q->state, VGPU_Q_IDLE);
	if (vgpu_sched.npolled >= VGPU_MAX_POLLED) {
		to_asleep(q);
		return;
	}
	q->polled = true;
	vgpu_sched.npolled++;
	list_add(&q->link, &vgpu_sched.polled);
}

/**
 * vgpu_queue_settle - leave PUMPING
 * @q: queue
 * @state: IDLE, KICKED, BLOCKED or DEAD
 */
void vgpu_queue_settle(struct vgpu_queue *q, enum vgpu_queue_state state)
{
	spin_lock(&vgpu_sched.lock);
	if (q->stop || state == VGPU_Q_DEAD) {
		to_dead(q);
	} else if (q->rekick || state == VGPU_Q_KICKED) {
		to_kicked(q);
	} else if (state == VGPU_Q_IDLE) {
		to_idle(q);
	} else {	/* BLOCKED */
		WRITE_ONCE(q->state, state);
	}
	q->rekick = false;
	spin_unlock(&vgpu_sched.lock);
}

/** vgpu_queue_kick_locked - vgpu_queue_kick() under sched.lock */
void vgpu_queue_kick_locked(struct vgpu_queue *q)
{
	if (q->state == VGPU_Q_PUMPING)
		q->rekick = true;
	if (q->state != VGPU_Q_IDLE && q->state != VGPU_Q_BLOCKED)
		return;
	to_kicked(q);
	vgpu_wake_workers(1);
}

/** vgpu_queue_kick - have a worker look at a queue */
void vgpu_queue_kick(struct vgpu_queue *q)
{
	spin_lock(&vgpu_sched.lock);
	vgpu_queue_kick_locked(q);
	spin_unlock(&vgpu_sched.lock);
}

/** vgpu_unpoll_locked - awake workers stop looking at tails: ask for doorbells */
void vgpu_unpoll_locked(void)
{
	struct vgpu_queue *q, *next;

	list_for_each_entry_safe(q, next, &vgpu_sched.polled, link)
		to_asleep(q);
}

/**
 * vgpu_poll_rings_locked - look at the tails of the polled queues
 *
 * Return: whether one had work.
 */
bool vgpu_poll_rings_locked(void)
{
	struct vgpu_queue *q, *next;
	bool any = false;

	list_for_each_entry_safe(q, next, &vgpu_sched.polled, link) {
		if (vgpu_queue_has_work(q)) {
			to_kicked(q);
			any = true;
		}
	}
	return any;
}

/**
 * vgpu_queue_stop_locked - no new work; DEAD at once when nobody is inside
 * @q: queue
 * @dead_jobs: its job is put here when nobody was inside
 */
void vgpu_queue_stop_locked(struct vgpu_queue *q, struct list_head *dead_jobs)
{
	struct vgpu_job *job = q->job;

	if (q->state == VGPU_Q_DEAD)
		return;
	WRITE_ONCE(q->stop, true);
	WRITE_ONCE(q->kernel->error, vgpu_ctx_error(q->obj.ctx));
	if (q->state == VGPU_Q_PUMPING)
		return;
	if (q->state == VGPU_Q_BUSY) {
		WRITE_ONCE(job->stopped, true);
		vgpu_job_unlink(job);
		if (job->ops->stop)
			job->ops->stop(job);
		if (job->busy)
			return;
		q->job = NULL;
		vgpu_job_over_locked(job);
		list_add(&job->link, dead_jobs);
	}
	to_dead(q);
}

/* ---- ending */

static void stop_and_wait(struct vgpu_queue *q)
{
	LIST_HEAD(dead);

	spin_lock(&vgpu_sched.lock);
	vgpu_queue_stop_locked(q, &dead);
	spin_unlock(&vgpu_sched.lock);
	vgpu_jobs_free(&dead);
	vgpu_wait_for_chores(q->obj.ctx->sched, q->tl.wait, READ_ONCE(q->state) == VGPU_Q_DEAD);
	/* Whoever made it DEAD may still be waking us, under the lock. */
	spin_lock(&vgpu_sched.lock);
	spin_unlock(&vgpu_sched.lock);
}

static void detach(struct vgpu_obj *obj)
{
	struct vgpu_queue *q = vgpu_to_queue(obj);

	stop_and_wait(q);
	vgpu_chore_forget(obj->ctx->sched, &q->bring);
	vgpu_queue_unwait(q);
	vgpu_sched_ctx_remove_tl(obj->ctx, &q->tl);
	vgpu_tl_kill(&q->tl);
	atomic_dec(&obj->ctx->cnt.queues);
	atomic_dec(&obj->ctx->dev->cnt.queues);
}

static void free_queue(struct vgpu_obj *obj)
{
	struct vgpu_queue *q = vgpu_to_queue(obj);

	vgpu_counted_free(VGPU_KIND_QUEUE_AREA, q->user);
	free_page((unsigned long)q->kernel);
	vgpu_tally_add(VGPU_KIND_QUEUE_AREA, -!!q->kernel);
	if (q->held)
		vgpu_user_unhold_code(obj->ctx->user, held_bytes(q));
	vgpu_counted_free(VGPU_KIND_QUEUE, q);
}

static const struct vgpu_obj_ops queue_ops = { .detach = detach, .free = free_queue };

/* ---- making */

/* The queue, or -ENOMEM, -EDQUOT. */
static struct vgpu_queue *make(struct vgpu_ctx *ctx, const struct vgpu_queue_create *c)
{
	struct vgpu_queue *q = vgpu_counted(VGPU_KIND_QUEUE, vgpu_zalloc(sizeof(*q)));
	int rc = -EDQUOT;

	if (!q)
		return ERR_PTR(-ENOMEM);
	vgpu_obj_init(&q->obj, VGPU_OBJ_QUEUE, ctx, &queue_ops);
	vgpu_tl_init(&q->tl, 0);
	q->state = VGPU_Q_IDLE;
	q->slots = c->slots;
	q->priority = c->priority;
	INIT_LIST_HEAD(&q->link);
	INIT_LIST_HEAD(&q->ctx_link);
	INIT_LIST_HEAD(&q->waiter.link);
	INIT_LIST_HEAD(&q->bring.link);
	INIT_LIST_HEAD(&q->look_link);
	q->held = vgpu_user_hold_code(ctx->user, held_bytes(q));
	if (!q->held)
		goto put;
	rc = -ENOMEM;
	if (vgpu_vram_machine_free() >= user_bytes(q))
		q->user = vgpu_counted(VGPU_KIND_QUEUE_AREA, __vmalloc(user_bytes(q), VGPU_MEMORY_GFP));
	q->kernel = vgpu_counted(VGPU_KIND_QUEUE_AREA, (void *)get_zeroed_page(VGPU_MEMORY_GFP));
	if (q->user && q->kernel)
		return q;
put:
	vgpu_obj_put(&q->obj);
	return ERR_PTR(rc);
}

/* Hang it on its context; from here on a stop finds it. */
static int attach(struct vgpu_queue *q)
{
	struct vgpu_ctx *ctx = q->obj.ctx;
	struct vgpu_sched_ctx *s = ctx->sched;
	int rc = 0;

	if (atomic_inc_return(&ctx->cnt.queues) > MAX_QUEUES_PER_CTX) {
		atomic_dec(&ctx->cnt.queues);
		return -EDQUOT;
	}
	spin_lock(&vgpu_sched.lock);
	if (vgpu_ctx_dead(ctx)) {
		rc = -EIO;
	} else {
		list_add_tail(&q->ctx_link, &s->queues);
		WRITE_ONCE(s->live, s->live + 1);
		set_flags(q, VGPU_QUEUE_NEED_WAKEUP);
	}
	spin_unlock(&vgpu_sched.lock);
	if (rc)
		atomic_dec(&ctx->cnt.queues);
	else
		atomic_inc(&ctx->dev->cnt.queues);
	return rc;
}

static int bring_up(struct vgpu_file *vf, struct vgpu_queue *q, u32 *handle)
{
	int rc = attach(q);

	if (rc)
		return rc;
	/* An error of these two is the context's end: detach() undoes both. */
	rc = vgpu_sched_ctx_add_tl(q->obj.ctx, &q->tl);
	if (!rc)
		rc = vgpu_obj_publish(vf, &q->obj, handle);
	if (rc)
		detach(&q->obj);
	return rc;
}

int vgpu_ioctl_queue_create(struct vgpu_file *vf, void *arg)
{
	struct vgpu_queue_create *c = arg;
	struct vgpu_queue *q;
	struct vgpu_ctx *ctx;
	int rc;

	if (c->flags || !is_power_of_2(c->slots) || c->slots < 64 ||
	    c->slots > VGPU_QUEUE_MAX_SLOTS || c->priority < VGPU_PRIORITY_GREATEST ||
	    c->priority > VGPU_PRIORITY_LEAST)
		return -EINVAL;
	ctx = vgpu_ctx_get(vf, c->ctx);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	q = make(ctx, c);
	vgpu_ctx_put(ctx);
	if (IS_ERR(q))
		return PTR_ERR(q);
	c->user_length = user_bytes(q);
	rc = bring_up(vf, q, &c->handle);
	if (rc) {
		vgpu_obj_put(&q->obj);
		return rc;
	}
	c->user_offset = vgpu_cookie(c->handle);
	c->kernel_offset = vgpu_cookie(c->handle) + VGPU_COOKIE_KERNEL;
	c->kernel_length = PAGE_SIZE;
	return 0;
}

int vgpu_ioctl_doorbell(struct vgpu_file *vf, void *arg)
{
	struct vgpu_doorbell *d = arg;
	struct vgpu_obj *obj = vgpu_obj_get(vf, d->queue, VGPU_OBJ_QUEUE);
	int rc;

	if (IS_ERR(obj))
		return PTR_ERR(obj);
	rc = vgpu_ctx_usable(obj->ctx);
	if (!rc)
		vgpu_queue_kick(vgpu_to_queue(obj));
	vgpu_obj_put(obj);
	return rc;
}

/* ---- mmap */

static struct page *user_page(struct vgpu_obj *obj, unsigned long index)
{
	return vmalloc_to_page((u8 *)vgpu_to_queue(obj)->user + (index << PAGE_SHIFT));
}

static struct page *kernel_page(struct vgpu_obj *obj, unsigned long index)
{
	return virt_to_page(vgpu_to_queue(obj)->kernel);
}

/**
 * vgpu_queue_mmap - map one of the areas of a queue
 * @vma: the mapping to be
 * @obj: queue
 * @offset: file offset less the handle's part
 *
 * Return: 0, -EINVAL for another area or size, -EPERM for writing where only the kernel does, -ENOMEM.
 */
int vgpu_queue_mmap(struct vm_area_struct *vma, struct vgpu_obj *obj, u64 offset)
{
	u64 want = (u64)vma_pages(vma) << PAGE_SHIFT;

	if (offset == VGPU_COOKIE_KERNEL) {
		if (want != PAGE_SIZE)
			return -EINVAL;
		if (vma->vm_flags & VM_WRITE)
			return -EPERM;
		vgpu_vm_flags(vma, 0, VM_MAYWRITE);
		return vgpu_mmap_finish(vma, obj, kernel_page, 0);
	}
	if (offset || want != PAGE_ALIGN(user_bytes(vgpu_to_queue(obj))))
		return -EINVAL;
	return vgpu_mmap_finish(vma, obj, user_page, 0);
}
