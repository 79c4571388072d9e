// SPDX-License-Identifier: MIT
/* vgpu-ctl model: the profiles that a device can have. */
#include <stdio.h>
#include <string.h>
#include "options.h"
#include "output.h"

/* Compute capabilities, as the tables name them. */
enum { CC75, CC80, CC86, CC89, CC90, CC120, CC120_OWN };

/* Their limits. */
static const struct arch {
	const char *name;
	unsigned int major, minor, threads_sm, blocks_sm, shared_sm_kib, shared_block_kib, fp64, cores;
} archs[] = {
#define ARCH(id, maj, min, nm, thr, blk, shsm, optin, resv, ratio, cores_) \
	[id] = { .name = (nm),                                             \
		 .major = (maj),                                           \
		 .minor = (min),                                           \
		 .threads_sm = (thr),                                      \
		 .blocks_sm = (blk),                                       \
		 .shared_sm_kib = (shsm),                                  \
		 .shared_block_kib = (optin),                              \
		 .fp64 = (ratio),                                          \
		 .cores = (cores_) },
#include "../../uapi/vgpu_archs.def"
#undef ARCH
};

struct model {
	const char *id, *name;
	const struct arch *arch;
	unsigned int device_id, subsystem, sms, mib, l2_kib, mhz, mem_mhz, bits, watt, pcie;
};

#define GENERIC(nm, cc_, dev, gen)                            \
	{ .id = "generic-" nm,                                \
	  .name = "vgpu " nm " (software GPU)",               \
	  .arch = &archs[(cc_) == CC120 ? CC120_OWN : (cc_)], \
	  .device_id = (dev),                                 \
	  .subsystem = 0x7667,                                \
	  .l2_kib = 4096,                                     \
	  .mhz = 1000,                                        \
	  .mem_mhz = 1000,                                    \
	  .bits = 128,                                        \
	  .watt = 100,                                        \
	  .pcie = (gen) },
#define CARD(nm, str, cc_, dev, sub, sms_, mib_, l2, clk, mclk, bits_, watt_, gen) \
	{ .id = (nm),                                                              \
	  .name = (str),                                                           \
	  .arch = &archs[cc_],                                                     \
	  .device_id = (dev),                                                      \
	  .subsystem = (sub),                                                      \
	  .sms = (sms_),                                                           \
	  .mib = (mib_),                                                           \
	  .l2_kib = (l2),                                                          \
	  .mhz = (clk),                                                            \
	  .mem_mhz = (mclk),                                                       \
	  .bits = (bits_),                                                         \
	  .watt = (watt_),                                                         \
	  .pcie = (gen) },

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
	printf("%-13s %3u.%u  %-9s %-16s %s\n", m->id, m->arch->major, m->arch->minor, sms, memory, m->name);
}

static void print_text(const struct model *m)
{
	printf("%s\n", m->id);
	printf("  name                %s\n", m->name);
	printf("  compute capability  %u.%u (%s)\n", m->arch->major, m->arch->minor, m->arch->name);
	printf("  PCI id              10de:%04x, subsystem 10de:%04x, generation %u\n", m->device_id, m->subsystem,
	       m->pcie);
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
	printf("  a multiprocessor    %u threads, %u blocks, %u cores, 65536 registers, %u KiB of shared memory\n",
	       m->arch->threads_sm, m->arch->blocks_sm, m->arch->cores, m->arch->shared_sm_kib);
	printf("  a block             1024 threads, 48 KiB of shared memory, %u by opting in\n",
	       m->arch->shared_block_kib);
	printf("  FP64                1/%u of FP32\n", m->arch->fp64);
}

/* What generic models have from the machine is null. */
static void add_own(struct json_object *o, const char *key, uint64_t value)
{
	if (value)
		add_number(o, key, value);
	else
		json_object_object_add(o, key, NULL);
}

static struct json_object *json_model(const struct model *m)
{
	struct json_object *o = json_object_new_object();
	char text[16];

	add_string(o, "id", m->id);
	add_string(o, "name", m->name);
	snprintf(text, sizeof(text), "%u.%u", m->arch->major, m->arch->minor);
	add_string(o, "compute_capability", text);
	snprintf(text, sizeof(text), "10de:%04x", m->device_id);
	add_string(o, "pci_id", text);
	snprintf(text, sizeof(text), "10de:%04x", m->subsystem);
	add_string(o, "pci_subsystem", text);
	add_own(o, "multiprocessors", m->sms);
	add_own(o, "memory", (uint64_t)m->mib << 20);
	add_number(o, "l2", (uint64_t)m->l2_kib << 10);
	add_number(o, "clock_mhz", m->mhz);
	add_number(o, "memory_clock_mhz", m->mem_mhz);
	add_number(o, "memory_bus_bits", m->bits);
	add_number(o, "power_limit_w", m->watt);
	add_number(o, "pcie_generation", m->pcie);
	add_string(o, "architecture", m->arch->name);
	add_number(o, "threads_per_multiprocessor", m->arch->threads_sm);
	add_number(o, "blocks_per_multiprocessor", m->arch->blocks_sm);
	add_number(o, "cores_per_multiprocessor", m->arch->cores);
	add_number(o, "shared_per_multiprocessor", (uint64_t)m->arch->shared_sm_kib << 10);
	add_number(o, "shared_per_block_optin", (uint64_t)m->arch->shared_block_kib << 10);
	add_number(o, "fp32_per_fp64", m->arch->fp64);
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
