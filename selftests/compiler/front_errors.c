// SPDX-License-Identifier: MIT
/* Refusals of the parser: of a module by exact message and line, of an instruction by the reason in the message. */
#include <stdlib.h>
#include <string.h>

#include "compiler.h"
#include "ir.h"
#include "tap.h"

#define HEAD ".version 8.5\n.target sm_90\n.address_size 64\n"
#define REGS ".reg .pred %p<4>; .reg .b16 %h<4>; .reg .b32 %r<4>; .reg .b64 %d<4>; .reg .f32 %f<4>;\n"

/* Wrong at the top level: vgpucc_module_open() says so. */
static const struct { const char *text, *want; } modules[] = {
	{ ".target sm_90\n", "ptx line 1; error : syntax error at '.target': .version expected" },
	{ ".version 8.5\n", "error : no .target sm_…" },
	{ ".version x\n.target sm_90", "ptx line 1; error : syntax error at 'x': version number expected" },
	{ ".version 10.0\n.target sm_90", "ptx line 1; error : PTX version 10.0 is not supported" },
	{ ".version 8.6\n.target sm_120\n", "ptx line 2; error : target sm_120 needs PTX version 8.7 or later, not 8.6" },
	{ ".version 8.7\n.target debug, sm_120f\n", "ptx line 2; error : target sm_120f needs PTX version 8.8 or later, not 8.7" },
	{ ".version 7.8\n.target sm_90a\n", "ptx line 2; error : target sm_90a needs PTX version 8.0 or later, not 7.8" },
	{ ".version 6.2\n.target sm_75\n", "ptx line 2; error : target sm_75 needs PTX version 6.3 or later, not 6.2" },
	{ ".version 8.5\n.target sm_90\n.address_size 32\n", "ptx line 3; error : 32-bit addresses are not supported" },
	{ ".version 8.5\n.target sm_90\n.address_size 65\n", "ptx line 3; error : .address_size 65" },
	{ HEAD "nonsense", "ptx line 4; error : syntax error at 'nonsense': directive expected" },
	{ HEAD ".weird 1;", "ptx line 4; error : syntax error at '.weird': directive expected" },
	{ HEAD ".entry k()\n{\n ret;\n", "ptx line 5; error : body of 'k' is not closed" },
	{ HEAD ".entry k(.param .u32 a", "ptx line 4; error : syntax error at 'end of text': ')' expected" },
	{ HEAD ".entry k(.reg .pred %p = 3)", "ptx line 4; error : syntax error at '=': ')' expected" },
	{ HEAD ".entry k() { ret; }\n.entry k() { ret; }", "ptx line 5; error : 'k' is defined twice" },
	{ HEAD ".global .u32 a;\n.global .u32 a;", "ptx line 5; error : 'a' is declared twice" },
	{ HEAD ".global .u32 a;\n.global .u64 a;", "ptx line 5; error : 'a' is declared twice" },
	{ HEAD ".weak .global .u32 a;\n.global .u32 a = 1;", "ptx line 5; error : 'a' is declared twice" },
	{ HEAD ".extern .global .u32 a;\n.visible .global .u64 a;", "ptx line 5; error : 'a' is declared twice, with different types" },
	{ HEAD ".extern .shared .b8 a[];\n.extern .shared .b16 a[];", "ptx line 5; error : 'a' is declared twice, with different types" },
	{ HEAD ".extern .global .u32 a[5];\n.visible .global .u32 a[4];", "ptx line 5; error : 'a' is declared twice, with different types" },
	{ HEAD ".extern .global .u32 a[];\n.visible .global .u32 a[4];\n.extern .global .u32 a[];\n.x", "ptx line 7; error : syntax error at '.x': directive expected" },
	{ HEAD ".weak .entry k() { ret; }\n.weak .entry k() { ret; }", "ptx line 5; error : 'k' is defined twice" },
	{ HEAD ".func k() { ret; }\n.entry k() { ret; }", "ptx line 5; error : 'k' is declared twice" },
	{ HEAD ".entry k(.param .u64 a,\n.param .u32 b,\n.param .u32 a) { ret; }", "ptx line 6; error : 'a' is declared twice" },
	{ HEAD ".func f(.param .u64 a, .param .u32 a)\n{ ret; }", "ptx line 4; error : 'a' is declared twice" },
	{ HEAD ".func (.reg .u32 a) f(.reg .u32 a)\n{ ret; }", "ptx line 4; error : 'a' is declared twice" },
	{ HEAD ".extern .func f(.param .u64 a, .param .u32 a);\n.x", "ptx line 5; error : syntax error at '.x': directive expected" },
	{ HEAD ".global .u32 a;\n.entry k(.param .u32 a) { ret; }\n.entry l(.param .u32 a) { ret; }\n.x",
	  "ptx line 7; error : syntax error at '.x': directive expected" },
	{ HEAD ".func f(.param .u32 a);\n.func f(.param .u32 b) { ret; }\n.x", "ptx line 6; error : syntax error at '.x': directive expected" },
	{ HEAD ".entry k(.param .u32 a);\n.entry k(.param .u64 a) { ret; }", "ptx line 5; error : 'k' is declared twice, with different parameters" },
	{ HEAD ".func f(.param .b32 a) { ret; }\n.func f(.param .b32 a, .param .b32 b);", "ptx line 5; error : 'f' is declared twice, with different parameters" },
	{ HEAD ".func (.param .b32 r) f();\n.func f() { ret; }", "ptx line 5; error : 'f' is declared twice, with different parameters" },
	{ HEAD ".func f(.param .b8 a[4]);\n.func f(.param .align 8 .b8 a[4]);", "ptx line 5; error : 'f' is declared twice, with different parameters" },
	{ HEAD ".func f(.reg .b32 a);\n.func f(.param .b32 a);", "ptx line 5; error : 'f' is declared twice, with different parameters" },
	{ HEAD ".global .align 3 .u32 a;", "ptx line 4; error : alignment 3 is not a power of two up to 1048576" },
	{ HEAD ".global .u32 a[-1];", "ptx line 4; error : array size out of range" },
	{ HEAD ".global .u32 a[4294967296][4294967296];", "ptx line 4; error : array size out of range" },
	{ HEAD ".global .pred a;", "ptx line 4; error : variable of type .pred" },
	{ HEAD ".global .u32 a = 1.5;", "ptx line 4; error : floating-point constant where .u32 is wanted" },
	{ HEAD ".global .u32 a[2] = {1, 2, 3};", "ptx line 4; error : too many initializers for 'a'" },
	{ HEAD ".global .u64 a = nobody;", "ptx line 4; error : initializer of 'a' names an unknown symbol 'nobody'" },
	{ HEAD ".global .u16 a = a;", "ptx line 4; error : address in an initializer of .u16" },
	{ HEAD ".shared .u32 a = 1;", "ptx line 4; error : initializer of a variable outside .global and .const" },
	{ HEAD ".global .u32 a = 1 / 0;", "ptx line 4; error : division by zero in a constant expression" },
	{ HEAD ".global .u32 a = 99999999999999999999;", "ptx line 4; error : syntax error at '99999999999999999999': constant expected" },
	{ HEAD ".global .u32 a = ((((((((((((((((((((((((((((((((((((((((((((((1", "ptx line 4; error : constant expression nested too deeply" },
	{ HEAD ".param .u32 a;", "ptx line 4; error : .param variable outside a function" },
	{ HEAD ".entry k() .maxntid 0 { ret; }", "ptx line 4; error : launch bound out of range" },
	{ HEAD ".entry k() .maxntid 64 .reqntid 32 { ret; }", "ptx line 4; error : .maxntid and .reqntid of one kernel" },
	{ HEAD ".entry k() .reqntid 32 .maxntid 32 { ret; }", "ptx line 4; error : .maxntid and .reqntid of one kernel" },
	{ HEAD ".entry k() .fast { ret; }", "ptx line 4; error : unknown directive '.fast'" },
	{ HEAD ".alias a, b;", "ptx line 4; error : .alias of unknown function 'b'" },
	{ HEAD ".weak .func g() { ret; }\n.visible .func f();\n.alias f, g;", "ptx line 5; error : Function 'g' with .weak scope cannot be aliased" },
	{ HEAD ".extern .func g();\n.visible .func f();\n.alias f, g;", "ptx line 5; error : Function 'g' with .extern scope cannot be aliased" },
	{ HEAD ".visible .func g();\n.visible .func f();\n.alias f, g;", "ptx line 5; error : Function 'g' has no body to be aliased" },
	{ HEAD ".func g() { ret; }\n.func f();\n.alias f, g;\n.func h();\n.alias h, f;", "ptx line 7; error : Function 'f' has no body to be aliased" },
};

