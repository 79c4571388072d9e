// SPDX-License-Identifier: MIT
/* Images: find the PTX a device admits in what a program brings, and index it. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include "module.h"

enum { LOG_SIZE = 8192 };

CUresult cu_compiler_result(int status)
{
	switch (status) {
	case VGPUCC_OK:
		return CUDA_SUCCESS;
	case VGPUCC_BAD_IMAGE:
		return CUDA_ERROR_INVALID_IMAGE;
	case VGPUCC_NO_PTX:
		return CUDA_ERROR_NO_BINARY_FOR_GPU;
	case VGPUCC_BAD_PTX:
		return CUDA_ERROR_INVALID_PTX;
	case VGPUCC_NEWER_PTX:
		return CUDA_ERROR_UNSUPPORTED_PTX_VERSION;
	case VGPUCC_UNSUPPORTED:
		return CUDA_ERROR_NOT_SUPPORTED;
	case VGPUCC_NOT_FOUND:
		return CUDA_ERROR_NOT_FOUND;
	case VGPUCC_NO_MEMORY:
		return CUDA_ERROR_OUT_OF_MEMORY;
	case VGPUCC_BAD_LINK:
		return CUDA_ERROR_INVALID_SOURCE;
	default:
		return CUDA_ERROR_UNKNOWN;
	}
}

static bool mentions(const struct vgpucc_info *info, const char *word)
{
	return memmem(info->ptx, info->ptx_len, word, strlen(word));
}

/* Bytecode of CUDA Tile IR, which cuBLAS from 13.10 on has for devices that are new to it. */
bool cu_image_is_tile_ir(const void *data)
{
	return !strncmp(data, "\177TileIR", 8);
}

static int is_code_for(const struct vgpucc_entry *e, void *cc)
{
	return !e->ptx && e->arch == *(unsigned int *)cc;
}

/*
 * A card would run the machine code, we run older PTX: a program that decides on the host by the
 * newest of what it was compiled for decides for code that is not run. Said once, for it may be
 * that nothing but wrong numbers shows it.
 */
static void tell_skipped(const void *data, size_t size, unsigned int cc, unsigned int ptx)
{
	static bool told;

	if (ptx >= cc || vgpucc_image_entries(data, size, is_code_for, &cc, NULL) != 1 ||
	    __atomic_exchange_n(&told, true, __ATOMIC_RELAXED))
		return;
	cu_log("machine code for %u.%u is not run, the program's PTX for %u.%u is: should results be wrong, "
	       "VGPU_COMPUTE_CAPABILITY=%u.%u makes the program choose for it",
	       cc / 10, cc % 10, ptx / 10, ptx % 10, ptx / 10, ptx % 10);
}

/*
 * Libraries bring modules for other devices, too, which nobody may miss. So a module without PTX is told of once in a
 * process: that is enough for a program that has no other.
 */
static void tell_refused(int status, const struct diag *diag)
{
	static bool told;

	if (status != VGPUCC_NO_PTX || !__atomic_exchange_n(&told, true, __ATOMIC_RELAXED))
		cu_log("a module was refused: %s", diag->first);
}

/* A program that nvlink left to be linked where it runs: its PTX in one, malloc()ed. */
static int link_program(const void *data, unsigned int cc, struct diag *d, char **text)
{
	struct vgpucc_link *link = vgpucc_link_new(cc);
	size_t size;
	int status;

	*text = NULL;
	if (!link)
		return VGPUCC_NO_MEMORY;
	status = vgpucc_link_program(link, data, d);
	if (!status && !(*text = vgpucc_link_image(link, &size)))
		status = VGPUCC_NO_MEMORY;
	vgpucc_link_free(link);
	return status;
}

static int open_module(const void *data, size_t size, const struct vgpucc_target *target, struct diag *d,
		       struct vgpucc_module **m)
{
	struct vgpucc_target copied = { .cc = target->cc };
	char *text;
	int status;

	if (!vgpucc_is_unlinked(data, size))
		return vgpucc_module_open(data, size, target, d, m);
	status = link_program(data, target->cc, d, &text);
	if (!status)
		status = vgpucc_module_open(text, 0, &copied, d, m);
	free(text);
	return status;
}

/**
 * cu_image_open - find and index the PTX in an image
 * @data: fatbin, ELF or PTX text
 * @size: its bytes, or 0 when only the address is known
 * @borrow: it outlives the image
 * @jit: what the caller wants to know, or NULL
 * @out: the image
 *
 * Return: as of cuModuleLoadData().
 */
CUresult cu_image_open(const void *data, size_t size, bool borrow, struct cu_jit *jit, struct cu_image **out)
{
	struct cu_device *d = cu_device_at(cu_stack_top() ? cu_stack_top()->dev->ordinal : 0);
	struct vgpucc_target target = { .cc = 10 * d->cc_major + d->cc_minor, .borrow = borrow };
	struct cu_image *image = calloc(1, sizeof(*image));
	uint64_t start = cu_trace_now();
	char log[LOG_SIZE];
	struct diag diag;
	int status;

	if (!image)
		return CUDA_ERROR_OUT_OF_MEMORY;
	if (cu_image_is_tile_ir(data)) {
		free(image);
		return cu_refuse("CUDA Tile IR");
	}
	diag_init(&diag, log, sizeof(log));
	status = open_module(data, size, &target, &diag, &image->cc);
	if (status == VGPUCC_NO_PTX && !vgpucc_is_container(data))
		status = VGPUCC_BAD_IMAGE;
	if (jit)
		cu_jit_done(jit, status ? log : "", status ? "" : log, start);
	if (status) {
		cu_trace("image at %p refused: %s", data, diag.first);
		tell_refused(status, &diag);
		free(image);
		return cu_compiler_result(status);
	}
	image->uses = 1;
	vgpucc_module_info(image->cc, &image->info);
	tell_skipped(data, size, target.cc, image->info.ptx_target);
	image->prints = mentions(&image->info, "vprintf") || mentions(&image->info, "__assertfail");
	image->allocates = mentions(&image->info, "malloc");
	cu_trace("image at %p: %u kernels, %u variables, PTX %u.%u for %u", data, image->info.nkernels,
		 image->info.nglobals, image->info.ptx_isa / 100, image->info.ptx_isa % 100, image->info.ptx_target);
	*out = image;
	return CUDA_SUCCESS;
}

void cu_image_put(struct cu_image *image)
{
	if (__atomic_sub_fetch(&image->uses, 1, __ATOMIC_ACQ_REL))
		return;
	vgpucc_module_close(image->cc);
	free(image);
}
