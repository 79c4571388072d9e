// SPDX-License-Identifier: MIT
/*
 * What the kernel tells of processes: their work, by the module's tracepoints, and the driver API
 * calls of one that runs, by uprobes (trace_probes.c). Both go to a tracing instance of our own,
 * which leaves whatever else is being traced alone.
 *
 * An instance and its probes outlive a tracer that is killed. Each tracer holds a lock on the folder of
 * its instance; the next one takes away what nobody holds, and probes whose instance and tracer are gone.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include "trace.h"
#include "vgpu-ctl.h"

#define TRACEFS   "/sys/kernel/tracing"
#define INSTANCES TRACEFS "/instances"
#define PREFIX    "vgpuctl"
#define THREADS   1024
#define PID_LIMIT (1 << 22) /* the kernel's PID_MAX_LIMIT */

/* A call that a thread is in. */
struct call {
	long tid;
	char name[64];
	double since;
};

/**
 * struct session - what has been set up
 * @pid: the process; NULL: a command and its children
 * @instance: our tracing instance; empty: there is none
 * @lock: its folder, locked
 * @pipe: where it tells
 * @probes: what is probed
 * @calls: the calls that its threads are in
 * @family: the ids that threads of the command and of its children have, a bit each
 */
struct session {
	const char *pid;
	char instance[128];
	int lock, pipe;
	struct trace_probes probes;
	struct call calls[THREADS];
	uint8_t family[PID_LIMIT / 8];
};

static struct session session = { .lock = -1, .pipe = -1 };

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	r = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return r;
}

static int put_in(const char *instance, const char *name, const char *text)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", instance, name);
	return put(path, text);
}

/*
 * The instance goes first: for each probe that is dropped the kernel empties the buffers that had it enabled, and waits
 * twice for all processors to do so. Only when somebody else looks into it, it cannot go before its probes.
 */
static void take_away(const char *instance)
{
	int r;

	put_in(instance, "events/enable", "0");
	r = rmdir(instance);
	probes_drop(strrchr(instance, '/') + 1);
	if (r)
		rmdir(instance);
}

