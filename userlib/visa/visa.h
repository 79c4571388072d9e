/* SPDX-License-Identifier: MIT */
/*
 * vISA as text: the face of the assembler and the disassembler.
 *
 * One line is one of
 *
 *	label:
 *	[@[!]pN] mnemonic[:modifier]... operand, ...
 *	.kernel "name" func=F [vregs=N] [sregs=N] [param=N] [shared=N] [local=N]
 *		[threads=N] [shape=x32+full+1d] [flags=stack] [req=X,Y,Z]
 *		[grid=LABEL] [block=LABEL]
 *	.func F ["name"] [id=N]		begins a function, .end ends it
 *	.table T LABEL, ...		a jump table
 *	.pattern N, ...			offsets of 32 lanes; the last one repeats
 *	.line N				PTX line of the instructions that follow
 *	.raw OP, GUARD, MOD, D, A, B, C, IMM	OP a mnemonic or a number
 *
 * and // begins a comment.  The assembler checks syntax and that values fit
 * their fields; all else is the verifier's.
 */
#ifndef VISA_H
#define VISA_H

#include <stddef.h>
#include <stdio.h>

/** struct visa_error - where and why a text was not understood */
struct visa_error {
	unsigned int line;
	char text[120];
};

/**
 * visa_assemble() - text to code object
 * @text: NUL-terminated
 * @image: receives the object, to be freed with free()
 * @size: receives its bytes
 * @err: receives what was wrong
 *
 * Return: 0 or -1.
 */
int visa_assemble(const char *text, void **image, size_t *size, struct visa_error *err);

/**
 * visa_disassemble() - code object to text that assembles to the same object
 * @image: the object
 * @size: its bytes
 * @out: where the text goes
 *
 * The object need not be valid; what has no text of its own becomes .raw.
 * Return: 0, or -1 where its sections cannot even be found.
 */
int visa_disassemble(const void *image, size_t size, FILE *out);

#endif /* VISA_H */
