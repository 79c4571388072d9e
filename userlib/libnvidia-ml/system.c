// SPDX-License-Identifier: MIT
/* Versions, names of processes, texts of results, and what is not supported. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "device.h"

#define CUDA_VERSION 13000 /* 13.0 */

/* The kernel says which driver it is; with no device open, its version file does. */
static nvmlReturn_t driver_version(char *version, unsigned int length)
{
	char line[256], text[32];
	FILE *f;
	int n = 0;

	if (nvml_count())
		return nvml_string(version, length, nvml_device_at(0)->dev.info.driver_version);
	f = fopen("/proc/driver/nvidia/version", "re");
	if (!f)
		return NVML_ERROR_DRIVER_NOT_LOADED;
	if (fgets(line, sizeof(line), f))
		n = sscanf(line, "NVRM version: vgpu UNIX x86_64 Kernel Module %31s", text);
	fclose(f);
	return n == 1 ? nvml_string(version, length, text) : NVML_ERROR_UNKNOWN;
}

EXPORT nvmlReturn_t nvmlSystemGetDriverVersion(char *version, unsigned int length)
{
	nvmlReturn_t r = nvml_enter();

	if (r != NVML_SUCCESS)
		return r;
	if (!version)
		return nvml_leave(NVML_ERROR_INVALID_ARGUMENT);
	return nvml_leave(driver_version(version, length));
}

/* The CUDA release that the driver is of, then the driver's own version. */
EXPORT nvmlReturn_t nvmlSystemGetNVMLVersion(char *version, unsigned int length)
{
	nvmlReturn_t r = nvml_enter();
	char driver[32], text[40];

	if (r != NVML_SUCCESS)
		return r;
	if (!version)
		return nvml_leave(NVML_ERROR_INVALID_ARGUMENT);
	r = driver_version(driver, sizeof(driver));
	if (r != NVML_SUCCESS)
		return nvml_leave(r);
	snprintf(text, sizeof(text), "%d.%s", CUDA_VERSION / 1000, driver);
	return nvml_leave(nvml_string(version, length, text));
}

/* Answered without init too, as the real library does. */
EXPORT nvmlReturn_t nvmlSystemGetCudaDriverVersion(int *version)
{
	if (!version)
		return NVML_ERROR_INVALID_ARGUMENT;
	*version = CUDA_VERSION;
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlSystemGetCudaDriverVersion_v2(int *version)
{
	return nvmlSystemGetCudaDriverVersion(version);
}

/* First word of the command line, or for a kernel thread nothing. */
static nvmlReturn_t process_name(unsigned int pid, char *name, unsigned int length)
{
	char path[32], text[4096];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NVML_ERROR_NOT_FOUND;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n < 0)
		return NVML_ERROR_UNKNOWN;
	text[n] = 0;
	return nvml_string(name, length, text);
}

EXPORT nvmlReturn_t nvmlSystemGetProcessName(unsigned int pid, char *name, unsigned int length)
{
	nvmlReturn_t r = nvml_enter();

	if (r != NVML_SUCCESS)
		return r;
	if (!name)
		return nvml_leave(NVML_ERROR_INVALID_ARGUMENT);
	return nvml_leave(process_name(pid, name, length));
}

/* Things that a system can have none of: racks of units, excluded cards. */
#define NONE_OF(function)                                               \
	EXPORT nvmlReturn_t function(unsigned int *count)               \
	{                                                               \
		nvmlReturn_t r = nvml_enter();                          \
                                                                        \
		if (r != NVML_SUCCESS)                                  \
			return r;                                       \
		if (!count)                                             \
			return nvml_leave(NVML_ERROR_INVALID_ARGUMENT); \
		*count = 0;                                             \
		return nvml_leave(NVML_SUCCESS);                        \
	}

NONE_OF(nvmlUnitGetCount)
NONE_OF(nvmlGetExcludedDeviceCount)
NONE_OF(nvmlGetBlacklistDeviceCount)

