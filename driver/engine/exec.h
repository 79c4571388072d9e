/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a verified program is executed: decoded instructions, warps and their
 * fragments, blocks, launches.  Shared by decode.c, launch.c, cta.c, frag.c,
 * mem.c and the handler sets.
 */
#ifndef VGPU_ENGINE_EXEC_H
#define VGPU_ENGINE_EXEC_H

#include "code.h"
#include "optable.h"

#define ENG_LANES	VGPU_WARP_LANES
#define ENG_SREGS_STEP	4	/* scalar files are copied so many at a time */
#define ENG_ALL		0xffffffffU

/* ---- decoded instructions ----------------------------------------------------- */

/**
 * struct eng_op - one decoded instruction (or a part of one)
 * @h: handler: 2 * enum eng_uop, + 1 where a guard is to be evaluated
 * @d: destination: its place in 32-bit words from the start of struct eng_warp
 * @a: source, likewise; from the start of this struct where @sel says immediate
 * @b: source
 * @c: source; of loads and stores, which address bits must be zero
 * @mod: the instruction's modifier
 * @g: guard: ENG_GUARD_* slot, ENG_GUARD_NOT
 * @imm: immediate
 * @x: for sources: the immediate's sign, so that both make 64 bit; else the handler's
 * @y: the handler's own
 * @pc: index of the instruction that it came from
 * @md: memory descriptor; elsewhere ENG_ROW_* of operands
 * @sel: ENG_SEL_*: which sources are the immediate
 * @fmode: float mode in force
 */
struct eng_op {
	u16 h;
	u16 d, a, b, c;
	u8 mod;
	u8 g;
	u32 y;
	u32 imm;	/* @imm and @x are read as one 64-bit source, too */
	u32 x;
	u32 pc;
	u16 md;
	u8 sel;
	u8 fmode;
} __aligned(8);

#define ENG_SEL_A	1
#define ENG_SEL_B	2
#define ENG_SEL_C	4
#define ENG_ROW_A	1	/* the source is a vector, not a single value */
#define ENG_ROW_B	2
#define ENG_ROW_C	4
#define ENG_OP_IMM	(offsetof(struct eng_op, imm) / 4)

#define ENG_MOD_FTZ	0x80	/* in the modifier of fneg, fabs, fmin, fmax */

#define ENG_GUARD_TRUE	VGPU_MAX_PREGS		/* slot of a predicate that always holds */
#define ENG_GUARD_SLOT	0x1f
#define ENG_GUARD_NOT	0x80

/* Handlers beyond the instructions themselves: parts and special cases. */
enum eng_uop {
	EU_BCAST = VGPU_OP_COUNT,	/* V temporary D = source A in every lane */
	EU_BCASTW,			/* the same, 64 bit */
	EU_FUEL,			/* straight code counts here */
	EU_LOST,			/* after the end of the program; never reached */
	EU_FPENV,			/* float environment = mode IMM, for one instruction */
	EU_FSAT, EU_DSAT, EU_HSAT, EU_BSAT,	/* saturation to [0, 1] of a result */
#define EV(NAME, VARIANT) EV_##NAME##_##VARIANT,
#include "variants.h"
#undef EV
#define EF(KIND, FIRST, SECOND) EF_##KIND##_##FIRST##_##SECOND,
#include "pairs.h"
#undef EF
	EU_COUNT
};

struct eng_warp;
struct eng_table;

/*
 * A handler executes @ip and then jumps to the next instruction's handler (a tail
 * call: no stack grows and no return is predicted), or returns NULL with @w->exit
 * set.  Builds that cannot rely on tail calls (sanitizers, -O0) return the next
 * instruction instead and are driven by a loop; see interp.h.
 */
typedef const struct eng_op *(*eng_handler)(const struct eng_op *ip, struct eng_warp *w,
					    const struct eng_table *table);

struct eng_table {
	eng_handler h[2 * EU_COUNT];
};

/**
 * struct eng_isa - a handler set
 * @name: as engine_init() takes it
 * @full: handlers while all 32 lanes are active
 * @part: handlers while some are not
 * @run: execute @w from @w->ip on until it leaves with @w->exit
 * @usable: this CPU can run it
 * @pairs: it has handlers of pairs (pairs.h)
 * @bytes: its records are permuted by bytes, see union eng_picks
 */
struct eng_isa {
	const char *name;
	const struct eng_table *full, *part;
	void (*run)(struct eng_warp *w);
	bool (*usable)(void);
	bool pairs;
	bool bytes;
};

extern const struct eng_isa eng_isa_portable, eng_isa_avx2, eng_isa_avx512, eng_isa_avx512fp16;
/** eng_isa_now() - the set that engine_init() chose */
const struct eng_isa *eng_isa_now(void);

/**
 * enum eng_pattern_kind - what is special about a lane pattern
 * @ENG_PAT_ANY: nothing
 * @ENG_PAT_STRIDE: offset = lane * stride
 */
enum eng_pattern_kind {
	ENG_PAT_ANY,
	ENG_PAT_STRIDE,
};

#define ENG_WINDOWS		4	/* that half a warp's elements may lie in */
#define ENG_WINDOW_BYTES	64

