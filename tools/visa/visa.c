// SPDX-License-Identifier: MIT
/*
 * visa: assemble, disassemble and check code objects; print the reference tables.
 */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../../userlib/visa/visa.h"
#include "../../driver/engine/engine.h"
#include "reference.h"

struct options {
	const char *command;
	const char *input;
	const char *output;
};

static const struct argp_option option_table[] = {
	{ "output", 'o', "FILE", 0, "write to FILE instead of standard output", 0 }, { 0 }
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'o':
		o->output = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (!o->command)
			o->command = arg;
		else if (!o->input)
			o->input = arg;
		else
			argp_usage(state);
		return 0;
	case ARGP_KEY_END:
		if (!o->command || (strcmp(o->command, "reference") && !o->input))
			argp_usage(state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp parser = {
	.options = option_table,
	.parser = parse_option,
	.args_doc = "as FILE\ndis FILE\ncheck FILE\nreference",
	.doc = "as: text to code object; dis: code object to text; check: what the"
	       " engine's verifier says; reference: the tables of Documentation/isa-ops.rst",
};

/* The whole file and a NUL behind it. */
static char *read_file(const char *path, size_t *size)
{
	FILE *f = !strcmp(path, "-") ? stdin : fopen(path, "rb");
	size_t room = 65536, n = 0, got;
	char *data = malloc(room + 1);

	while (f && data && (got = fread(data + n, 1, room - n, f)) > 0) {
		n += got;
		if (n == room) {
			room *= 2;
			data = realloc(data, room + 1);
		}
	}
	if (!f || !data) {
		fprintf(stderr, "visa: %s: %s\n", path, strerror(errno));
		exit(1);
	}
	if (f != stdin)
		fclose(f);
	data[n] = '\0';
	*size = n;
	return data;
}

static FILE *open_output(const struct options *o)
{
	FILE *f = o->output ? fopen(o->output, "wb") : stdout;

	if (!f) {
		fprintf(stderr, "visa: %s: %s\n", o->output, strerror(errno));
		exit(1);
	}
	return f;
}

static int assemble(const struct options *o)
{
	struct visa_error err;
	size_t size;
	char *text = read_file(o->input, &size);
	void *image;
	FILE *out;

	if (visa_assemble(text, &image, &size, &err)) {
		fprintf(stderr, "%s:%u: %s\n", o->input, err.line, err.text);
		return 1;
	}
	out = open_output(o);
	fwrite(image, 1, size, out);
	free(image);
	free(text);
	return fclose(out) ? 1 : 0;
}

static int disassemble(const struct options *o)
{
	size_t size;
	char *image = read_file(o->input, &size);
	FILE *out = open_output(o);
	int ret = visa_disassemble(image, size, out);

	if (ret)
		fprintf(stderr, "visa: %s: not a code object\n", o->input);
	free(image);
	return fclose(out) || ret ? 1 : 0;
}

static int check(const struct options *o)
{
	size_t size;
	char *image = read_file(o->input, &size), msg[160];
	struct engine_code *code;
	int ret = engine_code_load(image, size, &code, msg, sizeof(msg));

	if (ret)
		printf("%s\n", ret == -EINVAL ? msg : strerror(-ret));
	else
		engine_code_put(code);
	free(image);
	return ret ? 1 : 0;
}

static int reference(const struct options *o)
{
	FILE *out = open_output(o);

	reference_print(out);
	return fclose(out) ? 1 : 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const struct options *o);
	} commands[] = {
		{ "as", assemble },
		{ "dis", disassemble },
		{ "check", check },
		{ "reference", reference },
	};
	struct options o = { 0 };
	size_t i;

	argp_parse(&parser, argc, argv, 0, NULL, &o);
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(o.command, commands[i].name))
			return commands[i].run(&o);
	fprintf(stderr, "visa: unknown command '%s'\n", o.command);
	return 1;
}
