// SPDX-License-Identifier: MIT
/* Selection of conversions: by the kinds of both types. */
#include "lower.h"

enum kind { K_INT, K_F16, K_BF16, K_F32, K_F64, K_TF32, K_F16X2, K_BF16X2, K_SMALL, K_OTHER };

static enum kind kind_of(u8 t)
{
	switch (t) {
	case T_F16:
		return K_F16;
	case T_BF16:
		return K_BF16;
	case T_F32:
		return K_F32;
	case T_F64:
		return K_F64;
	case T_TF32:
		return K_TF32;
	case T_F16X2:
		return K_F16X2;
	case T_BF16X2:
		return K_BF16X2;
	case T_E4M3X2:
	case T_E5M2X2:
	case T_E2M3X2:
	case T_E3M2X2:
	case T_E2M1X2:
	case T_UE8M0X2:
		return K_SMALL;
	default:
		return ir_type_class(t) == 'U' || ir_type_class(t) == 'S' ? K_INT : K_OTHER;
	}
}

static u8 round_of(const struct ir_insn *i)
{
	switch (i->m.rnd) {
	case RND_RZ:
	case RND_RZI:
		return VGPU_RZ;
	case RND_RM:
	case RND_RMI:
		return VGPU_RM;
	case RND_RP:
	case RND_RPI:
		return VGPU_RP;
	case RND_RNA:
		return VGPU_RNA;
	default:
		return VGPU_RN;
	}
}

static bool to_integral(const struct ir_insn *i)
{
	return i->m.rnd >= RND_RNI && i->m.rnd <= RND_RPI;
}

static u8 sat_of(const struct ir_insn *i)
{
	return i->m.sat == SAT ? VGPU_CVT_SAT : 0;
}

static u8 ftz_of(const struct ir_insn *i)
{
	return i->m.ftz ? VGPU_CVT_FTZ : 0;
}

/* One conversion instruction into a temporary. */
static struct mopnd conv(struct low *l, u16 op, enum mclass cls, struct mopnd a, u8 mod)
{
	struct mopnd d = low_temp(l, cls);

	low_op1(l, op, d, a)->mod = mod;
	return d;
}

/* ---- integers ---- */

/* The range of a type, for saturation: as signed 64 bit, u64's top left out. */
static void range(u8 t, s64 *lo, s64 *hi)
{
	unsigned int bits = ir_type_bits(t);

	if (type_is_signed(t)) {
		*lo = bits == 64 ? INT64_MIN : -(1ll << (bits - 1));
		*hi = bits == 64 ? INT64_MAX : (1ll << (bits - 1)) - 1;
	} else {
		*lo = 0;
		*hi = bits == 64 ? INT64_MAX : (s64)((1ull << bits) - 1);
	}
}

/* A 64-bit value of type @from clamped to @to. */
static struct mopnd clamp64(struct low *l, struct mopnd v, u8 from, u8 to)
{
	s64 lo, hi;

	range(to, &lo, &hi);
	if (type_is_signed(from)) {
		v = low_t2(l, VGPU_OP_LMAXS, MC_W, v, mo_imm(lo));
		if (ir_type_bits(to) < 64)
			v = low_t2(l, VGPU_OP_LMINS, MC_W, v, mo_imm(hi));
	} else if (ir_type_bits(to) < 64 || type_is_signed(to)) {
		v = low_t2(l, VGPU_OP_LMINU, MC_W, v, mo_imm(hi));
	}
	return v;
}

static struct mopnd to64(struct low *l, struct mopnd v, u8 t)
{
	bool s = type_is_signed(t);

	if (ir_type_bits(t) == 64)
		return v;
	v = low_extend(l, v, t);
	if (v.kind == MO_IMM)
		return mo_imm(s ? (u64)(s64)(s32)v.imm : (u32)v.imm);
	return low_t1(l, s ? VGPU_OP_EXTS : VGPU_OP_EXTU, MC_W, v);
}

