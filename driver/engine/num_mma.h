/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Matrix products: the numerics of MMA, MMASC and MOVMATRIX, for each handler set.
 *
 * PTX spreads a matrix over the lanes so that one register row (32 lanes of 32
 * bit) is a tile of 8 matrix rows, 16 bytes of consecutive elements each: lane
 * 4 * row + quarter.  A's registers are the tiles of rows 0-7 and 8-15, then the
 * same for the next columns; B's are tiles of its transpose, rising in k; C and D
 * alternate: even columns in one register, odd ones in the next.  (f64: the same
 * with rows of 32 lanes of 64 bit.)
 *
 * Sums run over k in rising order, as vgpu_isa.h says, eight columns at a time.
 * The float environment must be the default one.
 */
#ifndef VGPU_ENGINE_NUM_MMA_H
#define VGPU_ENGINE_NUM_MMA_H

#include <emmintrin.h>

/* Vectors of 32 bytes only cross inlined calls here. */
#pragma GCC diagnostic ignored "-Wpsabi"

#include "../../uapi/vgpu_isa.h"

#define MMA_ROW		ENG_LANES	/* 32-bit words of a register row */

typedef float mma_v8f __attribute__((vector_size(32), aligned(4), may_alias));
typedef s32 mma_v8i __attribute__((vector_size(32), aligned(4), may_alias));

enum { MMA_F64, MMA_F32, MMA_S32, MMA_F16, MMA_BF16, MMA_TF32, MMA_I8, MMA_I4, MMA_B1,
		MMA_F8, MMA_F4 };

struct mma_kind {
	u16 m, n, k;
	u8 type, ctype, areg, breg, creg;
};

static const struct mma_kind mma_kinds[VGPU_MMA_COUNT] = {
#define _(NAME, M, N, K, AB, CD, A, B, C) { M, N, K, MMA_##AB, MMA_##CD, A, B, C },
	VGPU_MMA_KINDS(_)
#undef _
};

/* ---- 8x8 tiles of 16 bit --------------------------------------------------------- */

/* The transpose of an 8x8 tile of 16-bit elements */
static __always_inline void mma_transpose16(__m128i r[8], const u32 *tile)
{
	const __m128i *p = (const __m128i *)tile;
	__m128i a[8], b[8];
	int i;

	for (i = 0; i < 4; i++) {
		__m128i x = _mm_loadu_si128(p + 2 * i), y = _mm_loadu_si128(p + 2 * i + 1);

		a[2 * i] = _mm_unpacklo_epi16(x, y);
		a[2 * i + 1] = _mm_unpackhi_epi16(x, y);
	}
	for (i = 0; i < 2; i++) {
		b[4 * i] = _mm_unpacklo_epi32(a[4 * i], a[4 * i + 2]);
		b[4 * i + 1] = _mm_unpackhi_epi32(a[4 * i], a[4 * i + 2]);
		b[4 * i + 2] = _mm_unpacklo_epi32(a[4 * i + 1], a[4 * i + 3]);
		b[4 * i + 3] = _mm_unpackhi_epi32(a[4 * i + 1], a[4 * i + 3]);
	}
	for (i = 0; i < 4; i++) {
		r[2 * i] = _mm_unpacklo_epi64(b[i], b[4 + i]);
		r[2 * i + 1] = _mm_unpackhi_epi64(b[i], b[4 + i]);
	}
}

static noinline void mma_movmatrix(u32 *d, const u32 *a)
{
	__m128i r[8];
	int i;

	mma_transpose16(r, a);
	for (i = 0; i < 8; i++)
		_mm_storeu_si128((__m128i *)d + i, r[i]);
}

/* ---- small floats ------------------------------------------------------------------ */

static __always_inline float mma_bits(u32 u)
{
	float f;

	__builtin_memcpy(&f, &u, 4);
	return f;
}

static __always_inline u32 mma_word(float f)
{
	u32 u;

	__builtin_memcpy(&u, &f, 4);
	return u;
}

/* A float of @e exponent and @m mantissa bits without infinities */
static __always_inline float mma_small(u32 v, int e, int m)
{
	u32 sign = (v >> (e + m) & 1) << 31, mag = v & ((1u << (e + m)) - 1);
	/* as a denormal of f32's format, scaled up: exact */
	float f = mma_bits(mag << (23 - m)) * mma_bits((u32)(254 - (1 << (e - 1)) + 1) << 23);

	return mma_bits(mma_word(f) | sign);
}

