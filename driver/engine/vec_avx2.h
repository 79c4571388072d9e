/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the handlers need beyond plain loops, for AVX2 with FMA and F16C.
 */
#ifndef VGPU_ENGINE_VEC_H
#define VGPU_ENGINE_VEC_H

#include <immintrin.h>

#define ENG_ISA		avx2
#define ENG_HAVE_FMA	1
#define ENG_HAVE_PAIRS	1
#define ENG_HAVE_F16C	1

#define ROW_LD(p)	_mm256_load_si256((const __m256i *)(p))
#define ROW_ST(p, v)	_mm256_store_si256((__m256i *)(p), v)

static __always_inline void row_copy32(u32 *d, const u32 *r)
{
	int i;

	for (i = 0; i < 32; i += 8)
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

	for (i = 0; i < 32; i += 8)
		ROW_ST(d + i, _mm256_set1_epi32((int)v));
}

static __always_inline void row_set64(u64 *d, u64 v)
{
	int i;

	for (i = 0; i < 32; i += 4)
		ROW_ST(d + i, _mm256_set1_epi64x((long long)v));
}

/* The low 8 (4) bits of @m as vector masks */
static __always_inline __m256i mask8(u32 m)
{
	const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);

	return _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32((int)m), bit), bit);
}

static __always_inline __m256i mask4(u32 m)
{
	const __m256i bit = _mm256_setr_epi64x(1, 2, 4, 8);

	return _mm256_cmpeq_epi64(_mm256_and_si256(_mm256_set1_epi64x((long long)m), bit), bit);
}

/* d = lanes of @m: a, others: b */
static __always_inline void row_select32(u32 *d, const u32 *a, const u32 *b, u32 m)
{
	int i;

	for (i = 0; i < 4; i++)
		ROW_ST(d + 8 * i, _mm256_blendv_epi8(ROW_LD(b + 8 * i), ROW_LD(a + 8 * i),
						     mask8(m >> 8 * i)));
}

static __always_inline void row_select64(u64 *d, const u64 *a, const u64 *b, u32 m)
{
	int i;

	for (i = 0; i < 8; i++)
		ROW_ST(d + 4 * i, _mm256_blendv_epi8(ROW_LD(b + 4 * i), ROW_LD(a + 4 * i),
						     mask4(m >> 4 * i)));
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
#define ROW_B32(i)	(one ? _mm256_set1_epi32(*(const int *)b) : ROW_LD((const u32 *)b + 8 * (i)))
#define ROW_B64(i)	(one ? _mm256_set1_epi64x(*(const long long *)b) : \
			 ROW_LD((const u64 *)b + 4 * (i)))
#define ROW_CMP32(NAME, PRED)							\
static __always_inline u32 NAME(const void *a, const void *b, bool one)	\
{										\
	u32 bits = 0;								\
	int i;									\
										\
	for (i = 0; i < 4; i++) {						\
		__m256i x = ROW_LD((const u32 *)a + 8 * i), y = ROW_B32(i);	\
										\
		bits |= (u32)_mm256_movemask_ps(_mm256_castsi256_ps(PRED)) << 8 * i; \
	}									\
	return bits;								\
}
#define ROW_CMP64(NAME, PRED)							\
static __always_inline u32 NAME(const void *a, const void *b, bool one)	\
{										\
	u32 bits = 0;								\
	int i;									\
										\
	for (i = 0; i < 8; i++) {						\
		__m256i x = ROW_LD((const u64 *)a + 4 * i), y = ROW_B64(i);	\
										\
		bits |= (u32)_mm256_movemask_pd(_mm256_castsi256_pd(PRED)) << 4 * i; \
	}									\
	return bits;								\
}
#define FLIP32(v) _mm256_xor_si256(v, _mm256_set1_epi32((int)0x80000000))
#define FLIP64(v) _mm256_xor_si256(v, _mm256_set1_epi64x((long long)(1ULL << 63)))
ROW_CMP32(row_eq32, _mm256_cmpeq_epi32(x, y))
ROW_CMP32(row_lts32, _mm256_cmpgt_epi32(y, x))
ROW_CMP32(row_gts32, _mm256_cmpgt_epi32(x, y))
ROW_CMP32(row_ltu32, _mm256_cmpgt_epi32(FLIP32(y), FLIP32(x)))
ROW_CMP32(row_gtu32, _mm256_cmpgt_epi32(FLIP32(x), FLIP32(y)))
ROW_CMP64(row_eq64, _mm256_cmpeq_epi64(x, y))
ROW_CMP64(row_lts64, _mm256_cmpgt_epi64(y, x))
ROW_CMP64(row_gts64, _mm256_cmpgt_epi64(x, y))
ROW_CMP64(row_ltu64, _mm256_cmpgt_epi64(FLIP64(y), FLIP64(x)))
ROW_CMP64(row_gtu64, _mm256_cmpgt_epi64(FLIP64(x), FLIP64(y)))

