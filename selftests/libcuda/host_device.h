/* SPDX-License-Identifier: MIT */
/* The device inside the test process: what it has seen. */
#ifndef HOST_DEVICE_H
#define HOST_DEVICE_H

#include <stdbool.h>
#include <stdint.h>
#include "../../uapi/vgpu_ioctl.h"

struct host_device_counts {
	uint64_t launches, copies, mem_copies;
	struct vgpu_pkt_launch last_launch;
};

/* The next copy packet ends its context. */
void host_device_fail_next_copy(void);
/* Whether it makes no more queues from here on. */
void host_device_refuse_queues(bool refuse);
/* From here on it says that it takes instructions of this version. */
void host_device_isa(uint32_t version);
/* Handles that exist. */
int host_device_objects(void);

extern struct host_device_counts host_device_counts;

#endif
