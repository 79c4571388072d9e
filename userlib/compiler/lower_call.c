// SPDX-License-Identifier: MIT
/*
 * Calls. The callee's frame begins where the caller's ends: first its
 * parameters, then (aligned to 16) its results, then what it keeps for
 * itself. S0 points to the running function's frame; V0 brings the return
 * point. The callee may use every other register.
 */
#include <string.h>

#include "lower.h"

static u64 results_at(const struct ir_proto *p)
{
	return (p->param_size + 15) & ~15ull;
}

static struct minsn *frame_op(struct low *l, u16 op, u32 width, struct mopnd data, s64 off, bool callee)
{
	struct minsn *i = minsn_new(l->f, op, l->insn ? l->insn->line : 0);

	i->d = data;
	i->a = l->f->stack ? mo_phys(MC_S, M_STACK_REG) : mo_absent();
	i->c = mo_num(VGPU_MD_FORM_S | VGPU_MD_WIDTH(width) | VGPU_MD_ALIGN(width));
	i->imm = (u32)off;
	if (callee)
		i->flags |= MF_FRAME;
	minsn_append(l->block, i);
	return i;
}

/* Largest piece that may move at @off: log2 of its bytes. */
static u32 piece(u64 off, u64 left)
{
	if (!(off & 7) && left >= 8)
		return 3;
	if (!(off & 3) && left >= 4)
		return 2;
	return !(off & 1) && left >= 2 ? 1 : 0;
}

/* Between a variable of this frame and the callee's frame. */
static void copy_frame(struct low *l, const struct ir_var *v, u64 callee_off, u64 size, bool out)
{
	u64 mine = l->var_offset[v->id], done = 0;
	u32 w;

	while (done < size) {
		struct mopnd t;

		w = piece((mine | callee_off) | done, size - done);
		t = low_temp(l, w == 3 ? MC_W : MC_V);
		frame_op(l, VGPU_OP_LDL, w, t, (out ? mine : callee_off) + done, !out);
		frame_op(l, VGPU_OP_STL, w, t, (out ? callee_off : mine) + done, out);
		done += 1u << w;
	}
}

static u32 log2_bytes(u8 t)
{
	return 31 - __builtin_clz(ir_type_bytes(t));
}

static void pass_arguments(struct low *l, struct ir_insn *i, const struct ir_proto *p)
{
	const struct ir_operand *list = &i->ops[2];
	u32 k, n = list->kind == OPND_VEC ? list->nelem : 0;

	for (k = 0; k < n; k++) {
		const struct ir_operand *a = &list->elem[k];
		const struct ir_var *v;

		if (k >= p->nparams)
			low_refuse(l, "variadic call");
		v = p->params[k];
		if (a->kind == OPND_VAR) {
			copy_frame(l, a->var, v->offset, v->size, true);
		} else {
			enum mclass cls = ir_type_bits(v->type) == 64 ? MC_W : MC_V;

			frame_op(l, VGPU_OP_STL, log2_bytes(v->type), low_vector(l, low_src(l, a), cls), v->offset,
				 true);
		}
	}
}

static void take_results(struct low *l, struct ir_insn *i, const struct ir_proto *p)
{
	const struct ir_operand *list = &i->ops[0];
	u32 k, n = list->kind == OPND_VEC ? list->nelem : 0;
	u64 at = results_at(p);

	for (k = 0; k < n && k < p->nrets; k++) {
		const struct ir_operand *r = &list->elem[k];
		const struct ir_var *v = p->rets[k];

		if (r->kind == OPND_VAR) {
			copy_frame(l, r->var, at + v->offset, v->size, false);
		} else if (r->kind == OPND_REG) {
			if (i->guard)
				low_refuse(l, "guarded call with results in registers");
			frame_op(l, VGPU_OP_LDL, log2_bytes(v->type), low_dst(l, r), at + v->offset, true);
		}
	}
}

/* In the callee: register results go where the caller looks for them. */
void store_results(struct low *l, struct ir_insn *i)
{
	const struct ir_proto *p = &l->b->func->proto;
	const struct ir_operand *list = i->nops ? &i->ops[0] : NULL;
	u32 k, n = 0;

	for (k = 0; list && list->kind == OPND_VEC && k < p->nrets; k++) {
		const struct ir_var *v = p->rets[k];
		enum mclass cls = ir_type_bits(v->type) == 64 ? MC_W : MC_V;

		if (!v->reg || n >= list->nelem)
			continue;
		frame_op(l, VGPU_OP_STL, log2_bytes(v->type), low_vector(l, low_src(l, &list->elem[n++]), cls),
			 results_at(p) + v->offset, false);
	}
}

