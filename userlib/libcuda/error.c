// SPDX-License-Identifier: MIT
/* Errors: names, sentences, and what errno means to a CUDA program. */
#include <errno.h>
#include "api.h"
#include "error.h"

static const struct {
	CUresult number;
	const char *name, *text;
} errors[] = {
#define X(name, number, text) { number, "CUDA_" #name, text },
	CUDA_ERRORS(X)
#undef X
};

static int error_find(CUresult error)
{
	for (unsigned int i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i].number == error)
			return i;
	return -1;
}

const char *cu_error_name(CUresult error)
{
	int i = error_find(error);

	return i < 0 ? NULL : errors[i].name;
}

CUresult cu_error_from_errno(int err)
{
	switch (err < 0 ? -err : err) {
	case 0:
		return CUDA_SUCCESS;
	case ENOMEM:
	case ENOSPC:
	case EDQUOT:
		return CUDA_ERROR_OUT_OF_MEMORY;
	case EINVAL:
	case ERANGE:
	case EFAULT:
		return CUDA_ERROR_INVALID_VALUE;
	case ENOENT:
	case EBADF:
		return CUDA_ERROR_INVALID_HANDLE;
	case ENODEV:
	case ENXIO:
		return CUDA_ERROR_NO_DEVICE;
	case EBUSY:
	case EAGAIN:
		return CUDA_ERROR_NOT_READY;
	case EPERM:
	case EACCES:
		return CUDA_ERROR_NOT_PERMITTED;
	case ETIME:
	case ETIMEDOUT:
		return CUDA_ERROR_TIMEOUT;
	case EOPNOTSUPP:
	case ENOTTY:
		return CUDA_ERROR_NOT_SUPPORTED;
	case EEXIST:
		return CUDA_ERROR_ALREADY_MAPPED;
	default:
		return CUDA_ERROR_UNKNOWN;
	}
}

CUDA_API(cuGetErrorName, CU_ARGS(CUresult error, const char **str), CU_ARGS(error, str))
{
	int i = error_find(error);

	if (!str)
		return CUDA_ERROR_INVALID_VALUE;
	*str = i < 0 ? NULL : errors[i].name;
	return i < 0 ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

CUDA_API(cuGetErrorString, CU_ARGS(CUresult error, const char **str), CU_ARGS(error, str))
{
	int i = error_find(error);

	if (!str)
		return CUDA_ERROR_INVALID_VALUE;
	*str = i < 0 ? NULL : errors[i].text;
	return i < 0 ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}
