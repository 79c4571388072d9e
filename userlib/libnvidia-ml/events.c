// SPDX-License-Identifier: MIT
/*
 * Event sets: Xids, memory errors, clocks and recovery actions, as the kernel's event ring tells them. A set has a file of its
 * own for each device, because the kernel remembers per file what poll() has told of.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "device.h"

/**
 * struct watch - one device of a set
 * @device: device, NULL while it is not in the set
 * @dev: the set's own file
 * @types: event types asked for
 * @after: the last kernel event seen
 * @gone: the device was removed: there will be no more events than those that are there
 * @due: types of that event which are still to be told
 * @data: what to tell with them
 */
struct watch {
	struct nvml_device *device;
	struct vgpu_dev dev;
	unsigned long long types;
	uint64_t after;
	bool gone;
	unsigned long long due;
	unsigned long long data;
};

/**
 * struct nvml_event_set - what a set's handle points to
 * @next: in the list of all
 * @waiters: threads inside of nvmlEventSetWait()
 * @dead: freed; the last waiter lets go of the memory
 * @watch: one for each device
 */
struct nvml_event_set {
	struct nvml_event_set *next;
	unsigned int waiters;
	bool dead;
	struct watch watch[VGPU_MAX_DEVICES];
};

static struct nvml_event_set *sets;
static pthread_mutex_t sets_lock = PTHREAD_MUTEX_INITIALIZER; /* inside of the library's: protects all here */

void nvml_events_hold(void)
{
	pthread_mutex_lock(&sets_lock);
}

void nvml_events_let_go(void)
{
	pthread_mutex_unlock(&sets_lock);
}

static bool is_set(const struct nvml_event_set *set)
{
	for (const struct nvml_event_set *s = sets; s; s = s->next)
		if (s == set)
			return true;
	return false;
}

/* Begin and end a call on a set. */
static nvmlReturn_t enter_set(const struct nvml_event_set *set, const void *out)
{
	nvmlReturn_t r = nvml_enter();

	if (r != NVML_SUCCESS)
		return r;
	pthread_mutex_lock(&sets_lock);
	if (out && is_set(set))
		return NVML_SUCCESS;
	pthread_mutex_unlock(&sets_lock);
	return nvml_leave(NVML_ERROR_INVALID_ARGUMENT);
}

static nvmlReturn_t leave_set(nvmlReturn_t r)
{
	pthread_mutex_unlock(&sets_lock);
	return nvml_leave(r);
}

/* Let go of a set that is out of the list and has no waiters. */
static void release(struct nvml_event_set *set)
{
	for (int i = 0; i < VGPU_MAX_DEVICES; i++)
		if (set->watch[i].device)
			vgpu_dev_close(&set->watch[i].dev);
	free(set);
}

/* Take a set out of the list and end it; its waiters return within their next look. */
static void end(struct nvml_event_set *set)
{
	struct nvml_event_set **p = &sets;

	while (*p != set)
		p = &(*p)->next;
	*p = set->next;
	set->dead = true;
	if (!set->waiters)
		release(set);
}

void nvml_events_end(void)
{
	pthread_mutex_lock(&sets_lock);
	while (sets)
		end(sets);
	pthread_mutex_unlock(&sets_lock);
}

EXPORT nvmlReturn_t nvmlEventSetCreate(nvmlEventSet_t *out)
{
	nvmlReturn_t r = nvml_enter();
	struct nvml_event_set *set;

	if (r != NVML_SUCCESS)
		return r;
	if (!out)
		return nvml_leave(NVML_ERROR_INVALID_ARGUMENT);
	set = calloc(1, sizeof(*set));
	if (!set)
		return nvml_leave(NVML_ERROR_MEMORY);
	pthread_mutex_lock(&sets_lock);
	set->next = sets;
	sets = set;
	pthread_mutex_unlock(&sets_lock);
	*out = set;
	return nvml_leave(NVML_SUCCESS);
}

