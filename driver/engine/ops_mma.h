/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handlers: matrices.  The whole warp takes part; num_mma.h does the arithmetic.
 */

#if !ENG_HAVE_FMA
static inline double num_dfma_soft(double a, double b, double c)
{
	return num_f64(num_soft_fma64(num_bits64(a), num_bits64(b), num_bits64(c), VGPU_RN));
}
#endif

#include "num_mma.h"
#include "num_mma_rows.h"

/* Thousands of multiply-adds, in software where there is no unit for them */
#define MMA_FUEL	(ENG_HAVE_FMA ? ENG_DEAR : 32 * ENG_DEAR)

static noinline void mma(struct eng_warp *w, const struct eng_op *ip, u32 lanes)
{
	(void)lanes;
	w->fuel -= MMA_FUEL;
	mma_rows(AT(u32, d), AT(u32, a), AT(u32, b), ip->sel ? NULL : AT(u32, c), ip->imm);
}
LANE(MMA, ENG_ALL, mma)

static noinline void mma_scaled(struct eng_warp *w, const struct eng_op *ip, u32 lanes)
{
	(void)lanes;
	w->fuel -= MMA_FUEL;
	mma_run_scaled(AT(u32, d), AT(u32, a), AT(u32, b), AT(u32, c), ip->imm, ip->mod, NULL);
}
LANE(MMASC, ENG_ALL, mma_scaled)

static noinline void mma_sparse(struct eng_warp *w, const struct eng_op *ip, u32 lanes)
{
	(void)lanes;
	w->fuel -= MMA_FUEL;
	mma_run_sparse(AT(u32, d), AT(u32, a), AT(u32, b), AT(u32, c), ip->imm, ip->mod);
}
LANE(MMASP, ENG_ALL, mma_sparse)

static noinline void movmatrix(struct eng_warp *w, const struct eng_op *ip, u32 lanes)
{
	(void)lanes;
	mma_movmatrix(AT(u32, d), AT(u32, a));
}
LANE(MOVMATRIX, ENG_ALL, movmatrix)

/*
 * Rows of 8 elements of 16 bit lie at the shared addresses that lanes 8 i .. 8 i + 7
 * hold for matrix i; lane 4 r + c has elements 2 c and 2 c + 1 of row r.  Of 16x16 bytes,
 * lane 16 i + c holds the address of column c.
 */
static __always_inline bool matrix_rows(struct eng_warp *w, const struct eng_op *ip, bool write,
					u8 *ptr[ENG_LANES])
{
	u32 l, n = (!write && ip->mod & VGPU_LDSM_BYTES ? 16U : 8U) << (ip->mod & VGPU_LDSM_NUM);
	const u32 *a = AT(u32, a);

	for (l = 0; l < n; l++)
		w->addr[l] = a[l] + ip->imm;
	return eng_pointers(w, ip, n == ENG_LANES ? ENG_ALL : (1U << n) - 1, VGPU_SPACE_SHARED,
			    16, 16, write, ptr);
}

/* 16 packed elements of 6 or 4 bit, or 16 bytes as they are */
static __always_inline void unpack_row(u8 out[16], const u8 *in, u32 mod)
{
	u32 i;

	for (i = 0; i < 16; i++) {
		if (mod & VGPU_LDSM_B6)
			out[i] = (in[i * 6 / 8] | (u32)in[i * 6 / 8 + 1] << 8) >> (i * 6 & 7) & 63;
		else if (mod & VGPU_LDSM_B4)
			out[i] = in[i / 2] >> (i & 1) * 4 & 15;
		else
			out[i] = in[i];
	}
}

/* Lane 4 r + c has bytes 4 c to 4 c + 3 of row r; of 16x16, of row r + 8 behind them. */
static noinline void load_bytes(u32 *d, u8 **ptr, u32 mod)
{
	u32 i, r, c, e, count = 1U << (mod & VGPU_LDSM_NUM);
	u8 col[16][16];

	for (i = 0; i < count; i++) {
		if (!(mod & VGPU_LDSM_BYTES)) {
			for (r = 0; r < 8; r++)
				unpack_row((u8 *)(d + i * ENG_LANES + 4 * r), ptr[8 * i + r], mod);
			continue;
		}
		for (c = 0; c < 16; c++)
			unpack_row(col[c], ptr[16 * i + c], mod);
		for (r = 0; r < 16; r++)
			for (c = 0; c < 4; c++) {
				u8 *o = (u8 *)(d + (2 * i + r / 8) * ENG_LANES + 4 * (r & 7) + c);

				for (e = 0; e < 4; e++)
					o[e] = col[4 * c + e][r];
			}
	}
}

