/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What each scalar instruction computes; for handlers (constant @op) and preambles.
 */
#ifndef VGPU_ENGINE_SCALAR_H
#define VGPU_ENGINE_SCALAR_H

#include "exec.h"

/* a / b and a % b without any way to a division trap */
static __always_inline u64 eng_divu(u64 a, u64 b)
{
	return b ? a / b : ~0ULL;
}

static __always_inline u64 eng_remu(u64 a, u64 b)
{
	return b ? a % b : a;
}

static __always_inline s64 eng_divs(s64 a, s64 b)
{
	if (!b)
		return -1;
	return b == -1 ? (s64)(0 - (u64)a) : a / b;
}

static __always_inline s64 eng_rems(s64 a, s64 b)
{
	if (!b)
		return a;
	return b == -1 ? 0 : a % b;
}

static __always_inline u64 eng_mulhu(u64 a, u64 b)
{
	return (u64)((unsigned __int128)a * b >> 64);
}

static __always_inline s64 eng_mulhs(s64 a, s64 b)
{
	return (s64)((__int128)a * b >> 64);
}

static __always_inline u64 eng_shl64(u64 a, u64 n)
{
	return n > 63 ? 0 : a << n;
}

static __always_inline u64 eng_shru64(u64 a, u64 n)
{
	return n > 63 ? 0 : a >> n;
}

static __always_inline s64 eng_shrs64(s64 a, u64 n)
{
	return a >> (n > 63 ? 63 : n);
}

static __always_inline u64 eng_scalar64(u32 op, u64 a, u64 b, u64 c)
{
	switch (op) {
	case VGPU_OP_SMOV:	return a;
	case VGPU_OP_SADD:	return a + b;
	case VGPU_OP_SSUB:	return a - b;
	case VGPU_OP_SMUL:	return a * b;
	case VGPU_OP_SMULHU:	return eng_mulhu(a, b);
	case VGPU_OP_SMULHS:	return (u64)eng_mulhs((s64)a, (s64)b);
	case VGPU_OP_SMAD:	return a * b + c;
	case VGPU_OP_SAND:	return a & b;
	case VGPU_OP_SOR:	return a | b;
	case VGPU_OP_SXOR:	return a ^ b;
	case VGPU_OP_SSHL:	return eng_shl64(a, b);
	case VGPU_OP_SSHRU:	return eng_shru64(a, b);
	case VGPU_OP_SSHRS:	return (u64)eng_shrs64((s64)a, b);
	case VGPU_OP_SMINU:	return a < b ? a : b;
	case VGPU_OP_SMINS:	return (s64)a < (s64)b ? a : b;
	case VGPU_OP_SMAXU:	return a > b ? a : b;
	case VGPU_OP_SMAXS:	return (s64)a > (s64)b ? a : b;
	case VGPU_OP_SDIVU:	return eng_divu(a, b);
	case VGPU_OP_SDIVS:	return (u64)eng_divs((s64)a, (s64)b);
	case VGPU_OP_SREMU:	return eng_remu(a, b);
	case VGPU_OP_SREMS:	return (u64)eng_rems((s64)a, (s64)b);
	case VGPU_OP_SPOPC:	return hweight32((u32)a) + hweight32((u32)(a >> 32));
	default:		return a ? (u64)__builtin_clzll(a) : 64;	/* SCLZ */
	}
}

static __always_inline u64 eng_scalar32(u32 op, u32 a, u32 b, u32 c)
{
	switch (op) {
	case VGPU_OP_SMULHU:	return (u32)((u64)a * b >> 32);
	case VGPU_OP_SMULHS:	return (u32)((s64)(s32)a * (s32)b >> 32);
	case VGPU_OP_SSHL:	return b > 31 ? 0 : a << b;
	case VGPU_OP_SSHRU:	return b > 31 ? 0 : a >> b;
	case VGPU_OP_SSHRS:	return (u32)((s32)a >> (b > 31 ? 31 : b));
	case VGPU_OP_SMINS:	return (s32)a < (s32)b ? a : b;
	case VGPU_OP_SMAXS:	return (s32)a > (s32)b ? a : b;
	case VGPU_OP_SDIVU:	return b ? a / b : ENG_ALL;
	case VGPU_OP_SDIVS:	return (u32)eng_divs((s32)a, (s32)b);
	case VGPU_OP_SREMU:	return b ? a % b : a;
	case VGPU_OP_SREMS:	return (u32)eng_rems((s32)a, (s32)b);
	case VGPU_OP_SPOPC:	return hweight32(a);
	case VGPU_OP_SCLZ:	return a ? (u32)__builtin_clz(a) : 32;
	default:		return (u32)eng_scalar64(op, a, b, c);
	}
}

static __always_inline u64 eng_ext(u32 how, u64 a)
{
	switch (how) {
	case VGPU_EXT_U8:	return (u8)a;
	case VGPU_EXT_S8:	return (u64)(s64)(s8)a;
	case VGPU_EXT_U16:	return (u16)a;
	case VGPU_EXT_S16:	return (u64)(s64)(s16)a;
	case VGPU_EXT_U32:	return (u32)a;
	default:		return (u64)(s64)(s32)a;
	}
}

static __always_inline bool eng_scmp(u32 mod, u64 a, u64 b)
{
	if (mod & VGPU_SCMP_32) {	/* compares the same in the upper half */
		a <<= 32;
		b <<= 32;
	}
	switch (mod & ~VGPU_SCMP_32) {
	case VGPU_CMP_EQ:	return a == b;
	case VGPU_CMP_NE:	return a != b;
	case VGPU_CMP_LT:	return (s64)a < (s64)b;
	case VGPU_CMP_LE:	return (s64)a <= (s64)b;
	case VGPU_CMP_GT:	return (s64)a > (s64)b;
	case VGPU_CMP_GE:	return (s64)a >= (s64)b;
	case VGPU_CMP_LTU:	return a < b;
	case VGPU_CMP_LEU:	return a <= b;
	case VGPU_CMP_GTU:	return a > b;
	default:		return a >= b;
	}
}

#endif /* VGPU_ENGINE_SCALAR_H */
