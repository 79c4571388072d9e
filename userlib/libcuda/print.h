/* SPDX-License-Identifier: MIT */
/* What kernels print and assert. */
#ifndef VGPU_PRINT_H
#define VGPU_PRINT_H

#include "context.h"

/* The buffer's address, made when first asked for. */
CUresult cu_print_address(CUcontext ctx, uint64_t *address);
/* Write out what has been printed so far. */
void cu_print_flush(CUcontext ctx);
void cu_print_destroy(CUcontext ctx);

#endif
