// SPDX-License-Identifier: MIT
// Atomics: a histogram, every operation, and a spin lock contended by the lanes of one warp.
#include "check.h"

__global__ void histogram(const uint8_t *in, unsigned *out, int n)
{
	__shared__ unsigned h[256];

	for (int i = threadIdx.x; i < 256; i += blockDim.x)
		h[i] = 0;
	__syncthreads();
	for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
		atomicAdd(&h[in[i]], 1u);
	__syncthreads();
	for (int i = threadIdx.x; i < 256; i += blockDim.x)
		atomicAdd(&out[i], h[i]);
}

__device__ int lock_word;
__device__ int guarded;

__global__ void spin(int rounds)
{
	for (int r = 0; r < rounds; r++) {
		while (atomicCAS(&lock_word, 0, 1) != 0)
			;
		__threadfence();
		int v = *(volatile int *)&guarded;

		*(volatile int *)&guarded = v + 1;
		__threadfence();
		atomicExch(&lock_word, 0);
	}
}

__global__ void all_ops(int *i, unsigned *u, unsigned long long *l, float *f, double *d)
{
	int t = blockIdx.x * blockDim.x + threadIdx.x;

	atomicAdd(&i[0], t);
	atomicSub(&i[1], t);
	atomicMin(&i[2], -t);
	atomicMax(&i[3], t);
	atomicAnd(&i[4], ~(1 << (t & 31)));
	atomicOr(&i[5], 1 << (t & 31));
	atomicXor(&i[6], 1 << (t & 31));
	atomicInc(&u[0], 99);
	atomicDec(&u[1], 99);
	atomicMax(&u[2], 0xfffff000u + t);
	atomicAdd(&l[0], 1ull << 33);
	atomicMax(&l[1], (unsigned long long)t << 40);
	atomicMin((long long *)&l[2], -(long long)t);
	atomicAdd(f, 0.25f);
	atomicAdd(d, 0.125);
}

static void check_histogram()
{
	const int n = 50000;
	std::vector<uint8_t> in(n);
	std::vector<unsigned> want(256);
	uint32_t s = 3;

	for (uint8_t &x : in) {
		x = check_random(s) % 256;
		want[x]++;
	}
	uint8_t *din = to_device(in);
	unsigned *dh = device_array<unsigned>(256);
	RUN(histogram<<<20, 128>>>(din, dh, n));
	check_result(from_device(dh, 256) == want, "histogram");
}

static void check_spin(int blocks, int threads, int rounds, const char *what)
{
	int zero = 0, got;

	CU(cudaMemcpyToSymbol(lock_word, &zero, sizeof(zero)));
	CU(cudaMemcpyToSymbol(guarded, &zero, sizeof(zero)));
	RUN(spin<<<blocks, threads>>>(rounds));
	CU(cudaMemcpyFromSymbol(&got, guarded, sizeof(got)));
	check_result(got == blocks * threads * rounds, what);
}

static void check_all()
{
	const int N = 1000 * 1;
	std::vector<int> i(7);
	i[4] = -1;
	std::vector<unsigned> u(3);
	std::vector<unsigned long long> l(3);
	int *di = to_device(i);
	unsigned *du = to_device(u);
	unsigned long long *dl = to_device(l);
	float *df = device_array<float>(1);
	double *dd = device_array<double>(1);
	RUN(all_ops<<<10, 100>>>(di, du, dl, df, dd));
	i = from_device(di, 7);
	u = from_device(du, 3);
	l = from_device(dl, 3);
	unsigned x = 0, y = 0;
	for (int t = 0; t < N; t++)
		x ^= 1u << (t & 31);
	for (int t = 0; t < N; t++)
		y = y == 0 || y > 99 ? 99 : y - 1;
	check_result(i[0] == N * (N - 1) / 2 && i[1] == -N * (N - 1) / 2, "add, sub");
	check_result(i[2] == -(N - 1) && i[3] == N - 1 && u[2] == 0xfffff000u + N - 1, "min, max");
	check_result(i[4] == 0 && i[5] == -1 && (unsigned)i[6] == x, "and, or, xor");
	check_result(u[0] == N % 100 && u[1] == y, "inc, dec");
	check_result(l[0] == (unsigned long long)N << 33 && l[1] == (unsigned long long)(N - 1) << 40 &&
		     (long long)l[2] == -(N - 1), "64-bit add, max, min");
	check_result(from_device(df, 1)[0] == N * 0.25f && from_device(dd, 1)[0] == N * 0.125, "float and double add");
}

int main()
{
	check_histogram();
	check_spin(1, 32, 3, "spin lock among the lanes of one warp");
	check_spin(6, 64, 2, "spin lock among blocks");
	check_all();
	return check_end();
}
