// SPDX-License-Identifier: MIT
/* Pinned host memory: cuMemHostAlloc, cuMemHostRegister and what belongs to them. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>
#include "capture.h"
#include "error.h"
#include "memory.h"
#include "stream.h"

CUresult cu_host_register_in(struct cu_mem *m, CUcontext ctx)
{
	struct cu_registration *g = calloc(1, sizeof(*g));
	int r;

	if (!g)
		return CUDA_ERROR_OUT_OF_MEMORY;
	r = vgpu_host_register(&ctx->dev->dev, ctx->handle, (void *)m->base, m->span,
			       m->readonly ? VGPU_HOST_READONLY : 0, &g->handle);
	if (r) {
		free(g);
		return cu_check(ctx, r);
	}
	g->ctx = ctx;
	g->next = m->registrations;
	m->registrations = g;
	return CUDA_SUCCESS;
}

struct register_all {
	struct cu_mem *m;
	CUresult result;
};

static void register_visit(CUcontext ctx, void *data)
{
	struct register_all *a = data;

	if (ctx != a->m->ctx && !a->result)
		a->result = cu_host_register_in(a->m, ctx);
}

/* With one address space for all, every context sees every pinned byte. */
CUresult cu_host_register_all(struct cu_mem *m)
{
	struct register_all a = { m, cu_host_register_in(m, m->ctx) };

	if (!a.result)
		cu_contexts_each(register_visit, &a);
	return a.result;
}

void cu_host_release(struct cu_mem *m)
{
	while (m->registrations) {
		struct cu_registration *g = m->registrations;

		m->registrations = g->next;
		vgpu_destroy(&g->ctx->dev->dev, g->handle);
		free(g);
	}
	if (m->kind == CU_MEM_HOST)
		munmap((void *)m->base, m->span);
}

