/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the handlers need beyond plain loops, for any x86-64 (SSE2).  Written for
 * emulators as much as for old processors: few float instructions, no FMA.
 */
#ifndef VGPU_ENGINE_VEC_H
#define VGPU_ENGINE_VEC_H

#include <emmintrin.h>

#define ENG_ISA		portable
#define ENG_HAVE_FMA	0
#define ENG_HAVE_F16C	0

#define ROW_LD(p)	_mm_load_si128((const __m128i *)(p))
#define ROW_ST(p, v)	_mm_store_si128((__m128i *)(p), v)

static __always_inline void row_copy32(u32 *d, const u32 *r)
{
	int i;

	for (i = 0; i < 32; i += 4)
		ROW_ST(d + i, ROW_LD(r + i));
}

static __always_inline void row_copy64(u64 *d, const u64 *r)
{
	row_copy32((u32 *)d, (const u32 *)r);
	row_copy32((u32 *)d + 32, (const u32 *)r + 32);
}

static __always_inline void row_set32(u32 *d, u32 v)
{
	int i;

	for (i = 0; i < 32; i += 4)
		ROW_ST(d + i, _mm_set1_epi32((int)v));
}

static __always_inline void row_set64(u64 *d, u64 v)
{
	int i;

	for (i = 0; i < 32; i += 2)
		ROW_ST(d + i, _mm_set1_epi64x((long long)v));
}

/* The low 4 (2) bits of @m as vector masks */
static __always_inline __m128i mask4(u32 m)
{
	const __m128i bit = _mm_setr_epi32(1, 2, 4, 8);

	return _mm_cmpeq_epi32(_mm_and_si128(_mm_set1_epi32((int)m), bit), bit);
}

static __always_inline __m128i mask2(u32 m)
{
	const __m128i bit = _mm_setr_epi32(1, 1, 2, 2);

	return _mm_cmpeq_epi32(_mm_and_si128(_mm_set1_epi32((int)m), bit), bit);
}

static __always_inline __m128i blend(__m128i a, __m128i b, __m128i mask)
{
	return _mm_or_si128(_mm_and_si128(mask, a), _mm_andnot_si128(mask, b));
}

/* d = lanes of @m: a, others: b */
static __always_inline void row_select32(u32 *d, const u32 *a, const u32 *b, u32 m)
{
	int i;

	for (i = 0; i < 8; i++)
		ROW_ST(d + 4 * i, blend(ROW_LD(a + 4 * i), ROW_LD(b + 4 * i), mask4(m >> 4 * i)));
}

static __always_inline void row_select64(u64 *d, const u64 *a, const u64 *b, u32 m)
{
	int i;

	for (i = 0; i < 16; i++)
		ROW_ST(d + 2 * i, blend(ROW_LD(a + 2 * i), ROW_LD(b + 2 * i), mask2(m >> 2 * i)));
}

static __always_inline void row_commit32(u32 *d, const u32 *r, u32 m)
{
	row_select32(d, r, d, m);
}

static __always_inline void row_commit64(u64 *d, const u64 *r, u32 m)
{
	row_select64(d, r, d, m);
}