/* A byte of type @type (enum vgpu_q8), as mma's 8-bit containers hold it */
static __always_inline float mma_q8(u32 v, u32 type)
{
	switch (type) {
	case VGPU_Q8_E5M2:
		if ((v & 0x7c) == 0x7c)
			return mma_bits((v & 0x80) << 24 | 0x7f800000 | (v & 3) << 21);
		return mma_small(v, 5, 2);
	case VGPU_Q8_E2M3:
		return mma_small(v & 0x3f, 2, 3);
	case VGPU_Q8_E3M2:
		return mma_small(v & 0x3f, 3, 2);
	case VGPU_Q8_E2M1:
		return mma_small(v >> 2 & 0xf, 2, 1);	/* in the middle of its byte */
	default:
		if ((v & 0x7f) == 0x7f)
			return mma_bits(0x7fffffff);
		return mma_small(v, 4, 3);
	}
}

#if !ENG_HAVE_F16C
static __always_inline float mma_half(u32 h)
{
	if ((h & 0x7c00) == 0x7c00)
		return mma_bits((h & 0x8000) << 16 | 0x7f800000 | (h & 0x3ff) << 13);
	return mma_small(h, 5, 10);
}
#endif

/* f32 to f16, to nearest even; NaN canonical */
static __always_inline u32 mma_to_half(float f)
{
	u32 u = mma_word(f), sign = u >> 16 & 0x8000, mag = u & 0x7fffffff;

	if (mag > 0x7f800000)
		return 0x7fff;
	if (mag >= 0x477ff000)
		return sign | 0x7c00;
	if (mag < 0x38800000)	/* a denormal: let the adder round */
		return sign | (mma_word(mma_bits(mag) + 0.5f) - 0x3f000000);
	mag += 0xfff + (mag >> 13 & 1);
	return sign | (mag - 0x38000000) >> 13;
}

/* ---- eight columns at a time ---------------------------------------------------------- */

#if ENG_HAVE_FMA
static __always_inline mma_v8f mma_fma(float a, mma_v8f b, mma_v8f c)
{
	mma_v8f av = { a, a, a, a, a, a, a, a };

	return (mma_v8f)_mm256_fmadd_ps((__m256)av, (__m256)b, (__m256)c);
}

static __always_inline float mma_fma1(float a, float b, float c)
{
	return __builtin_fmaf(a, b, c);
}

static __always_inline double mma_fma64(double a, double b, double c)
{
	return __builtin_fma(a, b, c);
}
#else
/*
 * fma without the instruction: the product is exact in double; the sum is rounded to
 * odd there, so that rounding to float afterwards is the only rounding.
 */
static __always_inline float mma_fma1(float a, float b, float c)
{
	double p = (double)a * b, s = p + c, t = s - p;
	double err = (p - (s - t)) + (c - t);
	u64 bits;

	__builtin_memcpy(&bits, &s, 8);
	if (err != 0 && !(bits & 1) && (bits << 1 >> 53) != 0x7ff) {
		bits += (err > 0) == (s > 0) ? 1 : -1;
		__builtin_memcpy(&s, &bits, 8);
	}
	return (float)s;
}

static __always_inline mma_v8f mma_fma(float a, mma_v8f b, mma_v8f c)
{
	mma_v8f r;
	int i;

	for (i = 0; i < 8; i++)
		r[i] = mma_fma1(a, b[i], c[i]);
	return r;
}

static __always_inline double mma_fma64(double a, double b, double c)
{
	return num_dfma_soft(a, b, c);
}
#endif

/* ---- operands ------------------------------------------------------------------------------ */

/* Elements of one row of an A tile, 16 bytes, as floats */
static __always_inline void mma_row_floats(float *out, const u32 *row, u32 type, u32 q8)
{
	int i;

	if (type == MMA_TF32) {
		for (i = 0; i < 4; i++)
			out[i] = mma_bits(row[i] & 0xffffe000);
	} else if (type == MMA_BF16) {
		for (i = 0; i < 8; i++)
			out[i] = mma_bits((u32)((const u16 *)row)[i] << 16);
	} else if (type == MMA_F16) {
#if ENG_HAVE_F16C
		*(mma_v8f *)out = (mma_v8f)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)row));
#else
		for (i = 0; i < 8; i++)
			out[i] = mma_half(((const u16 *)row)[i]);
#endif
	} else if (type == MMA_F8) {
		for (i = 0; i < 16; i++)
			out[i] = mma_q8(((const u8 *)row)[i], q8);
	} else {
		for (i = 0; i < 32; i++)
			out[i] = mma_small(((const u8 *)row)[i / 2] >> (i & 1) * 4 & 15, 2, 1);
	}
}

/* Elements in 16 bytes */
static __always_inline int mma_tile_cols(u32 type)
{
	switch (type) {
	case MMA_TF32:
		return 4;
	case MMA_F16:
	case MMA_BF16:
		return 8;
	case MMA_F8:
	case MMA_I8:
		return 16;
	case MMA_B1:
		return 128;
	default:
		return 32;
	}
}

