// SPDX-License-Identifier: MIT
/* Selection of matrix instructions: fragments become register groups. */
#include "lower.h"

/* ---- ldmatrix, stmatrix, movmatrix ---- */

static u32 matrix_count(const struct ir_insn *i)
{
	return i->m.num == NUM_X4 ? 4 : i->m.num == NUM_X2 ? 2 : 1;
}

static struct mopnd group_of(struct low *l, const struct ir_operand *o, bool def, enum mclass cls)
{
	const struct ir_operand *e = o->kind == OPND_VEC ? o->elem : o;
	u32 n = o->kind == OPND_VEC ? o->nelem : 1, k;
	u32 *g = arena_array(l->f->arena, n, u32);

	for (k = 0; k < n; k++) {
		if (def)
			g[k] = low_dst(l, &e[k]).reg;
		else
			g[k] = low_vector(l, low_src(l, &e[k]), cls).reg;
	}
	return (struct mopnd){ .kind = MO_GROUP, .n = n, .group = g };
}

static bool lower_ldmatrix(struct low *l, struct ir_insn *i)
{
	bool store = i->op == OP_STMATRIX;
	const struct ir_operand *v = &i->ops[store ? 1 : 0];
	u32 n = matrix_count(i);
	struct low_addr a;
	struct minsn *m;

	if (i->m.shape != SHAPE_M8N8 || i->types[0] != T_B16)
		return false;
	if (i->guard)
		low_refuse(l, "guarded %s", ir_op_name(i->op));
	low_address(l, i->ops[store ? 0 : 1].mem, VGPU_SPACE_SHARED, true, &a);
	m = minsn_new(l->f, store ? VGPU_OP_STMATRIX : VGPU_OP_LDMATRIX, i->line);
	m->d = group_of(l, v, !store, MC_V);
	m->a = a.a;
	m->imm = (u32)a.off;
	m->mod = (n == 4 ? 2 : n == 2 ? 1 : 0) | (i->m.trans ? VGPU_LDSM_TRANS : 0);
	minsn_append(l->block, m);
	return true;
}

/* ---- mma ---- */

/* A PTX product and its vISA kind. */
static const struct mma_form {
	u8 shape, d, a;
	u8 kind;
} mma_forms[] = {
	{ SHAPE_M8N8K4, T_F64, T_F64, VGPU_MMA_M8N8K4_F64 },
	{ SHAPE_M16N8K4, T_F64, T_F64, VGPU_MMA_M16N8K4_F64 },
	{ SHAPE_M16N8K8, T_F64, T_F64, VGPU_MMA_M16N8K8_F64 },
	{ SHAPE_M16N8K16, T_F64, T_F64, VGPU_MMA_M16N8K16_F64 },
	{ SHAPE_M16N8K8, T_F16, T_F16, VGPU_MMA_M16N8K8_F16_F16 },
	{ SHAPE_M16N8K8, T_F32, T_F16, VGPU_MMA_M16N8K8_F16_F32 },
	{ SHAPE_M16N8K16, T_F16, T_F16, VGPU_MMA_M16N8K16_F16_F16 },
	{ SHAPE_M16N8K16, T_F32, T_F16, VGPU_MMA_M16N8K16_F16_F32 },
	{ SHAPE_M16N8K8, T_F32, T_BF16, VGPU_MMA_M16N8K8_BF16_F32 },
	{ SHAPE_M16N8K16, T_F32, T_BF16, VGPU_MMA_M16N8K16_BF16_F32 },
	{ SHAPE_M16N8K4, T_F32, T_TF32, VGPU_MMA_M16N8K4_TF32_F32 },
	{ SHAPE_M16N8K8, T_F32, T_TF32, VGPU_MMA_M16N8K8_TF32_F32 },
	{ SHAPE_M8N8K16, T_S32, T_S8, VGPU_MMA_M8N8K16_I8 },
	{ SHAPE_M16N8K16, T_S32, T_S8, VGPU_MMA_M16N8K16_I8 },
	{ SHAPE_M16N8K32, T_S32, T_S8, VGPU_MMA_M16N8K32_I8 },
	{ SHAPE_M8N8K32, T_S32, T_S4, VGPU_MMA_M8N8K32_I4 },
	{ SHAPE_M16N8K32, T_S32, T_S4, VGPU_MMA_M16N8K32_I4 },
	{ SHAPE_M16N8K64, T_S32, T_S4, VGPU_MMA_M16N8K64_I4 },
	{ SHAPE_M8N8K128, T_S32, T_B1, VGPU_MMA_M8N8K128_B1 },
	{ SHAPE_M16N8K128, T_S32, T_B1, VGPU_MMA_M16N8K128_B1 },
	{ SHAPE_M16N8K256, T_S32, T_B1, VGPU_MMA_M16N8K256_B1 },
	{ SHAPE_M16N8K16, T_F16, T_E4M3, VGPU_MMA_M16N8K16_F8_F16 },
	{ SHAPE_M16N8K16, T_F32, T_E4M3, VGPU_MMA_M16N8K16_F8_F32 },
	{ SHAPE_M16N8K32, T_F16, T_E4M3, VGPU_MMA_M16N8K32_F8_F16 },
	{ SHAPE_M16N8K32, T_F32, T_E4M3, VGPU_MMA_M16N8K32_F8_F32 },
	{ SHAPE_M16N8K64, T_F32, T_E2M1, VGPU_MMA_M16N8K64_F4_F32 },
};

