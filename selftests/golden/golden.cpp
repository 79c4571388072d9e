// SPDX-License-Identifier: MIT
// Runs every form of forms.py and writes what the device gave, or compares it with what
// real hardware gave: golden write PTX OUT; golden check PTX GOLDEN. The same program serves both.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include "card.h"
#include "inputs.h"

struct form {
	const char *text, *out, *in[3], *reference;
	double bound;
	uint32_t cases;
};

static const form forms[] = {
#include "forms.inc"
};
static const size_t count = sizeof(forms) / sizeof(forms[0]);

static int out_bytes(const form &f)
{
	std::string t = f.out;

	if (t == "f16" || t == "bf16" || t == "b16")
		return 2;
	return t == "f64" || t == "b64" ? 8 : 4;
}

static double half_value(uint32_t h, bool bf)
{
	if (bf) {
		uint32_t u = h << 16;
		float f;

		memcpy(&f, &u, 4);
		return f;
	}
	int e = h >> 10 & 31, m = h & 0x3ff;
	double v = e == 31 ? (m ? NAN : INFINITY) : e ? ldexp(m + 1024, e - 25) : ldexp(m, -24);

	return h & 0x8000 ? -v : v;
}

static double value(uint64_t bits, const std::string &t)
{
	float f;
	double d;
	uint32_t u = bits;

	if (t.find("bf16") != std::string::npos)
		return half_value(bits & 0xffff, true);
	if (t.find("f16") != std::string::npos)
		return half_value(bits & 0xffff, false);
	if (t.find("f64") != std::string::npos) {
		memcpy(&d, &bits, 8);
		return d;
	}
	memcpy(&f, &u, 4);
	return f;
}

static double ulp32(double v)
{
	int e;

	frexp(v, &e);
	return ldexp(1, (e < -125 ? -125 : e) - 24);
}

/*
 * How far @got is from the function named @name, as a fraction of what the PTX ISA allows: ulps for
 * division, reciprocal and ex2 (its bound), else powers of two, relative or absolute.
 */
static double excess(const std::string &name, double a, double b, double got, double bound)
{
	double t;

	if (name == "div")
		return fabs(got - a / b) / ulp32(a / b) / bound;
	if (name == "rcp")
		return fabs(got - 1 / a) / ulp32(1 / a) / bound;
	if (name == "ex2")
		return fabs(got - exp2(a)) / ulp32(exp2(a)) / bound;
	if (name == "sqrt")
		return fabs(got / sqrt(a) - 1) * 0x1p23;
	if (name == "rsqrt")
		return fabs(got * sqrt(a) - 1) * exp2(22.9);
	if (name == "lg2") {
		t = log2(a);
		return (a > 0.5 && a < 2 ? fabs(got - t) : fabs(got / t - 1)) * 0x1p22;
	}
	if (name == "sin" || name == "cos")
		return fabs(got - (name == "sin" ? sin(a) : cos(a))) * exp2(20.5);
	if (name == "tanh")
		return fabs(got / tanh(a) - 1) * exp2(11);
	if (name == "rcp64")
		return fabs(got * a - 1) * exp2(20);
	if (name == "rsqrt64")
		return fabs(got * sqrt(a) - 1) * exp2(20);
	if (name == "h_ex2")
		return fabs(got / exp2(a) - 1) * exp2(9.9);
	if (name == "h_tanh")
		return fabs(got - tanh(a)) * exp2(10.987);
	if (name == "b_ex2")
		return fabs(got / exp2(a) - 1) * exp2(7);
	return fabs(got - tanh(a)) * exp2(8);	/* b_tanh */
}

static bool special(double v, const std::string &t)
{
	double tiny = t == "f64" ? 0x1p-1022 : t.find("f16") == 0 ? 0x1p-14 : 0x1p-126;

	return !std::isfinite(v) || fabs(v) < tiny;
}

static bool same_exact(uint64_t want, uint64_t got, const std::string &t, bool wide)
{
	if (want == got)
		return true;	/* PTX leaves the payload of NaNs open where f64 is involved */
	return wide && std::isnan(value(want, t)) && std::isnan(value(got, t));
}

/* Checks one half (16-bit pairs) or all of a result; records the largest error seen. */
static bool good(const form &f, const uint64_t in[2], uint64_t want, uint64_t got, double &worst)
{
	std::string t = f.out;
	bool wide = t == "f64" || (!strcmp(f.in[0], "f64") && (t[0] == 'f' || t == "bf16"));

	if (!f.reference[0])
		return same_exact(want, got, t, wide);
	double a = value(in[0], f.in[0]), b = value(in[1], f.in[1]);
	double w = value(want, t), g = value(got, t);

	if (!std::isfinite(w) || w == 0)
		return same_exact(want, got, t, wide);
	if (special(w, t) || special(g, t))	/* among denormals: one of their units */
		return fabs(w - g) <= (t == "f64" ? 0x1p-1074 : t.find("bf16") == 0 ? 0x1p-133 :
				       t.find("f16") == 0 ? 0x1p-24 : 0x1p-149);
	double e = excess(f.reference, a, b, g, f.bound ? f.bound : 1);

	worst = fmax(worst, e);
	/* What the hardware itself exceeds is no bound for us. */
	return e <= fmax(1, excess(f.reference, a, b, w, f.bound ? f.bound : 1));
}

