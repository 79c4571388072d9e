// SPDX-License-Identifier: MIT
/* Selection of loads, stores, and asynchronous copies. */
#include "lower.h"

#define MAX_ELEMS 8

static u16 load_op(enum vgpu_space s)
{
	static const u16 op[] = {
		[VGPU_SPACE_GENERIC] = VGPU_OP_LDX, [VGPU_SPACE_GLOBAL] = VGPU_OP_LDG,
		[VGPU_SPACE_SHARED] = VGPU_OP_LDS,  [VGPU_SPACE_LOCAL] = VGPU_OP_LDL,
		[VGPU_SPACE_PARAM] = VGPU_OP_LDP,
	};

	return op[s];
}

static u16 store_op(struct low *l, enum vgpu_space s)
{
	switch (s) {
	case VGPU_SPACE_GENERIC:
		return VGPU_OP_STX;
	case VGPU_SPACE_GLOBAL:
		return VGPU_OP_STG;
	case VGPU_SPACE_SHARED:
		return VGPU_OP_STS;
	case VGPU_SPACE_LOCAL:
		return VGPU_OP_STL;
	default:
		low_refuse(l, "store to kernel parameters");
	}
}

/*
 * CUB polled so, before it had relaxed loads: what a block has found, and that it has, in words of a vector. Types without a
 * sign are those of its structures; b32 is cuBLASLt's, which has thousands of loads for speed.
 */
static bool is_polled(const struct ir_insn *i, bool load)
{
	return i->m.cop == COP_CG && i->ops[load ? 0 : 1].kind == OPND_VEC && ir_type_class(i->types[0]) == 'U';
}

static u8 order_of(const struct ir_insn *i)
{
	bool load = ir_op_flags(i->op) & OPF_LOAD;

	switch (i->m.sem) {
	case SEM_VOLATILE:
		return VGPU_ORDER_VOLATILE;
	case SEM_RELAXED:
		return VGPU_ORDER_RELAXED;
	case SEM_ACQUIRE:
		return VGPU_ORDER_ACQUIRE;
	case SEM_RELEASE:
		return VGPU_ORDER_RELEASE;
	default:
		if (load && i->m.nc)
			return VGPU_ORDER_NC;
		if (load && i->m.cop == COP_CV)
			return VGPU_ORDER_VOLATILE;
		return is_polled(i, load) ? VGPU_ORDER_RELAXED : VGPU_ORDER_WEAK;
	}
}

static u32 log2_of(u32 v)
{
	return 31 - __builtin_clz(v);
}

static u32 descriptor(const struct ir_insn *i, u32 count, const struct low_addr *a)
{
	u32 width = log2_of(ir_type_bytes(i->types[0])), n = log2_of(count);
	bool is_load = ir_op_flags(i->op) & OPF_LOAD;
	u32 align = i->align ? log2_of(i->align) : width + n;

	return VGPU_MD_FORM(a->form) | VGPU_MD_WIDTH(width) | VGPU_MD_COUNT(n) | VGPU_MD_ALIGN(align) |
	       (a->sext ? VGPU_MD_SEXT : 0) | VGPU_MD_SHIFT(a->shift) |
	       (is_load && width < 2 && type_is_signed(i->types[0]) ? VGPU_MD_SIGNED : 0);
}

static void set_address(struct minsn *m, const struct low_addr *a)
{
	m->a = a->a;
	m->b = a->b;
	m->imm = (u32)a->off;
}

static u32 elements(const struct ir_operand *o, const struct ir_operand **e)
{
	*e = o->kind == OPND_VEC ? o->elem : o;
	return o->kind == OPND_VEC ? o->nelem : 1;
}

/* ---- scalar loads ---- */

static bool all_scalar(struct low *l, const struct ir_operand *e, u32 n)
{
	bool any = false;
	u32 k;

	for (k = 0; k < n; k++) {
		if (e[k].kind == OPND_NONE)
			continue;
		if (!low_def_is_scalar(l, &e[k]))
			return false;
		any = true;
	}
	return any;
}

/* A word in a scalar register is extended with zeros: is this one to be extended with its sign? */
static bool sign_is_due(const struct ir_insn *i, const struct ir_operand *e)
{
	return type_is_signed(i->types[0]) && ir_type_bits(i->types[0]) < 64 && ir_type_bits(e->reg->type) == 64;
}

