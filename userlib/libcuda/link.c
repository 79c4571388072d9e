// SPDX-License-Identifier: MIT
/*
 * cuLink*: a link of one PTX text is that text, for cuModuleLoadData to take.
 * Several inputs are refused by name: nothing here resolves one against another.
 */
#include <stdlib.h>
#include <string.h>
#include "module.h"

enum { INPUT_PTX = 1 };

struct CUlink_st {
	struct cu_object obj;
	struct cu_jit jit;
	char *ptx;
	size_t size;
};

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
	if (r)
		cu_object_free(link);
	else
		*out = link;
	return r;
}

/* What is wrong with the text is said now. Options of the input come before those of the link. */
static CUresult add(CUlinkState link, int type, const void *data, size_t size, unsigned int count, int *options,
		    void **values)
{
	struct cu_jit jit;
	CUresult r;

	if (!cu_is(link, CU_LINK))
		return CUDA_ERROR_INVALID_HANDLE;
	if (!data || !size)
		return CUDA_ERROR_INVALID_VALUE;
	r = cu_jit_parse(count, options, values, &jit);
	if (r)
		return r;
	if (type != INPUT_PTX)
		return cu_refuse("cuLinkAddData of anything but PTX");
	if (link->ptx)
		return cu_refuse("cuLinkAddData of several inputs");
	link->ptx = calloc(1, size + 1);
	if (!link->ptx)
		return CUDA_ERROR_OUT_OF_MEMORY;
	memcpy(link->ptx, data, size);
	link->size = strlen(link->ptx) + 1;
	r = cu_image_check(link->ptx, link->size, cu_jit_logs(&jit) ? &jit : &link->jit);
	if (r) {
		free(link->ptx);
		link->ptx = NULL;
	}
	return r;
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

#define ADD_DATA(symbol)                                                                                            \
	CUDA_API(symbol,                                                                                            \
		 CU_ARGS(CUlinkState link, int type, void *data, size_t size, const char *name, unsigned int count, \
			 int *options, void **values),                                                              \
		 CU_ARGS(link, type, data, size, name, count, options, values))                                     \
	{                                                                                                           \
		(void)name;                                                                                         \
		return add(link, type, data, size, count, options, values);                                         \
	}

ADD_DATA(cuLinkAddData_v2)
ADD_DATA(cuLinkAddData)

#define ADD_FILE(symbol)                                                                                 \
	CUDA_API(symbol,                                                                                 \
		 CU_ARGS(CUlinkState link, int type, const char *path, unsigned int count, int *options, \
			 void **values),                                                                 \
		 CU_ARGS(link, type, path, count, options, values))                                      \
	{                                                                                                \
		size_t size;                                                                             \
		void *data;                                                                              \
		CUresult r = path ? cu_read_file(path, &data, &size) : CUDA_ERROR_INVALID_VALUE;         \
                                                                                                         \
		if (r)                                                                                   \
			return r;                                                                        \
		r = add(link, type, data, size, count, options, values);                                 \
		free(data);                                                                              \
		return r;                                                                                \
	}

ADD_FILE(cuLinkAddFile_v2)
ADD_FILE(cuLinkAddFile)

CUDA_API(cuLinkComplete, CU_ARGS(CUlinkState link, void **image, size_t *size), CU_ARGS(link, image, size))
{
	if (!cu_is(link, CU_LINK))
		return CUDA_ERROR_INVALID_HANDLE;
	if (!image || !link->ptx)
		return CUDA_ERROR_INVALID_VALUE;
	*image = link->ptx;
	if (size)
		*size = link->size;
	return CUDA_SUCCESS;
}

CUDA_API(cuLinkDestroy, CU_ARGS(CUlinkState link), CU_ARGS(link))
{
	if (!cu_is(link, CU_LINK) || !cu_claim(link))
		return CUDA_ERROR_INVALID_HANDLE;
	free(link->ptx);
	cu_object_free(link);
	return CUDA_SUCCESS;
}
