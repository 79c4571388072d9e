// SPDX-License-Identifier: MIT
/* What a fault of the device is called in CUDA. */
#include <stdio.h>

#include "api.h"
#include "error.h"
#include "fault.h"

static const struct {
	CUresult result;
	const char *what;
} faults[] = {
#define FAULT_KIND(kind, xid, cuda, words) [VGPU_FAULT_##kind] = { CUDA_ERROR_##cuda, words },
#define EVENT_KIND(kind, xid, words)       /* ends no context */
#include "../../uapi/vgpu_faults.def"
#undef FAULT_KIND
#undef EVENT_KIND
};

enum { FAULTS = sizeof(faults) / sizeof(faults[0]) };

CUresult cu_fault_result(const struct vgpu_fault *fault)
{
	return fault->kind < FAULTS ? faults[fault->kind].result : CUDA_ERROR_UNKNOWN;
}

void cu_fault_log(const struct vgpu_fault *f)
{
	char address[40] = "";

	if (!f->kind)
		return;
	if (!f->kernel_name[0] && !f->address && !f->queue) { /* the whole device's */
		const char *what = f->kind < FAULTS ? faults[f->kind].what : "unknown fault";

		if (f->xid)
			cu_log("%s: %s (Xid %u)", cu_error_name(cu_fault_result(f)), what, f->xid);
		else /* a reset, a device that was removed */
			cu_log("%s: %s", cu_error_name(cu_fault_result(f)), what);
		return;
	}
	if (f->access_bytes || f->address) /* a null pointer's access is one, too */
		snprintf(address, sizeof(address), ", address 0x%llx", (unsigned long long)f->address);
	cu_log("%s: %s%s%.*s, block (%u,%u,%u) thread (%u,%u,%u)%s, PTX line %u", cu_error_name(cu_fault_result(f)),
	       f->kind < FAULTS ? faults[f->kind].what : "unknown fault", f->kernel_name[0] ? " in " : "",
	       VGPU_KERNEL_NAME_LEN, f->kernel_name, f->block[0], f->block[1], f->block[2], f->thread[0], f->thread[1],
	       f->thread[2], address, f->line);
}
