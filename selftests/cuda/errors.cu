// SPDX-License-Identifier: MIT
// What the driver API answers to calls that are wrong: as an H100 with a driver of the 580 series answers.
#include "check.h"
#include <cstdint>
#include <dlfcn.h>

static void *library;

#define CALL(name, ...) ((int (*)(...))dlsym(library, #name))(__VA_ARGS__)
#define EXPECT(want, what, name, ...) expect(want, CALL(name, __VA_ARGS__), what)

static const size_t MiB = 1 << 20;
static const char head[] = ".version 7.0\n.target sm_70\n.address_size 64\n";
static uint64_t memory;

static void expect(int want, int got, const char *what)
{
	if (want != got)
		printf("# got %d, not %d\n", got, want);
	check_result(want == got, what);
}

static void before_init(void)
{
	int n;

	EXPECT(3, "counting devices before cuInit", cuDeviceGetCount, &n);
	EXPECT(1, "flags of cuInit", cuInit, 1);
	expect(0, CALL(cuInit, 0), "cuInit");
}

static void devices(void)
{
	char id[16];
	int v;

	EXPECT(101, "device -1", cuDeviceGet, &v, -1);
	EXPECT(1, "no pointer", cuDeviceGet, (void *)0, 0);
	EXPECT(0, "a name is cut", cuDeviceGetName, id, 3, 0);
	EXPECT(1, "a PCI address is not", cuDeviceGetPCIBusId, id, 4, 0);
	EXPECT(1, "what is no PCI address", cuDeviceGetByPCIBusId, &v, "junk");
	EXPECT(101, "a PCI address without a device", cuDeviceGetByPCIBusId, &v, "0000:7f:00.0");
	EXPECT(1, "an attribute past the last", cuDeviceGetAttribute, &v, 9999, 0);
}

static void without_context(void)
{
	void *p;
	int v;

	EXPECT(201, "memory without a context", cuMemAlloc_v2, &memory, (size_t)16);
	EXPECT(201, "the device of none", cuCtxGetDevice, &v);
	EXPECT(201, "nothing to pop", cuCtxPopCurrent_v2, &p);
	EXPECT(1, "pushing none", cuCtxPushCurrent_v2, (void *)0);
	EXPECT(1, "destroying none", cuCtxDestroy_v2, (void *)0);
	EXPECT(201, "a release too many", cuDevicePrimaryCtxRelease_v2, 0);
	EXPECT(1, "two ways to wait, primary", cuDevicePrimaryCtxSetFlags_v2, 0, 3);
	EXPECT(1, "two ways to wait", cuCtxCreate_v2, &p, 6, 0);
}

// Who has retained a primary context releases it, also after a reset.
static void primary(void)
{
	unsigned int flags;
	void *ctx;
	int active = 9;

	CALL(cuDevicePrimaryCtxRetain, &ctx, 0);
	CALL(cuCtxSetCurrent, ctx);
	EXPECT(0, "reset", cuDevicePrimaryCtxReset_v2, 0);
	expect(709, CALL(cuCtxSynchronize), "it is gone");
	CALL(cuDevicePrimaryCtxGetState, 0, &flags, &active);
	expect(0, active, "and not active");
	EXPECT(0, "retained again", cuDevicePrimaryCtxRetain, &ctx, 0);
	expect(0, CALL(cuCtxSynchronize), "it is back");
	EXPECT(0, "released by the first", cuDevicePrimaryCtxRelease_v2, 0);
	expect(0, CALL(cuCtxSynchronize), "not by the second");
	EXPECT(0, "by the second", cuDevicePrimaryCtxRelease_v2, 0);
	expect(709, CALL(cuCtxSynchronize), "gone");
	EXPECT(201, "nobody is left", cuDevicePrimaryCtxRelease_v2, 0);
	CALL(cuDevicePrimaryCtxRetain, &ctx, 0);
	EXPECT(201, "the primary one is not destroyed so", cuCtxDestroy_v2, ctx);
	EXPECT(217, "peer access to itself", cuCtxEnablePeerAccess, ctx, 0);
	EXPECT(705, "and not enabled", cuCtxDisablePeerAccess, ctx);
}

