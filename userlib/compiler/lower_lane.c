// SPDX-License-Identifier: MIT
/* Selection of what lanes do together: shuffles, votes, matches, barriers. */
#include <string.h>

#include "lower.h"

static bool full_mask(const struct ir_operand *o)
{
	return o->kind == OPND_IMM && (u32)o->imm == 0xffffffff;
}

/* ---- guards ---- */

/*
 * May lanes of a fragment have different guards? A lane without the guard is not to wait for the members: it may be one
 * of them, at another time. So it goes round the instruction; where all lanes agree, they do that by the guard.
 */
static bool some_only(const struct low *l)
{
	return l->insn->guard && !l->uni->uniform[l->insn->guard->id];
}

/* Where the instruction leaves result @k; for some lanes only, it is a register of its own. */
static struct mopnd result(struct low *l, u32 k)
{
	struct mopnd d = low_dst(l, &l->insn->ops[k]);

	if (some_only(l))
		d = l->part[k] = low_temp(l, low_class(l, &d));
	return d;
}

static void finish(struct low *l, struct minsn *m)
{
	if (!some_only(l))
		low_final(l, m);
}

/* ---- active lanes ---- */

/* Without .sync: among the lanes that happen to be here. */
static struct mopnd active_mask(struct low *l)
{
	struct mopnd d = low_temp(l, MC_S);

	l->f->vregs[d.reg].narrow = true;
	low_op(l, VGPU_OP_SACTIVE, d, NO, NO, NO);
	return d;
}

/* ---- shuffles ---- */

static u8 shfl_mode(const struct ir_insn *i)
{
	switch (i->m.shfl) {
	case SHFL_UP:
		return VGPU_SHFL_UP;
	case SHFL_DOWN:
		return VGPU_SHFL_DOWN;
	case SHFL_BFLY:
		return VGPU_SHFL_BFLY;
	default:
		return VGPU_SHFL_IDX;
	}
}

/*
 * The clamp in a register, and no constant member mask: PTX's source lane is computed, and fetched from;
 * lanes whose source is out of range get their own value.
 */
static void shfl_by_index(struct low *l, struct ir_insn *i, struct mopnd a, struct mopnd b)
{
	struct mopnd c = low_vector(l, low_src(l, &i->ops[4]), MC_V), lane = low_temp(l, MC_V);
	struct mopnd seg, clamp, least, most, j, in = low_temp(l, MC_P);
	bool up = i->m.shfl == SHFL_UP;
	struct minsn *m;

	low_op(l, VGPU_OP_SREGV, lane, NO, NO, NO)->imm = VGPU_SREG_LANEID;
	b = low_t2(l, VGPU_OP_AND, MC_V, low_vector(l, b, MC_V), mo_imm(31));
	clamp = low_t2(l, VGPU_OP_AND, MC_V, c, mo_imm(31));
	seg = low_t3(l, VGPU_OP_BFEU, MC_V, c, mo_imm(8), mo_imm(5));
	least = low_t2(l, VGPU_OP_AND, MC_V, lane, seg);
	most = low_t2(l, VGPU_OP_OR, MC_V, least,
		      low_t2(l, VGPU_OP_AND, MC_V, clamp, low_t1(l, VGPU_OP_NOT, MC_V, seg)));
	switch (i->m.shfl) {
	case SHFL_UP:
		j = low_t2(l, VGPU_OP_ISUB, MC_V, lane, b);
		break;
	case SHFL_DOWN:
		j = low_t2(l, VGPU_OP_IADD, MC_V, lane, b);
		break;
	case SHFL_BFLY:
		j = low_t2(l, VGPU_OP_XOR, MC_V, lane, b);
		break;
	default:
		j = low_t2(l, VGPU_OP_OR, MC_V, least,
			   low_t2(l, VGPU_OP_AND, MC_V, b, low_t1(l, VGPU_OP_NOT, MC_V, seg)));
		break;
	}
	m = low_op2(l, VGPU_OP_SETPI, in, j, most);
	m->mod = up ? VGPU_CMP_GE : VGPU_CMP_LE;
	j = low_t3(l, VGPU_OP_SEL, MC_V, j, lane, in);
	m = low_op3(l, VGPU_OP_SHFL, result(l, 0), a, j,
		    i->op == OP_SHFL ? active_mask(l) : low_vector(l, low_src(l, &i->ops[5]), MC_V));
	m->mod = VGPU_SHFL_IDX;
	m->imm = VGPU_SHFL_CLAMP(31);
	finish(l, m);
	if (some_only(l))
		l->part[1] = in;
	else
		low_copy(l, &i->ops[1], in);
}

