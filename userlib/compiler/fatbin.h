/* SPDX-License-Identifier: MIT */
/* Choice among a fatbin's entries, for module.c. */
#ifndef VGPU_COMPILER_FATBIN_H
#define VGPU_COMPILER_FATBIN_H

#include "arena.h"
#include "compiler.h"

typedef int (*entry_fn)(const struct vgpucc_entry *e, void *ctx);

/* May a device of capability @cc run it? */
bool fatbin_admits(const struct vgpucc_entry *e, unsigned int cc);
/* Order among the admitted: the highest is taken. */
unsigned int fatbin_rank(const struct vgpucc_entry *e);

#endif
