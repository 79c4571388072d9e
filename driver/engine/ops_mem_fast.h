/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handlers: the hottest loads and stores.
 *
 * They call nothing, so that they need no stack frame: saving registers and aligning the
 * stack costs more than the access.  What the cached translation of a large piece does
 * not answer at once goes on in x_NAME, another handler, by a tail call; from there to
 * the ways of ops_mem.h, and to mem.c.
 */

#define ROW_BYTES	(4 * ENG_LANES)

/* Where [@va, @va + @len) lies if it is one piece that needs no search, else NULL */
static __always_inline u8 *at_hand(struct eng_warp *w, u32 space, u64 va, u64 len, bool write)
{
	if (space == VGPU_SPACE_GLOBAL)
		return in_entry(&w->tlb->large[va >> 21 & (ENG_TLB_LARGE - 1)], va, len, write);
	return piece(w, space, va, len, write);
}

/*
 * TRY does all, or nothing and says false; then WIDER(w, ip, space, lanes) tries, then
 * SLOW(w, ip, lanes).
 */
#define REST(NAME, SPACE, WIDER, SLOW)						\
static noinline const struct eng_op *x_##NAME(const struct eng_op *ip, struct eng_warp *w, \
					      const struct eng_table *table)	\
{										\
	u32 m = guarded(w, ip);							\
										\
	if (likely(WIDER(w, ip, SPACE, m)))					\
		NEXT();								\
	NEXT_ANY(SLOW(w, ip, m));						\
}
#define FAST_ACCESS(NAME, SPACE, TRY, WIDER, SLOW)				\
REST(NAME, SPACE, WIDER, SLOW)							\
static __always_inline bool q_##NAME(struct eng_warp *w, const struct eng_op *ip) \
{										\
	note_strong(w, ip);							\
	return likely(TRY(w, ip, SPACE, ENG_ALL));				\
}										\
HANDLER(f_##NAME)								\
{										\
	if (likely(q_##NAME(w, ip)))						\
		NEXT();								\
	return x_##NAME(ip, w, table);						\
}										\
HANDLER(m_##NAME)								\
{										\
	u32 m = guarded(w, ip);							\
										\
	if (!m)									\
		NEXT();								\
	note_strong(w, ip);							\
	if (likely(TRY(w, ip, SPACE, m)))					\
		NEXT();								\
	return x_##NAME(ip, w, table);						\
}

/* ---- consecutive words ------------------------------------------------------------- */

/*
 * An instruction that walks through memory, warp after warp and block after block: what it will
 * want so much later is fetched now. The processor's own look ahead ends at each page, and
 * begins anew there. Nothing is asked for outside the piece, and nothing of other walks, whose
 * memory nobody may want.
 */
#define AHEAD		1024
static __always_inline void look_ahead(struct eng_warp *w, const struct eng_op *ip, u64 va,
				       const u8 *p, u32 bytes, bool write)
{
	struct eng_tlb *tlb = w->tlb;
	u64 *next = &tlb->next[(unsigned long)ip / sizeof(*ip) & (ENG_STREAMS - 1)];
	const struct eng_tlb_entry *e = &tlb->large[va >> 21 & (ENG_TLB_LARGE - 1)];
	u64 expected = *next;

	*next = va + bytes;
	if (va != expected || e->size - (va - e->va) < AHEAD + bytes)
		return;
	/* clang wants constants here, before it knows that WRITE is one */
	if (write)
		__builtin_prefetch(p + AHEAD, 1);
	else
		__builtin_prefetch(p + AHEAD, 0);
	if (bytes <= 64)
		return;
	if (write)
		__builtin_prefetch(p + AHEAD + 64, 1);
	else
		__builtin_prefetch(p + AHEAD + 64, 0);
}

static __always_inline bool load_row_at(struct eng_warp *w, const struct eng_op *ip, u32 space,
					u64 va, u32 m)
{
	const u8 *p = at_hand(w, space, va, ROW_BYTES, false);

	if (unlikely(!p || va & ip->c))
		return false;
	if (space == VGPU_SPACE_GLOBAL)
		look_ahead(w, ip, va, p, ROW_BYTES, false);
	if (m == ENG_ALL)
		row_move32(AT(u32, d), p);
	else
		row_load_some32(AT(u32, d), p, m);
	return true;
}

static __always_inline bool store_row_at(struct eng_warp *w, const struct eng_op *ip, u32 space,
					 u64 va, u32 m)
{
	u8 *p = at_hand(w, space, va, ROW_BYTES, true);

	if (unlikely(!p || va & ip->c))
		return false;
	if (space == VGPU_SPACE_GLOBAL)
		look_ahead(w, ip, va, p, ROW_BYTES, true);
	if (m == ENG_ALL)
		row_move32(p, AT(u32, d));
	else
		row_move_some32(p, AT(u32, d), m);
	return true;
}

static __always_inline bool load_row(struct eng_warp *w, const struct eng_op *ip, u32 space, u32 m)
{
	return load_row_at(w, ip, space, base_of(w, ip, space), m);
}

static __always_inline bool store_row(struct eng_warp *w, const struct eng_op *ip, u32 space, u32 m)
{
	return store_row_at(w, ip, space, base_of(w, ip, space), m);
}

FAST_ACCESS(LDG_ROW, VGPU_SPACE_GLOBAL, load_row, load_sp, eng_load)
FAST_ACCESS(LDS_ROW, VGPU_SPACE_SHARED, load_row, load_sp, eng_load)
FAST_ACCESS(STG_ROW, VGPU_SPACE_GLOBAL, store_row, store_sp, eng_store)
FAST_ACCESS(STS_ROW, VGPU_SPACE_SHARED, store_row, store_sp, eng_store)

/*
 * Base and index of words, the index counting up by lanes: very often so.  Whether an index
 * is signed makes no difference below 2^31.
 */
static __always_inline bool counts_up_by(const struct eng_warp *w, const struct eng_op *ip,
					 u32 space, u32 shift, u64 *va)
{
	const u32 *row = AT(const u32, b);

	*va = base_of(w, ip, space) + ((u64)row[0] << shift);
	return likely(row[0] <= 0x7fffffff - ENG_LANES && row_steps32(row));
}

static __always_inline bool counts_up(const struct eng_warp *w, const struct eng_op *ip, u32 space,
				      u64 *va)
{
	return counts_up_by(w, ip, space, 2, va);
}

static __always_inline bool load_index(struct eng_warp *w, const struct eng_op *ip, u32 space,
				       u32 m)
{
	u64 va;

	return counts_up(w, ip, space, &va) && load_row_at(w, ip, space, va, m);
}

static __always_inline bool store_index(struct eng_warp *w, const struct eng_op *ip, u32 space,
					u32 m)
{
	u64 va;

	return counts_up(w, ip, space, &va) && store_row_at(w, ip, space, va, m);
}

/* The same of halves, without a sign */
static __always_inline bool load_index16(struct eng_warp *w, const struct eng_op *ip, u32 space,
					u32 m)
{
	const mem_u16 *p;
	u32 *d = AT(u32, d);
	u64 va;
	int l;

	if (m != ENG_ALL || unlikely(!counts_up_by(w, ip, space, 1, &va)))
		return false;
	p = (const mem_u16 *)at_hand(w, space, va, ROW_BYTES / 2, false);
	if (unlikely(!p || va & ip->c))
		return false;
	look_ahead(w, ip, va, (const u8 *)p, ROW_BYTES / 2, false);
	LANES d[l] = p[l];
	return true;
}

static __always_inline bool store_index16(struct eng_warp *w, const struct eng_op *ip, u32 space,
					 u32 m)
{
	const u32 *d = AT(const u32, d);
	mem_u16 *p;
	u64 va;
	int l;

	if (m != ENG_ALL || unlikely(!counts_up_by(w, ip, space, 1, &va)))
		return false;
	p = (mem_u16 *)at_hand(w, space, va, ROW_BYTES / 2, true);
	if (unlikely(!p || va & ip->c))
		return false;
	look_ahead(w, ip, va, (const u8 *)p, ROW_BYTES / 2, true);
	LANES p[l] = (u16)d[l];
	return true;
}

FAST_ACCESS(LDG_SV16, VGPU_SPACE_GLOBAL, load_index16, load_lanes, eng_load)
FAST_ACCESS(STG_SV16, VGPU_SPACE_GLOBAL, store_index16, store_lanes, eng_store)

/*
 * Addresses in 64-bit registers, one word behind the other: what indices of 64 bits become.
 * A generic one is global where a piece of global memory lies there.
 */
static __always_inline bool words_follow(const struct eng_warp *w, const struct eng_op *ip, u64 *va)
{
	const u64 *a = AT(const u64, a);

	*va = a[0] + (u64)(s64)(s32)ip->imm;
	/* most of what is no row is seen at once */
	return a[1] - a[0] == 4 && a[ENG_LANES - 1] - a[0] == 4 * (ENG_LANES - 1) &&
	       row_steps64(a, 4);
}

static __always_inline bool load_words(struct eng_warp *w, const struct eng_op *ip, u32 space,
				       u32 m)
{
	u64 va;

	(void)space;
	return m == ENG_ALL && words_follow(w, ip, &va) &&
	       load_row_at(w, ip, VGPU_SPACE_GLOBAL, va, ENG_ALL);
}

static __always_inline bool store_words(struct eng_warp *w, const struct eng_op *ip, u32 space,
					u32 m)
{
	u64 va;

	(void)space;
	return m == ENG_ALL && words_follow(w, ip, &va) &&
	       store_row_at(w, ip, VGPU_SPACE_GLOBAL, va, ENG_ALL);
}

FAST_ACCESS(STG_W32, VGPU_SPACE_GLOBAL, store_words, store_lanes, eng_store)
FAST_ACCESS(STX_W32, VGPU_SPACE_GENERIC, store_words, store_lanes, eng_store)

FAST_ACCESS(STG_SV32, VGPU_SPACE_GLOBAL, store_index, store_lanes, eng_store)
FAST_ACCESS(STS_SV32, VGPU_SPACE_SHARED, store_index, store_lanes, eng_store)

#if !ENG_HAVE_GATHER
FAST_ACCESS(LDG_SV32, VGPU_SPACE_GLOBAL, load_index, load_lanes, eng_load)
FAST_ACCESS(LDS_SV32, VGPU_SPACE_SHARED, load_index, load_lanes, eng_load)
#endif

/* ---- one word for all ---------------------------------------------------------------- */

static __always_inline bool load_one32(struct eng_warp *w, const struct eng_op *ip, u32 space,
				       u32 m)
{
	u64 va = base_of(w, ip, space);
	const u8 *p = at_hand(w, space, va, 4, false);

	if (unlikely(!p || va & ip->c))
		return false;
	if (m == ENG_ALL) {
		row_set32(AT(u32, d), *(const mem_u32 *)p);
	} else {
		ROW(u32, r);

		row_set32(r, *(const mem_u32 *)p);
		row_commit32(AT(u32, d), r, m);
	}
	return true;
}

FAST_ACCESS(LDG_S32, VGPU_SPACE_GLOBAL, load_one32, load_s, eng_load)
FAST_ACCESS(LDS_S32, VGPU_SPACE_SHARED, load_one32, load_s, eng_load)

/* ---- patterns ---------------------------------------------------------------------------- */

/*
 * Elements of 32 bits, @n 0, or of 16 without a sign, @n 1.  More is read than is asked for,
 * as far as the piece goes; a block's shared memory has room behind it.
 */
static __always_inline bool load_pattern(struct eng_warp *w, const struct eng_op *ip, u32 space,
					 u32 m, u32 n)
{
	const struct eng_pattern *pat = pattern_of(w, ip);
	u64 va = base_of(w, ip, space);
	const u8 *p;

	/* without a gather, all lanes or none */
	if (!ENG_HAVE_GATHER && m != ENG_ALL)
		return false;
	p = at_hand(w, space, va, pat->max + 4, false);
	if (unlikely(!p || (va | pat->bits) & ip->c))
		return false;
	row_pick(AT(u32, d), p, pat->offset, n ? 0xffff : ENG_ALL, m);
	return true;
}

#if ENG_HAVE_RECORDS
/* Weak, and the pattern as aligned as it is to be: decode.c looked at that */
static __always_inline bool load_record(struct eng_warp *w, const struct eng_op *ip, u32 space,
					u32 n, u32 kind)
{
	const struct eng_pattern *pat = pattern_of(w, ip);
	const struct eng_record *r = &pat->record[n];
	u64 va = base_of(w, ip, space);
	const u8 *p;

	/* in this order few registers are wanted at once, and none to be saved */
	if (unlikely(va & ip->c))
		return false;
	p = at_hand(w, space, va,
		    space == VGPU_SPACE_SHARED ? pat->max + 4 - 2 * n : r->last + 1ULL, false);
	if (unlikely(!p))
		return false;
	row_record(AT(u32, d), p, r, kind, n ? 0xffff : ENG_ALL);
	return true;
}

/* Two records of one base in global memory, whose twin's place fuse.c put into B; @n, @m: 1 for halves */
static __always_inline bool load_twin(struct eng_warp *w, const struct eng_op *ip, u32 n, u32 m,
				      u32 kind)
{
	const struct eng_twin *t = (const struct eng_twin *)((const u8 *)w->twins + ip->b * ENG_TWIN_UNIT);
	u64 va = *AT(const u64, a) + (u64)(s64)t->imm;
	const u8 *p;

	if (unlikely(va & t->align))
		return false;
	p = at_hand(w, VGPU_SPACE_GLOBAL, va, t->last + 1ULL, false);
	if (unlikely(!p))
		return false;
	row_twin(AT(u32, d), (u32 *)w + ip[1].d, p, t, kind, n ? 0xffff : ENG_ALL,
		 m ? 0xffff : ENG_ALL);
	return true;
}
#else
#define load_record(w, ip, space, n, kind)	load_pattern(w, ip, space, ENG_ALL, n)
#define load_twin(w, ip, n, m, kind)		false
#endif

static __always_inline bool load_pattern32(struct eng_warp *w, const struct eng_op *ip, u32 space,
					   u32 m)
{
	return load_pattern(w, ip, space, m, 0);
}

static __always_inline bool load_pattern16(struct eng_warp *w, const struct eng_op *ip, u32 space,
					   u32 m)
{
	return load_pattern(w, ip, space, m, 1);
}

#define RECORD(NAME, SPACE, N, KIND)						\
static __always_inline bool q_##NAME##_##KIND(struct eng_warp *w, const struct eng_op *ip) \
{										\
	return likely(load_record(w, ip, SPACE, N, ENG_REC_##KIND));		\
}										\
HANDLER(f_##NAME##_##KIND)							\
{										\
	if (likely(q_##NAME##_##KIND(w, ip)))					\
		NEXT();								\
	return x_##NAME(ip, w, table);						\
}										\
SAME_AS(m_##NAME##_##KIND, m_##NAME)
#define RECORDS(NAME, SPACE, TRY, N)						\
FAST_ACCESS(NAME, SPACE, TRY, load_sp, eng_load)				\
RECORD(NAME, SPACE, N, D2)							\
RECORD(NAME, SPACE, N, D4)							\
RECORD(NAME, SPACE, N, W2)							\
RECORD(NAME, SPACE, N, W3)
RECORDS(LDG_REC32, VGPU_SPACE_GLOBAL, load_pattern32, 0)
RECORDS(LDG_REC16, VGPU_SPACE_GLOBAL, load_pattern16, 1)
RECORDS(LDS_REC32, VGPU_SPACE_SHARED, load_pattern32, 0)
RECORDS(LDS_REC16, VGPU_SPACE_SHARED, load_pattern16, 1)

/* Two at once, by what they load: words (W) or halves (H) */
#define TWIN(NAME, FIRST, N, M, KIND)						\
HANDLER(f_LDG_##NAME##_##KIND)							\
{										\
	if (likely(load_twin(w, ip, N, M, ENG_REC_##KIND)))			\
		NEXT_BEHIND(2);						\
	return f_##FIRST(ip, w, table);						\
}										\
SAME_AS(m_LDG_##NAME##_##KIND, m_##FIRST)
#define TWINS(NAME, FIRST, N, M)						\
TWIN(NAME, FIRST, N, M, D4)							\
TWIN(NAME, FIRST, N, M, W3)
TWINS(TWIN_WW, LDG_REC32, 0, 0)
TWINS(TWIN_WH, LDG_REC32, 0, 1)
TWINS(TWIN_HW, LDG_REC16, 1, 0)
TWINS(TWIN_HH, LDG_REC16, 1, 1)

/* ---- addresses by lane --------------------------------------------------------------------- */

#if ENG_HAVE_GATHER
static __always_inline u64 room(u64 size, u32 need)
{
	u64 limit = size < need ? 0 : size - need + 1;

	return limit > 1ULL << 31 ? 1ULL << 31 : limit;
}

/*
 * Single elements of at most 32 bits, @narrow: less, wholly in registers.  @space may be
 * GENERIC, because no piece of global memory lies in a window.
 */
static __always_inline bool load_fast(struct eng_warp *w, const struct eng_op *ip, u32 space,
				      u32 m, u32 form, bool narrow)
{
	u32 align = 1U << VGPU_MD_GET_ALIGN(ip->md), first = m == ENG_ALL ? 0 : __ffs(m);
	u32 drop = narrow ? 32 - (8U << VGPU_MD_GET_WIDTH(ip->md)) : 0;
	u32 shift = VGPU_MD_GET_SHIFT(ip->md);
	u64 off = (u64)(s64)(s32)ip->imm, va;
	bool sign = ip->md & VGPU_MD_SEXT;
	const struct eng_tlb_entry *e;
	const u8 *p = w->shared;
	__m512i rel[2];

	if (space == VGPU_SPACE_SHARED) {
		/* what is read beyond its end is the block's own */
		u32 limit = (u32)room(w->shared_size, narrow ? 1 : 4);

		if (form == VGPU_MD_FORM_W) {
			if (unlikely(!lanes_by_v(rel, AT(u32, a), (u32)off, limit, align, m)))
				return false;
		} else if (unlikely(!lanes_by_sv(rel, AT(u32, b), sign, shift,
						 0 - base_of(w, ip, space), limit, align, m))) {
			return false;
		}
	} else if (form == VGPU_MD_FORM_W) {
		va = AT(u64, a)[first] + off;
		e = &w->tlb->large[va >> 21 & (ENG_TLB_LARGE - 1)];
		p = e->ptr;
		if (unlikely(!lanes_by_w(rel, AT(u64, a), e->va - off, room(e->size, 4), align, m)))
			return false;
	} else {
		const u32 *v = AT(u32, b);
		u64 base = base_of(w, ip, space);

		va = base + ((sign ? (u64)(s64)(s32)v[first] : v[first]) << shift);
		e = &w->tlb->large[va >> 21 & (ENG_TLB_LARGE - 1)];
		p = e->ptr;
		if (unlikely(!lanes_by_sv(rel, v, sign, shift, e->va - base, room(e->size, 4),
					  align, m)))
			return false;
	}
	lanes_gather(AT(u32, d), p, rel, drop, ip->md & VGPU_MD_SIGNED, m);
	return true;
}

static __always_inline bool load_w32(struct eng_warp *w, const struct eng_op *ip, u32 space, u32 m)
{
	return load_fast(w, ip, space, m, VGPU_MD_FORM_W, false);
}

static __always_inline bool load_w16(struct eng_warp *w, const struct eng_op *ip, u32 space, u32 m)
{
	return load_fast(w, ip, space, m, VGPU_MD_FORM_W, true);
}

static __always_inline bool load_sv32(struct eng_warp *w, const struct eng_op *ip, u32 space, u32 m)
{
	return load_fast(w, ip, space, m, VGPU_MD_FORM_SV, false);
}

/* one behind the other, else anywhere */
#define FAST_WORDS(NAME, SPACE)							\
FAST_ACCESS(NAME##_WANY, SPACE, load_w32, load_lanes, eng_load)			\
HANDLER(f_##NAME##_W32)								\
{										\
	note_strong(w, ip);							\
	if (load_words(w, ip, SPACE, ENG_ALL))					\
		NEXT();								\
	return f_##NAME##_WANY(ip, w, table);					\
}										\
HANDLER(m_##NAME##_W32)								\
{										\
	return m_##NAME##_WANY(ip, w, table);					\
}
FAST_ACCESS(LDS_W32, VGPU_SPACE_SHARED, load_w32, load_lanes, eng_load)
FAST_ACCESS(LDG_W16, VGPU_SPACE_GLOBAL, load_w16, load_lanes, eng_load)
FAST_ACCESS(LDX_W16, VGPU_SPACE_GENERIC, load_w16, load_lanes, eng_load)
FAST_ACCESS(LDS_W16, VGPU_SPACE_SHARED, load_w16, load_lanes, eng_load)

/* counting up, else anywhere */
#define FAST_INDEX(NAME, SPACE)							\
FAST_ACCESS(NAME##_ANY, SPACE, load_sv32, load_lanes, eng_load)			\
static __always_inline bool q_##NAME##_SV32(struct eng_warp *w, const struct eng_op *ip) \
{										\
	note_strong(w, ip);							\
	return likely(load_index(w, ip, SPACE, ENG_ALL));			\
}										\
HANDLER(f_##NAME##_SV32)							\
{										\
	if (likely(q_##NAME##_SV32(w, ip)))					\
		NEXT();								\
	return f_##NAME##_ANY(ip, w, table);					\
}										\
HANDLER(m_##NAME##_SV32)							\
{										\
	return m_##NAME##_ANY(ip, w, table);					\
}
FAST_INDEX(LDG, VGPU_SPACE_GLOBAL)
FAST_INDEX(LDS, VGPU_SPACE_SHARED)
#define ONE_INDEX	f_LDG_ANY
#else
#define ONE_INDEX	x_LDG_SV32
#if ENG_HAVE_LANES
/* Words of the large piece at hand, wherever in it. @space may be GENERIC, because no piece of global memory lies in a window. */
static noinline bool load_apart(struct eng_warp *w, const struct eng_op *ip, u32 space, u32 m)
{
	const u64 *a = AT(const u64, a);
	u64 off = (u64)(s64)(s32)ip->imm;
	const struct eng_tlb_entry *e = &w->tlb->large[(a[0] + off) >> 21 & (ENG_TLB_LARGE - 1)];
	ROW(u32, rel);

	if (m != ENG_ALL || e->size < 4 ||
	    row_within(rel, a, e->va - off, min_t(u64, e->size - 3, 1ULL << 31)) != ENG_ALL ||
	    row_test32(rel, ip->c))
		return load_lanes(w, ip, space, m);
	row_pick(AT(u32, d), e->ptr, rel, ENG_ALL, ENG_ALL);
	return true;
}
#else
#define load_apart	load_lanes
#endif
#define FAST_WORDS(NAME, SPACE)							\
FAST_ACCESS(NAME##_W32, SPACE, load_words, load_apart, eng_load)
ACCESS(LDS_W32, load_lanes, eng_load, VGPU_SPACE_SHARED)
ACCESS(LDG_W16, load_lanes, eng_load, VGPU_SPACE_GLOBAL)
ACCESS(LDX_W16, load_lanes, eng_load, VGPU_SPACE_GENERIC)
ACCESS(LDS_W16, load_lanes, eng_load, VGPU_SPACE_SHARED)
#endif
FAST_WORDS(LDG, VGPU_SPACE_GLOBAL)
FAST_WORDS(LDX, VGPU_SPACE_GENERIC)

/*
 * What adds two arrays: two loads by the same index, the second's row another (fuse.c), into
 * @x and @y. @off is how far from its base each lies.
 */
static __always_inline bool load_two(struct eng_warp *w, const struct eng_op *ip, u32 *x, u32 *y,
				     u64 *off)
{
	const struct eng_op *other = ip + 1;
	u64 va, va2;
	const u8 *p, *p2;

	if (unlikely(!counts_up(w, ip, VGPU_SPACE_GLOBAL, &va)))
		return false;
	*off = va - base_of(w, ip, VGPU_SPACE_GLOBAL);
	va2 = base_of(w, other, VGPU_SPACE_GLOBAL) + *off;
	p = at_hand(w, VGPU_SPACE_GLOBAL, va, ROW_BYTES, false);
	p2 = at_hand(w, VGPU_SPACE_GLOBAL, va2, ROW_BYTES, false);
	if (unlikely(!p || !p2 || (va & ip->c) || (va2 & other->c)))
		return false;
	look_ahead(w, ip, va, p, ROW_BYTES, false);
	look_ahead(w, other, va2, p2, ROW_BYTES, false);
	row_move32(x, p);
	row_move32(y, p2);
	return true;
}

HANDLER(f_LDG_SV32_TWO)
{
	u64 off;

	if (likely(load_two(w, ip, AT(u32, d), (u32 *)w + ip[1].d, &off)))
		NEXT_BEHIND(2);
	return ONE_INDEX(ip, w, table);
}
SAME_AS(m_LDG_SV32_TWO, m_LDG_SV32)

/* @r to where the instruction's base and @off say */
static __always_inline bool store_off(struct eng_warp *w, const struct eng_op *ip, u64 off,
				      const u32 *r)
{
	u64 va = base_of(w, ip, VGPU_SPACE_GLOBAL) + off;
	u8 *p = at_hand(w, VGPU_SPACE_GLOBAL, va, ROW_BYTES, true);

	if (unlikely(!p || va & ip->c))
		return false;
	look_ahead(w, ip, va, p, ROW_BYTES, true);
	row_move32(p, r);
	return true;
}

/*
 * All that a kernel of one line does with its elements: the two loads, what is computed of @x
 * and @y, the rows that they give, and its store by the same index (fuse.c).
 */
#if ENG_HAVE_CHAINS
#define TWO(NAME, OP, A, B, C)							\
HANDLER(f_LDG_TWO_##NAME)							\
{										\
	ROW(u32, x);								\
	ROW(u32, y);								\
	ROW(u32, r);								\
	u64 off;								\
										\
	if (unlikely(!load_two(w, ip, x, y, &off)))				\
		return ONE_INDEX(ip, w, table);					\
	if (ip[2].d != ip->d)							\
		row_copy32(AT(u32, d), x);					\
	if (ip[2].d != ip[1].d)							\
		row_copy32((u32 *)w + ip[1].d, y);				\
	ip += 2;								\
	o_##OP(w, ip, r, A, B, C);						\
	row_copy32(AT(u32, d), r);						\
	ip++;									\
	if (unlikely(!store_off(w, ip, off, r)))				\
		return f_STG_SV32(ip, w, table);				\
	NEXT();									\
}										\
SAME_AS(m_LDG_TWO_##NAME, m_LDG_SV32)
#else
#define TWO(NAME, OP, A, B, C)							\
SAME_AS(f_LDG_TWO_##NAME, f_LDG_SV32_TWO)					\
SAME_AS(m_LDG_TWO_##NAME, m_LDG_SV32)
#endif
TWO(FADD, FADD, x, y, NULL)
TWO(FSUB, FSUB, x, y, NULL)
TWO(FMUL, FMUL, x, y, NULL)
TWO(FFMA, FFMA_B, x, NULL, y)
TWO(FFMA_REV, FFMA_B, y, NULL, x)
