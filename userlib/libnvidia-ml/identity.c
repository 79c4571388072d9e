// SPDX-License-Identifier: MIT
/* What never changes about a device. */
#include <stdio.h>
#include <string.h>
#include "device.h"

nvmlReturn_t nvml_string(char *to, unsigned int size, const char *from)
{
	size_t length = strlen(from) + 1;

	if (size < length)
		return NVML_ERROR_INSUFFICIENT_SIZE;
	memcpy(to, from, length);
	return NVML_SUCCESS;
}

void nvml_uuid_text(const struct nvml_device *d, char text[UUID_TEXT_SIZE])
{
	const uint8_t *u = d->dev.info.uuid;

	snprintf(text, UUID_TEXT_SIZE, "GPU-%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0],
		 u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
}

EXPORT nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char *name, unsigned int length)
{
	nvmlReturn_t r = nvml_enter_handle(device, name);

	if (r != NVML_SUCCESS)
		return r;
	return nvml_leave(nvml_string(name, length, device->dev.info.name));
}

EXPORT nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *uuid, unsigned int length)
{
	nvmlReturn_t r = nvml_enter_handle(device, uuid);
	char text[UUID_TEXT_SIZE];

	if (r != NVML_SUCCESS)
		return r;
	nvml_uuid_text(device, text);
	return nvml_leave(nvml_string(uuid, length, text));
}

EXPORT nvmlReturn_t nvmlDeviceGetSerial(nvmlDevice_t device, char *serial, unsigned int length)
{
	nvmlReturn_t r = nvml_enter_handle(device, serial);
	char text[24];

	if (r != NVML_SUCCESS)
		return r;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)device->dev.info.serial);
	return nvml_leave(nvml_string(serial, length, text));
}

/* Devices are numbered from 0 without gaps, as their nodes are when all may be opened. */
EXPORT nvmlReturn_t nvmlDeviceGetIndex(nvmlDevice_t device, unsigned int *index)
{
	nvmlReturn_t r = nvml_enter_handle(device, index);

	if (r != NVML_SUCCESS)
		return r;
	*index = device - nvml_device_at(0);
	return nvml_leave(NVML_SUCCESS);
}

/* Answers that are one number of struct vgpu_device_info. */
#define NUMBER(function, type, value)                                \
	EXPORT nvmlReturn_t function(nvmlDevice_t device, type *out) \
	{                                                            \
		nvmlReturn_t r = nvml_enter_handle(device, out);     \
                                                                     \
		if (r != NVML_SUCCESS)                               \
			return r;                                    \
		*out = (value);                                      \
		return nvml_leave(NVML_SUCCESS);                     \
	}

/* Megatransfers a second of a PCI Express generation, 3 and later: 8000 doubled each time. */
static unsigned int pcie_mts(unsigned int gen)
{
	return gen < 3 ? gen * 2500 : 8000u << (gen - 3);
}

NUMBER(nvmlDeviceGetMinorNumber, unsigned int, device->dev.info.index)
NUMBER(nvmlDeviceGetMemoryBusWidth, unsigned int, device->dev.info.mem_bus_bits)
NUMBER(nvmlDeviceGetBusType, unsigned int, NVML_BUS_TYPE_PCIE)
/* The link that config space shows: of the profile, never narrowed or slowed. */
NUMBER(nvmlDeviceGetMaxPcieLinkGeneration, unsigned int, device->dev.info.pcie_gen)
NUMBER(nvmlDeviceGetGpuMaxPcieLinkGeneration, unsigned int, device->dev.info.pcie_gen)
NUMBER(nvmlDeviceGetCurrPcieLinkGeneration, unsigned int, device->dev.info.pcie_gen)
NUMBER(nvmlDeviceGetPcieLinkMaxSpeed, unsigned int, device->dev.info.pcie_gen)
NUMBER(nvmlDeviceGetPcieSpeed, unsigned int, pcie_mts(device->dev.info.pcie_gen))
/* A link that is none repeats nothing. */
NUMBER(nvmlDeviceGetPcieReplayCounter, unsigned int, 0)
NUMBER(nvmlDeviceGetMaxPcieLinkWidth, unsigned int, device->dev.info.pcie_width)
NUMBER(nvmlDeviceGetCurrPcieLinkWidth, unsigned int, device->dev.info.pcie_width)
/* There is no display, and there are no modes but the default. */
NUMBER(nvmlDeviceGetDisplayActive, unsigned int, NVML_FEATURE_DISABLED)
NUMBER(nvmlDeviceGetDisplayMode, unsigned int, NVML_FEATURE_DISABLED)
NUMBER(nvmlDeviceGetNumGpuCores, unsigned int, device->dev.info.sm_count * device->dev.info.cores_per_sm)
/* Each device is a board, which its bus address numbers. */
NUMBER(nvmlDeviceGetMultiGpuBoard, unsigned int, 0)
NUMBER(nvmlDeviceGetBoardId, unsigned int,
       device->dev.info.pci_domain << 16 | device->dev.info.pci_bus << 8 | device->dev.info.pci_device << 3)
NUMBER(nvmlDeviceGetVirtualizationMode, unsigned int, NVML_VIRTUALIZATION_MODE_NONE)

