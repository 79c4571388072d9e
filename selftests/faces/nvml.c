// SPDX-License-Identifier: MIT
/*
 * nvml EXPORTS GPUS|denied: libnvidia-ml.so.1 as programs see it: found by name,
 * every symbol there, right answers for good calls and the right refusal for bad ones.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../userlib/libnvidia-ml/nvml.h"
#include "../../userlib/libvgpu/libvgpu.h"
#include "tap.h"

static void *lib;

/* A function of the library by its name, called with whatever the test passes. */
#define CALL(name, ...)								\
	(((nvmlReturn_t (*)())sym(name))(__VA_ARGS__))

static nvmlReturn_t missing(void)
{
	return NVML_ERROR_FUNCTION_NOT_FOUND;
}

static void *sym(const char *name)
{
	void *p = dlsym(lib, name);

	return p ? p : (void *)missing;
}

static void all_symbols(const char *exports)
{
	FILE *f = fopen(exports, "r");
	int n = 0, absent = 0;
	char name[128];

	while (f && fgets(name, sizeof(name), f)) {
		name[strcspn(name, "\n")] = 0;
		if (name[0] == '#')
			continue;
		n++;
		if (!dlsym(lib, name)) {
			printf("# no %s\n", name);
			absent++;
		}
	}
	if (f)
		fclose(f);
	tap(n >= 404 && !absent, "all symbols of a 580 library are there (%d)", n);
}

static void before_init(void)
{
	unsigned int n;

	tap_equal(CALL("nvmlDeviceGetCount_v2", &n), NVML_ERROR_UNINITIALIZED, "count before init");
	tap_equal(CALL("nvmlDeviceGetVbiosVersion", NULL, NULL, 0u), NVML_ERROR_UNINITIALIZED,
		  "an unsupported function before init");
	tap_equal(CALL("nvmlShutdown"), NVML_ERROR_UNINITIALIZED, "shutdown before init");
}

static void system_info(void)
{
	char driver[80], version[80], small[4];
	int cuda = 0;

	tap_equal(CALL("nvmlSystemGetDriverVersion", driver, 80u), NVML_SUCCESS, "driver version");
	tap(atoi(driver) >= 580, "driver version is 580 or newer: %s", driver);
	tap_equal(CALL("nvmlSystemGetDriverVersion", small, 4u), NVML_ERROR_INSUFFICIENT_SIZE,
		  "driver version, no room");
	tap_equal(CALL("nvmlSystemGetNVMLVersion", version, 80u), NVML_SUCCESS, "NVML version");
	tap(!strncmp(version, "13.", 3) && !strcmp(version + 3, driver), "NVML version: %s", version);
	tap_equal(CALL("nvmlSystemGetCudaDriverVersion_v2", &cuda), NVML_SUCCESS, "CUDA version");
	tap_equal(cuda, 13000, "CUDA version is 13.0");
}

static nvmlDevice_t by_index(unsigned int i)
{
	nvmlDevice_t d = NULL;

	tap_equal(CALL("nvmlDeviceGetHandleByIndex_v2", i, &d), NVML_SUCCESS, "handle by index");
	return d;
}

static void lookups(nvmlDevice_t d)
{
	char uuid[96], serial[30], bus[64];
	nvmlDevice_t other = NULL;
	nvmlPciInfo_t pci;

	tap_equal(CALL("nvmlDeviceGetUUID", d, uuid, 96u), NVML_SUCCESS, "UUID");
	tap(strlen(uuid) == 40 && !strncmp(uuid, "GPU-", 4), "UUID: %s", uuid);
	tap(!CALL("nvmlDeviceGetHandleByUUID", uuid, &other) && other == d, "handle by UUID");
	uuid[5] ^= 1;	/* not the last digits: those tell the devices apart */
	tap_equal(CALL("nvmlDeviceGetHandleByUUID", uuid, &other), NVML_ERROR_NOT_FOUND,
		  "handle by a UUID that nobody has");
	tap_equal(CALL("nvmlDeviceGetUUID", d, uuid, 40u), NVML_ERROR_INSUFFICIENT_SIZE, "UUID, no room");
	tap_equal(CALL("nvmlDeviceGetPciInfo_v3", d, &pci), NVML_SUCCESS, "PCI info");
	other = NULL;
	tap(!CALL("nvmlDeviceGetHandleByPciBusId_v2", pci.busId, &other) && other == d,
	    "handle by bus id %s", pci.busId);
	other = NULL;
	tap(!CALL("nvmlDeviceGetHandleByPciBusId_v2", pci.busIdLegacy, &other) && other == d,
	    "handle by bus id %s", pci.busIdLegacy);
	snprintf(bus, sizeof(bus), "%x:%x:%x", pci.domain, pci.bus, pci.device);
	tap(!CALL("nvmlDeviceGetHandleByPciBusId_v2", bus, &other) && other == d, "handle by bus id %s", bus);
	tap_equal(CALL("nvmlDeviceGetHandleByPciBusId_v2", "0:7f:0.0", &other), NVML_ERROR_NOT_FOUND,
		  "handle by a bus id that nobody has");
	tap_equal(CALL("nvmlDeviceGetHandleByPciBusId_v2", "0:0:1f.7", &other), NVML_ERROR_INVALID_ARGUMENT,
		  "handle by another function");
	tap_equal(CALL("nvmlDeviceGetHandleByPciBusId_v2", "7f:0", &other), NVML_ERROR_INVALID_ARGUMENT,
		  "handle by a bus and a device alone");
	tap_equal(CALL("nvmlDeviceGetHandleByPciBusId_v2", "100000000:10:0.0", &other), NVML_ERROR_INVALID_ARGUMENT,
		  "handle by a domain too large");
	tap_equal(CALL("nvmlDeviceGetHandleByPciBusId_v2", "-0:10:0.0", &other), NVML_ERROR_INVALID_ARGUMENT,
		  "handle by a sign");
	tap_equal(CALL("nvmlDeviceGetHandleByPciBusId_v2", "here", &other), NVML_ERROR_INVALID_ARGUMENT,
		  "handle by what is no bus id");
	tap_equal(CALL("nvmlDeviceGetSerial", d, serial, 30u), NVML_SUCCESS, "serial");
	other = NULL;
	tap(!CALL("nvmlDeviceGetHandleBySerial", serial, &other) && other == d, "handle by serial %s", serial);
}

