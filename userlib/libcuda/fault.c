// SPDX-License-Identifier: MIT
/* What a fault of the device is called in CUDA. */
#include "api.h"
#include "error.h"
#include "fault.h"

static const struct {
	CUresult result;
	const char *what;
} faults[] = {
	[VGPU_FAULT_NONE] = { CUDA_ERROR_LAUNCH_FAILED, "no reason given" },
	[VGPU_FAULT_ADDRESS] = { CUDA_ERROR_ILLEGAL_ADDRESS, "access outside every mapping" },
	[VGPU_FAULT_READONLY] = { CUDA_ERROR_ILLEGAL_ADDRESS, "write to read-only memory" },
	[VGPU_FAULT_MISALIGNED] = { CUDA_ERROR_MISALIGNED_ADDRESS, "misaligned access" },
	[VGPU_FAULT_SHARED] = { CUDA_ERROR_ILLEGAL_ADDRESS, "access outside the block's shared memory" },
	[VGPU_FAULT_LOCAL] = { CUDA_ERROR_ILLEGAL_ADDRESS, "access outside the thread's local memory" },
	[VGPU_FAULT_STACK] = { CUDA_ERROR_HARDWARE_STACK_ERROR, "stack overflow" },
	[VGPU_FAULT_TRAP] = { CUDA_ERROR_LAUNCH_FAILED, "trap instruction" },
	[VGPU_FAULT_ASSERT] = { CUDA_ERROR_ASSERT, "assertion failed" },
	[VGPU_FAULT_BRANCH] = { CUDA_ERROR_INVALID_PC, "call of what is no function" },
	[VGPU_FAULT_BARRIER] = { CUDA_ERROR_ILLEGAL_INSTRUCTION, "barrier that can never complete" },
	[VGPU_FAULT_TIMEOUT] = { CUDA_ERROR_LAUNCH_TIMEOUT, "time limit" },
	[VGPU_FAULT_PACKET] = { CUDA_ERROR_LAUNCH_FAILED, "malformed packet" },
	[VGPU_FAULT_COPY] = { CUDA_ERROR_ILLEGAL_ADDRESS, "copy outside every mapping" },
	[VGPU_FAULT_MEMORY] = { CUDA_ERROR_OUT_OF_MEMORY, "the machine has no memory left" },
	[VGPU_FAULT_ENGINE] = { CUDA_ERROR_LAUNCH_FAILED, "internal error" },
	[VGPU_FAULT_ADDRESS_SPACE] = { CUDA_ERROR_INVALID_ADDRESS_SPACE, "address of the wrong space" },
	[VGPU_FAULT_INJECTED] = { CUDA_ERROR_LAUNCH_FAILED, "injected" },
	[VGPU_FAULT_ECC] = { CUDA_ERROR_ECC_UNCORRECTABLE, "uncorrected memory error" },
	[VGPU_FAULT_LOST] = { CUDA_ERROR_UNKNOWN, "the device is lost" },
	[VGPU_FAULT_RESET] = { CUDA_ERROR_UNKNOWN, "the device was reset" },
	[VGPU_FAULT_INSTRUCTION] = { CUDA_ERROR_ILLEGAL_INSTRUCTION, "illegal instruction" },
};

enum { FAULTS = sizeof(faults) / sizeof(faults[0]) };

CUresult cu_fault_result(const struct vgpu_fault *fault)
{
	return fault->kind < FAULTS ? faults[fault->kind].result : CUDA_ERROR_UNKNOWN;
}

void cu_fault_log(const struct vgpu_fault *f)
{
	if (!f->kind)
		return;
	if (!f->kernel_name[0] && !f->address && !f->queue) {	/* the whole device's */
		const char *what = f->kind < FAULTS ? faults[f->kind].what : "unknown fault";

		if (f->xid)
			cu_log("%s: %s (Xid %u)", cu_error_name(cu_fault_result(f)), what, f->xid);
		else	/* a reset, a device that was removed */
			cu_log("%s: %s", cu_error_name(cu_fault_result(f)), what);
		return;
	}
	cu_log("%s: %s%s%.*s, block (%u,%u,%u) thread (%u,%u,%u), address 0x%llx, PTX line %u",
	       cu_error_name(cu_fault_result(f)), f->kind < FAULTS ? faults[f->kind].what : "unknown fault",
	       f->kernel_name[0] ? " in " : "", VGPU_KERNEL_NAME_LEN, f->kernel_name,
	       f->block[0], f->block[1], f->block[2], f->thread[0], f->thread[1], f->thread[2],
	       (unsigned long long)f->address, f->line);
}