#define ROW_FCMP(NAME, IMM)							\
	ROW_CMP32(NAME##32, _mm256_castps_si256(_mm256_cmp_ps(_mm256_castsi256_ps(x), \
							      _mm256_castsi256_ps(y), IMM))) \
	ROW_CMP64(NAME##64, _mm256_castpd_si256(_mm256_cmp_pd(_mm256_castsi256_pd(x), \
							      _mm256_castsi256_pd(y), IMM)))
ROW_FCMP(row_feq, _CMP_EQ_OQ)
ROW_FCMP(row_fne, _CMP_NEQ_OQ)
ROW_FCMP(row_flt, _CMP_LT_OQ)
ROW_FCMP(row_fle, _CMP_LE_OQ)
ROW_FCMP(row_fgt, _CMP_GT_OQ)
ROW_FCMP(row_fge, _CMP_GE_OQ)
ROW_FCMP(row_fnum, _CMP_ORD_Q)

/* Lanes whose @a is @base + their @offset: masks of eight, and of all; loops would want registers that are to be saved */
static __always_inline __m256i based8(const u32 *a, const u32 *offset, __m256i base)
{
	return _mm256_cmpeq_epi32(_mm256_add_epi32(base, ROW_LD(offset)), ROW_LD(a));
}

static __always_inline __m256i based4(const u64 *a, const u32 *offset, __m256i base)
{
	__m256i entries = _mm256_cvtepu32_epi64(_mm_load_si128((const __m128i *)offset));

	return _mm256_cmpeq_epi64(_mm256_add_epi64(base, entries), ROW_LD(a));
}

static __always_inline __m256i wide_based8(const u64 *a, const u32 *offset, __m256i base)
{
	__m256 lo = _mm256_castsi256_ps(based4(a, offset, base));
	__m256 hi = _mm256_castsi256_ps(based4(a + 4, offset + 4, base));

	return _mm256_permute4x64_epi64(_mm256_castps_si256(_mm256_shuffle_ps(lo, hi, 0x88)), 0xd8);
}

static __always_inline u32 bits_of_masks(__m256i m0, __m256i m1, __m256i m2, __m256i m3)
{
	const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
	__m256i m = _mm256_packs_epi16(_mm256_packs_epi32(m0, m1), _mm256_packs_epi32(m2, m3));

	return (u32)_mm256_movemask_epi8(_mm256_permutevar8x32_epi32(m, order));
}

static __always_inline u32 row_based32(const u32 *a, const u32 *offset, u32 base)
{
	const __m256i v = _mm256_set1_epi32((int)base);

	return bits_of_masks(based8(a, offset, v), based8(a + 8, offset + 8, v),
			     based8(a + 16, offset + 16, v), based8(a + 24, offset + 24, v));
}

static __always_inline u32 row_based64(const u64 *a, const u32 *offset, u64 base)
{
	const __m256i v = _mm256_set1_epi64x((long long)base);

	return bits_of_masks(wide_based8(a, offset, v), wide_based8(a + 8, offset + 8, v),
			     wide_based8(a + 16, offset + 16, v), wide_based8(a + 24, offset + 24, v));
}

/* Variable shifts that give 0 (or signs) from the width on */
#define ROW_SHIFT(NAME, OP)							\
static __always_inline void NAME(u32 *d, const u32 *a, const u32 *b, bool one)	\
{										\
	int i;									\
										\
	for (i = 0; i < 4; i++)							\
		ROW_ST(d + 8 * i, OP(ROW_LD(a + 8 * i), ROW_B32(i)));		\
}
#define ENG_HAVE_SHIFTS	1
ROW_SHIFT(row_shl32, _mm256_sllv_epi32)
ROW_SHIFT(row_shru32, _mm256_srlv_epi32)
ROW_SHIFT(row_shrs32, _mm256_srav_epi32)

/* r[l] = a[from[l]], from < 32 */
static __always_inline void row_permute32(u32 *r, const u32 *a, const u32 *from)
{
	int l;

	for (l = 0; l < ENG_LANES; l++)
		r[l] = a[from[l]];
}

