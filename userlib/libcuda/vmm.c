// SPDX-License-Identifier: MIT
/*
 * Virtual memory management: addresses and mappings (vmm_memory.c has the memory).
 * A mapping has an entry in the table, in the context whose buffer the memory is;
 * other contexts of the devices that have access see it there, as peers do.
 */
#include <stdlib.h>
#include "error.h"
#include "vmm.h"

/* A mapping, kept beside the table's entry to find its memory again. */
struct mapping {
	struct mapping *next;
	uint64_t va;
	size_t size, offset;
	struct cu_allocation *a;
	uint8_t access[VGPU_MAX_DEVICES]; /* CU_MEM_ACCESS_FLAGS_* of each device */
	struct cu_mem *m;                 /* NULL until access is set */
};

/* Reserved addresses: given back as they were reserved, not in parts and not twice. */
struct reservation {
	struct reservation *next;
	uint64_t va;
	size_t size;
};

static struct mapping *mappings;
static struct reservation *reservations;

CUDA_API(cuMemAddressReserve,
	 CU_ARGS(CUdeviceptr *p, size_t size, size_t align, CUdeviceptr wish, unsigned long long flags),
	 CU_ARGS(p, size, align, wish, flags))
{
	struct reservation *v;
	CUresult r = cu_ready();

	if (r)
		return r;
	if (!p || !size || size % CU_VMM_GRANULARITY || (align & (align - 1)) || flags)
		return CUDA_ERROR_INVALID_VALUE;
	v = malloc(sizeof(*v));
	*p = v ? cu_va_reserve(size, align > CU_VMM_GRANULARITY ? align : CU_VMM_GRANULARITY, wish) : 0;
	if (!*p) {
		free(v);
		return CUDA_ERROR_OUT_OF_MEMORY;
	}
	pthread_mutex_lock(&cu_vmm_lock);
	*v = (struct reservation){ .next = reservations, .va = *p, .size = size };
	reservations = v;
	pthread_mutex_unlock(&cu_vmm_lock);
	return CUDA_SUCCESS;
}

/* Whether something is mapped in a range. With the lock held. */
static bool in_use(uint64_t p, size_t size)
{
	for (struct mapping *m = mappings; m; m = m->next)
		if (m->va < p + size && p < m->va + m->size)
			return true;
	return false;
}

/* Whether a range lies in one reservation; only then do its ends not wrap. With the lock held. */
static bool is_reserved(uint64_t p, size_t size)
{
	for (struct reservation *v = reservations; v; v = v->next)
		if (v->va <= p && size <= v->size && p - v->va <= v->size - size)
			return true;
	return false;
}

CUDA_API(cuMemAddressFree, CU_ARGS(CUdeviceptr p, size_t size), CU_ARGS(p, size))
{
	struct reservation **at, *v = NULL;
	CUresult r = cu_ready();

	if (r)
		return r;
	pthread_mutex_lock(&cu_vmm_lock);
	for (at = &reservations; *at && ((*at)->va != p || (*at)->size != size);)
		at = &(*at)->next;
	if (*at && !in_use(p, size)) {
		v = *at;
		*at = v->next;
	}
	pthread_mutex_unlock(&cu_vmm_lock);
	if (!v)
		return CUDA_ERROR_INVALID_VALUE;
	cu_va_release(p, size);
	free(v);
	return CUDA_SUCCESS;
}

CUDA_API(cuMemMap,
	 CU_ARGS(CUdeviceptr p, size_t size, size_t offset, CUmemGenericAllocationHandle handle,
		 unsigned long long flags),
	 CU_ARGS(p, size, offset, handle, flags))
{
	struct mapping *m;
	struct cu_allocation *a;
	CUresult r = cu_ready();

	if (r)
		return r;
	if (!p || p % CU_VMM_GRANULARITY || !size || size % CU_VMM_GRANULARITY || flags)
		return CUDA_ERROR_INVALID_VALUE;
	m = calloc(1, sizeof(*m));
	if (!m)
		return CUDA_ERROR_OUT_OF_MEMORY;
	pthread_mutex_lock(&cu_vmm_lock);
	a = cu_allocation_get(handle);
	if (!a || !is_reserved(p, size) || in_use(p, size))
		r = CUDA_ERROR_INVALID_VALUE;
	else if (offset % CU_VMM_GRANULARITY || size > a->size || offset > a->size - size)
		r = CUDA_ERROR_NOT_SUPPORTED;
	if (r) {
		free(m);
	} else {
		*m = (struct mapping){ .next = mappings, .va = p, .size = size, .offset = offset, .a = a };
		mappings = m;
		a->uses++;
	}
	pthread_mutex_unlock(&cu_vmm_lock);
	return r;
}

