// SPDX-License-Identifier: MIT
// What captures forbid: every rule, its error, and what becomes of the capture.
#include "check.h"
#include <thread>

__global__ void nothing()
{
}

static bool is(cudaError_t got, cudaError_t want, const char *call)
{
	cudaGetLastError();
	if (got != want)
		printf("# %s: %s\n", call, cudaGetErrorName(got));
	return got == want;
}

#define IS(call, want)	is(call, want, #call)

static cudaStream_t a, b, blocking;
static cudaEvent_t ev, other;

static void begin(cudaStream_t s, cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal)
{
	CU(cudaStreamBeginCapture(s, mode));
	nothing<<<1, 1, 0, s>>>();
}

static cudaError_t end(cudaStream_t s)
{
	cudaGraph_t g = (cudaGraph_t)1;
	cudaError_t e = cudaStreamEndCapture(s, &g);

	cudaGetLastError();
	if (e == cudaSuccess)
		CU(cudaGraphDestroy(g));
	else if (g && e != cudaErrorIllegalState && e != cudaErrorStreamCaptureUnmatched &&
		 e != cudaErrorStreamCaptureWrongThread)
		printf("# a failed capture left a graph\n");
	return e;
}

static cudaStreamCaptureStatus status(cudaStream_t s)
{
	cudaStreamCaptureStatus st;

	CU(cudaStreamIsCapturing(s, &st));
	return st;
}

static void begin_and_end()
{
	check_result(IS(cudaStreamBeginCapture(0, cudaStreamCaptureModeGlobal), cudaErrorStreamCaptureUnsupported),
		     "the legacy stream cannot be captured");
	check_result(IS(end(a), cudaErrorIllegalState), "ending what never began");
	begin(a);
	check_result(IS(cudaStreamBeginCapture(a, cudaStreamCaptureModeGlobal), cudaErrorIllegalState),
		     "beginning twice");
	check_result(status(a) == cudaStreamCaptureStatusActive && !end(a), "which harms nothing");
	begin(a, cudaStreamCaptureModeThreadLocal);
	cudaError_t e;
	std::thread([&] { e = end(a); }).join();
	check_result(IS(e, cudaErrorStreamCaptureWrongThread), "ended by another thread");
	check_result(status(a) == cudaStreamCaptureStatusNone && IS(end(a), cudaErrorIllegalState),
		     "ends it all the same, and nothing is left");
	begin(a, cudaStreamCaptureModeRelaxed);
	std::thread([&] { e = end(a); }).join();
	check_result(IS(e, cudaSuccess), "a relaxed capture may be ended by any thread");
	CU(cudaStreamBeginCapture(a, cudaStreamCaptureModeGlobal));
	check_result(!end(a), "an empty capture");
}

/* An invalid operation, then: the stream is unusable until the end, which tells. */
#define INVALIDATES(what, call, want)								\
	do {											\
		begin(a);									\
		bool right = IS(call, want);							\
		bool dead = status(a) == cudaStreamCaptureStatusInvalidated;			\
		nothing<<<1, 1, 0, a>>>();							\
		bool refused = IS(cudaGetLastError(), cudaErrorStreamCaptureInvalidated);	\
		check_result(right && dead && refused && IS(end(a), cudaErrorStreamCaptureInvalidated) && \
			     status(a) == cudaStreamCaptureStatusNone, what);			\
	} while (0)

