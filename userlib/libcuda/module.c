// SPDX-License-Identifier: MIT
/* Modules: an image in a context, its variables laid out and filled. */
#include <stdlib.h>
#include <string.h>
#include "../compiler/launch.h"
#include "module.h"
#include "stream.h"

/* What is allocated here, as opposed to elsewhere or not at all. */
static bool is_ours(const struct vgpucc_global *g)
{
	return !g->is_extern && g->space != VGPUCC_TEXTURE;
}

/* One segment of device memory, or of managed memory if a variable is. */
static CUresult new_segment(CUmodule mod, bool managed)
{
	size_t size = vgpucc_segment_size(mod->image->cc);
	struct cu_mem *m;
	CUresult r;

	if (!managed)
		return cu_mem_new(mod->ctx, CU_MEM_MODULE, size, &mod->segment);
	m = calloc(1, sizeof(*m));
	if (!m)
		return CUDA_ERROR_OUT_OF_MEMORY;
	r = cu_shared_new(mod->ctx, size, &m->shared);
	if (r) {
		free(m);
		return r;
	}
	*m = (struct cu_mem){
		.base = (uintptr_t)m->shared.p,
		.size = size,
		.span = m->shared.size,
		.kind = CU_MEM_MANAGED,
		.ctx = mod->ctx,
		.bo = m->shared.bo,
		.flags = CU_MEM_ATTACH_GLOBAL,
		.shared = m->shared,
		.of_module = true,
	};
	r = cu_mem_insert(m);
	if (r) {
		cu_shared_free(mod->ctx, &m->shared);
		free(m);
		return r;
	}
	mod->segment = m;
	return CUDA_SUCCESS;
}

/* Where every variable lies. */
static CUresult place(CUmodule mod, unsigned int count)
{
	struct vgpucc_global g;
	bool managed = false;
	CUresult r;

	for (unsigned int i = 0; i < count; i++)
		managed |= !vgpucc_global_at(mod->image->cc, i, &g) && g.managed;
	if (!vgpucc_segment_size(mod->image->cc))
		return CUDA_SUCCESS;
	r = new_segment(mod, managed);
	for (unsigned int i = 0; i < count && !r; i++)
		if (!vgpucc_global_at(mod->image->cc, i, &g) && is_ours(&g))
			mod->addresses[i] = mod->segment->base + vgpucc_global_offset(mod->image->cc, i);
	return r;
}

static CUresult write_device(CUmodule mod, uint64_t to, const void *from, size_t size)
{
	struct vgpu_mem_copy c = {
		.direction = VGPU_COPY_TO_GPU,
		.ctx = mod->ctx->handle,
		.gpu_va = to,
		.user_ptr = (uintptr_t)from,
		.width = size,
		.height = 1,
	};
	int err = size ? vgpu_mem_copy(&mod->ctx->dev->dev, &c) : 0;

	return err ? cu_check(mod->ctx, err) : CUDA_SUCCESS;
}

/* Write the addresses that belong into a variable over its initial bytes. */
static CUresult relocate(CUmodule mod, const struct vgpucc_global *g, uint8_t *bytes, size_t size)
{
	for (unsigned int i = 0; i < g->nrelocs; i++) {
		const struct vgpucc_reloc *rel = &g->relocs[i];
		uint64_t value;

		if (rel->offset + rel->size > size || rel->size > 8)
			return CUDA_ERROR_INVALID_IMAGE;
		if (rel->global == UINT32_MAX) {
			uint32_t id;

			if (!rel->func || vgpucc_function_id(mod->image->cc, rel->func, &id))
				return CUDA_ERROR_INVALID_IMAGE;
			value = id;
		} else {
			value = mod->addresses[rel->global];
		}
		value = (value + rel->addend) >> rel->shift;
		memcpy(bytes + rel->offset, &value, rel->size);
	}
	return CUDA_SUCCESS;
}

