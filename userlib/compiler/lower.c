// SPDX-License-Identifier: MIT
/*
 * Instruction selection, the common part: values, constants, guards, and the
 * forms that operands must have.
 */
#include <string.h>

#include "launch.h"
#include "lower.h"

static _Noreturn void fail(struct low *l, int status, const char *fmt, va_list ap)
{
	if (l->unit->diag)
		diag_verror(l->unit->diag, l->insn ? l->insn->line : 0, fmt, ap);
	l->unit->failed = status;
	arena_bail(&l->b->arena, ARENA_BAIL_DIAG);
}

void low_refuse(struct low *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail(l, VGPUCC_UNSUPPORTED, fmt, ap);
	va_end(ap);
}

void low_wrong(struct low *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail(l, VGPUCC_BAD_PTX, fmt, ap);
	va_end(ap);
}

void low_unlinked(struct low *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail(l, VGPUCC_BAD_LINK, fmt, ap);
	va_end(ap);
}

/* ---- types ---- */

bool type_is_signed(u8 t)
{
	return ir_type_class(t) == 'S';
}

enum mclass class_of_type(u8 t)
{
	unsigned int bits = ir_type_bits(t);

	return t == T_PRED ? MC_P : bits > 32 ? MC_W : MC_V;
}

/* ---- the block's memory ---- */

static u32 cache_slot(u32 kind, u64 k1, u64 k2)
{
	u64 h = (k1 * 0x9e3779b97f4a7c15ull) ^ (k2 * 0xc2b2ae3d27d4eb4full) ^ kind;

	return (h ^ h >> 29) % CACHE_SIZE;
}

bool cache_find(struct low *l, u32 kind, u64 k1, u64 k2, u32 *reg)
{
	const struct low_cached *c = &l->cache[cache_slot(kind, k1, k2)];

	if (c->kind != kind || c->key1 != k1 || c->key2 != k2)
		return false;
	*reg = c->reg;
	return true;
}

void cache_add(struct low *l, u32 kind, u64 k1, u64 k2, u32 reg)
{
	l->cache[cache_slot(kind, k1, k2)] = (struct low_cached){ kind, k1, k2, reg };
}

/* ---- values ---- */

u32 low_reg(struct low *l, const struct ir_reg *r)
{
	enum mclass cls;

	if (l->val[r->id] != M_NOREG)
		return l->val[r->id];
	if (ir_type_bits(r->type) > 64)
		low_refuse(l, "registers of %u bits are not supported", ir_type_bits(r->type));
	cls = l->scalar[r->id] ? MC_S : class_of_type(r->type);
	l->val[r->id] = mreg_new(l->f, cls);
	l->f->vregs[l->val[r->id]].narrow = ir_type_bits(r->type) <= 32;
	return l->val[r->id];
}

struct mopnd low_temp(struct low *l, enum mclass cls)
{
	return mo_reg(mreg_new(l->f, cls));
}

enum mclass low_class(const struct low *l, const struct mopnd *o)
{
	return o->kind == MO_REG ? l->f->vregs[o->reg].cls : o->cls;
}

static bool is_register(const struct mopnd *o)
{
	return o->kind == MO_REG || o->kind == MO_PHYS;
}

bool low_is_scalar(const struct low *l, const struct mopnd *o)
{
	return o->kind == MO_IMM || (is_register(o) && low_class(l, o) == MC_S);
}

bool low_def_is_scalar(const struct low *l, const struct ir_operand *o)
{
	return o->kind == OPND_REG && l->scalar[o->reg->id];
}

static struct mopnd sreg_value(struct low *l, const struct ir_operand *o);

static bool reg_undefined(const struct ir_reg *r)
{
	return !r->def;
}

struct mopnd low_src(struct low *l, const struct ir_operand *o)
{
	switch (o->kind) {
	case OPND_REG:
		if (reg_undefined(o->reg) && l->val[o->reg->id] == M_NOREG)
			return mo_imm(0);
		return mo_reg(low_reg(l, o->reg));
	case OPND_IMM:
		return mo_imm(o->imm);
	case OPND_SREG:
		return sreg_value(l, o);
	case OPND_VAR:
		return low_var_address(l, o->var, o->off, false);
	case OPND_FUNC:
		l->unit->indirect = true;
		return mo_imm(layout_func_id(l->b->mod, o->func));
	default:
		low_refuse(l, "operand of an unexpected kind");
	}
}

