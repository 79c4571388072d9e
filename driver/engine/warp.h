/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Warps and their fragments: all that handlers touch lies here.
 */
#ifndef VGPU_ENGINE_WARP_H
#define VGPU_ENGINE_WARP_H

#include "prog.h"

enum eng_frag_state {
	ENG_READY,
	ENG_BSYNC,	/* at a convergence point */
	ENG_SYNC,	/* at a .sync instruction, for other lanes */
	ENG_BAR,	/* at a barrier of the block */
	ENG_SLEEP,
};

/**
 * struct eng_frag - lanes that share a program counter
 * @ip: where they go on (ENG_SYNC, ENG_BSYNC, ENG_BAR: the waiting instruction itself)
 * @wake: ENG_SLEEP: when
 * @mask: the lanes
 * @lanes: ENG_SYNC: those of them that take part
 * @need: ENG_SYNC: lanes that must arrive
 * @state: enum eng_frag_state
 * @mode: float mode
 * @slot: where its scalars are kept while another one runs
 * @bar: ENG_BAR: number of the barrier
 */
struct eng_frag {
	const struct eng_op *ip;
	u64 wake;
	u32 mask;
	u32 lanes;
	u32 need;
	u8 state;
	u8 mode;
	u8 slot;
	u8 bar;
};

/* Why handlers came back. */
enum eng_exit {
	ENG_EXIT_DONE,		/* the warp has ended */
	ENG_EXIT_BLOCKED,	/* every fragment waits */
	ENG_EXIT_FUEL,
	ENG_EXIT_YIELD,
	ENG_EXIT_FAULT,
	ENG_EXIT_PAGE,
};

/**
 * struct eng_tlb_entry - a cached translation
 * @va: first address
 * @size: bytes, 0 for none
 * @ptr: where it lies
 * @writable: not 0 where stores are allowed
 */
struct eng_tlb_entry {
	u64 va;
	u64 size;
	u8 *ptr;
	u64 writable;
};

/* Large pieces are looked up by 2 MiB of address, others by 4 KiB. */
#define ENG_TLB_LARGE	32
#define ENG_TLB_SMALL	32

#define ENG_STREAMS	32

struct eng_tlb {
	struct eng_tlb_entry large[ENG_TLB_LARGE];
	struct eng_tlb_entry small[ENG_TLB_SMALL];
	u64 used;	/* one bit an entry, so that forgetting is quick */
	u64 next[ENG_STREAMS];	/* by instruction: where a row follows the last one */
};

#define ENG_DEAR	16	/* fuel beyond the 1 that each instruction takes */
#define ENG_MISS	32	/* fuel that a translation takes which is not cached */

/**
 * struct eng_warp - a warp; everything that handlers touch lies here
 * @mask: lanes of the running fragment
 * @dead: lanes that have ended or never were
 * @fuel: instructions left; what takes as long as many takes ENG_DEAR more
 * @exit: enum eng_exit
 * @spared: what was taken from @fuel and is not spent
 * @table: handlers for @mask
 * @ip: where to go on
 * @tlb: translations of the block
 * @shared: shared memory of the block
 * @local: local memory of the warp, @local_size for each lane
 * @param: parameters of the launch
 * @patterns: lane patterns of the program
 * @twins: its loads of two records at once
 * @shared_size: bytes of @shared
 * @local_size: bytes of local memory a lane, the call stack included
 * @param_size: bytes of @param
 * @mode: float mode now in MXCSR
 * @strong: strong loads and atomics seen: the signs of spinning
 * @turns: slices of fragments since some last met
 * @index: number of the warp in its block
 * @tid: index of the first thread
 * @cta: the block
 * @nsregs: scalars of a fragment
 * @nvregs: rows of @v
 * @slots: places in @save that are taken, a bit each
 * @points: convergence points made so far
 * @nfrags: fragments there are
 * @cur: which of @frags runs
 * @straight: threads differ in their first index only, by one from lane to lane
 * @p: predicates; slot ENG_GUARD_TRUE is all ones
 * @s: scalars of the running fragment
 * @tmp: broadcast sources, by operand
 * @sync32: those of .sync instructions, whose lanes may wait while other fragments broadcast theirs: each lane's is
 *	its own, so that only rows of the same width may share a place
 * @sync64: the same, of 64 bits
 * @addr: lane addresses of a slow memory instruction
 * @save: scalars of fragments that do not run, @nsregs (a multiple of ENG_SREGS_STEP) each
 * @frags: the fragments
 * @v: vector registers
 */
struct eng_warp {
	u32 mask;
	u32 dead;
	s32 fuel;
	u32 exit;
	const struct eng_table *table;
	const struct eng_op *ip;
	struct eng_tlb *tlb;
	u8 *shared;
	u8 *local;
	const u8 *param;
	const struct eng_pattern *patterns;
	const struct eng_twin *twins;
	u32 shared_size;
	u32 local_size;
	u32 param_size;
	u32 mode;
	u32 strong;
	u32 turns;
	u32 spared;
	u32 index;
	u32 tid[3];
	struct engine_cta *cta;
	u64 *save;
	u32 nsregs;
	u32 nvregs;
	u32 slots;
	u32 points;
	u8 nfrags;
	u8 cur;
	bool straight;

	u32 p[32] __aligned(64);
	u64 s[VGPU_MAX_SREGS] __aligned(64);
	u32 tmp[3][2 * ENG_LANES] __aligned(64);
	u32 sync32[3][ENG_LANES] __aligned(64);
	u64 sync64[3][ENG_LANES] __aligned(64);
	u64 addr[ENG_LANES] __aligned(64);
	struct eng_frag frags[ENG_LANES];
	u32 v[] __aligned(64);
};

#define ENG_WORD(member)	(offsetof(struct eng_warp, member) / 4)

#endif /* VGPU_ENGINE_WARP_H */
