/* SPDX-License-Identifier: MIT */
/*
 * The scalar reference model: what every instruction does to one lane, written
 * from the instruction set's description alone and with nothing of the engine's.
 */
#ifndef ENGINE_REF_H
#define ENGINE_REF_H

#include "../../driver/engine/optable.h"

#define NAN32	0x7fffffffu
#define NAN64	0xfff8000000000000ull
#define NAN16	0x7fffu

/**
 * struct ref - one instruction in one lane
 * @in: the instruction
 * @mode: the float mode
 * @a: source A; an X source zero-extended
 * @b: source B
 * @c: source C
 * @d: D before, then after
 * @pa: predicate source A; likewise @pb, @pc
 * @carry: carry in
 * @p: receives the predicate result: D, the carry out, or C of match and elect
 */
struct ref {
	const struct vgpu_insn *in;
	u8 mode;
	u64 a, b, c, d;
	bool pa, pb, pc, carry;
	bool p;
};

typedef void (*ref_fn)(struct ref *r);

/**
 * struct ref_row - the model of one instruction
 * @op: enum vgpu_op
 * @run: computes it; NULL where @check judges
 * @check: the engine's result @got is good enough (approximations)
 * @type: what its sources are, for choosing inputs
 */
struct ref_row {
	u16 op;
	ref_fn run;
	bool (*check)(const struct ref *r, u64 got);
	enum ref_type { REF_I32, REF_I64, REF_F32, REF_F64, REF_F16, REF_BF16, REF_F8 } type;
};

extern const struct ref_row ref_int[], ref_long[], ref_scalar[], ref_f32[], ref_f64[],
	ref_half[], ref_cvt[], ref_approx[];
extern const size_t ref_int_count, ref_long_count, ref_scalar_count, ref_f32_count,
	ref_f64_count, ref_half_count, ref_cvt_count, ref_approx_count;

/* ---- numbers (ref_num.c) ------------------------------------------------------ */

/**
 * struct ref_format - a binary float format
 * @bits: bits of mantissa after the point
 * @exp_bits: bits of exponent
 * @has_inf: the largest exponent is infinity and NaN; else it holds numbers, and
 *	only the all-ones pattern is NaN (or nothing is, where @no_nan)
 */
struct ref_format {
	u8 bits, exp_bits;
	bool has_inf, no_nan;
};

extern const struct ref_format ref_f16, ref_bf16, ref_tf32, ref_single;

/** struct ref_number - an exact number: (-1)^sign * mant * 2^exp, with bits lost below */
struct ref_number {
	bool sign, nan, inf;
	u64 mant;
	int exp;
	bool sticky;
};

struct ref_number ref_from_f64(u64 bits);
struct ref_number ref_from_f32(u32 bits);
struct ref_number ref_from_format(u32 bits, const struct ref_format *f);
struct ref_number ref_from_int(u64 val, bool is_signed);
/** ref_to_format() - rounded once; infinity where it overflows; NaN all ones but the sign */
u32 ref_to_format(struct ref_number n, const struct ref_format *f, enum vgpu_round round);
u64 ref_to_f64(struct ref_number n, enum vgpu_round round);
/** ref_to_int() - integral value, saturated to [@lo, @hi] */
s64 ref_to_int(struct ref_number n, enum vgpu_round round, u32 bits, bool is_signed, u64 nan);
/** ref_compare() - VGPU_FCMP_* @relation of two numbers, of whatever type they came from */
bool ref_compare(double a, double b, u32 relation);
/** ref_fma_odd() - a * b + c in double, rounded to odd, so that it can be rounded again */
double ref_fma_odd(double a, double b, double c);

static inline float ref_float(u32 bits)
{
	float f;

	memcpy(&f, &bits, 4);
	return f;
}

static inline u32 ref_bits(float f)
{
	u32 bits;

	memcpy(&bits, &f, 4);
	return bits;
}

static inline double ref_double(u64 bits)
{
	double d;

	memcpy(&d, &bits, 8);
	return d;
}

static inline u64 ref_bits64(double d)
{
	u64 bits;

	memcpy(&bits, &d, 8);
	return bits;
}

static inline bool ref_nan32(u32 bits)
{
	return (bits & 0x7fffffff) > 0x7f800000;
}

static inline bool ref_nan64(u64 bits)
{
	return (bits & ~(1ull << 63)) > 0x7ff0000000000000ull;
}

/** ref_flush() - denormals become zeros of their sign */
static inline u32 ref_flush(u32 bits)
{
	return (bits & 0x7f800000) ? bits : bits & 0x80000000;
}

/** ref_round_begin() - host rounding as the float mode @mode says; end with ref_round_end() */
void ref_round_begin(u8 round);
void ref_round_end(void);

#endif /* ENGINE_REF_H */