struct mopnd low_extend(struct low *l, struct mopnd v, u8 t)
{
	unsigned int bits = ir_type_bits(t);
	bool s = type_is_signed(t);

	if (bits >= 32)
		return v;
	if (v.kind == MO_IMM) {
		if (bits == 8)
			return mo_imm(s ? (u64)(s64)(int8_t)v.imm : (u8)v.imm);
		return mo_imm(s ? (u64)(s64)(int16_t)v.imm : (u16)v.imm);
	}
	if (low_class(l, &v) == MC_S)
		return low_sext(l, v, bits == 8 ? (s ? VGPU_EXT_S8 : VGPU_EXT_U8) : (s ? VGPU_EXT_S16 : VGPU_EXT_U16));
	if (low_class(l, &v) == MC_W)
		v = low_t1(l, VGPU_OP_UNPKLO, MC_V, v);
	if (bits == 8)
		return low_t1(l, s ? VGPU_OP_EXT8S : VGPU_OP_EXT8U, MC_V, v);
	return low_t1(l, s ? VGPU_OP_EXT16S : VGPU_OP_EXT16U, MC_V, v);
}

struct mopnd low_ext(struct low *l, const struct ir_operand *o, u8 t)
{
	return low_extend(l, low_src(l, o), t);
}

static struct mopnd pred_const(struct low *l, bool value)
{
	struct mopnd d = low_temp(l, MC_P), any = mo_phys(MC_P, 0);

	low_op3(l, VGPU_OP_PLOP3, d, any, any, any)->mod = value ? 0xff : 0;
	return d;
}

struct mopnd low_pred(struct low *l, const struct ir_operand *o, bool invert)
{
	struct mopnd p, d;
	u32 r;

	invert ^= o->inv;
	if (o->kind == OPND_IMM)
		return pred_const(l, !!o->imm ^ invert);
	if (o->kind == OPND_REG && reg_undefined(o->reg) && l->val[o->reg->id] == M_NOREG)
		return pred_const(l, invert);
	p = low_src(l, o);
	if (p.kind == MO_IMM)
		return pred_const(l, !!p.imm ^ invert);
	if (!invert)
		return p;
	if (cache_find(l, CACHE_NOT, p.reg, 0, &r))
		return mo_reg(r);
	d = low_temp(l, MC_P);
	low_op3(l, VGPU_OP_PLOP3, d, p, p, p)->mod = 0x0f;
	cache_add(l, CACHE_NOT, p.reg, 0, d.reg);
	return d;
}

struct mopnd low_dst(struct low *l, const struct ir_operand *o)
{
	if (o->kind == OPND_REG)
		return mo_reg(low_reg(l, o->reg));
	return low_temp(l, class_of_type(o->type));
}

struct mopnd low_const64(struct low *l, u64 v)
{
	struct minsn *i;
	struct mopnd d;
	u32 r;

	if (cache_find(l, CACHE_CONST, v, 0, &r))
		return mo_reg(r);
	d = low_temp(l, MC_S);
	i = minsn_new(l->f, VGPU_OP_SMOVI, l->insn ? l->insn->line : 0);
	i->d = d;
	i->b = mo_num(v >> 32 & 0xffff);
	i->c = mo_num(v >> 48);
	i->imm = (u32)v;
	minsn_append(l->block, i);
	cache_add(l, CACHE_CONST, v, 0, d.reg);
	return d;
}

struct mopnd low_vector(struct low *l, struct mopnd o, enum mclass cls)
{
	bool is_imm = o.kind == MO_IMM;
	struct mopnd d;
	u32 r;

	if (is_register(&o) && low_class(l, &o) == cls)
		return o;
	if (is_register(&o) && low_class(l, &o) != MC_S)
		return low_t1(l, cls == MC_W ? VGPU_OP_EXTU : VGPU_OP_UNPKLO, cls, o);
	if (cache_find(l, CACHE_VECTOR, is_imm ? o.imm : o.reg, is_imm << 8 | cls, &r) && o.kind != MO_PHYS)
		return mo_reg(r);
	d = low_temp(l, cls);
	low_op1(l, cls == MC_W ? VGPU_OP_MOVW : VGPU_OP_MOV, d, o);
	if (o.kind != MO_PHYS)
		cache_add(l, CACHE_VECTOR, is_imm ? o.imm : o.reg, is_imm << 8 | cls, d.reg);
	return d;
}

