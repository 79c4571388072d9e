// SPDX-License-Identifier: MIT
// Priorities of streams: their range as a card has it, what is out of it, and that they count.
#include <algorithm>
#include "check.h"
#include "hold.h"

enum { GREATEST = -5, LEVELS = 6, BLOCKS = 1000, WAVES = 4 };

// Whose priority it is: the stream's from the beginning, the stream's since it has work, or the launch's.
enum whose { STREAM, CHANGED, LAUNCH };

__global__ void work(unsigned *out, int n)
{
	unsigned x = threadIdx.x;

	for (int i = 0; i < n; i++)
		x = x * 1664525 + 1013904223;
	out[blockIdx.x * blockDim.x + threadIdx.x] = x;
}

// Of a grid: more than the device holds at once, or all would have room, and end as it comes.
static int blocks()
{
	static int n;
	int each, count;

	if (!n) {
		CU(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&each, work, 32, 0));
		CU(cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, 0));
		n = std::max<int>(BLOCKS, WAVES * each * count);
	}
	return n;
}

static int given(int asked)
{
	cudaStream_t s;
	int p;

	CU(cudaStreamCreateWithPriority(&s, cudaStreamNonBlocking, asked));
	CU(cudaStreamGetPriority(s, &p));
	CU(cudaStreamDestroy(s));
	return p;
}

// Into a stream, or with a priority of its own into one that has another.
static void launch(unsigned *out, cudaStream_t s, bool own, int priority)
{
	cudaLaunchConfig_t c = { (unsigned)blocks(), 32, 0, s };
	cudaLaunchAttribute a;

	a.id = cudaLaunchAttributePriority;
	a.val.priority = priority;
	c.attrs = &a;
	c.numAttrs = own;
	CU(cudaLaunchKernelEx(&c, work, out, 5000));
}

static cudaStream_t stream_of(enum whose whose, int level, cudaEvent_t held)
{
	cudaLaunchAttributeValue v = { 0 };
	cudaStream_t s;

	v.priority = -level;
	CU(cudaStreamCreateWithPriority(&s, cudaStreamNonBlocking, whose == STREAM ? -level : GREATEST + level));
	CU(cudaStreamWaitEvent(s, held));
	if (whose == CHANGED)
		CU(cudaStreamSetAttribute(s, cudaLaunchAttributePriority, &v));
	return s;
}

// A grid of each priority, the least submitted first, all let go at once.
static bool in_order(enum whose whose)
{
	unsigned *out = device_array<unsigned>(32 * blocks());
	cudaStream_t s[LEVELS], holder;
	cudaEvent_t end[LEVELS], held;
	bool good = true;
	int *gate;

	CU(cudaHostAlloc(&gate, sizeof(int), cudaHostAllocMapped));
	CU(cudaStreamCreateWithFlags(&holder, cudaStreamNonBlocking));
	CU(cudaEventCreateWithFlags(&held, cudaEventDisableTiming));
	RUN(work<<<1, 32>>>(out, 1));
	*(volatile int *)gate = 0;
	hold<<<1, 1, 0, holder>>>(gate);
	CU(cudaEventRecord(held, holder));
	for (int i = 0; i < LEVELS; i++) {
		s[i] = stream_of(whose, i, held);
		CU(cudaEventCreate(&end[i]));
		launch(out, s[i], whose == LAUNCH, -i);
		CU(cudaEventRecord(end[i], s[i]));
	}
	*(volatile int *)gate = 1;
	CU(cudaDeviceSynchronize());
	for (int i = 1; i < LEVELS; i++) {
		float ms;

		CU(cudaEventElapsedTime(&ms, end[i], end[0]));
		printf("# priority %d ends %.3f ms before priority 0\n", -i, ms);
		good = good && ms > 0;
	}
	return good;
}

// A host that stops one of the device's workers in the last block of a grid turns that one's end: not again and again.
static bool in_order_at_last(enum whose whose)
{
	for (int tries = 0; tries < 5; tries++)
		if (in_order(whose))
			return true;
	return false;
}

static int priority_of(cudaGraphNode_t n)
{
	cudaLaunchAttributeValue v;

	CU(cudaGraphKernelNodeGetAttribute(n, cudaLaunchAttributePriority, &v));
	return v.priority;
}

static bool nodes()
{
	unsigned *out = device_array<unsigned>(32 * blocks());
	cudaStream_t s;
	cudaGraph_t g;
	cudaGraphExec_t e;
	cudaGraphNode_t n[2];
	size_t count = 2;
	bool good;

	CU(cudaStreamCreateWithPriority(&s, cudaStreamNonBlocking, -3));
	CU(cudaStreamBeginCapture(s, cudaStreamCaptureModeRelaxed));
	launch(out, s, false, 0);
	launch(out, s, true, -100);
	CU(cudaStreamEndCapture(s, &g));
	CU(cudaGraphGetNodes(g, n, &count));
	good = count == 2 && ((priority_of(n[0]) == -3 && priority_of(n[1]) == GREATEST) ||
			      (priority_of(n[1]) == -3 && priority_of(n[0]) == GREATEST));
	CU(cudaGraphInstantiate(&e, g, cudaGraphInstantiateFlagUseNodePriority));
	CU(cudaGraphLaunch(e, s));
	CU(cudaStreamSynchronize(s));
	CU(cudaGraphExecDestroy(e));
	CU(cudaGraphDestroy(g));
	CU(cudaFree(out));
	return good;
}

int main()
{
	int least, greatest;

	CU(cudaDeviceGetStreamPriorityRange(&least, &greatest));
	check_result(least == 0 && greatest == GREATEST, "six priorities, 0 to -5");
	bool each = true;
	for (int p = GREATEST; p <= 0; p++)
		each = each && given(p) == p;
	check_result(each, "each of them is given");
	check_result(given(1) == 0 && given(1000) == 0 && given(-6) == GREATEST && given(INT32_MIN) == GREATEST,
		     "what is out of the range becomes its end");
	int p = 9;
	CU(cudaStreamGetPriority(cudaStreamPerThread, &p));
	check_result(p == 0, "a default stream has the least");
	check_result(in_order_at_last(STREAM), "greater ones end before the least");
	check_result(in_order_at_last(CHANGED), "so they do where their streams were given them later");
	check_result(in_order_at_last(LAUNCH), "a launch's own counts instead of its stream's");
	check_result(nodes(), "a captured launch's is its stream's or its own, within the range");
	return check_end();
}
