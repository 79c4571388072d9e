// SPDX-License-Identifier: MIT
// Graphs: capture and replay, fork and join, update, explicit nodes, memory nodes, order of launches.
#include "check.h"
#include <atomic>
#include <cooperative_groups.h>
#include <unistd.h>

__global__ void scale(float *p, int n, float by)
{
	int i = blockIdx.x * blockDim.x + threadIdx.x;

	if (i < n)
		p[i] *= by;
}

__global__ void add(float *p, int n, float what)
{
	int i = blockIdx.x * blockDim.x + threadIdx.x;

	if (i < n)
		p[i] += what;
}

__global__ void step(unsigned *p, unsigned mul, unsigned plus)
{
	*p = *p * mul + plus;
}

/* Blocks that meet: each adds what its neighbour wrote before. */
__global__ void meeting(unsigned *p, unsigned *sum)
{
	p[blockIdx.x] = blockIdx.x + 1;
	cooperative_groups::this_grid().sync();
	atomicAdd(sum, p[(blockIdx.x + 1) % gridDim.x]);
}

static const int N = 10000;

static bool all_are(const float *d, float want)
{
	for (float v : from_device(d, N))
		if (v != want)
			return false;
	return true;
}

static void CUDART_CB count(void *p)
{
	((std::atomic<int> *)p)->fetch_add(1);
}

static cudaGraph_t chain(cudaStream_t s, float *p, float by, float plus)
{
	cudaGraph_t g;

	CU(cudaStreamBeginCapture(s, cudaStreamCaptureModeRelaxed));
	scale<<<(N + 255) / 256, 256, 0, s>>>(p, N, by);
	add<<<(N + 127) / 128, 128, 0, s>>>(p, N, plus);
	CU(cudaStreamEndCapture(s, &g));
	return g;
}

static void replay(cudaStream_t s)
{
	float *p = device_array<float>(N);
	cudaGraphExec_t e;
	cudaGraph_t g = chain(s, p, 2, 1);
	size_t n;

	check_result(all_are(p, 0), "a capture runs nothing");
	CU(cudaGraphGetNodes(g, NULL, &n));
	check_result(n == 2, "two nodes");
	CU(cudaGraphInstantiate(&e, g, 0));
	CU(cudaGraphDestroy(g));
	for (int i = 0; i < 3; i++)
		CU(cudaGraphLaunch(e, s));
	CU(cudaStreamSynchronize(s));
	check_result(all_are(p, 7), "three launches");

	g = chain(s, p, 3, 2);
	cudaGraphExecUpdateResultInfo info;
	check_result(cudaGraphExecUpdate(e, g, &info) == cudaSuccess && info.result == cudaGraphExecUpdateSuccess,
		     "update");
	CU(cudaGraphDestroy(g));
	CU(cudaGraphLaunch(e, s));
	CU(cudaStreamSynchronize(s));
	check_result(all_are(p, 23), "the updated graph");

	CU(cudaStreamBeginCapture(s, cudaStreamCaptureModeRelaxed));
	scale<<<1, 32, 0, s>>>(p, 1, 1);
	CU(cudaStreamEndCapture(s, &g));
	check_result(cudaGraphExecUpdate(e, g, &info) == cudaErrorGraphExecUpdateFailure &&
		     info.result == cudaGraphExecUpdateErrorTopologyChanged && !info.errorNode, "fewer nodes are refused");
	cudaGetLastError();
	CU(cudaGraphDestroy(g));

	CU(cudaStreamBeginCapture(s, cudaStreamCaptureModeRelaxed));
	scale<<<1, 32, 0, s>>>(p, 1, 1);
	CU(cudaMemsetAsync(p, 0, 4, s));
	CU(cudaStreamEndCapture(s, &g));
	check_result(cudaGraphExecUpdate(e, g, &info) == cudaErrorGraphExecUpdateFailure &&
		     info.result == cudaGraphExecUpdateErrorNodeTypeChanged && info.errorNode, "another kind of node is refused");
	cudaGetLastError();
	CU(cudaGraphDestroy(g));
	CU(cudaGraphLaunch(e, s));
	CU(cudaStreamSynchronize(s));
	check_result(all_are(p, 71), "and nothing has changed");
	CU(cudaGraphExecDestroy(e));
	CU(cudaFree(p));
}

