// SPDX-License-Identifier: MIT
/* vgpu-ctl cache: look at the cache of compiled kernels, empty it, fill it. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../userlib/cache/cache.h"
#include "output.h"
#include "vgpu-ctl.h"
#include "warm.h"

static struct request {
	const char *what;
	struct warm_options warm;
	int files;
	char **file;
} request;

static const struct argp_option options[] = {
	{ "json", 'j', NULL, 0, "print JSON", 0 },
	{ "cc", 'c', "CC", 0, "warm: compute capability, such as 9.0 (default 12.0)", 0 },
	{ "kernel", 'k', "TEXT", 0, "warm: only kernels whose name holds TEXT", 0 },
	{ "threads", 't', "N", 0, "warm: compile with so many threads (default: one a CPU)", 0 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	unsigned int major, minor;
	struct request *r = &request;

	switch (key) {
	case 'j':
		r->warm.json = true;
		return 0;
	case 'c':
		if (sscanf(arg, "%u.%u", &major, &minor) != 2 || major > 99 || minor > 9)
			argp_error(state, "'%s' is no compute capability", arg);
		r->warm.cc = 10 * major + minor;
		return 0;
	case 'k':
		r->warm.kernel = arg;
		return 0;
	case 't':
		r->warm.threads = atoi(arg);
		if (r->warm.threads < 1)
			argp_error(state, "at least one thread");
		return 0;
	case ARGP_KEY_ARG:
		if (!state->arg_num) {
			r->what = arg;
			return 0;
		}
		r->file = state->argv + state->next - 1;
		r->files = state->argc - state->next + 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_END:
		if (!r->what)
			r->what = "show";
		if (!strcmp(r->what, "warm") != (r->files > 0))
			argp_usage(state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "[show]\nclear\nwarm LIB.so...",
	.doc = "The kernels that were compiled on this machine, on disk: show how many there are, remove "
	       "them, or compile all of a library beforehand.",
};

static void show(const struct vgpu_cache *c, const struct vgpu_cache_usage *u)
{
	struct json_object *o;

	if (!request.warm.json) {
		printf("folder   %s\n", vgpu_cache_folder(c));
		printf("kernels  %llu\n", (unsigned long long)u->entries);
		printf("size     %.1f MiB of at most %.0f MiB\n", u->bytes / 1048576., vgpu_cache_limit(c) / 1048576.);
		return;
	}
	o = json_object_new_object();
	add_string(o, "folder", vgpu_cache_folder(c));
	add_number(o, "kernels", u->entries);
	add_number(o, "bytes", u->bytes);
	add_number(o, "limit", vgpu_cache_limit(c));
	json_print(o);
}

static void removed(const struct vgpu_cache_usage *u)
{
	struct json_object *o;

	if (!request.warm.json) {
		printf("%llu kernels removed\n", (unsigned long long)u->entries);
		return;
	}
	o = json_object_new_object();
	add_number(o, "removed", u->entries);
	json_print(o);
}

static int failed(const struct vgpu_cache *c, int err)
{
	return fail(EXIT_FAILED, "%s: %s", vgpu_cache_folder(c), strerror(-err));
}

int cmd_cache(int argc, char **argv)
{
	struct vgpu_cache_usage u;
	struct vgpu_cache *c;
	int err = 0, status = 0;

	request.warm.json = errors_json;
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	errors_json = request.warm.json;
	c = vgpu_cache_open();
	if (!c)
		return fail(EXIT_FAILED, "the environment says that there is no cache");
	if (!strcmp(request.what, "show")) {
		err = vgpu_cache_usage(c, &u);
		if (!err)
			show(c, &u);
	} else if (!strcmp(request.what, "clear")) {
		err = vgpu_cache_clear(c, &u);
		if (!err)
			removed(&u);
	} else if (!strcmp(request.what, "warm")) {
		for (int i = 0; i < request.files; i++)
			status |= cache_warm(c, request.file[i], &request.warm);
	} else {
		status = fail(EXIT_USAGE, "cache cannot '%s'; see vgpu-ctl cache --help", request.what);
	}
	if (err)
		status = failed(c, err);
	vgpu_cache_close(c);
	return status;
}
