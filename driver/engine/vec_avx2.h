/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the handlers need beyond plain loops, for AVX2 with FMA and F16C.
 */
#ifndef VGPU_ENGINE_VEC_H
#define VGPU_ENGINE_VEC_H

#include <immintrin.h>

#define ENG_ISA		avx2
#define ENG_HAVE_FMA	1
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

#endif /* VGPU_ENGINE_VEC_H */