/* 32 words anywhere; lanes of @m only */
static __always_inline void row_move32(void *d, const void *p)
{
	int i;

	for (i = 0; i < 4; i++)
		_mm256_storeu_si256((__m256i *)d + i,
				    _mm256_loadu_si256((const __m256i *)p + i));
}

static __always_inline void row_move_some32(void *d, const void *p, u32 m)
{
	int i;

	for (i = 0; i < 4; i++)
		_mm256_maskstore_epi32((int *)d + 8 * i, mask8(m >> 8 * i),
				       _mm256_loadu_si256((const __m256i *)p + i));
}

/* The same into a row, which nobody else writes */
static __always_inline void row_load_some32(u32 *d, const void *p, u32 m)
{
	int i;

	for (i = 0; i < 4; i++)
		ROW_ST(d + 8 * i, _mm256_blendv_epi8(ROW_LD(d + 8 * i),
						     _mm256_loadu_si256((const __m256i *)p + i),
						     mask8(m >> 8 * i)));
}

/* d = a * b + c, NaN canonical; @oneb, @onec: single values */
static __always_inline void row_fma32(u32 *d, const u32 *a, const u32 *b, bool oneb,
				      const u32 *c, bool onec)
{
	const __m256 nan = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
	int i;

	for (i = 0; i < 4; i++) {
		__m256 vb = _mm256_castsi256_ps(oneb ? _mm256_set1_epi32(*(const int *)b) :
						       ROW_LD(b + 8 * i));
		__m256 vc = _mm256_castsi256_ps(onec ? _mm256_set1_epi32(*(const int *)c) :
						       ROW_LD(c + 8 * i));
		__m256 r = _mm256_fmadd_ps(_mm256_castsi256_ps(ROW_LD(a + 8 * i)), vb, vc);

		r = _mm256_blendv_ps(r, nan, _mm256_cmp_ps(r, r, _CMP_UNORD_Q));
		ROW_ST(d + 8 * i, _mm256_castps_si256(r));
	}
}

static __always_inline void row_fma64(u64 *d, const u64 *a, const u64 *b, bool oneb,
				      const u64 *c, bool onec)
{
	const __m256d nan = _mm256_castsi256_pd(_mm256_set1_epi64x(
							(long long)0xfff8000000000000ULL));
	int i;

	for (i = 0; i < 8; i++) {
		__m256d vb = _mm256_castsi256_pd(oneb ?
			_mm256_set1_epi64x(*(const long long *)b) : ROW_LD(b + 4 * i));
		__m256d vc = _mm256_castsi256_pd(onec ?
			_mm256_set1_epi64x(*(const long long *)c) : ROW_LD(c + 4 * i));
		__m256d r = _mm256_fmadd_pd(_mm256_castsi256_pd(ROW_LD(a + 4 * i)), vb, vc);

		r = _mm256_blendv_pd(r, nan, _mm256_cmp_pd(r, r, _CMP_UNORD_Q));
		ROW_ST(d + 4 * i, _mm256_castpd_si256(r));
	}
}

/* Bytes 0 and 2, then 1 and 3, of each word as 16-bit numbers */
static __always_inline __m256i even_bytes(__m256i v, bool sign)
{
	return sign ? _mm256_srai_epi16(_mm256_slli_epi16(v, 8), 8) :
		      _mm256_and_si256(v, _mm256_set1_epi16(0xff));
}

static __always_inline __m256i odd_bytes(__m256i v, bool sign)
{
	return sign ? _mm256_srai_epi16(v, 8) : _mm256_srli_epi16(v, 8);
}

/* d = c + the four products of bytes of a and b */
#define ENG_HAVE_DP4A	1
static __always_inline void row_dp4a(u32 *d, const u32 *a, const u32 *b, const u32 *c,
				     bool onec, bool sa, bool sb)
{
	int i;

	for (i = 0; i < 4; i++) {
		__m256i va = ROW_LD(a + 8 * i), vb = ROW_LD(b + 8 * i);
		__m256i s = onec ? _mm256_set1_epi32(*(const int *)c) : ROW_LD(c + 8 * i);

		s = _mm256_add_epi32(s, _mm256_madd_epi16(even_bytes(va, sa),
							  even_bytes(vb, sb)));
		s = _mm256_add_epi32(s, _mm256_madd_epi16(odd_bytes(va, sa),
							  odd_bytes(vb, sb)));
		ROW_ST(d + 8 * i, s);
	}
}

