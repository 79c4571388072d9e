// SPDX-License-Identifier: MIT
/* The table of all allocations, and device memory. */
#include <stdlib.h>
#include <string.h>
#include "error.h"
#include "memory.h"
#include "peer.h"
#include "pool.h"
#include "stream.h"

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static struct cu_mem **table;
static size_t count, room;
static uint64_t next_id = 1;

/* The first entry that ends after an address. */
static size_t search(uint64_t address)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (table[mid]->base + table[mid]->span <= address)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

CUresult cu_mem_insert(struct cu_mem *m)
{
	CUresult r = CUDA_SUCCESS;
	size_t i;

	m->sync = !cu_mem_is_host(m);
	pthread_rwlock_wrlock(&lock);
	if (count == room) {
		size_t more = room ? 2 * room : 256;
		struct cu_mem **t = realloc(table, more * sizeof(*t));

		if (!t) {
			r = CUDA_ERROR_OUT_OF_MEMORY;
			goto out;
		}
		table = t;
		room = more;
	}
	i = search(m->base);
	if (i < count && table[i]->base < m->base + m->span) {
		r = CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
		goto out;
	}
	memmove(&table[i + 1], &table[i], (count - i) * sizeof(*table));
	table[i] = m;
	count++;
	m->id = next_id++;
out:
	pthread_rwlock_unlock(&lock);
	return r;
}

void cu_mem_remove(struct cu_mem *m)
{
	size_t i;

	pthread_rwlock_wrlock(&lock);
	i = search(m->base);
	if (i < count && table[i] == m) {
		count--;
		memmove(&table[i], &table[i + 1], (count - i) * sizeof(*table));
	}
	pthread_rwlock_unlock(&lock);
}

/* The entry that holds an address, or NULL; with the lock held. */
static struct cu_mem *holder(uint64_t address)
{
	size_t i = search(address);

	return i < count && table[i]->base <= address ? table[i] : NULL;
}

bool cu_mem_find(uint64_t address, struct cu_mem *copy)
{
	struct cu_mem *m;

	pthread_rwlock_rdlock(&lock);
	m = holder(address);
	if (m)
		*copy = *m;
	pthread_rwlock_unlock(&lock);
	return m;
}

bool cu_mem_set_sync(uint64_t address, bool sync)
{
	struct cu_mem *m;

	pthread_rwlock_wrlock(&lock);
	m = holder(address);
	if (m)
		m->sync = sync;
	pthread_rwlock_unlock(&lock);
	return m;
}

static struct cu_registration *shown_in(const struct cu_mem *m, CUcontext ctx)
{
	struct cu_registration *g = m->registrations;

	while (g && g->ctx != ctx)
		g = g->next;
	return g;
}

bool cu_mem_find_in(uint64_t address, CUcontext ctx, struct cu_mem *copy, bool *here)
{
	struct cu_mem *m;

	pthread_rwlock_rdlock(&lock);
	m = holder(address);
	if (m) {
		*copy = *m;
		*here = m->ctx == ctx || cu_mem_is_host(m) || shown_in(m, ctx);
	}
	pthread_rwlock_unlock(&lock);
	return m;
}

CUresult cu_mem_show_one(struct cu_mem *m, CUcontext ctx, bool readonly)
{
	CUresult r = CUDA_SUCCESS;

	pthread_rwlock_wrlock(&lock);
	if (m->ctx != ctx && m->bo && !shown_in(m, ctx))
		r = cu_peer_map(m, ctx, readonly);
	pthread_rwlock_unlock(&lock);
	return r;
}

CUresult cu_mem_show(CUcontext owner, CUcontext ctx)
{
	CUresult r = CUDA_SUCCESS;

	pthread_rwlock_wrlock(&lock);
	for (size_t i = 0; i < count && !r; i++)
		if (table[i]->ctx == owner && cu_peer_reaches(table[i]) && table[i]->bo && !shown_in(table[i], ctx))
			r = cu_peer_map(table[i], ctx, false);
	pthread_rwlock_unlock(&lock);
	return r;
}

