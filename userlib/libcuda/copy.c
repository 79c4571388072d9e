// SPDX-License-Identifier: MIT
/*
 * Copies.  Where both sides are known to the GPU (device, pinned, managed) a
 * copy is a packet in the stream.  Pageable memory is copied by the caller's
 * own system call, once the stream has come that far.
 */
#include <stdlib.h>
#include <string.h>
#include "callback.h"
#include "capture.h"
#include "copy.h"
#include "event.h"
#include "memory.h"
#include "stage.h"

/* Where one side of a copy lies. */
enum where { PAGEABLE, HERE, ELSEWHERE };

enum { BOUNCE = 1 << 20 }; /* bytes at a time between contexts that do not reach each other */

struct place {
	enum where where;
	bool host;     /* pinned host memory */
	CUcontext ctx; /* ELSEWHERE: of this context */
};

/*
 * Bytes from the first to the last byte of one side.  Neither rows nor slices
 * lie over each other, so that there are no more of them than bytes.
 */
static bool span_of(const struct cu_box *b, size_t pitch, size_t slice, size_t *span)
{
	size_t rows, slices;

	if ((b->height > 1 && pitch < b->width) || __builtin_mul_overflow(pitch, b->height - 1, &rows) ||
	    __builtin_add_overflow(rows, b->width, &rows) || (b->depth > 1 && slice < rows) ||
	    __builtin_mul_overflow(slice, b->depth - 1, &slices) || __builtin_add_overflow(rows, slices, span))
		return false;
	return true;
}

/* Whether mappings of the same context follow each other up to an end. */
static bool goes_on(CUcontext ctx, const struct cu_mem *first, bool here, uint64_t end)
{
	struct cu_mem m = *first;
	bool next_here;

	while (m.kind == CU_MEM_MAPPED && end > m.base + m.size) {
		uint64_t at = m.base + m.size;

		if (!cu_mem_find_in(at, ctx, &m, &next_here) || m.base != at || m.ctx != first->ctx ||
		    next_here != here)
			return false;
	}
	return m.kind == CU_MEM_MAPPED;
}

static CUresult find_place(CUcontext ctx, uint64_t address, size_t span, enum cu_side side, struct place *p)
{
	struct cu_mem m;

	bool here;

	*p = (struct place){ .where = PAGEABLE };
	if (!address || address + span < address)
		return CUDA_ERROR_INVALID_VALUE;
	if (!cu_mem_find_in(address, ctx, &m, &here))
		return side == CU_SIDE_DEVICE || address >> 47 ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
	if (address + span > m.base + m.size) {
		/* Host memory may go on where its registration ends. */
		if (cu_mem_is_host(&m))
			return CUDA_SUCCESS;
		if (!goes_on(ctx, &m, here, address + span))
			return CUDA_ERROR_INVALID_VALUE;
	}
	p->host = cu_mem_is_host(&m);
	p->where = here ? HERE : ELSEWHERE;
	p->ctx = m.ctx;
	return CUDA_SUCCESS;
}

/* Check a copy and find both of its sides. */
static CUresult locate(CUcontext ctx, const struct cu_box *b, struct place *dst, struct place *src)
{
	size_t dst_span, src_span;
	CUresult r;

	if (!span_of(b, b->dst_pitch, b->dst_slice, &dst_span) || !span_of(b, b->src_pitch, b->src_slice, &src_span))
		return CUDA_ERROR_INVALID_VALUE;
	r = find_place(ctx, b->dst, dst_span, b->dst_side, dst);
	return r ? r : find_place(ctx, b->src, src_span, b->src_side, src);
}

CUresult cu_copy_check(CUcontext ctx, const struct cu_box *box)
{
	struct place dst, src;

	return locate(ctx, box, &dst, &src);
}

static void slice_packet(const struct cu_box *b, size_t z, struct vgpu_pkt_copy *packet)
{
	*packet = (struct vgpu_pkt_copy){
		.hdr = { .type = VGPU_PKT_COPY, .slots = 1 },
		.dst = b->dst + z * b->dst_slice,
		.src = b->src + z * b->src_slice,
		.width = b->width,
		.height = b->height,
		.dst_pitch = b->height > 1 ? b->dst_pitch : 0,
		.src_pitch = b->height > 1 ? b->src_pitch : 0,
	};
}