/* Parameters are copied when they are captured, not when the graph runs. */
static void copied(cudaStream_t s)
{
	unsigned *p = device_array<unsigned>(1);
	unsigned mul = 0, plus = 5;
	void *args[] = { &p, &mul, &plus };
	cudaGraph_t g;
	cudaGraphExec_t e;

	CU(cudaStreamBeginCapture(s, cudaStreamCaptureModeGlobal));
	CU(cudaLaunchKernel((void *)step, dim3(1), dim3(1), args, 0, s));
	CU(cudaStreamEndCapture(s, &g));
	mul = plus = 99;
	CU(cudaGraphInstantiate(&e, g, 0));
	plus = 98;
	CU(cudaGraphLaunch(e, s));
	CU(cudaStreamSynchronize(s));
	check_result(from_device(p, 1)[0] == 5, "parameters are copied by the capture");

	cudaGraphNode_t node;
	size_t one = 1;
	cudaKernelNodeParams k;
	CU(cudaGraphGetNodes(g, &node, &one));
	CU(cudaGraphKernelNodeGetParams(node, &k));
	check_result(k.func == (void *)step && k.gridDim.x == 1 && k.blockDim.x == 1 &&
		     *(unsigned *)k.kernelParams[2] == 5, "and can be read back");
	unsigned other = 7;
	void *more[] = { &p, k.kernelParams[1], &other };
	k.kernelParams = more;
	CU(cudaGraphExecKernelNodeSetParams(e, node, &k));
	other = 1;
	CU(cudaGraphLaunch(e, s));
	CU(cudaStreamSynchronize(s));
	check_result(from_device(p, 1)[0] == 7, "one node's parameters set");
	CU(cudaGraphNodeSetEnabled(e, node, 0));
	CU(cudaMemset(p, 0, 4));
	CU(cudaGraphLaunch(e, s));
	CU(cudaStreamSynchronize(s));
	check_result(from_device(p, 1)[0] == 0, "a disabled node");
	CU(cudaGraphExecDestroy(e));
	CU(cudaGraphDestroy(g));
	CU(cudaFree(p));
}

static void count_nodes(cudaGraph_t g)
{
	size_t n, edges;

	CU(cudaGraphGetNodes(g, NULL, &n));
#if CUDART_VERSION >= 13000
	CU(cudaGraphGetEdges(g, NULL, NULL, NULL, &edges));
#else
	CU(cudaGraphGetEdges(g, NULL, NULL, &edges));
#endif
	check_result(n == 7 && edges == 7, "seven nodes, seven edges");
}

/* What everything() captured, five times. */
static void replay(cudaGraph_t g, cudaStream_t a, unsigned *pageable, const unsigned *pinned, const std::atomic<int> &calls)
{
	cudaGraphExec_t e;
	bool good = true;

	CU(cudaGraphInstantiate(&e, g, 0));
	for (unsigned i = 0; i < 5; i++) {
		pageable[0] = i;
		CU(cudaGraphLaunch(e, a));
		CU(cudaStreamSynchronize(a));
		good &= pinned[0] == 3 * i + 100 && pinned[1] == 0x01010101 + 10 && pinned[2] == 3 &&
			pinned[3] == 4 && calls == (int)i + 1;
	}
	check_result(good, "copies, fills, kernels and host functions replayed");
	CU(cudaGraphExecDestroy(e));
}