/* Types that share a kind, told apart by flags or type fields. */
static u8 family(u8 t, u8 shape)
{
	switch (t) {
	case T_U8:
		return T_S8;
	case T_U4:
		return T_S4;
	case T_E5M2:
	case T_E2M3:
	case T_E3M2:
		return T_E4M3;
	case T_E2M1:
		return shape == SHAPE_M16N8K64 ? T_E2M1 : T_E4M3;
	default:
		return t;
	}
}

static u32 small_kind(u8 t)
{
	switch (t) {
	case T_E4M3:
		return VGPU_Q8_E4M3;
	case T_E5M2:
		return VGPU_Q8_E5M2;
	case T_E2M3:
		return VGPU_Q8_E2M3;
	case T_E3M2:
		return VGPU_Q8_E3M2;
	default:
		return VGPU_Q8_E2M1;
	}
}

static bool mma_kind(const struct ir_insn *i, u32 *imm)
{
	u8 d = i->types[0], a = i->types[1], b = i->types[2], fam = family(a, i->m.shape);
	u32 k;

	for (k = 0; k < sizeof(mma_forms) / sizeof(mma_forms[0]); k++)
		if (mma_forms[k].shape == i->m.shape && mma_forms[k].d == d &&
		    mma_forms[k].a == fam)
			break;
	if (k == sizeof(mma_forms) / sizeof(mma_forms[0]) || family(b, i->m.shape) != fam)
		return false;
	*imm = mma_forms[k].kind;
	if (fam == T_S8 || fam == T_S4)
		*imm |= (type_is_signed(a) ? VGPU_MMA_A_SIGNED : 0) |
			(type_is_signed(b) ? VGPU_MMA_B_SIGNED : 0) |
			(i->m.sat ? VGPU_MMA_SATFINITE : 0);
	if (fam == T_B1)
		*imm |= i->m.boolop == BOOL_XOR ? VGPU_MMA_XOR : 0;
	if (fam == T_E4M3)
		*imm |= VGPU_MMA_ATYPE(small_kind(a)) | VGPU_MMA_BTYPE(small_kind(b));
	return true;
}

static enum mclass frag_class(u8 t)
{
	return t == T_F64 ? MC_W : MC_V;
}

