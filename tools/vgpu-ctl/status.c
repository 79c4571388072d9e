// SPDX-License-Identifier: MIT
/* vgpu-ctl status: everything about every device, for people or as JSON. */
#include <stdio.h>
#include <string.h>
#include "names.h"
#include "options.h"
#include "output.h"

#define MIB(bytes) ((unsigned long long)(bytes) >> 20)

static void print_processes(const struct gpu *gpu)
{
	if (gpu->process_count < 0) {
		printf("  processes     not readable: %s\n", strerror(-gpu->process_count));
		return;
	}
	printf("  processes     %d\n", gpu->process_count);
	for (int i = 0; i < gpu->process_count; i++) {
		const struct vgpu_process *p = &gpu->processes[i];
		char name[NAMES_ROOM(sizeof(p->comm))];

		/* pid 0: a process of another pid namespace */
		printf("    %8u  %-16s %8llu MiB  %llu kernels\n", p->pid, names_show(p->comm, sizeof(p->comm), name),
		       MIB(p->vram_used), (unsigned long long)p->launches);
	}
}

/* What has been injected, and what it did; nothing for a device that is well. */
static void print_condition(const struct gpu *gpu)
{
	const struct vgpu_device_status *st = &gpu->status;
	const char *state = gpu_state(gpu);

	if (strcmp(state, "ok"))
		printf("  state         %s%s\n", state,
		       !strcmp(state, "lost") ? ": `vgpu-ctl reset' brings it back" : "");
	if (st->slow_percent > 100)
		printf("  slow          work takes %u %% of its time\n", st->slow_percent);
	if (st->throttle)
		printf("  throttled    %s%s%s\n", st->throttle & VGPU_THROTTLE_POWER ? " power" : "",
		       st->throttle & VGPU_THROTTLE_THERMAL ? " thermal" : "",
		       st->throttle & VGPU_THROTTLE_HARDWARE ? " hardware" : "");
	if (st->temperature)
		printf("  temperature   %u C, injected\n", st->temperature);
	if (st->alloc_fail_every)
		printf("  allocations   one in %u fails\n", st->alloc_fail_every);
	if (st->launch_fail_every)
		printf("  launches      one in %u fails\n", st->launch_fail_every);
	if (st->ecc_single[VGPU_ECC_AGGREGATE] || st->ecc_double[VGPU_ECC_AGGREGATE])
		printf("  memory errors %llu corrected, %llu uncorrected\n",
		       (unsigned long long)st->ecc_single[VGPU_ECC_VOLATILE],
		       (unsigned long long)st->ecc_double[VGPU_ECC_VOLATILE]);
}

static void print_open(const struct gpu *gpu)
{
	const struct vgpu_device_info *info = &gpu->dev.info;
	char uuid[48];

	uuid_print(info->uuid, uuid);
	printf("  uuid          %s\n", uuid);
	printf("  driver        %s (vgpu %s), ISA %u.%u, engine %s, %u worker%s\n", info->driver_version,
	       info->module_version, info->isa_version >> 16, info->isa_version & 0xffff, info->engine, info->workers,
	       info->workers == 1 ? "" : "s");
	printf("  compute       capability %u.%u, %u multiprocessors\n", info->cc_major, info->cc_minor,
	       info->sm_count);
	printf("  memory        %llu MiB used of %llu MiB\n", MIB(gpu->status.vram_used), MIB(gpu->status.vram_total));
	printf("  utilization   %u.%u %%\n", gpu->util / 10, gpu->util % 10);
	printf("  kernels       %llu completed, %llu contexts ended by a fault\n",
	       (unsigned long long)gpu->status.launches, (unsigned long long)gpu->status.faults);
	print_condition(gpu);
	print_processes(gpu);
}

static void print_vsec(const struct vgpu_pci_vsec *v)
{
	char uuid[48];

	uuid_print(v->uuid, uuid);
	printf("  uuid          %s\n", uuid);
	printf("  compute       capability %u.%u, %u multiprocessors\n", v->cc >> 16, v->cc & 0xffff, v->sm_count);
	printf("  memory        %llu MiB used of %llu MiB\n", MIB(v->vram_used), MIB(v->vram_total));
	printf("  utilization   %u.%u %%\n", v->utilization / 10, v->utilization % 10);
}

static void print_text(const struct gpu *gpu)
{
	char address[24], why[128], fix[160];

	address_print(gpu, address);
	if (gpu->is_open)
		printf("GPU %u: %s\n", gpu->dev.info.index, gpu->dev.info.name);
	else
		printf("GPU %u: at %s\n", gpu_index(gpu), address);
	printf("  pci           %s [%04x:%04x], subsystem [%04x:%04x]%s\n", address, gpu->vendor_id, gpu->device_id,
	       gpu->subsys_vendor, gpu->subsys_id, gpu->on_bus ? "" : ", not held by our PCI driver");
	if (gpu->is_open) {
		print_open(gpu);
		return;
	}
	node_advice(gpu, why, fix);
	printf("  node          %s; try: %s\n", why, fix);
	if (gpu->have_vsec)
		print_vsec(&gpu->vsec);
}

/* ------------------------------------------------------------------- JSON */

