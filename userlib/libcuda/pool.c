// SPDX-License-Identifier: MIT
/*
 * Stream-ordered allocation.  A freed block stays in its pool and is given out
 * again: at once to the stream that freed it, to others when that stream has
 * passed the point.  Blocks beyond the release threshold are given back to the
 * device when a context is synchronized or the pool is trimmed.
 */
#include <stdlib.h>
#include <string.h>
#include "capture.h"
#include "graph.h"
#include "ipc.h"
#include "memory.h"
#include "pool.h"
#include "retire.h"
#include "stream.h"

/* Freed memory: at a point of a stream, which may be another context's than the memory. */
struct cu_pool_block {
	struct cu_pool_block *next;
	struct cu_mem *m;
	CUcontext freed_in;
	uint64_t stream_id;
	struct cu_point point;
};

static pthread_mutex_t pools_lock = PTHREAD_MUTEX_INITIALIZER;
static CUmemoryPool default_pool[VGPU_MAX_DEVICES], current_pool[VGPU_MAX_DEVICES], all_pools;

/* With pools_lock held. */
static CUmemoryPool pool_new(struct cu_device *dev)
{
	CUmemoryPool p = cu_object_new(CU_POOL, sizeof(*p));

	if (!p)
		return NULL;
	p->dev = dev;
	pthread_mutex_init(&p->lock, NULL);
	for (int i = CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES;
	     i <= CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES; i++)
		p->attributes[i] = 1;
	p->next = all_pools;
	all_pools = p;
	return p;
}

CUmemoryPool cu_pool_new(struct cu_device *dev)
{
	CUmemoryPool p;

	pthread_mutex_lock(&pools_lock);
	p = pool_new(dev);
	pthread_mutex_unlock(&pools_lock);
	return p;
}

/* With pools_lock held. */
static CUmemoryPool pool_of(struct cu_device *dev, CUmemoryPool *table)
{
	if (!default_pool[dev->ordinal])
		default_pool[dev->ordinal] = pool_new(dev);
	if (!current_pool[dev->ordinal])
		current_pool[dev->ordinal] = default_pool[dev->ordinal];
	return table[dev->ordinal];
}

/* A pool, or the current one, out of which something is lent from here on: no other thread's destruction ends it. */
static CUresult lend(struct cu_device *dev, CUmemoryPool *p)
{
	CUresult r = CUDA_SUCCESS;

	pthread_mutex_lock(&pools_lock);
	if (!*p)
		*p = pool_of(dev, current_pool);
	if (!*p) {
		r = CUDA_ERROR_OUT_OF_MEMORY;
	} else if (!cu_is_pool(*p) || (*p)->dev != dev || (*p)->imported) {
		r = CUDA_ERROR_INVALID_VALUE;
	} else {
		pthread_mutex_lock(&(*p)->lock);
		(*p)->lent++;
		pthread_mutex_unlock(&(*p)->lock);
	}
	pthread_mutex_unlock(&pools_lock);
	return r;
}

static void count_bytes(CUmemoryPool p, int current, int64_t change)
{
	uint64_t *now = &p->attributes[current], *high = &p->attributes[current + 1];

	*now += change;
	if (*now > *high)
		*high = *now;
}

/* A freed block of that context, large enough but not wastefully so, that may be used by now. */
static struct cu_mem *take_block(CUmemoryPool p, CUstream s, size_t size)
{
	struct cu_pool_block **b, **best = NULL, *found;
	struct cu_mem *m;

	for (b = &p->blocks; *b; b = &(*b)->next) {
		size_t span = (*b)->m->span;

		if ((*b)->m->ctx != s->ctx || span < size || span > 2 * size + VGPU_HUGE_SIZE ||
		    (best && span >= (*best)->m->span))
			continue;
		if ((*b)->stream_id == s->id || cu_point_done((*b)->point))
			best = b;
	}
	if (!best)
		return NULL;
	found = *best;
	*best = found->next;
	m = found->m;
	free(found);
	return m;
}