/* Everything that can be captured, with a fork and a join. */
static void everything(cudaStream_t a)
{
	cudaStream_t b;
	cudaEvent_t fork, join;
	unsigned *p = device_array<unsigned>(4), *q = device_array<unsigned>(4), *pinned;
	unsigned pageable[4] = { 1, 2, 3, 4 };
	std::atomic<int> calls(0);
	cudaGraph_t g;

	CU(cudaStreamCreateWithFlags(&b, cudaStreamNonBlocking));
	CU(cudaEventCreateWithFlags(&fork, cudaEventDisableTiming));
	CU(cudaEventCreateWithFlags(&join, cudaEventDisableTiming));
	CU(cudaMallocHost(&pinned, 4 * sizeof(*pinned)));

	CU(cudaStreamBeginCapture(a, cudaStreamCaptureModeThreadLocal));
	CU(cudaMemcpyAsync(p, pageable, 4 * sizeof(*p), cudaMemcpyHostToDevice, a));
	CU(cudaEventRecord(fork, a));
	CU(cudaStreamWaitEvent(b, fork, 0));
	cudaStreamCaptureStatus status;
	CU(cudaStreamIsCapturing(b, &status));
	check_result(status == cudaStreamCaptureStatusActive, "a stream that waits is captured too");
	CU(cudaMemsetAsync(q, 1, 4 * sizeof(*q), b));
	step<<<1, 1, 0, b>>>(q, 1, 10);
	step<<<1, 1, 0, a>>>(p, 3, 100);
	CU(cudaLaunchHostFunc(b, count, &calls));
	CU(cudaEventRecord(join, b));
	CU(cudaStreamWaitEvent(a, join, 0));
	CU(cudaMemcpy2DAsync(p + 1, 8, q, 8, 4, 1, cudaMemcpyDeviceToDevice, a));
	CU(cudaMemcpyAsync(pinned, p, 4 * sizeof(*p), cudaMemcpyDeviceToHost, a));
	CU(cudaStreamEndCapture(a, &g));
	CU(cudaStreamIsCapturing(b, &status));
	check_result(status == cudaStreamCaptureStatusNone, "and released at the end");

	count_nodes(g);
	replay(g, a, pageable, pinned, calls);
	CU(cudaGraphDestroy(g));
	CU(cudaStreamDestroy(b));
	CU(cudaEventDestroy(fork));
	CU(cudaEventDestroy(join));
	CU(cudaFreeHost(pinned));
	CU(cudaFree(p));
	CU(cudaFree(q));
}

static void depend(cudaGraph_t g, cudaGraphNode_t from, cudaGraphNode_t to)
{
#if CUDART_VERSION >= 13000
	CU(cudaGraphAddDependencies(g, &from, &to, NULL, 1));
#else
	CU(cudaGraphAddDependencies(g, &from, &to, 1));
#endif
}

static void cycle()
{
	cudaGraphNode_t a, b;
	cudaGraphExec_t e;
	cudaGraph_t g;

	CU(cudaGraphCreate(&g, 0));
	CU(cudaGraphAddEmptyNode(&a, g, NULL, 0));
	CU(cudaGraphAddEmptyNode(&b, g, &a, 1));
	depend(g, b, a);
	check_result(cudaGraphInstantiate(&e, g, 0) == cudaErrorInvalidValue, "a cycle is refused");
	cudaGetLastError();
	CU(cudaGraphDestroy(g));
}

/* Nodes made by hand, a child graph, a clone. */
static void by_hand(cudaStream_t s)
{
	unsigned *p = device_array<unsigned>(1), mul = 2, plus = 3;
	void *args[] = { &p, &mul, &plus };
	cudaKernelNodeParams k = {};
	cudaMemsetParams fill = {};
	cudaGraph_t g, child, clone;
	cudaGraphNode_t first, second, nested, found;
	cudaGraphExec_t e;

	k.func = (void *)step;
	k.gridDim = k.blockDim = dim3(1);
	k.kernelParams = args;
	fill.dst = p;
	fill.value = 4;
	fill.elementSize = 4;
	fill.width = fill.height = 1;
	CU(cudaGraphCreate(&child, 0));
	CU(cudaGraphAddKernelNode(&nested, child, NULL, 0, &k));
	CU(cudaGraphCreate(&g, 0));
	CU(cudaGraphAddKernelNode(&second, g, NULL, 0, &k));
	CU(cudaGraphAddMemsetNode(&first, g, NULL, 0, &fill));
	depend(g, first, second);
	CU(cudaGraphAddChildGraphNode(&found, g, &second, 1, child));
	CU(cudaGraphDestroy(child));
	CU(cudaGraphInstantiate(&e, g, 0));
	CU(cudaGraphLaunch(e, s));
	CU(cudaStreamSynchronize(s));
	check_result(from_device(p, 1)[0] == 25, "nodes by hand, a child graph");
	CU(cudaGraphExecDestroy(e));

	CU(cudaGraphClone(&clone, g));
	CU(cudaGraphNodeFindInClone(&found, first, clone));
	fill.value = 5;
	CU(cudaGraphMemsetNodeSetParams(found, &fill));
	CU(cudaGraphDestroy(g));
	CU(cudaGraphInstantiate(&e, clone, 0));
	CU(cudaGraphLaunch(e, s));
	CU(cudaStreamSynchronize(s));
	check_result(from_device(p, 1)[0] == 29, "a clone changes alone");
	CU(cudaGraphExecDestroy(e));
	CU(cudaGraphDestroy(clone));
	CU(cudaFree(p));
}

