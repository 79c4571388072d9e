// SPDX-License-Identifier: GPL-2.0
/*
 * Fragments: how the lanes of a warp part, wait for each other and meet again.
 *
 * The running fragment's mask, scalars and pc live in the warp (w->mask, w->s, the
 * handlers' argument); every other fragment keeps them in w->frags[] and in its
 * slot of w->save.
 */
#include "exec.h"
#include "members.h"

static u32 *place(struct eng_warp *w, u16 at)
{
	return (u32 *)w + at;
}

static u64 *saved(struct eng_warp *w, u32 frag)
{
	return w->save + (size_t)w->frags[frag].slot * w->nsregs;
}

static void set_table(struct eng_warp *w)
{
	const struct eng_isa *isa = w->cta->launch->prog->isa;

	w->table = w->mask == ENG_ALL ? isa->full : isa->part;
}

void eng_set_mode(struct eng_warp *w, u32 mode)
{
	/* all exceptions masked, rounding in bits 14:13, FTZ bit 15, DAZ bit 6 */
	static const u16 rounds[4] = {
		[VGPU_RN] = 0x0000, [VGPU_RZ] = 0x6000, [VGPU_RM] = 0x2000, [VGPU_RP] = 0x4000,
	};
	u32 csr = 0x1f80 | rounds[mode & VGPU_FMODE_ROUND];

	if (mode & VGPU_FMODE_FTZ)
		csr |= 0x8040;
	w->mode = mode;
	w->cta->mode = mode;
	__asm__ volatile("ldmxcsr %0" : : "m"(csr) : "memory");
}

/* Makes @frag the running one; the one before was put away. */
static const struct eng_op *enter(struct eng_warp *w, u32 frag)
{
	struct eng_frag *f = &w->frags[frag];

	if (frag != w->cur) {
		eng_copy_scalars(w->s, saved(w, frag), w->nsregs);
		w->cur = frag;
	}
	w->mask = f->mask;
	set_table(w);
	if (w->mode != f->mode)
		eng_set_mode(w, f->mode);
	return f->ip;
}

/* The running fragment's scalars go to its slot, where others can be entered. */
static void put_away(struct eng_warp *w)
{
	w->frags[w->cur].mode = w->mode;
	if (w->nfrags > 1)
		eng_copy_scalars(saved(w, w->cur), w->s, w->nsregs);
}

/* The next ready fragment after the current one, or -1. */
static int find_ready(const struct eng_warp *w)
{
	u32 i, at = w->cur;

	for (i = 0; i < w->nfrags; i++) {
		at = at + 1 >= w->nfrags ? 0 : at + 1;
		if (w->frags[at].state == ENG_READY)
			return at;
	}
	return -1;
}

/* Goes on with any ready fragment; the current one was put away. */
static const struct eng_op *enter_ready(struct eng_warp *w)
{
	int next = find_ready(w);

	if (next < 0) {
		w->exit = ENG_EXIT_BLOCKED;
		w->ip = NULL;
		return NULL;
	}
	w->ip = enter(w, next);
	return w->ip;
}

/*
 * What takes the longer the more fragments there are counts so, and ends the turn of a warp that has used its own up: in
 * straight code nothing else would. @w->ip is where the running fragment goes on, or NULL.
 */
static void spend(struct eng_warp *w, u32 cost)
{
	w->fuel -= (s32)cost;
	if (w->fuel >= 0 || !w->ip)
		return;
	w->frags[w->cur].ip = w->ip;
	w->exit = ENG_EXIT_FUEL;
	w->ip = NULL;
}

const struct eng_op *eng_next(struct eng_warp *w, const struct eng_op *ip, u32 state)
{
	struct eng_frag *f = &w->frags[w->cur];

	f->ip = ip;
	f->state = state;
	put_away(w);
	return enter_ready(w);
}

bool eng_resume(struct eng_warp *w)
{
	const struct eng_frag *f = &w->frags[w->cur];

	/* the usual warp: nothing has parted, nothing changed since it left */
	if (f->state == ENG_READY && f->mask == w->mask && f->mode == w->mode)
		w->ip = f->ip;
	else if (w->frags[w->cur].state == ENG_READY)
		w->ip = enter(w, w->cur);
	else
		enter_ready(w);
	return w->ip;
}

