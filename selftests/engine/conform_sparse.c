// SPDX-License-Identifier: MIT
/*
 * Matrix products of a kind of their own: with a sparse A (PTX's mma.sp), with block
 * scales on top, and Volta's four 8x8x4 products by quarters of the warp.
 */
#include "mma_model.h"
#include "rig.h"
#include "tap.h"

#define ROWS	64	/* V registers: C and D from V0, A from V32, B from V40, the rest from V48 */
#define BASE_A	32
#define BASE_B	40
#define BASE_M	48	/* metadata, then the scales */
#define ROUNDS	6

static struct rig rig;
static u32 (*reg)[32];		/* [register][lane], in and out */
static u32 given[ROWS][32];

static bool run_insn(const char *insn)
{
	const u64 param = RIG_BASE;
	const struct rig_grid g = {
		.grid = { 1, 1, 1 }, .block = { 32, 1, 1 }, .param = &param, .param_size = 8,
	};
	static char text[16384];
	size_t n = snprintf(text, sizeof(text), ".kernel \"k\" func=f vregs=66 param=8\n.func f\n"
			    "s.ld:param:b64:a8 s0, [0]\nsreg v64, %%tid.x\n");
	u32 r;

	for (r = 0; r < ROWS; r++)
		n += snprintf(text + n, sizeof(text) - n, "ld.global:b32:a4 v%u, [s0+v64<<2+%u]\n", r,
			      r * 128);
	n += snprintf(text + n, sizeof(text) - n, "%s\n", insn);
	for (r = 0; r < 16; r++)
		n += snprintf(text + n, sizeof(text) - n, "st.global:b32:a4 v%u, [s0+v64<<2+%u]\n", r,
			      r * 128);
	snprintf(text + n, sizeof(text) - n, "exit\n.end\n");
	if (rig_run(&rig, text, &g) == ENGINE_DONE)
		return true;
	printf("# %s: %s, fault %u at %u\n", insn, rig.msg, rig.fault.kind, rig.fault.pc);
	return false;
}

static bool differs(const char *what, u32 row, u32 col, u64 got, u64 want)
{
	if (got == want)
		return false;
	printf("# %s: D(%u, %u) is %llx, want %llx\n", what, row, col, (unsigned long long)got,
	       (unsigned long long)want);
	return true;
}

/* ---- sparse: a dense A is made first, and which of it is there ------------------------- */

static u64 dense[16][128];	/* bits of A's elements */
static bool there[16][128];

/* Elements in a group and those of it that are stored; in pairs, a pair is the unit */
struct grouping { u32 group, kept, pair; };

static struct grouping grouping_of(u32 type)
{
	switch (type) {
	case MMAT_TF32:
		return (struct grouping){ 2, 1, 1 };
	case MMAT_I4:
	case MMAT_F4:
		return (struct grouping){ 8, 4, 2 };
	default:
		return (struct grouping){ 4, 2, 1 };
	}
}

/* 4 bits of metadata of row @row's group @g: where PTX's layouts put them */
static void put_meta(const struct mma_info *m, u32 select, u32 row, u32 g, u32 bits)
{
	bool halves = m->ab == MMAT_F16 || m->ab == MMAT_BF16 || m->ab == MMAT_TF32;
	u32 word = halves ? g / 4 : g / 8;		/* of this row */
	u32 words = m->k / grouping_of(m->ab).group * 4 / (halves ? 16 : 32);
	u32 lane = 4 * (row % 8), shift;

	if (halves) {
		lane += select * words + word;
		shift = g % 4 * 4 + (row >= 8 ? 16 : 0);
	} else {
		lane += (words == 1 ? 2 * select : 2 * word) + row / 8;
		shift = g % 8 * 4;
	}
	reg[BASE_M][lane] |= bits << shift;
}

