// SPDX-License-Identifier: MIT
/*
 * Selection of video instructions: parts of words, widened, computed, saturated, and put
 * together again. Scalar ones work on 64 bits, so that nothing is lost before saturation.
 */
#include "lower.h"

static u8 compare_of(struct low *l, const struct ir_insn *i)
{
	switch (i->m.cmp) {
	case CMP_EQ:
		return VGPU_CMP_EQ;
	case CMP_NE:
		return VGPU_CMP_NE;
	case CMP_LT:
		return VGPU_CMP_LT;
	case CMP_LE:
		return VGPU_CMP_LE;
	case CMP_GT:
		return VGPU_CMP_GT;
	case CMP_GE:
		return VGPU_CMP_GE;
	default:
		low_refuse(l, "%s with this comparison", ir_op_name(i->op));
	}
}

/* Bits @width of @v from @at on, extended as type @t says. */
static struct mopnd field(struct low *l, struct mopnd v, u32 at, u32 width, u8 t)
{
	bool s = type_is_signed(t);

	if (!at)
		return low_t1(l,
			      width == 8 ? (s ? VGPU_OP_EXT8S : VGPU_OP_EXT8U) : (s ? VGPU_OP_EXT16S : VGPU_OP_EXT16U),
			      MC_V, v);
	return low_t3(l, s ? VGPU_OP_BFES : VGPU_OP_BFEU, MC_V, low_vector(l, v, MC_V), mo_imm(at), mo_imm(width));
}

static struct mopnd word(struct low *l, const struct ir_operand *o)
{
	return low_vector(l, low_src(l, o), MC_V);
}

/* A source with its selector, in 64 bits; @neg: minus it. */
static struct mopnd scalar_source(struct low *l, const struct ir_operand *o, u8 t, bool neg)
{
	struct mopnd v = word(l, o);

	if (o->sel >= SEL_LIST(1))
		low_refuse(l, "several parts in a scalar video instruction");
	if (o->sel >= SEL_H0)
		v = field(l, v, 16 * (o->sel - SEL_H0), 16, t);
	else if (o->sel)
		v = field(l, v, 8 * (o->sel - SEL_B0), 8, t);
	v = low_t1(l, type_is_signed(t) ? VGPU_OP_EXTS : VGPU_OP_EXTU, MC_W, v);
	return neg ? low_t2(l, VGPU_OP_LSUB, MC_W, mo_imm(0), v) : v;
}

static struct mopnd clamp64(struct low *l, struct mopnd v, bool s, u32 bits)
{
	u64 hi = s ? (1ull << (bits - 1)) - 1 : (1ull << bits) - 1;

	v = low_t2(l, VGPU_OP_LMINS, MC_W, v, mo_imm(hi));
	return low_t2(l, VGPU_OP_LMAXS, MC_W, v, mo_imm(s ? ~hi : 0));
}

static struct mopnd scalar_compute(struct low *l, const struct ir_insn *i, struct mopnd a, struct mopnd b)
{
	struct minsn *m;
	struct mopnd p;

	switch (i->op) {
	case OP_VADD:
		return low_t2(l, VGPU_OP_LADD, MC_W, a, b);
	case OP_VSUB:
		return low_t2(l, VGPU_OP_LSUB, MC_W, a, b);
	case OP_VABSDIFF:
		return low_t1(l, VGPU_OP_LABS, MC_W, low_t2(l, VGPU_OP_LSUB, MC_W, a, b));
	case OP_VMIN:
		return low_t2(l, VGPU_OP_LMINS, MC_W, a, b);
	case OP_VMAX:
		return low_t2(l, VGPU_OP_LMAXS, MC_W, a, b);
	case OP_VSHL:
	case OP_VSHR:
		b = low_t1(l, VGPU_OP_UNPKLO, MC_V, b);
		b = i->m.wrap == WRAP_WRAP ? low_t2(l, VGPU_OP_AND, MC_V, b, mo_imm(31)) :
					     low_t2(l, VGPU_OP_IMINU, MC_V, b, mo_imm(32));
		return low_t2(l, i->op == OP_VSHL ? VGPU_OP_LSHL : VGPU_OP_LSHRS, MC_W, a, b);
	default: /* vset */
		p = low_temp(l, MC_P);
		m = low_op2(l, VGPU_OP_SETPL, p, a, b);
		m->mod = compare_of(l, i);
		return low_t3(l, VGPU_OP_SELW, MC_W, mo_imm(1), mo_imm(0), p);
	}
}

/* With c: an operation on it, or the part that the destination selects put into it. */
static struct mopnd with_c(struct low *l, const struct ir_insn *i, struct mopnd t, bool s)
{
	u32 sel = i->ops[0].sel, at, width;
	struct mopnd c;