void eng_rotate(struct eng_warp *w)
{
	struct eng_frag *f = &w->frags[w->cur];
	int next;

	if (w->ip)	/* else it is there, see spend() */
		f->ip = w->ip;
	f->state = ENG_READY;
	put_away(w);
	next = find_ready(w);	/* at least the current one */
	w->ip = enter(w, next);
}

/* Removes a fragment; never the running one while others remain. */
static void drop(struct eng_warp *w, u32 frag)
{
	u32 last = --w->nfrags;

	w->slots &= ~(1U << w->frags[frag].slot);
	if (frag != last) {
		w->frags[frag] = w->frags[last];
		if (w->cur == last)
			w->cur = frag;
	}
}

static u32 add(struct eng_warp *w, u32 mask, const struct eng_op *ip)
{
	u32 n = w->nfrags++, slot = __ffs(~w->slots);

	w->slots |= 1U << slot;
	w->frags[n] = (struct eng_frag) {
		.ip = ip, .mask = mask, .state = ENG_READY, .mode = w->mode, .slot = slot,
	};
	eng_copy_scalars(saved(w, n), w->s, w->nsregs);
	return n;
}

const struct eng_op *eng_split(struct eng_warp *w, const struct eng_op *target,
			       const struct eng_op *next, u32 taken)
{
	u32 n = add(w, taken, target);

	w->mask &= ~taken;
	/* straight to a convergence point that the others come to: it waits there at once */
	if (eng_is_bsync(target) && *(const u64 *)place(w, target->a) & w->mask)
		w->frags[n].state = ENG_BSYNC;
	w->frags[w->cur].mask = w->mask;
	set_table(w);
	return next;
}

/* ---- convergence points ---------------------------------------------------------- */

/*
 * What fragment @frag waits with: the members, and in the upper half which execution of BSSY made them. The lanes of a
 * recursion may be at the same instruction in different depths with the same members, once some were released.
 */
static u64 members_of(struct eng_warp *w, u32 frag, const struct eng_op *ip)
{
	const u64 *s = frag == w->cur ? w->s : saved(w, frag);

	return s[(ip->a - ENG_WORD(s)) >> 1];
}

/*
 * The fragments that wait at @ip with @members become one, the one with the
 * lowest lane; no fragment may be running.  Returns it, ready after @ip.
 */
static u32 join(struct eng_warp *w, const struct eng_op *ip, u64 members)
{
	u32 i, mask = 0, best = w->nfrags;

	for (i = 0; i < w->nfrags; i++) {
		struct eng_frag *f = &w->frags[i];

		if (f->state != ENG_BSYNC || f->ip != ip || members_of(w, i, ip) != members)
			continue;
		mask |= f->mask;
		if (best == w->nfrags || __ffs(f->mask) < __ffs(w->frags[best].mask))
			best = i;
	}
	w->turns = 0;
	w->frags[best].mask = mask;
	w->frags[best].ip = ip + 1;
	w->frags[best].state = ENG_READY;
	for (i = w->nfrags; i-- > 0;) {
		if (i == best || w->frags[i].state != ENG_BSYNC || !(w->frags[i].mask & mask))
			continue;
		/* its lanes are in @best now */
		if (best == (u32)w->nfrags - 1)
			best = i;
		drop(w, i);
	}
	return best;
}

/* Are all members of @members that live waiting at @ip? */
static bool all_here(struct eng_warp *w, const struct eng_op *ip, u64 members)
{
	u32 i, here = 0;

	for (i = 0; i < w->nfrags; i++)
		if (w->frags[i].state == ENG_BSYNC && w->frags[i].ip == ip &&
		    members_of(w, i, ip) == members)
			here |= w->frags[i].mask;
	return !((u32)members & ~w->dead & ~here);
}

