/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a verified program is decoded into: instructions as handlers take them, handler sets,
 * lane patterns.
 */
#ifndef VGPU_ENGINE_PROG_H
#define VGPU_ENGINE_PROG_H

#include "code.h"
#include "optable.h"

#define ENG_LANES	VGPU_WARP_LANES
#define ENG_SREGS_STEP	4	/* scalar files are copied so many at a time */
#define ENG_ALL		0xffffffffU

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
 * @md: memory descriptor, ENG_MD_WHOLE; elsewhere ENG_ROW_* of operands
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
#define ENG_MD_WHOLE	0x8000	/* of VGPU_MD_RESERVED: a lane's elements are one access */
#define ENG_MOST_WHOLE	16	/* bytes of it */
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
 * @chains: rows stay in registers within one of its handlers
 * @bytes: its records are permuted by bytes, see union eng_picks
 */
struct eng_isa {
	const char *name;
	const struct eng_table *full, *part;
	void (*run)(struct eng_warp *w);
	bool (*usable)(void);
	bool pairs;
	bool chains;
	bool bytes;
};

extern const struct eng_isa eng_isa_portable, eng_isa_avx2, eng_isa_avx512, eng_isa_avx512vnni, eng_isa_avx512fp16;
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

#define ENG_TWIN_UNIT	64	/* bytes: of so many is a struct eng_twin a multiple */

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

/*
 * Who may return to an instruction: nobody; any kernel, into a function that may be called; or those whose own
 * function it is in, ENG_RETURN_KERNEL + the function.
 */
#define ENG_RETURN_NONE		0
#define ENG_RETURN_ANY		1
#define ENG_RETURN_KERNEL	2

/**
 * struct engine_prog - a decoded program
 * @ops: instructions
 * @first: per instruction of the code object, its first element of @ops
 * @tables: jump targets as indices of @ops, parallel to the code's targets
 * @patterns: prepared patterns
 * @twins: loads of two records at once (fuse.c)
 * @return_points: per instruction: whose return point it is, ENG_RETURN_*; NULL where nothing is called
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
	u32 *return_points;
	const struct eng_isa *isa;
	u32 count;
	u32 twin_count;
};

#endif /* VGPU_ENGINE_PROG_H */
