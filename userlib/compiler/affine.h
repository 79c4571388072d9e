/* SPDX-License-Identifier: MIT */
/*
 * What is known of how values differ between the lanes of a warp, and which accesses
 * to memory are worth a scalar base and a pattern of lanes.
 */
#ifndef VGPU_COMPILER_AFFINE_H
#define VGPU_COMPILER_AFFINE_H

#include "analysis.h"

#define LANES 32

/**
 * struct lanes - how far each lane's value is beyond the lowest one
 * @n: by lane, not negative
 * @span: the largest
 * @next: in the table of all
 */
struct lanes {
	s64 n[LANES];
	s64 span;
	struct lanes *next;
};

/**
 * struct affine - a value of @bits bits: a multiple of 2^@align, which may differ between
 * lanes, plus @c + @lanes->n[lane], modulo 2^bits
 * @lanes: NULL: nothing of the kind is known
 * @align: PURE: nothing is added, the lane alone decides
 * @max: no lane's value is beyond it, unsigned
 * @near: where the multiple may differ, it does so only if a few rare steps fall between lanes
 * @seen: the analysis has come by
 * @copy: the register that it always equals
 * @c: what is added in all lanes
 */
struct affine {
	const struct lanes *lanes;
	s64 c;
	u64 max;
	u8 align;
	bool near, seen;
	const struct ir_reg *copy;
};

#define PURE 64

/**
 * struct affinity - of a body
 * @of: by register id
 * @zero: the pattern without a difference
 */
struct affinity {
	struct affine *of;
	const struct lanes *zero;
};

/* affine.c: wants SSA, dominators and the uniformity of the same @shape. */
struct affinity *analyse_affinity(struct ir_body *b, const struct ir_loops *loops, const struct uniformity *u,
				  enum vgpucc_shape_class shape);

/* Whether the multiple and the lanes' part do not touch each other's bits. */
static inline bool affine_apart(const struct affine *a)
{
	return a->align == PURE || (a->c >= 0 && a->align < 63 && a->c + a->lanes->span < (s64)1 << a->align);
}

/* How lanes can hold what @from defines where @to reads it: all of the same turn of every loop? */
enum staying { STAYS, STAYS_NEARLY, STRAYS };
enum staying affine_staying(const struct affinity *a, const struct uniformity *u, const struct ir_block *from,
			    const struct ir_block *to);

/* Do lanes that part at these branches do so rarely? */
bool affine_rare(const struct affinity *a, const struct branches *list);

#endif