/* PRMT in its default mode */
#define ENG_HAVE_PRMT	1
static __always_inline void row_prmt(u32 *d, const u32 *a, const u32 *b, const u32 *c, bool onec)
{
	/* within 16 bytes: where the word of each byte begins */
	const __m256i word = _mm256_setr_epi32(0, 0x04040404, 0x08080808, 0x0c0c0c0c,
					       0, 0x04040404, 0x08080808, 0x0c0c0c0c);
	int i;

	for (i = 0; i < 4; i++) {
		__m256i s = onec ? _mm256_set1_epi32(*(const int *)c) : ROW_LD(c + 8 * i);
		__m256i at, r, signs;

		/* the low four nibbles to bytes */
		s = _mm256_and_si256(s, _mm256_set1_epi32(0xffff));
		s = _mm256_and_si256(_mm256_or_si256(s, _mm256_slli_epi32(s, 8)),
				     _mm256_set1_epi32(0x00ff00ff));
		s = _mm256_or_si256(s, _mm256_slli_epi32(s, 4));
		at = _mm256_or_si256(_mm256_and_si256(s, _mm256_set1_epi32(0x03030303)), word);
		/* blendv looks at bit 7: bit 2, then bit 3 of the selector moved there */
		r = _mm256_blendv_epi8(_mm256_shuffle_epi8(ROW_LD(a + 8 * i), at),
				       _mm256_shuffle_epi8(ROW_LD(b + 8 * i), at),
				       _mm256_slli_epi16(s, 5));
		signs = _mm256_cmpgt_epi8(_mm256_setzero_si256(), r);
		r = _mm256_blendv_epi8(r, signs, _mm256_slli_epi16(s, 4));
		ROW_ST(d + 8 * i, r);
	}
}

#define ENG_HAVE_LOP3	0

/* a[l] = a[0] + l * step for all lanes */
static __always_inline bool row_steps32(const u32 *a)
{
	__m256i want = _mm256_add_epi32(_mm256_set1_epi32((int)a[0]),
					_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
	__m256i bad = _mm256_setzero_si256();
	int i;

	for (i = 0; i < 4; i++) {
		bad = _mm256_or_si256(bad, _mm256_xor_si256(ROW_LD(a + 8 * i), want));
		want = _mm256_add_epi32(want, _mm256_set1_epi32(8));
	}
	return _mm256_testz_si256(bad, bad);
}

static __always_inline bool row_steps64(const u64 *a, u64 step)
{
	__m256i want = _mm256_add_epi64(_mm256_set1_epi64x((long long)a[0]),
					_mm256_setr_epi64x(0, (long long)step,
							   (long long)(2 * step),
							   (long long)(3 * step)));
	__m256i bad = _mm256_setzero_si256();
	int i;

	for (i = 0; i < 8; i++) {
		bad = _mm256_or_si256(bad, _mm256_xor_si256(ROW_LD(a + 4 * i), want));
		want = _mm256_add_epi64(want, _mm256_set1_epi64x((long long)(4 * step)));
	}
	return _mm256_testz_si256(bad, bad);
}

/* The low or the high halves as f16, to f32 */
static __always_inline void row_h2f(u32 *d, const u32 *a, bool high)
{
	const __m256 nan = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
	const __m256i low = _mm256_set1_epi32(0xffff);
	int i;

	for (i = 0; i < 4; i += 2) {
		/* packing works within halves of 128 bits: put them in order */
		__m256i x = ROW_LD(a + 8 * i), y = ROW_LD(a + 8 * i + 8), v;
		__m256 lo, hi;

		v = high ? _mm256_packus_epi32(_mm256_srli_epi32(x, 16), _mm256_srli_epi32(y, 16)) :
			   _mm256_packus_epi32(_mm256_and_si256(x, low), _mm256_and_si256(y, low));
		v = _mm256_permute4x64_epi64(v, 0xd8);
		lo = _mm256_cvtph_ps(_mm256_castsi256_si128(v));
		hi = _mm256_cvtph_ps(_mm256_extracti128_si256(v, 1));
		lo = _mm256_blendv_ps(lo, nan, _mm256_cmp_ps(lo, lo, _CMP_UNORD_Q));
		hi = _mm256_blendv_ps(hi, nan, _mm256_cmp_ps(hi, hi, _CMP_UNORD_Q));
		ROW_ST(d + 8 * i, _mm256_castps_si256(lo));
		ROW_ST(d + 8 * i + 8, _mm256_castps_si256(hi));
	}
}

#define ENG_HAVE_RECORDS	0

/*
 * rel[l] = va[l] - start where that is below @limit (1 to 2^31), else 0.  Return: the lanes for
 * which it is.  The mask is data, so that nothing is mispredicted.
 */
#define ENG_HAVE_LANES	1
#define ENG_HAVE_F2H	0
static __always_inline u32 row_within(u32 *rel, const u64 *va, u64 start, u64 limit)
{
	const __m256i s = _mm256_set1_epi64x((long long)start), zero = _mm256_setzero_si256();
	const __m256i last = _mm256_set1_epi64x((long long)(limit - 1));
	u32 out = 0;
	int i;

	for (i = 0; i < 32; i += 8) {
		__m256i a = _mm256_sub_epi64(ROW_LD(va + i), s);
		__m256i b = _mm256_sub_epi64(ROW_LD(va + i + 4), s);
		/* one of them is negative where the distance is beyond the last one, or 2^63 and more */
		__m256i x = _mm256_cmpgt_epi64(zero, _mm256_or_si256(a, _mm256_sub_epi64(last, a)));
		__m256i y = _mm256_cmpgt_epi64(zero, _mm256_or_si256(b, _mm256_sub_epi64(last, b)));
		__m256 low = _mm256_shuffle_ps(_mm256_castsi256_ps(_mm256_andnot_si256(x, a)),
					       _mm256_castsi256_ps(_mm256_andnot_si256(y, b)), 0x88);

		/* what lay in halves of 128 bits, in order */
		ROW_ST(rel + i, _mm256_permute4x64_epi64(_mm256_castps_si256(low), 0xd8));
		out |= (u32)(_mm256_movemask_pd(_mm256_castsi256_pd(x)) |
			     _mm256_movemask_pd(_mm256_castsi256_pd(y)) << 4) << i;
	}
	return ~out;
}

/* Lanes in which some of @bits is set */
static __always_inline u32 row_test32(const u32 *a, u32 bits)
{
	const __m256i b = _mm256_set1_epi32((int)bits), zero = _mm256_setzero_si256();
	u32 none = 0;
	int i;

	for (i = 0; i < 32; i += 8) {
		__m256i v = _mm256_cmpeq_epi32(_mm256_and_si256(ROW_LD(a + i), b), zero);

		none |= (u32)_mm256_movemask_ps(_mm256_castsi256_ps(v)) << i;
	}
	return ~none;
}

/* a[l] = a[0] + (l << log) for all lanes */
static __always_inline bool row_rises32(const u32 *a, u32 log)
{
	const __m128i n = _mm_cvtsi32_si128((int)log);
	__m256i want = _mm256_add_epi32(_mm256_set1_epi32((int)a[0]),
					_mm256_sll_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), n));
	const __m256i step = _mm256_sll_epi32(_mm256_set1_epi32(8), n);
	__m256i differ = _mm256_setzero_si256();
	int i;

	for (i = 0; i < 32; i += 8) {
		differ = _mm256_or_si256(differ, _mm256_xor_si256(ROW_LD(a + i), want));
		want = _mm256_add_epi32(want, step);
	}
	return _mm256_testz_si256(differ, differ);
}

