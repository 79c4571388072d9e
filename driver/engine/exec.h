/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a verified program is executed: blocks and launches, and what the engine's parts
 * offer each other and the handler sets.
 */
#ifndef VGPU_ENGINE_EXEC_H
#define VGPU_ENGINE_EXEC_H

#include "warp.h"

/* ---- blocks and launches ------------------------------------------------------------ */

#define ENG_BARRIERS	16
#define ENG_CLUSTER_BAR	ENG_BARRIERS	/* the one more, of clusters of one block */
#define ENG_MAX_WARPS	(ENGINE_MAX_THREADS / ENG_LANES)

/**
 * struct eng_barrier - a barrier of the block
 * @arrived: lanes that are here, by warp
 * @expected: threads; 0: all
 * @missing: a warp that was seen not to be here wholly
 * @holds: of the reduction so far: lanes in which the predicate holds
 * @fails: and in which it does not
 */
struct eng_barrier {
	u32 arrived[ENG_MAX_WARPS];
	u32 expected;
	u32 missing;
	u32 holds;
	u32 fails;
};

enum eng_stage { ENG_STAGE_PRE, ENG_STAGE_RUN, ENG_STAGE_DONE };

struct engine_cta {
	struct engine_launch *launch;
	u64 block;
	u32 ctaid[3];
	u32 smid;
	u32 stage;
	u32 nwarps;
	u32 ready;		/* warps that can go on */
	u32 live;		/* warps that have not ended */
	u32 cur;
	u32 yields;		/* in a row */
	u32 mode;		/* float mode that MXCSR holds, ~0: another */
	bool keep_tlb;		/* the next engine_run() is in the same slice as the last */
	u64 page;
	bool page_write;
	s64 left;
	s64 insns, done_blocks;	/* not yet counted in @launch */
	struct eng_warp *warp[ENG_MAX_WARPS];
	u32 bars_busy, bars_used;
	struct eng_barrier bar[ENG_BARRIERS + 1];
	struct eng_tlb tlb;
	u64 s[VGPU_MAX_SREGS];
};

struct engine_launch {
	struct engine_code *code;
	const struct engine_prog *prog;
	const struct vgpu_code_kernel *kernel;
	const struct engine_mem_ops *mem;
	void *as;
	u8 *param;
	u32 param_size;
	u32 grid[3], block[3];
	u32 threads, nwarps;
	bool straight;		/* a warp's threads differ in their first index only */
	u32 dynamic_shared, shared_size, local_size;
	u32 sm_count;
	u64 clock_mult;		/* ticks of %clock a nanosecond, in 2^-32 */
	u64 grid_id;
	u64 blocks;
	const struct eng_op *entry;
	size_t warp_bytes, shared_at, local_at, local_warp, cta_bytes;
	bool grid_done;		/* @s holds the grid preamble's results */
	u32 stop;		/* enum vgpu_stop */
	u32 faulted;
	struct engine_fault fault;
	atomic64_t insns, done_blocks;
	u64 s[VGPU_MAX_SREGS];
	u32 tid[ENG_MAX_WARPS][3];	/* index of each warp's first thread */
};

/* ---- frag.c: fragments --------------------------------------------------------------- */

/*
 * These return the next instruction to execute, of whatever fragment, or NULL with
 * @w->exit set; @w->table may have changed.
 */
const struct eng_op *eng_exit_lanes(struct eng_warp *w, const struct eng_op *ip, u32 lanes);
const struct eng_op *eng_bsync(struct eng_warp *w, const struct eng_op *ip, u64 members);
const struct eng_op *eng_brx(struct eng_warp *w, const struct eng_op *ip);
const struct eng_op *eng_calli(struct eng_warp *w, const struct eng_op *ip);
const struct eng_op *eng_ret(struct eng_warp *w, const struct eng_op *ip);
const struct eng_op *eng_yield(struct eng_warp *w, const struct eng_op *ip);
const struct eng_op *eng_sleep(struct eng_warp *w, const struct eng_op *ip);
const struct eng_op *eng_bar(struct eng_warp *w, const struct eng_op *ip);
/** eng_split() - lanes @taken go on at @target, the rest at the returned @next */
const struct eng_op *eng_split(struct eng_warp *w, const struct eng_op *target,
			       const struct eng_op *next, u32 taken);
void eng_break(struct eng_warp *w, const struct eng_op *ip, u32 lanes);
/**
 * eng_sync() - lanes are at a .sync instruction
 * @w: the warp
 * @ip: the instruction
 * @e: the lanes
 * @need: lanes that must be there to execute it
 *
 * Return: the lanes to execute it for; 0 where the fragment must wait: then
 * @w->ip is where to go on (another fragment) or NULL.
 */
