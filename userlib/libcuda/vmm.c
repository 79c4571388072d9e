// SPDX-License-Identifier: MIT
/*
 * Virtual memory management: addresses, memory and mappings as three things.
 * A memory handle is a buffer object of the context that was current when it
 * was made (or of the device's primary one); it can be mapped in that context.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include "error.h"
#include "memory.h"
#include "stream.h"

enum { GRANULARITY = 2 << 20 };

/**
 * struct allocation - what a CUmemGenericAllocationHandle points to
 * @obj: type
 * @ctx: context of its buffer
 * @bo: buffer object
 * @size: bytes
 * @uses: handles and mappings
 * @handles: how often it was created, imported or retained, and not released
 * @prop: as it was asked for
 */
struct allocation {
	struct cu_object obj;
	CUcontext ctx;
	uint32_t bo;
	size_t size;
	unsigned int uses;
	unsigned int handles;
	CUmemAllocationProp prop;
};

/* A mapping, kept beside the table's entry to find its memory again. */
struct mapping {
	struct mapping *next;
	uint64_t va;
	size_t size, offset;
	struct allocation *a;
	struct cu_mem *m;	/* NULL until access is set */
};

/* Reserved addresses: given back as they were reserved, not in parts and not twice. */
struct reservation {
	struct reservation *next;
	uint64_t va;
	size_t size;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct mapping *mappings;
static struct reservation *reservations;

static struct allocation *get(CUmemGenericAllocationHandle handle)
{
	struct allocation *a = (struct allocation *)(uintptr_t)handle;