EXPORT nvmlReturn_t nvmlEventSetFree(nvmlEventSet_t set)
{
	nvmlReturn_t r = enter_set(set, set);

	if (r != NVML_SUCCESS)
		return r;
	end(set);
	return leave_set(NVML_SUCCESS);
}

static unsigned long long supported(const struct nvml_device *d)
{
	unsigned long long types = NVML_EVENT_XID_CRITICAL | NVML_EVENT_CLOCK | NVML_EVENT_GPU_RECOVERY_ACTION;

	if (d->dev.info.features & VGPU_FEATURE_ECC)
		types |= NVML_EVENT_SINGLE_BIT_ECC | NVML_EVENT_DOUBLE_BIT_ECC;
	return types;
}

EXPORT nvmlReturn_t nvmlDeviceGetSupportedEventTypes(nvmlDevice_t device, unsigned long long *types)
{
	nvmlReturn_t r = nvml_enter_handle(device, types);

	if (r != NVML_SUCCESS)
		return r;
	*types = supported(device);
	return nvml_leave(NVML_SUCCESS);
}

/* Open the device once more; events from now on count. */
static nvmlReturn_t begin_watch(struct watch *w, struct nvml_device *d)
{
	struct vgpu_device_status s;
	nvmlReturn_t r;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", d->dev.fd);
	w->dev = d->dev;
	w->dev.fd = open(path, O_RDWR | O_CLOEXEC);
	if (w->dev.fd < 0)
		return nvml_error(-errno);
	r = nvml_error(vgpu_dev_status(&w->dev, &s));
	if (r != NVML_SUCCESS) {
		vgpu_dev_close(&w->dev);
		return r;
	}
	w->after = s.last_event;
	w->gone = false;
	w->device = d;
	return NVML_SUCCESS;
}

static nvmlReturn_t add_watch(struct nvml_event_set *set, struct nvml_device *d, unsigned long long types)
{
	struct watch *w = &set->watch[d - nvml_device_at(0)];
	nvmlReturn_t r = w->device ? NVML_SUCCESS : begin_watch(w, d);

	if (r == NVML_SUCCESS)
		w->types |= types;
	return r;
}

EXPORT nvmlReturn_t nvmlDeviceRegisterEvents(nvmlDevice_t device, unsigned long long types, nvmlEventSet_t set)
{
	nvmlReturn_t r = nvml_enter_device(device, set);

	if (r != NVML_SUCCESS)
		return r;
	if (types & ~supported(device))
		return nvml_leave(NVML_ERROR_NOT_SUPPORTED);
	pthread_mutex_lock(&sets_lock);
	return leave_set(is_set(set) ? add_watch(set, device, types) : NVML_ERROR_INVALID_ARGUMENT);
}

/* What NVML calls a kernel event, beside an Xid if it has one. */
static unsigned long long types_of(const struct vgpu_fault *f)
{
	unsigned long long types = f->xid ? NVML_EVENT_XID_CRITICAL : 0;

	if (f->kind == VGPU_EVENT_ECC_SINGLE)
		types |= NVML_EVENT_SINGLE_BIT_ECC;
	if (f->kind == VGPU_EVENT_ECC_DOUBLE)
		types |= NVML_EVENT_DOUBLE_BIT_ECC;
	if (f->kind == VGPU_EVENT_CLOCKS)
		types |= NVML_EVENT_CLOCK;
	if (f->kind == VGPU_EVENT_RECOVERY)
		types |= NVML_EVENT_GPU_RECOVERY_ACTION;
	return types;
}

