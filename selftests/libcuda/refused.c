// SPDX-License-Identifier: MIT
/* What is not there says so by name, in an error of its own and a line, once; and the process goes on. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "../compiler/fatbin_make.h"
#include "../compiler/tap.h"
#include "cuda.h"

#define HEAD	".version 8.7\n.target sm_90\n.address_size 64\n"

/* As nvcc 13 has it of a kernel that launches another; behind it, one that does not. */
static const char launches[] = HEAD
	".extern .func (.param .b64 r) __cudaCDP2GetParameterBufferV2(.param .b64 f, .param .align 4 .b8 g[12],\n"
	"	.param .align 4 .b8 b[12], .param .b32 n);\n"
	".extern .func (.param .b32 r) __cudaCDP2LaunchDeviceV2(.param .b64 p, .param .b64 s);\n"
	".visible .entry parent()\n{\n\t.reg .b64 %a<3>;\n"
	"	{ .param .b64 f; .param .align 4 .b8 g[12]; .param .align 4 .b8 b[12]; .param .b32 n; .param .b64 r;\n"
	"	mov.u64 %a0, plain; st.param.b64 [f], %a0; st.param.b32 [n], 0;\n"
	"	st.param.b32 [g], 1; st.param.b32 [g+4], 1; st.param.b32 [g+8], 1;\n"
	"	st.param.b32 [b], 1; st.param.b32 [b+4], 1; st.param.b32 [b+8], 1;\n"
	"	call.uni (r), __cudaCDP2GetParameterBufferV2, (f, g, b, n); ld.param.b64 %a1, [r]; }\n"
	"	{ .param .b64 p; .param .b64 s; .param .b32 r; st.param.b64 [p], %a1; st.param.b64 [s], 0;\n"
	"	call.uni (r), __cudaCDP2LaunchDeviceV2, (p, s); }\n"
	"	ret;\n}\n"
	".visible .entry plain()\n{\n\tret;\n}\n";

/* The same with the names of before CUDA 12. */
static const char launches_before[] = HEAD
	".extern .func (.param .b32 r) cudaLaunchDevice(.param .b64 f, .param .b64 p, .param .align 4 .b8 g[12],\n"
	"	.param .align 4 .b8 b[12], .param .b32 n, .param .b64 s);\n"
	".visible .entry parent()\n{\n"
	"	.param .b64 f; .param .b64 p; .param .align 4 .b8 g[12]; .param .align 4 .b8 b[12]; .param .b32 n;\n"
	"	.param .b64 s; .param .b32 r;\n"
	"	call.uni (r), cudaLaunchDevice, (f, p, g, b, n, s);\n"
	"	ret;\n}\n"
	".visible .entry plain()\n{\n\tret;\n}\n";

/* How many lines came on standard error since the last call; the first of them in @line. */
static int said(char *line, size_t size)
{
	static long before;
	char text[4096] = "";
	int n = 0;

	if (pread(STDERR_FILENO, text, sizeof(text) - 1, before) < 0)
		return -1;
	before = lseek(STDERR_FILENO, 0, SEEK_END);
	for (const char *at = text; (at = strchr(at, '\n')); at++)
		n++;
	snprintf(line, size, "%.*s", (int)strcspn(text, "\n"), text);
	return n;
}

static CUresult launch(CUfunction f)
{
	CUresult r = cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL);

	return r ? r : cuCtxSynchronize();
}

/* As text, whose kernels are compiled when it is loaded, and in a fatbin, where each is when it is launched. */
static void test_launch(const char *ptx, const char *name)
{
	static struct blob fatbin;
	CUfunction parent, plain;
	char line[400];
	CUmodule m;

	said(line, sizeof(line));
	ok(cuModuleLoadData(&m, ptx) == CUDA_ERROR_NOT_SUPPORTED && said(line, sizeof(line)) == 1 && strstr(line, "parent") &&
	   strstr(line, "device-side launch") && strstr(line, name), "a text that calls %s is refused: %s", name, line);
	begin(&fatbin);
	put_entry(&fatbin, 1, 90, 0, 0, ptx);
	end(&fatbin);
	if (!ok(!cuModuleLoadData(&m, fatbin.b) && !cuModuleGetFunction(&parent, m, "parent") &&
		!cuModuleGetFunction(&plain, m, "plain"), "a program with such a kernel"))
		return;
	said(line, sizeof(line));
	ok(launch(parent) == CUDA_ERROR_NOT_SUPPORTED && said(line, sizeof(line)) == 1 && strstr(line, "parent") &&
	   strstr(line, "device-side launch") && strstr(line, name), "which is refused: %s", line);
	ok(launch(parent) == CUDA_ERROR_NOT_SUPPORTED && !said(line, sizeof(line)), "the second time without a line");
	ok(!launch(plain) && !cuModuleUnload(m), "its other kernel runs");
}

