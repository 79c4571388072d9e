// SPDX-License-Identifier: MIT
/* Launches: check the shape, find the code, write the packet. */
#include <stdlib.h>
#include <string.h>
#include "../compiler/launch.h"
#include "capture.h"
#include "graph.h"
#include "launch.h"
#include "print.h"

CUresult cu_check_cluster(const unsigned int blocks[3])
{
	if (blocks[0] <= 1 && blocks[1] <= 1 && blocks[2] <= 1)
		return CUDA_SUCCESS;
	return cu_refuse("clusters of more than one block");
}

/* A block of one thread stands for the one that the kernel requires (.reqntid); so it is on a card. */
static void required_block(const struct vgpucc_kernel *k, struct cu_launch *l)
{
	if (!k->reqntid[0] || l->block[0] != 1 || l->block[1] != 1 || l->block[2] != 1)
		return;
	for (int i = 0; i < 3; i++)
		l->block[i] = k->reqntid[i] ? k->reqntid[i] : 1;
}

CUresult cu_launch_check(CUfunction f, struct cu_launch *l)
{
	const struct vgpu_device_info *dev = &f->mod->ctx->dev->dev.info;
	const struct vgpucc_kernel *k = &f->kernel;
	uint64_t threads = 1;

	required_block(k, l);
	for (int i = 0; i < 3; i++) {
		if (!l->grid[i] || l->grid[i] > dev->max_grid_dim[i] || !l->block[i] ||
		    l->block[i] > dev->max_block_dim[i])
			return CUDA_ERROR_INVALID_VALUE;
		threads *= l->block[i];
	}
	/* A card too calls more than the kernel's .maxntid an invalid value; what lacks there are registers. */
	if (threads > (unsigned int)cu_kernel_max_threads(k, dev) || l->dynamic > (unsigned int)f->max_dynamic)
		return CUDA_ERROR_INVALID_VALUE;
	for (int i = 0; k->reqntid[0] && i < 3; i++)
		if (l->block[i] != (k->reqntid[i] ? k->reqntid[i] : 1))
			return CUDA_ERROR_INVALID_VALUE;
	return cu_check_cluster(k->reqcluster);
}

/* "extra": pairs of a word that says what follows, and that; ended by zero. */
static CUresult packed_params(void **extra, uint8_t *to, size_t size)
{
	const void *buffer = NULL;
	size_t given = 0;

	for (; *extra != CU_LAUNCH_PARAM_END; extra += 2) {
		if (extra[0] == CU_LAUNCH_PARAM_BUFFER_POINTER)
			buffer = extra[1];
		else if (extra[0] == CU_LAUNCH_PARAM_BUFFER_SIZE)
			given = *(const size_t *)extra[1];
		else
			return CUDA_ERROR_INVALID_VALUE;
	}
	if (given < size || (size && !buffer))
		return CUDA_ERROR_INVALID_VALUE;
	memcpy(to, buffer, size);
	return CUDA_SUCCESS;
}

CUresult cu_launch_gather(CUfunction f, const struct cu_launch *l, uint8_t *to)
{
	const struct vgpucc_kernel *k = &f->kernel;

	if (l->extra && !l->params)
		return packed_params(l->extra, to, k->param_size);
	if (k->nparams && !l->params)
		return CUDA_ERROR_INVALID_VALUE;
	for (unsigned int i = 0; i < k->nparams; i++) {
		if (!l->params[i])
			return CUDA_ERROR_INVALID_VALUE;
		memcpy(to + k->params[i].offset, l->params[i], k->params[i].size);
	}
	return CUDA_SUCCESS;
}

static int to_gpu(CUcontext ctx, uint64_t va, const void *data, size_t bytes)
{
	struct vgpu_mem_copy c = {
		.direction = VGPU_COPY_TO_GPU,
		.ctx = ctx->handle,
		.user_ptr = (uintptr_t)data,
		.gpu_va = va,
		.width = bytes,
		.height = 1,
	};

	return vgpu_mem_copy(&ctx->dev->dev, &c);
}

static CUresult heap_new(CUcontext ctx)
{
	size_t size = ctx->limits[CU_LIMIT_MALLOC_HEAP_SIZE] & ~(size_t)15;
	struct vgpucc_heap_block first, last;
	struct vgpucc_heap heap;
	struct cu_mem *m;
	CUresult r;
	int err;

	if (size < sizeof(first))
		size = sizeof(first);
	r = cu_mem_new(ctx, CU_MEM_MODULE, sizeof(heap) + size + sizeof(last), &m);
	if (r)
		return r;
	vgpucc_heap_init(&heap, &first, &last, m->base, size);
	err = to_gpu(ctx, m->base, &heap, sizeof(heap));
	if (!err)
		err = to_gpu(ctx, m->base + sizeof(heap), &first, sizeof(first));
	if (!err)
		err = to_gpu(ctx, m->base + sizeof(heap) + size, &last, sizeof(last));
	if (err) {
		cu_mem_free(m);
		return cu_check(ctx, err);
	}
	ctx->heap = m->base;
	return CUDA_SUCCESS;
}

