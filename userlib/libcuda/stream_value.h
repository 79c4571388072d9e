/* SPDX-License-Identifier: MIT */
/* Stream memory operations: waiting for and writing words. */
#ifndef VGPU_STREAM_VALUE_H
#define VGPU_STREAM_VALUE_H

#include "graph_abi.h"
#include "stream.h"

/* The most operations of one batch. */
enum { CU_BATCH_MAX = 256 };

CUresult cu_value_check(CUcontext ctx, const CUstreamBatchMemOpParams *op);
/*
 * The packet of one operation that cu_value_check() passed; false for those that
 * need none.  word is eight bytes that the packet reads from as often as it
 * runs; only writes of eight bytes use it.
 */
bool cu_value_packet(const CUstreamBatchMemOpParams *op, uint64_t *word, uint8_t packet[VGPU_SLOT_BYTES]);
/* Whether the operation's packet needs such a word. */
bool cu_value_needs_word(const CUstreamBatchMemOpParams *op);

#endif