/* Random metadata; A's stored elements are spread to where they belong. */
static void make_sparse(const struct mma_info *m, u32 select)
{
	struct grouping gr = grouping_of(m->ab);
	u32 row, g, j, bits = element_bits(m->ab), units = gr.kept / gr.pair;
	u32 i0, i1, code, e;

	memset(there, 0, sizeof(there));
	memset(reg[BASE_M], 0, sizeof(reg[BASE_M]));
	for (row = 0; row < 16; row++)
		for (g = 0; g < m->k / gr.group; g++) {
			i0 = rnd() % (units == 1 ? 2 : 3);
			i1 = i0 + 1 + rnd() % (3 - i0 ? 3 - i0 : 1);
			code = units == 1 ? (i0 ? 14 : 4) : i0 | i1 << 2;
			put_meta(m, select, row, g, code);
			for (j = 0; j < gr.kept; j++) {
				u32 unit = units == 1 ? i0 : j / gr.pair ? i1 : i0;
				u32 k = g * gr.group + unit * gr.pair + j % gr.pair;
				struct place p = place_row(row, g * gr.kept + j, 2, bits);

				e = get(reg, BASE_A, p.lane, p.n, bits);
				dense[row][k] = e;
				there[row][k] = true;
			}
		}
}

static double scale_of(u32 word, u32 byte, bool ue4m3)
{
	u32 v = word >> 8 * (byte & 3) & 255;

	if (ue4m3)
		return value(v & 0x7f, MMAT_F8, VGPU_Q8_E4M3);
	return v == 255 ? NAN : ldexp(1.0, (int)v - 127);
}

/**
 * struct scaling - a block-scaled form
 * @blocks: scales along k; 0: none
 * @ue4m3: their type
 */
struct scaling { u32 blocks; bool ue4m3; };

static u64 model(const struct mma_info *m, u32 imm, struct scaling sc, u32 row, u32 col)
{
	u32 bits = element_bits(m->ab), k, s, n = sc.blocks ? sc.blocks : 1;
	struct place c = place_c(row, col);
	u64 start = get(given, 0, c.lane, c.n, element_bits(m->cd));
	float acc = m->cd == MMAT_S32 ? 0 : (float)value(start, m->cd, 0), sum;
	s64 total = (s32)start;

	for (s = 0; s < n; s++) {
		sum = sc.blocks ? 0 : acc;
		for (k = s * m->k / n; k < (s + 1) * m->k / n; k++) {
			struct place pb = place_row(col, k, 1, bits);
			u64 b = get(given, BASE_B, pb.lane, pb.n, bits);

			if (!there[row][k])
				continue;
			if (m->cd == MMAT_S32)
				total += integer(dense[row][k], bits, imm & VGPU_MMA_A_SIGNED) *
					 integer(b, bits, imm & VGPU_MMA_B_SIGNED);
			else
				sum = fmaf(value(dense[row][k], m->ab, imm >> 16 & 15),
					   value(b, m->ab, imm >> 20 & 15), sum);
		}
		acc = !sc.blocks ? sum :
		      fmaf(sum, (float)scale_of(given[BASE_M + 1][4 * (row % 8) + row / 8], s, sc.ue4m3) *
			   (float)scale_of(given[BASE_M + 2][4 * col], s, sc.ue4m3), acc);
	}
	if (m->cd == MMAT_S32)
		return (u32)(imm & VGPU_MMA_SATFINITE ? total > INT32_MAX ? INT32_MAX :
			     total < INT32_MIN ? INT32_MIN : total : total);
	if (m->cd == MMAT_F16)
		return isnan(acc) ? NAN16 : ref_to_format(ref_from_f32(ref_bits(acc)), &ref_f16, VGPU_RN);
	return isnan(acc) ? NAN32 : ref_bits(acc);
}