/*
 * Contents on their way to the segment: neighbours go together, with the
 * zeros between them, for a system call costs as much as a few pages.
 */
struct window {
	CUmodule mod;
	uint64_t to;
	size_t size;
	uint8_t bytes[1 << 18];
};

enum { WINDOW_GAP = 4096 };

static CUresult flush(struct window *w)
{
	size_t size = w->size;

	w->size = 0;
	return write_device(w->mod, w->to, w->bytes, size);
}

/* Where to put that much for an address, zeroed; NULL: in *r why, or it is too large for a window. */
static uint8_t *in_window(struct window *w, uint64_t to, size_t size, CUresult *r)
{
	uint64_t gap = to - (w->to + w->size);
	uint8_t *p;

	if (w->size && (to < w->to + w->size || gap > WINDOW_GAP || w->size + gap + size > sizeof(w->bytes))) {
		*r = flush(w);
		if (*r)
			return NULL;
	}
	if (size > sizeof(w->bytes))
		return NULL;
	if (!w->size)
		w->to = to;
	p = w->bytes + (to - w->to);
	memset(w->bytes + w->size, 0, p + size - (w->bytes + w->size));
	w->size = p + size - w->bytes;
	return p;
}

static CUresult fill_global(struct window *w, const struct vgpucc_global *g)
{
	CUmodule mod = w->mod;
	size_t size = g->init_len;
	CUresult r = CUDA_SUCCESS;
	uint8_t *bytes, *own = NULL;

	for (unsigned int i = 0; i < g->nrelocs; i++)
		if (g->relocs[i].offset + g->relocs[i].size > size)
			size = g->relocs[i].offset + g->relocs[i].size;
	if (!size)
		return CUDA_SUCCESS;
	if (size > g->size)
		return CUDA_ERROR_INVALID_IMAGE;
	bytes = in_window(w, mod->addresses[g->index], size, &r);
	if (!bytes && !r)
		bytes = own = calloc(1, size);
	if (!bytes)
		return r ? r : CUDA_ERROR_OUT_OF_MEMORY;
	if (g->init_len)
		memcpy(bytes, g->init, g->init_len);
	r = relocate(mod, g, bytes, size);
	if (!r && own)
		r = write_device(mod, mod->addresses[g->index], own, size);
	free(own);
	return r;
}

static CUresult fill(CUmodule mod, unsigned int count)
{
	struct window *w = malloc(sizeof(*w));
	CUresult r = CUDA_SUCCESS;

	if (!w)
		return CUDA_ERROR_OUT_OF_MEMORY;
	w->mod = mod;
	w->size = 0;
	for (unsigned int i = 0; i < count && !r; i++) {
		struct vgpucc_global g;

		if (!vgpucc_global_at(mod->image->cc, i, &g) && is_ours(&g))
			r = fill_global(w, &g);
	}
	if (!r)
		r = flush(w);
	free(w);
	return r;
}

/* Give the variables memory, addresses and contents. */
static CUresult instantiate(CUmodule mod)
{
	unsigned int count = mod->image->info.nglobals;
	CUresult r;

	if (!count)
		return CUDA_SUCCESS;
	mod->addresses = calloc(count, sizeof(*mod->addresses));
	if (!mod->addresses)
		return CUDA_ERROR_OUT_OF_MEMORY;
	r = place(mod, count);
	return r ? r : fill(mod, count);
}

/* Takes over the caller's hold of the image, also when it fails. */
CUresult cu_module_new(CUcontext ctx, struct cu_image *image, CUmodule *out)
{
	CUmodule mod = cu_object_new(CU_MODULE, sizeof(*mod));
	CUresult r = CUDA_ERROR_OUT_OF_MEMORY;

	if (!mod) {
		cu_image_put(image);
		return r;
	}
	mod->ctx = ctx;
	mod->image = image;
	mod->functions = calloc(image->info.nkernels + 1, sizeof(*mod->functions));
	if (mod->functions)
		r = instantiate(mod);
	pthread_mutex_lock(&ctx->lock);
	mod->next = ctx->modules;
	ctx->modules = mod;
	pthread_mutex_unlock(&ctx->lock);
	if (r)
		cu_module_free(mod);
	else
		*out = mod;
	return r;
}