	if (i->ops[3].kind == OPND_NONE)
		return t;
	c = word(l, &i->ops[3]);
	switch (i->m.atomop) {
	case ATOM_ADD:
		return low_t2(l, VGPU_OP_IADD, MC_V, t, c);
	case ATOM_MIN:
		return low_t2(l, s ? VGPU_OP_IMINS : VGPU_OP_IMINU, MC_V, t, c);
	case ATOM_MAX:
		return low_t2(l, s ? VGPU_OP_IMAXS : VGPU_OP_IMAXU, MC_V, t, c);
	default:
		if (!sel || sel >= SEL_LIST(1))
			return t;
		width = sel >= SEL_H0 ? 16 : 8;
		at = sel >= SEL_H0 ? 16 * (sel - SEL_H0) : 8 * (sel - SEL_B0);
		return low_t3(l, VGPU_OP_BFI, MC_V, t, c, mo_imm(at | width << 8));
	}
}

static void lower_scalar(struct low *l, struct ir_insn *i)
{
	bool set = i->op == OP_VSET, s = !set && type_is_signed(i->types[0]);
	u8 ta = i->types[set ? 0 : 1], tb = i->types[set ? 1 : 2];
	u32 sel = i->ops[0].sel;
	struct mopnd t;

	t = scalar_compute(l, i, scalar_source(l, &i->ops[1], ta, i->ops[1].neg),
			   scalar_source(l, &i->ops[2], tb, i->ops[2].neg));
	if (i->m.sat)
		t = clamp64(l, t, s, sel >= SEL_H0 ? 16 : sel ? 8 : 32);
	t = low_t1(l, VGPU_OP_UNPKLO, MC_V, t);
	low_copy(l, &i->ops[0], with_c(l, i, t, s));
}

/* ---- vmad: in 128 bits, for the product may fill 64 and be negative ---- */

struct wide {
	struct mopnd lo, hi;
};

static struct wide add128(struct low *l, struct wide a, struct mopnd lo, struct mopnd hi)
{
	struct mopnd p = low_temp(l, MC_P), d = low_temp(l, MC_W), h = low_temp(l, MC_W);

	low_op2(l, VGPU_OP_LADDC, d, a.lo, lo)->pdef = p.reg;
	low_op2(l, VGPU_OP_LADDC, h, a.hi, hi)->puse = p.reg;
	return (struct wide){ d, h };
}

static void lower_vmad(struct low *l, struct ir_insn *i)
{
	u8 ta = i->types[1], tb = i->types[2];
	bool minus = i->ops[1].neg ^ i->ops[2].neg, cneg = i->ops[3].neg;
	bool product_signed = type_is_signed(ta) || type_is_signed(tb);
	bool s = product_signed || minus || cneg;
	u32 shift = i->m.vscale == VSCALE_SHR7 ? 7 : i->m.vscale == VSCALE_SHR15 ? 15 : 0;
	struct mopnd c = word(l, &i->ops[3]), v;
	struct wide t;

	t.lo = low_t2(l, VGPU_OP_LMUL, MC_W, scalar_source(l, &i->ops[1], ta, false),
		      scalar_source(l, &i->ops[2], tb, false));
	t.hi = product_signed ? low_t2(l, VGPU_OP_LSHRS, MC_W, t.lo, mo_imm(63)) : low_vector(l, mo_imm(0), MC_W);
	if (minus && !i->m.po) {
		t.lo = low_t1(l, VGPU_OP_LNOT, MC_W, t.lo);
		t.hi = low_t1(l, VGPU_OP_LNOT, MC_W, t.hi);
	}
	if (cneg && !minus && !i->m.po)
		c = low_t1(l, VGPU_OP_NOT, MC_V, c);
	c = low_t1(l, s ? VGPU_OP_EXTS : VGPU_OP_EXTU, MC_W, c);
	t = add128(l, t, c, s ? low_t2(l, VGPU_OP_LSHRS, MC_W, c, mo_imm(63)) : mo_imm(0));
	if (i->m.po || minus || cneg)
		t = add128(l, t, mo_imm(1), mo_imm(0));
	v = t.lo;
	if (shift)
		v = low_t2(l, VGPU_OP_LOR, MC_W, low_t2(l, VGPU_OP_LSHRU, MC_W, t.lo, mo_imm(shift)),
			   low_t2(l, VGPU_OP_LSHL, MC_W, t.hi, mo_imm(64 - shift)));
	if (i->m.sat)
		v = s ? clamp64(l, v, true, 32) : low_t2(l, VGPU_OP_LMINU, MC_W, v, low_const64(l, 0xffffffff));
	low_copy(l, &i->ops[0], low_t1(l, VGPU_OP_UNPKLO, MC_V, v));
}

/* ---- two halves or four bytes at once ---- */

/* Part @k of what a source selects out of both source registers. */
static struct mopnd simd_source(struct low *l, const struct ir_insn *i, u32 op, u32 n, u32 k, u8 t)
{
	u32 sel = i->ops[op].sel, part = op == 1 ? k : n + k, width = 32 / n;

