// SPDX-License-Identifier: MIT
/* Staging memory: a ring of bytes, given back in the order in which it was taken. */
#include <stdlib.h>
#include "slab.h"
#include "stage.h"

enum { BYTES = 1 << 20, PIECES = 512, ALIGN = 64 };

struct piece {
	size_t start, end;
	struct cu_point point;
};

/**
 * struct cu_stage - the staging memory of a context
 * @memory: the bytes
 * @pieces: those in use, a ring in the order of taking
 * @first: the oldest
 * @count: how many
 */
struct cu_stage {
	struct cu_shared memory;
	struct piece pieces[PIECES];
	unsigned int first, count;
};

static struct cu_stage *stage_of(CUcontext ctx)
{
	struct cu_stage *g = ctx->stage;

	if (g)
		return g;
	g = calloc(1, sizeof(*g));
	if (!g || cu_shared_new(ctx, BYTES, &g->memory)) {
		free(g);
		return NULL;
	}
	ctx->stage = g;
	return g;
}

static struct piece *piece(struct cu_stage *g, unsigned int i)
{
	return &g->pieces[(g->first + i) % PIECES];
}

/* Where the next piece can begin, or BYTES when it does not fit. */
static size_t place(struct cu_stage *g, size_t size)
{
	size_t oldest, end;

	if (!g->count)
		return 0;
	oldest = piece(g, 0)->start;
	end = piece(g, g->count - 1)->end;
	if (end > oldest)
		return BYTES - end >= size ? end : size < oldest ? 0 : BYTES;
	return oldest - end > size ? end : BYTES;
}

void *cu_stage_get(CUcontext ctx, size_t size)
{
	struct cu_stage *g = stage_of(ctx);
	size_t start;

	if (!g)
		return NULL;
	while (g->count && cu_point_done(piece(g, 0)->point)) {
		g->first = (g->first + 1) % PIECES;
		g->count--;
	}
	size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	start = g->count < PIECES ? place(g, size) : BYTES;
	if (start == BYTES)
		return NULL;
	*piece(g, g->count++) = (struct piece){ start, start + size, { 0 } };
	return (char *)g->memory.p + start;
}

void cu_stage_until(CUcontext ctx, struct cu_point point)
{
	piece(ctx->stage, ctx->stage->count - 1)->point = point;
}

void cu_stage_destroy(CUcontext ctx)
{
	if (!ctx->stage)
		return;
	cu_shared_free(ctx, &ctx->stage->memory);
	free(ctx->stage);
	ctx->stage = NULL;
}
