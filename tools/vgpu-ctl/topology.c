// SPDX-License-Identifier: MIT
/*
 * vgpu-ctl topology: how the devices are connected, in the words of nvidia-smi topo:
 * all hang on the module's own host bridge (PHB); X is a device and itself.
 */
#include <stdio.h>
#include "options.h"
#include "output.h"

static const char *link_name(const struct gpu *a, const struct gpu *b)
{
	if (a == b)
		return "X";
	return a->domain == b->domain && a->bus == b->bus ? "PHB" : "SYS";
}

static void name_gpu(const struct gpu *gpu, char text[24])
{
	if (gpu->is_open)
		snprintf(text, 24, "GPU%u", gpu->dev.info.index);
	else
		address_print(gpu, text);
}

static void print_text(const struct gpu *gpus, int count)
{
	char name[24];

	printf("%-14s", "");
	for (int i = 0; i < count; i++) {
		name_gpu(&gpus[i], name);
		printf("%-7s", name);
	}
	printf("%s\n", "address");
	for (int i = 0; i < count; i++) {
		name_gpu(&gpus[i], name);
		printf("%-14s", name);
		for (int k = 0; k < count; k++)
			printf("%-7s", link_name(&gpus[i], &gpus[k]));
		address_print(&gpus[i], name);
		printf("%s\n", name);
	}
}

static void print_json(const struct gpu *gpus, int count)
{
	struct json_object *list = json_object_new_array();
	char text[24];

	for (int i = 0; i < count; i++) {
		struct json_object *o = json_object_new_object(), *links = json_object_new_array();

		name_gpu(&gpus[i], text);
		add_string(o, "gpu", text);
		address_print(&gpus[i], text);
		add_string(o, "pci", text);
		for (int k = 0; k < count; k++)
			json_object_array_add(links, json_object_new_string(link_name(&gpus[i], &gpus[k])));
		json_object_object_add(o, "links", links);
		json_object_array_add(list, o);
	}
	json_print_as("topology", list);
}

/** cmd_topology - the command */
int cmd_topology(int argc, char **argv)
{
	static struct gpu gpus[VGPU_MAX_DEVICES];
	struct options o = options_parse(argc, argv, OPT_JSON, 0, 0, NULL, "Show how the virtual GPUs are connected.");
	int count, status = gpus_get(gpus, &count, NULL, false);

	if (status)
		return status;
	if (o.json)
		print_json(gpus, count);
	else
		print_text(gpus, count);
	gpus_close(gpus, count);
	return 0;
}
