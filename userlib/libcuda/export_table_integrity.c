// SPDX-License-Identifier: MIT
/*
 * Export table d4082055: a runtime goes on only with a driver that answers an
 * HMAC-MD2, under a fixed key, over who and where both of them are.  The last
 * digit of the version asked about says which question it is: 0 and 1 have
 * fixed answers.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "device.h"
#include "export_table.h"
#include "integrity.h"

static const uint8_t key[16] = {
	0x14, 0x6a, 0xdd, 0xae, 0x53, 0xa9, 0xa7, 0x52, 0xaa, 0x08, 0x41, 0x36, 0x0b, 0xf5, 0x5a, 0x9f,
};

static const uint64_t fixed[2][2] = {
	{ 0x3341181c03cb675c, 0x8ed383aa1f4cd1e8 },
	{ 0x1841181c03cb675c, 0x8ed383aa1f4cd1e8 },
};

struct question {
	uint32_t driver_version, version;
	uint32_t process, thread;
	const void *runtime_table, *integrity_table, *function;
	uint64_t seconds;
	struct {
		uint8_t uuid[16];
		int32_t pci_domain, pci_bus, pci_device;
	} devices[];
};

static CUresult integrity_1(uint32_t version, uint64_t seconds, uint64_t answer[2])
{
	size_t size = sizeof(struct question) + cu_device_count * sizeof(((struct question *)0)->devices[0]);
	struct question *q;

	if (!answer)
		return CUDA_ERROR_INVALID_VALUE;
	if (version % 10 < 2) {
		memcpy(answer, fixed[version % 10], sizeof(fixed[0]));
		return CUDA_SUCCESS;
	}
	q = calloc(1, size);
	if (!q)
		return CUDA_ERROR_OUT_OF_MEMORY;
	q->driver_version = CUDA_API_VERSION_REPORTED;
	q->version = version;
	q->process = getpid();
	q->thread = (uint32_t)(uintptr_t)pthread_self();
	q->runtime_table = cu_table_runtime.slots;
	q->integrity_table = cu_table_integrity.slots;
	q->function = integrity_1;
	q->seconds = seconds;
	for (int i = 0; i < cu_device_count; i++) {
		const struct vgpu_device_info *info = &cu_device_at(i)->dev.info;

		memcpy(q->devices[i].uuid, info->uuid, sizeof(info->uuid));
		q->devices[i].pci_domain = info->pci_domain;
		q->devices[i].pci_bus = info->pci_bus;
		q->devices[i].pci_device = info->pci_device;
	}
	cu_hmac_md2((uint8_t *)answer, key, q, size);
	free(q);
	return CUDA_SUCCESS;
}

CU_SLOT(integrity, 2)

static const void *const slots[] = { CU_TABLE_SIZE(3), integrity_1, integrity_2 };

const struct cu_table cu_table_integrity = {
	{ 0xd4, 0x08, 0x20, 0x55, 0xbd, 0xe6, 0x70, 0x4b, 0x8d, 0x34, 0xba, 0x12, 0x3c, 0x66, 0xe1, 0xf2 },
	"integrity",
	slots,
};
