// SPDX-License-Identifier: MIT
/* vgpu-ctl inject, clear and reset: make devices fail, and bring them back. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "options.h"
#include "output.h"

struct kind {
	const char *name;
	uint32_t kind;
	bool (*value)(const char *text, uint64_t *value);
	uint64_t otherwise; /* without a value; 0: there must be one */
};

static bool whole(const char *text, uint64_t *value)
{
	char *end;

	*value = strtoull(text, &end, 0);
	return *text && !*end && *text != '-';
}

/* "3" or "2.5": so many times as long. */
static bool factor(const char *text, uint64_t *value)
{
	char *end;
	double d = strtod(text, &end);

	*value = isfinite(d) && d >= 1 && d <= 1000 ? (uint64_t)(d * 100 + 0.5) : 0;
	return *text && !*end && *value;
}

static const struct {
	const char *name;
	uint32_t bit;
} reason_names[] = {
	{ "power", VGPU_THROTTLE_POWER },
	{ "thermal", VGPU_THROTTLE_THERMAL },
	{ "hardware", VGPU_THROTTLE_HARDWARE },
	{ "none", 0 },
};

/* "power,thermal,hardware" */
static bool reasons(const char *text, uint64_t *value)
{
	size_t n;

	for (*value = 0; *text; text += n + (text[n] == ',')) {
		unsigned int i;

		n = strcspn(text, ",");
		for (i = 0; i < 4 && (strlen(reason_names[i].name) != n || strncmp(reason_names[i].name, text, n)); i++)
			;
		if (i == 4)
			return false;
		*value |= reason_names[i].bit;
	}
	return true;
}

static const struct kind kinds[] = {
	{ "xid", VGPU_INJECT_XID, whole, 0 },
	{ "ecc-single", VGPU_INJECT_ECC_SINGLE, whole, 1 },
	{ "ecc-double", VGPU_INJECT_ECC_DOUBLE, NULL, 0 },
	{ "off-bus", VGPU_INJECT_LOST, NULL, 0 },
	{ "hang", VGPU_INJECT_HANG, NULL, 0 },
	{ "slow", VGPU_INJECT_SLOW, factor, 0 },
	{ "throttle", VGPU_INJECT_THROTTLE, reasons, VGPU_THROTTLE_HARDWARE },
	{ "thermal", VGPU_INJECT_THERMAL, whole, 90 },
	{ "alloc-fail", VGPU_INJECT_ALLOC_FAIL, whole, 0 },
	{ "launch-fail", VGPU_INJECT_LAUNCH_FAIL, whole, 0 },
	{ "clear", VGPU_INJECT_CLEAR, NULL, 0 },
};

enum { KINDS = sizeof(kinds) / sizeof(*kinds) };

void inject_text(uint32_t kind, uint64_t value, char *to, size_t size)
{
	const char *name = "unknown", *comma = " ";
	size_t n;

	for (int i = 0; i < KINDS; i++)
		if (kinds[i].kind == kind)
			name = kinds[i].name;
	n = snprintf(to, size, "%s", name);
	switch (kind) {
	case VGPU_INJECT_CLEAR:
	case VGPU_INJECT_HANG:
		return;
	case VGPU_INJECT_SLOW:
		snprintf(to + n, size - n, " %g", value / 100.0);
		return;
	case VGPU_INJECT_THROTTLE:
		for (int i = 0; i < 4; i++)
			if (reason_names[i].bit ? value & reason_names[i].bit : !value) {
				n += snprintf(to + n, size - n, "%s%s", comma, reason_names[i].name);
				comma = ",";
			}
		return;
	}
	snprintf(to + n, size - n, " %llu", (unsigned long long)value);
}

static const char inject_doc[] = "Make virtual GPUs fail, for every process alike.\v"
				 "What:\n"
				 "  xid N             an Xid, as the driver logs it; most end every context\n"
				 "  ecc-single [N]    N corrected memory errors (1)\n"
				 "  ecc-double        an uncorrected one (Xid 48)\n"
				 "  off-bus           fall off the bus (Xid 79); until reset everything fails\n"
				 "  hang              nothing gets on, until clear or reset\n"
				 "  slow FACTOR       work takes so many times as long (1 to 1000)\n"
				 "  throttle [WHY]    half the clocks: power, thermal, hardware, with commas; none\n"
				 "  thermal [C]       so many degrees Celsius (90); 92 and more is off-bus\n"
				 "  alloc-fail N      every Nth allocation fails; 0: none\n"
				 "  launch-fail N     every Nth launch fails; 0: none\n"
				 "  clear             take all of it back but off-bus\n";