/* A scalar register from the bits of @v that are of type @t, extended as @t says. */
static void extend_scalar(struct low *l, struct mopnd d, struct mopnd v, u8 t)
{
	bool s = type_is_signed(t);

	if (v.kind == MO_IMM) {
		low_op1(l, VGPU_OP_SMOV, d, to64(l, v, t));
		return;
	}
	switch (ir_type_bits(t)) {
	case 8:
		low_op1(l, VGPU_OP_SEXT, d, v)->mod = s ? VGPU_EXT_S8 : VGPU_EXT_U8;
		break;
	case 16:
		low_op1(l, VGPU_OP_SEXT, d, v)->mod = s ? VGPU_EXT_S16 : VGPU_EXT_U16;
		break;
	case 32:
		low_op1(l, VGPU_OP_SEXT, d, v)->mod = s ? VGPU_EXT_S32 : VGPU_EXT_U32;
		break;
	default:
		low_op1(l, VGPU_OP_SMOV, d, v);
		break;
	}
}

/*
 * Of types of one width the destination's extends the result. A wider one takes the source as its own
 * type says, and is then itself extended to its register: cvt.u32.s16 of -1 in 64 bits is 0xffffffff.
 */
static void int_scalar(struct low *l, struct ir_insn *i, struct mopnd d, struct mopnd v)
{
	u8 to = i->types[0], from = i->types[1];

	if (ir_type_bits(to) <= ir_type_bits(from)) {
		extend_scalar(l, d, v, to);
		return;
	}
	if (type_is_signed(from) && !type_is_signed(to) && ir_type_bits(i->ops[0].reg->type) > ir_type_bits(to)) {
		struct mopnd wide = low_temp(l, MC_S);

		extend_scalar(l, wide, v, from);
		extend_scalar(l, d, wide, to);
		return;
	}
	extend_scalar(l, d, v, from);
}

/* Extends an 8-, 16- or 32-bit value to the register that takes it. */
static void put_int(struct low *l, struct ir_insn *i, struct mopnd v)
{
	u8 to = i->types[0];
	unsigned int bits = ir_type_bits(to);
	unsigned int reg = i->ops[0].kind == OPND_REG ? ir_type_bits(i->ops[0].reg->type) : bits;

	if (reg == 64 && bits < 64)
		v = to64(l, v, to);
	else if (bits < reg || bits == 8)
		v = low_extend(l, v, to);
	low_copy(l, &i->ops[0], v);
}

static void int_to_int(struct low *l, struct ir_insn *i)
{
	u8 to = i->types[0], from = i->types[1];
	unsigned int tb = ir_type_bits(to), fb = ir_type_bits(from);
	struct mopnd v = low_src(l, &i->ops[1]), d;

	if (i->ops[0].kind != OPND_REG)
		return;
	d = low_dst(l, &i->ops[0]);
	if (low_class(l, &d) == MC_S) {
		int_scalar(l, i, d, v);
		return;
	}
	if (i->m.sat) {
		v = clamp64(l, to64(l, v, from), from, to);
		if (tb < 64)
			v = low_t1(l, VGPU_OP_UNPKLO, MC_V, v);
	} else if (tb == 64) {
		v = to64(l, v, from);
	} else if (fb == 64 || (v.kind != MO_IMM && low_class(l, &v) == MC_W)) {
		if (v.kind != MO_IMM && low_class(l, &v) == MC_W)
			v = low_t1(l, VGPU_OP_UNPKLO, MC_V, v);
		if (fb < tb)
			v = low_extend(l, v, from);
	} else if (fb < tb) {
		v = low_extend(l, v, from);
	}
	put_int(l, i, v);
}

/* ---- float to integer ---- */

/* Of a NaN the hardware makes the top bit alone, signed or not. */
static struct mopnd nan_to_top(struct low *l, struct mopnd v, struct mopnd source, u32 top)
{
	struct mopnd p = low_temp(l, MC_P);
	struct minsn *m = low_op2(l, VGPU_OP_DSETP, p, source, source);

	m->mod = VGPU_FCMP_NAN;
	m->mode = 0;
	return low_t3(l, VGPU_OP_SEL, MC_V, mo_imm(top), v, p);
}

static struct mopnd float_to_int(struct low *l, struct ir_insn *i, enum kind from)
{
	u8 to = i->types[0];
	unsigned int bits = ir_type_bits(to);
	bool s = type_is_signed(to), wide = bits == 64, small = bits < 32;
	u8 mod = round_of(i) | (from == K_F64 ? 0 : ftz_of(i));
	struct mopnd v = low_src(l, &i->ops[1]), source = v;
	s64 lo, hi;
	u16 op;