static void limits(void)
{
	static const struct { int limit, get, set; const char *what; } known[] = {
		{ 3, 215, 215, "depth of synchronization" }, { 6, 0, 0, "persisting L2" },
		{ 7, 0, 800, "shared memory" }, { 8, 0, 800, "graphics" },
		{ 9, 215, 215, "its fallback" }, { 10, 1, 1, "a limit past the last" },
	};
	size_t z, before = 0, after = 1;

	for (auto &l : known) {
		z = 0;
		expect(l.get, CALL(cuCtxGetLimit, &z, l.limit), l.what);
		expect(l.set, CALL(cuCtxSetLimit, l.limit, (size_t)0), l.what);
	}
	CALL(cuCtxGetLimit, &before, 5);
	EXPECT(1, "a granularity too large", cuCtxSetLimit, 5, (size_t)200);
	CALL(cuCtxGetLimit, &after, 5);
	check_result(before == after, "changes nothing");
}

static void memories(void)
{
	static char page[64];
	uint64_t q = 1;
	void *host = page;

	EXPECT(1, "memory of no bytes", cuMemAlloc_v2, &q, (size_t)0);
	EXPECT(2, "more than there is", cuMemAlloc_v2, &q, (size_t)1 << 50);
	EXPECT(0, "memory", cuMemAlloc_v2, &memory, (size_t)4096);
	EXPECT(0, "freeing none", cuMemFree_v2, (uint64_t)0);
	EXPECT(1, "freeing what is none", cuMemFree_v2, (uint64_t)0x1234);
	EXPECT(0, "host memory of no bytes", cuMemHostAlloc, &host, (size_t)0, 0);
	check_result(!host, "is none");
	EXPECT(0, "pool memory of no bytes", cuMemAllocAsync, &q, (size_t)0, (void *)0);
	check_result(!q, "is none");
	EXPECT(0, "freed in order", cuMemFreeAsync, (uint64_t)0, (void *)0);
	EXPECT(1, "what is none, in order", cuMemFreeAsync, (uint64_t)0x1234, (void *)0);
	EXPECT(0, "registered", cuMemHostRegister_v2, page, (size_t)64, 0);
	EXPECT(712, "registered twice", cuMemHostRegister_v2, page, (size_t)64, 0);
	EXPECT(1, "another place of it", cuMemHostUnregister, page + 8);
	EXPECT(0, "no more", cuMemHostUnregister, page);
	EXPECT(713, "no more, twice", cuMemHostUnregister, page);
	EXPECT(1, "words at an odd address", cuMemsetD32_v2, memory + 1, 1, (size_t)1);
	EXPECT(1, "past its end", cuMemsetD8_v2, memory, 1, (size_t)1 << 30);
}

static void addresses(void)
{
	uint64_t a = 0, b = 0;

	EXPECT(1, "addresses that are no pages", cuMemAddressReserve, &a, (size_t)4096, (size_t)0, (uint64_t)0, 0ull);
	EXPECT(0, "addresses", cuMemAddressReserve, &a, 4 * MiB, (size_t)0, (uint64_t)0, 0ull);
	EXPECT(1, "half of them", cuMemAddressFree, a, 2 * MiB);
	EXPECT(1, "the other half", cuMemAddressFree, a + 2 * MiB, 2 * MiB);
	EXPECT(1, "more than they are", cuMemAddressFree, a, 8 * MiB);
	EXPECT(0, "nothing is mapped there", cuMemUnmap, a, 2 * MiB);
	EXPECT(0, "all of them", cuMemAddressFree, a, 4 * MiB);
	EXPECT(1, "twice", cuMemAddressFree, a, 4 * MiB);
	CALL(cuMemAddressReserve, &a, 4 * MiB, (size_t)0, (uint64_t)0, 0ull);
	CALL(cuMemAddressReserve, &b, 4 * MiB, (size_t)0, (uint64_t)0, 0ull);
	check_result(a && b && (a + 4 * MiB <= b || b + 4 * MiB <= a), "nobody else's");
	CALL(cuMemAddressFree, a, 4 * MiB);
	CALL(cuMemAddressFree, b, 4 * MiB);
}

