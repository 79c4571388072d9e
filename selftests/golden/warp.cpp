// SPDX-License-Identifier: MIT
// Runs every form of warp_forms.py, 64 warps each: warp write PTX OUT; warp check PTX GOLDEN.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <cuda_runtime.h>
#include "inputs.h"

#define CU(call)                                                                         \
	do {                                                                             \
		cudaError_t e_ = (call);                                                 \
		if (e_ != cudaSuccess) {                                                 \
			printf("Bail out! %s: %s\n", #call, cudaGetErrorString(e_));     \
			exit(1);                                                         \
		}                                                                        \
	} while (0)

enum { WARPS = 64, LANES = 32, IN = 16, OUT = 8 };

struct form {
	const char *text, *inputs, *out;
	double tolerance;
};

static const form forms[] = {
#include "warp_forms.inc"
};
static const size_t count = sizeof(forms) / sizeof(forms[0]);

/* The bits of @v in a format of @mant mantissa and @exp exponent bits; @v must be representable. */
static uint32_t encode(double v, int exp, int mant)
{
	int e;

	if (v == 0)
		return 0;
	double m = frexp(fabs(v), &e);

	return (v < 0) << (exp + mant) | (e - 2 + (1 << (exp - 1))) << mant |
	       ((uint32_t)lrint(ldexp(m, mant + 1)) & ((1u << mant) - 1));
}

/* A value with @bits significant bits below one, or a small integer. */
static double number(golden_random &r, bool small, int bits)
{
	if (small)
		return (int)(r.next() >> 40) % 9;
	int64_t m = (int64_t)(r.next() >> 40) % (1 << bits);

	return ldexp((double)m, -bits) * (r.next() & 1 ? 1 : -1);
}

static uint32_t packed(golden_random &r, bool small, int exp, int mant)
{
	uint32_t lo = encode(number(r, small, mant), exp, mant), hi = encode(number(r, small, mant), exp, mant);

	return lo | hi << 16;
}

static uint32_t fp8(golden_random &r, bool small)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++) {
		uint64_t x = r.next() >> 16;
		uint32_t b = (6 + (x & 1)) << 3 | (small ? 0 : x >> 1 & 7) | (x >> 8 & 1) << 7;

		v |= b << 8 * i;
	}
	return v;
}

static uint32_t input(const std::string &kind, int reg, golden_random &r)
{
	bool small = kind.find("small") != std::string::npos;

	if (kind == "bits")
		return r.next() >> 20;
	if (kind == "f64small")
		return reg & 1 ? bits_of((double)((int)(r.next() >> 40) % 100)) >> 32 : 0;
	if (kind.find("h16") == 0)
		return packed(r, small, 5, 10);
	if (reg >= 8)
		return bits_of((float)number(r, small, 12));
	if (kind.find("bf16") == 0)
		return packed(r, small, 8, 7);
	if (kind.find("f16") == 0)
		return packed(r, small, 5, 10);
	if (kind.find("tf32") == 0)
		return bits_of((float)number(r, small, 10));
	return fp8(r, small);
}

static std::vector<uint32_t> inputs(const form &f, size_t index)
{
	std::vector<uint32_t> v(WARPS * LANES * IN);
	golden_random r = { 0xd1342543de82ef95ull + index * 77777 };

	for (size_t i = 0; i < v.size(); i++)
		v[i] = input(f.inputs, i % IN, r);
	return v;
}

static float half_of(uint32_t h)
{
	int e = h >> 10 & 31, m = h & 0x3ff;
	float v = e == 31 ? (m ? NAN : INFINITY) : e ? ldexpf(m + 1024, e - 25) : ldexpf(m, -24);

	return h & 0x8000 ? -v : v;
}

static bool near(float a, float b, double tolerance)
{
	return a == b || fabs((double)a - b) <= tolerance * (1 + fabs(a));
}

static bool good(const form &f, uint32_t want, uint32_t got)
{
	float a, b;

	if (want == got)
		return true;
	if (!f.tolerance)
		return false;
	if (f.out == std::string("f16x2"))
		return near(half_of(want), half_of(got), f.tolerance) &&
		       near(half_of(want >> 16), half_of(got >> 16), f.tolerance);
	memcpy(&a, &want, 4);
	memcpy(&b, &got, 4);
	return near(a, b, f.tolerance);
}

static std::vector<uint32_t> run(cudaLibrary_t lib, size_t i)
{
	static uint32_t *in, *out;
	std::vector<uint32_t> v = inputs(forms[i], i), r(WARPS * LANES * OUT);
	cudaKernel_t k;
	char name[32];

	if (!in) {
		CU(cudaMalloc(&in, v.size() * 4));
		CU(cudaMalloc(&out, r.size() * 4));
	}
	snprintf(name, sizeof(name), "warp_%zu", i);
	CU(cudaLibraryGetKernel(&k, lib, name));
	CU(cudaMemcpy(in, v.data(), v.size() * 4, cudaMemcpyHostToDevice));
	CU(cudaMemset(out, 0, r.size() * 4));
	void *args[] = { &in, &out };
	CU(cudaLaunchKernel((void *)k, dim3(WARPS), dim3(LANES), args, 0, 0));
	CU(cudaMemcpy(r.data(), out, r.size() * 4, cudaMemcpyDeviceToHost));
	return r;
}

static bool check_form(const form &f, const std::vector<uint32_t> &got, const uint32_t *want)
{
	int bad = 0;

	for (size_t i = 0; i < got.size(); i++)
		if (!good(f, want[i], got[i]) && bad++ < 3)
			printf("# warp %zu lane %zu Y%zu: hardware %08x, here %08x\n", i / OUT / LANES,
			       i / OUT % LANES, i % OUT, want[i], got[i]);
	if (bad > 3)
		printf("# %d of %zu results differ\n", bad, got.size());
	return !bad;
}

static std::vector<char> slurp(const char *path)
{
	std::ifstream s(path, std::ios::binary);

	return std::vector<char>(std::istreambuf_iterator<char>(s), {});
}

int main(int argc, char **argv)
{
	const size_t bytes = WARPS * LANES * OUT * 4;
	cudaLibrary_t lib;
	int failed = 0;

	if (argc != 4)
		return 2;
	bool write = !strcmp(argv[1], "write");
	std::vector<char> ptx = slurp(argv[2]), golden;

	ptx.push_back(0);
	CU(cudaLibraryLoadData(&lib, ptx.data(), NULL, NULL, 0, NULL, NULL, 0));
	FILE *out = write ? fopen(argv[3], "wb") : NULL;
	if (!write && (golden = slurp(argv[3])).size() != count * bytes) {
		printf("Bail out! the golden file has the wrong size\n");
		return 1;
	}
	for (size_t i = 0; i < count; i++) {
		std::vector<uint32_t> got = run(lib, i);

		if (write) {
			fwrite(got.data(), 1, bytes, out);
			continue;
		}
		bool ok = check_form(forms[i], got, (uint32_t *)(golden.data() + i * bytes));

		printf("%s %zu - %.100s\n", ok ? "ok" : "not ok", i + 1, forms[i].text);
		failed += !ok;
	}
	if (write)
		return fclose(out);
	printf("1..%zu\n", count);
	return failed != 0;
}
