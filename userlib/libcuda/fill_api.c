// SPDX-License-Identifier: MIT
/* cuMemset*. */
#include "copy.h"

#define FILL(bits, type)                                                                                             \
	CUDA_API_SYNC(cuMemsetD##bits##_v2, CU_ARGS(CUdeviceptr dst, type value, size_t count),                      \
		      CU_ARGS(dst, value, count))                                                                    \
	{                                                                                                            \
		return cu_fill(stream, dst, 0, value, bits / 8, count, 1, true);                                     \
	}                                                                                                            \
	CUDA_API_STREAM(cuMemsetD##bits##Async, CU_ARGS(CUdeviceptr dst, type value, size_t count, CUstream stream), \
			CU_ARGS(dst, value, count, stream))                                                          \
	{                                                                                                            \
		return cu_fill(stream, dst, 0, value, bits / 8, count, 1, false);                                    \
	}                                                                                                            \
	CUDA_API_SYNC(cuMemsetD2D##bits##_v2,                                                                        \
		      CU_ARGS(CUdeviceptr dst, size_t pitch, type value, size_t width, size_t height),               \
		      CU_ARGS(dst, pitch, value, width, height))                                                     \
	{                                                                                                            \
		return cu_fill(stream, dst, pitch, value, bits / 8, width, height, true);                            \
	}                                                                                                            \
	CUDA_API_STREAM(cuMemsetD2D##bits##Async,                                                                    \
			CU_ARGS(CUdeviceptr dst, size_t pitch, type value, size_t width, size_t height,              \
				CUstream stream),                                                                    \
			CU_ARGS(dst, pitch, value, width, height, stream))                                           \
	{                                                                                                            \
		return cu_fill(stream, dst, pitch, value, bits / 8, width, height, false);                           \
	}

FILL(8, unsigned char)
FILL(16, unsigned short)
FILL(32, unsigned int)
