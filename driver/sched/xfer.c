// SPDX-License-Identifier: GPL-2.0
/*
 * Copy and fill packets: cut into pieces that fit a slice, spread over the
 * workers as blocks of a grid are.
 */
#include <linux/math64.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "internal.h"

#define PIECE_BYTES	(256u << 10)
#define PIECE_ROWS	1024u

/**
 * struct xfer - a copy or fill
 * @job: head
 * @copy: copies from @src; else fills with @value
 * @dst: GPU address
 * @src: GPU address
 * @width: bytes of a row
 * @height: rows
 * @dst_pitch: bytes from row to row
 * @src_pitch: bytes from row to row
 * @piece: bytes of a piece, counted over the rows
 * @bytes: all bytes
 * @value: four bytes of the pattern
 */
struct xfer {
	struct vgpu_job job;
	bool copy;
	u64 dst;
	u64 src;
	u64 width;
	u64 height;
	u64 dst_pitch;
	u64 src_pitch;
	u64 piece;
	u64 bytes;
	u32 value;
};

static struct xfer *to_xfer(struct vgpu_job *job)
{
	return container_of(job, struct xfer, job);
}

static void fault_at(struct xfer *x, u64 address, bool write, int error)
{
	struct vgpu_fault f = {
		.kind = error == -EFAULT ? VGPU_FAULT_COPY : VGPU_FAULT_MEMORY,
		.lane = ~0u,
		.address = address,
		.write = write,
		.detail = error,
	};

	vgpu_job_fault(&x->job, &f);
}

/* Fill with a pattern of four bytes whose phase is that of the address. */
static void fill(void *to, u32 value, u64 n)
{
	u8 *p = to;

	if (value == (value & 0xff) * 0x01010101u) {
		memset(to, value & 0xff, n);
		return;
	}
	for (; n && (unsigned long)p & 3; n--, p++)
		*p = value >> (8 * ((unsigned long)p & 3));
	memset32((u32 *)p, value, n / 4);
	for (p += n & ~3ull, n &= 3; n; n--, p++)
		*p = value >> (8 * ((unsigned long)p & 3));
}

/* As much of a row as both sides have in one piece; else -EFAULT or -EAGAIN, at *@bad. */
static s64 move(struct vgpu_as *as, struct xfer *x, u64 dst, u64 src, u64 want, u64 *bad)
{
	u64 dspan, sspan = want;
	void *to = vgpu_as_translate(as, dst, true, &dspan), *from = NULL;

	*bad = dst;
	if (IS_ERR(to))
		return PTR_ERR(to);
	if (x->copy) {
		from = vgpu_as_translate(as, src, false, &sspan);
		*bad = src;
		if (IS_ERR(from))
			return PTR_ERR(from);
	}
	want = min3(want, dspan, sspan);
	if (from)
		memmove(to, from, want);
	else
		fill(to, x->value, want);
	return want;
}

/**
 * struct cursor - how far a piece has come
 * @left: bytes to do
 * @row: of the transfer
 * @col: byte in it
 */
struct cursor {
	u64 left, row, col;
};

/* In a slice: the rest of a piece, or until -EFAULT or -EAGAIN at *@bad. */
static int move_rows(struct vgpu_as *as, struct xfer *x, struct cursor *c, u64 *bad)
{
	while (c->left) {
		s64 n = move(as, x, x->dst + c->row * x->dst_pitch + c->col,
			     x->src + c->row * x->src_pitch + c->col,
			     min(c->left, x->width - c->col), bad);

		if (n < 0)
			return n;
		c->left -= n;
		c->col += n;
		if (c->col == x->width) {
			c->col = 0;
			c->row++;
		}
	}
	return 0;
}

/* One piece, in a slice. Returns 0, or -EAGAIN at *@bad; another errno after a fault. */
static int one_piece(struct vgpu_worker *w, struct xfer *x, u64 index, u64 *bad)
{
	struct vgpu_ctx *ctx = x->job.queue->obj.ctx;
	struct cursor c = { .left = min(x->piece, x->bytes - index * x->piece) };
	u64 ns;
	int rc;

	c.row = div64_u64_rem(index * x->piece, x->width, &c.col);
	vgpu_slice_begin(w, ctx->as, false);
	rc = move_rows(ctx->as, x, &c, bad);
	ns = vgpu_slice_end(w);
	atomic64_add(ns, &x->job.exec_ns);
	vgpu_count(ctx, busy_ns, ns);
	vgpu_count(ctx, mem_busy_ns, ns);
	cond_resched();
	if (rc && rc != -EAGAIN)
		fault_at(x, *bad, *bad == x->dst + c.row * x->dst_pitch + c.col, rc);
	return rc;
}

static void bring_page(struct vgpu_chore *c)
{
	struct vgpu_unit *u = container_of(c, struct vgpu_unit, chore);
	struct xfer *x = to_xfer(u->job);
	int rc = vgpu_as_touch(x->job.queue->obj.ctx->as, u->va);

	if (rc)
		fault_at(x, u->va, u->va - x->dst < x->dst_pitch * (x->height - 1) + x->width, rc);
	vgpu_job_back(&x->job, u, u);
}

