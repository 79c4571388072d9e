// SPDX-License-Identifier: MIT
/* Selection of atomics, reductions and fences. */
#include "lower.h"

static u32 atom_op(struct low *l, const struct ir_insn *i)
{
	switch (i->m.atomop) {
	case ATOM_AND:
		return VGPU_ATOM_AND;
	case ATOM_OR:
		return VGPU_ATOM_OR;
	case ATOM_XOR:
		return VGPU_ATOM_XOR;
	case ATOM_CAS:
		return VGPU_ATOM_CAS;
	case ATOM_EXCH:
		return VGPU_ATOM_EXCH;
	case ATOM_ADD:
		return VGPU_ATOM_ADD;
	case ATOM_INC:
		return VGPU_ATOM_INC;
	case ATOM_DEC:
		return VGPU_ATOM_DEC;
	case ATOM_MIN:
		return VGPU_ATOM_MIN;
	case ATOM_MAX:
		return VGPU_ATOM_MAX;
	default:
		low_refuse(l, "%s without an operation", ir_op_name(i->op));
	}
}

static u32 atom_type(struct low *l, const struct ir_insn *i, u32 op)
{
	bool bitwise = op != VGPU_ATOM_ADD && op != VGPU_ATOM_MIN && op != VGPU_ATOM_MAX;

	switch (i->types[0]) {
	case T_B16:
		return VGPU_AT_B16;
	case T_B32:
	case T_U32:
		return VGPU_AT_U32;
	case T_S32:
		return bitwise ? VGPU_AT_U32 : VGPU_AT_S32;
	case T_B64:
	case T_U64:
		return VGPU_AT_U64;
	case T_S64:
		return bitwise ? VGPU_AT_U64 : VGPU_AT_S64;
	case T_F32:
		return VGPU_AT_F32;
	case T_F64:
		return VGPU_AT_F64;
	case T_F16:
		return VGPU_AT_F16;
	case T_F16X2:
		return VGPU_AT_F16X2;
	case T_BF16:
		return VGPU_AT_BF16;
	case T_BF16X2:
		return VGPU_AT_BF16X2;
	case T_B128:
		return VGPU_AT_B128;
	default:
		low_refuse(l, "%s.%s is not supported", ir_op_name(i->op), ir_type_name(i->types[0]));
	}
}

/* What PTX has not, neither have we: f32 and f64 are added and exchanged only. */
static bool float_minmax(u32 op, u32 type)
{
	return (op == VGPU_ATOM_MIN || op == VGPU_ATOM_MAX) && (type == VGPU_AT_F32 || type == VGPU_AT_F64);
}

u8 low_atom_operation(struct low *l, const struct ir_insn *i)
{
	return atom_op(l, i);
}

u8 low_atom_mod(struct low *l, const struct ir_insn *i)
{
	u32 op = atom_op(l, i), type = atom_type(l, i, op);

	if (float_minmax(op, type))
		low_refuse(l, "%s.%s.%s is not supported", ir_op_name(i->op), ir_mod_name(GRP_atomop, i->m.atomop),
			   ir_type_name(i->types[0]));
	return VGPU_ATOM_MOD(op, type);
}

static u16 atom_insn(struct low *l, enum vgpu_space s)
{
	switch (s) {
	case VGPU_SPACE_GLOBAL:
		return VGPU_OP_ATOMG;
	case VGPU_SPACE_SHARED:
		return VGPU_OP_ATOMS;
	case VGPU_SPACE_GENERIC:
		return VGPU_OP_ATOMX;
	default:
		low_refuse(l, "atomics on local memory or parameters are not supported");
	}
}

/* A value; of 128 bits, two registers. */
static struct mopnd atom_data(struct low *l, const struct ir_operand *o, enum mclass cls)
{
	u32 *g, k;

	if (o->kind != OPND_VEC)
		return low_vector(l, low_src(l, o), cls);
	g = arena_array(l->f->arena, 2, u32);
	for (k = 0; k < 2; k++)
		g[k] = low_vector(l, low_src(l, &o->elem[k]), MC_W).reg;
	return (struct mopnd){ .kind = MO_GROUP, .n = 2, .group = g };
}

static struct mopnd atom_result(struct low *l, const struct ir_operand *o)
{
	u32 *g, k;

	if (o && o->kind == OPND_VEC) {
		g = arena_array(l->f->arena, 2, u32);
		for (k = 0; k < 2; k++)
			g[k] = low_dst(l, &o->elem[k]).reg;
		return (struct mopnd){ .kind = MO_GROUP, .n = 2, .group = g };
	}
	return o && o->kind == OPND_REG ? low_dst(l, o) : mo_absent();
}

static void one_atomic(struct low *l, struct ir_insn *i, const struct ir_mem *mem, const struct ir_operand *dst,
		       const struct ir_operand *b, const struct ir_operand *c, s64 off)
{
	enum vgpu_space space = low_space(l, i, mem);
	enum mclass cls = ir_type_bits(i->types[0]) == 64 ? MC_W : MC_V;
	u16 insn = atom_insn(l, space);
	struct low_addr a;
	struct minsn *m;

	low_address(l, mem, space, true, &a);
	m = minsn_new(l->f, insn, i->line);
	m->a = a.a;
	m->imm = (u32)(a.off + off);
	m->b = atom_data(l, b, cls);
	m->c = c && c->kind != OPND_NONE ? atom_data(l, c, cls) : mo_absent();
	m->d = atom_result(l, dst);
	m->mod = low_atom_mod(l, i);
	minsn_append(l->block, m);
	low_final(l, m);
	if (i->guard && m->guard == M_NOREG)
		low_guard(l, m);
}

/* Vectors of atomics are atomic element by element. */
static void lower_atom(struct low *l, struct ir_insn *i, u32 first)
{
	const struct ir_operand *d = first ? &i->ops[0] : NULL, *b = &i->ops[first + 1];
	const struct ir_operand *c = first && i->ops[3].kind != OPND_NONE ? &i->ops[3] : NULL;
	const struct ir_mem *mem = i->ops[first].mem;
	u32 k;

	if (b->kind != OPND_VEC || i->types[0] == T_B128) {
		one_atomic(l, i, mem, d, b, c, 0);
		return;
	}
	for (k = 0; k < b->nelem; k++)
		one_atomic(l, i, mem, d && d->kind == OPND_VEC ? &d->elem[k] : NULL, &b->elem[k], NULL,
			   (s64)k * ir_type_bytes(i->types[0]));
}

void low_reduce(struct low *l, struct ir_insn *i)
{
	lower_atom(l, i, 0);
}

static void fence(struct low *l, bool sc)
{
	low_op(l, VGPU_OP_FENCE, NO, NO, NO, NO)->mod = sc ? VGPU_FENCE_SC : VGPU_FENCE_ACQ_REL;
}

bool lower_atomic(struct low *l, struct ir_insn *i)
{
	switch (i->op) {
	case OP_ATOM:
		lower_atom(l, i, 1);
		return true;
	case OP_RED:
		lower_atom(l, i, 0);
		return true;
	case OP_MEMBAR:
		/* a fence that lanes without the guard make, too, does no harm */
		fence(l, i->m.scope != SCOPE_CTA);
		return true;
	case OP_FENCE:
		fence(l, i->m.sem == SEM_SC || !i->m.sem);
		return true;
	case OP_MEMBAR_PROXY:
	case OP_FENCE_PROXY:
	case OP_FENCE_MBAR_INIT:
		fence(l, false);
		return true;
	default:
		return false;
	}
}
