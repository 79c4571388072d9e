// SPDX-License-Identifier: MIT
/*
 * More streams than a ring has room for waits, rings that are full: calls that
 * only the device can let go on must keep nobody else's call waiting.
 */
#include <pthread.h>
#include <string.h>
#include <unistd.h>
#include "../compiler/tap.h"
#include "cuda.h"
#include "host_device.h"

enum { WAIT_EQ = 1 };	/* of cuStreamWaitValue32 */

/* MANY streams and what they need besides are more than a ring of RING slots has free when it is FULL. */
enum { MANY = 200, RING = 1024, FULL = RING - 20, THREADS = 4 };

static CUcontext ctx;
static CUstream many[MANY], key;
static CUdeviceptr words;		/* one for each of many and what threads write */
static unsigned int *gate;		/* holds streams while it is 0 */

/* The stream waits until the gate is opened; so many packets are behind that. */
static bool hold(CUstream s, int packets)
{
	bool good = !cuStreamWaitValue32_v2(s, (uintptr_t)gate, 1, WAIT_EQ);

	for (int i = 0; i < packets && good; i++)
		good = !cuMemsetD32Async(words, 0, MANY + THREADS, s);
	return good;
}

static bool shut(void)
{
	bool good = !cuCtxSynchronize();

	*gate = 0;
	return good;
}

static bool open_gate(void)
{
	return !cuStreamWriteValue32_v2(key, (uintptr_t)gate, 1, 0);
}

static bool words_are(unsigned int want, int first, int count)
{
	unsigned int got[MANY + THREADS];

	if (cuMemcpyDtoH_v2(got, words, sizeof(got)))
		return false;
	for (int i = first; i < first + count; i++)
		if (got[i] != want)
			return false;
	return true;
}

static void *use_legacy(void *arg)
{
	intptr_t i = (intptr_t)arg;

	return (void *)(intptr_t)(!cuCtxSetCurrent(ctx) && !cuMemsetD32Async(words + 4 * (MANY + i), 7, 1, NULL));
}

/* The legacy stream is full and has to follow MANY others; threads use it, and another call lets it go on. */
static void test_legacy(int threads)
{
	pthread_t thread[THREADS];
	bool good = shut() && hold(NULL, FULL);

	for (int i = 0; i < MANY; i++)
		good = good && !cuMemsetD32Async(words + 4 * i, 7, 1, many[i]);
	ok(good, "%d streams behind a legacy stream that is full", MANY);
	for (intptr_t i = 0; i < threads; i++)
		pthread_create(&thread[i], NULL, use_legacy, (void *)i);
	usleep(100000);
	ok(open_gate(), "another stream's call goes through while %d threads wait for room", threads);
	for (int i = 0; i < threads; i++) {
		void *r;

		pthread_join(thread[i], &r);
		good = good && r;
	}
	/* By the legacy stream, which follows them all. */
	ok(good && words_are(7, 0, MANY + threads), "and all is done");
}

/* Streams that are destroyed are followed all the same, and need no room in the legacy stream for that. */
static void test_destroy(void)
{
	CUstream some[MANY];
	bool good = shut() && hold(NULL, FULL);

	for (int i = 0; i < MANY; i++)
		good = good && !cuStreamCreate(&some[i], 0) && !cuMemsetD32Async(words + 4 * i, 8, 1, some[i]) &&
		       !cuStreamDestroy_v2(some[i]);
	ok(good, "%d streams are destroyed while the legacy stream is full", MANY);
	ok(open_gate() && words_are(8, 0, MANY), "and followed");
}

static void test_query(void)
{
	bool good = shut() && hold(many[0], FULL + 3);

	ok(good && cuStreamQuery(many[0]) == CUDA_ERROR_NOT_READY, "a full stream is asked without waiting for room");
	ok(open_gate() && !cuStreamSynchronize(many[0]) && !cuStreamQuery(many[0]), "and done");
}

/* An event that the whole context waits for, though its streams are full. */
static void test_context_wait(void)
{
	CUstream free_stream;
	CUevent e;
	bool good = shut() && !cuEventCreate(&e, CU_EVENT_DISABLE_TIMING) &&
		    !cuStreamCreate(&free_stream, CU_STREAM_NON_BLOCKING) && hold(many[0], FULL) && hold(many[1], 0);

	good = good && !cuEventRecord(e, many[1]);
	ok(good && !cuCtxWaitEvent(ctx, e), "a context with a full stream waits for an event");
	ok(!cuMemsetD32Async(words, 9, 1, free_stream) && cuStreamQuery(free_stream) == CUDA_ERROR_NOT_READY,
	   "what is submitted next is behind it");
	__atomic_store_n(gate, 1, __ATOMIC_RELEASE);	/* the stream with the key waits for the event, too */
	ok(!cuStreamSynchronize(free_stream) && !cuEventQuery(e), "and comes after it");
	/* Again and again, of one stream and of many: entries are as many as queues at most, and end. */
	for (int i = 0; i < 3 * MANY; i++)
		good = good && !cuEventRecord(e, many[i % MANY]) && !cuCtxWaitEvent(ctx, e);
	ok(good && !cuMemsetD32Async(words, 9, MANY, free_stream) && !cuStreamSynchronize(free_stream) &&
	   words_are(9, 0, MANY), "many such events");
	cuEventDestroy_v2(e);
	cuStreamDestroy_v2(free_stream);
}

/* An event after all streams, which none of them has to wait for. */
static void test_context_record(void)
{
	CUstream other;
	CUevent e;
	bool good = shut() && !cuEventCreate(&e, 0) && !cuStreamCreate(&other, CU_STREAM_NON_BLOCKING);

	good = good && hold(other, 1) && !cuCtxRecordEvent(ctx, e);
	ok(good && !cuMemsetD32Async(words, 3, 1, NULL) && !cuStreamSynchronize(NULL),
	   "recording an event of a context leaves the legacy stream free of streams that do not block it");
	ok(cuEventQuery(e) == CUDA_ERROR_NOT_READY && open_gate() && !cuEventSynchronize(e) && !cuStreamQuery(other),
	   "the event comes after them");
	good = shut();
	for (int i = 0; i < MANY; i++)
		good = good && hold(many[i], 1);
	ok(good && !cuCtxRecordEvent(ctx, e) && cuEventQuery(e) == CUDA_ERROR_NOT_READY, "after %d streams", MANY);
	ok(open_gate() && !cuEventSynchronize(e), "and done");
	for (int i = 0; i < MANY; i++)
		good = good && !cuStreamQuery(many[i]);
	ok(good, "when all of them are");
	cuEventDestroy_v2(e);
	cuStreamDestroy_v2(other);
}

int main(void)
{
	alarm(120);	/* what this is about would hang */
	cuInit(0);
	ok(!cuCtxCreate_v2(&ctx, 0, 0) && !cuMemHostAlloc((void **)&gate, 4, 0) && !cuMemAlloc_v2(&words, 4 * (MANY + THREADS)) &&
	   !cuStreamCreate(&key, CU_STREAM_NON_BLOCKING), "a context");
	for (int i = 0; i < MANY; i++)
		cuStreamCreate(&many[i], 0);
	test_legacy(1);
	test_legacy(THREADS);
	test_destroy();
	test_query();
	test_context_wait();
	test_context_record();
	ok(!cuCtxDestroy_v2(ctx) && !host_device_objects(), "nothing is left in the device");
	return tap_done();
}