static void identity(nvmlDevice_t d, const struct vgpu_device_info *info)
{
	nvmlPciInfoExt_v1_t ext = { .version = NVML_STRUCT_VERSION(nvmlPciInfoExt_v1_t, 1) };
	int major = 0, minor = 0;
	unsigned int n = 0;
	char name[96];

	tap_equal(CALL("nvmlDeviceGetName", d, name, 96u), NVML_SUCCESS, "name");
	tap(!strcmp(name, info->name), "name: %s", name);
	tap(!CALL("nvmlDeviceGetMinorNumber", d, &n) && n == info->index, "minor number");
	tap(!CALL("nvmlDeviceGetCudaComputeCapability", d, &major, &minor) &&
	    major == (int)info->cc_major && minor == (int)info->cc_minor, "compute capability %d.%d", major, minor);
	tap(!CALL("nvmlDeviceGetPciInfoExt", d, &ext) && ext.pciDeviceId == info->pci_ids &&
	    ext.baseClass == 3 && ext.subClass == 2, "PCI info with class");
	tap(!CALL("nvmlDeviceGetNumFans", d, &n) && n == !!(info->features & VGPU_FEATURE_FAN), "fans: %u", n);
	tap_equal(CALL("nvmlDeviceGetFanSpeed", d, &n),
		  info->features & VGPU_FEATURE_FAN ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED, "fan speed");
	tap(!CALL("nvmlDeviceGetNumGpuCores", d, &n) && n == info->sm_count * info->cores_per_sm, "cores: %u", n);
	ext.version++;
	tap_equal(CALL("nvmlDeviceGetPciInfoExt", d, &ext), NVML_ERROR_ARGUMENT_VERSION_MISMATCH,
		  "PCI info of a wrong version");
}

static void usage(nvmlDevice_t d)
{
	nvmlMemory_v2_t memory = { .version = NVML_STRUCT_VERSION(nvmlMemory_v2_t, 2) };
	nvmlUtilization_t util = { 999, 999 };

	tap_equal(sizeof(memory), 0x28, "size of the memory struct");
	tap_equal(CALL("nvmlDeviceGetMemoryInfo_v2", d, &memory), NVML_SUCCESS, "memory v2");
	tap_equal(memory.used + memory.free + memory.reserved, memory.total, "memory adds up");
	memory.version = 1;
	tap_equal(CALL("nvmlDeviceGetMemoryInfo_v2", d, &memory), NVML_ERROR_FUNCTION_NOT_FOUND,
		  "memory of a wrong version");
	tap_equal(CALL("nvmlDeviceGetUtilizationRates", d, &util), NVML_SUCCESS, "utilization");
	tap(util.gpu == 0 && util.memory == 0, "an idle device: %u %%, %u %%", util.gpu, util.memory);
}