	return cu_is(a, CU_ALLOCATION) && a->handles ? a : NULL;
}

static void put(struct allocation *a)
{
	if (--a->uses)
		return;
	if (cu_context_alive(a->ctx))
		vgpu_destroy(&a->ctx->dev->dev, a->bo);
	cu_object_free(a);
}

CUDA_API(cuMemAddressReserve, CU_ARGS(CUdeviceptr *p, size_t size, size_t align, CUdeviceptr wish,
				      unsigned long long flags),
	 CU_ARGS(p, size, align, wish, flags))
{
	struct reservation *v;
	CUresult r = cu_ready();

	if (r)
		return r;
	if (!p || !size || size % GRANULARITY || (align & (align - 1)) || flags)
		return CUDA_ERROR_INVALID_VALUE;
	v = malloc(sizeof(*v));
	*p = v ? cu_va_reserve(size, align > GRANULARITY ? align : GRANULARITY, wish) : 0;
	if (!*p) {
		free(v);
		return CUDA_ERROR_OUT_OF_MEMORY;
	}
	pthread_mutex_lock(&lock);
	*v = (struct reservation){ .next = reservations, .va = *p, .size = size };
	reservations = v;
	pthread_mutex_unlock(&lock);
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
	pthread_mutex_lock(&lock);
	for (at = &reservations; *at && ((*at)->va != p || (*at)->size != size);)
		at = &(*at)->next;
	if (*at && !in_use(p, size)) {
		v = *at;
		*at = v->next;
	}
	pthread_mutex_unlock(&lock);
	if (!v)
		return CUDA_ERROR_INVALID_VALUE;
	cu_va_release(p, size);
	free(v);
	return CUDA_SUCCESS;
}

static CUresult check_prop(const CUmemAllocationProp *prop)
{
	if (!prop || prop->type != CU_MEM_ALLOCATION_TYPE_PINNED)
		return CUDA_ERROR_INVALID_VALUE;
	if (prop->location.type != CU_MEM_LOCATION_TYPE_DEVICE)
		return cu_refuse("cuMemCreate on the host");
	if (prop->requestedHandleTypes & ~CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR)
		return cu_refuse("cuMemCreate with shareable handles other than file descriptors");
	return CUDA_SUCCESS;
}

CUDA_API(cuMemGetAllocationGranularity, CU_ARGS(size_t *size, const CUmemAllocationProp *prop, int option),
	 CU_ARGS(size, prop, option))
{
	CUresult r = cu_ready();

	if (r)
		return r;
	if (!size || option < 0 || option > 1)
		return CUDA_ERROR_INVALID_VALUE;
	r = check_prop(prop);
	if (!r)
		*size = GRANULARITY;
	return r;
}

/* The context in which memory of a device is made. */
static CUresult context_on(int device, CUcontext *ctx)
{
	struct cu_device *d;
	CUresult r = cu_device_get(device, &d);

	if (r)
		return r;
	*ctx = cu_stack_top();
	if (!cu_context_alive(*ctx) || (*ctx)->dev != d)
		*ctx = d->primary;
	return cu_context_alive(*ctx) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT;
}

CUDA_API(cuMemCreate, CU_ARGS(CUmemGenericAllocationHandle *handle, size_t size, const CUmemAllocationProp *prop,
			      unsigned long long flags),
	 CU_ARGS(handle, size, prop, flags))
{
	struct allocation *a;
	CUcontext ctx;
	CUresult r = cu_ready();
	int err;

	if (!r && (!handle || !size || size % GRANULARITY || flags))
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		r = check_prop(prop);
	if (!r)
		r = context_on(prop->location.id, &ctx);
	if (r)
		return r;
	a = cu_object_new(CU_ALLOCATION, sizeof(*a));
	if (!a)
		return CUDA_ERROR_OUT_OF_MEMORY;
	err = vgpu_bo_create(&ctx->dev->dev, ctx->handle, size, 0, &a->bo);
	if (err) {
		cu_object_free(a);
		return cu_check(ctx, err);
	}
	a->ctx = ctx;
	a->size = size;
	a->uses = 1;
	a->handles = 1;
	a->prop = *prop;
	*handle = (uintptr_t)a;
	return CUDA_SUCCESS;
}

CUDA_API(cuMemRelease, CU_ARGS(CUmemGenericAllocationHandle handle), CU_ARGS(handle))
{
	struct allocation *a;
	CUresult r = cu_ready();

	if (r)
		return r;
	pthread_mutex_lock(&lock);
	a = get(handle);
	if (a) {
		a->handles--;
		put(a);
	}
	pthread_mutex_unlock(&lock);
	return a ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUDA_API(cuMemMap, CU_ARGS(CUdeviceptr p, size_t size, size_t offset, CUmemGenericAllocationHandle handle,
			   unsigned long long flags),
	 CU_ARGS(p, size, offset, handle, flags))
{
	struct mapping *m;
	struct allocation *a;
	CUresult r = cu_ready();

	if (r)
		return r;
	if (!p || p % GRANULARITY || !size || size % GRANULARITY || offset % GRANULARITY || flags)
		return CUDA_ERROR_INVALID_VALUE;
	m = calloc(1, sizeof(*m));
	if (!m)
		return CUDA_ERROR_OUT_OF_MEMORY;
	pthread_mutex_lock(&lock);
	a = get(handle);
	if (!a || !is_reserved(p, size) || offset + size > a->size || offset + size < offset)
		r = CUDA_ERROR_INVALID_VALUE;
	else if (in_use(p, size))
		r = CUDA_ERROR_ALREADY_MAPPED;
	if (r) {
		free(m);
	} else {
		*m = (struct mapping){ .next = mappings, .va = p, .size = size, .offset = offset, .a = a };
		mappings = m;
		a->uses++;
	}
	pthread_mutex_unlock(&lock);
	return r;
}

/* Make a mapping reachable, or not; with the lock held. */
static CUresult set_access(struct mapping *m, unsigned int flags)
{
	struct allocation *a = m->a;
	CUresult r;
	int err;

	if (m->m) {
		cu_streams_synchronize(a->ctx);
		cu_mem_free(m->m);
		m->m = NULL;
	}
	if (flags == CU_MEM_ACCESS_FLAGS_PROT_NONE)
		return CUDA_SUCCESS;
	m->m = calloc(1, sizeof(*m->m));
	if (!m->m)
		return CUDA_ERROR_OUT_OF_MEMORY;
	*m->m = (struct cu_mem){
		.base = m->va, .size = m->size, .span = m->size, .kind = CU_MEM_MAPPED, .ctx = a->ctx,
		.bo = a->bo, .offset = m->offset, .readonly = flags == CU_MEM_ACCESS_FLAGS_PROT_READ,
	};
	err = vgpu_va_map(&a->ctx->dev->dev, a->bo, m->offset, m->size, m->va,
			  m->m->readonly ? VGPU_VA_READONLY : 0);
	r = err ? cu_check(a->ctx, err) : cu_mem_insert(m->m);
	if (r) {
		free(m->m);
		m->m = NULL;
	}
	return r;
}

/* Let another device have it; its own has it then, too. */
static CUresult set_peer_access(struct mapping *m, unsigned int flags, CUcontext ctx)
{
	CUresult r = m->m ? CUDA_SUCCESS : set_access(m, flags);

	return r ? r : cu_mem_show_one(m->m, ctx, flags == CU_MEM_ACCESS_FLAGS_PROT_READ);
}

/* What one device is to have of a mapping. */
static CUresult set_access_on(struct mapping *m, unsigned int flags, int device)
{
	CUcontext ctx;
	CUresult r;

	if (device == m->a->ctx->dev->ordinal)
		return set_access(m, flags);
	if (flags == CU_MEM_ACCESS_FLAGS_PROT_NONE)
		return CUDA_SUCCESS;
	r = context_on(device, &ctx);
	return r ? r : set_peer_access(m, flags, ctx);
}

/* All mappings in a range; the range must begin and end with one. */
static CUresult each_in(CUdeviceptr p, size_t size,
			CUresult (*fn)(struct mapping *m, unsigned int flags, int device), unsigned int flags,
			int device)
{
	CUresult r = CUDA_SUCCESS;
	size_t covered = 0;

	for (struct mapping *m = mappings; m; m = m->next) {
		if (m->va + m->size <= p || p + size <= m->va)
			continue;
		if (m->va < p || m->va + m->size > p + size)
			return CUDA_ERROR_INVALID_VALUE;
		covered += m->size;
	}
	if (covered != size)
		return CUDA_ERROR_INVALID_VALUE;
	for (struct mapping *m = mappings; m && !r; m = m->next)
		if (p <= m->va && m->va < p + size)
			r = fn(m, flags, device);
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
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < count && !r; i++)
		r = each_in(p, size, set_access_on, desc[i].flags, desc[i].location.id);
	pthread_mutex_unlock(&lock);
	return r;
}

CUDA_API(cuMemGetAccess, CU_ARGS(unsigned long long *flags, const CUmemLocation *location, CUdeviceptr p),
	 CU_ARGS(flags, location, p))
{
	struct cu_mem m;
	CUcontext ctx;
	bool here;
	CUresult r = cu_ready();

	if (r)
		return r;
	if (!flags || !location || location->type != CU_MEM_LOCATION_TYPE_DEVICE)
		return CUDA_ERROR_INVALID_VALUE;
	*flags = CU_MEM_ACCESS_FLAGS_PROT_NONE;
	if (context_on(location->id, &ctx))
		ctx = NULL;
	if (cu_mem_find_in(p, ctx, &m, &here) && (here || m.ctx->dev->ordinal == location->id))
		*flags = m.readonly ? CU_MEM_ACCESS_FLAGS_PROT_READ : CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
	return CUDA_SUCCESS;
}

static CUresult drop_access(struct mapping *m, unsigned int flags, int device)
{
	(void)device;
	return set_access(m, flags);
}

CUDA_API(cuMemUnmap, CU_ARGS(CUdeviceptr p, size_t size), CU_ARGS(p, size))
{
	CUresult r = cu_ready();

	if (r)
		return r;
	if (!p || !size)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&lock);
	if (!in_use(p, size) && is_reserved(p, size)) {
		pthread_mutex_unlock(&lock);
		return CUDA_SUCCESS;
	}
	r = each_in(p, size, drop_access, CU_MEM_ACCESS_FLAGS_PROT_NONE, 0);
	for (struct mapping **at = &mappings; *at && !r;) {
		struct mapping *m = *at;

		if (m->va < p || m->va >= p + size) {
			at = &m->next;
			continue;
		}
		*at = m->next;
		put(m->a);
		free(m);
	}
	pthread_mutex_unlock(&lock);
	return r;
}

