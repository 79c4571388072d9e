// SPDX-License-Identifier: MIT
// cuFFT of CUDA 13: its fatbin holds no PTX at all, so that a transform cannot run here; it must say so, and
// nothing else may suffer from it.
#include <cufft.h>
#include "../../cuda/check.h"

int main()
{
	cufftHandle plan;
	cufftComplex *x = device_array<cufftComplex>(256);
	cufftResult made = cufftPlan1d(&plan, 256, CUFFT_C2C, 1), done = CUFFT_INVALID_PLAN;

	if (made == CUFFT_SUCCESS)
		done = cufftExecC2C(plan, x, x, CUFFT_FORWARD);
	printf("# plan %d, transform %d\n", (int)made, (int)done);
	check_result(made != CUFFT_SUCCESS || done != CUFFT_SUCCESS, "a transform is refused: cuFFT carries no PTX");
	cudaGetLastError();
	std::vector<cufftComplex> y(256, { 1, 2 });
	CU(cudaMemcpy(x, y.data(), 256 * sizeof(*x), cudaMemcpyHostToDevice));
	check_result(cudaDeviceSynchronize() == cudaSuccess && from_device(x, 256)[77].y == 2, "the context lives on");
	return check_end();
}
