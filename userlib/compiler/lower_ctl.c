// SPDX-License-Identifier: MIT
/* Selection of branches, jump tables, returns and exits. */
#include <string.h>

#include "lower.h"

static struct minsn *jump(struct low *l, struct mblock *to)
{
	struct minsn *i = minsn_new(l->f, VGPU_OP_BRA, l->insn ? l->insn->line : 0);

	i->target = to;
	minsn_append(l->block, i);
	return i;
}

static const u8 opposite[VGPU_CMP_COUNT] = {
	[VGPU_CMP_EQ] = VGPU_CMP_NE,   [VGPU_CMP_NE] = VGPU_CMP_EQ,   [VGPU_CMP_LT] = VGPU_CMP_GE,
	[VGPU_CMP_GE] = VGPU_CMP_LT,   [VGPU_CMP_LE] = VGPU_CMP_GT,   [VGPU_CMP_GT] = VGPU_CMP_LE,
	[VGPU_CMP_LTU] = VGPU_CMP_GEU, [VGPU_CMP_GEU] = VGPU_CMP_LTU, [VGPU_CMP_LEU] = VGPU_CMP_GTU,
	[VGPU_CMP_GTU] = VGPU_CMP_LEU,
};

/* A scalar comparison in this block that only decides this branch: one instruction. */
static struct minsn *scalar_compare(struct low *l, u32 pred)
{
	struct minsn *i;

	for (i = l->block->last; i; i = i->prev)
		if (i->d.kind == MO_REG && i->d.reg == pred)
			break;
	return i && i->op == VGPU_OP_SSETP && i->a.kind == MO_REG && i->b.kind == MO_REG ? i : NULL;
}

static void branch_if(struct low *l, u32 pred, bool inv, struct mblock *to)
{
	struct minsn *cmp = scalar_compare(l, pred), *i;

	if (cmp) {
		u8 c = cmp->mod & 0xf;

		i = minsn_new(l->f, VGPU_OP_SBR, l->insn->line);
		i->a = cmp->a;
		i->b = cmp->b;
		i->mod = (inv ? opposite[c] : c) | (cmp->mod & VGPU_SCMP_32);
		i->target = to;
		minsn_append(l->block, i);
		return;
	}
	i = jump(l, to);
	i->guard = pred;
	i->guard_not = inv;
}

/* To one of two blocks; the one that follows in layout needs no jump. */
static void two_ways(struct low *l, struct mblock *taken, struct mblock *fall)
{
	struct ir_operand g = { .kind = OPND_REG, .type = T_PRED, .reg = l->insn->guard };
	bool inv = l->insn->guard_not;
	u32 p = low_pred(l, &g, false).reg;

	if (taken->id == l->block->id + 1) {
		branch_if(l, p, !inv, fall);
		jump(l, taken);
	} else {
		branch_if(l, p, inv, taken);
		jump(l, fall);
	}
}

static void lower_brx(struct low *l, struct ir_insn *i)
{
	struct mblock *b = l->block;
	u32 n = i->ops[1].table->n, k;
	struct mtable *t;

	if (i->guard)
		low_refuse(l, "guarded brx.idx is not supported");
	l->f->jump = arena_grow(l->f->arena, l->f->jump, l->f->njump, l->f->njump + 1, sizeof(*l->f->jump));
	t = &l->f->jump[l->f->njump];
	t->blocks = arena_array(l->f->arena, n + 1, struct mblock *);
	t->n = n;
	for (k = 0; k < n; k++)
		t->blocks[k] = b->succs[k];
	low_op1(l, VGPU_OP_BRX, NO, low_src(l, &i->ops[0]))->b = mo_num(l->f->njump++);
}

static void lower_ret(struct low *l, struct ir_insn *i)
{
	struct minsn *m;

	if (l->b->func->entry) {
		low_guard(l, low_op(l, VGPU_OP_EXIT, NO, NO, NO, NO));
		return;
	}
	if (i->guard) {
		struct ir_operand g = { .kind = OPND_REG, .type = T_PRED, .reg = i->guard };
		u32 p = low_pred(l, &g, false).reg;

		m = jump(l, l->block->succs[0]);
		m->guard = p;
		m->guard_not = !i->guard_not;
	}
	store_results(l, i);
	leave_stack(l);
	low_op1(l, VGPU_OP_RET, NO, mo_reg(l->f->link));
}

static void lower_trap(struct low *l)
{
	struct minsn *m = low_op(l, VGPU_OP_TRAP, NO, NO, NO, NO);

	m->imm = strcmp(l->b->func->name, "__assertfail") ? VGPU_TRAP_PTX : VGPU_TRAP_ASSERT;
	low_guard(l, m);
}

/* What ends a block; its successors are already those of the machine block. */
void lower_control(struct low *l, struct ir_block *b)
{
	struct ir_insn *i = b->last;
	struct mblock *m = l->block;
	u32 op = i ? i->op : OP_NONE;

	l->insn = i;
	switch (op) {
	case OP_BRA:
		if (i->guard && m->nsuccs == 2)
			two_ways(l, m->succs[0], m->succs[1]);
		else
			jump(l, m->succs[0]);
		return;
	case OP_BRX_IDX:
		lower_brx(l, i);
		return;
	case OP_RET:
		lower_ret(l, i);
		if (i->guard && l->b->func->entry)
			jump(l, m->succs[0]);
		return;
	case OP_EXIT:
		low_guard(l, low_op(l, VGPU_OP_EXIT, NO, NO, NO, NO));
		break;
	case OP_TRAP:
		lower_trap(l);
		break;
	default:
		break;
	}
	if (m->nsuccs)
		jump(l, m->succs[0]);
}
