// SPDX-License-Identifier: MIT
/*
 * A process that runs, traced by the kernel: its driver API calls by uprobes on our
 * libcuda, its work by the module's tracepoints. Both go to a tracing instance of our own,
 * which leaves whatever else is being traced alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include "trace.h"
#include "vgpu-ctl.h"

#define TRACEFS		"/sys/kernel/tracing"
#define THREADS		1024

/* A call that a thread is in. */
struct call {
	long tid;
	char name[64];
	double since;
};

/**
 * struct session - what has been set up
 * @pid: the process
 * @instance: our tracing instance
 * @group: name of our uprobes' group
 * @library: file of its libcuda
 * @probes: the system's list of uprobes, open for appending
 * @count: probes made
 * @calls: the calls that its threads are in
 */
struct session {
	const char *pid;
	char instance[128];
	char group[32];
	char library[PATH_MAX + 64];
	int probes;
	int count;
	struct call calls[THREADS];
};

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	r = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return r;
}

static int put_in(const struct session *s, const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", s->instance, name);
	return put(path, text);
}

__attribute__((format(printf, 2, 3)))
static bool probe(struct session *s, const char *fmt, ...)
{
	char text[PATH_MAX + 256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return write(s->probes, text, strlen(text)) > 0;
}

static void add_probe(const char *name, unsigned long offset, void *data)
{
	struct session *s = data;

	if (probe(s, "p:%s/%s %s:0x%lx\n", s->group, name, s->library, offset) &&
	    probe(s, "r:%s/%s__ret %s:0x%lx result=$retval:s32\n", s->group, name, s->library, offset))
		s->count++;
}

/* By the system's own list: the library may be gone with the process. */
static void drop_probes(struct session *s)
{
	char line[PATH_MAX + 256], own[40];
	char *names = NULL, *name, *more;
	size_t used = 0;
	FILE *f = fopen(TRACEFS "/uprobe_events", "re");

	snprintf(own, sizeof(own), ":%s/", s->group);
	while (f && fgets(line, sizeof(line), f)) {
		name = strstr(line, own);
		if (!name)
			continue;
		name[strcspn(name, " ")] = 0;
		more = realloc(names, used + strlen(name) + 1);
		if (!more)
			break;
		names = more;
		strcpy(names + used, name);
		used += strlen(name) + 1;
	}
	if (f)
		fclose(f);
	for (name = names; name && name < names + used; name += strlen(name) + 1)
		probe(s, "-%s\n", name);
	free(names);
}

/* The file of the libcuda that the process has mapped, as we can open it. */
static bool find_library(struct session *s)
{
	char file[64], line[PATH_MAX + 128], *name;
	FILE *f;

	snprintf(file, sizeof(file), "/proc/%s/maps", s->pid);
	f = fopen(file, "re");
	while (f && !s->library[0] && fgets(line, sizeof(line), f)) {
		name = strchr(line, '/');
		if (!name || !strstr(name, "/libcuda.so"))
			continue;
		name[strcspn(name, "\n")] = 0;
		snprintf(s->library, sizeof(s->library), "/proc/%s/root%s", s->pid, name);
	}
	if (f)
		fclose(f);
	return s->library[0];
}

/* Calls: not having them is no reason to stop, the launches are worth something alone. */
static void watch_calls(struct session *s)
{
	char enable[64];

	if (!find_library(s)) {
		fprintf(stderr, "vgpu-ctl: %s has not loaded libcuda yet: only its launches will show\n", s->pid);
		return;
	}
	s->probes = open(TRACEFS "/uprobe_events", O_WRONLY | O_APPEND | O_CLOEXEC);
	if (s->probes < 0) {
		fprintf(stderr, "vgpu-ctl: this kernel has no uprobes: only launches will show\n");
		return;
	}
	symbols_each(s->library, add_probe, s);
	snprintf(enable, sizeof(enable), "events/%s/enable", s->group);
	if (s->count && put_in(s, enable, "1"))
		fprintf(stderr, "vgpu-ctl: calls cannot be traced: only launches will show\n");
}

static int begin(struct session *s)
{
	char text[64];
	int r;

	if (access(TRACEFS "/events", F_OK))
		mount("tracefs", TRACEFS, "tracefs", 0, NULL);
	snprintf(s->group, sizeof(s->group), "vgpuctl%d", getpid());
	snprintf(s->instance, sizeof(s->instance), TRACEFS "/instances/%s", s->group);
	if (mkdir(s->instance, 0700))
		return -errno;
	put_in(s, "trace_clock", "mono");
	snprintf(text, sizeof(text), "pid==%s", s->pid);
	r = put_in(s, "events/vgpu/filter", text);
	if (!r)
		r = put_in(s, "events/vgpu/enable", "1");
	if (!r)
		watch_calls(s);
	return r;
}

static void end(struct session *s)
{
	put_in(s, "events/enable", "0");
	rmdir(s->instance);
	if (s->count)
		drop_probes(s);
	if (s->probes >= 0)
		close(s->probes);
}

/* "comm-TID [cpu] flags time: event: rest", in which comm may hold anything. */
static bool split(char *line, long *tid, double *time, char **event, char **rest)
{
	char *cpu = strstr(line, " ["), *dash;

	if (!cpu)
		return false;
	*cpu = 0;
	dash = strrchr(line, '-');
	if (!dash)
		return false;
	*tid = strtol(dash + 1, NULL, 10);
	line = strchr(cpu + 2, ']');
	if (!line)
		return false;
	*event = strstr(line, ": ");
	if (!*event)
		return false;
	**event = 0;
	*time = atof(strrchr(line, ' ') ? strrchr(line, ' ') + 1 : line);
	*event += 2;
	*rest = strstr(*event, ": ");
	if (!*rest)
		return false;
	**rest = 0;
	*rest += 2;
	return true;
}

static bool is_thread(const struct session *s, long tid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s/task/%ld", s->pid, tid);
	return !access(path, F_OK);
}

static struct call *call_of(struct session *s, long tid)
{
	struct call *c = s->calls;

	while (c < s->calls + THREADS - 1 && c->tid && c->tid != tid)
		c++;
	return c;
}

static void print_return(struct session *s, long tid, double time, const char *rest)
{
	struct call *c = call_of(s, tid);
	const char *result = strstr(rest, "result=");
	char text[160];

	if (c->tid != tid || !c->name[0])
		return;
	snprintf(text, sizeof(text), "[%ld] %s = %s (%.0f us)", tid, c->name, result ? result + 7 : "?",
		 (time - c->since) * 1e6);
	trace_print(text);
	c->name[0] = 0;
}

static void print_event(char *line, void *data)
{
	struct session *s = data;
	char *event, *rest, text[1024];
	struct call *c;
	double time;
	long tid;

	if (!split(line, &tid, &time, &event, &rest))
		return;
	if (!strncmp(event, "vgpu_", 5)) {
		snprintf(text, sizeof(text), "  device: %s %s", event + 5, rest);
		trace_print(text);
	} else if (is_thread(s, tid)) {
		if (strstr(event, "__ret")) {
			print_return(s, tid, time, rest);
			return;
		}
		c = call_of(s, tid);
		c->tid = tid;
		c->since = time;
		snprintf(c->name, sizeof(c->name), "%s", event);
	}
}

static void follow(struct session *s)
{
	static struct trace_buffer b;
	char path[160];
	int fd;

	snprintf(path, sizeof(path), "%s/trace_pipe", s->instance);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%s", s->pid);
	while (fd >= 0 && !trace_interrupted()) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n;

		poll(&p, 1, 200);
		n = read(fd, b.text + b.used, sizeof(b.text) - b.used);
		if (n > 0) {
			b.used += n;
			trace_lines(&b, print_event, s);
		} else if (access(path, F_OK)) {
			break;
		}
	}
	if (fd >= 0)
		close(fd);
}

/** trace_process - trace a process until it ends or we are interrupted; the exit status */
int trace_process(const char *pid)
{
	static struct session s;
	char path[64];
	int r;

	s.pid = pid;
	s.probes = -1;
	snprintf(path, sizeof(path), "/proc/%s", pid);
	if (access(path, F_OK)) {
		fprintf(stderr, "vgpu-ctl: there is no process %s\n", pid);
		return EXIT_FAILED;
	}
	if (geteuid()) {
		fprintf(stderr, "vgpu-ctl: tracing a process that runs needs root: try sudo, or let vgpu-ctl start it\n");
		return EXIT_FAILED;
	}
	r = begin(&s);
	if (r)
		fprintf(stderr, "vgpu-ctl: the kernel's tracing cannot be used here (%s: %s); `vgpu-ctl trace COMMAND' can\n",
			s.instance, strerror(-r));
	else
		follow(&s);
	end(&s);
	return r ? EXIT_FAILED : 0;
}
