// SPDX-License-Identifier: MIT
/*
 * Matrix products: PTX's layouts, exact products, sums that are chains of fused
 * multiply-adds in rising order, one rounding of narrow results at the end.
 */
#include "mma_model.h"
#include "rig.h"
#include "tap.h"

#define REGS	32	/* V registers that are loaded and stored, V0 to V31 */
#define BASE_A	32	/* A from V32, B from V48, C from V0: D too */
#define BASE_B	64
#define ROUNDS	12

static struct rig rig;
static u32 (*reg)[32];		/* [register][lane], in and out */
static u32 (*given)[32];	/* as they were */

/* ---- the model ------------------------------------------------------------------------ */

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
		/* the others' model is in conform_sparse.c */
		for (kind = 0; kind < VGPU_MMA_QUAD; kind++)
			tap_result(run_all_flags(kind, *set), "%s mma %s", *set,
				   mma_table[kind].name);
		engine_exit();
	}
	free(given);
	rig_free(&rig);
	return tap_end();
}
