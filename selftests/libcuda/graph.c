// SPDX-License-Identifier: MIT
/* Graphs: what is refused leaves everything as it was, and what is launched may be let go. */
#include <pthread.h>
#include <string.h>
#include <unistd.h>
#include "../compiler/tap.h"
#include "cuda.h"
#include "host_device.h"

static CUcontext ctx;

/* ---- graphs in graphs */

static CUresult move_into(CUgraph parent, CUgraph child, CUgraphNode *deps, size_t count)
{
	CUgraphNodeParams p = {
		.type = CU_GRAPH_NODE_GRAPH,
		.graph = { .graph = child, .ownership = CU_GRAPH_CHILD_GRAPH_OWNERSHIP_MOVE },
	};
	CUgraphNode n;

	return cuGraphAddNode(&n, parent, deps, count, &p);
}

static size_t nodes_of(CUgraph g)
{
	size_t count = 99;

	return cuGraphGetNodes(g, NULL, &count) ? 99 : count;
}

static void test_moves(void)
{
	CUgraph a, b, c, clone;
	CUgraphExec exec;
	CUgraphNode foreign;
	CUstream s;
	CUgraphNodeParams empty = { .type = CU_GRAPH_NODE_EMPTY };

	cuGraphCreate(&a, 0);
	cuGraphCreate(&b, 0);
	cuGraphCreate(&c, 0);
	ok(move_into(a, a, NULL, 0) == CUDA_ERROR_INVALID_VALUE && !nodes_of(a), "a graph is not moved into itself");
	ok(!cuGraphAddNode(&foreign, a, NULL, 0, &empty) &&
	   move_into(b, c, &foreign, 1) == CUDA_ERROR_INVALID_VALUE && !nodes_of(b) && !nodes_of(c),
	   "a move that is refused leaves both");
	ok(!move_into(b, c, NULL, 0) && !move_into(a, b, NULL, 0), "moved, twice deep");
	ok(move_into(a, c, NULL, 0) == CUDA_ERROR_INVALID_VALUE, "what was moved is not moved again");
	ok(move_into(b, a, NULL, 0) == CUDA_ERROR_INVALID_VALUE &&
	   move_into(c, a, NULL, 0) == CUDA_ERROR_INVALID_VALUE && nodes_of(a) == 2 && nodes_of(b) == 1 &&
	   !nodes_of(c), "nor a graph into what is in it");
	ok(!cuGraphClone(&clone, a) && nodes_of(clone) == 2 && !cuGraphDestroy(clone), "cloned");
	ok(!cuGraphInstantiateWithFlags(&exec, a, 0) && !cuGraphLaunch(exec, NULL) && !cuCtxSynchronize() &&
	   !cuGraphExecDestroy(exec), "launched");
	ok(cuGraphDestroy(b) == CUDA_ERROR_INVALID_VALUE && !cuGraphDestroy(a) &&
	   cuGraphDestroy(c) == CUDA_ERROR_INVALID_VALUE, "and destroyed as one");

	cuStreamCreate(&s, 0);
	cuGraphCreate(&a, 0);
	ok(!cuStreamBeginCaptureToGraph(s, a, NULL, NULL, 0, 0), "capture into a graph");
	cuGraphCreate(&b, 0);
	ok(move_into(b, a, NULL, 0) == CUDA_ERROR_INVALID_VALUE, "which is not moved meanwhile");
	ok(!cuStreamEndCapture(s, &c) && c == a && !move_into(b, a, NULL, 0), "but afterwards");
	ok(!cuGraphDestroy(b) && !cuStreamDestroy_v2(s), "and back");
}

static void count_run(void *data)
{
	++*(int *)data;
}

static CUresult add_host(CUgraph g, CUgraphNode *n, int *ran)
{
	CUgraphNodeParams p = { .type = CU_GRAPH_NODE_HOST, .host = { .fn = count_run, .userData = ran } };

	return cuGraphAddNode(n, g, NULL, 0, &p);
}