/* Comparisons of rows; @one: @b is a single value */
#define ROW_CMP32(NAME, PRED)							\
static __always_inline u32 NAME(const void *a, const void *b, bool one)	\
{										\
	u32 bits = 0;								\
	int i;									\
										\
	for (i = 0; i < 8; i++) {						\
		__m128i x = ROW_LD((const u32 *)a + 4 * i);			\
		__m128i y = one ? _mm_set1_epi32(*(const int *)b) :		\
				  ROW_LD((const u32 *)b + 4 * i);		\
										\
		bits |= (u32)_mm_movemask_ps(_mm_castsi128_ps(PRED)) << 4 * i;	\
	}									\
	return bits;								\
}
#define ROW_CMP64(NAME, TYPE, COND)						\
static __always_inline u32 NAME(const void *a, const void *b, bool one)	\
{										\
	u32 bits = 0;								\
	int i;									\
										\
	for (i = 0; i < 32; i++) {						\
		TYPE x = ((const TYPE *)a)[i], y = ((const TYPE *)b)[one ? 0 : i]; \
										\
		bits |= (u32)(COND) << i;					\
	}									\
	return bits;								\
}
#define FLIP32(v) _mm_xor_si128(v, _mm_set1_epi32((int)0x80000000))
ROW_CMP32(row_eq32, _mm_cmpeq_epi32(x, y))
ROW_CMP32(row_lts32, _mm_cmplt_epi32(x, y))
ROW_CMP32(row_gts32, _mm_cmpgt_epi32(x, y))
ROW_CMP32(row_ltu32, _mm_cmplt_epi32(FLIP32(x), FLIP32(y)))
ROW_CMP32(row_gtu32, _mm_cmpgt_epi32(FLIP32(x), FLIP32(y)))
ROW_CMP64(row_eq64, u64, x == y)
ROW_CMP64(row_lts64, s64, x < y)
ROW_CMP64(row_gts64, s64, x > y)
ROW_CMP64(row_ltu64, u64, x < y)
ROW_CMP64(row_gtu64, u64, x > y)

