// SPDX-License-Identifier: MIT
/* The driver API on the device inside this process: memory, copies, order, errors. */
#include <elf.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../compiler/tap.h"
#include "../../uapi/vgpu_ioctl.h"
#include "../../uapi/vgpu_isa.h"
#include "cuda.h"
#include "host_device.h"

static CUcontext primary;

/* Whether the log says that the library speaks @ours and the module @theirs. */
static bool logged_versions(uint32_t ours, uint32_t theirs)
{
	static char log[1 << 16];
	size_t size = sizeof(log);
	char want[128];

	snprintf(want, sizeof(want), "instruction set %u.%u and uAPI %u, the kernel module %u.%u and", ours >> 16,
		 ours & 0xffff, (unsigned int)VGPU_UAPI_VERSION, theirs >> 16, theirs & 0xffff);
	return !cuLogsDumpToMemory(NULL, log, &size, 0) && strstr(log, want);
}

static void test_init(void)
{
	int operations[2] = { 0, 12 };
	unsigned int capabilities[2];
	int n = 0, value = 0;
	char name[64];
	CUdevice d;
	CUcontext ctx;

	ok(cuInit(1) == CUDA_ERROR_INVALID_VALUE, "flags of cuInit");
	/* A module that was loaded before this library was installed. */
	host_device_isa(VGPU_ISA_VERSION - 1);
	ok(cuInit(0) == CUDA_ERROR_SYSTEM_DRIVER_MISMATCH, "a module of another instruction set");
	host_device_isa(VGPU_ISA_VERSION - (1 << 16));
	ok(cuInit(0) == CUDA_ERROR_SYSTEM_DRIVER_MISMATCH, "one that has the same table with another meaning");
	ok(logged_versions(VGPU_ISA_VERSION, VGPU_ISA_VERSION - (1 << 16)), "the log names both");
	host_device_isa(VGPU_ISA_VERSION);
	ok(!cuInit(0) && !cuDeviceGetCount(&n) && n == 1, "one device");
	ok(cuDeviceGet(&d, 1) == CUDA_ERROR_INVALID_DEVICE, "a device that is not there");
	ok(!cuDeviceGetName(name, sizeof(name), 0) && !strcmp(name, "vgpu in process"), "its name");
	ok(!cuDeviceGetAttribute(&value, 75, 0) && value == 12, "its compute capability");
	ok(cuDeviceGetAttribute(&value, 148, 0) == CUDA_ERROR_INVALID_VALUE, "an attribute past the last");
	ok(!cuDeviceGetHostAtomicCapabilities(capabilities, operations, 2, 0) && capabilities[0] == 0x1f && !capabilities[1],
	   "atomics beside the host: integer add, no float maximum");
	operations[1] = 13;
	ok(cuDeviceGetHostAtomicCapabilities(capabilities, operations, 2, 0) == CUDA_ERROR_INVALID_VALUE &&
	   cuDeviceGetHostAtomicCapabilities(capabilities, operations, 0, 0) == CUDA_ERROR_INVALID_VALUE &&
	   cuDeviceGetHostAtomicCapabilities(NULL, operations, 1, 0) == CUDA_ERROR_INVALID_VALUE &&
	   cuDeviceGetHostAtomicCapabilities(capabilities, operations, 1, 9) == CUDA_ERROR_INVALID_DEVICE &&
	   cuDeviceGetP2PAtomicCapabilities(capabilities, operations, 1, 0, 0) == CUDA_ERROR_INVALID_DEVICE,
	   "unknown operations, none, no room, no device, no link");
	ok(!cuDeviceGetPCIBusId(name, sizeof(name), 0) && !strcmp(name, "0000:01:02.0"), "its PCI address");
	ok(!cuDeviceGetByPCIBusId(&d, "01:02.0") && d == 0, "found by a short PCI address");
	ok(cuCtxGetCurrent(&ctx) == CUDA_SUCCESS && !ctx, "no context is current at first");
	ok(cuCtxSynchronize() == CUDA_ERROR_INVALID_CONTEXT, "and calls say so");
	ok(!cuMemFree_v2(0) && cuMemFree_v2(8) == CUDA_ERROR_INVALID_VALUE, "but memory is freed without one");
	ok(cuDeviceGetP2PAttribute(&value, 1, 0, 0) == CUDA_ERROR_INVALID_DEVICE, "a device is no peer of itself");
}

static void test_contexts(void)
{
	CUcontext a, b, c;
	unsigned int flags, version;
	CUdeviceptr p;
	int active;

	ok(!cuDevicePrimaryCtxGetState(0, &flags, &active) && !active, "the primary context sleeps");
	ok(!cuDevicePrimaryCtxRetain(&primary, 0) && !cuCtxSetCurrent(primary), "retain it");
	ok(!cuMemAlloc_v2(&p, 100) && !cuCtxSetCurrent(NULL) && !cuMemFree_v2(p) && !cuCtxSetCurrent(primary),
	   "memory knows its context");
	ok(!cuCtxCreate_v2(&a, 0, 0) && !cuCtxGetCurrent(&b) && a == b, "a plain context is pushed");
	ok(!cuCtxGetFlags(&flags) && flags == CU_CTX_MAP_HOST, "it maps host memory");
	ok(!cuCtxGetApiVersion(primary, &version) && version == 3020 && !cuCtxGetApiVersion(a, &version) &&
	   version == 3020, "all contexts are of one version");
	ok(!cuCtxPushCurrent_v2(primary) && !cuCtxPopCurrent_v2(&c) && c == primary, "push and pop");
	ok(!cuCtxDestroy_v2(a) && !cuCtxGetCurrent(&b) && b == primary, "destroying the current one pops it");
	ok(cuCtxDestroy_v2(a) == CUDA_ERROR_INVALID_CONTEXT, "destroyed twice");
	ok(cuCtxDestroy_v2(primary) == CUDA_ERROR_INVALID_CONTEXT, "the primary one is not destroyed so");
	ok(!cuDevicePrimaryCtxReset_v2(0) && cuCtxSynchronize() == CUDA_ERROR_CONTEXT_IS_DESTROYED,
	   "after a reset it is gone");
	ok(!cuDevicePrimaryCtxRetain(&b, 0) && b == primary && !cuCtxSynchronize(), "and comes back, the same");
}

