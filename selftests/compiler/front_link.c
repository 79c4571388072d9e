// SPDX-License-Identifier: MIT
/* Linking: what fits together and what does not, in whose words; names, addresses; damaged images; how long it takes. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "compiler.h"
#include "fatbin_make.h"
#include "launch.h"
#include "tap.h"

#define HEAD ".version 8.0\n.target sm_80\n.address_size 64\n"
#define KERNEL ".visible .entry k(.param .u64 p) { .reg .b32 %r; .reg .b64 %a; ld.param.u64 %a, [p]; "
#define WANT_F ".extern .func (.param .b32 r) f(.param .b32 a); "
#define CALL_F "{ .param .b32 a; .param .b32 r; call (r), f, (a); } "
#define BODY "(.param .b32 r) f(.param .b32 a) { .reg .b32 %r; ld.param.b32 %r, [a]; st.param.b32 [r], %r; ret; } "
#define BY_POINTER "ld.global.u64 %a, [w]; q: .callprototype _ (); call %a, (), q; ret; }"
#define USE_V "ld.global.u32 %r, [v]; st.global.u32 [%a], %r; ret; } "

static char log_buf[4096];
static struct diag diag;

/* The first line of what was said, without "error : ". */
static const char *said(void)
{
	const char *p = strstr(diag.first, "error : ");

	return p ? p + strlen("error : ") : diag.first;
}

static struct vgpucc_link *new_link(void)
{
	diag_init(&diag, log_buf, sizeof(log_buf));
	return vgpucc_link_new(120);
}

static int add(struct vgpucc_link *l, unsigned int n, const char *text)
{
	static char all[8192];
	char name[8];

	snprintf(name, sizeof(name), "n%u", n);
	snprintf(all, sizeof(all), HEAD "%s", text);
	return vgpucc_link_add(l, name, all, strlen(all), &diag);
}

static int open_image(const char *image, size_t len, struct vgpucc_module **m)
{
	static const struct vgpucc_target target = { .cc = 120 };

	return vgpucc_module_open(image, len, &target, &diag, m);
}

static int compile_all(const struct vgpucc_module *m)
{
	struct vgpucc_options opt = { .shape = VGPUCC_SHAPE_LINEAR, .cc = 120 };
	struct vgpucc_kernel k;
	int ret = 0;

	for (unsigned int i = 0; !ret && !vgpucc_kernel_at(m, i, &k); i++) {
		void *code;
		size_t size;

		ret = vgpucc_compile_kernel(m, k.name, &opt, &diag, &code, &size);
		free(code);
	}
	return ret;
}

static struct vgpucc_module *link_of(unsigned int n, const char *const *texts)
{
	struct vgpucc_link *l = new_link();
	struct vgpucc_module *m = NULL;
	size_t len;
	char *image;
	int ret = 0;

	for (unsigned int i = 0; i < n && !ret; i++)
		ret = add(l, i, texts[i]);
	image = vgpucc_link_image(l, &len);
	vgpucc_link_free(l);
	if (!ret)
		ret = open_image(image, 0, &m);
	free(image);
	if (ret)
		note("%s", log_buf);
	return m;
}

/* ---- what fits ---- */

enum step { FITS, ADD, OPEN, COMPILE };