/* Graphs moved into graphs, 10,000 in all, from inside and from outside: walked on a stack that is no larger for it. */
static void test_depth(void)
{
	enum { GRAPHS = 10000 };
	CUgraphExecUpdateResultInfo info;
	CUgraph inner, outer, root, deepest, clone;
	CUgraphNode n, at;
	size_t one = 1;
	CUgraphExec exec;
	CUresult r = CUDA_SUCCESS;
	int ran = 0;

	cuGraphCreate(&inner, 0);
	add_host(inner, &n, &ran);
	for (int i = 1; i < GRAPHS && !r; i++) {
		cuGraphCreate(&outer, 0);
		r = move_into(outer, inner, NULL, 0);
		inner = outer;
	}
	ok(!r, "graphs in graphs");
	ok(!cuGraphClone(&clone, inner) && !cuGraphInstantiateWithFlags(&exec, clone, 0) && !cuGraphLaunch(exec, NULL) &&
	   !cuCtxSynchronize() && ran == 1, "cloned and launched");
	ok(!cuGraphExecUpdate_v2(exec, clone, &info) && !cuGraphLaunch(exec, NULL) && !cuCtxSynchronize() && ran == 2 &&
	   !cuGraphDebugDotPrint(clone, "/dev/null", 0), "updated, launched again, printed");
	ok(!cuGraphExecDestroy(exec) && !cuGraphDestroy(clone), "destroyed");
	ok(!cuGraphGetNodes(inner, &at, &one) && !cuGraphDestroyNode(at) && !cuGraphDestroy(inner), "and out of the outermost");

	r = CUDA_SUCCESS;
	cuGraphCreate(&root, 0);
	deepest = root;
	for (int i = 1; i < GRAPHS && !r; i++) {
		cuGraphCreate(&inner, 0);
		r = move_into(deepest, inner, NULL, 0);
		deepest = inner;
	}
	ok(!r && move_into(deepest, root, NULL, 0) == CUDA_ERROR_INVALID_VALUE, "downwards, too, but not round");
	ok(!cuGraphDestroy(root), "and destroyed");
}

/* On a small stack. */
static void *depth(void *unused)
{
	cuCtxSetCurrent(ctx);
	test_depth();
	return unused;
}

/* ---- memory of graphs */

static CUresult add_alloc(CUgraph g, CUgraphNode *n, CUgraphNode *after, size_t size, CUdeviceptr *p)
{
	CUDA_MEM_ALLOC_NODE_PARAMS m = {
		.poolProps = { .allocType = CU_MEM_ALLOCATION_TYPE_PINNED,
			       .location = { CU_MEM_LOCATION_TYPE_DEVICE, 0 } },
		.bytesize = size,
	};
	CUresult r = cuGraphAddMemAllocNode(n, g, after, after ? 1 : 0, &m);

	*p = m.dptr;
	return r;
}

/* The second of two allocations fails: the first must not be left allocated, nor must what is freed be. */
static void test_memory_is_short(void)
{
	size_t left, total;
	CUdeviceptr p, q, hog;
	CUgraphNode a, b, c;
	CUgraphExec exec;
	CUgraph g;

	cuGraphCreate(&g, 0);
	ok(!add_alloc(g, &a, NULL, 2 << 20, &p) && !cuMemGetInfo_v2(&left, &total) &&
	   !add_alloc(g, &b, &a, left / 2, &q) && !cuGraphAddMemFreeNode(&c, g, &b, 1, p) &&
	   !cuGraphAddMemFreeNode(&a, g, &c, 1, q), "a graph with two allocations");
	ok(!cuGraphInstantiateWithFlags(&exec, g, 0) && !cuMemAlloc_v2(&hog, left - left / 4), "memory is short");
	ok(cuGraphLaunch(exec, NULL) == CUDA_ERROR_OUT_OF_MEMORY &&
	   cuGraphLaunch(exec, NULL) == CUDA_ERROR_OUT_OF_MEMORY, "the launch fails, again and again");
	ok(!cuMemFree_v2(hog) && !cuGraphLaunch(exec, NULL) && !cuGraphLaunch(exec, NULL) && !cuCtxSynchronize(),
	   "and works, again and again, when there is memory");
	ok(!cuGraphExecDestroy(exec) && !cuGraphDestroy(g) && !cuDeviceGraphMemTrim(0), "and back");
}

/* A launch that does nothing, for the stream is another context's. */
static void test_wrong_stream(void)
{
	CUgraphExec alloc, release;
	CUgraph g, h;
	CUgraphNode n;
	CUcontext other;
	CUdeviceptr p;
	CUstream s;

	cuGraphCreate(&g, 0);
	cuGraphCreate(&h, 0);
	ok(!cuCtxCreate_v2(&other, 0, 0) && !cuStreamCreate(&s, 0) && !cuCtxSetCurrent(ctx), "another context");
	ok(!add_alloc(g, &n, NULL, 4096, &p) && !cuGraphAddMemFreeNode(&n, h, NULL, 0, p) &&
	   !cuGraphInstantiateWithFlags(&alloc, g, 0) && !cuGraphInstantiateWithFlags(&release, h, 0),
	   "one graph allocates, one frees");
	ok(cuGraphLaunch(alloc, s) == CUDA_ERROR_NOT_SUPPORTED && cuMemFree_v2(p) == CUDA_ERROR_INVALID_VALUE,
	   "nothing is allocated in another context's stream");
	ok(!cuGraphLaunch(alloc, NULL) && cuGraphLaunch(alloc, NULL) == CUDA_ERROR_INVALID_VALUE,
	   "allocated once, not twice");
	ok(!cuMemsetD8_v2(p, 5, 4096), "the memory works");
	ok(cuGraphLaunch(release, s) == CUDA_ERROR_NOT_SUPPORTED && !cuGraphLaunch(release, NULL) &&
	   cuGraphLaunch(release, NULL) == CUDA_ERROR_INVALID_VALUE, "freed likewise");
	ok(!cuGraphLaunch(alloc, NULL) && !cuMemFree_v2(p) && !cuCtxSynchronize(), "allocated, and freed otherwise");
	ok(!cuGraphExecDestroy(alloc) && !cuGraphExecDestroy(release) && !cuGraphDestroy(h) && !cuGraphDestroy(g) &&
	   !cuCtxDestroy_v2(other), "and back");
}

