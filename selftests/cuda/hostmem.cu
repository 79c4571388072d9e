// SPDX-License-Identifier: MIT
// Pinned, mapped, registered and managed memory; cudaMemGetInfo.
#include "check.h"

__global__ void twice(int *p, int n)
{
	int i = blockIdx.x * blockDim.x + threadIdx.x;

	if (i < n)
		p[i] *= 2;
}

__managed__ int managed_variable = 20;

__global__ void use_managed_variable(int *out)
{
	*out = managed_variable++;
}

static bool doubled(const int *p, int n)
{
	for (int i = 0; i < n; i++)
		if (p[i] != 2 * i)
			return false;
	return true;
}

static void fill(int *p, int n)
{
	for (int i = 0; i < n; i++)
		p[i] = i;
}

enum { LAUNCHES = 20, ROUNDS = 30, THREADS = 100, COUNTS = LAUNCHES * ROUNDS * THREADS };

__global__ void count_with_host(unsigned *u, unsigned long long *l, float *f)
{
	for (int i = 0; i < ROUNDS; i++) {
		atomicAdd_system(u, 1u);
		atomicAdd_system(l, 1ull << 32);
		atomicAdd_system(f, 1.0f);
	}
}

// Kernel and host count in the same words at once. A card without native atomics over its link says so.
static void check_atomics()
{
	struct counts {
		unsigned long long l;
		unsigned u;
		float f;
	} *c;
	unsigned host = 0;
	int native;

	CU(cudaDeviceGetAttribute(&native, cudaDevAttrHostNativeAtomicSupported, 0));
	if (!native) {
		printf("ok %d - host and kernel count together # SKIP no native atomics\n", ++check_number);
		return;
	}
	CU(cudaHostAlloc(&c, sizeof(*c), cudaHostAllocMapped));
	memset(c, 0, sizeof(*c));
	for (int i = 0; i < LAUNCHES; i++)
		count_with_host<<<4, THREADS / 4>>>(&c->u, &c->l, &c->f);
	for (; host < COUNTS || (host < 0xfffff && cudaStreamQuery(0) == cudaErrorNotReady); host++) {
		unsigned old, sum;
		float f;

		__atomic_fetch_add(&c->u, 1u << 16, __ATOMIC_SEQ_CST);
		__atomic_fetch_add(&c->l, 1ull, __ATOMIC_SEQ_CST);
		do {	// adds nothing, but a float added between is lost if the other side does not see it
			old = __atomic_load_n((unsigned *)&c->f, __ATOMIC_SEQ_CST);
			memcpy(&f, &old, 4);
			f += 0.0f;
			memcpy(&sum, &f, 4);
		} while (!__atomic_compare_exchange_n((unsigned *)&c->f, &old, sum, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	}
	CU(cudaDeviceSynchronize());
	printf("# %llu of %u from the host; %u, %llu and %g of %d from the kernel\n", c->l & 0xffffffff, host,
	       c->u & 0xffff, c->l >> 32, c->f, COUNTS);
	check_result(c->u >> 16 == (host & 0xffff) && (c->l & 0xffffffff) == host && (c->u & 0xffff) == COUNTS &&
		     c->l >> 32 == COUNTS && c->f == COUNTS, "host and kernel count together");
	CU(cudaFreeHost(c));
}

static void check_info()
{
	size_t free0, free1, free2, total;
	int *d;

	CU(cudaMemGetInfo(&free0, &total));
	CU(cudaMalloc(&d, 64 << 20));
	CU(cudaMemGetInfo(&free1, &total));
	CU(cudaFree(d));
	CU(cudaMemGetInfo(&free2, &total));
	check_result(free1 + (64 << 20) <= free0 && free2 > free1 && free0 <= total, "cudaMemGetInfo follows an allocation");
}

static void check_pinned(int *d, int n)
{
	int *h;

	CU(cudaMallocHost(&h, n * sizeof(int)));
	fill(h, n);
	CU(cudaMemcpyAsync(d, h, n * sizeof(int), cudaMemcpyHostToDevice));
	twice<<<(n + 255) / 256, 256>>>(d, n);
	CU(cudaMemcpyAsync(h, d, n * sizeof(int), cudaMemcpyDeviceToHost));
	CU(cudaDeviceSynchronize());
	check_result(doubled(h, n), "pinned memory, asynchronous copies");
	CU(cudaFreeHost(h));
}

static void check_mapped(int *d, int n)
{
	cudaPointerAttributes at;
	int *h, *m;

	CU(cudaHostAlloc(&h, n * sizeof(int), cudaHostAllocMapped));
	fill(h, n);
	CU(cudaHostGetDevicePointer(&m, h, 0));
	RUN(twice<<<(n + 255) / 256, 256>>>(m, n));
	check_result(doubled(h, n), "mapped memory, written by a kernel");
	CU(cudaPointerGetAttributes(&at, h));
	check_result(at.type == cudaMemoryTypeHost, "pointer attributes of host memory");
	CU(cudaPointerGetAttributes(&at, d));
	check_result(at.type == cudaMemoryTypeDevice && at.device == 0, "pointer attributes of device memory");
	CU(cudaFreeHost(h));

	h = (int *)aligned_alloc(4096, (n * sizeof(int) + 4095) & ~4095);
	fill(h, n);
	CU(cudaHostRegister(h, n * sizeof(int), cudaHostRegisterMapped));
	CU(cudaHostGetDevicePointer(&m, h, 0));
	RUN(twice<<<(n + 255) / 256, 256>>>(m, n));
	CU(cudaHostUnregister(h));
	check_result(doubled(h, n), "registered memory");
	free(h);
}

static void check_managed(int *d, int n)
{
	bool good;
	int *m, got;

	CU(cudaMallocManaged(&m, n * sizeof(int)));
	fill(m, n);
	RUN(twice<<<(n + 255) / 256, 256>>>(m, n));
	good = doubled(m, n);
	fill(m, n);
	RUN(twice<<<(n + 255) / 256, 256>>>(m, n));
	check_result(good && doubled(m, n), "managed memory, to and fro");
	CU(cudaFree(m));

	RUN(use_managed_variable<<<1, 1>>>(d));
	CU(cudaMemcpy(&got, d, sizeof(got), cudaMemcpyDeviceToHost));
	check_result(got == 20 && managed_variable == 21, "managed variable");
}

static void check_too_much()
{
	void *p;

	check_result(cudaMalloc(&p, (size_t)1 << 46) == cudaErrorMemoryAllocation, "out of memory is an error");
	check_result(cudaGetLastError() == cudaErrorMemoryAllocation && cudaGetLastError() == cudaSuccess, "and is not sticky");
}

int main()
{
	const int n = 100000;
	int *d;

	check_info();
	d = device_array<int>(n);
	check_pinned(d, n);
	check_mapped(d, n);
	check_managed(d, n);
	check_too_much();
	CU(cudaFree(d));
	check_atomics();
	return check_end();
}
