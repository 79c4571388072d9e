// SPDX-License-Identifier: MIT
/*
 * Reference model: 32-bit integers and predicates.
 */
#include "ref.h"

#define R(OP, EXPR)									\
static void run_##OP(struct ref *r)							\
{											\
	u32 a = r->a, b = r->b, c = r->c;						\
	s32 sa = a, sb = b, sc = c;							\
	u8 mod = r->in->mod;								\
											\
	(void)a, (void)b, (void)c, (void)sa, (void)sb, (void)sc, (void)mod;		\
	r->d = (EXPR);									\
}

#define R32(OP, EXPR)	R(OP, (u32)(EXPR))

static u32 saturate(s64 x)
{
	return x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : x;
}

static u32 div_s(s32 a, s32 b)
{
	return !b ? ~0u : b == -1 ? -(u32)a : (u32)(a / b);
}

static u32 rem_s(s32 a, s32 b)
{
	return !b ? (u32)a : b == -1 ? 0 : (u32)(a % b);
}

/* Bit number A<<2|B<<1|C of a truth table, bit by bit. */
static u32 lookup(u8 lut, u32 a, u32 b, u32 c)
{
	u32 d = 0;
	int i;

	for (i = 0; i < 32; i++)
		d |= (u32)(lut >> ((a >> i & 1) << 2 | (b >> i & 1) << 1 | (c >> i & 1)) & 1) << i;
	return d;
}

static u64 clamp_shift(u32 b, u32 width)
{
	return b < width ? b : width;
}

static u32 permute(u32 a, u32 b, u32 c, u8 mode)
{
	static const u8 b4e[4][4] = { { 0, 7, 6, 5 }, { 1, 0, 7, 6 }, { 2, 1, 0, 7 }, { 3, 2, 1, 0 } };
	static const u8 ecl[4][4] = { { 0, 1, 2, 3 }, { 1, 1, 2, 3 }, { 2, 2, 2, 3 }, { 3, 3, 3, 3 } };
	static const u8 ecr[4][4] = { { 0, 0, 0, 0 }, { 0, 1, 1, 1 }, { 0, 1, 2, 2 }, { 0, 1, 2, 3 } };
	u64 bytes = (u64)b << 32 | a;
	u32 d = 0, n = c & 3, i;

	for (i = 0; i < 4; i++) {
		u32 pick = 0, byte;

		switch (mode) {
		case VGPU_PRMT_IDX:
			pick = c >> i * 4 & 7;
			break;
		case VGPU_PRMT_F4E:
			pick = n + i;
			break;
		case VGPU_PRMT_B4E:
			pick = b4e[n][i];
			break;
		case VGPU_PRMT_RC8:
			pick = n;
			break;
		case VGPU_PRMT_ECL:
			pick = ecl[n][i];
			break;
		case VGPU_PRMT_ECR:
			pick = ecr[n][i];
			break;
		case VGPU_PRMT_RC16:
			pick = (n & 1) * 2 + (i & 1);
			break;
		}
		byte = bytes >> pick * 8 & 0xff;
		if (mode == VGPU_PRMT_IDX && c >> i * 4 & 8)
			byte = byte & 0x80 ? 0xff : 0;
		d |= byte << i * 8;
	}
	return d;
}

static u32 extract(u32 a, u32 pos, u32 len, bool is_signed)
{
	u32 d = 0, sign, i, last;

	pos &= 0xff;
	len &= 0xff;
	last = pos + len - 1 < 31 ? pos + len - 1 : 31;
	sign = is_signed && len ? a >> last & 1 : 0;
	for (i = 0; i < 32; i++)
		d |= (i < len && pos + i <= 31 ? a >> (pos + i) & 1 : sign) << i;
	return d;
}

static u32 insert(u32 a, u32 b, u32 c)
{
	u32 pos = c & 0xff, len = c >> 8 & 0xff, i;

	for (i = 0; i < len && pos + i <= 31; i++)
		b = (b & ~(1u << (pos + i))) | (a >> i & 1) << (pos + i);
	return b;
}

static u32 mask_of(u32 a, u32 b, u8 mod)
{
	u32 d = 0, i, pos = a, len = b;

	if (mod == VGPU_BMSK_WRAP) {
		pos &= 31;
		len &= 31;
	}
	for (i = 0; i < 32; i++)
		if (i >= pos && (u64)i < (u64)pos + len)
			d |= 1u << i;
	return d;
}

static u32 extend(u32 a, u32 b, u8 mod)
{
	u32 n = mod & VGPU_SZEXT_WRAP ? b & 31 : b, d;

	if (n >= 32)
		return a;
	d = a & ((1u << n) - 1);
	if (mod & VGPU_SZEXT_SIGNED && n && a >> (n - 1) & 1)
		d |= ~0u << n;
	return d;
}