static void function_free(CUfunction f)
{
	for (int i = 0; i < CU_SHAPES; i++)
		if (f->variants[i].code)
			vgpu_destroy(&f->mod->ctx->dev->dev, f->variants[i].code);
	pthread_mutex_destroy(&f->lock);
	cu_object_free(f);
}

/* No work that uses it may be left. */
void cu_module_free(CUmodule mod)
{
	CUcontext ctx = mod->ctx;
	struct CUmod_st **at;

	if (mod->library)
		cu_library_forget(mod->library, mod);
	pthread_mutex_lock(&ctx->lock);
	for (at = &ctx->modules; *at && *at != mod; at = &(*at)->next)
		;
	if (*at)
		*at = mod->next;
	pthread_mutex_unlock(&ctx->lock);
	for (unsigned int i = 0; mod->functions && i < mod->image->info.nkernels; i++)
		if (mod->functions[i])
			function_free(mod->functions[i]);
	if (mod->segment)
		cu_mem_free(mod->segment);
	free(mod->addresses);
	free(mod->functions);
	cu_image_put(mod->image);
	cu_object_free(mod);
}

void cu_modules_destroy(CUcontext ctx)
{
	while (ctx->modules)
		cu_module_free(ctx->modules);
}

static CUfunction function_new(CUmodule mod, const struct vgpucc_kernel *k)
{
	CUfunction f = cu_object_new(CU_FUNCTION, sizeof(*f));

	if (!f)
		return NULL;
	f->mod = mod;
	f->kernel = *k;
	pthread_mutex_init(&f->lock, NULL);
	f->max_dynamic = (int)mod->ctx->dev->dev.info.shared_block - (int)k->static_shared;
	if (f->max_dynamic < 0)
		f->max_dynamic = 0;
	f->carveout = -1;
	return f;
}

CUresult cu_module_function_at(CUmodule mod, unsigned int index, CUfunction *f)
{
	CUresult r = CUDA_SUCCESS;
	struct vgpucc_kernel k;

	if (vgpucc_kernel_at(mod->image->cc, index, &k))
		return CUDA_ERROR_NOT_FOUND;
	pthread_mutex_lock(&mod->ctx->lock);
	if (!mod->functions[index])
		mod->functions[index] = function_new(mod, &k);
	*f = mod->functions[index];
	if (!*f)
		r = CUDA_ERROR_OUT_OF_MEMORY;
	pthread_mutex_unlock(&mod->ctx->lock);
	return r;
}

CUresult cu_module_function(CUmodule mod, const char *name, CUfunction *f)
{
	struct vgpucc_kernel k;

	if (vgpucc_kernel_find(mod->image->cc, name, &k))
		return CUDA_ERROR_NOT_FOUND;
	return cu_module_function_at(mod, k.index, f);
}

CUresult cu_module_global(CUmodule mod, const char *name, bool managed, CUdeviceptr *p, size_t *size)
{
	struct vgpucc_global g;

	if (vgpucc_global_find(mod->image->cc, name, &g) || !is_ours(&g) || (managed && !g.managed))
		return CUDA_ERROR_NOT_FOUND;
	if (p)
		*p = mod->addresses[g.index];
	if (size)
		*size = g.size;
	return CUDA_SUCCESS;
}

size_t cu_module_const_bytes(CUmodule mod)
{
	struct vgpucc_global g;
	size_t end = 0;

	for (unsigned int i = 0; !vgpucc_global_at(mod->image->cc, i, &g); i++)
		if (is_ours(&g) && g.space == VGPUCC_CONST)
			end = (end + g.align - 1) / g.align * g.align + g.size;
	return end;
}
