// SPDX-License-Identifier: MIT
/*
 * cuLink*: PTX from several places becomes one image (../compiler/link.c does it), for cuModuleLoadData to take.
 *
 * As on a card, an input that is wrong by itself leaves the link as it was, and one that does not fit to the others, or
 * cannot be taken, spoils it: all that follows is that error.
 */
#include <stdlib.h>
#include <string.h>
#include "module.h"

enum input_type {
	INPUT_CUBIN,
	INPUT_PTX,
	INPUT_FATBINARY,
	INPUT_OBJECT,
	INPUT_LIBRARY,
	INPUT_NVVM,
	INPUT_TYPES,
};

enum { LOG_SIZE = 8192 };

/**
 * struct CUlink_st - a link
 * @obj: type
 * @jit: what the caller of cuLinkCreate wants to know
 * @cc: compute capability of its device
 * @link: the inputs
 * @inputs: how many were brought
 * @spoilt: why nothing will come of it, or CUDA_SUCCESS
 * @image: what came of it
 * @ns: time spent so far
 * @log: all errors so far
 */
struct CUlink_st {
	struct cu_object obj;
	struct cu_jit jit;
	unsigned int cc;
	struct vgpucc_link *link;
	unsigned int inputs;
	CUresult spoilt;
	char *image;
	uint64_t ns;
	char log[LOG_SIZE];
};

/* Say all that was said so far, to whoever asked when the link was made. */
static void tell(CUlinkState link, const char *errors, uint64_t start)
{
	uint64_t now = cu_trace_now();

	strncat(link->log, errors, sizeof(link->log) - 1 - strlen(link->log));
	link->ns += now - start;
	cu_jit_done(&link->jit, link->log, "", now - link->ns);
}

/* ---- create ---- */

static CUresult create(unsigned int count, int *options, void **values, CUlinkState *out)
{
	CUlinkState link;
	CUcontext ctx;
	CUresult r = cu_current(&ctx);

	if (!r && !out)
		r = CUDA_ERROR_INVALID_VALUE;
	if (r)
		return r;
	link = cu_object_new(CU_LINK, sizeof(*link));
	if (!link)
		return CUDA_ERROR_OUT_OF_MEMORY;
	r = cu_jit_parse(count, options, values, &link->jit);
	link->cc = 10 * ctx->dev->cc_major + ctx->dev->cc_minor;
	link->link = r ? NULL : vgpucc_link_new(link->cc);
	if (!r && !link->link)
		r = CUDA_ERROR_OUT_OF_MEMORY;
	if (r) {
		cu_object_free(link);
		return r;
	}
	tell(link, "", cu_trace_now());
	*out = link;
	return CUDA_SUCCESS;
}

CUDA_API(cuLinkCreate_v2, CU_ARGS(unsigned int count, int *options, void **values, CUlinkState *link),
	 CU_ARGS(count, options, values, link))
{
	return create(count, options, values, link);
}

CUDA_API(cuLinkCreate, CU_ARGS(unsigned int count, int *options, void **values, CUlinkState *link),
	 CU_ARGS(count, options, values, link))
{
	return create(count, options, values, link);
}

/* ---- add ---- */

static bool is_elf(const void *data)
{
	return !strncmp(data, "\177ELF", 4);
}

static CUresult refuse(int type, struct diag *d)
{
	switch (type) {
	case INPUT_CUBIN:
		diag_error(d, 0, "machine code (CU_JIT_INPUT_CUBIN) is not linked");
		return cu_refuse("cuLinkAddData of machine code (CU_JIT_INPUT_CUBIN)");
	case INPUT_LIBRARY:
		diag_error(d, 0, "a library of objects (CU_JIT_INPUT_LIBRARY) is not linked");
		return cu_refuse("cuLinkAddData of a library of objects (CU_JIT_INPUT_LIBRARY)");
	default:
		diag_error(d, 0, "NVVM IR (CU_JIT_INPUT_NVVM) is not linked");
		return cu_refuse("cuLinkAddData of NVVM IR (CU_JIT_INPUT_NVVM)");
	}
}

/* @data has a NUL behind it. What the type says and what is there are taken as a card takes them. */
static CUresult add_input(CUlinkState link, int type, const char *data, size_t size, const char *name, struct diag *d)
{
	int status;

	if (type != INPUT_PTX && type != INPUT_FATBINARY && type != INPUT_OBJECT)
		return link->spoilt = refuse(type, d);
	if (type == INPUT_OBJECT ? !vgpucc_is_container(data) : is_elf(data)) {
		diag_error(d, 0,
			   type == INPUT_OBJECT ? "Could not find fatbin in '%s'" : "'%s' is neither PTX nor a fatbin",
			   name);
		return CUDA_ERROR_INVALID_IMAGE;
	}
	status = vgpucc_link_add(link->link, name, data, size, d);
	if (status == VGPUCC_BAD_LINK)
		link->spoilt = cu_compiler_result(status);
	return cu_compiler_result(status);
}

