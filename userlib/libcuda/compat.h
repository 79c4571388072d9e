/* SPDX-License-Identifier: MIT */
/* Libraries that are told another compute capability than the device's. */
#ifndef VGPU_COMPAT_H
#define VGPU_COMPAT_H

#include <stdbool.h>

/* True when the object that holds @caller (a return address) is such a library. */
bool cu_compat_cc(const void *caller, int *major, int *minor);

#endif
