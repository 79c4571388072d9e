// SPDX-License-Identifier: MIT
/*
 * What kernels print: a buffer that kernels append to and the host reads at
 * each synchronization (compiler/launch.h).  When nothing runs any more the buffer
 * begins anew; what did not fit is lost, as CUDA has it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../compiler/launch.h"
#include "format.h"
#include "print.h"
#include "slab.h"
#include "stream.h"

/**
 * struct cu_print - the print buffer of a context
 * @lock: one thread reads at a time
 * @memory: the buffer, seen by both sides
 * @taken: bytes of its data that were written out
 */
struct cu_print {
	pthread_mutex_t lock;
	struct cu_shared memory;
	uint64_t taken;
};

/* Bytes of a string that are read first, and at most: memory without a NUL ends somewhere. */
enum { STRING_FIRST = 256, STRING_MAX = 1 << 20 };

static struct cu_print *print_new(CUcontext ctx)
{
	struct cu_print *p = calloc(1, sizeof(*p));
	struct vgpucc_fifo *b;

	if (!p)
		return NULL;
	if (cu_shared_new(ctx, sizeof(*b) + ctx->limits[CU_LIMIT_PRINTF_FIFO_SIZE], &p->memory)) {
		free(p);
		return NULL;
	}
	b = p->memory.p;
	b->size = p->memory.size - sizeof(*b);
	pthread_mutex_init(&p->lock, NULL);
	return p;
}

CUresult cu_print_address(CUcontext ctx, uint64_t *address)
{
	struct cu_print *p = __atomic_load_n(&ctx->print, __ATOMIC_ACQUIRE);

	if (!p) {
		pthread_mutex_lock(&ctx->lock);
		p = ctx->print;
		if (!p) {
			p = print_new(ctx);
			__atomic_store_n(&ctx->print, p, __ATOMIC_RELEASE);
		}
		pthread_mutex_unlock(&ctx->lock);
	}
	if (!p)
		return CUDA_ERROR_OUT_OF_MEMORY;
	*address = (uintptr_t)p->memory.p;
	return CUDA_SUCCESS;
}

/* Bytes of GPU memory up to the next NUL, @size, or the end of what is mapped; true when that was all. */
static bool read_part(CUcontext ctx, uint64_t address, char *to, size_t size, size_t *got)
{
	struct vgpu_mem_copy c = { .direction = VGPU_COPY_FROM_GPU, .ctx = ctx->handle, .height = 1 };

	for (*got = 0; *got < size; *got += c.width) {
		/* page by page, for what lies behind it may not be mapped */
		size_t page = VGPU_PAGE_SIZE - (address + *got) % VGPU_PAGE_SIZE;

		c.gpu_va = address + *got;
		c.user_ptr = (uintptr_t)(to + *got);
		c.width = page < size - *got ? page : size - *got;
		if (vgpu_mem_copy(&ctx->dev->dev, &c))
			return true;
		if (memchr(to + *got, 0, c.width))
			return true;
	}
	return false;
}

/* A string in GPU memory. */
static char *read_string(void *data, uint64_t address)
{
	char *text = NULL, *more;
	size_t have = 0, got;

	for (size_t size = STRING_FIRST; size <= STRING_MAX; size *= 2) {
		more = realloc(text, size + 1);
		if (!more)
			break;
		text = more;
		memset(text + have, 0, size + 1 - have);
		if (read_part(data, address + have, text + have, size - have, &got))
			break;
		have += got;
	}
	return text;
}

static void put_format(CUcontext ctx, const struct vgpucc_record *r, uint32_t size)
{
	char *format = read_string(ctx, r->format);

	if (!format)
		return;
	/* Lines of the host's own threads come before or behind it. */
	flockfile(stdout);
	cu_format(stdout, format, r->args, size - sizeof(*r), read_string, ctx);
	funlockfile(stdout);
	free(format);
}

static void put_assert(CUcontext ctx, const struct vgpucc_record *r, uint32_t size)
{
	const struct vgpucc_assert *a = (const void *)r->args;
	char *message, *file, *function;

	if (size < sizeof(*r) + sizeof(*a))
		return;
	message = read_string(ctx, r->format);
	file = read_string(ctx, a->file);
	function = read_string(ctx, a->function);
	fprintf(stderr, "%s:%u: %s: block: [%u,%u,%u], thread: [%u,%u,%u] Assertion `%s` failed.\n", file ? file : "",
		a->line, function ? function : "", a->block[0], a->block[1], a->block[2], a->thread[0], a->thread[1],
		a->thread[2], message ? message : "");
	free(message);
	free(file);
	free(function);
}

/* Write out complete records; true when all that were begun are done. */
static bool put_records(CUcontext ctx, struct cu_print *p, uint64_t end)
{
	struct vgpucc_fifo *b = p->memory.p;

	while (p->taken + sizeof(struct vgpucc_record) <= end) {
		struct vgpucc_record *r = (void *)(b->data + p->taken);
		uint32_t kind = __atomic_load_n(&r->ready, __ATOMIC_ACQUIRE), size;

		/* Kernels can write here what they like, at any time: nothing is believed, and nothing read twice. */
		size = __atomic_load_n(&r->size, __ATOMIC_RELAXED);
		if (!kind || size % 8 || size < sizeof(*r) || size > end - p->taken)
			return false;
		if (kind == VGPUCC_RECORD_PRINTF)
			put_format(ctx, r, size);
		else if (kind == VGPUCC_RECORD_ASSERT)
			put_assert(ctx, r, size);
		p->taken += size;
	}
	fflush(stdout);
	return true;
}

void cu_print_flush(CUcontext ctx)
{
	struct cu_print *p = __atomic_load_n(&ctx->print, __ATOMIC_ACQUIRE);
	struct vgpucc_fifo *b;
	uint64_t end;

	if (!p)
		return;
	b = p->memory.p;
	if (__atomic_load_n(&b->tail, __ATOMIC_ACQUIRE) <= p->taken)
		return;
	pthread_mutex_lock(&p->lock);
	end = __atomic_load_n(&b->tail, __ATOMIC_ACQUIRE);
	if (end > p->memory.size - sizeof(*b))
		end = p->memory.size - sizeof(*b);
	put_records(ctx, p, end);
	/* Nobody can append while nothing runs and nothing can be submitted. */
	if (!pthread_mutex_trylock(&ctx->lock)) {
		if (cu_streams_idle(ctx)) {
			memset(b->data, 0, end);
			p->taken = 0;
			__atomic_store_n(&b->tail, 0, __ATOMIC_RELEASE);
		}
		pthread_mutex_unlock(&ctx->lock);
	}
	pthread_mutex_unlock(&p->lock);
}

void cu_print_destroy(CUcontext ctx)
{
	struct cu_print *p = ctx->print;

	if (!p)
		return;
	ctx->print = NULL;
	cu_shared_free(ctx, &p->memory);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
