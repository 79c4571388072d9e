// SPDX-License-Identifier: GPL-2.0
/*
 * Barriers of a block: who has arrived, who goes on, and what a reduction gives.
 */
#include "exec.h"

static bool bar_complete(struct engine_cta *cta, struct eng_barrier *b)
{
	u32 i, n = 0;

	if (!b->expected) {
		for (i = 0; i < cta->nwarps; i++) {
			u32 at = b->missing;

			if (~(b->arrived[at] | cta->warp[at]->dead))
				return false;
			b->missing = at + 1 == cta->nwarps ? 0 : at + 1;
		}
		return true;
	}
	/* threads count by warps: what is dead in a warp that arrived counts with it */
	for (i = 0; i < cta->nwarps; i++)
		if (b->arrived[i])
			n += hweight32(b->arrived[i] | cta->warp[i]->dead);
	return n >= b->expected;
}

static void bar_result(struct eng_warp *w, const struct eng_frag *f, const struct eng_barrier *b)
{
	const struct eng_op *ip = f->ip;
	u32 *d = (u32 *)w + ip->d, m;

	switch (ip->mod) {
	case VGPU_BARRED_POPC:
		for (m = f->mask; m; m &= m - 1)
			d[__ffs(m)] = b->holds;
		break;
	case VGPU_BARRED_AND:
		*d = b->fails ? *d & ~f->mask : *d | f->mask;
		break;
	default:
		*d = b->holds ? *d | f->mask : *d & ~f->mask;
		break;
	}
}

static void bar_release(struct engine_cta *cta, u32 id)
{
	struct eng_barrier *b = &cta->bar[id];
	u32 i, k;

	for (i = 0; i < cta->nwarps; i++) {
		struct eng_warp *w = cta->warp[i];

		if (!b->arrived[i])
			continue;
		b->arrived[i] = 0;
		for (k = 0; k < w->nfrags; k++) {
			struct eng_frag *f = &w->frags[k];

			if (f->state != ENG_BAR || f->bar != id)
				continue;
			if (f->ip->h / 2 == VGPU_OP_BARRED)
				bar_result(w, f, b);
			f->state = ENG_READY;
			f->ip++;
			cta->ready |= 1U << i;
		}
	}
	b->holds = 0;
	b->fails = 0;
	cta->bars_busy &= ~(1U << id);
	cta->yields = 0;
}

void eng_bars_check(struct engine_cta *cta)
{
	u32 m;

	for (m = cta->bars_busy; m; m &= m - 1)
		if (bar_complete(cta, &cta->bar[__ffs(m)]))
			bar_release(cta, __ffs(m));
}

/* Lanes that name another barrier or another count than the first one execute the instruction after it, by themselves. */
static void part_by_barrier(struct eng_warp *w, const struct eng_op *ip, u32 id, u32 count)
{
	u32 others = 0, m;

	if (!(ip->md & (ENG_ROW_A | ENG_ROW_B)))
		return;
	for (m = w->mask; m; m &= m - 1)
		if (eng_source(w, ip, OPF_A, __ffs(m)) != id || eng_source(w, ip, OPF_B, __ffs(m)) != count)
			others |= m & -m;
	if (others)
		eng_split(w, ip, ip, others);
}

const struct eng_op *eng_bar(struct eng_warp *w, const struct eng_op *ip)
{
	struct engine_cta *cta = w->cta;
	struct eng_frag *f = &w->frags[w->cur];
	u32 lane = __ffs(w->mask), id = eng_source(w, ip, OPF_A, lane);
	u32 count = eng_source(w, ip, OPF_B, lane);
	bool red = ip->h / 2 == VGPU_OP_BARRED;
	struct eng_barrier *b;

	if (count % ENG_LANES || count > ENGINE_MAX_THREADS)
		return eng_fault(w, ip, VGPU_STOP_ILLEGAL_INSTRUCTION, lane);
	part_by_barrier(w, ip, id, count);
	id &= ENG_BARRIERS - 1;	/* as a card takes what a register has */
	if (!red && ip->mod & VGPU_BAR_CLUSTER)
		id = ENG_CLUSTER_BAR;
	b = &cta->bar[id];
	if (!(cta->bars_used & 1U << id)) {
		memset(b, 0, sizeof(*b));
		cta->bars_used |= 1U << id;
	}
	/* waiting for one's own arrival, which is over once the barrier has forgotten it */
	if (!red && ip->mod & VGPU_BAR_WAIT) {
		if (!(b->arrived[w->index] & w->mask))
			return ip + 1;
		f->ip = ip;
		f->bar = id;
		return eng_next(w, ip, ENG_BAR);
	}
	b->arrived[w->index] |= w->mask;
	b->expected = count;
	cta->bars_busy |= 1U << id;
	if (red) {
		u32 p = ((const u32 *)w)[ip->c];

		b->holds += hweight32(p & w->mask);
		b->fails += hweight32(~p & w->mask);
	}
	if (!red && ip->mod & VGPU_BAR_ARRIVE) {
		if (bar_complete(cta, b))
			bar_release(cta, id);
		return ip + 1;
	}
	f->ip = ip;
	f->bar = id;
	f->state = ENG_BAR;
	if (!bar_complete(cta, b))
		return eng_next(w, ip, ENG_BAR);
	bar_release(cta, id);
	return ip + 1;
}
