// SPDX-License-Identifier: MIT
// Cooperative launch with grid-wide barriers; cooperative groups in a block.
#include "check.h"
#include <cooperative_groups.h>
namespace cg = cooperative_groups;

__global__ void rounds(int *a, int *b, int n, int count)
{
	cg::grid_group grid = cg::this_grid();

	for (int r = 0; r < count; r++) {
		for (int i = grid.thread_rank(); i < n; i += grid.size())
			b[i] = a[(i + 1) % n] + 1;
		grid.sync();
		int *t = a;

		a = b;
		b = t;
	}
}

__device__ __noinline__ int fib(int n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

/* With a stack; as deep in all lanes of a warp. */
__global__ void recursive(int *a, int *b)
{
	cg::grid_group grid = cg::this_grid();
	int t = grid.thread_rank();

	a[t] = fib(t / 32 % 8);
	grid.sync();
	b[t] = a[grid.size() - 1 - t];
}

__global__ void tiles(int *out)
{
	cg::thread_block block = cg::this_thread_block();
	cg::thread_block_tile<8> tile = cg::tiled_partition<8>(block);
	int v = block.thread_rank();

	for (int k = tile.size() / 2; k; k /= 2)
		v += tile.shfl_down(v, k);
	out[block.thread_rank()] = tile.shfl(v, 0);
}

/*
 * Two tiles of a warp: a thread of the second one comes to its tile's barrier when it has seen what the first tile sets behind its
 * own, where three of the first are late. It looks @looks times at most.
 */
__global__ void tile_after_tile(int *out, int late, int looks)
{
	__shared__ volatile int flag;
	int t = threadIdx.x, x = t, seen = 1;
	cg::thread_block_tile<4> tile = cg::tiled_partition<4>(cg::this_thread_block());

	if (!t)
		flag = 0;
	__syncthreads();
	if (t < 4) {
		if (t)
			for (int i = 0; i < late; i++)
				x = x * 1664525 + 1013904223;
		tile.sync();
		if (!t)
			flag = 1;
	} else if (t < 8) {
		if (t == 7)
			for (seen = flag; !seen && looks; looks--)
				seen = flag;
		tile.sync();
	}
	out[t] = seen;
	out[32 + t] = x;	/* so that the work is not left out */
}

/* Tiles of several warps, which exchange through shared memory. */
__global__ void large_tiles(int *out)
{
	__shared__ cg::block_tile_memory<512> memory;
	cg::thread_block block = cg::this_thread_block(memory);
	auto pair = cg::tiled_partition<64>(block);
	auto four = cg::tiled_partition<128>(block);
	int t = block.thread_rank(), a, b;

	pair.sync();
	a = pair.shfl(t, 40);
	four.sync();
	b = four.any(t == 130) + 2 * four.all(t < 128);
	out[t] = a * 16 + b;
}

/* A raised stack may leave fewer blocks. The occupancy says how many, and what is more is refused, not run into. */
static void raised_stack(int sms)
{
	int most = 0, less = 0;
	size_t stack;

	CU(cudaDeviceGetLimit(&stack, cudaLimitStackSize));
	CU(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&most, recursive, 64, 0));
	CU(cudaDeviceSetLimit(cudaLimitStackSize, 32768));
	CU(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&less, recursive, 64, 0));
	check_result(less > 0 && less <= most, "a stack of 32 KiB leaves no more blocks");
	int n = most * sms * 64, *a = device_array<int>(n), *b = device_array<int>(n);
	void *args[] = { &a, &b };

	RUN(CU(cudaLaunchCooperativeKernel((void *)recursive, dim3(less * sms), dim3(64), args, 0, 0)));
	std::vector<int> r = from_device(b, less * sms * 64);
	static const int fibs[] = { 0, 1, 1, 2, 3, 5, 8, 13 };
	bool good = true;
	for (size_t i = 0; i < r.size(); i++)
		good &= r[i] == fibs[(r.size() - 1 - i) / 32 % 8];
	check_result(good, "as many blocks as the occupancy says then meet");
	cudaError_t e = cudaLaunchCooperativeKernel((void *)recursive, dim3(most * sms), dim3(64), args, 0, 0);
	check_result(e == (less < most ? cudaErrorCooperativeLaunchTooLarge : cudaSuccess), "more than that are refused");
	cudaGetLastError();
	CU(cudaDeviceSynchronize());
	CU(cudaDeviceSetLimit(cudaLimitStackSize, stack));
}

int main()
{
	int n = 1000, count = 6, blocks = 0, sms, coop;

	CU(cudaDeviceGetAttribute(&coop, cudaDevAttrCooperativeLaunch, 0));
	CU(cudaDeviceGetAttribute(&sms, cudaDevAttrMultiProcessorCount, 0));
	CU(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, rounds, 64, 0));
	check_result(coop == 1 && blocks > 0, "cooperative launch is offered");
	std::vector<int> a(n);
	for (int i = 0; i < n; i++)
		a[i] = i;
	int *da = to_device(a), *db = device_array<int>(n);
	void *args[] = { &da, &db, &n, &count };
	int grid = blocks * sms < 8 ? blocks * sms : 8;

	RUN(CU(cudaLaunchCooperativeKernel((void *)rounds, dim3(grid), dim3(64), args, 0, 0)));
	std::vector<int> r = from_device(da, n);
	bool good = true;
	for (int i = 0; i < n; i++)
		good &= r[i] == (i + count) % n + count;
	check_result(good, "six rounds with a grid barrier between them");
	cudaError_t e = cudaLaunchCooperativeKernel((void *)rounds, dim3(blocks * sms + 1), dim3(64), args, 0, 0);
	check_result(e == cudaErrorCooperativeLaunchTooLarge, "a grid that cannot be resident is refused");
	cudaGetLastError();

	raised_stack(sms);

	RUN(tiles<<<1, 64>>>(da));
	r = from_device(da, 64);
	good = true;
	for (int t = 0; t < 64; t++)
		good &= r[t] == (t / 8 * 8) * 8 + 28;
	check_result(good, "tiles of eight threads");

	int *dt = device_array<int>(256);
	RUN(large_tiles<<<1, 256>>>(dt));
	r = from_device(dt, 256);
	good = true;
	for (int t = 0; t < 256; t++)
		good &= r[t] == (t / 64 * 64 + 40) * 16 + (t < 128 ? 2 : 1);
	check_result(good, "tiles of 64 and 128 threads");

	RUN(tile_after_tile<<<1, 32>>>(da, 20000, 1000000));
	r = from_device(da, 32);
	check_result(r == std::vector<int>(32, 1), "a tile's barrier does not wait for another tile");
	return check_end();
}
