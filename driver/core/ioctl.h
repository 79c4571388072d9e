/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The handlers of the ioctl table in ioctl.c. Each takes the file and the
 * kernel's copy of the struct, zero-extended; flags and reserved members are its to check.
 * The copy goes back to the user when it returns 0 or -ERESTARTSYS.
 */
#ifndef _VGPU_CORE_IOCTL_H
#define _VGPU_CORE_IOCTL_H

#include <linux/types.h>

#include "../../uapi/vgpu_ioctl.h"

struct file;
struct vgpu_file;

/**
 * struct vgpu_share_call - a SHARE under way
 * @a: the struct
 * @file: what its descriptor will name, once the caller has been told the number
 */
struct vgpu_share_call {
	struct vgpu_share a;
	struct file *file;
};

long vgpu_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

/* core/query.c */
int vgpu_ioctl_device_info(struct vgpu_file *vf, void *arg);
int vgpu_ioctl_device_status(struct vgpu_file *vf, void *arg);
int vgpu_ioctl_process_list(struct vgpu_file *vf, void *arg);
int vgpu_ioctl_fault_query(struct vgpu_file *vf, void *arg);
int vgpu_ioctl_event_query(struct vgpu_file *vf, void *arg);
int vgpu_copy_array(u64 to, u32 to_size, const void *from, u32 from_size, u32 count);
/* core/sensors.c, core/monitor.c, core/account.c, core/control.c */
int vgpu_ioctl_sensors(struct vgpu_file *vf, void *arg);
int vgpu_ioctl_samples(struct vgpu_file *vf, void *arg);
int vgpu_ioctl_accounts(struct vgpu_file *vf, void *arg);
int vgpu_ioctl_device_set(struct vgpu_file *vf, void *arg);
/* core/inject.c */
int vgpu_ioctl_inject(struct vgpu_file *vf, void *arg);
int vgpu_ioctl_reset(struct vgpu_file *vf, void *arg);
/* core/object.c, core/context.c, core/code.c */
int vgpu_ioctl_destroy(struct vgpu_file *vf, void *arg);
int vgpu_ioctl_ctx_create(struct vgpu_file *vf, void *arg);
int vgpu_ioctl_code_load(struct vgpu_file *vf, void *arg);
int vgpu_ioctl_kernel_info(struct vgpu_file *vf, void *arg);
/* mm */
int vgpu_ioctl_bo_create(struct vgpu_file *vf, void *arg);
int vgpu_ioctl_bo_mmap(struct vgpu_file *vf, void *arg);
int vgpu_ioctl_share(struct vgpu_file *vf, void *arg);
void vgpu_share_told(struct vgpu_file *vf, void *arg, bool told);
int vgpu_ioctl_open_shared(struct vgpu_file *vf, void *arg);
int vgpu_ioctl_va_map(struct vgpu_file *vf, void *arg);
void vgpu_va_map_told(struct vgpu_file *vf, void *arg, bool told);
int vgpu_ioctl_va_unmap(struct vgpu_file *vf, void *arg);
int vgpu_ioctl_host_register(struct vgpu_file *vf, void *arg);
int vgpu_ioctl_mem_copy(struct vgpu_file *vf, void *arg);
/* sched */
int vgpu_ioctl_queue_create(struct vgpu_file *vf, void *arg);
int vgpu_ioctl_doorbell(struct vgpu_file *vf, void *arg);
int vgpu_ioctl_fence_create(struct vgpu_file *vf, void *arg);
int vgpu_ioctl_fence_signal(struct vgpu_file *vf, void *arg);
int vgpu_ioctl_wait(struct vgpu_file *vf, void *arg);
int vgpu_ioctl_eventfd(struct vgpu_file *vf, void *arg);

#endif
