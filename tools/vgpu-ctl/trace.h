/* SPDX-License-Identifier: MIT */
/* The parts of vgpu-ctl trace. */
#ifndef VGPU_CTL_TRACE_H
#define VGPU_CTL_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

/*
 * trace_out.c: what is written, as text or JSON. Times are CLOCK_MONOTONIC in seconds; what comes from
 * the program traced is no command to a terminal.
 */

/* A call that has returned. */
struct trace_call {
	double when, us;
	long pid, tid;
	const char *name, *result;
};

void trace_out_open(FILE *to, bool json);
void trace_call(const struct trace_call *c);
void trace_device(double when, const char *event, char *fields);
void trace_text(double when, const char *text);
bool trace_saw_calls(void);
double trace_now(void);
const char *trace_result(long number);

/* Bytes that came and are not yet lines. */
struct trace_buffer {
	size_t used;
	char text[65536];
};

int trace_read(int fd, struct trace_buffer *b, void (*fn)(char *line, void *data), void *data);

/* trace.c: whether the user wants an end; to set all probes takes a while */
bool trace_interrupted(void);

/* trace_kernel.c: by the kernel's tracing */
int trace_kernel_begin(const char *pid);
int trace_kernel_fd(void);
bool trace_kernel_read(void);
void trace_kernel_end(void);

/**
 * struct trace_probes - uprobes on the calls of one process
 * @group: name of our uprobes' group
 * @library: file of its libcuda
 * @events: the system's list of uprobes, open for appending; -1: not opened
 * @count: probes made
 */
struct trace_probes {
	char group[32];
	char library[4096 + 64];
	int events;
	int count;
};

/* trace_probes.c */
bool probes_set(struct trace_probes *p, const char *pid);
void probes_drop(const char *group);
void probes_drop_groups(bool (*which)(const char *group));

/* trace_symbols.c: the functions of a library, by name and file offset */
int symbols_each(const char *path, void (*fn)(const char *name, unsigned long offset, void *data), void *data);

#endif