static void test_memory(void)
{
	size_t before, after, total, size;
	CUdeviceptr p, base;
	unsigned int type;
	int value;
	void *h;

	cuMemGetInfo_v2(&before, &total);
	ok(cuMemAlloc_v2(&p, 0) == CUDA_ERROR_INVALID_VALUE, "nothing cannot be allocated");
	ok(!cuMemAlloc_v2(&p, 1000000) && p >> 47, "device memory lies above host addresses");
	cuMemGetInfo_v2(&after, &total);
	ok(before - after >= 1000000, "cuMemGetInfo follows");
	ok(!cuMemGetAddressRange_v2(&base, &size, p + 5000) && base == p && size == 1000000, "its range");
	ok(!cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, p) && type == CU_MEMORYTYPE_DEVICE,
	   "device pointer");
	ok(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, (uintptr_t)&p) ==
		   CUDA_ERROR_INVALID_VALUE, "a pointer that is not ours");
	ok(cuMemFree_v2(p + 4096) == CUDA_ERROR_INVALID_VALUE, "free of an inner address");
	ok(!cuMemFree_v2(p) && cuMemFree_v2(p) == CUDA_ERROR_INVALID_VALUE, "free, and free again");
	ok(cuMemAlloc_v2(&p, 2ull << 30) == CUDA_ERROR_OUT_OF_MEMORY, "more than there is");
	cuMemGetInfo_v2(&after, &total);
	ok(before == after, "all is given back");

	ok(!cuMemHostAlloc(&h, 5000, 0) && !cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
								    (uintptr_t)h) && type == CU_MEMORYTYPE_HOST,
	   "pinned memory");
	memset(h, 7, 5000);
	ok(cuMemHostUnregister(h) == CUDA_ERROR_INVALID_VALUE, "not to be unregistered");
	ok(!cuMemFreeHost(h) && cuMemFreeHost(h) == CUDA_ERROR_INVALID_VALUE, "freed once");
	h = aligned_alloc(4096, 65536);
	ok(!cuMemHostRegister_v2(h, 65536, 0), "register");
	ok(!cuMemHostGetFlags(&type, h) && type == CU_MEMHOSTREGISTER_DEVICEMAP, "mapped, asked for or not");
	ok(cuMemHostRegister_v2((char *)h + 4096, 100, 0) == CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED,
	   "registered already");
	ok(!cuMemHostUnregister(h) && cuMemHostUnregister(h) == CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED,
	   "unregister, once");
	free(h);
	ok(!cuMemAllocManaged(&p, 10000, CU_MEM_ATTACH_GLOBAL) && !(p >> 47), "managed memory is a host address");
	memset((void *)p, 1, 10000);
	ok(!cuPointerGetAttribute(&value, CU_POINTER_ATTRIBUTE_IS_MANAGED, p) && value == 1, "and says what it is");
	cuMemFree_v2(p);
}

/* Of @p, of 100 bytes. A card says yes for device memory until it is told otherwise, and no for the host's. */
static void test_sync_memops(CUdeviceptr p)
{
	int value = 9, set = 0;
	size_t whole = 0;
	void *h;

	ok(!cuPointerGetAttribute(&value, CU_POINTER_ATTRIBUTE_SYNC_MEMOPS, p) && value == 1 &&
	   !cuPointerSetAttribute(&set, CU_POINTER_ATTRIBUTE_SYNC_MEMOPS, p + 50) &&
	   !cuPointerGetAttribute(&value, CU_POINTER_ATTRIBUTE_SYNC_MEMOPS, p) && !value, "SYNC_MEMOPS is kept");
	set = 1;
	ok(cuPointerSetAttribute(&set, CU_POINTER_ATTRIBUTE_MAPPED, p) == CUDA_ERROR_INVALID_VALUE &&
	   cuPointerSetAttribute(&set, CU_POINTER_ATTRIBUTE_SYNC_MEMOPS, (uintptr_t)&set) == CUDA_ERROR_INVALID_VALUE &&
	   cuPointerSetAttribute(NULL, CU_POINTER_ATTRIBUTE_SYNC_MEMOPS, p) == CUDA_ERROR_INVALID_VALUE,
	   "and nothing else is");
	ok(!cuPointerGetAttribute(&whole, CU_POINTER_ATTRIBUTE_MAPPING_SIZE, p) && whole >= 4096, "whole pages are mapped");
	cuMemHostAlloc(&h, 100, 0);
	ok(!cuPointerGetAttribute(&value, CU_POINTER_ATTRIBUTE_SYNC_MEMOPS, (uintptr_t)h) && !value,
	   "SYNC_MEMOPS of host memory");
	cuMemFreeHost(h);
}

static void test_pointers(void)
{
	static const int asked[] = { CU_POINTER_ATTRIBUTE_MEMORY_TYPE, CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL };
	int type = 9, ordinal = 9, value = 9;
	void *out[] = { &type, &ordinal };
	CUdeviceptr p;

	cuMemAlloc_v2(&p, 100);
	ok(!cuPointerGetAttributes(2, asked, out, p + 50) && type == CU_MEMORYTYPE_DEVICE && ordinal == 0,
	   "what memory is, at once");
	ok(!cuPointerGetAttributes(2, asked, out, (uintptr_t)&type) && type == 0 && ordinal == -2,
	   "an address that is nothing is on no device");
	ok(cuPointerGetAttributes(0, asked, out, p) == CUDA_ERROR_INVALID_VALUE, "nothing asked");
	ok(!cuPointerGetAttribute(&value, CU_POINTER_ATTRIBUTE_IS_HW_DECOMPRESS_CAPABLE, p) && !value &&
	   cuPointerGetAttribute(&value, 22, p) == CUDA_ERROR_INVALID_VALUE, "nothing decompresses; the last attribute");
	test_sync_memops(p);
	ok(!cuMemcpyPeer(p, NULL, p + 50, primary, 50) && !cuMemcpyPeer(p, NULL, p + 50, NULL, 50) &&
	   cuMemcpyPeer(p, (CUcontext)&type, p + 50, NULL, 50) == CUDA_ERROR_INVALID_CONTEXT,
	   "a copy between contexts, one of them the current");
	cuMemFree_v2(p);
}

enum { N = 100000 };

static bool same(const void *a, const void *b, size_t n)
{
	return !memcmp(a, b, n);
}

