// SPDX-License-Identifier: MIT
/* cuLibrary* and cuKernel*: images that become modules where they are used. */
#include <stdlib.h>
#include <string.h>
#include "module.h"
#include "stream.h"

enum { OPTION_BINARY_IS_PRESERVED = 1 };

/* What is wrong with an image stays so; memory may be there the next time. */
static CUresult keep(CUlibrary lib, CUresult r)
{
	lib->result = r == CUDA_ERROR_OUT_OF_MEMORY ? CUDA_SUCCESS : r;
	return r;
}

/* Index the image when it is first needed: programs register far more than they use. */
static CUresult open_image(CUlibrary lib)
{
	CUresult r = lib->result;

	if (!r && !lib->image)
		r = keep(lib, cu_image_open(lib->data, lib->size, true, NULL, &lib->image));
	if (!r && !lib->kernels) {
		lib->kernels = calloc(lib->image->info.nkernels + 1, sizeof(*lib->kernels));
		if (!lib->kernels)
			r = CUDA_ERROR_OUT_OF_MEMORY;
	}
	return r;
}

/* The library behind a handle, opened. */
static CUresult get(CUlibrary lib)
{
	CUresult r = cu_ready();

	if (r)
		return r;
	if (!cu_is(lib, CU_LIBRARY))
		return CUDA_ERROR_INVALID_HANDLE;
	pthread_mutex_lock(&lib->lock);
	r = open_image(lib);
	pthread_mutex_unlock(&lib->lock);
	return r;
}

/* @size: bytes of @data, or 0 when only the address is known */
static CUresult library_new(CUlibrary *out, const void *data, size_t size, void *copy)
{
	CUlibrary lib = cu_object_new(CU_LIBRARY, sizeof(*lib));

	if (!lib)
		return CUDA_ERROR_OUT_OF_MEMORY;
	pthread_mutex_init(&lib->lock, NULL);
	lib->data = data;
	lib->size = size;
	lib->copy = copy;
	*out = lib;
	return CUDA_SUCCESS;
}

static bool is_preserved(unsigned int count, const int *options, void **values)
{
	for (unsigned int i = 0; i < count; i++)
		if (options[i] == OPTION_BINARY_IS_PRESERVED)
			return !values || values[i];
	return false;
}

/* Who gave logs is told at once; the load itself succeeds, and what is asked for of the library later fails. */
static void tell(CUlibrary lib, struct cu_jit *jit)
{
	if (cu_jit_logs(jit))
		keep(lib, cu_image_check(lib->data, lib->size, jit));
}

/* An image that goes away after the call is copied, in the form it has. */
static CUresult load_data(CUlibrary *lib, const void *data, bool preserved)
{
	size_t size = vgpucc_image_size(data);
	void *copy = NULL;
	CUresult r;

	if (cu_image_is_tile_ir(data))
		return cu_refuse("CUDA Tile IR");
	if (!size)
		return CUDA_ERROR_INVALID_IMAGE;
	if (!preserved && *(const uint32_t *)data != 0x466243b1) {
		copy = calloc(1, size + 1);
		if (!copy)
			return CUDA_ERROR_OUT_OF_MEMORY;
		memcpy(copy, data, size);
	}
	r = library_new(lib, copy ? copy : data, 0, copy);
	if (r)
		free(copy);
	return r;
}

CUDA_API(cuLibraryLoadData,
	 CU_ARGS(CUlibrary *lib, const void *data, int *jit_options, void **jit_values, unsigned int jit_count,
		 int *options, void **values, unsigned int count),
	 CU_ARGS(lib, data, jit_options, jit_values, jit_count, options, values, count))
{
	struct cu_jit jit;
	CUresult r = cu_ready();

	if (r)
		return r;
	if (!lib || !data || (count && !options))
		return CUDA_ERROR_INVALID_VALUE;
	for (unsigned int i = 0; i < count; i++)
		cu_trace("library option %d", options[i]);
	r = cu_jit_parse(jit_count, jit_options, jit_values, &jit);
	if (!r)
		r = load_data(lib, data, is_preserved(count, options, values));
	if (!r)
		tell(*lib, &jit);
	return r;
}

