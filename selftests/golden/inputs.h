/* SPDX-License-Identifier: MIT */
/*
 * Inputs of the golden comparisons, by type name: edge values first, then random ones, the same on every
 * machine.
 */
#ifndef GOLDEN_INPUTS_H
#define GOLDEN_INPUTS_H

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

enum { GOLDEN_CASES = 2048 };

struct golden_random {
	uint64_t s;

	uint64_t next()
	{
		s ^= s << 13;
		s ^= s >> 7;
		s ^= s << 17;
		return s * 0x2545f4914f6cdd1dull;
	}
};

static inline uint64_t bits_of(float f)
{
	uint32_t u;

	memcpy(&u, &f, 4);
	return u;
}

static inline uint64_t bits_of(double f)
{
	uint64_t u;

	memcpy(&u, &f, 8);
	return u;
}

static const uint64_t edges_int[] = {
	0, 1, 2, 3, 5, 31, 32, 33, 63, 64, 127, 128, 255, 256, 0x7fff, 0x8000, 0xffff, 0x10000,
	0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x7fffffffffffffff, 0x8000000000000000,
	~0ull, ~1ull, 0x5555555555555555, 0xaaaaaaaaaaaaaaaa,
};
static const uint64_t edges_f32[] = {
	0x00000000, 0x80000000, 0x3f800000, 0xbf800000, 0x40000000, 0x3f000000, 0x00000001, 0x807fffff,
	0x00800000, 0x80800000, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffffffff,
	0x7f800001, 0x3f800001, 0x3f7fffff, 0x4b800000, 0x4f000000, 0x00400000, 0x3fc00000, 0xc0200000,
	0x33800000, 0x477fe000, 0x477ff000, 0x38800000, 0x387fc000, 0x33000000,
};
static const uint64_t edges_f64[] = {
	0, 0x8000000000000000, 0x3ff0000000000000, 0xbff0000000000000, 0x4000000000000000, 1,
	0x800fffffffffffff, 0x0010000000000000, 0x8010000000000000, 0x7fefffffffffffff,
	0xffefffffffffffff, 0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000,
	0xfff8000000000001, 0x3ff0000000000001, 0x3fefffffffffffff, 0x4340000000000000,
	0x3fe0000000000000, 0xc004000000000000, 0x47efffffe0000000, 0x47effffff0000000,
	0x3810000000000000, 0x36a0000000000000, 0x3690000000000000, 0x41dfffffffc00000,
};
static const uint64_t edges_f16[] = {
	0x0000, 0x8000, 0x3c00, 0xbc00, 0x4000, 0x0001, 0x83ff, 0x0400, 0x8400, 0x7bff, 0xfbff, 0x7c00,
	0xfc00, 0x7e00, 0xffff, 0x7c01, 0x3c01, 0x3bff, 0x3800, 0x6400, 0x0200, 0x3e00, 0xc100, 0x1400,
};
static const uint64_t edges_bf16[] = {
	0x0000, 0x8000, 0x3f80, 0xbf80, 0x4000, 0x0001, 0x807f, 0x0080, 0x8080, 0x7f7f, 0xff7f, 0x7f80,
	0xff80, 0x7fc0, 0xffff, 0x7f81, 0x3f81, 0x3f7f, 0x3f00, 0x4b80, 0x0040, 0x3fc0, 0xc020, 0x3380,
};

/* A float of moderate size: where approximations state their bounds, and sums do not just absorb. */
static inline float moderate(golden_random &r, float scale)
{
	return ((int64_t)(r.next() >> 24) - ((int64_t)1 << 39)) * 0x1p-39f * scale;
}