static const struct {
	const char *what, *texts[3];
} good[] = {
	{ "a function elsewhere", { WANT_F KERNEL CALL_F "ret; }", ".visible .func " BODY } },
	{ "the other way round", { ".visible .func " BODY, WANT_F KERNEL CALL_F "ret; }" } },
	{ "a variable elsewhere", { ".extern .global .u32 v; " KERNEL USE_V, ".visible .global .u32 v = 5;" } },
	{ "of another type", { ".extern .global .u32 v; " KERNEL USE_V, ".visible .global .align 4 .b8 v[4];" } },
	{ "without a size", { ".extern .global .align 4 .b8 v[]; " KERNEL USE_V, ".visible .global .u32 v[7];" } },
	{ "parameters of other types", { WANT_F KERNEL CALL_F "ret; }", ".visible .func (.param .u32 r) f(.param .s32 a) { ret; }" } },
	{ "parameters in registers", { WANT_F KERNEL CALL_F "ret; }", ".visible .func (.reg .b32 r) f(.reg .b32 a) { mov.b32 r, a; ret; }" } },
	{ "an alias", { WANT_F KERNEL CALL_F "ret; }", ".visible .func (.param .b32 r) g(.param .b32 a) { ret; } "
	  ".visible .func (.param .b32 r) f(.param .b32 a); .alias f, g;" } },
	{ "declared .visible", { ".visible .func (.param .b32 r) f(.param .b32 a); " KERNEL CALL_F "ret; }", ".visible .func " BODY } },
	{ "of the device runtime", { ".extern .func (.param .b32 r) vprintf(.param .b64 a, .param .b64 b); " KERNEL
	  "{ .param .b64 a; .param .b64 b; .param .b32 r; call (r), vprintf, (a, b); } ret; }" } },
	{ "shared memory elsewhere", { ".extern .shared .b32 s[4]; " KERNEL "ld.shared.u32 %r, [s]; st.global.u32 [%a], %r; ret; }",
	  ".visible .shared .b32 s[4];" } },
	{ "dynamic shared memory", { ".extern .shared .align 4 .b8 s[]; " KERNEL "ld.shared.u32 %r, [s]; ret; }",
	  ".extern .shared .align 16 .b8 s[]; .visible .entry k2() { .reg .b32 %r; ld.shared.u32 %r, [s]; ret; }" } },
	{ "a kernel of one text only", { ".entry k() { ret; }", ".visible .entry k() { ret; }", ".entry k() { ret; }" } },
	{ "weak ones", { ".weak .func " BODY, ".weak .func " BODY, WANT_F KERNEL CALL_F "ret; }" } },
	{ "a weak one and a strong one", { ".weak .func " BODY KERNEL CALL_F "ret; }", ".visible .func " BODY } },
	{ "weak kernels whose parameters take as much", { ".weak .entry k(.param .u32 a, .param .u32 b) { ret; }", ".weak .entry k(.param .u64 a) { ret; }" } },
	{ "a weak kernel and a strong one with other parameters", { ".weak .entry k(.param .u32 a) { ret; }", ".visible .entry k(.param .u64 a) { ret; }" } },
	{ "a common one smaller than what is defined", { ".common .global .u32 v; " KERNEL USE_V, ".visible .global .u64 v = 9;" } },
	{ "or defined before it", { ".weak .global .u64 v = 9;", ".common .global .u32 v; " KERNEL USE_V } },
	{ "constants of 64 KiB", { ".visible .const .b8 a[40000]; " KERNEL "ret; }", ".visible .const .b8 b[25536]; .extern .const .b8 a[40000];" } },
	{ "a function that is said to be nowhere", { ".func f(); " KERNEL "call f; ret; }", ".visible .func f() { ret; }" } },
	{ "common ones", { ".common .global .u32 v; " KERNEL USE_V, ".common .global .u64 v;" } },
	{ "declared, never used", { WANT_F ".extern .global .u32 v; " KERNEL "ret; }" } },
	{ "missing where no kernel calls it", { WANT_F ".visible .func g() { " CALL_F "ret; } " KERNEL "ret; }" } },
	{ "or can, by pointer", { WANT_F ".func g() { " CALL_F "ret; } .func t() { ret; } .global .u64 w = t; " KERNEL BY_POINTER } },
	{ "a comment without an end", { ".visible .func " BODY "/* and so", WANT_F KERNEL CALL_F "ret; }" } },
	{ "names of a body that are others' elsewhere", { ".func r1() { ret; } " KERNEL ".reg .b32 r<4>; mov.b32 r1, 5; bra r2; r2: ret; }",
	  ".visible .func r1() { ret; } .visible .func r2() { ret; }" } },
};

/* ---- what does not ---- */

