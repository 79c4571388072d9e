/* SPDX-License-Identifier: MIT */
/*
 * The compiler's intermediate representation: PTX, resolved.
 *
 * Two lifetimes. A *module* (struct ir_module) is made once from the text:
 * variables, function headers, and where each body lies. It is immutable
 * afterwards, so any number of threads may compile from it. A *body*
 * (struct ir_body) is one function's blocks and instructions, parsed on
 * demand into an arena of its own, changed by passes, and freed at once.
 *
 * Names, types, modifiers and opcodes come from the tables ptx_*.def, which
 * also feed the parser, the printer and the verifier.
 */
#ifndef VGPU_COMPILER_IR_H
#define VGPU_COMPILER_IR_H

#include <stdbool.h>
#include <stdio.h>

#include "arena.h"
#include "diag.h"

/* ---- names from the tables ---- */

enum ir_type {
	T_NONE,
#define TYPE(id, name, bits, cls) T_##id,
#include "ptx_types.def"
#undef TYPE
	T_COUNT
};

/* Modifier groups: GRP_rnd, …; values of a group: RND_RN, … (0 is unset). */
enum ir_group {
#define GROUP(g) GRP_##g,
#define MOD(g, id, s)
#define ENDGROUP(g)
#include "ptx_mods.def"
#undef GROUP
#undef MOD
#undef ENDGROUP
	GRP_COUNT
};

#define GROUP(g)        \
	enum ir_mod_##g \
	{               \
		g##_unset,
#define MOD(g, id, s) id,
#define ENDGROUP(g) \
	}           \
	;
#include "ptx_mods.def"
#undef GROUP
#undef MOD
#undef ENDGROUP

/* One byte a group: insn->m.rnd == RND_RN. */
union ir_mods {
	struct {
#define GROUP(g) u8 g;
#define MOD(g, id, s)
#define ENDGROUP(g)
#include "ptx_mods.def"
#undef GROUP
#undef MOD
#undef ENDGROUP
	};
	u8 group[GRP_COUNT];
};

enum ir_sreg {
#define SREG(id, name, type)     SREG_##id,
#define SREGN(id, name, n, type) SREG_##id, SREG_##id##_LAST = SREG_##id + n - 1,
#include "ptx_sregs.def"
#undef SREG
#undef SREGN
	SREG_COUNT
};

enum ir_op {
	OP_NONE,
#define OP(id, name, sig, types, req, opt, flags) OP_##id,
#include "ptx_ops.def"
#undef OP
	OP_COUNT
};

/* State spaces of variables; instructions carry theirs in m.space. */
enum ir_space {
	SP_NONE,
	SP_GLOBAL,
	SP_CONST,
	SP_SHARED,
	SP_LOCAL,
	SP_PARAM,
	SP_TEX,
};

/* ---- module level ---- */

enum ir_linkage {
	LINK_LOCAL,
	LINK_EXTERN,
	LINK_VISIBLE,
	LINK_WEAK,
	LINK_COMMON,
};

/* What a variable of space .param is. */
enum ir_param_kind {
	PARAM_NONE,
	PARAM_ENTRY, /* parameter of a kernel */
	PARAM_FUNC,  /* parameter of a device function */
	PARAM_RET,   /* return value of a device function */
	PARAM_CALL,  /* declared in a body, to pass to or get from a call */
};

/**
 * struct ir_reloc - an address in a variable's initializer
 * @offset: byte position in the initializer
 * @size: bytes written there: 1 (one byte picked by @shift), 4 or 8
 * @shift: right shift before the @size bytes are taken (mask(sym) forms)
 * @generic: written generic(sym): the generic address
 * @var: the variable, or NULL
 * @func: the function, or NULL
 * @addend: added to the address
 * @next: the next one of the same variable
 */
struct ir_reloc {
	u64 offset;
	u8 size, shift;
	bool generic;
	struct ir_var *var;
	struct ir_func *func;
	s64 addend;
	struct ir_reloc *next;
};