u32 eng_sync(struct eng_warp *w, const struct eng_op *ip, u32 e, u32 need);
/** eng_next() - leave the running fragment at @ip in @state; go on with another one */
const struct eng_op *eng_next(struct eng_warp *w, const struct eng_op *ip, u32 state);
/** eng_rotate() - at the end of a slice: let another ready fragment be next */
void eng_rotate(struct eng_warp *w);
/** eng_force() - release a convergence point of a warp that cannot go on; false: none */
bool eng_force(struct eng_warp *w);
/** eng_wake() - ready the fragments whose sleep is over; returns how many still sleep */
u32 eng_wake(struct eng_warp *w, u64 now);
/** eng_resume() - make sure that a ready fragment is the running one; false: none is */
bool eng_resume(struct eng_warp *w);
/** eng_set_mode() - float mode @mode into MXCSR */
void eng_set_mode(struct eng_warp *w, u32 mode);

/** eng_is_bsync() - @op is BSYNC, whatever its handler does besides */
static inline bool eng_is_bsync(const struct eng_op *op)
{
	return op->h / 2 == VGPU_OP_BSYNC || op->h / 2 == EV_BSYNC_EXIT;
}

/* ---- bar.c: the block's side of barriers ------------------------------------------------ */

void eng_bars_check(struct engine_cta *cta);

/* An index below @n also where a branch on it was mispredicted (data, not control) */
static __always_inline u64 eng_below(u64 i, u64 n)
{
	u64 mask;

	__asm__("cmp %2, %1; sbb %0, %0" : "=r"(mask) : "r"(i), "rm"(n) : "cc");
	return i & mask;
}

/* All ones where [@at, @at + @len) lies in @n bytes, else 0; data likewise. @len is not 0. */
static __always_inline u64 eng_within(u64 at, u64 len, u64 n)
{
	u64 last = len - 1, mask;

	/* where the sum wraps, the last byte is beyond all */
	__asm__("add %2, %0; sbb %1, %1; or %1, %0; cmp %3, %0; sbb %1, %1"
		: "+&r"(last), "=&r"(mask) : "r"(at), "rm"(n) : "cc");
	return mask;
}

/*
 * A scalar file, word by word: a wider load would wait for the narrow stores before it,
 * and a general copy costs more than so few words.
 */
static inline void eng_copy_scalars(u64 *d, const u64 *s, u32 n)
{
	u32 i;

	for (i = 0; i < n; i += ENG_SREGS_STEP) {
		d[i] = READ_ONCE(s[i]);
		d[i + 1] = READ_ONCE(s[i + 1]);
		d[i + 2] = READ_ONCE(s[i + 2]);
		d[i + 3] = READ_ONCE(s[i + 3]);
	}
}

/* ---- mem.c: memory, slowly, and faults ----------------------------------------------------- */

/* Operand @f (A, B or C) of a control or lane instruction, for one lane. */
u32 eng_source(const struct eng_warp *w, const struct eng_op *ip, enum op_field f, u32 lane);

/** eng_fault_launch() - note what stopped a launch, if nothing did before; @f is copied */
void eng_fault_launch(struct engine_launch *launch, const struct engine_fault *f);
/** eng_fault() - stop the launch; returns NULL for handlers to return */
const struct eng_op *eng_fault(struct eng_warp *w, const struct eng_op *ip, u32 kind, u32 lane);

/** eng_tlb_find() - the translation of global @va, cached (tlb.c); 0, or the error of translate() */
int eng_tlb_find(struct eng_warp *w, u64 va, bool write, struct eng_tlb_entry **out);

/*
 * Any load, store, cp.async or scalar load, lane by lane. They return the next
 * instruction, or NULL with @w->exit set.
 */
const struct eng_op *eng_load(struct eng_warp *w, const struct eng_op *ip, u32 lanes);
const struct eng_op *eng_store(struct eng_warp *w, const struct eng_op *ip, u32 lanes);
const struct eng_op *eng_cpasync(struct eng_warp *w, const struct eng_op *ip, u32 lanes);
const struct eng_op *eng_sld(struct eng_warp *w, const struct eng_op *ip);
/**
 * eng_pointers() - translate one naturally contiguous access a lane, all lanes
 * @w: @w->addr holds the addresses
 * @ip: the instruction, for the fault
 * @lanes: that take part
 * @space: enum vgpu_space
 * @bytes: of each access
 * @align: of what the addresses must be multiples, in bytes
 * @write: it must be writable
 * @ptr: receives a pointer a lane
 *
 * Return: true, or false with the fault or the missing page noted in @w->exit.
 */
bool eng_pointers(struct eng_warp *w, const struct eng_op *ip, u32 lanes, u32 space,
		  u32 bytes, u32 align, bool write, u8 *ptr[ENG_LANES]);

/* ---- bulk.c: copies of many bytes ------------------------------------------------------------ */

#define ENG_BULK_CHUNK	2048	/* bytes that a lane moves before others have a turn */
#define ENG_TENSOR_CHUNK 256	/* those of a tensor, which move by 16 */

/**
 * eng_bulk_aligned() - check sizes and addresses of a BULK or BULKRED
 * @w: the warp
 * @ip: the instruction
 * @lanes: that take part
 * @by: of what they must be multiples, in bytes
 *
 * Return: true, or false with the fault noted in @w->exit.
 */
