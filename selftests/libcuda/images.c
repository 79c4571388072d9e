// SPDX-License-Identifier: MIT
/*
 * Fatbins as cuModuleLoadData and cuLibraryLoadData take them, damaged: thousands of seeded mutations and
 * cuts. Each is loaded or refused with a fitting error, and afterwards nothing is left of it.
 */
#include <stdlib.h>
#include "../compiler/fatbin_make.h"
#include "../compiler/tap.h"
#include "cuda.h"
#include "host_device.h"

static const char ptx[] =
	".version 8.5\n.target sm_75\n.address_size 64\n.visible .global .align 4 .u32 table[4] = {1, 2, 3, 4};\n"
	".visible .entry k(.param .u64 p)\n{\n\t.reg .b64 %a<3>;\n\t.reg .b32 %r<3>;\n\tld.param.u64 %a0, [p];\n"
	"\tmov.u32 %r0, %tid.x;\n\tmul.wide.u32 %a1, %r0, 4;\n\tadd.u64 %a2, %a0, %a1;\n"
	"\tld.global.u32 %r1, [table+4];\n\tadd.u32 %r2, %r0, %r1;\n\tst.global.u32 [%a2], %r2;\n\tret;\n}\n";

static uint64_t state = 20240229;

static uint64_t rnd(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state * 0x2545f4914f6cdd1dull >> 16) % below;
}

/* What ends a program's doubts: a header's word changes as easily to these as to anything. */
static void mutate(unsigned char *b, size_t n)
{
	static const uint32_t words[] = { 0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 64, 0x10000 };
	uint32_t w = words[rnd(sizeof(words) / sizeof(words[0]))];
	size_t at = rnd(4) ? rnd(n) : rnd(n < 96 ? n : 96);

	switch (rnd(4)) {
	case 0:
		b[at] ^= 1 << rnd(8);
		break;
	case 1:
		b[at] = rnd(256);
		break;
	case 2:
		at &= ~(size_t)3;
		if (at + sizeof(w) <= n)
			memcpy(b + at, &w, sizeof(w));
		break;
	default:	/* a stretch from elsewhere */
		w = rnd(24);
		if (at + w <= n)
			memmove(b + at, b + rnd(n - w), w);
	}
}

/* By its address alone nobody can tell that an image is shorter than its own header says. */
static void keep_size(unsigned char *b, size_t n)
{
	uint16_t header;
	uint64_t size;

	memcpy(&header, b + 6, sizeof(header));
	memcpy(&size, b + 8, sizeof(size));
	if (header > n || size > n - header) {
		header = 16;
		size = n - header;
		memcpy(b + 6, &header, sizeof(header));
		memcpy(b + 8, &size, sizeof(size));
	}
}

static CUresult load_module(const void *image)
{
	CUdeviceptr p;
	CUfunction f;
	size_t size;
	CUmodule m;
	CUresult r = cuModuleLoadData(&m, image);

	if (r)
		return r;
	cuModuleGetFunction(&f, m, "k");
	cuModuleGetGlobal_v2(&p, &size, m, "table");
	return cuModuleUnload(m);
}

static CUresult load_library(const void *image)
{
	CUdeviceptr p;
	CUlibrary lib;
	CUfunction f;
	CUmodule m;
	size_t size;
	CUresult r = cuLibraryLoadData(&lib, image, NULL, NULL, 0, NULL, NULL, 0), unloaded;

	if (r)
		return r;
	r = cuLibraryGetModule(&m, lib);
	if (!r) {
		cuModuleGetFunction(&f, m, "k");
		cuModuleGetGlobal_v2(&p, &size, m, "table");
	}
	unloaded = cuLibraryUnload(lib);
	return r ? r : unloaded;
}

static bool fitting(CUresult r)
{
	return r == CUDA_SUCCESS || r == CUDA_ERROR_INVALID_IMAGE || r == CUDA_ERROR_INVALID_PTX ||
	       r == CUDA_ERROR_UNSUPPORTED_PTX_VERSION ||
	       r == CUDA_ERROR_NO_BINARY_FOR_GPU || r == CUDA_ERROR_NOT_SUPPORTED ||
	       r == CUDA_ERROR_OUT_OF_MEMORY || r == CUDA_ERROR_NOT_FOUND;
}

/* @change makes a damaged one of a copy that has room for its end and not a byte more. */
static void damaged(const struct blob *o, const char *what, unsigned int times,
		    size_t (*change)(unsigned char *b, size_t n, unsigned int round))
{
	unsigned int loaded = 0, refused = 0, strange = 0;
	int before = host_device_objects();

	for (unsigned int i = 0; i < times; i++) {
		unsigned char *b = malloc(o->len + 1), *exact;
		size_t n;
		CUresult r;

		memcpy(b, o->b, o->len);
		n = change(b, o->len, i);
		keep_size(b, n);
		exact = malloc(n + 1);
		memcpy(exact, b, n);
		exact[n] = 0;	/* what begins like text may be text */
		r = i & 1 ? load_library(exact) : load_module(exact);
		if (!fitting(r) && strange++ < 5)
			note("%s %u: error %d", what, i, r);
		loaded += !r;
		refused += !!r;
		free(exact);
		free(b);
	}
	ok(!strange && refused, "%s: %u loaded, %u refused, all by a fitting error", what, loaded, refused);
	ok(host_device_objects() == before, "%s: nothing is left of them", what);
	ok(!load_module(o->b) && !load_library(o->b) && !cuCtxSynchronize(), "%s: a whole one loads as before", what);
}

static size_t change_some(unsigned char *b, size_t n, unsigned int round)
{
	for (unsigned int k = 0; k <= round % 4; k++)
		mutate(b, n);
	return n;
}

static size_t cut(unsigned char *b, size_t n, unsigned int round)
{
	(void)b;
	return 24 + round % (n - 24);
}

int main(void)
{
	static struct blob stored, packed;
	CUcontext ctx;

	if (!ok(!cuInit(0) && !cuDevicePrimaryCtxRetain(&ctx, 0) && !cuCtxSetCurrent(ctx), "a context"))
		return tap_done();
	begin(&stored);
	put_entry(&stored, 2, 90, 0, 0, "what would be a program for a real one");
	put_entry(&stored, 1, 75, 0, 0, ptx);
	end(&stored);
	begin(&packed);
	put_entry(&packed, 1, 75, 0, 1, ptx);
	put_entry(&packed, 1, 80, 0, 2, ptx);
	end(&packed);
	ok(!load_module(stored.b) && !load_library(packed.b), "whole ones load");
	ok(load_module("\177TileIR") == CUDA_ERROR_NOT_SUPPORTED && load_library("\177TileIR") == CUDA_ERROR_NOT_SUPPORTED,
	   "CUDA Tile IR is refused by name");
	damaged(&stored, "stored, changed", 3000, change_some);
	damaged(&packed, "packed, changed", 3000, change_some);
	damaged(&stored, "stored, cut", stored.len, cut);
	damaged(&packed, "packed, cut", packed.len, cut);
	return tap_done();
}
