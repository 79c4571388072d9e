/* SPDX-License-Identifier: MIT */
/* The code object in the making, and its writer. */
#ifndef VGPU_COMPILER_OBJECT_H
#define VGPU_COMPILER_OBJECT_H

#include "mir.h"

/**
 * struct object - parts of a code object
 * @arena: where all of it lives
 * @insns: instructions
 * @funcs: functions
 * @tables: jump tables
 * @lines: PTX lines
 * @patterns: patterns of lanes
 * @targets: instruction indices of the tables
 * @strings: NUL-terminated names
 * @kernel: the one that it holds
 * @ninsns: how many
 * @nfuncs: how many
 * @ntables: how many
 * @nlines: how many
 * @npatterns: how many
 * @ntargets: how many
 * @nstrings: bytes
 * @cap_insns: room
 * @cap_funcs: room
 * @cap_tables: room
 * @cap_lines: room
 * @cap_patterns: room
 * @cap_targets: room
 * @cap_strings: room
 *
 * Every list grows in @arena; the counts are those of the sections.
 */
struct object {
	struct arena *arena;
	struct vgpu_insn *insns;
	struct vgpu_code_func *funcs;
	struct vgpu_code_table *tables;
	struct vgpu_code_line *lines;
	struct vgpu_code_pattern *patterns;
	u32 *targets;
	char *strings;
	u32 ninsns, nfuncs, ntables, nlines, npatterns, ntargets, nstrings;
	u32 cap_insns, cap_funcs, cap_tables, cap_lines, cap_patterns, cap_targets, cap_strings;
	struct vgpu_code_kernel kernel;
};

void object_insn(struct object *o, const struct vgpu_insn *in, u32 line);
u32 object_string(struct object *o, const char *s);
u32 object_func(struct object *o, const char *name, u32 id);
/* The place of a pattern: 32 offsets, each less than VGPU_PATTERN_SPAN. */
u32 object_pattern(struct object *o, const s64 *offsets);
u32 object_table(struct object *o, const u32 *targets, u32 n);
/* malloc()ed bytes of the whole, or NULL without memory. */
void *object_write(struct object *o, size_t *size);

/* emit.c: append the words of an allocated function; it becomes function @index. */
bool emit_function(struct object *o, struct mfunc *f, u32 index);

#endif
