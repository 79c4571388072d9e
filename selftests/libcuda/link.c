// SPDX-License-Identifier: MIT
/*
 * cuLink*: texts that need each other, linked and run; what is taken and what is not; who hears of errors, and in which
 * order calls may come. What is expected here, an H200 with driver 580 did, but for the words of errors within a text.
 */
#include <elf.h>
#include <stdlib.h>
#include <unistd.h>
#include "../compiler/fatbin_make.h"
#include "../compiler/tap.h"
#include "cuda.h"
#include "host_device.h"

#define HEAD ".version 8.0\n.target sm_80\n.address_size 64\n"

/*
 * As nvcc -rdc=true makes them of two sources with a function helper() of each one's own, a variable that one defines, a
 * function for all (weak), a table of functions, printf, and a string that both call $str.
 */
static const char first[] = HEAD
	".extern .func (.param .b32 r) scale(.param .b32 a, .param .b64 b);\n"
	".extern .global .align 4 .b8 table[16];\n.extern .global .align 8 .u64 functions[2];\n"
	".extern .shared .align 1 .b8 dynamic[];\n.global .align 1 .b8 $str[3] = {97, 49, 0};\n"
	".weak .global .align 4 .u32 calls;\n"
	".func (.param .b32 r) helper()\n{\n\t.reg .b32 %r<2>;\n\t.shared .align 4 .b32 own[8];\n"
	"\tst.shared.u32 [own], 7;\n\tld.shared.u32 %r1, [own];\n\tst.param.b32 [r], %r1;\n\tret;\n}\n"
	".weak .func (.param .b32 r) count()\n{\n\t.reg .b32 %r<2>;\n\tatom.global.add.u32 %r1, [calls], 1;\n"
	"\tst.param.b32 [r], %r1;\n\tret;\n}\n"
	".visible .entry run(.param .u64 out)\n{\n\t.reg .b32 %r<9>;\n\t.reg .b64 %rd<5>;\n"
	"\tld.param.u64 %rd1, [out];\n\tst.shared.u8 [dynamic], 100;\n"
	"\t{ .param .b32 r; call.uni (r), helper, (); ld.param.b32 %r1, [r]; }\n"
	"\t{ .param .b32 r; .param .b32 a; .param .b64 b; st.param.b32 [a], %r1; st.param.b64 [b], 3;\n"
	"\tcall.uni (r), scale, (a, b); ld.param.b32 %r2, [r]; }\n"
	"\tld.global.u32 %r3, [table+8];\n\tadd.s32 %r4, %r2, %r3;\n\tst.global.u32 [%rd1], %r4;\n"
	"\tld.global.s8 %r5, [$str+1];\n\tst.global.u32 [%rd1+4], %r5;\n"
	"\t{ .param .b32 r; call.uni (r), count, (); ld.param.b32 %r6, [r]; }\n\tst.global.u32 [%rd1+8], %r6;\n"
	"\tld.global.u64 %rd2, [functions+8];\n"
	"\t{ .param .b32 r; p: .callprototype (.param .b32 _) _ ();\n\tcall (r), %rd2, (), p; ld.param.b32 %r7, [r]; }\n"
	"\tst.global.u32 [%rd1+12], %r7;\n\tret;\n}\n";

