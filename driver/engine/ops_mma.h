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
#define MMA_FUEL	(ENG_HAVE_FMA ? ENG_DEAR : 8 * ENG_DEAR)

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
	mma_run_scaled(AT(u32, d), AT(u32, a), AT(u32, b), AT(u32, c), ip->imm, ip->mod);
}
LANE(MMASC, ENG_ALL, mma_scaled)

static noinline void movmatrix(struct eng_warp *w, const struct eng_op *ip, u32 lanes)
{
	(void)lanes;
	mma_movmatrix(AT(u32, d), AT(u32, a));
}
LANE(MOVMATRIX, ENG_ALL, movmatrix)

/*
 * Rows of 8 elements of 16 bit lie at the shared addresses that lanes 8 i .. 8 i + 7
 * hold for matrix i; lane 4 r + c has elements 2 c and 2 c + 1 of row r.
 */
static __always_inline bool matrix_rows(struct eng_warp *w, const struct eng_op *ip, bool write,
					u8 *ptr[ENG_LANES])
{
	u32 l, n = 8U << (ip->mod & VGPU_LDSM_NUM);
	const u32 *a = AT(u32, a);

	for (l = 0; l < n; l++)
		w->addr[l] = a[l] + ip->imm;
	return eng_pointers(w, ip, n == ENG_LANES ? ENG_ALL : (1U << n) - 1, VGPU_SPACE_SHARED,
			    16, 16, write, ptr);
}

static noinline const struct eng_op *ldmatrix(struct eng_warp *w, const struct eng_op *ip)
{
	u32 i, r, c, count = 1U << (ip->mod & VGPU_LDSM_NUM);
	u32 *d = AT(u32, d);
	u8 *ptr[ENG_LANES];

	if (!matrix_rows(w, ip, false, ptr))
		return NULL;
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
