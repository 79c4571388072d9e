// SPDX-License-Identifier: MIT
/*
 * Export tables 42d85a81, 21318c60 and a094798c: what profiling tools ask, and
 * where they hook into the runtime.  The runtime fetches two arrays of switches,
 * one for each of its functions and one for domains, and calls out where a
 * switch is set.  No tool can set one here.  cuBLAS finds what it keeps for a
 * context or a stream by the numbers that the first two tables give it.
 */
#include "export_table.h"
#include "stream.h"

/* More than any runtime has functions (the newest seen: 522) and domains (13). */
static unsigned int functions[4096];
static unsigned int domains[64];

static CUresult tools_tls_2(CUcontext *ctx)
{
	return ctx ? cu_current(ctx) : CUDA_ERROR_INVALID_VALUE;
}

CU_SLOT(tools_tls, 1)
CU_SLOT(tools_tls, 3)

static const void *const tls_slots[] = { CU_TABLE_SIZE(4), tools_tls_1, tools_tls_2, tools_tls_3 };

const struct cu_table cu_table_tools_tls = {
	{ 0x42, 0xd8, 0x5a, 0x81, 0x23, 0xf6, 0xcb, 0x47, 0x82, 0x98, 0xf6, 0xe7, 0x8a, 0x3a, 0xec, 0xdc },
	"tools_tls",
	tls_slots,
};

/* A number that no other context of the process has or had. */
static CUresult tools_context_4(CUcontext ctx, uint64_t *id)
{
	CUresult r = cu_context_get(ctx, &ctx);

	if (!r && !id)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		*id = ctx->id;
	return r;
}

/* The same for a stream as slot 51 gives it. */
static CUresult tools_context_39(CUcontext ctx, CUstream stream, uint64_t *id)
{
	CUstream s;
	CUresult r = cu_context_get(ctx, &ctx);

	if (!r)
		r = cu_stream_get(stream, &s);
	if (!r && !id)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		*id = s->id;
	return r;
}

/* The stream behind a handle, which may be one of the default streams'. */
static CUresult tools_context_51(CUcontext ctx, CUstream handle, CUstream *stream, int per_thread)
{
	CUresult r = cu_context_get(ctx, &ctx);

	if (!r && !stream)
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		r = cu_stream_get(per_thread && !handle ? CU_STREAM_PER_THREAD : handle, stream);
	return r;
}

static CUresult tools_context_other(void)
{
	return cu_refuse("a slot of export table tools_context");
}

static const void *const context_slots[] = {
	CU_TABLE_SIZE(52),       [1 ... 3] = tools_context_other,
	[4] = tools_context_4,   [5 ... 38] = tools_context_other,
	[39] = tools_context_39, [40 ... 50] = tools_context_other,
	[51] = tools_context_51,
};

const struct cu_table cu_table_tools_context = {
	{ 0x21, 0x31, 0x8c, 0x60, 0x97, 0x14, 0x32, 0x48, 0x8c, 0xa6, 0x41, 0xff, 0x73, 0x24, 0xc8, 0xf2 },
	"tools_context",
	context_slots,
};

static void tools_hooks_2(void **switches, size_t *count)
{
	*switches = functions;
	*count = sizeof(functions) / sizeof(functions[0]);
}

static void tools_hooks_6(void **switches, size_t *count)
{
	*switches = domains;
	*count = sizeof(domains) / sizeof(domains[0]);
}

CU_SLOT(tools_hooks, 1)
CU_SLOT(tools_hooks, 3)
CU_SLOT(tools_hooks, 4)
CU_SLOT(tools_hooks, 5)

static const void *const hook_slots[] = {
	CU_TABLE_SIZE(7), tools_hooks_1, tools_hooks_2, tools_hooks_3, tools_hooks_4, tools_hooks_5, tools_hooks_6,
};

const struct cu_table cu_table_tools_hooks = {
	{ 0xa0, 0x94, 0x79, 0x8c, 0x2e, 0x74, 0x2e, 0x74, 0x93, 0xf2, 0x08, 0x00, 0x20, 0x0c, 0x0a, 0x66 },
	"tools_hooks",
	hook_slots,
};
