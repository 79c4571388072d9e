// SPDX-License-Identifier: MIT
// Boxes of tensors: tensor maps that cuTensorMapEncodeTiled makes or refuses, what a load with one leaves in shared
// memory, a store or a reduction in the tensor: tensor write PTX OUT; tensor check PTX GOLDEN.
#include <cstdio>
#include <cstdlib>
#include <cuda.h>
#include "card.h"
#include "inputs.h"

enum { SHARED = 16384, REGION = 16384, LOADS = 160, STORES = 48, REDUCTIONS = 48, ODD = 160 };

static const char *const type_names[] = { "u8", "u16", "u32", "s32", "u64", "s64", "f16", "f32", "f64", "bf16",
					  "f32.ftz", "tf32", "tf32.ftz" };
static const uint32_t type_bytes[] = { 1, 2, 4, 4, 8, 8, 2, 4, 8, 2, 4, 4, 4 };

/* The arguments of cuTensorMapEncodeTiled, and where the box lies. */
struct box {
	CUtensorMap map;
	uint32_t type, rank, box[5], step[5], interleave, swizzle, promotion, fill;
	uint64_t address, dim[5], stride[5];
	int32_t at[5];
	uint32_t bytes, offset;	/* of the box; from where in shared memory */
};

static bool is_float(uint32_t t)
{
	return t >= CU_TENSOR_MAP_DATA_TYPE_FLOAT16;
}

/* @load: coordinates may be negative; of stores hardware takes none that are. */
static box draw(golden_random &r, uint64_t address, bool load)
{
	auto pick = [&r](uint32_t n) { return (uint32_t)(r.next() >> 33) % n; };
	box b = {};
	uint64_t end;

	do {
		b.type = pick(13);
		b.rank = 1 + pick(5);
		b.swizzle = pick(4);
		b.promotion = pick(4);
		b.fill = is_float(b.type) && pick(2);
		b.address = address + 16 * pick(8);
		b.offset = 128 * pick(8);
		uint32_t size = type_bytes[b.type], units = 1 + pick(b.swizzle ? 1 << b.swizzle : 12);

		b.box[0] = units * 16 / size;
		b.step[0] = 1 + pick(2);
		b.dim[0] = 1 + pick(3 * b.box[0]);
		/* hardware wants a whole number of 16 bytes */
		int32_t whole = 16 / size;

		b.at[0] = ((int32_t)pick(b.dim[0] + 2 * b.box[0]) - (load ? (int32_t)b.box[0] : 0)) / whole * whole;
		b.bytes = 16 * units;
		end = b.dim[0] * size;
		for (uint32_t k = 1; k < b.rank; k++) {
			b.box[k] = 1 + pick(b.rank < 4 ? 9 : 4);
			b.step[k] = pick(3) ? 1 : 1 + pick(3);
			b.dim[k] = 1 + pick(7);
			b.stride[k - 1] = ((end + 15) / 16 + pick(3)) * 16;
			end = b.stride[k - 1] * b.dim[k];
			b.at[k] = (int32_t)pick(b.dim[k] + 4) - (load ? 2 : 0);
			b.bytes *= (b.box[k] + b.step[k] - 1) / b.step[k];
		}
	} while (b.box[0] > 256 || b.bytes > SHARED - 1024 || end > REGION - 256);
	return b;
}

/* One argument, or two, that are often not allowed. */
static void spoil(box &b, golden_random &r)
{
	auto pick = [&r](uint32_t n) { return (uint32_t)(r.next() >> 33) % n; };
	uint32_t k = pick(b.rank);

	switch (pick(14)) {
	case 0:
		b.rank = pick(2) ? 0 : 6;
		break;
	case 1:
		b.address += 1 << pick(5);
		break;
	case 2:
		b.dim[k] = pick(2) ? 0 : (1ull << 32) + pick(2);
		break;
	case 3:
		b.stride[k] += 1 << pick(5);
		break;
	case 4:
		b.stride[k] = pick(2) ? (1ull << 40) - 16 * pick(2) : 0;
		break;
	case 5:
		b.box[k] = pick(2) ? 256 + pick(2) : 0;
		break;
	case 6:
		b.box[0] += pick(2) ? 1 : 16;
		break;
	case 7:
		b.step[k] = pick(2) ? 0 : 8 + pick(2);
		break;
	case 8:	/* other interleaves are not taken from hardware: libcuda refuses them */
		b.interleave = 3;
		break;
	case 9:
		b.dim[0] = 1ull << 32;
		break;
	case 10:
		b.swizzle = pick(4) ? 1 + pick(3) : 7;	/* 4 to 6 are those of 10.0 and later */
		break;
	case 11:
		b.fill = 1 + pick(2);
		break;
	case 12:
		b.promotion = 3 + pick(2);
		break;
	case 13:
		b.type = 16;	/* 13 to 15 are those of 10.0 and later */
		break;
	}
}

