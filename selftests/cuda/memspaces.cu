// SPDX-License-Identifier: MIT
// The state spaces: constant memory, local arrays, module variables, parameters, generic pointers to them.
#include "check.h"

__constant__ float table[64];
__constant__ int uniform_value = 42;
__device__ int variable[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
__device__ const char text[] = "written by the compiler";
__device__ const char *text_pointer = text;

__global__ void constants(float *out)
{
	int t = threadIdx.x;

	out[t] = table[(t * 7) & 63] * uniform_value + variable[t & 7] + text_pointer[t % 7];
}

__global__ void locals(int *out, int n)
{
	int a[40];
	int t = threadIdx.x;

	for (int i = 0; i < 40; i++)
		a[i] = i * t;
	for (int i = 0; i < n; i++)
		a[(i * 13 + t) % 40] += a[(i * 7 + 3 * t) % 40] + i;
	int s = 0;
	for (int i = 0; i < 40; i++)
		s = s * 31 + a[i];
	out[t] = s;
}

struct big {
	int v[20];
	double d;
	char c[5];
};

__global__ void by_value(big b, double *out)
{
	out[threadIdx.x] = b.v[threadIdx.x % 20] + b.d + b.c[threadIdx.x % 5];
}

__global__ void generic(int *global, int *out)
{
	__shared__ int sh[32];
	int loc[4] = { 1, 2, 3, (int)threadIdx.x }, t = threadIdx.x;
	int *p[3] = { global + t, sh + t, loc + (t & 3) };

	sh[t] = 100 + t;
	__syncthreads();
	int s = 0;
	for (int i = 0; i < 3; i++) {
		int *q = p[(i + t) % 3];

		s = s * 7 + *q;
		*q += i;
	}
	out[t] = s + loc[t & 3];
}

static bool constants_are(const std::vector<float> &tab, int uniform)
{
	float *d = device_array<float>(64);
	bool good = true;

	RUN(constants<<<1, 64>>>(d));
	std::vector<float> f = from_device(d, 64);
	for (int t = 0; t < 64; t++)
		good &= f[t] == tab[(t * 7) & 63] * uniform + (t & 7) + 1 + "written by the compiler"[t % 7];
	return good;
}

static void constant_memory()
{
	std::vector<float> tab(64);
	int seven = 7;

	for (int i = 0; i < 64; i++)
		tab[i] = i * 0.5f;
	CU(cudaMemcpyToSymbol(table, tab.data(), 64 * sizeof(float)));
	check_result(constants_are(tab, 42), "constant memory and initialized variables");
	CU(cudaMemcpyToSymbol(uniform_value, &seven, sizeof(seven)));
	check_result(constants_are(tab, 7), "constant memory changed by the host");
}

static void local_arrays()
{
	int *di = device_array<int>(64);
	RUN(locals<<<1, 64>>>(di, 100));
	std::vector<int> v = from_device(di, 64);
	bool good = true;
	for (int t = 0; t < 64; t++) {
		unsigned a[40], s = 0;

		for (int i = 0; i < 40; i++)
			a[i] = i * t;
		for (int i = 0; i < 100; i++)
			a[(i * 13 + t) % 40] += a[(i * 7 + 3 * t) % 40] + i;
		for (int i = 0; i < 40; i++)
			s = s * 31 + a[i];
		good &= (unsigned)v[t] == s;
	}
	check_result(good, "local arrays indexed at run time");
}

static void struct_by_value()
{
	big b;
	for (int i = 0; i < 20; i++)
		b.v[i] = i * i;
	b.d = 0.25;
	for (int i = 0; i < 5; i++)
		b.c[i] = 10 * i;
	double *dd = device_array<double>(32);
	RUN(by_value<<<1, 32>>>(b, dd));
	std::vector<double> d = from_device(dd, 32);
	bool good = true;
	for (int t = 0; t < 32; t++)
		good &= d[t] == (t % 20) * (t % 20) + 0.25 + 10 * (t % 5);
	check_result(good, "a struct passed by value, indexed at run time");
}

static void generic_pointers()
{
	std::vector<int> g(32);
	for (int i = 0; i < 32; i++)
		g[i] = 1000 + i;
	int *dg = to_device(g), *di = device_array<int>(64);
	RUN(generic<<<1, 32>>>(dg, di));
	std::vector<int> v = from_device(di, 32);
	bool good = true;
	for (int t = 0; t < 32; t++) {
		int loc[4] = { 1, 2, 3, t }, gl = 1000 + t, sh = 100 + t, s = 0;
		int *p[3] = { &gl, &sh, loc + (t & 3) };

		for (int i = 0; i < 3; i++) {
			int *q = p[(i + t) % 3];

			s = s * 7 + *q;
			*q += i;
		}
		good &= v[t] == s + loc[t & 3];
	}
	check_result(good, "generic pointers to global, shared and local memory in one warp");
}

__global__ void sizes(unsigned *out)
{
	__shared__ int used[25];

	used[threadIdx.x] = threadIdx.x;
	out[4] = used[threadIdx.x ^ 1];
	asm("mov.u32 %0, %%dynamic_smem_size;" : "=r"(out[0]));
	asm("mov.u32 %0, %%total_smem_size;" : "=r"(out[1]));
	asm("mov.u32 %0, %%aggr_smem_size;" : "=r"(out[2]));
}

/* 100 bytes of the kernel's own and 200 of the launch's, in grains of 128; of the whole the device keeps some for itself. */
static void size_of_shared()
{
	unsigned *d = device_array<unsigned>(8);
	int reserved;

	CU(cudaDeviceGetAttribute(&reserved, cudaDevAttrReservedSharedMemoryPerBlock, 0));
	RUN(sizes<<<1, 2, 200>>>(d));
	std::vector<unsigned> v = from_device(d, 8);
	printf("# dynamic %u, total %u, with what is reserved %u\n", v[0], v[1], v[2]);
	check_result(v[0] == 200 && v[1] == 384, "shared memory of a block");
	check_result(v[2] >= 300u + reserved && v[2] < 316u + reserved, "and with what is reserved");
}

int main()
{
	constant_memory();
	local_arrays();
	struct_by_value();
	generic_pointers();
	size_of_shared();
	return check_end();
}
