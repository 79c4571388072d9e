/* SPDX-License-Identifier: MIT */
/* Compiled kernels on the engine in user space: a module, memory, launches. */
#ifndef SELFTESTS_COMPILER_ON_ENGINE_H
#define SELFTESTS_COMPILER_ON_ENGINE_H

#include <stdlib.h>
#include <string.h>

#include "../../driver/engine/engine.h"
#include "../../userlib/compiler/compiler.h"
#include "../../userlib/compiler/launch.h"
#include "tap.h"

#define BASE	0x700000000000ull
#define BYTES	(4u << 20)

static u8 *mem;
static u64 top;
/*
 * What lies everywhere else and cannot be written: each BYTES of addresses have another piece of these two
 * times BYTES. NULL: nothing
 */
__attribute__((unused)) static u8 *elsewhere;
static struct vgpucc_module *module;
static struct engine_fault fault;
static u64 segment, fifo, heap;

static u64 take(size_t n)
{
	u64 a = BASE + top;

	top += (n + 255) & ~255ul;
	if (top > BYTES)
		abort();
	return a;
}

static void *at(u64 a)
{
	return mem + (a - BASE);
}

static int translate(void *as, u64 va, bool write, struct engine_span *span)
{
	(void)as;
	if (va < BASE || va - BASE >= BYTES) {
		if (write || !elsewhere)
			return -EFAULT;
		*span = (struct engine_span){ .va = va & -(u64)BYTES, .size = BYTES, .ptr = elsewhere +
			4096 * ((u64)(u32)(va / BYTES) * 2654435761u >> 7 & 1023) };
		return 0;
	}
	*span = (struct engine_span){ .va = BASE, .size = BYTES, .ptr = mem, .writable = true };
	return 0;
}

static const struct engine_mem_ops ops = { .translate = translate };

/* ---- modules ---- */

static void fill_segment(void)
{
	struct vgpucc_info info;
	unsigned int i, r;

	vgpucc_module_info(module, &info);
	for (i = 0; i < info.nglobals; i++) {
		struct vgpucc_global g;
		u64 off = vgpucc_global_offset(module, i);
		u8 *p;

		if (off == UINT64_MAX || vgpucc_global_at(module, i, &g))
			continue;
		p = (u8 *)at(segment) + off;
		if (g.init_len)
			memcpy(p, g.init, g.init_len);
		for (r = 0; r < g.nrelocs; r++) {
			u64 v = 0;
			u32 id = 0;

			if (g.relocs[r].func)
				vgpucc_function_id(module, g.relocs[r].func, &id);
			else
				v = segment + vgpucc_global_offset(module, g.relocs[r].global);
			v += id + g.relocs[r].addend;
			memcpy(p + g.relocs[r].offset, &v, g.relocs[r].size);
		}
	}
}

static void new_heap(u64 bytes)
{
	u64 size = bytes - sizeof(struct vgpucc_heap) - sizeof(struct vgpucc_heap_block);
	struct vgpucc_heap *h;

	heap = take(bytes);
	h = at(heap);
	vgpucc_heap_init(h, (void *)h->data, (void *)(h->data + size), heap, size);
}

static bool open_text(const char *text, size_t len)
{
	const struct vgpucc_target t = { .cc = 120 };
	char log[512];
	struct diag d;

	diag_init(&d, log, sizeof(log));
	if (module)
		vgpucc_module_close(module);
	module = NULL;
	if (vgpucc_module_open(text, len, &t, &d, &module)) {
		note("%s", log);
		return false;
	}
	memset(mem, 0, BYTES);
	top = 0;
	segment = take(vgpucc_segment_size(module) + 1);
	fill_segment();
	fifo = take(16384);
	((struct vgpucc_fifo *)at(fifo))->size = 16384 - sizeof(struct vgpucc_fifo);
	new_heap(65536);
	return true;
}

/* ---- launches ---- */

