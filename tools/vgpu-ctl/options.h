/* SPDX-License-Identifier: MIT */
/* Options that several commands share, and what a person may call a device. */
#ifndef VGPU_CTL_OPTIONS_H
#define VGPU_CTL_OPTIONS_H

#include <argp.h>
#include "vgpu-ctl.h"

/**
 * struct options - what the command line said
 * @json: --json
 * @force: --force
 * @gpu: --gpu, NULL for all
 * @memory: --memory in MiB, 0: the model's
 * @index: --index, -1: the first that is free
 * @output: --output
 * @words: arguments that are no options
 * @count: how many
 */
struct options {
	bool json, force;
	const char *gpu;
	unsigned long memory;
	long index;
	const char *output;
	char **words;
	int count;
};

enum {
	OPT_JSON = 1,
	OPT_FORCE = 2,
	OPT_GPU = 4,
	OPT_MEMORY = 8,
	OPT_INDEX = 16,
	OPT_OUTPUT = 32,
};

struct options options_parse(int argc, char **argv, unsigned int allowed, int least, int most, const char *args_doc,
			     const char *doc);

bool gpu_is_called(const struct gpu *gpu, const char *name);
int gpus_get(struct gpu *gpus, int *count, const char *name, bool use);

/**
 * struct gpu_view - what a command shows of each device
 * @look: reads what it shows; false: there is nothing to show of this one
 * @text: prints it
 * @json: the same as an object
 * @shut_too: it has something to show also of those whose nodes cannot be opened
 */
struct gpu_view {
	bool (*look)(struct gpu *gpu);
	void (*text)(const struct gpu *gpu);
	struct json_object *(*json)(const struct gpu *gpu);
	bool shut_too;
};

int gpus_show(const struct options *o, const struct gpu_view *view);

#endif
