/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the handlers need beyond plain loops, for AVX-512 (F, BW, DQ, VL).
 */
#ifndef VGPU_ENGINE_VEC_H
#define VGPU_ENGINE_VEC_H

#include <immintrin.h>

/* interp_avx512vnni.c and interp_avx512fp16.c have more */
#ifndef ENG_HAVE_FP16
#define ENG_HAVE_FP16	0
#endif
#ifndef ENG_HAVE_VNNI
#define ENG_HAVE_VNNI	0
#endif
#ifndef ENG_HAVE_GATHER
#define ENG_HAVE_GATHER	0
#endif

#define ENG_HAVE_FMA	1
#define ENG_HAVE_PAIRS	1
#define ENG_HAVE_CHAINS	1
#define ENG_HAVE_F16C	1
#define ENG_HAVE_BYTES	ENG_HAVE_VNNI	/* permutations of bytes: see eng_cpu_avx512vnni() */

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

/* Lanes @m of @v into 16 words at @d; whole, for a load waits long for a masked store */
static __always_inline void commit32(u32 *d, __m512i v, u32 m)
{
	_mm512_store_si512(d, _mm512_mask_mov_epi32(_mm512_load_si512(d), (__mmask16)m, v));
}

/* Lanes @m of @r into @d, which nobody else writes */
static __always_inline void row_commit32(u32 *d, const u32 *r, u32 m)
{
	commit32(d, _mm512_load_si512(r), m);
	commit32(d + 16, _mm512_load_si512(r + 16), m >> 16);
}

static __always_inline void row_commit64(u64 *d, const u64 *r, u32 m)
{
	int i;

	for (i = 0; i < 4; i++)
		_mm512_store_si512(d + 8 * i,
				   _mm512_mask_mov_epi64(_mm512_load_si512(d + 8 * i),
							 (__mmask8)(m >> 8 * i),
							 _mm512_load_si512(r + 8 * i)));
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

/* Lanes whose @a is @base + their @offset */
static __always_inline u32 row_based32(const u32 *a, const u32 *offset, u32 base)
{
	const __m512i v = _mm512_set1_epi32((int)base);
	u32 bits = 0;
	int i;

	for (i = 0; i < 2; i++) {
		__m512i want = _mm512_add_epi32(v, _mm512_load_si512(offset + 16 * i));

		bits |= (u32)_mm512_cmpeq_epi32_mask(want, _mm512_load_si512(a + 16 * i)) << 16 * i;
	}
	return bits;
}

static __always_inline u32 row_based64(const u64 *a, const u32 *offset, u64 base)
{
	const __m512i v = _mm512_set1_epi64((long long)base);
	u32 bits = 0;
	int i;

	for (i = 0; i < 4; i++) {
		__m256i entries = _mm256_load_si256((const __m256i *)(offset + 8 * i));
		__m512i want = _mm512_add_epi64(v, _mm512_cvtepu32_epi64(entries));

		bits |= (u32)_mm512_cmpeq_epi64_mask(want, _mm512_load_si512(a + 8 * i)) << 8 * i;
	}
	return bits;
}

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

static __always_inline void row_load_some32(u32 *d, const void *p, u32 m)
{
	commit32(d, _mm512_loadu_si512(p), m);
	commit32(d + 16, _mm512_loadu_si512((const u32 *)p + 16), m >> 16);
}

static __always_inline __m512 canonical(__m512 v)
{
	return _mm512_mask_mov_ps(v, _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q),
				  _mm512_castsi512_ps(_mm512_set1_epi32(0x7fffffff)));
}

/*
 * A row of results, NaN canonical.  One comparison of one half with the other says that there is
 * none, where each half's own and a selection by it would be four steps.
 */
static __always_inline void store_floats(u32 *d, __m512 lo, __m512 hi)
{
	if (unlikely(_mm512_cmp_ps_mask(lo, hi, _CMP_UNORD_Q))) {
		lo = canonical(lo);
		hi = canonical(hi);
	}
	_mm512_store_ps(d, lo);
	_mm512_store_ps(d + 16, hi);
}

/* d = a OP b, NaN canonical; @one: a single value */
#define ROW_FLOAT(NAME, OP)							\
static __always_inline void NAME(u32 *d, const u32 *a, const u32 *b, bool one)	\
{										\
	store_floats(d, OP(_mm512_load_ps(a), _mm512_castsi512_ps(ROW_B32(0))),	\
		     OP(_mm512_load_ps(a + 16), _mm512_castsi512_ps(ROW_B32(1)))); \
}
#define ENG_HAVE_ROW_FLOATS	1
ROW_FLOAT(row_fadd32, _mm512_add_ps)
ROW_FLOAT(row_fsub32, _mm512_sub_ps)
ROW_FLOAT(row_fmul32, _mm512_mul_ps)