static inline uint64_t random_of(const std::string &t, golden_random &r)
{
	if (t[0] == 'o')
		return random_of(t.substr(1), r);
	uint64_t x = r.next();
	bool wild = r.next() & 1;

	if (t == "f32")
		return wild ? x & 0xffffffff : bits_of(moderate(r, 100));
	if (t == "mf32")
		return bits_of(moderate(r, wild ? 1000.0f : 2.0f));
	if (t == "xf32")
		return bits_of(moderate(r, wild ? 130.0f : 3.0f));
	if (t == "af32")
		return bits_of(moderate(r, 3.14159f));
	if (t == "cf32" || t == "cf64" || t == "cf16") {
		double v = moderate(r, 1) * (wild ? 70000.0 : t == "cf64" ? 1e19 : t == "cf16" ? 300.0 : 5e9);

		if (t == "cf64")
			return bits_of(v);
		return t == "cf32" ? bits_of((float)v) : x & 0xffff;
	}
	if (t == "f64")
		return wild ? x : bits_of((double)moderate(r, 100) * 1.0000001);
	if (t == "f16" || t == "bf16")
		return x & 0xffff;
	if (t == "xf16")
		return (x & 0x83ff) | (8 + (x >> 20) % 14) << 10;
	if (t == "xbf16")
		return (x & 0x807f) | (115 + (x >> 20) % 18) << 7;
	if (t.size() > 2 && t.substr(t.size() - 2) == "x2") {
		std::string half = t.substr(0, t.size() - 2);

		return random_of(half, r) | random_of(half, r) << 16;
	}
	if (t == "sh")
		return wild ? x % 70 : x & 0xffffffff;
	if (t == "lane")
		return x & 31;
	if (t.substr(0, 2) == "nz") {
		x = random_of(t.substr(2), r);
		return x ? x : 1;
	}
	int n = atoi(t.c_str() + 1);

	if (wild)
		x >>= r.next() % n;
	return n == 64 ? x : x & ((1ull << n) - 1);
}

template <size_t N>
static uint64_t pick(const uint64_t (&a)[N], size_t i)
{
	return a[i % N];
}

static inline uint64_t edge_of(const std::string &t, size_t i)
{
	if (t.size() > 2 && t.substr(t.size() - 2) == "x2") {
		std::string half = t.substr(0, t.size() - 2);

		return edge_of(half, i) | edge_of(half, i * 7 + 3) << 16;
	}
	if (t[0] == 'o')	/* what stands for an element outside of a tensor, often */
		return i % 3 ? edge_of(t.substr(1), i / 3) : 0x7ff7;
	if (t == "lane")
		return i & 31;
	if (t == "sh")
		return pick(edges_int, i) & 0xffffffff;
	if (t.find("bf16") != std::string::npos)
		return pick(edges_bf16, i);
	if (t.find("f16") != std::string::npos)
		return pick(edges_f16, i);
	if (t == "mf32" || t == "af32")
		return bits_of(0.25f * (1 + i % 7));
	if (t.find("f32") != std::string::npos)
		return pick(edges_f32, i);
	if (t.find("f64") != std::string::npos)
		return pick(edges_f64, i);
	bool nz = t.substr(0, 2) == "nz";
	int n = atoi(t.c_str() + (nz ? 3 : 1));
	uint64_t x = pick(edges_int, i) & (n == 64 ? ~0ull : (1ull << n) - 1);

	return nz && !x ? 7 : x;
}

/*
 * The cases of a form: three columns of GOLDEN_CASES values, of which the first @cases are set. With all
 * of them, two inputs meet in each pair of their edges; else in random ones.
 */
static inline std::vector<uint64_t> golden_inputs(const char *const types[3], size_t form, uint32_t cases)
{
	std::vector<uint64_t> v(3 * GOLDEN_CASES);
	golden_random r = { 0x9e3779b97f4a7c15ull + form * 0x1234567 };
	int arity = 1 + (types[1][0] != 0) + (types[2][0] != 0);

	bool all = cases == GOLDEN_CASES && arity == 2;

	for (size_t i = 0; i < cases; i++)
		for (int k = 0; k < arity; k++) {
			bool edge = arity == 1 ? i < 32 : all ? i < 900 : r.next() % 3 == 0;
			size_t e = all ? (k ? i / 30 : i % 30) : arity == 1 ? i : r.next() >> 8;

			v[k * GOLDEN_CASES + i] = edge ? edge_of(types[k], e) : random_of(types[k], r);
		}
	return v;
}

#endif