static const char second[] = ".version 7.0\n.target sm_70\n.address_size 64\n"
	".visible .global .align 4 .b8 table[16] = {1, 0, 0, 0, 2, 0, 0, 0, 44, 1};\n"
	".global .align 1 .b8 $str[3] = {98, 50, 0};\n.extern .shared .align 1 .b8 dynamic[];\n"
	".weak .global .align 4 .u32 calls;\n"
	".func (.param .b32 r) helper(.param .b32 a)\n{\n\t.reg .b32 %r<4>;\n\t.shared .align 4 .b32 own[8];\n"
	"\tld.param.b32 %r1, [a];\n\tmul.lo.s32 %r2, %r1, 10;\n\tst.shared.u32 [own], %r2;\n"
	"\tld.shared.u32 %r3, [own];\n\tst.param.b32 [r], %r3;\n\tret;\n}\n"
	".weak .func (.param .b32 r) count()\n{\n\t.reg .b32 %r<2>;\n\tatom.global.add.u32 %r1, [calls], 1;\n"
	"\tst.param.b32 [r], %r1;\n\tret;\n}\n"
	".func (.param .b32 r) letter()\n{\n\t.reg .b32 %r<2>;\n\tld.global.s8 %r1, [$str+1];\n\tst.param.b32 [r], %r1;\n\tret;\n}\n"
	".visible .global .align 8 .u64 functions[2] = {0, letter};\n"
	".visible .func (.param .b32 r) scale(.param .b32 a, .param .b64 b)\n{\n\t.reg .b32 %r<8>;\n\t.reg .b64 %rd<2>;\n"
	"\tld.param.b32 %r1, [a];\n\tld.param.b64 %rd1, [b];\n\tcvt.u32.u64 %r2, %rd1;\n"
	"\t{ .param .b32 r; .param .b32 a; st.param.b32 [a], %r1; call.uni (r), helper, (a); ld.param.b32 %r3, [r]; }\n"
	"\t{ .param .b32 r; call.uni (r), count, (); ld.param.b32 %r4, [r]; }\n"
	"\tld.shared.s8 %r5, [dynamic];\n\tmad.lo.s32 %r6, %r3, %r2, %r5;\n\tst.param.b32 [r], %r6;\n\tret;\n}\n";

static const char kernel[] = HEAD ".visible .entry k() { ret; }\n";
static const char wants_f[] = HEAD ".extern .func f();\n.visible .entry k() {\n call f;\n ret; }\n";
static const char has_f[] = HEAD ".visible .func f() { ret; }\n";
static const char one_error[] = HEAD ".visible .entry k()\n{\n\tfrob.u32 %r1, 1;\n}\n";

/* The options that a link may have, and what they say. */
struct asked {
	char error[200], info[200];
	int options[5];
	void *values[5];
};

static void ask(struct asked *a, size_t size)
{
	*a = (struct asked){
		.error = "before",
		.options = { CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES, CU_JIT_INFO_LOG_BUFFER,
			     CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES, CU_JIT_WALL_TIME },
		.values = { a->error, (void *)size, a->info, (void *)sizeof(a->info), NULL },
	};
}

static float ms(const struct asked *a)
{
	float f;

	memcpy(&f, &a->values[4], sizeof(f));
	return f;
}

static CUlinkState new_link(struct asked *a)
{
	CUlinkState link = NULL;

	ask(a, sizeof(a->error));
	cuLinkCreate_v2(5, a->options, a->values, &link);
	return link;
}

static CUresult add(CUlinkState link, const char *text, const char *name)
{
	return cuLinkAddData_v2(link, JIT_INPUT_PTX, (void *)text, strlen(text) + 1, name, 0, NULL, NULL);
}

/* ---- what comes of it ---- */

static void run(const void *image, const char *what)
{
	int out[4] = { 0 };
	CUdeviceptr p;
	void *params[] = { &p };
	CUfunction f;
	CUmodule m;

	if (!ok(!cuModuleLoadData(&m, image) && !cuModuleGetFunction(&f, m, "run"), "%s: loaded", what))
		return;
	cuMemAlloc_v2(&p, sizeof(out));
	ok(!cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 16, NULL, params, NULL) && !cuCtxSynchronize() &&
	   !cuMemcpyDtoH_v2(out, p, sizeof(out)), "%s: run", what);
	ok(out[0] == 7 * 10 * 3 + 100 + 300, "each text calls its own function, and the other's: %d", out[0]);
	ok(out[1] == '1' && out[3] == '2', "a name of both is two variables");
	ok(out[2] == 1, "a weak one is one: %d", out[2]);
	cuMemFree_v2(p);
	cuModuleUnload(m);
}

static void test_link(void)
{
	const char *texts[] = { first, second };
	struct asked a;

	for (int turn = 0; turn < 2; turn++) {
		CUlinkState link = new_link(&a);
		void *image = NULL;
		size_t size = 0;
		float before;

		ok(link && !*a.error && !a.values[1] && !a.values[3], "a link: its logs are empty");
		ok(!add(link, texts[turn], "one") && !add(link, texts[!turn], "two"), "two texts");
		before = ms(&a);
		ok(!cuLinkComplete(link, &image, &size) && image && size > 1 && !((char *)image)[size - 1], "linked");
		ok(before > 0 && ms(&a) > before, "the time is that of all: %.3f, %.3f ms", before, ms(&a));
		run(image, turn ? "the other way round" : "two texts");
		run(image, "the image stays");
		ok(cuLinkComplete(link, &image, &size) == CUDA_ERROR_INVALID_HANDLE, "it is complete once");
		ok(add(link, kernel, "late") == CUDA_ERROR_INVALID_VALUE, "and takes nothing more");
		ok(!*a.error && !a.values[1] && !*a.info && !a.values[3], "nothing was wrong");
		ok(!cuLinkDestroy(link), "and ends");
	}
}

