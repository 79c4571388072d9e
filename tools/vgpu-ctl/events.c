// SPDX-License-Identifier: MIT
/* vgpu-ctl events: what has gone wrong on the devices, and what goes wrong from now on. */
#include <argp.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "names.h"
#include "options.h"
#include "output.h"

/* An event as its line is printed; @lost events before it are gone. */
typedef void (*print_fn)(const struct gpu *gpu, const struct vgpu_fault *f, uint32_t lost);

struct events_options {
	bool json;
	bool follow;
};

static const struct argp_option options[] = { { "json", 'j', NULL, 0, "print JSON, an object a line", 0 },
					      { "follow", 'f', NULL, 0, "wait for more", 0 },
					      { 0 } };

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct events_options *o = state->input;

	(void)arg;
	switch (key) {
	case 'j':
		o->json = true;
		return 0;
	case 'f':
		o->follow = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Show the newest faults of the virtual GPUs: kind, Xid, process, kernel, "
	       "block and thread, address; and what was injected.",
};

static const char *kind_name(uint32_t kind)
{
	static const char *const names[] = {
#define FAULT_KIND(kind, n, cuda, words) [VGPU_FAULT_##kind] = words,
#define EVENT_KIND(kind, n, words)       [VGPU_EVENT_##kind] = words,
#include "../../uapi/vgpu_faults.def"
#undef FAULT_KIND
#undef EVENT_KIND
	};

	return kind < sizeof(names) / sizeof(*names) && names[kind] ? names[kind] : "unknown";
}

static const char *xid_words(uint32_t xid)
{
	static const char *const words[] = {
#define XID(number, text) [number] = text,
#include "../../uapi/vgpu_xids.def"
#undef XID
	};

	return xid < sizeof(words) / sizeof(*words) && words[xid] ? words[xid] : "Unknown Error";
}

/* What happened; what no process did is told in the words of its Xid. */
static void print_what(const struct vgpu_fault *f)
{
	char text[64];

	switch (f->kind) {
	case VGPU_EVENT_ECC_SINGLE:
		printf("%s, %lld times", kind_name(f->kind), (long long)f->detail);
		break;
	case VGPU_EVENT_INJECTED:
		inject_text(f->detail >> 32, (uint32_t)f->detail, text, sizeof(text));
		printf("injected: %s", text);
		break;
	case VGPU_EVENT_CLOCKS:
		printf("work takes %lld %% of its time at full clocks", (long long)f->detail);
		break;
	case VGPU_EVENT_RECOVERY:
		printf("GPU recovery action changed to %s", f->detail ? "GPU reset required" : "none");
		break;
	default:
		printf("%s", f->xid && !f->pid && !f->kernel_name[0] ? xid_words(f->xid) : kind_name(f->kind));
	}
}

static void print_text(const struct gpu *gpu, const struct vgpu_fault *f, uint32_t lost)
{
	time_t seconds = f->time_ns / 1000000000;
	struct tm tm;
	char when[32], name[NAMES_ROOM(sizeof(f->kernel_name))];

	localtime_r(&seconds, &tm);
	strftime(when, sizeof(when), "%F %T", &tm);
	if (lost)
		printf("GPU %u: %u older events are lost\n", gpu->dev.info.index, lost);
	printf("%s GPU %u: ", when, gpu->dev.info.index);
	if (f->xid)
		printf("Xid %u: ", f->xid);
	print_what(f);
	if (f->pid)
		printf(", pid %u", f->pid);
	if (f->kernel_name[0]) {
		printf(", kernel %s", names_show(f->kernel_name, sizeof(f->kernel_name), name));
		printf(", block (%u,%u,%u), thread (%u,%u,%u), pc %#x", f->block[0], f->block[1], f->block[2],
		       f->thread[0], f->thread[1], f->thread[2], f->pc);
	}
	if (f->line)
		printf(", line %u", f->line);
	if (f->access_bytes)
		printf(", %s of %u bytes at %#llx", f->write ? "write" : "read", f->access_bytes,
		       (unsigned long long)f->address);
	putchar('\n');
}

static struct json_object *json_dim(const __u32 v[3])
{
	struct json_object *list = json_object_new_array();

	for (int i = 0; i < 3; i++)
		json_object_array_add(list, json_object_new_uint64(v[i]));
	return list;
}

static void print_json(const struct gpu *gpu, const struct vgpu_fault *f, uint32_t lost)
{
	struct json_object *o = json_object_new_object();
	char text[64];

	add_number(o, "gpu", gpu->dev.info.index);
	add_number(o, "event", f->event);
	add_number(o, "lost", lost);
	add_number(o, "time_ns", f->time_ns);
	add_number(o, "xid", f->xid);
	add_string(o, "kind", kind_name(f->kind));
	if (f->kind == VGPU_EVENT_INJECTED) {
		inject_text(f->detail >> 32, (uint32_t)f->detail, text, sizeof(text));
		add_string(o, "injected", text);
	} else if (f->xid) {
		add_string(o, "xid_words", xid_words(f->xid));
	}
	add_number(o, "detail", f->detail);
	add_number(o, "pid", f->pid);
	add_name(o, "kernel", f->kernel_name, sizeof(f->kernel_name));
	json_object_object_add(o, "block", json_dim(f->block));
	json_object_object_add(o, "thread", json_dim(f->thread));
	add_number(o, "pc", f->pc);
	add_number(o, "line", f->line);
	add_number(o, "address", f->address);
	add_number(o, "access_bytes", f->access_bytes);
	json_object_object_add(o, "write", json_object_new_boolean(f->write));
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
	json_object_put(o);
}

/* Print all events newer than *@after; 0 or a negative errno. */
static int drain(const struct gpu *gpu, uint64_t *after, print_fn print)
{
	struct vgpu_fault f;
	uint32_t lost;
	int r;

	while (!(r = vgpu_dev_event(&gpu->dev, after, &lost, &f)))
		print(gpu, &f, lost);
	fflush(stdout);
	return r == -EAGAIN ? 0 : r;
}

/* The exit status so far. */
static int drain_all(const struct gpu *gpus, uint64_t *after, int count, print_fn print)
{
	for (int i = 0; i < count; i++) {
		int r = gpus[i].is_open ? drain(&gpus[i], &after[i], print) : 0;

		if (r)
			return fail(r == -ENODEV ? EXIT_NO_DEVICE : EXIT_FAILED, "GPU %u: %s", gpu_index(&gpus[i]),
				    strerror(-r));
	}
	return 0;
}

static void wait_for_more(const struct gpu *gpus, int count)
{
	struct pollfd fds[VGPU_MAX_DEVICES];

	for (int i = 0; i < count; i++)
		fds[i] = (struct pollfd){ .fd = gpus[i].is_open ? gpus[i].dev.fd : -1, .events = POLLPRI };
	poll(fds, count, -1);
}

/** cmd_events - the command */
int cmd_events(int argc, char **argv)
{
	static struct gpu gpus[VGPU_MAX_DEVICES];
	uint64_t after[VGPU_MAX_DEVICES] = { 0 };
	struct events_options o = { errors_json, false };
	print_fn print;
	int count, r;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	errors_json = o.json;
	print = o.json ? print_json : print_text;
	r = gpus_get(gpus, &count, NULL, true);
	if (r)
		return r;
	r = drain_all(gpus, after, count, print);
	while (!r && o.follow) {
		wait_for_more(gpus, count);
		r = drain_all(gpus, after, count, print);
	}
	gpus_close(gpus, count);
	return r;
}
