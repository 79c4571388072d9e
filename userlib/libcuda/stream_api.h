/* SPDX-License-Identifier: MIT */
/* How entry points are written down whose first parameter is a stream. */
#ifndef VGPU_STREAM_API_H
#define VGPU_STREAM_API_H

#include "api.h"

/* Both forms of such an entry point; ptsz_args has CU_PTSZ() around the stream. */
#define STREAM_FIRST(name, params, args, ptsz_args)                  \
	CU_EXPORT CUresult name##_ptsz(params);                      \
	static CUresult do_##name(params);                           \
	CUresult name##_ptsz(params)                                 \
	{                                                            \
		return CU_CALL(#name "_ptsz", do_##name(ptsz_args)); \
	}                                                            \
	CUDA_API(name, CU_ARGS(params), CU_ARGS(args))

#endif