static const struct {
	const char *what, *texts[3];
	enum step step; /* that fails */
	const char *want;
} wrong[] = {
	{ "a missing function", { WANT_F KERNEL "\n" CALL_F "ret; }" }, COMPILE, "Undefined reference to 'f' in 'n0'" },
	{ "called by another", { "", WANT_F ".func g() { " CALL_F "ret; } " KERNEL "call g; ret; }" }, COMPILE, "Undefined reference to 'f' in 'n1'" },
	{ "its address", { WANT_F KERNEL "mov.u64 %a, f; ret; }" }, COMPILE, "Undefined reference to 'f' in 'n0'" },
	{ "a missing variable", { ".extern .global .u32 v; " KERNEL USE_V }, COMPILE, "Undefined reference to 'v' in 'n0'" },
	{ "missing shared memory", { ".extern .shared .b32 s[4]; " KERNEL "ld.shared.u32 %r, [s]; ret; }" }, COMPILE, "Undefined reference to 's' in 'n0'" },
	{ "one that is another text's own", { ".extern .global .u32 v; " KERNEL USE_V, ".global .u32 v;" }, COMPILE, "Undefined reference to 'v' in 'n0'" },
	{ "its address in a variable", { ".extern .global .u32 v; .global .u64 w = v;" }, OPEN, "Undefined reference to 'v' in 'n0'" },
	{ "a function's in a variable", { "", WANT_F ".global .u64 w = f;" }, OPEN, "Undefined reference to 'f' in 'n1'" },
	{ "called by pointer", { "", WANT_F ".func g() { " CALL_F "ret; } .global .u64 w = g; " KERNEL BY_POINTER }, COMPILE, "Undefined reference to 'f' in 'n1'" },
	{ "by one that another text has", { WANT_F ".visible .func g() { " CALL_F "ret; }", ".extern .func g(); .func h() { .reg .b64 %a; call g; mov.u64 %a, g; ret; } "
	  ".visible .global .u64 w; " KERNEL BY_POINTER }, COMPILE, "Undefined reference to 'f' in 'n0'" },
	{ "a device-side launch", { ".extern .func (.param .b32 r) cudaDeviceSynchronize(); " KERNEL
	  "{ .param .b32 r; call (r), cudaDeviceSynchronize, (); } ret; }" }, COMPILE, "device-side launch ('cudaDeviceSynchronize') is not supported" },

	{ "a function twice", { ".visible .func " BODY, "", ".visible .func " BODY }, ADD, "Multiple definition of 'f' in 'n2', first defined in 'n0'" },
	{ "a variable twice", { ".visible .global .u32 v;", ".visible .global .u32 v;" }, ADD, "Multiple definition of 'v' in 'n1', first defined in 'n0'" },
	{ "a kernel twice", { KERNEL "ret; }", KERNEL "ret; }" }, ADD, "Multiple definition of 'k' in 'n1', first defined in 'n0'" },
	{ "an alias twice", { ".visible .func " BODY, ".visible .func (.param .b32 r) g(.param .b32 a) { ret; } "
	  ".visible .func (.param .b32 r) f(.param .b32 a); .alias f, g;" }, ADD, "Multiple definition of 'f' in 'n1', first defined in 'n0'" },
	{ "a weak alias", { ".visible .func " BODY, ".visible .func (.param .b32 r) g(.param .b32 a) { ret; } "
	  ".weak .func (.param .b32 r) f(.param .b32 a); .alias f, g;" }, ADD, "Multiple definition of 'f' in 'n1', first defined in 'n0'" },
	{ "a function twice, with other parameters", { ".visible .func " BODY, ".visible .func f() { ret; }" }, ADD, "Multiple definition of 'f' in 'n1', first defined in 'n0'" },
	{ "common ones with contents", { ".common .global .u32 v = 1;", ".common .global .u32 v = 2;" }, ADD, "Multiple definition of 'v' in 'n1', first defined in 'n0'" },
	{ "shared memory twice", { ".visible .shared .b32 s[4];", ".visible .shared .b32 s[4];" }, ADD, "Multiple definition of 's' in 'n1', first defined in 'n0'" },
	{ "a function and a variable", { ".visible .func " BODY, ".visible .global .u32 f;" }, ADD, "Memory space doesn't match for 'f' in 'n1', first specified in 'n0'" },
	{ "a variable and a function", { ".visible .global .u32 f;", ".visible .func " BODY }, ADD, "Memory space doesn't match for 'f' in 'n1', first specified in 'n0'" },
	{ "two spaces", { ".extern .global .u32 v;", ".visible .const .u32 v;" }, ADD, "Memory space doesn't match for 'v' in 'n1', first specified in 'n0'" },
	{ "two sizes", { ".extern .global .u32 v;", ".visible .global .u64 v;" }, ADD, "Size doesn't match for 'v' in 'n1', first specified in 'n0'" },
	{ "two sizes, both weak", { ".weak .global .u32 v;", ".weak .global .u64 v;" }, ADD, "Size doesn't match for 'v' in 'n1', first specified in 'n0'" },
	{ "a common one larger than what is defined", { ".visible .global .u32 v;", ".common .global .u64 v;" }, ADD, "Common symbol 'v' in file 'n1' has larger size than initialization" },
	{ "and before it", { ".common .global .u64 v;", ".weak .global .u32 v;" }, ADD, "Common symbol 'v' in file 'n0' has larger size than initialization" },
	{ "a common one and one that is elsewhere", { ".extern .global .u32 v;", ".common .global .u64 v;" }, ADD, "Size doesn't match for 'v' in 'n1', first specified in 'n0'" },
	{ "managed for some", { ".extern .global .u32 v;", ".visible .global .attribute(.managed) .u32 v;" }, ADD, "Managed attribute doesn't match for 'v' in 'n1', first specified in 'n0'" },
	{ "constants of more than 64 KiB", { ".const .b8 v[40000];", ".const .b8 v[40000];" }, OPEN, "File uses too much global constant data (0x13880 bytes, 0x10000 max)" },
	{ "a wider parameter", { WANT_F, ".visible .func (.param .b32 r) f(.param .b64 a) { ret; }" }, ADD, "Prototype doesn't match for 'f' in 'n1', first defined in 'n1'" },
	{ "a wider parameter, wanted by the second", { ".visible .func " BODY, ".extern .func (.param .b32 r) f(.param .b64 a);" }, ADD, "Prototype doesn't match for 'f' in 'n1', first defined in 'n0'" },
	{ "a wider parameter of one that nobody has", { WANT_F, ".extern .func (.param .b32 r) f(.param .b64 a);" }, ADD, "Prototype doesn't match for 'f' in 'n1', first defined in 'n0'" },
	{ "a wider parameter of a weak one", { ".weak .func " BODY, ".visible .func (.param .b32 r) f(.param .b64 a) { ret; }" }, ADD, "Prototype doesn't match for 'f' in 'n1', first defined in 'n0'" },
	{ "a wider parameter of a weak kernel", { ".weak .entry k(.param .u32 a) { ret; }", ".weak .entry k(.param .u64 a) { ret; }" }, ADD, "Duplicate weak parameter bank for 'k' is not the same size" },
	{ "a parameter more", { WANT_F, ".visible .func (.param .b32 r) f(.param .b32 a, .param .b32 b) { ret; }" }, ADD, "Prototype doesn't match for 'f' in 'n1', first defined in 'n1'" },
	{ "no result", { WANT_F, ".visible .func f(.param .b32 a) { ret; }" }, ADD, "Prototype doesn't match for 'f' in 'n1', first defined in 'n1'" },
	{ "a kernel that is a function elsewhere", { ".extern .func f();", ".visible .entry f() { ret; }" }, ADD, "Function 'f' not declared __global__ in all source files" },

	{ "a text with an error", { "", "\n.nonsense" }, ADD, "syntax error at '.nonsense': directive expected" },
	{ "in a function that nobody calls", { ".func g()\n{\n frob.u32 %r, 1;\n ret;\n}" }, ADD, "unknown instruction 'frob.u32'" },
};

