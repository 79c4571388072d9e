/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The verifier: proves every rule of the instruction set and the container
 * before anything of a code object runs, so that the engine need not re-check.
 */
#ifndef VGPU_ENGINE_VERIFY_H
#define VGPU_ENGINE_VERIFY_H

#include "code.h"
#include "optable.h"

/* Each reason for a refusal has an id and one exact text (refusals.def). */
enum engine_refusal {
	REFUSE_NOTHING,
#define REFUSAL(ID, TEXT) REFUSE_##ID,
#include "refusals.def"
#undef REFUSAL
	REFUSE_COUNT
};

/** engine_refusal_text() - the exact text of a reason */
const char *engine_refusal_text(enum engine_refusal why);

/**
 * struct engine_diag - the first refusal, for the caller of engine_code_load_image()
 * @why: the reason
 * @msg: where the line "WHERE: TEXT" goes, or NULL
 * @msg_size: bytes at @msg
 */
struct engine_diag {
	enum engine_refusal why;
	char *msg;
	size_t msg_size;
};

/** engine_refuse() - note why the thing @what, number @index, is refused; returns -EINVAL */
int engine_refuse(struct engine_diag *diag, enum engine_refusal why,
		  const char *what, u32 index);

/** engine_refuse_insn() - the same for instruction @pc, with its mnemonic */
int engine_refuse_insn(struct engine_diag *diag, enum engine_refusal why,
		       const struct engine_code *code, u32 pc);

/**
 * engine_verify() - prove a parsed object
 * @code: its sections found and copied; receives @fmode and @ids
 * @diag: receives the refusal
 *
 * Time and memory are linear in the size of the object; nothing recurses.
 * Return: 0, -EINVAL, -ENOMEM, -EINTR.
 */
int engine_verify(struct engine_code *code, struct engine_diag *diag);

/* ---- between the verifier's files --------------------------------------------- */

/**
 * struct verify_unit - the stretch of instructions being checked: a function or a preamble
 * @code: the object
 * @start: first instruction
 * @end: one past the last
 * @vregs: vector registers it may name
 * @sregs: scalars it may name
 * @func: index of the function, VGPU_NO_PC for a preamble
 * @callable: per function, whether CALL may name it
 * @table_func: per jump table, the function that its targets lie in
 */
struct verify_unit {
	const struct engine_code *code;
	u32 start, end;
	u32 vregs, sregs;
	u32 func;
	const u8 *callable;
	const u32 *table_func;
};

/** verify_insn() - check one instruction by itself (verify_insn.c) */
enum engine_refusal verify_insn(const struct verify_unit *u, const struct vgpu_insn *in);

/** verify_memory() - operands of loads, stores, atomics and copies (verify_mem.c) */
enum engine_refusal verify_memory(const struct verify_unit *u, const struct vgpu_insn *in,
				  const struct op_info *op);

/** verify_matrix() - operands of MMA and MMASC (verify_mma.c) */
enum engine_refusal verify_matrix(const struct verify_unit *u, const struct vgpu_insn *in);

/** verify_mod() - the modifier byte (verify_mod.c) */
enum engine_refusal verify_mod(const struct vgpu_insn *in, const struct op_info *op);

/**
 * verify_units() - functions and preambles: where they lie, and each instruction in them
 * @code: the object, its sections checked
 * @diag: receives what was refused and where
 *
 * verify_unit.c.  Fills @code->ids.
 *
 * Return: 0, -EINVAL with @diag filled, -ENOMEM, -EINTR.
 */
int verify_units(struct engine_code *code, struct engine_diag *diag);

/** verify_flow() - the float mode along every path (verify_flow.c); fills @code->fmode */
int verify_flow(struct engine_code *code, struct engine_diag *diag);

/** insn_ends() - control never reaches the instruction after @in */
bool insn_ends(const struct vgpu_insn *in);

/* Register checks that several files need (verify_insn.c). */
enum engine_refusal verify_vreg(const struct verify_unit *u, u32 reg);
enum engine_refusal verify_wreg(const struct verify_unit *u, u32 reg);
enum engine_refusal verify_sreg(const struct verify_unit *u, u32 reg);
enum engine_refusal verify_preg(u32 reg);
/** verify_group() - @count V registers from @reg; @wide: they are W pairs */
enum engine_refusal verify_group(const struct verify_unit *u, u32 reg, u32 count, bool wide);

#endif /* VGPU_ENGINE_VERIFY_H */
