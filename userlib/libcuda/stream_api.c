// SPDX-License-Identifier: MIT
/* cuStream*, apart from attributes (stream_attr.c), waiting for events (event.c) and memory operations (stream_value.c). */
#include "callback.h"
#include "capture.h"
#include "memory.h"
#include "stream.h"
#include "stream_api.h"

static CUresult create(CUstream *stream, unsigned int flags, int priority)
{
	CUcontext ctx;
	CUresult r = cu_current(&ctx);

	if (r)
		return r;
	if (!stream || (flags & ~CU_STREAM_NON_BLOCKING))
		return CUDA_ERROR_INVALID_VALUE;
	return cu_stream_create(ctx, CU_STREAM_NORMAL, flags, priority, stream);
}

CUDA_API(cuStreamCreate, CU_ARGS(CUstream *stream, unsigned int flags), CU_ARGS(stream, flags))
{
	return create(stream, flags, 0);
}

CUDA_API(cuStreamCreateWithPriority, CU_ARGS(CUstream *stream, unsigned int flags, int priority),
	 CU_ARGS(stream, flags, priority))
{
	return create(stream, flags, priority);
}

static CUresult destroy(CUstream stream)
{
	CUresult r = cu_ready();

	if (r)
		return r;
	if ((uintptr_t)stream <= 2 || !cu_is(stream, CU_STREAM) || stream->kind != CU_STREAM_NORMAL)
		return CUDA_ERROR_INVALID_HANDLE;
	if (!cu_claim(stream))
		return CUDA_ERROR_INVALID_HANDLE;
	r = cu_context_health(stream->ctx);
	cu_stream_destroy(stream);
	return r;
}

CUDA_API(cuStreamDestroy_v2, CU_ARGS(CUstream stream), CU_ARGS(stream))
{
	return destroy(stream);
}

CUDA_API(cuStreamDestroy, CU_ARGS(CUstream stream), CU_ARGS(stream))
{
	return destroy(stream);
}

/* Waiting for a stream, or asking whether one must: forbidden by captures, of other streams too. */
static CUresult may_look(CUstream stream)
{
	CUstream s;
	CUresult r = cu_stream_get(stream, &s);

	return r ? r : cu_capture_unsafe();
}

STREAM_FIRST(cuStreamSynchronize, CU_ARGS(CUstream stream), CU_ARGS(stream), CU_ARGS(CU_PTSZ(stream)))
{
	CUresult r = may_look(stream);

	return r ? r : cu_stream_synchronize(stream);
}

STREAM_FIRST(cuStreamQuery, CU_ARGS(CUstream stream), CU_ARGS(stream), CU_ARGS(CU_PTSZ(stream)))
{
	CUresult r = may_look(stream);

	return r ? r : cu_stream_query(stream);
}

STREAM_FIRST(cuStreamGetFlags, CU_ARGS(CUstream stream, unsigned int *flags), CU_ARGS(stream, flags),
	     CU_ARGS(CU_PTSZ(stream), flags))
{
	CUstream s;
	CUresult r = cu_stream_get(stream, &s);

	if (!r && !flags)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		*flags = s->flags;
	return r;
}

STREAM_FIRST(cuStreamGetPriority, CU_ARGS(CUstream stream, int *priority), CU_ARGS(stream, priority),
	     CU_ARGS(CU_PTSZ(stream), priority))
{
	CUstream s;
	CUresult r = cu_stream_get(stream, &s);

	if (!r && !priority)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		*priority = cu_stream_priority(s);
	return r;
}

STREAM_FIRST(cuStreamGetId, CU_ARGS(CUstream stream, unsigned long long *id), CU_ARGS(stream, id),
	     CU_ARGS(CU_PTSZ(stream), id))
{
	CUstream s;
	CUresult r = cu_stream_get(stream, &s);

	if (!r && !id)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		*id = s->id;
	return r;
}

STREAM_FIRST(cuStreamGetCtx, CU_ARGS(CUstream stream, CUcontext *ctx), CU_ARGS(stream, ctx),
	     CU_ARGS(CU_PTSZ(stream), ctx))
{
	CUstream s;
	CUresult r = cu_stream_get(stream, &s);

	if (!r && !ctx)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		*ctx = s->ctx;
	return r;
}

STREAM_FIRST(cuStreamGetCtx_v2, CU_ARGS(CUstream stream, CUcontext *ctx, void **green), CU_ARGS(stream, ctx, green),
	     CU_ARGS(CU_PTSZ(stream), ctx, green))
{
	CUresult r = do_cuStreamGetCtx(stream, ctx);

	if (!r && green)
		*green = NULL;
	return r;
}

/* No stream is a green context's: none can be made here. cuBLAS 13.10 asks before its first product. */
CUDA_API(cuStreamGetGreenCtx, CU_ARGS(CUstream stream, void **green), CU_ARGS(stream, green))
{
	CUstream s;
	CUresult r = cu_stream_get(stream, &s);

	if (!r && !green)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		*green = NULL;
	return r;
}

STREAM_FIRST(cuStreamGetDevice, CU_ARGS(CUstream stream, CUdevice *device), CU_ARGS(stream, device),
	     CU_ARGS(CU_PTSZ(stream), device))
{
	CUstream s;
	CUresult r = cu_stream_get(stream, &s);

	if (!r && !device)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		*device = s->ctx->dev->ordinal;
	return r;
}

STREAM_FIRST(cuLaunchHostFunc, CU_ARGS(CUstream stream, CUhostFn fn, void *data), CU_ARGS(stream, fn, data),
	     CU_ARGS(CU_PTSZ(stream), fn, data))
{
	return fn ? cu_callback_add(stream, fn, NULL, data) : CUDA_ERROR_INVALID_VALUE;
}

STREAM_FIRST(cuStreamAddCallback, CU_ARGS(CUstream stream, CUstreamCallback callback, void *data, unsigned int flags),
	     CU_ARGS(stream, callback, data, flags), CU_ARGS(CU_PTSZ(stream), callback, data, flags))
{
	if (!callback || flags)
		return CUDA_ERROR_INVALID_VALUE;
	return cu_callback_add(stream, NULL, callback, data);
}

/* Managed memory, all of it, and not to the legacy stream alone. */
static bool may_attach(CUstream s, CUdeviceptr address, size_t length, unsigned int flags)
{
	struct cu_mem m;

	if (flags == CU_MEM_ATTACH_SINGLE && s->kind == CU_STREAM_DEFAULT_LEGACY)
		return false;
	return cu_mem_find(address, &m) && m.kind == CU_MEM_MANAGED &&
	       (!length || (address == m.base && length == m.size));
}

/* Memory is coherent everywhere at all times: there is nothing to attach. */
STREAM_FIRST(cuStreamAttachMemAsync, CU_ARGS(CUstream stream, CUdeviceptr address, size_t length, unsigned int flags),
	     CU_ARGS(stream, address, length, flags), CU_ARGS(CU_PTSZ(stream), address, length, flags))
{
	CUstream s;
	CUresult r;

	if (!address || (flags != CU_MEM_ATTACH_GLOBAL && flags != CU_MEM_ATTACH_HOST && flags != CU_MEM_ATTACH_SINGLE))
		return CUDA_ERROR_INVALID_VALUE;
	r = cu_stream_get(stream, &s);
	if (!r)
		r = cu_capture_barred(s);
	return r || may_attach(s, address, length, flags) ? r : CUDA_ERROR_INVALID_VALUE;
}