static __always_inline __m512 half_fma(const u32 *a, const u32 *b, bool oneb, const u32 *c,
				       bool onec)
{
	__m512i vb = oneb ? _mm512_set1_epi32(*(const int *)b) : _mm512_load_si512(b);
	__m512i vc = onec ? _mm512_set1_epi32(*(const int *)c) : _mm512_load_si512(c);

	return _mm512_fmadd_ps(_mm512_load_ps(a), _mm512_castsi512_ps(vb),
			       _mm512_castsi512_ps(vc));
}

/* d = a * b + c, NaN canonical; @oneb, @onec: single values */
static __always_inline void row_fma32(u32 *d, const u32 *a, const u32 *b, bool oneb,
				      const u32 *c, bool onec)
{
	store_floats(d, half_fma(a, b, oneb, c, onec),
		     half_fma(a + 16, oneb ? b : b + 16, oneb, onec ? c : c + 16, onec));
}

static __always_inline void row_fma64(u64 *d, const u64 *a, const u64 *b, bool oneb,
				      const u64 *c, bool onec)
{
	const __m512i nan = _mm512_set1_epi64((long long)0xfff8000000000000ULL);
	int i;

	for (i = 0; i < 4; i++) {
		__m512d vb = _mm512_castsi512_pd(oneb ?
			_mm512_set1_epi64(*(const long long *)b) : _mm512_load_si512(b + 8 * i));
		__m512d vc = _mm512_castsi512_pd(onec ?
			_mm512_set1_epi64(*(const long long *)c) : _mm512_load_si512(c + 8 * i));
		__m512d r = _mm512_fmadd_pd(_mm512_load_pd(a + 8 * i), vb, vc);

		_mm512_store_si512(d + 8 * i,
				   _mm512_mask_mov_epi64(_mm512_castpd_si512(r),
							 _mm512_cmp_pd_mask(r, r, _CMP_UNORD_Q),
							 nan));
	}
}

/* Bytes 0 and 2, then 1 and 3, of each word as 16-bit numbers */
static __always_inline __m512i even_bytes(__m512i v, bool sign)
{
	return sign ? _mm512_srai_epi16(_mm512_slli_epi16(v, 8), 8) :
		      _mm512_and_si512(v, _mm512_set1_epi16(0xff));
}

static __always_inline __m512i odd_bytes(__m512i v, bool sign)
{
	return sign ? _mm512_srai_epi16(v, 8) : _mm512_srli_epi16(v, 8);
}

#if ENG_HAVE_VNNI
/*
 * A word in all lanes, from memory; the compiler would take a general register, and with it the
 * port of permutations.
 */
static __always_inline __m512i alike(const u32 *word)
{
	__m512i v;

	__asm__("vpbroadcastd %1, %0" : "=v"(v) : "m"(*word));
	return v;
}

static const u32 signs = 0x80808080;

/*
 * s + the products of bytes of a and b.  The instruction wants an unsigned and a signed
 * factor: where both are of one kind, the top bit of one is flipped and the difference,
 * 128 times the other's sum, put right.
 */
static __always_inline __m512i vnni_dot(__m512i s, __m512i a, __m512i b, bool sa, bool sb)
{
	const __m512i top = alike(&signs), zero = _mm512_setzero_si512();

	/* used twice, which the compiler would load twice */
	if (sa == sb)
		__asm__("" : "+v"(a), "+v"(b));
	if (!sa && sb)
		return _mm512_dpbusd_epi32(s, a, b);
	if (sa && !sb)
		return _mm512_dpbusd_epi32(s, b, a);
	if (sa)
		return _mm512_sub_epi32(_mm512_dpbusd_epi32(s, _mm512_xor_si512(a, top), b),
					_mm512_dpbusd_epi32(zero, top, b));
	return _mm512_sub_epi32(_mm512_dpbusd_epi32(s, a, _mm512_xor_si512(b, top)),
				_mm512_dpbusd_epi32(zero, a, top));
}
#endif