/* A tile of B, k-major: out[k][n]; @row has room for a row */
static __always_inline void mma_b_floats(float (*out)[8], float *row, const u32 *tile, u32 type,
					 u32 q8)
{
	int n, k;

	if (type == MMA_F16 || type == MMA_BF16) {
		__m128i r[8];

		mma_transpose16(r, tile);
		for (k = 0; k < 8; k++)
			mma_row_floats(out[k], (const u32 *)&r[k], type, 0);
		return;
	}
	for (n = 0; n < 8; n++) {
		mma_row_floats(row, tile + 4 * n, type, q8);
		for (k = 0; k < mma_tile_cols(type); k++)
			out[k][n] = row[k];
	}
}

/* ---- sparse A ---------------------------------------------------------------------------------- */

/**
 * struct mma_sparse - where the elements that A holds belong
 * @meta: the metadata register's row
 * @select: PTX's sparsity selector
 */
struct mma_sparse {
	const u32 *meta;
	u32 select;
};

/*
 * Row @i's metadata, 4 bits for each group of elements.  Types of 16 bit and tf32 pack
 * rows i and i + 8 into a word for 16 of these bits each; the others have words of their own.
 */
static __always_inline u64 mma_row_meta(const struct mma_sparse *sp, int i, u32 type, int k)
{
	const u32 *quad = sp->meta + 4 * (i & 7);
	bool high = i >= 8;

	if (type == MMA_F16 || type == MMA_BF16 || type == MMA_TF32) {
		int shift = high ? 16 : 0;

		if (k == (type == MMA_TF32 ? 8 : 16))
			return quad[sp->select] >> shift & 0xffff;
		quad += 2 * (sp->select & 1);
		return (quad[0] >> shift & 0xffff) | (u64)(quad[1] >> shift & 0xffff) << 16;
	}
	if (k == (type == MMA_I4 || type == MMA_F4 ? 128 : 64))
		return quad[high] | (u64)quad[2 + high] << 32;
	return quad[2 * (sp->select & 1) + high];
}

/* The dense column of stored element @e of a row */
static __always_inline int mma_sparse_col(u64 meta, int e, u32 type)
{
	switch (type) {
	case MMA_TF32:	/* one of two, told as the halves of 16 bit */
		return 2 * e + (meta >> (4 * e) >> 1 & 1);
	case MMA_I4:
	case MMA_F4:	/* two pairs of four */
		return e / 4 * 8 + 2 * (int)(meta >> (4 * (e / 4) + 2 * (e / 2 & 1)) & 3) + (e & 1);
	default:	/* two of four */
		return e / 2 * 4 + (int)(meta >> (4 * (e / 2) + 2 * (e & 1)) & 3);
	}
}

/* C and D as rows of eight columns: two registers of 32 bit alternate */
static __always_inline void mma_c_load(u32 (*out)[8], const u32 *c, int rows)
{
	u64 *pair = (u64 *)out;
	int l, half;

	for (half = 0; half < rows / 8; half++, c += 2 * MMA_ROW, pair += MMA_ROW)
		for (l = 0; l < MMA_ROW; l++)
			pair[l] = c[l] | (u64)c[MMA_ROW + l] << 32;
}

static __always_inline void mma_d_store(u32 *d, u32 (*in)[8], int rows)
{
	const u64 *pair = (const u64 *)in;
	int l, half;

	for (half = 0; half < rows / 8; half++, d += 2 * MMA_ROW, pair += MMA_ROW)
		for (l = 0; l < MMA_ROW; l++) {
			d[l] = (u32)pair[l];
			d[MMA_ROW + l] = (u32)(pair[l] >> 32);
		}
}

static __always_inline void mma_c_floats(float (*acc)[8], const u32 *c, u32 ctype, int rows)
{
	int i;

	if (!c) {
		for (i = 0; i < rows; i++)
			*(mma_v8f *)acc[i] = (mma_v8f){ 0 };
	} else if (ctype == MMA_F32) {
		mma_c_load((u32 (*)[8])acc, c, rows);
	} else {
		for (i = 0; i < rows; i++)
			mma_row_floats(acc[i], c + 4 * i, MMA_F16, 0);
	}
}

static __always_inline void mma_d_floats(u32 *d, float (*acc)[8], u32 ctype, int rows)
{
	int i, j;

	if (ctype == MMA_F32) {
		for (i = 0; i < rows; i++) {
			mma_v8f v = *(mma_v8f *)acc[i];
			mma_v8i nan = (mma_v8i)(v != v), bits = (mma_v8i)v;

			*(mma_v8i *)acc[i] = (bits & ~nan) | (nan & 0x7fffffff);
		}
		mma_d_store(d, (u32 (*)[8])acc, rows);
		return;
	}
	for (i = 0; i < rows; i++)
		for (j = 0; j < 8; j += 2)
			d[4 * i + j / 2] = mma_to_half(acc[i][j]) | mma_to_half(acc[i][j + 1]) << 16;
}

/* ---- products of floats --------------------------------------------------------------------- */