/* Wrong in a body: the module opens, the function is refused. */
static const struct { const char *body, *want; } bodies[] = {
	{ "frobnicate.u32 %r0;", "unknown instruction 'frobnicate.u32'" },
	{ "tcgen05.alloc.sync %r0;", "'tcgen05.alloc.sync' exists on other compute capabilities only" },
	{ "wgmma.fence.sync.aligned;", "'wgmma.fence.sync.aligned' exists on other compute capabilities only" },
	{ "add.u32.rn.rz %r0, %r1, %r2;", "'.rz' is not allowed on 'add'" },
	{ "add.pred %p0, %p1, %p2;", "'.pred' is not allowed on 'add'" },
	{ "add %r0, %r1, %r2;", "'add' lacks a type" },
	{ "add.ftz.s32 %r0, %r1, %r2;", "'.ftz' is not allowed with .s32" },
	{ "add.rz.u64 %d0, %d1, %d2;", "'.rz' is not allowed with .u64" },
	{ "max.NaN.u32 %r0, %r1, %r2;", "'.NaN' is not allowed with .u32" },
	{ "mul.s32 %r0, %r1, %r2;", "'mul' of integers lacks .lo, .hi or .wide" },
	{ "mad.hi.f32 %f0, %f1, %f2, %f3;", "'.hi' is not allowed with .f32" },
	{ "setp.s32 %p0, %r0, %r1;", "'setp' lacks its cmp modifier" },
	{ "add.s32 %r0, %r1;", "'add' wants at least 3 operands, not 2" },
	{ "add.s32 %r0, %r1, %r2, %r3;", "'add' has 1 operands too many" },
	{ "add.s32 %r0, %r1, %r9;", "unknown symbol '%r9'" },
	{ "add.s32 %r0, %r1, %r01;", "unknown symbol '%r01'" },
	{ "add.s32 %r0, %r1, %d0;", "register '%d0' (.b64) does not fit .s32 of 'add'" },
	{ "add.s32 %r0, %r1, %p0;", "register '%p0' of 'add': is a predicate" },
	{ "selp.s32 %r0, %r1, %r2, %r3;", "register '%r3' of 'selp': is not a predicate" },
	{ "add.s32 5, %r1, %r2;", "constant as destination of 'add'" },
	{ "add.s32 %tid.x, %r1, %r2;", "special register as destination of 'add'" },
	{ "add.s32 %r0, _, %r2;", "'_' as a source of 'add'" },
	{ "add.s32 %r0, !%r1, %r2;", "'!' before an operand of 'add'" },
	{ "add.s32 %r0, -%r1, %r2;", "'-' or selector on an operand of 'add'" },
	{ "add.s32 %r0, {%r1, %r2}, %r2;", "wrong number of vector elements of 'add'" },
	{ "add.s32 %r0, [%d0], %r2;", "wrong kind of operand of 'add'" },
	{ "add.s32 %r0, %r1, 0d3FF0000000000000;", "floating-point constant where .s32 is wanted" },
	{ "add.s32 %r0|%p0, %r1, %r2;", "'|' misplaced in 'add'" },
	{ "add.s32 %r0 %r1, %r2;", "syntax error at '%r1': ';' expected" },
	{ "add.s32 %r0, %r1, %r2", "syntax error at 'ret': ';' expected" },
	{ "mul.wide.u64 %d0, %d1, %d2;", ".wide with the type of 'mul'" },
	{ "ld.u32 %r0, %d0;", "'[' expected around the address of 'ld'" },
	{ "ld.u32 %r0, [%h0];", "address register is neither 32 nor 64 bits of 'ld'" },
	{ "ld.u32 %r0, [%d0, %r1];", "more than an address in the brackets of 'ld'" },
	{ "ld.u32 %r0, [%d0+%r1];", "syntax error at '%r1': constant expected" },
	{ "ld.v4.u32 {%r0, %r1}, [%d0];", "wrong number of vector elements of 'ld'" },
	{ "ld.v2.u32 %r0, [%d0];", "vector expected as an operand of 'ld'" },
	{ "ld.u64 %r0, [%d0];", "register '%r0' (.b32) does not fit .u64 of 'ld'" },
	{ "st.global.acquire.gpu.u32 [%d0], %r0;", "'.acquire' is not allowed on 'st'" },
	{ "ld.global.release.gpu.u32 %r0, [%d0];", "'.release' is not allowed on 'ld'" },
	{ "st.global.sc.gpu.u32 [%d0], %r0;", "'.sc' is not allowed on 'st'" },
	{ "mov.b64 {%r0, %r1, %r2}, %d0;", "vector does not fit the type of 'mov'" },
	{ "lop3.b32 %r0, %r1, %r2, %r3, %r0;", "constant expected as an operand of 'lop3'" },
	{ "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r0, %r1}, [%r2];", "operand 1 of 'ldmatrix' has 2 registers, 4 are wanted" },
	{ "stmatrix.sync.aligned.m8n8.x1.shared.b16 [%r2], {%r0, %r1};", "operand 2 of 'stmatrix' has 2 registers, 1 are wanted" },
	{ "mma.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32 {%f0}, {%r0}, {%r0}, {%f0};", "'mma' has no form of this shape and these types" },
	{ "mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32 {%f0, %f1, %f2, %f3}, {%r0, %r1}, {%r0, %r1}, {%f0, %f1, %f2, %f3};", "operand 3 of 'mma' has 2 registers, 1 are wanted" },
	{ "mma.sync.aligned.m8n8k128.row.col.s32.b1.b1.s32 {%r0, %r1}, {%r0}, {%r0}, {%r0, %r1};", "'mma' of .b1 lacks .and.popc or .xor.popc" },
	{ "mma.sync.aligned.m8n8k16.row.col.f32.s8.s8.f32 {%r0, %r1}, {%r0}, {%r0}, {%r0, %r1};", "'mma' has no form of this shape and these types" },
	{ "wmma.load.a.sync.aligned.row.m16n16k8.f16 {%r0}, [%d0];", "'wmma.load.a' has no form of this shape and these types" },
	{ "bra nowhere;", "undefined label 'nowhere'" },
	{ "bra 5;", "syntax error at '5': label expected" },
	{ "a: a: ret;", "label 'a' is defined twice" },
	{ "{ in: ret; } bra in;", "undefined label 'in'" },
	{ "@%r0 bra x;", "guard is not a predicate register" },
	{ "@5 bra x;", "syntax error at '5': predicate expected" },
	{ "call nobody;", "unknown symbol 'nobody'" },
	{ "call %d0, (%r0);", "indirect call without prototype or targets" },
	{ "call two;", "call has 0 arguments, 2 are wanted" },
	{ "call two, (%r0, %r1, %r2);", "call has 3 arguments, 2 are wanted" },
	{ "call two, (%h0, 1);", "argument 1 of the call is too narrow" },
	{ "call (%r0), two, (%r1, %r2);", "call of a function without results wants one" },
	{ "brx.idx %r0, two;", "table of targets expected as last operand of 'brx.idx'" },
	{ ".reg .b32 %r<2>;", "'%r' is declared twice" },
	{ ".reg .b32 %x<99999999>;", "register range of 99999999" },
	{ ".reg .b32 x; .reg .b32 x;", "'x' is declared twice" },
	{ ".reg .b32 x<3>; .reg .b64 x1;", "'x1' is declared twice" },
	{ ".reg .b64 x<12>, x20; .reg .b32 x11;", "'x11' is declared twice" },
	{ ".reg .b64 x7, x5, x6; .reg .b32 x<6>;", "'x5' is declared twice" },
	{ ".reg .b64 x5, x05; { .reg .b32 x<6>; } .reg .b32 x<5>, y, y;", "'y' is declared twice" },
	{ ".local .u32 x; .shared .u32 x;", "'x' is declared twice" },
	{ ".reg .b32 x; x: ret;", "'x' is declared twice" },
	{ "x: ret; .reg .b32 x;", "'x' is declared twice" },
	{ "x: ret; { .reg .b32 x; } { x: ret; } x: ret;", "label 'x' is defined twice" },
	{ ".local .b8 x[];", "variable 'x' has no size" },
	{ ".frob 1;", "syntax error at '.frob': directive expected" },
	{ "}", NULL },	/* closes the body: the rest is the module's error */
	{ "{ ret;", NULL },
	{ "add.s32 %r0, %r1, 0x;", "syntax error at '0x': constant expected" },
	{ "add.f32 %f0, %f1, 0f3F80;", "syntax error at '0f3F80': constant expected" },
	{ "\"string\";", "syntax error at 'string': instruction expected" },
	{ "mov.u32 %r0, \x01;", "syntax error at '?': constant expected" },
};

