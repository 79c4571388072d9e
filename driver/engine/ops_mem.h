/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handlers: loads and stores.
 *
 * The fast path: all lanes lie in one piece of memory (a translation, the block's
 * shared memory), found with one check; then the lanes move.  Whatever is not so
 * (pieces that end in between, misalignment, faults, missing pages, mixed windows)
 * goes to mem.c, lane by lane.
 */

typedef u64 __attribute__((__aligned__(1), __may_alias__)) mem_u64;
typedef u32 __attribute__((__aligned__(1), __may_alias__)) mem_u32;
typedef u16 __attribute__((__aligned__(1), __may_alias__)) mem_u16;
typedef s16 __attribute__((__aligned__(1), __may_alias__)) mem_s16;

/* Strong accesses are the sign of waiting for somebody else; see spinning() in cta.c. */
static __always_inline void note_strong(struct eng_warp *w, const struct eng_op *ip)
{
	if (unlikely(ip->sel))
		w->strong = 1;
}

/* Bytes a lane */
static __always_inline u32 access_bytes(const struct eng_op *ip)
{
	return 1U << (VGPU_MD_GET_WIDTH(ip->md) + VGPU_MD_GET_COUNT(ip->md));
}

static __always_inline bool unaligned(const struct eng_op *ip, u64 bits)
{
	return bits & ((1U << VGPU_MD_GET_ALIGN(ip->md)) - 1);
}

/* @y is where the pattern lies among the program's */
static __always_inline const struct eng_pattern *pattern_of(const struct eng_warp *w,
							    const struct eng_op *ip)
{
	return (const struct eng_pattern *)((const u8 *)w->patterns + ip->y);
}

static __always_inline u8 *in_entry(const struct eng_tlb_entry *e, u64 va, u64 len, bool write)
{
	u64 off = va - e->va, in = eng_within(off, len, e->size);

	if (unlikely(!in || (write && !e->writable)))
		return NULL;
	return e->ptr + (off & in);
}

static noinline u8 *global_miss(struct eng_warp *w, u64 va, u64 len, bool write)
{
	struct eng_tlb_entry *e;

	/* without fuel, the slow way: it can stop */
	return w->fuel < 0 || eng_tlb_find(w, va, write, &e) ? NULL : in_entry(e, va, len, write);
}

/* Where [@va, @va + @len) lies if it is one piece, else NULL */
static __always_inline u8 *piece(struct eng_warp *w, u32 space, u64 va, u64 len, bool write)
{
	u8 *p;

	if (space == VGPU_SPACE_SHARED) {
		if (unlikely(va > w->shared_size || w->shared_size - va < len))
			return NULL;
		return w->shared + eng_below(va, w->shared_size - len + 1);
	}
	if (space == VGPU_SPACE_PARAM) {
		if (write || va > w->param_size || w->param_size - va < len)
			return NULL;
		return (u8 *)w->param + eng_below(va, w->param_size - len + 1);
	}
	p = in_entry(&w->tlb->large[va >> 21 & (ENG_TLB_LARGE - 1)], va, len, write);
	if (likely(p))
		return p;
	p = in_entry(&w->tlb->small[va >> 12 & (ENG_TLB_SMALL - 1)], va, len, write);
	return p ? p : global_miss(w, va, len, write);
}

/* The scalar base with the immediate offset; 32-bit spaces take its low half */
static __always_inline u64 base_of(const struct eng_warp *w, const struct eng_op *ip, u32 space)
{
	u64 base = *AT(const u64, a), off = (u64)(s64)(s32)ip->imm;

	return space == VGPU_SPACE_GLOBAL ? base + off : (u32)base + off;
}

/* ---- moving lanes -------------------------------------------------------------------- */

/*
 * Each MOVE_* has one loop by element type: @rel is where a lane's data lies from @p,
 * @m the lanes; rows are consecutive.
 */
#define LOAD_AS(T, TD)								\
	for (e = 0; e < count; e++, d += sizeof(TD) / 4 * ENG_LANES) {		\
		ROW(TD, r);							\
		TD *o = m == ENG_ALL ? (TD *)d : r;				\
										\
		for (l = 0; l < ENG_LANES; l++)					\
			o[l] = (TD)*(const T *)(p + rel[l] + e * sizeof(T));	\
		if (m != ENG_ALL)						\
			row_commit(d, r, sizeof(TD), m);			\
	}

