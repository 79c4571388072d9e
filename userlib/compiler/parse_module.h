/* SPDX-License-Identifier: MIT */
/* The top-level parser's face, for module.c. */
#ifndef VGPU_COMPILER_PARSE_MODULE_H
#define VGPU_COMPILER_PARSE_MODULE_H

#include "ir.h"

/*
 * Index @text into @m, whose arena is initialised. The text must outlive it.
 * Return: 0, or enum arena_bail with an error logged.
 */
int ir_module_parse(struct ir_module *m, const char *text, size_t len, struct diag *d);

#endif