static void test_tensor_maps(void)
{
	static const uint64_t dim[3] = { 100, 1ull << 32, 7 }, stride[2] = { 400, 1600 };
	static const uint32_t box[3] = { 16, 4, 2 }, step[3] = { 1, 2, 1 };
	struct vgpu_tensor_map map[2] __attribute__((aligned(64)));
	void *at = (void *)0x800000000000;

#define ENCODE(M, TYPE, INTERLEAVE, SWIZZLE, FILL) \
	cuTensorMapEncodeTiled(M, TYPE, 3, at, dim, stride, box, step, INTERLEAVE, SWIZZLE, 0, FILL)
	ok(!ENCODE(map, 7, 0, 2, 1) && map->type == VGPU_TENSOR_F32 && map->rank == 2 && !map->dim[1] &&
	   map->step[1] == 2 && map->stride[1] == 1600 && map->swizzle == 2 && map->fill == 1, "a tensor map");
	ok(!cuTensorMapReplaceAddress(map, (char *)at + 64) && map->address == (uintptr_t)at + 64, "moved");
	ok(cuTensorMapReplaceAddress(map, (char *)at + 8) == CUDA_ERROR_INVALID_VALUE &&
	   cuTensorMapReplaceAddress(map + 1, NULL) == CUDA_ERROR_INVALID_VALUE, "not to where it cannot be");
	ok(ENCODE((char *)map + 16, 7, 0, 2, 1) == CUDA_ERROR_INVALID_VALUE, "a map in the wrong place");
	ok(ENCODE(map, 2, 0, 2, 1) == CUDA_ERROR_INVALID_VALUE, "NaN of integers");
	ok(ENCODE(map, 7, 0, 1, 0) == CUDA_ERROR_INVALID_VALUE, "a row longer than its swizzle");
	ok(ENCODE(map, 7, 1, 0, 0) == CUDA_ERROR_NOT_SUPPORTED && ENCODE(map, 7, 0, 4, 0) == CUDA_ERROR_NOT_SUPPORTED &&
	   ENCODE(map, 13, 0, 0, 0) == CUDA_ERROR_NOT_SUPPORTED, "what is not done is refused");
#undef ENCODE
}

static void copies_in_a_row(const unsigned char *in, unsigned char *out, CUdeviceptr a, CUdeviceptr b)
{
	unsigned char *pinned;

	cuMemHostAlloc((void **)&pinned, N, 0);
	ok(!cuMemcpyHtoD_v2(a, in, N) && !cuMemcpyDtoDAsync_v2(b, a, N, NULL) && !cuMemcpyDtoH_v2(out, b, N) &&
	   same(in, out, N), "pageable to device to device to pageable");
	memcpy(pinned, in, N);
	memset(out, 0, N);
	ok(!cuMemcpyHtoDAsync_v2(a + 1, pinned, N - 1, NULL) && !cuMemcpyDtoHAsync_v2(out, a + 1, N - 1, NULL) &&
	   !cuStreamSynchronize(NULL) && same(in, out, N - 1), "pinned, at odd addresses");
	ok(!cuMemcpy((uintptr_t)out, (uintptr_t)in, N) && same(in, out, N), "host to host");
	ok(cuMemcpyHtoD_v2(a + 1000, in, N) == CUDA_ERROR_INVALID_VALUE, "past the end is refused");
	ok(cuMemcpyHtoD_v2(1ull << 47 | 0x12345678000, in, 4) == CUDA_ERROR_INVALID_VALUE, "to nowhere is refused");
	cuMemFreeHost(pinned);
}

static void copies_of_boxes(const unsigned char *in, unsigned char *out, CUdeviceptr a, CUdeviceptr b)
{
	CUDA_MEMCPY2D rect = {
		.srcMemoryType = CU_MEMORYTYPE_HOST, .srcHost = in, .srcPitch = 300, .srcXInBytes = 10, .srcY = 2,
		.dstMemoryType = CU_MEMORYTYPE_DEVICE, .dstDevice = a, .dstPitch = 512,
		.WidthInBytes = 100, .Height = 50,
	};
	CUDA_MEMCPY3D box = {
		.srcMemoryType = CU_MEMORYTYPE_HOST, .srcHost = in, .srcPitch = 50, .srcHeight = 20, .srcZ = 1,
		.dstMemoryType = CU_MEMORYTYPE_UNIFIED, .dstDevice = b, .dstPitch = 64, .dstHeight = 16,
		.WidthInBytes = 40, .Height = 10, .Depth = 5,
	};
	bool good = !cuMemcpy2D_v2(&rect);

	for (int y = 0; y < 50 && good; y++)
		good = !cuMemcpyDtoH_v2(out, a + 512 * y, 100) && same(out, in + 300 * (y + 2) + 10, 100);
	ok(good, "two dimensions");

	good = !cuMemcpy3D_v2(&box);
	for (int i = 0; i < 50 && good; i++) {
		int z = i / 10, y = i % 10;

		good = !cuMemcpyDtoH_v2(out, b + (z * 16 + y) * 64, 40) &&
		       same(out, in + ((z + 1) * 20 + y) * 50, 40);
	}
	ok(good, "three dimensions");
	box.srcLOD = box.dstLOD = 1;
	ok(!cuMemcpy3D_v2(&box), "a level of detail is an array's");
}

static void fills(unsigned char *out, CUdeviceptr a)
{
	bool good;

	ok(!cuMemsetD8_v2(a, 0x5a, N) && !cuMemsetD32Async(a + 400, 0x01020304, 10, NULL) &&
	   !cuMemsetD2D16_v2(a + 1024, 256, 0xbeef, 3, 4) && !cuMemcpyDtoH_v2(out, a, N), "fills");
	good = out[399] == 0x5a && out[400] == 4 && out[403] == 1 && out[440] == 0x5a;
	for (int y = 0; y < 4; y++)
		good = good && out[1024 + 256 * y] == 0xef && out[1029 + 256 * y] == 0xbe &&
		       out[1030 + 256 * y] == 0x5a;
	ok(good, "and what they leave");
	ok(cuMemsetD32Async(a + 2, 0, 1, NULL) == CUDA_ERROR_INVALID_VALUE, "misaligned fill is refused");
}

static void test_copies(void)
{
	unsigned char *in = malloc(N), *out = calloc(1, N);
	CUdeviceptr a, b;

	for (int i = 0; i < N; i++)
		in[i] = i * 7 + (i >> 8);
	cuMemAlloc_v2(&a, N);
	cuMemAlloc_v2(&b, N);
	copies_in_a_row(in, out, a, b);
	memset(out, 0, N);
	copies_of_boxes(in, out, a, b);
	fills(out, a);
	cuMemFree_v2(a);
	cuMemFree_v2(b);
	free(in);
	free(out);
}

static void add_one(void *data)
{
	usleep(2000);
	++*(int *)data;
}