/* A brand is how a name begins; a generic profile has none. */
static unsigned int brand(const char *name)
{
	static const struct {
		const char *start;
		unsigned int brand;
	} brands[] = {
		{ "NVIDIA GeForce", NVML_BRAND_GEFORCE },
		{ "NVIDIA RTX", NVML_BRAND_NVIDIA_RTX },
		{ "NVIDIA ", NVML_BRAND_NVIDIA },
		{ "Tesla ", NVML_BRAND_TESLA },
	};

	for (size_t i = 0; i < sizeof(brands) / sizeof(*brands); i++)
		if (!strncmp(name, brands[i].start, strlen(brands[i].start)))
			return brands[i].brand;
	return NVML_BRAND_UNKNOWN;
}

NUMBER(nvmlDeviceGetBrand, unsigned int, brand(device->dev.info.name))

static int architecture(const struct vgpu_device_info *info)
{
	static const struct {
		unsigned int cc;
		int arch;
	} first[] = {
		{ 75, NVML_DEVICE_ARCH_TURING }, { 80, NVML_DEVICE_ARCH_AMPERE },     { 89, NVML_DEVICE_ARCH_ADA },
		{ 90, NVML_DEVICE_ARCH_HOPPER }, { 100, NVML_DEVICE_ARCH_BLACKWELL },
	};
	unsigned int cc = info->cc_major * 10 + info->cc_minor;
	int arch = NVML_DEVICE_ARCH_UNKNOWN;

	for (size_t i = 0; i < sizeof(first) / sizeof(*first); i++)
		if (cc >= first[i].cc)
			arch = first[i].arch;
	return arch;
}

NUMBER(nvmlDeviceGetArchitecture, unsigned int, architecture(&device->dev.info))

EXPORT nvmlReturn_t nvmlDeviceGetCudaComputeCapability(nvmlDevice_t device, int *major, int *minor)
{
	nvmlReturn_t r = nvml_enter_handle(device, major);

	if (r != NVML_SUCCESS)
		return r;
	if (!minor)
		return nvml_leave(NVML_ERROR_INVALID_ARGUMENT);
	*major = device->dev.info.cc_major;
	*minor = device->dev.info.cc_minor;
	return nvml_leave(NVML_SUCCESS);
}

/* -------------------------------------------------------------------- PCI */

static void bus_id(const struct vgpu_device_info *info, int domain_digits, char *text, size_t size)
{
	snprintf(text, size, "%0*X:%02X:%02X.%X", domain_digits, info->pci_domain, info->pci_bus, info->pci_device,
		 info->pci_function);
}

static nvmlReturn_t pci_info_v2(nvmlDevice_t device, nvmlPciInfo_v2_t *pci)
{
	nvmlReturn_t r = nvml_enter_handle(device, pci);
	const struct vgpu_device_info *info;

	if (r != NVML_SUCCESS)
		return r;
	info = &device->dev.info;
	memset(pci, 0, sizeof(*pci));
	bus_id(info, 4, pci->busId, sizeof(pci->busId));
	pci->domain = info->pci_domain;
	pci->bus = info->pci_bus;
	pci->device = info->pci_device;
	pci->pciDeviceId = info->pci_ids;
	pci->pciSubSystemId = info->pci_subsys;
	return nvml_leave(NVML_SUCCESS);
}

EXPORT nvmlReturn_t nvmlDeviceGetPciInfo(nvmlDevice_t device, nvmlPciInfo_v2_t *pci)
{
	return pci_info_v2(device, pci);
}

EXPORT nvmlReturn_t nvmlDeviceGetPciInfo_v2(nvmlDevice_t device, nvmlPciInfo_v2_t *pci)
{
	return pci_info_v2(device, pci);
}

EXPORT nvmlReturn_t nvmlDeviceGetPciInfo_v3(nvmlDevice_t device, nvmlPciInfo_t *pci)
{
	nvmlReturn_t r = nvml_enter_handle(device, pci);
	const struct vgpu_device_info *info;

	if (r != NVML_SUCCESS)
		return r;
	info = &device->dev.info;
	memset(pci, 0, sizeof(*pci));
	bus_id(info, 4, pci->busIdLegacy, sizeof(pci->busIdLegacy));
	bus_id(info, 8, pci->busId, sizeof(pci->busId));
	pci->domain = info->pci_domain;
	pci->bus = info->pci_bus;
	pci->device = info->pci_device;
	pci->pciDeviceId = info->pci_ids;
	pci->pciSubSystemId = info->pci_subsys;
	return nvml_leave(NVML_SUCCESS);
}

EXPORT nvmlReturn_t nvmlDeviceGetPciInfoExt(nvmlDevice_t device, nvmlPciInfoExt_v1_t *pci)
{
	nvmlReturn_t r = nvml_enter_handle(device, pci);
	const struct vgpu_device_info *info;

	if (r != NVML_SUCCESS)
		return r;
	if (pci->version != NVML_STRUCT_VERSION(nvmlPciInfoExt_v1_t, 1))
		return nvml_leave(NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
	info = &device->dev.info;
	bus_id(info, 8, pci->busId, sizeof(pci->busId));
	pci->domain = info->pci_domain;
	pci->bus = info->pci_bus;
	pci->device = info->pci_device;
	pci->pciDeviceId = info->pci_ids;
	pci->pciSubSystemId = info->pci_subsys;
	pci->baseClass = 3;
	pci->subClass = 2;
	return nvml_leave(NVML_SUCCESS);
}
