// SPDX-License-Identifier: MIT
/* vgpu-ctl model: the profiles that a device can have. */
#include <stdio.h>
#include <string.h>
#include "options.h"
#include "output.h"

/* Compute capabilities, as the table names them. */
enum { CC75 = 75, CC80 = 80, CC86 = 86, CC89 = 89, CC90 = 90, CC120 = 120 };

struct model {
	const char *id, *name;
	unsigned int cc, device_id, sms, mib, l2_kib, mhz, mem_mhz, bits, watt, pcie;
};

#define GENERIC(nm, cc_, dev, gen) \
	{ .id = "generic-" nm, .name = "vgpu " nm " (software GPU)", .cc = (cc_), .device_id = (dev), \
	  .l2_kib = 4096, .mhz = 1000, .mem_mhz = 1000, .bits = 128, .watt = 100, .pcie = (gen) },
#define CARD(nm, str, cc_, dev, sub, sms_, mib_, l2, clk, mclk, bits_, watt_, gen) \
	{ .id = (nm), .name = (str), .cc = (cc_), .device_id = (dev), .sms = (sms_), .mib = (mib_), \
	  .l2_kib = (l2), .mhz = (clk), .mem_mhz = (mclk), .bits = (bits_), .watt = (watt_), .pcie = (gen) },

static const struct model models[] = {
#include "../../uapi/vgpu_models.def"
};

enum { MODELS = sizeof(models) / sizeof(*models) };

static void print_line(const struct model *m)
{
	char sms[16] = "4/worker", memory[24] = "half of the RAM";

	if (m->sms)
		snprintf(sms, sizeof(sms), "%u", m->sms);
	if (m->mib)
		snprintf(memory, sizeof(memory), "%u MiB", m->mib);
	printf("%-13s %3u.%u  %-9s %-16s %s\n", m->id, m->cc / 10, m->cc % 10, sms, memory, m->name);
}

static void print_text(const struct model *m)
{
	printf("%s\n", m->id);
	printf("  name                %s\n", m->name);
	printf("  compute capability  %u.%u\n", m->cc / 10, m->cc % 10);
	printf("  PCI id              10de:%04x, generation %u\n", m->device_id, m->pcie);
	if (m->sms)
		printf("  multiprocessors     %u\n", m->sms);
	else
		printf("  multiprocessors     4 for each worker\n");
	if (m->mib)
		printf("  memory              %u MiB\n", m->mib);
	else
		printf("  memory              half of the machine's\n");
	printf("  memory bus          %u bits\n", m->bits);
	printf("  L2 cache            %u KiB\n", m->l2_kib);
	printf("  clocks              %u MHz, memory %u MHz\n", m->mhz, m->mem_mhz);
	printf("  power limit         %u W\n", m->watt);
}

static struct json_object *json_model(const struct model *m)
{
	struct json_object *o = json_object_new_object();
	char text[16];

	add_string(o, "id", m->id);
	add_string(o, "name", m->name);
	snprintf(text, sizeof(text), "%u.%u", m->cc / 10, m->cc % 10);
	add_string(o, "compute_capability", text);
	snprintf(text, sizeof(text), "10de:%04x", m->device_id);
	add_string(o, "pci_id", text);
	add_number(o, "multiprocessors", m->sms);
	add_number(o, "memory_mib", m->mib);
	add_number(o, "l2_kib", m->l2_kib);
	add_number(o, "clock_mhz", m->mhz);
	add_number(o, "memory_clock_mhz", m->mem_mhz);
	add_number(o, "memory_bus_bits", m->bits);
	add_number(o, "power_limit_w", m->watt);
	add_number(o, "pcie_generation", m->pcie);
	return o;
}

/** model_exists - whether there is a profile of that name */
bool model_exists(const char *id)
{
	for (int i = 0; i < MODELS; i++)
		if (!strcmp(models[i].id, id))
			return true;
	return false;
}

static int show(const char *id, bool json)
{
	for (int i = 0; i < MODELS; i++) {
		if (strcmp(models[i].id, id))
			continue;
		if (json)
			json_print(json_model(&models[i]));
		else
			print_text(&models[i]);
		return 0;
	}
	return fail(EXIT_FAILED, "there is no model %s; `vgpu-ctl model list' shows all", id);
}

static int list(bool json)
{
	struct json_object *all = json_object_new_array();

	if (!json)
		printf("MODEL           CC  SMs       MEMORY           NAME\n");
	for (int i = 0; i < MODELS; i++) {
		if (json)
			json_object_array_add(all, json_model(&models[i]));
		else
			print_line(&models[i]);
	}
	if (json)
		json_print_as("models", all);
	else
		json_object_put(all);
	return 0;
}

/** cmd_model - the command */
int cmd_model(int argc, char **argv)
{
	struct options o = options_parse(argc, argv, OPT_JSON, 0, 2, "[list | show MODEL]",
					 "Show the profiles that a virtual GPU can have.");

	if (!o.count || (o.count == 1 && !strcmp(o.words[0], "list")))
		return list(o.json);
	if (o.count == 2 && !strcmp(o.words[0], "show"))
		return show(o.words[1], o.json);
	return fail(EXIT_USAGE, "model list, or model show MODEL");
}
