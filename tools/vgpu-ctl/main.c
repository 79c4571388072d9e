// SPDX-License-Identifier: MIT
/* vgpu-ctl: picks the command. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "vgpu-ctl.h"

const char *argp_program_version = "vgpu-ctl 0.1.0";

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
	{ "cache", cmd_cache },
	{ "events", cmd_events },
	{ "ps", cmd_ps },
	{ "status", cmd_status },
};

static const char doc[] =
	"Look at the virtual GPUs of this machine.\v"
	"Commands:\n"
	"  status [--json]             devices, memory, utilization, processes\n"
	"  ps [--json]                 the processes that use them\n"
	"  events [--follow] [--json]  what has gone wrong on them\n"
	"  cache [show|clear|warm]     compiled kernels on disk\n"
	"\n"
	"`vgpu-ctl COMMAND --help' says more.  Without a command, status.";

static error_t parse(int key, char *arg, struct argp_state *state)
{
	int *first = state->input;

	(void)arg;
	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	/* The rest belongs to the command. */
	*first = state->next - 1;
	state->next = state->argc;
	return 0;
}

static const struct argp argp = {
	.parser = parse, .args_doc = "[COMMAND [OPTION...]]", .doc = doc,
};

int main(int argc, char **argv)
{
	static char *status[] = { "vgpu-ctl status", NULL };
	static char name[64];
	int first = 0;

	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &first);
	if (!first)
		return cmd_status(1, status);
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(argv[first], commands[i].name))
			continue;
		snprintf(name, sizeof(name), "vgpu-ctl %s", commands[i].name);
		argv[first] = name;
		return commands[i].run(argc - first, argv + first);
	}
	fprintf(stderr, "vgpu-ctl: there is no command '%s'; see vgpu-ctl --help\n",
		argv[first]);
	return EXIT_USAGE;
}
