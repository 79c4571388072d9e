// SPDX-License-Identifier: MIT
// Textures are refused by name, not by a wrong answer.
#include "check.h"

__global__ void fetch(cudaTextureObject_t t, float *out)
{
	out[threadIdx.x] = tex1Dfetch<float>(t, threadIdx.x);
}

int main()
{
	float *d = device_array<float>(32);
	cudaResourceDesc res = {};
	cudaTextureDesc tex = {};
	cudaTextureObject_t obj = 0;

	res.resType = cudaResourceTypeLinear;
	res.res.linear.devPtr = d;
	res.res.linear.desc = cudaCreateChannelDesc<float>();
	res.res.linear.sizeInBytes = 32 * sizeof(float);
	cudaError_t e = cudaCreateTextureObject(&obj, &res, &tex, NULL);
	check_result(e == cudaErrorNotSupported, "cudaCreateTextureObject: not supported");
	cudaGetLastError();
	fetch<<<1, 32>>>(obj, d);
	e = cudaGetLastError();
	if (e == cudaSuccess)
		e = cudaDeviceSynchronize();
	printf("# the kernel: %s\n", cudaGetErrorName(e));
	check_result(e != cudaSuccess, "a kernel that fetches does not run");
	int v = 3, *p = device_array<int>(1);
	check_result(cudaMemcpy(p, &v, sizeof(v), cudaMemcpyHostToDevice) == cudaSuccess, "the context goes on");
	return check_end();
}
