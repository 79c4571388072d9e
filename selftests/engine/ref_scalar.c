// SPDX-License-Identifier: MIT
/*
 * Reference model: the scalar unit.
 */
#include "ref.h"

/* Operands as the width says; results of 32 bits are zero-extended. */
#define R(OP, EXPR32, EXPR64)								\
static u32 narrow_##OP(u32 a, u32 b, u32 c)						\
{											\
	s32 sa = a, sb = b;								\
											\
	(void)a, (void)b, (void)c, (void)sa, (void)sb;					\
	return (EXPR32);								\
}											\
static u64 wide_##OP(u64 a, u64 b, u64 c)						\
{											\
	s64 sa = a, sb = b;								\
											\
	(void)a, (void)b, (void)c, (void)sa, (void)sb;					\
	return (EXPR64);								\
}											\
static void run_##OP(struct ref *r)							\
{											\
	r->d = r->in->mod & VGPU_S32 ? narrow_##OP(r->a, r->b, r->c) :			\
				       wide_##OP(r->a, r->b, r->c);			\
}
#define BOTH(OP, EXPR)	R(OP, EXPR, EXPR)

BOTH(SMOV, a)
BOTH(SADD, a + b)
BOTH(SSUB, a - b)
BOTH(SMUL, a * b)
R(SMULHU, (u64)a * b >> 32, (unsigned __int128)a * b >> 64)
R(SMULHS, (s64)sa * sb >> 32, (__int128)sa * sb >> 64)
BOTH(SMAD, a * b + c)
BOTH(SAND, a & b)
BOTH(SOR, a | b)
BOTH(SXOR, a ^ b)
R(SSHL, b > 31 ? 0 : a << b, b > 63 ? 0 : a << b)
R(SSHRU, b > 31 ? 0 : a >> b, b > 63 ? 0 : a >> b)
R(SSHRS, sa >> (b > 31 ? 31 : b), sa >> (b > 63 ? 63 : b))
BOTH(SMINU, a < b ? a : b)
BOTH(SMINS, sa < sb ? a : b)
BOTH(SMAXU, a > b ? a : b)
BOTH(SMAXS, sa > sb ? a : b)
R(SDIVU, b ? a / b : ~0u, b ? a / b : ~0ull)
R(SDIVS, !b ? ~0u : sb == -1 ? -a : (u32)(sa / sb), !b ? ~0ull : sb == -1 ? -a : (u64)(sa / sb))
BOTH(SREMU, b ? a % b : a)
R(SREMS, !b ? a : sb == -1 ? 0 : (u32)(sa % sb), !b ? a : sb == -1 ? 0 : (u64)(sa % sb))
R(SPOPC, (u32)__builtin_popcount(a), (u64)__builtin_popcountll(a))
R(SCLZ, a ? (u32)__builtin_clz(a) : 32, a ? (u64)__builtin_clzll(a) : 64)

static void run_SEXT(struct ref *r)
{
	switch (r->in->mod) {
	case VGPU_EXT_U8:
		r->d = (u8)r->a;
		break;
	case VGPU_EXT_S8:
		r->d = (s64)(s8)r->a;
		break;
	case VGPU_EXT_U16:
		r->d = (u16)r->a;
		break;
	case VGPU_EXT_S16:
		r->d = (s64)(s16)r->a;
		break;
	case VGPU_EXT_U32:
		r->d = (u32)r->a;
		break;
	default:
		r->d = (s64)(s32)r->a;
		break;
	}
}

static void run_SSEL(struct ref *r)
{
	u64 val = r->pc ? r->a : r->b;

	r->d = r->in->mod & VGPU_S32 ? (u32)val : val;
}

static void run_SSETP(struct ref *r)
{
	bool narrow = r->in->mod & VGPU_SCMP_32;
	u64 a = narrow ? (u32)r->a : r->a, b = narrow ? (u32)r->b : r->b;
	s64 sa = narrow ? (s64)(s32)a : (s64)a, sb = narrow ? (s64)(s32)b : (s64)b;
	const bool result[VGPU_CMP_COUNT] = {
		[VGPU_CMP_EQ] = a == b, [VGPU_CMP_NE] = a != b,
		[VGPU_CMP_LT] = sa < sb, [VGPU_CMP_LE] = sa <= sb,
		[VGPU_CMP_GT] = sa > sb, [VGPU_CMP_GE] = sa >= sb,
		[VGPU_CMP_LTU] = a < b, [VGPU_CMP_LEU] = a <= b,
		[VGPU_CMP_GTU] = a > b, [VGPU_CMP_GEU] = a >= b,
	};

	r->p = result[r->in->mod & ~VGPU_SCMP_32];
}

#define ROW(OP)	{ VGPU_OP_##OP, run_##OP, NULL, REF_I64 }
const struct ref_row ref_scalar[] = {
	ROW(SMOV), ROW(SADD), ROW(SSUB), ROW(SMUL), ROW(SMULHU), ROW(SMULHS), ROW(SMAD), ROW(SAND),
	ROW(SOR), ROW(SXOR), ROW(SSHL), ROW(SSHRU), ROW(SSHRS), ROW(SMINU), ROW(SMINS), ROW(SMAXU),
	ROW(SMAXS), ROW(SDIVU), ROW(SDIVS), ROW(SREMU), ROW(SREMS), ROW(SPOPC), ROW(SCLZ),
	ROW(SEXT), ROW(SSEL), ROW(SSETP),
};
const size_t ref_scalar_count = ARRAY_SIZE(ref_scalar);
