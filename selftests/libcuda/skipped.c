// SPDX-License-Identifier: MIT
/* What is said of a program that has machine code only, or for the device and newer than its PTX: one line, once. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "../compiler/fatbin_make.h"
#include "../compiler/tap.h"
#include "cuda.h"

#define PTX(target) ".version 8.7\n.target " target "\n.address_size 64\n.visible .entry k() { ret; }\n"

static const char code[] = "what would be a program for a real one";
static FILE *err;

/* Bytes on standard error since the last call; the first line of them in @line. */
static long said(char *line, size_t size)
{
	static long before;
	long now = lseek(STDERR_FILENO, 0, SEEK_END), n = now - before;

	memset(line, 0, size);
	if (n > 0 && pread(STDERR_FILENO, line, size - 1, before) < 0)
		line[0] = 0;
	before = now;
	return n;
}

static CUresult load(unsigned int arch, uint64_t variant, unsigned int ptx_arch, const char *ptx)
{
	static struct blob o;
	CUmodule m;
	CUresult r;

	begin(&o);
	put_entry(&o, 2, arch, variant, 0, code);
	put_entry(&o, 1, ptx_arch, 0, 2, ptx);
	end(&o);
	r = cuModuleLoadData(&m, o.b);
	return r ? r : cuModuleUnload(m);
}

static CUresult load_code(unsigned int arch)
{
	static struct blob o;
	CUmodule m;

	begin(&o);
	put_entry(&o, 2, arch, 0, 0, code);
	end(&o);
	return cuModuleLoadData(&m, o.b);
}

int main(void)
{
	char line[400];
	CUcontext ctx;

	err = tmpfile();
	if (!err || dup2(fileno(err), STDERR_FILENO) < 0)
		return 2;
	if (!ok(!cuInit(0) && !cuDevicePrimaryCtxRetain(&ctx, 0) && !cuCtxSetCurrent(ctx), "a context"))
		return tap_done();
	said(line, sizeof(line));
	ok(!load(90, 0, 75, PTX("sm_75")) && !said(line, sizeof(line)), "code for another device: nothing is said");
	ok(!load(120, 0, 120, PTX("sm_120")) && !said(line, sizeof(line)), "PTX as new as the code: nothing is said");
	ok(!load(120, 0x100000, 90, PTX("sm_90")) && said(line, sizeof(line)) &&
	   strstr(line, "machine code for 12.0 is not run") && strstr(line, "VGPU_COMPUTE_CAPABILITY=9.0"),
	   "code for 12.0a and PTX for 9.0: both are named");
	ok(!load(120, 0, 80, PTX("sm_80")) && !said(line, sizeof(line)), "and that once");
	ok(load_code(90) == CUDA_ERROR_NO_BINARY_FOR_GPU && said(line, sizeof(line)) &&
	   strstr(line, "a module was refused: error : no PTX for compute capability 12.0; found: sm_90"), "machine code only: %s", line);
	ok(load_code(120) == CUDA_ERROR_NO_BINARY_FOR_GPU && !said(line, sizeof(line)), "which is said once, too");
	return tap_done();
}
