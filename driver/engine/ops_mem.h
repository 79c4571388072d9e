/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handlers: loads and stores.
 *
 * The fast path: all lanes lie in one piece of memory (a translation, the block's
 * shared memory), found with one check; then the lanes move.  Whatever is not so
 * (pieces that end in between, misalignment, faults, missing pages, mixed windows)
 * goes to mem.c, lane by lane.
 */

static noinline bool load_s(struct eng_warp *w, const struct eng_op *ip, u32 space, u32 m)
{
	u64 va = base_of(w, ip, space);
	const u8 *p = piece(w, space, va, access_bytes(ip), false);

	if (unlikely(!p || unaligned(ip, va)))
		return false;
	if (unlikely(ip->md & ENG_MD_WHOLE)) {
		ROW(u32, rel);

		row_set32(rel, 0);
		load_whole(AT(u32, d), p, rel, ip->md, m);
		return true;
	}
	load_one(AT(u32, d), p, ip->md, m);
	return true;
}

/* A store of all lanes to one place: the last one stays */
static noinline bool store_s(struct eng_warp *w, const struct eng_op *ip, u32 space, u32 m)
{
	u64 va = base_of(w, ip, space);
	u8 *p = piece(w, space, va, access_bytes(ip), true);
	ROW(u32, rel);

	if (unlikely(!p || unaligned(ip, va)))
		return false;
	row_set32(rel, 0);
	m = 0x80000000U >> __builtin_clz(m);
	if (unlikely(ip->md & ENG_MD_WHOLE))
		store_whole(AT(u32, d), p, rel, ip->md, m);
	else
		scatter(AT(u32, d), p, rel, ip->md, m);
	return true;
}

static __always_inline bool is_rows(const struct eng_pattern *pat, const struct eng_op *ip)
{
	return pat->kind == ENG_PAT_STRIDE && pat->stride == access_bytes(ip);
}

static noinline bool load_sp(struct eng_warp *w, const struct eng_op *ip, u32 space, u32 m)
{
	const struct eng_pattern *pat = pattern_of(w, ip);
	u64 va = base_of(w, ip, space);
	const u8 *p = piece(w, space, va, pat->max + access_bytes(ip), false);

	if (unlikely(!p || unaligned(ip, va | pat->bits)))
		return false;
	if (unlikely(ip->md & ENG_MD_WHOLE))
		load_whole(AT(u32, d), p, pat->offset, ip->md, m);
	else if (m == ENG_ALL && is_rows(pat, ip))
		load_rows(AT(u32, d), p, ip->md);
#if ENG_HAVE_GATHER
	else if (!gather_excess(ip->md))
		gather_fast(AT(u32, d), p, pat->offset, ip->md, m);
#endif
	else
		gather(AT(u32, d), p, pat->offset, ip->md, m);
	return true;
}

static noinline bool store_sp(struct eng_warp *w, const struct eng_op *ip, u32 space, u32 m)
{
	const struct eng_pattern *pat = pattern_of(w, ip);
	u64 va = base_of(w, ip, space);
	u8 *p = piece(w, space, va, pat->max + access_bytes(ip), true);

	if (unlikely(!p || unaligned(ip, va | pat->bits)))
		return false;
	if (unlikely(ip->md & ENG_MD_WHOLE))
		store_whole(AT(u32, d), p, pat->offset, ip->md, m);
	else if (m == ENG_ALL && is_rows(pat, ip))
		store_rows(AT(u32, d), p, ip->md);
	else
		scatter(AT(u32, d), p, pat->offset, ip->md, m);
	return true;
}

/* FAST(w, ip, space, lanes) or the slow way */
#define ACCESS(NAME, FAST, SLOW, SPACE)						\
static __always_inline bool q_##NAME(struct eng_warp *w, const struct eng_op *ip) \
{										\
	note_strong(w, ip);							\
	return likely(FAST(w, ip, SPACE, ENG_ALL));				\
}										\
HANDLER(f_##NAME)								\
{										\
	if (likely(q_##NAME(w, ip)))						\
		NEXT();								\
	NEXT_ANY(SLOW(w, ip, ENG_ALL));						\
}										\
HANDLER(m_##NAME)								\
{										\
	u32 m = guarded(w, ip);							\
										\
	note_strong(w, ip);							\
	if (!m || likely(FAST(w, ip, SPACE, m)))				\
		NEXT();								\
	NEXT_ANY(SLOW(w, ip, m));						\
}
ACCESS(LDG_S, load_s, eng_load, VGPU_SPACE_GLOBAL)
ACCESS(LDS_S, load_s, eng_load, VGPU_SPACE_SHARED)
ACCESS(STG_S, store_s, eng_store, VGPU_SPACE_GLOBAL)
ACCESS(STS_S, store_s, eng_store, VGPU_SPACE_SHARED)
ACCESS(LDG_SP, load_sp, eng_load, VGPU_SPACE_GLOBAL)
ACCESS(LDS_SP, load_sp, eng_load, VGPU_SPACE_SHARED)
ACCESS(STG_SP, store_sp, eng_store, VGPU_SPACE_GLOBAL)
ACCESS(STS_SP, store_sp, eng_store, VGPU_SPACE_SHARED)
