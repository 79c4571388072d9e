// SPDX-License-Identifier: MIT
/* Init, shutdown, handles, and the lock that every call holds. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "device.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned int users;
static struct nvml_device devices[VGPU_MAX_DEVICES];
static int count;

static void before_fork(void)
{
	pthread_mutex_lock(&lock);
	nvml_events_hold();
}

static void after_fork(void)
{
	nvml_events_let_go();
	pthread_mutex_unlock(&lock);
}

__attribute__((constructor)) static void watch_forks(void)
{
	pthread_atfork(before_fork, after_fork, after_fork);
}

/**
 * nvml_error - the NVML result for a failed call of the kernel
 * @negative_errno: what libvgpu returned
 *
 * Return: NVML_SUCCESS for 0, NVML_ERROR_UNKNOWN for what no call is known to fail with.
 */
nvmlReturn_t nvml_error(int negative_errno)
{
	switch (-negative_errno) {
	case 0:
		return NVML_SUCCESS;
	case ENODEV:
		return NVML_ERROR_GPU_IS_LOST;
	case EPERM:
	case EACCES:
		return NVML_ERROR_NO_PERMISSION;
	case ENOMEM:
		return NVML_ERROR_MEMORY;
	case EMFILE:
	case ENFILE:
		return NVML_ERROR_INSUFFICIENT_RESOURCES;
	case EOPNOTSUPP:
	case ENOTTY:
		return NVML_ERROR_NOT_SUPPORTED;
	default:
		return NVML_ERROR_UNKNOWN;
	}
}

nvmlReturn_t nvml_enter(void)
{
	pthread_mutex_lock(&lock);
	if (users)
		return NVML_SUCCESS;
	pthread_mutex_unlock(&lock);
	return NVML_ERROR_UNINITIALIZED;
}

nvmlReturn_t nvml_leave(nvmlReturn_t result)
{
	pthread_mutex_unlock(&lock);
	return result;
}

/* Handles come from the client: only an element of the array is one. */
static bool is_handle(const struct nvml_device *d)
{
	for (int i = 0; i < count; i++)
		if (d == &devices[i])
			return true;
	return false;
}

nvmlReturn_t nvml_enter_handle(nvmlDevice_t handle, const void *out)
{
	nvmlReturn_t r = nvml_enter();

	if (r != NVML_SUCCESS)
		return r;
	if (!out || !is_handle(handle))
		return nvml_leave(NVML_ERROR_INVALID_ARGUMENT);
	return NVML_SUCCESS;
}

/* A device that fell off the bus or was removed answers nothing any more. */
static nvmlReturn_t status_of_living(struct nvml_device *d, struct vgpu_device_status *status)
{
	nvmlReturn_t r = nvml_status(d, status);

	if (r == NVML_SUCCESS && status->state & (VGPU_STATE_LOST | VGPU_STATE_REMOVED))
		r = NVML_ERROR_GPU_IS_LOST;
	return r;
}

static nvmlReturn_t alive(struct nvml_device *d)
{
	struct vgpu_device_status s;

	return status_of_living(d, &s);
}

nvmlReturn_t nvml_enter_status(nvmlDevice_t handle, const void *out, struct vgpu_device_status *status)
{
	nvmlReturn_t r = nvml_enter_handle(handle, out);

	if (r != NVML_SUCCESS)
		return r;
	r = status_of_living(handle, status);
	return r == NVML_SUCCESS ? r : nvml_leave(r);
}

nvmlReturn_t nvml_enter_device(nvmlDevice_t handle, const void *out)
{
	struct vgpu_device_status s;

	return nvml_enter_status(handle, out, &s);
}

int nvml_count(void)
{
	return count;
}

struct nvml_device *nvml_device_at(unsigned int index)
{
	return index < (unsigned int)count ? &devices[index] : NULL;
}

nvmlReturn_t nvml_status(struct nvml_device *d, struct vgpu_device_status *status)
{
	return nvml_error(vgpu_dev_status(&d->dev, status));
}

/* Why there is no device: nothing loaded, or nothing that we may open. */
static nvmlReturn_t why_none(void)
{
	return access("/sys/module/vgpu", F_OK) ? NVML_ERROR_DRIVER_NOT_LOADED : NVML_ERROR_NO_PERMISSION;
}

static nvmlReturn_t open_all(void)
{
	struct vgpu_dev devs[VGPU_MAX_DEVICES];
	int n = vgpu_devices_open(devs, VGPU_MAX_DEVICES);

	if (n < 0)
		return nvml_error(n);
	if (!n)
		return why_none();
	memset(devices, 0, sizeof(devices));
	for (int i = 0; i < n; i++)
		devices[i].dev = devs[i];
	count = n;
	return NVML_SUCCESS;
}

static nvmlReturn_t init(bool devices_needed)
{
	nvmlReturn_t r = NVML_SUCCESS;

	pthread_mutex_lock(&lock);
	if (!users)
		r = open_all();
	if (r == NVML_ERROR_NO_PERMISSION && !devices_needed)
		r = NVML_SUCCESS;
	if (r == NVML_SUCCESS)
		users++;
	return nvml_leave(r);
}

EXPORT nvmlReturn_t nvmlInit_v2(void)
{
	return init(true);
}

EXPORT nvmlReturn_t nvmlInit(void)
{
	return init(true);
}

#define FLAG_NO_GPUS 1u /* it is no error when there is none */

EXPORT nvmlReturn_t nvmlInitWithFlags(unsigned int flags)
{
	return init(!(flags & FLAG_NO_GPUS)); /* others mean nothing, as with a card */
}