/* d = c + the four products of bytes of a and b */
#define ENG_HAVE_DP4A	1
static __always_inline void row_dp4a(u32 *d, const u32 *a, const u32 *b, const u32 *c,
				     bool onec, bool sa, bool sb)
{
	int i;

	for (i = 0; i < 2; i++) {
		__m512i va = _mm512_load_si512(a + 16 * i), vb = _mm512_load_si512(b + 16 * i);
		__m512i s = onec ? _mm512_set1_epi32(*(const int *)c) :
				   _mm512_load_si512(c + 16 * i);

#if ENG_HAVE_VNNI
		s = vnni_dot(s, va, vb, sa, sb);
#else
		s = _mm512_add_epi32(s, _mm512_madd_epi16(even_bytes(va, sa),
							  even_bytes(vb, sb)));
		s = _mm512_add_epi32(s, _mm512_madd_epi16(odd_bytes(va, sa),
							  odd_bytes(vb, sb)));
#endif
		_mm512_store_si512(d + 16 * i, s);
	}
}

/* PRMT in its default mode */
#define ENG_HAVE_PRMT	1
static __always_inline void row_prmt(u32 *d, const u32 *a, const u32 *b, const u32 *c, bool onec)
{
	/* within 16 bytes: where the word of each byte begins */
	const __m512i word = _mm512_broadcast_i32x4(_mm_setr_epi32(0, 0x04040404, 0x08080808,
								   0x0c0c0c0c));
	int i;

	for (i = 0; i < 2; i++) {
		__m512i s = onec ? _mm512_set1_epi32(*(const int *)c) :
				   _mm512_load_si512(c + 16 * i);
		__mmask64 sign, ones;
		__m512i at, r;

		/* the low four nibbles to bytes */
		s = _mm512_and_si512(s, _mm512_set1_epi32(0xffff));
		s = _mm512_and_si512(_mm512_or_si512(s, _mm512_slli_epi32(s, 8)),
				     _mm512_set1_epi32(0x00ff00ff));
		s = _mm512_or_si512(s, _mm512_slli_epi32(s, 4));
		at = _mm512_or_si512(_mm512_and_si512(s, _mm512_set1_epi32(0x03030303)), word);
		r = _mm512_shuffle_epi8(_mm512_load_si512(a + 16 * i), at);
		r = _mm512_mask_shuffle_epi8(r, _mm512_test_epi8_mask(s, _mm512_set1_epi8(4)),
					     _mm512_load_si512(b + 16 * i), at);
		/* bit 3: the byte's sign all over */
		sign = _mm512_test_epi8_mask(s, _mm512_set1_epi8(8));
		ones = sign & _mm512_movepi8_mask(r);
		r = _mm512_mask_mov_epi8(r, ones, _mm512_set1_epi8(-1));
		r = _mm512_maskz_mov_epi8(~(sign & ~ones), r);
		_mm512_store_si512(d + 16 * i, r);
	}
}

#define ENG_HAVE_LOP3	1
static __always_inline void row_lop3(u32 *d, const u32 *a, const u32 *b, bool oneb,
				     const u32 *c, bool onec, u32 lut)
{
	/* bit k of @lut all over word k, then all over a register */
	__m512i bits = _mm512_maskz_set1_epi32((__mmask16)lut, -1), m[8];
	int i, k;

	for (k = 0; k < 8; k++)
		m[k] = _mm512_permutexvar_epi32(_mm512_set1_epi32(k), bits);
	for (i = 0; i < 2; i++) {
		__m512i va = _mm512_load_si512(a + 16 * i);
		__m512i vb = oneb ? _mm512_set1_epi32(*(const int *)b) :
				    _mm512_load_si512(b + 16 * i);
		__m512i vc = onec ? _mm512_set1_epi32(*(const int *)c) :
				    _mm512_load_si512(c + 16 * i);
		__m512i lo, hi;

		/* 0xca: first ? second : third */
		lo = _mm512_ternarylogic_epi32(vb, _mm512_ternarylogic_epi32(vc, m[3], m[2], 0xca),
					       _mm512_ternarylogic_epi32(vc, m[1], m[0], 0xca),
					       0xca);
		hi = _mm512_ternarylogic_epi32(vb, _mm512_ternarylogic_epi32(vc, m[7], m[6], 0xca),
					       _mm512_ternarylogic_epi32(vc, m[5], m[4], 0xca),
					       0xca);
		_mm512_store_si512(d + 16 * i, _mm512_ternarylogic_epi32(va, hi, lo, 0xca));
	}
}

/* a[l] = a[0] + l * step for all lanes, without wrapping */
static __always_inline bool row_steps32(const u32 *a)
{
	const __m512i iota = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
					       15);
	__m512i first = _mm512_add_epi32(_mm512_set1_epi32((int)a[0]), iota);
	u32 lo = _mm512_cmpneq_epi32_mask(_mm512_load_si512(a), first);
	u32 hi = _mm512_cmpneq_epi32_mask(_mm512_load_si512(a + 16),
					  _mm512_add_epi32(first, _mm512_set1_epi32(16)));

	return !(lo | hi);
}