static void shfl_general(struct low *l, struct ir_insn *i, struct mopnd a, struct mopnd b)
{
	const struct ir_operand *mask = &i->ops[5];
	struct minsn *m;

	if (i->op == OP_SHFL || mask->kind != OPND_IMM) {
		shfl_by_index(l, i, a, b);
		return;
	}
	if (b.kind == MO_IMM)
		b = low_vector(l, b, MC_V);
	m = low_op3(l, VGPU_OP_SHFLV, result(l, 0), a, b, low_vector(l, low_src(l, &i->ops[4]), MC_V));
	m->mod = shfl_mode(i);
	m->imm = (u32)mask->imm;
	if (i->ops[1].kind == OPND_REG)
		m->pdef = result(l, 1).reg;
	finish(l, m);
}

static void lower_shfl(struct low *l, struct ir_insn *i)
{
	struct mopnd a = low_src(l, &i->ops[2]), b = low_src(l, &i->ops[3]), c = NO;
	const struct ir_operand *clamp = &i->ops[4], *mask = &i->ops[5];
	struct minsn *m;
	u32 imm;

	if (a.kind == MO_IMM)
		a = low_vector(l, mo_imm((u32)a.imm), MC_V);
	if (clamp->kind != OPND_IMM) {
		shfl_general(l, i, a, b);
		return;
	}
	imm = VGPU_SHFL_CLAMP((u32)clamp->imm) | VGPU_SHFL_SEGMASK((u32)clamp->imm >> 8);
	if (i->op == OP_SHFL)
		c = active_mask(l);
	else if (full_mask(mask))
		imm |= VGPU_SHFL_FULL;
	else
		c = low_to_scalar(l, low_src(l, mask));
	if (i->op == OP_SHFL_SYNC && mask->kind == OPND_REG && !l->scalar[mask->reg->id])
		c = low_vector(l, low_src(l, mask), MC_V);
	m = low_op3(l, VGPU_OP_SHFL, result(l, 0), a, NO, c);
	if (b.kind == MO_IMM) {
		imm |= VGPU_SHFL_LANE((u32)b.imm);
		m->b = mo_imm(0);
	} else {
		m->b = b;
	}
	m->mod = shfl_mode(i);
	m->imm = imm;
	if (i->ops[1].kind == OPND_REG)
		m->pdef = result(l, 1).reg;
	finish(l, m);
}

/* ---- votes ---- */

static struct mopnd member_mask(struct low *l, const struct ir_operand *o)
{
	return o->kind == OPND_NONE ? mo_imm(0xffffffff) : low_src(l, o);
}

static void lower_vote(struct low *l, struct ir_insn *i)
{
	bool sync = i->op == OP_VOTE_SYNC || i->m.sync;
	struct mopnd p = low_pred(l, &i->ops[1], false);
	struct mopnd mask = sync ? member_mask(l, &i->ops[2]) : active_mask(l);
	struct minsn *m;

	if (i->m.vote == VOTE_BALLOT) {
		finish(l, low_op2(l, VGPU_OP_BALLOT, result(l, 0), p, mask));
		return;
	}
	m = low_op2(l, VGPU_OP_VOTE, result(l, 0), p, mask);
	m->mod = i->m.vote == VOTE_ALL ? VGPU_VOTE_ALL : i->m.vote == VOTE_ANY ? VGPU_VOTE_ANY : VGPU_VOTE_UNI;
	finish(l, m);
}