CUDA_API(cuLibraryLoadFromFile,
	 CU_ARGS(CUlibrary *lib, const char *name, int *jit_options, void **jit_values, unsigned int jit_count,
		 int *options, void **values, unsigned int count),
	 CU_ARGS(lib, name, jit_options, jit_values, jit_count, options, values, count))
{
	struct cu_jit jit;
	size_t size;
	void *data;
	CUresult r = cu_ready();

	(void)values;
	if (r)
		return r;
	if (!lib || !name || (count && !options))
		return CUDA_ERROR_INVALID_VALUE;
	r = cu_jit_parse(jit_count, jit_options, jit_values, &jit);
	if (!r)
		r = cu_read_file(name, &data, &size);
	if (r)
		return r;
	r = library_new(lib, data, size, data);
	if (r)
		free(data);
	else
		tell(*lib, &jit);
	return r;
}

CUDA_API(cuLibraryUnload, CU_ARGS(CUlibrary lib), CU_ARGS(lib))
{
	CUresult r = cu_ready();

	if (r)
		return r;
	if (!cu_is(lib, CU_LIBRARY) || !cu_claim(lib))
		return CUDA_ERROR_INVALID_HANDLE;
	while (lib->instances) {
		cu_streams_synchronize(lib->instances->ctx);
		cu_module_free(lib->instances);
	}
	if (lib->primary)
		cu_primary_release(lib->primary);
	for (unsigned int i = 0; lib->kernels && i < lib->image->info.nkernels; i++)
		if (lib->kernels[i])
			cu_object_free(lib->kernels[i]);
	free(lib->kernels);
	if (lib->image)
		cu_image_put(lib->image);
	free(lib->copy);
	pthread_mutex_destroy(&lib->lock);
	cu_object_free(lib);
	return CUDA_SUCCESS;
}

CUresult cu_library_module(CUlibrary lib, CUcontext ctx, CUmodule *out)
{
	CUmodule mod;
	CUresult r = get(lib);

	if (r)
		return r;
	pthread_mutex_lock(&lib->lock);
	for (mod = lib->instances; mod && mod->ctx != ctx; mod = mod->next_instance)
		;
	if (!mod) {
		__atomic_add_fetch(&lib->image->uses, 1, __ATOMIC_RELAXED);
		r = cu_module_new(ctx, lib->image, &mod);
		if (!r) {
			mod->library = lib;
			mod->next_instance = lib->instances;
			lib->instances = mod;
		}
	}
	pthread_mutex_unlock(&lib->lock);
	*out = mod;
	return r;
}

void cu_library_forget(CUlibrary lib, CUmodule mod)
{
	struct CUmod_st **at;

	pthread_mutex_lock(&lib->lock);
	for (at = &lib->instances; *at && *at != mod; at = &(*at)->next_instance)
		;
	if (*at)
		*at = mod->next_instance;
	pthread_mutex_unlock(&lib->lock);
}

CUresult cu_kernel_function(CUkernel k, CUcontext ctx, CUfunction *f)
{
	CUmodule mod;
	CUresult r = cu_library_module(k->library, ctx, &mod);
	bool fresh;

	if (r)
		return r;
	fresh = !mod->functions[k->kernel.index];
	r = cu_module_function_at(mod, k->kernel.index, f);
	if (!r && fresh) {
		if (k->max_dynamic >= 0)
			(*f)->max_dynamic = k->max_dynamic;
		(*f)->carveout = k->carveout;
	}
	return r;
}

CUkernel cu_kernel_of(CUfunction f)
{
	CUlibrary lib = f->mod->library;

	return lib && lib->kernels ? lib->kernels[f->kernel.index] : NULL;
}

