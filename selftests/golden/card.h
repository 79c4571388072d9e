/* SPDX-License-Identifier: MIT */
/* What the golden runners share: calls that must succeed, files, the forms' PTX. */
#ifndef GOLDEN_CARD_H
#define GOLDEN_CARD_H

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <vector>
#include <cuda_runtime.h>

#define CU(call)                                                                         \
	do {                                                                             \
		cudaError_t e_ = (call);                                                 \
		if (e_ != cudaSuccess) {                                                 \
			printf("Bail out! %s: %s\n", #call, cudaGetErrorString(e_));     \
			exit(1);                                                         \
		}                                                                        \
	} while (0)

/* A whole file; nothing where there is none. */
static inline std::vector<char> slurp(const char *path)
{
	std::ifstream s(path, std::ios::binary);

	return std::vector<char>(std::istreambuf_iterator<char>(s), {});
}

/* The PTX of a file, for the driver to compile when it is used. */
static inline cudaLibrary_t load_ptx(const char *path)
{
	std::vector<char> ptx = slurp(path);
	cudaLibrary_t lib;

	ptx.push_back(0);
	CU(cudaLibraryLoadData(&lib, ptx.data(), NULL, NULL, 0, NULL, NULL, 0));
	return lib;
}

#endif