/* In a capture: a node, whose memory is the graph's. */
static CUresult capture_alloc(CUdeviceptr *out, size_t size, CUstream s)
{
	struct cu_node_params p = { .ctx = s->ctx };
	CUdeviceptr address;
	CUresult r;

	if (!out || !size)
		return CUDA_ERROR_INVALID_VALUE;
	r = cu_graph_mem_new(s->ctx, size, &p.mem);
	if (r)
		return r;
	address = cu_graph_mem_address(p.mem);
	r = cu_capture_add(s, CU_GRAPH_NODE_MEM_ALLOC, &p, NULL);
	if (!r)
		*out = address;
	return r;
}

/* Only a graph's memory: what is freed at each launch must be allocated at each. */
static CUresult capture_free(CUdeviceptr p, CUstream s)
{
	struct cu_node_params params = { .ctx = s->ctx, .address = p };

	params.mem = cu_graph_mem_find(p);
	return params.mem ? cu_capture_add(s, CU_GRAPH_NODE_MEM_FREE, &params, NULL) : CUDA_ERROR_INVALID_VALUE;
}

CUcontext cu_pool_context(int device)
{
	CUcontext ctx = cu_stack_top();

	if (!cu_context_alive(ctx) || ctx->dev->ordinal != device)
		ctx = cu_device_at(device)->primary;
	return cu_context_alive(ctx) ? ctx : NULL;
}

static CUresult show_peers(CUmemoryPool p, struct cu_mem *m)
{
	CUresult r = CUDA_SUCCESS;
	uint64_t peers;

	pthread_mutex_lock(&p->lock);
	peers = p->peers;
	pthread_mutex_unlock(&p->lock);
	for (int i = 0; i < cu_device_count && !r; i++)
		if (peers >> i & 1 && cu_pool_context(i))
			r = cu_mem_show_one(m, cu_pool_context(i), false);
	return r;
}

static CUresult pool_alloc(CUdeviceptr *out, size_t size, CUmemoryPool p, CUstream stream)
{
	struct cu_mem *m;
	CUstream s;
	CUresult r = cu_stream_get(stream, &s);

	if (r)
		return r;
	if (cu_stream_captures(s))
		return capture_alloc(out, size, s);
	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	*out = 0;
	if (!size)
		return CUDA_SUCCESS;
	r = lend(s->ctx->dev, &p);
	if (r)
		return r;
	pthread_mutex_lock(&p->lock);
	m = take_block(p, s, size);
	pthread_mutex_unlock(&p->lock);
	if (!m) {
		r = cu_mem_new(s->ctx, CU_MEM_POOL, size, &m);
		if (r == CUDA_ERROR_OUT_OF_MEMORY) {
			cu_streams_synchronize(s->ctx);
			cu_retired_free(s->ctx);
			cu_pool_trim(p, 0);
			r = cu_mem_new(s->ctx, CU_MEM_POOL, size, &m);
		}
		pthread_mutex_lock(&p->lock);
		if (r) {
			p->lent--;
			pthread_mutex_unlock(&p->lock);
			return r;
		}
		count_bytes(p, CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT, m->span);
		pthread_mutex_unlock(&p->lock);
	}
	cu_mem_lend(m, p, size);
	pthread_mutex_lock(&p->lock);
	count_bytes(p, CU_MEMPOOL_ATTR_USED_MEM_CURRENT, m->span);
	pthread_mutex_unlock(&p->lock);
	*out = m->base;
	return show_peers(p, m);
}

CUDA_API_STREAM(cuMemAllocAsync, CU_ARGS(CUdeviceptr *p, size_t size, CUstream stream), CU_ARGS(p, size, stream))
{
	return pool_alloc(p, size, NULL, stream);
}

CUDA_API_STREAM(cuMemAllocFromPoolAsync, CU_ARGS(CUdeviceptr *p, size_t size, CUmemoryPool pool, CUstream stream),
		CU_ARGS(p, size, pool, stream))
{
	return pool ? pool_alloc(p, size, pool, stream) : CUDA_ERROR_INVALID_VALUE;
}

