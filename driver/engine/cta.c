// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks: their memory, and the loop over their warps.
 *
 * A barrier (bar.c) is no sleep: a warp that waits is not run, that is all.  Everything
 * here happens inside an FPU section, bounded by the caller's budget.
 */
#include "exec.h"

/* Instructions in a row for one warp, after which the clock is looked at; with fragments that wait */
#define QUANTUM		2048
#define QUANTUM_FRAGS	512
/* Instructions beyond a look that is due, rather than to enter a warp for a few */
#define LOOK_SLACK	(QUANTUM / 8)
/* Turns without a meeting after which waiting fragments need not wait on */
#define PATIENCE	64
/* Warps that are entered between looks at the clock, which costs as much as ten instructions */
#define LOOK_EVERY	8
/* MXCSR: float mode 0, and its sticky flags */
#define MXCSR_PLAIN	0x1f80
#define MXCSR_FLAGS	0x3f

static void start(struct eng_warp *w, const struct engine_launch *launch, u32 lanes)
{
	const struct eng_isa *isa = launch->prog->isa;

	w->mask = lanes;
	w->dead = ~lanes;
	w->table = lanes == ENG_ALL ? isa->full : isa->part;
	w->strong = 0;
	w->turns = 0;
	w->spared = 0;
	w->slots = 1;
	w->nfrags = 1;
	w->cur = 0;
	w->frags[0] = (struct eng_frag) { .ip = launch->entry, .mask = lanes };
}

/* What a block begins with, where its warps' own places are known. */
static void begin(struct engine_cta *cta, u64 block)
{
	struct engine_launch *launch = cta->launch;
	u32 i;

	cta->block = block;
	if (launch->grid[1] == 1 && launch->grid[2] == 1) {
		cta->ctaid[0] = (u32)block;
		cta->ctaid[1] = 0;
		cta->ctaid[2] = 0;
	} else {
		cta->ctaid[0] = (u32)(block % launch->grid[0]);
		block /= launch->grid[0];
		cta->ctaid[1] = (u32)(block % launch->grid[1]);
		cta->ctaid[2] = (u32)(block / launch->grid[1]);
	}
	cta->stage = ENG_STAGE_PRE;
	cta->ready = ENG_ALL >> (32 - launch->nwarps);
	cta->live = cta->ready;
	cta->cur = 0;
	cta->yields = 0;
	cta->bars_busy = 0;
	cta->bars_used = 0;
	for (i = 0; i + 1 < launch->nwarps; i++)
		start(cta->warp[i], launch, ENG_ALL);
	start(cta->warp[i], launch, ENG_ALL >> (-launch->threads % ENG_LANES));
}

static struct eng_warp *warp_place(const struct engine_launch *launch, void *mem, u32 i)
{
	return mem + ALIGN(sizeof(struct engine_cta), (size_t)128) + i * launch->warp_bytes;
}

/*
 * Where the last block's warps were, this one may have registers, shared or local memory: values of a program. It can read
 * what others of its context left there, but the warps' own pointers are none of its business. Memory that held no block is zeroed.
 */
static void forget_warps(struct engine_cta *cta, const struct engine_launch *launch)
{
	u32 i;

	for (i = 0; i < cta->nwarps; i++) {
		struct eng_warp *w = cta->warp[i];

		if (i < launch->nwarps && w == warp_place(launch, cta, i))
			continue;
		memset(w, 0, offsetof(struct eng_warp, s));
		memset(w->frags, 0, sizeof(w->frags));
	}
}

struct engine_cta *engine_cta_begin(struct engine_launch *launch, u64 block, u32 smid, void *mem)
{
	struct engine_cta *cta = mem;
	u32 i;

	forget_warps(cta, launch);
	memset(cta, 0, offsetof(struct engine_cta, warp));
	cta->tlb.used = ~0ULL;
	cta->launch = launch;
	cta->smid = smid;
	cta->nwarps = launch->nwarps;
	for (i = 0; i < launch->nwarps; i++) {
		struct eng_warp *w = warp_place(launch, mem, i);

		memset(w, 0, offsetof(struct eng_warp, s));
		cta->warp[i] = w;
		w->tlb = &cta->tlb;
		w->shared = (u8 *)mem + launch->shared_at;
		w->local = (u8 *)mem + launch->local_at + i * launch->local_warp;
		w->param = launch->param;
		w->patterns = launch->prog->patterns;
		w->twins = launch->prog->twins;
		w->shared_size = launch->shared_size;
		w->local_size = launch->local_size;
		w->param_size = launch->param_size;
		w->index = i;
		memcpy(w->tid, launch->tid[i], sizeof(w->tid));
		w->straight = launch->straight;
		w->cta = cta;
		w->nsregs = ALIGN(launch->kernel->sregs, (u32)ENG_SREGS_STEP);
		w->nvregs = launch->kernel->vregs;
		w->save = (u64 *)(w->v + (size_t)w->nvregs * ENG_LANES);
		w->p[ENG_GUARD_TRUE] = ENG_ALL;
	}
	begin(cta, block);
	return cta;
}

