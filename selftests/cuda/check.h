/* SPDX-License-Identifier: MIT */
/*
 * The test programs' one header: TAP output, and CUDA calls that must succeed.
 * Programs are ordinary CUDA: on a machine with an NVIDIA card they pass there, too.
 */
#ifndef SELFTESTS_CUDA_CHECK_H
#define SELFTESTS_CUDA_CHECK_H

#include <cstdio>
#include <cstdlib>
#include <cstdint>
#include <cmath>
#include <cstring>
#include <vector>
#include <cuda_runtime.h>

inline int check_number, check_failures;	// one of each, however many sources a program has

static inline void check_result(bool good, const char *what)
{
	printf("%s %d - %s\n", good ? "ok" : "not ok", ++check_number, what);
	fflush(stdout);
	check_failures += !good;
}

#define CU(call)                                                                   \
	do {                                                                       \
		cudaError_t e_ = (call);                                           \
		if (e_ != cudaSuccess) {                                           \
			printf("Bail out! %s:%d: %s: %s (%d)\n", __FILE__, __LINE__, \
			       #call, cudaGetErrorString(e_), (int)e_);            \
			exit(1);                                                   \
		}                                                                  \
	} while (0)

/* A launch, and the wait for its end. */
#define RUN(...)                                  \
	do {                                      \
		__VA_ARGS__;                      \
		CU(cudaGetLastError());           \
		CU(cudaDeviceSynchronize());      \
	} while (0)

static inline int check_end()
{
	printf("1..%d\n", check_number);
	return check_failures != 0;
}

/* Device memory that holds a copy of @v; the caller frees it. */
template <class T> static T *to_device(const std::vector<T> &v)
{
	T *p;
	CU(cudaMalloc(&p, v.size() * sizeof(T)));
	CU(cudaMemcpy(p, v.data(), v.size() * sizeof(T), cudaMemcpyHostToDevice));
	return p;
}

template <class T> static T *device_array(size_t n)
{
	T *p;
	CU(cudaMalloc(&p, n * sizeof(T)));
	CU(cudaMemset(p, 0, n * sizeof(T)));
	return p;
}

template <class T> static std::vector<T> from_device(const T *p, size_t n)
{
	std::vector<T> v(n);
	CU(cudaMemcpy(v.data(), p, n * sizeof(T), cudaMemcpyDeviceToHost));
	return v;
}

/* A small generator, the same everywhere. */
static inline uint32_t check_random(uint32_t &s)
{
	s ^= s << 13;
	s ^= s >> 17;
	s ^= s << 5;
	return s;
}

#endif