static void drop(struct mapping *m)
{
	if (!m->m)
		return;
	cu_mem_synchronize(m->m);
	cu_mem_free(m->m);
	m->m = NULL;
}

static bool reachable(const struct mapping *m)
{
	for (int i = 0; i < VGPU_MAX_DEVICES; i++)
		if (m->access[i])
			return true;
	return false;
}

/* In the context whose buffer it is; this has it with peers, too, when its own device was given none. */
static CUresult map_home(struct mapping *m, bool readonly)
{
	struct cu_allocation *a = m->a;
	CUresult r;
	int err;

	m->m = calloc(1, sizeof(*m->m));
	if (!m->m)
		return CUDA_ERROR_OUT_OF_MEMORY;
	*m->m = (struct cu_mem){
		.base = m->va,
		.size = m->size,
		.span = m->size,
		.kind = CU_MEM_MAPPED,
		.ctx = a->ctx,
		.bo = a->bo,
		.offset = m->offset,
		.readonly = readonly,
	};
	err = vgpu_va_map(&a->ctx->dev->dev, a->bo, m->offset, m->size, m->va, readonly ? VGPU_VA_READONLY : 0);
	r = err ? cu_check(a->ctx, err) : cu_mem_insert(m->m);
	if (r) {
		free(m->m);
		m->m = NULL;
	}
	return r;
}

struct show {
	struct mapping *m;
	CUresult r;
};

static void show_visit(CUcontext ctx, void *data)
{
	struct show *s = data;
	uint8_t access = s->m->access[ctx->dev->ordinal];

	if (access && !s->r)
		s->r = cu_mem_show_one(s->m->m, ctx, access == CU_MEM_ACCESS_FLAGS_PROT_READ);
}

/* Map it in all contexts of the devices that have access, where it is not yet. With the lock held. */
static CUresult show(struct mapping *m)
{
	struct show s = { .m = m };
	CUresult r = reachable(m) ? cu_allocation_adopt(m->a, NULL) : CUDA_SUCCESS;

	if (r || !reachable(m))
		return r;
	if (!m->m)
		r = map_home(m, m->access[m->a->ctx->dev->ordinal] == CU_MEM_ACCESS_FLAGS_PROT_READ);
	if (!r)
		cu_contexts_each(show_visit, &s);
	return r ? r : s.r;
}

/* What one device is to have of a mapping. */
static CUresult set_access(struct mapping *m, unsigned int flags, int device)
{
	struct cu_device *d;
	CUresult r = cu_device_get(device, &d);
	uint8_t *access;

	if (r)
		return r;
	access = &m->access[device];
	/* More contexts see what others see already; but where it is mapped it is mapped anew. */
	if (m->m && *access != flags && (*access || d == m->a->ctx->dev))
		drop(m);
	*access = flags;
	return show(m);
}

/* Whether all mappings in a range lie in it whole, and how much of it they are. */
static bool whole_in(CUdeviceptr p, size_t size, size_t *covered)
{
	*covered = 0;
	for (struct mapping *m = mappings; m; m = m->next) {
		if (m->va + m->size <= p || p + size <= m->va)
			continue;
		if (m->va < p || m->va + m->size > p + size)
			return false;
		*covered += m->size;
	}
	return true;
}

/* All mappings in a range, which they must be without a gap. */
static CUresult set_access_in(CUdeviceptr p, size_t size, unsigned int flags, int device)
{
	CUresult r = CUDA_SUCCESS;
	size_t covered;

	if (!whole_in(p, size, &covered) || covered != size)
		return CUDA_ERROR_INVALID_VALUE;
	for (struct mapping *m = mappings; m && !r; m = m->next)
		if (p <= m->va && m->va < p + size)
			r = set_access(m, flags, device);
	return r;
}

