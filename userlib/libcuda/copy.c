// SPDX-License-Identifier: MIT
/*
 * Copies.  Where both sides are known to the GPU (device, pinned, managed) a
 * copy is a packet in the stream.  Pageable memory is copied by the caller's
 * own system call, once the stream has come that far.
 */
#include <stdlib.h>
#include <string.h>
#include "copy.h"
#include "memory.h"

/* Where one side of a copy lies. */
enum where { PAGEABLE, HERE, ELSEWHERE };

struct place {
	enum where where;
	bool host;		/* pinned host memory */
	CUcontext ctx;		/* ELSEWHERE: of this context */
};

/* Bytes from the first to the last byte of one side. */
static bool span_of(const struct cu_box *b, size_t pitch, size_t slice, size_t *span)
{
	size_t rows, slices;

	if (__builtin_mul_overflow(pitch, b->height - 1, &rows) ||
	    __builtin_mul_overflow(slice, b->depth - 1, &slices) ||
	    __builtin_add_overflow(rows, slices, span) ||
	    __builtin_add_overflow(*span, b->width, span))
		return false;
	return true;
}

static CUresult find_place(CUcontext ctx, uint64_t address, size_t span, enum cu_side side, struct place *p)
{
	struct cu_mem m;

	*p = (struct place){ .where = PAGEABLE };
	if (!address || address + span < address)
		return CUDA_ERROR_INVALID_VALUE;
	if (!cu_mem_find(address, &m))
		return side == CU_SIDE_DEVICE || address >> 47 ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
	if (address + span > m.base + m.size) {
		/* Host memory may go on where its registration ends. */
		return cu_mem_is_host(&m) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
	}
	p->host = cu_mem_is_host(&m);
	p->where = p->host || m.ctx == ctx ? HERE : ELSEWHERE;
	p->ctx = m.ctx;
	return CUDA_SUCCESS;
}

static CUresult packet_copy(CUstream s, const struct cu_box *b)
{
	struct vgpu_pkt_copy packet = {
		.hdr = { .type = VGPU_PKT_COPY, .slots = 1 },
		.width = b->width,
		.height = b->height,
		.dst_pitch = b->height > 1 ? b->dst_pitch : 0,
		.src_pitch = b->height > 1 ? b->src_pitch : 0,
	};
	CUresult r = CUDA_SUCCESS;

	for (size_t z = 0; z < b->depth && !r; z++) {
		packet.dst = b->dst + z * b->dst_slice;
		packet.src = b->src + z * b->src_slice;
		r = cu_submit(s, &packet);
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

/* Between two contexts: row by row through the host. */
static CUresult bounce_copy(CUcontext from, CUcontext to, const struct cu_box *b)
{
	CUresult r = CUDA_SUCCESS;
	void *row = malloc(b->width);

	if (!row)
		return CUDA_ERROR_OUT_OF_MEMORY;
	for (size_t i = 0; i < b->depth * b->height && !r; i++) {
		size_t z = i / b->height, y = i % b->height;
		struct cu_box part = {
			.dst = (uintptr_t)row,
			.src = b->src + z * b->src_slice + y * b->src_pitch,
			.width = b->width, .height = 1, .depth = 1,
		};

		r = direct_copy(from, &part, false);
		part.src = (uintptr_t)row;
		part.dst = b->dst + z * b->dst_slice + y * b->dst_pitch;
		if (!r)
			r = direct_copy(to, &part, true);
	}
	free(row);
	return r;
}

/* A copy in which a side is pageable or of another context: at once, after the stream's work. */
static CUresult copy_now(CUstream stream, CUcontext ctx, const struct cu_box *b, const struct place *dst,
			 const struct place *src)
{
	CUresult r = cu_stream_synchronize(stream);

	if (r)
		return r;
	if (src->where == PAGEABLE && dst->where == PAGEABLE)
		host_copy(b);
	else if (src->where == PAGEABLE)
		return direct_copy(dst->where == HERE ? ctx : dst->ctx, b, true);
	else if (dst->where == PAGEABLE)
		return direct_copy(src->where == HERE ? ctx : src->ctx, b, false);
	else
		return bounce_copy(src->where == HERE ? ctx : src->ctx, dst->where == HERE ? ctx : dst->ctx, b);
	return CUDA_SUCCESS;
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

CUresult cu_copy(CUstream stream, const struct cu_box *box, bool wait)
{
	struct place dst, src;
	size_t dst_span, src_span;
	struct cu_point point;
	struct cu_box b;
	CUstream s;
	CUresult r = cu_stream_get(stream, &s);

	if (r || !box->width || !box->height || !box->depth)
		return r;
	if ((box->height > 1 && (box->dst_pitch < box->width || box->src_pitch < box->width)) ||
	    !span_of(box, box->dst_pitch, box->dst_slice, &dst_span) ||
	    !span_of(box, box->src_pitch, box->src_slice, &src_span))
		return CUDA_ERROR_INVALID_VALUE;
	r = find_place(s->ctx, box->dst, dst_span, box->dst_side, &dst);
	if (!r)
		r = find_place(s->ctx, box->src, src_span, box->src_side, &src);
	if (r)
		return r;
	b = flatten(box);
	if (dst.where != HERE || src.where != HERE)
		return copy_now(stream, s->ctx, &b, &dst, &src);
	r = cu_submit_begin(stream, &s);
	if (r)
		return r;
	r = packet_copy(s, &b);
	point = cu_stream_point(s);
	cu_submit_end(s);
	/* From device to device even the synchronous calls do not wait. */
	if (!r && wait && (dst.host || src.host))
		r = cu_point_wait(s->ctx, point);
	return r;
}

CUresult cu_copy_line(CUstream stream, uint64_t dst, enum cu_side dst_side, uint64_t src, enum cu_side src_side,
		      size_t bytes, bool wait)
{
	struct cu_box b = {
		.dst = dst, .src = src,
		.dst_side = dst_side, .src_side = src_side,
		.width = bytes, .height = 1, .depth = 1,
	};

	return cu_copy(stream, &b, wait);
}

CUresult cu_fill(CUstream stream, uint64_t dst, size_t pitch, uint32_t value, unsigned int unit, size_t width,
		 size_t height, bool wait)
{
	struct cu_box b = { .width = width * unit, .height = height, .depth = 1 };
	struct vgpu_pkt_fill packet = {
		.hdr = { .type = VGPU_PKT_FILL, .slots = 1 },
		.dst = dst, .width = width, .height = height,
		.pitch = height > 1 ? pitch : 0, .value = value, .unit = unit,
	};
	struct cu_point point;
	struct place place;
	size_t span;
	CUstream s;
	CUresult r = cu_stream_get(stream, &s);

	if (r || !width || !height)
		return r;
	if (dst % unit || width > SIZE_MAX / unit ||
	    (height > 1 && (pitch < b.width || pitch % unit)) || !span_of(&b, pitch, 0, &span))
		return CUDA_ERROR_INVALID_VALUE;
	r = find_place(s->ctx, dst, span, CU_SIDE_DEVICE, &place);
	if (r)
		return r;
	if (place.where != HERE)
		return CUDA_ERROR_INVALID_VALUE;
	if (height > 1 && pitch == b.width) {
		packet.width *= height;
		packet.height = 1;
		packet.pitch = 0;
	}
	r = cu_submit_begin(stream, &s);
	if (r)
		return r;
	r = cu_submit(s, &packet);
	point = cu_stream_point(s);
	cu_submit_end(s);
	if (!r && wait && place.host)
		r = cu_point_wait(s->ctx, point);
	return r;
}
