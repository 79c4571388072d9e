/* SPDX-License-Identifier: MIT */
/* What went wrong: in words or as JSON, and the exit status. */
#ifndef VGPU_CTL_ERRORS_H
#define VGPU_CTL_ERRORS_H

#include <stdbool.h>
#include <stdio.h>
#include <json-c/json.h>

/* Every exit status, for the code, for --help, and (selftests/control compares) the man page. */
#define EXIT_STATUSES(X)                                                                                 \
	X(EXIT_DONE, 0, "It was done.")                                                                  \
	X(EXIT_NO_DEVICE, 1,                                                                             \
	  "There is no device, most often because the module is not loaded; or none that is called so.") \
	X(EXIT_USAGE, 2, "The command line was wrong.")                                                  \
	X(EXIT_FAILED, 3, "It could not be done; for doctor: something is to be put right.")

enum exit_status {
#define X(name, number, text) name = number,
	EXIT_STATUSES(X)
#undef X
		EXIT_ARGP =
			0x1000, /* a parser's own exit, which becomes EXIT_USAGE; no command that is traced can have it */
};

extern bool errors_json;

void errors_begin(int argc, char **argv);
void errors_to(FILE *stream);
void errors_add_to(struct json_object *top);
int fail(enum exit_status status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