/* What the device gives for @in; empty where it refuses the instruction. */
static std::vector<uint64_t> run(cudaLibrary_t lib, size_t i, const std::vector<uint64_t> &in)
{
	static uint64_t *d;
	const size_t bytes = GOLDEN_CASES * 8;
	uint32_t n = forms[i].cases;
	std::vector<uint64_t> out(n);
	cudaKernel_t k;
	char name[32];

	if (!d)
		CU(cudaMalloc(&d, 4 * bytes));
	snprintf(name, sizeof(name), "form_%zu", i);
	CU(cudaLibraryGetKernel(&k, lib, name));
	CU(cudaMemcpy(d, in.data(), 3 * bytes, cudaMemcpyHostToDevice));
	CU(cudaMemset(d + 3 * GOLDEN_CASES, 0, bytes));
	uint64_t *a = d, *b = d + GOLDEN_CASES, *c = b + GOLDEN_CASES, *o = c + GOLDEN_CASES;
	void *args[] = { &a, &b, &c, &o, &n };
	cudaError_t e = cudaLaunchKernel((void *)k, dim3(GOLDEN_CASES / 128), dim3(128), args, 0, 0);
	if (e != cudaSuccess) {
		printf("# %s\n", cudaGetErrorString(e));
		cudaGetLastError();
		return {};
	}
	CU(cudaMemcpy(out.data(), o, n * 8, cudaMemcpyDeviceToHost));
	return out;
}

static bool check_form(const form &f, const std::vector<uint64_t> &in, const std::vector<uint64_t> &got,
		       const uint8_t *golden, double &worst)
{
	int bytes = out_bytes(f), bad = 0;
	bool pair = std::string(f.out).find("x2") != std::string::npos && f.reference[0];

	for (size_t i = 0; i < f.cases; i++) {
		uint64_t want = 0, ab[2] = { in[i], in[GOLDEN_CASES + i] };

		memcpy(&want, golden + i * bytes, bytes);
		bool ok = good(f, ab, want, got[i], worst);

		if (pair) {
			uint64_t high[2] = { ab[0] >> 16, ab[1] >> 16 };

			ok = good(f, ab, want & 0xffff, got[i] & 0xffff, worst) &&
			     good(f, high, want >> 16, got[i] >> 16, worst);
		}
		if (!ok && bad++ < 3)
			printf("# a %llx b %llx c %llx: hardware %llx, here %llx\n", (long long)in[i],
			       (long long)in[GOLDEN_CASES + i], (long long)in[2 * GOLDEN_CASES + i],
			       (long long)want, (long long)got[i]);
	}
	if (bad > 3)
		printf("# %d of %u cases differ\n", bad, f.cases);
	return !bad;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	bool write = !strcmp(argv[1], "write");
	cudaLibrary_t lib = load_ptx(argv[2]);
	std::vector<char> golden;
	size_t at = 0;
	std::map<std::string, double> errors;
	int failed = 0;

	FILE *out = write ? fopen(argv[3], "wb") : NULL;
	if (!write)
		golden = slurp(argv[3]);
	for (size_t i = 0; i < count; i++) {
		std::vector<uint64_t> in = golden_inputs(forms[i].in, i, forms[i].cases);
		std::vector<uint64_t> got = run(lib, i, in);
		size_t bytes = out_bytes(forms[i]);
		double worst = 0;

		if (write) {
			for (uint64_t v : got)
				fwrite(&v, bytes, 1, out);
			continue;
		}
		const size_t size = forms[i].cases * bytes;

		if (at + size > golden.size()) {
			printf("Bail out! the golden file is too short\n");
			return 1;
		}
		bool ok = !got.empty() &&
			  check_form(forms[i], in, got, (uint8_t *)golden.data() + at, worst);
		at += size;
		failed += !ok;
		printf("%s %zu - %s\n", ok ? "ok" : "not ok", i + 1, forms[i].text);
		if (forms[i].reference[0])
			errors[forms[i].text] = worst;
	}
	if (write)
		return fclose(out);
	for (auto &e : errors)
		printf("# largest error, as a fraction of the bound: %.3f %s\n", e.second, e.first.c_str());
	printf("1..%zu\n", count);
	return failed != 0;
}