/**
 * struct ir_var - a variable: module level, in a body, or a parameter
 * @name: as written
 * @id: index: in module->vars, body->vars, or among its parameters
 * @space: state space
 * @pkind: which parameter, for SP_PARAM
 * @linkage: .extern, .visible, …
 * @type: element type
 * @vec: elements of a .v2/.v4 element, else 1
 * @align: bytes; a power of two
 * @count: array elements, 1 for a scalar, 0 for an unsized (extern) array
 * @size: bytes in all; 0 for an unsized array
 * @array: declared with []
 * @ptr_space: .ptr parameter attribute: space pointed into, or SP_NONE
 * @ptr_align: alignment promised by .ptr, or 0
 * @is_ptr: .ptr was given
 * @managed: .attribute(.managed)
 * @bank: constant bank, for .const[N]
 * @offset: parameters: byte offset in the parameter block
 * @init: @init_len bytes, rest is zero; NULL: none
 * @relocs: addresses in @init
 * @reg: a PTX register used as parameter or return value (.reg .b32 %p)
 * @line: of the declaration
 * @init_len: bytes at @init
 * @part: whose top level it is of, NULL: none
 */
struct ir_var {
	const char *name;
	u32 id;
	u8 space, pkind, linkage, type, vec;
	bool array, is_ptr, managed;
	u8 ptr_space, bank;
	u32 align, ptr_align;
	u64 count, size, offset;
	u8 *init;
	u64 init_len;
	struct ir_reloc *relocs;
	struct ir_reg *reg;
	u32 line;
	struct ir_part *part;
};

/* Performance directives; 0 means not given. */
struct ir_perf {
	u32 maxntid[3], reqntid[3];
	u32 minnctapersm, maxnctapersm, maxnreg;
	u32 reqcluster[3], maxclusterrank;
	bool explicit_cluster, noreturn, blocks_are_clusters;
};

/**
 * struct ir_proto - parameters and results of a function or .callprototype
 * @rets: return values
 * @params: parameters, with their offsets
 * @param_size: bytes of the parameter block
 * @nrets: how many at @rets
 * @nparams: how many at @params
 * @noreturn: .noreturn
 */
struct ir_proto {
	struct ir_var **rets, **params;
	u32 nrets, nparams;
	u64 param_size;
	bool noreturn;
};

/**
 * struct ir_func - a kernel or device function
 * @name: as written (mangled)
 * @id: index in module->funcs
 * @entry: a kernel
 * @direct: it is known that no pointer leads to it
 * @linkage: .extern, .visible, .weak
 * @proto: parameters and results
 * @perf: launch bounds
 * @text: the body between its braces, or NULL: declared only
 * @text_len: its bytes
 * @text_line: line of its first byte
 * @line: of the declaration
 * @shared_size: static .shared declared in the body, laid out in order
 * @alias: .alias target, or NULL
 * @part: the text it is of: what its body names is looked up there
 */
struct ir_func {
	const char *name;
	u32 id;
	bool entry, direct;
	u8 linkage;
	struct ir_proto proto;
	struct ir_perf perf;
	const char *text;
	u64 text_len;
	u32 text_line, line;
	u64 shared_size;
	struct ir_func *alias;
	struct ir_part *part;
};

#define PTX_ISA_END 1000 /* 10.0, the first that is not known */

/**
 * struct ir_part - one PTX text of a module
 * @name: as the caller of the link has it; NULL: the text is the whole module
 * @isa: PTX ISA version: 805 for 8.5, below PTX_ISA_END
 * @target: compute capability of .target: 75, 90, 120
 * @variant: 0, 'a' or 'f'
 * @syms: the names of its top level
 * @first_var: its variables in module->vars begin there, before they are linked
 * @first_func: likewise its functions
 */
struct ir_part {
	const char *name;
	u32 isa, target;
	char variant;
	struct ir_symtab *syms;
	u32 first_var, first_func;
};

