// SPDX-License-Identifier: MIT
/*
 * Selection of barrier objects and of copies in bulk. Copies are made at once, so what
 * would wait for them waits for nothing, and their bytes are reported to the barrier
 * object in the next instruction.
 */
#include <stddef.h>

#include "lower.h"

/* The offset of a shared address, whole, in a vector register. */
static struct mopnd shared_offset(struct low *l, const struct ir_mem *m)
{
	struct low_addr a;

	low_address(l, m, VGPU_SPACE_SHARED, true, &a);
	return a.off ? low_t2(l, VGPU_OP_IADD, MC_V, a.a, mo_imm((u32)a.off)) : low_vector(l, a.a, MC_V);
}

/* A generic address: global ones are their own, shared ones get their window. */
static struct mopnd generic_address(struct low *l, const struct ir_mem *m, bool shared)
{
	struct low_addr a;

	if (shared)
		return low_t2(l, VGPU_OP_PACK, MC_W, shared_offset(l, m), mo_imm(VGPU_WINDOW_SHARED >> 32));
	low_address(l, m, VGPU_SPACE_GLOBAL, true, &a);
	return a.off ? low_t2(l, VGPU_OP_LADD, MC_W, a.a, low_vector(l, mo_imm(a.off), MC_W)) :
		       low_vector(l, a.a, MC_W);
}

/* ---- barrier objects ---- */

static struct minsn *barrier_op(struct low *l, const struct ir_mem *mem, u8 mod, struct mopnd d, struct mopnd b)
{
	struct minsn *m = minsn_new(l->f, VGPU_OP_MBAR, l->insn->line);
	struct low_addr a;

	low_address(l, mem, VGPU_SPACE_SHARED, true, &a);
	m->d = d;
	m->a = low_vector(l, a.a, MC_V);
	m->b = b;
	m->imm = (u32)a.off;
	m->mod = mod;
	minsn_append(l->block, m);
	return low_final(l, m);
}

static struct mopnd count_of(struct low *l, const struct ir_operand *o)
{
	return low_vector(l, o->kind == OPND_NONE ? mo_imm(1) : low_src(l, o), MC_V);
}

static void bytes_done(struct low *l, const struct ir_operand *mbar, struct mopnd bytes)
{
	if (mbar->kind == OPND_MEM)
		barrier_op(l, mbar->mem, VGPU_MBAR_COMPLETE_TX, mo_absent(), low_vector(l, bytes, MC_V));
}

static void arrive(struct low *l, struct ir_insn *i, bool drop)
{
	const struct ir_operand *d = &i->ops[0];
	u8 mod = i->m.expect ? (drop ? VGPU_MBAR_ARRIVE_DROP_TX : VGPU_MBAR_ARRIVE_TX) :
		 drop        ? VGPU_MBAR_ARRIVE_DROP :
			       VGPU_MBAR_ARRIVE;

	barrier_op(l, i->ops[1].mem, mod, d->kind == OPND_REG ? low_dst(l, d) : mo_absent(), count_of(l, &i->ops[2]));
}

static void test(struct low *l, struct ir_insn *i, u8 try)
{
	struct mopnd b = low_src(l, &i->ops[2]);
	u8 mod = i->m.parity ? VGPU_MBAR_TEST_PARITY : VGPU_MBAR_TEST;

	barrier_op(l, i->ops[1].mem, mod | try, low_dst(l, &i->ops[0]), low_vector(l, b, i->m.parity ? MC_V : MC_W));
}

