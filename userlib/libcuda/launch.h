/* SPDX-License-Identifier: MIT */
/* Launches. */
#ifndef VGPU_LAUNCH_H
#define VGPU_LAUNCH_H

#include "module.h"
#include "stream.h"

/**
 * struct cu_launch - a launch as all its entry points see it
 * @grid: blocks
 * @block: threads
 * @dynamic: dynamic shared memory, bytes
 * @cooperative: all blocks are resident together
 * @own_priority: it has one of its own, which is not its stream's
 * @priority: that one; of a node the one it reports
 * @params: one pointer a parameter, or NULL
 * @extra: the packed form, or NULL
 * @attrs: attributes as the program gave them, for captures
 * @nattrs: how many
 * @event: recorded behind the launch, or NULL
 * @external: how, in a capture
 */
struct cu_launch {
	unsigned int grid[3], block[3];
	unsigned int dynamic;
	bool cooperative, own_priority;
	int priority;
	void **params, **extra;
	const CUlaunchAttribute *attrs;
	unsigned int nattrs;
	CUevent event;
	bool external;
};

/* The largest launch packet. */
enum { CU_LAUNCH_BYTES = sizeof(struct vgpu_pkt_launch) + VGPU_MAX_PARAM_BYTES + VGPU_SLOT_BYTES };

CUresult cu_launch(CUfunction handle, struct cu_launch *l, CUstream stream);
/* Clusters have one block; 0: nothing is said of it. */
CUresult cu_check_cluster(const unsigned int blocks[3]);
/* Whether the kernel can have this shape; a block of one thread becomes the one it requires. */
CUresult cu_launch_check(CUfunction f, struct cu_launch *l);
/* The program's parameters, packed as the kernel has them (its param_size bytes). */
CUresult cu_launch_gather(CUfunction f, const struct cu_launch *l, uint8_t *to);
/*
 * The packet: compiles the kernel if need be.  params as gathered (they may lie
 * in the packet already, after its fixed part); workspace is
 * where the blocks of a cooperative launch meet, else 0.
 */
CUresult cu_launch_build(CUfunction f, const struct cu_launch *l, const uint8_t *params, uint64_t workspace,
			 uint8_t packet[CU_LAUNCH_BYTES], uint32_t *slots);
/* How many blocks a cooperative launch may have, with the context's stack: compiles the kernel if need be. */
CUresult cu_launch_resident(CUfunction f, int threads, size_t dynamic, uint32_t *blocks);
/* Apply one attribute of a launch; refuses those that are not implemented. */
CUresult cu_launch_attribute(const CUlaunchAttribute *a, struct cu_launch *l);

#endif