/* @bt, @row: room for a tile of B and a row of A, so that each type's frame is no larger than it must */
static __always_inline void mma_floats(u32 *d, const u32 *a, const u32 *b, const u32 *c,
				       const struct mma_kind *kind, u32 type, u32 imm,
				       float (*bt)[8], float *row)
{
	float acc[16][8] __aligned(32);
	int cols = mma_tile_cols(type), tiles = kind->k / cols, halves = kind->m / 8;
	int t, h, i, k;

	mma_c_floats(acc, c, kind->ctype, kind->m);
	for (t = 0; t < tiles; t++) {
		mma_b_floats(bt, row, b + t * MMA_ROW, type, imm >> 20 & 15);
		for (h = 0; h < halves; h++)
			for (i = 0; i < 8; i++) {
				mma_v8f s = *(mma_v8f *)acc[8 * h + i];

				mma_row_floats(row, a + (t * halves + h) * MMA_ROW + 4 * i, type,
					       imm >> 16 & 15);
				for (k = 0; k < cols; k++)
					s = mma_fma(row[k], *(mma_v8f *)bt[k], s);
				*(mma_v8f *)acc[8 * h + i] = s;
			}
	}
	mma_d_floats(d, acc, kind->ctype, kind->m);
}

/* The same with a sparse A: tile @t of B meets half of A's tile t / 2. */
static __always_inline void mma_sparse_floats(u32 *d, const u32 *a, const u32 *b,
					      const struct mma_sparse *sp,
					      const struct mma_kind *kind, u32 type, u32 imm,
					      float (*bt)[8], float *row)
{
	float acc[16][8] __aligned(32);
	int cols = mma_tile_cols(type), tiles = kind->k / cols, t, i, e;

	mma_c_floats(acc, d, kind->ctype, 16);
	for (t = 0; t < tiles; t++) {
		mma_b_floats(bt, row, b + t * MMA_ROW, type, imm >> 20 & 15);
		for (i = 0; i < 16; i++) {
			u64 meta = mma_row_meta(sp, i, type, kind->k);
			mma_v8f s = *(mma_v8f *)acc[i];

			mma_row_floats(row, a + (t / 2 * 2 + i / 8) * MMA_ROW + 4 * (i & 7), type,
				       imm >> 16 & 15);
			for (e = cols / 2 * (t & 1); e < cols / 2 * (t & 1) + cols / 2; e++) {
				int at = mma_sparse_col(meta, cols * (t / 2) + e, type) - t * cols;

				s = mma_fma(row[e], *(mma_v8f *)bt[at & (cols - 1)], s);
			}
			*(mma_v8f *)acc[i] = s;
		}
	}
	mma_d_floats(d, acc, kind->ctype, 16);
}

static noinline void mma_f16(u32 *d, const u32 *a, const u32 *b, const u32 *c,
			     const struct mma_kind *kind)
{
	float bt[8][8] __aligned(32), row[8] __aligned(32);

	mma_floats(d, a, b, c, kind, MMA_F16, 0, bt, row);
}

static noinline void mma_bf16(u32 *d, const u32 *a, const u32 *b, const u32 *c,
			      const struct mma_kind *kind)
{
	float bt[8][8] __aligned(32), row[8] __aligned(32);

	mma_floats(d, a, b, c, kind, MMA_BF16, 0, bt, row);
}

static noinline void mma_tf32(u32 *d, const u32 *a, const u32 *b, const u32 *c,
			      const struct mma_kind *kind)
{
	float bt[4][8] __aligned(32), row[8] __aligned(32);

	mma_floats(d, a, b, c, kind, MMA_TF32, 0, bt, row);
}

static noinline void mma_f8(u32 *d, const u32 *a, const u32 *b, const u32 *c,
			    const struct mma_kind *kind, u32 imm)
{
	float bt[16][8] __aligned(32), row[16] __aligned(32);

	mma_floats(d, a, b, c, kind, MMA_F8, imm, bt, row);
}

static noinline void mma_f4(u32 *d, const u32 *a, const u32 *b, const u32 *c,
			    const struct mma_kind *kind)
{
	float bt[32][8] __aligned(32), row[32] __aligned(32);

	mma_floats(d, a, b, c, kind, MMA_F4, 0, bt, row);
}

/* f64: A's register rows are tiles of 8 rows of 4 doubles */
static noinline void mma_f64(u32 *d, const u32 *a, const u32 *b, const u32 *c,
			     const struct mma_kind *kind)
{
	const double *da = (const double *)a, *db = (const double *)b, *dc = (const double *)c;
	int halves = kind->m / 8, i, j, k;
	double acc[16][8];

	for (i = 0; i < kind->m; i++)
		for (j = 0; j < 8; j++) {
			double s = 0;

			if (dc)
				s = dc[(i / 8 * 2 + (j & 1)) * ENG_LANES + (i & 7) * 4 + j / 2];
			for (k = 0; k < kind->k; k++)
				s = mma_fma64(da[(k / 4 * halves + i / 8) * ENG_LANES + (i & 7) * 4 + (k & 3)],
					      db[k / 4 * ENG_LANES + j * 4 + (k & 3)], s);
			acc[i][j] = s;
		}
	for (i = 0; i < kind->m; i++)
		for (j = 0; j < 8; j++) {
			u64 bits = 0xfff8000000000000ULL;

			if (acc[i][j] == acc[i][j])
				__builtin_memcpy(&bits, &acc[i][j], 8);
			((u64 *)d)[(i / 8 * 2 + (j & 1)) * ENG_LANES + (i & 7) * 4 + j / 2] = bits;
		}
}