/**
 * struct ir_module - one PTX text, or several that are linked, indexed
 * @arena: everything below lives here, but not the text
 * @text: the PTX
 * @text_len: its bytes
 * @is_ptx: it begins as PTX does, or is linked
 * @bad_link: the names of its parts do not fit together
 * @isa: the highest of its parts
 * @target: likewise
 * @addr_size: 64
 * @target_variant: of @target
 * @parts: its texts
 * @nparts: their number
 * @parts_cap: room at @parts
 * @vars: module-level variables in order
 * @nvars: their number
 * @vars_cap: room at @vars
 * @segment_size: bytes of those that lie in the module's segment, at their offsets
 * @funcs: functions in order of first mention
 * @nfuncs: their number
 * @funcs_cap: room at @funcs
 * @syms: both, by name; each has one of its own, also where two texts call different things the same
 * @shared: what parts that are being linked know of each other, by name
 */
struct ir_module {
	struct arena arena;
	const char *text;
	u64 text_len;
	bool is_ptx, bad_link;
	u32 isa, target, addr_size;
	char target_variant;
	struct ir_part **parts;
	u32 nparts, parts_cap;
	struct ir_var **vars;
	u32 nvars, vars_cap;
	u64 segment_size;
	struct ir_func **funcs;
	u32 nfuncs, funcs_cap;
	struct ir_symtab *syms, *shared;
};

/* Give the variables their places, once all are known (layout.c). */
void ir_module_layout(struct ir_module *m);
struct ir_var *ir_module_var(const struct ir_module *m, const char *name);
struct ir_func *ir_module_func(const struct ir_module *m, const char *name);

/* ---- bodies ---- */

/**
 * struct ir_reg - a virtual register
 * @id: index in body->regs
 * @type: declared type; its size is what counts, see ir_type_bits()
 * @sub: SSA: version number of @var; 0 before SSA
 * @name: declared name or prefix
 * @def: SSA: the one instruction that defines it; NULL: undefined value
 *	or a register parameter
 * @var: SSA: the register of the program it is a version of
 * @scratch: for the pass that is running
 */
struct ir_reg {
	u32 id;
	u8 type;
	u32 sub;
	const char *name;
	struct ir_insn *def;
	struct ir_reg *var;
	union {
		u64 u;
		void *p;
	} scratch;
};

enum ir_opnd_kind {
	OPND_NONE,  /* optional operand not given, or the sink "_" of a def */
	OPND_REG,   /* reg */
	OPND_IMM,   /* imm: bits in the operand's type, floats included */
	OPND_SREG,  /* sreg */
	OPND_VAR,   /* address of var + off */
	OPND_FUNC,  /* address of, or call of, func */
	OPND_BLOCK, /* branch target; label before blocks exist */
	OPND_MEM,   /* mem: [base + off] */
	OPND_VEC,   /* elem[0..nelem): {a, b, …}, argument lists */
	OPND_TABLE, /* table: .branchtargets, .calltargets, .callprototype */
};

/* Selector of a part of a 32-bit register, in video instructions. */
enum ir_sel { SEL_NONE, SEL_B0, SEL_B1, SEL_B2, SEL_B3, SEL_H0, SEL_H1 };

/*
 * Several parts, as SIMD video instructions have them (.b7654, .h10): their number from
 * bit 12 on, then three bits each, the last one written lowest.
 */
#define SEL_LIST(n)      ((n) << 12)
#define SEL_HALVES       0x8000 /* .h…, else .b… */
#define SEL_COUNT(sel)   ((sel) >> 12 & 7)
#define SEL_PART(sel, k) ((sel) >> 3 * (k)&7)

/**
 * struct ir_operand - one operand, position fixed by the opcode's signature
 * @kind: enum ir_opnd_kind
 * @type: type of use, resolved from the signature (mul.wide's destination
 *	is twice the instruction's type); T_NONE where none applies
 * @def: written by the instruction
 * @inv: predicate used inverted (!%p)
 * @neg: negated source (-a in video instructions)
 * @sel: enum ir_sel
 * @nelem: elements of OPND_VEC
 * @off: addend of OPND_VAR
 * @prior: SSA, a def under a guard: the value that lanes with a false guard
 *	keep; NULL: undefined
 * @reg: OPND_REG
 * @imm: OPND_IMM: the bits, whatever the type
 * @sreg: OPND_SREG
 * @var: OPND_VAR
 * @func: OPND_FUNC
 * @block: OPND_BLOCK
 * @label: OPND_LABEL: until the blocks are made
 * @mem: OPND_MEM
 * @elem: OPND_VEC
 * @table: OPND_TABLE
 */
