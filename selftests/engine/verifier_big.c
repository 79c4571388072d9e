// SPDX-License-Identifier: MIT
/*
 * The largest objects that the container admits are verified in linear time: with
 * anything worse this test would not end.
 */
#include <stdlib.h>
#include <time.h>
#include "../../driver/engine/verify.h"
#include "../../userlib/visa/build.h"
#include "tap.h"
#include "verifier.h"

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec * 1e-9;
}

static struct vgpu_insn *push_insn(struct visa_build *b, u16 op)
{
	struct vgpu_insn *in = visa_push(b, VGPU_SEC_INSNS);

	in->op = op;
	return in;
}

static void push_kernel(struct visa_build *b, u32 func, u32 grid_pre)
{
	struct vgpu_code_kernel *k = visa_push(b, VGPU_SEC_KERNELS);

	k->func = func;
	k->grid_pre = grid_pre;
	k->block_pre = VGPU_NO_PC;
	k->vregs = 2;
	k->sregs = 1;
}

static void push_func(struct visa_build *b, u32 start, u32 count, u32 id)
{
	struct vgpu_code_func *f = visa_push(b, VGPU_SEC_FUNCS);

	f->start = start;
	f->count = count;
	f->id = id;
}

/* One function of branches, each to the place of the one before it. */
static void one_function(struct visa_build *b)
{
	u32 i;

	push_kernel(b, 0, VGPU_NO_PC);
	push_func(b, 0, VGPU_CODE_MAX_INSNS, VGPU_NO_PC);
	for (i = 0; i < VGPU_CODE_MAX_INSNS - 1; i++) {
		struct vgpu_insn *in = push_insn(b, VGPU_OP_BRA);

		in->guard = VGPU_GUARD;
		in->imm = i ? i - 1 : 0;
	}
	push_insn(b, VGPU_OP_EXIT);
}

/* As many functions and preambles as there may be, ids in falling order. */
static void many_functions(struct visa_build *b)
{
	u32 i;

	for (i = 0; i < VGPU_CODE_MAX_FUNCS; i++) {
		bool own = i < VGPU_CODE_MAX_KERNELS;

		push_func(b, i, 1, own ? VGPU_NO_PC : VGPU_CODE_MAX_FUNCS - i);
		push_insn(b, own ? VGPU_OP_EXIT : VGPU_OP_RET);
	}
	for (i = 0; i < VGPU_CODE_MAX_KERNELS; i++) {
		push_kernel(b, i, b->sec[VGPU_SEC_INSNS].count);
		push_insn(b, VGPU_OP_EXIT);
	}
}

/* Every other instruction a BRX by one table of all there can be. */
static void one_table(struct visa_build *b)
{
	struct vgpu_code_table *t = visa_push(b, VGPU_SEC_TABLES);
	u32 i;

	push_kernel(b, 0, VGPU_NO_PC);
	push_func(b, 0, VGPU_CODE_MAX_INSNS, VGPU_NO_PC);
	t->count = VGPU_CODE_MAX_TABLE;
	for (i = 0; i < VGPU_CODE_MAX_INSNS; i++) {
		push_insn(b, VGPU_OP_BRX);
		*(u32 *)visa_push(b, VGPU_SEC_TARGETS) = VGPU_CODE_MAX_INSNS - 1 - i;
	}
}

/* A table of its own and a line for each instruction. */
static void many_tables(struct visa_build *b)
{
	u32 i;

	push_kernel(b, 0, VGPU_NO_PC);
	push_func(b, 0, VGPU_CODE_MAX_INSNS, VGPU_NO_PC);
	for (i = 0; i < VGPU_CODE_MAX_INSNS; i++) {
		struct vgpu_code_table *t = visa_push(b, VGPU_SEC_TABLES);
		struct vgpu_code_line *l = visa_push(b, VGPU_SEC_LINES);

		push_insn(b, VGPU_OP_BRX)->b = i % 65536;
		*(u32 *)visa_push(b, VGPU_SEC_TARGETS) = i;
		t->first = i;
		t->count = 1;
		l->pc = i;
		l->line = i + 1;
	}
}

static void run(void (*build)(struct visa_build *b), const char *name)
{
	struct visa_build b = { 0 };
	struct engine_code *code = NULL;
	char msg[200] = "";
	double start;
	size_t size;
	void *image;
	u32 offset;
	int ret;

	build(&b);
	visa_string(&b, "k", &offset);
	image = visa_finish(&b, &size);
	visa_build_free(&b);
	start = now();
	ret = engine_code_load(image, size, &code, msg, sizeof(msg));
	if (!tap_result(!ret, "%s is verified", name))
		printf("# %d %s\n", ret, msg);
	printf("# %.3f s, %zu bytes\n", now() - start, size);
	engine_code_put(code);
	free(image);
}

void verifier_big(void)
{
	run(one_function, "a function of 2^20 branches");
	run(many_functions, "2^16 functions, 2^12 kernels with preambles");
	run(one_table, "2^20 jumps by one table of 2^20 targets");
	run(many_tables, "2^20 tables and lines");
}
