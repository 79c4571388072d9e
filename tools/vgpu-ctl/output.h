/* SPDX-License-Identifier: MIT */
/* How results are written: JSON, and the option that asks for it. */
#ifndef VGPU_CTL_OUTPUT_H
#define VGPU_CTL_OUTPUT_H

#include <argp.h>
#include "vgpu-ctl.h"

/* argp children of a command that has --json and takes nothing else; its input is a bool. */
extern const struct argp_child json_children[];

void add_string(struct json_object *o, const char *key, const char *value);
void add_number(struct json_object *o, const char *key, uint64_t value);
void add_permille(struct json_object *o, const char *key, uint32_t permille);
struct json_object *json_processes(const struct gpu *gpu, bool with_gpu);
void json_print(struct json_object *top);
void json_print_as(const char *key, struct json_object *value);

int no_device(void);

#endif