/* Launches of one graph follow each other, also in different streams. */
static void ordered()
{
	cudaStream_t s[2];
	unsigned *p = device_array<unsigned>(1), want = 0;
	cudaGraph_t g;
	cudaGraphExec_t e;

	for (auto &x : s)
		CU(cudaStreamCreateWithFlags(&x, cudaStreamNonBlocking));
	CU(cudaDeviceSynchronize());	/* cudaMemset does not wait, nor do these streams for it */
	CU(cudaStreamBeginCapture(s[0], cudaStreamCaptureModeGlobal));
	for (unsigned i = 0; i < 40; i++)
		step<<<1, 1, 0, s[0]>>>(p, 3, i);
	CU(cudaStreamEndCapture(s[0], &g));
	CU(cudaGraphInstantiate(&e, g, 0));
	for (int i = 0; i < 50; i++)
		CU(cudaGraphLaunch(e, s[i % 2]));
	for (auto &x : s)
		CU(cudaStreamSynchronize(x));
	for (int i = 0; i < 50 * 40; i++)
		want = want * 3 + i % 40;
	check_result(from_device(p, 1)[0] == want, "launches of one graph in two streams, one after the other");
	CU(cudaGraphExecDestroy(e));
	CU(cudaGraphDestroy(g));

	/* far more than a ring holds */
	CU(cudaMemset(p, 0, 4));
	CU(cudaDeviceSynchronize());
	CU(cudaStreamBeginCapture(s[0], cudaStreamCaptureModeGlobal));
	for (unsigned i = 0; i < 12000; i++)
		step<<<1, 1, 0, s[0]>>>(p, 5, i);
	CU(cudaStreamEndCapture(s[0], &g));
	CU(cudaGraphInstantiate(&e, g, 0));
	CU(cudaGraphLaunch(e, s[1]));
	CU(cudaStreamSynchronize(s[1]));
	want = 0;
	for (unsigned i = 0; i < 12000; i++)
		want = want * 5 + i;
	check_result(from_device(p, 1)[0] == want, "a graph of 12000 nodes");
	CU(cudaGraphExecDestroy(e));
	CU(cudaGraphDestroy(g));
	for (auto &x : s)
		CU(cudaStreamDestroy(x));
	CU(cudaFree(p));
}

/* A launch returns before the graph has run, and events in a graph are recorded when it runs. */
static void asynchronous(cudaStream_t s)
{
	static std::atomic<int> gate;
	cudaGraph_t g;
	cudaGraphExec_t e;
	cudaEvent_t ev;

	gate = 0;
	CU(cudaEventCreateWithFlags(&ev, cudaEventDisableTiming));
	CU(cudaStreamBeginCapture(s, cudaStreamCaptureModeRelaxed));
	CU(cudaLaunchHostFunc(s, [](void *p) { while (!((std::atomic<int> *)p)->load()) ; }, &gate));
	CU(cudaEventRecordWithFlags(ev, s, cudaEventRecordExternal));
	CU(cudaStreamEndCapture(s, &g));
	CU(cudaGraphInstantiate(&e, g, 0));
	CU(cudaGraphLaunch(e, s));
	check_result(cudaStreamQuery(s) == cudaErrorNotReady && cudaEventQuery(ev) == cudaErrorNotReady,
		     "a launch does not wait");
	gate = 1;
	CU(cudaEventSynchronize(ev));
	CU(cudaStreamSynchronize(s));
	check_result(cudaEventQuery(ev) == cudaSuccess, "an event recorded by a graph");
	CU(cudaGraphExecDestroy(e));
	CU(cudaGraphDestroy(g));
	CU(cudaEventDestroy(ev));
}

