/* SPDX-License-Identifier: MIT */
/*
 * Between the assembler's files.
 */
#ifndef VISA_ASM_H
#define VISA_ASM_H

#include "build.h"
#include "visa.h"

/**
 * struct visa_asm - an assembly
 * @b: the object so far
 * @p: where the line is read
 * @line: its number
 * @err: receives what was wrong
 * @in_func: a .func is open
 */
struct visa_asm {
	struct visa_build b;
	const char *p;
	unsigned int line;
	struct visa_error *err;
	bool in_func;
};

/** visa_fail() - note what is wrong with the line; returns false */
bool visa_fail(struct visa_asm *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** visa_wait() - @name's value goes into field @kind of element @index once it is known */
bool visa_wait(struct visa_asm *a, enum visa_fixup_kind kind, enum visa_symbol_kind wants, uint32_t index,
	       const char *name);

/** visa_asm_insn() - the instruction whose guard or mnemonic begins at @a->p */
bool visa_asm_insn(struct visa_asm *a);

/** visa_find_op() - the opcode of a mnemonic, or -1 */
int visa_find_op(const char *name);

#endif /* VISA_ASM_H */