static void test_conditional(void)
{
	CUgraphNodeParams p = { .type = CU_GRAPH_NODE_CONDITIONAL }, empty = { .type = CU_GRAPH_NODE_EMPTY };
	uint64_t handle = 0;
	size_t count = 99;
	CUgraphExec exec;
	CUgraphNode n;
	char line[400];
	CUgraph g;

	ok(!cuGraphCreate(&g, 0), "a graph");
	said(line, sizeof(line));
	ok(cuGraphConditionalHandleCreate(&handle, g, NULL, 0, 0) == CUDA_ERROR_NOT_SUPPORTED &&
	   said(line, sizeof(line)) == 1 && strstr(line, "cuGraphConditionalHandleCreate"),
	   "a handle of a condition is refused: %s", line);
	ok(cuGraphConditionalHandleCreate(&handle, g, NULL, 0, 0) == CUDA_ERROR_NOT_SUPPORTED && !said(line, sizeof(line)),
	   "the second time without a line");
	ok(cuGraphAddNode(&n, g, NULL, 0, &p) == CUDA_ERROR_NOT_SUPPORTED && said(line, sizeof(line)) == 1 &&
	   strstr(line, "conditional graph nodes"), "a conditional node is refused: %s", line);
	ok(cuGraphAddNode(&n, g, NULL, 0, &p) == CUDA_ERROR_NOT_SUPPORTED && !said(line, sizeof(line)) &&
	   !cuGraphGetNodes(g, NULL, &count) && !count, "the second time without a line, and no node is left");
	ok(!cuGraphAddNode(&n, g, NULL, 0, &empty) && !cuGraphInstantiateWithFlags(&exec, g, 0) && !cuGraphLaunch(exec, NULL) &&
	   !cuCtxSynchronize() && !cuGraphExecDestroy(exec) && !cuGraphDestroy(g), "the graph works");
}

/* A kernel that is launched in clusters of two blocks, and one that any launch may have in them. */
static const char clusters[] = HEAD
	".visible .entry pairs() .explicitcluster .reqnctapercluster 2, 1, 1\n{\n\tret;\n}\n"
	".visible .entry single() .explicitcluster .reqnctapercluster 1, 1, 1\n{\n\tret;\n}\n"
	".visible .entry plain()\n{\n\tret;\n}\n";

static CUresult launch_in(CUfunction f, unsigned int x, unsigned int y, unsigned int z)
{
	CUlaunchAttribute a = { .id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION, .value.cluster = { x, y, z } };
	CUlaunchConfig config = { 4, 1, 1, 1, 1, 1, .attrs = &a, .numAttrs = 1 };
	CUresult r;
	int n;

	r = cuOccupancyMaxActiveClusters(&n, f, &config);
	return r == cuLaunchKernelEx(&config, f, NULL, NULL) ? r : CUDA_ERROR_UNKNOWN;
}

static void test_clusters(void)
{
	CUfunction pairs, single, plain;
	char line[400];
	CUmodule m;

	if (!ok(!cuModuleLoadData(&m, clusters) && !cuModuleGetFunction(&pairs, m, "pairs") &&
		!cuModuleGetFunction(&single, m, "single") && !cuModuleGetFunction(&plain, m, "plain"), "kernels in clusters"))
		return;
	said(line, sizeof(line));
	ok(launch(pairs) == CUDA_ERROR_NOT_SUPPORTED && said(line, sizeof(line)) == 1 &&
	   strstr(line, "clusters of more than one block"), "one that requires two blocks is refused: %s", line);
	ok(launch(pairs) == CUDA_ERROR_NOT_SUPPORTED && launch_in(pairs, 1, 1, 1) == CUDA_ERROR_NOT_SUPPORTED &&
	   !said(line, sizeof(line)), "the second time without a line");
	ok(launch_in(plain, 2, 1, 1) == CUDA_ERROR_NOT_SUPPORTED &&
	   launch_in(plain, 1 << 16, 1 << 16, 1) == CUDA_ERROR_NOT_SUPPORTED, "a launch in clusters likewise");
	ok(!launch(single) && !launch(plain) && !launch_in(plain, 1, 1, 1) && !launch_in(single, 1, 1, 1) &&
	   !cuCtxSynchronize() && !cuModuleUnload(m), "clusters of one block run");
}

int main(void)
{
	FILE *err = tmpfile();
	CUcontext ctx;

	if (!err || dup2(fileno(err), STDERR_FILENO) < 0)
		return 2;
	if (!ok(!cuInit(0) && !cuDevicePrimaryCtxRetain(&ctx, 0) && !cuCtxSetCurrent(ctx), "a context"))
		return tap_done();
	test_launch(launches, "__cudaCDP2GetParameterBufferV2");
	test_launch(launches_before, "cudaLaunchDevice");
	test_clusters();
	test_conditional();
	return tap_done();
}