	if (from == K_BF16)
		v = conv(l, VGPU_OP_B2F, MC_V, v, 0);
	if (from == K_F16)
		v = conv(l, VGPU_OP_H2F, MC_V, v, 0);
	if (from == K_F64)
		op = wide ? (s ? VGPU_OP_D2L : VGPU_OP_D2UL) : (s || small ? VGPU_OP_D2I : VGPU_OP_D2U);
	else
		op = wide ? (s ? VGPU_OP_F2L : VGPU_OP_F2UL) : (s || small ? VGPU_OP_F2I : VGPU_OP_F2U);
	v = conv(l, op, wide ? MC_W : MC_V, v, mod);
	if (small) {
		range(to, &lo, &hi);
		v = low_t2(l, VGPU_OP_IMINS, MC_V, low_t2(l, VGPU_OP_IMAXS, MC_V, v, mo_imm(lo)), mo_imm(hi));
	}
	if (from == K_F64 && small && !s)
		v = nan_to_top(l, v, source, 1u << (bits - 1));
	return v;
}

/* ---- integer to float ---- */

static void int_to_float(struct low *l, struct ir_insn *i, enum kind to)
{
	u8 from = i->types[1], mod = round_of(i) | sat_of(i);
	bool s = type_is_signed(from), wide = ir_type_bits(from) == 64;
	struct mopnd v = low_src(l, &i->ops[1]), d = low_dst(l, &i->ops[0]);
	struct minsn *m;

	switch (to) {
	case K_F32:
		v = low_extend(l, v, from);
		m = low_op1(l, wide ? (s ? VGPU_OP_L2F : VGPU_OP_UL2F) : (s ? VGPU_OP_I2F : VGPU_OP_U2F), d, v);
		break;
	case K_F64:
		v = low_extend(l, v, from);
		m = low_op1(l, wide ? (s ? VGPU_OP_L2D : VGPU_OP_UL2D) : (s ? VGPU_OP_I2D : VGPU_OP_U2D), d, v);
		if (!wide)
			mod &= ~VGPU_CVT_ROUND;
		break;
	default:
		m = low_op1(l, to == K_F16 ? VGPU_OP_I2H : VGPU_OP_I2B, d, to64(l, v, from));
		mod |= s ? 0 : VGPU_CVT_HIGH;
		break;
	}
	m->mod = mod;
	low_final(l, m);
}

/* ---- float to float ---- */

static struct mopnd widen(struct low *l, struct mopnd v, enum kind from)
{
	if (from == K_F16)
		return conv(l, VGPU_OP_H2F, MC_V, v, 0);
	if (from == K_BF16)
		return conv(l, VGPU_OP_B2F, MC_V, v, 0);
	return v;
}

static bool float_same(struct low *l, struct ir_insn *i, enum kind k)
{
	bool integral = to_integral(i);
	u8 mod = (integral ? round_of(i) | VGPU_CVT_INT : 0) | sat_of(i);
	struct mopnd v = low_src(l, &i->ops[1]), d = low_dst(l, &i->ops[0]);
	struct minsn *m;

	switch (k) {
	case K_F32:
		if (!mod && !i->m.ftz) { /* NaN keeps its bits */
			low_copy(l, &i->ops[0], v);
			return true;
		}
		m = low_op1(l, VGPU_OP_F2F, d, v);
		mod |= ftz_of(i);
		break;
	case K_F64:
		m = low_op1(l, VGPU_OP_D2D, d, v);
		break;
	case K_F16:
		m = low_op1(l, VGPU_OP_H2H, d, v);
		break;
	case K_BF16:
		v = conv(l, VGPU_OP_F2F, MC_V, widen(l, v, k), mod);
		mod = 0;
		m = low_op1(l, VGPU_OP_F2B, d, v);
		break;
	default:
		return false;
	}
	m->mod = mod;
	low_final(l, m);
	return true;
}

/*
 * f64 to bf16, rounded once: through an f32 that is rounded to odd, whose last bit stands for all that
 * was cut off.
 */
static struct mopnd narrow_to_odd(struct low *l, struct mopnd v)
{
	struct mopnd f = conv(l, VGPU_OP_D2F, MC_V, v, VGPU_RZ), p = low_temp(l, MC_P);
	struct minsn *m = low_op2(l, VGPU_OP_DSETP, p, conv(l, VGPU_OP_F2D, MC_W, f, 0), v);

	m->mod = VGPU_FCMP_NE;
	m->mode = 0;
	return low_t3(l, VGPU_OP_SEL, MC_V, low_t2(l, VGPU_OP_OR, MC_V, f, mo_imm(1)), f, p);
}

