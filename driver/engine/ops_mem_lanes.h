/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handlers: loads and stores with an address a lane.
 */

/**
 * struct lanes_at - an access whose lanes lie in one piece
 * @p: what @rel counts from
 * @rel: by lane; of lanes that are not active, some active lane's
 * @rows: all lanes are active, and lie one behind the other from @p
 */
struct lanes_at {
	u8 *p;
	bool rows;
	u32 rel[ENG_LANES] __aligned(64);
};

/* Offsets of form SV as 64-bit distances from the base */
static __always_inline void sv_addresses(const struct eng_warp *w, const struct eng_op *ip,
					 u64 *va, u64 base)
{
	const u32 *row = AT(const u32, b);
	u32 shift = VGPU_MD_GET_SHIFT(ip->md);
	int l;

	if (ip->md & VGPU_MD_SEXT)
		LANES va[l] = base + ((u64)(s64)(s32)row[l] << shift);
	else
		LANES va[l] = base + ((u64)row[l] << shift);
}

static __always_inline void w_addresses(const struct eng_warp *w, const struct eng_op *ip,
					u64 *va, bool wide)
{
	u64 off = (u64)(s64)(s32)ip->imm;
	int l;

	if (wide)
		LANES va[l] = AT(const u64, a)[l] + off;
	else
		LANES va[l] = (u64)AT(const u32, a)[l] + off;
}

/* The window of generic addresses that are all in one, and the offset to take away */
static __always_inline u32 window(u64 lo, u64 hi, u64 *minus)
{
	u64 top = lo >> VGPU_WINDOW_SHIFT;

	*minus = 0;
	if (top != hi >> VGPU_WINDOW_SHIFT)
		return VGPU_SPACE_GENERIC;
	if (top == VGPU_WINDOW_SHARED >> VGPU_WINDOW_SHIFT) {
		*minus = VGPU_WINDOW_SHARED;
		return VGPU_SPACE_SHARED;
	}
	return top == VGPU_WINDOW_LOCAL >> VGPU_WINDOW_SHIFT ||
	       top == VGPU_WINDOW_PARAM >> VGPU_WINDOW_SHIFT ? VGPU_SPACE_GENERIC :
							       VGPU_SPACE_GLOBAL;
}

#if ENG_HAVE_LANES
/* The piece of memory around @va, in which [*start, *start + *size) lies at *p */
static __always_inline bool piece_around(struct eng_warp *w, u32 space, u64 va, bool write,
					 u64 *start, u64 *size, u8 **p)
{
	struct eng_tlb_entry *e;

	*start = 0;
	if (space == VGPU_SPACE_SHARED) {
		*size = w->shared_size;
		*p = w->shared;
		return true;
	}
	if (space == VGPU_SPACE_PARAM) {
		*size = w->param_size;
		*p = (u8 *)w->param;
		return !write;
	}
	e = &w->tlb->large[va >> 21 & (ENG_TLB_LARGE - 1)];
	if (unlikely(va - e->va >= e->size)) {
		e = &w->tlb->small[va >> 12 & (ENG_TLB_SMALL - 1)];
		if (unlikely(va - e->va >= e->size) &&
		    (w->fuel < 0 || eng_tlb_find(w, va, write, &e)))
			return false;
	}
	*start = e->va;
	*size = e->size;
	*p = e->ptr;
	return !write || e->writable;
}

/*
 * All lanes in one piece of @space: fills @at.  False: the slow way.  Pieces of global
 * memory begin at multiples of a page, so that a lane's distance is as aligned as its
 * address.
 */
static __always_inline bool find_lanes(struct eng_warp *w, const struct eng_op *ip, u32 space,
				       u32 m, bool write, struct lanes_at *at)
{
	bool wide = space == VGPU_SPACE_GLOBAL || space == VGPU_SPACE_GENERIC;
	u32 form = VGPU_MD_FORM(ip->md), bytes = access_bytes(ip), in;
	u64 start, size, need = bytes, minus = 0, first;
	ROW(u64, va);

	if (form == VGPU_MD_FORM_W)
		w_addresses(w, ip, va, wide);
	else if (form == VGPU_MD_FORM_SV)
		sv_addresses(w, ip, va, base_of(w, ip, wide ? VGPU_SPACE_GLOBAL : space));
	else
		return false;
	first = va[__ffs(m)];
	if (space == VGPU_SPACE_GENERIC)
		space = window(first, first, &minus);
	if (space == VGPU_SPACE_GENERIC ||
	    !piece_around(w, space, first - minus, write, &start, &size, &at->p))
		return false;
#if ENG_HAVE_GATHER
	/* a block's shared memory and parameters have room behind them */
	if (!write && space == VGPU_SPACE_GLOBAL)
		need += gather_excess(ip->md);
#endif
	if (unlikely(size < need))
		return false;
	in = row_within(at->rel, va, start + minus, min_t(u64, size - need + 1, 1ULL << 31));
	if (unlikely(m & (~in | row_test32(at->rel, (1U << VGPU_MD_GET_ALIGN(ip->md)) - 1))))
		return false;
	at->rows = m == ENG_ALL && row_rises32(at->rel, VGPU_MD_GET_WIDTH(ip->md) +
							VGPU_MD_GET_COUNT(ip->md));
	if (at->rows)
		at->p += at->rel[0];
	return true;
}
#else
/* All lanes in one piece of @space: fills @at.  False: the slow way */
static __always_inline bool find_lanes(struct eng_warp *w, const struct eng_op *ip, u32 space,
				       u32 m, bool write, struct lanes_at *at)
{
	bool wide = space == VGPU_SPACE_GLOBAL || space == VGPU_SPACE_GENERIC;
	u32 form = VGPU_MD_FORM(ip->md), bytes = access_bytes(ip);
	u64 lo = ~0ULL, hi = 0, bits = 0, first, minus = 0;
	ROW(u64, va);
	int l;

	if (form == VGPU_MD_FORM_W)
		w_addresses(w, ip, va, wide);
	else if (form == VGPU_MD_FORM_SV)
		sv_addresses(w, ip, va, base_of(w, ip, wide ? VGPU_SPACE_GLOBAL : space));
	else
		return false;
	first = va[__ffs(m)];
	if (m == ENG_ALL && row_steps64(va, bytes)) {
		/* one behind the other: the usual case */
		if (unaligned(ip, first) || first + 31ULL * bytes < first)
			return false;
		if (space == VGPU_SPACE_GENERIC)
			space = window(first, first + 31ULL * bytes, &minus);
		if (space == VGPU_SPACE_GENERIC)
			return false;
		at->p = piece(w, space, first - minus, (u64)ENG_LANES * bytes, write);
		at->rows = true;
		return at->p;
	}
	if (m != ENG_ALL) {
		ROW(u64, same);

		row_set64(same, first);
		row_select64(va, va, same, m);
	}
	for (l = 0; l < ENG_LANES; l++) {
		lo = va[l] < lo ? va[l] : lo;
		hi = va[l] > hi ? va[l] : hi;
		bits |= va[l];
	}
	if (hi - lo > 0x7fffffff || unaligned(ip, bits))
		return false;
	if (space == VGPU_SPACE_GENERIC)
		space = window(lo, hi, &minus);
	if (space == VGPU_SPACE_GENERIC)
		return false;
	at->p = piece(w, space, lo - minus, hi - lo + bytes, write);
	if (unlikely(!at->p))
		return false;
	at->rows = false;
	LANES at->rel[l] = (u32)(va[l] - lo);
	return true;
}
#endif