static void on_callback(CUstream stream, CUresult status, void *data)
{
	(void)stream;
	if (!status)
		++*(int *)data;
}

/* What both say of a file of these bytes; the first, if they do not agree. */
static CUresult load_file(const void *bytes, size_t n)
{
	char path[] = "/tmp/image-XXXXXX";
	int fd = mkstemp(path);
	CUresult a, b;
	CUlibrary lib;
	CUkernel k;
	CUmodule m;

	if (fd < 0 || write(fd, bytes, n) != (ssize_t)n)
		return CUDA_ERROR_UNKNOWN;
	close(fd);
	a = cuModuleLoad(&m, path);
	b = cuLibraryLoadFromFile(&lib, path, NULL, NULL, 0, NULL, NULL, 0);
	if (!b) {
		b = cuLibraryGetKernel(&k, lib, "k");
		cuLibraryUnload(lib);
	}
	unlink(path);
	return a == b ? a : a + 10000;
}

/* Files that say they are more than they are. */
static void test_files(void)
{
	static const uint32_t wrapper[6] = { 0x466243b1, 1, 0x34567800, 0x12 };
	static const uint32_t fatbin[4] = { 0xba55ed50, 16 << 16 | 1, 1 << 20 };
	Elf64_Ehdr elf = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT }, .e_shoff = 1 << 20,
		.e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 30, .e_shstrndx = 29,
	};

	ok(load_file(wrapper, sizeof(wrapper)) == CUDA_ERROR_NO_BINARY_FOR_GPU, "a file with a pointer");
	ok(load_file(wrapper, 4) == CUDA_ERROR_NO_BINARY_FOR_GPU, "and a short one");
	ok(load_file(fatbin, sizeof(fatbin)) == CUDA_ERROR_NO_BINARY_FOR_GPU, "a fatbin without its entries");
	ok(load_file(&elf, sizeof(elf)) == CUDA_ERROR_NO_BINARY_FOR_GPU, "an ELF file without its sections");
	ok(load_file("", 0) == CUDA_ERROR_INVALID_IMAGE, "an empty file");
}

/* So many variables that work for each of all would take minutes; of several sizes, with and without contents. */
static void test_many_variables(void)
{
	enum { COUNT = 40000, LARGE = 300000 };
	char *text = malloc(COUNT * 64), name[16], *p = text;
	uint64_t copies = host_device_counts.mem_copies;
	clock_t start = clock();
	bool good = true;
	CUdeviceptr a;
	size_t size;
	CUmodule m;

	p += sprintf(p, ".version 8.0\n.target sm_80\n.address_size 64\n");
	for (int i = 0; i < COUNT; i++) {
		if (i % 10000 == 5000)	/* more than is written at once, its last element among it */
			p += sprintf(p, ".global .align 4 .b8 v%d[%d] = { %d };\n", i, LARGE, i / 1000);
		else if (i % 3 == 0)
			p += sprintf(p, ".global .u32 v%d;\n", i);
		else if (i % 7 == 0)
			p += sprintf(p, ".global .align 8 .u64 v%d = v%d;\n", i, i - 1);
		else
			p += sprintf(p, ".const .u32 v%d = %d;\n", i, i);
	}
	ok(!cuModuleLoadData(&m, text), "a module of %d variables", COUNT);
	copies = host_device_counts.mem_copies - copies;
	ok(copies < 200 && clock() - start < 20 * CLOCKS_PER_SEC, "loaded with %llu copies",
	   (unsigned long long)copies);
	for (int i = 0; i < COUNT && good; i++) {
		CUdeviceptr other = 0;
		uint64_t got = 0;
		uint32_t want = i % 10000 == 5000 ? i / 1000 : i % 3 == 0 ? 0 : i;

		sprintf(name, "v%d", i);
		good = !cuModuleGetGlobal_v2(&a, &size, m, name) && !cuMemcpyDtoH_v2(&got, a, size < 8 ? size : 8);
		if (good && i % 10000 != 5000 && i % 3 && i % 7 == 0) {
			sprintf(name, "v%d", i - 1);
			good = !cuModuleGetGlobal_v2(&other, NULL, m, name) && got == other;
		} else {
			good = good && (uint32_t)got == want;
		}
		if (!good)
			printf("# v%d is %llx\n", i, (unsigned long long)got);
	}
	ok(good, "each has its contents");
	cuModuleUnload(m);
	free(text);
}

/* What is more than is written at once, between small ones. */
static void test_large_variable(void)
{
	enum { LARGE = 300000 };
	char *text = malloc(LARGE * 4), *p;
	uint8_t *got = malloc(LARGE);
	uint32_t b = 0, c = 0;
	CUdeviceptr a;
	size_t size;
	CUmodule m;
	bool good;

	p = text + sprintf(text, ".version 8.0\n.target sm_80\n.address_size 64\n.global .u32 b = 5;\n"
			   ".global .align 1 .b8 v[%d] = { 1", LARGE);
	for (int i = 1; i < LARGE; i++)
		p += sprintf(p, ",%d", i % 7);
	sprintf(p, "};\n.global .u32 c = 6;\n");
	good = !cuModuleLoadData(&m, text) && !cuModuleGetGlobal_v2(&a, &size, m, "v") && size == LARGE &&
	       !cuMemcpyDtoH_v2(got, a, LARGE) && got[0] == 1;
	for (int i = 1; i < LARGE && good; i++)
		good = got[i] == i % 7;
	good = good && !cuModuleGetGlobal_v2(&a, NULL, m, "b") && !cuMemcpyDtoH_v2(&b, a, 4) &&
	       !cuModuleGetGlobal_v2(&a, NULL, m, "c") && !cuMemcpyDtoH_v2(&c, a, 4);
	ok(good && b == 5 && c == 6 && !cuModuleUnload(m), "a large one between small ones");
	free(got);
	free(text);
}

/* The priority of a stream for which one was asked. */
static int priority_given(int asked)
{
	CUstream s;
	int p = 99;

	if (cuStreamCreateWithPriority(&s, 0, asked))
		return 99;
	cuStreamGetPriority(s, &p);
	return cuStreamSynchronize(s) || cuStreamDestroy_v2(s) ? 99 : p;
}

