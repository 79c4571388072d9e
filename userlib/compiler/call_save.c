// SPDX-License-Identifier: MIT
/*
 * Around a call: what lives across it goes to the frame and comes back, for
 * a callee may use every register but the stack pointer.
 */
#include "alloc.h"

/* Free once everything is saved: W0, V2; V1 has an indirect call's target meanwhile. */
#define SCRATCH_W 0
#define SCRATCH_V 2
#define TARGET    1

struct saver {
	struct mfunc *f;
	struct minsn *call;
	struct minsn *after; /* restores go after this one */
	u32 offset;          /* next free byte of the save area */
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

struct minsn *frame_access(struct mfunc *f, u16 op, bool wide, struct mopnd data, u32 off, u32 line)
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

/* All of a file, V or W: offsets go to @offs. */
static void save_vectors(struct saver *s, enum mclass cls, const u32 *own, u32 *offs)
{
	bool wide = cls == MC_W;
	u32 i;

	for (i = 0; i < s->f->nphys[cls]; i++) {
		if (own[i] >= M_NOREG - 1)
			continue;
		offs[i] = slot(s, wide ? 8 : 4);
		put_before(s, frame_access(s->f, VGPU_OP_STL, wide, mo_phys(cls, i), offs[i], s->call->line));
	}
}

static void restore_vectors(struct saver *s, enum mclass cls, const u32 *own, const u32 *offs)
{
	bool wide = cls == MC_W;
	u32 i;

	for (i = 0; i < s->f->nphys[cls]; i++)
		if (own[i] < M_NOREG - 1)
			put_after(s, frame_access(s->f, VGPU_OP_LDL, wide, mo_phys(cls, i), offs[i], s->call->line));
}

static void save_scalar(struct saver *s, u32 reg)
{
	u32 off = slot(s, 8);

	put_before(s, simple(s, VGPU_OP_MOVW, mo_phys(MC_W, SCRATCH_W), mo_phys(MC_S, reg)));
	put_before(s, frame_access(s->f, VGPU_OP_STL, true, mo_phys(MC_W, SCRATCH_W), off, s->call->line));
	put_after(s, frame_access(s->f, VGPU_OP_LDL, true, mo_phys(MC_W, SCRATCH_W), off, s->call->line));
	put_after(s, simple(s, VGPU_OP_SFIRSTW, mo_phys(MC_S, reg), mo_phys(MC_W, SCRATCH_W)));
}

static void save_predicate(struct saver *s, u32 reg)
{
	u32 off = slot(s, 4);
	struct minsn *i = simple(s, VGPU_OP_SEL, mo_phys(MC_V, SCRATCH_V), mo_imm(1));

	i->b = mo_phys(MC_S, M_STACK_REG); /* any value but 1: aligned to 16 */
	i->c = mo_phys(MC_P, reg);
	put_before(s, i);
	put_before(s, frame_access(s->f, VGPU_OP_STL, false, mo_phys(MC_V, SCRATCH_V), off, s->call->line));
	put_after(s, frame_access(s->f, VGPU_OP_LDL, false, mo_phys(MC_V, SCRATCH_V), off, s->call->line));
	i = simple(s, VGPU_OP_SETPI, mo_phys(MC_P, reg), mo_phys(MC_V, SCRATCH_V));
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

/* The target of an indirect call, out of the way of the scratch registers. */
static void keep_target(struct saver *s, struct minsn *call)
{
	struct mopnd from = call->a;

	call->args = arena_new(s->f->arena, struct mopnd);
	call->args[0] = from;
	if (from.kind == MO_REG)
		from = mo_phys(s->f->vregs[from.reg].cls, s->f->vregs[from.reg].phys);
	put_before(s, simple(s, VGPU_OP_MOV, mo_phys(MC_V, TARGET), from));
	call->a = mo_phys(MC_V, TARGET);
}

void call_save(struct mfunc *f, struct minsn *call, const u32 *s, const u32 *v, const u32 *w, const u32 *p)
{
	struct saver sv = { .f = f, .call = start_of_call(call), .offset = f->save_base };
	u32 *voffs, *woffs, i;

	sv.after = end_of_call(call);
	if (f->nphys[MC_V] < SCRATCH_V + 1)
		f->nphys[MC_V] = SCRATCH_V + 1;
	if (f->nphys[MC_W] < SCRATCH_W + 1)
		f->nphys[MC_W] = SCRATCH_W + 1;
	voffs = arena_array(f->arena, f->nphys[MC_V], u32);
	woffs = arena_array(f->arena, f->nphys[MC_W], u32);
	save_vectors(&sv, MC_V, v, voffs);
	save_vectors(&sv, MC_W, w, woffs);
	if (call->op == VGPU_OP_CALLI)
		keep_target(&sv, call);
	for (i = 0; i < VGPU_MAX_PREGS; i++)
		if (p[i] < M_NOREG - 1)
			save_predicate(&sv, i);
	for (i = 1; i < VGPU_MAX_SREGS; i++)
		if (s[i] < M_NOREG - 1)
			save_scalar(&sv, i);
	restore_vectors(&sv, MC_V, v, voffs);
	restore_vectors(&sv, MC_W, w, woffs);
	if (sv.offset - f->save_base > f->save_size)
		f->save_size = sv.offset - f->save_base;
}
