/* SPDX-License-Identifier: MIT */
/* Instruction selection: what the lower_*.c files share. */
#ifndef VGPU_COMPILER_LOWER_H
#define VGPU_COMPILER_LOWER_H

#include "analysis.h"
#include "shadow.h"
#include "unit.h"

#define CACHE_SIZE 64

/* Something already computed in this block, by what it was computed from. */
struct low_cached {
	u32 kind; /* enum low_cache, 0: free */
	u64 key1, key2;
	u32 reg;
};

/* Of a value that has one (lower_shadow.c): a scalar register, and what is to be added to it. */
struct low_shadow {
	u32 reg;
	s64 off;
};

enum low_cache { CACHE_FREE, CACHE_CONST, CACHE_VECTOR, CACHE_BASE, CACHE_NOT, CACHE_FIRST };

/**
 * struct low - selection of one function
 * @scalar: by register id: it lives in the scalar file
 * @used: by register id: something reads it (converge.c)
 * @val: by register id: its virtual register, or M_NOREG
 * @block: machine block being filled
 * @insn: PTX instruction at hand
 * @cache: of this block
 * @carry: predicate that holds CC.CF, or M_NOREG
 * @borrow: it is set where CC.CF is not
 * @blocks: machine block of each ir block, by id
 * @part: first results of what lanes do together, where only those with the guard do it (lower_lane.c)
 * @unit: the compilation
 * @b: the function, in SSA
 * @f: what it becomes
 * @uni: which values are the same in all lanes
 * @loops: of @b
 * @var_offset: by body variable id: offset in frame or shared memory
 * @shadows: which accesses use a scalar and a pattern
 * @shadow: by register id
 * @anchor: by block id: the first one in it, see shadow.h
 * @stack_pointer: at the function's entry, if it must be put back
 */
struct low {
	struct unit *unit;
	struct ir_body *b;
	struct mfunc *f;
	struct uniformity *uni;
	struct ir_loops *loops;
	u8 *scalar, *used;
	u32 *val;
	struct mblock *block;
	struct ir_insn *insn;
	struct low_cached cache[CACHE_SIZE];
	u32 carry;
	bool borrow;
	struct mblock **blocks;
	struct mopnd part[2];
	u32 *var_offset;
	struct shadows *shadows;
	struct low_shadow *shadow;
	struct minsn **anchor;
	struct mopnd stack_pointer;
};