static void check_case(const char *what, const char *const *texts, enum step step, const char *want)
{
	struct vgpucc_link *l = new_link();
	struct vgpucc_module *m = NULL;
	enum step failed = FITS;
	char *image = NULL;
	size_t len = 0;

	for (unsigned int i = 0; i < 3 && texts[i] && !failed; i++)
		if (add(l, i, texts[i]))
			failed = ADD;
	if (!failed) {
		image = vgpucc_link_image(l, &len);
		failed = open_image(image, len, &m) ? OPEN : compile_all(m) ? COMPILE : FITS;
	}
	if (!ok(failed == step && !strcmp(said(), want), "%s: %s", what, *want ? want : "linked"))
		note("step %d: %s", failed, diag.first);
	vgpucc_module_close(m);
	vgpucc_link_free(l);
	free(image);
}

/* Errors of one text say where in it; an input alone has no name before its line, for the caller knows which it is. */
static void check_lines(void)
{
	struct vgpucc_link *l = new_link();
	struct vgpucc_module *m;
	size_t len;
	char *image;

	ok(add(l, 0, ".func g()\n{\n\tret;\n}\n") == VGPUCC_OK && add(l, 1, "\n\n.nonsense") == VGPUCC_BAD_PTX &&
	   !strncmp(diag.first, "ptx line 6; ", 12), "the line is that of the text: %s", diag.first);
	ok(add(l, 2, WANT_F "\n" KERNEL "\n" CALL_F "ret; }") == VGPUCC_OK, "a bad input is left out");
	image = vgpucc_link_image(l, &len);
	diag_init(&diag, log_buf, sizeof(log_buf));
	ok(!open_image(image, len, &m) && compile_all(m) == VGPUCC_BAD_LINK && !strncmp(diag.first, "n2, ptx line 6; ", 16),
	   "and so in what is linked: %s", diag.first);
	vgpucc_module_close(m);
	free(image);
	ok(add(l, 3, ".visible .entry k() { ret; }") == VGPUCC_BAD_LINK && add(l, 4, "") == VGPUCC_BAD_LINK &&
	   !vgpucc_link_image(l, &len), "an input that does not fit spoils the link");
	vgpucc_link_free(l);
}