CUresult cu_mem_show_pool(CUmemoryPool pool, CUcontext ctx)
{
	CUresult r = CUDA_SUCCESS;

	pthread_rwlock_wrlock(&lock);
	for (size_t i = 0; i < count && !r; i++)
		if (table[i]->pool == pool && table[i]->ctx != ctx && table[i]->bo && !shown_in(table[i], ctx))
			r = cu_peer_map(table[i], ctx, false);
	pthread_rwlock_unlock(&lock);
	return r;
}

static void hide(struct cu_mem *m, CUcontext ctx)
{
	struct cu_registration **at = &m->registrations;

	while (*at) {
		struct cu_registration *g = *at;

		if (ctx && g->ctx != ctx) {
			at = &g->next;
			continue;
		}
		*at = g->next;
		vgpu_destroy(&g->ctx->dev->dev, g->handle);
		free(g);
	}
}

void cu_mem_hide(CUcontext owner, CUcontext ctx)
{
	pthread_rwlock_wrlock(&lock);
	for (size_t i = 0; i < count; i++)
		if (table[i]->ctx == owner && cu_peer_reaches(table[i]))
			hide(table[i], ctx);
	pthread_rwlock_unlock(&lock);
}

void cu_mem_lend(struct cu_mem *m, CUmemoryPool pool, size_t size)
{
	pthread_rwlock_wrlock(&lock);
	m->pool = pool;
	m->size = size;
	m->id = next_id++;
	pthread_rwlock_unlock(&lock);
}

void cu_mem_return(struct cu_mem *m)
{
	pthread_rwlock_wrlock(&lock);
	m->pool = NULL;
	m->ending = false;
	pthread_rwlock_unlock(&lock);
}

void cu_mem_disown(struct cu_mem *m)
{
	pthread_rwlock_wrlock(&lock);
	m->kind = CU_MEM_POOL;
	pthread_rwlock_unlock(&lock);
}

struct cu_mem *cu_mem_claim(uint64_t base, unsigned int kinds)
{
	struct cu_mem *m = NULL;
	size_t i;

	pthread_rwlock_wrlock(&lock);
	i = search(base);
	if (i < count && table[i]->base == base && kinds >> table[i]->kind & 1 && !table[i]->of_module &&
	    !table[i]->ending && (table[i]->kind != CU_MEM_POOL || table[i]->pool)) {
		m = table[i];
		m->ending = true;
	}
	pthread_rwlock_unlock(&lock);
	return m;
}

void cu_mem_keep(struct cu_mem *m)
{
	pthread_rwlock_wrlock(&lock);
	m->ending = false;
	pthread_rwlock_unlock(&lock);
}

/* After each allocation one page stays unmapped, so that running over its end is noticed. */
enum { GUARD = 4096 };

/* Addresses for device memory; large buffers translate fastest when aligned to 2 MiB. */
CUresult cu_mem_reserve(CUcontext ctx, enum cu_mem_kind kind, size_t size, struct cu_mem **out)
{
	struct cu_mem *m;
	CUresult r;

	if (size > ctx->dev->dev.info.vram_bytes)
		return CUDA_ERROR_OUT_OF_MEMORY;
	m = calloc(1, sizeof(*m));
	if (!m)
		return CUDA_ERROR_OUT_OF_MEMORY;
	m->kind = kind;
	m->ctx = ctx;
	m->size = size;
	m->span = (size + VGPU_PAGE_SIZE - 1) & ~(VGPU_PAGE_SIZE - 1);
	m->base = cu_va_reserve(m->span + GUARD, m->span >= VGPU_HUGE_SIZE ? VGPU_HUGE_SIZE : VGPU_PAGE_SIZE, 0);
	r = m->base ? cu_mem_insert(m) : CUDA_ERROR_OUT_OF_MEMORY;
	if (r) {
		if (m->base)
			cu_va_release(m->base, m->span + GUARD);
		free(m);
	} else {
		*out = m;
	}
	return r;
}

/* Others look at the table's entry meanwhile. */
static void set_bo(struct cu_mem *m, uint32_t bo)
{
	pthread_rwlock_wrlock(&lock);
	m->bo = bo;
	pthread_rwlock_unlock(&lock);
}