#if ENG_HAVE_GATHER
/* At each lane's last element of 1 or 2 bytes a whole word is read: so much more. */
static __always_inline u32 gather_excess(u32 md)
{
	return VGPU_MD_GET_WIDTH(md) == 0 ? 3 : VGPU_MD_GET_WIDTH(md) == 1 ? 2 : 0;
}

/* @p + all of @rel, with the excess, can be read */
static __always_inline void gather_fast(u32 *d, const u8 *p, const u32 *rel, u32 md, u32 m)
{
	u32 e, count = 1U << VGPU_MD_GET_COUNT(md), width = VGPU_MD_GET_WIDTH(md);

	for (e = 0; e < count; e++, p += 1U << width, d += ENG_LANES) {
		if (width == 3) {
			ROW(u64, r);

			row_gather64(m == ENG_ALL ? (u64 *)d : r, p, rel, m);
			if (m != ENG_ALL)
				row_commit64((u64 *)d, r, m);
			d += ENG_LANES;
		} else {
			ROW(u32, r);
			u32 *o = m == ENG_ALL ? d : r;

			row_gather32(o, p, rel, m);
			if (width < 2)
				row_narrow(o, 1U << width, md & VGPU_MD_SIGNED);
			if (m != ENG_ALL)
				row_commit32(d, r, m);
		}
	}
}
#endif

static noinline void gather(u32 *d, const u8 *p, const u32 *rel, u32 md, u32 m)
{
	u32 e, l, count = 1U << VGPU_MD_GET_COUNT(md);

	switch (VGPU_MD_GET_WIDTH(md)) {
	case 0:
		if (md & VGPU_MD_SIGNED)
			LOAD_AS(s8, u32)
		else
			LOAD_AS(u8, u32)
		break;
	case 1:
		if (md & VGPU_MD_SIGNED)
			LOAD_AS(mem_s16, u32)
		else
			LOAD_AS(mem_u16, u32)
		break;
	case 2:
		LOAD_AS(mem_u32, u32)
		break;
	default:
		LOAD_AS(mem_u64, u64)
		break;
	}
}

#define STORE_AS(T, TS)								\
	for (; m; m &= m - 1) {							\
		l = __ffs(m);							\
		for (e = 0; e < count; e++)					\
			*(T *)(p + rel[l] + e * sizeof(T)) =			\
				(T)((const TS *)(d + (size_t)e * (sizeof(TS) / 4) * ENG_LANES))[l]; \
	}

static noinline void scatter(const u32 *d, u8 *p, const u32 *rel, u32 md, u32 m)
{
	u32 e, l, count = 1U << VGPU_MD_GET_COUNT(md);

#if ENG_HAVE_GATHER
	/* lanes of which one covers another's place partly go one after the other */
	if (VGPU_MD_GET_WIDTH(md) == 2 && m & (m - 1) && VGPU_MD_GET_ALIGN(md) >= 2 + VGPU_MD_GET_COUNT(md)) {
		for (e = 0; e < count; e++, d += ENG_LANES)
			row_scatter32(p + 4 * e, rel, d, m);
		return;
	}
	if (VGPU_MD_GET_WIDTH(md) == 3 && m & (m - 1) && VGPU_MD_GET_ALIGN(md) >= 3 + VGPU_MD_GET_COUNT(md)) {
		for (e = 0; e < count; e++, d += 2 * ENG_LANES)
			row_scatter64(p + 8 * e, rel, (const u64 *)d, m);
		return;
	}
#endif

	switch (VGPU_MD_GET_WIDTH(md)) {
	case 0:
		STORE_AS(u8, u32)
		break;
	case 1:
		STORE_AS(mem_u16, u32)
		break;
	case 2:
		STORE_AS(mem_u32, u32)
		break;
	default:
		STORE_AS(mem_u64, u64)
		break;
	}
}

/* Lanes one behind the other, @STEP elements apart, all of them active */
#define LOAD_ROWS(T, TD)							\
	for (e = 0; e < count; e++, d += sizeof(TD) / 4 * ENG_LANES) {		\
		const T *q = (const T *)p + e;					\
		TD *o = (TD *)d;						\
										\
		if (count == 1)							\
			LANES o[l] = (TD)q[l];					\
		else if (count == 2)						\
			LANES o[l] = (TD)q[2 * l];				\
		else if (count == 4)						\
			LANES o[l] = (TD)q[4 * l];				\
		else								\
			LANES o[l] = (TD)q[8 * l];				\
	}