/* Four products of 8x4 by 4x8, each by lanes 4 q .. 4 q + 3 and 16 above them */
struct mma_quad {
	float a[8][4], b[4][8], c[8][8];
};

/* Element @i of lane @x of the quad: of f32 accumulators; row and column */
static __always_inline void mma_quad_place(int x, int i, int *row, int *col)
{
	*row = (x & 1) + (i & 2) + (x & 4);
	*col = (i & 4) + (x & 2) + (i & 1);
}

static __always_inline float mma_quad_half(const u32 *r, int lane, int i)
{
	return num_from_h(r[i / 2 * MMA_ROW + lane] >> (i & 1) * 16 & 0xffff);
}

static __always_inline void mma_quad_load(struct mma_quad *m, const u32 *a, const u32 *b,
					  const u32 *c, int q, bool wide, u32 imm)
{
	int x, i, row, col;

	for (x = 0; x < 8; x++) {
		int lane = 4 * q + (x & 3) + (x & 4) * 4;

		for (i = 0; i < 4; i++) {
			float va = mma_quad_half(a, lane, i), vb = mma_quad_half(b, lane, i);

			if (imm & VGPU_MMA_A_COL)
				m->a[i + (x & 4)][x & 3] = va;
			else
				m->a[x][i] = va;
			if (imm & VGPU_MMA_B_ROW)
				m->b[x & 3][i + (x & 4)] = vb;
			else
				m->b[i][x] = vb;
		}
		for (i = 0; i < 8; i++) {
			mma_quad_place(x, i, &row, &col);
			if (!c)
				m->c[x][i] = 0;
			else if (wide)
				m->c[row][col] = mma_bits(c[i * MMA_ROW + lane]);
			else
				m->c[x][i] = mma_quad_half(c, lane, i);
		}
	}
}

static __always_inline void mma_quad_store(u32 *d, const struct mma_quad *m, int q, bool wide)
{
	int x, i, row, col;

	for (x = 0; x < 8; x++) {
		int lane = 4 * q + (x & 3) + (x & 4) * 4;

		for (i = 0; wide && i < 8; i++) {
			mma_quad_place(x, i, &row, &col);
			d[i * MMA_ROW + lane] = num_out32(m->c[row][col]);
		}
		for (i = 0; !wide && i < 8; i += 2)
			d[i / 2 * MMA_ROW + lane] = mma_to_half(m->c[x][i]) |
						    mma_to_half(m->c[x][i + 1]) << 16;
	}
}

static noinline void mma_quads(u32 *d, const u32 *a, const u32 *b, const u32 *c,
			       const struct mma_kind *kind, u32 imm)
{
	bool wide = kind->ctype == MMA_F32;
	struct mma_quad m;
	int q, i, n, k;

	for (q = 0; q < 4; q++) {
		mma_quad_load(&m, a, b, c, q, wide, imm);
		for (i = 0; i < 8; i++)
			for (k = 0; k < 4; k++)
				for (n = 0; n < 8; n++)
					m.c[i][n] = mma_fma1(m.a[i][k], m.b[k][n], m.c[i][n]);
		mma_quad_store(d, &m, q, wide);
	}
}

/* ---- products of integers ------------------------------------------------------------------------ */

/* Eight sums of two products each: pairs of 16 bit, @a the same pair for all */
static __always_inline mma_v8i mma_madd(u32 a, const s16 *b)
{
#ifdef __AVX2__
	return (mma_v8i)_mm256_madd_epi16(_mm256_set1_epi32((int)a),
					  _mm256_loadu_si256((const __m256i *)b));
#else
	union {
		__m128i h[2];
		mma_v8i v;
	} r;
	__m128i av = _mm_set1_epi32((int)a);

	r.h[0] = _mm_madd_epi16(av, _mm_loadu_si128((const __m128i *)b));
	r.h[1] = _mm_madd_epi16(av, _mm_loadu_si128((const __m128i *)b + 1));
	return r.v;
#endif
}

/* 16 bytes into the upper halves of 16 words, then shifted down by @shift */
static __always_inline void mma_spread(__m128i *out, __m128i v, bool sign, int shift)
{
	__m128i lo = _mm_unpacklo_epi8(_mm_setzero_si128(), v);
	__m128i hi = _mm_unpackhi_epi8(_mm_setzero_si128(), v);

	_mm_storeu_si128(out, sign ? _mm_srai_epi16(lo, shift) : _mm_srli_epi16(lo, shift));
	_mm_storeu_si128(out + 1, sign ? _mm_srai_epi16(hi, shift) : _mm_srli_epi16(hi, shift));
}

