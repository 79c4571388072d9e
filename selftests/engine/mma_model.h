/* SPDX-License-Identifier: MIT */
/*
 * What the tests of matrix products share: where PTX puts the elements of a fragment,
 * and what they are worth.
 */
#ifndef ENGINE_MMA_MODEL_H
#define ENGINE_MMA_MODEL_H

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../../driver/engine/optable.h"
#include "ref.h"
#include "rnd.h"

/* ---- elements ---------------------------------------------------------------------- */

static u32 element_bits(u32 type)
{
	static const u8 bits[] = {
		[MMAT_F64] = 64, [MMAT_F32] = 32, [MMAT_F16] = 16, [MMAT_BF16] = 16,
		[MMAT_TF32] = 32, [MMAT_I8] = 8, [MMAT_I4] = 4, [MMAT_B1] = 1, [MMAT_F8] = 8,
		[MMAT_F4] = 4, [MMAT_S32] = 32,
	};

	return bits[type];
}

/* Element @n of a group of registers: its bits. */
static u64 get(u32 (*file)[32], u32 base, u32 lane, u32 n, u32 bits)
{
	u32 at = n * bits;
	u64 val;

	if (bits == 64) {	/* a W register: 32 contiguous 64-bit lanes */
		memcpy(&val, (u8 *)file[base + 2 * n] + lane * 8, 8);
		return val;
	}
	val = file[base + at / 32][lane] >> at % 32;
	return bits == 32 ? val : val & ((1u << bits) - 1);
}

/**
 * struct place - where an element lies
 */
struct place {
	u32 lane, n;
};

/* A(i, k) or, with @columns rows of 8, any operand whose rows are lane groups. */
static struct place place_row(u32 row, u32 k, u32 blocks, u32 bits)
{
	u32 per = bits >= 32 ? 1 : 32 / bits;	/* elements a register */
	u32 block = k / (4 * per), r = block * blocks + row / 8;

	return (struct place){ (row % 8) * 4 + k % (4 * per) / per, r * per + k % per };
}

static struct place place_c(u32 row, u32 col)
{
	return (struct place){ (row % 8) * 4 + col / 2, (row / 8) * 2 + col % 2 };
}

static double value(u64 bits, u32 type, u32 q8)
{
	static const struct ref_format small[] = {
		[VGPU_Q8_E4M3] = { 3, 4, false, false }, [VGPU_Q8_E5M2] = { 2, 5, true, false },
		[VGPU_Q8_E2M3] = { 3, 2, false, true }, [VGPU_Q8_E3M2] = { 2, 3, false, true },
		[VGPU_Q8_E2M1] = { 1, 2, false, true },
	};
	static const struct ref_format e2m1 = { 1, 2, false, true };
	struct ref_number n;

	switch (type) {
	case MMAT_F64:
		return ref_double(bits);
	case MMAT_F16:
		n = ref_from_format(bits, &ref_f16);
		break;
	case MMAT_BF16:
		n = ref_from_format(bits, &ref_bf16);
		break;
	case MMAT_TF32:	/* the low 13 bits do not count */
		n = ref_from_f32(bits & ~0x1fffu);
		break;
	case MMAT_F8:
		/* narrower ones in the low bits of their byte, e2m1 in its middle */
		if (q8 == VGPU_Q8_E2M3 || q8 == VGPU_Q8_E3M2)
			bits &= 0x3f;
		if (q8 == VGPU_Q8_E2M1)
			bits = bits >> 2 & 15;
		n = ref_from_format(bits, &small[q8]);
		break;
	case MMAT_F4:
		n = ref_from_format(bits, &e2m1);
		break;
	default:
		n = ref_from_f32(bits);
		break;
	}
	return n.nan ? NAN : ref_double(ref_to_f64(n, VGPU_RN));
}

static s64 integer(u64 bits, u32 width, bool is_signed)
{
	return is_signed && bits >> (width - 1) ? (s64)(bits | ~0ull << width) : (s64)bits;
}

/* Bits of the kind's type: modest numbers, some of them special. */
static u32 random_word(u32 type, bool special)
{
	u32 r = rnd();

	if (special)
		return r;
	switch (type) {
	case MMAT_F16:	/* exponents near the middle */
		return (r & 0x83ff83ff) | 0x38003800 | (rnd() & 0x04000400);
	case MMAT_BF16:
		return (r & 0x807f807f) | 0x3f003f00 | (rnd() & 0x00800080);
	case MMAT_TF32:
	case MMAT_F32:
		return (r & 0x807fffff) | (0x7c + rnd() % 6) << 23;
	case MMAT_F64:
		return (r & 0x800fffff) | (0x3fc + rnd() % 6) << 20;
	case MMAT_F8:
		return r & 0xb7b7b7b7;
	default:
		return r;
	}
}

#endif /* ENGINE_MMA_MODEL_H */
