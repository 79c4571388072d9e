// SPDX-License-Identifier: MIT
// Copies: with a pitch, in every direction, and small ones of pageable memory, which do not wait for their stream.
#include "check.h"
#include <atomic>

static void rows()
{
	std::vector<int> m(64 * 16), back(64 * 16, -1);
	for (size_t i = 0; i < m.size(); i++)
		m[i] = i;
	int *d2;
	size_t pitch;
	CU(cudaMallocPitch(&d2, &pitch, 64 * sizeof(int), 16));
	CU(cudaMemcpy2D(d2, pitch, m.data(), 64 * sizeof(int), 64 * sizeof(int), 16, cudaMemcpyHostToDevice));
	CU(cudaMemcpy2D(back.data(), 64 * sizeof(int), d2, pitch, 64 * sizeof(int), 16, cudaMemcpyDeviceToHost));
	check_result(m == back, "2D copies");
	int *d3 = device_array<int>(64 * 16);
	CU(cudaMemcpy2D(d3, 64 * sizeof(int), d2, pitch, 64 * sizeof(int), 16, cudaMemcpyDeviceToDevice));
	CU(cudaMemset(d3, 0x5a, 16));
	CU(cudaMemcpy(back.data(), d3, back.size() * sizeof(int), cudaMemcpyDefault));
	bool good = back[0] == 0x5a5a5a5a && back[3] == 0x5a5a5a5a && back[4] == 4 && back[1023] == 1023;
	check_result(good, "device to device, memset, default direction");
}

static void CUDART_CB hold(void *gate)
{
	while (!((std::atomic<int> *)gate)->load())
		;
}

/* Pageable memory may be changed at once; the copy happens in its turn. */
static void staged()
{
	static std::atomic<int> gate(0);
	int *d = device_array<int>(64 * 256), small[64], back[64];
	cudaStream_t s;
	bool good = true;

	CU(cudaStreamCreateWithFlags(&s, cudaStreamNonBlocking));
	CU(cudaDeviceSynchronize());
	CU(cudaLaunchHostFunc(s, hold, &gate));
	for (int i = 0; i < 256; i++) {
		for (int &x : small)
			x = i;
		CU(cudaMemcpyAsync(d + 64 * i, small, sizeof(small), cudaMemcpyHostToDevice, s));
	}
	check_result(cudaStreamQuery(s) == cudaErrorNotReady, "256 small copies of pageable memory do not wait");
	gate = 1;
	CU(cudaStreamSynchronize(s));
	for (int i = 0; i < 256; i++) {
		CU(cudaMemcpy(back, d + 64 * i, sizeof(back), cudaMemcpyDeviceToHost));
		for (int x : back)
			good &= x == i;
	}
	check_result(good, "and copy what was there when they were called");

	std::vector<int> large(64 * 256), got;
	for (int round = 0; round < 40; round++) {
		for (size_t i = 0; i < large.size(); i++)
			large[i] = round * 7 + i;
		CU(cudaMemcpyAsync(d, large.data(), large.size() * sizeof(int), cudaMemcpyHostToDevice, s));
	}
	CU(cudaStreamSynchronize(s));
	got = from_device(d, large.size());
	check_result(got == large, "larger ones, more than there is room for");
	CU(cudaStreamDestroy(s));
	CU(cudaFree(d));
}

int main()
{
	rows();
	staged();
	return check_end();
}
