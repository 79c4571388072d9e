/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Matrix products by whole register rows, for the kinds that matter most.
 *
 * Lane 4 r + t holds column pair t of row r of D.  A's row r lies in lanes 4 r + q:
 * a shuffle within 128 bits gives all four of a row's lanes the same word of A.
 * B's column n lies in lanes 4 n + q: word q of columns 0, 2, 4, 6 (or 1, 3, 5, 7)
 * is what the four lanes of any row need; a 4x4 transpose makes those once.  The
 * order of sums is num_mma.h's.
 *
 * vec_*.h gives VEC (a register), VEC_N (how many make a row) and VEC_* operations.
 */
#ifndef VGPU_ENGINE_NUM_MMA_ROWS_H
#define VGPU_ENGINE_NUM_MMA_ROWS_H

/* Word q of the even (odd) columns of a tile of B, for every row: out[q] */
static __always_inline void mma_columns(VEC out[4], const u32 *tile, int odd)
{
	__m128i x[4], lo, hi, lo2, hi2;
	int i;

	for (i = 0; i < 4; i++)
		x[i] = _mm_loadu_si128((const __m128i *)(tile + 8 * i + 4 * odd));
	lo = _mm_unpacklo_epi32(x[0], x[1]);
	hi = _mm_unpackhi_epi32(x[0], x[1]);
	lo2 = _mm_unpacklo_epi32(x[2], x[3]);
	hi2 = _mm_unpackhi_epi32(x[2], x[3]);
	out[0] = VEC_ALIKE(_mm_unpacklo_epi64(lo, lo2));
	out[1] = VEC_ALIKE(_mm_unpackhi_epi64(lo, lo2));
	out[2] = VEC_ALIKE(_mm_unpacklo_epi64(hi, hi2));
	out[3] = VEC_ALIKE(_mm_unpackhi_epi64(hi, hi2));
}

/* ---- bytes ---------------------------------------------------------------------------- */

#define MMA_I8_STEP(Q)								\
	s0 = VEC_ADD(s0, VEC_MADD(VEC_WORD(ae, Q), be[0][Q]));			\
	s0 = VEC_ADD(s0, VEC_MADD(VEC_WORD(ao, Q), bo[0][Q]));			\
	s1 = VEC_ADD(s1, VEC_MADD(VEC_WORD(ae, Q), be[1][Q]));			\
	s1 = VEC_ADD(s1, VEC_MADD(VEC_WORD(ao, Q), bo[1][Q]));

#if ENG_HAVE_VNNI
#define MMA_DOT_STEP(Q)								\
	word = VEC_WORD(v, Q);							\
	s0 = _mm512_dpbusd_epi32(s0, word, be[0][Q]);				\
	s1 = _mm512_dpbusd_epi32(s1, word, be[1][Q]);

/*
 * The same for signed A and B by VNNI: A's top bits are flipped, and 128 times the sum of
 * B's column, which is the same for every row of A, is taken away.
 */
static __always_inline void mma_s8_tile(u32 *d, const u32 *a, const u32 *b, int halves)
{
	const VEC top = _mm512_set1_epi8(-128);
	VEC be[2][4], less[2];
	int i, q, h;

	for (i = 0; i < 2; i++) {
		mma_columns(be[i], b, i);
		less[i] = _mm512_setzero_si512();
		for (q = 0; q < 4; q++)
			less[i] = _mm512_dpbusd_epi32(less[i], top, be[i][q]);
	}
	for (h = 0; h < halves; h++, a += MMA_ROW, d += 2 * MMA_ROW)
		for (i = 0; i < VEC_N; i++) {
			VEC v = _mm512_xor_si512(VEC_LD(a, i), top), word;
			VEC s0 = _mm512_sub_epi32(VEC_LD(d, i), less[0]);
			VEC s1 = _mm512_sub_epi32(VEC_LD(d + MMA_ROW, i), less[1]);

			MMA_DOT_STEP(0)
			MMA_DOT_STEP(1)
			MMA_DOT_STEP(2)
			MMA_DOT_STEP(3)
			VEC_ST(d, i, s0);
			VEC_ST(d + MMA_ROW, i, s1);
		}
}
#endif

