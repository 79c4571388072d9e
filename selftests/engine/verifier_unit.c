// SPDX-License-Identifier: MIT
/*
 * Refusals of kernel records, functions, preambles and jump tables.
 */
#include "verifier.h"

#define F	"\n.func f\nexit\n.end\n"

static struct vgpu_code_kernel *kernel(unsigned char *image)
{
	const struct vgpu_code_header *h = (const void *)image;

	return (void *)(image + h->sec[VGPU_SEC_KERNELS].offset);
}

static struct vgpu_code_func *funcs(unsigned char *image)
{
	const struct vgpu_code_header *h = (const void *)image;

	return (void *)(image + h->sec[VGPU_SEC_FUNCS].offset);
}

static struct vgpu_code_table *table(unsigned char *image)
{
	const struct vgpu_code_header *h = (const void *)image;

	return (void *)(image + h->sec[VGPU_SEC_TABLES].offset);
}

#define TWICE(S)	S S
#define MOVES_8		TWICE(TWICE(TWICE("s.movi s0, 1\n")))
#define MOVES_64	TWICE(TWICE(TWICE(MOVES_8)))
#define MOVES_511	TWICE(TWICE(MOVES_64)) MOVES_64 MOVES_64 MOVES_64 MOVES_8 MOVES_8 MOVES_8 MOVES_8 \
	MOVES_8 MOVES_8 MOVES_8 "s.movi s0, 1\ns.movi s0, 1\ns.movi s0, 1\ns.movi s0, 1\n" \
	"s.movi s0, 1\ns.movi s0, 1\ns.movi s0, 1\n"

#define SET(NAME, WHAT, VALUE)								\
static size_t NAME(unsigned char *image, size_t size)					\
{											\
	WHAT = (VALUE);									\
	return size;									\
}

SET(k_name, kernel(image)->name, 1000000)
SET(k_func, kernel(image)->func, 2)
SET(k_pre, kernel(image)->grid_pre, 3)
SET(f_name, funcs(image)[1].name, 0xffffffff)
SET(f_range, funcs(image)[1].count, 2)
SET(f_wraps, funcs(image)[1].count, 0xffffffff)
SET(f_start, funcs(image)[1].start, 0xfffffff0)
SET(f_order, funcs(image)[1].start, 0)
SET(t_first, table(image)->first, 1)
SET(t_count, table(image)->count, 0)
SET(t_range, table(image)->count, 2)
SET(t_less, table(image)->count, 1)