/* An image is whole: it may be copied and kept, and be a library. */
static void test_image(void)
{
	struct asked a;
	CUlinkState link = new_link(&a);
	void *image = NULL, *copy;
	CUlibrary lib;
	CUmodule m;
	CUkernel k;
	size_t size;

	add(link, first, NULL);
	add(link, second, NULL);
	cuLinkComplete(link, &image, &size);
	copy = malloc(size);
	memcpy(copy, image, size);
	cuLinkDestroy(link);
	run(copy, "a copy");
	ok(!cuLibraryLoadData(&lib, copy, NULL, NULL, 0, NULL, NULL, 0) && !cuLibraryGetKernel(&k, lib, "run") &&
	   !cuLibraryGetModule(&m, lib) && !cuLibraryUnload(lib), "as a library");
	link = new_link(&a);
	ok(add(link, copy, "again") == CUDA_ERROR_INVALID_IMAGE && strstr(a.error, "not linked again"), "it is not linked again");
	cuLinkDestroy(link);
	free(copy);
}

static void make_fatbin(struct blob *o, const char *text)
{
	begin(o);
	put_entry(o, 2, 80, 0, 0, "machine code");
	put_entry(o, 1, 80, 0, 2, text);
	end(o);
}

/* What nvcc -rdc=true leaves of a program with PTX only: its parts are behind the wrapper, to be linked when it is loaded. */
static void test_program(void)
{
	static const struct { uint32_t magic; uint16_t version, header_size; uint64_t size; } none = { 0xba55ed50, 1, 16, 0 };
	static struct blob one, two, runtime;
	const void *parts[] = { &runtime.b, &one.b, &two.b, NULL };
	const struct { uint32_t magic, version; const void *data, *const *parts; } wrapper = { 0x466243b1, 2, &none, parts };
	uint64_t out = 0;
	void *params[] = { &out };
	CUfunction f;
	CUmodule m;

	begin(&runtime); /* NVIDIA's, which is machine code for most */
	put_entry(&runtime, 2, 90, 0, 0, "machine code");
	end(&runtime);
	make_fatbin(&one, first);
	make_fatbin(&two, second);
	run(&wrapper, "a program");
	parts[2] = NULL;
	ok(!cuModuleLoadData(&m, &wrapper) && !cuModuleGetFunction(&f, m, "run") &&
	   cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 16, NULL, params, NULL) == CUDA_ERROR_INVALID_SOURCE && !cuModuleUnload(m),
	   "without one of its objects: its kernel is wrong");
	make_fatbin(&two, one_error);
	parts[2] = &two.b;
	ok(!cuModuleLoadData(&m, &wrapper) && !cuModuleUnload(m), "functions are looked into when they are used");
	parts[2] = &one.b;
	ok(cuModuleLoadData(&m, &wrapper) == CUDA_ERROR_INVALID_SOURCE, "twice the same object");
	parts[1] = NULL;
	ok(cuModuleLoadData(&m, &wrapper) == CUDA_ERROR_NO_BINARY_FOR_GPU, "machine code only");
	parts[0] = NULL;
	ok(cuModuleLoadData(&m, &wrapper) == CUDA_ERROR_NO_BINARY_FOR_GPU, "no object");
}

/* ---- what is taken ---- */

/* A host object with a fatbin of relocatable device code. */
static void make_object(struct blob *o, const struct blob *fat)
{
	static const char names[] = "\0.shstrtab\0__nv_relfatbin";
	Elf64_Shdr sh[3] = {
		[1] = { .sh_name = 1, .sh_type = SHT_STRTAB, .sh_size = sizeof(names) },
		[2] = { .sh_name = 11, .sh_type = SHT_PROGBITS, .sh_size = fat->len },
	};
	Elf64_Ehdr e = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_REL, .e_machine = EM_X86_64, .e_shoff = sizeof(e),
		.e_shentsize = sizeof(sh[0]), .e_shnum = 3, .e_shstrndx = 1,
	};

	sh[1].sh_offset = sizeof(e) + sizeof(sh);
	sh[2].sh_offset = (sh[1].sh_offset + sizeof(names) + 7) & -8;
	o->len = 0;
	put(o, &e, sizeof(e));
	put(o, sh, sizeof(sh));
	put(o, names, sizeof(names));
	put_n(o, 0, sh[2].sh_offset - o->len);
	put(o, fat->b, fat->len);
}

