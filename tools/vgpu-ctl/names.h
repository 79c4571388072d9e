/* SPDX-License-Identifier: MIT */
/* Names that programs choose, of processes and kernels: any bytes, that a terminal must not obey. */
#ifndef VGPU_CTL_NAMES_H
#define VGPU_CTL_NAMES_H

#include <stddef.h>

/* Room for what names_show() and names_utf8() make of a name of @bytes. */
#define NAMES_ROOM(bytes) (4 * (bytes) + 1)

const char *names_show(const char *name, size_t most, char *to);
const char *names_utf8(const char *name, size_t most, char *to);

#endif
