/* SPDX-License-Identifier: MIT */
/*
 * Machine IR: vISA instructions over virtual registers, in SSA form, one
 * list a block. Selection (lower*.c) makes it, allocation (color.c) gives
 * every virtual register its place, emission (emit.c) writes the words.
 */
#ifndef VGPU_COMPILER_MIR_H
#define VGPU_COMPILER_MIR_H

#include "../../uapi/vgpu_isa.h"
#include "ir.h"

enum mclass { MC_S, MC_V, MC_W, MC_P, MC_COUNT };

#define M_NOREG  0xffffffffu
#define M_NOPHYS 0xffffu

/* Operand kinds of the instruction table, columns D, A, B, C. */
enum mkind {
	MK__,
	MK_V,
	MK_W,
	MK_X,
	MK_Y,
	MK_S,
	MK_T,
	MK_P,
	MK_R,
	MK_G,
	MK_M,
	MK_N,
};

enum mimm {
	MI_ZERO,
	MI_NUM,
	MI_TARGET,
	MI_FUNC,
	MI_SRC,
	MI_FMODE,
	MI_SREG,
	MI_OFFSET,
	MI_SHFL,
	MI_ATOMIC,
	MI_CPOFF,
	MI_MMA,
};

enum mopclass {
	MOC_CTRL,
	MOC_SCALAR,
	MOC_SMEM,
	MOC_SVEC,
	MOC_ALU,
	MOC_LANE,
	MOC_MEM,
	MOC_MAT,
};

/* One row of uapi/vgpu_isa_ops.h. */
struct mop_info {
	const char *name;
	u8 kind[4];
	u8 imm, cls;
};

extern const struct mop_info mop_table[VGPU_OP_COUNT];

/* Pseudo instructions, gone after emission. */
enum {
	MOP_PHI = VGPU_OP_COUNT, /* d = args[i] on the edge from preds[i] */
	MOP_LABEL,               /* where a MOP_SKIP before it goes */
	MOP_COUNT
};

enum mo_kind {
	MO_NONE,   /* field is zero */
	MO_ABSENT, /* VGPU_NONE */
	MO_REG,    /* virtual register */
	MO_GROUP,  /* consecutive virtual registers */
	MO_IMM,    /* value in imm, of X, Y and T operands */
	MO_NUM,    /* plain number */
	MO_PHYS,   /* physical register: reserved ones, and after allocation */
};

/**
 * struct mopnd - an operand field
 * @kind: enum mo_kind
 * @cls: MO_PHYS: enum mclass
 * @n: MO_GROUP: members
 * @num: MO_NUM: the number; MO_PHYS and, after allocation, MO_GROUP: first
 *	physical register
 * @reg: MO_REG: virtual register
 * @group: MO_GROUP: its members
 * @imm: MO_IMM: the bits
 */
struct mopnd {
	u8 kind, cls;
	u8 n;
	u16 num;
	union {
		u32 reg;
		u32 *group;
		u64 imm;
	};
};

/* Flags of a machine instruction. */
enum {
	MF_C_DEF = 1 << 0, /* operand C is a predicate result */
	MF_SKIP = 1 << 1,  /* BRA: to the next MOP_LABEL of the block */
	MF_FRAME = 1 << 2, /* emission adds the frame's size to the immediate */
	MF_ALLOC = 1 << 4, /* made by allocation, gone when it starts over */
	MF_SIDE = 1 << 3,  /* keep although nothing uses it */
	MF_GRID = 1 << 5,  /* the same in the whole grid: see preamble.c */
	MF_BLOCK = 1 << 6, /* ... in a block */
};

/**
 * struct minsn - a machine instruction
 * @op: enum vgpu_op or a pseudo instruction
 * @mode: VGPU_FMODE_* it must run in, or MODE_ANY
 * @guard: predicate register or M_NOREG; allocated: 0-15
 * @d: destination, or the data of a store
 * @pdef: predicate written through MOD (shfl, carry out), or M_NOREG
 * @puse: predicate read through MOD (carry in), or M_NOREG
 * @prior: per register defined (d's, then C, then pdef): the value that lanes
 *	with a false guard keep, M_NOREG where it does not matter; NULL: none
 * @args: MOP_PHI: one a predecessor; MO_REG, MO_IMM or MO_NONE (undefined)
 * @target: BRA, SBR
 * @next: in its block
 * @prev: in its block
 * @block: where it is
 * @mod: the instruction's modifier
 * @flags: MF_*
 * @guard_not: executes where @guard is false
 * @imm: of the instruction word
 * @line: PTX line
 * @seq: for the pass that is running: its place
 * @a: first source
 * @b: second source
 * @c: third source, or a second destination
 *
 * CALL: imm is the function, by its place in the object
 */
struct minsn {
	struct minsn *next, *prev;
	struct mblock *block;
	u16 op;
	u8 mod, mode, flags;
	bool guard_not;
	u32 guard;
	u32 imm;
	u32 line;
	u32 seq;
	struct mopnd d, a, b, c;
	u32 pdef, puse;
	u32 *prior;
	struct mopnd *args;
	struct mblock *target;
};