const struct vcase verifier_unit[] = {
	PATCH("kernel name", k_name, "kernel 0", K_NAME),
	PATCH("kernel function", k_func, "kernel 0", K_FUNC),
	TEXT("no vector registers", ".kernel \"k\" func=f vregs=0" F, "kernel 0", K_VREGS),
	TEXT("odd vector registers", ".kernel \"k\" func=f vregs=5" F, "kernel 0", K_VREGS),
	TEXT("514 vector registers", ".kernel \"k\" func=f vregs=514" F, "kernel 0", K_VREGS),
	TEXT("512 vector registers", ".kernel \"k\" func=f vregs=512" F, NULL, NOTHING),
	TEXT("no scalars", ".kernel \"k\" func=f sregs=0" F, "kernel 0", K_SREGS),
	TEXT("65 scalars", ".kernel \"k\" func=f sregs=65" F, "kernel 0", K_SREGS),
	TEXT("parameters", ".kernel \"k\" func=f param=32765" F, "kernel 0", K_PARAM),
	TEXT("shared memory", ".kernel \"k\" func=f shared=232449" F, "kernel 0", K_SHARED),
	TEXT("local memory", ".kernel \"k\" func=f local=524304" F, "kernel 0", K_LOCAL),
	TEXT("local memory, multiple", ".kernel \"k\" func=f local=8" F, "kernel 0", K_LOCAL),
	TEXT("largest block", ".kernel \"k\" func=f threads=1025" F, "kernel 0", K_THREADS),
	TEXT("shape", ".kernel \"k\" func=f shape=8" F, "kernel 0", K_SHAPE),
	TEXT("flags", ".kernel \"k\" func=f flags=2" F, "kernel 0", K_FLAGS),
	TEXT("required block too large", ".kernel \"k\" func=f req=64,32,1" F, "kernel 0", K_REQ),
	TEXT("required block half given", ".kernel \"k\" func=f req=64,0,1" F, "kernel 0", K_REQ),
	TEXT("required block overflows", ".kernel \"k\" func=f req=65536,65536,1" F, "kernel 0",
	     K_REQ),
	TEXT("required block beyond the largest", ".kernel \"k\" func=f threads=32 req=64,1,1" F,
	     "kernel 0", K_REQ),
	TEXT("required block deep", ".kernel \"k\" func=f req=1,1,65" F, "kernel 0", K_REQ),
	TEXT("required block", ".kernel \"k\" func=f threads=64 req=4,4,4" F, NULL, NOTHING),

	PATCH("function name", f_name, "func 1", F_NAME),
	PATCH("function beyond the end", f_range, "func 1", F_RANGE),
	PATCH("function longer than memory", f_wraps, "func 1", F_RANGE),
	PATCH("function begins outside", f_start, "func 1", F_RANGE),
	PATCH("functions overlap", f_order, "func 1", F_ORDER),
	TEXT("empty function", ".kernel \"k\" func=f\n.func f\n.end\n.func g\nexit\n.end\n",
	     "func 0", F_EMPTY),
	TEXT("falls through", ".kernel \"k\" func=f\n.func f\nnop\n.end\n", "func 0", F_FALLS),
	TEXT("falls through a guarded exit", ".kernel \"k\" func=f\n.func f\n@p0 exit\n.end\n",
	     "func 0", F_FALLS),
	TEXT("falls through sbr", ".kernel \"k\" func=f\n.func f\nx:\nsbr:eq s0, s0, x\n.end\n",
	     "func 0", F_FALLS),
	TEXT("falls through a call", ".kernel \"k\" func=f\n.func f\ncall v0, g\n.end\n"
	     ".func g\nret v0\n.end\n", "func 0", F_FALLS),
	TEXT("ends with a branch", ".kernel \"k\" func=f\n.func f\nx:\nbra x\n.end\n",
	     NULL, NOTHING),
	TEXT("kernel with an id", ".kernel \"k\" func=f\n.func f id=1\nexit\n.end\n",
	     "func 0", F_ID),
	TEXT("one id twice", ".kernel \"k\" func=f" F ".func g id=7\nret v0\n.end\n"
	     ".func h id=7\nret v0\n.end\n", "func 2", F_ID),

	TEXT("grid preamble", ".kernel \"k\" func=f param=8 grid=p\n"
	     "p:\ns.ld:param:b64:a8 s0, [0]\ns.sreg s1, %ntid.x\ns.mul:32 s1, s1, 4\nexit" F,
	     NULL, NOTHING),
	TEXT("block preamble", ".kernel \"k\" func=f block=p\np:\ns.sreg s1, %ctaid.x\nexit" F,
	     NULL, NOTHING),
	PATCH("preamble outside", k_pre, "kernel 0", PRE_START),
	TEXT("preamble in a function", ".kernel \"k\" func=f grid=p\n.func f\np:\nexit\n.end\n",
	     "kernel 0", PRE_OVERLAP),
	TEXT("preamble runs into a function", ".kernel \"k\" func=f grid=p\np:\ns.movi s0, 1" F,
	     "kernel 0", PRE_OVERLAP),
	TEXT("one preamble twice", ".kernel \"k\" func=f grid=p block=p\np:\nexit" F,
	     "kernel 0", PRE_OVERLAP),
	TEXT("preamble without end", ".kernel \"k\" func=f grid=p" F "p:\ns.movi s0, 1\n",
	     "kernel 0", PRE_END),
	TEXT("longest preamble", ".kernel \"k\" func=f grid=p\np:\n" MOVES_511 "exit" F,
	     NULL, NOTHING),
	TEXT("preamble too long", ".kernel \"k\" func=f grid=p\np:\n" MOVES_511 "s.movi s0, 1\nexit" F,
	     "kernel 0", PRE_LONG),
	TEXT("vector instruction in a preamble", ".kernel \"k\" func=f grid=p\n"
	     "p:\nmov v0, 1\nexit" F, "insn 0 (mov)", PRE_INSN),
	TEXT("base in a preamble", ".kernel \"k\" func=f grid=p\n.pattern 4\n"
	     "p:\ns.base s0, v0, pat0\nexit" F, "insn 0 (s.base)", PRE_INSN),
	TEXT("branch in a preamble", ".kernel \"k\" func=f grid=p\np:\nbra p\nexit" F,
	     "insn 0 (bra)", PRE_INSN),
	TEXT("predicate in a preamble", ".kernel \"k\" func=f grid=p\n"
	     "p:\ns.setp:eq p0, s0, 1\nexit" F, "insn 0 (s.setp)", PRE_INSN),
	TEXT("select in a preamble", ".kernel \"k\" func=f grid=p\n"
	     "p:\ns.sel s0, s0, 1, p0\nexit" F, "insn 0 (s.sel)", PRE_INSN),
	TEXT("guarded exit in a preamble", ".kernel \"k\" func=f grid=p\n@p0 exit\np:\n@p0 exit" F,
	     "insn 1 (exit)", PRE_INSN),
	TEXT("shared memory in a preamble", ".kernel \"k\" func=f block=p\n"
	     "p:\ns.ld:shared:b32:a4 s0, [0]\nexit" F, "insn 0 (s.ld)", PRE_SPACE),
	TEXT("block index in a grid preamble", ".kernel \"k\" func=f grid=p\n"
	     "p:\ns.sreg s0, %ctaid.x\nexit" F, "insn 0 (s.sreg)", PRE_SREG),
	TEXT("warp index in a block preamble", ".kernel \"k\" func=f block=p\n"
	     "p:\ns.sreg s0, %warpid\nexit" F, "insn 0 (s.sreg)", PRE_SREG),
	TEXT("clock in a block preamble", ".kernel \"k\" func=f block=p\n"
	     "p:\ns.sreg s0, %clock64\nexit" F, "insn 0 (s.sreg)", PRE_SREG),
	TEXT("unknown opcode in a preamble", ".kernel \"k\" func=f grid=p\n"
	     "p:\n.raw 0xffff, 0, 0, 0, 0, 0, 0, 0\nexit" F, "insn 0 (?)", OPCODE),
	TEXT("preamble's scalars", ".kernel \"k\" func=f sregs=4 grid=p\n"
	     "p:\ns.movi s4, 1\nexit" F, "insn 0 (s.movi)", SREG),
	TEXT("instruction of nobody", ".kernel \"k\" func=f\nnop" F, "insn 0 (nop)", ORPHAN),

	PATCH("table begins late", t_first, "table 0", T_ORDER),
	PATCH("empty table", t_count, "table 0", T_EMPTY),
	PATCH("table beyond the targets", t_range, "table 0", T_RANGE),
	TEXT("table's target is no instruction", ".kernel \"k\" func=f\n.table T 100" F,
	     "table 0", T_TARGET),
	TEXT("table's target is in a preamble", ".kernel \"k\" func=f grid=p\n.table T p\n"
	     "p:\nexit" F, "table 0", T_TARGET),
	TEXT("table over two functions", ".kernel \"k\" func=f\n.table T a, b\n.func f\n"
	     "a:\nexit\n.end\n.func g\nb:\nexit\n.end\n", "table 0", T_SPREAD),
	{ .name = "tables overlap", .patch = t_range, .where = "table 1", .why = REFUSE_T_ORDER,
	  .text = ".kernel \"k\" func=f\n.table T a\n.table U a\n.func f\na:\nexit\n.end\n" },
	{ .name = "targets without a table", .patch = t_less, .where = "table 1",
	  .why = REFUSE_T_LEFT,
	  .text = ".kernel \"k\" func=f\n.table T a, a\n.func f\na:\nexit\n.end\n" },

	TEXT("function held to the least count", ".kernel \"k\" func=f vregs=16\n"
	     ".kernel \"l\" func=g vregs=8\n.func f\nexit\n.end\n.func g\nexit\n.end\n"
	     ".func h\nmov v8, 1\nret v0\n.end\n", "insn 2 (mov)", VREG),
	TEXT("kernel's function held to its own", ".kernel \"k\" func=f vregs=16\n"
	     ".kernel \"l\" func=g vregs=8\n.func f\nmov v8, 1\nexit\n.end\n"
	     ".func g\nexit\n.end\n", NULL, NOTHING),
	TEXT("two kernels share a function", ".kernel \"k\" func=f vregs=16\n"
	     ".kernel \"l\" func=f vregs=8\n.func f\nmov v8, 1\nexit\n.end\n",
	     "insn 0 (mov)", VREG),
};
const size_t verifier_unit_count = ARRAY_SIZE(verifier_unit);