static bool run_sparse(u32 kind, const char *flags, u32 imm, struct scaling sc, u32 select)
{
	const struct mma_info *m = &mma_table[kind];
	u32 i, r, l, row, col;
	char insn[120];

	snprintf(insn, sizeof(insn), "mma.sparse:%u:%s:sel=%u%s v0, v%u, v%u, v%u",
		 sc.blocks ? (sc.blocks == 4 ? 2 : sc.blocks == 2) + 4 * sc.ue4m3 : 0, m->name, select,
		 flags, BASE_A, BASE_B, BASE_M);
	for (i = 0; i < ROUNDS; i++) {
		for (r = 0; r < ROWS; r++)
			for (l = 0; l < 32; l++)
				reg[r][l] = r > BASE_M ? 0x7f7f7f7f + (rnd() & 0x03030303) - 0x02020202 :
					    random_word(r < BASE_A ? m->cd : m->ab,
							i == 2 && rnd() % 8 == 0);
		if (sc.ue4m3)
			for (l = 0; l < 32; l++) {
				reg[BASE_M + 1][l] = 0x38383838 ^ (rnd() & 0x0f0f0f0f);
				reg[BASE_M + 2][l] = 0x38383838 ^ (rnd() & 0x0f0f0f0f);
			}
		make_sparse(m, select);
		memcpy(given, reg, sizeof(given));
		if (!run_insn(insn))
			return false;
		for (row = 0; row < 16; row++)
			for (col = 0; col < 8; col++) {
				struct place c = place_c(row, col);

				if (differs(insn, row, col, get(reg, 0, c.lane, c.n, element_bits(m->cd)),
					    model(m, imm, sc, row, col)))
					return false;
			}
	}
	return true;
}

static bool all_selectors(u32 kind, const char *flags, u32 imm)
{
	const struct mma_info *m = &mma_table[kind];
	bool halves = m->ab == MMAT_F16 || m->ab == MMAT_BF16 || m->ab == MMAT_TF32;
	u32 n = 4 / (halves ? m->regs_a / 2 : m->regs_a), s;

	for (s = 0; s < n; s++)
		if (!run_sparse(kind, flags, imm, (struct scaling){ 0 }, s))
			return false;
	return true;
}

static bool run_kind(u32 kind)
{
	switch (mma_table[kind].ab) {
	case MMAT_I8:
	case MMAT_I4:
		return all_selectors(kind, "", 0) && all_selectors(kind, ":as", VGPU_MMA_A_SIGNED) &&
		       all_selectors(kind, ":as:bs:satfinite", VGPU_MMA_A_SIGNED | VGPU_MMA_B_SIGNED |
				     VGPU_MMA_SATFINITE);
	case MMAT_F8:
		return all_selectors(kind, "", 0) &&
		       all_selectors(kind, ":at=e2m3:bt=e5m2", VGPU_MMA_ATYPE(VGPU_Q8_E2M3) |
				     VGPU_MMA_BTYPE(VGPU_Q8_E5M2)) &&
		       all_selectors(kind, ":at=e2m1:bt=e3m2", VGPU_MMA_ATYPE(VGPU_Q8_E2M1) |
				     VGPU_MMA_BTYPE(VGPU_Q8_E3M2));
	default:
		return all_selectors(kind, "", 0);
	}
}

/* ---- quarters of the warp -------------------------------------------------------------------- */

/* PTX's layouts of mma.m8n8k4: lane @x of eight, element @i. */
static void place_quad(char what, bool major, u32 x, u32 i, u32 *row, u32 *col)
{
	switch (what) {
	case 'a':	/* rows */
		*row = major ? x : i + (x < 4 ? 0 : 4);
		*col = major ? i : x % 4;
		break;
	case 'b':	/* rows */
		*row = major ? x % 4 : i;
		*col = major ? i + (x < 4 ? 0 : 4) : x;
		break;
	case 'h':	/* f16 accumulators */
		*row = x;
		*col = i;
		break;
	default:	/* f32 ones */
		*row = x % 2 + (i & 2) + (x < 4 ? 0 : 4);
		*col = (i & 4) + (x & 2) + (i & 1);
		break;
	}
}

static u32 quad_lane(u32 q, u32 x)
{
	return 4 * q + (x < 4 ? x : 12 + x);
}