#define MODE_ANY 0xff

struct mblock {
	u32 id; /* index in mfunc->blocks: layout order */
	struct ir_block *ir;
	struct minsn *first, *last;
	struct mblock **succs, **preds;
	u32 nsuccs, npreds;
	struct mblock *idom, *dom_first, *dom_next;
	u32 *livein, *liveout; /* virtual registers; phis' results not in livein */
	u32 nlivein, nliveout, livein_cap, liveout_cap;
	u32 loop_depth;
	u32 start; /* emission: first instruction */
	u32 mark;
};

struct mvreg {
	u8 cls;
	u16 phys;
	struct minsn *def;
	u32 hint;            /* another register to share a place with */
	u32 *tuple;          /* a group it is member of ... */
	u8 tuple_n, tuple_i; /* ... of so many, at this index */
	bool narrow;         /* scalar of which 32 bits matter */
	bool pinned;         /* never spilled */
};

/**
 * struct mfunc - one function being compiled
 * @frame: bytes of the local frame used so far
 * @nphys: registers of each file used
 * @stack: it addresses its frame through the stack pointer S0, or calls
 * @arena: everything below lives here
 * @diag: errors go here
 * @name: as in PTX
 * @vregs: virtual registers
 * @nvregs: how many
 * @vregs_cap: room there
 * @blocks: in layout order; blocks[0] is the entry
 * @nblocks: how many
 * @ninsns: instructions made so far
 * @entry: a kernel
 * @has_calls: it calls a function
 * @scratch: by file: copies of phis need a register beyond @nphys
 * @wbase: first V register that W registers are made of
 * @link: return point, in functions
 * @steps: see spend()
 * @jump: jump tables
 * @njump: how many
 * @save_base: where the frame's area for values saved over calls begins
 * @save_size: bytes of that
 */
struct mfunc {
	struct arena *arena;
	struct diag *diag;
	const char *name;
	struct mvreg *vregs;
	u32 nvregs, vregs_cap;
	struct mblock **blocks;
	u32 nblocks;
	u32 ninsns;
	u32 frame;
	u32 nphys[MC_COUNT];
	bool entry;
	bool stack;
	bool has_calls;
	bool scratch[MC_COUNT];
	u32 wbase;
	u32 link;
	u64 steps;
	struct mtable *jump;
	u32 njump;
	u32 save_base, save_size;
};

struct mtable {
	struct mblock **blocks;
	u32 n;
	u32 index; /* in the object */
};

#define M_STACK_REG 0 /* S0, in functions and in kernels that call */
#define M_LINK_REG  0 /* V0, the return point at a call */

u32 mreg_new(struct mfunc *f, enum mclass cls);
struct minsn *minsn_new(struct mfunc *f, u16 op, u32 line);
void minsn_append(struct mblock *b, struct minsn *i);
void minsn_before(struct minsn *at, struct minsn *i);
void minsn_after(struct minsn *at, struct minsn *i);
void minsn_remove(struct minsn *i);

static inline struct mopnd mo_reg(u32 r)
{
	return (struct mopnd){ .kind = MO_REG, .reg = r };
}

static inline struct mopnd mo_imm(u64 v)
{
	return (struct mopnd){ .kind = MO_IMM, .imm = v };
}

static inline struct mopnd mo_num(u16 n)
{
	return (struct mopnd){ .kind = MO_NUM, .num = n };
}

static inline struct mopnd mo_phys(enum mclass cls, u16 n)
{
	return (struct mopnd){ .kind = MO_PHYS, .cls = cls, .num = n };
}

static inline struct mopnd mo_absent(void)
{
	return (struct mopnd){ .kind = MO_ABSENT };
}

/* D is a source: the data of a store. */
bool mop_d_is_use(u16 op);
/* Number of registers that an instruction writes, into @out (room for 40). */
u32 minsn_defs(const struct minsn *i, u32 *out);
/* Registers that it reads, guard and prior values included (room for 160). */
u32 minsn_uses(const struct minsn *i, u32 *out);
#define M_MAX_DEFS 40
#define M_MAX_USES 192

/* Passes over machine IR. */
void mir_tidy(struct mfunc *f);       /* tidy.c: copies, what was computed before */
void mir_dce(struct mfunc *f);        /* mdce.c: what nothing reads goes */
void mir_preambles(struct mfunc *f);  /* preamble.c: once a grid, once a block */
void mir_modes(struct mfunc *f);      /* mode.c: setmode where the float mode changes */
void mir_liveness(struct mfunc *f);   /* live.c */
bool mir_allocate(struct mfunc *f);   /* alloc.c: spill.c and color.c as needed */
void mir_lower_phis(struct mfunc *f); /* phi.c */
void mir_tidy_jumps(struct mfunc *f); /* jumps.c */

#endif