/* No queue can be had for another priority, which is a hint: the stream goes on with the queue and the priority it has. */
static void priority_refused(void)
{
	CUlaunchAttributeValue v = { .priority = -3 };
	uint32_t got = 0;
	CUdeviceptr d;
	CUstream s;
	int p = 99;
	bool good;

	good = !cuMemAlloc_v2(&d, 4) && !cuStreamCreate(&s, 0) && !cuMemsetD32Async(d, 1, 1, s) &&
	       !cuStreamSetAttribute(s, CU_LAUNCH_ATTRIBUTE_PRIORITY, &v);
	host_device_refuse_queues(true);
	good = good && !cuMemsetD32Async(d, 2, 1, s) && !cuMemcpyDtoHAsync_v2(&got, d, 4, s) &&
	       !cuStreamSynchronize(s) && got == 2;
	host_device_refuse_queues(false);
	ok(good && !cuStreamGetPriority(s, &p) && p == 0, "a stream goes on where no queue of its new priority can be had");
	good = !cuStreamSetAttribute(s, CU_LAUNCH_ATTRIBUTE_PRIORITY, &v) && !cuMemsetD32Async(d, 3, 1, s) &&
	       !cuStreamSynchronize(s);
	ok(good && !cuStreamGetPriority(s, &p) && p == -3, "and has it where one can");
	cuStreamDestroy_v2(s);
	cuMemFree_v2(d);
}

static void test_priorities(void)
{
	int least = 9, greatest = 9;
	bool good = true;

	ok(!cuCtxGetStreamPriorityRange(&least, &greatest) && least == 0 && greatest == -5 &&
	   !cuCtxGetStreamPriorityRange(NULL, NULL), "six priorities");
	priority_refused();	/* before other streams leave queues of all priorities */
	for (int p = greatest; p <= least; p++)
		good = good && priority_given(p) == p;
	ok(good, "each is given");
	ok(priority_given(3) == 0 && priority_given(-6) == -5 && priority_given(INT32_MIN) == -5, "others become the nearest");
}

static void test_streams(void)
{
	int *flag, count = 0, status = 9;
	uint32_t *word;
	CUstream s, t;
	CUevent e, f;
	void *green;
	float ms = -1;

	cuMemHostAlloc((void **)&word, 4096, 0);
	flag = (int *)word + 100;
	word[0] = word[1] = word[2] = 0;
	*flag = 0;
	ok(!cuStreamCreate(&s, CU_STREAM_NON_BLOCKING) && !cuStreamCreate(&t, 0), "two streams");
	green = &green;
	ok(!cuStreamGetGreenCtx(s, &green) && !green && cuStreamGetGreenCtx(s, NULL) == CUDA_ERROR_INVALID_VALUE,
	   "no stream is a green context's");
	ok(!cuEventCreate(&e, 0) && !cuEventCreate(&f, 0), "two events");
	ok(!cuEventQuery(e), "an event never recorded is over");
	ok(!cuLaunchHostFunc(s, add_one, &count) && !cuEventRecord(e, s) &&
	   cuEventQuery(e) == CUDA_ERROR_NOT_READY && cuStreamQuery(s) == CUDA_ERROR_NOT_READY,
	   "a host function is not waited for");
	ok(!cuStreamWaitEvent(t, e, 0) && !cuMemsetD32Async((uintptr_t)word, 77, 1, t) && !cuStreamSynchronize(t) &&
	   count == 1 && word[0] == 77, "another stream waits for it by an event");
	ok(!cuStreamAddCallback(s, on_callback, &count, 0) && !cuStreamSynchronize(s) && count == 2, "a callback");
	ok(!cuEventRecord(f, s) && !cuEventSynchronize(f) && !cuEventElapsedTime(&ms, e, f) && ms >= 0,
	   "elapsed time");
	cuLaunchHostFunc(t, add_one, &count);
	ok(!cuMemsetD32Async((uintptr_t)word, 5, 1, NULL) && !cuStreamSynchronize(NULL) && count == 3,
	   "the legacy stream follows blocking ones");
	cuLaunchHostFunc(s, add_one, &count);
	ok(!cuStreamSynchronize(NULL) && count == 3, "but not others");
	cuStreamSynchronize(s);
	cuLaunchHostFunc(NULL, add_one, &count);
	ok(!cuMemsetD32Async((uintptr_t)word, 6, 1, t) && !cuStreamSynchronize(t) && count == 5,
	   "blocking streams follow the legacy one");
	ok(!cuStreamWaitValue32_v2(s, (uintptr_t)&word[1], 3, 0) && cuStreamQuery(s) == CUDA_ERROR_NOT_READY &&
	   !cuStreamWriteValue32_v2(t, (uintptr_t)&word[1], 4, 0) && !cuStreamSynchronize(s),
	   "waiting for a value, written by another stream");
	ok(!cuStreamWriteValue64_v2(t, (uintptr_t)&word[2], 0x1122334455667788, 0) && !cuStreamSynchronize(t) &&
	   *(uint64_t *)&word[2] == 0x1122334455667788, "writing a long value");
	ok(!cuStreamIsCapturing(s, &status) && !status, "not capturing");
	cuLaunchHostFunc(s, add_one, &count);
	ok(!cuStreamDestroy_v2(s) && !cuStreamDestroy_v2(t) && !cuCtxSynchronize() && count == 6,
	   "destroyed streams finish");
	ok(cuStreamDestroy_v2(s) == CUDA_ERROR_INVALID_HANDLE && cuStreamQuery(s) == CUDA_ERROR_INVALID_HANDLE,
	   "and are no streams any more");
	ok(!cuEventDestroy_v2(e) && !cuEventDestroy_v2(f) && cuEventQuery(e) == CUDA_ERROR_INVALID_HANDLE,
	   "events end");
	cuMemFreeHost(word);
}

/* Managed memory for one stream; events for a graph's later launches, where none is captured. */
static void test_odd_orders(void)
{
	CUdeviceptr managed, plain;
	CUstream s;
	CUevent e;

	cuStreamCreate(&s, 0);
	cuEventCreate(&e, CU_EVENT_DISABLE_TIMING);
	cuMemAlloc_v2(&plain, 100);
	cuMemAllocManaged(&managed, 100, CU_MEM_ATTACH_GLOBAL);
	ok(!cuStreamAttachMemAsync(s, managed, 0, CU_MEM_ATTACH_SINGLE) &&
	   !cuStreamAttachMemAsync(s, managed, 100, CU_MEM_ATTACH_GLOBAL) &&
	   !cuStreamAttachMemAsync(NULL, managed, 0, CU_MEM_ATTACH_GLOBAL), "managed memory is attached");
	ok(cuStreamAttachMemAsync(s, plain, 0, CU_MEM_ATTACH_GLOBAL) == CUDA_ERROR_INVALID_VALUE, "no other is");
	ok(cuStreamAttachMemAsync(s, managed, 50, CU_MEM_ATTACH_GLOBAL) == CUDA_ERROR_INVALID_VALUE, "nor half of it");
	ok(cuStreamAttachMemAsync(NULL, managed, 0, CU_MEM_ATTACH_SINGLE) == CUDA_ERROR_INVALID_VALUE,
	   "nor to the legacy stream alone");
	ok(!cuEventRecord(e, s) && cuEventRecordWithFlags(e, s, 1) == CUDA_ERROR_ILLEGAL_STATE &&
	   !cuEventRecordWithFlags(e, s, 0), "an external record outside a capture");
	ok(cuStreamWaitEvent(s, e, 1) == CUDA_ERROR_ILLEGAL_STATE && !cuStreamWaitEvent(s, e, 0), "an external wait");
	cuStreamDestroy_v2(s);
	cuEventDestroy_v2(e);
	cuMemFree_v2(plain);
	cuMemFree_v2(managed);
}