struct ir_operand {
	u8 kind, type;
	bool def, inv, neg;
	u16 sel;
	u16 nelem;
	union {
		struct ir_reg *reg;
		u64 imm;
		enum ir_sreg sreg;
		struct ir_var *var;
		struct ir_func *func;
		struct ir_block *block;
		struct ir_label *label;
		struct ir_mem *mem;
		struct ir_operand *elem;
		struct ir_table *table;
	};
	union {
		s64 off;
		struct ir_reg *prior;
	};
};

/**
 * struct ir_mem - an address operand
 * @reg: base register, or NULL
 * @var: base variable, or NULL; with neither, @off is absolute
 * @off: byte offset
 * @shadow: selection says it by a scalar and a pattern (shadow.h)
 * @extra: texture, surface and tensor operands: what follows the name in
 *	the brackets (sampler, coordinate vector); @nextra of them
 * @nextra: how many at @extra
 */
struct ir_mem {
	struct ir_reg *reg;
	struct ir_var *var;
	s64 off;
	bool shadow;
	struct ir_operand *extra;
	u32 nextra;
};

/**
 * struct ir_table - what a call or brx.idx may reach
 * @proto: .callprototype, or of .calltargets' functions; NULL for branches
 * @blocks: .branchtargets
 * @funcs: .calltargets
 * @name: the label before it
 * @labels: of @blocks, while parsing
 * @n: how many
 * @line: of the directive
 */
struct ir_table {
	const char *name;
	struct ir_proto *proto;
	struct ir_label **labels;
	struct ir_block **blocks;
	struct ir_func **funcs;
	u32 n;
	u32 line;
};

/* A label; after CFG construction only the printer looks at its name. */
struct ir_label {
	const char *name;
	struct ir_insn *at; /* first instruction after it; NULL: at the end */
	struct ir_block *block;
	struct ir_label *same; /* a forward reference, resolved to this one */
	struct ir_label *next; /* others at the same place, while parsing */
	bool defined;
	u32 line;
};

/**
 * struct ir_insn - one instruction
 * @op: enum ir_op; OP_PHI is made by ir_body_ssa() only
 * @ntypes: type suffixes given
 * @types: in the order written
 * @guard: predicate register, or NULL
 * @guard_not: executes where @guard is false
 * @nops: operands, always all positions of the signature
 * @ops: op[0] is the (first) destination where there is one
 * @m: modifiers
 * @align: bytes that a load's address is a multiple of, where less than natural; else 0
 * @line: PTX line
 * @id: pass scratch, numbered by ir_number()
 * @next: in its block
 * @prev: in its block
 * @block: where it is
 * @scratch: for the pass that is running
 *
 * OP_PHI: ops[0] is the def, ops[1 + i] comes from block->preds[i]; OPND_NONE
 * there is an undefined value.
 * OP_RET: in a function whose results are registers (.func (.reg .b32 r)),
 * ops[0] is an OPND_VEC of their values; nops is 0 otherwise.
 */
struct ir_insn {
	struct ir_insn *next, *prev;
	struct ir_block *block;
	u16 op;
	u8 ntypes;
	u8 types[5];
	bool guard_not;
	u8 align;
	u16 nops;
	struct ir_operand *ops;
	struct ir_reg *guard;
	u32 line, id;
	union ir_mods m;
	union {
		u64 u;
		void *p;
	} scratch;
};

