// SPDX-License-Identifier: MIT
/* Export table 6bd5fb6c: what the runtime loads modules and finds primary contexts with. */
#include "context.h"
#include "export_table.h"
#include "module.h"

/* A fatbin as an older runtime registers it: a module of the current context. */
static CUresult load_fatbin(CUmodule *mod, const void *image)
{
	struct cu_image *opened;
	CUcontext ctx;
	CUresult r = cu_current(&ctx);

	if (!r && (!mod || !image))
		r = CUDA_ERROR_INVALID_VALUE;
	if (!r)
		r = cu_image_open(image, 0, true, NULL, &opened);
	return r ? r : cu_module_new(ctx, opened, mod);
}

static CUresult runtime_1(CUmodule *mod, const void *wrapper)
{
	return CU_CALL("runtime.load", load_fatbin(mod, wrapper));
}

/* The primary context of a device, without a use of it. */
static CUresult primary(CUcontext *ctx, CUdevice device)
{
	struct cu_device *d;
	CUresult r = cu_device_get(device, &d);

	if (!r && !ctx)
		r = CUDA_ERROR_INVALID_VALUE;
	return r ? r : cu_primary_get(d, ctx);
}

static CUresult runtime_2(CUcontext *ctx, CUdevice device)
{
	return CU_CALL("runtime.primary", primary(ctx, device));
}

static CUresult runtime_6(CUmodule *mod, const void *wrapper, void *a, void *b, unsigned int c)
{
	if (a || b || c)
		return cu_refuse("export table runtime slot 6 with options");
	return CU_CALL("runtime.load2", load_fatbin(mod, wrapper));
}

static void runtime_7(size_t value)
{
	cu_trace("runtime.7(%zx)", value);
}

static CUresult runtime_8(const void *header, CUmodule *mod, void *a, void *b, unsigned int c)
{
	if (a || b || c)
		return cu_refuse("export table runtime slot 8 with options");
	return CU_CALL("runtime.load3", load_fatbin(mod, header));
}

/* Get the compiler ready: it always is. */
static CUresult runtime_12(void)
{
	return CUDA_SUCCESS;
}

CU_SLOT(runtime, 3)
CU_SLOT(runtime, 4)
CU_SLOT(runtime, 5)
CU_SLOT(runtime, 9)
CU_SLOT(runtime, 10)
CU_SLOT(runtime, 11)

static const void *const slots[] = {
	CU_TABLE_SIZE(13), runtime_1, runtime_2, runtime_3,  runtime_4,  runtime_5,  runtime_6,
	runtime_7,         runtime_8, runtime_9, runtime_10, runtime_11, runtime_12,
};

const struct cu_table cu_table_runtime = {
	{ 0x6b, 0xd5, 0xfb, 0x6c, 0x5b, 0xf4, 0xe7, 0x4a, 0x89, 0x87, 0xd9, 0x39, 0x12, 0xfd, 0x9d, 0xf9 },
	"runtime",
	slots,
};