/* The usual meeting: of the running fragment and the only other one. False: it is not. */
static bool meet(struct eng_warp *w, const struct eng_op *ip, u64 members)
{
	struct eng_frag *f = &w->frags[!w->cur];

	if (w->nfrags != 2 || f->state != ENG_BSYNC || f->ip != ip || f->mode != w->mode ||
	    members_of(w, !w->cur, ip) != members || (u32)members & ~w->dead & ~(w->mask | f->mask))
		return false;
	if (__ffs(f->mask) < __ffs(w->mask))
		eng_copy_scalars(w->s, saved(w, !w->cur), w->nsregs);
	w->mask |= f->mask;
	w->turns = 0;
	w->frags[0] = (struct eng_frag) { .ip = ip + 1, .mask = w->mask, .mode = w->mode };
	w->slots = 1;
	w->nfrags = 1;
	w->cur = 0;
	set_table(w);
	return true;
}

const struct eng_op *eng_bsync(struct eng_warp *w, const struct eng_op *ip, u64 members)
{
	struct eng_frag *f = &w->frags[w->cur];
	u32 best;

	if (meet(w, ip, members))
		return ip + 1;
	f->ip = ip;
	f->state = ENG_BSYNC;
	put_away(w);
	if (!all_here(w, ip, members))
		return enter_ready(w);
	best = join(w, ip, members);
	/* @cur may name a fragment that is gone: force the scalars to be loaded */
	w->cur = ENG_LANES;
	w->ip = enter(w, best);
	return w->ip;
}

#define RECHECK_FUEL	4	/* a fragment: each is compared with each */

/* After lanes ended or left masks: whoever waited at a convergence point for them alone goes on. */
static void recheck(struct eng_warp *w)
{
	u32 i;

	for (i = 0; i < w->nfrags; i++) {
		struct eng_frag *f = &w->frags[i];

		if (f->state == ENG_BSYNC) {
			u64 members = members_of(w, i, f->ip);

			if (all_here(w, f->ip, members)) {
				join(w, f->ip, members);
				i = ENG_ALL;	/* places changed: from the start */
			}
		}
	}
}

/*
 * Takes @lanes out of the members that other fragments have for convergence point @point in scalar @reg, the one of @ip.
 * True: of a fragment that waits with them. Another function's register, or one of another depth, is something else.
 */
static bool leave_point(struct eng_warp *w, const struct eng_op *ip, u32 reg, u32 point, u32 lanes)
{
	bool waits = false;
	u32 i;

	for (i = 0; i < w->nfrags; i++) {
		u64 *s = &saved(w, i)[reg];

		if (i == w->cur || *s >> 32 != point || !(*s & lanes))
			continue;
		*s &= ~(u64)lanes;
		waits |= w->frags[i].state == ENG_BSYNC && w->frags[i].ip->a == ip->a;
	}
	return waits;
}

void eng_break(struct eng_warp *w, const struct eng_op *ip, u32 lanes)
{
	u32 i, reg = (ip->a - ENG_WORD(s)) >> 1, point = w->s[reg] >> 32;

	w->s[reg] &= ~(u64)lanes;
	if (w->nfrags == 1 || !leave_point(w, ip, reg, point, lanes))
		return;
	w->fuel -= (s32)(w->nfrags * RECHECK_FUEL);
	/* the running fragment stays what it is: it only must not be moved */
	put_away(w);
	w->frags[w->cur].ip = NULL;
	recheck(w);
	for (i = 0; i < w->nfrags; i++)
		if (!w->frags[i].ip)
			w->cur = i;
}

bool eng_force(struct eng_warp *w)
{
	u32 i;

	for (i = 0; i < w->nfrags; i++)
		if (w->frags[i].state == ENG_BSYNC) {
			const struct eng_op *ip = w->frags[i].ip;

			w->cur = join(w, ip, members_of(w, i, ip));
			eng_copy_scalars(w->s, saved(w, w->cur), w->nsregs);
			return true;
		}
	return false;
}

/* ---- .sync instructions ------------------------------------------------------------- */

