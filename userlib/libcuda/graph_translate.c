// SPDX-License-Identifier: MIT
/* From nodes of an executable graph to packets. */
#include <stdlib.h>
#include <string.h>
#include "graph_exec.h"
#include "slab.h"
#include "stream_value.h"

static struct cu_node_code *code_new(uint32_t slots, uint32_t packets)
{
	struct cu_node_code *c = malloc(sizeof(*c) + (size_t)slots * VGPU_SLOT_BYTES);

	if (c)
		*c = (struct cu_node_code){ .slots = slots, .packets = packets };
	return c;
}

/* One launch of a graph runs at a time: its cooperative kernels share a workspace. */
static CUresult workspace(CUgraphExec exec, CUcontext ctx, uint64_t *address)
{
	CUresult r = CUDA_SUCCESS;

	if (!exec->workspace)
		r = cu_mem_new(ctx, CU_MEM_MODULE, VGPU_PAGE_SIZE, &exec->workspace);
	*address = r ? 0 : exec->workspace->base;
	return r;
}

static CUresult kernel(CUgraphExec exec, CUgraphNode n, struct cu_node_code **out)
{
	uint8_t packet[CU_LAUNCH_BYTES] __attribute__((aligned(8)));
	struct cu_node_kernel *k = &n->p.kernel;
	struct cu_launch shape = k->shape;
	uint64_t meeting = 0;
	uint32_t slots;
	CUresult r = CUDA_SUCCESS;

	if (!cu_is(k->f, CU_FUNCTION) || !cu_context_alive(k->f->mod->ctx))
		return CUDA_ERROR_INVALID_VALUE; /* its module was unloaded */
	if (k->shape.cooperative)
		r = workspace(exec, n->p.ctx, &meeting);
	shape.own_priority = exec->flags & CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY;
	if (!r)
		r = cu_launch_build(k->f, &shape, k->params, meeting, packet, &slots);
	if (r)
		return r;
	*out = code_new(slots, 1);
	if (!*out)
		return CUDA_ERROR_OUT_OF_MEMORY;
	memcpy((*out)->bytes, packet, (size_t)slots * VGPU_SLOT_BYTES);
	return CUDA_SUCCESS;
}

/* Without packets when a side is pageable: a launch has the host do it then. */
static CUresult copy(CUgraphNode n, struct cu_node_code **out)
{
	struct cu_box box;
	size_t count;
	CUresult r = cu_box_from_3d(&n->p.copy, &box);

	if (!r)
		r = cu_copy_packets(n->p.ctx, &box, NULL, 0, &count);
	if (!r && count > UINT32_MAX / VGPU_SLOT_BYTES)
		r = CUDA_ERROR_INVALID_VALUE;
	if (r)
		return r;
	*out = code_new(count, count);
	if (!*out)
		return CUDA_ERROR_OUT_OF_MEMORY;
	return cu_copy_packets(n->p.ctx, &box, (struct vgpu_pkt_copy *)(*out)->bytes, count, &count);
}

static CUresult fill(CUgraphNode n, struct cu_node_code **out)
{
	const CUDA_MEMSET_NODE_PARAMS *f = &n->p.fill;

	*out = code_new(1, 1);
	if (!*out)
		return CUDA_ERROR_OUT_OF_MEMORY;
	return cu_fill_packet(n->p.ctx, f->dst, f->pitch, f->value, f->elementSize, f->width, f->height,
			      (struct vgpu_pkt_fill *)(*out)->bytes, NULL);
}

static uint64_t *exec_word(CUgraphExec exec, CUcontext ctx)
{
	struct cu_exec_word *w = malloc(sizeof(*w));

	if (!w)
		return NULL;
	pthread_mutex_lock(&ctx->lock);
	w->word = cu_word_new(ctx);
	pthread_mutex_unlock(&ctx->lock);
	if (!w->word) {
		free(w);
		return NULL;
	}
	w->next = exec->words;
	exec->words = w;
	return w->word;
}

static CUresult ops(CUgraphExec exec, CUgraphNode n, struct cu_node_code **out)
{
	struct cu_node_code *c = *out = code_new(n->p.nops, 0);

	if (!c)
		return CUDA_ERROR_OUT_OF_MEMORY;
	for (unsigned int i = 0; i < n->p.nops; i++) {
		const CUstreamBatchMemOpParams *op = &n->p.ops[i];
		uint64_t *word = NULL;
		CUresult r = cu_value_check(n->p.ctx, op);

		if (r)
			return r;
		if (cu_value_needs_word(op)) {
			word = exec_word(exec, n->p.ctx);
			if (!word)
				return CUDA_ERROR_OUT_OF_MEMORY;
		}
		c->packets += cu_value_packet(op, word, c->bytes + (size_t)c->packets * VGPU_SLOT_BYTES);
	}
	c->slots = c->packets;
	return CUDA_SUCCESS;
}

CUresult cu_node_translate(CUgraphExec exec, CUgraphNode n)
{
	struct cu_node_code *code = NULL;
	CUresult r = CUDA_SUCCESS;

	if (n->p.ctx)
		r = cu_exec_adopt_context(exec, n->p.ctx);
	if (r)
		return r;
	switch (n->type) {
	case CU_GRAPH_NODE_KERNEL:
		r = kernel(exec, n, &code);
		break;
	case CU_GRAPH_NODE_MEMCPY:
		r = copy(n, &code);
		break;
	case CU_GRAPH_NODE_MEMSET:
		r = fill(n, &code);
		break;
	case CU_GRAPH_NODE_BATCH_MEM_OP:
		r = ops(exec, n, &code);
		break;
	default:
		break;
	}
	if (r) {
		free(code);
		return r;
	}
	free(n->code);
	n->code = code;
	return CUDA_SUCCESS;
}