void engine_cta_next(struct engine_cta *cta, u64 block)
{
	begin(cta, block);
	cta->keep_tlb = true;
}

/* ---- the loop over warps ----------------------------------------------------------------- */

static void forget_translations(struct eng_tlb *tlb)
{
	u64 m;

	for (m = tlb->used; m; m &= m - 1) {
		u32 i = __ffs(m);

		if (i < ENG_TLB_LARGE)
			tlb->large[i].size = 0;
		else
			tlb->small[i - ENG_TLB_LARGE].size = 0;
	}
	tlb->used = 0;
}

static noinline int preamble_failed(struct engine_cta *cta, int err, u64 va, u32 pc)
{
	struct engine_launch *l = cta->launch;
	struct engine_fault f = {
		.kind = err == -EINVAL ? VGPU_STOP_MISALIGNED : VGPU_STOP_ILLEGAL_ADDRESS,
		.pc = pc,
		.line = engine_code_line(l->code, pc),
		.ctaid = { cta->ctaid[0], cta->ctaid[1], cta->ctaid[2] },
		.address = va,
		.space = VGPU_SPACE_GLOBAL,
	};

	if (err == -EAGAIN) {
		cta->page = va;
		cta->page_write = false;
		return ENGINE_NEED_PAGE;
	}
	eng_fault_launch(l, &f);
	return ENGINE_FAULT;
}

/* Preambles: 0, or the status to return. */
static int run_preambles(struct engine_cta *cta)
{
	struct engine_launch *l = cta->launch;
	u32 nsregs = ALIGN(l->kernel->sregs, (u32)ENG_SREGS_STEP);
	u64 va = 0;
	u32 i, pc = 0;
	int err = 0;

	if (l->grid_done) {
		eng_copy_scalars(cta->s, l->s, nsregs);
	} else {
		memset(cta->s, 0, sizeof(cta->s));
		err = eng_preamble(l, cta, l->kernel->grid_pre, cta->s, &va, &pc);
	}
	if (!err && l->kernel->block_pre != VGPU_NO_PC)
		err = eng_preamble(l, cta, l->kernel->block_pre, cta->s, &va, &pc);
	if (err)
		return preamble_failed(cta, err, va, pc);
	for (i = 0; i < cta->nwarps; i++)
		eng_copy_scalars(cta->warp[i]->s, cta->s, nsregs);
	cta->stage = ENG_STAGE_RUN;
	return 0;
}

static u32 next_warp(const struct engine_cta *cta)
{
	u32 after = cta->cur >= 31 ? 0 : cta->ready & (ENG_ALL << (cta->cur + 1));

	return __ffs(after ? after : cta->ready);
}

static bool warp_ready(const struct eng_warp *w)
{
	u32 i;

	for (i = 0; i < w->nfrags; i++)
		if (w->frags[i].state == ENG_READY)
			return true;
	return false;
}

/*
 * Lanes that wait at a convergence point for others that spin until those lanes have
 * done something would wait for ever: after some turns without a meeting the waiting
 * ones go on alone.  Turns with strong accesses in them look like spinning.
 */
static void release_waiters(struct eng_warp *w)
{
	u32 patience = w->strong ? w->nfrags + 4U : PATIENCE;

	if (w->nfrags == 1 || ++w->turns < patience)
		return;
	w->turns = 0;
	eng_force(w);
}

/* Ends sleeps; a sleep that ended is a turn. Returns how many go on */
static u32 wake(struct eng_warp *w, u64 now)
{
	u32 i, before = 0, after;

	for (i = 0; i < w->nfrags; i++)
		before += w->frags[i].state == ENG_SLEEP;
	if (!before)
		return 0;
	after = eng_wake(w, now);
	if (after < before)
		release_waiters(w);
	return after;
}