struct shape {
	u32 grid, block[3];
	u32 dynamic;
	int cls;		/* enum vgpucc_shape_class, or -1: the block's own */
};

static struct engine_code *compile(const char *kernel, const struct shape *s)
{
	struct vgpucc_options o = {
		.shape = s->cls < 0 ? vgpucc_shape_class(s->block) : (unsigned int)s->cls,
		.cc = 120,
	};
	struct engine_code *code = NULL;
	char log[512], msg[256];
	struct diag d;
	void *image;
	size_t len;

	diag_init(&d, log, sizeof(log));
	if (vgpucc_compile_kernel(module, kernel, &o, &d, &image, &len)) {
		note("%s: %s", kernel, log);
		return NULL;
	}
	if (engine_code_load(image, len, &code, msg, sizeof(msg)))
		note("%s: %s", kernel, msg);
	free(image);
	return code;
}

static int run_blocks(struct engine_launch *l)
{
	size_t bytes = (engine_cta_bytes(l) + 127) & ~(size_t)127;
	void *cta_mem = aligned_alloc(128, bytes);
	int status = ENGINE_DONE;
	u32 turns = 0;
	u64 b;

	memset(cta_mem, 0, bytes);
	for (b = 0; b < engine_launch_blocks(l) && status == ENGINE_DONE; b++) {
		struct engine_cta *cta = engine_cta_begin(l, b, 0, cta_mem);

		do {
			status = engine_run(cta, 10000);
			if (++turns == 3000)
				engine_launch_stop(l, VGPU_STOP_TIMEOUT);
		} while (status == ENGINE_SLICE || status == ENGINE_YIELD);
	}
	free(cta_mem);
	return status;
}

/* Return: enum engine_status, or -1 if it could not be compiled or launched. */
static int launch(const char *kernel, const struct shape *s, const u64 *args, u32 nargs)
{
	struct engine_code *code = compile(kernel, s);
	struct engine_params p = {
		.code = code, .grid = { s->grid, 1, 1 }, .dynamic_shared = s->dynamic,
		.stack_size = 8192, .sm_count = 1, .mem = &ops,
	};
	struct vgpucc_hidden hidden = { .globals = segment, .printf_buf = fifo, .heap = heap };
	struct engine_launch *l;
	struct vgpucc_kernel k;
	char param[1024] = { 0 };
	int ret = -1;

	if (!code)
		return -1;
	memcpy(p.block, s->block, sizeof(p.block));
	vgpucc_kernel_find(module, kernel, &k);
	memcpy(param, args, nargs * sizeof(u64));
	memcpy(param + vgpucc_hidden_offset(&k), &hidden, sizeof(hidden));
	p.param = param;
	p.param_size = vgpucc_hidden_offset(&k) + sizeof(hidden);
	ret = engine_launch_create(&p, &l);
	if (ret) {
		note("%s: launch: %s", kernel, strerror(-ret));
		engine_code_put(code);
		return -1;
	}
	ret = run_blocks(l);
	engine_launch_fault(l, &fault);
	if (ret != ENGINE_DONE)
		note("%s: stopped: kind %u code %u line %u", kernel, fault.kind, fault.code,
		     fault.line);
	engine_launch_destroy(l);
	engine_code_put(code);
	return ret;
}

/* @run with each handler set that this processor has */
__attribute__((unused)) static void with_all_sets(void (*run)(const char *set))
{
	static const char * const sets[] = { "portable", "avx2", "avx512", "avx512vnni", "avx512fp16" };
	u32 i;

	for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		if (engine_init(sets[i])) {
			note("no %s here", sets[i]);
			continue;
		}
		run(sets[i]);
		engine_exit();
	}
}

#define LAUNCH(name, s, ...) ({ const u64 a_[] = { __VA_ARGS__ };		\
	launch(name, s, a_, sizeof(a_) / sizeof(a_[0])); })

#endif