/* @n elements of 8 or 4 bit as 16-bit ones */
static __always_inline void mma_widen(s16 *out, const u8 *in, int n, u32 type, bool sign)
{
	__m128i v = _mm_loadu_si128((const __m128i *)in), *o = (__m128i *)out;
	const __m128i low = _mm_set1_epi16(0x0f0f);
	int i;

	if (type == MMA_I4) {	/* both nibbles of each byte, in order; high halves of bytes */
		__m128i even = _mm_slli_epi16(_mm_and_si128(v, low), 4);
		__m128i odd = _mm_andnot_si128(low, v);

		_mm_storeu_si128(o, _mm_unpacklo_epi8(even, odd));
		_mm_storeu_si128(o + 1, _mm_unpackhi_epi8(even, odd));
		for (i = n / 16; i-- > 0;) {	/* from the end: it grows in place */
			v = _mm_loadu_si128(o + i);
			mma_spread(o + 2 * i, v, sign, 12);
		}
		return;
	}
	for (i = 0; i < n / 16; i++)
		mma_spread(o + 2 * i, _mm_loadu_si128((const __m128i *)in + i), sign, 8);
}

/*
 * Saturating integer products clamp once, at the end: beside the wrapped sum each column
 * keeps the exact one.
 */
static __always_inline s32 mma_clamp(s64 v)
{
	return v > 0x7fffffffLL ? 0x7fffffff : v < -0x80000000LL ? -0x7fffffff - 1 : (s32)v;
}

/* Elements of A that meet tile @t of B, as if all were there */
static __always_inline void mma_sparse_row(s16 *row, const u32 *a, int t, int i,
					   const struct mma_sparse *sp, int k, u32 type, bool sign)
{
	int cols = mma_tile_cols(type), first = cols / 2 * (t & 1), e;
	u64 meta = mma_row_meta(sp, i, type, k);
	s16 held[32] __aligned(32);

	mma_widen(held, (const u8 *)(a + (t / 2 * 2 + i / 8) * MMA_ROW + 4 * (i & 7)), cols, type,
		  sign);
	for (e = 0; e < cols; e++)
		row[e] = 0;
	for (e = first; e < first + cols / 2; e++)
		row[mma_sparse_col(meta, cols * (t / 2) + e, type) & (cols - 1)] = held[e];
}

static __always_inline void mma_ints(u32 *d, const u32 *a, const u32 *b, const u32 *c,
				     const struct mma_kind *kind, u32 type, u32 imm,
				     const struct mma_sparse *sp)
{
	bool as = imm & VGPU_MMA_A_SIGNED, bs = imm & VGPU_MMA_B_SIGNED;
	int cols = mma_tile_cols(type), tiles = kind->k / cols, halves = kind->m / 8;
	s32 acc[16][8] __aligned(32) = { 0 };
	s16 bt[16][8][2] __aligned(32), row[32] __aligned(32);
	u32 from[16][8];
	int t, h, i, k, n;

	for (t = 0; t < tiles; t++) {
		for (n = 0; n < 8; n++) {
			mma_widen(row, (const u8 *)(b + t * MMA_ROW + 4 * n), cols, type, bs);
			for (k = 0; k < cols / 2; k++) {
				bt[k][n][0] = row[2 * k];
				bt[k][n][1] = row[2 * k + 1];
			}
		}
		for (h = 0; h < halves; h++)
			for (i = 0; i < 8; i++) {
				mma_v8i s = *(mma_v8i *)acc[8 * h + i];

				if (sp)
					mma_sparse_row(row, a, t, 8 * h + i, sp, kind->k, type, as);
				else
					mma_widen(row, (const u8 *)(a + (t * halves + h) * MMA_ROW + 4 * i),
						  cols, type, as);
				for (k = 0; k < cols / 2; k++) {
					u32 pair;

					__builtin_memcpy(&pair, row + 2 * k, 4);
					s += mma_madd(pair, &bt[k][0][0]);
				}
				*(mma_v8i *)acc[8 * h + i] = s;
			}
	}
	if (c)
		mma_c_load(from, c, kind->m);
	for (i = 0; c && i < kind->m; i++)
		for (n = 0; n < 8; n++)
			acc[i][n] = imm & VGPU_MMA_SATFINITE ?
				    mma_clamp((s64)acc[i][n] + (s32)from[i][n]) :
				    (s32)((u32)acc[i][n] + from[i][n]);
	mma_d_store(d, (u32 (*)[8])acc, kind->m);
}

