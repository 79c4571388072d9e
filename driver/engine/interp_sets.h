/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One handler set: every handler, the two tables, the way in.  Included by
 * interp_avx512.c, interp_avx2.c and interp_portable.c after their vec_*.h.
 */
#include "interp.h"
#include "cpu.h"
#include "members.h"
#include "whole.h"

#include "ops_ctrl.h"
#include "ops_scalar.h"
#include "ops_int.h"
#include "ops_long.h"
#include "ops_float.h"
#include "ops_double.h"
#include "ops_half.h"
#include "ops_cvt.h"
#include "ops_lane.h"
#include "ops_mem_find.h"
#include "ops_base.h"
#include "ops_mem_move.h"
#include "ops_mem.h"
#include "ops_mem_lanes.h"
#include "ops_mem_local.h"
#include "ops_mem_fast.h"
#include "ops_atom.h"
#include "ops_bulk.h"
#include "ops_mma.h"
#include "ops_pairs.h"

/*
 * Every instruction and every variant has an entry, else this does not compile.
 * Control and scalar instructions look at masks themselves.
 */
#define SAME_HANDLER(ID, NAME)							\
	[2 * (ID)] = f_##NAME, [2 * (ID) + 1] = f_##NAME,
#define FULL_HANDLER(ID, NAME)							\
	[2 * (ID)] = f_##NAME, [2 * (ID) + 1] = m_##NAME,
#define PART_HANDLER(ID, NAME)							\
	[2 * (ID)] = m_##NAME, [2 * (ID) + 1] = m_##NAME,

/* Where some lanes are not active, only what minds none of them goes in pairs. */
#define PART_A(FIRST, SECOND)		m_##FIRST
#define PART_B(FIRST, SECOND)		m_##FIRST
#define PART_C(FIRST, SECOND)		m_##FIRST
#define PART_ROWS(FIRST, SECOND)	m_##FIRST
#define PART_LOAD(FIRST, SECOND)	m_##FIRST
#define PART_UNIT(FIRST, SECOND)	PAIR_HANDLER(UNIT, FIRST, SECOND)

#define FULL_CTRL	SAME_HANDLER
#define FULL_SCALAR	SAME_HANDLER
#define FULL_SMEM	SAME_HANDLER
#define FULL_SVEC	SAME_HANDLER
#define FULL_ALU	FULL_HANDLER
#define FULL_LANE	FULL_HANDLER
#define FULL_MEM	FULL_HANDLER
#define FULL_MAT	FULL_HANDLER
#define PART_CTRL	SAME_HANDLER
#define PART_SCALAR	SAME_HANDLER
#define PART_SMEM	SAME_HANDLER
#define PART_SVEC	SAME_HANDLER
#define PART_ALU	PART_HANDLER
#define PART_LANE	PART_HANDLER
#define PART_MEM	PART_HANDLER
#define PART_MAT	PART_HANDLER

static const struct eng_table full_table = { .h = {
#define VGPU_OP(NAME, TEXT, D, A, B, C, MOD, IMM, CLASS, MEANING)		\
	FULL_##CLASS(VGPU_OP_##NAME, NAME)
#include "../../uapi/vgpu_isa_ops.h"
#undef VGPU_OP
	FULL_HANDLER(EU_BCAST, BCAST)
	FULL_HANDLER(EU_BCASTW, BCASTW)
	FULL_HANDLER(EU_FSAT, FSAT)
	FULL_HANDLER(EU_DSAT, DSAT)
	FULL_HANDLER(EU_HSAT, HSAT)
	FULL_HANDLER(EU_BSAT, BSAT)
	SAME_HANDLER(EU_FUEL, FUEL)
	SAME_HANDLER(EU_LOST, LOST)
	SAME_HANDLER(EU_FPENV, FPENV)
#define EV(NAME, VARIANT) FULL_HANDLER(EV_##NAME##_##VARIANT, NAME##_##VARIANT)
#include "variants.h"
#undef EV
#define EF(KIND, FIRST, SECOND)							\
	[2 * EF_##KIND##_##FIRST##_##SECOND] = PAIR_HANDLER(KIND, FIRST, SECOND),
#include "pairs.h"
#undef EF
} };

static const struct eng_table part_table = { .h = {
#define VGPU_OP(NAME, TEXT, D, A, B, C, MOD, IMM, CLASS, MEANING)		\
	PART_##CLASS(VGPU_OP_##NAME, NAME)
#include "../../uapi/vgpu_isa_ops.h"
#undef VGPU_OP
	PART_HANDLER(EU_BCAST, BCAST)
	PART_HANDLER(EU_BCASTW, BCASTW)
	PART_HANDLER(EU_FSAT, FSAT)
	PART_HANDLER(EU_DSAT, DSAT)
	PART_HANDLER(EU_HSAT, HSAT)
	PART_HANDLER(EU_BSAT, BSAT)
	SAME_HANDLER(EU_FUEL, FUEL)
	SAME_HANDLER(EU_LOST, LOST)
	SAME_HANDLER(EU_FPENV, FPENV)
#define EV(NAME, VARIANT) PART_HANDLER(EV_##NAME##_##VARIANT, NAME##_##VARIANT)
#include "variants.h"
#undef EV
#define EF(KIND, FIRST, SECOND)							\
	[2 * EF_##KIND##_##FIRST##_##SECOND] = PART_##KIND(FIRST, SECOND),
#include "pairs.h"
#undef EF
} };

static void run(struct eng_warp *w)
{
	const struct eng_op *ip = w->ip;

#if ENG_TAIL
	w->table->h[ip->h](ip, w, w->table);
#else
	while (ip)
		ip = w->table->h[ip->h](ip, w, w->table);
#endif
#if ENG_HAVE_FMA
	_mm256_zeroupper();
#endif
}