/**
 * enum eng_record_kind - how a record's lanes are permuted out of its windows
 * @ENG_REC_NONE: not at all, lane by lane
 * @ENG_REC_D2: words of 32 bits, from 2 windows
 * @ENG_REC_D4: words of 32 bits, from 4 windows
 * @ENG_REC_W2: pairs of words of 16 bits, from 2 windows
 * @ENG_REC_W3: pairs of words of 16 bits, from 3 windows
 */
enum eng_record_kind {
	ENG_REC_NONE,
	ENG_REC_D2,
	ENG_REC_D4,
	ENG_REC_W2,
	ENG_REC_W3,
};

/**
 * struct eng_windows - where on memory a record's windows lie; one load reads it all
 * @first: the first window of the lower lanes
 * @step: from each to the next, so that addresses are sums
 * @half: from those of the lower lanes to those of the upper ones
 */
struct eng_windows {
	u16 first, step;
	s32 half;
} __aligned(8);

/**
 * union eng_picks - what half a warp's lanes take from windows; the other half takes the same
 * @dword: 32-bit words of windows 0 and 1, or of 2 and 3
 * @word: 16-bit words of windows 0 and 1, or of 2; two a lane
 * @byte: bytes of any window, instead of words in sets that have that; four a lane
 */
union eng_picks {
	u32 dword[ENG_LANES / 2];
	u16 word[ENG_LANES];
	u8 byte[2 * ENG_LANES];
} __aligned(64);

/**
 * struct eng_record - a pattern as permutations of a few windows
 * @picks: by lane
 * @windows: where they are
 * @last: the last byte that is read
 * @kind: enum eng_record_kind
 * @take: by bit, in the first the lanes (D) or words (W) from windows 2 and 3; by bytes, the
 *	bytes from each window
 */
struct eng_record {
	union eng_picks picks;
	struct eng_windows windows;
	u32 last;
	u32 kind;
	u64 take[3];
};

/**
 * struct eng_twin - two records of one base, which share windows
 * @picks: of each
 * @windows: of both
 * @last: the last byte that is read
 * @imm: the lower one of the instructions' offsets; all else is from there
 * @align: what bits of the address must be zero
 * @kind: enum eng_record_kind
 * @take: of each
 */
struct eng_twin {
	union eng_picks picks[2];
	struct eng_windows windows;
	u32 last;
	s32 imm;
	u32 align;
	u32 kind;
	u64 take[2][3];
};

/**
 * struct eng_pattern - a lane pattern, prepared
 * @offset: byte offset per lane
 * @max: the largest
 * @bits: all of them or'ed: what they are aligned to
 * @stride: for ENG_PAT_STRIDE
 * @kind: enum eng_pattern_kind
 * @record: for elements of 32 bits, and for those of 16
 */
struct eng_pattern {
	u32 offset[ENG_LANES] __aligned(64);
	u32 max;
	u32 bits;
	u32 stride;
	u32 kind;
	struct eng_record record[2];
};

/**
 * struct engine_prog - a decoded program
 * @ops: instructions
 * @first: per instruction of the code object, its first element of @ops
 * @tables: jump targets as indices of @ops, parallel to the code's targets
 * @patterns: prepared patterns
 * @twins: loads of two records at once (fuse.c)
 * @need: per instruction: 0, or for a return point 1 + the V registers that its
 *	function may touch; NULL where nothing is called
 * @isa: the handler set that @ops were made for
 * @count: number of @ops
 * @twin_count: number of @twins
 */
struct engine_prog {
	struct eng_op *ops;
	u32 *first;
	u32 *tables;
	struct eng_pattern *patterns;
	struct eng_twin *twins;
	u16 *need;
	const struct eng_isa *isa;
	u32 count;
	u32 twin_count;
};

/* ---- fragments and warps -------------------------------------------------------- */

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
 * @nfrags: fragments there are
 * @cur: which of @frags runs
 * @straight: threads differ in their first index only, by one from lane to lane
 * @p: predicates; slot ENG_GUARD_TRUE is all ones
 * @s: scalars of the running fragment
 * @tmp: broadcast sources, by operand
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
	u32 index;
	u32 tid[3];
	struct engine_cta *cta;
	u64 *save;
	u32 nsregs;
	u32 nvregs;
	u32 slots;
	u8 nfrags;
	u8 cur;
	bool straight;

	u32 p[32] __aligned(64);
	u64 s[VGPU_MAX_SREGS] __aligned(64);
	u32 tmp[3][2 * ENG_LANES] __aligned(64);
	u64 addr[ENG_LANES] __aligned(64);
	struct eng_frag frags[ENG_LANES];
	u32 v[] __aligned(64);
};

#define ENG_WORD(member)	(offsetof(struct eng_warp, member) / 4)

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
const struct eng_op *eng_bsync(struct eng_warp *w, const struct eng_op *ip, u32 members);
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

/* ---- cta.c: the block's side of barriers ------------------------------------------------ */

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

/** eng_tlb_find() - the translation of global @va; 0, or the error of translate() */
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

/** eng_sreg() - a special register, for one lane */
u64 eng_sreg(const struct eng_warp *w, u32 which, u32 lane);
void eng_sreg_row(const struct eng_warp *w, u32 which, u32 *out);

/* ---- fuse.c ---------------------------------------------------------------------------------- */

/** eng_fuse() - let one handler execute what often follows each other; 0 or -EINTR */
int eng_fuse(struct engine_prog *prog);

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
