// SPDX-License-Identifier: MIT
/* What went wrong: in words or as JSON, and the exit status. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "errors.h"
#include "output.h"

/* --json: errors are members of what is printed, or an object of their own. */
bool errors_json;

static FILE *to;    /* of that object; NULL: standard output */
static char *texts; /* not printed yet, a line each */
static int first_status;

static void tell(struct json_object *top)
{
	struct json_object *o = json_object_new_object();

	add_number(o, "status", first_status);
	add_string(o, "text", texts);
	json_object_object_add(top, "error", o);
	free(texts);
	texts = NULL;
}

/** errors_add_to - put what went wrong so far into an object that is about to be printed */
void errors_add_to(struct json_object *top)
{
	if (texts)
		tell(top);
}

/** errors_to - where an object that holds nothing but an error goes */
void errors_to(FILE *stream)
{
	to = stream;
}

/* What was printed is in the kernel's hands, or the command has failed. */
static void at_exit(int status, void *arg)
{
	struct json_object *top;

	(void)arg;
	if (status == EXIT_ARGP && errors_json)
		fail(EXIT_USAGE, "the command line is wrong; standard error says how");
	if (texts) {
		top = json_object_new_object();
		tell(top);
		fprintf(to ? to : stdout, "%s\n",
			json_object_to_json_string_ext(top, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
		json_object_put(top);
	}
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "vgpu-ctl: cannot write: %s\n", strerror(errno));
		_exit(EXIT_FAILED);
	}
	if (status == EXIT_ARGP) {
		fflush(NULL);
		_exit(EXIT_USAGE);
	}
}

/** errors_begin - look ahead for --json: also a command line that is wrong is told so; before anything else */
void errors_begin(int argc, char **argv)
{
	bool trace = false;

	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "--json") || !strcmp(argv[i], "-j"))
			errors_json = true;
		else if (trace && argv[i][0] != '-') /* the rest is a command's */
			break;
		trace |= !strcmp(argv[i], "trace");
	}
	on_exit(at_exit, NULL);
}

static void remember(int status, const char *text)
{
	char *all;

	if (!texts)
		first_status = status;
	if (asprintf(&all, "%s%s%s", texts ? texts : "", texts ? "\n" : "", text) < 0)
		return;
	free(texts);
	texts = all;
}

/**
 * fail - say what went wrong: on standard error, or as the member "error" with --json
 * @status: the exit status that it means
 * @fmt: a sentence
 *
 * Return: @status
 */
int fail(enum exit_status status, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (errors_json)
		remember(status, text);
	else
		fprintf(stderr, "vgpu-ctl: %s\n", text);
	return status;
}
