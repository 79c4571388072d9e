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
 * struct vgpucc_heap - the device heap: a bump pointer and a free list
 * @next: offset in @data of the first byte never given out; starts at 0
 * @size: bytes of @data
 * @lock: 0: free; the device takes it by compare and swap
 * @free: offset + 1 of the first free block, 0: none
 * @data: aligned to 16
 * @reserved: 0
 */
struct vgpucc_heap {
	uint64_t next;
	uint64_t size;
	uint32_t lock;
	uint32_t reserved;
	uint64_t free;
	unsigned char data[];
};

#ifdef __cplusplus
}
#endif

#endif