static bool same_sync(const struct eng_op *a, const struct eng_op *b)
{
	/* any two bar.warp match; all else must be the same instruction */
	return a == b || (a->h == b->h && a->h / 2 == VGPU_OP_BARWARP);
}

/**
 * struct meeting - the lanes at a .sync instruction
 * @here: who they are
 * @need: whom each of them names, itself among them
 */
struct meeting {
	u32 here;
	u32 need[ENG_LANES];
};

static void attend(struct eng_warp *w, struct meeting *m, const struct eng_op *ip, u32 lanes, u32 need)
{
	const u32 *row = eng_members(w, ip, ip->h / 2);

	m->here |= lanes;
	for (; lanes; lanes &= lanes - 1) {
		u32 l = __ffs(lanes);

		m->need[l] = (row ? row[l] : need) & ~w->dead;
	}
}

/* Returns which fragments these are. */
static u32 attend_waiting(struct eng_warp *w, struct meeting *m, const struct eng_op *ip)
{
	u32 i, who = 0;

	for (i = 0; i < w->nfrags; i++) {
		const struct eng_frag *f = &w->frags[i];

		if (f->state != ENG_SYNC || !same_sync(f->ip, ip))
			continue;
		attend(w, m, f->ip, f->lanes, f->need);
		who |= 1U << i;
	}
	return who;
}

/*
 * The lanes whose groups are complete: all members that live are here, and name the same ones. A lane that waits with
 * others is at another execution, also where it is the same instruction: of a function that several call.
 */
static u32 whole_groups(const struct meeting *m)
{
	u32 go = 0, rest, same, l;

	for (rest = m->here; rest; rest &= ~same) {
		u32 members = m->need[__ffs(rest)];

		same = 0;
		for (l = rest; l; l &= l - 1)
			if (m->need[__ffs(l)] == members)
				same |= l & -l;
		if (!(members & ~same))
			go |= same;
	}
	return go;
}

/* Lanes @stay of fragment @frag become one of their own, which waits at @ip. */
static void stay_behind(struct eng_warp *w, u32 frag, const struct eng_op *ip, u32 stay, u32 need)
{
	u32 n = w->nfrags++, slot = __ffs(~w->slots);

	w->slots |= 1U << slot;
	w->frags[n] = (struct eng_frag) {
		.ip = ip, .mask = stay, .lanes = stay, .need = need, .state = ENG_SYNC,
		.mode = frag == w->cur ? w->mode : w->frags[frag].mode, .slot = slot,
	};
	eng_copy_scalars(saved(w, n), frag == w->cur ? w->s : saved(w, frag), w->nsregs);
	w->frags[frag].mask &= ~stay;
}

/* Those of the waiting whose groups are complete go on behind the instruction. */
static void release(struct eng_warp *w, const struct eng_op *ip, u32 go)
{
	u32 i, n = w->nfrags;

	for (i = 0; i < n; i++) {
		struct eng_frag *f = &w->frags[i];

		if (f->state != ENG_SYNC || !(f->lanes & go) || !same_sync(f->ip, ip))
			continue;
		if (f->lanes & ~go)
			stay_behind(w, i, f->ip, f->lanes & ~go, f->need);
		f->state = ENG_READY;
		f->ip++;
	}
}

/* Is everybody at @ip whom one of @m needs? The usual answer is no, until the last one comes. */
static bool may_go(const struct eng_warp *w, const struct meeting *m, const struct eng_op *ip)
{
	u32 i, l, here = m->here;

	for (i = 0; i < w->nfrags; i++)
		if (w->frags[i].state == ENG_SYNC && same_sync(w->frags[i].ip, ip))
			here |= w->frags[i].lanes;
	for (l = m->here; l; l &= l - 1)
		if (!(m->need[__ffs(l)] & ~here))
			return true;
	return false;
}

/* What it takes to wait, 10 ns each: where lanes have members of their own, and for so many fragments one more */
#define SYNC_FUEL	4
#define SYNC_FRAGS	4

