// SPDX-License-Identifier: MIT
/*
 * Reference model: 64-bit integers.
 */
#include "ref.h"

#define R(OP, EXPR)									\
static void run_##OP(struct ref *r)							\
{											\
	u64 a = r->a, b = r->b, c = r->c;						\
	s64 sa = a, sb = b;								\
	u8 mod = r->in->mod;								\
											\
	(void)a, (void)b, (void)c, (void)sa, (void)sb, (void)mod;			\
	r->d = (EXPR);									\
}

static u64 high_u(u64 a, u64 b)
{
	return (unsigned __int128)a * b >> 64;
}

static u64 high_s(s64 a, s64 b)
{
	return (__int128)a * b >> 64;
}

static u64 div_s(s64 a, s64 b)
{
	return !b ? ~0ull : b == -1 ? -(u64)a : (u64)(a / b);
}

static u64 rem_s(s64 a, s64 b)
{
	return !b ? (u64)a : b == -1 ? 0 : (u64)(a % b);
}

static u64 extract(u64 a, u32 pos, u32 len, bool is_signed)
{
	u64 d = 0, sign;
	u32 i, last;

	pos &= 0xff;
	len &= 0xff;
	last = pos + len - 1 < 63 ? pos + len - 1 : 63;
	sign = is_signed && len ? a >> last & 1 : 0;
	for (i = 0; i < 64; i++)
		d |= (i < len && pos + i <= 63 ? a >> (pos + i) & 1 : sign) << i;
	return d;
}

static u64 insert(u64 a, u64 b, u32 c)
{
	u32 pos = c & 0xff, len = c >> 8 & 0xff, i;

	for (i = 0; i < len && pos + i <= 63; i++)
		b = (b & ~(1ull << (pos + i))) | (a >> i & 1) << (pos + i);
	return b;
}

static u32 find(u64 a, u8 mod)
{
	int i;

	for (i = 63; i >= 0; i--)
		if (a >> i & 1)
			return mod & VGPU_BFIND_SHIFTAMT ? 63 - i : i;
	return ~0u;
}

static u64 reverse(u64 a)
{
	u64 d = 0;
	int i;

	for (i = 0; i < 64; i++)
		d |= (a >> i & 1) << (63 - i);
	return d;
}

static u32 ones(u64 a)
{
	u32 n = 0;

	for (; a; a >>= 1)
		n += a & 1;
	return n;
}

static u32 leading(u64 a)
{
	u32 n = 0;

	while (n < 64 && !(a >> (63 - n) & 1))
		n++;
	return n;
}

/* A shift amount is 32 bit, and stops at the width. */
#define AMOUNT(b)	((u32)(b))

R(MOVW, a)
R(LADD, a + b)
R(LSUB, a - b)
R(LMUL, a * b)
R(LMULHS, high_s(sa, sb))
R(LMULHU, high_u(a, b))
R(LMAD, a * b + c)
R(LDIVS, div_s(sa, sb))
R(LDIVU, b ? a / b : ~0ull)
R(LREMS, rem_s(sa, sb))
R(LREMU, b ? a % b : a)
R(LABS, sa < 0 ? -a : a)
R(LMINS, sa < sb ? a : b)
R(LMINU, a < b ? a : b)
R(LMAXS, sa > sb ? a : b)
R(LMAXU, a > b ? a : b)
R(LAND, a & b)
R(LOR, a | b)
R(LXOR, a ^ b)
R(LNOT, ~a)
R(LSHL, AMOUNT(b) > 63 ? 0 : a << AMOUNT(b))
R(LSHRU, AMOUNT(b) > 63 ? 0 : a >> AMOUNT(b))
R(LSHRS, (u64)(sa >> (AMOUNT(b) > 63 ? 63 : AMOUNT(b))))
R(LBFES, extract(a, b, c, true))
R(LBFEU, extract(a, b, c, false))
R(LBFI, insert(a, b, c))
R(LPOPC, ones(a))
R(LCLZ, leading(a))
R(LBFINDS, find(sa < 0 ? ~a : a, mod))
R(LBFINDU, find(a, mod))
R(LBREV, reverse(a))
R(SELW, r->pc ? a : b)

static void run_LADDC(struct ref *r)
{
	unsigned __int128 sum = (unsigned __int128)r->a + r->b + r->carry;

	r->d = sum;
	r->p = sum >> 64;
}

static void run_LSUBC(struct ref *r)
{
	__int128 diff = (__int128)r->a - r->b - r->carry;

	r->d = diff;
	r->p = diff < 0;
}

static void run_SETPL(struct ref *r)
{
	u64 a = r->a, b = r->b;
	s64 sa = a, sb = b;
	const bool result[VGPU_CMP_COUNT] = {
		[VGPU_CMP_EQ] = a == b, [VGPU_CMP_NE] = a != b,
		[VGPU_CMP_LT] = sa < sb, [VGPU_CMP_LE] = sa <= sb,
		[VGPU_CMP_GT] = sa > sb, [VGPU_CMP_GE] = sa >= sb,
		[VGPU_CMP_LTU] = a < b, [VGPU_CMP_LEU] = a <= b,
		[VGPU_CMP_GTU] = a > b, [VGPU_CMP_GEU] = a >= b,
	};

	r->p = result[r->in->mod];
}

#define ROW(OP)	{ VGPU_OP_##OP, run_##OP, NULL, REF_I64 }
const struct ref_row ref_long[] = {
	ROW(MOVW), ROW(LADD), ROW(LSUB), ROW(LADDC), ROW(LSUBC), ROW(LMUL), ROW(LMULHS),
	ROW(LMULHU), ROW(LMAD), ROW(LDIVS), ROW(LDIVU), ROW(LREMS), ROW(LREMU), ROW(LABS),
	ROW(LMINS), ROW(LMINU), ROW(LMAXS), ROW(LMAXU), ROW(LAND), ROW(LOR), ROW(LXOR), ROW(LNOT),
	ROW(LSHL), ROW(LSHRU), ROW(LSHRS), ROW(LBFES), ROW(LBFEU), ROW(LBFI), ROW(LPOPC),
	ROW(LCLZ), ROW(LBFINDS), ROW(LBFINDU), ROW(LBREV), ROW(SELW), ROW(SETPL),
};
const size_t ref_long_count = ARRAY_SIZE(ref_long);
