// SPDX-License-Identifier: MIT
/*
 * Putting a code object together.
 */
#include <stdlib.h>
#include <string.h>
#include "build.h"

const uint32_t visa_element_size[VGPU_SEC_COUNT] = {
	[VGPU_SEC_KERNELS] = sizeof(struct vgpu_code_kernel), [VGPU_SEC_FUNCS] = sizeof(struct vgpu_code_func),
	[VGPU_SEC_INSNS] = sizeof(struct vgpu_insn),          [VGPU_SEC_PATTERNS] = sizeof(struct vgpu_code_pattern),
	[VGPU_SEC_TABLES] = sizeof(struct vgpu_code_table),   [VGPU_SEC_TARGETS] = sizeof(uint32_t),
	[VGPU_SEC_LINES] = sizeof(struct vgpu_code_line),     [VGPU_SEC_STRINGS] = 1,
};

static void *vec_push(struct visa_vec *v, uint32_t element, uint32_t n)
{
	void *at;

	if (v->count + n > v->room) {
		uint32_t room = (v->count + n) * 2;
		void *data = realloc(v->data, (size_t)room * element);

		if (!data)
			return NULL;
		v->data = data;
		v->room = room;
	}
	at = (char *)v->data + (size_t)v->count * element;
	memset(at, 0, (size_t)n * element);
	v->count += n;
	return at;
}

void *visa_push(struct visa_build *b, enum vgpu_section sec)
{
	return vec_push(&b->sec[sec], visa_element_size[sec], 1);
}

bool visa_string(struct visa_build *b, const char *text, uint32_t *offset)
{
	size_t n = strlen(text) + 1;
	char *at;

	*offset = b->sec[VGPU_SEC_STRINGS].count;
	at = vec_push(&b->sec[VGPU_SEC_STRINGS], 1, n);
	if (at)
		memcpy(at, text, n);
	return at;
}

static uint32_t hash(const char *name)
{
	uint32_t h = 2166136261u;

	while (*name)
		h = (h ^ (unsigned char)*name++) * 16777619u;
	return h;
}

static struct visa_symbol *slot(struct visa_symbol *table, uint32_t room, const char *name)
{
	uint32_t i = hash(name) & (room - 1);

	while (table[i].name && strcmp(table[i].name, name))
		i = (i + 1) & (room - 1);
	return &table[i];
}

static bool grow_symbols(struct visa_build *b)
{
	uint32_t room = b->symbol_room ? b->symbol_room * 2 : 64, i;
	struct visa_symbol *table = calloc(room, sizeof(*table));

	if (!table)
		return false;
	for (i = 0; i < b->symbol_room; i++)
		if (b->symbols[i].name)
			*slot(table, room, b->symbols[i].name) = b->symbols[i];
	free(b->symbols);
	b->symbols = table;
	b->symbol_room = room;
	return true;
}

bool visa_define(struct visa_build *b, const char *name, enum visa_symbol_kind kind, uint32_t value)
{
	struct visa_symbol *s;

	if (b->symbol_count * 2 >= b->symbol_room && !grow_symbols(b))
		return false;
	s = slot(b->symbols, b->symbol_room, name);
	if (s->name)
		return false;
	s->name = strdup(name);
	s->kind = kind;
	s->value = value;
	b->symbol_count++;
	return s->name;
}

bool visa_fixup(struct visa_build *b, const struct visa_fixup *f)
{
	struct visa_fixup *at = vec_push(&b->fixups, sizeof(*at), 1);

	if (!at)
		return false;
	*at = *f;
	at->name = strdup(f->name);
	return at->name;
}

static void apply(struct visa_build *b, const struct visa_fixup *f, uint32_t value)
{
	struct vgpu_insn *insn = b->sec[VGPU_SEC_INSNS].data;
	struct vgpu_code_kernel *kernel = b->sec[VGPU_SEC_KERNELS].data;
	uint32_t *target = b->sec[VGPU_SEC_TARGETS].data;

	switch (f->kind) {
	case VISA_FIX_IMM:
		insn[f->index].imm = value;
		break;
	case VISA_FIX_B:
		insn[f->index].b = value;
		break;
	case VISA_FIX_TARGET:
		target[f->index] = value;
		break;
	case VISA_FIX_KERNEL_FUNC:
		kernel[f->index].func = value;
		break;
	case VISA_FIX_KERNEL_GRID:
		kernel[f->index].grid_pre = value;
		break;
	case VISA_FIX_KERNEL_BLOCK:
		kernel[f->index].block_pre = value;
		break;
	}
}

const struct visa_fixup *visa_resolve(struct visa_build *b)
{
	const struct visa_fixup *f = b->fixups.data;
	uint32_t i;

	for (i = 0; i < b->fixups.count; i++) {
		const struct visa_symbol *s;

		if (!b->symbol_room)
			return &f[i];
		s = slot(b->symbols, b->symbol_room, f[i].name);
		if (!s->name || s->kind != f[i].wants)
			return &f[i];
		apply(b, &f[i], s->value);
	}
	return NULL;
}

void *visa_finish(const struct visa_build *b, size_t *size)
{
	struct vgpu_code_header h = {
		.magic = VGPU_CODE_MAGIC,
		.version = VGPU_ISA_VERSION,
		.header_size = sizeof(h),
	};
	size_t at = sizeof(h);
	char *image;
	int i;

	for (i = 0; i < VGPU_SEC_COUNT; i++) {
		at = (at + 7) & ~(size_t)7;
		h.sec[i].offset = at;
		h.sec[i].count = b->sec[i].count;
		at += (size_t)b->sec[i].count * visa_element_size[i];
	}
	h.total_size = at;
	image = calloc(1, at);
	if (!image)
		return NULL;
	memcpy(image, &h, sizeof(h));
	for (i = 0; i < VGPU_SEC_COUNT; i++)
		if (b->sec[i].count)
			memcpy(image + h.sec[i].offset, b->sec[i].data, (size_t)b->sec[i].count * visa_element_size[i]);
	*size = at;
	return image;
}

void visa_build_free(struct visa_build *b)
{
	struct visa_fixup *f = b->fixups.data;
	uint32_t i;

	for (i = 0; i < b->fixups.count; i++)
		free(f[i].name);
	for (i = 0; i < b->symbol_room; i++)
		free(b->symbols[i].name);
	for (i = 0; i < VGPU_SEC_COUNT; i++)
		free(b->sec[i].data);
	free(b->fixups.data);
	free(b->symbols);
	memset(b, 0, sizeof(*b));
}
