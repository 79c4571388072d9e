// SPDX-License-Identifier: GPL-2.0
/*
 * Packets: taken from the ring once, checked, and begun. The ring is
 * written by user space at any time: only the copy counts.
 */
#include <linux/memcontrol.h>
#include <linux/sched/mm.h>

#include "../core/trace.h"
#include "internal.h"

#define PUMP_MAX	64	/* packets before other queues get a turn */

/* What became of a packet. */
enum outcome {
	PKT_DONE,	/* complete */
	PKT_BUSY,	/* now a job: the queue is no longer ours */
	PKT_BLOCKED,	/* wait */
};

/**
 * struct kind - a type of packet
 * @min_slots: least slots
 * @max_slots: most slots
 * @flags: flags allowed
 * @begin: check it and do it, or begin to; an outcome or a negative errno
 */
struct kind {
	u32 min_slots;
	u32 max_slots;
	u64 flags;
	int (*begin)(struct vgpu_worker *w, struct vgpu_queue *q, const void *packet);
};

static bool is_zero(const void *p, size_t n)
{
	return !memchr_inv(p, 0, n);
}

static int begin_nop(struct vgpu_worker *w, struct vgpu_queue *q, const void *packet)
{
	return PKT_DONE;
}

static int publish(struct vgpu_job *job, int rc)
{
	if (rc)
		return rc;
	if (!job)	/* nothing to do */
		return PKT_DONE;
	vgpu_job_publish(job);
	return PKT_BUSY;
}

static int begin_launch(struct vgpu_worker *w, struct vgpu_queue *q, const void *packet)
{
	struct vgpu_job *job = NULL;
	int rc = vgpu_launch_create(w, q, packet, q->seqno, &job);

	return publish(job, rc);
}

static int begin_copy(struct vgpu_worker *w, struct vgpu_queue *q, const void *packet)
{
	struct vgpu_job *job = NULL;
	int rc = vgpu_copy_create(q, packet, q->seqno, &job);

	return publish(job, rc);
}

static int begin_fill(struct vgpu_worker *w, struct vgpu_queue *q, const void *packet)
{
	struct vgpu_job *job = NULL;
	int rc = vgpu_fill_create(q, packet, q->seqno, &job);

	return publish(job, rc);
}

/* A fence or queue in the same file of the same process. */
static struct vgpu_obj *find_waitable(struct vgpu_queue *q, u32 handle)
{
	struct vgpu_obj *obj = vgpu_obj_find(q->obj.ctx->file, handle);

	if (IS_ERR(obj))
		return obj;
	if (obj->ctx->mm == q->obj.ctx->mm && vgpu_obj_timeline(obj))
		return obj;
	vgpu_obj_put(obj);
	return ERR_PTR(-EINVAL);
}

static int begin_signal(struct vgpu_worker *w, struct vgpu_queue *q, const void *packet)
{
	const struct vgpu_pkt_fence *p = packet;
	struct vgpu_obj *obj;
	int rc = PKT_DONE;

	if (p->reserved0 || !is_zero(p->reserved, sizeof(p->reserved)))
		return -EINVAL;
	obj = find_waitable(q, p->handle);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	if (obj->type == VGPU_OBJ_FENCE)
		vgpu_tl_signal(vgpu_obj_timeline(obj), p->value);
	else
		rc = -EINVAL;
	vgpu_obj_put(obj);
	return rc;
}

static void wake_queue(struct vgpu_tl_waiter *waiter)
{
	vgpu_queue_kick(container_of(waiter, struct vgpu_queue, waiter));
}

/** vgpu_queue_unwait - let go of what a queue waits for */
void vgpu_queue_unwait(struct vgpu_queue *q)
{
	if (!q->waiting_on)
		return;
	vgpu_tl_cancel(vgpu_obj_timeline(q->waiting_on), &q->waiter);
	vgpu_obj_put(q->waiting_on);
	q->waiting_on = NULL;
}

static int begin_wait(struct vgpu_worker *w, struct vgpu_queue *q, const void *packet)
{
	const struct vgpu_pkt_fence *p = packet;
	struct vgpu_obj *obj;
	int rc;

	if (p->reserved0 || !is_zero(p->reserved, sizeof(p->reserved)))
		return -EINVAL;
	obj = find_waitable(q, p->handle);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	q->waiting_on = obj;
	q->waiter.value = p->value;
	q->waiter.fn = wake_queue;
	rc = vgpu_tl_add(vgpu_obj_timeline(obj), &q->waiter);
	if (!rc)
		return PKT_BLOCKED;
	vgpu_queue_unwait(q);
	return rc > 0 ? PKT_DONE : rc;
}

static void bring(struct vgpu_chore *c)
{
	struct vgpu_queue *q = container_of(c, struct vgpu_queue, bring);

	q->bring_error = vgpu_as_touch(q->obj.ctx->as, q->bring_va);
	smp_store_release(&q->bringing, false);		/* the error before it */
	vgpu_queue_kick(q);
}