/* Nobody can go on: end sleeps, or release a convergence point. 0, or a status */
static int unblock(struct engine_cta *cta)
{
	u64 now = engine_time_ns();
	u32 m, asleep = 0;
	struct eng_warp *w;

	for (m = cta->live; m; m &= m - 1) {
		w = cta->warp[__ffs(m)];
		asleep += wake(w, now);
		if (warp_ready(w))
			cta->ready |= m & -m;
	}
	if (cta->ready)
		return 0;
	if (asleep)
		return ENGINE_YIELD;
	for (m = cta->live; m; m &= m - 1)
		if (eng_force(cta->warp[__ffs(m)]))
			cta->ready |= m & -m;
	if (cta->ready)
		return 0;
	w = cta->warp[__ffs(cta->live)];
	eng_fault(w, w->frags[0].ip, VGPU_STOP_DEADLOCK, __ffs(w->frags[0].mask));
	return ENGINE_FAULT;
}

static s32 quantum(const struct engine_cta *cta, const struct eng_warp *w, s64 look)
{
	s64 most = min_t(s64, w->nfrags > 1 ? QUANTUM_FRAGS : QUANTUM, cta->left);

	return (s32)min_t(s64, most, cta->left - look + LOOK_SLACK);
}

/* Sleepers of a warp that others keep busy would else never wake. */
static void look_at_sleepers(struct engine_cta *cta)
{
	u64 now = engine_time_ns();
	u32 m;

	for (m = cta->live; m; m &= m - 1) {
		struct eng_warp *w = cta->warp[__ffs(m)];

		wake(w, now);
		if (warp_ready(w))
			cta->ready |= m & -m;
	}
}

/*
 * No lane of a warp can go on, and no clock will wake one: the first convergence
 * point lets go now, for what its lanes hold others may spin or wait for.
 */
static bool release_blocked(struct eng_warp *w)
{
	u32 i;

	for (i = 0; i < w->nfrags; i++)
		if (w->frags[i].state == ENG_SLEEP)
			return false;
	return eng_force(w);
}

static int ended(struct engine_cta *cta, u32 bit)
{
	cta->live &= ~bit;
	cta->ready &= ~bit;
	cta->yields = 0;
	if (cta->bars_busy)
		eng_bars_check(cta);
	return cta->live ? 0 : ENGINE_DONE + 1;
}

/* A warp has left its handlers. 0 to go on with the block, or a status + 1 */
static int left(struct engine_cta *cta, struct eng_warp *w)
{
	u32 bit = 1U << w->index;

	switch (w->exit) {
	case ENG_EXIT_DONE:
		return ended(cta, bit);
	case ENG_EXIT_BLOCKED:
		if (!release_blocked(w))
			cta->ready &= ~bit;
		return 0;
	case ENG_EXIT_FUEL:
		cta->left += w->spared;
		w->spared = 0;
		eng_rotate(w);
		release_waiters(w);
		cta->yields = 0;
		look_at_sleepers(cta);
		return 0;
	case ENG_EXIT_YIELD:
		eng_rotate(w);
		release_waiters(w);
		/* everybody that could run has yielded in turn */
		if (++cta->yields > hweight32(cta->ready) + w->nfrags) {
			cta->yields = 0;
			return ENGINE_YIELD + 1;
		}
		return 0;
	case ENG_EXIT_PAGE:
		w->frags[w->cur].ip = w->ip;
		w->frags[w->cur].mode = w->mode;
		return ENGINE_NEED_PAGE + 1;
	default:
		return ENGINE_FAULT + 1;
	}
}

/* Runs one warp until it leaves. 0 to go on with the block, or a status + 1 */
static int run_one(struct engine_cta *cta, struct eng_warp *w, s64 look)
{
	s32 fuel = quantum(cta, w, look);

	w->mode = cta->mode;
	if (!eng_resume(w)) {
		cta->ready &= ~(1U << w->index);
		return 0;
	}
	w->fuel = fuel;
	cta->launch->prog->isa->run(w);
	cta->left -= fuel - w->fuel;
	return left(cta, w);
}

/*
 * The warps of a block that has just begun, one after the other: nothing has parted, waits or
 * sleeps, and most end in this turn. As run_one(), which goes on with what did not.
 */