/* Sums of one 16-byte tile onto @d, which begins as zeros or C */
static __always_inline void mma_i8_tile(u32 *d, const u32 *a, const u32 *b, int halves, bool sa,
					bool sb)
{
	VEC be[2][4], bo[2][4];
	int i, q, h;

	for (i = 0; i < 2; i++) {
		mma_columns(be[i], b, i);
		for (q = 0; q < 4; q++) {
			bo[i][q] = odd_bytes(be[i][q], sb);
			be[i][q] = even_bytes(be[i][q], sb);
		}
	}
	for (h = 0; h < halves; h++, a += MMA_ROW, d += 2 * MMA_ROW)
		for (i = 0; i < VEC_N; i++) {
			VEC v = VEC_LD(a, i), ae = even_bytes(v, sa), ao = odd_bytes(v, sa);
			VEC s0 = VEC_LD(d, i), s1 = VEC_LD(d + MMA_ROW, i);

			MMA_I8_STEP(0)
			MMA_I8_STEP(1)
			MMA_I8_STEP(2)
			MMA_I8_STEP(3)
			VEC_ST(d, i, s0);
			VEC_ST(d + MMA_ROW, i, s1);
		}
}

/* Wrapping sums: C may come first */
static noinline void mma_rows_i8(u32 *d, const u32 *a, const u32 *b, const u32 *c,
				 const struct mma_kind *kind, u32 imm)
{
	u32 sum[4 * MMA_ROW] __aligned(64);
	int t, i, halves = kind->m / 8, tiles = kind->k / 16;
	bool sa = imm & VGPU_MMA_A_SIGNED, sb = imm & VGPU_MMA_B_SIGNED;

	for (i = 0; i < 2 * halves; i++) {
		if (c)
			row_copy32(sum + i * MMA_ROW, c + i * MMA_ROW);
		else
			row_set32(sum + i * MMA_ROW, 0);
	}
	for (t = 0; t < tiles; t++, a += halves * MMA_ROW, b += MMA_ROW) {
#if ENG_HAVE_VNNI
		if (sa && sb)
			mma_s8_tile(sum, a, b, halves);
		else
#endif
		if (sa && sb)
			mma_i8_tile(sum, a, b, halves, true, true);
		else
			mma_i8_tile(sum, a, b, halves, sa, sb);
	}
	for (i = 0; i < 2 * halves; i++)
		row_copy32(d + i * MMA_ROW, sum + i * MMA_ROW);
}

/* ---- halves of words: f16 and bf16 --------------------------------------------------------- */

#if ENG_HAVE_FMA

/* The low or the high halves of words, as f32 */
static __always_inline VECF mma_halves(VEC v, bool bf, bool high)
{
	if (bf)
		return VEC_FLOATS(high ? VEC_AND(v, VEC_ONE(0xffff0000)) : VEC_SHL(v, 16));
	return VEC_FROM_HALF(high ? VEC_SHR(v, 16) : VEC_AND(v, VEC_ONE(0xffff)));
}

#define MMA_H_STEP(Q)								\
	s0 = VEC_FMA(VEC_WORDF(al, Q), bl[0][Q], s0);				\
	s1 = VEC_FMA(VEC_WORDF(al, Q), bl[1][Q], s1);				\
	s0 = VEC_FMA(VEC_WORDF(ah, Q), bh[0][Q], s0);				\
	s1 = VEC_FMA(VEC_WORDF(ah, Q), bh[1][Q], s1);