/* A C that is zero everywhere needs no registers. */
static bool all_zero(const struct ir_operand *o)
{
	u32 k;

	if (o->kind != OPND_VEC)
		return o->kind == OPND_IMM && !o->imm;
	for (k = 0; k < o->nelem; k++) {
		const struct ir_operand *e = &o->elem[k];

		while (e->kind == OPND_REG && e->reg->def && e->reg->def->op == OP_MOV &&
		       !e->reg->def->guard && e->reg->def->ops[0].kind == OPND_REG)
			e = &e->reg->def->ops[1];
		if (e->kind != OPND_IMM || e->imm)
			return false;
	}
	return true;
}

static u8 scale_mod(struct low *l, const struct ir_insn *i)
{
	u8 vec = i->m.scale_vec == SCALE_VEC_4X ? 2 : i->m.scale_vec == SCALE_VEC_2X ? 1 : 0;
	u8 mod = vec | (i->types[4] == T_UE4M3 ? 4 : 0);
	u32 k;

	/* selectors: {byte, thread} */
	for (k = 0; k < 2; k++) {
		const struct ir_operand *s = &i->ops[5 + 2 * k];

		if (s->kind != OPND_VEC || s->nelem != 2 || s->elem[0].kind != OPND_IMM ||
		    s->elem[1].kind != OPND_IMM)
			low_refuse(l, "mma scale selectors that are no constants");
		mod |= (s->elem[0].imm & 3) << (3 + 2 * k);
	}
	return mod;
}

static void scaled_mma(struct low *l, struct ir_insn *i, struct minsn *m)
{
	struct mopnd d = m->d;
	u32 *s = arena_array(l->f->arena, 2, u32), k;
	struct mopnd c = group_of(l, &i->ops[3], false, MC_V);

	s[0] = low_vector(l, low_src(l, &i->ops[4]), MC_V).reg;
	s[1] = low_vector(l, low_src(l, &i->ops[6]), MC_V).reg;
	m->op = VGPU_OP_MMASC;
	m->c = (struct mopnd){ .kind = MO_GROUP, .n = 2, .group = s };
	m->mod = scale_mod(l, i);
	m->imm |= VGPU_MMA_TID_A((u32)i->ops[5].elem[1].imm & 1) |
		  VGPU_MMA_TID_B((u32)i->ops[7].elem[1].imm & 3);
	/* it adds to D */
	m->prior = arena_array(l->f->arena, d.n, u32);
	for (k = 0; k < d.n; k++)
		m->prior[k] = c.group[k];
}

static bool lower_mma(struct low *l, struct ir_insn *i)
{
	struct minsn *m;
	u32 imm;

	if (i->guard)
		low_refuse(l, "guarded mma");
	if (i->op != OP_MMA || !mma_kind(i, &imm))
		return false;
	m = minsn_new(l->f, VGPU_OP_MMA, i->line);
	m->imm = imm;
	m->a = group_of(l, &i->ops[1], false, frag_class(i->types[1]));
	m->b = group_of(l, &i->ops[2], false, frag_class(i->types[2]));
	m->d = group_of(l, &i->ops[0], true, frag_class(i->types[0]));
	if (i->m.block_scale)
		scaled_mma(l, i, m);
	else if (all_zero(&i->ops[3]))
		m->c = mo_absent();
	else
		m->c = group_of(l, &i->ops[3], false, frag_class(i->types[0]));
	minsn_append(l->block, m);
	return true;
}

bool lower_matrix(struct low *l, struct ir_insn *i)
{
	switch (i->op) {
	case OP_LDMATRIX:
	case OP_STMATRIX:
		return lower_ldmatrix(l, i);
	case OP_MOVMATRIX:
		low_op1(l, VGPU_OP_MOVMATRIX, low_dst(l, &i->ops[0]), low_src(l, &i->ops[1]));
		return true;
	case OP_MMA:
		return lower_mma(l, i);
	default:
		return false;
	}
}