static CUresult kernel_at(CUlibrary lib, unsigned int index, CUkernel *out)
{
	CUresult r = CUDA_SUCCESS;
	CUkernel k;

	pthread_mutex_lock(&lib->lock);
	k = lib->kernels[index];
	if (!k) {
		k = cu_object_new(CU_KERNEL, sizeof(*k));
		if (k) {
			k->library = lib;
			k->max_dynamic = -1;
			k->carveout = -1;
			vgpucc_kernel_at(lib->image->cc, index, &k->kernel);
			lib->kernels[index] = k;
		} else {
			r = CUDA_ERROR_OUT_OF_MEMORY;
		}
	}
	pthread_mutex_unlock(&lib->lock);
	*out = k;
	return r;
}

CUDA_API(cuLibraryGetKernel, CU_ARGS(CUkernel *kernel, CUlibrary lib, const char *name), CU_ARGS(kernel, lib, name))
{
	struct vgpucc_kernel k;
	CUresult r = get(lib);

	if (!r && (!kernel || !name))
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r && vgpucc_kernel_find(lib->image->cc, name, &k))
		r = CUDA_ERROR_NOT_FOUND;
	if (name)
		cu_trace("kernel %s", name);
	return r ? r : kernel_at(lib, k.index, kernel);
}

CUDA_API(cuLibraryGetKernelCount, CU_ARGS(unsigned int *count, CUlibrary lib), CU_ARGS(count, lib))
{
	CUresult r = get(lib);

	if (!r && !count)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		*count = lib->image->info.nkernels;
	return r;
}

CUDA_API(cuLibraryEnumerateKernels, CU_ARGS(CUkernel *kernels, unsigned int count, CUlibrary lib),
	 CU_ARGS(kernels, count, lib))
{
	CUresult r = get(lib);

	if (!r && !kernels)
		r = CUDA_ERROR_INVALID_VALUE;
	for (unsigned int i = 0; i < count && !r && i < lib->image->info.nkernels; i++)
		r = kernel_at(lib, i, &kernels[i]);
	return r;
}

CUDA_API(cuLibraryGetModule, CU_ARGS(CUmodule *mod, CUlibrary lib), CU_ARGS(mod, lib))
{
	CUcontext ctx;
	CUresult r = cu_current(&ctx);

	if (!r && !mod)
		r = CUDA_ERROR_INVALID_VALUE;
	return r ? r : cu_library_module(lib, ctx, mod);
}

/*
 * Managed variables are asked for before there is any context: they live in
 * the first device's primary one, which is kept for them.
 */
static CUresult managed_context(CUlibrary lib, CUcontext *ctx)
{
	struct cu_device *d = cu_device_at(0), *extra = d;
	CUresult r = cu_primary_retain(d, ctx);

	if (r)
		return r;
	pthread_mutex_lock(&lib->lock);
	if (!lib->primary) {
		lib->primary = d;
		extra = NULL;
	}
	pthread_mutex_unlock(&lib->lock);
	if (extra)
		cu_primary_release(extra);
	return CUDA_SUCCESS;
}

static CUresult get_global(CUlibrary lib, const char *name, bool managed, CUdeviceptr *p, size_t *size)
{
	CUcontext ctx;
	CUmodule mod;
	CUresult r = cu_current(&ctx);

	if (!cu_is(lib, CU_LIBRARY))
		return CUDA_ERROR_INVALID_HANDLE;
	if (r == CUDA_ERROR_INVALID_CONTEXT && managed)
		r = managed_context(lib, &ctx);
	if (!r && !name)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		r = cu_library_module(lib, ctx, &mod);
	return r ? r : cu_module_global(mod, name, managed, p, size);
}

CUDA_API(cuLibraryGetGlobal, CU_ARGS(CUdeviceptr *p, size_t *size, CUlibrary lib, const char *name),
	 CU_ARGS(p, size, lib, name))
{
	return get_global(lib, name, false, p, size);
}

