// SPDX-License-Identifier: MIT
// 200 blocking streams at once: the legacy stream follows them all and they it, also when several threads use it.
#include "check.h"
#include "hold.h"
#include <thread>

enum { STREAMS = 200, THREADS = 4, ROUNDS = 5 };

__global__ void set(int *p, int value)
{
	*p = value;
}

// How many of the words have the value.
__global__ void count(const int *p, int n, int value, int *out)
{
	int c = 0;

	for (int i = 0; i < n; i++)
		c += p[i] == value;
	*out = c;
}

// Threads in the legacy stream, each of which must see what all streams have written before.
static bool legacy_sees(int threads, int *words, int *seen, int value)
{
	std::vector<std::thread> t;
	std::vector<int> got;
	bool good = true;

	for (int i = 0; i < threads; i++)
		t.emplace_back([=] {
			count<<<1, 1>>>(words, STREAMS, value, seen + i);
			CU(cudaGetLastError());
		});
	for (std::thread &i : t)
		i.join();
	got = from_device(seen, threads);
	for (int i = 0; i < threads; i++)
		good = good && got[i] == STREAMS;
	return good;
}

int main()
{
	int *words = device_array<int>(STREAMS), *seen = device_array<int>(THREADS), *gate;
	std::vector<cudaStream_t> s(STREAMS);
	bool one = true, several = true, early = false, back = true;
	cudaStream_t holder;
	cudaEvent_t held;

	CU(cudaHostAlloc(&gate, sizeof(int), cudaHostAllocMapped));
	CU(cudaStreamCreateWithFlags(&holder, cudaStreamNonBlocking));
	CU(cudaEventCreateWithFlags(&held, cudaEventDisableTiming));
	for (cudaStream_t &i : s)
		CU(cudaStreamCreate(&i));
	*gate = 1;
	RUN(hold<<<1, 1, 0, holder>>>(gate));
	RUN(set<<<1, 1>>>(words, 0));
	RUN(count<<<1, 1>>>(words, 1, 0, seen));
	for (int round = 1; round <= ROUNDS; round++) {
		CU(cudaDeviceSynchronize());
		*(volatile int *)gate = 0;
		hold<<<1, 1, 0, holder>>>(gate);
		CU(cudaEventRecord(held, holder));
		for (int i = 0; i < STREAMS; i++) {
			CU(cudaStreamWaitEvent(s[i], held));
			set<<<1, 1, 0, s[i]>>>(words + i, round);
		}
		early |= cudaStreamQuery(cudaStreamLegacy) != cudaErrorNotReady;
		std::thread open([=] { *(volatile int *)gate = 1; });
		one = one && legacy_sees(1, words, seen, round);
		open.join();
		several = several && legacy_sees(THREADS, words, seen, round);
		for (int i = 0; i < STREAMS; i++)
			set<<<1, 1, 0, s[i]>>>(words + i, -round);
		for (int i = 0; i < STREAMS / 2; i++) {		// destroyed while busy: followed all the same
			CU(cudaStreamDestroy(s[i]));
			CU(cudaStreamCreate(&s[i]));
		}
		back = back && legacy_sees(1, words, seen, -round);
	}
	check_result(!early, "the legacy stream waits while 200 blocking streams are held");
	check_result(one, "then sees what all of them have written");
	check_result(several, "from several threads, too");
	check_result(back, "and what streams have written that were destroyed meanwhile");
	return check_end();
}