static CUresult add_blob(CUlinkState link, int type, const struct blob *o)
{
	unsigned char *odd = malloc(o->len + 1);
	CUresult r;

	memcpy(odd + 1, o->b, o->len); /* data need not be aligned */
	r = cuLinkAddData_v2(link, type, odd + 1, o->len, "blob", 0, NULL, NULL);
	free(odd);
	return r;
}

static void test_containers(void)
{
	static struct blob fat, object, empty;
	struct asked a;
	CUlinkState link = new_link(&a);
	void *image;

	make_fatbin(&fat, second);
	make_object(&object, &fat);
	begin(&empty);
	put_entry(&empty, 2, 80, 0, 0, "machine code");
	end(&empty);
	ok(add_blob(link, JIT_INPUT_PTX, &object) == CUDA_ERROR_INVALID_IMAGE &&
	   add_blob(link, JIT_INPUT_FATBINARY, &object) == CUDA_ERROR_INVALID_IMAGE, "an object is not PTX, nor a fatbin");
	ok(add_blob(link, JIT_INPUT_FATBINARY, &empty) == CUDA_ERROR_NO_BINARY_FOR_GPU, "machine code alone is nothing");
	ok(cuLinkAddData_v2(link, JIT_INPUT_OBJECT, (void *)first, sizeof(first), "text", 0, NULL, NULL) == CUDA_ERROR_INVALID_IMAGE &&
	   strstr(a.error, "Could not find fatbin in 'text'"), "and a text is no object");
	ok(!cuLinkAddData_v2(link, JIT_INPUT_FATBINARY, (void *)first, sizeof(first), NULL, 0, NULL, NULL), "it may be called a fatbin");
	ok(!add_blob(link, JIT_INPUT_OBJECT, &object) && !cuLinkComplete(link, &image, NULL), "an object");
	run(image, "with an object");
	cuLinkDestroy(link);
	for (int type = JIT_INPUT_PTX; type <= JIT_INPUT_OBJECT; type++) {
		link = new_link(&a);
		ok(!add(link, first, NULL) && !add_blob(link, type, &fat) && !cuLinkComplete(link, &image, NULL), "a fatbin as type %d", type);
		cuLinkDestroy(link);
	}
}

static void test_refused(void)
{
	static const struct { int type; const char *name; } refused[] = {
		{ JIT_INPUT_CUBIN, "CU_JIT_INPUT_CUBIN" }, { JIT_INPUT_LIBRARY, "CU_JIT_INPUT_LIBRARY" }, { JIT_INPUT_NVVM, "CU_JIT_INPUT_NVVM" },
	};
	struct asked a;
	CUlinkState link;
	void *image;

	for (int i = 0; i < 3; i++) {
		link = new_link(&a);
		ok(cuLinkAddData_v2(link, refused[i].type, "\177ELF", 4, "n", 0, NULL, NULL) == CUDA_ERROR_NOT_SUPPORTED &&
		   strstr(a.error, refused[i].name), "%s is refused by name", refused[i].name);
		ok(add(link, kernel, NULL) == CUDA_ERROR_NOT_SUPPORTED && cuLinkComplete(link, &image, NULL) == CUDA_ERROR_NOT_SUPPORTED,
		   "without it there is no link");
		cuLinkDestroy(link);
	}
}

