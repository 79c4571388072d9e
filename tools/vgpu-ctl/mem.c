// SPDX-License-Identifier: MIT
/* vgpu-ctl mem: where the memory of the devices is. */
#include <stdio.h>
#include "names.h"
#include "options.h"
#include "output.h"

#define MIB(bytes) ((unsigned long long)(bytes) >> 20)

static void print_text(const struct gpu *gpu)
{
	const struct vgpu_device_status *st = &gpu->status;

	printf("GPU %u: %s\n", gpu->dev.info.index, gpu->dev.info.name);
	printf("  total       %10llu MiB\n", MIB(st->vram_total));
	printf("  used        %10llu MiB\n", MIB(st->vram_used));
	printf("  free        %10llu MiB\n", MIB(st->vram_free));
	/* A model may claim more than the machine has. */
	if (st->vram_total - st->vram_used > st->vram_free)
		printf("  not backed  %10llu MiB   the machine has no memory for it now\n",
		       MIB(st->vram_total - st->vram_used - st->vram_free));
	printf("  mapped      %10llu MiB   of the used, mapped by processes\n", MIB(st->mapped_bytes));
	printf("  pinned      %10llu MiB   host memory, registered\n", MIB(st->pinned_bytes));
	for (int i = 0; i < gpu->process_count; i++) {
		const struct vgpu_process *p = &gpu->processes[i];
		char name[NAMES_ROOM(sizeof(p->comm))];

		printf("  %8u %-16s used %llu MiB, pinned %llu MiB\n", p->pid,
		       names_show(p->comm, sizeof(p->comm), name), MIB(p->vram_used), MIB(p->pinned_bytes));
	}
}

static struct json_object *json_gpu(const struct gpu *gpu)
{
	struct json_object *o = json_object_new_object();
	const struct vgpu_device_status *st = &gpu->status;

	add_number(o, "gpu", gpu->dev.info.index);
	add_number(o, "total", st->vram_total);
	add_number(o, "used", st->vram_used);
	add_number(o, "free", st->vram_free);
	add_number(o, "mapped", st->mapped_bytes);
	add_number(o, "pinned", st->pinned_bytes);
	json_object_object_add(o, "processes", json_processes(gpu, false));
	return o;
}

static bool look(struct gpu *gpu)
{
	if (!gpu->is_open || vgpu_dev_status(&gpu->dev, &gpu->status))
		return false;
	gpu->process_count = vgpu_dev_processes(&gpu->dev, &gpu->processes);
	return true;
}

/** cmd_mem - the command */
int cmd_mem(int argc, char **argv)
{
	static const struct gpu_view view = { look, print_text, json_gpu, false };
	struct options o = options_parse(argc, argv, OPT_JSON | OPT_GPU, 0, 0, NULL,
					 "Show the memory of the virtual GPUs, and who has it.");

	return gpus_show(&o, &view);
}
