// SPDX-License-Identifier: GPL-2.0
/*
 * Operands of loads, stores, atomics, copies, barrier objects and ldmatrix.
 */
#include "verify.h"

static bool op_stores(u16 op)
{
	return op == VGPU_OP_STG || op == VGPU_OP_STS || op == VGPU_OP_STL ||
	       op == VGPU_OP_STX;
}

/* Addresses of these spaces have 64 bits. */
static bool op_wide_address(u16 op)
{
	switch (op) {
	case VGPU_OP_LDG:
	case VGPU_OP_STG:
	case VGPU_OP_LDX:
	case VGPU_OP_STX:
	case VGPU_OP_CPASYNC:
		return true;
	default:
		return false;
	}
}

static enum engine_refusal check_data(u16 md)
{
	u32 width = VGPU_MD_GET_WIDTH(md), count = VGPU_MD_GET_COUNT(md);

	if (md & VGPU_MD_RESERVED)
		return REFUSE_MD_BITS;
	if ((md & VGPU_MD_SIGNED) && width >= 2)
		return REFUSE_MD_SIGNED;
	if (width + count > 5)
		return REFUSE_MD_BYTES;
	if (VGPU_MD_GET_ALIGN(md) > width + count)
		return REFUSE_MD_ALIGN;
	return REFUSE_NOTHING;
}

/* A scalar base, or none. */
static enum engine_refusal check_base(const struct verify_unit *u, u16 reg)
{
	return reg == VGPU_NONE ? REFUSE_NOTHING : verify_sreg(u, reg);
}

static enum engine_refusal check_address(const struct verify_unit *u,
					 const struct vgpu_insn *in)
{
	u32 form = VGPU_MD_FORM(in->c), shift = VGPU_MD_GET_SHIFT(in->c);
	enum engine_refusal why;

	if (form != VGPU_MD_FORM_SV && (shift || in->c & VGPU_MD_SEXT))
		return REFUSE_MD_FORM;
	if (shift > 4)
		return REFUSE_MD_SHIFT;
	if (form == VGPU_MD_FORM_W || form == VGPU_MD_FORM_S) {
		if (in->b)
			return REFUSE_UNUSED_B;
		if (form == VGPU_MD_FORM_S)
			return check_base(u, in->a);
		return op_wide_address(in->op) ? verify_wreg(u, in->a) :
						 verify_vreg(u, in->a);
	}
	why = check_base(u, in->a);
	if (why)
		return why;
	if (form == VGPU_MD_FORM_SV)
		return verify_vreg(u, in->b);
	return in->b < u->code->pattern_count ? REFUSE_NOTHING : REFUSE_PATTERN;
}

static enum engine_refusal check_order(const struct vgpu_insn *in)
{
	bool bad = op_stores(in->op) ?
		in->mod == VGPU_ORDER_NC || in->mod == VGPU_ORDER_ACQUIRE :
		in->mod == VGPU_ORDER_RELEASE;

	return bad ? REFUSE_ORDER : REFUSE_NOTHING;
}

static enum engine_refusal check_access(const struct verify_unit *u,
					const struct vgpu_insn *in)
{
	u32 width = VGPU_MD_GET_WIDTH(in->c);
	u32 count = 1U << VGPU_MD_GET_COUNT(in->c);
	enum engine_refusal why = check_data(in->c);

	if (!why)
		why = check_order(in);
	if (!why)
		why = check_address(u, in);
	if (!why)
		why = verify_group(u, in->d, width == 3 ? count * 2 : count, width == 3);
	return why;
}

static enum engine_refusal check_scalar_load(const struct verify_unit *u,
					     const struct vgpu_insn *in)
{
	const u16 used = VGPU_MD_WIDTH(3) | VGPU_MD_SIGNED | VGPU_MD_ALIGN(7) |
			 VGPU_MD_RESERVED;
	enum engine_refusal why = check_data(in->c);

	if (why)
		return why;
	if (in->c & ~used)
		return REFUSE_MD_FORM;
	if (in->b)
		return REFUSE_UNUSED_B;
	return check_base(u, in->a);
}

static enum engine_refusal check_cpasync(const struct verify_unit *u,
					 const struct vgpu_insn *in)
{
	u32 bytes = VGPU_MD_GET_WIDTH(in->c) + VGPU_MD_GET_COUNT(in->c);
	enum engine_refusal why = check_data(in->c);

	if (why)
		return why;
	if (in->c & VGPU_MD_SIGNED)
		return REFUSE_MD_SIGNED;
	if (bytes < 2 || bytes > 4)
		return REFUSE_CP_BYTES;
	if (!(in->mod & VGPU_CPASYNC_SRCSIZE))
		return check_address(u, in);
	if (VGPU_MD_FORM(in->c) != VGPU_MD_FORM_W || VGPU_MD_GET_SHIFT(in->c) ||
	    in->c & VGPU_MD_SEXT)
		return REFUSE_CP_FORM;
	why = verify_wreg(u, in->a);
	return why ? why : verify_vreg(u, in->b);
}