static __always_inline bool row_steps64(const u64 *a, u64 step)
{
	const __m512i iota = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7);
	__m512i want = _mm512_add_epi64(_mm512_set1_epi64((long long)a[0]),
					_mm512_mullo_epi64(iota, _mm512_set1_epi64((long long)step)));
	__m512i more = _mm512_set1_epi64((long long)(8 * step));
	u32 bad = 0;
	int i;

	for (i = 0; i < 4; i++, want = _mm512_add_epi64(want, more))
		bad |= _mm512_cmpneq_epi64_mask(_mm512_load_si512(a + 8 * i), want);
	return !bad;
}

/*
 * rel[l] = va[l] - start where that is below @limit (at most 2^31), else 0.  Return:
 * the lanes for which it is.  The mask is data, so that nothing is mispredicted.
 */
#define ENG_HAVE_LANES	1
static __always_inline u32 row_within(u32 *rel, const u64 *va, u64 start, u64 limit)
{
	__m512i s = _mm512_set1_epi64((long long)start), n = _mm512_set1_epi64((long long)limit);
	u32 in = 0;
	int i;

	/* whole registers are stored, so that loads of them need not wait */
	for (i = 0; i < 4; i += 2) {
		__m512i lo = _mm512_sub_epi64(_mm512_load_si512(va + 8 * i), s);
		__m512i hi = _mm512_sub_epi64(_mm512_load_si512(va + 8 * i + 8), s);
		__mmask8 k = _mm512_cmplt_epu64_mask(lo, n), j = _mm512_cmplt_epu64_mask(hi, n);
		__m512i both = _mm512_castsi256_si512(_mm512_maskz_cvtepi64_epi32(k, lo));

		both = _mm512_inserti64x4(both, _mm512_maskz_cvtepi64_epi32(j, hi), 1);
		_mm512_store_si512(rel + 8 * i, both);
		in |= ((u32)k | (u32)j << 8) << 8 * i;
	}
	return in;
}

/* Lanes in which some of @bits is set */
static __always_inline u32 row_test32(const u32 *a, u32 bits)
{
	__m512i b = _mm512_set1_epi32((int)bits);
	u32 lo = _mm512_test_epi32_mask(_mm512_load_si512(a), b);
	u32 hi = _mm512_test_epi32_mask(_mm512_load_si512(a + 16), b);

	return lo | hi << 16;
}

/* a[l] = a[0] + (l << log) for all lanes */
static __always_inline bool row_rises32(const u32 *a, u32 log)
{
	const __m512i iota = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
					       15);
	__m512i want = _mm512_add_epi32(_mm512_set1_epi32((int)a[0]),
					_mm512_sll_epi32(iota, _mm_cvtsi32_si128((int)log)));
	u32 lo = _mm512_cmpneq_epi32_mask(_mm512_load_si512(a), want);
	u32 hi = _mm512_cmpneq_epi32_mask(_mm512_load_si512(a + 16),
					  _mm512_add_epi32(want, _mm512_set1_epi32(16 << log)));

	return !(lo | hi);
}

#if ENG_HAVE_GATHER
/*
 * What a gather leaves lanes as that it does not load.  Where it loads all, the compiler would
 * take any register, and the gather wait for whoever wrote that last.
 */
static __always_inline __m512i nothing(void)
{
	__m512i v = _mm512_setzero_si512();

	__asm__("" : "+v"(v));
	return v;
}

/* Words (double words) from p + rel[l], lanes of @m */
static __always_inline void row_gather32(u32 *d, const u8 *p, const u32 *rel, u32 m)
{
	int i;

	for (i = 0; i < 2; i++, m >>= 16)
		_mm512_store_si512(d + 16 * i,
				   _mm512_mask_i32gather_epi32(nothing(), (__mmask16)m,
							       _mm512_load_si512(rel + 16 * i), p, 1));
}

static __always_inline void row_gather64(u64 *d, const u8 *p, const u32 *rel, u32 m)
{
	int i;

	for (i = 0; i < 4; i++, m >>= 8)
		_mm512_store_si512(d + 8 * i,
				   _mm512_mask_i32gather_epi64(nothing(), (__mmask8)m,
					_mm256_load_si256((const __m256i *)(rel + 8 * i)), p, 1));
}

