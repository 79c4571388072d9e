/* SPDX-License-Identifier: MIT */
/* Choice among a fatbin's entries, for module.c. */
#ifndef VGPU_COMPILER_FATBIN_H
#define VGPU_COMPILER_FATBIN_H

#include "arena.h"
#include "compiler.h"

typedef int (*entry_fn)(const struct vgpucc_entry *e, void *ctx);

/* Order among what a device of capability @cc may run: the highest is taken; 0: not at all. */
unsigned int fatbin_rank(const struct vgpucc_entry *e, unsigned int cc);

/* Fatbins that are yet to be linked, of what vgpucc_is_unlinked(); NULL behind the last, or there are none. */
const void *const *fatbin_parts(const void *wrapper);

#endif
