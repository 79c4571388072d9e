/* SPDX-License-Identifier: MIT */
/* Memory that process and GPU see at one address: managed memory, and small internal things. */
#ifndef VGPU_SLAB_H
#define VGPU_SLAB_H

#include "context.h"

struct cu_point;

/**
 * struct cu_shared - a buffer at one address on both sides
 * @p: the address
 * @size: bytes, whole pages
 * @bo: buffer object
 */
struct cu_shared {
	void *p;
	size_t size;
	uint32_t bo;
};

CUresult cu_shared_new(CUcontext ctx, size_t size, struct cu_shared *s);
/* Such a buffer of another process (or context), at an address of this one. */
CUresult cu_shared_open(CUcontext ctx, const uint8_t token[VGPU_TOKEN_LEN], struct cu_shared *s);
void cu_shared_free(CUcontext ctx, struct cu_shared *s);

/* An eight-byte word of such memory, for time stamps; the context's lock is held. */
uint64_t *cu_word_new(CUcontext ctx);
void cu_word_free(CUcontext ctx, uint64_t *word);
/* The same once a point of the context is done, until when a packet may read or write the word. */
void cu_word_free_at(CUcontext ctx, uint64_t *word, struct cu_point p);
/* All of them, after the streams are gone. */
void cu_slabs_destroy(CUcontext ctx);

#endif