static bool lower_barrier_object(struct low *l, struct ir_insn *i)
{
	switch (i->op) {
	case OP_MBAR_INIT:
		barrier_op(l, i->ops[0].mem, VGPU_MBAR_INIT, mo_absent(), count_of(l, &i->ops[1]));
		return true;
	case OP_MBAR_INVAL:
		barrier_op(l, i->ops[0].mem, VGPU_MBAR_INVAL, mo_absent(), mo_absent());
		return true;
	case OP_MBAR_EXPECT_TX:
		barrier_op(l, i->ops[0].mem, VGPU_MBAR_EXPECT_TX, mo_absent(), count_of(l, &i->ops[1]));
		return true;
	case OP_MBAR_COMPLETE_TX:
		bytes_done(l, &i->ops[0], low_src(l, &i->ops[1]));
		return true;
	case OP_MBAR_ARRIVE:
		arrive(l, i, false);
		return true;
	case OP_MBAR_ARRIVE_DROP:
		arrive(l, i, true);
		return true;
	case OP_MBAR_TEST_WAIT:
		test(l, i, 0);
		return true;
	case OP_MBAR_TRY_WAIT:
		test(l, i, VGPU_MBAR_TRY);
		return true;
	case OP_MBAR_PENDING:
		low_final(l, low_op2(l, VGPU_OP_AND, low_dst(l, &i->ops[0]),
				     low_t1(l, VGPU_OP_UNPKLO, MC_V, low_src(l, &i->ops[1])), mo_imm(0xfffff)));
		return true;
	case OP_CP_ASYNC_MBAR:
		/* an arrival that, but for .noinc, was counted as pending just before */
		if (i->m.noinc)
			barrier_op(l, i->ops[0].mem, VGPU_MBAR_ARRIVE, mo_absent(), low_vector(l, mo_imm(1), MC_V));
		return true;
	default:
		return false;
	}
}

/* ---- in bulk ---- */

static void bulk(struct low *l, u16 op, u8 mod, struct mopnd other, struct mopnd shared, struct mopnd size)
{
	struct minsn *m = minsn_new(l->f, op, l->insn->line);
	struct mopnd zero = low_temp(l, MC_V);

	low_op1(l, VGPU_OP_MOV, zero, mo_imm(0));
	m->a = other;
	m->b = shared;
	m->c = low_vector(l, size, MC_V);
	m->d = low_temp(l, MC_V);
	m->mod = mod;
	m->prior = arena_array(l->f->arena, 1, u32);
	m->prior[0] = zero.reg;
	minsn_append(l->block, m);
	low_guard(l, m);
}

static bool to_global(const struct ir_insn *i)
{
	return i->m.space == SPC_GLOBAL;
}

static void lower_bulk_copy(struct low *l, struct ir_insn *i)
{
	const struct ir_mem *to = i->ops[0].mem, *from = i->ops[1].mem;
	struct mopnd size = low_src(l, &i->ops[2]);

	if (i->m.cpmask)
		low_refuse(l, "cp.async.bulk with a byte mask is not supported");
	if (to_global(i)) {
		bulk(l, VGPU_OP_BULK, VGPU_BULK_STORE, generic_address(l, to, false), shared_offset(l, from), size);
		return;
	}
	bulk(l, VGPU_OP_BULK, VGPU_BULK_LOAD, generic_address(l, from, i->m.space2 != SPC2_GLOBAL),
	     shared_offset(l, to), size);
	bytes_done(l, &i->ops[5], size);
}

static void lower_bulk_reduce(struct low *l, struct ir_insn *i)
{
	struct mopnd size = low_src(l, &i->ops[2]);

	bulk(l, VGPU_OP_BULKRED, low_atom_mod(l, i), generic_address(l, i->ops[0].mem, !to_global(i)),
	     shared_offset(l, i->ops[1].mem), size);
	bytes_done(l, &i->ops[3], size);
}

static void lower_bulk_store(struct low *l, struct ir_insn *i)
{
	struct mopnd size = low_src(l, &i->ops[1]);

	if (i->ops[2].imm)
		low_refuse(l, "st.bulk of anything but zero");
	if (low_class(l, &size) == MC_W)
		size = low_t1(l, VGPU_OP_UNPKLO, MC_V, size);
	bulk(l, VGPU_OP_BULK, VGPU_BULK_FILL, low_vector(l, mo_imm(0), MC_W), shared_offset(l, i->ops[0].mem), size);
}

/* ---- tensors ---- */

