// SPDX-License-Identifier: GPL-2.0
/*
 * From verified instructions to what the handlers execute.
 *
 * Each instruction becomes one element of the program, with its operands as places
 * in struct eng_warp; besides, single values that an instruction's handler cannot
 * take are broadcast before it, and the float environment is put right around what
 * must not see the float mode.  Here is the whole; decode_*.c know the classes.
 */
#include "decode.h"
#include "fuel.h"

#define MAX_PARTS	8	/* elements that one instruction may become */

/* ---- one instruction -------------------------------------------------------------------------------- */

/*
 * Instructions on f16 and integers whose result no flushing of f32 denormals changes, as all
 * that they compute with is larger than those or zero, or, rounded to nearest, ends as zero.
 */
static bool minds_rounding_only(const struct vgpu_insn *in)
{
	switch (in->op) {
	case VGPU_OP_HADD:
	case VGPU_OP_HSUB:
	case VGPU_OP_HMUL:
	case VGPU_OP_HFMA:
	case VGPU_OP_H2F:
		return true;
	case VGPU_OP_F2H:
	case VGPU_OP_F2H2:
	case VGPU_OP_I2F:
	case VGPU_OP_U2F:
		return !(in->mod & VGPU_CVT_ROUND);
	default:
		return false;
	}
}

/* The float environment that an instruction wants while mode @mode is in force */
static u32 environment(const struct vgpu_insn *in, const struct op_info *info, u32 mode)
{
	if (info->class == OPC_MAT || info->mod == OPM_ATOM || info->mod == OPM_REDUX)
		return 0;
	if (minds_rounding_only(in))
		return mode & VGPU_FMODE_FTZ;
	if (in->op >= VGPU_OP_HADD && in->op <= VGPU_OP_Q82B)
		return 0;
	if (in->op >= VGPU_OP_FRCPA && in->op <= VGPU_OP_FTANHA)
		return mode & VGPU_FMODE_FTZ;
	if (in->op == VGPU_OP_DRCPA || in->op == VGPU_OP_DRSQA || in->op == VGPU_OP_FDIVA ||
	    in->op == VGPU_OP_FSCALEACC)
		return mode & VGPU_FMODE_FTZ;
	return mode;
}

/* The step that saturates this instruction's result to [0, 1], or 0 */
static u32 saturation(const struct vgpu_insn *in, const struct op_info *info)
{
	if (info->mod == OPM_SAT)
		return in->mod & VGPU_SAT ? EU_FSAT : 0;
	if ((info->mod != OPM_CVT && info->mod != OPM_CVTI) || !(in->mod & VGPU_CVT_SAT))
		return 0;
	switch (in->op) {
	case VGPU_OP_F2H2:	/* these saturate to finite values, by themselves */
	case VGPU_OP_F2B2:
	case VGPU_OP_F2TF32:
		return 0;
	case VGPU_OP_F2B:
	case VGPU_OP_I2B:
		return EU_BSAT;
	case VGPU_OP_F2H:
	case VGPU_OP_D2H:
	case VGPU_OP_H2H:
	case VGPU_OP_I2H:
		return EU_HSAT;
	default:
		return info->kind[OPF_D] == OPK_W ? EU_DSAT : EU_FSAT;
	}
}

/* Instructions that move bits only, and yet flush where the mode says so */
static bool flushes_itself(u32 op)
{
	return op == VGPU_OP_FNEG || op == VGPU_OP_FABS || op == VGPU_OP_FMIN ||
	       op == VGPU_OP_FMAX;
}

static void decode_main(struct emitter *e)
{
	switch (e->info->class) {
	case OPC_CTRL:
		eng_decode_control(e);
		break;
	case OPC_SCALAR:
	case OPC_SVEC:
		eng_decode_scalar(e);
		break;
	case OPC_SMEM:
	case OPC_MEM:
		eng_decode_memory(e);
		break;
	case OPC_LANE:
		eng_decode_lane(e);
		break;
	case OPC_MAT:
		eng_decode_matrix(e);
		break;
	default:
		eng_decode_alu(e);
		break;
	}
}

/* Makes the elements of instruction @pc; returns how many. */
static u32 decode_insn(const struct engine_code *code, const struct engine_prog *prog, u32 pc,
		       struct eng_op *out)
{
	const struct vgpu_insn *in = &code->insns[pc];
	struct emitter e = {
		.code = code, .prog = prog, .in = in, .info = &op_table[in->op], .pc = pc,
		.out = out,
	};
	u32 mode = code->fmode[pc], env = environment(in, e.info, mode), sat, fuel = dear(in);

