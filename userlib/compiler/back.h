/* SPDX-License-Identifier: MIT */
/* Passes of the back half over a body's IR, and the dump of what comes out. */
#ifndef VGPU_COMPILER_BACK_H
#define VGPU_COMPILER_BACK_H

#include "ir.h"

void simplify(struct ir_body *b);	/* simplify.c: copies, constants */

/* dump.c: a code object as text. */
void dump_object(const void *code, size_t len, FILE *out);

#endif
