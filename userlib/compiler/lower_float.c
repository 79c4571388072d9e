// SPDX-License-Identifier: MIT
/* Selection of f32 and f64 arithmetic; notes the float mode of each instruction. */
#include "lower.h"

static u8 rounding(const struct ir_insn *i)
{
	switch (i->m.rnd) {
	case RND_RZ:
		return VGPU_RZ;
	case RND_RM:
		return VGPU_RM;
	case RND_RP:
		return VGPU_RP;
	default:
		return VGPU_RN;
	}
}

static u8 mode_of(const struct ir_insn *i)
{
	return rounding(i) | (i->m.ftz && i->types[0] != T_F64 ? VGPU_FMODE_FTZ : 0);
}

static struct mopnd src(struct low *l, const struct ir_insn *i, u32 k)
{
	return k < i->nops && i->ops[k].kind != OPND_NONE ? low_src(l, &i->ops[k]) : NO;
}

/* The common shape: one instruction, up to three sources. */
static void plain(struct low *l, struct ir_insn *i, u16 op, u8 mod)
{
	struct minsn *m = low_op3(l, op, low_dst(l, &i->ops[0]), src(l, i, 1), src(l, i, 2), src(l, i, 3));

	m->mod = mod;
	m->mode = mode_of(i);
	low_final(l, m);
}

/* ---- f32 ---- */

static const struct {
	u16 ptx, visa, approx;
} f32_ops[] = {
	{ OP_ADD, VGPU_OP_FADD, 0 },
	{ OP_SUB, VGPU_OP_FSUB, 0 },
	{ OP_MUL, VGPU_OP_FMUL, 0 },
	{ OP_MAD, VGPU_OP_FFMA, 0 },
	{ OP_FMA, VGPU_OP_FFMA, 0 },
	{ OP_DIV, VGPU_OP_FDIV, VGPU_OP_FDIVA },
	{ OP_RCP, VGPU_OP_FRCP, VGPU_OP_FRCPA },
	{ OP_SQRT, VGPU_OP_FSQRT, VGPU_OP_FSQRTA },
	{ OP_RSQRT, VGPU_OP_FRSQA, VGPU_OP_FRSQA },
	{ OP_SIN, VGPU_OP_FSINA, VGPU_OP_FSINA },
	{ OP_COS, VGPU_OP_FCOSA, VGPU_OP_FCOSA },
	{ OP_LG2, VGPU_OP_FLG2A, VGPU_OP_FLG2A },
	{ OP_EX2, VGPU_OP_FEX2A, VGPU_OP_FEX2A },
	{ OP_TANH, VGPU_OP_FTANHA, VGPU_OP_FTANHA },
};

static void f32_minmax(struct low *l, struct ir_insn *i)
{
	u16 op = i->op == OP_MIN ? VGPU_OP_FMIN : VGPU_OP_FMAX;
	u8 mod = (i->m.nan ? VGPU_MINMAX_NAN : 0) | (i->m.xorsign ? VGPU_MINMAX_XORSIGN : 0);
	struct mopnd t = low_src(l, &i->ops[1]);
	struct minsn *m;

	if (i->m.relu)
		low_refuse(l, "%s.relu.f32 is not supported", ir_op_name(i->op));
	if (i->ops[3].kind != OPND_NONE) {
		struct mopnd u = low_temp(l, MC_V);

		m = low_op2(l, op, u, t, low_src(l, &i->ops[2]));
		m->mod = mod;
		m->mode = mode_of(i);
		t = u;
		m = low_op2(l, op, low_dst(l, &i->ops[0]), t, low_src(l, &i->ops[3]));
	} else {
		m = low_op2(l, op, low_dst(l, &i->ops[0]), t, low_src(l, &i->ops[2]));
	}
	m->mod = mod;
	m->mode = mode_of(i);
	low_final(l, m);
}

/* add, sub and fma may take a half in, widened first. */
static struct mopnd widened(struct low *l, struct mopnd v, u8 t)
{
	if (t == T_F16)
		return low_t1(l, VGPU_OP_H2F, MC_V, v);
	if (t == T_BF16)
		return low_t1(l, VGPU_OP_B2F, MC_V, v);
	return v;
}

static void f32_mixed(struct low *l, struct ir_insn *i)
{
	struct mopnd a = widened(l, src(l, i, 1), i->types[1]);
	struct mopnd b = src(l, i, 2), c = src(l, i, 3);
	struct minsn *m;

	if (i->op == OP_FMA)
		b = widened(l, b, i->types[1]);
	m = low_op3(l,
		    i->op == OP_FMA ? VGPU_OP_FFMA :
		    i->op == OP_ADD ? VGPU_OP_FADD :
				      VGPU_OP_FSUB,
		    low_dst(l, &i->ops[0]), a, b, c);
	m->mod = i->m.sat == SAT ? VGPU_SAT : 0;
	m->mode = mode_of(i);
	low_final(l, m);
}

static bool lower_f32(struct low *l, struct ir_insn *i)
{
	u32 k;

	if (i->ntypes == 2 && (i->op == OP_ADD || i->op == OP_SUB || i->op == OP_FMA)) {
		f32_mixed(l, i);
		return true;
	}
	switch (i->op) {
	case OP_NEG:
	case OP_ABS:
		plain(l, i, i->op == OP_NEG ? VGPU_OP_FNEG : VGPU_OP_FABS, 0);
		return true;
	case OP_MIN:
	case OP_MAX:
		f32_minmax(l, i);
		return true;
	case OP_COPYSIGN:
		low_final(l, low_op2(l, VGPU_OP_FCOPYSIGN, low_dst(l, &i->ops[0]), low_src(l, &i->ops[1]),
				     low_src(l, &i->ops[2])));
		return true;
	default:
		break;
	}
	for (k = 0; k < sizeof(f32_ops) / sizeof(f32_ops[0]); k++) {
		if (f32_ops[k].ptx != i->op)
			continue;
		if (i->m.relu)
			return false;
		plain(l, i, i->m.approx ? f32_ops[k].approx : f32_ops[k].visa, i->m.sat == SAT ? VGPU_SAT : 0);
		return true;
	}
	return false;
}