/* @t: [map, {coordinates}] */
static void tensor(struct low *l, u16 op, u8 mod, const struct ir_mem *t, const struct ir_mem *shared,
		   const struct ir_operand *mbar)
{
	struct minsn *m = minsn_new(l->f, op, l->insn->line);
	u32 rank = l->insn->m.geom - GEOM_1D + 1, *c, k;
	const struct ir_operand *at = t->nextra ? &t->extra[0] : NULL;
	struct mopnd zero = low_temp(l, MC_V);
	struct ir_mem map = *t;

	if (l->insn->m.bulkmode > BULK_TILE)
		low_refuse(l, "%s.%s is not supported", ir_op_name(l->insn->op),
			   ir_mod_name(GRP_bulkmode, l->insn->m.bulkmode));
	if (!at || (at->kind == OPND_VEC ? at->nelem : 1) != rank)
		low_refuse(l, "%s without %u coordinates", ir_op_name(l->insn->op), rank);
	c = arena_array(l->f->arena, rank, u32);
	for (k = 0; k < rank; k++)
		c[k] = low_vector(l, low_src(l, at->kind == OPND_VEC ? &at->elem[k] : at), MC_V).reg;
	low_op1(l, VGPU_OP_MOV, zero, mo_imm(0));
	m->a = generic_address(l, &map, false);
	m->b = shared_offset(l, shared);
	m->c = (struct mopnd){ .kind = MO_GROUP, .n = rank, .group = c };
	m->d = low_temp(l, MC_V);
	m->mod = mod;
	m->imm = rank;
	m->prior = arena_array(l->f->arena, 1, u32);
	m->prior[0] = zero.reg;
	minsn_append(l->block, m);
	low_guard(l, m);
	if (mbar) /* as many as the box has bytes, whatever of it the tensor has */
		bytes_done(l, mbar, m->d);
}

/* Where tensormap.replace writes: the fields of struct vgpu_tensor_map. */
static bool map_field(const struct ir_insn *i, u32 *off, u32 *width, u32 *each)
{
	static const struct {
		u8 mod;
		u16 off;
		u8 width;
		bool many;
	} fields[] = {
#define FIELD(MOD, NAME, WIDTH, MANY) { MOD, offsetof(struct vgpu_tensor_map, NAME), WIDTH, MANY }
		FIELD(TMAP_ADDRESS, address, 3, false),
		FIELD(TMAP_RANK, rank, 0, false),
		FIELD(TMAP_BOX_DIM, box, 1, true),
		FIELD(TMAP_DIM, dim, 2, true),
		FIELD(TMAP_STRIDE, stride, 3, true),
		FIELD(TMAP_ELEM_STRIDE, step, 0, true),
		FIELD(TMAP_ELEMTYPE, type, 0, false),
		FIELD(TMAP_INTERLEAVE, interleave, 0, false),
		FIELD(TMAP_SWIZZLE, swizzle, 0, false),
		FIELD(TMAP_FILL, fill, 0, false),
		FIELD(TMAP_SWIZZLE_ATOM, atomicity, 0, false),
#undef FIELD
	};
	u32 k;

	for (k = 0; k < sizeof(fields) / sizeof(fields[0]); k++)
		if (fields[k].mod == i->m.tmap) {
			*off = fields[k].off;
			*width = fields[k].width;
			*each = fields[k].many ? 1u << fields[k].width : 0;
			return true;
		}
	return false;
}

static void replace_field(struct low *l, struct ir_insn *i)
{
	static const u16 put[] = { VGPU_OP_STX, VGPU_OP_STG, VGPU_OP_STS };
	enum vgpu_space space = low_space(l, i, i->ops[0].mem);
	struct minsn *m;
	struct low_addr a;
	u32 off, width, each;

	if (!map_field(i, &off, &width, &each) || space > VGPU_SPACE_SHARED)
		low_refuse(l, "%s of this field is not supported", ir_op_name(i->op));
	if (i->ops[1].kind != OPND_NONE && i->ops[1].kind != OPND_IMM)
		low_refuse(l, "%s of a dimension that is no constant", ir_op_name(i->op));
	if (i->ops[1].kind == OPND_IMM)
		off += each * (u32)(i->ops[1].imm < VGPU_TENSOR_RANKS ? i->ops[1].imm : 0);
	low_address(l, i->ops[0].mem, space, true, &a);
	m = minsn_new(l->f, put[space], i->line);
	m->d = low_vector(l, low_src(l, &i->ops[2]), width == 3 ? MC_W : MC_V);
	m->a = low_vector(l, a.a, space == VGPU_SPACE_SHARED ? MC_V : MC_W);
	m->imm = (u32)a.off + off;
	m->c = mo_num(VGPU_MD_FORM_W | VGPU_MD_WIDTH(width) | VGPU_MD_ALIGN(width));
	minsn_append(l->block, m);
	low_guard(l, m);
}