static const char *why(int r)
{
	switch (-r) {
	case EPERM:
		return "this needs root: try sudo";
	case ENODEV:
		return "it is lost; `vgpu-ctl reset' brings it back";
	case EBUSY:
		return "processes use it; --force ends their contexts";
	case EINVAL:
		return "that value is out of range";
	case EOPNOTSUPP:
		return "a card of this model has no such thing";
	case ENOTTY:
		return "the loaded module is too old for this";
	}
	return strerror(-r);
}

/* Only a reset brings such a device back. */
static bool is_lost(const struct gpu *gpu)
{
	struct vgpu_device_status s;

	return !vgpu_dev_status(&gpu->dev, &s) && (s.state & VGPU_STATE_LOST);
}

static void say(const struct gpu *gpu, const char *what, struct json_object *list)
{
	struct json_object *o;

	if (!list) {
		printf("GPU %u: %s%s\n", gpu->dev.info.index, what,
		       is_lost(gpu) ? "; it is lost, `vgpu-ctl reset' brings it back" : "");
		return;
	}
	o = json_object_new_object();
	add_number(o, "gpu", gpu->dev.info.index);
	add_string(o, "done", what);
	json_object_array_add(list, o);
}

/* Do something to each device that was chosen; returns the exit status. */
static int each(const struct options *o, const char *what, int (*fn)(const struct vgpu_dev *dev, void *arg), void *arg)
{
	static struct gpu gpus[VGPU_MAX_DEVICES];
	int count, status = gpus_get(gpus, &count, o->gpu, true);
	struct json_object *list;

	if (status)
		return status;
	list = o->json ? json_object_new_array() : NULL;
	for (int i = 0; i < count; i++) {
		int r = gpus[i].is_open ? fn(&gpus[i].dev, arg) : 0;

		if (!gpus[i].is_open)
			status = node_shut(&gpus[i]);
		else if (r)
			status = fail(EXIT_FAILED, "GPU %u: %s", gpu_index(&gpus[i]), why(r));
		else
			say(&gpus[i], what, list);
	}
	if (list)
		json_print_as("devices", list);
	gpus_close(gpus, count);
	return status;
}

struct what {
	uint32_t kind;
	uint64_t value;
};

static int inject(const struct vgpu_dev *dev, void *arg)
{
	const struct what *w = arg;

	return vgpu_dev_inject(dev, w->kind, w->value);
}

static int reset(const struct vgpu_dev *dev, void *arg)
{
	return vgpu_dev_reset(dev, *(bool *)arg);
}

/* The value of a kind from the command line; false after saying what is wrong. */
static bool value_of(const struct kind *k, const char *text, uint64_t *value)
{
	*value = k->value ? k->otherwise : 0;
	if (!k->value && text)
		fail(EXIT_USAGE, "%s takes no value", k->name);
	else if (k->value && !text && !k->otherwise)
		fail(EXIT_USAGE, "%s needs a value; see vgpu-ctl inject --help", k->name);
	else if (k->value && text && !k->value(text, value))
		fail(EXIT_USAGE, "%s is no value for %s; see vgpu-ctl inject --help", text, k->name);
	else
		return true;
	return false;
}

/** cmd_inject - the command */
int cmd_inject(int argc, char **argv)
{
	struct options o = options_parse(argc, argv, OPT_JSON | OPT_GPU, 1, 2, "WHAT [VALUE]", inject_doc);
	struct what w;

	for (int i = 0; i < KINDS; i++) {
		if (strcmp(kinds[i].name, o.words[0]))
			continue;
		w.kind = kinds[i].kind;
		if (!value_of(&kinds[i], o.count > 1 ? o.words[1] : NULL, &w.value))
			return EXIT_USAGE;
		return each(&o, o.words[0], inject, &w);
	}
	return fail(EXIT_USAGE, "%s cannot be injected; see vgpu-ctl inject --help", o.words[0]);
}

/** cmd_clear - the command */
int cmd_clear(int argc, char **argv)
{
	struct options o = options_parse(argc, argv, OPT_JSON | OPT_GPU, 0, 0, NULL,
					 "Take back what was injected, but for lost devices: reset those.");
	struct what w = { .kind = VGPU_INJECT_CLEAR };

	return each(&o, "clear", inject, &w);
}

/** cmd_reset - the command */
int cmd_reset(int argc, char **argv)
{
	struct options o = options_parse(argc, argv, OPT_JSON | OPT_GPU | OPT_FORCE, 0, 0, NULL,
					 "Reset virtual GPUs: whatever was injected ends, lost ones come back.");

	return each(&o, "reset", reset, &o.force);
}
