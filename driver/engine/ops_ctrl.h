/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handlers: control.  What changes fragments is in frag.c.
 */

/* Branch displacements are in @x, in instructions; @y is what a back edge costs. */
#define TAKE() do {								\
	const struct eng_op *_to = ip + (s32)ip->x;				\
										\
	w->fuel -= (s32)ip->y;							\
	if (unlikely(w->fuel < 0))						\
		LEAVE(ENG_EXIT_FUEL, _to);					\
	NEXT_AT(_to);								\
} while (0)

HANDLER(f_NOP)
{
	NEXT();
}

HANDLER(f_FUEL)
{
	w->fuel -= (s32)ip->y;
	if (unlikely(w->fuel < 0))
		LEAVE(ENG_EXIT_FUEL, ip + 1);
	NEXT();
}

HANDLER(f_LOST)
{
	(void)table;
	return eng_fault(w, ip, VGPU_STOP_ILLEGAL_INSTRUCTION, __ffs(w->mask));
}

/*
 * What calls somebody saves registers first, which costs more than the usual way through a
 * handler: it is x_NAME, another one, reached by a tail call.
 */
static noinline const struct eng_op *x_EXIT(const struct eng_op *ip, struct eng_warp *w,
					    const struct eng_table *table)
{
	(void)table;
	NEXT_ANY(eng_exit_lanes(w, ip, guarded(w, ip)));
}

/* The usual end, as eng_exit_lanes() has it: of a warp whose lanes have not parted, by all */
static __always_inline bool warp_ends(struct eng_warp *w, u32 lanes)
{
	if (lanes != w->mask || w->nfrags != 1)
		return false;
	w->dead |= lanes;
	w->mask = 0;
	w->nfrags = 0;
	w->exit = ENG_EXIT_DONE;
	w->ip = NULL;
	return true;
}

HANDLER(f_EXIT)
{
	u32 e = guarded(w, ip);

	w->fuel -= (s32)ip->y;
	if (likely(warp_ends(w, e)))
		return NULL;
	if (!e)
		NEXT();
	return x_EXIT(ip, w, table);
}

HANDLER(f_TRAP)
{
	u32 e = guarded(w, ip);

	if (e)
		return eng_fault(w, ip, VGPU_STOP_TRAP, __ffs(e));
	NEXT();
}

static noinline const struct eng_op *x_BRA(const struct eng_op *ip, struct eng_warp *w,
					   const struct eng_table *table)
{
	(void)table;
	NEXT_ANY(eng_split(w, ip + (s32)ip->x, ip + 1, guarded(w, ip)));
}

/* Branch @ip, by lanes @t of @m */
#define BRANCH(T, M) do {							\
	u32 _t = (T);								\
										\
	if (_t == (M))								\
		TAKE();								\
	if (!_t)								\
		NEXT();								\
	return x_BRA(ip, w, table);						\
} while (0)

HANDLER(f_BRA)
{
	BRANCH(guarded(w, ip), w->mask);
}

/* @imm is 32 for 32-bit comparisons, which the upper halves decide just as well */
#define SBR(NAME, T, OP)							\
HANDLER(f_##NAME)								\
{										\
	T a = (T)(*AT(u64, a) << ip->imm), b = (T)(*AT(u64, b) << ip->imm);	\
										\
	if ((a OP b) != (ip->c != 0))						\
		TAKE();								\
	NEXT();									\
}
SBR(SBR, u64, ==)
SBR(SBR_LTS, s64, <)
SBR(SBR_LTU, u64, <)
SAME_MASKED(SBR_LTS)
SAME_MASKED(SBR_LTU)

HANDLER(f_BRX)
{
	NEXT_ANY(eng_brx(w, ip));
}

static __always_inline bool q_BSSY(struct eng_warp *w, const struct eng_op *ip)
{
	*AT(u64, d) = new_point(w, w->mask);
	return true;
}

HANDLER(f_BSSY)
{
	q_BSSY(w, ip);
	NEXT();
}

static noinline const struct eng_op *x_BSYNC(const struct eng_op *ip, struct eng_warp *w,
					     const struct eng_table *table)
{
	(void)table;
	NEXT_ANY(eng_bsync(w, ip, *AT(u64, a)));
}

/* Nobody is missing: the usual case where nothing split */
static __always_inline bool all_met(const struct eng_warp *w, const struct eng_op *ip)
{
	return likely(!(*AT(u64, a) & ~w->dead & ~w->mask));
}

HANDLER(f_BSYNC)
{
	if (all_met(w, ip))
		NEXT();
	return x_BSYNC(ip, w, table);
}

/* How a kernel ends that was one if: both (fuse.c), the second without a guard */
HANDLER(f_BSYNC_EXIT)
{
	if (unlikely(!all_met(w, ip)))
		return x_BSYNC(ip, w, table);
	ip++;
	w->fuel -= (s32)ip->y;
	if (likely(warp_ends(w, w->mask)))
		return NULL;
	return x_EXIT(ip, w, table);
}
SAME_MASKED(BSYNC_EXIT)

HANDLER(f_BREAK)
{
	u32 e = guarded(w, ip);

	if (e)
		eng_break(w, ip, e);
	NEXT();
}

HANDLER(f_CALL)
{
	ROW(u32, r);
	int l;

	LANES
		r[l] = ip->pc + 1;
	row_commit32(AT(u32, d), r, w->mask);
	TAKE();
}

HANDLER(f_CALLI)
{
	NEXT_ANY(eng_calli(w, ip));
}

HANDLER(f_RET)
{
	NEXT_ANY(eng_ret(w, ip));
}

HANDLER(f_YIELD)
{
	NEXT_ANY(eng_yield(w, ip));
}

HANDLER(f_NANOSLEEP)
{
	NEXT_ANY(eng_sleep(w, ip));
}

HANDLER(f_SETMODE)
{
	eng_set_mode(w, ip->imm);
	NEXT();
}

HANDLER(f_FPENV)
{
	eng_set_mode(w, ip->imm);
	NEXT();
}

HANDLER(f_BAR)
{
	NEXT_ANY(eng_bar(w, ip));
}

HANDLER(f_BARRED)
{
	NEXT_ANY(eng_bar(w, ip));
}

HANDLER(f_FENCE)
{
	if (ip->mod == VGPU_FENCE_SC)
		__asm__ volatile("mfence" ::: "memory");
	else
		barrier();
	NEXT();
}