/* Slices written at once: the context's lock is not held while a full ring drains. */
enum { SLICES = 64 };

/* In stream order; *point is the last packet's. */
static CUresult packet_copy(CUstream stream, const struct cu_box *b, struct cu_point *point)
{
	struct vgpu_pkt_copy packet;
	CUresult r = CUDA_SUCCESS;
	CUstream s;

	for (size_t z = 0; z < b->depth && !r;) {
		size_t n = b->depth - z < SLICES ? b->depth - z : SLICES;

		r = cu_submit_begin_room(stream, n, &s);
		if (r)
			return r;
		for (size_t end = z + n; z < end && !r; z++) {
			slice_packet(b, z, &packet);
			r = cu_submit(s, &packet);
		}
		*point = cu_stream_point(s);
		cu_submit_end(s);
	}
	return r;
}

/* By the caller's own system call; user is the pageable side. */
static CUresult direct_copy(CUcontext ctx, const struct cu_box *b, bool to_gpu)
{
	struct vgpu_mem_copy c = {
		.direction = to_gpu ? VGPU_COPY_TO_GPU : VGPU_COPY_FROM_GPU,
		.ctx = ctx->handle,
		.width = b->width,
		.height = b->height,
		.gpu_pitch = to_gpu ? b->dst_pitch : b->src_pitch,
		.user_pitch = to_gpu ? b->src_pitch : b->dst_pitch,
	};
	int err = 0;

	if (b->height == 1)
		c.gpu_pitch = c.user_pitch = 0;
	for (size_t z = 0; z < b->depth && !err; z++) {
		uint64_t dst = b->dst + z * b->dst_slice, src = b->src + z * b->src_slice;

		c.gpu_va = to_gpu ? dst : src;
		c.user_ptr = to_gpu ? src : dst;
		err = vgpu_mem_copy(&ctx->dev->dev, &c);
	}
	return err ? cu_check(ctx, err) : CUDA_SUCCESS;
}

static void host_copy(const struct cu_box *b)
{
	for (size_t z = 0; z < b->depth; z++)
		for (size_t y = 0; y < b->height; y++)
			memmove((char *)b->dst + z * b->dst_slice + y * b->dst_pitch,
				(const char *)b->src + z * b->src_slice + y * b->src_pitch, b->width);
}

/* Bytes of a row, through a buffer on the host. */
static CUresult bounce(CUcontext from, CUcontext to, uint64_t dst, uint64_t src, size_t bytes, void *buffer)
{
	struct cu_box part = { .dst = (uintptr_t)buffer, .src = src, .width = bytes, .height = 1, .depth = 1 };
	CUresult r = direct_copy(from, &part, false);

	part.src = (uintptr_t)buffer;
	part.dst = dst;
	return r ? r : direct_copy(to, &part, true);
}

/* Between two contexts: through the host, with a buffer that is there also when memory is short. */
static CUresult bounce_copy(CUcontext from, CUcontext to, const struct cu_box *b)
{
	char few[4096], *many = b->width > sizeof(few) ? malloc(BOUNCE) : NULL, *buffer = many ? many : few;
	size_t most = many ? BOUNCE : sizeof(few);
	CUresult r = CUDA_SUCCESS;

	for (size_t i = 0; i < b->depth * b->height && !r; i++) {
		size_t z = i / b->height, y = i % b->height;
		uint64_t dst = b->dst + z * b->dst_slice + y * b->dst_pitch;
		uint64_t src = b->src + z * b->src_slice + y * b->src_pitch;

		for (size_t at = 0; at < b->width && !r; at += most)
			r = bounce(from, to, dst + at, src + at, b->width - at < most ? b->width - at : most, buffer);
	}
	free(many);
	return r;
}

