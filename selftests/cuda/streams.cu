// SPDX-License-Identifier: MIT
// Streams and events: order in a stream, order across by events, real overlap, host functions.
#include "check.h"
#include <atomic>

__global__ void bump(int *p, int mul, int add)
{
	*p = *p * mul + add;
}

/* Waits until the other kernel has raised its flag: ends only if both run at once. */
__global__ void meet(volatile int *mine, volatile int *other)
{
	*mine = 1;
	__threadfence();
	while (!*other)
		__nanosleep(200);
}

static void CUDART_CB set_flag(void *p)
{
	((std::atomic<int> *)p)->store(1);
}

int main()
{
	cudaStream_t a, b;
	cudaEvent_t ev, t0, t1;
	int *d = device_array<int>(4), h = 0;

	CU(cudaStreamCreate(&a));
	CU(cudaStreamCreateWithFlags(&b, cudaStreamNonBlocking));
	CU(cudaEventCreateWithFlags(&ev, cudaEventDisableTiming));
	CU(cudaEventCreate(&t0));
	CU(cudaEventCreate(&t1));

	CU(cudaEventRecord(t0, a));
	for (int i = 0; i < 200; i++)
		bump<<<1, 1, 0, a>>>(d, i & 1 ? 3 : 1, i);
	CU(cudaEventRecord(t1, a));
	CU(cudaMemcpyAsync(&h, d, sizeof(h), cudaMemcpyDeviceToHost, a));
	CU(cudaStreamSynchronize(a));
	unsigned want = 0;
	for (int i = 0; i < 200; i++)
		want = want * (i & 1 ? 3 : 1) + i;
	check_result((unsigned)h == want, "200 launches and a copy, in order");
	float ms;
	CU(cudaEventElapsedTime(&ms, t0, t1));
	printf("# 200 launches: %.3f ms\n", ms);
	check_result(ms > 0, "event timing");

	int zero = 0;
	CU(cudaMemcpy(d, &zero, sizeof(zero), cudaMemcpyHostToDevice));
	bump<<<1, 1, 0, a>>>(d, 1, 5);
	CU(cudaEventRecord(ev, a));
	CU(cudaStreamWaitEvent(b, ev));
	bump<<<1, 1, 0, b>>>(d, 10, 1);
	CU(cudaEventRecord(ev, b));
	CU(cudaStreamWaitEvent(a, ev));
	bump<<<1, 1, 0, a>>>(d, 2, 0);
	CU(cudaStreamSynchronize(a));
	CU(cudaMemcpy(&h, d, sizeof(h), cudaMemcpyDeviceToHost));
	check_result(h == 102, "order across streams by events");

	int *flags = device_array<int>(2);
	meet<<<1, 1, 0, a>>>(flags, flags + 1);
	meet<<<1, 1, 0, b>>>(flags + 1, flags);
	CU(cudaStreamSynchronize(a));
	CU(cudaStreamSynchronize(b));
	check_result(true, "two kernels that wait for each other overlap");

	std::atomic<int> flag(0);
	bump<<<1, 1, 0, a>>>(d, 1, 0);
	CU(cudaLaunchHostFunc(a, set_flag, &flag));
	bump<<<1, 1, 0, a>>>(d, 1, 1);
	CU(cudaStreamSynchronize(a));
	check_result(flag == 1, "host function between kernels");
	check_result(cudaStreamQuery(a) == cudaSuccess && cudaEventQuery(t1) == cudaSuccess, "queries");

	/* the legacy default stream waits for blocking streams, and they for it */
	CU(cudaMemset(d, 0, sizeof(int)));
	for (int i = 0; i < 50; i++) {
		bump<<<1, 1, 0, a>>>(d, 1, 1);
		bump<<<1, 1>>>(d, 2, 0);
		if (i % 25 == 24)
			CU(cudaMemsetAsync(d, 0, sizeof(int), a));
	}
	bump<<<1, 1, 0, a>>>(d, 1, 7);
	CU(cudaMemcpy(&h, d, sizeof(h), cudaMemcpyDeviceToHost));
	check_result(h == 7, "legacy default stream order");
	CU(cudaStreamDestroy(a));
	CU(cudaStreamDestroy(b));
	CU(cudaEventDestroy(ev));
	return check_end();
}
