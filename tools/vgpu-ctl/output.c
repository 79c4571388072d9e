// SPDX-License-Identifier: MIT
/* How results are written: JSON, and the option that asks for it. */
#include <stdio.h>
#include <string.h>
#include "output.h"

static const struct argp_option options[] = {
	{ "json", 'j', NULL, 0, "print JSON", 0 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	if (key != 'j')
		return ARGP_ERR_UNKNOWN;
	*(bool *)state->input = true;
	return 0;
}

static const struct argp json_argp = { .options = options, .parser = parse };
const struct argp_child json_children[] = { { .argp = &json_argp }, { 0 } };

void add_string(struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, json_object_new_string(value));
}

void add_number(struct json_object *o, const char *key, uint64_t value)
{
	json_object_object_add(o, key, json_object_new_uint64(value));
}

/* Permille as percent: as a plain double it would print as 49.899999999999999. */
void add_permille(struct json_object *o, const char *key, uint32_t permille)
{
	char text[16];

	snprintf(text, sizeof(text), "%u.%u", permille / 10, permille % 10);
	json_object_object_add(o, key, json_object_new_double_s(permille / 10.0, text));
}

/** json_processes - the processes of a device; @with_gpu adds which device */
struct json_object *json_processes(const struct gpu *gpu, bool with_gpu)
{
	struct json_object *list = json_object_new_array();

	for (int i = 0; i < gpu->process_count; i++) {
		const struct vgpu_process *p = &gpu->processes[i];
		struct json_object *o = json_object_new_object();

		if (with_gpu)
			add_number(o, "gpu", gpu->dev.info.index);
		add_number(o, "pid", p->pid);
		json_object_object_add(o, "name", json_object_new_string_len(p->comm,
				       strnlen(p->comm, sizeof(p->comm))));
		add_number(o, "memory_used", p->vram_used);
		add_number(o, "memory_pinned", p->pinned_bytes);
		add_number(o, "contexts", p->contexts);
		add_number(o, "kernels", p->launches);
		add_number(o, "busy_ns", p->busy_ns);
		json_object_array_add(list, o);
	}
	return list;
}

/** json_print - write an object and free it */
void json_print(struct json_object *top)
{
	puts(json_object_to_json_string_ext(top, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(top);
}

/** json_print_as - write an object with one member and free it */
void json_print_as(const char *key, struct json_object *value)
{
	struct json_object *top = json_object_new_object();

	json_object_object_add(top, key, value);
	json_print(top);
}

/** no_device - say that there is none; the exit status */
int no_device(void)
{
	fprintf(stderr, "vgpu-ctl: no vgpu device: is the module loaded? try `sudo modprobe vgpu`\n");
	return EXIT_NO_DEVICE;
}