/* A copy in which a side is pageable or of another context. */
static CUresult copy_now(CUcontext ctx, const struct cu_box *b, const struct place *dst, const struct place *src)
{
	CUcontext to = dst->where == HERE ? ctx : dst->ctx, from = src->where == HERE ? ctx : src->ctx;

	if (src->where == PAGEABLE && dst->where == PAGEABLE)
		host_copy(b);
	else if (src->where == PAGEABLE)
		return direct_copy(to, b, true);
	else if (dst->where == PAGEABLE)
		return direct_copy(from, b, false);
	else
		return bounce_copy(from, to, b);
	return CUDA_SUCCESS;
}

CUresult cu_copy_now(CUcontext ctx, const struct cu_box *box)
{
	struct place dst, src;
	CUresult r = locate(ctx, box, &dst, &src);

	return r ? r : copy_now(ctx, box, &dst, &src);
}

/* Rows that follow each other without a gap are one row. */
static struct cu_box flatten(const struct cu_box *box)
{
	struct cu_box b = *box;

	if (b.height > 1 && b.width == b.dst_pitch && b.width == b.src_pitch) {
		b.width *= b.height;
		b.height = 1;
	}
	if (b.height == 1 && b.depth > 1 && b.width == b.dst_slice && b.width == b.src_slice) {
		b.width *= b.depth;
		b.depth = 1;
	}
	return b;
}

CUresult cu_copy_packets(CUcontext ctx, const struct cu_box *box, struct vgpu_pkt_copy *packets, size_t room,
			 size_t *count)
{
	struct cu_box b = flatten(box);
	struct place dst, src;
	CUresult r = locate(ctx, box, &dst, &src);

	*count = 0;
	if (r || dst.where != HERE || src.where != HERE)
		return r;
	*count = b.depth;
	for (size_t z = 0; z < b.depth && z < room; z++)
		slice_packet(&b, z, &packets[z]);
	return CUDA_SUCCESS;
}

static CUresult capture_copy(CUstream s, const struct cu_box *box)
{
	CUDA_MEMCPY3D c = cu_box_to_3d(box);
	struct cu_node_params p;
	CUresult r = cu_node_copy_from(&p, &c, s->ctx);

	return r ? r : cu_capture_add(s, CU_GRAPH_NODE_MEMCPY, &p, NULL);
}

/* A copy that the stream's host thread makes. */
struct later {
	CUcontext ctx;
	struct cu_box box;
};

static void run_later(CUstream stream, CUresult status, void *data)
{
	struct later *l = data;

	(void)stream;
	if (!status)
		status = cu_copy_now(l->ctx, &l->box);
	if (status)
		cu_log("a copy by the host in stream order failed: %d", status);
	free(l);
}

CUresult cu_copy_submit(CUstream s, const struct cu_box *box)
{
	struct later *l = malloc(sizeof(*l));
	CUresult r;

	if (!l)
		return CUDA_ERROR_OUT_OF_MEMORY;
	*l = (struct later){ s->ctx, *box };
	r = cu_callback_submit(s, s, NULL, run_later, l);
	if (r)
		free(l);
	return r;
}

/* Between contexts that do not reach each other's memory. */
static CUresult copy_later(CUstream stream, const struct cu_box *box)
{
	CUstream s;
	CUresult r = cu_submit_begin(stream, &s);

	if (r)
		return r;
	r = cu_copy_submit(s, box);
	cu_submit_end(s);
	return r;
}

static bool is_small(const struct cu_box *b)
{
	return b->height == 1 && b->depth == 1 && b->width <= CU_STAGE_MAX;
}

/* Read from every page, so that a pointer to nothing ends the program, or runs its handler, while nothing is locked. */
static void touch(const struct cu_box *b)
{
	const volatile char *p = (const volatile char *)b->src;

	for (size_t at = 0; at < b->width; at += VGPU_PAGE_SIZE)
		(void)p[at];
	(void)p[b->width - 1];
}