/* A function's attribute takes values up to that one and no more, none below 0. */
static bool takes_to(CUfunction f, int attribute, int most)
{
	bool good = cuFuncSetAttribute(f, attribute, -1) == CUDA_ERROR_INVALID_VALUE &&
		    cuFuncSetAttribute(f, attribute, most + 1) == CUDA_ERROR_INVALID_VALUE;

	for (int v = 0; v <= most; v++)
		good = good && !cuFuncSetAttribute(f, attribute, v);
	return good;
}

static void test_functions(void)
{
	int value = -1, narrow = 0, wide = 0;
	CUfunction f, g;
	CUdeviceptr p;
	CUmodule m;
	size_t size;

	ok(!cuModuleLoadData(&m, ".version 8.0\n.target sm_80\n.address_size 64\n.const .align 4 .b8 c[61];\n"
			     ".const .align 8 .b64 d;\n.global .align 4 .b8 e[400];\n"
			     ".visible .entry f() .maxntid 128, 1, 1 { ret; }\n.visible .entry g() { ret; }\n") &&
	   !cuModuleGetFunction(&f, m, "f") && !cuModuleGetFunction(&g, m, "g"), "two kernels");
	ok(cuModuleGetFunction(&f, m, "") == CUDA_ERROR_INVALID_VALUE &&
	   cuModuleGetFunction(&f, m, "c") == CUDA_ERROR_NOT_FOUND, "a kernel without a name, or that is a variable");
	ok(cuModuleGetGlobal_v2(&p, &size, m, "f") == CUDA_ERROR_INVALID_VALUE &&
	   cuModuleGetGlobal_v2(&p, &size, m, "h") == CUDA_ERROR_NOT_FOUND, "a variable that is a kernel, or nothing");
	ok(!cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES, f) && value == 72, "constants of its module");
	ok(takes_to(f, CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH, 1) &&
	   takes_to(f, CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT, 1) &&
	   takes_to(f, CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH, 1) &&
	   !cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH, f) && value == 1, "clusters of one block");
	ok(takes_to(f, CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE, 2), "ways to place them");
	ok(!cuOccupancyMaxActiveBlocksPerMultiprocessor(&narrow, f, 256, 0) &&
	   !cuOccupancyMaxActiveBlocksPerMultiprocessor(&wide, g, 256, 0) && narrow && narrow == wide,
	   "blocks larger than a kernel is to be launched with");
	cuModuleUnload(m);
}

/* Events of whole contexts, and batches of copies. */
static void test_context_events(void)
{
	struct { int order; CUmemLocation src, dst; unsigned int flags; } attrs = { .order = 2 };
	CUdeviceptr d, to[3], from[3];
	size_t sizes[3] = { 16, 32, 48 }, first = 0;
	char in[96], out[96] = "";
	CUstream s, t, u;
	int count = 0;
	CUevent e;

	for (int i = 0; i < 96; i++)
		in[i] = i * 3;
	cuStreamCreate(&s, CU_STREAM_NON_BLOCKING);
	cuStreamCreate(&t, CU_STREAM_NON_BLOCKING);
	cuEventCreate(&e, CU_EVENT_DISABLE_TIMING);
	cuMemAlloc_v2(&d, 4096);
	cuStreamSynchronize(t);
	cuMemsetD32Async(d, 1, 1, t);
	cuLaunchHostFunc(s, add_one, &count);
	ok(!cuCtxRecordEvent(primary, e) && cuEventQuery(e) == CUDA_ERROR_NOT_READY, "an event behind all of a context");
	ok(!cuCtxWaitEvent(primary, e) && !cuMemsetD32Async(d, 2, 1, t) && !cuStreamSynchronize(t) && count == 1,
	   "all its streams wait for it");
	cuLaunchHostFunc(s, add_one, &count);
	cuEventRecord(e, s);
	cuCtxWaitEvent(primary, e);
	cuStreamCreate(&u, CU_STREAM_NON_BLOCKING);
	ok(!cuMemsetD32Async(d, 3, 1, u) && !cuStreamSynchronize(u) && count == 2, "so do those that come later");

	for (int i = 0; i < 3; i++) {
		to[i] = d + 16 * i * (i + 1) / 2;
		from[i] = (uintptr_t)in + 16 * i * (i + 1) / 2;
	}
	ok(!cuMemcpyBatchAsync_v2(to, from, sizes, 3, &attrs, &first, 1, s) &&
	   !cuMemcpyDtoHAsync_v2(out, d, 96, s) && same(in, out, 96), "a batch of copies");
	ok(cuMemcpyBatchAsync_v2(to, from, sizes, 3, &attrs, &first, 1, NULL) == CUDA_ERROR_INVALID_VALUE,
	   "not in the legacy stream");
	cuStreamDestroy_v2(s);
	cuStreamDestroy_v2(t);
	cuStreamDestroy_v2(u);
	cuEventDestroy_v2(e);
	cuMemFree_v2(d);
}