static void check_undefined(const struct vgpucc_link *l)
{
	struct vgpucc_module *m = NULL;
	size_t len;
	char *image = vgpucc_link_image(l, &len);

	ok(!open_image(image, len, &m) && compile_all(m) == VGPUCC_BAD_LINK && strstr(log_buf, "ptx line 4; error : Undefined reference to 'f' in 'p"),
	   "an input whose name has 2999");
	vgpucc_module_close(m);
	free(image);
}

/* C++ makes long names, and folders do: what is wrong is said nevertheless. */
static void check_long_names(void)
{
	static char text[4000], name[1400], path[3000];
	struct vgpucc_link *l = new_link();

	memset(name, 'f', sizeof(name) - 1);
	memset(path, 'p', sizeof(path) - 1);
	snprintf(text, sizeof(text), HEAD ".visible .global .u32 %s;", name);
	ok(!vgpucc_link_add(l, "a", text, strlen(text), &diag) && vgpucc_link_add(l, "b", text, strlen(text), &diag) == VGPUCC_BAD_LINK &&
	   strstr(log_buf, name) && strstr(log_buf, "' in 'b', first defined in 'a'\n"), "a name of 1399 bytes");
	vgpucc_link_free(l);
	l = new_link();
	strcpy(text, HEAD WANT_F KERNEL CALL_F "ret; }");
	vgpucc_link_add(l, path, text, strlen(text), &diag);
	check_undefined(l);
	vgpucc_link_free(l);
}

/* ---- what comes of it ---- */

static bool reloc_to(const struct vgpucc_module *m, const char *from, const char *to)
{
	struct vgpucc_global g, h;

	return !vgpucc_global_find(m, from, &g) && g.nrelocs == 1 && !vgpucc_global_at(m, g.relocs[0].global, &h) &&
	       !strcmp(h.name, to);
}

