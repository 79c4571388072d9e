/* SPDX-License-Identifier: MIT */
/* The reference of the instruction set, printed. */
#ifndef VISA_REFERENCE_H
#define VISA_REFERENCE_H

#include <stdio.h>

/** reference_print() - Documentation/isa-ops.rst, from the engine's own tables */
void reference_print(FILE *out);

#endif
