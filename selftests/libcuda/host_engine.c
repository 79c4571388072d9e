// SPDX-License-Identifier: MIT
/*
 * The engine behind the device inside the test process: a grid's blocks run on
 * the queue's own thread, a window of them in turns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../../driver/engine/engine.h"
#include "../../driver/sched/fault.h"
#include "host_engine.h"

enum { WINDOW = 64, BUDGET = 20000, STACK = 1024 };

static bool ready;

struct space {
	void *(*find)(void *data, unsigned long long va, unsigned long long *start, unsigned long long *size);
	void *data;
};

static int translate(void *as, u64 va, bool write, struct engine_span *span)
{
	struct space *s = as;
	unsigned long long start, size;
	void *p = s->find(s->data, va, &start, &size);

	(void)write;
	if (!p)
		return -EFAULT;
	*span = (struct engine_span){ .va = start, .size = size, .ptr = p, .writable = true };
	return 0;
}

static const struct engine_mem_ops mem_ops = { .translate = translate };

int host_engine_load(const void *image, size_t size, char *log, size_t log_size, struct engine_code **code)
{
	char message[512];
	int r;

	if (!ready) {
		r = engine_init(getenv("VGPU_HOST_ISA"));
		if (r)
			return r;
		ready = true;
	}
	r = engine_code_load(image, size, code, message, sizeof(message));
	if (log && log_size) {
		strncpy(log, message, log_size - 1);
		log[log_size - 1] = 0;
	}
	return r == -EINVAL ? -EBADMSG : r;
}

void host_engine_unload(struct engine_code *code)
{
	engine_code_put(code);
}

unsigned int host_engine_kernels(struct engine_code *code)
{
	return engine_code_kernels(code);
}

int host_engine_info(struct engine_code *code, struct vgpu_kernel_info *info)
{
	const struct vgpu_code_kernel *k;

	if (info->kernel >= engine_code_kernels(code))
		return -EINVAL;
	k = engine_code_kernel(code, info->kernel);
	info->static_shared = k->shared_size;
	info->local_bytes = k->local_size;
	info->param_bytes = k->param_size;
	info->vregs = k->vregs;
	info->max_threads = k->max_threads ? k->max_threads : ENGINE_MAX_THREADS;
	info->coop_blocks = info->threads ? WINDOW : 0;
	return 0;
}

static void report(struct engine_launch *launch, struct engine_code *code, unsigned int kernel,
		   struct vgpu_fault *out)
{
	struct engine_fault f;

	engine_launch_fault(launch, &f);
	memset(out, 0, sizeof(*out));
	out->kind = vgpu_stop_fault(&f);
	out->address = f.address;
	out->line = f.line;
	out->pc = f.pc;
	out->lane = f.lane;
	memcpy(out->block, f.ctaid, sizeof(out->block));
	memcpy(out->thread, f.tid, sizeof(out->thread));
	strncpy(out->kernel_name, engine_code_kernel_name(code, kernel), sizeof(out->kernel_name) - 1);
}

/* ---- VGPU_HOST_PROFILE=FILE: what each kernel and launch shape has cost ---------- */

struct cost {
	char name[256];
	uint32_t grid[3], block[3], dyn;
	uint64_t launches, blocks, insns, ns;
};

static struct cost *costs;
static unsigned int ncosts;

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void print_costs(void)
{
	FILE *f = fopen(getenv("VGPU_HOST_PROFILE"), "w");

	for (unsigned int i = 0; f && i < ncosts; i++) {
		struct cost *c = &costs[i];

		fprintf(f, "%s\t(%u,%u,%u)x(%u,%u,%u) %u\t%llu\t%llu\t%llu\t%llu\n", c->name,
			c->grid[0], c->grid[1], c->grid[2], c->block[0], c->block[1], c->block[2], c->dyn,
			(unsigned long long)c->launches, (unsigned long long)c->blocks,
			(unsigned long long)c->insns, (unsigned long long)c->ns);
	}
	if (f)
		fclose(f);
}