static void load_scalars(struct low *l, struct ir_insn *i, struct low_addr *a, const struct ir_operand *e, u32 n)
{
	u32 bytes = ir_type_bytes(i->types[0]), width = log2_of(bytes), k;
	u32 align = i->align ? log2_of(i->align) : width;
	struct mopnd d;
	struct minsn *m;
	bool sign;

	for (k = 0; k < n; k++) {
		if (e[k].kind == OPND_NONE)
			continue;
		sign = width == 2 && sign_is_due(i, &e[k]);
		d = sign ? low_temp(l, MC_S) : low_dst(l, &e[k]);
		m = low_op(l, VGPU_OP_SLD, d, a->a, NO,
			   mo_num(VGPU_MD_WIDTH(width) | VGPU_MD_ALIGN(align) |
				  (width < 2 && type_is_signed(i->types[0]) ? VGPU_MD_SIGNED : 0)));
		m->a = a->a;
		m->mod = a->space;
		m->imm = (u32)(a->off + k * bytes);
		if (sign)
			low_op1(l, VGPU_OP_SEXT, low_dst(l, &e[k]), d)->mod = VGPU_EXT_S32;
	}
}

/* ---- vector loads ---- */

/* The register that an element is loaded into; wider ones are extended after. */
static u32 element_reg(struct low *l, const struct ir_operand *e, enum mclass cls)
{
	if (e->kind == OPND_REG && !l->scalar[e->reg->id] && class_of_type(e->reg->type) == cls)
		return low_reg(l, e->reg);
	return mreg_new(l->f, cls);
}

static void spread_element(struct low *l, struct ir_insn *i, const struct ir_operand *e, u32 reg)
{
	struct mopnd d, v = mo_reg(reg);

	if (e->kind != OPND_REG || low_reg(l, e->reg) == reg)
		return;
	d = low_dst(l, e);
	if (!l->scalar[e->reg->id]) {
		low_final(l, low_op1(l, type_is_signed(i->types[0]) ? VGPU_OP_EXTS : VGPU_OP_EXTU, d, v));
	} else if (sign_is_due(i, e)) { /* uniform after all: take the first lane's */
		v = low_t1(l, VGPU_OP_SFIRST, MC_S, v);
		low_op1(l, VGPU_OP_SEXT, d, v)->mod = VGPU_EXT_S32;
	} else {
		low_op1(l, ir_type_bits(i->types[0]) == 64 ? VGPU_OP_SFIRSTW : VGPU_OP_SFIRST, d, v);
	}
}

static void load_vectors(struct low *l, struct ir_insn *i, struct low_addr *a, const struct ir_operand *e, u32 n)
{
	enum mclass cls = ir_type_bits(i->types[0]) == 64 ? MC_W : MC_V;
	struct minsn *m = minsn_new(l->f, load_op(a->space), i->line);
	u32 *group = arena_array(l->f->arena, n, u32), k;

	for (k = 0; k < n; k++)
		group[k] = element_reg(l, &e[k], cls);
	if (n == 1)
		m->d = mo_reg(group[0]);
	else
		m->d = (struct mopnd){ .kind = MO_GROUP, .n = n, .group = group };
	set_address(m, a);
	m->c = mo_num(descriptor(i, n, a));
	m->mod = order_of(i);
	if (a->space == VGPU_SPACE_PARAM)
		m->mod = VGPU_ORDER_WEAK;
	minsn_append(l->block, m);
	low_final(l, m);
	for (k = 0; k < n; k++)
		spread_element(l, i, &e[k], group[k]);
}

static void lower_ld(struct low *l, struct ir_insn *i)
{
	const struct ir_operand *e;
	u32 n = elements(&i->ops[0], &e);
	struct low_addr a;

	if (ir_type_bits(i->types[0]) > 64 || n > MAX_ELEMS)
		low_refuse(l, "ld of %u-bit elements is not supported", ir_type_bits(i->types[0]));
	low_address(l, i->ops[1].mem, low_space(l, i, i->ops[1].mem), false, &a);
	if (!i->guard && all_scalar(l, e, n)) {
		if (a.form == VGPU_MD_FORM_W && a.space != VGPU_SPACE_LOCAL) {
			/* the address is uniform, but was computed in vectors */
			a.a = low_to_scalar(l, a.a);
			a.form = VGPU_MD_FORM_S;
		} else if (a.form != VGPU_MD_FORM_S) {
			low_address(l, i->ops[1].mem, a.space, true, &a);
			a.a = low_to_scalar(l, a.a);
			a.form = VGPU_MD_FORM_S;
		}
		if (a.space != VGPU_SPACE_LOCAL) {
			load_scalars(l, i, &a, e, n);
			return;
		}
	}
	load_vectors(l, i, &a, e, n);
}

/* ---- stores ---- */

static u32 store_reg(struct low *l, const struct ir_operand *e, enum mclass cls)
{
	struct mopnd v = low_src(l, e);

	if (v.kind == MO_IMM && cls == MC_V)
		v.imm = (u32)v.imm;
	return low_vector(l, v, cls).reg;
}

