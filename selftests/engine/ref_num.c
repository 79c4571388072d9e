// SPDX-License-Identifier: MIT
/*
 * Reference model: exact numbers and their rounding to any format.
 */
#include <fenv.h>
#include <math.h>
#include "ref.h"

const struct ref_format ref_f16 = { 10, 5, true, false };
const struct ref_format ref_bf16 = { 7, 8, true, false };
const struct ref_format ref_tf32 = { 10, 8, true, false };
const struct ref_format ref_single = { 23, 8, true, false };

void ref_round_begin(u8 round)
{
	static const int modes[] = { FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD };

	fesetround(modes[round & 3]);
}

void ref_round_end(void)
{
	fesetround(FE_TONEAREST);
}

bool ref_compare(double a, double b, u32 relation)
{
	bool nan = isnan(a) || isnan(b);
	const bool result[VGPU_FCMP_COUNT] = {
		[VGPU_FCMP_EQ] = a == b, [VGPU_FCMP_NE] = !nan && a != b,
		[VGPU_FCMP_LT] = a < b, [VGPU_FCMP_LE] = a <= b,
		[VGPU_FCMP_GT] = a > b, [VGPU_FCMP_GE] = a >= b,
		[VGPU_FCMP_EQU] = nan || a == b, [VGPU_FCMP_NEU] = nan || a != b,
		[VGPU_FCMP_LTU] = nan || a < b, [VGPU_FCMP_LEU] = nan || a <= b,
		[VGPU_FCMP_GTU] = nan || a > b, [VGPU_FCMP_GEU] = nan || a >= b,
		[VGPU_FCMP_NUM] = !nan, [VGPU_FCMP_NAN] = nan,
	};

	return result[relation];
}

double ref_fma_odd(double a, double b, double c)
{
	volatile double va = a, vb = b, vc = c;
	volatile double r;
	u64 bits;

	fesetround(FE_TOWARDZERO);
	feclearexcept(FE_ALL_EXCEPT);
	r = fma(va, vb, vc);
	bits = ref_bits64(r);
	if (fetestexcept(FE_INEXACT))
		bits |= 1;
	fesetround(FE_TONEAREST);
	return ref_double(bits);
}

static struct ref_number from_fields(bool sign, u64 mant, int exp, int bits, int exp_bits,
				     bool has_inf)
{
	int bias = (1 << (exp_bits - 1)) - 1, top = (1 << exp_bits) - 1;
	struct ref_number n = { .sign = sign };

	if (has_inf && exp == top) {
		n.nan = mant;
		n.inf = !mant;
		return n;
	}
	n.mant = exp ? mant | 1ull << bits : mant;
	n.exp = (exp ? exp : 1) - bias - bits;
	return n;
}

struct ref_number ref_from_f64(u64 bits)
{
	return from_fields(bits >> 63, bits & ((1ull << 52) - 1), bits >> 52 & 0x7ff, 52, 11, true);
}

struct ref_number ref_from_format(u32 bits, const struct ref_format *f)
{
	u32 exp = bits >> f->bits & ((1u << f->exp_bits) - 1);
	u32 mant = bits & ((1u << f->bits) - 1);
	struct ref_number n = from_fields(bits >> (f->bits + f->exp_bits) & 1, mant, exp, f->bits,
					  f->exp_bits, f->has_inf);

	if (!f->has_inf && !f->no_nan && exp == (1u << f->exp_bits) - 1 &&
	    mant == (1u << f->bits) - 1)
		n.nan = true;
	return n;
}

struct ref_number ref_from_f32(u32 bits)
{
	return ref_from_format(bits, &ref_single);
}

struct ref_number ref_from_int(u64 val, bool is_signed)
{
	struct ref_number n = { 0 };

	n.sign = is_signed && val >> 63;
	n.mant = n.sign ? -val : val;
	return n;
}

