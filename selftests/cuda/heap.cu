// SPDX-License-Identifier: MIT
// malloc, free, new and delete in kernels: nobody's memory is another's, and what was given back serves for any size.
#include "check.h"

/* Each thread has some blocks of many sizes at once, all with its own words in them. */
__global__ void churn(int *bad, int rounds)
{
	const unsigned t = blockIdx.x * blockDim.x + threadIdx.x;
	unsigned *held[4] = {}, words[4];

	for (int r = 0; r < rounds; r++) {
		int k = (t + r) & 3;

		if (held[k]) {
			for (unsigned i = 0; i < words[k]; i++)
				if (held[k][i] != t * 4 + k)
					atomicAdd(bad, 1);
			free(held[k]);
		}
		words[k] = 1 + (t * 7 + r * 13) % 50;
		held[k] = (unsigned *)malloc(words[k] * 4);
		if (!held[k] || (size_t)held[k] % 16) {
			atomicAdd(bad, 1000000);
			return;
		}
		for (unsigned i = 0; i < words[k]; i++)
			held[k][i] = t * 4 + k;
	}
	for (int k = 0; k < 4; k++)
		free(held[k]);
}

/* As many blocks as there are, in a list, and all back; in the order of the list, or every other one first. */
__global__ void all_of(int *count, int most, size_t bytes, bool odd)
{
	void *list = NULL, *rest = NULL, *next;
	int n = 0;

	for (void **p; n < most && (p = (void **)malloc(bytes)); n++) {
		*p = list;
		list = p;
	}
	*count = n;
	for (int i = 0; list; list = next, i++) {
		next = *(void **)list;
		if (odd && i % 2) {
			*(void **)list = rest;
			rest = list;
		} else {
			free(list);
		}
	}
	for (; rest; rest = next) {
		next = *(void **)rest;
		free(rest);
	}
}

static int most(size_t bytes, bool odd)
{
	int *d = device_array<int>(1), n;

	RUN(all_of<<<1, 1>>>(d, 1 << 20, bytes, odd));
	n = from_device(d, 1)[0];
	CU(cudaFree(d));
	return n;
}

struct base {
	int v;

	__device__ base(int v) : v(v) {}
	__device__ virtual ~base() {}
	__device__ virtual int get() { return v; }
};

struct derived : base {
	int *more;

	__device__ derived(int v) : base(v), more(new int[v + 1]) { more[v] = v; }
	__device__ ~derived() { delete[] more; }
	__device__ int get() override { return 2 * more[v]; }
};

__global__ void objects(int *out)
{
	base *b = threadIdx.x % 2 ? new base(threadIdx.x) : new derived(threadIdx.x);

	out[threadIdx.x] = b->get();
	delete b;
}

struct alignas(256) wide {
	int v[64];
};

__global__ void aligned(int *out)
{
	wide *w = new wide[1 + threadIdx.x % 3];
	char *c = (char *)malloc(1 + threadIdx.x);

	for (int i = 0; i < 64; i++)
		w->v[i] = threadIdx.x + i;
	*c = 1;
	int sum = 0;
	for (int i = 0; i < 64; i++)
		sum += w->v[i] - i;
	out[threadIdx.x] = (size_t)w % 256 ? -1 : sum / 64;
	free(c);
	delete[] w;
}

/* From one kernel to the next */
__global__ void make(int **p)
{
	p[threadIdx.x] = new int(threadIdx.x * 3);
}

__global__ void use(int **p, int *out)
{
	out[threadIdx.x] = *p[threadIdx.x];
	delete p[threadIdx.x];
}

static void check_kept()
{
	int **p = device_array<int *>(96), *d = device_array<int>(96);
	bool good = true;

	RUN(make<<<1, 96>>>(p));
	RUN(use<<<1, 96>>>(p, d));
	std::vector<int> v = from_device(d, 96);
	for (int i = 0; i < 96; i++)
		good &= v[i] == 3 * i;
	check_result(good, "from one kernel to the next");

	RUN(objects<<<1, 96>>>(d));
	v = from_device(d, 96);
	for (int i = 0; i < 96; i++)
		good &= v[i] == (i % 2 ? i : 2 * i);
	check_result(good, "objects with virtual functions");

	good = true;
	for (int r = 0; r < 20; r++) {
		RUN(aligned<<<1, 96>>>(d));
		v = from_device(d, 96);
		for (int i = 0; i < 96; i++)
			good &= v[i] == i;
	}
	check_result(good, "objects aligned to more than malloc() does");
}

int main()
{
	static const size_t sizes[] = { 1000, 65536, 1 << 20, 2000, 3 << 20, 800 };
	int *bad = device_array<int>(1), n;
	size_t heap;
	bool good = true;

	CU(cudaDeviceGetLimit(&heap, cudaLimitMallocHeapSize));
	CU(cudaMemset(bad, 0, sizeof(*bad)));
	RUN(churn<<<8, 128>>>(bad, 30));
	n = from_device(bad, 1)[0];
	check_result(!n, "many threads, many sizes");
	check_kept();
	for (size_t bytes : sizes) {
		int a = most(bytes, false), b = most(bytes, true);

		good &= a == b && a * bytes * 3 > heap;	/* a card has less than half of it for 1000 bytes each */
		printf("# %d, then %d blocks of %zu bytes\n", a, b, bytes);
	}
	check_result(good, "what is given back serves for any size");
	RUN(churn<<<3, 50>>>(bad, 10));
	check_result(!from_device(bad, 1)[0], "and for all that come after");
	return check_end();
}