/* Where lanes meet, the highest one stays */
static __always_inline void row_scatter32(u8 *p, const u32 *rel, const u32 *v, u32 m)
{
	int i;

	for (i = 0; i < 2; i++, m >>= 16)
		_mm512_mask_i32scatter_epi32(p, (__mmask16)m, _mm512_load_si512(rel + 16 * i),
					     _mm512_load_si512(v + 16 * i), 1);
}

static __always_inline void row_scatter64(u8 *p, const u32 *rel, const u64 *v, u32 m)
{
	int i;

	for (i = 0; i < 4; i++, m >>= 8)
		_mm512_mask_i32scatter_epi64(p, (__mmask8)m,
					     _mm256_load_si256((const __m256i *)(rel + 8 * i)),
					     _mm512_load_si512(v + 8 * i), 1);
}

/*
 * A gather whose addresses stay in registers: @rel[i] = what lanes are from the start of
 * the piece, zero where that is not below @limit.  False: some lane of @m is not, or not
 * aligned.
 */
static __always_inline bool lanes_fit(__m512i rel[2], __mmask8 in[4], u32 align, u32 m)
{
	__m512i bits = _mm512_set1_epi32((int)(align - 1));
	u32 lo = in[0] | (u32)in[1] << 8, hi = in[2] | (u32)in[3] << 8;
	u32 odd = _mm512_test_epi32_mask(rel[0], bits) |
		  (u32)_mm512_test_epi32_mask(rel[1], bits) << 16;

	return !(m & (~(lo | hi << 16) | odd));
}

static __always_inline bool lanes_of_64(__m512i rel[2], __m512i va[4], u64 start, u64 limit,
					u32 align, u32 m)
{
	__m512i s = _mm512_set1_epi64((long long)start), n = _mm512_set1_epi64((long long)limit);
	__m256i half[4];
	__mmask8 in[4];
	int i;

	for (i = 0; i < 4; i++) {
		va[i] = _mm512_sub_epi64(va[i], s);
		in[i] = _mm512_cmplt_epu64_mask(va[i], n);
		half[i] = _mm512_maskz_cvtepi64_epi32(in[i], va[i]);
	}
	rel[0] = _mm512_inserti64x4(_mm512_castsi256_si512(half[0]), half[1], 1);
	rel[1] = _mm512_inserti64x4(_mm512_castsi256_si512(half[2]), half[3], 1);
	return lanes_fit(rel, in, align, m);
}

/* By 64-bit addresses @a; @start is less the offset */
static __always_inline bool lanes_by_w(__m512i rel[2], const u64 *a, u64 start, u64 limit,
				       u32 align, u32 m)
{
	__m512i va[4];
	int i;

	for (i = 0; i < 4; i++)
		va[i] = _mm512_load_si512(a + 8 * i);
	return lanes_of_64(rel, va, start, limit, align, m);
}

/* By 32-bit indices @v; @start is less base and offset */
static __always_inline bool lanes_by_sv(__m512i rel[2], const u32 *v, bool sign, u32 shift,
					u64 start, u64 limit, u32 align, u32 m)
{
	__m128i n = _mm_cvtsi32_si128((int)shift);
	__m512i va[4];
	int i;

	for (i = 0; i < 4; i++) {
		__m256i x = _mm256_load_si256((const __m256i *)(v + 8 * i));

		va[i] = _mm512_sll_epi64(sign ? _mm512_cvtepi32_epi64(x) :
						_mm512_cvtepu32_epi64(x), n);
	}
	return lanes_of_64(rel, va, start, limit, align, m);
}

/* By 32-bit addresses @a + @off, which wrap */
static __always_inline bool lanes_by_v(__m512i rel[2], const u32 *a, u32 off, u32 limit,
				       u32 align, u32 m)
{
	__m512i o = _mm512_set1_epi32((int)off), n = _mm512_set1_epi32((int)limit);
	__mmask8 in[4];
	int i;

	for (i = 0; i < 2; i++) {
		__m512i at = _mm512_add_epi32(_mm512_load_si512(a + 16 * i), o);
		__mmask16 k = _mm512_cmplt_epu32_mask(at, n);

		rel[i] = _mm512_maskz_mov_epi32(k, at);
		in[2 * i] = (__mmask8)k;
		in[2 * i + 1] = (__mmask8)(k >> 8);
	}
	return lanes_fit(rel, in, align, m);
}

