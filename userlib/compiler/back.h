/* SPDX-License-Identifier: MIT */
/* Passes of the back half over a body's IR, and the dump of what comes out. */
#ifndef VGPU_COMPILER_BACK_H
#define VGPU_COMPILER_BACK_H

#include "ir.h"

void simplify(struct ir_body *b); /* simplify.c: copies, constants */
/* What sums, products, bits and left shifts make of constants; bits above the type are to be cut off. false: none of these */
bool fold2(const struct ir_insn *i, u64 a, u64 b, u64 *r);
void join_loads(struct ir_body *b); /* pairs.c: two halves, one word */

#define MAX_STEPS 1000000000ull

/*
 * Passes whose cost may grow faster than the code count their steps here, so
 * that no input makes them run for ever.
 */
static inline void spend(struct arena *a, u64 *steps, u64 n)
{
	*steps += n;
	if (*steps > MAX_STEPS)
		arena_bail(a, ARENA_BAIL_NOMEM);
}

/* dump.c: a code object as text. */
void dump_object(const void *code, size_t len, FILE *out);

#endif