u32 eng_sync(struct eng_warp *w, const struct eng_op *ip, u32 e, u32 need)
{
	struct meeting m;
	u32 go = 0;

	m.here = 0;
	attend(w, &m, ip, e, need);
	if (may_go(w, &m, ip)) {
		attend_waiting(w, &m, ip);
		go = whole_groups(&m);
	}
	if (!(go & e)) {
		w->frags[w->cur].lanes = e;
		w->frags[w->cur].need = need;
		eng_next(w, ip, ENG_SYNC);
		spend(w, SYNC_FUEL + w->nfrags / SYNC_FRAGS);
		return 0;
	}
	if (e & ~go) {
		stay_behind(w, w->cur, ip, e & ~go, need);
		w->mask &= go | ~e;
		set_table(w);
		w->ip = ip;	/* again, without them */
		spend(w, SYNC_FUEL + w->nfrags / SYNC_FRAGS);
		return 0;
	}
	release(w, ip, go);
	return go;
}

/* ---- lanes that end --------------------------------------------------------------------- */

/*
 * Groups at .sync instructions that lanes which ended have made complete: their fragments execute the
 * instruction again, and the last of each group finds the others.
 */
static void retry_sync(struct eng_warp *w)
{
	u32 i, k, go, who, seen = 0;
	struct meeting m;

	for (i = 0; i < w->nfrags; i++) {
		if (w->frags[i].state != ENG_SYNC || seen & 1U << i)
			continue;
		m.here = 0;
		who = attend_waiting(w, &m, w->frags[i].ip);
		go = whole_groups(&m);
		seen |= who;
		for (k = 0; go && k < w->nfrags; k++)
			if (who & 1U << k && w->frags[k].lanes & go)
				w->frags[k].state = ENG_READY;
	}
}

const struct eng_op *eng_exit_lanes(struct eng_warp *w, const struct eng_op *ip, u32 lanes)
{
	w->dead |= lanes;
	w->mask &= ~lanes;
	if (w->mask) {
		w->frags[w->cur].mask = w->mask;
		set_table(w);
		if (w->nfrags > 1 || w->cta->bars_busy) {
			eng_next(w, ip + 1, ENG_READY);
			recheck(w);
			retry_sync(w);
			eng_bars_check(w->cta);
			enter_ready(w);
			spend(w, w->nfrags * RECHECK_FUEL);
			return w->ip;
		}
		return ip + 1;
	}
	if (w->nfrags == 1) {
		w->nfrags = 0;
		w->exit = ENG_EXIT_DONE;
		w->ip = NULL;
		return NULL;
	}
	drop(w, w->cur);
	w->cur = ENG_LANES;
	recheck(w);
	retry_sync(w);
	if (w->cta->bars_busy)
		eng_bars_check(w->cta);
	if (find_ready(w) < 0) {
		w->cur = 0;
		eng_copy_scalars(w->s, saved(w, 0), w->nsregs);
	}
	enter_ready(w);
	spend(w, w->nfrags * RECHECK_FUEL);
	return w->ip;
}

/* ---- many targets ------------------------------------------------------------------------ */

/*
 * Lanes of the running fragment go where @to says, equal targets together; the
 * lowest lane's go on running.
 */
static const struct eng_op *scatter(struct eng_warp *w, const struct eng_op *const *to)
{
	const struct eng_op *first = to[__ffs(w->mask)];
	u32 rest = w->mask, keep = 0, m, group;

	for (m = rest; m; m &= m - 1)
		if (to[__ffs(m)] == first)
			keep |= m & -m;
	for (rest &= ~keep; rest; rest &= ~group) {
		const struct eng_op *at = to[__ffs(rest)];

		group = 0;
		for (m = rest; m; m &= m - 1)
			if (to[__ffs(m)] == at)
				group |= m & -m;
		add(w, group, at);
	}
	if (keep != w->mask) {
		w->mask = keep;
		w->frags[w->cur].mask = keep;
		set_table(w);
	}
	return first;
}

static const struct eng_op *scatter_back(struct eng_warp *w, const struct eng_op *const *to,
					 u32 cost)
{
	const struct eng_op *at = scatter(w, to);

	w->fuel -= (s32)cost;
	if (w->fuel >= 0)
		return at;
	w->exit = ENG_EXIT_FUEL;
	w->ip = at;
	return NULL;
}

