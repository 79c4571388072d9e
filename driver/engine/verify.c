// SPDX-License-Identifier: GPL-2.0
/*
 * The verifier's frame: refusals, kernel records, patterns and lines.
 */
#include "verify.h"

static const char * const refusal_text[REFUSE_COUNT] = {
	[REFUSE_NOTHING] = "",
#define REFUSAL(ID, TEXT) [REFUSE_##ID] = TEXT,
#include "refusals.def"
#undef REFUSAL
};

const char *engine_refusal_text(enum engine_refusal why)
{
	return why < REFUSE_COUNT ? refusal_text[why] : "";
}

int engine_refuse(struct engine_diag *diag, enum engine_refusal why,
		  const char *what, u32 index)
{
	diag->why = why;
	if (diag->msg && diag->msg_size)
		snprintf(diag->msg, diag->msg_size, "%s %u: %s", what, index,
			 engine_refusal_text(why));
	return -EINVAL;
}

int engine_refuse_insn(struct engine_diag *diag, enum engine_refusal why,
		       const struct engine_code *code, u32 pc)
{
	u16 op = code->insns[pc].op;

	diag->why = why;
	if (diag->msg && diag->msg_size)
		snprintf(diag->msg, diag->msg_size, "insn %u (%s): %s", pc,
			 op < VGPU_OP_COUNT ? op_table[op].name : "?",
			 engine_refusal_text(why));
	return -EINVAL;
}

/* All zero, or a block that the engine can launch. */
static bool req_ok(const u32 req[3], u32 max_threads)
{
	u32 limit = max_threads ? max_threads : ENGINE_MAX_THREADS;
	u32 i;

	if (!req[0] && !req[1] && !req[2])
		return true;
	for (i = 0; i < 3; i++)
		if (!req[i] || req[i] > ENGINE_MAX_THREADS)
			return false;
	return req[2] <= ENGINE_MAX_BLOCK_Z && (u64)req[0] * req[1] * req[2] <= limit;
}

static enum engine_refusal check_kernel(const struct engine_code *code,
					const struct vgpu_code_kernel *k)
{
	if (k->name >= code->string_bytes)
		return REFUSE_K_NAME;
	if (k->func >= code->func_count)
		return REFUSE_K_FUNC;
	if (!k->vregs || k->vregs & 1 || k->vregs > VGPU_MAX_VREGS)
		return REFUSE_K_VREGS;
	if (!k->sregs || k->sregs > VGPU_MAX_SREGS)
		return REFUSE_K_SREGS;
	if (k->param_size > ENGINE_MAX_PARAM)
		return REFUSE_K_PARAM;
	if (k->shared_size > ENGINE_MAX_SHARED)
		return REFUSE_K_SHARED;
	if (k->local_size > ENGINE_MAX_LOCAL || k->local_size & 15)
		return REFUSE_K_LOCAL;
	if (k->max_threads > ENGINE_MAX_THREADS)
		return REFUSE_K_THREADS;
	if (k->shape & ~VGPU_SHAPE_ALL)
		return REFUSE_K_SHAPE;
	if (k->flags & ~VGPU_KERNEL_ALL)
		return REFUSE_K_FLAGS;
	return req_ok(k->req, k->max_threads) ? REFUSE_NOTHING : REFUSE_K_REQ;
}

static int verify_kernels(const struct engine_code *code, struct engine_diag *diag)
{
	u32 i;

	for (i = 0; i < code->kernel_count; i++) {
		enum engine_refusal why = check_kernel(code, &code->kernels[i]);

		if (why)
			return engine_refuse(diag, why, "kernel", i);
	}
	return 0;
}

static int verify_patterns(const struct engine_code *code, struct engine_diag *diag)
{
	u32 i, lane;

	for (i = 0; i < code->pattern_count; i++)
		for (lane = 0; lane < VGPU_WARP_LANES; lane++)
			if (code->patterns[i].offset[lane] >= VGPU_PATTERN_SPAN)
				return engine_refuse(diag, REFUSE_P_OFFSET, "pattern", i);
	return 0;
}

static int verify_lines(const struct engine_code *code, struct engine_diag *diag)
{
	u32 i;

	for (i = 0; i < code->line_count; i++) {
		if (code->lines[i].pc >= code->insn_count)
			return engine_refuse(diag, REFUSE_L_RANGE, "line", i);
		if (i && code->lines[i].pc <= code->lines[i - 1].pc)
			return engine_refuse(diag, REFUSE_L_ORDER, "line", i);
	}
	return 0;
}

int engine_verify(struct engine_code *code, struct engine_diag *diag)
{
	int ret = verify_kernels(code, diag);

	if (!ret)
		ret = verify_patterns(code, diag);
	if (!ret)
		ret = verify_lines(code, diag);
	if (!ret)
		ret = verify_units(code, diag);
	if (!ret)
		ret = verify_flow(code, diag);
	return ret;
}