	e.op = (struct eng_op) {
		.mod = in->mod, .imm = in->imm, .pc = pc, .fmode = mode, .g = ENG_GUARD_TRUE,
	};
	set_handler(&e, in->op);
	if (in->guard & VGPU_GUARD)
		e.op.g = (in->guard & VGPU_GUARD_PRED) |
			 (in->guard & VGPU_GUARD_NOT ? ENG_GUARD_NOT : 0);
	if (e.info->imm == OPI_SRC)
		e.op.x = (u32)((s32)in->imm >> 31);
	if ((pc & (FUEL_EVERY - 1)) == FUEL_EVERY - 1)
		fuel += FUEL_EVERY;
	if (fuel)
		emit(&e, EU_FUEL)->y = fuel;
	if (env != mode)
		emit(&e, EU_FPENV)->imm = env;
	if (mode & VGPU_FMODE_FTZ && flushes_itself(in->op))
		e.op.mod |= ENG_MOD_FTZ;
	decode_main(&e);
	out[e.n++] = e.op;
	sat = saturation(in, e.info);
	if (sat) {
		struct eng_op *op = emit(&e, sat);

		op->h += !!(in->guard & VGPU_GUARD);
		op->g = e.op.g;
		op->a = e.op.d;
		op->d = e.op.d;
	}
	if (env != mode)
		emit(&e, EU_FPENV)->imm = mode;
	return e.n;
}

/* ---- the whole ------------------------------------------------------------------------------------------ */

/*
 * Who may return into function @func. What a kernel's own function does was verified for its registers,
 * parameters and memory only; any other function, for every kernel's.
 */
static u32 returners(const struct engine_code *code, u32 func)
{
	u32 i;

	for (i = 0; i < code->kernel_count; i++)
		if (code->kernels[i].func == func)
			return ENG_RETURN_KERNEL + func;
	return ENG_RETURN_ANY;
}

static int find_return_points(struct engine_code *code, struct engine_prog *prog)
{
	u32 pc, f = VGPU_NO_PC, who = ENG_RETURN_NONE;

	for (pc = 0; pc + 1 < code->insn_count; pc++) {
		u16 op = code->insns[pc].op;
		u32 in;

		if (op != VGPU_OP_CALL && op != VGPU_OP_CALLI)
			continue;
		if (!prog->return_points)
			prog->return_points = engine_code_alloc(code, code->insn_count * sizeof(*prog->return_points));
		if (!prog->return_points)
			return -ENOMEM;
		in = engine_code_func(code, pc);
		if (in != f) {
			f = in;
			who = returners(code, f);
		}
		prog->return_points[pc + 1] = who;
	}
	return 0;
}

static int decode_all(struct engine_code *code, struct engine_prog *prog)
{
	struct eng_op scratch[MAX_PARTS];
	u32 pc, at = 0, i;
	int ret;

	for (i = 0; i < code->pattern_count; i++)
		eng_pattern_prepare(&prog->patterns[i], &code->patterns[i], prog->isa->bytes);
	for (pc = 0; pc < code->insn_count; pc++) {
		prog->first[pc] = at;
		at += decode_insn(code, prog, pc, scratch);
		if (!(pc & 0xffff) && engine_interrupted())
			return -EINTR;
	}
	prog->count = at;
	prog->ops = engine_code_alloc(code, ((size_t)at + 1) * sizeof(*prog->ops));
	if (!prog->ops)
		return -ENOMEM;
	for (pc = 0, at = 0; pc < code->insn_count; pc++) {
		u32 n = decode_insn(code, prog, pc, scratch);

		memcpy(&prog->ops[at], scratch, n * sizeof(*scratch));
		at += n;
		if (!(pc & 0xffff) && engine_interrupted())
			return -EINTR;
	}
	prog->ops[at] = (struct eng_op) { .h = 2 * EU_LOST };
	for (i = 0; i < code->target_count; i++)
		prog->tables[i] = prog->first[code->targets[i]];
	ret = eng_fuse(code);
	return ret ? ret : find_return_points(code, prog);
}

int engine_decode(struct engine_code *code)
{
	struct engine_prog *prog = engine_code_alloc(code, sizeof(*prog));
	int ret = -ENOMEM;

	BUILD_BUG_ON(sizeof(struct eng_op) != 32);
	BUILD_BUG_ON(offsetof(struct eng_op, x) != offsetof(struct eng_op, imm) + 4);
	BUILD_BUG_ON(ENG_WORD(v) + VGPU_MAX_VREGS * ENG_LANES > 0xffff);
	if (!prog)
		return -ENOMEM;
	code->prog = prog;
	prog->isa = eng_isa_now();
	prog->first = engine_code_alloc(code, code->insn_count * sizeof(u32));
	prog->tables = engine_code_alloc(code, code->target_count * sizeof(u32));
	prog->patterns = engine_code_alloc(code, code->pattern_count * sizeof(*prog->patterns));
	if (prog->first && prog->tables && prog->patterns)
		ret = decode_all(code, prog);
	return ret;
}

void engine_decode_free(struct engine_code *code)
{
	struct engine_prog *prog = code->prog;

	if (!prog)
		return;
	engine_free(prog->return_points);
	engine_free(prog->twins);
	engine_free(prog->patterns);
	engine_free(prog->tables);
	engine_free(prog->first);
	engine_free(prog->ops);
	engine_free(prog);
	code->prog = NULL;
}
