// SPDX-License-Identifier: MIT
/* cuLaunch*. */
#include "event.h"
#include "graph_abi.h"
#include "launch.h"

#define LAUNCH_PARAMS                                                                                      \
	CUfunction f, unsigned int gx, unsigned int gy, unsigned int gz, unsigned int bx, unsigned int by, \
		unsigned int bz, unsigned int dynamic, CUstream stream

static CUresult launch(CUfunction f, struct cu_launch *l, CUstream stream)
{
	cu_trace("grid (%u,%u,%u) block (%u,%u,%u) shared %u", l->grid[0], l->grid[1], l->grid[2], l->block[0],
		 l->block[1], l->block[2], l->dynamic);
	return cu_launch(f, l, stream);
}

static CUresult launch_kernel(LAUNCH_PARAMS, void **params, void **extra)
{
	struct cu_launch l = {
		.grid = { gx, gy, gz },
		.block = { bx, by, bz },
		.dynamic = dynamic,
		.params = params,
		.extra = extra,
	};

	return params && extra ? CUDA_ERROR_INVALID_VALUE : launch(f, &l, stream);
}

static CUresult launch_cooperative(LAUNCH_PARAMS, void **params)
{
	struct cu_launch l = {
		.grid = { gx, gy, gz },
		.block = { bx, by, bz },
		.dynamic = dynamic,
		.cooperative = true,
		.params = params,
	};

	return launch(f, &l, stream);
}

CU_EXPORT CUresult cuLaunchKernel_ptsz(LAUNCH_PARAMS, void **params, void **extra);
CU_EXPORT CUresult cuLaunchCooperativeKernel_ptsz(LAUNCH_PARAMS, void **params);

CUDA_API(cuLaunchKernel, CU_ARGS(LAUNCH_PARAMS, void **params, void **extra),
	 CU_ARGS(f, gx, gy, gz, bx, by, bz, dynamic, stream, params, extra))
{
	return launch_kernel(f, gx, gy, gz, bx, by, bz, dynamic, stream, params, extra);
}

CUresult cuLaunchKernel_ptsz(LAUNCH_PARAMS, void **params, void **extra)
{
	return CU_CALL("cuLaunchKernel_ptsz",
		       launch_kernel(f, gx, gy, gz, bx, by, bz, dynamic, CU_PTSZ(stream), params, extra));
}

CUDA_API(cuLaunchCooperativeKernel, CU_ARGS(LAUNCH_PARAMS, void **params),
	 CU_ARGS(f, gx, gy, gz, bx, by, bz, dynamic, stream, params))
{
	return launch_cooperative(f, gx, gy, gz, bx, by, bz, dynamic, stream, params);
}

CUresult cuLaunchCooperativeKernel_ptsz(LAUNCH_PARAMS, void **params)
{
	return CU_CALL("cuLaunchCooperativeKernel_ptsz",
		       launch_cooperative(f, gx, gy, gz, bx, by, bz, dynamic, CU_PTSZ(stream), params));
}

/* Attributes that change what runs, or that can be left aside. */
CUresult cu_launch_attribute(const CUlaunchAttribute *a, struct cu_launch *l)
{
	switch (a->id) {
	case CU_LAUNCH_ATTRIBUTE_COOPERATIVE:
		l->cooperative = a->value.cooperative;
		return CUDA_SUCCESS;
	case CU_LAUNCH_ATTRIBUTE_PRIORITY:
		l->own_priority = true;
		l->priority = cu_priority_within(a->value.priority);
		return CUDA_SUCCESS;
	case CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION:
		return cu_check_cluster((unsigned int[]){ a->value.cluster.x, a->value.cluster.y, a->value.cluster.z });
	case CU_LAUNCH_ATTRIBUTE_IGNORE:
	case CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW:
	case CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY:
	case CU_LAUNCH_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
	case CU_LAUNCH_ATTRIBUTE_PREFERRED_CLUSTER_DIMENSION:
	case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP:
	case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN:
	case CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
	/* Kernels of a stream never overlap: serialized more than asked for. */
	case CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION:
		return CUDA_SUCCESS;
	/* Events at a point within the kernel: its end is later than either. */
	case CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT:
	case CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT:
		if (!a->value.event.event || (a->value.event.flags & ~CU_EVENT_RECORD_EXTERNAL))
			return CUDA_ERROR_INVALID_VALUE;
		l->event = a->value.event.event;
		l->external = a->value.event.flags;
		return CUDA_SUCCESS;
	case CU_LAUNCH_ATTRIBUTE_DEVICE_UPDATABLE_KERNEL_NODE:
		return cu_refuse("launch attribute: device updatable kernel node");
	default:
		return CUDA_ERROR_INVALID_VALUE;
	}
}

static CUresult launch_ex(const CUlaunchConfig *c, CUfunction f, void **params, void **extra, bool per_thread)
{
	struct cu_launch l = { .params = params, .extra = extra };
	CUresult r = CUDA_SUCCESS;
	CUstream stream;

	if (!c || (params && extra) || (c->numAttrs && !c->attrs))
		return CUDA_ERROR_INVALID_VALUE;
	for (unsigned int i = 0; i < c->numAttrs && !r; i++)
		r = cu_launch_attribute(&c->attrs[i], &l);
	if (r)
		return r;
	l.attrs = c->attrs;
	l.nattrs = c->numAttrs;
	l.grid[0] = c->gridDimX;
	l.grid[1] = c->gridDimY;
	l.grid[2] = c->gridDimZ;
	l.block[0] = c->blockDimX;
	l.block[1] = c->blockDimY;
	l.block[2] = c->blockDimZ;
	l.dynamic = c->sharedMemBytes;
	stream = per_thread ? CU_PTSZ(c->hStream) : c->hStream;
	r = launch(f, &l, stream);
	return r || !l.event ? r : cu_event_record(l.event, stream, l.external);
}

CU_EXPORT CUresult cuLaunchKernelEx_ptsz(const CUlaunchConfig *config, CUfunction f, void **params, void **extra);

CUDA_API(cuLaunchKernelEx, CU_ARGS(const CUlaunchConfig *config, CUfunction f, void **params, void **extra),
	 CU_ARGS(config, f, params, extra))
{
	return launch_ex(config, f, params, extra, false);
}

CUresult cuLaunchKernelEx_ptsz(const CUlaunchConfig *config, CUfunction f, void **params, void **extra)
{
	return CU_CALL("cuLaunchKernelEx_ptsz", launch_ex(config, f, params, extra, true));
}