static void test_pools(void)
{
	CUmemAllocationProp prop = { .type = 1, .location = { CU_MEM_LOCATION_TYPE_DEVICE, 0 } };
	CUmemAccessDesc access = { { CU_MEM_LOCATION_TYPE_DEVICE, 0 }, CU_MEM_ACCESS_FLAGS_PROT_READWRITE };
	CUmemGenericAllocationHandle h;
	uint64_t used = 1, reserved = 0, ids[2];
	CUdeviceptr a, b, v;
	size_t size;
	CUmemoryPool pool;
	char text[6] = "hello", back[6] = "";

	ok(!cuDeviceGetDefaultMemPool(&pool, 0), "the default pool");
	ok(!cuMemAllocAsync(&a, 100000, NULL) && !cuMemsetD8_v2(a, 1, 100000) && !cuMemFreeAsync(a, NULL) &&
	   !cuMemAllocAsync(&b, 100000, NULL) && a == b, "the same stream gets its block back");
	ok(cuMemFreeAsync(b, NULL) == 0 && cuMemFreeAsync(b, NULL) == CUDA_ERROR_INVALID_VALUE, "freed once");
	cuMemAllocAsync(&a, 100, NULL);
	cuPointerGetAttribute(&ids[0], CU_POINTER_ATTRIBUTE_BUFFER_ID, a);
	cuMemFreeAsync(a, NULL);
	ok(!cuMemAllocAsync(&b, 4000, NULL) && a == b && !cuMemsetD8_v2(b, 1, 4000) &&
	   !cuMemGetAddressRange_v2(&v, &size, b) && v == b && size == 4000, "a block has its new owner's size");
	ok(!cuPointerGetAttribute(&ids[1], CU_POINTER_ATTRIBUTE_BUFFER_ID, b) && ids[0] != ids[1], "and its number");
	cuMemFreeAsync(b, NULL);
	cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_USED_MEM_CURRENT, &used);
	cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT, &reserved);
	ok(!used && reserved >= 100000, "reserved, not used");
	ok(!cuCtxSynchronize() && !cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT, &reserved) &&
	   !reserved, "a synchronization gives it back");

	ok(!cuMemAddressReserve(&v, 8 << 20, 0, 0, 0) && !cuMemCreate(&h, 4 << 20, &prop, 0), "reserve, create");
	ok(!cuMemMap(v + (2 << 20), 4 << 20, 0, h, 0), "map");
	ok(cuMemcpyHtoD_v2(v + (2 << 20), text, 6) == CUDA_ERROR_INVALID_VALUE, "no access yet");
	ok(!cuMemSetAccess(v + (2 << 20), 4 << 20, &access, 1) && !cuMemcpyHtoD_v2(v + (4 << 20), text, 6) &&
	   !cuMemcpyDtoH_v2(back, v + (4 << 20), 6) && !strcmp(back, text), "access");
	ok(cuMemAddressFree(v, 8 << 20) == CUDA_ERROR_INVALID_VALUE, "mapped addresses are not freed");
	ok(!cuMemRelease(h) && !cuMemUnmap(v + (2 << 20), 4 << 20) && !cuMemAddressFree(v, 8 << 20), "and back");
	ok(cuMemRelease(h) == CUDA_ERROR_INVALID_VALUE, "released once");
}

static void test_pool_properties(void)
{
	CUmemPoolProps props = {
		.allocType = CU_MEM_ALLOCATION_TYPE_PINNED, .location = { CU_MEM_LOCATION_TYPE_DEVICE, 9 },
	};
	CUmemAccessDesc access = { { CU_MEM_LOCATION_TYPE_DEVICE, 0 }, CU_MEM_ACCESS_FLAGS_PROT_READWRITE };
	CUmemoryPool pool;

	ok(cuMemPoolCreate(&pool, &props) == CUDA_ERROR_INVALID_VALUE, "a pool of no device");
	props.location = (CUmemLocation){ 0, 0 };
	ok(cuMemPoolCreate(&pool, &props) == CUDA_ERROR_INVALID_VALUE, "a pool that is nowhere");
	props.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
	props.handleTypes = 64;
	ok(cuMemPoolCreate(&pool, &props) == CUDA_ERROR_INVALID_VALUE, "shared in no known way");
	props.handleTypes = 8;
	ok(cuMemPoolCreate(&pool, &props) == CUDA_ERROR_NOT_SUPPORTED, "shared by a fabric");
	props.handleTypes = 0;
	ok(!cuMemPoolCreate(&pool, &props) && !cuMemPoolSetAccess(pool, &access, 1), "a pool and its device");
	access.flags = CU_MEM_ACCESS_FLAGS_PROT_READ;
	ok(cuMemPoolSetAccess(pool, &access, 1) == CUDA_ERROR_NOT_SUPPORTED, "which may not read only");
	access.flags = CU_MEM_ACCESS_FLAGS_PROT_NONE;
	ok(cuMemPoolSetAccess(pool, &access, 1) == CUDA_ERROR_INVALID_DEVICE, "nor have no access");
	access.location.id = 7;
	ok(cuMemPoolSetAccess(pool, &access, 1) == CUDA_ERROR_INVALID_DEVICE, "nor does a device that is none");
	cuMemPoolDestroy(pool);
}

static void test_refusals(void)
{
	CUmodule mod;
	char log[200] = "";
	int options[] = { CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES };
	void *values[] = { log, (void *)sizeof(log) };

	ok(cuTexObjectDestroy(1) == CUDA_ERROR_NOT_SUPPORTED, "what is not implemented says so");
	ok(cuModuleLoadData(&mod, "\001\002\003\004 neither a fatbin nor PTX nor anything else that we know of, at all") ==
		   CUDA_ERROR_INVALID_IMAGE, "not an image");
	ok(cuModuleLoadDataEx(&mod, ".version 8.0\n.target sm_80\n.address_size 64\n.visible .entry k( {\n", 2,
			      options, values) == CUDA_ERROR_INVALID_PTX, "PTX with an error");
	ok(strstr(log, "line 4") != NULL && (uintptr_t)values[1] == strlen(log), "and the log names the line");
	note("%s", log);
}

static const char one_error[] =
	".version 8.0\n.target sm_80\n.address_size 64\n.visible .entry k()\n{\n\tfrob.u32 %r1, 1;\n}\n";

/* A library is loaded all the same, as by NVIDIA's driver, and has nothing. */
static void test_library_log(void)
{
	char log[200] = "";
	int options[] = { CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES };
	void *values[] = { log, (void *)sizeof(log) };
	CUlibrary lib;
	CUkernel k;
	CUmodule mod;

	ok(!cuLibraryLoadData(&lib, one_error, options, values, 2, NULL, NULL, 0), "a library of PTX with an error");
	ok(strstr(log, "line 6") != NULL && (uintptr_t)values[1] == strlen(log), "and the log names the line");
	ok(cuLibraryGetKernel(&k, lib, "k") == CUDA_ERROR_INVALID_PTX, "it has no kernel");
	ok(cuLibraryGetModule(&mod, lib) == CUDA_ERROR_INVALID_PTX, "nor is it a module");
	cuLibraryUnload(lib);
}

