// SPDX-License-Identifier: MIT
/* Stream memory operations: wait for a word in memory, write one. */
#include <stdlib.h>
#include "copy.h"
#include "memory.h"
#include "slab.h"
#include "stream.h"

enum {
	WAIT_CONDITION = 3,		/* geq, eq, and, nor: as the packet numbers them */
	WAIT_FLUSH = 1 << 30,
	WRITE_NO_BARRIER = 1,
};

enum { OP_WAIT_32 = 1, OP_WRITE_32 = 2, OP_FLUSH = 3, OP_WAIT_64 = 4, OP_WRITE_64 = 5, OP_BARRIER = 6 };

/* One operation of a batch. */
union batch_op {
	unsigned int operation;
	struct {
		unsigned int operation;
		CUdeviceptr address;
		uint64_t value;
		unsigned int flags;
		CUdeviceptr alias;
	} word;
	uint64_t pad[6];
};

static CUresult check_word(CUcontext ctx, CUdeviceptr p, unsigned int unit)
{
	struct cu_mem m;

	if (!p || p % unit || !cu_mem_find(p, &m) || (!cu_mem_is_host(&m) && m.ctx != ctx))
		return CUDA_ERROR_INVALID_VALUE;
	return CUDA_SUCCESS;
}

static CUresult wait_value(CUstream stream, CUdeviceptr p, uint64_t value, unsigned int unit, unsigned int flags)
{
	struct vgpu_pkt_wait_value packet = {
		.hdr = { .type = VGPU_PKT_WAIT_VALUE, .slots = 1 },
		.src = p, .value = value, .unit = unit, .condition = flags & WAIT_CONDITION,
	};
	CUstream s;
	CUresult r = cu_submit_begin(stream, &s);

	if (r)
		return r;
	r = flags & ~(WAIT_CONDITION | WAIT_FLUSH) ? CUDA_ERROR_INVALID_VALUE : check_word(s->ctx, p, unit);
	if (!r)
		r = cu_submit(s, &packet);
	cu_submit_end(s);
	return r;
}

/* A word that a copy in a stream still reads from. */
struct cu_held_word {
	struct cu_held_word *next;
	uint64_t *word;
	struct cu_point point;
};

/* Words whose copy is done are free again; the context's lock is held. */
static void free_words(CUcontext ctx)
{
	struct cu_held_word **at = &ctx->held_words;

	while (*at) {
		struct cu_held_word *h = *at;

		if (!cu_point_done(h->point)) {
			at = &h->next;
			continue;
		}
		*at = h->next;
		cu_word_free(ctx, h->word);
		free(h);
	}
}

void cu_held_words_destroy(CUcontext ctx)
{
	while (ctx->held_words) {
		struct cu_held_word *h = ctx->held_words;

		ctx->held_words = h->next;
		free(h);
	}
}

/* Eight bytes at once: copied from a word of ours. */
static CUresult write_64(CUstream s, CUdeviceptr p, uint64_t value)
{
	struct vgpu_pkt_copy packet = {
		.hdr = { .type = VGPU_PKT_COPY, .slots = 1 },
		.dst = p, .width = sizeof(value), .height = 1,
	};
	struct cu_held_word *h = calloc(1, sizeof(*h));
	CUresult r;

	free_words(s->ctx);
	if (h)
		h->word = cu_word_new(s->ctx);
	if (!h || !h->word) {
		free(h);
		return CUDA_ERROR_OUT_OF_MEMORY;
	}
	*h->word = value;
	packet.src = (uintptr_t)h->word;
	r = cu_submit(s, &packet);
	h->point = cu_stream_point(s);
	h->next = s->ctx->held_words;
	s->ctx->held_words = h;
	return r;
}

