// SPDX-License-Identifier: MIT
// Deep divergence: nested loops with break and continue, early return, switch, recursion
// through real calls, function pointers, a loop with several entries.
#include "check.h"

#define BOTH __host__ __device__

BOTH static int nested(int t)
{
	int s = 0;

	for (int i = 0; i < t % 13; i++) {
		if (i == t % 7)
			continue;
		for (int j = i; j < 20; j++) {
			if ((i * j + t) % 11 == 10)
				break;
			if (j == t % 17) {
				s += 1000;
				goto next;
			}
			s += j * (t & 3);
			while (s % 5 == 4)
				s += t % 3 + 1;
		}
		s ^= i << 4;
next:
		if (s > 5000)
			return s - t;
	}
	return s;
}

BOTH static int choose(int t, int x)
{
	switch (t % 9) {
	case 0: return x + 1;
	case 1: x *= 3; /* fall through */
	case 2: return x - 7;
	case 3: return x ^ 0x55;
	case 4: return x << 2;
	case 5: if (x & 1) return -x; break;
	case 6: return x / 3;
	case 7: return x % 11;
	}
	return ~x;
}

/* Duff's device: all enter the loop at the same place, each of several, and leave it when they have enough. */
BOTH static unsigned duff(unsigned first, unsigned enough)
{
	unsigned x = 0;

	switch (first & 3) {
	case 0:
		do {
			x += 1;	/* fall through */
	case 3:		x += 3;	/* fall through */
	case 2:		x += 5;	/* fall through */
	case 1:		x += 7;
		} while (x < enough);
	}
	return x;
}

__device__ __noinline__ int fib_device(int n)
{
	return n < 2 ? n : fib_device(n - 1) + fib_device(n - 2);
}

static int fib_host(int n)
{
	return n < 2 ? n : fib_host(n - 1) + fib_host(n - 2);
}

__device__ __noinline__ int ackermann(int m, int n)
{
	if (!m)
		return n + 1;
	if (!n)
		return ackermann(m - 1, 1);
	return ackermann(m - 1, ackermann(m, n - 1));
}

typedef int (*op_t)(int, int);
__device__ __noinline__ int op_add(int a, int b) { return a + b; }
__device__ __noinline__ int op_sub(int a, int b) { return a - b; }
__device__ __noinline__ int op_mul(int a, int b) { return a * b; }
__device__ __noinline__ int op_rec(int a, int b) { return a > 0 ? op_rec(a - 1, b) + b : 0; }
__device__ op_t op_table[4] = { op_add, op_sub, op_mul, op_rec };

__global__ void loops(int *out)
{
	int t = blockIdx.x * blockDim.x + threadIdx.x;

	out[t] = nested(t);
}

__global__ void entries(unsigned *out, unsigned first)
{
	int t = blockIdx.x * blockDim.x + threadIdx.x;

	out[t] = duff(first, t * 10);
}

__global__ void switches(int *out)
{
	int t = blockIdx.x * blockDim.x + threadIdx.x, x = t;

	if (t % 10 == 9) {
		out[t] = -1;
		return;
	}
	for (int i = 0; i < 5; i++)
		x = choose(t + i, x);
	out[t] = x;
}

__global__ void recursion(int *out)
{
	int t = blockIdx.x * blockDim.x + threadIdx.x;

	out[t] = fib_device(t % 13) * 100 + ackermann(t % 3, t % 4);
}

BOTH static unsigned long_leaf(int n)
{
	unsigned r = 1;

	for (int i = 0; i < n; i++)
		r = r * 5 + i;
	return r;
}

__device__ __noinline__ static unsigned depths_device(int depth, int n)
{
	return depth ? depths_device(depth - 1, n) * 3 + depth + threadIdx.x : long_leaf(n);
}

static unsigned depths_host(int depth, int n, int t)
{
	return depth ? depths_host(depth - 1, n, t) * 3 + depth + t : long_leaf(n);
}

/* Odd lanes are so long in the deepest call that the others leave some calls without them. */
__global__ void depths(int *out, int n)
{
	out[threadIdx.x] = depths_device(10, (threadIdx.x & 1) * n + 1);
}

__global__ void pointers(int *out, int shift)
{
	int t = blockIdx.x * blockDim.x + threadIdx.x;
	op_t f = op_table[(t >> shift) & 3];

	out[t] = f(t % 50, 7);
}

__global__ void return_then_barrier(int *out)
{
	__shared__ int s[64];

	if (threadIdx.x >= 64)
		return;	/* whole warps leave before the barrier */
	s[threadIdx.x] = threadIdx.x;
	__syncthreads();
	out[threadIdx.x] = s[63 - threadIdx.x];
}

static int ack_host(int m, int n)
{
	return !m ? n + 1 : !n ? ack_host(m - 1, 1) : ack_host(m - 1, ack_host(m, n - 1));
}

static void check_loops(int *d, int n)
{
	std::vector<int> v;
	bool good = true;

	RUN(loops<<<5, 96>>>(d));
	v = from_device(d, n);
	for (int t = 0; t < n; t++)
		good &= v[t] == nested(t);
	check_result(good, "nested loops with break, continue, goto and return");

	good = true;
	for (unsigned first = 0; first < 4; first++) {
		RUN(entries<<<5, 96>>>((unsigned *)d, first));
		v = from_device(d, n);
		for (int t = 0; t < n; t++)
			good &= (unsigned)v[t] == duff(first, t * 10);
	}
	check_result(good, "a loop with several entries, left at different times");
}

static void check_switches(int *d, int n)
{
	RUN(switches<<<5, 96>>>(d));
	std::vector<int> v = from_device(d, n);
	bool good = true;
	for (int t = 0; t < n; t++) {
		int x = t;

		for (int i = 0; i < 5; i++)
			x = choose(t + i, x);
		good &= v[t] == (t % 10 == 9 ? -1 : x);
	}
	check_result(good, "switch and early return");
}

static void check_recursion(int *d, int n)
{
	RUN(recursion<<<5, 96>>>(d));
	std::vector<int> v = from_device(d, n);
	bool good = true;
	for (int t = 0; t < n; t++)
		good &= v[t] == fib_host(t % 13) * 100 + ack_host(t % 3, t % 4);
	check_result(good, "recursion through real calls");

	RUN(depths<<<1, 64>>>(d, 60000));
	v = from_device(d, 64);
	good = true;
	for (int t = 0; t < 64; t++)
		good &= v[t] == (int)depths_host(10, (t & 1) * 60000 + 1, t);
	check_result(good, "lanes of a warp in different depths of a recursion");
}

static void check_pointers(int *d, int n, int shift, const char *what)
{
	RUN(pointers<<<5, 96>>>(d, shift));
	std::vector<int> v = from_device(d, n);
	bool good = true;
	for (int t = 0; t < n; t++) {
		int a = t % 50, w[4] = { a + 7, a - 7, a * 7, a * 7 };

		good &= v[t] == w[(t >> shift) & 3];
	}
	check_result(good, what);
}

static void check_return(int *d)
{
	RUN(return_then_barrier<<<1, 128>>>(d));
	std::vector<int> v = from_device(d, 64);
	bool good = true;
	for (int t = 0; t < 64; t++)
		good &= v[t] == 63 - t;
	check_result(good, "a barrier after some threads have returned");
}

int main()
{
	const int n = 96 * 5;
	int *d = device_array<int>(n);

	check_loops(d, n);
	check_switches(d, n);
	check_recursion(d, n);
	check_pointers(d, n, 0, "function pointers, different in a warp");
	check_pointers(d, n, 5, "function pointers, the same in a warp");
	check_return(d);
	return check_end();
}
