// SPDX-License-Identifier: MIT
/* cuInit, and which devices this process sees. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../uapi/vgpu_isa.h"
#include "device.h"
#include "error_log.h"

static pthread_mutex_t init_lock = PTHREAD_MUTEX_INITIALIZER;
static struct cu_device devices[VGPU_MAX_DEVICES];
static CUresult init_state = CUDA_ERROR_NOT_INITIALIZED;
int cu_device_count;

/* The files and rings of the parent mean nothing in a child. */
static void forked(void)
{
	init_state = CUDA_ERROR_NOT_INITIALIZED;
	cu_device_count = 0;
	cu_log_forked();
}

/* "GPU-8d3f…" or a prefix of it that only one device has. */
static int find_uuid(const struct vgpu_dev *devs, int count, const char *text, size_t length)
{
	int found = -1;

	for (int i = 0; i < count; i++) {
		const unsigned char *u = devs[i].info.uuid;
		char name[48];

		snprintf(name, sizeof(name), "GPU-%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
			 u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14],
			 u[15]);
		if (length > strlen(name) || strncasecmp(name, text, length))
			continue;
		if (found >= 0)
			return -1;
		found = i;
	}
	return found;
}

static int find_visible(const struct vgpu_dev *devs, int count, const char *text, size_t length)
{
	char *end;
	long n;

	if (length >= 4 && !strncasecmp(text, "GPU-", 4))
		return find_uuid(devs, count, text, length);
	n = strtol(text, &end, 10);
	return end == text + length && length && n >= 0 && n < count ? n : -1;
}

/* CUDA_VISIBLE_DEVICES: indices or UUIDs; the list ends at the first that is none. */
static int choose_visible(const struct vgpu_dev *devs, int count, const char *list, int *chosen)
{
	int n = 0;

	if (!list) {
		for (; n < count; n++)
			chosen[n] = n;
		return n;
	}
	while (n < count) {
		size_t length;
		int i;

		while (isspace((unsigned char)*list))
			list++;
		length = strcspn(list, ", \t\n");
		i = find_visible(devs, count, list, length);
		if (i < 0)
			break;
		for (int k = 0; k < n; k++)
			if (chosen[k] == i)
				return 0; /* named twice: none, as on real systems */
		chosen[n++] = i;
		list += length;
		list += strspn(list, " \t\n");
		if (*list++ != ',')
			break;
	}
	return n;
}

static void device_init(struct cu_device *d, const struct vgpu_dev *dev, int ordinal)
{
	const char *cc = getenv("VGPU_COMPUTE_CAPABILITY");
	int major, minor;

	memset(d, 0, sizeof(*d));
	d->dev = *dev;
	d->ordinal = ordinal;
	d->cc_major = dev->info.cc_major;
	d->cc_minor = dev->info.cc_minor;
	if (cc && sscanf(cc, "%d.%d", &major, &minor) == 2) {
		d->cc_major = major;
		d->cc_minor = minor;
	}
	pthread_mutex_init(&d->lock, NULL);
	pthread_mutex_init(&d->primary_lock, NULL);
}

/* A device that has fallen off the bus is not there, until it is reset. */
static int drop_lost(struct vgpu_dev *devs, int count)
{
	struct vgpu_device_status status;
	int n = 0;

	for (int i = 0; i < count; i++) {
		if (!vgpu_dev_status(&devs[i], &status) && status.state & VGPU_STATE_LOST)
			vgpu_dev_close(&devs[i]);
		else
			devs[n++] = devs[i];
	}
	return n;
}

/* Whether the module takes what we compile: a library and a module of two installations often disagree. */
static CUresult check_versions(const struct vgpu_device_info *info)
{
	if (info->isa_version == VGPU_ISA_VERSION && info->uapi_version >= VGPU_UAPI_VERSION)
		return CUDA_SUCCESS;
	cu_log("this libcuda speaks instruction set %u.%u and uAPI %u, the kernel module %u.%u and %u: "
	       "install both from one version of vgpu",
	       (unsigned int)VGPU_ISA_MAJOR, (unsigned int)VGPU_ISA_MINOR, (unsigned int)VGPU_UAPI_VERSION,
	       info->isa_version >> 16, info->isa_version & 0xffff, info->uapi_version);
	/* What an older module lacks otherwise may never be asked for. */
	return info->isa_version == VGPU_ISA_VERSION ? CUDA_SUCCESS : CUDA_ERROR_SYSTEM_DRIVER_MISMATCH;
}

static CUresult find_devices(void)
{
	struct vgpu_dev *devs = calloc(VGPU_MAX_DEVICES, sizeof(*devs));
	int chosen[VGPU_MAX_DEVICES], count, n;
	CUresult r = CUDA_SUCCESS;

	if (!devs)
		return CUDA_ERROR_OUT_OF_MEMORY;
	count = vgpu_devices_open(devs, VGPU_MAX_DEVICES);
	if (count < 0) {
		free(devs);
		return count == -ENOMEM ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_ERROR_OPERATING_SYSTEM;
	}
	count = drop_lost(devs, count);
	if (count) /* one module has made them all */
		r = check_versions(&devs[0].info);
	n = r ? 0 : choose_visible(devs, count, getenv("CUDA_VISIBLE_DEVICES"), chosen);
	for (int i = 0; i < n; i++) {
		device_init(&devices[i], &devs[chosen[i]], i);
		devs[chosen[i]].fd = -1;
	}
	for (int i = 0; i < count; i++)
		if (devs[i].fd >= 0)
			vgpu_dev_close(&devs[i]);
	free(devs);
	cu_device_count = n;
	return r || n ? r : CUDA_ERROR_NO_DEVICE;
}

CUresult cu_init(void)
{
	static bool once;

	pthread_mutex_lock(&init_lock);
	if (!once) {
		once = true;
		cu_trace_init();
		pthread_atfork(NULL, NULL, forked);
	}
	if (init_state == CUDA_ERROR_NOT_INITIALIZED || init_state == CUDA_ERROR_NO_DEVICE ||
	    init_state == CUDA_ERROR_SYSTEM_DRIVER_MISMATCH || init_state == CUDA_ERROR_OPERATING_SYSTEM ||
	    init_state == CUDA_ERROR_OUT_OF_MEMORY)
		init_state = find_devices();
	pthread_mutex_unlock(&init_lock);
	return init_state;
}

CUresult cu_ready(void)
{
	return init_state;
}

struct cu_device *cu_device_at(int ordinal)
{
	return &devices[ordinal];
}

CUresult cu_device_get(CUdevice ordinal, struct cu_device **dev)
{
	CUresult r = cu_ready();

	if (r)
		return r;
	if (ordinal < 0 || ordinal >= cu_device_count)
		return CUDA_ERROR_INVALID_DEVICE;
	*dev = &devices[ordinal];
	return CUDA_SUCCESS;
}
