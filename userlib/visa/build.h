/* SPDX-License-Identifier: MIT */
/*
 * A code object being put together: growing sections and the names of things.
 */
#ifndef VISA_BUILD_H
#define VISA_BUILD_H

#include <stdbool.h>
#include <stdint.h>
#include "../../uapi/vgpu_isa.h"

enum visa_symbol_kind { VISA_LABEL, VISA_FUNC, VISA_TABLE };

/** struct visa_vec - a growing array */
struct visa_vec {
	void *data;
	uint32_t count, room;
};

/** struct visa_symbol - what a name stands for: an instruction, a function or a table */
struct visa_symbol {
	char *name;
	enum visa_symbol_kind kind;
	uint32_t value;
};

/** enum visa_fixup_kind - fields that wait for a name's value */
enum visa_fixup_kind {
	VISA_FIX_IMM,    /* instruction's immediate */
	VISA_FIX_B,      /* instruction's operand B */
	VISA_FIX_TARGET, /* entry of the targets */
	VISA_FIX_KERNEL_FUNC,
	VISA_FIX_KERNEL_GRID,
	VISA_FIX_KERNEL_BLOCK,
};

struct visa_fixup {
	enum visa_fixup_kind kind;
	enum visa_symbol_kind wants;
	uint32_t index;
	unsigned int line;
	char *name;
};

/**
 * struct visa_build - the object
 * @sec: its sections
 * @symbols: names, a hash table
 * @symbol_room: its slots, a power of two
 * @symbol_count: how many are taken
 * @fixups: struct visa_fixup[]
 */
struct visa_build {
	struct visa_vec sec[VGPU_SEC_COUNT];
	struct visa_symbol *symbols;
	uint32_t symbol_room, symbol_count;
	struct visa_vec fixups;
};

/** visa_push() - append one element of section @sec, zeroed; NULL without memory */
void *visa_push(struct visa_build *b, enum vgpu_section sec);
/** visa_string() - offset of @text in the strings */
bool visa_string(struct visa_build *b, const char *text, uint32_t *offset);
/** visa_define() - false where the name is taken */
bool visa_define(struct visa_build *b, const char *name, enum visa_symbol_kind kind, uint32_t value);
bool visa_fixup(struct visa_build *b, const struct visa_fixup *f);
/** visa_resolve() - fill all fields that wait; else the fixup whose name is unknown */
const struct visa_fixup *visa_resolve(struct visa_build *b);
/** visa_finish() - the object in one piece */
void *visa_finish(const struct visa_build *b, size_t *size);
void visa_build_free(struct visa_build *b);

extern const uint32_t visa_element_size[VGPU_SEC_COUNT];

#endif /* VISA_BUILD_H */
