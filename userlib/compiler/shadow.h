/* SPDX-License-Identifier: MIT */
/*
 * Shadows: of a value that is a scalar plus a pattern of lanes, the scalar. Accesses whose
 * addresses have one name it and the pattern, and need no address in every lane.
 */
#ifndef VGPU_COMPILER_SHADOW_H
#define VGPU_COMPILER_SHADOW_H

#include "affine.h"

#define MAX_ANCHORS 64

enum shadow_kind {
	SHADOW_NONE,
	SHADOW_CONSTANT, /* the lane alone decides */
	SHADOW_SCALAR,   /* uniform */
	SHADOW_THREAD,   /* %tid.x: the warp's first one */
	SHADOW_LINEAR,   /* from the shadows of what it is computed from */
	SHADOW_ANCHOR,   /* found when the program runs: lanes that have another one part (s.base) */
};

/**
 * struct anchor - where lanes may part
 * @b: the block
 * @region: bit by block id: what lanes come to before those that parted may have met again
 * @used: accesses that gain come from it
 */
struct anchor {
	struct ir_block *b;
	u64 *region;
	bool used;
};

/**
 * struct shadows - what selection is to do
 * @aff: patterns of values
 * @kind: by register id, enum shadow_kind
 * @wanted: by register id: selection is to make it
 * @deps: by register id: bits of the anchors that it comes from
 * @anchor: those
 * @nanchors: their number
 * @meeting: by the id of a block with anchors: where lanes that parted there are to meet; NULL: nowhere
 */
struct shadows {
	const struct affinity *aff;
	u8 *kind, *wanted;
	u64 *deps;
	struct anchor anchor[MAX_ANCHORS];
	u32 nanchors;
	struct ir_block **meeting;
};

/* How an access says its address without a shadow. */
enum plain_form { PLAIN_SCALAR, PLAIN_OFFSET, PLAIN_WHOLE };

/**
 * struct shadow_input - what the plan is made from
 * @patterns: how many the code object has room for
 * @form: how selection would say the address
 * @b: the function, in SSA
 * @loops: its loops
 * @u: which values are the same in all lanes
 * @shape: of the launch
 * @ctx: handed to @form
 */
struct shadow_input {
	struct ir_body *b;
	const struct ir_loops *loops;
	const struct uniformity *u;
	enum vgpucc_shape_class shape;
	u32 patterns;
	enum plain_form (*form)(void *ctx, const struct ir_mem *m);
	void *ctx;
};

/* Decides; accesses that are to use a shadow have ir_mem.shadow set. */
struct shadows *plan_shadows(const struct shadow_input *in);

/*
 * Of a sum or product: what is added to that of the operands' shadows, because the lowest
 * lane of a pattern is not the same one in all of them.
 */
s64 shadow_addend(const struct shadows *s, const struct ir_insn *i);

#endif