static void test_files(void)
{
	char path[] = "/tmp/link-XXXXXX";
	int fd = mkstemp(path);
	struct asked a;
	CUlinkState link = new_link(&a);
	void *image;

	ok(fd >= 0 && cuLinkAddFile_v2(link, JIT_INPUT_PTX, path, 0, NULL, NULL) == CUDA_ERROR_INVALID_IMAGE, "an empty file");
	ok(write(fd, wants_f, strlen(wants_f)) > 0 && !cuLinkAddFile_v2(link, JIT_INPUT_PTX, path, 0, NULL, NULL), "a file");
	ok(cuLinkAddFile_v2(link, JIT_INPUT_PTX, "/nowhere", 0, NULL, NULL) == CUDA_ERROR_FILE_NOT_FOUND, "none");
	ok(cuLinkAddFile_v2(link, JIT_INPUT_PTX, NULL, 0, NULL, NULL) == CUDA_ERROR_INVALID_VALUE, "no name");
	ok(cuLinkComplete(link, &image, NULL) == CUDA_ERROR_INVALID_SOURCE && strstr(a.error, path), "errors name it");
	cuLinkDestroy(link);
	close(fd);
	unlink(path);
}

/* ---- errors ---- */

static void test_bad_input(void)
{
	struct asked a, own;
	CUlinkState link = new_link(&a);
	void *image = NULL;
	size_t size;
	CUmodule m;
	CUfunction f;

	ok(add(link, one_error, NULL) == CUDA_ERROR_INVALID_PTX, "PTX with an error is not added");
	ok(strstr(a.error, "line 6") && strstr(a.error, "frob.u32") && (uintptr_t)a.values[1] == strlen(a.error),
	   "and the link's log names the line");
	ask(&own, sizeof(own.error));
	ok(cuLinkAddData_v2(link, JIT_INPUT_PTX, (void *)one_error, sizeof(one_error), NULL, 5, own.options, own.values) ==
		   CUDA_ERROR_INVALID_PTX && strstr(own.error, "frob.u32") && ms(&own) > 0, "or the input's own");
	ok(add(link, HEAD "\n.nonsense", NULL) == CUDA_ERROR_INVALID_PTX && strstr(a.error, "frob.u32") && strstr(a.error, "line 5"),
	   "the log has all errors");
	ok(add(link, "not PTX at all", NULL) == CUDA_ERROR_INVALID_IMAGE &&
	   add(link, ".version 10.0\n.target sm_80\n", NULL) == CUDA_ERROR_UNSUPPORTED_PTX_VERSION &&
	   add(link, ".version 9.0\n.target sm_121a\n", NULL) == CUDA_ERROR_INVALID_PTX, "other texts, other reasons");
	ok(!add(link, kernel, NULL) && !cuLinkComplete(link, &image, &size), "a good one is linked all the same");
	ok(!cuModuleLoadData(&m, image) && !cuModuleGetFunction(&f, m, "k") && !cuModuleUnload(m), "and is what was linked");
	cuLinkDestroy(link);
}

static void test_bad_link(void)
{
	struct asked a;
	CUlinkState link = new_link(&a);
	char before[200];
	void *image;

	ok(!add(link, has_f, "a.ptx") && add(link, has_f, "b.ptx") == CUDA_ERROR_INVALID_SOURCE &&
	   strstr(a.error, "Multiple definition of 'f' in 'b.ptx', first defined in 'a.ptx'"), "twice the same");
	strcpy(before, a.error);
	ok(add(link, kernel, NULL) == CUDA_ERROR_INVALID_SOURCE && cuLinkComplete(link, &image, NULL) == CUDA_ERROR_INVALID_SOURCE &&
	   !strcmp(before, a.error), "what follows is the same error, said once");
	cuLinkDestroy(link);
	link = new_link(&a);
	add(link, kernel, NULL);
	ok(add(link, HEAD ".extern .func k();", NULL) == CUDA_ERROR_INVALID_SOURCE && strstr(a.error, "'k' not declared __global__"),
	   "a kernel is no function");
	cuLinkDestroy(link);
	link = new_link(&a);
	ok(!add(link, has_f, NULL) && !add(link, HEAD ".extern .global .u32 v; .global .u64 w = v;", NULL) &&
	   cuLinkComplete(link, &image, NULL) == CUDA_ERROR_INVALID_SOURCE && strstr(a.error, "Undefined reference to 'v' in 'Input 2'"),
	   "an input without a name has a number");
	cuLinkDestroy(link);
	link = new_link(&a);
	ok(!add(link, wants_f, "a.ptx") && cuLinkComplete(link, &image, NULL) == CUDA_ERROR_INVALID_SOURCE &&
	   strstr(a.error, "Undefined reference to 'f' in 'a.ptx'") && strstr(a.error, "line 6"), "what is missing");
	ok(add(link, has_f, NULL) == CUDA_ERROR_INVALID_SOURCE && cuLinkComplete(link, &image, NULL) == CUDA_ERROR_INVALID_SOURCE,
	   "comes too late then");
	cuLinkDestroy(link);
}