/* The device side malloc's memory, made with the first kernel that may use it. */
static CUresult heap_of(CUcontext ctx, uint64_t *heap)
{
	CUresult r = CUDA_SUCCESS;

	pthread_mutex_lock(&ctx->dev->lock);
	if (!ctx->heap)
		r = heap_new(ctx);
	*heap = ctx->heap;
	pthread_mutex_unlock(&ctx->dev->lock);
	return r;
}

/*
 * Where the blocks of a cooperative launch count each other: zero at first, left
 * so that the next launch of the same stream can go on with it.
 */
static CUresult workspace_of(CUcontext ctx, CUstream stream, uint64_t *address)
{
	CUresult r = CUDA_SUCCESS;
	CUstream s;

	r = cu_stream_get(stream, &s);
	if (r)
		return r;
	pthread_mutex_lock(&ctx->dev->lock);
	if (!s->workspace)
		r = cu_mem_new(ctx, CU_MEM_MODULE, 4096, &s->workspace);
	if (!r)
		*address = s->workspace->base;
	pthread_mutex_unlock(&ctx->dev->lock);
	return r;
}

static CUresult hidden_params(CUmodule mod, uint64_t workspace, struct vgpucc_hidden *h)
{
	CUresult r = CUDA_SUCCESS;

	*h = (struct vgpucc_hidden){
		.globals = mod->segment ? mod->segment->base : 0,
		.workspace = workspace,
	};
	if (mod->image->prints)
		r = cu_print_address(mod->ctx, &h->printf_buf);
	if (!r && mod->image->allocates)
		r = heap_of(mod->ctx, &h->heap);
	return r;
}

/* How many blocks the device holds at once, with @local bytes of each thread. */
static CUresult resident(CUfunction f, const struct cu_variant *v, const struct cu_launch *l, uint32_t local,
			 uint32_t *blocks)
{
	struct vgpu_kernel_info info = {
		.code = v->code,
		.threads = l->block[0] * l->block[1] * l->block[2],
		.dyn_shared = l->dynamic,
		.launch_local_bytes = local,
	};
	int err = vgpu_kernel_info(&f->mod->ctx->dev->dev, &info);

	*blocks = info.coop_blocks;
	return err ? cu_check(f->mod->ctx, err) : CUDA_SUCCESS;
}

/* Do all blocks fit at once? As many as occupancy tells, that is, of each multiprocessor the same, if there are so many. */
static CUresult check_cooperative(CUfunction f, const struct cu_variant *v, const struct cu_launch *l, uint32_t local)
{
	uint32_t blocks, each = f->mod->ctx->dev->dev.info.sm_count;
	CUresult r = resident(f, v, l, local, &blocks);

	if (r)
		return r;
	if (blocks > each)
		blocks -= blocks % each;
	return (uint64_t)l->grid[0] * l->grid[1] * l->grid[2] > blocks ? CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE :
									 CUDA_SUCCESS;
}

/*
 * Local memory of a thread.  Our frames hold what NVIDIA's machine code keeps in
 * registers: a stack of the size the program asked for is made that much larger.
 */
enum { FRAME_FACTOR = 8 };

/* Of a block's memory, what is not local: registers of 32 warps, shared memory, and room to spare. */
enum { BLOCK_REST = 4 << 20 };

static CUresult local_bytes(CUcontext ctx, const struct cu_variant *v, const struct cu_launch *l, uint32_t *local)
{
	size_t stack = ctx->limits[CU_LIMIT_STACK_SIZE], most = ctx->dev->dev.info.max_local_bytes;
	size_t lanes = ((size_t)l->block[0] * l->block[1] * l->block[2] + 31) & ~(size_t)31;
	size_t need = v->info.local_bytes + stack, bytes = v->info.local_bytes + FRAME_FACTOR * stack;

	if (need > most)
		need = most;
	if (most > (VGPU_MAX_BLOCK_BYTES - BLOCK_REST) / lanes)
		most = (VGPU_MAX_BLOCK_BYTES - BLOCK_REST) / lanes;
	if (need > most)
		return CUDA_ERROR_OUT_OF_MEMORY;
	*local = (bytes < most ? bytes : most) & ~(size_t)15;
	return CUDA_SUCCESS;
}

CUresult cu_launch_resident(CUfunction f, int threads, size_t dynamic, uint32_t *blocks)
{
	struct cu_launch l = { .block = { threads, 1, 1 }, .dynamic = dynamic };
	const struct cu_variant *v;
	uint32_t local;
	CUresult r = cu_function_variant(f, l.block, &v);

	if (!r)
		r = local_bytes(f->mod->ctx, v, &l, &local);
	return r ? r : resident(f, v, &l, local, blocks);
}