static const struct vgpucc_target target = { .cc = 120 };
static char log_buf[4096];

static void check_modules(void)
{
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		struct vgpucc_module *m;
		struct diag d;
		int ret;

		diag_init(&d, log_buf, sizeof(log_buf));
		ret = vgpucc_module_open(modules[i].text, 0, &target, &d, &m);
		if (!ok(ret && !m && !strcmp(d.first, modules[i].want), "module: %s",
			modules[i].want))
			note("status %d, got: %s", ret, d.first);
		vgpucc_module_close(m);
	}
}

static void check_bodies(void)
{
	static const char before[] = HEAD ".func two(.param .b32 a, .param .b32 b);\n"
		".entry k()\n{\n" REGS;

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct vgpucc_module *m;
		struct ir_body *b = NULL;
		char text[2048], want[256];
		struct diag d;
		int ret;

		snprintf(text, sizeof(text), "%s%s\nret;\n}\n", before, bodies[i].body);
		diag_init(&d, log_buf, sizeof(log_buf));
		ret = vgpucc_module_open(text, 0, &target, &d, &m);
		if (!bodies[i].want) {
			if (!ok(ret == VGPUCC_BAD_PTX && d.errors, "refused by the index: %s",
				bodies[i].body))
				note("status %d", ret);
			vgpucc_module_close(m);
			continue;
		}
		if (!ret)
			b = ir_body_parse(vgpucc_module_ir(m),
					  ir_module_func(vgpucc_module_ir(m), "k"), 1 << 24, &d);
		/* the next token may stand a line further */
		snprintf(want, sizeof(want), "error : %s", bodies[i].want);
		if (!ok(!ret && !b && strstr(d.first, want) && strstr(d.first, "ptx line "),
			"body: %s", bodies[i].want))
			note("status %d, got: %s", ret, d.first);
		ir_body_free(b);
		vgpucc_module_close(m);
	}
}