static uint32_t encode(box &b)
{
	static CUresult (*tiled)(CUtensorMap *, CUtensorMapDataType, cuuint32_t, void *, const cuuint64_t *,
				 const cuuint64_t *, const cuuint32_t *, const cuuint32_t *, CUtensorMapInterleave,
				 CUtensorMapSwizzle, CUtensorMapL2promotion, CUtensorMapFloatOOBfill);
	cudaDriverEntryPointQueryResult found;

	if (!tiled)
		CU(cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", (void **)&tiled, 12000, cudaEnableDefault,
						    &found));
	return tiled(&b.map, (CUtensorMapDataType)b.type, b.rank, (void *)b.address, b.dim, b.stride, b.box, b.step,
		     (CUtensorMapInterleave)b.interleave, (CUtensorMapSwizzle)b.swizzle,
		     (CUtensorMapL2promotion)b.promotion, (CUtensorMapFloatOOBfill)b.fill);
}

static std::string describe(const box &b, const char *what)
{
	std::string s = std::string(what) + " " + type_names[b.type % 13] + " " + std::to_string(b.rank) + "d";

	for (uint32_t k = 0; k < b.rank && k < 5; k++)
		s += " " + std::to_string(b.at[k]) + "+" + std::to_string(b.box[k]) + "/" + std::to_string(b.step[k]) +
		     ":" + std::to_string(b.dim[k]);
	return s + " swizzle " + std::to_string(b.swizzle) + (b.fill ? " NaN" : "");
}

static cudaLibrary_t lib;
static uint8_t *region, *output;

/* The kernel named @name with @b: false where the launch is refused. */
static bool launch(const std::string &name, box &b)
{
	void *args[] = { &b.map, &output, &b.bytes, &b.offset, &b.at[0], &b.at[1], &b.at[2], &b.at[3], &b.at[4] };
	cudaKernel_t k;

	CU(cudaLibraryGetKernel(&k, lib, name.c_str()));
	cudaError_t e = cudaLaunchKernel((void *)k, dim3(1), dim3(32), args, 0, 0);

	if (e == cudaSuccess)
		e = cudaDeviceSynchronize();
	if (e != cudaSuccess)
		printf("# %s: %s\n", name.c_str(), cudaGetErrorString(e));
	return e == cudaSuccess;
}

static uint32_t pattern(uint32_t i)
{
	uint32_t v = i * 0x9e3779b1u;

	return v ^ v >> 15;
}

/* What the tensor's memory holds at first: among random words halfway cases of tf32, denormals, NaN. */
static std::vector<uint32_t> contents(golden_random &r, bool random)
{
	std::vector<uint32_t> v(REGION / 4);

	for (uint32_t &x : v) {
		x = random ? r.next() >> 20 : 0;
		switch (random ? r.next() >> 40 & 15 : 0) {
		case 1:
			x = (x & ~0x1fffu) | 0x1000;
			break;
		case 2:
			x &= 0x807fffff;
			break;
		case 3:
			x |= 0x7f800000;
			break;
		case 4:
			x = (x & 0x80000000) | 0x7f800000;
			break;
		}
	}
	return v;
}

/* Results as differences from what was there, so that they compress. */
static std::vector<uint32_t> loaded(box &b, const std::vector<uint32_t> &mem)
{
	std::vector<uint32_t> out(SHARED / 4 + 1);

	CU(cudaMemcpy(region, mem.data(), REGION, cudaMemcpyHostToDevice));
	CU(cudaMemset(output, 0, SHARED + 4));
	if (!launch("load_" + std::to_string(b.rank), b))
		return {};
	CU(cudaMemcpy(out.data(), output, SHARED + 4, cudaMemcpyDeviceToHost));
	for (uint32_t i = 0; i < SHARED / 4; i++)
		out[i] ^= pattern(4 * i);
	return out;
}

