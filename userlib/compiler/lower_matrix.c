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

/* The same number of new registers of a class. */
static struct mopnd temps(struct low *l, u32 n, enum mclass cls)
{
	u32 *g = arena_array(l->f->arena, n, u32), k;

	for (k = 0; k < n; k++)
		g[k] = mreg_new(l->f, cls);
	return (struct mopnd){ .kind = MO_GROUP, .n = n, .group = g };
}

/* What a group holds goes to the destinations, where the guard holds. */
static void spread(struct low *l, const struct ir_operand *o, const struct mopnd *group)
{
	const struct ir_operand *e = o->kind == OPND_VEC ? o->elem : o;
	u32 k;

	for (k = 0; k < group->n; k++)
		low_copy(l, &e[k], mo_reg(group->group[k]));
}

/* Flags of the shape and the elements; false: there is no such form. */
static bool moved_matrix(const struct ir_insn *i, u8 *mod)
{
	u8 from = i->ntypes > 1 ? i->types[1] : i->types[0];

	*mod = matrix_count(i) == 4 ? 2 : matrix_count(i) == 2 ? 1 : 0;
	if (i->m.shape == SHAPE_M8N8 && i->types[0] == T_B16) {
		*mod |= i->m.trans ? VGPU_LDSM_TRANS : 0;
		return true;
	}
	*mod |= from == T_B6X16 ? VGPU_LDSM_B6 : from == T_B4X16 ? VGPU_LDSM_B4 : 0;
	switch (i->m.shape) {
	case SHAPE_M8N16:
		return i->op == OP_LDMATRIX && (from == T_B6X16 || from == T_B4X16) && !i->m.trans;
	case SHAPE_M16N16:
		*mod |= VGPU_LDSM_BYTES;
		return i->op == OP_LDMATRIX && i->m.trans && i->m.num != NUM_X4;
	case SHAPE_M16N8:
		*mod |= VGPU_LDSM_BYTES;
		return i->op == OP_STMATRIX && i->m.trans && i->types[0] == T_B8;
	default:
		return false;
	}
}

static bool lower_ldmatrix(struct low *l, struct ir_insn *i)
{
	bool store = i->op == OP_STMATRIX;
	const struct ir_operand *v = &i->ops[store ? 1 : 0];
	struct low_addr a;
	struct minsn *m;
	u8 mod;

	if (!moved_matrix(i, &mod))
		return false;
	low_skip_begin(l);
	low_address(l, i->ops[store ? 0 : 1].mem, VGPU_SPACE_SHARED, true, &a);
	m = minsn_new(l->f, store ? VGPU_OP_STMATRIX : VGPU_OP_LDMATRIX, i->line);
	m->d = i->guard && !store ? temps(l, v->kind == OPND_VEC ? v->nelem : 1, MC_V) : group_of(l, v, !store, MC_V);
	m->a = a.a;
	m->imm = (u32)a.off;
	m->mod = mod;
	minsn_append(l->block, m);
	low_skip_end(l);
	if (i->guard && !store)
		spread(l, v, &m->d);
	return true;
}

/* ---- accumulators of halves beside ones of floats ---- */

static struct mopnd from_lane(struct low *l, u32 reg, struct mopnd lane)
{
	struct mopnd d = low_temp(l, MC_V);
	struct minsn *m = low_op3(l, VGPU_OP_SHFL, d, mo_reg(reg), lane, NO);

	m->mod = VGPU_SHFL_IDX;
	m->imm = VGPU_SHFL_CLAMP(31) | VGPU_SHFL_FULL;
	return d;
}

/*
 * m8n8k4 keeps halves and floats in different places of the quad: pair @p of the one is
 * in register @p / 2 * 2 or the next of the other, of a lane that differs in bit 1.
 */
static struct mopnd quad_pair(struct low *l, const u32 *reg, u32 p)
{
	struct mopnd lane = low_temp(l, MC_V), from, odd, one, two;
	struct minsn *m;

	low_op(l, VGPU_OP_SREGV, lane, NO, NO, NO)->imm = VGPU_SREG_LANEID;
	from = low_t2(l, VGPU_OP_AND, MC_V, lane, mo_imm(~2u));
	if (p & 1)
		from = low_t2(l, VGPU_OP_OR, MC_V, from, mo_imm(2));
	one = from_lane(l, reg[p & 2], from);
	two = from_lane(l, reg[(p & 2) + 1], from);
	odd = low_temp(l, MC_P);
	m = low_op2(l, VGPU_OP_SETPI, odd, low_t2(l, VGPU_OP_AND, MC_V, lane, mo_imm(2)), mo_imm(0));
	m->mod = VGPU_CMP_NE;
	return low_t3(l, VGPU_OP_SEL, MC_V, two, one, odd);
}

struct mopnd low_halves_to_floats(struct low *l, const struct mopnd *h, bool quad)
{
	u32 *f = arena_array(l->f->arena, 2 * h->n, u32), k;