CUresult cu_mem_back(struct cu_mem *m)
{
	const struct vgpu_dev *dev = &m->ctx->dev->dev;
	uint32_t bo;
	int r = vgpu_bo_create(dev, m->ctx->handle, m->span, 0, &bo);

	if (r)
		return cu_check(m->ctx, r);
	r = vgpu_va_map(dev, bo, 0, m->span, m->base, m->readonly ? VGPU_VA_READONLY : 0);
	if (r) {
		vgpu_destroy(dev, bo);
		return cu_check(m->ctx, r);
	}
	set_bo(m, bo);
	return CUDA_SUCCESS;
}

void cu_mem_unback(struct cu_mem *m)
{
	uint32_t bo = m->bo;

	set_bo(m, 0);
	vgpu_destroy(&m->ctx->dev->dev, bo);
}

CUresult cu_mem_new(CUcontext ctx, enum cu_mem_kind kind, size_t size, struct cu_mem **out)
{
	struct cu_mem *m;
	CUresult r = cu_mem_reserve(ctx, kind, size, &m);

	if (r)
		return r;
	r = cu_mem_back(m);
	if (!r)
		r = cu_peer_new_memory(m);
	if (r)
		cu_mem_free(m);
	else
		*out = m;
	return r;
}

/* The next context, by number, that has the memory beside its own. */
static CUcontext shown_next(const struct cu_mem *m, uint64_t after)
{
	CUcontext next = NULL;

	pthread_rwlock_rdlock(&lock);
	for (struct cu_registration *g = m->registrations; g; g = g->next)
		if (g->ctx->id > after && (!next || g->ctx->id < next->id))
			next = g->ctx;
	pthread_rwlock_unlock(&lock);
	return next;
}

/* Not under the table's lock: a wait has no bound, and contexts come and go meanwhile. */
void cu_mem_synchronize(const struct cu_mem *m)
{
	uint64_t last = 0;
	CUcontext ctx;

	if (!cu_mem_is_host(m))
		cu_streams_synchronize(m->ctx);
	while ((ctx = shown_next(m, last))) {
		last = ctx->id;
		cu_streams_synchronize(ctx);
	}
}

/* Let an allocation go, whatever it is; no work of its context may still use it. */
void cu_mem_free(struct cu_mem *m)
{
	cu_mem_remove(m);
	if (!cu_mem_is_host(m))
		hide(m, NULL);
	if (m->pool)
		cu_pool_memory_gone(m);
	switch (m->kind) {
	case CU_MEM_DEVICE:
	case CU_MEM_POOL:
	case CU_MEM_MODULE:
	case CU_MEM_GRAPH:
	case CU_MEM_IPC:
		if (m->bo)
			cu_mem_unback(m);
		cu_va_release(m->base, m->span + GUARD);
		break;
	case CU_MEM_MANAGED:
		cu_managed_gone(m);
		cu_shared_free(m->ctx, &m->shared);
		break;
	case CU_MEM_HOST:
	case CU_MEM_REGISTERED:
		cu_host_release(m);
		break;
	case CU_MEM_MAPPED:
		vgpu_va_unmap(&m->ctx->dev->dev, m->ctx->handle, m->base, m->span);
		break;
	}
	free(m);
}

/* A new context sees the host memory that others registered, and managed memory. */
void cu_memory_context_new(CUcontext ctx)
{
	pthread_rwlock_wrlock(&lock);
	for (size_t i = 0; i < count; i++)
		if (cu_mem_is_host(table[i]))
			cu_host_register_in(table[i], ctx);
		else if (table[i]->kind == CU_MEM_MANAGED)
			cu_peer_map(table[i], ctx, false);
	pthread_rwlock_unlock(&lock);
}

static void forget_registration(struct cu_mem *m, CUcontext ctx)
{
	struct cu_registration **r = &m->registrations, *gone;

	while (*r && (*r)->ctx != ctx)
		r = &(*r)->next;
	gone = *r;
	if (gone) {
		*r = gone->next;
		free(gone);
	}
}

/* What belongs to a context ends with it; its kernel side is destroyed after this. */
void cu_memory_context_gone(CUcontext ctx)
{
	for (;;) {
		struct cu_mem *m = NULL;

		pthread_rwlock_wrlock(&lock);
		for (size_t i = 0; i < count; i++) {
			if (table[i]->ctx == ctx && !table[i]->ending)
				m = table[i];
			else
				forget_registration(table[i], ctx);
		}
		pthread_rwlock_unlock(&lock);
		if (!m)
			return;
		cu_mem_free(m);
	}
}
