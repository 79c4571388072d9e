// SPDX-License-Identifier: MIT
/*
 * Around a call: what lives across it goes to the frame and comes back, for
 * a callee may use every register but the stack pointer.
 */
#include "alloc.h"

#define SCRATCH		2	/* W2: free once everything is saved */
#define TARGET		4	/* V4: function id of an indirect call meanwhile */

struct saver {
	struct mfunc *f;
	struct minsn *call;
	struct minsn *after;	/* restores go after this one */
	u32 offset;		/* next free byte of the save area */
};

static void put_before(struct saver *s, struct minsn *i)
{
	i->flags |= MF_ALLOC;
	minsn_before(s->call, i);
}

static void put_after(struct saver *s, struct minsn *i)
{
	i->flags |= MF_ALLOC;
	minsn_after(s->after, i);
	s->after = i;
}

struct minsn *frame_access(struct mfunc *f, u16 op, bool wide, struct mopnd data, u32 off,
			   u32 line)
{
	struct minsn *i = minsn_new(f, op, line);
	u32 width = wide ? 3 : 2;

	i->d = data;
	i->a = f->stack ? mo_phys(MC_S, M_STACK_REG) : mo_absent();
	i->c = mo_num(VGPU_MD_FORM_S | VGPU_MD_WIDTH(width) | VGPU_MD_ALIGN(width));
	i->imm = off;
	return i;
}

static u32 slot(struct saver *s, u32 size)
{
	u32 off = (s->offset + size - 1) & ~(size - 1);

	s->offset = off + size;
	return off;
}

static struct minsn *simple(struct saver *s, u16 op, struct mopnd d, struct mopnd a)
{
	struct minsn *i = minsn_new(s->f, op, s->call->line);

	i->d = d;
	i->a = a;
	return i;
}

static void save_vectors(struct saver *s, const u32 *v, u32 *offs)
{
	u32 i, n = s->f->nphys[MC_V];

	for (i = 0; i < n; i++) {
		bool wide = v[i] < M_NOREG - 1 && s->f->vregs[v[i]].cls == MC_W;

		if (v[i] >= M_NOREG - 1)
			continue;
		offs[i] = slot(s, wide ? 8 : 4);
		put_before(s, frame_access(s->f, VGPU_OP_STL, wide,
					   mo_phys(wide ? MC_W : MC_V, i), offs[i],
					   s->call->line));
		i += wide;
	}
}

static void restore_vectors(struct saver *s, const u32 *v, const u32 *offs)
{
	u32 i, n = s->f->nphys[MC_V];

	for (i = 0; i < n; i++) {
		bool wide = v[i] < M_NOREG - 1 && s->f->vregs[v[i]].cls == MC_W;

		if (v[i] >= M_NOREG - 1)
			continue;
		put_after(s, frame_access(s->f, VGPU_OP_LDL, wide,
					  mo_phys(wide ? MC_W : MC_V, i), offs[i],
					  s->call->line));
		i += wide;
	}
}

static void save_scalar(struct saver *s, u32 reg)
{
	u32 off = slot(s, 8);

	put_before(s, simple(s, VGPU_OP_MOVW, mo_phys(MC_W, SCRATCH), mo_phys(MC_S, reg)));
	put_before(s, frame_access(s->f, VGPU_OP_STL, true, mo_phys(MC_W, SCRATCH), off,
				   s->call->line));
	put_after(s, frame_access(s->f, VGPU_OP_LDL, true, mo_phys(MC_W, SCRATCH), off,
				  s->call->line));
	put_after(s, simple(s, VGPU_OP_SFIRSTW, mo_phys(MC_S, reg), mo_phys(MC_W, SCRATCH)));
}

static void save_predicate(struct saver *s, u32 reg)
{
	u32 off = slot(s, 4);
	struct minsn *i = simple(s, VGPU_OP_SEL, mo_phys(MC_V, SCRATCH), mo_imm(1));

	i->b = mo_phys(MC_S, M_STACK_REG);	/* any value but 1: aligned to 16 */
	i->c = mo_phys(MC_P, reg);
	put_before(s, i);
	put_before(s, frame_access(s->f, VGPU_OP_STL, false, mo_phys(MC_V, SCRATCH), off,
				   s->call->line));
	put_after(s, frame_access(s->f, VGPU_OP_LDL, false, mo_phys(MC_V, SCRATCH), off,
				  s->call->line));
	i = simple(s, VGPU_OP_SETPI, mo_phys(MC_P, reg), mo_phys(MC_V, SCRATCH));
	i->b = mo_imm(1);
	i->mod = VGPU_CMP_EQ;
	put_after(s, i);
}

/* The instruction after which the caller's frame is in force again. */
static struct minsn *end_of_call(struct minsn *call)
{
	struct minsn *i = call->next;

	while (i && !(i->op == VGPU_OP_SSUB && i->flags & MF_FRAME))
		i = i->next;
	return i;
}

/* The instruction that leaves the caller's frame. */
static struct minsn *start_of_call(struct minsn *call)
{
	struct minsn *i = call->prev;

	while (i && !(i->op == VGPU_OP_SADD && i->flags & MF_FRAME))
		i = i->prev;
	return i;
}

void call_save(struct mfunc *f, struct minsn *call, const u32 *s, const u32 *v, const u32 *p)
{
	struct saver sv = { .f = f, .call = start_of_call(call), .offset = f->save_base };
	u32 *offs, i;

	sv.after = end_of_call(call);
	if (f->nphys[MC_V] < TARGET + 2)
		f->nphys[MC_V] = TARGET + 2;
	offs = arena_array(f->arena, f->nphys[MC_V] + 1, u32);
	save_vectors(&sv, v, offs);
	if (call->op == VGPU_OP_CALLI) {
		struct mopnd from = call->a;

		call->args = arena_new(f->arena, struct mopnd);
		call->args[0] = from;
		if (from.kind == MO_REG)
			from = mo_phys(f->vregs[from.reg].cls, f->vregs[from.reg].phys);
		put_before(&sv, simple(&sv, VGPU_OP_MOV, mo_phys(MC_V, TARGET), from));
		call->a = mo_phys(MC_V, TARGET);
	}
	for (i = 0; i < VGPU_MAX_PREGS; i++)
		if (p[i] < M_NOREG - 1)
			save_predicate(&sv, i);
	for (i = 1; i < VGPU_MAX_SREGS; i++)
		if (s[i] < M_NOREG - 1)
			save_scalar(&sv, i);
	restore_vectors(&sv, v, offs);
	if (sv.offset - f->save_base > f->save_size)
		f->save_size = sv.offset - f->save_base;
}
