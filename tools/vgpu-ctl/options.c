// SPDX-License-Identifier: MIT
/* Options that several commands share, and what a person may call a device. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "options.h"
#include "output.h"

static const struct argp_option all[] = {
	{ "json", 'j', NULL, 0, "print JSON", 0 },
	{ "force", 'f', NULL, 0, "also while it is in use", 0 },
	{ "gpu", 'i', "GPU", 0, "only this one: its number, UUID or PCI address", 0 },
	{ "memory", 'm', "MIB", 0, "memory in MiB (the model's)", 0 },
	{ "index", 'n', "N", 0, "its number (the first that is free)", 0 },
	{ "output", 'o', "FILE", 0, "write to FILE", 0 },
};

enum { OPTIONS = sizeof(all) / sizeof(*all) };

struct parsing {
	struct options o;
	int least, most;
};

static unsigned long number(struct argp_state *state, const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 0);

	if (!isdigit((unsigned char)*text) || *end)
		argp_error(state, "%s is not a number", text);
	return n;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct parsing *p = state->input;

	switch (key) {
	case 'j':
		p->o.json = true;
		return 0;
	case 'f':
		p->o.force = true;
		return 0;
	case 'i':
		p->o.gpu = arg;
		return 0;
	case 'm':
		p->o.memory = number(state, arg);
		return 0;
	case 'n':
		p->o.index = number(state, arg);
		return 0;
	case 'o':
		p->o.output = arg;
		return 0;
	case ARGP_KEY_ARGS:
		p->o.words = state->argv + state->next;
		p->o.count = state->argc - state->next;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_END:
		if (p->o.count < p->least)
			argp_error(state, "something is missing");
		if (p->o.count > p->most)
			argp_error(state, "%s is one too many", p->o.words[p->most]);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/**
 * options_parse - read a command line, or explain it and exit
 * @argc: the command's
 * @argv: the command's
 * @allowed: OPT_*
 * @least: arguments that must be there
 * @most: arguments that may be
 * @args_doc: what they are
 * @doc: what the command does
 *
 * Return: what the line says.
 */
struct options options_parse(int argc, char **argv, unsigned int allowed, int least, int most, const char *args_doc,
			     const char *doc)
{
	struct argp_option some[OPTIONS + 1] = { 0 };
	const struct argp argp = { .options = some, .parser = parse, .args_doc = args_doc, .doc = doc };
	struct parsing p = { .o.json = errors_json, .o.index = -1, .least = least, .most = most };
	int n = 0;

	for (int i = 0; i < OPTIONS; i++)
		if (allowed & 1u << i)
			some[n++] = all[i];
	argp_parse(&argp, argc, argv, 0, NULL, &p);
	errors_json = p.o.json;
	return p.o;
}

/** gpu_is_called - whether a name means this device */
bool gpu_is_called(const struct gpu *gpu, const char *name)
{
	char text[48], *end;
	long n = strtol(name, &end, 10);

	if (*name && !*end)
		return n == gpu_index(gpu);
	address_print(gpu, text);
	if (!strcasecmp(name, text) || (strlen(name) > 4 && !strcasecmp(name, text + 5)))
		return true;
	if (!gpu->is_open && !gpu->have_vsec)
		return false;
	uuid_print(gpu->is_open ? gpu->dev.info.uuid : gpu->vsec.uuid, text);
	return strlen(name) > 4 && !strncasecmp(name, text, strlen(name));
}

/* Keep the devices that have the name, close the others; how many are left. */
static int choose(struct gpu *gpus, int count, const char *name)
{
	int n = 0;

	for (int i = 0; i < count; i++) {
		if (gpu_is_called(&gpus[i], name))
			gpus[n++] = gpus[i];
		else
			gpus_close(&gpus[i], 1);
	}
	return n;
}

/**
 * gpus_get - open the devices that are meant
 * @gpus: room for VGPU_MAX_DEVICES
 * @count: how many they are
 * @name: what --gpu said, NULL for all
 * @use: at least one must have a node that can be opened
 *
 * Return: 0, or the exit status after saying what is wrong; then nothing is open.
 */
int gpus_get(struct gpu *gpus, int *count, const char *name, bool use)
{
	int n = gpus_open(gpus, VGPU_MAX_DEVICES), status = EXIT_DONE;

	*count = 0;
	if (!n)
		return no_device();
	if (name) {
		n = choose(gpus, n, name);
		if (!n)
			return fail(EXIT_NO_DEVICE, "no GPU is called %s; `vgpu-ctl list' shows what there is", name);
		if (n > 1)
			status = fail(EXIT_FAILED, "%s is the beginning of %d GPUs' UUIDs", name, n);
	}
	if (!status && use)
		status = nodes_shut(gpus, n);
	if (status)
		gpus_close(gpus, n);
	else
		*count = n;
	return status;
}

/**
 * gpus_show - the whole of a command that shows something of each device
 * @o: --gpu and --json
 * @view: what
 *
 * Return: the exit status.
 */
int gpus_show(const struct options *o, const struct gpu_view *view)
{
	static struct gpu gpus[VGPU_MAX_DEVICES];
	int count, status = gpus_get(gpus, &count, o->gpu, !view->shut_too);
	struct json_object *list;

	if (status)
		return status;
	status = nodes_shut(gpus, count);
	list = json_object_new_array();
	for (int i = 0; i < count; i++) {
		if (!view->look(&gpus[i]))
			continue;
		if (o->json)
			json_object_array_add(list, view->json(&gpus[i]));
		else
			view->text(&gpus[i]);
	}
	if (o->json)
		json_print_as("devices", list);
	else
		json_object_put(list);
	gpus_close(gpus, count);
	return status;
}
