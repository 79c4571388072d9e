// SPDX-License-Identifier: MIT
// Priorities of streams: their range as a card has it, what is out of it, and that they count.
#include "check.h"
#include "hold.h"

enum { GREATEST = -5, LEVELS = 6, BLOCKS = 1000 };

__global__ void work(unsigned *out, int n)
{
	unsigned x = threadIdx.x;

	for (int i = 0; i < n; i++)
		x = x * 1664525 + 1013904223;
	out[blockIdx.x * blockDim.x + threadIdx.x] = x;
}

static int given(int asked)
{
	cudaStream_t s;
	int p;

	CU(cudaStreamCreateWithPriority(&s, cudaStreamNonBlocking, asked));
	CU(cudaStreamGetPriority(s, &p));
	CU(cudaStreamDestroy(s));
	return p;
}

// A grid in a stream of each priority, the least submitted first, all let go at once.
static bool in_order()
{
	unsigned *out = device_array<unsigned>(32 * BLOCKS);
	cudaStream_t s[LEVELS], holder;
	cudaEvent_t end[LEVELS], held;
	bool good = true;
	int *gate;

	CU(cudaHostAlloc(&gate, sizeof(int), cudaHostAllocMapped));
	CU(cudaStreamCreateWithFlags(&holder, cudaStreamNonBlocking));
	CU(cudaEventCreateWithFlags(&held, cudaEventDisableTiming));
	RUN(work<<<1, 32>>>(out, 1));
	*(volatile int *)gate = 0;
	hold<<<1, 1, 0, holder>>>(gate);
	CU(cudaEventRecord(held, holder));
	for (int i = 0; i < LEVELS; i++) {
		CU(cudaStreamCreateWithPriority(&s[i], cudaStreamNonBlocking, -i));
		CU(cudaEventCreate(&end[i]));
		CU(cudaStreamWaitEvent(s[i], held));
		work<<<BLOCKS, 32, 0, s[i]>>>(out, 5000);
		CU(cudaEventRecord(end[i], s[i]));
	}
	*(volatile int *)gate = 1;
	CU(cudaDeviceSynchronize());
	for (int i = 1; i < LEVELS; i++) {
		float ms;

		CU(cudaEventElapsedTime(&ms, end[i], end[0]));
		printf("# priority %d ends %.3f ms before priority 0\n", -i, ms);
		good = good && ms > 0;
	}
	return good;
}

int main()
{
	int least, greatest;

	CU(cudaDeviceGetStreamPriorityRange(&least, &greatest));
	check_result(least == 0 && greatest == GREATEST, "six priorities, 0 to -5");
	bool each = true;
	for (int p = GREATEST; p <= 0; p++)
		each = each && given(p) == p;
	check_result(each, "each of them is given");
	check_result(given(1) == 0 && given(1000) == 0 && given(-6) == GREATEST && given(INT32_MIN) == GREATEST,
		     "what is out of the range becomes its end");
	int p = 9;
	CU(cudaStreamGetPriority(cudaStreamPerThread, &p));
	check_result(p == 0, "a default stream has the least");
	check_result(in_order(), "greater ones end before the least");
	return check_end();
}