/* satfinite is what the pairs' instructions have: the low half of one */
static void saturate_finite(struct low *l, struct ir_insn *i, struct mopnd v, enum kind to)
{
	struct minsn *m = low_op2(l, to == K_F16 ? VGPU_OP_F2H2 : VGPU_OP_F2B2, low_dst(l, &i->ops[0]),
				  low_vector(l, mo_imm(0), MC_V), v);

	m->mod = round_of(i) | VGPU_CVT_SAT | (i->m.relu ? VGPU_CVT_RELU : 0);
	low_final(l, m);
}

static bool float_to_float(struct low *l, struct ir_insn *i, enum kind from, enum kind to)
{
	struct mopnd v = low_src(l, &i->ops[1]), d = low_dst(l, &i->ops[0]);
	u8 mod = round_of(i) | sat_of(i);
	struct minsn *m;

	if (from == K_F64 && to == K_F32) {
		m = low_op1(l, VGPU_OP_D2F, d, v);
		m->mod = mod | ftz_of(i);
	} else if (from == K_F64 && to == K_F16) {
		m = low_op1(l, VGPU_OP_D2H, d, v);
		m->mod = mod;
	} else if (from == K_F64 && to == K_BF16) {
		m = low_op1(l, VGPU_OP_F2B, d, narrow_to_odd(l, v));
		m->mod = mod;
	} else if (from == K_F64) {
		return false;
	} else if (to == K_F64 && from == K_F16) {
		m = low_op1(l, VGPU_OP_H2D, d, v);
		m->mod = sat_of(i);
	} else if (to == K_F64) {
		m = low_op1(l, VGPU_OP_F2D, d, widen(l, v, from));
		m->mod = sat_of(i) | ftz_of(i);
	} else if (to == K_F32) {
		m = low_op1(l, from == K_F16 ? VGPU_OP_H2F : VGPU_OP_B2F, d, v);
		m->mod = sat_of(i) | ftz_of(i);
	} else if ((to == K_F16 || to == K_BF16) && i->m.sat == SAT_FINITE) {
		saturate_finite(l, i, widen(l, v, from), to);
		return true;
	} else if (to == K_F16 || to == K_BF16) {
		m = low_op1(l, to == K_F16 ? VGPU_OP_F2H : VGPU_OP_F2B, d, widen(l, v, from));
		/* an f32 that hardware would flush rounds like any other that is tiny beside f16 */
		m->mod = mod | (to == K_BF16 ? ftz_of(i) : 0) | (i->m.relu ? VGPU_CVT_RELU : 0);
	} else if (to == K_TF32 && from == K_F32) {
		m = low_op1(l, VGPU_OP_F2TF32, d, v);
		m->mod = mod | (i->m.sat ? VGPU_CVT_SAT : 0) | (i->m.relu ? VGPU_CVT_RELU : 0);
	} else {
		return false;
	}
	low_final(l, m);
	return true;
}

/* ---- packed and small floats ---- */

static u8 small_type(u8 t)
{
	switch (t) {
	case T_E4M3X2:
		return VGPU_Q8_E4M3;
	case T_E5M2X2:
		return VGPU_Q8_E5M2;
	case T_E2M3X2:
		return VGPU_Q8_E2M3;
	case T_E3M2X2:
		return VGPU_Q8_E3M2;
	case T_E2M1X2:
		return VGPU_Q8_E2M1;
	default:
		return VGPU_Q8_UE8M0;
	}
}

static bool to_pair(struct low *l, struct ir_insn *i, enum kind to)
{
	struct mopnd d = low_dst(l, &i->ops[0]), a = low_src(l, &i->ops[1]);
	struct minsn *m;

	if (i->types[1] != T_F32 || i->ops[2].kind == OPND_NONE)
		return false;
	m = low_op2(l, to == K_F16X2 ? VGPU_OP_F2H2 : VGPU_OP_F2B2, d, a, low_src(l, &i->ops[2]));
	m->mod = round_of(i) | (i->m.sat ? VGPU_CVT_SAT : 0) | (i->m.relu ? VGPU_CVT_RELU : 0);
	low_final(l, m);
	return true;
}

