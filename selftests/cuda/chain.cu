// SPDX-License-Identifier: MIT
// What scans of whole arrays rest on: a block waits for the one before it, in grids of many more blocks than there is room
// for; and what a thread says to others by a vector of up to 16 bytes is seen whole or not at all.
#include "check.h"

__global__ void chain(volatile int *done, int work)
{
	__shared__ int s[128];

	s[threadIdx.x] = 0;
	for (int i = 0; i < work; i++)
		s[(threadIdx.x * 7 + i) & 127] += i;
	__syncthreads();
	if (threadIdx.x)
		return;
	while (blockIdx.x && !done[blockIdx.x - 1])
		;
	__threadfence();
	done[blockIdx.x] = 1 + (s[5] & 0);
}

static void each_after_the_one_before(int blocks, int work)
{
	int *done = device_array<int>(blocks);
	char text[80];

	snprintf(text, sizeof(text), "%d blocks, each after the one before it, work of %d", blocks, work);
	RUN(chain<<<blocks, 128>>>(done, work));
	std::vector<int> d = from_device(done, blocks);
	check_result(std::vector<int>(blocks, 1) == d, text);
	CU(cudaFree(done));
}

// Operands by the size of a type.
#define WORDS2(p, v)	"{%0, %1}, [%2];" : "=r"((v).x), "=r"((v).y) : "l"(p) : "memory"
#define LONGS2(p, v)	"{%0, %1}, [%2];" : "=l"((v).x), "=l"((v).y) : "l"(p) : "memory"
#define WORDS4(p, v)	"{%0, %1, %2, %3}, [%4];" : "=r"((v).x), "=r"((v).y), "=r"((v).z), "=r"((v).w) : "l"(p) : "memory"
#define TO2(p, v, c)	"[%0], {%1, %2};" : : "l"(p), c((v).x), c((v).y) : "memory"
#define TO4(p, v)	"[%0], {%1, %2, %3, %4};" : : "l"(p), "r"((v).x), "r"((v).y), "r"((v).z), "r"((v).w) : "memory"

// How vectors are loaded and stored.
#define ACCESSES(NAME, LOAD, STORE)										\
struct NAME {													\
	static __device__ void get(const uint2 *p, uint2 &v) { asm volatile(LOAD ".v2.u32 " WORDS2(p, v)); }	\
	static __device__ void get(const uint4 *p, uint4 &v) { asm volatile(LOAD ".v4.u32 " WORDS4(p, v)); }	\
	static __device__ void get(const ulonglong2 *p, ulonglong2 &v) { asm volatile(LOAD ".v2.u64 " LONGS2(p, v)); } \
	static __device__ void put(uint2 *p, uint2 v) { asm volatile(STORE ".v2.u32 " TO2(p, v, "r")); }	\
	static __device__ void put(uint4 *p, uint4 v) { asm volatile(STORE ".v4.u32 " TO4(p, v)); }		\
	static __device__ void put(ulonglong2 *p, ulonglong2 v) { asm volatile(STORE ".v2.u64 " TO2(p, v, "l")); } \
}
ACCESSES(relaxed, "ld.relaxed.gpu.global", "st.relaxed.gpu.global");
ACCESSES(cached, "ld.global.cg", "st.global.cg");

static __device__ bool alike(uint2 v) { return v.x == v.y; }
static __device__ bool alike(uint4 v) { return v.x == v.y && v.x == v.z && v.x == v.w; }
static __device__ bool alike(ulonglong2 v) { return v.x == v.y; }
static __device__ void fill(uint2 &v, unsigned i) { v = make_uint2(i, i); }
static __device__ void fill(uint4 &v, unsigned i) { v = make_uint4(i, i, i, i); }
static __device__ void fill(ulonglong2 &v, unsigned i) { v = make_ulonglong2(i, i); }

#define LAST	0xffffffffu

// One block stores a number into all of a vector, again and again, the other one loads it. Each lane has a vector of its own, or all the first.
template <class How, class T> __global__ void torn(T *place, unsigned rounds, bool one, unsigned *torn)
{
	T *mine = place + (one ? 0 : threadIdx.x), v;

	if (!blockIdx.x) {
		for (unsigned i = 1; i <= rounds; i++) {
			fill(v, i < rounds ? i : LAST);
			How::put(mine, v);
		}
		return;
	}
	do {
		How::get(mine, v);
		if (!alike(v))
			atomicAdd(torn, 1);
	} while (v.x != LAST);
}

template <class How, class T> static void whole(const char *what)
{
	for (int one = 0; one < 2; one++) {
		T *place = device_array<T>(32);
		unsigned *count = device_array<unsigned>(1);
		char text[80];

		snprintf(text, sizeof(text), "%s, %s, whole", what, one ? "one for all lanes" : "one a lane");
		RUN(torn<How, T><<<2, 32>>>(place, 30000, one, count));
		check_result(!from_device(count, 1)[0], text);
		CU(cudaFree(place));
		CU(cudaFree(count));
	}
}

int main()
{
	each_after_the_one_before(1500, 0);
	each_after_the_one_before(800, 100);
	each_after_the_one_before(300, 500);
	whole<relaxed, uint2>("relaxed v2.u32");
	whole<relaxed, uint4>("relaxed v4.u32");
	whole<relaxed, ulonglong2>("relaxed v2.u64");
	whole<cached, uint2>("cg v2.u32");
	whole<cached, uint4>("cg v4.u32");
	whole<cached, ulonglong2>("cg v2.u64");
	return check_end();
}
