/* SPDX-License-Identifier: MIT */
/* Errors: names, sentences, and what errno means to a CUDA program. */
#ifndef VGPU_CUDA_ERROR_H
#define VGPU_CUDA_ERROR_H

#include "cuda_abi.h"

/* "CUDA_ERROR_…", or NULL for a number that is no error. */
const char *cu_error_name(CUresult error);
/* A negative errno of libvgpu as an error of the driver API. */
CUresult cu_error_from_errno(int err);

#endif