static CUresult write_value(CUstream stream, CUdeviceptr p, uint64_t value, unsigned int unit, unsigned int flags)
{
	struct vgpu_pkt_fill packet = {
		.hdr = { .type = VGPU_PKT_FILL, .slots = 1 },
		.dst = p, .width = 1, .height = 1, .value = value, .unit = 4,
	};
	CUstream s;
	CUresult r = cu_submit_begin(stream, &s);

	if (r)
		return r;
	r = flags & ~WRITE_NO_BARRIER ? CUDA_ERROR_INVALID_VALUE : check_word(s->ctx, p, unit);
	if (!r)
		r = unit == 4 ? cu_submit(s, &packet) : write_64(s, p, value);
	cu_submit_end(s);
	return r;
}

static CUresult batch_op(CUstream stream, const union batch_op *op)
{
	switch (op->operation) {
	case OP_WAIT_32:
		return wait_value(stream, op->word.address, (uint32_t)op->word.value, 4, op->word.flags);
	case OP_WAIT_64:
		return wait_value(stream, op->word.address, op->word.value, 8, op->word.flags);
	case OP_WRITE_32:
		return write_value(stream, op->word.address, (uint32_t)op->word.value, 4, op->word.flags);
	case OP_WRITE_64:
		return write_value(stream, op->word.address, op->word.value, 8, op->word.flags);
	case OP_FLUSH:
	case OP_BARRIER:
		return CUDA_SUCCESS;	/* packets are in order and coherent */
	default:
		return CUDA_ERROR_INVALID_VALUE;
	}
}

static CUresult batch(CUstream stream, unsigned int count, const union batch_op *ops, unsigned int flags)
{
	CUresult r = CUDA_SUCCESS;

	if (flags || (count && !ops) || count > 256)
		return CUDA_ERROR_INVALID_VALUE;
	for (unsigned int i = 0; i < count && !r; i++)
		r = batch_op(stream, &ops[i]);
	return r;
}

/* The first and the second version differ in what they need permission for: nothing here. */
#define VALUE_OP(name, type, bits, call)							\
CU_EXPORT CUresult name##_ptsz(CUstream stream, CUdeviceptr p, type value, unsigned int flags);	\
CUDA_API(name, CU_ARGS(CUstream stream, CUdeviceptr p, type value, unsigned int flags),	\
	 CU_ARGS(stream, p, value, flags))							\
{												\
	return call(stream, p, value, bits / 8, flags);						\
}												\
CUresult name##_ptsz(CUstream stream, CUdeviceptr p, type value, unsigned int flags)		\
{												\
	return CU_CALL(#name "_ptsz", do_##name(CU_PTSZ(stream), p, value, flags));		\
}

VALUE_OP(cuStreamWaitValue32, uint32_t, 32, wait_value)
VALUE_OP(cuStreamWaitValue32_v2, uint32_t, 32, wait_value)
VALUE_OP(cuStreamWaitValue64, uint64_t, 64, wait_value)
VALUE_OP(cuStreamWaitValue64_v2, uint64_t, 64, wait_value)
VALUE_OP(cuStreamWriteValue32, uint32_t, 32, write_value)
VALUE_OP(cuStreamWriteValue32_v2, uint32_t, 32, write_value)
VALUE_OP(cuStreamWriteValue64, uint64_t, 64, write_value)
VALUE_OP(cuStreamWriteValue64_v2, uint64_t, 64, write_value)

#define BATCH_OP(name)										\
CU_EXPORT CUresult name##_ptsz(CUstream stream, unsigned int count, const union batch_op *ops,	\
			       unsigned int flags);						\
CUDA_API(name, CU_ARGS(CUstream stream, unsigned int count, const union batch_op *ops, unsigned int flags), \
	 CU_ARGS(stream, count, ops, flags))							\
{												\
	return batch(stream, count, ops, flags);						\
}												\
CUresult name##_ptsz(CUstream stream, unsigned int count, const union batch_op *ops, unsigned int flags) \
{												\
	return CU_CALL(#name "_ptsz", do_##name(CU_PTSZ(stream), count, ops, flags));		\
}

BATCH_OP(cuStreamBatchMemOp)
BATCH_OP(cuStreamBatchMemOp_v2)