bool eng_bulk_aligned(struct eng_warp *w, const struct eng_op *ip, u32 lanes, u32 by);
/**
 * eng_bulk_step() - the next piece of a lane's work
 * @w: the warp
 * @ip: the instruction
 * @lane: the lane
 * @max: most bytes of it
 * @write_other: A is stored to; else loaded from
 * @shared: receives where it lies in shared memory
 * @other: receives where it lies at A; may be NULL: there is no A
 *
 * Return: bytes that lie contiguously on both sides, 0 where the lane is done, -1 with
 * the fault or the missing page noted in @w->exit.
 */
int eng_bulk_step(struct eng_warp *w, const struct eng_op *ip, u32 lane, u32 max,
		  bool write_other, u8 **shared, u8 **other);
/** eng_bulk_next() - where to go on: @ip again while a lane of @lanes is not done */
const struct eng_op *eng_bulk_next(struct eng_warp *w, const struct eng_op *ip, u32 lanes,
				   u32 bytes);
const struct eng_op *eng_bulk(struct eng_warp *w, const struct eng_op *ip, u32 lanes);

/* ---- tensor.c: boxes of tensors --------------------------------------------------------------- */

/**
 * struct eng_tensor - a lane's TENSOR or TENSORRED at work
 * @map: the description, checked
 * @at: coordinates of the box
 * @count: elements that are taken, by dimension
 * @log2: bytes of an element
 * @row: bytes of the box along the innermost dimension
 * @pitch: bytes from one row to the next in shared memory
 * @total: bytes of the box
 */
struct eng_tensor {
	struct vgpu_tensor_map map;
	s32 at[VGPU_TENSOR_RANKS];
	u32 count[VGPU_TENSOR_RANKS];
	u32 log2, row, pitch, total;
};

/**
 * struct eng_run - bytes that move together
 * @shared: where in shared memory
 * @other: where in the tensor; NULL: it is not there
 * @n: how many
 */
struct eng_run {
	u8 *shared, *other;
	u32 n;
};

/** eng_tensor_open() - read and check; false: the fault or missing page is noted in @w->exit */
bool eng_tensor_open(struct eng_warp *w, const struct eng_op *ip, u32 lane, struct eng_tensor *t);
/** eng_tensor_run() - what comes at byte @done of the box; false as above */
bool eng_tensor_run(struct eng_warp *w, const struct eng_op *ip, u32 lane,
		    const struct eng_tensor *t, u32 done, bool write, struct eng_run *run);
const struct eng_op *eng_tensor(struct eng_warp *w, const struct eng_op *ip, u32 lanes);
/** eng_again() - where to go on: @ip again if there is @more to do */
const struct eng_op *eng_again(struct eng_warp *w, const struct eng_op *ip, bool more, u32 bytes);

/**
 * eng_piece() - what lies contiguously from an address on
 * @w: the warp
 * @ip: the instruction, for the fault
 * @space: enum vgpu_space; local memory has no such pieces
 * @va: the address
 * @lane: whose it is
 * @write: it must be writable
 * @ptr: receives where it is
 *
 * Return: bytes, or 0 with the fault or the missing page noted in @w->exit.
 */
u64 eng_piece(struct eng_warp *w, const struct eng_op *ip, u32 space, u64 va, u32 lane,
	      bool write, u8 **ptr);
/** eng_misaligned() - note that lane @lane's @va of @space is; returns NULL */
const struct eng_op *eng_misaligned(struct eng_warp *w, const struct eng_op *ip, u32 space,
				    u64 va, u32 lane);

/* ---- sreg.c: special registers --------------------------------------------------------------- */

/** eng_sreg() - a special register, for one lane */
u64 eng_sreg(const struct eng_warp *w, u32 which, u32 lane);
void eng_sreg_row(const struct eng_warp *w, u32 which, u32 *out);

/* ---- fuse.c ---------------------------------------------------------------------------------- */

/** eng_fuse() - let one handler execute what often follows each other; 0, -ENOMEM or -EINTR */
int eng_fuse(struct engine_code *code);

/* ---- pattern.c ------------------------------------------------------------------------------- */

/** eng_pattern_prepare() - fill @out, zeroed, from a verified pattern; @bytes: see struct eng_isa */
void eng_pattern_prepare(struct eng_pattern *out, const struct vgpu_code_pattern *in, bool bytes);
/** eng_twin_prepare() - fill @t, zeroed, for the loads @op[0] and @op[1]; false: no few windows */
bool eng_twin_prepare(struct eng_twin *t, const struct eng_op *op, const struct engine_prog *prog);

/* ---- preamble.c ------------------------------------------------------------------------------ */

/**
 * eng_preamble() - run a preamble
 * @launch: the launch
 * @cta: the block, NULL for the grid's
 * @pc: where it starts
 * @s: scalars
 * @va: receives the address of a load that did not succeed
 * @at: receives the index of its instruction
 *
 * At most VGPU_MAX_PREAMBLE instructions.
 *
 * Return: 0, or a load's -EFAULT, -EAGAIN with *@va and *@at set.
 */
int eng_preamble(struct engine_launch *launch, struct engine_cta *cta, u32 pc, u64 *s,
		 u64 *va, u32 *at);

#endif /* VGPU_ENGINE_EXEC_H */