void low_store(struct low *l, struct ir_insn *i)
{
	enum mclass cls = ir_type_bits(i->types[0]) == 64 ? MC_W : MC_V;
	const struct ir_operand *e;
	u32 n = elements(&i->ops[1], &e), k, *group;
	struct low_addr a;
	struct minsn *m;

	if (ir_type_bits(i->types[0]) > 64 || n > MAX_ELEMS)
		low_refuse(l, "st of %u-bit elements is not supported", ir_type_bits(i->types[0]));
	low_address(l, i->ops[0].mem, low_space(l, i, i->ops[0].mem), false, &a);
	group = arena_array(l->f->arena, n, u32);
	for (k = 0; k < n; k++)
		group[k] = store_reg(l, &e[k], cls);
	m = minsn_new(l->f, store_op(l, a.space), i->line);
	if (n == 1)
		m->d = mo_reg(group[0]);
	else
		m->d = (struct mopnd){ .kind = MO_GROUP, .n = n, .group = group };
	set_address(m, &a);
	m->c = mo_num(descriptor(i, n, &a));
	m->mod = order_of(i);
	minsn_append(l->block, m);
	low_guard(l, m);
}

/* ---- cp.async ---- */

static void lower_cp_async(struct low *l, struct ir_insn *i)
{
	u32 bytes = (u32)i->ops[2].imm, width, count;
	const struct ir_operand *z = &i->ops[3];
	struct low_addr to, from;
	struct mopnd size;
	struct minsn *m;

	if (bytes != 4 && bytes != 8 && bytes != 16)
		low_refuse(l, "cp.async of %u bytes", bytes);
	width = bytes == 4 ? 2 : 3;
	count = bytes == 16;
	low_address(l, i->ops[0].mem, VGPU_SPACE_SHARED, true, &to);
	low_address(l, i->ops[1].mem, VGPU_SPACE_GLOBAL, z->kind != OPND_NONE, &from);
	if (to.off != (int16_t)to.off) {
		to.a = low_t2(l, VGPU_OP_IADD, MC_V, to.a, mo_imm((u32)to.off));
		to.off = 0;
	}
	if (from.off != (int16_t)from.off) {
		low_address(l, i->ops[1].mem, VGPU_SPACE_GLOBAL, true, &from);
		if (from.off != (int16_t)from.off) {
			from.a = low_t2(l, VGPU_OP_LADD, MC_W, from.a, mo_imm(from.off));
			from.off = 0;
		}
	}
	m = minsn_new(l->f, VGPU_OP_CPASYNC, i->line);
	m->d = to.a;
	set_address(m, &from);
	if (z->kind != OPND_NONE) {
		m->mod = VGPU_CPASYNC_SRCSIZE;
		if (z->type == T_PRED) {
			size = low_t3(l, VGPU_OP_SEL, MC_V, mo_imm(0), mo_imm(bytes), low_pred(l, z, false));
		} else {
			size = low_src(l, z);
		}
		m->b = low_vector(l, size, MC_V);
	}
	m->imm = ((u32)to.off & 0xffff) | (u32)from.off << 16;
	m->c = mo_num(VGPU_MD_FORM(from.form) | VGPU_MD_WIDTH(width) | VGPU_MD_COUNT(count) |
		      VGPU_MD_ALIGN(width + count) | (from.sext ? VGPU_MD_SEXT : 0) | VGPU_MD_SHIFT(from.shift));
	minsn_append(l->block, m);
	low_guard(l, m);
}

bool lower_memory(struct low *l, struct ir_insn *i)
{
	switch (i->op) {
	case OP_LD:
	case OP_LDU:
		lower_ld(l, i);
		return true;
	case OP_ST:
		low_store(l, i);
		return true;
	case OP_CP_ASYNC:
		lower_cp_async(l, i);
		return true;
	case OP_CP_ASYNC_COMMIT: /* copies are done at once */
	case OP_CP_ASYNC_WAIT:
	case OP_CP_ASYNC_WAIT_ALL:
	case OP_PREFETCH:
	case OP_PREFETCHU:
	case OP_DISCARD:
	case OP_APPLYPRIORITY:
	case OP_GRIDDEP_LAUNCH:
	case OP_GRIDDEP_WAIT:
	case OP_PMEVENT:
	case OP_PMEVENT_MASK:
	case OP_SETMAXNREG_INC:
	case OP_SETMAXNREG_DEC:
		return true;
	case OP_CREATEPOLICY_FRAC:
	case OP_CREATEPOLICY_RANGE:
	case OP_CREATEPOLICY_CVT:
		low_copy(l, &i->ops[0], mo_imm(0));
		return true;
	default:
		return false;
	}
}