static void invalidations()
{
	char *p = device_array<char>(16), *none, h[16];

	CU(cudaEventRecord(other, b));
	INVALIDATES("synchronizing the stream", cudaStreamSynchronize(a), cudaErrorStreamCaptureUnsupported);
	INVALIDATES("querying the stream", cudaStreamQuery(a), cudaErrorStreamCaptureUnsupported);
	INVALIDATES("synchronizing the device", cudaDeviceSynchronize(), cudaErrorStreamCaptureUnsupported);
	INVALIDATES("a callback", cudaStreamAddCallback(a, [](cudaStream_t, cudaError_t, void *) {}, NULL, 0),
		    cudaErrorStreamCaptureUnsupported);
	INVALIDATES("waiting for work outside", cudaStreamWaitEvent(a, other, 0), cudaErrorStreamCaptureIsolation);
	INVALIDATES("an allocation", cudaMalloc((void **)&none, 1 << 20), cudaErrorStreamCaptureUnsupported);
	INVALIDATES("pinned memory", cudaMallocHost((void **)&none, 4096), cudaErrorStreamCaptureUnsupported);
	begin(a);
	check_result(!cudaMemcpy(h, p, 16, cudaMemcpyDeviceToHost) && status(a) == cudaStreamCaptureStatusActive && !end(a),
		     "a synchronous copy has nothing to do with it");
	begin(a);
	check_result(!cudaMemset(p, 0, 16) && status(a) == cudaStreamCaptureStatusActive && !end(a), "nor has a fill");
	INVALIDATES("synchronizing another stream", cudaStreamSynchronize(b), cudaErrorStreamCaptureUnsupported);
	INVALIDATES("asking another stream", cudaStreamQuery(b), cudaErrorStreamCaptureUnsupported);
	INVALIDATES("querying an event that was not captured", cudaEventQuery(other),
		    cudaErrorStreamCaptureUnsupported);
	INVALIDATES("querying a captured event", (cudaEventRecord(ev, a), cudaEventQuery(ev)), cudaErrorCapturedEvent);
	INVALIDATES("synchronizing a captured event", (cudaEventRecord(ev, a), cudaEventSynchronize(ev)),
		    cudaErrorCapturedEvent);
	INVALIDATES("attaching memory", cudaStreamAttachMemAsync(a, p), cudaErrorStreamCaptureUnsupported);
	check_result(IS(cudaEventQuery(ev), cudaErrorInvalidValue) && IS(cudaStreamWaitEvent(b, ev, 0), cudaErrorInvalidValue),
		     "after its capture an event stands for nothing");
	CU(cudaEventRecord(ev, b));
	CU(cudaEventSynchronize(ev));
	check_result(cudaEventQuery(ev) == cudaSuccess, "until it is recorded anew");
	CU(cudaDeviceSynchronize());
	check_result(true, "and everything works again");
}

static void relaxed()
{
	void *p;

	begin(a, cudaStreamCaptureModeRelaxed);
	check_result(!cudaMalloc(&p, 4096) && !cudaFree(p) && !end(a), "a relaxed capture lets allocations pass");
	begin(a);
	cudaStreamCaptureMode mode = cudaStreamCaptureModeRelaxed;
	CU(cudaThreadExchangeStreamCaptureMode(&mode));
	check_result(mode == cudaStreamCaptureModeGlobal && !cudaMalloc(&p, 4096) && !cudaFree(p), "so does a relaxed thread");
	CU(cudaThreadExchangeStreamCaptureMode(&mode));
	check_result(!end(a), "its capture is unharmed");

	cudaError_t e;
	begin(a);
	std::thread([&] { e = cudaMalloc(&p, 4096); }).join();
	check_result(IS(e, cudaErrorStreamCaptureUnsupported) && IS(end(a), cudaErrorStreamCaptureInvalidated),
		     "a global capture forbids other threads");
	begin(a, cudaStreamCaptureModeThreadLocal);
	std::thread([&] { e = cudaMalloc(&p, 4096); }).join();
	check_result(IS(e, cudaSuccess) && !end(a), "a local one does not");
	CU(cudaFree(p));
	begin(a);
	std::thread([&] {
		cudaStreamCaptureMode m = cudaStreamCaptureModeThreadLocal;
		CU(cudaThreadExchangeStreamCaptureMode(&m));
		e = cudaMalloc(&p, 4096);
	}).join();
	check_result(IS(e, cudaSuccess) && !end(a), "nor does a thread in local mode mind a global one");
	CU(cudaFree(p));
}

static void forks()
{
	cudaGraph_t g;

	begin(a);
	CU(cudaEventRecord(ev, a));
	CU(cudaStreamWaitEvent(b, ev, 0));
	nothing<<<1, 1, 0, b>>>();
	check_result(IS(end(a), cudaErrorStreamCaptureUnjoined) && status(b) == cudaStreamCaptureStatusNone,
		     "a fork that is not joined");

	begin(a);
	CU(cudaEventRecord(ev, a));
	CU(cudaStreamWaitEvent(b, ev, 0));
	check_result(IS(cudaStreamEndCapture(b, &g), cudaErrorStreamCaptureUnmatched), "ended in the wrong stream");
	check_result(IS(end(a), cudaErrorStreamCaptureInvalidated), "which invalidates");

	begin(a);
	begin(b);
	CU(cudaEventRecord(ev, a));
	check_result(IS(cudaStreamWaitEvent(b, ev, 0), cudaErrorStreamCaptureMerge), "two captures do not merge");
	check_result(IS(end(a), cudaErrorStreamCaptureInvalidated) && IS(end(b), cudaErrorStreamCaptureInvalidated),
		     "and both are invalid");

	begin(a);
	CU(cudaEventRecord(ev, a));
	CU(cudaStreamWaitEvent(b, ev, 0));
	CU(cudaStreamWaitEvent(a, ev, 0));
	check_result(!end(a), "a fork without work needs no join");

	cudaStream_t c;
	CU(cudaStreamCreateWithFlags(&c, cudaStreamNonBlocking));
	begin(a);
	CU(cudaEventRecord(ev, a));
	CU(cudaStreamWaitEvent(c, ev, 0));
	nothing<<<1, 1, 0, c>>>();
	CU(cudaEventRecord(ev, c));
	CU(cudaStreamWaitEvent(a, ev, 0));
	CU(cudaStreamDestroy(c));
	check_result(!end(a), "a fork that has been joined may go");
	CU(cudaStreamCreateWithFlags(&c, cudaStreamNonBlocking));
	begin(a);
	CU(cudaEventRecord(ev, a));
	CU(cudaStreamWaitEvent(c, ev, 0));
	nothing<<<1, 1, 0, c>>>();
	CU(cudaStreamDestroy(c));
	check_result(IS(end(a), cudaErrorStreamCaptureUnjoined), "its work must be joined all the same");
}