/* Looking at a library needs the device's memory, too; that there is none now says nothing of later. */
static void test_library_memory(void)
{
	static const char wide[] = ".version 8.0\n.target sm_80\n.address_size 64\n"
				   ".visible .global .align 4 .b8 wide[67108864];\n";
	char log[200] = "";
	int options[] = { CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES };
	void *values[] = { log, (void *)sizeof(log) };
	size_t room, total, part = 32 << 20;
	CUdeviceptr all, at;
	CUlibrary lib;
	CUmodule mod;

	ok(!cuMemGetInfo_v2(&room, &total) && room > 2 * part && !cuMemAlloc_v2(&all, room - part), "memory is short");
	ok(!cuLibraryLoadData(&lib, wide, options, values, 2, NULL, NULL, 0) &&
	   cuLibraryGetModule(&mod, lib) == CUDA_ERROR_OUT_OF_MEMORY, "a library that does not fit");
	ok(!cuMemFree_v2(all) && !cuLibraryGetModule(&mod, lib) && !cuModuleGetGlobal_v2(&at, NULL, mod, "wide"),
	   "it does later");
	cuLibraryUnload(lib);
}

/* What NVIDIA's math libraries ask for a context and a stream by. */
static void test_tables(void)
{
	static const CUuuid tls = { { 0x42, 0xd8, 0x5a, 0x81, 0x23, 0xf6, 0xcb, 0x47, 0x82, 0x98, 0xf6, 0xe7,
				      0x8a, 0x3a, 0xec, 0xdc } };
	static const CUuuid context = { { 0x21, 0x31, 0x8c, 0x60, 0x97, 0x14, 0x32, 0x48, 0x8c, 0xa6, 0x41,
					  0xff, 0x73, 0x24, 0xc8, 0xf2 } };
	CUresult (*current)(CUcontext *), (*stream_id)(CUcontext, CUstream, uint64_t *);
	CUresult (*context_id)(CUcontext, uint64_t *);
	CUresult (*resolve)(CUcontext, CUstream, CUstream *, int), (*unknown)(void);
	void *const *t, *const *c;
	CUstream legacy, per_thread, other;
	uint64_t id, ids[3];
	CUcontext ctx;
	unsigned long long n;
	size_t limit = 1;

	ok(!cuCtxGetLimit(&limit, CU_LIMIT_CIG_ENABLED) && !limit, "no graphics in the context");
	ok(cuCtxGetLimit(&limit, 10) == CUDA_ERROR_INVALID_VALUE, "a limit past the last");
	ok(!cuCtxSetLimit(CU_LIMIT_MALLOC_HEAP_SIZE, (size_t)-1) && !cuCtxGetLimit(&limit, CU_LIMIT_MALLOC_HEAP_SIZE) &&
	   limit >= 4 << 20 && limit < 1ull << 40, "a heap larger than memory is made smaller");
	ok(!cuCtxSetLimit(CU_LIMIT_PRINTF_FIFO_SIZE, (size_t)-1) && !cuCtxGetLimit(&limit, CU_LIMIT_PRINTF_FIFO_SIZE) &&
	   limit == 2ull << 30 && !cuCtxSetLimit(CU_LIMIT_PRINTF_FIFO_SIZE, 1 << 20), "so is a buffer for printf");
	ok(!cuGetExportTable((const void **)&t, &tls) && !cuGetExportTable((const void **)&c, &context),
	   "the tables are there");
	current = t[2];
	context_id = c[4];
	stream_id = c[39];
	resolve = c[51];
	unknown = c[5];
	ok(!current(&ctx) && ctx == primary, "the current context");
	ok(!context_id(ctx, &id) && !cuCtxGetId(ctx, &n) && id == n, "its number");
	ok(!resolve(ctx, NULL, &legacy, 0) && !resolve(ctx, NULL, &per_thread, 1) &&
		   !cuStreamCreate(&other, 0) && !stream_id(ctx, legacy, &ids[0]) &&
		   !stream_id(ctx, per_thread, &ids[1]) && !stream_id(ctx, other, &ids[2]) && ids[0] != ids[1] &&
		   ids[1] != ids[2] && ids[0] != ids[2],
	   "streams have numbers of their own");
	ok(unknown() == CUDA_ERROR_NOT_SUPPORTED, "a slot that nobody calls");
	cuStreamDestroy_v2(other);
}

static void test_fork(void)
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(cuCtxSynchronize() == CUDA_ERROR_NOT_INITIALIZED ? 0 : 1);
	ok(pid > 0 && waitpid(pid, &status, 0) == pid && !status, "a forked child has no driver");
}

/* Last: it ends the context. */
static void test_fault(void)
{
	CUdeviceptr p;
	int *pinned;

	cuMemHostAlloc((void **)&pinned, 4096, 0);
	cuMemAlloc_v2(&p, 4096);
	host_device_fail_next_copy();
	cuMemcpyDtoHAsync_v2(pinned, p, 4, NULL);
	ok(cuCtxSynchronize() == CUDA_ERROR_ILLEGAL_ADDRESS, "a fault is reported");
	ok(cuMemAlloc_v2(&p, 4096) == CUDA_ERROR_ILLEGAL_ADDRESS, "and stays");
	ok(cuStreamSynchronize(NULL) == CUDA_ERROR_ILLEGAL_ADDRESS, "for streams too");
	ok(!cuDevicePrimaryCtxReset_v2(0) && !cuDevicePrimaryCtxRetain(&primary, 0) && !cuCtxSynchronize(),
	   "until the context is reset");
	ok(!cuDevicePrimaryCtxRelease_v2(0) && !cuDevicePrimaryCtxRelease_v2(0) && !cuDevicePrimaryCtxRelease_v2(0) &&
	   cuDevicePrimaryCtxRelease_v2(0) == CUDA_ERROR_INVALID_CONTEXT, "released as often as retained");
	ok(host_device_objects() == 0, "nothing is left in the device");
}

int main(void)
{
	test_init();
	test_contexts();
	test_memory();
	test_pointers();
	test_tensor_maps();
	test_copies();
	test_files();
	test_many_variables();
	test_large_variable();
	test_priorities();
	test_streams();
	test_odd_orders();
	test_functions();
	test_context_events();
	test_pools();
	test_pool_properties();
	test_refusals();
	test_library_log();
	test_library_memory();
	test_tables();
	test_fork();
	test_fault();
	return tap_done();
}