EXPORT const char *nvmlErrorString(nvmlReturn_t result)
{
	static const char *const texts[] = {
		[NVML_SUCCESS] = "Success",
		[NVML_ERROR_UNINITIALIZED] = "Uninitialized",
		[NVML_ERROR_INVALID_ARGUMENT] = "Invalid Argument",
		[NVML_ERROR_NOT_SUPPORTED] = "Not Supported",
		[NVML_ERROR_NO_PERMISSION] = "Insufficient Permissions",
		[NVML_ERROR_ALREADY_INITIALIZED] = "Already Initialized",
		[NVML_ERROR_NOT_FOUND] = "Not Found",
		[NVML_ERROR_INSUFFICIENT_SIZE] = "Insufficient Size",
		[NVML_ERROR_INSUFFICIENT_POWER] = "Insufficient External Power",
		[NVML_ERROR_DRIVER_NOT_LOADED] = "Driver Not Loaded",
		[NVML_ERROR_TIMEOUT] = "Timeout",
		[NVML_ERROR_IRQ_ISSUE] = "Interrupt Request Issue",
		[NVML_ERROR_LIBRARY_NOT_FOUND] = "NVML Shared Library Not Found",
		[NVML_ERROR_FUNCTION_NOT_FOUND] = "Function Not Found",
		[NVML_ERROR_CORRUPTED_INFOROM] = "Corrupted infoROM",
		[NVML_ERROR_GPU_IS_LOST] = "GPU is lost",
		[NVML_ERROR_RESET_REQUIRED] = "GPU requires reset",
		[NVML_ERROR_OPERATING_SYSTEM] = "Blocked by the operating system",
		[NVML_ERROR_LIB_RM_VERSION_MISMATCH] = "Driver/library version mismatch",
		[NVML_ERROR_IN_USE] = "In use by another client",
		[NVML_ERROR_MEMORY] = "Insufficient Memory",
		[NVML_ERROR_NO_DATA] = "No data",
		[NVML_ERROR_VGPU_ECC_NOT_SUPPORTED] = "ECC is not supported with virtual cards",
		[NVML_ERROR_INSUFFICIENT_RESOURCES] = "Insufficient resources",
		[NVML_ERROR_FREQ_NOT_SUPPORTED] = "Frequency not supported",
		[NVML_ERROR_ARGUMENT_VERSION_MISMATCH] = "Argument version mismatch",
		[NVML_ERROR_DEPRECATED] = "Deprecated",
		[NVML_ERROR_NOT_READY] = "Not ready",
		[NVML_ERROR_GPU_NOT_FOUND] = "No GPUs were found",
		[NVML_ERROR_INVALID_STATE] = "Invalid state",
		[NVML_ERROR_RESET_TYPE_NOT_SUPPORTED] = "Reset type not supported",
	};
	unsigned int i = result;

	return i < sizeof(texts) / sizeof(*texts) ? texts[i] : "Unknown Error";
}

static void log_line(const char *name)
{
	/* Not in a program with the rights of another user: a trace is a file of any name. */
	const char *trace = secure_getenv("VGPU_TRACE");
	char line[256];
	int fd = STDERR_FILENO, n;

	if (!trace || !*trace || !strcmp(trace, "0"))
		return;
	if (strcmp(trace, "1"))
		fd = open(trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0)
		return;
	n = snprintf(line, sizeof(line), "vgpu: %s is not implemented: NVML_ERROR_NOT_SUPPORTED\n", name);
	if (write(fd, line, n) < 0)
		n = 0; /* nowhere to say it */
	if (fd != STDERR_FILENO)
		close(fd);
}

nvmlReturn_t nvml_unsupported(const char *name, bool *logged)
{
	nvmlReturn_t r = nvml_enter();

	if (r != NVML_SUCCESS)
		return r;
	if (!*logged)
		log_line(name);
	*logged = true;
	return nvml_leave(NVML_ERROR_NOT_SUPPORTED);
}
