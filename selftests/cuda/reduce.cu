// SPDX-License-Identifier: MIT
// Reductions: shared memory, barriers, shuffles, votes.
#include "check.h"

__global__ void sum_shared(const int *in, int *out, int n)
{
	__shared__ int part[256];
	int t = threadIdx.x, s = 0;

	for (int i = blockIdx.x * blockDim.x + t; i < n; i += gridDim.x * blockDim.x)
		s += in[i];
	part[t] = s;
	__syncthreads();
	for (int k = blockDim.x / 2; k; k >>= 1) {
		if (t < k)
			part[t] += part[t + k];
		__syncthreads();
	}
	if (!t)
		out[blockIdx.x] = part[0];
}

__global__ void sum_shuffle(const float *in, float *out, int n)
{
	__shared__ float part[32];
	float s = 0;
	int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;

	for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
		s += in[i];
	for (int k = 16; k; k >>= 1)
		s += __shfl_xor_sync(~0u, s, k);
	if (!lane)
		part[warp] = s;
	__syncthreads();
	if (!warp) {
		s = lane < blockDim.x / 32 ? part[lane] : 0;
		for (int k = 16; k; k >>= 1)
			s += __shfl_down_sync(~0u, s, k);
		if (!lane)
			out[blockIdx.x] = s;
	}
}

__global__ void scan_warp(int *io)
{
	int v = io[threadIdx.x], lane = threadIdx.x & 31;

	for (int k = 1; k < 32; k <<= 1) {
		int w = __shfl_up_sync(~0u, v, k);

		if (lane >= k)
			v += w;
	}
	io[threadIdx.x] = v;
}

__global__ void votes(uint32_t *out)
{
	int t = threadIdx.x;

	out[t * 8 + 0] = __ballot_sync(~0u, t % 3 == 0);
	out[t * 8 + 1] = __any_sync(~0u, t == 7);
	out[t * 8 + 2] = __all_sync(~0u, t < 32);
	out[t * 8 + 3] = __match_any_sync(~0u, t / 5);
	out[t * 8 + 4] = __reduce_add_sync(~0u, t * t);
	out[t * 8 + 5] = __reduce_max_sync(~0u, (t * 7) % 31);
	out[t * 8 + 6] = __syncthreads_count(t & 1) * 100 + __syncthreads_or(t == 3) * 10 +
			 __syncthreads_and(t >= 0);
	/* a shuffle by half of the lanes only, in a branch */
	out[t * 8 + 7] = 0;
	if (t < 16)
		out[t * 8 + 7] = __shfl_sync(0xffff, t * 3, 15 - t, 16);
}

static void check_sums()
{
	const int n = 100003;
	std::vector<int> a(n);
	std::vector<float> f(n);
	uint32_t s = 1;
	long long want = 0, got = 0;
	double fwant = 0, fgot = 0;

	for (int i = 0; i < n; i++) {
		a[i] = (int)(check_random(s) % 2001) - 1000;
		f[i] = a[i];
		want += a[i];
		fwant += f[i];
	}
	int *da = to_device(a), *dout = device_array<int>(64);
	float *df = to_device(f), *dfo = device_array<float>(64);

	RUN(sum_shared<<<64, 256>>>(da, dout, n));
	for (int v : from_device(dout, 64))
		got += v;
	check_result(got == want, "sum through shared memory");

	RUN(sum_shuffle<<<64, 256>>>(df, dfo, n));
	for (float v : from_device(dfo, 64))
		fgot += v;
	check_result(fgot == fwant, "sum through shuffles (exact: small integers)");
}

static void check_scan()
{
	std::vector<int> io(128, 1);
	int *dio = to_device(io);
	bool good = true;

	RUN(scan_warp<<<1, 128>>>(dio));
	io = from_device(dio, 128);
	for (int i = 0; i < 128; i++)
		good &= io[i] == i % 32 + 1;
	check_result(good, "inclusive scan in each warp");
}

/* What votes() is to say in thread @t. */
static void votes_host(uint32_t t, uint32_t w[8])
{
	uint32_t m = 0, match = 0, sum = 0, max = 0;

	for (uint32_t i = 0; i < 32; i++) {
		m |= (uint32_t)(i % 3 == 0) << i;
		match |= (uint32_t)(i / 5 == t / 5) << i;
		sum += i * i;
		max = max > i * 7 % 31 ? max : i * 7 % 31;
	}
	const uint32_t all[8] = { m, 1, 1, match, sum, max, 16 * 100 + 10 + 1, t < 16 ? (15 - t) * 3u : 0 };

	memcpy(w, all, sizeof(all));
}

static void check_votes()
{
	static const char *const name[8] = { "ballot", "any", "all", "match_any", "reduce_add",
					     "reduce_max", "syncthreads_count/or/and", "shuffle in half a warp" };
	bool ok[8] = { true, true, true, true, true, true, true, true };
	uint32_t *dv = device_array<uint32_t>(32 * 8), w[8];

	RUN(votes<<<1, 32>>>(dv));
	std::vector<uint32_t> v = from_device(dv, 32 * 8);
	for (int t = 0; t < 32; t++) {
		votes_host(t, w);
		for (int k = 0; k < 8; k++)
			ok[k] &= v[t * 8 + k] == w[k];
	}
	for (int k = 0; k < 8; k++)
		check_result(ok[k], name[k]);
}

int main()
{
	check_sums();
	check_scan();
	check_votes();
	return check_end();
}