struct mopnd low_to_scalar(struct low *l, struct mopnd o)
{
	struct mopnd d;
	u32 r;

	if (o.kind == MO_IMM)
		return low_const64(l, o.imm);
	if (low_class(l, &o) == MC_S)
		return o;
	if (cache_find(l, CACHE_FIRST, o.reg, 0, &r))
		return mo_reg(r);
	d = low_temp(l, MC_S);
	low_op1(l, low_class(l, &o) == MC_W ? VGPU_OP_SFIRSTW : VGPU_OP_SFIRST, d, o);
	l->f->vregs[d.reg].narrow = low_class(l, &o) == MC_V;
	cache_add(l, CACHE_FIRST, o.reg, 0, d.reg);
	return d;
}

/* ---- making instructions ---- */

/* An immediate that the field can hold as such. */
static bool fits(const struct minsn *i, u8 kind, u64 imm)
{
	if (kind == MK_X || (kind == MK_T && i->mod & VGPU_S32 && i->op != VGPU_OP_SSETP))
		return true;
	return (s64)imm == (s32)imm;
}

static void fix_operand(struct low *l, struct minsn *i, u8 kind, struct mopnd *o, bool *taken, u32 *imm)
{
	if (o->kind == MO_IMM) {
		bool may = (kind == MK_X || kind == MK_Y || kind == MK_T) && mop_table[i->op].imm == MI_SRC &&
			   fits(i, kind, o->imm);

		if (may && (!*taken || *imm == (u32)o->imm)) {
			*taken = true;
			*imm = (u32)o->imm;
			return;
		}
		if (kind == MK_V)
			*o = low_vector(l, *o, MC_V);
		else if (kind == MK_W)
			*o = low_vector(l, *o, MC_W);
		else
			*o = low_const64(l, o->imm);
		return;
	}
	if (o->kind != MO_REG)
		return;
	switch (kind) {
	case MK_V:
	case MK_W:
		*o = low_vector(l, *o, kind == MK_V ? MC_V : MC_W);
		break;
	case MK_X:
		if (low_class(l, o) == MC_W)
			*o = low_vector(l, *o, MC_V);
		break;
	case MK_Y:
		if (low_class(l, o) == MC_V)
			*o = low_vector(l, *o, MC_W);
		break;
	case MK_S:
	case MK_T:
		*o = low_to_scalar(l, *o);
		break;
	}
}

struct minsn *low_op(struct low *l, u16 op, struct mopnd d, struct mopnd a, struct mopnd b, struct mopnd c)
{
	const struct mop_info *info = &mop_table[op];
	struct minsn *i = minsn_new(l->f, op, l->insn ? l->insn->line : 0);
	bool taken = false;
	u32 imm = 0;

	i->d = d;
	i->a = a;
	i->b = b;
	i->c = c;
	fix_operand(l, i, info->kind[1], &i->a, &taken, &imm);
	fix_operand(l, i, info->kind[2], &i->b, &taken, &imm);
	fix_operand(l, i, info->kind[3], &i->c, &taken, &imm);
	if (mop_d_is_use(op) && d.kind == MO_REG && op == VGPU_OP_CPASYNC)
		i->d = low_vector(l, i->d, MC_V);
	minsn_append(l->block, i);
	return i;
}

struct mopnd low_t1(struct low *l, u16 op, enum mclass cls, struct mopnd a)
{
	struct mopnd d = low_temp(l, cls);

	low_op1(l, op, d, a);
	return d;
}

struct mopnd low_t2(struct low *l, u16 op, enum mclass cls, struct mopnd a, struct mopnd b)
{
	struct mopnd d = low_temp(l, cls);

	low_op2(l, op, d, a, b);
	return d;
}

struct mopnd low_t3(struct low *l, u16 op, enum mclass cls, struct mopnd a, struct mopnd b, struct mopnd c)
{
	struct mopnd d = low_temp(l, cls);

	low_op3(l, op, d, a, b, c);
	return d;
}

