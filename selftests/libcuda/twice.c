// SPDX-License-Identifier: MIT
/* One thing ended by two threads at once: one call succeeds, the other is told so, and it is freed once. */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../compiler/tap.h"
#include "cuda.h"
#include "host_device.h"

enum { ROUNDS = 300, SIZE = 65536 };

static const char ptx[] =
	".version 8.0\n.target sm_80\n.address_size 64\n.visible .entry k() { ret; }\n";

/* What is made and ended, as a number. */
struct kind {
	const char *name;
	bool (*make)(uintptr_t *thing);
	CUresult (*end)(uintptr_t thing);
};

static CUcontext home;

static bool make_memory(uintptr_t *t) { return !cuMemAlloc_v2((CUdeviceptr *)t, SIZE); }
static bool make_managed(uintptr_t *t) { return !cuMemAllocManaged((CUdeviceptr *)t, SIZE, CU_MEM_ATTACH_GLOBAL); }
static bool make_pooled(uintptr_t *t) { return !cuMemAllocAsync((CUdeviceptr *)t, SIZE, NULL); }
static bool make_pinned(uintptr_t *t) { return !cuMemHostAlloc((void **)t, SIZE, 0); }
static bool make_module(uintptr_t *t) { return !cuModuleLoadData((CUmodule *)t, ptx); }
static bool make_graph(uintptr_t *t) { return !cuGraphCreate((CUgraph *)t, 0); }
static bool make_stream(uintptr_t *t) { return !cuStreamCreate((CUstream *)t, 0); }
static bool make_event(uintptr_t *t) { return !cuEventCreate((CUevent *)t, 0); }
static void no_data(void *unused) { (void)unused; }
static bool make_object(uintptr_t *t)
{
	return !cuUserObjectCreate((CUuserObject *)t, NULL, no_data, 1, CU_USER_OBJECT_NO_DESTRUCTOR_SYNC);
}

static bool make_pool(uintptr_t *t)
{
	CUmemPoolProps props = { .allocType = CU_MEM_ALLOCATION_TYPE_PINNED,
				 .location = { CU_MEM_LOCATION_TYPE_DEVICE, 0 } };

	return !cuMemPoolCreate((CUmemoryPool *)t, &props);
}

static bool make_handle(uintptr_t *t)
{
	CUmemAllocationProp prop = { .type = CU_MEM_ALLOCATION_TYPE_PINNED,
				     .location = { CU_MEM_LOCATION_TYPE_DEVICE, 0 } };

	return !cuMemCreate((CUmemGenericAllocationHandle *)t, 2 << 20, &prop, 0);
}

/* Of two graphs with memory of their own one at a time may be executable. */
static bool make_exec(uintptr_t *t)
{
	static CUgraph g;
	CUDA_MEM_ALLOC_NODE_PARAMS alloc = {
		.poolProps = { .allocType = CU_MEM_ALLOCATION_TYPE_PINNED, .location = { CU_MEM_LOCATION_TYPE_DEVICE, 0 } },
		.bytesize = SIZE,
	};
	CUgraphNode n;

	if (g && cuGraphDestroy(g))
		return false;
	return !cuGraphCreate(&g, 0) && !cuGraphAddMemAllocNode(&n, g, NULL, 0, &alloc) &&
	       !cuGraphAddMemFreeNode(&n, g, &n, 1, alloc.dptr) &&
	       !cuGraphInstantiateWithFlags((CUgraphExec *)t, g, 0) && !cuGraphLaunch(*(CUgraphExec *)t, NULL);
}

static bool make_library(uintptr_t *t)
{
	CUmodule mod;

	return !cuLibraryLoadData((CUlibrary *)t, ptx, NULL, NULL, 0, NULL, NULL, 0) &&
	       !cuLibraryGetModule(&mod, *(CUlibrary *)t);
}

static bool make_link(uintptr_t *t)
{
	return !cuLinkCreate_v2(0, NULL, NULL, (CUlinkState *)t) &&
	       !cuLinkAddData_v2(*(CUlinkState *)t, JIT_INPUT_PTX, (void *)ptx, sizeof(ptx), "k", 0, NULL, NULL);
}

static bool make_addresses(uintptr_t *t)
{
	return !cuMemAddressReserve((CUdeviceptr *)t, 2 << 20, 0, 0, 0);
}

static void no_log(void *data, int level, char *message, size_t length)
{
	(void)data;
	(void)level;
	(void)message;
	(void)length;
}

static bool make_logger(uintptr_t *t)
{
	return !cuLogsRegisterCallback(no_log, NULL, (struct CUlogsCallbackEntry_st **)t);
}

static bool make_context(uintptr_t *t)
{
	CUcontext popped;

	return !cuCtxCreate_v2((CUcontext *)t, 0, 0) && !cuCtxPopCurrent_v2(&popped);
}

