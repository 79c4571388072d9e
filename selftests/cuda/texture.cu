// SPDX-License-Identifier: MIT
// Textures are refused by name, not by a wrong answer: cudaErrorNotSupported everywhere, and nothing else breaks.
#include "check.h"

__global__ void fetch(cudaTextureObject_t t, float *out)
{
	out[threadIdx.x] = tex1Dfetch<float>(t, threadIdx.x);
}

static void arrays()
{
	cudaChannelFormatDesc desc = cudaCreateChannelDesc<float>();
	cudaArray_t array;
	cudaMipmappedArray_t levels;
	cudaSurfaceObject_t surface;
	cudaResourceDesc res = {};
	cudaError_t e;

	e = cudaMallocArray(&array, &desc, 8, 8);
	check_result(e == cudaErrorNotSupported, "cudaMallocArray: not supported");
	e = cudaMalloc3DArray(&array, &desc, make_cudaExtent(8, 8, 8));
	check_result(e == cudaErrorNotSupported, "cudaMalloc3DArray: not supported");
	e = cudaMallocMipmappedArray(&levels, &desc, make_cudaExtent(8, 8, 8), 2);
	check_result(e == cudaErrorNotSupported, "cudaMallocMipmappedArray: not supported");
	res.resType = cudaResourceTypeArray;
	e = cudaCreateSurfaceObject(&surface, &res);
	check_result(e == cudaErrorNotSupported, "cudaCreateSurfaceObject: not supported");
	cudaGetLastError();
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
	check_result(e == cudaErrorNotSupported, "a kernel that fetches does not run: not supported");
	arrays();
	int v = 3, *p = device_array<int>(1);
	check_result(cudaMemcpy(p, &v, sizeof(v), cudaMemcpyHostToDevice) == cudaSuccess, "the context goes on");
	return check_end();
}