static void images(void)
{
	static const struct { int want; const char *what, *text; } known[] = {
		{ 200, "an empty text", "" }, { 200, "a word", "junk" }, { 200, "a comment", "// nothing\n" },
		{ 200, "a target before the version", ".target sm_70\n.version 7.0\n" },
		{ 218, "no number", ".version x\n" }, { 218, "no target", ".version 7.0\n" },
		{ 222, "PTX 99.0", ".version 99.0\n.target sm_70\n" },
		{ 218, "sm_999", ".version 7.0\n.target sm_999\n.address_size 64\n" },
		{ 218, "an instruction that is none",
		  ".version 7.0\n.target sm_70\n.address_size 64\n.entry x() { nonsense; }\n" },
		{ 218, "a function that is nowhere", ".version 7.0\n.target sm_70\n.address_size 64\n"
		  ".extern .func f();\n.visible .entry x() { call f; ret; }\n" },
		{ 218, "a barrier that is not there",
		  ".version 7.0\n.target sm_70\n.address_size 64\n.visible .entry x() { bar.sync 17; ret; }\n" },
	};
	void *mod;

	for (auto &i : known)
		EXPECT(i.want, i.what, cuModuleLoadData, &mod, i.text);
	EXPECT(301, "a file that is not there", cuModuleLoad, &mod, "/nonexistent");
}

// Returns a kernel that writes to where it is told.
static void *modules(void **mod)
{
	static char text[800];
	void *f = NULL, *blocks;
	uint64_t p;
	size_t z;

	snprintf(text, sizeof(text), "%s.visible .global .u32 v[10];\n"
		 ".visible .entry w(.param .u64 p) { .reg .u64 a; ld.param.u64 a, [p]; st.global.u64 [a], a; ret; }\n"
		 ".visible .entry b() .maxntid 64, 1, 1 { ret; }\n"
		 ".visible .entry r() .reqntid 32, 2, 1 { ret; }\n"
		 ".visible .entry n(.param .u64 p) .reqntid 32, 2, 1 { .reg .u64 a; ld.param.u64 a, [p];"
		 " red.global.add.u32 [a], 1; ret; }\n", head);
	EXPECT(0, "a module", cuModuleLoadData, mod, text);
	EXPECT(500, "a kernel that it has not", cuModuleGetFunction, &f, *mod, "none");
	EXPECT(500, "nor a variable", cuModuleGetGlobal_v2, &p, &z, *mod, "none");
	EXPECT(1, "nothing asked of a variable", cuModuleGetGlobal_v2, (void *)0, (void *)0, *mod, "v");
	CALL(cuModuleGetFunction, &blocks, *mod, "b");
#define LAUNCH(f, x, y) f, 1, 1, 1, x, y, 1, 0, (void *)0, (void *)0, (void *)0
	EXPECT(1, "more than .maxntid", cuLaunchKernel, LAUNCH(blocks, 65, 1));
	EXPECT(0, "as many, otherwise", cuLaunchKernel, LAUNCH(blocks, 32, 2));
	CALL(cuModuleGetFunction, &blocks, *mod, "r");
	EXPECT(1, "other than .reqntid", cuLaunchKernel, LAUNCH(blocks, 64, 1));
	EXPECT(0, "as it says", cuLaunchKernel, LAUNCH(blocks, 32, 2));
	CALL(cuModuleGetFunction, &f, *mod, "n");
	void *params[] = { &memory };
	unsigned threads = 0;
	CALL(cuMemsetD32_v2, memory, 0, (size_t)1);
	EXPECT(0, "one thread, for what it says", cuLaunchKernel, f, 1, 1, 1, 1, 1, 1, 0, (void *)0, params, (void *)0);
	CALL(cuMemcpyDtoH_v2, &threads, memory, sizeof(threads));
	expect(64, threads, "and so many there are");
	CALL(cuModuleGetFunction, &f, *mod, "w");
	EXPECT(1, "a kernel without its parameters", cuLaunchKernel, LAUNCH(f, 1, 1));
	return f;
}

