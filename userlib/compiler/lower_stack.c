// SPDX-License-Identifier: MIT
/*
 * Selection of what takes memory from the stack while a function runs: alloca,
 * stacksave, stackrestore. Frames grow upward from the beginning of a lane's
 * local memory, at places that all lanes of a fragment share; what alloca gives
 * grows downward from its end, for each lane by itself. The stack pointer
 * of PTX is the lowest address given out. It lies in the first word of the
 * entry's frame, where every function finds it; a function that moves it puts
 * it back when it returns. Where the two would meet, the stack has overflowed.
 */
#include "lower.h"

#define MIN_ALIGN 8u /* what PTX guarantees */
#define MAX_ALIGN (1u << 23)
#define NOWHERE   0xfffffff0u /* beyond any local memory: an access there is an overflow */

static struct minsn *pointer_access(struct low *l, u16 op, struct mopnd data)
{
	struct minsn *i = minsn_new(l->f, op, l->insn ? l->insn->line : 0);

	i->d = data;
	i->a = mo_absent();
	i->c = mo_num(VGPU_MD_FORM_S | VGPU_MD_WIDTH(2) | VGPU_MD_ALIGN(2));
	minsn_append(l->block, i);
	return i;
}

static struct mopnd read_pointer(struct low *l)
{
	struct mopnd t = low_temp(l, MC_V);

	pointer_access(l, VGPU_OP_LDL, t);
	return t;
}

/* Where the running function's frame ends. */
static struct mopnd frame_end(struct low *l)
{
	struct minsn *i = minsn_new(l->f, VGPU_OP_SADD, l->insn ? l->insn->line : 0);

	i->d = low_temp(l, MC_S);
	i->a = mo_phys(MC_S, M_STACK_REG);
	i->b = mo_imm(0);
	i->flags = MF_FRAME | MF_SIDE;
	minsn_append(l->block, i);
	return i->d;
}

/* Makes @p the stack pointer, unless it lies in the frame: then the lane stops. */
static struct minsn *set_pointer(struct low *l, struct mopnd p)
{
	struct mopnd low = low_temp(l, MC_P), to;
	struct minsn *i;

	low_op2(l, VGPU_OP_SETPI, low, p, frame_end(l))->mod = VGPU_CMP_LTU;
	to = low_t3(l, VGPU_OP_SEL, MC_V, mo_imm(NOWHERE), mo_imm(0), low);
	i = pointer_access(l, VGPU_OP_STL, p);
	i->a = to;
	i->c = mo_num(VGPU_MD_FORM_W | VGPU_MD_WIDTH(2) | VGPU_MD_ALIGN(2));
	return i;
}

static u32 alignment(struct low *l, const struct ir_insn *i)
{
	u64 align = i->ops[2].kind == OPND_NONE ? MIN_ALIGN : i->ops[2].imm;

	if ((i->ops[2].kind != OPND_NONE && i->ops[2].kind != OPND_IMM) || !align || align > MAX_ALIGN ||
	    align & (align - 1))
		low_wrong(l, "the alignment of alloca is no power of two of at most 2^23");
	return align < MIN_ALIGN ? MIN_ALIGN : align;
}

/* The pointer less the size, rounded down; 0, which is in the frame, if that is below zero. */
static struct mopnd lowered(struct low *l, struct ir_insn *i, u32 align)
{
	struct mopnd p = read_pointer(l), size = low_src(l, &i->ops[1]);

	if (ir_type_bits(i->types[0]) == 64) {
		size = low_vector(l, size, MC_W);
		size = low_t2(l, VGPU_OP_LMINU, MC_W, size, low_t1(l, VGPU_OP_EXTU, MC_W, p));
		size = low_t1(l, VGPU_OP_UNPKLO, MC_V, size);
	} else {
		size = low_t2(l, VGPU_OP_IMINU, MC_V, low_vector(l, size, MC_V), p);
	}
	p = low_t2(l, VGPU_OP_ISUB, MC_V, p, size);
	return low_t2(l, VGPU_OP_AND, MC_V, p, mo_imm((u32)-align));
}

/* The result @p, of the instruction's type. */
static void give(struct low *l, struct ir_insn *i, struct mopnd p)
{
	if (i->ops[0].kind == OPND_REG)
		low_final(l, low_op1(l, ir_type_bits(i->types[0]) == 64 ? VGPU_OP_EXTU : VGPU_OP_MOV,
				     low_dst(l, &i->ops[0]), p));
}

bool lower_stack(struct low *l, struct ir_insn *i)
{
	struct mopnd p;

	switch (i->op) {
	case OP_ALLOCA:
		p = lowered(l, i, alignment(l, i));
		low_guard(l, set_pointer(l, p));
		give(l, i, p);
		return true;
	case OP_STACKSAVE:
		give(l, i, read_pointer(l));
		return true;
	case OP_STACKRESTORE:
		p = low_src(l, &i->ops[0]);
		if (ir_type_bits(i->types[0]) == 64)
			p = low_t1(l, VGPU_OP_UNPKLO, MC_V, low_vector(l, p, MC_W));
		low_guard(l, set_pointer(l, low_vector(l, p, MC_V)));
		return true;
	default:
		return false;
	}
}

bool moves_stack(const struct ir_insn *i)
{
	return i->op == OP_ALLOCA || i->op == OP_STACKSAVE || i->op == OP_STACKRESTORE;
}

static bool body_moves_stack(const struct ir_body *b)
{
	const struct ir_insn *i;
	u32 k;

	for (k = 0; k < b->nblocks; k++)
		for (i = b->blocks[k]->first; i; i = i->next)
			if (moves_stack(i))
				return true;
	return false;
}

void enter_stack(struct low *l)
{
	struct mopnd p;

	if (!l->unit->dynamic)
		return;
	if (l->f->entry) {
		p = low_temp(l, MC_S);
		l->f->vregs[p.reg].narrow = true;
		low_op(l, VGPU_OP_SREGS, p, NO, NO, NO)->imm = VGPU_SREG_LOCAL_SIZE;
		pointer_access(l, VGPU_OP_STL, low_vector(l, p, MC_V));
		return;
	}
	p = read_pointer(l);
	set_pointer(l, p);
	if (body_moves_stack(l->b))
		l->stack_pointer = p;
}

void leave_stack(struct low *l)
{
	if (l->stack_pointer.kind != MO_NONE)
		pointer_access(l, VGPU_OP_STL, l->stack_pointer);
}
