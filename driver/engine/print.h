/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * vISA as text: names of modifiers and the printer of instructions.
 *
 * The assembler (userlib/visa) reads what this prints.
 */
#ifndef VGPU_ENGINE_PRINT_H
#define VGPU_ENGINE_PRINT_H

#include "optable.h"

#define ENGINE_PRINT_SIZE	192	/* enough for every instruction */

/**
 * struct mod_name - one name of a modifier's value
 * @kind: enum op_mod
 * @mask: the field's bits
 * @value: what they hold for this name
 * @name: the name; "" for a value that goes unsaid
 */
struct mod_name {
	u8 kind, mask, value;
	const char *name;
};

extern const struct mod_name mod_names[];
extern const u32 mod_name_count;

extern const char * const fmode_round_names[4];
extern const char * const int_kind_names[VGPU_INT_COUNT];
extern const char * const q8_names[VGPU_Q8_COUNT];

/**
 * engine_print_insn() - one instruction as text
 * @in: the instruction; any bytes do, but only what the verifier accepts is sure
 *	to assemble to the same bytes again
 * @buf: where the text goes
 * @size: bytes at @buf, best ENGINE_PRINT_SIZE
 *
 * Return: characters written, without the NUL.
 */
u32 engine_print_insn(const struct vgpu_insn *in, char *buf, u32 size);

#endif /* VGPU_ENGINE_PRINT_H */
