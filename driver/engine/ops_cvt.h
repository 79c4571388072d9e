/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handlers: conversions.  What rounds to nearest has a loop of its own that
 * vectorizes; the other roundings go the general way.
 */
#include "num_cvt.h"

/* FAST where MOD rounds to nearest, else GENERAL */
#define CVT(NAME, TD, TA, FAST, GENERAL)					\
static __always_inline void e_##NAME(TD *d, const TA *pa, u32 M)		\
{										\
	int l;									\
										\
	if (!CVT_RM(M)) {							\
		LANES {								\
			TA a = pa[l];						\
										\
			d[l] = (FAST);						\
		}								\
	} else {								\
		for (l = 0; l < ENG_LANES; l++) {				\
			TA a = pa[l];						\
										\
			d[l] = (GENERAL);					\
		}								\
	}									\
}										\
OP_COLD(NAME, TD, e_##NAME(dst, AT(TA, a), ip->mod))

#define F_IN	num_f32(num_cvt_in(a, M))

/* a copy keeps NaN's canonical form, too: cvt is arithmetic */
OP1_MOST(F2F, u32, u32, VGPU_CVT_INT, num_out32(M & VGPU_CVT_INT ? num_rint32(F_IN, CVT_RM(M)) : F_IN))
OP1_COLD(D2D, u64, u64, num_out64(M & VGPU_CVT_INT ? num_rint64(num_f64(a), CVT_RM(M)) : num_f64(a)))
OP1_MOST(F2D, u64, u32, 0, num_out64((double)F_IN))
CVT(D2F, u32, u64, num_cvt_in(num_out32((float)num_f64(a)), M), num_d_to_f(a, M))
OP1_MOST(F2I, u32, u32, VGPU_RZ, num_to_s32(num_rint32(F_IN, CVT_RM(M))))
OP1_MOST(F2U, u32, u32, VGPU_RZ, num_to_u32(num_rint32(F_IN, CVT_RM(M))))
OP1_COLD(F2L, u64, u32, num_to_s64((double)num_rint32(F_IN, CVT_RM(M))))
OP1_COLD(F2UL, u64, u32, num_to_u64((double)num_rint32(F_IN, CVT_RM(M))))
OP1_COLD(D2I, u32, u64, num_d_to_s32(num_rint64(num_f64(a), CVT_RM(M))))
OP1_COLD(D2U, u32, u64, num_d_to_u32(num_rint64(num_f64(a), CVT_RM(M))))
OP1_COLD(D2L, u64, u64, num_to_s64(num_rint64(num_f64(a), CVT_RM(M))))
OP1_COLD(D2UL, u64, u64, num_to_u64(num_rint64(num_f64(a), CVT_RM(M))))
CVT(I2F, u32, u32, num_bits32((float)(s32)a), num_int_to_32((u64)(s64)(s32)a, true, CVT_RM(M)))
CVT(U2F, u32, u32, num_bits32((float)a), num_int_to_32(a, false, CVT_RM(M)))
CVT(L2F, u32, u64, num_bits32((float)(s64)a), num_int_to_32(a, true, CVT_RM(M)))
CVT(UL2F, u32, u64, num_int_to_32(a, false, VGPU_RN), num_int_to_32(a, false, CVT_RM(M)))
OP1_COLD(I2D, u64, u32, num_bits64((double)(s32)a))
OP1_COLD(U2D, u64, u32, num_bits64((double)a))
CVT(L2D, u64, u64, num_bits64((double)(s64)a), num_int_to_64(a, true, CVT_RM(M)))
CVT(UL2D, u64, u64, num_int_to_64(a, false, VGPU_RN), num_int_to_64(a, false, CVT_RM(M)))

OP1(I2F_RN, u32, u32, num_bits32((float)(s32)a))

#define HALF_IN	(M & VGPU_CVT_HIGH ? a >> 16 : a & 0xffff)

OP1_MOST(H2F, u32, u32, 0, num_out32(num_from_h(HALF_IN)))
#if ENG_HAVE_F16C
OP_PAIR(H2F_RN, u32, true, row_h2f(dst, SRC(u32, a), false))
OP_PAIR(H2F_HI, u32, true, row_h2f(dst, SRC(u32, a), true))
#else
OP1(H2F_RN, u32, u32, num_out32(num_from_h(a & 0xffff)))
OP1(H2F_HI, u32, u32, num_out32(num_from_h(a >> 16)))
#endif
/* exact: NaN keeps its bits, but where denormals are flushed */
OP1_MOST(B2F, u32, u32, 0, M & VGPU_CVT_FTZ ? num_out32(num_f32(num_cvt_in(HALF_IN << 16, M))) : HALF_IN << 16)
#if ENG_HAVE_F2H
OP1_EXPR(F2H, u32, u32, num_f_to_half(a, M, 10, 15))
OP_COLD(F2H, u32,
	if (!(ip->mod & ~VGPU_CVT_FTZ))
		row_f2h(dst, AT(u32, a));
	else
		e_F2H(dst, AT(u32, a), ip->mod))
#else
CVT(F2H, u32, u32, num_relu_half(num_to_h(F_IN), M, 0x7c00), num_f_to_half(a, M, 10, 15))
#endif
CVT(F2B, u32, u32, num_relu_half(num_to_b(F_IN), M, 0x7f80), num_f_to_half(a, M, 7, 127))
#if ENG_HAVE_F2H
OP2_EXPR(F2H2, u32, u32, u32, num_f_to_half2(a, M, 10, 15) << 16 | num_f_to_half2(b, M, 10, 15))
OP_COLD(F2H2, u32,
	if (!(ip->mod & ~VGPU_CVT_FTZ))
		row_f2h2(dst, AT(u32, a), AT(u32, b));
	else
		e_F2H2(dst, AT(u32, a), AT(u32, b), false, ip->mod))
#else
OP2_COLD(F2H2, u32, u32, u32, num_f_to_half2(a, M, 10, 15) << 16 | num_f_to_half2(b, M, 10, 15))
#endif
OP2_COLD(F2B2, u32, u32, u32, num_f_to_half2(a, M, 7, 127) << 16 | num_f_to_half2(b, M, 7, 127))
OP1_COLD(D2H, u32, u64, num_d_to_h(a, M))
OP1_COLD(H2D, u64, u32, num_out64((double)num_from_h(a & 0xffff)))
OP1_COLD(H2H, u32, u32,
    M & VGPU_CVT_INT ? num_to_h(num_rint32(num_from_h(a & 0xffff), CVT_RM(M))) :
		       num_to_h(num_from_h(a & 0xffff)))

static __always_inline void h_to_int(u64 *d, const u32 *a, u32 rm, u32 kind)
{
	int l;

	for (l = 0; l < ENG_LANES; l++)
		d[l] = num_h_to_int(a[l], rm, kind);
}
OP_COLD(H2I, u64, h_to_int(dst, AT(u32, a), CVT_RM(ip->mod), ip->b))
OP1_COLD(I2H, u32, u64, num_int_to_half(a, M, 10, 15))
OP1_COLD(I2B, u32, u64, num_int_to_half(a, M, 7, 127))
OP1_COLD(F2TF32, u32, u32, num_f_to_tf32(a, M))

OP2_COLD(F2Q8, u32, u32, u32, num_q8_pair(num_q8(a, M), num_q8(b, M), M))
OP1_COLD(H2Q8, u32, u32, num_q8_pair(num_to_small(num_bits32(num_from_h(a >> 16)), M),
				num_to_small(num_bits32(num_from_h(a & 0xffff)), M), M))
OP1_COLD(Q82H, u32, u32, num_q82h(a, M, 1) << 16 | num_q82h(a, M, 0))
OP1_COLD(Q82B, u32, u32, num_q82b(a, 1) << 16 | num_q82b(a, 0))
