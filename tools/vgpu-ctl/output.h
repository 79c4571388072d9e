/* SPDX-License-Identifier: MIT */
/* How results are written as JSON. */
#ifndef VGPU_CTL_OUTPUT_H
#define VGPU_CTL_OUTPUT_H

#include "vgpu-ctl.h"

void add_name(struct json_object *o, const char *key, const char *name, size_t most);
void add_string(struct json_object *o, const char *key, const char *value);
void add_number(struct json_object *o, const char *key, uint64_t value);
void add_permille(struct json_object *o, const char *key, uint32_t permille);
struct json_object *json_processes(const struct gpu *gpu, bool with_gpu);
void json_print(struct json_object *top);
void json_print_as(const char *key, struct json_object *value);

int no_device(void);

#endif
