// SPDX-License-Identifier: GPL-2.0
/*
 * The float mode along every path.
 *
 * One visit an instruction: the first path to reach it fixes its mode, every
 * other one must bring the same.  A jump table is followed once, with the mode of
 * the first BRX that uses it.
 */
#include "verify.h"

#define UNSEEN	0xff

/**
 * struct flow - the walk
 * @code: the object, whose fmode it fills
 * @stack: instructions seen but not followed yet; each is pushed once
 * @depth: how many
 * @table_mode: per jump table, the mode it was followed with, or UNSEEN
 */
struct flow {
	struct engine_code *code;
	u32 *stack;
	u32 depth;
	u8 *table_mode;
};

static bool reach(struct flow *f, u32 pc, u8 mode)
{
	u8 *seen = &f->code->fmode[pc];

	if (*seen != UNSEEN)
		return *seen == mode;
	*seen = mode;
	f->stack[f->depth++] = pc;
	return true;
}

static bool reach_table(struct flow *f, u32 index, u8 mode)
{
	const struct vgpu_code_table *t = &f->code->tables[index];
	u32 i;

	if (f->table_mode[index] != UNSEEN)
		return f->table_mode[index] == mode;
	f->table_mode[index] = mode;
	for (i = 0; i < t->count; i++)
		if (!reach(f, f->code->targets[t->first + i], mode))
			return false;
	return true;
}

static enum engine_refusal check_mode(const struct vgpu_insn *in, u8 mode)
{
	switch (in->op) {
	case VGPU_OP_CALL:
	case VGPU_OP_CALLI:
	case VGPU_OP_RET:
		return mode ? REFUSE_FMODE_CALL : REFUSE_NOTHING;
	default:
		if (in->op >= VGPU_OP_DADD && in->op <= VGPU_OP_DTESTP &&
		    mode & VGPU_FMODE_FTZ)
			return REFUSE_FMODE_F64;
		return REFUSE_NOTHING;
	}
}

static enum engine_refusal follow(struct flow *f, u32 pc)
{
	const struct vgpu_insn *in = &f->code->insns[pc];
	u8 mode = f->code->fmode[pc];
	enum engine_refusal why = check_mode(in, mode);
	bool ok = true;

	if (why)
		return why;
	if (in->op == VGPU_OP_SETMODE)
		mode = in->imm;
	if (in->op == VGPU_OP_BRA || in->op == VGPU_OP_SBR)
		ok = reach(f, in->imm, mode);
	else if (in->op == VGPU_OP_BRX)
		ok = reach_table(f, in->b, mode);
	if (ok && !insn_ends(in))
		ok = reach(f, pc + 1, mode);
	return ok ? REFUSE_NOTHING : REFUSE_FMODE_JOIN;
}

static int walk(struct flow *f, struct engine_diag *diag)
{
	u32 i, visits = 0;

	for (i = 0; i < f->code->func_count; i++) {
		if (!reach(f, f->code->funcs[i].start, 0))
			return engine_refuse(diag, REFUSE_FMODE_JOIN, "func", i);
		while (f->depth) {
			u32 pc = f->stack[--f->depth];
			enum engine_refusal why = follow(f, pc);

			if (why)
				return engine_refuse_insn(diag, why, f->code, pc);
			if (!(++visits & 0xfff) && engine_interrupted())
				return -EINTR;
		}
	}
	return 0;
}

int verify_flow(struct engine_code *code, struct engine_diag *diag)
{
	struct flow f = { .code = code };
	size_t stack = code->insn_count * sizeof(*f.stack), table_mode = code->table_count + 1;
	int ret = -ENOMEM;
	u32 i;

	f.stack = engine_code_alloc(code, stack);
	f.table_mode = engine_code_alloc(code, table_mode);
	if (f.stack && f.table_mode) {
		memset(code->fmode, UNSEEN, code->insn_count);
		memset(f.table_mode, UNSEEN, code->table_count);
		ret = walk(&f, diag);
		for (i = 0; i < code->insn_count; i++)
			if (code->fmode[i] == UNSEEN)
				code->fmode[i] = 0;
	}
	engine_code_free(code, f.table_mode, table_mode);
	engine_code_free(code, f.stack, stack);
	return ret;
}
