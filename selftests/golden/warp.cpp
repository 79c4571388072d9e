// SPDX-License-Identifier: MIT
// Runs every form of warp_forms.py: warp write PTX OUT; warp check PTX GOLDEN.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include "card.h"
#include "inputs.h"

enum { MOST = 64, LANES = 32, IN = 16, OUT = 8 };

struct form {
	const char *text, *inputs, *out;
	double tolerance;
	int warps;
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

/* Which of 4 elements a sparse operand keeps, 8 times: two of four, or one of two. */
static uint32_t metadata(bool pairs, golden_random &r)
{
	static const uint8_t two[] = { 4, 8, 9, 12, 13, 14 }, one[] = { 4, 14 };
	uint32_t v = 0;

	for (int i = 0; i < 8; i++) {
		uint32_t x = r.next() >> 40;

		v |= (pairs ? two[x % 6] : one[x % 2]) << 4 * i;
	}
	return v;
}

/* Of every kind of value: many zeros, denormals and small integers, few infinities and NaN. */
static uint32_t all_sorts(int exp, int mant, golden_random &r)
{
	uint32_t x = r.next() >> 32, sign = (x >> 31) << (exp + mant), top = ((1u << exp) - 1) << mant;

	switch (x % 64) {
	case 0:
		return sign | top;
	case 1:
		return sign | top | (x >> 8 & 1) | 1u << (mant - 1);
	default:
		return x % 4 == 0 ? sign : x % 4 == 1 ? sign | (x >> 8 & ((1u << mant) - 1)) :
		       encode((int)(x >> 8) % 9, exp, mant) | sign;
	}
}

static uint32_t sorted(const std::string &t, int reg, golden_random &r)
{
	if (reg >= 8)
		return all_sorts(8, 23, r);
	if (t == "tf32")
		return all_sorts(8, 10, r) << 13;
	uint32_t lo = all_sorts(t == "f16" ? 5 : 8, t == "f16" ? 10 : 7, r);

	return lo | all_sorts(t == "f16" ? 5 : 8, t == "f16" ? 10 : 7, r) << 16;
}

static uint32_t input(const std::string &kind, int reg, golden_random &r)
{
	if (kind.find("sp") == 0)
		return reg == 12 ? metadata(kind[2] == '2', r) : input(kind.substr(5), reg, r);
	if (kind.find("s:") == 0)
		return sorted(kind.substr(2), reg, r);
	bool small = kind.find("small") != std::string::npos;

	if (kind == "bits")
		return r.next() >> 20;
	if (kind == "f64small")
		return reg & 1 ? bits_of((double)((int)(r.next() >> 40) % 100)) >> 32 : 0;
	if (kind.find("h16") == 0)
		return packed(r, small, 5, 10);
	if (kind.find("hbf16") == 0)
		return packed(r, small, 8, 7);
	if (kind.find("t32") == 0)
		return bits_of((float)number(r, small, 10));
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
	std::vector<uint32_t> v(f.warps * LANES * IN);
	golden_random r = { 0xd1342543de82ef95ull + index * 77777 };
	std::string kind = f.inputs;

	if (kind.find("e:") == 0) {	/* edges and random values of the type that follows */
		std::string t = kind.substr(2);
		size_t step = t.find("64") != t.npos ? 2 : 1;

		for (size_t i = 0; i < v.size(); i += step) {
			bool edge = r.next() >> 20 & 1;
			uint64_t x = edge ? edge_of(t, r.next() >> 8) : random_of(t, r);

			memcpy(&v[i], &x, 4 * step);
		}
		return v;
	}
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
	std::vector<uint32_t> v = inputs(forms[i], i), r(forms[i].warps * LANES * OUT);
	cudaKernel_t k;
	char name[32];

	if (!in) {
		CU(cudaMalloc(&in, MOST * LANES * IN * 4));
		CU(cudaMalloc(&out, MOST * LANES * OUT * 4));
	}
	snprintf(name, sizeof(name), "warp_%zu", i);
	CU(cudaLibraryGetKernel(&k, lib, name));
	CU(cudaMemcpy(in, v.data(), v.size() * 4, cudaMemcpyHostToDevice));
	CU(cudaMemset(out, 0, r.size() * 4));
	void *args[] = { &in, &out };
	cudaError_t e = cudaLaunchKernel((void *)k, dim3(forms[i].warps), dim3(LANES), args, 0, 0);
	if (e != cudaSuccess) {
		printf("# %s\n", cudaGetErrorString(e));
		cudaGetLastError();
		return {};
	}
	CU(cudaMemcpy(r.data(), out, r.size() * 4, cudaMemcpyDeviceToHost));
	return r;
}

/* PTX leaves the payload of an f64's NaN open. */
static bool both_nan(const uint32_t *a, const uint32_t *b)
{
	double x, y;

	memcpy(&x, a, 8);
	memcpy(&y, b, 8);
	return std::isnan(x) && std::isnan(y);
}

static bool check_form(const form &f, const std::vector<uint32_t> &got, const uint32_t *want)
{
	int bad = 0;

	bool doubles = f.out == std::string("f64");

	for (size_t i = 0; i < got.size(); i++)
		if (!good(f, want[i], got[i]) && !(doubles && both_nan(want + (i & ~1ul), &got[i & ~1ul])) && bad++ < 3)
			printf("# warp %zu lane %zu Y%zu: hardware %08x, here %08x\n", i / OUT / LANES,
			       i / OUT % LANES, i % OUT, want[i], got[i]);
	if (bad > 3)
		printf("# %d of %zu results differ\n", bad, got.size());
	return !bad;
}

int main(int argc, char **argv)
{
	size_t all = 0, at = 0;
	int failed = 0;

	if (argc != 4)
		return 2;
	bool write = !strcmp(argv[1], "write");
	cudaLibrary_t lib = load_ptx(argv[2]);
	std::vector<char> golden;
	FILE *out = write ? fopen(argv[3], "wb") : NULL;
	for (size_t i = 0; i < count; i++)
		all += forms[i].warps * LANES * OUT * 4;
	if (!write && (golden = slurp(argv[3])).size() != all) {
		printf("Bail out! the golden file has the wrong size\n");
		return 1;
	}
	for (size_t i = 0; i < count; i++) {
		std::vector<uint32_t> got = run(lib, i);

		if (write) {
			fwrite(got.data(), 4, got.size(), out);
			continue;
		}
		bool ok = !got.empty() && check_form(forms[i], got, (uint32_t *)(golden.data() + at));

		printf("%s %zu - %.100s\n", ok ? "ok" : "not ok", i + 1, forms[i].text);
		failed += !ok;
		at += forms[i].warps * LANES * OUT * 4;
	}
	if (write)
		return fclose(out);
	printf("1..%zu\n", count);
	return failed != 0;
}
