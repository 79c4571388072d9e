// SPDX-License-Identifier: MIT
/*
 * Lazy compilation: one kernel for one shape of blocks, when first launched so; or what an
 * earlier process compiled, from the cache on disk.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../../uapi/vgpu_isa.h"
#include "../cache/cache.h"
#include "module.h"

_Static_assert((int)VGPU_CACHE_KEY_SIZE == VGPUCC_KEY_SIZE, "the compiler names the cache's entries");

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

static struct vgpu_cache *cache;
static pthread_once_t cache_once = PTHREAD_ONCE_INIT;

static void cache_open(void)
{
	cache = vgpu_cache_open();
}

/**
 * struct request - a kernel for a shape
 * @f: the kernel; its lock is held
 * @opt: how it is compiled
 * @jit: what the caller wants to know, or NULL
 * @key: its name in the cache
 * @start: when this began
 */
struct request {
	CUfunction f;
	struct vgpucc_options opt;
	struct cu_jit *jit;
	uint8_t key[VGPUCC_KEY_SIZE];
	uint64_t start;
};

static void trace_done(const struct request *q, const char *how, int status, size_t size)
{
	cu_trace("%s %s (shape %d): status %d, %zu bytes, %llu us", how, q->f->kernel.name, q->opt.shape, status, size,
		 (unsigned long long)(cu_trace_now() - q->start) / 1000);
}

/* Returns false if it has to be compiled. */
static bool from_cache(struct request *q, struct cu_variant *v)
{
	size_t size;
	void *code;

	if (!vgpu_cache_get(cache, q->key, &code, &size))
		return false;
	v->result = load(q->f, v, code, size);
	free(code);
	if (v->result == CUDA_ERROR_INVALID_IMAGE) { /* no code of this compiler's */
		vgpu_cache_drop(cache, q->key);
		return false;
	}
	if (q->jit)
		cu_jit_done(q->jit, "", "", q->start);
	trace_done(q, "cached", 0, size);
	return true;
}

static void compile(struct request *q, struct cu_variant *v)
{
	char log[LOG_SIZE];
	struct diag diag;
	size_t size = 0;
	void *code = NULL;
	int status;

	diag_init(&diag, log, sizeof(log));
	status = vgpucc_compile_kernel(q->f->mod->image->cc, q->f->kernel.name, &q->opt, &diag, &code, &size);
	if (q->jit)
		cu_jit_done(q->jit, status ? log : "", status ? "" : log, q->start);
	v->result = cu_compiler_result(status);
	trace_done(q, "compiled", status, size);
	if (status)
		cu_log("%s could not be compiled: %s", q->f->kernel.name, diag.first);
	else
		v->result = load(q->f, v, code, size);
	if (v->result == CUDA_SUCCESS) {
		int err = vgpu_cache_put(cache, q->key, code, size);

		if (err)
			cu_trace("%s is not cached: %s", q->f->kernel.name, strerror(-err));
	}
	free(code);
}

/* With f->lock held. */
static CUresult make(CUfunction f, enum vgpucc_shape_class shape, struct cu_jit *jit)
{
	struct cu_device *d = f->mod->ctx->dev;
	struct cu_variant *v = &f->variants[shape];
	struct request q = {
		.f = f,
		.jit = jit,
		.start = cu_trace_now(),
		.opt = { .shape = shape, .cc = 10 * d->cc_major + d->cc_minor },
	};

	pthread_once(&cache_once, cache_open);
	vgpucc_key(f->mod->image->cc, f->kernel.name, &q.opt, q.key);
	if (!from_cache(&q, v))
		compile(&q, v);
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
	r = v->tried ? v->result : make(f, shape, jit);
	pthread_mutex_unlock(&f->lock);
	return r;
}

CUresult cu_function_variant(CUfunction f, const unsigned int block[3], const struct cu_variant **v)
{
	enum vgpucc_shape_class shape = vgpucc_shape_class(block);

	*v = &f->variants[shape];
	return cu_function_compile(f, shape, NULL);
}

CUresult cu_compile_ahead(const struct vgpucc_module *m, unsigned int cc, struct diag *d)
{
	struct vgpucc_options opt = { .shape = VGPUCC_SHAPE_LINEAR, .cc = cc };
	struct vgpucc_kernel k;
	int status = VGPUCC_OK;

	pthread_once(&cache_once, cache_open);
	for (unsigned int i = 0; !status && !vgpucc_kernel_at(m, i, &k); i++) {
		uint8_t key[VGPUCC_KEY_SIZE];
		size_t size;
		void *code;

		vgpucc_key(m, k.name, &opt, key);
		if (!vgpu_cache_get(cache, key, &code, &size)) {
			status = vgpucc_compile_kernel(m, k.name, &opt, d, &code, &size);
			if (!status)
				vgpu_cache_put(cache, key, code, size);
		}
		free(code);
	}
	return cu_compiler_result(status);
}
