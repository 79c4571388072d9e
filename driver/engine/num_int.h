/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Integer instructions of one lane, as PTX defines them.
 */
#ifndef VGPU_ENGINE_NUM_INT_H
#define VGPU_ENGINE_NUM_INT_H

#include "scalar.h"

static __always_inline u32 num_addsat(u32 a, u32 b)
{
	u32 r = a + b, over = (a ^ r) & (b ^ r);
	u32 limit = ((s32)a >> 31) ^ 0x7fffffff;

	return (s32)over < 0 ? limit : r;
}

static __always_inline u32 num_subsat(u32 a, u32 b)
{
	u32 r = a - b, over = (a ^ b) & (a ^ r);
	u32 limit = ((s32)a >> 31) ^ 0x7fffffff;

	return (s32)over < 0 ? limit : r;
}

static __always_inline u32 num_divu(u32 a, u32 b)
{
	return b ? a / b : ENG_ALL;
}

static __always_inline u32 num_remu(u32 a, u32 b)
{
	return b ? a % b : a;
}

static __always_inline u32 num_divs(u32 a, u32 b)
{
	return (u32)eng_divs((s32)a, (s32)b);
}

static __always_inline u32 num_rems(u32 a, u32 b)
{
	return (u32)eng_rems((s32)a, (s32)b);
}

/* Bit number A<<2|B<<1|C of @m; also for whole predicates */
static __always_inline u32 num_lop3(u32 a, u32 b, u32 c, u32 m)
{
	u32 r = 0;

	r |= (0 - (m >> 0 & 1)) & ~a & ~b & ~c;
	r |= (0 - (m >> 1 & 1)) & ~a & ~b & c;
	r |= (0 - (m >> 2 & 1)) & ~a & b & ~c;
	r |= (0 - (m >> 3 & 1)) & ~a & b & c;
	r |= (0 - (m >> 4 & 1)) & a & ~b & ~c;
	r |= (0 - (m >> 5 & 1)) & a & ~b & c;
	r |= (0 - (m >> 6 & 1)) & a & b & ~c;
	r |= (0 - (m >> 7 & 1)) & a & b & c;
	return r;
}

static __always_inline u32 num_shl(u32 a, u32 n)
{
	return n > 31 ? 0 : a << (n & 31);
}

static __always_inline u32 num_shru(u32 a, u32 n)
{
	return n > 31 ? 0 : a >> (n & 31);
}

static __always_inline u32 num_shrs(u32 a, u32 n)
{
	return (u32)((s32)a >> (n > 31 ? 31 : n));
}

/* n <= 32; @a is the low word */
static __always_inline u32 num_shfl(u32 a, u32 b, u32 n)
{
	return (u32)((((u64)b << 32 | a) << n) >> 32);
}

static __always_inline u32 num_shfr(u32 a, u32 b, u32 n)
{
	return (u32)(((u64)b << 32 | a) >> n);
}

static __always_inline u32 num_byte(u64 ba, u32 sel)
{
	u32 v = (u32)(ba >> (sel & 7) * 8) & 0xff;

	return sel & 8 ? (0 - (v >> 7)) & 0xff : v;
}

/* The selector of byte @i in mode @mode, for the two low bits @c of C */
static __always_inline u32 num_prmt_index(u32 mode, u32 c, u32 i)
{
	switch (mode) {
	case VGPU_PRMT_F4E:	return (c + i) & 7;
	case VGPU_PRMT_B4E:	return (c - i) & 7;
	case VGPU_PRMT_RC8:	return c;
	case VGPU_PRMT_ECL:	return i > c ? i : c;
	case VGPU_PRMT_ECR:	return i < c ? i : c;
	default:		return (c & 1) * 2 + (i & 1);	/* RC16 */
	}
}

static __always_inline u32 num_prmt(u32 a, u32 b, u32 c, u32 mode)
{
	u64 ba = (u64)b << 32 | a;
	u32 i, r = 0;

	for (i = 0; i < 4; i++) {
		u32 sel = mode == VGPU_PRMT_IDX ? c >> 4 * i & 15 :
						  num_prmt_index(mode, c & 3, i);

		r |= num_byte(ba, sel) << 8 * i;
	}
	return r;
}

static __always_inline u32 num_bfeu(u32 a, u32 b, u32 c)
{
	u32 pos = b & 255, len = c & 255;

	a = num_shru(a, pos);
	return len > 31 ? a : a & ((1U << (len & 31)) - 1);
}

static __always_inline u32 num_bfes(u32 a, u32 b, u32 c)
{
	u32 pos = b & 255, len = c & 255, sign, mask;

	if (!len)
		return 0;
	sign = (u32)((s32)a >> (pos + len - 1 > 31 ? 31 : pos + len - 1)) & 1;
	mask = len > 31 ? ENG_ALL : (1U << (len & 31)) - 1;
	/* bits from beyond the register are copies of the sign */
	return pos > 31 ? 0 - sign :
	       ((u32)((s32)a >> pos) & mask) | ((0 - sign) & ~mask);
}

static __always_inline u32 num_bfi(u32 a, u32 b, u32 c)
{
	u32 pos = c & 255, len = c >> 8 & 255, mask;

	mask = num_shl(len > 31 ? ENG_ALL : (1U << (len & 31)) - 1, pos);
	return (b & ~mask) | (num_shl(a, pos) & mask);
}

