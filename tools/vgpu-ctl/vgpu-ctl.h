/* SPDX-License-Identifier: MIT */
/* The face of vgpu-ctl's parts: what a device is, and the commands. */
#ifndef VGPU_CTL_H
#define VGPU_CTL_H

#include <stdbool.h>
#include <stdint.h>
#include <json-c/json.h>
#include "../../userlib/libvgpu/libvgpu.h"
#include "../../uapi/vgpu_pci.h"
#include "errors.h"

/**
 * struct gpu - a virtual device as seen from here
 * @domain: PCI address
 * @bus: PCI address
 * @device: PCI address
 * @function: PCI address
 * @vendor_id: PCI ids
 * @device_id: PCI ids
 * @subsys_vendor: PCI ids
 * @subsys_id: PCI ids
 * @on_bus: it was found on the PCI bus
 * @have_vsec: @vsec was readable (needs CAP_SYS_ADMIN)
 * @vsec: what config space says
 * @is_open: @dev could be opened, @status is filled in
 * @dev: the device
 * @status: its live counters
 * @util: share of a tenth of a second in which it was active, 1/1000
 * @process_count: how many processes use it
 * @processes: which
 */
struct gpu {
	uint32_t domain;
	uint8_t bus, device, function;
	uint16_t vendor_id, device_id, subsys_vendor, subsys_id;
	bool on_bus;
	bool have_vsec;
	struct vgpu_pci_vsec vsec;
	bool is_open;
	struct vgpu_dev dev;
	struct vgpu_device_status status;
	uint32_t util;
	int process_count;
	struct vgpu_process *processes;
};

/* pci.c: the bus */
int pci_find(struct gpu *gpus, int max);

/* gpus.c: bus and nodes together */
int gpus_open(struct gpu *gpus, int max);
void gpus_measure(struct gpu *gpus, int count);
void gpus_close(struct gpu *gpus, int count);
void uuid_print(const uint8_t uuid[16], char text[48]);
void address_print(const struct gpu *gpu, char text[24]);

/* nodes.c: why a device cannot be opened */
unsigned int gpu_index(const struct gpu *gpu);
void node_advice(const struct gpu *gpu, char why[128], char fix[160]);
int node_shut(const struct gpu *gpu);
int nodes_shut(const struct gpu *gpus, int count);

/* list.c, model.c */
const char *gpu_state(const struct gpu *gpu);
bool model_exists(const char *id);

/* inject.c: what was injected, in the words that `vgpu-ctl inject' takes */
void inject_text(uint32_t kind, uint64_t value, char *to, size_t size);

/* The commands, each in a file of its name; add and remove in manage.c, clear and reset in inject.c. */
int cmd_add(int argc, char **argv);
int cmd_cache(int argc, char **argv);
int cmd_cdi(int argc, char **argv);
int cmd_clear(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_events(int argc, char **argv);
int cmd_inject(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_mem(int argc, char **argv);
int cmd_model(int argc, char **argv);
int cmd_ps(int argc, char **argv);
int cmd_remove(int argc, char **argv);
int cmd_reset(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_topology(int argc, char **argv);
int cmd_trace(int argc, char **argv);

#endif
