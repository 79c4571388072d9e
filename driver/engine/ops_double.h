/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handlers: f64.
 */

OP1_COLD(DSAT, u64, u64, num_sat64(a))

OP2B(DADD, u64, u64, u64, num_out64(num_f64(a) + num_f64(b)))
OP2B(DSUB, u64, u64, u64, num_out64(num_f64(a) - num_f64(b)))
OP2B(DMUL, u64, u64, u64, num_out64(num_f64(a) * num_f64(b)))

#if ENG_HAVE_FMA
#define DFMA(NAME, B, ONEB, C, ONEC)						\
OP_PAIR(NAME, u64, true, row_fma64(dst, SRC(u64, a), B, ONEB, C, ONEC))
DFMA(DFMA, SRC(u64, b), false, SRC(u64, c), false)
DFMA(DFMA_B, AT_SEL(u64, b, ENG_SEL_B), true, SRC(u64, c), false)
DFMA(DFMA_C, SRC(u64, b), false, AT_SEL(u64, c, ENG_SEL_C), true)
#else
static noinline void fma64_row(u32 rm, u64 *d, const u64 *pa, const u64 *pb, bool oneb,
			       const u64 *pc, bool onec)
{
	int l;

	for (l = 0; l < ENG_LANES; l++)
		d[l] = num_soft_fma64(pa[l], pb[oneb ? 0 : l], pc[onec ? 0 : l], rm);
}

static noinline void fma64_masked(struct eng_warp *w, const struct eng_op *ip, const u64 *pa,
				  const u64 *pb, bool oneb, const u64 *pc, bool onec)
{
	ROW(u64, r);

	fma64_row(ip->fmode & VGPU_FMODE_ROUND, r, pa, pb, oneb, pc, onec);
	row_commit64(AT(u64, d), r, guarded(w, ip));
}

#define SOFT_FMA64(NAME, B, ONEB, C, ONEC)					\
HANDLER(f_##NAME)								\
{										\
	fma64_row(ip->fmode & VGPU_FMODE_ROUND, AT(u64, d), AT(u64, a), B, ONEB, C, ONEC); \
	NEXT();									\
}										\
HANDLER(m_##NAME)								\
{										\
	fma64_masked(w, ip, AT(u64, a), B, ONEB, C, ONEC);			\
	NEXT();									\
}
SOFT_FMA64(DFMA, AT(u64, b), false, AT(u64, c), false)
SOFT_FMA64(DFMA_B, AT_SEL(u64, b, ENG_SEL_B), true, AT(u64, c), false)
SOFT_FMA64(DFMA_C, AT(u64, b), false, AT_SEL(u64, c, ENG_SEL_C), true)
#endif

OP1_COLD(DNEG, u64, u64, a ^ 1ULL << 63)
OP1_COLD(DABS, u64, u64, a & ~(1ULL << 63))
OP2_COLD(DMIN, u64, u64, u64, num_minmax64(a, b, false))
OP2_COLD(DMAX, u64, u64, u64, num_minmax64(a, b, true))
OP2_COLD(DDIV, u64, u64, u64, num_out64(num_f64(a) / num_f64(b)))
OP1_COLD(DRCP, u64, u64, num_out64(1.0 / num_f64(a)))
OP1_COLD(DSQRT, u64, u64, num_out64(__builtin_sqrt(num_f64(a))))

/* The hardware's seed: the upper word of A goes in, the upper word of D comes out. */
static __always_inline u64 rcp_seed(u64 a)
{
	u64 r;

	if (num_nan64(a))
		return NUM_F64_NAN;
	a &= ~0xffffffffULL;
	a = a & NUM_F64_INF ? a : a & 1ULL << 63;
	r = num_out64(1.0 / num_f64(a)) & ~0xffffffffULL;
	return r & NUM_F64_INF ? r : r & 1ULL << 63;
}
OP1_COLD(DRCPA, u64, u64, rcp_seed(a))
OP1_COLD(DRSQA, u64, u64, num_out64(1.0 / __builtin_sqrt(num_f64(a))))
OP2_COLD(DCOPYSIGN, u64, u64, u64, (a & 1ULL << 63) | (b & ~(1ULL << 63)))

#define DSETP(NAME, ROW_OP)							\
OP_PRED(NAME, ROW_OP(AT(u64, a), AT(u64, b), false) ^ ip->y)
DSETP(DSETP, row_feq64)
DSETP(DSETP_NE, row_fne64)
DSETP(DSETP_LT, row_flt64)
DSETP(DSETP_LE, row_fle64)
DSETP(DSETP_GT, row_fgt64)
DSETP(DSETP_GE, row_fge64)
DSETP(DSETP_NUM, row_fnum64)

static __always_inline u32 testp64(const u64 *a, u32 how)
{
	u32 l, bits = 0;

	for (l = 0; l < ENG_LANES; l++)
		bits |= (u32)num_testp64(a[l], how) << l;
	return bits;
}
OP_PRED(DTESTP, testp64(AT(u64, a), ip->mod))
