/* SPDX-License-Identifier: MIT */
/* The engine behind the device inside the test process. */
#ifndef HOST_ENGINE_H
#define HOST_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include "../../uapi/vgpu_ioctl.h"

struct engine_code;

/* 0 or a negative errno; the verifier's message goes to log. */
int host_engine_load(const void *image, size_t size, char *log, size_t log_size, struct engine_code **code);
void host_engine_unload(struct engine_code *code);
unsigned int host_engine_kernels(struct engine_code *code);
int host_engine_info(struct engine_code *code, struct vgpu_kernel_info *info);

/**
 * host_engine_run - run a grid to its end
 * @code: code object
 * @packet: the launch packet, parameters behind it
 * @find: where a GPU address lies: a pointer, or NULL; *size is what follows it
 * @data: handed to @find
 * @stop: set from outside to end early
 * @fault: filled in when it faults
 *
 * Return: false when it faulted.
 */
bool host_engine_run(struct engine_code *code, const struct vgpu_pkt_launch *packet,
		     void *(*find)(void *data, unsigned long long va, unsigned long long *start,
				   unsigned long long *size),
		     void *data, const volatile bool *stop, struct vgpu_fault *fault);

#endif
