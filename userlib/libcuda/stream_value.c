// SPDX-License-Identifier: MIT
/* Stream memory operations: wait for a word in memory, write one. */
#include <string.h>
#include "capture.h"
#include "copy.h"
#include "memory.h"
#include "slab.h"
#include "stream.h"
#include "stream_value.h"

enum {
	WAIT_CONDITION = 3, /* geq, eq, and, nor: as the packet numbers them */
	WAIT_FLUSH = 1 << 30,
	WRITE_NO_BARRIER = 1,
};

enum { OP_WAIT_32 = 1, OP_WRITE_32 = 2, OP_FLUSH = 3, OP_WAIT_64 = 4, OP_WRITE_64 = 5, OP_BARRIER = 6 };

static bool is_wait(const CUstreamBatchMemOpParams *op)
{
	return op->operation == OP_WAIT_32 || op->operation == OP_WAIT_64;
}

static unsigned int unit_of(const CUstreamBatchMemOpParams *op)
{
	return op->operation == OP_WAIT_64 || op->operation == OP_WRITE_64 ? 8 : 4;
}

CUresult cu_value_check(CUcontext ctx, const CUstreamBatchMemOpParams *op)
{
	unsigned int known = is_wait(op) ? WAIT_CONDITION | WAIT_FLUSH : WRITE_NO_BARRIER;
	CUdeviceptr p = op->word.address;
	struct cu_mem m;

	if (op->operation == OP_FLUSH || op->operation == OP_BARRIER)
		return CUDA_SUCCESS; /* packets are in order and coherent */
	if (op->operation < OP_WAIT_32 || op->operation > OP_WRITE_64 || (op->word.flags & ~known))
		return CUDA_ERROR_INVALID_VALUE;
	if (!p || p % unit_of(op) || !cu_mem_find(p, &m) || (!cu_mem_is_host(&m) && m.ctx != ctx))
		return CUDA_ERROR_INVALID_VALUE;
	return CUDA_SUCCESS;
}

bool cu_value_needs_word(const CUstreamBatchMemOpParams *op)
{
	return op->operation == OP_WRITE_64;
}

bool cu_value_packet(const CUstreamBatchMemOpParams *op, uint64_t *word, uint8_t packet[VGPU_SLOT_BYTES])
{
	uint64_t value = unit_of(op) == 4 ? (uint32_t)op->word.value : op->word.value;

	if (is_wait(op)) {
		struct vgpu_pkt_wait_value p = {
			.hdr = { .type = VGPU_PKT_WAIT_VALUE, .slots = 1 },
			.src = op->word.address,
			.value = value,
			.unit = unit_of(op),
			.condition = op->word.flags & WAIT_CONDITION,
		};

		memcpy(packet, &p, sizeof(p));
	} else if (op->operation == OP_WRITE_32) {
		struct vgpu_pkt_fill p = {
			.hdr = { .type = VGPU_PKT_FILL, .slots = 1 },
			.dst = op->word.address,
			.width = 1,
			.height = 1,
			.value = value,
			.unit = 4,
		};

		memcpy(packet, &p, sizeof(p));
	} else if (op->operation == OP_WRITE_64) {
		/* Eight bytes at once: copied from a word of ours. */
		struct vgpu_pkt_copy p = {
			.hdr = { .type = VGPU_PKT_COPY, .slots = 1 },
			.dst = op->word.address,
			.src = (uintptr_t)word,
			.width = sizeof(value),
			.height = 1,
		};

		*word = value;
		memcpy(packet, &p, sizeof(p));
	} else {
		return false;
	}
	return true;
}

static CUresult submit_op(CUstream s, const CUstreamBatchMemOpParams *op)
{
	uint8_t packet[VGPU_SLOT_BYTES] __attribute__((aligned(8)));
	CUresult r = cu_value_check(s->ctx, op);
	uint64_t *word = NULL;

	if (!r && cu_value_needs_word(op)) {
		word = cu_word_new(s->ctx);
		if (!word)
			r = CUDA_ERROR_OUT_OF_MEMORY;
	}
	if (r || !cu_value_packet(op, word, packet))
		return r;
	r = cu_submit(s, packet);
	if (word)
		cu_word_free_at(s->ctx, word, cu_stream_point(s));
	return r;
}