static void check_names(void)
{
	static const char *const texts[] = {
		".global .u32 v = 3; .visible .global .u64 x = v; .func s() { ret; } .visible .global .u64 fx = s; "
		".extern .global .u32 w; .visible .global .u64 wx = w; .entry k() { ret; }",
		".global .u32 v = 4; .visible .global .u64 y = v; .func s() { ret; } .visible .global .u64 fy = s; "
		".weak .global .u32 w = 1; .global .u32 v$1; .entry k() .maxntid 7 { ret; }",
		".visible .global .u32 v = 5; .visible .global .u64 z = v; .visible .global .u32 w = 2; .visible .entry k() .maxntid 9 { ret; }",
	};
	struct vgpucc_module *m = link_of(3, texts);
	struct vgpucc_kernel k, other;
	struct vgpucc_global g, h;
	struct vgpucc_info info;
	uint32_t a = 0, b = 0;

	if (!ok(m != NULL, "three texts"))
		return;
	vgpucc_module_info(m, &info);
	ok(info.nkernels == 3 && info.ptx_isa == 800 && info.ptx_target == 80, "three kernels");
	ok(!vgpucc_global_find(m, "v", &g) && g.init_len == 4 && *(const uint8_t *)g.init == 5, "the name is that of what all see");
	ok(reloc_to(m, "z", "v") && !reloc_to(m, "x", "v") && !reloc_to(m, "y", "v"), "each text means its own");
	ok(!vgpucc_global_find(m, "x", &g) && !vgpucc_global_find(m, "y", &h) && g.relocs[0].global != h.relocs[0].global &&
	   !vgpucc_global_at(m, g.relocs[0].global, &g) && !vgpucc_global_at(m, h.relocs[0].global, &h) &&
	   *(const uint8_t *)g.init == 3 && *(const uint8_t *)h.init == 4, "which are two");
	ok(strcmp(g.name, h.name) && vgpucc_global_offset(m, g.index) != vgpucc_global_offset(m, h.index),
	   "with names and places of their own: %s, %s", g.name, h.name);
	ok(!vgpucc_global_find(m, "fx", &g) && !vgpucc_global_find(m, "fy", &h) && !vgpucc_function_id(m, g.relocs[0].func, &a) &&
	   !vgpucc_function_id(m, h.relocs[0].func, &b) && a != b, "so with functions");
	ok(!vgpucc_global_find(m, "w", &g) && *(const uint8_t *)g.init == 2 && reloc_to(m, "wx", "w"), "what is strong counts");
	ok(!vgpucc_kernel_find(m, "k", &k) && k.maxntid[0] == 9, "so with kernels");
	for (unsigned int i = 0; i < 3 && !vgpucc_kernel_at(m, i, &k); i++)
		if (vgpucc_kernel_find(m, k.name, &other) || other.index != i)
			ok(false, "kernel %u, '%s', is another by its name", i, k.name);
	vgpucc_module_close(m);
}

static void check_sizes(void)
{
	static const char *const texts[] = {
		".common .global .u32 c; .extern .global .align 64 .u32 e; .func s() { .shared .b8 t[100]; ret; } .visible .entry a() { call s; ret; }",
		".common .global .align 32 .b8 c[12]; .visible .global .u32 e; .func s() { .shared .b8 t[300]; ret; } .visible .entry b() { call s; ret; }",
		".common .global .u64 c;",
	};
	struct vgpucc_module *m = link_of(3, texts);
	struct vgpucc_kernel a, b;
	struct vgpucc_global g;

	if (!ok(m != NULL, "three more"))
		return;
	ok(!vgpucc_global_find(m, "c", &g) && g.size == 12 && g.align == 32, "of common ones the largest");
	ok(!vgpucc_global_find(m, "e", &g) && g.size == 4 && g.align == 64, "as aligned as anyone says");
	ok(!vgpucc_kernel_find(m, "a", &a) && !vgpucc_kernel_find(m, "b", &b) && a.static_shared == 100 && b.static_shared == 300,
	   "shared memory of the function that is meant");
	vgpucc_module_close(m);
}

