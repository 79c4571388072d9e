// SPDX-License-Identifier: MIT
// NVIDIA's CUB: scan, selection, reduction by key and sort of whole arrays, in which blocks wait for those before them.
#include <algorithm>
#include <numeric>
#include <cub/cub.cuh>
#include "check.h"

#define COUNT	300007
#define ROUNDS	4

struct odd {
	__host__ __device__ bool operator()(int x) const { return x & 1; }
};

// A call of CUB's: once to ask for the memory it needs, then with it.
template <class Fn> static void with_memory(Fn fn)
{
	size_t bytes = 0;
	void *p;

	CU(fn(nullptr, bytes));
	CU(cudaMalloc(&p, bytes));
	CU(fn(p, bytes));
	CU(cudaDeviceSynchronize());
	CU(cudaFree(p));
}

template <class T> static void scan(const char *what)
{
	std::vector<T> v(COUNT), want(COUNT);
	bool good = true;

	for (int r = 0; r < ROUNDS; r++) {
		for (size_t i = 0; i < v.size(); i++)
			v[i] = (T)(int)((i * 2654435761u + r) % 1000003) - 500000;
		std::partial_sum(v.begin(), v.end(), want.begin());
		T *in = to_device(v), *out = device_array<T>(v.size());

		with_memory([&](void *p, size_t &n) { return cub::DeviceScan::InclusiveSum(p, n, in, out, (int)v.size()); });
		good = good && from_device(out, v.size()) == want;
		CU(cudaFree(in));
		CU(cudaFree(out));
	}
	check_result(good, what);
}

static std::vector<int> numbers()
{
	std::vector<int> v(COUNT);

	for (size_t i = 0; i < v.size(); i++)
		v[i] = (int)(i * 2654435761u);
	return v;
}

static void select_odd()
{
	std::vector<int> v = numbers(), want;
	int *in = to_device(v), *out = device_array<int>(v.size()), *n = device_array<int>(1);
	bool good = true;

	for (int x : v)
		if (odd()(x))
			want.push_back(x);
	for (int r = 0; r < ROUNDS; r++) {
		with_memory([&](void *p, size_t &bytes) { return cub::DeviceSelect::If(p, bytes, in, out, n, (int)v.size(), odd()); });
		good = good && from_device(n, 1)[0] == (int)want.size() && from_device(out, want.size()) == want;
	}
	check_result(good, "those of an array that are odd");
}

struct sum {
	template <class T> __host__ __device__ T operator()(T a, T b) const { return a + b; }
};

static void sums_by_key()
{
	std::vector<int> v(COUNT), keys(COUNT), want;
	bool good = true;

	for (int i = 0; i < COUNT; i++) {
		v[i] = i % 1000;
		keys[i] = i / 3;
		if (i % 3)
			want.back() += v[i];
		else
			want.push_back(v[i]);
	}
	int *in = to_device(v), *k = to_device(keys), *out = device_array<int>(COUNT), *ko = device_array<int>(COUNT);
	int *n = device_array<int>(1);

	for (int r = 0; r < ROUNDS; r++) {
		with_memory([&](void *p, size_t &bytes) { return cub::DeviceReduce::ReduceByKey(p, bytes, k, ko, in, out, n, sum(), COUNT); });
		good = good && from_device(n, 1)[0] == (int)want.size() && from_device(out, want.size()) == want;
	}
	check_result(good, "sums of what has the same key");
}

static void sort()
{
	std::vector<int> v = numbers(), want = v;
	int *in = to_device(v), *out = device_array<int>(v.size());

	std::sort(want.begin(), want.end());
	with_memory([&](void *p, size_t &n) { return cub::DeviceRadixSort::SortKeys(p, n, in, out, (int)v.size()); });
	check_result(from_device(out, v.size()) == want, "sorted by radix");
}

int main()
{
	scan<int>("sums up to each of 32 bits");
	scan<long long>("sums up to each of 64 bits");
	select_odd();
	sums_by_key();
	sort();
	return check_end();
}