	for (k = 0; k < h->n; k++) {
		struct mopnd pair = quad ? quad_pair(l, h->group, k) : mo_reg(h->group[k]);
		struct mopnd hi = low_temp(l, MC_V);

		f[2 * k] = low_t1(l, VGPU_OP_H2F, MC_V, pair).reg;
		low_op1(l, VGPU_OP_H2F, hi, pair)->mod = VGPU_CVT_HIGH;
		f[2 * k + 1] = hi.reg;
	}
	return (struct mopnd){ .kind = MO_GROUP, .n = 2 * h->n, .group = f };
}

struct mopnd low_floats_to_halves(struct low *l, const struct mopnd *f, bool quad)
{
	u32 n = f->n / 2, *h = arena_array(l->f->arena, n, u32), *out, k;

	for (k = 0; k < n; k++)
		h[k] = low_t2(l, VGPU_OP_F2H2, MC_V, mo_reg(f->group[2 * k + 1]), mo_reg(f->group[2 * k])).reg;
	if (!quad)
		return (struct mopnd){ .kind = MO_GROUP, .n = n, .group = h };
	out = arena_array(l->f->arena, n, u32);
	for (k = 0; k < n; k++)
		out[k] = quad_pair(l, h, k).reg;
	return (struct mopnd){ .kind = MO_GROUP, .n = n, .group = out };
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
	{ SHAPE_M8N8K4, T_F16, T_F16, VGPU_MMA_M8N8K4_F16_F16 },
	{ SHAPE_M8N8K4, T_F32, T_F16, VGPU_MMA_M8N8K4_F16_F32 },
};

/* The same with a sparse A. */
static const struct mma_form sparse_forms[] = {
	{ SHAPE_M16N8K16, T_F16, T_F16, VGPU_MMA_SP_M16N8K16_F16_F16 },
	{ SHAPE_M16N8K16, T_F32, T_F16, VGPU_MMA_SP_M16N8K16_F16_F32 },
	{ SHAPE_M16N8K32, T_F16, T_F16, VGPU_MMA_SP_M16N8K32_F16_F16 },
	{ SHAPE_M16N8K32, T_F32, T_F16, VGPU_MMA_SP_M16N8K32_F16_F32 },
	{ SHAPE_M16N8K16, T_F32, T_BF16, VGPU_MMA_SP_M16N8K16_BF16_F32 },
	{ SHAPE_M16N8K32, T_F32, T_BF16, VGPU_MMA_SP_M16N8K32_BF16_F32 },
	{ SHAPE_M16N8K8, T_F32, T_TF32, VGPU_MMA_SP_M16N8K8_TF32_F32 },
	{ SHAPE_M16N8K16, T_F32, T_TF32, VGPU_MMA_SP_M16N8K16_TF32_F32 },
	{ SHAPE_M16N8K32, T_S32, T_S8, VGPU_MMA_SP_M16N8K32_I8 },
	{ SHAPE_M16N8K64, T_S32, T_S8, VGPU_MMA_SP_M16N8K64_I8 },
	{ SHAPE_M16N8K64, T_S32, T_S4, VGPU_MMA_SP_M16N8K64_I4 },
	{ SHAPE_M16N8K128, T_S32, T_S4, VGPU_MMA_SP_M16N8K128_I4 },
	{ SHAPE_M16N8K64, T_F16, T_E4M3, VGPU_MMA_SP_M16N8K64_F8_F16 },
	{ SHAPE_M16N8K64, T_F32, T_E4M3, VGPU_MMA_SP_M16N8K64_F8_F32 },
	{ SHAPE_M16N8K128, T_F32, T_E2M1, VGPU_MMA_SP_M16N8K128_F4_F32 },
};

/* Types that share a kind, told apart by flags or type fields. */
static u8 family(u8 t, bool packed)
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
		return packed ? T_E2M1 : T_E4M3;
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

static bool is_sparse(const struct ir_insn *i)
{
	return i->op == OP_MMA_SP || i->op == OP_MMA_SP_ORDERED;
}

static bool find_form(const struct mma_form *f, u32 n, u8 shape, u8 d, u8 a, u32 *imm)
{
	for (; n--; f++)
		if (f->shape == shape && f->d == d && f->a == a) {
			*imm = f->kind;
			return true;
		}
	return false;
}

/* @d: type of the accumulators */
static bool mma_kind(const struct ir_insn *i, u8 d, u32 *imm)
{
	bool sparse = is_sparse(i);
	bool packed = i->m.shape == (sparse ? SHAPE_M16N8K128 : SHAPE_M16N8K64);
	u8 a = i->types[1], b = i->types[2], fam = family(a, packed);

	if (family(b, packed) != fam ||
	    !(sparse ?
		      find_form(sparse_forms, sizeof(sparse_forms) / sizeof(sparse_forms[0]), i->m.shape, d, fam, imm) :
		      find_form(mma_forms, sizeof(mma_forms) / sizeof(mma_forms[0]), i->m.shape, d, fam, imm)))
		return false;
	if (i->m.shape == SHAPE_M8N8K4 && fam == T_F16)
		*imm |= (i->m.layout == LAYOUT_COL ? VGPU_MMA_A_COL : 0) |
			(i->m.layout2 == LAYOUT2_ROW ? VGPU_MMA_B_ROW : 0);
	else if (i->m.layout == LAYOUT_COL || i->m.layout2 == LAYOUT2_ROW)
		return false;
	if (fam == T_S8 || fam == T_S4)
		*imm |= (type_is_signed(a) ? VGPU_MMA_A_SIGNED : 0) | (type_is_signed(b) ? VGPU_MMA_B_SIGNED : 0) |
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

		while (e->kind == OPND_REG && e->reg->def && e->reg->def->op == OP_MOV && !e->reg->def->guard &&
		       e->reg->def->ops[0].kind == OPND_REG)
			e = &e->reg->def->ops[1];
		if (e->kind != OPND_IMM || e->imm)
			return false;
	}
	return true;
}

