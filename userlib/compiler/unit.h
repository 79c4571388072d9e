/* SPDX-License-Identifier: MIT */
/*
 * A compilation: one kernel with everything it calls, out of one module and
 * the device runtime.
 */
#ifndef VGPU_COMPILER_UNIT_H
#define VGPU_COMPILER_UNIT_H

#include "compiler.h"
#include "ir.h"
#include "object.h"

/* A function that the object must hold; its index there is its place in the list. */
struct unit_func {
	const struct ir_module *mod;
	struct ir_func *func;
};

/**
 * struct unit - what one call of vgpucc_compile_kernel() works on
 * @mod: the user's module
 * @kernel: the kernel
 * @arena: lives until the object is written
 * @funcs: kernel first; grows as calls are met
 * @hidden: offset of the hidden parameters in the parameter block
 * @shared: static shared memory laid out so far
 * @failed: what vgpucc_compile_kernel() is to return after a refusal
 * @opt: what the caller wants
 * @diag: errors go here
 * @object: that is being made
 * @nfuncs: how many at @funcs
 * @cap_funcs: room there
 * @dynamic_align: alignment that dynamic shared memory needs
 * @indirect: function ids are used: all address-taken ones go in
 * @dynamic: a function moves the stack pointer (lower_stack.c)
 * @calls: the kernel needs a stack
 * @vregs: most V registers of a function
 * @wregs: likewise W
 * @sregs: likewise S
 * @shared_vars: variables laid out in @shared
 * @nshared: how many
 * @cap_shared: room there
 */
struct unit {
	const struct ir_module *mod;
	struct ir_func *kernel;
	const struct vgpucc_options *opt;
	struct diag *diag;
	struct arena *arena;
	struct object *object;
	struct unit_func *funcs;
	u32 nfuncs, cap_funcs;
	u32 hidden;
	u32 shared, dynamic_align;
	bool indirect;
	bool dynamic;
	bool calls;
	u32 vregs, wregs, sregs;
	struct shared_var *shared_vars;
	u32 nshared, cap_shared;
	int failed;
};

struct shared_var {
	const struct ir_var *var;
	u32 offset;
};

/* Index of a function in the object, added if it is new. */
u32 unit_func(struct unit *u, const struct ir_module *mod, struct ir_func *f);
/* Where a .shared variable lies; dynamic (extern, unsized) ones: UINT32_MAX. */
u32 unit_shared(struct unit *u, const struct ir_var *v);

/* The part of shared memory that %reserved_smem_offset_* tell of, in units that ask: as much as a card has there. */
#define RESERVED_SHARED 288u
extern const struct ir_var unit_reserved;

/* ---- layout.c: module variables and function ids, the same for all kernels ---- */

/* Byte offset of a global or constant variable in the module's segment. */
u64 layout_offset(const struct ir_module *m, const struct ir_var *v);
/* Id by which a function pointer names it: 1 + its index in the module. */
u64 layout_func_id(const struct ir_module *m, const struct ir_func *f);

/* ---- rt.c: the device runtime ---- */
const struct ir_module *runtime_module(struct diag *d);

#endif
