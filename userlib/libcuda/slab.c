// SPDX-License-Identifier: MIT
/* Memory that process and GPU see at one address. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>
#include "error.h"
#include "slab.h"
#include "stream.h"

/* Keep an address range free in the process, aligned for large pages where it is large. */
static void *reserve_range(size_t size)
{
	size_t align = size >= VGPU_HUGE_SIZE ? VGPU_HUGE_SIZE : VGPU_PAGE_SIZE;
	uintptr_t p, start, end;
	void *m = mmap(NULL, size + align, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (m == MAP_FAILED)
		return NULL;
	p = (uintptr_t)m;
	start = (p + align - 1) & ~(align - 1);
	end = p + size + align;
	if (start > p)
		munmap(m, start - p);
	if (start + size < end)
		munmap((void *)(start + size), end - start - size);
	return (void *)start;
}

/* Show a buffer to both sides at one address. */
static CUresult show(CUcontext ctx, struct cu_shared *s)
{
	const struct vgpu_dev *dev = &ctx->dev->dev;
	void *p;
	int r;

	s->p = reserve_range(s->size);
	if (!s->p)
		return CUDA_ERROR_OUT_OF_MEMORY;
	r = vgpu_bo_mmap(dev, s->bo, s->p, s->size, &p);
	if (!r)
		r = vgpu_va_map(dev, s->bo, 0, s->size, (uintptr_t)s->p, 0);
	if (!r)
		return CUDA_SUCCESS;
	munmap(s->p, s->size);
	return cu_check(ctx, r);
}

CUresult cu_shared_new(CUcontext ctx, size_t size, struct cu_shared *s)
{
	const struct vgpu_dev *dev = &ctx->dev->dev;
	CUresult result;
	int r;

	s->size = (size + VGPU_PAGE_SIZE - 1) & ~(VGPU_PAGE_SIZE - 1);
	if (s->size < size)
		return CUDA_ERROR_OUT_OF_MEMORY;
	r = vgpu_bo_create(dev, ctx->handle, s->size, VGPU_BO_MANAGED, &s->bo);
	if (r)
		return cu_check(ctx, r);
	result = show(ctx, s);
	if (result) {
		vgpu_destroy(dev, s->bo);
		s->p = NULL;
	}
	return result;
}

CUresult cu_shared_open(CUcontext ctx, const uint8_t token[VGPU_TOKEN_LEN], struct cu_shared *s)
{
	const struct vgpu_dev *dev = &ctx->dev->dev;
	uint64_t length;
	CUresult result;
	int r = vgpu_bo_open_token(dev, ctx->handle, token, &s->bo, &length, NULL);

	if (r)
		return cu_check(ctx, r);
	s->size = length;
	result = show(ctx, s);
	if (result) {
		vgpu_destroy(dev, s->bo);
		s->p = NULL;
	}
	return result;
}

void cu_shared_free(CUcontext ctx, struct cu_shared *s)
{
	vgpu_destroy(&ctx->dev->dev, s->bo);
	munmap(s->p, s->size);
}

enum { SLAB_WORDS = 4096, HELD_LEAST = 64 };

struct cu_slab {
	struct cu_slab *next;
	struct cu_shared memory;
	unsigned int free_count;
	uint16_t free[SLAB_WORDS];
};

static struct cu_slab *slab_new(CUcontext ctx)
{
	struct cu_slab *slab = malloc(sizeof(*slab));

	if (!slab || cu_shared_new(ctx, SLAB_WORDS * sizeof(uint64_t), &slab->memory)) {
		free(slab);
		return NULL;
	}
	slab->free_count = SLAB_WORDS;
	for (int i = 0; i < SLAB_WORDS; i++)
		slab->free[i] = SLAB_WORDS - 1 - i;
	slab->next = ctx->slabs;
	ctx->slabs = slab;
	return slab;
}

uint64_t *cu_word_new(CUcontext ctx)
{
	struct cu_slab *slab = ctx->slabs;

	while (slab && !slab->free_count)
		slab = slab->next;
	if (!slab)
		slab = slab_new(ctx);
	return slab ? (uint64_t *)slab->memory.p + slab->free[--slab->free_count] : NULL;
}

void cu_word_free(CUcontext ctx, uint64_t *word)
{
	for (struct cu_slab *slab = ctx->slabs; slab; slab = slab->next) {
		size_t i = word - (uint64_t *)slab->memory.p;

		if (word >= (uint64_t *)slab->memory.p && i < SLAB_WORDS) {
			slab->free[slab->free_count++] = i;
			return;
		}
	}
}

struct cu_held_word {
	struct cu_held_word *next;
	uint64_t *word;
	struct cu_point point;
};

/* Free those whose point is done, and look again when there are twice as many as are left. */
static void free_held(CUcontext ctx)
{
	struct cu_held_word **at = &ctx->held_words;

	while (*at) {
		struct cu_held_word *h = *at;

		if (!cu_point_done(h->point)) {
			at = &h->next;
			continue;
		}
		*at = h->next;
		cu_word_free(ctx, h->word);
		ctx->held_count--;
		free(h);
	}
	ctx->held_most = 2 * ctx->held_count + HELD_LEAST;
}

void cu_word_free_at(CUcontext ctx, uint64_t *word, struct cu_point p)
{
	struct cu_held_word *h;

	if (cu_point_done(p)) {
		cu_word_free(ctx, word);
		return;
	}
	if (ctx->held_count >= ctx->held_most)
		free_held(ctx);
	h = malloc(sizeof(*h));
	if (!h)
		return; /* its slab goes with the context */
	*h = (struct cu_held_word){ ctx->held_words, word, p };
	ctx->held_words = h;
	ctx->held_count++;
}

void cu_slabs_destroy(CUcontext ctx)
{
	while (ctx->held_words) {
		struct cu_held_word *h = ctx->held_words;

		ctx->held_words = h->next;
		free(h);
	}
	ctx->held_count = ctx->held_most = 0;
	while (ctx->slabs) {
		struct cu_slab *slab = ctx->slabs;

		ctx->slabs = slab->next;
		cu_shared_free(ctx, &slab->memory);
		free(slab);
	}
}
