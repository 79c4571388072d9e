// SPDX-License-Identifier: GPL-2.0
/*
 * Launches: checked, laid out, stopped, asked for their fault.
 */
#include "exec.h"

/* A launch's own few KiB, which do not fail because the machine has not much left: mm/vram.c. */
#ifdef __KERNEL__
void *vgpu_zalloc_reserved(size_t bytes);
#define alloc_launch	vgpu_zalloc_reserved
#else
#define alloc_launch	engine_alloc
#endif

static u32 product(const u32 *v)
{
	return v[0] * v[1] * v[2];
}

static int check_block(const struct vgpu_code_kernel *k, const u32 *block)
{
	u32 max = k->max_threads ? k->max_threads : ENGINE_MAX_THREADS;
	u32 i, threads;

	if (!block[0] || !block[1] || !block[2])
		return -EINVAL;
	if (block[0] > ENGINE_MAX_THREADS || block[1] > ENGINE_MAX_THREADS ||
	    block[2] > ENGINE_MAX_BLOCK_Z)
		return -E2BIG;
	threads = product(block);	/* at most 2^26 */
	if (threads > ENGINE_MAX_THREADS)
		return -E2BIG;
	if (threads > max)
		return -EINVAL;
	for (i = 0; i < 3; i++)
		if (k->req[i] && k->req[i] != block[i])
			return -EINVAL;
	if (k->shape & VGPU_SHAPE_X32 && block[0] % ENG_LANES)
		return -EINVAL;
	if (k->shape & VGPU_SHAPE_FULL && threads % ENG_LANES)
		return -EINVAL;
	if (k->shape & VGPU_SHAPE_1D && (block[1] != 1 || block[2] != 1))
		return -EINVAL;
	return 0;
}

static int check_params(const struct engine_params *p, const struct vgpu_code_kernel *k)
{
	int ret = check_block(k, p->block);

	if (ret)
		return ret;
	if (!p->grid[0] || !p->grid[1] || !p->grid[2])
		return -EINVAL;
	if (p->grid[0] > ENGINE_MAX_GRID_X || p->grid[1] > ENGINE_MAX_GRID_YZ ||
	    p->grid[2] > ENGINE_MAX_GRID_YZ)
		return -E2BIG;
	if (p->dynamic_shared > ENGINE_MAX_SHARED ||
	    k->shared_size + p->dynamic_shared > ENGINE_MAX_SHARED ||
	    p->stack_size > ENGINE_MAX_LOCAL || p->param_size > ENGINE_MAX_PARAM)
		return -E2BIG;
	return p->param_size < k->param_size ? -EINVAL : 0;
}

/* Where things lie in a block's memory; all sizes are bounded by check_params(). */
static int lay_out(struct engine_launch *l, const struct engine_params *p)
{
	const struct vgpu_code_kernel *k = l->kernel;
	size_t at = ALIGN(sizeof(struct engine_cta), (size_t)128);
	u32 local = k->local_size;

	if (k->flags & VGPU_KERNEL_STACK)
		local += p->stack_size;
	local = ALIGN(local, 16U);
	if (local > ENGINE_MAX_LOCAL)
		return -E2BIG;
	l->local_size = local;
	l->shared_size = k->shared_size + p->dynamic_shared;
	l->warp_bytes = ALIGN(sizeof(struct eng_warp) +
			      (size_t)k->vregs * ENG_LANES * sizeof(u32) +
			      (size_t)ALIGN(k->sregs, (u32)ENG_SREGS_STEP) * ENG_LANES * sizeof(u64), (size_t)128);
	at += l->warp_bytes * l->nwarps;
	l->shared_at = at;
	at += ALIGN((size_t)l->shared_size, (size_t)128);
	l->local_at = at;
	l->local_warp = (size_t)local * ENG_LANES;
	/* what is read beyond the last byte of shared memory is still the block's own */
	at += l->local_warp * l->nwarps + 64;
	l->cta_bytes = at;
	return 0;
}