/* Pages of our own; large ones begin at 2 MiB, to be huge pages where the system has them. */
static void *map_pages(size_t *span)
{
	size_t align = *span >= VGPU_HUGE_SIZE ? VGPU_HUGE_SIZE : VGPU_PAGE_SIZE;
	uintptr_t start;
	void *p;

	if (align == VGPU_HUGE_SIZE)
		*span = (*span + align - 1) & ~(align - 1);
	if (*span + align <= align)
		return NULL;
	p = mmap(NULL, *span + align, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	start = ((uintptr_t)p + align - 1) & ~(align - 1);
	if (start > (uintptr_t)p)
		munmap(p, start - (uintptr_t)p);
	if ((uintptr_t)p + align > start)
		munmap((void *)(start + *span), (uintptr_t)p + align - start);
	if (align == VGPU_HUGE_SIZE)
		madvise((void *)start, *span, MADV_HUGEPAGE);
	return (void *)start;
}

static CUresult host_alloc(void **p, size_t size, unsigned int flags)
{
	struct cu_mem *m;
	CUcontext ctx;
	CUresult r = cu_current_unsafe(&ctx);

	if (r)
		return r;
	if (!p || (flags & ~7u))
		return CUDA_ERROR_INVALID_VALUE;
	*p = NULL;
	if (!size)
		return CUDA_SUCCESS;
	m = calloc(1, sizeof(*m));
	if (!m)
		return CUDA_ERROR_OUT_OF_MEMORY;
	m->kind = CU_MEM_HOST;
	m->ctx = ctx;
	m->flags = flags | CU_MEMHOSTALLOC_DEVICEMAP;
	m->size = size;
	m->span = (size + VGPU_PAGE_SIZE - 1) & ~(VGPU_PAGE_SIZE - 1);
	m->base = m->span < size ? 0 : (uintptr_t)map_pages(&m->span);
	if (!m->base) {
		free(m);
		return CUDA_ERROR_OUT_OF_MEMORY;
	}
	r = cu_host_register_all(m);
	if (!r)
		r = cu_mem_insert(m);
	if (r) {
		cu_host_release(m);
		free(m);
		return r;
	}
	*p = (void *)m->base;
	return CUDA_SUCCESS;
}

CUDA_API(cuMemHostAlloc, CU_ARGS(void **p, size_t size, unsigned int flags), CU_ARGS(p, size, flags))
{
	return host_alloc(p, size, flags);
}

CUDA_API(cuMemAllocHost_v2, CU_ARGS(void **p, size_t size), CU_ARGS(p, size))
{
	return host_alloc(p, size, 0);
}

/* Free or unregister: whatever may still use the memory ends first. */
static CUresult host_end(void *p, enum cu_mem_kind kind, CUresult missing)
{
	struct cu_mem *m;
	CUcontext ctx;
	CUresult r = cu_current_any(&ctx);

	if (!r)
		r = cu_capture_unsafe();
	if (r)
		return r;
	m = cu_mem_claim((uintptr_t)p, 1 << kind);
	if (!m && kind == CU_MEM_REGISTERED) {
		m = cu_mem_claim((uintptr_t)p & ~(VGPU_PAGE_SIZE - 1), 1 << kind);
		if (m && m->base + m->offset != (uintptr_t)p) {
			cu_mem_keep(m);
			return CUDA_ERROR_INVALID_VALUE;
		}
	}
	if (!m)
		return missing;
	cu_mem_synchronize(m);
	cu_mem_free(m);
	return cu_context_health(ctx);
}

CUDA_API(cuMemFreeHost, CU_ARGS(void *p), CU_ARGS(p))
{
	return p ? host_end(p, CU_MEM_HOST, CUDA_ERROR_INVALID_VALUE) : CUDA_SUCCESS;
}

CUDA_API(cuMemHostUnregister, CU_ARGS(void *p), CU_ARGS(p))
{
	struct cu_mem m;
	bool ours = p && cu_mem_find((uintptr_t)p, &m) && m.kind == CU_MEM_HOST;

	if (!p)
		return CUDA_ERROR_INVALID_VALUE;
	return host_end(p, CU_MEM_REGISTERED, ours ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED);
}

CUDA_API(cuMemHostRegister_v2, CU_ARGS(void *p, size_t size, unsigned int flags), CU_ARGS(p, size, flags))
{
	uintptr_t start = (uintptr_t)p & ~(VGPU_PAGE_SIZE - 1);
	struct cu_mem *m;
	CUcontext ctx;
	CUresult r = cu_current_unsafe(&ctx);

	if (r)
		return r;
	if (!p || !size || (uintptr_t)p + size < (uintptr_t)p || (flags & ~15u))
		return CUDA_ERROR_INVALID_VALUE;
	if (flags & CU_MEMHOSTREGISTER_IOMEMORY)
		return cu_refuse("CU_MEMHOSTREGISTER_IOMEMORY");
	m = calloc(1, sizeof(*m));
	if (!m)
		return CUDA_ERROR_OUT_OF_MEMORY;
	m->kind = CU_MEM_REGISTERED;
	m->ctx = ctx;
	m->flags = flags | CU_MEMHOSTREGISTER_DEVICEMAP;
	m->readonly = flags & CU_MEMHOSTREGISTER_READ_ONLY;
	m->base = start;
	m->offset = (uintptr_t)p - start;
	m->size = m->span = (((uintptr_t)p + size + VGPU_PAGE_SIZE - 1) & ~(VGPU_PAGE_SIZE - 1)) - start;
	r = cu_host_register_all(m);
	if (!r)
		r = cu_mem_insert(m);
	if (r == CUDA_ERROR_ALREADY_MAPPED)
		r = CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
	if (r) {
		cu_host_release(m);
		free(m);
	}
	return r;
}

CUDA_API(cuMemHostRegister, CU_ARGS(void *p, size_t size, unsigned int flags), CU_ARGS(p, size, flags))
{
	return do_cuMemHostRegister_v2(p, size, flags);
}

CUDA_API(cuMemHostGetDevicePointer_v2, CU_ARGS(CUdeviceptr *device, void *p, unsigned int flags),
	 CU_ARGS(device, p, flags))
{
	struct cu_mem m;
	CUcontext ctx;
	CUresult r = cu_current(&ctx);

	if (r)
		return r;
	if (!device || flags || !cu_mem_find((uintptr_t)p, &m) || !cu_mem_is_host(&m))
		return CUDA_ERROR_INVALID_VALUE;
	*device = (uintptr_t)p;
	return CUDA_SUCCESS;
}

CUDA_API(cuMemHostGetFlags, CU_ARGS(unsigned int *flags, void *p), CU_ARGS(flags, p))
{
	struct cu_mem m;
	CUcontext ctx;
	CUresult r = cu_current(&ctx);

	if (r)
		return r;
	if (!flags || !cu_mem_find((uintptr_t)p, &m) || !cu_mem_is_host(&m))
		return CUDA_ERROR_INVALID_VALUE;
	*flags = m.flags;
	return CUDA_SUCCESS;
}
