/* SPDX-License-Identifier: MIT */
/*
 * Between the files that read an instruction.
 */
#ifndef VISA_ASM_INSN_H
#define VISA_ASM_INSN_H

#include "../../driver/engine/optable.h"
#include "asm.h"

/**
 * struct insn_text - an instruction being read
 * @a: the assembly
 * @in: the instruction
 * @op: its row
 * @imm_set: an operand has given the immediate
 * @operands: how many operands were read
 */
struct insn_text {
	struct visa_asm *a;
	struct vgpu_insn in;
	const struct op_info *op;
	bool imm_set;
	unsigned int operands;
};

/** visa_number() - a number in [@lo, @hi]; false with the reason noted */
bool visa_number(struct insn_text *t, int64_t lo, int64_t hi, int64_t *out);

/** visa_modifiers() - all of them; false with the reason noted */
bool visa_modifiers(struct insn_text *t);

#endif /* VISA_ASM_INSN_H */