/* The words there; of those of 1 or 2 bytes, extended, as @drop bits are cut off */
static __always_inline void lanes_gather(u32 *d, const u8 *p, const __m512i rel[2], u32 drop,
					 bool sign, u32 m)
{
	__m128i n = _mm_cvtsi32_si128((int)drop);
	int i;

	for (i = 0; i < 2; i++, d += 16) {
		u32 some = m >> 16 * i;
		__m512i v = _mm512_mask_i32gather_epi32(nothing(), (__mmask16)some,
							rel[i], p, 1);

		if (drop) {
			v = _mm512_sll_epi32(v, n);
			v = sign ? _mm512_sra_epi32(v, n) : _mm512_srl_epi32(v, n);
		}
		if (m == ENG_ALL)
			_mm512_store_si512(d, v);
		else
			commit32(d, v, some);
	}
}

/* Words at fixed distances from @p, with @bits of them; lanes of @m */
static __always_inline void row_pick(u32 *d, const u8 *p, const u32 *rel, u32 bits, u32 m)
{
	int i;

	for (i = 0; i < 2; i++, d += 16) {
		u32 some = m >> 16 * i;
		__m512i v = _mm512_mask_i32gather_epi32(nothing(), (__mmask16)some,
							_mm512_load_si512(rel + 16 * i), p, 1);

		if (bits != ENG_ALL)
			v = _mm512_and_si512(v, _mm512_set1_epi32((int)bits));
		if (m == ENG_ALL)
			_mm512_store_si512(d, v);
		else
			commit32(d, v, some);
	}
}

/* The low bytes of words (1 or 2), extended */
static __always_inline void row_narrow(u32 *d, u32 bytes, bool sign)
{
	__m128i n = _mm_cvtsi32_si128((int)(32 - 8 * bytes));
	int i;

	for (i = 0; i < 2; i++, d += 16) {
		__m512i v = _mm512_sll_epi32(_mm512_load_si512(d), n);

		_mm512_store_si512(d, sign ? _mm512_sra_epi32(v, n) : _mm512_srl_epi32(v, n));
	}
}
#endif

/*
 * The low or the high halves as f16, to f32.  One permutation instead of a shift and a
 * conversion to words, which is two of them; one of bytes is half of one of words.
 */
static __always_inline __m512 half_h2f(const u32 *a, bool high)
{
#if ENG_HAVE_BYTES
	const __m512i even = _mm512_set_epi64(0, 0, 0, 0, 0x3d3c393835343130, 0x2d2c292825242120,
					      0x1d1c191815141110, 0x0d0c090805040100);
	__m512i from = high ? _mm512_add_epi8(even, _mm512_set1_epi8(2)) : even;
	__m512i v = _mm512_permutexvar_epi8(from, _mm512_load_si512(a));
#else
	const __m512i even = _mm512_set_epi32(0, 0, 0, 0, 0, 0, 0, 0, 0x1e001c, 0x1a0018, 0x160014,
					      0x120010, 0xe000c, 0xa0008, 0x60004, 0x20000);
	__m512i from = high ? _mm512_add_epi16(even, _mm512_set1_epi16(1)) : even;
	__m512i v = _mm512_permutexvar_epi16(from, _mm512_load_si512(a));
#endif

	return _mm512_cvtph_ps(_mm512_castsi512_si256(v));
}

static __always_inline void row_h2f(u32 *d, const u32 *a, bool high)
{
	store_floats(d, half_h2f(a, high), half_h2f(a + 16, high));
}

/* f32 to f16, to nearest even; MXCSR's flushing makes no difference to that */
#define ENG_HAVE_F2H	1
static __always_inline __m512i half_of(const u32 *a)
{
	__m512 v = _mm512_load_ps(a);
	__m512i r = _mm512_cvtepu16_epi32(_mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT |
								_MM_FROUND_NO_EXC));

	return _mm512_mask_mov_epi32(r, _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q),
				     _mm512_set1_epi32(0x7fff));
}

static __always_inline void row_f2h(u32 *d, const u32 *a)
{
	_mm512_store_si512(d, half_of(a));
	_mm512_store_si512(d + 16, half_of(a + 16));
}

/* @hi into the high halves */
static __always_inline void row_f2h2(u32 *d, const u32 *hi, const u32 *lo)
{
	int i;

	for (i = 0; i < ENG_LANES; i += 16)
		_mm512_store_si512(d + i, _mm512_or_si512(_mm512_slli_epi32(half_of(hi + i), 16),
							  half_of(lo + i)));
}