static void bad_calls(nvmlDevice_t d, unsigned int count)
{
	nvmlDevice_t other;
	unsigned int n;
	char name[8];

	tap_equal(CALL("nvmlDeviceGetHandleByIndex_v2", count, &other), NVML_ERROR_INVALID_ARGUMENT,
		  "index behind the last");
	tap_equal(CALL("nvmlDeviceGetHandleByIndex_v2", 0, NULL), NVML_ERROR_INVALID_ARGUMENT, "no pointer");
	tap_equal(CALL("nvmlDeviceGetMinorNumber", (char *)d + 1, &n), NVML_ERROR_INVALID_ARGUMENT,
		  "a handle that is none");
	tap_equal(CALL("nvmlDeviceGetMinorNumber", NULL, &n), NVML_ERROR_INVALID_ARGUMENT, "no handle");
	tap_equal(CALL("nvmlDeviceGetName", d, name, 8u), NVML_ERROR_INSUFFICIENT_SIZE, "name, no room");
	tap_equal(CALL("nvmlDeviceGetVbiosVersion", d, name, 8u), NVML_ERROR_NOT_SUPPORTED, "what no virtual device has");
	tap_equal(CALL("nvmlInitWithFlags", 0x80u), NVML_SUCCESS, "an init flag that means nothing");
	tap_equal(CALL("nvmlShutdown"), NVML_SUCCESS, "and its shutdown");
}

static volatile bool stop;

static void *asks(void *device)
{
	unsigned int n;

	while (!stop)
		CALL("nvmlDeviceGetMinorNumber", device, &n);
	return NULL;
}

/* A child has the library's locks free, whatever its parent's threads do. */
static void forks(nvmlDevice_t d)
{
	pthread_t threads[4];
	unsigned int n;
	int st, bad = 0;

	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, asks, d);
	for (int i = 0; i < 50; i++) {
		if (!fork()) {
			alarm(20);
			_exit(CALL("nvmlDeviceGetCount_v2", &n) != NVML_SUCCESS);
		}
		wait(&st);
		bad += st != 0;
	}
	stop = true;
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	tap_equal(bad, 0, "children that cannot go on");
}

static void error_strings(void)
{
	const char *(*text)(nvmlReturn_t) = (const char *(*)(nvmlReturn_t))sym("nvmlErrorString");

	tap(!strcmp(text(NVML_ERROR_NOT_SUPPORTED), "Not Supported"), "text of a result");
	tap(!strcmp(text(12345), "Unknown Error"), "text of an unknown result");
}

/* Devices reach each other's memory, as libcuda says. */
static void neighbours(unsigned int count)
{
	nvmlDevice_t a = by_index(0), b = by_index(1), near[16];
	unsigned int n = 16, level = 0, status = 9;

	tap(!CALL("nvmlDeviceGetTopologyCommonAncestor", a, b, &level) && level == 30, "behind one host bridge: %u", level);
	tap(!CALL("nvmlDeviceGetTopologyNearestGpus", a, 30u, &n, near) && n == count - 1 && near[0] == b,
	    "%u others there", n);
	tap(!CALL("nvmlDeviceGetP2PStatus", a, b, 0u, &status) && !status, "reads of peer memory");
	tap(!CALL("nvmlDeviceGetP2PStatus", a, b, 2u, &status) && status == NVML_P2P_STATUS_NOT_SUPPORTED, "not by NVLink");
}

static void one_device(unsigned int i, const struct vgpu_device_info *info)
{
	nvmlDevice_t d = by_index(i);

	identity(d, info);
	lookups(d);
	usage(d);
}

int main(int argc, char **argv)
{
	struct vgpu_dev devs[VGPU_MAX_DEVICES];
	unsigned int want = argc > 2 ? atoi(argv[2]) : 0, n = 0;

	lib = dlopen("libnvidia-ml.so.1", RTLD_NOW);
	if (!tap(lib && argc > 2, "the loader finds libnvidia-ml.so.1"))
		return tap_end();
	all_symbols(argv[1]);
	before_init();
	error_strings();
	if (!strcmp(argv[2], "denied")) {
		tap_equal(CALL("nvmlInit_v2"), NVML_ERROR_NO_PERMISSION, "init when no node may be opened");
		return tap_end();
	}
	if (!want) {
		tap_equal(CALL("nvmlInit_v2"), NVML_ERROR_DRIVER_NOT_LOADED, "init without the module");
		return tap_end();
	}
	if (!tap(vgpu_devices_open(devs, VGPU_MAX_DEVICES) == (int)want, "the devices open"))
		return tap_end();
	tap_equal(CALL("nvmlInit_v2"), NVML_SUCCESS, "init");
	tap_equal(CALL("nvmlInit_v2"), NVML_SUCCESS, "init again");
	tap_equal(CALL("nvmlShutdown"), NVML_SUCCESS, "first shutdown");
	tap_equal(CALL("nvmlDeviceGetCount_v2", &n), NVML_SUCCESS, "count");
	tap_equal(n, want, "number of devices");
	system_info();
	for (unsigned int i = 0; i < want; i++)
		one_device(i, &devs[i].info);
	bad_calls(by_index(0), want);
	forks(by_index(0));
	if (want > 1)
		neighbours(want);
	tap_equal(CALL("nvmlShutdown"), NVML_SUCCESS, "last shutdown");
	tap_equal(CALL("nvmlDeviceGetCount_v2", &n), NVML_ERROR_UNINITIALIZED, "count after shutdown");
	return tap_end();
}