CUresult cu_launch_build(CUfunction f, const struct cu_launch *l, const uint8_t *params, uint64_t workspace,
			 uint8_t packet[CU_LAUNCH_BYTES], uint32_t *slots)
{
	struct vgpu_pkt_launch *p = (struct vgpu_pkt_launch *)packet;
	uint8_t *to = packet + sizeof(*p);
	const struct cu_variant *v;
	struct vgpucc_hidden hidden;
	size_t at, bytes;
	uint32_t local;
	CUresult r = cu_function_variant(f, l->block, &v);

	if (!r)
		r = local_bytes(f->mod->ctx, v, l, &local);
	if (!r)
		r = hidden_params(f->mod, workspace, &hidden);
	if (r)
		return r;
	at = vgpucc_hidden_offset(&f->kernel);
	bytes = v->info.param_bytes;
	if (at + sizeof(hidden) != bytes || bytes > VGPU_MAX_PARAM_BYTES) {
		cu_log("%s: %zu bytes of parameters compiled, %zu expected", f->kernel.name, bytes,
		       at + sizeof(hidden));
		return CUDA_ERROR_INVALID_IMAGE;
	}
	*slots = 2 + (bytes + VGPU_SLOT_BYTES - 1) / VGPU_SLOT_BYTES;
	*p = (struct vgpu_pkt_launch){
		.hdr = { .type = VGPU_PKT_LAUNCH, .slots = *slots },
		.code = v->code,
		.grid = { l->grid[0], l->grid[1], l->grid[2] },
		.block = { l->block[0], l->block[1], l->block[2] },
		.dyn_shared = l->dynamic,
		.local_bytes = local,
		.param_bytes = bytes,
	};
	if (params != to)
		memcpy(to, params, f->kernel.param_size);
	memset(to + f->kernel.param_size, 0, at - f->kernel.param_size);
	memcpy(to + at, &hidden, sizeof(hidden));
	memset(to + bytes, 0, -bytes % VGPU_SLOT_BYTES);
	if (l->own_priority) {
		p->hdr.flags |= VGPU_LAUNCH_PRIORITY;
		p->priority = l->priority;
	}
	if (!l->cooperative)
		return CUDA_SUCCESS;
	p->hdr.flags |= VGPU_LAUNCH_COOPERATIVE;
	return check_cooperative(f, v, l, local);
}

static CUresult submit(CUcontext ctx, const uint8_t *packet, uint32_t slots, CUstream stream)
{
	struct vgpu_ring *ring;
	CUstream s;
	CUresult r = cu_submit_begin_room(stream, slots, &s);
	int err;

	if (r)
		return r;
	if (s->ctx != ctx) {
		cu_submit_end(s);
		return CUDA_ERROR_INVALID_HANDLE;
	}
	ring = &s->queue->ring;
	err = vgpu_ring_reserve(ring, slots);
	if (!err) {
		vgpu_ring_write(ring, 0, packet, slots * VGPU_SLOT_BYTES);
		err = vgpu_ring_commit(ring, slots, 1);
	}
	r = err ? cu_check(ctx, err) : CUDA_SUCCESS;
	cu_submit_end(s);
	return r;
}

/* In a capture: a node, compiled when the graph is instantiated. */
static CUresult capture(CUfunction f, const struct cu_launch *l, CUstream s)
{
	struct cu_node_params p;
	CUresult r;

	if (s->ctx != f->mod->ctx)
		return CUDA_ERROR_INVALID_HANDLE;
	r = cu_node_kernel_set(&p, f, l);
	if (!l->own_priority)
		p.kernel.shape.priority = cu_stream_priority(s);
	return r ? r : cu_capture_add(s, CU_GRAPH_NODE_KERNEL, &p, NULL);
}

CUresult cu_launch(CUfunction handle, struct cu_launch *l, CUstream stream)
{
	uint8_t packet[CU_LAUNCH_BYTES] __attribute__((aligned(8)));
	uint8_t *params = packet + sizeof(struct vgpu_pkt_launch);
	uint64_t workspace = 0;
	uint32_t slots;
	CUfunction f;
	CUstream s;
	CUresult r = cu_function_get(handle, &f);

	if (!r && cu_capture_of(stream, &s))
		return capture(f, l, s);
	if (!r)
		r = cu_launch_check(f, l);
	if (!r && l->cooperative)
		r = workspace_of(f->mod->ctx, stream, &workspace);
	if (!r && f->kernel.param_size > VGPU_MAX_PARAM_BYTES)
		r = CUDA_ERROR_INVALID_IMAGE;
	if (!r)
		r = cu_launch_gather(f, l, params);
	if (!r)
		r = cu_launch_build(f, l, params, workspace, packet, &slots);
	return r ? r : submit(f->mod->ctx, packet, slots, stream);
}
