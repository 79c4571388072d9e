// SPDX-License-Identifier: MIT
/*
 * Memory of cuMemCreate.  It belongs to a device.  A handle is a buffer object
 * of one of the device's contexts; others have buffers of their own for the
 * same memory, as peers do.  When that context ends the memory moves to another
 * one; while there is none a file descriptor keeps it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "error.h"
#include "vmm.h"

pthread_mutex_t cu_vmm_lock = PTHREAD_MUTEX_INITIALIZER;
static struct cu_allocation *allocations;

struct cu_allocation *cu_allocation_get(CUmemGenericAllocationHandle handle)
{
	struct cu_allocation *a = (struct cu_allocation *)(uintptr_t)handle;

	return cu_is(a, CU_ALLOCATION) && a->handles ? a : NULL;
}

void cu_allocation_put(struct cu_allocation *a)
{
	struct cu_allocation **at = &allocations;

	if (--a->uses)
		return;
	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	if (a->ctx)
		vgpu_destroy(&a->ctx->dev->dev, a->bo);
	else if (a->fd >= 0)
		close(a->fd);
	cu_object_free(a);
}

/* A new handle of a buffer. */
static struct cu_allocation *allocation_new(CUcontext ctx, uint32_t bo, size_t size, const CUmemAllocationProp *prop)
{
	struct cu_allocation *a;

	/* its place may be that of a handle which somebody still asks about */
	pthread_mutex_lock(&cu_vmm_lock);
	a = cu_object_new(CU_ALLOCATION, sizeof(*a));
	if (!a) {
		pthread_mutex_unlock(&cu_vmm_lock);
		vgpu_destroy(&ctx->dev->dev, bo);
		return NULL;
	}
	a->ctx = ctx;
	a->bo = bo;
	a->fd = -1;
	a->size = size;
	a->uses = 1;
	a->handles = 1;
	a->prop = *prop;
	a->next = allocations;
	allocations = a;
	pthread_mutex_unlock(&cu_vmm_lock);
	return a;
}

struct search {
	int device;
	CUcontext except, found;
};

static void search_visit(CUcontext ctx, void *data)
{
	struct search *s = data;

	if (ctx != s->except && ctx->dev->ordinal == s->device)
		s->found = ctx;
}

CUresult cu_allocation_adopt(struct cu_allocation *a, CUcontext except)
{
	struct search s = { .device = a->prop.location.id, .except = except };
	uint64_t size;
	int err;

	if (a->ctx)
		return CUDA_SUCCESS;
	cu_contexts_each(search_visit, &s);
	if (!s.found)
		return CUDA_ERROR_INVALID_CONTEXT;
	if (a->fd < 0)
		return CUDA_ERROR_OUT_OF_MEMORY;
	err = vgpu_bo_open_fd(&s.found->dev->dev, s.found->handle, a->fd, &a->bo, &size, NULL);
	if (err)
		return cu_check(s.found, err);
	close(a->fd);
	a->fd = -1;
	a->ctx = s.found;
	return CUDA_SUCCESS;
}

