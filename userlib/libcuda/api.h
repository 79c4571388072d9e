/* SPDX-License-Identifier: MIT */
/*
 * How an entry point of the driver API is written down: CUDA_API() defines the
 * exported symbol around a static body and traces the call when asked to.
 */
#ifndef VGPU_API_H
#define VGPU_API_H

#include <stdarg.h>
#include <stdbool.h>
#include "cuda_abi.h"

#define CU_EXPORT      __attribute__((visibility("default")))
#define CU_ARGS(...)   __VA_ARGS__
#define cu_unlikely(x) __builtin_expect(!!(x), 0)

extern bool cu_tracing;
extern bool cu_log_untold; /* the log of errors has what no callback was told (error_log.c) */

void cu_trace_init(void);
void cu_trace_call(const char *name, CUresult result, uint64_t start_ns);
uint64_t cu_trace_now(void);
/* One more line of detail in the trace (VGPU_TRACE). */
void cu_trace(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Refuse a call by its name: CUDA_ERROR_NOT_SUPPORTED, logged once a name. */
CUresult cu_refuse(const char *name);
/* A line for the user: why something was not done (VGPU_LOG; errors by default). */
void cu_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* What failed goes into the log of errors, and callbacks are told. */
void cu_log_end(const char *name, CUresult result);

#define CU_CALL(name, call)                                                                       \
	({                                                                                        \
		CUresult cu_result_;                                                              \
		if (cu_unlikely(cu_tracing)) {                                                    \
			uint64_t cu_start_ = cu_trace_now();                                      \
			cu_result_ = call;                                                        \
			cu_trace_call(name, cu_result_, cu_start_);                               \
		} else {                                                                          \
			cu_result_ = call;                                                        \
		}                                                                                 \
		if (cu_unlikely(cu_result_ || __atomic_load_n(&cu_log_untold, __ATOMIC_RELAXED))) \
			cu_log_end(name, cu_result_);                                             \
		cu_result_;                                                                       \
	})

/* An entry point without a stream. */
#define CUDA_API(name, params, args)                    \
	CU_EXPORT CUresult name(params);                \
	static CUresult do_##name(params);              \
	CUresult name(params)                           \
	{                                               \
		return CU_CALL(#name, do_##name(args)); \
	}                                               \
	static CUresult do_##name(params)

/* Stream 0 as a caller built for per-thread default streams means it. */
#define CU_PTSZ(stream) ((stream) ? (stream) : CU_STREAM_PER_THREAD)

/*
 * An entry point whose params and args end in "CUstream stream": also defines
 * the _ptsz form, in which stream 0 is the calling thread's own.
 */
#define CUDA_API_STREAM(name, params, args)                     \
	CU_EXPORT CUresult name##_ptsz(params);                 \
	static CUresult do_##name(params);                      \
	CUresult name##_ptsz(params)                            \
	{                                                       \
		stream = CU_PTSZ(stream);                       \
		return CU_CALL(#name "_ptsz", do_##name(args)); \
	}                                                       \
	CUDA_API(name, CU_ARGS(params), CU_ARGS(args))

/*
 * A synchronous entry point: the body gets the default stream of the caller
 * (the legacy one, or for the _ptds form the calling thread's) as first argument.
 */
#define CUDA_API_SYNC(name, params, args)                                             \
	CU_EXPORT CUresult name(params);                                              \
	CU_EXPORT CUresult name##_ptds(params);                                       \
	static CUresult do_##name(CUstream stream, params);                           \
	CUresult name(params)                                                         \
	{                                                                             \
		return CU_CALL(#name, do_##name(NULL, args));                         \
	}                                                                             \
	CUresult name##_ptds(params)                                                  \
	{                                                                             \
		return CU_CALL(#name "_ptds", do_##name(CU_STREAM_PER_THREAD, args)); \
	}                                                                             \
	static CUresult do_##name(CUstream stream, params)

#endif