static bool lower_tensor(struct low *l, struct ir_insn *i)
{
	switch (i->op) {
	case OP_CP_TENSOR:
		if (to_global(i))
			tensor(l, VGPU_OP_TENSOR, VGPU_BULK_STORE, i->ops[0].mem, i->ops[1].mem, NULL);
		else
			tensor(l, VGPU_OP_TENSOR, VGPU_BULK_LOAD, i->ops[1].mem, i->ops[0].mem, &i->ops[2]);
		return true;
	case OP_CP_REDUCE_TENSOR:
		tensor(l, VGPU_OP_TENSORRED, low_atom_operation(l, i), i->ops[0].mem, i->ops[1].mem, NULL);
		return true;
	case OP_CP_TENSOR_PREFETCH:
		return true;
	case OP_TENSORMAP_REPLACE:
		replace_field(l, i);
		return true;
	case OP_TENSORMAP_FENCE:
		bulk(l, VGPU_OP_BULK, VGPU_BULK_STORE, generic_address(l, i->ops[0].mem, false),
		     shared_offset(l, i->ops[1].mem), mo_imm(128));
		return true;
	default:
		return false;
	}
}

/* ---- asking for another block's work: it is never to be had ---- */

static void lower_try_cancel(struct low *l, struct ir_insn *i)
{
	struct mopnd zero = low_vector(l, mo_imm(0), MC_W);
	struct minsn *m = minsn_new(l->f, VGPU_OP_STS, i->line);
	u32 *group = arena_array(l->f->arena, 2, u32);
	struct low_addr a;

	group[0] = zero.reg;
	group[1] = zero.reg;
	low_address(l, i->ops[0].mem, VGPU_SPACE_SHARED, true, &a);
	m->d = (struct mopnd){ .kind = MO_GROUP, .n = 2, .group = group };
	m->a = low_vector(l, a.a, MC_V);
	m->imm = (u32)a.off;
	m->c = mo_num(VGPU_MD_FORM_W | VGPU_MD_WIDTH(3) | VGPU_MD_COUNT(1) | VGPU_MD_ALIGN(4));
	minsn_append(l->block, m);
	low_guard(l, m);
	bytes_done(l, &i->ops[1], mo_imm(16));
}

static void lower_query_cancel(struct low *l, struct ir_insn *i)
{
	const struct ir_operand *d = &i->ops[0];
	struct mopnd lo;
	struct minsn *m;
	u32 k;

	if (i->op == OP_CLC_IS_CANCELED) {
		lo = low_t1(l, VGPU_OP_UNPKLO, MC_V, low_src(l, &i->ops[1].elem[0]));
		lo = low_t2(l, VGPU_OP_AND, MC_V, lo, mo_imm(1));
		m = low_op2(l, VGPU_OP_SETPI, low_dst(l, d), lo, mo_imm(0));
		m->mod = VGPU_CMP_NE;
		low_final(l, m);
		return;
	}
	/* undefined unless it was canceled */
	for (k = 0; k < (d->kind == OPND_VEC ? d->nelem : 1u); k++)
		low_copy(l, d->kind == OPND_VEC ? &d->elem[k] : d, mo_imm(0));
}

bool lower_async(struct low *l, struct ir_insn *i)
{
	switch (i->op) {
	case OP_CP_BULK:
		lower_bulk_copy(l, i);
		return true;
	case OP_CP_REDUCE_BULK:
		lower_bulk_reduce(l, i);
		return true;
	case OP_ST_BULK:
		lower_bulk_store(l, i);
		return true;
	case OP_CP_BULK_PREFETCH: /* copies are done at once */
	case OP_CP_BULK_COMMIT:
	case OP_CP_BULK_WAIT:
		return true;
	case OP_ST_ASYNC:
		low_store(l, i);
		bytes_done(l, &i->ops[2],
			   mo_imm(ir_type_bytes(i->types[0]) * (i->ops[1].kind == OPND_VEC ? i->ops[1].nelem : 1)));
		return true;
	case OP_RED_ASYNC:
		low_reduce(l, i);
		bytes_done(l, &i->ops[2], mo_imm(ir_type_bytes(i->types[0])));
		return true;
	case OP_CLC_TRY_CANCEL:
		lower_try_cancel(l, i);
		return true;
	case OP_CLC_IS_CANCELED:
	case OP_CLC_CTAID:
	case OP_CLC_CTAID_X:
	case OP_CLC_CTAID_Y:
	case OP_CLC_CTAID_Z:
		lower_query_cancel(l, i);
		return true;
	default:
		return lower_barrier_object(l, i) || lower_tensor(l, i);
	}
}
