// SPDX-License-Identifier: MIT
// One .sync instruction with several member masks: in functions that are not inlined, as debug builds (nvcc -G) have all
// intrinsics. Who names other members is at another execution (PTX ISA, vote.sync).
#include "check.h"

__device__ __noinline__ static unsigned votes(unsigned members, bool x)
{
	return __ballot_sync(members, x);
}

__device__ __noinline__ static int from(unsigned members, int x, int lane)
{
	return __shfl_sync(members, x, lane);
}

/* Some time in which others get on. */
__device__ static void dawdle(volatile int *p, int times)
{
	for (int i = 0; i < times; i++)
		(void)*p;
}

struct row {
	unsigned half, all;
	int shuffled;
};

__global__ void two_masks(row *out, volatile int *p)
{
	unsigned l = threadIdx.x;
	int x = 1000 + l;
	row r = {};

	if (l < 16) {
		dawdle(p, l < 8 ? 2000 : 0);
		r.half = votes(0xffff, l & 1);
	}
	r.all = votes(~0u, l % 4 == 3);
	if (l < 16) {
		dawdle(p, l < 8 ? 2000 : 0);
		x = from(0xffff, x + 5000, 3);
	}
	r.shuffled = from(~0u, x, 2);
	out[l] = r;
}

/* The whole warp at once, a half of which names only itself and comes again. */
__global__ void half_first(row *out)
{
	unsigned l = threadIdx.x;
	row r = {};

	r.all = votes(l < 16 ? 0xffff : ~0u, l & 1);
	if (l < 16) {
		r.half = r.all;
		r.all = votes(~0u, l % 4 == 3);
	}
	out[l] = r;
}

/* A half meets in a loop that it leaves at different times; the whole warp meets behind it. */
__global__ void states(unsigned *out, unsigned *polled)
{
	__shared__ volatile unsigned s[32];
	unsigned l = threadIdx.x, rounds = 0;
	int state = l < 16 ? 0 : 2;

	s[l] = 0;
	__syncwarp();
	while (state < 2) {
		unsigned x = atomicAdd(polled, 0);

		rounds++;
		if (!state) {
			if (l >= 8 || x + rounds > 20)
				state = 1;
			continue;
		}
		__syncwarp(0xffff);
		__nanosleep(200000);
		s[l] = l + 100;
		state = 2;
	}
	__syncwarp();
	out[l] = s[(l + 16) & 31];
}

int main()
{
	row *d = device_array<row>(32);
	unsigned *polled = to_device(std::vector<unsigned>(1)), *seen = device_array<unsigned>(32);
	std::vector<unsigned> u;
	std::vector<row> r;
	bool good = true;

	RUN(two_masks<<<1, 32>>>(d, (int *)polled));
	r = from_device(d, 32);
	for (int i = 0; i < 32; i++)
		good = good && r[i].half == (i < 16 ? 0xaaaa : 0) && r[i].all == 0x88888888 && r[i].shuffled == 6003;
	check_result(good, "a function's ballot and shuffle: of a half, then of all");

	good = true;
	RUN(half_first<<<1, 32>>>(d));
	r = from_device(d, 32);
	for (int i = 0; i < 32; i++)
		good = good && r[i].half == (i < 16 ? 0xaaaa : 0) && r[i].all == 0xaaaa8888;
	check_result(good, "all at one ballot, and a half of them twice");

	good = true;
	RUN(states<<<1, 32>>>(seen, polled));
	u = from_device(seen, 32);
	for (int i = 16; i < 32; i++)
		good = good && u[i] == i - 16 + 100;
	check_result(good, "a half's __syncwarp does not end the other half's wait for all");
	CU(cudaFree(polled));
	CU(cudaFree(seen));
	CU(cudaFree(d));
	return check_end();
}
