// SPDX-License-Identifier: MIT
/*
 * Matrix products: PTX's layouts, exact products, sums that are chains of fused
 * multiply-adds in rising order, one rounding of narrow results at the end.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../../driver/engine/optable.h"
#include "ref.h"
#include "rig.h"
#include "tap.h"

#define REGS	32	/* V registers that are loaded and stored, V0 to V31 */
#define BASE_A	32	/* A from V32, B from V48, C from V0: D too */
#define BASE_B	64
#define ROUNDS	12

static struct rig rig;
static u32 (*reg)[32];		/* [register][lane], in and out */
static u32 (*given)[32];	/* as they were */
static u32 state = 4711;

static u32 rnd(void)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

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

/* ---- the model ------------------------------------------------------------------------ */

static double value(u64 bits, u32 type, u32 q8)
{
	static const struct ref_format small[] = {
		[VGPU_Q8_E4M3] = { 3, 4, false, false }, [VGPU_Q8_E5M2] = { 2, 5, true, false },
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

/* One element of D for integers: exact, then wrapped or clamped. */
static u64 model_int(const struct mma_info *m, u32 imm, u32 row, u32 col)
{
	u32 bits = element_bits(m->ab), k;
	struct place c = place_c(row, col);
	s64 sum = (s32)get(given, 0, c.lane, c.n, 32);

	for (k = 0; k < m->k; k++) {
		struct place pa = place_row(row, k, m->m / 8, bits), pb = place_row(col, k, 1, bits);
		u64 a = get(given, BASE_A, pa.lane, pa.n, bits);
		u64 b = get(given, BASE_B, pb.lane, pb.n, bits);

		if (bits == 1)
			sum += imm & VGPU_MMA_XOR ? a ^ b : a & b;
		else
			sum += integer(a, bits, imm & VGPU_MMA_A_SIGNED) *
			       integer(b, bits, imm & VGPU_MMA_B_SIGNED);
	}
	if (imm & VGPU_MMA_SATFINITE)
		sum = sum > INT32_MAX ? INT32_MAX : sum < INT32_MIN ? INT32_MIN : sum;
	return (u32)sum;
}

static u64 model_float(const struct mma_info *m, u32 imm, u32 row, u32 col)
{
	u32 bits = element_bits(m->ab), k;
	struct place c = place_c(row, col);
	double wide = 0;
	float sum = 0;
	u64 start = get(given, 0, c.lane, c.n, element_bits(m->cd));

	if (m->cd == MMAT_F64)
		wide = ref_double(start);
	else
		sum = value(start, m->cd, 0);
	for (k = 0; k < m->k; k++) {
		struct place pa = place_row(row, k, m->m / 8, bits), pb = place_row(col, k, 1, bits);
		double a = value(get(given, BASE_A, pa.lane, pa.n, bits), m->ab, imm >> 16 & 15);
		double b = value(get(given, BASE_B, pb.lane, pb.n, bits), m->ab, imm >> 20 & 15);

		if (m->cd == MMAT_F64)
			wide = fma(a, b, wide);
		else
			sum = fmaf(a, b, sum);
	}
	if (m->cd == MMAT_F64)
		return isnan(wide) ? NAN64 : ref_bits64(wide);
	if (m->cd == MMAT_F16)
		return isnan(sum) ? NAN16 : ref_to_format(ref_from_f32(ref_bits(sum)), &ref_f16, VGPU_RN);
	return isnan(sum) ? NAN32 : ref_bits(sum);
}

/* ---- running -------------------------------------------------------------------------- */

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

static void fill(const struct mma_info *m, bool special)
{
	u32 r, l, type;

	for (r = 0; r < 96; r++)
		for (l = 0; l < 32; l++) {
			type = r < BASE_A ? m->cd : m->ab;
			/* upper words of 64-bit lanes hold the exponent */
			if (type == MMAT_F64 && l % 2 == 0)
				reg[r][l] = rnd();
			else
				reg[r][l] = random_word(type, special && rnd() % 8 == 0);
		}
	memcpy(given, reg, 96 * sizeof(*reg));
}

static void put_kernel(char *text, size_t size, const char *insn)
{
	size_t n = snprintf(text, size, ".kernel \"k\" func=f vregs=98 param=8\n.func f\n"
			    "s.ld:param:b64:a8 s0, [0]\nsreg v96, %%tid.x\n");
	u32 r;

	/* W registers are contiguous: each row of 128 bytes is loaded as it lies */
	for (r = 0; r < 96; r += 1)
		n += snprintf(text + n, size - n, "ld.global:b32:a4 v%u, [s0+v96<<2+%u]\n", r, r * 128);
	n += snprintf(text + n, size - n, "%s\n", insn);
	for (r = 0; r < REGS; r++)
		n += snprintf(text + n, size - n, "st.global:b32:a4 v%u, [s0+v96<<2+%u]\n", r, r * 128);
	snprintf(text + n, size - n, "exit\n.end\n");
}

static bool check(const struct mma_info *m, u32 imm, const char *what)
{
	u32 row, col, bits = element_bits(m->cd);
	bool ints = m->cd == MMAT_S32;

	for (row = 0; row < m->m; row++)
		for (col = 0; col < m->n; col++) {
			struct place c = place_c(row, col);
			u64 got = get(reg, 0, c.lane, c.n, bits);
			u64 want = ints ? model_int(m, imm, row, col) :
					  model_float(m, imm, row, col);

			if (got == want)
				continue;
			printf("# %s: D(%u, %u) is %llx, want %llx\n", what, row, col,
			       (unsigned long long)got, (unsigned long long)want);
			return false;
		}
	return true;
}

static bool run_kind(u32 kind, const char *flags, u32 imm, const char *set)
{
	const struct mma_info *m = &mma_table[kind];
	const u64 param = RIG_BASE;
	const struct rig_grid g = {
		.grid = { 1, 1, 1 }, .block = { 32, 1, 1 }, .param = &param, .param_size = 8,
	};
	char file = m->ab == MMAT_F64 ? 'w' : 'v', insn[120];
	static char text[16384];
	u32 i;

	snprintf(insn, sizeof(insn), "mma:%s%s %c0, %c%u, %c%u, %c0", m->name, flags, file, file,
		 BASE_A, file, BASE_B, file);
	put_kernel(text, sizeof(text), insn);
	for (i = 0; i < ROUNDS; i++) {
		fill(m, i % 3 == 2);
		if (rig_run(&rig, text, &g) != ENGINE_DONE) {
			printf("# %s: %s, fault %u at %u\n", insn, rig.msg, rig.fault.kind,
			       rig.fault.pc);
			return false;
		}
		if (!check(m, imm, insn))
			return false;
	}
	return true;
}

static bool run_all_flags(u32 kind, const char *set)
{
	const struct mma_info *m = &mma_table[kind];

	switch (m->ab) {
	case MMAT_I8:
	case MMAT_I4:
		return run_kind(kind, "", 0, set) &&
		       run_kind(kind, ":as:bs", VGPU_MMA_A_SIGNED | VGPU_MMA_B_SIGNED, set) &&
		       run_kind(kind, ":as:satfinite", VGPU_MMA_A_SIGNED | VGPU_MMA_SATFINITE, set) &&
		       run_kind(kind, ":bs", VGPU_MMA_B_SIGNED, set);
	case MMAT_B1:
		return run_kind(kind, "", 0, set) && run_kind(kind, ":xor", VGPU_MMA_XOR, set);
	case MMAT_F8:
		return run_kind(kind, "", 0, set) &&
		       run_kind(kind, ":at=e5m2:bt=e4m3", VGPU_MMA_ATYPE(VGPU_Q8_E5M2), set) &&
		       run_kind(kind, ":at=e5m2:bt=e5m2", VGPU_MMA_ATYPE(VGPU_Q8_E5M2) |
				VGPU_MMA_BTYPE(VGPU_Q8_E5M2), set);
	default:
		return run_kind(kind, "", 0, set);
	}
}

int main(void)
{
	const char * const *set = rig_sets();
	u32 kind;

	rig_init(&rig, 96 * sizeof(*reg));
	reg = (void *)rig.mem;
	given = malloc(96 * sizeof(*given));
	for (; *set; set++) {
		if (!given || engine_init(*set))
			abort();
		for (kind = 0; kind < VGPU_MMA_COUNT; kind++)
			tap_result(run_all_flags(kind, *set), "%s mma %s", *set,
				   mma_table[kind].name);
		engine_exit();
	}
	free(given);
	rig_free(&rig);
	return tap_end();
}
