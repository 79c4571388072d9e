/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the handlers need beyond plain loops, for AVX-512 (F, BW, DQ, VL).
 */
#ifndef VGPU_ENGINE_VEC_H
#define VGPU_ENGINE_VEC_H

#include <immintrin.h>

#define ENG_ISA		avx512
#define ENG_HAVE_FMA	1
#define ENG_HAVE_F16C	1

static __always_inline void row_copy32(u32 *d, const u32 *r)
{
	_mm512_store_si512(d, _mm512_load_si512(r));
	_mm512_store_si512(d + 16, _mm512_load_si512(r + 16));
}

static __always_inline void row_copy64(u64 *d, const u64 *r)
{
	row_copy32((u32 *)d, (const u32 *)r);
	row_copy32((u32 *)d + 32, (const u32 *)r + 32);
}

static __always_inline void row_set32(u32 *d, u32 v)
{
	_mm512_store_si512(d, _mm512_set1_epi32((int)v));
	_mm512_store_si512(d + 16, _mm512_set1_epi32((int)v));
}

static __always_inline void row_set64(u64 *d, u64 v)
{
	int i;

	for (i = 0; i < 4; i++)
		_mm512_store_si512(d + 8 * i, _mm512_set1_epi64((long long)v));
}

/* Lanes @m of @r into @d */
static __always_inline void row_commit32(u32 *d, const u32 *r, u32 m)
{
	_mm512_mask_store_epi32(d, (__mmask16)m, _mm512_load_si512(r));
	_mm512_mask_store_epi32(d + 16, (__mmask16)(m >> 16), _mm512_load_si512(r + 16));
}

static __always_inline void row_commit64(u64 *d, const u64 *r, u32 m)
{
	int i;

	for (i = 0; i < 4; i++)
		_mm512_mask_store_epi64(d + 8 * i, (__mmask8)(m >> 8 * i),
					_mm512_load_si512(r + 8 * i));
}

/* d = lanes of @m: a, others: b */
static __always_inline void row_select32(u32 *d, const u32 *a, const u32 *b, u32 m)
{
	_mm512_store_si512(d, _mm512_mask_blend_epi32((__mmask16)m, _mm512_load_si512(b),
						      _mm512_load_si512(a)));
	_mm512_store_si512(d + 16, _mm512_mask_blend_epi32((__mmask16)(m >> 16),
							   _mm512_load_si512(b + 16),
							   _mm512_load_si512(a + 16)));
}

static __always_inline void row_select64(u64 *d, const u64 *a, const u64 *b, u32 m)
{
	int i;

	for (i = 0; i < 4; i++)
		_mm512_store_si512(d + 8 * i,
				   _mm512_mask_blend_epi64((__mmask8)(m >> 8 * i),
							   _mm512_load_si512(b + 8 * i),
							   _mm512_load_si512(a + 8 * i)));
}

/* Comparisons of rows; @one: @b is a single value */
#define ROW_B32(i)	(one ? _mm512_set1_epi32(*(const int *)b) : \
			 _mm512_load_si512((const u32 *)b + 16 * (i)))
#define ROW_B64(i)	(one ? _mm512_set1_epi64(*(const long long *)b) : \
			 _mm512_load_si512((const u64 *)b + 8 * (i)))
#define ROW_CMP32(NAME, PRED)							\
static __always_inline u32 NAME(const void *a, const void *b, bool one)	\
{										\
	u32 lo = PRED(_mm512_load_si512(a), ROW_B32(0));			\
	u32 hi = PRED(_mm512_load_si512((const u32 *)a + 16), ROW_B32(1));	\
										\
	return lo | hi << 16;							\
}
#define ROW_CMP64(NAME, PRED)							\
static __always_inline u32 NAME(const void *a, const void *b, bool one)	\
{										\
	u32 bits = 0;								\
	int i;									\
										\
	for (i = 0; i < 4; i++)							\
		bits |= (u32)PRED(_mm512_load_si512((const u64 *)a + 8 * i),	\
				  ROW_B64(i)) << 8 * i;				\
	return bits;								\
}
ROW_CMP32(row_eq32, _mm512_cmpeq_epi32_mask)
ROW_CMP32(row_lts32, _mm512_cmplt_epi32_mask)
ROW_CMP32(row_gts32, _mm512_cmpgt_epi32_mask)
ROW_CMP32(row_ltu32, _mm512_cmplt_epu32_mask)
ROW_CMP32(row_gtu32, _mm512_cmpgt_epu32_mask)
ROW_CMP64(row_eq64, _mm512_cmpeq_epi64_mask)
ROW_CMP64(row_lts64, _mm512_cmplt_epi64_mask)
ROW_CMP64(row_gts64, _mm512_cmpgt_epi64_mask)
ROW_CMP64(row_ltu64, _mm512_cmplt_epu64_mask)
ROW_CMP64(row_gtu64, _mm512_cmpgt_epu64_mask)