static u8 scale_mod(struct low *l, const struct ir_insn *i, u32 first)
{
	/* without scale_vec, kind::mxf4 has two */
	u8 vec = i->m.scale_vec == SCALE_VEC_4X ?
			 2 :
			 i->m.scale_vec == SCALE_VEC_2X || (!i->m.scale_vec && i->m.kind == KIND_MXF4);
	u8 mod = vec | (i->types[4] == T_UE4M3 ? 4 : 0);
	u32 k;

	/* selectors: {byte, thread} */
	for (k = 0; k < 2; k++) {
		const struct ir_operand *s = &i->ops[first + 1 + 2 * k];

		if (s->kind != OPND_VEC || s->nelem != 2 || s->elem[0].kind != OPND_IMM || s->elem[1].kind != OPND_IMM)
			low_refuse(l, "mma scale selectors that are no constants");
		mod |= (s->elem[0].imm & 3) << (3 + 2 * k);
	}
	return mod;
}

/* What adds to D: metadata and scales are operand C, and what C was is D before. */
static void adding_mma(struct low *l, struct ir_insn *i, struct minsn *m, const struct mopnd *c)
{
	u32 *s = arena_array(l->f->arena, 3, u32), n = 0, first = is_sparse(i) ? 6 : 4, k;

	if (is_sparse(i)) {
		m->op = VGPU_OP_MMASP;
		m->imm |= VGPU_MMA_SELECT((u32)i->ops[5].imm & 3);
		s[n++] = low_vector(l, low_src(l, &i->ops[4]), MC_V).reg;
	} else {
		m->op = VGPU_OP_MMASC;
	}
	if (i->m.block_scale) {
		s[n++] = low_vector(l, low_src(l, &i->ops[first]), MC_V).reg;
		s[n++] = low_vector(l, low_src(l, &i->ops[first + 2]), MC_V).reg;
		m->mod = scale_mod(l, i, first);
		m->imm |= VGPU_MMA_TID_A((u32)i->ops[first + 1].elem[1].imm & 1) |
			  VGPU_MMA_TID_B((u32)i->ops[first + 3].elem[1].imm & 3) | (is_sparse(i) ? VGPU_MMA_SCALED : 0);
	}
	m->c = (struct mopnd){ .kind = MO_GROUP, .n = n, .group = s };
	m->prior = arena_array(l->f->arena, c->n, u32);
	for (k = 0; k < c->n; k++)
		m->prior[k] = c->group[k];
}

static u32 members(const struct ir_operand *o)
{
	return o->kind == OPND_VEC ? o->nelem : 1;
}

/*
 * Accumulators of two types are floats in the product. The result of a guarded one goes to
 * registers of its own first, as does what is to be converted.
 */
static bool lower_mma(struct low *l, struct ir_insn *i)
{
	u8 d = i->types[0], c = i->types[3], acc = d == c ? d : T_F32;
	bool quad = i->m.shape == SHAPE_M8N8K4, adds = i->m.block_scale || is_sparse(i);
	struct mopnd from = NO, to;
	struct minsn *m;
	u32 imm;

	if (!mma_kind(i, acc, &imm))
		return false;
	low_skip_begin(l);
	if (adds || !all_zero(&i->ops[3])) {
		from = group_of(l, &i->ops[3], false, frag_class(c));
		if (c != acc)
			from = low_halves_to_floats(l, &from, quad);
	}
	m = minsn_new(l->f, VGPU_OP_MMA, i->line);
	m->imm = imm;
	m->a = group_of(l, &i->ops[1], false, frag_class(i->types[1]));
	m->b = group_of(l, &i->ops[2], false, frag_class(i->types[2]));
	m->d = d != acc ? temps(l, 2 * members(&i->ops[0]), MC_V) :
	       i->guard ? temps(l, members(&i->ops[0]), frag_class(d)) :
			  group_of(l, &i->ops[0], true, frag_class(d));
	if (adds)
		adding_mma(l, i, m, &from);
	else
		m->c = from.kind == MO_NONE ? mo_absent() : from;
	minsn_append(l->block, m);
	to = m->d;
	if (d != acc)
		to = low_floats_to_halves(l, &m->d, quad);
	low_skip_end(l);
	if (d != acc || i->guard)
		spread(l, &i->ops[0], &to);
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
	case OP_MMA_SP:
	case OP_MMA_SP_ORDERED:
		return lower_mma(l, i);
	default:
		return false;
	}
}