/* Memory is to be brought before the next piece can be done, from its beginning. */
static bool await_page(struct xfer *x, u64 first, u64 count, u64 va)
{
	struct vgpu_unit *range = vgpu_unit_range(first, count);

	if (!range) {
		fault_at(x, va, false, -ENOMEM);
		return false;
	}
	range->va = va;
	vgpu_job_await(&x->job, range, bring_page);
	return true;
}

static u64 run(struct vgpu_worker *w, struct vgpu_job *job, struct vgpu_unit *unit,
	       u64 first, u64 count, bool *parked)
{
	struct xfer *x = to_xfer(job);
	u64 done = 0, bad = 0;
	int rc = 0;

	if (unit) {	/* pieces that were given back */
		first = unit->first;
		count = unit->count;
		vgpu_unit_free(unit);
	}
	while (done < count && !rc && !READ_ONCE(job->stopped)) {
		rc = one_piece(w, x, first + done, &bad);
		done += !rc;
	}
	if (rc == -EAGAIN)
		*parked = await_page(x, first + done, count - done, bad);
	return done;
}

/* Host memory has the addresses that host and GPU share. */
static void count_done(struct vgpu_job *job)
{
	struct vgpu_ctx *ctx = job->queue->obj.ctx;
	const struct xfer *x = to_xfer(job);

	vgpu_count(ctx, copies, 1);
	vgpu_count(ctx, copied_bytes, x->bytes);
	if (!x->copy || (x->src < VGPU_VA_SPLIT) == (x->dst < VGPU_VA_SPLIT))
		return;
	atomic64_add(x->bytes, x->src < VGPU_VA_SPLIT ? &ctx->dev->to_gpu_bytes :
							&ctx->dev->from_gpu_bytes);
}

static void free_xfer(struct vgpu_job *job)
{
	vgpu_counted_free(VGPU_KIND_XFER, to_xfer(job));
}

static const struct vgpu_job_ops xfer_ops = {
	.run = run,
	.complete = count_done,
	.free = free_xfer,
};

/* The rows must end below the end of the address space. */
static int check_rows(u64 at, u64 width, u64 height, u64 pitch)
{
	u64 end;

	if (at >= VGPU_VA_END || width > VGPU_VA_END || height > VGPU_VA_END)
		return -EINVAL;
	if (height > 1 && pitch < width)
		return -EINVAL;
	if (check_mul_overflow(height - 1, height > 1 ? pitch : 0, &end) ||
	    check_add_overflow(end, width, &end) || check_add_overflow(end, at, &end) ||
	    end > VGPU_VA_END)
		return -EINVAL;
	return 0;
}

/* Turn a checked description into a job; none when there is nothing to do. */
static int create(struct vgpu_queue *q, const struct xfer *want, u64 seqno, struct vgpu_job **out)
{
	struct xfer *x;

	*out = NULL;
	if (!want->width || !want->height)
		return 0;
	x = vgpu_counted(VGPU_KIND_XFER, vgpu_zalloc_reserved(sizeof(*x)));
	if (!x)
		return -ENOMEM;
	*x = *want;
	x->bytes = x->width * x->height;
	x->piece = PIECE_BYTES;
	if (x->height > 1 && x->width < PIECE_BYTES / PIECE_ROWS)
		x->piece = x->width * PIECE_ROWS;
	vgpu_job_init(&x->job, q, &xfer_ops, seqno, div64_u64(x->bytes - 1, x->piece) + 1);
	x->job.name = x->copy ? "copy" : "fill";
	*out = &x->job;
	return 0;
}

/** vgpu_copy_create - check a copy packet and make it a job, NULL for an empty one */
int vgpu_copy_create(struct vgpu_queue *q, const struct vgpu_pkt_copy *p,
		     u64 seqno, struct vgpu_job **out)
{
	struct xfer x = {
		.copy = true,
		.dst = p->dst,
		.src = p->src,
		.width = p->width,
		.height = p->height,
		.dst_pitch = p->dst_pitch,
		.src_pitch = p->src_pitch,
	};
	int rc = 0;

	if (!p->height)
		return -EINVAL;
	if (p->width)
		rc = check_rows(p->dst, p->width, p->height, p->dst_pitch) ?:
			check_rows(p->src, p->width, p->height, p->src_pitch);
	return rc ?: create(q, &x, seqno, out);
}

/** vgpu_fill_create - check a fill packet and make it a job, NULL for an empty one */
int vgpu_fill_create(struct vgpu_queue *q, const struct vgpu_pkt_fill *p,
		     u64 seqno, struct vgpu_job **out)
{
	static const u32 spread[] = { [1] = 0x01010101, [2] = 0x00010001, [4] = 1 };
	struct xfer x = {
		.dst = p->dst,
		.height = p->height,
		.dst_pitch = p->pitch,
	};
	int rc = 0;

	if (p->reserved || !p->height || (p->unit != 1 && p->unit != 2 && p->unit != 4) ||
	    !IS_ALIGNED(p->dst, p->unit) || p->width > VGPU_VA_END)
		return -EINVAL;
	if (p->height > 1 && !IS_ALIGNED(p->pitch, p->unit))
		return -EINVAL;
	x.width = p->width * p->unit;
	x.value = (p->unit == 4 ? p->value : p->value & ((1u << (8 * p->unit)) - 1)) *
		spread[p->unit];
	if (x.width)
		rc = check_rows(p->dst, x.width, p->height, p->pitch);
	return rc ?: create(q, &x, seqno, out);
}
