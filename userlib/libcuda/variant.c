// SPDX-License-Identifier: MIT
/* Lazy compilation: one kernel for one shape of blocks, when first launched so. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "module.h"

enum { LOG_SIZE = 8192 };

static CUresult load(CUfunction f, struct cu_variant *v, const void *code, size_t size)
{
	CUcontext ctx = f->mod->ctx;
	const struct vgpu_dev *dev = &ctx->dev->dev;
	char log[1024];
	int err = vgpu_code_load(dev, ctx->handle, code, size, log, sizeof(log), &v->code);

	if (err) {
		cu_log("%s: the compiled code was refused: %s", f->kernel.name, log);
		return err == -EBADMSG ? CUDA_ERROR_INVALID_IMAGE : cu_check(ctx, err);
	}
	v->info = (struct vgpu_kernel_info){ .code = v->code };
	err = vgpu_kernel_info(dev, &v->info);
	return err ? cu_check(ctx, err) : CUDA_SUCCESS;
}

/* With f->lock held. */
static CUresult compile(CUfunction f, enum vgpucc_shape_class shape, struct cu_jit *jit)
{
	struct cu_device *d = f->mod->ctx->dev;
	struct vgpucc_options opt = { .shape = shape, .cc = 10 * d->cc_major + d->cc_minor };
	struct cu_variant *v = &f->variants[shape];
	uint64_t start = cu_trace_now();
	char log[LOG_SIZE];
	struct diag diag;
	size_t size = 0;
	void *code = NULL;
	int status;

	diag_init(&diag, log, sizeof(log));
	status = vgpucc_compile_kernel(f->mod->image->cc, f->kernel.name, &opt, &diag, &code, &size);
	if (jit)
		cu_jit_done(jit, status ? log : "", status ? "" : log, start);
	v->result = cu_compiler_result(status);
	cu_trace("compiled %s (shape %d): status %d, %zu bytes, %llu us", f->kernel.name, shape, status, size,
		 (unsigned long long)(cu_trace_now() - start) / 1000);
	if (status)
		cu_log("%s could not be compiled: %s", f->kernel.name, diag.first);
	else
		v->result = load(f, v, code, size);
	free(code);
	__atomic_store_n(&v->tried, true, __ATOMIC_RELEASE);
	return v->result;
}

CUresult cu_function_compile(CUfunction f, enum vgpucc_shape_class shape, struct cu_jit *jit)
{
	struct cu_variant *v = &f->variants[shape];
	CUresult r;

	if (__atomic_load_n(&v->tried, __ATOMIC_ACQUIRE))
		return v->result;
	pthread_mutex_lock(&f->lock);
	r = v->tried ? v->result : compile(f, shape, jit);
	pthread_mutex_unlock(&f->lock);
	return r;
}

CUresult cu_function_variant(CUfunction f, const unsigned int block[3], const struct cu_variant **v)
{
	enum vgpucc_shape_class shape = vgpucc_shape_class(block);

	*v = &f->variants[shape];
	return cu_function_compile(f, shape, NULL);
}
