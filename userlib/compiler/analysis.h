/* SPDX-License-Identifier: MIT */
/* What the back half knows of a body before it selects instructions. */
#ifndef VGPU_COMPILER_ANALYSIS_H
#define VGPU_COMPILER_ANALYSIS_H

#include "compiler.h"
#include "ir.h"

/**
 * struct ir_loop - a natural loop, or a tangle: a cycle with several entries
 * @header: its entry; of a tangle the first in reverse post order, whose immediate dominator dominates them all
 * @body: bit by block id
 */
struct ir_loop {
	struct ir_block *header;
	u64 *body;
};

/**
 * struct ir_loops - all of them
 * @loops: natural loops, outer before inner
 * @tangles: each with the natural loops in it
 * @n: how many at @loops
 * @ntangles: how many at @tangles
 */
struct ir_loops {
	struct ir_loop **loops, **tangles;
	u32 n, ntangles;
};

static inline bool loop_has(const struct ir_loop *l, const struct ir_block *b)
{
	return l->body[b->id / 64] >> b->id % 64 & 1;
}

/* Is this block in a tangle? */
static inline bool tangled(const struct ir_loops *ls, const struct ir_block *b)
{
	u32 k;

	for (k = 0; k < ls->ntangles; k++)
		if (loop_has(ls->tangles[k], b))
			return true;
	return false;
}

struct ir_loops *find_loops(struct ir_body *b); /* loops.c */

#define MAX_BRANCHES 64 /* in a list */

/**
 * struct branches - divergent branches, by the blocks that they end
 * @n: how many from here on; beyond MAX_BRANCHES the rest is left out
 * @b: the block
 * @next: the rest, or NULL
 */
struct branches {
	const struct ir_block *b;
	struct branches *next;
	u32 n;
};

/**
 * struct uniformity - which values are the same in all lanes of a fragment
 * @uniform: by register id
 * @divergent: by block id: lanes leave it for different successors
 * @join: by block id: lanes of these branches, each for itself, meet here; NULL: of none
 * @leave: by the id of a loop's header: lanes leave the loop at different times by these
 */
struct uniformity {
	u8 *uniform;
	u8 *divergent;
	struct branches **join, **leave;
};

/*
 * diverge.c: standard divergence analysis with joins and temporal
 * divergence; @entry: the body is a kernel (a function's parameters differ
 * between lanes). Wants SSA and dominators.
 */
struct uniformity *analyse_uniformity(struct ir_body *b, const struct ir_loops *loops, enum vgpucc_shape_class shape);

/* Can this special register differ between lanes of a warp? */
bool sreg_uniform(enum ir_sreg s, enum vgpucc_shape_class shape);

#endif
