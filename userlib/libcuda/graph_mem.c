// SPDX-License-Identifier: MIT
/*
 * Memory that graphs allocate.  A node's allocation has its address for good,
 * from when the node is made; there is memory behind it from its first launch until
 * cuDeviceGraphMemTrim.  Allocating and freeing it in a launch is book-keeping,
 * done when the launch is submitted: the order of the stream does the rest.
 * What is behind it goes when nobody has it allocated and the last launch that used it is done.
 */
#include <stdlib.h>
#include <string.h>
#include "error.h"
#include "graph.h"
#include "memory.h"
#include "retire.h"
#include "stream.h"

/**
 * struct cu_graph_mem - an allocation of a graph
 * @next: in the list of all
 * @m: its entry in the table; no buffer while there is no memory behind it
 * @base: its address
 * @size: bytes as asked for
 * @span: bytes taken
 * @ctx: its context
 * @ctx_id: id of its context
 * @uses: nodes that refer to it
 * @live: allocated by a launch and not freed since
 * @backed: there is memory behind it
 * @busy: launches whose packets are being written, or soon will be
 * @last: what used it last
 */
struct cu_graph_mem {
	struct cu_graph_mem *next;
	struct cu_mem *m;
	CUdeviceptr base;
	size_t size, span;
	CUcontext ctx;
	uint64_t ctx_id;
	unsigned int uses;
	bool live, backed;
	unsigned int busy;
	struct cu_point last;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct cu_graph_mem *all;
static uint64_t counts[VGPU_MAX_DEVICES][CU_GRAPH_MEM_ATTR_RESERVED_HIGH + 1];

/* What is behind graphs' memory counts as used, as well as reserved, until it is trimmed: so cards have it. */
static void count_bytes(CUcontext ctx, int64_t change)
{
	uint64_t *c = counts[ctx->dev->ordinal];

	for (int now = CU_GRAPH_MEM_ATTR_USED_CURRENT; now <= CU_GRAPH_MEM_ATTR_RESERVED_CURRENT; now += 2) {
		c[now] += change;
		if (c[now] > c[now + 1])
			c[now + 1] = c[now];
	}
}

static bool context_alive(const struct cu_graph_mem *g)
{
	return cu_context_alive(g->ctx) && g->ctx->id == g->ctx_id;
}

CUresult cu_graph_mem_new(CUcontext ctx, size_t size, struct cu_graph_mem **out)
{
	struct cu_graph_mem *g = calloc(1, sizeof(*g));
	CUresult r;

	if (!g)
		return CUDA_ERROR_OUT_OF_MEMORY;
	r = cu_mem_reserve(ctx, CU_MEM_GRAPH, size, &g->m);
	if (r) {
		free(g);
		return r;
	}
	g->base = g->m->base;
	g->size = size;
	g->span = g->m->span;
	g->ctx = ctx;
	g->ctx_id = ctx->id;
	g->uses = 1;
	pthread_mutex_lock(&lock);
	g->next = all;
	all = g;
	pthread_mutex_unlock(&lock);
	*out = g;
	return CUDA_SUCCESS;
}

struct cu_graph_mem *cu_graph_mem_find(CUdeviceptr p)
{
	struct cu_graph_mem *g;

	pthread_mutex_lock(&lock);
	for (g = all; g && g->base != p; g = g->next)
		;
	if (g)
		g->uses++;
	pthread_mutex_unlock(&lock);
	return g;
}

struct cu_graph_mem *cu_graph_mem_hold(struct cu_graph_mem *g)
{
	pthread_mutex_lock(&lock);
	g->uses++;
	pthread_mutex_unlock(&lock);
	return g;
}

/*
 * With the lock held; no node refers to it and no launch has it allocated.
 * Return: its memory, for the caller to retire; NULL: the context took it along.
 */
static struct cu_mem *end(struct cu_graph_mem *g)
{
	struct cu_graph_mem **at = &all;

	while (*at != g)
		at = &(*at)->next;
	*at = g->next;
	if (g->backed)
		count_bytes(g->ctx, -(int64_t)g->span);
	return context_alive(g) ? g->m : NULL;
}

void cu_graph_mem_put(struct cu_graph_mem *g)
{
	struct cu_mem *m = NULL;
	bool over;

	pthread_mutex_lock(&lock);
	over = !--g->uses && !g->live;
	if (over)
		m = end(g);
	pthread_mutex_unlock(&lock);
	if (m) {
		cu_mem_disown(m);
		cu_retire_memory(m, g->ctx, g->last);
	}
	if (over)
		free(g);
}

CUdeviceptr cu_graph_mem_address(const struct cu_graph_mem *g)
{
	return g->base;
}

size_t cu_graph_mem_size(const struct cu_graph_mem *g)
{
	return g->size;
}

CUcontext cu_graph_mem_context(const struct cu_graph_mem *g)
{
	return g->ctx;
}

CUresult cu_graph_mem_alloc(struct cu_graph_mem *g, bool restart)
{
	CUresult r = CUDA_SUCCESS;

	pthread_mutex_lock(&lock);
	if (!context_alive(g))
		r = CUDA_ERROR_CONTEXT_IS_DESTROYED;
	else if (g->live && !restart)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r && !g->backed) {
		r = cu_mem_back(g->m);
		if (!r) {
			g->backed = true;
			count_bytes(g->ctx, g->span);
		}
	}
	if (!r) {
		g->live = true;
		g->busy++;
	}
	pthread_mutex_unlock(&lock);
	return r;
}

