/* SPDX-License-Identifier: MIT */
/* Look-ups in the tables ptx_*.def, for parser and verifier. */
#ifndef VGPU_COMPILER_PTX_TABLES_H
#define VGPU_COMPILER_PTX_TABLES_H

#include "ir.h"

#define PTX_MAX_TYPES 5
#define PTX_MAX_OPNDS 16

/**
 * struct ptx_opnd - one token of a signature, decoded
 * @role: 'd', 's', 'a', 'm', 't', 'i', 'b' or 'T'
 * @type: '0'-'4', 'w', 'p', 'h', 'r', 'q', 'f', 'A', 'z' or '.'
 * @bar: joined to the operand before it by '|'
 * @by_vec: a vector of m.vec elements
 * @any_vec: a vector of any length, or a scalar
 * @optional: may be missing
 * @when: condition letter of an optional operand, 0: by operand count
 */
struct ptx_opnd {
	char role, type;
	bool bar, by_vec, any_vec, optional;
	char when;
};

struct ptx_op {
	const char *name;
	u8 min_types, max_types, nopnds;
	u64 types[PTX_MAX_TYPES];
	u128 required, allowed; /* groups; allowed includes required */
	u32 flags;
	struct ptx_opnd opnds[PTX_MAX_OPNDS];
};

/* Must run before any look-up; cheap when it already has. */
void ptx_tables_init(void);

const struct ptx_op *ptx_op(enum ir_op op);

/**
 * ptx_find_op() - the opcode with the longest name that starts a mnemonic
 * @s: mnemonic, for example "ld.global.f32"
 * @len: its bytes
 * @used: set to the bytes of the name
 *
 * Return: OP_NONE where there is none.
 */
enum ir_op ptx_find_op(const char *s, size_t len, size_t *used);

/* A suffix without its dot. */
enum ir_type ptx_find_type(const char *s, size_t len);

/**
 * struct ptx_mod - one modifier spelling in one group
 * @next: same spelling in another group, or 0
 * @name: as written, less its dot
 * @group: enum of what it says
 * @value: what it says there
 */
struct ptx_mod {
	const char *name;
	u8 group, value;
	u16 next;
};

/* First entry of the spelling; follow ptx_mod_next(). NULL: unknown. */
const struct ptx_mod *ptx_find_mod(const char *s, size_t len);
const struct ptx_mod *ptx_mod_next(const struct ptx_mod *m);
/* The name with its '%', for example "%tid.x"; -1: unknown. */
int ptx_find_sreg(const char *s, size_t len);

u32 ptx_hash(const char *s, size_t len);

#endif