static __always_inline u32 num_bmsk(u32 a, u32 b, u32 mode)
{
	u32 len;

	if (mode & VGPU_BMSK_WRAP) {
		a &= 31;
		b &= 31;
	}
	len = b > 31 ? ENG_ALL : (1U << (b & 31)) - 1;
	return num_shl(len, a);
}

static __always_inline u32 num_szext(u32 a, u32 b, u32 mode)
{
	u32 mask, sign;

	if (mode & VGPU_SZEXT_WRAP)
		b &= 31;
	mask = b > 31 ? ENG_ALL : (1U << (b & 31)) - 1;
	sign = mode & VGPU_SZEXT_SIGNED && b ? a >> ((b > 31 ? 32 : b) - 1) & 1 : 0;
	return (a & mask) | ((0 - sign) & ~mask);
}

static __always_inline u32 num_popc(u32 a)
{
	a -= a >> 1 & 0x55555555;
	a = (a & 0x33333333) + (a >> 2 & 0x33333333);
	a = (a + (a >> 4)) & 0x0f0f0f0f;
	return (a * 0x01010101) >> 24;
}

static __always_inline u32 num_clz(u32 a)
{
	a |= a >> 1;
	a |= a >> 2;
	a |= a >> 4;
	a |= a >> 8;
	a |= a >> 16;
	return num_popc(~a);
}

static __always_inline u32 num_bfind(u32 a, u32 mode)
{
	u32 clz = num_clz(a), pos = mode & VGPU_BFIND_SHIFTAMT ? clz : 31 - clz;

	return a ? pos : ENG_ALL;
}

static __always_inline u32 num_brev(u32 a)
{
	a = (a >> 1 & 0x55555555) | (a & 0x55555555) << 1;
	a = (a >> 2 & 0x33333333) | (a & 0x33333333) << 2;
	a = (a >> 4 & 0x0f0f0f0f) | (a & 0x0f0f0f0f) << 4;
	a = (a >> 8 & 0x00ff00ff) | (a & 0x00ff00ff) << 8;
	return a >> 16 | a << 16;
}

static __always_inline u32 num_fns(u32 mask, u32 base, s32 offset)
{
	u32 i, left;

	if (base > 31)
		return ENG_ALL;
	if (!offset)
		return mask >> base & 1 ? base : ENG_ALL;
	left = offset < 0 ? 0 - (u32)offset : (u32)offset;
	for (i = base; i < 32; i = offset < 0 ? i - 1 : i + 1)
		if (mask >> i & 1 && !--left)
			return i;
	return ENG_ALL;
}

static __always_inline u32 num_clampi(u32 a, u32 lo, u32 hi)
{
	s32 v = (s32)a < (s32)hi ? (s32)a : (s32)hi;

	return (u32)(v > (s32)lo ? v : (s32)lo);
}

static __always_inline u32 num_dp2a(u32 a, u32 b, u32 c, u32 mode)
{
	int i;

	b >>= mode & VGPU_DP_HIGH ? 16 : 0;
	for (i = 0; i < 2; i++) {
		s32 x = mode & VGPU_DP_A_SIGNED ? (s16)(a >> 16 * i) : (u16)(a >> 16 * i);
		s32 y = mode & VGPU_DP_B_SIGNED ? (s8)(b >> 8 * i) : (u8)(b >> 8 * i);

		c += (u32)x * (u32)y;
	}
	return c;
}

static __always_inline u64 num_lbfeu(u64 a, u32 b, u32 c)
{
	u32 pos = b & 255, len = c & 255;

	a = eng_shru64(a, pos);
	return len > 63 ? a : a & ((1ULL << (len & 63)) - 1);
}

static __always_inline u64 num_lbfes(u64 a, u32 b, u32 c)
{
	u32 pos = b & 255, len = c & 255;
	u64 sign, mask;

	if (!len)
		return 0;
	sign = (u64)((s64)a >> (pos + len - 1 > 63 ? 63 : pos + len - 1)) & 1;
	mask = len > 63 ? ~0ULL : (1ULL << (len & 63)) - 1;
	return pos > 63 ? 0 - sign :
	       ((u64)((s64)a >> pos) & mask) | ((0 - sign) & ~mask);
}

static __always_inline u64 num_lbfi(u64 a, u64 b, u32 c)
{
	u32 pos = c & 255, len = c >> 8 & 255;
	u64 mask = eng_shl64(len > 63 ? ~0ULL : (1ULL << (len & 63)) - 1, pos);

	return (b & ~mask) | (eng_shl64(a, pos) & mask);
}

static __always_inline u32 num_lpopc(u64 a)
{
	return num_popc((u32)a) + num_popc((u32)(a >> 32));
}

static __always_inline u32 num_lclz(u64 a)
{
	u32 hi = (u32)(a >> 32);

	return hi ? num_clz(hi) : 32 + num_clz((u32)a);
}

static __always_inline u32 num_lbfind(u64 a, u32 mode)
{
	u32 clz = num_lclz(a), pos = mode & VGPU_BFIND_SHIFTAMT ? clz : 63 - clz;

	return a ? pos : ENG_ALL;
}

static __always_inline u64 num_lbrev(u64 a)
{
	return (u64)num_brev((u32)a) << 32 | num_brev((u32)(a >> 32));
}

#endif /* VGPU_ENGINE_NUM_INT_H */
