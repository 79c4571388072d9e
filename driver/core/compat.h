/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences between the kernels that the module is built for (6.1 to 7.x),
 * so that no other file asks for a version.
 */
#ifndef _VGPU_CORE_COMPAT_H
#define _VGPU_CORE_COMPAT_H

#include <linux/device.h>
#include <linux/eventfd.h>
#include <linux/mm.h>
#include <linux/version.h>
#if defined(CONFIG_X86_64) && !defined(CONFIG_UML)
#include <asm/nospec-branch.h>
#endif

static inline void vgpu_vm_flags(struct vm_area_struct *vma, unsigned long set,
				 unsigned long clear)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_mod(vma, set, clear);
#else
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
#endif
}

static inline struct class *vgpu_class_create(const char *name)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	return class_create(name);
#else
	return class_create(THIS_MODULE, name);
#endif
}

static inline void vgpu_eventfd_signal(struct eventfd_ctx *ctx)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
	eventfd_signal(ctx);
#else
	eventfd_signal(ctx, 1);
#endif
}

/* Keep what one context trained the branch predictor to from another. */
static inline void vgpu_branch_barrier(void)
{
#if defined(CONFIG_X86_64) && !defined(CONFIG_UML)
	indirect_branch_prediction_barrier();
#endif
}

/* The devnode callback of a class got a const device in 6.2. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#define VGPU_DEVNODE_CONST const
#else
#define VGPU_DEVNODE_CONST
#endif

#endif
