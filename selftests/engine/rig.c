// SPDX-License-Identifier: MIT
/*
 * Runs texts on the engine.
 */
#include <immintrin.h>
#include <stdlib.h>
#include <string.h>
#include "../../driver/engine/exec.h"
#include "../../userlib/visa/visa.h"
#include "rig.h"

void rig_init(struct rig *r, size_t size)
{
	memset(r, 0, sizeof(*r));
	r->mem = calloc(1, RIG_LEAD + size);
	r->size = size;
	r->budget = 100000;
	r->until = ~0ULL;
	r->slices = 100000;
	r->stop = VGPU_STOP_TIMEOUT;
	if (!r->mem)
		abort();
	r->mem += RIG_LEAD;
}

void rig_free(struct rig *r)
{
	free(r->mem - RIG_LEAD);
}

static int translate(void *as, u64 va, bool write, struct engine_span *span)
{
	struct rig *r = as;
	u64 at = va - RIG_BASE, writable = r->size - r->read_only, start, end;

	r->lookups++;
	if (va < RIG_BASE || at >= r->size || (r->lasts && r->lookups > r->lasts))
		return -EFAULT;
	(void)write;
	if (r->absent && r->absent[at / 4096])
		return -EAGAIN;
	end = at < writable ? writable : r->size;
	if (r->span && end > (at / r->span + 1) * r->span)
		end = (at / r->span + 1) * r->span;
	start = at & ~4095ull;	/* pieces begin with a page, as the device's do */
	span->va = RIG_BASE + start;
	span->size = end - start;
	span->ptr = r->mem + start;
	span->writable = at < writable;
	if (r->large) {
		span->va = RIG_BASE - RIG_LEAD;
		span->size = RIG_LEAD + end;
		span->ptr = r->mem - RIG_LEAD;
	}
	return 0;
}

/* Brings in the page that a block asks for. */
static void page_in(struct rig *r, const struct engine_cta *cta)
{
	bool write;
	u64 at = engine_cta_page(cta, &write) - RIG_BASE;

	if (!r->absent || at >= r->size || !r->absent[at / 4096]) {
		printf("Bail out! asks for a page that is there\n");
		abort();
	}
	r->absent[at / 4096] = 0;
}

static const struct engine_mem_ops mem_ops = { .translate = translate };

struct engine_code *rig_load(struct rig *r, const char *text)
{
	struct engine_code *code = NULL;
	struct visa_error err;
	void *image;
	size_t size;

	r->msg[0] = '\0';
	if (visa_assemble(text, &image, &size, &err)) {
		snprintf(r->msg, sizeof(r->msg), "line %u: %s", err.line, err.text);
		return NULL;
	}
	engine_code_load(image, size, &code, r->msg, sizeof(r->msg));
	free(image);
	return code;
}

/* The engine must leave the host's float environment as it found it. */
static enum engine_status slice(struct rig *r, struct engine_cta *cta)
{
	u32 before = _mm_getcsr() & ~0x3fu;
	u64 insns = cta->insns;
	enum engine_status status = engine_run_until(cta, r->budget, r->until);

	r->insns += cta->insns - insns;
	if (cta->insns - insns > r->most)
		r->most = cta->insns - insns;

	if ((_mm_getcsr() & ~0x3fu) != before) {
		printf("Bail out! MXCSR is 0x%x, was 0x%x\n", _mm_getcsr(), before);
		abort();
	}
	return status;
}

static enum engine_status run_block(struct rig *r, struct engine_launch *l, u64 block, void *mem)
{
	struct engine_cta *cta = engine_cta_begin(l, block, 0, mem);
	enum engine_status status;
	u32 i;

	for (i = 0; i < r->slices; i++) {
		status = slice(r, cta);
		if (status == ENGINE_DONE || status == ENGINE_FAULT)
			return status;
		if (status == ENGINE_NEED_PAGE)
			page_in(r, cta);
	}
	engine_launch_stop(l, r->stop);
	status = slice(r, cta);
	if (status != ENGINE_FAULT && status != ENGINE_DONE) {
		printf("Bail out! status %d after a stop\n", status);
		abort();
	}
	return status;
}

int rig_launch(struct rig *r, struct engine_code *code, unsigned int index,
	       const struct rig_grid *g)
{
	struct engine_params p = {
		.code = code, .kernel = index, .dynamic_shared = g->dynamic_shared,
		.stack_size = g->stack_size, .param = g->param, .param_size = g->param_size,
		.sm_count = 1, .mem = &mem_ops, .as = r,
	};
	enum engine_status status = ENGINE_DONE;
	struct engine_launch *l;
	void *mem;
	u64 i;
	int ret;

	r->insns = 0;
	memcpy(p.grid, g->grid, sizeof(p.grid));
	memcpy(p.block, g->block, sizeof(p.block));
	ret = engine_launch_create(&p, &l);
	if (ret) {
		snprintf(r->msg, sizeof(r->msg), "launch: %s", strerror(-ret));
		return -1;
	}
	/* to the byte, so that a sanitizer sees what goes beyond */
	if (posix_memalign(&mem, 128, engine_cta_bytes(l)))
		abort();
	memset(mem, 0, engine_cta_bytes(l));
	for (i = 0; i < engine_launch_blocks(l) && status == ENGINE_DONE; i++)
		status = run_block(r, l, i, mem);
	engine_launch_fault(l, &r->fault);
	free(mem);
	engine_launch_destroy(l);
	return status;
}

int rig_run(struct rig *r, const char *text, const struct rig_grid *g)
{
	struct engine_code *code = rig_load(r, text);
	int status;

	if (!code)
		return -1;
	status = rig_launch(r, code, 0, g);
	engine_code_put(code);
	return status;
}

const char * const *rig_sets(void)
{
	static const char * const all[] = { "portable", "avx2", "avx512", "avx512vnni", "avx512fp16" };
	static const char *sets[sizeof(all) / sizeof(all[0]) + 1];
	size_t i;
	int n = 0;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (engine_init(all[i]))
			continue;
		engine_exit();
		sets[n++] = all[i];
	}
	return sets;
}