static void add_cost(struct engine_code *code, const struct vgpu_pkt_launch *p,
		     const struct engine_launch *launch, uint64_t ns)
{
	const char *name = engine_code_kernel_name(code, p->kernel);
	struct engine_stats st = { 0 };
	unsigned int i;

	engine_stats_read(launch, &st);
	for (i = 0; i < ncosts; i++)
		if (!strncmp(costs[i].name, name, 255) && !memcmp(costs[i].grid, p->grid, 12) &&
		    !memcmp(costs[i].block, p->block, 12) && costs[i].dyn == p->dyn_shared)
			break;
	if (i == ncosts) {
		if (!ncosts)
			atexit(print_costs);
		costs = realloc(costs, ++ncosts * sizeof(*costs));
		memset(&costs[i], 0, sizeof(*costs));
		strncpy(costs[i].name, name, 255);
		memcpy(costs[i].grid, p->grid, 12);
		memcpy(costs[i].block, p->block, 12);
		costs[i].dyn = p->dyn_shared;
	}
	costs[i].launches++;
	costs[i].blocks += st.blocks;
	costs[i].insns += st.warp_insns;
	costs[i].ns += ns;
}

/* Blocks in flight take turns; one that ends makes room for the next. */
static bool run_blocks(struct engine_launch *launch, const volatile bool *stop)
{
	u64 blocks = engine_launch_blocks(launch), begun = 0;
	size_t bytes = (engine_cta_bytes(launch) + 63) & ~(size_t)63;
	struct engine_cta *cta[WINDOW] = { 0 };
	void *mem[WINDOW] = { 0 };
	unsigned int live = 0;
	bool good = true;

	while (good && !*stop && (live || begun < blocks)) {
		for (unsigned int i = 0; i < WINDOW && good; i++) {
			enum engine_status status;

			if (!cta[i]) {
				if (begun == blocks)
					continue;
				if (!mem[i]) {
					mem[i] = aligned_alloc(64, bytes);
					memset(mem[i], 0, bytes);
				}
				cta[i] = engine_cta_begin(launch, begun++, i % 8, mem[i]);
				live++;
			}
			status = engine_run(cta[i], BUDGET);
			while (status == ENGINE_DONE && begun < blocks && !*stop) {
				engine_cta_next(cta[i], begun++);
				status = engine_run(cta[i], BUDGET);
			}
			engine_cta_end(cta[i]);
			if (status == ENGINE_DONE) {
				cta[i] = NULL;
				live--;
			}
			good = status != ENGINE_FAULT;
		}
	}
	for (unsigned int i = 0; i < WINDOW; i++)
		free(mem[i]);
	return good;
}

bool host_engine_run(struct engine_code *code, const struct vgpu_pkt_launch *p,
		     void *(*find)(void *data, unsigned long long va, unsigned long long *start,
				   unsigned long long *size),
		     void *data, const volatile bool *stop, struct vgpu_fault *fault)
{
	struct space space = { find, data };
	struct engine_params params = {
		.code = code, .kernel = p->kernel,
		.grid = { p->grid[0], p->grid[1], p->grid[2] },
		.block = { p->block[0], p->block[1], p->block[2] },
		.dynamic_shared = p->dyn_shared,
		.stack_size = p->local_bytes ? p->local_bytes - engine_code_kernel(code, p->kernel)->local_size : STACK,
		.param = p + 1, .param_size = p->param_bytes, .grid_id = 1, .sm_count = 8,
		.mem = &mem_ops, .as = &space,
	};
	struct engine_launch *launch;
	uint64_t start = cpu_ns();
	bool good;

	if (engine_launch_create(&params, &launch)) {
		memset(fault, 0, sizeof(*fault));
		fault->kind = VGPU_FAULT_PACKET;
		return false;
	}
	good = run_blocks(launch, stop);
	if (!good)
		report(launch, code, p->kernel, fault);
	if (getenv("VGPU_HOST_PROFILE"))
		add_cost(code, p, launch, cpu_ns() - start);
	engine_launch_destroy(launch);
	return good;
}
