// SPDX-License-Identifier: MIT
/*
 * probe none|N: looks for GPUs as Ollama does in its short-lived "gpu-discover" process: the same
 * libraries by the same names, the same functions in the same order, buffers of the same sizes. From what
 * it does not see it concludes that there is no GPU, or that its driver is too old.
 */
#include <ctype.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../../faces/tap.h"

#define CC_MAJOR	75
#define CC_MINOR	76
#define INTEGRATED	18

/* The backend's compiled architectures: a device of any other is dropped. */
static const int archs[] = { 750, 800, 860, 890, 900, 1000, 1030, 1100, 1200, 1210 };

static void *first_of(const char *a, const char *b)
{
	void *lib = dlopen(a, RTLD_NOW | RTLD_LOCAL);

	return lib ? lib : dlopen(b, RTLD_NOW | RTLD_LOCAL);
}

static bool supported(int cc)
{
	for (size_t i = 0; i < sizeof(archs) / sizeof(*archs); i++)
		if (archs[i] == cc)
			return true;
	return false;
}

/* What it takes the driver's version from. */
static int driver_major(void)
{
	void *nvml = first_of("libnvidia-ml.so.1", "libnvidia-ml.so");
	int (*init)(void), (*shutdown)(void), (*version)(char *, unsigned int);
	char text[80] = "";
	int r;

	if (!tap(nvml, "libnvidia-ml is found by name"))
		return 0;
	init = dlsym(nvml, "nvmlInit_v2");
	shutdown = dlsym(nvml, "nvmlShutdown");
	version = dlsym(nvml, "nvmlSystemGetDriverVersion");
	if (!tap(init && shutdown && version, "and has the three functions"))
		return 0;
	tap_equal(init(), 0, "nvmlInit_v2");
	r = version(text, sizeof(text));
	tap_equal(r, 0, "nvmlSystemGetDriverVersion");
	tap_equal(shutdown(), 0, "nvmlShutdown");
	return atoi(text);
}

static void one_device(void *cuda, int i)
{
	int (*get)(int *, int) = dlsym(cuda, "cuDeviceGet");
	int (*attribute)(int *, int, int) = dlsym(cuda, "cuDeviceGetAttribute");
	int (*name)(char *, int, int) = dlsym(cuda, "cuDeviceGetName");
	int (*total)(size_t *, int) = dlsym(cuda, "cuDeviceTotalMem_v2");
	int (*bus)(char *, int, int) = dlsym(cuda, "cuDeviceGetPCIBusId");
	int device = -1, major = 0, minor = 0, integrated = 9;
	unsigned int domain, b, d, f;
	char text[128] = "", pci[32] = "";
	size_t bytes = 0;

	tap_equal(get(&device, i), 0, "cuDeviceGet");
	tap_equal(attribute(&major, CC_MAJOR, device), 0, "compute capability, major");
	tap_equal(attribute(&minor, CC_MINOR, device), 0, "... minor");
	tap_equal(attribute(&integrated, INTEGRATED, device), 0, "integrated");
	tap_equal(name(text, sizeof(text), device), 0, "cuDeviceGetName");
	tap_equal(total(&bytes, device), 0, "cuDeviceTotalMem_v2");
	tap_equal(bus(pci, sizeof(pci), device), 0, "cuDeviceGetPCIBusId");
	tap(supported(major * 100 + minor * 10), "the backend is compiled for %d.%d", major, minor);
	tap(!integrated, "not an integrated GPU");
	tap(*text, "named: %s", text);
	tap(bytes >= 64 << 20, "memory: %zu bytes", bytes);
	for (char *c = pci; *c; c++)
		*c = tolower((unsigned char)*c);
	tap(strlen(pci) == 12 && sscanf(pci, "%4x:%2x:%2x.%1x", &domain, &b, &d, &f) == 4, "bus id: %s", pci);
	printf("# device %d: %s %s\n", i, pci, text);
}

static void look(int want)
{
	static const char * const names[] = {
		"cuInit", "cuDriverGetVersion", "cuDeviceGetCount", "cuDeviceGet", "cuDeviceGetAttribute",
		"cuDeviceGetName", "cuDeviceTotalMem_v2", "cuDeviceGetPCIBusId",
	};
	void *cuda = first_of("libcuda.so.1", "libcuda.so");
	int (*init)(unsigned int), (*version)(int *), (*count)(int *);
	int v = 0, n = -1, r, found = 0;

	if (!tap(cuda, "libcuda is found by name"))
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		found += dlsym(cuda, names[i]) != NULL;
	if (!tap(found == sizeof(names) / sizeof(*names), "and has the eight functions"))
		return;
	init = dlsym(cuda, "cuInit");
	version = dlsym(cuda, "cuDriverGetVersion");
	count = dlsym(cuda, "cuDeviceGetCount");
	r = init(0);
	if (!want) {
		tap_equal(r, 100, "cuInit: no device");	/* CUDA_ERROR_NO_DEVICE: it goes on with the CPU */
		return;
	}
	tap_equal(r, 0, "cuInit");
	tap_equal(version(&v), 0, "cuDriverGetVersion");
	tap(v >= 13000, "CUDA %d.%d, for the backend in cuda_v13", v / 1000, v % 1000 / 10);
	r = driver_major();
	tap(r >= 570, "driver %d is new enough for every backend", r);
	tap_equal(count(&n), 0, "cuDeviceGetCount");
	tap_equal(n, want, "devices");
	for (int i = 0; i < n; i++)
		one_device(cuda, i);
}

int main(int argc, char **argv)
{
	struct timespec from, to;
	double s;

	clock_gettime(CLOCK_MONOTONIC, &from);
	look(argc > 1 ? atoi(argv[1]) : 0);
	clock_gettime(CLOCK_MONOTONIC, &to);
	s = to.tv_sec - from.tv_sec + (to.tv_nsec - from.tv_nsec) / 1e9;
	/* It waits 15 s in all. */
	tap(s < 1, "within a second: %.3f s", s);
	return tap_end();
}