/* Whether what lies below the last kept bit makes the magnitude grow by one unit. */
static bool round_up(bool sign, bool odd, bool half, bool below, enum vgpu_round round)
{
	switch (round) {
	case VGPU_RN:
		return half && (below || odd);
	case VGPU_RNA:
		return half;
	case VGPU_RM:
		return sign && (half || below);
	case VGPU_RP:
		return !sign && (half || below);
	default:
		return false;
	}
}

/* The magnitude in units of 2^@unit. */
static u64 in_units(const struct ref_number *n, int unit, enum vgpu_round round)
{
	int drop = unit - n->exp;
	bool half, below;
	u64 kept;

	if (drop <= 0)
		return n->mant << -drop;
	kept = drop > 63 ? 0 : n->mant >> drop;
	half = drop <= 64 && n->mant >> (drop - 1) & 1;
	below = n->sticky || (drop > 64 ? n->mant != 0 : (n->mant & ((1ull << (drop - 1)) - 1)) != 0);
	return kept + round_up(n->sign, kept & 1, half, below, round);
}

static int top_bit(u64 x)
{
	return x ? 63 - __builtin_clzll(x) : -1;
}

/* Packed exponent and mantissa; *overflow where it is beyond the largest number. */
static u64 pack(struct ref_number n, int bits, int exp_bits, bool has_inf, bool no_nan,
		enum vgpu_round round, bool *overflow)
{
	int bias = (1 << (exp_bits - 1)) - 1, emin = 1 - bias;
	int top = top_bit(n.mant) + n.exp;
	int unit = (top < emin ? emin : top) - bits;
	u64 max = has_inf ? ((1ull << exp_bits) - 1) << bits :
			    (1ull << (exp_bits + bits)) - (no_nan ? 0 : 1);
	u64 m;

	*overflow = false;
	if (!n.mant)
		return 0;
	m = in_units(&n, unit, round);
	if (top >= emin)	/* the leading one counts as one exponent */
		m += (u64)(top - emin) << bits;
	if (m >= max)
		*overflow = true;
	return m;
}

/* Overflow: infinity, or the largest number where the rounding points back. */
static bool to_infinity(bool sign, enum vgpu_round round)
{
	return round == VGPU_RN || round == VGPU_RNA || (round == VGPU_RP && !sign) ||
	       (round == VGPU_RM && sign);
}

u32 ref_to_format(struct ref_number n, const struct ref_format *f, enum vgpu_round round)
{
	u32 sign = (u32)n.sign << (f->bits + f->exp_bits);
	u32 inf = ((1u << f->exp_bits) - 1) << f->bits;
	bool overflow;
	u32 m;

	if (n.nan)
		return inf | ((1u << f->bits) - 1);
	if (n.inf)
		return sign | inf;
	m = pack(n, f->bits, f->exp_bits, f->has_inf, f->no_nan, round, &overflow);
	if (overflow)
		m = to_infinity(n.sign, round) ? inf : inf - 1;
	return sign | m;
}

u64 ref_to_f64(struct ref_number n, enum vgpu_round round)
{
	const u64 inf = 0x7ffull << 52;
	u64 sign = (u64)n.sign << 63, m;
	bool overflow;

	if (n.nan)
		return NAN64;
	if (n.inf)
		return sign | inf;
	m = pack(n, 52, 11, true, false, round, &overflow);
	if (overflow)
		m = to_infinity(n.sign, round) ? inf : inf - 1;
	return sign | m;
}

s64 ref_to_int(struct ref_number n, enum vgpu_round round, u32 bits, bool is_signed, u64 nan)
{
	u64 max = is_signed ? (1ull << (bits - 1)) - 1 : bits == 64 ? ~0ull : (1ull << bits) - 1;
	u64 min = is_signed ? 1ull << (bits - 1) : 0;	/* as a magnitude */
	u64 mag;

	if (n.nan)
		return nan;
	if (n.inf || (n.mant && top_bit(n.mant) + n.exp >= 64))
		mag = ~0ull;
	else
		mag = in_units(&n, 0, round);
	if (n.sign)
		return -(mag < min ? mag : min);
	return mag < max ? mag : max;
}