/* Errors go to the logs of the input, where it has some, else to those of the link. */
static CUresult add_copy(CUlinkState link, int type, const char *data, size_t size, const char *name,
			 struct cu_jit *jit)
{
	uint64_t start = cu_trace_now();
	char numbered[32], log[LOG_SIZE];
	struct diag diag;
	CUresult r;

	link->inputs++;
	if (!name) {
		snprintf(numbered, sizeof(numbered), "Input %u", link->inputs);
		name = numbered;
	}
	diag_init(&diag, log, sizeof(log));
	r = add_input(link, type, data, size, name, &diag);
	if (r)
		cu_log("'%s' is not linked: %s", name, diag.first);
	cu_jit_done(jit, log, "", start);
	tell(link, cu_jit_logs(jit) ? "" : log, start);
	return r;
}

static CUresult add(CUlinkState link, int type, const void *data, size_t size, const char *name, unsigned int count,
		    int *options, void **values)
{
	struct cu_jit jit;
	char *copy;
	CUresult r;

	if (!cu_is(link, CU_LINK))
		return CUDA_ERROR_INVALID_HANDLE;
	if (!data || !size || type < 0 || type >= INPUT_TYPES || link->image)
		return CUDA_ERROR_INVALID_VALUE;
	r = cu_jit_parse(count, options, values, &jit);
	if (!r)
		r = link->spoilt;
	if (r)
		return r;
	/* as aligned as ELF must be, and ended as text must be */
	copy = malloc(size + 1);
	if (!copy)
		return CUDA_ERROR_OUT_OF_MEMORY;
	memcpy(copy, data, size);
	copy[size] = 0;
	r = add_copy(link, type, copy, size, name, &jit);
	free(copy);
	return r;
}

#define ADD_DATA(symbol)                                                                                            \
	CUDA_API(symbol,                                                                                            \
		 CU_ARGS(CUlinkState link, int type, void *data, size_t size, const char *name, unsigned int count, \
			 int *options, void **values),                                                              \
		 CU_ARGS(link, type, data, size, name, count, options, values))                                     \
	{                                                                                                           \
		return add(link, type, data, size, name, count, options, values);                                   \
	}

ADD_DATA(cuLinkAddData_v2)
ADD_DATA(cuLinkAddData)

static CUresult add_file(CUlinkState link, int type, const char *path, unsigned int count, int *options, void **values)
{
	size_t size;
	void *data;
	CUresult r = path ? cu_read_file(path, &data, &size) : CUDA_ERROR_INVALID_VALUE;

	if (r)
		return r;
	r = size ? add(link, type, data, size, path, count, options, values) : CUDA_ERROR_INVALID_IMAGE;
	free(data);
	return r;
}

#define ADD_FILE(symbol)                                                                                 \
	CUDA_API(symbol,                                                                                 \
		 CU_ARGS(CUlinkState link, int type, const char *path, unsigned int count, int *options, \
			 void **values),                                                                 \
		 CU_ARGS(link, type, path, count, options, values))                                      \
	{                                                                                                \
		return add_file(link, type, path, count, options, values);                               \
	}

ADD_FILE(cuLinkAddFile_v2)
ADD_FILE(cuLinkAddFile)

/* ---- complete ---- */

/* The names are resolved, and the kernels compiled: what is wrong is said here, and loading the image is quick. */
static CUresult complete(CUlinkState link, struct diag *d)
{
	struct vgpucc_target target = { .cc = link->cc, .borrow = true };
	struct vgpucc_module *m = NULL;
	size_t size;
	char *image = vgpucc_link_image(link->link, &size);
	CUresult r;

	if (!image)
		return CUDA_ERROR_OUT_OF_MEMORY;
	r = cu_compiler_result(vgpucc_module_open(image, size, &target, d, &m));
	if (!r)
		r = cu_compile_ahead(m, link->cc, d);
	vgpucc_module_close(m);
	if (r)
		free(image);
	else
		link->image = image;
	return r;
}

CUDA_API(cuLinkComplete, CU_ARGS(CUlinkState link, void **image, size_t *size), CU_ARGS(link, image, size))
{
	uint64_t start = cu_trace_now();
	char log[LOG_SIZE];
	struct diag diag;

	if (!cu_is(link, CU_LINK) || link->image)
		return CUDA_ERROR_INVALID_HANDLE;
	if (!image)
		return CUDA_ERROR_INVALID_VALUE;
	if (link->spoilt)
		return link->spoilt;
	diag_init(&diag, log, sizeof(log));
	link->spoilt = complete(link, &diag);
	tell(link, log, start);
	if (link->spoilt) {
		cu_log("nothing is linked: %s", diag.first);
		return link->spoilt;
	}
	*image = link->image;
	if (size)
		*size = strlen(link->image) + 1;
	return CUDA_SUCCESS;
}

CUDA_API(cuLinkDestroy, CU_ARGS(CUlinkState link), CU_ARGS(link))
{
	if (!cu_is(link, CU_LINK) || !cu_claim(link))
		return CUDA_ERROR_INVALID_HANDLE;
	vgpucc_link_free(link->link);
	free(link->image);
	cu_object_free(link);
	return CUDA_SUCCESS;
}