/* Stop the compilation: @fmt says what is not supported; what is wrong in the PTX; what a link lacks. */
_Noreturn void low_refuse(struct low *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
_Noreturn void low_wrong(struct low *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
_Noreturn void low_unlinked(struct low *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- values ---- */

bool type_is_signed(u8 t);
enum mclass class_of_type(u8 t);

/* The virtual register of a PTX register. */
u32 low_reg(struct low *l, const struct ir_reg *r);
/* A source as it is: register, or immediate (undefined registers read 0). */
struct mopnd low_src(struct low *l, const struct ir_operand *o);
/* ... 8- and 16-bit types extended to 32 bits as type @t says. */
struct mopnd low_ext(struct low *l, const struct ir_operand *o, u8 t);
struct mopnd low_extend(struct low *l, struct mopnd v, u8 t);
/* A predicate source; never an immediate. @invert: its complement. */
struct mopnd low_pred(struct low *l, const struct ir_operand *o, bool invert);
/* The place for a result; "_" gets a place that nothing reads. */
struct mopnd low_dst(struct low *l, const struct ir_operand *o);
struct mopnd low_temp(struct low *l, enum mclass cls);
enum mclass low_class(const struct low *l, const struct mopnd *o);
/* All sources can be read as scalars. */
bool low_is_scalar(const struct low *l, const struct mopnd *o);
bool low_def_is_scalar(const struct low *l, const struct ir_operand *o);
/* Forced into a file. */
struct mopnd low_vector(struct low *l, struct mopnd o, enum mclass cls);
struct mopnd low_to_scalar(struct low *l, struct mopnd o);
struct mopnd low_const64(struct low *l, u64 v);

/* ---- instructions; operands are brought to the forms that fit ---- */

struct minsn *low_op(struct low *l, u16 op, struct mopnd d, struct mopnd a, struct mopnd b, struct mopnd c);
#define NO                         ((struct mopnd){ .kind = MO_NONE })
#define low_op1(l, op, d, a)       low_op(l, op, d, a, NO, NO)
#define low_op2(l, op, d, a, b)    low_op(l, op, d, a, b, NO)
#define low_op3(l, op, d, a, b, c) low_op(l, op, d, a, b, c)
/* Into a new temporary of class @cls. */
struct mopnd low_t1(struct low *l, u16 op, enum mclass cls, struct mopnd a);
struct mopnd low_t2(struct low *l, u16 op, enum mclass cls, struct mopnd a, struct mopnd b);
struct mopnd low_t3(struct low *l, u16 op, enum mclass cls, struct mopnd a, struct mopnd b, struct mopnd c);
/* 32-bit scalar operation. */
struct mopnd low_s2(struct low *l, u16 op, bool narrow, struct mopnd a, struct mopnd b);
struct mopnd low_sext(struct low *l, struct mopnd a, u8 ext);
/* Puts the guard of the PTX instruction on a machine instruction. */
void low_guard(struct low *l, struct minsn *i);
/* The result's last step: guarded, with the old values. */
struct minsn *low_final(struct low *l, struct minsn *i);
void low_copy(struct low *l, const struct ir_operand *dst, struct mopnd v);
/* For what takes no guard: branch round it. */
void low_skip_begin(struct low *l);
void low_skip_end(struct low *l);

bool cache_find(struct low *l, u32 kind, u64 k1, u64 k2, u32 *reg);
void cache_add(struct low *l, u32 kind, u64 k1, u64 k2, u32 reg);

/* ---- by subject; false: not mine ---- */
bool lower_int(struct low *l, struct ir_insn *i);
bool lower_bits(struct low *l, struct ir_insn *i);
bool lower_float(struct low *l, struct ir_insn *i);
bool lower_half(struct low *l, struct ir_insn *i);
bool lower_compare(struct low *l, struct ir_insn *i);
bool lower_move(struct low *l, struct ir_insn *i);
bool lower_cvt(struct low *l, struct ir_insn *i);
bool lower_memory(struct low *l, struct ir_insn *i);
bool lower_atomic(struct low *l, struct ir_insn *i);
bool lower_lane(struct low *l, struct ir_insn *i);
bool lower_barrier(struct low *l, struct ir_insn *i);
bool lower_matrix(struct low *l, struct ir_insn *i);
bool lower_wmma(struct low *l, struct ir_insn *i);
bool lower_async(struct low *l, struct ir_insn *i);
bool lower_video(struct low *l, struct ir_insn *i);
bool lower_call(struct low *l, struct ir_insn *i);
bool lower_stack(struct low *l, struct ir_insn *i);

/* Parts of what has more to it: a store, an atomic without a result, its modifier. */
void low_store(struct low *l, struct ir_insn *i);
void low_reduce(struct low *l, struct ir_insn *i);
u8 low_atom_operation(struct low *l, const struct ir_insn *i);
u8 low_atom_mod(struct low *l, const struct ir_insn *i);

/* Accumulators of a product: two halves in a register, or floats. @quad: of mma.m8n8k4 */
struct mopnd low_halves_to_floats(struct low *l, const struct mopnd *h, bool quad);
struct mopnd low_floats_to_halves(struct low *l, const struct mopnd *f, bool quad);

/* An integer instruction that the scalar unit can do, if its sources are scalars. */
bool has_scalar_form(const struct ir_insn *i);

/* ---- addresses (lower_addr.c) ---- */

/**
 * struct low_addr - an address, ready for an instruction
 * @space: enum vgpu_space
 * @form: VGPU_MD_FORM_*
 * @a: base: scalar, vector, or absent
 * @b: SV: offset register; SP: pattern number
 * @shift: SV
 * @sext: SV: signed offset
 * @off: constant
 */
struct low_addr {
	u8 space, form, shift;
	bool sext;
	struct mopnd a, b;
	s64 off;
};

enum vgpu_space low_space(struct low *l, const struct ir_insn *i, const struct ir_mem *m);
/* @whole: only the form with the whole address in one register (W), offset in off. */
void low_address(struct low *l, const struct ir_mem *m, enum vgpu_space space, bool whole, struct low_addr *out);
/* The address of a variable as a scalar; @generic: with its window. */
struct mopnd low_var_address(struct low *l, const struct ir_var *v, s64 off, bool generic);
/* 32-bit word @n of the hidden parameters, which the runtime calls %envreg<n>. */
struct mopnd low_hidden(struct low *l, u32 n);

/* ---- shadows (lower_shadow.c, shadow.h) ---- */

/* After the instruction or the phis: what is wanted of what they define. */
void low_shadow(struct low *l, struct ir_insn *i);
void low_shadow_phis(struct low *l, struct ir_block *b);
/* What a phi's shadow takes, at the end of the block that it comes from. */
struct mopnd low_shadow_argument(struct low *l, const struct ir_operand *o, bool narrow);
/* An address that is to be said with one. */
void low_shadow_address(struct low *l, const struct ir_mem *m, struct low_addr *out);

/* How an access would say its address without; emits nothing. */
enum plain_form low_plain_form(struct low *l, const struct ir_mem *m);

/* ---- passes over the result ---- */
void insert_convergence(struct low *l);                /* converge.c */
void lower_control(struct low *l, struct ir_block *b); /* lower_ctl.c */
void store_results(struct low *l, struct ir_insn *i);  /* lower_call.c */
void load_parameters(struct low *l);
/* lower_stack.c: where a unit allocates on the stack, what a function does first and last. */
#define STACK_POINTER_ROOM 16 /* at the beginning of the entry's frame */
bool moves_stack(const struct ir_insn *i);
void enter_stack(struct low *l);
void leave_stack(struct low *l);

struct mfunc *lower_function(struct unit *u, struct ir_body *b, u32 index);

#endif
