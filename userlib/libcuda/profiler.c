// SPDX-License-Identifier: MIT
/* cuProfiler*: accepted; there is no profiler to start or stop. */
#include "context.h"

CUDA_API(cuProfilerStart, CU_ARGS(void), )
{
	CUcontext ctx;

	return cu_current(&ctx);
}

CUDA_API(cuProfilerStop, CU_ARGS(void), )
{
	CUcontext ctx;

	return cu_current(&ctx);
}
