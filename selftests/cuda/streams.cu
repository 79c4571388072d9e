// SPDX-License-Identifier: MIT
// Streams and events: order in a stream, order across by events and by the legacy stream, real overlap, host functions.
#include "check.h"
#include <atomic>
#include <unistd.h>

__global__ void bump(int *p, int mul, int add)
{
	*p = *p * mul + add;
}

/* Waits, and lets others run meanwhile, until the other kernel has raised its flag. */
__global__ void meet(volatile int *mine, volatile int *other)
{
	*mine = 1;
	__threadfence();
	while (!*other)
		__nanosleep(200);
}

enum { ROUNDS = 100, FEW = 16, PATIENCE = 100000 };

/*
 * Two kernels wait until both have begun, then answer each other, and never let go by themselves. One that
 * has to leave before the other can answer has looked for as long as its turn was: thousands of times. Where both
 * run at once the answer is there after a few looks. Adds to *quick how often it was not there at the first
 * look and was at one of the next FEW; after PATIENCE looks the other is let go.
 */
__global__ void converse(volatile int *mine, volatile int *other, int begins, int *quick)
{
	int looks = 0, n = 0;

	mine[4] = 1;
	while (!other[4])
		__nanosleep(200);
	for (int i = 1; i <= ROUNDS; i++) {
		int before = looks;

		if (begins)
			*mine = i;
		while (*other < i && looks < PATIENCE)
			looks++;
		if (looks == PATIENCE)
			break;
		if (looks > before && looks - before <= FEW)
			n++;
		if (!begins)
			*mine = i;
	}
	*mine = ROUNDS;
	*quick = n;
}

/* Whether the two kernels were seen to run at the same time. */
static bool overlap(cudaStream_t a, cudaStream_t b)
{
	int *p = device_array<int>(6), quick[2];

	CU(cudaDeviceSynchronize());	/* the second stream does not wait for the memset */
	converse<<<1, 1, 0, a>>>(p, p + 1, 1, p + 2);
	converse<<<1, 1, 0, b>>>(p + 1, p, 0, p + 3);
	CU(cudaStreamSynchronize(a));
	CU(cudaStreamSynchronize(b));
	CU(cudaMemcpy(quick, p + 2, sizeof(quick), cudaMemcpyDeviceToHost));
	CU(cudaFree(p));
	printf("# quick answers: %d and %d of %d\n", quick[0], quick[1], ROUNDS);
	return quick[0] + quick[1] >= ROUNDS / 2;
}

/* The same with this thread for one of the two kernels: whether the machine has two processors for us just now. */
static bool two_processors(cudaStream_t a)
{
	volatile int *p;
	bool quick;

	CU(cudaHostAlloc((void **)&p, 6 * sizeof(*p), cudaHostAllocMapped));
	for (int i = 0; i < 6; i++)
		p[i] = i == 5;
	converse<<<1, 1, 0, a>>>(p, p + 1, 1, (int *)p + 2);
	CU(cudaGetLastError());
	for (unsigned i = 1, looks = 0; i <= ROUNDS; i++) {
		while (p[0] < (int)i && (++looks % PATIENCE || cudaStreamQuery(a) == cudaErrorNotReady))
			;
		p[1] = i;
	}
	CU(cudaStreamSynchronize(a));
	quick = p[2] >= ROUNDS / 4;
	printf("# quick answers by the host: %d of %d\n", p[2], ROUNDS);
	CU(cudaFreeHost((void *)p));
	return quick;
}

/*
 * A machine that has other work may let the two kernels run together in one of some tries only. One that gives us
 * a single processor all the time, this thread and a kernel in turns, cannot show it: that is no one's failure.
 */
static void check_overlap(cudaStream_t a, cudaStream_t b)
{
	const char *name = "two kernels run at the same time";
	time_t end = time(NULL) + 30;
	int two = 0;

	do {
		if (overlap(a, b)) {
			check_result(true, name);
			return;
		}
		two += two_processors(a);
		usleep(10000);
	} while (time(NULL) < end && two < 20);
	if (two)
		check_result(false, name);
	else
		check_result(true, "two kernels run at the same time # SKIP one processor at a time");
}

// Words of mapped host memory: the gate, and what has run.
enum { GATE, BEGUN, HELD, FIRST, SECOND, THIRD, PASSED, WORDS };

__device__ unsigned long long nanoseconds()
{
	unsigned long long t;

	asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(t));
	return t;
}

// Holds its stream until the host opens the gate, or for five seconds, so that nothing can hang.
__global__ void hold(volatile int *m)
{
	unsigned long long start = nanoseconds();

	m[BEGUN] = 1;
	while (!m[GATE] && nanoseconds() - start < 5000000000)
		__nanosleep(1000);
	m[HELD] = m[GATE] ? 1 : -1;
}

__global__ void follow(volatile int *m, int before, int after)
{
	m[after] = m[before] + 1;
}