static void legacy()
{
	int *p = device_array<int>(1), h;
	cudaStreamCaptureStatus st;

	begin(blocking, cudaStreamCaptureModeRelaxed);
	check_result(IS(cudaStreamIsCapturing(0, &st), cudaErrorStreamCaptureImplicit) &&
		     status(blocking) == cudaStreamCaptureStatusActive, "asking for the legacy stream's state");
	nothing<<<1, 1>>>();
	check_result(IS(cudaGetLastError(), cudaErrorStreamCaptureImplicit) &&
		     IS(end(blocking), cudaErrorStreamCaptureInvalidated), "the legacy stream while a blocking one captures");
	begin(blocking, cudaStreamCaptureModeRelaxed);
	check_result(IS(cudaMemcpy(&h, p, 4, cudaMemcpyDeviceToHost), cudaErrorStreamCaptureImplicit) &&
		     IS(end(blocking), cudaErrorStreamCaptureInvalidated), "a synchronous copy uses it");
	begin(a, cudaStreamCaptureModeRelaxed);
	nothing<<<1, 1>>>();
	check_result(IS(cudaGetLastError(), cudaSuccess) && !end(a), "beside a non-blocking one it works");
	CU(cudaFree(p));
}

/* The graph that grows, and what the next node will depend on. */
static void inspect()
{
	const cudaGraphNode_t *deps;
	unsigned long long id;
	cudaGraphNode_t extra;
	cudaGraph_t g, got;
	size_t n;

	begin(a);
	cudaStreamCaptureStatus st;
#if CUDART_VERSION >= 13000
	CU(cudaStreamGetCaptureInfo(a, &st, &id, &got, &deps, NULL, &n));
#else
	CU(cudaStreamGetCaptureInfo_v2(a, &st, &id, &got, &deps, &n));
#endif
	check_result(st == cudaStreamCaptureStatusActive && id && n == 1, "what a capture is at");
	CU(cudaGraphAddEmptyNode(&extra, got, deps, n));
#if CUDART_VERSION >= 13000
	CU(cudaStreamUpdateCaptureDependencies(a, &extra, NULL, 1, cudaStreamSetCaptureDependencies));
#else
	CU(cudaStreamUpdateCaptureDependencies(a, &extra, 1, cudaStreamSetCaptureDependencies));
#endif
	nothing<<<1, 1, 0, a>>>();
	CU(cudaStreamEndCapture(a, &g));
	CU(cudaGraphGetNodes(g, NULL, &n));
	check_result(g == got && n == 3, "a node of ours in between");
	CU(cudaGraphDestroy(g));

	CU(cudaGraphCreate(&g, 0));
	CU(cudaGraphAddEmptyNode(&extra, g, NULL, 0));
	CU(cudaStreamBeginCaptureToGraph(a, g, &extra, NULL, 1, cudaStreamCaptureModeRelaxed));
	nothing<<<1, 1, 0, a>>>();
	CU(cudaStreamEndCapture(a, &got));
	CU(cudaGraphGetNodes(g, NULL, &n));
	check_result(g == got && n == 2, "a capture into a graph that there is");
	CU(cudaGraphDestroy(g));
}

int main()
{
	CU(cudaStreamCreateWithFlags(&a, cudaStreamNonBlocking));
	CU(cudaStreamCreateWithFlags(&b, cudaStreamNonBlocking));
	CU(cudaStreamCreate(&blocking));
	CU(cudaEventCreateWithFlags(&ev, cudaEventDisableTiming));
	CU(cudaEventCreateWithFlags(&other, cudaEventDisableTiming));
	RUN(nothing<<<1, 1>>>());
	begin_and_end();
	invalidations();
	relaxed();
	forks();
	legacy();
	inspect();
	return check_end();
}