static CUresult capture(CUstream s, unsigned int count, const CUstreamBatchMemOpParams *ops)
{
	CUDA_BATCH_MEM_OP_NODE_PARAMS o = {
		.ctx = s->ctx,
		.count = count,
		.paramArray = (CUstreamBatchMemOpParams *)ops,
	};
	struct cu_node_params p;
	CUresult r = cu_node_ops_from(&p, &o);

	return r ? r : cu_capture_add(s, CU_GRAPH_NODE_BATCH_MEM_OP, &p, NULL);
}

static CUresult batch(CUstream stream, unsigned int count, const CUstreamBatchMemOpParams *ops, unsigned int flags)
{
	CUstream s;
	CUresult r;

	if (flags || (count && !ops) || count > CU_BATCH_MAX)
		return CUDA_ERROR_INVALID_VALUE;
	if (cu_capture_of(stream, &s))
		return capture(s, count, ops);
	r = cu_submit_begin_room(stream, count, &s);
	if (r)
		return r;
	for (unsigned int i = 0; i < count && !r; i++)
		r = submit_op(s, &ops[i]);
	cu_submit_end(s);
	return r;
}

static CUresult one_op(CUstream stream, unsigned int operation, CUdeviceptr p, uint64_t value, unsigned int flags)
{
	CUstreamBatchMemOpParams op = {
		.word = { .operation = operation, .address = p, .value = value, .flags = flags },
	};

	return batch(stream, 1, &op, 0);
}

/* The first and the second version differ in what they need permission for: nothing here. */
#define VALUE_OP(name, type, operation)                                                                 \
	CU_EXPORT CUresult name##_ptsz(CUstream stream, CUdeviceptr p, type value, unsigned int flags); \
	CUDA_API(name, CU_ARGS(CUstream stream, CUdeviceptr p, type value, unsigned int flags),         \
		 CU_ARGS(stream, p, value, flags))                                                      \
	{                                                                                               \
		return one_op(stream, operation, p, value, flags);                                      \
	}                                                                                               \
	CUresult name##_ptsz(CUstream stream, CUdeviceptr p, type value, unsigned int flags)            \
	{                                                                                               \
		return CU_CALL(#name "_ptsz", do_##name(CU_PTSZ(stream), p, value, flags));             \
	}

VALUE_OP(cuStreamWaitValue32, uint32_t, OP_WAIT_32)
VALUE_OP(cuStreamWaitValue32_v2, uint32_t, OP_WAIT_32)
VALUE_OP(cuStreamWaitValue64, uint64_t, OP_WAIT_64)
VALUE_OP(cuStreamWaitValue64_v2, uint64_t, OP_WAIT_64)
VALUE_OP(cuStreamWriteValue32, uint32_t, OP_WRITE_32)
VALUE_OP(cuStreamWriteValue32_v2, uint32_t, OP_WRITE_32)
VALUE_OP(cuStreamWriteValue64, uint64_t, OP_WRITE_64)
VALUE_OP(cuStreamWriteValue64_v2, uint64_t, OP_WRITE_64)

#define BATCH_OP(name)                                                                                           \
	CU_EXPORT CUresult name##_ptsz(CUstream stream, unsigned int count, const CUstreamBatchMemOpParams *ops, \
				       unsigned int flags);                                                      \
	CUDA_API(name,                                                                                           \
		 CU_ARGS(CUstream stream, unsigned int count, const CUstreamBatchMemOpParams *ops,               \
			 unsigned int flags),                                                                    \
		 CU_ARGS(stream, count, ops, flags))                                                             \
	{                                                                                                        \
		return batch(stream, count, ops, flags);                                                         \
	}                                                                                                        \
	CUresult name##_ptsz(CUstream stream, unsigned int count, const CUstreamBatchMemOpParams *ops,           \
			     unsigned int flags)                                                                 \
	{                                                                                                        \
		return CU_CALL(#name "_ptsz", do_##name(CU_PTSZ(stream), count, ops, flags));                    \
	}

BATCH_OP(cuStreamBatchMemOp)
BATCH_OP(cuStreamBatchMemOp_v2)