static void test_small_log(void)
{
	int options[] = { CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES };
	char log[24] = "";
	void *values[] = { log, (void *)20 };
	CUlinkState link;

	cuLinkCreate_v2(2, options, values, &link);
	ok(add(link, one_error, NULL) == CUDA_ERROR_INVALID_PTX && strlen(log) == 19 && (uintptr_t)values[1] == 19, "a log too small is full");
	cuLinkDestroy(link);
	ok(!cuLinkCreate_v2(0, NULL, NULL, &link) && add(link, one_error, NULL) == CUDA_ERROR_INVALID_PTX && !cuLinkDestroy(link),
	   "and there may be none");
}

static void test_arguments(void)
{
	int unknown = 77;
	void *value = NULL, *image = NULL;
	struct asked a;
	CUlinkState link = new_link(&a), other;
	CUmodule m;
	CUfunction f;

	ok(cuLinkCreate_v2(0, NULL, NULL, NULL) == CUDA_ERROR_INVALID_VALUE && cuLinkCreate_v2(1, NULL, NULL, &other) == CUDA_ERROR_INVALID_VALUE &&
	   cuLinkCreate_v2(1, &unknown, &value, &other) == CUDA_ERROR_INVALID_VALUE, "a link of nothing, of no options, of unknown ones");
	ok(cuLinkAddData_v2(NULL, JIT_INPUT_PTX, (void *)kernel, sizeof(kernel), NULL, 0, NULL, NULL) == CUDA_ERROR_INVALID_HANDLE &&
	   cuLinkAddData_v2(link, JIT_INPUT_PTX, NULL, 5, NULL, 0, NULL, NULL) == CUDA_ERROR_INVALID_VALUE &&
	   cuLinkAddData_v2(link, JIT_INPUT_PTX, (void *)kernel, 0, NULL, 0, NULL, NULL) == CUDA_ERROR_INVALID_VALUE &&
	   cuLinkAddData_v2(link, JIT_INPUTS, (void *)kernel, sizeof(kernel), NULL, 0, NULL, NULL) == CUDA_ERROR_INVALID_VALUE &&
	   cuLinkAddData_v2(link, -1, (void *)kernel, sizeof(kernel), NULL, 0, NULL, NULL) == CUDA_ERROR_INVALID_VALUE &&
	   cuLinkAddData_v2(link, JIT_INPUT_PTX, (void *)kernel, sizeof(kernel), NULL, 1, &unknown, &value) == CUDA_ERROR_INVALID_VALUE,
	   "inputs of no link, of nothing, of no bytes, of unknown types and options");
	ok(cuLinkComplete(NULL, &image, NULL) == CUDA_ERROR_INVALID_HANDLE && cuLinkComplete(link, NULL, NULL) == CUDA_ERROR_INVALID_VALUE,
	   "nowhere to put it");
	ok(!cuLinkComplete(link, &image, NULL) && !cuModuleLoadData(&m, image), "nothing is linked to nothing");
	ok(cuModuleGetFunction(&f, m, "k") == CUDA_ERROR_NOT_FOUND && !cuModuleUnload(m), "which has no kernel");
	ok(cuLinkDestroy(NULL) == CUDA_ERROR_INVALID_HANDLE && !cuLinkDestroy(link), "no link ends");
	link = new_link(&a);
	ok(!cuLinkAddData_v2(link, JIT_INPUT_PTX, (void *)kernel, strlen(kernel), NULL, 0, NULL, NULL) &&
	   !cuLinkComplete(link, &image, NULL) && !cuLinkDestroy(link), "a text without a NUL");
}

int main(void)
{
	int before;
	CUcontext ctx;

	if (!ok(!cuInit(0) && !cuDevicePrimaryCtxRetain(&ctx, 0) && !cuCtxSetCurrent(ctx), "a context"))
		return tap_done();
	test_link();
	before = host_device_objects();
	test_image();
	test_program();
	test_containers();
	test_refused();
	test_files();
	test_bad_input();
	test_bad_link();
	test_small_log();
	test_arguments();
	ok(host_device_objects() == before, "nothing is left of all that");
	return tap_done();
}