/* From pageable memory: read now, written in stream order.  False when there is no room to keep it. */
static bool stage_copy(CUstream stream, const struct cu_box *box, CUresult *r)
{
	struct cu_box b = *box;
	struct vgpu_pkt_copy packet;
	bool room = true;
	CUstream s;
	void *p;

	touch(&b);
	*r = cu_submit_begin(stream, &s);
	if (*r)
		return true;
	p = cu_stage_get(s->ctx, b.width);
	if (p) {
		memcpy(p, (const void *)b.src, b.width);
		b.src = (uintptr_t)p;
		slice_packet(&b, 0, &packet);
		*r = cu_submit(s, &packet);
		cu_stage_until(s->ctx, cu_stream_point(s));
	} else {
		room = false;
	}
	cu_submit_end(s);
	return room;
}

static bool of_device(const struct place *p)
{
	return p->where != PAGEABLE && !p->host;
}

/* It is another device's than the stream's. */
static bool concerns_another(const struct place *p, CUcontext ctx)
{
	return of_device(p) && p->ctx != ctx;
}

/*
 * A synchronous call for another device's memory comes after what that was given: the host waits, as it does for the
 * copy's end.
 */
static CUresult settle(const struct place *p, CUcontext ctx)
{
	return concerns_another(p, ctx) ? cu_context_synchronize(p->ctx) : CUDA_SUCCESS;
}

/* A stream's: the legacy one of @ctx, or @s where that is given */
static CUresult begin_in(CUstream s, CUcontext ctx, CUstream *out)
{
	return s ? cu_submit_begin(s, out) : cu_submit_begin_legacy(ctx, out);
}

/* What the second stream is given from now on comes after what the first one has; NULL: the other context's legacy one. */
static CUresult order(CUstream first, CUstream second, CUcontext other)
{
	struct cu_point p;
	CUcontext ctx;
	CUresult r = begin_in(first, other, &first);

	if (r)
		return r;
	ctx = first->ctx;
	p = cu_stream_point(first);
	cu_submit_end(first);
	if (cu_point_done(p))
		return CUDA_SUCCESS;
	r = begin_in(second, other, &second);
	if (r)
		return r;
	r = cu_submit_wait_elsewhere(second, ctx, ctx->id, p);
	cu_submit_end(second);
	return r;
}

static CUresult order_by(CUstream s, const struct place *p, bool theirs_first)
{
	CUresult r;

	/* One that has ended does nothing any more, before or after. */
	if (!concerns_another(p, s->ctx) || cu_context_health(p->ctx))
		return CUDA_SUCCESS;
	r = theirs_first ? order(NULL, s, p->ctx) : order(s, NULL, p->ctx);
	return cu_context_health(p->ctx) ? CUDA_SUCCESS : r;
}

/*
 * A copy in the legacy default stream to or from another device's memory begins when the blocking streams of both
 * devices have done what they were given, whichever is the current one, and what they are given afterwards begins when
 * it has ended (CUDA Programming Guide, Peer-to-Peer Memory Copy; and so two H200 do it, with host memory as well).
 */
static CUresult order_both(CUstream s, const struct place *dst, const struct place *src, bool theirs_first)
{
	CUresult r = order_by(s, dst, theirs_first);

	return r ? r : order_by(s, src, theirs_first);
}

/* From device to device even the synchronous calls do not wait, unless it is for another one's streams (@settled). */
static CUresult copy_placed(CUstream stream, const struct cu_box *b, const struct place *dst, const struct place *src,
			    bool wait, bool settled)
{
	struct cu_point point;
	CUcontext ctx = stream->ctx;
	CUresult r;

	if (of_device(dst) && of_device(src) && !settled)
		wait = false;
	if (dst->where != HERE || src->where != HERE) {
		if (!wait && dst->where != PAGEABLE && src->where != PAGEABLE)
			return copy_later(stream, b);
		if (!wait && dst->where == HERE && is_small(b) && stage_copy(stream, b, &r))
			return r;
		r = cu_stream_synchronize(stream);
		return r ? r : copy_now(ctx, b, dst, src);
	}
	r = packet_copy(stream, b, &point);
	return !r && wait ? cu_point_wait(ctx, point) : r;
}

