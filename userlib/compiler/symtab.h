/* SPDX-License-Identifier: MIT */
/* Scoped names: hashed, innermost scope first. */
#ifndef VGPU_COMPILER_SYMTAB_H
#define VGPU_COMPILER_SYMTAB_H

#include "ir.h"

enum sym_kind {
	SYM_VAR,
	SYM_FUNC,
	SYM_REG,
	SYM_REGVEC,
	SYM_REGRANGE,
	SYM_LABEL,
	SYM_TABLE,
	SYM_LOWEST, /* of registers NAME57 of their own: no name of the text */
};

/**
 * struct reg_vec - a register declared .v2 or .v4
 * @n: elements: 2 or 4
 * @elem: a register each
 */
struct reg_vec {
	u32 n;
	struct ir_reg *elem[4];
};

/**
 * struct reg_range - %r<count>: registers made when first named
 * @regs: @count of them, NULL until one is used
 * @vec: elements each (1, 2, 4)
 * @prefix: of the names
 * @type: declared type
 * @count: how many
 */
struct reg_range {
	const char *prefix;
	u8 type, vec;
	u32 count;
	void **regs;
};

struct ir_sym {
	const char *name;
	u32 len, hash;
	u16 depth;
	u8 kind;
	union {
		struct ir_var *var;
		struct ir_func *func;
		struct ir_reg *reg;
		struct reg_vec *vec;
		struct reg_range *range;
		struct ir_label *label;
		struct ir_table *table;
		u64 number;
		void *p;
	};
	struct ir_sym *chain; /* same bucket, older */
	struct ir_sym *older; /* declared before, any bucket */
};

struct ir_symtab {
	struct arena *arena;
	struct ir_sym **buckets;
	u32 nbuckets, nsyms;
	u16 depth;
	struct ir_sym *newest;
};

void symtab_init(struct ir_symtab *t, struct arena *a, u32 nbuckets);
/* Innermost symbol of a name, or NULL. Labels have a name space of theirs. */
struct ir_sym *symtab_find(const struct ir_symtab *t, const char *name, size_t len, bool label);
struct ir_sym *symtab_add(struct ir_symtab *t, const char *name, size_t len, enum sym_kind kind, void *p);
/* Takes the newest symbol of the innermost scope out; NULL: scope is empty. */
struct ir_sym *symtab_pop(struct ir_symtab *t);

#endif