struct mopnd low_s2(struct low *l, u16 op, bool narrow, struct mopnd a, struct mopnd b)
{
	struct mopnd d = low_temp(l, MC_S);

	if (narrow) {
		if (a.kind == MO_IMM)
			a.imm = (u64)(s64)(s32)a.imm;
		if (b.kind == MO_IMM)
			b.imm = (u64)(s64)(s32)b.imm;
	}
	low_op2(l, op, d, a, b)->mod = narrow ? VGPU_S32 : 0;
	l->f->vregs[d.reg].narrow = narrow;
	return d;
}

struct mopnd low_sext(struct low *l, struct mopnd a, u8 ext)
{
	struct mopnd d = low_temp(l, MC_S);

	low_op1(l, VGPU_OP_SEXT, d, a)->mod = ext;
	return d;
}

/* ---- guards ---- */

void low_guard(struct low *l, struct minsn *i)
{
	struct ir_operand g;

	if (!l->insn->guard)
		return;
	g = (struct ir_operand){ .kind = OPND_REG, .type = T_PRED, .reg = l->insn->guard };
	if (reg_undefined(l->insn->guard) && l->val[l->insn->guard->id] == M_NOREG) {
		minsn_remove(i);
		i->guard = low_pred(l, &g, false).reg;
		minsn_append(l->block, i);
	} else {
		i->guard = low_reg(l, l->insn->guard);
	}
	i->guard_not = l->insn->guard_not;
}

/* The old value of a guarded result, in the result's file. */
static u32 prior_reg(struct low *l, const struct ir_operand *o, enum mclass cls)
{
	struct ir_operand p = { .kind = OPND_REG, .type = o->type };
	struct mopnd v;

	if (o->kind != OPND_REG || !o->prior)
		return M_NOREG;
	p.reg = o->prior;
	v = low_src(l, &p);
	if (v.kind != MO_REG)
		return M_NOREG;
	return cls == MC_P ? v.reg : low_vector(l, v, cls).reg;
}

struct prior_find {
	u32 vreg;
	const struct ir_operand *found;
	struct low *l;
};

static void match_def(struct ir_reg **slot, bool def, struct ir_operand *op, void *ctx)
{
	struct prior_find *p = ctx;

	if (def && *slot && p->l->val[(*slot)->id] == p->vreg)
		p->found = op;
}

struct minsn *low_final(struct low *l, struct minsn *i)
{
	u32 defs[M_MAX_DEFS], n, k;

	if (!l->insn->guard)
		return i;
	/* the old values may have to be brought to vectors before it */
	minsn_remove(i);
	n = minsn_defs(i, defs);
	i->prior = arena_array(l->f->arena, n + 1, u32);
	for (k = 0; k < n; k++) {
		struct prior_find p = { .vreg = defs[k], .l = l };

		ir_walk(l->insn, match_def, &p);
		i->prior[k] = p.found ? prior_reg(l, p.found, l->f->vregs[defs[k]].cls) : M_NOREG;
	}
	minsn_append(l->block, i);
	low_guard(l, i);
	return i;
}

void low_copy(struct low *l, const struct ir_operand *dst, struct mopnd v)
{
	struct mopnd d;
	enum mclass cls;

	if (dst->kind != OPND_REG)
		return;
	d = low_dst(l, dst);
	cls = low_class(l, &d);
	if (cls == MC_P) {
		low_final(l, low_op3(l, VGPU_OP_PLOP3, d, v, v, v))->mod = 0xf0;
		return;
	}
	if (cls == MC_S) {
		if (v.kind == MO_IMM && l->f->vregs[d.reg].narrow)
			v.imm = (u64)(s64)(s32)v.imm;
		low_op1(l, VGPU_OP_SMOV, d, v);
		return;
	}
	low_final(l, low_op1(l, cls == MC_W ? VGPU_OP_MOVW : VGPU_OP_MOV, d, v));
}

/* Lanes without the guard wait at the end, so that the warp stays together. */
void low_skip_begin(struct low *l)
{
	struct minsn *i;
	struct mopnd m;

	if (!l->insn->guard)
		return;
	m = low_temp(l, MC_S);
	low_op(l, VGPU_OP_BSSY, m, NO, NO, NO);
	l->insn->scratch.u = m.reg;
	i = low_op(l, VGPU_OP_BRA, NO, NO, NO, NO);
	i->flags |= MF_SKIP;
	low_guard(l, i);
	i->guard_not = !i->guard_not;
}

