// SPDX-License-Identifier: MIT
/* vgpu-ctl list: a line a device. */
#include <stdio.h>
#include "options.h"
#include "output.h"

/** gpu_state - the state of a device in a word */
const char *gpu_state(const struct gpu *gpu)
{
	if (!gpu->is_open)
		return "closed";
	if (gpu->status.state & VGPU_STATE_REMOVED)
		return "removed";
	if (gpu->status.state & VGPU_STATE_LOST)
		return "lost";
	if (gpu->status.state & VGPU_STATE_HUNG)
		return "hung";
	return gpu->status.slow_percent > 100 ? "slow" : "ok";
}

static void print_text(const struct gpu *gpu)
{
	char address[24], uuid[48] = "UUID unknown";

	address_print(gpu, address);
	if (!gpu->is_open) {
		printf("GPU %u: at %s (its node cannot be opened)\n", gpu_index(gpu), address);
		return;
	}
	uuid_print(gpu->dev.info.uuid, uuid);
	printf("GPU %u: %s (UUID: %s) at %s, %s\n", gpu->dev.info.index, gpu->dev.info.name, uuid, address,
	       gpu_state(gpu));
}

static struct json_object *json_line(const struct gpu *gpu)
{
	struct json_object *o = json_object_new_object();
	char text[64];

	add_number(o, "index", gpu_index(gpu));
	if (gpu->is_open) {
		add_string(o, "name", gpu->dev.info.name);
		uuid_print(gpu->dev.info.uuid, text);
		add_string(o, "uuid", text);
		if (!vgpu_dev_render_node(&gpu->dev, text, sizeof(text)))
			add_string(o, "render_node", text);
	}
	address_print(gpu, text);
	add_string(o, "pci", text);
	add_string(o, "state", gpu_state(gpu));
	return o;
}

/* Also one that cannot be opened is listed. */
static bool look(struct gpu *gpu)
{
	if (gpu->is_open)
		vgpu_dev_status(&gpu->dev, &gpu->status);
	return true;
}

/** cmd_list - the command */
int cmd_list(int argc, char **argv)
{
	static const struct gpu_view view = { look, print_text, json_line, true };
	struct options o = options_parse(argc, argv, OPT_JSON | OPT_GPU, 0, 0, NULL,
					 "List the virtual GPUs: number, name, UUID, address, state.");

	return gpus_show(&o, &view);
}
