/* SPDX-License-Identifier: MIT */
/* The look-up behind cuGetProcAddress. */
#ifndef VGPU_PROC_ADDRESS_H
#define VGPU_PROC_ADDRESS_H

#include "api.h"

CUresult cu_get_proc_address(const char *name, void **address, int version, cuuint64_t flags, int *status);

#endif