static void check_targets(void)
{
	static const char older[] = ".version 6.3\n.target sm_75\n.entry a() { ret; }";
	struct vgpucc_link *l = new_link();
	struct vgpucc_module *m = NULL;
	struct vgpucc_kernel a, b;
	struct vgpucc_info info;
	char *image;
	size_t len;

	ok(!add(l, 0, ".entry b() { ret; }") && !vgpucc_link_add(l, "older", older, strlen(older), &diag), "texts for several targets");
	image = vgpucc_link_image(l, &len);
	vgpucc_link_free(l);
	if (ok(!open_image(image, len, &m), "linked")) {
		vgpucc_module_info(m, &info);
		ok(info.ptx_target == 80 && info.ptx_isa == 800 && !vgpucc_kernel_find(m, "a", &a) && a.target == 75 &&
		   !vgpucc_kernel_find(m, "b", &b) && b.target == 80, "each kernel has that of its text");
	}
	vgpucc_module_close(m);
	free(image);
}

static void check_containers(void)
{
	static struct blob fat, other;
	struct vgpucc_link *l = new_link();
	struct vgpucc_module *m;
	struct vgpucc_kernel k;
	char *image;
	size_t len;

	begin(&fat);
	put_entry(&fat, 2, 120, 0, 0, "machine code");
	put_entry(&fat, 1, 75, 0, 1, HEAD ".visible .func f() { nonsense; }");
	put_entry(&fat, 1, 90, 0, 2, HEAD ".visible .func f() { ret; }");
	put_entry(&fat, 1, 130, 0, 0, HEAD "nonsense");
	end(&fat);
	ok(!vgpucc_link_add(l, "fat", fat.b, fat.len, &diag), "of a fatbin the PTX that suits best");
	begin(&other);
	put_entry(&other, 1, 130, 0, 0, HEAD ".visible .func g() { ret; }");
	end(&other);
	ok(vgpucc_link_add(l, "other", other.b, other.len, &diag) == VGPUCC_NO_PTX, "one that has nothing: %s", said());
	ok(!add(l, 1, ".extern .func f(); .visible .entry k() { call f; ret; }"), "and a text");
	image = vgpucc_link_image(l, &len);
	ok(strlen(image) == len && vgpucc_image_size(image) == len && !vgpucc_is_container(image), "an image is a text, as to its size");
	ok(vgpucc_link_add(l, "again", image, len, &diag) == VGPUCC_BAD_IMAGE, "which is not linked again");
	ok(!open_image(image, 0, &m) && !compile_all(m) && !vgpucc_kernel_find(m, "k", &k), "it is opened by its address");
	vgpucc_module_close(m);
	vgpucc_link_free(l);
	free(image);
	l = new_link();
	image = vgpucc_link_image(l, &len);
	ok(!open_image(image, 0, &m) && vgpucc_kernel_at(m, 0, &k) == VGPUCC_NOT_FOUND, "nothing is linked to a module of nothing");
	vgpucc_module_close(m);
	vgpucc_link_free(l);
	free(image);
}

/* ---- what is damaged, what takes long ---- */

static uint64_t state = 20240229;

static uint64_t rnd(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state * 0x2545f4914f6cdd1dull >> 16) % below;
}

/* What the image of a link is made of, and names that are also others'. */
static size_t damage(char *b, size_t n)
{
	static const char *const bits[] = { "0 0\n", "99999999999999999999 1\n", "2 ", "-1", "!<linked PTX>\n", ".extern ", ".weak ",
					    ".global .u32 f;", ".alias f, s;", "\n", "s" };
	const char *bit = bits[rnd(sizeof(bits) / sizeof(bits[0]))];
	size_t at = rnd(n), len = strlen(bit);

	switch (rnd(4)) {
	case 0:
		b[at] = rnd(256);
		return n;
	case 1:
		return at + 1;
	case 2:
		len = rnd(40);
		if (at + len <= n)
			memmove(b + at, b + rnd(n - len), len);
		return n;
	default:
		if (at + len <= n)
			memcpy(b + at, bit, len);
		return n;
	}
}

