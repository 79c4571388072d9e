// SPDX-License-Identifier: GPL-2.0
/*
 * Operands of the matrix instructions.
 */
#include "verify.h"

#define MMA_GROUP_SHIFT	24
#define MMA_KNOWN	(VGPU_MMA_KIND | VGPU_MMA_A_SIGNED | VGPU_MMA_B_SIGNED |	\
			 VGPU_MMA_SATFINITE | VGPU_MMA_XOR | VGPU_MMA_ATYPE(0xf) |	\
			 VGPU_MMA_A_COL | VGPU_MMA_B_ROW | VGPU_MMA_BTYPE(0xf) |	\
			 0x7U << MMA_GROUP_SHIFT)
#define MMA_SCALED_KNOWN (MMA_KNOWN | VGPU_MMA_TID_A(1) | VGPU_MMA_TID_B(3))
#define MMA_SPARSE_KNOWN (MMA_SCALED_KNOWN | VGPU_MMA_SELECT(3) | VGPU_MMA_SCALED)

/* Lanes of a quad that hold metadata: as many words as A has registers, or half. */
static u32 metadata_lanes(const struct mma_info *kind)
{
	switch (kind->ab) {
	case MMAT_F16:
	case MMAT_BF16:
	case MMAT_TF32:
		return kind->regs_a / 2;
	default:
		return kind->regs_a;
	}
}

static bool selector_ok(const struct mma_info *kind, u32 imm)
{
	return ((imm >> 12 & 3) + 1) * metadata_lanes(kind) <= 4;
}

static u32 flags_of(const struct mma_info *kind)
{
	switch (kind->ab) {
	case MMAT_I8:
	case MMAT_I4:
		return VGPU_MMA_A_SIGNED | VGPU_MMA_B_SIGNED | VGPU_MMA_SATFINITE;
	case MMAT_B1:
		return VGPU_MMA_XOR;
	default:
		return kind->k == 4 && kind->ab == MMAT_F16 ? VGPU_MMA_A_COL | VGPU_MMA_B_ROW : 0;
	}
}

static bool types_ok(const struct mma_info *kind, u32 imm)
{
	u32 a = imm >> 16 & 0xf, b = imm >> 20 & 0xf;

	if (kind->ab != MMAT_F8)
		return !a && !b;
	return a < VGPU_Q8_UE8M0 && b < VGPU_Q8_UE8M0;
}

/* One scale for 32 elements of 8 bit; one for 32 or 16 of 4 bit. */
static bool scaled_ok(u32 kind, u8 mod)
{
	u8 vectors = mod & 3;

	if (kind == VGPU_MMA_M16N8K32_F8_F32 || kind == VGPU_MMA_SP_M16N8K64_F8_F32)
		return vectors == 0;
	return (kind == VGPU_MMA_M16N8K64_F4_F32 || kind == VGPU_MMA_SP_M16N8K128_F4_F32) && vectors;
}

static bool overlap(u32 a, u32 a_count, u32 b, u32 b_count)
{
	return a < b + b_count && b < a + a_count;
}

static enum engine_refusal check_registers(const struct verify_unit *u,
					   const struct vgpu_insn *in,
					   const struct mma_info *kind, u32 group)
{
	bool wide = kind->ab == MMAT_F64;
	u32 na = kind->regs_a * group, nc = kind->regs_c * group;
	bool has_c = in->op == VGPU_OP_MMA && in->c != VGPU_NONE;
	enum engine_refusal why;

	why = verify_group(u, in->d, nc, wide);
	if (!why)
		why = verify_group(u, in->a, na, wide);
	if (!why)
		why = verify_group(u, in->b, kind->regs_b, wide);
	if (!why && has_c)
		why = verify_group(u, in->c, nc, wide);
	if (!why && in->op == VGPU_OP_MMASC)
		why = verify_group(u, in->c, 2, false);
	if (!why && in->op == VGPU_OP_MMASP)
		why = verify_group(u, in->c, in->imm & VGPU_MMA_SCALED ? 3 : 1, false);
	if (why || group == 1)
		return why;
	/* later multiplications of the group must not see results of earlier ones */
	if (overlap(in->d, nc, in->a, na) || overlap(in->d, nc, in->b, kind->regs_b))
		return REFUSE_MMA_OVERLAP;
	if (has_c && in->c != in->d && overlap(in->d, nc, in->c, nc))
		return REFUSE_MMA_OVERLAP;
	if (in->op == VGPU_OP_MMASC && overlap(in->d, nc, in->c, 2))
		return REFUSE_MMA_OVERLAP;
	return REFUSE_NOTHING;
}

static enum engine_refusal check_sparse(const struct vgpu_insn *in, const struct mma_info *kind)
{
	u32 k = in->imm & VGPU_MMA_KIND;

	if (k < VGPU_MMA_SPARSE || (in->imm & VGPU_MMA_SCALED && !scaled_ok(k, in->mod)))
		return REFUSE_MMA_KIND;
	if (in->imm >> MMA_GROUP_SHIFT & 7 || !selector_ok(kind, in->imm))
		return REFUSE_MMA_FLAGS;
	/* threads of scales without scales */
	if (!(in->imm & VGPU_MMA_SCALED) && in->imm >> 27)
		return REFUSE_MMA_FLAGS;
	return REFUSE_NOTHING;
}

static enum engine_refusal check_kind(const struct vgpu_insn *in, u32 *flags)
{
	u32 k = in->imm & VGPU_MMA_KIND;

	*flags = flags_of(&mma_table[k]);
	if (in->op == VGPU_OP_MMASP) {
		*flags |= VGPU_MMA_SELECT(3) | VGPU_MMA_SCALED;
		return check_sparse(in, &mma_table[k]);
	}
	if (k >= VGPU_MMA_SPARSE || (in->op == VGPU_OP_MMASC && !scaled_ok(k, in->mod)))
		return REFUSE_MMA_KIND;
	return REFUSE_NOTHING;
}

enum engine_refusal verify_matrix(const struct verify_unit *u, const struct vgpu_insn *in)
{
	u32 known = in->op == VGPU_OP_MMASC ? MMA_SCALED_KNOWN :
		    in->op == VGPU_OP_MMASP ? MMA_SPARSE_KNOWN : MMA_KNOWN;
	u32 k = in->imm & VGPU_MMA_KIND, flags;
	const struct mma_info *kind;
	enum engine_refusal why;

	if (k >= VGPU_MMA_COUNT)
		return REFUSE_MMA_KIND;
	kind = &mma_table[k];
	why = check_kind(in, &flags);
	if (why)
		return why;
	if (in->imm & ~known || in->imm & 0xff00 & ~flags)
		return REFUSE_MMA_FLAGS;
	if (!types_ok(kind, in->imm))
		return REFUSE_MMA_TYPE;
	return check_registers(u, in, kind, (in->imm >> MMA_GROUP_SHIFT & 7) + 1);
}