/* Memory that a graph allocates: inside it, and beyond it. */
static void memory(cudaStream_t s)
{
	unsigned *inside, *beyond, *out = device_array<unsigned>(1);
	unsigned long long used = 1;
	cudaGraph_t g;
	cudaGraphExec_t e;

	CU(cudaStreamBeginCapture(s, cudaStreamCaptureModeGlobal));
	CU(cudaMallocAsync(&inside, 1 << 20, s));
	CU(cudaMemsetAsync(inside, 0, 4, s));
	step<<<1, 1, 0, s>>>(inside, 1, 9);
	CU(cudaMemcpyAsync(out, inside, 4, cudaMemcpyDeviceToDevice, s));
	CU(cudaFreeAsync(inside, s));
	CU(cudaStreamEndCapture(s, &g));
	CU(cudaGraphInstantiate(&e, g, 0));
	for (int i = 0; i < 3; i++)
		CU(cudaGraphLaunch(e, s));
	CU(cudaStreamSynchronize(s));
	check_result(from_device(out, 1)[0] == 9, "memory allocated and freed in a graph");
	CU(cudaDeviceGetGraphMemAttribute(0, cudaGraphMemAttrUsedMemCurrent, &used));
	check_result(used >= 1 << 20, "it is kept for the next launch");
	CU(cudaDeviceGraphMemTrim(0));
	CU(cudaDeviceGetGraphMemAttribute(0, cudaGraphMemAttrUsedMemCurrent, &used));
	check_result(used == 0, "until it is trimmed");
	CU(cudaGraphExecDestroy(e));
	CU(cudaGraphDestroy(g));

	CU(cudaStreamBeginCapture(s, cudaStreamCaptureModeGlobal));
	CU(cudaMallocAsync(&beyond, 1 << 20, s));
	CU(cudaMemsetAsync(beyond, 0, 4, s));
	CU(cudaStreamEndCapture(s, &g));
	CU(cudaGraphInstantiate(&e, g, 0));
	CU(cudaGraphLaunch(e, s));
	step<<<1, 1, 0, s>>>(beyond, 1, 4);
	CU(cudaMemcpyAsync(out, beyond, 4, cudaMemcpyDeviceToDevice, s));
	check_result(cudaGraphLaunch(e, s) == cudaErrorInvalidValue, "not launched again while its memory is not freed");
	cudaGetLastError();
	CU(cudaFreeAsync(beyond, s));
	CU(cudaGraphLaunch(e, s));
	CU(cudaStreamSynchronize(s));
	check_result(from_device(out, 1)[0] == 4, "memory that outlives its graph's launch");
	CU(cudaFree(beyond));
	CU(cudaGraphExecDestroy(e));
	CU(cudaGraphDestroy(g));
	CU(cudaDeviceGraphMemTrim(0));
	CU(cudaDeviceGetGraphMemAttribute(0, cudaGraphMemAttrReservedMemCurrent, &used));
	check_result(used == 0, "all is given back");
	CU(cudaFree(out));
}

static cudaGraph_t meet(cudaStream_t s, unsigned *p, unsigned *sum, bool cooperative)
{
	unsigned one = 1;
	void *args[] = { &p, &sum }, *args3[] = { &p, &one, &one };
	cudaGraph_t g;

	CU(cudaStreamBeginCapture(s, cudaStreamCaptureModeGlobal));
	if (cooperative)
		CU(cudaLaunchCooperativeKernel((void *)meeting, dim3(8), dim3(1), args, 0, s));
	else
		CU(cudaLaunchKernel((void *)step, dim3(1), dim3(1), args3, 0, s));
	CU(cudaStreamEndCapture(s, &g));
	return g;
}