static bool make_registered(uintptr_t *t)
{
	static uint8_t pages[SIZE] __attribute__((aligned(4096)));

	*t = (uintptr_t)pages;
	return !cuMemHostRegister_v2(pages, SIZE, 0);
}

static CUresult end_memory(uintptr_t t) { return cuMemFree_v2(t); }
static CUresult end_async(uintptr_t t) { return cuMemFreeAsync(t, NULL); }
static CUresult end_pinned(uintptr_t t) { return cuMemFreeHost((void *)t); }
static CUresult end_registered(uintptr_t t) { return cuMemHostUnregister((void *)t); }
static CUresult end_module(uintptr_t t) { return cuModuleUnload((CUmodule)t); }
static CUresult end_graph(uintptr_t t) { return cuGraphDestroy((CUgraph)t); }
static CUresult end_stream(uintptr_t t) { return cuStreamDestroy_v2((CUstream)t); }
static CUresult end_object(uintptr_t t) { return cuUserObjectRelease((CUuserObject)t, 1); }
static CUresult end_event(uintptr_t t) { return cuEventDestroy_v2((CUevent)t); }
static CUresult end_pool(uintptr_t t) { return cuMemPoolDestroy((CUmemoryPool)t); }
static CUresult end_handle(uintptr_t t) { return cuMemRelease(t); }
static CUresult end_exec(uintptr_t t) { return cuGraphExecDestroy((CUgraphExec)t); }
static CUresult end_library(uintptr_t t) { return cuLibraryUnload((CUlibrary)t); }
static CUresult end_link(uintptr_t t) { return cuLinkDestroy((CUlinkState)t); }
static CUresult end_addresses(uintptr_t t) { return cuMemAddressFree(t, 2 << 20); }
static CUresult end_logger(uintptr_t t) { return cuLogsUnregisterCallback((struct CUlogsCallbackEntry_st *)t); }
static CUresult end_context(uintptr_t t) { return cuCtxDestroy_v2((CUcontext)t); }

static const struct kind kinds[] = {
	{ "memory", make_memory, end_memory },
	{ "memory in stream order", make_memory, end_async },
	{ "managed memory", make_managed, end_memory },
	{ "memory of a pool, at once", make_pooled, end_memory },
	{ "memory of a pool", make_pooled, end_async },
	{ "pinned memory", make_pinned, end_pinned },
	{ "registered memory", make_registered, end_registered },
	{ "a module", make_module, end_module },
	{ "a graph", make_graph, end_graph },
	{ "a stream", make_stream, end_stream },
	{ "an event", make_event, end_event },
	{ "a user object", make_object, end_object },
	{ "a pool", make_pool, end_pool },
	{ "a handle of memory", make_handle, end_handle },
	{ "an executable graph with memory", make_exec, end_exec },
	{ "a library", make_library, end_library },
	{ "a link", make_link, end_link },
	{ "reserved addresses", make_addresses, end_addresses },
	{ "a callback of the log", make_logger, end_logger },
	{ "a context", make_context, end_context },
};

static const struct kind *kind;
static uintptr_t thing;
static pthread_barrier_t begin, done;
static int ended, arrived;

/* Both at once: who waits for a barrier is woken microseconds after who came last. */
static void meet(int round)
{
	__atomic_fetch_add(&arrived, 1, __ATOMIC_ACQ_REL);
	for (int n = 0; n < 100000 && __atomic_load_n(&arrived, __ATOMIC_ACQUIRE) < 2 * (round + 1); n++)
		;
}

static void *end_it(void *unused)
{
	cuCtxSetCurrent(home);
	for (int i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&begin);
		meet(i);
		if (!kind->end(thing))
			__atomic_fetch_add(&ended, 1, __ATOMIC_RELAXED);
		pthread_barrier_wait(&done);
	}
	return unused;
}

static bool rounds(void)
{
	pthread_t t[2];
	int wrong = 0;

	arrived = 0;
	pthread_create(&t[0], NULL, end_it, NULL);
	pthread_create(&t[1], NULL, end_it, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		ended = 0;
		wrong += !kind->make(&thing);
		pthread_barrier_wait(&begin);
		pthread_barrier_wait(&done);
		wrong += ended != 1;
	}
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
	return !wrong;
}

int main(void)
{
	size_t left, total, before;

	alarm(240);
	pthread_barrier_init(&begin, NULL, 3);
	pthread_barrier_init(&done, NULL, 3);
	if (cuInit(0) || cuCtxCreate_v2(&home, 0, 0) || cuMemGetInfo_v2(&before, &total))
		return 1;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		kind = &kinds[i];
		ok(rounds(), kind->name);
	}
	cuCtxSynchronize();
	cuMemGetInfo_v2(&left, &total);
	ok(left <= before, "no more memory than at first");
	ok(!cuCtxDestroy_v2(home) && !host_device_objects(), "nothing is left in the device");
	return tap_done();
}