static u32 find(u32 a, u8 mod)
{
	int i;

	for (i = 31; i >= 0; i--)
		if (a >> i & 1)
			return mod & VGPU_BFIND_SHIFTAMT ? 31 - i : i;
	return ~0u;
}

static u32 leading(u32 a)
{
	u32 n = 0;

	while (n < 32 && !(a >> (31 - n) & 1))
		n++;
	return n;
}

static u32 reverse(u32 a)
{
	u32 d = 0, i;

	for (i = 0; i < 32; i++)
		d |= (a >> i & 1) << (31 - i);
	return d;
}

static u32 ones(u32 a)
{
	u32 n = 0;

	for (; a; a >>= 1)
		n += a & 1;
	return n;
}

static u32 nth_set(u32 mask, u32 base, s32 offset)
{
	s64 pos = (s32)base, count = (offset < 0 ? -(s64)offset : offset) - 1;

	if (base > 31)
		return ~0u;
	if (!offset)
		return mask >> base & 1 ? base : ~0u;
	for (; pos >= 0 && pos < 32; pos += offset > 0 ? 1 : -1)
		if (mask >> pos & 1 && !count--)
			return pos;
	return ~0u;
}

static s32 part(u32 x, u32 shift, u32 bits, bool is_signed)
{
	u32 v = x >> shift & ((1u << bits) - 1);

	return is_signed && v >> (bits - 1) ? (s32)(v | ~0u << bits) : (s32)v;
}

static u32 dot4(u32 a, u32 b, u32 c, u8 mod)
{
	int i;

	for (i = 0; i < 4; i++)
		c += part(a, i * 8, 8, mod & VGPU_DP_A_SIGNED) *
		     part(b, i * 8, 8, mod & VGPU_DP_B_SIGNED);
	return c;
}

static u32 dot2(u32 a, u32 b, u32 c, u8 mod)
{
	u32 shift = mod & VGPU_DP_HIGH ? 16 : 0;
	int i;

	for (i = 0; i < 2; i++)
		c += (u32)part(a, i * 16, 16, mod & VGPU_DP_A_SIGNED) *
		     (u32)part(b, shift + i * 8, 8, mod & VGPU_DP_B_SIGNED);
	return c;
}

static bool compare(u32 a, u32 b, u8 mod)
{
	switch (mod) {
	case VGPU_CMP_EQ:
		return a == b;
	case VGPU_CMP_NE:
		return a != b;
	case VGPU_CMP_LT:
		return (s32)a < (s32)b;
	case VGPU_CMP_LE:
		return (s32)a <= (s32)b;
	case VGPU_CMP_GT:
		return (s32)a > (s32)b;
	case VGPU_CMP_GE:
		return (s32)a >= (s32)b;
	case VGPU_CMP_LTU:
		return a < b;
	case VGPU_CMP_LEU:
		return a <= b;
	case VGPU_CMP_GTU:
		return a > b;
	default:
		return a >= b;
	}
}

R32(MOV, a)
R32(IADD, a + b)
R32(ISUB, a - b)
R32(IADDSAT, saturate((s64)sa + sb))
R32(ISUBSAT, saturate((s64)sa - sb))
R32(IMUL, a * b)
R32(IMULHS, (s64)sa * sb >> 32)
R32(IMULHU, (u64)a * b >> 32)
R32(IMAD, a * b + c)
R(IMULWS, (u64)((s64)sa * sb))
R(IMULWU, (u64)a * b)
R(IMADWS, (u64)((s64)sa * sb) + r->c)
R(IMADWU, (u64)a * b + r->c)
R32(IDIVS, div_s(sa, sb))
R32(IDIVU, b ? a / b : ~0u)
R32(IREMS, rem_s(sa, sb))
R32(IREMU, b ? a % b : a)
R32(IABS, sa < 0 ? -a : a)
R32(IMINS, sa < sb ? a : b)
R32(IMINU, a < b ? a : b)
R32(IMAXS, sa > sb ? a : b)
R32(IMAXU, a > b ? a : b)
R32(ISAD, c + (sa < sb ? b - a : a - b))
R32(ISADU, c + (a < b ? b - a : a - b))
R32(AND, a & b)
R32(OR, a | b)
R32(XOR, a ^ b)
R32(NOT, ~a)
R32(LOP3, lookup(mod, a, b, c))
R32(SHL, (u64)a << clamp_shift(b, 32))
R32(SHRU, (u64)a >> clamp_shift(b, 32))
R32(SHRS, (s64)sa >> clamp_shift(b, 32))
R32(SHFLW, ((u64)b << 32 | a) << (c & 31) >> 32)
R32(SHFRW, ((u64)b << 32 | a) >> (c & 31))
R32(SHFLC, ((u64)b << 32 | a) << clamp_shift(c, 32) >> 32)
R32(SHFRC, ((u64)b << 32 | a) >> clamp_shift(c, 32))
R32(PRMT, permute(a, b, c, mod))
R32(BFES, extract(a, b, c, true))
R32(BFEU, extract(a, b, c, false))
R32(BFI, insert(a, b, c))
R32(BMSK, mask_of(a, b, mod))
R32(SZEXT, extend(a, b, mod))
R32(POPC, ones(a))
R32(CLZ, leading(a))
R32(BFINDS, find(sa < 0 ? ~a : a, mod))
R32(BFINDU, find(a, mod))
R32(BREV, reverse(a))
R32(FNS, nth_set(a, b, sc))
R32(EXT8S, part(a, 0, 8, true))
R32(EXT8U, part(a, 0, 8, false))
R32(EXT16S, part(a, 0, 16, true))
R32(EXT16U, part(a, 0, 16, false))
R32(CLAMPI, max(sb, min(sa, sc)))
R32(DP4A, dot4(a, b, c, mod))
R32(DP2A, dot2(a, b, c, mod))
R32(SEL, r->pc ? a : b)
R(PACK, (u64)b << 32 | a)
R32(UNPKLO, r->a)
R32(UNPKHI, r->a >> 32)
R(EXTS, (u64)(s64)sa)
R(EXTU, (u64)a)