static struct json_object *json_pci(const struct gpu *gpu)
{
	struct json_object *o = json_object_new_object();
	char text[24];

	address_print(gpu, text);
	add_string(o, "address", text);
	snprintf(text, sizeof(text), "%04x:%04x", gpu->vendor_id, gpu->device_id);
	add_string(o, "id", text);
	snprintf(text, sizeof(text), "%04x:%04x", gpu->subsys_vendor, gpu->subsys_id);
	add_string(o, "subsystem", text);
	json_object_object_add(o, "on_bus", json_object_new_boolean(gpu->on_bus));
	return o;
}

static struct json_object *json_memory(uint64_t total, uint64_t used)
{
	struct json_object *o = json_object_new_object();

	add_number(o, "total", total);
	add_number(o, "used", used);
	return o;
}

static void json_condition(struct json_object *o, const struct gpu *gpu)
{
	const struct vgpu_device_status *st = &gpu->status;
	struct json_object *ecc = json_object_new_object();

	add_string(o, "state", gpu_state(gpu));
	add_number(o, "slow_percent", st->slow_percent);
	add_number(o, "throttle", st->throttle);
	add_number(o, "injected_temperature", st->temperature);
	add_number(o, "alloc_fail_every", st->alloc_fail_every);
	add_number(o, "launch_fail_every", st->launch_fail_every);
	add_number(o, "resets", st->resets);
	add_number(ecc, "corrected", st->ecc_single[VGPU_ECC_VOLATILE]);
	add_number(ecc, "uncorrected", st->ecc_double[VGPU_ECC_VOLATILE]);
	add_number(ecc, "corrected_total", st->ecc_single[VGPU_ECC_AGGREGATE]);
	add_number(ecc, "uncorrected_total", st->ecc_double[VGPU_ECC_AGGREGATE]);
	json_object_object_add(o, "ecc", ecc);
}

static void json_open(struct json_object *o, const struct gpu *gpu)
{
	const struct vgpu_device_info *info = &gpu->dev.info;
	struct json_object *memory = json_memory(gpu->status.vram_total, gpu->status.vram_used);
	char text[48];

	add_string(o, "name", info->name);
	uuid_print(info->uuid, text);
	add_string(o, "uuid", text);
	add_string(o, "driver_version", info->driver_version);
	add_string(o, "module_version", info->module_version);
	snprintf(text, sizeof(text), "%u.%u", info->isa_version >> 16, info->isa_version & 0xffff);
	add_string(o, "isa_version", text);
	add_string(o, "engine", info->engine);
	add_number(o, "workers", info->workers);
	snprintf(text, sizeof(text), "%u.%u", info->cc_major, info->cc_minor);
	add_string(o, "compute_capability", text);
	add_number(o, "multiprocessors", info->sm_count);
	add_number(memory, "free", gpu->status.vram_free);
	json_object_object_add(o, "memory", memory);
	add_permille(o, "utilization_percent", gpu->util);
	add_number(o, "kernels", gpu->status.launches);
	add_number(o, "faults", gpu->status.faults);
	json_condition(o, gpu);
	json_object_object_add(o, "processes", json_processes(gpu, false));
}

static void json_vsec(struct json_object *o, const struct vgpu_pci_vsec *v)
{
	char text[48];

	uuid_print(v->uuid, text);
	add_string(o, "uuid", text);
	snprintf(text, sizeof(text), "%u.%u", v->cc >> 16, v->cc & 0xffff);
	add_string(o, "compute_capability", text);
	add_number(o, "multiprocessors", v->sm_count);
	json_object_object_add(o, "memory", json_memory(v->vram_total, v->vram_used));
	add_permille(o, "utilization_percent", v->utilization);
}

static struct json_object *json_gpu(const struct gpu *gpu)
{
	struct json_object *o = json_object_new_object();

	add_number(o, "index", gpu_index(gpu));
	json_object_object_add(o, "pci", json_pci(gpu));
	json_object_object_add(o, "node_open", json_object_new_boolean(gpu->is_open));
	if (gpu->is_open)
		json_open(o, gpu);
	else if (gpu->have_vsec)
		json_vsec(o, &gpu->vsec);
	return o;
}

static void print_json(const struct gpu *gpus, int count)
{
	struct json_object *top = json_object_new_object();
	struct json_object *list = json_object_new_array();

	for (int i = 0; i < count; i++)
		json_object_array_add(list, json_gpu(&gpus[i]));
	json_object_object_add(top, "devices", list);
	json_print(top);
}

/** cmd_status - the command */
int cmd_status(int argc, char **argv)
{
	static struct gpu gpus[VGPU_MAX_DEVICES];
	struct options o = options_parse(
		argc, argv, OPT_JSON, 0, 0, NULL,
		"Show the virtual GPUs: PCI address and ids, driver and instruction set versions, memory, "
		"utilization, processes.");
	int count, status = gpus_get(gpus, &count, NULL, false);

	if (status)
		return status;
	gpus_measure(gpus, count);
	status = nodes_shut(gpus, count);
	if (o.json)
		print_json(gpus, count);
	else
		for (int i = 0; i < count; i++)
			print_text(&gpus[i]);
	gpus_close(gpus, count);
	return status;
}
