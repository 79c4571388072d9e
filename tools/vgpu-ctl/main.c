// SPDX-License-Identifier: MIT
/* vgpu-ctl: picks the command. */
#include <argp.h>
#include <stdio.h>
#include <string.h>
#include "vgpu-ctl.h"

const char *argp_program_version = "vgpu-ctl 0.1.0";

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
	{ "add", cmd_add },       { "cache", cmd_cache },   { "cdi", cmd_cdi },       { "clear", cmd_clear },
	{ "doctor", cmd_doctor }, { "events", cmd_events }, { "inject", cmd_inject }, { "list", cmd_list },
	{ "mem", cmd_mem },       { "model", cmd_model },   { "ps", cmd_ps },         { "remove", cmd_remove },
	{ "reset", cmd_reset },   { "status", cmd_status }, { "top", cmd_top },       { "topology", cmd_topology },
	{ "trace", cmd_trace },
};

static const char doc[] = "Look at the virtual GPUs of this machine, add and remove them, make them fail.\v"
			  "Commands:\n"
			  "  status            devices, memory, utilization, processes\n"
			  "  list              a line a device\n"
			  "  top               devices and processes, live\n"
			  "  ps                the processes that use them\n"
			  "  mem               where their memory is\n"
			  "  events            what has gone wrong on them\n"
			  "  topology          how they are connected\n"
			  "  model list        the models that a device can have\n"
			  "  model show MODEL  one of them\n"
			  "  add [MODEL]       add a device\n"
			  "  remove GPU        remove one\n"
			  "  reset             bring devices back to where they were at first\n"
			  "  inject WHAT       make devices fail\n"
			  "  clear             take that back\n"
			  "  doctor [PID]      what keeps programs from using them, and what to do\n"
			  "  trace PID|COMMAND driver API calls and launches, live\n"
			  "  cache             compiled kernels on disk\n"
			  "  cdi               a specification for containers\n"
			  "\n"
			  "`vgpu-ctl COMMAND --help' says more.  Without a command, status.\n"
			  "\n"
			  "Exit status:\n"
#define X(name, number, text) "  " #number "  " text "\n"
	EXIT_STATUSES(X)
#undef X
	;

static error_t parse(int key, char *arg, struct argp_state *state)
{
	int *first = state->input;

	(void)arg;
	if (key == 'j') /* as errors_begin() has seen */
		return 0;
	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	/* The rest belongs to the command. */
	*first = state->next - 1;
	state->next = state->argc;
	return 0;
}

static const struct argp_option options[] = { { "json", 'j', NULL, 0, "print JSON", 0 }, { 0 } };

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "[COMMAND [OPTION...]]",
	.doc = doc,
};

int main(int argc, char **argv)
{
	static char *status[] = { "vgpu-ctl status", NULL };
	static char name[64];
	int first = 0;

	argp_err_exit_status = EXIT_ARGP;
	errors_begin(argc, argv);
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
	return fail(EXIT_USAGE, "there is no command '%s'; see vgpu-ctl --help", argv[first]);
}