CUresult cu_copy(CUstream stream, const struct cu_box *box, bool wait)
{
	struct place dst, src;
	struct cu_box b;
	bool others;
	CUstream s;
	CUresult r = cu_stream_get(stream, &s);

	if (!r && wait)
		r = cu_capture_barred(s);
	if (r || !box->width || !box->height || !box->depth)
		return r;
	if (cu_unlikely(cu_stream_captures(s)))
		return capture_copy(s, box);
	r = locate(s->ctx, box, &dst, &src);
	if (r)
		return r;
	b = flatten(box);
	others = concerns_another(&dst, s->ctx) || concerns_another(&src, s->ctx);
	if (cu_unlikely(others) && s->kind == CU_STREAM_DEFAULT_LEGACY) {
		r = order_both(s, &dst, &src, true);
		if (!r)
			r = copy_placed(s, &b, &dst, &src, wait, false);
		return r ? r : order_both(s, &dst, &src, false);
	}
	if (wait)
		r = settle(&dst, s->ctx);
	if (wait && !r)
		r = settle(&src, s->ctx);
	return r ? r : copy_placed(s, &b, &dst, &src, wait, others);
}

CUresult cu_copy_line(CUstream stream, uint64_t dst, enum cu_side dst_side, uint64_t src, enum cu_side src_side,
		      size_t bytes, bool wait)
{
	struct cu_box b = {
		.dst = dst,
		.src = src,
		.dst_side = dst_side,
		.src_side = src_side,
		.width = bytes,
		.height = 1,
		.depth = 1,
	};

	return cu_copy(stream, &b, wait);
}

CUresult cu_fill_packet(CUcontext ctx, uint64_t dst, size_t pitch, uint32_t value, unsigned int unit, size_t width,
			size_t height, struct vgpu_pkt_fill *packet, bool *host)
{
	struct cu_box b = { .width = width * unit, .height = height, .depth = 1 };
	struct place place;
	size_t span;
	CUresult r;

	if ((unit != 1 && unit != 2 && unit != 4) || dst % unit || width > SIZE_MAX / unit ||
	    (height > 1 && pitch % unit) || !span_of(&b, pitch, 0, &span))
		return CUDA_ERROR_INVALID_VALUE;
	r = find_place(ctx, dst, span, CU_SIDE_DEVICE, &place);
	if (r)
		return r;
	if (place.where != HERE)
		return CUDA_ERROR_INVALID_VALUE;
	*packet = (struct vgpu_pkt_fill){
		.hdr = { .type = VGPU_PKT_FILL, .slots = 1 },
		.dst = dst,
		.width = width,
		.height = height,
		.pitch = height > 1 ? pitch : 0,
		.value = value,
		.unit = unit,
	};
	if (height > 1 && pitch == b.width) {
		packet->width *= height;
		packet->height = 1;
		packet->pitch = 0;
	}
	if (host)
		*host = place.host;
	return CUDA_SUCCESS;
}

static CUresult capture_fill(CUstream s, const CUDA_MEMSET_NODE_PARAMS *fill)
{
	struct cu_node_params p;
	CUresult r = cu_node_fill_from(&p, fill, s->ctx);

	return r ? r : cu_capture_add(s, CU_GRAPH_NODE_MEMSET, &p, NULL);
}

CUresult cu_fill(CUstream stream, uint64_t dst, size_t pitch, uint32_t value, unsigned int unit, size_t width,
		 size_t height, bool wait)
{
	struct vgpu_pkt_fill packet;
	struct cu_point point;
	bool host;
	CUstream s;
	CUresult r = cu_stream_get(stream, &s);

	if (!r && wait)
		r = cu_capture_barred(s);
	if (r || !width || !height)
		return r;
	if (cu_unlikely(cu_stream_captures(s)))
		return capture_fill(s, &(CUDA_MEMSET_NODE_PARAMS){ dst, pitch, value, unit, width, height, NULL });
	r = cu_fill_packet(s->ctx, dst, pitch, value, unit, width, height, &packet, &host);
	if (!r)
		r = cu_submit_begin(stream, &s);
	if (r)
		return r;
	r = cu_submit(s, &packet);
	point = cu_stream_point(s);
	cu_submit_end(s);
	if (!r && wait && host)
		r = cu_point_wait(s->ctx, point);
	return r;
}
