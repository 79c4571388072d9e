// SPDX-License-Identifier: MIT
/*
 * Which atomic operations reach the host's and another device's memory as one
 * operation: all that PTX has (PTX ISA 9.7.13, atom and red), for the engine does
 * them with the processor's own atomic instructions, wherever the memory is.
 */
#include "device.h"

enum {
	SIGNED = 1 << 0,
	UNSIGNED = 1 << 1,
	REDUCTION = 1 << 2,
	SCALAR_32 = 1 << 3,
	SCALAR_64 = 1 << 4,
	SCALAR_128 = 1 << 5,
};

/* By CUatomicOperation. PTX has no minimum and maximum of floats; a vector is one operation for each element. */
static const unsigned int capabilities[] = {
	[0] = SIGNED | UNSIGNED | REDUCTION | SCALAR_32 | SCALAR_64, /* integer add */
	[1] = SIGNED | UNSIGNED | REDUCTION | SCALAR_32 | SCALAR_64, /* integer minimum */
	[2] = SIGNED | UNSIGNED | REDUCTION | SCALAR_32 | SCALAR_64, /* integer maximum */
	[3] = UNSIGNED | REDUCTION | SCALAR_32,                      /* increment */
	[4] = UNSIGNED | REDUCTION | SCALAR_32,                      /* decrement */
	[5] = UNSIGNED | REDUCTION | SCALAR_32 | SCALAR_64,          /* and */
	[6] = UNSIGNED | REDUCTION | SCALAR_32 | SCALAR_64,          /* or */
	[7] = UNSIGNED | REDUCTION | SCALAR_32 | SCALAR_64,          /* exclusive or */
	[8] = UNSIGNED | SCALAR_32 | SCALAR_64 | SCALAR_128,         /* exchange */
	[9] = UNSIGNED | SCALAR_32 | SCALAR_64 | SCALAR_128,         /* compare and swap */
	[10] = SIGNED | REDUCTION | SCALAR_32 | SCALAR_64,           /* float add */
	[11] = 0,                                                    /* float minimum */
	[12] = 0,                                                    /* float maximum */
};

enum { OPERATIONS = sizeof(capabilities) / sizeof(*capabilities) };

static CUresult look_up(unsigned int *out, const int *operations, unsigned int count)
{
	if (!out || !operations || !count)
		return CUDA_ERROR_INVALID_VALUE;
	for (unsigned int i = 0; i < count; i++)
		if (operations[i] < 0 || operations[i] >= OPERATIONS)
			return CUDA_ERROR_INVALID_VALUE;
	for (unsigned int i = 0; i < count; i++)
		out[i] = capabilities[operations[i]];
	return CUDA_SUCCESS;
}

CUDA_API(cuDeviceGetHostAtomicCapabilities,
	 CU_ARGS(unsigned int *out, const int *operations, unsigned int count, CUdevice device),
	 CU_ARGS(out, operations, count, device))
{
	struct cu_device *d;
	CUresult r = cu_device_get(device, &d);

	return r ? r : look_up(out, operations, count);
}

CUDA_API(cuDeviceGetP2PAtomicCapabilities,
	 CU_ARGS(unsigned int *out, const int *operations, unsigned int count, CUdevice from, CUdevice to),
	 CU_ARGS(out, operations, count, from, to))
{
	struct cu_device *d;
	CUresult r = cu_device_get(from, &d);

	if (!r)
		r = cu_device_get(to, &d);
	if (!r && from == to)
		r = CUDA_ERROR_INVALID_DEVICE;
	return r ? r : look_up(out, operations, count);
}