#if ENG_HAVE_FP16
/* Arithmetic of f16 pairs, which flushes nothing whatever MXCSR says; NaN canonical */
static __always_inline void store_halves(u32 *d, __m512h r)
{
	_mm512_store_si512(d, _mm512_mask_mov_epi16(_mm512_castph_si512(r),
						    _mm512_cmp_ph_mask(r, r, _CMP_UNORD_Q),
						    _mm512_set1_epi16(0x7fff)));
}

#define ROW_HALF2(NAME, OP)							\
static __always_inline void NAME(u32 *d, const u32 *a, const u32 *b)		\
{										\
	store_halves(d, OP(_mm512_load_ph(a), _mm512_load_ph(b)));		\
	store_halves(d + 16, OP(_mm512_load_ph(a + 16), _mm512_load_ph(b + 16))); \
}
ROW_HALF2(row_hadd, _mm512_add_ph)
ROW_HALF2(row_hsub, _mm512_sub_ph)
ROW_HALF2(row_hmul, _mm512_mul_ph)

static __always_inline void row_hfma(u32 *d, const u32 *a, const u32 *b, const u32 *c)
{
	int i;

	for (i = 0; i < ENG_LANES; i += 16)
		store_halves(d + i, _mm512_fmadd_ph(_mm512_load_ph(a + i), _mm512_load_ph(b + i),
						    _mm512_load_ph(c + i)));
}
#endif

/* Windows from an address on; no array, for the compiler keeps those in memory */
#define ENG_HAVE_RECORDS	1
struct windows {
	__m512i a, b, c, d;
};

static __always_inline void load_windows(struct windows *v, const u8 *p, u64 step, u32 kind)
{
	v->a = _mm512_loadu_si512(p);
	p += step;
	v->b = _mm512_loadu_si512(p);
	v->c = v->d = v->b;
	if (kind != ENG_REC_D4 && kind != ENG_REC_W3)
		return;
	/* or each gets a register for its address */
	__asm__("" : "+r"(p));
	p += step;
	v->c = _mm512_loadu_si512(p);
	if (kind == ENG_REC_D4)
		v->d = _mm512_loadu_si512(p + step);
}

/* Who takes what out of windows; by a register and masks */
struct takers {
	__m512i at;
	u64 take[3];
};

static __always_inline struct takers takers_of(const union eng_picks *picks, const u64 *take,
					       u32 kind)
{
	struct takers t = { .at = _mm512_load_si512(picks) };

	if (kind == ENG_REC_D4)
		t.take[0] = (u32)take[0];
	if (kind == ENG_REC_W2 || kind == ENG_REC_W3) {
		t.take[0] = take[0];
		t.take[1] = take[1];
		t.take[2] = take[2];
	}
	return t;
}

#if ENG_HAVE_BYTES
/* By bytes: each window's permutation is one step, and zeros come with the first one. */
static __always_inline __m512i pick_words(struct windows v, struct takers t, u32 kind, u32 bits)
{
	__m512i r = bits == ENG_ALL ? _mm512_permutexvar_epi8(t.at, v.a) :
				      _mm512_maskz_permutexvar_epi8(t.take[0], t.at, v.a);

	r = _mm512_mask_permutexvar_epi8(r, t.take[1], t.at, v.b);
	return kind == ENG_REC_W2 ? r : _mm512_mask_permutexvar_epi8(r, t.take[2], t.at, v.c);
}
#else
static __always_inline __m512i pick_words(struct windows v, struct takers t, u32 kind, u32 bits)
{
	__m512i r = _mm512_permutex2var_epi16(v.a, t.at, v.b);

	if (kind == ENG_REC_W3)
		r = _mm512_mask_permutexvar_epi16(r, (u32)t.take[0], t.at, v.c);
	return bits == ENG_ALL ? r : _mm512_and_si512(r, _mm512_set1_epi32((int)bits));
}
#endif

/* What lanes pick out of windows, elements of @bits */
static __always_inline void store_picked(u32 *d, struct windows v, struct takers t, u32 kind,
					 u32 bits)
{
	__m512i r;

	if (kind == ENG_REC_W2 || kind == ENG_REC_W3) {
		_mm512_store_si512(d, pick_words(v, t, kind, bits));
		return;
	}
	r = _mm512_permutex2var_epi32(v.a, t.at, v.b);
	if (kind == ENG_REC_D4)
		r = _mm512_mask_mov_epi32(r, (__mmask16)t.take[0],
					  _mm512_permutex2var_epi32(v.c, t.at, v.d));
	if (bits != ENG_ALL)
		r = _mm512_and_si512(r, _mm512_set1_epi32((int)bits));
	_mm512_store_si512(d, r);
}

