// SPDX-License-Identifier: MIT
/* The driver API calls of a process that runs: uprobes on its libcuda, each at a function and at its return. */
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "trace.h"

#define UPROBE_EVENTS "/sys/kernel/tracing/uprobe_events"

__attribute__((format(printf, 2, 3))) static bool put(int events, const char *fmt, ...)
{
	char text[PATH_MAX + 256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return write(events, text, strlen(text)) > 0;
}

static void add(const char *name, unsigned long offset, void *data)
{
	struct trace_probes *p = data;

	if (trace_interrupted())
		return;
	if (put(p->events, "p:%s/%s %s:0x%lx\n", p->group, name, p->library, offset) &&
	    put(p->events, "r:%s/%s__ret %s:0x%lx result=$retval:s32\n", p->group, name, p->library, offset))
		p->count++;
}

/* The file of the libcuda that the process has mapped, as we can open it. */
static bool find_library(struct trace_probes *p, const char *pid)
{
	char file[64], line[PATH_MAX + 128], *name;
	FILE *f;

	snprintf(file, sizeof(file), "/proc/%s/maps", pid);
	f = fopen(file, "re");
	while (f && !p->library[0] && fgets(line, sizeof(line), f)) {
		name = strchr(line, '/');
		if (!name || !strstr(name, "/libcuda.so"))
			continue;
		name[strcspn(name, "\n")] = 0;
		snprintf(p->library, sizeof(p->library), "/proc/%s/root%s", pid, name);
	}
	if (f)
		fclose(f);
	return p->library[0];
}

/**
 * probes_set - probe the calls of a process
 * @p: with the group's name
 * @pid: the process
 *
 * Return: whether any is; says why not.
 */
bool probes_set(struct trace_probes *p, const char *pid)
{
	if (!find_library(p, pid)) {
		fprintf(stderr, "vgpu-ctl: %s has not loaded libcuda yet: only its launches will show\n", pid);
		return false;
	}
	p->events = open(UPROBE_EVENTS, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (p->events < 0) {
		fprintf(stderr, "vgpu-ctl: this kernel has no uprobes: only launches will show\n");
		return false;
	}
	symbols_each(p->library, add, p);
	close(p->events);
	if (!p->count && !trace_interrupted())
		fprintf(stderr, "vgpu-ctl: calls cannot be traced: only launches will show\n");
	return p->count;
}

/**
 * probes_drop - take a group's probes away, which must not be in use any more
 * @group: its name
 *
 * By the system's own list: the library may be gone with the process, and who set them with it.
 */
void probes_drop(const char *group)
{
	char line[PATH_MAX + 256], own[40];
	char *names = NULL, *name, *more;
	size_t used = 0;
	FILE *f = fopen(UPROBE_EVENTS, "re");
	int events = open(UPROBE_EVENTS, O_WRONLY | O_APPEND | O_CLOEXEC);

	snprintf(own, sizeof(own), ":%s/", group);
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
	for (name = names; events >= 0 && name && name < names + used; name += strlen(name) + 1)
		put(events, "-%s\n", name);
	if (events >= 0)
		close(events);
	free(names);
}

/* The first group in the system's list that is one of those; "": there is none. */
static void first_group(bool (*which)(const char *group), char *group, size_t size)
{
	char line[PATH_MAX + 256], *name, *end;
	FILE *f = fopen(UPROBE_EVENTS, "re");

	group[0] = 0;
	while (f && !group[0] && fgets(line, sizeof(line), f)) {
		name = strchr(line, ':');
		end = name ? strchr(name, '/') : NULL;
		if (!end)
			continue;
		*end = 0;
		if (which(name + 1))
			snprintf(group, size, "%s", name + 1);
	}
	if (f)
		fclose(f);
}

/** probes_drop_groups - probes_drop() for each group that @which says yes to */
void probes_drop_groups(bool (*which)(const char *group))
{
	char group[64], last[64] = "";

	for (;;) {
		first_group(which, group, sizeof(group));
		if (!group[0] || !strcmp(group, last)) /* one that cannot be dropped */
			return;
		probes_drop(group);
		strcpy(last, group);
	}
}