/**
 * struct ir_block - a basic block
 * @id: index in body->blocks, which is layout order
 * @first: instructions, phis first
 * @last: the terminator if it is one, else control falls into succs[0]
 * @succs: after a guarded bra: [0] taken, [1] fall through; after brx.idx
 *	the table's targets in order (duplicates included once each)
 * @preds: predecessors; an edge that occurs twice occurs twice here
 * @rpo: number in reverse post order; IR_UNREACHABLE if never reached
 * @idom: immediate dominator; NULL for the entry
 * @dom_first: first child in the dominator tree
 * @dom_next: next sibling
 * @dom_pre: preorder interval in the dominator tree
 * @ipdom: immediate post-dominator; NULL: the virtual exit
 * @loop: innermost loop header that contains this block, or NULL
 * @loop_parent: of a loop header: the header of the loop around it, or NULL
 * @loop_depth: nesting
 * @label: that begins it, or NULL
 * @nsuccs: how many at @succs
 * @npreds: how many at @preds
 * @dom_post: likewise, in post order
 * @scratch: for the pass that is running
 */
struct ir_block {
	u32 id;
	struct ir_label *label;
	struct ir_insn *first, *last;
	struct ir_block **succs, **preds;
	u32 nsuccs, npreds;
	u32 rpo;
	struct ir_block *idom, *dom_first, *dom_next, *ipdom;
	u32 dom_pre, dom_post;
	struct ir_block *loop, *loop_parent;
	u32 loop_depth;
	union {
		u64 u;
		void *p;
	} scratch;
};

#define IR_UNREACHABLE 0xffffffffu

/**
 * struct ir_body - one function's code
 * @arena: everything below lives here; initialised by ir_body_parse()
 * @regs: by id; SSA adds versions at the end
 * @vars: .shared, .local, .const, .param variables declared in the body
 * @blocks: in layout order; blocks[0] is the entry
 * @rpo: reachable blocks in reverse post order
 * @tables: branch target and prototype tables
 * @param_regs: registers that are parameters or results (.func (.reg …)),
 *	results first; defined on entry
 * @insns: instruction list in text order, before CFG construction
 * @has_cfg: blocks, succs, preds valid
 * @has_dom: dominators and loops valid
 * @ssa: every register has one def
 * @mod: module of @func
 * @func: whose code it is
 * @nregs: how many at @regs
 * @regs_cap: room there
 * @nvars: how many at @vars
 * @vars_cap: room there
 * @ntables: how many at @tables
 * @tables_cap: room there
 * @nblocks: how many at @blocks
 * @nrpo: how many at @rpo
 * @nparam_regs: how many at @param_regs
 * @param_regs_cap: room there
 * @insns_last: the end of @insns
 * @ninsns: how many in it
 */
struct ir_body {
	struct arena arena;
	const struct ir_module *mod;
	struct ir_func *func;
	struct ir_reg **regs;
	u32 nregs, regs_cap;
	struct ir_var **vars;
	u32 nvars, vars_cap;
	struct ir_table **tables;
	u32 ntables, tables_cap;
	struct ir_block **blocks;
	u32 nblocks;
	struct ir_block **rpo;
	u32 nrpo;
	struct ir_reg **param_regs;
	u32 nparam_regs, param_regs_cap;
	struct ir_insn *insns, *insns_last;
	u32 ninsns;
	bool has_cfg, has_dom, ssa;
};

/* ---- building, editing (ir.c) ---- */

struct ir_reg *ir_reg_new(struct ir_body *b, enum ir_type type, const char *name);
struct ir_insn *ir_insn_new(struct ir_body *b, enum ir_op op, unsigned int nops, u32 line);
void ir_insert_before(struct ir_insn *at, struct ir_insn *insn);
void ir_insert_after(struct ir_insn *at, struct ir_insn *insn);
void ir_append(struct ir_block *blk, struct ir_insn *insn);
void ir_prepend(struct ir_block *blk, struct ir_insn *insn);
void ir_remove(struct ir_insn *insn);
/* Numbers instructions in layout order from 0; returns their count. */
u32 ir_number(struct ir_body *b);

/* Rewrites what SSA and selection do not know (legalize.c); before SSA. */
void ir_legalize(struct ir_body *b);

/* ---- walking defs and uses ---- */

/* Gets a pointer to the slot (to rename in place), whether it is a def, and the operand that holds it (for a memory base, the OPND_MEM one; for the guard, NULL). */
typedef void (*ir_walk_fn)(struct ir_reg **slot, bool def, struct ir_operand *op, void *ctx);