static bool check_quad(const char *insn, u32 q, bool wide, bool a_row, bool b_row)
{
	float a[8][4], b[4][8], c[8][8], s;
	u32 x, i, k, row, col, bits = wide ? 32 : 16;
	u64 want;

	for (x = 0; x < 8; x++)
		for (i = 0; i < 8; i++) {
			u32 lane = quad_lane(q, x);

			if (i < 4) {
				place_quad('a', a_row, x, i, &row, &col);
				a[row][col] = value(get(given, BASE_A, lane, i, 16), MMAT_F16, 0);
				place_quad('b', b_row, x, i, &row, &col);
				b[row][col] = value(get(given, BASE_B, lane, i, 16), MMAT_F16, 0);
			}
			place_quad(wide ? 'w' : 'h', false, x, i, &row, &col);
			c[row][col] = value(get(given, 0, lane, i, bits), wide ? MMAT_F32 : MMAT_F16, 0);
		}
	for (x = 0; x < 8; x++)
		for (i = 0; i < 8; i++) {
			place_quad(wide ? 'w' : 'h', false, x, i, &row, &col);
			s = c[row][col];
			for (k = 0; k < 4; k++)
				s = fmaf(a[row][k], b[k][col], s);
			want = wide ? (isnan(s) ? NAN32 : ref_bits(s)) :
			       isnan(s) ? NAN16 : ref_to_format(ref_from_f32(ref_bits(s)), &ref_f16, VGPU_RN);
			if (differs(insn, row, col, get(reg, 0, quad_lane(q, x), i, bits), want))
				return false;
		}
	return true;
}

static bool run_quads(u32 kind, bool a_row, bool b_row)
{
	bool wide = mma_table[kind].cd == MMAT_F32;
	char insn[80];
	u32 i, r, l, q;

	snprintf(insn, sizeof(insn), "mma:%s%s%s v0, v%u, v%u, v0", mma_table[kind].name,
		 a_row ? "" : ":acol", b_row ? ":brow" : "", BASE_A, BASE_B);
	for (i = 0; i < ROUNDS; i++) {
		for (r = 0; r < ROWS; r++)
			for (l = 0; l < 32; l++)
				reg[r][l] = random_word(r < BASE_A && wide ? MMAT_F32 : MMAT_F16,
							i == 2 && rnd() % 8 == 0);
		memcpy(given, reg, sizeof(given));
		if (!run_insn(insn))
			return false;
		for (q = 0; q < 4; q++)
			if (!check_quad(insn, q, wide, a_row, b_row))
				return false;
	}
	return true;
}

int main(void)
{
	static const struct scaling one = { 1, false }, two = { 2, false }, four = { 4, true };
	const char * const *set = rig_sets();
	u32 kind;

	rig_init(&rig, ROWS * sizeof(*reg));
	reg = (void *)rig.mem;
	for (; *set; set++) {
		if (engine_init(*set))
			abort();
		for (kind = VGPU_MMA_QUAD; kind < VGPU_MMA_SPARSE; kind++)
			tap_result(run_quads(kind, true, false) && run_quads(kind, false, false) &&
				   run_quads(kind, true, true) && run_quads(kind, false, true),
				   "%s mma %s", *set, mma_table[kind].name);
		for (; kind < VGPU_MMA_COUNT; kind++)
			tap_result(run_kind(kind), "%s mma %s", *set, mma_table[kind].name);
		tap_result(run_sparse(VGPU_MMA_SP_M16N8K64_F8_F32, ":scaled", 0, one, 0),
			   "%s sparse with a scale a row", *set);
		tap_result(run_sparse(VGPU_MMA_SP_M16N8K128_F4_F32, ":scaled", 0, two, 0) &&
			   run_sparse(VGPU_MMA_SP_M16N8K128_F4_F32, ":scaled", 0, four, 0),
			   "%s sparse with two and four scales a row", *set);
		engine_exit();
	}
	rig_free(&rig);
	return tap_end();
}