/* The line of an error is the line of the instruction, behind comments too. */
static void check_line(void)
{
	static const char text[] = HEAD ".entry a() { ret; }\n/* {\n\n */ .entry k()\n{\n"
		"// } \"\n.reg .b32 %r<2>;\n\n\tadd.s32 %r0,\n\t\t%r1, 1.5;\n}\n";
	struct vgpucc_module *m;
	struct ir_body *b;
	struct diag d;

	diag_init(&d, log_buf, sizeof(log_buf));
	ok(!vgpucc_module_open(text, 0, &target, &d, &m), "module with comments opens");
	b = ir_body_parse(vgpucc_module_ir(m), ir_module_func(vgpucc_module_ir(m), "k"),
			  1 << 24, &d);
	if (!ok(!b && !strncmp(d.first, "ptx line 13; ", 13), "line 13 is named"))
		note("got: %s", d.first);
	vgpucc_module_close(m);
}

/* Memory over the limit is an error, not a crash. */
static void check_limit(void)
{
	static const char text[] = HEAD ".entry k() { .reg .b32 %r<4000000>;\n"
		"mov.u32 %r3999999, 1; }\n";
	struct vgpucc_module *m;
	struct ir_body *b;
	struct diag d;

	diag_init(&d, log_buf, sizeof(log_buf));
	ok(!vgpucc_module_open(text, 0, &target, &d, &m), "module opens");
	b = ir_body_parse(vgpucc_module_ir(m), ir_module_func(vgpucc_module_ir(m), "k"),
			  1 << 24, &d);
	if (!ok(!b && strstr(d.first, "'k' needs more memory than the limit of 16 MiB"),
		"memory limit is named"))
		note("got: %s", d.first);
	b = ir_body_parse(vgpucc_module_ir(m), ir_module_func(vgpucc_module_ir(m), "k"),
			  1 << 26, &d);
	ok(b != NULL, "with more memory it parses");
	ir_body_free(b);
	vgpucc_module_close(m);
}

int main(void)
{
	check_modules();
	check_bodies();
	check_line();
	check_limit();
	return tap_done();
}
