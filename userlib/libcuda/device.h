/* SPDX-License-Identifier: MIT */
/* The devices of this process. */
#ifndef VGPU_DEVICE_H
#define VGPU_DEVICE_H

#include <pthread.h>
#include "../libvgpu/libvgpu.h"
#include "api.h"

/**
 * struct cu_device - a device as this process sees it
 * @dev: libvgpu's
 * @ordinal: number among the visible ones
 * @cc_major: compute capability reported, usually the device's
 * @cc_minor: likewise
 * @lock: guards what contexts make lazily
 * @primary_lock: guards what follows; held while the primary context begins or ends
 * @primary: the primary context; made once, then kept
 * @primary_refs: how often it is retained
 * @primary_flags: its scheduling flags
 */
struct cu_device {
	struct vgpu_dev dev;
	int ordinal;
	int cc_major, cc_minor;
	pthread_mutex_t lock, primary_lock;
	CUcontext primary;
	unsigned int primary_refs;
	unsigned int primary_flags;
};

extern int cu_device_count;

/* CUDA_SUCCESS when cuInit was called here (and not only before a fork). */
CUresult cu_ready(void);
CUresult cu_init(void);
struct cu_device *cu_device_at(int ordinal);
CUresult cu_device_get(CUdevice ordinal, struct cu_device **dev);
bool cu_device_account(struct cu_device *d);
CUresult cu_device_attribute(struct cu_device *d, int attribute, int *value);
CUresult cu_device_attribute_for(struct cu_device *d, int attribute, const void *caller, int *value);

#endif