/**
 * ir_walk() - call back for every register an instruction touches
 * @insn: the instruction
 * @fn: for each
 * @ctx: handed through
 *
 * Uses first (guard, sources, address bases, also those in destination
 * addresses), then defs in operand order. @prior values of guarded defs are
 * reported as uses once SSA has set them, with their def's operand.
 */
void ir_walk(struct ir_insn *insn, ir_walk_fn fn, void *ctx);

/* ---- facts from the tables (ptx_tables.c) ---- */

/* Properties of an opcode, from the flags column of ptx_ops.def. */
enum ir_op_flags {
	OPF_TERM = 1 << 0,     /* may end a block: bra, brx, ret, exit */
	OPF_NORETURN = 1 << 1, /* unguarded, nothing follows: ret, exit, trap */
	OPF_LOAD = 1 << 2,     /* reads memory */
	OPF_STORE = 1 << 3,    /* writes memory */
	OPF_ATOMIC = 1 << 4,   /* reads and writes indivisibly */
	OPF_CONV = 1 << 5,     /* convergent: talks to other lanes */
	OPF_BARRIER = 1 << 6,  /* waits for other threads */
	OPF_SIDE = 1 << 7,     /* other effect: never removed */
	OPF_FENCE = 1 << 8,    /* orders memory */
	OPF_CALL = 1 << 9,
	OPF_WIDE_DST = 1 << 10, /* registers may be wider than the type */
	OPF_WIDE_SRC = 1 << 11,
	OPF_TEX = 1 << 12,      /* texture and surface units */
	OPF_VIDEO = 1 << 13,    /* operands take .b0/.h1 selectors */
	OPF_MMA = 1 << 14,      /* fragment counts in ptx_mma.def */
	OPF_OTHER_CC = 1 << 15, /* other compute capabilities only */
	OPF_COMMUTES = 1 << 16, /* sources 0 and 1 may be swapped */
};

u32 ir_op_flags(enum ir_op op);
const char *ir_op_name(enum ir_op op);
const char *ir_type_name(enum ir_type t);
unsigned int ir_type_bits(enum ir_type t);
char ir_type_class(enum ir_type t); /* 'P','B','U','S','F','X' */
/* Bytes in memory; sub-byte types count as one. */
unsigned int ir_type_bytes(enum ir_type t);
const char *ir_sreg_name(enum ir_sreg s);
enum ir_type ir_sreg_type(enum ir_sreg s);
const char *ir_mod_name(enum ir_group g, unsigned int value);
const char *ir_space_name(enum ir_space s);

/*
 * Registers of fragment 'a', 'b', 'c' or 'd' of a matrix multiplication, or of
 * the one fragment that a wmma load or store has.
 */
unsigned int ir_fragment_regs(const struct ir_insn *i, char which);

/* ---- passes ---- */

/**
 * ir_body_parse() - parse one function
 * @m: its module
 * @f: has text
 * @limit: bound on the body's memory in bytes
 * @d: errors go here
 *
 * Return: a body with a CFG, to be freed with ir_body_free(), or NULL with
 * an error logged.
 */
struct ir_body *ir_body_parse(const struct ir_module *m, struct ir_func *f, size_t limit, struct diag *d);
void ir_body_free(struct ir_body *b);

void ir_cfg(struct ir_body *b); /* cfg.c: insns -> blocks, edges, rpo */
void ir_dom(struct ir_body *b); /* dom.c: (post)dominators, loops */
/*
 * Parse's result to verified SSA: verify, ir_dom, SSA, verify. False with an
 * error logged. Arms the arena's bail by itself.
 */
bool ir_body_ssa(struct ir_body *b, struct diag *d);
bool ir_dominates(const struct ir_block *a, const struct ir_block *b);

/* ir_verify.c: true if sound; else the first faults are in @d. */
bool ir_verify(struct ir_body *b, struct diag *d, const char *after);

/* ir_print.c: declarations only, @sizes says how long each body is */
void ir_print_module(const struct ir_module *m, FILE *f, bool sizes);
void ir_print_body(const struct ir_body *b, FILE *f);
void ir_print_insn(const struct ir_body *b, const struct ir_insn *i, FILE *f);

#endif
