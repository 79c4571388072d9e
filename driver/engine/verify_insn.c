// SPDX-License-Identifier: GPL-2.0
/*
 * One instruction by itself: word, operands, immediate.
 */
#include "verify.h"

enum engine_refusal verify_vreg(const struct verify_unit *u, u32 reg)
{
	return reg < u->vregs ? REFUSE_NOTHING : REFUSE_VREG;
}

enum engine_refusal verify_wreg(const struct verify_unit *u, u32 reg)
{
	if (reg & 1)
		return REFUSE_WREG_ODD;
	/* the count is even, so that the pair's other half is inside, too */
	return reg < u->vregs ? REFUSE_NOTHING : REFUSE_WREG;
}

enum engine_refusal verify_sreg(const struct verify_unit *u, u32 reg)
{
	return reg < u->sregs ? REFUSE_NOTHING : REFUSE_SREG;
}

enum engine_refusal verify_preg(u32 reg)
{
	return reg < VGPU_MAX_PREGS ? REFUSE_NOTHING : REFUSE_PREG;
}

enum engine_refusal verify_group(const struct verify_unit *u, u32 reg, u32 count, bool wide)
{
	if (wide && reg & 1)
		return REFUSE_WREG_ODD;
	return reg + count <= u->vregs ? REFUSE_NOTHING : REFUSE_GROUP;
}

static bool guard_admitted(u16 op, u8 class)
{
	switch (class) {
	case OPC_ALU:
	case OPC_LANE:
	case OPC_MEM:
		return true;
	case OPC_CTRL:
		return op == VGPU_OP_EXIT || op == VGPU_OP_TRAP ||
		       op == VGPU_OP_BRA || op == VGPU_OP_BREAK;
	default:
		return false;
	}
}

static enum engine_refusal check_guard(const struct vgpu_insn *in, const struct op_info *op)
{
	if (!in->guard)
		return REFUSE_NOTHING;
	if (!(in->guard & VGPU_GUARD) ||
	    in->guard & ~(VGPU_GUARD | VGPU_GUARD_NOT | VGPU_GUARD_PRED))
		return REFUSE_GUARD_BITS;
	return guard_admitted(in->op, op->class) ? REFUSE_NOTHING : REFUSE_GUARD;
}

/* SHFL keeps B's immediate in a field of its own. */
static bool imm_source_admitted(const struct op_info *op, enum op_field f)
{
	return op->imm == OPI_SRC || (op->imm == OPI_SHFL && f == OPF_B);
}

/* An X, Y or T operand: its two top bits say what it is. */
static enum engine_refusal check_source(const struct verify_unit *u, const struct vgpu_insn *in,
					const struct op_info *op, enum op_field f)
{
	u16 val = op_operand(in, f), index = val & VGPU_SRC_INDEX;
	u8 kind = op->kind[f];

	switch (val & VGPU_SRC_KIND) {
	case VGPU_SRC_REG:
		if (kind == OPK_T)
			return verify_sreg(u, index);
		return kind == OPK_X ? verify_vreg(u, index) : verify_wreg(u, index);
	case VGPU_SRC_SCALAR:
		return kind == OPK_T ? REFUSE_SRC_KIND : verify_sreg(u, index);
	case VGPU_SRC_IMM:
		if (!imm_source_admitted(op, f))
			return REFUSE_SRC_NO_IMM;
		return index ? REFUSE_SRC_INDEX : REFUSE_NOTHING;
	default:
		return REFUSE_SRC_KIND;
	}
}

static enum engine_refusal check_number(const struct verify_unit *u, const struct vgpu_insn *in)
{
	switch (in->op) {
	case VGPU_OP_BRX:
		if (in->b >= u->code->table_count)
			return REFUSE_TABLE;
		return u->table_func[in->b] == u->func ? REFUSE_NOTHING : REFUSE_TABLE_FUNC;
	case VGPU_OP_H2I:
		return in->b < VGPU_INT_COUNT ? REFUSE_NOTHING : REFUSE_INT_KIND;
	case VGPU_OP_SBASE:
	case VGPU_OP_SBASEW:
		return in->b < u->code->pattern_count ? REFUSE_NOTHING : REFUSE_PATTERN;
	default:	/* SMOVI: any; SLD: verify_memory() */
		return REFUSE_NOTHING;
	}
}

static enum engine_refusal check_operand(const struct verify_unit *u, const struct vgpu_insn *in,
					 const struct op_info *op, enum op_field f)
{
	u16 val = op_operand(in, f);

	switch (op->kind[f]) {
	case OPK__:
		return val ? REFUSE_UNUSED_D + f : REFUSE_NOTHING;
	case OPK_V:
		return verify_vreg(u, val);
	case OPK_W:
		return verify_wreg(u, val);
	case OPK_S:
		return verify_sreg(u, val);
	case OPK_P:
		return verify_preg(val);
	case OPK_X:
	case OPK_Y:
	case OPK_T:
		return check_source(u, in, op, f);
	case OPK_N:
		return check_number(u, in);
	default:	/* R, G, M: verify_memory(), verify_matrix(), check_special() */
		return REFUSE_NOTHING;
	}
}