CUresult cu_graph_mem_release(struct cu_graph_mem *g)
{
	CUresult r = CUDA_ERROR_INVALID_VALUE;

	pthread_mutex_lock(&lock);
	if (g->live) {
		g->live = false;
		g->busy++;
		r = CUDA_SUCCESS;
	}
	pthread_mutex_unlock(&lock);
	return r;
}

void cu_graph_mem_submitted(struct cu_graph_mem *g, const struct cu_point *p)
{
	pthread_mutex_lock(&lock);
	g->busy--;
	if (p)
		g->last = *p;
	pthread_mutex_unlock(&lock);
}

bool cu_graph_mem_live(struct cu_graph_mem *g)
{
	bool live;

	pthread_mutex_lock(&lock);
	live = g->live;
	pthread_mutex_unlock(&lock);
	return live;
}

void cu_graph_mem_restore(struct cu_graph_mem *g, bool live)
{
	pthread_mutex_lock(&lock);
	g->live = live && context_alive(g);
	pthread_mutex_unlock(&lock);
}

/* cuMemFree and cuMemFreeAsync of such memory. */
CUresult cu_graph_mem_free(CUdeviceptr p, struct cu_point point)
{
	struct cu_graph_mem *g = cu_graph_mem_find(p);
	CUresult r;

	if (!g)
		return CUDA_ERROR_INVALID_VALUE;
	r = cu_graph_mem_release(g);
	if (!r)
		cu_graph_mem_submitted(g, point.queue ? &point : NULL);
	cu_graph_mem_put(g);
	return r;
}

/* A context ends, and all memory of it with it. */
void cu_graph_mem_context_gone(CUcontext ctx)
{
	pthread_mutex_lock(&lock);
	for (struct cu_graph_mem **at = &all; *at;) {
		struct cu_graph_mem *g = *at;

		if (g->ctx != ctx || g->ctx_id != ctx->id) {
			at = &g->next;
			continue;
		}
		if (g->backed)
			count_bytes(ctx, -(int64_t)g->span);
		g->live = g->backed = false;
		g->last.queue = NULL;
		g->ctx_id = 0;
		if (g->uses) {
			at = &g->next;
		} else {
			*at = g->next;
			free(g);
		}
	}
	pthread_mutex_unlock(&lock);
}

CUDA_API(cuDeviceGraphMemTrim, CU_ARGS(CUdevice device), CU_ARGS(device))
{
	struct cu_device *d;
	CUresult r = cu_device_get(device, &d);

	if (r)
		return r;
	pthread_mutex_lock(&lock);
	for (struct cu_graph_mem *g = all; g; g = g->next) {
		if (g->live || g->busy || !g->backed || !context_alive(g) || g->ctx->dev != d ||
		    !cu_point_done(g->last))
			continue;
		cu_mem_unback(g->m);
		g->backed = false;
		count_bytes(g->ctx, -(int64_t)g->span);
	}
	pthread_mutex_unlock(&lock);
	return CUDA_SUCCESS;
}

CUDA_API(cuDeviceGetGraphMemAttribute, CU_ARGS(CUdevice device, int attribute, void *value),
	 CU_ARGS(device, attribute, value))
{
	struct cu_device *d;
	CUresult r = cu_device_get(device, &d);

	if (!r && (!value || attribute < 0 || attribute > CU_GRAPH_MEM_ATTR_RESERVED_HIGH))
		r = CUDA_ERROR_INVALID_VALUE;
	if (r)
		return r;
	pthread_mutex_lock(&lock);
	memcpy(value, &counts[device][attribute], sizeof(uint64_t));
	pthread_mutex_unlock(&lock);
	return CUDA_SUCCESS;
}

/* High water marks only, and only to zero: then they are where the water is. */
CUDA_API(cuDeviceSetGraphMemAttribute, CU_ARGS(CUdevice device, int attribute, void *value),
	 CU_ARGS(device, attribute, value))
{
	struct cu_device *d;
	uint64_t v;
	CUresult r = cu_device_get(device, &d);

	if (r)
		return r;
	if (!value || (attribute != CU_GRAPH_MEM_ATTR_USED_HIGH && attribute != CU_GRAPH_MEM_ATTR_RESERVED_HIGH))
		return CUDA_ERROR_INVALID_VALUE;
	memcpy(&v, value, sizeof(v));
	if (v)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&lock);
	counts[device][attribute] = counts[device][attribute - 1];
	pthread_mutex_unlock(&lock);
	return CUDA_SUCCESS;
}