/* ---- f64 ---- */

static const struct {
	u16 ptx, visa, approx;
} f64_ops[] = {
	{ OP_ADD, VGPU_OP_DADD, 0 },
	{ OP_SUB, VGPU_OP_DSUB, 0 },
	{ OP_MUL, VGPU_OP_DMUL, 0 },
	{ OP_MAD, VGPU_OP_DFMA, 0 },
	{ OP_FMA, VGPU_OP_DFMA, 0 },
	{ OP_DIV, VGPU_OP_DDIV, 0 },
	{ OP_RCP, VGPU_OP_DRCP, VGPU_OP_DRCPA },
	{ OP_SQRT, VGPU_OP_DSQRT, 0 },
	{ OP_RSQRT, VGPU_OP_DRSQA, VGPU_OP_DRSQA },
	{ OP_MIN, VGPU_OP_DMIN, 0 },
	{ OP_MAX, VGPU_OP_DMAX, 0 },
	{ OP_COPYSIGN, VGPU_OP_DCOPYSIGN, 0 },
};

/*
 * rsqrt.approx.ftz.f64, step by step as PTX has it: of the operand the upper word counts, subnormals are
 * zeros, the result's lower word is zero. Rounded there, the whole stays within 2^-20.
 */
static void rsqrt_seed(struct low *l, struct ir_insn *i)
{
	struct mopnd high = low_t1(l, VGPU_OP_UNPKHI, MC_V, low_src(l, &i->ops[1]));
	struct mopnd small = low_temp(l, MC_P), r;

	low_op2(l, VGPU_OP_SETPI, small, low_t2(l, VGPU_OP_AND, MC_V, high, mo_imm(0x7ff00000)), mo_imm(0))->mod =
		VGPU_CMP_EQ;
	high = low_t3(l, VGPU_OP_SEL, MC_V, low_t2(l, VGPU_OP_AND, MC_V, high, mo_imm(0x80000000)), high, small);
	r = low_temp(l, MC_W);
	low_op1(l, VGPU_OP_DRSQA, r, low_t2(l, VGPU_OP_PACK, MC_W, mo_imm(0), high))->mode = 0;
	r = low_t2(l, VGPU_OP_LADD, MC_W, r, mo_imm(0x80000000));
	low_final(l, low_op2(l, VGPU_OP_PACK, low_dst(l, &i->ops[0]), mo_imm(0), low_t1(l, VGPU_OP_UNPKHI, MC_V, r)));
}

static bool lower_f64(struct low *l, struct ir_insn *i)
{
	u32 k;

	if (i->op == OP_RSQRT && i->m.ftz) {
		rsqrt_seed(l, i);
		return true;
	}
	if (i->op == OP_NEG || i->op == OP_ABS) {
		bool neg = i->op == OP_NEG;

		low_final(l, low_op2(l, neg ? VGPU_OP_LXOR : VGPU_OP_LAND, low_dst(l, &i->ops[0]),
				     low_src(l, &i->ops[1]), mo_imm(neg ? 1ull << 63 : ~(1ull << 63))));
		return true;
	}
	for (k = 0; k < sizeof(f64_ops) / sizeof(f64_ops[0]); k++) {
		if (f64_ops[k].ptx != i->op)
			continue;
		plain(l, i, i->m.approx ? f64_ops[k].approx : f64_ops[k].visa, 0);
		return true;
	}
	return false;
}

/* ---- pairs of f32 in a 64-bit register ---- */

static bool lower_f32x2(struct low *l, struct ir_insn *i)
{
	static const struct {
		u16 ptx, visa;
	} ops[] = {
		{ OP_ADD, VGPU_OP_FADD },
		{ OP_SUB, VGPU_OP_FSUB },
		{ OP_MUL, VGPU_OP_FMUL },
		{ OP_FMA, VGPU_OP_FFMA },
	};
	struct mopnd half[2], s[3];
	struct minsn *m;
	u32 k, h, n;

	for (k = 0; k < 4; k++)
		if (ops[k].ptx == i->op)
			break;
	if (k == 4)
		return false;
	for (h = 0; h < 2; h++) {
		for (n = 0; n < 3; n++) {
			s[n] = src(l, i, 1 + n);
			if (s[n].kind != MO_NONE)
				s[n] = low_t1(l, h ? VGPU_OP_UNPKHI : VGPU_OP_UNPKLO, MC_V, s[n]);
		}
		half[h] = low_temp(l, MC_V);
		m = low_op3(l, ops[k].visa, half[h], s[0], s[1], s[2]);
		m->mode = mode_of(i);
	}
	low_final(l, low_op2(l, VGPU_OP_PACK, low_dst(l, &i->ops[0]), half[0], half[1]));
	return true;
}

bool lower_float(struct low *l, struct ir_insn *i)
{
	if (!i->ntypes)
		return false;
	switch (i->types[0]) {
	case T_F32:
		return lower_f32(l, i);
	case T_F64:
		return lower_f64(l, i);
	case T_F32X2:
		return lower_f32x2(l, i);
	default:
		return false;
	}
}