/* A record from @p */
static __always_inline void row_record(u32 *d, const u8 *p, const struct eng_record *r, u32 kind,
				       u32 bits)
{
	struct takers t = takers_of(&r->picks, r->take, kind);
	struct eng_windows at = r->windows;
	struct windows v;
	u32 i;

	p += at.first;
	for (i = 0; i < ENG_LANES; i += 16, p += at.half) {
		load_windows(&v, p, at.step, kind);
		store_picked(d + i, v, t, kind, bits);
	}
}

/* Two of the same windows */
static __always_inline void row_twin(u32 *d, u32 *e, const u8 *p, const struct eng_twin *t,
				     u32 kind, u32 bits, u32 bits_e)
{
	struct takers first = takers_of(&t->picks[0], t->take[0], kind);
	struct takers second = takers_of(&t->picks[1], t->take[1], kind);
	struct eng_windows at = t->windows;
	struct windows v;
	u32 i;

	p += at.first;
	for (i = 0; i < ENG_LANES; i += 16, p += at.half) {
		load_windows(&v, p, at.step, kind);
		/* or the compiler loads windows again for each use */
		__asm__("" : "+v"(v.a), "+v"(v.b), "+v"(v.c));
		if (kind == ENG_REC_D4)
			__asm__("" : "+v"(v.d));
		store_picked(d + i, v, first, kind, bits);
		store_picked(e + i, v, second, kind, bits_e);
	}
}

/* A register, and what num_mma_rows.h does with it */
#define VEC		__m512i
#define VECF		__m512
#define VEC_N		2
#define VEC_LD(p, i)	_mm512_loadu_si512((p) + 16 * (i))
#define VEC_ST(p, i, v)	_mm512_storeu_si512((p) + 16 * (i), v)
#define VEC_ALIKE(x)	_mm512_broadcast_i32x4(x)
#define VEC_WORD(v, q)	_mm512_shuffle_epi32(v, (_MM_PERM_ENUM)((q) * 0x55))
#define VEC_WORDF(v, q)	_mm512_permute_ps(v, (q) * 0x55)
#define VEC_ADD		_mm512_add_epi32
#define VEC_MADD	_mm512_madd_epi16
#define VEC_AND		_mm512_and_si512
#define VEC_SHL		_mm512_slli_epi32
#define VEC_SHR		_mm512_srli_epi32
#define VEC_ONE(x)	_mm512_set1_epi32((int)(x))
#define VEC_FMA		_mm512_fmadd_ps
#define VEC_FLOATS	_mm512_castsi512_ps
#define VEC_BITS	_mm512_castps_si512
#define VEC_FROM_HALF(v) _mm512_cvtph_ps(_mm512_cvtepi32_epi16(v))

/* 4x4 transposes of words within each 16 bytes, across four registers */
static __always_inline void transpose4(__m512i v[4])
{
	__m512i a = _mm512_unpacklo_epi32(v[0], v[1]), b = _mm512_unpackhi_epi32(v[0], v[1]);
	__m512i c = _mm512_unpacklo_epi32(v[2], v[3]), d = _mm512_unpackhi_epi32(v[2], v[3]);

	v[0] = _mm512_unpacklo_epi64(a, c);
	v[1] = _mm512_unpackhi_epi64(a, c);
	v[2] = _mm512_unpacklo_epi64(b, d);
	v[3] = _mm512_unpackhi_epi64(b, d);
}

/* Four words a lane, lanes one behind the other, into four rows and back */
static __always_inline bool row_load4(u32 *d, const u8 *p)
{
	const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11,
						15);
	__m512i v[4];
	int half, i;

	for (half = 0; half < 2; half++) {
		for (i = 0; i < 4; i++)
			v[i] = _mm512_loadu_si512(p + 256 * half + 64 * i);
		transpose4(v);
		for (i = 0; i < 4; i++)
			_mm512_store_si512(d + 32 * i + 16 * half,
					   _mm512_permutexvar_epi32(order, v[i]));
	}
	return true;
}

static __always_inline bool row_store4(const u32 *d, u8 *p)
{
	const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11,
						15);
	__m512i v[4];
	int half, i;

	for (half = 0; half < 2; half++) {
		for (i = 0; i < 4; i++)
			v[i] = _mm512_permutexvar_epi32(order,
							_mm512_load_si512(d + 32 * i + 16 * half));
		transpose4(v);
		for (i = 0; i < 4; i++)
			_mm512_storeu_si512(p + 256 * half + 64 * i, v[i]);
	}
	return true;
}

#endif /* VGPU_ENGINE_VEC_H */