/* At the stream's point, or at once without one. */
static CUresult pool_free(struct cu_mem *m, CUstream s, struct cu_point point)
{
	struct cu_pool_block *b = malloc(sizeof(*b));
	CUmemoryPool p = m->pool;

	if (!b) {
		cu_mem_keep(m);
		return CUDA_ERROR_OUT_OF_MEMORY;
	}
	*b = (struct cu_pool_block){ .m = m, .point = point };
	if (s) {
		b->freed_in = s->ctx;
		b->stream_id = s->id;
	}
	/* Once it is in the list it may be anyone's. */
	cu_mem_return(m);
	pthread_mutex_lock(&p->lock);
	b->next = p->blocks;
	p->blocks = b;
	p->lent--;
	count_bytes(p, CU_MEMPOOL_ATTR_USED_MEM_CURRENT, -(int64_t)m->span);
	pthread_mutex_unlock(&p->lock);
	return CUDA_SUCCESS;
}

void cu_pool_memory_gone(struct cu_mem *m)
{
	CUmemoryPool p = m->pool;

	pthread_mutex_lock(&p->lock);
	p->lent--;
	count_bytes(p, CU_MEMPOOL_ATTR_USED_MEM_CURRENT, -(int64_t)m->span);
	count_bytes(p, CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT, -(int64_t)m->span);
	pthread_mutex_unlock(&p->lock);
}

/* cuMemFree on such memory; its context has nothing left to do. */
CUresult cu_pool_free_now(struct cu_mem *m)
{
	return pool_free(m, NULL, (struct cu_point){ 0 });
}

CUDA_API_STREAM(cuMemFreeAsync, CU_ARGS(CUdeviceptr p, CUstream stream), CU_ARGS(p, stream))
{
	struct cu_point point;
	struct cu_mem *m;
	CUstream s;
	CUresult r;

	if (cu_capture_of(stream, &s))
		return capture_free(p, s);
	r = cu_submit_begin(stream, &s);
	if (r)
		return r;
	point = cu_stream_point(s);
	cu_submit_end(s);
	if (!p)
		return CUDA_SUCCESS;
	m = cu_mem_claim(p, 1 << CU_MEM_DEVICE | 1 << CU_MEM_POOL);
	if (!m && !cu_graph_mem_free(p, point))
		return CUDA_SUCCESS;
	if (!m)
		return cu_ipc_close_memory(p, true, s, point);
	if (m->kind == CU_MEM_POOL)
		return pool_free(m, s, point);
	cu_mem_disown(m);
	cu_retire_memory(m, s->ctx, point);
	return CUDA_SUCCESS;
}

/* With the pool's lock held. */
static void trim(CUmemoryPool p, uint64_t keep)
{
	struct cu_pool_block **b;

	for (b = &p->blocks; *b && p->attributes[CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT] > keep;) {
		struct cu_pool_block *gone = *b;

		if (!cu_point_done(gone->point)) {
			b = &gone->next;
			continue;
		}
		*b = gone->next;
		count_bytes(p, CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT, -(int64_t)gone->m->span);
		cu_mem_free(gone->m);
		free(gone);
	}
}

/* Give idle blocks back until no more than keep bytes are reserved. */
void cu_pool_trim(CUmemoryPool p, uint64_t keep)
{
	pthread_mutex_lock(&p->lock);
	trim(p, keep);
	pthread_mutex_unlock(&p->lock);
}

/* A context ends, its queues with it: its blocks go, and those freed in its streams are free. */
static void forget_context(CUmemoryPool p, CUcontext ctx)
{
	struct cu_pool_block **b;

	pthread_mutex_lock(&p->lock);
	for (b = &p->blocks; *b;) {
		struct cu_pool_block *gone = *b;

		if (gone->m->ctx != ctx) {
			if (gone->freed_in == ctx)
				gone->point.queue = NULL;
			b = &gone->next;
			continue;
		}
		*b = gone->next;
		count_bytes(p, CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT, -(int64_t)gone->m->span);
		free(gone);
	}
	pthread_mutex_unlock(&p->lock);
}

/* Destroyed pools end when nothing of them is left; pools_lock is held. */
static void end_pools(void)
{
	CUmemoryPool *at = &all_pools;

	while (*at) {
		CUmemoryPool p = *at;
		bool over;

		pthread_mutex_lock(&p->lock);
		over = p->destroyed && !p->lent && !p->blocks;
		pthread_mutex_unlock(&p->lock);
		if (!over) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		cu_object_free(p);
	}
}