static noinline void load_rows(u32 *d, const u8 *p, u32 md)
{
	u32 e, count = 1U << VGPU_MD_GET_COUNT(md);
	int l;

	switch (VGPU_MD_GET_WIDTH(md)) {
	case 0:
		if (md & VGPU_MD_SIGNED)
			LOAD_ROWS(s8, u32)
		else
			LOAD_ROWS(u8, u32)
		break;
	case 1:
		if (md & VGPU_MD_SIGNED)
			LOAD_ROWS(mem_s16, u32)
		else
			LOAD_ROWS(mem_u16, u32)
		break;
	case 2:
		if (count == 1) {
			row_move32(d, p);
			break;
		}
		if (count == 4 && row_load4(d, p))
			break;
		LOAD_ROWS(mem_u32, u32)
		break;
	default:
		LOAD_ROWS(mem_u64, u64)
		break;
	}
}

#define STORE_ROWS(T, TS)							\
	for (e = 0; e < count; e++, d += sizeof(TS) / 4 * ENG_LANES) {		\
		T *q = (T *)p + e;						\
		const TS *i = (const TS *)d;					\
										\
		if (count == 1)							\
			LANES q[l] = (T)i[l];					\
		else if (count == 2)						\
			LANES q[2 * l] = (T)i[l];				\
		else if (count == 4)						\
			LANES q[4 * l] = (T)i[l];				\
		else								\
			LANES q[8 * l] = (T)i[l];				\
	}

static noinline void store_rows(const u32 *d, u8 *p, u32 md)
{
	u32 e, count = 1U << VGPU_MD_GET_COUNT(md);
	int l;

	switch (VGPU_MD_GET_WIDTH(md)) {
	case 0:
		STORE_ROWS(u8, u32)
		break;
	case 1:
		STORE_ROWS(mem_u16, u32)
		break;
	case 2:
		if (count == 4 && row_store4(d, p))
			break;
		STORE_ROWS(mem_u32, u32)
		break;
	default:
		STORE_ROWS(mem_u64, u64)
		break;
	}
}

/* The same data for all lanes */
#define LOAD_ONE(T, TD, SET, PUT)						\
	for (e = 0; e < count; e++, d += sizeof(TD) / 4 * ENG_LANES) {		\
		ROW(TD, r);							\
										\
		if (m == ENG_ALL) {						\
			SET((TD *)d, (TD)((const T *)p)[e]);			\
			continue;						\
		}								\
		SET(r, (TD)((const T *)p)[e]);					\
		PUT((TD *)d, r, m);						\
	}

static __always_inline void load_one(u32 *d, const u8 *p, u32 md, u32 m)
{
	u32 e, count = 1U << VGPU_MD_GET_COUNT(md);

	switch (VGPU_MD_GET_WIDTH(md)) {
	case 0:
		if (md & VGPU_MD_SIGNED)
			LOAD_ONE(s8, u32, row_set32, row_commit32)
		else
			LOAD_ONE(u8, u32, row_set32, row_commit32)
		break;
	case 1:
		if (md & VGPU_MD_SIGNED)
			LOAD_ONE(mem_s16, u32, row_set32, row_commit32)
		else
			LOAD_ONE(mem_u16, u32, row_set32, row_commit32)
		break;
	case 2:
		LOAD_ONE(mem_u32, u32, row_set32, row_commit32)
		break;
	default:
		LOAD_ONE(mem_u64, u64, row_set64, row_commit64)
		break;
	}
}

/* ---- one address, and patterns -------------------------------------------------------------- */

static noinline bool load_s(struct eng_warp *w, const struct eng_op *ip, u32 space, u32 m)
{
	u64 va = base_of(w, ip, space);
	const u8 *p = piece(w, space, va, access_bytes(ip), false);

	if (unlikely(!p || unaligned(ip, va)))
		return false;
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
	scatter(AT(u32, d), p, rel, ip->md, 0x80000000U >> __builtin_clz(m));
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
	if (m == ENG_ALL && is_rows(pat, ip))
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
	if (m == ENG_ALL && is_rows(pat, ip))
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

/* ---- addresses by lane --------------------------------------------------------------------------- */

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

		if (p) {
			load_rows(AT(u32, d), p, ip->md);
			return true;
		}
	}
	if (!find_lanes(w, ip, space, m, false, &at))
		return false;
	if (at.rows)
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

		if (p) {
			store_rows(AT(u32, d), p, ip->md);
			return true;
		}
	}
	if (!find_lanes(w, ip, space, m, true, &at))
		return false;
	if (at.rows)
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
