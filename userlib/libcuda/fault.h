/* SPDX-License-Identifier: MIT */
/* What a fault of the device is called in CUDA. */
#ifndef VGPU_FAULT_H
#define VGPU_FAULT_H

#include "../libvgpu/libvgpu.h"
#include "cuda_abi.h"

CUresult cu_fault_result(const struct vgpu_fault *fault);
/* A line in the log: kernel, block, thread, address. */
void cu_fault_log(const struct vgpu_fault *fault);

#endif