static void lower_match(struct low *l, struct ir_insn *i)
{
	bool all = i->op == OP_MATCH_ALL, wide = ir_type_bits(i->types[0]) == 64;
	struct mopnd a = low_src(l, &i->ops[all ? 2 : 1]), mask = low_src(l, &i->ops[all ? 3 : 2]);
	struct minsn *m;

	a = low_vector(l, a, wide ? MC_W : MC_V);
	m = low_op2(l,
		    all ? (wide ? VGPU_OP_MATCHALLW : VGPU_OP_MATCHALL) : (wide ? VGPU_OP_MATCHANYW : VGPU_OP_MATCHANY),
		    result(l, 0), a, mask);
	if (all) {
		m->c = i->ops[1].kind == OPND_REG ? result(l, 1) : low_temp(l, MC_P);
		m->flags |= MF_C_DEF;
	}
	finish(l, m);
}

static bool redux_mod(const struct ir_insn *i, u8 *mod)
{
	bool f = i->types[0] == T_F32, s = type_is_signed(i->types[0]);

	switch (i->m.atomop) {
	case ATOM_ADD:
		*mod = VGPU_REDUX_ADD;
		break;
	case ATOM_MIN:
		*mod = f ? (i->m.abs ? VGPU_REDUX_FMIN_ABS : VGPU_REDUX_FMIN) : s ? VGPU_REDUX_MINS : VGPU_REDUX_MINU;
		break;
	case ATOM_MAX:
		*mod = f ? (i->m.abs ? VGPU_REDUX_FMAX_ABS : VGPU_REDUX_FMAX) : s ? VGPU_REDUX_MAXS : VGPU_REDUX_MAXU;
		break;
	case ATOM_AND:
		*mod = VGPU_REDUX_AND;
		break;
	case ATOM_OR:
		*mod = VGPU_REDUX_OR;
		break;
	case ATOM_XOR:
		*mod = VGPU_REDUX_XOR;
		break;
	default:
		return false;
	}
	*mod |= i->m.nan ? VGPU_REDUX_NAN : 0;
	return true;
}

static bool lower_redux(struct low *l, struct ir_insn *i)
{
	struct minsn *m;
	u8 mod;

	if (!redux_mod(i, &mod))
		return false;
	m = low_op2(l, VGPU_OP_REDUX, result(l, 0), low_vector(l, low_src(l, &i->ops[1]), MC_V),
		    low_src(l, &i->ops[2]));
	m->mod = mod;
	finish(l, m);
	return true;
}

static void lower_elect(struct low *l, struct ir_insn *i)
{
	struct minsn *m = low_op2(l, VGPU_OP_ELECT, result(l, 0), NO, low_src(l, &i->ops[2]));

	m->c = i->ops[1].kind == OPND_REG ? result(l, 1) : low_temp(l, MC_P);
	m->flags |= MF_C_DEF;
	finish(l, m);
}

/* ---- barriers ---- */

/* Numbers that are known are looked at here, others by the engine. */
static struct mopnd barrier_number(struct low *l, const struct ir_operand *o)
{
	if (o->kind == OPND_IMM && o->imm > 15)
		low_wrong(l, "barrier %llu: there are 16", (unsigned long long)o->imm);
	return low_src(l, o);
}

static void lower_bar(struct low *l, struct ir_insn *i, bool arrive)
{
	struct mopnd count = mo_imm(0);

	low_skip_begin(l);
	if (i->ops[1].kind != OPND_NONE)
		count = low_src(l, &i->ops[1]);
	low_op2(l, VGPU_OP_BAR, NO, barrier_number(l, &i->ops[0]), count)->mod = arrive ? VGPU_BAR_ARRIVE : 0;
	low_skip_end(l);
}

static void lower_bar_red(struct low *l, struct ir_insn *i)
{
	struct mopnd count, d = low_dst(l, &i->ops[0]);
	struct minsn *m;

	if (i->guard) /* what the others wait for goes to a register of its own first */
		d = low_temp(l, low_class(l, &d));
	low_skip_begin(l);
	count = i->ops[2].kind == OPND_NONE ? mo_imm(0) : low_src(l, &i->ops[2]);
	m = low_op3(l, VGPU_OP_BARRED, d, barrier_number(l, &i->ops[1]), count, low_pred(l, &i->ops[3], false));
	m->mod = i->m.popc ? VGPU_BARRED_POPC : i->m.boolop == BOOL_AND ? VGPU_BARRED_AND : VGPU_BARRED_OR;
	low_skip_end(l);
	if (i->guard)
		low_copy(l, &i->ops[0], d);
}

