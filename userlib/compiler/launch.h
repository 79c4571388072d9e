/* SPDX-License-Identifier: MIT */
/*
 * The launch contract: what compiled kernels expect of whoever launches them,
 * beyond the parameters that PTX declares.
 */
#ifndef VGPU_COMPILER_LAUNCH_H
#define VGPU_COMPILER_LAUNCH_H

#include <stddef.h>
#include <stdint.h>

#include "compiler.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct vgpucc_hidden - parameters that follow the user's, at
 * vgpucc_hidden_offset(); a launch brings them filled in
 * @globals: GPU address of the module's segment: all global and constant
 *	variables at the offsets that vgpucc_global_offset() tells, aligned
 *	to 256 bytes
 * @printf_buf: GPU address of a struct vgpucc_fifo, or 0: vprintf does nothing
 *	and returns -1
 * @heap: GPU address of a struct vgpucc_heap, or 0: malloc returns NULL
 * @workspace: GPU address of memory in which the blocks of a cooperative launch
 *	count each other, zero before its first use; 0 for other launches
 */
struct vgpucc_hidden {
	uint64_t globals;
	uint64_t printf_buf;
	uint64_t heap;
	uint64_t workspace;
};

/* Byte offset of struct vgpucc_hidden in the parameter block of @kernel. */
static inline size_t vgpucc_hidden_offset(const struct vgpucc_kernel *kernel)
{
	return (kernel->param_size + 7) & ~(size_t)7;
}

/* Offset of variable @index (vgpucc_global_at()) in the module's segment. */
uint64_t vgpucc_global_offset(const struct vgpucc_module *m, unsigned int index);
/* Bytes of the segment; 0: the module has no variables. */
uint64_t vgpucc_segment_size(const struct vgpucc_module *m);

/**
 * struct vgpucc_fifo - device to host messages: printf and assert
 * @tail: bytes reserved so far; devices add to it atomically; may exceed @size
 * @size: bytes of @data
 * @lost: messages that found no room
 * @reserved: zero
 * @data: records, each aligned to 8
 *
 * A record whose @ready is zero is being written still (or its writer was
 * stopped); all before it are complete once the launch has ended. To empty
 * the buffer between launches, zero @data up to @tail, then @tail.
 */
struct vgpucc_fifo {
	uint64_t tail;
	uint64_t size;
	uint64_t lost;
	uint64_t reserved;
	unsigned char data[];
};

/**
 * struct vgpucc_record - one message
 * @size: bytes with this header and padding, a multiple of 8; 0: end
 * @ready: enum vgpucc_record_kind once complete
 * @format: GPU address of the format string (printf), of the assertion's text (assert)
 * @args: printf: the argument block as vprintf got it: each argument aligned
 *	to its size (4 or 8), %s as GPU addresses
 *
 * Assert records are followed by a struct vgpucc_assert instead of arguments.
 */
struct vgpucc_record {
	uint32_t size;
	uint32_t ready;
	uint64_t format;
	unsigned char args[];
};

enum vgpucc_record_kind { VGPUCC_RECORD_PRINTF = 1, VGPUCC_RECORD_ASSERT = 2 };

/** struct vgpucc_assert - who failed; strings are GPU addresses */
struct vgpucc_assert {
	uint64_t file;
	uint64_t function;
	uint32_t line;
	uint32_t reserved;
	uint32_t block[3];
	uint32_t thread[3];
};

/**
 * struct vgpucc_heap - the device heap; rt/heap.ptx says how it is used
 * @lock: 0: free; the device takes it by compare and swap
 * @reserved: 0
 * @size: bytes of @data
 * @bits: which bins have blocks
 * @unused: 0
 * @bins: GPU addresses of the first block of each, 0: none
 * @small: the same of lists of small blocks that came back, by sixteenths of their size
 * @data: blocks, aligned to 16, see vgpucc_heap_init()
 */
struct vgpucc_heap {
	uint32_t lock;
	uint32_t reserved;
	uint64_t size;
	uint64_t bits[3];
	uint64_t unused[3];
	uint64_t bins[192];
	uint64_t small[66];
	unsigned char data[];
};

/** struct vgpucc_heap_block - what a block begins with */
struct vgpucc_heap_block {
	uint64_t size;   /* of all of it, and 1 while it is given out */
	uint64_t before; /* size of the block before it, 0: none */
	uint64_t next;   /* of its bin, while it is free; GPU addresses */
	uint64_t previous;
};

/**
 * vgpucc_heap_init() - a heap with one free block
 * @heap: to be copied to @va
 * @first: and this behind it
 * @last: and this @size bytes further: a block that is never free
 * @va: where it will be, aligned to 16
 * @size: bytes of its blocks, a multiple of 16 of at least 32
 */
static inline void vgpucc_heap_init(struct vgpucc_heap *heap, struct vgpucc_heap_block *first,
				    struct vgpucc_heap_block *last, uint64_t va, uint64_t size)
{
	unsigned int top = 63 - __builtin_clzll(size), bin = (top - 5) * 4 + (size >> (top - 2) & 3);

	*heap = (struct vgpucc_heap){ .size = size };
	heap->bits[bin / 64] = 1ull << bin % 64;
	heap->bins[bin] = va + sizeof(*heap);
	*first = (struct vgpucc_heap_block){ .size = size };
	*last = (struct vgpucc_heap_block){ .size = 1, .before = size };
}

#ifdef __cplusplus
}
#endif

#endif
