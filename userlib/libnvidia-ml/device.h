/* SPDX-License-Identifier: MIT */
/* The library's state: its devices, and how a call begins and ends. */
#ifndef VGPU_NVML_DEVICE_H
#define VGPU_NVML_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../libvgpu/libvgpu.h"
#include "nvml.h"

#define EXPORT         __attribute__((visibility("default")))

#define UUID_TEXT_SIZE 41 /* "GPU-", 32 digits, 4 dashes, NUL */

/**
 * struct nvml_device - what a handle points to
 * @dev: the open device
 * @traffic_bytes: bytes copied in each direction (NVML_PCIE_UTIL_*) when they were last asked for
 * @traffic_ns: when that was, 0: never
 */
struct nvml_device {
	struct vgpu_dev dev;
	uint64_t traffic_bytes[2];
	uint64_t traffic_ns[2];
};

/* Begin and end a call. Between the two the devices stay as they are. */
nvmlReturn_t nvml_enter(void);
nvmlReturn_t nvml_leave(nvmlReturn_t result);

/* The rest: between nvml_enter() and nvml_leave() only. */
int nvml_count(void);
struct nvml_device *nvml_device_at(unsigned int index);
nvmlReturn_t nvml_status(struct nvml_device *d, struct vgpu_device_status *status);
nvmlReturn_t nvml_error(int negative_errno);

/*
 * Begin a call on a device whose answer goes to a pointer: the first takes every handle, for
 * answers that never change; the second refuses a device that is lost; the third does, too,
 * and gives the status that told it so.
 */
nvmlReturn_t nvml_enter_handle(nvmlDevice_t handle, const void *out);
nvmlReturn_t nvml_enter_device(nvmlDevice_t handle, const void *out);
nvmlReturn_t nvml_enter_status(nvmlDevice_t handle, const void *out, struct vgpu_device_status *status);

/* The function of a call that lists what this device never has. */
#define NVML_LISTS_NONE(function)                                                           \
	EXPORT nvmlReturn_t function(nvmlDevice_t device, unsigned int *count, void *array) \
	{                                                                                   \
		nvmlReturn_t r = nvml_enter_device(device, count);                          \
                                                                                            \
		(void)array;                                                                \
		if (r != NVML_SUCCESS)                                                      \
			return r;                                                           \
		*count = 0;                                                                 \
		return nvml_leave(NVML_SUCCESS);                                            \
	}

nvmlReturn_t nvml_sensors(struct nvml_device *d, struct vgpu_sensors *s);

/* A share in whole percent, 100 at most. */
static inline unsigned int nvml_percent(uint64_t part, uint64_t whole)
{
	uint64_t p = whole ? part * 100 / whole : 0;

	return p < 100 ? p : 100;
}

/* How a call that returns an array tells of its size: room 0 or too small, and the number needed. */
static inline nvmlReturn_t nvml_room(unsigned int needed, unsigned int *count, const void *array)
{
	unsigned int room = array ? *count : 0;

	*count = needed;
	return needed <= room ? NVML_SUCCESS : NVML_ERROR_INSUFFICIENT_SIZE;
}

/* Forget every event set, at the last shutdown. */
/* Around a fork, inside of the library's lock: the child gets no lock that a thread of its parent holds. */
void nvml_events_hold(void);
void nvml_events_let_go(void);
void nvml_events_end(void);

/* Copy a string out; INSUFFICIENT_SIZE when it does not fit. */
nvmlReturn_t nvml_string(char *to, unsigned int size, const char *from);

void nvml_uuid_text(const struct nvml_device *d, char text[UUID_TEXT_SIZE]);

/* Answer of a function that is only a name here; logs each once (VGPU_TRACE). */
nvmlReturn_t nvml_unsupported(const char *name, bool *logged);

#endif