#define ROW_FCMP(NAME, OP, COND)						\
	ROW_CMP32(NAME##32, _mm_castps_si128(OP))				\
	ROW_CMP64(NAME##64, double, COND)
#define X _mm_castsi128_ps(x)
#define Y _mm_castsi128_ps(y)
ROW_FCMP(row_feq, _mm_cmpeq_ps(X, Y), x == y)
ROW_FCMP(row_fne, _mm_or_ps(_mm_cmplt_ps(X, Y), _mm_cmplt_ps(Y, X)), x < y || x > y)
ROW_FCMP(row_flt, _mm_cmplt_ps(X, Y), x < y)
ROW_FCMP(row_fle, _mm_cmple_ps(X, Y), x <= y)
ROW_FCMP(row_fgt, _mm_cmplt_ps(Y, X), x > y)
ROW_FCMP(row_fge, _mm_cmple_ps(Y, X), x >= y)
ROW_FCMP(row_fnum, _mm_cmpord_ps(X, Y), x == x && y == y)
#undef X
#undef Y

/* Lanes whose @a is @base + their @offset: masks of four, and of all; loops would want registers that are to be saved */
static __always_inline __m128i based4(const u32 *a, const u32 *offset, __m128i base)
{
	return _mm_cmpeq_epi32(_mm_add_epi32(base, ROW_LD(offset)), ROW_LD(a));
}

/* SSE2 compares no more than 32 bits: low halves, and high ones. */
static __always_inline __m128i wide_based4(const u64 *a, const u32 *offset, __m128i base)
{
	const __m128i entries = ROW_LD(offset), zero = _mm_setzero_si128();
	__m128i lo = _mm_add_epi64(base, _mm_unpacklo_epi32(entries, zero));
	__m128i hi = _mm_add_epi64(base, _mm_unpackhi_epi32(entries, zero));
	__m128 x = _mm_castsi128_ps(_mm_cmpeq_epi32(lo, ROW_LD(a)));
	__m128 y = _mm_castsi128_ps(_mm_cmpeq_epi32(hi, ROW_LD(a + 2)));

	return _mm_castps_si128(_mm_and_ps(_mm_shuffle_ps(x, y, 0x88), _mm_shuffle_ps(x, y, 0xdd)));
}

static __always_inline u32 bits_of_masks(__m128i m0, __m128i m1, __m128i m2, __m128i m3)
{
	return (u32)_mm_movemask_epi8(_mm_packs_epi16(_mm_packs_epi32(m0, m1), _mm_packs_epi32(m2, m3)));
}

#define BASED16(FOUR, a, offset, base)						\
	bits_of_masks(FOUR(a, offset, base), FOUR((a) + 4, (offset) + 4, base),	\
		      FOUR((a) + 8, (offset) + 8, base), FOUR((a) + 12, (offset) + 12, base))

static __always_inline u32 row_based32(const u32 *a, const u32 *offset, u32 base)
{
	const __m128i v = _mm_set1_epi32((int)base);

	return BASED16(based4, a, offset, v) | BASED16(based4, a + 16, offset + 16, v) << 16;
}

static __always_inline u32 row_based64(const u64 *a, const u32 *offset, u64 base)
{
	const __m128i v = _mm_set1_epi64x((long long)base);

	return BASED16(wide_based4, a, offset, v) | BASED16(wide_based4, a + 16, offset + 16, v) << 16;
}

#define ENG_HAVE_SHIFTS	0

/* r[l] = a[from[l]], from < 32 */
static __always_inline void row_permute32(u32 *r, const u32 *a, const u32 *from)
{
	int l;

	for (l = 0; l < ENG_LANES; l++)
		r[l] = a[from[l]];
}

/* 32 words anywhere; lanes of @m only (no word is written that is not in it) */
static __always_inline void row_move32(void *d, const void *p)
{
	int i;

	for (i = 0; i < 8; i++)
		_mm_storeu_si128((__m128i *)d + i, _mm_loadu_si128((const __m128i *)p + i));
}

static __always_inline void row_move_some32(void *d, const void *p, u32 m)
{
	for (; m; m &= m - 1)
		memcpy((u32 *)d + __ffs(m), (const u32 *)p + __ffs(m), 4);
}

#define row_load_some32	row_move_some32

/* Bytes 0 and 2, then 1 and 3, of each word as 16-bit numbers */
static __always_inline __m128i even_bytes(__m128i v, bool sign)
{
	return sign ? _mm_srai_epi16(_mm_slli_epi16(v, 8), 8) :
		      _mm_and_si128(v, _mm_set1_epi16(0xff));
}

static __always_inline __m128i odd_bytes(__m128i v, bool sign)
{
	return sign ? _mm_srai_epi16(v, 8) : _mm_srli_epi16(v, 8);
}

/* d = c + the four products of bytes of a and b */
#define ENG_HAVE_DP4A	1
static __always_inline void row_dp4a(u32 *d, const u32 *a, const u32 *b, const u32 *c,
				     bool onec, bool sa, bool sb)
{
	int i;

	for (i = 0; i < 8; i++) {
		__m128i va = ROW_LD(a + 4 * i), vb = ROW_LD(b + 4 * i);
		__m128i s = onec ? _mm_set1_epi32(*(const int *)c) : ROW_LD(c + 4 * i);

		s = _mm_add_epi32(s, _mm_madd_epi16(even_bytes(va, sa), even_bytes(vb, sb)));
		s = _mm_add_epi32(s, _mm_madd_epi16(odd_bytes(va, sa), odd_bytes(vb, sb)));
		ROW_ST(d + 4 * i, s);
	}
}

#define ENG_HAVE_PRMT	0
#define ENG_HAVE_LOP3	0

/* a[l] = a[0] + l * step for all lanes */
static __always_inline bool row_steps32(const u32 *a)
{
	u32 l, bad = 0;

	for (l = 0; l < ENG_LANES; l++)
		bad |= a[l] ^ (a[0] + l);
	return !bad;
}

static __always_inline bool row_steps64(const u64 *a, u64 step)
{
	u64 l, bad = 0;

	for (l = 0; l < ENG_LANES; l++)
		bad |= a[l] ^ (a[0] + l * step);
	return !bad;
}

#define ENG_HAVE_RECORDS	0

/* A register, and what num_mma_rows.h does with it */
#define VEC		__m128i
#define VEC_N		8
#define VEC_LD(p, i)	_mm_loadu_si128((const __m128i *)((p) + 4 * (i)))
#define VEC_ST(p, i, v)	_mm_storeu_si128((__m128i *)((p) + 4 * (i)), v)
#define VEC_ALIKE(x)	(x)
#define VEC_WORD(v, q)	_mm_shuffle_epi32(v, (q) * 0x55)
#define VEC_ADD		_mm_add_epi32
#define VEC_MADD	_mm_madd_epi16

/* Four words a lane at once: not worth its own way here */
#define row_load4(d, p)		false
#define row_store4(d, p)	false

#endif /* VGPU_ENGINE_VEC_H */