static void check_damaged(void)
{
	static const char *const texts[] = {
		WANT_F ".extern .global .u32 v; .global .u64 w = v; .func s() { ret; } .weak .global .u32 z = 1; " KERNEL CALL_F "call s; " USE_V,
		".visible .func " BODY ".visible .global .u32 v = 3; .func s() { ret; } .weak .global .u32 z = 2; .common .global .u32 c;",
	};
	unsigned int good = 0, bad = 0, silent = 0;
	struct vgpucc_link *l = new_link();
	struct vgpucc_module *m;
	size_t len;
	char *image;

	add(l, 0, texts[0]);
	add(l, 1, texts[1]);
	image = vgpucc_link_image(l, &len);
	vgpucc_link_free(l);
	for (unsigned int i = 0; i < 6000; i++) {
		char *b = malloc(len), *exact;
		size_t n = len;

		memcpy(b, image, len);
		for (unsigned int k = 0; k <= i % 3; k++)
			n = damage(b, n);
		exact = malloc(n); /* not a byte more: a look behind it is seen */
		memcpy(exact, b, n);
		diag_init(&diag, log_buf, sizeof(log_buf));
		if (open_image(exact, n, &m)) {
			bad++;
			silent += !diag.errors;
		} else {
			good++;
			if (compile_all(m) && !diag.errors)
				silent++;
			vgpucc_module_close(m);
		}
		free(exact);
		free(b);
	}
	ok(good && bad && !silent, "damaged images: %u opened, %u refused, all with a reason", good, bad);
	free(image);
}

/* Many texts of few names, many names that all texts have, and names that are like those we give. */
static void check_time(void)
{
	enum { TEXTS = 200, NAMES = 400 };
	static char text[TEXTS * 2][NAMES * 48];
	struct vgpucc_link *l = new_link();
	clock_t begin_at = clock();
	struct vgpucc_module *m;
	struct vgpucc_info info;
	double seconds;
	size_t len;
	char *image;
	int ret = 0;

	for (unsigned int i = 0; i < TEXTS && !ret; i++) {
		char *at = text[i] + sprintf(text[i], HEAD);

		for (unsigned int k = 0; k < NAMES; k++)
			at += sprintf(at, k % 2 ? ".global .u32 name$%u;\n" : ".weak .global .u32 weak$%u;\n", k);
		at += sprintf(at, ".global .u32 name; .visible .global .u64 of%u = name;\n", i);
		ret = vgpucc_link_add(l, "t", text[i], strlen(text[i]), &diag);
	}
	image = vgpucc_link_image(l, &len);
	vgpucc_link_free(l);
	ret = ret ? ret : open_image(image, len, &m);
	if (!ok(!ret, "200 texts of 400 names"))
		note("%s", diag.first);
	free(image);
	if (ret)
		return;
	vgpucc_module_info(m, &info);
	seconds = (double)(clock() - begin_at) / CLOCKS_PER_SEC;
	ok(info.nglobals == TEXTS * (NAMES / 2 + 2) + NAMES / 2, "each is there as often as it should be: %u", info.nglobals);
	ok(seconds < 20, "in less than 20 s");
	vgpucc_module_close(m);
}

int main(void)
{
	for (unsigned int n = 0; n < sizeof(good) / sizeof(good[0]); n++)
		check_case(good[n].what, good[n].texts, FITS, "");
	for (unsigned int n = 0; n < sizeof(wrong) / sizeof(wrong[0]); n++)
		check_case(wrong[n].what, wrong[n].texts, wrong[n].step, wrong[n].want);
	check_lines();
	check_long_names();
	check_names();
	check_sizes();
	check_targets();
	check_containers();
	check_damaged();
	check_time();
	return tap_done();
}