/* ---- what is destroyed before it has run */

/* Leaves the address of the memory in which its blocks would meet, and reads there. */
static const char meet[] =
	".version 8.0\n.target sm_80\n.address_size 64\n.visible .entry meet(.param .u64 p)\n{\n"
	"\t.reg .b32 %r<3>;\n\t.reg .b64 %a<3>;\n\tld.param.u64 %a0, [p];\n"
	"\tmov.u32 %r0, %envreg1;\n\tmov.u32 %r1, %envreg2;\n\tmov.b64 %a1, {%r1, %r0};\n"
	"\tld.volatile.global.u32 %r2, [%a1];\n\tst.global.u64 [%a0], %a1;\n\tret;\n}\n";

/* ---- priorities of launches, in graphs and outside */

static const char nothing[] = ".version 8.0\n.target sm_80\n.address_size 64\n.visible .entry nothing()\n{\n\tret;\n}\n";

/* The priority of what was launched last, if it has one of its own; else 1. */
static int last_priority(void)
{
	const struct vgpu_pkt_launch *p = &host_device_counts.last_launch;

	return cuCtxSynchronize() ? 99 : p->hdr.flags & VGPU_LAUNCH_PRIORITY ? p->priority : 1;
}

static CUresult launch_with(CUfunction f, CUstream s, unsigned int nattrs, int priority)
{
	CUlaunchAttribute a = { .id = CU_LAUNCH_ATTRIBUTE_PRIORITY, .value.priority = priority };
	CUlaunchConfig c = {
		.gridDimX = 1, .gridDimY = 1, .gridDimZ = 1, .blockDimX = 1, .blockDimY = 1, .blockDimZ = 1,
		.hStream = s, .attrs = &a, .numAttrs = nattrs,
	};

	return cuLaunchKernelEx(&c, f, NULL, NULL);
}

/* What a graph's one node reports, and what it is launched with as @flags say. */
static bool node_has(CUgraph g, unsigned int flags, int reports, int launched)
{
	CUlaunchAttributeValue v = { .priority = 99 };
	CUgraphExec exec;
	CUgraphNode n;
	size_t one = 1;

	return !cuGraphGetNodes(g, &n, &one) && !cuGraphKernelNodeGetAttribute(n, CU_LAUNCH_ATTRIBUTE_PRIORITY, &v) &&
	       v.priority == reports && !cuGraphInstantiateWithFlags(&exec, g, flags) && !cuGraphLaunch(exec, NULL) &&
	       last_priority() == launched && !cuGraphExecDestroy(exec);
}

static void test_priorities(void)
{
	const unsigned int own = CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY;
	CUlaunchAttributeValue v = { .priority = 100 };
	CUgraph g[2], clone;
	CUgraphNode n[2];
	CUmodule mod;
	CUfunction f;
	CUstream s;
	size_t one = 1;

	cuModuleLoadData(&mod, nothing);
	cuModuleGetFunction(&f, mod, "nothing");
	cuStreamCreateWithPriority(&s, 1, -3);
	ok(!launch_with(f, s, 0, -1) && last_priority() == 1 && !launch_with(f, s, 1, -1) && last_priority() == -1 &&
	   !launch_with(f, s, 1, 7) && last_priority() == 0 && !launch_with(f, s, 1, -7) && last_priority() == -5,
	   "a launch has its stream's priority, or one of its own");
	for (int k = 0; k < 2; k++) {
		cuStreamBeginCapture_v2(s, 2);
		launch_with(f, s, k, -2);
		cuStreamEndCapture(s, &g[k]);
		one = 1;
		cuGraphGetNodes(g[k], &n[k], &one);
	}
	ok(node_has(g[0], 0, -3, 1) && node_has(g[0], own, -3, -3), "a captured launch has its stream's");
	ok(node_has(g[1], 0, -2, 1) && node_has(g[1], own, -2, -2), "or its own");
	ok(!cuGraphClone(&clone, g[0]) && node_has(clone, own, -3, -3), "a copy of it, too");
	ok(!cuGraphKernelNodeCopyAttributes(n[1], n[0]) && node_has(g[1], own, -3, -3), "or who has its attributes");
	ok(!cuGraphKernelNodeSetAttribute(n[0], CU_LAUNCH_ATTRIBUTE_PRIORITY, &v) && node_has(g[0], own, 0, 0),
	   "one that is set is within the range");
	cuGraphDestroy(g[0]);
	cuGraphDestroy(g[1]);
	cuGraphDestroy(clone);
	cuStreamDestroy_v2(s);
	cuModuleUnload(mod);
}