/* Where an address lies: begins a slice, unless it fails. -EAGAIN: its memory is being brought. */
static void *begin_access(struct vgpu_worker *w, struct vgpu_queue *q, u64 va, bool write)
{
	u64 span;
	void *at;

	vgpu_slice_begin(w, q->obj.ctx->as, false);
	at = vgpu_as_translate(q->obj.ctx->as, va, write, &span);
	if (!IS_ERR(at))
		return at;
	vgpu_slice_end(w);
	if (at == ERR_PTR(-EAGAIN)) {
		q->bring_va = va;
		q->bringing = true;
		vgpu_chore(q->obj.ctx->sched, &q->bring, bring);
	}
	return at;
}

/* 1 done, 0 not yet, or an errno. */
static int stamp(struct vgpu_worker *w, struct vgpu_queue *q, u64 at)
{
	u64 *to = begin_access(w, q, at, true);

	if (to == ERR_PTR(-EAGAIN)) {
		q->stamp_at = at;
		return 0;
	}
	if (IS_ERR(to))
		return PTR_ERR(to);
	WRITE_ONCE(*to, ktime_get_ns());
	vgpu_slice_end(w);
	q->stamp_at = 0;
	return 1;
}

static int begin_timestamp(struct vgpu_worker *w, struct vgpu_queue *q, const void *packet)
{
	const struct vgpu_pkt_timestamp *p = packet;
	int rc;

	/* Nothing is ever mapped at 0. */
	if (!is_zero(p->reserved, sizeof(p->reserved)) || !IS_ALIGNED(p->dst, 8) || !p->dst)
		return -EINVAL;
	rc = stamp(w, q, p->dst);
	if (rc < 0)
		return rc;
	return rc ? PKT_DONE : PKT_BLOCKED;
}

static bool met(const struct vgpu_pkt_wait_value *p, u64 have)
{
	switch (p->condition) {
	case VGPU_WAIT_GEQ:
		return p->unit == 8 ? (s64)(have - p->value) >= 0 :
			(s32)((u32)have - (u32)p->value) >= 0;
	case VGPU_WAIT_EQ:
		return p->unit == 8 ? have == p->value : (u32)have == (u32)p->value;
	case VGPU_WAIT_AND:
		return p->unit == 8 ? have & p->value : (u32)(have & p->value);
	default:
		return p->unit == 8 ? ~(have | p->value) : (u32)~(have | p->value);
	}
}

/* Look at the word, soon again if need be: 1 met, 0 not yet, negative errno. */
static int look(struct vgpu_worker *w, struct vgpu_queue *q,
		const struct vgpu_pkt_wait_value *p)
{
	void *at = begin_access(w, q, p->src, false);
	int rc;

	if (at == ERR_PTR(-EAGAIN))
		return 0;
	if (IS_ERR(at))
		return PTR_ERR(at);
	rc = met(p, p->unit == 8 ? READ_ONCE(*(u64 *)at) : READ_ONCE(*(u32 *)at));
	vgpu_slice_end(w);
	if (!rc)
		vgpu_look_again(q);
	return rc;
}

static int begin_wait_value(struct vgpu_worker *w, struct vgpu_queue *q, const void *packet)
{
	const struct vgpu_pkt_wait_value *p = packet;
	int rc;

	if (!is_zero(p->reserved, sizeof(p->reserved)) || (p->unit != 4 && p->unit != 8) ||
	    !IS_ALIGNED(p->src, p->unit) || p->condition > VGPU_WAIT_NOR)
		return -EINVAL;
	rc = look(w, q, p);
	if (rc < 0)
		return rc;
	if (rc)
		return PKT_DONE;
	q->wait_value = *p;
	return PKT_BLOCKED;
}

static const struct kind kinds[] = {
	[VGPU_PKT_NOP]		= { 1, 1, 0, begin_nop },
	[VGPU_PKT_LAUNCH]	= { 2, VGPU_PACKET_SLOTS, VGPU_LAUNCH_COOPERATIVE | VGPU_LAUNCH_PRIORITY, begin_launch },
	[VGPU_PKT_COPY]		= { 1, 1, 0, begin_copy },
	[VGPU_PKT_FILL]		= { 1, 1, 0, begin_fill },
	[VGPU_PKT_SIGNAL]	= { 1, 1, 0, begin_signal },
	[VGPU_PKT_WAIT]		= { 1, 1, 0, begin_wait },
	[VGPU_PKT_TIMESTAMP]	= { 1, 1, 0, begin_timestamp },
	[VGPU_PKT_WAIT_VALUE]	= { 1, 1, 0, begin_wait_value },
};

static void copy_slots(struct vgpu_queue *q, void *to, u32 first, u32 n)
{
	const u8 *slots = (const u8 *)q->user + VGPU_QUEUE_SLOTS_OFFSET;
	u32 at = (u32)(q->head + first) & (q->slots - 1), run = min(n, q->slots - at);

	memcpy(to, slots + (size_t)at * VGPU_SLOT_BYTES, run * VGPU_SLOT_BYTES);
	memcpy(to + run * VGPU_SLOT_BYTES, slots, (n - run) * VGPU_SLOT_BYTES);
}