/*
 * Form SV with indices that count up, as wide as the element: no arithmetic by lane.
 * NULL: look closer.
 */
static __always_inline u8 *sv_rows(struct eng_warp *w, const struct eng_op *ip, u32 space, u32 m,
				   bool write)
{
	const u32 *row = AT(const u32, b);
	u32 shift = VGPU_MD_GET_SHIFT(ip->md), bytes = access_bytes(ip);
	u64 va;

	if (VGPU_MD_FORM(ip->md) != VGPU_MD_FORM_SV || m != ENG_ALL || 1U << shift != bytes ||
	    row[0] > 0x7fffffff - ENG_LANES || !row_steps32(row))
		return NULL;
	va = base_of(w, ip, space) + ((u64)row[0] << shift);
	return unaligned(ip, va) ? NULL : piece(w, space, va, (u64)ENG_LANES * bytes, write);
}

static noinline bool load_lanes(struct eng_warp *w, const struct eng_op *ip, u32 space, u32 m)
{
	struct lanes_at at;

	if (space != VGPU_SPACE_GENERIC) {
		u8 *p = sv_rows(w, ip, space, m, false);

		if (unlikely(p && ip->md & ENG_MD_WHOLE)) {
			load_whole(AT(u32, d), p, NULL, ip->md, m);
			return true;
		}
		if (p) {
			load_rows(AT(u32, d), p, ip->md);
			return true;
		}
	}
	if (!find_lanes(w, ip, space, m, false, &at))
		return false;
	if (unlikely(ip->md & ENG_MD_WHOLE))
		load_whole(AT(u32, d), at.p, at.rows ? NULL : at.rel, ip->md, m);
	else if (at.rows)
		load_rows(AT(u32, d), at.p, ip->md);
	else
#if ENG_HAVE_GATHER
		gather_fast(AT(u32, d), at.p, at.rel, ip->md, m);
#else
		gather(AT(u32, d), at.p, at.rel, ip->md, m);
#endif
	return true;
}

static noinline bool store_lanes(struct eng_warp *w, const struct eng_op *ip, u32 space, u32 m)
{
	struct lanes_at at;

	if (space != VGPU_SPACE_GENERIC) {
		u8 *p = sv_rows(w, ip, space, m, true);

		if (unlikely(p && ip->md & ENG_MD_WHOLE)) {
			store_whole(AT(u32, d), p, NULL, ip->md, m);
			return true;
		}
		if (p) {
			store_rows(AT(u32, d), p, ip->md);
			return true;
		}
	}
	if (!find_lanes(w, ip, space, m, true, &at))
		return false;
	if (unlikely(ip->md & ENG_MD_WHOLE))
		store_whole(AT(u32, d), at.p, at.rows ? NULL : at.rel, ip->md, m);
	else if (at.rows)
		store_rows(AT(u32, d), at.p, ip->md);
	else
		scatter(AT(u32, d), at.p, at.rel, ip->md, m);
	return true;
}

ACCESS(LDG, load_lanes, eng_load, VGPU_SPACE_GLOBAL)
ACCESS(LDS, load_lanes, eng_load, VGPU_SPACE_SHARED)
ACCESS(LDP, load_lanes, eng_load, VGPU_SPACE_PARAM)
ACCESS(LDX, load_lanes, eng_load, VGPU_SPACE_GENERIC)
ACCESS(STG, store_lanes, eng_store, VGPU_SPACE_GLOBAL)
ACCESS(STS, store_lanes, eng_store, VGPU_SPACE_SHARED)
ACCESS(STX, store_lanes, eng_store, VGPU_SPACE_GENERIC)
