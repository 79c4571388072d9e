// SPDX-License-Identifier: MIT
/* The code object's container: collects its parts and writes them out. */
#include <stdlib.h>
#include <string.h>

#include "object.h"

#define PUSH(o, field, value)                                                                                        \
	do {                                                                                                         \
		if ((o)->n##field == (o)->cap_##field) {                                                             \
			u32 cap = (o)->cap_##field ? (o)->cap_##field * 2 : 64;                                      \
                                                                                                                     \
			(o)->field = arena_grow((o)->arena, (o)->field, (o)->cap_##field, cap, sizeof(*(o)->field)); \
			(o)->cap_##field = cap;                                                                      \
		}                                                                                                    \
		(o)->field[(o)->n##field++] = (value);                                                               \
	} while (0)

void object_insn(struct object *o, const struct vgpu_insn *in, u32 line)
{
	if (line && (!o->nlines || o->lines[o->nlines - 1].line != line)) {
		struct vgpu_code_line l = { .pc = o->ninsns, .line = line };

		PUSH(o, lines, l);
	}
	PUSH(o, insns, *in);
}

u32 object_string(struct object *o, const char *s)
{
	u32 at = o->nstrings;

	do {
		PUSH(o, strings, *s);
	} while (*s++);
	return at;
}

u32 object_func(struct object *o, const char *name, u32 id)
{
	struct vgpu_code_func f = { .name = object_string(o, name), .id = id };

	PUSH(o, funcs, f);
	return o->nfuncs - 1;
}

u32 object_pattern(struct object *o, const s64 *offsets)
{
	struct vgpu_code_pattern p;
	u32 k;

	for (k = 0; k < VGPU_WARP_LANES; k++)
		p.offset[k] = (u32)offsets[k];
	for (k = 0; k < o->npatterns; k++)
		if (!memcmp(&o->patterns[k], &p, sizeof(p)))
			return k;
	PUSH(o, patterns, p);
	return k;
}

u32 object_table(struct object *o, const u32 *targets, u32 n)
{
	struct vgpu_code_table t = { .first = o->ntargets, .count = n };
	u32 i;

	for (i = 0; i < n; i++)
		PUSH(o, targets, targets[i]);
	PUSH(o, tables, t);
	return o->ntables - 1;
}

/* ---- writing ---- */

struct part {
	const void *data;
	u32 count;
	u32 size; /* of an element */
};

void *object_write(struct object *o, size_t *size)
{
	const struct part parts[VGPU_SEC_COUNT] = {
		[VGPU_SEC_KERNELS] = { &o->kernel, 1, sizeof(o->kernel) },
		[VGPU_SEC_FUNCS] = { o->funcs, o->nfuncs, sizeof(*o->funcs) },
		[VGPU_SEC_INSNS] = { o->insns, o->ninsns, sizeof(*o->insns) },
		[VGPU_SEC_PATTERNS] = { o->patterns, o->npatterns, sizeof(*o->patterns) },
		[VGPU_SEC_TABLES] = { o->tables, o->ntables, sizeof(*o->tables) },
		[VGPU_SEC_TARGETS] = { o->targets, o->ntargets, sizeof(*o->targets) },
		[VGPU_SEC_LINES] = { o->lines, o->nlines, sizeof(*o->lines) },
		[VGPU_SEC_STRINGS] = { o->strings, o->nstrings, 1 },
	};
	struct vgpu_code_header h = {
		.magic = VGPU_CODE_MAGIC,
		.version = VGPU_ISA_VERSION,
		.header_size = sizeof(h),
	};
	size_t at = (sizeof(h) + 7) & ~7ul;
	char *out;
	u32 i;

	for (i = 0; i < VGPU_SEC_COUNT; i++) {
		h.sec[i].offset = at;
		h.sec[i].count = parts[i].count;
		at = (at + (size_t)parts[i].count * parts[i].size + 7) & ~7ul;
	}
	h.total_size = at;
	out = calloc(1, at);
	if (!out)
		return NULL;
	memcpy(out, &h, sizeof(h));
	for (i = 0; i < VGPU_SEC_COUNT; i++)
		if (parts[i].count)
			memcpy(out + h.sec[i].offset, parts[i].data, (size_t)parts[i].count * parts[i].size);
	*size = at;
	return out;
}