static void place_warps(struct engine_launch *l)
{
	const u32 *block = l->block;
	u32 i, t;

	l->straight = block[0] % ENG_LANES == 0 || (block[1] == 1 && block[2] == 1);
	for (i = 0; i < l->nwarps; i++) {
		t = i * ENG_LANES;
		l->tid[i][0] = t % block[0];
		t /= block[0];
		l->tid[i][1] = t % block[1];
		l->tid[i][2] = t / block[1];
	}
}

/* What was checked. */
static void take_params(struct engine_launch *l, const struct engine_params *p, const struct vgpu_code_kernel *k)
{
	engine_code_get(p->code);
	l->code = p->code;
	l->prog = p->code->prog;
	l->kernel = k;
	l->entry = &l->prog->ops[l->prog->first[l->code->funcs[k->func].start]];
	l->mem = p->mem;
	l->as = p->as;
	l->param_size = p->param_size;
	l->dynamic_shared = p->dynamic_shared;
	memcpy(l->grid, p->grid, sizeof(l->grid));
	memcpy(l->block, p->block, sizeof(l->block));
	l->blocks = (u64)p->grid[0] * p->grid[1] * p->grid[2];
	l->threads = product(p->block);
	l->nwarps = DIV_ROUND_UP(l->threads, ENG_LANES);
	place_warps(l);
	l->sm_count = p->sm_count;
	l->clock_mult = ((u64)(p->clock_khz ? p->clock_khz : 1000000) << 32) / 1000000;
	l->grid_id = p->grid_id;
}

int engine_launch_create(const struct engine_params *p, struct engine_launch **out)
{
	const struct vgpu_code_kernel *k;
	struct engine_launch *l;
	u64 va;
	u32 pc;
	int ret;

	k = engine_code_kernel(p->code, p->kernel);
	if (!k)
		return -EINVAL;
	ret = check_params(p, k);
	if (ret)
		return ret;
	l = alloc_launch(sizeof(*l));
	if (!l)
		return -ENOMEM;
	engine_count(LAUNCH, 1);
	take_params(l, p, k);
	ret = lay_out(l, p);
	if (!ret) {
		/* room to read a whole word at the last byte */
		l->param = alloc_launch(ALIGN((size_t)p->param_size, (size_t)64) + 64);
		ret = l->param ? 0 : -ENOMEM;
	}
	if (ret) {
		engine_launch_destroy(l);
		return ret;
	}
	if (p->param_size)
		memcpy(l->param, p->param, p->param_size);
	/* where global memory is not there yet, each block runs it again */
	l->grid_done = k->grid_pre == VGPU_NO_PC ||
		       !eng_preamble(l, NULL, k->grid_pre, l->s, &va, &pc);
	*out = l;
	return 0;
}

void engine_launch_destroy(struct engine_launch *launch)
{
	if (!launch)
		return;
	engine_free(launch->param);
	engine_code_put(launch->code);
	engine_free(launch);
	engine_count(LAUNCH, -1);
}

void eng_fault_launch(struct engine_launch *launch, const struct engine_fault *f)
{
	if (cmpxchg(&launch->faulted, 0, 1))
		return;
	launch->fault = *f;
	__atomic_store_n(&launch->faulted, 2, __ATOMIC_RELEASE);
	cmpxchg(&launch->stop, VGPU_STOP_NONE, f->kind);
}

void engine_launch_stop(struct engine_launch *launch, enum vgpu_stop why)
{
	struct engine_fault f = { .kind = why };

	eng_fault_launch(launch, &f);
}

void engine_launch_fault(const struct engine_launch *launch, struct engine_fault *out)
{
	if (__atomic_load_n(&launch->faulted, __ATOMIC_ACQUIRE) == 2)
		*out = launch->fault;
	else
		memset(out, 0, sizeof(*out));
}

u64 engine_launch_blocks(const struct engine_launch *launch)
{
	return launch->blocks;
}

size_t engine_cta_bytes(const struct engine_launch *launch)
{
	return launch->cta_bytes;
}

void engine_stats_read(const struct engine_launch *launch, struct engine_stats *out)
{
	out->warp_insns = atomic64_read(&launch->insns);
	out->blocks = atomic64_read(&launch->done_blocks);
}
