/* SPDX-License-Identifier: MIT */
/*
 * What a compiled kernel and the library that launches it agree on beyond the
 * kernel's own parameters.
 *
 * The parameter block of a launch is the kernel's parameters (param_size bytes
 * as in PTX), padded to a multiple of 8, then one struct vgpu_hidden.  The
 * code object's param_size counts all of it, used or not.  Hidden words are
 * the same for all threads of a grid.
 */
#ifndef VGPU_KERNEL_ABI_H
#define VGPU_KERNEL_ABI_H

#include <stdint.h>

/**
 * struct vgpu_hidden - hidden parameters
 * @globals: address of an array of 64-bit addresses, one for each module-level
 *	variable by its index (struct vgpucc_global); 0 for one that has none
 * @print: address of a struct vgpu_print_buffer
 * @heap: address of a struct vgpu_heap; 0 for a module without malloc
 */
struct vgpu_hidden {
	uint64_t globals;
	uint64_t print;
	uint64_t heap;
};

/* Where the hidden parameters of a kernel with that much of its own begin. */
#define VGPU_HIDDEN_OFFSET(param_size)	(((param_size) + 7) & ~(uint64_t)7)

/**
 * struct vgpu_print_buffer - what kernels print, until the host fetches it
 * @head: bytes of @data reserved so far; a lane takes its record with one
 *	64-bit atomic add of the record's size and keeps the old value as offset
 * @capacity: bytes of @data; a record that ends beyond is not written
 * @data: records, each a multiple of 8 bytes
 *
 * The host zeroes what it has fetched; a record is complete when its first
 * word, stored last with release, is not zero.
 */
struct vgpu_print_buffer {
	uint64_t head;
	uint64_t capacity;
	uint64_t reserved[6];
	uint8_t data[];
};

enum vgpu_print_kind { VGPU_PRINT_FORMAT = 1, VGPU_PRINT_ASSERT = 2 };

/**
 * struct vgpu_print_record - printf(): format, then the arguments
 * @size: bytes of the record, this header included
 * @kind: VGPU_PRINT_FORMAT
 * @format: generic address of the format string
 * @args: as vprintf's second argument points at them: each argument at its
 *	natural alignment (4 or 8); as many bytes as the format needs, or more
 */
struct vgpu_print_record {
	uint32_t size;
	uint32_t kind;
	uint64_t format;
	uint8_t args[];
};

/**
 * struct vgpu_assert_record - __assertfail(), before it traps with VGPU_TRAP_ASSERT
 * @size: sizeof(struct vgpu_assert_record)
 * @kind: VGPU_PRINT_ASSERT
 * @message: generic address of the expression
 * @file: of the file's name
 * @function: of the function's name
 * @line: line in the file
 * @block: block index
 * @thread: thread index
 */
struct vgpu_assert_record {
	uint32_t size;
	uint32_t kind;
	uint64_t message;
	uint64_t file;
	uint64_t function;
	uint32_t line;
	uint32_t block[3];
	uint32_t thread[3];
	uint32_t reserved;
};

/**
 * struct vgpu_heap - memory of the device side malloc
 * @size: bytes, this header included; the rest of the region is zero at first
 *	and belongs to the compiler's malloc and free
 */
struct vgpu_heap {
	uint64_t size;
	uint64_t state[7];
};

#endif