static void lookups(void)
{
	static const char nobody[17] = "0123456789abcdef";
	int status = 9;
	void *p = library;

	EXPECT(0, "a function that is not there", cuGetProcAddress_v2, "cuNothing", &p, 13000, 0ull, &status);
	check_result(!p && status == 1, "the status says so");
	EXPECT(0, "one from before its time", cuGetProcAddress_v2, "cuGraphLaunch", &p, 5000, 0ull, &status);
	check_result(!p && status == 2, "the status says so, too");
	EXPECT(1, "unknown flags", cuGetProcAddress_v2, "cuInit", &p, 13000, 4ull, &status);
	EXPECT(1, "a table of nobody", cuGetExportTable, &p, nobody);
}

static void events(void)
{
	void *e, *s, *ctx;

	CALL(cuCtxGetCurrent, &ctx);
	EXPECT(1, "flags of a stream", cuStreamCreate, &s, 2);
	EXPECT(1, "between processes, with timing", cuEventCreate, &e, 4);
	EXPECT(0, "an event", cuEventCreate, &e, 2);
	EXPECT(201, "recorded by no context", cuCtxRecordEvent, (void *)0, e);
	EXPECT(0, "by one", cuCtxRecordEvent, ctx, e);
	EXPECT(201, "awaited by no context", cuCtxWaitEvent, (void *)0, e);
	EXPECT(0, "by one", cuCtxWaitEvent, ctx, e);
}

// An error of a kernel stays, and what ends things says so, too.
static void after_a_fault(void *mod, void *f)
{
	uint64_t bad = 0x10, p;
	void *args[] = { &bad }, *s, *e;
	size_t z;

	CALL(cuStreamCreate, &s, 1);
	CALL(cuEventCreate, &e, 0);
	CALL(cuLaunchKernel, f, 1, 1, 1, 1, 1, 1, 0, s, args, (void *)0);
	expect(700, CALL(cuCtxSynchronize), "a fault");
	EXPECT(700, "memory after it", cuMemAlloc_v2, &p, (size_t)16);
	EXPECT(700, "freeing", cuMemFree_v2, memory);
	EXPECT(700, "a kernel's name", cuModuleGetFunction, &f, mod, "w");
	EXPECT(700, "a variable's", cuModuleGetGlobal_v2, &p, &z, mod, "v");
	EXPECT(700, "the end of a stream", cuStreamDestroy_v2, s);
	EXPECT(700, "of an event", cuEventDestroy_v2, e);
	EXPECT(700, "of a module", cuModuleUnload, mod);
	EXPECT(0, "reset", cuDevicePrimaryCtxReset_v2, 0);
	expect(709, CALL(cuCtxSynchronize), "the context is gone");
}

int main()
{
	void *mod = NULL, *f, *ctx;

	library = dlopen("libcuda.so.1", RTLD_NOW);
	check_result(library, "libcuda is there");
	if (!library)
		return check_end();
	before_init();
	devices();
	without_context();
	primary();
	CALL(cuDevicePrimaryCtxRetain, &ctx, 0);
	CALL(cuCtxSetCurrent, ctx);
	limits();
	memories();
	addresses();
	images();
	f = modules(&mod);
	lookups();
	events();
	after_a_fault(mod, f);
	return check_end();
}
