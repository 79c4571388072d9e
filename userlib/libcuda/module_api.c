// SPDX-License-Identifier: MIT
/* cuModule*. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "module.h"
#include "stream.h"

/* PTX text, as opposed to a fatbin or ELF. */
static bool is_text(const void *data)
{
	const unsigned char *p = data;

	return isspace(*p) || *p == '.' || *p == '/';
}

/*
 * Someone who loads PTX as text wants to hear what is wrong with it now and
 * not at a launch: its kernels are compiled at once, for the usual shape.
 */
static CUresult compile_all(CUmodule mod, struct cu_jit *jit)
{
	CUresult r = CUDA_SUCCESS;

	for (unsigned int i = 0; i < mod->image->info.nkernels && !r; i++) {
		CUfunction f;

		r = cu_module_function_at(mod, i, &f);
		if (!r)
			r = cu_function_compile(f, VGPUCC_SHAPE_LINEAR, jit);
	}
	return r;
}

/**
 * cu_image_check - say what is wrong with an image, where there are logs for it: who loads the result has none, as a rule
 * @data: fatbin, ELF or PTX text
 * @size: its bytes, or 0 when only the address is known
 * @jit: the logs
 *
 * The bodies of kernels are looked at where the image is text and there is a current context.
 *
 * Return: as of cuModuleLoadDataEx().
 */
CUresult cu_image_check(const void *data, size_t size, struct cu_jit *jit)
{
	struct cu_image *image;
	CUcontext ctx;
	CUmodule mod;
	CUresult r = cu_image_open(data, size, true, jit, &image);

	if (r)
		return r;
	if (!is_text(data) || cu_current(&ctx)) {
		cu_image_put(image);
		return CUDA_SUCCESS;
	}
	r = cu_module_new(ctx, image, &mod);
	if (r)
		return r;
	r = compile_all(mod, jit);
	cu_module_free(mod);
	return r;
}

static CUresult load(CUmodule *out, const void *data, size_t size, unsigned int count, const int *options,
		     void **values)
{
	struct cu_image *image;
	struct cu_jit jit;
	CUcontext ctx;
	CUmodule mod;
	CUresult r = cu_current(&ctx);

	if (r)
		return r;
	if (!out || !data)
		return CUDA_ERROR_INVALID_VALUE;
	r = cu_jit_parse(count, options, values, &jit);
	if (!r)
		r = cu_image_open(data, size, false, &jit, &image);
	if (!r)
		r = cu_module_new(ctx, image, &mod);
	if (r)
		return r;
	if (is_text(data))
		r = compile_all(mod, &jit);
	if (r)
		cu_module_free(mod);
	else
		*out = mod;
	return r;
}

CUDA_API(cuModuleLoadData, CU_ARGS(CUmodule *mod, const void *image), CU_ARGS(mod, image))
{
	return load(mod, image, 0, 0, NULL, NULL);
}

CUDA_API(cuModuleLoadDataEx, CU_ARGS(CUmodule *mod, const void *image, unsigned int count, int *options, void **values),
	 CU_ARGS(mod, image, count, options, values))
{
	return load(mod, image, 0, count, options, values);
}

CUDA_API(cuModuleLoadFatBinary, CU_ARGS(CUmodule *mod, const void *image), CU_ARGS(mod, image))
{
	return load(mod, image, 0, 0, NULL, NULL);
}

/* A whole file, with a NUL after it; the caller frees it. */
CUresult cu_read_file(const char *name, void **data, size_t *size)
{
	FILE *f = fopen(name, "rb");
	char *p = NULL;
	long n;

	if (!f)
		return CUDA_ERROR_FILE_NOT_FOUND;
	if (fseek(f, 0, SEEK_END) || (n = ftell(f)) < 0 || fseek(f, 0, SEEK_SET) || !(p = malloc(n + 1)) ||
	    fread(p, 1, n, f) != (size_t)n) {
		free(p);
		fclose(f);
		return CUDA_ERROR_INVALID_SOURCE;
	}
	fclose(f);
	p[n] = 0;
	*data = p;
	*size = n;
	return CUDA_SUCCESS;
}

CUDA_API(cuModuleLoad, CU_ARGS(CUmodule *mod, const char *name), CU_ARGS(mod, name))
{
	size_t size;
	void *data;
	CUresult r;

	if (!name)
		return CUDA_ERROR_INVALID_VALUE;
	r = cu_read_file(name, &data, &size);
	if (r)
		return r;
	r = load(mod, data, size, 0, NULL, NULL);
	free(data);
	return r;
}

/* A module that the calling program loaded and may ask. */
static CUresult get(CUmodule mod)
{
	CUresult r = cu_ready();

	if (r)
		return r;
	return cu_is(mod, CU_MODULE) && cu_context_alive(mod->ctx) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

/* One whose context can go on. */
static CUresult get_healthy(CUmodule mod)
{
	CUresult r = get(mod);

	return r ? r : cu_context_health(mod->ctx);
}

CUDA_API(cuModuleUnload, CU_ARGS(CUmodule mod), CU_ARGS(mod))
{
	CUresult r = get(mod);

	if (r)
		return r;
	if (mod->library || !cu_claim(mod))
		return CUDA_ERROR_INVALID_HANDLE;
	cu_streams_synchronize(mod->ctx);
	r = cu_context_health(mod->ctx);
	cu_module_free(mod);
	return r;
}

CUDA_API(cuModuleGetFunction, CU_ARGS(CUfunction *f, CUmodule mod, const char *name), CU_ARGS(f, mod, name))
{
	CUresult r = get_healthy(mod);

	if (!r && (!f || !name || !*name))
		r = CUDA_ERROR_INVALID_VALUE;
	return r ? r : cu_module_function(mod, name, f);
}

CUDA_API(cuModuleGetFunctionCount, CU_ARGS(unsigned int *count, CUmodule mod), CU_ARGS(count, mod))
{
	CUresult r = get(mod);

	if (!r && !count)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		*count = mod->image->info.nkernels;
	return r;
}

CUDA_API(cuModuleEnumerateFunctions, CU_ARGS(CUfunction *f, unsigned int count, CUmodule mod), CU_ARGS(f, count, mod))
{
	CUresult r = get(mod);

	if (!r && !f)
		r = CUDA_ERROR_INVALID_VALUE;
	for (unsigned int i = 0; i < count && !r && i < mod->image->info.nkernels; i++)
		r = cu_module_function_at(mod, i, &f[i]);
	return r;
}

CUDA_API(cuModuleGetGlobal_v2, CU_ARGS(CUdeviceptr *p, size_t *size, CUmodule mod, const char *name),
	 CU_ARGS(p, size, mod, name))
{
	CUresult r = get_healthy(mod);
	struct vgpucc_kernel k;

	if (!r && (!name || (!p && !size)))
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		r = cu_module_global(mod, name, false, p, size);
	/* A kernel is there, and no variable. */
	if (r == CUDA_ERROR_NOT_FOUND && !vgpucc_kernel_find(mod->image->cc, name, &k))
		r = CUDA_ERROR_INVALID_VALUE;
	return r;
}

CUDA_API(cuModuleGetLoadingMode, CU_ARGS(int *mode), CU_ARGS(mode))
{
	if (!mode)
		return CUDA_ERROR_INVALID_VALUE;
	*mode = 2; /* lazy */
	return cu_ready();
}
