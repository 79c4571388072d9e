// SPDX-License-Identifier: MIT
/*
 * What llama.cpp's CUDA backend does with each device when llama-server is started to list devices
 * ("CUDA0: name (total MiB, free MiB free)"), before any model: counts, virtual memory management,
 * properties, free memory, bus address. Prints "pci name".
 */
#include <cstdio>
#include <cstring>
#include <ctime>
#include <cuda.h>
#include <cuda_runtime.h>
#include "../../faces/tap.h"

static double now()
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static void one_device(int i)
{
	CUmemAllocationProp want = {};
	size_t granularity = 0, free = 0, total = 0;
	cudaDeviceProp p;
	int vmm = 0;
	CUdevice d;
	char pci[32] = "", said[32] = "";

	tap_equal(cuDeviceGet(&d, i), CUDA_SUCCESS, "cuDeviceGet");
	tap_equal(cuDeviceGetAttribute(&vmm, CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED, d),
		  CUDA_SUCCESS, "virtual memory management");
	if (vmm) {
		want.type = CU_MEM_ALLOCATION_TYPE_PINNED;
		want.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
		want.location.id = i;
		tap_equal(cuMemGetAllocationGranularity(&granularity, &want, CU_MEM_ALLOC_GRANULARITY_RECOMMENDED),
			  CUDA_SUCCESS, "its granularity");
	}
	tap_equal(cudaGetDeviceProperties(&p, i), cudaSuccess, "cudaGetDeviceProperties");
	tap(p.warpSize == 32 && p.multiProcessorCount > 0 && p.sharedMemPerBlockOptin >= 48 << 10,
	    "%d multiprocessors, %zu bytes of shared memory", p.multiProcessorCount, p.sharedMemPerBlockOptin);
	tap_equal(cudaSetDevice(i), cudaSuccess, "cudaSetDevice");
	tap_equal(cudaMemGetInfo(&free, &total), cudaSuccess, "cudaMemGetInfo");
	tap(free > 0 && free <= total && total == p.totalGlobalMem, "%zu of %zu bytes free", free, total);
	snprintf(pci, sizeof(pci), "%04x:%02x:%02x.0", p.pciDomainID, p.pciBusID, p.pciDeviceID);
	tap(!cudaDeviceGetPCIBusId(said, sizeof(said), i) && !strcasecmp(said, pci), "bus id: %s", pci);
	printf("# device %d: %s %s\n", i, pci, p.name);
}

int main(int argc, char **argv)
{
	double from = now();
	int n = 0;

	(void)argc;
	(void)argv;
	tap_equal(cudaGetDeviceCount(&n), cudaSuccess, "cudaGetDeviceCount");
	tap(n >= 1, "%d devices", n);
	for (int i = 0; i < n; i++)
		one_device(i);
	/* It waits 3 s for the whole program when it only refreshes free memory. */
	tap(now() - from < 1, "within a second: %.3f s", now() - from);
	return tap_end();
}
