/* SPDX-License-Identifier: MIT */
/*
 * The PTX to vISA compiler's public face.
 *
 * Two stages. vgpucc_module_open() finds the PTX in an image, picks what the
 * device admits and indexes it without compiling anything; queries answer
 * from the index. vgpucc_compile_kernel() compiles one kernel, with all it
 * calls, for one launch shape.
 *
 * A module is immutable once open: any number of threads may query it and
 * compile from it. A struct diag belongs to one call at a time.
 */
#ifndef VGPU_COMPILER_H
#define VGPU_COMPILER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "diag.h"

#ifdef __cplusplus
extern "C" {
#endif

struct vgpucc_module;

/* Bytes of a content hash and of a key, see vgpucc_key(). */
#define VGPUCC_KEY_SIZE 16

enum vgpucc_status {
	VGPUCC_OK = 0,
	VGPUCC_BAD_IMAGE,   /* neither fatbin, PTX nor ELF; or damaged */
	VGPUCC_NO_PTX,      /* no PTX that the device admits */
	VGPUCC_BAD_PTX,     /* syntax or semantic error, see the log */
	VGPUCC_NEWER_PTX,   /* of a version that is not known here */
	VGPUCC_UNSUPPORTED, /* valid, but not for this device */
	VGPUCC_NOT_FOUND,   /* no such kernel or variable */
	VGPUCC_NO_MEMORY,   /* out of memory, or over the budget */
	VGPUCC_BAD_LINK,    /* names of texts that are linked do not fit together, see the log */
};

/**
 * struct vgpucc_target - the device to choose for
 * @cc: compute capability: 120 for 12.0
 * @borrow: the image outlives the module: do not copy PTX out of it
 */
struct vgpucc_target {
	unsigned int cc;
	bool borrow;
};

/**
 * vgpucc_image_size() - bytes of an image of which only the address is known
 * @image: fatbin wrapper, fatbin, ELF or NUL-terminated PTX; trusted as far
 *	as its own headers say, as cuModuleLoadData() has to
 *
 * Return: its size, 0 when it is none of these.
 */
size_t vgpucc_image_size(const void *image);

/** vgpucc_is_container() - whether an image is a fatbin, its wrapper or ELF: what may hold PTX */
bool vgpucc_is_container(const void *image);

/**
 * vgpucc_is_unlinked() - ask for code that is yet to be linked
 * @image: image
 * @len: as of vgpucc_module_open()
 *
 * Return: whether it is a wrapper of relocatable device code that was linked to nothing: vgpucc_link_program() has to.
 */
bool vgpucc_is_unlinked(const void *image, size_t len);

/**
 * vgpucc_module_open() - stage 1: find, choose and index PTX
 * @image: a fatbin (wrapped or bare), PTX text, what vgpucc_link_image() made,
 *	or an ELF shared object with an .nv_fatbin section (first admitted module)
 * @len: bytes of @image; 0: ask vgpucc_image_size(). A wrapper, which has a pointer, is one only then
 * @target: what to choose for
 * @d: errors, and on VGPUCC_NO_PTX the architectures found; may be NULL
 * @out: the module
 *
 * Nothing that a hostile image holds makes this crash, loop, or take more
 * memory than a small multiple of the PTX it holds.
 *
 * Return: enum vgpucc_status.
 */
int vgpucc_module_open(const void *image, size_t len, const struct vgpucc_target *target, struct diag *d,
		       struct vgpucc_module **out);

/* No compile may be running. NULL is fine. */
void vgpucc_module_close(struct vgpucc_module *m);

/**
 * struct vgpucc_info - of a module
 * @ptx_isa: version of the PTX ISA: 805 for 8.5
 * @ptx_target: its .target: 90 for sm_90
 * @variant: 0, 'a' or 'f'
 * @nkernels: entries
 * @nglobals: module-level variables in global, const, or texture space
 * @ptx: the text
 * @ptx_len: its bytes
 * @content: hash of the text
 */
struct vgpucc_info {
	unsigned int ptx_isa, ptx_target;
	char variant;
	unsigned int nkernels, nglobals;
	const char *ptx;
	size_t ptx_len;
	const uint8_t *content;
};

void vgpucc_module_info(const struct vgpucc_module *m, struct vgpucc_info *info);

/**
 * struct vgpucc_param - where a kernel parameter lies in the parameter block
 * @offset: bytes before it
 * @size: its bytes
 * @align: bytes, a power of two
 */
struct vgpucc_param {
	size_t offset, size, align;
};

/**
 * struct vgpucc_kernel - what is known of a kernel without compiling it
 * @name: as in PTX (mangled)
 * @params: @nparams of them
 * @param_size: bytes of the parameter block
 * @maxntid: .maxntid (0: not given)
 * @reqntid: .reqntid (0: not given)
 * @reqcluster: .reqnctapercluster (0: not given)
 * @minnctapersm: .minnctapersm
 * @maxnreg: .maxnreg
 * @static_shared: bytes of .shared variables that the kernel, or what it
 *	calls, uses
 * @index: for vgpucc_kernel_at()
 * @nparams: how many at @params
 * @target: the .target of its text: 90 for sm_90
 */
struct vgpucc_kernel {
	const char *name;
	const struct vgpucc_param *params;
	unsigned int nparams;
	size_t param_size;
	unsigned int maxntid[3], reqntid[3], reqcluster[3];
	unsigned int minnctapersm, maxnreg;
	size_t static_shared;
	unsigned int index;
	unsigned int target;
};

/* 0 to nkernels - 1, in text order. Return: VGPUCC_OK or VGPUCC_NOT_FOUND. */
int vgpucc_kernel_at(const struct vgpucc_module *m, unsigned int index, struct vgpucc_kernel *k);
int vgpucc_kernel_find(const struct vgpucc_module *m, const char *name, struct vgpucc_kernel *k);

/**
 * vgpucc_function_id() - value of a device function's address
 * @m: module
 * @name: function, as in struct vgpucc_reloc
 * @id: set to its id, the same in every code object made from @m
 *	(ir_func.id + 1: no function's address is null)
 *
 * Return: VGPUCC_OK or VGPUCC_NOT_FOUND.
 */
int vgpucc_function_id(const struct vgpucc_module *m, const char *name, uint32_t *id);

enum vgpucc_space { VGPUCC_GLOBAL, VGPUCC_CONST, VGPUCC_TEXTURE };

/**
 * struct vgpucc_reloc - an address that belongs into a variable
 * @offset: byte in the variable
 * @size: bytes to write: 1, 4 or 8
 * @shift: right shift of the address first
 * @global: index of the variable whose address is meant; UINT32_MAX: a
 *	function, by @func
 * @func: function name, or NULL
 * @addend: added to the address
 */
struct vgpucc_reloc {
	uint64_t offset;
	uint8_t size, shift;
	uint32_t global;
	const char *func;
	int64_t addend;
};

/**
 * struct vgpucc_global - a module-level variable
 * @name: as in PTX
 * @space: where it lives; constants are loaded as read-only memory
 * @size: bytes; 0 for an extern one without a size
 * @align: bytes
 * @init: first @init_len bytes of its contents, the rest is zero
 * @relocs: @nrelocs addresses to write over @init
 * @is_extern: defined in another module (cuLink); not allocated here
 * @managed: __managed__
 * @index: for vgpucc_global_at()
 * @init_len: bytes at @init
 * @nrelocs: how many at @relocs
 */
struct vgpucc_global {
	const char *name;
	enum vgpucc_space space;
	size_t size, align;
	const void *init;
	size_t init_len;
	const struct vgpucc_reloc *relocs;
	unsigned int nrelocs;
	bool is_extern, managed;
	unsigned int index;
};

int vgpucc_global_at(const struct vgpucc_module *m, unsigned int index, struct vgpucc_global *g);
int vgpucc_global_find(const struct vgpucc_module *m, const char *name, struct vgpucc_global *g);

/* ---- stage 2 ---- */

/**
 * enum vgpucc_shape_class - what is known of blockDim, coarsest key of a
 * compiled variant
 * @VGPUCC_SHAPE_GENERAL: nothing
 * @VGPUCC_SHAPE_LINEAR: y = z = 1, and the block is whole warps
 * @VGPUCC_SHAPE_ROWS: x is a multiple of 32: tid.y, tid.z uniform in a warp
 */
enum vgpucc_shape_class {
	VGPUCC_SHAPE_GENERAL,
	VGPUCC_SHAPE_LINEAR,
	VGPUCC_SHAPE_ROWS,
};

enum vgpucc_shape_class vgpucc_shape_class(const unsigned int block[3]);

/**
 * struct vgpucc_options - of one compilation
 * @shape: class to compile for; correct for any block of that class
 * @cc: compute capability the device claims
 * @memory_limit: bytes; 0: 1 GiB
 * @dump_ir: print the IR there after the front half; may be NULL
 * @dump_isa: print the emitted vISA there; may be NULL
 */
struct vgpucc_options {
	enum vgpucc_shape_class shape;
	unsigned int cc;
	size_t memory_limit;
	FILE *dump_ir, *dump_isa;
};

/**
 * vgpucc_compile_kernel() - stage 2: one kernel for one launch shape
 * @m: module
 * @name: kernel
 * @opt: options
 * @d: errors with PTX line and reason; may be NULL
 * @code: the code object (uapi/vgpu_isa.h); free() it
 * @len: its bytes
 *
 * Return: enum vgpucc_status.
 */
int vgpucc_compile_kernel(const struct vgpucc_module *m, const char *name, const struct vgpucc_options *opt,
			  struct diag *d, void **code, size_t *len);

/**
 * vgpucc_check() - what is wrong in the functions of a module, whether anything calls them or not
 * @m: module
 * @d: errors with PTX line and reason; may be NULL
 *
 * Not how they are compiled: what is not implemented is an error of who uses it.
 *
 * Return: enum vgpucc_status.
 */
int vgpucc_check(const struct vgpucc_module *m, struct diag *d);

/**
 * vgpucc_key() - what vgpucc_compile_kernel() would make, by name
 * @m: module
 * @name: kernel
 * @opt: options
 * @key: a hash over all that the code object depends on: the module's text, the
 *	kernel's name, the options, the instruction set, and this compiler's own sources
 */
void vgpucc_key(const struct vgpucc_module *m, const char *name, const struct vgpucc_options *opt,
		uint8_t key[VGPUCC_KEY_SIZE]);

/* For module.c: the hash of a text (XXH3, 128 bits). */
void vgpucc_content_hash(const char *text, size_t len, uint8_t out[VGPUCC_KEY_SIZE]);

/* The IR module behind the face, for the compiler's own parts and tools. */
struct ir_module;
const struct ir_module *vgpucc_module_ir(const struct vgpucc_module *m);

/* ---- linking ---- */

struct vgpucc_link;

/**
 * vgpucc_link_new() - a link of nothing yet
 * @cc: compute capability of the device that it is for
 *
 * Return: the link; NULL: out of memory.
 */
struct vgpucc_link *vgpucc_link_new(unsigned int cc);

/**
 * vgpucc_link_add() - one more input
 * @l: link
 * @name: what errors call it
 * @image: PTX, a fatbin, or ELF: of each fatbin in it the PTX that suits the device best
 * @len: its bytes; a wrapper, which has a pointer, is none of these
 * @d: errors; may be NULL
 *
 * An input that is wrong by itself leaves the link as it was, but for the fatbins that came before in it. One that does not
 * fit to those before it (VGPUCC_BAD_LINK), or that memory did not suffice for, spoils it: what follows is the same error.
 *
 * Return: enum vgpucc_status.
 */
int vgpucc_link_add(struct vgpucc_link *l, const char *name, const void *image, size_t len, struct diag *d);

/**
 * vgpucc_link_program() - what a program of relocatable device code is made of
 * @l: link
 * @image: of vgpucc_is_unlinked(); its pointers are followed
 * @d: errors; may be NULL
 *
 * Functions are not looked into before they are compiled. An object without PTX for the device is left out: NVIDIA's
 * device runtime, which each such program has, is machine code for most.
 *
 * Return: enum vgpucc_status.
 */
int vgpucc_link_program(struct vgpucc_link *l, const void *image, struct diag *d);

/**
 * vgpucc_link_image() - all inputs in one, as vgpucc_module_open() takes it
 * @l: link
 * @len: set to its bytes, without the NUL behind them
 *
 * Opened as a module, the names of its texts are resolved: what an initializer wants and nothing defines is VGPUCC_BAD_LINK
 * then, and what a kernel wants when it is compiled.
 *
 * Return: it, free() it; NULL: out of memory, or the link is spoilt.
 */
char *vgpucc_link_image(const struct vgpucc_link *l, size_t *len);

/* NULL is fine. */
void vgpucc_link_free(struct vgpucc_link *l);

/* ---- fatbins, for tools ---- */

/**
 * struct vgpucc_entry - one entry of a fatbin
 * @ptx: PTX, else ELF (SASS)
 * @arch: 90 for sm_90
 * @variant: 0, 'a' or 'f'
 * @isa: PTX ISA version (805), 0 for ELF
 * @compression: "none", "lz4", "zstd"
 * @data: stored bytes
 * @stored: their number
 * @size: bytes when decompressed
 * @module: number of the fatbin in the file, from 0
 */
struct vgpucc_entry {
	bool ptx;
	unsigned int arch;
	char variant;
	unsigned int isa;
	const char *compression;
	const void *data;
	size_t stored, size;
	unsigned int module;
};

/**
 * vgpucc_image_entries() - walk the entries of all fatbins in an image
 * @image: as for vgpucc_module_open()
 * @len: bytes
 * @fn: called for each; non-zero stops
 * @ctx: handed through
 * @d: damage found; may be NULL
 *
 * Return: VGPUCC_OK, VGPUCC_BAD_IMAGE, or what @fn returned.
 */
int vgpucc_image_entries(const void *image, size_t len, int (*fn)(const struct vgpucc_entry *e, void *ctx), void *ctx,
			 struct diag *d);

/* Order among the entries that a device of capability @cc admits; 0: it does not admit this one. */
unsigned int vgpucc_entry_rank(const struct vgpucc_entry *e, unsigned int cc);

/* PTX text of an entry, NUL-terminated, malloc()ed; NULL with a log. */
char *vgpucc_entry_text(const struct vgpucc_entry *e, size_t *len, struct diag *d);

#ifdef __cplusplus
}
#endif

#endif
