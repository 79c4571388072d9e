// SPDX-License-Identifier: MIT
/*
 * A CUDA program that says how it fares: what a device that an administrator makes fail
 * looks like from an ordinary client.
 *
 *	client count		how many devices there are
 *	client work		allocate, launch, copy back, compare: ok or the error's name
 *	client wait		get everything ready, say "ready", wait for a line on stdin, then as work;
 *				twice, then ask for the memory: an error has to stay
 *	client idle		ready, a line, then only synchronize: nothing of it runs meanwhile
 *	client time [N]		milliseconds of a piece of work, the best of three; N times as much
 *	client allocs N		N allocations, a letter each: . or F
 *	client fill MIB		allocate and fill pieces of MIB until it fails: how many, and the error
 *	client busy		hold 8 MiB, say "ready", keep the device at work until there is a line, say how it went
 *	client hang		ready, a line, launch, wait for the end; says each
 */
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <poll.h>
#include <cuda_runtime.h>

constexpr int N = 1 << 16;

__global__ void twice(int *p, int rounds)
{
	int i = blockIdx.x * blockDim.x + threadIdx.x, x = p[i];

	for (int k = 1; k < rounds; k++)	/* what a compiler cannot leave out */
		x = x * 1664525 + 1013904223;
	p[i] = 2 * x;
}

static void say(const char *text)
{
	printf("%s\n", text);
	fflush(stdout);
}

static void wait_for_line()
{
	char line[64];

	say("ready");
	if (!fgets(line, sizeof(line), stdin))
		exit(2);
}

#define TRY(call) do { cudaError_t e_ = (call); if (e_) return e_; } while (0)

static cudaError_t work()
{
	static int host[N];
	int *p;

	for (int i = 0; i < N; i++)
		host[i] = i;
	TRY(cudaMalloc(&p, sizeof(host)));
	TRY(cudaMemcpy(p, host, sizeof(host), cudaMemcpyHostToDevice));
	twice<<<N / 256, 256>>>(p, 1);
	TRY(cudaGetLastError());
	TRY(cudaMemcpy(host, p, sizeof(host), cudaMemcpyDeviceToHost));
	TRY(cudaFree(p));
	for (int i = 0; i < N; i++)
		if (host[i] != 2 * i)
			return cudaErrorAssert;
	return cudaSuccess;
}

static double milliseconds(int times)
{
	double best = 1e9;
	int *p;

	if (cudaMalloc(&p, N * sizeof(int)))
		return -1;
	cudaMemset(p, 0, N * sizeof(int));
	twice<<<N / 256, 256>>>(p, 1);		/* compiles */
	cudaDeviceSynchronize();
	for (int i = 0; i < 3; i++) {
		auto start = std::chrono::steady_clock::now();

		for (int k = 0; k < 20; k++)
			twice<<<N / 256, 256>>>(p, 60 * times);
		if (cudaDeviceSynchronize())
			return -1;
		std::chrono::duration<double, std::milli> t = std::chrono::steady_clock::now() - start;
		best = t.count() < best ? t.count() : best;
	}
	return best;
}

static cudaError_t keep_busy()
{
	struct pollfd line = { .fd = 0, .events = POLLIN, .revents = 0 };
	int *p;

	TRY(cudaMalloc(&p, 8 << 20));
	TRY(cudaMemset(p, 0, 8 << 20));
	twice<<<N / 256, 256>>>(p, 1);
	TRY(cudaDeviceSynchronize());
	say("ready");
	while (!poll(&line, 1, 0)) {
		for (int k = 0; k < 20; k++)
			twice<<<N / 256, 256>>>(p, 100);
		TRY(cudaDeviceSynchronize());
	}
	return cudaSuccess;
}

static int fill(size_t mib)
{
	int count = 0;
	cudaError_t e;
	void *p;

	/* What a device claims beyond the machine's memory is taken when it is touched. */
	while (!(e = cudaMalloc(&p, mib << 20)) && !(e = cudaMemset(p, 1, mib << 20)) &&
	       !(e = cudaDeviceSynchronize()) && count < 1000000)
		count++;
	printf("%d %s\n", count, cudaGetErrorName(e));
	return 0;
}

int main(int argc, char **argv)
{
	std::string what = argc > 1 ? argv[1] : "";
	int n = argc > 2 ? atoi(argv[2]) : 0, count = 0;
	size_t free_bytes, total;
	void *p;

	if (what == "count") {
		cudaError_t e = cudaGetDeviceCount(&count);

		printf("%d %s\n", count, cudaGetErrorName(e));
	} else if (what == "work") {
		say(cudaGetErrorName(work()));
	} else if (what == "wait") {
		if (work())
			return 3;
		wait_for_line();
		say(cudaGetErrorName(work()));
		say(cudaGetErrorName(work()));
		say(cudaGetErrorName(cudaMemGetInfo(&free_bytes, &total)));
	} else if (what == "idle") {
		if (work())
			return 3;
		wait_for_line();
		say(cudaGetErrorName(cudaDeviceSynchronize()));
	} else if (what == "time") {
		printf("%.1f\n", milliseconds(n ? n : 1));
	} else if (what == "allocs") {
		cudaFree(0);
		for (int i = 0; i < n; i++)
			putchar(cudaMalloc(&p, 1 << 20) ? 'F' : '.');
		putchar('\n');
	} else if (what == "fill") {
		return fill(n);
	} else if (what == "busy") {
		say(cudaGetErrorName(keep_busy()));
	} else if (what == "hang") {
		int *q;

		if (work() || cudaMalloc(&q, N * sizeof(int)))
			return 3;
		wait_for_line();
		twice<<<N / 256, 256>>>(q, 1);
		say(cudaGetErrorName(cudaGetLastError()));
		say(cudaGetErrorName(cudaDeviceSynchronize()));
	} else {
		return 2;
	}
	return 0;
}
