/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Loads and stores: moving lanes between a row and memory, whatever the element.
 */

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

#if !ENG_HAVE_GATHER
/*
 * Words (halves, where @bits is 0xffff) at distances from @p, of all lanes. One by one, but stored as
 * what the next handler loads: a wide load waits for narrow stores before it.
 */
typedef u32 picked __attribute__((__vector_size__(4 * ENG_LANES / VEC_N)));
#if VEC_N == 8
#define PICKED(X)	{ X(0), X(1), X(2), X(3) }
#elif VEC_N == 4
#define PICKED(X)	{ X(0), X(1), X(2), X(3), X(4), X(5), X(6), X(7) }
#else
#define PICKED(X)	{ X(0), X(1), X(2), X(3), X(4), X(5), X(6), X(7), X(8), X(9), X(10), X(11), \
			  X(12), X(13), X(14), X(15) }
#endif
#define WORD_OF(L)	(*(const mem_u32 *)(p + rel[i + (L)]))
#define HALF_OF(L)	(*(const mem_u16 *)(p + rel[i + (L)]))

static __always_inline void row_pick(u32 *d, const u8 *p, const u32 *rel, u32 bits, u32 m)
{
	int i;

	(void)m;
	for (i = 0; i < ENG_LANES; i += ENG_LANES / VEC_N) {
		if (bits == ENG_ALL)
			*(picked *)(d + i) = (picked)PICKED(WORD_OF);
		else
			*(picked *)(d + i) = (picked)PICKED(HALF_OF);
	}
}
#endif

#if ENG_HAVE_GATHER
#define LOAD_PICKED(T, BITS)	LOAD_AS(T, u32)
#else
#define LOAD_PICKED(T, BITS)							\
	for (e = 0; e < count; e++, d += ENG_LANES) {				\
		ROW(u32, r);							\
										\
		row_pick(m == ENG_ALL ? d : r, p + e * sizeof(T), rel, BITS, ENG_ALL); \
		if (m != ENG_ALL)						\
			row_commit32(d, r, m);					\
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
			LOAD_PICKED(mem_u16, 0xffff)
		break;
	case 2:
		LOAD_PICKED(mem_u32, ENG_ALL)
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

/* ---- strong accesses of several elements ---------------------------------------------- */

/* Where lanes that lie one behind the other are */
static __always_inline void rel_rows(u32 *rel, u32 bytes)
{
	int l;

	LANES rel[l] = l * bytes;
}

/* @rel: NULL: the lanes lie one behind the other */
static noinline void load_whole(u32 *d, const u8 *p, const u32 *rel, u32 md, u32 m)
{
	u32 bytes = 1U << (VGPU_MD_GET_WIDTH(md) + VGPU_MD_GET_COUNT(md)), some, l;
	u8 copy[ENG_LANES * ENG_MOST_WHOLE] __aligned(64);
	ROW(u32, at);

	rel_rows(at, bytes);
	for (some = m; some; some &= some - 1) {
		l = __ffs(some);
		eng_move_whole(copy + at[l], p + (rel ? rel[l] : at[l]), bytes);
	}
	gather(d, copy, at, md, m);
}

static noinline void store_whole(const u32 *d, u8 *p, const u32 *rel, u32 md, u32 m)
{
	u32 bytes = 1U << (VGPU_MD_GET_WIDTH(md) + VGPU_MD_GET_COUNT(md)), l;
	u8 copy[ENG_LANES * ENG_MOST_WHOLE] __aligned(64);
	ROW(u32, at);

	rel_rows(at, bytes);
	scatter(d, copy, at, md, m);
	for (; m; m &= m - 1) {
		l = __ffs(m);
		eng_move_whole(p + (rel ? rel[l] : at[l]), copy + at[l], bytes);
	}
}
