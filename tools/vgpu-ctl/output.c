// SPDX-License-Identifier: MIT
/* How results are written as JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "names.h"
#include "output.h"

/** add_name - a string of any bytes, ended by a zero or by @most: JSON is UTF-8 all the same */
void add_name(struct json_object *o, const char *key, const char *name, size_t most)
{
	char *text = malloc(NAMES_ROOM(strnlen(name, most)));

	if (!text)
		exit(fail(EXIT_FAILED, "there is no memory"));
	json_object_object_add(o, key, json_object_new_string(names_utf8(name, most, text)));
	free(text);
}

void add_string(struct json_object *o, const char *key, const char *value)
{
	add_name(o, key, value, strlen(value));
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
		add_name(o, "name", p->comm, sizeof(p->comm));
		add_number(o, "memory_used", p->vram_used);
		add_number(o, "memory_pinned", p->pinned_bytes);
		add_number(o, "contexts", p->contexts);
		add_number(o, "kernels", p->launches);
		add_number(o, "busy_ns", p->busy_ns);
		json_object_array_add(list, o);
	}
	return list;
}

/** json_print - write an object and free it; what went wrong until now is in it */
void json_print(struct json_object *top)
{
	errors_add_to(top);
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
	if (!access("/sys/module/vgpu", F_OK))
		return fail(EXIT_NO_DEVICE,
			    "no vgpu device: the module is loaded and has none; try `sudo vgpu-ctl add`");
	return fail(EXIT_NO_DEVICE, "no vgpu device: is the module loaded? try `sudo modprobe vgpu`");
}