static std::vector<uint32_t> stored(box &b, const std::string &name, const std::vector<uint32_t> &mem)
{
	std::vector<uint32_t> out(REGION / 4);

	CU(cudaMemcpy(region, mem.data(), REGION, cudaMemcpyHostToDevice));
	if (!launch(name, b))
		return {};
	CU(cudaMemcpy(out.data(), region, REGION, cudaMemcpyDeviceToHost));
	for (uint32_t i = 0; i < REGION / 4; i++)
		out[i] ^= mem[i];
	return out;
}

/* Reductions that a type has; "" where there are none. */
static std::string reduction(uint32_t type, uint32_t x)
{
	static const char *const of[] = {
		"", "", "add min max inc dec and or xor", "add min max and or xor", "add min max and or xor",
		"min max", "add min max", "add", "add", "add min max", "add", "add", "add",
	};
	std::string s = of[type], word;
	std::vector<std::string> words;

	for (char c : s + " ")
		if (c != ' ')
			word += c;
		else if (!word.empty())
			words.push_back(word), word.clear();
	return words.empty() ? "" : words[x % words.size()];
}

static FILE *out;
static std::vector<char> golden;
static size_t at;
static int number, failed;

static void report(const std::string &text, uint32_t result, const std::vector<uint32_t> &data, uint32_t words)
{
	if (out) {
		fwrite(&result, 4, 1, out);
		if (!result)
			fwrite(data.data(), 4, data.size(), out);
		return;
	}
	const uint32_t *want = (uint32_t *)(golden.data() + at);
	uint32_t differ = 0;
	bool ok = at + 4 <= golden.size() && *want == result;

	if (!ok && at + 4 <= golden.size())
		printf("# hardware gives error %u, here %u\n", *want, result);
	uint32_t n = at + 4 <= golden.size() && !*want ? words : 0;

	at += 4 + 4 * n;
	ok = ok && data.size() == n && at <= golden.size();
	for (uint32_t i = 0; ok && i < n; i++)
		if (want[1 + i] != data[i] && differ++ < 3)
			printf("# byte %u: hardware changes by %08x, here by %08x\n", 4 * i, want[1 + i], data[i]);
	if (differ)
		printf("# %u of %u words differ\n", differ, n);
	failed += !ok || differ;
	printf("%s %d - %s\n", ok && !differ ? "ok" : "not ok", ++number, text.c_str());
}

static void all()
{
	golden_random r = { 0x853c49e6748fea9bull };

	for (int i = 0; i < LOADS; i++) {
		box b = draw(r, (uint64_t)region, true);
		std::vector<uint32_t> mem = contents(r, true), got;
		uint32_t e = encode(b);

		if (!e)
			got = loaded(b, mem);
		report(describe(b, "load"), e, got, SHARED / 4 + 1);
	}
	for (int i = 0; i < STORES; i++) {
		box b = draw(r, (uint64_t)region, false);
		std::vector<uint32_t> mem = contents(r, false), got;
		uint32_t e = encode(b);

		if (!e)
			got = stored(b, "store_" + std::to_string(b.rank), mem);
		report(describe(b, "store"), e, got, REGION / 4);
	}
	for (int i = 0; i < REDUCTIONS; i++) {
		box b;
		std::string op;

		do {
			b = draw(r, (uint64_t)region, false);
			op = reduction(b.type, i);
		} while (b.rank != 2 || op.empty());
		std::vector<uint32_t> mem = contents(r, true), got;
		uint32_t e = encode(b);

		if (!e)
			got = stored(b, "reduce_" + op + "_2", mem);
		report(describe(b, ("reduce " + op).c_str()), e, got, REGION / 4);
	}
	for (int i = 0; i < ODD; i++) {
		box b = draw(r, (uint64_t)region, false);

		spoil(b, r);
		uint32_t e = encode(b);

		report(describe(b, "encode") + " case " + std::to_string(i), e, {}, 0);
	}
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	lib = load_ptx(argv[2]);
	CU(cudaMalloc(&region, REGION + 256));
	CU(cudaMalloc(&output, SHARED + 4));
	if (!strcmp(argv[1], "write"))
		out = fopen(argv[3], "wb");
	else
		golden = slurp(argv[3]);
	all();
	if (out)
		return fclose(out);
	printf("1..%d\n", number);
	return failed != 0;
}