/* Whether the tracer lives that its instance is called after, and has perhaps not come to locking it yet. */
static bool lives(const char *name)
{
	char path[64], comm[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.12s/comm", name + strlen(PREFIX));
	f = fopen(path, "re");
	if (f && !fgets(comm, sizeof(comm), f))
		comm[0] = 0;
	if (f)
		fclose(f);
	return !strcmp(comm, "vgpu-ctl\n");
}

/* Probes of a tracer that was killed when its instance was gone already. */
static bool abandoned(const char *group)
{
	char path[sizeof(INSTANCES) + 64];

	snprintf(path, sizeof(path), INSTANCES "/%.32s", group);
	return !strncmp(group, PREFIX, strlen(PREFIX)) && !lives(group) && access(path, F_OK);
}

static void take_away_stale(void)
{
	DIR *d = opendir(INSTANCES);
	char path[sizeof(INSTANCES) + 256];
	struct dirent *e;
	int fd;

	while (d && (e = readdir(d))) {
		if (strncmp(e->d_name, PREFIX, strlen(PREFIX)) || lives(e->d_name))
			continue;
		snprintf(path, sizeof(path), INSTANCES "/%s", e->d_name);
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (!flock(fd, LOCK_EX | LOCK_NB))
			take_away(path);
		close(fd);
	}
	if (d)
		closedir(d);
	probes_drop_groups(abandoned);
}

/* What tracepoints and trace_pipe call processes are the numbers of the first pid namespace, whose inode never changes. */
static bool in_pid_namespace(void)
{
	struct stat st;

	return !stat("/proc/self/ns/pid", &st) && st.st_ino != 0xeffffffc;
}

/* Tracing itself: NULL when it can be used, else why not. */
static const char *unusable(void)
{
	if (geteuid())
		return "that needs root: try sudo";
	if (in_pid_namespace())
		return "processes have other numbers here (a container) than where the kernel tells of them: run "
		       "vgpu-ctl on the host";
	if (access(TRACEFS, F_OK))
		return "this kernel has no tracing (CONFIG_FTRACE)";
	if (access(TRACEFS "/events", F_OK) && mount("tracefs", TRACEFS, "tracefs", 0, NULL))
		return errno == ENODEV ? "this kernel has no tracing (CONFIG_FTRACE)" :
					 "tracefs is not mounted; try `sudo mount -t tracefs none " TRACEFS "`";
	if (access("/sys/module/vgpu", F_OK))
		return "the module is not loaded; try `sudo modprobe vgpu`";
	if (access(TRACEFS "/events/vgpu", F_OK))
		return "this kernel has no tracepoints for modules";
	if (access(INSTANCES, W_OK))
		return INSTANCES " cannot be written to";
	return NULL;
}

static bool is_member(long id)
{
	return id > 0 && id < PID_LIMIT && session.family[id / 8] & 1 << id % 8;
}

/* A number that is given out again is its new owner's. */
static void set_member(long id, bool is)
{
	if (id <= 0 || id >= PID_LIMIT)
		return;
	if (is)
		session.family[id / 8] |= 1 << id % 8;
	else
		session.family[id / 8] &= ~(1 << id % 8);
}

static int make_instance(struct session *s)
{
	snprintf(s->probes.group, sizeof(s->probes.group), PREFIX "%d", getpid());
	snprintf(s->instance, sizeof(s->instance), INSTANCES "/%s", s->probes.group);
	if (mkdir(s->instance, 0700)) {
		s->instance[0] = 0;
		return -errno;
	}
	s->lock = open(s->instance, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->lock < 0 || flock(s->lock, LOCK_EX | LOCK_NB))
		return -errno;
	put_in(s->instance, "trace_clock", "mono");
	put_in(s->instance, "buffer_percent", "0"); /* wake us for each event */
	return 0;
}

/* The module's tracepoints, and whose: of one process, or of those whose births we are told. */
static int watch_devices(struct session *s)
{
	char text[64];
	int r;

	if (!s->pid)
		r = put_in(s->instance, "events/sched/sched_process_fork/enable", "1");
	else if (snprintf(text, sizeof(text), "pid==%s", s->pid) < (int)sizeof(text))
		r = put_in(s->instance, "events/vgpu/filter", text);
	else
		r = -EINVAL;
	return r ? r : put_in(s->instance, "events/vgpu/enable", "1");
}

static void watch_calls(struct session *s)
{
	char enable[64];

	if (!probes_set(&s->probes, s->pid) || trace_interrupted())
		return;
	snprintf(enable, sizeof(enable), "events/%s/enable", s->probes.group);
	if (put_in(s->instance, enable, "1"))
		fprintf(stderr, "vgpu-ctl: calls cannot be traced: only launches will show\n");
}

/* A process cannot be traced without; of a command the calls are something. */
static int cannot(const char *pid, const char *why)
{
	if (pid)
		return fail(EXIT_FAILED, "tracing a process that runs: %s; `vgpu-ctl trace COMMAND' can do without",
			    why);
	fprintf(stderr, "vgpu-ctl: only calls will show, not what the device does: %s\n", why);
	return EXIT_FAILED;
}

/**
 * trace_kernel_begin - have the kernel tell what is done
 * @pid: of this process, its calls too; NULL: only on devices, by those that this process starts, and their children
 *
 * Return: 0, or the exit status after saying why not; trace_kernel_end() in any case.
 */
int trace_kernel_begin(const char *pid)
{
	struct session *s = &session;
	const char *why = unusable();
	char path[160];
	int r;

	s->pid = pid;
	if (why)
		return cannot(pid, why);
	take_away_stale();
	r = make_instance(s);
	if (!r)
		r = watch_devices(s);
	if (!r && pid)
		watch_calls(s);
	set_member(getpid(), true);
	snprintf(path, sizeof(path), "%s/trace_pipe", s->instance);
	if (!r)
		s->pipe = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (!r && s->pipe < 0)
		r = -errno;
	return r ? cannot(pid, strerror(-r)) : 0;
}

/** trace_kernel_end - let the kernel tell nothing more */
void trace_kernel_end(void)
{
	struct session *s = &session;

	if (s->pipe >= 0)
		close(s->pipe);
	if (s->instance[0])
		take_away(s->instance);
	if (s->lock >= 0)
		close(s->lock);
	memset(s, 0, sizeof(*s));
	s->lock = s->pipe = -1;
}

/** trace_kernel_fd - to be polled; -1: the kernel tells nothing */
int trace_kernel_fd(void)
{
	return session.pipe;
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

static void returned(struct session *s, long tid, double time, const char *rest)
{
	const char *result = strstr(rest, "result=");
	struct call *c = call_of(s, tid);
	struct trace_call call = { .when = time, .pid = atol(s->pid), .tid = tid, .name = c->name };

	if (c->tid != tid || !c->name[0])
		return;
	call.us = (time - c->since) * 1e6;
	call.result = result ? trace_result(atol(result + 7)) : "?";
	trace_call(&call);
	c->name[0] = 0;
}

static void called(struct session *s, long tid, double time, const char *name)
{
	struct call *c = call_of(s, tid);

	c->tid = tid;
	c->since = time;
	snprintf(c->name, sizeof(c->name), "%s", name);
}

static long number_after(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? atol(at + strlen(key)) : 0;
}

/* "comm=A pid=1 child_comm=B child_pid=2", where only the last number is not the program's choice; the first is who did it. */
static void born(long parent, const char *rest)
{
	const char *child = strrchr(rest, '=');

	if (child)
		set_member(atol(child + 1), is_member(parent));
}

static void print_event(char *line, void *data)
{
	struct session *s = data;
	char *event, *rest;
	double time;
	long tid;

	if (!strncmp(line, "CPU:", 4) && strstr(line, "LOST")) {
		trace_text(trace_now(), line);
		return;
	}
	if (!split(line, &tid, &time, &event, &rest))
		return;
	if (!strcmp(event, "sched_process_fork"))
		born(tid, rest);
	else if (!strncmp(event, "vgpu_", 5) && (s->pid || is_member(number_after(rest, " pid="))))
		trace_device(time, event + 5, rest);
	else if (s->pid && is_thread(s, tid) && strstr(event, "__ret"))
		returned(s, tid, time, rest);
	else if (s->pid && is_thread(s, tid))
		called(s, tid, time, event);
}

/** trace_kernel_read - write down what the kernel has told; whether it was anything */
bool trace_kernel_read(void)
{
	static struct trace_buffer b;

	return session.pipe >= 0 && trace_read(session.pipe, &b, print_event, &session) > 0;
}