/* Locked: the next event of a device that the set asks for; true when there is one. */
static bool take(struct watch *w, nvmlEventData_t *data)
{
	struct vgpu_fault f;
	uint32_t lost;

	while (!w->due && !vgpu_dev_event(&w->dev, &w->after, &lost, &f)) {
		w->due = types_of(&f) & w->types;
		w->data = f.xid;
	}
	if (!w->due)
		return false;
	*data = (nvmlEventData_t){
		.device = w->device,
		.eventType = w->due & -w->due,
		.gpuInstanceId = NVML_NO_INSTANCE,
		.computeInstanceId = NVML_NO_INSTANCE,
	};
	if (data->eventType == NVML_EVENT_XID_CRITICAL)
		data->eventData = w->data;
	w->due &= w->due - 1;
	return true;
}

static bool take_any(struct nvml_event_set *set, nvmlEventData_t *data)
{
	for (int i = 0; i < VGPU_MAX_DEVICES; i++)
		if (set->watch[i].device && take(&set->watch[i], data))
			return true;
	return false;
}

/* Locked: let go of a removed device all of whose events were told; true when there is one. */
static bool drop_gone(struct nvml_event_set *set)
{
	for (int i = 0; i < VGPU_MAX_DEVICES; i++) {
		struct watch *w = &set->watch[i];

		if (!w->device || !w->gone)
			continue;
		vgpu_dev_close(&w->dev);
		w->device = NULL;
		w->types = 0;
		return true;
	}
	return false;
}

#define LOOK_MS 500 /* so often a waiter looks whether its set was freed */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

/* Sleep until a device may have something new. Locked; without the lock meanwhile. */
static void sleep_on(struct nvml_event_set *set, int64_t left_ms)
{
	struct pollfd fds[VGPU_MAX_DEVICES];

	for (int i = 0; i < VGPU_MAX_DEVICES; i++)
		fds[i] = (struct pollfd){ .fd = set->watch[i].device ? set->watch[i].dev.fd : -1, .events = POLLPRI };
	pthread_mutex_unlock(&sets_lock);
	if (poll(fds, VGPU_MAX_DEVICES, left_ms < LOOK_MS ? left_ms : LOOK_MS) < 0)
		memset(fds, 0, sizeof(fds));
	pthread_mutex_lock(&sets_lock);
	for (int i = 0; i < VGPU_MAX_DEVICES; i++)
		if (fds[i].revents & (POLLERR | POLLHUP | POLLNVAL))
			set->watch[i].gone = true;
}

/* Locked; a set that is freed meanwhile ends the wait as one that never was. */
static nvmlReturn_t wait_for_event(struct nvml_event_set *set, nvmlEventData_t *data, unsigned int timeout_ms)
{
	int64_t end_ms = now_ms() + timeout_ms, left;

	while (!set->dead) {
		if (take_any(set, data))
			return NVML_SUCCESS;
		if (drop_gone(set)) /* once; then the set is of those that are left */
			return NVML_ERROR_GPU_IS_LOST;
		left = end_ms - now_ms();
		if (left <= 0)
			return NVML_ERROR_TIMEOUT;
		sleep_on(set, left);
	}
	return NVML_ERROR_INVALID_ARGUMENT;
}

EXPORT nvmlReturn_t nvmlEventSetWait_v2(nvmlEventSet_t set, nvmlEventData_t *data, unsigned int timeout_ms)
{
	nvmlReturn_t r = enter_set(set, data);

	if (r != NVML_SUCCESS)
		return r;
	set->waiters++;
	nvml_leave(NVML_SUCCESS); /* the other calls go on meanwhile */
	r = wait_for_event(set, data, timeout_ms);
	if (!--set->waiters && set->dead)
		release(set);
	pthread_mutex_unlock(&sets_lock);
	return r;
}

EXPORT nvmlReturn_t nvmlEventSetWait(nvmlEventSet_t set, nvmlEventData_v1_t *data, unsigned int timeout_ms)
{
	nvmlEventData_t full;
	nvmlReturn_t r = nvmlEventSetWait_v2(set, data ? &full : NULL, timeout_ms);

	if (r == NVML_SUCCESS)
		*data = (nvmlEventData_v1_t){ full.device, full.eventType, full.eventData };
	return r;
}