/* A context ends: its memory ends with it; mappings of it lead nowhere. */
void cu_vmm_context_gone(CUcontext ctx)
{
	pthread_mutex_lock(&lock);
	for (struct mapping *m = mappings; m; m = m->next)
		if (m->a->ctx == ctx && m->m)
			set_access(m, CU_MEM_ACCESS_FLAGS_PROT_NONE);
	pthread_mutex_unlock(&lock);
}

CUDA_API(cuMemRetainAllocationHandle, CU_ARGS(CUmemGenericAllocationHandle *handle, void *p), CU_ARGS(handle, p))
{
	CUresult r = cu_ready();

	if (r)
		return r;
	if (!handle)
		return CUDA_ERROR_INVALID_VALUE;
	r = CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&lock);
	for (struct mapping *m = mappings; m; m = m->next) {
		if ((uintptr_t)p < m->va || (uintptr_t)p >= m->va + m->size)
			continue;
		m->a->uses++;
		m->a->handles++;
		*handle = (uintptr_t)m->a;
		r = CUDA_SUCCESS;
	}
	pthread_mutex_unlock(&lock);
	return r;
}

CUDA_API(cuMemGetAllocationPropertiesFromHandle, CU_ARGS(CUmemAllocationProp *prop,
							 CUmemGenericAllocationHandle handle),
	 CU_ARGS(prop, handle))
{
	struct allocation *a = get(handle);

	if (!prop || !a)
		return CUDA_ERROR_INVALID_VALUE;
	*prop = a->prop;
	return CUDA_SUCCESS;
}