static bool to_small(struct low *l, struct ir_insn *i)
{
	struct mopnd d = low_dst(l, &i->ops[0]), a = low_src(l, &i->ops[1]);
	u8 mod = small_type(i->types[0]) | (i->m.relu ? VGPU_Q8_RELU : 0) | (i->m.sat ? VGPU_Q8_SATFINITE : 0) |
		 (i->m.rnd == RND_RP ? VGPU_Q8_RP : 0);
	struct minsn *m;

	if (i->types[1] == T_F32 && i->ops[2].kind != OPND_NONE)
		m = low_op2(l, VGPU_OP_F2Q8, d, a, low_src(l, &i->ops[2]));
	else if (i->types[1] == T_F16X2)
		m = low_op1(l, VGPU_OP_H2Q8, d, a);
	else if (i->types[1] == T_BF16X2 && i->types[0] == T_UE8M0X2)
		/* both halves are f32 values with zero low bits */
		m = low_op2(l, VGPU_OP_F2Q8, d, low_t2(l, VGPU_OP_AND, MC_V, a, mo_imm(0xffff0000)),
			    low_t2(l, VGPU_OP_SHL, MC_V, a, mo_imm(16)));
	else
		return false;
	m->mod = mod;
	low_final(l, m);
	return true;
}

static bool from_small(struct low *l, struct ir_insn *i, enum kind to)
{
	struct minsn *m;

	if (to == K_F16X2 && i->types[1] != T_UE8M0X2)
		m = low_op1(l, VGPU_OP_Q82H, low_dst(l, &i->ops[0]), low_src(l, &i->ops[1]));
	else if (to == K_BF16X2 && i->types[1] == T_UE8M0X2)
		m = low_op1(l, VGPU_OP_Q82B, low_dst(l, &i->ops[0]), low_src(l, &i->ops[1]));
	else
		return false;
	m->mod = small_type(i->types[1]) | (i->m.relu ? VGPU_Q8_RELU : 0);
	low_final(l, m);
	return true;
}

/* cvt.pack.sat: two s32 clamped into 16 or 8 bits; below them what c holds. */
static bool lower_cvt_pack(struct low *l, struct ir_insn *i)
{
	u8 to = i->types[0];
	struct mopnd v[2];
	s64 lo, hi;
	u32 k;

	if (ir_type_bits(to) != 16 && ir_type_bits(to) != 8)
		return false;
	range(to, &lo, &hi);
	for (k = 0; k < 2; k++) {
		v[k] = low_t2(l, VGPU_OP_IMAXS, MC_V, low_src(l, &i->ops[1 + k]), mo_imm(lo));
		v[k] = low_t2(l, VGPU_OP_IMINS, MC_V, v[k], mo_imm(hi));
	}
	if (ir_type_bits(to) == 16) {
		low_final(l, low_op3(l, VGPU_OP_PRMT, low_dst(l, &i->ops[0]), v[1], v[0], mo_imm(0x5410)));
		return true;
	}
	v[0] = low_t3(l, VGPU_OP_PRMT, MC_V, v[1], v[0], mo_imm(0x0040));
	low_final(l, low_op3(l, VGPU_OP_PRMT, low_dst(l, &i->ops[0]), v[0],
			     i->ops[3].kind == OPND_NONE ? mo_imm(0) : low_src(l, &i->ops[3]), mo_imm(0x5410)));
	return true;
}

bool lower_cvt(struct low *l, struct ir_insn *i)
{
	enum kind to, from;

	if (i->op == OP_CVT_PACK)
		return lower_cvt_pack(l, i);
	if (i->op != OP_CVT)
		return false;
	to = kind_of(i->types[0]);
	from = kind_of(i->types[1]);
	if (i->m.rnd == RND_RS || i->m.scaled)
		return false;
	if (to == K_INT && from == K_INT) {
		int_to_int(l, i);
		return true;
	}
	if (to == K_INT && from >= K_F16 && from <= K_F64) {
		put_int(l, i, float_to_int(l, i, from));
		return true;
	}
	if (from == K_INT && to >= K_F16 && to <= K_F64) {
		int_to_float(l, i, to);
		return true;
	}
	if (to == K_F16X2 || to == K_BF16X2)
		return from == K_SMALL ? from_small(l, i, to) : to_pair(l, i, to);
	if (to == K_SMALL)
		return to_small(l, i);
	if (from == to)
		return float_same(l, i, to);
	if (from <= K_F64 && to <= K_TF32)
		return float_to_float(l, i, from, to);
	return false;
}