static noinline void mma_i8(u32 *d, const u32 *a, const u32 *b, const u32 *c,
			    const struct mma_kind *kind, u32 imm)
{
	mma_ints(d, a, b, c, kind, MMA_I8, imm, NULL);
}

static noinline void mma_i4(u32 *d, const u32 *a, const u32 *b, const u32 *c,
			    const struct mma_kind *kind, u32 imm)
{
	mma_ints(d, a, b, c, kind, MMA_I4, imm, NULL);
}

static __always_inline u32 mma_popc(u32 v)
{
	v -= v >> 1 & 0x55555555;
	v = (v & 0x33333333) + (v >> 2 & 0x33333333);
	return ((v + (v >> 4)) & 0x0f0f0f0f) * 0x01010101 >> 24;
}

static noinline void mma_b1(u32 *d, const u32 *a, const u32 *b, const u32 *c,
			    const struct mma_kind *kind, u32 imm)
{
	int tiles = kind->k / 128, halves = kind->m / 8, t, i, n, w;
	u32 acc[16][8] = { 0 };

	if (c)
		mma_c_load(acc, c, kind->m);
	for (t = 0; t < tiles; t++)
		for (i = 0; i < kind->m; i++)
			for (n = 0; n < 8; n++)
				for (w = 0; w < 4; w++) {
					u32 x = a[(t * halves + i / 8) * MMA_ROW + (i & 7) * 4 + w];
					u32 y = b[t * MMA_ROW + 4 * n + w];

					acc[i][n] += mma_popc(imm & VGPU_MMA_XOR ? x ^ y : x & y);
				}
	mma_d_store(d, acc, kind->m);
}

/* ---- the instructions -------------------------------------------------------------------------------- */

/**
 * mma_run() - execute an MMA instruction
 * @d: rows of D's registers
 * @a: rows of A's
 * @b: rows of B's
 * @c: rows of C's, or NULL for zero
 * @imm: the instruction's immediate
 *
 * D may be C, A or B where the group count is one.
 */
static noinline void mma_run(u32 *d, const u32 *a, const u32 *b, const u32 *c, u32 imm)
{
	const struct mma_kind *kind = &mma_kinds[imm & VGPU_MMA_KIND];
	int group = 1 + (imm >> 24 & 7);

	for (; group; group--) {
		switch (kind->type) {
		case MMA_F64:
			mma_f64(d, a, b, c, kind);
			break;
		case MMA_F16:
			if (kind->k == 4)
				mma_quads(d, a, b, c, kind, imm);
			else
				mma_f16(d, a, b, c, kind);
			break;
		case MMA_BF16:
			mma_bf16(d, a, b, c, kind);
			break;
		case MMA_TF32:
			mma_tf32(d, a, b, c, kind);
			break;
		case MMA_I8:
			mma_i8(d, a, b, c, kind, imm);
			break;
		case MMA_I4:
			mma_i4(d, a, b, c, kind, imm);
			break;
		case MMA_B1:
			mma_b1(d, a, b, c, kind, imm);
			break;
		case MMA_F8:
			mma_f8(d, a, b, c, kind, imm);
			break;
		default:
			mma_f4(d, a, b, c, kind);
			break;
		}
		d += kind->creg * MMA_ROW;
		a += kind->areg * MMA_ROW;
		if (c)
			c += kind->creg * MMA_ROW;
	}
}

/* Scale factor: ue8m0 is a power of two, ue4m3 a small float; both have a NaN */
static __always_inline float mma_scale(u32 v, bool ue4m3)
{
	if (ue4m3)
		return mma_q8(v & 0x7f, VGPU_Q8_E4M3);
	if (v == 0xff)
		return mma_bits(0x7fffffff);
	return v ? mma_bits(v << 23) : mma_bits(0x00400000);
}

/* The sum for row @i and column @n over block @s of @blocks of k, from zero */
static __always_inline float mma_element(const u32 *tiles, int halves, int i, int k,
					 const struct mma_kind *kind, u32 q8)
{
	int cols = mma_tile_cols(kind->type), e = k % cols;
	const u8 *p = (const u8 *)(tiles + (k / cols * halves + i / 8) * MMA_ROW + 4 * (i & 7));

	return kind->type == MMA_F4 ? mma_small(p[e / 2] >> (e & 1) * 4 & 15, 2, 1) : mma_q8(p[e], q8);
}

static __always_inline float mma_block(const u32 *a, const u32 *b, const struct mma_sparse *sp,
				       const struct mma_kind *kind, u32 imm, int i, int n, int s,
				       int blocks)
{
	int span = (sp ? kind->k / 2 : kind->k) / blocks, e, k;
	u64 meta = sp ? mma_row_meta(sp, i, kind->type, kind->k) : 0;
	float sum = 0;

	for (e = s * span; e < (s + 1) * span; e++) {
		k = sp ? mma_sparse_col(meta, e, kind->type) & (kind->k - 1) : e;
		sum = mma_fma1(mma_element(a, 2, i, e, kind, imm >> 16 & 15),
			       mma_element(b, 1, n, k, kind, imm >> 20 & 15), sum);
	}
	return sum;
}