/* Sums of one tile of 8 columns of A onto @d, rows of f32 */
static __always_inline void mma_half_tile(u32 *d, const u32 *a, const u32 *b, int halves, bool bf)
{
	VECF bl[2][4], bh[2][4];
	VEC col[4];
	int i, q, h;

	for (i = 0; i < 2; i++) {
		mma_columns(col, b, i);
		for (q = 0; q < 4; q++) {
			bl[i][q] = mma_halves(col[q], bf, false);
			bh[i][q] = mma_halves(col[q], bf, true);
		}
	}
	for (h = 0; h < halves; h++, a += MMA_ROW, d += 2 * MMA_ROW)
		for (i = 0; i < VEC_N; i++) {
			VEC v = VEC_LD(a, i);
			VECF al = mma_halves(v, bf, false), ah = mma_halves(v, bf, true);
			VECF s0 = VEC_FLOATS(VEC_LD(d, i));
			VECF s1 = VEC_FLOATS(VEC_LD(d + MMA_ROW, i));

			MMA_H_STEP(0)
			MMA_H_STEP(1)
			MMA_H_STEP(2)
			MMA_H_STEP(3)
			VEC_ST(d, i, VEC_BITS(s0));
			VEC_ST(d + MMA_ROW, i, VEC_BITS(s1));
		}
}

/* C's rows as f32: two registers where it is f32, else the halves of one */
static __always_inline void mma_begin(u32 *sum, const u32 *c, const struct mma_kind *kind)
{
	int i, v, halves = kind->m / 8;

	for (i = 0; i < halves; i++, sum += 2 * MMA_ROW) {
		if (!c) {
			row_set32(sum, 0);
			row_set32(sum + MMA_ROW, 0);
		} else if (kind->ctype == MMA_F32) {
			row_copy32(sum, c + 2 * i * MMA_ROW);
			row_copy32(sum + MMA_ROW, c + (2 * i + 1) * MMA_ROW);
		} else {
			for (v = 0; v < VEC_N; v++) {
				VEC x = VEC_LD(c + i * MMA_ROW, v);

				VEC_ST(sum, v, VEC_BITS(mma_halves(x, false, false)));
				VEC_ST(sum + MMA_ROW, v, VEC_BITS(mma_halves(x, false, true)));
			}
		}
	}
}

static __always_inline void mma_end(u32 *d, const u32 *sum, const struct mma_kind *kind)
{
	int i, l, halves = kind->m / 8;

	if (kind->ctype == MMA_F32) {
		for (l = 0; l < 2 * halves * MMA_ROW; l++)
			d[l] = num_out32(num_f32(sum[l]));
		return;
	}
	for (i = 0; i < halves; i++, sum += 2 * MMA_ROW, d += MMA_ROW)
		for (l = 0; l < MMA_ROW; l++)
			d[l] = num_to_h(num_f32(sum[l])) |
			       num_to_h(num_f32(sum[MMA_ROW + l])) << 16;
}

static noinline void mma_rows_half(u32 *d, const u32 *a, const u32 *b, const u32 *c,
				   const struct mma_kind *kind)
{
	u32 sum[4 * MMA_ROW] __aligned(64);
	int t, halves = kind->m / 8, tiles = kind->k / 8;

	mma_begin(sum, c, kind);
	for (t = 0; t < tiles; t++, a += halves * MMA_ROW, b += MMA_ROW) {
		if (kind->type == MMA_BF16)
			mma_half_tile(sum, a, b, halves, true);
		else
			mma_half_tile(sum, a, b, halves, false);
	}
	mma_end(d, sum, kind);
}
#endif

/* An MMA of any kind; those of a group are made one after the other */
static noinline void mma_rows(u32 *d, const u32 *a, const u32 *b, const u32 *c, u32 imm)
{
	const struct mma_kind *kind = &mma_kinds[imm & VGPU_MMA_KIND];
	u32 n, group = (imm >> 24 & 7) + 1;
	bool bytes = kind->type == MMA_I8 && !(imm & VGPU_MMA_SATFINITE);
	bool half = ENG_HAVE_FMA && kind->k > 4 &&
		    (kind->type == MMA_F16 || kind->type == MMA_BF16);

	if (!bytes && !half) {
		mma_run(d, a, b, c, imm);
		return;
	}
	for (n = 0; n < group; n++) {
		if (bytes)
			mma_rows_i8(d, a, b, c, kind, imm);
#if ENG_HAVE_FMA
		else
			mma_rows_half(d, a, b, c, kind);
#endif
		d += kind->creg * MMA_ROW;
		a += kind->areg * MMA_ROW;
		c = c ? c + kind->creg * MMA_ROW : NULL;
	}
}

#endif /* VGPU_ENGINE_NUM_MMA_ROWS_H */