EXPORT nvmlReturn_t nvmlShutdown(void)
{
	nvmlReturn_t r = nvml_enter();

	if (r != NVML_SUCCESS)
		return r;
	if (!--users) {
		nvml_events_end();
		for (int i = 0; i < count; i++)
			vgpu_dev_close(&devices[i].dev);
		count = 0;
	}
	return nvml_leave(NVML_SUCCESS);
}

static nvmlReturn_t get_count(unsigned int *n)
{
	nvmlReturn_t r = nvml_enter();

	if (r != NVML_SUCCESS)
		return r;
	if (!n)
		return nvml_leave(NVML_ERROR_INVALID_ARGUMENT);
	*n = count;
	return nvml_leave(NVML_SUCCESS);
}

EXPORT nvmlReturn_t nvmlDeviceGetCount_v2(unsigned int *n)
{
	return get_count(n);
}

EXPORT nvmlReturn_t nvmlDeviceGetCount(unsigned int *n)
{
	return get_count(n);
}

/* How one device is told from the others by a piece of text. */
typedef bool (*match_fn)(const struct nvml_device *d, const char *text);

static nvmlReturn_t find(match_fn match, const char *text, nvmlDevice_t *handle)
{
	nvmlReturn_t r = nvml_enter();

	if (r != NVML_SUCCESS)
		return r;
	if (!text || !handle)
		return nvml_leave(NVML_ERROR_INVALID_ARGUMENT);
	for (int i = 0; i < count; i++) {
		if (!match(&devices[i], text))
			continue;
		*handle = &devices[i];
		return nvml_leave(alive(&devices[i]));
	}
	return nvml_leave(NVML_ERROR_NOT_FOUND);
}

static nvmlReturn_t by_index(unsigned int index, nvmlDevice_t *handle)
{
	nvmlReturn_t r = nvml_enter();

	if (r != NVML_SUCCESS)
		return r;
	if (!handle || index >= (unsigned int)count)
		return nvml_leave(NVML_ERROR_INVALID_ARGUMENT);
	*handle = &devices[index];
	return nvml_leave(alive(&devices[index]));
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t *handle)
{
	return by_index(index, handle);
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByIndex(unsigned int index, nvmlDevice_t *handle)
{
	return by_index(index, handle);
}

static bool match_uuid(const struct nvml_device *d, const char *text)
{
	char uuid[UUID_TEXT_SIZE];

	nvml_uuid_text(d, uuid);
	return !strcasecmp(uuid, text);
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice_t *handle)
{
	return find(match_uuid, uuid, handle);
}

struct bus_id {
	unsigned int domain, bus, device;
};

/* "domain:bus:device", "domain:bus:device.0" or "bus:device.0"; devices have one function. */
static bool parse_bus_id(const char *text, struct bus_id *id)
{
	unsigned int function = 0;
	int used = 0;

	if (!text || text[strspn(text, "0123456789abcdefABCDEF:.")])
		return false;
	if (sscanf(text, "%8x:%8x:%8x%n.%8x%n", &id->domain, &id->bus, &id->device, &used, &function, &used) < 3) {
		id->domain = 0;
		if (sscanf(text, "%8x:%8x.%8x%n", &id->bus, &id->device, &function, &used) < 3)
			return false;
	}
	return !text[used] && !function;
}

static bool match_bus_id(const struct nvml_device *d, const char *text)
{
	const struct vgpu_device_info *info = &d->dev.info;
	struct bus_id id;

	return parse_bus_id(text, &id) && id.domain == info->pci_domain && id.bus == info->pci_bus &&
	       id.device == info->pci_device;
}

static nvmlReturn_t by_bus_id(const char *text, nvmlDevice_t *handle)
{
	struct bus_id id;
	nvmlReturn_t r = find(match_bus_id, text, handle);

	return r == NVML_ERROR_NOT_FOUND && !parse_bus_id(text, &id) ? NVML_ERROR_INVALID_ARGUMENT : r;
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByPciBusId_v2(const char *bus_id, nvmlDevice_t *handle)
{
	return by_bus_id(bus_id, handle);
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByPciBusId(const char *bus_id, nvmlDevice_t *handle)
{
	return by_bus_id(bus_id, handle);
}

static bool match_serial(const struct nvml_device *d, const char *text)
{
	char serial[24];

	snprintf(serial, sizeof(serial), "%llu", (unsigned long long)d->dev.info.serial);
	return !strcmp(serial, text);
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleBySerial(const char *serial, nvmlDevice_t *handle)
{
	return find(match_serial, serial, handle);
}

static bool match_bytes(const struct nvml_device *d, const char *bytes)
{
	return !memcmp(d->dev.info.uuid, bytes, sizeof(d->dev.info.uuid));
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByUUIDV(const nvmlUUID_v1_t *uuid, nvmlDevice_t *handle)
{
	char text[sizeof(uuid->value.str) + 1];

	if (!uuid)
		return find(match_uuid, NULL, handle);
	if (uuid->version != NVML_STRUCT_VERSION(nvmlUUID_v1_t, 1))
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	if (uuid->type == NVML_UUID_TYPE_BINARY)
		return find(match_bytes, (const char *)uuid->value.bytes, handle);
	if (uuid->type != NVML_UUID_TYPE_ASCII)
		return NVML_ERROR_INVALID_ARGUMENT;
	memcpy(text, uuid->value.str, sizeof(uuid->value.str));
	text[sizeof(text) - 1] = 0;
	return find(match_uuid, text, handle);
}