/**
 * mma_run_scaled() - execute an MMASC instruction
 * @d: rows of D's registers, which are C's, too
 * @a: rows of A's
 * @b: rows of B's
 * @scale: rows of the two scale registers
 * @imm: the instruction's immediate
 * @mod: its modifier
 * @sp: of MMASP, else NULL
 *
 * Each block of k that shares a scale is summed from zero; then D = fma(sum, scale of
 * A's row times scale of B's column, D), blocks in rising order.
 */
static noinline void mma_run_scaled(u32 *d, const u32 *a, const u32 *b, const u32 *scale, u32 imm,
				    u32 mod, const struct mma_sparse *sp)
{
	const struct mma_kind *kind = &mma_kinds[imm & VGPU_MMA_KIND];
	u32 atid = (imm >> 27 & 1) * 2, btid = imm >> 29 & 3;
	float acc[16][8] __aligned(32);
	int blocks = 1 << (mod & 3), s, i, n;

	mma_c_floats(acc, d, MMA_F32, 16);
	for (i = 0; i < 16; i++)
		for (n = 0; n < 8; n++)
			for (s = 0; s < blocks; s++) {
				u32 wa = scale[4 * (i & 7) + atid + i / 8];
				u32 wb = scale[MMA_ROW + 4 * n + btid];
				float sa = mma_scale(wa >> 8 * (((mod >> 3) + s) & 3) & 255, mod & 4);
				float sb = mma_scale(wb >> 8 * (((mod >> 5) + s) & 3) & 255, mod & 4);

				acc[i][n] = mma_fma1(mma_block(a, b, sp, kind, imm, i, n, s, blocks),
						     sa * sb, acc[i][n]);
			}
	mma_d_floats(d, acc, MMA_F32, 16);
}

/* Room for a tile of B and a row of A, by type, as in mma_f16() and its likes */
#define MMA_SPARSE(NAME, TYPE, COLS)						\
static noinline void mma_sparse_##NAME(u32 *d, const u32 *a, const u32 *b,	\
				       const struct mma_sparse *sp,		\
				       const struct mma_kind *kind, u32 imm)	\
{										\
	float bt[COLS][8] __aligned(32), row[(COLS) < 8 ? 8 : (COLS)] __aligned(32); \
										\
	mma_sparse_floats(d, a, b, sp, kind, TYPE, imm, bt, row);		\
}
MMA_SPARSE(f16, MMA_F16, 8)
MMA_SPARSE(bf16, MMA_BF16, 8)
MMA_SPARSE(tf32, MMA_TF32, 4)
MMA_SPARSE(f8, MMA_F8, 16)
MMA_SPARSE(f4, MMA_F4, 32)

static noinline void mma_sparse_ints(u32 *d, const u32 *a, const u32 *b,
				     const struct mma_sparse *sp, const struct mma_kind *kind,
				     u32 imm)
{
	if (kind->type == MMA_I8)
		mma_ints(d, a, b, d, kind, MMA_I8, imm, sp);
	else
		mma_ints(d, a, b, d, kind, MMA_I4, imm, sp);
}

/**
 * mma_run_sparse() - execute an MMASP instruction
 * @d: rows of D's registers, which are C's, too
 * @a: rows of A's
 * @b: rows of B's
 * @c: rows of the metadata and, with VGPU_MMA_SCALED, of the two scale registers
 * @imm: the instruction's immediate
 * @mod: its modifier
 *
 * As the dense kinds, but that elements which A does not hold are left out.
 */
static noinline void mma_run_sparse(u32 *d, const u32 *a, const u32 *b, const u32 *c, u32 imm,
				    u32 mod)
{
	const struct mma_kind *kind = &mma_kinds[imm & VGPU_MMA_KIND];
	const struct mma_sparse sp = { .meta = c, .select = imm >> 12 & 3 };

	if (imm & VGPU_MMA_SCALED) {
		mma_run_scaled(d, a, b, c + MMA_ROW, imm, mod, &sp);
		return;
	}
	switch (kind->type) {
	case MMA_F16:
		mma_sparse_f16(d, a, b, &sp, kind, imm);
		break;
	case MMA_BF16:
		mma_sparse_bf16(d, a, b, &sp, kind, imm);
		break;
	case MMA_TF32:
		mma_sparse_tf32(d, a, b, &sp, kind, imm);
		break;
	case MMA_F8:
		mma_sparse_f8(d, a, b, &sp, kind, imm);
		break;
	case MMA_F4:
		mma_sparse_f4(d, a, b, &sp, kind, imm);
		break;
	default:
		mma_sparse_ints(d, a, b, &sp, kind, imm);
		break;
	}
}

#endif /* VGPU_ENGINE_NUM_MMA_H */