/* 16 rows by 8 columns: lane 4 r + c has rows r and r + 8 of columns 2 c and 2 c + 1. */
static __always_inline void store_bytes(const u32 *d, u8 **ptr, u32 count)
{
	u32 i, r, c, e;

	for (i = 0; i < count; i++)
		for (r = 0; r < 8; r++)
			for (c = 0; c < 4; c++)
				for (e = 0; e < 4; e++)
					ptr[8 * i + 2 * c + (e & 1)][r + (e & 2) * 4] =
						(u8)(d[i * ENG_LANES + 4 * r + c] >> 8 * e);
}

static noinline const struct eng_op *ldmatrix(struct eng_warp *w, const struct eng_op *ip)
{
	u32 i, r, c, count = 1U << (ip->mod & VGPU_LDSM_NUM);
	u32 *d = AT(u32, d);
	u8 *ptr[ENG_LANES];

	if (!matrix_rows(w, ip, false, ptr))
		return NULL;
	if (ip->mod & (VGPU_LDSM_BYTES | VGPU_LDSM_B6 | VGPU_LDSM_B4)) {
		load_bytes(d, ptr, ip->mod);
		return ip + 1;
	}
	for (i = 0; i < count; i++, d += ENG_LANES) {
		if (!(ip->mod & VGPU_LDSM_TRANS)) {
			for (r = 0; r < 8; r++)
				memcpy(d + 4 * r, ptr[8 * i + r], 16);
			continue;
		}
		for (r = 0; r < 8; r++)
			for (c = 0; c < 4; c++) {
				u32 lo = ((const u16 *)ptr[8 * i + 2 * c])[r];
				u32 hi = ((const u16 *)ptr[8 * i + 2 * c + 1])[r];

				d[4 * r + c] = lo | hi << 16;
			}
	}
	return ip + 1;
}

static noinline const struct eng_op *stmatrix(struct eng_warp *w, const struct eng_op *ip)
{
	u32 i, r, c, count = 1U << (ip->mod & VGPU_LDSM_NUM);
	const u32 *d = AT(u32, d);
	u8 *ptr[ENG_LANES];

	if (!matrix_rows(w, ip, true, ptr))
		return NULL;
	if (ip->mod & VGPU_LDSM_BYTES) {
		store_bytes(d, ptr, count);
		return ip + 1;
	}
	for (i = 0; i < count; i++, d += ENG_LANES) {
		if (!(ip->mod & VGPU_LDSM_TRANS)) {
			for (r = 0; r < 8; r++)
				memcpy(ptr[8 * i + r], d + 4 * r, 16);
			continue;
		}
		for (r = 0; r < 8; r++)
			for (c = 0; c < 4; c++) {
				((u16 *)ptr[8 * i + 2 * c])[r] = (u16)d[4 * r + c];
				((u16 *)ptr[8 * i + 2 * c + 1])[r] = (u16)(d[4 * r + c] >> 16);
			}
	}
	return ip + 1;
}

/* These can fault: what executes says where to go on. */
#define LANE_MEMORY(NAME, BODY)							\
HANDLER(f_##NAME)								\
{										\
	NEXT_ANY(BODY(w, ip));							\
}										\
HANDLER(m_##NAME)								\
{										\
	u32 e = guarded(w, ip), need = ~w->dead;				\
										\
	if (!e)									\
		NEXT();								\
	if (need & ~e && !eng_sync(w, ip, e, need))				\
		NEXT_ANY(w->ip);						\
	NEXT_ANY(BODY(w, ip));							\
}
LANE_MEMORY(LDMATRIX, ldmatrix)
LANE_MEMORY(STMATRIX, stmatrix)