void low_skip_end(struct low *l)
{
	if (!l->insn->guard)
		return;
	minsn_append(l->block, minsn_new(l->f, MOP_LABEL, l->insn->line));
	low_op1(l, VGPU_OP_BSYNC, NO, mo_reg(l->insn->scratch.u));
	/* lanes that skipped have computed nothing of what was done meanwhile */
	memset(l->cache, 0, sizeof(l->cache));
}

/* ---- special registers ---- */

static const struct {
	u16 ptx;
	u16 visa;
} special[] = {
	{ SREG_TID_X, VGPU_SREG_TID_X },
	{ SREG_TID_Y, VGPU_SREG_TID_Y },
	{ SREG_TID_Z, VGPU_SREG_TID_Z },
	{ SREG_NTID_X, VGPU_SREG_NTID_X },
	{ SREG_NTID_Y, VGPU_SREG_NTID_Y },
	{ SREG_NTID_Z, VGPU_SREG_NTID_Z },
	{ SREG_CTAID_X, VGPU_SREG_CTAID_X },
	{ SREG_CTAID_Y, VGPU_SREG_CTAID_Y },
	{ SREG_CTAID_Z, VGPU_SREG_CTAID_Z },
	{ SREG_NCTAID_X, VGPU_SREG_NCTAID_X },
	{ SREG_NCTAID_Y, VGPU_SREG_NCTAID_Y },
	{ SREG_NCTAID_Z, VGPU_SREG_NCTAID_Z },
	{ SREG_LANEID, VGPU_SREG_LANEID },
	{ SREG_WARPID, VGPU_SREG_WARPID },
	{ SREG_NWARPID, VGPU_SREG_NWARPID },
	{ SREG_SMID, VGPU_SREG_SMID },
	{ SREG_NSMID, VGPU_SREG_NSMID },
	{ SREG_GRIDID, VGPU_SREG_GRIDID },
	{ SREG_LANEMASK_EQ, VGPU_SREG_LANEMASK_EQ },
	{ SREG_LANEMASK_LE, VGPU_SREG_LANEMASK_LE },
	{ SREG_LANEMASK_LT, VGPU_SREG_LANEMASK_LT },
	{ SREG_LANEMASK_GE, VGPU_SREG_LANEMASK_GE },
	{ SREG_LANEMASK_GT, VGPU_SREG_LANEMASK_GT },
	{ SREG_CLOCK, VGPU_SREG_CLOCK },
	{ SREG_CLOCK_HI, VGPU_SREG_CLOCK_HI },
	{ SREG_CLOCK64, VGPU_SREG_CLOCK64 },
	{ SREG_GLOBALTIMER, VGPU_SREG_GLOBALTIMER },
	{ SREG_DYNAMIC_SMEM_SIZE, VGPU_SREG_DYN_SMEM },
	/* clusters of one block: the cluster's place is the block's */
	{ SREG_CLUSTERID_X, VGPU_SREG_CTAID_X },
	{ SREG_CLUSTERID_Y, VGPU_SREG_CTAID_Y },
	{ SREG_CLUSTERID_Z, VGPU_SREG_CTAID_Z },
	{ SREG_NCLUSTERID_X, VGPU_SREG_NCTAID_X },
	{ SREG_NCLUSTERID_Y, VGPU_SREG_NCTAID_Y },
	{ SREG_NCLUSTERID_Z, VGPU_SREG_NCTAID_Z },
};

/* Those that are constant on this device. */
static bool sreg_constant(enum ir_sreg s, u64 *value)
{
	switch (s) {
	case SREG_IS_EXPLICIT_CLUSTER:
	case SREG_CLUSTER_CTAID_X:
	case SREG_CLUSTER_CTAID_Y:
	case SREG_CLUSTER_CTAID_Z:
	case SREG_CLUSTER_CTARANK:
	case SREG_CURRENT_GRAPH_EXEC:
		*value = 0;
		return true;
	case SREG_CLUSTER_NCTAID_X:
	case SREG_CLUSTER_NCTAID_Y:
	case SREG_CLUSTER_NCTAID_Z:
	case SREG_CLUSTER_NCTARANK:
		*value = 1;
		return true;
	default:
		/* performance counters: there are none to choose, so they stand */
		*value = 0;
		return s >= SREG_PM && s <= SREG_PM_LAST;
	}
}

