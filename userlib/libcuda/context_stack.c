// SPDX-License-Identifier: MIT
/* The stack of contexts that each thread has; its top is the current one. */
#include "context.h"

enum { DEPTH = 256 };

static __thread struct {
	CUcontext at[DEPTH];
	int depth;
} stack;

CUcontext cu_stack_top(void)
{
	return stack.depth ? stack.at[stack.depth - 1] : NULL;
}

/* Replace the top; NULL takes it away. */
void cu_stack_set(CUcontext ctx)
{
	if (stack.depth && !ctx)
		stack.depth--;
	else if (stack.depth)
		stack.at[stack.depth - 1] = ctx;
	else if (ctx)
		stack.at[stack.depth++] = ctx;
}

CUresult cu_stack_push(CUcontext ctx)
{
	if (stack.depth == DEPTH)
		return CUDA_ERROR_INVALID_VALUE;
	stack.at[stack.depth++] = ctx;
	return CUDA_SUCCESS;
}

CUresult cu_stack_pop(CUcontext *ctx)
{
	if (!stack.depth)
		return CUDA_ERROR_INVALID_CONTEXT;
	*ctx = stack.at[--stack.depth];
	return CUDA_SUCCESS;
}
