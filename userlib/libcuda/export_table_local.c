// SPDX-License-Identifier: MIT
/*
 * Export tables c693336e, values that a runtime attaches to a context, and
 * 263e8860, questions whose answer was never seen to be other than no.
 */
#include "context.h"
#include "export_table.h"

/* The context given, or the current one. */
static CUresult context_of(CUcontext *ctx)
{
	if (!*ctx)
		return cu_current_any(ctx);
	return cu_is(*ctx, CU_CONTEXT) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT;
}

static CUresult local_put(CUcontext ctx, void *key, void *value, cu_local_destroy destroy)
{
	CUresult r = context_of(&ctx);

	return r ? r : cu_local_put(ctx, key, value, destroy);
}

static CUresult local_delete(CUcontext ctx, void *key)
{
	CUresult r = context_of(&ctx);

	return r ? r : cu_local_delete(ctx, key);
}

static CUresult local_get(void **value, CUcontext ctx, void *key)
{
	CUresult r = context_of(&ctx);

	if (!r && !value)
		r = CUDA_ERROR_INVALID_VALUE;
	return r ? r : cu_local_get(ctx, key, value);
}

CU_SLOT(local, 3)

/* This table has no size in front. */
static const void *const local_slots[] = { local_put, local_delete, local_get, local_3 };

const struct cu_table cu_table_local = {
	{ 0xc6, 0x93, 0x33, 0x6e, 0x11, 0x21, 0xdf, 0x11, 0xa8, 0xc3, 0x68, 0xf3, 0x55, 0xd8, 0x95, 0x93 },
	"local",
	local_slots,
};

static CUresult checks_2(CUcontext ctx, unsigned int *answer, const void **detail)
{
	(void)ctx;
	(void)detail;
	if (!answer)
		return CUDA_ERROR_INVALID_VALUE;
	*answer = 0;
	return CUDA_SUCCESS;
}

static unsigned int checks_3(void)
{
	return 0;
}

CU_SLOT(checks, 1)

static const void *const check_slots[] = { CU_TABLE_SIZE(4), checks_1, checks_2, checks_3 };

const struct cu_table cu_table_checks = {
	{ 0x26, 0x3e, 0x88, 0x60, 0x7c, 0xd2, 0x61, 0x43, 0x92, 0xf6, 0xbb, 0xd5, 0x00, 0x6d, 0xfa, 0x7e },
	"checks",
	check_slots,
};