/* After a synchronization: keep what the threshold allows. */
void cu_pools_settle(CUcontext ctx)
{
	pthread_mutex_lock(&pools_lock);
	for (CUmemoryPool p = all_pools; p; p = p->next) {
		pthread_mutex_lock(&p->lock);
		if (p->dev == ctx->dev)
			trim(p, p->attributes[CU_MEMPOOL_ATTR_RELEASE_THRESHOLD]);
		pthread_mutex_unlock(&p->lock);
	}
	end_pools();
	pthread_mutex_unlock(&pools_lock);
}

void cu_pools_context_gone(CUcontext ctx)
{
	pthread_mutex_lock(&pools_lock);
	for (CUmemoryPool p = all_pools; p; p = p->next)
		forget_context(p, ctx);
	pthread_mutex_unlock(&pools_lock);
}

static CUresult get_pool(CUmemoryPool *out, CUmemoryPool *table, CUdevice device)
{
	struct cu_device *d;
	CUresult r = cu_device_get(device, &d);

	if (!r && !out)
		r = CUDA_ERROR_INVALID_VALUE;
	if (r)
		return r;
	pthread_mutex_lock(&pools_lock);
	*out = pool_of(d, table);
	pthread_mutex_unlock(&pools_lock);
	return *out ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

CUDA_API(cuDeviceGetDefaultMemPool, CU_ARGS(CUmemoryPool *pool, CUdevice device), CU_ARGS(pool, device))
{
	return get_pool(pool, default_pool, device);
}

CUDA_API(cuDeviceGetMemPool, CU_ARGS(CUmemoryPool *pool, CUdevice device), CU_ARGS(pool, device))
{
	return get_pool(pool, current_pool, device);
}

CUDA_API(cuDeviceSetMemPool, CU_ARGS(CUdevice device, CUmemoryPool pool), CU_ARGS(device, pool))
{
	struct cu_device *d;
	CUresult r = cu_device_get(device, &d);

	if (r)
		return r;
	pthread_mutex_lock(&pools_lock);
	if (!cu_is_pool(pool) || pool->dev != d || pool->imported)
		r = CUDA_ERROR_INVALID_VALUE;
	else
		current_pool[device] = pool;
	pthread_mutex_unlock(&pools_lock);
	return r;
}

CUDA_API(cuMemPoolCreate, CU_ARGS(CUmemoryPool *pool, const CUmemPoolProps *props), CU_ARGS(pool, props))
{
	struct cu_device *d;
	CUresult r = cu_ready();

	if (r)
		return r;
	if (!pool || !props || props->allocType != CU_MEM_ALLOCATION_TYPE_PINNED ||
	    props->handleTypes & ~CU_MEM_HANDLE_TYPES_KNOWN || props->location.type == CU_MEM_LOCATION_TYPE_INVALID)
		return CUDA_ERROR_INVALID_VALUE;
	if (props->handleTypes & ~CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR ||
	    props->location.type != CU_MEM_LOCATION_TYPE_DEVICE)
		return cu_refuse("memory pools on the host, or shared by other than file descriptors");
	if (cu_device_get(props->location.id, &d))
		return CUDA_ERROR_INVALID_VALUE;
	*pool = cu_pool_new(d);
	if (*pool)
		(*pool)->shareable = props->handleTypes;
	return *pool ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

/* What is allocated stays until it is freed, what is freed until its stream is there: nobody waits for it here. */
CUDA_API(cuMemPoolDestroy, CU_ARGS(CUmemoryPool pool), CU_ARGS(pool))
{
	CUresult r = cu_ready();

	if (r)
		return r;
	pthread_mutex_lock(&pools_lock);
	if (cu_is_pool(pool) && pool != default_pool[pool->dev->ordinal]) {
		int i = pool->dev->ordinal;

		if (current_pool[i] == pool)
			current_pool[i] = default_pool[i];
		pthread_mutex_lock(&pool->lock);
		__atomic_store_n(&pool->destroyed, true, __ATOMIC_RELEASE);
		pool->attributes[CU_MEMPOOL_ATTR_RELEASE_THRESHOLD] = 0;
		pthread_mutex_unlock(&pool->lock);
		cu_pool_trim(pool, 0);
		end_pools();
	} else {
		r = CUDA_ERROR_INVALID_VALUE;
	}
	pthread_mutex_unlock(&pools_lock);
	return r;
}