/* At a function's entry: parameters that are registers. */
void load_parameters(struct low *l)
{
	const struct ir_proto *p = &l->b->func->proto;
	u32 k, n = 0;

	/* the body's registers: results first */
	for (k = 0; k < p->nrets; k++)
		n += p->rets[k]->reg != NULL;
	for (k = 0; k < p->nparams; k++) {
		struct ir_operand r = { .kind = OPND_REG, .def = true };

		if (!p->params[k]->reg)
			continue;
		r.reg = l->b->param_regs[n++];
		frame_op(l, VGPU_OP_LDL, log2_bytes(p->params[k]->type), low_dst(l, &r), p->params[k]->offset, false);
	}
}

/* ---- who is called ---- */

/*
 * Of NVIDIA's device runtime, which may be linked and calls what a card has: nvcc 12 and 13 call "__cudaCDP2LaunchDeviceV2"
 * and so on, earlier ones what follows.
 */
static bool launches(const char *name)
{
	static const char *const names[] = {
		"cudaLaunchDevice",         "cudaLaunchDeviceV2",    "cudaGetParameterBuffer",
		"cudaGetParameterBufferV2", "cudaDeviceSynchronize",
	};
	size_t k;

	if (!strncmp(name, "__cudaCDP2", strlen("__cudaCDP2")))
		return true;
	for (k = 0; k < sizeof(names) / sizeof(names[0]); k++)
		if (!strcmp(name, names[k]))
			return true;
	return false;
}

static u32 callee_index(struct low *l, struct ir_func *f)
{
	const struct ir_module *rt;
	struct ir_func *r;

	if (f->alias)
		f = f->alias;
	if (launches(f->name))
		low_refuse(l, "device-side launch ('%s') is not supported", f->name);
	if (f->text)
		return unit_func(l->unit, l->b->mod, f);
	rt = runtime_module(l->unit->diag);
	r = rt ? ir_module_func(rt, f->name) : NULL;
	if (r && r->text)
		return unit_func(l->unit, rt, r);
	if (l->b->func->part->name)
		low_unlinked(l, "Undefined reference to '%s' in '%s'", f->name, l->b->func->part->name);
	low_wrong(l, "call of '%s', which has no body", f->name);
}

static const struct ir_proto *proto_of(struct low *l, struct ir_insn *i)
{
	if (i->ops[1].kind == OPND_FUNC)
		return &i->ops[1].func->proto;
	if (i->ops[3].kind == OPND_TABLE && i->ops[3].table->proto)
		return i->ops[3].table->proto;
	if (i->ops[3].kind == OPND_TABLE && i->ops[3].table->funcs && i->ops[3].table->n)
		return &i->ops[3].table->funcs[0]->proto;
	low_refuse(l, "indirect call without a prototype");
}

static struct minsn *move_stack(struct low *l, u16 op)
{
	struct minsn *i = minsn_new(l->f, op, l->insn->line);

	i->d = mo_phys(MC_S, M_STACK_REG);
	i->a = i->d;
	i->b = mo_imm(0);
	i->flags = MF_FRAME | MF_SIDE;
	minsn_append(l->block, i);
	return i;
}

static void transfer(struct low *l, struct ir_insn *i)
{
	bool direct = i->ops[1].kind == OPND_FUNC;
	struct minsn *m;
	struct mopnd id = NO;

	if (!direct) {
		id = low_src(l, &i->ops[1]);
		id = low_vector(l, id, MC_V);
		l->unit->indirect = true;
	}
	move_stack(l, VGPU_OP_SADD);
	m = minsn_new(l->f, direct ? VGPU_OP_CALL : VGPU_OP_CALLI, i->line);
	m->d = mo_phys(MC_V, M_LINK_REG);
	m->a = id;
	if (direct)
		m->imm = callee_index(l, i->ops[1].func);
	minsn_append(l->block, m);
	move_stack(l, VGPU_OP_SSUB);
}

bool lower_call(struct low *l, struct ir_insn *i)
{
	const struct ir_proto *p;
	struct mopnd mask;

	if (i->op != OP_CALL)
		return false;
	p = proto_of(l, i);
	low_skip_begin(l);
	pass_arguments(l, i, p);
	mask = low_temp(l, MC_S);
	low_op(l, VGPU_OP_BSSY, mask, NO, NO, NO);
	transfer(l, i);
	low_op1(l, VGPU_OP_BSYNC, NO, mask);
	take_results(l, i, p);
	low_skip_end(l);
	l->f->has_calls = true;
	return true;
}