static bool access_valid(const CUmemAccessDesc *d)
{
	return d->location.type == CU_MEM_LOCATION_TYPE_DEVICE &&
	       (d->flags == CU_MEM_ACCESS_FLAGS_PROT_NONE || d->flags == CU_MEM_ACCESS_FLAGS_PROT_READ ||
		d->flags == CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
}

CUDA_API(cuMemSetAccess, CU_ARGS(CUdeviceptr p, size_t size, const CUmemAccessDesc *desc, size_t count),
	 CU_ARGS(p, size, desc, count))
{
	CUresult r = cu_ready();

	if (r)
		return r;
	if (!p || !size || !desc || !count)
		return CUDA_ERROR_INVALID_VALUE;
	for (size_t i = 0; i < count; i++)
		if (!access_valid(&desc[i]))
			return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&cu_vmm_lock);
	for (size_t i = 0; i < count && !r; i++)
		r = set_access_in(p, size, desc[i].flags, desc[i].location.id);
	pthread_mutex_unlock(&cu_vmm_lock);
	return r;
}

static struct mapping *mapping_at(uint64_t p)
{
	struct mapping *m = mappings;

	while (m && (p < m->va || p >= m->va + m->size))
		m = m->next;
	return m;
}

CUDA_API(cuMemGetAccess, CU_ARGS(unsigned long long *flags, const CUmemLocation *location, CUdeviceptr p),
	 CU_ARGS(flags, location, p))
{
	struct mapping *own;
	struct cu_mem m;
	CUcontext ctx;
	bool here;
	struct cu_device *d;
	CUresult r = cu_ready();

	if (r)
		return r;
	if (!flags || !location || location->type != CU_MEM_LOCATION_TYPE_DEVICE)
		return CUDA_ERROR_INVALID_VALUE;
	r = cu_device_get(location->id, &d);
	if (r)
		return r;
	pthread_mutex_lock(&cu_vmm_lock);
	own = mapping_at(p);
	if (own)
		*flags = own->access[location->id];
	pthread_mutex_unlock(&cu_vmm_lock);
	if (own)
		return CUDA_SUCCESS;
	*flags = CU_MEM_ACCESS_FLAGS_PROT_NONE;
	if (cu_vmm_context_on(location->id, &ctx))
		ctx = NULL;
	if (cu_mem_find_in(p, ctx, &m, &here) && (here || m.ctx->dev->ordinal == location->id))
		*flags = m.readonly ? CU_MEM_ACCESS_FLAGS_PROT_READ : CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
	return CUDA_SUCCESS;
}

CUDA_API(cuMemUnmap, CU_ARGS(CUdeviceptr p, size_t size), CU_ARGS(p, size))
{
	CUresult r = cu_ready();
	size_t covered;

	if (r)
		return r;
	if (!p || !size)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&cu_vmm_lock);
	/* Between them there may be reserved addresses to which nothing is mapped. */
	if (!whole_in(p, size, &covered) || (covered != size && !is_reserved(p, size)))
		r = CUDA_ERROR_INVALID_VALUE;
	for (struct mapping **at = &mappings; *at && !r;) {
		struct mapping *m = *at;

		if (m->va < p || m->va >= p + size) {
			at = &m->next;
			continue;
		}
		*at = m->next;
		drop(m);
		cu_allocation_put(m->a);
		free(m);
	}
	pthread_mutex_unlock(&cu_vmm_lock);
	return r;
}

/* A new context has what its device was given access to. */
void cu_vmm_context_new(CUcontext ctx)
{
	pthread_mutex_lock(&cu_vmm_lock);
	for (struct mapping *m = mappings; m; m = m->next)
		if (m->access[ctx->dev->ordinal])
			show(m);
	pthread_mutex_unlock(&cu_vmm_lock);
}

/* A context ends: its memory is the device's and goes on in another context, or waits for one. */
void cu_vmm_context_gone(CUcontext ctx)
{
	pthread_mutex_lock(&cu_vmm_lock);
	for (struct mapping *m = mappings; m; m = m->next)
		if (m->a->ctx == ctx)
			drop(m);
	cu_allocations_leave(ctx);
	for (struct mapping *m = mappings; m; m = m->next)
		if (m->a->ctx && !m->m)
			show(m);
	pthread_mutex_unlock(&cu_vmm_lock);
}

CUDA_API(cuMemRetainAllocationHandle, CU_ARGS(CUmemGenericAllocationHandle *handle, void *p), CU_ARGS(handle, p))
{
	struct mapping *m;
	CUresult r = cu_ready();

	if (r)
		return r;
	if (!handle)
		return CUDA_ERROR_INVALID_VALUE;
	r = CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&cu_vmm_lock);
	m = mapping_at((uintptr_t)p);
	if (m) {
		m->a->uses++;
		m->a->handles++;
		*handle = (uintptr_t)m->a;
		r = CUDA_SUCCESS;
	}
	pthread_mutex_unlock(&cu_vmm_lock);
	return r;
}
