// SPDX-License-Identifier: GPL-2.0
/*
 * Functions, preambles and jump tables: each instruction belongs to exactly one
 * function or one preamble, and is checked there.
 *
 * Registers are counted by the kernel, while a called function runs with any
 * kernel's.  So a kernel's own function, which nothing may call, is held to its
 * kernel's counts (the smallest, should several kernels name it), and every other
 * function to the smallest counts among all kernels.
 */
#include "verify.h"

/**
 * struct units - what the checks of one object share
 * @code: the object
 * @diag: receives the refusal
 * @owned: per instruction: a function or preamble has it
 * @callable: per function: no kernel has it as its own
 * @limit: per function: registers that it may name
 * @least: smallest counts among all kernels
 * @table_func: per jump table, the function of its targets
 */
struct units {
	struct engine_code *code;
	struct engine_diag *diag;
	u8 *owned;
	u8 *callable;
	struct limit { u16 vregs, sregs; } *limit, least;
	u32 *table_func;
};

static void lower(struct limit *l, const struct vgpu_code_kernel *k)
{
	l->vregs = min(l->vregs, k->vregs);
	l->sregs = min(l->sregs, k->sregs);
}

static void find_limits(struct units *u)
{
	const struct limit most = { VGPU_MAX_VREGS, VGPU_MAX_SREGS };
	struct engine_code *code = u->code;
	u32 i;

	u->least = most;
	for (i = 0; i < code->func_count; i++) {
		u->callable[i] = 1;
		u->limit[i] = most;
	}
	for (i = 0; i < code->kernel_count; i++) {
		const struct vgpu_code_kernel *k = &code->kernels[i];

		lower(&u->least, k);
		lower(&u->limit[k->func], k);
		u->callable[k->func] = 0;
	}
	for (i = 0; i < code->func_count; i++)
		if (u->callable[i])
			u->limit[i] = u->least;
}

static int place_functions(struct units *u)
{
	struct engine_code *code = u->code;
	u32 i, end = 0;

	for (i = 0; i < code->func_count; i++) {
		const struct vgpu_code_func *f = &code->funcs[i];

		if (f->name >= code->string_bytes)
			return engine_refuse(u->diag, REFUSE_F_NAME, "func", i);
		if (!f->count)
			return engine_refuse(u->diag, REFUSE_F_EMPTY, "func", i);
		if (f->start > code->insn_count || f->count > code->insn_count - f->start)
			return engine_refuse(u->diag, REFUSE_F_RANGE, "func", i);
		if (f->start < end)
			return engine_refuse(u->diag, REFUSE_F_ORDER, "func", i);
		end = f->start + f->count;
		memset(u->owned + f->start, 1, f->count);
		if (!insn_ends(&code->insns[end - 1]))
			return engine_refuse(u->diag, REFUSE_F_FALLS, "func", i);
	}
	return 0;
}