static struct mopnd read_special(struct low *l, u16 visa, bool uniform, bool wide)
{
	struct mopnd d = low_temp(l, uniform ? MC_S : wide ? MC_W : MC_V);

	low_op(l, uniform ? VGPU_OP_SREGS : wide ? VGPU_OP_SREGW : VGPU_OP_SREGV, d, NO, NO, NO)->imm = visa;
	if (uniform)
		l->f->vregs[d.reg].narrow = !wide;
	return d;
}

/*
 * Word of the hidden parameters behind an environment register. The runtime
 * numbers them through; a program knows two: the halves of the address of a
 * cooperative launch's workspace, high in %envreg1 and low in %envreg2.
 */
static u32 envreg_word(const struct low *l, u32 n)
{
	const u32 workspace = offsetof(struct vgpucc_hidden, workspace) / 4;

	if (l->b->mod == runtime_module(NULL))
		return n;
	return n == 1 ? workspace + 1 : n == 2 ? workspace : ~0u;
}

#define SMEM_GRAIN    128
#define SMEM_RESERVED 1024 /* by the system, from 8.0 on */

/*
 * What a block has of shared memory: %total_smem_size in whole grains, %aggr_smem_size to the byte, with what is reserved (PTX ISA,
 * special registers; so does an H200).
 */
static struct mopnd smem_size(struct low *l, enum ir_sreg sreg)
{
	struct mopnd t = read_special(l, VGPU_SREG_TOTAL_SMEM, true, false);

	if (sreg == SREG_AGGR_SMEM_SIZE)
		return low_s2(l, VGPU_OP_SADD, true, t, mo_imm(l->unit->opt->cc >= 80 ? SMEM_RESERVED : 0));
	t = low_s2(l, VGPU_OP_SADD, true, t, mo_imm(SMEM_GRAIN - 1));
	return low_s2(l, VGPU_OP_SAND, true, t, mo_imm((u32)-SMEM_GRAIN));
}

static struct mopnd sreg_value(struct low *l, const struct ir_operand *o)
{
	bool per_lane, wide = ir_type_bits(ir_sreg_type(o->sreg)) == 64;
	struct mopnd t;
	u64 value;
	u32 k;

	if (sreg_constant(o->sreg, &value))
		return mo_imm(value);
	if (o->sreg >= SREG_SMEM_BEGIN && o->sreg <= SREG_SMEM_OFFSET_LAST) {
		value = unit_shared(l->unit, &unit_reserved);
		return mo_imm(o->sreg == SREG_SMEM_END || o->sreg == SREG_SMEM_CAP ? value + RESERVED_SHARED : value);
	}
	if (o->sreg == SREG_TOTAL_SMEM_SIZE || o->sreg == SREG_AGGR_SMEM_SIZE)
		return smem_size(l, o->sreg);
	if (o->sreg >= SREG_ENVREG && o->sreg <= SREG_ENVREG_LAST)
		return low_hidden(l, envreg_word(l, o->sreg - SREG_ENVREG));
	if (o->sreg == SREG_GLOBALTIMER_LO || o->sreg == SREG_GLOBALTIMER_HI) {
		t = read_special(l, VGPU_SREG_GLOBALTIMER, false, true);
		return low_t1(l, o->sreg == SREG_GLOBALTIMER_LO ? VGPU_OP_UNPKLO : VGPU_OP_UNPKHI, MC_V, t);
	}
	for (k = 0; k < sizeof(special) / sizeof(special[0]); k++)
		if (special[k].ptx == o->sreg)
			break;
	if (k == sizeof(special) / sizeof(special[0]))
		low_refuse(l, "special register %s is not supported", ir_sreg_name(o->sreg));
	per_lane = !sreg_uniform(o->sreg, VGPUCC_SHAPE_GENERAL);
	t = read_special(l, special[k].visa, !per_lane, wide);
	/* the same in the whole warp because of the block's shape */
	if (per_lane && sreg_uniform(o->sreg, l->unit->opt->shape))
		t = low_to_scalar(l, t);
	return t;
}
