/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handlers: local memory, what always goes the slow way, scalar loads, and whose window an
 * address is in.
 */

/* ---- local memory: interleaved by words, so that one offset is one row ------------------------------ */

/* The rows of @n words at one offset for all lanes, or NULL */
static __always_inline u32 *local_rows(struct eng_warp *w, const struct eng_op *ip, u32 *n)
{
	u64 off = base_of(w, ip, VGPU_SPACE_LOCAL), bytes = access_bytes(ip);

	if (VGPU_MD_GET_WIDTH(ip->md) < 2 || off & 3 || unaligned(ip, off) ||
	    off > w->local_size || w->local_size - off < bytes)
		return NULL;
	*n = (u32)bytes / 4;
	return (u32 *)(w->local + eng_below(off, w->local_size - bytes + 1) * ENG_LANES);
}

static noinline bool load_local(struct eng_warp *w, const struct eng_op *ip, u32 space, u32 m)
{
	u32 n, i, *d = AT(u32, d), *p = local_rows(w, ip, &n);
	int l;

	(void)space;
	if (!p)
		return false;
	if (VGPU_MD_GET_WIDTH(ip->md) == 2) {
		for (i = 0; i < n * ENG_LANES; i += ENG_LANES)
			row_commit32(d + i, p + i, m);
		return true;
	}
	for (i = 0; i < n * ENG_LANES; i += 2 * ENG_LANES) {
		ROW(u64, r);

		LANES r[l] = (u64)p[i + ENG_LANES + l] << 32 | p[i + l];
		row_commit64((u64 *)(d + i), r, m);
	}
	return true;
}

static noinline bool store_local(struct eng_warp *w, const struct eng_op *ip, u32 space, u32 m)
{
	u32 n, i, *d = AT(u32, d), *p = local_rows(w, ip, &n);
	int l;

	(void)space;
	if (!p)
		return false;
	if (VGPU_MD_GET_WIDTH(ip->md) == 2) {
		for (i = 0; i < n * ENG_LANES; i += ENG_LANES)
			row_commit32(p + i, d + i, m);
		return true;
	}
	for (i = 0; i < n * ENG_LANES; i += 2 * ENG_LANES) {
		const u64 *v = (const u64 *)(d + i);
		ROW(u32, lo);
		ROW(u32, hi);

		LANES lo[l] = (u32)v[l];
		LANES hi[l] = (u32)(v[l] >> 32);
		row_commit32(p + i, lo, m);
		row_commit32(p + i + ENG_LANES, hi, m);
	}
	return true;
}
ACCESS(LDL_S, load_local, eng_load, VGPU_SPACE_LOCAL)
ACCESS(STL_S, store_local, eng_store, VGPU_SPACE_LOCAL)

#define ACCESS_SLOW(NAME, HOW)							\
HANDLER(f_##NAME)								\
{										\
	note_strong(w, ip);							\
	NEXT_ANY(HOW(w, ip, ENG_ALL));						\
}										\
HANDLER(m_##NAME)								\
{										\
	u32 m = guarded(w, ip);							\
										\
	note_strong(w, ip);							\
	if (!m)									\
		NEXT();								\
	NEXT_ANY(HOW(w, ip, m));						\
}
ACCESS_SLOW(LDL, eng_load)
ACCESS_SLOW(STL, eng_store)
ACCESS_SLOW(CPASYNC, eng_cpasync)

/* ---- scalars ------------------------------------------------------------------------------------------- */

static __always_inline u64 load_scalar(const u8 *p, u32 md)
{
	bool sign = md & VGPU_MD_SIGNED;

	switch (VGPU_MD_GET_WIDTH(md)) {
	case 0:
		return sign ? (u64)(s64)(s8)*p : *p;
	case 1:
		return sign ? (u64)(s64)*(const mem_s16 *)p : *(const mem_u16 *)p;
	case 2:
		return *(const mem_u32 *)p;
	default:
		return *(const mem_u64 *)p;
	}
}

static __always_inline bool q_SLD(struct eng_warp *w, const struct eng_op *ip)
{
	u32 space = ip->x;
	u64 va = base_of(w, ip, space);
	const u8 *p = NULL;

	if (space == VGPU_SPACE_GLOBAL)
		p = piece(w, VGPU_SPACE_GLOBAL, va, 1U << VGPU_MD_GET_WIDTH(ip->md), false);
	else if (space == VGPU_SPACE_PARAM)
		p = piece(w, VGPU_SPACE_PARAM, va, 1U << VGPU_MD_GET_WIDTH(ip->md), false);
	else if (space == VGPU_SPACE_SHARED)
		p = piece(w, VGPU_SPACE_SHARED, va, 1U << VGPU_MD_GET_WIDTH(ip->md), false);
	if (unlikely(!p || unaligned(ip, va)))
		return false;
	*AT(u64, d) = load_scalar(p, ip->md);
	return true;
}

HANDLER(f_SLD)
{
	if (likely(q_SLD(w, ip)))
		NEXT();
	NEXT_ANY(eng_sld(w, ip));
}

/* ---- windows ------------------------------------------------------------------------------------------ */

static __always_inline u32 in_space(const u64 *a, u32 space)
{
	static const u8 window_of[VGPU_SPACE_COUNT] = {
		[VGPU_SPACE_SHARED] = VGPU_WINDOW_SHARED >> VGPU_WINDOW_SHIFT,
		[VGPU_SPACE_LOCAL] = VGPU_WINDOW_LOCAL >> VGPU_WINDOW_SHIFT,
		[VGPU_SPACE_PARAM] = VGPU_WINDOW_PARAM >> VGPU_WINDOW_SHIFT,
	};
	u32 l, bits = 0, other = 0;

	for (l = 0; l < ENG_LANES; l++) {
		u32 top = (u32)(a[l] >> VGPU_WINDOW_SHIFT);

		bits |= (u32)(top == window_of[space]) << l;
		other |= (u32)(top >= 1 && top <= 3) << l;
	}
	return space == VGPU_SPACE_GLOBAL ? ~other : bits;
}
OP_PRED(ISSPACE, in_space(AT(u64, a), ip->mod))
