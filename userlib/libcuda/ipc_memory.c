// SPDX-License-Identifier: MIT
/* Memory of another process: a handle is a token of the driver, which opens the same memory. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "capture.h"
#include "ipc.h"
#include "ipc_abi.h"
#include "memory.h"
#include "retire.h"
#include "stream.h"

/* Memory that was opened: once a context, and counted. */
struct opened {
	struct opened *next;
	uint8_t token[VGPU_TOKEN_LEN];
	CUcontext ctx;
	struct cu_mem *m;
	unsigned int uses;
	bool pooled;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct opened *all;
/* Tokens that this process gave out: it does not open its own memory so. */
static uint8_t (*given)[VGPU_TOKEN_LEN];
static size_t ngiven;

static bool is_own(const uint8_t *token)
{
	for (size_t i = 0; i < ngiven; i++)
		if (!memcmp(given[i], token, VGPU_TOKEN_LEN))
			return true;
	return false;
}

static CUresult remember(const uint8_t *token)
{
	CUresult r = CUDA_SUCCESS;
	void *more;

	pthread_mutex_lock(&lock);
	if (!is_own(token)) {
		more = realloc(given, (ngiven + 1) * sizeof(*given));
		if (more) {
			given = more;
			memcpy(given[ngiven++], token, VGPU_TOKEN_LEN);
		} else {
			r = CUDA_ERROR_OUT_OF_MEMORY;
		}
	}
	pthread_mutex_unlock(&lock);
	return r;
}

CUresult cu_ipc_name_memory(const struct cu_mem *m, struct cu_ipc_name *name)
{
	int err;

	*name = (struct cu_ipc_name){ .magic = CU_IPC_MEMORY, .size = m->size };
	err = vgpu_bo_share_token(&m->ctx->dev->dev, m->bo, name->token);
	return err ? cu_check(m->ctx, err) : remember(name->token);
}

CUDA_API(cuIpcGetMemHandle, CU_ARGS(CUipcMemHandle *handle, CUdeviceptr p), CU_ARGS(handle, p))
{
	struct cu_ipc_name name;
	struct cu_mem m;
	CUresult r = cu_ready();

	if (r)
		return r;
	if (!handle || !cu_mem_find(p, &m) || m.kind != CU_MEM_DEVICE)
		return CUDA_ERROR_INVALID_VALUE;
	r = cu_ipc_name_memory(&m, &name);
	if (r)
		return r;
	memset(handle, 0, sizeof(*handle));
	memcpy(handle, &name, sizeof(name));
	return CUDA_SUCCESS;
}

static CUresult open_memory(CUcontext ctx, const struct cu_ipc_name *name, struct cu_mem **out)
{
	const struct vgpu_dev *dev = &ctx->dev->dev;
	uint64_t length;
	uint32_t bo;
	CUresult r;
	int err = vgpu_bo_open_token(dev, ctx->handle, name->token, &bo, &length, NULL);

	if (err)
		return err == -ENOENT ? CUDA_ERROR_INVALID_VALUE : cu_check(ctx, err);
	r = name->size && name->size <= length ? cu_mem_reserve(ctx, CU_MEM_IPC, name->size, out) :
						 CUDA_ERROR_INVALID_VALUE;
	if (!r) {
		(*out)->bo = bo;
		err = vgpu_va_map(dev, bo, 0, (*out)->span, (*out)->base, 0);
		if (!err)
			return CUDA_SUCCESS;
		(*out)->bo = 0;
		cu_mem_free(*out);
		r = cu_check(ctx, err);
	}
	vgpu_destroy(dev, bo);
	return r;
}

/* With the lock held. */
static CUresult open_handle(CUcontext ctx, const struct cu_ipc_name *name, bool pooled, CUdeviceptr *p)
{
	struct opened *o = all;
	CUresult r;

	if (is_own(name->token))
		return CUDA_ERROR_INVALID_CONTEXT;
	while (o && (o->ctx != ctx || o->pooled != pooled || memcmp(o->token, name->token, VGPU_TOKEN_LEN)))
		o = o->next;
	if (!o) {
		o = calloc(1, sizeof(*o));
		if (!o)
			return CUDA_ERROR_OUT_OF_MEMORY;
		r = open_memory(ctx, name, &o->m);
		if (r) {
			free(o);
			return r;
		}
		memcpy(o->token, name->token, VGPU_TOKEN_LEN);
		o->ctx = ctx;
		o->pooled = pooled;
		o->next = all;
		all = o;
	}
	o->uses++;
	*p = o->m->base;
	return CUDA_SUCCESS;
}

CUresult cu_ipc_open_memory(CUcontext ctx, const struct cu_ipc_name *name, bool pooled, CUdeviceptr *p)
{
	CUresult r;

	if (name->magic != CU_IPC_MEMORY)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&lock);
	r = open_handle(ctx, name, pooled, p);
	pthread_mutex_unlock(&lock);
	return r;
}

static CUresult open_mem_handle(CUdeviceptr *p, CUipcMemHandle handle, unsigned int flags)
{
	struct cu_ipc_name name;
	CUcontext ctx;
	CUresult r = cu_current_unsafe(&ctx);

	if (r)
		return r;
	memcpy(&name, &handle, sizeof(name));
	if (!p || flags & ~CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS)
		return CUDA_ERROR_INVALID_VALUE;
	return cu_ipc_open_memory(ctx, &name, false, p);
}

CUDA_API(cuIpcOpenMemHandle_v2, CU_ARGS(CUdeviceptr *p, CUipcMemHandle handle, unsigned int flags),
	 CU_ARGS(p, handle, flags))
{
	return open_mem_handle(p, handle, flags);
}

CUDA_API(cuIpcOpenMemHandle, CU_ARGS(CUdeviceptr *p, CUipcMemHandle handle, unsigned int flags),
	 CU_ARGS(p, handle, flags))
{
	return open_mem_handle(p, handle, flags);
}

CUresult cu_ipc_close_memory(CUdeviceptr p, bool pooled, CUstream s, struct cu_point point)
{
	struct opened **at, *o = NULL;
	CUresult r = CUDA_SUCCESS;

	pthread_mutex_lock(&lock);
	for (at = &all; *at && ((*at)->m->base != p || (*at)->pooled != pooled); at = &(*at)->next)
		;
	if (!*at) {
		r = CUDA_ERROR_INVALID_VALUE;
	} else if (!--(*at)->uses) {
		o = *at;
		*at = o->next;
	}
	pthread_mutex_unlock(&lock);
	if (!o)
		return r;
	if (s) {
		cu_retire_memory(o->m, s->ctx, point);
	} else {
		cu_mem_synchronize(o->m);
		cu_mem_free(o->m);
	}
	free(o);
	return r;
}

CUDA_API(cuIpcCloseMemHandle, CU_ARGS(CUdeviceptr p), CU_ARGS(p))
{
	CUresult r = cu_ready();

	if (!r)
		r = cu_capture_unsafe();
	return r ? r : cu_ipc_close_memory(p, false, NULL, (struct cu_point){ 0 });
}

void cu_ipc_context_gone(CUcontext ctx)
{
	pthread_mutex_lock(&lock);
	for (struct opened **at = &all; *at;) {
		struct opened *o = *at;

		if (o->ctx != ctx) {
			at = &o->next;
			continue;
		}
		*at = o->next;
		free(o); /* the memory goes with the table's entries of the context */
	}
	pthread_mutex_unlock(&lock);
}
