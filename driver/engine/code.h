/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A loaded code object, as the files of the engine share it.
 *
 * engine_code_load_image() runs three steps over one struct engine_code:
 * parse() (code.c) copies the image and finds its sections,
 * engine_verify() (verify.c) proves every rule of uapi/vgpu_isa.h, and
 * engine_decode() (decode.c) hangs the executable form on @prog.  After that
 * nothing in it changes until the last reference goes.
 */
#ifndef VGPU_ENGINE_CODE_H
#define VGPU_ENGINE_CODE_H

#include "engine.h"

struct engine_prog;	/* the decoded program; decode.c's own */

/** struct engine_func_id - one function that CALLI can name */
struct engine_func_id {
	u32 id;
	u32 func;
};

/**
 * struct engine_code - a code object
 * @refs: references
 * @image: the private copy that all section pointers point into
 * @insns: the instructions; a pc is an index into them
 * @kernels: kernel records; .shared_size, .param_size and .local_size are within
 *	ENGINE_MAX_*, .vregs within [2, VGPU_MAX_VREGS] and even, .sregs within
 *	[1, VGPU_MAX_SREGS], .max_threads within ENGINE_MAX_THREADS
 * @funcs: functions, in rising order of start, not overlapping
 * @patterns: lane patterns, of the SP form and SBASE
 * @tables: jump tables; each lies within @targets
 * @targets: jump targets
 * @lines: line table, in strictly rising order of pc
 * @strings: names; every offset that a record holds leads to a NUL inside
 * @fmode: the float mode in force at each instruction (VGPU_FMODE_* bits, 0 the
 *	default); 0 where no path leads
 * @ids: functions that CALLI can name, in rising order of id
 * @insn_count: elements of @insns
 * @kernel_count: of @kernels
 * @func_count: of @funcs
 * @pattern_count: of @patterns
 * @table_count: of @tables
 * @target_count: of @targets
 * @line_count: of @lines
 * @string_bytes: of @strings
 * @id_count: of @ids
 * @prog: set by engine_decode(), released by engine_decode_free()
 * @bytes: of all its memory, this included
 * @from: while it is loaded: who answers for them
 * @over: @from's charge refused some
 */
struct engine_code {
	refcount_t refs;
	void *image;

	const struct vgpu_insn *insns;
	const struct vgpu_code_kernel *kernels;
	const struct vgpu_code_func *funcs;
	const struct vgpu_code_pattern *patterns;
	const struct vgpu_code_table *tables;
	const u32 *targets;
	const struct vgpu_code_line *lines;
	const char *strings;
	u8 *fmode;
	struct engine_func_id *ids;

	u32 insn_count;
	u32 kernel_count;
	u32 func_count;
	u32 pattern_count;
	u32 table_count;
	u32 target_count;
	u32 line_count;
	u32 string_bytes;
	u32 id_count;

	struct engine_prog *prog;
	size_t bytes;
	const struct engine_image *from;
	bool over;
};

/**
 * engine_decode() - make the executable form of a verified object
 * @code: verified; @code->prog is NULL
 *
 * decode.c.  May sleep; calls engine_interrupted() now and then.
 * Return: 0; -ENOMEM, -EINTR (what it has made by then goes with the object).
 */
int engine_decode(struct engine_code *code);

/** engine_decode_free() - release what engine_decode() made; @code->prog may be NULL */
void engine_decode_free(struct engine_code *code);

/**
 * engine_code_alloc() - zeroed memory for an object that is being loaded
 * @code: the object
 * @bytes: how many; charged before they are allocated
 *
 * Return: it, for engine_free() when the object goes, or engine_code_free() before; NULL where it is refused (@code->over
 * then says so) or there is none: -ENOMEM for the load, either way.
 */
void *engine_code_alloc(struct engine_code *code, size_t bytes);

/** engine_code_free() - free @bytes of engine_code_alloc() that only the load needed; @p may be NULL */
void engine_code_free(struct engine_code *code, const void *p, size_t bytes);

/** engine_code_line() - PTX line of instruction @pc, or 0 */
u32 engine_code_line(const struct engine_code *code, u32 pc);

/** engine_code_func() - index of the function that holds @pc, or VGPU_NO_PC (a preamble) */
u32 engine_code_func(const struct engine_code *code, u32 pc);

/** engine_code_find_id() - index of the function with CALLI id @id, or VGPU_NO_PC */
u32 engine_code_find_id(const struct engine_code *code, u32 id);

#endif /* VGPU_ENGINE_CODE_H */
