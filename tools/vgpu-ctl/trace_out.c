// SPDX-License-Identifier: MIT
/* What vgpu-ctl trace writes: a line for a call, for what a device does, and for what is neither; or JSON. */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "../../userlib/libcuda/cuda_abi.h"
#include "names.h"
#include "output.h"
#include "trace.h"

static FILE *out;
static bool as_json;
static double began;
static bool any_call;

/** trace_now - CLOCK_MONOTONIC in seconds */
double trace_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/** trace_out_open - where to write to, and how; times are from now on */
void trace_out_open(FILE *to, bool json)
{
	out = to;
	as_json = json;
	began = trace_now();
}

/** trace_result - the name of a number that a call returned */
const char *trace_result(long number)
{
	static const struct {
		long number;
		const char *name;
	} names[] = {
#define X(name, number, text) { number, "CUDA_" #name },
		CUDA_ERRORS(X)
#undef X
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].number == number)
			return names[i].name;
	return "?";
}

/* A line as text, in which names that the program chose are no commands to a terminal. */
static const char *shown(const char *text)
{
	static char line[NAMES_ROOM(sizeof(((struct trace_buffer *)0)->text))];

	return names_show(text, sizeof(((struct trace_buffer *)0)->text), line);
}

/** trace_saw_calls - whether a call was among what was written */
bool trace_saw_calls(void)
{
	return any_call;
}

/* An object with the members that all lines have. */
static struct json_object *line_of(double when, const char *record)
{
	struct json_object *o = json_object_new_object();
	char text[32];

	snprintf(text, sizeof(text), "%.6f", when - began);
	json_object_object_add(o, "seconds", json_object_new_double_s(when - began, text));
	add_string(o, "record", record);
	return o;
}

static void put(struct json_object *o)
{
	fprintf(out, "%s\n",
		json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	fflush(out);
	json_object_put(o);
}

/** trace_call - a call has returned */
void trace_call(const struct trace_call *c)
{
	struct json_object *o;

	any_call = true;
	if (!as_json) {
		fprintf(out, "%10.6f [%ld] %s = %s (%.0f us)\n", c->when - began, c->tid, c->name, c->result, c->us);
		fflush(out);
		return;
	}
	o = line_of(c->when, "call");
	add_number(o, "pid", c->pid);
	add_number(o, "tid", c->tid);
	add_string(o, "call", c->name);
	add_string(o, "result", c->result);
	add_number(o, "duration_us", c->us);
	put(o);
}

static void add_field(struct json_object *o, char *field)
{
	char *value = strchr(field, '='), *end;
	unsigned long long n;

	if (!value)
		return;
	*value++ = 0;
	n = strtoull(value, &end, 0);
	if (*value && !*end && strcmp(field, "name"))
		add_number(o, field, n);
	else
		add_string(o, field, value);
}

/* "a=1 b=2 name=ANYTHING c=3": a name may hold all that the other fields are made of, so these are taken from both ends. */
static void add_fields(struct json_object *o, const char *event, char *fields)
{
	static const struct {
		const char *event;
		int behind; /* fields after the name */
	} layout[] = { { "start", 2 }, { "end", 3 }, { "fault", 1 } };
	char *name = strstr(fields, " name="), *space, *save;
	int behind = 0;

	for (size_t i = 0; i < sizeof(layout) / sizeof(*layout); i++)
		if (!strcmp(layout[i].event, event))
			behind = layout[i].behind;
	for (; name && behind && (space = strrchr(name + 1, ' ')); behind--) {
		add_field(o, space + 1);
		*space = 0;
	}
	if (name) {
		*name = 0;
		add_field(o, name + 1);
	}
	for (fields = strtok_r(fields, " ", &save); fields; fields = strtok_r(NULL, " ", &save))
		add_field(o, fields);
}

/**
 * trace_device - a device has done something
 * @when: the time
 * @event: the tracepoint's name without what they all begin with
 * @fields: what it says; is changed
 */
void trace_device(double when, const char *event, char *fields)
{
	struct json_object *o;

	if (!as_json) {
		fprintf(out, "%10.6f   device: %s %s\n", when - began, event, shown(fields));
		fflush(out);
		return;
	}
	o = line_of(when, "device");
	add_string(o, "event", event);
	add_fields(o, event, fields);
	put(o);
}

/** trace_text - a line that is neither: what libcuda tells, events that were lost */
void trace_text(double when, const char *text)
{
	struct json_object *o;

	if (!as_json) {
		fprintf(out, "%10.6f %s\n", when - began, shown(text));
		fflush(out);
		return;
	}
	o = line_of(when, "text");
	add_string(o, "text", text);
	put(o);
}

/* Give each whole line of what came to a function; the rest stays in the buffer. */
static void lines(struct trace_buffer *b, void (*fn)(char *line, void *data), void *data)
{
	char *line = b->text, *end;

	while ((end = memchr(line, '\n', b->text + b->used - line))) {
		*end = 0;
		fn(line, data);
		line = end + 1;
	}
	b->used -= line - b->text;
	memmove(b->text, line, b->used);
	if (b->used == sizeof(b->text)) /* a line too long to be one of ours */
		b->used = 0;
}

/**
 * trace_read - give a function the lines that can be read without waiting
 * @fd: where to read
 * @b: what is left of the last time
 * @fn: gets each line
 * @data: handed through
 *
 * Return: how many bytes came; -EAGAIN: none yet; 0: none, and nobody could write more.
 */
int trace_read(int fd, struct trace_buffer *b, void (*fn)(char *line, void *data), void *data)
{
	int total = 0;
	ssize_t n;

	while (total < (1 << 20) && (n = read(fd, b->text + b->used, sizeof(b->text) - b->used)) > 0) {
		b->used += n;
		total += n;
		lines(b, fn, data);
	}
	return total ? total : n < 0 ? -EAGAIN : 0;
}
