// SPDX-License-Identifier: MIT
// cuRAND: the device's generators give the very numbers of the library's own on the host.
#include <curand.h>
#include "../../cuda/check.h"

#define CR(call)                                                                       \
	do {                                                                           \
		curandStatus_t s_ = (call);                                            \
		if (s_ != CURAND_STATUS_SUCCESS) {                                     \
			printf("# %s: %d\n", #call, (int)s_);                          \
			return false;                                                  \
		}                                                                      \
	} while (0)

static const size_t n = 20000;

/* The same of a generator on each side: uniform numbers, bits, and a normal distribution. */
static bool same(curandRngType_t type, bool quasi)
{
	curandGenerator_t gpu, cpu;
	std::vector<float> want(n);
	std::vector<unsigned int> bits(n);
	float *f = device_array<float>(n);
	unsigned int *u = device_array<unsigned int>(n);
	bool good = true;

	CR(curandCreateGenerator(&gpu, type));
	CR(curandCreateGeneratorHost(&cpu, type));
	for (curandGenerator_t g : { gpu, cpu }) {
		if (quasi)
			CR(curandSetQuasiRandomGeneratorDimensions(g, 4));
		else
			CR(curandSetPseudoRandomGeneratorSeed(g, 1234));
	}
	CR(curandGenerateUniform(gpu, f, n));
	CR(curandGenerateUniform(cpu, want.data(), n));
	good &= from_device(f, n) == want;
	CR(curandGenerate(gpu, u, n));
	CR(curandGenerate(cpu, bits.data(), n));
	good &= from_device(u, n) == bits;
	CR(curandGenerateNormal(gpu, f, n, 1, 2));
	CR(curandGenerateNormal(cpu, want.data(), n, 1, 2));
	std::vector<float> got = from_device(f, n);
	double worst = 0;
	for (size_t i = 0; i < n; i++)	/* logarithms and sines are approximate on the device */
		worst = std::max(worst, fabs(got[i] - want[i]) / (double)(1 + fabs(want[i])));
	printf("# normal: largest difference %.3g\n", worst);
	good &= worst < 1e-5;
	CR(curandDestroyGenerator(gpu));
	CR(curandDestroyGenerator(cpu));
	cudaFree(f);
	cudaFree(u);
	return good;
}

int main()
{
	check_result(same(CURAND_RNG_PSEUDO_XORWOW, false), "XORWOW");
	check_result(same(CURAND_RNG_PSEUDO_PHILOX4_32_10, false), "Philox 4x32-10");
	check_result(same(CURAND_RNG_PSEUDO_MRG32K3A, false), "MRG32k3a");
	check_result(same(CURAND_RNG_QUASI_SOBOL32, true), "Sobol, 4 dimensions");
	return check_end();
}