#define ROW_FCMP(NAME, IMM)							\
static __always_inline u32 NAME##32(const void *a, const void *b, bool one)	\
{										\
	u32 lo = _mm512_cmp_ps_mask(_mm512_load_ps(a),				\
				    _mm512_castsi512_ps(ROW_B32(0)), IMM);	\
	u32 hi = _mm512_cmp_ps_mask(_mm512_load_ps((const u32 *)a + 16),	\
				    _mm512_castsi512_ps(ROW_B32(1)), IMM);	\
										\
	return lo | hi << 16;							\
}										\
static __always_inline u32 NAME##64(const void *a, const void *b, bool one)	\
{										\
	u32 bits = 0;								\
	int i;									\
										\
	for (i = 0; i < 4; i++)							\
		bits |= (u32)_mm512_cmp_pd_mask(				\
				_mm512_load_pd((const u64 *)a + 8 * i),		\
				_mm512_castsi512_pd(ROW_B64(i)), IMM) << 8 * i;	\
	return bits;								\
}
ROW_FCMP(row_feq, _CMP_EQ_OQ)
ROW_FCMP(row_fne, _CMP_NEQ_OQ)
ROW_FCMP(row_flt, _CMP_LT_OQ)
ROW_FCMP(row_fle, _CMP_LE_OQ)
ROW_FCMP(row_fgt, _CMP_GT_OQ)
ROW_FCMP(row_fge, _CMP_GE_OQ)
ROW_FCMP(row_fnum, _CMP_ORD_Q)

/* Variable shifts that give 0 (or signs) from the width on */
#define ROW_SHIFT(NAME, OP)							\
static __always_inline void NAME(u32 *d, const u32 *a, const u32 *b, bool one)	\
{										\
	_mm512_store_si512(d, OP(_mm512_load_si512(a), ROW_B32(0)));		\
	_mm512_store_si512(d + 16, OP(_mm512_load_si512(a + 16), ROW_B32(1)));	\
}
#define ENG_HAVE_SHIFTS	1
ROW_SHIFT(row_shl32, _mm512_sllv_epi32)
ROW_SHIFT(row_shru32, _mm512_srlv_epi32)
ROW_SHIFT(row_shrs32, _mm512_srav_epi32)

/* r[l] = a[from[l]], from < 32 */
static __always_inline void row_permute32(u32 *r, const u32 *a, const u32 *from)
{
	__m512i lo = _mm512_load_si512(a), hi = _mm512_load_si512(a + 16);

	_mm512_store_si512(r, _mm512_permutex2var_epi32(lo, _mm512_load_si512(from), hi));
	_mm512_store_si512(r + 16,
			   _mm512_permutex2var_epi32(lo, _mm512_load_si512(from + 16), hi));
}

/* 32 words anywhere; lanes of @m only */
static __always_inline void row_move32(void *d, const void *p)
{
	__m512i lo = _mm512_loadu_si512(p), hi = _mm512_loadu_si512((const u32 *)p + 16);

	_mm512_storeu_si512(d, lo);
	_mm512_storeu_si512((u32 *)d + 16, hi);
}

static __always_inline void row_move_some32(void *d, const void *p, u32 m)
{
	__m512i lo = _mm512_loadu_si512(p), hi = _mm512_loadu_si512((const u32 *)p + 16);

	_mm512_mask_storeu_epi32(d, (__mmask16)m, lo);
	_mm512_mask_storeu_epi32((u32 *)d + 16, (__mmask16)(m >> 16), hi);
}

#endif /* VGPU_ENGINE_VEC_H */