static void cooperative(cudaStream_t s)
{
	unsigned *p = device_array<unsigned>(8), *sum = device_array<unsigned>(1);
	cudaGraph_t g = meet(s, p, sum, true);
	cudaGraphExecUpdateResultInfo info;
	cudaGraphExec_t e;

	CU(cudaGraphInstantiate(&e, g, 0));
	CU(cudaGraphDestroy(g));
	for (int i = 0; i < 5; i++)
		CU(cudaGraphLaunch(e, s));
	CU(cudaStreamSynchronize(s));
	check_result(from_device(sum, 1)[0] == 5 * 36, "a cooperative kernel");
	g = meet(s, p, sum, false);
	check_result(cudaGraphExecUpdate(e, g, &info) == cudaErrorGraphExecUpdateFailure &&
		     info.result == cudaGraphExecUpdateErrorAttributesChanged && info.errorNode,
		     "does not become one that is not");
	cudaGetLastError();
	CU(cudaGraphDestroy(g));
	CU(cudaGraphExecDestroy(e));
	CU(cudaFree(p));
	CU(cudaFree(sum));
}

/* The exact reasons for which an update is refused. */
static void refusals(cudaStream_t s)
{
	unsigned *d = device_array<unsigned>(4), *h, *m;
	cudaGraphExecUpdateResultInfo info;
	cudaGraph_t g, other;
	cudaGraphNode_t a, b, c;
	cudaGraphExec_t e;

	CU(cudaMallocHost(&h, 16));
	CU(cudaMallocManaged(&m, 16));
	CU(cudaGraphCreate(&g, 0));
	CU(cudaGraphAddMemcpyNode1D(&a, g, NULL, 0, d, h, 16, cudaMemcpyHostToDevice));
	CU(cudaGraphAddEmptyNode(&b, g, &a, 1));
	CU(cudaGraphAddEmptyNode(&c, g, &a, 1));
	CU(cudaGraphInstantiate(&e, g, 0));
	check_result(cudaGraphExecMemcpyNodeSetParams1D(e, a, d, h, 8, cudaMemcpyHostToDevice) == cudaSuccess,
		     "a copy made shorter");
	check_result(cudaGraphExecMemcpyNodeSetParams1D(e, a, h, d, 8, cudaMemcpyDeviceToHost) == cudaErrorInvalidValue,
		     "but not turned around");
	cudaGetLastError();

	CU(cudaGraphCreate(&other, 0));
	CU(cudaGraphAddMemcpyNode1D(&a, other, NULL, 0, h, d, 16, cudaMemcpyDeviceToHost));
	CU(cudaGraphAddEmptyNode(&b, other, &a, 1));
	CU(cudaGraphAddEmptyNode(&c, other, &a, 1));
	check_result(cudaGraphExecUpdate(e, other, &info) == cudaErrorGraphExecUpdateFailure &&
		     info.result == cudaGraphExecUpdateErrorParametersChanged && info.errorNode == a,
		     "changed operands are refused, and the node is named");
	cudaGetLastError();
	CU(cudaGraphDestroy(other));

	CU(cudaGraphCreate(&other, 0));
	CU(cudaGraphAddMemcpyNode1D(&a, other, NULL, 0, d, h, 16, cudaMemcpyHostToDevice));
	CU(cudaGraphAddEmptyNode(&b, other, NULL, 0));
	CU(cudaGraphAddEmptyNode(&c, other, &a, 1));
	check_result(cudaGraphExecUpdate(e, other, &info) == cudaErrorGraphExecUpdateFailure &&
		     info.result == cudaGraphExecUpdateErrorTopologyChanged && info.errorNode == b,
		     "so is an edge too few");
	cudaGetLastError();
	CU(cudaGraphDestroy(other));
	CU(cudaGraphDestroy(g));
	CU(cudaGraphExecDestroy(e));
	CU(cudaFree(d));
	CU(cudaFree(m));
	CU(cudaFreeHost(h));
}

