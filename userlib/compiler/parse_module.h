/* SPDX-License-Identifier: MIT */
/* The top-level parser's face, for module.c and link.c. */
#ifndef VGPU_COMPILER_PARSE_MODULE_H
#define VGPU_COMPILER_PARSE_MODULE_H

#include "ir.h"
#include "parts.h"

/*
 * Index @text, one or the parts of a link, into @m, whose arena is initialised. The text must outlive it.
 * Return: 0, or enum arena_bail with an error logged.
 */
int ir_module_parse(struct ir_module *m, const char *text, size_t len, struct diag *d);

/*
 * One more part of a module that is being linked: whether it fits to those before it. No function of it
 * is ever compiled, nor are its variables placed.
 * Return: 0, or enum arena_bail with an error logged; then there is no use in a further one.
 */
int ir_module_add(struct ir_module *m, const struct part_text *t, struct diag *d);

#endif