static int run_first(struct engine_cta *cta, u64 until)
{
	const struct engine_launch *launch = cta->launch;
	void (*run)(struct eng_warp *w) = launch->prog->isa->run;
	const struct eng_op *entry = launch->entry;
	s64 look = cta->left - QUANTUM;
	u32 i, mode = 0;

	/* not set to another value and back for each of them */
	if (entry->h == 2 * VGPU_OP_SETMODE) {
		mode = entry->imm;
		entry++;
	}
	for (i = 0; i < cta->nwarps; i++) {
		struct eng_warp *w = cta->warp[i];
		s32 fuel = (s32)min_t(s64, min_t(s64, QUANTUM, cta->left),
				      cta->left - look + LOOK_SLACK);
		int status;

		if (unlikely(READ_ONCE(launch->stop)))
			return ENGINE_FAULT + 1;
		if (unlikely(fuel <= 0))
			return 0;
		/* not after the last: who runs blocks looks at the clock between them */
		if (unlikely(i && (i % LOOK_EVERY == 0 || cta->left < look))) {
			if (engine_ticks() >= until)
				return ENGINE_SLICE + 1;
			look = cta->left - QUANTUM;
		}
		cta->cur = i;
		w->ip = entry;
		w->mode = cta->mode;
		if (unlikely(w->mode != mode))
			eng_set_mode(w, mode);
		w->fuel = fuel;
		run(w);
		cta->left -= fuel - w->fuel;
		status = likely(w->exit == ENG_EXIT_DONE) ? ended(cta, 1U << i) : left(cta, w);
		if (status)
			return status;
	}
	return 0;
}

static enum engine_status run_block(struct engine_cta *cta, u64 until)
{
	s64 look = cta->left - QUANTUM;
	u32 entered = 0;
	int status;

	if (cta->stage == ENG_STAGE_PRE) {
		status = run_preambles(cta);
		if (status)
			return status;
		status = run_first(cta, until);
		if (status)
			return status - 1;
		look = cta->left;	/* due: none after its last warp */
	}
	while (cta->left > 0) {
		if (unlikely(READ_ONCE(cta->launch->stop)))
			return ENGINE_FAULT;
		if (!cta->ready) {
			status = unblock(cta);
			if (status)
				return status;
			continue;
		}
		cta->cur = next_warp(cta);
		status = run_one(cta, cta->warp[cta->cur], look);
		if (status)
			return status - 1;
		if (++entered % LOOK_EVERY && cta->left > look)
			continue;
		if (engine_ticks() >= until)
			break;
		look = cta->left - QUANTUM;
	}
	return ENGINE_SLICE;
}

/* Signs of waiting for another block: strong loads or atomics in every slice */
static bool spinning(struct engine_cta *cta)
{
	u32 i, strong = 0;

	for (i = 0; i < cta->nwarps; i++) {
		strong |= cta->warp[i]->strong;
		cta->warp[i]->strong = 0;
	}
	return strong;
}

enum engine_status engine_run_until(struct engine_cta *cta, u32 budget, u64 until)
{
	enum engine_status status;
	u32 csr, before;

	if (cta->stage == ENG_STAGE_DONE)
		return ENGINE_DONE;
	__asm__ volatile("stmxcsr %0" : "=m"(csr));
	if (!cta->keep_tlb)
		forget_translations(&cta->tlb);
	cta->keep_tlb = false;
	cta->left = budget;
	/* the signs of what has happened are nobody's concern, neither here nor for the caller */
	before = (csr & ~MXCSR_FLAGS) == MXCSR_PLAIN ? 0 : ~0U;
	cta->mode = before;
	status = run_block(cta, until);
	if (cta->mode != before || before)
		__asm__ volatile("ldmxcsr %0" : : "m"(csr) : "memory");
	cta->insns += (s64)budget - cta->left;
	if (status == ENGINE_SLICE && spinning(cta))
		status = ENGINE_YIELD;
	if (status == ENGINE_DONE) {
		cta->stage = ENG_STAGE_DONE;
		cta->done_blocks++;
	}
	return status;
}

void engine_launch_stop_at(struct engine_launch *launch, struct engine_cta *cta, u64 block,
			   enum vgpu_stop why)
{
	struct engine_fault f = { .kind = why, .pc = launch->entry->pc };
	struct eng_warp *w;

	if (cta && cta->stage == ENG_STAGE_RUN && cta->live) {
		u32 cur = cta->live & 1U << cta->cur ? cta->cur : __ffs(cta->live);

		w = cta->warp[cur];
		eng_fault(w, w->frags[w->cur].ip, why, __ffs(w->frags[w->cur].mask));
		return;
	}
	f.line = engine_code_line(launch->code, f.pc);
	f.ctaid[0] = (u32)(block % launch->grid[0]);
	block /= launch->grid[0];
	f.ctaid[1] = (u32)(block % launch->grid[1]);
	f.ctaid[2] = (u32)(block / launch->grid[1]);
	eng_fault_launch(launch, &f);
}

void engine_cta_end(struct engine_cta *cta)
{
	atomic64_add(cta->insns, &cta->launch->insns);
	atomic64_add(cta->done_blocks, &cta->launch->done_blocks);
	cta->insns = 0;
	cta->done_blocks = 0;
}

u64 engine_cta_page(const struct engine_cta *cta, bool *write)
{
	*write = cta->page_write;
	return cta->page;
}