static void drawn(cudaGraph_t g)
{
	char name[] = "/tmp/graph-XXXXXX", text[4096] = "";
	FILE *f;

	close(mkstemp(name));
	CU(cudaGraphDebugDotPrint(g, name, cudaGraphDebugDotFlagsVerbose));
	f = fopen(name, "r");
	if (f && !fread(text, 1, sizeof(text) - 1, f))
		text[0] = 0;
	check_result(!strncmp(text, "digraph", 7) && strstr(text, "MEMCPY") && strstr(text, "step") &&
		     strstr(text, "->"), "the graph drawn");
	if (f)
		fclose(f);
	unlink(name);
}

/* Copies of three dimensions, waits for events outside, and the graph as a drawing. */
static void rest(cudaStream_t s)
{
	cudaMemcpy3DParms copy = {};
	unsigned char in[4 * 3 * 2], *d = device_array<unsigned char>(8 * 4 * 2);
	cudaStream_t other;
	cudaEvent_t ev;
	cudaGraph_t g;
	cudaGraphExec_t e;
	bool good = true;

	for (unsigned i = 0; i < sizeof(in); i++)
		in[i] = i + 1;
	CU(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking));
	CU(cudaEventCreateWithFlags(&ev, cudaEventDisableTiming));
	copy.srcPtr = make_cudaPitchedPtr(in, 4, 4, 3);
	copy.dstPtr = make_cudaPitchedPtr(d, 8, 8, 4);
	copy.extent = make_cudaExtent(4, 3, 2);
	copy.kind = cudaMemcpyHostToDevice;
	CU(cudaDeviceSynchronize());
	CU(cudaStreamBeginCapture(s, cudaStreamCaptureModeGlobal));
	CU(cudaStreamWaitEvent(s, ev, cudaEventWaitExternal));
	CU(cudaMemcpy3DAsync(&copy, s));
	step<<<1, 1, 0, s>>>((unsigned *)d, 1, 0);
	CU(cudaStreamEndCapture(s, &g));
	CU(cudaGraphInstantiate(&e, g, 0));

	static std::atomic<int> gate(0);
	CU(cudaLaunchHostFunc(other, [](void *p) { while (!((std::atomic<int> *)p)->load()) ; }, &gate));
	CU(cudaEventRecord(ev, other));
	CU(cudaGraphLaunch(e, s));
	check_result(cudaStreamQuery(s) == cudaErrorNotReady, "a graph waits for an event outside");
	gate = 1;
	CU(cudaStreamSynchronize(s));
	std::vector<unsigned char> out = from_device(d, 8 * 4 * 2);
	for (int z = 0; z < 2; z++)
		for (int y = 0; y < 3; y++)
			good &= !memcmp(&out[(z * 4 + y) * 8], in + (z * 3 + y) * 4, 4);
	check_result(good, "a copy of three dimensions");
	drawn(g);
	CU(cudaGraphExecDestroy(e));
	CU(cudaGraphDestroy(g));
	CU(cudaStreamDestroy(other));
	CU(cudaEventDestroy(ev));
	CU(cudaFree(d));
}

static void destroyed(void *p)
{
	++*(int *)p;
}

static void objects(cudaStream_t s)
{
	int gone = 0;
	cudaUserObject_t o;
	cudaGraph_t g = chain(s, device_array<float>(N), 1, 0);
	cudaGraphExec_t e;

	CU(cudaUserObjectCreate(&o, &gone, destroyed, 1, cudaUserObjectNoDestructorSync));
	CU(cudaGraphRetainUserObject(g, o, 1, cudaGraphUserObjectMove));
	CU(cudaGraphInstantiate(&e, g, 0));
	CU(cudaGraphDestroy(g));
	check_result(!gone, "a user object lives with an executable graph");
	CU(cudaGraphExecDestroy(e));
	check_result(gone == 1, "and ends with it");
}

int main()
{
	cudaStream_t s;

	CU(cudaStreamCreate(&s));
	replay(s);
	copied(s);
	everything(s);
	by_hand(s);
	cycle();
	ordered();
	asynchronous(s);
	memory(s);
	cooperative(s);
	refusals(s);
	rest(s);
	objects(s);
	CU(cudaStreamDestroy(s));
	return check_end();
}
