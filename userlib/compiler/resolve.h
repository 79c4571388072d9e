/* SPDX-License-Identifier: MIT */
/* The names of a module's parts, resolved; for parse_module.c. What does not fit bails out with an error logged. */
#ifndef VGPU_COMPILER_RESOLVE_H
#define VGPU_COMPILER_RESOLVE_H

#include "ir.h"

void resolve_begin(struct ir_module *m);
/* What @part defines and wants, against the parts before it. */
void resolve_part(struct ir_module *m, const struct ir_part *part, struct diag *d);
/* Every part refers to what is defined, and the module has it once. */
void resolve_end(struct ir_module *m, struct diag *d);

/* taken.c: sets @direct of all functions. */
void find_taken(struct ir_module *m);

#endif