static bool uses_imm(const struct vgpu_insn *in, const struct op_info *op)
{
	enum op_field f;

	for (f = OPF_A; f < OPF_COUNT; f++) {
		if (op->kind[f] != OPK_X && op->kind[f] != OPK_Y && op->kind[f] != OPK_T)
			continue;
		if ((op_operand(in, f) & VGPU_SRC_KIND) == VGPU_SRC_IMM)
			return true;
	}
	return false;
}

static enum engine_refusal check_special_register(const struct vgpu_insn *in)
{
	const struct sreg_info *reg;

	if (in->imm >= VGPU_SREG_COUNT)
		return REFUSE_SPECIAL;
	reg = &sreg_table[in->imm];
	if (in->op == VGPU_OP_SREGS)
		return reg->uniform ? REFUSE_NOTHING : REFUSE_SPECIAL_LANE;
	return reg->wide == (in->op == VGPU_OP_SREGW) ? REFUSE_NOTHING : REFUSE_SPECIAL_SIZE;
}

static enum engine_refusal check_shuffle(const struct vgpu_insn *in)
{
	const u32 lane = VGPU_SHFL_LANE(31);
	const u32 known = lane | VGPU_SHFL_CLAMP(31) | VGPU_SHFL_SEGMASK(31) | VGPU_SHFL_FULL;

	if (in->imm & ~known)
		return REFUSE_SHFL_IMM;
	if (in->b != VGPU_SRC_IMM && in->imm & lane)
		return REFUSE_IMM_UNUSED;
	/* with all lanes as members, C has nothing to say */
	return in->imm & VGPU_SHFL_FULL && in->c ? REFUSE_SHFL_MASK : REFUSE_NOTHING;
}

static enum engine_refusal check_imm(const struct verify_unit *u, const struct vgpu_insn *in,
				     const struct op_info *op)
{
	switch (op->imm) {
	case OPI_ZERO:
		return in->imm ? REFUSE_IMM_UNUSED : REFUSE_NOTHING;
	case OPI_SRC:
		return in->imm && !uses_imm(in, op) ? REFUSE_IMM_UNUSED : REFUSE_NOTHING;
	case OPI_TARGET:
		return in->imm >= u->start && in->imm < u->end ? REFUSE_NOTHING : REFUSE_TARGET;
	case OPI_FUNC:
		if (in->imm >= u->code->func_count)
			return REFUSE_CALLEE;
		return u->callable[in->imm] ? REFUSE_NOTHING : REFUSE_CALL_KERNEL;
	case OPI_FMODE:
		return in->imm & ~(VGPU_FMODE_ROUND | VGPU_FMODE_FTZ) ? REFUSE_FMODE_BITS :
									 REFUSE_NOTHING;
	case OPI_SREG:
		return check_special_register(in);
	case OPI_SHFL:
		return check_shuffle(in);
	default:	/* NUM, OFFSET, ATOMIC, CPOFF: every value; MMA: verify_matrix() */
		return REFUSE_NOTHING;
	}
}

/*
 * What no column says: the barrier's result and number.  (Carry nibbles need no
 * check: each value is a predicate or VGPU_CARRY_NOP.)
 */
static enum engine_refusal check_extra(const struct verify_unit *u, const struct vgpu_insn *in)
{
	switch (in->op) {
	case VGPU_OP_BARRED:
		if (in->mod == VGPU_BARRED_POPC ? in->d >= u->vregs : in->d >= VGPU_MAX_PREGS)
			return in->mod == VGPU_BARRED_POPC ? REFUSE_VREG : REFUSE_PREG;
		fallthrough;
	case VGPU_OP_BAR:
		if (in->mod & VGPU_BAR_CLUSTER && (in->a != VGPU_SRC_IMM || in->b != VGPU_SRC_IMM ||
						   in->imm))
			return REFUSE_BARRIER;
		return in->a == VGPU_SRC_IMM && in->imm > 15 ? REFUSE_BARRIER : REFUSE_NOTHING;
	default:
		return REFUSE_NOTHING;
	}
}

enum engine_refusal verify_insn(const struct verify_unit *u, const struct vgpu_insn *in)
{
	const struct op_info *op;
	enum engine_refusal why;
	enum op_field f;

	if (in->op >= VGPU_OP_COUNT)
		return REFUSE_OPCODE;
	op = &op_table[in->op];
	why = check_guard(in, op);
	if (!why)
		why = verify_mod(in, op);
	for (f = OPF_D; !why && f < OPF_COUNT; f++)
		why = check_operand(u, in, op, f);
	if (!why)
		why = check_imm(u, in, op);
	if (!why)
		why = check_extra(u, in);
	if (!why && (op->class == OPC_MEM || op->class == OPC_SMEM))
		why = verify_memory(u, in, op);
	if (!why && op->imm == OPI_MMA)
		why = verify_matrix(u, in);
	return why;
}

bool insn_ends(const struct vgpu_insn *in)
{
	switch (in->op) {
	case VGPU_OP_EXIT:
	case VGPU_OP_TRAP:
	case VGPU_OP_BRA:
		return !in->guard;
	case VGPU_OP_BRX:
	case VGPU_OP_RET:
		return true;
	default:
		return false;
	}
}
