// SPDX-License-Identifier: MIT
/* Selection of moves, packing and unpacking, and address-space conversion. */
#include "lower.h"

/* 16-bit pieces {a, b} into 32 bits. */
static struct mopnd pack16(struct low *l, struct mopnd lo, struct mopnd hi)
{
	if (lo.kind == MO_IMM && hi.kind == MO_IMM)
		return mo_imm((lo.imm & 0xffff) | (hi.imm & 0xffff) << 16);
	return low_t3(l, VGPU_OP_PRMT, MC_V, lo, hi, mo_imm(0x5410));
}

static struct mopnd pack8(struct low *l, const struct mopnd *b, u32 n)
{
	struct mopnd lo = low_t3(l, VGPU_OP_PRMT, MC_V, b[0], b[1], mo_imm(0x0040)), hi;

	if (n == 2)
		return lo;
	hi = low_t3(l, VGPU_OP_PRMT, MC_V, b[2], b[3], mo_imm(0x0040));
	return pack16(l, lo, hi);
}

static void mov_pack(struct low *l, struct ir_insn *i)
{
	const struct ir_operand *v = &i->ops[1];
	unsigned int bits = ir_type_bits(i->types[0]), each = bits / v->nelem;
	struct mopnd e[8];
	u32 k;

	if (bits > 64 || v->nelem > 8)
		low_refuse(l, "mov of %u bits is not supported", bits);
	for (k = 0; k < v->nelem; k++)
		e[k] = low_src(l, &v->elem[k]);
	switch (each) {
	case 8:
		low_copy(l, &i->ops[0], pack8(l, e, v->nelem));
		break;
	case 16:
		if (bits == 32) {
			low_copy(l, &i->ops[0], pack16(l, e[0], e[1]));
			break;
		}
		e[0] = pack16(l, e[0], e[1]);
		e[1] = pack16(l, e[2], e[3]);
		/* fall through */
	case 32:
		low_final(l, low_op2(l, VGPU_OP_PACK, low_dst(l, &i->ops[0]), e[0], e[1]));
		break;
	default:
		low_refuse(l, "mov of %u elements is not supported", v->nelem);
	}
}

/* Piece @k of @v, @each bits wide, into dst. */
static void mov_piece(struct low *l, const struct ir_operand *dst, struct mopnd v, u32 k, unsigned int bits,
		      unsigned int each)
{
	u32 at = k * each;

	if (dst->kind != OPND_REG)
		return;
	if (v.kind == MO_IMM) {
		low_copy(l, dst, mo_imm(v.imm >> at & (each == 64 ? ~0ull : (1ull << each) - 1)));
		return;
	}
	if (bits == 64) {
		v = low_t1(l, at >= 32 ? VGPU_OP_UNPKHI : VGPU_OP_UNPKLO, MC_V, v);
		at &= 31;
	}
	if (each < 32 && at)
		v = low_t2(l, VGPU_OP_SHRU, MC_V, v, mo_imm(at));
	low_copy(l, dst, v);
}

static void mov_unpack(struct low *l, struct ir_insn *i)
{
	const struct ir_operand *d = &i->ops[0];
	unsigned int bits = ir_type_bits(i->types[0]);
	struct mopnd v;
	u32 k;

	if (bits > 64)
		low_refuse(l, "mov of %u bits is not supported", bits);
	v = low_src(l, &i->ops[1]);
	for (k = 0; k < d->nelem; k++)
		mov_piece(l, &d->elem[k], v, k, bits, bits / d->nelem);
}

static void lower_mov(struct low *l, struct ir_insn *i)
{
	if (i->ops[0].kind == OPND_VEC) {
		mov_unpack(l, i);
	} else if (i->ops[1].kind == OPND_VEC) {
		mov_pack(l, i);
	} else if (i->types[0] == T_PRED) {
		low_copy(l, &i->ops[0], low_pred(l, &i->ops[1], false));
	} else {
		low_copy(l, &i->ops[0], low_src(l, &i->ops[1]));
	}
}

/* ---- cvta ---- */

static u64 window(const struct ir_insn *i)
{
	switch (i->m.space) {
	case SPC_SHARED:
	case SPC_SHARED_CTA:
	case SPC_SHARED_CLUSTER:
		return VGPU_WINDOW_SHARED;
	case SPC_LOCAL:
		return VGPU_WINDOW_LOCAL;
	case SPC_PARAM:
	case SPC_PARAM_ENTRY:
		return VGPU_WINDOW_PARAM;
	default:
		return 0; /* global and const: the address itself */
	}
}

/* Into a window: low half and window bits; out of it: the low half. */
static void lower_cvta(struct low *l, struct ir_insn *i)
{
	struct mopnd a = low_src(l, &i->ops[1]), d;
	u64 w = window(i);

	if (ir_type_bits(i->types[0]) != 64)
		low_refuse(l, "32-bit addresses are not supported");
	if (!w || a.kind == MO_IMM) {
		if (w)
			a.imm = i->m.to ? (u32)a.imm : w | (u32)a.imm;
		low_copy(l, &i->ops[0], a);
		return;
	}
	d = low_dst(l, &i->ops[0]);
	if (low_class(l, &d) == MC_S) {
		if (i->m.to)
			low_op1(l, VGPU_OP_SEXT, d, a)->mod = VGPU_EXT_U32;
		else
			low_op2(l, VGPU_OP_SOR, d, low_sext(l, a, VGPU_EXT_U32), low_const64(l, w));
		return;
	}
	a = low_vector(l, a, MC_W);
	if (i->m.to)
		low_final(l, low_op1(l, VGPU_OP_EXTU, d, low_t1(l, VGPU_OP_UNPKLO, MC_V, a)));
	else
		low_final(l, low_op2(l, VGPU_OP_PACK, d, low_t1(l, VGPU_OP_UNPKLO, MC_V, a), mo_imm(w >> 32)));
}

static void lower_isspacep(struct low *l, struct ir_insn *i)
{
	struct minsn *m = low_op1(l, VGPU_OP_ISSPACE, low_dst(l, &i->ops[0]), low_src(l, &i->ops[1]));

	switch (window(i)) {
	case VGPU_WINDOW_SHARED:
		m->mod = VGPU_SPACE_SHARED;
		break;
	case VGPU_WINDOW_LOCAL:
		m->mod = VGPU_SPACE_LOCAL;
		break;
	case VGPU_WINDOW_PARAM:
		m->mod = VGPU_SPACE_PARAM;
		break;
	default:
		m->mod = VGPU_SPACE_GLOBAL;
		break;
	}
	low_final(l, m);
}

bool lower_move(struct low *l, struct ir_insn *i)
{
	switch (i->op) {
	case OP_MOV:
		lower_mov(l, i);
		return true;
	case OP_CVTA:
		lower_cvta(l, i);
		return true;
	case OP_ISSPACEP:
		lower_isspacep(l, i);
		return true;
	case OP_MAPA: /* clusters of one block: the address itself */
		low_copy(l, &i->ops[0], low_src(l, &i->ops[1]));
		return true;
	case OP_GETCTARANK:
		low_copy(l, &i->ops[0], mo_imm(0));
		return true;
	default:
		return false;
	}
}
