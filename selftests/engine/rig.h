/* SPDX-License-Identifier: MIT */
/*
 * Runs texts on the engine: a flat global memory, launches to their end.
 */
#ifndef ENGINE_RIG_H
#define ENGINE_RIG_H

#include "../../driver/engine/engine.h"

#define RIG_BASE	0x7f0000000000ull	/* GPU address of the memory */
#define RIG_LEAD	(2u << 20)		/* that lies before it, in large pieces */

/**
 * struct rig - memory and what the last launch did
 * @mem: global memory, at RIG_BASE
 * @size: its bytes
 * @read_only: bytes at its end that stores must not touch
 * @span: largest piece that a translation gives, 0 for all of it
 * @large: pieces begin so far before the memory that handlers take the way for large ones
 * @absent: pages of 4 KiB (a byte each) that must be brought in first, or NULL
 * @lookups: translations asked for so far
 * @lasts: after so many of them everything is unmapped, 0: never
 * @budget: warp instructions a slice
 * @until: engine_ticks() at which a slice ends, too; 0: at its first look at the clock
 * @most: what a slice has executed at most, as budgets count it
 * @insns: what the last launch has executed, likewise
 * @slices: most slices before the launch is stopped
 * @stop: VGPU_STOP_* of that
 * @msg: why a text was not run
 * @fault: the launch's fault
 */
struct rig {
	u8 *mem;
	size_t size;
	size_t read_only;
	size_t span;
	bool large;
	u8 *absent;
	u32 lookups;
	u32 lasts;
	u32 budget;
	u64 until;
	u64 most;
	u64 insns;
	u32 slices;
	u32 stop;
	char msg[200];
	struct engine_fault fault;
};

/** struct rig_grid - the shape of a launch and what it is given */
struct rig_grid {
	u32 grid[3], block[3];
	const void *param;
	u32 param_size;
	u32 dynamic_shared, stack_size;
};

void rig_init(struct rig *r, size_t size);
void rig_free(struct rig *r);
/** rig_load() - a text's code object, or NULL and @r->msg */
struct engine_code *rig_load(struct rig *r, const char *text);
/** rig_launch() - run kernel @index to its end; ENGINE_DONE or ENGINE_FAULT, or -1 and @r->msg */
int rig_launch(struct rig *r, struct engine_code *code, unsigned int index,
	       const struct rig_grid *g);
/** rig_run() - rig_load() and rig_launch() of the first kernel */
int rig_run(struct rig *r, const char *text, const struct rig_grid *g);

/** rig_sets() - names of the handler sets that this processor can run, NULL at the end */
const char * const *rig_sets(void);

#endif /* ENGINE_RIG_H */
