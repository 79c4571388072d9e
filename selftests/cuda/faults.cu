// SPDX-License-Identifier: MIT
// What goes wrong in a kernel ends its context with CUDA's own error, which sticks. One kind a
// run: faults KIND; inside.sh looks at dmesg and vgpu-ctl afterwards.
#include "check.h"

/* One thread, which inside.sh knows. */
__global__ void oob(int *p)
{
	if (blockIdx.x == 1 && threadIdx.x == 5)
		p[1ll << 40] = 1;
}
__global__ void misaligned(char *p)
{
	if (threadIdx.x == 23)
		*(int *)(p + 1) = 1;
}
__global__ void endless(volatile int *p) { while (!*p) ; }
__device__ __noinline__ int deeper(int n, volatile int *p)
{
	int a[16];

	for (int i = 0; i < 16; i++)
		a[i] = p[0] + i;
	return deeper(n + 1, p) + a[n & 15];
}
__global__ void recurse(int *p) { *p = deeper(0, p); }
__global__ void allocate(int *p, int n)
{
	int *a = (int *)alloca(n * sizeof(int));

	for (int i = 0; i < n; i++)
		a[i] = p[0] + i;
	p[0] = a[n / 2];
}
__global__ void trap() { __trap(); }
__global__ void partial(int n) { asm volatile("bar.sync 1, %0;" ::"r"(n)); }
/* An address of local memory where a global one is asked for. */
__global__ void elsewhere(int *p)
{
	volatile int a[4] = { p[0] };

	asm volatile("ld.global.u32 %0, [%1];" : "=r"(p[1]) : "l"(a));
}
__global__ void null_store(int *p) { *p = 1; }
__global__ void shared_oob(int *p, int i)
{
	extern __shared__ int s[];

	s[i] = 1;
	p[0] = s[i];
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "oob";
	int *d = device_array<int>(64);
	cudaError_t want;

	printf("# buffer %p\n", (void *)d);
	if (!strcmp(kind, "oob")) {
		oob<<<2, 32>>>(d);
		want = cudaErrorIllegalAddress;
	} else if (!strcmp(kind, "null")) {
		null_store<<<1, 1>>>(NULL);
		want = cudaErrorIllegalAddress;
	} else if (!strcmp(kind, "shared")) {
		shared_oob<<<1, 32, 128>>>(d, 1 << 14);
		want = cudaErrorIllegalAddress;
	} else if (!strcmp(kind, "space")) {
		elsewhere<<<1, 1>>>(d);
		want = cudaErrorInvalidAddressSpace;
	} else if (!strcmp(kind, "misaligned")) {
		misaligned<<<1, 32>>>((char *)d);
		want = cudaErrorMisalignedAddress;
	} else if (!strcmp(kind, "endless")) {
		endless<<<1, 1>>>(d);
		want = cudaErrorLaunchTimeout;
	} else if (!strcmp(kind, "recursion")) {
		recurse<<<1, 32>>>(d);
		want = cudaErrorHardwareStackError;	/* a card may say cudaErrorIllegalAddress */
	} else if (!strcmp(kind, "alloca")) {
		allocate<<<1, 32>>>(d, 1 << 20);
		want = cudaErrorHardwareStackError;	/* likewise */
	} else if (!strcmp(kind, "trap")) {
		trap<<<1, 32>>>();
		want = cudaErrorLaunchFailure;
	} else if (!strcmp(kind, "barrier")) {	/* of no whole warp */
		partial<<<1, 64>>>(33);
		want = cudaErrorIllegalInstruction;
	} else if (!strcmp(kind, "crowd")) {	/* a barrier of more threads than a block has */
		partial<<<1, 64>>>(1056);
		want = cudaErrorIllegalInstruction;
	} else {
		return 2;
	}
	cudaError_t e = cudaDeviceSynchronize();

	printf("# %s: %s\n", kind, cudaGetErrorName(e));
	check_result(e == want, kind);
	void *p;
	check_result(cudaMalloc(&p, 16) == e, "the error is sticky");
	check_result(cudaMemcpy(&want, d, 4, cudaMemcpyDeviceToHost) == e, "for copies, too");
	return check_end();
}