CUDA_API(cuLibraryGetManaged, CU_ARGS(CUdeviceptr *p, size_t *size, CUlibrary lib, const char *name),
	 CU_ARGS(p, size, lib, name))
{
	return get_global(lib, name, true, p, size);
}

static CUresult get_kernel(CUkernel k)
{
	CUresult r = cu_ready();

	if (r)
		return r;
	return cu_is(k, CU_KERNEL) && cu_is(k->library, CU_LIBRARY) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

CUDA_API(cuKernelGetFunction, CU_ARGS(CUfunction *f, CUkernel kernel), CU_ARGS(f, kernel))
{
	CUcontext ctx;
	CUresult r = cu_current(&ctx);

	if (!r)
		r = get_kernel(kernel);
	if (!r && !f)
		r = CUDA_ERROR_INVALID_VALUE;
	return r ? r : cu_kernel_function(kernel, ctx, f);
}

CUDA_API(cuKernelGetLibrary, CU_ARGS(CUlibrary *lib, CUkernel kernel), CU_ARGS(lib, kernel))
{
	CUresult r = get_kernel(kernel);

	if (!r && !lib)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		*lib = kernel->library;
	return r;
}

CUDA_API(cuKernelGetName, CU_ARGS(const char **name, CUkernel kernel), CU_ARGS(name, kernel))
{
	CUresult r = get_kernel(kernel);

	if (!r && !name)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		*name = kernel->kernel.name;
	return r;
}

CUDA_API(cuKernelGetParamInfo, CU_ARGS(CUkernel kernel, size_t index, size_t *offset, size_t *size),
	 CU_ARGS(kernel, index, offset, size))
{
	CUresult r = get_kernel(kernel);

	if (!r && (!offset || index >= kernel->kernel.nparams))
		r = CUDA_ERROR_INVALID_VALUE;
	if (r)
		return r;
	*offset = kernel->kernel.params[index].offset;
	if (size)
		*size = kernel->kernel.params[index].size;
	return CUDA_SUCCESS;
}

/* Attributes belong to a device: to the current context, or that device's primary one. */
static CUresult function_on(CUkernel k, CUdevice device, CUfunction *f)
{
	struct cu_device *d;
	CUcontext ctx = cu_stack_top();
	CUresult r = cu_device_get(device, &d);

	if (!r)
		r = get_kernel(k);
	if (r)
		return r;
	if (!cu_context_alive(ctx) || ctx->dev != d)
		ctx = d->primary;
	return cu_context_alive(ctx) ? cu_kernel_function(k, ctx, f) : CUDA_ERROR_INVALID_CONTEXT;
}

CUDA_API(cuKernelGetAttribute, CU_ARGS(int *value, int attribute, CUkernel kernel, CUdevice device),
	 CU_ARGS(value, attribute, kernel, device))
{
	CUfunction f;
	CUresult r = function_on(kernel, device, &f);

	if (!r && !value)
		r = CUDA_ERROR_INVALID_VALUE;
	return r ? r : cu_function_attribute(f, attribute, value);
}

CUDA_API(cuKernelSetAttribute, CU_ARGS(int attribute, int value, CUkernel kernel, CUdevice device),
	 CU_ARGS(attribute, value, kernel, device))
{
	CUfunction f;
	CUresult r = function_on(kernel, device, &f);

	if (!r)
		r = cu_function_set_attribute(f, attribute, value);
	if (!r) {
		kernel->max_dynamic = f->max_dynamic;
		kernel->carveout = f->carveout;
	}
	return r;
}

CUDA_API(cuKernelSetCacheConfig, CU_ARGS(CUkernel kernel, int config, CUdevice device), CU_ARGS(kernel, config, device))
{
	struct cu_device *d;
	CUresult r = cu_device_get(device, &d);

	if (!r && (config < 0 || config > 3))
		r = CUDA_ERROR_INVALID_VALUE;
	return r ? r : get_kernel(kernel);
}
