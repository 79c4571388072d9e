// SPDX-License-Identifier: MIT
// CUDA 12: a kernel compiled by NVRTC 12, launched through the runtime of CUDA 12.
#include "check.h"
#include <nvrtc.h>

static const char source[] =
	"extern \"C\" __global__ void saxpy(float a, const float *x, float *y, int n)\n"
	"{\n"
	"	int i = blockIdx.x * blockDim.x + threadIdx.x;\n"
	"	if (i < n)\n"
	"		y[i] = a * x[i] + y[i];\n"
	"}\n";

static std::vector<char> compile()
{
	nvrtcProgram prog;
	const char *opt[] = { "--gpu-architecture=compute_75" };
	size_t size;

	if (nvrtcCreateProgram(&prog, source, "saxpy.cu", 0, NULL, NULL) ||
	    nvrtcCompileProgram(prog, 1, opt) || nvrtcGetPTXSize(prog, &size)) {
		printf("Bail out! NVRTC refused the program\n");
		exit(1);
	}
	std::vector<char> ptx(size);
	nvrtcGetPTX(prog, ptx.data());
	nvrtcDestroyProgram(&prog);
	return ptx;
}

int main()
{
	int version, n = 5000;
	cudaLibrary_t lib;
	cudaKernel_t kernel;
	float a = 2;

	CU(cudaRuntimeGetVersion(&version));
	printf("# runtime %d\n", version);
	check_result(version / 1000 == 12, "the runtime is CUDA 12's");
	std::vector<char> ptx = compile();
	CU(cudaLibraryLoadData(&lib, ptx.data(), NULL, NULL, 0, NULL, NULL, 0));
	CU(cudaLibraryGetKernel(&kernel, lib, "saxpy"));
	std::vector<float> x(n), y(n);
	for (int i = 0; i < n; i++) {
		x[i] = i;
		y[i] = 1 - i;
	}
	float *dx = to_device(x), *dy = to_device(y);
	void *args[] = { &a, &dx, &dy, &n };
	CU(cudaLaunchKernel((void *)kernel, dim3((n + 127) / 128), dim3(128), args, 0, 0));
	CU(cudaDeviceSynchronize());
	y = from_device(dy, n);
	bool good = true;
	for (int i = 0; i < n; i++)
		good &= y[i] == i + 1;
	check_result(good, "saxpy");
	return check_end();
}