// All words are 0, the gate is shut, and a kernel waits for it in the stream.
static void shut(volatile int *m, cudaStream_t s)
{
	CU(cudaDeviceSynchronize());
	for (int i = 0; i < WORDS; i++)
		m[i] = 0;
	hold<<<1, 1, 0, s>>>((int *)m);
	CU(cudaGetLastError());
	for (int i = 0; i < 4000 && !m[BEGUN]; i++)
		usleep(1000);
}

// Whether a stream runs a kernel to its end while the gate is shut, and time for what must not run to do so.
static bool passes(volatile int *m, cudaStream_t s)
{
	follow<<<1, 1, 0, s>>>((int *)m, BEGUN, PASSED);
	CU(cudaStreamSynchronize(s));
	bool good = m[PASSED] == 2 && !m[HELD];
	usleep(50000);
	return good;
}

static bool waits(volatile int *m, int word, cudaStream_t s)
{
	return !m[word] && cudaStreamQuery(s) == cudaErrorNotReady;
}

static void open_gate(volatile int *m)
{
	m[GATE] = 1;
	CU(cudaDeviceSynchronize());
}

static void order_by_events(volatile int *m, cudaStream_t a, cudaStream_t b, cudaStream_t free)
{
	cudaEvent_t ev;

	CU(cudaEventCreateWithFlags(&ev, cudaEventDisableTiming));
	shut(m, a);
	CU(cudaEventRecord(ev, a));
	check_result(cudaEventQuery(ev) == cudaErrorNotReady, "an event behind a kernel that is held");
	CU(cudaStreamWaitEvent(b, ev));
	CU(cudaEventRecord(ev, free));	// what waits already goes on waiting for the first one
	follow<<<1, 1, 0, b>>>((int *)m, HELD, FIRST);
	check_result(passes(m, free), "a stream without a wait passes");
	check_result(waits(m, FIRST, b), "a stream that waits for the event does not");
	open_gate(m);
	check_result(m[FIRST] == 2, "and goes on after it");
	CU(cudaEventDestroy(ev));
}

static void order_by_legacy(volatile int *m, cudaStream_t a, cudaStream_t b, cudaStream_t free)
{
	shut(m, a);
	follow<<<1, 1>>>((int *)m, HELD, FIRST);
	follow<<<1, 1, 0, b>>>((int *)m, FIRST, SECOND);
	check_result(passes(m, free), "a non-blocking stream passes a blocking and the legacy one");
	check_result(waits(m, FIRST, cudaStreamLegacy), "the legacy stream waits for a blocking one");
	check_result(waits(m, SECOND, b), "another blocking stream waits for the legacy one");
	open_gate(m);
	check_result(m[SECOND] == 3, "in that order");

	shut(m, cudaStreamLegacy);
	follow<<<1, 1, 0, a>>>((int *)m, HELD, FIRST);
	follow<<<1, 1, 0, cudaStreamPerThread>>>((int *)m, HELD, SECOND);
	check_result(passes(m, free), "a non-blocking stream passes the legacy one");
	check_result(waits(m, FIRST, a) && waits(m, SECOND, cudaStreamPerThread),
		     "a blocking stream and the thread's own wait for the legacy one");
	follow<<<1, 1>>>((int *)m, FIRST, THIRD);
	open_gate(m);
	check_result(m[FIRST] == 2 && m[SECOND] == 2 && m[THIRD] == 3, "and it for them");

	shut(m, a);
	follow<<<1, 1, 0, b>>>((int *)m, BEGUN, FIRST);
	CU(cudaStreamSynchronize(b));
	check_result(m[FIRST] == 2 && !m[HELD], "blocking streams do not wait for each other");
	open_gate(m);

	shut(m, free);
	follow<<<1, 1>>>((int *)m, BEGUN, FIRST);
	CU(cudaStreamSynchronize(cudaStreamLegacy));
	check_result(m[FIRST] == 2 && !m[HELD], "the legacy stream does not wait for a non-blocking one");
	open_gate(m);
}

// Order between streams, with a kernel in one of them that ends when the host says so.
static void order()
{
	cudaStream_t a, b, free;
	int *m;

	CU(cudaHostAlloc(&m, WORDS * sizeof(int), cudaHostAllocMapped));
	CU(cudaStreamCreate(&a));
	CU(cudaStreamCreate(&b));
	CU(cudaStreamCreateWithFlags(&free, cudaStreamNonBlocking));
	// A kernel's first launch may wait for all that runs: not when one is held.
	m[GATE] = 1;
	hold<<<1, 1>>>(m);
	RUN(follow<<<1, 1>>>(m, BEGUN, PASSED));
	order_by_events(m, a, b, free);
	order_by_legacy(m, a, b, free);
	CU(cudaStreamDestroy(a));
	CU(cudaStreamDestroy(b));
	CU(cudaStreamDestroy(free));
	CU(cudaFreeHost(m));
}