static CUgraphExec captured(CUstream s, CUgraph *g)
{
	CUgraphExec exec;

	return cuStreamEndCapture(s, g) || cuGraphInstantiateWithFlags(&exec, *g, 0) ? NULL : exec;
}

static void test_pending(void)
{
	size_t before, after = 0, total;
	uint64_t *seen;
	uint32_t *gate;
	CUdeviceptr p;
	CUmodule mod;
	CUfunction f;
	CUgraphExec kernel, write, other;
	CUgraph g[3];
	CUstream s, blocked;
	void *args[] = { &p };

	cuMemHostAlloc((void **)&seen, 4096, 0);
	memset(seen, 0, 4096);
	gate = (uint32_t *)(seen + 100);
	p = (uintptr_t)seen;
	ok(!cuModuleLoadData(&mod, meet) && !cuModuleGetFunction(&f, mod, "meet") && !cuStreamCreate(&s, 1) &&
	   !cuStreamCreate(&blocked, 1), "a kernel, streams");
	cuLaunchCooperativeKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, args);
	cuStreamWriteValue64_v2(NULL, p + 8, 0, 0);
	ok(!cuCtxSynchronize() && seen[0], "where the blocks of a stream's kernels meet");
	cuMemGetInfo_v2(&before, &total);

	cuStreamBeginCapture_v2(s, 2);
	cuLaunchCooperativeKernel(f, 1, 1, 1, 1, 1, 1, 0, s, args);
	ok((kernel = captured(s, &g[0])) != NULL, "an executable graph with such a kernel");
	cuStreamBeginCapture_v2(s, 2);
	cuStreamWriteValue64_v2(s, p + 8, 0x1111111122222222, 0);
	ok((write = captured(s, &g[1])) != NULL, "one that writes eight bytes");
	seen[0] = 0;
	ok(!cuStreamWaitValue32_v2(blocked, (uintptr_t)gate, 1, 1) && !cuGraphLaunch(write, blocked) &&
	   !cuGraphLaunch(kernel, blocked), "launched behind what does not end yet");
	alarm(60);
	ok(!cuGraphExecDestroy(kernel) && !cuGraphExecDestroy(write), "destroying them does not wait");
	cuStreamBeginCapture_v2(s, 2);
	cuStreamWriteValue64_v2(s, p + 16, 0x3333333344444444, 0);
	ok((other = captured(s, &g[2])) != NULL && !cuGraphLaunch(other, s) && !cuStreamSynchronize(s) &&
	   seen[2] == 0x3333333344444444 && !seen[1], "another one runs meanwhile");
	ok(!cuLaunchCooperativeKernel(f, 1, 1, 1, 1, 1, 1, 0, blocked, args) && !cuStreamDestroy_v2(blocked),
	   "nor does destroying a stream with such a kernel");
	alarm(0);
	*gate = 1;
	ok(!cuCtxSynchronize() && seen[0] && seen[1] == 0x1111111122222222, "what they lead to is there when they run");
	for (int i = 0; i < 3; i++)
		cuGraphDestroy(g[i]);
	cuGraphExecDestroy(other);
	cuMemGetInfo_v2(&after, &total);
	ok(before == after,
	   "and given back afterwards (%zd bytes are not)", before - after);
	ok(!cuStreamDestroy_v2(s) && !cuModuleUnload(mod) && !cuMemFreeHost(seen), "and back");
}

int main(void)
{
	pthread_attr_t attr;
	pthread_t thread;

	if (cuInit(0) || cuCtxCreate_v2(&ctx, 0, 0))
		return 1;
	test_moves();
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 << 10);
	pthread_create(&thread, &attr, depth, NULL);
	pthread_join(thread, NULL);
	test_memory_is_short();
	test_wrong_stream();
	test_priorities();
	test_pending();
	ok(!cuCtxDestroy_v2(ctx) && !host_device_objects(), "nothing is left in the device");
	return tap_done();
}
