// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctl table: sizes, copying in and out, dispatch.
 */
#include <linux/fs.h>
#include <linux/stddef.h>
#include <linux/uaccess.h>

#include "ioctl.h"
#include "vgpu.h"

/**
 * struct ioctl_op - one ioctl
 * @cmd: its number, as user space writes it
 * @size: sizeof of its struct now
 * @min_size: ... in the first version of the contract
 * @always: also on a device that is lost or removed
 * @made: offset of the handle of the object that it makes, 0 where it makes none
 * @fn: handler
 * @told: after success: whether the caller could be given the answer; may be NULL
 */
struct ioctl_op {
	unsigned int cmd;
	u32 size;
	u32 min_size;
	bool always;
	u16 made;
	int (*fn)(struct vgpu_file *vf, void *arg);
	void (*told)(struct vgpu_file *vf, void *arg, bool told);
};

#define OP(NAME, fn_, struct_, last)					\
	{ .cmd = VGPU_IOCTL_##NAME, .fn = (fn_),			\
	  .size = sizeof(struct_), .min_size = offsetofend(struct_, last) }

#define OP_ALWAYS(NAME, fn_, struct_, last)				\
	{ .cmd = VGPU_IOCTL_##NAME, .fn = (fn_), .always = true,	\
	  .size = sizeof(struct_), .min_size = offsetofend(struct_, last) }

#define OP_MAKES(NAME, fn_, struct_, last)				\
	{ .cmd = VGPU_IOCTL_##NAME, .fn = (fn_),			\
	  .made = offsetof(struct_, handle),				\
	  .size = sizeof(struct_), .min_size = offsetofend(struct_, last) }

#define OP_TOLD(NAME, fn_, told_, struct_, last)			\
	{ .cmd = VGPU_IOCTL_##NAME, .fn = (fn_), .told = (told_),	\
	  .size = sizeof(struct_), .min_size = offsetofend(struct_, last) }

/* In rising order of cmd. */
static const struct ioctl_op ops[] = {
	OP_ALWAYS(DEVICE_INFO, vgpu_ioctl_device_info, struct vgpu_device_info, reserved),
	OP_ALWAYS(DEVICE_STATUS, vgpu_ioctl_device_status, struct vgpu_device_status, reserved),
	OP_ALWAYS(PROCESS_LIST, vgpu_ioctl_process_list, struct vgpu_process_list, reserved),
	OP_ALWAYS(FAULT_QUERY, vgpu_ioctl_fault_query, struct vgpu_fault_query, fault),
	OP_ALWAYS(EVENT_QUERY, vgpu_ioctl_event_query, struct vgpu_event_query, fault),
	OP(SENSORS, vgpu_ioctl_sensors, struct vgpu_sensors, reserved),
	OP(SAMPLES, vgpu_ioctl_samples, struct vgpu_samples, reserved),
	OP(ACCOUNTS, vgpu_ioctl_accounts, struct vgpu_accounts, limit),
	OP(DEVICE_SET, vgpu_ioctl_device_set, struct vgpu_device_set, value),
	OP_ALWAYS(INJECT, vgpu_ioctl_inject, struct vgpu_inject, reserved),
	OP_ALWAYS(RESET, vgpu_ioctl_reset, struct vgpu_reset, flags),
	OP_ALWAYS(DESTROY, vgpu_ioctl_destroy, struct vgpu_destroy, handle),
	OP_MAKES(CTX_CREATE, vgpu_ioctl_ctx_create, struct vgpu_ctx_create, reserved),
	OP_MAKES(BO_CREATE, vgpu_ioctl_bo_create, struct vgpu_bo_create, reserved),
	OP(BO_MMAP, vgpu_ioctl_bo_mmap, struct vgpu_bo_mmap, length),
	OP_TOLD(VA_MAP, vgpu_ioctl_va_map, vgpu_va_map_told, struct vgpu_va_map, align),
	OP(VA_UNMAP, vgpu_ioctl_va_unmap, struct vgpu_va_unmap, length),
	OP_MAKES(HOST_REGISTER, vgpu_ioctl_host_register, struct vgpu_host_register, length),
	OP(MEM_COPY, vgpu_ioctl_mem_copy, struct vgpu_mem_copy, done),
	OP_TOLD(SHARE, vgpu_ioctl_share, vgpu_share_told, struct vgpu_share, token),
	OP_MAKES(OPEN_SHARED, vgpu_ioctl_open_shared, struct vgpu_open_shared, token),
	OP_MAKES(CODE_LOAD, vgpu_ioctl_code_load, struct vgpu_code_load, kernels),
	OP(KERNEL_INFO, vgpu_ioctl_kernel_info, struct vgpu_kernel_info, name),
	OP_MAKES(QUEUE_CREATE, vgpu_ioctl_queue_create, struct vgpu_queue_create, kernel_length),
	OP(DOORBELL, vgpu_ioctl_doorbell, struct vgpu_doorbell, queue),
	OP_MAKES(FENCE_CREATE, vgpu_ioctl_fence_create, struct vgpu_fence_create, value),
	OP(FENCE_SIGNAL, vgpu_ioctl_fence_signal, struct vgpu_fence_signal, value),
	OP(WAIT, vgpu_ioctl_wait, struct vgpu_wait, reserved),
	OP(EVENTFD, vgpu_ioctl_eventfd, struct vgpu_eventfd, flags),
};