/* f16 in the low halves of words, to f32 */
static __always_inline __m256 vec_from_half(__m256i v)
{
	__m256i packed = _mm256_packus_epi32(v, v);

	return _mm256_cvtph_ps(_mm256_castsi256_si128(_mm256_permute4x64_epi64(packed, 0x08)));
}

/* A register, and what num_mma_rows.h does with it */
#define VEC		__m256i
#define VECF		__m256
#define VEC_N		4
#define VEC_LD(p, i)	_mm256_loadu_si256((const __m256i *)((p) + 8 * (i)))
#define VEC_ST(p, i, v)	_mm256_storeu_si256((__m256i *)((p) + 8 * (i)), v)
#define VEC_ALIKE(x)	_mm256_broadcastsi128_si256(x)
#define VEC_WORD(v, q)	_mm256_shuffle_epi32(v, (q) * 0x55)
#define VEC_WORDF(v, q)	_mm256_permute_ps(v, (q) * 0x55)
#define VEC_ADD		_mm256_add_epi32
#define VEC_MADD	_mm256_madd_epi16
#define VEC_AND		_mm256_and_si256
#define VEC_SHL		_mm256_slli_epi32
#define VEC_SHR		_mm256_srli_epi32
#define VEC_ONE(x)	_mm256_set1_epi32((int)(x))
#define VEC_FMA		_mm256_fmadd_ps
#define VEC_FLOATS	_mm256_castsi256_ps
#define VEC_BITS	_mm256_castps_si256
#define VEC_FROM_HALF	vec_from_half

/* Four words a lane at once: not worth its own way here */
#define row_load4(d, p)		false
#define row_store4(d, p)	false

#endif /* VGPU_ENGINE_VEC_H */