const struct eng_op *eng_brx(struct eng_warp *w, const struct eng_op *ip)
{
	const struct engine_prog *prog = w->cta->launch->prog;
	const struct vgpu_code_table *t = &w->cta->launch->code->tables[ip->y];
	const struct eng_op *to[ENG_LANES];
	u32 m;

	for (m = w->mask; m; m &= m - 1) {
		u32 lane = __ffs(m), i = eng_source(w, ip, OPF_A, lane);

		if (i >= t->count)
			return eng_fault(w, ip, VGPU_STOP_BAD_TARGET, lane);
		i &= 0 - (u32)(i < t->count);
		to[lane] = &prog->ops[prog->tables[t->first + i]];
	}
	return scatter_back(w, to, ip->x);
}

static void set_return_point(struct eng_warp *w, const struct eng_op *ip)
{
	u32 *d = place(w, ip->d), m;

	for (m = w->mask; m; m &= m - 1)
		d[__ffs(m)] = ip->pc + 1;
}

const struct eng_op *eng_calli(struct eng_warp *w, const struct eng_op *ip)
{
	const struct engine_code *code = w->cta->launch->code;
	const struct engine_prog *prog = w->cta->launch->prog;
	const struct eng_op *to[ENG_LANES];
	u32 m, func = 0, last = 0;
	bool known = false;

	for (m = w->mask; m; m &= m - 1) {
		u32 lane = __ffs(m), id = eng_source(w, ip, OPF_A, lane);

		if (!known || id != last) {
			func = engine_code_find_id(code, id);
			known = true;
			last = id;
		}
		if (func >= code->func_count)
			return eng_fault(w, ip, VGPU_STOP_BAD_TARGET, lane);
		to[lane] = &prog->ops[prog->first[code->funcs[func].start]];
	}
	set_return_point(w, ip);
	return scatter_back(w, to, ip->y);
}

const struct eng_op *eng_ret(struct eng_warp *w, const struct eng_op *ip)
{
	const struct engine_code *code = w->cta->launch->code;
	const struct engine_prog *prog = w->cta->launch->prog;
	const struct eng_op *to[ENG_LANES];
	const u32 *a = place(w, ip->a), own = ENG_RETURN_KERNEL + w->cta->launch->kernel->func;
	u32 m;

	for (m = w->mask; m; m &= m - 1) {
		u32 lane = __ffs(m), pc = a[lane], ok = pc < code->insn_count;

		pc &= 0 - ok;
		if (!ok || !prog->return_points || (prog->return_points[pc] != ENG_RETURN_ANY && prog->return_points[pc] != own))
			return eng_fault(w, ip, VGPU_STOP_BAD_TARGET, lane);
		to[lane] = &prog->ops[prog->first[pc]];
	}
	return scatter_back(w, to, ip->y);
}

/* ---- waiting of one's own will -------------------------------------------------------------- */

const struct eng_op *eng_yield(struct eng_warp *w, const struct eng_op *ip)
{
	w->exit = ENG_EXIT_YIELD;
	w->ip = ip + 1;
	return NULL;
}

#define MAX_SLEEP_NS	1000000U

const struct eng_op *eng_sleep(struct eng_warp *w, const struct eng_op *ip)
{
	u32 ns = eng_source(w, ip, OPF_A, __ffs(w->mask));

	w->frags[w->cur].wake = engine_time_ns() + min_t(u32, ns, MAX_SLEEP_NS);
	return eng_next(w, ip + 1, ENG_SLEEP);
}

u32 eng_wake(struct eng_warp *w, u64 now)
{
	u32 i, asleep = 0;

	for (i = 0; i < w->nfrags; i++) {
		struct eng_frag *f = &w->frags[i];

		if (f->state != ENG_SLEEP)
			continue;
		/* a clock that was set back does not prolong sleep */
		if (f->wake > now && f->wake - now <= MAX_SLEEP_NS)
			asleep++;
		else
			f->state = ENG_READY;
	}
	return asleep;
}