/* A cluster of one block: its barrier is the block's, but not one of the numbered ones. */
static void lower_cluster_barrier(struct low *l, u8 half)
{
	low_skip_begin(l);
	low_op2(l, VGPU_OP_BAR, NO, mo_imm(0), mo_imm(0))->mod = VGPU_BAR_CLUSTER | half;
	low_skip_end(l);
}

bool lower_barrier(struct low *l, struct ir_insn *i)
{
	switch (i->op) {
	case OP_BAR_SYNC:
	case OP_BAR_CTA_SYNC:
	case OP_BARRIER_SYNC:
	case OP_BARRIER_CTA_SYNC:
		lower_bar(l, i, false);
		return true;
	case OP_BAR_ARRIVE:
	case OP_BAR_CTA_ARRIVE:
	case OP_BARRIER_ARRIVE:
	case OP_BARRIER_CTA_ARRIVE:
		lower_bar(l, i, true);
		return true;
	case OP_BAR_RED:
	case OP_BAR_CTA_RED:
	case OP_BARRIER_RED:
	case OP_BARRIER_CTA_RED:
		lower_bar_red(l, i);
		return true;
	case OP_BAR_WARP_SYNC:
		low_skip_begin(l);
		low_op1(l, VGPU_OP_BARWARP, NO, low_src(l, &i->ops[0]));
		low_skip_end(l);
		return true;
	case OP_BARRIER_CLUSTER_ARRIVE:
		lower_cluster_barrier(l, VGPU_BAR_ARRIVE);
		return true;
	case OP_BARRIER_CLUSTER_WAIT:
		lower_cluster_barrier(l, VGPU_BAR_WAIT);
		return true;
	case OP_NANOSLEEP:
		low_skip_begin(l);
		low_op1(l, VGPU_OP_NANOSLEEP, NO, low_src(l, &i->ops[0]));
		low_skip_end(l);
		return true;
	case OP_BRKPT:
		low_op(l, VGPU_OP_TRAP, NO, NO, NO, NO)->imm = VGPU_TRAP_BRKPT;
		low_guard(l, l->block->last);
		return true;
	default:
		return false;
	}
}

/* What lanes exchange. */
static bool lower_exchange(struct low *l, struct ir_insn *i)
{
	switch (i->op) {
	case OP_SHFL:
	case OP_SHFL_SYNC:
		lower_shfl(l, i);
		return true;
	case OP_VOTE:
	case OP_VOTE_SYNC:
		lower_vote(l, i);
		return true;
	case OP_MATCH_ANY:
	case OP_MATCH_ALL:
		lower_match(l, i);
		return true;
	case OP_REDUX:
		return lower_redux(l, i);
	default:
		lower_elect(l, i);
		return true;
	}
}

static bool lower_for_some(struct low *l, struct ir_insn *i)
{
	bool good;
	u32 k;

	memset(l->part, 0, sizeof(l->part));
	low_skip_begin(l);
	good = lower_exchange(l, i);
	low_skip_end(l);
	for (k = 0; k < 2; k++)
		if (l->part[k].kind == MO_REG)
			low_copy(l, &i->ops[k], l->part[k]);
	return good;
}

bool lower_lane(struct low *l, struct ir_insn *i)
{
	switch (i->op) {
	case OP_SHFL:
	case OP_SHFL_SYNC:
	case OP_VOTE:
	case OP_VOTE_SYNC:
	case OP_MATCH_ANY:
	case OP_MATCH_ALL:
	case OP_REDUX:
	case OP_ELECT:
		return some_only(l) ? lower_for_some(l, i) : lower_exchange(l, i);
	case OP_ACTIVEMASK:
		low_copy(l, &i->ops[0], active_mask(l));
		return true;
	default:
		return lower_barrier(l, i);
	}
}