/* Its context ends. With the lock held, and no mapping of it in that. */
static void park(struct cu_allocation *a, CUcontext ctx)
{
	vgpu_bo_share_fd(&ctx->dev->dev, a->bo, &a->fd);
	vgpu_destroy(&ctx->dev->dev, a->bo);
	a->ctx = NULL;
	cu_allocation_adopt(a, ctx);
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

/* One size for all kinds of memory, those too that cuMemCreate() refuses: a card answers so. */
CUDA_API(cuMemGetAllocationGranularity, CU_ARGS(size_t *size, const CUmemAllocationProp *prop, int option),
	 CU_ARGS(size, prop, option))
{
	CUresult r = cu_ready();

	if (r)
		return r;
	if (!size || !prop || option < 0 || option > 1)
		return CUDA_ERROR_INVALID_VALUE;
	*size = CU_VMM_GRANULARITY;
	return CUDA_SUCCESS;
}

CUresult cu_vmm_context_on(int device, CUcontext *ctx)
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

CUDA_API(cuMemCreate,
	 CU_ARGS(CUmemGenericAllocationHandle *handle, size_t size, const CUmemAllocationProp *prop,
		 unsigned long long flags),
	 CU_ARGS(handle, size, prop, flags))
{
	struct cu_allocation *a;
	CUcontext ctx;
	CUresult r = cu_ready();
	uint32_t bo;
	int err;

	if (!r && (!handle || !size || size % CU_VMM_GRANULARITY || flags))
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		r = check_prop(prop);
	if (!r)
		r = cu_vmm_context_on(prop->location.id, &ctx);
	if (r)
		return r;
	err = vgpu_bo_create(&ctx->dev->dev, ctx->handle, size, 0, &bo);
	if (err)
		return cu_check(ctx, err);
	a = allocation_new(ctx, bo, size, prop);
	*handle = (uintptr_t)a;
	return a ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

CUDA_API(cuMemRelease, CU_ARGS(CUmemGenericAllocationHandle handle), CU_ARGS(handle))
{
	struct cu_allocation *a;
	CUresult r = cu_ready();

	if (r)
		return r;
	pthread_mutex_lock(&cu_vmm_lock);
	a = cu_allocation_get(handle);
	if (a) {
		a->handles--;
		cu_allocation_put(a);
	}
	pthread_mutex_unlock(&cu_vmm_lock);
	return a ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUDA_API(cuMemGetAllocationPropertiesFromHandle,
	 CU_ARGS(CUmemAllocationProp *prop, CUmemGenericAllocationHandle handle), CU_ARGS(prop, handle))
{
	struct cu_allocation *a;
	CUresult r = cu_ready();

	if (r)
		return r;
	pthread_mutex_lock(&cu_vmm_lock);
	a = cu_allocation_get(handle);
	if (!prop || !a)
		r = CUDA_ERROR_INVALID_VALUE;
	else
		*prop = a->prop;
	pthread_mutex_unlock(&cu_vmm_lock);
	return r;
}

void cu_allocations_leave(CUcontext ctx)
{
	for (struct cu_allocation *a = allocations; a; a = a->next)
		if (a->ctx == ctx)
			park(a, ctx);
}

/* ---- for other processes: a file descriptor that stands for the memory */

static CUresult share(const struct cu_allocation *a, int *fd)
{
	int err;

	if (a->ctx) {
		err = vgpu_bo_share_fd(&a->ctx->dev->dev, a->bo, fd);
		return err ? cu_check(a->ctx, err) : CUDA_SUCCESS;
	}
	*fd = fcntl(a->fd, F_DUPFD_CLOEXEC, 0);
	return *fd < 0 ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_SUCCESS;
}

CUDA_API(cuMemExportToShareableHandle,
	 CU_ARGS(void *out, CUmemGenericAllocationHandle handle, int type, unsigned long long flags),
	 CU_ARGS(out, handle, type, flags))
{
	CUresult r = cu_ready();
	struct cu_allocation *a;
	int fd;

	if (r)
		return r;
	pthread_mutex_lock(&cu_vmm_lock);
	a = cu_allocation_get(handle);
	if (!out || flags || !a || type != CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR ||
	    !(a->prop.requestedHandleTypes & type)) {
		r = CUDA_ERROR_INVALID_VALUE;
	} else {
		r = share(a, &fd);
		if (!r)
			*(int *)out = fd;
	}
	pthread_mutex_unlock(&cu_vmm_lock);
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

CUDA_API(cuMemImportFromShareableHandle, CU_ARGS(CUmemGenericAllocationHandle *handle, void *from, int type),
	 CU_ARGS(handle, from, type))
{
	CUmemAllocationProp prop = {
		.type = CU_MEM_ALLOCATION_TYPE_PINNED,
		.requestedHandleTypes = type,
		.location = { .type = CU_MEM_LOCATION_TYPE_DEVICE },
	};
	struct cu_allocation *a;
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
	if (!cu_vmm_context_on(device_of(index, ctx), &home) && home != ctx) {
		vgpu_destroy(&ctx->dev->dev, bo);
		ctx = home;
		err = vgpu_bo_open_fd(&ctx->dev->dev, ctx->handle, (int)(intptr_t)from, &bo, &size, &index);
		if (err)
			return cu_check(ctx, err);
	}
	prop.location.id = ctx->dev->ordinal;
	a = allocation_new(ctx, bo, size, &prop);
	*handle = (uintptr_t)a;
	return a ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}