/* A register that holds one value of an atomic's type. */
static enum engine_refusal check_atomic_data(const struct verify_unit *u, u32 type, u16 reg)
{
	switch (type) {
	case VGPU_AT_U64:
	case VGPU_AT_S64:
	case VGPU_AT_F64:
		return verify_wreg(u, reg);
	case VGPU_AT_B128:
		return verify_group(u, reg, 4, true);
	default:
		return verify_vreg(u, reg);
	}
}

static enum engine_refusal check_atomic(const struct verify_unit *u,
					const struct vgpu_insn *in)
{
	u32 type = in->mod >> 4;
	enum engine_refusal why = REFUSE_NOTHING;

	if (in->d != VGPU_NONE)
		why = check_atomic_data(u, type, in->d);
	if (!why)
		why = check_atomic_data(u, type, in->b);
	if (why)
		return why;
	if ((in->mod & 0x0f) == VGPU_ATOM_CAS)
		return check_atomic_data(u, type, in->c);
	return in->c == VGPU_NONE ? REFUSE_NOTHING : REFUSE_ABSENT;
}

static enum engine_refusal absent_or_wide(const struct verify_unit *u, u16 reg)
{
	return reg == VGPU_NONE ? REFUSE_NOTHING : verify_wreg(u, reg);
}

static enum engine_refusal check_barrier_object(const struct verify_unit *u,
						const struct vgpu_insn *in)
{
	u32 what = in->mod & VGPU_MBAR_OP;
	enum engine_refusal why;

	if (what >= VGPU_MBAR_TEST)
		why = verify_preg(in->d);
	else if (what >= VGPU_MBAR_ARRIVE)
		why = absent_or_wide(u, in->d);
	else
		why = in->d == VGPU_NONE ? REFUSE_NOTHING : REFUSE_ABSENT;
	if (why)
		return why;
	if (what == VGPU_MBAR_INVAL)
		return in->b == VGPU_NONE ? REFUSE_NOTHING : REFUSE_ABSENT;
	return what == VGPU_MBAR_TEST ? verify_wreg(u, in->b) : verify_vreg(u, in->b);
}

/* D is written while the others are still read. */
static enum engine_refusal check_bulk(const struct vgpu_insn *in)
{
	return in->d == in->b || in->d == in->c || (in->d & ~1) == in->a ? REFUSE_BULK_OVERLAP :
									   REFUSE_NOTHING;
}

static enum engine_refusal check_tensor(const struct verify_unit *u, const struct vgpu_insn *in)
{
	enum engine_refusal why;

	if (!in->imm || in->imm > VGPU_TENSOR_RANKS)
		return REFUSE_TENSOR_RANK;
	if (in->op == VGPU_OP_TENSOR && in->mod == VGPU_BULK_FILL)
		return REFUSE_TENSOR_FILL;
	/* the elements' type is the tensor's */
	if (in->op == VGPU_OP_TENSORRED && in->mod >> 4)
		return REFUSE_ATOM_TYPE;
	why = verify_group(u, in->c, in->imm, false);
	if (why)
		return why;
	if (in->d >= in->c && in->d < in->c + in->imm)
		return REFUSE_BULK_OVERLAP;
	return check_bulk(in);
}

static u32 matrix_registers(const struct vgpu_insn *in)
{
	u32 n = 1U << (in->mod & VGPU_LDSM_NUM);

	return in->op == VGPU_OP_LDMATRIX && in->mod & VGPU_LDSM_BYTES ? 2 * n : n;
}

enum engine_refusal verify_memory(const struct verify_unit *u, const struct vgpu_insn *in,
				  const struct op_info *op)
{
	switch (op->mod) {
	case OPM_SPACE:
		return in->op == VGPU_OP_SLD ? check_scalar_load(u, in) : REFUSE_NOTHING;
	case OPM_ORDER:
		return check_access(u, in);
	case OPM_ATOM:
		if (in->op == VGPU_OP_TENSORRED)
			return check_tensor(u, in);
		return in->op == VGPU_OP_BULKRED ? check_bulk(in) : check_atomic(u, in);
	case OPM_BULK:
		return in->op == VGPU_OP_TENSOR ? check_tensor(u, in) : check_bulk(in);
	case OPM_MBAR:
		return check_barrier_object(u, in);
	case OPM_CPASYNC:
		return check_cpasync(u, in);
	case OPM_LDSM:
		return verify_group(u, in->d, matrix_registers(in), false);
	default:
		return REFUSE_NOTHING;
	}
}