static void CUDART_CB set_flag(void *p)
{
	((std::atomic<int> *)p)->store(1);
}

static void one_stream(int *d, cudaStream_t a)
{
	cudaEvent_t t0, t1;
	unsigned want = 0;
	int h = 0;
	float ms;

	CU(cudaEventCreate(&t0));
	CU(cudaEventCreate(&t1));
	CU(cudaEventRecord(t0, a));
	for (int i = 0; i < 200; i++)
		bump<<<1, 1, 0, a>>>(d, i & 1 ? 3 : 1, i);
	CU(cudaEventRecord(t1, a));
	CU(cudaMemcpyAsync(&h, d, sizeof(h), cudaMemcpyDeviceToHost, a));
	CU(cudaStreamSynchronize(a));
	for (int i = 0; i < 200; i++)
		want = want * (i & 1 ? 3 : 1) + i;
	check_result((unsigned)h == want, "200 launches and a copy, in order");
	CU(cudaEventElapsedTime(&ms, t0, t1));
	printf("# 200 launches: %.3f ms\n", ms);
	check_result(ms > 0, "event timing");
	check_result(cudaStreamQuery(a) == cudaSuccess && cudaEventQuery(t1) == cudaSuccess, "queries");
	CU(cudaEventDestroy(t0));
	CU(cudaEventDestroy(t1));
}

static void across_by_events(int *d, cudaStream_t a, cudaStream_t b)
{
	cudaEvent_t ev;
	int h = 0;

	CU(cudaEventCreateWithFlags(&ev, cudaEventDisableTiming));
	CU(cudaMemcpy(d, &h, sizeof(h), cudaMemcpyHostToDevice));
	bump<<<1, 1, 0, a>>>(d, 1, 5);
	CU(cudaEventRecord(ev, a));
	CU(cudaStreamWaitEvent(b, ev));
	bump<<<1, 1, 0, b>>>(d, 10, 1);
	CU(cudaEventRecord(ev, b));
	CU(cudaStreamWaitEvent(a, ev));
	bump<<<1, 1, 0, a>>>(d, 2, 0);
	CU(cudaStreamSynchronize(a));
	CU(cudaMemcpy(&h, d, sizeof(h), cudaMemcpyDeviceToHost));
	check_result(h == 102, "order across streams by events");
	CU(cudaEventDestroy(ev));
}

static void at_the_same_time(cudaStream_t a, cudaStream_t b)
{
	int *flags = device_array<int>(2);
	const char *bed = getenv("VGPU_BED");

	CU(cudaDeviceSynchronize());
	meet<<<1, 1, 0, a>>>(flags, flags + 1);
	meet<<<1, 1, 0, b>>>(flags + 1, flags);
	CU(cudaStreamSynchronize(a));
	CU(cudaStreamSynchronize(b));
	std::vector<int> raised = from_device(flags, 2);
	check_result(raised[0] == 1 && raised[1] == 1, "two kernels that wait for each other both end");
	/* An emulated processor's slices are as long as a few instructions of what comes between them. */
	if (bed && !strcmp(bed, "qemu"))
		check_result(true, "two kernels run at the same time # SKIP emulated");
	else
		check_overlap(a, b);
}

static void host_function(int *d, cudaStream_t a)
{
	std::atomic<int> flag(0);

	bump<<<1, 1, 0, a>>>(d, 1, 0);
	CU(cudaLaunchHostFunc(a, set_flag, &flag));
	bump<<<1, 1, 0, a>>>(d, 1, 1);
	CU(cudaStreamSynchronize(a));
	check_result(flag == 1, "host function between kernels");
}

/* The legacy default stream waits for blocking streams, and they for it. */
static void legacy_stream(int *d, cudaStream_t a)
{
	int h = 0;

	CU(cudaMemset(d, 0, sizeof(int)));
	for (int i = 0; i < 50; i++) {
		bump<<<1, 1, 0, a>>>(d, 1, 1);
		bump<<<1, 1>>>(d, 2, 0);
		if (i % 25 == 24)
			CU(cudaMemsetAsync(d, 0, sizeof(int), a));
	}
	bump<<<1, 1, 0, a>>>(d, 1, 7);
	CU(cudaMemcpy(&h, d, sizeof(h), cudaMemcpyDeviceToHost));
	check_result(h == 7, "legacy default stream order");
}

int main()
{
	cudaStream_t a, b;
	int *d = device_array<int>(4);

	CU(cudaStreamCreate(&a));
	CU(cudaStreamCreateWithFlags(&b, cudaStreamNonBlocking));
	one_stream(d, a);
	across_by_events(d, a, b);
	at_the_same_time(a, b);
	host_function(d, a);
	legacy_stream(d, a);
	CU(cudaStreamDestroy(a));
	CU(cudaStreamDestroy(b));
	order();
	return check_end();
}