/* ---- for other processes: a file descriptor that stands for the memory */

CUDA_API(cuMemExportToShareableHandle,
	 CU_ARGS(void *out, CUmemGenericAllocationHandle handle, int type, unsigned long long flags),
	 CU_ARGS(out, handle, type, flags))
{
	CUresult r = cu_ready();
	struct allocation *a;
	int fd, err;

	if (r)
		return r;
	pthread_mutex_lock(&lock);
	a = get(handle);
	if (!out || flags || !a || type != CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR ||
	    !(a->prop.requestedHandleTypes & type)) {
		r = CUDA_ERROR_INVALID_VALUE;
	} else {
		err = vgpu_bo_share_fd(&a->ctx->dev->dev, a->bo, &fd);
		r = err ? cu_check(a->ctx, err) : CUDA_SUCCESS;
		if (!r)
			*(int *)out = fd;
	}
	pthread_mutex_unlock(&lock);
	return r;
}

/* The visible device with that index in the system, else the current context's. */
static int device_of(uint32_t index, CUcontext ctx)
{
	for (int i = 0; i < cu_device_count; i++)
		if (cu_device_at(i)->dev.info.index == index)
			return i;
	return ctx->dev->ordinal;
}

CUDA_API(cuMemImportFromShareableHandle,
	 CU_ARGS(CUmemGenericAllocationHandle *handle, void *from, int type), CU_ARGS(handle, from, type))
{
	struct allocation *a;
	uint32_t index, bo;
	uint64_t size;
	CUcontext ctx, home;
	CUresult r = cu_current(&ctx);
	int err;

	if (!r && (!handle || type != CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR))
		r = CUDA_ERROR_INVALID_VALUE;
	if (r)
		return r;
	err = vgpu_bo_open_fd(&ctx->dev->dev, ctx->handle, (int)(intptr_t)from, &bo, &size, &index);
	if (err)
		return err == -EBADF || err == -EINVAL ? CUDA_ERROR_INVALID_VALUE : cu_check(ctx, err);
	/* In a context of the device whose memory it is, if there is one. */
	if (!context_on(device_of(index, ctx), &home) && home != ctx) {
		vgpu_destroy(&ctx->dev->dev, bo);
		ctx = home;
		err = vgpu_bo_open_fd(&ctx->dev->dev, ctx->handle, (int)(intptr_t)from, &bo, &size, &index);
		if (err)
			return cu_check(ctx, err);
	}
	a = cu_object_new(CU_ALLOCATION, sizeof(*a));
	if (!a) {
		vgpu_destroy(&ctx->dev->dev, bo);
		return CUDA_ERROR_OUT_OF_MEMORY;
	}
	a->ctx = ctx;
	a->bo = bo;
	a->size = size;
	a->uses = 1;
	a->handles = 1;
	a->prop = (CUmemAllocationProp){
		.type = CU_MEM_ALLOCATION_TYPE_PINNED, .requestedHandleTypes = type,
		.location = { CU_MEM_LOCATION_TYPE_DEVICE, ctx->dev->ordinal },
	};
	*handle = (uintptr_t)a;
	return CUDA_SUCCESS;
}