/* Room for the largest of the structs. */
union any {
	struct vgpu_device_info info;
	struct vgpu_device_status status;
	struct vgpu_kernel_info kernel;
	struct vgpu_mem_copy copy;
	struct vgpu_share_call share;
	u64 align;
};

static const struct ioctl_op *find(unsigned int cmd)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(ops); i++)
		if (ops[i].cmd == cmd)
			return &ops[i];
	return NULL;
}

/* Nobody knows what was made: it goes again, unless another thread was quicker. */
static void undo(struct vgpu_file *vf, const struct ioctl_op *op, const void *arg)
{
	struct vgpu_destroy d = { .handle = *(const u32 *)(arg + op->made) };

	vgpu_ioctl_destroy(vf, &d);
}

static int answer(struct vgpu_file *vf, const struct ioctl_op *op, void *arg,
		  void __user *uptr, u32 usize)
{
	bool told = !copy_to_user(uptr, arg, min(usize, op->size));

	if (op->told)
		op->told(vf, arg, told);
	if (!told && op->made)
		undo(vf, op, arg);
	return told ? 0 : -EFAULT;
}

/**
 * vgpu_ioctl - the file operation
 * @file: an open of a device
 * @cmd: VGPU_IOCTL_*
 * @ptr: pointer to the struct
 *
 * Unknown numbers and bad sizes never get further than here.
 *
 * Return: 0 or the call's errno; -ENOTTY for an unknown number.
 */
long vgpu_ioctl(struct file *file, unsigned int cmd, unsigned long ptr)
{
	const struct ioctl_op *op = find(cmd);
	struct vgpu_file *vf = file->private_data;
	void __user *uptr = (void __user *)ptr;
	union any arg;
	u32 usize;
	long rc;

	BUILD_BUG_ON(sizeof(arg) > 1024);
	if (!op)
		return -ENOTTY;
	if (WARN_ON_ONCE(op->size > sizeof(arg)))
		return -EOPNOTSUPP;
	if (get_user(usize, (u32 __user *)uptr))
		return -EFAULT;
	if (usize < op->min_size)
		return -EINVAL;
	if (usize > PAGE_SIZE)
		return -E2BIG;
	rc = copy_struct_from_user(&arg, op->size, uptr, usize);
	if (rc)
		return rc;
	if (!op->always && vgpu_device_gone(vf->dev))
		return -ENODEV;
	rc = op->fn(vf, &arg);
	if (rc && rc != -ERESTARTSYS)
		return rc;
	return answer(vf, op, &arg, uptr, usize) ?: rc;
}