static int id_cmp(const void *a, const void *b)
{
	const struct engine_func_id *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static int collect_ids(struct units *u)
{
	struct engine_code *code = u->code;
	u32 i, n = 0;

	for (i = 0; i < code->func_count; i++) {
		if (code->funcs[i].id == VGPU_NO_PC)
			continue;
		if (!u->callable[i])
			return engine_refuse(u->diag, REFUSE_F_ID, "func", i);
		code->ids[n].id = code->funcs[i].id;
		code->ids[n++].func = i;
	}
	engine_sort(code->ids, n, sizeof(*code->ids), id_cmp);
	for (i = 1; i < n; i++)
		if (code->ids[i].id == code->ids[i - 1].id)
			return engine_refuse(u->diag, REFUSE_F_ID, "func", code->ids[i].func);
	code->id_count = n;
	return 0;
}

/* Tables lie one after the other in the targets, so that all of them are one walk. */
static int check_tables(struct units *u)
{
	struct engine_code *code = u->code;
	u32 i, j, end = 0;

	for (i = 0; i < code->table_count; i++) {
		const struct vgpu_code_table *t = &code->tables[i];
		const u32 *target = code->targets + end;

		if (t->first != end)
			return engine_refuse(u->diag, REFUSE_T_ORDER, "table", i);
		if (!t->count)
			return engine_refuse(u->diag, REFUSE_T_EMPTY, "table", i);
		if (t->count > code->target_count - end)
			return engine_refuse(u->diag, REFUSE_T_RANGE, "table", i);
		end += t->count;
		u->table_func[i] = engine_code_func(code, target[0]);
		if (u->table_func[i] == VGPU_NO_PC)
			return engine_refuse(u->diag, REFUSE_T_TARGET, "table", i);
		for (j = 1; j < t->count; j++)
			if (target[j] - code->funcs[u->table_func[i]].start >=
			    code->funcs[u->table_func[i]].count)
				return engine_refuse(u->diag, REFUSE_T_SPREAD, "table", i);
	}
	return end == code->target_count ? 0 : engine_refuse(u->diag, REFUSE_T_LEFT, "table", i);
}

/* Special registers that are the same in a whole grid, or in a whole block. */
static bool preamble_sreg(u32 reg, bool grid)
{
	switch (reg) {
	case VGPU_SREG_NTID_X ... VGPU_SREG_NTID_Z:
	case VGPU_SREG_NCTAID_X ... VGPU_SREG_NCTAID_Z:
	case VGPU_SREG_NWARPID:
	case VGPU_SREG_NSMID:
	case VGPU_SREG_GRIDID:
	case VGPU_SREG_DYN_SMEM:
	case VGPU_SREG_TOTAL_SMEM:
	case VGPU_SREG_LOCAL_SIZE:
		return true;
	case VGPU_SREG_CTAID_X ... VGPU_SREG_CTAID_Z:
	case VGPU_SREG_SMID:
		return !grid;
	default:
		return false;
	}
}

/* No warp runs a preamble: there are neither lanes nor predicates. */
static enum engine_refusal preamble_insn(const struct vgpu_insn *in, bool grid)
{
	if (in->op >= VGPU_OP_COUNT)
		return REFUSE_OPCODE;
	switch (in->op) {
	case VGPU_OP_EXIT:
		return in->guard ? REFUSE_PRE_INSN : REFUSE_NOTHING;
	case VGPU_OP_SLD:
		return in->mod == VGPU_SPACE_PARAM || in->mod == VGPU_SPACE_GLOBAL ?
			REFUSE_NOTHING : REFUSE_PRE_SPACE;
	case VGPU_OP_SREGS:
		return preamble_sreg(in->imm, grid) ? REFUSE_NOTHING : REFUSE_PRE_SREG;
	case VGPU_OP_SSEL:
	case VGPU_OP_SSETP:
		return REFUSE_PRE_INSN;
	default:
		return op_table[in->op].class == OPC_SCALAR ? REFUSE_NOTHING : REFUSE_PRE_INSN;
	}
}

static int check_preamble(struct units *u, u32 kernel, u32 start, bool grid)
{
	const struct engine_code *code = u->code;
	const struct verify_unit unit = {
		.code = code, .start = start, .end = code->insn_count,
		.vregs = 0, .sregs = code->kernels[kernel].sregs, .func = VGPU_NO_PC,
		.callable = u->callable, .table_func = u->table_func,
	};
	u32 pc;

	if (start == VGPU_NO_PC)
		return 0;
	if (start >= code->insn_count)
		return engine_refuse(u->diag, REFUSE_PRE_START, "kernel", kernel);
	for (pc = start; pc < code->insn_count; pc++) {
		enum engine_refusal why;

		if (pc - start >= VGPU_MAX_PREAMBLE)
			return engine_refuse(u->diag, REFUSE_PRE_LONG, "kernel", kernel);
		if (u->owned[pc])
			return engine_refuse(u->diag, REFUSE_PRE_OVERLAP, "kernel", kernel);
		u->owned[pc] = 1;
		why = preamble_insn(&code->insns[pc], grid);
		if (!why)
			why = verify_insn(&unit, &code->insns[pc]);
		if (why)
			return engine_refuse_insn(u->diag, why, code, pc);
		if (code->insns[pc].op == VGPU_OP_EXIT)
			return 0;
	}
	return engine_refuse(u->diag, REFUSE_PRE_END, "kernel", kernel);
}

static int check_preambles(struct units *u)
{
	u32 i;
	int ret = 0;

	for (i = 0; !ret && i < u->code->kernel_count; i++) {
		ret = check_preamble(u, i, u->code->kernels[i].grid_pre, true);
		if (!ret)
			ret = check_preamble(u, i, u->code->kernels[i].block_pre, false);
	}
	for (i = 0; !ret && i < u->code->insn_count; i++)
		if (!u->owned[i])
			ret = engine_refuse_insn(u->diag, REFUSE_ORPHAN, u->code, i);
	return ret;
}

static int check_function(struct units *u, u32 index)
{
	const struct vgpu_code_func *f = &u->code->funcs[index];
	const struct verify_unit unit = {
		.code = u->code, .start = f->start, .end = f->start + f->count,
		.vregs = u->limit[index].vregs, .sregs = u->limit[index].sregs,
		.func = index, .callable = u->callable, .table_func = u->table_func,
	};
	u32 pc;

	for (pc = unit.start; pc < unit.end; pc++) {
		enum engine_refusal why = verify_insn(&unit, &u->code->insns[pc]);

		if (why)
			return engine_refuse_insn(u->diag, why, u->code, pc);
		if (!(pc & 0xfff) && engine_interrupted())
			return -EINTR;
	}
	return 0;
}

static int check_units(struct units *u)
{
	u32 i;
	int ret;

	find_limits(u);
	ret = place_functions(u);
	if (!ret)
		ret = collect_ids(u);
	if (!ret)
		ret = check_tables(u);
	if (!ret)
		ret = check_preambles(u);
	for (i = 0; !ret && i < u->code->func_count; i++)
		ret = check_function(u, i);
	return ret;
}

int verify_units(struct engine_code *code, struct engine_diag *diag)
{
	struct units u = { .code = code, .diag = diag };
	size_t owned = code->insn_count, callable = code->func_count;
	size_t limit = code->func_count * sizeof(*u.limit);
	size_t table_func = (code->table_count + 1) * sizeof(*u.table_func);
	int ret = -ENOMEM;

	u.owned = engine_code_alloc(code, owned);
	u.callable = engine_code_alloc(code, callable);
	u.limit = engine_code_alloc(code, limit);
	u.table_func = engine_code_alloc(code, table_func);
	if (u.owned && u.callable && u.limit && u.table_func)
		ret = check_units(&u);
	engine_code_free(code, u.table_func, table_func);
	engine_code_free(code, u.limit, limit);
	engine_code_free(code, u.callable, callable);
	engine_code_free(code, u.owned, owned);
	return ret;
}