	if (sel) {
		if (SEL_COUNT(sel) != n || SEL_PART(sel, k) >= 2 * n)
			low_refuse(l, "selector of %s does not name %u parts", ir_op_name(i->op), n);
		part = SEL_PART(sel, k);
	}
	return field(l, word(l, &i->ops[part < n ? 1 : 2]), part % n * width, width, t);
}

static struct mopnd simd_compute(struct low *l, const struct ir_insn *i, struct mopnd a, struct mopnd b)
{
	struct mopnd p, t;

	switch (i->op) {
	case OP_VADD2:
	case OP_VADD4:
		return low_t2(l, VGPU_OP_IADD, MC_V, a, b);
	case OP_VSUB2:
	case OP_VSUB4:
		return low_t2(l, VGPU_OP_ISUB, MC_V, a, b);
	case OP_VAVRG2:
	case OP_VAVRG4: /* rounded away from zero */
		t = low_t2(l, VGPU_OP_IADD, MC_V, a, b);
		a = low_t2(l, VGPU_OP_SHRU, MC_V, low_t1(l, VGPU_OP_NOT, MC_V, t), mo_imm(31));
		return low_t2(l, VGPU_OP_SHRS, MC_V, low_t2(l, VGPU_OP_IADD, MC_V, t, a), mo_imm(1));
	case OP_VABSDIFF2:
	case OP_VABSDIFF4:
		return low_t1(l, VGPU_OP_IABS, MC_V, low_t2(l, VGPU_OP_ISUB, MC_V, a, b));
	case OP_VMIN2:
	case OP_VMIN4:
		return low_t2(l, VGPU_OP_IMINS, MC_V, a, b);
	case OP_VMAX2:
	case OP_VMAX4:
		return low_t2(l, VGPU_OP_IMAXS, MC_V, a, b);
	default:
		p = low_temp(l, MC_P);
		low_op2(l, VGPU_OP_SETPI, p, a, b)->mod = compare_of(l, i);
		return low_t3(l, VGPU_OP_SEL, MC_V, low_vector(l, mo_imm(1), MC_V), mo_imm(0), p);
	}
}

static u32 simd_mask(const struct ir_insn *i, u32 n)
{
	u32 sel = i->ops[0].sel, mask = 0, k;

	if (!sel)
		return (1u << n) - 1;
	if (sel < SEL_LIST(1))
		return 1u << (sel >= SEL_H0 ? sel - SEL_H0 : sel - SEL_B0);
	for (k = 0; k < SEL_COUNT(sel); k++)
		mask |= 1u << SEL_PART(sel, k);
	return mask;
}

static void lower_simd(struct low *l, struct ir_insn *i, u32 n)
{
	bool set = i->op == OP_VSET2 || i->op == OP_VSET4, s = !set && type_is_signed(i->types[0]);
	u8 ta = i->types[set ? 0 : 1], tb = i->types[set ? 1 : 2];
	u32 mask = simd_mask(i, n), width = 32 / n, k;
	struct mopnd d = word(l, &i->ops[3]), t;
	u32 hi = s ? (1u << (width - 1)) - 1 : (1u << width) - 1;

	for (k = 0; k < n; k++) {
		if (!(mask >> k & 1))
			continue;
		t = simd_compute(l, i, simd_source(l, i, 1, n, k, ta), simd_source(l, i, 2, n, k, tb));
		if (i->m.sat) {
			t = low_t2(l, VGPU_OP_IMINS, MC_V, t, mo_imm(hi));
			t = low_t2(l, VGPU_OP_IMAXS, MC_V, t, mo_imm(s ? ~hi : 0));
		}
		d = i->m.atomop == ATOM_ADD ? low_t2(l, VGPU_OP_IADD, MC_V, d, t) :
					      low_t3(l, VGPU_OP_BFI, MC_V, t, d, mo_imm(k * width | width << 8));
	}
	low_copy(l, &i->ops[0], d);
}

bool lower_video(struct low *l, struct ir_insn *i)
{
	switch (i->op) {
	case OP_VADD:
	case OP_VSUB:
	case OP_VABSDIFF:
	case OP_VMIN:
	case OP_VMAX:
	case OP_VSHL:
	case OP_VSHR:
	case OP_VSET:
		lower_scalar(l, i);
		return true;
	case OP_VMAD:
		lower_vmad(l, i);
		return true;
	case OP_VADD2:
	case OP_VSUB2:
	case OP_VAVRG2:
	case OP_VABSDIFF2:
	case OP_VMIN2:
	case OP_VMAX2:
	case OP_VSET2:
		lower_simd(l, i, 2);
		return true;
	case OP_VADD4:
	case OP_VSUB4:
	case OP_VAVRG4:
	case OP_VABSDIFF4:
	case OP_VMIN4:
	case OP_VMAX4:
	case OP_VSET4:
		lower_simd(l, i, 4);
		return true;
	default:
		return false;
	}
}
