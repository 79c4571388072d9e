// SPDX-License-Identifier: MIT
/* vgpu-ctl ps: who uses the devices. */
#include <stdio.h>
#include "names.h"
#include "options.h"
#include "output.h"

static void print_text(const struct gpu *gpus, int count)
{
	printf("GPU      PID  NAME               MEMORY     PINNED  CONTEXTS     KERNELS      TIME\n");
	for (int i = 0; i < count; i++)
		for (int k = 0; k < gpus[i].process_count; k++) {
			const struct vgpu_process *p = &gpus[i].processes[k];
			char name[NAMES_ROOM(sizeof(p->comm))];

			printf("%3u %8u  %-15s %5llu MiB  %5llu MiB  %8u  %10llu  %6llu.%llu s\n",
			       gpus[i].dev.info.index, p->pid, names_show(p->comm, sizeof(p->comm), name),
			       (unsigned long long)p->vram_used >> 20, (unsigned long long)p->pinned_bytes >> 20,
			       p->contexts, (unsigned long long)p->launches,
			       (unsigned long long)p->busy_ns / 1000000000,
			       (unsigned long long)p->busy_ns / 100000000 % 10);
		}
}

static void print_json(const struct gpu *gpus, int count)
{
	struct json_object *top = json_object_new_object();
	struct json_object *all = json_object_new_array();

	for (int i = 0; i < count; i++) {
		struct json_object *list = json_processes(&gpus[i], true);

		for (size_t k = 0; k < json_object_array_length(list); k++)
			json_object_array_add(all, json_object_get(json_object_array_get_idx(list, k)));
		json_object_put(list);
	}
	json_object_object_add(top, "processes", all);
	json_print(top);
}

/** cmd_ps - the command */
int cmd_ps(int argc, char **argv)
{
	static struct gpu gpus[VGPU_MAX_DEVICES];
	struct options o =
		options_parse(argc, argv, OPT_JSON, 0, 0, NULL,
			      "Show the processes that use a virtual GPU: memory, contexts, kernels completed, "
			      "the time that workers spent for them.");
	int count, status = gpus_get(gpus, &count, NULL, true);

	if (status)
		return status;
	for (int i = 0; i < count; i++)
		if (gpus[i].is_open)
			gpus[i].process_count = vgpu_dev_processes(&gpus[i].dev, &gpus[i].processes);
	if (o.json)
		print_json(gpus, count);
	else
		print_text(gpus, count);
	gpus_close(gpus, count);
	return 0;
}