static void run_IADDC(struct ref *r)
{
	u64 sum = r->a + r->b + r->carry;

	r->d = (u32)sum;
	r->p = sum >> 32;
}

static void run_ISUBC(struct ref *r)
{
	u64 diff = r->a - r->b - r->carry;

	r->d = (u32)diff;
	r->p = diff >> 63;
}

static void run_SETPI(struct ref *r)
{
	r->p = compare(r->a, r->b, r->in->mod);
}

static void run_PLOP3(struct ref *r)
{
	r->p = r->in->mod >> (r->pa << 2 | r->pb << 1 | r->pc) & 1;
}

static void run_ISSPACE(struct ref *r)
{
	static const u8 window[] = {
		[VGPU_SPACE_SHARED] = VGPU_WINDOW_SHARED >> VGPU_WINDOW_SHIFT,
		[VGPU_SPACE_LOCAL] = VGPU_WINDOW_LOCAL >> VGPU_WINDOW_SHIFT,
		[VGPU_SPACE_PARAM] = VGPU_WINDOW_PARAM >> VGPU_WINDOW_SHIFT,
	};
	u8 top = r->a >> VGPU_WINDOW_SHIFT;

	if (r->in->mod == VGPU_SPACE_GLOBAL)
		r->p = top < 1 || top > 3;
	else
		r->p = top == window[r->in->mod];
}

#define ROW(OP)	{ VGPU_OP_##OP, run_##OP, NULL, REF_I32 }
const struct ref_row ref_int[] = {
	ROW(MOV), ROW(IADD), ROW(ISUB), ROW(IADDSAT), ROW(ISUBSAT), ROW(IADDC), ROW(ISUBC),
	ROW(IMUL), ROW(IMULHS), ROW(IMULHU), ROW(IMAD), ROW(IMULWS), ROW(IMULWU), ROW(IMADWS),
	ROW(IMADWU), ROW(IDIVS), ROW(IDIVU), ROW(IREMS), ROW(IREMU), ROW(IABS), ROW(IMINS),
	ROW(IMINU), ROW(IMAXS), ROW(IMAXU), ROW(ISAD), ROW(ISADU), ROW(AND), ROW(OR), ROW(XOR),
	ROW(NOT), ROW(LOP3), ROW(SHL), ROW(SHRU), ROW(SHRS), ROW(SHFLW), ROW(SHFRW), ROW(SHFLC),
	ROW(SHFRC), ROW(PRMT), ROW(BFES), ROW(BFEU), ROW(BFI), ROW(BMSK), ROW(SZEXT), ROW(POPC),
	ROW(CLZ), ROW(BFINDS), ROW(BFINDU), ROW(BREV), ROW(FNS), ROW(EXT8S), ROW(EXT8U),
	ROW(EXT16S), ROW(EXT16U), ROW(CLAMPI), ROW(DP4A), ROW(DP2A), ROW(SEL), ROW(SETPI),
	ROW(PLOP3), ROW(PACK), ROW(EXTS), ROW(EXTU),
	{ VGPU_OP_UNPKLO, run_UNPKLO, NULL, REF_I64 },
	{ VGPU_OP_UNPKHI, run_UNPKHI, NULL, REF_I64 },
	{ VGPU_OP_ISSPACE, run_ISSPACE, NULL, REF_I64 },
};
const size_t ref_int_count = ARRAY_SIZE(ref_int);
