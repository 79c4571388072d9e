/* SPDX-License-Identifier: MIT */
/* Which file the dynamic linker takes for a library's name. */
#ifndef VGPU_CTL_LIBRARY_H
#define VGPU_CTL_LIBRARY_H

#include <limits.h>
#include <stdbool.h>

bool library_path(const char *soname, char path[PATH_MAX]);

#endif