static int check_header(const struct vgpu_pkt_header *h, u64 avail)
{
	const struct kind *k;

	if (h->type >= ARRAY_SIZE(kinds))
		return -EINVAL;
	k = &kinds[h->type];
	if (h->slots < k->min_slots || h->slots > k->max_slots || h->slots > avail)
		return -EINVAL;
	return h->flags & ~k->flags ? -EINVAL : 0;
}

/* Take the next packet: 1 one is in w->packet, 0 the ring is empty, or an errno. */
static int fetch(struct vgpu_worker *w, struct vgpu_queue *q)
{
	/* the tail before the slots that it covers */
	u64 avail = smp_load_acquire(&q->user->tail) - q->head;
	struct vgpu_pkt_header *h = (struct vgpu_pkt_header *)w->packet;
	int rc;

	if (!avail)
		return 0;
	q->seqno++;
	if (avail > q->slots)
		return -EOVERFLOW;
	copy_slots(q, w->packet, 0, 1);
	rc = check_header(h, avail);
	if (rc)
		return rc;
	copy_slots(q, w->packet + VGPU_SLOT_BYTES, 1, h->slots - 1);
	q->head += h->slots;
	WRITE_ONCE(q->kernel->started, q->seqno);
	/* our copy is complete before user space may write the slots again */
	smp_store_release(&q->kernel->head, q->head);
	return 1;
}

/**
 * vgpu_queue_complete - a packet has completed
 * @q: queue
 * @seqno: its number
 */
void vgpu_queue_complete(struct vgpu_queue *q, u64 seqno)
{
	/* all that the packet did before its number */
	smp_store_release(&q->kernel->done, seqno);
	vgpu_tl_signal(&q->tl, seqno);
}

static void bad_packet(struct vgpu_queue *q, int rc)
{
	struct vgpu_fault f = {
		.kind = rc == -ENOMEM ? VGPU_FAULT_MEMORY : VGPU_FAULT_PACKET,
		.lane = ~0u,
		.queue = q->obj.handle,
		.seqno = q->seqno,
		.detail = rc,
	};

	vgpu_ctx_fault(q->obj.ctx, &f);
}

/* What it was waiting for: 1 has come, 0 not yet, or an errno. */
static int blocked(struct vgpu_worker *w, struct vgpu_queue *q)
{
	int rc = 1;

	if (smp_load_acquire(&q->bringing))	/* pairs with bring() */
		return 0;
	if (q->bring_error)
		return -ENOMEM;
	if (q->waiting_on) {
		if (!vgpu_tl_reached(vgpu_obj_timeline(q->waiting_on), q->waiter.value))
			return 0;
		vgpu_queue_unwait(q);
	} else if (q->wait_value.unit) {
		rc = look(w, q, &q->wait_value);
		if (!rc)
			return 0;
		q->wait_value.unit = 0;
	} else if (q->stamp_at) {
		rc = stamp(w, q, q->stamp_at);
		if (!rc)
			return 0;
	} else {
		return 1;
	}
	if (rc > 0)
		vgpu_queue_complete(q, q->seqno);
	return rc;
}

/* One packet: an outcome, an errno, or -EAGAIN when the ring is empty. */
static int one(struct vgpu_worker *w, struct vgpu_queue *q)
{
	const struct vgpu_pkt_header *h = (struct vgpu_pkt_header *)w->packet;
	int rc = fetch(w, q);

	if (rc <= 0)
		return rc ?: -EAGAIN;
	trace_vgpu_submit(q->obj.ctx, q->obj.handle, q->seqno, h->type);
	rc = kinds[h->type].begin(w, q, w->packet);
	if (rc == PKT_DONE)
		vgpu_queue_complete(q, q->seqno);
	return rc;
}

static enum vgpu_queue_state pump(struct vgpu_worker *w, struct vgpu_queue *q)
{
	int i, rc = blocked(w, q);

	if (!rc)
		return VGPU_Q_BLOCKED;
	for (i = 0; rc >= 0 && i < PUMP_MAX; i++) {
		if (READ_ONCE(q->stop))
			return VGPU_Q_DEAD;
		rc = one(w, q);
		if (rc == PKT_BUSY)
			return VGPU_Q_BUSY;
		if (rc == PKT_BLOCKED)
			return VGPU_Q_BLOCKED;
	}
	if (rc >= 0)
		return VGPU_Q_KICKED;
	if (rc == -EAGAIN)
		return VGPU_Q_IDLE;
	bad_packet(q, rc);
	return VGPU_Q_DEAD;
}

/**
 * vgpu_queue_pump - take packets from a ring until one takes time
 * @w: this worker
 * @q: queue, PUMPING; may be gone on return
 */
void vgpu_queue_pump(struct vgpu_worker *w, struct vgpu_queue *q)
{
	struct vgpu_ctx *ctx = q->obj.ctx;
	struct mem_cgroup *old = set_active_memcg(ctx->sched->memcg);
	enum vgpu_queue_state state = pump(w, q);

	set_active_memcg(old);
	if (state != VGPU_Q_BUSY)
		vgpu_queue_settle(q, state);
}
